/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic device: registers of a port, as the files that they belong to list them.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVHW_REG_H
#define NVHW_REG_H

#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/types.h>

struct nvhw_port;

/**
 * struct nvhw_reg - a register of the port, or a run of equal ones
 * @off: byte offset of the first one
 * @count: how many, 8 bytes apart
 * @field: where the value is kept in &struct nvhw_port, 0: nowhere
 * @reset: value after reset
 * @writable: bits that may be written; a value with another one is refused
 * @read: computes the value, instead of @field
 * @write: acts on a value before it is stored; false refuses it
 *
 * Access class: RO without @writable, WO without @field and @read. Both
 * functions get the number of the register within the run; whether they may
 * sleep, its comment in <nvnic/regs.h> says.
 */
struct nvhw_reg {
	u32 off;
	u32 count;
	size_t field;
	u64 reset;
	u64 writable;
	u64 (*read)(struct nvhw_port *port, unsigned int index);
	bool (*write)(struct nvhw_port *port, unsigned int index, u64 val);
};

#define NVHW_REG_FIELD(_field)	offsetof(struct nvhw_port, _field)

static inline u64 *nvhw_reg_field(struct nvhw_port *port,
				  const struct nvhw_reg *reg,
				  unsigned int index)
{
	return (u64 *)((u8 *)port + reg->field) + index;
}

/**
 * nvhw_reg_reset() - give registers that can be written their reset values
 * @port: the port
 * @reg: a list of registers; those without @field are their file's affair
 *
 * Context: any; the driver writes none of them meanwhile.
 */
static inline void nvhw_reg_reset(struct nvhw_port *port,
				  const struct nvhw_reg *reg)
{
	unsigned int i;

	for (; reg->count; reg++)
		for (i = 0; reg->field && reg->writable && i < reg->count; i++)
			WRITE_ONCE(*nvhw_reg_field(port, reg, i), reg->reset);
}

/* Each ends with an empty row. Their places: nvhw_csr_blocks in nvhw_csr.c */
extern const struct nvhw_reg nvhw_port_regs[];
extern const struct nvhw_reg nvhw_link_regs[];
extern const struct nvhw_reg nvhw_irq_regs[];
extern const struct nvhw_reg nvhw_rss_regs[];
extern const struct nvhw_reg nvhw_rx_regs[];
extern const struct nvhw_reg nvhw_filter_regs[];
extern const struct nvhw_reg nvhw_vmq_regs[];

#endif /* NVHW_REG_H */

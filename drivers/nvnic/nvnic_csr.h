/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: register access.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Only the functions here call the bus operations.
 */
#ifndef NVNIC_CSR_H
#define NVNIC_CSR_H

#include <nvnic/bus.h>
#include <nvnic/regs.h>

/**
 * nvnic_rd() - read a register
 * @bdev: port
 * @off: byte offset, NVNIC_REG_*
 *
 * Context: any.
 *
 * Return: the value.
 */
static inline u64 nvnic_rd(struct nvnic_bus_dev *bdev, u32 off)
{
	return bdev->ops->read(bdev, off);
}

/**
 * nvnic_wr() - write a register
 * @bdev: port
 * @off: byte offset, NVNIC_REG_*
 * @val: value
 *
 * Context: any, unless <nvnic/regs.h> says that the register "sleeps".
 */
static inline void nvnic_wr(struct nvnic_bus_dev *bdev, u32 off, u64 val)
{
	bdev->ops->write(bdev, off, val);
}

/**
 * nvnic_vector_irq() - Linux interrupt number of a vector
 * @bdev: port
 * @vec: vector
 *
 * Context: process, sleeps.
 *
 * Return: the number; -EINVAL if the vector does not exist; -ENOSPC if the system has
 * no interrupt number left.
 */
static inline int nvnic_vector_irq(struct nvnic_bus_dev *bdev, unsigned int vec)
{
	return bdev->ops->vector_irq(bdev, vec);
}

#endif /* NVNIC_CSR_H */

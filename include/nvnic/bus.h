/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic ABI: the bus on which a driver finds the ports of an adapter.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * This is all that driver and device share at run time: register access,
 * interrupt numbers, and a &struct device for the DMA API.
 */
#ifndef NVNIC_ABI_BUS_H
#define NVNIC_ABI_BUS_H

#include <linux/device.h>
#include <linux/types.h>

struct nvnic_bus_dev;

/**
 * struct nvnic_bus_ops - what the bus does for a driver
 * @read: read the register at byte offset @off. Context: any.
 * @write: write it. Context: any but hard interrupt, unless <nvnic/regs.h> says
 *	"sleeps".
 * @vector_irq: Linux interrupt number of vector @vec; -EINVAL without such a
 *	vector, -ENOSPC when the system has no number left. Context: process,
 *	sleeps.
 */
struct nvnic_bus_ops {
	u64 (*read)(struct nvnic_bus_dev *bdev, u32 off);
	void (*write)(struct nvnic_bus_dev *bdev, u32 off, u64 val);
	int (*vector_irq)(struct nvnic_bus_dev *bdev, unsigned int vec);
};

/**
 * struct nvnic_bus_dev - one port of an adapter, as the driver sees it
 * @dev: the device; also the one to use with the DMA API
 * @ops: access to it
 * @adapter: number of the adapter
 * @port: number of the port on it
 * @error: what the probe of a driver returned last; written by the driver
 */
struct nvnic_bus_dev {
	struct device dev;
	const struct nvnic_bus_ops *ops;
	unsigned int adapter;
	unsigned int port;
	int error;
};

#define to_nvnic_bus_dev(_dev)	container_of(_dev, struct nvnic_bus_dev, dev)

extern const struct bus_type nvnic_bus_type;

#endif /* NVNIC_ABI_BUS_H */

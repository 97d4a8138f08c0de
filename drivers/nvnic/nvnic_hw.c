// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: commands to the device.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A command is a few register writes, and the read of a status if it may fail.
 */
#include <linux/bitfield.h>
#include <linux/unaligned.h>

#include "nvnic.h"
#include "nvnic_csr.h"

/**
 * nvnic_ctrl() - set or clear bits of NVNIC_REG_CTRL
 * @nn: port
 * @mask: NVNIC_CTRL_*
 * @on: set them
 *
 * Context: process, instance lock or before the port is registered; sleeps.
 */
void nvnic_ctrl(struct nvnic_net *nn, u64 mask, bool on)
{
	nn->ctrl = on ? nn->ctrl | mask : nn->ctrl & ~mask;
	nvnic_wr(nn->bdev, NVNIC_REG_CTRL, nn->ctrl);
}

/**
 * nvnic_queue_start() - have the device start a queue
 * @nn: port
 * @regs: NVNIC_REG_TXQ() or NVNIC_REG_RXQ()
 * @desc: bus address of the descriptors
 * @cmpl: bus address of the completions
 * @size: descriptors in each of the two rings
 *
 * Context: process, instance lock; sleeps.
 *
 * Return: 0, or -EIO when the device refused.
 */
int nvnic_queue_start(struct nvnic_net *nn, u32 regs, dma_addr_t desc,
		      dma_addr_t cmpl, u16 size)
{
	struct nvnic_bus_dev *bdev = nn->bdev;
	u64 status;

	nvnic_wr(bdev, regs + NVNIC_REG_Q_BASE, desc);
	nvnic_wr(bdev, regs + NVNIC_REG_Q_CBASE, cmpl);
	nvnic_wr(bdev, regs + NVNIC_REG_Q_SIZE, size);
	nvnic_wr(bdev, regs + NVNIC_REG_Q_CTRL, NVNIC_Q_CTRL_ENABLE);

	status = nvnic_rd(bdev, regs + NVNIC_REG_Q_STATUS);
	if (FIELD_GET(NVNIC_Q_STATUS_STATE, status) == NVNIC_QSTATE_RUNNING)
		return 0;

	netdev_err(nn->netdev, "failed to start the queue at register %#x, status %#llx\n",
		   regs, status);
	nvnic_wr(bdev, regs + NVNIC_REG_Q_CTRL, 0);
	return -EIO;
}

/**
 * nvnic_queue_stop() - have the device stop a queue
 * @nn: port
 * @regs: NVNIC_REG_TXQ() or NVNIC_REG_RXQ()
 *
 * Context: process, instance lock; sleeps. On return the device does not use the rings
 * any more.
 */
void nvnic_queue_stop(struct nvnic_net *nn, u32 regs)
{
	nvnic_wr(nn->bdev, regs + NVNIC_REG_Q_CTRL, 0);
}

static void nvnic_rss_stage(struct nvnic_net *nn, const struct nvnic_rss *rss)
{
	struct nvnic_bus_dev *bdev = nn->bdev;
	u32 i;

	for (i = 0; i < NVNIC_RSS_KEY_WORDS; i++)
		nvnic_wr(bdev, NVNIC_REG_RSS_KEY + i * sizeof(u64),
			 get_unaligned_be64(rss->key + i * sizeof(u64)));
	for (i = 0; i < NVNIC_RSS_ENTRIES; i++)
		nvnic_wr(bdev, NVNIC_REG_RSS_TABLE(i), rss->table[i]);
	nvnic_wr(bdev, NVNIC_REG_RSS_FIELDS, rss->fields);
}

/**
 * nvnic_rss_commit() - write a hash configuration to the device
 * @nn: port
 * @ctx: RSS context, 0 is the main one
 * @rss: configuration, NULL to remove the context
 *
 * Context: process, instance lock or with the port not registered.
 *
 * Return: 0, or -EIO when the device refused it.
 */
int nvnic_rss_commit(struct nvnic_net *nn, u32 ctx, const struct nvnic_rss *rss)
{
	struct nvnic_bus_dev *bdev = nn->bdev;

	nvnic_wr(bdev, NVNIC_REG_RSS_CTX,
		 FIELD_PREP(NVNIC_RSS_CTX_ID, ctx) |
		 FIELD_PREP(NVNIC_RSS_CTX_SYM_XOR, rss && rss->sym_xor) |
		 FIELD_PREP(NVNIC_RSS_CTX_REMOVE, !rss));
	if (rss)
		nvnic_rss_stage(nn, rss);
	nvnic_wr(bdev, NVNIC_REG_RSS_COMMIT, 1);
	if (nvnic_rd(bdev, NVNIC_REG_RSS_COMMIT) & NVNIC_RSS_COMMIT_REFUSED)
		return -EIO;

	return 0;
}

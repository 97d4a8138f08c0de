// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: register dump and register test.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The dump is a list of pairs of 64-bit words, offset and value.
 */
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>

#include "nvnic.h"
#include "nvnic_csr.h"

#define NVNIC_REGS_VERSION	1

/**
 * struct nvnic_reg_row - a run of registers
 * @off: byte offset of the first one; for queue pairs, from the start of their block
 * @count: number of registers, 8 bytes apart
 * @bits: bits that hold any value, without effect, while the port is down
 */
struct nvnic_reg_row {
	u32 off;
	u32 count;
	u64 bits;
};

static const struct nvnic_reg_row nvnic_port_rows[] = {
	{ NVNIC_REG_ID, 1 },
	{ NVNIC_REG_CAP, 1 },
	{ NVNIC_REG_EN, 1 },
	{ NVNIC_REG_CTRL, 1 },
	{ NVNIC_REG_STATUS, 1 },
	{ NVNIC_REG_EVENT, 1 },
	{ NVNIC_REG_FRAME_MAX, 1 },
	{ NVNIC_REG_MAC, 1 },
	{ NVNIC_REG_RX_MODE, 1, NVNIC_RX_MODE_MASK },
	{ NVNIC_REG_LINK_CTRL, 1 },
	{ NVNIC_REG_LINK_STATUS, 1 },
	{ NVNIC_REG_LINK_PARTNER, 1 },
	{ NVNIC_REG_LED, 1, NVNIC_LED_ON },
	{ NVNIC_REG_RSS_FIELDS, 1, NVNIC_RSS_FIELDS_MASK },
	{ NVNIC_REG_RSS_KEY, NVNIC_RSS_KEY_WORDS, U64_MAX },
	{ NVNIC_REG_MACF(0), NVNIC_MAX_MACS, NVNIC_MACF_ADDR },
	{ NVNIC_REG_RSS_TABLE(0), NVNIC_RSS_ENTRIES, NVNIC_RSS_TABLE_QUEUE },
};

static const struct nvnic_reg_row nvnic_queue_rows[] = {
	{ NVNIC_REG_TXQ(0) + NVNIC_REG_Q_CTRL - NVNIC_REG_QUEUE(0), 2 },
	{ NVNIC_REG_TXQ(0) + NVNIC_REG_Q_BASE - NVNIC_REG_QUEUE(0), 3, U64_MAX },
	{ NVNIC_REG_RXQ(0) + NVNIC_REG_Q_CTRL - NVNIC_REG_QUEUE(0), 2 },
	{ NVNIC_REG_RXQ(0) + NVNIC_REG_Q_BASE - NVNIC_REG_QUEUE(0), 3, U64_MAX },
};

static u32 nvnic_regs_count(const struct nvnic_reg_row *rows, u32 count)
{
	u32 i, sum = 0;

	for (i = 0; i < count; i++)
		sum += rows[i].count;

	return sum;
}

static u64 *nvnic_regs_dump(struct nvnic_net *nn,
			    const struct nvnic_reg_row *rows, u32 count,
			    u32 base, u64 *to)
{
	u32 i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < rows[i].count; j++) {
			*to++ = base + rows[i].off + j * 8;
			*to = nvnic_rd(nn->bdev, to[-1]);
			to++;
		}

	return to;
}

/**
 * nvnic_get_regs_len() - ethtool: length of the register dump
 * @dev: port
 *
 * Context: process, instance lock.
 *
 * Return: number of bytes, for the current number of queue pairs.
 */
int nvnic_get_regs_len(struct net_device *dev)
{
	const struct nvnic_net *nn = netdev_priv(dev);

	return (nvnic_regs_count(nvnic_port_rows, ARRAY_SIZE(nvnic_port_rows)) +
		nvnic_regs_count(nvnic_queue_rows,
				 ARRAY_SIZE(nvnic_queue_rows)) * nn->cfg.num) *
	       2 * sizeof(u64);
}

/**
 * nvnic_get_regs() - ethtool: register dump
 * @dev: port
 * @regs: receives the version of the layout
 * @p: receives nvnic_get_regs_len() bytes
 *
 * Context: process, instance lock.
 */
void nvnic_get_regs(struct net_device *dev, struct ethtool_regs *regs, void *p)
{
	struct nvnic_net *nn = netdev_priv(dev);
	u64 *to = p;
	u32 q;

	regs->version = NVNIC_REGS_VERSION;
	to = nvnic_regs_dump(nn, nvnic_port_rows, ARRAY_SIZE(nvnic_port_rows),
			     0, to);
	for (q = 0; q < nn->cfg.num; q++)
		to = nvnic_regs_dump(nn, nvnic_queue_rows,
				     ARRAY_SIZE(nvnic_queue_rows),
				     NVNIC_REG_QUEUE(q), to);
}

static bool nvnic_reg_test(struct nvnic_net *nn, u32 off, u64 bits)
{
	static const u64 patterns[] = {
		0x5555555555555555ULL, 0xaaaaaaaaaaaaaaaaULL, 0, U64_MAX,
	};
	u64 old = nvnic_rd(nn->bdev, off), got;
	bool ok = true;
	u32 i;

	for (i = 0; ok && i < ARRAY_SIZE(patterns); i++) {
		nvnic_wr(nn->bdev, off, patterns[i] & bits);
		got = nvnic_rd(nn->bdev, off);
		ok = got == (patterns[i] & bits);
		if (!ok)
			netdev_err(nn->netdev, "register %#x reads %#llx, expected %#llx\n",
				   off, got, patterns[i] & bits);
	}
	nvnic_wr(nn->bdev, off, old);

	return ok;
}

static bool nvnic_regs_test_rows(struct nvnic_net *nn,
				 const struct nvnic_reg_row *rows, u32 count,
				 u32 base)
{
	bool ok = true;
	u32 i, j;

	for (i = 0; i < count; i++)
		for (j = 0; rows[i].bits && j < rows[i].count; j++)
			ok &= nvnic_reg_test(nn, base + rows[i].off + j * 8,
					     rows[i].bits);

	return ok;
}

/**
 * nvnic_regs_test() - write patterns to registers, read them back, restore them
 * @nn: port, down
 *
 * Context: process, instance lock.
 *
 * Return: true if each register held the patterns.
 */
bool nvnic_regs_test(struct nvnic_net *nn)
{
	bool ok;
	u32 q;

	nvnic_assert_dev_lock(nn->netdev);

	netif_addr_lock_bh(nn->netdev);
	ok = nvnic_regs_test_rows(nn, nvnic_port_rows,
				  ARRAY_SIZE(nvnic_port_rows), 0);
	netif_addr_unlock_bh(nn->netdev);
	for (q = 0; q < NVNIC_MAX_QUEUES; q++)
		ok &= nvnic_regs_test_rows(nn, nvnic_queue_rows,
					   ARRAY_SIZE(nvnic_queue_rows),
					   NVNIC_REG_QUEUE(q));

	return ok;
}

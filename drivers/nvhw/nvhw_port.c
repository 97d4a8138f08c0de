// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: ports.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/slab.h>

#include "nvhw.h"
#include "nvhw_reg.h"

/* ---- Registers ---- */

static u64 nvhw_port_read_id(struct nvhw_port *port, unsigned int index)
{
	return FIELD_PREP(NVNIC_ID_MAGIC, NVNIC_ID_MAGIC_VAL) |
	       FIELD_PREP(NVNIC_ID_FW_MAJOR, NVNIC_ID_FW_MAJOR_VAL) |
	       FIELD_PREP(NVNIC_ID_FW_MINOR, NVNIC_ID_FW_MINOR_VAL) |
	       FIELD_PREP(NVNIC_ID_VERSION, NVNIC_ID_VERSION_VAL);
}

static u64 nvhw_port_read_cap(struct nvhw_port *port, unsigned int index)
{
	return NVNIC_OFF_ALL;
}

static u64 nvhw_port_read_en(struct nvhw_port *port, unsigned int index)
{
	return READ_ONCE(port->en);
}

static bool nvhw_port_write_en(struct nvhw_port *port, unsigned int index,
			       u64 val)
{
	u64 changed = READ_ONCE(port->en) ^ val;

	WRITE_ONCE(port->en, val);
	nvhw_rss_set_inner(port);
	if (changed & ~NVNIC_OFF_TX_MASK)
		nvhw_rxq_reroute(port);
	return true;
}

static u64 nvhw_port_read_ctrl(struct nvhw_port *port, unsigned int index)
{
	return READ_ONCE(port->ctrl);
}

/*
 * nvhw_link_update() runs without the lock; with two writers at once, the last update
 * uses the final value.
 */
static bool nvhw_port_write_ctrl(struct nvhw_port *port, unsigned int index,
				 u64 val)
{
	u64 changed;

	mutex_lock(&port->lock);
	changed = port->ctrl ^ val;
	if (changed & NVNIC_CTRL_THREADS)
		nvhw_engine_move(port, val & NVNIC_CTRL_THREADS);
	WRITE_ONCE(port->ctrl, val);
	mutex_unlock(&port->lock);

	if (changed & ~NVNIC_CTRL_THREADS)
		nvhw_link_update(port->adapter);
	return true;
}

static u64 nvhw_port_read_status(struct nvhw_port *port, unsigned int index)
{
	return FIELD_PREP(NVNIC_STATUS_LINK, READ_ONCE(port->mac.link));
}

static u64 nvhw_port_read_event(struct nvhw_port *port, unsigned int index)
{
	return atomic64_read(&port->event);
}

static bool nvhw_port_write_event(struct nvhw_port *port, unsigned int index,
				  u64 val)
{
	atomic64_andnot(val, &port->event);
	return true;
}

static bool nvhw_port_write_frame_max(struct nvhw_port *port,
				      unsigned int index, u64 val)
{
	return val >= NVNIC_MIN_FRAME &&
	       val <= NVNIC_MAX_MTU + NVNIC_L2_OVERHEAD;
}

/* Locally administered; depends only on the numbers of adapter and port. */
static u64 nvhw_port_read_mac(struct nvhw_port *port, unsigned int index)
{
	return 0x024e56000000ULL | (u64)(port->adapter->id & 0xffff) << 8 |
	       port->bdev.port;
}

/* Sum @count counters from @which on, over all CPUs. */
static u64 nvhw_port_sum(struct nvhw_port *port, unsigned int which,
			 unsigned int count)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const u64 *v = per_cpu_ptr(port->cnt, cpu)->v + which;
		unsigned int i;

		for (i = 0; i < count; i++)
			sum += READ_ONCE(v[i]);
	}
	return sum;
}

static u64 nvhw_port_read_cnt(struct nvhw_port *port, unsigned int which)
{
	if (which == NVNIC_PC_WIRE_TX_FRAMES)
		return nvhw_port_sum(port, NVNIC_PC_TX_SIZE, NVNIC_SIZE_COUNT);
	if (which == NVNIC_PC_WIRE_RX_FRAMES)
		return nvhw_port_sum(port, NVNIC_PC_RX_SIZE, NVNIC_SIZE_COUNT);
	return nvhw_port_sum(port, which, 1);
}

/* ---- Reset ---- */

static void nvhw_port_stop_queues(struct nvhw_port *port)
{
	unsigned int i;

	lockdep_assert_held(&port->lock);
	for (i = 0; i < NVNIC_MAX_QUEUES; i++) {
		nvhw_txq_disable(&port->txq[i]);
		nvhw_rxq_disable(&port->rxq[i]);
	}
}

/**
 * nvhw_port_reset() - stop a port and empty its tables, as at its creation
 * @port: the port, both ends of its wire are there
 *
 * Counters go on, interrupts stay mapped, and so do the faults in debugfs.
 *
 * Context: process, sleeps; takes @port->lock. On return nothing touches rings
 * and buffers.
 */
void nvhw_port_reset(struct nvhw_port *port)
{
	unsigned int i;

	nvhw_port_write_ctrl(port, 0, 0);
	nvhw_link_reset(port);
	nvhw_port_write_en(port, 0, 0);

	mutex_lock(&port->lock);
	nvhw_port_stop_queues(port);
	nvhw_filter_reset(port);
	nvhw_vmq_reset(port);
	nvhw_rss_reset(port);
	for (i = 0; i < NVNIC_MAX_QUEUES; i++) {
		nvhw_ring_reset(&port->txq[i].ring);
		nvhw_ring_reset(&port->rxq[i].ring);
	}
	mutex_unlock(&port->lock);

	nvhw_irq_reset(port);
	nvhw_reg_reset(port, nvhw_port_regs);
	nvhw_reg_reset(port, nvhw_rx_regs);
	atomic64_set(&port->event, 0);
}

static bool nvhw_port_write_reset(struct nvhw_port *port, unsigned int index,
				  u64 val)
{
	if (!(val & NVNIC_RESET_PORT))
		return false;
	nvhw_port_reset(port);
	return true;
}

const struct nvhw_reg nvhw_port_regs[] = {
	{ .off = NVNIC_REG_ID, .count = 1, .read = nvhw_port_read_id },
	{ .off = NVNIC_REG_CAP, .count = 1, .read = nvhw_port_read_cap },
	{ .off = NVNIC_REG_EN, .count = 1, .read = nvhw_port_read_en,
	  .writable = NVNIC_OFF_ALL, .write = nvhw_port_write_en },
	{ .off = NVNIC_REG_CTRL, .count = 1, .read = nvhw_port_read_ctrl,
	  .writable = NVNIC_CTRL_MASK, .write = nvhw_port_write_ctrl },
	{ .off = NVNIC_REG_STATUS, .count = 1, .read = nvhw_port_read_status },
	{ .off = NVNIC_REG_EVENT, .count = 1, .read = nvhw_port_read_event,
	  .writable = NVNIC_EVENT_MASK, .write = nvhw_port_write_event },
	{ .off = NVNIC_REG_FRAME_MAX, .count = 1,
	  .field = NVHW_REG_FIELD(frame_max), .reset = 1522,
	  .writable = GENMASK_ULL(15, 0), .write = nvhw_port_write_frame_max },
	{ .off = NVNIC_REG_MAC, .count = 1, .read = nvhw_port_read_mac },
	{ .off = NVNIC_REG_RX_MODE, .count = 1,
	  .field = NVHW_REG_FIELD(rx_mode), .writable = NVNIC_RX_MODE_MASK },
	{ .off = NVNIC_REG_RESET, .count = 1,
	  .writable = NVNIC_RESET_PORT, .write = nvhw_port_write_reset },
	{ .off = NVNIC_REG_PORT_CNT(0), .count = NVNIC_PC_COUNT,
	  .read = nvhw_port_read_cnt },
	{}
};

/* ---- Life ---- */

/**
 * nvhw_port_free() - free a port
 * @port: the port, possibly only partly set up, with no references left
 *
 * Context: process.
 */
void nvhw_port_free(struct nvhw_port *port)
{
	nvhw_filter_exit(port);
	nvhw_rss_exit(port);
	mutex_destroy(&port->lock);
	free_percpu(port->vmq_cnt);
	free_percpu(port->cnt);
	kvfree(port->rxq);
	kvfree(port->txq);
	kvfree(port);
}

/**
 * nvhw_port_alloc() - allocate a port; nvhw_irq_init() and nvhw_port_reset() follow
 *
 * Context: process, sleeps.
 *
 * Return: the port, or NULL.
 */
struct nvhw_port *nvhw_port_alloc(void)
{
	struct nvhw_port *port = kvzalloc(sizeof(*port), GFP_KERNEL);
	unsigned int i;

	if (!port)
		return NULL;
	mutex_init(&port->lock);
	port->cnt = alloc_percpu(struct nvhw_port_cnt);
	port->vmq_cnt = alloc_percpu(struct nvhw_vmq_cnt);
	port->txq = kvcalloc(NVNIC_MAX_QUEUES, sizeof(*port->txq), GFP_KERNEL);
	port->rxq = kvcalloc(NVNIC_MAX_QUEUES, sizeof(*port->rxq), GFP_KERNEL);
	if (!port->cnt || !port->vmq_cnt || !port->txq || !port->rxq) {
		nvhw_port_free(port);
		return NULL;
	}
	nvhw_engine_place(port, false);
	for (i = 0; i < NVNIC_MAX_QUEUES; i++) {
		nvhw_txq_init(port, i);
		nvhw_tx_init(&port->txq[i]);
		nvhw_rxq_init(port, i);
	}
	return port;
}

/**
 * nvhw_port_stop() - stop a port that was removed from the bus
 * @port: the port
 *
 * The driver has reset it, but writes through debugfs may have started queues.
 *
 * Context: process, sleeps; takes @port->lock.
 */
void nvhw_port_stop(struct nvhw_port *port)
{
	nvhw_debugfs_port_exit(port);
	mutex_lock(&port->lock);
	nvhw_port_stop_queues(port);
	mutex_unlock(&port->lock);
	nvhw_impair_exit(port);
}

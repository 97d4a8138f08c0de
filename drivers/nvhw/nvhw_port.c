// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: ports.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/slab.h>

#include "nvhw.h"

/**
 * nvhw_port_set_ctrl() - write to NVNIC_REG_CTRL
 * @port: the port
 * @ctrl: value, NVNIC_CTRL_*
 *
 * Context: process, sleeps; takes @port->lock.
 *
 * The lock is not held while link and senders learn of it: two writers at once
 * settle on the state that is then in force.
 *
 * Return: true, the value is in force.
 */
bool nvhw_port_set_ctrl(struct nvhw_port *port, u64 ctrl)
{
	u64 changed;

	mutex_lock(&port->lock);
	changed = port->ctrl ^ ctrl;
	if (changed & NVNIC_CTRL_THREADS)
		nvhw_engine_move(port, ctrl & NVNIC_CTRL_THREADS);
	WRITE_ONCE(port->ctrl, ctrl);
	mutex_unlock(&port->lock);

	if (changed & ~NVNIC_CTRL_THREADS)
		nvhw_link_update(port->adapter);
	return true;
}

/* Of @count counters, from @which on, over all CPUs */
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

/**
 * nvhw_port_counter() - value of a counter of the port
 * @port: the port
 * @which: enum nvnic_port_counter
 *
 * Context: any.
 *
 * Return: the sum over all CPUs.
 */
u64 nvhw_port_counter(struct nvhw_port *port, unsigned int which)
{
	if (which == NVNIC_PC_WIRE_TX_FRAMES)
		return nvhw_port_sum(port, NVNIC_PC_TX_SIZE, NVNIC_SIZE_COUNT);
	if (which == NVNIC_PC_WIRE_RX_FRAMES)
		return nvhw_port_sum(port, NVNIC_PC_RX_SIZE, NVNIC_SIZE_COUNT);
	return nvhw_port_sum(port, which, 1);
}

/**
 * nvhw_port_free() - free a port
 * @port: the port, possibly set up in part; nobody refers to it any more
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
 * nvhw_port_alloc() - make a port without vectors, its registers all 0
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
 * nvhw_port_stop() - stop a port that is off the bus
 * @port: the port
 *
 * Whoever wrote registers behind the driver's back may have left queues running.
 *
 * Context: process, sleeps; takes @port->lock.
 */
void nvhw_port_stop(struct nvhw_port *port)
{
	unsigned int i;

	nvhw_debugfs_port_exit(port);
	mutex_lock(&port->lock);
	for (i = 0; i < NVNIC_MAX_QUEUES; i++) {
		nvhw_txq_disable(&port->txq[i]);
		nvhw_rxq_disable(&port->rxq[i]);
	}
	mutex_unlock(&port->lock);
}

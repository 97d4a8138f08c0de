// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: ports.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/dma-mapping.h>
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

static void nvhw_port_release(struct device *dev)
{
	struct nvhw_port *port = nvhw_port_of(to_nvnic_bus_dev(dev));
	struct nvhw_adapter *adapter = port->adapter;

	nvhw_filter_exit(port);
	nvhw_rss_exit(port);
	mutex_destroy(&port->lock);
	free_percpu(port->vmq_cnt);
	free_percpu(port->cnt);
	kvfree(port->rxq);
	kvfree(port->txq);
	kvfree(port);
	nvhw_adapter_put(adapter);
}

static int nvhw_port_alloc(struct nvhw_port *port)
{
	port->cnt = alloc_percpu(struct nvhw_port_cnt);
	port->vmq_cnt = alloc_percpu(struct nvhw_vmq_cnt);
	port->txq = kvcalloc(NVNIC_MAX_QUEUES, sizeof(*port->txq), GFP_KERNEL);
	port->rxq = kvcalloc(NVNIC_MAX_QUEUES, sizeof(*port->rxq), GFP_KERNEL);
	return port->cnt && port->vmq_cnt && port->txq && port->rxq ? 0 :
								      -ENOMEM;
}

/**
 * nvhw_port_create() - create a port, not yet on the bus
 * @adapter: the adapter
 * @index: number of the port on it
 *
 * Context: process, sleeps.
 *
 * Return: the port, its device initialised, or ERR_PTR(-ENOMEM).
 */
struct nvhw_port *nvhw_port_create(struct nvhw_adapter *adapter,
				   unsigned int index)
{
	struct nvhw_port *port = kvzalloc(sizeof(*port), GFP_KERNEL);
	unsigned int i;
	int err;

	if (!port)
		return ERR_PTR(-ENOMEM);
	port->adapter = adapter;
	nvhw_engine_place(port, false);
	mutex_init(&port->lock);
	port->bdev.ops = &nvhw_csr_ops;
	port->bdev.adapter = adapter->id;
	port->bdev.port = index;
	port->dma_mask = DMA_BIT_MASK(64);
	port->bdev.dev.bus = &nvnic_bus_type;
	port->bdev.dev.release = nvhw_port_release;
	port->bdev.dev.dma_mask = &port->dma_mask;
	port->bdev.dev.coherent_dma_mask = DMA_BIT_MASK(64);
	nvhw_adapter_get(adapter);
	device_initialize(&port->bdev.dev);

	err = dev_set_name(&port->bdev.dev, "nvnic%u.%u", adapter->id, index);
	if (!err)
		err = nvhw_port_alloc(port);
	if (err)
		goto put_port;
	for (i = 0; i < NVNIC_MAX_QUEUES; i++) {
		nvhw_txq_init(port, i);
		nvhw_tx_init(&port->txq[i]);
		nvhw_rxq_init(port, i);
	}
	nvhw_csr_reset(port);
	err = -ENOMEM;
	if (!nvhw_rss_commit(port))
		goto put_port;
	err = nvhw_irq_init(port);
	if (err)
		goto put_port;
	return port;

put_port:
	put_device(&port->bdev.dev);
	return ERR_PTR(err);
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

/**
 * nvhw_port_destroy() - remove a port
 * @port: the port, and its peer, stopped; freed when the last reference to its
 *	device goes
 *
 * Context: process, sleeps.
 */
void nvhw_port_destroy(struct nvhw_port *port)
{
	nvhw_irq_exit(port);
	put_device(&port->bdev.dev);
}

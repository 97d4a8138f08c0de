// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: stop and start of one queue while the others run.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The stack's queue management operations restart RX queues. Recovery of a queue
 * uses the same functions.
 */
#include <linux/rtnetlink.h>
#include <net/netdev_queues.h>

#include "nvnic.h"
#include "nvnic_compat_ops.h"

/**
 * nvnic_tx_start() - have the device start a TX queue
 * @vec: its vector
 *
 * Context: process, instance lock; sleeps.
 *
 * Return: 0, or -EIO when the device refused.
 */
int nvnic_tx_start(struct nvnic_vec *vec)
{
	return nvnic_queue_start(vec->nn, NVNIC_REG_TXQ(vec->index),
				 vec->tx.desc_dma, vec->tx.cmpl_dma,
				 vec->tx.size);
}

/**
 * nvnic_rx_start() - have the device start an RX queue
 * @vec: its vector
 *
 * Context: process, instance lock; sleeps.
 *
 * Return: 0, or -EIO when the device refused.
 */
int nvnic_rx_start(struct nvnic_vec *vec)
{
	int err;

	err = nvnic_queue_start(vec->nn, NVNIC_REG_RXQ(vec->index),
				vec->rx.desc_dma, vec->rx.cmpl_dma,
				vec->rx.size);
	if (!err)
		nvnic_rx_kick(&vec->rx);

	return err;
}

/* ---- struct netdev_queue_mgmt_ops ---- */

static struct nvnic_vec *nvnic_queue_vec(struct net_device *dev, int q)
{
	struct nvnic_net *nn = netdev_priv(dev);

	nvnic_assert_dev_lock(dev);

	return nvnic_vec_next(nn->rings, q, q + 1);
}

static void nvnic_queue_mem_free(struct net_device *dev, void *mem)
{
	struct nvnic_rx_ring *ring = mem;
	struct nvnic_vec *vec = nvnic_queue_vec(dev, ring->index);

	/* page_pool_destroy() needs the pool's NAPI disabled. */
	if (vec)
		nvnic_vec_pause(vec);
	nvnic_rx_ring_free(ring);
	if (vec)
		nvnic_vec_resume(vec);
}

/**
 * nvnic_queue_mem_alloc() - allocate the ring for a restart of an RX queue
 * @dev: port
 * @mem: struct nvnic_rx_ring to fill
 * @q: queue
 *
 * Context: process, instance lock.
 *
 * Return: 0; -ENETDOWN while the port is down; -ENOMEM.
 */
int nvnic_queue_mem_alloc(struct net_device *dev, void *mem, int q)
{
	struct nvnic_vec *vec = nvnic_queue_vec(dev, q);
	struct nvnic_net *nn = netdev_priv(dev);
	struct nvnic_rx_ring *ring = mem;
	int err;

	if (!vec)
		return -ENETDOWN;

	err = nvnic_rx_ring_alloc(ring, vec, nn->cfg.rx_size,
				  nvnic_rx_truesize(nn->cfg.mtu));
	if (err)
		nvnic_queue_mem_free(dev, ring);

	return err;
}

/* Move the ring to @mem, empty. NAPI does not touch RX until there is another. */
static int nvnic_queue_rx_stop(struct net_device *dev, void *mem, int q)
{
	struct nvnic_vec *vec = nvnic_queue_vec(dev, q);
	struct nvnic_rx_ring *ring = mem;

	if (!vec)
		return -ENETDOWN;

	nvnic_queue_stop(vec->nn, NVNIC_REG_RXQ(q));
	nvnic_vec_finish(vec);
	nvnic_vec_pause(vec);
	timer_delete_sync(&vec->rx_retry);
	*ring = vec->rx;
	nvnic_rx_flush(ring);
	memset(&vec->rx, 0, sizeof(vec->rx));
	nvnic_rx_ring_init(&vec->rx, vec);
	vec->rx.broken = true;
	nvnic_vec_resume(vec);

	return 0;
}

/**
 * nvnic_queue_rx_start() - start an RX queue with a ring
 * @dev: port
 * @mem: struct nvnic_rx_ring to use; on an error it stays there
 * @q: queue
 *
 * Context: process, instance lock.
 *
 * Return: 0; -ENETDOWN while the port is down; -EIO when the device refused.
 */
int nvnic_queue_rx_start(struct net_device *dev, void *mem, int q)
{
	struct nvnic_vec *vec = nvnic_queue_vec(dev, q);
	struct nvnic_rx_ring *ring = mem, none;
	int err;

	if (!vec)
		return -ENETDOWN;

	nvnic_vec_pause(vec);
	none = vec->rx;
	vec->rx = *ring;
	vec->rx.broken = false;
	nvnic_rx_stat_add(vec->rx.stats, NVNIC_RS_RESET, 1);
	if (nvnic_rx_prefill(&vec->rx))
		mod_timer(&vec->rx_retry, jiffies + HZ);
	err = nvnic_rx_start(vec);
	if (err) {
		timer_delete_sync(&vec->rx_retry);
		*ring = vec->rx;
		vec->rx = none;
	}
	nvnic_vec_resume(vec);

	return err;
}

const struct netdev_queue_mgmt_ops nvnic_queue_mgmt_ops = {
	.ndo_queue_mem_size = sizeof(struct nvnic_rx_ring),
	.ndo_queue_mem_alloc = nvnic_op_queue_mem_alloc,
	.ndo_queue_mem_free = nvnic_queue_mem_free,
	.ndo_queue_start = nvnic_op_queue_start,
	.ndo_queue_stop = nvnic_queue_rx_stop,
};

/* ---- Recovery ---- */

static int nvnic_tx_recover(struct nvnic_vec *vec)
{
	int err;

	nvnic_vec_pause(vec);
	nvnic_tx_close(&vec->tx);
	nvnic_queue_stop(vec->nn, NVNIC_REG_TXQ(vec->index));
	/* Reap completions first, so that frames already sent are not counted as dropped. */
	local_bh_disable();
	nvnic_clean_tx(&vec->tx, 0);
	local_bh_enable();
	nvnic_tx_flush(&vec->tx);
	nvnic_rare_stat_inc(vec->tx.stats, NVNIC_TS_RESET);
	WRITE_ONCE(vec->tx.closed, false);
	err = nvnic_tx_start(vec);
	/* nvnic_poll() does not arm the vector until the next try. */
	vec->tx.broken = err;
	nvnic_vec_resume(vec);
	if (!err)
		netif_tx_wake_queue(vec->tx.txq);

	return err;
}

/* Restart with the same memory. On an error the ring stays broken until the next try. */
static int nvnic_rx_recover(struct nvnic_vec *vec)
{
	struct net_device *dev = vec->nn->netdev;
	struct nvnic_rx_ring mem;
	int err;

	err = nvnic_queue_rx_stop(dev, &mem, vec->index);
	if (err)
		return err;

	err = nvnic_queue_rx_start(dev, &mem, vec->index);
	if (err) {
		nvnic_vec_pause(vec);
		vec->rx = mem;
		vec->rx.broken = true;
		nvnic_vec_resume(vec);
	}

	return err;
}

/**
 * nvnic_vec_recover() - reset one queue, or both of a pair
 * @vec: vector in use
 * @tx: reset the TX queue
 * @rx: reset the RX queue
 *
 * Other pairs keep running. Frames in the queue are dropped, unless their completion
 * says that they were sent.
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -EIO when the device refused the queue.
 */
int nvnic_vec_recover(struct nvnic_vec *vec, bool tx, bool rx)
{
	int err = 0, rx_err = 0;

	nvnic_assert_dev_lock(vec->nn->netdev);

	if (tx)
		err = nvnic_tx_recover(vec);
	if (rx)
		rx_err = nvnic_rx_recover(vec);

	return err ?: rx_err;
}

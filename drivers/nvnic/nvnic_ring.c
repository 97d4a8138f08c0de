// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: life of rings and vectors.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/rtnetlink.h>
#include <net/page_pool/helpers.h>

#include "nvnic.h"
#include "nvnic_compat.h"
#include "nvnic_csr.h"

/* How long a replaced TX ring may take to send what it holds */
#define NVNIC_DRAIN_US		USEC_PER_SEC
#define NVNIC_DRAIN_STEP_US	200

static void nvnic_rx_retry(struct timer_list *t)
{
	struct nvnic_vec *vec = from_timer(vec, t, rx_retry);

	napi_schedule(&vec->napi);
}

/* ---- Memory ---- */

static int nvnic_tx_ring_alloc(struct nvnic_vec *vec, u16 size)
{
	struct nvnic_tx_ring *ring = &vec->tx;
	struct nvnic_net *nn = vec->nn;
	struct device *dev = &nn->bdev->dev;

	ring->txq = netdev_get_tx_queue(nn->netdev, vec->index);
	ring->bdev = nn->bdev;
	ring->nn = nn;
	ring->stats = &nn->qstats[vec->index].tx;
	ring->size = size;
	ring->mask = size - 1;
	ring->doorbell = NVNIC_REG_TXQ(vec->index) + NVNIC_REG_Q_TAIL;
	ring->index = vec->index;

	ring->buf = kvcalloc(size, sizeof(*ring->buf), GFP_KERNEL);
	ring->desc = dma_alloc_coherent(dev, size * sizeof(*ring->desc),
					&ring->desc_dma, GFP_KERNEL);
	ring->cmpl = dma_alloc_coherent(dev, size * sizeof(*ring->cmpl),
					&ring->cmpl_dma, GFP_KERNEL);

	return ring->buf && ring->desc && ring->cmpl ? 0 : -ENOMEM;
}

static void nvnic_tx_ring_free(struct nvnic_tx_ring *ring)
{
	struct device *dev = &ring->bdev->dev;

	if (ring->cmpl)
		dma_free_coherent(dev, ring->size * sizeof(*ring->cmpl),
				  ring->cmpl, ring->cmpl_dma);
	if (ring->desc)
		dma_free_coherent(dev, ring->size * sizeof(*ring->desc),
				  ring->desc, ring->desc_dma);
	kvfree(ring->buf);
}

static int nvnic_rx_pool_alloc(struct nvnic_rx_ring *ring,
			       struct nvnic_vec *vec)
{
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = ring->size,
		.nid = NUMA_NO_NODE,
		.dev = &ring->bdev->dev,
		.napi = &vec->napi,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = PAGE_SIZE,
		.netdev = ring->netdev,
		.queue_idx = ring->index,
	};
	struct page_pool *pool;

	pool = page_pool_create(&params);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	ring->pool = pool;

	return 0;
}

/**
 * nvnic_rx_ring_init() - an RX ring without memory
 * @ring: the ring, zeroed
 * @vec: its vector
 *
 * Context: any.
 */
void nvnic_rx_ring_init(struct nvnic_rx_ring *ring, struct nvnic_vec *vec)
{
	struct nvnic_net *nn = vec->nn;

	ring->bdev = nn->bdev;
	ring->netdev = nn->netdev;
	ring->stats = &nn->qstats[vec->index].rx;
	ring->doorbell = NVNIC_REG_RXQ(vec->index) + NVNIC_REG_Q_TAIL;
	ring->index = vec->index;
}

/**
 * nvnic_rx_ring_alloc() - memory of an RX ring, with buffers
 * @ring: the ring, zeroed
 * @vec: its vector
 * @size: descriptors in each of its rings
 * @truesize: bytes of a buffer, see nvnic_rx_truesize()
 *
 * Does not touch the device.
 *
 * Context: process, RTNL; sleeps.
 *
 * Return: 0, or -ENOMEM: then what there is, nvnic_rx_ring_free() frees.
 */
int nvnic_rx_ring_alloc(struct nvnic_rx_ring *ring, struct nvnic_vec *vec,
			u16 size, u32 truesize)
{
	struct device *dev = &vec->nn->bdev->dev;
	int err;

	nvnic_rx_ring_init(ring, vec);
	ring->size = size;
	ring->mask = size - 1;
	ring->truesize = truesize;
	ring->room = NVNIC_RX_ROOM(truesize);

	ring->buf = kvcalloc(size, sizeof(*ring->buf), GFP_KERNEL);
	ring->desc = dma_alloc_coherent(dev, size * sizeof(*ring->desc),
					&ring->desc_dma, GFP_KERNEL);
	ring->cmpl = dma_alloc_coherent(dev, size * sizeof(*ring->cmpl),
					&ring->cmpl_dma, GFP_KERNEL);
	if (!ring->buf || !ring->desc || !ring->cmpl)
		return -ENOMEM;

	err = nvnic_rx_pool_alloc(ring, vec);
	if (err)
		return err;

	return nvnic_rx_fill(ring, NVNIC_RX_GFP_SETUP);
}

/**
 * nvnic_rx_ring_free() - free an RX ring and its buffers
 * @ring: the ring, possibly allocated in part; unknown to the device
 *
 * Context: process, while the NAPI of its vector is disabled; sleeps.
 */
void nvnic_rx_ring_free(struct nvnic_rx_ring *ring)
{
	struct device *dev = &ring->bdev->dev;

	if (ring->pool) {
		nvnic_rx_flush(ring);
		page_pool_destroy(ring->pool);
	}
	if (ring->cmpl)
		dma_free_coherent(dev, ring->size * sizeof(*ring->cmpl),
				  ring->cmpl, ring->cmpl_dma);
	if (ring->desc)
		dma_free_coherent(dev, ring->size * sizeof(*ring->desc),
				  ring->desc, ring->desc_dma);
	kvfree(ring->buf);
}

static int nvnic_vec_alloc(struct nvnic_rings *rings, struct nvnic_net *nn,
			   u16 index, const struct nvnic_config *cfg)
{
	struct nvnic_vec *vec;
	int err;

	vec = kzalloc(sizeof(*vec), GFP_KERNEL);
	if (!vec)
		return -ENOMEM;

	rings->vec[index] = vec;
	vec->nn = nn;
	vec->index = index;
	vec->arm = NVNIC_REG_Q_ARM(index);
	vec->tx.bdev = nn->bdev;
	vec->rx.bdev = nn->bdev;
	timer_setup(&vec->rx_retry, nvnic_rx_retry, 0);
	netif_napi_add(nn->netdev, &vec->napi, nvnic_poll);

	err = nvnic_tx_ring_alloc(vec, cfg->tx_size);
	if (err)
		return err;

	return nvnic_rx_ring_alloc(&vec->rx, vec, cfg->rx_size,
				   nvnic_rx_truesize(cfg->mtu));
}

/**
 * nvnic_rx_truesize() - bytes that an RX buffer takes, for an MTU
 * @mtu: the MTU
 *
 * Context: any.
 *
 * Return: half a page if a frame fits in one, a page if it does not; a longer
 * frame fills several.
 */
u32 nvnic_rx_truesize(u32 mtu)
{
	if (mtu + NVNIC_L2_OVERHEAD <= NVNIC_RX_ROOM(NVNIC_RX_TRUESIZE_HALF))
		return NVNIC_RX_TRUESIZE_HALF;

	return PAGE_SIZE;
}

/**
 * nvnic_rings_free() - free rings
 * @rings: rings that are not in use, possibly allocated in part; or NULL
 *
 * Context: process, RTNL.
 */
void nvnic_rings_free(struct nvnic_rings *rings)
{
	u32 i;

	if (!rings)
		return;

	/* Rings first: a page pool wants to see its NAPI disabled, not gone. */
	for (i = 0; i < rings->num && rings->vec[i]; i++) {
		nvnic_rx_ring_free(&rings->vec[i]->rx);
		nvnic_tx_ring_free(&rings->vec[i]->tx);
		__netif_napi_del(&rings->vec[i]->napi);
	}

	synchronize_net();
	for (i = 0; i < rings->num; i++)
		kfree(rings->vec[i]);
	kfree(rings);
}

/**
 * nvnic_rings_alloc() - make rings, with their RX buffers
 * @nn: port
 * @cfg: what to make them from
 *
 * Does not touch the device, nor the rings in use.
 *
 * Context: process, RTNL.
 *
 * Return: the rings, or ERR_PTR(-ENOMEM).
 */
struct nvnic_rings *nvnic_rings_alloc(struct nvnic_net *nn,
				      const struct nvnic_config *cfg)
{
	struct nvnic_rings *rings;
	int err;
	u32 i;

	ASSERT_RTNL();

	rings = kzalloc(struct_size(rings, vec, cfg->num), GFP_KERNEL);
	if (!rings)
		return ERR_PTR(-ENOMEM);
	rings->num = cfg->num;
	rings->mtu = cfg->mtu;

	for (i = 0; i < cfg->num; i++) {
		err = nvnic_vec_alloc(rings, nn, i, cfg);
		if (err)
			goto free_rings;
	}

	return rings;

free_rings:
	nvnic_rings_free(rings);
	return ERR_PTR(err);
}

/* ---- In use ---- */

static int nvnic_vec_start(struct nvnic_vec *vec)
{
	int err;

	err = nvnic_rx_fill(&vec->rx, NVNIC_RX_GFP_SETUP);
	if (err)
		return err;

	err = nvnic_tx_start(vec);
	if (err)
		return err;

	err = nvnic_rx_start(vec);
	if (err)
		nvnic_queue_stop(vec->nn, NVNIC_REG_TXQ(vec->index));

	return err;
}

static void nvnic_vec_stop(struct nvnic_vec *vec)
{
	nvnic_wr(vec->nn->bdev, vec->arm, 0);
	nvnic_queue_stop(vec->nn, NVNIC_REG_TXQ(vec->index));
	nvnic_queue_stop(vec->nn, NVNIC_REG_RXQ(vec->index));
}

/* What the device has let go of, back to where it started. */
static void nvnic_vec_flush(struct nvnic_vec *vec)
{
	nvnic_tx_flush(&vec->tx);
	nvnic_rx_flush(&vec->rx);
}

static void nvnic_rings_enable(struct nvnic_net *nn, struct nvnic_rings *rings)
{
	u32 i;

	for (i = 0; i < rings->num; i++)
		nvnic_vec_enable(rings->vec[i]);

	nn->rings = rings;
	nn->max_used = max(nn->max_used, rings->num);
	WRITE_ONCE(nn->down, false);
}

/**
 * nvnic_rings_up() - put rings to work
 * @nn: port, without rings in use
 * @rings: rings that are not in use
 *
 * Does not start the stack's queues.
 *
 * Context: process, RTNL; TX queues stopped or not yet started.
 *
 * Return: 0; -ENOMEM without memory for buffers; -EIO when the device refused a
 * queue or the hash table; or what request_irq() returned. Then @rings is not
 * in use.
 */
int nvnic_rings_up(struct nvnic_net *nn, struct nvnic_rings *rings)
{
	u32 started = 0, irqs = 0;
	int err;

	ASSERT_RTNL();

	nvnic_wr(nn->bdev, NVNIC_REG_FRAME_MAX, rings->mtu + NVNIC_L2_OVERHEAD);
	err = nvnic_rss_program(nn, rings->num);
	if (err)
		return err;

	for (; started < rings->num; started++) {
		err = nvnic_vec_start(rings->vec[started]);
		if (err)
			goto stop_queues;
	}

	for (; irqs < rings->num; irqs++) {
		err = nvnic_vec_request_irq(rings->vec[irqs]);
		if (err)
			goto free_irqs;
	}

	nvnic_rings_enable(nn, rings);

	return 0;

free_irqs:
	netdev_err(nn->netdev, "no interrupt for queue pair %u: %d\n", irqs,
		   err);
	while (irqs--)
		nvnic_vec_free_irq(rings->vec[irqs]);
stop_queues:
	while (started--) {
		nvnic_vec_stop(rings->vec[started]);
		nvnic_vec_flush(rings->vec[started]);
	}
	return err;
}

/* No queue may be stopped for long in the eyes of the watchdog. */
static void nvnic_tx_disable_all(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->num_tx_queues; i++)
		txq_trans_cond_update(netdev_get_tx_queue(dev, i));
	netif_tx_disable(dev);
}

/**
 * nvnic_rings_down() - take the rings out of work
 * @nn: port
 *
 * Afterwards neither device nor stack know the rings, and they are empty: what
 * they held is dropped.
 *
 * Context: process, RTNL.
 */
void nvnic_rings_down(struct nvnic_net *nn)
{
	struct nvnic_rings *rings = nn->rings;
	u32 i;

	ASSERT_RTNL();

	if (!rings)
		return;

	WRITE_ONCE(nn->down, true);
	nvnic_tx_disable_all(nn->netdev);

	for (i = 0; i < rings->num; i++)
		nvnic_vec_stop(rings->vec[i]);

	for (i = 0; i < rings->num; i++) {
		nvnic_vec_finish(rings->vec[i]);
		nvnic_vec_disable(rings->vec[i]);
	}

	/* A poll that had not seen nn->down may have woken a queue. */
	nvnic_tx_disable_all(nn->netdev);

	for (i = 0; i < rings->num; i++) {
		nvnic_vec_detach(rings->vec[i]);
		clear_bit(i, nn->fault_tx);
		clear_bit(i, nn->fault_rx);
		nvnic_vec_flush(rings->vec[i]);
	}
	nn->rings = NULL;
}

static bool nvnic_tx_empty(const struct nvnic_rings *rings)
{
	u32 i;

	for (i = 0; i < rings->num; i++) {
		const struct nvnic_tx_ring *ring = &rings->vec[i]->tx;

		if (!ring->broken && (READ_ONCE(ring->spill) ||
				      nvnic_tx_avail(ring) != ring->size - 1))
			return false;
	}

	return true;
}

/* Let the device send what it has, so that a new ring size costs no frame. */
static void nvnic_rings_drain(struct nvnic_net *nn)
{
	bool empty;

	WRITE_ONCE(nn->down, true);
	nvnic_tx_disable_all(nn->netdev);
	read_poll_timeout(nvnic_tx_empty, empty, empty, NVNIC_DRAIN_STEP_US,
			  NVNIC_DRAIN_US, false, nn->rings);
}

static int nvnic_rings_switch(struct nvnic_net *nn, struct nvnic_rings *rings)
{
	int err;

	err = netif_set_real_num_queues(nn->netdev, rings->num, rings->num);
	if (err)
		return err;

	return nvnic_rings_up(nn, rings);
}

static int nvnic_reconfigure_live(struct nvnic_net *nn,
				  const struct nvnic_config *cfg)
{
	struct nvnic_rings *old = nn->rings, *new;
	int err;

	new = nvnic_rings_alloc(nn, cfg);
	if (IS_ERR(new))
		return PTR_ERR(new);

	if (old) {
		nvnic_rings_drain(nn);
		nvnic_rings_down(nn);
	}

	err = nvnic_rings_switch(nn, new);
	if (err) {
		nvnic_rings_free(new);
		if (!old)
			return err;
		if (nvnic_rings_switch(nn, old)) {
			netdev_err(nn->netdev, "cannot go back to the old rings, port is down\n");
			nvnic_rings_free(old);
			netif_carrier_off(nn->netdev);
			return err;
		}
	} else {
		nvnic_rings_free(old);
	}

	netif_tx_wake_all_queues(nn->netdev);
	nvnic_carrier_update(nn);

	return err;
}

/**
 * nvnic_reconfigure() - change number or size of the rings, or the MTU
 * @nn: port
 * @cfg: new configuration
 *
 * While the port is up the new rings are made before the old ones go, and the
 * link stays up. On an error the old configuration stays in force.
 *
 * Context: process, RTNL.
 *
 * Return: 0, -ENOMEM, or an error of nvnic_rings_up().
 */
int nvnic_reconfigure(struct nvnic_net *nn, const struct nvnic_config *cfg)
{
	int err;

	ASSERT_RTNL();

	if (netif_running(nn->netdev))
		err = nvnic_reconfigure_live(nn, cfg);
	else
		err = netif_set_real_num_queues(nn->netdev, cfg->num, cfg->num);
	if (err)
		return err;

	nn->cfg = *cfg;
	nvnic_rss_default_table(nn, cfg->num);

	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: memory of rings and vectors.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/dma-mapping.h>
#include <linux/rtnetlink.h>
#include <net/page_pool/helpers.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_vmq.h"

static void nvnic_rx_retry(struct timer_list *t)
{
	struct nvnic_vec *vec = from_timer(vec, t, rx_retry);

	napi_schedule(&vec->napi);
}

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

	ring->buf = kvcalloc(size, sizeof(*ring->buf), NVNIC_RING_GFP);
	ring->desc = dma_alloc_coherent(dev, size * sizeof(*ring->desc),
					&ring->desc_dma, NVNIC_RING_GFP);
	ring->cmpl = dma_alloc_coherent(dev, size * sizeof(*ring->cmpl),
					&ring->cmpl_dma, NVNIC_RING_GFP);

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
		.netdev = vec->nn->netdev,
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
 * nvnic_rx_ring_init() - initialise an RX ring without memory
 * @ring: the ring, zeroed
 * @vec: its vector
 *
 * Context: any.
 */
void nvnic_rx_ring_init(struct nvnic_rx_ring *ring, struct nvnic_vec *vec)
{
	struct nvnic_net *nn = vec->nn;

	ring->bdev = nn->bdev;
	ring->netdev = vec->vmq ? vec->vmq->vdev : nn->netdev;
	ring->netdev_index = vec->index - vec->first;
	ring->stats = &nn->qstats[vec->index].rx;
	ring->doorbell = NVNIC_REG_RXQ(vec->index) + NVNIC_REG_Q_TAIL;
	ring->index = vec->index;
}

/**
 * nvnic_rx_ring_alloc() - allocate the memory and the buffers of an RX ring
 * @ring: the ring, zeroed
 * @vec: its vector
 * @size: descriptors in each of its rings
 * @truesize: bytes of a buffer, see nvnic_rx_truesize()
 *
 * Does not touch the device.
 *
 * Context: process, instance lock; sleeps.
 *
 * Return: 0, or -ENOMEM, then nvnic_rx_ring_free() frees what was allocated.
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

	ring->buf = kvcalloc(size, sizeof(*ring->buf), NVNIC_RING_GFP);
	ring->desc = dma_alloc_coherent(dev, size * sizeof(*ring->desc),
					&ring->desc_dma, NVNIC_RING_GFP);
	ring->cmpl = dma_alloc_coherent(dev, size * sizeof(*ring->cmpl),
					&ring->cmpl_dma, NVNIC_RING_GFP);
	if (!ring->buf || !ring->desc || !ring->cmpl)
		return -ENOMEM;

	err = nvnic_rx_pool_alloc(ring, vec);
	if (err)
		return err;

	return nvnic_rx_prefill(ring);
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
			   u16 index, u16 first, struct nvnic_vmq *vmq)
{
	const struct nvnic_config *cfg = &rings->cfg;
	struct nvnic_vec *vec;
	int err;

	vec = kzalloc(sizeof(*vec), GFP_KERNEL);
	if (!vec)
		return -ENOMEM;

	rings->vec[index] = vec;
	vec->nn = nn;
	vec->vmq = vmq;
	vec->index = index;
	vec->first = first;
	vec->arm = NVNIC_REG_Q_ARM(index);
	vec->rx.bdev = nn->bdev;
	timer_setup(&vec->rx_retry, nvnic_rx_retry, 0);
	nvnic_napi_add(nn->netdev, &vec->napi, nvnic_poll, index);

	err = nvnic_tx_ring_alloc(vec, cfg->tx_size);
	if (err)
		return err;

	return nvnic_rx_ring_alloc(&vec->rx, vec, cfg->rx_size,
				   nvnic_rx_truesize(cfg->mtu));
}

/**
 * nvnic_rx_truesize() - size of an RX buffer for an MTU
 * @mtu: the MTU
 *
 * Context: any.
 *
 * Return: half a page if a frame fits into it, a page otherwise; a longer frame fills
 * several buffers.
 */
u32 nvnic_rx_truesize(u32 mtu)
{
	if (mtu + NVNIC_L2_OVERHEAD <= NVNIC_RX_ROOM(NVNIC_RX_TRUESIZE_HALF))
		return NVNIC_RX_TRUESIZE_HALF;

	return PAGE_SIZE;
}

/**
 * nvnic_span_alloc() - allocate queue pairs
 * @rings: receives the queue pairs
 * @nn: port
 * @span: numbers of the queue pairs
 * @vmq: VM queue set that owns the queue pairs, or NULL
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -ENOMEM, then nvnic_span_free() frees what was allocated.
 */
int nvnic_span_alloc(struct nvnic_rings *rings, struct nvnic_net *nn,
		     struct nvnic_span span, struct nvnic_vmq *vmq)
{
	int err;
	u32 i;

	for (i = 0; i < span.count; i++) {
		err = nvnic_vec_alloc(rings, nn, span.first + i, span.first,
				      vmq);
		if (err)
			return err;
	}

	return 0;
}

/**
 * nvnic_span_free() - free queue pairs
 * @rings: rings that hold the queue pairs
 * @first: number of the first pair
 * @end: number behind the last pair
 *
 * Pairs may be missing, or allocated in part.
 *
 * Context: process, instance lock.
 */
void nvnic_span_free(struct nvnic_rings *rings, u32 first, u32 end)
{
	struct nvnic_vec *vec;

	/* Free rings first: page_pool_destroy() needs a disabled NAPI, not a freed one. */
	nvnic_for_each_vec_in(vec, rings, first, end) {
		nvnic_rx_ring_free(&vec->rx);
		nvnic_tx_ring_free(&vec->tx);
		nvnic_napi_del(&vec->napi);
	}

	synchronize_net();
	for (; first < end; first++) {
		kfree(rings->vec[first]);
		rings->vec[first] = NULL;
	}
}

/**
 * nvnic_rings_free() - free rings
 * @rings: rings not in use, possibly allocated in part; or NULL
 *
 * Context: process, instance lock.
 */
void nvnic_rings_free(struct nvnic_rings *rings)
{
	if (!rings)
		return;

	nvnic_span_free(rings, 0, NVNIC_MAX_QUEUES);
	kfree(rings);
}

/**
 * nvnic_rings_alloc() - allocate rings, with their RX buffers
 * @nn: port
 * @cfg: number and size of the rings
 *
 * Does not touch the device, nor the rings in use.
 *
 * Context: process, instance lock.
 *
 * Return: the rings, or ERR_PTR(-ENOMEM).
 */
struct nvnic_rings *nvnic_rings_alloc(struct nvnic_net *nn,
				      const struct nvnic_config *cfg)
{
	struct nvnic_span own = { .count = cfg->num };
	struct nvnic_rings *rings;
	int err;
	u32 i;

	nvnic_assert_dev_lock(nn->netdev);

	rings = kzalloc(sizeof(*rings), GFP_KERNEL);
	if (!rings)
		return ERR_PTR(-ENOMEM);
	rings->cfg = *cfg;

	err = nvnic_span_alloc(rings, nn, own, NULL);
	for (i = 0; !err && i < NVNIC_VMQ_SETS; i++)
		err = nvnic_span_alloc(rings, nn, cfg->vmq[i], nn->vmq[i]);
	if (err) {
		nvnic_rings_free(rings);
		return ERR_PTR(err);
	}

	return rings;
}

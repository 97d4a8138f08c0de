// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: interrupt moderation, static and adaptive.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The device moderates (NVNIC_REG_Q_MODER_TX and _RX); the kernel's dim library
 * chooses the values of a side that is adaptive, from what each poll reports.
 */
#include <linux/bitfield.h>
#include <linux/dim.h>
#include <linux/rtnetlink.h>

#include "nvnic.h"
#include "nvnic_csr.h"

/* The limits fit into &struct nvnic_moder. */
static_assert(NVNIC_MAX_MODER_USECS <= U16_MAX);
static_assert(NVNIC_MAX_MODER_FRAMES <= U16_MAX);

static const struct nvnic_coalesce nvnic_coalesce_default = {
	.tx = { .usecs = NVNIC_DEF_TX_USECS, .frames = NVNIC_DEF_TX_FRAMES },
	.rx = { .usecs = NVNIC_DEF_RX_USECS, .frames = NVNIC_DEF_RX_FRAMES },
};

static void nvnic_moder_write(const struct nvnic_vec *vec, u32 reg, u32 usecs,
			      u32 frames)
{
	/* The device refuses frames without a time, which might wait forever. */
	if (!usecs)
		frames = 0;
	nvnic_wr(vec->nn->bdev, reg, FIELD_PREP(NVNIC_Q_MODER_USECS, usecs) |
				     FIELD_PREP(NVNIC_Q_MODER_FRAMES, frames));
}

static void nvnic_moder_write_tx(const struct nvnic_vec *vec,
				 const struct dim_cq_moder *cq)
{
	nvnic_moder_write(vec, NVNIC_REG_Q_MODER_TX(vec->index), cq->usec,
			  cq->pkts);
}

static void nvnic_moder_write_rx(const struct nvnic_vec *vec,
				 const struct dim_cq_moder *cq)
{
	nvnic_moder_write(vec, NVNIC_REG_Q_MODER_RX(vec->index), cq->usec,
			  cq->pkts);
}

static void nvnic_dim_work_tx(struct work_struct *work)
{
	struct dim *dim = container_of(work, struct dim, work);
	struct nvnic_vec *vec = container_of(dim, struct nvnic_vec, tx_dim);
	struct dim_cq_moder cq;

	cq = net_dim_get_tx_irq_moder(vec->nn->netdev, dim);
	nvnic_moder_write_tx(vec, &cq);
	dim->state = DIM_START_MEASURE;
}

static void nvnic_dim_work_rx(struct work_struct *work)
{
	struct dim *dim = container_of(work, struct dim, work);
	struct nvnic_vec *vec = container_of(dim, struct nvnic_vec, rx_dim);
	struct dim_cq_moder cq;

	cq = net_dim_get_rx_irq_moder(vec->nn->netdev, dim);
	nvnic_moder_write_rx(vec, &cq);
	dim->state = DIM_START_MEASURE;
}

/**
 * nvnic_moder_init() - set default moderation, allocate the profiles of dim
 * @nn: port, not registered yet
 *
 * Context: process.
 *
 * Return: 0 or -ENOMEM.
 */
int nvnic_moder_init(struct nvnic_net *nn)
{
	u32 q;

	nn->coalesce = nvnic_coalesce_default;
	for (q = 0; q < NVNIC_MAX_QUEUES; q++)
		nn->queue_coalesce[q] = nvnic_coalesce_default;

	return net_dim_init_irq_moder(nn->netdev,
				      DIM_PROFILE_TX | DIM_PROFILE_RX,
				      DIM_COALESCE_USEC | DIM_COALESCE_PKTS,
				      DIM_CQ_PERIOD_MODE_START_FROM_EQE,
				      DIM_CQ_PERIOD_MODE_START_FROM_EQE,
				      nvnic_dim_work_rx, nvnic_dim_work_tx);
}

/**
 * nvnic_moder_exit() - undo nvnic_moder_init()
 * @nn: port, not registered any more
 *
 * Context: process, without RTNL.
 */
void nvnic_moder_exit(struct nvnic_net *nn)
{
	rtnl_lock();
	net_dim_free_irq_moder(nn->netdev);
	rtnl_unlock();
}

/**
 * nvnic_moder_start() - write the user's moderation of a vector to the device
 * @vec: vector; its NAPI is disabled
 *
 * Context: process, instance lock.
 */
void nvnic_moder_start(struct nvnic_vec *vec)
{
	const struct nvnic_coalesce *c = &vec->nn->queue_coalesce[vec->index];
	struct dim_cq_moder tx = { .usec = c->tx.usecs, .pkts = c->tx.frames };
	struct dim_cq_moder rx = { .usec = c->rx.usecs, .pkts = c->rx.frames };
	struct net_device *dev = vec->nn->netdev;

	memset(&vec->tx_dim, 0, sizeof(vec->tx_dim));
	memset(&vec->rx_dim, 0, sizeof(vec->rx_dim));
	net_dim_setting(dev, &vec->tx_dim, true);
	net_dim_setting(dev, &vec->rx_dim, false);
	if (c->tx.adaptive)
		tx = net_dim_get_tx_irq_moder(dev, &vec->tx_dim);
	if (c->rx.adaptive)
		rx = net_dim_get_rx_irq_moder(dev, &vec->rx_dim);
	nvnic_moder_write_tx(vec, &tx);
	nvnic_moder_write_rx(vec, &rx);
	vec->tx_adaptive = c->tx.adaptive;
	vec->rx_adaptive = c->rx.adaptive;
}

/**
 * nvnic_moder_stop() - stop adapting a vector
 * @vec: vector; its NAPI is disabled
 *
 * Context: process, instance lock.
 */
void nvnic_moder_stop(struct nvnic_vec *vec)
{
	net_dim_work_cancel(&vec->tx_dim);
	net_dim_work_cancel(&vec->rx_dim);
}

/**
 * nvnic_moder_adapt() - pass the counts of a vector to the dim library
 * @vec: vector, adaptive on at least one side
 *
 * Context: NAPI of the vector, before napi_complete_done(): nvnic_moder_set()
 * clears the state of dim once napi_disable() has returned.
 */
void nvnic_moder_adapt(struct nvnic_vec *vec)
{
	struct dim_sample sample = {};

	if (vec->tx_adaptive) {
		dim_update_sample(vec->events,
				  nvnic_done_stat_own(vec->tx.stats,
						      NVNIC_TS_PACKETS),
				  nvnic_done_stat_own(vec->tx.stats,
						      NVNIC_TS_BYTES), &sample);
		nvnic_net_dim(&vec->tx_dim, &sample);
	}
	if (vec->rx_adaptive) {
		dim_update_sample(vec->events,
				  nvnic_rx_stat_own(vec->rx.stats,
						    NVNIC_RS_PACKETS),
				  nvnic_rx_stat_own(vec->rx.stats,
						    NVNIC_RS_BYTES), &sample);
		nvnic_net_dim(&vec->rx_dim, &sample);
	}
}

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
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>

#include "nvnic.h"
#include "nvnic_csr.h"

/* What the fields of &struct nvnic_moder hold */
static_assert(NVNIC_MAX_MODER_USECS <= U16_MAX);
static_assert(NVNIC_MAX_MODER_FRAMES <= U16_MAX);

static const struct nvnic_coalesce nvnic_coalesce_default = {
	.tx = { .usecs = NVNIC_DEF_TX_USECS, .frames = NVNIC_DEF_TX_FRAMES },
	.rx = { .usecs = NVNIC_DEF_RX_USECS, .frames = NVNIC_DEF_RX_FRAMES },
};

static void nvnic_moder_write(const struct nvnic_vec *vec, u32 reg, u32 usecs,
			      u32 frames)
{
	/* A count without a time could wait for ever: the device refuses it. */
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
 * nvnic_moder_init() - default moderation, and the profiles of the dim library
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
 * nvnic_moder_start() - have the device moderate a vector as the user wants it
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
 * nvnic_moder_adapt() - give the dim library what a poll has seen
 * @vec: vector, adaptive on at least one side
 *
 * Context: NAPI of the vector, before napi_complete_done(): nvnic_moder_set()
 * clears what this works on once napi_disable() has returned.
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

/**
 * nvnic_moder_set() - moderate a queue pair
 * @nn: port
 * @queue: number of the pair, in use or not
 * @c: how
 *
 * Context: process, instance lock.
 */
void nvnic_moder_set(struct nvnic_net *nn, u32 queue,
		     const struct nvnic_coalesce *c)
{
	struct nvnic_vec *vec;

	nn->queue_coalesce[queue] = *c;
	vec = nvnic_vec_next(nn->rings, queue, queue + 1);
	if (!vec)
		return;

	nvnic_vec_pause(vec);
	nvnic_moder_stop(vec);
	nvnic_moder_start(vec);
	nvnic_vec_resume(vec);
}

/* ---- ethtool -c, -C, --per-queue ---- */

static void nvnic_coalesce_show(const struct nvnic_coalesce *c,
				struct ethtool_coalesce *out)
{
	out->tx_coalesce_usecs = c->tx.usecs;
	out->tx_max_coalesced_frames = c->tx.frames;
	out->use_adaptive_tx_coalesce = c->tx.adaptive;
	out->rx_coalesce_usecs = c->rx.usecs;
	out->rx_max_coalesced_frames = c->rx.frames;
	out->use_adaptive_rx_coalesce = c->rx.adaptive;
}

static int nvnic_coalesce_check(const char *side, u32 usecs, u32 frames,
				struct netlink_ext_ack *extack)
{
	if (usecs > NVNIC_MAX_MODER_USECS) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "%s-usecs is at most %u", side,
				       NVNIC_MAX_MODER_USECS);
		return -ERANGE;
	}
	if (frames > NVNIC_MAX_MODER_FRAMES) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "%s-frames is at most %u", side,
				       NVNIC_MAX_MODER_FRAMES);
		return -ERANGE;
	}
	if (!usecs && frames > 1) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "%s-frames above 1 needs %s-usecs", side,
				       side);
		return -EINVAL;
	}

	return 0;
}

static int nvnic_coalesce_parse(const struct ethtool_coalesce *in,
				struct nvnic_coalesce *c,
				struct netlink_ext_ack *extack)
{
	int err;

	err = nvnic_coalesce_check("tx", in->tx_coalesce_usecs,
				   in->tx_max_coalesced_frames, extack);
	if (!err)
		err = nvnic_coalesce_check("rx", in->rx_coalesce_usecs,
					   in->rx_max_coalesced_frames, extack);
	if (err)
		return err;

	c->tx.usecs = in->tx_coalesce_usecs;
	c->tx.frames = in->tx_max_coalesced_frames;
	c->tx.adaptive = in->use_adaptive_tx_coalesce;
	c->rx.usecs = in->rx_coalesce_usecs;
	c->rx.frames = in->rx_max_coalesced_frames;
	c->rx.adaptive = in->use_adaptive_rx_coalesce;

	return 0;
}

/**
 * nvnic_get_coalesce() - ethtool: moderation of all queues
 * @dev: port
 * @out: receives what was last set for all of them
 * @kernel: no parameter of ours
 * @extack: not used
 *
 * Context: process, instance lock.
 *
 * Return: 0.
 */
int nvnic_get_coalesce(struct net_device *dev, struct ethtool_coalesce *out,
		       struct kernel_ethtool_coalesce *kernel,
		       struct netlink_ext_ack *extack)
{
	struct nvnic_net *nn = netdev_priv(dev);

	nvnic_coalesce_show(&nn->coalesce, out);

	return 0;
}

/**
 * nvnic_set_coalesce() - ethtool: moderate all queues
 * @dev: port
 * @in: how; each field within its limits
 * @kernel: no parameter of ours
 * @extack: names the limit
 *
 * Context: process, instance lock.
 *
 * Return: 0; -ERANGE beyond a limit; -EINVAL for frames without a time.
 */
int nvnic_set_coalesce(struct net_device *dev, struct ethtool_coalesce *in,
		       struct kernel_ethtool_coalesce *kernel,
		       struct netlink_ext_ack *extack)
{
	struct nvnic_net *nn = netdev_priv(dev);
	struct nvnic_coalesce c;
	int err;
	u32 q;

	err = nvnic_coalesce_parse(in, &c, extack);
	if (err)
		return err;

	nn->coalesce = c;
	for (q = 0; q < NVNIC_MAX_QUEUES; q++)
		nvnic_moder_set(nn, q, &c);

	return 0;
}

/**
 * nvnic_get_queue_coalesce() - ethtool: moderation of one queue pair
 * @dev: port
 * @queue: number of the pair
 * @out: receives it
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -EINVAL when there is no such pair.
 */
int nvnic_get_queue_coalesce(struct net_device *dev, u32 queue,
			     struct ethtool_coalesce *out)
{
	struct nvnic_net *nn = netdev_priv(dev);

	if (queue >= dev->real_num_rx_queues)
		return -EINVAL;

	nvnic_coalesce_show(&nn->queue_coalesce[queue], out);

	return 0;
}

/**
 * nvnic_set_queue_coalesce() - ethtool: moderate one queue pair
 * @dev: port
 * @queue: number of the pair
 * @in: how, as for nvnic_set_coalesce()
 *
 * Context: process, instance lock.
 *
 * Return: 0; -EINVAL when there is no such pair; or an error of
 * nvnic_set_coalesce(), without a text: this command has no place for one.
 */
int nvnic_set_queue_coalesce(struct net_device *dev, u32 queue,
			     struct ethtool_coalesce *in)
{
	struct nvnic_net *nn = netdev_priv(dev);
	struct nvnic_coalesce c;
	int err;

	if (queue >= dev->real_num_rx_queues)
		return -EINVAL;

	err = nvnic_coalesce_parse(in, &c, NULL);
	if (err)
		return err;

	nvnic_moder_set(nn, queue, &c);

	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: interrupt moderation, ethtool operations.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>

#include "nvnic.h"

/**
 * nvnic_moder_set() - set the moderation of a queue pair
 * @nn: port
 * @queue: number of the pair, in use or not
 * @c: moderation
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
		NL_SET_ERR_MSG_FMT_MOD(extack, "%s-usecs must be at most %u", side,
				       NVNIC_MAX_MODER_USECS);
		return -ERANGE;
	}
	if (frames > NVNIC_MAX_MODER_FRAMES) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "%s-frames must be at most %u", side,
				       NVNIC_MAX_MODER_FRAMES);
		return -ERANGE;
	}
	if (!usecs && frames > 1) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "%s-frames above 1 requires %s-usecs", side,
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
 * @out: receives the moderation last set for all queues
 * @kernel: not used
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
 * nvnic_set_coalesce() - ethtool: set the moderation of all queues
 * @dev: port
 * @in: moderation
 * @kernel: not used
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
 * @out: receives the moderation
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -EINVAL if the pair does not exist.
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
 * nvnic_set_queue_coalesce() - ethtool: set the moderation of one queue pair
 * @dev: port
 * @queue: number of the pair
 * @in: moderation
 *
 * Context: process, instance lock.
 *
 * Return: 0; -EINVAL if the pair does not exist; or an error of nvnic_set_coalesce(),
 * without a text: this operation has no extack.
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

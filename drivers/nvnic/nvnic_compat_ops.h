/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: members and prototypes of operations that differ between kernels.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * scripts/probe.sh finds NVNIC_HAVE_*.
 */
#ifndef NVNIC_COMPAT_OPS_H
#define NVNIC_COMPAT_OPS_H

#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <net/devlink.h>
#include <net/netdev_queues.h>

#include "nvnic.h"

/* ---- struct net_device_ops ---- */

/*
 * With the instance lock, the stack calls ndo_set_rx_mode_async in process context,
 * without addr_list_lock.
 */
#ifdef NVNIC_HAVE_SET_RX_MODE_ASYNC
#define NVNIC_NDO_SET_RX_MODE	ndo_set_rx_mode_async
static inline int nvnic_op_set_rx_mode(struct net_device *dev,
				       struct netdev_hw_addr_list *uc,
				       struct netdev_hw_addr_list *mc)
{
	nvnic_sync_rx_mode(dev);
	return 0;
}
#else
#define NVNIC_NDO_SET_RX_MODE	ndo_set_rx_mode
#define nvnic_op_set_rx_mode	nvnic_set_rx_mode
#endif

/* ---- struct netdev_queue_mgmt_ops ---- */

/* The driver has no settings per queue, so it ignores those of the core. */
#ifdef NVNIC_HAVE_QUEUE_CONFIG
static inline int nvnic_op_queue_mem_alloc(struct net_device *dev,
					   struct netdev_queue_config *cfg,
					   void *mem, int q)
{
	return nvnic_queue_mem_alloc(dev, mem, q);
}

static inline int nvnic_op_queue_start(struct net_device *dev,
				       struct netdev_queue_config *cfg,
				       void *mem, int q)
{
	return nvnic_queue_rx_start(dev, mem, q);
}
#else
#define nvnic_op_queue_mem_alloc	nvnic_queue_mem_alloc
#define nvnic_op_queue_start		nvnic_queue_rx_start
#endif

/* ---- struct devlink_param ---- */

#ifdef NVNIC_HAVE_DEVLINK_PARAM_GET_EXTACK
static inline int nvnic_op_devlink_param_get(struct devlink *devlink, u32 id,
					     struct devlink_param_gset_ctx *ctx,
					     struct netlink_ext_ack *extack)
{
	return nvnic_devlink_param_get(devlink, id, ctx);
}
#else
#define nvnic_op_devlink_param_get	nvnic_devlink_param_get
#endif

/* ---- struct ethtool_ops ---- */

#ifdef NVNIC_HAVE_FEC_HIST
static inline void nvnic_op_get_fec_stats(struct net_device *dev,
					  struct ethtool_fec_stats *stats,
					  struct ethtool_fec_hist *hist)
{
	nvnic_get_fec_stats(dev, stats);
}
#else
#define nvnic_op_get_fec_stats	nvnic_get_fec_stats
#endif

/*
 * These need RTNL: private flags call netdev_update_features(), rings and channels
 * read queueing disciplines, the core uses rtnl_dereference() for the profiles of
 * adaptive moderation, get_link is ethtool_op_get_link(), and the offline test closes
 * the port.
 */
#ifdef NVNIC_HAVE_ETHTOOL_OP_NEEDS_RTNL
#define NVNIC_ETHTOOL_RTNL						\
	.op_needs_rtnl = ETHTOOL_OP_NEEDS_RTNL_SPFLAGS |		\
			 ETHTOOL_OP_NEEDS_RTNL_SRINGPARAM |		\
			 ETHTOOL_OP_NEEDS_RTNL_SCHANNELS |		\
			 ETHTOOL_OP_NEEDS_RTNL_SCOALESCE |		\
			 ETHTOOL_OP_NEEDS_RTNL_GLINK |			\
			 ETHTOOL_OP_NEEDS_RTNL_TEST,
#else
#define NVNIC_ETHTOOL_RTNL
#endif

/* Since Linux 6.19 the core assumes that every driver supports RSS contexts. */
#ifdef NVNIC_HAVE_CAP_RSS_CTX_SUPPORTED
#define NVNIC_ETHTOOL_RSS_CTX	.cap_rss_ctx_supported = true,
#else
#define NVNIC_ETHTOOL_RSS_CTX
#endif

#ifdef NVNIC_HAVE_RXFH_FIELDS
#define NVNIC_ETHTOOL_RXFH_FIELDS					\
	.get_rxfh_fields = nvnic_get_rxfh_fields,			\
	.set_rxfh_fields = nvnic_set_rxfh_fields,
#else
#define NVNIC_ETHTOOL_RXFH_FIELDS
#endif

#ifdef NVNIC_HAVE_RXFH_PER_CTX_FIELDS
#define NVNIC_ETHTOOL_CTX_FIELDS	.rxfh_per_ctx_fields = true,
#else
#define NVNIC_ETHTOOL_CTX_FIELDS
#endif

/* get_rx_ring_count() replaces ETHTOOL_GRXRINGS of get_rxnfc(). */
#ifdef NVNIC_HAVE_RX_RING_COUNT
#define NVNIC_ETHTOOL_RX_RINGS	.get_rx_ring_count = nvnic_get_rx_ring_count,
#else
#define NVNIC_ETHTOOL_RX_RINGS
#endif

#define NVNIC_ETHTOOL_COMPAT_OPS	\
	NVNIC_ETHTOOL_RTNL		\
	NVNIC_ETHTOOL_RSS_CTX		\
	NVNIC_ETHTOOL_RXFH_FIELDS	\
	NVNIC_ETHTOOL_CTX_FIELDS	\
	NVNIC_ETHTOOL_RX_RINGS

#endif /* NVNIC_COMPAT_OPS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: differences between kernels, but for the tables of operations
 * (nvnic_compat_ops.h) and the instance lock (nvnic_lock.h).
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Only these three headers may depend on the kernel. scripts/probe.sh finds
 * NVNIC_HAVE_* by compiling: distribution kernels carry backports, so a version
 * number tells nothing.
 */
#ifndef NVNIC_COMPAT_H
#define NVNIC_COMPAT_H

#include <linux/dim.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <net/devlink.h>

/* Renamed in Linux 6.16 */
#ifndef from_timer
#define from_timer	timer_container_of
#endif

/* Renamed in Linux 6.18 */
#ifndef NVNIC_HAVE_SYSTEM_PERCPU_WQ
#define system_percpu_wq	system_wq
#endif

/* net_dim() takes the sample by reference since Linux 6.13. */
#ifdef NVNIC_HAVE_NET_DIM_BY_REFERENCE
#define nvnic_net_dim(dim, sample)	net_dim(dim, sample)
#else
#define nvnic_net_dim(dim, sample)	net_dim(dim, *(sample))
#endif

/* The grace period moved to the operations in Linux 6.18; 0 is the default. */
#ifdef NVNIC_HAVE_HEALTH_GRACEFUL_ARG
#define nvnic_health_reporter_create(devlink, ops, priv) \
	devl_health_reporter_create(devlink, ops, 0, priv)
#else
#define nvnic_health_reporter_create(devlink, ops, priv) \
	devl_health_reporter_create(devlink, ops, priv)
#endif

/* Hash fields have a structure of their own since Linux 6.17. */
#ifndef NVNIC_HAVE_RXFH_FIELDS
struct ethtool_rxfh_fields {
	u32 data;
	u32 flow_type;
	u32 rss_context;
};
#endif

/* A hash field since Linux 6.17; 0 is in no combination. */
#ifdef RXH_IP6_FL
#define NVNIC_RXH_IP6_FL	RXH_IP6_FL
#else
#define NVNIC_RXH_IP6_FL	0
#endif

/* Each RSS context has its own hash fields, or else those of the port. */
#ifdef NVNIC_HAVE_RXFH_PER_CTX_FIELDS
#define NVNIC_CTX_OWN_FIELDS	true
#else
#define NVNIC_CTX_OWN_FIELDS	false
#endif

/*
 * A second bit for fixed IDs, since Linux 6.18. nvnic_quirk_init() finds out what it
 * and SKB_GSO_TCP_FIXEDID mean behind GRE.
 */
#ifdef NVNIC_HAVE_GSO_FIXEDID_INNER
#define NVNIC_GSO_FIXEDID_INNER	SKB_GSO_TCP_FIXEDID_INNER
#else
#define NVNIC_GSO_FIXEDID_INNER	0
#endif

#endif /* NVNIC_COMPAT_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: the lock that serialises control of a port.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Before Linux 6.15 this is RTNL. Since then the stack holds the instance lock
 * of a net_device with queue management around its operations: around those of
 * struct net_device_ops with RTNL, around the others mostly without. Functions
 * of the stack that take the instance lock themselves have a variant for callers
 * that hold it. The wrappers here have the same names on all kernels.
 *
 * A caller that holds neither lock takes both, RTNL first; a caller that holds RTNL
 * takes the instance lock. See Documentation/locking.rst.
 */
#ifndef NVNIC_LOCK_H
#define NVNIC_LOCK_H

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#ifdef NVNIC_HAVE_NETDEV_OPS_LOCK

#include <net/netdev_lock.h>

#define nvnic_dev_lock(dev)		netdev_lock(dev)
#define nvnic_dev_unlock(dev)		netdev_unlock(dev)
#define nvnic_assert_dev_lock(dev)			\
do {							\
	netdev_assert_locked(dev);			\
	WARN_ON_ONCE(!mutex_is_locked(&(dev)->lock));	\
} while (0)

#define nvnic_napi_add		netif_napi_add_config_locked
#define nvnic_napi_del		__netif_napi_del_locked
#define nvnic_napi_enable	napi_enable_locked
#define nvnic_napi_disable	napi_disable_locked
#define nvnic_napi_set_irq	netif_napi_set_irq_locked
#define nvnic_dev_close		netif_close

#else

#define nvnic_dev_lock(dev)		ASSERT_RTNL()
#define nvnic_dev_unlock(dev)		ASSERT_RTNL()
#define nvnic_assert_dev_lock(dev)	ASSERT_RTNL()

/* Without it, a user's settings of a NAPI instance are lost with the instance. */
#ifdef NVNIC_HAVE_NAPI_CONFIG
#define nvnic_napi_add		netif_napi_add_config
#else
#define nvnic_napi_add(dev, napi, poll, index)	netif_napi_add(dev, napi, poll)
#endif
#define nvnic_napi_del		__netif_napi_del
#define nvnic_napi_enable	napi_enable
#define nvnic_napi_disable	napi_disable
#define nvnic_napi_set_irq	netif_napi_set_irq
#define nvnic_dev_close		dev_close

#endif

/**
 * nvnic_rtnl_dev_lock() - take all locks that serialise control of a port
 * @dev: port
 *
 * Context: process, with neither lock held.
 */
static inline void nvnic_rtnl_dev_lock(struct net_device *dev)
{
	rtnl_lock();
	nvnic_dev_lock(dev);
}

/**
 * nvnic_rtnl_dev_unlock() - undo nvnic_rtnl_dev_lock()
 * @dev: port
 *
 * Context: process.
 */
static inline void nvnic_rtnl_dev_unlock(struct net_device *dev)
{
	nvnic_dev_unlock(dev);
	rtnl_unlock();
}

#endif /* NVNIC_LOCK_H */

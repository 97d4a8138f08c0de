// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: macvlans of a port, and the rights that its namespace gave them.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A macvlan may be in a namespace whose administrator has no rights in the port's.
 * That administrator sets its name, address and mode. But only the administrator of
 * the port decides whether it gets queues of the port and whose set it may evict, by
 * creating the macvlan from the port's namespace.
 */
#include <linux/capability.h>
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "nvnic.h"
#include "nvnic_vmq.h"

/**
 * struct nvnic_station - a macvlan of a port
 * @list: in &struct nvnic_net
 * @vdev: the macvlan
 * @granted: created from the port's namespace, or has been in it
 * @group: last interface group in the port's namespace
 */
struct nvnic_station {
	struct list_head list;
	const struct net_device *vdev;
	bool granted;
	u32 group;
};

static struct nvnic_station *nvnic_station_find(const struct nvnic_net *nn,
						const struct net_device *vdev)
{
	struct nvnic_station *st;

	list_for_each_entry(st, &nn->stations, list)
		if (st->vdev == vdev)
			return st;

	return NULL;
}

static bool nvnic_station_here(const struct nvnic_net *nn,
			       const struct net_device *vdev)
{
	return net_eq(dev_net(vdev), dev_net(nn->netdev));
}

/* Does the caller act from the port's namespace, with CAP_NET_ADMIN in it? */
static bool nvnic_station_by_port(const struct nvnic_net *nn)
{
	struct net *net = dev_net(nn->netdev);

	return current->nsproxy && net_eq(current->nsproxy->net_ns, net) &&
	       ns_capable(net->user_ns, CAP_NET_ADMIN);
}

/**
 * nvnic_station_link() - note that a macvlan was linked to a port, or unlinked
 * @nn: port
 * @vdev: macvlan
 * @linking: linked
 *
 * Context: process that links it, RTNL.
 */
void nvnic_station_link(struct nvnic_net *nn, const struct net_device *vdev,
			bool linking)
{
	struct nvnic_station *st = nvnic_station_find(nn, vdev);

	ASSERT_RTNL();

	if (!linking && st) {
		list_del(&st->list);
		kfree(st);
	}
	if (!linking || st)
		return;

	/* A macvlan that is not in the list has no rights. */
	st = kzalloc(sizeof(*st), GFP_KERNEL);
	if (!st)
		return;
	st->vdev = vdev;
	st->granted = nvnic_station_here(nn, vdev) || nvnic_station_by_port(nn);
	if (st->granted)
		st->group = vdev->group;
	list_add(&st->list, &nn->stations);
}

/* Keep right and group while macvlan and port are in different namespaces. */
static void nvnic_station_keep(const struct nvnic_net *nn,
			       struct nvnic_station *st)
{
	if (!nvnic_station_here(nn, st->vdev))
		return;
	st->granted = true;
	st->group = st->vdev->group;
}

/**
 * nvnic_station_moves() - note that a macvlan, or the port, leaves its namespace
 * @nn: port
 * @vdev: macvlan, or NULL for the port
 *
 * Context: process, RTNL.
 */
void nvnic_station_moves(struct nvnic_net *nn, const struct net_device *vdev)
{
	struct nvnic_station *st;

	ASSERT_RTNL();

	list_for_each_entry(st, &nn->stations, list)
		if (!vdev || st->vdev == vdev)
			nvnic_station_keep(nn, st);
}

/**
 * nvnic_station_granted() - check whether a macvlan may have queues of the port
 * @nn: port
 * @vdev: macvlan
 *
 * Context: process, RTNL.
 *
 * Return: true if it is in the port's namespace, or was created from there.
 */
bool nvnic_station_granted(const struct nvnic_net *nn,
			   const struct net_device *vdev)
{
	const struct nvnic_station *st = nvnic_station_find(nn, vdev);

	return nvnic_station_here(nn, vdev) || (st && st->granted);
}

/**
 * nvnic_station_group() - interface group of a macvlan, as a priority
 * @nn: port
 * @vdev: macvlan
 *
 * Context: process, RTNL or instance lock.
 *
 * Return: the group that was set in the port's namespace, or 0.
 */
u32 nvnic_station_group(const struct nvnic_net *nn,
			const struct net_device *vdev)
{
	const struct nvnic_station *st;

	if (nvnic_station_here(nn, vdev))
		return READ_ONCE(vdev->group);
	st = nvnic_station_find(nn, vdev);

	return st ? st->group : 0;
}

/**
 * nvnic_station_lend() - add a reference to a macvlan's address on the port's list
 * @nn: port
 * @vdev: macvlan with a set, about to go or to change its address
 *
 * An offloaded macvlan does not add its address to the list, but removes it. Without
 * another reference that would remove the address of somebody else.
 *
 * Context: process, RTNL.
 *
 * Return: true if a reference was added.
 */
bool nvnic_station_lend(struct nvnic_net *nn, const struct net_device *vdev)
{
	struct net_device *dev = nn->netdev;
	const struct netdev_hw_addr *ha;
	bool listed = false;

	netif_addr_lock_bh(dev);
	netdev_for_each_uc_addr(ha, dev)
		listed |= ether_addr_equal(ha->addr, vdev->dev_addr);
	netif_addr_unlock_bh(dev);

	return listed && !dev_uc_add(dev, vdev->dev_addr);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: L2 forwarding offload: which macvlan has a VM queue set.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A macvlan asks for a VM queue set when it comes up. Without one it works in
 * software, through the port's own queues. Sets and queue pairs are handed out
 * first come, first served; when they run out, a macvlan of a higher interface
 * group evicts the set of the lowest group.
 */
#include <linux/if_macvlan.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "nvnic.h"
#include "nvnic_vmq.h"

/* ---- Places ---- */

static bool nvnic_span_overlaps(const struct nvnic_span *a,
				const struct nvnic_span *b)
{
	return a->first < b->first + b->count && b->first < a->first + a->count;
}

static bool nvnic_dfwd_span_free(const struct nvnic_config *cfg,
				 const struct nvnic_span *span)
{
	u32 i;

	for (i = 0; i < NVNIC_VMQ_SETS; i++)
		if (nvnic_span_overlaps(span, &cfg->vmq[i]))
			return false;

	return true;
}

/* Are @count more queue pairs left beside those reserved for the port? */
static bool nvnic_dfwd_leaves(const struct nvnic_net *nn,
			      const struct nvnic_config *cfg, u32 count)
{
	u32 own = max(cfg->num, nvnic_devlink_vmq_reserve(nn->devlink)), i;

	for (i = 0; i < NVNIC_VMQ_SETS; i++)
		count += cfg->vmq[i].count;

	return own + count <= NVNIC_MAX_QUEUES;
}

/* Find the first free run of @count queue pairs. */
static bool nvnic_dfwd_find_span(const struct nvnic_net *nn,
				 const struct nvnic_config *cfg, u32 count,
				 struct nvnic_span *span)
{
	u32 first;

	if (!nvnic_dfwd_leaves(nn, cfg, count))
		return false;

	for (first = cfg->num; first + count <= NVNIC_MAX_QUEUES; first++) {
		*span = (struct nvnic_span){ .first = first, .count = count };
		if (nvnic_dfwd_span_free(cfg, span))
			return true;
	}

	return false;
}

static bool nvnic_dfwd_find_id(const struct nvnic_net *nn,
			       const struct nvnic_config *cfg, u32 *id)
{
	for (*id = 0; *id < nn->vmq_max; (*id)++)
		if (!cfg->vmq[*id].count)
			return true;

	return false;
}

/* Place all sets behind the port's own queues in @cfg. */
static int nvnic_dfwd_place(struct nvnic_net *nn, struct nvnic_config *cfg)
{
	u32 first = cfg->num, i;

	for (i = 0; i < NVNIC_VMQ_SETS; i++)
		first += cfg->vmq[i].count;
	if (first > NVNIC_MAX_QUEUES) {
		nvnic_refuse(nn->netdev, NULL,
			     "%u queue pairs and %u of VM queue sets exceed the maximum of %u",
			     cfg->num, first - cfg->num, NVNIC_MAX_QUEUES);
		return -ENOSPC;
	}

	first = cfg->num;
	for (i = 0; i < NVNIC_VMQ_SETS; i++) {
		if (!cfg->vmq[i].count)
			continue;
		cfg->vmq[i].first = first;
		first += cfg->vmq[i].count;
	}

	return 0;
}

/* Queue pairs change owner: drop the moderation of the previous one. */
static void nvnic_dfwd_moderate(struct nvnic_net *nn, struct nvnic_span span)
{
	u32 q;

	for (q = span.first; q < span.first + span.count; q++)
		nvnic_moder_set(nn, q, &nn->coalesce);
}

/* Carry the moderation of each set from its old queues to its new ones. */
static void nvnic_dfwd_carry(struct nvnic_net *nn,
			     const struct nvnic_config *old,
			     const struct nvnic_coalesce *had)
{
	u32 i, k;

	for (i = 0; i < NVNIC_VMQ_SETS; i++)
		nvnic_dfwd_moderate(nn, old->vmq[i]);

	for (i = 0; i < NVNIC_VMQ_SETS; i++)
		for (k = 0; k < nn->cfg.vmq[i].count; k++)
			nvnic_moder_set(nn, nn->cfg.vmq[i].first + k,
					&had[old->vmq[i].first + k]);
}

/**
 * nvnic_dfwd_renumber() - change the number of the port's own queues
 * @nn: port
 * @num: new number
 *
 * Moves the VM queue sets, with their moderation, behind the port's own queues.
 *
 * Context: process, instance lock.
 *
 * Return: 0; -ENOSPC if port and sets together exceed the limit; -ENOMEM; an error of
 * nvnic_reconfigure().
 */
int nvnic_dfwd_renumber(struct nvnic_net *nn, u32 num)
{
	struct nvnic_config cfg = nn->cfg, old = nn->cfg;
	struct nvnic_coalesce *had;
	int err;

	cfg.num = num;
	err = nvnic_dfwd_place(nn, &cfg);
	if (err)
		return err;

	had = kmemdup(nn->queue_coalesce, sizeof(nn->queue_coalesce),
		      GFP_KERNEL);
	if (!had)
		return -ENOMEM;

	err = nvnic_reconfigure(nn, &cfg);
	if (!err)
		nvnic_dfwd_carry(nn, &old, had);
	kfree(had);

	return err;
}

/* ---- Eviction ---- */

/* Find the set of the lowest group below that of @vdev, the last one of several. */
static struct nvnic_vmq *nvnic_dfwd_victim(const struct nvnic_net *nn,
					   const struct nvnic_config *cfg,
					   const struct net_device *vdev)
{
	u32 lowest = nvnic_station_group(nn, vdev), i;
	struct nvnic_vmq *victim = NULL;

	for (i = NVNIC_VMQ_SETS; i--;) {
		if (!cfg->vmq[i].count ||
		    nvnic_station_group(nn, nn->vmq[i]->vdev) >= lowest)
			continue;
		victim = nn->vmq[i];
		lowest = nvnic_station_group(nn, victim->vdev);
	}

	return victim;
}

static void nvnic_dfwd_scarce(const struct nvnic_net *nn,
			      const struct net_device *vdev, u32 count)
{
	u32 id;

	if (!nvnic_dfwd_find_id(nn, &nn->cfg, &id))
		nvnic_refuse(nn->netdev, NULL,
			     "all %u VM queue sets are in use, %s falls back to software",
			     nn->vmq_max, vdev->name);
	else if (!nvnic_dfwd_leaves(nn, &nn->cfg, count))
		nvnic_refuse(nn->netdev, NULL,
			     "fewer than %u of %u queue pairs are free, %u are reserved for the port, %s falls back to software",
			     count, NVNIC_MAX_QUEUES,
			     nvnic_devlink_vmq_reserve(nn->devlink), vdev->name);
	else
		nvnic_refuse(nn->netdev, NULL,
			     "no %u contiguous queue pairs of %u are free, %s falls back to software",
			     count, NVNIC_MAX_QUEUES, vdev->name);
}

/* Give evicted sets their queues back if the new set does not need them after all. */
static void nvnic_dfwd_spare(const struct nvnic_net *nn,
			     const struct nvnic_span *span,
			     struct nvnic_config *cfg, u32 *id,
			     unsigned long *evict)
{
	u32 i;

	for_each_set_bit(i, evict, NVNIC_VMQ_SETS) {
		if (nvnic_span_overlaps(span, &nn->cfg.vmq[i]))
			continue;
		cfg->vmq[i] = nn->cfg.vmq[i];
		if (nvnic_dfwd_find_id(nn, cfg, id))
			__clear_bit(i, evict);
		else
			cfg->vmq[i] = (struct nvnic_span){};
	}
	nvnic_dfwd_find_id(nn, cfg, id);
}

/*
 * Find an ID and a queue range for a new set, and which sets to evict for it.
 * Nothing is evicted unless that makes enough room.
 */
static int nvnic_dfwd_reserve(const struct nvnic_net *nn,
			      const struct net_device *vdev,
			      struct nvnic_config *cfg, u32 *id,
			      unsigned long *evict)
{
	u32 count = vdev->real_num_rx_queues;
	struct nvnic_vmq *victim;
	struct nvnic_span span;

	bitmap_zero(evict, NVNIC_VMQ_SETS);
	while (!nvnic_dfwd_find_id(nn, cfg, id) ||
	       !nvnic_dfwd_find_span(nn, cfg, count, &span)) {
		victim = nvnic_dfwd_victim(nn, cfg, vdev);
		if (!victim) {
			nvnic_dfwd_scarce(nn, vdev, count);
			return -EBUSY;
		}
		__set_bit(victim->id, evict);
		cfg->vmq[victim->id] = (struct nvnic_span){};
	}
	nvnic_dfwd_spare(nn, &span, cfg, id, evict);
	cfg->vmq[*id] = span;

	return 0;
}

/* ---- Creation and release ---- */

static int nvnic_dfwd_real_num(struct nvnic_net *nn)
{
	u32 end = nvnic_config_end(&nn->cfg);

	/* While the port unregisters, the core removes all sysfs entries of its queues. */
	if (nn->netdev->reg_state != NETREG_REGISTERED)
		return 0;

	return netif_set_real_num_queues(nn->netdev, end, end);
}

/* Drop the address reference lent to a macvlan that it has not taken. */
static void nvnic_dfwd_settle(struct nvnic_net *nn, struct nvnic_vmq *vmq)
{
	if (!is_zero_ether_addr(vmq->lent))
		dev_uc_del(nn->netdev, vmq->lent);
	eth_zero_addr(vmq->lent);
}

static void nvnic_dfwd_destroy(struct nvnic_net *nn, struct nvnic_vmq *vmq)
{
	nvnic_dfwd_settle(nn, vmq);
	netdev_set_sb_channel(vmq->vdev, 0);
	if (nn->rings)
		nvnic_rings_remove(nn, vmq);
	nvnic_dfwd_moderate(nn, nn->cfg.vmq[vmq->id]);
	nn->cfg.vmq[vmq->id] = (struct nvnic_span){};
	nn->vmq[vmq->id] = NULL;
	WRITE_ONCE(nn->vmq_used, nn->vmq_used - 1);
	if (!nn->vmq_used)
		nvnic_vlan_remove_all(nn);
	nvnic_dfwd_real_num(nn);
	kfree(vmq);
}

static void nvnic_dfwd_drain(struct nvnic_net *nn, const struct nvnic_vmq *vmq)
{
	DECLARE_BITMAP(sets, NVNIC_VMQ_SETS) = {};

	__set_bit(vmq->id, sets);
	nvnic_rings_settle(nn, sets);
}

/* Open the software path of each macvlan before its set is drained and destroyed. */
static void nvnic_dfwd_release_sets(struct nvnic_net *nn,
				    const unsigned long *sets)
{
	u32 i;

	for_each_set_bit(i, sets, NVNIC_VMQ_SETS)
		if (macvlan_release_l2fw_offload(nn->vmq[i]->vdev))
			netdev_err(nn->netdev,
				   "failed to add the MAC address of %s, out of memory\n",
				   nn->vmq[i]->vdev->name);
	nvnic_rings_settle(nn, sets);
	for_each_set_bit(i, sets, NVNIC_VMQ_SETS)
		nvnic_dfwd_destroy(nn, nn->vmq[i]);
}

static void nvnic_dfwd_release(struct nvnic_net *nn, struct nvnic_vmq *vmq)
{
	DECLARE_BITMAP(sets, NVNIC_VMQ_SETS) = {};

	__set_bit(vmq->id, sets);
	nvnic_dfwd_release_sets(nn, sets);
}

static void nvnic_dfwd_evict(struct nvnic_net *nn, const unsigned long *evict,
			     const struct net_device *vdev)
{
	u32 i;

	for_each_set_bit(i, evict, NVNIC_VMQ_SETS)
		netdev_info(nn->netdev,
			    "VM queue set %u is given to %s (group %u), %s (group %u) falls back to software\n",
			    i, vdev->name, nvnic_station_group(nn, vdev),
			    nn->vmq[i]->vdev->name,
			    nvnic_station_group(nn, nn->vmq[i]->vdev));
	nvnic_dfwd_release_sets(nn, evict);
}

static int nvnic_dfwd_join(struct nvnic_net *nn, struct nvnic_vmq *vmq,
			   struct nvnic_span span)
{
	int err;

	nn->vmq[vmq->id] = vmq;
	nn->cfg.vmq[vmq->id] = span;
	WRITE_ONCE(nn->vmq_used, nn->vmq_used + 1);
	nvnic_dfwd_moderate(nn, span);

	if (nn->vmq_used == 1) {
		err = nvnic_vlan_add_all(nn);
		if (err)
			return err;
	}
	err = nvnic_dfwd_real_num(nn);
	if (!err && nn->rings)
		err = nvnic_rings_add(nn, vmq, span);
	if (!err)
		err = netdev_set_sb_channel(vmq->vdev, vmq->id + 1);

	return err;
}

static void nvnic_dfwd_nofilter(struct net_device *dev,
				const struct net_device *vdev)
{
	nvnic_refuse(dev, NULL,
		     "mode of %s has no destination filter, it falls back to software",
		     vdev->name);
}

static int nvnic_dfwd_check(struct nvnic_net *nn, struct net_device *vdev)
{
	u32 most = nvnic_devlink_vmq_per_set(nn->devlink);

	if (!nvnic_station_granted(nn, vdev)) {
		nvnic_refuse(nn->netdev, NULL,
			     "%s was not created from the port's network namespace, it falls back to software",
			     vdev->name);
		return -EPERM;
	}
	if (vdev->real_num_rx_queues > most) {
		nvnic_refuse(nn->netdev, NULL,
			     "%s has %u RX queues, maximum is %u, it falls back to software",
			     vdev->name, vdev->real_num_rx_queues, most);
		return -ERANGE;
	}
	if (!macvlan_supports_dest_filter(vdev)) {
		nvnic_dfwd_nofilter(nn->netdev, vdev);
		return -EMEDIUMTYPE;
	}
	/* netdev_set_sb_channel() takes a device with one TX queue only. */
	if (netif_is_multiqueue(vdev)) {
		nvnic_refuse(nn->netdev, NULL,
			     "%s has %u TX queues, must have 1, it falls back to software",
			     vdev->name, vdev->num_tx_queues);
		return -ERANGE;
	}

	return 0;
}

static struct nvnic_vmq *nvnic_dfwd_create(struct nvnic_net *nn,
					   struct net_device *vdev)
{
	DECLARE_BITMAP(evict, NVNIC_VMQ_SETS);
	struct nvnic_config cfg = nn->cfg;
	struct nvnic_vmq *vmq;
	int err;
	u32 id;

	err = nvnic_dfwd_reserve(nn, vdev, &cfg, &id, evict);
	if (err)
		return ERR_PTR(err);

	vmq = kzalloc(sizeof(*vmq), GFP_KERNEL);
	if (!vmq)
		return ERR_PTR(-ENOMEM);

	vmq->id = id;
	vmq->vdev = vdev;
	nvnic_dfwd_evict(nn, evict, vdev);
	err = nvnic_dfwd_join(nn, vmq, cfg.vmq[id]);
	if (!err)
		return vmq;

	nvnic_dfwd_drain(nn, vmq);
	nvnic_dfwd_destroy(nn, vmq);
	nvnic_refuse(nn->netdev, NULL,
		     "failed to start a VM queue set (%d), %s falls back to software",
		     err, vdev->name);
	return ERR_PTR(err);
}

/**
 * nvnic_dfwd_add_station() - ndo_dfwd_add_station: create a macvlan's VM queue set
 * @dev: port, up or down
 * @vdev: macvlan that comes up
 *
 * The set gets as many queue pairs as the macvlan has RX queues.
 *
 * Context: process, RTNL.
 *
 * Return: the set; or an ERR_PTR(), then the reason is logged and the macvlan works
 * in software: -EPERM if it was not created from the port's namespace; -EMEDIUMTYPE
 * for a mode without destination filter; -ERANGE for more than one TX queue or too
 * many RX queues; -EBUSY if no set or not enough queue pairs are free; -ENOMEM; or an
 * error of nvnic_vlan_add_all() or nvnic_rings_add().
 */
void *nvnic_dfwd_add_station(struct net_device *dev, struct net_device *vdev)
{
	struct nvnic_net *nn = netdev_priv(dev);
	struct nvnic_vmq *vmq;
	int err;

	ASSERT_RTNL();

	err = nvnic_dfwd_check(nn, vdev);
	if (err)
		return ERR_PTR(err);

	/* macvlan calls ndo_dfwd_add_station without the port's instance lock. */
	nvnic_dev_lock(dev);
	vmq = nvnic_dfwd_create(nn, vdev);
	nvnic_dev_unlock(dev);

	return vmq;
}

/**
 * nvnic_dfwd_del_station() - ndo_dfwd_del_station: free the set of a macvlan
 * @dev: port
 * @priv: the set
 *
 * Context: process, RTNL.
 */
void nvnic_dfwd_del_station(struct net_device *dev, void *priv)
{
	struct nvnic_net *nn = netdev_priv(dev);
	const struct nvnic_vmq *vmq = priv;
	struct net_device *vdev = vmq->vdev;

	ASSERT_RTNL();

	nvnic_dev_lock(dev);
	nvnic_dfwd_drain(nn, vmq);
	nvnic_dfwd_destroy(nn, priv);
	nvnic_dev_unlock(dev);

	/* A macvlan that failed to come up does not remove its address from the list. */
	if (!netif_running(vdev))
		nvnic_station_lend(nn, vdev);
}

/**
 * nvnic_dfwd_release_all() - move all macvlans to software
 * @nn: port
 *
 * Context: process, instance lock.
 */
void nvnic_dfwd_release_all(struct nvnic_net *nn)
{
	DECLARE_BITMAP(sets, NVNIC_VMQ_SETS) = {};
	u32 i;

	nvnic_assert_dev_lock(nn->netdev);

	for (i = 0; i < NVNIC_VMQ_SETS; i++)
		if (nn->vmq[i])
			__set_bit(i, sets);
	nvnic_dfwd_release_sets(nn, sets);
}

/* ---- Changes of a macvlan ---- */

/*
 * macvlan has added the new address to the port's list, as it does for one in
 * software. Move it to the rule of the set.
 */
static void nvnic_dfwd_readdress(struct net_device *dev,
				 struct net_device *vdev)
{
	struct nvnic_vmq *vmq = macvlan_accel_priv(vdev);
	int err;

	eth_zero_addr(vmq->lent);
	err = nvnic_vmq_readdress(netdev_priv(dev), vmq);
	dev_uc_del(dev, vdev->dev_addr);
	if (err)
		nvnic_dfwd_release(netdev_priv(dev), vmq);
}

/* macvlan does not ask the port before it changes its mode. */
static void nvnic_dfwd_remode(struct net_device *dev, struct net_device *vdev)
{
	nvnic_dfwd_nofilter(dev, vdev);
	nvnic_dfwd_release(netdev_priv(dev), macvlan_accel_priv(vdev));
}

/* The address change may still fail, without another notification. */
static void nvnic_dfwd_preaddress(struct nvnic_net *nn, struct net_device *vdev)
{
	struct nvnic_vmq *vmq = macvlan_accel_priv(vdev);

	nvnic_dfwd_settle(nn, vmq);
	if (nvnic_station_lend(nn, vdev))
		ether_addr_copy(vmq->lent, vdev->dev_addr);
}

/**
 * nvnic_dfwd_event() - handle a netdevice event of a macvlan
 * @dev: port
 * @vdev: macvlan
 * @event: NETDEV_*
 * @ptr: notifier data
 *
 * Context: process, RTNL.
 */
void nvnic_dfwd_event(struct net_device *dev, struct net_device *vdev,
		      unsigned long event, void *ptr)
{
	const struct netdev_notifier_pre_changeaddr_info *info = ptr;

	if (event == NETDEV_UNREGISTER)
		nvnic_station_moves(netdev_priv(dev), vdev);
	if (!macvlan_accel_priv(vdev))
		return;

	/* Other events of a macvlan may arrive under the port's instance lock. */
	if (event == NETDEV_PRE_CHANGEADDR &&
	    !ether_addr_equal(info->dev_addr, vdev->dev_addr)) {
		nvnic_dfwd_preaddress(netdev_priv(dev), vdev);
	} else if (event == NETDEV_CHANGEADDR) {
		nvnic_dev_lock(dev);
		nvnic_dfwd_readdress(dev, vdev);
		nvnic_dev_unlock(dev);
	} else if (event == NETDEV_CHANGE &&
		   !macvlan_supports_dest_filter(vdev)) {
		nvnic_dev_lock(dev);
		nvnic_dfwd_remode(dev, vdev);
		nvnic_dev_unlock(dev);
	}
}

/* ---- Changes of the port ---- */

static void nvnic_dfwd_vlan(struct nvnic_net *nn, const struct net_device *upper,
			    bool linking)
{
	int err;

	if (!nn->vmq_used)
		return;

	err = nvnic_vlan_link(nn, upper, linking);
	if (!err)
		return;

	nvnic_refuse(nn->netdev, NULL,
		     "failed to add a rule (%d) for %s, all macvlans fall back to software",
		     err, upper->name);
	nvnic_dev_lock(nn->netdev);
	nvnic_dfwd_release_all(nn);
	nvnic_dev_unlock(nn->netdev);
}

/**
 * nvnic_dfwd_port_event() - handle a change of the port's upper devices, or its removal
 * @nn: port
 * @event: NETDEV_*
 * @ptr: notifier data
 *
 * Context: process, RTNL.
 */
void nvnic_dfwd_port_event(struct nvnic_net *nn, unsigned long event, void *ptr)
{
	const struct netdev_notifier_changeupper_info *info = ptr;

	if (event == NETDEV_UNREGISTER)
		nvnic_station_moves(nn, NULL);
	if (event != NETDEV_CHANGEUPPER)
		return;
	if (netif_is_macvlan(info->upper_dev))
		nvnic_station_link(nn, info->upper_dev, info->linking);
	else if (is_vlan_dev(info->upper_dev))
		nvnic_dfwd_vlan(nn, info->upper_dev, info->linking);
}

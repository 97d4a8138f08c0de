// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: rules that keep frames of the port's VLAN devices off VM queue sets.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The stack gives a tagged frame to a VLAN device before any macvlan, whatever its
 * address. So while sets exist, a rule for each VLAN device stands before those of
 * the sets, and its frames are treated as if no rule matched. If such a rule cannot
 * be inserted, all macvlans work in software.
 */
#include <linux/bitfield.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "nvnic.h"
#include "nvnic_filter.h"
#include "nvnic_vmq.h"

/**
 * struct nvnic_vlan - a rule for a VLAN device
 * @list: in &struct nvnic_net
 * @dev: the VLAN device
 * @loc: location of the rule
 */
struct nvnic_vlan {
	struct list_head list;
	const struct net_device *dev;
	u32 loc;
};

static_assert(NVNIC_VMQ_LOC(0) >= NVNIC_VLAN_RULES);

static int nvnic_vlan_write(struct nvnic_net *nn, const struct nvnic_vlan *vlan)
{
	struct nvnic_filter_match match = {};

	nvnic_filter_add(&match, 1, vlan_dev_vlan_id(vlan->dev), VLAN_VID_MASK);
	nvnic_filter_add(&match, 6, ntohs(vlan_dev_vlan_proto(vlan->dev)),
			 NVNIC_FLT_6_TPID);

	return nvnic_filter_set(nn, NVNIC_FLT_T_VMQ, vlan->loc, &match,
				FIELD_PREP(NVNIC_FLT_ACT_KIND,
					   NVNIC_FLT_ACT_K_CONTEXT), NULL);
}

static int nvnic_vlan_add(struct nvnic_net *nn, const struct net_device *dev)
{
	struct nvnic_vlan *vlan;
	int err;
	u32 loc;

	loc = find_first_zero_bit(nn->vlan_locs, NVNIC_VLAN_RULES);
	if (loc == NVNIC_VLAN_RULES)
		return -ENOSPC;
	vlan = kzalloc(sizeof(*vlan), GFP_KERNEL);
	if (!vlan)
		return -ENOMEM;

	vlan->dev = dev;
	vlan->loc = loc;
	err = nvnic_vlan_write(nn, vlan);
	if (err) {
		kfree(vlan);
		return err;
	}
	__set_bit(loc, nn->vlan_locs);
	list_add(&vlan->list, &nn->vlans);

	return 0;
}

static void nvnic_vlan_remove(struct nvnic_net *nn, struct nvnic_vlan *vlan)
{
	nvnic_filter_remove(nn, NVNIC_FLT_T_VMQ, vlan->loc);
	__clear_bit(vlan->loc, nn->vlan_locs);
	list_del(&vlan->list);
	kfree(vlan);
}

/**
 * nvnic_vlan_add_all() - insert rules for all VLAN devices of a port
 * @nn: port, without such rules
 *
 * Context: process, RTNL.
 *
 * Return: 0; -ENOSPC for more than NVNIC_VLAN_RULES, -ENOMEM, -EIO. On an error no
 * rule is left.
 */
int nvnic_vlan_add_all(struct nvnic_net *nn)
{
	struct net_device *upper;
	struct list_head *iter;
	int err = 0;

	ASSERT_RTNL();

	netdev_for_each_upper_dev_rcu(nn->netdev, upper, iter) {
		if (is_vlan_dev(upper))
			err = nvnic_vlan_add(nn, upper);
		if (err) {
			nvnic_vlan_remove_all(nn);
			break;
		}
	}

	return err;
}

/**
 * nvnic_vlan_remove_all() - remove the rules of all VLAN devices
 * @nn: port
 *
 * Context: process, RTNL.
 */
void nvnic_vlan_remove_all(struct nvnic_net *nn)
{
	struct nvnic_vlan *vlan, *next;

	list_for_each_entry_safe(vlan, next, &nn->vlans, list)
		nvnic_vlan_remove(nn, vlan);
}

/**
 * nvnic_vlan_link() - insert or remove the rule of a VLAN device
 * @nn: port, with VM queue sets
 * @dev: VLAN device
 * @linking: insert
 *
 * Context: process, RTNL.
 *
 * Return: 0, or an error of nvnic_vlan_add_all(), then sets still get its frames.
 */
int nvnic_vlan_link(struct nvnic_net *nn, const struct net_device *dev,
		    bool linking)
{
	struct nvnic_vlan *vlan;

	if (linking)
		return nvnic_vlan_add(nn, dev);

	list_for_each_entry(vlan, &nn->vlans, list) {
		if (vlan->dev != dev)
			continue;
		nvnic_vlan_remove(nn, vlan);
		break;
	}

	return 0;
}

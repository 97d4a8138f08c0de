// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: blocks of flower filters, the port's own and those of tunnels.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A tunnel has no hardware of its own. The core offers its block to all drivers
 * (flow_indr_dev_register()); a port binds the blocks of the NVGRE tunnels in its
 * network namespace that match on the VSID in filters: "external" gretap and
 * ip6gretap. The frames of a tunnel that was moved to another namespace still come
 * from the port's, but the administrator there must not decide what the port does
 * with a VSID that somebody else may use. When a tunnel moves, the core removes its
 * filters. A tunnel that is older than the port, or was created while the port was in
 * another namespace, is not bound: the core would run its callbacks without RTNL.
 *
 * The core announces the filters of a tunnel only once. So the rules outlive a reload
 * of the port: they are parked, and inserted again when the port is back.
 */
#include <linux/bitfield.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/gre.h>
#include <net/ip6_tunnel.h>
#include <net/ip_tunnels.h>
#include <net/pkt_cls.h>

#include "nvnic.h"
#include "nvnic_tc.h"

/* ---- Filters of a block ---- */

static int nvnic_tc_block_cb(enum tc_setup_type type, void *data, void *priv)
{
	struct flow_cls_offload *cls = data;
	struct nvnic_tc_bind *bind = priv;

	if (type != TC_SETUP_CLSFLOWER)
		return -EOPNOTSUPP;

	switch (cls->command) {
	case FLOW_CLS_REPLACE:
		return nvnic_tc_rule_add(bind, cls);
	case FLOW_CLS_DESTROY:
		return nvnic_tc_rule_delete(bind, cls->cookie);
	case FLOW_CLS_STATS:
		return nvnic_tc_rule_stats(bind, cls);
	default:
		return -EOPNOTSUPP;
	}
}

/* ---- The port's own block ---- */

/**
 * nvnic_setup_tc() - ndo_setup_tc
 * @dev: port
 * @type: type of the setup
 * @data: its arguments
 *
 * Context: process, RTNL.
 *
 * Return: 0; -EOPNOTSUPP for anything but ingress blocks; an error of the core.
 */
int nvnic_setup_tc(struct net_device *dev, enum tc_setup_type type, void *data)
{
	const struct flow_block_offload *f = data;
	struct nvnic_net *nn = netdev_priv(dev);

	/* Without a qdisc the caller is nftables, which does not hold RTNL. */
	if (type != TC_SETUP_BLOCK || !f->sch)
		return -EOPNOTSUPP;

	return flow_block_cb_setup_simple(data, &nn->tc->blocks,
					  nvnic_tc_block_cb, nn, &nn->tc->own,
					  true);
}

/* ---- Blocks of tunnels ---- */

/* Network namespace of the underlay of an external NVGRE tunnel */
static struct net *nvnic_tc_tunnel_net(const struct net_device *dev)
{
	const struct ip_tunnel *v4 = netdev_priv(dev);
	const struct ip6_tnl *v6 = netdev_priv(dev);

	if (netif_is_gretap(dev) && v4->collect_md)
		return v4->net;
	if (netif_is_ip6gretap(dev) && v6->parms.collect_md)
		return v6->net;

	return NULL;
}

static void nvnic_tc_release(void *priv)
{
	struct nvnic_tc_bind *bind = priv;

	nvnic_tc_rules_free(bind);
	list_del(&bind->list);
	kfree(bind);
}

/* Are both a tunnel and its underlay in the port's network namespace? */
static bool nvnic_tc_tunnel_here(const struct nvnic_net *nn,
				 const struct net_device *dev)
{
	return nvnic_tc_tunnel_net(dev) == dev_net(nn->netdev) &&
	       dev_net(dev) == dev_net(nn->netdev);
}

static int nvnic_tc_bind(struct nvnic_tc *tc, struct net_device *dev,
			 struct Qdisc *sch, struct flow_block_offload *f,
			 void *data,
			 void (*cleanup)(struct flow_block_cb *block_cb))
{
	struct flow_block_cb *block_cb;
	struct nvnic_tc_bind *bind;

	if (tc->closed || tc->moving || !nvnic_tc_tunnel_here(tc->own.nn, dev))
		return -EOPNOTSUPP;

	ASSERT_RTNL();

	bind = kzalloc(sizeof(*bind), GFP_KERNEL);
	if (!bind)
		return -ENOMEM;
	bind->nn = tc->own.nn;
	bind->tunnel = dev;
	INIT_LIST_HEAD(&bind->rules);

	block_cb = flow_indr_block_cb_alloc(nvnic_tc_block_cb, bind, bind,
					    nvnic_tc_release, f, dev, sch,
					    data, tc, cleanup);
	if (IS_ERR(block_cb)) {
		kfree(bind);
		return PTR_ERR(block_cb);
	}
	list_add(&bind->list, &tc->binds);
	flow_block_cb_add(block_cb, f);
	list_add_tail(&block_cb->driver_list, &tc->blocks);

	return 0;
}

static int nvnic_tc_unbind(struct nvnic_tc *tc, struct net_device *dev,
			   struct flow_block_offload *f)
{
	struct flow_block_cb *block_cb = NULL;
	struct nvnic_tc_bind *bind;

	ASSERT_RTNL();

	list_for_each_entry(bind, &tc->binds, list) {
		if (bind->tunnel != dev)
			continue;
		block_cb = flow_block_cb_lookup(f->block, nvnic_tc_block_cb,
						bind);
		break;
	}
	if (!block_cb)
		return -ENOENT;
	flow_indr_block_cb_remove(block_cb, f);
	list_del(&block_cb->driver_list);

	return 0;
}

static int nvnic_tc_indr_cb(struct net_device *dev, struct Qdisc *sch,
			    void *priv, enum tc_setup_type type, void *type_data,
			    void *data,
			    void (*cleanup)(struct flow_block_cb *block_cb))
{
	struct flow_block_offload *f = type_data;

	if (!dev || !sch || type != TC_SETUP_BLOCK ||
	    f->binder_type != FLOW_BLOCK_BINDER_TYPE_CLSACT_INGRESS)
		return -EOPNOTSUPP;

	switch (f->command) {
	case FLOW_BLOCK_BIND:
		return nvnic_tc_bind(priv, dev, sch, f, data, cleanup);
	case FLOW_BLOCK_UNBIND:
		return nvnic_tc_unbind(priv, dev, f);
	default:
		return -EOPNOTSUPP;
	}
}

/* ---- The port leaves its network namespace ---- */

/**
 * nvnic_tc_forget() - unbind all tunnels, their filters stay in software
 * @tc: flower filters of a port that does not bind tunnels now
 *
 * Context: process, without RTNL: flow_indr_dev_unregister() takes it, and
 * flow_indr_dev_register() must be called without it.
 */
void nvnic_tc_forget(struct nvnic_tc *tc)
{
	flow_indr_dev_unregister(nvnic_tc_indr_cb, tc, nvnic_tc_release);
	if (flow_indr_dev_register(nvnic_tc_indr_cb, tc))
		pr_warn("nvnic: out of memory, tunnel filters stay in software\n");
}

static void nvnic_tc_work(struct work_struct *work)
{
	struct nvnic_tc *tc = container_of(work, struct nvnic_tc, work);

	nvnic_tc_forget(tc);
	rtnl_lock();
	tc->moving = false;
	rtnl_unlock();
}

/* Remove the tunnels' rules from the device; the work item unbinds the blocks. */
static void nvnic_tc_let_go(struct nvnic_tc *tc)
{
	struct nvnic_tc_bind *bind;

	list_for_each_entry(bind, &tc->binds, list) {
		bind->gone = true;
		nvnic_tc_rules_park(bind);
	}
	tc->moving = true;
	schedule_work(&tc->work);
}

/**
 * nvnic_tc_leave() - give up all tunnels, as the port leaves its network namespace
 * @nn: port
 *
 * Context: process, RTNL.
 */
void nvnic_tc_leave(struct nvnic_net *nn)
{
	if (!nn->tc->closed && !list_empty(&nn->tc->binds))
		nvnic_tc_let_go(nn->tc);
}

/* ---- Port creation and removal ---- */

/**
 * nvnic_tc_busy() - check for offloaded flower filters
 * @nn: port
 *
 * Context: process, RTNL.
 *
 * Return: true if the device has any.
 */
bool nvnic_tc_busy(const struct nvnic_net *nn)
{
	return nn->tc->nrules;
}

/**
 * nvnic_tc_check_queues() - check the filters against a new number of queues
 * @nn: port
 * @queues: new number of queues
 *
 * Context: process, RTNL.
 *
 * Return: 0, or -EINVAL if a filter uses a queue that would go.
 */
int nvnic_tc_check_queues(struct nvnic_net *nn, u32 queues)
{
	u64 action, queue;
	u32 i;

	for (i = 0; i < NVNIC_FILTER_ENTRIES; i++) {
		action = nn->tc->rule[i] ? nn->tc->rule[i]->action : 0;
		queue = FIELD_GET(NVNIC_FLT_ACT_QUEUE, action);
		if (queue < queues)
			continue;
		nvnic_refuse(nn->netdev, NULL,
			     "a tc filter uses queue %llu", queue);
		return -EINVAL;
	}

	return 0;
}

/**
 * nvnic_tc_attach() - attach the flower filters to a new port
 * @nn: port, not registered yet
 * @tc: flower filters of the port, the rules of tunnels parked
 *
 * Context: process, without RTNL.
 */
void nvnic_tc_attach(struct nvnic_net *nn, struct nvnic_tc *tc)
{
	nn->tc = tc;
	tc->own.nn = nn;
}

/**
 * nvnic_tc_open() - insert the parked rules again, start to bind tunnels
 * @nn: port, registered
 *
 * If one rule cannot be inserted, all tunnels are unbound: the core cannot be told
 * of a single filter.
 *
 * Context: process, without RTNL.
 */
void nvnic_tc_open(struct nvnic_net *nn)
{
	struct nvnic_tc *tc = nn->tc;
	struct nvnic_tc_bind *bind;
	bool fits = true;

	rtnl_lock();
	tc->closed = false;
	list_for_each_entry(bind, &tc->binds, list) {
		bind->nn = nn;
		fits = fits && !bind->gone &&
		       nvnic_tc_tunnel_here(nn, bind->tunnel) &&
		       !nvnic_tc_rules_unpark(bind);
	}
	if (!fits)
		nvnic_tc_let_go(tc);
	rtnl_unlock();
}

/**
 * nvnic_tc_close() - park the rules of tunnels
 * @nn: port, registered or no longer so
 *
 * Context: process, without RTNL.
 */
void nvnic_tc_close(struct nvnic_net *nn)
{
	struct nvnic_tc *tc = nn->tc;
	struct nvnic_tc_bind *bind;

	rtnl_lock();
	tc->closed = true;
	list_for_each_entry(bind, &tc->binds, list) {
		nvnic_tc_rules_park(bind);
		bind->nn = NULL;
	}
	rtnl_unlock();
	cancel_work_sync(&tc->work);
}

/**
 * nvnic_tc_create() - allocate the flower filters of a port
 *
 * Context: process, without RTNL.
 *
 * Return: the filters, or ERR_PTR(-ENOMEM).
 */
struct nvnic_tc *nvnic_tc_create(void)
{
	struct nvnic_tc *tc;
	int err;

	tc = kvzalloc(sizeof(*tc), GFP_KERNEL);
	if (!tc)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&tc->own.rules);
	INIT_LIST_HEAD(&tc->binds);
	INIT_LIST_HEAD(&tc->blocks);
	INIT_WORK(&tc->work, nvnic_tc_work);
	tc->closed = true;

	err = flow_indr_dev_register(nvnic_tc_indr_cb, tc);
	if (err) {
		kvfree(tc);
		return ERR_PTR(err);
	}

	return tc;
}

/**
 * nvnic_tc_destroy() - undo nvnic_tc_create()
 * @tc: flower filters of a port that is gone
 *
 * Context: process, without RTNL.
 */
void nvnic_tc_destroy(struct nvnic_tc *tc)
{
	flow_indr_dev_unregister(nvnic_tc_indr_cb, tc, nvnic_tc_release);
	kvfree(tc);
}

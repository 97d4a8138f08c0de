// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: blocks of flower filters, the port's own and those of tunnels.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A tunnel has no hardware of its own. Its block is offered to all drivers
 * (flow_indr_dev_register()); a port takes those of the NVGRE tunnels in its
 * network namespace that get the VSID from the filter: gretap and ip6gretap,
 * "external". The frames of one that was moved elsewhere still come from here, but
 * who is there has no say in what the port does with a VSID, which may be that of
 * others. When a tunnel moves, the core takes its filters away. One that is older
 * than the port, or came while the port was elsewhere, is not taken: the core would
 * run its callbacks without RTNL.
 *
 * The core tells of a tunnel's filters once. So what it has told outlives a reload of
 * the port: rules are parked, and put into the device again when the port is back.
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
 * @type: what is to be set up
 * @data: how
 *
 * Context: process, RTNL.
 *
 * Return: 0; -EOPNOTSUPP for all but blocks of ingress; what the core returns.
 */
int nvnic_setup_tc(struct net_device *dev, enum tc_setup_type type, void *data)
{
	const struct flow_block_offload *f = data;
	struct nvnic_net *nn = netdev_priv(dev);

	/* Without a qdisc it is nftables, which comes without RTNL. */
	if (type != TC_SETUP_BLOCK || !f->sch)
		return -EOPNOTSUPP;

	return flow_block_cb_setup_simple(data, &nn->tc->blocks,
					  nvnic_tc_block_cb, nn, &nn->tc->own,
					  true);
}

/* ---- Blocks of tunnels ---- */

/* The network namespace that an external NVGRE tunnel's frames come from */
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

/* Are a tunnel, and its frames, in the port's network namespace? */
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
 * nvnic_tc_forget() - filters of all tunnels that there are go to software
 * @tc: flower filters of a port that no tunnel can come to now
 *
 * Context: process, without RTNL: to unbind takes it, and to come back must not be
 * with it held.
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

/* The tunnels' filters are the stack's again; the work tells it so. */
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
 * nvnic_tc_leave() - the port leaves its network namespace
 * @nn: port
 *
 * Context: process, RTNL.
 */
void nvnic_tc_leave(struct nvnic_net *nn)
{
	if (!nn->tc->closed && !list_empty(&nn->tc->binds))
		nvnic_tc_let_go(nn->tc);
}

/* ---- The port comes and goes ---- */

/**
 * nvnic_tc_busy() - are there flower filters in the device?
 * @nn: port
 *
 * Context: process, RTNL.
 *
 * Return: true if there are.
 */
bool nvnic_tc_busy(const struct nvnic_net *nn)
{
	return nn->tc->nrules;
}

/**
 * nvnic_tc_check_queues() - do the filters allow this number of queues?
 * @nn: port
 * @queues: number of queues that there will be
 *
 * Context: process, RTNL.
 *
 * Return: 0, or -EINVAL when one leads to a queue that would go.
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
 * nvnic_tc_attach() - a port comes
 * @nn: port, not registered yet
 * @tc: its flower filters, those of tunnels parked
 *
 * Context: process, without RTNL.
 */
void nvnic_tc_attach(struct nvnic_net *nn, struct nvnic_tc *tc)
{
	nn->tc = tc;
	tc->own.nn = nn;
}

/**
 * nvnic_tc_open() - take tunnels, and put their filters into the device again
 * @nn: port, registered
 *
 * Should one not fit, all go to software: the core knows nothing in between.
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
 * nvnic_tc_close() - park the filters of tunnels
 * @nn: port, registered or not any more
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
 * nvnic_tc_create() - flower filters of a port that is to come
 *
 * Context: process, without RTNL.
 *
 * Return: them, or ERR_PTR(-ENOMEM).
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
 * @tc: flower filters of a port that has gone
 *
 * Context: process, without RTNL.
 */
void nvnic_tc_destroy(struct nvnic_tc *tc)
{
	flow_indr_dev_unregister(nvnic_tc_indr_cb, tc, nvnic_tc_release);
	kvfree(tc);
}

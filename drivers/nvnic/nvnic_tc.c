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

static int nvnic_tc_bind(struct nvnic_net *nn, struct net_device *dev,
			 struct Qdisc *sch, struct flow_block_offload *f,
			 void *data,
			 void (*cleanup)(struct flow_block_cb *block_cb))
{
	struct flow_block_cb *block_cb;
	struct nvnic_tc_bind *bind;

	if (nn->tc->moving || nn->netdev->reg_state != NETREG_REGISTERED ||
	    nvnic_tc_tunnel_net(dev) != dev_net(nn->netdev) ||
	    dev_net(dev) != dev_net(nn->netdev))
		return -EOPNOTSUPP;

	ASSERT_RTNL();

	bind = kzalloc(sizeof(*bind), GFP_KERNEL);
	if (!bind)
		return -ENOMEM;
	bind->nn = nn;
	bind->tunnel = dev;
	INIT_LIST_HEAD(&bind->rules);

	block_cb = flow_indr_block_cb_alloc(nvnic_tc_block_cb, bind, bind,
					    nvnic_tc_release, f, dev, sch,
					    data, nn, cleanup);
	if (IS_ERR(block_cb)) {
		kfree(bind);
		return PTR_ERR(block_cb);
	}
	list_add(&bind->list, &nn->tc->binds);
	flow_block_cb_add(block_cb, f);
	list_add_tail(&block_cb->driver_list, &nn->tc->blocks);

	return 0;
}

static int nvnic_tc_unbind(struct nvnic_net *nn, struct net_device *dev,
			   struct flow_block_offload *f)
{
	struct flow_block_cb *block_cb = NULL;
	struct nvnic_tc_bind *bind;

	ASSERT_RTNL();

	list_for_each_entry(bind, &nn->tc->binds, list) {
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

/* To unbind takes RTNL, and to come back must not be with it held. */
static void nvnic_tc_work(struct work_struct *work)
{
	struct nvnic_tc *tc = container_of(work, struct nvnic_tc, work);
	struct nvnic_net *nn = tc->own.nn;

	flow_indr_dev_unregister(nvnic_tc_indr_cb, nn, nvnic_tc_release);
	if (flow_indr_dev_register(nvnic_tc_indr_cb, nn))
		netdev_warn(nn->netdev, "filters of tunnels stay in software: out of memory\n");

	rtnl_lock();
	tc->moving = false;
	rtnl_unlock();
}

/**
 * nvnic_tc_leave() - the port leaves its network namespace
 * @nn: port
 *
 * Context: process, RTNL.
 */
void nvnic_tc_leave(struct nvnic_net *nn)
{
	struct nvnic_tc *tc = nn->tc;
	struct nvnic_tc_bind *bind;

	if (tc->closing || list_empty(&tc->binds))
		return;

	list_for_each_entry(bind, &tc->binds, list) {
		bind->gone = true;
		nvnic_tc_rules_park(bind);
	}
	tc->moving = true;
	schedule_work(&tc->work);
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
			     "a tc filter leads to queue %llu", queue);
		return -EINVAL;
	}

	return 0;
}

/**
 * nvnic_tc_init() - set up, and remove what another driver has left
 * @nn: port, not registered yet
 *
 * Context: process, without RTNL.
 *
 * Return: 0, or -ENOMEM.
 */
int nvnic_tc_init(struct nvnic_net *nn)
{
	struct nvnic_tc *tc;
	int err;

	tc = kvzalloc(sizeof(*tc), GFP_KERNEL);
	if (!tc)
		return -ENOMEM;
	INIT_LIST_HEAD(&tc->own.rules);
	INIT_LIST_HEAD(&tc->binds);
	INIT_LIST_HEAD(&tc->blocks);
	INIT_WORK(&tc->work, nvnic_tc_work);
	tc->own.nn = nn;
	nn->tc = tc;
	nvnic_filter_clear(nn, NVNIC_FLT_T_TC);

	err = flow_indr_dev_register(nvnic_tc_indr_cb, nn);
	if (err)
		nvnic_tc_exit(nn);

	return err;
}

/**
 * nvnic_tc_close() - let go of the tunnels
 * @nn: port, registered or not any more
 *
 * Context: process, without RTNL.
 */
void nvnic_tc_close(struct nvnic_net *nn)
{
	rtnl_lock();
	nn->tc->closing = true;
	rtnl_unlock();
	cancel_work_sync(&nn->tc->work);
	flow_indr_dev_unregister(nvnic_tc_indr_cb, nn, nvnic_tc_release);
}

/**
 * nvnic_tc_exit() - undo nvnic_tc_init(), after nvnic_tc_close()
 * @nn: port, not registered any more, which took its own block's filters
 *
 * Context: process.
 */
void nvnic_tc_exit(struct nvnic_net *nn)
{
	kvfree(nn->tc);
	nn->tc = NULL;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: flower filters of tc that the device executes.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVNIC_TC_H
#define NVNIC_TC_H

#include <linux/list.h>
#include <linux/workqueue.h>
#include <net/flow_offload.h>

#include "nvnic_filter.h"

struct nvnic_net;

/**
 * struct nvnic_tc_bind - a block of filters that is offered to the port
 * @nn: port; NULL during a reload
 * @tunnel: tunnel that the block is bound to, or NULL for the port itself
 * @rules: rules of the block, &struct nvnic_tc_rule
 * @gone: port and tunnel are no longer in the same network namespace
 * @list: in &struct nvnic_tc
 */
struct nvnic_tc_bind {
	struct nvnic_net *nn;
	struct net_device *tunnel;
	struct list_head rules;
	bool gone;
	struct list_head list;
};

/* Location of a rule that is not in the device */
#define NVNIC_TC_NOWHERE	NVNIC_FILTER_ENTRIES

/**
 * struct nvnic_tc_rule - a flower filter
 * @list: in &struct nvnic_tc_bind
 * @cookie: cookie of the filter in tc
 * @order: rank, lowest first: priority, then age of the mask within that priority.
 *	Rules of the same rank do not overlap
 * @match: match in the device's format
 * @action: NVNIC_FLT_ACT_*
 * @loc: location in the device, or NVNIC_TC_NOWHERE
 * @seen: counters of the location when they were last read
 * @untold: counted, but not reported to tc yet
 * @lastused: jiffies of the last report with a change
 */
struct nvnic_tc_rule {
	struct list_head list;
	unsigned long cookie;
	u64 order;
	struct nvnic_filter_match match;
	u64 action;
	u32 loc;
	struct nvnic_filter_count seen;
	struct nvnic_filter_count untold;
	unsigned long lastused;
};

/**
 * struct nvnic_tc - flower filters of a port; under RTNL, outlive a reload
 * @own: the port's own block
 * @binds: blocks of tunnels, &struct nvnic_tc_bind
 * @blocks: callbacks of all blocks, for the core
 * @work: unbinds the tunnels of a network namespace that the port has left
 * @moving: @work has not finished
 * @closed: the port does not exist, or is going away
 * @rule: rules in the device, by location
 * @nrules: number of rules in the device
 */
struct nvnic_tc {
	struct nvnic_tc_bind own;
	struct list_head binds;
	struct list_head blocks;
	struct work_struct work;
	bool moving;
	bool closed;
	struct nvnic_tc_rule *rule[NVNIC_FILTER_ENTRIES];
	u32 nrules;
};

/* nvnic_tc_match.c */
int nvnic_tc_match(const struct nvnic_tc_bind *bind,
		   struct flow_cls_offload *cls, struct nvnic_filter_match *m);
int nvnic_tc_action(struct nvnic_net *nn, struct flow_cls_offload *cls,
		    u64 *action);

/* nvnic_tc_rule.c */
int nvnic_tc_rule_add(struct nvnic_tc_bind *bind, struct flow_cls_offload *cls);
int nvnic_tc_rule_delete(struct nvnic_tc_bind *bind, unsigned long cookie);
int nvnic_tc_rule_stats(struct nvnic_tc_bind *bind,
			struct flow_cls_offload *cls);
void nvnic_tc_rules_park(struct nvnic_tc_bind *bind);
int nvnic_tc_rules_unpark(struct nvnic_tc_bind *bind);
void nvnic_tc_rules_free(struct nvnic_tc_bind *bind);

#endif /* NVNIC_TC_H */

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
 * @nn: port; NULL while it is reloaded
 * @tunnel: the tunnel that it hangs on, NULL: the port itself
 * @rules: its rules, &struct nvnic_tc_rule
 * @gone: port and tunnel are not in one network namespace any more
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
 * @cookie: its name in tc
 * @order: rank, lowest first: priority, then which mask of that priority
 *	came first. Rules of one rank do not overlap
 * @match: what it looks at
 * @action: NVNIC_FLT_ACT_*
 * @loc: location in the device, or NVNIC_TC_NOWHERE
 * @seen: what the location had counted when tc was told last
 * @untold: counted at locations before this one, and not told yet
 * @lastused: jiffies when a change of the counters was seen
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
 * struct nvnic_tc - flower filters of a port; RTNL. Outlives a reload
 * @own: the port's own block
 * @binds: blocks of tunnels, &struct nvnic_tc_bind
 * @blocks: callbacks of all of them, as the core has them
 * @work: unbinds the tunnels of a network namespace that the port has left
 * @moving: until it has done so
 * @closed: there is no port, or it goes away
 * @rule: rules in the device, by location
 * @nrules: how many
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

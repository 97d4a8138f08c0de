// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: flower filters in the device's table.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Of all matching rules the device takes the one at the lowest location. tc takes
 * the filter with the lowest priority value, of these the one whose mask was added
 * first. So locations follow the order of tc, with gaps; where there is no gap, the
 * rules up to the next one are moved.
 */
#include <linux/bitfield.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/pkt_cls.h>

#include "nvnic.h"
#include "nvnic_tc.h"

/* ---- The device ---- */

static void nvnic_tc_count(struct nvnic_net *nn, u32 loc,
			   struct nvnic_filter_count *count)
{
	nvnic_filter_counters(nn, NVNIC_FLT_T_TC, loc, count);
}

/* Add what the location has counted since the last call to rule->untold. */
static void nvnic_tc_collect(struct nvnic_net *nn, struct nvnic_tc_rule *rule)
{
	struct nvnic_filter_count now;

	nvnic_tc_count(nn, rule->loc, &now);
	rule->untold.frames += now.frames - rule->seen.frames;
	rule->untold.bytes += now.bytes - rule->seen.bytes;
	rule->seen = now;
}

static int nvnic_tc_put(struct nvnic_net *nn, struct nvnic_tc_rule *rule,
			u32 loc, struct netlink_ext_ack *extack)
{
	struct nvnic_filter_count count;
	int err;

	nvnic_tc_count(nn, loc, &count);
	err = nvnic_filter_set(nn, NVNIC_FLT_T_TC, loc, &rule->match,
			       rule->action, extack);
	if (err)
		return err;

	rule->seen = count;
	rule->loc = loc;
	nn->tc->rule[loc] = rule;
	nn->tc->nrules++;

	return 0;
}

static void nvnic_tc_take_out(struct nvnic_net *nn, u32 loc)
{
	nvnic_filter_remove(nn, NVNIC_FLT_T_TC, loc);
	nn->tc->rule[loc] = NULL;
	nn->tc->nrules--;
}

/* Insert at the new location before removing the old one; a duplicate is harmless. */
static int nvnic_tc_move(struct nvnic_net *nn, u32 from, u32 to)
{
	struct nvnic_tc_rule *rule = nn->tc->rule[from];
	struct nvnic_tc_rule old = *rule;
	int err;

	err = nvnic_tc_put(nn, rule, to, NULL);
	if (err)
		return err;
	nvnic_tc_take_out(nn, from);
	nvnic_tc_collect(nn, &old);
	rule->untold = old.untold;

	return 0;
}

/* ---- Locations ---- */

static u64 nvnic_tc_order(const struct nvnic_tc *tc, u32 prio,
			  const struct nvnic_filter_match *match)
{
	const struct nvnic_tc_rule *rule;
	u64 order = (u64)prio << 32;
	u32 i;

	for (i = 0; i < NVNIC_FILTER_ENTRIES; i++) {
		rule = tc->rule[i];
		if (!rule || rule->order >> 32 != prio)
			continue;
		if (!memcmp(rule->match.mask, match->mask, sizeof(match->mask)))
			return rule->order;
		order = rule->order + 1;
	}

	return order;
}

/* Find the next free location in steps of @step; returns @end if there is none. */
static int nvnic_tc_free_loc(const struct nvnic_tc *tc, int from, int end,
			     int step)
{
	while (from != end && tc->rule[from])
		from += step;

	return from;
}

/* Make room between the rules at @below and @above, which are adjacent. */
static int nvnic_tc_shift(struct nvnic_net *nn, int below, int above)
{
	const int end = NVNIC_FILTER_ENTRIES;
	int up, down, err = 0;

	up = nvnic_tc_free_loc(nn->tc, above, end, 1);
	down = nvnic_tc_free_loc(nn->tc, below, -1, -1);
	if (up == end && down == -1)
		return -ENOSPC;

	if (down == -1 || (up != end && up - above <= below - down)) {
		for (; !err && up > above; up--)
			err = nvnic_tc_move(nn, up - 1, up);
		return err ?: above;
	}
	for (; !err && down < below; down++)
		err = nvnic_tc_move(nn, down + 1, down);

	return err ?: below;
}

/* Find a free location behind all rules of lower order and before those of higher. */
static int nvnic_tc_find_loc(struct nvnic_net *nn, u64 order)
{
	int below = -1, above = NVNIC_FILTER_ENTRIES;
	const struct nvnic_tc *tc = nn->tc;
	int i, middle;

	for (i = 0; i < NVNIC_FILTER_ENTRIES; i++) {
		if (!tc->rule[i])
			continue;
		if (tc->rule[i]->order < order) {
			below = i;
		} else if (tc->rule[i]->order > order) {
			above = i;
			break;
		}
	}

	middle = below + (above - below) / 2;
	if (middle > below) {
		i = nvnic_tc_free_loc(tc, middle, above, 1);
		if (i != above)
			return i;
		i = nvnic_tc_free_loc(tc, middle, below, -1);
		if (i != below)
			return i;
	}

	return nvnic_tc_shift(nn, below, above);
}

/* ---- Commands of flower ---- */

static struct nvnic_tc_rule *nvnic_tc_rule_find(struct nvnic_tc_bind *bind,
						unsigned long cookie)
{
	struct nvnic_tc_rule *rule;

	list_for_each_entry(rule, &bind->rules, list)
		if (rule->cookie == cookie)
			return rule;

	return NULL;
}

static int nvnic_tc_rule_insert(struct nvnic_net *nn,
				struct nvnic_tc_rule *rule,
				struct flow_cls_offload *cls)
{
	int loc;

	rule->order = nvnic_tc_order(nn->tc, cls->common.prio, &rule->match);
	loc = nvnic_tc_find_loc(nn, rule->order);
	if (loc == -ENOSPC)
		NL_SET_ERR_MSG_FMT_MOD(cls->common.extack,
				       "rule table is full, at most %u rules",
				       NVNIC_FILTER_ENTRIES);
	if (loc < 0)
		return loc;

	return nvnic_tc_put(nn, rule, loc, cls->common.extack);
}

/**
 * nvnic_tc_rule_add() - FLOW_CLS_REPLACE: insert the rule of a filter
 * @bind: its block
 * @cls: the filter
 *
 * Context: process, RTNL.
 *
 * Return: 0; -EOPNOTSUPP if hw-tc-offload is off or the device cannot execute the
 * filter; -EINVAL for a queue out of range; -ENOSPC for too many rules or too many
 * different masks; -ENOMEM. On an error the rules are unchanged.
 */
int nvnic_tc_rule_add(struct nvnic_tc_bind *bind, struct flow_cls_offload *cls)
{
	struct nvnic_net *nn = bind->nn;
	struct nvnic_tc_rule *rule;
	int err;

	ASSERT_RTNL();

	if (!nn || !tc_cls_can_offload_and_chain0(nn->netdev, &cls->common))
		return -EOPNOTSUPP;
	if (bind->gone) {
		NL_SET_ERR_MSG_MOD(cls->common.extack,
				   "port is not in the tunnel's network namespace");
		return -EOPNOTSUPP;
	}

	rule = kzalloc(sizeof(*rule), GFP_KERNEL);
	if (!rule)
		return -ENOMEM;

	rule->cookie = cls->cookie;
	rule->lastused = jiffies;
	err = nvnic_tc_match(bind, cls, &rule->match);
	if (!err)
		err = nvnic_tc_action(nn, cls, &rule->action);
	if (!err)
		err = nvnic_tc_rule_insert(nn, rule, cls);
	if (err) {
		kfree(rule);
		return err;
	}
	list_add(&rule->list, &bind->rules);

	return 0;
}

static void nvnic_tc_rule_park(struct nvnic_net *nn, struct nvnic_tc_rule *rule)
{
	if (rule->loc == NVNIC_TC_NOWHERE)
		return;
	nvnic_tc_take_out(nn, rule->loc);
	nvnic_tc_collect(nn, rule);
	rule->loc = NVNIC_TC_NOWHERE;
}

/**
 * nvnic_tc_rule_delete() - FLOW_CLS_DESTROY: remove the rule of a filter
 * @bind: block of the filter
 * @cookie: cookie of the filter
 *
 * Context: process, RTNL.
 *
 * Return: 0, or -ENOENT.
 */
int nvnic_tc_rule_delete(struct nvnic_tc_bind *bind, unsigned long cookie)
{
	struct nvnic_tc_rule *rule = nvnic_tc_rule_find(bind, cookie);

	ASSERT_RTNL();

	if (!rule)
		return -ENOENT;
	nvnic_tc_rule_park(bind->nn, rule);
	list_del(&rule->list);
	kfree(rule);

	return 0;
}

/**
 * nvnic_tc_rule_stats() - FLOW_CLS_STATS: read the counters of a filter
 * @bind: block of the filter
 * @cls: the filter; receives what was counted since the last call
 *
 * Context: process, RTNL.
 *
 * Return: 0, or -ENOENT.
 */
int nvnic_tc_rule_stats(struct nvnic_tc_bind *bind,
			struct flow_cls_offload *cls)
{
	struct nvnic_tc_rule *rule = nvnic_tc_rule_find(bind, cls->cookie);

	ASSERT_RTNL();

	if (!rule)
		return -ENOENT;
	if (rule->loc != NVNIC_TC_NOWHERE)
		nvnic_tc_collect(bind->nn, rule);
	if (rule->untold.frames)
		rule->lastused = jiffies;
	flow_stats_update(&cls->stats, rule->untold.bytes, rule->untold.frames,
			  0, rule->lastused, FLOW_ACTION_HW_STATS_IMMEDIATE);
	memset(&rule->untold, 0, sizeof(rule->untold));

	return 0;
}

/**
 * nvnic_tc_rules_park() - remove a block's rules from the device, keep them in memory
 * @bind: the block; tc keeps its filters
 *
 * Context: process, RTNL.
 */
void nvnic_tc_rules_park(struct nvnic_tc_bind *bind)
{
	struct nvnic_tc_rule *rule;

	list_for_each_entry(rule, &bind->rules, list)
		nvnic_tc_rule_park(bind->nn, rule);
}

/* Do the queue and the RSS context of an action exist? */
static bool nvnic_tc_rule_leads(const struct nvnic_net *nn, u64 action)
{
	u32 ctx = FIELD_GET(NVNIC_FLT_ACT_CONTEXT, action);

	return FIELD_GET(NVNIC_FLT_ACT_QUEUE, action) < nn->cfg.num &&
	       (!ctx || nn->ctx[ctx]);
}

/**
 * nvnic_tc_rules_unpark() - insert a block's parked rules into the device again
 * @bind: the block; its rules keep their order among themselves and among those of
 *	other blocks
 *
 * Context: process, RTNL.
 *
 * Return: 0; -ENOENT if the queue or context of a rule is gone; -ENOSPC, -ENOMEM,
 * -EIO.
 */
int nvnic_tc_rules_unpark(struct nvnic_tc_bind *bind)
{
	struct nvnic_net *nn = bind->nn;
	struct nvnic_tc_rule *rule;
	int loc, err = 0;

	list_for_each_entry(rule, &bind->rules, list) {
		if (!nvnic_tc_rule_leads(nn, rule->action))
			return -ENOENT;
		loc = nvnic_tc_find_loc(nn, rule->order);
		err = loc < 0 ? loc : nvnic_tc_put(nn, rule, loc, NULL);
		if (err)
			break;
	}

	return err;
}

/**
 * nvnic_tc_rules_free() - free a block's rules
 * @bind: the block
 *
 * Context: process, RTNL.
 */
void nvnic_tc_rules_free(struct nvnic_tc_bind *bind)
{
	struct nvnic_tc_rule *rule, *next;

	list_for_each_entry_safe(rule, next, &bind->rules, list)
		nvnic_tc_rule_delete(bind, rule->cookie);
}

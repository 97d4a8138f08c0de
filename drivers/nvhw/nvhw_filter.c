// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: filter rules.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Each table has two copies. Receivers match against the live one. A change goes to
 * the spare one, nvhw_filter_swap() makes it live and waits for a grace period, then
 * the change is repeated in the other one. Receivers take no lock and never see half
 * of a change.
 */
#include <linux/bitfield.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "nvhw.h"
#include "nvhw_reg.h"

static_assert(NVNIC_FLT_WORDS == NVPE_FILTER_WORDS);
static_assert(NVNIC_FILTER_SHAPES == NVPE_FILTER_SHAPES);
static_assert(NVNIC_FILTER_ENTRIES <= NVPE_FILTER_MAX);
static_assert(NVNIC_FLT_0_DST == NVPE_FILTER_0_DST);
static_assert(NVNIC_FLT_0_TYPE == NVPE_FILTER_0_TYPE);
static_assert(NVNIC_FLT_1_SRC == NVPE_FILTER_1_SRC);
static_assert(NVNIC_FLT_1_TCI == NVPE_FILTER_1_TCI);
static_assert(NVNIC_FLT_IP_SRC == NVPE_FILTER_IP_SRC);
static_assert(NVNIC_FLT_IP_DST == NVPE_FILTER_IP_DST);
static_assert(NVNIC_FLT_6_L4 == NVPE_FILTER_6_L4);
static_assert(NVNIC_FLT_6_TOS == NVPE_FILTER_6_TOS);
static_assert(NVNIC_FLT_6_PROTO == NVPE_FILTER_6_PROTO);
static_assert(NVNIC_FLT_6_TPID == NVPE_FILTER_6_TPID);
static_assert(NVNIC_FLT_7_VSID == NVPE_FILTER_7_VSID);
static_assert(NVNIC_FLT_7_VLAN == NVPE_FILTER_7_VLAN);
static_assert(NVNIC_FLT_7_IP4 == NVPE_FILTER_7_IP4);
static_assert(NVNIC_FLT_7_IP6 == NVPE_FILTER_7_IP6);
static_assert(NVNIC_FLT_7_L4 == NVPE_FILTER_7_L4);
static_assert(NVNIC_FLT_7_NVGRE == NVPE_FILTER_7_NVGRE);
static_assert(NVNIC_FLT_7_MASK == NVPE_FILTER_7_MASK);

/**
 * struct nvhw_filter - a table of filter rules; under the port's lock
 * @view: its two copies
 * @live: index of the copy that receivers use
 * @count: number of rules
 * @base: counters of each location when its rule was set
 */
struct nvhw_filter {
	struct nvhw_rules view[2];
	struct nvhw_rule_cnt *base;
	unsigned int live;
	unsigned int count;
};

static void nvhw_filter_free(struct nvhw_filter *f)
{
	unsigned int i;

	kvfree(f->base);
	kvfree(f->view[0].cnt);
	for (i = 0; i < ARRAY_SIZE(f->view); i++) {
		kvfree(f->view[i].ids);
		kvfree(f->view[i].table);
	}
	kfree(f);
}

static void nvhw_filter_empty(struct nvhw_rules *view)
{
	nvpe_filter_init(view->table, NVNIC_FILTER_ENTRIES);
	nvpe_filter_init(view->ids, NVNIC_FILTER_ENTRIES);
	view->nids = 0;
}

static struct nvhw_filter *nvhw_filter_alloc(void)
{
	size_t size = nvpe_filter_size(NVNIC_FILTER_ENTRIES);
	struct nvhw_filter *f = kzalloc(sizeof(*f), GFP_KERNEL);
	struct nvhw_rule_cnt *cnt;
	unsigned int i;

	if (!f)
		return NULL;
	cnt = kvcalloc(nr_cpu_ids, NVNIC_FILTER_ENTRIES * sizeof(*cnt),
		       GFP_KERNEL);
	f->base = kvcalloc(NVNIC_FILTER_ENTRIES, sizeof(*f->base), GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(f->view); i++) {
		f->view[i].cnt = cnt;
		f->view[i].table = kvmalloc(size, GFP_KERNEL);
		f->view[i].ids = kvmalloc(size, GFP_KERNEL);
		if (!cnt || !f->base || !f->view[i].table || !f->view[i].ids) {
			nvhw_filter_free(f);
			return NULL;
		}
		nvhw_filter_empty(&f->view[i]);
	}
	return f;
}

static struct nvhw_rules *nvhw_filter_spare(struct nvhw_filter *f)
{
	return &f->view[!f->live];
}

/* Remove the inner address and VSID of a rule from view->ids. */
static void nvhw_filter_forget_id(struct nvhw_rules *view, u32 loc)
{
	if (!nvpe_filter_remove(view->ids, loc))
		view->nids--;
}

static void nvhw_filter_take(struct nvhw_rules *view, u32 loc)
{
	nvhw_filter_forget_id(view, loc);
	nvpe_filter_remove(view->table, loc);
}

static int nvhw_filter_put(struct nvhw_rules *view, u32 loc,
			   const struct nvpe_filter_rule *rule)
{
	struct nvpe_filter_rule id = { .key = rule->key };
	int err = nvpe_filter_set(view->table, loc, rule);

	if (err)
		return err;
	nvhw_filter_forget_id(view, loc);
	id.mask.w[0] = rule->mask.w[0] & NVNIC_FLT_0_DST;
	id.mask.w[7] = rule->mask.w[7] & NVNIC_FLT_7_VSID;
	/* Cannot run out of shapes: ids have fewer than the rules. */
	if (id.mask.w[7] && !nvpe_filter_set(view->ids, loc, &id))
		view->nids++;
	return 0;
}

/* Make the spare copy live; returns when no receiver uses the other one. */
static void nvhw_filter_swap(struct nvhw_port *port, enum nvnic_flt_table table)
{
	struct nvhw_filter *f = port->filter[table];

	lockdep_assert_held(&port->lock);
	f->live = !f->live;
	rcu_assign_pointer(port->rules[table],
			   f->count ? &f->view[f->live] : NULL);
	synchronize_rcu_expedited();
}

/* Count a rule with this action in (@diff 1) or out (-1). */
static void nvhw_filter_account(struct nvhw_port *port,
				enum nvnic_flt_table table, u64 action,
				int diff)
{
	unsigned int kind = FIELD_GET(NVNIC_FLT_ACT_KIND, action);
	unsigned int set = FIELD_GET(NVNIC_FLT_ACT_QUEUE, action);

	port->filter[table]->count += diff;
	if (kind == NVNIC_FLT_ACT_K_CONTEXT)
		port->rules_to[table][FIELD_GET(NVNIC_FLT_ACT_CONTEXT, action)] += diff;
	else if (kind == NVNIC_FLT_ACT_K_VMQ)
		port->rules_to[table][NVNIC_RSS_CTX_VMQ(set)] += diff;
}

/* Sum of the counters of a location over all CPUs */
static struct nvhw_rule_cnt nvhw_filter_sum(const struct nvhw_filter *f, u32 loc)
{
	struct nvhw_rule_cnt sum = {};
	const struct nvhw_rule_cnt *cnt;
	int cpu;

	for_each_possible_cpu(cpu) {
		cnt = f->view[0].cnt + (size_t)cpu * NVNIC_FILTER_ENTRIES + loc;
		sum.frames += READ_ONCE(cnt->frames);
		sum.bytes += READ_ONCE(cnt->bytes);
	}
	return sum;
}

static enum nvnic_flt_status nvhw_filter_check(const struct nvhw_port *port,
					       u64 action)
{
	unsigned int ctx = FIELD_GET(NVNIC_FLT_ACT_CONTEXT, action);

	switch (FIELD_GET(NVNIC_FLT_ACT_KIND, action)) {
	case NVNIC_FLT_ACT_K_QUEUE:
	case NVNIC_FLT_ACT_K_DROP:
		return ctx ? NVNIC_FLT_ST_BAD : NVNIC_FLT_ST_OK;
	case NVNIC_FLT_ACT_K_CONTEXT:
		if (ctx < NVNIC_RSS_USER_CONTEXTS &&
		    rcu_access_pointer(port->rss[ctx]))
			return NVNIC_FLT_ST_OK;
		return NVNIC_FLT_ST_CONTEXT;
	default:
		return NVNIC_FLT_ST_BAD;
	}
}

/*
 * Rules of NVNIC_FLT_T_VMQ match the outer layer 2 only. They lead to a VM queue
 * set, or with context 0 past all sets.
 */
static enum nvnic_flt_status
nvhw_filter_check_vmq(const struct nvhw_port *port,
		      const struct nvpe_filter_rule *rule)
{
	const u64 *w = rule->mask.w;

	if (FIELD_GET(NVNIC_FLT_ACT_CONTEXT, rule->action))
		return NVNIC_FLT_ST_BAD;
	if (w[2] | w[3] | w[4] | w[5] | (w[6] & ~NVNIC_FLT_6_TPID) |
	    (w[7] & ~NVNIC_FLT_7_VLAN))
		return NVNIC_FLT_ST_BAD;
	if (rule->action == NVHW_FILTER_PAST_SETS)
		return NVNIC_FLT_ST_OK;
	if (FIELD_GET(NVNIC_FLT_ACT_KIND, rule->action) != NVNIC_FLT_ACT_K_VMQ)
		return NVNIC_FLT_ST_BAD;
	return nvhw_vmq_takes_rules(port, FIELD_GET(NVNIC_FLT_ACT_QUEUE,
						    rule->action)) ?
	       NVNIC_FLT_ST_OK : NVNIC_FLT_ST_CONTEXT;
}

static enum nvnic_flt_status nvhw_filter_set(struct nvhw_port *port,
					     enum nvnic_flt_table table, u32 loc)
{
	struct nvhw_filter *f = port->filter[table];
	struct nvpe_filter_rule rule;
	enum nvnic_flt_status status;
	u64 old;
	bool had;
	int err;

	static_assert(sizeof(rule.key) == sizeof(port->flt_key));
	memcpy(&rule.key, port->flt_key, sizeof(rule.key));
	memcpy(&rule.mask, port->flt_mask, sizeof(rule.mask));
	rule.action = port->flt_action;
	status = table == NVNIC_FLT_T_VMQ ? nvhw_filter_check_vmq(port, &rule) :
					    nvhw_filter_check(port, rule.action);
	if (status)
		return status;
	had = !nvpe_filter_get(nvhw_filter_spare(f)->table, loc, &old);
	err = nvhw_filter_put(nvhw_filter_spare(f), loc, &rule);
	if (err)
		return err == -ENOSPC ? NVNIC_FLT_ST_SHAPES : NVNIC_FLT_ST_BAD;
	if (had)
		nvhw_filter_account(port, table, old, -1);
	nvhw_filter_account(port, table, rule.action, 1);
	f->base[loc] = nvhw_filter_sum(f, loc);
	nvhw_filter_swap(port, table);
	nvhw_filter_put(nvhw_filter_spare(f), loc, &rule);
	return NVNIC_FLT_ST_OK;
}

static enum nvnic_flt_status nvhw_filter_remove(struct nvhw_port *port,
						enum nvnic_flt_table table,
						u32 loc)
{
	struct nvhw_filter *f = port->filter[table];
	u64 old;

	if (loc >= NVNIC_FILTER_ENTRIES)
		return NVNIC_FLT_ST_BAD;
	if (!f || nvpe_filter_get(nvhw_filter_spare(f)->table, loc, &old))
		return NVNIC_FLT_ST_ABSENT;
	nvhw_filter_take(nvhw_filter_spare(f), loc);
	nvhw_filter_account(port, table, old, -1);
	nvhw_filter_swap(port, table);
	nvhw_filter_take(nvhw_filter_spare(f), loc);
	return NVNIC_FLT_ST_OK;
}

static enum nvnic_flt_status nvhw_filter_clear(struct nvhw_port *port,
					       enum nvnic_flt_table table,
					       u32 loc)
{
	struct nvhw_filter *f = port->filter[table];

	if (loc)
		return NVNIC_FLT_ST_BAD;
	if (!f)
		return NVNIC_FLT_ST_OK;
	f->count = 0;
	memset(port->rules_to[table], 0, sizeof(port->rules_to[table]));
	nvhw_filter_empty(nvhw_filter_spare(f));
	nvhw_filter_swap(port, table);
	nvhw_filter_empty(nvhw_filter_spare(f));
	return NVNIC_FLT_ST_OK;
}

static enum nvnic_flt_status nvhw_filter_execute(struct nvhw_port *port,
						 enum nvnic_flt_table table,
						 unsigned int op, u32 loc)
{
	if (table >= NVNIC_FLT_TABLES)
		return NVNIC_FLT_ST_BAD;

	switch (op) {
	case NVNIC_FLT_OP_SET:
		/* The first rule allocates the table. */
		if (!port->filter[table])
			port->filter[table] = nvhw_filter_alloc();
		return port->filter[table] ? nvhw_filter_set(port, table, loc) :
					     NVNIC_FLT_ST_NOMEM;
	case NVNIC_FLT_OP_REMOVE:
		return nvhw_filter_remove(port, table, loc);
	case NVNIC_FLT_OP_CLEAR:
		return nvhw_filter_clear(port, table, loc);
	default:
		return NVNIC_FLT_ST_BAD;
	}
}

/**
 * nvhw_filter_hit() - count a frame that took a rule
 * @rules: the rules
 * @loc: location of the rule
 * @len: length of the frame
 *
 * Context: bottom halves off.
 */
void nvhw_filter_hit(const struct nvhw_rules *rules, unsigned int loc, u32 len)
{
	struct nvhw_rule_cnt *cnt = rules->cnt +
		(size_t)smp_processor_id() * NVNIC_FILTER_ENTRIES + loc;

	WRITE_ONCE(cnt->frames, cnt->frames + 1);
	WRITE_ONCE(cnt->bytes, cnt->bytes + len);
}

/**
 * nvhw_filter_rule() - read the counters of a rule
 * @port: the port
 * @table: table of the rule
 * @loc: location of the rule, below NVNIC_FILTER_ENTRIES
 * @cnt: receives the frames and bytes that took the rule since it was set
 *
 * Context: process, takes @port->lock.
 *
 * Return: false if there is no rule at @loc.
 */
bool nvhw_filter_rule(struct nvhw_port *port, enum nvnic_flt_table table,
		      u32 loc, struct nvhw_rule_cnt *cnt)
{
	const struct nvhw_filter *f;
	bool found = false;
	u64 action;

	mutex_lock(&port->lock);
	f = port->filter[table];
	if (f && !nvpe_filter_get(f->view[f->live].table, loc, &action)) {
		*cnt = nvhw_filter_sum(f, loc);
		cnt->frames -= f->base[loc].frames;
		cnt->bytes -= f->base[loc].bytes;
		found = true;
	}
	mutex_unlock(&port->lock);
	return found;
}

/* ---- Registers ---- */

static u64 nvhw_filter_read_cmd(struct nvhw_port *port, unsigned int index)
{
	return port->flt_status;
}

/* Any status but NVNIC_FLT_ST_OK leaves the table as it was. */
static bool nvhw_filter_write_cmd(struct nvhw_port *port, unsigned int index,
				  u64 val)
{
	enum nvnic_flt_status status;

	mutex_lock(&port->lock);
	status = nvhw_filter_execute(port, FIELD_GET(NVNIC_FLT_CMD_TABLE, val),
				     FIELD_GET(NVNIC_FLT_CMD_OP, val),
				     FIELD_GET(NVNIC_FLT_CMD_LOC, val));
	mutex_unlock(&port->lock);
	/* A sender may be held by a queue that its frame now avoids. */
	if (!status)
		nvhw_rxq_release_all(port);
	port->flt_status = status;
	return status != NVNIC_FLT_ST_BAD;
}

static bool nvhw_filter_write_sel(struct nvhw_port *port, unsigned int index,
				  u64 val)
{
	return FIELD_GET(NVNIC_FLT_SEL_LOC, val) < NVNIC_FILTER_ENTRIES &&
	       FIELD_GET(NVNIC_FLT_SEL_TABLE, val) < NVNIC_FLT_TABLES;
}

/* Read the counters of the selected location. */
static struct nvhw_rule_cnt nvhw_filter_selected(struct nvhw_port *port)
{
	unsigned int table = FIELD_GET(NVNIC_FLT_SEL_TABLE, port->flt_sel);
	unsigned int loc = FIELD_GET(NVNIC_FLT_SEL_LOC, port->flt_sel);
	struct nvhw_rule_cnt cnt = {};

	mutex_lock(&port->lock);
	if (port->filter[table])
		cnt = nvhw_filter_sum(port->filter[table], loc);
	mutex_unlock(&port->lock);
	return cnt;
}

static u64 nvhw_filter_read_frames(struct nvhw_port *port, unsigned int index)
{
	return nvhw_filter_selected(port).frames;
}

static u64 nvhw_filter_read_bytes(struct nvhw_port *port, unsigned int index)
{
	return nvhw_filter_selected(port).bytes;
}

const struct nvhw_reg nvhw_filter_regs[] = {
	{ .off = NVNIC_REG_FLT_KEY(0), .count = NVNIC_FLT_WORDS,
	  .field = NVHW_REG_FIELD(flt_key), .writable = U64_MAX },
	{ .off = NVNIC_REG_FLT_MASK(0), .count = NVNIC_FLT_WORDS,
	  .field = NVHW_REG_FIELD(flt_mask), .writable = U64_MAX },
	{ .off = NVNIC_REG_FLT_ACTION, .count = 1,
	  .field = NVHW_REG_FIELD(flt_action), .writable = NVNIC_FLT_ACT_MASK },
	{ .off = NVNIC_REG_FLT_CMD, .count = 1, .read = nvhw_filter_read_cmd,
	  .writable = NVNIC_FLT_CMD_MASK, .write = nvhw_filter_write_cmd },
	{ .off = NVNIC_REG_FLT_SEL, .count = 1,
	  .field = NVHW_REG_FIELD(flt_sel), .writable = NVNIC_FLT_SEL_MASK,
	  .write = nvhw_filter_write_sel },
	{ .off = NVNIC_REG_FLT_FRAMES, .count = 1,
	  .read = nvhw_filter_read_frames },
	{ .off = NVNIC_REG_FLT_BYTES, .count = 1,
	  .read = nvhw_filter_read_bytes },
	{}
};

/**
 * nvhw_filter_reset() - remove all rules
 * @port: the port, its lock held
 *
 * Context: process, sleeps.
 */
void nvhw_filter_reset(struct nvhw_port *port)
{
	unsigned int i;

	for (i = 0; i < NVNIC_FLT_TABLES; i++)
		nvhw_filter_clear(port, i, 0);
	nvhw_reg_reset(port, nvhw_filter_regs);
	port->flt_status = NVNIC_FLT_ST_OK;
}

/**
 * nvhw_filter_exit() - free the rules
 * @port: the port, no frame arrives any more
 */
void nvhw_filter_exit(struct nvhw_port *port)
{
	unsigned int i;

	for (i = 0; i < NVNIC_FLT_TABLES; i++)
		if (port->filter[i])
			nvhw_filter_free(port->filter[i]);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: RSS contexts.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "nvhw.h"
#include "nvhw_reg.h"

static const u64 nvhw_rss_fields[NVPE_FLOW_COUNT] = {
	[NVPE_FLOW_IP4] = NVNIC_RSS_FIELDS_IP4,
	[NVPE_FLOW_IP6] = NVNIC_RSS_FIELDS_IP6,
	[NVPE_FLOW_TCP4] = NVNIC_RSS_FIELDS_TCP4,
	[NVPE_FLOW_TCP6] = NVNIC_RSS_FIELDS_TCP6,
	[NVPE_FLOW_UDP4] = NVNIC_RSS_FIELDS_UDP4,
	[NVPE_FLOW_UDP6] = NVNIC_RSS_FIELDS_UDP6,
};

static_assert(NVNIC_RSS_F_SRC == NVPE_RSS_F_SRC);
static_assert(NVNIC_RSS_F_DST == NVPE_RSS_F_DST);
static_assert(NVNIC_RSS_F_SPORT == NVPE_RSS_F_SPORT);
static_assert(NVNIC_RSS_F_DPORT == NVPE_RSS_F_DPORT);
static_assert(NVNIC_RSS_F_LABEL == NVPE_RSS_F_LABEL);

/* Make the staged registers a configuration. */
static void nvhw_rss_fill(const struct nvhw_port *port, struct nvhw_rss *rss)
{
	u8 key[NVPE_TOEPLITZ_KEY_LEN];
	unsigned int i;

	static_assert(NVNIC_RSS_KEY_WORDS * sizeof(u64) == sizeof(key));
	for (i = 0; i < NVNIC_RSS_KEY_WORDS; i++)
		put_unaligned_be64(port->rss_key[i], key + i * sizeof(u64));
	nvpe_toeplitz_init(&rss->cfg.key, key);
	for (i = 0; i < NVPE_FLOW_COUNT; i++)
		rss->cfg.fields[i] = (port->rss_fields & nvhw_rss_fields[i]) >>
				     __ffs64(nvhw_rss_fields[i]);
	for (i = 0; i < NVNIC_RSS_ENTRIES; i++)
		rss->table[i] = port->rss_table[i];

	rss->cfg.inner = READ_ONCE(port->en) & NVNIC_OFF_BIT(RSS_INNER);
	rss->cfg.sym_xor = port->rss_ctx & NVNIC_RSS_CTX_SYM_XOR;
}

/* rss_initial belongs to the port and is used again. */
static void nvhw_rss_free(struct nvhw_port *port, struct nvhw_rss *rss)
{
	if (rss && rss != &port->rss_initial)
		kvfree_rcu(rss, rcu);
}

/**
 * nvhw_rss_commit() - apply the staged registers, or remove a context
 * @port: the port
 *
 * Context: process, sleeps; takes @port->lock.
 *
 * Return: false, with nothing changed, if memory is short, if a rule or set needs the
 * context that is to be removed, or if the table leaves the queues of a VM queue set.
 */
static bool nvhw_rss_commit(struct nvhw_port *port)
{
	unsigned int ctx = FIELD_GET(NVNIC_RSS_CTX_ID, port->rss_ctx);
	struct nvhw_rss *rss = NULL, *old;
	bool busy;

	if (!(port->rss_ctx & NVNIC_RSS_CTX_REMOVE)) {
		rss = kvmalloc(sizeof(*rss), GFP_KERNEL);
		if (!rss)
			return false;
		nvhw_rss_fill(port, rss);
	}
	mutex_lock(&port->lock);
	busy = !nvhw_vmq_takes_context(port, ctx, rss);
	if (!rss && (!ctx || nvhw_rules_to(port, ctx)))
		busy = true;
	if (!busy)
		old = rcu_replace_pointer(port->rss[ctx], rss,
					  lockdep_is_held(&port->lock));
	mutex_unlock(&port->lock);
	if (busy) {
		kvfree(rss);
		return false;
	}
	if (!rss && !old)
		return true;
	/* NVNIC_REG_EN may have been written since nvhw_rss_fill(). */
	nvhw_rss_set_inner(port);
	nvhw_rxq_reroute(port);
	nvhw_rss_free(port, old);
	return true;
}

/**
 * nvhw_rss_set_inner() - apply the RSS_INNER bit of NVNIC_REG_EN to all contexts
 * @port: the port
 *
 * Context: any.
 */
void nvhw_rss_set_inner(struct nvhw_port *port)
{
	struct nvhw_rss *rss;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < NVNIC_RSS_CONTEXTS; i++) {
		rss = rcu_dereference(port->rss[i]);
		if (rss)
			WRITE_ONCE(rss->cfg.inner, READ_ONCE(port->en) &
						   NVNIC_OFF_BIT(RSS_INNER));
	}
	rcu_read_unlock();
}

/* ---- Registers ---- */

static u64 nvhw_rss_read_commit(struct nvhw_port *port, unsigned int index)
{
	return FIELD_PREP(NVNIC_RSS_COMMIT_REFUSED, port->rss_refused);
}

static bool nvhw_rss_write_commit(struct nvhw_port *port, unsigned int index,
				  u64 val)
{
	port->rss_refused = !nvhw_rss_commit(port);
	return !port->rss_refused;
}

static bool nvhw_rss_write_ctx(struct nvhw_port *port, unsigned int index,
			       u64 val)
{
	return FIELD_GET(NVNIC_RSS_CTX_ID, val) < NVNIC_RSS_CONTEXTS;
}

#define NVHW_RSS_FIELDS_RESET						\
	(FIELD_PREP_CONST(NVNIC_RSS_FIELDS_IP4, NVNIC_RSS_F_L3) |		\
	 FIELD_PREP_CONST(NVNIC_RSS_FIELDS_IP6, NVNIC_RSS_F_L3) |		\
	 FIELD_PREP_CONST(NVNIC_RSS_FIELDS_UDP4, NVNIC_RSS_F_L3) |		\
	 FIELD_PREP_CONST(NVNIC_RSS_FIELDS_UDP6, NVNIC_RSS_F_L3) |		\
	 FIELD_PREP_CONST(NVNIC_RSS_FIELDS_TCP4, NVNIC_RSS_F_L3 | NVNIC_RSS_F_L4) | \
	 FIELD_PREP_CONST(NVNIC_RSS_FIELDS_TCP6, NVNIC_RSS_F_L3 | NVNIC_RSS_F_L4))

const struct nvhw_reg nvhw_rss_regs[] = {
	{ .off = NVNIC_REG_RSS_FIELDS, .count = 1,
	  .field = NVHW_REG_FIELD(rss_fields), .reset = NVHW_RSS_FIELDS_RESET,
	  .writable = NVNIC_RSS_FIELDS_MASK },
	{ .off = NVNIC_REG_RSS_KEY, .count = NVNIC_RSS_KEY_WORDS,
	  .field = NVHW_REG_FIELD(rss_key), .writable = U64_MAX },
	{ .off = NVNIC_REG_RSS_COMMIT, .count = 1,
	  .read = nvhw_rss_read_commit, .writable = U64_MAX,
	  .write = nvhw_rss_write_commit },
	{ .off = NVNIC_REG_RSS_CTX, .count = 1,
	  .field = NVHW_REG_FIELD(rss_ctx), .writable = NVNIC_RSS_CTX_MASK,
	  .write = nvhw_rss_write_ctx },
	{ .off = NVNIC_REG_RSS_TABLE(0), .count = NVNIC_RSS_ENTRIES,
	  .field = NVHW_REG_FIELD(rss_table),
	  .writable = NVNIC_RSS_TABLE_QUEUE },
	{}
};

/**
 * nvhw_rss_reset() - remove all contexts but 0, which hashes to queue 0
 * @port: the port, its lock held; no filter rule or VM queue set names a context
 *
 * Context: process.
 */
void nvhw_rss_reset(struct nvhw_port *port)
{
	struct nvhw_rss *old;
	unsigned int i;

	nvhw_reg_reset(port, nvhw_rss_regs);
	port->rss_refused = false;
	for (i = 1; i < NVNIC_RSS_CONTEXTS; i++) {
		old = rcu_replace_pointer(port->rss[i], NULL,
					  lockdep_is_held(&port->lock));
		nvhw_rss_free(port, old);
	}
	old = rcu_dereference_protected(port->rss[0],
					lockdep_is_held(&port->lock));
	if (old == &port->rss_initial)
		return;
	/* nvhw_rss_commit(), which replaced it, has waited for its readers. */
	nvhw_rss_fill(port, &port->rss_initial);
	rcu_assign_pointer(port->rss[0], &port->rss_initial);
	nvhw_rss_free(port, old);
}

/**
 * nvhw_rss_exit() - free the configurations
 * @port: the port, no frame arrives any more
 */
void nvhw_rss_exit(struct nvhw_port *port)
{
	struct nvhw_rss *rss;
	unsigned int i;

	for (i = 0; i < NVNIC_RSS_CONTEXTS; i++) {
		rss = rcu_dereference_protected(port->rss[i], true);
		if (rss != &port->rss_initial)
			kvfree(rss);
	}
}

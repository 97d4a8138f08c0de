// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: VM queue sets and their spoof check.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * struct nvhw_vmq.state only holds UNDEFINED, ALLOCATED, PAUSED or FREEING. With
 * rules that lead to the set, ALLOCATED reads as SET and PAUSED as RUNNING.
 */
#include <linux/bitfield.h>
#include <linux/if_ether.h>
#include <linux/unaligned.h>

#include "nvhw.h"
#include "nvhw_reg.h"

static_assert(NVNIC_VMQ_SETS - 1 <= NVNIC_VMQ_SEL_SET);
static_assert(NVNIC_VMQ_SETS - 1 <= NVNIC_FLT_ACT_QUEUE);
static_assert(NVNIC_MAX_QUEUES - 1 <= NVNIC_VMQ_CFG_FIRST);
static_assert(NVNIC_RSS_CTX_VMQ(NVNIC_VMQ_SETS) == NVNIC_RSS_CONTEXTS);

/* ---- Sets ---- */

static enum nvnic_vmq_state nvhw_vmq_state(struct nvhw_port *port,
					   unsigned int set)
{
	enum nvnic_vmq_state state = port->vmq[set].state;

	if (!nvhw_rules_to(port, NVNIC_RSS_CTX_VMQ(set)))
		return state;
	return state == NVNIC_VMQ_PAUSED ? NVNIC_VMQ_RUNNING : NVNIC_VMQ_SET;
}

/* Does an RSS table name queues of the set only? */
static bool nvhw_vmq_within(const struct nvhw_vmq *vmq,
			    const struct nvhw_rss *rss)
{
	unsigned int i;

	for (i = 0; i < NVNIC_RSS_ENTRIES; i++)
		if (rss->table[i] < vmq->first ||
		    rss->table[i] >= vmq->first + vmq->count)
			return false;
	return true;
}

static void nvhw_vmq_clear(struct nvhw_port *port, unsigned int set)
{
	int cpu;

	/* No rule leads to the set, so no CPU counts for it. */
	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(port->vmq_cnt, cpu)->v[set], 0,
		       sizeof(port->vmq_cnt->v[set]));
}

static enum nvnic_vmq_status nvhw_vmq_alloc(struct nvhw_port *port,
					    unsigned int set)
{
	unsigned int first = FIELD_GET(NVNIC_VMQ_CFG_FIRST, port->vmq_cfg);
	unsigned int count = FIELD_GET(NVNIC_VMQ_CFG_COUNT, port->vmq_cfg);
	struct nvhw_vmq *vmq = &port->vmq[set];
	unsigned int i;

	if (vmq->state != NVNIC_VMQ_UNDEFINED)
		return NVNIC_VMQ_BAD_STATE;
	if (!count || first + count > NVNIC_MAX_QUEUES)
		return NVNIC_VMQ_BAD_QUEUES;
	for (i = first; i < first + count; i++)
		if (port->txq[i].vmq)
			return NVNIC_VMQ_BAD_QUEUES;
	nvhw_vmq_clear(port, set);
	vmq->first = first;
	vmq->count = count;
	for (i = first; i < first + count; i++)
		WRITE_ONCE(port->txq[i].vmq, vmq);
	WRITE_ONCE(vmq->state, NVNIC_VMQ_ALLOCATED);
	return NVNIC_VMQ_OK;
}

static enum nvnic_vmq_status nvhw_vmq_complete(struct nvhw_port *port,
					       unsigned int set)
{
	struct nvhw_vmq *vmq = &port->vmq[set];
	const struct nvhw_rss *rss;

	if (vmq->state != NVNIC_VMQ_ALLOCATED)
		return NVNIC_VMQ_BAD_STATE;
	rss = rcu_dereference_protected(port->rss[NVNIC_RSS_CTX_VMQ(set)],
					lockdep_is_held(&port->lock));
	if (!rss || !nvhw_vmq_within(vmq, rss))
		return NVNIC_VMQ_BAD_CONTEXT;
	/* P8: publish the context before the state; pairs with nvhw_vmq_receives(). */
	smp_store_release(&vmq->state, NVNIC_VMQ_PAUSED);
	return NVNIC_VMQ_OK;
}

/* nvhw_filter_swap() has waited for receivers that saw rules of the set. */
static enum nvnic_vmq_status nvhw_vmq_stop(struct nvhw_port *port,
					   unsigned int set)
{
	enum nvnic_vmq_state state = nvhw_vmq_state(port, set);
	struct nvhw_vmq *vmq = &port->vmq[set];
	unsigned int i;

	if (state != NVNIC_VMQ_ALLOCATED && state != NVNIC_VMQ_PAUSED)
		return NVNIC_VMQ_BAD_STATE;
	WRITE_ONCE(vmq->state, NVNIC_VMQ_FREEING);
	for (i = vmq->first; i < vmq->first + vmq->count; i++) {
		nvhw_txq_disable(&port->txq[i]);
		nvhw_rxq_disable(&port->rxq[i]);
	}
	return NVNIC_VMQ_OK;
}

static enum nvnic_vmq_status nvhw_vmq_free(struct nvhw_port *port,
					   unsigned int set)
{
	struct nvhw_vmq *vmq = &port->vmq[set];
	unsigned int i;

	if (vmq->state != NVNIC_VMQ_FREEING)
		return NVNIC_VMQ_BAD_STATE;
	WRITE_ONCE(vmq->state, NVNIC_VMQ_UNDEFINED);
	for (i = vmq->first; i < vmq->first + vmq->count; i++)
		WRITE_ONCE(port->txq[i].vmq, NULL);
	return NVNIC_VMQ_OK;
}

static enum nvnic_vmq_status (*const nvhw_vmq_ops[])(struct nvhw_port *port,
						     unsigned int set) = {
	[NVNIC_VMQ_OP_ALLOC] = nvhw_vmq_alloc,
	[NVNIC_VMQ_OP_COMPLETE] = nvhw_vmq_complete,
	[NVNIC_VMQ_OP_STOP] = nvhw_vmq_stop,
	[NVNIC_VMQ_OP_FREE] = nvhw_vmq_free,
};

static_assert(ARRAY_SIZE(nvhw_vmq_ops) == NVNIC_VMQ_CMD_OP + 1);

/**
 * nvhw_vmq_status() - NVNIC_REG_VMQ_STATUS of a set
 * @port: the port
 * @set: the set
 *
 * Context: process, takes @port->lock.
 *
 * Return: value of the register.
 */
u64 nvhw_vmq_status(struct nvhw_port *port, unsigned int set)
{
	const struct nvhw_vmq *vmq = &port->vmq[set];
	u64 status = 0;

	mutex_lock(&port->lock);
	if (vmq->state != NVNIC_VMQ_UNDEFINED)
		status = FIELD_PREP(NVNIC_VMQ_ST_STATE,
				    nvhw_vmq_state(port, set)) |
			 FIELD_PREP(NVNIC_VMQ_ST_FIRST, vmq->first) |
			 FIELD_PREP(NVNIC_VMQ_ST_COUNT, vmq->count) |
			 FIELD_PREP(NVNIC_VMQ_ST_FILTERS,
				    nvhw_rules_to(port,
						  NVNIC_RSS_CTX_VMQ(set)));
	mutex_unlock(&port->lock);
	return status;
}

/**
 * nvhw_vmq_counter() - value of a counter of a set
 * @port: the port
 * @set: the set
 * @which: enum nvnic_vmq_counter
 *
 * Context: any.
 *
 * Return: the sum over all CPUs since the set was allocated.
 */
u64 nvhw_vmq_counter(struct nvhw_port *port, unsigned int set,
		     unsigned int which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(port->vmq_cnt, cpu)->v[set][which]);
	return sum;
}

/* ---- Registers ---- */

static u64 nvhw_vmq_read_cmd(struct nvhw_port *port, unsigned int index)
{
	return port->vmq_result;
}

/* Any result but NVNIC_VMQ_OK leaves the set as it was. */
static bool nvhw_vmq_write_cmd(struct nvhw_port *port, unsigned int index,
			       u64 val)
{
	mutex_lock(&port->lock);
	port->vmq_result = nvhw_vmq_ops[val](port, port->vmq_sel);
	mutex_unlock(&port->lock);
	return true;
}

static u64 nvhw_vmq_read_status(struct nvhw_port *port, unsigned int index)
{
	return nvhw_vmq_status(port, port->vmq_sel);
}

static u64 nvhw_vmq_read_cnt(struct nvhw_port *port, unsigned int index)
{
	return nvhw_vmq_counter(port, port->vmq_sel, index);
}

const struct nvhw_reg nvhw_vmq_regs[] = {
	{ .off = NVNIC_REG_VMQ_SEL, .count = 1,
	  .field = NVHW_REG_FIELD(vmq_sel), .writable = NVNIC_VMQ_SETS - 1 },
	{ .off = NVNIC_REG_VMQ_CFG, .count = 1,
	  .field = NVHW_REG_FIELD(vmq_cfg), .writable = NVNIC_VMQ_CFG_MASK },
	{ .off = NVNIC_REG_VMQ_CMD, .count = 1, .read = nvhw_vmq_read_cmd,
	  .writable = NVNIC_VMQ_CMD_OP, .write = nvhw_vmq_write_cmd },
	{ .off = NVNIC_REG_VMQ_STATUS, .count = 1,
	  .read = nvhw_vmq_read_status },
	{ .off = NVNIC_REG_VMQ_CNT(0), .count = NVNIC_VC_COUNT,
	  .read = nvhw_vmq_read_cnt },
	{}
};

/**
 * nvhw_vmq_reset() - remove all sets
 * @port: the port, its lock held; its queues are off, no filter rule is left
 *
 * Context: process.
 */
void nvhw_vmq_reset(struct nvhw_port *port)
{
	unsigned int i;

	lockdep_assert_held(&port->lock);
	for (i = 0; i < NVNIC_VMQ_SETS; i++) {
		WRITE_ONCE(port->vmq[i].state, NVNIC_VMQ_UNDEFINED);
		nvhw_vmq_clear(port, i);
	}
	for (i = 0; i < NVNIC_MAX_QUEUES; i++)
		WRITE_ONCE(port->txq[i].vmq, NULL);
	nvhw_reg_reset(port, nvhw_vmq_regs);
	port->vmq_result = NVNIC_VMQ_OK;
}

/* ---- What others ask ---- */

/**
 * nvhw_vmq_takes_rules() - may rules lead to a set?
 * @port: the port, its lock held
 * @set: its number
 *
 * Return: true if there is such a set, and it is not being freed.
 */
bool nvhw_vmq_takes_rules(const struct nvhw_port *port, unsigned int set)
{
	lockdep_assert_held(&port->lock);
	return set < NVNIC_VMQ_SETS &&
	       (port->vmq[set].state == NVNIC_VMQ_ALLOCATED ||
		port->vmq[set].state == NVNIC_VMQ_PAUSED);
}

/**
 * nvhw_vmq_takes_context() - may an RSS context be replaced?
 * @port: the port, its lock held
 * @ctx: the context
 * @rss: the new configuration, NULL: remove the context
 *
 * Return: false if a set uses the context and @rss names queues outside of it.
 */
bool nvhw_vmq_takes_context(const struct nvhw_port *port, unsigned int ctx,
			    const struct nvhw_rss *rss)
{
	const struct nvhw_vmq *vmq;

	lockdep_assert_held(&port->lock);
	if (ctx < NVNIC_RSS_CTX_VMQ(0))
		return true;
	vmq = &port->vmq[ctx - NVNIC_RSS_CTX_VMQ(0)];
	if (vmq->state == NVNIC_VMQ_UNDEFINED)
		return true;
	return rss ? nvhw_vmq_within(vmq, rss) : vmq->state != NVNIC_VMQ_PAUSED;
}

/**
 * nvhw_vmq_takes_start() - may a queue be started?
 * @port: the port, its lock held
 * @queue: number of the queue pair
 *
 * Return: false if its set is being freed.
 */
bool nvhw_vmq_takes_start(const struct nvhw_port *port, unsigned int queue)
{
	const struct nvhw_vmq *vmq = port->txq[queue].vmq;

	lockdep_assert_held(&port->lock);
	return !vmq || vmq->state != NVNIC_VMQ_FREEING;
}

/* ---- Frames ---- */

/**
 * nvhw_vmq_receives() - is a set that a rule leads to running?
 * @port: the port
 * @set: the set
 *
 * Context: RCU reader since it has found the rule.
 *
 * Return: true if it is; it has an RSS context then.
 */
bool nvhw_vmq_receives(const struct nvhw_port *port, unsigned int set)
{
	/* P8: read the state before the context; pairs with nvhw_vmq_complete(). */
	return smp_load_acquire(&port->vmq[set].state) == NVNIC_VMQ_PAUSED;
}

/**
 * nvhw_vmq_count() - count for a set
 * @port: the port
 * @set: the set
 * @which: what
 * @n: how many
 *
 * Context: any.
 */
void nvhw_vmq_count(struct nvhw_port *port, unsigned int set,
		    enum nvnic_vmq_counter which, u64 n)
{
	this_cpu_add(port->vmq_cnt->v[set][which], n);
}

/* Is the source of this frame an address of the set: would a reply reach it? */
static bool nvhw_vmq_owns(const struct nvhw_port *port, unsigned int set,
			  const u8 *hdr, const struct nvpe_hdrs *h)
{
	const struct nvhw_rules *rules =
		rcu_dereference(port->rules[NVNIC_FLT_T_VMQ]);
	struct nvpe_filter_key key;
	u64 action, dst;

	if (!rules || !nvpe_filter_key_l2(hdr, h, &key))
		return false;
	dst = key.w[0] & NVNIC_FLT_0_DST;
	key.w[0] = (key.w[0] & ~NVNIC_FLT_0_DST) | (key.w[1] & NVNIC_FLT_1_SRC);
	key.w[1] = (key.w[1] & ~NVNIC_FLT_1_SRC) | dst;
	return nvpe_filter_match(rules->table, &key, &action) >= 0 &&
	       FIELD_GET(NVNIC_FLT_ACT_KIND, action) == NVNIC_FLT_ACT_K_VMQ &&
	       FIELD_GET(NVNIC_FLT_ACT_QUEUE, action) == set;
}

/*
 * Does the inner source of a tunnelled frame belong to a rule with a VSID? A frame
 * whose inner headers the parser cannot see counts as one that does. GRE with C or
 * S set is not NVGRE, but Linux tunnels accept it; some accept GRE without a key as
 * key 0, and any payload as Ethernet.
 */
static bool nvhw_vmq_impersonates(const struct nvhw_rules *rules,
				  const u8 *hdr, u32 len,
				  const struct nvpe_hdrs *h)
{
	u32 l2 = h->gre_off + h->gre_len;
	struct nvpe_filter_key key = {};
	u64 action;

	if (!rules || !rules->nids)
		return false;
	if (nvpe_hdrs_hide(h))
		return true;
	if (!h->tunnel || l2 + ETH_HLEN > len)
		return false;
	key.w[0] = get_unaligned_be64(hdr + l2 + ETH_ALEN) & NVNIC_FLT_0_DST;
	key.w[7] = h->gre_key & NVNIC_FLT_7_VSID;
	return nvpe_filter_match(rules->ids, &key, &action) >= 0;
}

/**
 * nvhw_vmq_spoofs() - does a VM queue send with a foreign source address?
 * @txq: the sending queue
 * @hdr: header block of the frame
 * @len: length of @hdr
 * @h: its headers, parsed through GRE; only used if @txq belongs to a set
 *
 * Context: the queue's engine.
 *
 * Return: true if the queue belongs to a set and the source address does not; the
 * set's counter has been incremented.
 */
bool nvhw_vmq_spoofs(const struct nvhw_txq *txq, const u8 *hdr, u32 len,
		     const struct nvpe_hdrs *h)
{
	const struct nvhw_vmq *vmq = READ_ONCE(txq->vmq);
	struct nvhw_port *port = txq->port;
	bool spoofs = false;
	unsigned int i, set;

	if (likely(!vmq) || !(READ_ONCE(port->ctrl) & NVNIC_CTRL_SPOOF_CHECK))
		return false;
	set = vmq - port->vmq;
	rcu_read_lock();
	if (!nvhw_vmq_owns(port, set, hdr, h))
		spoofs = true;
	for (i = 0; i < NVNIC_FLT_TABLES; i++)
		if (nvhw_vmq_impersonates(rcu_dereference(port->rules[i]), hdr,
					  len, h))
			spoofs = true;
	rcu_read_unlock();
	if (spoofs)
		nvhw_vmq_count(port, set, NVNIC_VC_DROP_SPOOF, 1);
	return spoofs;
}

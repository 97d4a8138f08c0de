// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: the receive pipeline, from a wire frame to a completion.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/etherdevice.h>
#include <linux/unaligned.h>

#include <nvpe/flowid.h>

#include "nvhw.h"
#include "nvhw_reg.h"

static_assert((int)NVPE_CSUM_NONE == (int)NVNIC_CSUM_NONE);
static_assert((int)NVPE_CSUM_UNNECESSARY == (int)NVNIC_CSUM_UNNECESSARY);
static_assert((int)NVPE_CSUM_COMPLETE == (int)NVNIC_CSUM_COMPLETE);
static_assert((int)NVPE_HASH_L3 == (int)NVNIC_HASH_L3);
static_assert((int)NVPE_HASH_L4 == (int)NVNIC_HASH_L4);
static_assert((int)NVPE_TUNNEL_GRE == (int)NVNIC_TUNNEL_GRE);
static_assert((int)NVPE_TUNNEL_NVGRE == (int)NVNIC_TUNNEL_NVGRE);

static const u8 nvhw_rx_outcome_counter[] = {
	[NVPE_PARSE_L2] = NVNIC_RC_PARSE_L2,
	[NVPE_PARSE_IP] = NVNIC_RC_PARSE_IP,
	[NVPE_PARSE_FRAG] = NVNIC_RC_PARSE_FRAG,
	[NVPE_PARSE_L4] = NVNIC_RC_PARSE_L4,
	[NVPE_PARSE_TOO_LONG] = NVNIC_RC_PARSE_TOO_LONG,
	[NVPE_PARSE_BAD] = NVNIC_RC_PARSE_BAD,
};

static const u8 nvhw_rx_csum_counter[] = {
	[NVPE_CSUM_NONE] = NVNIC_RC_CSUM_NONE,
	[NVPE_CSUM_UNNECESSARY] = NVNIC_RC_CSUM_UNNECESSARY,
	[NVPE_CSUM_COMPLETE] = NVNIC_RC_CSUM_COMPLETE,
};

static const u8 nvhw_rx_hash_counter[] = {
	[NVPE_HASH_NONE] = NVNIC_RC_RSS_NONE,
	[NVPE_HASH_L3] = NVNIC_RC_RSS_L3,
	[NVPE_HASH_L4] = NVNIC_RC_RSS_L4,
};

/* Parsed headers, verdicts and steering of a received frame */
struct nvhw_rx_info {
	struct nvpe_hdrs hdrs;
	struct nvpe_hash hash;
	struct nvpe_csum_result csum;
	const struct nvhw_rules *rules;	/* table of the rule that matched, or NULL */
	unsigned int loc;		/* its location */
	u64 action;			/* NVNIC_FLT_ACT_* */
};

static bool nvhw_rx_filter(const struct nvhw_port *port, const u8 *dst)
{
	u64 mode = READ_ONCE(port->rx_mode);
	u64 want;
	int i;

	if (mode & NVNIC_RX_MODE_PROMISC || is_broadcast_ether_addr(dst))
		return true;
	if (mode & NVNIC_RX_MODE_ALLMULTI && is_multicast_ether_addr(dst))
		return true;
	want = ether_addr_to_u64(dst) | NVNIC_MACF_VALID;
	for (i = 0; i < NVNIC_MAX_MACS; i++)
		if (READ_ONCE(port->macf[i]) == want)
			return true;
	return false;
}

const struct nvhw_reg nvhw_rx_regs[] = {
	{ .off = NVNIC_REG_MACF(0), .count = NVNIC_MAX_MACS,
	  .field = NVHW_REG_FIELD(macf),
	  .writable = NVNIC_MACF_VALID | NVNIC_MACF_ADDR },
	{}
};

/* Match against a table; on a hit, store action and location in @info. */
static bool nvhw_rx_match(const struct nvhw_rules *rules,
			  const struct nvpe_filter_key *key,
			  struct nvhw_rx_info *info)
{
	int loc;

	if (!rules)
		return false;
	loc = nvpe_filter_match(rules->table, key, &info->action);
	if (loc < 0)
		return false;
	info->rules = rules;
	info->loc = loc;
	return true;
}

/* Does a rule lead to a VM queue set? If not, RSS context 0 hashes the frame. */
static bool nvhw_rx_vmq(const struct nvhw_port *port,
			const struct nvhw_frame *f, u64 en,
			struct nvhw_rx_info *info)
{
	const struct nvhw_rules *rules =
		rcu_dereference(port->rules[NVNIC_FLT_T_VMQ]);
	struct nvpe_filter_key key;

	info->rules = NULL;
	info->action = NVHW_FILTER_PAST_SETS;
	if (!rules || !(en & NVNIC_OFF_BIT(VMQ)) ||
	    !nvpe_filter_key_l2(f->hdr, &info->hdrs, &key) ||
	    !nvhw_rx_match(rules, &key, info))
		return false;
	if (info->action != NVHW_FILTER_PAST_SETS)
		return true;
	info->rules = NULL;
	return false;
}

static bool nvhw_rx_admit(struct nvhw_port *port, const struct nvhw_frame *f)
{
	enum nvnic_port_counter why;

	if (!(READ_ONCE(port->ctrl) & NVNIC_CTRL_ENABLE))
		why = NVNIC_PC_WIRE_RX_OFF;
	else if (f->len > READ_ONCE(port->frame_max))
		why = NVNIC_PC_WIRE_RX_OVERSIZE;
	else
		return true;
	nvhw_port_count(port, why, 1);
	if (why == NVNIC_PC_WIRE_RX_OVERSIZE)
		nvhw_port_count(port, NVNIC_PC_WIRE_RX_OVERSIZE_BYTES, f->len);
	return false;
}

/* Rules of the other two tables override a VM queue set. */
static void nvhw_rx_rule(const struct nvhw_port *port,
			 const struct nvhw_frame *f, u64 en,
			 struct nvhw_rx_info *info)
{
	const struct nvhw_rules *ntuple = NULL, *tc = NULL;
	struct nvpe_filter_key key;

	if (en & NVNIC_OFF_BIT(NTUPLE))
		ntuple = rcu_dereference(port->rules[NVNIC_FLT_T_NTUPLE]);
	if (en & NVNIC_OFF_BIT(TC))
		tc = rcu_dereference(port->rules[NVNIC_FLT_T_TC]);
	if (likely(!ntuple && !tc) ||
	    !nvpe_filter_key(f->hdr, f->hdr_len, &info->hdrs, &key))
		return;
	if (!nvhw_rx_match(ntuple, &key, info))
		nvhw_rx_match(tc, &key, info);
}

static bool nvhw_rx_is(const struct nvhw_rx_info *info, unsigned int kind)
{
	return FIELD_GET(NVNIC_FLT_ACT_KIND, info->action) == kind;
}

/* Hash and choose the queue; NVNIC_MAX_QUEUES or more: there is no such queue. */
static unsigned int nvhw_rx_queue(const struct nvhw_port *port,
				  const struct nvhw_frame *f,
				  struct nvhw_rx_info *info)
{
	unsigned int ctx = FIELD_GET(NVNIC_FLT_ACT_CONTEXT, info->action);
	unsigned int queue = FIELD_GET(NVNIC_FLT_ACT_QUEUE, info->action);
	const struct nvhw_rss *rss;

	if (nvhw_rx_is(info, NVNIC_FLT_ACT_K_VMQ)) {
		ctx = NVNIC_RSS_CTX_VMQ(queue);
		queue = 0;
	}
	/* Not NULL: a context outlives each rule that names it. */
	rss = rcu_dereference(port->rss[ctx]);
	nvpe_rss_hash(&rss->cfg, f->hdr, &info->hdrs, &info->hash);
	if (!nvhw_rx_is(info, NVNIC_FLT_ACT_K_QUEUE))
		queue += rss->table[info->hash.value & (NVNIC_RSS_ENTRIES - 1)];
	return queue;
}

static void nvhw_rx_hit(struct nvhw_port *port, const struct nvhw_frame *f,
			const struct nvhw_rx_info *info)
{
	unsigned int set = FIELD_GET(NVNIC_FLT_ACT_QUEUE, info->action);

	if (!info->rules)
		return;
	nvhw_filter_hit(info->rules, info->loc, f->len);
	if (!nvhw_rx_is(info, NVNIC_FLT_ACT_K_VMQ))
		return;
	nvhw_vmq_count(port, set, NVNIC_VC_HITS, 1);
	nvhw_vmq_count(port, set, NVNIC_VC_HIT_BYTES, f->len);
}

/* Parse and choose the queue. NULL: the frame is dropped and counted. */
static struct nvhw_rxq *nvhw_rx_steer(struct nvhw_port *port,
				      struct nvhw_frame *f, u64 en,
				      struct nvhw_rx_info *info)
{
	enum nvnic_port_counter why = NVNIC_PC_WIRE_RX_NOQUEUE;
	unsigned int set, queue;

	nvhw_frame_parse(f, en & NVNIC_OFF_BIT(NVGRE) ? NVPE_PARSE_F_TUNNEL : 0,
			 &info->hdrs);
	if (!nvhw_rx_vmq(port, f, en, info) && !nvhw_rx_filter(port, f->hdr)) {
		nvhw_port_count(port, NVNIC_PC_WIRE_RX_FILTERED, 1);
		return NULL;
	}
	nvhw_rx_rule(port, f, en, info);
	set = FIELD_GET(NVNIC_FLT_ACT_QUEUE, info->action);
	if (nvhw_rx_is(info, NVNIC_FLT_ACT_K_DROP)) {
		why = NVNIC_PC_WIRE_RX_RULE;
	} else if (nvhw_rx_is(info, NVNIC_FLT_ACT_K_VMQ) &&
		   !nvhw_vmq_receives(port, set)) {
		why = NVNIC_PC_WIRE_RX_VMQ;
		nvhw_vmq_count(port, set, NVNIC_VC_DROP_STATE, 1);
	} else {
		queue = nvhw_rx_queue(port, f, info);
		if (likely(queue < NVNIC_MAX_QUEUES))
			return &port->rxq[queue];
	}
	nvhw_port_count(port, why, 1);
	nvhw_rx_hit(port, f, info);
	return NULL;
}

static void nvhw_rx_count(struct nvhw_rxq *rxq, const struct nvhw_frame *f,
			  const struct nvhw_rx_info *info)
{
	u64 *cnt = rxq->cnt;

	cnt[NVNIC_RC_FRAMES]++;
	cnt[NVNIC_RC_BYTES] += f->len;
	cnt[nvhw_rx_outcome_counter[info->hdrs.outcome]]++;
	cnt[nvhw_rx_csum_counter[info->csum.kind]]++;
	cnt[nvhw_rx_hash_counter[info->hash.type]]++;
	cnt[NVNIC_RC_RSS_INNER] += info->hash.inner;
	cnt[NVNIC_RC_RULE] += !!info->rules;
	cnt[NVNIC_RC_PARSE_GRE] += info->hdrs.tunnel == NVPE_TUNNEL_GRE;
	cnt[NVNIC_RC_PARSE_NVGRE] += info->hdrs.tunnel == NVPE_TUNNEL_NVGRE;
	if (likely(!info->csum.bad))
		return;
	cnt[NVNIC_RC_CSUM_BAD_IP] += !!(info->csum.bad & NVPE_CSUM_BAD_IP);
	cnt[NVNIC_RC_CSUM_BAD_INNER_IP] +=
		!!(info->csum.bad & NVPE_CSUM_BAD_INNER_IP);
	cnt[NVNIC_RC_CSUM_BAD_GRE] += !!(info->csum.bad & NVPE_CSUM_BAD_GRE);
	cnt[NVNIC_RC_CSUM_BAD_L4] += !!(info->csum.bad & NVPE_CSUM_BAD_L4);
}

static void nvhw_rx_complete(struct nvhw_rxq *rxq, const struct nvhw_frame *f,
			     unsigned int nbufs, u64 en,
			     const struct nvhw_rx_info *info)
{
	u64 q[NVNIC_RXC_WORDS] = {
		FIELD_PREP(NVNIC_RXC_LEN, f->len) |
		FIELD_PREP(NVNIC_RXC_BUFS, nbufs),
		FIELD_PREP(NVNIC_RXC_CSUM, info->csum.kind) |
		FIELD_PREP(NVNIC_RXC_CSUM_LEVEL, info->csum.level) |
		FIELD_PREP(NVNIC_RXC_TUNNEL, info->hdrs.tunnel) |
		FIELD_PREP(NVNIC_RXC_STATUS, NVNIC_ST_OK),
		FIELD_PREP(NVNIC_RXC_SUM, info->csum.complete),
	};

	if (info->hdrs.tunnel == NVPE_TUNNEL_NVGRE)
		q[1] |= FIELD_PREP(NVNIC_RXC_VSID, info->hdrs.gre_key >> 8);
	if (en & NVNIC_OFF_BIT(RX_HASH)) {
		q[0] |= FIELD_PREP(NVNIC_RXC_HASH, info->hash.value);
		q[1] |= FIELD_PREP(NVNIC_RXC_HASH_TYPE, info->hash.type);
	}
	nvhw_ring_complete(&rxq->ring, q, 1);
}

/* Copy the frame into RX buffers and fill its checksums in the same pass. */
static void nvhw_rx_place(struct nvhw_rxq *rxq, struct nvhw_frame *f,
			  unsigned int nbufs, u64 en,
			  struct nvhw_rx_info *info)
{
	u32 sum = nvhw_frame_copy(f, rxq->buf, f->hdr_len);

	nvhw_frame_finish(f, sum);
	if (en & NVNIC_OFF_BIT(FLOWID))
		rxq->cnt[NVNIC_RC_FLOWID] +=
			nvpe_flowid_clear(f->hdr, f->hdr_len, &info->hdrs);
	if (en & NVNIC_OFF_BIT(RX_CSUM))
		nvpe_csum_verify(f->hdr, f->hdr_len, f->len, &info->hdrs, sum,
				 &info->csum);
	else
		memset(&info->csum, 0, sizeof(info->csum));
	memcpy(rxq->buf[0].va, f->hdr, f->hdr_len);
	nvhw_rx_complete(rxq, f, nbufs, en, info);
	nvhw_rxq_used(rxq, nbufs);
	nvhw_rx_count(rxq, f, info);
}

static bool nvhw_rx_may_hold(const struct nvhw_port *port,
			     const struct nvhw_sender *from)
{
	return from && READ_ONCE(port->mac.flow) & NVNIC_CTRL_PAUSE_TX &&
	       READ_ONCE(from->port->mac.flow) & NVNIC_CTRL_PAUSE_RX;
}

static void nvhw_rx_missed(struct nvhw_rxq *rxq, int why)
{
	if (why)
		nvhw_port_count(rxq->port, NVNIC_PC_WIRE_RX_NOQUEUE, 1);
	else
		rxq->cnt[NVNIC_RC_MISSED]++;
}

/**
 * nvhw_rx_frame() - receive a frame
 * @port: the port
 * @from: the sender, or NULL if the frame cannot be held
 * @f: the frame; its checksums are filled if it is accepted
 * @dirty: receives the queue with a new completion, for nvhw_rx_flush()
 *
 * Context: the sending queue's engine.
 *
 * Return: NVHW_HELD if @from must send the frame again when kicked, else NVHW_SENT.
 */
enum nvhw_verdict nvhw_rx_frame(struct nvhw_port *port,
				struct nvhw_sender *from, struct nvhw_frame *f,
				struct nvhw_rxq **dirty)
{
	u64 en = READ_ONCE(port->en);
	struct nvhw_rx_info info;
	struct nvhw_rxq *rxq = NULL;
	int n;

	rcu_read_lock();
	if (nvhw_rx_admit(port, f))
		rxq = nvhw_rx_steer(port, f, en, &info);
	rcu_read_unlock();
	if (!rxq)
		return NVHW_SENT;
	spin_lock(&rxq->lock);
	do {
		n = nvhw_rxq_take(rxq, f->len);
	} while (n <= 0 && nvhw_rx_may_hold(port, from) &&
		 !nvhw_rxq_hold(rxq, from));
	if (n > 0) {
		nvhw_rx_place(rxq, f, n, en, &info);
		*dirty = rxq;
	} else if (from && READ_ONCE(from->held)) {
		n = 0;
	} else {
		nvhw_rx_missed(rxq, n);
		n = -ENOBUFS;
	}
	/* Out of buffers: have the driver refill at once, moderated or not. */
	if (n <= 0)
		nvhw_irq_urgent(rxq->vec);
	spin_unlock(&rxq->lock);
	if (n)
		nvhw_rx_hit(port, f, &info);
	if (n > 0 && is_multicast_ether_addr(f->hdr)) {
		nvhw_port_count(port, NVNIC_PC_WIRE_RX_MULTICAST, 1);
		if (is_broadcast_ether_addr(f->hdr))
			nvhw_port_count(port, NVNIC_PC_WIRE_RX_BROADCAST, 1);
	}
	return n ? NVHW_SENT : NVHW_HELD;
}

/**
 * nvhw_rx_flush() - notify the vector of a queue that got frames
 * @rxq: the queue
 *
 * Context: the sending queue's engine.
 */
void nvhw_rx_flush(struct nvhw_rxq *rxq)
{
	nvhw_irq_notify(rxq->vec, &rxq->ring, NVHW_RX);
}

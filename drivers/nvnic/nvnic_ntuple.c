// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: filter rules of ``ethtool -N``.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The device keeps the rules while the port is down and while channels change, so
 * nothing has to be restored.
 */
#include <linux/bitfield.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "nvnic.h"
#include "nvnic_filter.h"

static_assert(NVNIC_MAX_QUEUES - 1 <= NVNIC_FLT_ACT_QUEUE);
static_assert(NVNIC_RSS_USER_CONTEXTS - 1 <= NVNIC_FLT_ACT_CONTEXT >> 8);

/**
 * struct nvnic_ntuple_rule - a rule in the device
 * @fs: flow specification of the user, with the location
 * @context: RSS context, if @fs has FLOW_RSS
 * @match: match in the device's format
 * @action: NVNIC_FLT_ACT_*
 */
struct nvnic_ntuple_rule {
	struct ethtool_rx_flow_spec fs;
	u32 context;
	struct nvnic_filter_match match;
	u64 action;
};

/* ---- Translation of a flow specification ---- */

#define NVNIC_SPEC(_spec, _member, _word, _shift, _present)		\
	{ offsetof(struct _spec, _member),				\
	  sizeof_field(struct _spec, _member), _word, _shift, _present }
#define NVNIC_SPEC_IP6(_spec, _member, _word)				\
	{ offsetof(struct _spec, _member), 8, _word, 0, 0 },		\
	{ offsetof(struct _spec, _member) + 8, 8, (_word) + 1, 0, 0 }

static const struct nvnic_filter_field nvnic_ntuple_ether[] = {
	NVNIC_SPEC(ethhdr, h_dest, 0, 16, 0),
	NVNIC_SPEC(ethhdr, h_source, 1, 16, 0),
	NVNIC_SPEC(ethhdr, h_proto, 0, 0, 0),
	{}
};

static const struct nvnic_filter_field nvnic_ntuple_ip4[] = {
	NVNIC_SPEC(ethtool_usrip4_spec, ip4src, NVNIC_FLT_IP_SRC, 32, 0),
	NVNIC_SPEC(ethtool_usrip4_spec, ip4dst, NVNIC_FLT_IP_DST, 32, 0),
	NVNIC_SPEC(ethtool_usrip4_spec, l4_4_bytes, 6, 32, NVNIC_FLT_7_L4),
	NVNIC_SPEC(ethtool_usrip4_spec, tos, 6, 24, 0),
	NVNIC_SPEC(ethtool_usrip4_spec, proto, 6, 16, 0),
	{}
};

static const struct nvnic_filter_field nvnic_ntuple_ip6[] = {
	NVNIC_SPEC_IP6(ethtool_usrip6_spec, ip6src, NVNIC_FLT_IP_SRC),
	NVNIC_SPEC_IP6(ethtool_usrip6_spec, ip6dst, NVNIC_FLT_IP_DST),
	NVNIC_SPEC(ethtool_usrip6_spec, l4_4_bytes, 6, 32, NVNIC_FLT_7_L4),
	NVNIC_SPEC(ethtool_usrip6_spec, tclass, 6, 24, 0),
	NVNIC_SPEC(ethtool_usrip6_spec, l4_proto, 6, 16, 0),
	{}
};

static const struct nvnic_filter_field nvnic_ntuple_l4_4[] = {
	NVNIC_SPEC(ethtool_tcpip4_spec, ip4src, NVNIC_FLT_IP_SRC, 32, 0),
	NVNIC_SPEC(ethtool_tcpip4_spec, ip4dst, NVNIC_FLT_IP_DST, 32, 0),
	NVNIC_SPEC(ethtool_tcpip4_spec, psrc, 6, 48, NVNIC_FLT_7_L4),
	NVNIC_SPEC(ethtool_tcpip4_spec, pdst, 6, 32, NVNIC_FLT_7_L4),
	NVNIC_SPEC(ethtool_tcpip4_spec, tos, 6, 24, 0),
	{}
};

static const struct nvnic_filter_field nvnic_ntuple_l4_6[] = {
	NVNIC_SPEC_IP6(ethtool_tcpip6_spec, ip6src, NVNIC_FLT_IP_SRC),
	NVNIC_SPEC_IP6(ethtool_tcpip6_spec, ip6dst, NVNIC_FLT_IP_DST),
	NVNIC_SPEC(ethtool_tcpip6_spec, psrc, 6, 48, NVNIC_FLT_7_L4),
	NVNIC_SPEC(ethtool_tcpip6_spec, pdst, 6, 32, NVNIC_FLT_7_L4),
	NVNIC_SPEC(ethtool_tcpip6_spec, tclass, 6, 24, 0),
	{}
};

/* FLOW_EXT: the VSID is in the last three bytes of user-def */
#define NVNIC_USER_DEF_VSID	GENMASK_ULL(23, 0)

static const struct nvnic_filter_field nvnic_ntuple_ext[] = {
	NVNIC_SPEC(ethtool_flow_ext, vlan_etype, 6, 0, NVNIC_FLT_7_VLAN),
	NVNIC_SPEC(ethtool_flow_ext, vlan_tci, 1, 0, NVNIC_FLT_7_VLAN),
	{ offsetofend(struct ethtool_flow_ext, data) - 3, 3, 7, 8,
	  NVNIC_FLT_7_NVGRE },
	{}
};

static const struct nvnic_filter_field nvnic_ntuple_mac_ext[] = {
	NVNIC_SPEC(ethtool_flow_ext, h_dest, 0, 16, 0),
	{}
};

/**
 * struct nvnic_ntuple_flow - a flow type
 * @type: flow type of ethtool
 * @proto: IP protocol that the flow type implies, 0: none
 * @present: presence bits that the flow type implies
 * @fields: fields of its specification
 */
struct nvnic_ntuple_flow {
	u32 type;
	u8 proto;
	u8 present;
	const struct nvnic_filter_field *fields;
};

static const struct nvnic_ntuple_flow nvnic_ntuple_flows[] = {
	{ ETHER_FLOW,		0, 0, nvnic_ntuple_ether },
	{ IPV4_USER_FLOW,	0, NVNIC_FLT_7_IP4, nvnic_ntuple_ip4 },
	{ IPV6_USER_FLOW,	0, NVNIC_FLT_7_IP6, nvnic_ntuple_ip6 },
	{ TCP_V4_FLOW,	IPPROTO_TCP, NVNIC_FLT_7_IP4, nvnic_ntuple_l4_4 },
	{ UDP_V4_FLOW,	IPPROTO_UDP, NVNIC_FLT_7_IP4, nvnic_ntuple_l4_4 },
	{ SCTP_V4_FLOW,	IPPROTO_SCTP, NVNIC_FLT_7_IP4, nvnic_ntuple_l4_4 },
	{ TCP_V6_FLOW,	IPPROTO_TCP, NVNIC_FLT_7_IP6, nvnic_ntuple_l4_6 },
	{ UDP_V6_FLOW,	IPPROTO_UDP, NVNIC_FLT_7_IP6, nvnic_ntuple_l4_6 },
	{ SCTP_V6_FLOW,	IPPROTO_SCTP, NVNIC_FLT_7_IP6, nvnic_ntuple_l4_6 },
};

static void nvnic_ntuple_fields(const struct nvnic_filter_field *f,
				const void *key, const void *mask,
				struct nvnic_filter_match *m)
{
	for (; f->len; f++)
		nvnic_filter_add_field(m, f, key, mask);
}

static int nvnic_ntuple_check_ext(struct nvnic_net *nn,
				  const struct ethtool_rx_flow_spec *fs)
{
	u64 key = nvnic_filter_bytes(fs->h_ext.data, sizeof(fs->h_ext.data));
	u64 mask = nvnic_filter_bytes(fs->m_ext.data, sizeof(fs->m_ext.data));

	if (fs->flow_type & FLOW_EXT && key & mask & ~NVNIC_USER_DEF_VSID) {
		nvnic_refuse(nn->netdev, NULL,
			     "user-def must be a VSID of at most 24 bits");
		return -EINVAL;
	}

	return 0;
}

static int nvnic_ntuple_translate(struct nvnic_net *nn,
				  const struct ethtool_rx_flow_spec *fs,
				  struct nvnic_filter_match *m)
{
	u32 type = fs->flow_type & ~(FLOW_EXT | FLOW_MAC_EXT | FLOW_RSS);
	const struct nvnic_ntuple_flow *flow;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_ntuple_flows); i++)
		if (nvnic_ntuple_flows[i].type == type)
			break;
	if (i == ARRAY_SIZE(nvnic_ntuple_flows) ||
	    (type == ETHER_FLOW && fs->flow_type & FLOW_MAC_EXT)) {
		nvnic_refuse(nn->netdev, NULL,
			     "flow type %#x is not supported, use ether, ip4, ip6, or tcp, udp, sctp over either",
			     fs->flow_type);
		return -EOPNOTSUPP;
	}
	if (type == IPV4_USER_FLOW &&
	    (fs->h_u.usr_ip4_spec.ip_ver != ETH_RX_NFC_IP4 ||
	     fs->m_u.usr_ip4_spec.ip_ver)) {
		nvnic_refuse(nn->netdev, NULL, "ip_ver must be 4 with an empty mask");
		return -EINVAL;
	}

	flow = &nvnic_ntuple_flows[i];
	memset(m, 0, sizeof(*m));
	nvnic_filter_add(m, 7, flow->present, flow->present);
	if (flow->proto)
		nvnic_filter_add(m, 6, FIELD_PREP(NVNIC_FLT_6_PROTO, flow->proto),
				 NVNIC_FLT_6_PROTO);
	nvnic_ntuple_fields(flow->fields, &fs->h_u, &fs->m_u, m);
	if (fs->flow_type & FLOW_EXT)
		nvnic_ntuple_fields(nvnic_ntuple_ext, &fs->h_ext, &fs->m_ext, m);
	if (fs->flow_type & FLOW_MAC_EXT)
		nvnic_ntuple_fields(nvnic_ntuple_mac_ext, &fs->h_ext, &fs->m_ext,
				    m);

	return nvnic_ntuple_check_ext(nn, fs);
}

/* ---- Action ---- */

/* Find the highest queue in the table of an RSS context. */
static u32 nvnic_ntuple_ctx_queue(struct nvnic_net *nn, u32 ctx)
{
	const u32 *indir;
	u32 max = 0, i;

	if (!ctx)
		return 0;
	indir = ethtool_rxfh_context_indir(nn->ctx[ctx]);
	for (i = 0; i < NVNIC_RSS_ENTRIES; i++)
		max = max(max, indir[i]);

	return max;
}

static int nvnic_ntuple_ctx_action(struct nvnic_net *nn, u32 ctx, u64 ring,
				   u64 *action)
{
	u32 max;

	if (ctx >= NVNIC_RSS_USER_CONTEXTS || (ctx && !nn->ctx[ctx])) {
		nvnic_refuse(nn->netdev, NULL, "RSS context %u does not exist",
			     ctx);
		return -EINVAL;
	}
	if (!ctx && ring) {
		nvnic_refuse(nn->netdev, NULL,
			     "queue offset is not supported with RSS context 0");
		return -EINVAL;
	}
	max = nvnic_ntuple_ctx_queue(nn, ctx);
	if (ring + max >= nn->cfg.num && ring) {
		nvnic_refuse(nn->netdev, NULL,
			     "queue offset %llu plus queue %u of RSS context %u out of range, port has %u",
			     ring, max, ctx, nn->cfg.num);
		return -EINVAL;
	}

	*action = FIELD_PREP(NVNIC_FLT_ACT_KIND, NVNIC_FLT_ACT_K_CONTEXT) |
		  FIELD_PREP(NVNIC_FLT_ACT_CONTEXT, ctx) |
		  FIELD_PREP(NVNIC_FLT_ACT_QUEUE, ring);

	return 0;
}

static int nvnic_ntuple_action(struct nvnic_net *nn,
			       const struct ethtool_rxnfc *nfc, u64 *action)
{
	u64 ring = nfc->fs.ring_cookie;

	if (ring == RX_CLS_FLOW_WAKE ||
	    (ring == RX_CLS_FLOW_DISC && nfc->fs.flow_type & FLOW_RSS)) {
		nvnic_refuse(nn->netdev, NULL,
			     "action must be a queue, an RSS context or drop");
		return -EOPNOTSUPP;
	}
	if (ring == RX_CLS_FLOW_DISC) {
		*action = FIELD_PREP(NVNIC_FLT_ACT_KIND, NVNIC_FLT_ACT_K_DROP);
		return 0;
	}
	/*
	 * The upper bits of ring_cookie may hold a VF number, which is not
	 * supported.
	 */
	if (ring >= nn->cfg.num) {
		nvnic_refuse(nn->netdev, NULL,
			     "queue %llu out of range, port has %u", ring,
			     nn->cfg.num);
		return -EINVAL;
	}
	if (nfc->fs.flow_type & FLOW_RSS)
		return nvnic_ntuple_ctx_action(nn, nfc->rss_context, ring,
					       action);

	*action = FIELD_PREP(NVNIC_FLT_ACT_KIND, NVNIC_FLT_ACT_K_QUEUE) |
		  FIELD_PREP(NVNIC_FLT_ACT_QUEUE, ring);

	return 0;
}

/**
 * nvnic_ntuple_ctx_span() - highest queue offset of rules to an RSS context
 * @nn: port
 * @ctx: the context
 *
 * Context: process, instance lock.
 *
 * Return: the offset.
 */
u32 nvnic_ntuple_ctx_span(struct nvnic_net *nn, u32 ctx)
{
	struct nvnic_ntuple_rule *rule;
	unsigned long loc;
	u32 span = 0;

	xa_for_each(&nn->rules, loc, rule)
		if (rule->fs.flow_type & FLOW_RSS && rule->context == ctx)
			span = max_t(u32, span, rule->fs.ring_cookie);

	return span;
}

/**
 * nvnic_ntuple_check_queues() - check the rules against a new number of queues
 * @nn: port
 * @queues: new number of queues
 *
 * The core has checked the queues of rules and those of RSS contexts, but not their
 * sum.
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -EINVAL if a rule needs more queues.
 */
int nvnic_ntuple_check_queues(struct nvnic_net *nn, u32 queues)
{
	u32 ctx, max;

	for (ctx = 1; ctx < NVNIC_RSS_USER_CONTEXTS; ctx++) {
		if (!nn->ctx[ctx])
			continue;
		max = nvnic_ntuple_ctx_queue(nn, ctx) +
		      nvnic_ntuple_ctx_span(nn, ctx);
		if (max < queues)
			continue;
		nvnic_refuse(nn->netdev, NULL,
			     "rules for RSS context %u use queue %u", ctx,
			     max);
		return -EINVAL;
	}

	return 0;
}

/* ---- Locations ---- */

static int nvnic_ntuple_free_loc(struct nvnic_net *nn, bool last, u32 *loc)
{
	u32 i, at;

	for (i = 0; i < NVNIC_FILTER_ENTRIES; i++) {
		at = last ? NVNIC_FILTER_ENTRIES - 1 - i : i;
		if (xa_load(&nn->rules, at))
			continue;
		*loc = at;
		return 0;
	}
	nvnic_refuse(nn->netdev, NULL, "rule table is full, at most %u rules",
		     NVNIC_FILTER_ENTRIES);

	return -ENOSPC;
}

static int nvnic_ntuple_any_loc(struct nvnic_net *nn,
				const struct nvnic_filter_match *match, u32 *loc)
{
	struct nvnic_ntuple_rule *rule;
	unsigned long at;

	xa_for_each(&nn->rules, at, rule) {
		if (memcmp(&rule->match, match, sizeof(*match)))
			continue;
		*loc = at;
		return 0;
	}

	return nvnic_ntuple_free_loc(nn, false, loc);
}

static int nvnic_ntuple_loc(struct nvnic_net *nn,
			    const struct nvnic_filter_match *match, u32 *loc)
{
	switch (*loc) {
	case RX_CLS_LOC_ANY:
		return nvnic_ntuple_any_loc(nn, match, loc);
	case RX_CLS_LOC_FIRST:
		return nvnic_ntuple_free_loc(nn, false, loc);
	case RX_CLS_LOC_LAST:
		return nvnic_ntuple_free_loc(nn, true, loc);
	}
	if (*loc < NVNIC_FILTER_ENTRIES)
		return 0;
	nvnic_refuse(nn->netdev, NULL,
		     "location %u out of range, table has %u", *loc,
		     NVNIC_FILTER_ENTRIES);

	return -EINVAL;
}

/* ---- ethtool ---- */

/* Keep an old rule at the location until the device has accepted the new one. */
static int nvnic_ntuple_store(struct nvnic_net *nn,
			      struct nvnic_ntuple_rule *rule)
{
	u32 loc = rule->fs.location;
	struct nvnic_ntuple_rule *old;
	int err;

	err = xa_reserve(&nn->rules, loc, GFP_KERNEL);
	if (err)
		return err;
	err = nvnic_filter_set(nn, NVNIC_FLT_T_NTUPLE, loc, &rule->match,
			       rule->action, NULL);
	if (err) {
		xa_release(&nn->rules, loc);
		return err;
	}
	old = xa_store(&nn->rules, loc, rule, GFP_KERNEL);
	nn->nrules += !old;
	kfree(old);

	return 0;
}

/**
 * nvnic_ntuple_insert() - ethtool: add or replace a rule
 * @nn: port
 * @nfc: the rule; receives its location
 *
 * RX_CLS_LOC_ANY replaces a rule with the same match, or else takes the lowest free
 * location.
 *
 * Context: process, instance lock.
 *
 * Return: 0; -EOPNOTSUPP if ntuple-filters is off, or for an unsupported flow type or
 * action; -EINVAL for a queue, context, location or value out of range; -ENOSPC for
 * too many rules or too many different masks; -ENOMEM. On an error the rules are
 * unchanged.
 */
int nvnic_ntuple_insert(struct nvnic_net *nn, struct ethtool_rxnfc *nfc)
{
	struct nvnic_ntuple_rule *rule;
	int err;

	nvnic_assert_dev_lock(nn->netdev);

	if (!(nn->netdev->features & NETIF_F_NTUPLE)) {
		nvnic_refuse(nn->netdev, NULL, "ntuple-filters is off");
		return -EOPNOTSUPP;
	}

	rule = kzalloc(sizeof(*rule), GFP_KERNEL);
	if (!rule)
		return -ENOMEM;

	rule->fs = nfc->fs;
	rule->context = nfc->fs.flow_type & FLOW_RSS ? nfc->rss_context : 0;
	err = nvnic_ntuple_translate(nn, &nfc->fs, &rule->match);
	if (!err)
		err = nvnic_ntuple_action(nn, nfc, &rule->action);
	if (!err)
		err = nvnic_ntuple_loc(nn, &rule->match, &rule->fs.location);
	if (!err)
		err = nvnic_ntuple_store(nn, rule);
	if (err) {
		kfree(rule);
		return err;
	}
	nfc->fs.location = rule->fs.location;

	return 0;
}

/**
 * nvnic_ntuple_delete() - ethtool: remove a rule
 * @nn: port
 * @loc: location of the rule
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -ENOENT.
 */
int nvnic_ntuple_delete(struct nvnic_net *nn, u32 loc)
{
	struct nvnic_ntuple_rule *rule = xa_load(&nn->rules, loc);
	int err;

	nvnic_assert_dev_lock(nn->netdev);

	if (!rule)
		return -ENOENT;
	err = nvnic_filter_remove(nn, NVNIC_FLT_T_NTUPLE, loc);
	if (err)
		return err;
	xa_erase(&nn->rules, loc);
	kfree(rule);
	nn->nrules--;

	return 0;
}

/**
 * nvnic_ntuple_count() - ethtool: number of rules, size of the table
 * @nn: port
 * @nfc: receives both
 *
 * Context: process, instance lock.
 */
void nvnic_ntuple_count(struct nvnic_net *nn, struct ethtool_rxnfc *nfc)
{
	nfc->rule_cnt = nn->nrules;
	nfc->data = NVNIC_FILTER_ENTRIES | RX_CLS_LOC_SPECIAL;
}

/**
 * nvnic_ntuple_get() - ethtool: read a rule
 * @nn: port
 * @nfc: location of the rule; receives the rule
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -ENOENT.
 */
int nvnic_ntuple_get(struct nvnic_net *nn, struct ethtool_rxnfc *nfc)
{
	const struct nvnic_ntuple_rule *rule = xa_load(&nn->rules,
						       nfc->fs.location);

	if (!rule)
		return -ENOENT;
	nfc->fs = rule->fs;
	if (rule->fs.flow_type & FLOW_RSS)
		nfc->rss_context = rule->context;

	return 0;
}

/**
 * nvnic_ntuple_list() - ethtool: locations of all rules
 * @nn: port
 * @nfc: size of @locs; receives the number of rules
 * @locs: receives the locations
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -EMSGSIZE if @locs is too small.
 */
int nvnic_ntuple_list(struct nvnic_net *nn, struct ethtool_rxnfc *nfc,
		      u32 *locs)
{
	struct nvnic_ntuple_rule *rule;
	unsigned long loc;

	if (nfc->rule_cnt < nn->nrules)
		return -EMSGSIZE;

	nfc->data = NVNIC_FILTER_ENTRIES;
	nfc->rule_cnt = 0;
	xa_for_each(&nn->rules, loc, rule)
		locs[nfc->rule_cnt++] = loc;

	return 0;
}

/**
 * nvnic_ntuple_flush() - remove all rules
 * @nn: port
 *
 * Context: process, instance lock or with the port not registered.
 */
void nvnic_ntuple_flush(struct nvnic_net *nn)
{
	struct nvnic_ntuple_rule *rule;
	unsigned long loc;

	if (!nn->nrules)
		return;

	nvnic_filter_clear(nn, NVNIC_FLT_T_NTUPLE);
	xa_for_each(&nn->rules, loc, rule) {
		xa_erase(&nn->rules, loc);
		kfree(rule);
	}
	nn->nrules = 0;
}

/**
 * nvnic_ntuple_exit() - remove all rules, free the table
 * @nn: port, not registered any more
 *
 * Context: process.
 */
void nvnic_ntuple_exit(struct nvnic_net *nn)
{
	nvnic_ntuple_flush(nn);
	xa_destroy(&nn->rules);
}

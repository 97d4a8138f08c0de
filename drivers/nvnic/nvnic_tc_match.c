// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: translation of a flower filter to a rule of the device.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A filter that the device cannot execute exactly is refused; then the stack executes
 * it in software, unless it is skip_sw.
 */
#include <linux/bitfield.h>
#include <linux/if_vlan.h>
#include <linux/unaligned.h>
#include <net/pkt_cls.h>

#include "nvnic.h"
#include "nvnic_tc.h"

/* ---- Match ---- */

/**
 * struct nvnic_tc_field - a field of a dissector key
 * @id: the key
 * @field: its bytes, and their place in a rule
 */
struct nvnic_tc_field {
	u8 id;
	struct nvnic_filter_field field;
};

#define NVNIC_TC_FIELD(_id, _struct, _member, _word, _shift, _present)	\
	{ FLOW_DISSECTOR_KEY_##_id,					\
	  { offsetof(struct flow_dissector_key_##_struct, _member),	\
	    sizeof_field(struct flow_dissector_key_##_struct, _member),	\
	    _word, _shift, _present } }
#define NVNIC_TC_IP6(_member, _word)					\
	{ FLOW_DISSECTOR_KEY_IPV6_ADDRS,				\
	  { offsetof(struct flow_dissector_key_ipv6_addrs, _member),	\
	    8, _word, 0, NVNIC_FLT_7_IP6 } },				\
	{ FLOW_DISSECTOR_KEY_IPV6_ADDRS,				\
	  { offsetof(struct flow_dissector_key_ipv6_addrs, _member) + 8, \
	    8, (_word) + 1, 0, NVNIC_FLT_7_IP6 } }

static const struct nvnic_tc_field nvnic_tc_fields[] = {
	NVNIC_TC_FIELD(ETH_ADDRS, eth_addrs, dst, 0, 16, 0),
	NVNIC_TC_FIELD(ETH_ADDRS, eth_addrs, src, 1, 16, 0),
	NVNIC_TC_FIELD(BASIC, basic, n_proto, 0, 0, 0),
	NVNIC_TC_FIELD(BASIC, basic, ip_proto, 6, 16, 0),
	NVNIC_TC_FIELD(VLAN, vlan, vlan_tpid, 6, 0, NVNIC_FLT_7_VLAN),
	NVNIC_TC_FIELD(IPV4_ADDRS, ipv4_addrs, src, NVNIC_FLT_IP_SRC, 32,
		       NVNIC_FLT_7_IP4),
	NVNIC_TC_FIELD(IPV4_ADDRS, ipv4_addrs, dst, NVNIC_FLT_IP_DST, 32,
		       NVNIC_FLT_7_IP4),
	NVNIC_TC_IP6(src, NVNIC_FLT_IP_SRC),
	NVNIC_TC_IP6(dst, NVNIC_FLT_IP_DST),
	NVNIC_TC_FIELD(IP, ip, tos, 6, 24, 0),
	NVNIC_TC_FIELD(PORTS, ports, src, 6, 48, NVNIC_FLT_7_L4),
	NVNIC_TC_FIELD(PORTS, ports, dst, 6, 32, NVNIC_FLT_7_L4),
};

#define NVNIC_TC_KEY(_id)	BIT_ULL(FLOW_DISSECTOR_KEY_##_id)
#define NVNIC_TC_KEYS							\
	(NVNIC_TC_KEY(CONTROL) | NVNIC_TC_KEY(BASIC) |			\
	 NVNIC_TC_KEY(ETH_ADDRS) | NVNIC_TC_KEY(VLAN) |			\
	 NVNIC_TC_KEY(IPV4_ADDRS) | NVNIC_TC_KEY(IPV6_ADDRS) |		\
	 NVNIC_TC_KEY(IP) | NVNIC_TC_KEY(PORTS) | NVNIC_TC_KEY(ENC_KEYID))

/* Keys of a filter that the device cannot match on, the most specific text first */
static const struct {
	u64 keys;
	const char *text;
} nvnic_tc_blind[] = {
	{ NVNIC_TC_KEY(ENC_IPV4_ADDRS) | NVNIC_TC_KEY(ENC_IPV6_ADDRS),
	  "outer addresses (enc_src_ip, enc_dst_ip)" },
	{ NVNIC_TC_KEY(ENC_PORTS), "outer ports (enc_dst_port)" },
	{ NVNIC_TC_KEY(ENC_IP), "outer TOS and TTL (enc_tos, enc_ttl)" },
	{ NVNIC_TC_KEY(ENC_OPTS), "tunnel options" },
	{ NVNIC_TC_KEY(ENC_CONTROL), "enc_flags" },
	{ NVNIC_TC_KEY(CVLAN) | NVNIC_TC_KEY(NUM_OF_VLANS),
	  "a second VLAN tag, or the number of tags" },
	{ NVNIC_TC_KEY(PORTS_RANGE), "ranges of ports" },
	{ NVNIC_TC_KEY(TCP), "tcp_flags" },
	{ NVNIC_TC_KEY(ICMP) | NVNIC_TC_KEY(ARP), "fields of ICMP or ARP" },
	{ NVNIC_TC_KEY(META), "indev, l2_miss" },
	{ ~NVNIC_TC_KEYS, "headers other than Ethernet, VLAN, IP and ports" },
};

static int nvnic_tc_check_keys(const struct flow_rule *rule,
			       struct netlink_ext_ack *extack)
{
	u64 blind = rule->match.dissector->used_keys & ~NVNIC_TC_KEYS;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_tc_blind); i++) {
		if (!(blind & nvnic_tc_blind[i].keys))
			continue;
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "cannot match on %s",
				       nvnic_tc_blind[i].text);
		return -EOPNOTSUPP;
	}

	return 0;
}

/* IPv4 and IPv6 addresses share their place in the key; only one kind is in use. */
static bool nvnic_tc_uses(const struct flow_rule *rule, u32 id)
{
	struct flow_match_control control;

	if (!flow_rule_match_key(rule, id))
		return false;
	if (id != FLOW_DISSECTOR_KEY_IPV4_ADDRS &&
	    id != FLOW_DISSECTOR_KEY_IPV6_ADDRS)
		return true;
	flow_rule_match_control(rule, &control);

	return control.key->addr_type == id;
}

static void nvnic_tc_add_fields(const struct flow_rule *rule,
				struct nvnic_filter_match *m)
{
	const struct nvnic_tc_field *f;
	const void *key, *mask;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_tc_fields); i++) {
		f = &nvnic_tc_fields[i];
		if (!nvnic_tc_uses(rule, f->id))
			continue;
		key = skb_flow_dissector_target(rule->match.dissector, f->id,
						rule->match.key);
		mask = skb_flow_dissector_target(rule->match.dissector, f->id,
						 rule->match.mask);
		nvnic_filter_add_field(m, &f->field, key, mask);
	}
}

static u64 nvnic_tc_tci(const struct flow_dissector_key_vlan *vlan)
{
	return FIELD_PREP(VLAN_PRIO_MASK, vlan->vlan_priority) |
	       FIELD_PREP(VLAN_CFI_MASK, vlan->vlan_dei) |
	       FIELD_PREP(VLAN_VID_MASK, vlan->vlan_id);
}

/* A protocol that is not a VLAN protocol implies a frame without a tag. */
static void nvnic_tc_add_protocol(const struct flow_rule *rule,
				  struct nvnic_filter_match *m)
{
	struct flow_match_basic basic;
	struct flow_match_vlan vlan;

	flow_rule_match_basic(rule, &basic);
	if (basic.mask->n_proto && basic.key->n_proto == htons(ETH_P_IP))
		nvnic_filter_add(m, 7, NVNIC_FLT_7_IP4, NVNIC_FLT_7_IP4);
	if (basic.mask->n_proto && basic.key->n_proto == htons(ETH_P_IPV6))
		nvnic_filter_add(m, 7, NVNIC_FLT_7_IP6, NVNIC_FLT_7_IP6);

	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_VLAN)) {
		flow_rule_match_vlan(rule, &vlan);
		nvnic_filter_add(m, 1, nvnic_tc_tci(vlan.key),
				 nvnic_tc_tci(vlan.mask));
	} else if (basic.mask->n_proto) {
		nvnic_filter_add(m, 7, 0, NVNIC_FLT_7_VLAN);
	}
}

/* With a VSID the fields are those of the inner frame, otherwise of untunneled ones. */
static int nvnic_tc_add_vsid(const struct nvnic_tc_bind *bind,
			     const struct flow_rule *rule,
			     struct nvnic_filter_match *m,
			     struct netlink_ext_ack *extack)
{
	struct flow_match_enc_keyid enc;
	u32 id;

	if (!flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_ENC_KEYID)) {
		nvnic_filter_add(m, 7, 0, NVNIC_FLT_7_NVGRE);
		if (!bind->tunnel)
			return 0;
		NL_SET_ERR_MSG_MOD(extack,
				   "a tunnel filter requires enc_key_id (VSID << 8)");
		return -EOPNOTSUPP;
	}

	flow_rule_match_enc_keyid(rule, &enc);
	id = be32_to_cpu(enc.key->keyid);
	if (id & ~NVNIC_FLT_7_VSID) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "enc_key_id %#x must be VSID << 8, FlowID %#x cannot be matched",
				       id, id & 0xff);
		return -EOPNOTSUPP;
	}
	nvnic_filter_add(m, 7, id | NVNIC_FLT_7_NVGRE,
			 NVNIC_FLT_7_VSID | NVNIC_FLT_7_NVGRE);

	return 0;
}

/**
 * nvnic_tc_match() - translate the match of a filter
 * @bind: block of the filter
 * @cls: the filter
 * @m: receives the match in the device's format
 *
 * Context: process, RTNL.
 *
 * Return: 0, or -EOPNOTSUPP with the reason in the filter's extack.
 */
int nvnic_tc_match(const struct nvnic_tc_bind *bind,
		   struct flow_cls_offload *cls, struct nvnic_filter_match *m)
{
	struct flow_rule *rule = flow_cls_offload_flow_rule(cls);
	struct netlink_ext_ack *extack = cls->common.extack;
	struct flow_match_ip ip;
	int err;

	err = nvnic_tc_check_keys(rule, extack);
	if (err)
		return err;
	if (flow_rule_match_has_control_flags(rule, extack))
		return -EOPNOTSUPP;
	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_IP)) {
		flow_rule_match_ip(rule, &ip);
		if (ip.mask->ttl) {
			NL_SET_ERR_MSG_MOD(extack,
					   "cannot match on ip_ttl");
			return -EOPNOTSUPP;
		}
	}

	memset(m, 0, sizeof(*m));
	nvnic_tc_add_fields(rule, m);
	nvnic_tc_add_protocol(rule, m);

	return nvnic_tc_add_vsid(bind, rule, m, extack);
}

/* ---- Action ---- */

static u64 nvnic_tc_to_context(u32 ctx)
{
	return FIELD_PREP(NVNIC_FLT_ACT_KIND, NVNIC_FLT_ACT_K_CONTEXT) |
	       FIELD_PREP(NVNIC_FLT_ACT_CONTEXT, ctx);
}

/* hw_tc N (a traffic class) selects RSS context N. */
static int nvnic_tc_class(struct nvnic_net *nn, struct flow_cls_offload *cls,
			  u64 *action)
{
	u32 ctx = TC_H_MIN(cls->classid) - TC_H_MIN_PRIORITY;

	if (ctx >= NVNIC_RSS_USER_CONTEXTS || (ctx && !nn->ctx[ctx])) {
		NL_SET_ERR_MSG_MOD(cls->common.extack,
				   "hw_tc must be the number of an existing RSS context");
		return -EOPNOTSUPP;
	}
	*action = nvnic_tc_to_context(ctx);

	return 0;
}

static int nvnic_tc_queue(struct nvnic_net *nn, struct flow_cls_offload *cls,
			  u32 queue, u64 *action)
{
	if (queue >= nn->cfg.num) {
		NL_SET_ERR_MSG_FMT_MOD(cls->common.extack, "queue %u out of range, port has %u",
				       queue, nn->cfg.num);
		return -EINVAL;
	}
	*action = FIELD_PREP(NVNIC_FLT_ACT_KIND, NVNIC_FLT_ACT_K_QUEUE) |
		  FIELD_PREP(NVNIC_FLT_ACT_QUEUE, queue);

	return 0;
}

/**
 * nvnic_tc_action() - translate the action of a filter
 * @nn: port
 * @cls: the filter
 * @action: receives NVNIC_FLT_ACT_*
 *
 * Context: process, RTNL.
 *
 * Return: 0; -EOPNOTSUPP, or -EINVAL for a queue out of range, with the reason in
 * the filter's extack.
 */
int nvnic_tc_action(struct nvnic_net *nn, struct flow_cls_offload *cls,
		    u64 *action)
{
	const struct flow_action *actions = &cls->rule->action;
	struct netlink_ext_ack *extack = cls->common.extack;
	const struct flow_action_entry *act = actions->entries;

	if (!flow_action_hw_stats_check(actions, extack,
					FLOW_ACTION_HW_STATS_IMMEDIATE_BIT))
		return -EOPNOTSUPP;

	if (cls->classid && (!actions->num_entries ||
			     (actions->num_entries == 1 &&
			      act->id == FLOW_ACTION_ACCEPT)))
		return nvnic_tc_class(nn, cls, action);

	if (!cls->classid && actions->num_entries == 1) {
		switch (act->id) {
		case FLOW_ACTION_RX_QUEUE_MAPPING:
			return nvnic_tc_queue(nn, cls, act->rx_queue, action);
		case FLOW_ACTION_DROP:
			*action = FIELD_PREP(NVNIC_FLT_ACT_KIND,
					     NVNIC_FLT_ACT_K_DROP);
			return 0;
		case FLOW_ACTION_ACCEPT:
			*action = nvnic_tc_to_context(0);
			return 0;
		default:
			break;
		}
	}
	NL_SET_ERR_MSG_MOD(extack,
			   "action must be skbedit queue_mapping, drop, pass, or hw_tc with or without pass");

	return -EOPNOTSUPP;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: header fields that the receive hash covers.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/ethtool.h>

#include "nvnic.h"

/**
 * struct nvnic_rss_flow - a flow type of ethtool
 * @flow: number of the flow type
 * @mask: byte of NVNIC_REG_RSS_FIELDS for the flow type
 * @may: NVNIC_RSS_F_* that the flow type supports
 */
struct nvnic_rss_flow {
	u32 flow;
	u64 mask;
	u8 may;
};

/* Fields of the flow types */
#define NVNIC_RSS_V4		NVNIC_RSS_F_L3
#define NVNIC_RSS_V6		(NVNIC_RSS_F_L3 | NVNIC_RSS_F_LABEL)
#define NVNIC_RSS_V4_L4		(NVNIC_RSS_V4 | NVNIC_RSS_F_L4)
#define NVNIC_RSS_V6_L4		(NVNIC_RSS_V6 | NVNIC_RSS_F_L4)

/* Anything but TCP and UDP is hashed as plain IP. */
static const struct nvnic_rss_flow nvnic_rss_flows[] = {
	{ TCP_V4_FLOW,		NVNIC_RSS_FIELDS_TCP4,	NVNIC_RSS_V4_L4 },
	{ TCP_V6_FLOW,		NVNIC_RSS_FIELDS_TCP6,	NVNIC_RSS_V6_L4 },
	{ UDP_V4_FLOW,		NVNIC_RSS_FIELDS_UDP4,	NVNIC_RSS_V4_L4 },
	{ UDP_V6_FLOW,		NVNIC_RSS_FIELDS_UDP6,	NVNIC_RSS_V6_L4 },
	{ IPV4_FLOW,		NVNIC_RSS_FIELDS_IP4,	NVNIC_RSS_V4 },
	{ IPV6_FLOW,		NVNIC_RSS_FIELDS_IP6,	NVNIC_RSS_V6 },
	{ SCTP_V4_FLOW,		NVNIC_RSS_FIELDS_IP4,	NVNIC_RSS_V4 },
	{ SCTP_V6_FLOW,		NVNIC_RSS_FIELDS_IP6,	NVNIC_RSS_V6 },
	{ AH_ESP_V4_FLOW,	NVNIC_RSS_FIELDS_IP4,	NVNIC_RSS_V4 },
	{ AH_ESP_V6_FLOW,	NVNIC_RSS_FIELDS_IP6,	NVNIC_RSS_V6 },
	{ AH_V4_FLOW,		NVNIC_RSS_FIELDS_IP4,	NVNIC_RSS_V4 },
	{ AH_V6_FLOW,		NVNIC_RSS_FIELDS_IP6,	NVNIC_RSS_V6 },
	{ ESP_V4_FLOW,		NVNIC_RSS_FIELDS_IP4,	NVNIC_RSS_V4 },
	{ ESP_V6_FLOW,		NVNIC_RSS_FIELDS_IP6,	NVNIC_RSS_V6 },
};

/* RXH_* for each bit of NVNIC_RSS_F_* */
static const struct {
	u8 field;
	u32 rxh;
} nvnic_rss_names[] = {
	{ NVNIC_RSS_F_SRC,	RXH_IP_SRC },
	{ NVNIC_RSS_F_DST,	RXH_IP_DST },
	{ NVNIC_RSS_F_SPORT,	RXH_L4_B_0_1 },
	{ NVNIC_RSS_F_DPORT,	RXH_L4_B_2_3 },
	{ NVNIC_RSS_F_LABEL,	NVNIC_RXH_IP6_FL },
};

static const struct nvnic_rss_flow *nvnic_rss_flow(u32 flow)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_rss_flows); i++)
		if (nvnic_rss_flows[i].flow == flow)
			return &nvnic_rss_flows[i];

	return NULL;
}

static u32 nvnic_rss_to_rxh(u8 fields)
{
	u32 rxh = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_rss_names); i++)
		if (fields & nvnic_rss_names[i].field)
			rxh |= nvnic_rss_names[i].rxh;

	return rxh;
}

static u8 nvnic_rss_from_rxh(u32 rxh)
{
	u8 fields = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_rss_names); i++)
		if (rxh & nvnic_rss_names[i].rxh)
			fields |= nvnic_rss_names[i].field;

	return fields;
}

/* The ioctl may name a context that does not exist. */
static bool nvnic_rss_ctx_there(const struct nvnic_net *nn, u32 ctx)
{
	return !ctx || (ctx < NVNIC_RSS_USER_CONTEXTS && nn->ctx[ctx]);
}

static u64 nvnic_rss_all_fields(const struct nvnic_net *nn, u32 ctx)
{
	return ctx ? nn->ctx_fields[ctx] : nn->rss.fields;
}

static bool nvnic_rss_ctx_symmetric(const struct nvnic_net *nn, u32 ctx)
{
	return nn->ctx[ctx] && nn->ctx[ctx]->input_xfrm == RXH_XFRM_SYM_XOR;
}

/* Is symmetric-xor on in any context that uses the fields of @ctx? */
static bool nvnic_rss_sym_xor(const struct nvnic_net *nn, u32 ctx)
{
	u32 i;

	if (ctx)
		return nvnic_rss_ctx_symmetric(nn, ctx);
	if (NVNIC_CTX_OWN_FIELDS)
		return nn->rss.sym_xor;

	for (i = 0; i < NVNIC_RSS_USER_CONTEXTS; i++)
		if (nvnic_rss_ctx_symmetric(nn, i))
			return true;

	return nn->rss.sym_xor;
}

static u8 nvnic_rss_fields_of(u64 fields, const struct nvnic_rss_flow *row)
{
	return (fields & row->mask) >> __ffs64(row->mask);
}

static bool nvnic_rss_symmetric(u8 fields)
{
	u8 l3 = fields & NVNIC_RSS_F_L3, l4 = fields & NVNIC_RSS_F_L4;

	return !(fields & NVNIC_RSS_F_LABEL) &&
	       (!l3 || l3 == NVNIC_RSS_F_L3) && (!l4 || l4 == NVNIC_RSS_F_L4);
}

/**
 * nvnic_rss_fields_symmetric() - check fields for symmetric-xor
 * @fields: NVNIC_REG_RSS_FIELDS
 *
 * Context: any.
 *
 * Return: true if symmetric-xor gives both directions of each flow one hash.
 */
bool nvnic_rss_fields_symmetric(u64 fields)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_rss_flows); i++)
		if (!nvnic_rss_symmetric(nvnic_rss_fields_of(fields,
							     &nvnic_rss_flows[i])))
			return false;

	return true;
}

/**
 * nvnic_refuse_asymmetric() - report which fields symmetric-xor requires
 * @dev: port
 * @extack: receives the text, or NULL to log it
 *
 * Context: process.
 */
void nvnic_refuse_asymmetric(struct net_device *dev,
			     struct netlink_ext_ack *extack)
{
	nvnic_refuse(dev, extack,
		     "symmetric-xor requires src/dst field pairs and no IPv6 flow label");
}

/**
 * nvnic_get_rxfh_fields() - ethtool: hash fields of a flow type
 * @dev: port
 * @fields: flow type and RSS context; receives RXH_*
 *
 * Context: process, instance lock.
 *
 * Return: 0; -EINVAL for a flow type without hash; -ENOENT if the context does not
 * exist.
 */
int nvnic_get_rxfh_fields(struct net_device *dev,
			  struct ethtool_rxfh_fields *fields)
{
	const struct nvnic_rss_flow *row = nvnic_rss_flow(fields->flow_type);
	const struct nvnic_net *nn = netdev_priv(dev);
	u32 ctx = fields->rss_context;

	if (!nvnic_rss_ctx_there(nn, ctx))
		return -ENOENT;

	fields->data = 0;
	if (!row)
		return fields->flow_type == ETHER_FLOW ? 0 : -EINVAL;

	fields->data = nvnic_rss_to_rxh(nvnic_rss_fields_of(nvnic_rss_all_fields(nn, ctx),
							    row));

	return 0;
}

/* Refuse unsupported fields, and none: the device would hash as plain IP then. */
static bool nvnic_rss_fields_ok(struct net_device *dev,
				const struct nvnic_rss_flow *row, u32 rxh,
				struct netlink_ext_ack *extack)
{
	u32 may = nvnic_rss_to_rxh(row->may);

	if (rxh && !(rxh & ~may))
		return true;

	nvnic_refuse(dev, extack,
		     "flow type supports addresses (s, d)%s%s",
		     may & RXH_L4_B_0_1 ? ", ports (f, n)" : "",
		     may & NVNIC_RXH_IP6_FL ? ", flow label (l)" : "");
	return false;
}

/**
 * nvnic_rss_fields_check() - check new hash fields of a flow type
 * @dev: port
 * @fields: flow type, RSS context, RXH_*
 * @all: receives the new NVNIC_REG_RSS_FIELDS of the context
 * @extack: receives the reason of a refusal, or NULL to log it
 *
 * Context: process, instance lock.
 *
 * Return: 0; -EOPNOTSUPP for a flow type without hash; -EINVAL for fields that the
 * flow type does not have or symmetric-xor does not allow; -ENOENT if the context
 * does not exist.
 */
int nvnic_rss_fields_check(struct net_device *dev,
			   const struct ethtool_rxfh_fields *fields, u64 *all,
			   struct netlink_ext_ack *extack)
{
	const struct nvnic_rss_flow *row = nvnic_rss_flow(fields->flow_type);
	struct nvnic_net *nn = netdev_priv(dev);
	u32 ctx = fields->rss_context;
	u8 f;

	if (!nvnic_rss_ctx_there(nn, ctx)) {
		nvnic_refuse(dev, extack, "RSS context %u does not exist", ctx);
		return -ENOENT;
	}

	if (!row) {
		nvnic_refuse(dev, extack,
			     "hash fields are supported for TCP, UDP, SCTP, AH, ESP and IP");
		return -EOPNOTSUPP;
	}

	if (!nvnic_rss_fields_ok(dev, row, fields->data, extack))
		return -EINVAL;

	f = nvnic_rss_from_rxh(fields->data);
	if (nvnic_rss_sym_xor(nn, ctx) && !nvnic_rss_symmetric(f)) {
		nvnic_refuse_asymmetric(dev, extack);
		return -EINVAL;
	}

	*all = nvnic_rss_all_fields(nn, ctx) & ~row->mask;
	*all |= (u64)f << __ffs64(row->mask);

	return 0;
}

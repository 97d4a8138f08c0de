// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: what the receive hash of a frame covers.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/rss.h>

#define NVPE_RSS_LABEL_MASK	0xfffff

static enum nvpe_flow nvpe_rss_flow(const struct nvpe_ip *ip, u8 l4)
{
	bool v6 = ip->version == 6;

	if (l4 == NVPE_IPPROTO_TCP)
		return v6 ? NVPE_FLOW_TCP6 : NVPE_FLOW_TCP4;
	if (l4 == NVPE_IPPROTO_UDP)
		return v6 ? NVPE_FLOW_UDP6 : NVPE_FLOW_UDP4;
	return v6 ? NVPE_FLOW_IP6 : NVPE_FLOW_IP4;
}

static void nvpe_rss_xor(u8 *src, u8 *dst, u32 len)
{
	while (len--) {
		*src ^= *dst;
		*dst++ = *src++;
	}
}

/*
 * Append what is on of a source and a destination of @half bytes each; bit 0 of
 * @on is the source. There is room for both. Returns how many bytes that is.
 */
static u32 nvpe_rss_pair(u8 *in, const u8 *pair, u32 half, u8 on, bool sym_xor)
{
	memcpy(in, pair, 2 * half);
	if (sym_xor)
		nvpe_rss_xor(in, in + half, half);
	if ((on & 3) == 2)
		memcpy(in, in + half, half);
	return half * ((on & 1) + (on >> 1 & 1));
}

/* Hash the fields; @ports is where the ports are, if one of them is on. */
static void nvpe_rss_tuple(const struct nvpe_rss_cfg *cfg, const u8 *hdr,
			   const struct nvpe_ip *ip, const u8 *ports, u8 fields,
			   struct nvpe_hash *r)
{
	const u8 all = NVPE_RSS_F_L3 | NVPE_RSS_F_L4;
	u8 in[NVPE_TOEPLITZ_MAX_INPUT];
	u32 len;

	if (ip->version == 4)
		len = nvpe_rss_pair(in, hdr + ip->off + 12, 4, fields,
				    cfg->sym_xor);
	else
		len = nvpe_rss_pair(in, hdr + ip->off + 8, 16, fields,
				    cfg->sym_xor);
	if (fields & NVPE_RSS_F_L4)
		len += nvpe_rss_pair(in + len, ports, 2, fields >> 2,
				     cfg->sym_xor);
	if (fields & NVPE_RSS_F_LABEL) {
		put_unaligned_be32(get_unaligned_be32(hdr + ip->off) &
				   NVPE_RSS_LABEL_MASK, in + len);
		len += sizeof(u32);
	}
	r->type = (fields & all) == all ? NVPE_HASH_L4 : NVPE_HASH_L3;
	r->value = nvpe_toeplitz_hash(&cfg->key, in, len);
}

/* The fields of a header that are on */
static u8 nvpe_rss_fields(const struct nvpe_rss_cfg *cfg,
			  const struct nvpe_ip *ip, u8 l4)
{
	u8 may = NVPE_RSS_F_L3;

	if (l4)
		may |= NVPE_RSS_F_L4;
	if (ip->version == 6)
		may |= NVPE_RSS_F_LABEL;
	return cfg->fields[nvpe_rss_flow(ip, l4)] & may;
}

void nvpe_rss_hash(const struct nvpe_rss_cfg *cfg, const u8 *hdr,
		   const struct nvpe_hdrs *h, struct nvpe_hash *r)
{
	const struct nvpe_ip *ip = nvpe_hdrs_ip(h);
	u8 fields = 0;

	*r = (struct nvpe_hash){};
	if (h->l4 && (!h->tunnel || cfg->inner))
		fields = nvpe_rss_fields(cfg, ip, h->l4);
	if (fields) {
		r->inner = h->tunnel;
		nvpe_rss_tuple(cfg, hdr, ip, hdr + h->l4_off, fields, r);
		return;
	}
	ip = &h->outer;
	if (ip->version)
		fields = nvpe_rss_fields(cfg, ip, 0);
	if (fields)
		nvpe_rss_tuple(cfg, hdr, ip, NULL, fields, r);
}

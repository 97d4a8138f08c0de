// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: what the receive hash of a frame covers.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/rss.h>

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

/* Hash addresses and, unless @ports is NULL, the two ports there. */
static void nvpe_rss_tuple(const struct nvpe_rss_cfg *cfg, const u8 *hdr,
			   const struct nvpe_ip *ip, const u8 *ports,
			   struct nvpe_hash *r)
{
	u8 in[NVPE_TOEPLITZ_MAX_INPUT];
	u32 len;

	if (ip->version == 4) {
		len = 8;
		memcpy(in, hdr + ip->off + 12, 8);
	} else {
		len = 32;
		memcpy(in, hdr + ip->off + 8, 32);
	}
	if (cfg->sym_xor)
		nvpe_rss_xor(in, in + len / 2, len / 2);
	r->type = NVPE_HASH_L3;
	if (ports) {
		memcpy(in + len, ports, 4);
		if (cfg->sym_xor)
			nvpe_rss_xor(in + len, in + len + 2, 2);
		len += 4;
		r->type = NVPE_HASH_L4;
	}
	r->value = nvpe_toeplitz_hash(&cfg->key, in, len);
}

void nvpe_rss_hash(const struct nvpe_rss_cfg *cfg, const u8 *hdr,
		   const struct nvpe_hdrs *h, struct nvpe_hash *r)
{
	const struct nvpe_ip *ip = nvpe_hdrs_ip(h);
	u8 fields = 0;

	*r = (struct nvpe_hash){};
	if (h->l4 && (!h->tunnel || cfg->inner))
		fields = cfg->fields[nvpe_rss_flow(ip, h->l4)];
	if (fields) {
		r->inner = h->tunnel;
		nvpe_rss_tuple(cfg, hdr, ip, fields & NVPE_RSS_F_L4 ?
			       hdr + h->l4_off : NULL, r);
		return;
	}
	ip = &h->outer;
	if (ip->version && cfg->fields[nvpe_rss_flow(ip, 0)])
		nvpe_rss_tuple(cfg, hdr, ip, NULL, r);
}

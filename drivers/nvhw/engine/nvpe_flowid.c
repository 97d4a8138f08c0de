// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: FlowID of NVGRE frames.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/flowid.h>

/* First word of the GRE header, without the bits that are ignored */
#define NVPE_FLOWID_NVGRE	0x20006558
#define NVPE_FLOWID_OFF		7		/* of the FlowID in it */
#define NVPE_FLOWID_BASIS	0x811c9dc5U	/* FNV-1a, 32 bits */
#define NVPE_FLOWID_PRIME	0x01000193U

static u32 nvpe_flowid_hash(u32 hash, const u8 *p, u32 len)
{
	while (len--)
		hash = (hash ^ *p++) * NVPE_FLOWID_PRIME;
	return hash;
}

static u32 nvpe_flowid_flow(const u8 *hdr, const struct nvpe_hdrs *h)
{
	const struct nvpe_ip *ip = &h->inner;
	u32 hash = NVPE_FLOWID_BASIS;

	if (!ip->version)
		return nvpe_flowid_hash(hash, hdr + h->inner_l2, 12);
	hash = nvpe_flowid_hash(hash, &ip->proto, 1);
	if (ip->version == 4)
		hash = nvpe_flowid_hash(hash, hdr + ip->off + 12, 8);
	else
		hash = nvpe_flowid_hash(hash, hdr + ip->off + 8, 32);
	if (h->l4)
		hash = nvpe_flowid_hash(hash, hdr + h->l4_off, 4);
	return hash;
}

bool nvpe_flowid_fill(u8 *hdr, u32 covered, const struct nvpe_hdrs *h)
{
	u32 at = h->gre_off + NVPE_FLOWID_OFF;
	u8 *id = hdr + at;

	if (h->tunnel != NVPE_TUNNEL_NVGRE || !h->inner_l2 || h->outer.auth ||
	    at >= covered || *id)
		return false;
	/* FlowID 0 means: none. */
	*id = nvpe_flowid_flow(hdr, h) % 255 + 1;
	return true;
}

/* True for a fragment without the start of the packet. */
static bool nvpe_flowid_later(const u8 *hdr, const struct nvpe_ip *ip)
{
	if (!ip->frag)
		return false;
	if (ip->version == 4)
		return get_unaligned_be16(hdr + ip->off + 6) & 0x1fff;
	/* The parser stops behind the fragment header. */
	return get_unaligned_be16(hdr + ip->l4_off - 6) & 0xfff8;
}

bool nvpe_flowid_clear(u8 *hdr, u32 len, const struct nvpe_hdrs *h)
{
	const struct nvpe_ip *ip = &h->outer;
	u8 *id = hdr + ip->l4_off + NVPE_FLOWID_OFF;

	if (!ip->version || ip->proto != NVPE_IPPROTO_GRE || ip->auth ||
	    ip->l4_off + 8U > min(len, ip->end) ||
	    nvpe_flowid_later(hdr, ip) ||
	    (get_unaligned_be32(hdr + ip->l4_off) & ~(NVPE_GRE_RESERVED << 16)) !=
	    NVPE_FLOWID_NVGRE || !*id)
		return false;
	*id = 0;
	return true;
}

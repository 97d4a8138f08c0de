// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: does a segmentation request fit the headers it came with?
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/request.h>
#include <nvpe/seg.h>

#define NVPE_TCP_FLAGS_OFF	13
#define NVPE_TCP_SYN		BIT(1)
#define NVPE_TCP_RST		BIT(2)
#define NVPE_TCP_URG		BIT(5)
#define NVPE_TCP_CWR		BIT(7)

static u32 nvpe_request_of_l4(const u8 *hdr, const struct nvpe_hdrs *h)
{
	u8 flags;
	u32 mask;

	if (h->l4 == NVPE_IPPROTO_UDP)
		return NVNIC_OFF_BIT(USO);
	flags = hdr[h->l4_off + NVPE_TCP_FLAGS_OFF];
	if (flags & (NVPE_TCP_SYN | NVPE_TCP_RST | NVPE_TCP_URG))
		return 0;
	mask = nvpe_hdrs_ip(h)->version == 4 ? NVNIC_OFF_BIT(TSO4) :
					       NVNIC_OFF_BIT(TSO6);
	if (flags & NVPE_TCP_CWR)
		mask |= NVNIC_OFF_BIT(TSO_ECN);
	return mask;
}

u32 nvpe_request_of(const u8 *hdr, const struct nvpe_hdrs *h)
{
	u32 mask;

	if (h->outcome != NVPE_PARSE_L4 || h->outer.auth || h->inner.auth)
		return 0;
	mask = nvpe_request_of_l4(hdr, h);
	if (!mask || !h->tunnel)
		return mask;
	if (h->gre_flags & NVPE_GRE_SEQ)
		return 0;
	return mask | (h->gre_flags & NVPE_GRE_CSUM ?
		       NVNIC_OFF_BIT(GSO_GRE_CSUM) : NVNIC_OFF_BIT(GSO_GRE));
}

u32 nvpe_request_seg_flags(u32 mask)
{
	return (mask & NVNIC_OFF_BIT(TSO_FIXEDID) ? NVPE_SEG_F_FIXEDID : 0) |
	       (mask & NVNIC_OFF_BIT(GSO_PARTIAL) ? NVPE_SEG_F_PARTIAL : 0);
}

u32 nvpe_request_read(const struct nvpe_request *r, const u8 *hdr,
		      struct nvpe_hdrs *h)
{
	if (r->hdr_len > NVPE_MAX_HDR_LEN || r->hdr_len >= r->len)
		return 0;
	nvpe_parse(hdr, r->hdr_len, r->len,
		   NVPE_PARSE_F_TUNNEL | NVPE_PARSE_F_TEMPLATE, h);
	if (r->hdr_len != h->hdr_len ||
	    (r->mask & NVNIC_OFF_BIT(GSO_PARTIAL) && !h->tunnel) ||
	    !nvpe_seg_fits(hdr, h, r->len - r->hdr_len, r->mss,
			   nvpe_request_seg_flags(r->mask)))
		return 0;
	return nvpe_request_of(hdr, h);
}

bool nvpe_request_takes(const struct nvpe_request *r, const u8 *hdr,
			struct nvpe_hdrs *h)
{
	u32 may = NVPE_REQUEST_EXTRA | NVNIC_OFF_BIT(TX_CSUM);
	u32 is = nvpe_request_read(r, hdr, h);

	if (is & (NVNIC_OFF_BIT(TSO4) | NVNIC_OFF_BIT(TSO6)))
		may |= NVNIC_OFF_BIT(TSO_ECN);
	return is && (r->mask & ~may) == (is & ~may) && (r->mask & is) == is;
}

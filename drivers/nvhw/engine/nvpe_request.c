// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: does a segmentation request fit the headers it came with?
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/request.h>

#define NVPE_TCP_FLAGS_OFF	13
#define NVPE_TCP_SYN		BIT(1)
#define NVPE_TCP_RST		BIT(2)
#define NVPE_TCP_URG		BIT(5)
#define NVPE_TCP_CWR		BIT(7)

static u32 nvpe_request_of_l4(const u8 *hdr, const struct nvpe_hdrs *h)
{
	u8 flags;
	u32 req;

	if (h->l4 == NVPE_IPPROTO_UDP)
		return NVPE_REQ_UDP;
	flags = hdr[h->l4_off + NVPE_TCP_FLAGS_OFF];
	if (flags & (NVPE_TCP_SYN | NVPE_TCP_RST | NVPE_TCP_URG))
		return 0;
	req = nvpe_hdrs_ip(h)->version == 4 ? NVPE_REQ_TCP4 : NVPE_REQ_TCP6;
	if (flags & NVPE_TCP_CWR)
		req |= NVPE_REQ_ECN;
	return req;
}

u32 nvpe_request_of(const u8 *hdr, const struct nvpe_hdrs *h)
{
	u32 req;

	if (h->outcome != NVPE_PARSE_L4)
		return 0;
	req = nvpe_request_of_l4(hdr, h);
	if (!req || !h->tunnel)
		return req;
	if (h->gre_flags & NVPE_GRE_SEQ)
		return 0;
	return req | (h->gre_flags & NVPE_GRE_CSUM ? NVPE_REQ_GRE_CSUM :
						     NVPE_REQ_GRE);
}

bool nvpe_request_fits(u32 req, u32 hdr_len, const u8 *hdr,
		       const struct nvpe_hdrs *h)
{
	u32 is = nvpe_request_of(hdr, h);
	u32 may = 0;

	if (h->l4 == NVPE_IPPROTO_TCP)
		may |= NVPE_REQ_ECN;
	if (h->tunnel)
		may |= NVPE_REQ_PARTIAL;
	return is && hdr_len == h->hdr_len && (req & ~may) == (is & ~may) &&
	       (req & is) == is;
}

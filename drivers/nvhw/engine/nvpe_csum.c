// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: Internet checksums.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/csum.h>

#define NVPE_IPV4_CSUM_OFF	10
#define NVPE_UDP_LEN_OFF	4

/**
 * struct nvpe_csum_frame - a frame as verification sees it
 * @hdr: its first bytes
 * @hdr_len: how many
 * @len: length of the frame
 * @payload_sum: sum of the bytes after @hdr_len
 */
struct nvpe_csum_frame {
	const u8 *hdr;
	u32 hdr_len;
	u32 len;
	u32 payload_sum;
};

enum nvpe_verdict {
	NVPE_VERDICT_GOOD,
	NVPE_VERDICT_BAD,
	NVPE_VERDICT_UNKNOWN,
};

/* Sum of the frame from @start, which lies in the header block, to its end. */
static u32 nvpe_csum_tail(const u8 *hdr, u32 hdr_len, u32 start,
			  u32 payload_sum, u32 seed)
{
	u32 sum = nvpe_os_csum(hdr + start, hdr_len - start, seed);

	return nvpe_csum_add(sum, nvpe_csum_shift(payload_sum,
						  hdr_len - start));
}

static u16 nvpe_csum_finish(u32 sum)
{
	return ~nvpe_csum_fold(sum);
}

void nvpe_csum_fill_l4(u8 *hdr, u32 hdr_len, const struct nvpe_fill *fill,
		       u32 payload_sum)
{
	u16 *field = (u16 *)(hdr + fill->l4_field);
	u16 check;
	u32 sum;

	if (!fill->l4_keep)
		put_unaligned(0, field);
	sum = nvpe_csum_tail(hdr, hdr_len, fill->l4_start, payload_sum,
			     fill->l4_seed);
	check = nvpe_csum_finish(sum);
	if (!check && fill->l4_mangle)
		check = 0xffff;
	put_unaligned(check, field);
}

void nvpe_csum_fill(u8 *hdr, u32 hdr_len, const struct nvpe_fill *fill,
		    u32 payload_sum)
{
	u16 *field;
	u32 sum;

	if (fill->l4_field)
		nvpe_csum_fill_l4(hdr, hdr_len, fill, payload_sum);
	if (fill->gre_start) {
		field = (u16 *)(hdr + fill->gre_start + NVPE_GRE_CSUM_OFF);
		put_unaligned(0, field);
		sum = nvpe_csum_tail(hdr, hdr_len, fill->gre_start,
				     payload_sum, 0);
		put_unaligned(nvpe_csum_finish(sum), field);
	}
}

u32 nvpe_csum_pseudo(const u8 *hdr, const struct nvpe_ip *ip, u32 len)
{
	u32 src = ip->version == 4 ? 12 : 8;
	u32 alen = ip->version == 4 ? 4 : 16;
	u32 sum = (__force u32)htonl(ip->proto);

	sum = nvpe_csum_add(sum, (__force u32)htonl(len));
	sum = nvpe_os_csum(hdr + ip->off + src, alen, sum);
	return nvpe_os_csum(hdr + ip->dst_off, alen, sum);
}

void nvpe_csum_ipv4(u8 *iph)
{
	u16 *field = (u16 *)(iph + NVPE_IPV4_CSUM_OFF);
	u32 sum;

	put_unaligned(0, field);
	sum = nvpe_os_csum(iph, (iph[0] & 0xf) * 4, 0);
	put_unaligned(nvpe_csum_finish(sum), field);
}

/* The range is [@start, @end), its sum with @seed and the field in it. */
static enum nvpe_verdict nvpe_csum_range(const struct nvpe_csum_frame *f,
					 u32 start, u32 end, u32 seed)
{
	u32 sum;

	if (end == f->len)
		sum = nvpe_csum_tail(f->hdr, f->hdr_len, start, f->payload_sum,
				     seed);
	else if (end <= f->hdr_len)
		sum = nvpe_os_csum(f->hdr + start, end - start, seed);
	else
		return NVPE_VERDICT_UNKNOWN;
	return nvpe_csum_finish(sum) ? NVPE_VERDICT_BAD : NVPE_VERDICT_GOOD;
}

static bool nvpe_csum_bad_ipv4(const u8 *hdr, const struct nvpe_ip *ip)
{
	u32 len = ip->l4_off - ip->off;

	return ip->version == 4 &&
	       nvpe_csum_finish(nvpe_os_csum(hdr + ip->off, len, 0));
}

static enum nvpe_verdict nvpe_csum_l4(const struct nvpe_csum_frame *f,
				      const struct nvpe_hdrs *h)
{
	const struct nvpe_ip *ip = nvpe_hdrs_ip(h);
	const u8 *l4 = f->hdr + h->l4_off;
	u32 len = ip->end - h->l4_off;

	if (h->outcome != NVPE_PARSE_L4)
		return NVPE_VERDICT_UNKNOWN;
	if (h->l4 == NVPE_IPPROTO_UDP) {
		if (!get_unaligned_be16(l4 + NVPE_UDP_CSUM_OFF))
			return ip->version == 6 && !h->tunnel ?
			       NVPE_VERDICT_BAD : NVPE_VERDICT_UNKNOWN;
		len = get_unaligned_be16(l4 + NVPE_UDP_LEN_OFF);
	}
	return nvpe_csum_range(f, h->l4_off, h->l4_off + len,
			       nvpe_csum_pseudo(f->hdr, ip, len));
}

void nvpe_csum_verify(const u8 *hdr, u32 hdr_len, u32 frame_len,
		      const struct nvpe_hdrs *h, u32 payload_sum,
		      struct nvpe_csum_result *r)
{
	const struct nvpe_csum_frame f = { hdr, hdr_len, frame_len, payload_sum };
	bool has_gre = h->tunnel && h->gre_flags & NVPE_GRE_CSUM;
	enum nvpe_verdict gre = NVPE_VERDICT_UNKNOWN;
	enum nvpe_verdict l4;

	*r = (struct nvpe_csum_result){};
	if (has_gre)
		gre = nvpe_csum_range(&f, h->gre_off, h->outer.end, 0);
	l4 = nvpe_csum_l4(&f, h);
	if (nvpe_csum_bad_ipv4(hdr, &h->outer))
		r->bad |= NVPE_CSUM_BAD_IP;
	if (nvpe_csum_bad_ipv4(hdr, &h->inner))
		r->bad |= NVPE_CSUM_BAD_INNER_IP;
	if (gre == NVPE_VERDICT_BAD)
		r->bad |= NVPE_CSUM_BAD_GRE;
	if (l4 == NVPE_VERDICT_BAD)
		r->bad |= NVPE_CSUM_BAD_L4;
	if (r->bad)
		return;
	/* Levels count from the outside: an unknown one hides those behind. */
	if (has_gre ? gre == NVPE_VERDICT_GOOD : l4 == NVPE_VERDICT_GOOD) {
		r->kind = NVPE_CSUM_UNNECESSARY;
		r->level = has_gre && l4 == NVPE_VERDICT_GOOD;
		return;
	}
	r->kind = NVPE_CSUM_COMPLETE;
	if (hdr_len <= NVPE_ETH_HLEN)
		return;
	r->complete = nvpe_csum_tail(hdr, hdr_len, NVPE_ETH_HLEN, payload_sum, 0);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: segmentation of TCP and UDP super-frames.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/seg.h>

#define NVPE_IP_LEN_MAX		0xffff

#define NVPE_IPV4_LEN_OFF	2
#define NVPE_IPV4_ID_OFF	4
#define NVPE_IPV4_FRAG_OFF	6
#define NVPE_IPV4_DF		0x4000
#define NVPE_IPV6_LEN_OFF	4
#define NVPE_IPV6_HLEN		40

#define NVPE_TCP_SEQ_OFF	4
#define NVPE_TCP_FLAGS_OFF	13
#define NVPE_TCP_FIN		BIT(0)
#define NVPE_TCP_SYN		BIT(1)
#define NVPE_TCP_RST		BIT(2)
#define NVPE_TCP_PSH		BIT(3)
#define NVPE_TCP_URG		BIT(5)
#define NVPE_TCP_CWR		BIT(7)

#define NVPE_UDP_LEN_OFF	4

/* Which headers can be cut at all, whatever the lengths */
static bool nvpe_seg_hdrs_fit(const u8 *tmpl, const struct nvpe_hdrs *h,
			      u32 flags)
{
	const struct nvpe_ip *ip = nvpe_hdrs_ip(h);

	if (h->outcome != NVPE_PARSE_L4 || h->gre_flags & NVPE_GRE_SEQ ||
	    h->outer.auth || h->inner.auth)
		return false;
	if (h->l4 == NVPE_IPPROTO_TCP &&
	    tmpl[h->l4_off + NVPE_TCP_FLAGS_OFF] &
	    (NVPE_TCP_SYN | NVPE_TCP_RST | NVPE_TCP_URG))
		return false;
	/* RFC 6864 section 4.1: without DF each datagram has an ID of its own */
	if (flags & NVPE_SEG_F_FIXEDID && ip->version == 4 &&
	    !(get_unaligned_be16(tmpl + ip->off + NVPE_IPV4_FRAG_OFF) &
	      NVPE_IPV4_DF))
		return false;
	return true;
}

/*
 * The template's GRE checksum can only be right for all segments if a checksum
 * inside makes up for what differs between them.
 */
static bool nvpe_seg_partial_fits(const u8 *tmpl, const struct nvpe_hdrs *h)
{
	return !(h->gre_flags & NVPE_GRE_CSUM) || h->l4 != NVPE_IPPROTO_UDP ||
	       get_unaligned_be16(tmpl + h->l4_off + NVPE_UDP_CSUM_OFF);
}

bool nvpe_seg_fits(const u8 *tmpl, const struct nvpe_hdrs *h, u32 payload_len,
		   u32 mss, u32 flags)
{
	u32 largest = min(mss, payload_len);

	if (!nvpe_seg_hdrs_fit(tmpl, h, flags))
		return false;
	if (!largest || largest > NVPE_IP_LEN_MAX)
		return false;
	if (flags & NVPE_SEG_F_PARTIAL &&
	    (payload_len % mss || !nvpe_seg_partial_fits(tmpl, h)))
		return false;
	largest += h->hdr_len - h->outer.off;
	if (h->outer.version == 6)
		largest -= NVPE_IPV6_HLEN;
	return largest <= NVPE_IP_LEN_MAX;
}

void nvpe_seg_init(struct nvpe_seg *s, const u8 *tmpl, const struct nvpe_hdrs *h,
		   u32 payload_len, u32 mss, u32 flags)
{
	*s = (struct nvpe_seg){
		.tmpl = tmpl,
		.h = h,
		.payload_len = payload_len,
		.mss = mss,
		.flags = flags,
	};
}

static void nvpe_seg_ipv4_id(const struct nvpe_seg *s, u8 *iph)
{
	u16 id = get_unaligned_be16(iph + NVPE_IPV4_ID_OFF);

	put_unaligned_be16(id + s->index, iph + NVPE_IPV4_ID_OFF);
}

/* The outer header; its length is the segment's already with PARTIAL. */
static void nvpe_seg_outer(const struct nvpe_seg *s, u8 *iph, u32 len)
{
	bool partial = s->flags & NVPE_SEG_F_PARTIAL;

	if (s->h->outer.version == 6) {
		if (!partial)
			put_unaligned_be16(len - NVPE_IPV6_HLEN,
					   iph + NVPE_IPV6_LEN_OFF);
		return;
	}
	if (!partial)
		put_unaligned_be16(len, iph + NVPE_IPV4_LEN_OFF);
	nvpe_seg_ipv4_id(s, iph);
	nvpe_csum_ipv4(iph);
}

/* The innermost header, the only one that FIXEDID concerns. */
static void nvpe_seg_ip(const struct nvpe_seg *s, u8 *iph, u8 version, u32 len)
{
	if (version == 6) {
		put_unaligned_be16(len - NVPE_IPV6_HLEN,
				   iph + NVPE_IPV6_LEN_OFF);
		return;
	}
	put_unaligned_be16(len, iph + NVPE_IPV4_LEN_OFF);
	if (!(s->flags & NVPE_SEG_F_FIXEDID))
		nvpe_seg_ipv4_id(s, iph);
	nvpe_csum_ipv4(iph);
}

/* The stack leaves checksum and Reserved1 of a GSO frame's GRE undefined. */
static void nvpe_seg_gre(const struct nvpe_seg *s, u8 *hdr,
			 struct nvpe_fill *fill)
{
	if (!(s->h->gre_flags & NVPE_GRE_CSUM) || s->flags & NVPE_SEG_F_PARTIAL)
		return;
	put_unaligned_be32(0, hdr + s->h->gre_off + NVPE_GRE_CSUM_OFF);
	fill->gre_start = s->h->gre_off;
}

static void nvpe_seg_tcp(const struct nvpe_seg *s, u8 *th, bool last,
			 struct nvpe_fill *fill)
{
	u8 clear = 0;

	put_unaligned_be32(get_unaligned_be32(th + NVPE_TCP_SEQ_OFF) + s->off,
			   th + NVPE_TCP_SEQ_OFF);
	if (s->index)
		clear |= NVPE_TCP_CWR;
	if (!last)
		clear |= NVPE_TCP_FIN | NVPE_TCP_PSH;
	th[NVPE_TCP_FLAGS_OFF] &= ~clear;
	fill->l4_field = s->h->l4_off + NVPE_TCP_CSUM_OFF;
}

static void nvpe_seg_udp(const struct nvpe_seg *s, u8 *uh, u32 len,
			 struct nvpe_fill *fill)
{
	put_unaligned_be16(len, uh + NVPE_UDP_LEN_OFF);
	fill->l4_mangle = true;
	if (get_unaligned_be16(uh + NVPE_UDP_CSUM_OFF))
		fill->l4_field = s->h->l4_off + NVPE_UDP_CSUM_OFF;
}

bool nvpe_seg_next(struct nvpe_seg *s, u8 *hdr, struct nvpe_seg_out *out)
{
	const struct nvpe_hdrs *h = s->h;
	const struct nvpe_ip *ip = nvpe_hdrs_ip(h);
	u32 len = min(s->mss, s->payload_len - s->off);
	u32 end = h->hdr_len + len;

	if (!len)
		return false;
	memcpy(hdr, s->tmpl, h->hdr_len);
	out->payload_off = s->off;
	out->payload_len = len;
	out->fill = (struct nvpe_fill){ .l4_start = h->l4_off };
	if (h->tunnel) {
		nvpe_seg_outer(s, hdr + h->outer.off, end - h->outer.off);
		nvpe_seg_gre(s, hdr, &out->fill);
	}
	nvpe_seg_ip(s, hdr + ip->off, ip->version, end - ip->off);
	if (h->l4 == NVPE_IPPROTO_TCP)
		nvpe_seg_tcp(s, hdr + h->l4_off, s->off + len == s->payload_len,
			     &out->fill);
	else
		nvpe_seg_udp(s, hdr + h->l4_off, end - h->l4_off, &out->fill);
	if (out->fill.l4_field)
		out->fill.l4_seed = nvpe_csum_pseudo(hdr, ip, end - h->l4_off);
	s->off += len;
	s->index++;
	return true;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: parser.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/parse.h>

#define NVPE_ETH_P_IP		0x0800
#define NVPE_ETH_P_IPV6		0x86dd
#define NVPE_ETH_P_TEB		0x6558
#define NVPE_ETH_P_8021Q	0x8100
#define NVPE_ETH_P_8021AD	0x88a8
#define NVPE_VLAN_HLEN		4

#define NVPE_IPV4_HLEN		20
#define NVPE_IPV4_FRAG		0x3fff	/* MF and the offset */
#define NVPE_IPV4_DST		16
#define NVPE_IPV4_END		0
#define NVPE_IPV4_NOP		1
#define NVPE_IPV4_LSRR		131
#define NVPE_IPV4_SSRR		137

#define NVPE_IPV6_HLEN		40
#define NVPE_IPV6_DST		24
#define NVPE_IPV6_ALEN		16

#define NVPE_IPV6_FRAG		0xfff9	/* the offset and M */

#define NVPE_IPV6_HOPOPTS	0
#define NVPE_IPV6_ROUTING	43
#define NVPE_IPV6_FRAGMENT	44
#define NVPE_IPV6_AUTH		51
#define NVPE_IPV6_DSTOPTS	60

#define NVPE_ROUTING_0		0	/* deprecated by RFC 5095 */
#define NVPE_ROUTING_MOBILE	2	/* RFC 6275 section 6.4 */
#define NVPE_ROUTING_SRH	4	/* RFC 8754 */

#define NVPE_GRE_HLEN		4
#define NVPE_GRE_FLAGS		(NVPE_GRE_CSUM | NVPE_GRE_KEY | NVPE_GRE_SEQ)

#define NVPE_TCP_HLEN		20
#define NVPE_UDP_HLEN		8
#define NVPE_PORTS_LEN		4U

/**
 * struct nvpe_parser - a run of the parser
 * @hdr: the bytes
 * @off: where the next header starts, at most @lim
 * @lim: first byte that must not be read
 * @end: end of the innermost packet so far, at least @lim
 * @tmpl: length fields do not hold
 * @h: the result
 */
struct nvpe_parser {
	const u8 *hdr;
	u32 off;
	u32 lim;
	u32 end;
	bool tmpl;
	struct nvpe_hdrs *h;
};

static bool nvpe_parse_bad(struct nvpe_parser *p)
{
	p->h->outcome = NVPE_PARSE_BAD;
	return false;
}

/* Are there @len bytes more? If not, the outcome says why. */
static bool nvpe_parse_has(struct nvpe_parser *p, u32 len)
{
	u32 to = p->off + len;

	if (likely(to <= p->lim))
		return true;
	p->h->outcome = to > p->end ? NVPE_PARSE_BAD : NVPE_PARSE_TOO_LONG;
	return false;
}

/* The packet that starts here is @len bytes long. */
static bool nvpe_parse_narrow(struct nvpe_parser *p, u32 len)
{
	if (p->tmpl)
		return true;
	if (len > p->end - p->off)
		return nvpe_parse_bad(p);
	p->end = p->off + len;
	p->lim = min(p->lim, p->end);
	return true;
}

static bool nvpe_parse_is_vlan(u16 type)
{
	return type == NVPE_ETH_P_8021Q || type == NVPE_ETH_P_8021AD;
}

/*
 * Length of the Ethernet header that starts here; more than there is if it is
 * not complete, then @l2 is not valid.
 */
static u32 nvpe_parse_l2(const u8 *hdr, u32 len, struct nvpe_l2 *l2)
{
	u32 hlen = NVPE_ETH_HLEN;

	while (hlen <= len) {
		l2->type = get_unaligned_be16(hdr + hlen - 2);
		if (!nvpe_parse_is_vlan(l2->type) ||
		    hlen == NVPE_L2_MAX_HLEN)
			break;
		hlen += NVPE_VLAN_HLEN;
		if (!l2->tpid && hlen <= len) {
			l2->tpid = l2->type;
			l2->tci = get_unaligned_be16(hdr + hlen - 4);
		}
	}
	return hlen;
}

static bool nvpe_parse_eth(struct nvpe_parser *p, struct nvpe_l2 *l2)
{
	u32 len;

	len = nvpe_parse_l2(p->hdr + p->off, p->lim - p->off, l2);
	if (!nvpe_parse_has(p, len)) {
		*l2 = (struct nvpe_l2){};
		return false;
	}
	l2->len = len;
	p->off += len;
	return true;
}

/*
 * A source route that is not used up ends with the destination that counts
 * for L4 (RFC 791 section 3.1, RFC 1122 section 3.2.1.8). Offset in @iph.
 */
static u32 nvpe_parse_ipv4_dst(const u8 *iph, u32 hlen)
{
	u32 i = NVPE_IPV4_HLEN;
	u32 len;

	while (i + 2 < hlen && iph[i] != NVPE_IPV4_END) {
		if (iph[i] == NVPE_IPV4_NOP) {
			i++;
			continue;
		}
		len = iph[i + 1];
		if (len < 2 || i + len > hlen)
			break;
		if ((iph[i] == NVPE_IPV4_LSRR || iph[i] == NVPE_IPV4_SSRR) &&
		    iph[i + 2] >= 4 && iph[i + 2] + 3U <= len)
			return i + len - 4;
		i += len;
	}
	return NVPE_IPV4_DST;
}

static bool nvpe_parse_ipv4(struct nvpe_parser *p, struct nvpe_ip *ip)
{
	const u8 *iph = p->hdr + p->off;
	u32 hlen;

	if (!nvpe_parse_has(p, NVPE_IPV4_HLEN))
		return false;
	hlen = (iph[0] & 0xf) * 4;
	if (iph[0] >> 4 != 4 || hlen < NVPE_IPV4_HLEN)
		return nvpe_parse_bad(p);
	if (!nvpe_parse_narrow(p, get_unaligned_be16(iph + 2)) ||
	    !nvpe_parse_has(p, hlen))
		return false;
	ip->version = 4;
	ip->proto = iph[9];
	ip->frag = get_unaligned_be16(iph + 6) & NVPE_IPV4_FRAG;
	ip->off = p->off;
	ip->dst_off = p->off + nvpe_parse_ipv4_dst(iph, hlen);
	p->off += hlen;
	ip->l4_off = p->off;
	ip->end = p->end;
	return true;
}

static bool nvpe_parse_ipv6_is_ext(u8 proto)
{
	return proto == NVPE_IPV6_HOPOPTS || proto == NVPE_IPV6_ROUTING ||
	       proto == NVPE_IPV6_FRAGMENT || proto == NVPE_IPV6_AUTH ||
	       proto == NVPE_IPV6_DSTOPTS;
}

/*
 * A routing header that is not used up holds the destination that counts for
 * L4 (RFC 8200 section 8.1). False if there is no telling where.
 */
static bool nvpe_parse_ipv6_routing(struct nvpe_parser *p, u32 len,
				    struct nvpe_ip *ip)
{
	const u8 *ext = p->hdr + p->off;

	if (!ext[3])
		return true;
	if (len < 8 + NVPE_IPV6_ALEN)
		return false;
	if (ext[2] == NVPE_ROUTING_SRH)
		ip->dst_off = p->off + 8;
	else if (ext[2] == NVPE_ROUTING_0 || ext[2] == NVPE_ROUTING_MOBILE)
		ip->dst_off = p->off + len - NVPE_IPV6_ALEN;
	else
		return false;
	return true;
}

/*
 * What follows the header of a fragment is not looked at: it may not be there.
 * An atomic fragment is the whole packet (RFC 6946).
 */
static bool nvpe_parse_ipv6_ext(struct nvpe_parser *p, struct nvpe_ip *ip)
{
	const u8 *ext;
	u32 len;

	while (nvpe_parse_ipv6_is_ext(ip->proto) && !ip->frag) {
		if (!nvpe_parse_has(p, 8))
			return false;
		ext = p->hdr + p->off;
		ip->frag = ip->proto == NVPE_IPV6_FRAGMENT &&
			   get_unaligned_be16(ext + 2) & NVPE_IPV6_FRAG;
		if (ip->proto == NVPE_IPV6_FRAGMENT)
			len = 8;
		else if (ip->proto == NVPE_IPV6_AUTH)
			len = (ext[1] + 2) * 4;	/* RFC 4302 section 2.2 */
		else
			len = (ext[1] + 1) * 8;
		if (!nvpe_parse_has(p, len))
			return false;
		if (ip->proto == NVPE_IPV6_ROUTING &&
		    !nvpe_parse_ipv6_routing(p, len, ip))
			return true;
		ip->auth |= ip->proto == NVPE_IPV6_AUTH;
		ip->proto = ext[0];
		p->off += len;
	}
	return true;
}

/*
 * Length 0 in front of hop-by-hop options is that of a jumbogram (RFC 2675), and
 * Linux does not ask whether there is a jumbo payload option.
 */
static bool nvpe_parse_ipv6_narrow(struct nvpe_parser *p, const u8 *iph)
{
	u32 len = get_unaligned_be16(iph + 4);

	if (!len && iph[6] == NVPE_IPV6_HOPOPTS)
		return true;
	return nvpe_parse_narrow(p, NVPE_IPV6_HLEN + len);
}

static bool nvpe_parse_ipv6(struct nvpe_parser *p, struct nvpe_ip *ip)
{
	const u8 *iph = p->hdr + p->off;
	struct nvpe_ip v6 = { .version = 6 };

	if (!nvpe_parse_has(p, NVPE_IPV6_HLEN))
		return false;
	if (iph[0] >> 4 != 6)
		return nvpe_parse_bad(p);
	if (!nvpe_parse_ipv6_narrow(p, iph))
		return false;
	v6.proto = iph[6];
	v6.off = p->off;
	v6.dst_off = p->off + NVPE_IPV6_DST;
	v6.end = p->end;
	p->off += NVPE_IPV6_HLEN;
	if (!nvpe_parse_ipv6_ext(p, &v6))
		return false;
	v6.l4_off = p->off;
	*ip = v6;
	return true;
}

/* True if there is an IP header, complete with options and extensions. */
static bool nvpe_parse_ip(struct nvpe_parser *p, u16 type, struct nvpe_ip *ip)
{
	if (type == NVPE_ETH_P_IP)
		return nvpe_parse_ipv4(p, ip);
	if (type == NVPE_ETH_P_IPV6)
		return nvpe_parse_ipv6(p, ip);
	p->h->outcome = NVPE_PARSE_L2;
	return false;
}

static bool nvpe_parse_tcp(struct nvpe_parser *p, u32 *len)
{
	if (!nvpe_parse_has(p, NVPE_TCP_HLEN))
		return false;
	*len = (p->hdr[p->off + 12] >> 4) * 4;
	if (*len < NVPE_TCP_HLEN)
		return nvpe_parse_bad(p);
	return nvpe_parse_has(p, *len);
}

static bool nvpe_parse_udp(struct nvpe_parser *p, u32 *len)
{
	u32 dgram;

	*len = NVPE_UDP_HLEN;
	if (!nvpe_parse_has(p, NVPE_UDP_HLEN))
		return false;
	dgram = get_unaligned_be16(p->hdr + p->off + 4);
	if (!p->tmpl && (dgram < NVPE_UDP_HLEN || dgram > p->end - p->off))
		return nvpe_parse_bad(p);
	return true;
}

static void nvpe_parse_l4(struct nvpe_parser *p, const struct nvpe_ip *ip)
{
	struct nvpe_hdrs *h = p->h;
	u32 len;

	h->outcome = ip->frag ? NVPE_PARSE_FRAG : NVPE_PARSE_IP;
	if (ip->frag)
		return;
	if (ip->proto == NVPE_IPPROTO_TCP) {
		if (!nvpe_parse_tcp(p, &len))
			return;
	} else if (ip->proto == NVPE_IPPROTO_UDP) {
		if (!nvpe_parse_udp(p, &len))
			return;
	} else {
		return;
	}
	h->outcome = NVPE_PARSE_L4;
	h->l4 = ip->proto;
	h->l4_off = p->off;
	h->hdr_len = p->off + len;
}

/* True if it is GRE that can be looked through. */
static bool nvpe_parse_gre(struct nvpe_parser *p)
{
	const u8 *gre = p->hdr + p->off;
	struct nvpe_hdrs *h = p->h;
	u16 flags, len;

	if (!nvpe_parse_has(p, NVPE_GRE_HLEN))
		return false;
	flags = get_unaligned_be16(gre);
	if (flags & ~(NVPE_GRE_FLAGS | NVPE_GRE_RESERVED)) {
		h->outcome = NVPE_PARSE_IP;
		return false;
	}
	len = NVPE_GRE_HLEN + 4 * (!!(flags & NVPE_GRE_CSUM) +
				   !!(flags & NVPE_GRE_KEY) +
				   !!(flags & NVPE_GRE_SEQ));
	if (!nvpe_parse_has(p, len))
		return false;
	h->gre_off = p->off;
	h->gre_len = len;
	h->gre_flags = flags;
	h->gre_proto = get_unaligned_be16(gre + 2);
	if (flags & NVPE_GRE_KEY)
		h->gre_key = get_unaligned_be32(gre + 4 +
						(flags & NVPE_GRE_CSUM ? 4 : 0));
	h->tunnel = (flags & NVPE_GRE_FLAGS) == NVPE_GRE_KEY &&
		    h->gre_proto == NVPE_ETH_P_TEB ?
		    NVPE_TUNNEL_NVGRE : NVPE_TUNNEL_GRE;
	p->off += len;
	return true;
}

static void nvpe_parse_inner(struct nvpe_parser *p)
{
	struct nvpe_hdrs *h = p->h;
	u16 type = h->gre_proto;
	u32 l2 = p->off;

	if (type == NVPE_ETH_P_TEB) {
		if (!nvpe_parse_eth(p, &h->inner_eth))
			return;
		h->inner_l2 = l2;
		type = h->inner_eth.type;
	} else if (type != NVPE_ETH_P_IP && type != NVPE_ETH_P_IPV6) {
		h->outcome = NVPE_PARSE_IP;
		return;
	}
	if (nvpe_parse_ip(p, type, &h->inner))
		nvpe_parse_l4(p, &h->inner);
}

void nvpe_parse(const u8 *hdr, u32 len, u32 frame_len, u32 flags,
		struct nvpe_hdrs *h)
{
	struct nvpe_parser p = {
		.hdr = hdr,
		.lim = len,
		.end = frame_len,
		.tmpl = flags & NVPE_PARSE_F_TEMPLATE,
		.h = h,
	};

	*h = (struct nvpe_hdrs){};
	if (!nvpe_parse_eth(&p, &h->eth) ||
	    !nvpe_parse_ip(&p, h->eth.type, &h->outer))
		return;
	if (h->outer.proto != NVPE_IPPROTO_GRE || h->outer.frag ||
	    !(flags & NVPE_PARSE_F_TUNNEL))
		nvpe_parse_l4(&p, &h->outer);
	else if (nvpe_parse_gre(&p))
		nvpe_parse_inner(&p);
}

bool nvpe_hdrs_cover(const struct nvpe_hdrs *h, u32 off)
{
	const struct nvpe_ip *ip = nvpe_hdrs_ip(h);
	u32 check;

	if (h->outcome == NVPE_PARSE_IP || h->outcome == NVPE_PARSE_FRAG)
		return !ip->version || off < ip->l4_off + NVPE_PORTS_LEN;
	if (h->outcome != NVPE_PARSE_L4)
		return true;
	check = h->l4 == NVPE_IPPROTO_TCP ? NVPE_TCP_CSUM_OFF :
					NVPE_UDP_CSUM_OFF;
	return off < h->hdr_len && off != h->l4_off + check;
}

/* What is behind an Ethernet header that is not IP: more tags than are parsed? */
static bool nvpe_hdrs_l2_hides(const struct nvpe_l2 *l2)
{
	return !l2->len || nvpe_parse_is_vlan(l2->type);
}

/* An authentication header of IPv4 is not skipped. */
static bool nvpe_hdrs_ip_hides(const struct nvpe_ip *ip)
{
	return ip->version == 6 ? nvpe_parse_ipv6_is_ext(ip->proto) :
				  ip->proto == NVPE_IPV6_AUTH;
}

/* GRE that was looked through, and what is in it */
static bool nvpe_hdrs_inner_hides(const struct nvpe_hdrs *h)
{
	if (h->inner.version)
		return nvpe_hdrs_ip_hides(&h->inner) ||
		       h->inner.proto == NVPE_IPPROTO_GRE;
	return nvpe_hdrs_l2_hides(&h->inner_eth);
}

bool nvpe_hdrs_hide(const struct nvpe_hdrs *h)
{
	if (h->outcome == NVPE_PARSE_TOO_LONG || h->outcome == NVPE_PARSE_BAD)
		return true;
	if (!h->outer.version)
		return nvpe_hdrs_l2_hides(&h->eth);
	if (h->tunnel)
		return nvpe_hdrs_inner_hides(h);
	return nvpe_hdrs_ip_hides(&h->outer) ||
	       h->outer.proto == NVPE_IPPROTO_GRE;
}

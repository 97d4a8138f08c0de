/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet engine: parser.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVPE_PARSE_H
#define NVPE_PARSE_H

#include <nvpe/os.h>

/* Headers beyond this many bytes are not parsed, and never guessed. */
#define NVPE_MAX_HDR_LEN	256

#define NVPE_ETH_HLEN		14
#define NVPE_L2_MAX_HLEN	22	/* with as many VLAN tags as are parsed */

#define NVPE_GRE_CSUM		BIT(15)	/* in nvpe_hdrs.gre_flags: C, RFC 2784 */
#define NVPE_GRE_KEY		BIT(13)	/* K, RFC 2890 */
#define NVPE_GRE_SEQ		BIT(12)	/* S, RFC 2890 */
/*
 * Ignored on receipt: bits 6 to 12, RFC 2784 section 2.2.1; Linux ignores 4 and
 * 5, too
 */
#define NVPE_GRE_RESERVED	0x0ff8U

#define NVPE_GRE_CSUM_OFF	4	/* checksum fields, from the start of the header */
#define NVPE_TCP_CSUM_OFF	16
#define NVPE_UDP_CSUM_OFF	6

#define NVPE_IPPROTO_TCP	6
#define NVPE_IPPROTO_UDP	17
#define NVPE_IPPROTO_GRE	47

/**
 * enum nvpe_outcome - how far the parser came
 * @NVPE_PARSE_L2: the Ethernet payload is not IP
 * @NVPE_PARSE_IP: IP, and behind it neither TCP nor UDP
 * @NVPE_PARSE_FRAG: a fragment, the first included
 * @NVPE_PARSE_L4: TCP or UDP, header complete
 * @NVPE_PARSE_TOO_LONG: headers go on beyond NVPE_MAX_HDR_LEN
 * @NVPE_PARSE_BAD: truncated or malformed
 *
 * Behind GRE it is the outcome of the innermost packet; GRE whose payload is
 * none that we know is NVPE_PARSE_IP with @inner.version 0.
 */
enum nvpe_outcome {
	NVPE_PARSE_L2,
	NVPE_PARSE_IP,
	NVPE_PARSE_FRAG,
	NVPE_PARSE_L4,
	NVPE_PARSE_TOO_LONG,
	NVPE_PARSE_BAD,
};

/**
 * enum nvpe_tunnel - encapsulation
 * @NVPE_TUNNEL_NONE: none
 * @NVPE_TUNNEL_GRE: GRE version 0 (RFC 2784, RFC 2890)
 * @NVPE_TUNNEL_NVGRE: flags and version 0x2000 but for NVPE_GRE_RESERVED,
 *	protocol 0x6558 (RFC 7637 section 3.2)
 */
enum nvpe_tunnel {
	NVPE_TUNNEL_NONE,
	NVPE_TUNNEL_GRE,
	NVPE_TUNNEL_NVGRE,
};

/**
 * struct nvpe_ip - an IP header
 * @version: 4 or 6; 0: there is none, or not all of its options or extension
 *	headers could be skipped, and nothing else here is valid
 * @proto: protocol behind IP options and extension headers
 * @frag: it is a fragment: MF set or offset not 0
 * @auth: an authentication header covers it and what follows (RFC 4302)
 * @off: offset of the header from the start of the frame
 * @dst_off: offset of the destination address that an L4 pseudo-header takes:
 *	not the header's own where a source route or routing header is not used
 *	up (RFC 8200 section 8.1)
 * @l4_off: offset of what follows IP options and extension headers
 * @end: offset of the first byte behind the packet as its length field says;
 *	the frame's length for a template
 */
struct nvpe_ip {
	u8 version;
	u8 proto;
	bool frag;
	bool auth;
	u16 off;
	u16 dst_off;
	u16 l4_off;
	u32 end;
};

/**
 * struct nvpe_l2 - an Ethernet header
 * @len: its length with its VLAN tags, two at most; 0: there is none, or it is
 *	not complete, and nothing else here is valid
 * @type: EtherType behind the tags
 * @tpid: EtherType of the first tag, 0: no tag
 * @tci: tag control information of the first tag
 */
struct nvpe_l2 {
	u16 len;
	u16 type;
	u16 tpid;
	u16 tci;
};

/**
 * struct nvpe_hdrs - parsed headers of a frame
 * @outcome: how far the parser came; what lies beyond is 0
 * @tunnel: encapsulation
 * @l4: NVPE_IPPROTO_TCP or NVPE_IPPROTO_UDP of the innermost packet with
 *	NVPE_PARSE_L4, else 0
 * @l4_off: offset of its L4 header
 * @hdr_len: offset of the first byte behind it (TCP options included)
 * @eth: first Ethernet header
 * @outer: first IP header
 * @inner: IP header inside the tunnel
 * @gre_off: offset of the GRE header
 * @gre_len: its length with its optional fields
 * @gre_flags: its first 16 bits, in host order
 * @gre_proto: its protocol type, in host order
 * @gre_key: its key in host order, 0 without K; NVGRE: VSID << 8 | FlowID
 * @inner_l2: offset of the inner Ethernet header, 0: none
 * @inner_eth: that header
 */
struct nvpe_hdrs {
	u8 outcome;
	u8 tunnel;
	u8 l4;
	u16 l4_off;
	u16 hdr_len;
	struct nvpe_l2 eth;
	struct nvpe_ip outer;
	struct nvpe_ip inner;
	u16 gre_off;
	u16 gre_len;
	u16 gre_flags;
	u16 gre_proto;
	u32 gre_key;
	u16 inner_l2;
	struct nvpe_l2 inner_eth;
};

/* Options of nvpe_parse() */
#define NVPE_PARSE_F_TUNNEL	BIT(0)	/* look through GRE */
#define NVPE_PARSE_F_TEMPLATE	BIT(1)	/* lengths in IP and UDP headers do not hold */

/**
 * nvpe_parse() - parse the headers of a frame
 * @hdr: the first @len bytes of the frame
 * @len: min(@frame_len, NVPE_MAX_HDR_LEN)
 * @frame_len: length of the frame
 * @flags: NVPE_PARSE_F_*
 * @h: the result, every field set
 *
 * Ethernet; up to two VLAN tags (802.1Q, 802.1ad), outside and inside; IPv4
 * with options; IPv6 with hop-by-hop, routing, fragment, destination options
 * and authentication headers; GRE version 0 with any of C, K, S (RFC 2784,
 * RFC 2890; NVPE_GRE_RESERVED is ignored, with R it is not looked through);
 * behind it IPv4, IPv6 or Ethernet (protocol 0x6558); TCP with options; UDP. One
 * level of GRE. It takes whatever Linux takes: it may take more.
 *
 * Never reads outside @hdr[0..@len). Every offset in @h lies within @len.
 *
 * Context: any.
 */
void nvpe_parse(const u8 *hdr, u32 len, u32 frame_len, u32 flags,
		struct nvpe_hdrs *h);

/**
 * nvpe_hdrs_ip() - the innermost IP header, the one that L4 belongs to
 * @h: parsed headers
 *
 * Return: it; its version is 0 if there is none.
 */
static inline const struct nvpe_ip *nvpe_hdrs_ip(const struct nvpe_hdrs *h)
{
	return h->tunnel ? &h->inner : &h->outer;
}

/**
 * nvpe_hdrs_cover() - do parsed headers depend on a 16-bit field?
 * @h: parsed headers
 * @off: offset of the field from the start of the frame
 *
 * The first four bytes behind IP count as parsed (ports); the checksum field of
 * TCP or UDP does not.
 *
 * Return: true if other bytes there could make it another frame.
 */
bool nvpe_hdrs_cover(const struct nvpe_hdrs *h, u32 off);

/**
 * nvpe_hdrs_hide() - may there be a GRE header that was not looked through?
 * @h: headers of a frame, parsed with NVPE_PARSE_F_TUNNEL
 *
 * It may in what is malformed or too long, in a fragment of GRE or of what has
 * extension headers behind the fragment header, behind an extension header that
 * could not be skipped, and behind more VLAN tags than two; inside of GRE, too.
 * All GRE counts that has R or another version, or holds neither Ethernet nor
 * IP, or more GRE. What other tunnels hold (IP in IP, UDP), nobody looks at.
 *
 * Return: true if there may.
 */
bool nvpe_hdrs_hide(const struct nvpe_hdrs *h);

#endif /* NVPE_PARSE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet engine: segmentation of TCP (LSO) and UDP (USO) super-frames.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVPE_SEG_H
#define NVPE_SEG_H

#include <nvpe/csum.h>
#include <nvpe/os.h>
#include <nvpe/parse.h>

/* Options of nvpe_seg_fits() and nvpe_seg_init() */
#define NVPE_SEG_F_FIXEDID	BIT(0)	/* every IPv4 ID stays as in the template */
/*
 * What stands before the innermost IP header is right for each segment, but
 * for the outer IPv4 ID and header checksum.
 */
#define NVPE_SEG_F_PARTIAL	BIT(1)

/**
 * struct nvpe_seg - a super-frame being cut
 * @tmpl: template header block, not owned
 * @h: its parsed headers, not owned
 * @payload_len: payload bytes of the super-frame
 * @off: payload bytes already cut
 * @mss: payload bytes a segment
 * @index: number of the next segment
 * @flags: NVPE_SEG_F_*
 */
struct nvpe_seg {
	const u8 *tmpl;
	const struct nvpe_hdrs *h;
	u32 payload_len;
	u32 off;
	u32 mss;
	u32 index;
	u32 flags;
};

/**
 * struct nvpe_seg_out - one segment
 * @payload_off: where its payload starts in the super-frame's payload
 * @payload_len: its length
 * @fill: checksums that still need the payload's sum, for nvpe_csum_fill()
 */
struct nvpe_seg_out {
	u32 payload_off;
	u32 payload_len;
	struct nvpe_fill fill;
};

/**
 * nvpe_seg_fits() - can a super-frame be cut?
 * @tmpl: header block, @h->hdr_len bytes
 * @h: its headers, parsed with NVPE_PARSE_F_TEMPLATE
 * @payload_len: bytes behind the header block
 * @mss: payload bytes a segment
 * @flags: NVPE_SEG_F_*
 *
 * Context: any.
 *
 * FIXEDID concerns the innermost IP header only, as in Linux; the ID outside a
 * tunnel steps all the same. With PARTIAL, what stands before the innermost IP
 * header is right for a segment of @mss bytes already, but for the outer IPv4
 * ID and header checksum.
 *
 * Return: false when @h is neither TCP nor UDP, is behind GRE with sequence
 * numbers or behind an authentication header, @mss or @payload_len is 0, a TCP
 * template has SYN, RST or URG set, an IP length of a segment would not fit its
 * 16 bits, FIXEDID comes without DF (RFC 6864 section 4.1), or PARTIAL with a
 * @payload_len that is no multiple of @mss or with a GRE checksum over a UDP
 * payload without one.
 */
bool nvpe_seg_fits(const u8 *tmpl, const struct nvpe_hdrs *h, u32 payload_len,
		   u32 mss, u32 flags);

/**
 * nvpe_seg_init() - start to cut a super-frame that nvpe_seg_fits()
 * @s: state to set up
 * @tmpl: header block, @h->hdr_len bytes; must outlive @s
 * @h: its headers, parsed with NVPE_PARSE_F_TEMPLATE; must outlive @s
 * @payload_len: bytes behind the header block
 * @mss: payload bytes a segment
 * @flags: NVPE_SEG_F_*
 *
 * Context: any.
 */
void nvpe_seg_init(struct nvpe_seg *s, const u8 *tmpl, const struct nvpe_hdrs *h,
		   u32 payload_len, u32 mss, u32 flags);

/**
 * nvpe_seg_next() - make the next segment's header block
 * @s: state
 * @hdr: receives the header block, @s->h->hdr_len bytes
 * @out: receives the rest of what there is to know
 *
 * A segment's header block is the template with, for each IPv4 header, total
 * length, ID (template's plus the segment's number modulo 2^16, outer and
 * inner independently; see FIXEDID) and header checksum; for each IPv6 header the payload
 * length; TCP sequence number, FIN and PSH on the last segment only, CWR on
 * the first only (RFC 3168 section 6.1.2), ECE as in the template; UDP length.
 * TCP, UDP and GRE checksums are described in @out->fill: TCP and UDP are
 * computed afresh, a UDP template with checksum 0 keeps 0, a computed UDP 0
 * becomes 0xffff; the GRE checksum where C is set, unless NVPE_SEG_F_PARTIAL.
 * GRE's Reserved1 becomes 0 with it: the stack does not set it in a template.
 * The last segment takes what is left.
 *
 * Return: true, or false when there was no segment left.
 */
bool nvpe_seg_next(struct nvpe_seg *s, u8 *hdr, struct nvpe_seg_out *out);

#endif /* NVPE_SEG_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet engine: Internet checksums (RFC 1071, RFC 1624).
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A "sum" is a 32-bit one's complement accumulator over 16-bit words in
 * memory order, as if its first byte stood at an even offset; a sum of bytes
 * that start at an odd offset of the range is shifted with
 * nvpe_csum_shift() before it is added.
 */
#ifndef NVPE_CSUM_H
#define NVPE_CSUM_H

#include <nvpe/os.h>
#include <nvpe/parse.h>

/**
 * nvpe_csum_add() - add two sums
 * @a: one
 * @b: the other
 *
 * Return: their one's complement sum.
 */
static inline u32 nvpe_csum_add(u32 a, u32 b)
{
	a += b;
	return a + (a < b);
}

/**
 * nvpe_csum_fold() - fold a sum to 16 bits, not inverted
 * @sum: the sum
 *
 * Return: 0 only if every summed word was 0.
 */
static inline u16 nvpe_csum_fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/**
 * nvpe_csum_shift() - what a sum becomes when its bytes start at an offset
 * @sum: sum of bytes as if they started at offset 0
 * @offset: the offset where they do start, in bytes
 *
 * Return: the sum, with bytes exchanged where @offset is odd (RFC 1071
 * section 2, byte order independence).
 */
static inline u32 nvpe_csum_shift(u32 sum, u32 offset)
{
	return offset & 1 ? (sum >> 8) | (sum << 24) : sum;
}

/**
 * struct nvpe_fill - checksums to put into a header block
 * @l4_start: first byte of the range that @l4_field covers, from the start of
 *	the frame; the range ends with the frame
 * @l4_field: offset of the 16-bit field from the start of the frame, 0: none
 * @l4_seed: sum added to the range, a pseudo-header's or 0
 * @l4_keep: the field's content counts (it is seeded), else it counts as 0
 * @l4_mangle: a result of 0 is written as 0xffff (RFC 768)
 * @gre_start: start of the GRE header whose checksum is filled, after the
 *	other one, 0: none
 *
 * Both ranges start inside the header block.
 */
struct nvpe_fill {
	u16 l4_start;
	u16 l4_field;
	u32 l4_seed;
	bool l4_keep;
	bool l4_mangle;
	u16 gre_start;
};

/**
 * nvpe_csum_fill() - fill the checksums of a finished header block
 * @hdr: header block, the first @hdr_len bytes of the frame
 * @hdr_len: its length; both fields and range starts lie inside
 * @fill: what to fill
 * @payload_sum: sum of the frame's bytes after the header block
 *
 * Context: any.
 */
void nvpe_csum_fill(u8 *hdr, u32 hdr_len, const struct nvpe_fill *fill,
		    u32 payload_sum);

/**
 * nvpe_csum_fill_l4() - fill the first of the checksums
 * @hdr: header block
 * @hdr_len: its length; field and range start lie inside
 * @fill: what to fill; here @fill->l4_field may be 0: the start of the frame
 * @payload_sum: sum of the frame's bytes after the header block
 *
 * Context: any.
 */
void nvpe_csum_fill_l4(u8 *hdr, u32 hdr_len, const struct nvpe_fill *fill,
		       u32 payload_sum);

/**
 * nvpe_csum_pseudo() - sum of a TCP or UDP pseudo-header
 * @hdr: frame, the IP header inside
 * @ip: the IP header
 * @len: length of L4 header and payload
 *
 * Source: RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1.
 *
 * Return: the sum.
 */
u32 nvpe_csum_pseudo(const u8 *hdr, const struct nvpe_ip *ip, u32 len);

/**
 * nvpe_csum_ipv4() - recompute an IPv4 header checksum in place
 * @iph: IPv4 header, its IHL valid
 */
void nvpe_csum_ipv4(u8 *iph);

/**
 * enum nvpe_csum_kind - what can be said of a received frame's checksums
 * @NVPE_CSUM_NONE: nothing: one of them is wrong
 * @NVPE_CSUM_UNNECESSARY: all that there are up to the innermost are right
 * @NVPE_CSUM_COMPLETE: none to verify, or cannot tell; the sum is given
 */
enum nvpe_csum_kind {
	NVPE_CSUM_NONE,
	NVPE_CSUM_UNNECESSARY,
	NVPE_CSUM_COMPLETE,
};

#define NVPE_CSUM_BAD_IP	BIT(0)	/* outer or only IPv4 header */
#define NVPE_CSUM_BAD_INNER_IP	BIT(1)	/* inner IPv4 header */
#define NVPE_CSUM_BAD_GRE	BIT(2)	/* GRE checksum */
#define NVPE_CSUM_BAD_L4	BIT(3)	/* TCP or UDP */

/**
 * struct nvpe_csum_result - verdict on a received frame
 * @kind: the verdict
 * @level: with UNNECESSARY: verified transport checksums (GRE's counts one),
 *	minus one
 * @bad: NVPE_CSUM_BAD_* of each that is wrong; @kind is NONE if any is
 * @complete: with COMPLETE: 32-bit sum, in memory order, over all bytes after
 *	the 14-byte Ethernet header
 */
struct nvpe_csum_result {
	enum nvpe_csum_kind kind;
	u8 level;
	u8 bad;
	u32 complete;
};

/**
 * nvpe_csum_verify() - verify every checksum of a received frame
 * @hdr: the first @hdr_len bytes of the frame
 * @hdr_len: how many; at least up to the end of the parsed headers
 * @frame_len: length of the frame
 * @h: its parsed headers
 * @payload_sum: sum of the frame's bytes after @hdr_len
 * @r: the verdict
 *
 * Verified: IPv4 header checksums, outer and inner; the GRE checksum (RFC 2784
 * section 2.3); TCP; UDP, unless its field is 0 over IPv4 ("none", RFC 768;
 * over IPv6 a 0 is wrong outside tunnels, RFC 8200 section 8.1). An L4 range
 * that ends before the frame does is verified when the rest lies within @hdr,
 * else it cannot be told: COMPLETE. Fragments, malformed and unparsed headers:
 * COMPLETE, but never with a known wrong checksum.
 */
void nvpe_csum_verify(const u8 *hdr, u32 hdr_len, u32 frame_len,
		      const struct nvpe_hdrs *h, u32 payload_sum,
		      struct nvpe_csum_result *r);

#endif /* NVPE_CSUM_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet engine tests: frames from a layout, slow and obviously right.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A layout names the layers of a frame, one letter each:
 *
 *	E  Ethernet			V  802.1Q tag		A  802.1ad tag
 *	4  IPv4				5  IPv4, 8 bytes of options
 *	L  IPv4, a source route not used up, 8 bytes
 *	6  IPv6				H  hop-by-hop		D  destination options
 *	R  routing, used up		S  authentication	F  fragment
 *	M  routing, type 2, not used up	X  routing, type 4 (SRH), not used up
 *	G  GRE		C  with checksum	K  with key	B  with both
 *	Q  with key and sequence number		W  with all three
 *	T  TCP		O  TCP, 12 bytes of options		U  UDP
 */
#ifndef NVPE_TESTLIB_H
#define NVPE_TESTLIB_H

#include <nvpe/filter.h>
#include <nvpe/os.h>
#include <nvpe/parse.h>

#define NVPE_TEST_LAYERS	16
#define NVPE_TEST_NVGRE		"E4KE4T"

/**
 * struct nvpe_test_arg - what a layout leaves open
 * @outer_id: IPv4 ID of the first IP header
 * @inner_id: of the second
 * @df: set DF
 * @seq: TCP sequence number
 * @tcp_flags: TCP flags, byte 13 of the header
 * @udp_zero: UDP checksum is "none"
 * @key: GRE key
 * @payload: payload, NULL: a pattern
 * @payload_len: its length
 */
struct nvpe_test_arg {
	u16 outer_id;
	u16 inner_id;
	bool df;
	u32 seq;
	u8 tcp_flags;
	bool udp_zero;
	u32 key;
	const u8 *payload;
	u32 payload_len;
};

/**
 * struct nvpe_test_frame - a frame and where its layers are
 * @buf: the bytes, not owned
 * @layout: its layout
 * @pos: offset of each layer
 * @hdr_len: end of the last layer
 * @len: length
 */
struct nvpe_test_frame {
	u8 *buf;
	const char *layout;
	u32 pos[NVPE_TEST_LAYERS];
	u32 hdr_len;
	u32 len;
};

/**
 * nvpe_test_build() - build a frame with all lengths and checksums right
 * @f: receives it
 * @buf: memory for it, large enough
 * @layout: layers
 * @arg: the rest
 */
void nvpe_test_build(struct nvpe_test_frame *f, u8 *buf, const char *layout,
		     const struct nvpe_test_arg *arg);

/**
 * nvpe_test_finish() - put lengths and checksums right again
 * @f: a frame whose bytes were changed
 * @arg: as it was built with
 */
void nvpe_test_finish(struct nvpe_test_frame *f,
		      const struct nvpe_test_arg *arg);

/**
 * nvpe_test_pos() - where a layer is
 * @f: frame
 * @layers: letters to look for
 * @nth: which of those that match, from 0
 *
 * Return: its offset, 0 if there is none.
 */
u32 nvpe_test_pos(const struct nvpe_test_frame *f, const char *layers, int nth);

/**
 * nvpe_test_sum() - RFC 1071 section 1, a byte at a time
 * @buf: bytes
 * @len: how many
 * @sum: to start from
 *
 * Return: sum of big-endian words, not folded.
 */
u64 nvpe_test_sum(const u8 *buf, u32 len, u64 sum);

/**
 * nvpe_test_fold() - fold a sum
 * @sum: the sum
 *
 * Return: 16-bit one's complement sum, not inverted.
 */
u16 nvpe_test_fold(u64 sum);

/**
 * nvpe_test_random() - xorshift32
 * @state: seed, not 0
 *
 * Return: the next number.
 */
u32 nvpe_test_random(u32 *state);

/**
 * nvpe_test_layout() - make up a layout that the parser shall understand
 * @state: random state
 * @layout: receives it, NVPE_TEST_LAYERS + 1 bytes
 * @last: letters to choose the last layer from
 */
void nvpe_test_layout(u32 *state, char *layout, const char *last);

/**
 * nvpe_test_rule_fits() - does a filter rule fit, a bit at a time
 * @rule: the rule
 * @key: key of a frame
 *
 * Return: true if it does.
 */
bool nvpe_test_rule_fits(const struct nvpe_filter_rule *rule,
			 const struct nvpe_filter_key *key);
/* More than the longest frame has, request included */
#define NVPE_TEST_DESCS		20

/**
 * nvpe_test_bits() - bits of a descriptor, one at a time
 * @q: its two words
 * @low: number of the lowest bit, the second word's from 64 on
 * @n: how many
 *
 * Return: their value.
 */
u64 nvpe_test_bits(const u64 q[2], u32 low, u32 n);

/**
 * nvpe_test_desc() - slow decoder of TX descriptors, by bit numbers of its own
 * @q: descriptors
 * @count: how many
 * @len: receives the length of the frame
 *
 * Source: Documentation/hardware-interface.rst.
 *
 * Return: how many of them are the first frame, 0 if there is no good one.
 */
u32 nvpe_test_desc(const u64 q[][2], u32 count, u64 *len);

#endif /* NVPE_TESTLIB_H */

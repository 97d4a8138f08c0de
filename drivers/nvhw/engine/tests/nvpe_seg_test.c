// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine tests: segmentation.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The reference builds each expected segment from nothing, with its own
 * checksum routine; see nvpe_testlib.c.
 */
#include <kunit/test.h>

#include <nvpe/seg.h>

#include "nvpe_testlib.h"

#define NVPE_SEG_ROUNDS		600
#define NVPE_SEG_BUF		(NVPE_TEST_LAYERS * 40 + 66000)

#define NVPE_FIN	0x01
#define NVPE_PSH	0x08
#define NVPE_ACK	0x10
#define NVPE_ECE	0x40
#define NVPE_CWR	0x80

struct nvpe_seg_case {
	const char *name;
	const char *layout;
	u32 payload;
	u32 mss;
	u32 flags;
	u8 tcp_flags;
	bool udp_zero;
	u16 outer_id;
	u16 inner_id;
	u32 seq;
};

static const struct nvpe_seg_case nvpe_seg_good[] = {
	{ "ipv4 tcp", "E4T", 5000, 1460, 0, NVPE_ACK },
	{ "ipv4 tcp, options, tags", "EAV5O", 5001, 1447, 0, NVPE_ACK },
	{ "ipv4 source route not used up", "ELT", 3000, 1000 },
	{ "ipv6 tcp", "E6T", 5000, 1440, 0, NVPE_ACK },
	{ "ipv6 tcp, extensions", "E6HDRO", 5000, 1400 },
	{ "ipv6 routing header not used up", "E6MT", 5000, 1400 },
	{ "ipv6 segment routing", "E6XU", 5000, 1400 },
	{ "ipv4 udp", "E4U", 5000, 1472 },
	{ "ipv6 udp", "E6U", 4999, 1452 },
	{ "gretap, ipv4 in ipv4", "E4GE4T", 9000, 1418 },
	{ "gretap, ipv6 in ipv4", "E4GE6T", 9000, 1398 },
	{ "nvgre, ipv4 in ipv4", "E4KE4T", 9000, 1414 },
	{ "nvgre, ipv6 in ipv4", "E4KE6O", 9000, 1382 },
	{ "nvgre, ipv4 in ipv6", "E6KE4T", 9000, 1394 },
	{ "nvgre, ipv6 in ipv6", "E6KE6T", 9000, 1374 },
	{ "nvgre, udp", "E4KE4U", 9000, 1426 },
	{ "nvgre, tagged outside and inside", "EV4KEV4T", 9000, 1400 },
	{ "ip6gretap, encapsulation limit", "E6DKE4T", 9000, 1386 },
	{ "ip6gre, encapsulation limit", "E6DG4T", 9000, 1400 },
	{ "gre, ipv6 in ipv4", "E4G6U", 9000, 1400 },
	{ "gre with checksum", "E4CE4T", 9001, 1410 },
	{ "gre with checksum and key, ipv6", "E6DBE6O", 9001, 1301 },
	{ "gre with checksum, udp", "E4B6U", 9001, 1301 },
	{ "one byte", "E4KE4T", 1, 1400, 0, NVPE_ACK | NVPE_PSH },
	{ "mss - 1", "E4KE4T", 1399, 1400, 0, NVPE_ACK | NVPE_PSH | NVPE_CWR },
	{ "mss", "E4KE4T", 1400, 1400, 0, NVPE_ACK | NVPE_FIN },
	{ "mss + 1", "E4KE4T", 1401, 1400, 0, NVPE_ACK | NVPE_FIN },
	{ "two mss", "E4BE4T", 2800, 1400, 0, NVPE_ACK | NVPE_FIN },
	{ "mss 1", "E4BE6T", 77, 1 },
	{ "nearly 64 KiB", "E4KE4T", 65535 - 20 - 20, 1400 },
	{ "a segment as long as IPv4 can be", "E4T", 65495, 65495 },
	{ "a segment as long as IPv6 can be", "E6U", 65527, 65527 },
	{ "FIN and PSH on the last, CWR on the first, ECE on all", "E4T",
	  5000, 1000, 0,
	  NVPE_FIN | NVPE_PSH | NVPE_ACK | NVPE_ECE | NVPE_CWR },
	{ "the same behind gre", "E4BE4T", 5000, 1000, 0,
	  NVPE_FIN | NVPE_PSH | NVPE_ACK | NVPE_ECE | NVPE_CWR },
	{ "every id wraps on its own", "E4KE4T", 9000, 1000, 0, NVPE_ACK, false,
	  0xfffe, 0x7ffe },
	{ "inner id wraps", "E4KE4T", 9000, 1000, 0, NVPE_ACK, false, 1,
	  0xffff },
	{ "sequence number wraps", "E6T", 9000, 1000, 0, NVPE_ACK, false, 0, 0,
	  0xffffff00 },
	{ "fixed id", "E4T", 9000, 1000, NVPE_SEG_F_FIXEDID, NVPE_ACK, false,
	  0xffff },
	{ "fixed id is the inner one's", "E4KE4T", 9000, 1000,
	  NVPE_SEG_F_FIXEDID, NVPE_ACK, false, 0xffff, 0xffff },
	{ "fixed id, no inner ipv4", "E4KE6T", 9000, 1000, NVPE_SEG_F_FIXEDID,
	  NVPE_ACK, false, 0xffff },
	{ "udp without checksum", "E4U", 5000, 1000, .udp_zero = true },
	{ "udp without checksum, gre with", "E4BE4U", 5000, 1000,
	  .udp_zero = true },
	{ "partial, nvgre", "E4KE4T", 14000, 1400, NVPE_SEG_F_PARTIAL,
	  NVPE_ACK | NVPE_CWR | NVPE_PSH, false, 0xfffd, 0xfff0 },
	{ "partial, gre with checksum", "E4BE4T", 14000, 1400,
	  NVPE_SEG_F_PARTIAL, NVPE_ACK | NVPE_CWR | NVPE_PSH, false, 7, 8 },
	{ "partial, gre with checksum, ipv6", "E6DCE6O", 13000, 1300,
	  NVPE_SEG_F_PARTIAL },
	{ "partial, mixed", "E4C6T", 13000, 1300, NVPE_SEG_F_PARTIAL },
	{ "partial, udp", "E6BE4U", 13000, 1300, NVPE_SEG_F_PARTIAL },
	{ "partial, one segment", "E4BE4T", 1300, 1300, NVPE_SEG_F_PARTIAL },
	{ "partial, fixed id", "E4BE4T", 13000, 1300,
	  NVPE_SEG_F_PARTIAL | NVPE_SEG_F_FIXEDID },
};

static void nvpe_seg_desc(const struct nvpe_seg_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_seg, nvpe_seg_good, nvpe_seg_desc);

/* What a stack does not promise is wrong on purpose. */
static void nvpe_seg_spoil(const struct nvpe_test_frame *f,
			   const struct nvpe_seg_case *c)
{
	bool partial = c->flags & NVPE_SEG_F_PARTIAL;
	u32 i, at;

	for (i = partial && nvpe_test_pos(f, "45L6", 1);
	     (at = nvpe_test_pos(f, "45L6", i)); i++) {
		if (f->buf[at] >> 4 == 4) {
			put_unaligned_be16(0xbad, f->buf + at + 2);
			put_unaligned_be16(0xbad, f->buf + at + 10);
		} else {
			put_unaligned_be16(0xbad, f->buf + at + 4);
		}
	}
	at = nvpe_test_pos(f, "CB", 0);
	if (at && !partial)
		put_unaligned_be32(0xbadbad, f->buf + at + 4);
	at = nvpe_test_pos(f, "TO", 0);
	if (at)
		put_unaligned_be16(0xbad, f->buf + at + 16);
	at = nvpe_test_pos(f, "U", 0);
	if (at)
		put_unaligned_be16(0xbad, f->buf + at + 4);
	if (at && !c->udp_zero)
		put_unaligned_be16(0xbad, f->buf + at + 6);
}

static struct nvpe_test_arg nvpe_seg_arg(const struct nvpe_seg_case *c)
{
	return (struct nvpe_test_arg) {
		.outer_id = c->outer_id,
		.inner_id = c->inner_id,
		.df = c->flags & NVPE_SEG_F_FIXEDID,
		.seq = c->seq,
		.tcp_flags = c->tcp_flags,
		.udp_zero = c->udp_zero,
		.key = 0x0013885a,
	};
}

/* Build the template: a super-frame's header block */
static void nvpe_seg_template(const struct nvpe_seg_case *c, u8 *buf,
			      struct nvpe_test_frame *f, struct nvpe_hdrs *h)
{
	struct nvpe_test_arg arg = nvpe_seg_arg(c);

	arg.payload_len = c->flags & NVPE_SEG_F_PARTIAL ? c->mss : 0;
	nvpe_test_build(f, buf, c->layout, &arg);
	nvpe_seg_spoil(f, c);
	nvpe_parse(buf, f->hdr_len, f->hdr_len + c->payload,
		   NVPE_PARSE_F_TUNNEL | NVPE_PARSE_F_TEMPLATE, h);
}

/* Build segment @i as it should be. */
static void nvpe_seg_want(const struct nvpe_seg_case *c, const u8 *payload,
			  u32 i, u8 *buf, struct nvpe_test_frame *f)
{
	struct nvpe_test_arg arg = nvpe_seg_arg(c);
	bool fixed = c->flags & NVPE_SEG_F_FIXEDID;
	u32 off = i * c->mss;

	arg.payload = payload + off;
	arg.payload_len = min_t(u32, c->mss, c->payload - off);
	arg.seq += off;
	if (!fixed || strpbrk(c->layout, "GCKB"))
		arg.outer_id += i;
	if (!fixed)
		arg.inner_id += i;
	if (i)
		arg.tcp_flags &= ~NVPE_CWR;
	if (off + arg.payload_len < c->payload)
		arg.tcp_flags &= ~(NVPE_FIN | NVPE_PSH);
	nvpe_test_build(f, buf, c->layout, &arg);
}

static void nvpe_seg_run(struct kunit *test, const struct nvpe_seg_case *c)
{
	u8 *payload = kunit_kzalloc(test, c->payload, GFP_KERNEL);
	u8 *tmpl = kunit_kzalloc(test, NVPE_SEG_BUF, GFP_KERNEL);
	u8 *want = kunit_kzalloc(test, NVPE_SEG_BUF, GFP_KERNEL);
	struct nvpe_test_frame f, w;
	struct nvpe_seg_out out;
	u32 i, sum, done = 0;
	struct nvpe_hdrs h;
	struct nvpe_seg s;
	u32 state = 8;
	u8 *hdr;

	for (i = 0; i < c->payload; i++)
		payload[i] = nvpe_test_random(&state);
	nvpe_seg_template(c, tmpl, &f, &h);
	KUNIT_EXPECT_TRUE(test, nvpe_seg_fits(tmpl, &h, c->payload, c->mss,
					      c->flags));
	nvpe_seg_init(&s, tmpl, &h, c->payload, c->mss, c->flags);
	if (h.hdr_len != f.hdr_len) {
		KUNIT_EXPECT_EQ(test, h.hdr_len, f.hdr_len);
		return;
	}
	hdr = kunit_kzalloc(test, h.hdr_len, GFP_KERNEL);
	for (i = 0; nvpe_seg_next(&s, hdr, &out); i++) {
		KUNIT_EXPECT_EQ(test, out.payload_off, done);
		KUNIT_EXPECT_LE(test, out.payload_len, c->payload - done);
		sum = nvpe_os_csum(payload + done, out.payload_len, 0);
		nvpe_csum_fill(hdr, h.hdr_len, &out.fill, sum);
		nvpe_seg_want(c, payload, i, want, &w);
		KUNIT_EXPECT_EQ(test, h.hdr_len + out.payload_len, w.len);
		KUNIT_EXPECT_MEMEQ_MSG(test, hdr, want, h.hdr_len,
				       "segment %u of %s, %u by %u", i,
				       c->layout, c->payload, c->mss);
		done += out.payload_len;
	}
	KUNIT_EXPECT_EQ(test, done, c->payload);
	KUNIT_EXPECT_EQ(test, i, (c->payload + c->mss - 1) / c->mss);
	KUNIT_EXPECT_FALSE(test, nvpe_seg_next(&s, hdr, &out));
}

static void nvpe_seg_segments(struct kunit *test)
{
	nvpe_seg_run(test, test->param_value);
}

static void nvpe_seg_random(struct kunit *test)
{
	char layout[NVPE_TEST_LAYERS + 1];
	u32 state = 9;
	u32 round;

	for (round = 0; round < NVPE_SEG_ROUNDS; round++) {
		struct nvpe_seg_case c = {
			.layout = layout,
			.mss = 1 + nvpe_test_random(&state) % 1500,
			.flags = nvpe_test_random(&state) % 4,
			.udp_zero = !(nvpe_test_random(&state) % 8),
			.outer_id = nvpe_test_random(&state),
			.inner_id = nvpe_test_random(&state),
			.seq = nvpe_test_random(&state),
		};
		struct nvpe_test_arg arg = {};
		struct nvpe_test_frame f;
		u8 buf[512];

		c.tcp_flags = nvpe_test_random(&state) & ~0x26;
		c.payload = 1 + nvpe_test_random(&state) % (c.mss * 8);
		if (c.flags & NVPE_SEG_F_PARTIAL)
			c.payload = c.mss * (1 + c.payload / c.mss);
		nvpe_test_layout(&state, layout, "TOU");
		if (strpbrk(layout, "QW"))
			*strpbrk(layout, "QW") = 'B';
		while (strchr(layout, 'S'))
			*strchr(layout, 'S') = 'D';
		if (!strpbrk(layout, "GCKB"))
			c.flags &= ~NVPE_SEG_F_PARTIAL;
		if (c.flags & NVPE_SEG_F_PARTIAL)
			c.udp_zero = false;
		nvpe_test_build(&f, buf, layout, &arg);
		if (f.hdr_len <= NVPE_MAX_HDR_LEN)
			nvpe_seg_run(test, &c);
	}
}

/* A super-frame no IP length field could hold */
static void nvpe_seg_beyond_64k(struct kunit *test)
{
	static const struct nvpe_seg_case c = {
		.layout = "E4BE6T",
		.payload = 262143 - 120,
		.mss = 1380,
		.tcp_flags = NVPE_ACK,
	};

	nvpe_seg_run(test, &c);
}

struct nvpe_seg_refusal {
	const char *name;
	const char *layout;
	u32 payload;
	u32 mss;
	u32 flags;
	u8 tcp_flags;
	bool udp_zero;
};

static const struct nvpe_seg_refusal nvpe_seg_bad[] = {
	{ "mss 0", "E4T", 100, 0 },
	{ "no payload", "E4T", 0, 100 },
	{ "neither", "E4T", 0, 0 },
	{ "partial, mss 0", "E4KE4T", 100, 0, NVPE_SEG_F_PARTIAL },
	{ "no ip", "E", 100, 10 },
	{ "no tcp or udp", "E4", 100, 10 },
	{ "no tcp or udp behind gre", "E4KE4", 100, 10 },
	{ "fragment", "E6FT", 100, 10 },
	{ "authentication header", "E6ST", 100, 10 },
	{ "authentication header outside gre", "E6SKE4T", 100, 10 },
	{ "authentication header inside gre", "E4KE6HSDU", 100, 10 },
	{ "gre in gre", "E4G4G4T", 100, 10 },
	{ "gre with sequence number", "E4QE4T", 100, 10 },
	{ "gre with everything", "E4W4U", 100, 10 },
	{ "SYN", "E4T", 100, 10, 0, 0x02 },
	{ "RST", "E4T", 100, 10, 0, 0x14 },
	{ "URG", "E4KE4T", 100, 10, 0, 0x30 },
	{ "fixed id without DF", "E4T", 100, 10, NVPE_SEG_F_FIXEDID },
	{ "fixed id without DF behind gre", "E6KE4T", 100, 10,
	  NVPE_SEG_F_FIXEDID },
	{ "ipv4 segment too long", "E4T", 70000, 65496 },
	{ "ipv6 segment too long", "E6U", 70000, 65528 },
	{ "outer ipv4 of a segment too long", "E4KE4T", 70000, 65454 },
	{ "outer ipv6 of a segment too long", "E6KE4T", 70000, 65474 },
	{ "mss beyond any length", "E4T", 70000, 0xffffffff },
	{ "mss and payload beyond any length", "E4T", 0xffffffff, 0xffffffff },
	{ "partial, a last one that is shorter", "E4KE4T", 1401, 700,
	  NVPE_SEG_F_PARTIAL },
	{ "partial, less than one", "E4KE4T", 699, 700, NVPE_SEG_F_PARTIAL },
	{ "partial, gre with checksum, udp without", "E4BE4U", 1400, 700,
	  NVPE_SEG_F_PARTIAL, .udp_zero = true },
};

static void nvpe_seg_refusal_desc(const struct nvpe_seg_refusal *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_seg_bad, nvpe_seg_bad, nvpe_seg_refusal_desc);

static void nvpe_seg_refuses(struct kunit *test)
{
	const struct nvpe_seg_refusal *c = test->param_value;
	struct nvpe_test_arg arg = {
		.tcp_flags = c->tcp_flags,
		.udp_zero = c->udp_zero,
		.payload_len = 64,
	};
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u8 buf[512];

	nvpe_test_build(&f, buf, c->layout, &arg);
	nvpe_parse(buf, min_t(u32, f.len, NVPE_MAX_HDR_LEN), f.len,
		   NVPE_PARSE_F_TUNNEL | NVPE_PARSE_F_TEMPLATE, &h);
	KUNIT_EXPECT_FALSE(test, nvpe_seg_fits(buf, &h, c->payload, c->mss,
					       c->flags));
}

/* The longest segments that fit, outside and inside tunnels */
static void nvpe_seg_longest(struct kunit *test)
{
	static const struct nvpe_seg_refusal longest[] = {
		{ "", "E4T", 70000, 65495 },
		{ "", "E6U", 70000, 65527 },
		{ "", "E4KE4T", 70000, 65453 },
		{ "", "E6KE4T", 70000, 65473 },
	};
	struct nvpe_test_arg arg = { .payload_len = 1 };
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u8 buf[512];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(longest); i++) {
		nvpe_test_build(&f, buf, longest[i].layout, &arg);
		nvpe_parse(buf, f.len, f.len, NVPE_PARSE_F_TUNNEL, &h);
		KUNIT_EXPECT_TRUE(test, nvpe_seg_fits(buf, &h, 70000,
						      longest[i].mss, 0));
	}
}

/*
 * Payload chosen so that the checksum comes out as 0: TCP keeps it, UDP has
 * it inverted (RFC 768).
 */
static void nvpe_seg_zero_checksum(struct kunit *test)
{
	static const char * const layouts[] = { "E4T", "E4U", "E6T", "E6U" };
	struct nvpe_test_frame f;
	struct nvpe_seg_out out;
	u8 payload[8] = {};
	struct nvpe_hdrs h;
	struct nvpe_seg s;
	u8 hdr[256];
	u8 buf[512];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct nvpe_test_arg arg = {
			.payload = payload,
			.payload_len = sizeof(payload),
		};
		u32 field;

		memset(payload, 0, sizeof(payload));
		nvpe_test_build(&f, buf, layouts[i], &arg);
		field = nvpe_test_pos(&f, "TU", 0) + (i % 2 ? 6 : 16);
		memcpy(payload, buf + field, 2);
		nvpe_parse(buf, f.len, f.len, 0, &h);
		nvpe_seg_init(&s, buf, &h, 8, 8, 0);
		KUNIT_EXPECT_TRUE(test, nvpe_seg_next(&s, hdr, &out));
		nvpe_csum_fill(hdr, h.hdr_len, &out.fill,
			       nvpe_os_csum(payload, 8, 0));
		KUNIT_EXPECT_EQ_MSG(test, get_unaligned_be16(hdr + field),
				    i % 2 ? 0xffff : 0, "%s", layouts[i]);
	}
}

/* The same for GRE, whose checksum stays 0: it may not say "none". */
static void nvpe_seg_zero_gre_checksum(struct kunit *test)
{
	struct nvpe_test_arg arg = { .payload_len = 8 };
	struct nvpe_test_frame f;
	struct nvpe_seg_out out;
	struct nvpe_hdrs h;
	struct nvpe_seg s;
	u8 hdr[256];
	u8 buf[512];

	nvpe_test_build(&f, buf, "E4BE4T", &arg);
	arg.key = get_unaligned_be16(buf + 38);
	nvpe_test_build(&f, buf, "E4BE4T", &arg);
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(buf + 38), 0);
	nvpe_parse(buf, f.len, f.len, NVPE_PARSE_F_TUNNEL, &h);
	nvpe_seg_init(&s, buf, &h, 8, 8, 0);
	KUNIT_EXPECT_TRUE(test, nvpe_seg_next(&s, hdr, &out));
	nvpe_csum_fill(hdr, h.hdr_len, &out.fill,
		       nvpe_os_csum(buf + f.hdr_len, 8, 0));
	KUNIT_EXPECT_MEMEQ(test, hdr, buf, f.hdr_len);
}

/* With PARTIAL the outer lengths and the GRE checksum are not looked at. */
static void nvpe_seg_partial_keeps_outer(struct kunit *test)
{
	static const char * const layouts[] = { "E4BE4T", "E6BE6T" };
	struct nvpe_test_arg arg = { .payload_len = 8 };
	struct nvpe_test_frame f;
	struct nvpe_seg_out out;
	struct nvpe_hdrs h;
	struct nvpe_seg s;
	u8 hdr[256];
	u8 buf[512];
	u32 i, len;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		nvpe_test_build(&f, buf, layouts[i], &arg);
		len = 14 + (i ? 4 : 2);
		put_unaligned_be16(0x1234, buf + len);
		put_unaligned_be32(0x56789abc, buf + f.pos[2] + 4);
		nvpe_parse(buf, f.hdr_len, f.len, NVPE_PARSE_F_TUNNEL |
			   NVPE_PARSE_F_TEMPLATE, &h);
		nvpe_seg_init(&s, buf, &h, 8, 8, NVPE_SEG_F_PARTIAL);
		KUNIT_EXPECT_TRUE(test, nvpe_seg_next(&s, hdr, &out));
		KUNIT_EXPECT_EQ(test, out.fill.gre_start, 0);
		KUNIT_EXPECT_EQ(test, get_unaligned_be16(hdr + len), 0x1234);
		KUNIT_EXPECT_EQ(test, get_unaligned_be32(hdr + f.pos[2] + 4),
				0x56789abcU);
	}
}

static struct kunit_case nvpe_seg_cases[] = {
	KUNIT_CASE_PARAM(nvpe_seg_segments, nvpe_seg_gen_params),
	KUNIT_CASE_PARAM(nvpe_seg_refuses, nvpe_seg_bad_gen_params),
	KUNIT_CASE(nvpe_seg_longest),
	KUNIT_CASE(nvpe_seg_random),
	KUNIT_CASE(nvpe_seg_beyond_64k),
	KUNIT_CASE(nvpe_seg_zero_checksum),
	KUNIT_CASE(nvpe_seg_zero_gre_checksum),
	KUNIT_CASE(nvpe_seg_partial_keeps_outer),
	{}
};

static struct kunit_suite nvpe_seg_suite = {
	.name = "nvpe_seg",
	.test_cases = nvpe_seg_cases,
};

kunit_test_suite(nvpe_seg_suite);

MODULE_DESCRIPTION("nvnic packet engine tests: segmentation");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine tests: FlowID of NVGRE frames.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <kunit/test.h>

#include <nvpe/flowid.h>

#include "nvpe_testlib.h"

struct nvpe_flowid_case {
	const char *name;
	const char *layout;
	u16 edit_off;		/* 16 bits to set first, 0: none */
	u16 edit;
	u16 len;		/* bytes of the frame that there are, 0: all */
	bool fill;		/* it gets a FlowID */
	bool clear;		/* and loses one */
};

static const struct nvpe_flowid_case nvpe_flowid_cases_of[] = {
	{ "ipv4 in ipv4", "E4KE4T", .fill = true, .clear = true },
	{ "ipv6 in ipv6", "E6KE6U", .fill = true, .clear = true },
	{ "ipv6 in ipv4, tags", "EVA5KEV6DO", .fill = true, .clear = true },
	{ "outer extensions", "E6HDRKE4U", .fill = true, .clear = true },
	{ "neither tcp nor udp", "E4KE4", .fill = true, .clear = true },
	{ "not ip", "E4KE", .fill = true, .clear = true },
	{ "inner first fragment", "E4KE4U", 62, 0x2000, .fill = true,
	  .clear = true },
	{ "inner malformed", "E4KE4T", 56, 0x4400, .fill = true,
	  .clear = true },
	{ "without a key", "E4GE4T" },
	{ "with a checksum", "E4BE4T" },
	{ "with a sequence number", "E4QE4T" },
	{ "with both", "E4WE4T" },
	{ "gre version 1", "E4KE4T", 34, 0x2001 },
	{ "gre with routing", "E4KE4T", 34, 0x6000 },
	{ "gre reserved bits", "E4KE4T", 34, 0x2ff8, .fill = true,
	  .clear = true },
	{ "no ethernet inside", "E4K4T" },
	{ "no tunnel", "E4T" },
	{ "outer first fragment", "E4KE4T", 20, 0x2000, .clear = true },
	{ "outer last fragment", "E4KE4T", 20, 0x0010 },
	{ "outer middle fragment", "E4KE4T", 20, 0x3fff },
	{ "outer first fragment, ipv6", "E6FKE4T", 56, 0x0001, .clear = true },
	{ "outer last fragment, ipv6", "E6FKE4T", 56, 0x0008 },
	{ "atomic fragment, ipv6", "E6FKE4T", 56, 0x0000, .fill = true,
	  .clear = true },
	{ "outer authentication header", "E6SKE4T" },
	{ "outer authentication header, others", "E6HSDKE4T" },
	{ "inner authentication header", "E4KE6SU", .fill = true,
	  .clear = true },
	{ "key not complete", "E4KE4T", .len = 41 },
	{ "key complete, and no more", "E4KE4T", .len = 42, .clear = true },
};

static void nvpe_flowid_desc(const struct nvpe_flowid_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_flowid, nvpe_flowid_cases_of, nvpe_flowid_desc);

/* A frame of a case, and where its FlowID would be */
static u32 nvpe_flowid_build(const struct nvpe_flowid_case *c, u8 *buf,
			     u8 flowid, struct nvpe_test_frame *f)
{
	struct nvpe_test_arg arg = {
		.key = 0xabcdef00 | flowid,
		.payload_len = 40,
	};
	u32 gre;

	nvpe_test_build(f, buf, c->layout, &arg);
	if (c->edit_off)
		put_unaligned_be16(c->edit, buf + c->edit_off);
	if (c->len) {
		f->len = c->len;
		put_unaligned_be16(c->len - 14, buf + 16);
	}
	gre = nvpe_test_pos(f, "GKBQW", 0);
	return gre + 7;
}

/* Nothing but the FlowID may change. */
static void nvpe_flowid_only(struct kunit *test, const u8 *got, u8 *want,
			     u32 len, u32 at, bool changed)
{
	if (changed)
		want[at] = got[at];
	KUNIT_EXPECT_EQ(test, memcmp(got, want, len), 0);
}

static void nvpe_flowid_fills(struct kunit *test)
{
	const struct nvpe_flowid_case *c = test->param_value;
	struct nvpe_test_frame f;
	u8 buf[512], was[512];
	struct nvpe_hdrs h;
	u32 at;

	at = nvpe_flowid_build(c, buf, 0, &f);
	memcpy(was, buf, sizeof(was));
	nvpe_parse(buf, min_t(u32, f.len, NVPE_MAX_HDR_LEN), f.len,
		   NVPE_PARSE_F_TUNNEL, &h);
	KUNIT_EXPECT_EQ(test, nvpe_flowid_fill(buf, ~0U, &h), c->fill);
	nvpe_flowid_only(test, buf, was, f.len, at, c->fill);
	if (!c->fill)
		return;
	KUNIT_EXPECT_NE(test, buf[at], 0);
	/* Who made one knows better. */
	buf[at] = 0x5a;
	nvpe_parse(buf, min_t(u32, f.len, NVPE_MAX_HDR_LEN), f.len,
		   NVPE_PARSE_F_TUNNEL, &h);
	KUNIT_EXPECT_FALSE(test, nvpe_flowid_fill(buf, ~0U, &h));
	KUNIT_EXPECT_EQ(test, buf[at], 0x5a);
}

/* A sum that was made without the FlowID would be wrong with it. */
static void nvpe_flowid_covered(struct kunit *test)
{
	static const struct nvpe_flowid_case c = { .layout = NVPE_TEST_NVGRE };
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u8 buf[512];
	u32 at, from;

	at = nvpe_flowid_build(&c, buf, 0, &f);
	nvpe_parse(buf, min_t(u32, f.len, NVPE_MAX_HDR_LEN), f.len,
		   NVPE_PARSE_F_TUNNEL, &h);
	for (from = 0; from <= at; from++) {
		KUNIT_EXPECT_FALSE(test, nvpe_flowid_fill(buf, from, &h));
		KUNIT_EXPECT_EQ(test, buf[at], 0);
	}
	KUNIT_EXPECT_TRUE(test, nvpe_flowid_fill(buf, from, &h));
	KUNIT_EXPECT_NE(test, buf[at], 0);
}

static void nvpe_flowid_clears(struct kunit *test)
{
	const struct nvpe_flowid_case *c = test->param_value;
	struct nvpe_test_frame f;
	u8 buf[512], was[512];
	struct nvpe_hdrs h;
	u32 at, len, n;

	for (n = 0; n < 4; n++) {
		bool has = n & 1;

		at = nvpe_flowid_build(c, buf, has ? 0x81 : 0, &f);
		memcpy(was, buf, sizeof(was));
		len = min_t(u32, f.len, NVPE_MAX_HDR_LEN);
		nvpe_parse(buf, len, f.len, n & 2 ? NVPE_PARSE_F_TUNNEL : 0,
			   &h);
		KUNIT_EXPECT_EQ(test, nvpe_flowid_clear(buf, len, &h),
				has && c->clear);
		nvpe_flowid_only(test, buf, was, f.len, at, has && c->clear);
		if (has && c->clear)
			KUNIT_EXPECT_EQ(test, buf[at], 0);
	}
}

/* What a template's IP header says of its length is not what its frames say. */
static void nvpe_flowid_template(struct kunit *test)
{
	static const struct nvpe_flowid_case c = { .layout = "E4KE4T" };
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u8 buf[512];
	u32 at, len;

	at = nvpe_flowid_build(&c, buf, 0, &f);
	put_unaligned_be16(at - 14, buf + 16);
	len = min_t(u32, f.len, NVPE_MAX_HDR_LEN);
	nvpe_parse(buf, len, f.len,
		   NVPE_PARSE_F_TUNNEL | NVPE_PARSE_F_TEMPLATE, &h);
	KUNIT_EXPECT_TRUE(test, nvpe_flowid_fill(buf, ~0U, &h));
	KUNIT_EXPECT_NE(test, buf[at], 0);
	nvpe_parse(buf, len, f.len, 0, &h);
	KUNIT_EXPECT_FALSE(test, nvpe_flowid_clear(buf, len, &h));
	KUNIT_EXPECT_NE(test, buf[at], 0);
}

static u8 nvpe_flowid_of(struct kunit *test, u8 *buf, struct nvpe_test_frame *f)
{
	u32 at = nvpe_test_pos(f, "K", 0) + 7;
	struct nvpe_hdrs h;

	nvpe_parse(buf, f->hdr_len, f->len, NVPE_PARSE_F_TUNNEL, &h);
	KUNIT_EXPECT_TRUE(test, nvpe_flowid_fill(buf, ~0U, &h));
	return buf[at];
}

/* Flows spread over all values; the rest of a frame is of no account. */
static void nvpe_flowid_spread(struct kunit *test)
{
	struct nvpe_test_arg arg = { .payload_len = 1 };
	struct nvpe_test_frame f;
	u32 seen[256] = {};
	u8 buf[512];
	u32 port, i;
	u8 id[2];

	for (port = 1024; port < 1024 + 255 * 40; port++) {
		for (i = 0; i < 2; i++) {
			arg.key = (port * 2 + i) << 8;
			arg.payload_len = 1 + i;
			arg.outer_id = port + i;
			arg.inner_id = port * 3 + i;
			arg.seq = port * 5 + i;
			arg.tcp_flags = i ? 0x10 : 0x18;
			nvpe_test_build(&f, buf, i ? "EV6KEV4O" : "E4KE4T", &arg);
			put_unaligned_be16(port, buf +
					   nvpe_test_pos(&f, "TO", 0));
			id[i] = nvpe_flowid_of(test, buf, &f);
		}
		KUNIT_EXPECT_EQ(test, id[0], id[1]);
		seen[id[0]]++;
	}
	KUNIT_EXPECT_EQ(test, seen[0], 0);
	for (i = 1; i < 256; i++)
		KUNIT_EXPECT_TRUE(test, seen[i] > 5 && seen[i] < 120);
}

/* Bytes of the inner frame that make a flow, from its last header but one on */
static const struct {
	const char *layout;
	const char *layer;
	u32 nth;
	u32 off;
	bool counts;
} nvpe_flowid_bytes[] = {
	{ "E4KE4T", "4", 1, 15, true },		/* source address */
	{ "E4KE4T", "4", 1, 19, true },		/* destination address */
	{ "E4KE4T", "4", 1, 1, false },		/* TOS */
	{ "E4KE4T", "4", 1, 8, false },		/* TTL */
	{ "E4KE4T", "E", 1, 5, false },		/* MAC address */
	{ "E4KE4T", "T", 0, 1, true },
	{ "E4KE4T", "T", 0, 3, true },
	{ "E4KE4T", "T", 0, 7, false },		/* sequence number */
	{ "E4KE6U", "6", 0, 8, true },
	{ "E4KE6U", "6", 0, 39, true },
	{ "E4KE6U", "6", 0, 7, false },		/* hop limit */
	{ "E4KE6U", "U", 0, 2, true },
	{ "E4KE6U", "U", 0, 7, false },		/* checksum */
	{ "E4KE4", "4", 1, 9, true },		/* protocol */
	{ "E4KE", "E", 1, 0, true },
	{ "E4KE", "E", 1, 11, true },
	{ "E4KE4T", "4", 0, 19, false },	/* outer address */
};

static void nvpe_flowid_covers(struct kunit *test)
{
	struct nvpe_test_arg arg = { .payload_len = 40 };
	struct nvpe_test_frame f;
	u8 buf[512];
	u32 i, pos;
	u8 id[2];

	for (i = 0; i < ARRAY_SIZE(nvpe_flowid_bytes); i++) {
		nvpe_test_build(&f, buf, nvpe_flowid_bytes[i].layout, &arg);
		id[0] = nvpe_flowid_of(test, buf, &f);
		nvpe_test_build(&f, buf, nvpe_flowid_bytes[i].layout, &arg);
		pos = nvpe_test_pos(&f, nvpe_flowid_bytes[i].layer,
				    nvpe_flowid_bytes[i].nth);
		buf[pos + nvpe_flowid_bytes[i].off] ^= 1;
		id[1] = nvpe_flowid_of(test, buf, &f);
		KUNIT_EXPECT_EQ(test, id[0] != id[1],
				nvpe_flowid_bytes[i].counts);
	}
}

static struct kunit_case nvpe_flowid_cases[] = {
	KUNIT_CASE_PARAM(nvpe_flowid_fills, nvpe_flowid_gen_params),
	KUNIT_CASE(nvpe_flowid_covered),
	KUNIT_CASE_PARAM(nvpe_flowid_clears, nvpe_flowid_gen_params),
	KUNIT_CASE(nvpe_flowid_template),
	KUNIT_CASE(nvpe_flowid_spread),
	KUNIT_CASE(nvpe_flowid_covers),
	{}
};

static struct kunit_suite nvpe_flowid_suite = {
	.name = "nvpe_flowid",
	.test_cases = nvpe_flowid_cases,
};

kunit_test_suite(nvpe_flowid_suite);

MODULE_DESCRIPTION("nvnic packet engine tests: FlowID of NVGRE frames");
MODULE_LICENSE("GPL");

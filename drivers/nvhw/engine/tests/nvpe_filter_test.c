// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine tests: filter rules.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <kunit/test.h>

#include <nvpe/filter.h>

#include "nvpe_testlib.h"

#define NVPE_FT_ENTRIES		64
#define NVPE_FT_KEY		(5001U << 8 | 7)	/* VSID 5001, FlowID 7 */

#define NVPE_FT_DST		FIELD_PREP_CONST(NVPE_FILTER_0_DST, 0x020000000002)
#define NVPE_FT_SRC		FIELD_PREP_CONST(NVPE_FILTER_1_SRC, 0x020000000001)
#define NVPE_FT_V6_SRC		0xfd01000000000000ULL
#define NVPE_FT_PORTS		FIELD_PREP_CONST(NVPE_FILTER_6_L4, 0x9c400050)
#define NVPE_FT_UDP_PORTS	FIELD_PREP_CONST(NVPE_FILTER_6_L4, 0x9c4212b5)
#define NVPE_FT_TCP		FIELD_PREP_CONST(NVPE_FILTER_6_PROTO, 6)
#define NVPE_FT_UDP		FIELD_PREP_CONST(NVPE_FILTER_6_PROTO, 17)
#define NVPE_FT_GRE		FIELD_PREP_CONST(NVPE_FILTER_6_PROTO, 47)
#define NVPE_FT_VSID		FIELD_PREP_CONST(NVPE_FILTER_7_VSID, 5001)

/* What one word of a frame's key holds under a mask */
struct nvpe_filter_case {
	const char *name;
	const char *layout;
	u8 word;
	u64 mask;
	u64 want;
	bool no_tunnel;		/* the parser does not look through */
	u16 edit_off;		/* 16 bits to set first, 0: none */
	u16 edit;
	u16 cut;		/* length of the frame, 0: all of it */
	bool no_key;		/* there is none */
};

static const struct nvpe_filter_case nvpe_filter_cases_of[] = {
	/* fields */
	{ "dst mac", "E4T", 0, NVPE_FILTER_0_DST, NVPE_FT_DST },
	{ "src mac", "E4T", 1, NVPE_FILTER_1_SRC, NVPE_FT_SRC },
	{ "ethertype", "E4T", 0, NVPE_FILTER_0_TYPE, 0x0800 },
	{ "ethertype behind tags", "EAV6T", 0, NVPE_FILTER_0_TYPE, 0x86dd },
	{ "not ip", "E", 0, NVPE_FILTER_0_TYPE, 0x0806 },
	{ "tci", "EV4T", 1, NVPE_FILTER_1_TCI, 0x2064 },
	{ "tci of the first of two", "EAV4T", 1, NVPE_FILTER_1_TCI, 0x00c8 },
	{ "tpid", "EA4T", 6, NVPE_FILTER_6_TPID, 0x88a8 },
	{ "tagged", "EV", 7, NVPE_FILTER_7_MASK, NVPE_FILTER_7_VLAN },
	{ "ipv4 source", "E4T", 2, ~0ULL, 0x0a00000100000000ULL },
	{ "ipv4 destination", "E5U", 4, ~0ULL, 0x0a01000200000000ULL },
	{ "ipv4 tos", "E4", 6, NVPE_FILTER_6_TOS, 2 << 24 },
	{ "ipv6 source", "E6T", 2, ~0ULL, NVPE_FT_V6_SRC },
	{ "ipv6 source, low half", "E6T", 3, ~0ULL, 0x0300000000000001ULL },
	{ "ipv6 destination", "E6T", 4, ~0ULL, NVPE_FT_V6_SRC },
	{ "ipv6 destination, low half", "E6T", 5, ~0ULL, 0x0400000000000002ULL },
	{ "ipv6 class", "E6T", 6, NVPE_FILTER_6_TOS, 2 << 24 },
	{ "tcp", "E4T", 6, NVPE_FILTER_6_PROTO | NVPE_FILTER_6_L4,
	  NVPE_FT_TCP | NVPE_FT_PORTS },
	{ "udp behind extensions", "E6HRDU", 6,
	  NVPE_FILTER_6_PROTO | NVPE_FILTER_6_L4,
	  NVPE_FT_UDP | NVPE_FT_UDP_PORTS },
	{ "any other protocol's first bytes", "E4", 6, NVPE_FILTER_6_L4,
	  0x01080f1600000000ULL },
	{ "what there is", "E4T", 7, NVPE_FILTER_7_MASK,
	  NVPE_FILTER_7_IP4 | NVPE_FILTER_7_L4 },
	/* level */
	{ "nvgre, inner ports", "E4KE6U", 6,
	  NVPE_FILTER_6_PROTO | NVPE_FILTER_6_L4,
	  NVPE_FT_UDP | NVPE_FT_UDP_PORTS },
	{ "nvgre, inner source", "E6KE4T", 2, ~0ULL, 0x0a00010100000000ULL },
	{ "nvgre, inner tag", "EA4KEV4T", 1, NVPE_FILTER_1_TCI, 0x2064 },
	{ "nvgre, outer tag is not seen", "EV4KE4T", 7, NVPE_FILTER_7_VLAN, 0 },
	{ "nvgre, vsid without flowid", "E4KE4T", 7, NVPE_FILTER_7_MASK,
	  NVPE_FT_VSID | NVPE_FILTER_7_NVGRE | NVPE_FILTER_7_IP4 |
	  NVPE_FILTER_7_L4 },
	{ "nvgre, inner arp", "E4KE", 0, NVPE_FILTER_0_TYPE, 0x0806 },
	{ "nvgre, inner arp, what there is", "E4KE", 7, NVPE_FILTER_7_MASK,
	  NVPE_FT_VSID | NVPE_FILTER_7_NVGRE },
	{ "nvgre, not looked through", "E4KE4T", 6, NVPE_FILTER_6_PROTO,
	  NVPE_FT_GRE, true },
	{ "nvgre, not looked through: no vsid", "E4KE4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE, 0, true },
	{ "gre with checksum and key: outer", "E4BE4T", 6, NVPE_FILTER_6_PROTO,
	  NVPE_FT_GRE },
	{ "gre with checksum and key: no vsid", "E4BE4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE, 0 },
	{ "gre with sequence and key: no vsid", "E4QE4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE, 0 },
	{ "gre with all: no vsid", "E6WE4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE, 0 },
	{ "gre without key: no vsid", "E4GE4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE, 0 },
	{ "key, but ip in gre: no vsid", "E4K4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE, 0 },
	{ "ip in gre: outer source", "E4K4T", 2, ~0ULL, 0x0a00000100000000ULL },
	/* malformed, truncated, fragments */
	{ "no ethernet header", "E4T", .cut = 13, .no_key = true },
	{ "empty", "E4T", .cut = 1, .no_key = true },
	{ "ends in a tag", "EV4T", .cut = 17, .no_key = true },
	{ "ends in the second tag", "EAV4T", .cut = 21, .no_key = true },
	{ "nvgre, inner ethernet cut", "E4KE4T", .cut = 55, .edit_off = 16,
	  .edit = 41, .no_key = true },
	{ "nvgre, inner tag cut", "E4KEV4T", .cut = 59, .edit_off = 16,
	  .edit = 45, .no_key = true },
	{ "three tags", "EAVV4T", 0, NVPE_FILTER_0_TYPE, 0x8100 },
	{ "three tags: no ip", "EAVV4T", 7, NVPE_FILTER_7_IP4, 0 },
	{ "ends in ip", "E4T", 7, NVPE_FILTER_7_MASK, 0, .cut = 30 },
	{ "ip version", "E4T", 7, NVPE_FILTER_7_MASK, 0, .edit_off = 14,
	  .edit = 0x5500 },
	{ "ip header length", "E4T", 7, NVPE_FILTER_7_MASK, 0, .edit_off = 14,
	  .edit = 0x4400 },
	{ "ip longer than the frame", "E4T", 7, NVPE_FILTER_7_MASK, 0,
	  .edit_off = 16, .edit = 1400 },
	{ "ip ends before the ports", "E4T", 7, NVPE_FILTER_7_MASK,
	  NVPE_FILTER_7_IP4, .edit_off = 16, .edit = 23 },
	{ "ip ends behind the ports", "E4T", 7, NVPE_FILTER_7_MASK,
	  NVPE_FILTER_7_IP4 | NVPE_FILTER_7_L4, .edit_off = 16, .edit = 24 },
	{ "tcp header length", "E4T", 6, NVPE_FILTER_6_L4, NVPE_FT_PORTS,
	  .edit_off = 46, .edit = 0x1010 },
	{ "udp length", "E6U", 6, NVPE_FILTER_6_L4, NVPE_FT_UDP_PORTS,
	  .edit_off = 58, .edit = 3 },
	{ "first fragment: no ports", "E4U", 7, NVPE_FILTER_7_MASK,
	  NVPE_FILTER_7_IP4, .edit_off = 20, .edit = 0x2000 },
	{ "last fragment: no ports", "E4U", 6, NVPE_FILTER_6_L4, 0,
	  .edit_off = 20, .edit = 0x0010 },
	{ "fragment: protocol", "E4U", 6, NVPE_FILTER_6_PROTO, NVPE_FT_UDP,
	  .edit_off = 20, .edit = 0x2000 },
	{ "ipv6 fragment: no ports", "E6FT", 7, NVPE_FILTER_7_MASK,
	  NVPE_FILTER_7_IP6 },
	{ "ipv6 atomic fragment: ports", "E6FT", 7, NVPE_FILTER_7_MASK,
	  NVPE_FILTER_7_IP6 | NVPE_FILTER_7_L4, .edit_off = 56, .edit = 0 },
	{ "tunnel in an atomic fragment: vsid", "E6FKE4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE,
	  NVPE_FT_VSID | NVPE_FILTER_7_NVGRE, .edit_off = 56, .edit = 0 },
	{ "fragment of a tunnel: no vsid", "E4KE4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE, 0, .edit_off = 20,
	  .edit = 0x2000 },
	{ "inner fragment: no ports", "E4KE4U", 7,
	  NVPE_FILTER_7_IP4 | NVPE_FILTER_7_L4, NVPE_FILTER_7_IP4,
	  .edit_off = 62, .edit = 0x2000 },
	{ "inner ip malformed: vsid holds", "E4KE4T", 7, NVPE_FILTER_7_MASK,
	  NVPE_FT_VSID | NVPE_FILTER_7_NVGRE, .edit_off = 56, .edit = 0x4400 },
	{ "extensions that cannot be skipped", "E6DT", 7, NVPE_FILTER_7_MASK,
	  0, .edit_off = 54, .edit = 0x06ff },
	{ "headers beyond 256 bytes", "EVA6RSBE6RSDO", 7, NVPE_FILTER_7_MASK,
	  NVPE_FILTER_7_VLAN | NVPE_FILTER_7_IP6 | NVPE_FILTER_7_L4 },
	{ "gre version 1: no vsid", "E4KE4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE, 0, .edit_off = 34,
	  .edit = 0x2001 },
	{ "gre reserved bits: vsid holds", "E4KE4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE,
	  NVPE_FT_VSID | NVPE_FILTER_7_NVGRE, .edit_off = 34,
	  .edit = 0x2ff8 },
	{ "gre routing present: no vsid", "E4KE4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE, 0, .edit_off = 34,
	  .edit = 0x6000 },
	{ "not gre: no vsid", "E4KE4T", 7,
	  NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE, 0, .edit_off = 22,
	  .edit = 0x4030 },
};

static void nvpe_filter_desc(const struct nvpe_filter_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_filter, nvpe_filter_cases_of, nvpe_filter_desc);

/* The key of a frame's first @len bytes, in memory that ends with them */
static bool nvpe_filter_key_of(struct kunit *test, const u8 *frame, u32 len,
			       u32 flags, struct nvpe_filter_key *key)
{
	u32 hlen = min_t(u32, len, NVPE_MAX_HDR_LEN);
	u8 *hdr = kunit_kzalloc(test, hlen, GFP_KERNEL);
	struct nvpe_hdrs h;

	memcpy(hdr, frame, hlen);
	nvpe_parse(hdr, hlen, len, flags, &h);
	memset(key, 0xa5, sizeof(*key));
	return nvpe_filter_key(hdr, hlen, &h, key);
}

static void nvpe_filter_keys(struct kunit *test)
{
	struct nvpe_test_arg arg = { .payload_len = 40, .key = NVPE_FT_KEY };
	const struct nvpe_filter_case *c = test->param_value;
	struct nvpe_filter_key key;
	struct nvpe_test_frame f;
	u8 buf[512];
	bool ok;

	nvpe_test_build(&f, buf, c->layout, &arg);
	if (c->edit_off)
		put_unaligned_be16(c->edit, buf + c->edit_off);
	ok = nvpe_filter_key_of(test, buf, c->cut ? c->cut : f.len,
				c->no_tunnel ? 0 : NVPE_PARSE_F_TUNNEL, &key);
	KUNIT_EXPECT_EQ(test, ok, !c->no_key);
	if (ok)
		KUNIT_EXPECT_EQ(test, key.w[c->word] & c->mask, c->want);
}

/* Frames cut at every byte: whatever key comes out, nothing else is read. */
static void nvpe_filter_cut(struct kunit *test)
{
	static const char * const layouts[] = {
		"EVA4KEVA6HU", "E6KE4T", "EA5T", "E6FU", "E4BE4T",
	};
	struct nvpe_test_arg arg = { .key = NVPE_FT_KEY };
	struct nvpe_filter_key key;
	struct nvpe_test_frame f;
	u8 buf[512];
	u32 i, len;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		nvpe_test_build(&f, buf, layouts[i], &arg);
		for (len = 0; len < f.len; len++) {
			bool ok = nvpe_filter_key_of(test, buf, len,
						     NVPE_PARSE_F_TUNNEL, &key);

			KUNIT_EXPECT_TRUE(test, !ok || len >= NVPE_ETH_HLEN);
			KUNIT_EXPECT_FALSE(test, key.w[7] &
					   ~NVPE_FILTER_7_MASK);
		}
	}
}

/* ---- The table against a list that is walked ---- */

struct nvpe_filter_ref {
	struct nvpe_filter_rule rule[NVPE_FT_ENTRIES];
	bool used[NVPE_FT_ENTRIES];
};

static int nvpe_filter_ref_match(const struct nvpe_filter_ref *ref,
				 const struct nvpe_filter_key *key)
{
	u32 i;

	for (i = 0; i < NVPE_FT_ENTRIES; i++)
		if (ref->used[i] && nvpe_test_rule_fits(&ref->rule[i], key))
			return i;
	return -ENOENT;
}

/* Few values and few masks, so that rules overlap and are equal. */
static void nvpe_filter_random_key(u32 *state, struct nvpe_filter_key *key)
{
	u32 i;

	for (i = 0; i < NVPE_FILTER_WORDS; i++)
		key->w[i] = nvpe_test_random(state) % 3 ?
			    0 : 0x0101010101010101ULL *
				(nvpe_test_random(state) % 2 + 1);
	key->w[7] &= NVPE_FILTER_7_MASK;
}

static void nvpe_filter_random_rule(u32 *state, struct nvpe_filter_rule *rule)
{
	static const u64 masks[] = {
		0, ~0ULL, GENMASK_ULL(63, 16), GENMASK_ULL(31, 0),
	};
	u32 i;

	nvpe_filter_random_key(state, &rule->key);
	memset(&rule->mask, 0, sizeof(rule->mask));
	for (i = 0; i < 2; i++)
		rule->mask.w[nvpe_test_random(state) % 3 * 3] =
			masks[nvpe_test_random(state) % ARRAY_SIZE(masks)];
	rule->mask.w[7] &= NVPE_FILTER_7_MASK;
	rule->action = nvpe_test_random(state);
}

static void nvpe_filter_compare(struct kunit *test, struct nvpe_filter *t,
				const struct nvpe_filter_ref *ref, u32 *state)
{
	struct nvpe_filter_key key;
	u64 action;
	int i, loc;

	for (i = 0; i < 8; i++) {
		nvpe_filter_random_key(state, &key);
		action = ~0ULL;
		loc = nvpe_filter_match(t, &key, &action);
		KUNIT_EXPECT_EQ(test, loc, nvpe_filter_ref_match(ref, &key));
		KUNIT_EXPECT_EQ(test, action, loc < 0 ? ~0ULL :
				ref->rule[loc].action);
	}
}

static void nvpe_filter_random(struct kunit *test)
{
	struct nvpe_filter_ref *ref = kunit_kzalloc(test, sizeof(*ref),
						    GFP_KERNEL);
	void *mem = kunit_kzalloc(test, nvpe_filter_size(NVPE_FT_ENTRIES),
				  GFP_KERNEL);
	struct nvpe_filter *t = nvpe_filter_init(mem, NVPE_FT_ENTRIES);
	struct nvpe_filter_rule rule;
	u32 state = 11, round, loc;

	for (round = 0; round < 20000; round++) {
		loc = nvpe_test_random(&state) % NVPE_FT_ENTRIES;
		if (nvpe_test_random(&state) % 3) {
			nvpe_filter_random_rule(&state, &rule);
			KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, loc, &rule),
					0);
			ref->rule[loc] = rule;
			ref->used[loc] = true;
		} else {
			KUNIT_EXPECT_EQ(test, nvpe_filter_remove(t, loc),
					ref->used[loc] ? 0 : -ENOENT);
			ref->used[loc] = false;
		}
		nvpe_filter_compare(test, t, ref, &state);
	}
	for (loc = 0; loc < NVPE_FT_ENTRIES; loc++)
		nvpe_filter_remove(t, loc);
	memset(ref->used, 0, sizeof(ref->used));
	nvpe_filter_compare(test, t, ref, &state);
}

/* Every location of a large table, found; none taken for another. */
static void nvpe_filter_full(struct kunit *test)
{
	const u32 entries = 4096;
	void *mem = kunit_kzalloc(test, nvpe_filter_size(entries), GFP_KERNEL);
	struct nvpe_filter *t = nvpe_filter_init(mem, entries);
	struct nvpe_filter_rule rule = {};
	u64 action = 0;
	u32 i;

	rule.mask.w[6] = NVPE_FILTER_6_L4;
	for (i = 0; i < entries; i++) {
		rule.key.w[6] = FIELD_PREP_CONST(NVPE_FILTER_6_L4, i);
		rule.action = 7 * i;
		KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, i, &rule), 0);
	}
	for (i = 0; i < entries; i++) {
		rule.key.w[6] = FIELD_PREP_CONST(NVPE_FILTER_6_L4, i) | 0xffff;
		KUNIT_EXPECT_EQ(test, nvpe_filter_match(t, &rule.key, &action),
				i);
		KUNIT_EXPECT_EQ(test, action, 7 * i);
	}
	rule.key.w[6] = FIELD_PREP_CONST(NVPE_FILTER_6_L4, entries);
	KUNIT_EXPECT_EQ(test, nvpe_filter_match(t, &rule.key, &action),
			-ENOENT);
}

static void nvpe_filter_refused(struct kunit *test)
{
	void *mem = kunit_kzalloc(test, nvpe_filter_size(1), GFP_KERNEL);
	struct nvpe_filter *t = nvpe_filter_init(mem, 1);
	struct nvpe_filter_rule rule = { .action = 3 };
	u64 action = 0;

	KUNIT_EXPECT_EQ(test, nvpe_filter_match(t, &rule.key, &action),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, 1, &rule), -EINVAL);
	KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, ~0U, &rule), -EINVAL);
	rule.mask.w[7] = BIT(5);
	KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, 0, &rule), -EINVAL);
	rule.mask.w[7] = 1ULL << 32;
	KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, 0, &rule), -EINVAL);
	KUNIT_EXPECT_EQ(test, nvpe_filter_get(t, 0, &action), -ENOENT);
	KUNIT_EXPECT_EQ(test, nvpe_filter_get(t, 1, &action), -ENOENT);
	KUNIT_EXPECT_EQ(test, nvpe_filter_remove(t, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, nvpe_filter_remove(t, 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, nvpe_filter_match(t, &rule.key, &action),
			-ENOENT);
	/* A rule that looks at nothing fits all. */
	rule.mask.w[7] = 0;
	KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, 0, &rule), 0);
	rule.key.w[3] = 9;
	KUNIT_EXPECT_EQ(test, nvpe_filter_match(t, &rule.key, &action), 0);
	KUNIT_EXPECT_EQ(test, action, 3);
	action = 0;
	KUNIT_EXPECT_EQ(test, nvpe_filter_get(t, 0, &action), 0);
	KUNIT_EXPECT_EQ(test, action, 3);
}

static void nvpe_filter_shapes(struct kunit *test)
{
	const u32 entries = NVPE_FILTER_SHAPES + 2;
	void *mem = kunit_kzalloc(test, nvpe_filter_size(entries), GFP_KERNEL);
	struct nvpe_filter *t = nvpe_filter_init(mem, entries);
	struct nvpe_filter_rule rule = {};
	struct nvpe_filter_key none = {};
	u64 action = 0;
	u32 i;

	for (i = 0; i < NVPE_FILTER_SHAPES; i++) {
		rule.mask.w[5] = i + 1;
		rule.key.w[5] = i + 1;
		rule.action = i;
		KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, i + 1, &rule), 0);
	}
	/* One too many: refused, also in the place of a rule that shares. */
	rule.mask.w[5] = 1;
	rule.key.w[5] = 1;
	KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, entries - 1, &rule), 0);
	rule.mask.w[5] = 1ULL << 40;
	KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, 0, &rule), -ENOSPC);
	KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, 1, &rule), -ENOSPC);
	none.w[5] = 1;
	KUNIT_EXPECT_EQ(test, nvpe_filter_match(t, &none, &action), 1);
	KUNIT_EXPECT_EQ(test, action, 0);
	/* In the place of the only one with its mask there is room. */
	rule.key.w[5] = 1ULL << 40;
	rule.action = 77;
	KUNIT_EXPECT_EQ(test, nvpe_filter_set(t, 2, &rule), 0);
	none.w[5] = 1ULL << 40;
	KUNIT_EXPECT_EQ(test, nvpe_filter_match(t, &none, &action), 2);
	KUNIT_EXPECT_EQ(test, action, 77);
	none.w[5] = 2;
	KUNIT_EXPECT_EQ(test, nvpe_filter_match(t, &none, &action), -ENOENT);
}

static struct kunit_case nvpe_filter_cases[] = {
	KUNIT_CASE_PARAM(nvpe_filter_keys, nvpe_filter_gen_params),
	KUNIT_CASE(nvpe_filter_cut),
	KUNIT_CASE(nvpe_filter_random),
	KUNIT_CASE(nvpe_filter_full),
	KUNIT_CASE(nvpe_filter_refused),
	KUNIT_CASE(nvpe_filter_shapes),
	{}
};

static struct kunit_suite nvpe_filter_suite = {
	.name = "nvpe_filter",
	.test_cases = nvpe_filter_cases,
};

kunit_test_suite(nvpe_filter_suite);

MODULE_DESCRIPTION("nvnic packet engine tests: filter rules");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine tests: what the receive hash covers.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <kunit/test.h>

#include <nvpe/rss.h>

#include "nvpe_testlib.h"

#define NVPE_2		NVPE_RSS_F_L3
#define NVPE_4		(NVPE_RSS_F_L3 | NVPE_RSS_F_L4)

/* What is hashed: addresses of an IP header, and maybe ports */
enum nvpe_rss_what {
	NVPE_RSS_NOTHING,
	NVPE_RSS_OUTER,
	NVPE_RSS_OUTER_PORTS,
	NVPE_RSS_INNER,
	NVPE_RSS_INNER_PORTS,
};

/* Fields of each flow type: ip4, ip6, tcp4, tcp6, udp4, udp6 */
#define NVPE_RSS_USUAL	{ NVPE_2, NVPE_2, NVPE_4, NVPE_4, NVPE_4, NVPE_4 }
#define NVPE_RSS_NO_IP	{ 0, 0, NVPE_4, NVPE_4, NVPE_4, NVPE_4 }
#define NVPE_RSS_NO_L4	{ NVPE_2, NVPE_2, 0, 0, 0, 0 }
#define NVPE_RSS_L4_AS_2 { NVPE_2, NVPE_2, NVPE_2, NVPE_2, NVPE_2, NVPE_2 }
#define NVPE_RSS_OFF	{ 0, 0, 0, 0, 0, 0 }

struct nvpe_rss_case {
	const char *name;
	const char *layout;
	u8 fields[NVPE_FLOW_COUNT];
	bool inner;
	bool no_tunnel;		/* the parser does not look through */
	u16 edit_off;		/* 16 bits to set first, 0: none */
	u16 edit;
	enum nvpe_rss_what what;
};

static const struct nvpe_rss_case nvpe_rss_cases_of[] = {
	{ "ipv4 tcp", "E4T", NVPE_RSS_USUAL, .what = NVPE_RSS_OUTER_PORTS },
	{ "ipv4 udp", "EV5U", NVPE_RSS_USUAL, .what = NVPE_RSS_OUTER_PORTS },
	{ "ipv6 tcp", "E6O", NVPE_RSS_USUAL, .what = NVPE_RSS_OUTER_PORTS },
	{ "ipv6 udp, extensions", "E6HDSU", NVPE_RSS_USUAL,
	  .what = NVPE_RSS_OUTER_PORTS },
	{ "tcp4 only, tcp4", "E4T", { 0, 0, NVPE_4 },
	  .what = NVPE_RSS_OUTER_PORTS },
	{ "tcp4 only, tcp6", "E6T", { 0, 0, NVPE_4 } },
	{ "tcp4 only, udp4", "E4U", { 0, 0, NVPE_4 } },
	{ "udp6 only, udp6", "E6U", { 0, 0, 0, 0, 0, NVPE_4 },
	  .what = NVPE_RSS_OUTER_PORTS },
	{ "tcp6 only, udp6", "E6U", { 0, 0, 0, NVPE_4 } },
	{ "tcp by addresses", "E4T", NVPE_RSS_L4_AS_2,
	  .what = NVPE_RSS_OUTER },
	{ "no field for tcp: as ip", "E6T", NVPE_RSS_NO_L4,
	  .what = NVPE_RSS_OUTER },
	{ "neither ip nor tcp", "E6T", NVPE_RSS_OFF },
	{ "ip4 on, ip6 off", "E6", { NVPE_2 } },
	{ "ports of an unknown protocol", "E4",
	  { NVPE_4, NVPE_4, NVPE_4, NVPE_4, NVPE_4, NVPE_4 },
	  .what = NVPE_RSS_OUTER },
	{ "not ip", "E", NVPE_RSS_USUAL },
	{ "no ip type, unknown protocol", "E4", NVPE_RSS_NO_IP },
	{ "first fragment", "E4U", NVPE_RSS_USUAL, .edit_off = 20,
	  .edit = 0x2000, .what = NVPE_RSS_OUTER },
	{ "last fragment", "E4T", NVPE_RSS_USUAL, .edit_off = 20,
	  .edit = 0x0010, .what = NVPE_RSS_OUTER },
	{ "ipv6 fragment", "E6FT", NVPE_RSS_USUAL, .what = NVPE_RSS_OUTER },
	{ "ipv6 fragment, no ip type", "E6FT", NVPE_RSS_NO_IP },
	{ "fragment of a tunnel", "E4KE4T", NVPE_RSS_USUAL, true,
	  .edit_off = 20, .edit = 0x2000, .what = NVPE_RSS_OUTER },
	{ "malformed tcp", "E4T", NVPE_RSS_USUAL, .edit_off = 46,
	  .edit = 0x4010, .what = NVPE_RSS_OUTER },
	{ "malformed ip", "E4T", NVPE_RSS_USUAL, .edit_off = 14,
	  .edit = 0x4400 },
	{ "extensions that cannot be skipped", "E6DT", NVPE_RSS_USUAL,
	  .edit_off = 54, .edit = 0x06ff },
	{ "nvgre, inner tcp", "E4KE4T", NVPE_RSS_USUAL, true,
	  .what = NVPE_RSS_INNER_PORTS },
	{ "nvgre, inner udp, mixed versions", "E6KE4U", NVPE_RSS_USUAL, true,
	  .what = NVPE_RSS_INNER_PORTS },
	{ "gre with checksum, inner tcp", "E4BE6T", NVPE_RSS_USUAL, true,
	  .what = NVPE_RSS_INNER_PORTS },
	{ "nvgre, inner tcp by addresses", "E4KE6T", NVPE_RSS_L4_AS_2, true,
	  .what = NVPE_RSS_INNER },
	{ "nvgre, inner icmp", "E4KE4", NVPE_RSS_USUAL, true,
	  .what = NVPE_RSS_OUTER },
	{ "nvgre, inner arp", "E6KE", NVPE_RSS_USUAL, true,
	  .what = NVPE_RSS_OUTER },
	{ "nvgre, inner first fragment", "E4KE4U", NVPE_RSS_USUAL, true,
	  .edit_off = 62, .edit = 0x2000, .what = NVPE_RSS_OUTER },
	{ "nvgre, inner ipv6 fragment", "E6KE6FU", NVPE_RSS_USUAL, true,
	  .what = NVPE_RSS_OUTER },
	{ "nvgre, inner malformed", "E4KE4T", NVPE_RSS_USUAL, true,
	  .edit_off = 56, .edit = 0x4400, .what = NVPE_RSS_OUTER },
	{ "nvgre, inner beyond 256 bytes", "EVA6RSBE6RSDO", NVPE_RSS_USUAL,
	  true, .what = NVPE_RSS_OUTER },
	{ "nvgre, tcp without field", "E4KE4T", NVPE_RSS_NO_L4, true,
	  .what = NVPE_RSS_OUTER },
	{ "nvgre, ip without field", "E4KE4", NVPE_RSS_NO_IP, true },
	{ "nvgre, the outer version chooses", "E6KE4", { NVPE_2 }, true },
	{ "nvgre, the inner version chooses", "E6KE4T",
	  { 0, 0, NVPE_4, 0, 0, 0 }, true, .what = NVPE_RSS_INNER_PORTS },
	{ "nvgre, inner hash off", "E4KE4T", NVPE_RSS_USUAL,
	  .what = NVPE_RSS_OUTER },
	{ "nvgre, not looked through", "E4KE4T", NVPE_RSS_USUAL, true, true,
	  .what = NVPE_RSS_OUTER },
	{ "gre version 1", "E4KE4T", NVPE_RSS_USUAL, true, .edit_off = 34,
	  .edit = 0x2001, .what = NVPE_RSS_OUTER },
};

static void nvpe_rss_desc(const struct nvpe_rss_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_rss, nvpe_rss_cases_of, nvpe_rss_desc);

static void nvpe_rss_key(u8 *key)
{
	u32 state = 7;
	u32 i;

	for (i = 0; i < NVPE_TOEPLITZ_KEY_LEN; i++)
		key[i] = nvpe_test_random(&state);
}

/* The input that @what stands for, hashed bit by bit */
static u32 nvpe_rss_want(const struct nvpe_test_frame *f,
			 enum nvpe_rss_what what)
{
	bool inner = what == NVPE_RSS_INNER || what == NVPE_RSS_INNER_PORTS;
	u32 ip = nvpe_test_pos(f, "45L6", inner);
	u8 in[NVPE_TOEPLITZ_MAX_INPUT];
	u8 key[NVPE_TOEPLITZ_KEY_LEN];
	u32 len;

	if (what == NVPE_RSS_NOTHING)
		return 0;
	len = f->buf[ip] >> 4 == 4 ? 8 : 32;
	memcpy(in, f->buf + ip + (len == 8 ? 12 : 8), len);
	if (what == NVPE_RSS_OUTER_PORTS || what == NVPE_RSS_INNER_PORTS) {
		memcpy(in + len, f->buf + nvpe_test_pos(f, "TOU", 0), 4);
		len += 4;
	}
	nvpe_rss_key(key);
	return nvpe_toeplitz_slow(key, in, len);
}

static void nvpe_rss_covers(struct kunit *test)
{
	struct nvpe_rss_cfg *cfg = kunit_kzalloc(test, sizeof(*cfg),
						 GFP_KERNEL);
	static const u8 types[] = {
		NVPE_HASH_NONE, NVPE_HASH_L3, NVPE_HASH_L4, NVPE_HASH_L3,
		NVPE_HASH_L4,
	};
	const struct nvpe_rss_case *c = test->param_value;
	bool inner = c->what == NVPE_RSS_INNER ||
		     c->what == NVPE_RSS_INNER_PORTS;
	struct nvpe_test_arg arg = { .payload_len = 40 };
	u8 key[NVPE_TOEPLITZ_KEY_LEN];
	struct nvpe_test_frame f;
	struct nvpe_hash hash;
	struct nvpe_hdrs h;
	u8 buf[512];

	nvpe_rss_key(key);
	nvpe_toeplitz_init(&cfg->key, key);
	memcpy(cfg->fields, c->fields, sizeof(cfg->fields));
	cfg->inner = c->inner;
	nvpe_test_build(&f, buf, c->layout, &arg);
	if (c->edit_off)
		put_unaligned_be16(c->edit, buf + c->edit_off);
	nvpe_parse(buf, min_t(u32, f.len, NVPE_MAX_HDR_LEN), f.len,
		   c->no_tunnel ? 0 : NVPE_PARSE_F_TUNNEL, &h);
	memset(&hash, 0xa5, sizeof(hash));
	nvpe_rss_hash(cfg, buf, &h, &hash);
	KUNIT_EXPECT_EQ(test, hash.value, nvpe_rss_want(&f, c->what));
	KUNIT_EXPECT_EQ(test, hash.type, types[c->what]);
	KUNIT_EXPECT_EQ(test, hash.inner, inner);
}

/* Flows in one tunnel spread; a flow's hash does not depend on the rest. */
static void nvpe_rss_spread(struct kunit *test)
{
	struct nvpe_rss_cfg *cfg = kunit_kzalloc(test, sizeof(*cfg),
						 GFP_KERNEL);
	struct nvpe_test_arg arg = { .payload_len = 1 };
	static const u8 fields[] = NVPE_RSS_USUAL;
	u8 key[NVPE_TOEPLITZ_KEY_LEN];
	struct nvpe_hash first, again;
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u32 queues[8] = {};
	u8 buf[512];
	u32 port, i;

	nvpe_rss_key(key);
	nvpe_toeplitz_init(&cfg->key, key);
	memcpy(cfg->fields, fields, sizeof(cfg->fields));
	cfg->inner = true;
	for (port = 1024; port < 1024 + 800; port++) {
		for (i = 0; i < 2; i++) {
			arg.key = port << 8 | i;
			arg.payload_len += i;
			arg.seq += i;
			nvpe_test_build(&f, buf, "E4KE4T", &arg);
			put_unaligned_be16(port, buf + 76);
			nvpe_parse(buf, f.hdr_len, f.len, NVPE_PARSE_F_TUNNEL,
				   &h);
			nvpe_rss_hash(cfg, buf, &h, i ? &again : &first);
			arg.payload_len %= 100;
		}
		KUNIT_EXPECT_EQ(test, first.value, again.value);
		queues[first.value % 8]++;
	}
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_TRUE(test, queues[i] > 50 && queues[i] < 150);
}

/* Layouts of a flow, and where its addresses are, from the IP header on */
static const struct {
	const char *layout;
	u32 nth;
	u32 src;
	u32 alen;
} nvpe_rss_flows[] = {
	{ "E4T", 0, 12, 4 },
	{ "E6U", 0, 8, 16 },
	{ "E4", 0, 12, 4 },
	{ "E6KE4T", 1, 12, 4 },
	{ "E4KE6U", 1, 8, 16 },
	{ "E6KE", 0, 8, 16 },
};

static void nvpe_rss_swap(u8 *a, u8 *b, u32 len)
{
	u8 tmp[16];

	memcpy(tmp, a, len);
	memcpy(a, b, len);
	memcpy(b, tmp, len);
}

/* Two fields of @len bytes each, as the symmetric transform has them */
static void nvpe_rss_fold(const u8 *from, u8 *to, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		to[i] = from[i] ^ from[len + i];
	memcpy(to + len, to, len);
}

/*
 * With the symmetric transform both directions hash alike, to the hash of the
 * transformed input; without it they do not.
 */
static void nvpe_rss_symmetric(struct kunit *test)
{
	struct nvpe_rss_cfg *cfg = kunit_kzalloc(test, sizeof(*cfg),
						 GFP_KERNEL);
	struct nvpe_test_arg arg = { .payload_len = 40 };
	static const u8 fields[] = NVPE_RSS_USUAL;
	u8 key[NVPE_TOEPLITZ_KEY_LEN], buf[512];
	u8 in[NVPE_TOEPLITZ_MAX_INPUT];
	struct nvpe_hash hash[2][2];
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u32 i, n, ip, l4;

	nvpe_rss_key(key);
	nvpe_toeplitz_init(&cfg->key, key);
	memcpy(cfg->fields, fields, sizeof(cfg->fields));
	cfg->inner = true;
	for (i = 0; i < ARRAY_SIZE(nvpe_rss_flows); i++) {
		u32 alen = nvpe_rss_flows[i].alen;

		nvpe_test_build(&f, buf, nvpe_rss_flows[i].layout, &arg);
		ip = nvpe_test_pos(&f, "456", nvpe_rss_flows[i].nth) +
		     nvpe_rss_flows[i].src;
		l4 = nvpe_test_pos(&f, "TU", 0);
		nvpe_rss_fold(buf + ip, in, alen);
		if (l4)
			nvpe_rss_fold(buf + l4, in + 2 * alen, 2);
		nvpe_parse(buf, f.hdr_len, f.len, NVPE_PARSE_F_TUNNEL, &h);
		for (n = 0; n < 4; n++) {
			cfg->sym_xor = n & 1;
			nvpe_rss_hash(cfg, buf, &h, &hash[n & 1][n / 2]);
			if (n != 1)
				continue;
			nvpe_rss_swap(buf + ip, buf + ip + alen, alen);
			if (l4)
				nvpe_rss_swap(buf + l4, buf + l4 + 2, 2);
		}
		KUNIT_EXPECT_NE(test, hash[0][0].value, hash[0][1].value);
		KUNIT_EXPECT_EQ(test, hash[1][0].value, hash[1][1].value);
		KUNIT_EXPECT_EQ(test, hash[1][0].value,
				nvpe_toeplitz_slow(key, in,
						   2 * alen + (l4 ? 4 : 0)));
		KUNIT_EXPECT_EQ(test, hash[1][0].type, hash[0][0].type);
	}
}

#define NVPE_RSS_ALL_FIELDS						\
	(NVPE_RSS_F_L3 | NVPE_RSS_F_L4 | NVPE_RSS_F_LABEL)

/*
 * What @fields of the headers at @ip and @l4 (NULL: no ports) are together;
 * addresses of @alen bytes start @src bytes behind @ip. Returns its length.
 */
static u32 nvpe_rss_input(const u8 *ip, u32 src, u32 alen, const u8 *l4,
			  u8 fields, bool sym_xor, u8 *in)
{
	const struct {
		u8 field;
		const u8 *at;
		const u8 *other;
		u32 len;
	} parts[] = {
		{ NVPE_RSS_F_SRC, ip + src, ip + src + alen, alen },
		{ NVPE_RSS_F_DST, ip + src + alen, ip + src, alen },
		{ NVPE_RSS_F_SPORT, l4, l4 ? l4 + 2 : NULL, l4 ? 2 : 0 },
		{ NVPE_RSS_F_DPORT, l4 ? l4 + 2 : NULL, l4, l4 ? 2 : 0 },
	};
	u32 i, n, len = 0;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		for (n = 0; n < parts[i].len && fields & parts[i].field; n++) {
			in[len] = parts[i].at[n];
			if (sym_xor)
				in[len] ^= parts[i].other[n];
			len++;
		}
	if (fields & NVPE_RSS_F_LABEL && alen == 16) {
		in[len++] = 0;
		in[len++] = ip[1] & 0x0f;
		in[len++] = ip[2];
		in[len++] = ip[3];
	}
	return len;
}

static u8 nvpe_rss_type_of(u8 fields, u32 len)
{
	const u8 all = NVPE_RSS_F_L3 | NVPE_RSS_F_L4;

	if (!len)
		return NVPE_HASH_NONE;
	return len >= 12 && (fields & all) == all ? NVPE_HASH_L4 : NVPE_HASH_L3;
}

/* Every set of fields, with and without transform, of one layout */
static void nvpe_rss_subsets_of(struct kunit *test, struct nvpe_rss_cfg *cfg,
				const u8 *key, u32 row)
{
	u32 src = nvpe_rss_flows[row].src, alen = nvpe_rss_flows[row].alen;
	struct nvpe_test_arg arg = { .payload_len = 40 };
	u8 buf[512], in[NVPE_TOEPLITZ_MAX_INPUT];
	u32 ip, l4, fields, sym, len, i, type;
	struct nvpe_test_frame f;
	struct nvpe_hash hash;
	struct nvpe_hdrs h;

	nvpe_test_build(&f, buf, nvpe_rss_flows[row].layout, &arg);
	ip = nvpe_test_pos(&f, "456", nvpe_rss_flows[row].nth);
	l4 = nvpe_test_pos(&f, "TU", 0);
	/* A traffic class, which is not hashed, and a flow label */
	if (alen == 16)
		put_unaligned_be32(0x6a5b1234, buf + ip);
	nvpe_parse(buf, f.hdr_len, f.len, NVPE_PARSE_F_TUNNEL, &h);
	for (fields = 0; fields <= NVPE_RSS_ALL_FIELDS; fields++) {
		for (i = 0; i < NVPE_FLOW_COUNT; i++)
			cfg->fields[i] = l4 && i < NVPE_FLOW_TCP4 ? 0 : fields;
		for (sym = 0; sym < 2; sym++) {
			cfg->sym_xor = sym;
			len = nvpe_rss_input(buf + ip, src, alen,
					     l4 ? buf + l4 : NULL, fields, sym,
					     in);
			nvpe_rss_hash(cfg, buf, &h, &hash);
			type = l4 ? nvpe_rss_type_of(fields, len) :
			       len ? NVPE_HASH_L3 : NVPE_HASH_NONE;
			KUNIT_EXPECT_EQ(test, hash.value,
					nvpe_toeplitz_slow(key, in, len));
			KUNIT_EXPECT_EQ(test, hash.type, type);
		}
	}
}

static void nvpe_rss_subsets(struct kunit *test)
{
	struct nvpe_rss_cfg *cfg = kunit_kzalloc(test, sizeof(*cfg),
						 GFP_KERNEL);
	u8 key[NVPE_TOEPLITZ_KEY_LEN];
	u32 i;

	nvpe_rss_key(key);
	nvpe_toeplitz_init(&cfg->key, key);
	cfg->inner = true;
	for (i = 0; i < ARRAY_SIZE(nvpe_rss_flows); i++)
		nvpe_rss_subsets_of(test, cfg, key, i);
}

static struct kunit_case nvpe_rss_cases[] = {
	KUNIT_CASE_PARAM(nvpe_rss_covers, nvpe_rss_gen_params),
	KUNIT_CASE(nvpe_rss_subsets),
	KUNIT_CASE(nvpe_rss_spread),
	KUNIT_CASE(nvpe_rss_symmetric),
	{}
};

static struct kunit_suite nvpe_rss_suite = {
	.name = "nvpe_rss",
	.test_cases = nvpe_rss_cases,
};

kunit_test_suite(nvpe_rss_suite);

MODULE_DESCRIPTION("nvnic packet engine tests: what the receive hash covers");
MODULE_LICENSE("GPL");

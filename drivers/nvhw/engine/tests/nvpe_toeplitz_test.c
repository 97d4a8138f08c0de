// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine tests: Toeplitz hash.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <kunit/test.h>

#include <nvpe/rss.h>

#include "nvpe_testlib.h"

/* Microsoft, "Verifying the RSS Hash Calculation" */
static const u8 nvpe_toeplitz_ms_key[NVPE_TOEPLITZ_KEY_LEN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2,
	0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
	0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4,
	0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
	0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

struct nvpe_toeplitz_case {
	const char *name;
	u8 in[NVPE_TOEPLITZ_MAX_INPUT];	/* source, destination, ports */
	u8 addrs;			/* length of both addresses */
	u32 ip;
	u32 l4;
};

/* The same page; its tables print the destination first. */
static const struct nvpe_toeplitz_case nvpe_toeplitz_published[] = {
	{ "66.9.149.187:2794 to 161.142.100.80:1766",
	  { 66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6 }, 8,
	  0x323e8fc2, 0x51ccc178 },
	{ "199.92.111.2:14230 to 65.69.140.83:4739",
	  { 199, 92, 111, 2, 65, 69, 140, 83, 0x37, 0x96, 0x12, 0x83 }, 8,
	  0xd718262a, 0xc626b0ea },
	{ "24.19.198.95:12898 to 12.22.207.184:38024",
	  { 24, 19, 198, 95, 12, 22, 207, 184, 0x32, 0x62, 0x94, 0x88 }, 8,
	  0xd2d0a5de, 0x5c2b394a },
	{ "38.27.205.30:48228 to 209.142.163.6:2217",
	  { 38, 27, 205, 30, 209, 142, 163, 6, 0xbc, 0x64, 0x08, 0xa9 }, 8,
	  0x82989176, 0xafc7327f },
	{ "153.39.163.191:44251 to 202.188.127.2:1303",
	  { 153, 39, 163, 191, 202, 188, 127, 2, 0xac, 0xdb, 0x05, 0x17 }, 8,
	  0x5d1809c5, 0x10e828a2 },
	{ "3ffe:2501:200:1fff::7 2794 to 3ffe:2501:200:3::1 1766",
	  { 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff,
	    0, 0, 0, 0, 0, 0, 0, 7,
	    0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x00, 0x03,
	    0, 0, 0, 0, 0, 0, 0, 1, 0x0a, 0xea, 0x06, 0xe6 }, 32,
	  0x2cc18cd5, 0x40207d3d },
	{ "3ffe:501:8::260:97ff:fe40:efab 14230 to ff02::1 4739",
	  { 0x3f, 0xfe, 0x05, 0x01, 0x00, 0x08, 0, 0,
	    0x02, 0x60, 0x97, 0xff, 0xfe, 0x40, 0xef, 0xab,
	    0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	    0x37, 0x96, 0x12, 0x83 }, 32,
	  0x0f0c461c, 0xdde51bbf },
	{ "3ffe:1900:4545:3:200:f8ff:fe21:67cf 44251 to fe80::200:f8ff:fe21:67cf 38024",
	  { 0x3f, 0xfe, 0x19, 0x00, 0x45, 0x45, 0x00, 0x03,
	    0x02, 0x00, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf,
	    0xfe, 0x80, 0, 0, 0, 0, 0, 0,
	    0x02, 0x00, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf,
	    0xac, 0xdb, 0x94, 0x88 }, 32,
	  0x4b61e985, 0x02d1feef },
};

static void nvpe_toeplitz_desc(const struct nvpe_toeplitz_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_toeplitz, nvpe_toeplitz_published, nvpe_toeplitz_desc);

static void nvpe_toeplitz_vector(struct kunit *test)
{
	struct nvpe_toeplitz *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	const struct nvpe_toeplitz_case *c = test->param_value;
	const u8 *key = nvpe_toeplitz_ms_key;

	nvpe_toeplitz_init(t, key);
	KUNIT_EXPECT_EQ(test, nvpe_toeplitz_hash(t, c->in, c->addrs), c->ip);
	KUNIT_EXPECT_EQ(test, nvpe_toeplitz_hash(t, c->in, c->addrs + 4),
			c->l4);
	KUNIT_EXPECT_EQ(test, nvpe_toeplitz_slow(key, c->in, c->addrs), c->ip);
	KUNIT_EXPECT_EQ(test, nvpe_toeplitz_slow(key, c->in, c->addrs + 4),
			c->l4);
}

/* The definition once more, on single bits of a key without an end */
static u32 nvpe_toeplitz_bits(const u8 *key, const u8 *in, u32 len)
{
	u32 hash = 0;
	u32 i, k;

	for (i = 0; i < len * 8; i++)
		for (k = 0; k < 32 && in[i / 8] & (1 << (7 - i % 8)); k++)
			if (key[(i + k) / 8 % NVPE_TOEPLITZ_KEY_LEN] &
			    (1 << (7 - (i + k) % 8)))
				hash ^= 0x80000000 >> k;
	return hash;
}

static void nvpe_toeplitz_random(struct kunit *test)
{
	struct nvpe_toeplitz *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	u8 *key = kunit_kzalloc(test, NVPE_TOEPLITZ_KEY_LEN, GFP_KERNEL);
	u32 round, len, i, want;
	u32 state = 3;
	u8 *in;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < NVPE_TOEPLITZ_KEY_LEN; i++)
			key[i] = nvpe_test_random(&state);
		memset(t, 0xa5, sizeof(*t));
		nvpe_toeplitz_init(t, key);
		for (len = 0; len <= NVPE_TOEPLITZ_MAX_INPUT; len++) {
			in = kunit_kzalloc(test, len, GFP_KERNEL);
			for (i = 0; i < len; i++)
				in[i] = nvpe_test_random(&state);
			want = nvpe_toeplitz_bits(key, in, len);
			KUNIT_EXPECT_EQ(test, nvpe_toeplitz_hash(t, in, len),
					want);
			KUNIT_EXPECT_EQ(test, nvpe_toeplitz_slow(key, in, len),
					want);
		}
	}
}

/* What must not hash to something, or to the same */
static void nvpe_toeplitz_degenerate(struct kunit *test)
{
	struct nvpe_toeplitz *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	static const u8 zero[NVPE_TOEPLITZ_KEY_LEN];
	u8 in[NVPE_TOEPLITZ_MAX_INPUT];
	u32 bit;

	nvpe_toeplitz_init(t, nvpe_toeplitz_ms_key);
	KUNIT_EXPECT_EQ(test, nvpe_toeplitz_hash(t, zero, sizeof(zero)), 0U);
	KUNIT_EXPECT_EQ(test, nvpe_toeplitz_hash(t, zero, 0), 0U);
	for (bit = 0; bit < sizeof(in) * 8; bit++) {
		memset(in, 0, sizeof(in));
		in[bit / 8] = 0x80 >> bit % 8;
		KUNIT_EXPECT_NE(test, nvpe_toeplitz_hash(t, in, sizeof(in)),
				0U);
	}
	nvpe_toeplitz_init(t, zero);
	KUNIT_EXPECT_EQ(test, nvpe_toeplitz_hash(t, nvpe_toeplitz_ms_key,
						 sizeof(in)), 0U);
}

static struct kunit_case nvpe_toeplitz_cases[] = {
	KUNIT_CASE_PARAM(nvpe_toeplitz_vector, nvpe_toeplitz_gen_params),
	KUNIT_CASE(nvpe_toeplitz_random),
	KUNIT_CASE(nvpe_toeplitz_degenerate),
	{}
};

static struct kunit_suite nvpe_toeplitz_suite = {
	.name = "nvpe_toeplitz",
	.test_cases = nvpe_toeplitz_cases,
};

kunit_test_suite(nvpe_toeplitz_suite);

MODULE_DESCRIPTION("nvnic packet engine tests: Toeplitz hash");
MODULE_LICENSE("GPL");

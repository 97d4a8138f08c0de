// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine tests: validation of descriptors.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <kunit/test.h>

#include <nvpe/desc.h>

#include "nvpe_testlib.h"

#define NVPE_DESC_MOST	20

#define NVPE_REQ(_mask, _mss, _len)					\
	{ NVPE_BITS(0, _mask) | NVPE_BITS(16, _mss),			\
	  NVPE_BITS(62, 1) | NVPE_BITS(0, _len) }
#define NVPE_DATA(_len)	{ 0x1000, NVPE_BITS(62, 2) | NVPE_BITS(0, _len) }
#define NVPE_EOP(_len)							\
	{ 0x1000, NVPE_BITS(62, 2) | NVPE_BITS(61, 1) | NVPE_BITS(0, _len) }
/* Bit numbers as in Documentation/hardware-interface.rst, not by the masks */
#define NVPE_BITS(_low, _val)	((u64)(_val) << (_low))

#define NVPE_TSO4	0x0002	/* row 1 of the offload table */

struct nvpe_desc_case {
	const char *name;
	enum nvpe_desc last;	/* what the last descriptor is */
	u32 count;
	u64 q[NVPE_DESC_MOST][2];
};

static const struct nvpe_desc_case nvpe_desc_cases[] = {
	{ "one buffer", NVPE_DESC_LAST, 1, { NVPE_EOP(60) } },
	{ "shortest frame", NVPE_DESC_LAST, 1, { NVPE_EOP(14) } },
	{ "longest frame", NVPE_DESC_LAST, 1, { NVPE_EOP(262143) } },
	{ "shortest in two", NVPE_DESC_LAST, 2, { NVPE_DATA(13), NVPE_EOP(1) } },
	{ "not the last", NVPE_DESC_BUF, 1, { NVPE_DATA(60) } },
	{ "request", NVPE_DESC_REQ, 1, { NVPE_REQ(NVPE_TSO4, 1448, 9000) } },
	{ "request and buffer", NVPE_DESC_LAST, 2,
	  { NVPE_REQ(NVPE_TSO4, 1448, 9000), NVPE_EOP(9000) } },
	{ "request without segmentation: MSS is of no account", NVPE_DESC_LAST,
	  2, { NVPE_REQ(0, 0, 60), NVPE_EOP(60) } },
	{ "largest MSS", NVPE_DESC_REQ, 1, { NVPE_REQ(NVPE_TSO4, 9216, 60) } },
	{ "any address", NVPE_DESC_LAST, 1,
	  { { ~0ULL, NVPE_BITS(62, 2) | NVPE_BITS(61, 1) | 60 } } },
	{ "18 buffers", NVPE_DESC_LAST, 18,
	  { NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1),
	    NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1),
	    NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1),
	    NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1),
	    NVPE_DATA(1), NVPE_EOP(1) } },
	{ "19 buffers", NVPE_DESC_BAD, 19,
	  { NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1),
	    NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1),
	    NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1),
	    NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1), NVPE_DATA(1),
	    NVPE_DATA(1), NVPE_DATA(1), NVPE_EOP(1) } },
	{ "all zero", NVPE_DESC_BAD, 1, { { 0, 0 } } },
	{ "all ones", NVPE_DESC_BAD, 1, { { ~0ULL, ~0ULL } } },
	{ "type 0", NVPE_DESC_BAD, 1, { { 0x1000, NVPE_BITS(61, 1) | 60 } } },
	{ "type 3", NVPE_DESC_BAD, 1, { { 0x1000, NVPE_BITS(61, 7) | 60 } } },
	{ "buffer of length 0", NVPE_DESC_BAD, 1, { NVPE_EOP(0) } },
	{ "buffer of length 0, more follow", NVPE_DESC_BAD, 1, { NVPE_DATA(0) } },
	{ "lowest reserved bit of a buffer", NVPE_DESC_BAD, 1,
	  { { 0x1000, NVPE_BITS(61, 5) | NVPE_BITS(18, 1) | 60 } } },
	{ "highest reserved bit of a buffer", NVPE_DESC_BAD, 1,
	  { { 0x1000, NVPE_BITS(61, 5) | NVPE_BITS(60, 1) | 60 } } },
	{ "no Ethernet header", NVPE_DESC_BAD, 1, { NVPE_EOP(13) } },
	{ "no Ethernet header in two", NVPE_DESC_BAD, 2,
	  { NVPE_DATA(12), NVPE_EOP(1) } },
	{ "one byte too long in two", NVPE_DESC_BAD, 2,
	  { NVPE_DATA(1), NVPE_EOP(262143) } },
	{ "too long, more follow", NVPE_DESC_BAD, 2,
	  { NVPE_DATA(200000), NVPE_DATA(100000) } },
	{ "two requests", NVPE_DESC_BAD, 2,
	  { NVPE_REQ(0, 0, 60), NVPE_REQ(0, 0, 60) } },
	{ "request behind a buffer", NVPE_DESC_BAD, 2,
	  { NVPE_DATA(30), NVPE_REQ(0, 0, 60) } },
	{ "request for more than there is", NVPE_DESC_BAD, 2,
	  { NVPE_REQ(0, 0, 61), NVPE_EOP(60) } },
	{ "request for less than there is", NVPE_DESC_BAD, 2,
	  { NVPE_REQ(0, 0, 59), NVPE_EOP(60) } },
	{ "request of length 0", NVPE_DESC_BAD, 2,
	  { NVPE_REQ(0, 0, 0), NVPE_EOP(60) } },
	{ "segmentation with MSS 0", NVPE_DESC_BAD, 1,
	  { NVPE_REQ(NVPE_TSO4, 0, 60) } },
	{ "segmentation with MSS too large", NVPE_DESC_BAD, 1,
	  { NVPE_REQ(NVPE_TSO4, 9217, 60) } },
	{ "the first bit without an offload", NVPE_DESC_BAD, 1,
	  { NVPE_REQ(1 << NVNIC_OFF_TX_COUNT, 0, 60) } },
	{ "an offload that there is not", NVPE_DESC_BAD, 1,
	  { NVPE_REQ(0x8000, 0, 60) } },
	{ "lowest reserved bit of a request's first word", NVPE_DESC_BAD, 1,
	  { { NVPE_BITS(57, 1), NVPE_BITS(62, 1) | 60 } } },
	{ "highest reserved bit of a request's first word", NVPE_DESC_BAD, 1,
	  { { NVPE_BITS(63, 1), NVPE_BITS(62, 1) | 60 } } },
	{ "lowest reserved bit of a request's second word", NVPE_DESC_BAD, 1,
	  { { 0, NVPE_BITS(62, 1) | NVPE_BITS(18, 1) | 60 } } },
	{ "a request that is the last", NVPE_DESC_BAD, 1,
	  { { 0, NVPE_BITS(62, 1) | NVPE_BITS(61, 1) | 60 } } },
};

static void nvpe_desc_name(const struct nvpe_desc_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_desc, nvpe_desc_cases, nvpe_desc_name);

/* All but the last descriptor have to be good. */
static void nvpe_desc_frame(struct kunit *test)
{
	const struct nvpe_desc_case *c = test->param_value;
	struct nvpe_desc_tx d = {};
	struct nvpe_desc_buf buf;
	u32 i;

	for (i = 0; i + 1 < c->count; i++) {
		enum nvpe_desc kind = nvpe_desc_tx(&d, c->q[i], &buf);

		KUNIT_EXPECT_TRUE(test, kind == NVPE_DESC_REQ ||
				  kind == NVPE_DESC_BUF);
	}
	KUNIT_EXPECT_EQ(test, (u32)nvpe_desc_tx(&d, c->q[i], &buf),
			(u32)c->last);
}

/*
 * Golden words, put together by hand from the table of the request descriptor
 * in Documentation/hardware-interface.rst.
 */
static void nvpe_desc_golden(struct kunit *test)
{
	static const u64 q[2][2] = {
		{ 0x0105802a85a80022, 0x400000000000fa2c },
		{ 0x0123456789abcdef, 0xa00000000000fa2c },
	};
	struct nvpe_desc_tx d = {};
	struct nvpe_desc_buf buf;

	KUNIT_EXPECT_EQ(test, (u32)nvpe_desc_tx(&d, q[0], &buf),
			(u32)NVPE_DESC_REQ);
	KUNIT_EXPECT_EQ(test, d.mask, 0x22U);
	KUNIT_EXPECT_EQ(test, d.mss, 1448);
	KUNIT_EXPECT_EQ(test, d.hdr_len, 170);
	KUNIT_EXPECT_EQ(test, d.csum_start, 256);
	KUNIT_EXPECT_EQ(test, d.csum_off, 261);
	KUNIT_EXPECT_EQ(test, d.req_len, 64044U);
	KUNIT_EXPECT_EQ(test, (u32)nvpe_desc_tx(&d, q[1], &buf),
			(u32)NVPE_DESC_LAST);
	KUNIT_EXPECT_EQ(test, buf.addr, 0x0123456789abcdefULL);
	KUNIT_EXPECT_EQ(test, buf.len, 64044U);
	KUNIT_EXPECT_EQ(test, d.len, 64044U);
	KUNIT_EXPECT_EQ(test, d.nbufs, 1);
}

struct nvpe_desc_rx_case {
	const char *name;
	bool good;
	u64 word;
};

static const struct nvpe_desc_rx_case nvpe_desc_rx_cases[] = {
	{ "smallest buffer", true, NVPE_BITS(62, 3) | 256 },
	{ "largest buffer", true, NVPE_BITS(62, 3) | 16384 },
	{ "too small", false, NVPE_BITS(62, 3) | 255 },
	{ "too large", false, NVPE_BITS(62, 3) | 16385 },
	{ "length 0", false, NVPE_BITS(62, 3) },
	{ "type 0", false, 2048 },
	{ "type 1", false, NVPE_BITS(62, 1) | 2048 },
	{ "type 2", false, NVPE_BITS(62, 2) | 2048 },
	{ "lowest reserved bit", false, NVPE_BITS(62, 3) | NVPE_BITS(16, 1) | 2048 },
	{ "highest reserved bit", false,
	  NVPE_BITS(62, 3) | NVPE_BITS(61, 1) | 2048 },
	{ "all ones", false, ~0ULL },
};

static void nvpe_desc_rx_name(const struct nvpe_desc_rx_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_desc_rx, nvpe_desc_rx_cases, nvpe_desc_rx_name);

static void nvpe_desc_buffer(struct kunit *test)
{
	const struct nvpe_desc_rx_case *c = test->param_value;
	struct nvpe_desc_buf buf = {};
	u64 q[2] = { 0xfee1dead, c->word };

	KUNIT_EXPECT_EQ(test, nvpe_desc_rx(q, &buf), c->good);
	KUNIT_EXPECT_EQ(test, buf.addr, c->good ? q[0] : 0ULL);
	KUNIT_EXPECT_EQ(test, buf.len, c->good ? c->word & 0xffff : 0ULL);
}

struct nvpe_desc_csum_case {
	const char *name;
	u16 start;
	u16 off;
	u32 hdr_len;
	int field;
};

static const struct nvpe_desc_csum_case nvpe_desc_csum_cases[] = {
	{ "tcp over ipv4", 34, 16, 54, 50 },
	{ "ends with the header block", 34, 16, 52, 50 },
	{ "half behind it", 34, 16, 51, -ERANGE },
	{ "behind it", 34, 16, 50, -ERANGE },
	{ "largest values", 511, 511, 256, -ERANGE },
	{ "field at offset 0", 0, 0, 256, 0 },
	{ "no header block", 0, 1, 0, -ERANGE },
};

static void nvpe_desc_csum_name(const struct nvpe_desc_csum_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_desc_csum, nvpe_desc_csum_cases, nvpe_desc_csum_name);

static void nvpe_desc_csum(struct kunit *test)
{
	const struct nvpe_desc_csum_case *c = test->param_value;
	struct nvpe_desc_tx d = {
		.csum_start = c->start,
		.csum_off = c->off,
	};

	KUNIT_EXPECT_EQ(test, nvpe_desc_csum_field(&d, c->hdr_len), c->field);
}

static void nvpe_desc_ring(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, nvpe_desc_ring_fits(64));
	KUNIT_EXPECT_TRUE(test, nvpe_desc_ring_fits(8192));
	KUNIT_EXPECT_FALSE(test, nvpe_desc_ring_fits(0));
	KUNIT_EXPECT_FALSE(test, nvpe_desc_ring_fits(32));
	KUNIT_EXPECT_FALSE(test, nvpe_desc_ring_fits(63));
	KUNIT_EXPECT_FALSE(test, nvpe_desc_ring_fits(65));
	KUNIT_EXPECT_FALSE(test, nvpe_desc_ring_fits(16384));
	KUNIT_EXPECT_FALSE(test, nvpe_desc_ring_fits(0x100000040ULL));
	KUNIT_EXPECT_EQ(test, nvpe_desc_pending(0, 0, 64), 0);
	KUNIT_EXPECT_EQ(test, nvpe_desc_pending(63, 0, 64), 63);
	KUNIT_EXPECT_EQ(test, nvpe_desc_pending(3, 0xfffe, 64), 5);
	KUNIT_EXPECT_EQ(test, nvpe_desc_pending(64, 0, 64), -ERANGE);
	KUNIT_EXPECT_EQ(test, nvpe_desc_pending(0, 1, 64), -ERANGE);
	KUNIT_EXPECT_EQ(test, nvpe_desc_pending(0x8000, 0, 8192), -ERANGE);
}

/* Every single bit of good words flipped, against the rule for that bit. */
static void nvpe_desc_bits(struct kunit *test)
{
	static const u64 data[2] = NVPE_EOP(0x1ffff);
	struct nvpe_desc_buf buf;
	u32 bit;

	for (bit = 0; bit < 128; bit++) {
		struct nvpe_desc_tx d = {};
		u64 q[2] = { data[0], data[1] };
		enum nvpe_desc want = NVPE_DESC_LAST;

		q[bit / 64] ^= NVPE_BITS(bit % 64, 1);
		if (bit == 64 + 61)
			want = NVPE_DESC_BUF;
		else if (bit >= 64 + 18)
			want = NVPE_DESC_BAD;
		KUNIT_EXPECT_EQ_MSG(test, (u32)nvpe_desc_tx(&d, q, &buf),
				    (u32)want, "bit %u", bit);
	}
}

/* Nearly right, so that frames of every length come about */
static void nvpe_desc_make(u32 *state, u64 (*q)[2])
{
	u32 len = 0, i, n = nvpe_test_random(state) % 20;

	for (i = 1; i < NVPE_TEST_DESCS; i++) {
		u32 part = nvpe_test_random(state) % (i % 4 ? 100 : 40000);

		len += i <= n + 1 ? part : 0;
		q[i][0] = nvpe_test_random(state);
		q[i][1] = NVPE_BITS(62, 2) | NVPE_BITS(61, i > n) | part;
	}
	q[0][0] = nvpe_test_random(state) & 0x3fff0fff;
	q[0][1] = NVPE_BITS(62, 1) | (len & 0x3ffff);
	/* One bit of the first six wrong, in every other frame */
	i = nvpe_test_random(state) % (2 * 6 * 128);
	if (i < 6 * 128)
		q[i / 128][i / 64 % 2] ^= NVPE_BITS(i % 64, 1);
}

static void nvpe_desc_random(struct kunit *test)
{
	u64 q[NVPE_TEST_DESCS][2], len;
	struct nvpe_desc_buf buf;
	u32 state = 7637, round, good = 0;

	for (round = 0; round < 20000; round++) {
		u32 from = nvpe_test_random(&state) % 2, want, n = from;
		enum nvpe_desc kind = NVPE_DESC_REQ;
		struct nvpe_desc_tx d = {};

		nvpe_desc_make(&state, q);
		want = nvpe_test_desc((const u64 (*)[2])q + from,
				      NVPE_TEST_DESCS - from, &len);
		while (kind != NVPE_DESC_BAD && kind != NVPE_DESC_LAST &&
		       n < NVPE_TEST_DESCS)
			kind = nvpe_desc_tx(&d, q[n++], &buf);
		KUNIT_EXPECT_EQ_MSG(test, kind == NVPE_DESC_LAST, !!want,
				    "round %u", round);
		if (!want)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, n - from, want, "round %u", round);
		KUNIT_EXPECT_EQ_MSG(test, (u64)d.len, len, "round %u", round);
		good++;
	}
	/* Both ways are taken. */
	KUNIT_EXPECT_GT(test, good, 2000U);
	KUNIT_EXPECT_LT(test, good, 18000U);
}

static struct kunit_case nvpe_desc_suite_cases[] = {
	KUNIT_CASE_PARAM(nvpe_desc_frame, nvpe_desc_gen_params),
	KUNIT_CASE(nvpe_desc_golden),
	KUNIT_CASE_PARAM(nvpe_desc_buffer, nvpe_desc_rx_gen_params),
	KUNIT_CASE_PARAM(nvpe_desc_csum, nvpe_desc_csum_gen_params),
	KUNIT_CASE(nvpe_desc_ring),
	KUNIT_CASE(nvpe_desc_bits),
	KUNIT_CASE(nvpe_desc_random),
	{}
};

static struct kunit_suite nvpe_desc_suite = {
	.name = "nvpe_desc",
	.test_cases = nvpe_desc_suite_cases,
};

kunit_test_suite(nvpe_desc_suite);

MODULE_DESCRIPTION("nvnic packet engine tests: validation of descriptors");
MODULE_LICENSE("GPL");

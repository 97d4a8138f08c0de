// SPDX-License-Identifier: GPL-2.0
/*
 * The user-space flavour's checksum routines: each against a sum of bytes, at
 * every length and offset, and nothing written or read outside.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <kunit/test.h>

#include "nvpe_testlib.h"

#define OS_CSUM_LEN	300

struct os_csum_case {
	const char *name;
	u8 fill;	/* 0: random bytes */
	u32 (*copy)(void *dst, const void *src, u32 len);
};

static const struct os_csum_case os_csum_cases[] = {
	{ "random", 0, nvpe_os_csum_copy },
	{ "random, 16 bytes", 0, nvpe_os_csum_copy16 },
	{ "all ones: every carry", 0xff, nvpe_os_csum_copy },
	{ "all ones: every carry, 16 bytes", 0xff, nvpe_os_csum_copy16 },
};

static void os_csum_desc(const struct os_csum_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(os_csum, os_csum_cases, os_csum_desc);

static u16 os_csum_slow(const u8 *src, u32 len)
{
	return htons(nvpe_test_fold(nvpe_test_sum(src, len, 0)));
}

static u16 os_csum_fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* Memory that ends with the bytes: the sanitizer sees any access behind. */
static void os_csum_copies(struct kunit *test)
{
	const struct os_csum_case *c = test->param_value;
	u32 state = 1, len, i;
	u8 *src, *dst;

	for (len = 1; len <= OS_CSUM_LEN; len++) {
		src = kunit_kzalloc(test, len, GFP_KERNEL);
		dst = kunit_kzalloc(test, len, GFP_KERNEL);
		for (i = 0; i < len; i++)
			src[i] = c->fill ? c->fill : nvpe_test_random(&state);
		KUNIT_EXPECT_EQ_MSG(test, os_csum_fold(c->copy(dst, src, len)),
				    os_csum_slow(src, len), "length %u", len);
		KUNIT_EXPECT_MEMEQ(test, dst, src, len);
		i = nvpe_test_random(&state) % len;
		KUNIT_EXPECT_EQ_MSG(test, os_csum_fold(c->copy(dst, src + i,
							       len - i)),
				    os_csum_slow(src + i, len - i),
				    "offset %u of %u", i, len);
	}
}

static void os_csum_nothing(struct kunit *test)
{
	u8 src = 0xff, dst = 0x5a;

	KUNIT_EXPECT_EQ(test, nvpe_os_csum_copy(&dst, &src, 0), 0);
	KUNIT_EXPECT_EQ(test, nvpe_os_csum_copy16(&dst, &src, 0), 0);
	KUNIT_EXPECT_EQ(test, dst, 0x5a);
}

static struct kunit_case os_csum_suite_cases[] = {
	KUNIT_CASE_PARAM(os_csum_copies, os_csum_gen_params),
	KUNIT_CASE(os_csum_nothing),
	{}
};

static struct kunit_suite os_csum_suite = {
	.name = "os_csum",
	.test_cases = os_csum_suite_cases,
};

kunit_test_suite(os_csum_suite);

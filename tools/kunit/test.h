/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit for user space: as much of <kunit/test.h> as the engines' tests use,
 * so that the same sources build here and in the kernel.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef KUNIT_TEST_H
#define KUNIT_TEST_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nvpe/os.h>

/* The kernel does not build with it, and expectations compare mixed types. */
#pragma GCC diagnostic ignored "-Wsign-compare"

#define KUNIT_PARAM_DESC_SIZE	128
#define GFP_KERNEL		0

#define MODULE_LICENSE(s)	static_assert(sizeof(s), s)
#define MODULE_DESCRIPTION(s)	static_assert(sizeof(s), s)

/**
 * struct kunit - a running test case
 * @param_value: its parameter
 * @failed: an expectation did not hold
 * @allocs: memory to free when it ends
 */
struct kunit {
	const void *param_value;
	bool failed;
	struct kunit_alloc *allocs;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char name[256];
	struct kunit_case *test_cases;
	struct kunit_suite *next;
};

void kunit_shim_register(struct kunit_suite *suite);
void kunit_shim_fail(struct kunit *test, const char *file, int line,
		     const char *fmt, ...);
void *kunit_kzalloc(struct kunit *test, size_t size, int gfp);

#define KUNIT_CASE(fn)		{ .run_case = fn, .name = #fn }
#define KUNIT_CASE_PARAM(fn, gen) \
	{ .run_case = fn, .name = #fn, .generate_params = gen }

#define KUNIT_ARRAY_PARAM(gen_name, array, get_desc)			\
static const void *gen_name##_gen_params(const void *prev, char *desc)	\
{									\
	__typeof__(array) *__all = &(array);				\
	__typeof__(&(*__all)[0]) __next = *__all;			\
	void (*__get_desc)(__typeof__(__next), char *) = get_desc;	\
									\
	if (prev)							\
		__next = (__typeof__(__next))prev + 1;			\
	if (__next >= *__all + ARRAY_SIZE(*__all))			\
		return NULL;						\
	if (__get_desc)							\
		__get_desc(__next, desc);				\
	return __next;							\
}

#define kunit_test_suite(suite)						\
static void __attribute__((constructor)) kunit_shim_add(void)		\
{									\
	kunit_shim_register(&(suite));					\
}

#define KUNIT_SHIM_CMP(test, l, op, r, fmt, ...)			\
do {									\
	__typeof__(l) __l = (l);					\
	__typeof__(r) __r = (r);					\
									\
	if (!(__l op __r))						\
		kunit_shim_fail(test, __FILE__, __LINE__,		\
				"%s %s %s: %lld, %lld " fmt, #l, #op, #r,\
				(long long)__l, (long long)__r,		\
				##__VA_ARGS__);				\
} while (0)

#define KUNIT_EXPECT_EQ(test, l, r)	KUNIT_SHIM_CMP(test, l, ==, r, "")
#define KUNIT_EXPECT_NE(test, l, r)	KUNIT_SHIM_CMP(test, l, !=, r, "")
#define KUNIT_EXPECT_LE(test, l, r)	KUNIT_SHIM_CMP(test, l, <=, r, "")
#define KUNIT_EXPECT_LT(test, l, r)	KUNIT_SHIM_CMP(test, l, <, r, "")
#define KUNIT_EXPECT_GE(test, l, r)	KUNIT_SHIM_CMP(test, l, >=, r, "")
#define KUNIT_EXPECT_GT(test, l, r)	KUNIT_SHIM_CMP(test, l, >, r, "")
#define KUNIT_EXPECT_TRUE(test, c)	KUNIT_SHIM_CMP(test, !!(c), ==, true, "")
#define KUNIT_EXPECT_FALSE(test, c)	KUNIT_SHIM_CMP(test, !!(c), ==, false, "")

#define KUNIT_EXPECT_EQ_MSG(test, l, r, fmt, ...) \
	KUNIT_SHIM_CMP(test, l, ==, r, fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_LE_MSG(test, l, r, fmt, ...) \
	KUNIT_SHIM_CMP(test, l, <=, r, fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_TRUE_MSG(test, c, fmt, ...) \
	KUNIT_SHIM_CMP(test, !!(c), ==, true, fmt, ##__VA_ARGS__)

#define KUNIT_EXPECT_MEMEQ(test, l, r, size) \
	KUNIT_EXPECT_MEMEQ_MSG(test, l, r, size, "%s", "")

#define KUNIT_EXPECT_MEMEQ_MSG(test, l, r, size, fmt, ...)		\
do {									\
	if (memcmp(l, r, size))						\
		kunit_shim_fail(test, __FILE__, __LINE__,		\
				"%s and %s differ " fmt, #l, #r,	\
				##__VA_ARGS__);				\
} while (0)

#endif /* KUNIT_TEST_H */

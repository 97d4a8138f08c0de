// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark: one-pass copy with checksum, beside memcpy().
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * "hot": the same bytes again, in the first cache; "ring": through a ring of
 * buffers as a device goes through its queue's, out of the second cache.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define BENCH_RING	(256 * 1024)

struct bench_copy {
	u8 *dst;
	const u8 *src;
	u32 len;
	u32 step;	/* 0: the same bytes again */
	u32 count;
	u32 (*copy)(void *dst, const void *src, u32 len);
};

/* It would cost more than the work: it is taken of one run. */
static u64 bench_copy_digest(const struct bench_copy *c, u32 n)
{
	u64 digest;

	if (n != 1)
		return 0;
	digest = bench_digest(0, c->dst, c->len);
	memset(c->dst, 0, c->len);
	return digest;
}

static u64 bench_copy_nvpe(void *ctx, u32 n)
{
	const struct bench_copy *c = ctx;
	u32 times = n;
	u32 sum = 0;
	u32 i;

	while (n--)
		for (i = 0; i < c->count; i++)
			sum += c->copy(c->dst + i * c->step,
				       c->src + i * c->step, c->len);
	bench_use(sum);
	return bench_copy_digest(c, times);
}

/* Copied first, summed afterwards: two passes. */
static u64 bench_copy_twice(void *ctx, u32 n)
{
	const struct bench_copy *c = ctx;
	u32 times = n;
	u32 sum = 0;
	u32 i;

	while (n--) {
		for (i = 0; i < c->count; i++) {
			memcpy(c->dst + i * c->step, c->src + i * c->step,
			       c->len);
			sum += nvpe_os_csum(c->dst + i * c->step, c->len, 0);
		}
	}
	bench_use(sum);
	return bench_copy_digest(c, times);
}

static u64 bench_copy_memcpy(void *ctx, u32 n)
{
	const struct bench_copy *c = ctx;
	u32 times = n;
	u32 i;

	while (n--) {
		for (i = 0; i < c->count; i++) {
			memcpy(c->dst + i * c->step, c->src + i * c->step,
			       c->len);
			/* or copies of the same bytes become one */
			__asm__ volatile("" : : : "memory");
		}
	}
	return bench_copy_digest(c, times);
}

static void bench_copy_group(const char *where, struct bench_copy *c)
{
	struct bench_copy narrow = *c;
	char name[64];

	snprintf(name, sizeof(name), "copy-%s-%u", where, c->len);
	bench_begin(name, c->len * c->count);
	bench_add(BENCH_NVPE, bench_copy_nvpe, c);
	bench_add("memcpy", bench_copy_memcpy, c);
	narrow.copy = nvpe_os_csum_copy16;
	bench_add("nvpe, 16 bytes", bench_copy_nvpe, &narrow);
	bench_add("memcpy, then sum", bench_copy_twice, c);
	bench_end();
}

void bench_copy(void)
{
	static const u32 sizes[] = { 1460, 9000, 65536 };
	u8 *src = aligned_alloc(4096, BENCH_RING);
	u8 *dst = aligned_alloc(4096, BENCH_RING);
	struct bench_copy c = { dst, src, .copy = nvpe_os_csum_copy };
	u32 i;

	if (!src || !dst)
		abort();
	bench_random(src, BENCH_RING);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		c.len = sizes[i];
		c.step = 0;
		c.count = 64;
		bench_copy_group("hot", &c);
		c.step = (sizes[i] + 63) & ~63u;
		c.count = BENCH_RING / c.step;
		bench_copy_group("ring", &c);
	}
	free(dst);
	free(src);
}

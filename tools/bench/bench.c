// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmarks of the packet engines: interleaved rounds, medians, rows of JSON.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Usage: bench
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "nvpe_testlib.h"
#include "peer.h"

#define BENCH_CONTENDERS	8
#define BENCH_ROUNDS		41
#define BENCH_ROUND_NS		2000000

struct bench_contender {
	const char *name;
	bench_fn fn;
	void *ctx;
	double ns[BENCH_ROUNDS];
};

static struct {
	const char *name;
	u32 bytes;
	u32 count;
	struct bench_contender c[BENCH_CONTENDERS];
} bench_group;

/* Of this thread: what others do with the CPU meanwhile does not count. */
static double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double bench_time(struct bench_contender *c, u32 n)
{
	double start = bench_now();

	bench_use(c->fn(c->ctx, n));
	return bench_now() - start;
}

/* How often one contender works in a round. */
static u32 bench_calibrate(struct bench_contender *c)
{
	u32 n = 1;

	while (bench_time(c, n) < BENCH_ROUND_NS)
		n *= 2;
	return n;
}

static int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void bench_agree(void)
{
	u32 i;

	for (i = 1; i < bench_group.count; i++) {
		struct bench_contender *c = &bench_group.c[i];

		if (c->fn(c->ctx, 1) ==
		    bench_group.c[0].fn(bench_group.c[0].ctx, 1))
			continue;
		fprintf(stderr, "%s: %s and %s do not agree\n",
			bench_group.name, bench_group.c[0].name, c->name);
		exit(1);
	}
}

void bench_begin(const char *group, u32 bytes)
{
	bench_group.name = group;
	bench_group.bytes = bytes;
	bench_group.count = 0;
}

void bench_add(const char *name, bench_fn fn, void *ctx)
{
	struct bench_contender *c = &bench_group.c[bench_group.count++];

	c->name = name;
	c->fn = fn;
	c->ctx = ctx;
}

void bench_skip(const char *name, const char *why)
{
	printf("{\"group\": \"%s\", \"name\": \"%s\", \"skipped\": \"%s\"}\n",
	       bench_group.name, name, why);
}

/*
 * Median over the rounds of the time it takes, as a multiple of the first one's
 * of the same round: what else the machine does meanwhile touches both.
 */
static double bench_ratio(const struct bench_contender *c)
{
	double ratio[BENCH_ROUNDS];
	u32 r;

	for (r = 0; r < BENCH_ROUNDS; r++)
		ratio[r] = c->ns[r] / bench_group.c[0].ns[r];
	qsort(ratio, BENCH_ROUNDS, sizeof(ratio[0]), bench_compare);
	return ratio[BENCH_ROUNDS / 2];
}

void bench_end(void)
{
	double ratio[BENCH_CONTENDERS];
	u32 reps[BENCH_CONTENDERS];
	u32 i, r;

	bench_agree();
	for (i = 0; i < bench_group.count; i++)
		reps[i] = bench_calibrate(&bench_group.c[i]);
	for (r = 0; r < BENCH_ROUNDS; r++)
		for (i = 0; i < bench_group.count; i++)
			bench_group.c[i].ns[r] =
				bench_time(&bench_group.c[i], reps[i]) / reps[i];
	for (i = 0; i < bench_group.count; i++)
		ratio[i] = bench_ratio(&bench_group.c[i]);
	for (i = 0; i < bench_group.count; i++) {
		struct bench_contender *c = &bench_group.c[i];

		qsort(c->ns, BENCH_ROUNDS, sizeof(c->ns[0]), bench_compare);
		printf("{\"group\": \"%s\", \"name\": \"%s\", \"bytes\": %u, ",
		       bench_group.name, c->name, bench_group.bytes);
		printf("\"ns\": %.3f, \"ns_q1\": %.3f, \"ns_q3\": %.3f, ",
		       c->ns[BENCH_ROUNDS / 2], c->ns[BENCH_ROUNDS / 4],
		       c->ns[BENCH_ROUNDS * 3 / 4]);
		printf("\"ratio\": %.4f, \"rounds\": %u}\n", ratio[i],
		       BENCH_ROUNDS);
	}
	fflush(stdout);
}

void bench_random(void *buf, u32 len)
{
	u32 state = 0x6d5a56da;
	u8 *b = buf;
	u32 i;

	for (i = 0; i < len; i++)
		b[i] = nvpe_test_random(&state) >> 24;
}

u64 bench_digest(u64 hash, const void *buf, u32 len)
{
	const u8 *b = buf;
	u32 i;

	if (!hash)
		hash = 0xcbf29ce484222325;
	for (i = 0; i < len; i++)
		hash = (hash ^ b[i]) * 0x100000001b3;
	return hash;
}

int main(void)
{
	peer_init();
	bench_toeplitz();
	bench_lso();
	bench_copy();
	bench_filter();
	return 0;
}

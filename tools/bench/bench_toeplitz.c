// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark: Toeplitz hash of IPv4 and IPv6 4-tuples.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/rss.h>

#include "bench.h"
#include "peer.h"

#define BENCH_TUPLES	1024

static u8 bench_tuples[BENCH_TUPLES * NVPE_TOEPLITZ_MAX_INPUT];
static u8 bench_key[NVPE_TOEPLITZ_KEY_LEN];
static struct nvpe_toeplitz bench_table;

static u64 bench_toeplitz_run(void *ctx, u32 n)
{
	const struct peer_tuples *t = ctx;
	u64 all = 0;
	u32 i;

	while (n--)
		for (i = 0; i < t->count; i++)
			all ^= nvpe_toeplitz_hash(&bench_table,
						  t->tuple + i * t->len,
						  t->len);
	return all;
}

static void bench_toeplitz_group(const char *name, u32 len)
{
	struct peer_tuples t = {
		.key = bench_key,
		.tuple = bench_tuples,
		.len = len,
		.count = BENCH_TUPLES,
	};

	bench_begin(name, len * BENCH_TUPLES);
	bench_add(BENCH_NVPE, bench_toeplitz_run, &t);
	peer_toeplitz(&t);
	bench_end();
}

void bench_toeplitz(void)
{
	bench_random(bench_tuples, sizeof(bench_tuples));
	bench_random(bench_key, sizeof(bench_key));
	nvpe_toeplitz_init(&bench_table, bench_key);
	bench_toeplitz_group("toeplitz-ipv4", 12);
	bench_toeplitz_group("toeplitz-ipv6", 36);
}

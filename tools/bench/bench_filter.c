// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark: filter and VM-queue lookup, by number of rules.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Key and match of NVGRE frames whose headers are parsed, and in the first cache
 * as they are after that; each frame fits another rule, at random.
 */
#include <stdlib.h>

#include <nvpe/filter.h>

#include "bench.h"
#include "nvpe_testlib.h"

#define BENCH_LOOKUPS	4096
#define BENCH_FRAMES	32	/* a power of two */
#define BENCH_STRIDE	128

struct bench_table {
	struct nvpe_filter *t;
	struct nvpe_hdrs h;
	u32 rules;
	u32 mac, ip, port;	/* offsets of what tells flows apart */
	u8 frame[BENCH_FRAMES][BENCH_STRIDE];
};

/* A flow has a MAC address, an IPv4 address and a port of its own inside. */
static void bench_filter_flow(const struct bench_table *b, u8 *hdr, u32 flow)
{
	put_unaligned(htonl(flow), (u32 *)(hdr + b->mac));
	put_unaligned(htonl(flow), (u32 *)(hdr + b->ip));
	put_unaligned(htons(flow), (u16 *)(hdr + b->port));
}

static u64 bench_filter_run(void *ctx, u32 n)
{
	struct bench_table *b = ctx;
	struct nvpe_filter_key key;
	u64 action, all = 0;
	u32 state = 1, i;

	for (i = 0; i < n * BENCH_LOOKUPS; i++) {
		const u8 *hdr = b->frame[i % BENCH_FRAMES];

		/* long enough before it is read */
		state = state * 1664525 + 1013904223;
		bench_filter_flow(b, b->frame[(i + BENCH_FRAMES / 2) %
					      BENCH_FRAMES],
				  (state >> 16) & (b->rules - 1));
		nvpe_filter_key(hdr, b->h.hdr_len, &b->h, &key);
		if (nvpe_filter_match(b->t, &key, &action) < 0)
			abort();
		all += action;
	}
	bench_use(all);
	return 0;
}

static void bench_filter_fill(struct bench_table *b, u32 rules,
			      const struct nvpe_filter_key *mask)
{
	struct nvpe_test_arg arg = { .key = 5000 << 8, .payload_len = 8 };
	struct nvpe_filter_rule rule = { .mask = *mask };
	struct nvpe_test_frame f;
	u8 buf[512];
	u32 i;

	nvpe_test_build(&f, buf, NVPE_TEST_NVGRE, &arg);
	nvpe_parse(buf, f.len, f.len, NVPE_PARSE_F_TUNNEL, &b->h);
	b->rules = rules;
	b->mac = nvpe_test_pos(&f, "E", 1) + 2;
	b->ip = nvpe_test_pos(&f, "4", 1) + 12;
	b->port = nvpe_test_pos(&f, "T", 0);
	b->t = nvpe_filter_init(malloc(nvpe_filter_size(rules)), rules);
	if (!b->t)
		abort();
	for (i = 0; i < rules; i++) {
		bench_filter_flow(b, buf, i);
		nvpe_filter_key(buf, f.hdr_len, &b->h, &rule.key);
		rule.action = i;
		if (nvpe_filter_set(b->t, i, &rule))
			abort();
	}
	bench_filter_flow(b, buf, 0);
	for (i = 0; i < BENCH_FRAMES; i++)
		memcpy(b->frame[i], buf, f.hdr_len);
}

static void bench_filter_group(const char *name,
			       const struct nvpe_filter_key *mask)
{
	static const struct {
		const char *name;
		u32 rules;
	} sizes[] = {
		{ "1 entry", 1 },
		{ "64 entries", 64 },
		{ "4096 entries", 4096 },
	};
	static struct bench_table b[ARRAY_SIZE(sizes)];
	u32 i;

	bench_begin(name, 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		bench_filter_fill(&b[i], sizes[i].rules, mask);
		bench_add(sizes[i].name, bench_filter_run, &b[i]);
	}
	bench_end();
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		free(b[i].t);
}

void bench_filter(void)
{
	static const struct nvpe_filter_key tuple = { {
		[NVPE_FILTER_IP_SRC] = ~0ULL,
		[NVPE_FILTER_IP_SRC + 1] = ~0ULL,
		[NVPE_FILTER_IP_DST] = ~0ULL,
		[NVPE_FILTER_IP_DST + 1] = ~0ULL,
		[6] = NVPE_FILTER_6_L4 | NVPE_FILTER_6_PROTO,
		[7] = NVPE_FILTER_7_IP4 | NVPE_FILTER_7_L4,
	} };
	static const struct nvpe_filter_key vmq = { {
		[0] = NVPE_FILTER_0_DST,
		[7] = NVPE_FILTER_7_VSID | NVPE_FILTER_7_NVGRE,
	} };

	bench_filter_group("filter", &tuple);
	bench_filter_group("vmq", &vmq);
}

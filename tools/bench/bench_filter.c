// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark: filter and VM-queue lookup, by number of rules.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Key and match of NVGRE frames whose headers are parsed. There are as many
 * frames in memory whatever the number of rules, each fits one of them.
 */
#include <stdlib.h>

#include <nvpe/filter.h>

#include "bench.h"
#include "nvpe_testlib.h"

#define BENCH_FRAMES	4096
#define BENCH_STRIDE	128

struct bench_table {
	struct nvpe_filter *t;
	struct nvpe_hdrs h;
	u8 *frame;
};

static u64 bench_filter_run(void *ctx, u32 n)
{
	const struct bench_table *b = ctx;
	struct nvpe_filter_key key;
	u64 action, all = 0;
	u32 i;

	while (n--) {
		for (i = 0; i < BENCH_FRAMES; i++) {
			const u8 *hdr = b->frame + i * BENCH_STRIDE;

			nvpe_filter_key(hdr, b->h.hdr_len, &b->h, &key);
			if (nvpe_filter_match(b->t, &key, &action) < 0)
				abort();
			all += action;
		}
	}
	bench_use(all);
	return 0;
}

/* A flow has a MAC address, an IPv4 address and a port of its own inside. */
static void bench_filter_frame(u8 *hdr, const struct nvpe_test_frame *f, u32 flow)
{
	memcpy(hdr, f->buf, f->hdr_len);
	put_unaligned_be32(flow, hdr + nvpe_test_pos(f, "E", 1) + 2);
	put_unaligned_be32(flow + 1, hdr + nvpe_test_pos(f, "4", 1) + 12);
	put_unaligned_be16(flow, hdr + nvpe_test_pos(f, "T", 0));
}

static void bench_filter_fill(struct bench_table *b, u32 rules,
			      const struct nvpe_filter_key *mask)
{
	struct nvpe_test_arg arg = { .key = 5000 << 8, .payload_len = 8 };
	struct nvpe_filter_rule rule = { .mask = *mask };
	u8 buf[512], hdr[BENCH_STRIDE];
	struct nvpe_test_frame f;
	u32 state = 1, i;

	nvpe_test_build(&f, buf, NVPE_TEST_NVGRE, &arg);
	nvpe_parse(buf, f.len, f.len, NVPE_PARSE_F_TUNNEL, &b->h);
	b->t = nvpe_filter_init(malloc(nvpe_filter_size(rules)), rules);
	b->frame = malloc(BENCH_FRAMES * BENCH_STRIDE);
	if (!b->t || !b->frame)
		abort();
	for (i = 0; i < rules; i++) {
		bench_filter_frame(hdr, &f, i);
		nvpe_filter_key(hdr, f.hdr_len, &b->h, &rule.key);
		rule.action = i;
		if (nvpe_filter_set(b->t, i, &rule))
			abort();
	}
	for (i = 0; i < BENCH_FRAMES; i++)
		bench_filter_frame(b->frame + i * BENCH_STRIDE, &f,
				   nvpe_test_random(&state) % rules);
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
	struct bench_table b[ARRAY_SIZE(sizes)] = {};
	u32 i;

	bench_begin(name, 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		bench_filter_fill(&b[i], sizes[i].rules, mask);
		bench_add(sizes[i].name, bench_filter_run, &b[i]);
	}
	bench_end();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		free(b[i].t);
		free(b[i].frame);
	}
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

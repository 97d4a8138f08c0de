// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark: an NVGRE super-frame of 64 KiB to finished wire frames.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <stdio.h>
#include <stdlib.h>

#include <nvpe/seg.h>

#include "bench.h"
#include "nvpe_testlib.h"
#include "peer.h"

#define BENCH_LSO_STRIDE	9216
#define BENCH_LSO_FRAMES	64

/* It costs more than the work: it is taken of one run. */
u64 peer_lso_digest(const struct peer_lso *l)
{
	u32 off, len, i = 0;
	u64 hash = 0;

	for (off = 0; off < l->payload_len; off += len) {
		len = min(l->mss, l->payload_len - off);
		hash = bench_digest(hash, l->wire + i++ * l->stride,
				    l->hdr_len + len);
	}
	memset(l->wire, 0, i * l->stride);
	return hash;
}

/* As nvhw_tx.c and nvhw_rx.c do it: parse, cut, copy and sum, fill. */
static void bench_lso_one(const struct peer_lso *l)
{
	const u8 *payload = l->frame + l->hdr_len;
	struct nvpe_seg_out out;
	u8 *wire = l->wire;
	struct nvpe_hdrs h;
	struct nvpe_seg s;
	u32 sum;

	nvpe_parse(l->frame, l->hdr_len, l->hdr_len + l->payload_len,
		   NVPE_PARSE_F_TUNNEL | NVPE_PARSE_F_TEMPLATE, &h);
	if (!nvpe_seg_fits(l->frame, &h, l->payload_len, l->mss, 0))
		abort();
	nvpe_seg_init(&s, l->frame, &h, l->payload_len, l->mss, 0);
	while (nvpe_seg_next(&s, wire, &out)) {
		sum = nvpe_os_csum_copy(wire + h.hdr_len,
					payload + out.payload_off,
					out.payload_len);
		nvpe_csum_fill(wire, h.hdr_len, &out.fill, sum);
		wire += l->stride;
	}
}

static u64 bench_lso_nvpe(void *ctx, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		bench_lso_one(ctx);
	return n == 1 ? peer_lso_digest(ctx) : 0;
}

static void bench_lso_group(u32 mtu)
{
	struct nvpe_test_arg arg = {
		.outer_id = 0xfff0,
		.inner_id = 0x1234,
		.df = true,
		.seq = 0xfffff000,
		.tcp_flags = 0x18,
		.key = 5000 << 8 | 7,
	};
	u8 *frame = malloc(128 * 1024);
	struct nvpe_test_frame f;
	struct peer_lso l;
	char name[64];

	/* Outer IPv4, GRE and key, Ethernet, IPv4, TCP */
	l.mss = mtu - 20 - 8 - NVPE_ETH_HLEN - 20 - 20;
	arg.payload_len = (65535 - 82) / l.mss * l.mss;
	l.wire = calloc(BENCH_LSO_FRAMES, BENCH_LSO_STRIDE);
	arg.payload = calloc(1, arg.payload_len);
	if (!frame || !l.wire || !arg.payload)
		abort();
	bench_random((void *)arg.payload, arg.payload_len);
	nvpe_test_build(&f, frame, NVPE_TEST_NVGRE, &arg);
	l.frame = frame;
	l.hdr_len = f.hdr_len;
	l.payload_len = arg.payload_len;
	l.stride = BENCH_LSO_STRIDE;
	snprintf(name, sizeof(name), "lso-nvgre-mtu%u", mtu);
	bench_begin(name, f.len);
	bench_add(BENCH_NVPE, bench_lso_nvpe, &l);
	peer_lso(&l);
	bench_end();
	free((void *)arg.payload);
	free(l.wire);
	free(frame);
}

void bench_lso(void)
{
	bench_lso_group(1500);
	bench_lso_group(9000);
}

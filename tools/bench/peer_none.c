// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmarks of the packet engines: no peers.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include "bench.h"
#include "peer.h"

#define PEER_WHY	"no DPDK: scripts/deps.sh bench-engine"

void peer_init(void)
{
}

void peer_toeplitz(const struct peer_tuples *t)
{
	bench_skip("rte_softrss_be", PEER_WHY);
	bench_skip("rte_thash_gfni", PEER_WHY);
}

void peer_lso(const struct peer_lso *l)
{
	bench_skip("rte_gso", PEER_WHY);
}

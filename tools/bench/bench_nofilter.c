// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark: there is no filter engine yet.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include "bench.h"

void bench_filter(void)
{
	bench_begin("filter", 0);
	bench_skip("4096 entries", "no filter engine");
}

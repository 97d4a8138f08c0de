/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fuzz targets of the packet engines: what they share.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * An input is a struct fuzz_input and then the bytes of a frame.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include <nvpe/csum.h>

#include "nvpe_testlib.h"

/**
 * struct fuzz_input - head of an input, all of its bytes any
 * @a: use differs, see the targets
 * @b: as well
 * @flags: as well
 */
struct fuzz_input {
	u8 a[2];
	u8 b[2];
	u8 flags[2];
};

#define fuzz_expect(cond)						\
do {									\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,	\
			__LINE__, #cond);				\
		abort();						\
	}								\
} while (0)

/**
 * fuzz_copy() - copy bytes to memory that ends with them
 * @src: bytes
 * @len: how many
 *
 * Return: the copy, to be freed.
 */
static inline u8 *fuzz_copy(const u8 *src, size_t len)
{
	u8 *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, src, len);
	return copy;
}

#define FUZZ_BEHIND	64

/**
 * fuzz_wide() - copy bytes to memory that goes on behind them
 * @src: bytes
 * @len: how many
 *
 * For the second run, whose result must be that of the first.
 *
 * Return: the copy, with FUZZ_BEHIND bytes of 0xff behind it, to be freed.
 */
static inline u8 *fuzz_wide(const u8 *src, size_t len)
{
	u8 *copy = malloc(len + FUZZ_BEHIND);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, src, len);
	memset(copy + len, 0xff, FUZZ_BEHIND);
	return copy;
}

/**
 * fuzz_l4_ok() - does a TCP or UDP checksum hold, a byte at a time
 * @frame: the whole frame
 * @h: its headers
 *
 * Return: true if it does.
 */
static inline bool fuzz_l4_ok(const u8 *frame, const struct nvpe_hdrs *h)
{
	const struct nvpe_ip *ip = nvpe_hdrs_ip(h);
	u32 alen = ip->version == 4 ? 4 : 16;
	u32 src = ip->off + (ip->version == 4 ? 12 : 8);
	u32 len = ip->end - h->l4_off;
	u64 sum;

	if (h->l4 == NVPE_IPPROTO_UDP)
		len = get_unaligned_be16(frame + h->l4_off + 4);
	sum = nvpe_test_sum(frame + src, alen, h->l4 + len);
	sum = nvpe_test_sum(frame + ip->dst_off, alen, sum);
	sum = nvpe_test_sum(frame + h->l4_off, len, sum);
	return nvpe_test_fold(sum) == 0xffff;
}

/**
 * fuzz_range_ok() - does a range with its checksum in it sum up
 * @frame: the whole frame
 * @from: start of the range
 * @to: its end
 *
 * Return: true if it does.
 */
static inline bool fuzz_range_ok(const u8 *frame, u32 from, u32 to)
{
	return nvpe_test_fold(nvpe_test_sum(frame + from, to - from, 0)) ==
	       0xffff;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#endif /* FUZZ_H */

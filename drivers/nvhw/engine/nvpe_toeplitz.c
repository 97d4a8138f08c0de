// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: Toeplitz hash.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/rss.h>

/*
 * The 32 bits of the key that start at @bit, from the most significant on.
 * Behind its last bit the key begins again.
 */
static u32 nvpe_toeplitz_window(const u8 *key, u32 bit)
{
	u32 shift = bit % 8;
	u64 window = 0;
	u32 i;

	for (i = 0; i < 5; i++)
		window = window << 8 | key[(bit / 8 + i) % NVPE_TOEPLITZ_KEY_LEN];
	return window >> (8 - shift);
}

void nvpe_toeplitz_init(struct nvpe_toeplitz *t, const u8 *key)
{
	u32 at, value, bit;

	for (at = 0; at < ARRAY_SIZE(t->tbl); at++) {
		u32 *row = t->tbl[at];

		row[0] = 0;
		for (bit = 0; bit < 8; bit++)
			row[0x80 >> bit] = nvpe_toeplitz_window(key,
								at * 8 + bit);
		for (value = 1; value < ARRAY_SIZE(t->tbl[0]); value++)
			row[value] = row[value & (value - 1)] ^
				     row[value & -value];
	}
}

u32 nvpe_toeplitz_hash(const struct nvpe_toeplitz *t, const u8 *in, u32 len)
{
	u32 hash = 0;
	u32 i;

	for (i = 0; i < len; i++)
		hash ^= t->tbl[i][in[i]];
	return hash;
}

u32 nvpe_toeplitz_slow(const u8 *key, const u8 *in, u32 len)
{
	u32 hash = 0;
	u32 bit;

	for (bit = 0; bit < len * 8; bit++)
		if (in[bit / 8] & (0x80 >> bit % 8))
			hash ^= nvpe_toeplitz_window(key, bit);
	return hash;
}

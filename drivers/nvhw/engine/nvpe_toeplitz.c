// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: Toeplitz hash.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/rss.h>

/* The 32 bits of the key that start at @bit, from the most significant on. */
static u32 nvpe_toeplitz_window(const u8 *key, u32 bit)
{
	u32 word = get_unaligned_be32(key + bit / 8);
	u32 shift = bit % 8;

	if (!shift)
		return word;
	return word << shift | key[bit / 8 + 4] >> (8 - shift);
}

void nvpe_toeplitz_init(struct nvpe_toeplitz *t, const u8 *key)
{
	u32 digit, value, bit;

	for (digit = 0; digit < ARRAY_SIZE(t->tbl); digit++) {
		u32 *row = t->tbl[digit];

		row[0] = 0;
		for (bit = 0; bit < 4; bit++)
			row[8 >> bit] = nvpe_toeplitz_window(key, digit * 4 + bit);
		for (value = 1; value < 16; value++)
			row[value] = row[value & (value - 1)] ^
				     row[value & -value];
	}
}

u32 nvpe_toeplitz_hash(const struct nvpe_toeplitz *t, const u8 *in, u32 len)
{
	u32 hash = 0;
	u32 i;

	for (i = 0; i < len; i++)
		hash ^= t->tbl[2 * i][in[i] >> 4] ^
			t->tbl[2 * i + 1][in[i] & 0xf];
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

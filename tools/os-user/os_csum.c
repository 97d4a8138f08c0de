// SPDX-License-Identifier: GPL-2.0
/*
 * The packet engines' world, user-space flavour: copy with checksum.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A lane of 64 bits holds two 32-bit words of the sum, hi << 32 | lo. Two
 * accumulators a lane: @all of the whole lane, modulo 2^64, and @hi of its upper
 * half. The sum of the lower halves is all - (hi << 32), which is exact. That is
 * a load, a store, two additions and a shift a vector, so the width of a store
 * decides how near to memcpy() it comes: 16 bytes a cycle with what every
 * x86-64 has, 32 with AVX2.
 */
#include <nvpe/os.h>

/* @_name(): whole pairs of vectors of @_bytes bytes, and one more if there is. */
#define NVPE_OS_LANES(_name, _bytes, _attribute)			\
typedef u64 _name##_vec __attribute__((vector_size(_bytes)));		\
typedef u64 _name##_mem							\
	__attribute__((vector_size(_bytes), aligned(1), may_alias));	\
									\
_attribute static u64 _name(u8 *d, const u8 *s, u32 len)			\
{									\
	_name##_vec all0 = {}, all1 = {}, hi0 = {}, hi1 = {}, a, b;	\
	u64 sum = 0;							\
	u32 i;								\
									\
	for (; len >= 2 * (_bytes); len -= 2 * (_bytes)) {		\
		a = *(const _name##_mem *)s;				\
		b = *(const _name##_mem *)(s + (_bytes));		\
		*(_name##_mem *)d = a;					\
		*(_name##_mem *)(d + (_bytes)) = b;			\
		all0 += a;						\
		hi0 += a >> 32;						\
		all1 += b;						\
		hi1 += b >> 32;						\
		s += 2 * (_bytes);					\
		d += 2 * (_bytes);					\
	}								\
	if (len >= (_bytes)) {						\
		a = *(const _name##_mem *)s;				\
		*(_name##_mem *)d = a;					\
		all0 += a;						\
		hi0 += a >> 32;						\
	}								\
	hi0 += hi1;							\
	all0 += all1 - (hi0 << 32) + hi0;				\
	for (i = 0; i < (_bytes) / 8; i++)				\
		sum += all0[i];						\
	return sum;							\
}

NVPE_OS_LANES(nvpe_os_lanes16, 16, NVPE_OS_NARROW)
NVPE_OS_LANES(nvpe_os_lanes32, 32, NVPE_OS_WIDE)

/* @len is a constant, at most 8. */
static inline u64 nvpe_os_word(u8 *d, const u8 *s, u32 len)
{
	u64 word = 0;

	memcpy(&word, s, len);
	memcpy(d, &word, len);
	return (word & 0xffffffff) + (word >> 32);
}

static u64 nvpe_os_words(u8 *d, const u8 *s, u32 len)
{
	u32 at = len & ~7u;
	u64 sum = 0;
	u32 i;

	for (i = 0; i < at; i += 8)
		sum += nvpe_os_word(d + i, s + i, 8);
	if (len & 4) {
		sum += nvpe_os_word(d + at, s + at, 4);
		at += 4;
	}
	if (len & 2) {
		sum += nvpe_os_word(d + at, s + at, 2);
		at += 2;
	}
	if (len & 1)
		sum += nvpe_os_word(d + at, s + at, 1);
	return sum;
}

static u32 nvpe_os_finish(u8 *dst, const u8 *src, u32 len, u64 sum)
{
	u32 whole = len & ~31u;

	return nvpe_os_fold(sum + nvpe_os_words(dst + whole, src + whole,
						len - whole));
}

u32 nvpe_os_csum_copy16(void *dst, const void *src, u32 len)
{
	return nvpe_os_finish(dst, src, len,
			      nvpe_os_lanes16(dst, src, len & ~31u));
}

u32 nvpe_os_csum_copy(void *dst, const void *src, u32 len)
{
	if (!nvpe_os_has_wide())
		return nvpe_os_csum_copy16(dst, src, len);
	return nvpe_os_finish(dst, src, len,
			      nvpe_os_lanes32(dst, src, len & ~31u));
}

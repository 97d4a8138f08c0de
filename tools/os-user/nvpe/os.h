/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The packet engines' world, user-space flavour: what an engine may use, under
 * the kernel's names. include/os-kernel/ holds the other one; which one an
 * engine sees is decided by the order of -I alone.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVPE_OS_H
#define NVPE_OS_H

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef uint64_t __le64;

#define __force
#define noinline		__attribute__((noinline))

#define BIT(n)			(1UL << (n))
#define GENMASK_ULL(h, l)	(~0ULL << (l) & ~0ULL >> (63 - (h)))
#define FIELD_PREP(mask, val)	((u64)(val) << __builtin_ctzll(mask) & (mask))
#define FIELD_PREP_CONST	FIELD_PREP
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define PTR_ALIGN(p, a)		\
	((__typeof__(p))(((uintptr_t)(p) + (a) - 1) & ~((uintptr_t)(a) - 1)))
#define __ffs64(word)		((unsigned int)__builtin_ctzll(word))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

#define BIT_ULL(n)		(1ULL << (n))
#define FIELD_GET(mask, val)	(((val) & (mask)) >> __builtin_ctzll(mask))

#define min_t(type, x, y)				\
({							\
	type __x = (x);					\
	type __y = (y);					\
							\
	__x < __y ? __x : __y;				\
})

#define max_t(type, x, y)				\
({							\
	type __x = (x);					\
	type __y = (y);					\
							\
	__x > __y ? __x : __y;				\
})

#define min(x, y)		min_t(__typeof__(x), x, y)
#define max(x, y)		max_t(__typeof__(x), x, y)

#define put_unaligned(val, ptr)				\
do {							\
	__typeof__(ptr) __p = (ptr);			\
	__typeof__(*__p) __v = (val);			\
							\
	memcpy((void *)__p, &__v, sizeof(__v));		\
} while (0)

static inline u64 rol64(u64 word, unsigned int shift)
{
	return word << (shift & 63) | word >> (-shift & 63);
}

static inline u16 get_unaligned_be16(const void *p)
{
	const u8 *b = p;

	return b[0] << 8 | b[1];
}

static inline u32 get_unaligned_be32(const void *p)
{
	const u8 *b = p;

	return (u32)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

static inline u64 get_unaligned_be64(const void *p)
{
	return (u64)get_unaligned_be32(p) << 32 |
	       get_unaligned_be32((const u8 *)p + 4);
}

static inline void put_unaligned_be16(u16 v, void *p)
{
	u8 *b = p;

	b[0] = v >> 8;
	b[1] = v;
}

static inline void put_unaligned_be32(u32 v, void *p)
{
	put_unaligned_be16(v >> 16, p);
	put_unaligned_be16(v, (u8 *)p + 2);
}

/*
 * A second, wider build of a routine, where the compiler can make one and the
 * CPU that it runs on has it.
 */
#define NVPE_OS_NARROW
#ifdef __x86_64__
#define NVPE_OS_WIDE		__attribute__((target("avx2")))
#define nvpe_os_has_wide()	__builtin_cpu_supports("avx2")
#else
#define NVPE_OS_WIDE
#define nvpe_os_has_wide()	false
#endif

/* Fold a sum of 32-bit words to the accumulator that an engine takes. */
static inline u32 nvpe_os_fold(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (sum & 0xffffffff) + (sum >> 32);
}

/**
 * nvpe_os_csum_copy() - copy bytes and sum them in the same pass
 * @dst: where to
 * @src: where from
 * @len: how many
 *
 * Return: as nvpe_os_csum() from 0; but a sum of zeros may be either zero of one's
 * complement, 0 or 0xffffffff.
 */
u32 nvpe_os_csum_copy(void *dst, const void *src, u32 len);

/* The same, 16 bytes at a time, as on a CPU that has nothing wider. */
u32 nvpe_os_csum_copy16(void *dst, const void *src, u32 len);

/**
 * nvpe_os_csum() - sum bytes as the Internet checksum does
 * @buf: the bytes
 * @len: how many
 * @sum: sum to start from
 *
 * Return: 32-bit one's complement accumulator over native-order 16-bit words,
 * an odd last byte counting as if a zero byte followed (RFC 1071 section 4.1).
 */
static inline u32 nvpe_os_csum(const void *buf, u32 len, u32 sum)
{
	const u8 *s = buf;
	u64 acc = sum;
	u64 word;

	for (; len >= 8; len -= 8, s += 8) {
		memcpy(&word, s, 8);
		acc += (word & 0xffffffff) + (word >> 32);
	}
	if (len) {
		word = 0;
		memcpy(&word, s, len);
		acc += (word & 0xffffffff) + (word >> 32);
	}
	return nvpe_os_fold(acc);
}

#endif /* NVPE_OS_H */

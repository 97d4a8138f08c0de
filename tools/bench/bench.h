/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Benchmarks of the packet engines: what they share.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A group holds contenders that do the same work on the same bytes. They are
 * checked to agree, then timed in interleaved rounds; a row of JSON each, with
 * the median, goes to standard output.
 */
#ifndef BENCH_H
#define BENCH_H

#include <nvpe/os.h>

#define BENCH_NVPE	"nvpe"	/* name of our own contender */

/**
 * typedef bench_fn - the work of a contender
 * @ctx: what bench_add() got
 * @n: how often to do it
 *
 * Return: a digest of what came out of it, the same for every contender.
 */
typedef u64 (*bench_fn)(void *ctx, u32 n);

/**
 * bench_begin() - start a group
 * @group: its name
 * @bytes: bytes of work in one go, 0: does not apply
 */
void bench_begin(const char *group, u32 bytes);

/**
 * bench_add() - add a contender to the group
 * @name: its name
 * @fn: its work
 * @ctx: for @fn
 */
void bench_add(const char *name, bench_fn fn, void *ctx);

/**
 * bench_skip() - say that a contender is missing
 * @name: its name
 * @why: the reason
 */
void bench_skip(const char *name, const char *why);

/**
 * bench_end() - check and time the group, and print its rows
 *
 * Context: exits with an error if two contenders disagree.
 */
void bench_end(void);

/**
 * bench_random() - fill memory with the same random bytes each run
 * @buf: the memory
 * @len: its length in bytes
 */
void bench_random(void *buf, u32 len);

/**
 * bench_digest() - FNV-1a, to compare results
 * @hash: digest so far, 0 to start
 * @buf: bytes
 * @len: how many
 *
 * Return: the digest.
 */
u64 bench_digest(u64 hash, const void *buf, u32 len);

/**
 * bench_use() - a result that the compiler may not leave out
 * @val: the result
 */
static inline void bench_use(u64 val)
{
	__asm__ volatile("" : : "r" (val));
}

/* A group of groups each, by engine. */
void bench_toeplitz(void);
void bench_lso(void);
void bench_copy(void);
void bench_filter(void);

#endif /* BENCH_H */

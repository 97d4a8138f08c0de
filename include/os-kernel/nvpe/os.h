/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The packet engines' world, kernel flavour. The user-space flavour stands in
 * tools/; which one an engine sees is decided by the order of -I alone.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVPE_OS_H
#define NVPE_OS_H

#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/bitfield.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>
#include <net/checksum.h>

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
	return (__force u32)csum_partial(buf, len, (__force __wsum)sum);
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
static inline u32 nvpe_os_csum_copy(void *dst, const void *src, u32 len)
{
	return (__force u32)csum_partial_copy_nocheck(src, dst, len);
}

#endif /* NVPE_OS_H */

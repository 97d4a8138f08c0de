/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Benchmarks of the packet engines: the peers. peer_dpdk.c has them from DPDK,
 * peer_none.c is built where that is not installed.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef PEER_H
#define PEER_H

#include <nvpe/os.h>

/**
 * struct peer_tuples - tuples to hash
 * @key: hash key of 40 bytes
 * @tuple: the tuples, one behind the other, in network order
 * @len: bytes of one
 * @count: how many, a power of two
 */
struct peer_tuples {
	const u8 *key;
	const u8 *tuple;
	u32 len;
	u32 count;
};

/**
 * struct peer_lso - a super-frame to cut: Ethernet, IPv4, GRE with key,
 *	Ethernet, IPv4, TCP
 * @frame: the bytes
 * @hdr_len: end of the TCP header
 * @payload_len: bytes behind it
 * @mss: payload bytes a segment
 * @wire: receives the finished frames
 * @stride: bytes from one of them to the next
 */
struct peer_lso {
	const u8 *frame;
	u32 hdr_len;
	u32 payload_len;
	u32 mss;
	u8 *wire;
	u32 stride;
};

/**
 * peer_init() - start the peers' library
 */
void peer_init(void);

/**
 * peer_toeplitz() - add the peers of the hash to the group
 * @t: what to hash; digest: exclusive or of the hashes
 */
void peer_toeplitz(const struct peer_tuples *t);

/**
 * peer_lso() - add the peer of segmentation to the group
 * @l: what to cut; digest: of all frames
 */
void peer_lso(const struct peer_lso *l);

/**
 * peer_lso_digest() - digest of a super-frame's wire frames
 * @l: the super-frame
 *
 * Return: the digest.
 */
u64 peer_lso_digest(const struct peer_lso *l);

#endif /* PEER_H */

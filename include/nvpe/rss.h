/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet engine: receive hash (Toeplitz) and the choice of what it covers.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVPE_RSS_H
#define NVPE_RSS_H

#include <nvpe/os.h>
#include <nvpe/parse.h>

#define NVPE_TOEPLITZ_KEY_LEN	40
/* Two IPv6 addresses, two ports, a flow label */
#define NVPE_TOEPLITZ_MAX_INPUT	40

/**
 * struct nvpe_toeplitz - a hash key, unfolded for speed
 * @tbl: contribution of each value of each byte of the input
 *
 * 40 KiB, of which IPv4 uses 12; half the size costs more than twice the time.
 */
struct nvpe_toeplitz {
	u32 tbl[NVPE_TOEPLITZ_MAX_INPUT][256];
};

/**
 * nvpe_toeplitz_init() - unfold a key
 * @t: receives the unfolded key
 * @key: NVPE_TOEPLITZ_KEY_LEN bytes; behind them it begins again
 */
void nvpe_toeplitz_init(struct nvpe_toeplitz *t, const u8 *key);

/**
 * nvpe_toeplitz_hash() - hash with an unfolded key
 * @t: the key
 * @in: input, network order: see nvpe_rss_hash()
 * @len: its length, at most NVPE_TOEPLITZ_MAX_INPUT
 *
 * Return: the hash.
 */
u32 nvpe_toeplitz_hash(const struct nvpe_toeplitz *t, const u8 *in, u32 len);

/**
 * nvpe_toeplitz_slow() - the definition of the hash, bit by bit
 * @key: NVPE_TOEPLITZ_KEY_LEN bytes; behind them it begins again
 * @in: input
 * @len: its length
 *
 * Source: Microsoft, "RSS Hashing Functions". The reference for tests.
 *
 * Return: the hash.
 */
u32 nvpe_toeplitz_slow(const u8 *key, const u8 *in, u32 len);

/* Flow types, index into nvpe_rss_cfg.fields */
enum nvpe_flow {
	NVPE_FLOW_IP4,
	NVPE_FLOW_IP6,
	NVPE_FLOW_TCP4,
	NVPE_FLOW_TCP6,
	NVPE_FLOW_UDP4,
	NVPE_FLOW_UDP6,
	NVPE_FLOW_COUNT,
};

/* Fields, in the order in which they are hashed */
#define NVPE_RSS_F_SRC		BIT(0)	/* source address */
#define NVPE_RSS_F_DST		BIT(1)	/* destination address */
#define NVPE_RSS_F_SPORT	BIT(2)	/* source port */
#define NVPE_RSS_F_DPORT	BIT(3)	/* destination port */
#define NVPE_RSS_F_LABEL	BIT(4)	/* IPv6 flow label, as 32 bits */
#define NVPE_RSS_F_L3		(NVPE_RSS_F_SRC | NVPE_RSS_F_DST)
#define NVPE_RSS_F_L4		(NVPE_RSS_F_SPORT | NVPE_RSS_F_DPORT)

/**
 * struct nvpe_rss_cfg - what to hash
 * @key: unfolded key
 * @fields: NVPE_RSS_F_* of each flow type; those it cannot have are not looked at
 * @inner: hash the headers inside a tunnel
 * @sym_xor: put source XOR destination in the place of either, of addresses and
 *	of ports, so that both directions of a flow have the same hash
 */
struct nvpe_rss_cfg {
	struct nvpe_toeplitz key;
	u8 fields[NVPE_FLOW_COUNT];
	bool inner;
	bool sym_xor;
};

/**
 * enum nvpe_hash_type - what a hash covers
 * @NVPE_HASH_NONE: there is none
 * @NVPE_HASH_L3: addresses, or other fields but not all of the next
 * @NVPE_HASH_L4: both addresses and both ports
 */
enum nvpe_hash_type {
	NVPE_HASH_NONE,
	NVPE_HASH_L3,
	NVPE_HASH_L4,
};

/**
 * struct nvpe_hash - result of nvpe_rss_hash()
 * @value: the hash, 0 without one
 * @type: what it covers
 * @inner: it covers headers inside a tunnel
 */
struct nvpe_hash {
	u32 value;
	u8 type;
	bool inner;
};

/**
 * nvpe_rss_hash() - hash a frame
 * @cfg: what to hash
 * @hdr: the frame's header block
 * @h: its parsed headers
 * @r: the result
 *
 * Outside tunnels: TCP and UDP by their flow type's fields, everything else
 * that is IP, and every fragment, by the IP flow type's fields, which are
 * addresses and flow label. A flow type with no field falls back to the IP flow
 * type, which may have none: no hash. Behind GRE with @cfg->inner: inner TCP or
 * UDP by the inner headers; anything else, inner fragments included, by the
 * outer IP header. Without @cfg->inner: by the outer IP header.
 *
 * The fields that are on are hashed one behind the other: source address,
 * destination address, source port, destination port, flow label.
 *
 * Source: Microsoft, "RSS Hashing Types", "Supporting NVGRE in RSS and VMQ
 * Receive Task Offloads".
 */
void nvpe_rss_hash(const struct nvpe_rss_cfg *cfg, const u8 *hdr,
		   const struct nvpe_hdrs *h, struct nvpe_hash *r);

#endif /* NVPE_RSS_H */

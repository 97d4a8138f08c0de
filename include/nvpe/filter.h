/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet engine: match of a frame against filter rules.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Tuple-space search. Rules with the same mask have the same *shape*;
 * a look-up masks the frame's key with each shape in use and probes one hash
 * table, so that its cost grows with the shapes and not with the rules.
 */
#ifndef NVPE_FILTER_H
#define NVPE_FILTER_H

#include <nvpe/os.h>
#include <nvpe/parse.h>

#define NVPE_FILTER_WORDS	8
#define NVPE_FILTER_SHAPES	64	/* different masks at the same time */
#define NVPE_FILTER_MAX		32768	/* locations a table may have */

/*
 * Fields of a key, by word. MAC addresses with their first byte uppermost; an
 * IPv4 address in the upper half of the first word of an address.
 */
#define NVPE_FILTER_0_DST	GENMASK_ULL(63, 16)	/* destination MAC */
#define NVPE_FILTER_0_TYPE	GENMASK_ULL(15, 0)	/* EtherType behind the tags */
#define NVPE_FILTER_1_SRC	GENMASK_ULL(63, 16)	/* source MAC */
#define NVPE_FILTER_1_TCI	GENMASK_ULL(15, 0)	/* of the first VLAN tag */
#define NVPE_FILTER_IP_SRC	2			/* words 2 and 3 */
#define NVPE_FILTER_IP_DST	4			/* words 4 and 5 */
#define NVPE_FILTER_6_L4	GENMASK_ULL(63, 32)	/* 4 bytes: the ports */
#define NVPE_FILTER_6_TOS	GENMASK_ULL(31, 24)	/* or traffic class */
#define NVPE_FILTER_6_PROTO	GENMASK_ULL(23, 16)	/* behind extension headers */
#define NVPE_FILTER_6_TPID	GENMASK_ULL(15, 0)	/* of the first VLAN tag */
#define NVPE_FILTER_7_VSID	GENMASK_ULL(31, 8)	/* RFC 7637 section 3.2 */
/* What there is; without its bit a field is 0 */
#define NVPE_FILTER_7_VLAN	BIT(0)
#define NVPE_FILTER_7_IP4	BIT(1)
#define NVPE_FILTER_7_IP6	BIT(2)
#define NVPE_FILTER_7_L4	BIT(3)
#define NVPE_FILTER_7_NVGRE	BIT(4)
#define NVPE_FILTER_7_MASK	(GENMASK_ULL(31, 8) | GENMASK_ULL(4, 0))

/**
 * struct nvpe_filter_key - fields of a frame that rules match, or a mask of them
 * @w: words, NVPE_FILTER_*
 */
struct nvpe_filter_key {
	u64 w[NVPE_FILTER_WORDS];
};

/**
 * struct nvpe_filter_rule - a rule
 * @key: values; bits outside of @mask are of no account
 * @mask: bits that have to be equal
 * @action: what to do, the caller's affair
 */
struct nvpe_filter_rule {
	struct nvpe_filter_key key;
	struct nvpe_filter_key mask;
	u64 action;
};

struct nvpe_filter;

/**
 * nvpe_filter_key() - extract the key of a frame
 * @hdr: the frame's header block
 * @len: its length
 * @h: its parsed headers
 * @key: the result
 *
 * Of an NVGRE frame (one that the parser was told to look through) the inner
 * headers and the VSID, of any other frame, GRE with C or S included, the
 * outer ones. The four bytes behind the IP header are not taken from a
 * fragment, the first included.
 *
 * Context: any.
 *
 * Return: false if there is no complete Ethernet header: it matches no rule.
 */
bool nvpe_filter_key(const u8 *hdr, u32 len, const struct nvpe_hdrs *h,
		     struct nvpe_filter_key *key);

/**
 * nvpe_filter_key_l2() - extract the key of a frame's first Ethernet header
 * @hdr: the frame's header block
 * @h: its parsed headers
 * @key: the result: MAC addresses, EtherType and VLAN
 *
 * Context: any.
 *
 * Return: false if there is no complete Ethernet header: it matches no rule.
 */
bool nvpe_filter_key_l2(const u8 *hdr, const struct nvpe_hdrs *h,
			struct nvpe_filter_key *key);

/**
 * nvpe_filter_size() - memory that a table needs
 * @entries: its locations, 1 to NVPE_FILTER_MAX
 *
 * Return: bytes.
 */
size_t nvpe_filter_size(u32 entries);

/**
 * nvpe_filter_init() - make an empty table
 * @mem: nvpe_filter_size(@entries) bytes on an 8-byte boundary, the caller's
 * @entries: its locations, 1 to NVPE_FILTER_MAX
 *
 * Return: the table, which is @mem.
 */
struct nvpe_filter *nvpe_filter_init(void *mem, u32 entries);

/**
 * nvpe_filter_set() - put a rule at a location
 * @t: the table; nobody may look into it meanwhile
 * @loc: location; a frame that fits several rules gets that with the lowest
 * @rule: the rule; replaces one that is there
 *
 * Return: 0; -EINVAL for a location or a mask bit that there is not; -ENOSPC
 * when NVPE_FILTER_SHAPES other masks are in use. On an error nothing has
 * changed.
 */
int nvpe_filter_set(struct nvpe_filter *t, u32 loc,
		    const struct nvpe_filter_rule *rule);

/**
 * nvpe_filter_remove() - remove a rule
 * @t: the table; nobody may look into it meanwhile
 * @loc: its location
 *
 * Return: 0, or -ENOENT if there is none.
 */
int nvpe_filter_remove(struct nvpe_filter *t, u32 loc);

/**
 * nvpe_filter_get() - action of the rule at a location
 * @t: the table
 * @loc: location
 * @action: receives it
 *
 * Return: 0, or -ENOENT if there is no rule.
 */
int nvpe_filter_get(const struct nvpe_filter *t, u32 loc, u64 *action);

/**
 * nvpe_filter_match() - find the rule for a frame
 * @t: the table
 * @key: key of the frame
 * @action: receives the rule's action
 *
 * Costs one probe for each shape in use, however many rules there are.
 *
 * Context: any; many at once.
 *
 * Return: the lowest location whose rule fits, or -ENOENT.
 */
int nvpe_filter_match(const struct nvpe_filter *t,
		      const struct nvpe_filter_key *key, u64 *action);

#endif /* NVPE_FILTER_H */

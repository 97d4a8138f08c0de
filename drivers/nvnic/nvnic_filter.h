/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: interface to the device's tables of filter rules.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVNIC_FILTER_H
#define NVNIC_FILTER_H

#include <linux/types.h>

#include <nvnic/filter.h>

struct netlink_ext_ack;
struct nvnic_net;

/**
 * struct nvnic_filter_match - match of a rule in the device's format
 * @key: values
 * @mask: bits that count
 */
struct nvnic_filter_match {
	u64 key[NVNIC_FLT_WORDS];
	u64 mask[NVNIC_FLT_WORDS];
};

/**
 * struct nvnic_filter_count - counters of a location
 * @frames: frames that matched a rule there
 * @bytes: bytes of these frames
 */
struct nvnic_filter_count {
	u64 frames;
	u64 bytes;
};

/**
 * struct nvnic_filter_field - a field of a user's structure, and its place in a key
 * @off: offset of the first byte
 * @len: number of bytes, at most 8
 * @word: word of the key
 * @shift: position of the field in the word
 * @present: presence bits that the field implies
 */
struct nvnic_filter_field {
	u8 off;
	u8 len;
	u8 word;
	u8 shift;
	u8 present;
};

/**
 * nvnic_filter_add() - add bits of a word to a match
 * @m: the match
 * @word: the word
 * @key: values
 * @mask: the bits
 */
static inline void nvnic_filter_add(struct nvnic_filter_match *m, u32 word,
				    u64 key, u64 mask)
{
	m->key[word] |= key & mask;
	m->mask[word] |= mask;
}

u64 nvnic_filter_bytes(const void *from, u32 len);
void nvnic_filter_add_field(struct nvnic_filter_match *m,
			    const struct nvnic_filter_field *f,
			    const void *key, const void *mask);
int nvnic_filter_set(struct nvnic_net *nn, enum nvnic_flt_table table, u32 loc,
		     const struct nvnic_filter_match *match, u64 action,
		     struct netlink_ext_ack *extack);
int nvnic_filter_remove(struct nvnic_net *nn, enum nvnic_flt_table table,
			u32 loc);
int nvnic_filter_clear(struct nvnic_net *nn, enum nvnic_flt_table table);
void nvnic_filter_counters(struct nvnic_net *nn, enum nvnic_flt_table table,
			   u32 loc, struct nvnic_filter_count *count);

#endif /* NVNIC_FILTER_H */

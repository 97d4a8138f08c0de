/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: the device's tables of filter rules, for those who fill them.
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
 * struct nvnic_filter_match - what a rule looks at, as the device takes it
 * @key: values
 * @mask: bits that count
 */
struct nvnic_filter_match {
	u64 key[NVNIC_FLT_WORDS];
	u64 mask[NVNIC_FLT_WORDS];
};

/**
 * struct nvnic_filter_count - what a location has counted
 * @frames: frames that took a rule there
 * @bytes: their bytes
 */
struct nvnic_filter_count {
	u64 frames;
	u64 bytes;
};

/**
 * struct nvnic_filter_field - bytes of what the user gives, and their place in a key
 * @off: offset of the first byte
 * @len: bytes, at most 8
 * @word: word of the key
 * @shift: bit of that word where the last byte's bit 0 goes
 * @present: presence bits that go with it
 */
struct nvnic_filter_field {
	u8 off;
	u8 len;
	u8 word;
	u8 shift;
	u8 present;
};

/**
 * nvnic_filter_add() - let a match look at some bits of a word
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

// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: match of a frame against filter rules.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/filter.h>

#define NVPE_FILTER_NONE	0xffff	/* no location */
#define NVPE_FILTER_MULT	0x9e3779b97f4a7c15ULL
#define NVPE_FILTER_SLOTS	8	/* of a bucket: a byte each in a word */
#define NVPE_FILTER_BYTES	0x0101010101010101ULL
#define NVPE_FILTER_LINE	64

/**
 * struct nvpe_filter_shape - a mask in use
 * @mask: the mask
 * @users: rules that have it, 0: free
 * @nwords: words of the mask that are not 0
 * @word: which these are
 */
struct nvpe_filter_shape {
	struct nvpe_filter_key mask;
	u32 users;
	u8 nwords;
	u8 word[NVPE_FILTER_WORDS];
};

/**
 * struct nvpe_filter_entry - a location
 * @action: the rule's
 * @next: next one in the chain of a bucket
 * @same: next higher location with the same shape and key, off the chain
 * @shape: its shape
 * @used: there is a rule
 * @word: masked values of the shape's words, without gaps
 */
struct nvpe_filter_entry {
	u64 action;
	u16 next;
	u16 same;
	u8 shape;
	bool used;
	u64 word[NVPE_FILTER_WORDS];
};

/**
 * struct nvpe_filter_bucket - locations by the hash of shape and key
 * @tags: a byte of the hash for each slot, 0: free. All are compared at once: a
 *	branch for each slot would be mispredicted as soon as rules are many
 * @loc: the slots; each the lowest location with a shape and key
 * @chain: first location of those that found no free slot
 * @unused: two buckets fill a cache line
 */
struct nvpe_filter_bucket {
	u64 tags;
	u16 loc[NVPE_FILTER_SLOTS];
	u16 chain;
	u16 unused[3];
};

/**
 * struct nvpe_filter - a table
 * @entry: its locations
 * @bucket: its buckets
 * @entries: number of locations
 * @buckets: number of buckets, a power of two
 * @nshapes: shapes from here on are free
 * @shape: the shapes
 */
struct nvpe_filter {
	struct nvpe_filter_entry *entry;
	struct nvpe_filter_bucket *bucket;
	u32 entries;
	u32 buckets;
	u32 nshapes;
	struct nvpe_filter_shape shape[NVPE_FILTER_SHAPES];
};

/* ---- Key of a frame ---- */

/* True if four bytes of an L4 header are there. */
static bool nvpe_filter_has_l4(const struct nvpe_ip *ip, u32 len)
{
	return !ip->frag && ip->l4_off + 4U <= min(len, ip->end);
}

static void nvpe_filter_key_ip(const u8 *hdr, u32 len, const struct nvpe_ip *ip,
			       struct nvpe_filter_key *key)
{
	const u8 *iph = hdr + ip->off;
	u8 tos;

	if (ip->version == 4) {
		key->w[NVPE_FILTER_IP_SRC] =
			(u64)get_unaligned_be32(iph + 12) << 32;
		key->w[NVPE_FILTER_IP_DST] =
			(u64)get_unaligned_be32(iph + 16) << 32;
		tos = iph[1];
		key->w[7] |= NVPE_FILTER_7_IP4;
	} else {
		key->w[NVPE_FILTER_IP_SRC] = get_unaligned_be64(iph + 8);
		key->w[NVPE_FILTER_IP_SRC + 1] = get_unaligned_be64(iph + 16);
		key->w[NVPE_FILTER_IP_DST] = get_unaligned_be64(iph + 24);
		key->w[NVPE_FILTER_IP_DST + 1] = get_unaligned_be64(iph + 32);
		tos = get_unaligned_be16(iph) >> 4;
		key->w[7] |= NVPE_FILTER_7_IP6;
	}
	key->w[6] |= FIELD_PREP(NVPE_FILTER_6_TOS, tos) |
		     FIELD_PREP(NVPE_FILTER_6_PROTO, ip->proto);
	if (nvpe_filter_has_l4(ip, len)) {
		key->w[6] |= FIELD_PREP(NVPE_FILTER_6_L4,
					get_unaligned_be32(hdr + ip->l4_off));
		key->w[7] |= NVPE_FILTER_7_L4;
	}
}

static bool nvpe_filter_key_eth(const u8 *eth, const struct nvpe_l2 *l2,
				struct nvpe_filter_key *key)
{
	*key = (struct nvpe_filter_key){};
	if (!l2->len)
		return false;
	key->w[0] = (get_unaligned_be64(eth) & NVPE_FILTER_0_DST) | l2->type;
	key->w[1] = (get_unaligned_be64(eth + 6) & NVPE_FILTER_1_SRC) | l2->tci;
	key->w[6] = l2->tpid;
	if (l2->tpid)
		key->w[7] = NVPE_FILTER_7_VLAN;
	return true;
}

bool nvpe_filter_key_l2(const u8 *hdr, const struct nvpe_hdrs *h,
			struct nvpe_filter_key *key)
{
	return nvpe_filter_key_eth(hdr, &h->eth, key);
}

bool nvpe_filter_key(const u8 *hdr, u32 len, const struct nvpe_hdrs *h,
		     struct nvpe_filter_key *key)
{
	bool nvgre = h->tunnel == NVPE_TUNNEL_NVGRE;
	const struct nvpe_ip *ip = nvgre ? &h->inner : &h->outer;
	const struct nvpe_l2 *l2 = nvgre ? &h->inner_eth : &h->eth;

	if (!nvpe_filter_key_eth(hdr + (nvgre ? h->inner_l2 : 0), l2, key))
		return false;
	if (nvgre)
		key->w[7] |= NVPE_FILTER_7_NVGRE |
			     (h->gre_key & NVPE_FILTER_7_VSID);
	if (ip->version)
		nvpe_filter_key_ip(hdr, len, ip, key);
	return true;
}

/* ---- Look-up ---- */

/* The bits that a shape matches. */
static void nvpe_filter_pack(const struct nvpe_filter_shape *s,
			     const struct nvpe_filter_key *key, u64 *word)
{
	u32 i;

	for (i = 0; i < s->nwords; i++)
		word[i] = key->w[s->word[i]] & s->mask.w[s->word[i]];
}

static u64 nvpe_filter_hash(const struct nvpe_filter *t, u32 shape,
			    const u64 *word)
{
	u64 hash = shape + 1;
	u32 i;

	/* The multiplications do not wait for each other. */
	for (i = 0; i < t->shape[shape].nwords; i++)
		hash = rol64(hash, 23) + word[i] * NVPE_FILTER_MULT;
	hash ^= hash >> 32;
	return hash * NVPE_FILTER_MULT;
}

static struct nvpe_filter_bucket *
nvpe_filter_bucket(const struct nvpe_filter *t, u64 hash)
{
	return &t->bucket[hash >> 32 & (t->buckets - 1)];
}

/* Other bits of the hash than those that choose the bucket; never 0. */
static u64 nvpe_filter_tag(u64 hash)
{
	return hash >> 56 ?: 1;
}

/* The top bit of each byte of @tags that is @tag; no carry leaves its byte. */
static u64 nvpe_filter_hits(u64 tags, u64 tag)
{
	const u64 low = 0x7f * NVPE_FILTER_BYTES;
	u64 diff = tags ^ tag * NVPE_FILTER_BYTES;

	return ~(((diff & low) + low) | diff | low);
}

static bool nvpe_filter_fits(const struct nvpe_filter *t, u32 shape, u32 loc,
			     const u64 *word)
{
	const struct nvpe_filter_entry *e = &t->entry[loc];
	u64 diff = e->shape ^ shape;
	u32 i;

	for (i = 0; i < t->shape[shape].nwords; i++)
		diff |= e->word[i] ^ word[i];
	return !diff;
}

/*
 * What points to the lowest location with this shape and key. None: the end of
 * the bucket's chain.
 */
static u16 *nvpe_filter_head(const struct nvpe_filter *t, u32 shape,
			     const u64 *word)
{
	u64 hash = nvpe_filter_hash(t, shape, word);
	struct nvpe_filter_bucket *b = nvpe_filter_bucket(t, hash);
	u64 hits = nvpe_filter_hits(b->tags, nvpe_filter_tag(hash));
	u16 *link;

	for (; hits; hits &= hits - 1) {
		link = &b->loc[__ffs64(hits) / 8];
		if (nvpe_filter_fits(t, shape, *link, word))
			return link;
	}
	link = &b->chain;
	while (*link != NVPE_FILTER_NONE &&
	       !nvpe_filter_fits(t, shape, *link, word))
		link = &t->entry[*link].next;
	return link;
}

static u32 nvpe_filter_probe(const struct nvpe_filter *t, u32 shape,
			     const struct nvpe_filter_key *key)
{
	u64 word[NVPE_FILTER_WORDS];

	nvpe_filter_pack(&t->shape[shape], key, word);
	return *nvpe_filter_head(t, shape, word);
}

int nvpe_filter_match(const struct nvpe_filter *t,
		      const struct nvpe_filter_key *key, u64 *action)
{
	u32 best = NVPE_FILTER_NONE;
	u32 i;

	for (i = 0; i < t->nshapes; i++)
		if (t->shape[i].users)
			best = min(best, nvpe_filter_probe(t, i, key));
	if (best == NVPE_FILTER_NONE)
		return -ENOENT;
	*action = t->entry[best].action;
	return best;
}

/* ---- Change ---- */

/* At most half of the slots are taken, so that chains are rare. */
static u32 nvpe_filter_buckets(u32 entries)
{
	u32 buckets = 1;

	while (buckets * NVPE_FILTER_SLOTS < 2 * entries)
		buckets *= 2;
	return buckets;
}

size_t nvpe_filter_size(u32 entries)
{
	return sizeof(struct nvpe_filter) + NVPE_FILTER_LINE +
	       nvpe_filter_buckets(entries) *
	       sizeof(struct nvpe_filter_bucket) +
	       entries * sizeof(struct nvpe_filter_entry);
}

struct nvpe_filter *nvpe_filter_init(void *mem, u32 entries)
{
	struct nvpe_filter *t = mem;
	u32 i;

	memset(t, 0, nvpe_filter_size(entries));
	t->entries = entries;
	t->buckets = nvpe_filter_buckets(entries);
	t->bucket = PTR_ALIGN((void *)(t + 1), NVPE_FILTER_LINE);
	t->entry = (void *)(t->bucket + t->buckets);
	for (i = 0; i < t->buckets; i++) {
		memset(t->bucket[i].loc, 0xff, sizeof(t->bucket[i].loc));
		t->bucket[i].chain = NVPE_FILTER_NONE;
	}
	return t;
}

/* The shape of a mask, or where it is to go; NVPE_FILTER_SHAPES: no room. */
static u32 nvpe_filter_shape(const struct nvpe_filter *t,
			     const struct nvpe_filter_key *mask)
{
	u32 room = NVPE_FILTER_SHAPES;
	u32 i;

	for (i = NVPE_FILTER_SHAPES; i--;) {
		if (!t->shape[i].users)
			room = i;
		else if (!memcmp(&t->shape[i].mask, mask, sizeof(*mask)))
			return i;
	}
	return room;
}

static void nvpe_filter_shape_get(struct nvpe_filter *t, u32 shape,
				  const struct nvpe_filter_key *mask)
{
	struct nvpe_filter_shape *s = &t->shape[shape];
	u32 i;

	if (s->users++)
		return;
	s->mask = *mask;
	s->nwords = 0;
	for (i = 0; i < NVPE_FILTER_WORDS; i++)
		if (mask->w[i])
			s->word[s->nwords++] = i;
	t->nshapes = max(t->nshapes, shape + 1);
}

static void nvpe_filter_shape_put(struct nvpe_filter *t, u32 shape)
{
	t->shape[shape].users--;
	while (t->nshapes && !t->shape[t->nshapes - 1].users)
		t->nshapes--;
}

/* A free slot of a bucket, or else the end of its chain. */
static u16 *nvpe_filter_room(struct nvpe_filter_bucket *b, u64 hash, u16 *end)
{
	u64 free = nvpe_filter_hits(b->tags, 0);
	u32 slot;

	if (!free)
		return end;
	slot = __ffs64(free) / 8;
	b->tags |= nvpe_filter_tag(hash) << 8 * slot;
	return &b->loc[slot];
}

static void nvpe_filter_link(struct nvpe_filter *t, u32 loc)
{
	struct nvpe_filter_entry *e = &t->entry[loc];
	u64 hash = nvpe_filter_hash(t, e->shape, e->word);
	u16 *link = nvpe_filter_head(t, e->shape, e->word);

	if (*link == NVPE_FILTER_NONE)
		link = nvpe_filter_room(nvpe_filter_bucket(t, hash), hash, link);
	e->next = NVPE_FILTER_NONE;
	if (*link != NVPE_FILTER_NONE && loc < *link)
		e->next = t->entry[*link].next;
	else
		while (*link < loc)
			link = &t->entry[*link].same;
	e->same = *link;
	*link = loc;
	e->used = true;
}

static void nvpe_filter_unlink(struct nvpe_filter *t, u32 loc)
{
	struct nvpe_filter_entry *e = &t->entry[loc];
	u64 hash = nvpe_filter_hash(t, e->shape, e->word);
	struct nvpe_filter_bucket *b = nvpe_filter_bucket(t, hash);
	u16 *link = nvpe_filter_head(t, e->shape, e->word);
	u32 i;

	if (*link == loc && e->same != NVPE_FILTER_NONE)
		t->entry[e->same].next = e->next;
	else if (*link == loc)
		e->same = e->next;
	else
		while (*link != loc)
			link = &t->entry[*link].same;
	*link = e->same;
	for (i = 0; i < NVPE_FILTER_SLOTS; i++)
		if (b->loc[i] == NVPE_FILTER_NONE)
			b->tags &= ~(0xffULL << 8 * i);
	e->used = false;
	nvpe_filter_shape_put(t, e->shape);
}

int nvpe_filter_set(struct nvpe_filter *t, u32 loc,
		    const struct nvpe_filter_rule *rule)
{
	struct nvpe_filter_entry *e;
	u32 shape;
	bool had;

	if (loc >= t->entries || rule->mask.w[7] & ~NVPE_FILTER_7_MASK)
		return -EINVAL;
	e = &t->entry[loc];
	had = e->used;
	if (had)
		nvpe_filter_unlink(t, loc);
	shape = nvpe_filter_shape(t, &rule->mask);
	if (shape == NVPE_FILTER_SHAPES) {
		/* Others have the old shape too, or its place were free. */
		if (had) {
			t->shape[e->shape].users++;
			nvpe_filter_link(t, loc);
		}
		return -ENOSPC;
	}
	nvpe_filter_shape_get(t, shape, &rule->mask);
	nvpe_filter_pack(&t->shape[shape], &rule->key, e->word);
	e->action = rule->action;
	e->shape = shape;
	nvpe_filter_link(t, loc);
	return 0;
}

int nvpe_filter_get(const struct nvpe_filter *t, u32 loc, u64 *action)
{
	if (loc >= t->entries || !t->entry[loc].used)
		return -ENOENT;
	*action = t->entry[loc].action;
	return 0;
}

int nvpe_filter_remove(struct nvpe_filter *t, u32 loc)
{
	u64 action;
	int err;

	err = nvpe_filter_get(t, loc, &action);
	if (!err)
		nvpe_filter_unlink(t, loc);
	return err;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: filter rules. Whatever the frame, its key is read from its
 * header block alone, and the table finds what a walk over all rules finds.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * a, b: where the rules' masks begin and how their values differ from the
 * frame's key; flags[0]: flags of the parser; flags[1]: number of rules
 */
#include <nvpe/filter.h>

#include "fuzz.h"

#define FUZZ_ENTRIES	16

/* A rule that fits the key, or nearly */
static void fuzz_filter_rule(u32 *state, const struct nvpe_filter_key *key,
			     struct nvpe_filter_rule *rule)
{
	u32 word = nvpe_test_random(state) % NVPE_FILTER_WORDS;

	memset(rule, 0, sizeof(*rule));
	rule->key = *key;
	rule->mask.w[word] = GENMASK_ULL(63, 0) << nvpe_test_random(state) % 64;
	rule->mask.w[0] |= nvpe_test_random(state) % 2 ? NVPE_FILTER_0_TYPE : 0;
	rule->mask.w[7] &= NVPE_FILTER_7_MASK;
	rule->key.w[word] ^= (u64)(nvpe_test_random(state) % 2) <<
			     nvpe_test_random(state) % 64;
	rule->action = nvpe_test_random(state);
}

static void fuzz_filter_table(u32 state, u32 count,
			      const struct nvpe_filter_key *key)
{
	void *mem = malloc(nvpe_filter_size(FUZZ_ENTRIES));
	struct nvpe_filter_rule rule[FUZZ_ENTRIES];
	bool used[FUZZ_ENTRIES] = {};
	struct nvpe_filter *t;
	u64 action = 0;
	int want, loc;
	u32 i;

	if (!mem)
		abort();
	t = nvpe_filter_init(mem, FUZZ_ENTRIES);
	for (i = 0; i < count; i++) {
		loc = nvpe_test_random(&state) % FUZZ_ENTRIES;
		fuzz_filter_rule(&state, key, &rule[loc]);
		fuzz_expect(!nvpe_filter_set(t, loc, &rule[loc]));
		used[loc] = true;
		loc = nvpe_test_random(&state) % (2 * FUZZ_ENTRIES);
		if (loc >= FUZZ_ENTRIES)
			continue;
		fuzz_expect(!nvpe_filter_remove(t, loc) == used[loc]);
		used[loc] = false;
	}
	for (want = 0; want < FUZZ_ENTRIES; want++)
		if (used[want] && nvpe_test_rule_fits(&rule[want], key))
			break;
	loc = nvpe_filter_match(t, key, &action);
	fuzz_expect(loc == (want < FUZZ_ENTRIES ? want : -ENOENT));
	fuzz_expect(loc < 0 || action == rule[loc].action);
	free(mem);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct fuzz_input *in = (const void *)data;
	struct nvpe_filter_key key;
	struct nvpe_hdrs h;
	u8 *hdr;
	u32 len;

	if (size < sizeof(*in))
		return 0;
	size -= sizeof(*in);
	len = min_t(u32, size, NVPE_MAX_HDR_LEN);
	hdr = fuzz_copy(data + sizeof(*in), len);
	nvpe_parse(hdr, len, size, in->flags[0] & 3, &h);
	if (nvpe_filter_key(hdr, len, &h, &key)) {
		fuzz_expect(len >= NVPE_ETH_HLEN);
		fuzz_expect(!(key.w[7] & ~NVPE_FILTER_7_MASK));
		fuzz_expect(!(key.w[7] & NVPE_FILTER_7_NVGRE) ==
			    (h.tunnel != NVPE_TUNNEL_NVGRE));
		fuzz_expect(key.w[7] & NVPE_FILTER_7_NVGRE ||
			    !(key.w[7] & NVPE_FILTER_7_VSID));
		fuzz_filter_table(get_unaligned_be32(in->a) | 1,
				  in->flags[1] % 32, &key);
	}
	free(hdr);
	return 0;
}

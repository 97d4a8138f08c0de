// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: receive hash. It is the bit-by-bit hash of some pair of
 * addresses, with or without ports, and only of what was parsed.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * a: two bits for each flow type; flags[0]: flags of the parser;
 * flags[1]: 1: hash inside tunnels, 2: symmetric transform
 */
#include <nvpe/rss.h>

#include "fuzz.h"

static u32 fuzz_rss_slow(const u8 *key, const u8 *hdr, const struct nvpe_ip *ip,
			 const u8 *ports, bool sym_xor)
{
	u32 len = ip->version == 4 ? 8 : 32;
	u8 in[NVPE_TOEPLITZ_MAX_INPUT];
	u32 i;

	memcpy(in, hdr + ip->off + (ip->version == 4 ? 12 : 8), len);
	if (ports) {
		memcpy(in + len, ports, 4);
		len += 4;
	}
	for (i = 0; sym_xor && i < len; i++) {
		u32 part = len - len % 8, half = i < part ? part / 2 : 2;

		if (i < half || (i >= part && i < part + half))
			in[i] ^= in[i + half];
		else
			in[i] = in[i - half];
	}
	return nvpe_toeplitz_slow(key, in, len);
}

static void fuzz_rss_check(const struct nvpe_rss_cfg *cfg, const u8 *key,
			   const u8 *hdr, const struct nvpe_hdrs *h,
			   const struct nvpe_hash *r)
{
	const struct nvpe_ip *ip = r->inner ? &h->inner : &h->outer;
	const u8 *ports = NULL;

	if (r->type == NVPE_HASH_NONE) {
		fuzz_expect(!r->value && !r->inner);
		return;
	}
	fuzz_expect(ip->version);
	fuzz_expect(!r->inner || (cfg->inner && h->tunnel && h->l4));
	if (r->type == NVPE_HASH_L4) {
		fuzz_expect(h->l4 && ip == nvpe_hdrs_ip(h));
		ports = hdr + h->l4_off;
	}
	fuzz_expect(r->value == fuzz_rss_slow(key, hdr, ip, ports,
					      cfg->sym_xor));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u8 key[NVPE_TOEPLITZ_KEY_LEN] = {
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2,
		0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
		0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4,
		0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
		0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
	};
	const struct fuzz_input *in = (const void *)data;
	static struct nvpe_rss_cfg cfg;
	struct nvpe_hash hash, again;
	struct nvpe_hdrs h;
	u8 *hdr, *wide;
	u32 len, i;

	if (size < sizeof(*in))
		return 0;
	if (!cfg.key.tbl[0][1])
		nvpe_toeplitz_init(&cfg.key, key);
	for (i = 0; i < NVPE_FLOW_COUNT; i++)
		cfg.fields[i] = get_unaligned_be16(in->a) >> 2 * i & 3;
	cfg.inner = in->flags[1] & 1;
	cfg.sym_xor = in->flags[1] & 2;
	size -= sizeof(*in);
	len = min_t(u32, size, NVPE_MAX_HDR_LEN);
	hdr = fuzz_copy(data + sizeof(*in), len);
	nvpe_parse(hdr, len, size, in->flags[0] & 3, &h);
	memset(&hash, 0x55, sizeof(hash));
	nvpe_rss_hash(&cfg, hdr, &h, &hash);
	fuzz_rss_check(&cfg, key, hdr, &h, &hash);
	wide = fuzz_wide(hdr, len);
	nvpe_rss_hash(&cfg, wide, &h, &again);
	fuzz_expect(hash.value == again.value && hash.type == again.type &&
		    hash.inner == again.inner);
	free(wide);
	free(hdr);
	return 0;
}

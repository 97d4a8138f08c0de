// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: receive hash. It is the bit-by-bit hash of the fields that are
 * on, and only of what was parsed.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * a, b: five bits for each flow type; flags[0]: flags of the parser;
 * flags[1]: 1: hash inside tunnels, 2: symmetric transform
 */
#include <nvpe/rss.h>

#include "fuzz.h"

#define FUZZ_RSS_FIELDS	(NVPE_RSS_F_L3 | NVPE_RSS_F_L4 | NVPE_RSS_F_LABEL)

/* Append @len bytes, with those of the other direction in them if @sym_xor. */
static u32 fuzz_rss_add(u8 *in, const u8 *at, const u8 *other, u32 len,
			bool sym_xor)
{
	u32 i;

	for (i = 0; i < len; i++)
		in[i] = at[i] ^ (sym_xor ? other[i] : 0);
	return len;
}

static u32 fuzz_rss_slow(const u8 *key, const u8 *hdr, const struct nvpe_ip *ip,
			 const u8 *ports, u8 fields, bool sym_xor)
{
	u32 alen = ip->version == 4 ? 4 : 16, len = 0;
	const u8 *src = hdr + ip->off + (ip->version == 4 ? 12 : 8);
	u8 in[NVPE_TOEPLITZ_MAX_INPUT];

	if (fields & NVPE_RSS_F_SRC)
		len += fuzz_rss_add(in, src, src + alen, alen, sym_xor);
	if (fields & NVPE_RSS_F_DST)
		len += fuzz_rss_add(in + len, src + alen, src, alen, sym_xor);
	if (fields & NVPE_RSS_F_SPORT)
		len += fuzz_rss_add(in + len, ports, ports + 2, 2, sym_xor);
	if (fields & NVPE_RSS_F_DPORT)
		len += fuzz_rss_add(in + len, ports + 2, ports, 2, sym_xor);
	if (fields & NVPE_RSS_F_LABEL) {
		in[len++] = 0;
		in[len++] = hdr[ip->off + 1] & 0x0f;
		in[len++] = hdr[ip->off + 2];
		in[len++] = hdr[ip->off + 3];
	}
	return nvpe_toeplitz_slow(key, in, len);
}

/* The fields of a flow type of @ip that are on */
static u8 fuzz_rss_on(const struct nvpe_rss_cfg *cfg, const struct nvpe_ip *ip,
		      u8 l4)
{
	u32 flow = l4 == NVPE_IPPROTO_TCP ? NVPE_FLOW_TCP4 :
		   l4 == NVPE_IPPROTO_UDP ? NVPE_FLOW_UDP4 : NVPE_FLOW_IP4;
	u8 fields = cfg->fields[flow + (ip->version == 6)];

	if (!l4)
		fields &= ~NVPE_RSS_F_L4;
	if (ip->version == 4)
		fields &= ~NVPE_RSS_F_LABEL;
	return fields;
}

static void fuzz_rss_check(const struct nvpe_rss_cfg *cfg, const u8 *key,
			   const u8 *hdr, const struct nvpe_hdrs *h,
			   const struct nvpe_hash *r)
{
	const struct nvpe_ip *ip = r->inner ? &h->inner : &h->outer;
	bool l4 = h->l4 && (!h->tunnel || cfg->inner);
	u8 fields = l4 ? fuzz_rss_on(cfg, nvpe_hdrs_ip(h), h->l4) : 0;

	fuzz_expect(r->inner == (fields && h->tunnel));
	if (!fields && h->outer.version)
		fields = fuzz_rss_on(cfg, ip, 0);
	if (!fields) {
		fuzz_expect(r->type == NVPE_HASH_NONE && !r->value);
		return;
	}
	fuzz_expect(ip->version);
	fuzz_expect(r->type == ((fields & ~NVPE_RSS_F_LABEL) ==
				(NVPE_RSS_F_L3 | NVPE_RSS_F_L4) ?
				NVPE_HASH_L4 : NVPE_HASH_L3));
	fuzz_expect(r->value == fuzz_rss_slow(key, hdr, ip, hdr + h->l4_off,
					      fields, cfg->sym_xor));
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
	u32 len, i, fields;
	u8 *hdr, *wide;

	if (size < sizeof(*in))
		return 0;
	if (!cfg.key.tbl[0][1])
		nvpe_toeplitz_init(&cfg.key, key);
	fields = (u32)get_unaligned_be16(in->a) << 16 |
		 get_unaligned_be16(in->b);
	for (i = 0; i < NVPE_FLOW_COUNT; i++)
		cfg.fields[i] = fields >> 5 * i & FUZZ_RSS_FIELDS;
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

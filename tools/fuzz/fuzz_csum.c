// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: checksum verification. Each verdict is that of a slow routine
 * over the whole frame.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * a: where the header block ends;
 * flags[0]: flags of the parser; flags[1]: 1: mend the checksums first
 */
#include "fuzz.h"

static bool fuzz_ipv4_bad(const u8 *frame, const struct nvpe_ip *ip)
{
	return ip->version == 4 && !fuzz_range_ok(frame, ip->off, ip->l4_off);
}

static void fuzz_csum_check(const u8 *frame, u32 len,
			    const struct nvpe_hdrs *h,
			    const struct nvpe_csum_result *r)
{
	bool gre = h->tunnel && h->gre_flags & NVPE_GRE_CSUM;
	u16 folded, sum;

	fuzz_expect(!(r->bad & NVPE_CSUM_BAD_IP) ==
		    !fuzz_ipv4_bad(frame, &h->outer));
	fuzz_expect(!(r->bad & NVPE_CSUM_BAD_INNER_IP) ==
		    !fuzz_ipv4_bad(frame, &h->inner));
	fuzz_expect((r->kind == NVPE_CSUM_NONE) == !!r->bad);
	if (r->bad & NVPE_CSUM_BAD_GRE)
		fuzz_expect(gre &&
			    !fuzz_range_ok(frame, h->gre_off, h->outer.end));
	if (r->bad & NVPE_CSUM_BAD_L4)
		fuzz_expect(h->l4 && !fuzz_l4_ok(frame, h));
	if (r->kind == NVPE_CSUM_UNNECESSARY && gre)
		fuzz_expect(fuzz_range_ok(frame, h->gre_off, h->outer.end));
	if (r->kind == NVPE_CSUM_UNNECESSARY && r->level == gre)
		fuzz_expect(h->l4 && fuzz_l4_ok(frame, h));
	if (r->kind == NVPE_CSUM_UNNECESSARY)
		fuzz_expect(r->level <= gre);
	if (r->kind != NVPE_CSUM_COMPLETE || len < NVPE_ETH_HLEN)
		return;
	sum = nvpe_test_fold(nvpe_test_sum(frame + NVPE_ETH_HLEN,
					   len - NVPE_ETH_HLEN, 0));
	folded = nvpe_csum_fold(r->complete);
	fuzz_expect(get_unaligned_be16(&folded) % 0xffff == sum % 0xffff);
}

/* Otherwise hardly an input would have a right checksum. */
static void fuzz_csum_mend(u8 *frame, u32 len, const struct nvpe_hdrs *h)
{
	const struct nvpe_ip *ip = nvpe_hdrs_ip(h);
	struct nvpe_fill fill = { .l4_start = h->l4_off, .l4_mangle = true };

	if (h->outer.version == 4)
		nvpe_csum_ipv4(frame + h->outer.off);
	if (h->inner.version == 4)
		nvpe_csum_ipv4(frame + h->inner.off);
	if (!h->l4)
		return;
	fill.l4_field = h->l4_off + (h->l4 == NVPE_IPPROTO_TCP ? 16 : 6);
	fill.l4_seed = nvpe_csum_pseudo(frame, ip, ip->end - h->l4_off);
	if (h->gre_flags & NVPE_GRE_CSUM)
		fill.gre_start = h->gre_off;
	nvpe_csum_fill(frame, min(len, ip->end), &fill, 0);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct fuzz_input *in = (const void *)data;
	struct nvpe_csum_result r, again;
	u32 len, hdr_len, parsed, sum;
	u8 *frame, *hdr, *wide;
	struct nvpe_hdrs h;

	if (size < sizeof(*in))
		return 0;
	len = size - sizeof(*in);
	frame = fuzz_copy(data + sizeof(*in), len);
	parsed = min_t(u32, len, NVPE_MAX_HDR_LEN);
	nvpe_parse(frame, parsed, len, in->flags[0] & NVPE_PARSE_F_TUNNEL, &h);
	if (in->flags[1] & 1) {
		fuzz_csum_mend(frame, len, &h);
		/* A routing header may name a checksum field as the address. */
		nvpe_parse(frame, parsed, len,
			   in->flags[0] & NVPE_PARSE_F_TUNNEL, &h);
	}
	hdr_len = parsed;
	if (h.l4)
		hdr_len -= get_unaligned_be16(in->a) % (parsed - h.hdr_len + 1);
	hdr = fuzz_copy(frame, hdr_len);
	memset(&r, 0x55, sizeof(r));
	sum = nvpe_os_csum(frame + hdr_len, len - hdr_len, 0);
	nvpe_csum_verify(hdr, hdr_len, len, &h, sum, &r);
	fuzz_csum_check(frame, len, &h, &r);
	wide = fuzz_wide(hdr, hdr_len);
	nvpe_csum_verify(wide, hdr_len, len, &h, sum, &again);
	fuzz_expect(r.kind == again.kind && r.bad == again.bad &&
		    r.level == again.level && r.complete == again.complete);
	free(wide);
	free(hdr);
	free(frame);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: parser. Offsets stand in order and inside; bytes outside do
 * not count.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * flags[0]: flags of the parser; a: bytes of the frame behind the input
 */
#include "fuzz.h"

static void fuzz_parse_ip(const struct nvpe_ip *ip, u32 len, u32 frame_len)
{
	if (!ip->version) {
		fuzz_expect(!ip->off && !ip->l4_off && !ip->end);
		return;
	}
	fuzz_expect(ip->version == 4 || ip->version == 6);
	fuzz_expect(ip->off >= NVPE_ETH_HLEN);
	fuzz_expect(ip->l4_off >= ip->off + (ip->version == 4 ? 20 : 40));
	fuzz_expect(ip->l4_off <= len && ip->l4_off <= ip->end);
	fuzz_expect(ip->end <= frame_len);
	fuzz_expect(ip->dst_off > ip->off && ip->dst_off < ip->l4_off);
}

/* RFC 9293 section 3.1, RFC 768 */
static void fuzz_parse_l4(const struct nvpe_hdrs *h, const u8 *hdr)
{
	u32 len = h->hdr_len - h->l4_off;

	if (!h->l4)
		return;
	fuzz_expect(h->l4_off == nvpe_hdrs_ip(h)->l4_off);
	fuzz_expect(h->hdr_len <= nvpe_hdrs_ip(h)->end);
	fuzz_expect(h->l4 == nvpe_hdrs_ip(h)->proto);
	if (h->l4 == NVPE_IPPROTO_UDP)
		fuzz_expect(len == 8);
	else
		fuzz_expect(len >= 20 && len / 4 == hdr[h->l4_off + 12] >> 4);
}

static void fuzz_parse_check(const struct nvpe_hdrs *h, u32 len, u32 frame_len)
{
	fuzz_parse_ip(&h->outer, len, frame_len);
	fuzz_parse_ip(&h->inner, len, frame_len);
	fuzz_expect(!!h->l4 == (h->outcome == NVPE_PARSE_L4));
	fuzz_expect(h->hdr_len <= len && !!h->hdr_len == !!h->l4);
	if (!h->tunnel) {
		fuzz_expect(!h->gre_off && !h->gre_len && !h->inner.version);
		return;
	}
	fuzz_expect(h->gre_off == h->outer.l4_off);
	fuzz_expect(h->gre_off + h->gre_len <= len);
	fuzz_expect(h->gre_off + h->gre_len <= h->outer.end);
	if (h->inner.version) {
		fuzz_expect(h->inner.off >= h->gre_off + h->gre_len);
		fuzz_expect(h->inner.end <= h->outer.end);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct fuzz_input *in = (const void *)data;
	struct nvpe_hdrs h, again;
	u32 len, frame_len;
	u8 wide[512];
	u8 *hdr;

	if (size < sizeof(*in))
		return 0;
	data += sizeof(*in);
	size -= sizeof(*in);
	len = min_t(u32, size, NVPE_MAX_HDR_LEN);
	frame_len = size + get_unaligned_be16(in->a);
	hdr = fuzz_copy(data, len);
	memset(&h, 0x55, sizeof(h));
	nvpe_parse(hdr, len, frame_len, in->flags[0] & 3, &h);
	fuzz_parse_check(&h, len, frame_len);
	fuzz_parse_l4(&h, hdr);
	memset(wide, 0xff, sizeof(wide));
	memcpy(wide, hdr, len);
	nvpe_parse(wide, len, frame_len, in->flags[0] & 3, &again);
	fuzz_expect(!memcmp(&h.outer, &again.outer, sizeof(h.outer)));
	fuzz_expect(!memcmp(&h.inner, &again.inner, sizeof(h.inner)));
	fuzz_expect(h.outcome == again.outcome && h.hdr_len == again.hdr_len &&
		    h.gre_key == again.gre_key && h.tunnel == again.tunnel);
	free(hdr);
	return 0;
}

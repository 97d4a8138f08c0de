// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: any request on any template. What is cut fits together again,
 * parses, and has right checksums by a slow routine.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * a: payload length; b: segment size; flags[0]: flags of segmentation;
 * flags[1]: a request
 */
#include <nvpe/request.h>
#include <nvpe/seg.h>

#include "fuzz.h"

#define FUZZ_SEGMENTS	40

/* Everything but what the stack vouches for with PARTIAL */
static void fuzz_seg_check(const u8 *frame, u32 len, const struct nvpe_seg *s)
{
	bool partial = s->h->tunnel && s->flags & NVPE_SEG_F_PARTIAL;
	u32 flags = NVPE_PARSE_F_TUNNEL;
	struct nvpe_hdrs h;
	u32 check;

	if (partial)
		flags |= NVPE_PARSE_F_TEMPLATE;
	nvpe_parse(frame, min_t(u32, len, NVPE_MAX_HDR_LEN), len, flags, &h);
	fuzz_expect(h.outcome == NVPE_PARSE_L4 && h.hdr_len == s->h->hdr_len);
	fuzz_expect(nvpe_hdrs_ip(&h)->end == len);
	fuzz_expect(h.l4 == s->h->l4 && h.tunnel == s->h->tunnel);
	if (h.outer.version == 4)
		fuzz_expect(fuzz_range_ok(frame, h.outer.off, h.outer.l4_off));
	if (h.inner.version == 4)
		fuzz_expect(fuzz_range_ok(frame, h.inner.off, h.inner.l4_off));
	if (h.gre_flags & NVPE_GRE_CSUM && !partial)
		fuzz_expect(fuzz_range_ok(frame, h.gre_off, len));
	check = h.l4_off + (h.l4 == NVPE_IPPROTO_TCP ? 16 : 6);
	if (h.l4 == NVPE_IPPROTO_UDP &&
	    !get_unaligned_be16(s->tmpl + check))
		fuzz_expect(!get_unaligned_be16(frame + check));
	else
		fuzz_expect(fuzz_l4_ok(frame, &h));
}

/* Lengths and checksums, which fuzz_seg_check() has verified, are taken over. */
static void fuzz_seg_take(u8 *want, const u8 *hdr, const struct nvpe_hdrs *h,
			  const struct nvpe_ip *ip)
{
	if (ip->version == 4) {
		memcpy(want + ip->off + 2, hdr + ip->off + 2, 2);
		memcpy(want + ip->off + 10, hdr + ip->off + 10, 2);
	} else if (ip->version == 6) {
		memcpy(want + ip->off + 4, hdr + ip->off + 4, 2);
	}
	if (h->gre_flags & NVPE_GRE_CSUM)
		memcpy(want + h->gre_off + 4, hdr + h->gre_off + 4, 4);
	if (h->l4 == NVPE_IPPROTO_TCP)
		memcpy(want + h->l4_off + 16, hdr + h->l4_off + 16, 2);
	else
		memcpy(want + h->l4_off + 4, hdr + h->l4_off + 4, 4);
}

/* The ID steps; its arithmetic is modulo 2^16. */
static void fuzz_seg_id(u8 *want, const struct nvpe_ip *ip, u32 index)
{
	if (ip->version == 4)
		put_unaligned_be16(get_unaligned_be16(want + ip->off + 4) +
				   index, want + ip->off + 4);
}

/* Each byte of a segment's headers is the template's, but for what has to be. */
static void fuzz_seg_fields(const struct nvpe_seg *before, const u8 *hdr,
			    const struct nvpe_seg_out *out)
{
	const struct nvpe_hdrs *h = before->h;
	u8 *want = fuzz_copy(before->tmpl, h->hdr_len);
	u8 *tcp = want + h->l4_off;

	if (h->tunnel)
		fuzz_seg_id(want, &h->outer, before->index);
	if (!(before->flags & NVPE_SEG_F_FIXEDID))
		fuzz_seg_id(want, nvpe_hdrs_ip(h), before->index);
	if (h->l4 == NVPE_IPPROTO_TCP) {
		put_unaligned_be32(get_unaligned_be32(tcp + 4) +
				   out->payload_off, tcp + 4);
		/* CWR on the first only, FIN and PSH on the last */
		if (before->index)
			tcp[13] &= ~0x80;
		if (out->payload_off + out->payload_len < before->payload_len)
			tcp[13] &= ~0x09;
	}
	fuzz_seg_take(want, hdr, h, &h->outer);
	fuzz_seg_take(want, hdr, h, &h->inner);
	fuzz_expect(!memcmp(hdr, want, h->hdr_len));
	free(want);
}

/* The next segment of a template that goes on differently behind its headers */
static void fuzz_seg_again(struct nvpe_seg s, const u8 *hdr,
			   const struct nvpe_seg_out *out)
{
	u32 hdr_len = s.h->hdr_len;
	u8 *wide = fuzz_wide(s.tmpl, hdr_len);
	u8 *again = fuzz_wide(hdr, hdr_len);
	struct nvpe_seg_out twin;

	s.tmpl = wide;
	fuzz_expect(nvpe_seg_next(&s, again, &twin));
	fuzz_expect(!memcmp(hdr, again, hdr_len));
	fuzz_expect(again[hdr_len] == 0xff);
	fuzz_expect(out->payload_off == twin.payload_off &&
		    out->payload_len == twin.payload_len &&
		    out->fill.l4_field == twin.fill.l4_field &&
		    out->fill.l4_seed == twin.fill.l4_seed);
	free(again);
	free(wide);
}

static void fuzz_seg_run(struct nvpe_seg *s, const u8 *payload)
{
	u32 hdr_len = s->h->hdr_len;
	struct nvpe_seg_out out;
	u32 done = 0, segments;
	struct nvpe_seg before;
	u8 *hdr, *frame;

	hdr = malloc(hdr_len);
	frame = malloc(hdr_len + 65536);
	for (segments = 0; segments < FUZZ_SEGMENTS; segments++) {
		before = *s;
		if (!nvpe_seg_next(s, hdr, &out)) {
			fuzz_expect(done == s->payload_len);
			break;
		}
		fuzz_seg_again(before, hdr, &out);
		fuzz_expect(out.payload_off == done && out.payload_len);
		fuzz_expect(out.payload_len == s->mss ||
			    done + out.payload_len == s->payload_len);
		memcpy(frame + hdr_len, payload + done, out.payload_len);
		nvpe_csum_fill(hdr, hdr_len, &out.fill,
			       nvpe_os_csum(payload + done, out.payload_len,
					    0));
		fuzz_seg_fields(&before, hdr, &out);
		memcpy(frame, hdr, hdr_len);
		fuzz_seg_check(frame, hdr_len + out.payload_len, s);
		done += out.payload_len;
	}
	free(frame);
	free(hdr);
}

/* What the driver reads the device takes; it takes nothing else. */
static void fuzz_seg_request(const struct fuzz_input *in, const u8 *tmpl,
			     const struct nvpe_hdrs *h)
{
	struct nvpe_request r = {
		.mask = in->flags[1] & NVPE_REQUEST_EXTRA,
		.len = h->hdr_len + get_unaligned_be16(in->a),
		.hdr_len = h->hdr_len,
		.mss = get_unaligned_be16(in->b),
	};
	struct nvpe_hdrs again;
	u32 is;

	/* It is read from bytes that end with the headers. */
	is = nvpe_request_read(&r, tmpl, &again);
	if (is) {
		fuzz_expect(again.l4_off == h->l4_off && again.l4 == h->l4);
		fuzz_expect(is == nvpe_request_of(tmpl, h));
		fuzz_expect(nvpe_seg_fits(tmpl, &again, r.len - r.hdr_len,
					  r.mss, nvpe_request_seg_flags(r.mask)));
		r.mask |= is;
		fuzz_expect(nvpe_request_takes(&r, tmpl, &again));
	}
	r.mask = in->flags[1] | (u32)in->flags[0] << 8;
	if (nvpe_request_takes(&r, tmpl, &again))
		fuzz_expect((r.mask & nvpe_request_read(&r, tmpl, &again)) ==
			    nvpe_request_read(&r, tmpl, &again));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct fuzz_input *in = (const void *)data;
	u32 len, payload_len, mss, i, is;
	struct nvpe_hdrs h;
	struct nvpe_seg s;
	u8 *tmpl, *payload;

	if (size < sizeof(*in))
		return 0;
	payload_len = get_unaligned_be16(in->a);
	mss = get_unaligned_be16(in->b);
	len = min_t(u32, size - sizeof(*in), NVPE_MAX_HDR_LEN);
	tmpl = fuzz_copy(data + sizeof(*in), len);
	nvpe_parse(tmpl, len, len + payload_len,
		   NVPE_PARSE_F_TUNNEL | NVPE_PARSE_F_TEMPLATE, &h);
	is = nvpe_request_of(tmpl, &h);
	fuzz_seg_request(in, tmpl, &h);
	if (nvpe_seg_fits(tmpl, &h, payload_len, mss, in->flags[0] & 3)) {
		nvpe_seg_init(&s, tmpl, &h, payload_len, mss,
			      in->flags[0] & 3);
		fuzz_expect(is);
		payload = malloc(payload_len);
		for (i = 0; i < payload_len; i++)
			payload[i] = i * 31 + in->flags[1];
		fuzz_seg_run(&s, payload);
		free(payload);
	}
	free(tmpl);
	return 0;
}

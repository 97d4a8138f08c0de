// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: FlowID. One byte of the header block may change and no other;
 * what was filled can be taken out again, by whoever looks through GRE or not.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * flags[0]: flags of the parser; 4: flags[1] is where a checksum begins
 */
#include <nvpe/flowid.h>

#include "fuzz.h"

/* The byte that differs, @len: none. */
static u32 fuzz_flowid_diff(const u8 *a, const u8 *b, u32 len)
{
	u32 at = len;
	u32 i;

	for (i = 0; i < len; i++) {
		if (a[i] == b[i])
			continue;
		fuzz_expect(at == len);
		at = i;
	}
	return at;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct fuzz_input *in = (const void *)data;
	struct nvpe_hdrs h, plain;
	bool filled, cleared;
	u8 *hdr, *was;
	u32 len, at, covered;

	if (size < sizeof(*in))
		return 0;
	size -= sizeof(*in);
	covered = in->flags[0] & 4 ? in->flags[1] : NVPE_MAX_HDR_LEN;
	len = min_t(u32, size, NVPE_MAX_HDR_LEN);
	hdr = fuzz_copy(data + sizeof(*in), len);
	was = fuzz_copy(hdr, len);
	nvpe_parse(hdr, len, size, in->flags[0] & 3, &h);
	nvpe_parse(hdr, len, size, 0, &plain);
	filled = nvpe_flowid_fill(hdr, covered, &h);
	at = fuzz_flowid_diff(hdr, was, len);
	fuzz_expect(filled == (at < len));
	if (filled)
		fuzz_expect(h.tunnel == NVPE_TUNNEL_NVGRE && hdr[at] && !was[at] &&
			    at < covered);
	if (plain.outcome != NVPE_PARSE_BAD) {
		cleared = nvpe_flowid_clear(hdr, len, &plain);
		at = fuzz_flowid_diff(hdr, was, len);
		/* The lengths of a template are not those of its frames. */
		if (filled && !cleared)
			fuzz_expect(in->flags[0] & NVPE_PARSE_F_TEMPLATE);
		else
			fuzz_expect(at == len ||
				    (cleared && was[at] && !hdr[at]));
	}
	free(was);
	free(hdr);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: frames as a header block and a list of payload pieces.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include "nvhw.h"

/**
 * nvhw_cursor_skip() - move a cursor on
 * @at: the cursor
 * @len: by so many bytes, which the pieces hold
 */
void nvhw_cursor_skip(struct nvhw_cursor *at, u32 len)
{
	while (len) {
		u32 n = min(len, at->piece->len - at->off);

		at->off += n;
		len -= n;
		if (at->off == at->piece->len) {
			at->piece++;
			at->off = 0;
		}
	}
}

/**
 * nvhw_frame_gather() - copy bytes out of the pieces
 * @at: where from; moved on
 * @dst: where to
 * @len: how many, which the pieces hold
 */
void nvhw_frame_gather(struct nvhw_cursor *at, u8 *dst, u32 len)
{
	while (len) {
		u32 n = min(len, at->piece->len - at->off);

		memcpy(dst, at->piece->va + at->off, n);
		nvhw_cursor_skip(at, n);
		dst += n;
		len -= n;
	}
}

/**
 * nvhw_frame_copy() - copy a frame's payload and sum it in the same pass
 * @f: the frame
 * @dst: buffers, large enough together
 * @skip: bytes of the first buffer to leave free, at most what it has
 *
 * Return: sum of the payload, for nvpe_csum_fill().
 */
u32 nvhw_frame_copy(const struct nvhw_frame *f, const struct nvhw_piece *dst,
		    u32 skip)
{
	const struct nvhw_piece *src = f->payload.piece;
	u32 from = f->payload.off;
	u32 done = 0, sum = 0;

	while (done < f->payload_len) {
		u32 n, part;

		if (skip == dst->len) {
			dst++;
			skip = 0;
		}
		n = min3(f->payload_len - done, src->len - from,
			 dst->len - skip);
		part = nvpe_os_csum_copy(dst->va + skip, src->va + from, n);
		sum = nvpe_csum_add(sum, nvpe_csum_shift(part, done));
		done += n;
		skip += n;
		from += n;
		if (from == src->len) {
			src++;
			from = 0;
		}
	}
	return sum;
}

/**
 * nvhw_frame_pad() - pad a short frame to the Ethernet minimum
 * @f: the frame, shorter than NVNIC_MIN_FRAME
 *
 * Source: IEEE 802.3 clause 4A.4.2 (minFrameSize). Afterwards all of it stands
 * in the header block; zeros change no checksum.
 */
void nvhw_frame_pad(struct nvhw_frame *f)
{
	nvhw_frame_gather(&f->payload, f->hdr + f->hdr_len, f->payload_len);
	memset(f->hdr + f->len, 0, NVNIC_MIN_FRAME - f->len);
	f->len = NVNIC_MIN_FRAME;
	f->hdr_len = NVNIC_MIN_FRAME;
	f->payload_len = 0;
}

/**
 * nvhw_frame_finish() - fill the checksums of a frame
 * @f: the frame; there are none left to be filled afterwards
 * @sum: sum of its payload
 *
 * Context: the sending queue's engine.
 */
void nvhw_frame_finish(struct nvhw_frame *f, u32 sum)
{
	nvpe_csum_fill(f->hdr, f->hdr_len, &f->fill, sum);
	memset(&f->fill, 0, sizeof(f->fill));
}

/**
 * nvhw_frame_own() - finish a frame in a buffer of its own
 * @f: the frame; afterwards its checksums are filled, and its payload is the
 *	buffer's
 * @buf: buffer of @f->len bytes, which gets all of the frame; the caller's, and
 *	there as long as @f is in use
 *
 * Context: the sending queue's engine.
 */
void nvhw_frame_own(struct nvhw_frame *f, u8 *buf)
{
	struct nvhw_piece dst = { .va = buf, .len = f->len };

	nvhw_frame_finish(f, nvhw_frame_copy(f, &dst, f->hdr_len));
	memcpy(buf, f->hdr, f->hdr_len);
	f->own.va = buf + f->hdr_len;
	f->own.len = f->payload_len;
	f->payload.piece = &f->own;
	f->payload.off = 0;
}

static u32 nvhw_frame_sum(const struct nvhw_frame *f)
{
	struct nvhw_cursor at = f->payload;
	u32 done = 0, sum = 0;

	while (done < f->payload_len) {
		u32 n = min(f->payload_len - done, at.piece->len - at.off);
		u32 part = nvpe_os_csum(at.piece->va + at.off, n, 0);

		sum = nvpe_csum_add(sum, nvpe_csum_shift(part, done));
		done += n;
		nvhw_cursor_skip(&at, n);
	}
	return sum;
}

/**
 * nvhw_frame_finish_l2() - fill the one checksum of a frame now
 * @f: the frame; the checksum's field lies in its Ethernet header
 */
void nvhw_frame_finish_l2(struct nvhw_frame *f)
{
	nvpe_csum_fill_l4(f->hdr, f->hdr_len, &f->fill, nvhw_frame_sum(f));
	memset(&f->fill, 0, sizeof(f->fill));
}

/**
 * nvhw_frame_parse() - parse the headers that a frame will have on the wire
 * @f: the frame; its checksums are filled if its headers depend on it
 * @flags: NVPE_PARSE_F_*
 * @h: the result
 *
 * A request may place a checksum on any field, an address included. Spoof check and
 * steering must see the bytes that the receiver will see, so a checksum within the
 * headers is filled before they are parsed.
 *
 * Context: the sending queue's engine.
 */
void nvhw_frame_parse(struct nvhw_frame *f, u32 flags, struct nvpe_hdrs *h)
{
	nvpe_parse(f->hdr, f->hdr_len, f->len, flags, h);
	if (likely(!f->fill.l4_field || !nvpe_hdrs_cover(h, f->fill.l4_field)))
		return;
	nvhw_frame_finish(f, nvhw_frame_sum(f));
	nvpe_parse(f->hdr, f->hdr_len, f->len, flags, h);
}

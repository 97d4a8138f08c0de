/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet engine: what a segmentation request says, and what it has to say.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The driver asks nvpe_request_read() what to write into a descriptor, and the
 * device asks nvpe_request_takes() whether that is so: one grammar decides on
 * both sides.
 */
#ifndef NVPE_REQUEST_H
#define NVPE_REQUEST_H

#include <nvnic/offloads.h>
#include <nvpe/os.h>
#include <nvpe/parse.h>

/* What a request adds to what the headers say */
#define NVPE_REQUEST_EXTRA						\
	(NVNIC_OFF_BIT(TSO_FIXEDID) | NVNIC_OFF_BIT(GSO_PARTIAL))

/**
 * struct nvpe_request - a segmentation request
 * @mask: NVNIC_OFF_BIT() of what is asked for
 * @len: bytes of the super-frame
 * @hdr_len: bytes from its start to the end of the innermost L4 header
 * @mss: payload bytes a segment
 */
struct nvpe_request {
	u32 mask;
	u32 len;
	u32 hdr_len;
	u32 mss;
};

/**
 * nvpe_request_of() - what a request for a frame must say
 * @hdr: header block
 * @h: its headers, parsed with NVPE_PARSE_F_TEMPLATE
 *
 * Return: NVNIC_OFF_BIT() of the one of TSO4, TSO6 and USO that the innermost
 * packet needs, of GSO_GRE or GSO_GRE_CSUM, and of TSO_ECN when CWR is set; 0 if
 * the frame cannot be segmented.
 */
u32 nvpe_request_of(const u8 *hdr, const struct nvpe_hdrs *h);

/**
 * nvpe_request_read() - read what a request for a super-frame must say
 * @r: length, header length and MSS; of the mask only NVPE_REQUEST_EXTRA counts
 * @hdr: header block, @r->hdr_len bytes if those are NVPE_MAX_HDR_LEN or less
 * @h: receives its headers, if they are
 *
 * Context: any.
 *
 * Return: as nvpe_request_of(); 0 if the device does not segment the frame.
 */
u32 nvpe_request_read(const struct nvpe_request *r, const u8 *hdr,
		      struct nvpe_hdrs *h);

/**
 * nvpe_request_takes() - is a request what the headers are?
 * @r: the request
 * @hdr: header block, @r->hdr_len bytes if those are NVPE_MAX_HDR_LEN or less
 * @h: receives its headers; valid if the request is good
 *
 * GSO_PARTIAL is only good behind GRE. TSO_ECN must be there when CWR is set,
 * and may be when it is not.
 *
 * Context: any.
 *
 * Return: true if the frame can be cut as asked: nvpe_seg_fits() holds, too.
 */
bool nvpe_request_takes(const struct nvpe_request *r, const u8 *hdr,
			struct nvpe_hdrs *h);

/**
 * nvpe_request_seg_flags() - options of segmentation in a request
 * @mask: its NVNIC_OFF_BIT() bits
 *
 * Return: NVPE_SEG_F_*
 */
u32 nvpe_request_seg_flags(u32 mask);

#endif /* NVPE_REQUEST_H */

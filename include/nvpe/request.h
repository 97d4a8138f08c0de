/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet engine: does a segmentation request fit the headers it came with?
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVPE_REQUEST_H
#define NVPE_REQUEST_H

#include <nvpe/os.h>
#include <nvpe/parse.h>

/* What a request may say of its frame */
#define NVPE_REQ_TCP4		BIT(0)	/* TCP, its own IP header is IPv4 */
#define NVPE_REQ_TCP6		BIT(1)	/* TCP, its own IP header is IPv6 */
#define NVPE_REQ_UDP		BIT(2)	/* UDP */
#define NVPE_REQ_GRE		BIT(3)	/* behind GRE without checksum */
#define NVPE_REQ_GRE_CSUM	BIT(4)	/* behind GRE with checksum */
#define NVPE_REQ_ECN		BIT(5)	/* TCP with CWR set */
#define NVPE_REQ_PARTIAL	BIT(6)	/* outer headers are those of a segment */

/**
 * nvpe_request_of() - what a request for a frame must say
 * @hdr: header block
 * @h: its headers, parsed with NVPE_PARSE_F_TEMPLATE
 *
 * Return: the NVPE_REQ_* bits, without PARTIAL; 0 if the frame cannot be
 * segmented.
 */
u32 nvpe_request_of(const u8 *hdr, const struct nvpe_hdrs *h);

/**
 * nvpe_request_fits() - compare a request with the headers
 * @req: NVPE_REQ_* bits of the request
 * @hdr_len: end of the L4 header as the request has it
 * @hdr: header block
 * @h: its headers, parsed with NVPE_PARSE_F_TEMPLATE
 *
 * PARTIAL is only good behind GRE. ECN must be in the request when CWR is set,
 * and may be there when it is not.
 *
 * Return: true if the request is what the headers are.
 */
bool nvpe_request_fits(u32 req, u32 hdr_len, const u8 *hdr,
		       const struct nvpe_hdrs *h);

#endif /* NVPE_REQUEST_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet engine: FlowID of NVGRE frames, the last byte of their key.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * RFC 7637 section 3.2: entropy of the inner flow for those on the way who
 * spread by the key; 0 where it is not made, and not theirs to change.
 */
#ifndef NVPE_FLOWID_H
#define NVPE_FLOWID_H

#include <nvpe/os.h>
#include <nvpe/parse.h>

/**
 * nvpe_flowid_fill() - fill the FlowID of a frame that has none
 * @hdr: the frame's header block
 * @covered: first byte that a checksum of the request covers; it may be filled
 *	already
 * @h: its parsed headers
 *
 * It comes from the inner IP addresses and protocol, and the ports of inner TCP
 * or UDP that is no fragment; without inner IP from the inner MAC addresses. It
 * is never 0.
 *
 * Context: any.
 *
 * Return: true if it was filled; false if the frame is not NVGRE, has no inner
 * Ethernet header, or a FlowID already, or if a checksum or an authentication
 * header covers it.
 */
bool nvpe_flowid_fill(u8 *hdr, u32 covered, const struct nvpe_hdrs *h);

/**
 * nvpe_flowid_clear() - take the FlowID out of a frame
 * @hdr: the frame's header block
 * @len: its length
 * @h: its parsed headers, whether they were parsed through GRE or not
 *
 * The first fragment of an NVGRE packet has one, too. What an authentication
 * header covers stays as it is.
 *
 * Context: any.
 *
 * Return: true if there was one that was not 0.
 */
bool nvpe_flowid_clear(u8 *hdr, u32 len, const struct nvpe_hdrs *h);

#endif /* NVPE_FLOWID_H */

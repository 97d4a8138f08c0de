/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet engine: are work and buffer descriptors what the ABI allows?
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A descriptor is its two words in host order, in a copy that the driver can no
 * longer change.
 */
#ifndef NVPE_DESC_H
#define NVPE_DESC_H

#include <nvnic/desc.h>
#include <nvnic/offloads.h>
#include <nvpe/os.h>

/**
 * enum nvpe_desc - what a TX descriptor was
 * @NVPE_DESC_BAD: malformed, or in the wrong place
 * @NVPE_DESC_REQ: the request; the frame's buffers follow
 * @NVPE_DESC_BUF: a buffer; more follow
 * @NVPE_DESC_LAST: the last buffer; the frame is complete
 */
enum nvpe_desc {
	NVPE_DESC_BAD,
	NVPE_DESC_REQ,
	NVPE_DESC_BUF,
	NVPE_DESC_LAST,
};

/**
 * struct nvpe_desc_tx - what the descriptors of one frame say
 * @mask: offloads asked for, NVNIC_OFF_BIT()
 * @len: bytes of the buffers
 * @req_len: bytes of the frame as the request has it
 * @mss: payload bytes a segment
 * @hdr_len: end of the L4 header
 * @csum_start: first byte that the checksum covers
 * @csum_off: its field, from @csum_start
 * @nbufs: buffers
 * @req: there is a request
 *
 * All 0 before the first descriptor.
 */
struct nvpe_desc_tx {
	u32 mask;
	u32 len;
	u32 req_len;
	u16 mss;
	u16 hdr_len;
	u16 csum_start;
	u16 csum_off;
	u16 nbufs;
	bool req;
};

/**
 * struct nvpe_desc_buf - a buffer that a descriptor names
 * @addr: bus address, any
 * @len: its length in bytes
 */
struct nvpe_desc_buf {
	u64 addr;
	u32 len;
};

/**
 * nvpe_desc_tx() - take the next descriptor of a TX work ring
 * @d: the frame so far
 * @q: the descriptor
 * @buf: receives the buffer with NVPE_DESC_BUF and NVPE_DESC_LAST, else not
 *	touched
 *
 * Context: any.
 *
 * Return: what it was. After NVPE_DESC_BAD @d has no meaning. After
 * NVPE_DESC_LAST it holds 1 to NVNIC_MAX_TX_BUFS buffers of ETH_HLEN to
 * NVNIC_MAX_TX_LEN bytes together, as many as a request says.
 */
enum nvpe_desc nvpe_desc_tx(struct nvpe_desc_tx *d, const u64 q[2],
			    struct nvpe_desc_buf *buf);

/**
 * nvpe_desc_csum_field() - where a TX_CSUM request wants its checksum
 * @d: a complete frame whose @d->mask has TX_CSUM
 * @hdr_len: bytes of its header block
 *
 * Return: offset of the field, which lies inside the header block, or -ERANGE if
 * it does not.
 */
int nvpe_desc_csum_field(const struct nvpe_desc_tx *d, u32 hdr_len);

/**
 * nvpe_desc_rx() - take a descriptor of an RX buffer ring
 * @q: the descriptor
 * @buf: receives the buffer, of NVNIC_MIN_RX_BUF to NVNIC_MAX_RX_BUF bytes
 *
 * Context: any.
 *
 * Return: false if it is malformed.
 */
bool nvpe_desc_rx(const u64 q[2], struct nvpe_desc_buf *buf);

/**
 * nvpe_desc_ring_fits() - may a ring have this size
 * @size: value of NVNIC_REG_Q_SIZE
 *
 * Return: true if it may.
 */
static inline bool nvpe_desc_ring_fits(u64 size)
{
	return size >= NVNIC_MIN_RING && size <= NVNIC_MAX_RING &&
	       !(size & (size - 1));
}

/**
 * nvpe_desc_pending() - descriptors that a doorbell covers
 * @tail: position behind the last one written
 * @head: position of the next one to fetch
 * @size: size of the ring
 *
 * Return: how many, less than @size, or -ERANGE when the doorbell lies beyond
 * the ring.
 */
static inline int nvpe_desc_pending(u16 tail, u16 head, u32 size)
{
	u16 n = tail - head;

	return n < size ? n : -ERANGE;
}

#endif /* NVPE_DESC_H */

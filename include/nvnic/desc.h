/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic ABI: descriptors.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Four rings a queue pair, all in DMA memory, all little-endian:
 *
 *	ring		element			written by	length
 *	TX work		&struct nvnic_txd	driver		size
 *	TX completion	&struct nvnic_txc	device		size
 *	RX buffer	&struct nvnic_rxb	driver		size
 *	RX completion	&struct nvnic_rxc	device		size
 *
 * Positions are free-running 16-bit numbers; the element is position modulo
 * ring size. The driver may have at most size - 1 elements outstanding in a
 * work or buffer ring, so a completion ring of the same size never overruns,
 * with one element to spare for the completion that reports a broken ring.
 *
 * Ownership of a completion is its phase bit, bit 63 of its last word: the
 * device writes 1 on its first pass over the ring, 0 on the second, and so on.
 * Rings start zeroed.
 * Reserved bits are written as 0 and checked to be 0.
 */
#ifndef NVNIC_ABI_DESC_H
#define NVNIC_ABI_DESC_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

/**
 * struct nvnic_txd - TX work descriptor
 * @q: two words; NVNIC_TXD_TYPE in @q[1] tells which of the two forms it is
 *
 * A frame is an optional request descriptor followed by 1 to
 * NVNIC_MAX_TX_BUFS data descriptors, the last with NVNIC_TXD_EOP. All of it
 * must be in the ring before the doorbell that covers its first descriptor.
 */
struct nvnic_txd {
	__le64 q[2];
};

static_assert(sizeof(struct nvnic_txd) == 16);

/* Both forms, q[1] */
#define NVNIC_TXD_TYPE		GENMASK_ULL(63, 62)
#define NVNIC_TXD_TYPE_INVALID	0
#define NVNIC_TXD_TYPE_REQ	1
#define NVNIC_TXD_TYPE_DATA	2

/* Request form, q[0] */
#define NVNIC_TXD_REQ_MASK	GENMASK_ULL(15, 0)	/* NVNIC_OFF_BIT() of what it asks for */
#define NVNIC_TXD_REQ_MSS	GENMASK_ULL(29, 16)	/* payload bytes a segment */
#define NVNIC_TXD_REQ_HDR_LEN	GENMASK_ULL(38, 30)	/* segmenting: end of the L4 header */
#define NVNIC_TXD_REQ_CSUM_START GENMASK_ULL(47, 39)	/* TX_CSUM: first byte summed */
#define NVNIC_TXD_REQ_CSUM_OFF	GENMASK_ULL(56, 48)	/* TX_CSUM: field, from CSUM_START */
/* The field lies within the frame's first NVNIC_MAX_HDR_LEN bytes. */
#define NVNIC_TXD_REQ_RSVD0	GENMASK_ULL(63, 57)

/* Request form, q[1] */
#define NVNIC_TXD_REQ_LEN	GENMASK_ULL(17, 0)	/* bytes of the whole frame */
#define NVNIC_TXD_REQ_RSVD1	GENMASK_ULL(61, 18)

/* Data form, q[0] is the bus address; q[1] */
#define NVNIC_TXD_LEN		GENMASK_ULL(17, 0)	/* bytes at the address, not 0 */
#define NVNIC_TXD_EOP		BIT_ULL(61)		/* last of the frame */
#define NVNIC_TXD_DATA_RSVD	GENMASK_ULL(60, 18)

#define NVNIC_TXC_WORDS		2

/**
 * struct nvnic_txc - TX completion
 * @q: two words, @q[1] is written last
 *
 * Completes everything up to NVNIC_TXC_HEAD. Written after the last wire frame
 * of a request has left. Several requests that went well may share one
 * completion; one that did not has a completion of its own.
 */
struct nvnic_txc {
	__le64 q[NVNIC_TXC_WORDS];
};

static_assert(sizeof(struct nvnic_txc) == 16);

/* q[0] */
#define NVNIC_TXC_BYTES		GENMASK_ULL(31, 0)	/* bytes on the wire, without FCS */
#define NVNIC_TXC_FRAMES	GENMASK_ULL(63, 32)	/* frames on the wire */
/* q[1] */
#define NVNIC_TXC_HEAD		GENMASK_ULL(15, 0)	/* first position not completed */
#define NVNIC_TXC_STATUS	GENMASK_ULL(23, 16)	/* enum nvnic_status */
#define NVNIC_TXC_PHASE		BIT_ULL(63)

/**
 * struct nvnic_rxb - RX buffer descriptor
 * @q: @q[0] bus address, @q[1] length and type
 *
 * Buffers are used in the order in which they were posted.
 */
struct nvnic_rxb {
	__le64 q[2];
};

static_assert(sizeof(struct nvnic_rxb) == 16);

#define NVNIC_RXB_LEN		GENMASK_ULL(15, 0)	/* NVNIC_MIN_RX_BUF to NVNIC_MAX_RX_BUF */
#define NVNIC_RXB_RSVD		GENMASK_ULL(61, 16)
#define NVNIC_RXB_TYPE		GENMASK_ULL(63, 62)
#define NVNIC_RXB_TYPE_BUF	3

#define NVNIC_RXC_WORDS		4

/**
 * struct nvnic_rxc - RX completion, one a frame
 * @q: four words, the last is written last
 *
 * The frame fills the next NVNIC_RXC_BUFS posted buffers in order, each but
 * the last to its full length. A status other than NVNIC_ST_OK carries no
 * frame and means that the queue has stopped.
 */
struct nvnic_rxc {
	__le64 q[NVNIC_RXC_WORDS];
};

static_assert(sizeof(struct nvnic_rxc) == 32);

/* q[0] */
#define NVNIC_RXC_LEN		GENMASK_ULL(19, 0)	/* bytes of the frame */
#define NVNIC_RXC_BUFS		GENMASK_ULL(31, 20)	/* buffers that it fills */
#define NVNIC_RXC_HASH		GENMASK_ULL(63, 32)	/* Toeplitz hash */
/* q[1] */
#define NVNIC_RXC_CSUM		GENMASK_ULL(1, 0)	/* enum nvnic_csum */
#define NVNIC_RXC_CSUM_LEVEL	GENMASK_ULL(3, 2)	/* verified checksums, minus one */
#define NVNIC_RXC_HASH_TYPE	GENMASK_ULL(5, 4)	/* enum nvnic_hash */
#define NVNIC_RXC_TUNNEL	GENMASK_ULL(7, 6)	/* enum nvnic_tunnel */
#define NVNIC_RXC_STATUS	GENMASK_ULL(15, 8)	/* enum nvnic_status */
#define NVNIC_RXC_VSID		GENMASK_ULL(39, 16)	/* with NVNIC_TUNNEL_NVGRE */
#define NVNIC_RXC_SA		GENMASK_ULL(55, 40)	/* security association, 0: none */
#define NVNIC_RXC_RSVD1		GENMASK_ULL(63, 56)
/* q[2] */
#define NVNIC_RXC_SUM		GENMASK_ULL(31, 0)	/* with NVNIC_CSUM_COMPLETE */
#define NVNIC_RXC_SEGS		GENMASK_ULL(39, 32)	/* frames merged, 0: not merged */
#define NVNIC_RXC_MSS		GENMASK_ULL(53, 40)	/* payload bytes of each but the last */
#define NVNIC_RXC_HDR_LEN	GENMASK_ULL(62, 54)	/* header bytes in front, 0: not split */
#define NVNIC_RXC_RSVD2		BIT_ULL(63)
/* q[3] */
#define NVNIC_RXC_TSTAMP	GENMASK_ULL(62, 0)	/* arrival in ns, 0: no time stamp */
#define NVNIC_RXC_PHASE		BIT_ULL(63)

static_assert(NVNIC_RXC_PHASE == NVNIC_TXC_PHASE);

/**
 * enum nvnic_csum - verdict on a received frame's checksums
 * @NVNIC_CSUM_NONE: no verdict
 * @NVNIC_CSUM_UNNECESSARY: NVNIC_RXC_CSUM_LEVEL + 1 transport checksums are good
 * @NVNIC_CSUM_COMPLETE: NVNIC_RXC_SUM holds the sum over all bytes after the
 *	14-byte Ethernet header, of words as this CPU reads them
 */
enum nvnic_csum {
	NVNIC_CSUM_NONE = 0,
	NVNIC_CSUM_UNNECESSARY = 1,
	NVNIC_CSUM_COMPLETE = 2,
};

/**
 * enum nvnic_hash - what a received frame's hash covers
 * @NVNIC_HASH_NONE: no hash
 * @NVNIC_HASH_L3: addresses
 * @NVNIC_HASH_L4: addresses and ports
 */
enum nvnic_hash {
	NVNIC_HASH_NONE = 0,
	NVNIC_HASH_L3 = 1,
	NVNIC_HASH_L4 = 2,
};

/**
 * enum nvnic_tunnel - encapsulation of a received frame
 * @NVNIC_TUNNEL_NONE: none that was parsed
 * @NVNIC_TUNNEL_GRE: GRE (RFC 2784, RFC 2890)
 * @NVNIC_TUNNEL_NVGRE: GRE flags 0x2000, protocol 0x6558 (RFC 7637 section 3.2)
 */
enum nvnic_tunnel {
	NVNIC_TUNNEL_NONE = 0,
	NVNIC_TUNNEL_GRE = 1,
	NVNIC_TUNNEL_NVGRE = 2,
};

/**
 * enum nvnic_status - what became of a request, or why a queue stopped
 * @NVNIC_ST_OK: done
 * @NVNIC_ST_REFUSED: asks for an offload that is not enabled; frame dropped
 * @NVNIC_ST_MISMATCH: the headers are not what the request says; frame dropped
 * @NVNIC_ST_OVERSIZE: longer on the wire than NVNIC_REG_FRAME_MAX; frame dropped
 * @NVNIC_ST_NOLINK: no carrier; frame dropped
 * @NVNIC_ST_SPOOF: source is not of the queue's VM queue set; frame dropped
 * @NVNIC_ST_BAD_DESC: malformed descriptor; the queue has stopped
 * @NVNIC_ST_BAD_TAIL: doorbell beyond the ring; the queue has stopped
 * @NVNIC_ST_DMA_FAULT: a bus address that is no memory; the queue has stopped
 *
 * From NVNIC_ST_FATAL on the queue is in NVNIC_QSTATE_ERROR until it is
 * disabled and enabled again.
 */
enum nvnic_status {
	NVNIC_ST_OK = 0,
	NVNIC_ST_REFUSED = 1,
	NVNIC_ST_MISMATCH = 2,
	NVNIC_ST_OVERSIZE = 3,
	NVNIC_ST_NOLINK = 4,
	NVNIC_ST_SPOOF = 5,
	NVNIC_ST_BAD_DESC = 16,
	NVNIC_ST_BAD_TAIL = 17,
	NVNIC_ST_DMA_FAULT = 18,
};

#define NVNIC_ST_FATAL		NVNIC_ST_BAD_DESC

#endif /* NVNIC_ABI_DESC_H */

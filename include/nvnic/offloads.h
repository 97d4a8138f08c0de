/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic ABI: the offload table and the limits of the adapter.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * One row an offload. The row's number is its bit in three words that must
 * never be confused: what the device has (NVNIC_REG_CAP), what the driver
 * turned on (NVNIC_REG_EN), and what one frame asks for (the request mask of
 * &struct nvnic_txd, which is 16 bits wide). The driver and the device each
 * attach their half to a row with a designated initialiser.
 */
#ifndef NVNIC_ABI_OFFLOADS_H
#define NVNIC_ABI_OFFLOADS_H

#include <linux/bits.h>
#include <linux/build_bug.h>

/*
 * X(NAME, "name"): transmit rows may appear in a request mask and are numbered
 * from 0; receive rows are port-wide switches, numbered from NVNIC_OFF_RX_FIRST
 * so that a new transmit row moves none of them.
 */
#define NVNIC_TX_OFFLOADS(X)						\
	X(TX_CSUM,	"tx-csum")					\
	X(TSO4,		"tso4")						\
	X(TSO6,		"tso6")						\
	X(TSO_ECN,	"tso-ecn")					\
	X(TSO_FIXEDID,	"tso-fixedid")					\
	X(GSO_GRE,	"gso-gre")					\
	X(GSO_GRE_CSUM,	"gso-gre-csum")					\
	X(GSO_PARTIAL,	"gso-partial")					\
	X(USO,		"uso")

#define NVNIC_RX_OFFLOADS(X)						\
	X(RX_CSUM,	"rx-csum")					\
	X(RX_HASH,	"rx-hash")					\
	X(NVGRE,	"nvgre")					\
	X(RSS_INNER,	"rss-inner")					\
	X(NTUPLE,	"ntuple")					\
	X(TC,		"tc")						\
	X(VMQ,		"vmq")						\
	X(FLOWID,	"flowid")

#define NVNIC_OFFLOADS(X)						\
	NVNIC_TX_OFFLOADS(X)						\
	NVNIC_RX_OFFLOADS(X)

#define NVNIC_OFF_RX_FIRST	32
#define NVNIC_OFFLOAD_ENUM(_name, _str)	NVNIC_OFF_##_name,

/*
 * enum nvnic_offload: the number of an offload's row, and of its bit.
 *
 * TX_CSUM: fill one 16-bit Internet checksum at csum_start and
 *	csum_offset, without parsing (RFC 1071); a result of 0 is sent as 0xffff
 *	where csum_offset is NVNIC_CSUM_OFF_UDP
 * TSO4: segment TCP whose own IP header is IPv4
 * TSO6: segment TCP whose own IP header is IPv6
 * TSO_ECN: segment TCP with CWR set: CWR stays on the first only
 *	(RFC 3168 section 6.1.2)
 * TSO_FIXEDID: leave the ID of the innermost IPv4 header, which has
 *	DF set, as in the template
 * GSO_GRE: segment behind GRE without checksum (RFC 2784, 2890, 7637)
 * GSO_GRE_CSUM: segment behind GRE with checksum
 * GSO_PARTIAL: outer headers are already those of one segment, and
 *	the payload is a multiple of the MSS; the device copies them and only
 *	steps the outer IPv4 ID, with its header checksum
 * USO: cut a UDP payload into datagrams
 * RX_CSUM: verify checksums and report the verdict
 * RX_HASH: report the receive hash
 * NVGRE: parse through GRE on receive
 * RSS_INNER: hash the headers inside GRE
 * NTUPLE, TC, VMQ: look at the filter rules of that table
 * FLOWID: fill the FlowID of NVGRE frames sent with a hash of the inner flow
 *	(RFC 7637 section 3.2), and receive it as 0
 */
enum nvnic_offload {
	NVNIC_TX_OFFLOADS(NVNIC_OFFLOAD_ENUM)
	NVNIC_OFF_TX_COUNT,
	NVNIC_OFF_BEFORE_RX = NVNIC_OFF_RX_FIRST - 1,
	NVNIC_RX_OFFLOADS(NVNIC_OFFLOAD_ENUM)
	NVNIC_OFF_COUNT,
};

static_assert(NVNIC_OFF_TX_COUNT <= 16, "a request mask has 16 bits");
static_assert(NVNIC_OFF_COUNT <= 64, "CAP and EN have 64 bits");

#define NVNIC_OFF_BIT(_name)	BIT_ULL(NVNIC_OFF_##_name)
#define NVNIC_OFFLOAD_OR(_name, _str)	NVNIC_OFF_BIT(_name) |

/* Every bit that may stand in a request mask, and every bit there is. */
#define NVNIC_OFF_TX_MASK	(NVNIC_TX_OFFLOADS(NVNIC_OFFLOAD_OR) 0ULL)
#define NVNIC_OFF_ALL		(NVNIC_OFFLOADS(NVNIC_OFFLOAD_OR) 0ULL)

/* A request with one of these cuts the frame into segments. */
#define NVNIC_OFF_TSO_MASK	(NVNIC_OFF_BIT(TSO4) | NVNIC_OFF_BIT(TSO6))
#define NVNIC_OFF_SEG_MASK	(NVNIC_OFF_TSO_MASK | NVNIC_OFF_BIT(USO))

/*
 * Limits, each in bytes unless it says otherwise. The driver refuses or falls
 * back by these, the device validates against the same.
 */
#define NVNIC_MAX_QUEUES	128	/* queue pairs a port */
#define NVNIC_MIN_RING		64	/* descriptors */
#define NVNIC_MAX_RING		8192	/* descriptors, a power of two */
#define NVNIC_DEF_RING		1024	/* descriptors */
#define NVNIC_MAX_HDR_LEN	256	/* start of frame to end of inner L4 header */
#define NVNIC_MAX_TX_BUFS	18	/* data descriptors a request */
#define NVNIC_MAX_TX_LEN	(256 * 1024 - 1)	/* a request, headers included */
#define NVNIC_CSUM_OFF_UDP	6	/* of the field in UDP (RFC 768) */
#define NVNIC_MIN_MSS		1
#define NVNIC_MAX_MSS		9216
#define NVNIC_MIN_MTU		68	/* RFC 791 */
#define NVNIC_MAX_MTU		9216
#define NVNIC_L2_OVERHEAD	22	/* Ethernet header and two VLAN tags */
#define NVNIC_MIN_FRAME		60	/* without FCS: shorter frames are padded */
#define NVNIC_MIN_RX_BUF	256
#define NVNIC_MAX_RX_BUF	16384
#define NVNIC_MAX_RX_BUFS	64	/* receive buffers a frame */
#define NVNIC_MAX_MACS		64	/* exact receive address filters */
#define NVNIC_MAX_MODER_USECS	65535	/* microseconds that a vector may wait */
#define NVNIC_MAX_MODER_FRAMES	65535	/* frames that it may wait for */
#define NVNIC_RSS_ENTRIES	512	/* indirection table */
#define NVNIC_RSS_KEY_LEN	40
#define NVNIC_VMQ_SETS		64	/* VM queue sets */
#define NVNIC_RSS_USER_CONTEXTS	65	/* hash configurations, the main one included */
#define NVNIC_RSS_CONTEXTS	(NVNIC_RSS_USER_CONTEXTS + NVNIC_VMQ_SETS)
#define NVNIC_FILTER_ENTRIES	4096	/* locations of filter rules a table, a power of two */
#define NVNIC_FILTER_SHAPES	64	/* different masks of filter rules a table */

#endif /* NVNIC_ABI_OFFLOADS_H */

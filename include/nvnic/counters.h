/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic ABI: the counters that the device keeps.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * One row a counter: X(NAME, "name", "what it counts"). A row's number is its
 * place in the counter window of the register file; its name is what
 * ``ethtool -S`` prints. All count from the creation of the adapter and wrap
 * at 64 bits. After a change of rows run scripts/stats-page.py, which makes the
 * tables of Documentation/ from them.
 */
#ifndef NVNIC_ABI_COUNTERS_H
#define NVNIC_ABI_COUNTERS_H

/*
 * F(X, least, most): size classes of frames, in bytes with FCS, ascending. The
 * counters of a port hold a row for each class and direction, all in this
 * order; their sums are WIRE_TX_FRAMES and WIRE_RX_FRAMES.
 */
#define NVNIC_SIZE_CLASSES(F, X)					\
	F(X, 64, 64)							\
	F(X, 65, 127)							\
	F(X, 128, 255)							\
	F(X, 256, 511)							\
	F(X, 512, 1023)							\
	F(X, 1024, 1518)						\
	F(X, 1519, 2047)						\
	F(X, 2048, 4095)						\
	F(X, 4096, 8191)						\
	F(X, 8192, 9242)

#define NVNIC_SIZE_COUNT	10
#define NVNIC_FCS_LEN		4

#define NVNIC_SIZE_ROW_TX(X, _lo, _hi)					\
	X(WIRE_TX_##_lo, "wire_tx_" #_lo "_" #_hi, "frames sent, by bytes with FCS")
#define NVNIC_SIZE_ROW_RX(X, _lo, _hi)					\
	X(WIRE_RX_##_lo, "wire_rx_" #_lo "_" #_hi, "frames that arrived, by bytes with FCS")

/* The name of a row, for tables of names */
#define NVNIC_CNT_NAME(_name, _str, _doc)	_str,

#define NVNIC_PORT_COUNTERS(X)						\
	X(WIRE_TX_FRAMES, "wire_tx_frames", "frames put on the wire")	\
	X(WIRE_TX_BYTES, "wire_tx_bytes", "bytes of these frames, without FCS") \
	X(WIRE_RX_FRAMES, "wire_rx_frames",				\
	  "frames that arrived, those dropped below included")		\
	X(WIRE_RX_BYTES, "wire_rx_bytes", "bytes of these frames, without FCS") \
	X(WIRE_RX_OFF, "wire_rx_drop_off", "dropped: port not enabled")	\
	X(WIRE_RX_OVERSIZE, "wire_rx_drop_oversize", "dropped: longer than FRAME_MAX") \
	X(WIRE_RX_FILTERED, "wire_rx_drop_filtered", "dropped: destination not accepted") \
	X(WIRE_RX_MULTICAST, "wire_rx_multicast",			\
	  "frames delivered to a group address, broadcast included")	\
	X(WIRE_RX_BROADCAST, "wire_rx_broadcast", "broadcast frames delivered") \
	X(WIRE_RX_NOQUEUE, "wire_rx_drop_noqueue", "dropped: receive queue not running") \
	X(WIRE_RX_RULE, "wire_rx_drop_rule", "dropped by a filter rule") \
	X(WIRE_RX_VMQ, "wire_rx_drop_vmq", "dropped: VM queue set not running") \
	X(WIRE_PAUSE_TX, "wire_pause_tx", "times this port held its peer back") \
	X(WIRE_TX_MULTICAST, "wire_tx_multicast",			\
	  "frames sent to a group address, broadcast included")		\
	X(WIRE_TX_BROADCAST, "wire_tx_broadcast", "broadcast frames sent") \
	X(WIRE_RX_OVERSIZE_BYTES, "wire_rx_oversize_bytes",		\
	  "bytes of frames longer than FRAME_MAX, without FCS")		\
	X(LINK_DOWN, "link_down", "times the link was lost, or changed its mode") \
	NVNIC_SIZE_CLASSES(NVNIC_SIZE_ROW_TX, X)			\
	NVNIC_SIZE_CLASSES(NVNIC_SIZE_ROW_RX, X)			\
	X(DMA_FAULTS, "dma_faults", "descriptors whose address is not memory") \
	X(CSR_BAD, "csr_bad", "register writes refused")		\
	X(IRQ_RAISED, "irq_raised", "interrupt vectors fired")		\
	X(WIRE_TX_CTRL, "wire_tx_ctrl", "MAC control frames sent (EtherType 0x8808)") \
	X(WIRE_TX_CTRL_PAUSE, "wire_tx_ctrl_pause",			\
	  "PAUSE frames sent (MAC control, opcode 1)")			\
	X(WIRE_RX_CTRL, "wire_rx_ctrl", "MAC control frames that arrived") \
	X(WIRE_RX_CTRL_PAUSE, "wire_rx_ctrl_pause", "PAUSE frames that arrived")

#define NVNIC_TXQ_COUNTERS(X)						\
	X(REQUESTS, "requests", "requests begun, each of them a frame or a super-frame") \
	X(FRAMES, "frames", "frames put on the wire")			\
	X(BYTES, "bytes", "bytes of these frames, without FCS")		\
	X(CSUM, "csum", "checksums filled in from csum_start on")	\
	X(LSO_NATIVE, "lso_native", "TCP super-frames segmented, outer headers included") \
	X(LSO_PARTIAL, "lso_partial",					\
	  "TCP super-frames segmented, outer headers as given")		\
	X(LSO_GRE, "lso_gre", "TCP super-frames of both kinds behind GRE") \
	X(LSO_FRAMES, "lso_frames", "frames made of TCP super-frames")	\
	X(LSO_BYTES, "lso_bytes", "bytes of these frames, headers included") \
	X(USO, "uso", "UDP super-frames segmented")			\
	X(USO_FRAMES, "uso_frames", "datagrams made of UDP super-frames") \
	X(USO_BYTES, "uso_bytes", "bytes of the frames around them, headers included") \
	X(DROP_REFUSED, "drop_refused",					\
	  "dropped: asks for an offload that is not enabled")		\
	X(DROP_MISMATCH, "drop_mismatch",				\
	  "dropped: the headers are not what the request says")		\
	X(DROP_OVERSIZE, "drop_oversize",				\
	  "dropped: a frame would be longer than FRAME_MAX")		\
	X(DROP_NOLINK, "drop_nolink", "dropped: no carrier")		\
	X(DROP_SPOOF, "drop_spoof", "dropped: the source is not the VM whose queue it is") \
	X(FLOWID, "flowid", "NVGRE frames whose FlowID was filled in")	\
	X(ERR_DESC, "err_desc", "queue stopped: malformed descriptor")	\
	X(ERR_TAIL, "err_tail", "queue stopped: doorbell beyond the ring") \
	X(ERR_DMA, "err_dma", "queue stopped: DMA fault")		\
	X(HELD, "held", "times the receiver held the queue back")

#define NVNIC_RXQ_COUNTERS(X)						\
	X(FRAMES, "frames", "frames delivered")				\
	X(BYTES, "bytes", "bytes of these frames, without FCS")		\
	X(MISSED, "missed", "dropped: no buffer posted; missed in ip -s -s link") \
	X(CSUM_UNNECESSARY, "csum_unnecessary",				\
	  "a GRE, TCP or UDP checksum verified, none wrong")		\
	X(CSUM_COMPLETE, "csum_complete", "sum over the whole packet reported") \
	X(CSUM_NONE, "csum_none",					\
	  "no verdict: a checksum is wrong, or rx-checksum is off")	\
	X(CSUM_BAD_IP, "csum_bad_ip", "checksum of the outer or only IPv4 header wrong") \
	X(CSUM_BAD_INNER_IP, "csum_bad_inner_ip",			\
	  "checksum of the inner IPv4 header wrong")			\
	X(CSUM_BAD_GRE, "csum_bad_gre", "GRE checksum wrong")		\
	X(CSUM_BAD_L4, "csum_bad_l4", "TCP or UDP checksum wrong")	\
	X(PARSE_L2, "parse_l2", "not IP")				\
	X(PARSE_IP, "parse_ip", "IP without TCP or UDP")		\
	X(PARSE_FRAG, "parse_frag", "IP fragment, the first included; not an atomic one") \
	X(PARSE_L4, "parse_l4", "TCP or UDP")				\
	X(PARSE_TOO_LONG, "parse_too_long", "headers beyond 256 bytes, not parsed") \
	X(PARSE_BAD, "parse_bad", "malformed or truncated header")	\
	X(PARSE_GRE, "parse_gre", "behind GRE that is not NVGRE")	\
	X(PARSE_NVGRE, "parse_nvgre", "behind NVGRE")			\
	X(RSS_L4, "rss_l4", "hashed over addresses and ports")		\
	X(RSS_L3, "rss_l3", "hashed over addresses")			\
	X(RSS_INNER, "rss_inner", "hashed over headers inside a tunnel") \
	X(RSS_NONE, "rss_none", "not hashed")				\
	X(RULE, "rule", "sent to this queue by a filter rule")		\
	X(FLOWID, "flowid", "NVGRE frames with a FlowID, received as 0") \
	X(ERR_DESC, "err_desc", "queue stopped: malformed descriptor")	\
	X(ERR_TAIL, "err_tail", "queue stopped: doorbell beyond the ring") \
	X(ERR_DMA, "err_dma", "queue stopped: DMA fault")

/* Of a VM queue set; its queues' own counters tell the rest. */
#define NVNIC_VMQ_COUNTERS(X)						\
	X(HITS, "hits", "frames that matched a rule of the set")	\
	X(HIT_BYTES, "hit_bytes", "bytes of these frames, without FCS")	\
	X(DROP_STATE, "drop_state", "dropped: set not running")		\
	X(DROP_SPOOF, "drop_spoof", "not sent: refused by the spoof check")

#define NVNIC_PC_ENUM(_name, _str, _doc)	NVNIC_PC_##_name,
#define NVNIC_TC_ENUM(_name, _str, _doc)	NVNIC_TC_##_name,
#define NVNIC_RC_ENUM(_name, _str, _doc)	NVNIC_RC_##_name,
#define NVNIC_VC_ENUM(_name, _str, _doc)	NVNIC_VC_##_name,

/* Counters of a port */
enum nvnic_port_counter {
	NVNIC_PORT_COUNTERS(NVNIC_PC_ENUM)
	NVNIC_PC_COUNT,
};

#define NVNIC_PC_TX_SIZE	NVNIC_PC_WIRE_TX_64	/* the first size class */
#define NVNIC_PC_RX_SIZE	NVNIC_PC_WIRE_RX_64

/* Counters of a TX queue */
enum nvnic_txq_counter {
	NVNIC_TXQ_COUNTERS(NVNIC_TC_ENUM)
	NVNIC_TC_COUNT,
};

/* Counters of an RX queue */
enum nvnic_rxq_counter {
	NVNIC_RXQ_COUNTERS(NVNIC_RC_ENUM)
	NVNIC_RC_COUNT,
};

/* Counters of a VM queue set */
enum nvnic_vmq_counter {
	NVNIC_VMQ_COUNTERS(NVNIC_VC_ENUM)
	NVNIC_VC_COUNT,
};

#endif /* NVNIC_ABI_COUNTERS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic ABI: the register file of one port.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Every register is 64 bits wide, on an 8-byte boundary, and is accessed
 * whole. Access classes: RO, RW, WO (reads 0), W1C (a 1 clears the bit). A
 * write to an RO register or to an offset without a register, and a value with
 * a reserved bit, are counted (NVNIC_PC_CSR_BAD) and change nothing.
 *
 * "Sleeps" marks a write that may sleep: from process context only.
 */
#ifndef NVNIC_ABI_REGS_H
#define NVNIC_ABI_REGS_H

#include <linux/bits.h>

/* ---- Port: 0x0000 to 0x00ff ---- */

/* Magic, version of the device model, and of the ABI. RO. */
#define NVNIC_REG_ID		0x0000
#define NVNIC_ID_MAGIC		GENMASK_ULL(63, 32)
#define NVNIC_ID_MAGIC_VAL	0x4e564e43	/* "NVNC" */
#define NVNIC_ID_FW_MAJOR	GENMASK_ULL(31, 24)	/* version of the device model */
#define NVNIC_ID_FW_MAJOR_VAL	1
#define NVNIC_ID_FW_MINOR	GENMASK_ULL(23, 16)
#define NVNIC_ID_FW_MINOR_VAL	1
#define NVNIC_ID_VERSION	GENMASK_ULL(15, 0)
#define NVNIC_ID_VERSION_VAL	2

/* Offloads that the device has: NVNIC_OFF_BIT(). RO. */
#define NVNIC_REG_CAP		0x0008
/*
 * Offloads turned on, a subset of CAP; reset 0. Applies to every frame that
 * the engine fetches, or that arrives, after the write. Sleeps. RW.
 */
#define NVNIC_REG_EN		0x0010

/* Switches. Reset 0. Sleeps. RW. */
#define NVNIC_REG_CTRL		0x0018
#define NVNIC_CTRL_ENABLE	BIT_ULL(0)	/* send and receive; a link needs both ports */
/* With LINK_CTRL.PAUSE_AUTO the negotiation decides instead of these two. */
#define NVNIC_CTRL_PAUSE_TX	BIT_ULL(1)	/* out of buffers: hold the sender */
#define NVNIC_CTRL_PAUSE_RX	BIT_ULL(2)	/* the receiver may hold this port */
#define NVNIC_CTRL_THREADS	BIT_ULL(3)	/* engines in kernel threads, not softirq */
#define NVNIC_CTRL_LOOPBACK	BIT_ULL(4)	/* frames come back; the wire is cut */
#define NVNIC_CTRL_SPOOF_CHECK	BIT_ULL(5)	/* drop spoofed frames of VM queues */
#define NVNIC_CTRL_MASK		GENMASK_ULL(5, 0)
#define NVNIC_CTRL_PAUSE	(NVNIC_CTRL_PAUSE_TX | NVNIC_CTRL_PAUSE_RX)

/* State. RO. */
#define NVNIC_REG_STATUS	0x0020
#define NVNIC_STATUS_LINK	BIT_ULL(0)

/* Causes of the event vector; reset 0. W1C. */
#define NVNIC_REG_EVENT		0x0028
#define NVNIC_EVENT_LINK	BIT_ULL(0)	/* NVNIC_REG_LINK_STATUS has changed */
#define NVNIC_EVENT_MASK	NVNIC_EVENT_LINK

/*
 * Longest frame sent or accepted, in bytes without FCS: longer ones are
 * dropped. Reset 1522, from NVNIC_MIN_FRAME to NVNIC_MAX_MTU +
 * NVNIC_L2_OVERHEAD. RW.
 */
#define NVNIC_REG_FRAME_MAX	0x0030

/* Port's permanent MAC address, first byte in bits 47:40. RO. */
#define NVNIC_REG_MAC		0x0038

/* Destinations accepted besides MACF and broadcast. Reset 0. RW. */
#define NVNIC_REG_RX_MODE	0x0040
#define NVNIC_RX_MODE_PROMISC	BIT_ULL(0)	/* accept every destination */
#define NVNIC_RX_MODE_ALLMULTI	BIT_ULL(1)	/* accept every group address */
#define NVNIC_RX_MODE_MASK	GENMASK_ULL(1, 0)

/*
 * A 1 gives the port what it had at its creation: queues off, no link, tables
 * empty, registers with their reset values; RSS context 0 sends all frames to
 * queue 0. When the write returns, the device touches no ring and no buffer.
 * Counters go on; interrupts stay mapped. A 0 is refused. Sleeps. WO.
 */
#define NVNIC_REG_RESET		0x0048
#define NVNIC_RESET_PORT	BIT_ULL(0)

/* ---- Link: 0x0080 to 0x0097, identification and test: 0x00a0 to 0x00af ---- */

/*
 * X(MODE, speed in Mbit/s): the modes of the link, slowest first; a row's
 * number is its bit in a set of modes. The speed is nominal: the wire is as
 * fast as the machine.
 */
#define NVNIC_LINK_MODES(X)						\
	X(10G_CR, 10000)						\
	X(25G_CR, 25000)						\
	X(40G_CR4, 40000)						\
	X(50G_CR2, 50000)						\
	X(100G_CR4, 100000)

#define NVNIC_LINK_MODE_ENUM(_mode, _speed)	NVNIC_LINK_##_mode,

/* Number of a link mode's row, and of its bit. */
enum nvnic_link_mode {
	NVNIC_LINK_MODES(NVNIC_LINK_MODE_ENUM)
	NVNIC_LINK_MODE_COUNT,
};

#define NVNIC_LINK_MODES_ALL	(BIT_ULL(NVNIC_LINK_MODE_COUNT) - 1)

/*
 * Configuration of this end of the link. FORCED holds one mode or none; with
 * AUTONEG, ADV is not empty; ADV and FORCED hold known modes only; other values
 * are refused. With neither AUTONEG nor FORCED the transceiver is off, as if
 * the cable were unplugged. Two ends with AUTONEG use the fastest common mode; an
 * end with AUTONEG follows the FORCED mode of the other one if it is in ADV.
 * Reset 0. Sleeps. RW.
 */
#define NVNIC_REG_LINK_CTRL	0x0080
#define NVNIC_LINK_ADV		GENMASK_ULL(15, 0)	/* modes offered */
#define NVNIC_LINK_FORCED	GENMASK_ULL(31, 16)	/* the mode without AUTONEG */
#define NVNIC_LINK_AUTONEG	BIT_ULL(32)
#define NVNIC_LINK_ADV_PAUSE	BIT_ULL(33)	/* IEEE 802.3 28B.2, PAUSE */
#define NVNIC_LINK_ADV_ASYM	BIT_ULL(34)	/* ASM_DIR */
#define NVNIC_LINK_PAUSE_AUTO	BIT_ULL(35)	/* flow control as negotiated */
#define NVNIC_LINK_CTRL_MASK	GENMASK_ULL(35, 0)
/* Bits that the partner sees in LINK_PARTNER. */
#define NVNIC_LINK_OFFER							\
	(NVNIC_LINK_ADV | NVNIC_LINK_AUTONEG | NVNIC_LINK_ADV_PAUSE |	\
	 NVNIC_LINK_ADV_ASYM)

/* State of the link. RO. */
#define NVNIC_REG_LINK_STATUS	0x0088
#define NVNIC_LINK_MODE		GENMASK_ULL(15, 0)	/* in force; 0: no link */
#define NVNIC_LINK_REASON	GENMASK_ULL(23, 16)	/* enum nvnic_link_reason */
#define NVNIC_LINK_PAUSE_TX	BIT_ULL(24)	/* in force: hold the sender back */
#define NVNIC_LINK_PAUSE_RX	BIT_ULL(25)	/* in force: may be held back */
#define NVNIC_LINK_NEGOTIATED	BIT_ULL(26)	/* with a partner that negotiates */

/* NVNIC_LINK_OFFER of the other end; 0 if it offers nothing. RO. */
#define NVNIC_REG_LINK_PARTNER	0x0090

/**
 * enum nvnic_link_reason - why there is no link
 * @NVNIC_LINK_OK: there is one
 * @NVNIC_LINK_OFF: this port is not enabled, or its transceiver is off
 * @NVNIC_LINK_NO_CABLE: the transceiver of the other port is off
 * @NVNIC_LINK_NO_PARTNER: the other port is not enabled, or in loopback
 * @NVNIC_LINK_NO_COMMON: the two ends have no mode in common
 */
enum nvnic_link_reason {
	NVNIC_LINK_OK = 0,
	NVNIC_LINK_OFF = 1,
	NVNIC_LINK_NO_CABLE = 2,
	NVNIC_LINK_NO_PARTNER = 3,
	NVNIC_LINK_NO_COMMON = 4,
};

/* The port's lamp, to find it among many. Reset 0. RW. */
#define NVNIC_REG_LED		0x00a0
#define NVNIC_LED_ON		BIT_ULL(0)

/* Fires a vector, armed or not. WO. */
#define NVNIC_REG_VEC_TEST	0x00a8
#define NVNIC_VEC_TEST_INDEX	GENMASK_ULL(7, 0)	/* below NVNIC_VEC_COUNT */

/* ---- Receive hash: Toeplitz (0x0100 to 0x013f, table at 0x1000) ---- */

/*
 * Fields hashed for each flow type, NVNIC_RSS_F_*, in any combination; those
 * that a flow type does not have are reserved. They are hashed in this order,
 * without gaps. Reset: all flow types NVNIC_RSS_F_L3, TCP also NVNIC_RSS_F_L4.
 * RW.
 */
#define NVNIC_REG_RSS_FIELDS	0x0100
#define NVNIC_RSS_F_SRC		BIT(0)	/* source address */
#define NVNIC_RSS_F_DST		BIT(1)	/* destination address */
#define NVNIC_RSS_F_SPORT	BIT(2)	/* source port; TCP and UDP */
#define NVNIC_RSS_F_DPORT	BIT(3)	/* destination port; TCP and UDP */
#define NVNIC_RSS_F_LABEL	BIT(4)	/* flow label; IPv6 */
#define NVNIC_RSS_F_L3		(NVNIC_RSS_F_SRC | NVNIC_RSS_F_DST)
#define NVNIC_RSS_F_L4		(NVNIC_RSS_F_SPORT | NVNIC_RSS_F_DPORT)
#define NVNIC_RSS_FIELDS_IP4	GENMASK_ULL(4, 0)	/* also fragments */
#define NVNIC_RSS_FIELDS_IP6	GENMASK_ULL(12, 8)	/* also fragments */
#define NVNIC_RSS_FIELDS_TCP4	GENMASK_ULL(20, 16)
#define NVNIC_RSS_FIELDS_TCP6	GENMASK_ULL(28, 24)
#define NVNIC_RSS_FIELDS_UDP4	GENMASK_ULL(36, 32)
#define NVNIC_RSS_FIELDS_UDP6	GENMASK_ULL(44, 40)
/* Those that there are: a byte a flow type, UDP6 first. */
#define NVNIC_RSS_FIELDS_MASK	0x1f0f1f0f1303ULL

/* Hash key, five words; byte 0 of the key is bits 63:56 of word 0. RW. */
#define NVNIC_REG_RSS_KEY	0x0108
#define NVNIC_RSS_KEY_WORDS	5

/*
 * A write of any value applies FIELDS, KEY and TABLE to the context in CTX, all at
 * once, or removes that context. Refused as a whole (bit 0 reads 1): if the device is
 * short of memory; the removal of context 0, and of a context that a filter rule
 * leads to. Sleeps. RW.
 */
#define NVNIC_REG_RSS_COMMIT	0x0130
#define NVNIC_RSS_COMMIT_REFUSED BIT_ULL(0)

/*
 * Context that COMMIT applies to. Context 0 is for frames without a filter rule; the
 * others exist from their first COMMIT on. Reset 0. RW.
 */
#define NVNIC_REG_RSS_CTX	0x0138
#define NVNIC_RSS_CTX_ID	GENMASK_ULL(7, 0)	/* below NVNIC_RSS_CONTEXTS */
#define NVNIC_RSS_CTX_SYM_XOR	BIT_ULL(8)	/* hash source XOR destination for either */
#define NVNIC_RSS_CTX_REMOVE	BIT_ULL(9)
#define NVNIC_RSS_CTX_MASK	GENMASK_ULL(9, 0)
/* Context of a VM queue set; the contexts below these are the user's. */
#define NVNIC_RSS_CTX_VMQ(_set)	(NVNIC_RSS_USER_CONTEXTS + (_set))

/* ---- Receive address filters: 0x0200 to 0x03ff ---- */

/* One address an entry, first byte in bits 47:40. Reset 0. RW. */
#define NVNIC_REG_MACF(_n)	(0x0200 + (_n) * 8)
#define NVNIC_MACF_ADDR		GENMASK_ULL(47, 0)
#define NVNIC_MACF_VALID	BIT_ULL(63)

/* ---- Filter rules: 0x0400 to 0x04ff, fields in <nvnic/filter.h> ---- */

/* The staged rule: values, mask, action. Reset 0. RW. */
#define NVNIC_REG_FLT_KEY(_n)	(0x0400 + (_n) * 8)
#define NVNIC_REG_FLT_MASK(_n)	(0x0440 + (_n) * 8)
#define NVNIC_REG_FLT_ACTION	0x0480

/*
 * A command, NVNIC_FLT_CMD_*; in force when the write returns. Reads the status of
 * the last command, enum nvnic_flt_status. Tables whose offload is on are searched in
 * the order of enum nvnic_flt_table; the first one with a match decides, by its
 * matching rule with the lowest location. Sleeps. RW.
 */
#define NVNIC_REG_FLT_CMD	0x0488

/* Table and location for FLT_FRAMES and FLT_BYTES. Reset 0. RW. */
#define NVNIC_REG_FLT_SEL	0x0490
#define NVNIC_FLT_SEL_LOC	GENMASK_ULL(15, 0)
#define NVNIC_FLT_SEL_TABLE	GENMASK_ULL(17, 16)
#define NVNIC_FLT_SEL_MASK	GENMASK_ULL(17, 0)
/*
 * Frames that matched a rule at that location, dropped ones included, and their
 * bytes without FCS. They count from the creation of the adapter and wrap at 64
 * bits; neither a new rule nor RESET clears them. Reading sleeps. RO.
 */
#define NVNIC_REG_FLT_FRAMES	0x0498
#define NVNIC_REG_FLT_BYTES	0x04a0

/* ---- VM queue sets: 0x0500 to 0x05ff, states in <nvnic/vmq.h> ---- */

/* Set that the other registers of this block refer to. Reset 0. RW. */
#define NVNIC_REG_VMQ_SEL	0x0500
#define NVNIC_VMQ_SEL_SET	GENMASK_ULL(5, 0)	/* below NVNIC_VMQ_SETS */

/* Queue pairs of the set, for ALLOC. Reset 0. RW. */
#define NVNIC_REG_VMQ_CFG	0x0508
#define NVNIC_VMQ_CFG_FIRST	GENMASK_ULL(6, 0)
#define NVNIC_VMQ_CFG_COUNT	GENMASK_ULL(15, 8)
#define NVNIC_VMQ_CFG_MASK	(GENMASK_ULL(15, 8) | GENMASK_ULL(6, 0))

/*
 * A command, NVNIC_VMQ_OP_*. Reads the status of the last command, enum
 * nvnic_vmq_status. Sleeps. RW.
 */
#define NVNIC_REG_VMQ_CMD	0x0510
#define NVNIC_VMQ_CMD_OP	GENMASK_ULL(1, 0)

/* State of the selected set. Reading sleeps. RO. */
#define NVNIC_REG_VMQ_STATUS	0x0518
#define NVNIC_VMQ_ST_STATE	GENMASK_ULL(2, 0)	/* enum nvnic_vmq_state */
#define NVNIC_VMQ_ST_FIRST	GENMASK_ULL(14, 8)
#define NVNIC_VMQ_ST_COUNT	GENMASK_ULL(23, 16)
#define NVNIC_VMQ_ST_FILTERS	GENMASK_ULL(47, 32)	/* rules that lead to it */

/* Counters of the set since its ALLOC, see <nvnic/counters.h>. RO. */
#define NVNIC_REG_VMQ_CNT(_n)	(0x0520 + (_n) * 8)

/* Indirection table: the queue of each entry. Reset 0. RW. */
#define NVNIC_REG_RSS_TABLE(_n)	(0x1000 + (_n) * 8)
#define NVNIC_RSS_TABLE_QUEUE	GENMASK_ULL(6, 0)

/* ---- Counters of the port, see <nvnic/counters.h>. RO. ---- */
#define NVNIC_REG_PORT_CNT(_n)	(0x2000 + (_n) * 8)

/* ---- Queue pairs: one block each, from 0x10000 ---- */
#define NVNIC_REG_QUEUE_BASE	0x10000
#define NVNIC_REG_QUEUE_STRIDE	0x800
#define NVNIC_REG_QUEUE(_q)	(NVNIC_REG_QUEUE_BASE + (_q) * NVNIC_REG_QUEUE_STRIDE)

/* TX and RX halves have the same registers. */
#define NVNIC_REG_TXQ(_q)	(NVNIC_REG_QUEUE(_q) + 0x000)
#define NVNIC_REG_RXQ(_q)	(NVNIC_REG_QUEUE(_q) + 0x080)

/*
 * 1 starts the queue with the current ring registers, from position 0 and phase 1;
 * refused (STATUS stays NVNIC_QSTATE_OFF, CAUSE says why) if a ring is not RAM or its
 * size is not allowed. 0 stops it: when the write returns, the device no longer
 * accesses its rings and buffers. Reads 1 unless the queue is off. With flow control
 * on, senders of frames for an RX queue that is off are held. Sleeps. Reset 0. RW.
 */
#define NVNIC_REG_Q_CTRL	0x00
#define NVNIC_Q_CTRL_ENABLE	BIT_ULL(0)

/* State of the queue. RO. */
#define NVNIC_REG_Q_STATUS	0x08
#define NVNIC_Q_STATUS_STATE	GENMASK_ULL(1, 0)
#define NVNIC_QSTATE_OFF	0
#define NVNIC_QSTATE_RUNNING	1
#define NVNIC_QSTATE_ERROR	2		/* stopped by itself: CAUSE tells */
#define NVNIC_Q_STATUS_CAUSE	GENMASK_ULL(15, 8)	/* enum nvnic_status */
#define NVNIC_Q_STATUS_HOLD	GENMASK_ULL(19, 16)	/* TX: enum nvnic_hold */
#define NVNIC_Q_STATUS_HEAD	GENMASK_ULL(47, 32)	/* TX: completed up to, RX: fetched up to */

/**
 * enum nvnic_hold - why a TX queue is held, with flow control on
 * @NVNIC_HOLD_NONE: nothing
 * @NVNIC_HOLD_BUFFERS: receive buffers of the peer's queue
 * @NVNIC_HOLD_QUEUE: the peer's queue, which is not running
 */
enum nvnic_hold {
	NVNIC_HOLD_NONE = 0,
	NVNIC_HOLD_BUFFERS = 1,
	NVNIC_HOLD_QUEUE = 2,
};

/*
 * Bus address of the work (TX) or buffer (RX) ring, on a 16-byte boundary;
 * while off. Reset 0. RW.
 */
#define NVNIC_REG_Q_BASE	0x10
/* Bus address of the completion ring, on a 16-byte boundary; while off. Reset 0. RW. */
#define NVNIC_REG_Q_CBASE	0x18
/* Descriptors in each of the two rings, a power of two; while off. Reset 0. RW. */
#define NVNIC_REG_Q_SIZE	0x20
/* Doorbell: position behind the last descriptor posted. WO. */
#define NVNIC_REG_Q_TAIL	0x28
#define NVNIC_Q_TAIL_POS	GENMASK_ULL(15, 0)

/*
 * Arm the vector of the queue pair: it fires once, as soon as there is a completion
 * that the driver has not reaped, and moderation allows it. A vector that has fired
 * is disarmed. WO.
 */
#define NVNIC_REG_Q_ARM(_q)	(NVNIC_REG_QUEUE(_q) + 0x100)
#define NVNIC_Q_ARM_TX		GENMASK_ULL(15, 0)	/* next TX completion position */
#define NVNIC_Q_ARM_RX		GENMASK_ULL(31, 16)	/* next RX completion position */
#define NVNIC_Q_ARM_ON		BIT_ULL(32)		/* 0 disarms */
#define NVNIC_Q_ARM_MASK	GENMASK_ULL(32, 0)

/*
 * Moderation of the vector for completions of the TX and of the RX queue: the vector
 * fires USECS after the first one, or after FRAMES of them. USECS 0: no moderation,
 * FRAMES is at most 1. FRAMES 0: only by time. Reset 0. RW.
 */
#define NVNIC_REG_Q_MODER_TX(_q)	(NVNIC_REG_QUEUE(_q) + 0x108)
#define NVNIC_REG_Q_MODER_RX(_q)	(NVNIC_REG_QUEUE(_q) + 0x110)
#define NVNIC_Q_MODER_USECS	GENMASK_ULL(15, 0)	/* microseconds */
#define NVNIC_Q_MODER_FRAMES	GENMASK_ULL(31, 16)	/* TX: requests, RX: frames */
#define NVNIC_Q_MODER_MASK	GENMASK_ULL(31, 0)

/* ---- Counters of the queue, see <nvnic/counters.h>. RO. ---- */
#define NVNIC_REG_TXQ_CNT(_q, _n) (NVNIC_REG_QUEUE(_q) + 0x400 + (_n) * 8)
#define NVNIC_REG_RXQ_CNT(_q, _n) (NVNIC_REG_QUEUE(_q) + 0x600 + (_n) * 8)
#define NVNIC_QUEUE_CNT_MAX	64

/* Bytes of the register file. */
#define NVNIC_REG_END		NVNIC_REG_QUEUE(128)

/* Vectors: one a queue pair, numbered as the pair, and one for events. */
#define NVNIC_VEC_EVENT		128
#define NVNIC_VEC_COUNT		129

#endif /* NVNIC_ABI_REGS_H */

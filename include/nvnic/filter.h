/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic ABI: filter rules, which choose a queue before the receive hash does.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A frame has a key of 8 words. A rule holds values and a mask of that form; it
 * fits if the key equals the values wherever the mask has a 1. The key is made
 * of the inner headers of an NVGRE frame with NVNIC_OFF_NVGRE on, of the outer
 * ones otherwise; GRE with C or S set is not NVGRE (RFC 7637 section 3.2). What
 * a frame does not have is 0 in its key; the presence bits tell that from a 0
 * in the frame.
 */
#ifndef NVNIC_ABI_FILTER_H
#define NVNIC_ABI_FILTER_H

#include <linux/bits.h>

#define NVNIC_FLT_WORDS		8

/* Fields, by word. First byte of an address uppermost. */
#define NVNIC_FLT_0_DST		GENMASK_ULL(63, 16)	/* destination MAC */
#define NVNIC_FLT_0_TYPE	GENMASK_ULL(15, 0)	/* EtherType behind VLAN tags */
#define NVNIC_FLT_1_SRC		GENMASK_ULL(63, 16)	/* source MAC */
#define NVNIC_FLT_1_TCI		GENMASK_ULL(15, 0)	/* of the first VLAN tag */
#define NVNIC_FLT_IP_SRC	2	/* words 2, 3; IPv4: upper half of word 2 */
#define NVNIC_FLT_IP_DST	4	/* words 4, 5; likewise */
#define NVNIC_FLT_6_L4		GENMASK_ULL(63, 32)	/* first 4 bytes: the ports */
#define NVNIC_FLT_6_TOS		GENMASK_ULL(31, 24)	/* or traffic class */
#define NVNIC_FLT_6_PROTO	GENMASK_ULL(23, 16)	/* behind extension headers */
#define NVNIC_FLT_6_TPID	GENMASK_ULL(15, 0)	/* EtherType of the first tag */
#define NVNIC_FLT_7_VSID	GENMASK_ULL(31, 8)
/* Presence bits */
#define NVNIC_FLT_7_VLAN	BIT_ULL(0)
#define NVNIC_FLT_7_IP4		BIT_ULL(1)
#define NVNIC_FLT_7_IP6		BIT_ULL(2)
#define NVNIC_FLT_7_L4		BIT_ULL(3)	/* not of a fragment */
#define NVNIC_FLT_7_NVGRE	BIT_ULL(4)
#define NVNIC_FLT_7_MASK	(GENMASK_ULL(31, 8) | GENMASK_ULL(4, 0))

/* What to do with a frame: NVNIC_REG_FLT_ACTION */
#define NVNIC_FLT_ACT_KIND	GENMASK_ULL(17, 16)
#define NVNIC_FLT_ACT_K_QUEUE	0	/* QUEUE is its queue */
#define NVNIC_FLT_ACT_K_CONTEXT	1	/* hash with CONTEXT, add QUEUE to the result */
#define NVNIC_FLT_ACT_K_DROP	2	/* drop and count it */
#define NVNIC_FLT_ACT_K_VMQ	3	/* QUEUE is its VM queue set; NVNIC_FLT_T_VMQ only */
#define NVNIC_FLT_ACT_CONTEXT	GENMASK_ULL(15, 8)	/* below NVNIC_RSS_USER_CONTEXTS */
#define NVNIC_FLT_ACT_QUEUE	GENMASK_ULL(6, 0)
#define NVNIC_FLT_ACT_MASK	(GENMASK_ULL(17, 8) | GENMASK_ULL(6, 0))

/**
 * enum nvnic_flt_table - tables of rules, in the order of precedence
 * @NVNIC_FLT_T_NTUPLE: with NVNIC_OFF_NTUPLE
 * @NVNIC_FLT_T_TC: with NVNIC_OFF_TC
 * @NVNIC_FLT_T_VMQ: with NVNIC_OFF_VMQ; its keys hold MAC addresses, EtherType
 *	and VLAN only, and are of the outer header always; leads to VM queue sets.
 *	A frame that fits is accepted whatever NVNIC_REG_MACF() say
 * @NVNIC_FLT_TABLES: number of tables
 *
 * The other two see frames that NVNIC_REG_MACF() and NVNIC_REG_RX_MODE, or a
 * rule of NVNIC_FLT_T_VMQ, accept.
 */
enum nvnic_flt_table {
	NVNIC_FLT_T_NTUPLE,
	NVNIC_FLT_T_TC,
	NVNIC_FLT_T_VMQ,
	NVNIC_FLT_TABLES,
};

/* NVNIC_REG_FLT_CMD, written */
#define NVNIC_FLT_CMD_LOC	GENMASK_ULL(15, 0)
#define NVNIC_FLT_CMD_OP	GENMASK_ULL(17, 16)
#define NVNIC_FLT_OP_SET	1	/* put the staged rule at LOC, in one step */
#define NVNIC_FLT_OP_REMOVE	2	/* remove the rule at LOC */
#define NVNIC_FLT_OP_CLEAR	3	/* remove all rules of the table; LOC is 0 */
#define NVNIC_FLT_CMD_TABLE	GENMASK_ULL(19, 18)	/* enum nvnic_flt_table */
#define NVNIC_FLT_CMD_MASK	GENMASK_ULL(19, 0)

/**
 * enum nvnic_flt_status - NVNIC_REG_FLT_CMD, read: how the last command went
 * @NVNIC_FLT_ST_OK: done, and no frame goes by the old rules any more
 * @NVNIC_FLT_ST_BAD: table, location, mask, action or command that there is not
 * @NVNIC_FLT_ST_ABSENT: no rule at that location
 * @NVNIC_FLT_ST_SHAPES: NVNIC_FILTER_SHAPES other masks are in use in the table
 * @NVNIC_FLT_ST_CONTEXT: no such RSS context, or VM queue set
 * @NVNIC_FLT_ST_NOMEM: the device is short of memory
 * @NVNIC_FLT_ST_COUNT: number of states
 *
 * But for OK nothing has changed.
 */
enum nvnic_flt_status {
	NVNIC_FLT_ST_OK,
	NVNIC_FLT_ST_BAD,
	NVNIC_FLT_ST_ABSENT,
	NVNIC_FLT_ST_SHAPES,
	NVNIC_FLT_ST_CONTEXT,
	NVNIC_FLT_ST_NOMEM,
	NVNIC_FLT_ST_COUNT,
};

#endif /* NVNIC_ABI_FILTER_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic ABI: VM queue sets, queue pairs that belong to one virtual machine.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A set is a run of queue pairs with an RSS context of its own,
 * NVNIC_RSS_CTX_VMQ(), whose table stays within the run. Rules of
 * NVNIC_FLT_T_VMQ lead to it. Nothing else does: what fits no rule goes to
 * other queues, and a frame that fits one while the set does not run is dropped
 * and counted.
 */
#ifndef NVNIC_ABI_VMQ_H
#define NVNIC_ABI_VMQ_H

/**
 * enum nvnic_vmq_state - state of a set
 * @NVNIC_VMQ_UNDEFINED: there is no such set
 * @NVNIC_VMQ_ALLOCATED: it has queue pairs, and neither rules nor buffers
 * @NVNIC_VMQ_SET: rules, and no buffers
 * @NVNIC_VMQ_RUNNING: rules and buffers: it receives
 * @NVNIC_VMQ_PAUSED: buffers, and no rules
 * @NVNIC_VMQ_FREEING: DMA is stopped, the driver has the buffers still
 * @NVNIC_VMQ_STATES: number of states
 *
 * The states are those of an NDIS receive queue.
 */
enum nvnic_vmq_state {
	NVNIC_VMQ_UNDEFINED,
	NVNIC_VMQ_ALLOCATED,
	NVNIC_VMQ_SET,
	NVNIC_VMQ_RUNNING,
	NVNIC_VMQ_PAUSED,
	NVNIC_VMQ_FREEING,
	NVNIC_VMQ_STATES,
};

/* Names of the states, in their order: initialiser of a table */
#define NVNIC_VMQ_STATE_NAMES						\
	{ "undefined", "allocated", "set", "running", "paused", "freeing" }

/* NVNIC_REG_VMQ_CMD, written */
#define NVNIC_VMQ_OP_ALLOC	0	/* UNDEFINED to ALLOCATED, by NVNIC_REG_VMQ_CFG */
#define NVNIC_VMQ_OP_COMPLETE	1	/* ALLOCATED to PAUSED, SET to RUNNING */
#define NVNIC_VMQ_OP_STOP	2	/* ALLOCATED or PAUSED to FREEING: stops the queues' DMA */
#define NVNIC_VMQ_OP_FREE	3	/* FREEING to UNDEFINED */

/**
 * enum nvnic_vmq_status - NVNIC_REG_VMQ_CMD, read: how the last command went
 * @NVNIC_VMQ_OK: done
 * @NVNIC_VMQ_BAD_STATE: not in this state; STOP: not while rules lead to it
 * @NVNIC_VMQ_BAD_QUEUES: no queue pairs, not that many, or of another set
 * @NVNIC_VMQ_BAD_CONTEXT: no RSS context of the set, or its table leaves the run
 *
 * But for OK nothing has changed.
 */
enum nvnic_vmq_status {
	NVNIC_VMQ_OK,
	NVNIC_VMQ_BAD_STATE,
	NVNIC_VMQ_BAD_QUEUES,
	NVNIC_VMQ_BAD_CONTEXT,
};

#endif /* NVNIC_ABI_VMQ_H */

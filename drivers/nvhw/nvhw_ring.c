// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: what all rings have in common.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>

#include "nvhw.h"

/**
 * nvhw_ring_start() - open the rings that the registers name
 * @ring: the ring, off
 * @dev: the port's device
 * @words: 64-bit words of a completion
 *
 * Context: any; nobody else uses the ring.
 *
 * Return: NVNIC_ST_OK and the ring is running; NVNIC_ST_BAD_DESC for a size
 * that is not allowed, NVNIC_ST_DMA_FAULT for a ring that is not memory: it
 * stays off with that cause.
 */
enum nvnic_status nvhw_ring_start(struct nvhw_ring *ring, struct device *dev,
				  u8 words)
{
	u64 size = ring->size_reg;

	if (!nvpe_desc_ring_fits(size)) {
		ring->cause = NVNIC_ST_BAD_DESC;
		return NVNIC_ST_BAD_DESC;
	}
	if (xchg(&ring->refuse, false) ||
	    nvhw_dma_open(&ring->work, dev, ring->base, size * 16) ||
	    nvhw_dma_open(&ring->comp, dev, ring->cbase,
			  size * words * sizeof(__le64))) {
		nvhw_ring_stop(ring, NVNIC_QSTATE_OFF, NVNIC_ST_DMA_FAULT);
		return NVNIC_ST_DMA_FAULT;
	}
	WRITE_ONCE(ring->size, size);
	ring->words = words;
	ring->head = 0;
	WRITE_ONCE(ring->done, 0);
	WRITE_ONCE(ring->cpos, 0);
	WRITE_ONCE(ring->tail, 0);
	ring->cause = NVNIC_ST_OK;
	/* Publish the rings before the state; pairs with nvhw_tx_run(). */
	smp_store_release(&ring->state, NVNIC_QSTATE_RUNNING);
	return NVNIC_ST_OK;
}

/**
 * nvhw_ring_stop() - close the rings
 * @ring: the ring
 * @state: NVNIC_QSTATE_OFF or NVNIC_QSTATE_ERROR
 * @cause: enum nvnic_status
 *
 * Context: any; nobody else uses the ring.
 */
void nvhw_ring_stop(struct nvhw_ring *ring, u8 state, u8 cause)
{
	WRITE_ONCE(ring->state, state);
	ring->cause = cause;
	nvhw_dma_close(&ring->work);
	nvhw_dma_close(&ring->comp);
}

/**
 * nvhw_ring_reset() - give the registers of a ring their reset values
 * @ring: the ring, off
 *
 * Context: any; nobody else uses the ring.
 */
void nvhw_ring_reset(struct nvhw_ring *ring)
{
	ring->cause = NVNIC_ST_OK;
	ring->head = 0;
	ring->base = 0;
	ring->cbase = 0;
	ring->size_reg = 0;
}

/**
 * nvhw_ring_status() - value of NVNIC_REG_Q_STATUS
 * @ring: the ring
 *
 * Return: the value, without NVNIC_Q_STATUS_HOLD.
 */
u64 nvhw_ring_status(const struct nvhw_ring *ring)
{
	return FIELD_PREP(NVNIC_Q_STATUS_STATE, READ_ONCE(ring->state)) |
	       FIELD_PREP(NVNIC_Q_STATUS_CAUSE, READ_ONCE(ring->cause)) |
	       FIELD_PREP(NVNIC_Q_STATUS_HEAD, READ_ONCE(ring->head));
}

/**
 * nvhw_ring_behind() - count completions that the driver has not reaped
 * @ring: the ring
 * @cons: position of the next completion that the driver will reap, from Q_ARM
 *
 * Context: any.
 *
 * Return: their number, 0 if @cons is not within the ring or the queue is off.
 */
u16 nvhw_ring_behind(const struct nvhw_ring *ring, u16 cons)
{
	u16 n = READ_ONCE(ring->cpos) - cons;

	/* The driver has taken the ring of a queue that is off back. */
	if (READ_ONCE(ring->state) == NVNIC_QSTATE_OFF)
		return 0;
	return n <= READ_ONCE(ring->size) ? n : 0;
}

/**
 * nvhw_ring_pending() - count descriptors that are posted and not fetched
 * @ring: the ring, running
 *
 * Return: their number, or -ERANGE if the doorbell is out of range.
 */
int nvhw_ring_pending(const struct nvhw_ring *ring)
{
	/* P1: the tail before the descriptors it covers; pairs with the
	 * dma_wmb() before the driver's doorbell, and with the release in
	 * nvhw_tx_doorbell() and nvhw_rxq_doorbell().
	 */
	u16 tail = smp_load_acquire(&ring->tail);

	return nvpe_desc_pending(tail, ring->head, ring->size);
}

/**
 * nvhw_ring_fetch() - copy one descriptor out of the work ring
 * @ring: the ring, running
 * @pos: its position
 * @fault: fault injection; damages the copy if armed
 * @q: receives the descriptor; validate this copy and never read the ring again
 */
void nvhw_ring_fetch(const struct nvhw_ring *ring, u16 pos,
		     struct nvhw_fault *fault, u64 q[2])
{
	nvhw_dma_read_desc(&ring->work, pos & (ring->size - 1), q);
	/* Read armed before word and flip; pairs with nvhw_debugfs_arm(). */
	if (unlikely(smp_load_acquire(&fault->armed))) {
		q[fault->word & 1] ^= fault->flip;
		WRITE_ONCE(fault->armed, false);
	}
}

/**
 * nvhw_ring_complete() - write the next completion
 * @ring: the ring, running
 * @q: its words; this function sets the phase bit in the last one
 * @frames: number of frames that the completion covers
 *
 * The caller calls nvhw_irq_notify().
 */
void nvhw_ring_complete(struct nvhw_ring *ring, u64 *q, u16 frames)
{
	u16 pos = ring->cpos;

	if (!(pos & ring->size))
		q[ring->words - 1] |= NVNIC_TXC_PHASE;
	nvhw_dma_write_desc(&ring->comp, pos & (ring->size - 1), q, ring->words);
	WRITE_ONCE(ring->done, ring->done + frames);
	WRITE_ONCE(ring->cpos, pos + 1);
}

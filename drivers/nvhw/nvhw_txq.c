// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: TX queues: fetch, validate, complete.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>

#include "nvhw.h"

/* Requests that one completion may cover. */
#define NVHW_TXQ_COALESCE	16

static void nvhw_txq_kick(struct nvhw_sender *from)
{
	nvhw_engine_kick(container_of(from, struct nvhw_txq, sender));
}

/**
 * nvhw_txq_init() - set up a TX queue, off
 * @port: the port
 * @index: number of the queue
 */
void nvhw_txq_init(struct nvhw_port *port, unsigned int index)
{
	struct nvhw_txq *txq = &port->txq[index];

	txq->port = port;
	txq->vec = &port->vec[index];
	spin_lock_init(&txq->lock);
	txq->sender.port = port;
	txq->sender.kick = nvhw_txq_kick;
	INIT_LIST_HEAD(&txq->sender.hold);
}

/**
 * nvhw_txq_enable() - start a queue
 * @txq: the queue
 *
 * Context: process, under the port's lock.
 *
 * Return: false if it is not off, or its rings are refused.
 */
bool nvhw_txq_enable(struct nvhw_txq *txq)
{
	lockdep_assert_held(&txq->port->lock);
	if (txq->ring.state != NVNIC_QSTATE_OFF)
		return false;
	txq->busy = false;
	txq->loaded = false;
	txq->sender.judged = false;
	txq->done_count = 0;
	txq->done_frames = 0;
	txq->done_bytes = 0;
	return nvhw_ring_start(&txq->ring, &txq->port->bdev.dev,
			       NVNIC_TXC_WORDS) == NVNIC_ST_OK;
}

/**
 * nvhw_txq_disable() - stop a queue
 * @txq: the queue
 *
 * Context: process, under the port's lock, sleeps. On return the device does not
 * access the queue's rings and buffers.
 */
void nvhw_txq_disable(struct nvhw_txq *txq)
{
	lockdep_assert_held(&txq->port->lock);
	WRITE_ONCE(txq->ring.state, NVNIC_QSTATE_OFF);
	/* A running engine may still add itself to a receive queue's hold list,
	 * but only once; after a kick from there it finds the queue off.
	 */
	nvhw_engine_wait(txq);
	nvhw_rxq_unhold(&txq->sender);
	nvhw_engine_wait(txq);
	nvhw_tap_drop(&txq->frame);
	/* Complete the requests that were sent before the queue went off. */
	local_bh_disable();
	nvhw_txq_flush(txq);
	local_bh_enable();
	nvhw_ring_stop(&txq->ring, NVNIC_QSTATE_OFF, NVNIC_ST_OK);
}

static enum nvnic_status nvhw_txq_decode(struct nvhw_txq *txq,
					 const struct nvpe_desc_buf *buf)
{
	struct nvhw_piece *piece = &txq->req.buf[txq->req.desc.nbufs - 1];

	piece->len = buf->len;
	piece->va = nvhw_dma_decode(&txq->port->bdev.dev, buf->addr, buf->len,
				    false);
	if (piece->va)
		return NVNIC_ST_OK;
	nvhw_port_count(txq->port, NVNIC_PC_DMA_FAULTS, 1);
	return NVNIC_ST_DMA_FAULT;
}

/**
 * nvhw_txq_fetch() - fetch the next request into @txq->req
 * @txq: the queue, running, without a request
 * @got: receives whether a request was pending
 *
 * Each descriptor is copied once; only the copy is validated and used.
 *
 * Context: the queue's engine.
 *
 * Return: NVNIC_ST_OK, or the cause for which the queue must stop.
 */
enum nvnic_status nvhw_txq_fetch(struct nvhw_txq *txq, bool *got)
{
	struct nvhw_ring *ring = &txq->ring;
	int left = nvhw_ring_pending(ring);
	struct nvhw_txreq *r = &txq->req;
	enum nvnic_status status;
	struct nvpe_desc_buf buf;
	enum nvpe_desc kind;
	u16 pos = ring->head;
	u64 q[2];

	*got = false;
	if (left <= 0)
		return left ? NVNIC_ST_BAD_TAIL : NVNIC_ST_OK;
	r->desc = (struct nvpe_desc_tx){};
	do {
		if (!left--)
			return NVNIC_ST_BAD_DESC;
		nvhw_ring_fetch(ring, pos++, &txq->fault, q);
		kind = nvpe_desc_tx(&r->desc, q, &buf);
		if (kind == NVPE_DESC_BAD)
			return NVNIC_ST_BAD_DESC;
		if (kind == NVPE_DESC_REQ)
			continue;
		status = nvhw_txq_decode(txq, &buf);
		if (status != NVNIC_ST_OK)
			return status;
	} while (kind != NVPE_DESC_LAST);
	r->next = pos;
	r->frames = 0;
	r->bytes = 0;
	*got = true;
	return NVNIC_ST_OK;
}

static void nvhw_txq_post(struct nvhw_txq *txq, enum nvnic_status status)
{
	u64 q[NVNIC_TXC_WORDS] = {
		FIELD_PREP(NVNIC_TXC_BYTES, txq->done_bytes) |
		FIELD_PREP(NVNIC_TXC_FRAMES, txq->done_frames),
		FIELD_PREP(NVNIC_TXC_HEAD, txq->ring.head) |
		FIELD_PREP(NVNIC_TXC_STATUS, status),
	};

	nvhw_ring_complete(&txq->ring, q, txq->done_count);
	txq->done_count = 0;
	txq->done_frames = 0;
	txq->done_bytes = 0;
}

/**
 * nvhw_txq_flush() - post a completion for the requests that are done
 * @txq: the queue
 *
 * Context: the queue's engine.
 */
void nvhw_txq_flush(struct nvhw_txq *txq)
{
	if (!txq->done_count)
		return;
	nvhw_txq_post(txq, NVNIC_ST_OK);
	nvhw_irq_notify(txq->vec, &txq->ring, NVHW_TX);
}

/**
 * nvhw_txq_complete() - complete the current request
 * @txq: the queue
 * @status: its status
 *
 * Context: the queue's engine.
 */
void nvhw_txq_complete(struct nvhw_txq *txq, enum nvnic_status status)
{
	if (status != NVNIC_ST_OK)
		nvhw_txq_flush(txq);
	txq->ring.head = txq->req.next;
	txq->busy = false;
	txq->done_frames += txq->req.frames;
	txq->done_bytes += txq->req.bytes;
	txq->done_count++;
	if (status != NVNIC_ST_OK) {
		nvhw_txq_post(txq, status);
		nvhw_irq_notify(txq->vec, &txq->ring, NVHW_TX);
	} else if (txq->done_count == NVHW_TXQ_COALESCE) {
		nvhw_txq_flush(txq);
	}
}

/**
 * nvhw_txq_fail() - stop a queue after a fatal fault
 * @txq: the queue
 * @cause: the fault, NVNIC_ST_FATAL or above
 *
 * A completion that covers no request tells the driver.
 *
 * Context: the queue's engine.
 */
void nvhw_txq_fail(struct nvhw_txq *txq, enum nvnic_status cause)
{
	enum nvnic_txq_counter which = NVNIC_TC_ERR_DESC;

	if (cause == NVNIC_ST_BAD_TAIL)
		which = NVNIC_TC_ERR_TAIL;
	else if (cause == NVNIC_ST_DMA_FAULT)
		which = NVNIC_TC_ERR_DMA;
	txq->cnt[which]++;
	nvhw_txq_flush(txq);
	nvhw_txq_post(txq, cause);
	nvhw_ring_stop(&txq->ring, NVNIC_QSTATE_ERROR, cause);
	nvhw_irq_urgent(txq->vec);
}

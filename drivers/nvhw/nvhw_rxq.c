// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: RX queues: posted buffers, and senders that wait for them.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>

#include "nvhw.h"

/**
 * nvhw_rxq_init() - set up an RX queue, off
 * @port: the port
 * @index: number of the queue
 */
void nvhw_rxq_init(struct nvhw_port *port, unsigned int index)
{
	struct nvhw_rxq *rxq = &port->rxq[index];

	rxq->port = port;
	rxq->vec = &port->vec[index];
	spin_lock_init(&rxq->lock);
	INIT_LIST_HEAD(&rxq->holding);
}

static void nvhw_rxq_release_one(struct nvhw_sender *from)
{
	list_del_init(&from->hold);
	/* P10: take @from off the list before clearing held; pairs with nvhw_tx_run(). */
	smp_store_release(&from->held, NVNIC_HOLD_NONE);
	from->kick(from);
}

static void nvhw_rxq_release(struct nvhw_rxq *rxq)
{
	struct nvhw_sender *from, *tmp;

	lockdep_assert_held(&rxq->lock);
	list_for_each_entry_safe(from, tmp, &rxq->holding, hold)
		nvhw_rxq_release_one(from);
}

/**
 * nvhw_rxq_doorbell() - write to NVNIC_REG_Q_TAIL
 * @rxq: the queue
 * @tail: position behind the last buffer posted
 *
 * Context: any but hard interrupt.
 */
void nvhw_rxq_doorbell(struct nvhw_rxq *rxq, u16 tail)
{
	/* P1: descriptors before the tail; pairs with nvhw_ring_pending(). */
	smp_store_release(&rxq->ring.tail, tail);
	/* P4: write the tail before reading the list; pairs with nvhw_rxq_hold(). */
	smp_mb();
	if (likely(list_empty_careful(&rxq->holding)))
		return;
	spin_lock_bh(&rxq->lock);
	nvhw_rxq_release(rxq);
	spin_unlock_bh(&rxq->lock);
}

/**
 * nvhw_rxq_release_all() - kick every held sender
 * @port: the port, whose flow control or steering has changed
 *
 * Context: process.
 */
void nvhw_rxq_release_all(struct nvhw_port *port)
{
	unsigned int i;

	for (i = 0; i < NVNIC_MAX_QUEUES; i++) {
		spin_lock_bh(&port->rxq[i].lock);
		nvhw_rxq_release(&port->rxq[i]);
		spin_unlock_bh(&port->rxq[i].lock);
	}
}

/**
 * nvhw_rxq_reroute() - kick senders held by queues that steering now avoids
 * @port: the port
 *
 * A sender is an RCU reader from choosing the queue until it is on the queue's
 * list, so after the grace period none is about to be held by an old choice.
 *
 * Context: process, sleeps.
 */
void nvhw_rxq_reroute(struct nvhw_port *port)
{
	synchronize_rcu_expedited();
	nvhw_rxq_release_all(port);
}

/**
 * nvhw_rxq_hold() - hold a sender until buffers are posted
 * @rxq: the queue, without buffers or not running; the first doorbell after it
 *	runs releases the sender
 * @from: the sender; its kick() is called on release
 *
 * Context: softirq, under @rxq->lock.
 *
 * Return: false if buffers were posted meanwhile: the caller tries again.
 */
bool nvhw_rxq_hold(struct nvhw_rxq *rxq, struct nvhw_sender *from)
{
	lockdep_assert_held(&rxq->lock);
	from->hold_rxq = rxq;
	WRITE_ONCE(from->held, rxq->ring.state == NVNIC_QSTATE_RUNNING ?
			       NVNIC_HOLD_BUFFERS : NVNIC_HOLD_QUEUE);
	list_add_tail(&from->hold, &rxq->holding);
	/* P4: add to the list before reading the tail; pairs with nvhw_rxq_doorbell(). */
	smp_mb();
	if (rxq->ring.state != NVNIC_QSTATE_RUNNING ||
	    !nvhw_ring_pending(&rxq->ring)) {
		nvhw_port_count(rxq->port, NVNIC_PC_WIRE_PAUSE_TX, 1);
		return true;
	}
	list_del_init(&from->hold);
	WRITE_ONCE(from->held, NVNIC_HOLD_NONE);
	return false;
}

/**
 * nvhw_rxq_unhold() - take a sender that is being stopped off the hold list
 * @from: the sender, its engine idle
 *
 * Context: process.
 */
void nvhw_rxq_unhold(struct nvhw_sender *from)
{
	struct nvhw_rxq *rxq = from->hold_rxq;

	if (!rxq)
		return;
	spin_lock_bh(&rxq->lock);
	list_del_init(&from->hold);
	WRITE_ONCE(from->held, NVNIC_HOLD_NONE);
	spin_unlock_bh(&rxq->lock);
}

/**
 * nvhw_rxq_enable() - start a queue
 * @rxq: the queue
 *
 * Context: process, under the port's lock.
 *
 * Return: false if it is not off, or its rings are refused.
 */
bool nvhw_rxq_enable(struct nvhw_rxq *rxq)
{
	bool ok = false;

	lockdep_assert_held(&rxq->port->lock);
	spin_lock_bh(&rxq->lock);
	if (rxq->ring.state == NVNIC_QSTATE_OFF) {
		rxq->nbufs = 0;
		ok = nvhw_ring_start(&rxq->ring, &rxq->port->bdev.dev,
				     NVNIC_RXC_WORDS) ==
		     NVNIC_ST_OK;
	}
	spin_unlock_bh(&rxq->lock);
	return ok;
}

/**
 * nvhw_rxq_disable() - stop a queue
 * @rxq: the queue
 *
 * Context: process, under the port's lock. On return the device does not access
 * the queue's rings and buffers; held senders are kicked.
 */
void nvhw_rxq_disable(struct nvhw_rxq *rxq)
{
	lockdep_assert_held(&rxq->port->lock);
	spin_lock_bh(&rxq->lock);
	nvhw_ring_stop(&rxq->ring, NVNIC_QSTATE_OFF, NVNIC_ST_OK);
	rxq->nbufs = 0;
	nvhw_rxq_release(rxq);
	spin_unlock_bh(&rxq->lock);
}

/* A completion without a frame tells the driver. */
static void nvhw_rxq_fail(struct nvhw_rxq *rxq, enum nvnic_status cause)
{
	u64 q[NVNIC_RXC_WORDS] = { [1] = FIELD_PREP(NVNIC_RXC_STATUS, cause) };
	enum nvnic_rxq_counter which = NVNIC_RC_ERR_DESC;

	if (cause == NVNIC_ST_BAD_TAIL)
		which = NVNIC_RC_ERR_TAIL;
	else if (cause == NVNIC_ST_DMA_FAULT)
		which = NVNIC_RC_ERR_DMA;
	rxq->cnt[which]++;
	nvhw_ring_complete(&rxq->ring, q, 1);
	nvhw_ring_stop(&rxq->ring, NVNIC_QSTATE_ERROR, cause);
	nvhw_rxq_release(rxq);
	nvhw_irq_urgent(rxq->vec);
}

static enum nvnic_status nvhw_rxq_fetch(struct nvhw_rxq *rxq)
{
	struct nvhw_piece *piece = &rxq->buf[rxq->nbufs];
	struct nvpe_desc_buf buf;
	u64 q[2];

	nvhw_ring_fetch(&rxq->ring, rxq->ring.head, &rxq->fault, q);
	if (!nvpe_desc_rx(q, &buf))
		return NVNIC_ST_BAD_DESC;
	piece->len = buf.len;
	piece->va = nvhw_dma_decode(&rxq->port->bdev.dev, buf.addr, buf.len,
				    true);
	if (!piece->va) {
		nvhw_port_count(rxq->port, NVNIC_PC_DMA_FAULTS, 1);
		return NVNIC_ST_DMA_FAULT;
	}
	rxq->nbufs++;
	WRITE_ONCE(rxq->ring.head, rxq->ring.head + 1);
	return NVNIC_ST_OK;
}

/**
 * nvhw_rxq_take() - fetch enough buffers for a frame
 * @rxq: the queue
 * @len: length of the frame
 *
 * Context: softirq, under @rxq->lock.
 *
 * Return: number of buffers in @rxq->buf that the frame fills; 0 if too few are
 * posted; -EIO if the queue is not running, or a bad descriptor has stopped it.
 */
int nvhw_rxq_take(struct nvhw_rxq *rxq, u32 len)
{
	static_assert(NVNIC_MAX_RX_BUFS * NVNIC_MIN_RX_BUF >=
		      NVNIC_MAX_MTU + NVNIC_L2_OVERHEAD);
	enum nvnic_status status;
	unsigned int n = 0;
	u32 sum = 0;
	int left;

	lockdep_assert_held(&rxq->lock);
	if (rxq->ring.state != NVNIC_QSTATE_RUNNING)
		return -EIO;
	for (;;) {
		for (; n < rxq->nbufs; n++) {
			sum += rxq->buf[n].len;
			if (sum >= len)
				return n + 1;
		}
		left = nvhw_ring_pending(&rxq->ring);
		if (!left)
			return 0;
		status = left < 0 ? NVNIC_ST_BAD_TAIL : nvhw_rxq_fetch(rxq);
		if (status != NVNIC_ST_OK) {
			nvhw_rxq_fail(rxq, status);
			return -EIO;
		}
	}
}

/**
 * nvhw_rxq_used() - remove filled buffers from @rxq->buf
 * @rxq: the queue
 * @n: number of buffers that a frame has filled
 *
 * Context: softirq, under @rxq->lock.
 */
void nvhw_rxq_used(struct nvhw_rxq *rxq, unsigned int n)
{
	lockdep_assert_held(&rxq->lock);
	rxq->nbufs -= n;
	if (unlikely(rxq->nbufs))
		memmove(rxq->buf, rxq->buf + n,
			rxq->nbufs * sizeof(rxq->buf[0]));
}

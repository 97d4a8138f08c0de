// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: vectors: interrupt, NAPI, affinity.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/irq.h>
#include <linux/rtnetlink.h>

#include "nvnic.h"
#include "nvnic_csr.h"

/* Longest wait for NAPI to reap one more completion */
#define NVNIC_FINISH_US		USEC_PER_SEC
#define NVNIC_FINISH_STEP_US	100

static irqreturn_t nvnic_vec_interrupt(int irq, void *data)
{
	struct nvnic_vec *vec = data;

	vec->events++;
	napi_schedule_irqoff(&vec->napi);

	return IRQ_HANDLED;
}

static void nvnic_vec_arm(struct nvnic_vec *vec)
{
	nvnic_wr(vec->nn->bdev, vec->arm,
		 NVNIC_Q_ARM_ON |
		 FIELD_PREP(NVNIC_Q_ARM_TX, vec->tx.cons) |
		 FIELD_PREP(NVNIC_Q_ARM_RX, vec->rx.cons));
}

/**
 * nvnic_poll() - NAPI poll of a vector
 * @napi: NAPI of the vector
 * @budget: most frames to receive; 0 when called by netpoll
 *
 * Context: NAPI.
 *
 * Return: number of frames received; @budget if there may be more.
 */
int nvnic_poll(struct napi_struct *napi, int budget)
{
	struct nvnic_vec *vec = container_of(napi, struct nvnic_vec, napi);
	int work;

	nvnic_clean_tx(&vec->tx, budget);
	if (unlikely(!budget))
		return 0;

	work = nvnic_clean_rx(vec, budget);
	if (work == budget)
		return budget;

	/* Adapt before napi_complete_done(): napi_disable() waits for this. */
	if (vec->tx_adaptive | vec->rx_adaptive)
		nvnic_moder_adapt(vec);

	/* The vector fires at once if completions were posted behind these
	 * positions. It must not fire for a broken ring, which nobody reaps: its
	 * reset polls again.
	 */
	if (napi_complete_done(napi, work) &&
	    likely(!vec->tx.broken && !vec->rx.broken))
		nvnic_vec_arm(vec);

	return work;
}

/**
 * nvnic_vec_pause() - keep NAPI away from a vector in use
 * @vec: vector
 *
 * Context: process, instance lock; sleeps.
 */
void nvnic_vec_pause(struct nvnic_vec *vec)
{
	nvnic_napi_disable(&vec->napi);
}

/**
 * nvnic_vec_resume() - undo nvnic_vec_pause()
 * @vec: vector
 *
 * Schedules a poll, which reaps what arrived meanwhile and arms the vector.
 *
 * Context: process, instance lock.
 */
void nvnic_vec_resume(struct nvnic_vec *vec)
{
	nvnic_napi_enable(&vec->napi);
	local_bh_disable();
	napi_schedule(&vec->napi);
	local_bh_enable();
}

/* ---- Affinity ---- */

/* Have a CPU send on the queue whose vector it serves, unless a VM owns the queue. */
static void nvnic_vec_xps(struct nvnic_vec *vec)
{
	if (vec->vmq)
		return;
	netif_set_xps_queue(vec->nn->netdev,
			    irq_get_effective_affinity_mask(vec->irq),
			    vec->index);
}

static void nvnic_vec_affinity_notify(struct irq_affinity_notify *notify,
				      const cpumask_t *mask)
{
	nvnic_vec_xps(container_of(notify, struct nvnic_vec, affinity));
}

/* Nothing to free: the notifier is a part of the vector, which outlives it. */
static void nvnic_vec_affinity_release(struct kref *ref)
{
}

/*
 * Spread the vectors over the CPUs when they are first requested. From then on only
 * the user moves them.
 */
static void nvnic_vec_place(struct nvnic_vec *vec)
{
	const struct cpumask *home;

	home = get_cpu_mask(cpumask_local_spread(vec->index, NUMA_NO_NODE));
	if (__test_and_set_bit(vec->index, vec->nn->placed))
		irq_update_affinity_hint(vec->irq, home);
	else
		irq_set_affinity_and_hint(vec->irq, home);
}

/**
 * nvnic_vec_request_irq() - request a vector's interrupt
 * @vec: vector
 *
 * The interrupt number belongs to the vector as long as the port exists, so the
 * user's smp_affinity outlives the queue.
 *
 * Context: process, instance lock; sleeps.
 *
 * Return: 0, or what request_irq() returned.
 */
int nvnic_vec_request_irq(struct nvnic_vec *vec)
{
	struct nvnic_net *nn = vec->nn;
	int irq, err;

	snprintf(vec->name, sizeof(vec->name), "%s-TxRx-%u", nn->netdev->name,
		 vec->index);
	irq = nvnic_vector_irq(nn->bdev, vec->index);
	if (irq < 0)
		return irq;

	err = request_irq(irq, nvnic_vec_interrupt, 0, vec->name, vec);
	if (err)
		return err;

	vec->irq = irq;
	nvnic_napi_set_irq(&vec->napi, irq);
	nvnic_vec_place(vec);
	vec->affinity.notify = nvnic_vec_affinity_notify;
	vec->affinity.release = nvnic_vec_affinity_release;
	irq_set_affinity_notifier(irq, &vec->affinity);
	nvnic_vec_xps(vec);

	return 0;
}

/**
 * nvnic_vec_free_irq() - undo nvnic_vec_request_irq()
 * @vec: vector
 *
 * Context: process, instance lock; sleeps.
 */
void nvnic_vec_free_irq(struct nvnic_vec *vec)
{
	irq_set_affinity_notifier(vec->irq, NULL);
	irq_update_affinity_hint(vec->irq, NULL);
	nvnic_napi_set_irq(&vec->napi, -1);
	free_irq(vec->irq, vec);
	vec->irq = 0;
}

/* ---- In use ---- */

static void nvnic_vec_attach(struct nvnic_vec *vec, struct napi_struct *napi)
{
	struct net_device *dev = vec->nn->netdev;

	netif_queue_set_napi(dev, vec->index, NETDEV_QUEUE_TYPE_RX, napi);
	netif_queue_set_napi(dev, vec->index, NETDEV_QUEUE_TYPE_TX, napi);
	/* nvnic_start_xmit() may run: frames may wait for a queue without a ring. */
	__netif_tx_lock_bh(vec->tx.txq);
	vec->nn->tx[vec->index] = napi ? &vec->tx : NULL;
	__netif_tx_unlock_bh(vec->tx.txq);
}

/**
 * nvnic_vec_enable() - enable NAPI and attach the queues
 * @vec: vector, its interrupt requested and its queues started
 *
 * Context: process, instance lock.
 */
void nvnic_vec_enable(struct nvnic_vec *vec)
{
	nvnic_vec_attach(vec, &vec->napi);
	nvnic_moder_start(vec);
	nvnic_napi_enable(&vec->napi);
	nvnic_vec_arm(vec);
}

static bool nvnic_rx_idle(const struct nvnic_rx_ring *ring, u16 cons)
{
	if (ring->broken)
		return true;

	return nvnic_rxc_phase(&ring->cmpl[cons & ring->mask]) !=
	       nvnic_phase(cons, ring->size);
}

/**
 * nvnic_vec_finish() - wait until NAPI has reaped the RX queue
 * @vec: vector, its RX queue stopped
 *
 * No received frame is lost with the ring, however long NAPI takes, unless it makes
 * no progress for NVNIC_FINISH_US.
 *
 * Context: process, instance lock; sleeps.
 */
void nvnic_vec_finish(struct nvnic_vec *vec)
{
	u16 cons, before;

	local_bh_disable();
	napi_schedule(&vec->napi);
	local_bh_enable();

	cons = READ_ONCE(vec->rx.cons);
	do {
		before = cons;
		read_poll_timeout(READ_ONCE, cons,
				  cons != before || nvnic_rx_idle(&vec->rx, cons),
				  NVNIC_FINISH_STEP_US, NVNIC_FINISH_US, false,
				  vec->rx.cons);
	} while (cons != before);
}

/**
 * nvnic_vec_disable() - disable NAPI, free the interrupt of a vector
 * @vec: vector, its queues stopped
 *
 * Context: process, instance lock; sleeps.
 */
void nvnic_vec_disable(struct nvnic_vec *vec)
{
	nvnic_napi_disable(&vec->napi);
	timer_delete_sync(&vec->rx_retry);
	nvnic_moder_stop(vec);
	nvnic_vec_free_irq(vec);
}

/**
 * nvnic_vec_detach() - detach the queues of a vector from the stack
 * @vec: vector, disabled, its TX queue stopped
 *
 * Context: process, instance lock.
 */
void nvnic_vec_detach(struct nvnic_vec *vec)
{
	nvnic_vec_attach(vec, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: scheduling of TX engines, in softirq or kernel threads.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The engine itself, and the functions of its work items, are in nvhw_tx.c.
 */
#include "nvhw.h"
#include "nvhw_compat.h"

static struct workqueue_struct *nvhw_softirq_wq;
static struct workqueue_struct *nvhw_thread_wq;

/**
 * nvhw_engine_init() - create the workqueues
 *
 * Context: process, sleeps.
 *
 * Return: 0 or -ENOMEM.
 */
int nvhw_engine_init(void)
{
	nvhw_softirq_wq = alloc_workqueue("nvhw", NVHW_WQ_BH, 0);
	if (!nvhw_softirq_wq)
		return -ENOMEM;
	/* No WQ_HIGHPRI: an engine may have work for ever. */
	nvhw_thread_wq = alloc_workqueue("nvhw-threads", WQ_UNBOUND, 0);
	if (!nvhw_thread_wq) {
		destroy_workqueue(nvhw_softirq_wq);
		return -ENOMEM;
	}
	return 0;
}

/**
 * nvhw_engine_exit() - destroy the workqueues
 *
 * Context: process, sleeps.
 */
void nvhw_engine_exit(void)
{
	destroy_workqueue(nvhw_thread_wq);
	destroy_workqueue(nvhw_softirq_wq);
}

/**
 * nvhw_engine_may_run() - may a doorbell run the engine in its own context?
 * @port: the port
 *
 * The engine's locks need bottom halves off. Interrupts must be on: netpoll rings
 * doorbells with interrupts off.
 *
 * Context: any.
 *
 * Return: true if it may and NVNIC_CTRL_THREADS is off.
 */
bool nvhw_engine_may_run(const struct nvhw_port *port)
{
	return softirq_count() && !irqs_disabled() &&
	       READ_ONCE(port->wq) == nvhw_softirq_wq;
}

/**
 * nvhw_engine_place() - choose the workqueue of a port, while no engine runs
 * @port: the port, all engines idle
 * @threads: in kernel threads, not in softirq
 *
 * Context: process.
 */
void nvhw_engine_place(struct nvhw_port *port, bool threads)
{
	WRITE_ONCE(port->wq, threads ? nvhw_thread_wq : nvhw_softirq_wq);
}

/**
 * nvhw_engine_move() - change the workqueue of a port
 * @port: the port
 * @threads: in kernel threads, not in softirq
 *
 * Stops all engines first: a work item must not be on two workqueues.
 *
 * Context: process, under the port's lock, sleeps.
 */
void nvhw_engine_move(struct nvhw_port *port, bool threads)
{
	unsigned int i;

	lockdep_assert_held(&port->lock);
	WRITE_ONCE(port->wq, NULL);
	synchronize_rcu();
	for (i = 0; i < NVNIC_MAX_QUEUES; i++)
		nvhw_engine_wait(&port->txq[i]);
	nvhw_engine_place(port, threads);
	for (i = 0; i < NVNIC_MAX_QUEUES; i++)
		if (READ_ONCE(port->txq[i].ring.state) == NVNIC_QSTATE_RUNNING)
			nvhw_engine_kick(&port->txq[i]);
}

/**
 * nvhw_engine_kick() - queue the engine's work item
 * @txq: the queue
 *
 * Context: any.
 */
void nvhw_engine_kick(struct nvhw_txq *txq)
{
	struct workqueue_struct *wq;

	rcu_read_lock();
	/* NULL while nvhw_engine_move() has stopped all engines */
	wq = READ_ONCE(txq->port->wq);
	if (likely(wq == nvhw_softirq_wq))
		queue_work(wq, &txq->softirq);
	else if (wq)
		queue_work(wq, &txq->thread);
	rcu_read_unlock();
}

/**
 * nvhw_engine_wait() - wait for the engine of a queue, cancel pending kicks
 * @txq: the queue
 *
 * Context: process, sleeps. The queue is off, or nvhw_engine_move() has stopped
 * the engines.
 */
void nvhw_engine_wait(struct nvhw_txq *txq)
{
	/* Wait for an engine that a doorbell runs; no new one can start. */
	spin_lock_bh(&txq->lock);
	spin_unlock_bh(&txq->lock);
	cancel_work_sync(&txq->softirq);
	cancel_work_sync(&txq->thread);
}

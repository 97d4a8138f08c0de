// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: where the engines of TX queues run, and when.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * What an engine does is in nvhw_tx.c, where its work items are set up, too.
 */
#include "nvhw.h"
#include "nvhw_compat.h"

static struct workqueue_struct *nvhw_softirq_wq;
static struct workqueue_struct *nvhw_thread_wq;

/**
 * nvhw_engine_init() - create the places where engines run
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
	nvhw_thread_wq = alloc_workqueue("nvhw-threads",
					 WQ_UNBOUND | WQ_HIGHPRI, 0);
	if (!nvhw_thread_wq) {
		destroy_workqueue(nvhw_softirq_wq);
		return -ENOMEM;
	}
	return 0;
}

/**
 * nvhw_engine_exit() - remove them
 *
 * Context: process, sleeps.
 */
void nvhw_engine_exit(void)
{
	destroy_workqueue(nvhw_thread_wq);
	destroy_workqueue(nvhw_softirq_wq);
}

/**
 * nvhw_engine_may_run() - may an engine run right here?
 * @port: the port
 *
 * It may where softirqs are off, as its locks ask for, and interrupts on: netpoll
 * sends from interrupts, too.
 *
 * Context: any.
 *
 * Return: true if it may, and nobody wants it in a thread instead.
 */
bool nvhw_engine_may_run(const struct nvhw_port *port)
{
	return softirq_count() && !irqs_disabled() &&
	       READ_ONCE(port->wq) == nvhw_softirq_wq;
}

/**
 * nvhw_engine_place() - say where the engines of a port run
 * @port: the port; none of its engines runs
 * @threads: in kernel threads, not in softirq
 *
 * Context: process.
 */
void nvhw_engine_place(struct nvhw_port *port, bool threads)
{
	WRITE_ONCE(port->wq, threads ? nvhw_thread_wq : nvhw_softirq_wq);
}

/**
 * nvhw_engine_move() - have the engines of a port run elsewhere
 * @port: the port
 * @threads: in kernel threads, not in softirq
 *
 * Stops all, then switches: no work item may be on two workqueues.
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
 * nvhw_engine_kick() - have the engine look at a queue, soon
 * @txq: the queue
 *
 * Context: any.
 */
void nvhw_engine_kick(struct nvhw_txq *txq)
{
	struct workqueue_struct *wq;

	rcu_read_lock();
	/* NULL while nvhw_engine_move() has them all stopped */
	wq = READ_ONCE(txq->port->wq);
	if (likely(wq == nvhw_softirq_wq))
		queue_work(wq, &txq->softirq);
	else if (wq)
		queue_work(wq, &txq->thread);
	rcu_read_unlock();
}

/**
 * nvhw_engine_wait() - wait for the engine of a queue, and forget its kicks
 * @txq: the queue
 *
 * Context: process, sleeps. The queue is off, or its port's engines are
 * stopped.
 */
void nvhw_engine_wait(struct nvhw_txq *txq)
{
	/* One that a doorbell has started; none begins. */
	spin_lock_bh(&txq->lock);
	spin_unlock_bh(&txq->lock);
	cancel_work_sync(&txq->softirq);
	cancel_work_sync(&txq->thread);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: start, stop and replacement of rings.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/rtnetlink.h>
#include <net/sch_generic.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_vmq.h"

/* Longest wait for the next completion of TX rings that are being replaced */
#define NVNIC_DRAIN_US		USEC_PER_SEC
#define NVNIC_DRAIN_STEP_US	200
/* A queue counts as held if it waits longer for the peer's receive buffers. */
#define NVNIC_HELD_US		(50 * USEC_PER_MSEC)

static int nvnic_vec_start(struct nvnic_vec *vec)
{
	int err;

	vec->tx.closed = false;
	err = nvnic_rx_prefill(&vec->rx);
	if (err)
		return err;

	err = nvnic_tx_start(vec);
	if (err)
		return err;

	err = nvnic_rx_start(vec);
	if (err)
		nvnic_queue_stop(vec->nn, NVNIC_REG_TXQ(vec->index));

	return err;
}

static void nvnic_vec_stop(struct nvnic_vec *vec)
{
	nvnic_wr(vec->nn->bdev, vec->arm, 0);
	nvnic_queue_stop(vec->nn, NVNIC_REG_TXQ(vec->index));
	nvnic_queue_stop(vec->nn, NVNIC_REG_RXQ(vec->index));
}

/* Empty the rings and reset their positions; the device has stopped them. */
static void nvnic_vec_flush(struct nvnic_vec *vec)
{
	nvnic_tx_flush(&vec->tx);
	nvnic_rx_flush(&vec->rx);
}

static void nvnic_span_halt(struct nvnic_rings *rings, u32 first, u32 end)
{
	struct nvnic_vec *vec;

	nvnic_for_each_vec_in(vec, rings, first, end) {
		nvnic_vec_stop(vec);
		nvnic_vec_flush(vec);
	}
}

static int nvnic_span_start(struct nvnic_rings *rings, u32 first, u32 end)
{
	struct nvnic_vec *vec;
	int err;

	nvnic_for_each_vec_in(vec, rings, first, end) {
		err = nvnic_vec_start(vec);
		if (err) {
			nvnic_span_halt(rings, first, vec->index);
			return err;
		}
	}

	return 0;
}

static int nvnic_span_request_irqs(struct nvnic_rings *rings, u32 first,
				   u32 end)
{
	struct nvnic_vec *vec, *done;
	int err;

	nvnic_for_each_vec_in(vec, rings, first, end) {
		err = nvnic_vec_request_irq(vec);
		if (!err)
			continue;
		netdev_err(vec->nn->netdev,
			   "failed to request the interrupt of queue pair %u: %d\n", vec->index,
			   err);
		nvnic_for_each_vec_in(done, rings, first, vec->index)
			nvnic_vec_free_irq(done);
		return err;
	}

	return 0;
}

/* Start queue pairs; on an error none runs. */
static int nvnic_span_up(struct nvnic_rings *rings, u32 first, u32 end)
{
	struct nvnic_vec *vec;
	int err;

	err = nvnic_span_start(rings, first, end);
	if (err)
		return err;

	err = nvnic_span_request_irqs(rings, first, end);
	if (err) {
		nvnic_span_halt(rings, first, end);
		return err;
	}

	nvnic_for_each_vec_in(vec, rings, first, end)
		nvnic_vec_enable(vec);

	return 0;
}

static void nvnic_span_tx_stop(struct nvnic_rings *rings, u32 first, u32 end)
{
	struct nvnic_vec *vec;

	nvnic_for_each_vec_in(vec, rings, first, end)
		nvnic_tx_close(&vec->tx);
}

/* Stop queue pairs: afterwards device and stack do not use the rings, which are empty. */
static void nvnic_span_down(struct nvnic_rings *rings, u32 first, u32 end)
{
	struct nvnic_vec *vec;

	nvnic_span_tx_stop(rings, first, end);
	nvnic_for_each_vec_in(vec, rings, first, end)
		nvnic_vec_stop(vec);

	nvnic_for_each_vec_in(vec, rings, first, end) {
		nvnic_vec_finish(vec);
		nvnic_vec_disable(vec);
	}

	/* A poll that had not seen tx.closed yet may have woken a queue. */
	nvnic_span_tx_stop(rings, first, end);

	nvnic_for_each_vec_in(vec, rings, first, end) {
		nvnic_vec_detach(vec);
		clear_bit(vec->index, vec->nn->fault_tx);
		clear_bit(vec->index, vec->nn->fault_rx);
		nvnic_vec_flush(vec);
	}
}

/* The qdisc that holds frames of this queue only, or NULL */
static struct Qdisc *nvnic_txq_backlog(struct netdev_queue *txq)
{
	struct Qdisc *qdisc = rtnl_dereference(txq->qdisc);

	return qdisc && qdisc->flags & TCQ_F_ONETXQUEUE ? qdisc : NULL;
}

static void nvnic_backlog_reset(struct Qdisc *qdisc)
{
	spin_lock_bh(qdisc_lock(qdisc));
	qdisc_reset(qdisc);
	spin_unlock_bh(qdisc_lock(qdisc));
}

/* As qdisc_reset_all_tx_gt(), for one queue */
static void nvnic_txq_reset(struct netdev_queue *txq)
{
	struct Qdisc *qdisc = nvnic_txq_backlog(txq);

	if (!qdisc)
		return;

	if (!(qdisc->flags & TCQ_F_NOLOCK)) {
		nvnic_backlog_reset(qdisc);
		return;
	}

	spin_lock_bh(&qdisc->seqlock);
	nvnic_backlog_reset(qdisc);
	clear_bit(__QDISC_STATE_MISSED, &qdisc->state);
	clear_bit(__QDISC_STATE_DRAINING, &qdisc->state);
	spin_unlock_bh(&qdisc->seqlock);
}

static void nvnic_span_tx_reset(struct nvnic_net *nn, u32 first, u32 end)
{
	for (; first < end; first++)
		nvnic_txq_reset(netdev_get_tx_queue(nn->netdev, first));
}

/*
 * Move the border between the port's TX queues and those of VM queue sets. Frames that
 * wait for a queue which changes its owner must not be sent there.
 */
static void nvnic_tx_move(struct nvnic_net *nn, u16 num)
{
	u16 old = nn->tx_num;

	if (old == num)
		return;
	WRITE_ONCE(nn->tx_num, num);
	if (!nn->vmq_used)
		return;

	/* Wait for callers of nvnic_select_queue() that have read the old border. */
	synchronize_net();
	nvnic_span_tx_reset(nn, min(old, num), NVNIC_MAX_QUEUES);
}

/**
 * nvnic_rings_up() - start rings
 * @nn: port, without rings in use
 * @rings: rings that are not in use
 *
 * Does not start the stack's queues.
 *
 * Context: process, instance lock; TX queues stopped or not yet started.
 *
 * Return: 0; -ENOMEM without memory for buffers; -EIO if the device refused a queue,
 * the hash table or a VM queue set; or an error of request_irq(). On an error @rings
 * is not in use.
 */
int nvnic_rings_up(struct nvnic_net *nn, struct nvnic_rings *rings)
{
	int err;

	nvnic_assert_dev_lock(nn->netdev);

	nvnic_wr(nn->bdev, NVNIC_REG_FRAME_MAX,
		 rings->cfg.mtu + NVNIC_L2_OVERHEAD);
	err = nvnic_rss_program(nn, rings->cfg.num);
	if (err)
		return err;

	nvnic_tx_move(nn, rings->cfg.num);
	err = nvnic_span_up(rings, 0, NVNIC_MAX_QUEUES);
	if (err)
		return err;

	nn->rings = rings;
	nn->max_used = max(nn->max_used, nvnic_config_end(&rings->cfg));
	err = nvnic_vmq_start_all(nn);
	if (err) {
		nvnic_rings_down(nn);
		return err;
	}
	WRITE_ONCE(nn->down, false);

	return 0;
}

/* Update trans_start first, or the watchdog takes an idle queue for a hung one. */
static void nvnic_tx_disable_all(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->num_tx_queues; i++)
		txq_trans_cond_update(netdev_get_tx_queue(dev, i));
	netif_tx_disable(dev);
}

/**
 * nvnic_rings_down() - stop the rings
 * @nn: port
 *
 * Drops the frames in the rings. Afterwards device and stack do not use them.
 *
 * Context: process, instance lock.
 */
void nvnic_rings_down(struct nvnic_net *nn)
{
	struct nvnic_rings *rings = nn->rings;

	nvnic_assert_dev_lock(nn->netdev);

	if (!rings)
		return;

	WRITE_ONCE(nn->down, true);
	nvnic_tx_disable_all(nn->netdev);
	nvnic_vmq_stop_all(nn);
	nvnic_span_down(rings, 0, NVNIC_MAX_QUEUES);
	nvnic_vmq_finish_all(nn);
	nn->rings = NULL;
}

/* Count the descriptors and spill lists of TX rings that are not completed. */
static u32 nvnic_tx_pending(const struct nvnic_rings *rings, u32 first, u32 end)
{
	const struct nvnic_vec *vec;
	u32 n = 0;

	nvnic_for_each_vec_in(vec, rings, first, end)
		if (!vec->tx.broken)
			n += vec->tx.size - 1 - nvnic_tx_avail(&vec->tx) +
			     !!READ_ONCE(vec->tx.spill);

	return n;
}

/* Does the receiver's flow control hold the queue? */
static bool nvnic_tx_held(const struct nvnic_vec *vec)
{
	u64 status = nvnic_rd(vec->nn->bdev,
			      NVNIC_REG_TXQ(vec->index) + NVNIC_REG_Q_STATUS);

	return FIELD_GET(NVNIC_Q_STATUS_HOLD, status);
}

static bool nvnic_span_held(const struct nvnic_rings *rings, u32 first, u32 end)
{
	const struct nvnic_vec *vec;

	nvnic_for_each_vec_in(vec, rings, first, end)
		if (nvnic_tx_held(vec))
			return true;

	return false;
}

/*
 * Let the device send the frames in its rings, so that a new ring size costs none.
 * Wait as long as it makes progress, but not for a receiver that holds it.
 */
static void nvnic_rings_drain(struct nvnic_net *nn)
{
	ktime_t end = ktime_add_us(ktime_get(), NVNIC_DRAIN_US);
	u32 pending, before = 0;

	WRITE_ONCE(nn->down, true);
	nvnic_tx_disable_all(nn->netdev);

	while ((pending = nvnic_tx_pending(nn->rings, 0, NVNIC_MAX_QUEUES)) &&
	       ktime_before(ktime_get(), end)) {
		if (pending != before &&
		    !nvnic_span_held(nn->rings, 0, NVNIC_MAX_QUEUES))
			end = ktime_add_us(ktime_get(), NVNIC_DRAIN_US);
		before = pending;
		usleep_range(NVNIC_DRAIN_STEP_US / 4, NVNIC_DRAIN_STEP_US);
	}
}

static bool nvnic_span_idle(const struct nvnic_rings *rings, u32 first,
			    u32 end)
{
	const struct nvnic_vec *vec;
	struct Qdisc *qdisc;

	nvnic_for_each_vec_in(vec, rings, first, end) {
		qdisc = nvnic_txq_backlog(vec->tx.txq);
		if (qdisc && qdisc_qlen_sum(qdisc))
			return false;
	}

	return !nvnic_tx_pending(rings, first, end);
}

static u32 nvnic_span_end(const struct nvnic_span *span)
{
	return span->first + span->count;
}

static bool nvnic_sets_idle(const struct nvnic_rings *rings,
			    const unsigned long *sets)
{
	const struct nvnic_span *span;
	u32 i;

	for_each_set_bit(i, sets, NVNIC_VMQ_SETS) {
		span = &rings->cfg.vmq[i];
		if (!nvnic_span_idle(rings, span->first, nvnic_span_end(span)))
			return false;
	}

	return true;
}

/* Are all frames of these sets in queues that are held? */
static bool nvnic_sets_held(const struct nvnic_rings *rings,
			    const unsigned long *sets)
{
	const struct nvnic_span *span;
	const struct nvnic_vec *vec;
	u32 i;

	for_each_set_bit(i, sets, NVNIC_VMQ_SETS) {
		span = &rings->cfg.vmq[i];
		nvnic_for_each_vec_in(vec, rings, span->first,
				      nvnic_span_end(span))
			if (!nvnic_tx_held(vec) &&
			    !nvnic_span_idle(rings, vec->index, vec->index + 1))
				return false;
	}

	return true;
}

/**
 * nvnic_rings_settle() - let VM queue sets send their frames before they go
 * @nn: port
 * @sets: bitmap of the sets
 *
 * Hides their queues from nvnic_select_queue(). All sets share one deadline, and a
 * shorter one applies when all that remains is held by the receiver. Does not wait
 * without a link.
 *
 * Context: process, instance lock; sleeps.
 */
void nvnic_rings_settle(struct nvnic_net *nn, const unsigned long *sets)
{
	ktime_t now = ktime_get(), end = ktime_add_us(now, NVNIC_DRAIN_US);
	ktime_t held = ktime_add_us(now, NVNIC_HELD_US);

	nvnic_assert_dev_lock(nn->netdev);

	if (!nn->rings)
		return;

	nvnic_vmq_hide(nn, sets);
	while (netif_carrier_ok(nn->netdev) &&
	       !nvnic_sets_idle(nn->rings, sets) && ktime_before(now, end)) {
		usleep_range(NVNIC_DRAIN_STEP_US / 4, NVNIC_DRAIN_STEP_US);
		now = ktime_get();
		if (!nvnic_sets_held(nn->rings, sets))
			held = ktime_add_us(now, NVNIC_HELD_US);
		else if (ktime_after(now, held))
			return;
	}
}

/* Start queues without a ring: they drop frames, and the watchdog stays quiet. */
static void nvnic_span_tx_open(struct nvnic_net *nn, u32 first, u32 end)
{
	for (; first < end; first++)
		netif_tx_start_queue(netdev_get_tx_queue(nn->netdev, first));
}

/**
 * nvnic_rings_add() - allocate and start the queue pairs of a VM queue set
 * @nn: port, with rings in use
 * @vmq: the set, in @nn->vmq
 * @span: free queue pairs
 *
 * Other pairs keep running.
 *
 * Context: process, instance lock.
 *
 * Return: 0, -ENOMEM, or an error of nvnic_rings_up().
 */
int nvnic_rings_add(struct nvnic_net *nn, struct nvnic_vmq *vmq,
		    struct nvnic_span span)
{
	struct nvnic_rings *rings = nn->rings;
	u32 first = span.first, end = span.first + span.count;
	int err;

	nvnic_assert_dev_lock(nn->netdev);

	err = nvnic_span_alloc(rings, nn, span, vmq);
	if (err)
		goto free_span;

	err = nvnic_span_up(rings, first, end);
	if (err)
		goto free_span;

	rings->cfg.vmq[vmq->id] = span;
	nn->max_used = max(nn->max_used, end);
	err = nvnic_vmq_start(nn, vmq);
	if (!err)
		return 0;

	rings->cfg.vmq[vmq->id] = (struct nvnic_span){};
	nvnic_span_down(rings, first, end);
	nvnic_span_tx_open(nn, first, end);
free_span:
	nvnic_span_free(rings, first, end);
	return err;
}

/**
 * nvnic_rings_remove() - stop and free the queue pairs of a VM queue set
 * @nn: port, with rings in use
 * @vmq: the set, after nvnic_rings_settle()
 *
 * Drops frames that were not sent. Other pairs keep running.
 *
 * Context: process, instance lock.
 */
void nvnic_rings_remove(struct nvnic_net *nn, struct nvnic_vmq *vmq)
{
	struct nvnic_rings *rings = nn->rings;
	struct nvnic_span span = rings->cfg.vmq[vmq->id];
	u32 first = span.first, end = span.first + span.count;

	nvnic_assert_dev_lock(nn->netdev);

	nvnic_span_tx_reset(nn, first, end);
	nvnic_vmq_stop(nn, vmq);
	nvnic_span_down(rings, first, end);
	nvnic_vmq_finish(nn, vmq);
	nvnic_span_tx_open(nn, first, end);
	nvnic_span_free(rings, first, end);
	rings->cfg.vmq[vmq->id] = (struct nvnic_span){};
}

static int nvnic_rings_switch(struct nvnic_net *nn, struct nvnic_rings *rings)
{
	u32 end = nvnic_config_end(&rings->cfg);
	int err;

	err = netif_set_real_num_queues(nn->netdev, end, end);
	if (err)
		return err;

	return nvnic_rings_up(nn, rings);
}

static int nvnic_reconfigure_live(struct nvnic_net *nn,
				  const struct nvnic_config *cfg)
{
	struct nvnic_rings *old = nn->rings, *new;
	int err;

	new = nvnic_rings_alloc(nn, cfg);
	if (IS_ERR(new))
		return PTR_ERR(new);

	if (old) {
		nvnic_rings_drain(nn);
		nvnic_rings_down(nn);
	}

	err = nvnic_rings_switch(nn, new);
	if (err) {
		nvnic_rings_free(new);
		if (!old)
			return err;
		if (nvnic_rings_switch(nn, old)) {
			netdev_err(nn->netdev, "failed to restore the previous rings, port is down\n");
			nvnic_rings_free(old);
			/* Disable the port, or the peer would wait for buffers. */
			nvnic_ctrl(nn, NVNIC_CTRL_ENABLE, false);
			nvnic_carrier_update(nn);
			return err;
		}
	} else if (old) {
		nvnic_rings_free(old);
	} else {
		nvnic_ctrl(nn, NVNIC_CTRL_ENABLE, true);
	}

	netif_tx_wake_all_queues(nn->netdev);
	nvnic_carrier_update(nn);

	return err;
}

/**
 * nvnic_reconfigure() - change number or size of the rings, or the MTU
 * @nn: port
 * @cfg: new configuration
 *
 * While the port is up, new rings are allocated before the old ones are freed, and the
 * link stays up. On an error the old configuration stays; if the device refuses it,
 * too, there is no link until it accepts another configuration.
 *
 * Context: process, instance lock.
 *
 * Return: 0, -ENOMEM, or an error of nvnic_rings_up().
 */
int nvnic_reconfigure(struct nvnic_net *nn, const struct nvnic_config *cfg)
{
	u32 end = nvnic_config_end(cfg);
	int err;

	nvnic_assert_dev_lock(nn->netdev);

	if (netif_running(nn->netdev))
		err = nvnic_reconfigure_live(nn, cfg);
	else
		err = netif_set_real_num_queues(nn->netdev, end, end);
	if (err)
		return err;

	nn->cfg = *cfg;
	nvnic_rss_default_table(nn, cfg->num);

	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: VM queue sets: commands to the device, and statistics.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A set starts once its queue pairs run; its filter rule is added last. It stops
 * in reverse order: the rule is removed first, so that no new frame reaches the
 * set; then the device stops the set's queues; the driver reaps what they have
 * received; then the set is freed. nvnic_dfwd.c decides which macvlan has a set,
 * nvnic_rings.c makes the queue pairs.
 */
#include <linux/bitfield.h>
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/devlink.h>
#include <net/netdev_queues.h>

#include <nvnic/vmq.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_filter.h"
#include "nvnic_vmq.h"

static_assert(NVNIC_MAX_QUEUES - 1 <= NVNIC_VMQ_TX_FIRST);
static_assert(NVNIC_VMQ_SETS - 1 <= NVNIC_FLT_ACT_QUEUE);
static_assert(NVNIC_VMQ_SETS <= NVNIC_FILTER_ENTRIES);

static const char * const nvnic_vmq_ops[] = {
	[NVNIC_VMQ_OP_ALLOC] = "allocated",
	[NVNIC_VMQ_OP_COMPLETE] = "completed",
	[NVNIC_VMQ_OP_STOP] = "stopped",
	[NVNIC_VMQ_OP_FREE] = "freed",
};

static int nvnic_vmq_command(struct nvnic_net *nn, u32 id, u32 op)
{
	u64 status;

	nvnic_wr(nn->bdev, NVNIC_REG_VMQ_SEL, id);
	nvnic_wr(nn->bdev, NVNIC_REG_VMQ_CMD, FIELD_PREP(NVNIC_VMQ_CMD_OP, op));
	status = nvnic_rd(nn->bdev, NVNIC_REG_VMQ_CMD);
	if (status == NVNIC_VMQ_OK)
		return 0;

	netdev_err(nn->netdev, "VM queue set %u could not be %s, status %llu\n",
		   id, nvnic_vmq_ops[op], status);
	return -EIO;
}

/* ---- Statistics ---- */

static const char * const nvnic_vmq_names[] = {
	NVNIC_VMQ_QUEUE_STATS(NVNIC_CNT_NAME)
	NVNIC_VMQ_COUNTERS(NVNIC_CNT_NAME)
};

static_assert(ARRAY_SIZE(nvnic_vmq_names) == NVNIC_VMQ_ROWS);

/* Read the counters of the set's queues, and those of the device for the set. */
static void nvnic_vmq_stats_read(struct nvnic_net *nn,
				 const struct nvnic_vmq *vmq, u64 *v)
{
	struct netdev_queue_stats_rx rx = {};
	struct netdev_queue_stats_tx tx = {};
	u32 i;

	for (i = 0; i < vmq->span.count; i++) {
		nvnic_queue_stats_rx_add(nn, vmq->span.first + i, &rx);
		nvnic_queue_stats_tx_add(nn, vmq->span.first + i, &tx);
	}
	v[NVNIC_VQ_RX_PACKETS] = rx.packets;
	v[NVNIC_VQ_RX_BYTES] = rx.bytes;
	v[NVNIC_VQ_RX_MISSED] = rx.hw_drop_overruns;
	v[NVNIC_VQ_TX_PACKETS] = tx.packets;
	v[NVNIC_VQ_TX_BYTES] = tx.bytes;
	v[NVNIC_VQ_TX_DROP] = tx.hw_drops;

	nvnic_wr(nn->bdev, NVNIC_REG_VMQ_SEL, vmq->id);
	for (i = 0; i < NVNIC_VC_COUNT; i++)
		v[NVNIC_VQ_COUNT + i] = nvnic_rd(nn->bdev,
						 NVNIC_REG_VMQ_CNT(i));
}

/* Sum up the set's statistics, those of its former queues included. */
static void nvnic_vmq_stats_sum(struct nvnic_net *nn,
				const struct nvnic_vmq *vmq, u64 *sum)
{
	u64 v[NVNIC_VMQ_ROWS];
	u32 i;

	memcpy(sum, vmq->sum, sizeof(vmq->sum));
	if (!vmq->at_work)
		return;

	nvnic_vmq_stats_read(nn, vmq, v);
	for (i = 0; i < NVNIC_VMQ_ROWS; i++)
		sum[i] += v[i] - vmq->base[i];
}

/* ---- Start ---- */

/* Use the port's key, fields and transform, with a table of the set's own queues. */
static int nvnic_vmq_write_rss(struct nvnic_net *nn, const struct nvnic_vmq *vmq)
{
	struct nvnic_rss *rss;
	int err;
	u32 i;

	rss = kmemdup(&nn->rss, sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return -ENOMEM;

	for (i = 0; i < NVNIC_RSS_ENTRIES; i++)
		rss->table[i] = vmq->span.first + i % vmq->span.count;
	err = nvnic_rss_commit(nn, NVNIC_RSS_CTX_VMQ(vmq->id), rss);
	kfree(rss);

	return err;
}

static int nvnic_vmq_write_rule(struct nvnic_net *nn,
				const struct nvnic_vmq *vmq)
{
	struct nvnic_filter_match match = {};

	nvnic_filter_add(&match, 0,
			 FIELD_PREP(NVNIC_FLT_0_DST,
				    ether_addr_to_u64(vmq->vdev->dev_addr)),
			 NVNIC_FLT_0_DST);

	return nvnic_filter_set(nn, NVNIC_FLT_T_VMQ, NVNIC_VMQ_LOC(vmq->id),
				&match,
				FIELD_PREP(NVNIC_FLT_ACT_KIND,
					   NVNIC_FLT_ACT_K_VMQ) |
				FIELD_PREP(NVNIC_FLT_ACT_QUEUE, vmq->id), NULL);
}

static int nvnic_vmq_alloc(struct nvnic_net *nn, const struct nvnic_vmq *vmq)
{
	nvnic_wr(nn->bdev, NVNIC_REG_VMQ_SEL, vmq->id);
	nvnic_wr(nn->bdev, NVNIC_REG_VMQ_CFG,
		 FIELD_PREP(NVNIC_VMQ_CFG_FIRST, vmq->span.first) |
		 FIELD_PREP(NVNIC_VMQ_CFG_COUNT, vmq->span.count));

	return nvnic_vmq_command(nn, vmq->id, NVNIC_VMQ_OP_ALLOC);
}

static void nvnic_vmq_free(struct nvnic_net *nn, const struct nvnic_vmq *vmq)
{
	nvnic_vmq_command(nn, vmq->id, NVNIC_VMQ_OP_FREE);
	nvnic_rss_commit(nn, NVNIC_RSS_CTX_VMQ(vmq->id), NULL);
}

/**
 * nvnic_vmq_start() - start a set in the device, open its queues to its station
 * @nn: port, with rings in use
 * @vmq: a set whose queue pairs run
 *
 * Context: process, instance lock.
 *
 * Return: 0, -ENOMEM, or -EIO when the device refused it.
 */
int nvnic_vmq_start(struct nvnic_net *nn, struct nvnic_vmq *vmq)
{
	int err;

	nvnic_assert_dev_lock(nn->netdev);

	vmq->span = nn->rings->cfg.vmq[vmq->id];
	err = nvnic_vmq_alloc(nn, vmq);
	if (err)
		return err;

	nvnic_vmq_stats_read(nn, vmq, vmq->base);
	err = nvnic_vmq_write_rss(nn, vmq);
	if (!err)
		err = nvnic_vmq_command(nn, vmq->id, NVNIC_VMQ_OP_COMPLETE);
	if (!err)
		err = nvnic_vmq_write_rule(nn, vmq);
	if (err) {
		nvnic_vmq_command(nn, vmq->id, NVNIC_VMQ_OP_STOP);
		nvnic_vmq_free(nn, vmq);
		return err;
	}

	vmq->at_work = true;
	WRITE_ONCE(nn->vmq_tx[vmq->id + 1],
		   FIELD_PREP(NVNIC_VMQ_TX_FIRST, vmq->span.first) |
		   FIELD_PREP(NVNIC_VMQ_TX_COUNT, vmq->span.count));

	return 0;
}

/**
 * nvnic_vmq_start_all() - start all sets
 * @nn: port, with rings in use
 *
 * Context: process, instance lock.
 *
 * Return: 0, or the error of the first set that failed to start.
 */
int nvnic_vmq_start_all(struct nvnic_net *nn)
{
	int err = 0;
	u32 i;

	for (i = 0; !err && i < NVNIC_VMQ_SETS; i++)
		if (nn->vmq[i])
			err = nvnic_vmq_start(nn, nn->vmq[i]);

	return err;
}

/* ---- Stop ---- */

/**
 * nvnic_vmq_hide() - hide the TX queues of some sets from nvnic_select_queue()
 * @nn: port
 * @sets: bitmap of the sets
 *
 * Context: process, instance lock.
 */
void nvnic_vmq_hide(struct nvnic_net *nn, const unsigned long *sets)
{
	u32 i;

	for_each_set_bit(i, sets, NVNIC_VMQ_SETS)
		WRITE_ONCE(nn->vmq_tx[i + 1], 0);
	synchronize_net();
}

/**
 * nvnic_vmq_stop() - remove a set's rule, have the device stop its queues
 * @nn: port
 * @vmq: the set
 *
 * Context: process, instance lock.
 */
void nvnic_vmq_stop(struct nvnic_net *nn, struct nvnic_vmq *vmq)
{
	nvnic_assert_dev_lock(nn->netdev);

	if (!vmq->at_work)
		return;

	nvnic_filter_remove(nn, NVNIC_FLT_T_VMQ, NVNIC_VMQ_LOC(vmq->id));
	nvnic_vmq_command(nn, vmq->id, NVNIC_VMQ_OP_STOP);
}

/**
 * nvnic_vmq_stop_all() - stop all sets
 * @nn: port, its TX queues stopped
 *
 * Context: process, instance lock.
 */
void nvnic_vmq_stop_all(struct nvnic_net *nn)
{
	u32 i;

	for (i = 0; i < NVNIC_VMQ_SETS; i++) {
		if (!nn->vmq[i])
			continue;
		WRITE_ONCE(nn->vmq_tx[i + 1], 0);
		nvnic_vmq_stop(nn, nn->vmq[i]);
	}
}

/**
 * nvnic_vmq_finish() - free a set in the device, keep its statistics
 * @nn: port
 * @vmq: the set, stopped, its queues empty
 *
 * Context: process, instance lock.
 */
void nvnic_vmq_finish(struct nvnic_net *nn, struct nvnic_vmq *vmq)
{
	u64 sum[NVNIC_VMQ_ROWS];

	if (!vmq->at_work)
		return;

	nvnic_vmq_stats_sum(nn, vmq, sum);
	memcpy(vmq->sum, sum, sizeof(sum));
	vmq->at_work = false;
	nvnic_vmq_free(nn, vmq);
}

/**
 * nvnic_vmq_finish_all() - free all sets in the device
 * @nn: port
 *
 * Context: process, instance lock.
 */
void nvnic_vmq_finish_all(struct nvnic_net *nn)
{
	u32 i;

	for (i = 0; i < NVNIC_VMQ_SETS; i++)
		if (nn->vmq[i])
			nvnic_vmq_finish(nn, nn->vmq[i]);
}

/* ---- Changes of running sets ---- */

/**
 * nvnic_vmq_rss() - apply a changed receive hash of the port to all running sets
 * @nn: port
 *
 * Context: process, instance lock.
 *
 * Return: 0, -ENOMEM, or -EIO if the device refused it for a set.
 */
int nvnic_vmq_rss(struct nvnic_net *nn)
{
	int err = 0;
	u32 i;

	for (i = 0; !err && i < NVNIC_VMQ_SETS; i++)
		if (nn->vmq[i] && nn->vmq[i]->at_work)
			err = nvnic_vmq_write_rss(nn, nn->vmq[i]);

	return err;
}

/**
 * nvnic_vmq_readdress() - set the rule of a set to its station's new MAC address
 * @nn: port
 * @vmq: the set
 *
 * Context: process, instance lock.
 *
 * Return: 0, or an error of nvnic_filter_set(), then the old rule stays.
 */
int nvnic_vmq_readdress(struct nvnic_net *nn, struct nvnic_vmq *vmq)
{
	return vmq->at_work ? nvnic_vmq_write_rule(nn, vmq) : 0;
}

/* ---- devlink health diagnose ---- */

static const char * const nvnic_vmq_states[NVNIC_VMQ_STATES] =
	NVNIC_VMQ_STATE_NAMES;

static void nvnic_vmq_diagnose_stats(struct nvnic_net *nn,
				     const struct nvnic_vmq *vmq,
				     struct devlink_fmsg *fmsg)
{
	u64 v[NVNIC_VMQ_ROWS];
	u32 i;

	nvnic_vmq_stats_sum(nn, vmq, v);
	for (i = 0; i < NVNIC_VMQ_ROWS; i++)
		devlink_fmsg_u64_pair_put(fmsg, nvnic_vmq_names[i], v[i]);
}

static void nvnic_vmq_diagnose_one(struct nvnic_net *nn,
				   const struct nvnic_vmq *vmq,
				   struct devlink_fmsg *fmsg)
{
	u64 status, state;

	nvnic_wr(nn->bdev, NVNIC_REG_VMQ_SEL, vmq->id);
	status = nvnic_rd(nn->bdev, NVNIC_REG_VMQ_STATUS);
	state = FIELD_GET(NVNIC_VMQ_ST_STATE, status);

	devlink_fmsg_u32_pair_put(fmsg, "set", vmq->id);
	devlink_fmsg_string_pair_put(fmsg, "station", vmq->vdev->name);
	devlink_fmsg_u32_pair_put(fmsg, "priority",
				  nvnic_station_group(nn, vmq->vdev));
	devlink_fmsg_string_pair_put(fmsg, "state",
				     state < NVNIC_VMQ_STATES ?
				     nvnic_vmq_states[state] : "unknown");
	devlink_fmsg_u32_pair_put(fmsg, "first queue",
				  nn->cfg.vmq[vmq->id].first);
	devlink_fmsg_u32_pair_put(fmsg, "queues", nn->cfg.vmq[vmq->id].count);
	devlink_fmsg_u32_pair_put(fmsg, "filters",
				  FIELD_GET(NVNIC_VMQ_ST_FILTERS, status));
	nvnic_vmq_diagnose_stats(nn, vmq, fmsg);
}

/**
 * nvnic_vmq_diagnose() - describe all sets for devlink health diagnose
 * @nn: port
 * @fmsg: message to fill
 *
 * Context: process, instance lock.
 */
void nvnic_vmq_diagnose(struct nvnic_net *nn, struct devlink_fmsg *fmsg)
{
	u32 i;

	devlink_fmsg_arr_pair_nest_start(fmsg, "VM queue sets");
	for (i = 0; i < NVNIC_VMQ_SETS; i++) {
		if (!nn->vmq[i])
			continue;
		devlink_fmsg_obj_nest_start(fmsg);
		nvnic_vmq_diagnose_one(nn, nn->vmq[i], fmsg);
		devlink_fmsg_obj_nest_end(fmsg);
	}
	devlink_fmsg_arr_pair_nest_end(fmsg);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: health of the queues: report, diagnose, dump, recover.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * nvnic_net.fault_tx and fault_rx mark the queues that the device has stopped, that
 * had an invalid completion, or that the stack's watchdog reported. The work reports
 * them to devlink, which dumps and recovers if the user has not turned that off.
 */
#include <linux/bitfield.h>
#include <linux/rtnetlink.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_vmq.h"

/* Descriptors in a dump, from the head of the queue on */
#define NVNIC_HEALTH_DESC	4

static const char * const nvnic_health_states[] = {
	[NVNIC_QSTATE_OFF] = "off",
	[NVNIC_QSTATE_RUNNING] = "running",
	[NVNIC_QSTATE_ERROR] = "error",
};

static const struct {
	u8 status;
	const char *text;
} nvnic_health_causes[] = {
	{ NVNIC_ST_OK, "none" },
	{ NVNIC_ST_BAD_DESC, "malformed descriptor" },
	{ NVNIC_ST_BAD_TAIL, "doorbell beyond the ring" },
	{ NVNIC_ST_DMA_FAULT, "DMA fault" },
};

static const char *nvnic_health_cause(u64 status)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_health_causes); i++)
		if (nvnic_health_causes[i].status ==
		    FIELD_GET(NVNIC_Q_STATUS_CAUSE, status))
			return nvnic_health_causes[i].text;

	return "unknown";
}

static unsigned long *nvnic_health_map(struct nvnic_net *nn,
				       enum nvnic_health_side side)
{
	return side == NVNIC_HEALTH_TX ? nn->fault_tx : nn->fault_rx;
}

static u32 nvnic_health_regs(enum nvnic_health_side side, u32 queue)
{
	return side == NVNIC_HEALTH_TX ? NVNIC_REG_TXQ(queue) :
					 NVNIC_REG_RXQ(queue);
}

/* ---- Diagnose and dump ---- */

static const char *nvnic_health_hold(u64 status)
{
	static const char * const names[] = {
		[NVNIC_HOLD_NONE] = "nothing",
		[NVNIC_HOLD_BUFFERS] = "receive buffers",
		[NVNIC_HOLD_QUEUE] = "receive queue",
	};
	u64 hold = FIELD_GET(NVNIC_Q_STATUS_HOLD, status);

	return hold < ARRAY_SIZE(names) ? names[hold] : "unknown";
}

static void nvnic_health_put_state(struct nvnic_health *health, u32 queue,
				   struct devlink_fmsg *fmsg)
{
	struct nvnic_net *nn = health->devlink->nn;
	u64 status = nvnic_rd(nn->bdev, nvnic_health_regs(health->side, queue) +
					NVNIC_REG_Q_STATUS);
	u64 state = FIELD_GET(NVNIC_Q_STATUS_STATE, status);

	devlink_fmsg_u32_pair_put(fmsg, "queue", queue);
	devlink_fmsg_string_pair_put(fmsg, "state",
				     state < ARRAY_SIZE(nvnic_health_states) ?
				     nvnic_health_states[state] : "unknown");
	devlink_fmsg_string_pair_put(fmsg, "cause", nvnic_health_cause(status));
	devlink_fmsg_bool_pair_put(fmsg, "faulty",
				   test_bit(queue, nvnic_health_map(nn, health->side)));
	if (health->side == NVNIC_HEALTH_TX)
		devlink_fmsg_string_pair_put(fmsg, "held_by",
					     nvnic_health_hold(status));
	devlink_fmsg_u32_pair_put(fmsg, "head",
				  FIELD_GET(NVNIC_Q_STATUS_HEAD, status));
}

static int nvnic_health_diagnose(struct devlink_health_reporter *reporter,
				 struct devlink_fmsg *fmsg,
				 struct netlink_ext_ack *extack)
{
	struct nvnic_health *health = devlink_health_reporter_priv(reporter);
	struct nvnic_net *nn = health->devlink->nn;
	const struct nvnic_vec *vec;

	if (!nn)
		return 0;

	nvnic_rtnl_dev_lock(nn->netdev);
	devlink_fmsg_arr_pair_nest_start(fmsg, "queues");
	nvnic_for_each_vec(vec, nn->rings) {
		devlink_fmsg_obj_nest_start(fmsg);
		nvnic_health_put_state(health, vec->index, fmsg);
		devlink_fmsg_obj_nest_end(fmsg);
	}
	devlink_fmsg_arr_pair_nest_end(fmsg);
	if (health->side == NVNIC_HEALTH_RX)
		nvnic_vmq_diagnose(nn, fmsg);
	nvnic_rtnl_dev_unlock(nn->netdev);

	return 0;
}

/* Put the ring's registers, the driver's positions and the next descriptors. */
static void nvnic_health_put_ring(struct nvnic_health *health, u32 queue,
				  struct devlink_fmsg *fmsg)
{
	u32 regs = nvnic_health_regs(health->side, queue), count;
	struct nvnic_net *nn = health->devlink->nn;
	const struct nvnic_vec *vec = nn->rings->vec[queue];
	bool tx = health->side == NVNIC_HEALTH_TX;
	u32 size = tx ? vec->tx.size : vec->rx.size, at;

	at = FIELD_GET(NVNIC_Q_STATUS_HEAD,
		       nvnic_rd(nn->bdev, regs + NVNIC_REG_Q_STATUS)) &
	     (size - 1);
	count = min(size - at, NVNIC_HEALTH_DESC);

	devlink_fmsg_u64_pair_put(fmsg, "base",
				  nvnic_rd(nn->bdev, regs + NVNIC_REG_Q_BASE));
	devlink_fmsg_u64_pair_put(fmsg, "completion base",
				  nvnic_rd(nn->bdev, regs + NVNIC_REG_Q_CBASE));
	devlink_fmsg_u32_pair_put(fmsg, "size", size);
	devlink_fmsg_u32_pair_put(fmsg, "posted",
				  tx ? vec->tx.tail : vec->rx.post);
	devlink_fmsg_u32_pair_put(fmsg, "completions taken",
				  tx ? vec->tx.cons : vec->rx.cons);
	if (tx)
		devlink_fmsg_binary_pair_put(fmsg, "descriptors",
					     vec->tx.desc + at,
					     count * sizeof(*vec->tx.desc));
	else
		devlink_fmsg_binary_pair_put(fmsg, "descriptors",
					     vec->rx.desc + at,
					     count * sizeof(*vec->rx.desc));
}

/* Dump the queues to be reset, or all if there are none. */
static int nvnic_health_dump(struct devlink_health_reporter *reporter,
			     struct devlink_fmsg *fmsg, void *ctx,
			     struct netlink_ext_ack *extack)
{
	struct nvnic_health *health = devlink_health_reporter_priv(reporter);
	struct nvnic_net *nn = health->devlink->nn;
	const struct nvnic_vec *vec;
	unsigned long *map;
	bool all;

	if (!nn)
		return 0;

	nvnic_rtnl_dev_lock(nn->netdev);
	map = nvnic_health_map(nn, health->side);
	all = bitmap_empty(map, NVNIC_MAX_QUEUES);
	devlink_fmsg_arr_pair_nest_start(fmsg, "queues");
	nvnic_for_each_vec(vec, nn->rings) {
		if (!all && !test_bit(vec->index, map))
			continue;
		devlink_fmsg_obj_nest_start(fmsg);
		nvnic_health_put_state(health, vec->index, fmsg);
		nvnic_health_put_ring(health, vec->index, fmsg);
		devlink_fmsg_obj_nest_end(fmsg);
	}
	devlink_fmsg_arr_pair_nest_end(fmsg);
	nvnic_rtnl_dev_unlock(nn->netdev);

	return 0;
}

/* ---- Recover ---- */

static int nvnic_health_reset(struct nvnic_net *nn, enum nvnic_health_side side)
{
	unsigned long *map = nvnic_health_map(nn, side);
	struct nvnic_vec *vec;
	int err = 0, one;

	nvnic_assert_dev_lock(nn->netdev);

	nvnic_for_each_vec(vec, nn->rings) {
		if (!test_and_clear_bit(vec->index, map))
			continue;
		one = nvnic_vec_recover(vec, side == NVNIC_HEALTH_TX,
					side == NVNIC_HEALTH_RX);
		if (!one)
			continue;
		set_bit(vec->index, map);
		err = one;
	}

	return err;
}

static int nvnic_health_recover(struct devlink_health_reporter *reporter,
				void *ctx, struct netlink_ext_ack *extack)
{
	struct nvnic_health *health = devlink_health_reporter_priv(reporter);
	struct nvnic_net *nn = health->devlink->nn;
	int err;

	if (!nn)
		return 0;

	nvnic_rtnl_dev_lock(nn->netdev);
	err = nvnic_health_reset(nn, health->side);
	/* nvnic_health_retry() clears it, once devlink accepts reports again. */
	if (err)
		health->retry = true;
	nvnic_rtnl_dev_unlock(nn->netdev);
	if (!err)
		return 0;

	NL_SET_ERR_MSG_MOD(extack, "device refused to start a queue");
	mod_delayed_work(system_percpu_wq, &nn->service, NVNIC_SERVICE_RETRY);

	return err;
}

/*
 * Tell devlink that the queues are healthy. Until then devlink ignores reports; return
 * false if a queue has failed meanwhile, so that the caller recovers it.
 */
static bool nvnic_health_settle(struct nvnic_health *health)
{
	struct nvnic_net *nn = health->devlink->nn;

	devlink_health_reporter_state_update(health->reporter,
					     DEVLINK_HEALTH_REPORTER_STATE_HEALTHY);
	/* P9: write the state before reading the faults; pairs with nvnic_fault(). */
	smp_mb();

	return bitmap_empty(nvnic_health_map(nn, health->side),
			    NVNIC_MAX_QUEUES);
}

/**
 * nvnic_health_retry() - retry a failed recovery
 * @nn: port
 *
 * devlink ignores reports of a side whose recovery has failed.
 *
 * Context: process, instance lock.
 *
 * Return: false if another retry is needed.
 */
bool nvnic_health_retry(struct nvnic_net *nn)
{
	bool done = true;
	u32 i;

	nvnic_assert_dev_lock(nn->netdev);

	for (i = 0; i < NVNIC_HEALTH_COUNT; i++) {
		struct nvnic_health *health = &nn->devlink->health[i];

		if (!health->retry)
			continue;
		health->retry = nvnic_health_reset(nn, i) ||
				!nvnic_health_settle(health);
		if (health->retry)
			done = false;
	}

	return done;
}

static bool nvnic_health_faulty(struct nvnic_health *health)
{
	struct devlink *devlink = priv_to_devlink(health->devlink);
	struct nvnic_net *nn;
	bool faulty;

	devl_lock(devlink);
	nn = health->devlink->nn;
	faulty = nn && !bitmap_empty(nvnic_health_map(nn, health->side),
				     NVNIC_MAX_QUEUES);
	devl_unlock(devlink);

	return faulty;
}

/* devlink_health_report() takes the instance's lock itself to dump and to recover. */
static void nvnic_health_report(struct work_struct *work)
{
	struct nvnic_devlink *dl = container_of(work, struct nvnic_devlink,
						report);
	u32 i;

	for (i = 0; i < NVNIC_HEALTH_COUNT; i++)
		if (nvnic_health_faulty(&dl->health[i]))
			devlink_health_report(dl->health[i].reporter,
					      "queues to be reset", NULL);
}

/**
 * nvnic_health_clear() - clear all faults, as the port is down
 * @nn: port
 *
 * Context: process, instance lock; no poll runs.
 */
void nvnic_health_clear(struct nvnic_net *nn)
{
	u32 i;

	bitmap_zero(nn->fault_tx, NVNIC_MAX_QUEUES);
	bitmap_zero(nn->fault_rx, NVNIC_MAX_QUEUES);
	for (i = 0; i < NVNIC_HEALTH_COUNT; i++) {
		nn->devlink->health[i].retry = false;
		devlink_health_reporter_state_update(nn->devlink->health[i].reporter,
						     DEVLINK_HEALTH_REPORTER_STATE_HEALTHY);
	}
}

static const struct devlink_health_reporter_ops nvnic_health_ops[] = {
	[NVNIC_HEALTH_TX] = {
		.name = "tx",
		.recover = nvnic_health_recover,
		.diagnose = nvnic_health_diagnose,
		.dump = nvnic_health_dump,
	},
	[NVNIC_HEALTH_RX] = {
		.name = "rx",
		.recover = nvnic_health_recover,
		.diagnose = nvnic_health_diagnose,
		.dump = nvnic_health_dump,
	},
};

/**
 * nvnic_health_create() - create the reporters, which outlive a reload
 * @dl: devlink instance, locked
 *
 * Context: process.
 *
 * Return: 0, or -errno of devlink.
 */
int nvnic_health_create(struct nvnic_devlink *dl)
{
	struct devlink_health_reporter *reporter;
	u32 i;

	INIT_WORK(&dl->report, nvnic_health_report);
	for (i = 0; i < NVNIC_HEALTH_COUNT; i++) {
		dl->health[i].devlink = dl;
		dl->health[i].side = i;
		reporter = nvnic_health_reporter_create(priv_to_devlink(dl),
							&nvnic_health_ops[i],
							&dl->health[i]);
		if (IS_ERR(reporter)) {
			nvnic_health_destroy(dl);
			return PTR_ERR(reporter);
		}
		dl->health[i].reporter = reporter;
	}

	return 0;
}

/**
 * nvnic_health_destroy() - remove the reporters
 * @dl: devlink instance, locked, without a port; its work does not run
 *
 * Context: process.
 */
void nvnic_health_destroy(struct nvnic_devlink *dl)
{
	u32 i;

	for (i = 0; i < NVNIC_HEALTH_COUNT; i++) {
		if (dl->health[i].reporter)
			devl_health_reporter_destroy(dl->health[i].reporter);
		dl->health[i].reporter = NULL;
	}
}

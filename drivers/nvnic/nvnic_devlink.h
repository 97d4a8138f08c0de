/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: devlink instance and health of a port.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVNIC_DEVLINK_H
#define NVNIC_DEVLINK_H

#include <linux/workqueue.h>
#include <net/devlink.h>

struct nvnic_bus_dev;
struct nvnic_net;
struct nvnic_tc;

/* devlink resources */
enum nvnic_resource {
	NVNIC_RES_VMQ = 1,
};

/* devlink parameters, behind the generic ones */
enum nvnic_param {
	NVNIC_PARAM_VMQ_PER_SET = DEVLINK_PARAM_GENERIC_ID_MAX + 1,
	NVNIC_PARAM_VMQ_RESERVE,
};

#define NVNIC_DEF_VMQ_PER_SET	64
#define NVNIC_DEF_VMQ_RESERVE	8

/* Reporters, one for each side of a queue pair */
enum nvnic_health_side {
	NVNIC_HEALTH_TX,
	NVNIC_HEALTH_RX,
	NVNIC_HEALTH_COUNT,
};

/**
 * struct nvnic_health - a health reporter
 * @devlink: devlink instance
 * @reporter: reporter of devlink
 * @side: side of the queue pairs that it watches
 * @retry: try again to start a queue that the device has refused; RTNL
 */
struct nvnic_health {
	struct nvnic_devlink *devlink;
	struct devlink_health_reporter *reporter;
	enum nvnic_health_side side;
	bool retry;
};

/**
 * struct nvnic_devlink - state that lives as long as driver and device are bound
 * @bdev: the device
 * @nn: the port, NULL during a reload and after a failed one; devlink lock
 * @tc: flower filters of the port
 * @port: port of devlink, registered while @nn exists
 * @health: reporters
 * @report: work that reports queues to be reset to @health, without a lock held
 * @vmq_per_set: most queue pairs of a VM queue set
 * @vmq_reserve: queue pairs that the sets leave to the port
 *
 * Lock order: the devlink instance's lock, then RTNL.
 */
struct nvnic_devlink {
	struct nvnic_bus_dev *bdev;
	struct nvnic_net *nn;
	struct nvnic_tc *tc;
	struct devlink_port port;
	struct nvnic_health health[NVNIC_HEALTH_COUNT];
	struct work_struct report;
	u32 vmq_per_set;
	u32 vmq_reserve;
};

/**
 * nvnic_devlink_vmq_per_set() - maximum number of queue pairs of a VM queue set
 * @dl: devlink instance
 *
 * Context: any.
 *
 * Return: the maximum.
 */
static inline u32 nvnic_devlink_vmq_per_set(const struct nvnic_devlink *dl)
{
	return READ_ONCE(dl->vmq_per_set);
}

/**
 * nvnic_devlink_vmq_reserve() - queue pairs that VM queue sets leave to the port
 * @dl: devlink instance
 *
 * Context: any.
 *
 * Return: number of queue pairs.
 */
static inline u32 nvnic_devlink_vmq_reserve(const struct nvnic_devlink *dl)
{
	return READ_ONCE(dl->vmq_reserve);
}

/* nvnic_devlink.c */
int nvnic_devlink_create(struct nvnic_bus_dev *bdev);
void nvnic_devlink_destroy(struct nvnic_devlink *dl);
int nvnic_devlink_param_get(struct devlink *devlink, u32 id,
			    struct devlink_param_gset_ctx *ctx);

/* nvnic_health.c */
int nvnic_health_create(struct nvnic_devlink *dl);
void nvnic_health_destroy(struct nvnic_devlink *dl);
bool nvnic_health_retry(struct nvnic_net *nn);
void nvnic_health_clear(struct nvnic_net *nn);

#endif /* NVNIC_DEVLINK_H */

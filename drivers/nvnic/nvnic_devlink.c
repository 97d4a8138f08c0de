// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: devlink instance of a port: information, resource, reload.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/etherdevice.h>
#include <linux/netdevice.h>

#include "nvnic.h"
#include "nvnic_compat_ops.h"
#include "nvnic_csr.h"

static int nvnic_devlink_info_get(struct devlink *devlink,
				  struct devlink_info_req *req,
				  struct netlink_ext_ack *extack)
{
	struct nvnic_devlink *dl = devlink_priv(devlink);
	u64 id = nvnic_rd(dl->bdev, NVNIC_REG_ID);
	char text[32];
	u8 mac[ETH_ALEN];
	int err;

	u64_to_ether_addr(nvnic_rd(dl->bdev, NVNIC_REG_MAC), mac);
	snprintf(text, sizeof(text), "%pMF", mac);
	err = devlink_info_serial_number_put(req, text);
	if (err)
		return err;

	snprintf(text, sizeof(text), "nvnic%u", dl->bdev->adapter);
	err = devlink_info_board_serial_number_put(req, text);
	if (err)
		return err;

	err = devlink_info_version_fixed_put(req,
					     DEVLINK_INFO_VERSION_GENERIC_ASIC_ID,
					     "nvhw");
	if (err)
		return err;

	snprintf(text, sizeof(text), "%llu",
		 FIELD_GET(NVNIC_ID_VERSION, id));
	err = devlink_info_version_fixed_put(req,
					     DEVLINK_INFO_VERSION_GENERIC_ASIC_REV,
					     text);
	if (err)
		return err;

	snprintf(text, sizeof(text), "%llu.%llu",
		 FIELD_GET(NVNIC_ID_FW_MAJOR, id),
		 FIELD_GET(NVNIC_ID_FW_MINOR, id));
	return devlink_info_version_running_put(req,
						DEVLINK_INFO_VERSION_GENERIC_FW,
						text);
}

static int nvnic_devlink_port_register(struct nvnic_devlink *dl)
{
	struct devlink_port_attrs attrs = {
		.flavour = DEVLINK_PORT_FLAVOUR_PHYSICAL,
		.phys.port_number = dl->bdev->port,
	};

	devlink_port_attrs_set(&dl->port, &attrs);

	return devl_port_register(priv_to_devlink(dl), &dl->port,
				  dl->bdev->port);
}

/* Maximum number of VM queue sets; a new size takes effect at a reload. */
static u32 nvnic_devlink_vmq_max(struct nvnic_devlink *dl)
{
	u64 size;

	if (devl_resource_size_get(priv_to_devlink(dl), NVNIC_RES_VMQ, &size))
		return NVNIC_VMQ_SETS;

	return size;
}

/* Register the devlink port, create the net_device. */
static int nvnic_devlink_up(struct nvnic_devlink *dl)
{
	struct nvnic_net *nn;
	int err;

	err = nvnic_devlink_port_register(dl);
	if (err)
		return err;

	nn = nvnic_port_create(dl, nvnic_devlink_vmq_max(dl));
	if (IS_ERR(nn)) {
		devl_port_unregister(&dl->port);
		return PTR_ERR(nn);
	}
	dl->nn = nn;

	return 0;
}

static void nvnic_devlink_down(struct nvnic_devlink *dl)
{
	/* A failed reload leaves no port. */
	if (!dl->nn)
		return;
	nvnic_port_destroy(dl->nn);
	dl->nn = NULL;
	devl_port_unregister(&dl->port);
}

static int nvnic_devlink_reload_down(struct devlink *devlink, bool netns_change,
				     enum devlink_reload_action action,
				     enum devlink_reload_limit limit,
				     struct netlink_ext_ack *extack)
{
	nvnic_devlink_down(devlink_priv(devlink));

	return 0;
}

static int nvnic_devlink_reload_up(struct devlink *devlink,
				   enum devlink_reload_action action,
				   enum devlink_reload_limit limit,
				   u32 *actions_performed,
				   struct netlink_ext_ack *extack)
{
	struct nvnic_devlink *dl = devlink_priv(devlink);
	int err;

	err = nvnic_devlink_up(dl);
	if (err) {
		nvnic_tc_forget(dl->tc);
		NL_SET_ERR_MSG_MOD(extack, "failed to recreate the network interface of the port");
		return err;
	}
	*actions_performed = BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT);

	return 0;
}

static const struct devlink_ops nvnic_devlink_ops = {
	.info_get = nvnic_devlink_info_get,
	.reload_actions = BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT),
	.reload_down = nvnic_devlink_reload_down,
	.reload_up = nvnic_devlink_reload_up,
};

/* ---- VM queue sets as a resource ---- */

static u64 nvnic_devlink_vmq_used(void *priv)
{
	const struct nvnic_devlink *dl = priv;

	return dl->nn ? READ_ONCE(dl->nn->vmq_used) : 0;
}

static int nvnic_devlink_resource_register(struct nvnic_devlink *dl)
{
	struct devlink *devlink = priv_to_devlink(dl);
	struct devlink_resource_size_params params;
	int err;

	devlink_resource_size_params_init(&params, 0, NVNIC_VMQ_SETS, 1,
					  DEVLINK_RESOURCE_UNIT_ENTRY);
	err = devl_resource_register(devlink, "vm_queues", NVNIC_VMQ_SETS,
				     NVNIC_RES_VMQ,
				     DEVLINK_RESOURCE_ID_PARENT_TOP, &params);
	if (err)
		return err;
	devl_resource_occ_get_register(devlink, NVNIC_RES_VMQ,
				       nvnic_devlink_vmq_used, dl);

	return 0;
}

static void nvnic_devlink_resource_unregister(struct nvnic_devlink *dl)
{
	struct devlink *devlink = priv_to_devlink(dl);

	devl_resource_occ_get_unregister(devlink, NVNIC_RES_VMQ);
	devl_resources_unregister(devlink);
}

/* ---- Parameters ---- */

/**
 * nvnic_devlink_param_get() - get() of a parameter
 * @devlink: devlink instance, locked
 * @id: enum nvnic_param
 * @ctx: receives the value
 *
 * Context: process.
 *
 * Return: 0.
 */
int nvnic_devlink_param_get(struct devlink *devlink, u32 id,
			    struct devlink_param_gset_ctx *ctx)
{
	const struct nvnic_devlink *dl = devlink_priv(devlink);

	ctx->val.vu32 = id == NVNIC_PARAM_VMQ_PER_SET ?
			nvnic_devlink_vmq_per_set(dl) :
			nvnic_devlink_vmq_reserve(dl);

	return 0;
}

/* Existing sets keep their queues. */
static int nvnic_devlink_param_set(struct devlink *devlink, u32 id,
				   struct devlink_param_gset_ctx *ctx,
				   struct netlink_ext_ack *extack)
{
	struct nvnic_devlink *dl = devlink_priv(devlink);
	u32 least = id == NVNIC_PARAM_VMQ_PER_SET, val = ctx->val.vu32;

	if (val < least || val > NVNIC_MAX_QUEUES) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "%u queue pairs out of range, must be %u to %u",
				       val, least, NVNIC_MAX_QUEUES);
		return -ERANGE;
	}
	if (id == NVNIC_PARAM_VMQ_PER_SET)
		WRITE_ONCE(dl->vmq_per_set, val);
	else
		WRITE_ONCE(dl->vmq_reserve, val);

	return 0;
}

#define NVNIC_DEVLINK_PARAM(_id, _name)					\
	DEVLINK_PARAM_DRIVER(_id, _name, DEVLINK_PARAM_TYPE_U32,	\
			     BIT(DEVLINK_PARAM_CMODE_RUNTIME),		\
			     nvnic_op_devlink_param_get,		\
			     nvnic_devlink_param_set, NULL)

static const struct devlink_param nvnic_devlink_params[] = {
	NVNIC_DEVLINK_PARAM(NVNIC_PARAM_VMQ_PER_SET, "vm_queues_per_set"),
	NVNIC_DEVLINK_PARAM(NVNIC_PARAM_VMQ_RESERVE, "vm_queues_reserve"),
};

static int nvnic_devlink_params_register(struct nvnic_devlink *dl)
{
	dl->vmq_per_set = NVNIC_DEF_VMQ_PER_SET;
	dl->vmq_reserve = NVNIC_DEF_VMQ_RESERVE;

	return devl_params_register(priv_to_devlink(dl), nvnic_devlink_params,
				    ARRAY_SIZE(nvnic_devlink_params));
}

static void nvnic_devlink_params_unregister(struct nvnic_devlink *dl)
{
	devl_params_unregister(priv_to_devlink(dl), nvnic_devlink_params,
			       ARRAY_SIZE(nvnic_devlink_params));
}

/* Register everything; the caller has allocated @dl and holds its lock. */
static int nvnic_devlink_setup(struct nvnic_devlink *dl)
{
	struct devlink *devlink = priv_to_devlink(dl);
	int err;

	err = nvnic_devlink_resource_register(dl);
	if (err)
		return err;

	err = nvnic_devlink_params_register(dl);
	if (err)
		goto unregister_resource;

	err = devl_register(devlink);
	if (err)
		goto unregister_params;

	err = nvnic_health_create(dl);
	if (err)
		goto unregister;

	dl->tc = nvnic_tc_create();
	if (IS_ERR(dl->tc)) {
		err = PTR_ERR(dl->tc);
		goto destroy_health;
	}

	err = nvnic_devlink_up(dl);
	if (err)
		goto destroy_tc;

	return 0;

destroy_tc:
	nvnic_tc_destroy(dl->tc);
destroy_health:
	nvnic_health_destroy(dl);
unregister:
	devl_unregister(devlink);
unregister_params:
	nvnic_devlink_params_unregister(dl);
unregister_resource:
	nvnic_devlink_resource_unregister(dl);
	return err;
}

/**
 * nvnic_devlink_create() - create a devlink instance, with its port
 * @bdev: port
 *
 * Context: process, without RTNL.
 *
 * Return: 0, -ENOMEM, or the error of a failed registration.
 */
int nvnic_devlink_create(struct nvnic_bus_dev *bdev)
{
	struct nvnic_devlink *dl;
	struct devlink *devlink;
	int err;

	devlink = devlink_alloc(&nvnic_devlink_ops, sizeof(*dl), &bdev->dev);
	if (!devlink)
		return -ENOMEM;

	dl = devlink_priv(devlink);
	dl->bdev = bdev;
	dev_set_drvdata(&bdev->dev, dl);
	devl_lock(devlink);
	err = nvnic_devlink_setup(dl);
	devl_unlock(devlink);
	if (!err)
		return 0;

	dev_set_drvdata(&bdev->dev, NULL);
	devlink_free(devlink);
	return err;
}

/**
 * nvnic_devlink_destroy() - undo nvnic_devlink_create()
 * @dl: devlink instance
 *
 * Context: process, without RTNL.
 */
void nvnic_devlink_destroy(struct nvnic_devlink *dl)
{
	struct devlink *devlink = priv_to_devlink(dl);

	devl_lock(devlink);
	nvnic_devlink_down(dl);
	nvnic_tc_destroy(dl->tc);
	devl_unlock(devlink);

	/* The work takes the lock. Without a port nobody queues it. */
	cancel_work_sync(&dl->report);

	devl_lock(devlink);
	nvnic_health_destroy(dl);
	devl_unregister(devlink);
	nvnic_devlink_params_unregister(dl);
	nvnic_devlink_resource_unregister(dl);
	devl_unlock(devlink);
	dev_set_drvdata(&dl->bdev->dev, NULL);
	devlink_free(devlink);
}

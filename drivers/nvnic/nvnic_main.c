// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: probe, remove, events.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/if_macvlan.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_vmq.h"

static int nvnic_check_id(struct nvnic_bus_dev *bdev)
{
	u64 id = nvnic_rd(bdev, NVNIC_REG_ID);

	if (FIELD_GET(NVNIC_ID_MAGIC, id) != NVNIC_ID_MAGIC_VAL) {
		dev_err(&bdev->dev, "not an nvnic port: ID %#llx\n", id);
		return -ENODEV;
	}
	if (FIELD_GET(NVNIC_ID_VERSION, id) != NVNIC_ID_VERSION_VAL) {
		dev_err(&bdev->dev, "unsupported ABI version %llu, expected %u\n",
			FIELD_GET(NVNIC_ID_VERSION, id), NVNIC_ID_VERSION_VAL);
		return -EOPNOTSUPP;
	}

	return 0;
}

static int nvnic_probe_port(struct nvnic_bus_dev *bdev)
{
	int err;

	err = nvnic_check_id(bdev);
	if (err)
		return err;

	err = dma_set_mask_and_coherent(&bdev->dev, DMA_BIT_MASK(64));
	if (err) {
		dev_err(&bdev->dev, "failed to set a 64-bit DMA mask: %pe\n", ERR_PTR(err));
		return err;
	}

	err = nvnic_devlink_create(bdev);
	if (err)
		dev_err(&bdev->dev, "failed to set up the port: %pe\n",
			ERR_PTR(err));

	return err;
}

static int nvnic_probe(struct device *dev)
{
	struct nvnic_bus_dev *bdev = to_nvnic_bus_dev(dev);

	bdev->error = nvnic_probe_port(bdev);

	return bdev->error;
}

static int nvnic_remove(struct device *dev)
{
	nvnic_devlink_destroy(dev_get_drvdata(dev));

	return 0;
}

static struct device_driver nvnic_driver = {
	.name = NVNIC_DRV_NAME,
	.owner = THIS_MODULE,
	.bus = &nvnic_bus_type,
	/* Probe before the creation of an adapter returns, so that it can fail. */
	.probe_type = PROBE_FORCE_SYNCHRONOUS,
	.probe = nvnic_probe,
	.remove = nvnic_remove,
};

/* ---- Events of ports, and of macvlans on them ---- */

static bool nvnic_is_port(const struct net_device *dev)
{
	return dev->netdev_ops == &nvnic_netdev_ops;
}

static void nvnic_port_event(struct net_device *dev, unsigned long event,
			     void *ptr)
{
	struct nvnic_net *nn = netdev_priv(dev);

	switch (event) {
	case NETDEV_FEAT_CHANGE:
		nvnic_features_changed(nn);
		break;
	case NETDEV_UNREGISTER:
		nvnic_tc_leave(nn);
		break;
	}
	nvnic_dfwd_port_event(nn, event, ptr);
}

static int nvnic_event(struct notifier_block *nb, unsigned long event,
		       void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr), *lower;

	if (nvnic_is_port(dev)) {
		nvnic_port_event(dev, event, ptr);
	} else if (netif_is_macvlan(dev)) {
		lower = macvlan_dev_real_dev(dev);
		if (nvnic_is_port(lower))
			nvnic_dfwd_event(lower, dev, event, ptr);
	}

	return NOTIFY_DONE;
}

static struct notifier_block nvnic_nb = {
	.notifier_call = nvnic_event,
};

/* ---- Load and unload ---- */

/**
 * nvnic_register() - register the driver and its notifier
 *
 * Context: process; nvnic_bus_type is registered.
 *
 * Return: 0, or an error of the notifier chain or the driver core.
 */
int nvnic_register(void)
{
	int err;

	err = register_netdevice_notifier(&nvnic_nb);
	if (err)
		return err;

	err = driver_register(&nvnic_driver);
	if (err)
		unregister_netdevice_notifier(&nvnic_nb);

	return err;
}

/**
 * nvnic_unregister() - remove all ports, and undo nvnic_register()
 *
 * Context: process, without RTNL.
 */
void nvnic_unregister(void)
{
	driver_unregister(&nvnic_driver);
	unregister_netdevice_notifier(&nvnic_nb);
}

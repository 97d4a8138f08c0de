// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: probe, remove, life of a port.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/if_macvlan.h>
#include <linux/rtnetlink.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_vmq.h"

static void nvnic_service(struct work_struct *work)
{
	struct nvnic_net *nn = container_of(to_delayed_work(work),
					    struct nvnic_net, service);
	bool done;

	nvnic_rtnl_dev_lock(nn->netdev);
	done = nvnic_features_settle(nn, 0);
	if (!nvnic_health_retry(nn))
		done = false;
	nvnic_rtnl_dev_unlock(nn->netdev);

	if (!done)
		mod_delayed_work(system_percpu_wq, &nn->service, NVNIC_SERVICE_RETRY);
}

static int nvnic_check_id(struct nvnic_bus_dev *bdev)
{
	u64 id = nvnic_rd(bdev, NVNIC_REG_ID);

	if (FIELD_GET(NVNIC_ID_MAGIC, id) != NVNIC_ID_MAGIC_VAL) {
		dev_err(&bdev->dev, "not an nvnic port, ID %#llx\n", id);
		return -ENODEV;
	}
	if (FIELD_GET(NVNIC_ID_VERSION, id) != NVNIC_ID_VERSION_VAL) {
		dev_err(&bdev->dev, "ABI version %llu, this driver is for %u\n",
			FIELD_GET(NVNIC_ID_VERSION, id), NVNIC_ID_VERSION_VAL);
		return -EOPNOTSUPP;
	}

	return 0;
}

static void nvnic_init_netdev(struct nvnic_net *nn)
{
	struct net_device *netdev = nn->netdev;
	u8 mac[ETH_ALEN];

	strscpy(netdev->name, "nvn%d", sizeof(netdev->name));
	netdev->netdev_ops = &nvnic_netdev_ops;
	netdev->ethtool_ops = &nvnic_ethtool_ops;
	netdev->stat_ops = &nvnic_stat_ops;
	netdev->queue_mgmt_ops = &nvnic_queue_mgmt_ops;
	netdev->dev_port = nn->bdev->port;
	netdev->min_mtu = NVNIC_MIN_MTU;
	netdev->max_mtu = NVNIC_MAX_MTU;
	netdev->priv_flags |= IFF_UNICAST_FLT | IFF_LIVE_ADDR_CHANGE;

	u64_to_ether_addr(nvnic_rd(nn->bdev, NVNIC_REG_MAC), mac);
	eth_hw_addr_set(netdev, mac);
}

static void nvnic_init_port(struct nvnic_net *nn)
{
	struct nvnic_bus_dev *bdev = nn->bdev;
	u32 i;

	for (i = 0; i < NVNIC_MAX_MACS; i++)
		nvnic_wr(bdev, NVNIC_REG_MACF(i), 0);
	nvnic_wr(bdev, NVNIC_REG_RX_MODE, 0);
	nvnic_wr(bdev, NVNIC_REG_EVENT, NVNIC_EVENT_MASK);
	nvnic_link_init(nn);
}

static struct nvnic_net *nvnic_alloc(struct nvnic_bus_dev *bdev,
				     struct nvnic_devlink *devlink)
{
	struct net_device *netdev;
	struct nvnic_net *nn;

	netdev = alloc_etherdev_mqs(sizeof(*nn), NVNIC_MAX_QUEUES,
				    NVNIC_MAX_QUEUES);
	if (!netdev)
		return NULL;

	SET_NETDEV_DEV(netdev, &bdev->dev);
	nvnic_devlink_attach(devlink, netdev);
	nn = netdev_priv(netdev);
	nn->netdev = netdev;
	nn->devlink = devlink;
	nn->bdev = bdev;
	nn->cap = nvnic_rd(bdev, NVNIC_REG_CAP) & NVNIC_OFF_ALL;
	nn->cfg.num = min(num_online_cpus(), NVNIC_MAX_QUEUES);
	nn->cfg.tx_size = NVNIC_DEF_RING;
	nn->cfg.rx_size = NVNIC_DEF_RING;
	nn->cfg.mtu = ETH_DATA_LEN;
	nn->tx_num = nn->cfg.num;
	nn->vmq_max = nvnic_devlink_vmq_max(devlink);
	INIT_LIST_HEAD(&nn->stations);
	INIT_LIST_HEAD(&nn->vlans);
	spin_lock_init(&nn->carrier_lock);
	mutex_init(&nn->filter_lock);
	INIT_DELAYED_WORK(&nn->service, nvnic_service);

	nn->qstats = kvcalloc(NVNIC_MAX_QUEUES, sizeof(*nn->qstats),
			      GFP_KERNEL);
	if (!nn->qstats) {
		free_netdev(netdev);
		return NULL;
	}
	nvnic_stats_init(nn->qstats);
	if (nvnic_moder_init(nn)) {
		kvfree(nn->qstats);
		free_netdev(netdev);
		return NULL;
	}

	return nn;
}

static void nvnic_free(struct nvnic_net *nn)
{
	nvnic_moder_exit(nn);
	kvfree(nn->qstats);
	free_netdev(nn->netdev);
}

/* The device is as at its creation: no frame, no link. */
static void nvnic_off(struct nvnic_bus_dev *bdev)
{
	nvnic_wr(bdev, NVNIC_REG_CTRL, 0);
	nvnic_wr(bdev, NVNIC_REG_LINK_CTRL, 0);
	nvnic_wr(bdev, NVNIC_REG_EN, 0);
	nvnic_wr(bdev, NVNIC_REG_LED, 0);
}

/**
 * nvnic_port_create() - make a port's net_device and register it
 * @bdev: port
 * @devlink: its devlink instance, locked
 *
 * Context: process, without RTNL.
 *
 * Return: the port, or ERR_PTR() of -ENOMEM or what register_netdev() returned.
 */
struct nvnic_net *nvnic_port_create(struct nvnic_bus_dev *bdev,
				    struct nvnic_devlink *devlink)
{
	struct nvnic_net *nn;
	int err;

	nn = nvnic_alloc(bdev, devlink);
	if (!nn)
		return ERR_PTR(-ENOMEM);

	nvnic_init_netdev(nn);
	nvnic_init_port(nn);
	nvnic_features_init(nn);
	nvnic_rss_init(nn);
	nvnic_ntuple_init(nn);
	err = nvnic_tc_init(nn);
	if (err)
		goto free_nn;
	nvnic_vmq_init(nn);
	nvnic_rss_ctx_reset(nn);
	netif_carrier_off(nn->netdev);

	err = netif_set_real_num_queues(nn->netdev, nn->cfg.num, nn->cfg.num);
	if (err)
		goto free_tc;

	err = register_netdev(nn->netdev);
	if (err)
		goto free_tc;

	return nn;

free_tc:
	nvnic_tc_close(nn);
	nvnic_tc_exit(nn);
free_nn:
	nvnic_off(bdev);
	nvnic_free(nn);
	return ERR_PTR(err);
}

/**
 * nvnic_port_destroy() - undo nvnic_port_create()
 * @nn: port
 *
 * Context: process, without RTNL, devlink instance locked.
 */
void nvnic_port_destroy(struct nvnic_net *nn)
{
	nvnic_tc_close(nn);
	/* Closes the port; nothing is left then that could ask for service. */
	unregister_netdev(nn->netdev);
	cancel_delayed_work_sync(&nn->service);
	nvnic_tc_exit(nn);
	nvnic_ntuple_exit(nn);
	nvnic_rss_ctx_reset(nn);
	nvnic_off(nn->bdev);
	nvnic_free(nn);
}

static int nvnic_probe(struct device *dev)
{
	struct nvnic_bus_dev *bdev = to_nvnic_bus_dev(dev);
	int err;

	err = nvnic_check_id(bdev);
	if (err)
		return err;

	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (err)
		return dev_err_probe(dev, err, "no 64-bit DMA\n");

	return nvnic_devlink_create(bdev);
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
 * nvnic_register() - make the driver known to the bus and the stack
 *
 * Context: process; nvnic_bus_type is registered.
 *
 * Return: 0, or -errno of the notifier chain or of the driver core.
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

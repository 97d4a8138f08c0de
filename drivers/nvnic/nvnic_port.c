// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: creation and removal of a port.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/etherdevice.h>
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

static struct nvnic_net *nvnic_alloc(struct nvnic_devlink *devlink)
{
	struct nvnic_bus_dev *bdev = devlink->bdev;
	struct net_device *netdev;
	struct nvnic_net *nn;

	netdev = alloc_etherdev_mqs(sizeof(*nn), NVNIC_MAX_QUEUES,
				    NVNIC_MAX_QUEUES);
	if (!netdev)
		return NULL;

	SET_NETDEV_DEV(netdev, &bdev->dev);
	/* Start in the network namespace of the devlink instance. */
	dev_net_set(netdev, devlink_net(priv_to_devlink(devlink)));
	SET_NETDEV_DEVLINK_PORT(netdev, &devlink->port);
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
	nn->stats_queues = nn->cfg.num;
	INIT_LIST_HEAD(&nn->stations);
	INIT_LIST_HEAD(&nn->vlans);
	xa_init(&nn->rules);
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

/* Reset the device, and so drop what a previous driver has left. */
static void nvnic_reset(struct nvnic_bus_dev *bdev)
{
	nvnic_wr(bdev, NVNIC_REG_RESET, NVNIC_RESET_PORT);
}

/**
 * nvnic_port_create() - create and register the net_device of a port
 * @devlink: devlink instance of the port, locked
 * @vmq_max: maximum number of VM queue sets
 *
 * Context: process, without RTNL.
 *
 * Return: the port, or ERR_PTR() of -ENOMEM or of an error of register_netdev().
 */
struct nvnic_net *nvnic_port_create(struct nvnic_devlink *devlink, u32 vmq_max)
{
	struct nvnic_net *nn;
	int err;

	nn = nvnic_alloc(devlink);
	if (!nn)
		return ERR_PTR(-ENOMEM);
	nn->vmq_max = vmq_max;

	nvnic_reset(nn->bdev);
	nvnic_init_netdev(nn);
	nvnic_link_init(nn);
	nvnic_features_init(nn);
	nvnic_rss_init(nn);
	nvnic_tc_attach(nn, devlink->tc);
	netif_carrier_off(nn->netdev);

	err = netif_set_real_num_queues(nn->netdev, nn->cfg.num, nn->cfg.num);
	if (err)
		goto free_nn;

	err = register_netdev(nn->netdev);
	if (err)
		goto free_nn;
	nvnic_tc_open(nn);

	return nn;

free_nn:
	nvnic_reset(nn->bdev);
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
	/* Closes the port, so that nothing can schedule the service any more. */
	unregister_netdev(nn->netdev);
	cancel_delayed_work_sync(&nn->service);
	nvnic_ntuple_exit(nn);
	nvnic_reset(nn->bdev);
	nvnic_free(nn);
}

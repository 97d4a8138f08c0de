// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: net_device operations.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/etherdevice.h>
#include <linux/interrupt.h>
#include <linux/rtnetlink.h>

#include "nvnic.h"
#include "nvnic_compat_ops.h"
#include "nvnic_csr.h"
#include "nvnic_vmq.h"

/* ---- Events ---- */

static irqreturn_t nvnic_event_interrupt(int irq, void *data)
{
	struct nvnic_net *nn = data;
	u64 event = nvnic_rd(nn->bdev, NVNIC_REG_EVENT);

	/* Clear the event before reading the state: a change in between fires
	 * again, at worst in vain.
	 */
	nvnic_wr(nn->bdev, NVNIC_REG_EVENT, event & NVNIC_EVENT_MASK);
	if (event & NVNIC_EVENT_LINK)
		nvnic_carrier_update(nn);

	return IRQ_HANDLED;
}

static int nvnic_event_request(struct nvnic_net *nn)
{
	int irq, err;

	irq = nvnic_vector_irq(nn->bdev, NVNIC_VEC_EVENT);
	if (irq < 0)
		return irq;

	snprintf(nn->event_name, sizeof(nn->event_name), "%s-event",
		 nn->netdev->name);
	err = request_irq(irq, nvnic_event_interrupt, 0, nn->event_name, nn);
	if (err)
		return err;
	nn->event_irq = irq;

	return 0;
}

static void nvnic_event_free(struct nvnic_net *nn)
{
	/* Already freed if the offline self-test failed to reopen the port. */
	if (!nn->event_irq)
		return;
	free_irq(nn->event_irq, nn);
	nn->event_irq = 0;
}

/* ---- Receive filters ---- */

static u64 nvnic_macf(const u8 *addr)
{
	return ether_addr_to_u64(addr) | NVNIC_MACF_VALID;
}

static void nvnic_macf_write(struct nvnic_net *nn, u32 i, u64 val)
{
	if (nn->macf[i] == val)
		return;
	nn->macf[i] = val;
	nvnic_wr(nn->bdev, NVNIC_REG_MACF(i), val);
}

/* Keep an address in its slot, so that it is never missing. */
static void nvnic_macf_keep(struct nvnic_net *nn, const u8 *addr,
			    unsigned long *keep)
{
	u64 val = nvnic_macf(addr);
	u32 i;

	for (i = 0; i < NVNIC_MAX_MACS; i++)
		if (nn->macf[i] == val && !__test_and_set_bit(i, keep))
			return;
}

/* Give an address without a slot an empty one, or else an unwanted one. */
static void nvnic_macf_add(struct nvnic_net *nn, const u8 *addr,
			   unsigned long *keep)
{
	u64 val = nvnic_macf(addr);
	u32 i, free = NVNIC_MAX_MACS;

	for (i = 0; i < NVNIC_MAX_MACS; i++) {
		if (nn->macf[i] == val)
			return;
		if (!test_bit(i, keep) && (free == NVNIC_MAX_MACS ||
					   (nn->macf[free] && !nn->macf[i])))
			free = i;
	}
	if (WARN_ON_ONCE(free == NVNIC_MAX_MACS))
		return;
	__set_bit(free, keep);
	nvnic_macf_write(nn, free, val);
}

typedef void nvnic_macf_fn(struct nvnic_net *nn, const u8 *addr,
			   unsigned long *keep);

static void nvnic_macf_each(struct nvnic_net *nn, u64 mode, nvnic_macf_fn *fn,
			    unsigned long *keep)
{
	struct net_device *dev = nn->netdev;
	struct netdev_hw_addr *ha;

	fn(nn, dev->dev_addr, keep);
	if (mode & NVNIC_RX_MODE_PROMISC)
		return;
	netdev_for_each_uc_addr(ha, dev)
		fn(nn, ha->addr, keep);
	if (mode & NVNIC_RX_MODE_ALLMULTI)
		return;
	netdev_for_each_mc_addr(ha, dev)
		fn(nn, ha->addr, keep);
}

/*
 * The mode accepts the address anyway. Leave it in its slot: a receiver that has read
 * the old mode may still look for it.
 */
static bool nvnic_macf_moot(u64 mode, u64 val)
{
	u8 addr[ETH_ALEN];

	u64_to_ether_addr(val & NVNIC_MACF_ADDR, addr);

	return mode & NVNIC_RX_MODE_PROMISC ||
	       (mode & NVNIC_RX_MODE_ALLMULTI && is_multicast_ether_addr(addr));
}

static void nvnic_rx_mode_write(struct nvnic_net *nn, u64 val)
{
	if (nn->rx_mode == val)
		return;
	nn->rx_mode = val;
	nvnic_wr(nn->bdev, NVNIC_REG_RX_MODE, val);
}

/**
 * nvnic_set_rx_mode() - write the receive filters to the device
 * @dev: port
 *
 * Context: any, addr_list_lock.
 */
void nvnic_set_rx_mode(struct net_device *dev)
{
	struct nvnic_net *nn = netdev_priv(dev);
	u32 uc = netdev_uc_count(dev), mc = netdev_mc_count(dev), i;
	DECLARE_BITMAP(keep, NVNIC_MAX_MACS) = {};
	u64 mode = 0;

	lockdep_assert_held(&dev->addr_list_lock);

	if (dev->flags & IFF_PROMISC || uc > NVNIC_MAX_MACS - 1)
		mode |= NVNIC_RX_MODE_PROMISC;
	if (dev->flags & IFF_ALLMULTI || mc > NVNIC_MAX_MACS - 1 - uc)
		mode |= NVNIC_RX_MODE_ALLMULTI;

	/* Widen the mode before removing filters, narrow it after adding them. */
	nvnic_rx_mode_write(nn, nn->rx_mode | mode);

	nvnic_macf_each(nn, mode, nvnic_macf_keep, keep);
	nvnic_macf_each(nn, mode, nvnic_macf_add, keep);
	for_each_clear_bit(i, keep, NVNIC_MAX_MACS)
		if (!nvnic_macf_moot(mode, nn->macf[i]))
			nvnic_macf_write(nn, i, 0);

	nvnic_rx_mode_write(nn, mode);
}

/**
 * nvnic_sync_rx_mode() - nvnic_set_rx_mode() for callers without addr_list_lock
 * @dev: port
 *
 * Context: process.
 */
void nvnic_sync_rx_mode(struct net_device *dev)
{
	netif_addr_lock_bh(dev);
	nvnic_set_rx_mode(dev);
	netif_addr_unlock_bh(dev);
}

static int nvnic_set_mac_address(struct net_device *dev, void *addr)
{
	int err;

	err = eth_mac_addr(dev, addr);
	if (!err)
		nvnic_sync_rx_mode(dev);

	return err;
}

/* ---- Up and down ---- */

static int nvnic_open(struct net_device *dev)
{
	struct nvnic_net *nn = netdev_priv(dev);
	struct nvnic_rings *rings;
	int err;

	rings = nvnic_rings_alloc(nn, &nn->cfg);
	if (IS_ERR(rings))
		return PTR_ERR(rings);

	err = nvnic_event_request(nn);
	if (err)
		goto free_rings;

	nvnic_sync_rx_mode(dev);
	err = nvnic_rings_up(nn, rings);
	if (err)
		goto free_event;

	nvnic_ctrl(nn, NVNIC_CTRL_ENABLE, true);
	netif_tx_start_all_queues(dev);
	nvnic_carrier_update(nn);

	return 0;

free_event:
	nvnic_event_free(nn);
free_rings:
	nvnic_rings_free(rings);
	return err;
}

static int nvnic_stop(struct net_device *dev)
{
	struct nvnic_net *nn = netdev_priv(dev);
	struct nvnic_rings *rings = nn->rings;

	nvnic_ctrl(nn, NVNIC_CTRL_ENABLE, false);
	nvnic_rings_down(nn);
	nvnic_event_free(nn);
	nvnic_carrier_update(nn);
	nvnic_rings_free(rings);
	nvnic_health_clear(nn);

	return 0;
}

static int nvnic_change_mtu(struct net_device *dev, int mtu)
{
	struct nvnic_net *nn = netdev_priv(dev);
	struct nvnic_config cfg = nn->cfg;
	int err = 0;

	/* Write a smaller limit only after the waiting frames have left. */
	cfg.mtu = mtu;
	if (netif_running(dev) &&
	    (mtu < nn->cfg.mtu ||
	     nvnic_rx_truesize(mtu) != nvnic_rx_truesize(nn->cfg.mtu)))
		err = nvnic_reconfigure(nn, &cfg);
	else
		nvnic_wr(nn->bdev, NVNIC_REG_FRAME_MAX, mtu + NVNIC_L2_OVERHEAD);
	if (err)
		return err;

	if (nn->rings)
		nn->rings->cfg.mtu = mtu;
	nn->cfg.mtu = mtu;
	WRITE_ONCE(dev->mtu, mtu);

	return 0;
}

static void nvnic_tx_late(struct net_device *dev, unsigned int queue)
{
	struct nvnic_net *nn = netdev_priv(dev);
	u64 status = nvnic_rd(nn->bdev, NVNIC_REG_TXQ(queue) +
					NVNIC_REG_Q_STATUS);

	if (FIELD_GET(NVNIC_Q_STATUS_HOLD, status)) {
		netdev_info(dev, "TX queue %u is paused by the receiver's flow control\n",
			    queue);
		return;
	}

	netdev_warn(dev, "TX queue %u timed out, status %#llx, resetting it\n",
		    queue, status);
	nvnic_fault(nn, nn->fault_tx, queue);
}

/*
 * The watchdog names the first late queue only. A queue that is held back stays the
 * first one, so check the queues behind it, too.
 */
static void nvnic_tx_timeout(struct net_device *dev, unsigned int txqueue)
{
	unsigned long late = jiffies - dev->watchdog_timeo;
	struct netdev_queue *txq;

	for (; txqueue < dev->real_num_tx_queues; txqueue++) {
		txq = netdev_get_tx_queue(dev, txqueue);
		if (netif_xmit_stopped(txq) &&
		    time_before(READ_ONCE(txq->trans_start), late))
			nvnic_tx_late(dev, txqueue);
	}
}

const struct net_device_ops nvnic_netdev_ops = {
	.ndo_open = nvnic_open,
	.ndo_stop = nvnic_stop,
	.ndo_start_xmit = nvnic_start_xmit,
	.ndo_select_queue = nvnic_select_queue,
	.ndo_dfwd_add_station = nvnic_dfwd_add_station,
	.ndo_dfwd_del_station = nvnic_dfwd_del_station,
	.ndo_features_check = nvnic_features_check,
	.ndo_fix_features = nvnic_fix_features,
	.ndo_set_features = nvnic_set_features,
	.ndo_setup_tc = nvnic_setup_tc,
	.NVNIC_NDO_SET_RX_MODE = nvnic_op_set_rx_mode,
	.ndo_set_mac_address = nvnic_set_mac_address,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_change_mtu = nvnic_change_mtu,
	.ndo_tx_timeout = nvnic_tx_timeout,
	.ndo_get_stats64 = nvnic_get_stats64,
};

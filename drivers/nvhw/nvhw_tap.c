// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: the wire's tap, an interface that shows every frame.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The only part of the device that uses a net_device. While the tap is up, each
 * frame is copied and its checksums are filled before the peer receives it, so the
 * tap shows the bytes of the wire.
 *
 * An engine may run inside a sender's ndo_start_xmit(), so it only queues the frame;
 * NAPI hands the frame to the stack. The stack may send the frame through a port
 * again (tc mirred): NAPI's budget and NVHW_TAP_BACKLOG bound such loops.
 */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>

#include "nvhw.h"

/* Bytes of sk_buffs that may be queued for NAPI */
#define NVHW_TAP_BACKLOG	SZ_32M

/**
 * struct nvhw_tap - the tap of a wire
 * @netdev: its interface
 * @up: the interface is up
 * @napi: hands the frames in @queue to the stack
 * @queue: frames that were sent, oldest first
 * @bytes: sum of their truesize; under the lock of @queue
 */
struct nvhw_tap {
	struct net_device *netdev;
	bool up;
	struct napi_struct napi;
	struct sk_buff_head queue;
	unsigned int bytes;
};

/* struct nvhw_tap_buf is an sk_buff; other files need not know. */
static struct sk_buff *nvhw_tap_skb(struct nvhw_tap_buf *buf)
{
	return (struct sk_buff *)buf;
}

/* Only packet sockets get the frames; the stack must not answer them. */
static rx_handler_result_t nvhw_tap_swallow(struct sk_buff **pskb)
{
	consume_skb(*pskb);
	return RX_HANDLER_CONSUMED;
}

static bool nvhw_tap_queue(struct nvhw_tap *tap, struct sk_buff *skb)
{
	bool room;

	spin_lock(&tap->queue.lock);
	room = READ_ONCE(tap->up) &&
	       tap->bytes + skb->truesize <= NVHW_TAP_BACKLOG;
	if (room) {
		tap->bytes += skb->truesize;
		__skb_queue_tail(&tap->queue, skb);
	}
	spin_unlock(&tap->queue.lock);
	return room;
}

static struct sk_buff *nvhw_tap_dequeue(struct nvhw_tap *tap)
{
	struct sk_buff *skb;

	spin_lock(&tap->queue.lock);
	skb = __skb_dequeue(&tap->queue);
	if (skb)
		tap->bytes -= skb->truesize;
	spin_unlock(&tap->queue.lock);
	return skb;
}

static int nvhw_tap_poll(struct napi_struct *napi, int budget)
{
	struct nvhw_tap *tap = container_of(napi, struct nvhw_tap, napi);
	struct sk_buff *skb;
	int work = 0;

	while (work < budget && (skb = nvhw_tap_dequeue(tap))) {
		dev_sw_netstats_rx_add(tap->netdev, skb->len);
		skb->protocol = eth_type_trans(skb, tap->netdev);
		skb->pkt_type = PACKET_OTHERHOST;
		netif_receive_skb(skb);
		work++;
	}
	if (work < budget)
		napi_complete_done(napi, work);
	return work;
}

static int nvhw_tap_open(struct net_device *netdev)
{
	struct nvhw_tap **priv = netdev_priv(netdev);
	struct nvhw_tap *tap = *priv;
	int err;

	err = netdev_rx_handler_register(netdev, nvhw_tap_swallow, NULL);
	if (err)
		return err;
	napi_enable(&tap->napi);
	WRITE_ONCE(tap->up, true);
	return 0;
}

static int nvhw_tap_stop(struct net_device *netdev)
{
	struct nvhw_tap **priv = netdev_priv(netdev);
	struct nvhw_tap *tap = *priv;

	WRITE_ONCE(tap->up, false);
	napi_disable(&tap->napi);
	/* Has a grace period, which waits for engines that have seen the tap up. */
	netdev_rx_handler_unregister(netdev);
	skb_queue_purge(&tap->queue);
	tap->bytes = 0;
	return 0;
}

static netdev_tx_t nvhw_tap_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	dev_core_stats_tx_dropped_inc(netdev);
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops nvhw_tap_netdev_ops = {
	.ndo_open = nvhw_tap_open,
	.ndo_stop = nvhw_tap_stop,
	.ndo_start_xmit = nvhw_tap_xmit,
};

/*
 * An upper device would get frames before nvhw_tap_swallow() and could return them
 * to the wire.
 */
static int nvhw_tap_event(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	struct net_device *netdev = netdev_notifier_info_to_dev(ptr);
	struct netdev_notifier_changeupper_info *info = ptr;

	if (event != NETDEV_PRECHANGEUPPER || !info->linking ||
	    netdev->netdev_ops != &nvhw_tap_netdev_ops)
		return NOTIFY_DONE;
	NL_SET_ERR_MSG_FMT(netdev_notifier_info_to_extack(ptr),
			   "%s is a tap for packet sockets, no device can be stacked on it",
			   netdev->name);
	return notifier_from_errno(-EOPNOTSUPP);
}

static struct notifier_block nvhw_tap_nb = {
	.notifier_call = nvhw_tap_event,
};

/**
 * nvhw_tap_init() - refuse devices on top of taps from now on
 *
 * Context: process, sleeps, takes RTNL.
 *
 * Return: 0, or what register_netdevice_notifier() returned.
 */
int nvhw_tap_init(void)
{
	return register_netdevice_notifier(&nvhw_tap_nb);
}

/**
 * nvhw_tap_exit() - undo nvhw_tap_init()
 *
 * Context: process, sleeps, takes RTNL; without any tap.
 */
void nvhw_tap_exit(void)
{
	unregister_netdevice_notifier(&nvhw_tap_nb);
}

static void nvhw_tap_setup(struct net_device *netdev)
{
	ether_setup(netdev);
	netdev->netdev_ops = &nvhw_tap_netdev_ops;
	netdev->flags = IFF_NOARP;
	/* IFF_NO_ADDRCONF: no link-local address, no solicitations. */
	netdev->priv_flags |= IFF_NO_QUEUE | IFF_NO_ADDRCONF;
	netdev->max_mtu = NVNIC_MAX_MTU;
	netdev->mtu = NVNIC_MAX_MTU;
	netdev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	eth_hw_addr_random(netdev);
}

/**
 * nvhw_tap_create() - create the tap of a wire
 * @id: number of the adapter
 *
 * Context: process, sleeps, takes RTNL.
 *
 * Return: the tap, -ENOMEM, or why its interface could not be registered.
 */
struct nvhw_tap *nvhw_tap_create(unsigned int id)
{
	struct nvhw_tap **priv;
	struct nvhw_tap *tap;
	char name[IFNAMSIZ];
	int err;

	tap = kzalloc(sizeof(*tap), GFP_KERNEL);
	if (!tap)
		return ERR_PTR(-ENOMEM);
	snprintf(name, sizeof(name), "nvnwire%u", id);
	tap->netdev = alloc_netdev(sizeof(*priv), name, NET_NAME_PREDICTABLE,
				   nvhw_tap_setup);
	if (!tap->netdev) {
		err = -ENOMEM;
		goto free_tap;
	}
	priv = netdev_priv(tap->netdev);
	*priv = tap;
	skb_queue_head_init(&tap->queue);
	netif_napi_add(tap->netdev, &tap->napi, nvhw_tap_poll);
	err = register_netdev(tap->netdev);
	if (err) {
		pr_err("nvnic: tap %s cannot be registered%s: %pe\n", name,
		       err == -EEXIST ? ", another interface has that name" : "",
		       ERR_PTR(err));
		goto free_netdev;
	}
	return tap;

free_netdev:
	free_netdev(tap->netdev);
free_tap:
	kfree(tap);
	return ERR_PTR(err);
}

/**
 * nvhw_tap_destroy() - remove a tap
 * @tap: the tap; no frame is sent any more
 *
 * Context: process, sleeps, takes RTNL.
 */
void nvhw_tap_destroy(struct nvhw_tap *tap)
{
	unregister_netdev(tap->netdev);
	free_netdev(tap->netdev);
	kfree(tap);
}

/**
 * nvhw_tap_is_up() - is the tap up?
 * @tap: the tap
 *
 * Return: true if its interface is up.
 */
bool nvhw_tap_is_up(const struct nvhw_tap *tap)
{
	return READ_ONCE(tap->up);
}

/**
 * nvhw_tap_take() - copy a frame into an sk_buff for the tap
 * @tap: the tap
 * @f: the frame; afterwards its checksums are filled, and its payload is in the
 *	sk_buff
 *
 * Out of memory, the tap counts the frame as dropped.
 *
 * Context: softirq.
 */
void nvhw_tap_take(struct nvhw_tap *tap, struct nvhw_frame *f)
{
	struct sk_buff *skb;

	skb = netdev_alloc_skb_ip_align(tap->netdev, f->len);
	if (!skb) {
		dev_core_stats_rx_dropped_inc(tap->netdev);
		return;
	}
	nvhw_frame_own(f, skb_put(skb, f->len));
	f->tap = (struct nvhw_tap_buf *)skb;
}

/**
 * nvhw_tap_show() - queue a frame that was sent for the stack
 * @tap: the tap
 * @f: the frame; its sk_buff from nvhw_tap_take() is consumed
 *
 * Above NVHW_TAP_BACKLOG the tap counts the frame as dropped.
 *
 * Context: softirq, or process context with bottom halves off.
 */
void nvhw_tap_show(struct nvhw_tap *tap, struct nvhw_frame *f)
{
	struct sk_buff *skb = nvhw_tap_skb(f->tap);

	f->tap = NULL;
	/* Time of sending, not of the NAPI poll. */
	__net_timestamp(skb);
	if (nvhw_tap_queue(tap, skb)) {
		napi_schedule(&tap->napi);
		return;
	}
	dev_core_stats_rx_dropped_inc(tap->netdev);
	kfree_skb(skb);
}

/**
 * nvhw_tap_drop() - free the tap's copy of a frame that will not be sent
 * @f: the frame
 */
void nvhw_tap_drop(struct nvhw_frame *f)
{
	if (f->tap)
		kfree_skb(nvhw_tap_skb(f->tap));
	f->tap = NULL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: features, enabling and disabling of offloads.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The device drops a request whose enable bit is off. So the bit must be set before
 * the first such request is posted, and cleared only after the last one has
 * completed. nvnic_set_features() sets it before the stack uses the feature. After
 * the stack has stopped using the feature, nvnic_features_settle() first removes the
 * bit from nvnic_net.tx_allowed, then clears it once the rings have sent all earlier
 * requests. The transmit path finishes frames that were built earlier, and waited in
 * a queueing discipline, in software if tx_allowed lacks their bit.
 */
#include <linux/iopoll.h>
#include <linux/rtnetlink.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_vmq.h"

/* Longest wait for the rings in a notifier; then the service work continues */
#define NVNIC_SETTLE_US		(500 * USEC_PER_MSEC)
#define NVNIC_SETTLE_STEP_US	200

/**
 * struct nvnic_off_row - driver's part of a row in the list of offloads
 * @offload: NVNIC_OFF_BIT()
 * @features: features of the stack, each of which enables the offload
 * @priv_flags: private flags that enable the offload, if no feature does
 */
struct nvnic_off_row {
	u64 offload;
	netdev_features_t features;
	u32 priv_flags;
};

/* One for each row of <nvnic/offloads.h>; a missing one does not compile */
#define NVNIC_ROW_TX_CSUM	.features = NETIF_F_HW_CSUM
#define NVNIC_ROW_TSO4		.features = NETIF_F_TSO
#define NVNIC_ROW_TSO6		.features = NETIF_F_TSO6
#define NVNIC_ROW_TSO_ECN	.features = NETIF_F_TSO_ECN
#define NVNIC_ROW_TSO_FIXEDID	.features = NETIF_F_TSO_MANGLEID
#define NVNIC_ROW_GSO_GRE	.features = NETIF_F_GSO_GRE
#define NVNIC_ROW_GSO_GRE_CSUM	.features = NETIF_F_GSO_GRE_CSUM
#define NVNIC_ROW_GSO_PARTIAL	.features = NETIF_F_GSO_PARTIAL
#define NVNIC_ROW_USO		.features = NETIF_F_GSO_UDP_L4
#define NVNIC_ROW_RX_CSUM	.features = NETIF_F_RXCSUM
#define NVNIC_ROW_RX_HASH	.features = NETIF_F_RXHASH
#define NVNIC_ROW_NVGRE		.priv_flags = BIT(NVNIC_PF_NVGRE)
#define NVNIC_ROW_RSS_INNER	.priv_flags = BIT(NVNIC_PF_RSS_INNER)
#define NVNIC_ROW_NTUPLE	.features = NETIF_F_NTUPLE
#define NVNIC_ROW_TC		.features = NETIF_F_HW_TC
#define NVNIC_ROW_VMQ		.features = NETIF_F_HW_L2FW_DOFFLOAD
#define NVNIC_ROW_FLOWID	.priv_flags = BIT(NVNIC_PF_FLOWID)

#define NVNIC_ROW(_name, _str)						\
	{ .offload = NVNIC_OFF_BIT(_name), NVNIC_ROW_##_name },

static const struct nvnic_off_row nvnic_off_rows[] = {
	NVNIC_OFFLOADS(NVNIC_ROW)
};

/* Features that move to gso_partial_features and back */
#define NVNIC_F_GRE		(NETIF_F_GSO_GRE | NETIF_F_GSO_GRE_CSUM)

/* Off by default, because it takes queues from the stack */
#define NVNIC_F_OPT_IN		NETIF_F_HW_L2FW_DOFFLOAD

/* Capabilities that need no offload of the device */
#define NVNIC_F_ALWAYS		(NETIF_F_SG | NETIF_F_HIGHDMA)

static netdev_features_t nvnic_features_of(u64 offloads)
{
	netdev_features_t features = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_off_rows); i++)
		if (offloads & nvnic_off_rows[i].offload)
			features |= nvnic_off_rows[i].features;

	return features;
}

static u64 nvnic_offloads_of(const struct nvnic_net *nn,
			     netdev_features_t features, u32 priv_flags)
{
	u64 offloads = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_off_rows); i++)
		if (nvnic_off_rows[i].features & features ||
		    nvnic_off_rows[i].priv_flags & priv_flags)
			offloads |= nvnic_off_rows[i].offload;

	return offloads & nn->cap;
}

static void nvnic_en_write(struct nvnic_net *nn, u64 en)
{
	if (nn->en == en)
		return;
	nn->en = en;
	nvnic_wr(nn->bdev, NVNIC_REG_EN, en);
}

/* Keep request bits that are no longer wanted on until nvnic_features_settle(). */
static void nvnic_en_update(struct nvnic_net *nn, u64 want)
{
	nn->en_off = nn->en & ~want & NVNIC_OFF_TX_MASK;
	nvnic_en_write(nn, want | nn->en_off);
	WRITE_ONCE(nn->tx_allowed,
		   nn->tx_allowed | (want & NVNIC_OFF_TX_MASK));
}

/**
 * nvnic_features_init() - set up features and turn the offloads on
 * @nn: port, not registered yet
 *
 * Context: process.
 */
void nvnic_features_init(struct nvnic_net *nn)
{
	struct net_device *dev = nn->netdev;
	netdev_features_t tx, all;

	tx = NVNIC_F_ALWAYS | nvnic_features_of(nn->cap & NVNIC_OFF_TX_MASK);
	all = NVNIC_F_ALWAYS | nvnic_features_of(nn->cap);

	nn->priv_flags = BIT(NVNIC_PF_NVGRE) | BIT(NVNIC_PF_RSS_INNER) |
			 BIT(NVNIC_PF_SPOOF_CHECK);
	dev->hw_features = (all & ~NETIF_F_HIGHDMA) | NETIF_F_LOOPBACK;
	dev->features = all & ~NVNIC_F_OPT_IN;
	dev->vlan_features = tx;
	dev->hw_enc_features = tx;
	/* The device does checksums of any protocol, but no segmentation behind labels. */
	dev->mpls_features = tx & (NVNIC_F_ALWAYS | NETIF_F_HW_CSUM);

	nvnic_en_update(nn, nvnic_offloads_of(nn, dev->features,
					      nn->priv_flags));
	nvnic_ctrl(nn, NVNIC_CTRL_SPOOF_CHECK, true);
	nvnic_quirk_init(nn, NVNIC_F_GRE);
}

/**
 * nvnic_fix_features() - ndo_fix_features
 * @dev: port
 * @features: wanted features
 *
 * Keeps hw-tc-offload on while filters need it. An error of nvnic_set_features()
 * would refuse all other changes, later ones included, because the stack remembers
 * the wanted features.
 *
 * Context: process, instance lock.
 *
 * Return: possible features.
 */
netdev_features_t nvnic_fix_features(struct net_device *dev,
				     netdev_features_t features)
{
	nvnic_assert_dev_lock(dev);

	if (features & NETIF_F_HW_TC || !nvnic_tc_busy(netdev_priv(dev)))
		return features;

	nvnic_refuse(dev, NULL,
		     "hw-tc-offload cannot be turned off while tc filters are offloaded");
	return features | NETIF_F_HW_TC;
}

/**
 * nvnic_set_features() - ndo_set_features
 * @dev: port
 * @features: new features
 *
 * Context: process, instance lock.
 *
 * Return: 0.
 */
int nvnic_set_features(struct net_device *dev, netdev_features_t features)
{
	struct nvnic_net *nn = netdev_priv(dev);
	bool loop = features & NETIF_F_LOOPBACK;

	nvnic_assert_dev_lock(dev);

	/* Move macvlans to software before the offload is disabled. */
	if (!(features & NETIF_F_HW_L2FW_DOFFLOAD))
		nvnic_dfwd_release_all(nn);

	nvnic_en_update(nn, nvnic_offloads_of(nn, features, nn->priv_flags));
	if (!(features & NETIF_F_NTUPLE))
		nvnic_ntuple_flush(nn);
	if (loop != !!(nn->ctrl & NVNIC_CTRL_LOOPBACK))
		nvnic_ctrl(nn, NVNIC_CTRL_LOOPBACK, loop);

	return 0;
}

static void nvnic_features_mark(struct nvnic_net *nn)
{
	struct nvnic_vec *vec;

	nvnic_for_each_vec(vec, nn->rings)
		vec->tx.drain = READ_ONCE(vec->tx.tail);
}

static bool nvnic_features_drained(const struct nvnic_net *nn)
{
	const struct nvnic_vec *vec;

	nvnic_for_each_vec(vec, nn->rings)
		if (!nvnic_tx_passed(&vec->tx, vec->tx.drain))
			return false;

	return true;
}

/**
 * nvnic_features_settle() - disable the offloads that are no longer wanted
 * @nn: port
 * @timeout_us: longest wait for frames in the rings, in microseconds
 *
 * Context: process, instance lock.
 *
 * Return: true when done; false if the rings still hold frames that need an offload,
 * then it stays enabled in the device and the caller must try again.
 */
bool nvnic_features_settle(struct nvnic_net *nn, unsigned long timeout_us)
{
	bool drained;

	nvnic_assert_dev_lock(nn->netdev);

	if (!nn->en_off)
		return true;

	if (nn->tx_allowed & nn->en_off) {
		WRITE_ONCE(nn->tx_allowed, nn->tx_allowed & ~nn->en_off);
		/* Wait for transmitters that have read the old value. */
		synchronize_net();
		nvnic_features_mark(nn);
	}

	if (timeout_us)
		read_poll_timeout(nvnic_features_drained, drained, drained,
				  NVNIC_SETTLE_STEP_US, timeout_us, false, nn);
	else
		drained = nvnic_features_drained(nn);
	if (!drained)
		return false;

	nvnic_en_write(nn, nn->en & ~nn->en_off);
	nn->en_off = 0;

	return true;
}

/**
 * nvnic_features_changed() - handle that the stack has stopped using features
 * @nn: port
 *
 * Context: process, instance lock.
 */
void nvnic_features_changed(struct nvnic_net *nn)
{
	if (!nvnic_features_settle(nn, NVNIC_SETTLE_US))
		mod_delayed_work(system_percpu_wq, &nn->service, 1);
}

/**
 * nvnic_set_priv_flags() - ethtool: set private flags
 * @dev: port
 * @flags: bits of enum nvnic_priv_flag
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -EINVAL for an unknown flag.
 */
int nvnic_set_priv_flags(struct net_device *dev, u32 flags)
{
	struct nvnic_net *nn = netdev_priv(dev);
	u32 changed = flags ^ nn->priv_flags;

	nvnic_assert_dev_lock(dev);

	if (flags & ~GENMASK(NVNIC_PF_COUNT - 1, 0))
		return -EINVAL;

	nn->priv_flags = flags;
	nvnic_en_update(nn, nvnic_offloads_of(nn, dev->features, flags));

	if (changed & BIT(NVNIC_PF_THREADS))
		nvnic_ctrl(nn, NVNIC_CTRL_THREADS,
			   flags & BIT(NVNIC_PF_THREADS));

	if (changed & BIT(NVNIC_PF_SPOOF_CHECK))
		nvnic_ctrl(nn, NVNIC_CTRL_SPOOF_CHECK,
			   flags & BIT(NVNIC_PF_SPOOF_CHECK));

	if (changed & BIT(NVNIC_PF_GRE_PARTIAL)) {
		if (flags & BIT(NVNIC_PF_GRE_PARTIAL))
			dev->gso_partial_features |= NVNIC_F_GRE;
		else
			dev->gso_partial_features &= ~NVNIC_F_GRE;
		netdev_update_features(dev);
	}

	return 0;
}

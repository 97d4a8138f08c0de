// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: ethtool operations.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/ethtool.h>
#include <linux/log2.h>
#include <linux/rtnetlink.h>

#include "nvnic.h"
#include "nvnic_compat_ops.h"
#include "nvnic_csr.h"
#include "nvnic_vmq.h"

static const char nvnic_priv_flag_names[][ETH_GSTRING_LEN] = {
	[NVNIC_PF_GRE_PARTIAL] = "gre-gso-partial",
	[NVNIC_PF_NVGRE] = "nvgre-offload",
	[NVNIC_PF_RSS_INNER] = "rss-inner",
	[NVNIC_PF_THREADS] = "engine-threads",
	[NVNIC_PF_FLOWID] = "nvgre-flowid",
	[NVNIC_PF_SPOOF_CHECK] = "vmq-spoof-check",
};

static_assert(ARRAY_SIZE(nvnic_priv_flag_names) == NVNIC_PF_COUNT);

static void nvnic_get_drvinfo(struct net_device *dev,
			      struct ethtool_drvinfo *info)
{
	struct nvnic_net *nn = netdev_priv(dev);

	u64 id = nvnic_rd(nn->bdev, NVNIC_REG_ID);

	strscpy(info->driver, NVNIC_DRV_NAME, sizeof(info->driver));
	snprintf(info->fw_version, sizeof(info->fw_version), "%llu.%llu",
		 FIELD_GET(NVNIC_ID_FW_MAJOR, id),
		 FIELD_GET(NVNIC_ID_FW_MINOR, id));
	strscpy(info->bus_info, dev_name(&nn->bdev->dev),
		sizeof(info->bus_info));
}

static void nvnic_get_ringparam(struct net_device *dev,
				struct ethtool_ringparam *ring,
				struct kernel_ethtool_ringparam *kernel_ring,
				struct netlink_ext_ack *extack)
{
	struct nvnic_net *nn = netdev_priv(dev);

	ring->rx_max_pending = NVNIC_MAX_RING;
	ring->tx_max_pending = NVNIC_MAX_RING;
	ring->rx_pending = nn->cfg.rx_size;
	ring->tx_pending = nn->cfg.tx_size;
}

static bool nvnic_ring_size_ok(u32 size)
{
	return size >= NVNIC_MIN_RING && size <= NVNIC_MAX_RING &&
	       is_power_of_2(size);
}

/* The core has already rejected values above the maximum. */
static int nvnic_set_ringparam(struct net_device *dev,
			       struct ethtool_ringparam *ring,
			       struct kernel_ethtool_ringparam *kernel_ring,
			       struct netlink_ext_ack *extack)
{
	struct nvnic_net *nn = netdev_priv(dev);
	struct nvnic_config cfg = nn->cfg;
	int err;

	if (!nvnic_ring_size_ok(ring->rx_pending) ||
	    !nvnic_ring_size_ok(ring->tx_pending)) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "ring sizes must be powers of two from %u to %u",
				       NVNIC_MIN_RING, NVNIC_MAX_RING);
		return -EINVAL;
	}

	cfg.rx_size = ring->rx_pending;
	cfg.tx_size = ring->tx_pending;
	err = nvnic_reconfigure(nn, &cfg);
	if (err)
		NL_SET_ERR_MSG_MOD(extack, "failed to set up rings of this size");

	return err;
}

static void nvnic_get_channels(struct net_device *dev,
			       struct ethtool_channels *channels)
{
	struct nvnic_net *nn = netdev_priv(dev);

	channels->max_combined = NVNIC_MAX_QUEUES;
	channels->combined_count = nn->cfg.num;
}

static int nvnic_set_channels(struct net_device *dev,
			      struct ethtool_channels *channels)
{
	struct nvnic_net *nn = netdev_priv(dev);
	int err;

	err = nvnic_ntuple_check_queues(nn, channels->combined_count);
	if (!err)
		err = nvnic_tc_check_queues(nn, channels->combined_count);
	if (!err)
		err = nvnic_dfwd_renumber(nn, channels->combined_count);
	if (err)
		return err;

	nn->stats_queues = max(nn->stats_queues, nn->cfg.num);

	return 0;
}

static u32 nvnic_get_priv_flags(struct net_device *dev)
{
	struct nvnic_net *nn = netdev_priv(dev);

	return nn->priv_flags;
}

static int nvnic_get_sset_count(struct net_device *dev, int set)
{
	switch (set) {
	case ETH_SS_STATS:
		return nvnic_stats_count(dev);
	case ETH_SS_PRIV_FLAGS:
		return NVNIC_PF_COUNT;
	case ETH_SS_TEST:
		return nvnic_selftest_count();
	default:
		return -EOPNOTSUPP;
	}
}

static void nvnic_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	switch (set) {
	case ETH_SS_STATS:
		nvnic_stats_strings(dev, data);
		break;
	case ETH_SS_PRIV_FLAGS:
		memcpy(data, nvnic_priv_flag_names,
		       sizeof(nvnic_priv_flag_names));
		break;
	case ETH_SS_TEST:
		nvnic_selftest_strings(data);
		break;
	}
}

static void nvnic_get_ethtool_stats(struct net_device *dev,
				    struct ethtool_stats *stats, u64 *data)
{
	nvnic_stats_values(dev, data);
}

static u32 nvnic_get_rxfh_key_size(struct net_device *dev)
{
	return NVNIC_RSS_KEY_LEN;
}

static u32 nvnic_get_rxfh_indir_size(struct net_device *dev)
{
	return NVNIC_RSS_ENTRIES;
}

const struct ethtool_ops nvnic_ethtool_ops = {
	NVNIC_ETHTOOL_COMPAT_OPS
	.supported_input_xfrm = RXH_XFRM_SYM_XOR,
	.cap_rss_rxnfc_adds = true,
	.rxfh_per_ctx_key = true,
	.rxfh_max_num_contexts = NVNIC_RSS_USER_CONTEXTS,
	.supported_coalesce_params = ETHTOOL_COALESCE_USECS |
				     ETHTOOL_COALESCE_MAX_FRAMES |
				     ETHTOOL_COALESCE_USE_ADAPTIVE,
	.get_coalesce = nvnic_get_coalesce,
	.set_coalesce = nvnic_set_coalesce,
	.get_per_queue_coalesce = nvnic_get_queue_coalesce,
	.set_per_queue_coalesce = nvnic_set_queue_coalesce,
	.get_drvinfo = nvnic_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = nvnic_get_link_ksettings,
	.set_link_ksettings = nvnic_set_link_ksettings,
	.get_link_ext_state = nvnic_get_link_ext_state,
	.get_link_ext_stats = nvnic_get_link_ext_stats,
	.get_fecparam = nvnic_get_fecparam,
	.get_fec_stats = nvnic_op_get_fec_stats,
	.get_ringparam = nvnic_get_ringparam,
	.set_ringparam = nvnic_set_ringparam,
	.get_channels = nvnic_get_channels,
	.set_channels = nvnic_set_channels,
	.get_pauseparam = nvnic_get_pauseparam,
	.set_pauseparam = nvnic_set_pauseparam,
	.get_pause_stats = nvnic_get_pause_stats,
	.get_eth_mac_stats = nvnic_get_eth_mac_stats,
	.get_eth_ctrl_stats = nvnic_get_eth_ctrl_stats,
	.get_rmon_stats = nvnic_get_rmon_stats,
	.get_regs_len = nvnic_get_regs_len,
	.get_regs = nvnic_get_regs,
	.self_test = nvnic_self_test,
	.set_phys_id = nvnic_set_phys_id,
	.get_priv_flags = nvnic_get_priv_flags,
	.set_priv_flags = nvnic_set_priv_flags,
	.get_sset_count = nvnic_get_sset_count,
	.get_strings = nvnic_get_strings,
	.get_ethtool_stats = nvnic_get_ethtool_stats,
	.get_rxfh_key_size = nvnic_get_rxfh_key_size,
	.get_rxfh_indir_size = nvnic_get_rxfh_indir_size,
	.get_rxfh = nvnic_get_rxfh,
	.set_rxfh = nvnic_set_rxfh,
	.create_rxfh_context = nvnic_create_rxfh_context,
	.modify_rxfh_context = nvnic_modify_rxfh_context,
	.remove_rxfh_context = nvnic_remove_rxfh_context,
	.get_rxnfc = nvnic_get_rxnfc,
	.set_rxnfc = nvnic_set_rxnfc,
	.get_ts_info = ethtool_op_get_ts_info,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: receive hash.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "nvnic.h"
#include "nvnic_vmq.h"

static_assert(sizeof(u64[NVNIC_RSS_KEY_WORDS]) == NVNIC_RSS_KEY_LEN);
static_assert(NVNIC_MAX_QUEUES - 1 <= NVNIC_RSS_TABLE_QUEUE);
/* nvnic_rss.table holds a queue in a byte. */
static_assert(NVNIC_MAX_QUEUES <= U8_MAX);

#define NVNIC_RSS_FIELDS_RESET						\
	(FIELD_PREP(NVNIC_RSS_FIELDS_IP4, NVNIC_RSS_F_L3) |		\
	 FIELD_PREP(NVNIC_RSS_FIELDS_IP6, NVNIC_RSS_F_L3) |		\
	 FIELD_PREP(NVNIC_RSS_FIELDS_TCP4, NVNIC_RSS_F_L3 | NVNIC_RSS_F_L4) | \
	 FIELD_PREP(NVNIC_RSS_FIELDS_TCP6, NVNIC_RSS_F_L3 | NVNIC_RSS_F_L4) | \
	 FIELD_PREP(NVNIC_RSS_FIELDS_UDP4, NVNIC_RSS_F_L3 | NVNIC_RSS_F_L4) | \
	 FIELD_PREP(NVNIC_RSS_FIELDS_UDP6, NVNIC_RSS_F_L3 | NVNIC_RSS_F_L4))

/**
 * nvnic_rss_default_table() - fill the table with all queues, unless the user set it
 * @nn: port
 * @queues: number of queues
 *
 * Does not write the table to the device.
 *
 * Context: process, instance lock or before the port is registered.
 */
void nvnic_rss_default_table(struct nvnic_net *nn, u32 queues)
{
	u32 i;

	if (netif_is_rxfh_configured(nn->netdev))
		return;

	for (i = 0; i < NVNIC_RSS_ENTRIES; i++)
		nn->rss.table[i] = ethtool_rxfh_indir_default(i, queues);
}

/**
 * nvnic_rss_init() - set up the receive hash
 * @nn: port, not registered yet
 *
 * Context: process.
 */
void nvnic_rss_init(struct nvnic_net *nn)
{
	nn->rss.fields = NVNIC_RSS_FIELDS_RESET;
	netdev_rss_key_fill(nn->rss.key, sizeof(nn->rss.key));
	nvnic_rss_default_table(nn, nn->cfg.num);
}

/**
 * nvnic_rss_program() - write the receive hash to the device
 * @nn: port
 * @queues: number of queues that the port will have
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -EIO when the device refused it.
 */
int nvnic_rss_program(struct nvnic_net *nn, u32 queues)
{
	int err;

	nvnic_assert_dev_lock(nn->netdev);

	nvnic_rss_default_table(nn, queues);
	err = nvnic_rss_commit(nn, 0, &nn->rss);
	if (err)
		netdev_err(nn->netdev, "device rejected the RSS indirection table\n");

	return err;
}

/* Write the main settings, those of VM queue sets and, if changed, fields of contexts. */
static int nvnic_rss_commit_all(struct nvnic_net *nn, bool fields)
{
	int err = 0;

	if (nn->rings)
		err = nvnic_rss_commit(nn, 0, &nn->rss);
	if (!err)
		err = nvnic_vmq_rss(nn);
	if (!err && fields)
		err = nvnic_rss_ctx_fields(nn);

	return err;
}

/*
 * Change the main settings, and all that derive from them. On an error roll back to
 * the old settings, in the device and in @nn.
 */
static int nvnic_rss_change(struct nvnic_net *nn, const struct nvnic_rss *rss)
{
	bool fields = rss->fields != nn->rss.fields;
	struct nvnic_rss *old;
	int err;

	old = kmemdup(&nn->rss, sizeof(*old), GFP_KERNEL);
	if (!old)
		return -ENOMEM;

	nn->rss = *rss;
	err = nvnic_rss_commit_all(nn, fields);
	if (err) {
		nn->rss = *old;
		if (nvnic_rss_commit_all(nn, fields))
			netdev_err(nn->netdev, "failed to restore the previous RSS configuration\n");
	}
	kfree(old);

	return err;
}

/**
 * nvnic_get_rxfh() - ethtool: hash key, function and table
 * @dev: port
 * @rxfh: receives key, function and table
 *
 * Context: process, instance lock.
 *
 * Return: 0.
 */
int nvnic_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh)
{
	struct nvnic_net *nn = netdev_priv(dev);
	u32 i;

	rxfh->hfunc = ETH_RSS_HASH_TOP;
	rxfh->input_xfrm = nn->rss.sym_xor ? RXH_XFRM_SYM_XOR : 0;
	if (rxfh->key)
		memcpy(rxfh->key, nn->rss.key, sizeof(nn->rss.key));
	if (rxfh->indir)
		for (i = 0; i < NVNIC_RSS_ENTRIES; i++)
			rxfh->indir[i] = nn->rss.table[i];

	return 0;
}

/**
 * nvnic_set_rxfh() - ethtool: set hash key and table
 * @dev: port
 * @rxfh: settings to change
 * @extack: receives the reason of a refusal
 *
 * Context: process, instance lock.
 *
 * Return: 0; an error of nvnic_rss_check(); -EIO when the device refused it;
 * -ENOMEM.
 */
int nvnic_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		   struct netlink_ext_ack *extack)
{
	struct nvnic_net *nn = netdev_priv(dev);
	struct nvnic_rss *rss;
	int err;
	u32 i;

	err = nvnic_rss_check(nn, rxfh, nn->rss.fields, extack);
	if (err)
		return err;

	rss = kmemdup(&nn->rss, sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return -ENOMEM;

	if (rxfh->key)
		memcpy(rss->key, rxfh->key, sizeof(rss->key));
	for (i = 0; rxfh->indir && i < NVNIC_RSS_ENTRIES; i++)
		rss->table[i] = rxfh->indir[i];
	if (rxfh->input_xfrm != RXH_XFRM_NO_CHANGE)
		rss->sym_xor = rxfh->input_xfrm == RXH_XFRM_SYM_XOR;

	err = nvnic_rss_change(nn, rss);
	if (err)
		NL_SET_ERR_MSG_MOD(extack, "device rejected the RSS indirection table");
	kfree(rss);

	return err;
}

static int nvnic_rss_fields_change(struct nvnic_net *nn, u32 ctx, u64 fields)
{
	struct nvnic_rss *rss;
	int err;

	if (ctx)
		return nvnic_rss_ctx_set_fields(nn, ctx, fields);

	rss = kmemdup(&nn->rss, sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return -ENOMEM;

	rss->fields = fields;
	err = nvnic_rss_change(nn, rss);
	kfree(rss);

	return err;
}

/**
 * nvnic_set_rxfh_fields() - ethtool: set the hash fields of a flow type
 * @dev: port
 * @fields: flow type, RSS context, RXH_*
 * @extack: receives the reason of a refusal, or NULL to log it
 *
 * Context: process, instance lock.
 *
 * Return: 0; an error of nvnic_rss_fields_check(); -EIO when the device refused
 * it; -ENOMEM.
 */
int nvnic_set_rxfh_fields(struct net_device *dev,
			  const struct ethtool_rxfh_fields *fields,
			  struct netlink_ext_ack *extack)
{
	u64 all;
	int err;

	err = nvnic_rss_fields_check(dev, fields, &all, extack);
	if (err)
		return err;

	return nvnic_rss_fields_change(netdev_priv(dev), fields->rss_context,
				       all);
}

/**
 * nvnic_get_rxnfc() - ethtool: number of queues, fields of a flow type, rules
 * @dev: port
 * @nfc: command; receives the answer
 * @rule_locs: receives the locations of all rules
 *
 * Context: process, instance lock.
 *
 * Return: 0; -EINVAL for a flow type without hash; -EOPNOTSUPP for another
 * command; an error of nvnic_ntuple.c.
 */
int nvnic_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *nfc,
		    u32 *rule_locs)
{
	struct nvnic_net *nn = netdev_priv(dev);
	struct ethtool_rxfh_fields fields = {};
	int err;

	switch (nfc->cmd) {
	case ETHTOOL_GRXRINGS:
		nfc->data = nvnic_get_rx_ring_count(dev);
		return 0;
	case ETHTOOL_GRXFH:
		fields.flow_type = nfc->flow_type;
		err = nvnic_get_rxfh_fields(dev, &fields);
		nfc->data = fields.data;
		return err;
	case ETHTOOL_GRXCLSRLCNT:
		nvnic_ntuple_count(nn, nfc);
		return 0;
	case ETHTOOL_GRXCLSRULE:
		return nvnic_ntuple_get(nn, nfc);
	case ETHTOOL_GRXCLSRLALL:
		return nvnic_ntuple_list(nn, nfc, rule_locs);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * nvnic_set_rxnfc() - ethtool: set the fields of a flow type, or a rule
 * @dev: port
 * @nfc: command, with fields or rule
 *
 * Context: process, instance lock.
 *
 * Return: 0; -EINVAL for fields that cannot be hashed for the flow type;
 * -EOPNOTSUPP for another flow type or command; -EIO when the device refused
 * it; -ENOMEM; an error of nvnic_ntuple.c.
 */
int nvnic_set_rxnfc(struct net_device *dev, struct ethtool_rxnfc *nfc)
{
	struct nvnic_net *nn = netdev_priv(dev);
	struct ethtool_rxfh_fields fields = {};

	switch (nfc->cmd) {
	case ETHTOOL_SRXFH:
		fields.flow_type = nfc->flow_type;
		fields.data = nfc->data;
		return nvnic_set_rxfh_fields(dev, &fields, NULL);
	case ETHTOOL_SRXCLSRLINS:
		return nvnic_ntuple_insert(nn, nfc);
	case ETHTOOL_SRXCLSRLDEL:
		return nvnic_ntuple_delete(nn, nfc->fs.location);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * nvnic_get_rx_ring_count() - ethtool: number of queues for table and rules
 * @dev: port
 *
 * Context: process, instance lock.
 *
 * Return: the number.
 */
u32 nvnic_get_rx_ring_count(struct net_device *dev)
{
	const struct nvnic_net *nn = netdev_priv(dev);

	return nn->cfg.num;
}

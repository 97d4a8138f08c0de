// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: additional RSS contexts.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The core stores their tables and keys. The device keeps contexts while the port is
 * down, so nothing has to be restored.
 */
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "nvnic.h"

/**
 * nvnic_rss_check() - check a hash configuration
 * @nn: port
 * @rxfh: the configuration
 * @fields: NVNIC_REG_RSS_FIELDS of the configuration
 * @extack: receives the reason of a refusal, may be NULL
 *
 * Context: process, instance lock.
 *
 * Return: 0; -EOPNOTSUPP for a function other than Toeplitz, or an input transform
 * other than symmetric-xor; -EINVAL for a queue out of range, or symmetric-xor over
 * fields that differ between the directions of a flow.
 */
int nvnic_rss_check(struct nvnic_net *nn, const struct ethtool_rxfh_param *rxfh,
		    u64 fields, struct netlink_ext_ack *extack)
{
	u32 i;

	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE &&
	    rxfh->hfunc != ETH_RSS_HASH_TOP) {
		nvnic_refuse(nn->netdev, extack, "only Toeplitz is supported");
		return -EOPNOTSUPP;
	}
	if (rxfh->input_xfrm && rxfh->input_xfrm != RXH_XFRM_NO_CHANGE &&
	    rxfh->input_xfrm != RXH_XFRM_SYM_XOR) {
		nvnic_refuse(nn->netdev, extack,
			     "only symmetric-xor is supported as input transform");
		return -EOPNOTSUPP;
	}

	if (rxfh->input_xfrm == RXH_XFRM_SYM_XOR &&
	    !nvnic_rss_fields_symmetric(fields)) {
		nvnic_refuse_asymmetric(nn->netdev, extack);
		return -EINVAL;
	}

	for (i = 0; rxfh->indir && i < NVNIC_RSS_ENTRIES; i++) {
		if (rxfh->indir[i] < nn->cfg.num)
			continue;
		nvnic_refuse(nn->netdev, extack,
			     "entry %u: queue %u out of range, port has %u", i,
			     rxfh->indir[i], nn->cfg.num);
		return -EINVAL;
	}

	return 0;
}

/* Write a context with the changes of @rxfh, or unchanged if @rxfh is NULL. */
static int nvnic_rss_ctx_write(struct nvnic_net *nn, u32 id,
			       struct ethtool_rxfh_context *ctx,
			       const struct ethtool_rxfh_param *rxfh,
			       struct netlink_ext_ack *extack)
{
	const u32 *indir = ethtool_rxfh_context_indir(ctx);
	const u8 *key = ethtool_rxfh_context_key(ctx);
	u8 xfrm = ctx->input_xfrm;
	struct nvnic_rss *rss;
	int err;
	u32 i;

	if (rxfh && rxfh->indir)
		indir = rxfh->indir;
	if (rxfh && rxfh->key)
		key = rxfh->key;
	if (rxfh && rxfh->input_xfrm != RXH_XFRM_NO_CHANGE)
		xfrm = rxfh->input_xfrm;

	rss = kmalloc(sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return -ENOMEM;

	memcpy(rss->key, key, sizeof(rss->key));
	for (i = 0; i < NVNIC_RSS_ENTRIES; i++)
		rss->table[i] = indir[i];
	rss->fields = nn->ctx_fields[id];
	rss->sym_xor = xfrm == RXH_XFRM_SYM_XOR;
	err = nvnic_rss_commit(nn, id, rss);
	kfree(rss);
	if (err)
		nvnic_refuse(nn->netdev, extack,
			     "device is out of memory for RSS context %u", id);

	return err;
}

/**
 * nvnic_create_rxfh_context() - ethtool: create an RSS context
 * @dev: port
 * @ctx: context of the core; receives the settings that the user left open
 * @rxfh: settings of the user
 * @extack: receives the reason of a refusal
 *
 * The default table holds all current queues, the default key is that of the system,
 * and the hash fields are those of the port.
 *
 * Context: process, instance lock.
 *
 * Return: 0; an error of nvnic_rss_check(); -EIO when the device refused it;
 * -ENOMEM.
 */
int nvnic_create_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack)
{
	struct nvnic_net *nn = netdev_priv(dev);
	u32 *indir = ethtool_rxfh_context_indir(ctx);
	int err;
	u32 i;

	nvnic_assert_dev_lock(dev);

	err = nvnic_rss_check(nn, rxfh, nn->rss.fields, extack);
	if (err)
		return err;

	for (i = 0; i < NVNIC_RSS_ENTRIES; i++)
		indir[i] = ethtool_rxfh_indir_default(i, nn->cfg.num);
	netdev_rss_key_fill(ethtool_rxfh_context_key(ctx), NVNIC_RSS_KEY_LEN);
	ctx->hfunc = ETH_RSS_HASH_TOP;
	ctx->input_xfrm = 0;

	nn->ctx_fields[rxfh->rss_context] = nn->rss.fields;
	err = nvnic_rss_ctx_write(nn, rxfh->rss_context, ctx, rxfh, extack);
	if (!err)
		nn->ctx[rxfh->rss_context] = ctx;

	return err;
}

/* Rules add a queue offset to the entries of the table. */
static int nvnic_rss_ctx_check_span(struct nvnic_net *nn,
				    const struct ethtool_rxfh_param *rxfh,
				    struct netlink_ext_ack *extack)
{
	u32 span = nvnic_ntuple_ctx_span(nn, rxfh->rss_context);
	u32 i;

	for (i = 0; rxfh->indir && i < NVNIC_RSS_ENTRIES; i++) {
		if (rxfh->indir[i] + span < nn->cfg.num)
			continue;
		nvnic_refuse(nn->netdev, extack,
			     "entry %u plus rule offset %u: queue %u out of range, port has %u",
			     i, span, rxfh->indir[i] + span, nn->cfg.num);
		return -EINVAL;
	}

	return 0;
}

/**
 * nvnic_modify_rxfh_context() - ethtool: change an RSS context
 * @dev: port
 * @ctx: context of the core, before the change
 * @rxfh: settings to change
 * @extack: receives the reason of a refusal
 *
 * Context: process, instance lock.
 *
 * Return: as nvnic_create_rxfh_context(); on an error the context is unchanged.
 */
int nvnic_modify_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack)
{
	struct nvnic_net *nn = netdev_priv(dev);
	int err;

	nvnic_assert_dev_lock(dev);

	err = nvnic_rss_check(nn, rxfh, nn->ctx_fields[rxfh->rss_context],
			      extack);
	if (!err)
		err = nvnic_rss_ctx_check_span(nn, rxfh, extack);
	if (err)
		return err;

	return nvnic_rss_ctx_write(nn, rxfh->rss_context, ctx, rxfh, extack);
}

/**
 * nvnic_remove_rxfh_context() - ethtool: remove an RSS context
 * @dev: port
 * @ctx: context of the core
 * @id: number of the context
 * @extack: receives the reason of a refusal
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -EBUSY if a rule uses the context, unless the port is going away.
 */
int nvnic_remove_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx, u32 id,
			      struct netlink_ext_ack *extack)
{
	struct nvnic_net *nn = netdev_priv(dev);

	if (dev->reg_state == NETREG_UNREGISTERING) {
		/* The core has dropped the instance lock; ethtool cannot call any more. */
		ASSERT_RTNL();
		nvnic_ntuple_flush(nn);
	} else {
		nvnic_assert_dev_lock(dev);
	}
	if (nvnic_rss_commit(nn, id, NULL)) {
		nvnic_refuse(dev, extack, "RSS context %u is used by a rule",
			     id);
		return -EBUSY;
	}
	nn->ctx[id] = NULL;

	return 0;
}

/**
 * nvnic_rss_ctx_fields() - apply changed hash fields of the port to contexts
 * @nn: port
 *
 * Only on kernels where contexts have no hash fields of their own.
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -EIO if the device refused it for a context.
 */
int nvnic_rss_ctx_fields(struct nvnic_net *nn)
{
	int err = 0;
	u32 i;

	if (NVNIC_CTX_OWN_FIELDS)
		return 0;

	for (i = 0; !err && i < NVNIC_RSS_USER_CONTEXTS; i++)
		if (nn->ctx[i])
			err = nvnic_rss_ctx_set_fields(nn, i, nn->rss.fields);

	return err;
}

/**
 * nvnic_rss_ctx_set_fields() - set the hash fields of an RSS context
 * @nn: port
 * @id: number of an existing context
 * @fields: NVNIC_REG_RSS_FIELDS
 *
 * Context: process, instance lock.
 *
 * Return: 0; -EIO if the device refused it; -ENOMEM. On an error the context is
 * unchanged.
 */
int nvnic_rss_ctx_set_fields(struct nvnic_net *nn, u32 id, u64 fields)
{
	u64 old = nn->ctx_fields[id];
	int err;

	nn->ctx_fields[id] = fields;
	err = nvnic_rss_ctx_write(nn, id, nn->ctx[id], NULL, NULL);
	if (err)
		nn->ctx_fields[id] = old;

	return err;
}

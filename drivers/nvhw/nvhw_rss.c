// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: receive hash configuration.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "nvhw.h"

static const u64 nvhw_rss_fields[NVPE_FLOW_COUNT] = {
	[NVPE_FLOW_IP4] = NVNIC_RSS_FIELDS_IP4,
	[NVPE_FLOW_IP6] = NVNIC_RSS_FIELDS_IP6,
	[NVPE_FLOW_TCP4] = NVNIC_RSS_FIELDS_TCP4,
	[NVPE_FLOW_TCP6] = NVNIC_RSS_FIELDS_TCP6,
	[NVPE_FLOW_UDP4] = NVNIC_RSS_FIELDS_UDP4,
	[NVPE_FLOW_UDP6] = NVNIC_RSS_FIELDS_UDP6,
};

static_assert(NVNIC_RSS_F_L3 == NVPE_RSS_F_L3);
static_assert(NVNIC_RSS_F_L4 == NVPE_RSS_F_L4);

/**
 * nvhw_rss_commit() - put the staged registers in force
 * @port: the port
 *
 * Context: process, sleeps; takes @port->lock.
 *
 * Return: false if memory is short: nothing has changed.
 */
bool nvhw_rss_commit(struct nvhw_port *port)
{
	u8 key[NVPE_TOEPLITZ_KEY_LEN];
	struct nvhw_rss *rss, *old;
	unsigned int i;

	static_assert(NVNIC_RSS_KEY_WORDS * sizeof(u64) == sizeof(key));
	rss = kvmalloc(sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return false;
	for (i = 0; i < NVNIC_RSS_KEY_WORDS; i++)
		put_unaligned_be64(port->rss_key[i], key + i * sizeof(u64));
	nvpe_toeplitz_init(&rss->cfg.key, key);
	for (i = 0; i < NVPE_FLOW_COUNT; i++)
		rss->cfg.fields[i] = (port->rss_fields & nvhw_rss_fields[i]) >>
				     __ffs64(nvhw_rss_fields[i]);
	for (i = 0; i < NVNIC_RSS_ENTRIES; i++)
		rss->table[i] = port->rss_table[i];

	rss->cfg.inner = false;
	mutex_lock(&port->lock);
	old = rcu_replace_pointer(port->rss, rss, lockdep_is_held(&port->lock));
	mutex_unlock(&port->lock);
	nvhw_rss_set_inner(port);
	/* A sender may have waited for a queue that its frame now avoids. */
	nvhw_rxq_release_all(port);
	if (old)
		kvfree_rcu(old, rcu);
	return true;
}

/**
 * nvhw_rss_set_inner() - inner hashing as NVNIC_REG_EN has it, from now on
 * @port: the port
 *
 * Context: any.
 */
void nvhw_rss_set_inner(struct nvhw_port *port)
{
	struct nvhw_rss *rss;

	rcu_read_lock();
	rss = rcu_dereference(port->rss);
	if (rss)
		WRITE_ONCE(rss->cfg.inner,
			   READ_ONCE(port->en) & NVNIC_OFF_BIT(RSS_INNER));
	rcu_read_unlock();
}

/**
 * nvhw_rss_exit() - free the configuration
 * @port: the port, no frame arrives any more
 */
void nvhw_rss_exit(struct nvhw_port *port)
{
	kvfree(rcu_dereference_protected(port->rss, true));
}

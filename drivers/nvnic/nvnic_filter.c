// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: commands to the device's tables of filter rules.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/rtnetlink.h>
#include <linux/stringify.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_filter.h"

/**
 * nvnic_filter_bytes() - convert bytes in network order to a number
 * @from: first byte
 * @len: number of bytes, at most 8
 *
 * Context: any.
 *
 * Return: the number.
 */
u64 nvnic_filter_bytes(const void *from, u32 len)
{
	const u8 *byte = from;
	u64 v = 0;

	while (len--)
		v = v << 8 | *byte++;

	return v;
}

/**
 * nvnic_filter_add_field() - add a field to a match
 * @m: match to extend
 * @f: description of the field
 * @key: structure of the user with the values
 * @mask: structure of the user with the masks; a field without mask is left out
 *
 * Context: any.
 */
void nvnic_filter_add_field(struct nvnic_filter_match *m,
			    const struct nvnic_filter_field *f,
			    const void *key, const void *mask)
{
	u64 v = nvnic_filter_bytes(mask + f->off, f->len);

	if (!v)
		return;
	nvnic_filter_add(m, f->word,
			 nvnic_filter_bytes(key + f->off, f->len) << f->shift,
			 v << f->shift);
	nvnic_filter_add(m, 7, f->present, f->present);
}

static const struct {
	int err;
	const char *text;
} nvnic_filter_refusals[NVNIC_FLT_ST_COUNT] = {
	[NVNIC_FLT_ST_OK] = { 0, "" },
	[NVNIC_FLT_ST_BAD] = { -EIO, "device rejected the rule" },
	[NVNIC_FLT_ST_ABSENT] = { -ENOENT, "no such rule" },
	[NVNIC_FLT_ST_SHAPES] = { -ENOSPC,
		"no free match profile, at most " __stringify(NVNIC_FILTER_SHAPES) },
	[NVNIC_FLT_ST_CONTEXT] = { -EINVAL, "no such RSS context" },
	[NVNIC_FLT_ST_NOMEM] = { -ENOMEM, "device is out of memory" },
};

static int nvnic_filter_command(struct nvnic_net *nn, u32 op,
				enum nvnic_flt_table table, u32 loc,
				struct netlink_ext_ack *extack)
{
	u64 status;

	lockdep_assert_held(&nn->filter_lock);

	nvnic_wr(nn->bdev, NVNIC_REG_FLT_CMD,
		 FIELD_PREP(NVNIC_FLT_CMD_OP, op) |
		 FIELD_PREP(NVNIC_FLT_CMD_TABLE, table) |
		 FIELD_PREP(NVNIC_FLT_CMD_LOC, loc));
	status = nvnic_rd(nn->bdev, NVNIC_REG_FLT_CMD);
	if (status >= NVNIC_FLT_ST_COUNT)
		return -EIO;
	if (status)
		nvnic_refuse(nn->netdev, extack, "rule %u: %s", loc,
			     nvnic_filter_refusals[status].text);

	return nvnic_filter_refusals[status].err;
}

/**
 * nvnic_filter_set() - insert or replace a rule
 * @nn: port
 * @table: table of the rule
 * @loc: location of the rule, below NVNIC_FILTER_ENTRIES
 * @match: match of the rule
 * @action: NVNIC_FLT_ACT_*
 * @extack: receives the reason of a refusal, or NULL to log it
 *
 * Context: process, sleeps; takes filter_lock.
 *
 * Return: 0, then no frame uses the old rules any more; -ENOSPC for too many
 * different masks; -EINVAL if the RSS context does not exist; -ENOMEM; -EIO. On an
 * error the rules are unchanged.
 */
int nvnic_filter_set(struct nvnic_net *nn, enum nvnic_flt_table table, u32 loc,
		     const struct nvnic_filter_match *match, u64 action,
		     struct netlink_ext_ack *extack)
{
	int err;
	u32 i;

	mutex_lock(&nn->filter_lock);
	for (i = 0; i < NVNIC_FLT_WORDS; i++) {
		nvnic_wr(nn->bdev, NVNIC_REG_FLT_KEY(i), match->key[i]);
		nvnic_wr(nn->bdev, NVNIC_REG_FLT_MASK(i), match->mask[i]);
	}
	nvnic_wr(nn->bdev, NVNIC_REG_FLT_ACTION, action);
	err = nvnic_filter_command(nn, NVNIC_FLT_OP_SET, table, loc, extack);
	mutex_unlock(&nn->filter_lock);

	return err;
}

/**
 * nvnic_filter_remove() - remove a rule
 * @nn: port
 * @table: table of the rule
 * @loc: location of the rule
 *
 * Context: process, sleeps; takes filter_lock.
 *
 * Return: 0, then no frame uses the rule any more; -ENOENT; -EIO.
 */
int nvnic_filter_remove(struct nvnic_net *nn, enum nvnic_flt_table table,
			u32 loc)
{
	int err;

	mutex_lock(&nn->filter_lock);
	err = nvnic_filter_command(nn, NVNIC_FLT_OP_REMOVE, table, loc, NULL);
	mutex_unlock(&nn->filter_lock);

	return err;
}

/**
 * nvnic_filter_clear() - remove all rules of a table
 * @nn: port
 * @table: the table
 *
 * Context: process, sleeps; takes filter_lock.
 *
 * Return: 0, or -EIO.
 */
int nvnic_filter_clear(struct nvnic_net *nn, enum nvnic_flt_table table)
{
	int err;

	mutex_lock(&nn->filter_lock);
	err = nvnic_filter_command(nn, NVNIC_FLT_OP_CLEAR, table, 0, NULL);
	mutex_unlock(&nn->filter_lock);

	return err;
}

/**
 * nvnic_filter_counters() - read the counters of a location
 * @nn: port
 * @table: the table
 * @loc: the location
 * @count: receives the counters, since the creation of the adapter
 *
 * Context: process, sleeps; takes filter_lock.
 */
void nvnic_filter_counters(struct nvnic_net *nn, enum nvnic_flt_table table,
			   u32 loc, struct nvnic_filter_count *count)
{
	mutex_lock(&nn->filter_lock);
	nvnic_wr(nn->bdev, NVNIC_REG_FLT_SEL,
		 FIELD_PREP(NVNIC_FLT_SEL_TABLE, table) |
		 FIELD_PREP(NVNIC_FLT_SEL_LOC, loc));
	count->frames = nvnic_rd(nn->bdev, NVNIC_REG_FLT_FRAMES);
	count->bytes = nvnic_rd(nn->bdev, NVNIC_REG_FLT_BYTES);
	mutex_unlock(&nn->filter_lock);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: fault injection, the lamp, and counters, in debugfs.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * nvnic/<port>/corrupt_txd and corrupt_rxb take "QUEUE WORD FLIP": the next
 * descriptor that the device fetches from that queue has the bits FLIP (hex)
 * of its word WORD (0 or 1) inverted, as a driver's mistake would.
 *
 * nvnic/<port>/refuse_txq and refuse_rxq take "QUEUE": the device refuses the next
 * start of that queue, as if its ring addresses were not RAM.
 *
 * nvnic/<port>/write takes "OFFSET VALUE" (hex) and writes that register behind
 * the driver's back.
 *
 * nvnic/<port>/impair takes, and reads, the faults of the frames that the port
 * sends, see nvhw_impair.c.
 *
 * nvnic/<port>/led reads 1 while the port's lamp is lit.
 *
 * nvnic/<port>/vmq has a line for each VM queue set, rules one for each filter rule,
 * queues one for each queue that has counted anything: its counters but for zeros.
 */
#include <linux/bitfield.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "nvhw.h"

static struct dentry *nvhw_debugfs_root;

static int nvhw_debugfs_arm(struct nvhw_port *port, bool tx, const char *buf)
{
	struct nvhw_fault *fault;
	unsigned int queue, word;
	u64 flip;

	if (sscanf(buf, "%u %u %llx", &queue, &word, &flip) != 3)
		return -EINVAL;
	if (queue >= NVNIC_MAX_QUEUES || word > 1)
		return -ERANGE;
	fault = tx ? &port->txq[queue].fault : &port->rxq[queue].fault;
	if (READ_ONCE(fault->armed))
		return -EBUSY;
	fault->word = word;
	fault->flip = flip;
	/* Publish word and flip before armed; pairs with nvhw_ring_fetch(). */
	smp_store_release(&fault->armed, true);
	return 0;
}

static ssize_t nvhw_debugfs_write(struct file *file, const char __user *ubuf,
				  size_t count, bool tx)
{
	char buf[64];
	int err;

	if (count >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, ubuf, count))
		return -EFAULT;
	buf[count] = '\0';
	err = nvhw_debugfs_arm(file->private_data, tx, buf);
	return err ?: count;
}

static ssize_t nvhw_debugfs_write_txd(struct file *file,
				      const char __user *ubuf, size_t count,
				      loff_t *ppos)
{
	return nvhw_debugfs_write(file, ubuf, count, true);
}

static ssize_t nvhw_debugfs_write_rxb(struct file *file,
				      const char __user *ubuf, size_t count,
				      loff_t *ppos)
{
	return nvhw_debugfs_write(file, ubuf, count, false);
}

static const struct file_operations nvhw_debugfs_txd_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = nvhw_debugfs_write_txd,
};

static const struct file_operations nvhw_debugfs_rxb_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = nvhw_debugfs_write_rxb,
};

static ssize_t nvhw_debugfs_write_reg(struct file *file,
				      const char __user *ubuf, size_t count,
				      loff_t *ppos)
{
	struct nvhw_port *port = file->private_data;
	char buf[64] = {};
	u32 off;
	u64 val;

	if (count >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, ubuf, count))
		return -EFAULT;
	if (sscanf(buf, "%x %llx", &off, &val) != 2)
		return -EINVAL;
	port->bdev.ops->write(&port->bdev, off, val);
	return count;
}

static const struct file_operations nvhw_debugfs_reg_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = nvhw_debugfs_write_reg,
};

static int nvhw_debugfs_refuse(struct nvhw_port *port, u64 queue, bool tx)
{
	if (queue >= NVNIC_MAX_QUEUES)
		return -ERANGE;
	WRITE_ONCE(*(tx ? &port->txq[queue].ring.refuse :
			  &port->rxq[queue].ring.refuse), true);
	return 0;
}

static int nvhw_debugfs_refuse_txq(void *port, u64 queue)
{
	return nvhw_debugfs_refuse(port, queue, true);
}

static int nvhw_debugfs_refuse_rxq(void *port, u64 queue)
{
	return nvhw_debugfs_refuse(port, queue, false);
}

DEFINE_DEBUGFS_ATTRIBUTE(nvhw_debugfs_refuse_txq_fops, NULL,
			 nvhw_debugfs_refuse_txq, "%llu\n");
DEFINE_DEBUGFS_ATTRIBUTE(nvhw_debugfs_refuse_rxq_fops, NULL,
			 nvhw_debugfs_refuse_rxq, "%llu\n");

static int nvhw_debugfs_vmq_show(struct seq_file *m, void *unused)
{
	static const char * const states[] = NVNIC_VMQ_STATE_NAMES;
	static const char * const names[] = {
		NVNIC_VMQ_COUNTERS(NVNIC_CNT_NAME)
	};
	struct nvhw_port *port = m->private;
	unsigned int set, i;
	u64 status;

	static_assert(ARRAY_SIZE(states) == NVNIC_VMQ_STATES);
	for (set = 0; set < NVNIC_VMQ_SETS; set++) {
		status = nvhw_vmq_status(port, set);
		if (!FIELD_GET(NVNIC_VMQ_ST_STATE, status))
			continue;
		seq_printf(m, "set %u state %s first %llu count %llu rules %llu",
			   set, states[FIELD_GET(NVNIC_VMQ_ST_STATE, status)],
			   FIELD_GET(NVNIC_VMQ_ST_FIRST, status),
			   FIELD_GET(NVNIC_VMQ_ST_COUNT, status),
			   FIELD_GET(NVNIC_VMQ_ST_FILTERS, status));
		for (i = 0; i < NVNIC_VC_COUNT; i++)
			seq_printf(m, " %s %llu", names[i],
				   nvhw_vmq_counter(port, set, i));
		seq_putc(m, '\n');
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(nvhw_debugfs_vmq);

static int nvhw_debugfs_rules_show(struct seq_file *m, void *unused)
{
	static const char * const tables[] = {
		[NVNIC_FLT_T_NTUPLE] = "ntuple",
		[NVNIC_FLT_T_TC] = "tc",
		[NVNIC_FLT_T_VMQ] = "vmq",
	};
	struct nvhw_rule_cnt cnt;
	unsigned int table;
	u32 loc;

	static_assert(ARRAY_SIZE(tables) == NVNIC_FLT_TABLES);
	for (table = 0; table < NVNIC_FLT_TABLES; table++)
		for (loc = 0; loc < NVNIC_FILTER_ENTRIES; loc++)
			if (nvhw_filter_rule(m->private, table, loc, &cnt))
				seq_printf(m, "table %s location %u frames %llu bytes %llu\n",
					   tables[table], loc, cnt.frames,
					   cnt.bytes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(nvhw_debugfs_rules);

static void nvhw_debugfs_show_queue(struct seq_file *m, const char *side,
				    unsigned int queue, const u64 *cnt,
				    const char * const *names,
				    unsigned int count)
{
	bool any = false;
	unsigned int i;
	u64 v;

	for (i = 0; i < count; i++) {
		v = READ_ONCE(cnt[i]);
		if (!v)
			continue;
		if (!any)
			seq_printf(m, "%s %u", side, queue);
		seq_printf(m, " %s %llu", names[i], v);
		any = true;
	}
	if (any)
		seq_putc(m, '\n');
}

static int nvhw_debugfs_queues_show(struct seq_file *m, void *unused)
{
	static const char * const tx[] = { NVNIC_TXQ_COUNTERS(NVNIC_CNT_NAME) };
	static const char * const rx[] = { NVNIC_RXQ_COUNTERS(NVNIC_CNT_NAME) };
	struct nvhw_port *port = m->private;
	unsigned int q;

	for (q = 0; q < NVNIC_MAX_QUEUES; q++) {
		nvhw_debugfs_show_queue(m, "tx", q, port->txq[q].cnt, tx,
					ARRAY_SIZE(tx));
		nvhw_debugfs_show_queue(m, "rx", q, port->rxq[q].cnt, rx,
					ARRAY_SIZE(rx));
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(nvhw_debugfs_queues);

/**
 * nvhw_debugfs_port() - create a port's files
 * @port: the port
 */
void nvhw_debugfs_port(struct nvhw_port *port)
{
	port->debugfs = debugfs_create_dir(dev_name(&port->bdev.dev),
					   nvhw_debugfs_root);
	debugfs_create_file("corrupt_txd", 0200, port->debugfs, port,
			    &nvhw_debugfs_txd_fops);
	debugfs_create_file("corrupt_rxb", 0200, port->debugfs, port,
			    &nvhw_debugfs_rxb_fops);
	debugfs_create_file_unsafe("refuse_txq", 0200, port->debugfs, port,
				   &nvhw_debugfs_refuse_txq_fops);
	debugfs_create_file_unsafe("refuse_rxq", 0200, port->debugfs, port,
				   &nvhw_debugfs_refuse_rxq_fops);
	debugfs_create_file("write", 0200, port->debugfs, port,
			    &nvhw_debugfs_reg_fops);
	debugfs_create_file("impair", 0600, port->debugfs, port,
			    &nvhw_impair_fops);
	debugfs_create_u64("led", 0400, port->debugfs, &port->mac.led);
	debugfs_create_file("vmq", 0400, port->debugfs, port,
			    &nvhw_debugfs_vmq_fops);
	debugfs_create_file("rules", 0400, port->debugfs, port,
			    &nvhw_debugfs_rules_fops);
	debugfs_create_file("queues", 0400, port->debugfs, port,
			    &nvhw_debugfs_queues_fops);
}

/**
 * nvhw_debugfs_port_exit() - remove a port's files
 * @port: the port
 */
void nvhw_debugfs_port_exit(struct nvhw_port *port)
{
	debugfs_remove_recursive(port->debugfs);
}

/**
 * nvhw_debugfs_init() - create the directory of the device
 */
void nvhw_debugfs_init(void)
{
	nvhw_debugfs_root = debugfs_create_dir("nvnic", NULL);
}

/**
 * nvhw_debugfs_exit() - remove it
 */
void nvhw_debugfs_exit(void)
{
	debugfs_remove_recursive(nvhw_debugfs_root);
}

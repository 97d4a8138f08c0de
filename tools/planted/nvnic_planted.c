// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs on purpose, one a load: does make check-debug see them?
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * They are of the kinds that a driver may have. For the VM only.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/irqflags.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/processor.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

static char *planted_bug = "";
module_param_named(bug, planted_bug, charp, 0400);
MODULE_PARM_DESC(bug, "name of the bug");

/* So that no access is optimised away */
static u32 planted_sink;

static int planted_use_after_free(void)
{
	u32 *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	WRITE_ONCE(planted_sink, READ_ONCE(*p));
	return 0;
}

static int planted_out_of_bounds(void)
{
	static u8 index = 48;
	u8 *p = kmalloc(48, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	WRITE_ONCE(p[READ_ONCE(index)], 1);
	WRITE_ONCE(planted_sink, READ_ONCE(p[0]));
	kfree(p);
	return 0;
}

static int planted_shift(void)
{
	static u32 bits = 40;

	WRITE_ONCE(planted_sink, 1 << READ_ONCE(bits));
	return 0;
}

static int planted_list(void)
{
	struct list_head item;
	LIST_HEAD(list);

	list_add(&item, &list);
	item.prev = &item;
	list_del(&item);
	return 0;
}

static int planted_dma_leak(void)
{
	struct platform_device *pdev;
	void *p;

	pdev = platform_device_register_simple("nvnic_planted", -1, NULL, 0);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	p = kmalloc(64, GFP_KERNEL);
	if (p && !dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64)))
		WRITE_ONCE(planted_sink, dma_map_single(&pdev->dev, p, 64, DMA_TO_DEVICE));
	kfree(p);
	platform_device_unregister(pdev);
	return 0;
}

static int planted_lock_order(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
	return 0;
}

static int planted_rcu(void)
{
	static u32 __rcu *pointer;

	WRITE_ONCE(planted_sink, !rcu_dereference(pointer));
	return 0;
}

static int planted_sleep(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	msleep(20);
	spin_unlock(&lock);
	return 0;
}

static int planted_leak(void)
{
	/* Many: pointers to the last ones may stay in registers and on stacks. */
	u32 i;

	for (i = 0; i < 64; i++) {
		u8 *p = kmalloc(4096 + 512, GFP_KERNEL);

		WRITE_ONCE(planted_sink, p ? *(u8 *)memset(p, 1, 4096) : 0);
	}
	return 0;
}

static int planted_hang(void)
{
	static DECLARE_WAIT_QUEUE_HEAD(queue);

	wait_event(queue, READ_ONCE(planted_sink) == U32_MAX);
	return 0;
}

static int planted_spin(void)
{
	local_irq_disable();
	while (READ_ONCE(planted_sink) != U32_MAX)
		cpu_relax();
	local_irq_enable();
	return 0;
}

static const struct {
	const char *name;
	int (*commit)(void);
} planted_bugs[] = {
	{ "use-after-free", planted_use_after_free },
	{ "out-of-bounds", planted_out_of_bounds },
	{ "shift", planted_shift },
	{ "list", planted_list },
	{ "dma-leak", planted_dma_leak },
	{ "lock-order", planted_lock_order },
	{ "rcu", planted_rcu },
	{ "sleep", planted_sleep },
	{ "leak", planted_leak },
	{ "hang", planted_hang },
	{ "spin", planted_spin },
};

static int __init planted_init(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(planted_bugs); i++)
		if (!strcmp(planted_bug, planted_bugs[i].name))
			return planted_bugs[i].commit();
	pr_err("nvnic_planted: there is no bug \"%s\"\n", planted_bug);
	return -EINVAL;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);

MODULE_DESCRIPTION("Bugs on purpose, for make check-debug");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic: one module that holds a network adapter and the driver for it.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/module.h>

#include "nvhw/nvhw_module.h"
#include "nvnic/nvnic_module.h"

static unsigned int adapters = 1;
module_param(adapters, uint, 0444);
MODULE_PARM_DESC(adapters, "adapters, of two ports each, created at load");

static int __init nvnic_module_init(void)
{
	unsigned int i;
	int err;

	if (adapters > NVHW_MAX_ADAPTERS) {
		pr_err("nvnic: at most %d adapters, not %u\n",
		       NVHW_MAX_ADAPTERS, adapters);
		return -ERANGE;
	}
	err = nvhw_init();
	if (err) {
		pr_err("nvnic: the bus cannot be registered: %pe\n",
		       ERR_PTR(err));
		return err;
	}
	err = nvnic_register();
	if (err) {
		pr_err("nvnic: the driver cannot be registered: %pe\n",
		       ERR_PTR(err));
		goto exit_hw;
	}
	for (i = 0; i < adapters; i++) {
		err = nvhw_adapter_new(i);
		if (err)
			goto unregister;
	}
	return 0;

unregister:
	nvhw_stop();
	nvnic_unregister();
	nvhw_exit();
	return err;
exit_hw:
	nvhw_stop();
	nvhw_exit();
	return err;
}
module_init(nvnic_module_init);

static void __exit nvnic_module_exit(void)
{
	nvhw_stop();
	nvnic_unregister();
	nvhw_exit();
}
module_exit(nvnic_module_exit);

MODULE_DESCRIPTION("NVGRE-capable network adapter in software, and its driver");
MODULE_AUTHOR("nvnic contributors");
MODULE_LICENSE("GPL");

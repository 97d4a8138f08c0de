// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: the bus and its adapters.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "nvhw.h"

/*
 * nvhw_bus_lock protects nvhw_adapters and nvhw_bus_open; taken in process context,
 * outside of RTNL and every other lock.
 */
static DEFINE_MUTEX(nvhw_bus_lock);
static LIST_HEAD(nvhw_adapters);
static bool nvhw_bus_open;

/* One reference for the bus itself, one for each adapter that is allocated */
static atomic_t nvhw_bus_users;
static DECLARE_COMPLETION(nvhw_bus_idle);

static void nvhw_bus_put(void)
{
	if (atomic_dec_and_test(&nvhw_bus_users))
		complete(&nvhw_bus_idle);
}

static void nvhw_adapter_put(struct nvhw_adapter *adapter)
{
	if (!atomic_dec_and_test(&adapter->live))
		return;
	kfree(adapter);
	nvhw_bus_put();
}

static struct nvhw_adapter *nvhw_adapter_find(unsigned int id)
{
	struct nvhw_adapter *adapter;

	lockdep_assert_held(&nvhw_bus_lock);
	list_for_each_entry(adapter, &nvhw_adapters, list)
		if (adapter->id == id)
			return adapter;
	return NULL;
}

static void nvhw_port_release(struct device *dev)
{
	struct nvhw_port *port = nvhw_port_of(to_nvnic_bus_dev(dev));
	struct nvhw_adapter *adapter = port->adapter;

	nvhw_port_free(port);
	nvhw_adapter_put(adapter);
}

/* Create a port as a device that is not on the bus yet. */
static struct nvhw_port *nvhw_port_create(struct nvhw_adapter *adapter,
					  unsigned int index)
{
	struct nvhw_port *port = nvhw_port_alloc();
	struct nvnic_bus_dev *bdev;
	int err;

	if (!port)
		return ERR_PTR(-ENOMEM);
	port->adapter = adapter;
	port->dma_mask = DMA_BIT_MASK(64);
	bdev = &port->bdev;
	bdev->ops = &nvhw_csr_ops;
	bdev->adapter = adapter->id;
	bdev->port = index;
	bdev->dev.bus = &nvnic_bus_type;
	bdev->dev.release = nvhw_port_release;
	bdev->dev.dma_mask = &port->dma_mask;
	bdev->dev.coherent_dma_mask = DMA_BIT_MASK(64);
	atomic_inc(&adapter->live);
	device_initialize(&bdev->dev);

	err = dev_set_name(&bdev->dev, "nvnic%u.%u", adapter->id, index);
	if (err)
		goto put_port;
	err = nvhw_irq_init(port);
	if (err)
		goto put_port;
	return port;

put_port:
	put_device(&bdev->dev);
	return ERR_PTR(err);
}

static void nvhw_port_destroy(struct nvhw_port *port)
{
	nvhw_irq_exit(port);
	put_device(&port->bdev.dev);
}

static int nvhw_adapter_create_ports(struct nvhw_adapter *adapter)
{
	struct nvhw_port *port;
	unsigned int i;

	for (i = 0; i < NVHW_PORTS; i++) {
		port = nvhw_port_create(adapter, i);
		if (IS_ERR(port))
			return PTR_ERR(port);
		adapter->ports[i] = port;
	}
	adapter->ports[0]->peer = adapter->ports[1];
	adapter->ports[1]->peer = adapter->ports[0];
	for (i = 0; i < NVHW_PORTS; i++)
		nvhw_port_reset(adapter->ports[i]);
	/* Only now: register writes in debugfs need both ports. */
	for (i = 0; i < NVHW_PORTS; i++)
		nvhw_debugfs_port(adapter->ports[i]);
	return 0;
}

/* The ports use each other and the tap until both are stopped. */
static void nvhw_adapter_destroy_ports(struct nvhw_adapter *adapter)
{
	unsigned int i;

	for (i = 0; i < NVHW_PORTS; i++)
		if (adapter->ports[i])
			nvhw_port_stop(adapter->ports[i]);
	nvhw_tap_destroy(adapter->tap);
	for (i = 0; i < NVHW_PORTS; i++)
		if (adapter->ports[i])
			nvhw_port_destroy(adapter->ports[i]);
}

/*
 * Add a port to the bus. If a driver is registered (nvhw_bus_match() was called), its
 * probe must succeed: an adapter with one port is useless.
 */
static int nvhw_adapter_add_port(struct nvhw_port *port)
{
	struct device *dev = &port->bdev.dev;
	int err;

	port->tried = false;
	err = device_add(dev);
	if (err)
		return err;
	device_lock(dev);
	if (port->tried && !device_is_bound(dev))
		err = port->bdev.error ?: -ENODEV;
	device_unlock(dev);
	if (err)
		device_del(dev);
	return err;
}

static int nvhw_adapter_add_ports(struct nvhw_adapter *adapter)
{
	unsigned int i;
	int err;

	for (i = 0; i < NVHW_PORTS; i++) {
		err = nvhw_adapter_add_port(adapter->ports[i]);
		if (err)
			goto del_ports;
	}
	return 0;

del_ports:
	pr_err("nvnic: adapter %u: port %u cannot be added: %pe\n",
	       adapter->id, i, ERR_PTR(err));
	while (i--)
		device_del(&adapter->ports[i]->bdev.dev);
	return err;
}

static int nvhw_adapter_create(unsigned int id)
{
	struct nvhw_adapter *adapter;
	int err;

	lockdep_assert_held(&nvhw_bus_lock);
	if (!nvhw_bus_open)
		return -ENODEV;
	if (nvhw_adapter_find(id))
		return -EEXIST;
	adapter = kzalloc(sizeof(*adapter), GFP_KERNEL);
	if (!adapter)
		return -ENOMEM;
	adapter->id = id;
	atomic_set(&adapter->live, 1);
	atomic_inc(&nvhw_bus_users);
	spin_lock_init(&adapter->link_lock);
	adapter->tap = nvhw_tap_create(id);
	if (IS_ERR(adapter->tap)) {
		err = PTR_ERR(adapter->tap);
		goto put_adapter;
	}
	err = nvhw_adapter_create_ports(adapter);
	if (err)
		goto destroy_ports;
	err = nvhw_adapter_add_ports(adapter);
	if (err)
		goto destroy_ports;
	list_add_tail(&adapter->list, &nvhw_adapters);
	return 0;

destroy_ports:
	nvhw_adapter_destroy_ports(adapter);
put_adapter:
	nvhw_adapter_put(adapter);
	return err;
}

static void nvhw_adapter_destroy(struct nvhw_adapter *adapter)
{
	unsigned int i;

	lockdep_assert_held(&nvhw_bus_lock);
	list_del(&adapter->list);
	for (i = 0; i < NVHW_PORTS; i++)
		device_del(&adapter->ports[i]->bdev.dev);
	nvhw_adapter_destroy_ports(adapter);
	nvhw_adapter_put(adapter);
}

/**
 * nvhw_adapter_new() - create an adapter
 * @id: its number
 *
 * Context: process, sleeps, takes RTNL.
 *
 * Return: 0, -EEXIST if there is one with that number, -ERANGE for a number
 * that is too large, -ENODEV while the module goes, or why it failed.
 */
int nvhw_adapter_new(unsigned int id)
{
	int err;

	if (id >= NVHW_MAX_ADAPTERS) {
		pr_err("nvnic: adapter %u out of range, maximum %d\n",
		       id, NVHW_MAX_ADAPTERS - 1);
		return -ERANGE;
	}
	mutex_lock(&nvhw_bus_lock);
	err = nvhw_adapter_create(id);
	mutex_unlock(&nvhw_bus_lock);
	if (err)
		pr_err("nvnic: adapter %u cannot be created: %pe\n", id,
		       ERR_PTR(err));
	return err;
}

static ssize_t new_device_store(const struct bus_type *bus, const char *buf,
				size_t count)
{
	unsigned int id;
	int err;

	err = kstrtouint(buf, 0, &id);
	if (!err)
		err = nvhw_adapter_new(id);
	return err ?: count;
}
static BUS_ATTR_WO(new_device);

static ssize_t del_device_store(const struct bus_type *bus, const char *buf,
				size_t count)
{
	struct nvhw_adapter *adapter;
	unsigned int id;
	int err;

	err = kstrtouint(buf, 0, &id);
	if (err)
		return err;
	mutex_lock(&nvhw_bus_lock);
	adapter = nvhw_adapter_find(id);
	if (adapter)
		nvhw_adapter_destroy(adapter);
	mutex_unlock(&nvhw_bus_lock);
	return adapter ? count : -ENODEV;
}
static BUS_ATTR_WO(del_device);

static struct attribute *nvnic_bus_attrs[] = {
	&bus_attr_new_device.attr,
	&bus_attr_del_device.attr,
	NULL
};
ATTRIBUTE_GROUPS(nvnic_bus);

/* Every driver matches every port. */
static int nvhw_bus_match(struct device *dev, const struct device_driver *drv)
{
	nvhw_port_of(to_nvnic_bus_dev(dev))->tried = true;
	return 1;
}

const struct bus_type nvnic_bus_type = {
	.name = "nvnic",
	.match = nvhw_bus_match,
	.bus_groups = nvnic_bus_groups,
};

/**
 * nvhw_init() - register the bus
 *
 * Context: process, sleeps.
 *
 * Return: 0, or why it failed.
 */
int nvhw_init(void)
{
	int err;

	atomic_set(&nvhw_bus_users, 1);
	err = nvhw_engine_init();
	if (err)
		return err;
	err = nvhw_tap_init();
	if (err)
		goto exit_engines;
	nvhw_debugfs_init();
	err = bus_register(&nvnic_bus_type);
	if (err)
		goto exit_tap;
	mutex_lock(&nvhw_bus_lock);
	nvhw_bus_open = true;
	mutex_unlock(&nvhw_bus_lock);
	return 0;

exit_tap:
	nvhw_debugfs_exit();
	nvhw_tap_exit();
exit_engines:
	nvhw_engine_exit();
	return err;
}

/**
 * nvhw_stop() - remove all adapters; none can be created any more
 *
 * Context: process, sleeps, takes RTNL. Returns when nothing refers to them.
 */
void nvhw_stop(void)
{
	struct nvhw_adapter *adapter, *tmp;

	mutex_lock(&nvhw_bus_lock);
	nvhw_bus_open = false;
	list_for_each_entry_safe(adapter, tmp, &nvhw_adapters, list)
		nvhw_adapter_destroy(adapter);
	mutex_unlock(&nvhw_bus_lock);
	nvhw_bus_put();
	wait_for_completion(&nvhw_bus_idle);
}

/**
 * nvhw_exit() - unregister the bus
 *
 * Context: process, sleeps; after nvhw_stop() and without a driver.
 */
void nvhw_exit(void)
{
	bus_unregister(&nvnic_bus_type);
	nvhw_debugfs_exit();
	nvhw_tap_exit();
	nvhw_engine_exit();
}

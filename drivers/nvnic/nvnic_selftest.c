// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: ``ethtool -t``.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The online tests do not disturb the port. The offline tests take it down to test
 * registers and vectors, then bring it up in loopback, its queues detached from the
 * stack, to send frames. Afterwards the port is restored. Addresses, routes and
 * settings stay. IFF_UP does not change, so only the carrier tells others.
 */
#include <linux/bitfield.h>
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/rtnetlink.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_selftest.h"

/* Longest wait for a vector to fire */
#define NVNIC_SELFTEST_WAIT	(2 * HZ)

/* ---- Tests that need no frames ---- */

static bool nvnic_selftest_identity(struct nvnic_net *nn)
{
	u64 id = nvnic_rd(nn->bdev, NVNIC_REG_ID);

	return FIELD_GET(NVNIC_ID_MAGIC, id) == NVNIC_ID_MAGIC_VAL &&
	       nvnic_rd(nn->bdev, NVNIC_REG_CTRL) == nn->ctrl &&
	       nvnic_rd(nn->bdev, NVNIC_REG_LINK_CTRL) == nn->link_ctrl &&
	       nvnic_rd(nn->bdev, NVNIC_REG_EN) == nn->en;
}

static bool nvnic_selftest_link(struct nvnic_net *nn)
{
	return netif_carrier_ok(nn->netdev);
}

struct nvnic_fired {
	struct completion done;
	unsigned int cpu;
};

static irqreturn_t nvnic_selftest_interrupt(int irq, void *data)
{
	struct nvnic_fired *fired = data;

	fired->cpu = smp_processor_id();
	complete(&fired->done);

	return IRQ_HANDLED;
}

static bool nvnic_selftest_vector(struct nvnic_net *nn, u32 vec)
{
	struct nvnic_fired fired = {};
	bool came, ok = false;
	int irq;

	irq = nvnic_vector_irq(nn->bdev, vec);
	if (irq < 0)
		return false;

	init_completion(&fired.done);
	if (request_irq(irq, nvnic_selftest_interrupt, 0, "nvnic-selftest",
			&fired))
		return false;

	nvnic_wr(nn->bdev, NVNIC_REG_VEC_TEST, vec);
	came = wait_for_completion_timeout(&fired.done, NVNIC_SELFTEST_WAIT);
	if (came)
		ok = cpumask_test_cpu(fired.cpu,
				      irq_get_effective_affinity_mask(irq));
	free_irq(irq, &fired);
	if (!came)
		netdev_err(nn->netdev, "vector %u did not fire\n", vec);
	else if (!ok)
		netdev_err(nn->netdev, "vector %u fired on CPU %u, not on its own\n",
			   vec, fired.cpu);

	return ok;
}

/* The port is down, so its vectors are free for the test. */
static bool nvnic_selftest_vectors(struct nvnic_net *nn)
{
	bool ok = nvnic_selftest_vector(nn, NVNIC_VEC_EVENT);
	u32 i;

	for (i = 0; i < nn->cfg.num; i++)
		ok &= nvnic_selftest_vector(nn, i);

	return ok;
}

/* ---- List of tests ---- */

struct nvnic_selftest {
	const char *name;
	bool (*port)(struct nvnic_net *nn);
	bool (*frames)(struct nvnic_looped *looped);
	bool offline;
};

/* In this order, then the rows of nvnic_selftest_seg() */
static const struct nvnic_selftest nvnic_selftests[] = {
	{ "identity", .port = nvnic_selftest_identity },
	{ "link", .port = nvnic_selftest_link },
	{ "registers", .port = nvnic_regs_test, .offline = true },
	{ "interrupts", .port = nvnic_selftest_vectors, .offline = true },
	{ "rings", .frames = nvnic_selftest_rings, .offline = true },
	{ "loopback", .frames = nvnic_selftest_frame, .offline = true },
};

#define NVNIC_SELFTESTS		ARRAY_SIZE(nvnic_selftests)

/**
 * nvnic_selftest_count() - number of tests of ``ethtool -t``
 *
 * Context: any.
 *
 * Return: the number.
 */
int nvnic_selftest_count(void)
{
	return NVNIC_SELFTESTS + nvnic_selftest_seg_count();
}

/**
 * nvnic_selftest_strings() - names of the tests of ``ethtool -t``
 * @data: receives ETH_GSTRING_LEN bytes a test
 *
 * Context: any.
 */
void nvnic_selftest_strings(u8 *data)
{
	u32 i;

	for (i = 0; i < NVNIC_SELFTESTS; i++)
		ethtool_sprintf(&data, "%s (%s)", nvnic_selftests[i].name,
				nvnic_selftests[i].offline ? "offline" :
							     "online");
	for (i = 0; i < nvnic_selftest_seg_count(); i++)
		ethtool_sprintf(&data, "%s (offline)",
				nvnic_selftest_seg_name(i));
}

static void nvnic_selftest_port(struct nvnic_net *nn, bool offline, u64 *failed)
{
	u32 i;

	for (i = 0; i < NVNIC_SELFTESTS; i++)
		if (nvnic_selftests[i].port &&
		    nvnic_selftests[i].offline == offline)
			failed[i] = !nvnic_selftests[i].port(nn);
}

static void nvnic_selftest_looped(struct nvnic_net *nn, u64 *failed)
{
	netdev_features_t gro = nn->netdev->features & NETIF_F_GRO;
	struct nvnic_looped looped = { .nn = nn };
	u32 i;

	if (nvnic_looped_begin(&looped))
		return;

	/* Turn off GRO, so that frames arrive as they were sent. */
	nn->netdev->features &= ~gro;
	for (i = 0; i < NVNIC_SELFTESTS; i++)
		if (nvnic_selftests[i].frames)
			failed[i] = !nvnic_selftests[i].frames(&looped);
	for (i = 0; i < nvnic_selftest_seg_count(); i++)
		failed[NVNIC_SELFTESTS + i] = !nvnic_selftest_seg(&looped, i);
	nn->netdev->features |= gro;

	nvnic_looped_end(&looped);
}

/* Returns false if the port could not be opened again. */
static bool nvnic_selftest_offline(struct nvnic_net *nn, u64 *failed)
{
	const struct net_device_ops *ops = nn->netdev->netdev_ops;
	bool running = netif_running(nn->netdev), open;
	u32 i;

	netif_device_detach(nn->netdev);
	if (running)
		ops->ndo_stop(nn->netdev);
	nvnic_selftest_port(nn, true, failed);

	for (i = 0; i < nvnic_selftest_count(); i++)
		if (i >= NVNIC_SELFTESTS || nvnic_selftests[i].frames)
			failed[i] = 1;
	open = !ops->ndo_open(nn->netdev);
	if (open)
		nvnic_selftest_looped(nn, failed);
	if (open && !running)
		ops->ndo_stop(nn->netdev);
	netif_device_attach(nn->netdev);
	/* Write the filters again: the detached port missed changes of group membership. */
	if (open && running)
		nvnic_sync_rx_mode(nn->netdev);

	return open || !running;
}

/**
 * nvnic_self_test() - ethtool: test the port
 * @dev: port
 * @test: selects the tests; receives whether one has failed
 * @data: receives 0 (passed or not run) or 1 (failed) for each test
 *
 * Context: process, instance lock, sleeps.
 */
void nvnic_self_test(struct net_device *dev, struct ethtool_test *test,
		     u64 *data)
{
	struct nvnic_net *nn = netdev_priv(dev);
	u32 i;

	nvnic_assert_dev_lock(dev);

	nvnic_selftest_port(nn, false, data);
	if (test->flags & ETH_TEST_FL_OFFLINE &&
	    !nvnic_selftest_offline(nn, data)) {
		netdev_err(dev, "failed to reopen the port after the test, port is down\n");
		nvnic_dev_close(dev);
	}

	for (i = 0; i < nvnic_selftest_count(); i++)
		if (data[i])
			test->flags |= ETH_TEST_FL_FAILED;
}

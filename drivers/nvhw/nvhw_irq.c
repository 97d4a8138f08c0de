// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: interrupt vectors.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Each port has an interrupt domain, so its vectors are ordinary Linux interrupts.
 * A vector fires on the CPU of its affinity: directly or by irq_work if that is the
 * raising CPU, by a single-CPU function call otherwise. The handler runs with
 * interrupts off.
 */
#include <linux/bitfield.h>
#include <linux/interrupt.h>
#include <linux/irq.h>

#include "nvhw.h"
#include "nvhw_compat.h"
#include "nvhw_reg.h"

static void nvhw_irq_deliver(struct nvhw_vec *vec)
{
	if (READ_ONCE(vec->masked)) {
		WRITE_ONCE(vec->pending, true);
		/* P7: set pending before reading masked again; pairs with
		 * the xchg() in nvhw_irq_unmask().
		 */
		smp_mb();
		if (READ_ONCE(vec->masked) || !xchg(&vec->pending, false))
			return;
	}
	generic_handle_irq_safe(vec->irq);
}

static void nvhw_irq_work(struct irq_work *work)
{
	nvhw_irq_deliver(container_of(work, struct nvhw_vec, work));
}

static void nvhw_irq_call(void *arg)
{
	struct nvhw_vec *vec = arg;

	clear_bit(NVHW_VEC_CALLED, &vec->flags);
	/* P11: clear the bit before the handler reads its rings; pairs with
	 * test_and_set_bit() in nvhw_irq_call_cpu().
	 */
	smp_mb__after_atomic();
	nvhw_irq_deliver(vec);
}

/*
 * Two CPUs may fire a vector at the same time if the driver arms it again before its
 * call has run. smp_call_function_single_async() requires that only one of them uses
 * the csd. Returns false if @to is offline.
 */
static bool nvhw_irq_call_cpu(struct nvhw_vec *vec, unsigned int to)
{
	/* P11: pairs with the barrier in nvhw_irq_call(). */
	if (test_and_set_bit(NVHW_VEC_CALLED, &vec->flags))
		return true;
	if (!smp_call_function_single_async(to, &vec->csd))
		return true;
	clear_bit(NVHW_VEC_CALLED, &vec->flags);
	return false;
}

/*
 * @nested: the handler may run in this context, because the softirq that it raises
 * runs when this context ends.
 */
static void nvhw_irq_fire(struct nvhw_vec *vec, bool nested)
{
	unsigned int cpu = get_cpu(), to = READ_ONCE(vec->cpu);

	if (to != cpu && nvhw_irq_call_cpu(vec, to))
		goto out;
	if (nested)
		nvhw_irq_deliver(vec);
	else
		irq_work_queue(&vec->work);
out:
	put_cpu();
}

static void nvhw_irq_raise(struct nvhw_vec *vec, bool nested)
{
	nvhw_port_count(vec->port, NVNIC_PC_IRQ_RAISED, 1);
	nvhw_irq_fire(vec, nested);
}

/**
 * nvhw_irq_urgent() - fire the vector if it is armed, moderated or not
 * @vec: the vector
 *
 * Context: softirq, process context with bottom halves off, or hard interrupt.
 */
void nvhw_irq_urgent(struct nvhw_vec *vec)
{
	/* P3: write the completion position before reading armed; pairs with
	 * the barrier in nvhw_irq_arm().
	 */
	smp_mb();
	if (READ_ONCE(vec->armed) && xchg(&vec->armed, 0))
		nvhw_irq_raise(vec, true);
}

/**
 * nvhw_irq_notify() - completions were written: fire the vector if it is armed,
 *	now or when moderation says so
 * @vec: the vector
 * @ring: where they were written
 * @side: whose ring that is
 *
 * Context: softirq, or process context with bottom halves off.
 */
void nvhw_irq_notify(struct nvhw_vec *vec, const struct nvhw_ring *ring,
		     enum nvhw_side side)
{
	/* P3: write the completion position before reading armed; pairs with
	 * the barrier in nvhw_irq_arm().
	 */
	smp_mb();
	/* Read armed before the moderation state; pairs with nvhw_irq_arm(). */
	if (smp_load_acquire(&vec->armed) && nvhw_moder_due(vec, side, ring) &&
	    xchg(&vec->armed, 0))
		nvhw_irq_raise(vec, true);
}

/* The deadline of a side has passed. */
static enum hrtimer_restart nvhw_irq_expired(struct hrtimer *timer)
{
	struct nvhw_vec *vec = container_of(timer, struct nvhw_vec, timer);
	enum hrtimer_restart again;
	bool due;

	again = nvhw_moder_expire(vec, &due);
	if (due)
		nvhw_irq_urgent(vec);
	return again;
}

static bool nvhw_irq_behind(struct nvhw_vec *vec, enum nvhw_side side,
			    const struct nvhw_ring *ring, u16 cons)
{
	return nvhw_ring_behind(ring, cons) && nvhw_moder_due(vec, side, ring);
}

/**
 * nvhw_irq_arm() - write to NVNIC_REG_Q_ARM
 * @port: the port
 * @queue: queue pair
 * @val: value
 *
 * Context: any.
 *
 * Return: false if the value is refused.
 */
bool nvhw_irq_arm(struct nvhw_port *port, unsigned int queue, u64 val)
{
	const struct nvhw_ring *txr = &port->txq[queue].ring;
	const struct nvhw_ring *rxr = &port->rxq[queue].ring;
	u16 tx = FIELD_GET(NVNIC_Q_ARM_TX, val);
	u16 rx = FIELD_GET(NVNIC_Q_ARM_RX, val);
	struct nvhw_vec *vec = &port->vec[queue];
	bool due;

	if (!(val & NVNIC_Q_ARM_ON)) {
		WRITE_ONCE(vec->armed, 0);
		return true;
	}
	nvhw_moder_arm(vec, NVHW_TX, txr, tx);
	nvhw_moder_arm(vec, NVHW_RX, rxr, rx);
	/* Publish the moderation state before armed; pairs with nvhw_irq_notify(). */
	smp_store_release(&vec->armed, 1);
	/* P3: write armed before reading the completion positions; pairs with the
	 * barriers in nvhw_irq_notify() and nvhw_irq_urgent().
	 */
	smp_mb();
	due = nvhw_irq_behind(vec, NVHW_TX, txr, tx);
	due |= nvhw_irq_behind(vec, NVHW_RX, rxr, rx);
	if (due && xchg(&vec->armed, 0))
		nvhw_irq_raise(vec, softirq_count());
	return true;
}

/**
 * nvhw_irq_event() - raise a cause on the event vector
 * @port: the port
 * @cause: NVNIC_EVENT_*
 *
 * Context: any but hard interrupt.
 */
void nvhw_irq_event(struct nvhw_port *port, u64 cause)
{
	atomic64_or(cause, &port->event);
	if (READ_ONCE(port->vec[NVNIC_VEC_EVENT].irq))
		nvhw_irq_raise(&port->vec[NVNIC_VEC_EVENT], false);
}

static bool nvhw_irq_write_test(struct nvhw_port *port, unsigned int index,
				u64 val)
{
	if (val >= NVNIC_VEC_COUNT || !READ_ONCE(port->vec[val].irq))
		return false;
	nvhw_irq_raise(&port->vec[val], false);
	return true;
}

const struct nvhw_reg nvhw_irq_regs[] = {
	{ .off = NVNIC_REG_VEC_TEST, .count = 1,
	  .writable = NVNIC_VEC_TEST_INDEX, .write = nvhw_irq_write_test },
	{}
};

/**
 * nvhw_irq_reset() - disarm all vectors, moderate none
 * @port: the port
 *
 * Context: process. Does not wait for a handler; interrupts stay mapped.
 */
void nvhw_irq_reset(struct nvhw_port *port)
{
	struct nvhw_vec *vec;

	for (vec = port->vec; vec < port->vec + NVNIC_VEC_COUNT; vec++) {
		WRITE_ONCE(vec->armed, 0);
		nvhw_moder_write(&vec->moder[NVHW_TX], 0);
		nvhw_moder_write(&vec->moder[NVHW_RX], 0);
	}
}

/* A vector that has fired is disarmed already. */
static void nvhw_irq_ack(struct irq_data *d)
{
}

static void nvhw_irq_mask(struct irq_data *d)
{
	struct nvhw_vec *vec = irq_data_get_irq_chip_data(d);

	WRITE_ONCE(vec->masked, true);
}

static void nvhw_irq_unmask(struct irq_data *d)
{
	struct nvhw_vec *vec = irq_data_get_irq_chip_data(d);

	WRITE_ONCE(vec->masked, false);
	/* P7: clear masked before reading pending; pairs with nvhw_irq_deliver(). */
	if (xchg(&vec->pending, false))
		nvhw_irq_fire(vec, false);
}

/*
 * With several CPUs in the mask, the device spreads the vectors over them by their
 * number.
 */
static int nvhw_irq_set_affinity(struct irq_data *d, const struct cpumask *mask,
				 bool force)
{
	struct nvhw_vec *vec = irq_data_get_irq_chip_data(d);
	unsigned int cpu, n, skip;

	n = 0;
	for_each_cpu_and(cpu, mask, cpu_online_mask)
		n++;
	if (!n)
		return -EINVAL;
	skip = vec->index % n;
	for_each_cpu_and(cpu, mask, cpu_online_mask)
		if (!skip--)
			break;
	WRITE_ONCE(vec->cpu, cpu);
	irq_data_update_effective_affinity(d, cpumask_of(cpu));
	return IRQ_SET_MASK_OK;
}

static struct irq_chip nvhw_irq_chip = {
	.name = "nvnic",
	.irq_ack = nvhw_irq_ack,
	.irq_mask = nvhw_irq_mask,
	.irq_unmask = nvhw_irq_unmask,
	.irq_set_affinity = nvhw_irq_set_affinity,
};

static int nvhw_irq_domain_map(struct irq_domain *domain, unsigned int irq,
			       irq_hw_number_t hwirq)
{
	struct nvhw_port *port = domain->host_data;

	irq_set_chip_data(irq, &port->vec[hwirq]);
	/* handle_edge_irq() runs the handler again for a vector that fires on
	 * its new CPU while the handler still runs on the old one;
	 * handle_simple_irq() would lose that interrupt.
	 */
	irq_set_chip_and_handler(irq, &nvhw_irq_chip, handle_edge_irq);
	/* Otherwise x86 defers an affinity change to the next interrupt, for
	 * interrupt controllers that need it.
	 */
	irq_set_status_flags(irq, NVHW_IRQ_MOVE_AT_ONCE);
	irq_set_noprobe(irq);
	return 0;
}

static const struct irq_domain_ops nvhw_irq_domain_ops = {
	.map = nvhw_irq_domain_map,
};

/**
 * nvhw_irq_map() - Linux interrupt number of a vector
 * @bdev: the port
 * @index: the vector
 *
 * Context: process, sleeps.
 *
 * Return: the number, -EINVAL without such a vector, -ENOSPC when the system
 * has no interrupt number left.
 */
int nvhw_irq_map(struct nvnic_bus_dev *bdev, unsigned int index)
{
	struct nvhw_port *port = nvhw_port_of(bdev);
	unsigned int irq;

	if (index >= NVNIC_VEC_COUNT)
		return -EINVAL;
	irq = irq_create_mapping(port->domain, index);
	if (!irq)
		return -ENOSPC;
	WRITE_ONCE(port->vec[index].irq, irq);
	return irq;
}

/**
 * nvhw_irq_init() - create the vectors of a port
 * @port: the port
 *
 * Context: process, sleeps.
 *
 * Return: 0 or -ENOMEM.
 */
int nvhw_irq_init(struct nvhw_port *port)
{
	unsigned int i;

	for (i = 0; i < NVNIC_VEC_COUNT; i++) {
		struct nvhw_vec *vec = &port->vec[i];

		vec->port = port;
		vec->index = i;
		vec->masked = true;
		nvhw_moder_init(vec, nvhw_irq_expired);
		vec->work = IRQ_WORK_INIT_HARD(nvhw_irq_work);
		INIT_CSD(&vec->csd, nvhw_irq_call, vec);
	}
	port->fwnode = irq_domain_alloc_named_fwnode(dev_name(&port->bdev.dev));
	if (!port->fwnode)
		return -ENOMEM;
	port->domain = irq_domain_create_linear(port->fwnode, NVNIC_VEC_COUNT,
						&nvhw_irq_domain_ops, port);
	if (!port->domain) {
		irq_domain_free_fwnode(port->fwnode);
		return -ENOMEM;
	}
	return 0;
}

/**
 * nvhw_irq_exit() - remove the vectors of a port
 * @port: the port; its interrupts are freed and its engines stopped
 *
 * Context: process, sleeps.
 */
void nvhw_irq_exit(struct nvhw_port *port)
{
	unsigned int i;

	for (i = 0; i < NVNIC_VEC_COUNT; i++) {
		nvhw_moder_exit(&port->vec[i]);
		irq_work_sync(&port->vec[i].work);
	}
	/* kick_all_cpus_sync() runs behind each pending csd call, in the same
	 * section with interrupts off, which synchronize_rcu() waits for.
	 */
	kick_all_cpus_sync();
	synchronize_rcu();
	for (i = 0; i < NVNIC_VEC_COUNT; i++)
		if (port->vec[i].irq)
			irq_dispose_mapping(port->vec[i].irq);
	irq_domain_remove(port->domain);
	irq_domain_free_fwnode(port->fwnode);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic device: differences between kernels.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The only place of the device that may mention one. NVNIC_HAVE_* are what
 * scripts/probe.sh has found.
 */
#ifndef NVHW_COMPAT_H
#define NVHW_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/irq.h>
#include <linux/workqueue.h>

/* hrtimer_init() is gone since Linux 6.15 */
#ifndef NVNIC_HAVE_HRTIMER_SETUP
static inline void
hrtimer_setup(struct hrtimer *timer,
	      enum hrtimer_restart (*function)(struct hrtimer *),
	      clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/* An affinity moves at once without it since Linux 6.15. */
#ifdef NVNIC_HAVE_IRQ_MOVE_PCNTXT
#define NVHW_IRQ_MOVE_AT_ONCE	IRQ_MOVE_PCNTXT
#else
#define NVHW_IRQ_MOVE_AT_ONCE	0
#endif

/* A workqueue that names neither WQ_PERCPU nor WQ_UNBOUND warns since Linux 7.0. */
#ifdef NVNIC_HAVE_WQ_BH_PERCPU
#define NVHW_WQ_BH	(WQ_BH | WQ_PERCPU)
#else
#define NVHW_WQ_BH	WQ_BH
#endif

#endif /* NVHW_COMPAT_H */

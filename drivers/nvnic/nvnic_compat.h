/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: differences between kernels.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The only place that may mention one. Distribution kernels carry backports,
 * so test for the symbol itself, not for a version.
 */
#ifndef NVNIC_COMPAT_H
#define NVNIC_COMPAT_H

#include <linux/timer.h>

/* Renamed in Linux 6.16 */
#ifndef from_timer
#define from_timer	timer_container_of
#endif

#endif /* NVNIC_COMPAT_H */

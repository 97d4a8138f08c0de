/* SPDX-License-Identifier: GPL-2.0 */
/*
 * <linux/build_bug.h> for user space, as much as the ABI's headers use.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef OS_LINUX_BUILD_BUG_H
#define OS_LINUX_BUILD_BUG_H

#include <nvpe/os.h>

/* The kernel's does without a message. */
#undef static_assert
#define static_assert(expr, ...) \
	__static_assert(expr, ##__VA_ARGS__, #expr)
#define __static_assert(expr, msg, ...)	_Static_assert(expr, msg)

#endif /* OS_LINUX_BUILD_BUG_H */

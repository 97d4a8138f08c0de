/* SPDX-License-Identifier: GPL-2.0 */
/*
 * <linux/bits.h> for user space, as much as the ABI's headers use.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef OS_LINUX_BITS_H
#define OS_LINUX_BITS_H

#include <nvpe/os.h>

#endif /* OS_LINUX_BITS_H */

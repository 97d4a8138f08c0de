/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic device: what the module's start and end call.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVHW_MODULE_H
#define NVHW_MODULE_H

/* Numbers of adapters go from 0 to one less. */
#define NVHW_MAX_ADAPTERS	1024

int nvhw_init(void);
int nvhw_adapter_new(unsigned int id);
void nvhw_stop(void);
void nvhw_exit(void);

#endif /* NVHW_MODULE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: what the module's start and end call.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVNIC_MODULE_H
#define NVNIC_MODULE_H

int nvnic_register(void);
void nvnic_unregister(void);

#endif /* NVNIC_MODULE_H */

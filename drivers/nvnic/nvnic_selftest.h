/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: what the files of the self-test share.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVNIC_SELFTEST_H
#define NVNIC_SELFTEST_H

#include <linux/skbuff.h>
#include <linux/wait.h>

struct nvnic_net;

/**
 * struct nvnic_looped - frames that are sent and come back
 * @nn: port in loopback, up, its queues kept from the stack
 * @got: what has come back
 * @wait: where the test waits for it
 */
struct nvnic_looped {
	struct nvnic_net *nn;
	struct sk_buff_head got;
	wait_queue_head_t wait;
};

/* nvnic_selftest_frames.c */
int nvnic_looped_begin(struct nvnic_looped *looped);
void nvnic_looped_end(struct nvnic_looped *looped);
bool nvnic_selftest_rings(struct nvnic_looped *looped);
bool nvnic_selftest_frame(struct nvnic_looped *looped);
u32 nvnic_selftest_seg_count(void);
const char *nvnic_selftest_seg_name(u32 row);
bool nvnic_selftest_seg(struct nvnic_looped *looped, u32 row);

#endif /* NVNIC_SELFTEST_H */

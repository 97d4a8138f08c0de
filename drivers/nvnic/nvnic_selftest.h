/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: interface between the files of the self-test.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVNIC_SELFTEST_H
#define NVNIC_SELFTEST_H

#include <linux/skbuff.h>
#include <linux/wait.h>

struct nvnic_net;

/**
 * struct nvnic_looped - a port in loopback
 * @nn: the port, up, its queues detached from the stack
 * @got: received frames
 * @wait: wait queue of the test
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

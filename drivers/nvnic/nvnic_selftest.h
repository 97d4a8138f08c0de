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

/* Source address of the test's frames */
extern const u8 nvnic_looped_src[];

/* nvnic_selftest.c */
bool nvnic_looped_send(struct nvnic_looped *looped, struct sk_buff *skb,
		       u16 queue);
bool nvnic_looped_await(struct nvnic_looped *looped, u32 count);

/* nvnic_selftest_frames.c */
bool nvnic_selftest_rings(struct nvnic_looped *looped);
bool nvnic_selftest_frame(struct nvnic_looped *looped);
u32 nvnic_selftest_seg_count(void);
const char *nvnic_selftest_seg_name(u32 row);
bool nvnic_selftest_seg(struct nvnic_looped *looped, u32 row);

#endif /* NVNIC_SELFTEST_H */

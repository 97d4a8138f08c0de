/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic device: access to the driver's DMA memory.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVHW_DMA_H
#define NVHW_DMA_H

#include <linux/device.h>
#include <linux/types.h>

/**
 * struct nvhw_win - a window onto a ring in DMA memory, checked as a whole
 * @va: its first byte
 * @len: its length in bytes
 */
struct nvhw_win {
	void *va;
	u32 len;
};

/**
 * nvhw_dma_decode() - turn a bus address that a descriptor holds into memory
 * @dev: the port's device
 * @addr: bus address
 * @len: bytes from there on, 1 to 1 MiB
 * @write: the device will write there
 *
 * Context: any.
 *
 * Return: the memory, or NULL if its first or last byte is not RAM that the
 * kernel manages, or is to be written and reserved (the kernel's own image,
 * firmware tables): a DMA fault, which the caller counts and which stops the
 * queue.
 */
void *nvhw_dma_decode(struct device *dev, u64 addr, u32 len, bool write);

/**
 * nvhw_dma_open() - open a window onto a ring
 * @win: the window
 * @dev: the port's device
 * @addr: bus address of the ring, on a 16-byte boundary
 * @len: its length in bytes
 *
 * Context: any.
 *
 * Return: 0, or -EFAULT if it is not memory.
 */
int nvhw_dma_open(struct nvhw_win *win, struct device *dev, u64 addr, u32 len);

/**
 * nvhw_dma_close() - close a window
 * @win: the window; no access passes it any more
 */
void nvhw_dma_close(struct nvhw_win *win);

/**
 * nvhw_dma_read_desc() - copy a 16-byte descriptor out of a ring, once
 * @win: the ring
 * @index: element
 * @q: receives its two words; zeros for an element outside of the window
 */
void nvhw_dma_read_desc(const struct nvhw_win *win, u32 index, u64 q[2]);

/**
 * nvhw_dma_write_desc() - write a completion into a ring
 * @win: the ring
 * @index: element; one outside of the window is not written
 * @q: its words; the driver sees the last one only after the others and after
 *	everything that was written to DMA memory before
 * @words: 64-bit words of an element
 */
void nvhw_dma_write_desc(const struct nvhw_win *win, u32 index, const u64 *q,
			 u32 words);

#endif /* NVHW_DMA_H */

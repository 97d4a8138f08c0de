// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: the only file that translates bus addresses.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The port has no IOMMU, so a bus address is a physical address as dma-direct
 * makes it. The driver's mapping calls leave no record, so the device can only
 * check what was posted: each access stays within the length of its descriptor or
 * ring, only buffers of RX rings are written, and every address is RAM that the
 * kernel manages.
 */
#include <linux/dma-direct.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "nvhw_dma.h"

/* A memory map has holes of no less than a subsection of 2 MiB. */
#define NVHW_DMA_MAX_LEN	SZ_1M

static bool nvhw_dma_page_ok(phys_addr_t addr, bool write)
{
	struct page *page = pfn_to_online_page(PHYS_PFN(addr));

	return page && !(write && PageReserved(page));
}

void *nvhw_dma_decode(struct device *dev, u64 addr, u32 len, bool write)
{
	phys_addr_t first, last;

	if (!len || len > NVHW_DMA_MAX_LEN)
		return NULL;
	if (addr > *dev->dma_mask || len - 1 > *dev->dma_mask - addr)
		return NULL;
	first = dma_to_phys(dev, addr);
	last = first + len - 1;
	if (last < first)
		return NULL;
	if (!nvhw_dma_page_ok(first, write) || !nvhw_dma_page_ok(last, write))
		return NULL;
	return phys_to_virt(first);
}

int nvhw_dma_open(struct nvhw_win *win, struct device *dev, u64 addr, u32 len)
{
	if (addr % 16)
		return -EFAULT;
	win->va = nvhw_dma_decode(dev, addr, len, true);
	if (!win->va)
		return -EFAULT;
	win->len = len;
	return 0;
}

void nvhw_dma_close(struct nvhw_win *win)
{
	win->va = NULL;
	win->len = 0;
}

void nvhw_dma_read_desc(const struct nvhw_win *win, u32 index, u64 q[2])
{
	const __le64 *d;

	if (unlikely(index >= win->len / 16)) {
		q[0] = 0;
		q[1] = 0;
		return;
	}
	d = win->va + index * 16;
	q[0] = le64_to_cpu(READ_ONCE(d[0]));
	q[1] = le64_to_cpu(READ_ONCE(d[1]));
}

void nvhw_dma_write_desc(const struct nvhw_win *win, u32 index, const u64 *q,
			 u32 words)
{
	u32 off = index * words * sizeof(__le64);
	__le64 *d;
	u32 i;

	if (unlikely(off + words * sizeof(__le64) > win->len))
		return;
	d = win->va + off;
	for (i = 0; i < words - 1; i++)
		WRITE_ONCE(d[i], cpu_to_le64(q[i]));
	/* P2: frame and other words before the phase bit; nvnic_poll() reads
	 * the phase bit, then dma_rmb(), then the rest.
	 */
	dma_wmb();
	WRITE_ONCE(d[i], cpu_to_le64(q[i]));
}

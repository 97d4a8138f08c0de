// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: receive path.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/etherdevice.h>
#include <linux/if_macvlan.h>
#include <net/checksum.h>
#include <net/page_pool/helpers.h>

#include "nvnic.h"
#include "nvnic_csr.h"

/* Delay before a failed refill is tried again, in jiffies */
#define NVNIC_RX_RETRY		max(HZ / 100, 1)

/* Attempts to reclaim memory for a ring before others take it */
#define NVNIC_RX_RECLAIM_TRIES	8

/* Values of a two-bit code in a completion */
#define NVNIC_RX_CODES		4

/* Counts of a poll */
struct nvnic_rx_done {
	u64 packets;
	u64 bytes;
	u32 multicast;
	u32 csum[NVNIC_RX_CODES];	/* enum nvnic_csum */
	u32 drop;
	u32 bad;
};

/* ip_summed for the checksum codes of a completion; CHECKSUM_NONE for all others */
static const u8 nvnic_rx_ip_summed[NVNIC_RX_CODES] = {
	[NVNIC_CSUM_NONE] = CHECKSUM_NONE,
	[NVNIC_CSUM_UNNECESSARY] = CHECKSUM_UNNECESSARY,
	[NVNIC_CSUM_COMPLETE] = CHECKSUM_COMPLETE,
};

static const u8 nvnic_rx_hash_type[NVNIC_RX_CODES] = {
	[NVNIC_HASH_NONE] = PKT_HASH_TYPE_NONE,
	[NVNIC_HASH_L3] = PKT_HASH_TYPE_L3,
	[NVNIC_HASH_L4] = PKT_HASH_TYPE_L4,
};

static bool nvnic_rx_post(struct nvnic_rx_ring *ring, gfp_t gfp)
{
	struct nvnic_rx_buf *buf = &ring->buf[ring->post & ring->mask];
	struct nvnic_rxb *rxb = &ring->desc[ring->post & ring->mask];
	unsigned int off = 0;
	struct page *page;
	dma_addr_t dma;

	if (ring->truesize < PAGE_SIZE)
		page = page_pool_alloc_frag(ring->pool, &off, ring->truesize,
					    gfp);
	else
		page = page_pool_alloc_pages(ring->pool, gfp);
	if (unlikely(!page))
		return false;

	buf->page = page;
	buf->off = off + NVNIC_RX_HEADROOM;
	dma = page_pool_get_dma_addr(page) + buf->off;
	rxb->q[0] = cpu_to_le64(dma);
	rxb->q[1] = cpu_to_le64(FIELD_PREP(NVNIC_RXB_TYPE, NVNIC_RXB_TYPE_BUF) |
				FIELD_PREP(NVNIC_RXB_LEN, ring->room));
	ring->post++;

	return true;
}

static u16 nvnic_rx_posted(const struct nvnic_rx_ring *ring)
{
	return ring->post - ring->next;
}

/*
 * Post buffers until the ring is full or memory runs out. nvnic_rx_kick() tells
 * the device.
 */
static int nvnic_rx_fill(struct nvnic_rx_ring *ring)
{
	u16 left = ring->size - 1 - nvnic_rx_posted(ring);

	while (left && nvnic_rx_post(ring, GFP_ATOMIC | __GFP_NOWARN))
		left--;

	return likely(!left) ? 0 : -ENOMEM;
}

/* Reclaim as many pages as the ring lacks; false if there are not enough. */
static bool nvnic_rx_reclaim(const struct nvnic_rx_ring *ring)
{
	u32 bytes = (ring->size - 1 - nvnic_rx_posted(ring)) * ring->truesize;
	u32 left = DIV_ROUND_UP(bytes, PAGE_SIZE);
	struct page *page, *next;
	LIST_HEAD(pages);

	for (; left; left--) {
		page = alloc_page(NVNIC_RING_GFP);
		if (!page)
			break;
		list_add(&page->lru, &pages);
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);

	return !left;
}

/**
 * nvnic_rx_prefill() - fill a ring that is not in use yet
 * @ring: RX ring
 *
 * GFP_ATOMIC, because page_pool maps pages with bottom halves disabled. So reclaim
 * memory first, and again if somebody else took it meanwhile.
 *
 * Context: process, sleeps; while the NAPI of the ring's vector is disabled, or
 * before the ring is in use.
 *
 * Return: 0, or -ENOMEM when memory ran out before the ring was full.
 */
int nvnic_rx_prefill(struct nvnic_rx_ring *ring)
{
	u32 tries = NVNIC_RX_RECLAIM_TRIES;

	while (nvnic_rx_fill(ring))
		if (!tries-- || !nvnic_rx_reclaim(ring))
			return -ENOMEM;

	return 0;
}

/**
 * nvnic_rx_kick() - tell the device of the buffers in the ring
 * @ring: RX ring, running
 *
 * Context: NAPI of the ring's vector, or while that is disabled.
 */
void nvnic_rx_kick(struct nvnic_rx_ring *ring)
{
	/* P1: publish buffers before the tail; pairs with the device's fetch. */
	dma_wmb();
	nvnic_wr(ring->bdev, ring->doorbell, ring->post);
}

/* Refill the ring, or arm a timer that does when memory runs out. */
static void nvnic_rx_refill(struct nvnic_rx_ring *ring)
{
	u16 post = ring->post;

	if (ring->size - 1 - nvnic_rx_posted(ring) < NVNIC_RX_BATCH)
		return;

	/* Count here, not in nvnic_rx_fill(): a ring not in use must not count. */
	if (unlikely(nvnic_rx_fill(ring))) {
		nvnic_rx_stat_add(ring->stats, NVNIC_RS_ALLOC_FAIL, 1);
		mod_timer(&container_of(ring, struct nvnic_vec, rx)->rx_retry,
			  jiffies + NVNIC_RX_RETRY);
	}
	if (likely(ring->post != post))
		nvnic_rx_kick(ring);
}

static void *nvnic_rx_take(struct nvnic_rx_ring *ring, u32 len,
			   struct nvnic_rx_buf *out)
{
	*out = ring->buf[ring->next & ring->mask];
	ring->next++;
	page_pool_dma_sync_for_cpu(ring->pool, out->page, out->off, len);

	return page_address(out->page) + out->off;
}

static void nvnic_rx_skip(struct nvnic_rx_ring *ring, u16 count)
{
	for (; count; count--, ring->next++)
		page_pool_put_full_page(ring->pool,
					ring->buf[ring->next & ring->mask].page,
					false);
}

/* Build an skb over the next @bufs buffers, which hold a frame of @len bytes. */
static struct sk_buff *nvnic_rx_skb(struct nvnic_rx_ring *ring, u32 len,
				    u16 bufs)
{
	u32 part = min(len, ring->room);
	struct nvnic_rx_buf buf;
	struct sk_buff *skb;
	void *va;

	BUILD_BUG_ON(NVNIC_RX_HEADROOM < NET_SKB_PAD);

	va = nvnic_rx_take(ring, part, &buf);
	net_prefetch(va);
	skb = napi_build_skb(va - NVNIC_RX_HEADROOM, ring->truesize);
	if (unlikely(!skb)) {
		page_pool_put_full_page(ring->pool, buf.page, true);
		nvnic_rx_skip(ring, bufs - 1);
		return NULL;
	}

	skb_mark_for_recycle(skb);
	skb_reserve(skb, NVNIC_RX_HEADROOM);
	__skb_put(skb, part);

	while (--bufs) {
		len -= part;
		part = min(len, ring->room);
		nvnic_rx_take(ring, part, &buf);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, buf.page,
				buf.off, part, ring->truesize);
	}

	return skb;
}

/* Set the skb's checksum, hash, queue, device and protocol. */
static void nvnic_rx_meta(struct nvnic_vec *vec, struct sk_buff *skb,
			  const struct nvnic_rxc *rxc, u64 q0, u64 q1,
			  struct nvnic_rx_done *done)
{
	netdev_features_t features = vec->nn->netdev->features;
	struct nvnic_rx_ring *ring = &vec->rx;
	u32 csum = 0, hash;

	BUILD_BUG_ON(FIELD_MAX(NVNIC_RXC_CSUM) >= NVNIC_RX_CODES);
	BUILD_BUG_ON(FIELD_MAX(NVNIC_RXC_HASH_TYPE) >= NVNIC_RX_CODES);

	if (likely(features & NETIF_F_RXCSUM))
		csum = FIELD_GET(NVNIC_RXC_CSUM, q1);
	done->csum[csum]++;
	skb->ip_summed = nvnic_rx_ip_summed[csum];
	if (csum == NVNIC_CSUM_UNNECESSARY)
		skb->csum_level = FIELD_GET(NVNIC_RXC_CSUM_LEVEL, q1);
	else if (csum == NVNIC_CSUM_COMPLETE)
		skb->csum = (__force __wsum)
			FIELD_GET(NVNIC_RXC_SUM, le64_to_cpu(READ_ONCE(rxc->q[2])));

	hash = nvnic_rx_hash_type[FIELD_GET(NVNIC_RXC_HASH_TYPE, q1)];
	if (hash != PKT_HASH_TYPE_NONE && likely(features & NETIF_F_RXHASH))
		skb_set_hash(skb, FIELD_GET(NVNIC_RXC_HASH, q0), hash);

	if (vec->vmq)
		macvlan_count_rx(netdev_priv(ring->netdev), skb->len, true,
				 false);
	skb_record_rx_queue(skb, ring->netdev_index);
	skb->protocol = eth_type_trans(skb, ring->netdev);
	done->multicast += skb->pkt_type == PACKET_MULTICAST;
}

static void nvnic_rx_broken(struct nvnic_vec *vec, const char *why, u64 q0)
{
	struct nvnic_rx_ring *ring = &vec->rx;
	struct nvnic_net *nn = vec->nn;

	ring->broken = true;
	if (net_ratelimit())
		netdev_warn(nn->netdev, "RX queue %u: %s, completion %#llx\n",
			    ring->index, why, q0);
	nvnic_fault(nn, nn->fault_rx, ring->index);
}

static bool nvnic_rx_plausible(const struct nvnic_rx_ring *ring, u32 len,
			       u32 bufs)
{
	return len >= ETH_HLEN &&
	       len <= NVNIC_MAX_MTU + NVNIC_L2_OVERHEAD &&
	       bufs <= nvnic_rx_posted(ring) &&
	       bufs == DIV_ROUND_UP(len, ring->room);
}

/* Reap a completion; false if there is none, or the ring is broken. */
static bool nvnic_rx_completion(struct nvnic_vec *vec,
				struct nvnic_rx_done *done)
{
	struct nvnic_rx_ring *ring = &vec->rx;
	struct nvnic_rxc *rxc = &ring->cmpl[ring->cons & ring->mask];
	struct sk_buff *skb;
	u32 len, bufs;
	u64 q0, q1;

	if (nvnic_rxc_phase(rxc) != nvnic_phase(ring->cons, ring->size) ||
	    unlikely(ring->broken))
		return false;

	/* P2: read the phase before the rest; pairs with the device's post. */
	dma_rmb();
	q0 = le64_to_cpu(READ_ONCE(rxc->q[0]));
	q1 = le64_to_cpu(READ_ONCE(rxc->q[1]));
	ring->cons++;

	if (unlikely(FIELD_GET(NVNIC_RXC_STATUS, q1))) {
		nvnic_rx_broken(vec, "stopped by the device", q1);
		return false;
	}

	len = FIELD_GET(NVNIC_RXC_LEN, q0);
	bufs = FIELD_GET(NVNIC_RXC_BUFS, q0);
	if (unlikely(!nvnic_rx_plausible(ring, len, bufs))) {
		done->bad++;
		nvnic_rx_broken(vec, "completion of a buffer that was not posted", q0);
		return false;
	}

	done->packets++;
	done->bytes += len;
	skb = nvnic_rx_skb(ring, len, bufs);
	if (unlikely(!skb)) {
		done->drop++;
		return true;
	}

	nvnic_rx_meta(vec, skb, rxc, q0, q1, done);
	napi_gro_receive(&vec->napi, skb);

	return true;
}

static void nvnic_rx_count(struct nvnic_rx_stats *s,
			   const struct nvnic_rx_done *done)
{
	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->v[NVNIC_RS_PACKETS], done->packets);
	u64_stats_add(&s->v[NVNIC_RS_BYTES], done->bytes);
	u64_stats_add(&s->v[NVNIC_RS_MULTICAST], done->multicast);
	u64_stats_add(&s->v[NVNIC_RS_CSUM_UNNECESSARY],
		      done->csum[NVNIC_CSUM_UNNECESSARY]);
	u64_stats_add(&s->v[NVNIC_RS_CSUM_COMPLETE],
		      done->csum[NVNIC_CSUM_COMPLETE]);
	u64_stats_add(&s->v[NVNIC_RS_CSUM_NONE], done->csum[NVNIC_CSUM_NONE]);
	if (unlikely(done->drop | done->bad)) {
		u64_stats_add(&s->v[NVNIC_RS_DROP], done->drop);
		u64_stats_add(&s->v[NVNIC_RS_BAD_COMPLETION], done->bad);
	}
	u64_stats_update_end(&s->syncp);
}

/**
 * nvnic_clean_rx() - reap RX completions, refill the ring
 * @vec: vector
 * @budget: most frames to receive, not 0
 *
 * A failed refill keeps the buffers that are posted, and a timer tries again: a ring
 * without any buffer gets no completion that would.
 *
 * Context: NAPI of the vector.
 *
 * Return: number of frames received.
 */
int nvnic_clean_rx(struct nvnic_vec *vec, int budget)
{
	struct nvnic_rx_ring *ring = &vec->rx;
	struct nvnic_rx_done done = {};
	int work = 0;

	/* A broken ring may have no memory, see nvnic_queue_rx_stop(). */
	if (unlikely(ring->broken))
		return 0;

	while (work < budget && nvnic_rx_completion(vec, &done))
		work++;

	if (work | done.bad)
		nvnic_rx_count(ring->stats, &done);

	nvnic_rx_refill(ring);

	return work;
}

/* Count the frames that the device has delivered and no poll has reaped. */
static u32 nvnic_rx_unseen(const struct nvnic_rx_ring *ring)
{
	u16 pos = ring->cons;
	u32 frames = 0;

	for (; frames < ring->size; frames++, pos++) {
		const struct nvnic_rxc *rxc = &ring->cmpl[pos & ring->mask];

		if (nvnic_rxc_phase(rxc) != nvnic_phase(pos, ring->size) ||
		    FIELD_GET(NVNIC_RXC_STATUS, le64_to_cpu(rxc->q[1])))
			break;
	}

	return frames;
}

/**
 * nvnic_rx_flush() - take back all buffers
 * @ring: RX ring; the device has stopped it
 *
 * Context: process, while NAPI is disabled.
 */
void nvnic_rx_flush(struct nvnic_rx_ring *ring)
{
	u32 unseen = nvnic_rx_unseen(ring);

	/* A ring that was never in use has no unseen frame, and must not write
	 * the queue's statistics: another ring may own them by now.
	 */
	if (unseen)
		nvnic_rx_stat_add(ring->stats, NVNIC_RS_FLUSHED, unseen);
	nvnic_rx_skip(ring, nvnic_rx_posted(ring));
	ring->post = 0;
	ring->next = 0;
	ring->cons = 0;
	ring->broken = false;
	memset(ring->cmpl, 0, ring->size * sizeof(*ring->cmpl));
}

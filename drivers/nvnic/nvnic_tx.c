// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: transmit path.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <net/gso.h>
#include <net/netdev_queues.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_vmq.h"

/* Counts of a poll */
struct nvnic_tx_done {
	u32 skbs;
	u32 skb_bytes;
	u64 wire_packets;
	u64 wire_bytes;
	u32 path[NVNIC_TX_PATHS];
	u64 gso_bytes;
	u64 gso_wire_packets;
	u64 gso_wire_bytes;
	u32 hw_drop;
	u32 hw_drop_error;
	u32 bad;
	u32 wake;
};

/* Fill in @req; false if the device cannot execute what the frame needs. */
static bool nvnic_tx_request(struct sk_buff *skb, struct nvnic_tx_req *req)
{
	if (skb_is_gso(skb))
		return nvnic_tx_request_gso(skb, req);

	req->mask = 0;
	req->path = NVNIC_TX_PLAIN;
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return true;

	if (!nvnic_csum_fits(skb))
		return false;

	req->mask = NVNIC_OFF_BIT(TX_CSUM);
	req->path = NVNIC_TX_CSUM;
	req->csum_start = skb_checksum_start_offset(skb);
	req->csum_off = skb->csum_offset;

	return true;
}

static void nvnic_tx_write_request(struct nvnic_tx_ring *ring, u16 pos,
				   const struct sk_buff *skb,
				   const struct nvnic_tx_req *req)
{
	struct nvnic_txd *txd = &ring->desc[pos & ring->mask];
	u64 q0 = FIELD_PREP(NVNIC_TXD_REQ_MASK, req->mask);

	if (req->path == NVNIC_TX_CSUM)
		q0 |= FIELD_PREP(NVNIC_TXD_REQ_CSUM_START, req->csum_start) |
		      FIELD_PREP(NVNIC_TXD_REQ_CSUM_OFF, req->csum_off);
	else
		q0 |= FIELD_PREP(NVNIC_TXD_REQ_MSS, skb_shinfo(skb)->gso_size) |
		      FIELD_PREP(NVNIC_TXD_REQ_HDR_LEN, req->hdr_len);

	txd->q[0] = cpu_to_le64(q0);
	txd->q[1] = cpu_to_le64(FIELD_PREP(NVNIC_TXD_TYPE, NVNIC_TXD_TYPE_REQ) |
				FIELD_PREP(NVNIC_TXD_REQ_LEN, skb->len));
	ring->buf[pos & ring->mask].len = 0;
}

static int nvnic_tx_write_data(struct nvnic_tx_ring *ring, u16 pos,
			       dma_addr_t dma, u32 len)
{
	struct nvnic_txd *txd = &ring->desc[pos & ring->mask];
	struct nvnic_tx_buf *buf = &ring->buf[pos & ring->mask];

	if (unlikely(dma_mapping_error(&ring->bdev->dev, dma)))
		return -ENOMEM;

	buf->dma = dma;
	buf->len = len;
	txd->q[0] = cpu_to_le64(dma);
	txd->q[1] = cpu_to_le64(FIELD_PREP(NVNIC_TXD_TYPE, NVNIC_TXD_TYPE_DATA) |
				FIELD_PREP(NVNIC_TXD_LEN, len));

	return 0;
}

/* dma_unmap_page() is right for the head, too: the DMA API treats both alike. */
static void nvnic_tx_unmap(struct nvnic_tx_ring *ring, u16 pos, u16 count)
{
	for (; count; count--, pos++) {
		struct nvnic_tx_buf *buf = &ring->buf[pos & ring->mask];

		if (buf->len)
			dma_unmap_page(&ring->bdev->dev, buf->dma, buf->len,
				       DMA_TO_DEVICE);
	}
}

/* Map a frame; returns the number of descriptors written from the tail on, or -errno. */
static int nvnic_tx_map(struct nvnic_tx_ring *ring, struct sk_buff *skb,
			const struct nvnic_tx_req *req)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct device *dev = &ring->bdev->dev;
	u16 first = ring->tail, pos = first;
	dma_addr_t dma;
	unsigned int i;
	u32 len;

	if (req->mask)
		nvnic_tx_write_request(ring, pos++, skb, req);

	len = skb_headlen(skb);
	if (likely(len)) {
		dma = dma_map_single(dev, skb->data, len, DMA_TO_DEVICE);
		if (nvnic_tx_write_data(ring, pos, dma, len))
			goto unmap;
		pos++;
	}

	for (i = 0; i < shinfo->nr_frags; i++) {
		const skb_frag_t *frag = &shinfo->frags[i];

		len = skb_frag_size(frag);
		if (unlikely(!len))
			continue;
		dma = skb_frag_dma_map(dev, frag, 0, len, DMA_TO_DEVICE);
		if (nvnic_tx_write_data(ring, pos, dma, len))
			goto unmap;
		pos++;
	}

	ring->desc[(u16)(pos - 1) & ring->mask].q[1] |=
		cpu_to_le64(NVNIC_TXD_EOP);

	return (u16)(pos - first);

unmap:
	nvnic_tx_unmap(ring, first, pos - first);
	return -ENOMEM;
}

static void nvnic_tx_drop(struct nvnic_tx_ring *ring, struct sk_buff *skb)
{
	nvnic_xmit_stat_add(ring->stats, NVNIC_TS_DROP, 1);
	dev_kfree_skb_any(skb);
}

/*
 * Put a frame into the ring, which has room, or drop it. Returns true if the
 * doorbell must be rung now.
 */
static bool nvnic_tx_put(struct nvnic_tx_ring *ring, struct sk_buff *skb,
			 const struct nvnic_tx_req *req, bool more)
{
	struct nvnic_tx_buf *buf = &ring->buf[ring->tail & ring->mask];
	u32 len = skb->len;
	int ndesc;

	if (unlikely(len < ETH_HLEN || len > NVNIC_MAX_TX_LEN ||
		     (skb_has_frag_list(skb) && __skb_linearize(skb)))) {
		nvnic_tx_drop(ring, skb);
		return !more;
	}

	ndesc = nvnic_tx_map(ring, skb, req);
	if (unlikely(ndesc < 0)) {
		nvnic_xmit_stat_add(ring->stats, NVNIC_TS_DMA_MAP_ERR, 1);
		nvnic_tx_drop(ring, skb);
		return !more;
	}

	buf->skb = skb;
	buf->bytes = len;
	buf->ndesc = ndesc;
	buf->path = req->path;
	if (req->path >= NVNIC_TX_LSO_NATIVE) {
		buf->hdr_len = req->hdr_len;
		buf->segs = DIV_ROUND_UP(len - req->hdr_len,
					 skb_shinfo(skb)->gso_size);
	}

	skb_tx_timestamp(skb);
	WRITE_ONCE(ring->tail, ring->tail + ndesc);

	return __netdev_tx_sent_queue(ring->txq, len, more);
}

static void nvnic_tx_kick(struct nvnic_tx_ring *ring)
{
	u16 tail = ring->tail;

	if (ring->rung == tail)
		return;
	ring->rung = tail;

	/* P1: publish descriptors before the tail; pairs with the device's fetch. */
	dma_wmb();
	nvnic_wr(ring->bdev, ring->doorbell, tail);
}

/* Is there room for the largest frame? Reads the consumer's cache line only if needed. */
static bool nvnic_tx_room(struct nvnic_tx_ring *ring)
{
	u16 used = ring->tail - ring->clean_seen;

	if (likely(ring->size - 1 - used >= NVNIC_TX_MAX_DESC))
		return true;

	/* P6: read clean before reusing its slots; pairs with nvnic_tx_reclaim(). */
	ring->clean_seen = smp_load_acquire(&ring->clean);
	used = ring->tail - ring->clean_seen;

	return ring->size - 1 - used >= NVNIC_TX_MAX_DESC;
}

static void nvnic_tx_spill_add(struct nvnic_tx_ring *ring, struct sk_buff *segs)
{
	struct sk_buff *last = segs;

	while (last->next)
		last = last->next;

	if (ring->spill)
		ring->spill_last->next = segs;
	else
		WRITE_ONCE(ring->spill, segs);
	ring->spill_last = last;
}

/*
 * Segment or checksum a frame in software: the device does not know its headers, or
 * an offload was turned off after the stack had asked for it.
 */
static bool nvnic_tx_software(struct nvnic_tx_ring *ring, struct sk_buff *skb,
			      bool more)
{
	struct nvnic_tx_req req = { .path = NVNIC_TX_PLAIN };
	netdev_features_t features = ring->nn->netdev->features &
				     (NETIF_F_SG | NETIF_F_HIGHDMA);
	struct sk_buff *segs;

	if (!skb_is_gso(skb)) {
		if (skb_csum_hwoffload_help(skb, 0)) {
			nvnic_tx_drop(ring, skb);
			return !more;
		}
		nvnic_xmit_stat_add(ring->stats, NVNIC_TS_SW_CSUM, 1);
		return nvnic_tx_put(ring, skb, &req, more);
	}

	nvnic_rare_stat_inc(ring->stats, NVNIC_TS_LSO_SOFTWARE);
	if (READ_ONCE(ring->nn->tx_allowed) & NVNIC_OFF_BIT(TX_CSUM))
		features |= NETIF_F_HW_CSUM;

	segs = skb_gso_segment(skb, features);
	if (IS_ERR_OR_NULL(segs)) {
		nvnic_tx_drop(ring, skb);
		return !more;
	}

	consume_skb(skb);
	nvnic_tx_spill_add(ring, segs);

	return true;
}

static bool nvnic_tx_send(struct nvnic_tx_ring *ring, struct sk_buff *skb,
			  bool more)
{
	struct nvnic_tx_req req;

	if (unlikely(!nvnic_tx_request(skb, &req) ||
		     req.mask & ~READ_ONCE(ring->nn->tx_allowed)))
		return nvnic_tx_software(ring, skb, more);

	return nvnic_tx_put(ring, skb, &req, more);
}

/*
 * Generic XDP transmits without validate_xmit_skb(), so the VLAN tag may still be
 * out of band. Insert it; returns true if the frame was dropped.
 */
static bool nvnic_tx_tag(struct nvnic_tx_ring *ring, struct sk_buff **skb)
{
	if (likely(!skb_vlan_tag_present(*skb)))
		return false;

	*skb = __vlan_hwaccel_push_inside(*skb);
	if (likely(*skb))
		return false;

	nvnic_xmit_stat_add(ring->stats, NVNIC_TS_DROP, 1);
	return true;
}

/*
 * Send as much of the spill list as fits. Returns true if the list is empty. If not,
 * the queue is stopped, and NAPI continues when completions arrive.
 */
static bool nvnic_tx_spill_drain(struct nvnic_tx_ring *ring)
{
	bool stopped = netif_tx_queue_stopped(ring->txq);
	struct sk_buff *skb;

	lockdep_assert_held(&ring->txq->_xmit_lock);

	for (;;) {
		while (ring->spill && nvnic_tx_room(ring)) {
			skb = ring->spill;
			WRITE_ONCE(ring->spill, skb->next);
			skb_mark_not_on_list(skb);
			nvnic_tx_send(ring, skb, false);
		}
		nvnic_tx_kick(ring);
		if (!ring->spill)
			return true;

		netif_tx_stop_queue(ring->txq);
		/* P5: write spill list and stop bit before reading the room; pairs
		 * with nvnic_clean_tx()
		 */
		smp_mb__after_atomic();
		if (nvnic_tx_avail(ring) < NVNIC_TX_WAKE_DESC) {
			nvnic_xmit_stat_add(ring->stats, NVNIC_TS_STOP,
					    !stopped);
			return false;
		}
	}
}

/* Stop the queue if the ring is full; returns false if it stays stopped. */
static bool nvnic_tx_stop(struct nvnic_tx_ring *ring)
{
	/* P5: pairs with the wake in nvnic_tx_finish(). */
	if (netif_txq_maybe_stop(ring->txq, nvnic_tx_avail(ring),
				 NVNIC_TX_MAX_DESC, NVNIC_TX_WAKE_DESC))
		return true;

	nvnic_xmit_stat_add(ring->stats, NVNIC_TS_STOP, 1);
	return false;
}

/* ndo_start_xmit was called on a stopped queue. Returns true if the ring is full. */
static bool nvnic_tx_busy(struct nvnic_tx_ring *ring)
{
	nvnic_xmit_stat_add(ring->stats, NVNIC_TS_BUSY, 1);
	if (ring->spill) {
		if (!nvnic_tx_spill_drain(ring))
			return true;
		netif_tx_start_queue(ring->txq);
	}

	return !nvnic_tx_stop(ring);
}

/**
 * nvnic_select_queue() - ndo_select_queue: keep VMs on their own queues
 * @dev: port
 * @skb: the frame
 * @sb_dev: station that sends it, or NULL if no station with a VM queue set does
 *
 * All other frames stay off these queues, whatever XPS or the socket's cached queue say.
 *
 * Context: any, bottom halves off.
 *
 * Return: number of the queue.
 */
u16 nvnic_select_queue(struct net_device *dev, struct sk_buff *skb,
		       struct net_device *sb_dev)
{
	const struct nvnic_net *nn = netdev_priv(dev);
	u16 num = READ_ONCE(nn->tx_num);
	u16 queue, span;

	if (sb_dev) {
		span = READ_ONCE(nn->vmq_tx[netdev_get_sb_channel(sb_dev)]);
		if (likely(span))
			return FIELD_GET(NVNIC_VMQ_TX_FIRST, span) +
			       reciprocal_scale(skb_get_hash(skb),
						FIELD_GET(NVNIC_VMQ_TX_COUNT,
							  span));
	}

	queue = netdev_pick_tx(dev, skb, NULL);

	return likely(queue < num) ? queue : queue % num;
}

/**
 * nvnic_start_xmit() - ndo_start_xmit: queue a frame
 * @skb: the frame
 * @dev: port
 *
 * Context: with the queue's xmit lock held, bottom halves off.
 *
 * Return: NETDEV_TX_OK, or NETDEV_TX_BUSY if the ring is full.
 */
netdev_tx_t nvnic_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct nvnic_net *nn = netdev_priv(dev);
	struct nvnic_tx_ring *ring = nn->tx[skb_get_queue_mapping(skb)];
	bool kick;

	if (unlikely(!ring)) {
		dev_core_stats_tx_dropped_inc(dev);
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}

	if (unlikely(ring->spill || !nvnic_tx_room(ring)) &&
	    nvnic_tx_busy(ring))
		return NETDEV_TX_BUSY;

	kick = nvnic_tx_tag(ring, &skb) ||
	       nvnic_tx_send(ring, skb, netdev_xmit_more());

	if (unlikely(ring->spill)) {
		if (!nvnic_tx_spill_drain(ring))
			return NETDEV_TX_OK;
		netif_tx_start_queue(ring->txq);
	}

	if (unlikely(!nvnic_tx_room(ring))) {
		nvnic_tx_stop(ring);
		kick = true;
	}
	if (kick)
		nvnic_tx_kick(ring);

	return NETDEV_TX_OK;
}

static void nvnic_tx_account(const struct nvnic_tx_buf *buf,
			     struct nvnic_tx_done *done)
{
	done->path[buf->path]++;
	if (buf->path < NVNIC_TX_LSO_NATIVE)
		return;

	done->gso_bytes += buf->bytes;
	done->gso_wire_packets += buf->segs;
	done->gso_wire_bytes += buf->bytes +
				(u64)(buf->segs - 1) * buf->hdr_len;
}

/*
 * Reclaim the descriptors before @head, which is one of the outstanding positions.
 * Returns false if @head is not the start of a frame.
 */
static bool nvnic_tx_reclaim(struct nvnic_tx_ring *ring, u16 head, bool ok,
			     struct nvnic_tx_done *done, int budget)
{
	u16 pos = ring->clean;

	while (pos != head) {
		struct nvnic_tx_buf *buf = &ring->buf[pos & ring->mask];

		if (unlikely((u16)(head - pos) < buf->ndesc))
			break;

		nvnic_tx_unmap(ring, pos, buf->ndesc);
		done->skbs++;
		done->skb_bytes += buf->bytes;
		if (likely(ok)) {
			nvnic_tx_account(buf, done);
			napi_consume_skb(buf->skb, budget);
		} else {
			done->hw_drop++;
			dev_kfree_skb_any(buf->skb);
		}
		pos += buf->ndesc;
	}

	/* P6: read the slots before releasing them; pairs with
	 * nvnic_tx_room() and nvnic_tx_avail()
	 */
	smp_store_release(&ring->clean, pos);

	return pos == head;
}

static void nvnic_tx_broken(struct nvnic_tx_ring *ring, const char *why, u64 q1)
{
	struct nvnic_net *nn = ring->nn;

	ring->broken = true;
	if (net_ratelimit())
		netdev_warn(nn->netdev, "TX queue %u: %s, completion %#llx\n",
			    ring->index, why, q1);
	nvnic_fault(nn, nn->fault_tx, ring->index);
}

/* Reap a completion; false if there is none, or the ring is broken. */
static bool nvnic_tx_completion(struct nvnic_tx_ring *ring,
				struct nvnic_tx_done *done, int budget)
{
	struct nvnic_txc *txc = &ring->cmpl[ring->cons & ring->mask];
	u64 q1 = le64_to_cpu(READ_ONCE(txc->q[1]));
	u16 head = FIELD_GET(NVNIC_TXC_HEAD, q1);
	u16 step = head - ring->clean;
	u32 drops = done->hw_drop;
	u32 status;
	u64 q0;

	if (FIELD_GET(NVNIC_TXC_PHASE, q1) !=
	    nvnic_phase(ring->cons, ring->size) || unlikely(ring->broken))
		return false;

	/* P2: read the phase before the rest; pairs with the device's post. */
	dma_rmb();
	q0 = le64_to_cpu(READ_ONCE(txc->q[0]));
	status = FIELD_GET(NVNIC_TXC_STATUS, q1);
	ring->cons++;

	if (unlikely(step > (u16)(READ_ONCE(ring->tail) - ring->clean) ||
		     (!step && status < NVNIC_ST_FATAL) ||
		     !nvnic_tx_reclaim(ring, head, status == NVNIC_ST_OK, done,
				       budget))) {
		done->bad++;
		nvnic_tx_broken(ring, "completion of a request that was not sent", q1);
		return false;
	}

	done->wire_packets += FIELD_GET(NVNIC_TXC_FRAMES, q0);
	done->wire_bytes += FIELD_GET(NVNIC_TXC_BYTES, q0);
	if (likely(status == NVNIC_ST_OK))
		return true;

	if (status != NVNIC_ST_NOLINK)
		done->hw_drop_error += done->hw_drop - drops;
	if (status < NVNIC_ST_FATAL)
		return true;

	nvnic_tx_broken(ring, "stopped by the device", q1);
	return false;
}

static void nvnic_tx_count(struct nvnic_tx_stats *s,
			   const struct nvnic_tx_done *done)
{
	u64_stats_update_begin(&s->done_syncp);
	nvnic_done_stat_add(s, NVNIC_TS_PACKETS, done->wire_packets);
	nvnic_done_stat_add(s, NVNIC_TS_BYTES, done->wire_bytes);
	nvnic_done_stat_add(s, NVNIC_TS_PLAIN, done->path[NVNIC_TX_PLAIN]);
	nvnic_done_stat_add(s, NVNIC_TS_CSUM, done->path[NVNIC_TX_CSUM]);
	if (done->gso_wire_packets) {
		nvnic_done_stat_add(s, NVNIC_TS_LSO_NATIVE,
				    done->path[NVNIC_TX_LSO_NATIVE]);
		nvnic_done_stat_add(s, NVNIC_TS_LSO_PARTIAL,
				    done->path[NVNIC_TX_LSO_PARTIAL]);
		nvnic_done_stat_add(s, NVNIC_TS_USO, done->path[NVNIC_TX_USO]);
		nvnic_done_stat_add(s, NVNIC_TS_GSO_BYTES, done->gso_bytes);
		nvnic_done_stat_add(s, NVNIC_TS_GSO_WIRE_PACKETS,
				    done->gso_wire_packets);
		nvnic_done_stat_add(s, NVNIC_TS_GSO_WIRE_BYTES,
				    done->gso_wire_bytes);
	}
	if (unlikely(done->wake | done->hw_drop | done->hw_drop_error |
		     done->bad)) {
		nvnic_done_stat_add(s, NVNIC_TS_WAKE, done->wake);
		nvnic_done_stat_add(s, NVNIC_TS_HW_DROP, done->hw_drop);
		nvnic_done_stat_add(s, NVNIC_TS_HW_DROP_ERROR,
				    done->hw_drop_error);
		nvnic_done_stat_add(s, NVNIC_TS_BAD_COMPLETION, done->bad);
	}
	u64_stats_update_end(&s->done_syncp);
}

static bool nvnic_tx_shut(const struct nvnic_tx_ring *ring)
{
	return READ_ONCE(ring->closed) || READ_ONCE(ring->nn->down);
}

/* Report the completions of a poll to BQL, wake the queue if there is room. */
static void nvnic_tx_finish(struct nvnic_tx_ring *ring,
			    struct nvnic_tx_done *done)
{
	/* P5: the barrier in the macro orders the write of ring->clean before the
	 * reads of spill list and stop bit; pairs with nvnic_tx_stop() and
	 * nvnic_tx_spill_drain().
	 */
	if (!__netif_txq_completed_wake(ring->txq, done->skbs, done->skb_bytes,
					nvnic_tx_avail(ring),
					NVNIC_TX_WAKE_DESC,
					READ_ONCE(ring->spill) ||
					nvnic_tx_shut(ring)))
		done->wake++;
}

static void nvnic_tx_spill_resume(struct nvnic_tx_ring *ring,
				  struct nvnic_tx_done *done)
{
	struct netdev_queue *txq = ring->txq;

	__netif_tx_lock(txq, smp_processor_id());
	if (nvnic_tx_spill_drain(ring) && !nvnic_tx_shut(ring) &&
	    nvnic_tx_avail(ring) >= NVNIC_TX_WAKE_DESC &&
	    netif_tx_queue_stopped(txq)) {
		netif_tx_wake_queue(txq);
		done->wake++;
	}
	__netif_tx_unlock(txq);
}

/**
 * nvnic_clean_tx() - reap TX completions, continue with the spill list
 * @ring: TX ring
 * @budget: NAPI budget, which does not limit the work; 0 when called by netpoll or
 *	for a closed ring
 *
 * Context: NAPI of the ring's vector, or bottom halves off while that is
 * disabled.
 */
void nvnic_clean_tx(struct nvnic_tx_ring *ring, int budget)
{
	struct nvnic_tx_done done = {};
	u32 limit = ring->size;

	while (limit-- && nvnic_tx_completion(ring, &done, budget))
		;

	if (done.skbs)
		nvnic_tx_finish(ring, &done);

	/* netpoll may hold the xmit lock. A real poll follows, as the vector
	 * has fired or will fire.
	 */
	if (unlikely(READ_ONCE(ring->spill)) && budget)
		nvnic_tx_spill_resume(ring, &done);

	if (done.skbs | done.bad | done.wake)
		nvnic_tx_count(ring->stats, &done);
}

/**
 * nvnic_tx_close() - stop the stack's queue of a ring
 * @ring: TX ring
 *
 * Waits for a transmitter that holds the xmit lock. Until nvnic_tx_ring.closed is
 * cleared, nobody transmits and NAPI does not wake the queue. Updates trans_start, so
 * that the watchdog does not take a queue that was idle for a hung one.
 *
 * Context: process, instance lock.
 */
void nvnic_tx_close(struct nvnic_tx_ring *ring)
{
	struct netdev_queue *txq = ring->txq;

	WRITE_ONCE(ring->closed, true);
	txq_trans_cond_update(txq);
	__netif_tx_lock_bh(txq);
	netif_tx_stop_queue(txq);
	__netif_tx_unlock_bh(txq);
}

/**
 * nvnic_tx_flush() - drop the frames in the ring and on the spill list
 * @ring: TX ring; the device has stopped it
 *
 * Context: process, while nobody can transmit or poll.
 */
void nvnic_tx_flush(struct nvnic_tx_ring *ring)
{
	struct sk_buff *spill = ring->spill;
	u32 drops = 0;
	u16 pos;

	for (pos = ring->clean; pos != ring->tail; drops++) {
		struct nvnic_tx_buf *buf = &ring->buf[pos & ring->mask];

		nvnic_tx_unmap(ring, pos, buf->ndesc);
		dev_kfree_skb_any(buf->skb);
		pos += buf->ndesc;
	}

	while (spill) {
		struct sk_buff *skb = spill;

		spill = skb->next;
		skb_mark_not_on_list(skb);
		dev_kfree_skb_any(skb);
		drops++;
	}

	ring->spill = NULL;
	ring->clean = 0;
	ring->clean_seen = 0;
	ring->cons = 0;
	ring->tail = 0;
	ring->rung = 0;
	ring->drain = 0;
	ring->broken = false;
	memset(ring->cmpl, 0, ring->size * sizeof(*ring->cmpl));
	netdev_tx_reset_queue(ring->txq);
	if (drops)
		nvnic_xmit_stat_add(ring->stats, NVNIC_TS_DROP, drops);
}

/**
 * nvnic_tx_passed() - check that everything before a position has completed
 * @ring: TX ring
 * @pos: a former tail of the ring
 *
 * Context: any.
 *
 * Return: true if it has. May wrongly be false for a moment after the positions have
 * wrapped.
 */
bool nvnic_tx_passed(const struct nvnic_tx_ring *ring, u16 pos)
{
	u16 clean = READ_ONCE(ring->clean);
	u16 ahead = pos - clean;

	return !ahead || ahead > (u16)(READ_ONCE(ring->tail) - clean);
}

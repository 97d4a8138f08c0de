/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: rings and vectors.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Positions are free-running 16-bit numbers, as in the ABI. Barrier pairs:
 *
 *	P1  tail publish	nvnic_tx_kick(), nvnic_rx_kick()
 *				with the device's fetch of descriptors
 *	P2  completion phase	nvnic_tx_completion(), nvnic_rx_completion()
 *				with the device's post of completions
 *	P5  queue stop/wake	nvnic_tx_stop(), nvnic_tx_spill_drain()
 *				with nvnic_clean_tx()
 *	P6  ring slots		nvnic_tx_avail() with nvnic_tx_reclaim()
 */
#ifndef NVNIC_TXRX_H
#define NVNIC_TXRX_H

#include <linux/bitfield.h>
#include <linux/cache.h>
#include <linux/dim.h>
#include <linux/interrupt.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/timer.h>

#include <nvnic/desc.h>
#include <nvnic/offloads.h>

struct nvnic_bus_dev;
struct nvnic_net;
struct nvnic_vmq;
struct nvnic_rx_stats;
struct nvnic_tx_stats;
struct page_pool;

/* Most descriptors of a frame: a request and all buffers */
#define NVNIC_TX_MAX_DESC	(NVNIC_MAX_TX_BUFS + 1)
/* Wake a stopped queue when two such frames fit. */
#define NVNIC_TX_WAKE_DESC	(2 * NVNIC_TX_MAX_DESC)
/* Post RX buffers in batches of at least this size. */
#define NVNIC_RX_BATCH		16
/*
 * Reclaim memory for a new ring, but fail instead of invoking the OOM killer.
 */
#define NVNIC_RING_GFP		(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static_assert(NVNIC_MAX_TX_BUFS > MAX_SKB_FRAGS);
static_assert(NVNIC_MIN_RING > NVNIC_TX_WAKE_DESC);
static_assert(NVNIC_MIN_RING / 4 >= NVNIC_RX_BATCH);

/* RX buffer: headroom, what the device fills, room for skb_shared_info */
#define NVNIC_RX_HEADROOM	64	/* at least NET_SKB_PAD */
#define NVNIC_RX_ROOM(_truesize)					\
	((_truesize) - NVNIC_RX_HEADROOM -				\
	 SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))
#define NVNIC_RX_TRUESIZE_HALF	(PAGE_SIZE / 2)

/* The longest frame fits the fragments of one skb, in whole pages */
static_assert((NVNIC_MAX_MTU + NVNIC_L2_OVERHEAD) / NVNIC_RX_ROOM(PAGE_SIZE) <
	      MAX_SKB_FRAGS);
static_assert(NVNIC_RX_ROOM(PAGE_SIZE) <= NVNIC_MAX_RX_BUF);

/**
 * enum nvnic_tx_path - counter of a frame when it has completed
 * @NVNIC_TX_PLAIN: no request
 * @NVNIC_TX_CSUM: checksum request
 * @NVNIC_TX_LSO_NATIVE: TCP super-frame
 * @NVNIC_TX_LSO_PARTIAL: TCP super-frame, outer headers as given
 * @NVNIC_TX_USO: UDP super-frame
 * @NVNIC_TX_PATHS: number of paths
 */
enum nvnic_tx_path {
	NVNIC_TX_PLAIN,
	NVNIC_TX_CSUM,
	NVNIC_TX_LSO_NATIVE,
	NVNIC_TX_LSO_PARTIAL,
	NVNIC_TX_USO,
	NVNIC_TX_PATHS,
};

/**
 * struct nvnic_tx_buf - driver's state of a TX descriptor
 * @skb: the frame; valid in its first descriptor only, as all members behind @len
 * @dma: bus address that the descriptor maps
 * @len: bytes mapped, 0: none
 * @bytes: length of the frame, as reported to BQL
 * @segs: number of frames on the wire
 * @hdr_len: length of the headers of each of these
 * @ndesc: descriptors of the frame
 * @path: enum nvnic_tx_path
 */
struct nvnic_tx_buf {
	struct sk_buff *skb;
	dma_addr_t dma;
	u32 len;
	u32 bytes;
	u32 segs;
	u16 hdr_len;
	u8 ndesc;
	u8 path;
};

/**
 * struct nvnic_tx_ring - a TX queue
 * @desc: work ring
 * @cmpl: completion ring
 * @buf: driver's state of @desc
 * @txq: queue of the stack
 * @bdev: port, for the doorbell
 * @nn: port
 * @stats: statistics of the queue
 * @size: descriptors in each ring
 * @mask: @size - 1
 * @doorbell: offset of the doorbell register
 * @index: number of the queue
 * @broken: stopped until nvnic_vec_recover() has reset it; written by NAPI
 * @closed: being stopped, NAPI must not wake it
 * @tail: position after the last descriptor written
 * @rung: @tail as last written to the doorbell
 * @clean_seen: @clean as last read by the producer
 * @spill: segments made in software that wait for room; the queue is stopped while
 *	there are any
 * @spill_last: last segment of @spill
 * @clean: first position not completed
 * @cons: next completion
 * @drain: @tail when an offload was turned off; RTNL
 * @desc_dma: bus address of @desc
 * @cmpl_dma: bus address of @cmpl
 */
struct nvnic_tx_ring {
	__cacheline_group_begin_aligned(read_mostly);
	struct nvnic_txd *desc;
	struct nvnic_txc *cmpl;
	struct nvnic_tx_buf *buf;
	struct netdev_queue *txq;
	struct nvnic_bus_dev *bdev;
	struct nvnic_net *nn;
	struct nvnic_tx_stats *stats;
	u16 size;
	u16 mask;
	u32 doorbell;
	u16 index;
	bool broken;
	bool closed;

	__cacheline_group_end_aligned(read_mostly);

	__cacheline_group_begin_aligned(producer);
	u16 tail;
	u16 rung;
	u16 clean_seen;
	struct sk_buff *spill;
	struct sk_buff *spill_last;

	__cacheline_group_end_aligned(producer);

	__cacheline_group_begin_aligned(consumer);
	u16 clean;
	u16 cons;

	__cacheline_group_end_aligned(consumer);

	__cacheline_group_begin_aligned(cold);
	u16 drain;
	dma_addr_t desc_dma;
	dma_addr_t cmpl_dma;

	__cacheline_group_end_aligned(cold);
};

static_assert(offsetof(struct nvnic_tx_ring, clean) -
	      offsetof(struct nvnic_tx_ring, tail) >= SMP_CACHE_BYTES);

/**
 * struct nvnic_rx_buf - driver's state of a posted RX buffer
 * @page: page of the buffer
 * @off: offset in the page
 */
struct nvnic_rx_buf {
	struct page *page;
	u32 off;
};

/**
 * struct nvnic_rx_ring - an RX queue; owned by NAPI while that is enabled
 * @desc: buffer ring
 * @cmpl: completion ring
 * @buf: driver's state of @desc
 * @pool: page pool of the buffers
 * @bdev: port, for the doorbell
 * @netdev: device that receives the frames: the port, or the station of a VM queue set
 * @stats: statistics of the queue
 * @size: descriptors in each ring
 * @mask: @size - 1
 * @doorbell: offset of the doorbell register
 * @truesize: size of a buffer, in bytes
 * @room: bytes of a buffer that the device may fill
 * @index: number of the queue
 * @netdev_index: number of the queue within @netdev
 * @broken: stopped, NAPI leaves it alone until it is started again
 * @post: position after the last buffer posted
 * @next: position of the next buffer that the device fills
 * @cons: next completion
 * @desc_dma: bus address of @desc
 * @cmpl_dma: bus address of @cmpl
 */
struct nvnic_rx_ring {
	__cacheline_group_begin_aligned(read_mostly);
	struct nvnic_rxb *desc;
	struct nvnic_rxc *cmpl;
	struct nvnic_rx_buf *buf;
	struct page_pool *pool;
	struct nvnic_bus_dev *bdev;
	struct net_device *netdev;
	struct nvnic_rx_stats *stats;
	u16 size;
	u16 mask;
	u32 doorbell;

	__cacheline_group_end_aligned(read_mostly);

	__cacheline_group_begin_aligned(read_write);
	u32 truesize;
	u32 room;
	u16 index;
	u16 netdev_index;
	bool broken;
	u16 post;
	u16 next;
	u16 cons;

	__cacheline_group_end_aligned(read_write);

	__cacheline_group_begin_aligned(cold);
	dma_addr_t desc_dma;
	dma_addr_t cmpl_dma;

	__cacheline_group_end_aligned(cold);
};

/**
 * struct nvnic_vec - a queue pair with its vector
 * @napi: polls both rings
 * @nn: port
 * @vmq: VM queue set of the pair, NULL: the port's own
 * @arm: offset of the arm register
 * @irq: interrupt, 0: not requested
 * @index: number of the pair
 * @first: number of the first pair of the set, or of the port
 * @events: number of interrupts, wraps
 * @tx_adaptive: the dim library moderates TX completions
 * @rx_adaptive: the dim library moderates RX completions
 * @name: name of the interrupt
 * @affinity: notifier of the interrupt's affinity
 * @rx_retry: timer that polls again after a failed refill
 * @tx_dim: state of the dim library for TX
 * @rx_dim: state of the dim library for RX
 * @tx: TX queue
 * @rx: RX queue
 */
struct nvnic_vec {
	struct napi_struct napi;
	struct nvnic_net *nn;
	struct nvnic_vmq *vmq;
	u32 arm;
	int irq;
	u16 index;
	u16 first;
	u16 events;
	bool tx_adaptive;
	bool rx_adaptive;
	char name[IFNAMSIZ + 16];
	struct irq_affinity_notify affinity;
	struct timer_list rx_retry;
	struct dim tx_dim;
	struct dim rx_dim;
	struct nvnic_tx_ring tx;
	struct nvnic_rx_ring rx;
};

/**
 * struct nvnic_span - a run of queue pairs
 * @first: number of the first pair
 * @count: number of pairs, 0: none
 */
struct nvnic_span {
	u8 first;
	u8 count;
};

static_assert(NVNIC_MAX_QUEUES <= U8_MAX);

/**
 * struct nvnic_config - configuration of the rings
 * @num: number of the port's own queue pairs, from 0 on
 * @tx_size: descriptors of a TX ring
 * @rx_size: descriptors of an RX ring
 * @mtu: MTU for RX buffers and the device's frame limit
 * @vmq: queue pairs of each VM queue set
 */
struct nvnic_config {
	u32 num;
	u32 tx_size;
	u32 rx_size;
	u32 mtu;
	struct nvnic_span vmq[NVNIC_VMQ_SETS];
};

/**
 * nvnic_config_end() - number of queues that a configuration needs
 * @cfg: the configuration
 *
 * Context: any.
 *
 * Return: the highest number of a queue pair, plus 1.
 */
static inline u32 nvnic_config_end(const struct nvnic_config *cfg)
{
	u32 end = cfg->num, i;

	for (i = 0; i < NVNIC_VMQ_SETS; i++)
		if (cfg->vmq[i].count)
			end = max_t(u32, end,
				    cfg->vmq[i].first + cfg->vmq[i].count);

	return end;
}

/**
 * struct nvnic_rings - all queue pairs of a configuration
 * @cfg: the configuration
 * @vec: queue pairs by number, or NULL
 */
struct nvnic_rings {
	struct nvnic_config cfg;
	struct nvnic_vec *vec[NVNIC_MAX_QUEUES];
};

/**
 * nvnic_vec_next() - find the next queue pair
 * @rings: queue pairs, may be NULL
 * @from: number to start from
 * @end: number behind the last one to look at
 *
 * Context: process, RTNL.
 *
 * Return: the first pair found, or NULL.
 */
static inline struct nvnic_vec *nvnic_vec_next(const struct nvnic_rings *rings,
					       u32 from, u32 end)
{
	for (; rings && from < end; from++)
		if (rings->vec[from])
			return rings->vec[from];

	return NULL;
}

/* Iterate over the queue pairs from _first up to, but without, _end. */
#define nvnic_for_each_vec_in(_vec, _rings, _first, _end)		\
	for ((_vec) = nvnic_vec_next(_rings, _first, _end); (_vec);	\
	     (_vec) = nvnic_vec_next(_rings, (_vec)->index + 1, _end))

#define nvnic_for_each_vec(_vec, _rings)				\
	nvnic_for_each_vec_in(_vec, _rings, 0, NVNIC_MAX_QUEUES)

/**
 * nvnic_phase() - phase bit of a new completion
 * @pos: position of the completion
 * @size: descriptors in the ring
 *
 * Context: any.
 *
 * Return: true for 1.
 */
static inline bool nvnic_phase(u16 pos, u16 size)
{
	return !(pos & size);
}

/**
 * nvnic_rxc_phase() - phase bit of an RX completion
 * @rxc: the completion; read its other words after a dma_rmb() only
 *
 * Context: any.
 *
 * Return: true for 1.
 */
static inline bool nvnic_rxc_phase(const struct nvnic_rxc *rxc)
{
	return FIELD_GET(NVNIC_RXC_PHASE,
			 le64_to_cpu(READ_ONCE(rxc->q[NVNIC_RXC_WORDS - 1])));
}

/**
 * nvnic_tx_avail() - number of free descriptors in a TX ring
 * @ring: the ring
 *
 * Context: any; exact with the queue's xmit lock held.
 *
 * Return: the number.
 */
static inline u16 nvnic_tx_avail(const struct nvnic_tx_ring *ring)
{
	/* P6: read clean before reusing its slots; pairs with nvnic_tx_reclaim(). */
	u16 clean = smp_load_acquire(&ring->clean);

	return ring->size - 1 - (u16)(READ_ONCE(ring->tail) - clean);
}

/**
 * nvnic_csum_fits() - check whether the device can fill in a checksum
 * @skb: frame with CHECKSUM_PARTIAL, from its Ethernet header on
 *
 * Context: any.
 *
 * Return: true if the descriptor can hold the offsets and they are within reach.
 */
static inline bool nvnic_csum_fits(struct sk_buff *skb)
{
	u32 start = skb_checksum_start_offset(skb);

	return !skb_csum_is_sctp(skb) &&
	       FIELD_FIT(NVNIC_TXD_REQ_CSUM_START, start) &&
	       FIELD_FIT(NVNIC_TXD_REQ_CSUM_OFF, skb->csum_offset) &&
	       start + skb->csum_offset + sizeof(__sum16) <= NVNIC_MAX_HDR_LEN;
}

/**
 * struct nvnic_tx_req - request of a frame to the device
 * @mask: request bits, NVNIC_OFF_BIT()
 * @hdr_len: length of the headers of each segment
 * @csum_start: offset of the first byte to sum
 * @csum_off: offset of the checksum from there
 * @path: enum nvnic_tx_path
 *
 * @csum_start and @csum_off are valid for NVNIC_TX_CSUM, @hdr_len for all paths behind
 * that.
 */
struct nvnic_tx_req {
	u32 mask;
	u16 hdr_len;
	u16 csum_start;
	u16 csum_off;
	u8 path;
};

/* nvnic_request.c */
bool nvnic_tx_request_gso(const struct sk_buff *skb, struct nvnic_tx_req *req);
netdev_features_t nvnic_features_check(struct sk_buff *skb,
				       struct net_device *dev,
				       netdev_features_t features);

/* nvnic_ring.c */
struct nvnic_rings *nvnic_rings_alloc(struct nvnic_net *nn,
				      const struct nvnic_config *cfg);
void nvnic_rings_free(struct nvnic_rings *rings);
int nvnic_span_alloc(struct nvnic_rings *rings, struct nvnic_net *nn,
		     struct nvnic_span span, struct nvnic_vmq *vmq);
void nvnic_span_free(struct nvnic_rings *rings, u32 first, u32 end);
u32 nvnic_rx_truesize(u32 mtu);
void nvnic_rx_ring_init(struct nvnic_rx_ring *ring, struct nvnic_vec *vec);
int nvnic_rx_ring_alloc(struct nvnic_rx_ring *ring, struct nvnic_vec *vec,
			u16 size, u32 truesize);
void nvnic_rx_ring_free(struct nvnic_rx_ring *ring);

/* nvnic_rings.c */
int nvnic_rings_up(struct nvnic_net *nn, struct nvnic_rings *rings);
void nvnic_rings_down(struct nvnic_net *nn);
int nvnic_rings_add(struct nvnic_net *nn, struct nvnic_vmq *vmq,
		    struct nvnic_span span);
void nvnic_rings_settle(struct nvnic_net *nn, const unsigned long *sets);
void nvnic_rings_remove(struct nvnic_net *nn, struct nvnic_vmq *vmq);
int nvnic_reconfigure(struct nvnic_net *nn, const struct nvnic_config *cfg);

/* nvnic_vec.c */
int nvnic_poll(struct napi_struct *napi, int budget);
void nvnic_vec_pause(struct nvnic_vec *vec);
void nvnic_vec_resume(struct nvnic_vec *vec);
int nvnic_vec_request_irq(struct nvnic_vec *vec);
void nvnic_vec_free_irq(struct nvnic_vec *vec);
void nvnic_vec_enable(struct nvnic_vec *vec);
void nvnic_vec_finish(struct nvnic_vec *vec);
void nvnic_vec_disable(struct nvnic_vec *vec);
void nvnic_vec_detach(struct nvnic_vec *vec);

/* nvnic_queue.c */
extern const struct netdev_queue_mgmt_ops nvnic_queue_mgmt_ops;
int nvnic_tx_start(struct nvnic_vec *vec);
int nvnic_rx_start(struct nvnic_vec *vec);
int nvnic_queue_mem_alloc(struct net_device *dev, void *mem, int q);
int nvnic_queue_rx_start(struct net_device *dev, void *mem, int q);
int nvnic_vec_recover(struct nvnic_vec *vec, bool tx, bool rx);

/* nvnic_tx.c */
netdev_tx_t nvnic_start_xmit(struct sk_buff *skb, struct net_device *dev);
u16 nvnic_select_queue(struct net_device *dev, struct sk_buff *skb,
		       struct net_device *sb_dev);
void nvnic_clean_tx(struct nvnic_tx_ring *ring, int budget);
void nvnic_tx_close(struct nvnic_tx_ring *ring);
void nvnic_tx_flush(struct nvnic_tx_ring *ring);
bool nvnic_tx_passed(const struct nvnic_tx_ring *ring, u16 pos);

/* nvnic_rx.c */
int nvnic_clean_rx(struct nvnic_vec *vec, int budget);
int nvnic_rx_prefill(struct nvnic_rx_ring *ring);
void nvnic_rx_kick(struct nvnic_rx_ring *ring);
void nvnic_rx_flush(struct nvnic_rx_ring *ring);

#endif /* NVNIC_TXRX_H */

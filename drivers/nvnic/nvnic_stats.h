/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: statistics that the driver keeps.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * One row a counter: X(NAME, "name", "what it counts"). The name is what
 * ``ethtool -S`` prints behind the queue's; scripts/stats-page.py makes the
 * tables of Documentation/ from the rows. The counters belong to the queue's
 * number, not to its rings, so they survive whatever happens to those.
 */
#ifndef NVNIC_STATS_H
#define NVNIC_STATS_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/u64_stats_sync.h>

struct ethtool_pause_stats;
struct net_device;
struct netdev_queue_stats_rx;
struct netdev_queue_stats_tx;
struct nvnic_net;
struct rtnl_link_stats64;

/* Written under the queue's xmit lock, or while the queue is stopped */
#define NVNIC_TX_XMIT_STATS(X)						\
	X(STOP, "stop", "times the stack's queue was stopped")		\
	X(BUSY, "busy", "transmit called although the queue was stopped") \
	X(SW_CSUM, "sw_csum", "checksums filled in by the driver in software") \
	X(DMA_MAP_ERR, "dma_map_err", "frames dropped: DMA mapping failed") \
	X(DROP, "drop", "frames dropped by the driver")

/* Written by NAPI, once a poll */
#define NVNIC_TX_DONE_STATS(X)						\
	X(PACKETS, "packets", "wire frames, as the device reported them") \
	X(BYTES, "bytes", "bytes of these frames, without FCS")		\
	X(WAKE, "wake", "times the stack's queue was woken")		\
	X(PLAIN, "plain", "frames sent without an offload request")	\
	X(CSUM, "csum", "frames sent with a checksum request")		\
	X(LSO_NATIVE, "lso_native",					\
	  "TCP super-frames sent, outer headers left to the device")	\
	X(LSO_PARTIAL, "lso_partial",					\
	  "TCP super-frames sent, outer headers made by the stack")	\
	X(USO, "uso", "UDP super-frames sent")				\
	X(GSO_BYTES, "gso_bytes", "bytes of super-frames, as the stack handed them over") \
	X(GSO_WIRE_PACKETS, "gso_wire_packets", "frames made of super-frames") \
	X(GSO_WIRE_BYTES, "gso_wire_bytes", "bytes of these frames, without FCS") \
	X(HW_DROP, "hw_drop", "frames dropped by the device")		\
	X(HW_DROP_ERROR, "hw_drop_error",				\
	  "those of hw_drop that had another reason than the link")	\
	X(BAD_COMPLETION, "bad_completion", "invalid completions; each resets the queue")

/* Written from any context, rarely */
#define NVNIC_TX_RARE_STATS(X)						\
	X(LSO_SOFTWARE, "lso_software", "super-frames segmented in software") \
	X(RESET, "reset", "resets of the queue")

#define NVNIC_TX_STATS(X)						\
	NVNIC_TX_XMIT_STATS(X)						\
	NVNIC_TX_DONE_STATS(X)						\
	NVNIC_TX_RARE_STATS(X)

/* Written by NAPI, once a poll */
#define NVNIC_RX_STATS(X)						\
	X(PACKETS, "packets", "frames received")			\
	X(BYTES, "bytes", "bytes of these frames, without FCS")		\
	X(MULTICAST, "multicast", "multicast frames received")		\
	X(CSUM_UNNECESSARY, "csum_unnecessary",				\
	  "frames passed up with CHECKSUM_UNNECESSARY")			\
	X(CSUM_COMPLETE, "csum_complete", "frames passed up with CHECKSUM_COMPLETE") \
	X(CSUM_NONE, "csum_none", "frames passed up with CHECKSUM_NONE") \
	X(ALLOC_FAIL, "alloc_fail", "refills that ran out of memory")	\
	X(DROP, "drop", "frames dropped: no memory for an sk_buff")	\
	X(FLUSHED, "flushed", "frames dropped with the ring that held them") \
	X(BAD_COMPLETION, "bad_completion", "invalid completions; each resets the queue") \
	X(RESET, "reset", "resets of the queue")

#define NVNIC_TS_ENUM(_name, _str, _doc)	NVNIC_TS_##_name,
#define NVNIC_RS_ENUM(_name, _str, _doc)	NVNIC_RS_##_name,
#define NVNIC_STAT_ONE(_name, _str, _doc)	+ 1

#define NVNIC_TS_XMIT_COUNT	(0 NVNIC_TX_XMIT_STATS(NVNIC_STAT_ONE))
#define NVNIC_TS_DONE_COUNT	(0 NVNIC_TX_DONE_STATS(NVNIC_STAT_ONE))
#define NVNIC_TS_RARE_COUNT	(0 NVNIC_TX_RARE_STATS(NVNIC_STAT_ONE))

/* Rows of a TX queue, in the order of the three lists */
enum nvnic_tx_stat {
	NVNIC_TX_STATS(NVNIC_TS_ENUM)
	NVNIC_TS_COUNT,
};

/* Rows of an RX queue */
enum nvnic_rx_stat {
	NVNIC_RX_STATS(NVNIC_RS_ENUM)
	NVNIC_RS_COUNT,
};

/**
 * struct nvnic_tx_stats - statistics of a TX queue
 * @xmit_syncp: protects @xmit
 * @xmit: NVNIC_TX_XMIT_STATS
 * @done_syncp: protects @done
 * @done: NVNIC_TX_DONE_STATS
 * @rare: NVNIC_TX_RARE_STATS
 */
struct nvnic_tx_stats {
	struct u64_stats_sync xmit_syncp;
	u64_stats_t xmit[NVNIC_TS_XMIT_COUNT];
	struct u64_stats_sync done_syncp ____cacheline_aligned;
	u64_stats_t done[NVNIC_TS_DONE_COUNT];
	atomic64_t rare[NVNIC_TS_RARE_COUNT] ____cacheline_aligned;
};

/**
 * struct nvnic_rx_stats - statistics of an RX queue
 * @syncp: protects @v
 * @v: NVNIC_RX_STATS
 */
struct nvnic_rx_stats {
	struct u64_stats_sync syncp;
	u64_stats_t v[NVNIC_RS_COUNT];
};

/**
 * struct nvnic_queue_stats - statistics of a queue pair
 * @tx: statistics of the TX queue
 * @rx: statistics of the RX queue
 */
struct nvnic_queue_stats {
	struct nvnic_tx_stats tx;
	struct nvnic_rx_stats rx ____cacheline_aligned;
};

/**
 * nvnic_xmit_stat_add() - add to a counter of the transmit path
 * @s: statistics of the queue
 * @row: one of NVNIC_TX_XMIT_STATS
 * @n: number to add
 *
 * Context: with the queue's xmit lock held, or while nobody can transmit.
 */
static inline void nvnic_xmit_stat_add(struct nvnic_tx_stats *s,
				       enum nvnic_tx_stat row, u64 n)
{
	unsigned long flags;

	flags = u64_stats_update_begin_irqsave(&s->xmit_syncp);
	u64_stats_add(&s->xmit[row], n);
	u64_stats_update_end_irqrestore(&s->xmit_syncp, flags);
}

/**
 * nvnic_done_stat_add() - add to a counter of the completion path
 * @s: statistics of the queue
 * @row: one of NVNIC_TX_DONE_STATS
 * @n: number to add
 *
 * Context: NAPI, inside u64_stats_update_begin(&s->done_syncp).
 */
static inline void nvnic_done_stat_add(struct nvnic_tx_stats *s,
				       enum nvnic_tx_stat row, u64 n)
{
	u64_stats_add(&s->done[row - NVNIC_TS_XMIT_COUNT], n);
}

/**
 * nvnic_rare_stat_inc() - increment a counter of a rare event
 * @s: statistics of the queue
 * @row: one of NVNIC_TX_RARE_STATS
 *
 * Context: any.
 */
static inline void nvnic_rare_stat_inc(struct nvnic_tx_stats *s,
				       enum nvnic_tx_stat row)
{
	atomic64_inc(&s->rare[row - NVNIC_TS_XMIT_COUNT - NVNIC_TS_DONE_COUNT]);
}

/**
 * nvnic_rx_stat_add() - add to a counter of the receive path
 * @s: statistics of the queue
 * @row: one of NVNIC_RX_STATS
 * @n: number to add
 *
 * Context: NAPI, or while NAPI is disabled.
 */
static inline void nvnic_rx_stat_add(struct nvnic_rx_stats *s,
				     enum nvnic_rx_stat row, u64 n)
{
	unsigned long flags;

	flags = u64_stats_update_begin_irqsave(&s->syncp);
	u64_stats_add(&s->v[row], n);
	u64_stats_update_end_irqrestore(&s->syncp, flags);
}

/**
 * nvnic_done_stat_own() - read a counter of the completion path as its writer
 * @s: statistics of the queue
 * @row: one of NVNIC_TX_DONE_STATS
 *
 * Context: NAPI, which is the only writer.
 *
 * Return: value of the counter.
 */
static inline u64 nvnic_done_stat_own(const struct nvnic_tx_stats *s,
				      enum nvnic_tx_stat row)
{
	return u64_stats_read(&s->done[row - NVNIC_TS_XMIT_COUNT]);
}

/**
 * nvnic_rx_stat_own() - read a counter of the receive path as its writer
 * @s: statistics of the queue
 * @row: one of NVNIC_RX_STATS
 *
 * Context: NAPI, which is the only writer.
 *
 * Return: value of the counter.
 */
static inline u64 nvnic_rx_stat_own(const struct nvnic_rx_stats *s,
				    enum nvnic_rx_stat row)
{
	return u64_stats_read(&s->v[row]);
}

extern const struct netdev_stat_ops nvnic_stat_ops;

void nvnic_queue_stats_rx_add(const struct nvnic_net *nn, u32 queue,
			      struct netdev_queue_stats_rx *s);
void nvnic_queue_stats_tx_add(const struct nvnic_net *nn, u32 queue,
			      struct netdev_queue_stats_tx *s);
void nvnic_stats_init(struct nvnic_queue_stats *qstats);
void nvnic_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *s);
void nvnic_get_pause_stats(struct net_device *dev,
			   struct ethtool_pause_stats *s);
void nvnic_get_eth_mac_stats(struct net_device *dev,
			     struct ethtool_eth_mac_stats *s);
void nvnic_get_eth_ctrl_stats(struct net_device *dev,
			      struct ethtool_eth_ctrl_stats *s);
void nvnic_get_rmon_stats(struct net_device *dev, struct ethtool_rmon_stats *s,
			  const struct ethtool_rmon_hist_range **ranges);
int nvnic_stats_count(struct net_device *dev);
void nvnic_stats_strings(struct net_device *dev, u8 *data);
void nvnic_stats_values(struct net_device *dev, u64 *data);

#endif /* NVNIC_STATS_H */

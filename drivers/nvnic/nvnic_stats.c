// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: statistics.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/ethtool.h>
#include <net/netdev_queues.h>

#include <nvnic/counters.h>

#include "nvnic.h"
#include "nvnic_csr.h"

static_assert(NVNIC_TC_COUNT <= NVNIC_QUEUE_CNT_MAX);
static_assert(NVNIC_RC_COUNT <= NVNIC_QUEUE_CNT_MAX);

static const char * const nvnic_port_names[] = {
	NVNIC_PORT_COUNTERS(NVNIC_CNT_NAME)
};

static const char * const nvnic_txq_names[] = {
	NVNIC_TXQ_COUNTERS(NVNIC_CNT_NAME)
};

static const char * const nvnic_rxq_names[] = {
	NVNIC_RXQ_COUNTERS(NVNIC_CNT_NAME)
};

static const char * const nvnic_tx_names[] = {
	NVNIC_TX_STATS(NVNIC_CNT_NAME)
};

static const char * const nvnic_rx_names[] = {
	NVNIC_RX_STATS(NVNIC_CNT_NAME)
};

/* Driver rows with a sum over all queues; the other sums are of device rows */
static const u8 nvnic_tx_sums[] = {
	NVNIC_TS_STOP,
	NVNIC_TS_WAKE,
	NVNIC_TS_BUSY,
	NVNIC_TS_SW_CSUM,
	NVNIC_TS_DMA_MAP_ERR,
	NVNIC_TS_DROP,
	NVNIC_TS_BAD_COMPLETION,
	NVNIC_TS_LSO_SOFTWARE,
	NVNIC_TS_RESET,
};

static const u8 nvnic_rx_sums[] = {
	NVNIC_RS_ALLOC_FAIL,
	NVNIC_RS_DROP,
	NVNIC_RS_FLUSHED,
	NVNIC_RS_BAD_COMPLETION,
	NVNIC_RS_RESET,
};

/* Prefixes of names that are clear without a direction */
static const char * const nvnic_bare_names[] = {
	"lso", "uso", "parse", "rss",
};

/**
 * nvnic_stats_init() - set up statistics
 * @qstats: statistics of NVNIC_MAX_QUEUES queue pairs, zeroed
 *
 * Context: any.
 */
void nvnic_stats_init(struct nvnic_queue_stats *qstats)
{
	u32 i;

	for (i = 0; i < NVNIC_MAX_QUEUES; i++) {
		u64_stats_init(&qstats[i].tx.xmit_syncp);
		u64_stats_init(&qstats[i].tx.done_syncp);
		u64_stats_init(&qstats[i].rx.syncp);
	}
}

/* ---- Reading ---- */

static void nvnic_stats_copy(const struct u64_stats_sync *syncp,
			     const u64_stats_t *from, u32 count, u64 *to)
{
	unsigned int start;
	u32 i;

	do {
		start = u64_stats_fetch_begin(syncp);
		for (i = 0; i < count; i++)
			to[i] = u64_stats_read(&from[i]);
	} while (u64_stats_fetch_retry(syncp, start));
}

static void nvnic_tx_stats_read(const struct nvnic_net *nn, u32 queue, u64 *v)
{
	const struct nvnic_tx_stats *s = &nn->qstats[queue].tx;
	u32 i;

	nvnic_stats_copy(&s->xmit_syncp, s->xmit, NVNIC_TS_XMIT_COUNT, v);
	v += NVNIC_TS_XMIT_COUNT;
	nvnic_stats_copy(&s->done_syncp, s->done, NVNIC_TS_DONE_COUNT, v);
	v += NVNIC_TS_DONE_COUNT;
	for (i = 0; i < NVNIC_TS_RARE_COUNT; i++)
		v[i] = atomic64_read(&s->rare[i]);
}

static void nvnic_rx_stats_read(const struct nvnic_net *nn, u32 queue, u64 *v)
{
	const struct nvnic_rx_stats *s = &nn->qstats[queue].rx;

	nvnic_stats_copy(&s->syncp, s->v, NVNIC_RS_COUNT, v);
}

static u64 nvnic_rxq_cnt(const struct nvnic_net *nn, u32 queue, u32 row)
{
	return nvnic_rd(nn->bdev, NVNIC_REG_RXQ_CNT(queue, row));
}

static u64 nvnic_txq_cnt(const struct nvnic_net *nn, u32 queue, u32 row)
{
	return nvnic_rd(nn->bdev, NVNIC_REG_TXQ_CNT(queue, row));
}

/* ---- ip -s link ---- */

/**
 * nvnic_get_stats64() - ndo_get_stats64
 * @dev: port
 * @s: receives the statistics; packets and bytes are those on the wire
 *
 * Context: any.
 */
void nvnic_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *s)
{
	const struct nvnic_net *nn = netdev_priv(dev);
	u64 tx[NVNIC_TS_COUNT], rx[NVNIC_RS_COUNT];
	u32 used = READ_ONCE(nn->max_used), q;

	s->rx_dropped = nvnic_rd(nn->bdev,
				 NVNIC_REG_PORT_CNT(NVNIC_PC_WIRE_RX_NOQUEUE)) +
			nvnic_rd(nn->bdev,
				 NVNIC_REG_PORT_CNT(NVNIC_PC_WIRE_RX_VMQ));

	for (q = 0; q < used; q++) {
		nvnic_tx_stats_read(nn, q, tx);
		s->tx_packets += tx[NVNIC_TS_PACKETS];
		s->tx_bytes += tx[NVNIC_TS_BYTES];
		s->tx_dropped += tx[NVNIC_TS_DROP] + tx[NVNIC_TS_HW_DROP];
		s->tx_errors += tx[NVNIC_TS_HW_DROP_ERROR] +
				tx[NVNIC_TS_DMA_MAP_ERR];

		nvnic_rx_stats_read(nn, q, rx);
		s->rx_packets += rx[NVNIC_RS_PACKETS];
		s->rx_bytes += rx[NVNIC_RS_BYTES];
		s->multicast += rx[NVNIC_RS_MULTICAST];
		s->rx_dropped += rx[NVNIC_RS_DROP] + rx[NVNIC_RS_FLUSHED];
		s->rx_errors += rx[NVNIC_RS_BAD_COMPLETION];
		s->rx_missed_errors += nvnic_rxq_cnt(nn, q, NVNIC_RC_MISSED);
	}
}

/* ---- netdev-genl ---- */

/**
 * nvnic_queue_stats_rx_add() - add the counters of an RX queue
 * @nn: port
 * @queue: number of the queue
 * @s: sums
 *
 * Context: process, instance lock.
 */
void nvnic_queue_stats_rx_add(const struct nvnic_net *nn, u32 queue,
			      struct netdev_queue_stats_rx *s)
{
	u64 missed = nvnic_rxq_cnt(nn, queue, NVNIC_RC_MISSED);
	u64 v[NVNIC_RS_COUNT];

	nvnic_rx_stats_read(nn, queue, v);
	s->packets += v[NVNIC_RS_PACKETS];
	s->bytes += v[NVNIC_RS_BYTES];
	s->alloc_fail += v[NVNIC_RS_ALLOC_FAIL] + v[NVNIC_RS_DROP];
	s->hw_drops += missed;
	s->hw_drop_overruns += missed;
	s->csum_unnecessary += v[NVNIC_RS_CSUM_UNNECESSARY];
	s->csum_none += v[NVNIC_RS_CSUM_NONE];
	s->csum_bad += nvnic_rxq_cnt(nn, queue, NVNIC_RC_CSUM_BAD_IP) +
		       nvnic_rxq_cnt(nn, queue, NVNIC_RC_CSUM_BAD_INNER_IP) +
		       nvnic_rxq_cnt(nn, queue, NVNIC_RC_CSUM_BAD_GRE) +
		       nvnic_rxq_cnt(nn, queue, NVNIC_RC_CSUM_BAD_L4);
}

/**
 * nvnic_queue_stats_tx_add() - add the counters of a TX queue
 * @nn: port
 * @queue: number of the queue
 * @s: sums
 *
 * Context: process, instance lock.
 */
void nvnic_queue_stats_tx_add(const struct nvnic_net *nn, u32 queue,
			      struct netdev_queue_stats_tx *s)
{
	u64 v[NVNIC_TS_COUNT];

	nvnic_tx_stats_read(nn, queue, v);
	s->packets += v[NVNIC_TS_PACKETS];
	s->bytes += v[NVNIC_TS_BYTES];
	s->hw_drops += v[NVNIC_TS_HW_DROP];
	s->hw_drop_errors += v[NVNIC_TS_HW_DROP_ERROR];
	s->csum_none += v[NVNIC_TS_PLAIN];
	s->needs_csum += v[NVNIC_TS_CSUM] + v[NVNIC_TS_GSO_WIRE_PACKETS];
	s->hw_gso_packets += v[NVNIC_TS_LSO_NATIVE] +
			     v[NVNIC_TS_LSO_PARTIAL] + v[NVNIC_TS_USO];
	s->hw_gso_bytes += v[NVNIC_TS_GSO_BYTES];
	s->hw_gso_wire_packets += v[NVNIC_TS_GSO_WIRE_PACKETS];
	s->hw_gso_wire_bytes += v[NVNIC_TS_GSO_WIRE_BYTES];
	s->stop += v[NVNIC_TS_STOP];
	s->wake += v[NVNIC_TS_WAKE];
}

/* Zero the fields that the driver counts; the core has marked all as not supported. */
static void nvnic_queue_stats_rx_zero(struct netdev_queue_stats_rx *s)
{
	s->packets = 0;
	s->bytes = 0;
	s->alloc_fail = 0;
	s->hw_drops = 0;
	s->hw_drop_overruns = 0;
	s->csum_unnecessary = 0;
	s->csum_none = 0;
	s->csum_bad = 0;
}

static void nvnic_queue_stats_tx_zero(struct netdev_queue_stats_tx *s)
{
	s->packets = 0;
	s->bytes = 0;
	s->hw_drops = 0;
	s->hw_drop_errors = 0;
	s->csum_none = 0;
	s->needs_csum = 0;
	s->hw_gso_packets = 0;
	s->hw_gso_bytes = 0;
	s->hw_gso_wire_packets = 0;
	s->hw_gso_wire_bytes = 0;
	s->stop = 0;
	s->wake = 0;
}

static void nvnic_get_queue_stats_rx(struct net_device *dev, int queue,
				     struct netdev_queue_stats_rx *s)
{
	nvnic_queue_stats_rx_zero(s);
	nvnic_queue_stats_rx_add(netdev_priv(dev), queue, s);
}

static void nvnic_get_queue_stats_tx(struct net_device *dev, int queue,
				     struct netdev_queue_stats_tx *s)
{
	nvnic_queue_stats_tx_zero(s);
	nvnic_queue_stats_tx_add(netdev_priv(dev), queue, s);
}

static void nvnic_get_base_stats(struct net_device *dev,
				 struct netdev_queue_stats_rx *rx,
				 struct netdev_queue_stats_tx *tx)
{
	const struct nvnic_net *nn = netdev_priv(dev);
	u32 q;

	nvnic_queue_stats_rx_zero(rx);
	for (q = dev->real_num_rx_queues; q < nn->max_used; q++)
		nvnic_queue_stats_rx_add(nn, q, rx);

	nvnic_queue_stats_tx_zero(tx);
	for (q = dev->real_num_tx_queues; q < nn->max_used; q++)
		nvnic_queue_stats_tx_add(nn, q, tx);
}

const struct netdev_stat_ops nvnic_stat_ops = {
	.get_queue_stats_rx = nvnic_get_queue_stats_rx,
	.get_queue_stats_tx = nvnic_get_queue_stats_tx,
	.get_base_stats = nvnic_get_base_stats,
};

static u64 nvnic_port_cnt(const struct nvnic_net *nn, u32 row)
{
	return nvnic_rd(nn->bdev, NVNIC_REG_PORT_CNT(row));
}

/**
 * nvnic_get_pause_stats() - ethtool: flow control statistics
 * @dev: port
 * @s: receives how often this port held its peer back, and the peer a TX queue
 *	of this port, plus the PAUSE frames that users have sent
 *
 * Context: process, instance lock.
 */
void nvnic_get_pause_stats(struct net_device *dev,
			   struct ethtool_pause_stats *s)
{
	const struct nvnic_net *nn = netdev_priv(dev);
	u32 q;

	s->tx_pause_frames = nvnic_port_cnt(nn, NVNIC_PC_WIRE_PAUSE_TX) +
			     nvnic_port_cnt(nn, NVNIC_PC_WIRE_TX_CTRL_PAUSE);
	s->rx_pause_frames = nvnic_port_cnt(nn, NVNIC_PC_WIRE_RX_CTRL_PAUSE);
	for (q = 0; q < nn->max_used; q++)
		s->rx_pause_frames += nvnic_txq_cnt(nn, q, NVNIC_TC_HELD);
}

/* ---- ethtool -S --groups ---- */

#define NVNIC_SIZE_RANGE(_X, _lo, _hi)	{ _lo, _hi },

static const struct ethtool_rmon_hist_range nvnic_rmon_ranges[] = {
	NVNIC_SIZE_CLASSES(NVNIC_SIZE_RANGE, 0)
	{}
};

static_assert(ARRAY_SIZE(nvnic_rmon_ranges) == NVNIC_SIZE_COUNT + 1);
static_assert(NVNIC_SIZE_COUNT <= ETHTOOL_RMON_HIST_MAX);

/* Errors that this wire cannot have: no bit is lost, nobody else sends. */
static void nvnic_eth_mac_errors(struct ethtool_eth_mac_stats *s)
{
	s->FrameCheckSequenceErrors = 0;
	s->AlignmentErrors = 0;
	s->InRangeLengthErrors = 0;
	s->OutOfRangeLengthField = 0;
	s->FramesLostDueToIntMACXmitError = 0;
	s->FramesLostDueToIntMACRcvError = 0;
	s->CarrierSenseErrors = 0;
	s->SingleCollisionFrames = 0;
	s->MultipleCollisionFrames = 0;
	s->LateCollisions = 0;
	s->FramesAbortedDueToXSColls = 0;
	s->FramesWithDeferredXmissions = 0;
	s->FramesWithExcessiveDeferral = 0;
}

/**
 * nvnic_get_eth_mac_stats() - ethtool: IEEE 802.3 clause 30.3.1
 * @dev: port
 * @s: receives the counters, 0 for errors that the wire cannot have; octets are those
 *	of whole frames with FCS, as most drivers count them, and frames dropped
 *	behind the MAC count as received
 *
 * Context: process, instance lock.
 */
void nvnic_get_eth_mac_stats(struct net_device *dev,
			     struct ethtool_eth_mac_stats *s)
{
	const struct nvnic_net *nn = netdev_priv(dev);

	nvnic_eth_mac_errors(s);
	s->FrameTooLongErrors = nvnic_port_cnt(nn, NVNIC_PC_WIRE_RX_OVERSIZE);
	s->FramesReceivedOK = nvnic_port_cnt(nn, NVNIC_PC_WIRE_RX_FRAMES) -
			      s->FrameTooLongErrors;
	s->OctetsReceivedOK = nvnic_port_cnt(nn, NVNIC_PC_WIRE_RX_BYTES) -
			      nvnic_port_cnt(nn, NVNIC_PC_WIRE_RX_OVERSIZE_BYTES) +
			      s->FramesReceivedOK * NVNIC_FCS_LEN;
	s->BroadcastFramesReceivedOK =
		nvnic_port_cnt(nn, NVNIC_PC_WIRE_RX_BROADCAST);
	s->MulticastFramesReceivedOK =
		nvnic_port_cnt(nn, NVNIC_PC_WIRE_RX_MULTICAST) -
		s->BroadcastFramesReceivedOK;

	s->FramesTransmittedOK = nvnic_port_cnt(nn, NVNIC_PC_WIRE_TX_FRAMES);
	s->OctetsTransmittedOK = nvnic_port_cnt(nn, NVNIC_PC_WIRE_TX_BYTES) +
				 s->FramesTransmittedOK * NVNIC_FCS_LEN;
	s->BroadcastFramesXmittedOK =
		nvnic_port_cnt(nn, NVNIC_PC_WIRE_TX_BROADCAST);
	s->MulticastFramesXmittedOK =
		nvnic_port_cnt(nn, NVNIC_PC_WIRE_TX_MULTICAST) -
		s->BroadcastFramesXmittedOK;
}

/**
 * nvnic_get_eth_ctrl_stats() - ethtool: IEEE 802.3 clause 30.3.3
 * @dev: port
 * @s: receives flow control as nvnic_get_pause_stats() counts it, and MAC
 *	control frames of other kinds
 *
 * Context: process, instance lock.
 */
void nvnic_get_eth_ctrl_stats(struct net_device *dev,
			      struct ethtool_eth_ctrl_stats *s)
{
	const struct nvnic_net *nn = netdev_priv(dev);
	struct ethtool_pause_stats pause = {};

	nvnic_get_pause_stats(dev, &pause);
	s->MACControlFramesTransmitted =
		pause.tx_pause_frames + nvnic_port_cnt(nn, NVNIC_PC_WIRE_TX_CTRL) -
		nvnic_port_cnt(nn, NVNIC_PC_WIRE_TX_CTRL_PAUSE);
	s->MACControlFramesReceived =
		pause.rx_pause_frames + nvnic_port_cnt(nn, NVNIC_PC_WIRE_RX_CTRL) -
		nvnic_port_cnt(nn, NVNIC_PC_WIRE_RX_CTRL_PAUSE);
}

/**
 * nvnic_get_rmon_stats() - ethtool: RFC 2819, frames by size
 * @dev: port
 * @s: receives the frames sent and received of each size class, the oversized frames,
 *	and 0 for errors that the wire cannot have
 * @ranges: receives the size classes, in bytes with FCS
 *
 * Context: process, instance lock.
 */
void nvnic_get_rmon_stats(struct net_device *dev, struct ethtool_rmon_stats *s,
			  const struct ethtool_rmon_hist_range **ranges)
{
	const struct nvnic_net *nn = netdev_priv(dev);
	u32 i;

	*ranges = nvnic_rmon_ranges;
	s->undersize_pkts = 0;
	s->fragments = 0;
	s->jabbers = 0;
	s->oversize_pkts = nvnic_port_cnt(nn, NVNIC_PC_WIRE_RX_OVERSIZE);
	for (i = 0; i < NVNIC_SIZE_COUNT; i++) {
		s->hist[i] = nvnic_port_cnt(nn, NVNIC_PC_RX_SIZE + i);
		s->hist_tx[i] = nvnic_port_cnt(nn, NVNIC_PC_TX_SIZE + i);
	}
}

/*
 * ---- ethtool -S: port, sums over all queues, queues ----
 *
 * Programs read the number of rows, their names and their values by three calls,
 * so no row may ever move. Queues come last, each with all of its rows, and stay:
 * the number of rows changes when the port has more queues than ever before. VM
 * queue sets and filter rules, which come and go, have no rows here.
 */

#define NVNIC_STATS_PORT_ROWS						\
	(ARRAY_SIZE(nvnic_port_names) + ARRAY_SIZE(nvnic_txq_names) +	\
	 ARRAY_SIZE(nvnic_tx_sums) + ARRAY_SIZE(nvnic_rxq_names) +	\
	 ARRAY_SIZE(nvnic_rx_sums))
#define NVNIC_STATS_QUEUE_ROWS						\
	(ARRAY_SIZE(nvnic_tx_names) + ARRAY_SIZE(nvnic_txq_names) +	\
	 ARRAY_SIZE(nvnic_rx_names) + ARRAY_SIZE(nvnic_rxq_names))

/**
 * nvnic_stats_count() - number of rows of ``ethtool -S``
 * @dev: port
 *
 * Context: process, instance lock.
 *
 * Return: the number; it never shrinks.
 */
int nvnic_stats_count(struct net_device *dev)
{
	const struct nvnic_net *nn = netdev_priv(dev);

	return NVNIC_STATS_PORT_ROWS + nn->stats_queues * NVNIC_STATS_QUEUE_ROWS;
}

static void nvnic_sum_name(u8 **data, const char *direction, const char *name)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_bare_names); i++)
		if (str_has_prefix(name, nvnic_bare_names[i])) {
			ethtool_puts(data, name);
			return;
		}
	ethtool_sprintf(data, "%s_%s", direction, name);
}

static void nvnic_port_strings(u8 **data)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvnic_port_names); i++)
		ethtool_puts(data, nvnic_port_names[i]);
	for (i = 0; i < ARRAY_SIZE(nvnic_txq_names); i++)
		nvnic_sum_name(data, "tx", nvnic_txq_names[i]);
	for (i = 0; i < ARRAY_SIZE(nvnic_tx_sums); i++)
		nvnic_sum_name(data, "tx", nvnic_tx_names[nvnic_tx_sums[i]]);
	for (i = 0; i < ARRAY_SIZE(nvnic_rxq_names); i++)
		nvnic_sum_name(data, "rx", nvnic_rxq_names[i]);
	for (i = 0; i < ARRAY_SIZE(nvnic_rx_sums); i++)
		nvnic_sum_name(data, "rx", nvnic_rx_names[nvnic_rx_sums[i]]);
}

static void nvnic_queue_strings(u8 **data, const char *prefix, u32 queue,
				const char * const *names, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		ethtool_sprintf(data, "%s%u_%s", prefix, queue, names[i]);
}

/**
 * nvnic_stats_strings() - names of the rows of ``ethtool -S``
 * @dev: port
 * @data: receives ETH_GSTRING_LEN bytes a row
 *
 * Context: process, instance lock.
 */
void nvnic_stats_strings(struct net_device *dev, u8 *data)
{
	const struct nvnic_net *nn = netdev_priv(dev);
	u32 q;

	nvnic_port_strings(&data);
	for (q = 0; q < nn->stats_queues; q++) {
		nvnic_queue_strings(&data, "tx", q, nvnic_tx_names,
				    ARRAY_SIZE(nvnic_tx_names));
		nvnic_queue_strings(&data, "hw_tx", q, nvnic_txq_names,
				    ARRAY_SIZE(nvnic_txq_names));
		nvnic_queue_strings(&data, "rx", q, nvnic_rx_names,
				    ARRAY_SIZE(nvnic_rx_names));
		nvnic_queue_strings(&data, "hw_rx", q, nvnic_rxq_names,
				    ARRAY_SIZE(nvnic_rxq_names));
	}
}

/* In the order of nvnic_port_strings() */
static u64 *nvnic_port_values(const struct nvnic_net *nn, u64 *data)
{
	u64 tx[NVNIC_TS_COUNT], rx[NVNIC_RS_COUNT];
	u64 *txq, *tx_sum, *rxq, *rx_sum;
	u32 i, q;

	for (i = 0; i < ARRAY_SIZE(nvnic_port_names); i++)
		*data++ = nvnic_rd(nn->bdev, NVNIC_REG_PORT_CNT(i));

	txq = data;
	tx_sum = txq + ARRAY_SIZE(nvnic_txq_names);
	rxq = tx_sum + ARRAY_SIZE(nvnic_tx_sums);
	rx_sum = rxq + ARRAY_SIZE(nvnic_rxq_names);
	data = rx_sum + ARRAY_SIZE(nvnic_rx_sums);
	memset(txq, 0, (data - txq) * sizeof(*data));

	for (q = 0; q < nn->max_used; q++) {
		for (i = 0; i < ARRAY_SIZE(nvnic_txq_names); i++)
			txq[i] += nvnic_txq_cnt(nn, q, i);
		nvnic_tx_stats_read(nn, q, tx);
		for (i = 0; i < ARRAY_SIZE(nvnic_tx_sums); i++)
			tx_sum[i] += tx[nvnic_tx_sums[i]];
		for (i = 0; i < ARRAY_SIZE(nvnic_rxq_names); i++)
			rxq[i] += nvnic_rxq_cnt(nn, q, i);
		nvnic_rx_stats_read(nn, q, rx);
		for (i = 0; i < ARRAY_SIZE(nvnic_rx_sums); i++)
			rx_sum[i] += rx[nvnic_rx_sums[i]];
	}

	return data;
}

/**
 * nvnic_stats_values() - values of the rows of ``ethtool -S``
 * @dev: port
 * @data: receives one a row, in the order of nvnic_stats_strings()
 *
 * Context: process, instance lock.
 */
void nvnic_stats_values(struct net_device *dev, u64 *data)
{
	const struct nvnic_net *nn = netdev_priv(dev);
	u32 i, q;

	data = nvnic_port_values(nn, data);
	for (q = 0; q < nn->stats_queues; q++) {
		nvnic_tx_stats_read(nn, q, data);
		data += ARRAY_SIZE(nvnic_tx_names);
		for (i = 0; i < ARRAY_SIZE(nvnic_txq_names); i++)
			*data++ = nvnic_txq_cnt(nn, q, i);
		nvnic_rx_stats_read(nn, q, data);
		data += ARRAY_SIZE(nvnic_rx_names);
		for (i = 0; i < ARRAY_SIZE(nvnic_rxq_names); i++)
			*data++ = nvnic_rxq_cnt(nn, q, i);
	}
}

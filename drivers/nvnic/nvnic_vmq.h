/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: VM queue sets.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVNIC_VMQ_H
#define NVNIC_VMQ_H

#include <linux/bits.h>
#include <linux/if_ether.h>
#include <linux/notifier.h>
#include <linux/types.h>

#include <nvnic/counters.h>

#include "nvnic_txrx.h"

struct devlink_fmsg;
struct net_device;
struct nvnic_net;

/* Values of nvnic_net.vmq_tx */
#define NVNIC_VMQ_TX_FIRST	GENMASK(6, 0)
#define NVNIC_VMQ_TX_COUNT	GENMASK(15, 8)

/* Location of a set's rule, behind those of VLAN devices: see nvnic_vlan.c */
#define NVNIC_VMQ_LOC(_set)	(NVNIC_FILTER_ENTRIES - NVNIC_VMQ_SETS + (_set))

/* Statistics of a set that its queues keep, as devlink health diagnose names them */
#define NVNIC_VMQ_QUEUE_STATS(X)					\
	X(RX_PACKETS, "rx_packets", "frames received by the set since it was made") \
	X(RX_BYTES, "rx_bytes", "bytes of these frames, without FCS")	\
	X(RX_MISSED, "rx_missed", "dropped: no buffer posted")		\
	X(TX_PACKETS, "tx_packets", "frames sent")			\
	X(TX_BYTES, "tx_bytes", "bytes of these frames, without FCS")	\
	X(TX_DROP, "tx_drop", "dropped by the device before the wire, for any reason")

#define NVNIC_VQ_ENUM(_name, _str, _doc)	NVNIC_VQ_##_name,

/* Statistics of a set: those of its queues, then enum nvnic_vmq_counter */
enum nvnic_vmq_stat {
	NVNIC_VMQ_QUEUE_STATS(NVNIC_VQ_ENUM)
	NVNIC_VQ_COUNT,
};

#define NVNIC_VMQ_ROWS		(NVNIC_VQ_COUNT + NVNIC_VC_COUNT)

/**
 * struct nvnic_vmq - a VM queue set
 * @id: number of the set
 * @vdev: station that owns the set, a macvlan
 * @span: queue pairs, while @at_work
 * @at_work: the set is allocated in the device
 * @lent: address of @vdev with an additional reference on the port's list; zero: none
 * @sum: statistics up to the last start
 * @base: counters of queues and device at the last start
 */
struct nvnic_vmq {
	u32 id;
	struct net_device *vdev;
	struct nvnic_span span;
	bool at_work;
	u8 lent[ETH_ALEN];
	u64 sum[NVNIC_VMQ_ROWS];
	u64 base[NVNIC_VMQ_ROWS];
};

/* nvnic_vmq.c */
int nvnic_vmq_start(struct nvnic_net *nn, struct nvnic_vmq *vmq);
int nvnic_vmq_start_all(struct nvnic_net *nn);
void nvnic_vmq_hide(struct nvnic_net *nn, const unsigned long *sets);
void nvnic_vmq_stop(struct nvnic_net *nn, struct nvnic_vmq *vmq);
void nvnic_vmq_stop_all(struct nvnic_net *nn);
void nvnic_vmq_finish(struct nvnic_net *nn, struct nvnic_vmq *vmq);
void nvnic_vmq_finish_all(struct nvnic_net *nn);
int nvnic_vmq_rss(struct nvnic_net *nn);
int nvnic_vmq_readdress(struct nvnic_net *nn, struct nvnic_vmq *vmq);
void nvnic_vmq_diagnose(struct nvnic_net *nn, struct devlink_fmsg *fmsg);

/* nvnic_vlan.c */
int nvnic_vlan_add_all(struct nvnic_net *nn);
void nvnic_vlan_remove_all(struct nvnic_net *nn);
int nvnic_vlan_link(struct nvnic_net *nn, const struct net_device *dev,
		    bool linking);

/* nvnic_station.c */
void nvnic_station_link(struct nvnic_net *nn, const struct net_device *vdev,
			bool linking);
void nvnic_station_moves(struct nvnic_net *nn, const struct net_device *vdev);
bool nvnic_station_granted(const struct nvnic_net *nn,
			   const struct net_device *vdev);
u32 nvnic_station_group(const struct nvnic_net *nn,
			const struct net_device *vdev);
bool nvnic_station_lend(struct nvnic_net *nn, const struct net_device *vdev);

/* nvnic_dfwd.c */
void nvnic_dfwd_event(struct net_device *dev, struct net_device *vdev,
		      unsigned long event, void *ptr);
void nvnic_dfwd_port_event(struct nvnic_net *nn, unsigned long event, void *ptr);
void *nvnic_dfwd_add_station(struct net_device *dev, struct net_device *vdev);
void nvnic_dfwd_del_station(struct net_device *dev, void *priv);
void nvnic_dfwd_release_all(struct nvnic_net *nn);
int nvnic_dfwd_renumber(struct nvnic_net *nn, u32 num);

#endif /* NVNIC_VMQ_H */

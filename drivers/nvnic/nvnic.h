/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic driver: the state of one port, and what the files share.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Locks, outermost first:
 *
 *	RTNL		flower filters (&struct nvnic_tc); nvnic_net.cfg changes
 *			with RTNL and the instance lock held, and is read with
 *			either
 *	instance lock	everything in &struct nvnic_net for which no other lock is
 *			named; held by the stack around ndo_* and ethtool
 *			operations, and taken by nvnic_service(). See
 *			nvnic_lock.h
 *	filter_lock	the registers through which a rule reaches the device
 *	addr_list_lock	nvnic_net.macf and the registers behind it
 *	xmit lock	of a TX queue: producer side of its ring, the spill list,
 *			its place in nvnic_net.tx
 *	carrier_lock	reading the link and reporting it to the stack, as one step
 *
 * NAPI owns the consumer side of both rings of its vector. Process context takes it
 * over by disabling NAPI.
 */
#ifndef NVNIC_H
#define NVNIC_H

#include <linux/bitmap.h>
#include <linux/ethtool.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <nvnic/bus.h>
#include <nvnic/desc.h>
#include <nvnic/offloads.h>
#include <nvnic/regs.h>

#include "nvnic_compat.h"
#include "nvnic_devlink.h"
#include "nvnic_lock.h"
#include "nvnic_module.h"
#include "nvnic_stats.h"
#include "nvnic_txrx.h"

#define NVNIC_DRV_NAME		"nvnic"

/* Interval at which nvnic_service() retries */
#define NVNIC_SERVICE_RETRY	(HZ / 10)

/*
 * Report why a request is refused: in the extack of a netlink request, or in the log
 * for an ioctl, which has no room for a text.
 */
#define nvnic_refuse(_dev, _extack, _fmt, ...)				\
do {									\
	if (_extack)							\
		NL_SET_ERR_MSG_FMT_MOD(_extack, _fmt, ##__VA_ARGS__);	\
	else if (net_ratelimit())					\
		netdev_info(_dev, "refused: " _fmt "\n", ##__VA_ARGS__);	\
} while (0)

/**
 * enum nvnic_priv_flag - private flags, as in ``ethtool --show-priv-flags``
 * @NVNIC_PF_GRE_PARTIAL: the stack makes super-frames behind GRE SKB_GSO_PARTIAL
 * @NVNIC_PF_NVGRE: the device parses through GRE on receive
 * @NVNIC_PF_RSS_INNER: the receive hash covers the headers inside GRE
 * @NVNIC_PF_THREADS: the device's engines run in kernel threads
 * @NVNIC_PF_FLOWID: the device sets the FlowID of NVGRE frames, clears it on receive
 * @NVNIC_PF_SPOOF_CHECK: drop frames with a spoofed source address on VM queues
 * @NVNIC_PF_COUNT: number of flags
 */
enum nvnic_priv_flag {
	NVNIC_PF_GRE_PARTIAL,
	NVNIC_PF_NVGRE,
	NVNIC_PF_RSS_INNER,
	NVNIC_PF_THREADS,
	NVNIC_PF_FLOWID,
	NVNIC_PF_SPOOF_CHECK,
	NVNIC_PF_COUNT,
};

/* Most rules for VLAN devices, in front of those of VM queue sets: see nvnic_vlan.c */
#define NVNIC_VLAN_RULES	1024

/* Default moderation, see Documentation/queues.rst */
#define NVNIC_DEF_TX_USECS	0
#define NVNIC_DEF_TX_FRAMES	0
#define NVNIC_DEF_RX_USECS	0
#define NVNIC_DEF_RX_FRAMES	0

/**
 * struct nvnic_moder - interrupt moderation of one side, as set by the user
 * @usecs: longest wait in microseconds; 0: no moderation
 * @frames: frames that end the wait; 0: only time does
 * @adaptive: the dim library chooses @usecs and @frames
 */
struct nvnic_moder {
	u16 usecs;
	u16 frames;
	bool adaptive;
};

/**
 * struct nvnic_coalesce - interrupt moderation of a queue pair
 * @tx: moderation of TX completions
 * @rx: moderation of RX completions
 */
struct nvnic_coalesce {
	struct nvnic_moder tx;
	struct nvnic_moder rx;
};

/**
 * struct nvnic_rss - receive hash settings
 * @key: Toeplitz key
 * @table: queue of each entry
 * @fields: NVNIC_REG_RSS_FIELDS
 * @sym_xor: hash both directions of a flow alike (RXH_XFRM_SYM_XOR)
 */
struct nvnic_rss {
	u8 key[NVNIC_RSS_KEY_LEN];
	u8 table[NVNIC_RSS_ENTRIES];
	u64 fields;
	bool sym_xor;
};

/**
 * struct nvnic_net - a port; private area of its net_device
 * @netdev: net_device of the port
 * @bdev: device of the port
 * @tx_allowed: request bits that a descriptor may carry now, a subset of @en; written
 *	under the instance lock, read by the transmit path
 * @tx: TX ring of each queue, or NULL; under the queue's xmit lock
 * @tx_num: number of the port's own TX queues, from 0 on; written under the instance
 *	lock
 * @vmq_tx: TX queues of a station by its subordinate channel, NVNIC_VMQ_TX_*; 0: use
 *	those of the port. Written under the instance lock
 * @rings: rings in use, NULL while down
 * @qstats: statistics of each queue; outlive the rings
 * @cfg: configuration of @rings, or of the next ones while down
 * @rss: receive hash
 * @ctx: additional RSS contexts by number, or NULL
 * @ctx_fields: hash fields of each context, NVNIC_REG_RSS_FIELDS
 * @filter_lock: see above
 * @rules: filter rules, &struct nvnic_ntuple_rule by location
 * @nrules: number of filter rules
 * @vmq: VM queue sets by number, or NULL
 * @vmq_max: maximum number of VM queue sets
 * @vmq_used: number of VM queue sets
 * @stations: macvlans, &struct nvnic_station; RTNL
 * @vlans: rules for VLAN devices, &struct nvnic_vlan; RTNL
 * @vlan_locs: bitmap of the locations of these rules
 * @tc: flower filters
 * @coalesce: moderation last set for all queues
 * @queue_coalesce: moderation of each queue
 * @ctrl: NVNIC_REG_CTRL as last written
 * @link_ctrl: NVNIC_REG_LINK_CTRL as last written
 * @link_mode: mode of the link last reported to the stack; carrier_lock
 * @cap: offloads of the device
 * @en: NVNIC_REG_EN as last written
 * @en_off: bits of @en to clear once the TX rings have drained
 * @priv_flags: bits of enum nvnic_priv_flag
 * @quirk_gre_udp: the stack miscalculates GRE checksums of partial UDP super-frames
 * @quirk_outer_fixed: bits of gso_type for which the stack keeps the ID before GRE
 * @quirk_inner_fixed: bits of gso_type for which the stack keeps the ID behind GRE
 * @max_used: highest queue number ever used, plus 1
 * @stats_queues: queue pairs with rows in ``ethtool -S``: the highest @cfg.num
 *	so far
 * @macf: receive filters as last written; addr_list_lock
 * @rx_mode: NVNIC_REG_RX_MODE as last written; addr_list_lock
 * @carrier_lock: see above
 * @down: do not wake TX queues
 * @fault_tx: TX queues to reset; atomic bits
 * @fault_rx: RX queues to reset; atomic bits
 * @placed: vectors that have got their first CPU; only the user moves them since
 * @service: work that retries nvnic_features_settle() and nvnic_health_retry()
 * @devlink: devlink instance of the port
 * @event_irq: interrupt of the event vector, 0: not requested
 * @event_name: name of the event interrupt
 */
struct nvnic_net {
	struct net_device *netdev;
	struct nvnic_bus_dev *bdev;
	u32 tx_allowed;
	struct nvnic_tx_ring *tx[NVNIC_MAX_QUEUES];
	u16 tx_num;
	u16 vmq_tx[NVNIC_VMQ_SETS + 1];

	struct nvnic_rings *rings;
	struct nvnic_queue_stats *qstats;
	struct nvnic_config cfg;
	struct nvnic_rss rss;
	struct ethtool_rxfh_context *ctx[NVNIC_RSS_USER_CONTEXTS];
	u64 ctx_fields[NVNIC_RSS_USER_CONTEXTS];
	struct mutex filter_lock;	/* see the head of this file */
	struct xarray rules;
	u32 nrules;
	struct nvnic_vmq *vmq[NVNIC_VMQ_SETS];
	u32 vmq_max;
	u32 vmq_used;
	struct list_head stations;
	struct list_head vlans;
	DECLARE_BITMAP(vlan_locs, NVNIC_VLAN_RULES);
	struct nvnic_tc *tc;
	struct nvnic_coalesce coalesce;
	struct nvnic_coalesce queue_coalesce[NVNIC_MAX_QUEUES];
	u64 ctrl;
	u64 link_ctrl;
	u64 link_mode;
	u64 cap;
	u64 en;
	u64 en_off;
	u32 priv_flags;
	bool quirk_gre_udp;
	u32 quirk_outer_fixed;
	u32 quirk_inner_fixed;
	u32 max_used;
	u32 stats_queues;

	u64 macf[NVNIC_MAX_MACS];
	u64 rx_mode;

	spinlock_t carrier_lock;	/* see the head of this file */
	bool down;
	DECLARE_BITMAP(fault_tx, NVNIC_MAX_QUEUES);
	DECLARE_BITMAP(fault_rx, NVNIC_MAX_QUEUES);
	DECLARE_BITMAP(placed, NVNIC_MAX_QUEUES);
	struct delayed_work service;
	struct nvnic_devlink *devlink;

	int event_irq;
	char event_name[IFNAMSIZ + 8];
};

/**
 * nvnic_fault() - request the reset of a queue
 * @nn: port
 * @map: fault_tx or fault_rx of @nn
 * @queue: number of the queue
 *
 * Context: any.
 */
static inline void nvnic_fault(struct nvnic_net *nn, unsigned long *map,
			       unsigned int queue)
{
	set_bit(queue, map);
	/* P9: the barrier in schedule_work() orders the fault before the read of
	 * devlink's state; pairs with nvnic_health_settle().
	 */
	schedule_work(&nn->devlink->report);
}

/* nvnic_hw.c */
void nvnic_ctrl(struct nvnic_net *nn, u64 mask, bool on);
int nvnic_queue_start(struct nvnic_net *nn, u32 regs, dma_addr_t desc,
		      dma_addr_t cmpl, u16 size);
void nvnic_queue_stop(struct nvnic_net *nn, u32 regs);
int nvnic_rss_commit(struct nvnic_net *nn, u32 ctx, const struct nvnic_rss *rss);

/* nvnic_port.c */
struct nvnic_net *nvnic_port_create(struct nvnic_devlink *devlink, u32 vmq_max);
void nvnic_port_destroy(struct nvnic_net *nn);

/* nvnic_netdev.c */
extern const struct net_device_ops nvnic_netdev_ops;
void nvnic_set_rx_mode(struct net_device *dev);
void nvnic_sync_rx_mode(struct net_device *dev);

/* nvnic_link.c */
void nvnic_link_init(struct nvnic_net *nn);
void nvnic_carrier_update(struct nvnic_net *nn);
int nvnic_get_link_ksettings(struct net_device *dev,
			     struct ethtool_link_ksettings *ks);
int nvnic_set_link_ksettings(struct net_device *dev,
			     const struct ethtool_link_ksettings *ks);
int nvnic_get_link_ext_state(struct net_device *dev,
			     struct ethtool_link_ext_state_info *info);
void nvnic_get_link_ext_stats(struct net_device *dev,
			      struct ethtool_link_ext_stats *stats);
int nvnic_get_fecparam(struct net_device *dev, struct ethtool_fecparam *fec);
void nvnic_get_fec_stats(struct net_device *dev,
			 struct ethtool_fec_stats *stats);
void nvnic_get_pauseparam(struct net_device *dev,
			  struct ethtool_pauseparam *pause);
int nvnic_set_pauseparam(struct net_device *dev,
			 struct ethtool_pauseparam *pause);
int nvnic_set_phys_id(struct net_device *dev, enum ethtool_phys_id_state state);

/* nvnic_regs.c */
int nvnic_get_regs_len(struct net_device *dev);
void nvnic_get_regs(struct net_device *dev, struct ethtool_regs *regs, void *p);
bool nvnic_regs_test(struct nvnic_net *nn);

/* nvnic_selftest.c */
int nvnic_selftest_count(void);
void nvnic_selftest_strings(u8 *data);
void nvnic_self_test(struct net_device *dev, struct ethtool_test *test,
		     u64 *data);

/* nvnic_features.c */
void nvnic_features_init(struct nvnic_net *nn);
void nvnic_features_changed(struct nvnic_net *nn);
netdev_features_t nvnic_fix_features(struct net_device *dev,
				     netdev_features_t features);
int nvnic_set_features(struct net_device *dev, netdev_features_t features);
bool nvnic_features_settle(struct nvnic_net *nn, unsigned long timeout_us);
int nvnic_set_priv_flags(struct net_device *dev, u32 flags);

/* nvnic_quirk.c */
void nvnic_quirk_init(struct nvnic_net *nn, netdev_features_t partial);
u32 nvnic_quirk_type(const struct nvnic_net *nn, u32 type);
bool nvnic_quirk_fits(const struct nvnic_net *nn, const struct sk_buff *skb);

/* nvnic_rss.c */
void nvnic_rss_init(struct nvnic_net *nn);
void nvnic_rss_default_table(struct nvnic_net *nn, u32 queues);
int nvnic_rss_program(struct nvnic_net *nn, u32 queues);
int nvnic_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh);
int nvnic_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		   struct netlink_ext_ack *extack);
int nvnic_set_rxfh_fields(struct net_device *dev,
			  const struct ethtool_rxfh_fields *fields,
			  struct netlink_ext_ack *extack);
int nvnic_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *nfc,
		    u32 *rule_locs);
int nvnic_set_rxnfc(struct net_device *dev, struct ethtool_rxnfc *nfc);
u32 nvnic_get_rx_ring_count(struct net_device *dev);

/* nvnic_rss_fields.c */
bool nvnic_rss_fields_symmetric(u64 fields);
void nvnic_refuse_asymmetric(struct net_device *dev,
			     struct netlink_ext_ack *extack);
int nvnic_get_rxfh_fields(struct net_device *dev,
			  struct ethtool_rxfh_fields *fields);
int nvnic_rss_fields_check(struct net_device *dev,
			   const struct ethtool_rxfh_fields *fields, u64 *all,
			   struct netlink_ext_ack *extack);

/* nvnic_rss_ctx.c */
int nvnic_rss_check(struct nvnic_net *nn, const struct ethtool_rxfh_param *rxfh,
		    u64 fields, struct netlink_ext_ack *extack);
int nvnic_create_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack);
int nvnic_modify_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack);
int nvnic_remove_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx, u32 id,
			      struct netlink_ext_ack *extack);
int nvnic_rss_ctx_fields(struct nvnic_net *nn);
int nvnic_rss_ctx_set_fields(struct nvnic_net *nn, u32 id, u64 fields);

/* nvnic_ntuple.c */
void nvnic_ntuple_exit(struct nvnic_net *nn);
void nvnic_ntuple_flush(struct nvnic_net *nn);
u32 nvnic_ntuple_ctx_span(struct nvnic_net *nn, u32 ctx);
int nvnic_ntuple_check_queues(struct nvnic_net *nn, u32 queues);
void nvnic_ntuple_count(struct nvnic_net *nn, struct ethtool_rxnfc *nfc);
int nvnic_ntuple_get(struct nvnic_net *nn, struct ethtool_rxnfc *nfc);
int nvnic_ntuple_list(struct nvnic_net *nn, struct ethtool_rxnfc *nfc,
		      u32 *locs);
int nvnic_ntuple_insert(struct nvnic_net *nn, struct ethtool_rxnfc *nfc);
int nvnic_ntuple_delete(struct nvnic_net *nn, u32 loc);

/* nvnic_tc.c */
struct nvnic_tc *nvnic_tc_create(void);
void nvnic_tc_destroy(struct nvnic_tc *tc);
void nvnic_tc_attach(struct nvnic_net *nn, struct nvnic_tc *tc);
void nvnic_tc_open(struct nvnic_net *nn);
void nvnic_tc_leave(struct nvnic_net *nn);
void nvnic_tc_close(struct nvnic_net *nn);
void nvnic_tc_forget(struct nvnic_tc *tc);
bool nvnic_tc_busy(const struct nvnic_net *nn);
int nvnic_tc_check_queues(struct nvnic_net *nn, u32 queues);
int nvnic_setup_tc(struct net_device *dev, enum tc_setup_type type, void *data);

/* nvnic_moder.c */
int nvnic_moder_init(struct nvnic_net *nn);
void nvnic_moder_exit(struct nvnic_net *nn);
void nvnic_moder_start(struct nvnic_vec *vec);
void nvnic_moder_stop(struct nvnic_vec *vec);
void nvnic_moder_adapt(struct nvnic_vec *vec);

/* nvnic_coalesce.c */
void nvnic_moder_set(struct nvnic_net *nn, u32 queue,
		     const struct nvnic_coalesce *c);
int nvnic_get_coalesce(struct net_device *dev, struct ethtool_coalesce *out,
		       struct kernel_ethtool_coalesce *kernel,
		       struct netlink_ext_ack *extack);
int nvnic_set_coalesce(struct net_device *dev, struct ethtool_coalesce *in,
		       struct kernel_ethtool_coalesce *kernel,
		       struct netlink_ext_ack *extack);
int nvnic_get_queue_coalesce(struct net_device *dev, u32 queue,
			     struct ethtool_coalesce *out);
int nvnic_set_queue_coalesce(struct net_device *dev, u32 queue,
			     struct ethtool_coalesce *in);

/* nvnic_ethtool.c */
extern const struct ethtool_ops nvnic_ethtool_ops;

#endif /* NVNIC_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: offloads, turning them on and off, and what each frame may ask.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The device drops a request whose enable bit is off. So the bit must be on
 * before the first frame that may carry such a request, and off only after the
 * last. On: nvnic_set_features() runs before the stack uses the feature. Off:
 * nvnic_features_settle() runs after the stack has stopped using it, first
 * closes nvnic_net.tx_allowed, and clears the bit once the rings have sent what
 * they got before. Frames that were made earlier and still wait in a queueing
 * discipline meet tx_allowed in the transmit path and are finished in software.
 */
#include <linux/iopoll.h>
#include <linux/rtnetlink.h>
#include <net/gre.h>
#include <net/gso.h>
#include <net/ipv6.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_vmq.h"

/* How long a notifier may wait for the rings before it leaves it to the work */
#define NVNIC_SETTLE_US		(500 * USEC_PER_MSEC)
#define NVNIC_SETTLE_STEP_US	200

/**
 * struct nvnic_off_row - driver's half of an offload's row
 * @features: features of the stack that use it; it is enabled with any of them
 * @priv_flags: private flags that enable it, where no feature does
 */
struct nvnic_off_row {
	netdev_features_t features;
	u32 priv_flags;
};

static const struct nvnic_off_row nvnic_off_rows[] = {
	[NVNIC_OFF_TX_CSUM] = { .features = NETIF_F_HW_CSUM },
	[NVNIC_OFF_TSO4] = { .features = NETIF_F_TSO },
	[NVNIC_OFF_TSO6] = { .features = NETIF_F_TSO6 },
	[NVNIC_OFF_TSO_ECN] = { .features = NETIF_F_TSO_ECN },
	[NVNIC_OFF_TSO_FIXEDID] = { .features = NETIF_F_TSO_MANGLEID },
	[NVNIC_OFF_GSO_GRE] = { .features = NETIF_F_GSO_GRE },
	[NVNIC_OFF_GSO_GRE_CSUM] = { .features = NETIF_F_GSO_GRE_CSUM },
	[NVNIC_OFF_GSO_PARTIAL] = { .features = NETIF_F_GSO_PARTIAL },
	[NVNIC_OFF_USO] = { .features = NETIF_F_GSO_UDP_L4 },
	[NVNIC_OFF_RX_CSUM] = { .features = NETIF_F_RXCSUM },
	[NVNIC_OFF_RX_HASH] = { .features = NETIF_F_RXHASH },
	[NVNIC_OFF_NVGRE] = { .priv_flags = BIT(NVNIC_PF_NVGRE) },
	[NVNIC_OFF_RSS_INNER] = { .priv_flags = BIT(NVNIC_PF_RSS_INNER) },
	[NVNIC_OFF_NTUPLE] = { .features = NETIF_F_NTUPLE },
	[NVNIC_OFF_TC] = { .features = NETIF_F_HW_TC },
	[NVNIC_OFF_VMQ] = { .features = NETIF_F_HW_L2FW_DOFFLOAD },
	[NVNIC_OFF_FLOWID] = { .priv_flags = BIT(NVNIC_PF_FLOWID) },
};

static_assert(ARRAY_SIZE(nvnic_off_rows) == NVNIC_OFF_COUNT);

/* Features that move to gso_partial_features and back */
#define NVNIC_F_GRE		(NETIF_F_GSO_GRE | NETIF_F_GSO_GRE_CSUM)

/* Off until the user asks: it takes queues away from the stack */
#define NVNIC_F_OPT_IN		NETIF_F_HW_L2FW_DOFFLOAD

/* No offload of the device, but true of it */
#define NVNIC_F_ALWAYS		(NETIF_F_SG | NETIF_F_HIGHDMA)

static netdev_features_t nvnic_features_of(u64 offloads)
{
	netdev_features_t features = 0;
	u32 i;

	for (i = 0; i < NVNIC_OFF_COUNT; i++)
		if (offloads & BIT_ULL(i))
			features |= nvnic_off_rows[i].features;

	return features;
}

static u64 nvnic_offloads_of(const struct nvnic_net *nn,
			     netdev_features_t features, u32 priv_flags)
{
	u64 offloads = 0;
	u32 i;

	for (i = 0; i < NVNIC_OFF_COUNT; i++)
		if (nvnic_off_rows[i].features & features ||
		    nvnic_off_rows[i].priv_flags & priv_flags)
			offloads |= BIT_ULL(i);

	return offloads & nn->cap;
}

static void nvnic_en_write(struct nvnic_net *nn, u64 en)
{
	if (nn->en == en)
		return;
	nn->en = en;
	nvnic_wr(nn->bdev, NVNIC_REG_EN, en);
}

/* Bits of requests that are to go stay on, until nvnic_features_settle(). */
static void nvnic_en_update(struct nvnic_net *nn, u64 want)
{
	nn->en_off = nn->en & ~want & NVNIC_OFF_TX_MASK;
	nvnic_en_write(nn, want | nn->en_off);
	WRITE_ONCE(nn->tx_allowed,
		   nn->tx_allowed | (want & NVNIC_OFF_TX_MASK));
}

/**
 * nvnic_features_init() - set up features and turn the offloads on
 * @nn: port, not registered yet
 *
 * Context: process.
 */
void nvnic_features_init(struct nvnic_net *nn)
{
	struct net_device *dev = nn->netdev;
	netdev_features_t tx, all;

	tx = NVNIC_F_ALWAYS | nvnic_features_of(nn->cap & NVNIC_OFF_TX_MASK);
	all = NVNIC_F_ALWAYS | nvnic_features_of(nn->cap);

	nn->priv_flags = BIT(NVNIC_PF_NVGRE) | BIT(NVNIC_PF_RSS_INNER) |
			 BIT(NVNIC_PF_SPOOF_CHECK);
	dev->hw_features = (all & ~NETIF_F_HIGHDMA) | NETIF_F_LOOPBACK;
	dev->features = all & ~NVNIC_F_OPT_IN;
	dev->vlan_features = tx;
	dev->hw_enc_features = tx;
	/* Any protocol's checksum, but segmentation does not know labels */
	dev->mpls_features = tx & (NVNIC_F_ALWAYS | NETIF_F_HW_CSUM);

	nvnic_en_update(nn, nvnic_offloads_of(nn, dev->features,
					      nn->priv_flags));
	nvnic_ctrl(nn, NVNIC_CTRL_SPOOF_CHECK, true);
	nvnic_quirk_init(nn, NVNIC_F_GRE);
}

/**
 * nvnic_fix_features() - ndo_fix_features
 * @dev: port
 * @features: what is wanted
 *
 * hw-tc-offload stays on while filters need it. A refusal by
 * nvnic_set_features() would take every other change with it, later ones, too:
 * the stack remembers what is wanted.
 *
 * Context: process, instance lock.
 *
 * Return: what is possible.
 */
netdev_features_t nvnic_fix_features(struct net_device *dev,
				     netdev_features_t features)
{
	nvnic_assert_dev_lock(dev);

	if (features & NETIF_F_HW_TC || !nvnic_tc_busy(netdev_priv(dev)))
		return features;

	nvnic_refuse(dev, NULL, "tc has filters in the device, hw-tc-offload stays on");
	return features | NETIF_F_HW_TC;
}

/**
 * nvnic_set_features() - ndo_set_features
 * @dev: port
 * @features: what is to be in force after it
 *
 * Context: process, instance lock.
 *
 * Return: 0.
 */
int nvnic_set_features(struct net_device *dev, netdev_features_t features)
{
	struct nvnic_net *nn = netdev_priv(dev);
	bool loop = features & NETIF_F_LOOPBACK;

	nvnic_assert_dev_lock(dev);

	/* The software way must be open before the other one is shut. */
	if (!(features & NETIF_F_HW_L2FW_DOFFLOAD))
		nvnic_dfwd_release_all(nn);

	nvnic_en_update(nn, nvnic_offloads_of(nn, features, nn->priv_flags));
	if (!(features & NETIF_F_NTUPLE))
		nvnic_ntuple_flush(nn);
	if (loop != !!(nn->ctrl & NVNIC_CTRL_LOOPBACK))
		nvnic_ctrl(nn, NVNIC_CTRL_LOOPBACK, loop);

	return 0;
}

static void nvnic_features_mark(struct nvnic_net *nn)
{
	struct nvnic_vec *vec;

	nvnic_for_each_vec(vec, nn->rings)
		vec->tx.drain = READ_ONCE(vec->tx.tail);
}

static bool nvnic_features_drained(const struct nvnic_net *nn)
{
	const struct nvnic_vec *vec;

	nvnic_for_each_vec(vec, nn->rings)
		if (!nvnic_tx_passed(&vec->tx, vec->tx.drain))
			return false;

	return true;
}

/**
 * nvnic_features_settle() - end what nvnic_set_features() has turned off
 * @nn: port
 * @timeout_us: how long to wait for frames in the rings, in microseconds
 *
 * Context: process, instance lock.
 *
 * Return: true when it is done, false when the rings still hold frames that
 * need the offload; then it stays on in the device, and is to be tried again.
 */
bool nvnic_features_settle(struct nvnic_net *nn, unsigned long timeout_us)
{
	bool drained;

	nvnic_assert_dev_lock(nn->netdev);

	if (!nn->en_off)
		return true;

	if (nn->tx_allowed & nn->en_off) {
		WRITE_ONCE(nn->tx_allowed, nn->tx_allowed & ~nn->en_off);
		/* No transmitter goes by the old value after this. */
		synchronize_net();
		nvnic_features_mark(nn);
	}

	if (timeout_us)
		read_poll_timeout(nvnic_features_drained, drained, drained,
				  NVNIC_SETTLE_STEP_US, timeout_us, false, nn);
	else
		drained = nvnic_features_drained(nn);
	if (!drained)
		return false;

	nvnic_en_write(nn, nn->en & ~nn->en_off);
	nn->en_off = 0;

	return true;
}

static int nvnic_features_event(struct notifier_block *nb, unsigned long event,
				void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct nvnic_net *nn;

	if (event != NETDEV_FEAT_CHANGE ||
	    dev->netdev_ops != &nvnic_netdev_ops)
		return NOTIFY_DONE;

	nn = netdev_priv(dev);
	if (!nvnic_features_settle(nn, NVNIC_SETTLE_US))
		mod_delayed_work(system_percpu_wq, &nn->service, 1);

	return NOTIFY_DONE;
}

struct notifier_block nvnic_features_nb = {
	.notifier_call = nvnic_features_event,
};

/**
 * nvnic_set_priv_flags() - ethtool: set private flags
 * @dev: port
 * @flags: bits of enum nvnic_priv_flag
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -EINVAL for a flag that there is not.
 */
int nvnic_set_priv_flags(struct net_device *dev, u32 flags)
{
	struct nvnic_net *nn = netdev_priv(dev);
	u32 changed = flags ^ nn->priv_flags;

	nvnic_assert_dev_lock(dev);

	if (flags & ~GENMASK(NVNIC_PF_COUNT - 1, 0))
		return -EINVAL;

	nn->priv_flags = flags;
	nvnic_en_update(nn, nvnic_offloads_of(nn, dev->features, flags));

	if (changed & BIT(NVNIC_PF_THREADS))
		nvnic_ctrl(nn, NVNIC_CTRL_THREADS,
			   flags & BIT(NVNIC_PF_THREADS));

	if (changed & BIT(NVNIC_PF_SPOOF_CHECK))
		nvnic_ctrl(nn, NVNIC_CTRL_SPOOF_CHECK,
			   flags & BIT(NVNIC_PF_SPOOF_CHECK));

	if (changed & BIT(NVNIC_PF_GRE_PARTIAL)) {
		if (flags & BIT(NVNIC_PF_GRE_PARTIAL))
			dev->gso_partial_features |= NVNIC_F_GRE;
		else
			dev->gso_partial_features &= ~NVNIC_F_GRE;
		netdev_update_features(dev);
	}

	return 0;
}

/*
 * Count a super-frame that the stack is about to segment all by itself. One
 * that needs only its outer headers done is not: it comes back as partial.
 */
static void nvnic_count_software(struct sk_buff *skb, struct net_device *dev,
				 netdev_features_t features)
{
	struct nvnic_net *nn = netdev_priv(dev);
	u16 queue = skb_get_queue_mapping(skb);

	features |= NETIF_F_GSO_ROBUST;
	if (features & NETIF_F_GSO_PARTIAL)
		features |= dev->features & dev->gso_partial_features;
	if (skb_gso_ok(skb, features))
		return;

	/* Not chosen yet, when segmentation is for the IP layer. */
	if (queue >= dev->real_num_tx_queues)
		queue = 0;
	nvnic_rare_stat_inc(&nn->qstats[queue].tx, NVNIC_TS_LSO_SOFTWARE);
}

/*
 * The device finds the destination that the checksum is for in the routing
 * headers that it knows (RFC 8200 section 8.1); another one, not used up, hides
 * it.
 */
static bool nvnic_lso_routing_fits(const struct sk_buff *skb)
{
	int net = skb->encapsulation ? skb_inner_network_offset(skb) :
				       skb_network_offset(skb);
	const struct ipv6_rt_hdr *rh;
	struct ipv6_rt_hdr buf;
	unsigned int off = net;

	if (!(skb_shinfo(skb)->gso_type & (SKB_GSO_TCPV6 | SKB_GSO_UDP_L4)) ||
	    skb_checksum_start_offset(skb) == net + sizeof(struct ipv6hdr) ||
	    ipv6_find_hdr(skb, &off, NEXTHDR_ROUTING, NULL, NULL) < 0)
		return true;

	rh = skb_header_pointer(skb, off, sizeof(buf), &buf);
	return rh && (!rh->segments_left || rh->type == IPV6_SRCRT_TYPE_0 ||
		      rh->type == IPV6_SRCRT_TYPE_2 ||
		      rh->type == IPV6_SRCRT_TYPE_4);
}

/* Is there a checksum in the GRE header behind the outer IP header? */
static bool nvnic_lso_gre_csum(const struct sk_buff *skb)
{
	int off = skb_network_offset(skb);
	const struct gre_base_hdr *gre;
	struct gre_base_hdr gbuf;
	struct ipv6hdr ibuf;
	__be16 frag;
	const u8 *ip;
	u8 proto;

	ip = skb_header_pointer(skb, off, sizeof(struct iphdr), &ibuf);
	if (!ip)
		return false;
	if (ip[0] >> 4 == 4) {
		off += (ip[0] & 0xf) * 4;
	} else {
		proto = ((const struct ipv6hdr *)ip)->nexthdr;
		off = ipv6_skip_exthdr(skb, off + sizeof(ibuf), &proto, &frag);
		if (off < 0)
			return false;
	}
	gre = skb_header_pointer(skb, off, sizeof(gbuf), &gbuf);

	return gre && gre->flags & GRE_CSUM;
}

/**
 * nvnic_lso_type() - what a super-frame asks for, by its headers
 * @skb: frame of a port with CHECKSUM_PARTIAL, from its Ethernet header on
 * @cwr: what nvnic_lso_hdr_len() has seen
 *
 * Receive offload merges GRE with a checksum into SKB_GSO_GRE, and who sends
 * for a guest may forget that CWR is set.
 *
 * Context: any.
 *
 * Return: its gso_type, SKB_GSO_GRE_CSUM and SKB_GSO_TCP_ECN as it needs them,
 * SKB_GSO_TCP_FIXEDID for the innermost header.
 */
u32 nvnic_lso_type(const struct sk_buff *skb, bool cwr)
{
	u32 type = nvnic_quirk_type(netdev_priv(skb->dev),
				    skb_shinfo(skb)->gso_type);

	if (type & SKB_GSO_GRE && nvnic_lso_gre_csum(skb))
		type ^= SKB_GSO_GRE | SKB_GSO_GRE_CSUM;
	if (cwr)
		type |= SKB_GSO_TCP_ECN;

	return type;
}

/**
 * nvnic_features_check() - ndo_features_check: what this frame may ask for
 * @skb: the frame
 * @dev: port
 * @features: what the stack would use
 *
 * Context: any, bottom halves off.
 *
 * Return: @features without what is beyond the limits of <nvnic/offloads.h>.
 */
netdev_features_t nvnic_features_check(struct sk_buff *skb,
				       struct net_device *dev,
				       netdev_features_t features)
{
	/* The tag comes into the frame after this. */
	u32 extra = skb_vlan_tag_present(skb) ? VLAN_HLEN : 0;
	u32 gso_type = skb_shinfo(skb)->gso_type;
	u32 hdr_len;
	bool cwr;

	features = vlan_features_check(skb, features);

	if (skb->ip_summed == CHECKSUM_PARTIAL && !nvnic_csum_fits(skb, extra))
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);

	if (!skb_is_gso(skb))
		return features;

	hdr_len = nvnic_lso_hdr_len(skb, &cwr);
	if (!nvnic_lso_fits(skb, hdr_len, extra) ||
	    !nvnic_lso_routing_fits(skb) ||
	    !nvnic_quirk_fits(netdev_priv(dev), skb) ||
	    !net_gso_ok(features, nvnic_lso_type(skb, cwr) & ~gso_type))
		features &= ~NETIF_F_GSO_MASK;
	nvnic_count_software(skb, dev, features);

	return features;
}

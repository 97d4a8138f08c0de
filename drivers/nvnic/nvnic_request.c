// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: requests of super-frames, and whether the device executes them.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The headers of a super-frame are parsed by the device's own grammar
 * (<nvpe/request.h>) as late as possible, when the request is written: until then
 * queueing disciplines, tc and BPF may change the frame, and not every transmitter
 * calls ndo_features_check. A frame that the device would refuse is segmented in
 * software at that point.
 */
#include <linux/bitfield.h>
#include <linux/if_vlan.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/mpls.h>

#include <nvpe/request.h>

#include "nvnic.h"

static_assert(NVNIC_MAX_HDR_LEN == NVPE_MAX_HDR_LEN);

/* Types that the device segments, and DODGY: it checks the headers of every frame. */
#define NVNIC_REQUEST_GSO						\
	(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN |		\
	 SKB_GSO_TCP_FIXEDID | SKB_GSO_GRE | SKB_GSO_GRE_CSUM |		\
	 SKB_GSO_PARTIAL | SKB_GSO_UDP_L4 | SKB_GSO_DODGY)

/*
 * Length of a super-frame's headers, up to the end of the innermost transport header;
 * 0 if it has none. csum_start finds that header, because header offsets may be
 * those of any encapsulation.
 */
static u32 nvnic_request_hdr_len(const struct sk_buff *skb)
{
	const struct tcphdr *th;
	struct tcphdr buf;
	int off;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return 0;

	off = skb_checksum_start_offset(skb);
	if (off < 0)
		return 0;
	if (skb->csum_offset == offsetof(struct udphdr, check))
		return off + sizeof(struct udphdr);
	if (skb->csum_offset != offsetof(struct tcphdr, check))
		return 0;

	th = skb_header_pointer(skb, off, sizeof(buf), &buf);

	return th ? off + th->doff * 4 : 0;
}

/*
 * Find the bits that the request of a super-frame needs besides those in @r->mask;
 * 0 if the device does not segment it. A tag of @extra bytes is still to be inserted
 * into its headers.
 */
static u32 nvnic_request_read(const struct sk_buff *skb, u32 extra,
			      struct nvpe_request *r)
{
	u8 buf[NVNIC_MAX_HDR_LEN];
	struct nvpe_hdrs h;
	const u8 *hdr;
	u32 mask;

	BUILD_BUG_ON(!FIELD_FIT(NVNIC_TXD_REQ_HDR_LEN, NVNIC_MAX_HDR_LEN));
	BUILD_BUG_ON(!FIELD_FIT(NVNIC_TXD_REQ_MSS, NVNIC_MAX_MSS));

	r->hdr_len = nvnic_request_hdr_len(skb);
	if (!r->hdr_len || r->hdr_len + extra > NVNIC_MAX_HDR_LEN ||
	    r->len + extra > NVNIC_MAX_TX_LEN ||
	    r->mss < NVNIC_MIN_MSS || r->mss > NVNIC_MAX_MSS)
		return 0;

	hdr = skb_header_pointer(skb, 0, r->hdr_len, buf);
	if (!hdr)
		return 0;

	mask = nvpe_request_read(r, hdr, &h);
	if (!mask || h.l4_off != skb_checksum_start_offset(skb) ||
	    h.outer.off + extra > NVPE_L2_MAX_HLEN)
		return 0;

	return mask;
}

/* Path under which a request is counted */
static u8 nvnic_request_path(u32 mask)
{
	if (mask & NVNIC_OFF_BIT(USO))
		return NVNIC_TX_USO;
	if (mask & NVNIC_OFF_BIT(GSO_PARTIAL))
		return NVNIC_TX_LSO_PARTIAL;
	return NVNIC_TX_LSO_NATIVE;
}

/**
 * nvnic_tx_request_gso() - make the request of a super-frame from its headers
 * @skb: frame of a port, from its Ethernet header on
 * @req: receives the request
 *
 * gso_type is no substitute for the headers: it lacks the GRE checksum and CWR in
 * frames that GRO has merged, and may describe headers that were removed since.
 *
 * Context: any, bottom halves off.
 *
 * Return: true if the device can execute the request.
 */
bool nvnic_tx_request_gso(const struct sk_buff *skb, struct nvnic_tx_req *req)
{
	const struct nvnic_net *nn = netdev_priv(skb->dev);
	u32 type = nvnic_quirk_type(nn, skb_shinfo(skb)->gso_type);
	struct nvpe_request r = {
		.len = skb->len,
		.mss = skb_shinfo(skb)->gso_size,
	};
	u32 mask;

	if (type & SKB_GSO_TCP_FIXEDID)
		r.mask |= NVNIC_OFF_BIT(TSO_FIXEDID);
	if (type & SKB_GSO_PARTIAL)
		r.mask |= NVNIC_OFF_BIT(GSO_PARTIAL);
	mask = nvnic_request_read(skb, 0, &r);
	req->mask = r.mask | mask;
	req->hdr_len = r.hdr_len;
	req->path = nvnic_request_path(req->mask);

	return mask && !(type & ~NVNIC_REQUEST_GSO) &&
	       nvnic_quirk_fits(nn, skb);
}

/*
 * With GSO_PARTIAL the stack makes the outer headers for one segment and leaves the
 * rest to the device. Would the device take the result? It cannot be segmented in
 * software any more.
 */
static bool nvnic_request_partial(const struct sk_buff *skb, u32 extra)
{
	u32 type = skb_shinfo(skb)->gso_type;
	struct nvpe_request r = {
		.mask = NVNIC_OFF_BIT(GSO_PARTIAL),
		.len = nvnic_request_hdr_len(skb) + skb_shinfo(skb)->gso_size,
		.mss = skb_shinfo(skb)->gso_size,
	};

	return !(type & (SKB_GSO_GRE | SKB_GSO_GRE_CSUM)) ||
	       (nvnic_request_read(skb, extra, &r) &&
		nvnic_quirk_fits(netdev_priv(skb->dev), skb));
}

/*
 * Count a super-frame that the stack is about to segment completely. A frame of
 * GSO_PARTIAL does not count: it comes back with its outer headers made.
 */
static void nvnic_count_software(struct sk_buff *skb, struct net_device *dev,
				 netdev_features_t features)
{
	struct nvnic_net *nn = netdev_priv(dev);
	u16 queue = skb_get_queue_mapping(skb);

	features |= NETIF_F_GSO_ROBUST;
	if (features & NETIF_F_GSO_PARTIAL)
		features |= dev->features & dev->gso_partial_features;
	/* As the stack will, which does not ask again */
	if (eth_p_mpls(skb->protocol))
		features &= dev->mpls_features;
	if (skb_gso_ok(skb, features))
		return;

	/* The IP layer asks before a queue is chosen. */
	if (queue >= dev->real_num_tx_queues)
		queue = 0;
	nvnic_rare_stat_inc(&nn->qstats[queue].tx, NVNIC_TS_LSO_SOFTWARE);
}

/**
 * nvnic_features_check() - ndo_features_check: limit the offloads of a frame
 * @skb: the frame
 * @dev: port
 * @features: offloads that the stack would use
 *
 * The transmit path checks each frame when it writes the request, and falls back to
 * software there. Only what cannot wait until then is checked here.
 *
 * Context: any, bottom halves off.
 *
 * Return: @features, without segmentation if the stack would make a frame that the
 * device refuses.
 */
netdev_features_t nvnic_features_check(struct sk_buff *skb,
				       struct net_device *dev,
				       netdev_features_t features)
{
	/* The stack inserts the tag after this. */
	u32 extra = skb_vlan_tag_present(skb) ? VLAN_HLEN : 0;

	if (!skb_is_gso(skb))
		return features;

	if (dev->gso_partial_features && features & NETIF_F_GSO_PARTIAL &&
	    !nvnic_request_partial(skb, extra))
		features &= ~NETIF_F_GSO_MASK;
	nvnic_count_software(skb, dev, features);

	return features;
}

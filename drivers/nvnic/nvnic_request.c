// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: what a frame asks of the device, and whether the device does it.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A super-frame is read by the device's own grammar (<nvpe/request.h>), as late
 * as it can be: where its request is written. Until then queueing disciplines,
 * tc and BPF may change it, and not all that transmit ask ndo_features_check.
 * What the device would not take is segmented there and then.
 */
#include <linux/bitfield.h>
#include <linux/if_vlan.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/mpls.h>

#include <nvpe/request.h>

#include "nvnic.h"

static_assert(NVNIC_MAX_HDR_LEN == NVPE_MAX_HDR_LEN);

/* What the device knows, and DODGY: it looks at every frame. */
#define NVNIC_REQUEST_GSO						\
	(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN |		\
	 SKB_GSO_TCP_FIXEDID | SKB_GSO_GRE | SKB_GSO_GRE_CSUM |		\
	 SKB_GSO_PARTIAL | SKB_GSO_UDP_L4 | SKB_GSO_DODGY)

/*
 * Bytes from the start of a super-frame to the end of its innermost transport
 * header, 0 if there is none. That header is the one whose checksum is to be
 * filled, whatever encapsulation came around it and whoever set the header
 * offsets.
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
 * The bits that a request for a super-frame must have, besides those that
 * @r->mask has already; 0 if the device does not segment it. Its headers are
 * still to grow by a tag of @extra bytes.
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

/* The path that is counted for a request */
static u8 nvnic_request_path(u32 mask)
{
	if (mask & NVNIC_OFF_BIT(USO))
		return NVNIC_TX_USO;
	if (mask & NVNIC_OFF_BIT(GSO_PARTIAL))
		return NVNIC_TX_LSO_PARTIAL;
	return NVNIC_TX_LSO_NATIVE;
}

/**
 * nvnic_tx_request_gso() - read what a super-frame asks of the device
 * @skb: frame of a port, from its Ethernet header on
 * @req: receives it
 *
 * By its headers: a gso_type may be short of a checksum in GRE that receive
 * offload has merged, and of CWR, and may be left from headers that the frame
 * does not have any more.
 *
 * Context: any, bottom halves off.
 *
 * Return: true if the device can be asked for it.
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
 * The stack makes the outer headers of a frame behind GRE for one segment, and
 * leaves the rest to the device. Would that take it? There is no software behind
 * such a frame.
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
	/* As the stack will, which does not ask again */
	if (eth_p_mpls(skb->protocol))
		features &= dev->mpls_features;
	if (skb_gso_ok(skb, features))
		return;

	/* Not chosen yet, when segmentation is for the IP layer. */
	if (queue >= dev->real_num_tx_queues)
		queue = 0;
	nvnic_rare_stat_inc(&nn->qstats[queue].tx, NVNIC_TS_LSO_SOFTWARE);
}

/**
 * nvnic_features_check() - ndo_features_check: what this frame may ask for
 * @skb: the frame
 * @dev: port
 * @features: what the stack would use
 *
 * The transmit path looks at each frame as it is then, and does in software what
 * the device does not do. Here it is only asked what cannot wait.
 *
 * Context: any, bottom halves off.
 *
 * Return: @features, without segmentation where the stack would prepare what the
 * device does not take.
 */
netdev_features_t nvnic_features_check(struct sk_buff *skb,
				       struct net_device *dev,
				       netdev_features_t features)
{
	/* The tag comes into the frame after this. */
	u32 extra = skb_vlan_tag_present(skb) ? VLAN_HLEN : 0;

	if (!skb_is_gso(skb))
		return features;

	if (dev->gso_partial_features && features & NETIF_F_GSO_PARTIAL &&
	    !nvnic_request_partial(skb, extra))
		features &= ~NETIF_F_GSO_MASK;
	nvnic_count_software(skb, dev, features);

	return features;
}

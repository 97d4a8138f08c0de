// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: what a frame asks of the device, and whether the device does it.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * A frame is read by one function, nvnic_tx_request_gso(), for the stack's
 * question (ndo_features_check) and for the descriptor. The stack may skip its
 * question, and a frame may change between the two.
 */
#include <linux/bitfield.h>
#include <linux/if_vlan.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/gre.h>
#include <net/gso.h>
#include <net/ipv6.h>

#include "nvnic.h"

/*
 * Bytes from the start of a super-frame to the end of its innermost transport
 * header, 0 if the device cannot segment it. That header is the one whose
 * checksum is to be filled, whatever encapsulation came around it and whoever
 * set the header offsets. SYN, RST and URG are not for segmentation: the stack
 * does it. @cwr tells whether a TCP header has CWR.
 */
static u32 nvnic_lso_hdr_len(const struct sk_buff *skb, bool *cwr)
{
	const struct tcphdr *th;
	struct tcphdr buf;
	int off;

	*cwr = false;
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return 0;

	off = skb_checksum_start_offset(skb);
	if (off < 0)
		return 0;
	if (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4)
		return off + sizeof(struct udphdr);

	th = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!th || th->doff * 4 < sizeof(*th) ||
	    tcp_flag_word(th) & (TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_URG))
		return 0;

	*cwr = th->cwr;

	return off + th->doff * 4;
}

/*
 * Is a super-frame within the limits of <nvnic/offloads.h>? Its header is still
 * to grow by @extra bytes.
 */
static bool nvnic_lso_fits(const struct sk_buff *skb, u32 hdr_len, u32 extra)
{
	u32 mss = skb_shinfo(skb)->gso_size;

	return hdr_len && skb->len > hdr_len &&
	       skb->len + extra <= NVNIC_MAX_TX_LEN &&
	       hdr_len + extra <= NVNIC_MAX_HDR_LEN &&
	       FIELD_FIT(NVNIC_TXD_REQ_HDR_LEN, hdr_len + extra) &&
	       FIELD_FIT(NVNIC_TXD_REQ_MSS, mss) &&
	       mss >= NVNIC_MIN_MSS && mss <= NVNIC_MAX_MSS;
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

/*
 * What a super-frame asks for, by its headers: its gso_type, SKB_GSO_GRE_CSUM
 * and SKB_GSO_TCP_ECN as it needs them, SKB_GSO_TCP_FIXEDID for the innermost
 * header. Receive offload merges GRE with a checksum into SKB_GSO_GRE, and who
 * sends for a guest may forget that CWR is set.
 */
static u32 nvnic_lso_type(const struct sk_buff *skb, bool cwr)
{
	u32 type = nvnic_quirk_type(netdev_priv(skb->dev),
				    skb_shinfo(skb)->gso_type);

	if (type & SKB_GSO_GRE && nvnic_lso_gre_csum(skb))
		type ^= SKB_GSO_GRE | SKB_GSO_GRE_CSUM;
	if (cwr)
		type |= SKB_GSO_TCP_ECN;

	return type;
}

#define NVNIC_TX_MAP_GSO(_type, _gso, _off)				\
	((_type) & SKB_GSO_##_gso ? NVNIC_OFF_BIT(_off) : 0)

/* The types above, and DODGY: the stack has looked at such a frame. */
#define NVNIC_TX_GSO_KNOWN						\
	(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN |		\
	 SKB_GSO_TCP_FIXEDID | SKB_GSO_GRE | SKB_GSO_GRE_CSUM |		\
	 SKB_GSO_PARTIAL | SKB_GSO_UDP_L4 | SKB_GSO_DODGY)

static u32 nvnic_tx_gso_mask(u32 type)
{
	return NVNIC_TX_MAP_GSO(type, TCPV4, TSO4) |
	       NVNIC_TX_MAP_GSO(type, TCPV6, TSO6) |
	       NVNIC_TX_MAP_GSO(type, TCP_ECN, TSO_ECN) |
	       NVNIC_TX_MAP_GSO(type, TCP_FIXEDID, TSO_FIXEDID) |
	       NVNIC_TX_MAP_GSO(type, GRE, GSO_GRE) |
	       NVNIC_TX_MAP_GSO(type, GRE_CSUM, GSO_GRE_CSUM) |
	       NVNIC_TX_MAP_GSO(type, PARTIAL, GSO_PARTIAL) |
	       NVNIC_TX_MAP_GSO(type, UDP_L4, USO);
}

/**
 * nvnic_tx_request_gso() - read what a super-frame asks of the device
 * @skb: frame of a port, from its Ethernet header on
 * @extra: bytes that its header is still to grow by
 * @req: receives it
 *
 * Context: any, bottom halves off.
 *
 * Return: true if the device can be asked for it.
 */
bool nvnic_tx_request_gso(const struct sk_buff *skb, u32 extra,
			  struct nvnic_tx_req *req)
{
	u32 hdr_len, type;
	bool cwr;

	hdr_len = nvnic_lso_hdr_len(skb, &cwr);
	type = nvnic_lso_type(skb, cwr);
	req->mask = nvnic_tx_gso_mask(type);
	req->gso_type = type;
	req->hdr_len = hdr_len;
	if (req->mask & NVNIC_OFF_BIT(USO))
		req->path = NVNIC_TX_USO;
	else if (req->mask & NVNIC_OFF_BIT(GSO_PARTIAL))
		req->path = NVNIC_TX_LSO_PARTIAL;
	else
		req->path = NVNIC_TX_LSO_NATIVE;

	return !(type & ~NVNIC_TX_GSO_KNOWN) &&
	       nvnic_lso_fits(skb, hdr_len, extra) &&
	       nvnic_lso_routing_fits(skb) &&
	       nvnic_quirk_fits(netdev_priv(skb->dev), skb);
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
	struct nvnic_tx_req req;

	features = vlan_features_check(skb, features);

	if (skb->ip_summed == CHECKSUM_PARTIAL && !nvnic_csum_fits(skb, extra))
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);

	if (!skb_is_gso(skb))
		return features;

	if (!nvnic_tx_request_gso(skb, extra, &req) ||
	    !net_gso_ok(features, req.gso_type & ~gso_type))
		features &= ~NETIF_F_GSO_MASK;
	nvnic_count_software(skb, dev, features);

	return features;
}

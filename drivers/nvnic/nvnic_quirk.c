// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: super-frames that this kernel segments wrongly.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * See Documentation/kernel-faults.rst. What a kernel does is found by asking it,
 * not by its version: distribution kernels carry fixes.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/gre.h>
#include <net/gso.h>

#include "nvnic.h"

#define NVNIC_QUIRK_MSS		64	/* bytes */
#define NVNIC_QUIRK_SEGS	2
#define NVNIC_QUIRK_ROOM	64	/* bytes in front of the frame */

/* UDP behind GRE with a checksum */
struct nvnic_quirk_frame {
	struct ethhdr eth;
	struct iphdr outer;
	struct gre_base_hdr gre;
	__sum16 gre_csum;
	__be16 gre_reserved;
	struct iphdr ip;
	struct udphdr udp;
	u8 payload[NVNIC_QUIRK_SEGS * NVNIC_QUIRK_MSS];
} __packed;

#define NVNIC_QUIRK_OFF(_field)	offsetof(struct nvnic_quirk_frame, _field)
#define NVNIC_QUIRK_LEN(_from)						\
	(sizeof(struct nvnic_quirk_frame) - NVNIC_QUIRK_OFF(_from))

static void nvnic_quirk_ip(struct iphdr *ip, u8 protocol, u16 len)
{
	*ip = (struct iphdr) {
		.version = 4,
		.ihl = sizeof(*ip) / 4,
		.tot_len = htons(len),
		.ttl = 64,
		.protocol = protocol,
		.saddr = htonl(INADDR_LOOPBACK),
		.daddr = htonl(INADDR_LOOPBACK),
	};
}

static void nvnic_quirk_fill(struct nvnic_quirk_frame *f)
{
	memset(f, 0, sizeof(*f));
	f->eth.h_proto = htons(ETH_P_IP);
	nvnic_quirk_ip(&f->outer, IPPROTO_GRE, NVNIC_QUIRK_LEN(outer));
	f->gre.flags = GRE_CSUM;
	f->gre.protocol = htons(ETH_P_IP);
	nvnic_quirk_ip(&f->ip, IPPROTO_UDP, NVNIC_QUIRK_LEN(ip));
	f->udp.len = htons(NVNIC_QUIRK_LEN(udp));
	f->udp.check = ~csum_tcpudp_magic(f->ip.saddr, f->ip.daddr,
					  NVNIC_QUIRK_LEN(udp), IPPROTO_UDP, 0);
}

/* A super-frame as a tunnel would hand it to @dev; NULL: no memory */
static struct sk_buff *nvnic_quirk_skb(struct net_device *dev)
{
	struct sk_buff *skb;

	skb = alloc_skb(NVNIC_QUIRK_ROOM + sizeof(struct nvnic_quirk_frame),
			GFP_KERNEL);
	if (!skb)
		return NULL;

	skb_reserve(skb, NVNIC_QUIRK_ROOM);
	nvnic_quirk_fill(skb_put(skb, sizeof(struct nvnic_quirk_frame)));
	skb->dev = dev;
	skb->protocol = htons(ETH_P_IP);
	skb->encapsulation = 1;
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, NVNIC_QUIRK_OFF(outer));
	skb_set_transport_header(skb, NVNIC_QUIRK_OFF(gre));
	skb_set_inner_protocol(skb, htons(ETH_P_IP));
	skb_set_inner_mac_header(skb, NVNIC_QUIRK_OFF(ip));
	skb_set_inner_network_header(skb, NVNIC_QUIRK_OFF(ip));
	skb_set_inner_transport_header(skb, NVNIC_QUIRK_OFF(udp));
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_inner_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
	skb_shinfo(skb)->gso_size = NVNIC_QUIRK_MSS;
	skb_shinfo(skb)->gso_segs = NVNIC_QUIRK_SEGS;
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4 | SKB_GSO_GRE_CSUM;

	return skb;
}

/* The GRE checksum of the first of what @features make of it */
static bool nvnic_quirk_csum(struct net_device *dev, netdev_features_t features,
			     __sum16 *csum)
{
	struct sk_buff *skb, *segs;

	skb = nvnic_quirk_skb(dev);
	if (!skb)
		return false;

	segs = skb_gso_segment(skb, features);
	if (IS_ERR_OR_NULL(segs)) {
		kfree_skb(skb);
		return false;
	}

	memcpy(csum, skb_mac_header(segs) + NVNIC_QUIRK_OFF(gre_csum),
	       sizeof(*csum));
	kfree_skb_list(segs);
	consume_skb(skb);

	return true;
}

/**
 * nvnic_quirk_init() - find out what this kernel gets wrong
 * @nn: port, not registered yet, with its features set
 * @partial: what becomes partial with the private flag gre-gso-partial
 *
 * Segments a frame twice, whole and but for its outer headers. All segments have
 * the same GRE checksum: the checksum inside makes up for their difference.
 *
 * Context: process.
 */
void nvnic_quirk_init(struct nvnic_net *nn, netdev_features_t partial)
{
	struct net_device *dev = nn->netdev;
	netdev_features_t features = NETIF_F_SG | NETIF_F_HW_CSUM;
	__sum16 whole, part;
	bool ok;

	if (!(nn->cap & NVNIC_OFF_BIT(GSO_PARTIAL)))
		return;

	dev->gso_partial_features = partial;
	ok = nvnic_quirk_csum(dev, features, &whole) &&
	     nvnic_quirk_csum(dev, features | NETIF_F_GSO_PARTIAL, &part);
	dev->gso_partial_features = 0;

	nn->quirk_gre_udp = !ok || whole != part;
	if (nn->quirk_gre_udp)
		dev_info(&nn->bdev->dev, "this kernel miscalculates GRE checksums over UDP with gre-gso-partial: the stack segments such frames\n");
}

/* Does the type ask for a fixed ID of the outer header, which is IPv4? */
static bool nvnic_quirk_outer_id(const struct sk_buff *skb, u32 type)
{
	return NVNIC_GSO_FIXEDID_INNER && type & SKB_GSO_TCP_FIXEDID &&
	       type & (SKB_GSO_GRE | SKB_GSO_GRE_CSUM) &&
	       skb->protocol != htons(ETH_P_IPV6);
}

/**
 * nvnic_quirk_fits() - may a super-frame be given to the device?
 * @nn: port
 * @skb: frame, from its Ethernet header on
 *
 * Context: any.
 *
 * Return: false if what the stack prepares for the device would be wrong, or if
 * the outer IPv4 ID is to stay as it is, which the device does not do.
 */
bool nvnic_quirk_fits(const struct nvnic_net *nn, const struct sk_buff *skb)
{
	u32 type = skb_shinfo(skb)->gso_type;

	if (nvnic_quirk_outer_id(skb, type))
		return false;

	return !nn->quirk_gre_udp || !(type & SKB_GSO_UDP_L4) ||
	       !(type & SKB_GSO_GRE_CSUM) ||
	       !(nn->netdev->gso_partial_features & NETIF_F_GSO_GRE_CSUM);
}

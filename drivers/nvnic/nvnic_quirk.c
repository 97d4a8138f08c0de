// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: probing how this kernel segments super-frames behind GRE.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * See Documentation/kernel-faults.rst. The driver has the kernel segment test frames
 * instead of checking its version: distribution kernels carry fixes.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/gre.h>
#include <net/gso.h>
#include <net/ip.h>

#include "nvnic.h"

#define NVNIC_QUIRK_MSS		64	/* bytes */
#define NVNIC_QUIRK_SEGS	2
#define NVNIC_QUIRK_ROOM	64	/* bytes in front of the frame */
#define NVNIC_QUIRK_SOFTWARE	(NETIF_F_SG | NETIF_F_HW_CSUM)

/* UDP behind GRE with a checksum; all IDs are 0 */
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

/* Set DF, without which the kernel does not keep an ID. */
static void nvnic_quirk_ip(struct iphdr *ip, u8 protocol, u16 len)
{
	*ip = (struct iphdr) {
		.version = 4,
		.ihl = sizeof(*ip) / 4,
		.tot_len = htons(len),
		.frag_off = htons(IP_DF),
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

/* Build a super-frame as a tunnel would pass it to @dev; NULL without memory. */
static struct sk_buff *nvnic_quirk_skb(struct net_device *dev, u32 type)
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
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4 | SKB_GSO_GRE_CSUM | type;

	return skb;
}

/*
 * Have the stack segment the super-frame, with @type added to its gso_type, for
 * @features. Copies the headers of the last segment; false without memory.
 */
static bool nvnic_quirk_segment(struct net_device *dev, u32 type,
				netdev_features_t features,
				struct nvnic_quirk_frame *out)
{
	struct sk_buff *skb, *segs, *last;

	skb = nvnic_quirk_skb(dev, type);
	if (!skb)
		return false;

	segs = skb_gso_segment(skb, features);
	if (IS_ERR_OR_NULL(segs)) {
		kfree_skb(skb);
		return false;
	}

	for (last = segs; last->next; last = last->next)
		;
	memcpy(out, skb_mac_header(last), NVNIC_QUIRK_OFF(payload));
	kfree_skb_list(segs);
	consume_skb(skb);

	return true;
}

/*
 * Is the GRE checksum of a partial super-frame right? It is the same in all segments:
 * the inner checksum compensates their difference.
 */
static bool nvnic_quirk_partial(struct net_device *dev,
				netdev_features_t partial)
{
	struct nvnic_quirk_frame whole, part;
	bool ok;

	dev->gso_partial_features = partial;
	ok = nvnic_quirk_segment(dev, 0, NVNIC_QUIRK_SOFTWARE, &whole) &&
	     nvnic_quirk_segment(dev, 0, NVNIC_QUIRK_SOFTWARE |
				 NETIF_F_GSO_PARTIAL | NETIF_F_GSO_UDP_L4,
				 &part) &&
	     whole.gre_csum == part.gre_csum;
	dev->gso_partial_features = 0;

	return ok;
}

/* Find out which IDs the stack keeps for a bit of gso_type. */
static void nvnic_quirk_fixed(struct nvnic_net *nn, u32 type)
{
	struct nvnic_quirk_frame last;

	if (!type)
		return;

	/* Without memory assume none, so that the stack segments such frames. */
	if (!nvnic_quirk_segment(nn->netdev, type, NVNIC_QUIRK_SOFTWARE,
				 &last)) {
		nn->quirk_outer_fixed |= type;
		return;
	}

	if (!last.outer.id)
		nn->quirk_outer_fixed |= type;
	if (!last.ip.id)
		nn->quirk_inner_fixed |= type;
}

/**
 * nvnic_quirk_init() - find out how this kernel segments frames behind GRE
 * @nn: port, not registered yet, with its features set
 * @partial: features that the private flag gre-gso-partial makes partial
 *
 * Segments test frames.
 *
 * Context: process.
 */
void nvnic_quirk_init(struct nvnic_net *nn, netdev_features_t partial)
{
	nvnic_quirk_fixed(nn, SKB_GSO_TCP_FIXEDID);
	nvnic_quirk_fixed(nn, NVNIC_GSO_FIXEDID_INNER);

	nn->quirk_gre_udp = !nvnic_quirk_partial(nn->netdev, partial);
	if (nn->quirk_gre_udp)
		dev_info(&nn->bdev->dev, "this kernel miscalculates GRE checksums over UDP with gre-gso-partial: the stack segments such frames\n");
}

/**
 * nvnic_quirk_type() - normalise the bits for fixed IDs behind GRE
 * @nn: port
 * @type: gso_type of a super-frame
 *
 * Context: any.
 *
 * Return: @type with SKB_GSO_TCP_FIXEDID, and no other bit for a fixed ID, if the
 * stack would keep the innermost ID.
 */
u32 nvnic_quirk_type(const struct nvnic_net *nn, u32 type)
{
	bool fixed = type & nn->quirk_inner_fixed;

	if (!(type & (SKB_GSO_GRE | SKB_GSO_GRE_CSUM)))
		return type;

	type &= ~(SKB_GSO_TCP_FIXEDID | NVNIC_GSO_FIXEDID_INNER);

	return fixed ? type | SKB_GSO_TCP_FIXEDID : type;
}

/* Would the stack keep the ID of the outer IPv4 header? */
static bool nvnic_quirk_outer_id(const struct nvnic_net *nn,
				 const struct sk_buff *skb, u32 type)
{
	return type & nn->quirk_outer_fixed &&
	       type & (SKB_GSO_GRE | SKB_GSO_GRE_CSUM) &&
	       skb->protocol != htons(ETH_P_IPV6);
}

/**
 * nvnic_quirk_fits() - check a super-frame for faults of this kernel
 * @nn: port
 * @skb: frame, from its Ethernet header on
 *
 * Context: any.
 *
 * Return: false if the stack prepares wrong headers for the device, or would keep the
 * outer IPv4 ID, which the device cannot.
 */
bool nvnic_quirk_fits(const struct nvnic_net *nn, const struct sk_buff *skb)
{
	u32 type = skb_shinfo(skb)->gso_type;

	if (nvnic_quirk_outer_id(nn, skb, type))
		return false;

	return !nn->quirk_gre_udp || !(type & SKB_GSO_UDP_L4) ||
	       !(type & SKB_GSO_GRE_CSUM) ||
	       !(nn->netdev->gso_partial_features & NETIF_F_GSO_GRE_CSUM);
}

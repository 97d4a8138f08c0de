// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic driver: self-tests that send frames in loopback.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The reference is the stack's software segmentation: given the same super-frame, the
 * device must produce the same bytes.
 */
#include <linux/etherdevice.h>
#include <linux/iopoll.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/gre.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include <nvnic/counters.h>

#include "nvnic.h"
#include "nvnic_csr.h"
#include "nvnic_selftest.h"

/* Frames in flight, fewer than the smallest ring holds */
#define NVNIC_SELFTEST_BATCH	16

/* Longest wait for an empty TX ring, and interval of polling */
#define NVNIC_SELFTEST_EMPTY_US	USEC_PER_SEC
#define NVNIC_SELFTEST_STEP_US	50
#define NVNIC_SELFTEST_MSS	700
/* Five segments, the last one shorter and of odd length */
#define NVNIC_SELFTEST_PAYLOAD	(4 * NVNIC_SELFTEST_MSS + 77)
#define NVNIC_SELFTEST_KEY	0x00138807	/* VSID 5000, FlowID 7 */

/* IEEE 802 local experimental EtherType 1 */
#define NVNIC_SELFTEST_PROTO	0x88b5

/* Longest wait for a frame, and for an offload to be disabled */
#define NVNIC_LOOPED_WAIT	(2 * HZ)
#define NVNIC_LOOPED_SETTLE_US	(100 * USEC_PER_MSEC)

/* Offloads that would steer frames of the test elsewhere */
#define NVNIC_LOOPED_OFF	(NVNIC_OFF_BIT(NTUPLE) | NVNIC_OFF_BIT(TC))

static const u8 nvnic_looped_src[ETH_ALEN] = {
	0x02, 0x4e, 0x56, 0xff, 0xff, 0xfe
};

/* ---- Frames in loopback ---- */

/* Pass a frame to the driver directly; consumes it. False if the driver refused it. */
static bool nvnic_looped_send(struct nvnic_looped *looped, struct sk_buff *skb,
			      u16 queue)
{
	struct net_device *dev = looped->nn->netdev;
	struct netdev_queue *txq = netdev_get_tx_queue(dev, queue);
	netdev_tx_t ret;

	skb->dev = dev;
	skb_set_queue_mapping(skb, queue);
	local_bh_disable();
	HARD_TX_LOCK(dev, txq, smp_processor_id());
	ret = netdev_start_xmit(skb, dev, txq, false);
	HARD_TX_UNLOCK(dev, txq);
	local_bh_enable();
	if (ret == NETDEV_TX_OK)
		return true;

	kfree_skb(skb);
	return false;
}

/* Wait until @count frames have come back; false on a timeout. */
static bool nvnic_looped_await(struct nvnic_looped *looped, u32 count)
{
	return wait_event_timeout(looped->wait,
				  skb_queue_len_lockless(&looped->got) >= count,
				  NVNIC_LOOPED_WAIT);
}

/* Keep the frames of the test from the stack. */
static rx_handler_result_t nvnic_looped_receive(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;
	struct nvnic_looped *looped =
		rcu_dereference(skb->dev->rx_handler_data);

	if (!ether_addr_equal(eth_hdr(skb)->h_source, nvnic_looped_src))
		return RX_HANDLER_PASS;

	/* A packet socket may share the frame. */
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (!skb)
		return RX_HANDLER_CONSUMED;

	skb_push(skb, ETH_HLEN);
	skb_queue_tail(&looped->got, skb);
	wake_up(&looped->wait);

	return RX_HANDLER_CONSUMED;
}

/* Loopback with all requests enabled, or the port's own settings */
static void nvnic_looped_set(struct nvnic_net *nn, bool on)
{
	netdev_features_t features = nn->netdev->features;
	u32 mtu = nn->cfg.mtu;

	if (on) {
		features |= nn->netdev->hw_features &
			    ~(NETIF_F_NTUPLE | NETIF_F_HW_TC |
			      NETIF_F_HW_L2FW_DOFFLOAD);
		mtu = max(mtu, ETH_DATA_LEN);
	}
	nvnic_wr(nn->bdev, NVNIC_REG_FRAME_MAX, mtu + NVNIC_L2_OVERHEAD);
	nvnic_set_features(nn->netdev, features);
	if (!nvnic_features_settle(nn, NVNIC_LOOPED_SETTLE_US))
		mod_delayed_work(system_percpu_wq, &nn->service, 1);

	/* Disable the rules, but keep them: they must not match frames of the test. */
	nvnic_wr(nn->bdev, NVNIC_REG_EN, on ? nn->en & ~NVNIC_LOOPED_OFF : nn->en);
}

/**
 * nvnic_looped_begin() - detach a port from the stack, turn on loopback
 * @looped: loopback; its port is up
 *
 * Context: process, instance lock.
 *
 * Return: 0, or -EBUSY if the port has another rx_handler.
 */
int nvnic_looped_begin(struct nvnic_looped *looped)
{
	struct nvnic_net *nn = looped->nn;
	int err;

	skb_queue_head_init(&looped->got);
	init_waitqueue_head(&looped->wait);
	err = netdev_rx_handler_register(nn->netdev, nvnic_looped_receive,
					 looped);
	if (err) {
		netdev_err(nn->netdev, "frames cannot be tested while the port belongs to a bridge, a bond or the like\n");
		return err;
	}

	WRITE_ONCE(nn->down, true);
	netif_tx_disable(nn->netdev);
	nvnic_looped_set(nn, true);

	return 0;
}

/**
 * nvnic_looped_end() - undo nvnic_looped_begin()
 * @looped: loopback
 *
 * Context: process, instance lock.
 */
void nvnic_looped_end(struct nvnic_looped *looped)
{
	struct nvnic_net *nn = looped->nn;

	nvnic_looped_set(nn, false);
	netdev_rx_handler_unregister(nn->netdev);
	skb_queue_purge(&looped->got);
	WRITE_ONCE(nn->down, false);
}

/* ---- Frames of the tests ---- */

/**
 * struct nvnic_seg_row - a super-frame
 * @name: name in ``ethtool -t``
 * @outer: IP version of the tunnel, 0: none
 * @inner: IP version under TCP or UDP
 * @udp: UDP, not TCP
 */
struct nvnic_seg_row {
	const char *name;
	u8 outer;
	u8 inner;
	bool udp;
};

static const struct nvnic_seg_row nvnic_seg_rows[] = {
	{ "lso tcp4", 0, 4 },
	{ "lso tcp6", 0, 6 },
	{ "uso udp4", 0, 4, true },
	{ "lso nvgre4 tcp4", 4, 4 },
	{ "lso nvgre4 tcp6", 4, 6 },
	{ "lso nvgre6 tcp4", 6, 4 },
	{ "uso nvgre4 udp4", 4, 4, true },
};

static void nvnic_test_fill(u8 *data, u32 len, u32 seed)
{
	u32 i;

	for (i = 0; i < len; i++)
		data[i] = (i + seed) * 31 + (i >> 8);
}

/* ---- Comparison ---- */

static bool nvnic_test_equal(struct sk_buff *got, struct sk_buff *want)
{
	if (got->len != want->len || skb_linearize(got) || skb_linearize(want))
		return false;

	return !memcmp(got->data, want->data, want->len);
}

/* Compare @want with the received frame; consumes both. */
static bool nvnic_test_compare(struct nvnic_looped *looped,
			       struct sk_buff *want)
{
	struct sk_buff *next, *got;
	bool ok = true;

	skb_list_walk_safe(want, want, next) {
		got = skb_dequeue(&looped->got);
		ok = ok && got && nvnic_test_equal(got, want);
		kfree_skb(got);
		kfree_skb(want);
	}
	ok = ok && skb_queue_empty(&looped->got);
	skb_queue_purge(&looped->got);

	return ok;
}

/* Send @skb and expect the list @want; consumes both. */
static bool nvnic_test_roundtrip(struct nvnic_looped *looped,
				 struct sk_buff *skb, struct sk_buff *want)
{
	struct sk_buff *seg;
	u32 count = 0;
	bool sent;

	for (seg = want; seg; seg = seg->next)
		count++;
	sent = nvnic_looped_send(looped, skb, 0) &&
	       nvnic_looped_await(looped, count);

	return nvnic_test_compare(looped, want) && sent;
}

/* ---- Building of frames, from the inside out ---- */

static void nvnic_test_eth(const struct nvnic_looped *looped,
			   struct sk_buff *skb, u16 proto)
{
	struct ethhdr *eth = skb_push(skb, ETH_HLEN);

	ether_addr_copy(eth->h_dest, looped->nn->netdev->dev_addr);
	ether_addr_copy(eth->h_source, nvnic_looped_src);
	eth->h_proto = htons(proto);
}

static void nvnic_test_ip4(struct sk_buff *skb, u8 proto)
{
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	*iph = (struct iphdr) {
		.version = 4,
		.ihl = sizeof(*iph) / 4,
		.tot_len = htons(skb->len),
		.id = htons(0xfffe),
		.ttl = 64,
		.protocol = proto,
		.saddr = htonl(0xc0000201),	/* RFC 5737 */
		.daddr = htonl(0xc0000202),
	};
	ip_send_check(iph);
}

static void nvnic_test_ip6(struct sk_buff *skb, u8 proto)
{
	u32 len = skb->len;
	struct ipv6hdr *iph = skb_push(skb, sizeof(*iph));

	*iph = (struct ipv6hdr) {
		.version = 6,
		.payload_len = htons(len),
		.nexthdr = proto,
		.hop_limit = 64,
		.saddr.s6_addr32 = { htonl(0x20010db8), 0, 0, htonl(1) },
		.daddr.s6_addr32 = { htonl(0x20010db8), 0, 0, htonl(2) },
	};
}

static void nvnic_test_ip(struct sk_buff *skb, u8 version, u8 proto)
{
	if (version == 4)
		nvnic_test_ip4(skb, proto);
	else
		nvnic_test_ip6(skb, proto);
}

static u16 nvnic_test_ethertype(u8 version)
{
	return version == 4 ? ETH_P_IP : ETH_P_IPV6;
}

/* Checksum of the pseudo-header for the payload behind the IP header at skb->data */
static __sum16 nvnic_test_pseudo(const struct sk_buff *skb, u8 version,
				 u8 proto)
{
	const struct ipv6hdr *ip6 = (const void *)skb->data;
	const struct iphdr *ip4 = (const void *)skb->data;

	if (version == 4)
		return ~csum_tcpudp_magic(ip4->saddr, ip4->daddr,
					  skb->len - sizeof(*ip4), proto, 0);

	return ~csum_ipv6_magic(&ip6->saddr, &ip6->daddr,
				skb->len - sizeof(*ip6), proto, 0);
}

/* Push a TCP or UDP header, with the checksum left to offload, and an IP header. */
static void nvnic_test_l4(struct sk_buff *skb, u8 version, bool udp)
{
	u8 proto = udp ? IPPROTO_UDP : IPPROTO_TCP;
	struct udphdr *uh;
	struct tcphdr *th;
	void *l4;

	if (udp) {
		uh = skb_push(skb, sizeof(*uh));
		*uh = (struct udphdr) {
			.source = htons(5000), .dest = htons(5001),
			.len = htons(skb->len),
		};
		skb->csum_offset = offsetof(struct udphdr, check);
	} else {
		th = skb_push(skb, sizeof(*th));
		*th = (struct tcphdr) {
			.source = htons(5000), .dest = htons(5001),
			.seq = htonl(0xfffffe00), .ack_seq = htonl(7),
			.doff = sizeof(*th) / 4, .ack = 1, .psh = 1, .fin = 1,
			.window = htons(1000),
		};
		skb->csum_offset = offsetof(struct tcphdr, check);
	}

	l4 = skb->data;
	skb->csum_start = skb_headroom(skb);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb_reset_transport_header(skb);
	nvnic_test_ip(skb, version, proto);
	skb_reset_network_header(skb);
	*(__sum16 *)(l4 + skb->csum_offset) =
		nvnic_test_pseudo(skb, version, proto);
}

static void nvnic_test_nvgre(const struct nvnic_looped *looped,
			     struct sk_buff *skb, u8 version)
{
	__be32 *key;
	u16 *gre;

	skb_reset_mac_header(skb);
	skb_reset_inner_headers(skb);
	skb_set_inner_protocol(skb, htons(ETH_P_TEB));
	skb->encapsulation = 1;

	key = skb_push(skb, sizeof(*key));
	*key = htonl(NVNIC_SELFTEST_KEY);
	gre = skb_push(skb, 2 * sizeof(*gre));
	put_unaligned_be16(0x2000, gre);
	put_unaligned_be16(ETH_P_TEB, gre + 1);
	skb_reset_transport_header(skb);
	nvnic_test_ip(skb, version, IPPROTO_GRE);
	skb_reset_network_header(skb);
	nvnic_test_eth(looped, skb, nvnic_test_ethertype(version));
}

static struct sk_buff *nvnic_test_payload(const struct nvnic_looped *looped,
					  u32 len)
{
	struct sk_buff *skb = alloc_skb(NVNIC_MAX_HDR_LEN + len, GFP_KERNEL);

	if (!skb)
		return NULL;
	skb->dev = looped->nn->netdev;
	skb_reserve(skb, NVNIC_MAX_HDR_LEN);
	nvnic_test_fill(skb_put(skb, len), len, 0);

	return skb;
}

static struct sk_buff *nvnic_test_super(const struct nvnic_looped *looped,
					const struct nvnic_seg_row *row)
{
	struct sk_buff *skb;

	skb = nvnic_test_payload(looped, NVNIC_SELFTEST_PAYLOAD);
	if (!skb)
		return NULL;

	nvnic_test_l4(skb, row->inner, row->udp);
	nvnic_test_eth(looped, skb, nvnic_test_ethertype(row->inner));
	if (row->outer)
		nvnic_test_nvgre(looped, skb, row->outer);
	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;

	skb_shinfo(skb)->gso_size = NVNIC_SELFTEST_MSS;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(NVNIC_SELFTEST_PAYLOAD,
						 NVNIC_SELFTEST_MSS);
	if (row->udp)
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	else
		skb_shinfo(skb)->gso_type = row->inner == 4 ? SKB_GSO_TCPV4 :
							      SKB_GSO_TCPV6;
	if (row->outer)
		skb_shinfo(skb)->gso_type |= SKB_GSO_GRE;

	return skb;
}

/* ---- The tests ---- */

static u64 nvnic_test_lso(const struct nvnic_looped *looped)
{
	struct nvnic_bus_dev *bdev = looped->nn->bdev;

	return nvnic_rd(bdev, NVNIC_REG_TXQ_CNT(0, NVNIC_TC_LSO_NATIVE)) +
	       nvnic_rd(bdev, NVNIC_REG_TXQ_CNT(0, NVNIC_TC_USO));
}

/**
 * nvnic_selftest_seg_count() - number of super-frames to test
 *
 * Return: the number.
 */
u32 nvnic_selftest_seg_count(void)
{
	return ARRAY_SIZE(nvnic_seg_rows);
}

/**
 * nvnic_selftest_seg_name() - name of a super-frame in ``ethtool -t``
 * @row: number of the super-frame
 *
 * Return: the name.
 */
const char *nvnic_selftest_seg_name(u32 row)
{
	return nvnic_seg_rows[row].name;
}

/**
 * nvnic_selftest_seg() - compare the device's segments with skb_gso_segment()
 * @looped: loopback
 * @row: number of the super-frame
 *
 * Context: process, instance lock.
 *
 * Return: true if the device segmented the super-frame, and each byte is equal.
 */
bool nvnic_selftest_seg(struct nvnic_looped *looped, u32 row)
{
	u64 before = nvnic_test_lso(looped);
	struct sk_buff *skb, *copy, *want;
	bool ok;

	skb = nvnic_test_super(looped, &nvnic_seg_rows[row]);
	if (!skb)
		return false;

	copy = skb_copy(skb, GFP_KERNEL);
	want = copy ? skb_gso_segment(copy, NETIF_F_SG) : NULL;
	kfree_skb(copy);
	if (IS_ERR_OR_NULL(want)) {
		netdev_err(looped->nn->netdev, "%s: the stack failed to segment it: %d\n",
			   nvnic_seg_rows[row].name, PTR_ERR_OR_ZERO(want));
		kfree_skb(skb);
		return false;
	}

	ok = nvnic_test_roundtrip(looped, skb, want);
	if (nvnic_test_lso(looped) != before + 1) {
		netdev_err(looped->nn->netdev, "%s: not segmented by the device\n",
			   nvnic_seg_rows[row].name);
		return false;
	}

	return ok;
}

/**
 * nvnic_selftest_frame() - send the longest frame and compare it
 * @looped: loopback
 *
 * The device fills in the UDP checksum of the frame sent, the stack that of the
 * reference.
 *
 * Context: process, instance lock.
 *
 * Return: true if they are equal.
 */
bool nvnic_selftest_frame(struct nvnic_looped *looped)
{
	u32 hdr_len = sizeof(struct iphdr) + sizeof(struct udphdr);
	struct sk_buff *skb, *want;

	skb = nvnic_test_payload(looped, looped->nn->netdev->mtu - hdr_len);
	if (!skb)
		return false;
	nvnic_test_l4(skb, 4, true);
	nvnic_test_eth(looped, skb, ETH_P_IP);
	skb_reset_mac_header(skb);
	skb->protocol = htons(ETH_P_IP);

	want = skb_copy(skb, GFP_KERNEL);
	if (!want || skb_checksum_help(want)) {
		kfree_skb(want);
		kfree_skb(skb);
		return false;
	}

	return nvnic_test_roundtrip(looped, skb, want);
}

/* Send a batch of short numbered frames. */
static bool nvnic_selftest_batch(struct nvnic_looped *looped, u16 queue,
				 u32 first, u32 count)
{
	const struct nvnic_tx_ring *ring = looped->nn->tx[queue];
	struct sk_buff *skb;
	bool ok = true;
	u16 avail;
	u32 i;

	/* Frames may arrive before their TX completions are reaped. Wait for an
	 * empty ring, because nothing would wake a queue that stops when full.
	 */
	if (read_poll_timeout(nvnic_tx_avail, avail, avail == ring->size - 1,
			      NVNIC_SELFTEST_STEP_US, NVNIC_SELFTEST_EMPTY_US,
			      false, ring))
		return false;

	for (i = 0; ok && i < count; i++) {
		skb = nvnic_test_payload(looped, ETH_ZLEN - ETH_HLEN);
		if (!skb)
			return false;
		put_unaligned_be32(first + i, skb->data);
		nvnic_test_eth(looped, skb, NVNIC_SELFTEST_PROTO);
		skb_reset_mac_header(skb);
		skb->protocol = htons(NVNIC_SELFTEST_PROTO);
		ok = nvnic_looped_send(looped, skb, queue);
	}
	ok = ok && nvnic_looped_await(looped, count);

	for (i = 0; ok && i < count; i++) {
		skb = skb_dequeue(&looped->got);
		ok = skb->len == ETH_ZLEN &&
		     get_unaligned_be32(skb->data + ETH_HLEN) == first + i;
		kfree_skb(skb);
	}
	ok = ok && skb_queue_empty(&looped->got);
	skb_queue_purge(&looped->got);

	return ok;
}

/**
 * nvnic_selftest_rings() - check the order of frames over a wrap of each TX ring
 * @looped: loopback
 *
 * Context: process, instance lock.
 *
 * Return: true if all frames came back in order.
 */
bool nvnic_selftest_rings(struct nvnic_looped *looped)
{
	struct nvnic_net *nn = looped->nn;
	u32 q, n;

	for (q = 0; q < nn->rings->cfg.num; q++)
		for (n = 0; n <= nn->cfg.tx_size; n += NVNIC_SELFTEST_BATCH)
			if (!nvnic_selftest_batch(looped, q, n,
						  NVNIC_SELFTEST_BATCH)) {
				netdev_err(nn->netdev, "TX ring %u: frames %u to %u did not come back in order\n",
					   q, n, n + NVNIC_SELFTEST_BATCH - 1);
				return false;
			}

	return true;
}

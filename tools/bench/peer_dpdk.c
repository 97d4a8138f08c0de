// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmarks of the packet engines: peers from DPDK.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_ethdev.h>
#include <rte_gso.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <rte_tcp.h>
#include <rte_thash.h>

#include "bench.h"
#include "peer.h"
#include "peer_gfni.h"

#define PEER_ARGS	9
#define PEER_SEGMENTS	64
#define PEER_KEY_LEN	40
#define PEER_FLAGS	(RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4 |	\
			 RTE_MBUF_F_TX_OUTER_IPV4 | RTE_MBUF_F_TX_TUNNEL_GRE)
#define PEER_OFF(_p, _type, _off)	((struct _type *)((_p) + (_off)))

static void peer_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, rte_strerror(rte_errno));
	exit(1);
}

/* No huge pages, no devices, no files: it runs anywhere. */
void peer_init(void)
{
	char *argv[PEER_ARGS] = {
		"bench", "--no-huge", "--no-pci", "--no-shconf",
		"--no-telemetry", "-m", "64", "--log-level", "error",
	};

	if (rte_eal_init(PEER_ARGS, argv) < 0)
		peer_die("rte_eal_init");
}

/* ---- Toeplitz ---- */

static struct {
	u32 key[PEER_KEY_LEN / 4];
	u32 tuple[1024 * 9];	/* words in host order, as softrss wants them */
	u64 matrix[PEER_KEY_LEN];
} peer_hash;

static u64 peer_softrss(void *ctx, u32 n)
{
	const struct peer_tuples *t = ctx;
	u32 words = t->len / 4;
	u64 all = 0;
	u32 i;

	while (n--)
		for (i = 0; i < t->count; i++)
			all ^= rte_softrss_be(peer_hash.tuple + i * words,
					      words, (u8 *)peer_hash.key);
	return all;
}

static u64 peer_gfni(void *ctx, u32 n)
{
	const struct peer_tuples *t = ctx;
	u64 all = 0;
	u32 i;

	while (n--)
		for (i = 0; i < t->count; i++)
			all ^= rte_thash_gfni(peer_hash.matrix,
					      t->tuple + i * t->len, t->len);
	return all;
}

void peer_toeplitz(const struct peer_tuples *t)
{
	u32 words = t->len / 4 * t->count;
	u32 i;

	rte_convert_rss_key((const u32 *)t->key, peer_hash.key, PEER_KEY_LEN);
	for (i = 0; i < words; i++)
		peer_hash.tuple[i] = get_unaligned_be32(t->tuple + i * 4);
	bench_add("rte_softrss_be", peer_softrss, (void *)t);
	if (!PEER_GFNI) {
		bench_skip("rte_thash_gfni", "this CPU has no GFNI");
		return;
	}
	rte_thash_complete_matrix(peer_hash.matrix, t->key, PEER_KEY_LEN);
	bench_add("rte_thash_gfni", peer_gfni, (void *)t);
}

/* ---- Segmentation ---- */

static struct {
	struct rte_mempool *super, *direct, *indirect;
	struct rte_mbuf *pkt;
	struct rte_gso_ctx gso;
} peer_seg;

/*
 * What rte_gso leaves to its caller: one piece of memory for each frame, and
 * the checksums.
 */
static void peer_finish(const struct peer_lso *l, struct rte_mbuf *seg, u8 *to)
{
	u32 inner = seg->outer_l2_len + seg->outer_l3_len + seg->l2_len;
	struct rte_ipv4_hdr *ip = PEER_OFF(to, rte_ipv4_hdr, inner);
	struct rte_ipv4_hdr *outer;
	struct rte_tcp_hdr *tcp;
	u32 off = 0;

	for (; seg; seg = seg->next) {
		rte_memcpy(to + off, rte_pktmbuf_mtod(seg, u8 *),
			   seg->data_len);
		off += seg->data_len;
	}
	outer = PEER_OFF(to, rte_ipv4_hdr, RTE_ETHER_HDR_LEN);
	outer->hdr_checksum = 0;
	outer->hdr_checksum = rte_ipv4_cksum(outer);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp = PEER_OFF(to, rte_tcp_hdr, l->hdr_len - sizeof(*tcp));
	tcp->cksum = 0;
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
}

static u64 peer_lso_run(void *ctx, u32 n)
{
	const struct peer_lso *l = ctx;
	struct rte_mbuf *seg[PEER_SEGMENTS];
	u32 times = n;
	int i, count;

	while (n--) {
		/* which it clears */
		peer_seg.pkt->ol_flags = PEER_FLAGS;
		count = rte_gso_segment(peer_seg.pkt, &peer_seg.gso, seg,
					PEER_SEGMENTS);
		if (count <= 0) {
			rte_errno = -count;
			peer_die("rte_gso_segment");
		}
		for (i = 0; i < count; i++)
			peer_finish(l, seg[i], l->wire + i * l->stride);
		rte_pktmbuf_free_bulk(seg, count);
	}
	return times == 1 ? peer_lso_digest(l) : 0;
}

static void peer_lso_pools(void)
{
	peer_seg.super = rte_pktmbuf_pool_create("super", 3, 0, 0, UINT16_MAX,
						 SOCKET_ID_ANY);
	peer_seg.direct = rte_pktmbuf_pool_create("direct", 1023, 128, 0, 512,
						  SOCKET_ID_ANY);
	peer_seg.indirect = rte_pktmbuf_pool_create("indirect", 1023, 128, 0,
						    0, SOCKET_ID_ANY);
	if (!peer_seg.super || !peer_seg.direct || !peer_seg.indirect)
		peer_die("rte_pktmbuf_pool_create");
}

/*
 * rte_gso knows GRE without an Ethernet header inside. For it that header, and
 * the GRE header, are the inner packet's l2_len, whose content it never looks
 * at: so NVGRE is cut as well.
 */
void peer_lso(const struct peer_lso *l)
{
	u32 len = l->hdr_len + l->payload_len;
	struct rte_mbuf *m;

	if (!peer_seg.super)
		peer_lso_pools();
	rte_pktmbuf_free(peer_seg.pkt);
	m = rte_pktmbuf_alloc(peer_seg.super);
	if (!m || !rte_pktmbuf_append(m, len))
		peer_die("rte_pktmbuf_append");
	memcpy(rte_pktmbuf_mtod(m, u8 *), l->frame, len);
	m->outer_l2_len = RTE_ETHER_HDR_LEN;
	m->outer_l3_len = sizeof(struct rte_ipv4_hdr);
	m->l2_len = 8 + RTE_ETHER_HDR_LEN;
	m->l3_len = sizeof(struct rte_ipv4_hdr);
	m->l4_len = sizeof(struct rte_tcp_hdr);
	peer_seg.pkt = m;
	peer_seg.gso = (struct rte_gso_ctx){
		.direct_pool = peer_seg.direct,
		.indirect_pool = peer_seg.indirect,
		.gso_types = RTE_ETH_TX_OFFLOAD_GRE_TNL_TSO,
		.gso_size = l->hdr_len + l->mss,
	};
	bench_add("rte_gso", peer_lso_run, (void *)l);
}

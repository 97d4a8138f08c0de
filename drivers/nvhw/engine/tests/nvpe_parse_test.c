// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine tests: parser.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <kunit/test.h>

#include "nvpe_testlib.h"

#define NVPE_PARSE_ROUNDS	3000
#define NVPE_PARSE_BUF		512
#define NVPE_TUN		NVPE_PARSE_F_TUNNEL

struct nvpe_parse_edit {
	u16 off;
	u8 len;		/* 1 or 2, 0: none */
	u16 val;
};

struct nvpe_parse_case {
	const char *name;
	const char *layout;
	u32 payload;
	u32 frame_len;	/* 0: as built */
	u32 flags;
	struct nvpe_parse_edit edit[2];
	/* Expected */
	u8 outcome;
	u8 tunnel;
	u8 l4;
	u16 l4_off;
	u16 hdr_len;
	u16 inner_off;
	u16 gre_off;
	bool hides;	/* a tunnel, besides BAD and TOO_LONG */
};

static const struct nvpe_parse_case nvpe_parse_good[] = {
	{ "arp", "E", 28, .outcome = NVPE_PARSE_L2 },
	{ "802.3 length", "E", 46, .edit = { { 12, 2, 46 } },
	  .outcome = NVPE_PARSE_L2 },
	{ "ipv4 tcp", "E4T", 10, 0, NVPE_TUN, .outcome = NVPE_PARSE_L4,
	  .l4 = 6, .l4_off = 34, .hdr_len = 54 },
	{ "ipv4 tcp, no payload", "E4T", 0, .outcome = NVPE_PARSE_L4, .l4 = 6,
	  .l4_off = 34, .hdr_len = 54 },
	{ "ipv4 tcp, padded", "E4T", 0, 60, .outcome = NVPE_PARSE_L4, .l4 = 6,
	  .l4_off = 34, .hdr_len = 54 },
	{ "ipv4 options, tcp options", "E5O", 1, .outcome = NVPE_PARSE_L4,
	  .l4 = 6, .l4_off = 42, .hdr_len = 74 },
	{ "ipv6 udp", "E6U", 5, .outcome = NVPE_PARSE_L4, .l4 = 17,
	  .l4_off = 54, .hdr_len = 62 },
	{ "udp shorter than its packet", "E4U", 9, .edit = { { 38, 2, 12 } },
	  .outcome = NVPE_PARSE_L4, .l4 = 17, .l4_off = 34, .hdr_len = 42 },
	{ "two tags", "EAV6T", 5, .outcome = NVPE_PARSE_L4, .l4 = 6,
	  .l4_off = 62, .hdr_len = 82 },
	{ "three tags are not looked into", "EVVV4T", 5,
	  .outcome = NVPE_PARSE_L2, .hides = true },
	{ "every extension header", "E6HDRST", 5, .outcome = NVPE_PARSE_L4,
	  .l4 = 6, .l4_off = 118, .hdr_len = 138 },
	{ "unknown protocol", "E4", 30, .outcome = NVPE_PARSE_IP },
	{ "unknown protocol behind extensions", "E6DS", 30,
	  .outcome = NVPE_PARSE_IP },
	{ "ipv6 fragment", "E6FU", 16, .outcome = NVPE_PARSE_FRAG },
	/* RFC 6946 */
	{ "ipv6 atomic fragment", "E6FU", 16, .edit = { { 56, 2, 0 } },
	  .outcome = NVPE_PARSE_L4, .l4 = 17, .l4_off = 62, .hdr_len = 70 },
	{ "ipv6 atomic fragment, reserved bits", "E6FU", 16,
	  .edit = { { 55, 1, 0xff }, { 56, 2, 6 } }, .outcome = NVPE_PARSE_L4,
	  .l4 = 17, .l4_off = 62, .hdr_len = 70 },
	{ "ipv6 last fragment", "E6FU", 16, .edit = { { 56, 2, 8 } },
	  .outcome = NVPE_PARSE_FRAG },
	{ "ipv6 length 0, hop-by-hop", "E6HT", 9, .edit = { { 18, 2, 0 } },
	  .outcome = NVPE_PARSE_L4, .l4 = 6, .l4_off = 62, .hdr_len = 82 },
	{ "ipv4 first fragment", "E4U", 16, .edit = { { 20, 2, 0x2000 } },
	  .outcome = NVPE_PARSE_FRAG },
	{ "ipv4 last fragment", "E4U", 16, .edit = { { 20, 2, 0x00b9 } },
	  .outcome = NVPE_PARSE_FRAG },
	{ "ipv4 DF is no fragment", "E4U", 16, .edit = { { 20, 2, 0x4000 } },
	  .outcome = NVPE_PARSE_L4, .l4 = 17, .l4_off = 34, .hdr_len = 42 },
	{ "fragment with a short tcp header", "E4", 8,
	  .edit = { { 20, 2, 0x2000 }, { 23, 1, 6 } },
	  .outcome = NVPE_PARSE_FRAG },
	/* RFC 7637 section 3.2, figure 1: 14 + 20 + 8 + 14 + 20 */
	{ "nvgre", NVPE_TEST_NVGRE, 100, 0, NVPE_TUN, .outcome = NVPE_PARSE_L4,
	  .tunnel = NVPE_TUNNEL_NVGRE, .l4 = 6, .l4_off = 76, .hdr_len = 96,
	  .inner_off = 56, .gre_off = 34 },
	{ "nvgre, not looked through", NVPE_TEST_NVGRE, 100,
	  .outcome = NVPE_PARSE_IP, .hides = true },
	/* RFC 2784 section 2.2.1, and what Linux ignores beyond it */
	{ "nvgre with strict source route", NVPE_TEST_NVGRE, 9, 0, NVPE_TUN,
	  { { 34, 2, 0x2800 } }, .outcome = NVPE_PARSE_L4,
	  .tunnel = NVPE_TUNNEL_NVGRE, .l4 = 6, .l4_off = 76, .hdr_len = 96,
	  .inner_off = 56, .gre_off = 34 },
	{ "nvgre with recursion control", NVPE_TEST_NVGRE, 9, 0, NVPE_TUN,
	  { { 34, 2, 0x2100 } }, .outcome = NVPE_PARSE_L4,
	  .tunnel = NVPE_TUNNEL_NVGRE, .l4 = 6, .l4_off = 76, .hdr_len = 96,
	  .inner_off = 56, .gre_off = 34 },
	{ "nvgre with every reserved flag", NVPE_TEST_NVGRE, 9, 0, NVPE_TUN,
	  { { 34, 2, 0x2ff8 } }, .outcome = NVPE_PARSE_L4,
	  .tunnel = NVPE_TUNNEL_NVGRE, .l4 = 6, .l4_off = 76, .hdr_len = 96,
	  .inner_off = 56, .gre_off = 34 },
	{ "gre with reserved flags is no nvgre", "E4G4T", 9, 0, NVPE_TUN,
	  { { 34, 2, 0x0880 } }, .outcome = NVPE_PARSE_L4,
	  .tunnel = NVPE_TUNNEL_GRE, .l4 = 6, .l4_off = 58, .hdr_len = 78,
	  .inner_off = 38, .gre_off = 34 },
	{ "nvgre behind an atomic fragment", "E6FKE4T", 40, 0, NVPE_TUN,
	  { { 56, 2, 0 } }, .outcome = NVPE_PARSE_L4,
	  .tunnel = NVPE_TUNNEL_NVGRE, .l4 = 6, .l4_off = 104, .hdr_len = 124,
	  .inner_off = 84, .gre_off = 62 },
	{ "nvgre behind length 0", "E6HKE4T", 40, 0, NVPE_TUN,
	  { { 18, 2, 0 } }, .outcome = NVPE_PARSE_L4,
	  .tunnel = NVPE_TUNNEL_NVGRE, .l4 = 6, .l4_off = 104, .hdr_len = 124,
	  .inner_off = 84, .gre_off = 62 },
	{ "nvgre, gre inside is not looked into", "E4KE4G4T", 40, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_IP, .tunnel = NVPE_TUNNEL_NVGRE,
	  .inner_off = 56, .gre_off = 34, .hides = true },
	{ "nvgre, fragment of gre inside", "E4KE4G4T", 40, 0, NVPE_TUN,
	  { { 62, 2, 0x2000 } }, .outcome = NVPE_PARSE_FRAG,
	  .tunnel = NVPE_TUNNEL_NVGRE, .inner_off = 56, .gre_off = 34,
	  .hides = true },
	{ "nvgre, three tags inside", "E4KEVVV4T", 40, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_L2, .tunnel = NVPE_TUNNEL_NVGRE,
	  .gre_off = 34, .hides = true },
	{ "authentication of ipv4 is not skipped", "E4SKE4T", 40, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_IP, .hides = true },
	{ "nvgre over ipv6, ipv6 inside", "E6KE6U", 100, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_L4, .tunnel = NVPE_TUNNEL_NVGRE, .l4 = 17,
	  .l4_off = 116, .hdr_len = 124, .inner_off = 76, .gre_off = 54 },
	{ "nvgre, tagged inside", "EV4KEV4T", 100, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_L4, .tunnel = NVPE_TUNNEL_NVGRE, .l4 = 6,
	  .l4_off = 84, .hdr_len = 104, .inner_off = 64, .gre_off = 38 },
	{ "nvgre, arp inside", "E4KE", 28, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_L2, .tunnel = NVPE_TUNNEL_NVGRE,
	  .gre_off = 34 },
	{ "nvgre, fragment inside", "E4KE4U", 16, 0, NVPE_TUN,
	  { { 62, 2, 0x2000 } }, .outcome = NVPE_PARSE_FRAG,
	  .tunnel = NVPE_TUNNEL_NVGRE, .inner_off = 56, .gre_off = 34 },
	{ "nvgre, icmp inside", "E4KE4", 64, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_IP, .tunnel = NVPE_TUNNEL_NVGRE,
	  .inner_off = 56, .gre_off = 34 },
	{ "gre with sequence number is no nvgre", "E4QE4T", 1, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_L4, .tunnel = NVPE_TUNNEL_GRE, .l4 = 6,
	  .l4_off = 80, .hdr_len = 100, .inner_off = 60, .gre_off = 34 },
	{ "gre with checksum is no nvgre", "E4BE4T", 1, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_L4, .tunnel = NVPE_TUNNEL_GRE, .l4 = 6,
	  .l4_off = 80, .hdr_len = 100, .inner_off = 60, .gre_off = 34 },
	{ "gre with all fields, ip inside", "E4W6T", 1, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_L4, .tunnel = NVPE_TUNNEL_GRE, .l4 = 6,
	  .l4_off = 90, .hdr_len = 110, .inner_off = 50, .gre_off = 34 },
	{ "gre with key, ip inside, is no nvgre", "E4K4T", 1, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_L4, .tunnel = NVPE_TUNNEL_GRE, .l4 = 6,
	  .l4_off = 62, .hdr_len = 82, .inner_off = 42, .gre_off = 34 },
	{ "ip6gre, encapsulation limit option", "E6DG4T", 1, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_L4, .tunnel = NVPE_TUNNEL_GRE, .l4 = 6,
	  .l4_off = 86, .hdr_len = 106, .inner_off = 66, .gre_off = 62 },
	{ "gre, unknown payload", "E4G", 40, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_IP, .tunnel = NVPE_TUNNEL_GRE, .gre_off = 34,
	  .hides = true },
	{ "gre inside gre is not looked into", "E4G4G4T", 40, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_IP, .tunnel = NVPE_TUNNEL_GRE,
	  .inner_off = 38, .gre_off = 34, .hides = true },
	{ "gre in a fragment is not looked into", NVPE_TEST_NVGRE, 40, 0,
	  NVPE_TUN, { { 20, 2, 0x2000 } }, .outcome = NVPE_PARSE_FRAG,
	  .hides = true },
	{ "gre behind an ipv6 fragment header", "E6FKE4T", 40, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_FRAG, .hides = true },
	{ "gre behind a fragment header and options", "E6FDKE4T", 40, 0,
	  NVPE_TUN, .outcome = NVPE_PARSE_FRAG, .hides = true },
	{ "template, ip lengths 0", "E4BE6T", 100, 0,
	  NVPE_TUN | NVPE_PARSE_F_TEMPLATE, { { 16, 2, 0 }, { 64, 2, 0 } },
	  .outcome = NVPE_PARSE_L4, .tunnel = NVPE_TUNNEL_GRE, .l4 = 6,
	  .l4_off = 100, .hdr_len = 120, .inner_off = 60, .gre_off = 34 },
	{ "template, udp length 0", "E4U", 100, 0, NVPE_PARSE_F_TEMPLATE,
	  { { 38, 2, 0 } }, .outcome = NVPE_PARSE_L4, .l4 = 17, .l4_off = 34,
	  .hdr_len = 42 },
};

static const struct nvpe_parse_case nvpe_parse_malformed[] = {
	{ "no whole ethernet header", "E", 0, 13, .outcome = NVPE_PARSE_BAD },
	{ "cut in a tag", "EV4T", 0, 17, .outcome = NVPE_PARSE_BAD },
	{ "cut in a second tag", "EAV4T", 0, 21, .outcome = NVPE_PARSE_BAD },
	{ "cut in ipv4", "E4T", 0, 33, .outcome = NVPE_PARSE_BAD },
	{ "cut in ipv4 options", "E5T", 0, 41, .outcome = NVPE_PARSE_BAD },
	{ "cut in ipv6", "E6T", 0, 53, .outcome = NVPE_PARSE_BAD },
	{ "cut behind ipv6", "E6T", 0, 54, .outcome = NVPE_PARSE_BAD },
	{ "cut in tcp", "E4T", 0, 53, .outcome = NVPE_PARSE_BAD },
	{ "version 6 in ipv4", "E4T", 9, .edit = { { 14, 1, 0x65 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "version 4 in ipv6", "E6T", 9, .edit = { { 14, 1, 0x45 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "IHL 4", "E4T", 9, .edit = { { 14, 1, 0x44 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "IHL 0", "E4T", 9, .edit = { { 14, 1, 0x40 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "IHL beyond the packet", "E4T", 9, .edit = { { 14, 1, 0x4f } },
	  .outcome = NVPE_PARSE_BAD },
	{ "IHL 4 in a template", "E4T", 9, 0, NVPE_PARSE_F_TEMPLATE,
	  { { 14, 1, 0x44 } }, .outcome = NVPE_PARSE_BAD },
	{ "ipv4 length 0", "E4T", 9, .edit = { { 16, 2, 0 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "ipv4 length below IHL", "E5T", 9, .edit = { { 16, 2, 27 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "ipv4 length beyond the frame", "E4T", 9, .edit = { { 16, 2, 50 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "ipv4 length ends in tcp", "E4T", 9, .edit = { { 16, 2, 39 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "ipv4 length ends in udp", "E4U", 9, .edit = { { 16, 2, 27 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "ipv6 length beyond the frame", "E6T", 9, .edit = { { 18, 2, 30 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "ipv6 length 0, no jumbogram", "E6T", 9, .edit = { { 18, 2, 0 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "ipv6 length 0, destination options", "E6DT", 9,
	  .edit = { { 18, 2, 0 } }, .outcome = NVPE_PARSE_BAD },
	{ "ipv6 length ends in an extension", "E6DT", 9,
	  .edit = { { 18, 2, 7 } }, .outcome = NVPE_PARSE_BAD },
	{ "extension beyond the packet", "E6DT", 9, .edit = { { 55, 1, 9 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "authentication beyond the packet", "E6ST", 9,
	  .edit = { { 55, 1, 200 } }, .outcome = NVPE_PARSE_BAD },
	{ "fragment header cut", "E6F", 0, 0, .edit = { { 18, 2, 7 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "fragment, no extension header behind it", "E6FDU", 9,
	  .edit = { { 63, 1, 255 } }, .outcome = NVPE_PARSE_FRAG,
	  .hides = true },
	{ "unknown routing header not used up", "E6RT", 9,
	  .edit = { { 56, 2, 0x0501 } }, .outcome = NVPE_PARSE_IP,
	  .hides = true },
	{ "routing header without the address", "E6RT", 64,
	  .edit = { { 55, 1, 0 }, { 56, 2, 0x0201 } },
	  .outcome = NVPE_PARSE_IP, .hides = true },
	{ "data offset 4", "E4T", 9, .edit = { { 46, 1, 0x40 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "data offset 0", "E6T", 9, .edit = { { 66, 1, 0x00 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "data offset beyond the packet", "E4T", 9,
	  .edit = { { 46, 1, 0x80 } }, .outcome = NVPE_PARSE_BAD },
	{ "data offset into the padding", "E4T", 0, 74,
	  .edit = { { 46, 1, 0x60 } }, .outcome = NVPE_PARSE_BAD },
	{ "udp length 7", "E4U", 9, .edit = { { 38, 2, 7 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "udp length 0", "E6U", 9, .edit = { { 58, 2, 0 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "udp length beyond its packet", "E4U", 9, .edit = { { 38, 2, 18 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "gre version 1", "E4KE4T", 9, 0, NVPE_TUN, { { 34, 2, 0x2001 } },
	  .outcome = NVPE_PARSE_IP, .hides = true },
	{ "gre with routing", "E4KE4T", 9, 0, NVPE_TUN, { { 34, 2, 0x6000 } },
	  .outcome = NVPE_PARSE_IP, .hides = true },
	{ "cut in gre's flags", "E4G4T", 9, 0, NVPE_TUN, { { 16, 2, 22 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "cut in gre's key", "E4KE4T", 9, 0, NVPE_TUN, { { 16, 2, 27 } },
	  .outcome = NVPE_PARSE_BAD },
	{ "cut in the inner ethernet header", "E4KE4T", 9, 0, NVPE_TUN,
	  { { 16, 2, 41 } }, .outcome = NVPE_PARSE_BAD,
	  .tunnel = NVPE_TUNNEL_NVGRE, .gre_off = 34 },
	{ "cut in the inner tag", "E4KEV4T", 9, 0, NVPE_TUN,
	  { { 16, 2, 44 } }, .outcome = NVPE_PARSE_BAD,
	  .tunnel = NVPE_TUNNEL_NVGRE, .gre_off = 34 },
	{ "inner ipv4 beyond the outer packet", "E4KE4T", 9, 80, NVPE_TUN,
	  { { 16, 2, 66 } }, .outcome = NVPE_PARSE_BAD,
	  .tunnel = NVPE_TUNNEL_NVGRE, .gre_off = 34 },
	{ "inner ipv4 ends one byte too late", "E4KE4T", 9, 0, NVPE_TUN,
	  { { 58, 2, 50 } }, .outcome = NVPE_PARSE_BAD,
	  .tunnel = NVPE_TUNNEL_NVGRE, .gre_off = 34 },
	{ "inner ipv6 ends one byte too late", "E4KE6T", 9, 0, NVPE_TUN,
	  { { 60, 2, 30 } }, .outcome = NVPE_PARSE_BAD,
	  .tunnel = NVPE_TUNNEL_NVGRE, .gre_off = 34 },
	{ "inner version wrong", "E4G4T", 9, 0, NVPE_TUN, { { 38, 1, 0x65 } },
	  .outcome = NVPE_PARSE_BAD, .tunnel = NVPE_TUNNEL_GRE,
	  .gre_off = 34 },
	{ "inner data offset 3", "E4KE4T", 9, 0, NVPE_TUN,
	  { { 88, 1, 0x30 } }, .outcome = NVPE_PARSE_BAD,
	  .tunnel = NVPE_TUNNEL_NVGRE, .inner_off = 56, .gre_off = 34 },
	{ "inner udp length beyond its packet", "E4KE4U", 9, 0, NVPE_TUN,
	  { { 80, 2, 18 } }, .outcome = NVPE_PARSE_BAD,
	  .tunnel = NVPE_TUNNEL_NVGRE, .inner_off = 56, .gre_off = 34 },
	{ "extensions beyond 256 bytes", "E6DT", 400, .edit = { { 55, 1, 25 } },
	  .outcome = NVPE_PARSE_TOO_LONG },
	{ "extensions up to 256 bytes, tcp beyond", "E6DT", 400,
	  .edit = { { 55, 1, 22 }, { 54, 1, 6 } },
	  .outcome = NVPE_PARSE_TOO_LONG },
	{ "inner headers beyond 256 bytes", "EVA6RSBE6RSDO", 100, 0, NVPE_TUN,
	  .outcome = NVPE_PARSE_TOO_LONG, .tunnel = NVPE_TUNNEL_GRE,
	  .inner_off = 136, .gre_off = 110 },
	{ "inner extensions beyond 256 bytes", "E4KE6DT", 400, 0, NVPE_TUN,
	  { { 97, 1, 30 } }, .outcome = NVPE_PARSE_TOO_LONG,
	  .tunnel = NVPE_TUNNEL_NVGRE, .gre_off = 34 },
};

static void nvpe_parse_desc(const struct nvpe_parse_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_parse_good, nvpe_parse_good, nvpe_parse_desc);
KUNIT_ARRAY_PARAM(nvpe_parse_malformed, nvpe_parse_malformed, nvpe_parse_desc);

/*
 * Parse a copy that has no byte more than the parser may read, so that a
 * sanitizer sees a read beyond it.
 */
static void nvpe_parse_exact(struct kunit *test, const u8 *frame, u32 len,
			     u32 frame_len, u32 flags, struct nvpe_hdrs *h)
{
	u8 *copy = kunit_kzalloc(test, len, GFP_KERNEL);

	memcpy(copy, frame, len);
	memset(h, 0xa5, sizeof(*h));
	nvpe_parse(copy, len, frame_len, flags, h);
}

/* What holds for any input */
static void nvpe_parse_sane(struct kunit *test, const struct nvpe_hdrs *h,
			    u32 len, u32 frame_len)
{
	const struct nvpe_ip *ip = nvpe_hdrs_ip(h);

	KUNIT_EXPECT_LE(test, h->outcome, NVPE_PARSE_BAD);
	KUNIT_EXPECT_LE(test, h->outer.l4_off, len);
	KUNIT_EXPECT_LE(test, h->outer.end, frame_len);
	KUNIT_EXPECT_LE(test, h->inner.l4_off, len);
	KUNIT_EXPECT_LE(test, h->inner.end, frame_len);
	KUNIT_EXPECT_LE(test, h->gre_off + h->gre_len, len);
	KUNIT_EXPECT_LE(test, h->hdr_len, len);
	KUNIT_EXPECT_EQ(test, h->outcome == NVPE_PARSE_L4, h->l4 != 0);
	KUNIT_EXPECT_EQ(test, h->outcome == NVPE_PARSE_L4, h->hdr_len != 0);
	KUNIT_EXPECT_EQ(test, !h->tunnel, !h->gre_len);
	if (ip->version) {
		KUNIT_EXPECT_LE(test, ip->l4_off, ip->end);
		KUNIT_EXPECT_LT(test, ip->off, ip->l4_off);
		KUNIT_EXPECT_LE(test, ip->dst_off + (ip->version == 4 ? 4 : 16),
				ip->l4_off);
	}
	if (h->l4)
		KUNIT_EXPECT_LE(test, h->hdr_len, ip->end);
}

static void nvpe_parse_one(struct kunit *test)
{
	const struct nvpe_parse_case *c = test->param_value;
	struct nvpe_test_arg arg = { .payload_len = c->payload };
	u8 *buf = kunit_kzalloc(test, 2 * NVPE_PARSE_BUF, GFP_KERNEL);
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u32 i, frame_len;

	nvpe_test_build(&f, buf, c->layout, &arg);
	for (i = 0; i < ARRAY_SIZE(c->edit); i++) {
		if (c->edit[i].len == 1)
			buf[c->edit[i].off] = c->edit[i].val;
		else if (c->edit[i].len == 2)
			put_unaligned_be16(c->edit[i].val,
					   buf + c->edit[i].off);
	}
	frame_len = c->frame_len ? c->frame_len : f.len;
	nvpe_parse_exact(test, buf, min_t(u32, frame_len, NVPE_MAX_HDR_LEN),
			 frame_len, c->flags, &h);
	nvpe_parse_sane(test, &h, min_t(u32, frame_len, NVPE_MAX_HDR_LEN),
			frame_len);
	KUNIT_EXPECT_EQ(test, h.outcome, c->outcome);
	KUNIT_EXPECT_EQ(test, h.tunnel, c->tunnel);
	KUNIT_EXPECT_EQ(test, h.l4, c->l4);
	KUNIT_EXPECT_EQ(test, h.l4_off, c->l4_off);
	KUNIT_EXPECT_EQ(test, h.hdr_len, c->hdr_len);
	KUNIT_EXPECT_EQ(test, h.inner.off, c->inner_off);
	KUNIT_EXPECT_EQ(test, h.gre_off, c->gre_off);
	KUNIT_EXPECT_EQ(test, nvpe_hdrs_hide(&h),
			c->hides || c->outcome == NVPE_PARSE_BAD ||
			c->outcome == NVPE_PARSE_TOO_LONG);
}

static void nvpe_parse_understands(struct kunit *test)
{
	nvpe_parse_one(test);
}

static void nvpe_parse_refuses(struct kunit *test)
{
	nvpe_parse_one(test);
}

/* RFC 7637 section 3.2: 24 bits of VSID, 8 of FlowID */
static void nvpe_parse_nvgre_key(struct kunit *test)
{
	static const u8 frame[] = {
		/* outer Ethernet, IPv4 with protocol 47 */
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x08, 0x00,
		0x45, 0, 0, 62, 0, 0, 0x40, 0, 64, 47, 0, 0,
		192, 0, 2, 1, 192, 0, 2, 2,
		/* GRE: flags and version 0x2000, protocol 0x6558, key */
		0x20, 0x00, 0x65, 0x58, 0x00, 0x13, 0x88, 0x5a,
		/* inner Ethernet, IPv4 without payload */
		12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 0x08, 0x00,
		0x45, 0, 0, 20, 0, 0, 0, 0, 64, 1, 0, 0,
		10, 0, 0, 1, 10, 0, 0, 2,
	};
	struct nvpe_hdrs h;

	nvpe_parse_exact(test, frame, sizeof(frame), sizeof(frame), NVPE_TUN,
			 &h);
	KUNIT_EXPECT_EQ(test, h.tunnel, NVPE_TUNNEL_NVGRE);
	KUNIT_EXPECT_EQ(test, h.outcome, NVPE_PARSE_IP);
	KUNIT_EXPECT_EQ(test, h.gre_key >> 8, 5000U);
	KUNIT_EXPECT_EQ(test, h.gre_key & 0xff, 0x5aU);
	KUNIT_EXPECT_EQ(test, h.gre_len, 8);
	KUNIT_EXPECT_EQ(test, h.gre_flags, 0x2000);
	KUNIT_EXPECT_EQ(test, h.gre_proto, 0x6558);
	KUNIT_EXPECT_EQ(test, h.inner_l2, 42);
	KUNIT_EXPECT_EQ(test, h.inner.off, 56);
	KUNIT_EXPECT_EQ(test, h.inner.l4_off, 76);
	KUNIT_EXPECT_EQ(test, h.inner.end, 76U);
	KUNIT_EXPECT_EQ(test, h.inner.proto, 1);
	KUNIT_EXPECT_EQ(test, h.outer.end, 76U);
}

/* The key stands behind the checksum where both are there (RFC 2890). */
static void nvpe_parse_key_behind_csum(struct kunit *test)
{
	struct nvpe_test_arg arg = { .key = 0x12345678 };
	u8 buf[NVPE_PARSE_BUF];
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;

	nvpe_test_build(&f, buf, "E4WE4T", &arg);
	nvpe_parse_exact(test, buf, f.len, f.len, NVPE_TUN, &h);
	KUNIT_EXPECT_EQ(test, h.gre_key, 0x12345678U);
	nvpe_test_build(&f, buf, "E4CE4T", &arg);
	nvpe_parse_exact(test, buf, f.len, f.len, NVPE_TUN, &h);
	KUNIT_EXPECT_EQ(test, h.gre_key, 0U);
}

/* Destination that L4 takes: RFC 791 section 3.1, RFC 8200 section 8.1 */
static void nvpe_parse_destination(struct kunit *test)
{
	static const struct {
		u8 opt[12];
		u16 dst_off;
	} v4[] = {
		{ { 131, 11, 4, 1, 2, 3, 4, 5, 6, 7, 8, 0 }, 34 + 7 },
		{ { 137, 11, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0 }, 34 + 7 },
		{ { 137, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 0 }, 30 },
		{ { 1, 1, 131, 7, 4, 1, 2, 3, 4, 0 }, 34 + 5 },
		{ { 1, 1, 131, 7, 5, 1, 2, 3, 4, 0 }, 30 },
		{ { 131, 6, 1, 1, 2, 3, 0 }, 30 },
		{ { 131, 7, 3, 1, 2, 3, 4, 0 }, 30 },
		{ { 131, 13, 4, 1, 2, 3, 0 }, 30 },
		{ { 131, 1, 4, 1, 2, 3, 0 }, 30 },
		{ { 131, 0, 4, 1, 2, 3, 0 }, 30 },
		{ { 0, 131, 7, 4, 1, 2, 3, 4, 0 }, 30 },
		{ { 68, 4, 5, 0, 131, 7, 4, 1, 2, 3, 4, 0 }, 34 + 7 },
		{ { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 131, 7 }, 30 },
		{ { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 131 }, 30 },
	};
	struct nvpe_test_arg arg = { .payload_len = 12 };
	u8 buf[NVPE_PARSE_BUF];
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(v4); i++) {
		nvpe_test_build(&f, buf, "E4T", &arg);
		memmove(buf + 46, buf + 34, 20);
		memcpy(buf + 34, v4[i].opt, 12);
		buf[14] = 0x48;
		nvpe_parse_exact(test, buf, f.len, f.len, 0, &h);
		KUNIT_EXPECT_EQ(test, h.outcome, NVPE_PARSE_L4);
		KUNIT_EXPECT_EQ_MSG(test, h.outer.dst_off, v4[i].dst_off,
				    "options %u", i);
	}
	/* Options that run to the end of the frame, cut in the last one */
	for (i = 0; i < 3; i++) {
		nvpe_test_build(&f, buf, "E4", &arg);
		memset(buf + 34, 1, 12);
		buf[45 - i] = 131;
		buf[14] = 0x48;
		nvpe_parse_exact(test, buf, f.len, f.len, 0, &h);
		KUNIT_EXPECT_EQ(test, h.outer.dst_off, 30);
	}
	nvpe_test_build(&f, buf, "E6RT", &arg);
	nvpe_parse_exact(test, buf, f.len, f.len, 0, &h);
	KUNIT_EXPECT_EQ(test, h.outer.dst_off, 38);
	nvpe_test_build(&f, buf, "E6DMT", &arg);
	nvpe_parse_exact(test, buf, f.len, f.len, 0, &h);
	KUNIT_EXPECT_EQ(test, h.outer.dst_off, 70);
	nvpe_test_build(&f, buf, "E6XT", &arg);
	nvpe_parse_exact(test, buf, f.len, f.len, 0, &h);
	KUNIT_EXPECT_EQ(test, h.outer.dst_off, 62);
}

static const char * const nvpe_parse_cut_layouts[] = {
	"E4T", "EV5O", "E6HDRSU", NVPE_TEST_NVGRE, "E4WEAV6DO", "E6DG6XU",
};

/* Wherever a frame is cut, it is never taken for a whole one. */
static void nvpe_parse_cut(struct kunit *test)
{
	struct nvpe_test_arg arg = { .payload_len = 30 };
	u8 buf[NVPE_PARSE_BUF];
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u32 i, len;

	for (i = 0; i < ARRAY_SIZE(nvpe_parse_cut_layouts); i++) {
		nvpe_test_build(&f, buf, nvpe_parse_cut_layouts[i], &arg);
		for (len = 0; len < f.len; len++) {
			nvpe_parse_exact(test, buf, len, len, NVPE_TUN, &h);
			nvpe_parse_sane(test, &h, len, len);
			KUNIT_EXPECT_EQ(test, h.outcome, NVPE_PARSE_BAD);
		}
	}
}

/* A header block that ends early in a long frame */
static void nvpe_parse_short_block(struct kunit *test)
{
	struct nvpe_test_arg arg = { .payload_len = 30 };
	u8 buf[NVPE_PARSE_BUF];
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u32 i, len;

	for (i = 0; i < ARRAY_SIZE(nvpe_parse_cut_layouts); i++) {
		nvpe_test_build(&f, buf, nvpe_parse_cut_layouts[i], &arg);
		for (len = 0; len < f.hdr_len; len++) {
			nvpe_parse_exact(test, buf, len, f.len, NVPE_TUN |
					 NVPE_PARSE_F_TEMPLATE, &h);
			nvpe_parse_sane(test, &h, len, f.len);
			KUNIT_EXPECT_EQ(test, h.outcome, NVPE_PARSE_TOO_LONG);
		}
		nvpe_parse_exact(test, buf, f.hdr_len, f.len, NVPE_TUN |
				 NVPE_PARSE_F_TEMPLATE, &h);
		KUNIT_EXPECT_EQ(test, h.outcome, NVPE_PARSE_L4);
		KUNIT_EXPECT_EQ(test, h.hdr_len, f.hdr_len);
		KUNIT_EXPECT_EQ(test, nvpe_hdrs_ip(&h)->end, f.len);
	}
}

static void nvpe_parse_expect_layout(struct kunit *test,
				     const struct nvpe_test_frame *f,
				     const struct nvpe_hdrs *h)
{
	u32 gre = nvpe_test_pos(f, "GCKBQW", 0);

	KUNIT_EXPECT_EQ_MSG(test, h->outcome, NVPE_PARSE_L4, "%s", f->layout);
	KUNIT_EXPECT_EQ(test, h->hdr_len, f->hdr_len);
	KUNIT_EXPECT_EQ(test, h->l4_off, nvpe_test_pos(f, "TOU", 0));
	KUNIT_EXPECT_EQ(test, h->outer.off, nvpe_test_pos(f, "45L6", 0));
	KUNIT_EXPECT_EQ(test, h->inner.off, nvpe_test_pos(f, "45L6", 1));
	KUNIT_EXPECT_EQ(test, h->inner_l2, nvpe_test_pos(f, "E", 1));
	KUNIT_EXPECT_EQ(test, h->gre_off, gre);
	KUNIT_EXPECT_EQ(test, h->outer.end, f->len);
	KUNIT_EXPECT_EQ(test, h->outer.l4_off, gre ? gre : h->l4_off);
	if (gre)
		KUNIT_EXPECT_EQ(test, h->inner.l4_off, h->l4_off);
}

/* The builder of frames is the slow reference. */
static void nvpe_parse_random_layouts(struct kunit *test)
{
	char layout[NVPE_TEST_LAYERS + 1];
	u8 buf[NVPE_PARSE_BUF];
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u32 state = 1;
	u32 i, len;

	for (i = 0; i < NVPE_PARSE_ROUNDS; i++) {
		struct nvpe_test_arg arg = {
			.key = nvpe_test_random(&state),
			.payload_len = nvpe_test_random(&state) % 200,
		};

		nvpe_test_layout(&state, layout, "TOU");
		nvpe_test_build(&f, buf, layout, &arg);
		len = min_t(u32, f.len, NVPE_MAX_HDR_LEN);
		nvpe_parse_exact(test, buf, len, f.len, NVPE_TUN, &h);
		nvpe_parse_sane(test, &h, len, f.len);
		if (f.hdr_len <= NVPE_MAX_HDR_LEN)
			nvpe_parse_expect_layout(test, &f, &h);
		else
			KUNIT_EXPECT_EQ(test, h.outcome, NVPE_PARSE_TOO_LONG);
	}
}

/* A frame of a random layout, whose last layer is one of @last */
static void nvpe_parse_build(struct nvpe_test_frame *f, u8 *buf, char *layout,
			     u32 *state, const char *last)
{
	struct nvpe_test_arg arg = {
		.payload_len = nvpe_test_random(state) % 200,
	};

	nvpe_test_layout(state, layout, last);
	nvpe_test_build(f, buf, layout, &arg);
}

/* Broken bytes: nothing outside is read, nor does it change the result. */
static void nvpe_parse_random_bytes(struct kunit *test)
{
	char layout[NVPE_TEST_LAYERS + 1];
	struct nvpe_hdrs h, again;
	u8 buf[NVPE_PARSE_BUF];
	struct nvpe_test_frame f;
	u32 i, n, len, flags;
	u32 state = 2;

	for (i = 0; i < NVPE_PARSE_ROUNDS; i++) {
		nvpe_parse_build(&f, buf, layout, &state, "TOUF");
		for (n = nvpe_test_random(&state) % 4; n; n--)
			buf[nvpe_test_random(&state) % f.len] =
				nvpe_test_random(&state);
		f.len -= nvpe_test_random(&state) % 8 ? 0 :
			 nvpe_test_random(&state) % f.len;
		len = min_t(u32, f.len, NVPE_MAX_HDR_LEN);
		flags = nvpe_test_random(&state) % 4;
		nvpe_parse_exact(test, buf, len, f.len, flags, &h);
		nvpe_parse_sane(test, &h, len, f.len);
		memset(buf + len, 0xff, sizeof(buf) - len);
		memset(&again, 0x5a, sizeof(again));
		nvpe_parse(buf, len, f.len, flags, &again);
		KUNIT_EXPECT_EQ(test, h.outcome, again.outcome);
		KUNIT_EXPECT_EQ(test, h.tunnel, again.tunnel);
		KUNIT_EXPECT_EQ(test, h.hdr_len, again.hdr_len);
		KUNIT_EXPECT_EQ(test, h.outer.end, again.outer.end);
		KUNIT_EXPECT_EQ(test, h.inner.end, again.inner.end);
	}
}

/* Other bytes where nothing depends on them leave frame and key as they were. */
static void nvpe_parse_depends(struct kunit *test, struct nvpe_test_frame *f,
			       u32 *state)
{
	u32 off, len = min_t(u32, f->len, NVPE_MAX_HDR_LEN);
	struct nvpe_filter_key key, other;
	struct nvpe_hdrs h, again;
	u16 was;

	nvpe_parse(f->buf, len, f->len, NVPE_TUN, &h);
	nvpe_filter_key(f->buf, len, &h, &key);
	for (off = 0; off + 2 <= len; off++) {
		if (nvpe_hdrs_cover(&h, off))
			continue;
		was = get_unaligned_be16(f->buf + off);
		put_unaligned_be16(nvpe_test_random(state), f->buf + off);
		nvpe_parse(f->buf, len, f->len, NVPE_TUN, &again);
		nvpe_filter_key(f->buf, len, &again, &other);
		KUNIT_EXPECT_MEMEQ_MSG(test, &key, &other, sizeof(key),
				       "%s, byte %u", f->layout, off);
		KUNIT_EXPECT_EQ(test, h.outcome, again.outcome);
		KUNIT_EXPECT_EQ(test, h.hdr_len, again.hdr_len);
		KUNIT_EXPECT_EQ(test, nvpe_hdrs_ip(&h)->dst_off,
				nvpe_hdrs_ip(&again)->dst_off);
		put_unaligned_be16(was, f->buf + off);
	}
}

static void nvpe_parse_cover(struct kunit *test)
{
	char layout[NVPE_TEST_LAYERS + 1];
	u8 buf[NVPE_PARSE_BUF];
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u32 state = 3;
	u32 i, l4;

	for (i = 0; i < NVPE_PARSE_ROUNDS / 10; i++) {
		nvpe_parse_build(&f, buf, layout, &state, i % 2 ? "TOU" : "");
		if (!(nvpe_test_random(&state) % 4))
			buf[nvpe_test_random(&state) % f.len] =
				nvpe_test_random(&state);
		nvpe_parse_depends(test, &f, &state);
	}
	/* The checksum of TCP is nobody's, what stands beside it is. */
	nvpe_test_build(&f, buf, NVPE_TEST_NVGRE,
			&(struct nvpe_test_arg){ .payload_len = 9 });
	nvpe_parse(buf, f.len, f.len, NVPE_TUN, &h);
	l4 = nvpe_test_pos(&f, "T", 0);
	KUNIT_EXPECT_FALSE(test, nvpe_hdrs_cover(&h, l4 + 16));
	KUNIT_EXPECT_FALSE(test, nvpe_hdrs_cover(&h, l4 + 20));
	KUNIT_EXPECT_TRUE(test, nvpe_hdrs_cover(&h, l4 + 15));
	KUNIT_EXPECT_TRUE(test, nvpe_hdrs_cover(&h, l4 + 17));
	KUNIT_EXPECT_TRUE(test, nvpe_hdrs_cover(&h, l4 + 2));
	KUNIT_EXPECT_TRUE(test, nvpe_hdrs_cover(&h, 38));
}

static struct kunit_case nvpe_parse_cases[] = {
	KUNIT_CASE_PARAM(nvpe_parse_understands, nvpe_parse_good_gen_params),
	KUNIT_CASE_PARAM(nvpe_parse_refuses, nvpe_parse_malformed_gen_params),
	KUNIT_CASE(nvpe_parse_nvgre_key),
	KUNIT_CASE(nvpe_parse_key_behind_csum),
	KUNIT_CASE(nvpe_parse_destination),
	KUNIT_CASE(nvpe_parse_cut),
	KUNIT_CASE(nvpe_parse_short_block),
	KUNIT_CASE(nvpe_parse_random_layouts),
	KUNIT_CASE(nvpe_parse_random_bytes),
	KUNIT_CASE(nvpe_parse_cover),
	{}
};

static struct kunit_suite nvpe_parse_suite = {
	.name = "nvpe_parse",
	.test_cases = nvpe_parse_cases,
};

kunit_test_suite(nvpe_parse_suite);

MODULE_DESCRIPTION("nvnic packet engine tests: parser");
MODULE_LICENSE("GPL");

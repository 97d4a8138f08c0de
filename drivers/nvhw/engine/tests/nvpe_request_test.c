// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine tests: requests against headers.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <kunit/test.h>

#include <nvpe/request.h>

#include "nvpe_testlib.h"

#define NVPE_ACK	0x10
#define NVPE_CWR	0x80

struct nvpe_request_case {
	const char *name;
	const char *layout;
	u8 tcp_flags;
	u32 is;
};

static const struct nvpe_request_case nvpe_request_cases_of[] = {
	{ "ipv4 tcp", "E4T", NVPE_ACK, NVPE_REQ_TCP4 },
	{ "ipv6 tcp", "E6HT", NVPE_ACK, NVPE_REQ_TCP6 },
	{ "ipv4 tcp, CWR", "E4T", NVPE_ACK | NVPE_CWR,
	  NVPE_REQ_TCP4 | NVPE_REQ_ECN },
	{ "ECE is no CWR", "E4T", NVPE_ACK | 0x40, NVPE_REQ_TCP4 },
	{ "FIN and PSH", "E4T", NVPE_ACK | 0x09, NVPE_REQ_TCP4 },
	{ "ipv4 udp", "E4U", 0, NVPE_REQ_UDP },
	{ "ipv6 udp", "EV6U", 0, NVPE_REQ_UDP },
	{ "nvgre: the inner version counts", "E6KE4T", NVPE_ACK,
	  NVPE_REQ_TCP4 | NVPE_REQ_GRE },
	{ "gre: the inner version counts", "E4G6T", NVPE_ACK | NVPE_CWR,
	  NVPE_REQ_TCP6 | NVPE_REQ_GRE | NVPE_REQ_ECN },
	{ "gre with checksum", "E4BE4T", NVPE_ACK,
	  NVPE_REQ_TCP4 | NVPE_REQ_GRE_CSUM },
	{ "gre with checksum, udp", "E6DC6U", 0,
	  NVPE_REQ_UDP | NVPE_REQ_GRE_CSUM },
	{ "no ip", "E", 0, 0 },
	{ "no tcp or udp", "E4", 0, 0 },
	{ "fragment", "E6FU", 0, 0 },
	{ "nvgre, no tcp or udp", "E4KE6", 0, 0 },
	{ "nvgre, no ip", "E4KE", 0, 0 },
	{ "gre in gre", "E4G4G4T", NVPE_ACK, 0 },
	{ "gre with sequence number", "E4QE4T", NVPE_ACK, 0 },
	{ "gre with everything", "E4W4U", 0, 0 },
	{ "SYN", "E4T", 0x02, 0 },
	{ "SYN and ACK, nvgre", "E4KE4T", 0x12, 0 },
	{ "RST", "E6T", 0x04, 0 },
	{ "URG", "E6T", NVPE_ACK | 0x20, 0 },
	{ "headers beyond 256 bytes", "EVA6RSBE6RSDO", NVPE_ACK, 0 },
};

static void nvpe_request_desc(const struct nvpe_request_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_request, nvpe_request_cases_of, nvpe_request_desc);

static void nvpe_request_parse(const struct nvpe_request_case *c, u8 *buf,
			       struct nvpe_hdrs *h)
{
	struct nvpe_test_arg arg = {
		.tcp_flags = c->tcp_flags,
		.payload_len = 64,
	};
	struct nvpe_test_frame f;

	nvpe_test_build(&f, buf, c->layout, &arg);
	nvpe_parse(buf, min_t(u32, f.len, NVPE_MAX_HDR_LEN), f.len,
		   NVPE_PARSE_F_TUNNEL | NVPE_PARSE_F_TEMPLATE, h);
}

static void nvpe_request_is(struct kunit *test)
{
	const struct nvpe_request_case *c = test->param_value;
	struct nvpe_hdrs h;
	u8 buf[512];

	nvpe_request_parse(c, buf, &h);
	KUNIT_EXPECT_EQ(test, nvpe_request_of(buf, &h), c->is);
}

/* Which requests are good, said the long way round */
static bool nvpe_request_good(const struct nvpe_request_case *c, u32 req)
{
	bool tcp = c->is & (NVPE_REQ_TCP4 | NVPE_REQ_TCP6);
	bool gre = c->is & (NVPE_REQ_GRE | NVPE_REQ_GRE_CSUM);

	if (!c->is)
		return false;
	if (req == c->is)
		return true;
	if (tcp && req == (c->is | NVPE_REQ_ECN))
		return true;
	if (gre && req == (c->is | NVPE_REQ_PARTIAL))
		return true;
	return tcp && gre && req == (c->is | NVPE_REQ_ECN | NVPE_REQ_PARTIAL);
}

/* Each combination of request bits against each header */
static void nvpe_request_matrix(struct kunit *test)
{
	const struct nvpe_request_case *c = test->param_value;
	struct nvpe_hdrs h;
	u8 buf[512];
	u32 req;

	nvpe_request_parse(c, buf, &h);
	for (req = 0; req < 2 * NVPE_REQ_PARTIAL; req++)
		KUNIT_EXPECT_EQ_MSG(test,
				    nvpe_request_fits(req, h.hdr_len, buf, &h),
				    nvpe_request_good(c, req), "request %x",
				    req);
	req = c->is;
	KUNIT_EXPECT_FALSE(test, nvpe_request_fits(req | BIT(31), h.hdr_len,
						   buf, &h));
	KUNIT_EXPECT_FALSE(test, nvpe_request_fits(req, h.hdr_len + 1, buf,
						   &h));
	KUNIT_EXPECT_FALSE(test, nvpe_request_fits(req, h.hdr_len - 1, buf,
						   &h));
	KUNIT_EXPECT_FALSE(test, nvpe_request_fits(req, h.hdr_len + 0x10000,
						   buf, &h));
}

static struct kunit_case nvpe_request_cases[] = {
	KUNIT_CASE_PARAM(nvpe_request_is, nvpe_request_gen_params),
	KUNIT_CASE_PARAM(nvpe_request_matrix, nvpe_request_gen_params),
	{}
};

static struct kunit_suite nvpe_request_suite = {
	.name = "nvpe_request",
	.test_cases = nvpe_request_cases,
};

kunit_test_suite(nvpe_request_suite);

MODULE_DESCRIPTION("nvnic packet engine tests: requests against headers");
MODULE_LICENSE("GPL");

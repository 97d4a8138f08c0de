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

#define NVPE_TEST_TSO4		NVNIC_OFF_BIT(TSO4)
#define NVPE_TEST_TSO6		NVNIC_OFF_BIT(TSO6)
#define NVPE_TEST_USO		NVNIC_OFF_BIT(USO)
#define NVPE_TEST_ECN		NVNIC_OFF_BIT(TSO_ECN)
#define NVPE_TEST_GRE		NVNIC_OFF_BIT(GSO_GRE)
#define NVPE_TEST_GRE_CSUM	NVNIC_OFF_BIT(GSO_GRE_CSUM)
#define NVPE_TEST_PARTIAL	NVNIC_OFF_BIT(GSO_PARTIAL)

#define NVPE_TEST_PAYLOAD	64U

struct nvpe_request_case {
	const char *name;
	const char *layout;
	u8 tcp_flags;
	u32 is;
};

static const struct nvpe_request_case nvpe_request_cases_of[] = {
	{ "ipv4 tcp", "E4T", NVPE_ACK, NVPE_TEST_TSO4 },
	{ "ipv6 tcp", "E6HT", NVPE_ACK, NVPE_TEST_TSO6 },
	{ "ipv4 tcp, CWR", "E4T", NVPE_ACK | NVPE_CWR,
	  NVPE_TEST_TSO4 | NVPE_TEST_ECN },
	{ "ECE is no CWR", "E4T", NVPE_ACK | 0x40, NVPE_TEST_TSO4 },
	{ "FIN and PSH", "E4T", NVPE_ACK | 0x09, NVPE_TEST_TSO4 },
	{ "ipv4 udp", "E4U", 0, NVPE_TEST_USO },
	{ "ipv6 udp", "EV6U", 0, NVPE_TEST_USO },
	{ "nvgre: the inner version counts", "E6KE4T", NVPE_ACK,
	  NVPE_TEST_TSO4 | NVPE_TEST_GRE },
	{ "gre: the inner version counts", "E4G6T", NVPE_ACK | NVPE_CWR,
	  NVPE_TEST_TSO6 | NVPE_TEST_GRE | NVPE_TEST_ECN },
	{ "gre with checksum", "E4BE4T", NVPE_ACK,
	  NVPE_TEST_TSO4 | NVPE_TEST_GRE_CSUM },
	{ "gre with checksum, udp", "E6DC6U", 0,
	  NVPE_TEST_USO | NVPE_TEST_GRE_CSUM },
	{ "no ip", "E", 0, 0 },
	{ "no tcp or udp", "E4", 0, 0 },
	{ "fragment", "E6FU", 0, 0 },
	{ "nvgre, no tcp or udp", "E4KE6", 0, 0 },
	{ "nvgre, no ip", "E4KE", 0, 0 },
	{ "gre in gre", "E4G4G4T", NVPE_ACK, 0 },
	{ "gre with sequence number", "E4QE4T", NVPE_ACK, 0 },
	{ "gre with everything", "E4W4U", 0, 0 },
	{ "authentication header", "E6ST", NVPE_ACK, 0 },
	{ "authentication header outside gre", "E6SKE4T", NVPE_ACK, 0 },
	{ "authentication header inside gre", "E4KE6DSU", 0, 0 },
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

static void nvpe_request_build(const struct nvpe_request_case *c, u8 *buf,
			       struct nvpe_test_frame *f)
{
	struct nvpe_test_arg arg = {
		.tcp_flags = c->tcp_flags,
		.payload_len = NVPE_TEST_PAYLOAD,
		.df = true,
	};

	nvpe_test_build(f, buf, c->layout, &arg);
}

static void nvpe_request_is(struct kunit *test)
{
	const struct nvpe_request_case *c = test->param_value;
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u8 buf[512];

	nvpe_request_build(c, buf, &f);
	nvpe_parse(buf, min_t(u32, f.len, NVPE_MAX_HDR_LEN), f.len,
		   NVPE_PARSE_F_TUNNEL | NVPE_PARSE_F_TEMPLATE, &h);
	KUNIT_EXPECT_EQ(test, nvpe_request_of(buf, &h), c->is);
}

/* Which requests are good, said the long way round */
static bool nvpe_request_good(const struct nvpe_request_case *c, u32 mask)
{
	bool tcp = c->is & (NVPE_TEST_TSO4 | NVPE_TEST_TSO6);
	bool gre = c->is & (NVPE_TEST_GRE | NVPE_TEST_GRE_CSUM);

	/* They say nothing of the headers. */
	mask &= ~(NVNIC_OFF_BIT(TX_CSUM) | NVNIC_OFF_BIT(TSO_FIXEDID));
	if (!c->is)
		return false;
	if (mask == c->is)
		return true;
	if (tcp && mask == (c->is | NVPE_TEST_ECN))
		return true;
	if (gre && mask == (c->is | NVPE_TEST_PARTIAL))
		return true;
	return tcp && gre &&
	       mask == (c->is | NVPE_TEST_ECN | NVPE_TEST_PARTIAL);
}

/* Each combination of request bits against each header */
static void nvpe_request_matrix(struct kunit *test)
{
	const struct nvpe_request_case *c = test->param_value;
	struct nvpe_request r = { .mss = 16 };
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u8 buf[512];

	nvpe_request_build(c, buf, &f);
	r.len = f.len;
	r.hdr_len = f.hdr_len;
	for (r.mask = 0; r.mask <= NVNIC_OFF_TX_MASK; r.mask++)
		KUNIT_EXPECT_EQ_MSG(test, nvpe_request_takes(&r, buf, &h),
				    nvpe_request_good(c, r.mask), "request %x",
				    r.mask);
	r.mask = c->is | BIT(31);
	KUNIT_EXPECT_FALSE(test, nvpe_request_takes(&r, buf, &h));
}

/* What the driver reads the device takes, and nothing else. */
static void nvpe_request_read_is_taken(struct kunit *test)
{
	const struct nvpe_request_case *c = test->param_value;
	struct nvpe_request r = { .mss = 16 };
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u8 buf[512];
	u32 extra;

	nvpe_request_build(c, buf, &f);
	r.len = f.len;
	for (r.hdr_len = 0; r.hdr_len <= f.len; r.hdr_len++) {
		r.mask = 0;
		KUNIT_EXPECT_EQ(test, nvpe_request_read(&r, buf, &h),
				r.hdr_len == f.hdr_len ? c->is : 0);
	}
	r.hdr_len = f.hdr_len;
	for (extra = 0; extra <= NVPE_REQUEST_EXTRA; extra++) {
		r.mask = extra & NVPE_REQUEST_EXTRA;
		r.mask |= nvpe_request_read(&r, buf, &h);
		KUNIT_EXPECT_EQ_MSG(test, nvpe_request_takes(&r, buf, &h),
				    nvpe_request_good(c, r.mask), "request %x",
				    r.mask);
	}
}

struct nvpe_request_limit {
	const char *name;
	u32 mask;
	u32 payload;
	u32 mss;
	bool no_df;
	bool good;
};

static const struct nvpe_request_limit nvpe_request_limits[] = {
	{ "one segment", 0, 16, 16, false, true },
	{ "less than one", 0, 15, 16, false, true },
	{ "no payload", 0, 0, 16, false, false },
	{ "mss 0", 0, 16, 0, false, false },
	{ "a segment too long", 0, 70000, 65500, false, false },
	{ "fixed ID", NVNIC_OFF_BIT(TSO_FIXEDID), 64, 16, false, true },
	{ "fixed ID without DF", NVNIC_OFF_BIT(TSO_FIXEDID), 64, 16, true,
	  false },
	{ "partial", NVPE_TEST_PARTIAL, 64, 16, false, true },
	{ "partial, a shorter one", NVPE_TEST_PARTIAL, 65, 16, false, false },
};

static void nvpe_request_limit_desc(const struct nvpe_request_limit *c,
				    char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(nvpe_request_limit, nvpe_request_limits,
		  nvpe_request_limit_desc);

static void nvpe_request_at_limit(struct kunit *test)
{
	const struct nvpe_request_limit *c = test->param_value;
	struct nvpe_test_arg arg = { .payload_len = 1, .df = !c->no_df };
	struct nvpe_request r = { .mask = c->mask, .mss = c->mss };
	struct nvpe_test_frame f;
	struct nvpe_hdrs h;
	u8 buf[512];
	u32 is;

	nvpe_test_build(&f, buf, NVPE_TEST_NVGRE, &arg);
	r.hdr_len = f.hdr_len;
	r.len = f.hdr_len + c->payload;
	is = nvpe_request_read(&r, buf, &h);
	KUNIT_EXPECT_EQ(test, !!is, c->good);
	r.mask |= NVPE_TEST_TSO4 | NVPE_TEST_GRE;
	KUNIT_EXPECT_EQ(test, nvpe_request_takes(&r, buf, &h), c->good);
}

static struct kunit_case nvpe_request_cases[] = {
	KUNIT_CASE_PARAM(nvpe_request_is, nvpe_request_gen_params),
	KUNIT_CASE_PARAM(nvpe_request_matrix, nvpe_request_gen_params),
	KUNIT_CASE_PARAM(nvpe_request_read_is_taken, nvpe_request_gen_params),
	KUNIT_CASE_PARAM(nvpe_request_at_limit, nvpe_request_limit_gen_params),
	{}
};

static struct kunit_suite nvpe_request_suite = {
	.name = "nvpe_request",
	.test_cases = nvpe_request_cases,
};

kunit_test_suite(nvpe_request_suite);

MODULE_DESCRIPTION("nvnic packet engine tests: requests against headers");
MODULE_LICENSE("GPL");

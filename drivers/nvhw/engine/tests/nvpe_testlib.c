// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine tests: frames from a layout.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvnic/offloads.h>

#include "nvpe_testlib.h"

/* Letters by what they are */
#define NVPE_TEST_IPV4		"45L"
#define NVPE_TEST_IP		"45L6"
#define NVPE_TEST_GRE		"GCKBQW"
#define NVPE_TEST_GRE_CSUM	"CBW"
#define NVPE_TEST_GRE_KEY	"KBQW"
#define NVPE_TEST_GRE_SEQ	"QW"
#define NVPE_TEST_TCP		"TO"

struct nvpe_test_layer {
	char letter;
	u8 len;
	u16 type;	/* as EtherType */
	u8 proto;	/* as IP protocol */
	u8 bytes[40];	/* template, the rest is 0 */
};

static const struct nvpe_test_layer nvpe_test_layers[] = {
	{ 'E', 14, 0x6558, 0,
	  { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 } },
	{ 'V', 4, 0x8100, 0, { 0x20, 0x64 } },
	{ 'A', 4, 0x88a8, 0, { 0x00, 0xc8 } },
	{ '4', 20, 0x0800, 4,
	  { 0x45, 0x02, [8] = 64, [12] = 10, 0, 0, 1, 10, 0, 0, 2 } },
	{ '5', 28, 0x0800, 4,
	  { 0x47, 0, [8] = 64, [12] = 10, 1, 0, 1, 10, 1, 0, 2,
	    0x94, 4, 0, 0, 1, 1, 1, 0 } },
	{ 'L', 28, 0x0800, 4,
	  { 0x47, 0, [8] = 64, [12] = 10, 1, 0, 1, 10, 1, 0, 2,
	    1, 131, 7, 4, 10, 9, 0, 7 } },
	{ '6', 40, 0x86dd, 41,
	  { 0x60, 0x20, 0, 7, [7] = 64,
	    0xfd, 1, [16] = 3, [23] = 1, 0xfd, 1, [32] = 4, [39] = 2 } },
	{ 'H', 8, 0, 0, { 0, 0, 1, 4 } },
	{ 'D', 8, 0, 60, { 0, 0, 4, 1, 4, 1, 1 } },
	{ 'R', 24, 0, 43, { 0, 2, 2, 0, [8] = 0xfd, 9 } },
	{ 'M', 24, 0, 43, { 0, 2, 2, 1, [8] = 0xfd, 9, [23] = 5 } },
	{ 'X', 24, 0, 43, { 0, 2, 4, 1, [8] = 0xfd, 9, [23] = 6 } },
	{ 'S', 24, 0, 51, { 0, 4, 0, 0, 0, 0, 1, 1 } },
	{ 'F', 8, 0, 44, { 0, 0, 0, 1, 1, 2, 3, 4 } },
	{ 'G', 4, 0, 47, { 0x00 } },
	{ 'C', 8, 0, 47, { 0x80 } },
	{ 'K', 8, 0, 47, { 0x20 } },
	{ 'B', 12, 0, 47, { 0xa0 } },
	{ 'Q', 12, 0, 47, { 0x30, [11] = 9 } },
	{ 'W', 16, 0, 47, { 0xb0, [15] = 9 } },
	{ 'T', 20, 0, 6, { 0x9c, 0x40, 0, 80, [8] = 1, 2, 3, 4, 0x50, 0, 1 } },
	{ 'O', 32, 0, 6,
	  { 0x9c, 0x41, 0, 80, [8] = 1, 2, 3, 4, 0x80, 0, 1,
	    [20] = 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 } },
	{ 'U', 8, 0, 17, { 0x9c, 0x42, 0x12, 0xb5 } },
};

/* Where a layer says what follows it */
static const struct {
	const char *letters;
	u8 off;
	bool ethertype;
} nvpe_test_next[] = {
	{ "E", 12, true },
	{ "VA", 2, true },
	{ NVPE_TEST_GRE, 2, true },
	{ NVPE_TEST_IPV4, 9, false },
	{ "6", 6, false },
	{ "HDRMXSF", 0, false },
};

static bool nvpe_test_is(char letter, const char *letters)
{
	return letter && strchr(letters, letter);
}

static const struct nvpe_test_layer *nvpe_test_layer(char letter)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nvpe_test_layers) - 1; i++)
		if (nvpe_test_layers[i].letter == letter)
			break;
	return &nvpe_test_layers[i];
}

u64 nvpe_test_sum(const u8 *buf, u32 len, u64 sum)
{
	u32 i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? buf[i] : buf[i] << 8;
	return sum;
}

u16 nvpe_test_fold(u64 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

u32 nvpe_test_random(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

u32 nvpe_test_pos(const struct nvpe_test_frame *f, const char *layers, int nth)
{
	u32 i;

	for (i = 0; f->layout[i]; i++)
		if (nvpe_test_is(f->layout[i], layers) && !nth--)
			return f->pos[i];
	return 0;
}

static void nvpe_test_put_next(const struct nvpe_test_frame *f, u32 i)
{
	char next = f->layout[i + 1];
	u8 *at = f->buf + f->pos[i];
	u32 n;

	for (n = 0; n < ARRAY_SIZE(nvpe_test_next); n++) {
		if (!nvpe_test_is(f->layout[i], nvpe_test_next[n].letters))
			continue;
		at += nvpe_test_next[n].off;
		/* Behind the last one: ARP, or IP protocol 253 (RFC 3692) */
		if (nvpe_test_next[n].ethertype)
			put_unaligned_be16(next ? nvpe_test_layer(next)->type :
						  0x0806, at);
		else
			*at = next ? nvpe_test_layer(next)->proto : 253;
	}
}

static void nvpe_test_put_l4_csum(const struct nvpe_test_frame *f, u32 l4,
				  u32 field)
{
	u32 len = f->len - f->pos[l4];
	u32 ip, route;
	u16 check;
	u64 sum;

	put_unaligned_be16(0, f->buf + field);
	for (ip = l4; !nvpe_test_is(f->layout[ip], NVPE_TEST_IP); ip--)
		;
	for (route = ip; !nvpe_test_is(f->layout[route], "MX") && route < l4;)
		route++;
	sum = len + nvpe_test_layer(f->layout[l4])->proto;
	if (f->layout[ip] == '6')
		sum = nvpe_test_sum(f->buf + f->pos[ip] + 8, 16, sum);
	else
		sum = nvpe_test_sum(f->buf + f->pos[ip] + 12, 4, sum);
	if (f->layout[ip] == 'L')
		sum = nvpe_test_sum(f->buf + f->pos[ip] + 24, 4, sum);
	else if (f->layout[ip] != '6')
		sum = nvpe_test_sum(f->buf + f->pos[ip] + 16, 4, sum);
	else if (route < l4)
		sum = nvpe_test_sum(f->buf + f->pos[route] + 8, 16, sum);
	else
		sum = nvpe_test_sum(f->buf + f->pos[ip] + 24, 16, sum);
	check = ~nvpe_test_fold(nvpe_test_sum(f->buf + f->pos[l4], len, sum));
	if (!check && f->layout[l4] == 'U')
		check = 0xffff;
	put_unaligned_be16(check, f->buf + field);
}

static void nvpe_test_finish_layer(struct nvpe_test_frame *f, u32 i,
				   const struct nvpe_test_arg *arg)
{
	u8 *at = f->buf + f->pos[i];
	u32 len = f->len - f->pos[i];
	char c = f->layout[i];
	u32 hlen;

	if (nvpe_test_is(c, NVPE_TEST_IPV4)) {
		hlen = (at[0] & 0xf) * 4;
		put_unaligned_be16(len, at + 2);
		put_unaligned_be16(0, at + 10);
		put_unaligned_be16(~nvpe_test_fold(nvpe_test_sum(at, hlen, 0)),
				   at + 10);
	} else if (c == '6') {
		put_unaligned_be16(len - 40, at + 4);
	} else if (nvpe_test_is(c, NVPE_TEST_GRE_CSUM)) {
		put_unaligned_be32(0, at + 4);
		put_unaligned_be16(~nvpe_test_fold(nvpe_test_sum(at, len, 0)),
				   at + 4);
	} else if (nvpe_test_is(c, NVPE_TEST_TCP)) {
		nvpe_test_put_l4_csum(f, i, f->pos[i] + 16);
	} else if (c == 'U') {
		put_unaligned_be16(len, at + 4);
		if (!arg->udp_zero)
			nvpe_test_put_l4_csum(f, i, f->pos[i] + 6);
	}
}

void nvpe_test_finish(struct nvpe_test_frame *f,
		      const struct nvpe_test_arg *arg)
{
	u32 i = strlen(f->layout);

	while (i--)
		nvpe_test_finish_layer(f, i, arg);
}

static void nvpe_test_put_arg(struct nvpe_test_frame *f, u32 i, bool inner,
			      const struct nvpe_test_arg *arg)
{
	u8 *at = f->buf + f->pos[i];
	char c = f->layout[i];

	if (nvpe_test_is(c, NVPE_TEST_IPV4)) {
		put_unaligned_be16(inner ? arg->inner_id : arg->outer_id,
				   at + 4);
		at[6] = arg->df ? 0x40 : 0;
		at[14] = inner;
	} else if (c == '6') {
		at[10] = inner;
	} else if (nvpe_test_is(c, NVPE_TEST_GRE_KEY)) {
		put_unaligned_be32(arg->key, at + 4 +
				   (nvpe_test_is(c, NVPE_TEST_GRE_CSUM) ? 4 : 0));
	} else if (nvpe_test_is(c, NVPE_TEST_TCP)) {
		put_unaligned_be32(arg->seq, at + 4);
		at[13] = arg->tcp_flags;
	}
}

void nvpe_test_build(struct nvpe_test_frame *f, u8 *buf, const char *layout,
		     const struct nvpe_test_arg *arg)
{
	bool inner = false;
	u32 i, n;

	f->buf = buf;
	f->layout = layout;
	f->len = 0;
	for (i = 0; layout[i]; i++) {
		const struct nvpe_test_layer *l = nvpe_test_layer(layout[i]);

		f->pos[i] = f->len;
		memcpy(buf + f->len, l->bytes, l->len);
		f->len += l->len;
		nvpe_test_put_next(f, i);
		nvpe_test_put_arg(f, i, inner, arg);
		inner |= nvpe_test_is(layout[i], NVPE_TEST_GRE);
	}
	f->hdr_len = f->len;
	for (n = 0; n < arg->payload_len; n++)
		buf[f->len++] = arg->payload ? arg->payload[n] : n * 7 + 1;
	nvpe_test_finish(f, arg);
}

static char nvpe_test_pick(u32 *state, const char *letters)
{
	return letters[nvpe_test_random(state) % strlen(letters)];
}

static char *nvpe_test_layout_ip(u32 *state, char *at)
{
	u32 ext;

	*at = nvpe_test_pick(state, "4445L666");
	if (*at++ != '6')
		return at;
	for (ext = nvpe_test_random(state) % 3; ext; ext--)
		*at++ = nvpe_test_pick(state, "HDRSMX");
	/* Two routing headers would leave open which of them counts. */
	if (nvpe_test_is(at[-1], "RMX") && nvpe_test_is(at[-2], "RMX"))
		at--;
	return at;
}

static char *nvpe_test_layout_eth(u32 *state, char *at)
{
	u32 tags;

	*at++ = 'E';
	for (tags = nvpe_test_random(state) % 3; tags; tags--)
		*at++ = nvpe_test_pick(state, "VA");
	return at;
}

void nvpe_test_layout(u32 *state, char *layout, const char *last)
{
	char *at = nvpe_test_layout_eth(state, layout);

	at = nvpe_test_layout_ip(state, at);
	if (nvpe_test_random(state) % 4) {
		*at++ = nvpe_test_pick(state, NVPE_TEST_GRE);
		if (nvpe_test_random(state) % 4)
			at = nvpe_test_layout_eth(state, at);
		at = nvpe_test_layout_ip(state, at);
	}
	if (*last)
		*at++ = nvpe_test_pick(state, last);
	*at = '\0';
}

bool nvpe_test_rule_fits(const struct nvpe_filter_rule *rule,
			 const struct nvpe_filter_key *key)
{
	u32 bit;

	for (bit = 0; bit < 64 * NVPE_FILTER_WORDS; bit++)
		if (rule->mask.w[bit / 64] >> bit % 64 & 1 &&
		    (rule->key.w[bit / 64] ^ key->w[bit / 64]) >> bit % 64 & 1)
			return false;
	return true;
}

u64 nvpe_test_bits(const u64 q[2], u32 low, u32 n)
{
	u64 val = 0;

	while (n--)
		val = val << 1 | (q[(low + n) / 64] >> (low + n) % 64 & 1);
	return val;
}

static bool nvpe_test_desc_req(const u64 q[2], u64 *len)
{
	u64 mask = nvpe_test_bits(q, 0, 16);
	u64 mss = nvpe_test_bits(q, 16, 14);

	*len = nvpe_test_bits(q, 64, 18);
	if (nvpe_test_bits(q, 57, 7) || nvpe_test_bits(q, 64 + 18, 44) ||
	    mask & ~NVNIC_OFF_TX_MASK || !*len)
		return false;
	return !(mask & NVNIC_OFF_SEG_MASK) || (mss && mss <= 9216);
}

static bool nvpe_test_desc_data(const u64 q[2])
{
	return nvpe_test_bits(q, 126, 2) == 2 && !nvpe_test_bits(q, 82, 43) &&
	       nvpe_test_bits(q, 64, 18);
}

u32 nvpe_test_desc(const u64 q[][2], u32 count, u64 *len)
{
	bool req = count && nvpe_test_bits(q[0], 126, 2) == 1;
	u64 want = 0;
	u32 n;

	*len = 0;
	if (req && !nvpe_test_desc_req(q[0], &want))
		return 0;
	for (n = req; n < count && n < req + 18u; n++) {
		if (!nvpe_test_desc_data(q[n]))
			return 0;
		*len += nvpe_test_bits(q[n], 64, 18);
		if (*len > 262143)
			return 0;
		if (nvpe_test_bits(q[n], 125, 1))
			return *len >= 14 && (!req || want == *len) ? n + 1 : 0;
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: register writes, descriptors and doorbells. Whatever a driver
 * does to a queue pair, the device takes from its rings just what a slow decoder
 * with bit numbers of its own takes, and never more than the doorbell covers.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * flags[0]: size of the rings, as a power of two; then operations, each a
 * struct fuzz_op
 */
#include <nvnic/regs.h>
#include <nvpe/desc.h>

#include "fuzz.h"
#include "fuzz_desc.h"

#define FUZZ_RING	NVNIC_MAX_RING

/* A queue of the device: what nvhw_ring.c, nvhw_txq.c and nvhw_rxq.c hold. */
struct fuzz_queue {
	u64 size_reg;
	u32 size;
	u16 head;
	u16 tail;
	u8 state;
	u64 (*ring)[2];
	u16 next;	/* the driver's next position */
};

/* What a slow decoder makes of the next frame; 0: nothing good */
static u32 fuzz_slow_frame(const struct fuzz_queue *t, u32 pending, u64 *len)
{
	u64 q[NVPE_TEST_DESCS][2];
	u32 n = min_t(u32, pending, NVPE_TEST_DESCS);
	u32 i;

	for (i = 0; i < n; i++)
		memcpy(q[i], t->ring[(u16)(t->head + i) % t->size],
		       sizeof(q[i]));
	return nvpe_test_desc(q, n, len);
}

/* The loop of nvhw_txq_fetch(); false if the queue has to stop. */
static bool fuzz_fetch_tx(struct fuzz_queue *t, struct nvpe_desc_tx *d,
			  u64 *bytes, u32 *taken)
{
	int left = nvpe_desc_pending(t->tail, t->head, t->size);
	struct nvpe_desc_buf buf;
	enum nvpe_desc kind;

	*taken = 0;
	do {
		if (left-- <= 0)
			return false;
		kind = nvpe_desc_tx(d, t->ring[(t->head + *taken) & (t->size - 1)],
				    &buf);
		++*taken;
		if (kind == NVPE_DESC_BAD)
			return false;
		if (kind != NVPE_DESC_REQ)
			*bytes += buf.len;
	} while (kind != NVPE_DESC_LAST);
	return true;
}

/* A frame that was taken is one that the pipeline can work on. */
static void fuzz_check_tx(const struct nvpe_desc_tx *d, u64 bytes, u32 taken)
{
	u32 hdr_len;
	int field;

	fuzz_expect(d->len == bytes && bytes >= 14 && bytes <= 262143);
	fuzz_expect(d->nbufs >= 1 && d->nbufs <= 18);
	fuzz_expect(taken == d->nbufs + (u32)d->req);
	fuzz_expect(d->req ? d->req_len == d->len : !d->mask);
	fuzz_expect(!(d->mask & ~NVNIC_OFF_TX_MASK));
	fuzz_expect(!(d->mask & NVNIC_OFF_SEG_MASK) || (d->mss >= 1 && d->mss <= 9216));
	hdr_len = min_t(u32, d->len, NVNIC_MAX_HDR_LEN);
	field = nvpe_desc_csum_field(d, hdr_len);
	fuzz_expect(field == -ERANGE ? d->csum_start + d->csum_off + 2 > hdr_len :
		    field == d->csum_start + d->csum_off &&
		    field + 2 <= (int)hdr_len);
}

static void fuzz_run_tx(struct fuzz_queue *t)
{
	int pending = nvpe_desc_pending(t->tail, t->head, t->size);

	fuzz_expect(pending < (int)t->size);
	while (pending > 0 && t->state == NVNIC_QSTATE_RUNNING) {
		struct nvpe_desc_tx d = {};
		u64 bytes = 0, len;
		u32 taken, want;
		bool good;

		want = fuzz_slow_frame(t, pending, &len);
		good = fuzz_fetch_tx(t, &d, &bytes, &taken);
		fuzz_expect((int)taken <= pending);
		fuzz_expect(good == !!want);
		if (!good)
			break;
		fuzz_expect(taken == want && len == bytes);
		fuzz_check_tx(&d, bytes, taken);
		t->head += taken;
		pending -= taken;
	}
	if (pending)
		t->state = NVNIC_QSTATE_ERROR;
}

static void fuzz_run_rx(struct fuzz_queue *r)
{
	int pending = nvpe_desc_pending(r->tail, r->head, r->size);
	struct nvpe_desc_buf buf;

	for (; pending > 0; pending--) {
		const u64 *q = r->ring[r->head & (r->size - 1)];
		u64 len = nvpe_test_bits(q, 64, 16);
		bool want = nvpe_test_bits(q, 126, 2) == 3 && len >= 256 &&
			    len <= 16384 && !nvpe_test_bits(q, 80, 46);

		fuzz_expect(nvpe_desc_rx(q, &buf) == want);
		if (!want)
			break;
		fuzz_expect(buf.addr == q[0] && buf.len == len);
		r->head++;
	}
	if (pending)
		r->state = NVNIC_QSTATE_ERROR;
}

/* Registers of a queue, as nvhw_csr.c and nvhw_ring.c act on them */
static void fuzz_ctrl(struct fuzz_queue *t, u64 val)
{
	if (val & ~NVNIC_Q_CTRL_ENABLE)
		return;
	if (!val) {
		t->state = NVNIC_QSTATE_OFF;
		return;
	}
	if (t->state != NVNIC_QSTATE_OFF || !nvpe_desc_ring_fits(t->size_reg))
		return;
	fuzz_expect(t->size_reg >= 64 && t->size_reg <= FUZZ_RING &&
		    __builtin_popcountll(t->size_reg) == 1);
	t->size = t->size_reg;
	t->head = 0;
	t->tail = 0;
	t->next = 0;
	memset(t->ring, 0, t->size * sizeof(t->ring[0]));
	t->state = NVNIC_QSTATE_RUNNING;
}

/* Most of a descriptor right, so that whole frames come about. */
static void fuzz_shape(enum fuzz_what what, u64 q[2])
{
	if (what == FUZZ_TX && q[1] >> 62 == NVNIC_TXD_TYPE_REQ) {
		q[0] &= ~NVNIC_TXD_REQ_RSVD0;
		q[1] &= ~NVNIC_TXD_REQ_RSVD1;
	} else if (what == FUZZ_TX) {
		q[1] &= NVNIC_TXD_EOP | NVNIC_TXD_LEN;
		q[1] |= FIELD_PREP(NVNIC_TXD_TYPE, NVNIC_TXD_TYPE_DATA);
	} else if (what == FUZZ_RX) {
		q[1] &= NVNIC_RXB_LEN;
		q[1] |= FIELD_PREP(NVNIC_RXB_TYPE, NVNIC_RXB_TYPE_BUF);
	}
}

static void fuzz_write(struct fuzz_queue *t, enum fuzz_what what, u64 q[2])
{
	if (t->state == NVNIC_QSTATE_OFF)
		return;
	fuzz_shape(what, q);
	memcpy(t->ring[t->next++ % t->size], q, sizeof(t->ring[0]));
}

static void fuzz_do(struct fuzz_queue *t, bool rx, const struct fuzz_op *op)
{
	enum fuzz_what what = op->what / 2 % FUZZ_WHATS;
	u64 q[2];

	memcpy(q, op->val, sizeof(q));
	if (what == FUZZ_SIZE && t->state == NVNIC_QSTATE_OFF)
		t->size_reg = q[0];
	else if (what == FUZZ_CTRL)
		fuzz_ctrl(t, q[0]);
	else if (what == FUZZ_TX || what == FUZZ_RX || what == FUZZ_ANY)
		fuzz_write(t, what, q);
	else if (what == FUZZ_DOORBELL)
		t->tail = t->next;
	else if (what == FUZZ_TAIL && !(q[0] & ~NVNIC_Q_TAIL_POS))
		t->tail = q[0];
	else if (what == FUZZ_RUN && t->state == NVNIC_QSTATE_RUNNING && rx)
		fuzz_run_rx(t);
	else if (what == FUZZ_RUN && t->state == NVNIC_QSTATE_RUNNING)
		fuzz_run_tx(t);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u64 ring[2][FUZZ_RING][2];
	const struct fuzz_input *in = (const void *)data;
	struct fuzz_queue queue[2] = {};
	struct fuzz_op op;
	u32 i;

	if (size < sizeof(*in))
		return 0;
	for (i = 0; i < 2; i++) {
		queue[i].ring = ring[i];
		queue[i].size_reg = 1ULL << (5 + in->flags[0] % 10);
		fuzz_ctrl(&queue[i], NVNIC_Q_CTRL_ENABLE);
	}
	for (data += sizeof(*in), size -= sizeof(*in); size >= sizeof(op);
	     data += sizeof(op), size -= sizeof(op)) {
		memcpy(&op, data, sizeof(op));
		fuzz_do(&queue[op.what % 2], op.what % 2, &op);
	}
	return 0;
}

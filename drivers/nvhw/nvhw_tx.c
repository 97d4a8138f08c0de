// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: the transmit pipeline, from a request to wire frames.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/flowid.h>
#include <nvpe/request.h>

#include "nvhw.h"

/* Frames that one run of an engine may send. */
#define NVHW_TX_BUDGET		256
/*
 * Frames after which the receiver is notified even if more follow: one NAPI poll,
 * so that GRO sees the segments of a super-frame together.
 */
#define NVHW_TX_NOTIFY		64

/* State of one run of an engine */
struct nvhw_tx_run {
	int budget;
	int quiet;		/* frames since the last notification */
	struct nvhw_rxq *dirty;	/* receive queue to notify */
};

/*
 * Spoof check and FlowID, once for all frames of a request. The checksum that the
 * request asks for covers the bytes from @covered on.
 */
static enum nvnic_status nvhw_tx_stamp(struct nvhw_txq *txq, u8 *hdr, u32 len,
				       u32 covered)
{
	struct nvhw_txreq *r = &txq->req;

	if (nvhw_vmq_spoofs(txq, hdr, len, &r->hdrs))
		return NVNIC_ST_SPOOF;
	r->flowid = READ_ONCE(txq->port->en) & NVNIC_OFF_BIT(FLOWID) &&
		    nvpe_flowid_fill(hdr, covered, &r->hdrs);
	return NVNIC_ST_OK;
}

static enum nvnic_status nvhw_tx_begin_seg(struct nvhw_txq *txq)
{
	struct nvhw_txreq *r = &txq->req;
	const struct nvpe_request req = {
		.mask = r->desc.mask,
		.len = r->desc.len,
		.hdr_len = r->desc.hdr_len,
		.mss = r->desc.mss,
	};
	u32 payload = req.len - req.hdr_len;
	enum nvnic_status status;

	if (req.hdr_len > NVPE_MAX_HDR_LEN || req.hdr_len >= req.len)
		return NVNIC_ST_MISMATCH;
	nvhw_frame_gather(&r->at, r->tmpl, req.hdr_len);
	if (!nvpe_request_takes(&req, r->tmpl, &r->hdrs))
		return NVNIC_ST_MISMATCH;
	status = nvhw_tx_stamp(txq, r->tmpl, req.hdr_len, r->hdrs.l4_off);
	if (status)
		return status;
	if (req.hdr_len + min(req.mss, payload) >
	    READ_ONCE(txq->port->frame_max))
		return NVNIC_ST_OVERSIZE;
	nvpe_seg_init(&r->seg, r->tmpl, &r->hdrs, payload, req.mss,
		      nvpe_request_seg_flags(req.mask));
	return NVNIC_ST_OK;
}

/*
 * Checksum of a request without segmentation. Receivers read the Ethernet header
 * before they fill checksums, so a field inside that header is filled here.
 */
static bool nvhw_tx_csum(struct nvhw_frame *f, const struct nvpe_desc_tx *d)
{
	int field = nvpe_desc_csum_field(d, f->hdr_len);

	if (field < 0)
		return false;
	f->fill.l4_start = d->csum_start;
	f->fill.l4_field = field;
	f->fill.l4_keep = true;
	f->fill.l4_mangle = d->csum_off == NVNIC_CSUM_OFF_UDP;
	if (unlikely(field < NVPE_L2_MAX_HLEN))
		nvhw_frame_finish_l2(f);
	return true;
}

static enum nvnic_status nvhw_tx_begin_plain(struct nvhw_txq *txq)
{
	struct nvhw_frame *f = &txq->frame;
	struct nvhw_txreq *r = &txq->req;
	bool csum = r->desc.mask & NVNIC_OFF_BIT(TX_CSUM);
	enum nvnic_status status;

	if (r->desc.len > READ_ONCE(txq->port->frame_max))
		return NVNIC_ST_OVERSIZE;
	f->len = r->desc.len;
	f->hdr_len = min_t(u32, r->desc.len, NVPE_MAX_HDR_LEN);
	f->payload_len = r->desc.len - f->hdr_len;
	nvhw_frame_gather(&r->at, f->hdr, f->hdr_len);
	f->payload = r->at;
	memset(&f->fill, 0, sizeof(f->fill));
	if (csum && !nvhw_tx_csum(f, &r->desc))
		return NVNIC_ST_MISMATCH;
	if (READ_ONCE(txq->vmq) ||
	    READ_ONCE(txq->port->en) & NVNIC_OFF_BIT(FLOWID)) {
		nvhw_frame_parse(f, NVPE_PARSE_F_TUNNEL, &r->hdrs);
		status = nvhw_tx_stamp(txq, f->hdr, f->hdr_len,
				       csum ? r->desc.csum_start : f->len);
		if (status)
			return status;
	}
	if (csum)
		txq->cnt[NVNIC_TC_CSUM]++;
	if (f->len < NVNIC_MIN_FRAME)
		nvhw_frame_pad(f);
	txq->loaded = true;
	return NVNIC_ST_OK;
}

static enum nvnic_status nvhw_tx_begin(struct nvhw_txq *txq)
{
	struct nvhw_txreq *r = &txq->req;

	txq->cnt[NVNIC_TC_REQUESTS]++;
	r->at.piece = r->buf;
	r->at.off = 0;
	r->flowid = false;
	if (r->desc.mask & ~READ_ONCE(txq->port->en))
		return NVNIC_ST_REFUSED;
	if (!READ_ONCE(txq->port->mac.link))
		return NVNIC_ST_NOLINK;
	if (r->desc.mask & NVNIC_OFF_SEG_MASK)
		return nvhw_tx_begin_seg(txq);
	return nvhw_tx_begin_plain(txq);
}

/* Build the next segment of the request; false if none is left. */
static bool nvhw_tx_load(struct nvhw_txq *txq)
{
	struct nvhw_frame *f = &txq->frame;
	struct nvhw_txreq *r = &txq->req;
	struct nvpe_seg_out out;

	if (!(r->desc.mask & NVNIC_OFF_SEG_MASK) ||
	    !nvpe_seg_next(&r->seg, f->hdr, &out))
		return false;
	f->hdr_len = r->desc.hdr_len;
	f->payload_len = out.payload_len;
	f->len = f->hdr_len + f->payload_len;
	f->payload = r->at;
	f->fill = out.fill;
	nvhw_cursor_skip(&r->at, out.payload_len);
	if (f->len < NVNIC_MIN_FRAME)
		nvhw_frame_pad(f);
	txq->loaded = true;
	return true;
}

static void nvhw_tx_notify(struct nvhw_tx_run *run)
{
	if (run->dirty)
		nvhw_rx_flush(run->dirty);
	run->dirty = NULL;
	run->quiet = 0;
}

static enum nvhw_verdict nvhw_tx_send(struct nvhw_txq *txq,
				      struct nvhw_tx_run *run)
{
	struct nvhw_impair *imp = nvhw_impair_of(txq->port);
	struct nvhw_rxq *dirty = run->dirty;
	enum nvhw_verdict verdict;

	if (unlikely(imp))
		verdict = nvhw_impair_send(imp, &txq->sender, &txq->frame,
					   &dirty);
	else
		verdict = nvhw_wire_send(&txq->sender, &txq->frame, &dirty);
	if (verdict == NVHW_HELD) {
		txq->cnt[NVNIC_TC_HELD]++;
		return NVHW_HELD;
	}
	if (dirty != run->dirty) {
		nvhw_tx_notify(run);
		run->dirty = dirty;
	}
	txq->loaded = false;
	txq->req.frames++;
	txq->req.bytes += txq->frame.len;
	run->budget--;
	if (++run->quiet >= NVHW_TX_NOTIFY)
		nvhw_tx_notify(run);
	return NVHW_SENT;
}

/* The link went down while the frame was held, or between two segments. */
static enum nvnic_status nvhw_tx_unload(struct nvhw_txq *txq)
{
	nvhw_tap_drop(&txq->frame);
	txq->loaded = false;
	return NVNIC_ST_NOLINK;
}

static void nvhw_tx_count(struct nvhw_txq *txq, enum nvnic_status status)
{
	const struct nvhw_txreq *r = &txq->req;
	u64 *cnt = txq->cnt;

	cnt[NVNIC_TC_FRAMES] += r->frames;
	cnt[NVNIC_TC_BYTES] += r->bytes;
	cnt[NVNIC_TC_DROP_REFUSED] += status == NVNIC_ST_REFUSED;
	cnt[NVNIC_TC_DROP_MISMATCH] += status == NVNIC_ST_MISMATCH;
	cnt[NVNIC_TC_DROP_OVERSIZE] += status == NVNIC_ST_OVERSIZE;
	cnt[NVNIC_TC_DROP_NOLINK] += status == NVNIC_ST_NOLINK;
	cnt[NVNIC_TC_DROP_SPOOF] += status == NVNIC_ST_SPOOF;
	if (status != NVNIC_ST_OK)
		return;
	if (r->flowid)
		cnt[NVNIC_TC_FLOWID] += r->frames;
	if (r->desc.mask & NVNIC_OFF_BIT(USO)) {
		cnt[NVNIC_TC_USO]++;
		cnt[NVNIC_TC_USO_FRAMES] += r->frames;
		cnt[NVNIC_TC_USO_BYTES] += r->bytes;
	} else if (r->desc.mask & NVNIC_OFF_TSO_MASK) {
		cnt[NVNIC_TC_LSO_FRAMES] += r->frames;
		cnt[NVNIC_TC_LSO_BYTES] += r->bytes;
		cnt[NVNIC_TC_LSO_GRE] += !!r->hdrs.tunnel;
		if (r->desc.mask & NVNIC_OFF_BIT(GSO_PARTIAL))
			cnt[NVNIC_TC_LSO_PARTIAL]++;
		else
			cnt[NVNIC_TC_LSO_NATIVE]++;
	}
}

/* Send frames of the current request; txq->busy stays set until all are sent. */
static enum nvhw_verdict nvhw_tx_request(struct nvhw_txq *txq,
					 struct nvhw_tx_run *run)
{
	enum nvnic_status status = NVNIC_ST_OK;

	if (!txq->busy) {
		txq->busy = true;
		status = nvhw_tx_begin(txq);
	}
	while (status == NVNIC_ST_OK && (txq->loaded || nvhw_tx_load(txq))) {
		/* The next run sends the rest. */
		if (run->budget <= 0)
			return NVHW_SENT;
		if (unlikely(!READ_ONCE(txq->port->mac.link)))
			status = nvhw_tx_unload(txq);
		else if (nvhw_tx_send(txq, run) == NVHW_HELD)
			return NVHW_HELD;
	}
	nvhw_tx_count(txq, status);
	nvhw_txq_complete(txq, status);
	return NVHW_SENT;
}

/* Returns true if the budget is spent and descriptors may be pending. */
static bool nvhw_tx_run(struct nvhw_txq *txq)
{
	struct nvhw_tx_run run = { .budget = NVHW_TX_BUDGET };
	enum nvnic_status status;
	bool got = true;

	lockdep_assert_held(&txq->lock);
	/*
	 * A doorbell does not release a held sender. P10: read held before the
	 * hold list is used again; pairs with nvhw_rxq_release_one().
	 */
	if (smp_load_acquire(&txq->sender.held))
		return false;
	/* Read the state before the rings; pairs with nvhw_ring_start(). */
	if (smp_load_acquire(&txq->ring.state) != NVNIC_QSTATE_RUNNING)
		return false;
	while (run.budget > 0 &&
	       READ_ONCE(txq->ring.state) == NVNIC_QSTATE_RUNNING) {
		if (!txq->busy) {
			status = nvhw_txq_fetch(txq, &got);
			if (status != NVNIC_ST_OK) {
				nvhw_txq_fail(txq, status);
				break;
			}
			if (!got)
				break;
		}
		if (nvhw_tx_request(txq, &run) == NVHW_HELD) {
			got = false;
			break;
		}
		run.budget--;
	}
	nvhw_tx_notify(&run);
	if (READ_ONCE(txq->ring.state) == NVNIC_QSTATE_RUNNING)
		nvhw_txq_flush(txq);
	return got && run.budget <= 0;
}

static void nvhw_tx_work(struct nvhw_txq *txq)
{
	lockdep_assert_held(&txq->lock);
	/* Kick under the lock, so that nvhw_engine_wait() can cancel the work. */
	if (nvhw_tx_run(txq))
		nvhw_engine_kick(txq);
}

static void nvhw_tx_softirq(struct work_struct *work)
{
	struct nvhw_txq *txq = container_of(work, struct nvhw_txq, softirq);

	spin_lock(&txq->lock);
	nvhw_tx_work(txq);
	spin_unlock(&txq->lock);
}

static void nvhw_tx_thread(struct work_struct *work)
{
	struct nvhw_txq *txq = container_of(work, struct nvhw_txq, thread);

	spin_lock_bh(&txq->lock);
	nvhw_tx_work(txq);
	spin_unlock_bh(&txq->lock);
}

/**
 * nvhw_tx_init() - set up the engine of a TX queue
 * @txq: the queue
 *
 * Context: process.
 */
void nvhw_tx_init(struct nvhw_txq *txq)
{
	INIT_WORK(&txq->softirq, nvhw_tx_softirq);
	INIT_WORK(&txq->thread, nvhw_tx_thread);
}

/**
 * nvhw_tx_doorbell() - write to NVNIC_REG_Q_TAIL
 * @txq: the queue
 * @tail: position behind the last descriptor written
 *
 * Runs the engine in the caller's context if nvhw_engine_may_run() and nobody else
 * runs it. The engine validates @tail.
 *
 * Context: any.
 */
void nvhw_tx_doorbell(struct nvhw_txq *txq, u16 tail)
{
	/* P1: descriptors before the tail; pairs with nvhw_ring_pending(). */
	smp_store_release(&txq->ring.tail, tail);
	if (nvhw_engine_may_run(txq->port) && spin_trylock(&txq->lock)) {
		nvhw_tx_work(txq);
		spin_unlock(&txq->lock);
	} else {
		nvhw_engine_kick(txq);
	}
}

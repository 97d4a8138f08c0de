// SPDX-License-Identifier: GPL-2.0
/*
 * Packet engine: validation of descriptors.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <nvpe/desc.h>
#include <nvpe/parse.h>

/*
 * Anything but a buffer: a request, if it is the first. It would cost every
 * buffer the saving of registers.
 */
static noinline enum nvpe_desc nvpe_desc_tx_req(struct nvpe_desc_tx *d,
						const u64 q[2])
{
	if (FIELD_GET(NVNIC_TXD_TYPE, q[1]) != NVNIC_TXD_TYPE_REQ || d->req ||
	    d->nbufs)
		return NVPE_DESC_BAD;
	if (q[0] & NVNIC_TXD_REQ_RSVD0 || q[1] & NVNIC_TXD_REQ_RSVD1)
		return NVPE_DESC_BAD;
	d->req = true;
	d->mask = FIELD_GET(NVNIC_TXD_REQ_MASK, q[0]);
	d->mss = FIELD_GET(NVNIC_TXD_REQ_MSS, q[0]);
	d->hdr_len = FIELD_GET(NVNIC_TXD_REQ_HDR_LEN, q[0]);
	d->csum_start = FIELD_GET(NVNIC_TXD_REQ_CSUM_START, q[0]);
	d->csum_off = FIELD_GET(NVNIC_TXD_REQ_CSUM_OFF, q[0]);
	d->req_len = FIELD_GET(NVNIC_TXD_REQ_LEN, q[1]);
	if (d->mask & ~NVNIC_OFF_TX_MASK)
		return NVPE_DESC_BAD;
	if (d->mask & NVNIC_OFF_SEG_MASK &&
	    (d->mss < NVNIC_MIN_MSS || d->mss > NVNIC_MAX_MSS))
		return NVPE_DESC_BAD;
	return NVPE_DESC_REQ;
}

enum nvpe_desc nvpe_desc_tx(struct nvpe_desc_tx *d, const u64 q[2],
			    struct nvpe_desc_buf *buf)
{
	u64 word = q[1];	/* for it might be @buf, as the compiler sees it */
	u32 len = FIELD_GET(NVNIC_TXD_LEN, word);

	/* Type and reserved bits at once */
	if (unlikely((word & ~(NVNIC_TXD_LEN | NVNIC_TXD_EOP)) !=
		     FIELD_PREP(NVNIC_TXD_TYPE, NVNIC_TXD_TYPE_DATA)))
		return nvpe_desc_tx_req(d, q);
	if (!len || d->nbufs == NVNIC_MAX_TX_BUFS ||
	    len > NVNIC_MAX_TX_LEN - d->len)
		return NVPE_DESC_BAD;
	buf->addr = q[0];
	buf->len = len;
	len += d->len;
	d->nbufs++;
	d->len = len;
	if (!(word & NVNIC_TXD_EOP))
		return NVPE_DESC_BUF;
	if (len < NVPE_ETH_HLEN || (d->req && d->req_len != len))
		return NVPE_DESC_BAD;
	return NVPE_DESC_LAST;
}

int nvpe_desc_csum_field(const struct nvpe_desc_tx *d, u32 hdr_len)
{
	u32 field = d->csum_start + d->csum_off;

	return field + 2 <= hdr_len ? (int)field : -ERANGE;
}

bool nvpe_desc_rx(const u64 q[2], struct nvpe_desc_buf *buf)
{
	u32 len = FIELD_GET(NVNIC_RXB_LEN, q[1]);

	if (FIELD_GET(NVNIC_RXB_TYPE, q[1]) != NVNIC_RXB_TYPE_BUF ||
	    q[1] & NVNIC_RXB_RSVD || len < NVNIC_MIN_RX_BUF ||
	    len > NVNIC_MAX_RX_BUF)
		return false;
	buf->addr = q[0];
	buf->len = len;
	return true;
}

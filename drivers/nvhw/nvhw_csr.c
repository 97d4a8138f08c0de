// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: the register file.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>

#include "nvhw.h"

/**
 * struct nvhw_reg - a register of the port, or a run of equal ones
 * @off: byte offset of the first one
 * @count: how many, 8 bytes apart
 * @field: where the value is kept in &struct nvhw_port, 0: nowhere
 * @reset: value after reset
 * @writable: bits that may be written; a value with another one is refused
 * @read: computes the value, instead of @field
 * @write: acts on a value before it is stored; false refuses it
 *
 * Access class: RO without @writable, WO without @field and @read.
 */
struct nvhw_reg {
	u32 off;
	u32 count;
	size_t field;
	u64 reset;
	u64 writable;
	u64 (*read)(struct nvhw_port *port, unsigned int index);
	bool (*write)(struct nvhw_port *port, unsigned int index, u64 val);
};

static u64 nvhw_csr_read_id(struct nvhw_port *port, unsigned int index)
{
	return FIELD_PREP(NVNIC_ID_MAGIC, NVNIC_ID_MAGIC_VAL) |
	       FIELD_PREP(NVNIC_ID_FW_MAJOR, NVNIC_ID_FW_MAJOR_VAL) |
	       FIELD_PREP(NVNIC_ID_FW_MINOR, NVNIC_ID_FW_MINOR_VAL) |
	       FIELD_PREP(NVNIC_ID_VERSION, NVNIC_ID_VERSION_VAL);
}

static u64 nvhw_csr_read_cap(struct nvhw_port *port, unsigned int index)
{
	return NVNIC_OFF_ALL;
}

static u64 nvhw_csr_read_status(struct nvhw_port *port, unsigned int index)
{
	return FIELD_PREP(NVNIC_STATUS_LINK, READ_ONCE(port->link));
}

/* Locally administered, and the same each time the adapter is created. */
static u64 nvhw_csr_read_mac(struct nvhw_port *port, unsigned int index)
{
	return 0x024e56000000ULL | (u64)(port->adapter->id & 0xffff) << 8 |
	       port->bdev.port;
}

static u64 nvhw_csr_read_event(struct nvhw_port *port, unsigned int index)
{
	return atomic64_read(&port->event);
}

static u64 nvhw_csr_read_commit(struct nvhw_port *port, unsigned int index)
{
	return FIELD_PREP(NVNIC_RSS_COMMIT_REFUSED, port->rss_refused);
}

static u64 nvhw_csr_read_en(struct nvhw_port *port, unsigned int index)
{
	return READ_ONCE(port->en);
}

static bool nvhw_csr_write_en(struct nvhw_port *port, unsigned int index,
			      u64 val)
{
	u64 changed = READ_ONCE(port->en) ^ val;

	WRITE_ONCE(port->en, val);
	nvhw_rss_set_inner(port);
	if (changed & ~NVNIC_OFF_TX_MASK)
		nvhw_rxq_reroute(port);
	return true;
}

static u64 nvhw_csr_read_ctrl(struct nvhw_port *port, unsigned int index)
{
	return READ_ONCE(port->ctrl);
}

static bool nvhw_csr_write_ctrl(struct nvhw_port *port, unsigned int index,
				u64 val)
{
	return nvhw_port_set_ctrl(port, val);
}

static bool nvhw_csr_write_event(struct nvhw_port *port, unsigned int index,
				 u64 val)
{
	atomic64_andnot(val, &port->event);
	return true;
}

static bool nvhw_csr_write_frame_max(struct nvhw_port *port, unsigned int index,
				     u64 val)
{
	return val >= NVNIC_MIN_FRAME &&
	       val <= NVNIC_MAX_MTU + NVNIC_L2_OVERHEAD;
}

static u64 nvhw_csr_read_link_ctrl(struct nvhw_port *port, unsigned int index)
{
	return READ_ONCE(port->link_ctrl);
}

static bool nvhw_csr_write_link_ctrl(struct nvhw_port *port,
				     unsigned int index, u64 val)
{
	return nvhw_link_set_ctrl(port, val);
}

static bool nvhw_csr_write_vec_test(struct nvhw_port *port, unsigned int index,
				    u64 val)
{
	return nvhw_irq_test(port, val);
}

static bool nvhw_csr_write_commit(struct nvhw_port *port, unsigned int index,
				  u64 val)
{
	port->rss_refused = !nvhw_rss_commit(port);
	return !port->rss_refused;
}

static bool nvhw_csr_write_rss_ctx(struct nvhw_port *port, unsigned int index,
				   u64 val)
{
	return FIELD_GET(NVNIC_RSS_CTX_ID, val) < NVNIC_RSS_CONTEXTS;
}

/* ---- Filter rules ---- */

static u64 nvhw_csr_read_flt_cmd(struct nvhw_port *port, unsigned int index)
{
	return port->flt_status;
}

static bool nvhw_csr_write_flt_cmd(struct nvhw_port *port, unsigned int index,
				   u64 val)
{
	port->flt_status = nvhw_filter_command(port, val);
	return port->flt_status != NVNIC_FLT_ST_BAD;
}

static bool nvhw_csr_write_flt_sel(struct nvhw_port *port, unsigned int index,
				   u64 val)
{
	return FIELD_GET(NVNIC_FLT_SEL_LOC, val) < NVNIC_FILTER_ENTRIES &&
	       FIELD_GET(NVNIC_FLT_SEL_TABLE, val) < NVNIC_FLT_TABLES;
}

static u64 nvhw_csr_read_flt_frames(struct nvhw_port *port, unsigned int index)
{
	return nvhw_filter_counter(port, false);
}

static u64 nvhw_csr_read_flt_bytes(struct nvhw_port *port, unsigned int index)
{
	return nvhw_filter_counter(port, true);
}

/* ---- VM queue sets ---- */

static u64 nvhw_csr_read_vmq_cmd(struct nvhw_port *port, unsigned int index)
{
	return port->vmq_result;
}

static bool nvhw_csr_write_vmq_cmd(struct nvhw_port *port, unsigned int index,
				   u64 val)
{
	port->vmq_result = nvhw_vmq_command(port, val);
	return true;
}

static u64 nvhw_csr_read_vmq_status(struct nvhw_port *port, unsigned int index)
{
	return nvhw_vmq_status(port, port->vmq_sel);
}

static u64 nvhw_csr_read_vmq_cnt(struct nvhw_port *port, unsigned int index)
{
	return nvhw_vmq_counter(port, port->vmq_sel, index);
}

#define NVHW_PORT(_field)	offsetof(struct nvhw_port, _field)
#define NVHW_RSS_FIELDS_RESET						\
	(FIELD_PREP_CONST(NVNIC_RSS_FIELDS_IP4, NVNIC_RSS_F_L3) |		\
	 FIELD_PREP_CONST(NVNIC_RSS_FIELDS_IP6, NVNIC_RSS_F_L3) |		\
	 FIELD_PREP_CONST(NVNIC_RSS_FIELDS_UDP4, NVNIC_RSS_F_L3) |		\
	 FIELD_PREP_CONST(NVNIC_RSS_FIELDS_UDP6, NVNIC_RSS_F_L3) |		\
	 FIELD_PREP_CONST(NVNIC_RSS_FIELDS_TCP4, NVNIC_RSS_F_L3 | NVNIC_RSS_F_L4) | \
	 FIELD_PREP_CONST(NVNIC_RSS_FIELDS_TCP6, NVNIC_RSS_F_L3 | NVNIC_RSS_F_L4))

static const struct nvhw_reg nvhw_port_regs[] = {
	{ .off = NVNIC_REG_ID, .count = 1, .read = nvhw_csr_read_id },
	{ .off = NVNIC_REG_CAP, .count = 1, .read = nvhw_csr_read_cap },
	{ .off = NVNIC_REG_EN, .count = 1, .read = nvhw_csr_read_en,
	  .writable = NVNIC_OFF_ALL, .write = nvhw_csr_write_en },
	{ .off = NVNIC_REG_CTRL, .count = 1, .read = nvhw_csr_read_ctrl,
	  .writable = NVNIC_CTRL_MASK, .write = nvhw_csr_write_ctrl },
	{ .off = NVNIC_REG_STATUS, .count = 1, .read = nvhw_csr_read_status },
	{ .off = NVNIC_REG_EVENT, .count = 1, .read = nvhw_csr_read_event,
	  .writable = NVNIC_EVENT_MASK, .write = nvhw_csr_write_event },
	{ .off = NVNIC_REG_FRAME_MAX, .count = 1,
	  .field = NVHW_PORT(frame_max), .reset = 1522,
	  .writable = GENMASK_ULL(15, 0), .write = nvhw_csr_write_frame_max },
	{ .off = NVNIC_REG_MAC, .count = 1, .read = nvhw_csr_read_mac },
	{ .off = NVNIC_REG_RX_MODE, .count = 1, .field = NVHW_PORT(rx_mode),
	  .writable = NVNIC_RX_MODE_MASK },
	{ .off = NVNIC_REG_LINK_CTRL, .count = 1,
	  .read = nvhw_csr_read_link_ctrl, .writable = NVNIC_LINK_CTRL_MASK,
	  .write = nvhw_csr_write_link_ctrl },
	{ .off = NVNIC_REG_LINK_STATUS, .count = 1,
	  .field = NVHW_PORT(link_status) },
	{ .off = NVNIC_REG_LINK_PARTNER, .count = 1,
	  .field = NVHW_PORT(link_partner) },
	{ .off = NVNIC_REG_LED, .count = 1, .field = NVHW_PORT(led),
	  .writable = NVNIC_LED_ON },
	{ .off = NVNIC_REG_VEC_TEST, .count = 1,
	  .writable = NVNIC_VEC_TEST_INDEX, .write = nvhw_csr_write_vec_test },
	{ .off = NVNIC_REG_RSS_FIELDS, .count = 1,
	  .field = NVHW_PORT(rss_fields), .reset = NVHW_RSS_FIELDS_RESET,
	  .writable = NVNIC_RSS_FIELDS_MASK },
	{ .off = NVNIC_REG_RSS_KEY, .count = NVNIC_RSS_KEY_WORDS,
	  .field = NVHW_PORT(rss_key), .writable = U64_MAX },
	{ .off = NVNIC_REG_RSS_COMMIT, .count = 1,
	  .read = nvhw_csr_read_commit, .writable = U64_MAX,
	  .write = nvhw_csr_write_commit },
	{ .off = NVNIC_REG_RSS_CTX, .count = 1, .field = NVHW_PORT(rss_ctx),
	  .writable = NVNIC_RSS_CTX_MASK, .write = nvhw_csr_write_rss_ctx },
	{ .off = NVNIC_REG_FLT_KEY(0), .count = NVNIC_FLT_WORDS,
	  .field = NVHW_PORT(flt_key), .writable = U64_MAX },
	{ .off = NVNIC_REG_FLT_MASK(0), .count = NVNIC_FLT_WORDS,
	  .field = NVHW_PORT(flt_mask), .writable = U64_MAX },
	{ .off = NVNIC_REG_FLT_ACTION, .count = 1,
	  .field = NVHW_PORT(flt_action), .writable = NVNIC_FLT_ACT_MASK },
	{ .off = NVNIC_REG_FLT_CMD, .count = 1,
	  .read = nvhw_csr_read_flt_cmd, .writable = NVNIC_FLT_CMD_MASK,
	  .write = nvhw_csr_write_flt_cmd },
	{ .off = NVNIC_REG_FLT_SEL, .count = 1, .field = NVHW_PORT(flt_sel),
	  .writable = NVNIC_FLT_SEL_MASK, .write = nvhw_csr_write_flt_sel },
	{ .off = NVNIC_REG_FLT_FRAMES, .count = 1,
	  .read = nvhw_csr_read_flt_frames },
	{ .off = NVNIC_REG_FLT_BYTES, .count = 1,
	  .read = nvhw_csr_read_flt_bytes },
	{ .off = NVNIC_REG_VMQ_SEL, .count = 1, .field = NVHW_PORT(vmq_sel),
	  .writable = NVNIC_VMQ_SETS - 1 },
	{ .off = NVNIC_REG_VMQ_CFG, .count = 1, .field = NVHW_PORT(vmq_cfg),
	  .writable = NVNIC_VMQ_CFG_MASK },
	{ .off = NVNIC_REG_VMQ_CMD, .count = 1,
	  .read = nvhw_csr_read_vmq_cmd, .writable = NVNIC_VMQ_CMD_OP,
	  .write = nvhw_csr_write_vmq_cmd },
	{ .off = NVNIC_REG_VMQ_STATUS, .count = 1,
	  .read = nvhw_csr_read_vmq_status },
	{ .off = NVNIC_REG_VMQ_CNT(0), .count = NVNIC_VC_COUNT,
	  .read = nvhw_csr_read_vmq_cnt },
	{ .off = NVNIC_REG_MACF(0), .count = NVNIC_MAX_MACS,
	  .field = NVHW_PORT(macf),
	  .writable = NVNIC_MACF_VALID | NVNIC_MACF_ADDR },
	{ .off = NVNIC_REG_RSS_TABLE(0), .count = NVNIC_RSS_ENTRIES,
	  .field = NVHW_PORT(rss_table), .writable = NVNIC_RSS_TABLE_QUEUE },
	{ .off = NVNIC_REG_PORT_CNT(0), .count = NVNIC_PC_COUNT,
	  .read = nvhw_port_counter },
};

static u64 *nvhw_csr_field(struct nvhw_port *port, const struct nvhw_reg *reg,
			   unsigned int index)
{
	return (u64 *)((u8 *)port + reg->field) + index;
}

static const struct nvhw_reg *nvhw_csr_find(u32 off, unsigned int *index)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nvhw_port_regs); i++) {
		const struct nvhw_reg *reg = &nvhw_port_regs[i];

		*index = (off - reg->off) / 8;
		if (off >= reg->off && *index < reg->count)
			return reg;
	}
	return NULL;
}

static u64 nvhw_csr_port_read(struct nvhw_port *port, u32 off)
{
	const struct nvhw_reg *reg;
	unsigned int index;

	reg = nvhw_csr_find(off, &index);
	if (!reg)
		return 0;
	if (reg->read)
		return reg->read(port, index);
	return reg->field ? READ_ONCE(*nvhw_csr_field(port, reg, index)) : 0;
}

static bool nvhw_csr_port_write(struct nvhw_port *port, u32 off, u64 val)
{
	const struct nvhw_reg *reg;
	unsigned int index;

	reg = nvhw_csr_find(off, &index);
	if (!reg || !reg->writable || val & ~reg->writable)
		return false;
	if (reg->write && !reg->write(port, index, val))
		return false;
	if (reg->field)
		WRITE_ONCE(*nvhw_csr_field(port, reg, index), val);
	return true;
}

/* Half of a queue pair's block: the two have the same registers. */
struct nvhw_csr_half {
	struct nvhw_txq *txq;	/* one of the two is NULL */
	struct nvhw_rxq *rxq;
	struct nvhw_ring *ring;
	unsigned int queue;
};

static bool nvhw_csr_q_ctrl(struct nvhw_port *port, struct nvhw_csr_half *half,
			    u64 val)
{
	bool ok = true;

	if (val & ~NVNIC_Q_CTRL_ENABLE)
		return false;
	mutex_lock(&port->lock);
	if (val && !nvhw_vmq_takes_start(port, half->queue))
		ok = false;
	else if (half->txq && val)
		ok = nvhw_txq_enable(half->txq);
	else if (half->txq)
		nvhw_txq_disable(half->txq);
	else if (val)
		ok = nvhw_rxq_enable(half->rxq);
	else
		nvhw_rxq_disable(half->rxq);
	mutex_unlock(&port->lock);
	return ok;
}

static bool nvhw_csr_q_set(struct nvhw_ring *ring, u64 *reg, u64 val)
{
	if (READ_ONCE(ring->state) != NVNIC_QSTATE_OFF)
		return false;
	*reg = val;
	return true;
}

static bool nvhw_csr_half_write(struct nvhw_port *port,
				struct nvhw_csr_half *half, u32 reg, u64 val)
{
	switch (reg) {
	case NVNIC_REG_Q_TAIL:
		if (val & ~NVNIC_Q_TAIL_POS)
			return false;
		if (half->txq)
			nvhw_tx_doorbell(half->txq, val);
		else
			nvhw_rxq_doorbell(half->rxq, val);
		return true;
	case NVNIC_REG_Q_CTRL:
		return nvhw_csr_q_ctrl(port, half, val);
	case NVNIC_REG_Q_BASE:
		return nvhw_csr_q_set(half->ring, &half->ring->base, val);
	case NVNIC_REG_Q_CBASE:
		return nvhw_csr_q_set(half->ring, &half->ring->cbase, val);
	case NVNIC_REG_Q_SIZE:
		return nvhw_csr_q_set(half->ring, &half->ring->size_reg, val);
	default:
		return false;
	}
}

static u64 nvhw_csr_half_read(struct nvhw_csr_half *half, u32 reg)
{
	u64 val;

	switch (reg) {
	case NVNIC_REG_Q_CTRL:
		return READ_ONCE(half->ring->state) != NVNIC_QSTATE_OFF;
	case NVNIC_REG_Q_STATUS:
		val = nvhw_ring_status(half->ring);
		if (half->txq)
			val |= FIELD_PREP(NVNIC_Q_STATUS_HOLD,
					  READ_ONCE(half->txq->held));
		return val;
	case NVNIC_REG_Q_BASE:
		return half->ring->base;
	case NVNIC_REG_Q_CBASE:
		return half->ring->cbase;
	case NVNIC_REG_Q_SIZE:
		return half->ring->size_reg;
	default:
		return 0;
	}
}

static void nvhw_csr_half_of(struct nvhw_port *port, unsigned int queue,
			     u32 reg, struct nvhw_csr_half *half)
{
	bool rx = reg >= NVNIC_REG_RXQ(0) - NVNIC_REG_QUEUE(0);

	half->queue = queue;
	half->txq = rx ? NULL : &port->txq[queue];
	half->rxq = rx ? &port->rxq[queue] : NULL;
	half->ring = rx ? &port->rxq[queue].ring : &port->txq[queue].ring;
}

#define NVHW_Q_RXQ	(NVNIC_REG_RXQ(0) - NVNIC_REG_QUEUE(0))
#define NVHW_Q_ARM	(NVNIC_REG_Q_ARM(0) - NVNIC_REG_QUEUE(0))
#define NVHW_Q_MODER_TX	(NVNIC_REG_Q_MODER_TX(0) - NVNIC_REG_QUEUE(0))
#define NVHW_Q_MODER_RX	(NVNIC_REG_Q_MODER_RX(0) - NVNIC_REG_QUEUE(0))
#define NVHW_Q_TXCNT	(NVNIC_REG_TXQ_CNT(0, 0) - NVNIC_REG_QUEUE(0))
#define NVHW_Q_RXCNT	(NVNIC_REG_RXQ_CNT(0, 0) - NVNIC_REG_QUEUE(0))

static struct nvhw_moder *nvhw_csr_moder(struct nvhw_port *port,
					 unsigned int queue, u32 reg)
{
	struct nvhw_vec *vec = &port->vec[queue];

	if (reg == NVHW_Q_MODER_TX)
		return &vec->moder[NVHW_TX];
	return reg == NVHW_Q_MODER_RX ? &vec->moder[NVHW_RX] : NULL;
}

static bool nvhw_csr_queue_write(struct nvhw_port *port, u32 off, u64 val)
{
	unsigned int queue = (off - NVNIC_REG_QUEUE_BASE) /
			     NVNIC_REG_QUEUE_STRIDE;
	u32 reg = off & (NVNIC_REG_QUEUE_STRIDE - 1);
	struct nvhw_csr_half half;
	struct nvhw_moder *moder;

	if (reg == NVHW_Q_ARM)
		return !(val & ~NVNIC_Q_ARM_MASK) &&
		       nvhw_irq_arm(port, queue, val);
	if (reg > NVHW_Q_ARM) {
		moder = nvhw_csr_moder(port, queue, reg);
		return moder && nvhw_moder_write(moder, val);
	}
	nvhw_csr_half_of(port, queue, reg, &half);
	return nvhw_csr_half_write(port, &half, reg & (NVHW_Q_RXQ - 1), val);
}

static u64 nvhw_csr_queue_read(struct nvhw_port *port, u32 off)
{
	unsigned int queue = (off - NVNIC_REG_QUEUE_BASE) /
			     NVNIC_REG_QUEUE_STRIDE;
	u32 reg = off & (NVNIC_REG_QUEUE_STRIDE - 1);
	const struct nvhw_moder *moder;
	struct nvhw_csr_half half;
	unsigned int n;

	if (reg >= NVHW_Q_RXCNT) {
		n = (reg - NVHW_Q_RXCNT) / 8;
		return n < NVNIC_RC_COUNT ?
		       READ_ONCE(port->rxq[queue].cnt[n]) : 0;
	}
	if (reg >= NVHW_Q_TXCNT) {
		n = (reg - NVHW_Q_TXCNT) / 8;
		return n < NVNIC_TC_COUNT ?
		       READ_ONCE(port->txq[queue].cnt[n]) : 0;
	}
	if (reg >= NVHW_Q_ARM) {
		moder = nvhw_csr_moder(port, queue, reg);
		return moder ? READ_ONCE(moder->reg) : 0;
	}
	nvhw_csr_half_of(port, queue, reg, &half);
	return nvhw_csr_half_read(&half, reg & (NVHW_Q_RXQ - 1));
}

static u64 nvhw_csr_read(struct nvnic_bus_dev *bdev, u32 off)
{
	struct nvhw_port *port = nvhw_port_of(bdev);

	if (off % 8 || off >= NVNIC_REG_END)
		return 0;
	if (off >= NVNIC_REG_QUEUE_BASE)
		return nvhw_csr_queue_read(port, off);
	return nvhw_csr_port_read(port, off);
}

static void nvhw_csr_write(struct nvnic_bus_dev *bdev, u32 off, u64 val)
{
	struct nvhw_port *port = nvhw_port_of(bdev);
	bool ok = false;

	if (!(off % 8) && off < NVNIC_REG_END)
		ok = off >= NVNIC_REG_QUEUE_BASE ?
		     nvhw_csr_queue_write(port, off, val) :
		     nvhw_csr_port_write(port, off, val);
	if (unlikely(!ok))
		nvhw_port_count(port, NVNIC_PC_CSR_BAD, 1);
}

const struct nvnic_bus_ops nvhw_csr_ops = {
	.read = nvhw_csr_read,
	.write = nvhw_csr_write,
	.vector_irq = nvhw_irq_map,
};

/**
 * nvhw_csr_reset() - give every register its reset value
 * @port: the port, with all queues off
 */
void nvhw_csr_reset(struct nvhw_port *port)
{
	unsigned int i, j;

	static_assert(NVNIC_TC_COUNT <= NVNIC_QUEUE_CNT_MAX);
	static_assert(NVNIC_RC_COUNT <= NVNIC_QUEUE_CNT_MAX);
	for (i = 0; i < ARRAY_SIZE(nvhw_port_regs); i++) {
		const struct nvhw_reg *reg = &nvhw_port_regs[i];

		for (j = 0; reg->field && j < reg->count; j++)
			*nvhw_csr_field(port, reg, j) = reg->reset;
	}
}

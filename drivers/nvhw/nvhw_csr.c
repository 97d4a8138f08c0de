// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: the register file.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include "nvhw.h"
#include "nvhw_reg.h"

/**
 * struct nvhw_csr_block - a block of the register file
 * @end: offset behind the block; the next one starts there
 * @regs: the registers, with an empty row at the end
 */
struct nvhw_csr_block {
	u32 end;
	const struct nvhw_reg *regs;
};

static_assert(NVNIC_TC_COUNT <= NVNIC_QUEUE_CNT_MAX);
static_assert(NVNIC_RC_COUNT <= NVNIC_QUEUE_CNT_MAX);

static const struct nvhw_csr_block nvhw_csr_blocks[] = {
	{ NVNIC_REG_LINK_CTRL, nvhw_port_regs },
	{ NVNIC_REG_VEC_TEST, nvhw_link_regs },
	{ NVNIC_REG_RSS_FIELDS, nvhw_irq_regs },
	{ NVNIC_REG_MACF(0), nvhw_rss_regs },
	{ NVNIC_REG_FLT_KEY(0), nvhw_rx_regs },
	{ NVNIC_REG_VMQ_SEL, nvhw_filter_regs },
	{ NVNIC_REG_RSS_TABLE(0), nvhw_vmq_regs },
	{ NVNIC_REG_PORT_CNT(0), nvhw_rss_regs },
	{ NVNIC_REG_QUEUE_BASE, nvhw_port_regs },
};

static const struct nvhw_reg *nvhw_csr_find(u32 off, unsigned int *index)
{
	const struct nvhw_csr_block *block = nvhw_csr_blocks;
	const struct nvhw_reg *reg;

	while (off >= block->end)
		block++;
	for (reg = block->regs; reg->count; reg++) {
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
	return reg->field ? READ_ONCE(*nvhw_reg_field(port, reg, index)) : 0;
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
		WRITE_ONCE(*nvhw_reg_field(port, reg, index), val);
	return true;
}

/* TX or RX half of a queue pair's block; both have the same registers. */
struct nvhw_csr_half {
	struct nvhw_txq *txq;	/* txq or rxq is NULL */
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
					  READ_ONCE(half->txq->sender.held));
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

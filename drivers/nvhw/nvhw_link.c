// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: link negotiation between the two ends of the wire.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitfield.h>
#include <linux/bitops.h>

#include "nvhw.h"
#include "nvhw_reg.h"

/* The link state of a port that nvhw_link_resolve() has found */
struct nvhw_link {
	struct nvhw_port *far;
	u64 status;
	u64 partner;
	u8 flow;
};

static bool nvhw_link_phy_on(const struct nvhw_port *port)
{
	return port->mac.ctrl & (NVNIC_LINK_AUTONEG | NVNIC_LINK_FORCED);
}

/* Modes that an end accepts: those it offers, or its forced one */
static u64 nvhw_link_modes(const struct nvhw_port *port)
{
	return port->mac.ctrl & NVNIC_LINK_AUTONEG ?
	       FIELD_GET(NVNIC_LINK_ADV, port->mac.ctrl) :
	       FIELD_GET(NVNIC_LINK_FORCED, port->mac.ctrl);
}

static enum nvnic_link_reason nvhw_link_reason(const struct nvhw_port *port,
					       const struct nvhw_port *peer)
{
	if (!(port->ctrl & NVNIC_CTRL_ENABLE) || !nvhw_link_phy_on(port))
		return NVNIC_LINK_OFF;
	if (port->ctrl & NVNIC_CTRL_LOOPBACK)
		return NVNIC_LINK_OK;
	if (!nvhw_link_phy_on(peer))
		return NVNIC_LINK_NO_CABLE;
	if (!(peer->ctrl & NVNIC_CTRL_ENABLE) ||
	    peer->ctrl & NVNIC_CTRL_LOOPBACK)
		return NVNIC_LINK_NO_PARTNER;
	if (!(nvhw_link_modes(port) & nvhw_link_modes(peer)))
		return NVNIC_LINK_NO_COMMON;
	return NVNIC_LINK_OK;
}

/* Resolve flow control as IEEE 802.3 Annex 28B, table 28B-3. */
static u8 nvhw_link_negotiate_flow(u64 ours, u64 theirs)
{
	u64 both = ours & theirs;

	if (both & NVNIC_LINK_ADV_PAUSE)
		return NVNIC_CTRL_PAUSE;
	if (!(both & NVNIC_LINK_ADV_ASYM))
		return 0;
	if (ours & NVNIC_LINK_ADV_PAUSE)
		return NVNIC_CTRL_PAUSE_RX;
	return theirs & NVNIC_LINK_ADV_PAUSE ? NVNIC_CTRL_PAUSE_TX : 0;
}

static void nvhw_link_resolve(struct nvhw_port *port, struct nvhw_link *to)
{
	struct nvhw_port *peer = port->ctrl & NVNIC_CTRL_LOOPBACK ? port :
								    port->peer;
	enum nvnic_link_reason why = nvhw_link_reason(port, peer);
	u64 modes = nvhw_link_modes(port) & nvhw_link_modes(peer);
	bool negotiated = false;

	to->far = peer;
	if (peer != port && peer->ctrl & NVNIC_CTRL_LOOPBACK)
		to->far = NULL;
	to->status = FIELD_PREP(NVNIC_LINK_REASON, why);
	to->partner = 0;
	to->flow = 0;
	/* An end without AUTONEG does not receive the partner's offer. */
	if (why == NVNIC_LINK_OK || why == NVNIC_LINK_NO_COMMON)
		negotiated = port->mac.ctrl & peer->mac.ctrl &
			     NVNIC_LINK_AUTONEG;
	if (negotiated)
		to->partner = peer->mac.ctrl & NVNIC_LINK_OFFER;
	if (why != NVNIC_LINK_OK)
		return;

	to->flow = port->ctrl & NVNIC_CTRL_PAUSE;
	if (negotiated && port->mac.ctrl & NVNIC_LINK_PAUSE_AUTO)
		to->flow = nvhw_link_negotiate_flow(port->mac.ctrl,
						    to->partner);
	to->status |= FIELD_PREP(NVNIC_LINK_MODE, BIT(__fls(modes))) |
		      FIELD_PREP(NVNIC_LINK_NEGOTIATED, negotiated) |
		      FIELD_PREP(NVNIC_LINK_PAUSE_TX,
				 !!(to->flow & NVNIC_CTRL_PAUSE_TX)) |
		      FIELD_PREP(NVNIC_LINK_PAUSE_RX,
				 !!(to->flow & NVNIC_CTRL_PAUSE_RX));
}

/* Returns whether held senders must be kicked. */
static bool nvhw_link_apply(struct nvhw_port *port, const struct nvhw_link *to)
{
	bool was = port->mac.link, is = to->status & NVNIC_LINK_MODE;
	bool moved = port->mac.far != to->far || port->mac.flow != to->flow;
	u64 changed = (port->mac.status ^ to->status) |
		      (port->mac.partner ^ to->partner);

	if (was && (changed & NVNIC_LINK_MODE || port->mac.far != to->far))
		nvhw_port_count(port, NVNIC_PC_LINK_DOWN, 1);
	/* Engines start no frame while link, far and flow do not match. */
	WRITE_ONCE(port->mac.link, was && is);
	WRITE_ONCE(port->mac.far, to->far);
	WRITE_ONCE(port->mac.flow, to->flow);
	WRITE_ONCE(port->mac.link, is);
	WRITE_ONCE(port->mac.status, to->status);
	WRITE_ONCE(port->mac.partner, to->partner);
	if (changed || (is && moved))
		nvhw_irq_event(port, NVNIC_EVENT_LINK);
	return moved || was != is;
}

/**
 * nvhw_link_update() - negotiate again after a port's CTRL or LINK_CTRL changed
 * @adapter: the adapter
 *
 * Context: process, sleeps; no lock held.
 */
void nvhw_link_update(struct nvhw_adapter *adapter)
{
	struct nvhw_link to[NVHW_PORTS];
	bool release = false;
	unsigned int i;

	spin_lock_bh(&adapter->link_lock);
	for (i = 0; i < NVHW_PORTS; i++)
		nvhw_link_resolve(adapter->ports[i], &to[i]);
	for (i = 0; i < NVHW_PORTS; i++)
		release |= nvhw_link_apply(adapter->ports[i], &to[i]);
	spin_unlock_bh(&adapter->link_lock);

	if (!release)
		return;
	/* Wait for senders that read the old state, as nvhw_rxq_reroute() does. */
	synchronize_rcu_expedited();
	for (i = 0; i < NVHW_PORTS; i++)
		nvhw_rxq_release_all(adapter->ports[i]);
}

/* ---- Registers ---- */

static u64 nvhw_link_read_ctrl(struct nvhw_port *port, unsigned int index)
{
	return READ_ONCE(port->mac.ctrl);
}

static bool nvhw_link_write_ctrl(struct nvhw_port *port, unsigned int index,
				 u64 val)
{
	u64 forced = FIELD_GET(NVNIC_LINK_FORCED, val);
	u64 adv = FIELD_GET(NVNIC_LINK_ADV, val);

	if ((adv | forced) & ~NVNIC_LINK_MODES_ALL || forced & (forced - 1) ||
	    (val & NVNIC_LINK_AUTONEG && !adv))
		return false;
	spin_lock_bh(&port->adapter->link_lock);
	WRITE_ONCE(port->mac.ctrl, val);
	spin_unlock_bh(&port->adapter->link_lock);
	nvhw_link_update(port->adapter);
	return true;
}

const struct nvhw_reg nvhw_link_regs[] = {
	{ .off = NVNIC_REG_LINK_CTRL, .count = 1, .read = nvhw_link_read_ctrl,
	  .writable = NVNIC_LINK_CTRL_MASK, .write = nvhw_link_write_ctrl },
	{ .off = NVNIC_REG_LINK_STATUS, .count = 1,
	  .field = NVHW_REG_FIELD(mac.status) },
	{ .off = NVNIC_REG_LINK_PARTNER, .count = 1,
	  .field = NVHW_REG_FIELD(mac.partner) },
	{ .off = NVNIC_REG_LED, .count = 1, .field = NVHW_REG_FIELD(mac.led),
	  .writable = NVNIC_LED_ON },
	{}
};

/**
 * nvhw_link_reset() - want nothing of the link any more, the lamp is off
 * @port: the port
 *
 * Context: process, sleeps; no lock held.
 */
void nvhw_link_reset(struct nvhw_port *port)
{
	nvhw_link_write_ctrl(port, 0, 0);
	nvhw_reg_reset(port, nvhw_link_regs);
}

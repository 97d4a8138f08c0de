// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: the wire between the two ports of an adapter.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include "nvhw.h"

static void nvhw_wire_set_link(struct nvhw_port *port, bool link)
{
	if (port->link == link)
		return;
	WRITE_ONCE(port->link, link);
	nvhw_irq_event(port, NVNIC_EVENT_LINK);
}

/**
 * nvhw_wire_link() - a port was enabled or disabled: settle the carrier
 * @adapter: the adapter
 *
 * Context: process.
 */
void nvhw_wire_link(struct nvhw_adapter *adapter)
{
	u64 on;

	spin_lock_bh(&adapter->link_lock);
	on = adapter->ports[0]->ctrl & adapter->ports[1]->ctrl &
	     NVNIC_CTRL_ENABLE;
	nvhw_wire_set_link(adapter->ports[0], on);
	nvhw_wire_set_link(adapter->ports[1], on);
	spin_unlock_bh(&adapter->link_lock);
}

/**
 * nvhw_wire_send() - put a frame on the wire
 * @txq: the queue that sends it
 * @f: the frame
 * @dirty: receives the peer's queue that got it, to be notified
 *
 * Context: the queue's engine.
 *
 * Return: NVHW_HELD if the frame has to be sent again later, else NVHW_SENT.
 */
enum nvhw_verdict nvhw_wire_send(struct nvhw_txq *txq, struct nvhw_frame *f,
				 struct nvhw_rxq **dirty)
{
	struct nvhw_tap *tap = txq->port->adapter->tap;
	struct nvhw_port *port = txq->port;
	struct nvhw_port *peer = port->peer;

	if (unlikely(nvhw_tap_is_up(tap)) && !f->tap)
		nvhw_tap_take(tap, f);
	if (nvhw_rx_frame(peer, txq, f, dirty) == NVHW_HELD)
		return NVHW_HELD;
	if (unlikely(f->tap))
		nvhw_tap_show(tap, f);
	nvhw_port_count(port, NVNIC_PC_WIRE_TX_FRAMES, 1);
	nvhw_port_count(port, NVNIC_PC_WIRE_TX_BYTES, f->len);
	nvhw_port_count(peer, NVNIC_PC_WIRE_RX_FRAMES, 1);
	nvhw_port_count(peer, NVNIC_PC_WIRE_RX_BYTES, f->len);
	return NVHW_SENT;
}

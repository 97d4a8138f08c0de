// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: the wire between the two ports of an adapter.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#include <linux/bitops.h>
#include <linux/etherdevice.h>
#include <linux/unaligned.h>

#include "nvhw.h"

/*
 * The shortest frame, and the longest one without a tag (IEEE 802.3 3.2.7):
 * the bounds of the size classes that are no powers of two.
 */
#define NVHW_WIRE_SHORTEST	(ETH_ZLEN + NVNIC_FCS_LEN)
#define NVHW_WIRE_UNTAGGED	(ETH_FRAME_LEN + NVNIC_FCS_LEN)

/* Row of NVNIC_SIZE_CLASSES() */
static unsigned int nvhw_wire_class(u32 len)
{
	len += NVNIC_FCS_LEN;
	return fls(len) - fls(NVHW_WIRE_SHORTEST) +
	       (len > NVHW_WIRE_SHORTEST) + (len > NVHW_WIRE_UNTAGGED);
}

/* IEEE 802.3 31.4.1.3 and 31B.2: the opcode follows the EtherType. */
#define NVHW_WIRE_TYPE_OFF	12
#define NVHW_WIRE_OPCODE_OFF	14
#define NVHW_WIRE_OPCODE_PAUSE	1

/* MAC control frames are only counted; no port acts on them. */
static void nvhw_wire_count_ctrl(struct nvhw_port *port, struct nvhw_port *far,
				 const struct nvhw_frame *f)
{
	bool pause = f->hdr_len >= NVHW_WIRE_OPCODE_OFF + sizeof(u16) &&
		     get_unaligned_be16(f->hdr + NVHW_WIRE_OPCODE_OFF) ==
		     NVHW_WIRE_OPCODE_PAUSE;

	nvhw_port_count(port, NVNIC_PC_WIRE_TX_CTRL, 1);
	nvhw_port_count(port, NVNIC_PC_WIRE_TX_CTRL_PAUSE, pause);
	if (!far)
		return;
	nvhw_port_count(far, NVNIC_PC_WIRE_RX_CTRL, 1);
	nvhw_port_count(far, NVNIC_PC_WIRE_RX_CTRL_PAUSE, pause);
}

static void nvhw_wire_count_rx(struct nvhw_port *far, const struct nvhw_frame *f)
{
	nvhw_port_count(far, NVNIC_PC_RX_SIZE + nvhw_wire_class(f->len), 1);
	nvhw_port_count(far, NVNIC_PC_WIRE_RX_BYTES, f->len);
}

static void nvhw_wire_count(struct nvhw_port *port, struct nvhw_port *far,
			    const struct nvhw_frame *f)
{
	unsigned int class = nvhw_wire_class(f->len);

	nvhw_port_count(port, NVNIC_PC_TX_SIZE + class, 1);
	nvhw_port_count(port, NVNIC_PC_WIRE_TX_BYTES, f->len);
	if (unlikely(is_multicast_ether_addr(f->hdr))) {
		nvhw_port_count(port, NVNIC_PC_WIRE_TX_MULTICAST, 1);
		if (is_broadcast_ether_addr(f->hdr))
			nvhw_port_count(port, NVNIC_PC_WIRE_TX_BROADCAST, 1);
	}
	if (unlikely(get_unaligned_be16(f->hdr + NVHW_WIRE_TYPE_OFF) ==
		     ETH_P_PAUSE))
		nvhw_wire_count_ctrl(port, far, f);
	if (likely(far))
		nvhw_wire_count_rx(far, f);
}

/**
 * nvhw_wire_send() - put a frame on the wire
 * @from: the sender
 * @f: the frame
 * @dirty: receives the queue that got the frame, for nvhw_rx_flush()
 *
 * Context: the sender's engine, bottom halves off.
 *
 * Return: NVHW_HELD if the frame has to be sent again later, else NVHW_SENT.
 */
enum nvhw_verdict nvhw_wire_send(struct nvhw_sender *from, struct nvhw_frame *f,
				 struct nvhw_rxq **dirty)
{
	struct nvhw_tap *tap = from->port->adapter->tap;
	struct nvhw_port *far = READ_ONCE(from->port->mac.far);

	if (unlikely(nvhw_tap_is_up(tap)) && !f->tap)
		nvhw_tap_take(tap, f);
	if (likely(far) && nvhw_rx_frame(far, from, f, dirty) == NVHW_HELD)
		return NVHW_HELD;
	if (unlikely(f->tap))
		nvhw_tap_show(tap, f);
	nvhw_wire_count(from->port, far, f);
	return NVHW_SENT;
}

/**
 * nvhw_wire_leave() - count a frame as sent that arrives later, or never
 * @port: the sending port
 * @f: the frame
 *
 * Context: the sending queue's engine.
 */
void nvhw_wire_leave(struct nvhw_port *port, const struct nvhw_frame *f)
{
	nvhw_wire_count(port, NULL, f);
}

/**
 * nvhw_wire_arrive() - deliver a frame for which nvhw_wire_leave() was called
 * @port: the sending port
 * @f: the frame, checksums filled; lost if the receiver is out of buffers
 *
 * Context: softirq, or process context with bottom halves off.
 */
void nvhw_wire_arrive(struct nvhw_port *port, struct nvhw_frame *f)
{
	struct nvhw_tap *tap = port->adapter->tap;
	struct nvhw_port *far = READ_ONCE(port->mac.far);
	struct nvhw_rxq *dirty = NULL;

	if (!far || !READ_ONCE(port->mac.link))
		return;
	if (nvhw_tap_is_up(tap))
		nvhw_tap_take(tap, f);
	nvhw_rx_frame(far, NULL, f, &dirty);
	if (f->tap)
		nvhw_tap_show(tap, f);
	nvhw_wire_count_rx(far, f);
	if (dirty)
		nvhw_rx_flush(dirty);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvnic device: structures shared by the device's files.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef NVHW_H
#define NVHW_H

#include <linux/hrtimer.h>
#include <linux/irqdomain.h>
#include <linux/irq_work.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <nvnic/bus.h>
#include <nvnic/counters.h>
#include <nvnic/desc.h>
#include <nvnic/filter.h>
#include <nvnic/offloads.h>
#include <nvnic/regs.h>
#include <nvnic/vmq.h>
#include <nvpe/csum.h>
#include <nvpe/desc.h>
#include <nvpe/filter.h>
#include <nvpe/parse.h>
#include <nvpe/rss.h>
#include <nvpe/seg.h>

#include "nvhw_dma.h"
#include "nvhw_module.h"

static_assert(NVNIC_MAX_HDR_LEN == NVPE_MAX_HDR_LEN);
static_assert(NVNIC_RSS_KEY_LEN == NVPE_TOEPLITZ_KEY_LEN);

struct dentry;
struct nvhw_adapter;
struct nvhw_filter;
struct nvhw_impair;
struct nvhw_port;
struct nvhw_tap;
struct nvhw_tap_buf;
struct nvhw_vmq;

/**
 * struct nvhw_ring - a work (or buffer) ring and its completion ring
 * @work: work ring
 * @comp: completion ring
 * @size: elements of each, a power of two
 * @words: 64-bit words of a completion
 * @state: NVNIC_QSTATE_*
 * @cause: why it stopped, enum nvnic_status
 * @refuse: fault injection: refuse the next start
 * @head: next work position to fetch
 * @cpos: next completion position; the phase follows from it
 * @done: frames completed, for moderation; wraps. One completion may cover several
 * @base: register NVNIC_REG_Q_BASE
 * @cbase: register NVNIC_REG_Q_CBASE
 * @size_reg: register NVNIC_REG_Q_SIZE
 * @tail: doorbell: position behind the last descriptor written
 *
 * Doorbells write @tail. The engine owns all other fields while the queue is on, the
 * register file while it is off.
 */
struct nvhw_ring {
	struct nvhw_win work;
	struct nvhw_win comp;
	u32 size;
	u8 words;
	u8 state;
	u8 cause;
	bool refuse;
	u16 head;
	u16 cpos;
	u16 done;
	u64 base;
	u64 cbase;
	u64 size_reg;
	u16 tail ____cacheline_aligned_in_smp;
};

/**
 * enum nvhw_side - sides of a queue pair
 * @NVHW_TX: the TX queue
 * @NVHW_RX: the RX queue
 * @NVHW_SIDES: number of sides
 */
enum nvhw_side {
	NVHW_TX,
	NVHW_RX,
	NVHW_SIDES,
};

/**
 * struct nvhw_moder - interrupt moderation of a side
 * @reg: register NVNIC_REG_Q_MODER_TX or NVNIC_REG_Q_MODER_RX
 * @seen: value of &struct nvhw_ring.done for the completions that the driver had
 *	reaped when it armed the vector
 * @waiting: @deadline is set; under the vector's lock
 * @deadline: time at which the vector fires; under the vector's lock
 */
struct nvhw_moder {
	u64 reg;
	u16 seen;
	bool waiting;
	ktime_t deadline;
};

/**
 * enum nvhw_vec_flag - bits of &struct nvhw_vec.flags
 * @NVHW_VEC_CALLED: &struct nvhw_vec.csd is in use, until nvhw_irq_call() runs
 */
enum nvhw_vec_flag {
	NVHW_VEC_CALLED,
};

/**
 * struct nvhw_vec - an interrupt vector
 * @port: its port
 * @index: its number on the port
 * @irq: Linux interrupt number, 0: not mapped yet
 * @cpu: CPU of its affinity
 * @armed: the next completion fires it
 * @masked: masked by the interrupt core
 * @pending: fired while masked
 * @moder: moderation of each side
 * @lock: protects the deadlines of @moder and @timer; taken in any context; no other
 *	lock of this driver inside
 * @timer: fires it at the earliest deadline
 * @flags: bits of enum nvhw_vec_flag
 * @work: fires it on this CPU from contexts that must not run the handler
 * @csd: fires it on another CPU; owned by whoever set NVHW_VEC_CALLED
 */
struct nvhw_vec {
	struct nvhw_port *port;
	unsigned int index;
	unsigned int irq;
	unsigned int cpu;
	int armed;
	bool masked;
	bool pending;
	struct nvhw_moder moder[NVHW_SIDES];
	raw_spinlock_t lock; /* deadlines and timer */
	struct hrtimer timer;
	unsigned long flags;
	struct irq_work work;
	call_single_data_t csd;
};

/**
 * struct nvhw_piece - a buffer in DMA memory, checked by nvhw_dma_decode()
 * @va: its first byte
 * @len: its length
 */
struct nvhw_piece {
	u8 *va;
	u32 len;
};

/**
 * struct nvhw_cursor - a position in a list of pieces
 * @piece: the piece
 * @off: bytes into it
 */
struct nvhw_cursor {
	const struct nvhw_piece *piece;
	u32 off;
};

/**
 * struct nvhw_frame - a frame on its way to the wire
 * @hdr: header block
 * @hdr_len: its length
 * @payload_len: number of bytes behind the header block
 * @len: length of the frame
 * @payload: position of the first of these bytes
 * @fill: checksums that are yet to be filled in
 * @tap: copy for the tap, or NULL
 * @own: the only piece of the payload, after nvhw_frame_own()
 */
struct nvhw_frame {
	u8 hdr[NVPE_MAX_HDR_LEN] __aligned(8);
	u32 hdr_len;
	u32 payload_len;
	u32 len;
	struct nvhw_cursor payload;
	struct nvpe_fill fill;
	struct nvhw_tap_buf *tap;
	struct nvhw_piece own;
};

/**
 * struct nvhw_txreq - the current request of a TX queue
 * @desc: contents of its descriptors
 * @next: ring position behind the request
 * @frames: wire frames sent so far
 * @bytes: their bytes
 * @flowid: nvpe_flowid_fill() has written the FlowID
 * @buf: its buffers
 * @at: payload of the next segment
 * @seg: segmentation state
 * @hdrs: parsed headers, of segmentation requests, of VM queues and with FLOWID
 * @tmpl: header block of the super-frame, for segmentation
 */
struct nvhw_txreq {
	struct nvpe_desc_tx desc;
	u16 next;
	u32 frames;
	u32 bytes;
	bool flowid;
	struct nvhw_piece buf[NVNIC_MAX_TX_BUFS];
	struct nvhw_cursor at;
	struct nvpe_seg seg;
	struct nvpe_hdrs hdrs;
	u8 tmpl[NVPE_MAX_HDR_LEN] __aligned(8);
};

/**
 * struct nvhw_fault - fault injection for a queue's descriptors
 * @armed: damage the next descriptor that is fetched
 * @word: the word of the descriptor
 * @flip: bits to invert
 */
struct nvhw_fault {
	bool armed;
	u8 word;
	u64 flip;
};

/**
 * struct nvhw_sender - a source of frames on the wire, which can be held
 * @port: sending port
 * @kick: makes it send the held frame again; called under the lock of @hold_rxq
 * @held: what it waits for, enum nvnic_hold
 * @judged: nvhw_impair_send() has let the held frame pass without a fault
 * @hold: entry of &struct nvhw_rxq.holding; under the lock of @hold_rxq
 * @hold_rxq: receive queue that holds it; under the lock of that queue
 */
struct nvhw_sender {
	struct nvhw_port *port;
	void (*kick)(struct nvhw_sender *from);
	u8 held;
	bool judged;
	struct list_head hold;
	struct nvhw_rxq *hold_rxq;
};

/**
 * struct nvhw_txq - TX queue
 * @ring: its rings
 * @port: its port
 * @vec: its vector
 * @lock: held by whoever runs the engine; protects the engine's fields; taken with
 *	bottom halves off; the peer's &struct nvhw_rxq.lock is taken inside
 * @softirq: work item that runs the engine in softirq
 * @thread: work item that runs the engine in a kernel thread; never both
 * @vmq: VM queue set of the pair, or NULL; written under the port's lock
 * @busy: @req is valid
 * @loaded: @frame is valid and not sent yet
 * @sender: its identity on the wire
 * @done_count: requests that the next completion covers
 * @done_frames: their wire frames
 * @done_bytes: their bytes
 * @fault: fault injection
 * @cnt: counters, written by the engine only
 * @req: the request being worked on
 * @frame: the frame being sent
 */
struct nvhw_txq {
	struct nvhw_ring ring;
	struct nvhw_port *port;
	struct nvhw_vec *vec;
	spinlock_t lock; /* the engine's fields */
	struct work_struct softirq;
	struct work_struct thread;
	struct nvhw_vmq *vmq;
	bool busy;
	bool loaded;
	struct nvhw_sender sender;
	u32 done_count;
	u32 done_frames;
	u32 done_bytes;
	struct nvhw_fault fault;
	u64 cnt[NVNIC_TC_COUNT];
	struct nvhw_txreq req;
	struct nvhw_frame frame;
} ____cacheline_aligned_in_smp;

/**
 * struct nvhw_rxq - RX queue
 * @ring: its rings; under @lock, but for @ring.tail
 * @port: its port
 * @vec: its vector
 * @lock: protects all fields but @ring.tail, @port, @vec; taken with bottom halves
 *	off; no lock is taken inside
 * @holding: held senders; under @lock
 * @nbufs: number of pieces in @buf; under @lock
 * @buf: fetched buffers that are still empty; under @lock
 * @fault: fault injection
 * @cnt: counters; under @lock
 */
struct nvhw_rxq {
	struct nvhw_ring ring;
	struct nvhw_port *port;
	struct nvhw_vec *vec;
	spinlock_t lock; /* all but ring.tail, port, vec */
	struct list_head holding;
	unsigned int nbufs;
	struct nvhw_piece buf[NVNIC_MAX_RX_BUFS];
	struct nvhw_fault fault;
	u64 cnt[NVNIC_RC_COUNT];
} ____cacheline_aligned_in_smp;

/**
 * struct nvhw_rss - an RSS context
 * @rcu: for kvfree_rcu()
 * @cfg: key and fields of the hash
 * @table: queue of each indirection entry
 */
struct nvhw_rss {
	struct rcu_head rcu;
	struct nvpe_rss_cfg cfg;
	u8 table[NVNIC_RSS_ENTRIES];
};

/**
 * struct nvhw_rule_cnt - counters of a location of filter rules
 * @frames: frames that took its rule
 * @bytes: their bytes
 */
struct nvhw_rule_cnt {
	u64 frames;
	u64 bytes;
};

/* Action of a frame without a rule, and of rules that bypass VM queue sets */
#define NVHW_FILTER_PAST_SETS						\
	FIELD_PREP(NVNIC_FLT_ACT_KIND, NVNIC_FLT_ACT_K_CONTEXT)

/**
 * struct nvhw_rules - one copy of a table of filter rules
 * @table: the rules
 * @ids: destination MAC address and VSID of the rules that match a VSID
 * @nids: number of rules that do
 * @cnt: counters of all locations, one set a CPU; freed with the port
 */
struct nvhw_rules {
	struct nvpe_filter *table;
	struct nvpe_filter *ids;
	unsigned int nids;
	struct nvhw_rule_cnt *cnt;
};

/**
 * struct nvhw_vmq - a VM queue set; written under the port's lock
 * @state: enum nvnic_vmq_state without regard to rules, see nvhw_vmq.c
 * @first: its first queue pair
 * @count: number of its queue pairs
 */
struct nvhw_vmq {
	u8 state;
	u8 first;
	u8 count;
};

/**
 * struct nvhw_vmq_cnt - counters of VM queue sets, one set of them a CPU
 * @v: the counters
 */
struct nvhw_vmq_cnt {
	u64 v[NVNIC_VMQ_SETS][NVNIC_VC_COUNT];
};

/**
 * struct nvhw_port_cnt - counters of a port, one set a CPU
 * @v: the counters
 */
struct nvhw_port_cnt {
	u64 v[NVNIC_PC_COUNT];
};

/**
 * struct nvhw_mac - a port's end of the wire; written under the adapter's
 *	@link_lock, but for @led
 * @far: the port that its frames go to: the peer, or itself in loopback; NULL
 *	while the peer is in loopback
 * @link: there is carrier
 * @flow: flow control in force, NVNIC_CTRL_PAUSE_*
 * @ctrl: register NVNIC_REG_LINK_CTRL
 * @status: register NVNIC_REG_LINK_STATUS
 * @partner: register NVNIC_REG_LINK_PARTNER
 * @led: register NVNIC_REG_LED
 */
struct nvhw_mac {
	struct nvhw_port *far;
	bool link;
	u8 flow;
	u64 ctrl;
	u64 status;
	u64 partner;
	u64 led;
};

/**
 * struct nvhw_port - a port
 * @bdev: its device on the bus, the driver's view
 * @adapter: its adapter
 * @peer: the port at the other end of the wire
 * @dma_mask: for @bdev
 * @en: register NVNIC_REG_EN
 * @ctrl: register NVNIC_REG_CTRL; written under @lock
 * @rx_mode: register NVNIC_REG_RX_MODE
 * @frame_max: register NVNIC_REG_FRAME_MAX
 * @mac: its end of the wire
 * @macf: registers NVNIC_REG_MACF()
 * @rss: RSS contexts, NULL: no such context; replaced under @lock
 * @rss_initial: context 0 from RESET until the first RSS_COMMIT for it
 * @wq: workqueue of the engines; changed under @lock while all of them are stopped
 * @cnt: counters
 * @event: causes of the event vector
 * @rss_fields: register NVNIC_REG_RSS_FIELDS
 * @rss_key: registers NVNIC_REG_RSS_KEY
 * @rss_ctx: register NVNIC_REG_RSS_CTX
 * @rss_refused: the last commit was refused
 * @rss_table: registers NVNIC_REG_RSS_TABLE()
 * @rules: live copy of each table, NULL: no rules; replaced under @lock
 * @filter: both copies of each table, NULL until its first rule; under @lock, kept
 *	until the port is freed
 * @rules_to: number of rules of each table that lead to each RSS context, or to its
 *	VM queue set; under @lock
 * @flt_key: registers NVNIC_REG_FLT_KEY()
 * @flt_mask: registers NVNIC_REG_FLT_MASK()
 * @flt_action: register NVNIC_REG_FLT_ACTION
 * @flt_sel: register NVNIC_REG_FLT_SEL
 * @flt_status: status of the last command, enum nvnic_flt_status
 * @vmq: VM queue sets
 * @vmq_cnt: their counters
 * @vmq_sel: register NVNIC_REG_VMQ_SEL
 * @vmq_cfg: register NVNIC_REG_VMQ_CFG
 * @vmq_result: status of the last command, enum nvnic_vmq_status
 * @lock: protects @ctrl, @rss, @rules, @filter, @vmq, @wq, @impair and starting and
 *	stopping queues; taken in process context, outside of every other lock
 * @impair: faults of the frames that it sends, NULL until the first write to debugfs
 * @faults: @impair while any fault is configured, else NULL
 * @tried: nvhw_bus_match() was called
 * @domain: interrupt domain
 * @fwnode: name of @domain
 * @debugfs: directory of the port
 * @txq: TX queues
 * @rxq: RX queues
 * @vec: vectors
 */
struct nvhw_port {
	struct nvnic_bus_dev bdev;
	struct nvhw_adapter *adapter;
	struct nvhw_port *peer;
	u64 dma_mask;
	u64 en;
	u64 ctrl;
	u64 rx_mode;
	u64 frame_max;
	struct nvhw_mac mac;
	u64 macf[NVNIC_MAX_MACS];
	struct nvhw_rss __rcu *rss[NVNIC_RSS_CONTEXTS];
	struct nvhw_rss rss_initial;
	struct workqueue_struct *wq;
	struct nvhw_port_cnt __percpu *cnt;
	atomic64_t event;
	u64 rss_fields;
	u64 rss_key[NVNIC_RSS_KEY_WORDS];
	u64 rss_ctx;
	bool rss_refused;
	u64 rss_table[NVNIC_RSS_ENTRIES];
	struct nvhw_rules __rcu *rules[NVNIC_FLT_TABLES];
	struct nvhw_filter *filter[NVNIC_FLT_TABLES];
	unsigned int rules_to[NVNIC_FLT_TABLES][NVNIC_RSS_CONTEXTS];
	u64 flt_key[NVNIC_FLT_WORDS];
	u64 flt_mask[NVNIC_FLT_WORDS];
	u64 flt_action;
	u64 flt_sel;
	u64 flt_status;
	struct nvhw_vmq vmq[NVNIC_VMQ_SETS];
	struct nvhw_vmq_cnt __percpu *vmq_cnt;
	u64 vmq_sel;
	u64 vmq_cfg;
	u64 vmq_result;
	struct mutex lock; /* ctrl, rss, filter, vmq, wq, starting, stopping queues */
	struct nvhw_impair *impair;
	struct nvhw_impair *faults;
	bool tried;
	struct irq_domain *domain;
	struct fwnode_handle *fwnode;
	struct dentry *debugfs;
	struct nvhw_txq *txq;
	struct nvhw_rxq *rxq;
	struct nvhw_vec vec[NVNIC_VEC_COUNT];
};

#define NVHW_PORTS	2

/**
 * struct nvhw_adapter - two ports and the wire between them
 * @list: entry of nvhw_adapters
 * @id: its number
 * @ports: the ports
 * @live: reference count: one of its own, one of each port
 * @link_lock: protects the ports' &struct nvhw_mac; taken in process context,
 *	only nvhw_irq_event() is called inside
 * @tap: the wire's tap
 */
struct nvhw_adapter {
	struct list_head list;
	unsigned int id;
	struct nvhw_port *ports[NVHW_PORTS];
	atomic_t live;
	spinlock_t link_lock; /* the ports' link */
	struct nvhw_tap *tap;
};

/**
 * enum nvhw_verdict - result of sending a frame
 * @NVHW_SENT: sent; the receiver may still have dropped it
 * @NVHW_HELD: the receiver is out of buffers and holds the sender
 */
enum nvhw_verdict {
	NVHW_SENT,
	NVHW_HELD,
};

static inline struct nvhw_port *nvhw_port_of(struct nvnic_bus_dev *bdev)
{
	return container_of(bdev, struct nvhw_port, bdev);
}

static inline void nvhw_port_count(struct nvhw_port *port,
				   enum nvnic_port_counter which, u64 n)
{
	this_cpu_add(port->cnt->v[which], n);
}

/**
 * nvhw_rules_to() - count the rules that lead to an RSS context
 * @port: the port, its lock held
 * @ctx: the context; a rule that leads to a VM queue set counts for the set's context
 *
 * Context: process.
 *
 * Return: their number.
 */
static inline unsigned int nvhw_rules_to(const struct nvhw_port *port,
					 unsigned int ctx)
{
	unsigned int rules = 0, i;

	lockdep_assert_held(&port->lock);
	for (i = 0; i < NVNIC_FLT_TABLES; i++)
		rules += port->rules_to[i][ctx];
	return rules;
}

/* nvhw_port.c */
struct nvhw_port *nvhw_port_alloc(void);
void nvhw_port_free(struct nvhw_port *port);
void nvhw_port_stop(struct nvhw_port *port);
void nvhw_port_reset(struct nvhw_port *port);

/* nvhw_engine.c */
int nvhw_engine_init(void);
void nvhw_engine_exit(void);
void nvhw_engine_place(struct nvhw_port *port, bool threads);
void nvhw_engine_move(struct nvhw_port *port, bool threads);
bool nvhw_engine_may_run(const struct nvhw_port *port);
void nvhw_engine_kick(struct nvhw_txq *txq);
void nvhw_engine_wait(struct nvhw_txq *txq);

/* nvhw_csr.c */
extern const struct nvnic_bus_ops nvhw_csr_ops;

/* nvhw_irq.c */
int nvhw_irq_init(struct nvhw_port *port);
void nvhw_irq_reset(struct nvhw_port *port);
void nvhw_irq_exit(struct nvhw_port *port);
int nvhw_irq_map(struct nvnic_bus_dev *bdev, unsigned int index);
void nvhw_irq_notify(struct nvhw_vec *vec, const struct nvhw_ring *ring,
		     enum nvhw_side side);
void nvhw_irq_urgent(struct nvhw_vec *vec);
bool nvhw_irq_arm(struct nvhw_port *port, unsigned int queue, u64 val);
void nvhw_irq_event(struct nvhw_port *port, u64 cause);

/* nvhw_moder.c */
void nvhw_moder_init(struct nvhw_vec *vec,
		     enum hrtimer_restart (*expired)(struct hrtimer *timer));
enum hrtimer_restart nvhw_moder_expire(struct nvhw_vec *vec, bool *due);
void nvhw_moder_exit(struct nvhw_vec *vec);
bool nvhw_moder_write(struct nvhw_moder *moder, u64 val);
void nvhw_moder_arm(struct nvhw_vec *vec, enum nvhw_side side,
		    const struct nvhw_ring *ring, u16 cons);
bool nvhw_moder_due(struct nvhw_vec *vec, enum nvhw_side side,
		    const struct nvhw_ring *ring);

/* nvhw_ring.c */
enum nvnic_status nvhw_ring_start(struct nvhw_ring *ring, struct device *dev,
				  u8 words);
void nvhw_ring_stop(struct nvhw_ring *ring, u8 state, u8 cause);
void nvhw_ring_reset(struct nvhw_ring *ring);
u64 nvhw_ring_status(const struct nvhw_ring *ring);
u16 nvhw_ring_behind(const struct nvhw_ring *ring, u16 cons);
int nvhw_ring_pending(const struct nvhw_ring *ring);
void nvhw_ring_fetch(const struct nvhw_ring *ring, u16 pos,
		     struct nvhw_fault *fault, u64 q[2]);
void nvhw_ring_complete(struct nvhw_ring *ring, u64 *q, u16 frames);

/* nvhw_txq.c */
void nvhw_txq_init(struct nvhw_port *port, unsigned int index);
bool nvhw_txq_enable(struct nvhw_txq *txq);
void nvhw_txq_disable(struct nvhw_txq *txq);
enum nvnic_status nvhw_txq_fetch(struct nvhw_txq *txq, bool *got);
void nvhw_txq_fail(struct nvhw_txq *txq, enum nvnic_status cause);
void nvhw_txq_complete(struct nvhw_txq *txq, enum nvnic_status status);
void nvhw_txq_flush(struct nvhw_txq *txq);

/* nvhw_tx.c */
void nvhw_tx_init(struct nvhw_txq *txq);
void nvhw_tx_doorbell(struct nvhw_txq *txq, u16 tail);

/* nvhw_frame.c */
void nvhw_cursor_skip(struct nvhw_cursor *at, u32 len);
void nvhw_frame_gather(struct nvhw_cursor *at, u8 *dst, u32 len);
u32 nvhw_frame_copy(const struct nvhw_frame *f, const struct nvhw_piece *dst,
		    u32 skip);
void nvhw_frame_pad(struct nvhw_frame *f);
void nvhw_frame_finish(struct nvhw_frame *f, u32 sum);
void nvhw_frame_own(struct nvhw_frame *f, u8 *buf);
void nvhw_frame_finish_l2(struct nvhw_frame *f);
void nvhw_frame_parse(struct nvhw_frame *f, u32 flags, struct nvpe_hdrs *h);

/* nvhw_rxq.c */
void nvhw_rxq_init(struct nvhw_port *port, unsigned int index);
bool nvhw_rxq_enable(struct nvhw_rxq *rxq);
void nvhw_rxq_disable(struct nvhw_rxq *rxq);
void nvhw_rxq_release_all(struct nvhw_port *port);
void nvhw_rxq_reroute(struct nvhw_port *port);
void nvhw_rxq_doorbell(struct nvhw_rxq *rxq, u16 tail);
int nvhw_rxq_take(struct nvhw_rxq *rxq, u32 len);
void nvhw_rxq_used(struct nvhw_rxq *rxq, unsigned int n);
bool nvhw_rxq_hold(struct nvhw_rxq *rxq, struct nvhw_sender *from);
void nvhw_rxq_unhold(struct nvhw_sender *from);

/* nvhw_rx.c */
enum nvhw_verdict nvhw_rx_frame(struct nvhw_port *port,
				struct nvhw_sender *from, struct nvhw_frame *f,
				struct nvhw_rxq **dirty);
void nvhw_rx_flush(struct nvhw_rxq *rxq);

/* nvhw_rss.c */
void nvhw_rss_set_inner(struct nvhw_port *port);
void nvhw_rss_reset(struct nvhw_port *port);
void nvhw_rss_exit(struct nvhw_port *port);

/* nvhw_filter.c */
void nvhw_filter_hit(const struct nvhw_rules *rules, unsigned int loc, u32 len);
bool nvhw_filter_rule(struct nvhw_port *port, enum nvnic_flt_table table,
		      u32 loc, struct nvhw_rule_cnt *cnt);
void nvhw_filter_reset(struct nvhw_port *port);
void nvhw_filter_exit(struct nvhw_port *port);

/* nvhw_vmq.c */
u64 nvhw_vmq_status(struct nvhw_port *port, unsigned int set);
u64 nvhw_vmq_counter(struct nvhw_port *port, unsigned int set,
		     unsigned int which);
void nvhw_vmq_reset(struct nvhw_port *port);
bool nvhw_vmq_takes_rules(const struct nvhw_port *port, unsigned int set);
bool nvhw_vmq_takes_context(const struct nvhw_port *port, unsigned int ctx,
			    const struct nvhw_rss *rss);
bool nvhw_vmq_takes_start(const struct nvhw_port *port, unsigned int queue);
bool nvhw_vmq_receives(const struct nvhw_port *port, unsigned int set);
void nvhw_vmq_count(struct nvhw_port *port, unsigned int set,
		    enum nvnic_vmq_counter which, u64 n);
bool nvhw_vmq_spoofs(const struct nvhw_txq *txq, const u8 *hdr, u32 len,
		     const struct nvpe_hdrs *h);

/* nvhw_link.c */
void nvhw_link_update(struct nvhw_adapter *adapter);
void nvhw_link_reset(struct nvhw_port *port);

/* nvhw_wire.c */
enum nvhw_verdict nvhw_wire_send(struct nvhw_sender *from, struct nvhw_frame *f,
				 struct nvhw_rxq **dirty);

void nvhw_wire_leave(struct nvhw_port *port, const struct nvhw_frame *f);
void nvhw_wire_arrive(struct nvhw_port *port, struct nvhw_frame *f);

/* nvhw_impair.c */
DECLARE_STATIC_KEY_FALSE(nvhw_impair_key);
extern const struct file_operations nvhw_impair_fops;
enum nvhw_verdict nvhw_impair_send(struct nvhw_impair *imp,
				   struct nvhw_sender *from,
				   struct nvhw_frame *f,
				   struct nvhw_rxq **dirty);
void nvhw_impair_exit(struct nvhw_port *port);

/* Faults of the frames that a port sends, or NULL */
static inline struct nvhw_impair *nvhw_impair_of(const struct nvhw_port *port)
{
	if (!static_branch_unlikely(&nvhw_impair_key))
		return NULL;
	/* Pairs with smp_store_release() in nvhw_impair_switch(). */
	return smp_load_acquire(&port->faults);
}

/* nvhw_tap.c */
int nvhw_tap_init(void);
void nvhw_tap_exit(void);
struct nvhw_tap *nvhw_tap_create(unsigned int id);
void nvhw_tap_destroy(struct nvhw_tap *tap);
bool nvhw_tap_is_up(const struct nvhw_tap *tap);
void nvhw_tap_take(struct nvhw_tap *tap, struct nvhw_frame *f);
void nvhw_tap_show(struct nvhw_tap *tap, struct nvhw_frame *f);
void nvhw_tap_drop(struct nvhw_frame *f);

/* nvhw_debugfs.c */
void nvhw_debugfs_init(void);
void nvhw_debugfs_exit(void);
void nvhw_debugfs_port(struct nvhw_port *port);
void nvhw_debugfs_port_exit(struct nvhw_port *port);

#endif /* NVHW_H */

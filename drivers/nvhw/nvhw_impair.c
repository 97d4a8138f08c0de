// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: faults on the wire: loss, corruption, duplication, reordering,
 * delay.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Each port has its own faults, for the frames that it sends. nvhw_impair_send()
 * passes a frame without a fault to nvhw_wire_send(). It copies a frame that it
 * changes or delays; the copy has no sender that could be held, so it is lost if
 * the receiver is out of buffers.
 *
 * One generator a port makes all random decisions, in the order of the frames: the
 * same seed hits the same frames.
 */
#include <linux/debugfs.h>
#include <linux/hrtimer.h>
#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "nvhw.h"
#include "nvhw_compat.h"

DEFINE_STATIC_KEY_FALSE(nvhw_impair_key);

#define NVHW_IMPAIR_MILLION	1000000
/* Bytes of frames that may be under way in one direction */
#define NVHW_IMPAIR_LIMIT	SZ_32M
/* Longest wait of a reordered frame for the next one */
#define NVHW_IMPAIR_LATE_US	(100 * USEC_PER_MSEC)
#define NVHW_IMPAIR_MAX_DELAY	(10 * USEC_PER_SEC)
/* Frames that one run of the timer delivers */
#define NVHW_IMPAIR_BUDGET	64

/* Faults that hit some frames, in the order of the draws */
enum nvhw_impair_kind {
	NVHW_IMPAIR_LOSS,
	NVHW_IMPAIR_CORRUPT,
	NVHW_IMPAIR_DUPLICATE,
	NVHW_IMPAIR_REORDER,
	NVHW_IMPAIR_KINDS,
};

/**
 * struct nvhw_impair_cfg - settings
 * @ppm: probability of each fault, in millionths
 * @every: hit each n-th frame, 0: off
 * @delay: delay of each frame, in microseconds
 * @jitter: random part of the delay, plus or minus, in microseconds
 * @seed: seed of the generator
 */
struct nvhw_impair_cfg {
	u64 ppm[NVHW_IMPAIR_KINDS];
	u64 every[NVHW_IMPAIR_KINDS];
	u64 delay;
	u64 jitter;
	u64 seed;
};

/* Counters, in the order in which debugfs shows them */
enum nvhw_impair_counter {
	NVHW_IC_FRAMES,
	NVHW_IC_LOST,
	NVHW_IC_CORRUPTED,
	NVHW_IC_DUPLICATED,
	NVHW_IC_REORDERED,
	NVHW_IC_DELAYED,
	NVHW_IC_OVERFLOW,
	NVHW_IC_COUNT,
};

static const char * const nvhw_impair_names[NVHW_IC_COUNT] = {
	"frames", "lost", "corrupted", "duplicated", "reordered", "delayed",
	"overflow",
};

/**
 * struct nvhw_parcel - a copy of a frame, on its way
 * @list: entry of &struct nvhw_impair.queue, sorted by @due
 * @due: time of arrival
 * @size: allocated bytes
 * @frame: the frame
 * @data: its bytes
 */
struct nvhw_parcel {
	struct list_head list;
	ktime_t due;
	u32 size;
	struct nvhw_frame frame;
	u8 data[] __aligned(8);
};

/**
 * struct nvhw_impair - the faults of one direction
 * @port: the port that sends
 * @lock: protects all fields below; taken with bottom halves off; only hrtimer
 *	functions are called inside
 * @cfg: settings
 * @state: state of the generator
 * @cnt: counters; NVHW_IC_FRAMES starts from 0 with each @cfg
 * @bytes: sum of the sizes in @queue
 * @queue: parcels on their way, by time of arrival
 * @late: the parcel in @queue that the next frame overtakes, or NULL
 * @timer: delivers parcels that are due
 */
struct nvhw_impair {
	struct nvhw_port *port;
	spinlock_t lock; /* all fields below */
	struct nvhw_impair_cfg cfg;
	u64 state;
	u64 cnt[NVHW_IC_COUNT];
	u32 bytes;
	struct list_head queue;
	struct nvhw_parcel *late;
	struct hrtimer timer;
};

/**
 * struct nvhw_fate - the faults of one frame
 * @hit: BIT() of each enum nvhw_impair_kind that hits it
 * @bit: number of the bit to flip
 * @delay: delay in nanoseconds
 */
struct nvhw_fate {
	unsigned long hit;
	u64 bit;
	u64 delay;
};

/* ---- Chance ---- */

/* Source: Vigna, "An experimental exploration of Marsaglia's xorshift", xorshift64*. */
static u64 nvhw_impair_draw(struct nvhw_impair *imp)
{
	u64 x = imp->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	imp->state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

/* A number below @end, which is at most 2^32 */
static u64 nvhw_impair_below(struct nvhw_impair *imp, u64 end)
{
	return (nvhw_impair_draw(imp) >> 32) * end >> 32;
}

static void nvhw_impair_seed(struct nvhw_impair *imp)
{
	unsigned int i;

	/* The generator never leaves state 0. */
	imp->state = imp->cfg.seed ^ 0x9e3779b97f4a7c15ULL ?: 1;
	/* Warm up, so that similar seeds differ from the first frame on. */
	for (i = 0; i < 16; i++)
		nvhw_impair_draw(imp);
}

static void nvhw_impair_judge(struct nvhw_impair *imp, u32 len,
			      struct nvhw_fate *fate)
{
	const struct nvhw_impair_cfg *cfg = &imp->cfg;
	unsigned int kind;
	u64 n, delay;

	n = ++imp->cnt[NVHW_IC_FRAMES];
	fate->hit = 0;
	for (kind = 0; kind < NVHW_IMPAIR_KINDS; kind++) {
		/* Draw in any case: a setting must not shift the other draws. */
		u64 dice = nvhw_impair_below(imp, NVHW_IMPAIR_MILLION);

		if (dice < cfg->ppm[kind] ||
		    (cfg->every[kind] && !(n % cfg->every[kind])))
			fate->hit |= BIT(kind);
	}
	fate->bit = nvhw_impair_below(imp, (u64)len * BITS_PER_BYTE);
	delay = cfg->delay + nvhw_impair_below(imp, 2 * cfg->jitter + 1) -
		cfg->jitter;
	fate->delay = delay * NSEC_PER_USEC;
}

/* ---- Parcels ---- */

static struct nvhw_parcel *nvhw_parcel_alloc(u32 len)
{
	u32 size = sizeof(struct nvhw_parcel) + len;
	struct nvhw_parcel *p = kmalloc(size, GFP_ATOMIC | __GFP_NOWARN);

	if (p)
		p->size = size;
	return p;
}

/* Set up the frame for the bytes in p->data. */
static void nvhw_parcel_wrap(struct nvhw_parcel *p, u32 hdr_len, u32 len)
{
	struct nvhw_frame *f = &p->frame;

	memcpy(f->hdr, p->data, hdr_len);
	f->hdr_len = hdr_len;
	f->payload_len = len - hdr_len;
	f->len = len;
	f->own.va = p->data + hdr_len;
	f->own.len = f->payload_len;
	f->payload.piece = &f->own;
	f->payload.off = 0;
	memset(&f->fill, 0, sizeof(f->fill));
	f->tap = NULL;
}

/* Copy a frame into a parcel, with its checksums filled. */
static struct nvhw_parcel *nvhw_parcel_own(struct nvhw_frame *f)
{
	struct nvhw_parcel *p = nvhw_parcel_alloc(f->len);

	if (!p)
		return NULL;
	nvhw_frame_own(f, p->data);
	nvhw_parcel_wrap(p, f->hdr_len, f->len);
	return p;
}

static struct nvhw_parcel *nvhw_parcel_clone(const struct nvhw_parcel *p)
{
	struct nvhw_parcel *copy = nvhw_parcel_alloc(p->frame.len);

	if (!copy)
		return NULL;
	memcpy(copy->data, p->data, p->frame.len);
	nvhw_parcel_wrap(copy, p->frame.hdr_len, p->frame.len);
	return copy;
}

static void nvhw_parcel_corrupt(struct nvhw_parcel *p, u64 bit)
{
	p->data[bit / BITS_PER_BYTE] ^= BIT(bit % BITS_PER_BYTE);
	nvhw_parcel_wrap(p, p->frame.hdr_len, p->frame.len);
}

static void nvhw_parcel_deliver(struct nvhw_impair *imp, struct nvhw_parcel *p)
{
	nvhw_wire_arrive(imp->port, &p->frame);
	kfree(p);
}

/* ---- Time ---- */

static void nvhw_impair_insert(struct nvhw_impair *imp, struct nvhw_parcel *p)
{
	struct nvhw_parcel *before;

	lockdep_assert_held(&imp->lock);
	/* Nearly always the new one is the last */
	list_for_each_entry_reverse(before, &imp->queue, list)
		if (!ktime_after(before->due, p->due))
			break;
	list_add(&p->list, &before->list);
	imp->bytes += p->size;
	if (list_is_first(&p->list, &imp->queue))
		hrtimer_start(&imp->timer, p->due, HRTIMER_MODE_ABS_SOFT);
}

static void nvhw_impair_remove(struct nvhw_impair *imp, struct nvhw_parcel *p)
{
	lockdep_assert_held(&imp->lock);
	list_del(&p->list);
	imp->bytes -= p->size;
	if (imp->late == p)
		imp->late = NULL;
}

/* Deliver a parcel after @ns; @late: or as soon as the next frame has passed. */
static void nvhw_impair_delay(struct nvhw_impair *imp, struct nvhw_parcel *p,
			      u64 ns, bool late)
{
	bool room;

	p->due = ktime_add_ns(ktime_get(), ns);
	spin_lock(&imp->lock);
	room = imp->bytes + p->size <= NVHW_IMPAIR_LIMIT;
	if (room)
		nvhw_impair_insert(imp, p);
	if (room && late)
		imp->late = p;
	imp->cnt[NVHW_IC_OVERFLOW] += !room;
	spin_unlock(&imp->lock);
	if (!room)
		kfree(p);
}

static struct nvhw_parcel *nvhw_impair_pop(struct nvhw_impair *imp, ktime_t now)
{
	struct nvhw_parcel *p;

	spin_lock(&imp->lock);
	p = list_first_entry_or_null(&imp->queue, struct nvhw_parcel, list);
	if (p && ktime_after(p->due, now))
		p = NULL;
	if (p)
		nvhw_impair_remove(imp, p);
	spin_unlock(&imp->lock);
	return p;
}

static enum hrtimer_restart nvhw_impair_expire(struct hrtimer *timer)
{
	struct nvhw_impair *imp = container_of(timer, struct nvhw_impair, timer);
	enum hrtimer_restart again = HRTIMER_NORESTART;
	unsigned int budget = NVHW_IMPAIR_BUDGET;
	ktime_t now = ktime_get();
	struct nvhw_parcel *p;

	while (budget-- && (p = nvhw_impair_pop(imp, now)))
		nvhw_parcel_deliver(imp, p);
	spin_lock(&imp->lock);
	p = list_first_entry_or_null(&imp->queue, struct nvhw_parcel, list);
	if (p && !hrtimer_is_queued(timer)) {
		hrtimer_set_expires(timer, p->due);
		again = HRTIMER_RESTART;
	}
	spin_unlock(&imp->lock);
	return again;
}

/* ---- Frames ---- */

static void nvhw_impair_go(struct nvhw_impair *imp, struct nvhw_parcel *p,
			   u64 delay)
{
	if (delay)
		nvhw_impair_delay(imp, p, delay, false);
	else
		nvhw_parcel_deliver(imp, p);
}

/* A frame has passed: deliver the parcel that it was to overtake. */
static void nvhw_impair_passed(struct nvhw_impair *imp, u64 delay)
{
	struct nvhw_parcel *p;

	if (likely(!READ_ONCE(imp->late)))
		return;
	spin_lock(&imp->lock);
	p = imp->late;
	if (p)
		nvhw_impair_remove(imp, p);
	spin_unlock(&imp->lock);
	if (p)
		nvhw_impair_go(imp, p, delay);
}

/* Decide the fate of a frame and count it, under one hold of the lock. */
static void nvhw_impair_decide(struct nvhw_impair *imp, u32 len,
			       struct nvhw_fate *fate)
{
	spin_lock(&imp->lock);
	nvhw_impair_judge(imp, len, fate);
	/* This frame overtakes imp->late; it cannot be late itself. */
	if (imp->late)
		fate->hit &= ~BIT(NVHW_IMPAIR_REORDER);
	if (fate->hit & BIT(NVHW_IMPAIR_LOSS))
		fate->hit = BIT(NVHW_IMPAIR_LOSS);
	imp->cnt[NVHW_IC_LOST] += !!(fate->hit & BIT(NVHW_IMPAIR_LOSS));
	imp->cnt[NVHW_IC_CORRUPTED] += !!(fate->hit & BIT(NVHW_IMPAIR_CORRUPT));
	imp->cnt[NVHW_IC_DUPLICATED] +=
		!!(fate->hit & BIT(NVHW_IMPAIR_DUPLICATE));
	imp->cnt[NVHW_IC_REORDERED] += !!(fate->hit & BIT(NVHW_IMPAIR_REORDER));
	imp->cnt[NVHW_IC_DELAYED] +=
		fate->delay && !(fate->hit & BIT(NVHW_IMPAIR_LOSS));
	spin_unlock(&imp->lock);
}

static void nvhw_impair_overflow(struct nvhw_impair *imp)
{
	spin_lock(&imp->lock);
	imp->cnt[NVHW_IC_OVERFLOW]++;
	spin_unlock(&imp->lock);
}

static void nvhw_impair_apply(struct nvhw_impair *imp, struct nvhw_frame *f,
			      const struct nvhw_fate *fate)
{
	struct nvhw_parcel *copy = NULL, *p = nvhw_parcel_own(f);

	if (!p) {
		nvhw_impair_overflow(imp);
		return;
	}
	if (fate->hit & BIT(NVHW_IMPAIR_CORRUPT))
		nvhw_parcel_corrupt(p, fate->bit);
	if (fate->hit & BIT(NVHW_IMPAIR_DUPLICATE)) {
		copy = nvhw_parcel_clone(p);
		if (!copy)
			nvhw_impair_overflow(imp);
	}
	if (fate->hit & BIT(NVHW_IMPAIR_REORDER))
		nvhw_impair_delay(imp, p, fate->delay + NVHW_IMPAIR_LATE_US *
				  NSEC_PER_USEC, true);
	else
		nvhw_impair_go(imp, p, fate->delay);
	if (copy)
		nvhw_impair_go(imp, copy, fate->delay);
	if (!(fate->hit & BIT(NVHW_IMPAIR_REORDER)))
		nvhw_impair_passed(imp, fate->delay);
}

/**
 * nvhw_impair_send() - put a frame on a wire that has faults
 * @imp: the faults
 * @from: the sender
 * @f: the frame
 * @dirty: receives the queue that got the frame, for nvhw_rx_flush()
 *
 * Context: the sender's engine, bottom halves off.
 *
 * Return: NVHW_HELD if the frame has to be sent again later, else NVHW_SENT.
 */
enum nvhw_verdict nvhw_impair_send(struct nvhw_impair *imp,
				   struct nvhw_sender *from,
				   struct nvhw_frame *f,
				   struct nvhw_rxq **dirty)
{
	struct nvhw_fate fate = {};

	/* Do not judge a frame again that was held. */
	if (!from->judged)
		nvhw_impair_decide(imp, f->len, &fate);
	from->judged = false;
	if (fate.hit || fate.delay) {
		nvhw_wire_leave(imp->port, f);
		if (!(fate.hit & BIT(NVHW_IMPAIR_LOSS)))
			nvhw_impair_apply(imp, f, &fate);
		/* Held before there were faults, it was to be shown as it is. */
		nvhw_tap_drop(f);
		return NVHW_SENT;
	}
	if (nvhw_wire_send(from, f, dirty) == NVHW_HELD) {
		from->judged = true;
		return NVHW_HELD;
	}
	nvhw_impair_passed(imp, 0);
	return NVHW_SENT;
}

/* ---- debugfs ---- */

/* A setting: its name, its offset in struct nvhw_impair_cfg, its maximum */
struct nvhw_impair_word {
	const char *name;
	size_t off;
	u64 max;
};

#define NVHW_IMPAIR_WORD(_name, _field, _max)				\
	{ _name, offsetof(struct nvhw_impair_cfg, _field), _max }
#define NVHW_IMPAIR_WORDS(_name, _kind)					\
	NVHW_IMPAIR_WORD(_name, ppm[_kind], NVHW_IMPAIR_MILLION),	\
	NVHW_IMPAIR_WORD(_name "-every", every[_kind], U32_MAX)

static const struct nvhw_impair_word nvhw_impair_words[] = {
	NVHW_IMPAIR_WORDS("loss", NVHW_IMPAIR_LOSS),
	NVHW_IMPAIR_WORDS("corrupt", NVHW_IMPAIR_CORRUPT),
	NVHW_IMPAIR_WORDS("duplicate", NVHW_IMPAIR_DUPLICATE),
	NVHW_IMPAIR_WORDS("reorder", NVHW_IMPAIR_REORDER),
	NVHW_IMPAIR_WORD("delay-us", delay, NVHW_IMPAIR_MAX_DELAY),
	NVHW_IMPAIR_WORD("jitter-us", jitter, NVHW_IMPAIR_MAX_DELAY),
	NVHW_IMPAIR_WORD("seed", seed, U64_MAX),
};

static u64 *nvhw_impair_field(struct nvhw_impair_cfg *cfg,
			      const struct nvhw_impair_word *word)
{
	return (void *)cfg + word->off;
}

static int nvhw_impair_set(struct nvhw_port *port, struct nvhw_impair_cfg *cfg,
			   const char *name, const char *value)
{
	const struct nvhw_impair_word *word;
	unsigned int i;
	u64 val;

	for (i = 0; i < ARRAY_SIZE(nvhw_impair_words); i++)
		if (!strcmp(name, nvhw_impair_words[i].name))
			break;
	if (i == ARRAY_SIZE(nvhw_impair_words)) {
		dev_err(&port->bdev.dev, "impair: unknown setting %s\n", name);
		return -EINVAL;
	}
	word = &nvhw_impair_words[i];
	if (!value || kstrtou64(value, 0, &val)) {
		dev_err(&port->bdev.dev, "impair: %s needs a number, as in %s=1\n", name, name);
		return -EINVAL;
	}
	if (val > word->max) {
		dev_err(&port->bdev.dev, "impair: %s %llu out of range, maximum %llu\n",
			name, val, word->max);
		return -ERANGE;
	}
	*nvhw_impair_field(cfg, word) = val;
	return 0;
}

static int nvhw_impair_parse(struct nvhw_port *port, char *text,
			     struct nvhw_impair_cfg *cfg)
{
	char *word, *value;
	int err;

	while ((word = strsep(&text, " \t\n"))) {
		if (!*word)
			continue;
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		err = nvhw_impair_set(port, cfg, word, value);
		if (err)
			return err;
	}
	if (cfg->jitter > cfg->delay) {
		dev_err(&port->bdev.dev,
			"impair: jitter-us %llu exceeds delay-us %llu\n",
			cfg->jitter, cfg->delay);
		return -ERANGE;
	}
	return 0;
}

static struct nvhw_impair *nvhw_impair_create(struct nvhw_port *port)
{
	struct nvhw_impair *imp = kzalloc(sizeof(*imp), GFP_KERNEL);

	if (!imp)
		return NULL;
	imp->port = port;
	spin_lock_init(&imp->lock);
	INIT_LIST_HEAD(&imp->queue);
	hrtimer_setup(&imp->timer, nvhw_impair_expire, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_SOFT);
	return imp;
}

static bool nvhw_impair_any(const struct nvhw_impair_cfg *cfg)
{
	unsigned int kind;

	for (kind = 0; kind < NVHW_IMPAIR_KINDS; kind++)
		if (cfg->ppm[kind] || cfg->every[kind])
			return true;
	return cfg->delay;
}

/* The static key is on while any port has faults. */
static void nvhw_impair_switch(struct nvhw_port *port, struct nvhw_impair *imp)
{
	bool was = port->faults;

	lockdep_assert_held(&port->lock);
	/* Publish *imp before the pointer; pairs with nvhw_impair_of(). */
	smp_store_release(&port->faults, imp);
	if (imp && !was)
		static_branch_inc(&nvhw_impair_key);
	else if (!imp && was)
		static_branch_dec(&nvhw_impair_key);
}

static int nvhw_impair_configure(struct nvhw_port *port,
				 const struct nvhw_impair_cfg *cfg)
{
	struct nvhw_impair *imp = port->impair;
	unsigned int i;

	lockdep_assert_held(&port->lock);
	if (!imp)
		imp = nvhw_impair_create(port);
	if (!imp)
		return -ENOMEM;
	port->impair = imp;
	spin_lock_bh(&imp->lock);
	imp->cfg = *cfg;
	imp->cnt[NVHW_IC_FRAMES] = 0;
	nvhw_impair_seed(imp);
	spin_unlock_bh(&imp->lock);
	nvhw_impair_switch(port, nvhw_impair_any(cfg) ? imp : NULL);
	/* Frames that are held were judged by the old settings. */
	for (i = 0; i < NVNIC_MAX_QUEUES; i++) {
		spin_lock_bh(&port->txq[i].lock);
		port->txq[i].sender.judged = false;
		spin_unlock_bh(&port->txq[i].lock);
	}
	return 0;
}

static ssize_t nvhw_impair_write(struct file *file, const char __user *ubuf,
				 size_t count, loff_t *ppos)
{
	struct seq_file *m = file->private_data;
	struct nvhw_port *port = m->private;
	struct nvhw_impair_cfg cfg = {};
	char text[256];
	int err;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, ubuf, count))
		return -EFAULT;
	text[count] = '\0';
	err = nvhw_impair_parse(port, text, &cfg);
	if (err)
		return err;
	mutex_lock(&port->lock);
	err = nvhw_impair_configure(port, &cfg);
	mutex_unlock(&port->lock);
	return err ?: count;
}

static int nvhw_impair_show(struct seq_file *m, void *unused)
{
	struct nvhw_port *port = m->private;
	struct nvhw_impair_cfg cfg = {};
	u64 cnt[NVHW_IC_COUNT] = {};
	unsigned int i;

	mutex_lock(&port->lock);
	if (port->impair) {
		spin_lock_bh(&port->impair->lock);
		cfg = port->impair->cfg;
		memcpy(cnt, port->impair->cnt, sizeof(cnt));
		spin_unlock_bh(&port->impair->lock);
	}
	mutex_unlock(&port->lock);
	for (i = 0; i < ARRAY_SIZE(nvhw_impair_words); i++)
		seq_printf(m, "%s=%llu ", nvhw_impair_words[i].name,
			   *nvhw_impair_field(&cfg, &nvhw_impair_words[i]));
	seq_putc(m, '\n');
	for (i = 0; i < NVHW_IC_COUNT; i++)
		seq_printf(m, "%s %llu\n", nvhw_impair_names[i], cnt[i]);
	return 0;
}

static int nvhw_impair_open(struct inode *inode, struct file *file)
{
	return single_open(file, nvhw_impair_show, inode->i_private);
}

const struct file_operations nvhw_impair_fops = {
	.owner = THIS_MODULE,
	.open = nvhw_impair_open,
	.read = seq_read,
	.write = nvhw_impair_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * nvhw_impair_exit() - free the faults of a port
 * @port: the port, its engines stopped, its debugfs files removed
 *
 * Parcels on their way are lost.
 *
 * Context: process, sleeps, takes @port->lock.
 */
void nvhw_impair_exit(struct nvhw_port *port)
{
	struct nvhw_impair *imp = port->impair;
	struct nvhw_parcel *p, *tmp;

	if (!imp)
		return;
	mutex_lock(&port->lock);
	nvhw_impair_switch(port, NULL);
	mutex_unlock(&port->lock);
	hrtimer_cancel(&imp->timer);
	list_for_each_entry_safe(p, tmp, &imp->queue, list)
		kfree(p);
	port->impair = NULL;
	kfree(imp);
}

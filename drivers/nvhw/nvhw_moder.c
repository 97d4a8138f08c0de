// SPDX-License-Identifier: GPL-2.0
/*
 * nvnic device: interrupt moderation.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * The first completion after the vector was armed sets a deadline, one for each
 * side of the queue pair. The vector fires at the deadline or after the configured
 * number of frames, whichever is earlier. If the frames were earlier, the timer is
 * not cancelled; it restarts for the next deadline when it expires. Under load this
 * costs one timer interrupt a period.
 */
#include <linux/bitfield.h>

#include "nvhw.h"
#include "nvhw_compat.h"

/**
 * nvhw_moder_write() - write to NVNIC_REG_Q_MODER_TX or NVNIC_REG_Q_MODER_RX
 * @moder: moderation of that side
 * @val: value
 *
 * Context: any. A deadline that is already set stays.
 *
 * Return: false if the value is refused.
 */
bool nvhw_moder_write(struct nvhw_moder *moder, u64 val)
{
	u64 frames = FIELD_GET(NVNIC_Q_MODER_FRAMES, val);
	u64 usecs = FIELD_GET(NVNIC_Q_MODER_USECS, val);

	BUILD_BUG_ON(FIELD_MAX(NVNIC_Q_MODER_USECS) != NVNIC_MAX_MODER_USECS);
	BUILD_BUG_ON(FIELD_MAX(NVNIC_Q_MODER_FRAMES) != NVNIC_MAX_MODER_FRAMES);
	if (val & ~NVNIC_Q_MODER_MASK || (!usecs && frames > 1))
		return false;
	WRITE_ONCE(moder->reg, val);
	return true;
}

/* The earliest deadline of both sides, KTIME_MAX: none is set. */
static ktime_t nvhw_moder_next(const struct nvhw_vec *vec)
{
	ktime_t next = KTIME_MAX;
	int side;

	lockdep_assert_held(&vec->lock);
	for (side = 0; side < NVHW_SIDES; side++)
		if (vec->moder[side].waiting)
			next = min(next, vec->moder[side].deadline);
	return next;
}

static void nvhw_moder_wait(struct nvhw_vec *vec, struct nvhw_moder *moder,
			    u32 usecs)
{
	unsigned long flags;
	ktime_t next;

	raw_spin_lock_irqsave(&vec->lock, flags);
	if (!moder->waiting) {
		WRITE_ONCE(moder->waiting, true);
		moder->deadline = ktime_add_us(ktime_get(), usecs);
		next = nvhw_moder_next(vec);
		if (!hrtimer_is_queued(&vec->timer) ||
		    ktime_after(hrtimer_get_expires(&vec->timer), next))
			hrtimer_start(&vec->timer, next,
				      HRTIMER_MODE_ABS_PINNED_HARD);
	}
	raw_spin_unlock_irqrestore(&vec->lock, flags);
}

/**
 * nvhw_moder_due() - may the vector fire now for completions of a side?
 * @vec: the vector, armed
 * @side: the side, with completions that the driver has not reaped
 * @ring: its ring
 *
 * Context: any.
 *
 * Return: true if it may; false if the timer of @vec will fire it.
 */
bool nvhw_moder_due(struct nvhw_vec *vec, enum nvhw_side side,
		    const struct nvhw_ring *ring)
{
	struct nvhw_moder *moder = &vec->moder[side];
	u64 reg = READ_ONCE(moder->reg);
	u16 count, frames = FIELD_GET(NVNIC_Q_MODER_FRAMES, reg);

	if (likely(!reg))
		return true;
	count = READ_ONCE(ring->done) - READ_ONCE(moder->seen);
	if (!FIELD_GET(NVNIC_Q_MODER_USECS, reg) || (frames && count >= frames))
		return true;
	if (!READ_ONCE(moder->waiting))
		nvhw_moder_wait(vec, moder, FIELD_GET(NVNIC_Q_MODER_USECS, reg));
	return false;
}

/**
 * nvhw_moder_arm() - restart moderation before the vector is armed
 * @vec: the vector
 * @side: the side
 * @ring: its ring
 * @cons: position of the next completion that the driver will reap
 *
 * A completion behind @cons counts as one frame.
 *
 * Context: any.
 */
void nvhw_moder_arm(struct nvhw_vec *vec, enum nvhw_side side,
		    const struct nvhw_ring *ring, u16 cons)
{
	struct nvhw_moder *moder = &vec->moder[side];
	unsigned long flags;

	if (likely(!READ_ONCE(moder->reg)))
		return;
	WRITE_ONCE(moder->seen,
		   READ_ONCE(ring->done) - nvhw_ring_behind(ring, cons));
	if (!READ_ONCE(moder->waiting))
		return;
	raw_spin_lock_irqsave(&vec->lock, flags);
	WRITE_ONCE(moder->waiting, false);
	raw_spin_unlock_irqrestore(&vec->lock, flags);
}

/**
 * nvhw_moder_expire() - handle the expiry of a vector's timer
 * @vec: the vector
 * @due: receives whether the vector is to fire
 *
 * Context: hard interrupt, in the timer's function.
 *
 * Return: HRTIMER_RESTART if another deadline is set.
 */
enum hrtimer_restart nvhw_moder_expire(struct nvhw_vec *vec, bool *due)
{
	enum hrtimer_restart again = HRTIMER_NORESTART;
	ktime_t next, now = ktime_get();
	unsigned long flags;
	int side;

	*due = false;
	raw_spin_lock_irqsave(&vec->lock, flags);
	for (side = 0; side < NVHW_SIDES; side++) {
		struct nvhw_moder *moder = &vec->moder[side];

		if (!moder->waiting || ktime_after(moder->deadline, now))
			continue;
		WRITE_ONCE(moder->waiting, false);
		*due = true;
	}
	next = nvhw_moder_next(vec);
	/* If nvhw_moder_wait() has queued it meanwhile, it used these deadlines. */
	if (next != KTIME_MAX && !hrtimer_is_queued(&vec->timer)) {
		hrtimer_set_expires(&vec->timer, next);
		again = HRTIMER_RESTART;
	}
	raw_spin_unlock_irqrestore(&vec->lock, flags);
	return again;
}

/**
 * nvhw_moder_init() - set up the moderation of a vector, off
 * @vec: the vector
 * @expired: function of its timer; calls nvhw_moder_expire()
 *
 * Context: process.
 */
void nvhw_moder_init(struct nvhw_vec *vec,
		     enum hrtimer_restart (*expired)(struct hrtimer *timer))
{
	raw_spin_lock_init(&vec->lock);
	hrtimer_setup(&vec->timer, expired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_PINNED_HARD);
}

/**
 * nvhw_moder_exit() - cancel the timer of a vector
 * @vec: the vector; nobody calls nvhw_moder_due() any more
 *
 * Context: process.
 */
void nvhw_moder_exit(struct nvhw_vec *vec)
{
	hrtimer_cancel(&vec->timer);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fuzz target of the descriptors: its input.
 *
 * Copyright (C) 2026 nvnic contributors
 */
#ifndef FUZZ_DESC_H
#define FUZZ_DESC_H

#include <nvpe/desc.h>

enum fuzz_what {
	FUZZ_SIZE,	/* register write: NVNIC_REG_Q_SIZE */
	FUZZ_CTRL,	/* register write: NVNIC_REG_Q_CTRL */
	FUZZ_TX,	/* write a descriptor, most bits right */
	FUZZ_RX,
	FUZZ_ANY,	/* write a descriptor, any bits */
	FUZZ_DOORBELL,	/* ring for what was written */
	FUZZ_TAIL,	/* ring with any value */
	FUZZ_RUN,	/* let the device run */
	FUZZ_WHATS,
};

/**
 * struct fuzz_op - what the driver does next, all bytes any
 * @what: enum fuzz_what, times 2, plus 1 for the RX half
 * @pad: nothing
 * @val: its argument
 */
struct fuzz_op {
	u8 what;
	u8 pad[7];
	u8 val[16];
};

#endif /* FUZZ_DESC_H */

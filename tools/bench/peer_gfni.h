/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Benchmarks of the packet engines: does this build have DPDK's GFNI hash?
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * rte_thash_gfni_supported() speaks for Debian's build of the library. The hash
 * itself is in a header, and the peers are built for the CPU that builds them.
 */
#ifndef PEER_GFNI_H
#define PEER_GFNI_H

#if defined(__GFNI__) && defined(__AVX512F__)
#define PEER_GFNI	true
#else
#define PEER_GFNI	false
#endif

#endif /* PEER_GFNI_H */

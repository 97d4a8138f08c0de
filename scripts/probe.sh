#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Find out what a kernel has by compiling a snippet for each difference.
#
# Usage: CC=gcc FLAGS="-I... -D..." scripts/probe.sh OUT
#
#   OUT     header to write: "#define NVNIC_HAVE_X 1" for each snippet X that
#           compiles with $CC $FLAGS; the build includes it everywhere
#
# Kbuild calls it once, before the first object. Versions do not tell:
# distribution kernels carry backports. What a definition means for the driver is
# in drivers/nvnic/nvnic_compat*.h and drivers/nvhw/nvhw_compat.h.
#
# Example: rm nvnic_have.h && make && cat nvnic_have.h
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail

[ $# -eq 1 ] || { sed -n '3,/^# Copyright/{/^# Copyright/d;s/^# \{0,1\}//;p}' "$0"; exit 2; }
out=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# As kbuild names the objects; headers that print messages want the names.
names="-DKBUILD_MODNAME='\"probe\"' -DKBUILD_MODFILE='\"probe\"' -DKBUILD_BASENAME='\"probe\"'"
strict="-Werror -Wno-unused -Wno-missing-prototypes -Wno-missing-declarations"

# probe NAME <SNIPPET: compile it, beside the others.
probe()
{
	cat >"$tmp/$1.c"
	# shellcheck disable=SC2153	# CC and FLAGS come from kbuild
	if eval "$CC $FLAGS $names $strict -fsyntax-only -x c" "$tmp/$1.c" >"$tmp/$1.log" 2>&1; then
		: >"$tmp/$1.ok"
	fi &
}

# Without these three every other answer would be "absent".
probe COMPILER <<'C'
int t;
C
probe SANE <<'C'
#include <linux/dim.h>
#include <linux/ethtool.h>
#include <linux/hrtimer.h>
#include <linux/irq.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>
#include <net/devlink.h>
#include <net/netdev_queues.h>
C
probe FLOOR <<'C'
#include <linux/version.h>
int t[LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0) ? 1 : -1];
C

# The device
probe HRTIMER_SETUP <<'C'
#include <linux/hrtimer.h>
void t(struct hrtimer *h, enum hrtimer_restart (*f)(struct hrtimer *))
{ hrtimer_setup(h, f, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD); }
C
# The flag alone does not tell: 6.12 with backports has it, and refuses it with WQ_BH.
probe WQ_BH_PERCPU <<'C'
#include <linux/workqueue.h>
int t[__WQ_BH_ALLOWS & WQ_PERCPU ? 1 : -1];
C
probe IRQ_MOVE_PCNTXT <<'C'
#include <linux/irq.h>
int t = IRQ_MOVE_PCNTXT;
C

# The driver
probe SYSTEM_PERCPU_WQ <<'C'
#include <linux/workqueue.h>
void *t(void) { return system_percpu_wq; }
C
probe NET_DIM_BY_REFERENCE <<'C'
#include <linux/dim.h>
void t(struct dim *d, struct dim_sample *s) { net_dim(d, s); }
C
probe CAP_RSS_CTX_SUPPORTED <<'C'
#include <linux/ethtool.h>
const struct ethtool_ops t = { .cap_rss_ctx_supported = true };
C
probe FEC_HIST <<'C'
#include <linux/ethtool.h>
static void f(struct net_device *d, struct ethtool_fec_stats *s, struct ethtool_fec_hist *h) { }
const struct ethtool_ops t = { .get_fec_stats = f };
C
probe RXFH_FIELDS <<'C'
#include <linux/ethtool.h>
int t(const struct ethtool_ops *o) { return !o->get_rxfh_fields && !o->set_rxfh_fields; }
C
probe RXFH_PER_CTX_FIELDS <<'C'
#include <linux/ethtool.h>
const struct ethtool_ops t = { .rxfh_per_ctx_fields = true };
C
probe RX_RING_COUNT <<'C'
#include <linux/ethtool.h>
int t(const struct ethtool_ops *o) { return !o->get_rx_ring_count; }
C
probe HEALTH_GRACEFUL_ARG <<'C'
#include <net/devlink.h>
void *t(struct devlink *d, const struct devlink_health_reporter_ops *o)
{ return devl_health_reporter_create(d, o, 0, d); }
C
probe DEVLINK_PARAM_GET_EXTACK <<'C'
#include <net/devlink.h>
static int f(struct devlink *d, u32 i, struct devlink_param_gset_ctx *c, struct netlink_ext_ack *e)
{ return 0; }
const struct devlink_param t = { .get = f };
C
probe QUEUE_CONFIG <<'C'
#include <net/netdev_queues.h>
static int f(struct net_device *d, struct netdev_queue_config *c, void *m, int q) { return 0; }
const struct netdev_queue_mgmt_ops t = { .ndo_queue_mem_alloc = f, .ndo_queue_start = f };
C
probe NETDEV_OPS_LOCK <<'C'
#include <linux/netdevice.h>
#include <net/netdev_lock.h>
bool t(const struct net_device *d) { return netdev_need_ops_lock(d); }
C
probe SET_RX_MODE_ASYNC <<'C'
#include <linux/netdevice.h>
int t(const struct net_device_ops *o) { return !o->ndo_set_rx_mode_async; }
C
probe ETHTOOL_OP_NEEDS_RTNL <<'C'
#include <linux/ethtool.h>
const struct ethtool_ops t = { .op_needs_rtnl = ~0u };
C
probe NAPI_CONFIG <<'C'
#include <linux/netdevice.h>
void t(struct net_device *d, struct napi_struct *n, int (*p)(struct napi_struct *, int))
{ netif_napi_add_config(d, n, p, 0); }
C
probe GSO_FIXEDID_INNER <<'C'
#include <linux/skbuff.h>
int t = SKB_GSO_TCP_FIXEDID_INNER != 0;
C

wait
[ -e "$tmp/COMPILER.ok" ] || {
	head -n 5 "$tmp/COMPILER.log" >&2
	echo "probe.sh: $CC does not take this kernel's options: make CC= with the compiler that built it" >&2
	exit 1
}
[ -e "$tmp/FLOOR.ok" ] || { echo "nvnic needs the headers of Linux 6.12 or newer" >&2; exit 1; }
[ -e "$tmp/SANE.ok" ] || {
	head -n 20 "$tmp/SANE.log" >&2
	echo "probe.sh: the compiler does not take the kernel's headers" >&2
	exit 1
}
cd "$tmp"
for found in *.ok; do
	echo "#define NVNIC_HAVE_${found%.ok} 1"
done >"$tmp/have.h"
cd "$OLDPWD"
mkdir -p "$(dirname "$out")"
cp "$tmp/have.h" "$out"

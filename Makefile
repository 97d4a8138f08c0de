# SPDX-License-Identifier: GPL-2.0
#
# nvnic: a virtual NVGRE NIC and its driver, in one kernel module
#
#   make            build nvnic.ko against installed headers, 6.12 or newer
#   make demo       see it work, in a VM; sets up everything by itself
#   make check      every test: all on Linux 7.3 at the speed of this machine (User Mode
#                   Linux), and in the VM what only 6.12 shows; likewise
#   make check-all  every test on both kernels, and check-debug
#   make check-native [ONLY=a.py,b.py] [CPUS=n]   the selftests on Linux 7.3, natively
#   make check-debug [STRESS=300] [SEED=n] [ONLY=a.py,b.py] [KERNEL="a b"]   everything again in
#                   kernels with KASAN and with lockdep, and a stress; likewise
#   make bench      measure it beside veth and virtio-net, in a VM; likewise
#   make bench-native   measure it beside veth at the speed of this machine, in User
#                   Mode Linux; likewise
#
#   make check-upstream [KERNEL=6.12]   the kernel's own network tests over our ports:
#                   those of Linux 7.3 natively, or those of 6.12 in a VM
#   make unit       the unit tests of the packet engines, in user space
#   make coverage   what they cover of each engine
#   make fuzz [SECONDS=60]   fuzz the packet engines
#   make bench-engine   measure them beside DPDK and memcpy
#   make style      coding style, layering, documentation comments
#   make vm-shell   a shell in the VM, in this directory: insmod nvnic.ko
#   make clean      remove what was built (the VM's files stay in build/)
#
# Examples:
#   make KDIR=/usr/src/linux-headers-6.12.117+deb12-amd64
#   scripts/vm-run.sh -- selftests/run.sh seg_equiv.py
#   scripts/vm-run.sh --help
#
# Nothing here loads anything into this machine's own kernel.
#
# Copyright (C) 2026 nvnic contributors

KDIR ?= $(shell scripts/kdir.sh)

.DEFAULT_GOAL := modules
.PHONY: modules clean unit coverage fuzz bench-engine check check-all check-native check-debug check-upstream demo bench bench-native style vm-shell help

modules:
	@scripts/kdir.sh --check "$(KDIR)" >/dev/null
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

clean:
	@scripts/kdir.sh --check "$(KDIR)" >/dev/null
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
	$(MAKE) -C tools clean

unit coverage:
	$(MAKE) -C tools $@

fuzz:
	@scripts/deps.sh fuzz
	$(MAKE) -s -C tools fuzz

# Without DPDK its rows are left out.
bench-engine:
	-@scripts/deps.sh bench-engine
	$(MAKE) -s -C tools bench

check:
	@scripts/check.sh

check-all:
	@scripts/check.sh --all

check-native:
	@scripts/check-native.sh $(if $(ONLY),--only $(ONLY)) $(if $(CPUS),--cpus $(CPUS))

check-debug:
	@scripts/check-debug.sh $(if $(STRESS),--seconds $(STRESS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(ONLY),--only $(ONLY)) $(KERNEL)

check-upstream:
	@scripts/check-upstream.sh

demo:
	@scripts/demo.sh

bench:
	@scripts/bench.sh

bench-native:
	@scripts/bench-native.sh

style:
	@scripts/check-style.sh

vm-shell:
	@scripts/vm-run.sh -i

help:
	@sed -n '3,/^# Copyright/{/^# Copyright/d;s/^# \{0,1\}//;p}' Makefile

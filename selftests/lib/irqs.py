# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: lines of /proc/interrupts, and where they go.

Copyright (C) 2026 nvnic contributors
"""

import os

from .shell import KsftSkipEx


def lines():
    """{name: (interrupt number, [count of each CPU])} of our ports."""
    found = {}
    with open("/proc/interrupts") as table:
        cpus = len(table.readline().split())
        for line in table:
            words = line.split()
            if words[-1].startswith("nvn"):
                found[words[-1]] = int(words[0][:-1]), [int(n) for n in words[1:cpus + 1]]
    return found


def fired(*ifnames):
    """Interrupts of all queues of some ports so far (none named: of all ports)."""
    found = 0
    for name, (_, counts) in lines().items():
        ifname, queue, _ = name.partition("-TxRx-")
        if queue and (not ifnames or ifname in ifnames):
            found += sum(counts)
    return found


def spread(cpus):
    """Bind the vector of each queue of our ports to one of CPUS, in turn.

    A kernel for one CPU has nothing to bind them by.
    """
    if os.cpu_count() == 1:
        return
    for line in lines():
        name, queue, number = line.partition("-TxRx-")
        if queue:
            bind(line, 1 << cpus[int(number) % len(cpus)])


def affinity(name, mask=None):
    """Read, or set, where a line's interrupts go: (asked for, in force)."""
    number, _ = lines()[name]
    if mask is not None:
        bind(name, mask)
    values = []
    for file in ("smp_affinity", "effective_affinity"):
        try:
            with open(f"/proc/irq/{number}/{file}") as knob:
                values.append(int(knob.read().replace(",", ""), 16))
        except FileNotFoundError:
            raise KsftSkipEx(f"this kernel has no /proc/irq/N/{file}") from None
    return values


def bind(name, mask):
    """Set where a line's interrupts go."""
    try:
        knob = open(f"/proc/irq/{lines()[name][0]}/smp_affinity", "w")
    except FileNotFoundError:
        raise KsftSkipEx("this kernel has no /proc/irq/N/smp_affinity") from None
    with knob:
        knob.write(f"{mask:x}")

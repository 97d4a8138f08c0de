#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Run the kernel's own tests in a guest: each one on a freshly loaded module.

Usage: scripts/upstream/run.py KSFT OUT [TEST...]
       scripts/upstream/run.py --list [TEST...]

  KSFT   tools/testing/selftests of an unpacked, built kernel tree
  OUT    a directory: TEST.json (results) and TEST.log for each test
  TEST   lines of tests-KERNEL.conf, by their name or a part of it (default: all)

Environment: KERNEL (6.12 or 7.3); NVNIC_KO, the module; PEER=veth: the ports are
veth pairs, to see what the tests find there.

Ends with 0 when all tests ran; with 3 when one of them left a state in which
no other can run, or the module cannot be unloaded: the rest wants a new VM.

Copyright (C) 2026 nvnic contributors
"""

import collections
import json
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import results  # pylint: disable=wrong-import-position

TOP = os.path.dirname(os.path.dirname(HERE))
KERNEL = os.environ.get("KERNEL", "7.3")
VETH = os.environ.get("PEER") == "veth"
KO = os.environ.get("NVNIC_KO", os.path.join(TOP, "nvnic.ko"))
SPLATS = os.path.join(TOP, "selftests", "lib", "splats")
# Not the networks that the tests make tunnels for.
V4, V6, PREFIX6 = "10.9.0.", "fd09::", "2001:db8:2::/64"


def sh(command, check=True):
    return subprocess.run(command, shell=True, check=check, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


Test = collections.namedtuple("Test", "name setup limit cpus alone")


def tests():
    """The rows of tests-KERNEL.conf"""
    rows = []
    with open(os.path.join(HERE, f"tests-{KERNEL}.conf"), encoding="utf-8") as conf:
        for line in conf:
            if line.strip() and not line.startswith("#"):
                name, setup, limit, *cpus = line.split("|")
                cpus = cpus[0].split() if cpus else ["1"]
                rows.append(Test(" ".join(name.split()), setup.split(), int(limit),
                                 int(cpus[0]), "alone" in cpus))
    return rows


# What the tests themselves ask for where a CPU is emulated.
with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
    SLOW = {"KSFT_MACHINE_SLOW": "yes"} if "TCG" in cpuinfo.read() else {}

NAMES = {test.name for test in tests()}


def make_ports(setup):
    """Load the module; or make as many veth pairs, with as many queues."""
    count = int(setup[1]) if setup[0] == "ports" else 2
    if not VETH:
        # The script of several ports wants one to spare.
        sh(f"insmod {KO} adapters={count // 2 + (setup[0] == 'ports')}")
        return
    queues = setup[1] if setup[0] == "ep" and setup[1:] else str(os.cpu_count())
    queues = f"numtxqueues {queues} numrxqueues {queues}"
    for i in range(0, count + 2 * (setup[0] == "ports"), 2):
        sh(f"ip link add nvn{i} {queues} type veth peer name nvn{i + 1} {queues}")


# What the ports are before the test; returns (environment, arguments).

def setup_pair(mtu="1500"):
    sh(f"ip link set nvn0 up mtu {mtu}; ip link set nvn1 up mtu {mtu}")
    return {}, []


def setup_ep(channels=None, peer_channels=None):
    for port, count in ("nvn0", channels), ("nvn1", peer_channels):
        if count:
            # veth has them, but cannot always be told so.
            sh(f"ethtool -L {port} combined {count}", check=not VETH)
    sh(f"""set -e
        ip netns add peer; ip -n peer link set lo up
        ip link set nvn1 netns peer
        sysctl -qw net.ipv6.conf.nvn0.keep_addr_on_down=1
        ip netns exec peer sysctl -qw net.ipv6.conf.nvn1.keep_addr_on_down=1
        ip link set nvn0 up; ip -n peer link set nvn1 up
        ip addr add {V4}1/24 dev nvn0; ip -n peer addr add {V4}2/24 dev nvn1
        ip addr add {V6}1/64 dev nvn0 nodad; ip -n peer addr add {V6}2/64 dev nvn1 nodad
        ip -n peer -6 route add {PREFIX6} via {V6}1""")
    return {"NETIF": "nvn0", "PEERIF": "nvn1", "REMOTE_TYPE": "netns", "REMOTE_ARGS": "peer",
            "LOCAL_V4": V4 + "1", "LOCAL_V6": V6 + "1", "LOCAL_PREFIX_V6": PREFIX6,
            "REMOTE_V4": V4 + "2", "REMOTE_V6": V6 + "2"}, []


def setup_ports(count):
    # One more has no cable: the transceiver at its other end is off.
    if not VETH:
        sh(f"echo nvnic{int(count) // 2}.1 >/sys/bus/nvnic/drivers/nvnic/unbind")
    return {"NETIF_NO_CABLE": f"nvn{count}", "WAIT_TIME": "1", "INTERFACE_TIMEOUT": "30"}, \
        [f"nvn{i}" for i in range(int(count))]


def setup_eth():
    sh("ip link set nvn0 name eth0; ip link set nvn1 name eth1")
    return {}, []


def setup_none():
    return {}, []


def setup_veth():
    return {"PATH": os.path.join(HERE, "bin", "veth") + ":" + os.environ["PATH"]}, []


SETUPS = {"pair": setup_pair, "ep": setup_ep, "ports": setup_ports, "eth": setup_eth,
          "none": setup_none, "veth": setup_veth}


def execute(argv, cwd, env, limit, log):
    """Run ARGV; return its exit status, 124 for the time limit."""
    # A session of its own, so that nothing it leaves behind is overlooked.
    with subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=log,
                          stderr=subprocess.STDOUT, start_new_session=True) as process:
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            status = 124
            os.killpg(process.pid, signal.SIGTERM)
            time.sleep(3)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return status


def clean_up(before):
    """Remove what the test made; True when the module could be unloaded."""
    for namespace in sh("ip netns list").split("\n"):
        if namespace:
            sh(f"ip netns pids {namespace.split()[0]} | xargs -r kill -9; "
               f"ip netns del {namespace.split()[0]}", check=False)
    for name in links() - before:
        if not re.match(r"nvn|dev\d|eth\d|(ip6)?(gre|gretap|erspan|tnl|tunl|sit)0", name):
            sh(f"ip link del {name}", check=False)
    sh("ip vrf pids 2>/dev/null; rm -f /run/upstream-adapters", check=False)
    sh("ip xfrm state flush; ip xfrm policy flush", check=False)
    # A dead namespace gives its interfaces back a little later.
    if not VETH:
        sh("timeout 60 rmmod nvnic", check=False)
    return not os.path.isdir("/sys/module/nvnic")


def links():
    return {re.sub("@.*", "", line.split(": ")[1]) for line in sh("ip -o link").splitlines()}


def kernel_complaint(mark):
    log = sh("dmesg").split(mark)[-1]
    found = subprocess.run(["grep", "-E", "-A", "25", "-m", "1", "-f", SPLATS], input=log,
                           text=True, stdout=subprocess.PIPE, check=False).stdout
    return found


def command(test, ksft):
    """(directory, argv) that TEST is started with"""
    words = test.name.split()
    path = os.path.join(HERE, words[0][4:]) if test.name.startswith("own/") else \
        os.path.join(ksft, words[0])
    interpreter = [] if os.access(path, os.X_OK) else ["python3"]
    return os.path.dirname(path), [*interpreter, path, *words[1:]]


def environment(ksft):
    env = {**os.environ, "KSFT": ksft, "NO_COLOR": "1", **SLOW}
    # What the tools of Debian 12 lack; for Linux 7.3 there are those of its day.
    if KERNEL == "6.12":
        env["PATH"] = os.path.join(HERE, "bin") + ":" + env["PATH"]
    return env


def run_one(test, ksft, out):
    base = os.path.join(out, re.sub(r"[^\w.-]+", "_", test.name))
    mark = f"nvnic-upstream: {test.name}"
    with open("/dev/kmsg", "w", encoding="utf-8") as kmsg:
        # Without its end of line nobody sees it before the next message.
        kmsg.write(mark + "\n")
    before = links()
    started = time.monotonic()
    make_ports(test.setup)
    env, arguments = SETUPS[test.setup[0]](*test.setup[1:])
    cwd, argv = command(test, ksft)
    with open(base + ".log", "w", encoding="utf-8") as log:
        status = execute([*argv, *arguments], cwd, {**environment(ksft), **env}, test.limit, log)
    with open(log.name, encoding="utf-8", errors="replace") as file:
        lines = re.sub(r"\x1b\[[\d;]*m", "", file.read()).splitlines()
    found = results.parse(test.name, lines, status)
    unloaded = clean_up(before)
    if not unloaded:
        found.append(("the module can be unloaded", "fail", ""))
    splat = kernel_complaint(mark)
    if splat:
        found.append(("the kernel does not complain", "fail", splat.splitlines()[0]))
        with open(log.name, "a", encoding="utf-8") as file:
            file.write("\nkernel log:\n" + splat)
    with open(base + ".json", "w", encoding="utf-8") as file:
        json.dump({"name": test.name, "results": found, "status": status,
                   "seconds": round(time.monotonic() - started)}, file)
    states = [state for _, state, _ in found]
    print(f"# {test.name}: {states.count('pass')} passed, {states.count('fail')} failed, "
          f"{states.count('skip')} skipped, {time.monotonic() - started:.0f} s", flush=True)
    return unloaded


def select(wanted):
    """The tests that WANTED names; a whole name means no other."""
    return [test for test in tests() if not wanted or
            any(word == test.name or (word in test.name and word not in NAMES) for word in wanted)]


def main():
    if sys.argv[1] == "--list":
        for test in select(sys.argv[2:]):
            print(test.name)
        return
    ksft, out, *wanted = sys.argv[1:]
    if not os.environ.get("NVNIC_VM"):
        sys.exit("run.py: this loads a kernel module: run it in a guest, by make check-upstream")
    sh("mount -t debugfs none /sys/kernel/debug", check=False)
    for test in select(wanted):
        if not run_one(test, ksft, out):
            sys.exit(3)


if __name__ == "__main__":
    main()

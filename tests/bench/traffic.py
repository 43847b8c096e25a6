#!/usr/bin/env python3
"""What an office's line carries in a day, both ways, down to the IP headers.

    tests/bench/traffic.py [BUILD] [--rest SECONDS]     (build/release, 170)

A real agent and a real province in a network namespace of their own (root, or where users may make
one): everything on its loopback is theirs, and its MTU is that of a common line. Measured are a
connection from its beginning to its end, an open one at rest, and pushes of ten per-minute series;
the days are sums of these, by what the agent does at each push interval. Exit status 1 when a figure
does not arrive; never for what it costs.
"""

import argparse
import ctypes
import fcntl
import os
import random
import re
import socket
import struct
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, SIOCSIFMTU, IFF_UP = 0x8914, 0x8922, 1
ETHERNET = 14  # loopback pretends to it, a line to the province has something of its own
SERIES, DAY_MINUTES = 10, 1440
REST_FROM_MINUTES = 10  # from here on the agent closes a connection that has nothing to say
PUSHES = {1: 30, 15: 10, 60: 5, 1440: 2}
METRIC = "bench.minute,Thử,Bench,unit,flow,sum,sum,minute,slot,0,0,commune,1,0,"

parser = argparse.ArgumentParser()
parser.add_argument("build", nargs="?", default="build/release")
parser.add_argument("--rest", type=float, default=170, help="seconds of rest to watch")
ARGUMENTS = parser.parse_args()
sys.argv = [sys.argv[0], ARGUMENTS.build]
sys.path.insert(0, f"{HERE}/../support")
import rig  # noqa: E402 (it takes the build folder from sys.argv)


def enter_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0 and libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        sys.exit("traffic: no network namespace to be had here; run it as root")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFMTU, struct.pack("16si12x", b"lo", 1500))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def carried():
    """Bytes on the line so far, IP headers in."""
    with open("/proc/net/dev", encoding="ascii") as devices:
        sent = re.search(r"lo:(.*)", devices.read()).group(1).split()[8:10]
    return int(sent[0]) - ETHERNET * int(sent[1])


class Office:
    """One agent of a small province."""

    def __init__(self, folder):
        self.folder = folder  # a rig.Agent asks for it
        self.province = rig.Province(folder)
        self.province.start()
        self.province.furnish(["28001"])
        self.province.put_csv("/v1/catalogue", f"{rig.CATALOGUE}{METRIC}\n")
        self.agent = rig.Agent(self, "28001")
        outcome = self.agent.command("enrol", self.province.invite("28001").line)
        if outcome.code != 0:
            sys.exit(f"traffic: {outcome}")
        self.minute = 0  # of the figures handed in so far
        self.dice = random.Random(1)

    def connect(self):
        self.agent.start().process.logged("uplink: connected")
        time.sleep(1)

    def end(self):
        self.agent.process.stop()
        time.sleep(0.5)

    def acked(self):
        return "0 figures in 0 batches, 0 not sealed yet" in self.agent.command("status").out

    def period(self, minute):
        day, rest = divmod(minute, DAY_MINUTES)
        return f"2025-06-{day + 1:02}T{rest // 60:02}:{rest % 60:02}"

    def push(self, minutes):
        """So many minutes of all series, in one batch: bytes carried until they are acked."""
        if self.minute % DAY_MINUTES + minutes > DAY_MINUTES:
            self.minute += DAY_MINUTES - self.minute % DAY_MINUTES
        path = f"{self.folder}/push.csv"
        with open(path, "w", encoding="utf-8") as out:
            out.write("metric,period,slot,value\n")
            for minute in range(self.minute, self.minute + minutes):
                for series in range(SERIES):
                    out.write(f"bench.minute,{self.period(minute)},s{series},"
                              f"{self.dice.randrange(1000)}\n")
        self.minute += minutes
        before = carried()
        outcome = self.agent.command("import", path)
        if outcome.code != 0:
            sys.exit(f"traffic: {outcome}")
        rig.wait_for(self.acked, "an ack", 60)
        time.sleep(0.3)
        return carried() - before


def connection(office):
    before = carried()
    office.connect()
    office.end()
    return carried() - before


def at_rest(office):
    before = carried()
    time.sleep(ARGUMENTS.rest)
    return (carried() - before) / ARGUMENTS.rest * 86400


def show(label, value, unit="bytes"):
    print(f"{label:52} {value:12,.0f}  {unit}", flush=True)


def main():
    enter_namespace()
    with tempfile.TemporaryDirectory(prefix="lantoa-traffic-") as folder:
        office = Office(folder)
        office.connect()  # and keep the catalogue
        office.end()
        once = sum(connection(office) for _ in range(5)) / 5
        office.connect()
        office.push(1)  # declares the series
        rest = at_rest(office)
        push = {minutes: sum(office.push(minutes) for _ in range(pushes)) / pushes
                for minutes, pushes in PUSHES.items()}
        office.end()
        rows = office.province.query("bench.minute", area="28001", per="month",
                                     **{"from": "2025-06", "to": "2025-06"})
        office.province.process.stop()
    expected = SERIES * (1 + sum(minutes * pushes for minutes, pushes in PUSHES.items()))
    if rows[0]["observations"] != expected:
        sys.exit(f"traffic: {rows[0]['observations']} figures arrived, {expected} were handed in")
    show("a connection, greeting in", once)
    for minutes, cost in push.items():
        show(f"a push of {minutes} minutes of {SERIES} series, acked", cost)
    show("a day at rest, push interval below 10 minutes", rest / 1000, "kB")
    show("a day at rest, push interval of 10 minutes or more", once / 1000, "kB")
    for minutes, cost in push.items():
        each = cost + (once if minutes >= REST_FROM_MINUTES else 0)
        show(f"a day of {SERIES} series, push interval {minutes}", each * DAY_MINUTES / minutes / 1000,
             "kB")


if __name__ == "__main__":
    main()

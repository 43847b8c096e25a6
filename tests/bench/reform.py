#!/usr/bin/env python3
"""What a reform's day costs everybody else, at the size of the country (I11, I12).

    tests/bench/reform.py [BUILD] [--offices N] [--senders N] [--each MS] [--profile FILE]

A province of N communes with an office each, which all end on 2025-07-01: of a hundred, 99 go whole to
one of N / 3 new ones, and one is divided. Some offices push all the while, a batch each EACH
milliseconds, and what is measured is from when a batch was due to its ack. Meanwhile `lantoa office
follow --dry-run` tells what would come of it, and then it is done. With --profile, perf writes there
what the aggregator did in that act.

Exit status 1 when an office is not where it belongs afterwards, or verify finds anything; never for
what it costs.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ON = "2025-07-01"
DAY = 20300  # 2025-07-31
BATCHES = 400

parser = argparse.ArgumentParser()
parser.add_argument("build", nargs="?", default="build/release")
parser.add_argument("--offices", type=int, default=11000)
parser.add_argument("--senders", type=int, default=16, help="offices that push")
parser.add_argument("--each", type=int, default=100, help="milliseconds between the batches of one")
parser.add_argument("--profile", help="where perf writes")
ARGUMENTS = parser.parse_args()
sys.argv = [sys.argv[0], ARGUMENTS.build]
sys.path.insert(0, f"{HERE}/../support")
import payloads  # noqa: E402
import rig  # noqa: E402 (it takes the build folder from sys.argv)


def old(n):
    return f"{20000 + n}"


def new(n):
    return f"n{n // 3:05}"


def divided(n):
    return n % 100 == 99


def units():
    n = ARGUMENTS.offices
    rows = ["code,name,level,parent,valid_from,valid_to", "82,Tỉnh,province,,1976-01-01,"]
    rows += [f"d{k:03},Huyện {k},district,82,1976-01-01,{ON}" for k in range(n // 15 + 1)]
    rows += [f"{old(k)},Xã {k},commune,d{k // 15:03},1976-01-01,{ON}" for k in range(n)]
    rows += [f"{new(3 * k)},Xã mới {k},commune,82,{ON}," for k in range(n // 3 + 2)]
    return "\n".join(rows) + "\n"


def successors():
    rows = ["effective_on,old_code,new_code,share"]
    for k in range(ARGUMENTS.offices):
        rows += [f"{ON},{old(k)},{new(k)},{'' if divided(k) else 1}"]
        rows += [f"{ON},{old(k)},{new(k + 3)},"] if divided(k) else []
    return "\n".join(rows) + "\n"


def offices():
    return "code,name,unit,from\n" + "".join(
        f"{old(k)},Đơn vị {k},{old(k)},2020-01-01\n" for k in range(ARGUMENTS.offices))


class Bench:
    def __init__(self, folder):
        self.folder, self.n_probes, self.probes = folder, 0, []  # rig.Probe asks for these
        self.province = rig.Province(folder)
        self.marks = []

    def lantoa(self, *words):
        done = rig.run([f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", *words],
                       timeout=None)
        if done.code != 0:
            sys.exit(f"reform: {words}: {done}")
        return done.out

    def found(self):
        """Before the reform is known; then it is, and every office is astray."""
        self.province.start()
        self.province.put_csv("/v1/units?yes=1", units())
        self.province.put_csv("/v1/catalogue", rig.CATALOGUE)
        self.province.call("POST", "/v1/offices", offices().encode(), "text/csv")
        self.province.put_csv("/v1/successors", successors())
        for k in range(ARGUMENTS.senders):
            code = old(k * 7)
            invitation, key = self.province.invite(code), rig.fresh_key()
            door = rig.Probe(self, self.province, invitation.server_key, invitation.secret_key)
            door.ask("enrol", key, hear=f"enrolled office={code}")
            door.close()
            probe = rig.Probe(self, self.province, invitation.server_key, key)
            probe.hear("connected")
            probe.ask("hello", 7, 0, hear="welcome upto=0")
            made = [payloads.payload(DAY - 400 + nth % 350, [(0, [(0, nth)])],
                                     declared=[("visits", "", "day")] if nth == 0 else [])
                    for nth in range(BATCHES)]
            probe.batches = payloads.write(os.path.join(self.folder, f"{code}.batches"), made)
            self.probes.append(probe)

    def cpu_s(self):
        with open(f"/proc/{self.province.process.child.pid}/stat", encoding="utf-8") as stat:
            return sum(map(int, stat.read().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def mark(self, what, todo):
        began, cpu_s = time.clock_gettime(time.CLOCK_BOOTTIME), self.cpu_s()
        todo()
        self.marks.append((what, began, time.clock_gettime(time.CLOCK_BOOTTIME), self.cpu_s() - cpu_s))

    def follow(self):
        perf = ARGUMENTS.profile and subprocess.Popen(
            ["perf", "record", "-q", "-g", "-o", ARGUMENTS.profile, "-p", str(self.province.process.child.pid)])
        if perf:
            time.sleep(1)
        self.mark("followed", lambda: self.lantoa("office", "follow", "--on", ON))
        if perf:
            perf.send_signal(signal.SIGINT)
            perf.wait()

    def tell(self):
        acks = []
        for probe in self.probes:
            with open(probe.out, encoding="utf-8") as out:
                acks += [(int(at) / 1e6, int(us) / 1e3)
                         for at, us in re.findall(r"took at_us=(\d+) us=(\d+)", out.read())]
        acks.sort()
        print(f"{'':14} {'seconds':>8} {'of CPU':>8} {'ack p50':>8} {'max':>8} {'no ack for':>10}    (ms)")
        for what, since, until, cpu_s in self.marks:
            # the batches that were due meanwhile
            waits = sorted(ms for at, ms in acks if since <= at - ms / 1e3 < until)
            times = [since] + [at for at, _ in acks if since <= at < until] + [until]
            print(f"{what:14} {until - since:8.2f} {cpu_s:8.2f} {waits[len(waits) // 2] if waits else 0:8.1f} "
                  f"{waits[-1] if waits else 0:8.1f} "
                  f"{max(b - a for a, b in zip(times, times[1:])) * 1e3:10.0f}")

    def measure(self):
        for probe in self.probes:
            probe.say("pace", 600000, ARGUMENTS.each, 7, probe.batches)
        time.sleep(1)
        self.mark("before", lambda: time.sleep(5))
        self.mark("dry run", lambda: self.lantoa("office", "follow", "--on", ON, "--dry-run", "--format", "csv"))
        self.mark("after it", lambda: time.sleep(2))
        self.follow()
        self.mark("after it", lambda: time.sleep(3))
        for probe in self.probes:
            probe.say("rest")
        for probe in self.probes:
            probe.hear(r"paced upto=(\d+) refused=0", 60)
        self.tell()

    def check(self):
        astray = [row["code"] for row in self.province.get("/v1/offices")["rows"] if row["state"] == "unit-ended"]
        if sorted(astray) != sorted(old(k) for k in range(ARGUMENTS.offices) if divided(k)):
            sys.exit(f"reform: {len(astray)} offices are astray")
        wrong = self.province.verify()
        if wrong:
            sys.exit(f"reform: verify found {wrong}")


def main():
    folder = tempfile.mkdtemp(prefix="lantoa-reform-")
    bench = Bench(folder)
    try:
        bench.found()
        bench.measure()
        bench.check()
    finally:
        for probe in bench.probes:
            probe.process.kill()
        if bench.province.process:
            bench.province.process.kill()
        shutil.rmtree(folder)


main()

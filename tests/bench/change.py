#!/usr/bin/env python3
"""What an import costs everybody else, on a store of many observations (I11, I12).

    tests/bench/change.py [BUILD] [--observations N] [--offices N] [--senders N] [--each MS]
                          [--before SECONDS] [--patience SECONDS] [--filled FILE] [--kill N]

The store is filled through the ledger: offices with 46 daily metrics, day by day; with --filled it is
a copy of that file, which is filled where there is none. Then a real aggregator has it. Some offices push all the while, a batch of 46 figures each EACH milliseconds, and
what is measured is from when a batch was due to its ack: three of four are of the day after the last,
the others correct an earlier one. Somebody asks questions meanwhile. For so many seconds nothing else
happens; then the catalogue is imported with a label changed, by which no figure changes, and then with
another area_agg of a metric, by which all figures of its units do. At last the aggregator is stopped,
and the catalogue of before imported in one transaction that makes every page anew, for comparison. An
import that is not through after the patience is taken back, how long it would take is told, and that
is all.

With --kill, the aggregator is killed so often at random moments of that second import instead and
started again; verify must find nothing afterwards, and every figure must be what it is on a copy of
the store that takes the same batches and has the same import in one transaction, all made anew.

Exit status 1 when that does not hold or a batch is refused; never for what it costs.
"""

import argparse
import csv
import datetime
import io
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
METRICS = 46
CHANGED = "m1"  # the greatest over time, the sum over units
SPOOL = 7
PAYLOADS = 400  # then again from the second
EPOCH = datetime.date(1970, 1, 1)

parser = argparse.ArgumentParser()
parser.add_argument("build", nargs="?", default="build/release")
parser.add_argument("--observations", type=int, default=5000000)
parser.add_argument("--offices", type=int, default=11000, help="at most 11000")
parser.add_argument("--senders", type=int, default=64, help="offices that push")
parser.add_argument("--each", type=int, default=350, help="milliseconds between the batches of one")
parser.add_argument("--before", type=int, default=20, help="seconds, before the first import")
parser.add_argument("--patience", type=int, default=86400, help="seconds, for the second import")
parser.add_argument("--filled", help="the store to begin with")
parser.add_argument("--kill", type=int, default=0, help="how often the aggregator is killed")
ARGUMENTS = parser.parse_args()
sys.argv = [sys.argv[0], ARGUMENTS.build]
sys.path.insert(0, f"{HERE}/../support")
import payloads  # noqa: E402
import rig  # noqa: E402 (it takes the build folder from sys.argv)


def store_does(*words):
    done = rig.run([f"{rig.BUILD}/tests/bench/change_store", *map(str, words)], timeout=None)
    if done.code != 0:
        sys.exit(f"change: {done}")
    return done.out.split()


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0


def now():
    """The clock of probe.c."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Asker(threading.Thread):
    """Asks one question after the other and waits a moment after each."""

    def __init__(self, province, year):
        super().__init__(daemon=True)
        self.province, self.year = province, year
        self.took = []  # (when it was answered, ms)
        self.ended = False

    def run(self):
        questions = [{"by": "district", "per": "month"}, {"per": "month"}, {"by": "commune", "per": "year"}]
        nth = 0
        while not self.ended:
            began = now()
            try:
                self.province.query(f"m{nth % METRICS}", **questions[nth % 3],
                                    **{"from": self.year, "to": self.year})
                self.took.append((now(), (now() - began) * 1e3))
            except OSError:
                pass  # it was killed
            nth += 1
            time.sleep(0.05)


class Bench:
    def __init__(self, folder):
        self.folder, self.n_probes, self.probes = folder, 0, []  # rig.Probe asks for these
        self.province = rig.Province(folder)
        self.store = f"{self.province.folder}/lantoa.db"
        self.keys = []
        self.senders = [f"o{i}" for i in range(ARGUMENTS.senders)]
        self.dice = random.Random(rig.seed())
        self.marks = []  # (what, from, to)
        self.taken_back = None  # how far it was

    # --- before ---

    def fill(self):
        filled = ARGUMENTS.filled or self.store
        if not os.path.exists(filled):
            n, seconds, last = store_does("fill", filled, ARGUMENTS.observations, ARGUMENTS.offices)
            print(f"{int(n):,} observations of {ARGUMENTS.offices} offices, to {last}, filled in {seconds} s")
        if filled != self.store:
            shutil.copyfile(filled, self.store)
        with open(self.store, "rb+") as file:
            os.fsync(file)  # else the aggregator's first sync waits for all of it
        with sqlite3.connect(self.store) as store:
            last, = store.execute("SELECT max(day) FROM strand").fetchone()
        store.close()
        self.last = EPOCH + datetime.timedelta(days=last)
        print(f"{os.path.getsize(self.store) / 1e6:,.0f} MB", flush=True)

    def enrol(self):
        self.province.start()
        self.catalogue = self.lantoa("catalogue", "export")
        for code in self.senders:
            invitation, key = self.province.invite(code), rig.fresh_key()
            door = rig.Probe(self, self.province, invitation.server_key, invitation.secret_key)
            door.ask("enrol", key, hear=f"enrolled office={code}")
            door.close()
            self.keys.append((invitation.server_key, key))
        self.files = [self.batches(code) for code in self.senders]
        self.province.process.stop()

    def batches(self, code):
        days = (self.last - datetime.date(2020, 1, 1)).days
        made = []
        for nth in range(PAYLOADS):
            day = self.last + datetime.timedelta(days=1)
            if nth % 4 == 3:
                day = self.last - datetime.timedelta(days=self.dice.randrange(days + 1))
            made.append(payloads.payload(
                (day - EPOCH).days,
                [(k, [(0, self.dice.randrange(1000000))]) for k in range(METRICS)],
                declared=[(f"m{k}", "", "day") for k in range(METRICS)] if nth == 0 else []))
        return payloads.write(os.path.join(self.folder, f"{code}.batches"), made)

    def edition(self, name, **changes):
        """The catalogue with other values in a metric's row, as a file."""
        rows = list(csv.DictReader(io.StringIO(self.catalogue)))
        for row in rows:
            if row["name"] == CHANGED:
                row.update(changes)
        out = io.StringIO()
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path = os.path.join(self.folder, f"{name}.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(out.getvalue())
        return path

    def lantoa(self, *words):
        done = rig.run([f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", *words],
                       timeout=None)
        if done.code != 0:
            sys.exit(f"change: {words}: {done}")
        return done.out

    # --- meanwhile ---

    def connect(self):
        self.probes = []
        for keys in self.keys:
            probe = rig.Probe(self, self.province, *keys)
            probe.hear("connected")
            probe.ask("hello", SPOOL, 0, hear="welcome upto=0")
            self.probes.append(probe)

    def send(self, seconds):
        for probe, path in zip(self.probes, self.files):
            probe.say("pace", seconds * 1000, ARGUMENTS.each, SPOOL, path)

    def stop_sending(self):
        """How many batches of each were acked."""
        for probe in self.probes:
            probe.say("rest")
        return [int(probe.hear(r"paced upto=(\d+) refused=0", 60).group(1)) for probe in self.probes]

    def mark(self, what, todo):
        began = now()
        todo()
        self.marks.append((what, began, now()))

    def acks(self):
        """(when, ms) of all, in order."""
        found = []
        for probe in self.probes:
            with open(probe.out, encoding="utf-8") as out:
                found += [(int(at) / 1e6, int(us) / 1e3)
                          for at, us in re.findall(r"took at_us=(\d+) us=(\d+)", out.read())]
        return sorted(found)

    def tell(self, asker):
        acks = self.acks()
        print(f"\n{'':24} {'seconds':>8} {'batches/s':>9} {'ack p50':>8} {'p99':>8} {'max':>8} "
              f"{'no ack for':>10} {'question p50':>12} {'p99':>8}    (ms)")
        for what, since, until in self.marks:
            waits = [ms for at, ms in acks if since <= at < until]
            times = [since] + [at for at, _ in acks if since <= at < until] + [until]
            asked = [ms for at, ms in asker.took if since <= at < until]
            gap = max(b - a for a, b in zip(times, times[1:])) * 1e3
            print(f"{what:24} {until - since:8.1f} {len(waits) / (until - since):9.0f} "
                  f"{percentile(waits, 50):8.1f} {percentile(waits, 99):8.1f} "
                  f"{max(waits, default=0):8.1f} {gap:10.0f} {percentile(asked, 50):12.1f} "
                  f"{percentile(asked, 99):8.1f}")

    def greatest(self):
        return self.province.value(CHANGED, per="month", area="82", **{
            "from": str(self.last)[:7], "to": str(self.last)[:7]})

    def wait_for_import(self, path):
        """Takes it back when that takes too long."""
        child = subprocess.Popen([f"{rig.BUILD}/aggregator/lantoa", "--api",
                                  f"unix:{self.province.socket}", "catalogue", "import", path, "--yes"])
        try:
            if child.wait(ARGUMENTS.patience) != 0:
                sys.exit("change: the import was refused")
        except subprocess.TimeoutExpired:
            self.taken_back = self.lantoa("change", "show")
            self.lantoa("change", "cancel")
            child.wait()

    def measure(self):
        label, other = self.edition("label", label_en="Another"), self.edition("other", area_agg="max")
        asker = Asker(self.province, str(self.last.year))
        self.province.start()
        self.connect()
        self.send(100000)
        asker.start()
        time.sleep(2)
        self.mark("before", lambda: time.sleep(ARGUMENTS.before))
        self.mark("a label", lambda: self.lantoa("catalogue", "import", label, "--yes"))
        self.mark("after it", lambda: time.sleep(5))
        was = self.greatest()
        self.mark("another area_agg", lambda: self.wait_for_import(other))
        if self.taken_back is None and self.greatest() == was:
            sys.exit("change: the import changed nothing")
        self.mark("after it", lambda: time.sleep(5))
        self.stop_sending()
        asker.ended = True
        self.tell(asker)
        if self.taken_back:
            print(f"\ntaken back after {ARGUMENTS.patience} s:\n{self.taken_back}")
            return
        self.province.process.stop()
        self.close()
        before = self.edition("before")
        seconds, days = store_does("whole", self.store, before)
        print(f"all made anew in one transaction, {days} offices' days: {seconds} s", flush=True)

    def close(self):
        for probe in self.probes:
            probe.process.kill()

    # --- killed ---

    def kill(self, nth):
        """The first at once, as the change may be a short one. Was it under way?"""
        time.sleep(self.dice.random() * 0.7 if nth > 0 else 0)
        state = self.province.get("/v1/change")
        self.province.process.kill()
        self.province.start()
        return "progress" in state

    def answers(self):
        self.province.start()
        answers = {}
        for name in [CHANGED] + [f"m{k}" for k in range(0, METRICS, 5)]:
            for question in ({"by": "commune", "per": "day"}, {"by": "district", "per": "month"}, {"per": "year"}):
                if name == CHANGED or question["per"] == "month":
                    answers[name, question["per"]] = self.province.query(
                        name, **question, **{"from": "2020-01-01", "to": str(self.last)})
        wrong = self.province.verify()
        self.province.process.stop()
        if wrong:
            sys.exit(f"change: verify found {wrong}")
        return answers

    def killed(self):
        copy = os.path.join(self.folder, "copy")
        shutil.copytree(self.province.folder, copy)
        other = self.edition("other", area_agg="max")
        self.province.start()
        self.connect()
        self.send(100000)
        time.sleep(1)
        with open(other, "rb") as file:
            self.province.call("PUT", "/v1/catalogue", file.read(), "text/csv", yes="1")
        under_way = sum(map(self.kill, range(ARGUMENTS.kill)))
        rig.wait_for(lambda: "progress" not in self.province.get("/v1/change"), "the change", 3600)
        sent = self.stop_sending()
        self.close()
        self.province.process.stop()
        killed = self.answers()
        print(f"killed {ARGUMENTS.kill} times, {under_way} of them while the change was under way; "
              f"{sum(sent)} batches came meanwhile")
        if under_way == 0:
            sys.exit("change: it was through before it was killed; more --observations are wanted")
        # the same at once, on the copy
        shutil.rmtree(self.province.folder)
        os.rename(copy, self.province.folder)
        self.province.start()
        self.connect()
        for probe, path, n in zip(self.probes, self.files, sent):
            probe.say("push", 3600000, SPOOL, path, n)
        for probe, n in zip(self.probes, sent):
            probe.hear(rf"pushed .*upto={n} refused=0", 3600)
        self.close()
        self.province.process.stop()
        store_does("whole", self.store, other)
        if self.answers() != killed:
            sys.exit("change: figures are not those of the same import at once")
        print(f"{sum(map(len, killed.values())):,} figures are those of the same import at once; verify finds nothing")


def main():
    folder = tempfile.mkdtemp(prefix="lantoa-change-")
    bench = None
    try:
        bench = Bench(folder)
        bench.fill()
        bench.enrol()
        if ARGUMENTS.kill:
            bench.killed()
        else:
            bench.measure()
    finally:
        if bench:
            bench.close()
            if bench.province.process:
                bench.province.process.kill()
        shutil.rmtree(folder)


main()

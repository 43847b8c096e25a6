"""One hostile office beside three good ones: a fault costs only its own.

A province and three offices as real processes. The good offices record all the while, each its next
figure when the one before is acked; beside them somebody does what he can. `withstands()` runs the
attack until each good office had its share of acks beside it, then asserts that

* every figure of the good offices was acked, and counts once, with its newest value (by query), and
  `verify` finds nothing;
* the aggregator is the process that it was, and stops well, sanitizers included;
* its memory stayed under the bound that the case states;
* its status and its log say what the case wants them to say of the offender;
* the log did not grow by more lines than the case allows.

How long the good ones waited, and what memory was taken, is printed, a line for each case; none of it
is asserted by the clock, but a good office that has no ack within PATIENCE_S beside the attack was
stopped by it. Of what they wait, one second is their agent's: figures of one sitting go together.

To add a case: a method of a class that has Neighbours as its base (tests/system/test_neighbours.py):

    def test_what_it_does(self):
        hostile = self.hostile()              # an enrolled office; or invited(), stranger()
        self.withstands(lambda: hostile.flood("frame", "ff" * 64), memory_mib=80, log_lines=3,
                        status='"malformed": [1-9]', log="frame refused office=28004")

The attack is called again and again; one call should take half a second or less, so that it ends with
the case. What is done once comes before, or holds a flag. The orders of a hostile office are those of
tests/system/probe.c: flood() repeats any of them at full speed. Half handshakes and raw bytes: half(),
many(), raw(). The bounds of memory are those of the build with sanitizers, about twice the others.
"""

import contextlib
import ctypes
import datetime
import json
import os
import re
import resource
import socket
import subprocess
import threading
import time

import rig

GOOD, HOSTILE = rig.COMMUNES[:3], rig.COMMUNES[3]
FIRST_DAY = datetime.date(2022, 1, 1)
PATIENCE_S = 60.0   # for one ack beside the attack
SHARE = 2           # acks that each good office must get beside the attack
FLOOD_MS = 300      # of one call
GREETING = bytes([0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0]) + b"CURVE".ljust(52, b"\0")


def zstd(data, level=19):
    """@data as one zstd frame."""
    library = ctypes.CDLL("libzstd.so.1")
    for name in ("ZSTD_compressBound", "ZSTD_compress"):
        getattr(library, name).restype = ctypes.c_size_t
    room = library.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    out = ctypes.create_string_buffer(room)
    size = library.ZSTD_compress(out, ctypes.c_size_t(room), data, ctypes.c_size_t(len(data)),
                                 level)
    return out.raw[:size]


def percentile(values, hundredth):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * hundredth // 100)]


class GoodOffice(threading.Thread):
    """Records figure after figure, by the agent's socket as a program would, and remembers them."""

    def __init__(self, agent, nth):
        super().__init__(name=f"office {agent.code}")
        self.agent, self.nth = agent, nth
        self.socket = f"{agent.folder}/agent.sock"
        self.figures = {}  # day: the value that must count
        self.waits_ms = []
        self.failure = None
        self.done = threading.Event()

    def run(self):
        try:
            while not self.done.is_set():
                self.one()
        except Exception as failure:  # pylint: disable=broad-except  # told by withstands()
            self.failure = failure

    def one(self):
        """Each value is used once; every third corrects the one before."""
        n = len(self.waits_ms)
        day = (FIRST_DAY + datetime.timedelta(n - (n + 1) // 3)).isoformat()
        value = 1000 + 3 * n + self.nth
        before = self.spool()["acked"]
        started = time.monotonic()
        rig.http_call(self.socket, "POST", "/v1/observations", json.dumps(
            {"observations": [{"metric": "visits", "period": day, "value": value}]}),
            "application/json")
        self.figures[day] = value
        while not self.acked(before):
            if time.monotonic() - started > PATIENCE_S:
                raise AssertionError(f"{self.name}: its figure of {day} has no ack after "
                                     f"{PATIENCE_S} s: {self.spool()}")
            time.sleep(0.02)
        self.waits_ms.append(1000 * (time.monotonic() - started))

    def spool(self):
        return rig.http_call(self.socket, "GET", "/v1/status")["spool"]

    def acked(self, before):
        spool = self.spool()
        return (spool["acked"] > before and spool["unsealed"] == 0
                and spool["waiting_batches"] == 0)


class Hostile:
    """A probe that repeats itself."""

    def __init__(self, probe):
        self.probe = probe
        self.sent = 0

    def flood(self, *order, ms=FLOOD_MS, count=1 << 40):
        """@order as fast as it goes; a word "#" in it is the how-manieth. What came back, as a dict."""
        told = self.probe.ask("flood", ms, count, *order,
                              hear=r"flooded sent=(\d+) acks=(\d+) refused=(\d+) others=(\d+)")
        sent, acks, refused, others = (int(text) for text in told.groups())
        self.sent += sent
        return {"sent": sent, "acks": acks, "refused": refused, "others": others}


class Crowd:
    """A process of the probe that holds connections until it is let go."""

    def __init__(self, *args):
        self.child = subprocess.Popen([f"{rig.BUILD}/tests/probe", *args], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.told = self.child.stdout.readline().strip()

    def close(self):
        if self.child.poll() is None:
            self.child.communicate()
        self.child.stdin.close()
        self.child.stdout.close()


class Neighbours(rig.Rig):
    """See above."""

    FILES = 1024   # that each process may have open
    PRELOADED = ""  # a library in the aggregator's process, before all others

    def open_province(self):
        files = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.FILES, files[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, files)
        # What was freed stays counted as memory otherwise, up to 256 MiB of it
        self.province.environment = {
            "ASAN_OPTIONS": "quarantine_size_mb=4:verify_asan_link_order=0",
            "LD_PRELOAD": self.PRELOADED}
        super().open_province()
        self.good = [GoodOffice(self.agent(code).start(), nth) for nth, code in enumerate(GOOD)]
        self.hostiles, self.held = [], []
        self.addCleanup(self.let_go)

    def let_go(self):
        for good in self.good:
            good.done.set()
        for thing in self.held:
            thing.close()
        for good in self.good:
            if good.ident:
                good.join()

    # who is hostile

    def hostile(self):
        """An enrolled office with a key of its own."""
        return self.floods_by(self.enrolled_probe(HOSTILE))

    def invited(self):
        """Somebody with an invitation that was never used."""
        invitation = self.province.invite(HOSTILE)
        probe = self.probe(invitation.server_key, invitation.secret_key)
        probe.hear("connected")
        return self.floods_by(probe)

    def floods_by(self, probe):
        self.hostiles.append(Hostile(probe))
        return self.hostiles[-1]

    def server_key(self):
        """Everybody may know it: it stands in every invitation."""
        return self.province.invite(HOSTILE).server_key

    def half(self, count):
        """@count connections that say HELLO and no more, of nobody; held until the case ends."""
        return self.hold(Crowd("half", self.province.endpoint, self.server_key(), str(count)))

    def many(self, server_key, secret_key, count):
        """@count connections with one key; told: "many pongs=N"."""
        return self.hold(Crowd("many", self.province.endpoint, server_key, secret_key, str(count)))

    def endless(self, server_key, secret_key, first, part, mib):
        """How many of @mib MiB of one message without end were sent, in parts of @part bytes, before
        the province hung up. @first: "ping", to be known by then, or "-"."""
        told = subprocess.run([f"{rig.BUILD}/tests/probe", "endless", self.province.endpoint,
                               server_key, secret_key, first, str(part), str(mib)], check=True,
                              capture_output=True, text=True).stdout
        return int(re.fullmatch(r"endless mib=(\d+)\n", told).group(1))

    def raw(self, data, count=1, hosts=1):
        """@count TCP connections from so many addresses that greet as CURVE does, say @data and stay,
        if they may."""
        host, port = self.province.endpoint.removeprefix("tcp://").split(":")
        for nth in range(count):
            line = self.hold(socket.socket())
            line.settimeout(0.2)
            with contextlib.suppress(OSError):  # it was hung up on, or not even taken
                line.bind((f"127.0.0.{1 + nth % hosts}", 0))
                line.connect((host, int(port)))
                line.sendall(GREETING + data)

    def limit_files(self, more):
        """The aggregator may open so many more files than it has open."""
        pid = self.province.process.child.pid
        files = len(os.listdir(f"/proc/{pid}/fd")) + more
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, files))

    def hold(self, thing):
        self.held.append(thing)
        return thing

    def release(self):
        for thing in self.held:
            thing.close()
        self.held.clear()

    # what the good ones and the province say

    def memory_mib(self, what):
        """VmRSS or VmHWM of the aggregator."""
        with open(f"/proc/{self.province.process.child.pid}/status", encoding="ascii") as status:
            return int(re.search(rf"{what}:\s+(\d+) kB", status.read()).group(1)) / 1024

    def said(self):
        """All of status, as one line."""
        return json.dumps(self.province.status(), ensure_ascii=False)

    def everybody_gets(self, share, busy=lambda: time.sleep(0.01)):
        """@busy() until each good office has @share more figures acked."""
        from_n = [len(good.waits_ms) for good in self.good]
        while True:
            busy()
            if not self.province.process.alive():
                raise AssertionError(f"the province ended:\n{self.province.process.log()}")
            for good in self.good:
                if good.failure:
                    raise AssertionError(f"{good.name} was stopped") from good.failure
            if all(len(good.waits_ms) >= n + share for good, n in zip(self.good, from_n)):
                return [wait for good, n in zip(self.good, from_n) for wait in good.waits_ms[n:]]

    def withstands(self, attack, *, memory_mib, log_lines, status=None, log=None, seconds=1.0):
        """@attack again and again beside the good ones: for @seconds at least, and until each of them
        had its share and status says what it should. @status and @log are patterns that status (as
        JSON) and log must match after."""
        process = self.province.process
        for good in self.good:
            good.start()
        quiet = self.everybody_gets(1)
        memory_before = self.memory_mib("VmRSS")
        lines_before = process.log().count("\n")
        until = time.monotonic() + seconds
        beside = self.everybody_gets(SHARE, attack)
        while time.monotonic() < until or (
                status and not re.search(status, self.said()) and
                time.monotonic() < until + PATIENCE_S):  # a loaded machine takes longer to a limit
            beside += self.everybody_gets(1, attack)
        said = self.said()
        lines = process.log().count("\n") - lines_before
        peak = self.memory_mib("VmHWM")
        self.release()
        after = self.everybody_gets(1)
        sent = sum(hostile.sent for hostile in self.hostiles)
        print(f"\n{self.id().split('.')[-1]}: {sent} messages, {len(beside)} figures beside them, "
              "record to ack ms p50 "
              f"{percentile(beside, 50):.0f} p99 {percentile(beside, 99):.0f} (before "
              f"{percentile(quiet, 50):.0f}, after {percentile(after, 50):.0f}); MiB "
              f"{memory_before:.0f} before, {peak:.0f} peak, {self.memory_mib('VmRSS'):.0f} after; "
              f"{lines} lines of log", flush=True)
        self.assertTrue(sent or not self.hostiles, "nothing was sent")
        self.assert_good_ones_whole()
        self.assertLess(peak, memory_mib, "the aggregator's memory")
        self.assertLessEqual(lines, log_lines, f"lines of log:\n{process.log()}")
        if status:
            self.assertRegex(said, status)
        if log:
            self.assert_logged(log)
        self.assertIs(self.province.process, process)
        self.assert_whole()

    def assert_good_ones_whole(self):
        """Every figure of the good offices counts, once."""
        for good in self.good:
            good.done.set()
        for good in self.good:
            good.join()
            self.assertIsNone(good.failure)
            days = sorted(good.figures)
            rows = self.province.query("visits", area=good.agent.code, per="day",
                                       **{"from": days[0], "to": days[-1]})
            self.assertEqual({row["period"]: int(row["value"]) for row in rows}, good.figures)

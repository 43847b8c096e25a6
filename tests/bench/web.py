#!/usr/bin/env python3
"""What lantoa-web costs, and what its clients cost the province.

    tests/bench/web.py [BUILD] [--connections N] [--seconds S] [--only PART] [--plain] [--ahead]     (build/release, 1000, 5)

One real aggregator with the four offices of the tests, one lantoa-web before it, on loopback with TLS; needs root, because
lantoa-web runs as another user. Told are
- TLS handshakes a second, one after the other, and what one costs lantoa-web;
- answers a second to GET /api/v1/whoami (no question to the store) and GET /api/v1/units, from --clients processes that
  each keep a connection, and how long one takes, p50 and p99, alone and among all of them;
- views of the province's page, of a province like the demo's (176 offices, none of them heard): how many bytes they are, as they are
  and as gzip, and what one costs lantoa-web; how many a second of the first, p50 and p99, whole and unchanged (304);
- memory (RSS) for each 1,000 connections that were asked something once and rest;
- how long an ack takes, p50 and p99, of four offices that send a batch each 20 ms: as tests/system/probe.c sees it, from when the
  batch was due, and as the province counts (lantoa_ack_delay_seconds). Three times by turns: alone, while --connections slow
  readers come, and beside them. Each reader asks for an answer of 2.5 MB and takes 4 KiB of it a second.
--only handshakes, answers, views, memory or acks is that part alone. --plain: on a unix socket, without TLS. --ahead: the aggregator and
the offices go before all else on the machine (nice -15), so that others' work counts less.
It stops by itself. Exit status 1 when something is not answered; never for how long it takes.
"""

import argparse
import datetime
import heapq
import http.client
import itertools
import multiprocessing
import os
import re
import resource
import socket
import ssl
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../support")

parser = argparse.ArgumentParser()
parser.add_argument("build", nargs="?", default="build/release")
parser.add_argument("--connections", type=int, default=1000)
parser.add_argument("--clients", type=int, default=4)
parser.add_argument("--seconds", type=float, default=5)
parser.add_argument("--plain", action="store_true")
parser.add_argument("--ahead", action="store_true")
parser.add_argument("--only", choices=("handshakes", "answers", "views", "memory", "acks"))
ARGUMENTS = parser.parse_args()
sys.argv = [sys.argv[0], ARGUMENTS.build]
import payloads  # noqa: E402
import rig  # noqa: E402 (it takes the build folder from sys.argv)
import web  # noqa: E402

UNITS = (rig.UNITS + "".join(f"{n},N{n},commune,815,1976-01-01,\n" for n in range(100000, 120000))).encode()
FREE = "connections = 4096\naddress_connections = 0\nrequests = 100000\nat_once = 16384\nidle_s = 3600\nbytes = 1024G\n"
EACH_MS = 20  # from one batch of an office to its next, of four
PAIRS = 3     # alone, and beside slow readers


def quantiles(times):
    times = sorted(times)
    return f"p50 {times[len(times) // 2] * 1000:.2f} ms, p99 {times[int(len(times) * 0.99)] * 1000:.2f} ms"


def cpu_s(process):
    with open(f"/proc/{process.child.pid}/stat", encoding="ascii") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


class Bench(web.WebRig):
    tls = not ARGUMENTS.plain

    def runTest(self):
        self.web.process.stop()
        self.web.write_conf(limits=FREE)
        self.web.start()
        parts = {"handshakes": self.handshakes, "answers": self.answers, "views": self.views, "memory": self.memory, "acks": self.acks}
        for name, part in parts.items():
            if ARGUMENTS.only in (None, name) and (self.tls or name != "handshakes"):
                part()
        print(f"the machine's load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        self.assert_well()

    def headers(self):
        return {"Host": self.web.host, "Authorization": f"Bearer {self.tokens['viewer']}"}

    def handshakes(self):
        context = ssl.create_default_context(cafile=self.web.chain)
        before, times, until = cpu_s(self.web.process), [], time.monotonic() + ARGUMENTS.seconds
        while (began := time.monotonic()) < until:
            self.web.socket(context).close()
            times.append(time.monotonic() - began)
        print(f"TLS handshakes, one after the other: {len(times) / ARGUMENTS.seconds:.0f} a second, {quantiles(times)}, "
              f"{(cpu_s(self.web.process) - before) / len(times) * 1000:.2f} ms of CPU each", flush=True)

    def client(self, path, results, status=200, **more):
        connection, times = self.web.connection(), []
        until = time.monotonic() + ARGUMENTS.seconds
        while (began := time.monotonic()) < until:
            connection.request("GET", path, headers={**self.headers(), **more})
            answer = web.Answer(connection.getresponse())
            if answer.status != status:
                raise AssertionError(answer)
            times.append(time.monotonic() - began)
        results.put(times)

    def answers(self):
        for path, n in itertools.product(("/api/v1/whoami", "/api/v1/units"), (1, ARGUMENTS.clients)):
            self.answered(path, n)

    def answered(self, path, n, status=200, **more):
        results = multiprocessing.Queue()
        clients = [multiprocessing.Process(target=self.client, args=(path, results, status), kwargs=more) for _ in range(n)]
        for one in clients:
            one.start()
        times = sum((results.get(timeout=60) for _ in clients), [])
        for one in clients:
            one.join()
        print(f"GET {path}, {n} clients: {len(times) / ARGUMENTS.seconds:.0f} answers of {status} a second, {quantiles(times)}",
              flush=True)

    def views(self):
        data = f"{HERE}/../../aggregator/data/tien-giang"
        for name in ("units", "successors", "catalogue", "indicators", "dimensions"):
            with open(f"{data}/{name}.csv", "rb") as file:
                self.province.call("PUT", f"/v1/{name}?yes=1", file.read(), "text/csv")
        made = os.path.join(self.folder, "made")
        os.makedirs(made)
        self.assertEqual(rig.run([sys.executable, f"{HERE}/../support/made_up.py", f"{data}/units.csv", made]).code, 0)
        done = self.lantoa("office", "import", f"{made}/offices.csv")
        self.assertEqual(done.code, 0, done)
        for period, digital, whole in (("2021", 8619, 100314), ("2022", 9711, 106800), ("2025", 14110, 121150)):
            done = self.lantoa("record", "--office", "82", f"economy.digital_value_added={digital}", f"economy.grdp={whole}",
                               "--period", period)
            self.assertEqual(done.code, 0, done)
        with open(f"{data}/tilegrid.csv", "rb") as file:
            self.province.call("PUT", "/v1/maps", file.read(), "text/csv")
        for path in ("/", "/offices", "/?wall=1", "/figure?name=team.count&structure=2025-06-30&period=2025-06", "/page.css"):
            began = time.monotonic()
            first = self.web.ask("GET", path, self.tokens["viewer"], accept="text/html")
            self.assertEqual(first.status, 200, first)
            took = time.monotonic() - began
            packed = self.web.ask("GET", path, self.tokens["viewer"], accept="text/html", accept_encoding="gzip")
            print(f"GET {path}: {len(first.body) / 1000:.1f} kB, {len(packed.body) / 1000:.1f} kB as gzip; "
                  f"the first time in {took * 1000:.0f} ms with its handshake", flush=True)
            self.cost(path)
            self.cost(path, accept_encoding="gzip")
        for n in (1, ARGUMENTS.clients):
            tag = self.web.ask("GET", "/", self.tokens["viewer"], accept="text/html").headers["ETag"]
            self.answered("/", n)
            self.answered("/", n, 304, **{"If-None-Match": tag})

    def cost(self, path, n=50, **headers):
        """What one answer costs lantoa-web alone, which counts on a busy machine, too."""
        connection = self.web.connection()
        before = cpu_s(self.web.process)
        for _ in range(n):
            connection.request("GET", path, headers={**self.headers(), "Accept": "text/html",
                                                     **{name.replace("_", "-"): value for name, value in headers.items()}})
            self.assertEqual(web.Answer(connection.getresponse()).status, 200)
        print(f"  {'packed' if headers else 'as it is'}: {(cpu_s(self.web.process) - before) / n * 1000:.1f} ms of lantoa-web's CPU",
              flush=True)
        connection.close()

    def memory(self):
        before, doors = self.web.memory_kib(), []
        for _ in range(ARGUMENTS.connections):
            connection = self.web.connection()
            connection.request("GET", "/healthz", headers={"Host": self.web.host})
            self.assertEqual(web.Answer(connection.getresponse()).status, 200)
            doors.append(connection)
        grown = self.web.memory_kib() - before
        print(f"{len(doors)} connections over TLS: {grown / 1024:.1f} MiB, {grown / len(doors):.1f} KiB each; "
              f"{before / 1024:.1f} MiB before", flush=True)
        for connection in doors:
            connection.close()

    # --- acks beside slow readers ---

    def acks(self):
        if ARGUMENTS.ahead:  # nice is of a thread
            for thread in os.listdir(f"/proc/{self.province.process.child.pid}/task"):
                os.setpriority(os.PRIO_PROCESS, int(thread), -15)
        self.province.call("PUT", "/v1/units", UNITS, "text/csv")
        rig.wait_for(lambda: len(self.province.get("/v1/units")["rows"]) > 20000, "the units")
        first, today = (date.toordinal() - datetime.date(1970, 1, 1).toordinal()
                        for date in (datetime.date(2020, 1, 1), datetime.date.today()))
        desks = [("visits", f"desk={desk}", "day") for desk in "abcdef"]  # each figure is a new one: nothing is corrected
        made = [payloads.payload(day, [(nth, [(0, day)])], declared=desks if (nth, day) == (0, first) else [])
                for nth in range(len(desks)) for day in range(first, today)]
        path, probes = payloads.write(os.path.join(self.folder, "batches"), made), []
        for nth, code in enumerate(self.offices):
            probe = self.enrolled_probe(code)
            probe.ask("hello", 7 + nth, 0, hear="welcome")
            if ARGUMENTS.ahead:
                os.setpriority(os.PRIO_PROCESS, probe.process.child.pid, -15)
            probe.say("pace", 600000, EACH_MS, 7 + nth, path)
            probes.append(probe)
        marks = []
        for _ in range(PAIRS):
            marks.append(("alone", *self.watched(lambda: time.sleep(2 * ARGUMENTS.seconds))))
            readers = Readers(self.web, self.tokens["viewer"])
            marks.append((f"while {ARGUMENTS.connections} slow readers come", *self.watched(readers.start)))
            marks.append((f"beside {ARGUMENTS.connections} slow readers",
                          *self.watched(lambda: time.sleep(2 * ARGUMENTS.seconds))))
            print(f"slow readers: {readers.stop()}; lantoa-web {self.web.memory_kib() / 1024:.0f} MiB, aggregator "
                  f"{self.province_kib() / 1024:.0f} MiB", flush=True)
            time.sleep(3)
        took = []
        for probe in probes:
            probe.say("rest")
            self.assertGreater(int(probe.hear(r"paced upto=(\d+) refused=0", 60).group(1)), 0)
            with open(probe.out, encoding="utf-8") as out:
                took += [(int(at) / 1e6, int(us) / 1e6) for at, us in re.findall(r"took at_us=(\d+) us=(\d+)", out.read())]
        for what, since, until, by_province, cpu in marks:
            print(f"acks, {what}: {quantiles([s for at, s in took if since <= at < until])} as offices see it; "
                  f"{by_province} as the province counts; {cpu}", flush=True)
        for what in dict.fromkeys(mark[0] for mark in marks):
            print(f"acks, all {what}: " + quantiles([s for at, s in took for mark in marks if mark[0] == what
                                                     and mark[1] <= at < mark[2]]), flush=True)

    def watched(self, todo):
        """What todo() is: from when until when by the probes' clock, the province's own histogram, and whose CPU it took."""
        before, since, cpu = self.histogram(), boot_s(), (cpu_s(self.province.process), cpu_s(self.web.process))
        todo()
        until, after = boot_s(), self.histogram()
        shares = [(cpu_s(one) - was) / (until - since) * 100
                  for one, was in zip((self.province.process, self.web.process), cpu)]
        counts = [(bound, after[bound] - before[bound]) for bound in after]
        return (since, until, f"p50 {at_most(counts, 0.5)}, p99 {at_most(counts, 0.99)} of {counts[-1][1]:.0f}",
                f"CPU: aggregator {shares[0]:.0f} %, lantoa-web {shares[1]:.0f} %")

    def histogram(self):
        """Bound -> how many acks took no longer, from the aggregator itself."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.province.socket)
        connection.request("GET", "/v1/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return {float(bound): float(n) for bound, n in
                re.findall(r'^lantoa_ack_delay_seconds_bucket\{le="([^"]+)"\} (\S+)', text, re.MULTILINE)}

    def province_kib(self):
        with open(f"/proc/{self.province.process.child.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


def boot_s():
    """The clock of tests/system/probe.c."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def at_most(counts, part):
    """The bound that so many of a histogram's do not exceed."""
    bound = next(bound for bound, n in counts if n >= part * counts[-1][1])
    return f"at most {bound * 1000:g} ms"


class Readers:
    """A process with many connections, each of which asks for 2.5 MB and takes 4 KiB of it a second; who is refused asks
    again when it was told to, and who is cut off comes back after a second."""

    def __init__(self, door, token):
        self.door = door
        self.request = (f"GET /api/v1/units HTTP/1.1\r\nHost: {door.host}\r\nAuthorization: Bearer {token}\r\n\r\n").encode()
        self.ending, self.all_there = multiprocessing.Event(), multiprocessing.Event()
        self.told = multiprocessing.Queue()
        self.context = ssl.create_default_context(cafile=door.chain) if door.tls else None
        self.process = multiprocessing.Process(target=self.run, daemon=True)

    def start(self):
        self.process.start()
        if not self.all_there.wait(120):
            raise AssertionError("the slow readers did not all come in within 2 minutes")

    def stop(self):
        self.ending.set()
        told = self.told.get(timeout=60)
        self.process.join(60)
        if told["answered"] == 0:
            raise AssertionError(f"no slow reader had anything to read: {told}")
        return ", ".join(f"{n} {what}" for what, n in told.items())

    def come(self):
        if self.door.tls:
            plain = socket.socket()
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.settimeout(rig.PATIENCE_S)
            plain.connect(("127.0.0.1", self.door.port))
            door = self.door.wrap(plain, self.context)
        else:
            door = self.door.socket()
        door.setblocking(False)
        return door

    def run(self):
        told = {"answered": 0, "refused": 0, "cut off": 0, "MB read": 0}
        turns, n = [], 0  # when, whose, what is to be done with it
        while not self.ending.is_set():
            now = time.monotonic()
            if n < ARGUMENTS.connections:
                n += 1
                heapq.heappush(turns, (now, n, None))
            else:
                self.all_there.set()
                time.sleep(max(0, min(0.1, turns[0][0] - now)))
            while turns and turns[0][0] <= time.monotonic():
                _, who, door = heapq.heappop(turns)
                wait_s, door = self.turn(door, told)
                heapq.heappush(turns, (time.monotonic() + wait_s, who, door))
        told["MB read"] = round(told["MB read"] / 1e6, 1)
        self.told.put(told)

    def turn(self, door, told):
        """Its next step; (seconds until the one after, the connection)."""
        try:
            if door is None:
                door = self.come()
                door.send(self.request)
                return 1, door
            data = door.recv(4096)
            told["MB read"] += len(data)
            if not data:
                raise ConnectionResetError
            if data.startswith(b"HTTP/1.1 200"):
                told["answered"] += 1
            elif data.startswith(b"HTTP/1.1 "):
                told["refused"] += 1
                wait = re.search(rb"Retry-After: (\d+)", data)
                door.close()
                return int(wait.group(1)) if wait else 5, None
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except OSError:
            told["cut off"] += 1
            if door is not None:
                door.close()
            return 1, None
        return 1, door


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if os.geteuid() != 0:
        sys.exit("needs root, to run lantoa-web as another user")
    import unittest
    ran = unittest.TextTestRunner(verbosity=0).run(Bench())
    sys.exit(0 if ran.wasSuccessful() else 1)

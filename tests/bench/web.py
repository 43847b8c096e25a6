#!/usr/bin/env python3
"""What lantoa-web costs, and what its clients cost the province.

    tests/bench/web.py [BUILD] [--connections N] [--seconds S]     (build/release, 1000, 5)

One real aggregator with the four offices of the tests, one lantoa-web before it, on loopback with TLS; needs root, because
lantoa-web runs as another user. Told are
- TLS handshakes a second, one after the other, and what one costs lantoa-web;
- answers a second to GET /api/v1/whoami (no question to the store) and GET /api/v1/units, from --clients processes that
  each keep a connection, and how long one takes, p50 and p99, alone and among all of them;
- memory (RSS) for each 1,000 connections that were asked something once and rest;
- how long an ack takes, p50 and p99, as an office sees it: alone, and while --connections slow readers each ask for an
  answer of 2.5 MB and take none of it.
It stops by itself. Exit status 1 when something is not answered; never for how long it takes.
"""

import argparse
import http.client
import multiprocessing
import os
import resource
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
ARGUMENTS = parser.parse_args()
sys.argv = [sys.argv[0], ARGUMENTS.build]
import rig  # noqa: E402 (it takes the build folder from sys.argv)
import web  # noqa: E402

UNITS = (rig.UNITS + "".join(f"{n},N{n},commune,815,1976-01-01,\n" for n in range(100000, 120000))).encode()
FREE = "connections = 4096\naddress_connections = 0\nrequests = 100000\nat_once = 16384\nidle_s = 3600\nbytes = 1024G\n"


def quantiles(times):
    times = sorted(times)
    return f"p50 {times[len(times) // 2] * 1000:.2f} ms, p99 {times[int(len(times) * 0.99)] * 1000:.2f} ms"


class Bench(web.WebRig):
    def runTest(self):
        self.web.process.stop()
        self.web.write_conf(limits=FREE)
        self.web.start()
        self.handshakes()
        self.answers("/api/v1/whoami")
        self.answers("/api/v1/units")
        self.memory()
        self.acks()
        self.assert_well()

    def headers(self):
        return {"Host": self.web.host, "Authorization": f"Bearer {self.tokens['viewer']}"}

    def cpu_s(self):
        with open(f"/proc/{self.web.process.child.pid}/stat", encoding="ascii") as stat:
            return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def handshakes(self):
        context = ssl.create_default_context(cafile=self.web.chain)
        before, times, until = self.cpu_s(), [], time.monotonic() + ARGUMENTS.seconds
        while (began := time.monotonic()) < until:
            self.web.socket(context).close()
            times.append(time.monotonic() - began)
        print(f"TLS handshakes, one after the other: {len(times) / ARGUMENTS.seconds:.0f} a second, {quantiles(times)}, "
              f"{(self.cpu_s() - before) / len(times) * 1000:.2f} ms of CPU each", flush=True)

    def client(self, path, results):
        connection, times = self.web.connection(), []
        until = time.monotonic() + ARGUMENTS.seconds
        while (began := time.monotonic()) < until:
            connection.request("GET", path, headers=self.headers())
            answer = web.Answer(connection.getresponse())
            if answer.status != 200:
                raise AssertionError(answer)
            times.append(time.monotonic() - began)
        results.put(times)

    def answers(self, path):
        for n in (1, ARGUMENTS.clients):
            results = multiprocessing.Queue()
            clients = [multiprocessing.Process(target=self.client, args=(path, results)) for _ in range(n)]
            for one in clients:
                one.start()
            times = sum((results.get(timeout=60) for _ in clients), [])
            for one in clients:
                one.join()
            print(f"GET {path}, {n} clients: {len(times) / ARGUMENTS.seconds:.0f} answers a second, {quantiles(times)}",
                  flush=True)

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

    def acks(self):
        self.province.call("PUT", "/v1/units", UNITS, "text/csv")
        rig.wait_for(lambda: len(self.province.get("/v1/units")["rows"]) > 20000, "the units")
        probe = self.enrolled_probe("28001")
        probe.ask("hello", 7, 0, hear="welcome")
        n = 0

        def some():
            nonlocal n
            times, until = [], time.monotonic() + 2 * ARGUMENTS.seconds
            while time.monotonic() < until:
                n += 1
                began = time.monotonic()
                probe.ask("batch", 7, n, "2025-06-10", 0, "visits" if n == 1 else "-", "desk=a", "day", 0, f"0:{n}",
                          hear=f"ack .*upto={n} ")
                times.append(time.monotonic() - began)
            return f"{quantiles(times)} of {len(times)}"

        print(f"acks, alone: {some()}", flush=True)
        doors = []
        for _ in range(ARGUMENTS.connections):
            door = self.web.socket()
            door.sendall(f"GET /api/v1/units HTTP/1.1\r\nHost: {self.web.host}\r\nAuthorization: Bearer "
                         f"{self.tokens['viewer']}\r\n\r\n".encode())
            doors.append(door)
        print(f"acks, beside {len(doors)} slow readers: {some()}; lantoa-web {self.web.memory_kib() / 1024:.0f} MiB",
              flush=True)
        for door in doors:
            door.close()


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if os.geteuid() != 0:
        sys.exit("needs root, to run lantoa-web as another user")
    import unittest
    ran = unittest.TextTestRunner(verbosity=0).run(Bench())
    sys.exit(0 if ran.wasSuccessful() else 1)

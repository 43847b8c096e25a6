#!/usr/bin/env python3
"""What an office's agent costs, beside collectd and zabbix-agent doing a comparable job.

    tests/bench/agent_cost.py [BUILD] [--rest SECONDS] [--minutes N] [--minute SECONDS]

One real agent, enrolled with a real province behind a proxy on loopback that counts bytes, at rest
and with ten per-minute series that are handed in through its API. Time is compressed: a minute
lasts --minute seconds, and so does the push interval. What a day costs is extrapolated: the rest's
share, and 1440 times what one such minute costs beyond it. The others, where they are installed,
sample ten values a minute and send them to this process over loopback; they keep nothing on disk.

Memory is that of /proc (smaps_rollup, summed over a program's processes), CPU the scheduler's
nanoseconds of all threads, writes what the program caused to be written to the storage layer, syncs
counted by strace in a run of their own. Exit status 1 when a figure does not arrive; never for what
something costs.
"""

import argparse
import contextlib
import glob
import json
import os
import re
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../support")
DATA = f"{HERE}/../../aggregator/data/tien-giang"
DAY_S, DAY_MINUTES, SERIES = 86400, 1440, 10
METRIC = "bench.minute,Thử,Bench,unit,flow,sum,sum,minute,slot,0,0,commune,1,0,"
DAY_BEGIN_S = 1751216400  # 2025-06-30 in Asia/Ho_Chi_Minh


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", nargs="?", default="build/release")
    parser.add_argument("--rest", type=float, default=60, help="seconds of rest to watch")
    parser.add_argument("--minutes", type=int, default=10, help="compressed minutes to watch")
    parser.add_argument("--minute", type=float, default=6, help="seconds that one lasts")
    return parser.parse_args()


ARGUMENTS = arguments()
sys.argv = [sys.argv[0], ARGUMENTS.build]
import rig  # noqa: E402 (it takes the build folder from sys.argv)


# --- what a program has taken ---

def read(path):
    with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
        return file.read()
    return ""


def family(pid):
    """The process and those it began."""
    pids = [pid]
    for task in glob.glob(f"/proc/{pid}/task/*/children"):
        for child in read(task).split():
            pids += family(int(child))
    return pids


class Taken:
    """Counters at one moment, summed over a family."""

    def __init__(self, pid):
        self.at_s = time.monotonic()
        self.cpu_ns = self.written = 0
        self.memory = {"Private_Dirty": 0, "Rss": 0, "Pss": 0}
        for member in family(pid):
            for task in glob.glob(f"/proc/{member}/task/*/schedstat"):
                self.cpu_ns += int((read(task) or "0").split()[0])
            found = re.search(r"^write_bytes: (\d+)", read(f"/proc/{member}/io"), re.M)
            self.written += int(found.group(1)) if found else 0
            for kind, kib in re.findall(r"^(\w+): +(\d+) kB", read(f"/proc/{member}/smaps_rollup"),
                                        re.M):
                if kind in self.memory:
                    self.memory[kind] += int(kib)


class Window:
    """What was taken between two moments, with the bytes on the wire where they are counted."""

    def __init__(self, pid, wire):
        self.pid, self.wire = pid, wire
        self.before, self.sent_before = Taken(pid), wire.sent

    def close(self):
        after = Taken(self.pid)
        self.s = after.at_s - self.before.at_s
        self.cpu_ns = after.cpu_ns - self.before.cpu_ns
        self.written = after.written - self.before.written
        self.sent = self.wire.sent - self.sent_before
        self.memory = after.memory
        return self


def per_day(rest, busy, minutes, field):
    """Of a day of minutes like the @minutes in @busy."""
    at_rest = getattr(rest, field) / rest.s
    return DAY_S * at_rest + DAY_MINUTES * max(0, getattr(busy, field) - at_rest * busy.s) / minutes


def count_syncs(pid, minutes, work):
    """fsync and fdatasync calls in a run of @work; None without strace, or when it may not."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile("r") as out:
        tracer = subprocess.Popen(["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o",
                                   out.name, "-p", str(pid)], stderr=subprocess.DEVNULL)
        time.sleep(1)
        if tracer.poll() is not None:
            return None
        work()
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        calls = re.findall(r"(\d+) +(?:\d+ +)?(?:fsync|fdatasync)$", out.read(), re.M)
    return DAY_MINUTES * sum(int(n) for n in calls) / minutes


# --- the wire ---

class Proxy:
    """TCP to one port, both ways, counted: what the other end sent, and what came back."""

    def __init__(self, port):
        self.sent = self.received = 0
        self.to = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            near, _ = self.listener.accept()
            with contextlib.suppress(OSError):
                far = socket.create_connection(("127.0.0.1", self.to))
                threading.Thread(target=self.pump, args=(near, far), daemon=True).start()

    def pump(self, near, far):
        selector = selectors.DefaultSelector()
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        with contextlib.suppress(OSError):
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        raise OSError
                    key.data.sendall(data)
                    if key.fileobj is near:
                        self.sent += len(data)
                    else:
                        self.received += len(data)
        near.close()
        far.close()


class UdpSink:
    """collectd's server."""

    def __init__(self):
        self.sent = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            self.sent += len(self.socket.recv(65536))


class ZabbixServer:
    """As much of a Zabbix server as an active agent needs: ten items, and thanks for values."""

    KEYS = ["system.uptime", "vm.memory.size[free]", "system.cpu.load", "vfs.fs.size[/,free]",
            "proc.num", "system.users.num", "system.swap.size[,free]", "kernel.maxfiles",
            "kernel.maxproc", "net.if.in[lo]"]

    def __init__(self, delay_s):
        self.sent = self.values = 0
        self.items = [{"key": key, "itemid": n, "delay": delay_s, "lastlogsize": 0, "mtime": 0}
                      for n, key in enumerate(self.KEYS, 1)]
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            line, _ = self.listener.accept()
            with contextlib.suppress(OSError, ValueError), line:
                self.answer(line)

    def answer(self, line):
        head = line.recv(13, socket.MSG_WAITALL)
        body = line.recv(struct.unpack("<Q", head[5:])[0], socket.MSG_WAITALL)
        self.sent += len(head) + len(body)
        question = json.loads(body)
        answer = {"response": "success"}
        if question["request"] == "active checks":
            answer["data"] = self.items
        else:
            self.values += len(question.get("data", []))
        text = json.dumps(answer).encode()
        line.sendall(b"ZBXD\1" + struct.pack("<Q", len(text)) + text)


# --- the three of them ---

class Office:
    """The agent, as its unit runs it: with a watchdog."""

    name = "lantoa-agent"

    def __init__(self, folder):
        self.folder, self.minute = folder, 0
        self.province = rig.Province(folder).start()
        with open(f"{DATA}/units.csv", encoding="utf-8") as units:
            self.province.put_csv("/v1/units", units.read())
        with open(f"{DATA}/catalogue.csv", encoding="utf-8") as catalogue:
            text = catalogue.read()
        columns = len(text.split("\n", 1)[0].split(","))
        row = METRIC + "," * (columns - 1 - METRIC.count(","))
        self.province.put_csv("/v1/catalogue", f"{text.rstrip()}\n{row}\n")
        self.province.post("/v1/offices", code="bench", name="Bench", unit="28249",
                           **{"from": "2020-01-01"})
        self.wire = Proxy(int(self.province.endpoint.rsplit(":", 1)[1]))
        self.agent = rig.Agent(self, "bench")
        with open(self.agent.conf, "w", encoding="utf-8") as conf:
            conf.write(f"[agent]\nstate_dir = {self.agent.folder}\n"
                       f"api_socket = {self.agent.folder}/agent.sock\n"
                       "[page]\nlisten = 127.0.0.1:0\n"
                       f"[uplink]\npush_interval = {max(1, round(ARGUMENTS.minute))}s\n")
        line = self.province.invite("bench").line
        line = re.sub(r"://[^/]+/", f"://127.0.0.1:{self.wire.port}/", line)
        outcome = self.agent.command("enrol", line)
        if outcome.code != 0:
            raise SystemExit(f"{outcome}")
        os.environ["WATCHDOG_USEC"] = str(int(min(60, ARGUMENTS.rest / 2) * 1000000))
        self.agent.start()
        del os.environ["WATCHDOG_USEC"]
        self.pid = self.agent.process.child.pid
        self.work()
        self.settle()

    def settle(self):
        """All sent and acked, and the beat of the watchdog after it."""
        rig.wait_for(lambda: int(self.province.value("bench.minute", area="28249", per="day",
                                                     **{"from": "2025-06-30", "to": "2025-06-30"})
                                 or 0) == self.minute * SERIES, "the figures", 60)
        time.sleep(min(35, ARGUMENTS.rest / 4 + 1))

    def work(self):
        """One minute's figures."""
        at = time.gmtime(DAY_BEGIN_S + 7 * 3600 + self.minute * 60)
        period = time.strftime("%Y-%m-%dT%H:%M", at)
        rig.http_call(f"{self.agent.folder}/agent.sock", "POST", "/v1/observations",
                      json.dumps({"observations": [
                          {"metric": "bench.minute", "value": "1", "period": period,
                           "labels": {"slot": f"s{n}"}} for n in range(SERIES)]}),
                      "application/json")
        self.minute += 1

    def work_through(self):
        for _ in range(ARGUMENTS.minutes):
            self.work()
            time.sleep(ARGUMENTS.minute)

    def end(self):
        self.agent.process.stop()
        self.province.process.stop()


class Other:
    """A program that samples by itself, at rest by an interval of an hour."""

    def __init__(self, folder, command, wire, busy):
        self.wire = wire
        with open(f"{folder}/{self.name}{busy}.log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        self.pid = self.process.pid
        time.sleep(min(15, ARGUMENTS.rest / 2))  # its first values are no rest
        if self.process.poll() is not None:
            raise SystemExit(f"{self.name} ended: " + read(f"{folder}/{self.name}{busy}.log"))

    def work_through(self):
        time.sleep(ARGUMENTS.minute * ARGUMENTS.minutes)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Collectd(Other):
    name, program = "collectd", "/usr/sbin/collectd"
    PLUGINS = ["load", "memory", "uptime", "users", "processes", "swap", "df", "interface", "disk",
               "entropy"]

    def __init__(self, folder, interval_s, busy):
        wire, conf = UdpSink(), f"{folder}/collectd.conf"
        with open(conf, "w", encoding="utf-8") as file:
            file.write(f'BaseDir "{folder}"\nPIDFile "{folder}/collectd.pid"\nHostname "bench"\n'
                       f"Interval {interval_s}\n"
                       + "".join(f"LoadPlugin {plugin}\n" for plugin in self.PLUGINS)
                       + f'LoadPlugin network\n<Plugin network>\nServer "127.0.0.1" "{wire.port}"\n'
                       "</Plugin>\n")
        super().__init__(folder, [self.program, "-f", "-C", conf], wire, busy)


class Zabbix(Other):
    name, program = "zabbix-agent", "/usr/sbin/zabbix_agentd"

    def __init__(self, folder, interval_s, busy):
        wire, conf = ZabbixServer(max(1, round(interval_s))), f"{folder}/zabbix.conf"
        with open(conf, "w", encoding="utf-8") as file:
            file.write(f"LogType=console\nPidFile={folder}/zabbix.pid\nHostname=bench\n"
                       f"StartAgents=0\nServerActive=127.0.0.1:{wire.port}\nAllowRoot=1\n"
                       "RefreshActiveChecks=3600\n")
        super().__init__(folder, [self.program, "-f", "-c", conf], wire, busy)


# --- telling ---

ROWS = [("private dirty memory, MiB", lambda r: f"{r['memory']['Private_Dirty'] / 1024:.2f}"),
        ("RSS, MiB", lambda r: f"{r['memory']['Rss'] / 1024:.1f}"),
        ("Pss, MiB", lambda r: f"{r['memory']['Pss'] / 1024:.2f}"),
        ("CPU, s a day", lambda r: f"{r['cpu_ns'] / 1e9:.2f}"),
        ("written to disk, MiB a day", lambda r: f"{r['written'] / (1 << 20):.2f}"),
        ("syncs a day", lambda r: "-" if r["syncs"] is None else f"{r['syncs']:.0f}"),
        ("sent, KiB a day", lambda r: f"{r['sent'] / 1024:.0f}")]


def days(rest, busy, syncs):
    """The two columns of a program."""
    at_rest = {field: DAY_S * getattr(rest, field) / rest.s
               for field in ("cpu_ns", "written", "sent")}
    with_ten = {field: per_day(rest, busy, ARGUMENTS.minutes, field)
                for field in ("cpu_ns", "written", "sent")}
    return [{**at_rest, "memory": rest.memory, "syncs": 0 if rest.written == 0 else None},
            {**with_ten, "memory": busy.memory, "syncs": syncs}]


def watch(pid, wire, work):
    window = Window(pid, wire)
    work()
    return window.close()


def measure_office(folder):
    office = Office(folder)
    rest = watch(office.pid, office.wire, lambda: time.sleep(ARGUMENTS.rest))
    busy = watch(office.pid, office.wire, office.work_through)
    office.settle()
    syncs = count_syncs(office.pid, ARGUMENTS.minutes, office.work_through)
    office.settle()
    office.end()
    return days(rest, busy, syncs)


def measure_other(kind, folder):
    quiet = kind(folder, 3600, "")
    rest = watch(quiet.pid, quiet.wire, lambda: time.sleep(ARGUMENTS.rest))
    quiet.end()
    loud = kind(folder, ARGUMENTS.minute, ".busy")
    busy = watch(loud.pid, loud.wire, loud.work_through)
    syncs = count_syncs(loud.pid, ARGUMENTS.minutes, loud.work_through)
    loud.end()
    return days(rest, busy, syncs)


def main():
    folder = tempfile.mkdtemp(prefix="lantoa-cost-", dir="/var/tmp")  # /tmp may be memory
    columns = {}
    try:
        columns[Office.name] = measure_office(folder)
        for kind in (Collectd, Zabbix):
            if os.path.exists(kind.program):
                columns[kind.name] = measure_other(kind, folder)
            else:
                print(f"{kind.name}: not measured: not installed")
    finally:
        shutil.rmtree(folder)
    print(f"days are extrapolated from {ARGUMENTS.rest:.0f} s of rest and {ARGUMENTS.minutes} "
          f"minutes of {ARGUMENTS.minute:.0f} s each\n")
    print(f"{'':28}" + "".join(f"{name:>26}" for name in columns))
    print(f"{'':28}" + f"{'at rest':>13}{'10 a minute':>13}" * len(columns))
    for label, show in ROWS:
        print(f"{label:28}" + "".join(f"{show(column):>13}" for pair in columns.values()
                                      for column in pair))


if __name__ == "__main__":
    main()

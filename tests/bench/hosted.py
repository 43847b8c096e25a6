#!/usr/bin/env python3
"""What the agents of many offices cost the one machine that holds them.

    tests/bench/hosted.py [BUILD] [--offices N] [--rest SECONDS]     (build/release, 176, 300)

N real agents of hosted offices, as lantoa-agent@.service runs them (--office, a page on a unix socket, a watchdog of a
minute), enrolled with one real province on loopback that has the catalogue of Tien Giang. Each hands in a figure and is
looked at by its page once; then all of them rest, connected. Told are memory (smaps_rollup), CPU (the scheduler's
nanoseconds of all threads) and what they wrote, of --rest seconds, the disk that their states take, and how long it took
until all were connected. It stops by itself. Exit status 1 when a figure does not arrive; never for what it costs.
"""

import argparse
import glob
import os
import re
import shutil
import socket
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../support")
DATA = f"{HERE}/../../aggregator/data/tien-giang"
HOST = "figures.example.vn"
PERIOD = "2025-06"
PATIENCE_S = 300  # for all of them to do something

parser = argparse.ArgumentParser()
parser.add_argument("build", nargs="?", default="build/release")
parser.add_argument("--offices", type=int, default=176)
parser.add_argument("--rest", type=float, default=300, help="seconds of rest to watch")
ARGUMENTS = parser.parse_args()
sys.argv = [sys.argv[0], ARGUMENTS.build]
import rig  # noqa: E402 (it takes the build folder from sys.argv)


class Hosted(rig.Agent):
    def args(self, *words):
        command, *rest = super().args(*words)
        return [command, "--office", self.code, *rest]

    def furnish(self):
        """Its unit's settings, but for where they are."""
        with open(self.conf, "w", encoding="utf-8") as conf:
            conf.write(f"[agent]\nstate_dir = {self.folder}\napi_socket = {self.folder}/agent.sock\n"
                       f"[page]\nsocket = {self.folder}/page.sock\nhost = {HOST}\n")

    def look(self):
        """Its page, as a proxy asks for it."""
        with socket.socket(socket.AF_UNIX) as page:
            page.connect(f"{self.folder}/page.sock")
            page.sendall(f"GET / HTTP/1.0\r\nHost: {HOST}\r\nX-Remote-User: hoa\r\n\r\n".encode())
            answer = b""
            while data := page.recv(65536):
                answer += data
        if b" 200 OK\r\n" not in answer:
            raise SystemExit(f"office {self.code}: {answer[:300]}")


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def taken(pids):
    """CPU in ns, bytes written, and KiB of memory by kind and process."""
    cpu_ns = written = 0
    memory = {"Private_Dirty": [], "Pss": [], "Rss": []}
    for pid in pids:
        cpu_ns += sum(int(read(task).split()[0]) for task in glob.glob(f"/proc/{pid}/task/*/schedstat"))
        written += int(re.search(r"^write_bytes: (\d+)", read(f"/proc/{pid}/io"), re.M)[1])
        for kind, kib in re.findall(r"^(\w+): +(\d+) kB", read(f"/proc/{pid}/smaps_rollup"), re.M):
            if kind in memory:
                memory[kind].append(int(kib))
    return cpu_ns, written, memory


def disk_bytes(folder):
    return sum(os.lstat(os.path.join(at, name)).st_blocks * 512 for at, _, names in os.walk(folder) for name in names)


def units():
    """Communes of that time, as many as offices are wanted; over again when there are fewer."""
    with open(f"{DATA}/units.csv", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split(",") for line in file]
    codes = [row[0] for row in rows if row[2] == "commune" and row[4] <= "2025-01-01" < PERIOD < row[5]]
    return [codes[i % len(codes)] for i in range(ARGUMENTS.offices)]


def main():
    folder = tempfile.mkdtemp(prefix="lantoa-hosted-", dir="/var/tmp")  # /tmp may be memory
    province = rig.Province(folder)
    agents = []
    try:
        province.start()
        for name in ("units", "catalogue"):
            with open(f"{DATA}/{name}.csv", encoding="utf-8") as file:
                province.put_csv(f"/v1/{name}", file.read())
        for number, unit in enumerate(units()):
            code = f"o{number}"
            province.post("/v1/offices", code=code, name=f"Office {code}", unit=unit, **{"from": "2025-01-01"})
            agent = Hosted(type("Place", (), {"folder": folder}), code)
            agent.furnish()
            outcome = agent.command("enrol", province.invite(code).line)
            if outcome.code != 0:
                raise SystemExit(f"{outcome}")
            agents.append(agent)
        os.environ["WATCHDOG_USEC"] = "60000000"
        began_s = time.monotonic()
        for agent in agents:
            agent.start(wait=False)
        for agent in agents:
            agent.process.logged("agent: running", PATIENCE_S)
            agent.process.logged("page: serving", PATIENCE_S)
            agent.process.logged("uplink: connected", PATIENCE_S)
        up_s = time.monotonic() - began_s
        for agent in agents:
            outcome = agent.record("team.count=7", "--period", PERIOD)
            if outcome.code != 0:
                raise SystemExit(f"{outcome}")
            agent.look()
        rig.wait_for(lambda: all(agent.command("spool", "unsent").out == "0\n" for agent in agents), "the figures", PATIENCE_S)
        time.sleep(min(65, ARGUMENTS.rest))  # the watchdog's beat, at which memory is given back
        pids = [agent.process.child.pid for agent in agents]
        cpu_ns, written, _ = taken(pids)
        before_s = time.monotonic()
        time.sleep(ARGUMENTS.rest)
        watched_s = time.monotonic() - before_s
        cpu_after, written_after, memory = taken(pids)
        n = len(agents)
        on_disk = sum(disk_bytes(agent.folder) for agent in agents)
        print(f"{n} hosted offices, connected, {watched_s:.0f} s of rest\n")
        for kind, label in (("Private_Dirty", "private dirty"), ("Pss", "Pss"), ("Rss", "RSS")):
            each = sorted(memory[kind])
            print(f"{label:24}{sum(each) / 1024:10.1f} MiB in all, each {each[0] / 1024:.2f} to {each[-1] / 1024:.2f} MiB, "
                  f"median {each[n // 2] / 1024:.2f}")
        hour = 3600 / watched_s
        print(f"{'CPU':24}{(cpu_after - cpu_ns) * hour / 1e9:10.2f} s an hour in all, "
              f"{(cpu_after - cpu_ns) * hour / 1e6 / n:.0f} ms each")
        print(f"{'written':24}{(written_after - written) * hour / (1 << 20):10.2f} MiB an hour in all")
        print(f"{'disk':24}{on_disk / (1 << 20):10.1f} MiB in all, {on_disk / 1024 / n:.0f} KiB each")
        print(f"{'until all connected':24}{up_s:10.1f} s")
    finally:
        for agent in agents:
            if agent.process:
                agent.process.kill()
        if province.process:
            province.process.kill()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

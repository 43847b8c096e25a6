#!/usr/bin/env python3
"""What `lantoa export sqlite` takes, of a province and of the whole country.

    tests/bench/export.py [BUILD] [--offices N] [--metrics N] [--months N]

First the demo's province: Tien Giang's reference data with its 176 offices, all metrics and indicators of a year, or so
many months, by month; hardly any figures, and as many rows as with all of them. Then N offices that reported 46 monthly figures for
twelve months: the first so many of these metrics. Of each the rows, the seconds of the wall and of the command's CPU, the
bytes of the file and the most memory that command and aggregator had are printed; what the file says of the province is
compared with what a question says. Exit status 1 when that differs, never for what it costs.
"""

import argparse
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
METRICS, MONTHS = 46, 12

parser = argparse.ArgumentParser()
parser.add_argument("build", nargs="?", default="build/release")
parser.add_argument("--offices", type=int, default=11000, help="at most 11000")
parser.add_argument("--metrics", type=int, default=3, help="at most 46")
parser.add_argument("--months", type=int, default=12, help="of the demo's province, at most 12")
ARGUMENTS = parser.parse_args()
sys.argv = [sys.argv[0], ARGUMENTS.build]
sys.path.insert(0, f"{HERE}/../support")
import rig  # noqa: E402 (it takes the build folder from sys.argv)


def memory_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) / 1024


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def lantoa(province, *words):
    done = rig.run([f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{province.socket}", *words], timeout=3600)
    if done.code != 0:
        sys.exit(f"export: {done}")
    return done.out


def measure(province, folder, what, words):
    """Exports, prints what it took, and returns the file."""
    path = os.path.join(folder, "f.sqlite")
    if os.path.exists(path):
        os.unlink(path)
    daemon = province.process.child.pid
    began, before = time.monotonic(), cpu_s(daemon)
    export = subprocess.Popen([f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{province.socket}", "export", "sqlite", path, *words],
                              stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(export.pid, 0)
    took = time.monotonic() - began
    if status != 0:
        sys.exit(f"export: it ended with {status}")
    with sqlite3.connect(path) as db:
        rows, = db.execute("SELECT count(*) FROM figures").fetchone()
    db.close()
    print(f"{what}: {rows:,} rows in {took:.1f} s, {usage.ru_utime + usage.ru_stime:.1f} s of the command's CPU and "
          f"{cpu_s(daemon) - before:.1f} s of the aggregator's; "
          f"{os.path.getsize(path) / 1e6:,.1f} MB, {os.path.getsize(path) / rows:.0f} bytes a row; "
          f"at most {usage.ru_maxrss / 1024:.0f} MiB, the aggregator {memory_mib(daemon):.0f}", flush=True)
    return path


def of_the_demo(folder):
    province = rig.Province(folder)
    province.start()
    lantoa(province, "setup", f"{HERE}/../../aggregator/data/tien-giang", "--yes")
    subprocess.run([sys.executable, f"{HERE}/../support/made_up.py", f"{HERE}/../../aggregator/data/tien-giang/units.csv", folder],
                   check=True, stdout=subprocess.DEVNULL)
    lantoa(province, "office", "import", f"{folder}/offices.csv")
    begin = 7 + 12 - ARGUMENTS.months  # of 2024; the last one is June 2025
    measure(province, folder, f"the demo's province, {ARGUMENTS.months} months",
            ["--from", f"{2024 + (begin - 1) // 12}-{(begin - 1) % 12 + 1:02}", "--to", "2025-06"])
    province.process.stop()


def of_the_country(folder):
    province = rig.Province(folder)
    store = f"{province.folder}/lantoa.db"
    done = rig.run([f"{rig.BUILD}/tests/bench/change_store", "months", store, str(METRICS * MONTHS * ARGUMENTS.offices),
                    str(ARGUMENTS.offices)], timeout=3600)
    if done.code != 0:
        sys.exit(f"export: {done}")
    with open(store, "rb+") as file:
        os.fsync(file)
    province.start()
    names = [f"m{i}" for i in range(ARGUMENTS.metrics)]
    path = measure(province, folder, f"{ARGUMENTS.offices} offices, a year by month, of {len(names)} metrics",
                   ["--from", "2020-01", "--to", "2020-12", "--metric", ",".join(names)])
    with sqlite3.connect(path) as db:
        for name in names:
            found, = db.execute("SELECT sum(value_e) FROM by_office_month JOIN figures USING (office_code, metric, period, value) "
                                "WHERE metric = ? AND level = 'office' AND period = '2020-03'", (name,)).fetchone()
            expected = sum(int(row["value"] or 0) for row in province.query(name, **{"from": "2020-03", "to": "2020-03"}))
            if name != "m1" and found != expected:
                sys.exit(f"export: {name} is {found} by office, and {expected} as a whole")
    db.close()
    province.process.stop()


def main():
    for of in (of_the_demo, of_the_country):
        folder = tempfile.mkdtemp(prefix="lantoa-export-")
        try:
            of(folder)
        finally:
            shutil.rmtree(folder)


main()

#!/usr/bin/env python3
"""What it costs to walk a total down, at the size of the country: `lantoa explain`.

    tests/bench/explain.py [BUILD] [--offices N] [--months N] [--filled FILE]

The store is filled through the ledger: offices with 46 monthly metrics each; with --filled it is a copy
of that file. Then a real aggregator is asked, each question five times: the least and the most of
seconds, the CPU of one, the bytes of the answer and its rows; and how much more memory the aggregator
had at most since it began. Prints only.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TIMES = 5

parser = argparse.ArgumentParser()
parser.add_argument("build", nargs="?", default="build/release")
parser.add_argument("--offices", type=int, default=11000, help="at most 11000")
parser.add_argument("--months", type=int, default=3)
parser.add_argument("--filled", help="the store to begin with")
ARGUMENTS = parser.parse_args()
sys.argv = [sys.argv[0], ARGUMENTS.build]
sys.path.insert(0, f"{HERE}/../support")
import rig  # noqa: E402 (it takes the build folder from sys.argv)

INDICATORS = """name,label_vi,label_en,formula,unit,target_year,target_value
share,Tỷ lệ,Share,m0 / m1 * 100,%,,
"""
QUESTIONS = [
    ("all of the province, 100 offices", {}),
    ("likewise, 2,000 of them", {"most": 2000}),
    ("the last 2,000", {"most": 2000, "after": "o8"}),
    ("one office, with its entries", {"office": "o77"}),
    ("an indicator of two, 2,000", {"name": "share", "most": 2000}),
    ("as it was known", {"known": "2099-01-01", "most": 2000}),
]


def stat(province):
    with open(f"/proc/{province.process.child.pid}/stat", encoding="utf-8") as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def peak_kib(province):
    with open(f"/proc/{province.process.child.pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def ask(province, arguments):
    took, cpu_s = [], stat(province)
    for _ in range(TIMES):
        began = time.monotonic()
        answer = province.get("/v1/explain", **{"name": "m0", "period": "2020-02", **arguments})
        took.append(time.monotonic() - began)
    size = len(json.dumps(answer, ensure_ascii=False).encode())
    return min(took), max(took), (stat(province) - cpu_s) / TIMES, size, len(answer["rows"])


def main():
    folder = tempfile.mkdtemp(prefix="lantoa-explain-")
    province = rig.Province(folder)
    try:
        store = f"{province.folder}/lantoa.db"
        if ARGUMENTS.filled:
            shutil.copyfile(ARGUMENTS.filled, store)
        else:
            subprocess.run([f"{rig.BUILD}/tests/bench/change_store", "months", store,
                            str(46 * ARGUMENTS.offices * ARGUMENTS.months), str(ARGUMENTS.offices)], check=True)
        province.start()
        province.put_csv("/v1/indicators", INDICATORS)
        before = peak_kib(province)
        print(f"{'':34} {'seconds':>8} {'to':>8} {'of CPU':>8} {'kB':>8} {'rows':>6} {'MiB more':>8}")
        for what, arguments in QUESTIONS:
            least, most, cpu_s, size, rows = ask(province, arguments)
            print(f"{what:34} {least:8.3f} {most:8.3f} {cpu_s:8.3f} {size / 1e3:8.0f} {rows:6} "
                  f"{(peak_kib(province) - before) / 1024:8.1f}", flush=True)
    finally:
        if province.process:
            province.process.kill()
        shutil.rmtree(folder)


main()

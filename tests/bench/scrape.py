#!/usr/bin/env python3
"""What a scrape of the metrics costs the province, and what it is to look who is late.

    tests/bench/scrape.py [BUILD] [--offices N] [--metrics N] [--scrapes N]

A real aggregator with that many offices, each with a key and a last contact (written into its tables, as nobody connects
11,000 machines for this), and that many metrics of a day and a month, of which nobody ever reported. Printed are the median
and the longest time of a scrape and its bytes; the time of `office list --silent` and `--late`, which looks at all metrics;
and the CPU of the aggregator for a scrape. Exit status 1 when an answer is wrong; never for what it costs.
"""

import argparse
import http.client
import os
import socket
import sqlite3
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser()
parser.add_argument("build", nargs="?", default="build/release")
parser.add_argument("--offices", type=int, default=11000)
parser.add_argument("--metrics", type=int, default=46)
parser.add_argument("--scrapes", type=int, default=40)
ARGUMENTS = parser.parse_args()
sys.argv = [sys.argv[0], ARGUMENTS.build]
sys.path.insert(0, f"{HERE}/../support")
import rig  # noqa: E402 (it takes the build folder from sys.argv)

HEAD = rig.CATALOGUE.splitlines()[0]


def catalogue():
    rows = [f"m{i},M,M,x,flow,sum,sum,{'day' if i % 2 else 'month'},,0,0,commune,2,0," for i in range(ARGUMENTS.metrics)]
    return "\n".join([HEAD, *rows, ""])


def furnish(province):
    province.call("PUT", "/v1/catalogue", catalogue().encode(), "text/csv", yes=1)
    rows = "".join(f"o{i:05},Office {i},{rig.COMMUNES[i % 4]},2020-01-01\n" for i in range(ARGUMENTS.offices))
    province.call("POST", "/v1/offices", f"code,name,unit,from\n{rows}".encode(), "text/csv")
    province.process.stop()
    now = time.time_ns() // 1000
    with sqlite3.connect(f"{province.folder}/lantoa.db") as database:
        ids = [row[0] for row in database.execute("SELECT id FROM office")]
        database.executemany("INSERT INTO office_key(id, office, public_key, state, created_us, changed_us)"
                             " VALUES(?, ?, randomblob(32), 2, 0, 0)", [(office, office) for office in ids])
        database.executemany("INSERT INTO contact VALUES(?, ?, ?, ?, 3, '1.0', ?, 7, ?, 12, 4, 60)",
                             [(office, office, now, now, now, now) for office in ids])
    database.close()
    province.start()


def cpu_s(process):
    with open(f"/proc/{process.child.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def get(province, path):
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(province.socket)
    begun = time.monotonic()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        sys.exit(f"{path}: {answer.status} {body[:200]}")
    return (time.monotonic() - begun) * 1000, body


class Bench(rig.Rig):
    offices = []

    def runTest(self):  # pylint: disable=invalid-name
        furnish(self.province)
        get(self.province, "/v1/metrics")
        rig.wait_for(lambda: b"\nlantoa_offices_late" in get(self.province, "/v1/metrics")[1], "the late offices", 120)
        before = cpu_s(self.province.process)
        took = sorted(get(self.province, "/v1/metrics") for _ in range(ARGUMENTS.scrapes))
        cpu_ms = (cpu_s(self.province.process) - before) * 1000 / ARGUMENTS.scrapes
        body = took[0][1]
        self.assertEqual(body.count(b"\nlantoa_office_last_contact_timestamp_seconds{"), ARGUMENTS.offices)
        self.assertIn(b"\nlantoa_offices_late %d\n" % ARGUMENTS.offices, body)
        print(f"scrape: offices={ARGUMENTS.offices} ms={took[len(took) // 2][0]:.1f} longest_ms={took[-1][0]:.1f} "
              f"cpu_ms={cpu_ms:.1f} bytes={len(body)}")
        for question in ("silent=1", "late=1", "all=1"):
            took = sorted(get(self.province, f"/v1/offices/heard?{question}")[0] for _ in range(5))
            print(f"office list: {question} ms={took[2]:.1f}")


if __name__ == "__main__":
    import unittest
    unittest.main()

#!/usr/bin/env python3
"""Figures a second into PostgreSQL: mirror.py BUILD [--offices N] [--metrics N] [--days N]

A made-up ledger (each office sends one batch a day, of all its daily metrics) is served from memory as GET /v1/changes is, a
real lantoa-mirror of BUILD takes it into a real PostgreSQL on a unix socket (fsync on), page by page, with rows and mark in one
transaction. Then the same rows are put into an equal table by one COPY. Told are both rates, and the mirror again with
a tenth of the figures corrected."""

import argparse
import datetime
import json
import os
import resource
import socket
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))

parser = argparse.ArgumentParser()
parser.add_argument("build")
parser.add_argument("--offices", type=int, default=200)
parser.add_argument("--metrics", type=int, default=46)
parser.add_argument("--days", type=int, default=60)
ARGS = parser.parse_args()
sys.argv = [sys.argv[0], ARGS.build]

import postgres  # noqa: E402 (it reads sys.argv)
import rig  # noqa: E402

PAGE_BYTES = 1 << 20
EPOCH = 1764396360123456


def batch(position, entry, office, day, value):
    figures = [{"metric": f"m{m}.count", "labels": "", "calendar": "civil", "values": [[day, str(value + m)]]}
               for m in range(ARGS.metrics)]
    return {"position": position, "at_us": EPOCH + position, "link": f"{position:064x}",
            "batch": {"entry": entry, "office": f"{28000 + office}", "office_id": office + 1, "spool": str(office + 1),
                      "seq": entry, "day": day, "figures": figures, "holds": []}}


def ledger():
    """Pages [(position behind which, text)], the positions after the first days, after all, and how many figures."""
    first = datetime.date(2025, 1, 1)
    items = [{"position": 1, "at_us": EPOCH, "link": "0" * 64,
              "event": {"id": 1, "after_entry": 0, "moves": 1, "kind": "opening", "who": "x", "detail": "", "body": {"rows": {}}}}]
    for day in range(ARGS.days):
        for office in range(ARGS.offices):
            items.append(batch(len(items) + 1, len(items), office, str(first + datetime.timedelta(days=day)), day))
    fresh = len(items)
    for day in range(0, ARGS.days, 10):  # a tenth is corrected
        for office in range(ARGS.offices):
            items.append(batch(len(items) + 1, len(items), office, str(first + datetime.timedelta(days=day)), day + 7))
    return [json.dumps(item) for item in items], fresh


class Feed:
    """Answers as the province does."""

    def __init__(self, path):
        self.items, self.fresh = ledger()
        self.end = self.fresh
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.pages = {}
        for end in (self.fresh, len(self.items)):
            after = 0 if end == self.fresh else self.fresh
            while after <= end:
                last, size = after, 0
                while last < end and size < PAGE_BYTES and last - after < 1000:
                    size += len(self.items[last])
                    last += 1
                text = (f'{{"epoch": {EPOCH}, "head": "{end}:{0:064x}", "items": [' + ",\n".join(self.items[after:last]) +
                        f'], "position": {last}}}\n').encode()
                self.pages[after, end] = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                                          b"Content-Length: %d\r\n\r\n" % len(text)) + text
                if last == after:
                    break
                after = last
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client = self.listener.accept()[0]
            with client:
                line = client.recv(1 << 16).decode().split(" ")[1]
                after = int(urllib.parse.parse_qs(line.split("?")[1])["after"][0])
                client.sendall(self.pages[after, self.end])


def timed(args):
    """How long it took, and how much CPU of its own."""
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = rig.run(args, timeout=3600)
    if done.code:
        sys.exit(f"{args}: {done}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    server = postgres.Postgres(fsync=True)
    folder = tempfile.mkdtemp()
    try:
        feed = Feed(f"{folder}/feed.sock")
        conf = f"{folder}/mirror.conf"
        with open(conf, "w", encoding="utf-8") as out:
            out.write(f"[mirror]\nprovince = 82\naggregator = unix:{folder}/feed.sock\ndatabase = {server.database}\n")
        mirror = [f"{rig.BUILD}/aggregator/lantoa-mirror", "--config", conf, "--once"]
        n = ARGS.offices * ARGS.metrics * ARGS.days
        fill, cpu = timed(mirror)
        print(f"first fill: {n} figures of {ARGS.days} days in {fill:.1f} s, of which the mirror's CPU {cpu:.1f}: {n / fill:,.0f}/s")
        feed.end = len(feed.items)
        more = ARGS.offices * ARGS.metrics * len(range(0, ARGS.days, 10))
        change, cpu = timed(mirror)
        print(f"corrections: {more} figures, each closing one, in {change:.1f} s: {more / change:,.0f}/s")
        server.sql("CREATE TABLE public.raw (LIKE lantoa.figure INCLUDING ALL)")
        server.sql(f"COPY (SELECT * FROM lantoa.figure WHERE entry <= {feed.fresh}) TO '{server.folder}/rows'")
        begin = time.monotonic()
        server.sql(f"COPY public.raw FROM '{server.folder}/rows'")
        raw = time.monotonic() - begin
        print(f"one COPY of the same rows: {raw:.1f} s: {n / raw:,.0f}/s; the mirror's first fill takes {fill / raw:.1f} times as long")
        size = server.sql("SELECT pg_total_relation_size('public.raw')")[0][0]
        print(f"a figure takes {int(size) / n:.0f} bytes with its indexes")
    finally:
        server.clear()


main()

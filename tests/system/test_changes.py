"""The ledger followed from outside, GET /v1/changes: through kill -9 of both sides, releases, closings, imports and moves,
nine weeks of late figures that drain, and an older backup that is restored, a consumer has what the province has, to the
last digit; and the page that explains the stream is true."""

import datetime
import decimal
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

import rig

DESKS = ["A", "B"]
FIRST, LAST = datetime.date(2025, 4, 1), datetime.date(2025, 6, 30)
RANGE = {"from": str(FIRST), "to": str(LAST)}
NINE_WEEKS = [FIRST + datetime.timedelta(days=n) for n in range(63)]
TABLES = {"unit": "id, code, name, level, parent, valid_from, valid_to", "office": "*", "assignment": "*", "closing": "*",
          "quarantine": "journal, run, point, verdict, observations, released_us, held_us"}


class Changes(rig.Rig):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(rig.seed())
        self.file = os.path.join(self.folder, "consumer.db")
        self.consumer, self.more = None, ""  # rows of the catalogue
        self.addCleanup(lambda: self.consumer and self.consumer.kill())

    # the consumer

    def consumer_args(self, *more):
        return [f"{rig.BUILD}/tests/consumer", self.file, f"unix:{self.province.socket}", *more]

    def follow(self):
        out = open(os.path.join(self.folder, "consumer.out"), "ab")
        self.consumer = rig.Process(self.consumer_args(), os.path.join(self.folder, "consumer.log"), stdout=out)
        out.close()

    def told(self):
        with open(os.path.join(self.folder, "consumer.out"), encoding="utf-8") as out:
            return out.read()

    def catch_up(self):
        """It ends, and another of its kind takes what is left."""
        self.consumer.stop()
        self.consumer = None
        outcome = rig.run(self.consumer_args("--once"))
        self.assertEqual(outcome.code, 0, outcome)
        return outcome

    def ask(self, path, sql):
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def assert_same(self, metrics=("visits", "balance", "visits.b")):
        store = os.path.join(self.province.folder, "lantoa.db")
        for table, columns in TABLES.items():
            sql = f"SELECT {columns} FROM {table}"
            theirs = sorted(self.ask(store, sql), key=repr)
            have = self.ask(self.file, f"SELECT count(*) FROM sqlite_master WHERE name = '{table}'") != [(0,)]
            ours = sorted(self.ask(self.file, sql), key=repr) if have else []
            self.assertEqual(ours, theirs, table)
        codes = dict(self.ask(self.file, "SELECT id, code FROM office"))
        sums = {}
        for office, metric, period, value in self.ask(self.file, "SELECT office_id, metric, period, value FROM standing"):
            key = (metric, codes[office], period)
            sums[key] = sums.get(key, 0) + decimal.Decimal(value)
        compared = 0
        for metric in metrics:
            theirs = {(metric, row["area"], row["period"]): decimal.Decimal(str(row["value"]))
                      for row in self.province.query(metric, by="office", per="day", **RANGE) if row["value"] is not None}
            ours = {key: value for key, value in sums.items() if key[0] == metric}
            self.assertEqual(ours, theirs)
            compared += len(theirs)
        return compared

    # what happens in the province

    def record(self, code, metric, day, value, desk=None):
        words = [f"{metric}={value}", "--period", str(day)]
        outcome = self.agents[code].record(*words, *(["--label", f"desk={desk}"] if desk else []))
        self.assertEqual(outcome.code, 0, outcome)

    def record_some(self, n):
        for _ in range(n):
            code = self.dice.choice(["28001", "28002"])
            day = self.dice.choice(NINE_WEEKS)
            if self.dice.random() < 0.5:
                self.record(code, "visits", day, self.dice.randrange(10**6), self.dice.choice(DESKS))
            else:
                self.record(code, "balance", day, f"{self.dice.randrange(10**9)}.{self.dice.randrange(1000):03}")

    def restart_province(self):
        self.province.process.kill()
        self.province.start()

    def kill_consumer(self):
        self.consumer.kill()
        self.follow()

    def close_june_and_release(self):
        day = LAST - datetime.timedelta(days=self.dice.randrange(20))
        self.lantoa("close", str(day))
        self.record("28001", "visits", day, self.dice.randrange(1000), "A")
        rig.wait_for(lambda: self.province.get("/v1/quarantine")["rows"], "a held figure")
        if self.dice.random() < 0.7:
            outcome = self.lantoa("quarantine", "release", "--all", "--closed")
            self.assertEqual(outcome.code, 0, outcome)

    def import_more(self):
        self.more += f"more.x{self.dice.randrange(10**9)},M,M,visit,flow,sum,sum,day,,0,0,commune,1,0,\n"
        self.province.put_csv("/v1/catalogue", rig.CATALOGUE + self.more)

    def move(self):
        unit = self.dice.choice(rig.COMMUNES)
        outcome = self.lantoa("office", "move", "28002", "--unit", unit, "--from",
                              str(self.dice.choice(NINE_WEEKS)))
        self.assertEqual(outcome.code, 0, outcome)

    def settle(self):
        """All that was recorded is in the journal: nothing has come for a while."""
        last, since = None, time.monotonic()
        while time.monotonic() - since < 3:
            now = self.province.get("/v1/changes", after=0, most=1)["head"]
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.1)

    def restore_older(self, file):
        self.province.process.stop()
        for name in ("lantoa.db", "lantoa.db-wal", "lantoa.db-shm", "server.key"):
            path = os.path.join(self.province.folder, name)
            if os.path.exists(path):
                shutil.move(path, path + ".gone")
        outcome = rig.run([f"{rig.BUILD}/aggregator/lantoa-aggregator", "--config", self.province.conf, "--restore", file])
        self.assertEqual(outcome.code, 0, outcome)
        self.province.start()

    def test_a_consumer_has_what_the_province_has(self):
        for code in ("28001", "28002", "28003"):
            self.agent(code)
        self.agents["28001"].start()
        self.agents["28002"].start()
        # An office without a line for nine weeks.
        for day in NINE_WEEKS:
            self.record("28003", "visits", day, self.dice.randrange(10**6), self.dice.choice(DESKS))
        self.follow()
        self.record_some(5)
        steps = [self.restart_province, self.kill_consumer, self.close_june_and_release, self.import_more, self.move,
                 self.restart_province, self.kill_consumer]
        self.dice.shuffle(steps)
        for n, step in enumerate(steps):
            if n == 2:
                self.agents["28003"].start()  # it drains while the rest happens
            self.record_some(4)
            step()
            self.record_some(2)
        self.settle()
        self.catch_up()
        self.assertGreater(self.assert_same(), 63)
        # An older backup.
        file = os.path.join(self.folder, "backup")
        outcome = self.lantoa("backup", file)
        self.assertEqual(outcome.code, 0, outcome)
        self.follow()
        self.record_some(6)
        self.import_more()
        self.settle()
        self.catch_up()
        self.assertGreater(self.assert_same(), 63)
        before = self.ask(self.file, "SELECT position, epoch FROM mark")[0]
        told = len(self.told())
        self.follow()
        self.restore_older(file)
        rig.wait_for(lambda: "anew" in self.told()[told:], "a consumer that begins anew")
        self.record_some(4)
        self.settle()
        self.catch_up()
        after = self.ask(self.file, "SELECT position, epoch FROM mark")[0]
        self.assertGreater(after[1], before[1])
        self.assertGreater(self.assert_same(), 63)
        # And the command says so, to a script that keeps an old position.
        outcome = self.lantoa("changes", "--after", str(before[0]), "--epoch", str(before[1]))
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn("start again", outcome.err)
        self.assert_whole()

    def upgraded(self, vintage):
        """The province that an earlier version left, under this one; and nobody has followed it yet."""
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../upgrade", vintage)
        self.province.process.stop()
        for name in ("lantoa.db", "lantoa.db-wal", "lantoa.db-shm", "server.key"):
            path = os.path.join(self.province.folder, name)
            if os.path.exists(path):
                os.remove(path)
        with open(f"{folder}/province.sql", encoding="utf-8") as sql, \
                sqlite3.connect(f"{self.province.folder}/lantoa.db") as store:
            store.executescript(sql.read())
        store.close()
        for path in (f"{self.province.folder}/lantoa.db", shutil.copy(f"{folder}/server.key", self.province.folder)):
            os.chmod(path, 0o600)
        self.province.start()
        self.file = os.path.join(self.folder, f"{vintage}.db")

    def once(self):
        outcome = rig.run(self.consumer_args("--once"))
        self.assertEqual(outcome.code, 0, outcome)

    def test_a_province_of_an_earlier_version_is_followed_from_its_beginning(self):
        for vintage in ("province1-office1", "province7-office5", "province11-office6"):
            with self.subTest(vintage=vintage):
                self.upgraded(vintage)
                self.once()
                metrics = ("visits", "balance")
                self.assertGreater(self.assert_same(metrics), 5)
                held = self.ask(self.file, "SELECT count(*) FROM quarantine WHERE released_us IS NULL")
                self.assertGreater(held[0][0], 0)
                # and life goes on, over the line between what was migrated and what came since
                for words in (("office", "move", "28001", "--unit", "28003", "--from", "2025-06-03"),
                              ("close", "2025-06-02"), ("quarantine", "release", "--all", "--closed")):
                    outcome = self.lantoa(*words)
                    self.assertEqual(outcome.code, 0, outcome)
                self.once()
                self.assertGreater(self.assert_same(metrics), 5)
                self.assertEqual(self.province.verify(), [])

    def test_the_command_prints_lines_and_waits_for_more(self):
        self.agent("28001").start()
        self.record("28001", "visits", FIRST, 5, "A")
        rig.wait_for(lambda: self.province.value("visits", per="day", **{"from": str(FIRST), "to": str(FIRST)}) == 5,
                     "the figure")
        outcome = self.lantoa("changes", "--figures")
        self.assertEqual(outcome.code, 0, outcome)
        lines = [json.loads(line) for line in outcome.out.splitlines()]
        self.assertEqual([line["position"] for line in lines], list(range(1, len(lines) + 1)))
        figures = [line["batch"]["figures"] for line in lines if "batch" in line]
        self.assertEqual(figures, [[{"metric": "visits", "labels": "desk=A", "calendar": "civil",
                                     "values": [[str(FIRST), "5"]]}]])
        last = lines[-1]
        begin = time.monotonic()
        waiting = subprocess.Popen([f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", "changes",
                                    "--after", str(last["position"]), "--epoch", str(last["epoch"]), "--wait", "20"],
                                   stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        self.import_more()
        line = json.loads(waiting.stdout.readline())  # at once
        self.assertLess(time.monotonic() - begin, 15)
        waiting.send_signal(signal.SIGKILL)
        waiting.wait()
        waiting.stdout.close()
        self.assertEqual(line["event"]["kind"], "catalogue import")
        self.assertEqual(line["position"], last["position"] + 1)
        self.assertEqual(self.lantoa("changes", "--wait", "61").code, 1)
        self.assertEqual(self.lantoa("changes", "--format", "csv").code, 2)

    def test_the_example_of_the_page_is_what_comes(self):
        """CHANGES.md: the blocks of json are what this makes, but for times, hashes and numbers that are drawn."""
        self.agent("28001").start()
        self.record("28001", "visits", FIRST, 5, "A")
        self.record("28001", "visits", FIRST, 7, "A")
        rig.wait_for(lambda: self.province.value("visits", per="day", **{"from": str(FIRST), "to": str(FIRST)}) == 7,
                     "the figure")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../aggregator/api/CHANGES.md")
        with open(source, encoding="utf-8") as page:
            examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page.read(), re.S)]
        self.assertEqual(len(examples), 3)
        with_figures, as_stored, anew = examples
        real = self.province.get("/v1/changes", figures=1)
        self.assertEqual(shape(with_figures), shape({**real, "items": [item_like(real, one) for one in with_figures["items"]]}))
        real = self.province.get("/v1/changes")
        self.assertEqual(shape(as_stored), shape({**real, "items": [item_like(real, one) for one in as_stored["items"]]}))
        try:
            self.province.get("/v1/changes", after=10**6)
            self.fail("a position beyond the end was taken")
        except Exception as refusal:  # rig's own
            self.assertIn("409", str(refusal))
        self.assertEqual(set(anew), {"error", "epoch", "position"})


def item_like(real, example):
    """The real item of the example's kind."""
    [kind] = {"batch", "event"} & set(example)
    for item in real["items"]:
        if kind in item and item[kind].get("kind") == example[kind].get("kind"):
            return item
    raise AssertionError(f"there is no such item as {example}")


def shape(value):
    """Names and types, to the bottom; lists by what their members look like."""
    if isinstance(value, dict):
        return {name: "rows" if name == "rows" else shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return sorted({repr(shape(member)) for member in value})
    return type(value).__name__


if __name__ == "__main__":
    unittest.main()

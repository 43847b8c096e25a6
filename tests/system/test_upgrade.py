"""The disks that earlier versions left (tests/upgrade), under today's programs: what was answered is
answered, what waited arrives, and life goes on (I1, I2, I3)."""

import csv
import glob
import json
import os
import re
import shutil
import sqlite3
import unittest

import rig

VINTAGES = sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                         "../upgrade/province*")))
OFFICE = "28002"
LATE = {"area": OFFICE, "per": "day", "from": "2025-06-04", "to": "2025-06-06", "labels": "desk=A"}


def load(dump, path):
    with open(dump, encoding="utf-8") as sql, sqlite3.connect(path) as database:
        database.executescript(sql.read())
    os.chmod(path, 0o600)


def secret(path, text):
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


class Upgrade(rig.Rig):
    vintage = ""

    def open_province(self):
        """As the earlier version left it."""
        load(f"{self.vintage}/province.sql", f"{self.province.folder}/lantoa.db")
        shutil.copy(f"{self.vintage}/server.key", self.province.folder)
        os.chmod(f"{self.province.folder}/server.key", 0o600)
        self.province.start()

    def open_office(self):
        agent = self.agent(OFFICE, enrol=False)
        load(f"{self.vintage}/office.sql", f"{agent.folder}/spool.db")
        secret(f"{agent.folder}/agent.key",
               re.sub(r"address \S+", "address " + self.province.endpoint.removeprefix("tcp://"),
                      read(f"{self.vintage}/agent.key")))
        return agent

    def all_acked(self):
        status = self.agents[OFFICE].command("status").out
        return "0 figures in 0 batches, 0 not sealed yet" in status

    def arrived(self):
        return {row["period"]: row["value"] for row in self.province.query("visits", **LATE)}

    def answers_are(self, recorded):
        """Later versions may say more, never something else."""
        for asked in recorded:
            rows = self.province.query(**asked["question"])
            self.assertEqual(len(rows), len(asked["rows"]), asked["question"])
            for row, before in zip(rows, asked["rows"]):
                self.assertEqual({key: str(row[key]) for key in before},
                                 {key: str(value) for key, value in before.items()},
                                 asked["question"])

    def exported(self):
        outcome = self.agents[OFFICE].command("spool", "export")
        self.assertEqual(outcome.code, 0, outcome)
        return self.keyed(csv.DictReader(outcome.out.splitlines()))

    @staticmethod
    def keyed(figures):
        """What was withdrawn had an empty value once."""
        return {(figure["metric"], figure["labels"], figure["period"]):
                figure["value"] or "withdraw" for figure in figures}

    def test_it_lives_on(self):
        recorded = json.loads(read(f"{self.vintage}/answers.json"), parse_float=str)
        self.assertEqual(self.province.verify(), [])
        self.answers_are(recorded["questions"])
        held = self.lantoa("--format", "csv", "quarantine", "list")
        self.assertIn(OFFICE, held.out, held)
        self.assertEqual(self.arrived()["2025-06-05"], None)

        agent = self.open_office()
        entries = int(self.province.status()["store"]["entries"])
        before = self.keyed(recorded["office"])
        self.assertTrue(before)
        agent.start()
        rig.wait_for(self.all_acked, "what the earlier version had sealed, and what it had not")
        self.assertEqual(int(self.province.status()["store"]["entries"]), entries + 2)
        self.assertEqual({day: str(value) for day, value in self.arrived().items()},
                         {"2025-06-04": "400", "2025-06-05": "500", "2025-06-06": "None"})
        after = before | {("visits", "desk=A", "2025-06-04"): "400",
                          ("visits", "desk=A", "2025-06-05"): "500"}
        self.assertEqual(self.exported(), after)

        outcome = agent.record("visits=600", "--period", "2025-06-06", "--label", "desk=A")
        self.assertEqual(outcome.code, 0, outcome)
        rig.wait_for(self.all_acked, "a figure of today")
        self.assertEqual(str(self.arrived()["2025-06-06"]), "600")
        agent.process.stop()
        outcome = agent.command("spool", "verify")
        self.assertEqual(outcome.code, 0, outcome)
        self.assert_whole()


def load_tests(loader, _tests, _pattern):
    """One case for each vintage."""
    suite = unittest.TestSuite()
    for path in VINTAGES:
        name = os.path.basename(path)
        case = type(f"Upgrade_{name}", (Upgrade,), {"vintage": path})
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()

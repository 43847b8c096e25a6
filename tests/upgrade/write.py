"""Write a vintage: what today's programs leave on the disks of a small province and of one office.

    PYTHONPATH=tests/support python3 tests/upgrade/write.py BUILD_DIR

makes tests/upgrade/provinceN-officeM, N and M being the schema versions of the two databases: both
as SQL text, the keys, and what was answered. test_upgrade.py opens every vintage with the programs
of its own day. Write one whenever a schema has risen, and keep it for good; an earlier program
writes its own when it is built and named, with its own tests/support.
"""

import csv
import json
import os
import shutil
import sqlite3
import unittest

import rig

HERE = os.path.dirname(os.path.abspath(__file__))
QUESTIONS = [
    {"name": "visits", "area": "82", "per": "month", "from": "2025-06", "to": "2025-06"},
    {"name": "visits", "area": "82", "by": "commune", "per": "day",
     "from": "2025-06-01", "to": "2025-06-05"},
    {"name": "visits", "area": "28001", "per": "day", "from": "2025-06-01", "to": "2025-06-05",
     "labels": "desk=B"},
    {"name": "hours", "area": "815", "per": "hour", "from": "2025-06-02T07", "to": "2025-06-02T12"},
    {"name": "teams", "area": "82", "by": "district", "per": "month",
     "from": "2025-05", "to": "2025-07"},
    {"name": "balance", "area": "82", "by": "office", "per": "month",
     "from": "2025-06", "to": "2025-06"},
]


def dump(path, out):
    """The database as SQL that makes it again."""
    with sqlite3.connect(path) as database, open(out, "w", encoding="utf-8") as text:
        versions = {}
        for pragma in ("application_id", "user_version"):
            versions[pragma] = database.execute(f"PRAGMA {pragma}").fetchone()[0]
            text.write(f"PRAGMA {pragma}={versions[pragma]};\n")
        text.writelines(f"{line}\n" for line in database.iterdump())
    return versions["user_version"]


class Write(rig.Rig):
    offices = rig.COMMUNES[:3]

    def acked(self, code):
        return "0 figures in 0 batches, 0 not sealed yet" in self.agents[code].command("status").out

    def record(self, code, *words):
        outcome = self.agents[code].record(*words)
        self.assertEqual(outcome.code, 0, outcome)

    def live(self):
        """Two offices: figures of every shape, a correction, a withdrawal, some refused."""
        for code in self.offices[:2]:
            self.agent(code).start()
            for day in range(1, 5):
                self.record(code, f"visits={day * 10 + int(code)}", "--period", f"2025-06-0{day}",
                            "--label", "desk=A")
            self.record(code, "visits=7", "--period", "2025-06-03", "--label", "desk=B")
            self.record(code, "hours=1.25", "--period", "2025-06-02T08")
            self.record(code, "teams=9", "--period", "2025-05")
            self.record(code, "balance=-12.345", "--period", "2025-06-30")
            rig.wait_for(lambda at=code: self.acked(at), "the first batches")
        self.record("28001", "visits=1000", "--period", "2025-06-02", "--label", "desk=A")
        self.record("28001", "visits=-", "--period", "2025-06-03", "--label", "desk=B")
        self.record("28002", "visits=5", "--period", "2019-06-01", "--label", "desk=A")
        rig.wait_for(lambda: self.acked("28001") and self.acked("28002"), "the corrections")

    def close_a_period(self):
        """And a figure that comes too late for it."""
        if self.lantoa("close", "2025-05").code != 0:
            return  # the program of this vintage closes no periods
        self.record("28002", "teams=11", "--period", "2025-05")
        rig.wait_for(lambda: self.acked("28002"), "the late figure")

    def make_tokens(self):
        """One that is good and one that is not."""
        if self.lantoa("token", "add", "grafana", "--role", "viewer", "--expires", "never").code != 0:
            return  # the program of this vintage knows none
        self.lantoa("token", "add", "lost", "--role", "admin")
        self.lantoa("token", "revoke", "lost")

    def answers(self):
        figures = list(csv.DictReader(
            self.agents["28002"].command("spool", "export").out.splitlines()))
        return {"questions": [{"question": question, "rows": self.province.query(**question)}
                              for question in QUESTIONS],
                "office": figures}

    def test_write(self):
        self.live()
        self.close_a_period()
        self.make_tokens()
        answers = self.answers()
        self.assert_whole()
        office = self.agents["28002"]
        self.record("28002", "visits=400", "--period", "2025-06-04", "--label", "desk=A")
        rig.wait_for(lambda: "0 not sealed yet" in office.command("status").out, "a sealed batch")
        for code in self.offices[:2]:
            self.agents[code].process.stop()
        self.record("28002", "visits=500", "--period", "2025-06-05", "--label", "desk=A")
        folder = os.path.join(self.folder, "vintage")
        os.makedirs(folder)
        name = "province{}-office{}".format(
            dump(f"{self.province.folder}/lantoa.db", f"{folder}/province.sql"),
            dump(f"{office.folder}/spool.db", f"{folder}/office.sql"))
        shutil.copy(f"{self.province.folder}/server.key", folder)
        shutil.copy(f"{office.folder}/agent.key", folder)
        with open(f"{folder}/answers.json", "w", encoding="utf-8") as out:
            json.dump(answers, out, ensure_ascii=False, indent=1)
        shutil.copytree(folder, f"{HERE}/{name}")
        print(f"written: tests/upgrade/{name}")


if __name__ == "__main__":
    unittest.main()

"""Days off, from the file to the due date: at the province, in its history, and on the clerk's page."""

import csv
import datetime
import io
import os
import re
import time
import unittest
import urllib.request

import rig

MONTH = "2025-06"  # teams are due two days after it: on Wednesday, 2 July
HANOI = datetime.timezone(datetime.timedelta(hours=7))
HEADER = "from,to,kind,name_vi,name_en\n"


class Calendar(rig.Rig):
    offices = rig.COMMUNES[:2]

    def order(self, *words):
        outcome = self.lantoa(*words)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome.out

    def take(self, text, *more):
        path = os.path.join(self.folder, "calendar.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return self.lantoa("calendar", "import", path, *more)

    def late(self, *more):
        rows = self.order("completeness", "visits", "--by", "office", "--from", self.day, "--format", "csv", *more)
        return {row["area"]: int(row["late"]) for row in csv.DictReader(io.StringIO(rows))}["28001"]

    def test_a_file_moves_due_dates_and_what_was_known_stays(self):
        today = datetime.datetime.now(HANOI).date()
        self.day = f"{today - datetime.timedelta(days=3)}"  # due a day after: it comes two days late
        agent = self.agent("28001")
        agent.write_conf(page="127.0.0.1:0")
        agent.start()
        rig.wait_for(lambda: "visits" in agent.command("catalogue").out, "the catalogue")
        agent.record("visits=3", "--period", self.day)
        rig.wait_for(lambda: str(self.province.value("visits", **{"from": self.day})) == "3", "the figure")
        self.assertEqual(self.late(), 1)
        time.sleep(1.1)
        before = f"{datetime.datetime.now(HANOI):%Y-%m-%dT%H:%M:%S}"
        time.sleep(1.1)

        off = HEADER + f"{today - datetime.timedelta(days=2)},{today},off,Nghỉ bão,Storm\n"
        trial = self.take(off, "--dry-run")
        self.assertEqual(trial.code, 0, trial)
        self.assertIn("Days of offices that would be computed again: 1\n", trial.out)
        self.assertEqual(self.late(), 1)
        done = self.take(off)
        self.assertEqual((done.code, done.out), (0, "The calendar was changed.\n"), done)
        self.assertEqual(self.order("calendar", "export"), off)
        self.assertEqual(self.late(), 0)
        self.assertEqual(self.late("--known", before), 1)
        self.assertIn("days off imported", self.order("audit"))
        self.assertEqual(self.province.verify(), [])
        self.assertEqual(self.take(HEADER).out, "The calendar was changed.\n")
        self.assertEqual(self.late(), 1)
        self.assert_whole()

    def page(self, agent):
        address = agent.process.logged(r"page: serving address=(http://127.0.0.1:\d+)").group(1)
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Accept-Language": "en"})) as answer:
            return " ".join(re.sub("<[^>]*>", " ", answer.read().decode()).split())

    def test_the_clerks_page_has_the_same_due_date(self):
        today = datetime.datetime.now(HANOI).date()
        first = today.replace(day=1)
        end = (first + datetime.timedelta(days=32)).replace(day=1) - datetime.timedelta(days=1)
        due = end + datetime.timedelta(days=2)  # of this month's teams
        off = HEADER + f"{due},{due + datetime.timedelta(days=2)},off,Nghỉ,Off\n"
        self.assertEqual(self.take(off).code, 0)
        agent = self.agent("28001")
        agent.write_conf(page="127.0.0.1:0")
        agent.start()
        moved = due + datetime.timedelta(days=3)
        rig.wait_for(lambda: str(moved) in self.page(agent), "the edition of the province")
        self.assert_whole()

    def test_what_is_wrong_is_said_and_nothing_changes(self):
        for text, why in ((HEADER + "2025-05-01,,fest,x,\n", "line 2: kind: 'fest' is not valid; it must be off, work or weekend"),
                          (HEADER + "2025-05-01,,off,x,\n2025-05-01,,off,y,\n", "is on line 2 already"),
                          ("day,name\n2025-05-01,x\n", "from")):
            refused = self.take(text)
            self.assertEqual((refused.code, refused.out), (1, ""), refused)
            self.assertIn(why, refused.err)
        self.assertEqual(self.order("calendar", "export"), HEADER)
        mended = HEADER + "2025-05-01,,off,x,\n"  # the day is taken out of one of both
        self.assertEqual(self.take(mended).out, "The calendar was changed.\n")
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

"""A change that alters many figures is made in steps: kill -9 between them, a second one, one taken back."""

import csv
import datetime
import io
import os
import random
import sqlite3
import time
import unittest

import rig

DAYS = 600  # of each of two offices: more than one step, see CHANGE_AT_ONCE
FIRST = datetime.date(2022, 1, 1)
LAST = FIRST + datetime.timedelta(days=DAYS - 1)


class Change(rig.Rig):
    offices = rig.COMMUNES[:2]

    def setUp(self):
        super().setUp()
        self.dice = random.Random(rig.seed())
        self.both = [self.agent(code).start() for code in self.offices]
        path = os.path.join(self.folder, "days.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write("metric,desk,period,value\n")
            for i in range(DAYS):
                file.write(f"visits,1,{FIRST + datetime.timedelta(days=i)},{i % 50}\n")
        for agent in self.both:
            rig.wait_for(lambda agent=agent: "visits" in agent.command("catalogue").out, "the catalogue")
            outcome = agent.command("import", path)
            self.assertEqual(outcome.code, 0, outcome)
        self.sum = 2 * sum(i % 50 for i in range(DAYS))
        rig.wait_for(lambda: self.figure() == self.sum, "the figures", 240)

    def figure(self):
        rows = self.province.query("visits", **{"from": FIRST, "to": LAST})
        return sum(int(row["value"] or 0) for row in rows)

    def narrowed(self):
        """A catalogue by which no more than 39 visits may count, and what still does."""
        rows = list(csv.DictReader(io.StringIO(rig.CATALOGUE)))
        for row in rows:
            if row["name"] == "visits":
                row["max"] = "39"
        out = io.StringIO()
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue(), 2 * sum(i % 50 for i in range(DAYS) if i % 50 <= 39)

    def order(self, text):
        return self.province.call("PUT", "/v1/catalogue", text.encode(), "text/csv", yes="1")

    def over(self):
        return "progress" not in self.province.get("/v1/change")

    def test_it_goes_on_after_kill_9(self):
        text, left = self.narrowed()
        self.assertIn("change", self.order(text))
        for _ in range(4):
            self.assertIn(self.figure(), (self.sum, left))
            self.province.process.kill()
            self.province.start()
        rig.wait_for(self.over, "the change", 60)
        self.assertEqual(self.province.get("/v1/change")["rows"][0]["outcome"], "in force")
        rig.wait_for(lambda: self.figure() == left, "what still counts")
        self.both[1].record("visits=5", "--label", "desk=1", "--period", str(LAST))
        rig.wait_for(lambda: self.figure() == left + 5, "a figure that came later")
        self.assert_whole()

    def test_the_command_waits_and_a_second_change_is_refused(self):
        text, left = self.narrowed()
        path = os.path.join(self.folder, "catalogue.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        trial = self.lantoa("catalogue", "import", path, "--dry-run")
        self.assertRegex(trial.out, rf"(?i)days that would be derived anew: {2 * DAYS}")
        run = self.order(text)["change"]
        refused = self.lantoa("catalogue", "import", path, "--yes")
        if refused.code != 0:  # it may be in force already
            self.assertIn("another change is under way", refused.err)
            self.assertIn("lantoa change show", refused.err)
            self.assertIn("catalogue import", self.lantoa("change", "show").out)
        rig.wait_for(self.over, "the change", 60)
        self.assertEqual(self.province.get("/v1/change", run=run), {"changed": 1})
        self.assertEqual(self.figure(), left)
        with open(path, "w", encoding="utf-8") as file:
            file.write(rig.CATALOGUE)
        outcome = self.lantoa("catalogue", "import", path, "--yes")
        self.assertEqual((outcome.code, outcome.err), (0, ""), outcome)
        self.assertIn("1", outcome.out)
        self.assertEqual(self.lantoa("catalogue", "export").out, rig.CATALOGUE)
        self.assert_whole()

    def fail_steps(self, when):
        """Each step fails while it is so, as the disk would have it."""
        self.province.process.stop()
        with sqlite3.connect(f"{self.province.folder}/lantoa.db") as store:
            store.execute("CREATE TRIGGER failing BEFORE UPDATE ON change_under_way"
                          f" WHEN {when} BEGIN SELECT abs(-9223372036854775807 - 1); END")
        store.close()
        self.province.start()

    def test_a_step_that_fails_is_told_and_tried_again(self):
        text, left = self.narrowed()
        until = int(time.time()) + 6
        self.fail_steps(f"unixepoch() < {until}")
        run = self.order(text)["change"]
        rig.wait_for(self.trouble, "the trouble")
        self.assertIn("write the database", self.lantoa("change", "show").out)
        self.assertEqual(self.figure(), self.sum)
        self.assertLess(time.time(), until)
        while time.time() < until + 9:  # nobody asks
            time.sleep(1)
        self.assertEqual(self.province.get("/v1/change", run=run), {"changed": 1})
        self.assertEqual(self.figure(), left)

    def trouble(self):
        return "trouble" in self.province.get("/v1/change").get("progress", {})

    def test_where_steps_fail_it_can_be_taken_back_and_another_ordered(self):
        text, left = self.narrowed()
        self.fail_steps("old.id = 1 AND new.stage < 3")  # it can end
        self.order(text)
        rig.wait_for(self.trouble, "the trouble")
        time.sleep(8)  # 7 s after it is tried the fourth time, and then 8 s later
        self.assertEqual(self.lantoa("change", "cancel").code, 0)
        self.order(text)
        rig.wait_for(lambda: not self.trouble(), "the other change to be under way", 3)
        rig.wait_for(self.over, "the other change", 60)
        self.assertEqual(self.figure(), left)

    def test_what_is_taken_back_was_not(self):
        text, left = self.narrowed()
        self.order(text)
        outcome = self.lantoa("change", "cancel")
        if outcome.code == 0:
            self.assertEqual(self.figure(), self.sum)
            self.assertEqual(self.lantoa("catalogue", "export").out, rig.CATALOGUE)
        else:
            self.assertRegex(outcome.err, "in force already|no change is under way")
        rig.wait_for(self.over, "the change", 60)
        self.assertIn(self.figure(), (self.sum, left))
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

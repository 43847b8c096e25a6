"""A change that alters many figures is made in steps: kill -9 between them, a second one, one taken back."""

import csv
import datetime
import io
import os
import random
import shutil
import sqlite3
import tempfile
import time
import unittest

import payloads
import rig

DAYS = int(os.environ.get("LANTOA_DAYS", 550))  # a multiple of 50, more than is done at once
FIRST = datetime.date(2020, 1, 1)
LAST = FIRST + datetime.timedelta(days=DAYS - 1)


class Change(rig.Rig):
    """Filled once: each test has a copy of the province."""
    offices = rig.COMMUNES[:2]
    filled = None  # the folder of a province that has ended;
    endpoint = keys = None  # where it listened, and the server's key and that of the last office
    sum = 2 * sum(i % 50 for i in range(DAYS))

    @classmethod
    def tearDownClass(cls):
        if Change.filled:
            shutil.rmtree(Change.filled)

    def open_province(self):
        if not Change.filled:
            super().open_province()
            self.fill()
        shutil.copytree(Change.filled, self.folder, dirs_exist_ok=True)
        self.dice = random.Random(rig.seed())
        self.province.endpoint = Change.endpoint
        self.province.start()
        self.assertEqual(self.figure(), self.sum)

    def fill(self):
        days = [(FIRST - datetime.date(1970, 1, 1)).days + i for i in range(DAYS)]
        path = payloads.write(os.path.join(self.folder, "days"), [
            payloads.payload(day, [(0, [(0, i % 50)])], [("visits", "desk=1", "day")] if i == 0 else [])
            for i, day in enumerate(days)])
        probes = [self.enrolled_probe(code) for code in self.offices]
        for probe in probes:
            probe.ask("hello", 7, DAYS, hear="welcome upto=0")
            probe.say("push", 1000 * DAYS, 7, path, DAYS)
        for probe in probes:
            probe.hear(f"pushed .*upto={DAYS} refused=0", 60 + DAYS)
            probe.close()
        self.province.process.stop()
        Change.keys = probes[-1].server_key, probes[-1].secret_key
        Change.endpoint = self.province.endpoint
        Change.filled = tempfile.mkdtemp(prefix="lantoa-rig-")
        shutil.copytree(self.folder, Change.filled, dirs_exist_ok=True)

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
            time.sleep(self.dice.random() / 4)
            self.province.process.kill()
            self.province.start()
        rig.wait_for(self.over, "the change", 60)
        self.assertEqual(self.province.get("/v1/change")["rows"][0]["outcome"], "in force")
        rig.wait_for(lambda: self.figure() == left, "what still counts")
        office = self.probe(*self.keys)
        office.ask("hello", 7, DAYS + 1, hear=f"welcome upto={DAYS}")
        office.ask("batch", 7, DAYS + 1, LAST, 0, "-", "-", "day", 0, "0:5", hear="ack .* held=0")
        rig.wait_for(lambda: self.figure() == left + 5, "a figure that came later")
        self.assert_whole()

    def test_the_command_waits_and_a_second_change_is_refused(self):
        text, left = self.narrowed()
        path = os.path.join(self.folder, "catalogue.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        trial = self.lantoa("catalogue", "import", path, "--dry-run")
        self.assertRegex(trial.out, rf"Days of offices that would be computed again: {2 * DAYS:,}")
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
        self.assertEqual(outcome.out, "The catalogue was changed.\n")
        self.assertEqual(self.lantoa("catalogue", "export").out, rig.CATALOGUE)
        self.assert_whole()

    def rows_seem(self, more):
        """What a release costs is reckoned by how many rows of each office wait."""
        self.province.process.stop()
        with sqlite3.connect(f"{self.province.folder}/lantoa.db") as store:
            store.execute("UPDATE held SET n = n + ?", (more,))
        store.close()
        self.province.start()

    def test_a_release_of_much_goes_by_steps(self):
        text, left = self.narrowed()
        self.order(text)
        rig.wait_for(self.over, "the change", 60)
        self.order(rig.CATALOGUE)
        rig.wait_for(self.over, "the other change", 60)
        self.assertEqual(self.figure(), left)
        waits = self.province.get("/v1/quarantine/release", all="yes")["would"]["released"]
        trial = self.lantoa("quarantine", "release", "--all", "--dry-run")
        self.assertRegex(trial.out, rf"Would be released: {waits:,}\nWould stay: 0")
        self.assertEqual(self.figure(), left)
        self.rows_seem(300000)
        outcome = self.lantoa("quarantine", "release", "--all")
        self.assertEqual((outcome.code, outcome.err), (0, ""), outcome)
        self.assertRegex(outcome.out, rf"Released: {waits:,}\nStill in quarantine: 0")
        self.assertEqual(self.figure(), self.sum)
        self.assertIn("quarantine release", self.lantoa("change", "show").out)
        self.rows_seem(-300000)
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

"""A correction of a closed period, from the office's keyboard to the operator's decision and back."""

import csv
import io
import unittest

import rig

DAY = "2025-06-30"


class Closing(rig.Rig):
    def order(self, *words):
        outcome = self.lantoa(*words)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome.out

    def held(self):
        return self.order("quarantine", "list", "--format", "csv").splitlines()[1:]

    def value(self):
        rows = self.order("query", "visits", "--from", DAY, "--to", DAY, "--format", "csv")
        return next(csv.DictReader(io.StringIO(rows)))["value"]

    def test_a_correction_waits_for_the_operator(self):
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "visits" in agent.command("catalogue").out, "the catalogue")
        agent.record("visits=12", "--period", DAY)
        rig.wait_for(lambda: self.value() == "12", "the figure")
        self.assertEqual(self.order("close", "2025-06"), "2025-06 is closed.\n")
        agent.record("visits=21", "--period", DAY)
        rig.wait_for(self.held, "the correction")
        self.assertIn("the period is closed", self.held()[0])
        self.assertEqual(self.value(), "12")
        rig.wait_for(lambda: "the period is closed" in agent.command("spool", "list").out,
                     "the office's notice")
        self.assertIn("Released: 0", self.order("quarantine", "release", "--all"))
        self.assertEqual(self.value(), "12")
        self.assertIn("Released: 1", self.order("quarantine", "release", "--all", "--closed"))
        self.assertEqual(self.value(), "21")
        self.assertEqual(self.held(), [])
        self.assert_whole()

    def test_every_act_can_be_tried(self):
        """What would come of it is told, and nothing is done; it is refused as the act would be."""
        events = len(self.province.get("/v1/audit", most="1000")["rows"])

        def tried(*words):
            rows = list(csv.DictReader(io.StringIO(self.order(*words, "--dry-run", "--format", "csv"))))
            self.assertEqual(len(self.province.get("/v1/audit", most="1000")["rows"]), events, words)
            self.assertEqual(len(rows), 1, words)
            return rows[0]
        self.assertEqual(tried("close", "2025-06", "--metric", "visits")["metric"], "visits")
        self.assertEqual(tried("office", "move", "28001", "--unit", "28002", "--from", DAY)["becomes_name"], "Phường Hai")
        self.assertEqual(tried("office", "rename", "28001", "Office A")["becomes"], "Office A")
        excuse = ("excuse", "add", "--office", "28001", "--form", "month", "--period", "2025-06", "--reason", "storm")
        self.assertEqual(tried(*excuse)["reason"], "storm")
        self.order("close", "2025-06")
        self.order(*excuse)
        events += 2
        self.assertEqual(tried("reopen", "2025-06")["period"], "2025-06")
        self.assertEqual(tried("excuse", "end", "1")["office"], "28001")
        for words in (("close", "2025-06"), ("excuse", "end", "7"), excuse, ("office", "move", "28001", "--unit", "nowhere")):
            told = self.lantoa(*words, "--dry-run")
            self.assertEqual((told.code, told.out), (1, ""), told)
            self.assertEqual(told.err, self.lantoa(*words).err)

    def test_an_office_moves_and_its_figures_with_it(self):
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "visits" in agent.command("catalogue").out, "the catalogue")
        agent.record("visits=12", "--period", DAY)
        rig.wait_for(lambda: self.value() == "12", "the figure")
        unit = self.order("office", "show", "28001", "--format", "csv").splitlines()[1].split(",")[2]
        self.order("office", "move", "28001", "--unit", "-", "--from", DAY)
        self.assertEqual(self.value(), "")
        self.assertEqual(len(self.held()), 1)  # of no unit: it waits where it can be seen
        self.order("office", "move", "28001", "--unit", unit, "--from", DAY)
        self.assertIn("Released: 1", self.order("quarantine", "release", "--office", "28001"))
        self.assertEqual(self.value(), "12")
        self.assertEqual(self.held(), [])
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

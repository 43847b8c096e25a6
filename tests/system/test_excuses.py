"""An office that is excused: who excuses it and from what, what completeness says then, and how it is taken back."""

import csv
import datetime
import io
import json
import time
import unittest

import rig

MONTH = "2025-06"
HANOI = datetime.timezone(datetime.timedelta(hours=7))


class Excuses(rig.Rig):
    offices = rig.COMMUNES

    def order(self, *words):
        outcome = self.lantoa(*words)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome.out

    def rows(self, *words):
        return list(csv.DictReader(io.StringIO(self.order(*words, "--format", "csv"))))

    def refused(self, *words):
        outcome = self.lantoa(*words)
        self.assertEqual((outcome.code, outcome.out), (1, ""), outcome)
        return outcome.err

    def counts(self, *more):
        """Of each office: due, reported, late, excused, missing of `teams`, which is due two days after the month."""
        rows = self.rows("completeness", "teams", "--by", "office", "--from", MONTH, *more)
        return {row["area"]: tuple(int(row[name]) for name in ("due", "reported", "late", "excused", "missing"))
                for row in rows}

    def excuse(self, office, *more):
        return self.order("excuse", "add", "--office", office, "--reason", "Mất điện do bão", *more)

    def test_from_the_order_to_the_way_back(self):
        agent = self.agent("28002").start()
        rig.wait_for(lambda: "teams" in agent.command("catalogue").out, "the catalogue")
        agent.record("teams=7", "--period", MONTH)  # long after it was due
        rig.wait_for(lambda: self.counts()["28002"][1] == 1, "the figure")
        self.assertEqual(self.counts()["28001"], (1, 0, 0, 0, 1))
        self.assertEqual(self.counts()["28002"], (1, 1, 1, 0, 0))
        time.sleep(1.1)  # an instant is written in whole seconds
        before = f"{datetime.datetime.now(HANOI):%Y-%m-%dT%H:%M:%S}"
        time.sleep(1.1)

        self.assertEqual(self.excuse("28001", "--metric", "teams", "--period", MONTH), "The office is excused; the excuse has the number 1.\n")
        self.assertEqual(self.excuse("28002", "--form", "month", "--period", "2025-05", "--to", "2025-07"),
                         "The office is excused; the excuse has the number 2.\n")
        self.assertEqual(self.counts()["28001"], (1, 0, 0, 1, 0))
        self.assertEqual(self.counts()["28002"], (1, 1, 0, 0, 0))
        self.assertEqual(self.counts()["28003"], (1, 0, 0, 0, 1))
        missing = self.rows("completeness", "teams", "--from", MONTH)
        self.assertEqual([row["office"] for row in missing], ["28003", "28004"])
        row = json.loads(self.order("query", "teams", "--from", MONTH, "--format", "json"))["rows"][0]
        self.assertEqual([row[name] for name in ("due", "reported", "carried", "excused", "missing")], [4, 1, 0, 1, 2])

        listed = self.rows("excuse", "list")
        self.assertEqual([(row["excuse"], row["office"], row["metric"], row["form"], row["period"], row["to"])
                          for row in listed],
                         [("1", "28001", "teams", "", MONTH, ""), ("2", "28002", "", "month", "2025-05", "2025-07")])
        self.assertEqual(len(self.rows("excuse", "list", "--office", "28002")), 1)
        self.assertIn("Mất điện do bão", self.order("excuse", "list"))
        told = self.order("history", "28001", "--format", "csv")
        self.assertIn("office excused from reports", told)
        self.assertIn("Mất điện do bão", told)

        self.assertEqual(self.counts("--known", before)["28001"], (1, 0, 0, 0, 1))
        self.assertEqual(self.rows("excuse", "list", "--known", before), [])
        self.assertEqual(self.order("excuse", "end", "1"), "Excuse 1 was taken back.\n")
        self.assertEqual(self.counts()["28001"], (1, 0, 0, 0, 1))
        self.assertEqual([row["excuse"] for row in self.rows("excuse", "list")], ["2"])
        self.assertIn("no excuse in force has the number 1; `lantoa excuse list` shows them", self.refused("excuse", "end", "1"))
        self.assertIn("excuse taken back", self.order("history", "28001", "--format", "csv"))
        self.assertEqual(self.province.verify(), [])
        self.province.process.kill()
        self.province.start()
        self.assertEqual(self.counts()["28002"], (1, 1, 0, 0, 0))
        self.assertEqual(self.excuse("28001", "--metric", "teams", "--period", "2025-Q2"), "The office is excused; the excuse has the number 3.\n")
        self.assertEqual(self.counts()["28001"], (1, 0, 0, 1, 0))
        self.assert_whole()

    def test_what_is_refused_says_what_would_do(self):
        def no(expected, *words):
            self.assertIn(expected, self.refused("excuse", "add", *words))
        why = "--reason", "x"
        no("there is no office '28OO1'; did you mean '28001'", "--office", "28OO1", "--form", "month", "--period", MONTH, *why)
        no("did you mean 'visits'", "--office", "28001", "--metric", "visit", "--period", MONTH, *why)
        no("the catalogue has no metric 'zzzzzzzz'", "--office", "28001", "--metric", "zzzzzzzz", "--period", MONTH, *why)
        no("'moon' is no", "--office", "28001", "--form", "moon", "--period", MONTH, *why)
        no("no metric is reported per week; what is reported, per: hour, day, month",
           "--office", "28001", "--form", "week", "--period", "2025-W20", *why)
        no("'2025-13'", "--office", "28001", "--form", "month", "--period", "2025-13", *why)
        no("'2025-06-30T14' is shorter than a day; excuse the day, or longer",
           "--office", "28001", "--form", "hour", "--period", "2025-06-30T14", *why)
        no("teams is reported per month, and none of that lies whole in 2025-06-30 of the civil calendar; name a month, "
           "or longer", "--office", "28001", "--metric", "teams", "--period", "2025-06-30", *why)
        no("not equally long: give both as a month",
           "--office", "28001", "--form", "day", "--period", MONTH, "--to", "2025-07-01", *why)
        no("it ends (2025-05) before it begins (2025-06)",
           "--office", "28001", "--form", "day", "--period", MONTH, "--to", "2025-05", *why)
        no("say why", "--office", "28001", "--form", "day", "--period", MONTH, "--reason", " ")
        no("may have 500", "--office", "28001", "--form", "day", "--period", MONTH, "--reason", "ờ" * 501)
        self.excuse("28001", "--form", "day", "--period", MONTH)
        no("excuse 1 has it for 2025-06 to 2025-06 already; take that back first (lantoa excuse end 1)",
           "--office", "28001", "--form", "day", "--period", "2025-06-30", *why)
        self.order("excuse", "end", "1")
        self.excuse("28001", "--form", "day", "--period", "2025-06-30")  # as it said
        self.excuse("28001", "--form", "day", "--period", "2025-06-29")
        for words in ([], ["--office", "28001", "--period", MONTH, *why],
                      ["--office", "28001", "--period", MONTH, "--metric", "teams", "--form", "month", *why]):
            self.assertEqual(self.lantoa("excuse", "add", *words).code, 2)
        with self.assertRaisesRegex(rig.Refusal, "must be a number"):
            self.province.post("/v1/excuses/end", excuse="x")
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

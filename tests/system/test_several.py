"""Several metrics in one question, as a person and as a program ask: the command, and HTTP."""

import csv
import io
import unittest

import rig


class Several(rig.Rig):
    def setUp(self):
        super().setUp()
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "visits" in agent.command("catalogue").out, "the catalogue")
        for period, words in (("2025-06-30", ["visits=12", "balance=1.25"]), ("2025-06-29", ["visits=10", "balance=-0.5"]),
                              ("2024-06-30", ["visits=8"]), ("2025-06", ["teams=3"])):
            self.assertEqual(agent.record(*words, "--period", period).code, 0)
            name = words[0].split("=")[0]  # each day is a batch of its own
            rig.wait_for(lambda name=name, period=period: self.province.value(name, **{"from": period}) is not None, period)

    def order(self, *words):
        outcome = self.lantoa(*words)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome.out

    def rows(self, *words):
        return list(csv.DictReader(io.StringIO(self.order(*words, "--format", "csv"))))

    def test_rows_are_those_of_each_alone(self):
        names = ["visits", "teams", "balance"]
        asked = ["--by", "commune", "--from", "2025-06", "--to", "2025-06", "--per", "month"]
        together = self.rows("query", ",".join(names), *asked)
        alone = [{"metric": name, **row} for name in names for row in self.rows("query", name, *asked)]
        self.assertEqual(together, alone)
        self.assertEqual(list(together[0])[:3], ["metric", "area", "name"])
        answer = self.province.get("/v1/query", name=",".join(names), by="commune", per="month", **{"from": "2025-06"})
        self.assertEqual([row["metric"] for row in answer["rows"]], [row["metric"] for row in alone])
        self.assertEqual(answer["units"], {"visits": "visit", "teams": "team", "balance": "đồng"})
        self.assertIn(":", answer["ledger"]["head"])

    def test_a_terminal_has_a_table_with_a_column_for_each(self):
        drawn = self.order("query", "visits,balance", "--by", "commune", "--area", "815", "--from", "2025-06-29",
                           "--to", "2025-06-30", "--total")
        lines = [line.split() for line in drawn.splitlines()]
        self.assertEqual(lines[0], ["Period", "Area", "Name", "visits", "balance"])
        self.assertEqual(lines[1], ["2025-06-29", "28001", "Phường", "Một", "10", "-0.5"])
        self.assertEqual(lines[2], ["2025-06-29", "28002", "Phường", "Hai", "-", "-"])
        self.assertEqual(lines[3], ["2025-06-29", "815", "Mỹ", "Tho", "(total)", "10*", "-0.5", "*"])
        self.assertEqual(lines[6], ["2025-06-30", "815", "Mỹ", "Tho", "(total)", "12*", "1.25*"])
        self.assertEqual(drawn.splitlines()[7:],
                         ["* not all that was due is in it, or the period is not over",
                          "- there is no value; --format csv has the reason"])
        points = {line.index(".") for line in drawn.splitlines()[1:7] if "." in line}
        self.assertEqual(len(points), 1)  # below one another

    def test_what_was_before_stands_beside_it(self):
        row = self.rows("query", "visits", "--area", "28001", "--from", "2025-06-30", "--to", "2025-06-30", "--versus", "year")[0]
        self.assertEqual([row[name] for name in ("value", "before_period", "before", "before_due", "before_reported",
                                                 "change", "change_percent", "change_reason")],
                         ["12", "2024-06-30", "8", "1", "1", "4", "50", ""])
        titles = self.order("query", "visits", "--area", "28001", "--from", "2025-06-30", "--to", "2025-06-30",
                            "--versus", "year").splitlines()[0]
        self.assertEqual(titles.count("Change, percent"), 1, titles)
        drawn = self.order("query", "visits,balance", "--area", "28001", "--from", "2025-06-30", "--to", "2025-06-30",
                           "--versus", "period")
        self.assertEqual(drawn.splitlines()[1].split(), ["2025-06-30", "28001", "Phường", "Một", "12", "20", "1.25", "350"])

    def test_wrong_usage_is_refused_before_anything_is_asked(self):
        for words in (["query", "visits", "--revisions", "--total"], ["query", "visits", "--revisions", "--versus", "year"]):
            self.assertEqual(self.lantoa(*words).code, 2)
        for arguments in ({"versus": "decade"}, {"total": "2"}, {"total": "1"}, {"name": "visits,visits"}, {"name": ",visits"}):
            with self.assertRaises(rig.Refusal) as refused:
                self.province.get("/v1/query", **{"name": "visits", **arguments})
            self.assertEqual(refused.exception.args[0], 400, arguments)


if __name__ == "__main__":
    unittest.main()

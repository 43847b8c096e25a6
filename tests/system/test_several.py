"""Several metrics in one question, as a person and as a program ask: the command, and HTTP."""

import csv
import io
import re
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
        self.assertEqual(drawn.splitlines()[:4], ["visits: Visits (visit)", "balance: Balance (đồng)",
                                                  "2025-06-29 to 2025-06-30, Mỹ Tho, by commune", ""])
        drawn = drawn.splitlines()[4:]
        lines = [line.split() for line in drawn]
        self.assertEqual(lines[0], ["Period", "Area", "Name", "visits", "balance"])
        self.assertEqual(lines[1], ["2025-06-29", "28001", "Phường", "Một", "10", "-0.5"])
        self.assertEqual(lines[2], ["2025-06-29", "28002", "Phường", "Hai", "-", "-"])
        self.assertEqual(lines[3], ["2025-06-29", "815", "Mỹ", "Tho", "(total)", "10*", "-0.5", "*"])
        self.assertEqual(lines[6], ["2025-06-30", "815", "Mỹ", "Tho", "(total)", "12*", "1.25*"])
        self.assertEqual(drawn[7:],
                         ["* not all that was due is in it, or the period is not over",
                          "- there is no value; --format csv has the reason"])
        points = {line.index(".") for line in drawn[1:7] if "." in line}
        self.assertEqual(len(points), 1)  # below one another

    def test_what_was_before_stands_beside_it(self):
        row = self.rows("query", "visits", "--area", "28001", "--from", "2025-06-30", "--to", "2025-06-30", "--versus", "year")[0]
        self.assertEqual([row[name] for name in ("value", "before_period", "before", "before_due", "before_reported",
                                                 "change", "change_percent", "change_reason")],
                         ["12", "2024-06-30", "8", "1", "1", "4", "50", ""])
        titles = self.order("query", "visits", "--area", "28001", "--from", "2025-06-30", "--to", "2025-06-30",
                            "--versus", "year").splitlines()
        self.assertEqual(titles[:2], ["Visits (visit), 2025-06-30, Phường Một", ""])
        titles = titles[2]
        self.assertEqual(titles.count("Change, percent"), 1, titles)
        drawn = self.order("query", "visits,balance", "--area", "28001", "--from", "2025-06-30", "--to", "2025-06-30",
                           "--versus", "period")
        self.assertEqual(drawn.splitlines()[5].split(), ["2025-06-30", "28001", "Phường", "Một", "12", "20", "%", "1.25", "350", "%"])

    def test_the_first_of_an_order_and_what_is_left_out(self):
        for code, value in (("28002", "9"), ("28003", "101")):
            self.province.post("/v1/figures", office=code, figures=f"visits={value}", period="2025-06-30")
        asked = ["query", "visits", "--by", "commune", "--from", "2025-06-29", "--to", "2025-06-30", "--total"]
        rows = self.rows(*asked, "--sort=-value")
        # Rows of each day stand as the newest has them: 101, 12, 9, and the one without a value.
        self.assertEqual([(row["area"], row["value"]) for row in rows],
                         [("28003", ""), ("28001", "10"), ("28002", ""), ("28004", ""), ("82", "10"),
                          ("28003", "101"), ("28001", "12"), ("28002", "9"), ("28004", ""), ("82", "122")])
        outcome = self.lantoa(*asked, "--top", "2")
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("--top 2 of 4: 4 rows are left out", outcome.out)
        self.assertEqual(re.findall(r" (2800\d|82) ", outcome.out), ["28003", "28001", "82"] * 2)
        self.assertIn("122", outcome.out)
        answer = self.province.get("/v1/query", name="visits", by="commune", top="1", sort="name:desc", **{"from": "2025-06-30"})
        self.assertEqual([answer["query"][key] for key in ("sort", "top", "top_of", "left_out_rows")],
                         ["name:desc", "1", "4", "3"])
        wide = self.lantoa("query", "balance,visits", "--by", "commune", "--from", "2025-06-30", "--sort", "visits:desc")
        self.assertEqual(re.findall(r" (2800\d) ", wide.out), ["28003", "28001", "28002", "28004"])
        missing = self.lantoa("completeness", "visits", "--from", "2025-06-29", "--to", "2025-06-30", "--top", "1",
                              "--format", "csv")
        self.assertIn("are left out", missing.err)

    def test_the_last_periods_are_those_that_are_over(self):
        answer = self.province.get("/v1/query", name="visits", last="3", known="2025-06-30T12:00")
        self.assertEqual([answer["query"][key] for key in ("last", "from", "to")], ["3", "2025-06-27", "2025-06-29"])
        answer = self.province.get("/v1/query", name="teams", last="2", known="2025-06-30")  # the end of that day
        self.assertEqual([row["period"] for row in answer["rows"]], ["2025-05", "2025-06"])
        newest = self.rows("query", "visits", "--from", "2025-06-30", "--to", "latest")[-1]["period"]
        self.assertEqual(self.rows("query", "visits", "--last", "1")[0]["period"], newest)

    def test_wrong_usage_is_refused_before_anything_is_asked(self):
        for words in (["query", "visits", "--revisions", "--total"], ["query", "visits", "--revisions", "--versus", "year"]):
            self.assertEqual(self.lantoa(*words).code, 2)
        for arguments in ({"versus": "decade"}, {"total": "2"}, {"total": "1"}, {"sort": "valeu"}, {"top": "0"},
                          {"last": "0"}, {"last": "2", "from": "2025"}, {"last": "2", "publication": "p"},
                          {"sort": "visits:value"}, {"revisions": "1", "top": "1"}, {"name": "visits,visits"}, {"name": ",visits"}):
            with self.assertRaises(rig.Refusal) as refused:
                self.province.get("/v1/query", **{"name": "visits", **arguments})
            self.assertEqual(refused.exception.args[0], 400, arguments)


if __name__ == "__main__":
    unittest.main()

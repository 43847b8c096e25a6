"""An edition of reference data that takes away what figures count by is asked about first."""

import json
import os
import unittest

import rig

MONTH = "2025-06"
DAY = "2025-06-30"
HEADER = rig.CATALOGUE.splitlines()[0] + "\n"


def without(text, begins):
    return "".join(line + "\n" for line in text.splitlines() if not line.startswith(begins))


class Editions(rig.Rig):
    def setUp(self):
        super().setUp()
        for code, teams in (("28001", 7), ("28003", 8)):
            agent = self.agent(code).start()
            rig.wait_for(lambda agent=agent: "teams" in agent.command("catalogue").out, "the catalogue")
            agent.record(f"teams={teams}", "--period", MONTH)
            agent.record("visits=3", "--label", "desk=1", "--period", DAY)
        rig.wait_for(lambda: self.figures() == (15, 6), "the figures")

    def figures(self):
        return tuple(self.province.value(name, **{"from": at, "to": at})
                     for name, at in (("teams", MONTH), ("visits", DAY)))

    def file(self, text):
        path = os.path.join(self.folder, "edition.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def edition(self, what, text, *words):
        return self.lantoa(what, "import", self.file(text), *words)

    def assert_asked(self, what, text, figures, offices, *names):
        """Refused with how many, and taken back whole; the trial run tells the same."""
        before = self.lantoa(what, "export").out
        outcome = self.edition(what, text)
        self.assertEqual((outcome.code, outcome.out), (1, ""), outcome)
        self.assertIn("nothing was changed", outcome.err)
        for name in names:
            self.assertIn(name, outcome.err)
        if figures is not None:
            self.assertRegex(outcome.err, rf": {figures}; .*: {offices}\. --dry-run")
        with self.assertRaises(rig.Refusal) as refused:
            self.province.put_csv(f"/v1/{what}", text)
        self.assertEqual(refused.exception.args[0], 409)
        told = json.loads(refused.exception.args[1])
        self.assertEqual((told["figures"], told["offices"]), (figures or 0, offices or 0))
        trial = json.loads(self.edition(what, text, "--dry-run", "--format", "json").out)
        self.assertEqual(trial["would"]["figures"], figures or 0)
        self.assertEqual(trial["would"]["needs_yes"], "yes")
        self.assertEqual(self.lantoa(what, "export").out, before)
        self.assertEqual(self.figures(), (15, 6))
        return trial["rows"]

    def test_a_catalogue_that_takes_away_is_asked_about(self):
        rows = self.assert_asked("catalogue", HEADER, 4, 2, "5 in all", "teams", "visits")
        self.assertEqual({(row["change"], row["row"]) for row in rows},
                         {("gone", name) for name in ("visits", "visits.b", "hours", "teams", "balance")})
        self.assertEqual([(row["figures"], row["offices"]) for row in rows if row["row"] == "teams"], [(2, 2)])
        self.assert_asked("catalogue", without(rig.CATALOGUE, "teams"), 2, 2, "1 in all, teams.")
        for old, new, column in ((",team,", ",person,", "unit"), ("month,,0,3", "month,,1,3", "decimals"),
                                 ("month,,0,3", "quarter,,0,1", "period"), ("day,desk", "day,", "dimensions"),
                                 ("stock,last,sum", "stock,last,mean", "area_agg"), (",2,0,\n", ",2,8,\n", "min")):
            self.assertIn(old, rig.CATALOGUE)
            self.assert_asked("catalogue", rig.CATALOGUE.replace(old, new), 2, 2, f"({column})")

    def test_what_takes_nothing_away_is_not(self):
        more = rig.CATALOGUE.replace("Tổ,Teams", "Tổ CN,Tech teams").replace(",2,0,\n", ",9,0,\n")
        more += "more,Thêm,More,visit,flow,sum,sum,day,,0,0,commune,1,0,\n"
        trial = self.edition("catalogue", more, "--dry-run")
        self.assertEqual(trial.code, 0, trial)
        self.assertRegex(trial.out, r"(?m)^new +more$|^new +more ")
        self.assertIn("Tech teams", trial.out)
        self.assertNotIn("more", self.lantoa("catalogue", "export").out)
        self.assertEqual(self.edition("catalogue", more).out, "The catalogue was changed.\n")
        self.assertEqual(self.figures(), (15, 6))
        self.assertNotIn("taken_away", self.lantoa("audit").out)

    def test_what_is_meant_is_done_and_in_the_audit(self):
        outcome = self.edition("catalogue", without(rig.CATALOGUE, "teams"), "--yes")
        self.assertEqual(outcome.out, "The catalogue was changed.\n", outcome)
        self.assertIn("confirmed=yes taken_away=1 figures=2 offices=2",
                      self.lantoa("audit", "--most", "1", "--format", "csv").out)
        held = self.lantoa("quarantine", "list", "--format", "csv").out.splitlines()[1:]
        self.assertEqual(len(held), 2, held)
        # As the manual says: the edition before, and a release, and all is as it was.
        self.assertEqual(self.edition("catalogue", rig.CATALOGUE).code, 0)
        self.lantoa("quarantine", "release", "--all")
        self.assertEqual(self.figures(), (15, 6))
        self.assert_whole()

    def test_units_that_go_are_asked_about_and_a_reform_is_not(self):
        rows = self.assert_asked("units", without(rig.UNITS, "28003"), 2, 1, "28003 1976-01-01.")
        self.assertIn(("gone", "28003 1976-01-01", 2, 1),
                      [(row["change"], row["row"], row["figures"], row["offices"]) for row in rows])
        ended = rig.UNITS.replace("Phường Ba,commune,816,1976-01-01,", "Phường Ba,commune,816,1976-01-01,{}")
        self.assert_asked("units", ended.format("2025-06-15"), 1, 1, "28003 1976-01-01 (valid_to)")
        outcome = self.edition("units", ended.format("2025-07-01"))
        self.assertEqual(outcome.out, "1 row was changed.\n", outcome)
        self.assertEqual(self.figures(), (15, 6))

    def test_successors_and_indicators_that_go_are_asked_about(self):
        header = "name,label_vi,label_en,formula,unit,target_year,target_value\n"
        row = "ratio,Tỷ lệ,Ratio,visits / teams,%,2030,10\n"
        self.assertEqual(self.edition("indicators", header + row).code, 0)
        self.assert_asked("indicators", header, None, None, "ratio")
        self.edition("units", rig.UNITS.replace("Phường Hai,commune,815,1976-01-01,",
                                                "Phường Hai,commune,815,1976-01-01,2026-01-01"))
        header = "effective_on,old_code,new_code,share\n"
        self.assertEqual(self.edition("successors", header + "2026-01-01,28002,28001,1\n").code, 0)
        self.assert_asked("successors", header, None, None, "2026-01-01 28002 28001")

    def test_a_trial_of_offices_adds_none(self):
        path = self.file("code,name,unit,from\n28001,Office 28001,28001,2020-01-01\nnew,New,28002,2025-01-01\n")
        trial = json.loads(self.lantoa("office", "import", path, "--dry-run", "--format", "json").out)
        self.assertEqual(trial["would"], {"added": 1, "figures": 0, "offices": 0, "needs_yes": "no"})
        self.assertEqual([(row["change"], row["row"]) for row in trial["rows"]], [("new", "new")])
        self.assertNotIn("new", self.lantoa("office", "list").out)
        folder = os.path.join(self.folder, "invitations")
        self.assertEqual(self.lantoa("office", "import", path, "--dry-run", "--invite", folder).code, 0)
        self.assertFalse(os.path.exists(folder))
        with self.assertRaises(rig.Refusal) as refused:
            self.province.call("POST", "/v1/offices", json.dumps({"code": "x"}), "application/json", dry_run=1)
        self.assertEqual(refused.exception.args[0], 400)

    def test_setup_asks_as_its_imports_do(self):
        folder = os.path.join(self.folder, "data")
        os.mkdir(folder)
        for name, text in (("units", rig.UNITS), ("successors", "effective_on,old_code,new_code,share\n"),
                           ("catalogue", HEADER),
                           ("indicators", "name,label_vi,label_en,formula,unit,target_year,target_value\n")):
            with open(os.path.join(folder, f"{name}.csv"), "w", encoding="utf-8") as file:
                file.write(text)
        trial = self.lantoa("setup", folder + "/", "--dry-run")
        self.assertEqual(trial.code, 0, trial)
        self.assertIn("catalogue.csv:", trial.out)
        self.assertIn("gone", trial.out)
        outcome = self.lantoa("setup", folder + "/")
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn("catalogue.csv was not taken", outcome.err)
        self.assertEqual(self.figures(), (15, 6))
        self.assertEqual(self.lantoa("setup", folder + "/", "--yes").code, 0)
        self.assertEqual(self.lantoa("catalogue", "export").out, HEADER)


if __name__ == "__main__":
    unittest.main()

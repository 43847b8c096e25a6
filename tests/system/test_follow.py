"""A reform's day: units end, and the offices that stood on them follow them, or end themselves."""

import csv
import io
import json
import unittest

import rig

ON = "2025-07-01"
UNITS = """code,name,level,parent,valid_from,valid_to
82,Tỉnh Tiền Giang,province,,1976-01-01,
815,Thành phố Mỹ Tho,district,82,1976-01-01,2025-07-01
816,Huyện Gò Công,district,82,1976-01-01,2025-07-01
28001,Phường Một,commune,815,1976-01-01,2025-07-01
28002,Phường Hai,commune,815,1976-01-01,2025-07-01
28003,Xã Ba,commune,816,1976-01-01,2025-07-01
28004,Xã Bốn,commune,816,1976-01-01,2025-07-01
28011,Phường Mỹ Tho,commune,82,2025-07-01,
28012,Phường Đạo Thạnh,commune,82,2025-07-01,
28004,Xã Bốn,commune,82,2025-07-01,
"""
SUCCESSORS = """effective_on,old_code,new_code,share
2025-07-01,28001,28011,1
2025-07-01,28002,28011,
2025-07-01,28002,28012,
"""


class Reform(rig.Rig):
    def order(self, *words):
        outcome = self.lantoa(*words)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome.out

    def rows(self, *words):
        return list(csv.DictReader(io.StringIO(self.order(*words, "--format", "csv"))))

    def value(self, name, **arguments):
        return str(self.province.value(name, **arguments))

    def reform(self):
        self.province.put_csv("/v1/units?yes=1", UNITS)
        self.province.put_csv("/v1/successors", SUCCESSORS)

    def visits(self, agent, day, value):
        self.assertEqual(agent.record(f"visits={value}", "--period", day).code, 0)

    def test_a_reforms_day(self):
        agents = [self.agent(code).start() for code in ("28001", "28002")]
        for agent in agents:
            rig.wait_for(lambda agent=agent: "visits" in agent.command("catalogue").out, "the catalogue")
            self.visits(agent, "2025-06-30", 1)
            self.visits(agent, "2025-07-02", 10)
        asked = {"from": "2025-06-30", "to": "2025-07-02", "per": "year"}
        rig.wait_for(lambda: self.value("visits", **asked) == "22", "the figures")
        self.reform()

        # It is said: at once, in status and in the list, with what to do.
        astray = "offices assigned to a unit that is no longer in force: 3 (such as 28001, to 28001 Phường Một"
        self.assertIn(astray, self.lantoa("status").out)
        self.assertIn("lantoa office follow --on 2025-07-01 --dry-run", self.lantoa("status").out)
        self.assertEqual([(row["code"], row["state"]) for row in self.rows("office", "list")],
                         [("28001", "unit-ended"), ("28002", "unit-ended"), ("28003", "unit-ended"), ("28004", "")])
        refused = self.lantoa("office", "follow")
        self.assertEqual((refused.code, refused.err), (2, "lantoa: say on which day: --on DAY\n"))

        # The dry run: who goes where, who is to be decided by hand; and nothing is changed.
        trial = self.rows("office", "follow", "--on", ON, "--dry-run")
        self.assertEqual([(row["office"], row["unit"], row["becomes"], row["becomes_name"], row["choice"]) for row in trial],
                         [("28001", "28001", "28011", "Phường Mỹ Tho", ""),
                          ("28002", "28002", "", "", "28011 Phường Mỹ Tho; 28012 Phường Đạo Thạnh"),
                          ("28003", "28003", "", "", "")])
        head = json.loads(self.order("office", "follow", "--on", ON, "--dry-run", "--format", "json"))
        self.assertEqual({key: str(n) for key, n in head["follow"].items()}, {"certain": "1", "by_hand": "2"})
        self.assertIn(astray, self.lantoa("status").out)

        # It is done once, the rest stays; and what waited counts when it is released.
        self.assertEqual(self.order("office", "follow", "--on", ON), "One office followed its unit.\n")
        self.assertEqual(self.order("office", "follow", "--on", ON), "No office was moved: those that are left are to be decided by hand.\n")
        self.assertEqual([row["state"] for row in self.rows("office", "list")], ["", "unit-ended", "unit-ended", ""])
        self.order("quarantine", "release", "--all")
        self.assertEqual(self.value("visits", area="28011", **{"from": "2025-07-02", "to": "2025-07-02"}), "10")
        self.assertEqual(self.value("visits", area="28001", **{"from": "2025-06-30", "to": "2025-06-30"}), "1")
        audit = self.rows("audit", "--kind", "office follow")
        self.assertEqual([row["detail"] for row in audit if row["what"] == "office follow"], ["on=2025-07-01 offices=1 by_hand=2"])
        self.assertIn("28011", self.order("history", "28001"))

        # By hand, by name.
        self.order("office", "move", "Office 28002", "--unit", "dao thanh", "--from", ON)
        self.assertEqual(self.rows("office", "show", "28002")[-1]["unit"], "28012")
        self.assert_whole()

    def test_an_office_ends(self):
        agent = self.agent("28003").start()
        rig.wait_for(lambda: "visits" in agent.command("catalogue").out, "the catalogue")
        self.visits(agent, "2025-07-30", 1)
        self.visits(agent, "2025-08-02", 10)
        asked = {"from": "2025-07-01", "to": "2025-08-31", "per": "year"}
        rig.wait_for(lambda: self.value("visits", **asked) == "11", "the figures")

        def due(month):
            rows = self.rows("completeness", "teams", "--by", "office", "--from", month, "--to", month)
            return sum(int(row["due"]) for row in rows if row["area"] == "28003")

        self.assertEqual((due("2025-06"), due("2025-08")), (1, 1))
        trial = self.rows("office", "end", "28003", "--on", "2025-08-01", "--dry-run")
        self.assertEqual([(row["office"], row["unit"], row["until"]) for row in trial], [("28003", "28003", "2025-07-31")])
        self.assertEqual(due("2025-08"), 1)
        self.assertEqual(self.order("office", "end", "28003", "--on", "2025-08-01"), "The office was ended.\n")
        self.assertEqual(self.order("office", "end", "28003", "--on", "2025-08-01"), "Nothing was changed: it was so already.\n")
        self.assertEqual((due("2025-06"), due("2025-08")), (1, 0))
        self.assertEqual(self.value("visits", **asked), "1")  # of days it was none any more: it waits
        self.visits(agent, "2025-07-31", 5)  # late, of before
        rig.wait_for(lambda: self.value("visits", **asked) == "6", "what came late")
        self.assertEqual({row["code"]: row["state"] for row in self.rows("office", "list")}["28003"], "ended")
        refused = self.lantoa("office", "end", "28003", "--on", "2019-01-01")
        self.assertIn("there is nothing to end", refused.err)
        self.assert_whole()

    def test_the_audit_is_asked_for_a_part(self):
        self.order("office", "rename", "28001", "Phòng Văn hóa")
        self.order("close", "2025-05")
        events = self.rows("audit")
        renamed = next(row for row in events if row["what"] == "office rename")

        def asked(*words):
            return [row["event"] for row in self.rows("audit", *words)]

        for words in (["--kind", "office rename"], ["--kind", "office renamed"], ["--kind", "office rename",
                      "--office", "phòng văn hóa"]):
            self.assertEqual(asked(*words), [renamed["event"]], words)
        self.assertIn(renamed["event"], asked("--office", "28001"))
        self.assertNotIn(events[0]["event"], asked("--office", "28001"))
        self.assertEqual(asked("--who", renamed["who"], "--kind", "office rename"), [renamed["event"]])
        self.assertEqual(asked("--after", renamed["event"]), [row["event"] for row in events if int(row["event"]) > int(renamed["event"])])
        self.assertEqual(asked("--before", renamed["event"]), [row["event"] for row in events if int(row["event"]) < int(renamed["event"])])
        self.assertEqual(asked("--from", renamed["at"][:10]), [row["event"] for row in events])
        self.assertEqual(asked("--to", "2020"), [])
        for words, said in ((["--kind", "office renam"], "kind: there are no acts 'office renam'; did you mean 'office rename'"),
                            (["--kind", "zzz"], "kind: there are no acts 'zzz'; there are, for example,"),
                            (["--who", renamed["who"] + "x"], f"did you mean '{renamed['who']}'?"),
                            (["--who", "zzz"], "`lantoa account list` shows who did"),
                            (["--office", "28OO1"], "did you mean '28001'")):
            refused = self.lantoa("audit", *words)
            self.assertEqual(refused.code, 1, refused)
            self.assertIn(said, refused.err)
        self.order("account", "list")
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

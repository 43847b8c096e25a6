"""Whom the province hears of, with real agents and lines: what is told of each key, by what an operator asks, and that it is
kept."""

import csv
import json
import sqlite3
import unittest

import rig


class Heard(rig.Rig):
    offices = rig.COMMUNES

    def heard(self, *options):
        outcome = self.lantoa("--format", "json", "office", "list", *options)
        self.assertEqual(outcome.code, 0, outcome)
        return {row["office"]: row for row in json.loads(outcome.out)["rows"]}

    def assert_silent(self, expected, *options):
        self.assertEqual(list(self.heard(*options)), expected, options)

    def past(self, code, hours):
        """As if the office had been heard last so long ago; the province is down meanwhile."""
        with sqlite3.connect(f"{self.province.folder}/lantoa.db") as database:
            done = database.execute(
                "UPDATE contact SET at_us = at_us - ? WHERE office = (SELECT id FROM office WHERE code = ?)",
                (hours * 3600 * 1000000, code))
            self.assertEqual(done.rowcount, 2)  # the invitation that brought it, and its key
        database.close()

    def test_what_each_agent_says_is_told_and_kept(self):
        agent = self.agent("28001").start()
        probe = self.enrolled_probe("28002")
        probe.ask("hello", 7, 0, 1, 2, hear="welcome")  # of before protocol 3
        rig.wait_for(lambda: self.heard("--heard")["28001"]["clock"], "the agent's greeting")
        version = rig.run([f"{rig.BUILD}/aggregator/lantoa", "--version"]).out.split()[-1]
        told = self.heard("--heard")
        self.assertEqual(list(told), self.offices)
        first, second, third = (told[code] for code in self.offices[:3])
        self.assertEqual((first["key"], first["version"], first["protocol"], first["backlog"], first["push_interval"]),
                         ("active", version, 3, 0, 1))
        self.assertEqual(first["connections"], 1)
        self.assertRegex(first["last_contact"], r"^20\d\d-")
        self.assertEqual((second["protocol"], second["backlog"], second["clock"], second["connections"]),
                         (2, None, None, 1))
        self.assertEqual((third["key"], third["last_contact"], third["version"], third["connections"]),
                         ("none", None, None, 0))

        # another machine is enrolled: both keys stay known, and the new one speaks for the office
        other = self.enrolled_probe("28002")
        other.ask("hello", 8, 0, hear="welcome")
        shown = self.lantoa("office", "show", "28002").out
        self.assertRegex(shown, r"Key \d+: active, heard 20[^;]*, connections: 1; lantoa-agent [^;]*protocol 3")
        self.assertRegex(shown, r"Key \d+: revoked, heard 20[^;]*, connections: 0; lantoa-agent [^;]*protocol 2")
        self.assertEqual(self.heard("--heard")["28002"]["protocol"], 3)

        # a province that starts anew knows it all, though nobody connects
        agent.process.stop()
        rig.wait_for(lambda: self.heard("--heard")["28001"]["connections"] == 0, "the line to be closed")
        before = self.heard("--heard")
        probe.close()
        other.close()
        self.province.process.stop()
        self.province.start()
        after = self.heard("--heard")
        for code in self.offices:
            before[code]["connections"] = 0
            self.assertEqual(after[code], before[code])
        self.assertIn(version, self.lantoa("status").out)
        self.assert_whole()

    def test_who_needs_a_call(self):
        self.agent("28001").start()
        for code in ("28002", "28003"):
            self.enrolled_probe(code).ask("hello", 7, 0, 3, 3, hear="welcome")
        rig.wait_for(lambda: self.heard("--heard")["28001"]["clock"], "the agent's greeting")
        self.province.process.stop()
        self.past("28002", 50)
        self.past("28003", 30)
        for probe in self.probes:
            probe.close()
        self.province.start()
        rig.wait_for(lambda: self.heard("--heard")["28001"]["connections"] == 1, "the agent to come again")

        self.assert_silent(["28004", "28002", "28003"], "--silent")
        self.assert_silent(["28004", "28002"], "--silent", "2d")
        self.assert_silent(["28004", "28002"], "--silent=48h")
        self.assert_silent(["28004"], "--silent", "3010m")
        self.assert_silent([], "--behind", "0.0.1")
        self.assert_silent(["28001", "28002", "28003"], "--behind", "99.0")
        self.assertEqual(self.heard("--behind", "99")["28001"]["why"], "behind")

        # every office is late for May; what is in is in
        late = self.heard("--late")
        self.assertEqual(sorted(late), self.offices)
        self.assertRegex(late["28002"]["overdue"], r"20\d\d-\d\d-\d\d: visits, visits\.b, hours(, \+\d)?; 20\d\d-\d\d: teams")
        self.assertEqual(late["28002"]["why"], "late")
        both = self.heard("--silent", "2d", "--late", "--behind", "99")
        self.assertEqual(sorted(both), self.offices)
        self.assertEqual([both[code]["why"] for code in ("28004", "28002", "28003", "28001")],
                         ["late, silent", "late, silent, behind", "late, behind", "late, behind"])
        self.assertEqual(list(both)[0], "28004")

        # for people and for spreadsheets
        table = self.lantoa("office", "list", "--silent", "2d", "--late").out
        for word in ("Silent since", "Late since", "Overdue", "Why", "late, silent", "Program"):
            self.assertIn(word, table)
        rows = list(csv.DictReader(self.lantoa("--format", "csv", "office", "list", "--silent", "2d").out.splitlines()))
        self.assertEqual([row["office"] for row in rows], ["28004", "28002"])
        self.assertEqual(self.lantoa("office", "list", "--behind", "0.0.1").out, "There is no such office.\n")
        # without an option it is the register, as ever
        self.assertTrue(self.lantoa("--format", "csv", "office", "list").out.startswith("code,name,unit,"))

    def test_what_is_no_question(self):
        for words in (("2d",), ("--late", "2d"), ("--silent=2d", "2d"), ("--silent", "2d", "3d"), ("--behind",),
                      ("--heard=1",)):
            self.assertEqual(self.lantoa("office", "list", *words).code, 2, words)
        for words in (("--silent", "2w"), ("--silent=-1d",), ("--silent", "d"), ("--silent", "99999999999d"),
                      ("--silent", "36601d"), ("--behind", "newest")):
            outcome = self.lantoa("office", "list", *words)
            self.assertEqual(outcome.code, 1, outcome)
            self.assertRegex(outcome.err, "silent: write for how long, such as 2d|behind: 'newest' is not a version")
        for query in ("late=2", "all=yes", "silent=", "sielnt=1"):
            with self.assertRaises(rig.Refusal) as refused:
                self.province.get("/v1/offices/heard?" + query)
            self.assertEqual(refused.exception.args[0], 400, query)


if __name__ == "__main__":
    unittest.main()

"""What status says of offices is so, at the province and at the office."""

import csv
import json
import sqlite3
import unittest

import rig


class Status(rig.Rig):
    offices = rig.COMMUNES[:3]

    def office_row(self, code):
        return next(row for row in self.province.status()["rows"] if row["office"] == code)

    def contact(self, code):
        return self.office_row(code)["last_contact"]

    def test_a_quiet_office_is_told_from_a_dead_one(self):
        """A greeting and a ping are contact, without a figure, and a restart forgets neither."""
        probe = self.enrolled_probe("28001")
        probe.ask("hello", 7, 0, hear="welcome")
        self.assertIsNotNone(self.contact("28001"))
        self.assertIsNone(self.office_row("28001")["last_received"])
        self.assertIsNone(self.contact("28002"))
        last = self.contact("28001")

        self.province.process.stop()
        self.province.start()
        self.assertEqual(self.contact("28001"), last)
        self.assertEqual(self.province.status()["offices"]["silent"], 0)
        self.assertNotIn("offices_silent", self.province.status().get("note", {}))
        for command in (("status",), ("office", "list"), ("office", "show", "28001")):
            self.assertIn("Last contact", self.lantoa(*command).out, command)
            rows = csv.DictReader(self.lantoa("--format", "csv", *command).out.splitlines())
            told = {row.get("office", row.get("code")): row["last_contact"] for row in rows}
            self.assertEqual(told["28001"], last, command)

        self.province.process.stop()
        with sqlite3.connect(f"{self.province.folder}/lantoa.db") as database:
            database.execute("UPDATE contact SET at_us = at_us - 27 * 3600 * 1000000")
        database.close()
        self.province.start()
        status, yesterday = self.lantoa("status"), self.contact("28001")
        self.assertEqual(status.code, 0, status)
        self.assertIn("Offices without contact for more than a day: 1", status.out)
        self.assertRegex(self.province.status()["note"]["offices_silent"],
                         r"offices without contact for more than a day: 1, 28001 the longest")
        probe.hear("connected")  # which is none yet: libzmq does that by itself
        self.assertEqual(self.province.status()["offices"]["silent"], 1)
        probe.ask("ping", hear="pong")
        self.assertEqual(self.province.status()["offices"]["silent"], 0)
        self.assertNotEqual(self.contact("28001"), yesterday)
        self.assert_whole()

    def test_an_office_that_is_let_in_no_more_says_so(self):
        """With the connection that is cut off, not minutes later; revoked, or replaced by another
        machine; and what it records stays with it."""
        for replaced in (False, True):
            code = self.offices[replaced]
            agent = self.agent(code).start()
            self.assertEqual(agent.record("visits=5", "--period", "2025-06-30").code, 0)
            rig.wait_for(lambda: "the province has every figure" in agent.command("status").out,
                         "the figure to be acked")
            if replaced:
                self.enrolled_probe(code)
            else:
                self.assertEqual(self.lantoa("office", "revoke", code).code, 0)
            told = rig.wait_for(
                lambda: (lambda outcome: outcome if "key in (any more)" in outcome.out else None)(
                    agent.command("status")), "the agent to know", 20)
            self.assertEqual(told.code, 1, told)
            self.assertNotIn("connected:", told.out)
            self.assertNotIn("has every figure", told.out)
            self.assertEqual(agent.record("visits=6", "--period", "2025-06-30").code, 0)
            agent.process.logged("key in \\(any more\\)")
        self.assertEqual(self.province.counter("gate", "cut_revoked"), 2)
        self.assertEqual([row["value"] for row in self.province.query(
            "visits", area="82", by="office", **{"from": "2025-06-30", "to": "2025-06-30"})
            if row["area"] in self.offices[:2]], [5, 5])
        self.assertEqual(self.province.counter("gate", "frames_revoked"), 0)
        self.assert_whole()

    def told(self, code):
        """How many figures the province holds, and how many it let in."""
        status = json.loads(self.agents[code].command("status", "--json").out)
        return (status["spool"]["held"], sum(row["figures"] for row in status["standing"].get("released", [])))

    def next_contact(self, code, expected):
        self.province.process.stop()
        self.province.start()
        rig.wait_for(lambda: self.told(code) == expected, f"{expected} to be told")

    def test_what_was_released_of_an_office_is_no_longer_told_as_held(self):
        """Some of it, and then all; what is held later is not taken for released."""
        agent = self.agent("28001").start()

        def record(period):
            self.assertEqual(agent.record("visits=7", "--period", period).code, 0)

        for day in range(1, 6):
            record(f"2019-06-0{day}")
        rig.wait_for(lambda: self.told("28001") == (5, 0), "the province to hold all five")
        self.next_contact("28001", (5, 0))
        self.lantoa("office", "move", "28001", "--unit", "28001", "--from", "2019-06-03")
        released = self.lantoa("quarantine", "release", "--all")
        self.assertIn("Released: 3", released.out)
        self.next_contact("28001", (2, 3))
        shown = agent.command("status").out
        self.assertRegex(shown, "held back: +2 figures")
        self.assertRegex(shown, "let in: +3 figures")
        self.assertIn("holds figures of this office back", shown)
        record("2019-05-01")
        rig.wait_for(lambda: self.told("28001") == (3, 3), "one more to be held")
        self.next_contact("28001", (3, 3))
        self.lantoa("office", "move", "28001", "--unit", "28001", "--from", "2019-05-01")
        self.assertIn("Released: 3", self.lantoa("quarantine", "release", "--all").out)
        self.next_contact("28001", (0, 6))
        rig.wait_for(lambda: "the province has every figure" in agent.command("status").out, "it to be connected again")
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

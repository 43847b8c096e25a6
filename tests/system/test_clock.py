"""Figures of "now" on a machine whose clock nobody vouches for, as this one's may be: they wait, and
get their day from the province, or from a clerk after a power cut."""

import datetime
import sqlite3
import unittest
import zoneinfo

import chain
import rig

TODAY = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Ho_Chi_Minh")).date().isoformat()
DAY_US = 86400 * 1000000


class Clock(rig.Rig):
    def undated(self, value, code="28001"):
        """An agent that is not running, with a figure that waits for its day."""
        agent = self.agent(code)
        outcome = agent.record(f"visits={value}")
        self.assertEqual(outcome.code, 0, outcome)
        listed = agent.command("clock").out
        if "start 1" not in listed:
            self.skipTest(f"this machine knows what time it is: {listed.splitlines()[0]}")
        self.assertIn("1 figure of visits", listed)
        return agent

    def cut_power(self, agent):
        """To the spool, the machine that comes back is another start of it."""
        with sqlite3.connect(f"{agent.folder}/spool.db") as spool:
            spool.execute("UPDATE undated SET boot = 'of yesterday'")

    def wait_value(self, value, day, area="28001"):
        rig.wait_for(lambda: self.province.value("visits", area=area,
                                                 **{"from": day, "to": day}) == value,
                     f"{value} on {day}")

    def test_the_province_tells_the_time(self):
        agent = self.undated(5)
        agent.start()
        self.wait_value(5, TODAY)
        listed = agent.command("clock").out
        self.assertIn("told by the province", listed)
        self.assertNotIn("start 1", listed)
        self.assertEqual(agent.record("visits=2", "--add").code, 0)
        self.wait_value(7, TODAY)
        agent.process.stop()
        self.assertEqual(agent.record("visits=1", "--add").code, 0, "what was heard is kept")
        self.assertNotIn("start 1", agent.command("clock").out)
        self.assert_whole()

    def set_back(self, days):
        """The province's clock, as its books see it: what they have came @days later."""
        self.province.process.stop()
        with sqlite3.connect(f"{self.province.folder}/lantoa.db") as store:
            for table, column in (("journal", "received_us"), ("spool", "last_received_us"),
                                  ("arrival", "first_us"), ("arrival", "last_us"), ("event", "at_us")):
                store.execute(f"UPDATE {table} SET {column} = {column} + ?", (days * DAY_US,))
            chain.relink(store)
        store.close()
        self.province.start()

    def test_a_province_set_back_blames_no_office_and_tells_no_time(self):
        early = self.agent("28001")
        self.assertEqual(early.record("visits=5", "--period", "2025-06-30").code, 0)
        early.start()
        self.wait_value(5, "2025-06-30")  # late, whatever the books are made to say of its coming
        self.set_back(10)
        agent = self.undated(8, "28002")
        week = (datetime.date.fromisoformat(TODAY) + datetime.timedelta(days=7)).isoformat()
        self.assertEqual(agent.record("visits=7", "--period", week).code, 0)
        agent.start()
        self.wait_value(7, week, "28002")
        listed = agent.command("clock").out
        self.assertNotIn("told by the province", listed, "no time is better than a wrong one")
        self.assertIn("start 1", listed)
        # what came meanwhile does not quiet it
        self.assertRegex(self.province.status()["ill"]["clock_behind"], r"clock is 8[0-9]{5} s behind")
        self.assert_whole()
        self.set_back(-10)
        self.wait_value(8, TODAY, "28002")
        self.assertNotIn("clock_behind", self.province.status().get("ill", {}))
        self.set_back(-800)  # a year that was mistyped: the ledger could not come back from there
        self.assertRegex(self.province.status()["ill"]["clock_jumped"], r"jumped ahead by [78][0-9]{2} days")
        self.set_back(800)
        self.assertNotIn("clock_jumped", self.province.status().get("ill", {}))

    def test_a_line_of_the_future_costs_itself_alone(self):
        """The command's own clock may know less than the agent's."""
        agent = self.agent("28001").start()
        rig.wait_for(lambda: '"known": true' in agent.command("clock").out
                     or "told by the province" in agent.command("clock").out, "the province")
        table = "Kỳ;teams\n05/2025;3\n12/2099;4\n06/2025;5\n"
        outcome = agent.command("import", "-", stdin=table)
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn("-:3: ", outcome.err)
        self.assertIn("'2099-12' has not begun", outcome.err)
        self.assertIn("2 figures recorded, 1 rejected", outcome.out)
        agent.process.stop()

    def test_a_clerk_says_which_day_it_was(self):
        agent = self.undated(9)
        self.cut_power(agent)
        agent.start()
        rig.wait_for(lambda: "told by the province" in agent.command("clock").out, "the province")
        status = agent.command("status")
        self.assertEqual(status.code, 1, status)
        self.assertIn("lantoa-agent clock", status.out)
        self.assertEqual(agent.command("clock", "assign", "1", "2999-01-01").code, 1)
        self.assertEqual(agent.command("clock", "assign", "1", "someday").code, 1)
        self.assertEqual(agent.command("clock", "assign", "1").code, 2)
        outcome = agent.command("clock", "assign", "1", "2025-06-30T07:40")
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("1 figure dated", outcome.out)
        self.wait_value(9, "2025-06-30")
        self.assertEqual(agent.command("clock", "drop", "1").code, 1, "it is gone")
        self.assert_whole()

    def test_what_nobody_remembers_is_dropped_by_order(self):
        agent = self.undated(9)
        self.cut_power(agent)
        outcome = agent.command("clock", "drop", "1")
        self.assertEqual(outcome.code, 0, outcome)
        self.assertNotIn("start 1", agent.command("clock").out)


if __name__ == "__main__":
    unittest.main()

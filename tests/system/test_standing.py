"""What the province tells one office about itself: closings, what waits, what was let in."""

import re
import time
import unittest

import rig

DAY = "2025-06-30"
SOON_S = 120  # as the manual promises it while an office is connected


class Standing(rig.Rig):
    offices = rig.COMMUNES[:2]

    def order(self, *words):
        outcome = self.lantoa(*words)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome.out

    def status(self, agent):
        outcome = agent.command("status")
        self.assertEqual(outcome.err, "")
        return outcome.out

    def standing(self, agent):
        """As the agent itself answers: None before it was told."""
        return rig.http_call(f"{agent.folder}/agent.sock", "GET", "/v1/status")["standing"]

    def begin(self):
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "visits" in agent.command("catalogue").out, "the catalogue")
        agent.record("visits=12", "--period", DAY)
        rig.wait_for(lambda: str(self.province.value("visits", **{"from": DAY, "to": DAY})) == "12", "the figure")
        rig.wait_for(lambda: self.standing(agent), "what it is told with its first contact")
        return agent

    def hold(self, agent):
        self.order("close", "2025-06")
        self.assertEqual(agent.record("visits=21", "--period", DAY).code, 0)
        rig.wait_for(lambda: "the period is closed" in agent.command("spool", "list").out, "the notice")

    def test_all_of_it_while_connected(self):
        """Nothing is sent meanwhile: a Pong alone tells."""
        agent = self.begin()
        self.assertEqual(self.standing(agent)["unit"], "28001")
        self.assertEqual(self.standing(agent)["closed"], [])
        self.hold(agent)
        self.order("quarantine", "release", "--all", "--closed")
        begun = time.monotonic()
        rig.wait_for(lambda: self.standing(agent)["released"], "the release", SOON_S)
        rig.wait_for(lambda: "quarantined by the province" not in agent.command("spool", "list").out,
                     "the figure is refused no more")
        print(f"a release was known after {time.monotonic() - begun:.0f} s", flush=True)
        told = self.standing(agent)
        self.assertEqual([row["figures"] for row in told["released"]], [1])
        self.assertEqual([row["period"] for row in told["closed"]], ["2025-06"])
        shown = self.status(agent)
        self.assertRegex(shown, r"let in: +1 figures, .*: the period is closed")
        self.assertRegex(shown, r"closed: +2025-06; what is sent for them waits")
        self.assertRegex(shown, r"quarantined: +0 figures")
        self.assertNotIn("holds figures of this office back", shown)
        self.assert_whole()

    def test_at_the_next_contact_and_after_restarts_of_either_side(self):
        agent = self.begin()
        self.hold(agent)
        agent.process.stop()
        self.order("quarantine", "release", "--all", "--closed")
        self.order("close", "2025-05", "--metric", "visits")
        agent.start()
        rig.wait_for(lambda: self.standing(agent)["released"], "the release")
        rig.wait_for(lambda: "quarantined by" not in agent.command("spool", "list").out, "no refusal")
        # It is on the office's disk: known without a province, and without an agent.
        self.province.process.stop()
        agent.process.kill()
        self.assertRegex(self.status(agent), r"closed: +2025-06, 2025-05 \(visits\);")
        said = agent.record("visits=22", "--period", DAY)
        self.assertEqual(said.code, 0, said)
        self.assertRegex(said.err, r"visits: the period is closed since \d{4}-\d\d-\d\d: what you send is recorded")
        self.assertEqual(agent.record("visits.b=3", "--period", "2025-05-31").err, "")
        agent.start()
        said = agent.record("visits=23", "--period", "2025-05-31")
        self.assertIn("the period is closed since", said.err)
        # A reopening while the office is cut off.
        self.province.start()
        self.order("reopen", "2025-05", "--metric", "visits")
        rig.wait_for(lambda: len(self.standing(agent)["closed"]) == 1, "the reopening", SOON_S)
        self.assertEqual(agent.record("visits=24", "--period", "2025-05-31").err, "")
        self.order("quarantine", "release", "--all", "--closed")
        rig.wait_for(lambda: re.search(r"quarantined: +0 ", self.status(agent)), "all is let in", SOON_S)
        self.assert_whole()

    def test_another_unit_is_told(self):
        agent = self.begin()
        self.order("office", "move", "28001", "--unit", "28002", "--from", "2025-01-01")
        agent.process.stop()
        agent.start()
        rig.wait_for(lambda: self.standing(agent)["unit"] == "28002", "the unit")
        self.assertEqual(self.standing(agent)["unit_name"], "Phường Hai")

    def test_agents_of_before_are_told_nothing_of_it(self):
        old = self.enrolled_probe("28001")
        old.ask("hello", 7, 0, 1, 2, hear="welcome .* protocol=2")
        old.ask("ping", hear="pong catalogue=.* standing=0$")
        old.ask("hello", 7, 0, 1, 3, hear="welcome .* protocol=3")
        version = old.ask("ping", hear="pong catalogue=.* standing=([1-9][0-9]*)$").group(1)
        old.ask("standing", hear=f"standing version={version} closed=0 waiting=0 released=0$")
        self.order("close", "2025-05")

        def another():
            time.sleep(0.5)  # an office may ask twice a second
            return old.ask("ping", hear="pong catalogue=.* standing=([1-9][0-9]*)$").group(1) != version
        rig.wait_for(another, "another version")
        old.ask("standing", hear="standing version=[1-9][0-9]* closed=1 waiting=0 released=0$")


if __name__ == "__main__":
    unittest.main()

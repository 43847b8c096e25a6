"""A machine that was set back to an older copy of itself, or copied: the province keeps what it has."""

import os
import shutil
import types
import unittest

import rig

JUNE = {"from": "2025-06-29", "to": "2025-06-29"}
DAY = {"from": "2025-06-30", "to": "2025-06-30"}
NEXT = {"from": "2025-07-01", "to": "2025-07-01"}


class SetBack(rig.Rig):
    def given(self, agent, value, day):
        outcome = agent.record(f"visits={value}", "--period", day)
        self.assertEqual(outcome.code, 0, outcome)

    def arrived(self, agent, value, days):
        rig.wait_for(lambda: self.province.value("visits", area="28001", **days) == value,
                     f"{value} to arrive")
        rig.wait_for(lambda: agent.command("spool", "unsent").out.strip() == "0", "the ack")

    def told(self, agent, words):
        rig.wait_for(lambda: words in agent.command("status").out, f"'{words}' in the status")

    def with_image(self):
        """An agent at 7 and 100, and the folder as it was at 6 and 80."""
        agent = self.agent("28001").start()
        self.given(agent, 6, "2025-06-29")
        self.arrived(agent, 6, JUNE)
        self.given(agent, 80, "2025-06-30")
        self.arrived(agent, 80, DAY)
        agent.process.stop()
        image = os.path.join(self.folder, "image")
        shutil.copytree(agent.folder, image, ignore=shutil.ignore_patterns("agent.sock"))
        agent.start()
        self.given(agent, 7, "2025-06-29")
        self.given(agent, 100, "2025-06-30")
        self.arrived(agent, 7, JUNE)
        self.arrived(agent, 100, DAY)
        return agent, image

    def set_back(self, agent, image):
        agent.process.stop()
        shutil.rmtree(agent.folder)
        shutil.copytree(image, agent.folder)
        agent.start()

    def held(self):
        return [(row["period"], row["value"]) for row in self.province.get("/v1/quarantine")["rows"]]

    def as_before(self):
        self.assertEqual(self.province.value("visits", area="28001", **JUNE), 7)
        self.assertEqual(self.province.value("visits", area="28001", **DAY), 100)

    def test_newer_figures_stand_and_both_sides_say_so_until_an_operator_decides(self):
        agent, image = self.with_image()
        self.set_back(agent, image)
        self.told(agent, "older copy")
        self.as_before()
        self.assertEqual(sorted(self.held()), [("2025-06-29", 6), ("2025-06-30", 80)])
        self.assertIn("set_back", self.province.status()["note"])
        self.assert_logged("sessions: a spool goes on from another office=28001")
        agent.process.logged("all current figures are sent again")
        # what nobody has counts, and what agrees with the province too
        self.given(agent, 9, "2025-07-01")
        self.arrived(agent, 9, NEXT)
        self.given(agent, 7, "2025-06-29")
        self.arrived(agent, 7, JUNE)
        self.assertEqual(len(self.held()), 2)
        # a figure typed since is held as well: nobody knows whether it goes on from 80
        self.given(agent, 90, "2025-06-30")
        rig.wait_for(lambda: len(self.held()) == 3, "90 to be held")
        self.as_before()
        # to judge them anew is not to decide
        outcome = self.lantoa("quarantine", "release", "--all")
        self.assertEqual(outcome.code, 0, outcome)
        self.as_before()
        outcome = self.lantoa("quarantine", "release", "--office", "28001", "--older-copy")
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(self.held(), [])
        self.assertEqual(self.province.value("visits", area="28001", **JUNE), 7)
        self.assertEqual(self.province.value("visits", area="28001", **DAY), 90)
        self.assertNotIn("set_back", self.province.status().get("note", {}))
        # the office hears of it with its next contact
        agent.process.stop()
        agent.start()
        self.told(agent, "the province has every figure")
        shown = agent.command("status").out
        self.assertRegex(shown, "held back: +0 figures")
        self.assertNotIn("older copy", shown.partition("let in:")[0])
        self.assert_whole()

    def test_a_copied_machine_beside_the_one_it_is_a_copy_of(self):
        agent, image = self.with_image()
        twin = rig.Agent(types.SimpleNamespace(folder=os.path.join(self.folder, "twin")), "28001")
        self.agents["twin"] = twin
        conf = twin.conf
        with open(conf, encoding="utf-8") as text:
            own = text.read()
        shutil.rmtree(twin.folder)
        shutil.copytree(image, twin.folder)
        with open(conf, "w", encoding="utf-8") as text:
            text.write(own)
        twin.start()
        self.told(twin, "older copy")
        self.as_before()
        self.given(agent, 8, "2025-06-29")  # the one that is no copy goes on
        self.arrived(agent, 8, JUNE)
        self.given(twin, 70, "2025-06-30")
        rig.wait_for(lambda: ("2025-06-30", 70) in self.held(), "70 to be held")
        self.given(twin, 3, "2025-07-01")
        self.arrived(twin, 3, NEXT)
        self.assertEqual(self.province.value("visits", area="28001", **DAY), 100)
        shown = agent.command("status").out
        self.assertRegex(shown, "held back: +0 figures")
        self.assertNotIn("older copy", shown.partition("let in:")[0])
        self.assert_whole()

    def test_set_back_twice_to_the_same_image(self):
        agent, image = self.with_image()
        self.set_back(agent, image)
        self.told(agent, "older copy")
        self.given(agent, 5, "2025-07-01")
        self.arrived(agent, 5, NEXT)
        self.set_back(agent, image)
        self.told(agent, "older copy")
        self.given(agent, 4, "2025-07-01")  # the image of before never knew the 5
        rig.wait_for(lambda: ("2025-07-01", 4) in self.held(), "4 to be held")
        self.as_before()
        self.assertEqual(self.province.value("visits", area="28001", **NEXT), 5)
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

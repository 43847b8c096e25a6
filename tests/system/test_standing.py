"""What the province tells one office about itself: closings, what waits, what was let in."""

import csv
import io
import json
import os
import re
import time
import unittest
import urllib.request

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

    def page(self, agent, language):
        """As the clerk sees it: the words without their marks."""
        address = agent.process.logged(r"page: serving address=(http://127.0.0.1:\d+)").group(1)
        asked = urllib.request.Request(address, headers={"Accept-Language": language})
        with urllib.request.urlopen(asked) as answer:
            return " ".join(re.sub("<[^>]*>", " ", answer.read().decode()).split())

    def begin(self, page=""):
        agent = self.agent("28001")
        agent.write_conf(page=page)
        agent.start()
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
        rig.wait_for(lambda: "held back by the province" not in agent.command("spool", "list").out,
                     "the figure is refused no more")
        print(f"a release was known after {time.monotonic() - begun:.0f} s", flush=True)
        told = self.standing(agent)
        self.assertEqual([row["figures"] for row in told["released"]], [1])
        self.assertEqual([row["period"] for row in told["closed"]], ["2025-06"])
        shown = self.status(agent)
        self.assertRegex(shown, r"let in: +1 figure, .*: the period is closed")
        self.assertRegex(shown, r"closed: +2025-06; what is sent for them waits")
        self.assertRegex(shown, r"held back: +0 figures")
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
        rig.wait_for(lambda: "held back by" not in agent.command("spool", "list").out, "no refusal")
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
        rig.wait_for(lambda: re.search(r"held back: +0 ", self.status(agent)), "all is let in", SOON_S)
        self.assert_whole()

    def messages(self, code, *columns):
        rows = csv.DictReader(io.StringIO(self.order("office", "messages", code, "--format", "csv")))
        return [tuple(row[column] for column in columns) for row in rows]

    def test_words_between_province_and_office(self):
        agent = self.begin(page="127.0.0.1:0")
        self.order("account", "name", f"unix:uid={os.getuid()}", "Chị Lan")
        self.assertEqual(self.order("office", "tell", "28001", "Xin gửi số liệu tháng 6"), "The message was sent to: 28001.\n")
        self.order("office", "tell", "28001", "Sao lại nhiều thế?", "--metric", "visits", "--period", DAY)
        self.order("office", "tell", "--all", "Nghỉ lễ ngày 2/9")
        rig.wait_for(lambda: len((self.standing(agent) or {}).get("messages", [])) == 3, "the messages", SOON_S)
        shown = self.status(agent)
        self.assertIn("the province wrote to this office", shown)
        self.assertRegex(shown, r"messages: +3, \d{4}-\d\d-\d\d, Chị Lan: Nghỉ lễ ngày 2/9\n")
        self.assertIn("please look again at visits of 2025-06-30: Sao lại nhiều thế?", shown)
        self.assertRegex(self.page(agent, "en"), "Sao lại nhiều thế\\? Chị Lan Please look again at: Visits ?, 2025-06-30 Mark as read")
        self.assertRegex(self.page(agent, "vi"), "Sao lại nhiều thế\\? Chị Lan .*: .+, (ngày )?30/0?6/2025")
        with self.assertRaisesRegex(rig.Refusal, "say whom the message is for"):
            self.province.post("/v1/messages", text="x")
        self.assertIn("give an office or --all", self.lantoa("office", "tell", "28001").err)
        self.assertEqual(self.messages("28001", "text", "to_all", "read"),
                         [("Nghỉ lễ ngày 2/9", "yes", ""), ("Sao lại nhiều thế?", "", ""),
                          ("Xin gửi số liệu tháng 6", "", "")])
        self.assertEqual(self.messages("28002", "text"), [("Nghỉ lễ ngày 2/9",)])
        # Marked where no agent runs, it is told with the next contact.
        agent.process.stop()
        self.assertEqual(agent.command("message", "read", "1").out, "1 message marked as read\n")
        self.assertIn("there is no message 77", agent.command("message", "read", "77").err)
        self.assertIn("say message, message read NUMBER", agent.command("message", "read", "x").err)
        agent.start()
        rig.wait_for(lambda: self.messages("28001", "read")[2][0], "that it was read")
        for order in {"message": 0}, {"all": "yes"}, {"message": 2, "all": True}, {"messages": 2}:
            with self.assertRaisesRegex(rig.Refusal, "message"):
                rig.http_call(f"{agent.folder}/agent.sock", "POST", "/v1/messages/read", json.dumps(order))
        self.assertEqual(agent.command("message", "read", "all").out, "2 messages marked as read\n")
        rig.wait_for(lambda: all(read for read, in self.messages("28001", "read")), "and the others")
        self.assertEqual(self.messages("28002", "read"), [("",)])
        rig.wait_for(lambda: "messages:" not in self.status(agent), "nothing is news")
        self.assertRegex(agent.command("message").out, r"(?m)^  2, .*: please look again at visits")
        acts = [row["act"] for row in csv.DictReader(io.StringIO(self.order("audit", "--format", "csv")))]
        self.assertEqual(acts.count("message sent to an office"), 3)
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

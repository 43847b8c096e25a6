"""A figure by telephone: what operators record for an office, with real daemons on both sides."""

import csv
import io
import os
import threading
import unittest

import rig

DAY = "2025-06-30"
SOON_S = 120  # as the manual promises it while an office is connected
WHO = f"unix:uid={os.getuid()}"


class Record(rig.Rig):
    offices = rig.COMMUNES[:2]

    def record(self, *words, office="28001", period=DAY, code=0):
        outcome = self.lantoa("record", "--office", office, *words, "--period", period, "--format", "csv")
        self.assertEqual(outcome.code, code, outcome)
        return list(csv.DictReader(io.StringIO(outcome.out)))

    def value(self, metric="visits", day=DAY):
        return str(self.province.value(metric, **{"from": day, "to": day}))

    def revisions(self, metric="visits", day=DAY):
        outcome = self.lantoa("query", metric, "--from", day, "--to", day, "--revisions", "--format", "csv")
        self.assertEqual(outcome.code, 0, outcome)
        return list(csv.DictReader(io.StringIO(outcome.out)))

    def begin(self):
        agent = self.agent("28001")
        agent.start()
        rig.wait_for(lambda: "visits" in agent.command("catalogue").out, "the catalogue")
        return agent

    def send(self, agent, value):
        self.assertEqual(agent.record(f"visits={value}", "--period", DAY).code, 0)
        rig.wait_for(lambda: self.value() == str(value), "the figure")

    def test_before_and_after_the_office_s_own(self):
        [row] = self.record("visits=7", "--note", "chị Hoa gọi")
        self.assertEqual((row["was"], row["became"], row["change"]), ("", "7", "first"))
        self.assertEqual(self.value(), "7")
        agent = self.begin()
        self.send(agent, 12)  # what the office sends later is a revision
        [row] = self.record("visits=13")
        self.assertEqual((row["was"], row["was_from"], row["became"], row["change"]),
                         ("12", "office", "13", "corrected"))
        self.assertEqual(self.value(), "13")
        # The office sends no more than is new to it: what it sent before is not sent again.
        agent.process.stop()
        agent.start()
        self.send(agent, 14)
        told = [(row["was"], row["became"], row["author"] == WHO, row["from_province"], row["note"])
                for row in self.revisions()]
        self.assertEqual(told, [("", "7", True, "true", "chị Hoa gọi"), ("7", "12", False, "false", ""),
                                ("12", "13", True, "true", ""), ("13", "14", False, "false", "")])
        self.assert_whole()

    def test_the_office_is_told(self):
        agent = self.begin()
        self.record("visits=7")
        rig.wait_for(lambda: "The province recorded 7 for this figure" in agent.command("status").out,
                     "the message", SOON_S)
        self.assertRegex(agent.command("status").out, "please look again at visits of 2025-06-30: The province recorded 7")
        self.assert_whole()

    def test_what_the_office_insists_on_counts(self):
        """As the message advises: it sent the right figure before, and an agent sends what is new to it."""
        agent = self.begin()
        self.send(agent, 12)
        for note, words in (("vẫn là 12", "visits=13"), ("đã kiểm tra", "visits=-")):
            self.record(words)
            rig.wait_for(lambda words=words: self.value() == words[7:].replace("-", "None"), "the province's word")
            self.assertEqual(agent.record("visits=12", "--period", DAY, "--note", note).code, 0)
            rig.wait_for(lambda: self.value() == "12", "what the office insists on")
        self.assertEqual([row["note"] for row in self.revisions() if row["from_province"] == "false"],
                         ["", "vẫn là 12", "đã kiểm tra"])
        self.assert_whole()

    def test_an_office_that_was_never_heard_is_not_heard_of_by_it(self):
        self.record("visits=7", office="28002")
        self.province.process.stop()
        self.province.start()
        [row] = [row for row in self.province.status()["rows"] if row["office"] == "28002"]
        self.assertEqual((row["last_contact"], row["last_received"]), (None, None))
        self.assertEqual(self.value(), "7")
        self.assert_whole()

    def test_answers_for_people(self):
        drawn = self.lantoa("record", "--office", "28001", "visits=7", "--period", DAY)
        self.assertRegex(drawn.out, r"visits +2025-06-30 +7 +first")
        self.assertIn("Recorded for 28001, and told there.", drawn.out)
        again = self.lantoa("record", "--office", "28001", "visits=7", "--period", DAY)
        self.assertIn("Nothing was recorded: all of it is so already.", again.out)
        trial = self.lantoa("record", "--office", "28001", "visits=8", "--period", DAY, "--dry-run")
        self.assertIn("Nothing was recorded; this is what it would come to.", trial.out)
        self.assertEqual(self.value(), "7")
        self.assertEqual(len(self.revisions()), 1)
        gone = self.lantoa("record", "--office", "28001", "visits=-", "--period", DAY)
        self.assertRegex(gone.out, r"visits .* withdrawn")
        drawn = self.lantoa("query", "visits", "--from", DAY, "--to", DAY, "--revisions").out
        self.assertRegex(drawn, r"(?s)From the province.*\btrue\b.*true")
        audit = self.lantoa("audit", "--format", "csv").out
        self.assertIn("figure record", audit)
        self.assertRegex(audit, r'office=28001 period=2025-06-30 labels=- entry=\d+ figures=""visits=-""')
        self.assert_whole()

    def test_what_is_refused(self):
        def refused(says, *words, code=1):
            outcome = self.lantoa("record", *words)
            self.assertEqual((outcome.code, outcome.out), (code, ""), outcome)
            self.assertRegex(outcome.err, says)

        common = ("--office", "28001", "--period", DAY)
        refused("visits", "vists=7", *common)
        refused("28001|28002", "visits=7", "--office", "2800", "--period", DAY)
        refused("smallest", "visits=-1", *common)
        refused("desk", "visits=7", *common, "--label", "door=1")
        refused("whole numbers|digits", "visits=7.5", *common)
        self.lantoa("close", "2025-06")
        refused(f"visits: {DAY} is closed", "visits=7", *common)
        # as it is advised
        self.lantoa("reopen", "2025-06")
        self.assertEqual(self.lantoa("record", "visits=7", *common).code, 0)
        self.lantoa("close", "2025-06")
        self.assertEqual(self.value(), "7")
        # usage
        for words in ((), ("visits=7",), ("visits=7", "--office", "28001"), ("visits=7", "--period", DAY),
                      ("visits", *common), (*common,), ("visits=7;teams=8", *common)):
            refused(".", *words, code=2)
        many = [f"m{i}=1" for i in range(257)]
        refused("more than 256 figures", *many, *common, code=2)
        refused("no metric 'm0'", *many[:256], *common)  # as it is advised
        with self.assertRaisesRegex(rig.Refusal, "METRIC=VALUE"):
            self.province.post("/v1/figures", office="28001", figures="visits", period=DAY)
        with self.assertRaisesRegex(rig.Refusal, "period"):
            self.province.post("/v1/figures", office="28001", figures="visits=7")
        self.assert_whole()

    def test_what_was_answered_outlives_a_kill(self):
        """However often, and whenever: it is there once, or not at all."""
        for round_ in range(3):
            answered = []

            def order():
                for value in range(1, 40):
                    outcome = self.lantoa("record", "--office", "28001", f"visits={100 * round_ + value}", "--period", DAY)
                    if outcome.code != 0:
                        return
                    answered.append(100 * round_ + value)

            thread = threading.Thread(target=order)
            thread.start()
            rig.wait_for(lambda: len(answered) > 3 + round_, "some orders")
            self.province.process.kill()
            thread.join()
            self.province.start()
            stands = int(self.value())
            self.assertIn(stands, (answered[-1], answered[-1] + 1))  # the last answer may have been lost
            [row] = self.record(f"visits={stands}")
            self.assertEqual(row["change"], "unchanged")
        self.assertEqual(self.province.verify(), [])
        rows = self.revisions()
        self.assertEqual([row["was"] for row in rows[1:]], [row["became"] for row in rows[:-1]])
        messages = self.lantoa("office", "messages", "28001", "--most", "1000", "--format", "csv").out
        self.assertEqual(messages.count("The province recorded"), len(rows))
        self.assert_whole()

    def test_between_batches_that_come(self):
        """Orders and batches take turns at the ledger; none is lost, none comes twice."""
        agent = self.begin()
        for day in range(1, 29):
            self.assertEqual(agent.record(f"visits={day}", "--period", f"2025-05-{day:02}").code, 0)
            self.record(f"balance={day}.5", period=f"2025-05-{day:02}")
        rig.wait_for(lambda: str(self.province.value("visits", per="month", **{"from": "2025-05", "to": "2025-05"})) ==
                     str(sum(range(1, 29))), "the figures")
        self.assertEqual(str(self.province.value("balance", per="month", **{"from": "2025-05", "to": "2025-05"})),
                         str(sum(range(1, 29)) + 14))
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

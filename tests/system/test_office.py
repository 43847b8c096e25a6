"""A real agent: enrolment that survives power cuts, figures that arrive, bad ones that are told."""

import os
import random
import re
import signal
import time
import unittest

import rig

DAY = {"from": "2025-06-30", "to": "2025-06-30"}


class SeriesNumbers(rig.Rig):
    """An office has 65536 of them on the wire; a table with wrong labels uses them up."""

    def hand_in(self, agent, value):
        path = f"{self.folder}/wrong.csv"
        with open(path, "w", encoding="utf-8") as table:
            table.write("metric,period,desk,value\n")
            table.writelines(f"visits,2025-06-30,wrong-{i},{value}\n" for i in range(65536))
        outcome = agent.command("import", path)
        self.assertEqual(outcome.code, 0, outcome)
        rig.wait_for(lambda: agent.command("spool", "unsent").out.strip() == "0",
                     "all figures to be acked", patience_s=300)

    def test_new_labels_get_through_after_them_and_the_wrong_ones_can_be_withdrawn(self):
        agent = self.agent("28001").start()
        outcome = agent.record("visits=5", "--period", "2025-06-29", "--label", "desk=A")
        self.assertEqual(outcome.code, 0, outcome)
        self.hand_in(agent, "1")
        self.assertEqual(self.province.value("visits", area="28001", **DAY), 65536)
        day = {"from": "2025-06-29", "to": "2025-06-29"}
        rig.wait_for(lambda: self.province.value("visits", area="28001", **day) == 5, "the first")
        outcome = agent.record("visits=3", "--add", "--period", "2025-06-29", "--label", "desk=A")
        self.assertEqual(outcome.code, 0, outcome)
        rig.wait_for(lambda: self.province.value("visits", area="28001", **day) == 8, "the sum")
        self.hand_in(agent, "withdraw")
        self.assertIsNone(self.province.value("visits", area="28001", **DAY))
        self.assert_whole()


class Enrolment(rig.Rig):
    def works(self, agent):
        """It records a figure, and the province adds it up."""
        agent.start()
        outcome = agent.record("visits=5", "--period", "2025-06-30")
        self.assertEqual(outcome.code, 0, outcome)
        rig.wait_for(lambda: self.province.value("visits", area=agent.code, **DAY) == 5,
                     "the figure to arrive")
        agent.process.stop()

    def test_power_cut_between_the_provinces_commit_and_ours(self):
        """The pending key is on the province's list; the answer never came."""
        agent = self.agent("28001", enrol=False)
        invitation = self.province.invite("28001")
        self.province.process.child.send_signal(signal.SIGSTOP)
        command = agent.start_command("enrol", invitation.line)
        pending = f"{agent.folder}/agent.key.pending"
        rig.wait_for(lambda: os.path.exists(pending), "the pending key")
        command.kill()
        self.province.process.child.send_signal(signal.SIGCONT)
        with open(pending, encoding="utf-8") as key_file:
            secret = re.search(r"^secret (\S+)$", key_file.read(), re.M).group(1)
        door = self.probe(invitation.server_key, invitation.secret_key)
        door.ask("enrol", secret, hear="enrolled office=28001")
        self.assertFalse(os.path.exists(f"{agent.folder}/agent.key"))
        outcome = agent.command("enrol", invitation.line)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertFalse(os.path.exists(pending))
        self.works(agent)
        self.assert_whole()

    def test_power_cuts_at_random_moments(self):
        dice = random.Random(rig.seed())
        agent = self.agent("28001", enrol=False)
        line = self.province.invite("28001").line
        started = time.monotonic()
        first = self.agent("28002", enrol=False)
        self.assertEqual(first.command("enrol", self.province.invite("28002").line).code, 0)
        usual_s = time.monotonic() - started
        for _ in range(12):
            command = agent.start_command("enrol", line)
            time.sleep(dice.uniform(0, 1.1 * usual_s))
            command.kill()
        outcome = agent.command("enrol", line)
        self.assertEqual(outcome.code, 0, f"the same command again: {outcome}")
        self.works(agent)
        self.assert_whole()

    def test_an_enrolment_that_is_done_may_be_run_again(self):
        """A power cut after the last step looks to people like one before it."""
        agent = self.agent("28001", enrol=False)
        line = self.province.invite("28001").line
        self.assertEqual(agent.command("enrol", line).code, 0)
        outcome = agent.command("enrol", line)
        self.assertEqual(outcome.code, 0, outcome)
        self.works(agent)

    def test_invitations_that_are_no_good(self):
        agent = self.agent("28001", enrol=False)
        invitation = self.province.invite("28001")
        self.assertEqual(agent.command("enrol", "lantoa://nonsense").code, 1)
        self.assertEqual(agent.command("enrol").code, 2)
        spent = self.agent("28002", enrol=False)
        self.assertEqual(spent.command("enrol", invitation.line).code, 0)
        outcome = agent.command("enrol", invitation.line)
        self.assertEqual(outcome.code, 1)
        self.assertIn("ask the province for a new one", outcome.err)
        self.assertNotIn(invitation.secret_key, self.province.process.log() + outcome.err)
        self.assertFalse(os.path.exists(f"{agent.folder}/agent.key"))
        self.assertEqual(oct(os.stat(f"{spent.folder}/agent.key").st_mode & 0o777), "0o600")
        self.assert_whole()

    def test_a_province_that_is_away(self):
        agent = self.agent("28001", enrol=False)
        agent.write_conf("[log]\nlevel = info\n")
        line = self.province.invite("28001").line
        self.province.process.kill()
        outcome = agent.command("enrol", line)
        self.assertEqual(outcome.code, 1)
        self.assertIn("run the same command again", outcome.err)
        self.province.start()
        self.assertEqual(agent.command("enrol", line).code, 0)
        self.works(agent)

    def test_a_revoked_office_is_told_and_keeps_its_figures(self):
        agent = self.agent("28001").start()
        agent.record("visits=1", "--period", "2025-06-29")
        rig.wait_for(lambda: self.province.counter("intake", "batches") == 1, "the first batch")
        self.province.post("/v1/offices/revoke", code="28001")
        self.assertEqual(agent.record("visits=2", "--period", "2025-06-30").code, 0)
        before = self.province.process
        before.kill()  # so that the office must shake hands again
        self.province.start()
        rig.wait_for(lambda: "office's key" in agent.command("status").out,
                     "the office to be told")
        agent.process.stop()
        self.assertEqual(agent.command("enrol", self.province.invite("28001").line).code, 0)
        agent.start()
        rig.wait_for(lambda: self.province.value("visits", area="28001", **DAY) == 2,
                     "what was recorded meanwhile")
        agent.process.stop()
        self.assert_whole()


class BadFigures(rig.Rig):
    offices = ["28001"]

    def setUp(self):
        super().setUp()
        self.office = self.agent("28001").start()

    def refused(self, because, *words):
        outcome = self.office.record(*words)
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn(because, outcome.err)
        self.assertEqual(len(outcome.err.strip().splitlines()), 1, "one sentence")

    def test_figures_that_are_refused_at_the_desk(self):
        on = ("--period", "2025-06-30")
        self.refused("visitz", "visitz=5", *on)
        self.refused("digits after the point", "visits=5.5", *on)
        self.refused("visits", "visits=-1", *on)
        self.refused("visits", "visits=five", *on)
        self.refused("hours", "hours=1000.01", "--period", "2025-06-30T14")
        self.refused("visits", "visits=99999999999999999999", *on)
        self.refused("2025-06-31", "visits=5", "--period", "2025-06-31")
        self.refused("period", "visits=5", "--period", "2025-06")
        self.refused("2100", "visits=5", "--period", "2100-01-01")
        self.refused("color", "visits=5", *on, "--label", "color=red")
        self.refused("visitz", "visits=7", "visitz=7", *on)  # all or nothing
        self.assertEqual(self.office.record("visits").code, 2)
        self.assertEqual(self.office.record().code, 2)
        self.assertEqual(self.office.command("no-such-command").code, 2)
        self.assertEqual(self.office.record("visits=3", *on, "--label", "desk=A").code, 0)
        self.assertEqual(self.office.record("visits=4", *on, "--label", "desk=B").code, 0)
        rig.wait_for(lambda: self.province.value("visits", area="82", **DAY) == 7, "the good ones")
        self.assertEqual(self.office.command("spool", "verify").code, 0)
        self.office.process.stop()
        self.assertEqual(self.province.counter("intake", "held"), 0)
        self.assert_whole()

    def test_every_command_tells_its_usage(self):
        listed = re.findall(r"^  ([a-z]+) ?(.*)$", self.office.command("--help").out, re.M)
        self.assertEqual(len(listed), 12, listed)
        for name, arguments in listed:
            for words in ([name, "--help"], [name, "list", "--help"]):
                done = self.office.command(*words)
                self.assertEqual((done.code, done.err), (0, ""), done)
                self.assertIn(f"lantoa-agent {name} {arguments}\n", done.out)
            for words in ([name, "--colour"], [name, "a", "b", "c", "--colour=red"]):
                done = self.office.command(*words)
                self.assertEqual((done.code, done.out), (2, ""), (words, done))
                self.assertTrue(done.err.startswith("lantoa-agent: "), done)

    def test_commands_beside_each_other_wait_for_their_turn(self):
        """No agent runs: each holds the spool for a moment; then one starts among them."""
        self.office.process.stop()
        for round_ in range(3):
            commands = [self.office.start_command("record", "--add", "visits=1", "--period",
                                                  "2025-06-30") for _ in range(6)]
            if round_ == 2:
                self.office.start()
            for command in commands:
                self.assertEqual(command.child.wait(rig.PATIENCE_S), 0, command.log())
        rig.wait_for(lambda: self.province.value("visits", area="82", **DAY) == 18, "all of them")
        self.office.process.stop()
        self.assert_whole()

    def test_a_csv_with_broken_lines_keeps_the_good_ones(self):
        path = f"{self.folder}/figures.csv"
        with open(path, "w", encoding="utf-8") as csv:
            csv.write("metric,period,desk,value\n"
                      "visits,2025-06-30,A,1\n"
                      "visitz,2025-06-30,A,2\n"      # 3: unknown
                      "visits,2025-06-30,B,4\n"
                      "visits,2025-06-30,C,4.5\n"    # 5: too precise
                      "visits,2025-06-31,C,8\n"      # 6: no such day
                      "visits,2025-06-30\n"          # 7: too short
                      "visits,2025-06-30,D,-3\n"     # 8: below its min
                      "visits,2025-06-30,\"E\",16\n"
                      "visits,2025-06-30,F,1,2,3\n"  # 10: too long
                      "visits,2025-06-30,G,32\n")
        outcome = self.office.command("import", path)
        self.assertEqual(outcome.code, 1, outcome)
        told = re.findall(rf"^{re.escape(path)}:(\d+): ", outcome.err, re.M)
        self.assertEqual(told, ["3", "5", "6", "7", "8", "10"], outcome)
        self.assertIn("4 figures recorded, 6 rejected", outcome.out)
        rig.wait_for(lambda: self.province.value("visits", area="82", **DAY) == 53,
                     "the good lines")
        self.office.process.stop()
        self.assert_whole()

    def test_a_figure_far_from_those_before_is_recorded_and_told(self):
        """By a running agent and without one, in either language."""
        path = f"{self.folder}/figures.csv"
        with open(path, "w", encoding="utf-8") as csv:
            csv.write("Kỳ;desk;visits\n" + "".join(f"{day:02}/06/2025;A;{100 + day}\n"
                                                   for day in range(1, 13))
                      + "13/06/2025;A;9.000\n14/06/2025;A;115\n13/06/2025;B;9.000\n")
        told = f"{path}:14: visits: "
        outcome = self.office.command("import", path)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(outcome.err, told + "9000 is recorded, but it is far from what was "
                         "reported before: 112 for 2025-06-12, and 53 to 159 would be usual; if it "
                         "is wrong, correct it and hand it in again\n")
        self.assertIn("15 figures recorded, 0 rejected, 1 to look at again\n", outcome.out)
        self.office.process.stop()
        again = self.office.command("import", path)
        self.assertEqual((again.code, again.err, again.out), (0, outcome.err, outcome.out))
        os.environ["LC_ALL"] = "vi_VN.UTF-8"  # need not be generated
        self.addCleanup(os.environ.update, LC_ALL="C.UTF-8")
        outcome = self.office.command("import", path)
        os.environ["LC_ALL"] = "C.UTF-8"
        self.assertIn(told + "đã ghi nhận 9000, nhưng khác xa số liệu các kỳ trước", outcome.err)
        self.assertIn("không nhận 0, cần xem lại 1\n", outcome.out)
        outcome = self.office.command("record", "visits=9000", "--label", "desk=A", "--period",
                                      "2025-06-15")
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("visits: 9000 is recorded, but", outcome.err)
        self.office.start()
        rig.wait_for(lambda: self.province.value("visits", area="82", **{
            "from": "2025-06-13", "to": "2025-06-13"}) == 18000, "what was recorded")
        self.office.process.stop()
        self.assert_whole()

    def test_a_file_that_is_no_csv_of_figures(self):
        for name, text in (("empty.csv", ""), ("binary.csv", "\0\1\2\3" * 100),
                           ("headless.csv", "1,2,3\n4,5,6\n")):
            path = f"{self.folder}/{name}"
            with open(path, "w", encoding="utf-8") as csv:
                csv.write(text)
            outcome = self.office.command("import", path)
            self.assertEqual(outcome.code, 1, outcome)
            self.assertIn(name, outcome.err)
        outcome = self.office.command("import", f"{self.folder}/none.csv")
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn("none.csv", outcome.err)
        self.office.process.stop()

    def test_a_wrong_configuration_names_file_and_line_and_touches_no_spool(self):
        self.office.process.stop()
        before = os.stat(f"{self.office.folder}/spool.db").st_mtime_ns
        for wrong, line in (("[uplink]\npush_intervall = 1\n", 2),
                            ("[uplink]\n\npush_interval = soon\n", 3),
                            ("[upplink]\n", 1), ("push_interval = 1s\n", 1)):
            with open(self.office.conf, "w", encoding="utf-8") as conf:
                conf.write(wrong)
            outcome = self.office.command("run")
            self.assertEqual(outcome.code, 1, outcome)
            self.assertRegex(outcome.err, rf"agent\.conf:{line}: ")
        self.assertEqual(os.stat(f"{self.office.folder}/spool.db").st_mtime_ns, before)
        self.office.write_conf()
        self.office.start()
        self.assertEqual(self.office.record("visits=3", "--period", "2025-06-30").code, 0)
        rig.wait_for(lambda: self.province.value("visits", area="82", **DAY) == 3, "the figure")
        self.office.process.stop()

    def test_what_the_province_holds_back_is_shown_to_the_office(self):
        """Only the province knows for which unit an office reported when."""
        outcome = self.office.record("visits=3", "--period", "2019-12-31")
        self.assertEqual(outcome.code, 0, outcome)
        rig.wait_for(lambda: self.province.counter("intake", "held") == 1, "the quarantine")
        listed = self.lantoa("quarantine", "list")
        self.assertIn("not assigned to a unit in force", listed.out, listed)
        rig.wait_for(lambda: "not assigned" in self.office.command("spool", "list").out,
                     "the office to be told")
        self.assertIn("held back:     1 ", self.office.command("status").out)
        self.office.process.stop()
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

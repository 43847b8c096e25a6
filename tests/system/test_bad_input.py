"""Whatever comes over the wire: a clear answer, nothing lost, the daemon alive (I5, I10)."""

import datetime
import re
import unittest

import rig

DAY = {"from": "2025-06-30", "to": "2025-06-30"}


class BadInput(rig.Rig):
    def setUp(self):
        super().setUp()
        self.office = self.enrolled_probe("28001")
        self.seq = 0

    def send(self, metric, value, day="2025-06-30", grain="day", decimals=0, labels="-", nth=0):
        """A batch that breaks no rule of the wire; the line with its ack."""
        self.seq += 1
        return self.office.ask("batch", 7, self.seq, day, self.seq - 1, metric, labels, grain,
                               decimals, f"{nth}:{value}",
                               hear=rf"ack spool=7 upto={self.seq} held=(\d+) reason=(.*)")

    def held_because(self, reason, *arguments, **more):
        """What was sent is acked, kept, and listed with its reason; it counts nowhere."""
        ack = self.send(*arguments, **more)
        self.assertEqual(ack.group(1), "1")
        self.assertIn(reason, ack.group(2), "the office is told why")
        row = self.province.get("/v1/quarantine")["rows"][0]
        self.assertEqual((row["office"], row["observations"]), ("28001", 1), row)
        self.assertEqual(row["metric"], arguments[0])
        self.assertIn(reason, row["reason"])
        self.assertEqual(int(self.province.status()["store"]["entries"]), self.seq)
        self.still_serves()

    def still_serves(self):
        self.office.ask("ping", hear="pong")
        self.assertTrue(self.province.process.alive())

    # what is understood, but cannot count

    def test_figures_that_cannot_count_are_kept_with_their_reason(self):
        self.held_because("the catalogue has no metric of that name", "no.such.metric", 5)
        self.held_because("more decimals than the metric", "visits", 55, decimals=1)
        self.held_because("below the metric's min or above its max", "hours", 100001, decimals=2, grain="hour")
        self.held_because("below the metric's min or above its max", "visits", -1)
        self.held_because("another kind of period", "visits", 5, grain="hour")
        self.held_because("no such dimension", "visits", 5, labels="color=red")
        self.held_because("not assigned to a unit in force", "visits", 5, day="2019-12-31")
        tomorrow = datetime.date.today() + datetime.timedelta(days=5)
        self.held_because("has not begun yet", "visits", 5, day=tomorrow.isoformat())
        self.assertEqual(self.province.counter("intake", "held"), 8)
        self.assertEqual(self.send("visits", 3).group(1), "0")  # and the good one counts
        self.assertEqual(self.province.value("visits", area="82", **DAY), 3)
        self.assert_whole()

    def test_the_good_points_of_a_run_count_beside_the_bad_one(self):
        self.office.ask("batch", 7, 1, "2025-06-30", 0, "hours", "-", "hour", 2, "1:150",
                        "2:999999", "3:250", hear="ack spool=7 upto=1 held=1 ")
        self.assertEqual(str(self.province.value("hours", area="82", per="day", **DAY)), "4")
        self.assert_whole()

    def test_surplus_zeros_are_not_precision(self):
        self.assertEqual(self.send("visits", 50, decimals=1).group(1), "0")
        self.assertEqual(self.province.value("visits", area="82", **DAY), 5)
        self.assert_whole()

    # what repeats, or skips

    def test_a_duplicate_counts_once_and_is_acked(self):
        batch = ("batch", 7, 1, "2025-06-30", 0, "visits", "-", "day", 0, "0:5")
        for _ in range(3):
            self.office.ask(*batch, hear="ack spool=7 upto=1 held=0")
        self.assertEqual(self.province.counter("intake", "duplicates"), 2)
        self.assertEqual(self.province.value("visits", area="82", **DAY), 5)
        self.assertEqual(self.province.status()["store"]["entries"], 1)
        self.assert_whole()

    def test_a_gap_takes_nothing_and_is_told(self):
        self.office.ask("batch", 7, 3, "2025-06-30", 0, "visits", "-", "day", 0, "0:5",
                        hear="refused spool=7 seq=3 code=GAP")
        self.assertEqual(self.province.counter("intake", "gaps"), 1)
        self.assertEqual(self.province.status()["store"]["entries"], 0)
        self.office.ask("hello", 7, 3, hear="welcome upto=0")
        self.assertEqual(self.send("visits", 5).group(1), "0")
        self.assert_whole()

    # what speaks another protocol

    def test_offices_of_the_version_before_and_of_this_one_are_served(self):
        for spool, (low, high), chosen in ((7, (1, 1), 1), (8, (2, 2), 2), (9, (1, 2), 2),
                                           (10, (3, 3), 3), (11, (1, 3), 3), (12, (2, 5), 3)):
            self.office.ask("hello", spool, 0, low, high, hear=f"welcome .* protocol={chosen}")
            self.office.ask("batch", spool, 1, "2025-06-30", 0, "visits", "-", "day", 0,
                            f"0:{spool}", hear=f"ack spool={spool} upto=1 held=0")
        self.assert_whole()

    def test_an_office_of_no_common_protocol_is_told_which_side_is_older(self):
        self.office.ask("hello", 7, 0, 4, 5, hear=".*code=PROTOCOL reason=this office's "
                        "lantoa-agent 9.9 speaks protocols 4 to 5, .*1 to 3: the province is older")
        self.office.ask("hello", 7, 0, 0, 0, hear=".*code=PROTOCOL .* the office is older, upgrade")
        self.assert_logged('hello refused office=28001 cause="this office')
        self.still_serves()
        self.assert_whole()

    # what changes while a connection stands

    def test_a_changed_catalogue_is_told_with_pongs_and_acks(self):
        def version():
            return self.office.ask("ping", hear="pong catalogue=(.+)").group(1)
        before = rig.wait_for(lambda: version().strip("0"), "the catalogue to be known")
        self.province.put_csv("/v1/catalogue", rig.CATALOGUE.replace("Visits B", "Others"))
        rig.wait_for(lambda: version() != before, "the change to be told")
        self.assertEqual(self.send("visits", 5).group(1), "0")
        self.assert_whole()

    # what is not understood

    def assert_logged_once(self, pattern):
        """However often it happened within a minute."""
        self.assert_logged(pattern)
        self.assertEqual(len(re.findall(pattern, self.province.process.log())), 1)

    def test_garbage_frames_are_refused_by_name(self):
        for hex_text in ("ff", "00" * 64, "deadbeef" * 100, "0a0008"):
            self.office.ask("frame", hex_text, hear="refused spool=0 seq=0 code=MALFORMED reason=.")
            self.still_serves()
        self.assertEqual(self.province.counter("intake", "malformed"), 4)
        self.assert_logged_once('frame refused office=28001 ')
        self.assert_whole()

    def test_garbage_payloads_are_refused_by_name_and_block_nothing_else(self):
        for hex_text in ("01", "02", "00ff", "0128b52ffd", "00" + "ab" * 200, "000a"):
            self.office.ask("payload", 7, 1, hex_text,
                            hear="(refused spool=7 seq=1 code=MALFORMED reason=.)")
            self.still_serves()
        self.assertEqual(self.province.counter("intake", "bad_batches"), 6)
        self.assertEqual(self.province.status()["store"]["entries"], 0)
        self.assert_logged_once("batch refused office=28001 seq=1")
        self.assertEqual(self.send("visits", 5).group(1), "0")
        self.assert_whole()

    def test_series_that_were_never_declared_or_declared_otherwise(self):
        self.office.ask("batch", 7, 1, "2025-06-30", 9, "-", "-", "day", 0, "0:5",
                        hear="refused spool=7 seq=1 code=MALFORMED")
        self.office.ask("batch", 7, 1, "2025-06-30", 4, "visits", "-", "day", 0, "0:5",
                        hear="refused spool=7 seq=1 code=MALFORMED")  # leaves a gap of numbers
        self.send("visits", 5)
        self.office.ask("batch", 7, 2, "2025-06-30", 0, "teams", "-", "month", 0, "0:5",
                        hear="refused spool=7 seq=2 code=MALFORMED")
        self.office.ask("batch", 7, 2, "2025-06-30", 0, "-", "-", "day", 0, "0:6",
                        hear="ack spool=7 upto=2 held=0")
        self.assertEqual(self.province.value("visits", area="82", **DAY), 6)
        self.assert_whole()

    def test_an_oversized_frame_costs_the_connection_and_nothing_else(self):
        self.office.ask("big", 256 * 1024 + 65, hear="disconnected")
        self.office.hear("connected")
        self.still_serves()
        self.office.ask("big", 256 * 1024, hear="refused .* code=MALFORMED")  # at the limit: read
        self.assertEqual(self.send("visits", 5).group(1), "0")
        self.assert_whole()

    def test_a_message_of_two_frames_is_dropped_and_counted(self):
        before = self.province.counter("gate", "frames_malformed")
        self.office.say("two", "00", "00")
        rig.wait_for(lambda: self.province.counter("gate", "frames_malformed") == before + 1,
                     "the message to be counted")
        self.assert_logged("gate: .*more than one frame")
        self.still_serves()
        self.assert_whole()

    def test_another_office_is_served_meanwhile(self):
        other = self.enrolled_probe("28002")
        self.office.say("frame", "ff" * 1000)
        self.office.say("payload", 7, 1, "02")
        other.ask("batch", 7, 1, "2025-06-30", 0, "visits", "-", "day", 0, "0:9",
                  hear="ack spool=7 upto=1 held=0")
        self.assertEqual(self.province.value("visits", area="28002", **DAY), 9)
        self.assert_whole()

    # what the operators' side is given

    def test_a_wrong_configuration_names_file_and_line(self):
        for lines, line in (("[gate]\nlisen = tcp://0.0.0.0:1\n", 2),
                            ("[store]\nreaders = 99\n", 2), ("[no such]\nkey = 1\n", 1),
                            ("[log]\nlevel = info\nlevels = x\n", 3)):
            path = f"{self.folder}/wrong.conf"
            with open(path, "w", encoding="utf-8") as conf:
                conf.write(lines)
            done = rig.run([f"{rig.BUILD}/aggregator/lantoa-aggregator", "--config", path,
                            "--check"])
            self.assertEqual(done.code, 1, done)
            self.assertRegex(done.err, rf"wrong\.conf:{line}: ")


if __name__ == "__main__":
    unittest.main()

"""A disk that is full, comes back, and is full again, at an office and at the province: a small
tmpfs, filled by others.

What was accepted is never lost; what is refused is refused with a sentence; acks are noted without
room; and nobody has to start anything by hand. Needs root, to mount.
"""

import errno
import os
import subprocess
import unittest

import rig

DISK_BYTES = 4 << 20
MONTH = {"per": "month", "from": "2025-06", "to": "2025-06"}


def mount(folder, size=DISK_BYTES):
    """False when this machine does not let us."""
    return subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs",
                           folder], capture_output=True, check=False).returncode == 0


class Disk(rig.Rig):
    offices = rig.COMMUNES[:1]

    def setUp(self):
        super().setUp()
        self.office = self.agent("28001", enrol=False)
        self.state = f"{self.folder}/state"
        os.makedirs(self.state)
        if not mount(self.state):
            self.skipTest("mounting a small disk needs root")
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.state], check=True)
        with open(self.office.conf, encoding="utf-8") as conf:
            text = conf.read().replace(f"state_dir = {self.office.folder}",
                                       f"state_dir = {self.state}")
        text += "\n[spool]\nreserve = 0\n"  # these tests go to the last byte
        with open(self.office.conf, "w", encoding="utf-8") as conf:
            conf.write(text)
        outcome = self.office.command("enrol", self.province.invite("28001").line)
        self.assertEqual(outcome.code, 0, outcome)
        self.accepted = {}

    def fill(self):
        """Somebody else takes all that is left, to the last byte."""
        with open(f"{self.state}/others", "ab", buffering=0) as others:
            size = 65536
            while size:
                try:
                    others.write(b"x" * size)
                except OSError as error:
                    self.assertEqual(error.errno, errno.ENOSPC)
                    size //= 2
        self.assertEqual(os.statvfs(self.state).f_bavail, 0)

    def make_room(self):
        os.unlink(f"{self.state}/others")

    def record(self, desk, value):
        """True when it was accepted; then it must arrive."""
        outcome = self.office.record(f"visits={value}", "--period", "2025-06-30",
                                     "--label", f"desk={desk}")
        if outcome.code == 0:
            self.accepted[desk] = value
            return True
        self.assertEqual(outcome.code, 1, outcome)
        self.assertRegex(outcome.err, "full|free|room|disk", outcome)
        return False

    def record_until_refused(self, name):
        for n in range(3000):
            if not self.record(f"{name}-{n}", n + 1):
                return
        self.fail("a full disk refuses nothing")

    def condition(self):
        status = rig.http_call(f"{self.office.folder}/agent.sock", "GET", "/v1/status")
        return status["conditions"][0]["name"]

    def assert_all_arrives(self):
        total = sum(self.accepted.values())
        rig.wait_for(lambda: self.province.value("visits", area="82", **MONTH) == total,
                     f"the total {total}")
        rows = self.office.command("spool", "export").out.splitlines()[1:]
        self.assertEqual(len(rows), len(self.accepted))
        self.assertEqual(self.office.command("spool", "verify").code, 0)

    def status_says_full(self):
        """In JSON and in words. What is acked in between may make room for a figure more, so it is filled again."""
        self.record_until_refused("full")
        if self.condition() != "disk_full":
            return False
        told = self.office.command("status")
        return told.code == 1 and "the disk is full, new figures are refused" in told.out

    def test_full_and_back(self):
        self.office.start()
        rig.wait_for(lambda: self.office.command("status").code == 0, "the line")
        self.assertTrue(self.record("before", 1))
        self.fill()
        rig.wait_for(self.status_says_full, "status to say that the disk is full", 30)
        self.make_room()
        rig.wait_for(lambda: self.office.command("status").code == 0, "all to be well again", 30)
        self.assertTrue(self.record("after", 7))
        self.assert_all_arrives()
        self.office.process.stop()
        self.assert_whole()

    def test_acks_are_noted_on_a_full_disk(self):
        self.office.start()
        rig.wait_for(lambda: self.office.command("status").code == 0, "the line")
        self.province.process.kill()
        for n in range(20):
            self.assertTrue(self.record(f"waiting-{n}", n + 1))
        self.spool_is(sealed=True)
        self.fill()
        self.record_until_refused("full")
        self.province.start()
        self.spool_is(acked=True)
        self.make_room()
        self.assertTrue(self.record("after", 7))
        self.assert_all_arrives()
        self.office.process.stop()
        self.assert_whole()

    def spool_is(self, sealed=False, acked=False):
        def look():
            spool = rig.http_call(f"{self.office.folder}/agent.sock", "GET", "/v1/status")["spool"]
            return (not sealed or spool["unsealed"] == 0) and (
                not acked or (spool["waiting_batches"] == 0 and spool["sealed"] > 0))
        rig.wait_for(look, "sealed" if sealed else "acked", 40)

    def test_the_reserve_is_left_to_others(self):
        with open(self.office.conf, encoding="utf-8") as conf:
            text = conf.read()
        with open(self.office.conf, "w", encoding="utf-8") as conf:
            conf.write(text.replace("reserve = 0", f"reserve = {DISK_BYTES}"))
        self.office.start()
        self.assertFalse(self.record("reserve", 1))
        self.assertGreater(os.statvfs(self.state).f_bavail, 0)
        self.assertEqual(self.condition(), "disk_full")
        self.office.process.stop()

    def test_killed_on_a_full_disk_it_comes_up_again(self):
        self.office.start()
        rig.wait_for(lambda: self.office.command("status").code == 0, "the line")
        self.province.process.kill()
        self.assertTrue(self.record("before", 3))
        self.fill()
        self.record_until_refused("full")
        for _ in range(3):
            self.office.process.kill()
            self.office.start()
            self.record("again", 5)
        self.province.start()
        rig.wait_for(lambda: self.province.value("visits", area="82", **MONTH) is not None,
                     "what could be sealed", 30)
        self.make_room()
        self.assertTrue(self.record("after", 7))
        self.assert_all_arrives()
        self.office.process.stop()
        self.assert_whole()


class ProvinceDisk(rig.Rig):
    """The province's own disk: figures stop at the reserve, before a commit fails."""

    offices = rig.COMMUNES[:2]
    RESERVE = 12 << 20

    def open_province(self):
        if not mount(self.province.folder, 48 << 20):
            self.skipTest("mounting a small disk needs root")
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.province.folder], check=True)
        write = self.province.write_conf
        self.province.write_conf = lambda more="": write(
            f"{more}[store]\nreserve = {self.RESERVE}\n"
            # one office fills the disk, which its limits would keep it from
            "[limits]\nspools = 1000000\nseries = 1000000\nday = 1000000000\n")
        super().open_province()

    def left(self):
        disk = os.statvfs(self.province.folder)
        return disk.f_bavail * disk.f_frsize

    def fill(self, down_to):
        with open(f"{self.province.folder}/others", "ab", buffering=0) as others:
            while self.left() > down_to:
                others.write(b"x" * min(1 << 20, self.left() - down_to))

    def make_room(self):
        os.unlink(f"{self.province.folder}/others")

    def is_short(self):
        return "disk_reserve" in self.province.status().get("ill", {})

    def wait_short(self, yes=True):
        rig.wait_for(lambda: self.is_short() == yes, f"short of room: {yes}", 40)

    def total(self):
        return self.province.value("visits", area="82", **MONTH)

    def test_figures_stop_at_the_reserve_and_all_else_goes_on(self):
        office = self.agent("28001").start()
        for figure in (("visits=1", "2025-06-30"), ("visits=5", "2019-12-31")):  # that one is held
            self.assertEqual(office.record(figure[0], "--period", figure[1]).code, 0)
        rig.wait_for(lambda: self.total() == 1 and self.province.counter("intake", "held") == 1,
                     "both figures")
        self.fill(down_to=self.RESERVE // 2)
        self.wait_short()
        self.assertEqual(office.record("visits=20", "--period", "2025-06-29").code, 0)
        rig.wait_for(lambda: self.province.counter("intake", "put_off") > 0, "the batch put off")
        self.assertEqual(self.total(), 1)

        # said, to the operator and to the office
        told = self.lantoa("status")
        self.assertEqual(told.code, 1, told)
        self.assertRegex(told.out, r"NOT TAKING FIGURES since .*\[store\] reserve", told)
        self.assert_logged("room: the disk is down to its reserve")
        rig.wait_for(lambda: "short of room" in office.command("status").out,
                     "the office to know why")

        # and everything else goes on: questions, orders, Hello, enrolments
        self.assertEqual(self.province.verify(), [])
        moved = self.lantoa("office", "move", "28001", "--unit", "28001", "--from", "2019-01-01")
        self.assertEqual(moved.code, 0, moved)
        released = self.lantoa("quarantine", "release", "--all")
        self.assertIn("Released: 1", released.out, released)
        self.agent("28002")
        backup = self.lantoa("backup", f"{self.folder}/backup")
        self.assertEqual(backup.code, 1, backup)
        self.assertIn("its reserve among them", backup.err)

        self.make_room()
        self.wait_short(False)
        office.process.stop()  # it was asked to wait for a minute; a restart does not
        office.start()
        rig.wait_for(lambda: self.total() == 21, "what was put off")
        self.assertEqual(self.province.counter("intake", "failed_commits"), 0)
        office.process.stop()
        self.assert_whole()

    def test_figures_that_fill_the_disk_stop_before_a_commit_fails(self):
        office = self.enrolled_probe("28001")
        self.fill(down_to=self.RESERVE + (6 << 20))
        for _ in range(300):
            if self.province.counter("intake", "put_off") > 0:
                break
            office.ask("flood", 300, 1 << 40, "batch", "#", 1, "2025-06-30", 0, "visits", "-",
                       "day", 0, "0:5", hear="flooded")
        else:
            self.fail(f"the disk is not full: {self.left()}")
        self.assertEqual(self.province.counter("intake", "failed_commits"), 0)
        self.assertGreater(self.left(), 0)
        self.make_room()
        self.wait_short(False)
        self.assertEqual(self.province.counter("intake", "failed_commits"), 0)
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

"""Backup and restore: a province that died comes back from a file, the offices do not notice, and
everything ends as in a province that never failed (I1, I2, I3)."""

import decimal
import os
import random
import signal
import sqlite3
import stat
import subprocess
import time
import types
import unittest

import rig

NOBODY = 65534
JUNE = {"from": "2025-06-01", "to": "2025-06-30"}
DESKS = ["A", "B", "C"]
METRICS = ["visits", "balance"]
COUNTS = ["value", "observations", "due", "reported", "on_time", "missing",
          "extra"]


class World:
    """A province and its offices."""

    def __init__(self, test, province, folder):
        self.test, self.province, self.folder = test, province, folder
        self.agents = {}

    def agent(self, code):
        agent = rig.Agent(types.SimpleNamespace(folder=self.folder), code)
        self.agents[code] = agent
        # the rig ends it, however the test does
        self.test.agents[f"{code} in {self.folder}"] = agent
        outcome = agent.command("enrol", self.province.invite(code).line)
        self.test.assertEqual(outcome.code, 0, outcome)
        return agent

    def figures(self, columns):
        return {(metric, row["area"], row["period"]): [row[column] for column in columns]
                for metric in METRICS
                for row in self.province.query(metric, by="office", per="day", **JUNE)}


class Backup(rig.Rig):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(rig.seed())
        self.real = World(self, self.province, self.folder)
        twin_folder = os.path.join(self.folder, "twin")
        os.makedirs(twin_folder)
        twin = rig.Province(twin_folder)
        self.addCleanup(lambda: twin.process and twin.process.kill())
        twin.start()
        twin.furnish()
        self.twin = World(self, twin, twin_folder)
        self.handed_in = {}  # (metric, office, period): {desk: value}
        self.n_files = self.n_machines = 0

    # what is done in both worlds

    def enrol(self, *codes):
        for world in (self.real, self.twin):
            for code in codes:
                world.agent(code).start()

    def record(self, code, metric, desk, day, value):
        words = [f"{metric}={value}", "--period", f"2025-06-{day:02}"]
        words += ["--label", f"desk={desk}"] if metric == "visits" else []
        for world in (self.real, self.twin):
            outcome = world.agents[code].record(*words)
            self.assertEqual(outcome.code, 0, outcome)
        key = (metric, code, f"2025-06-{day:02}")
        self.handed_in.setdefault(key, {})[desk if metric == "visits" else ""] = value

    def record_some(self, codes, days, n):
        for _ in range(n):
            self.record(self.dice.choice(codes), self.dice.choice(METRICS),
                        self.dice.choice(DESKS), self.dice.choice(days),
                        self.dice.randrange(10**9))

    def has_all(self, world):
        """Every value that was handed in, which is then acked; and no other."""
        found = {key: decimal.Decimal(str(value))
                 for key, [value] in world.figures(["value"]).items() if value is not None}
        return found == {key: sum(desks.values()) for key, desks in self.handed_in.items()}

    def assert_same(self):
        """Sooner or later, and then for good. (Revisions are not compared: two figures of one cell
        may travel in one batch, or in two.)"""
        for world, name in ((self.twin, "the twin"), (self.real, "the province")):
            rig.wait_for(lambda world=world: self.has_all(world), f"all figures in {name}")
        self.assertEqual(self.real.figures(COUNTS), self.twin.figures(COUNTS))
        self.assertEqual(self.real.province.verify(), [])

    # backup and restore

    def backup_path(self):
        self.n_files += 1
        return os.path.join(self.folder, f"{self.n_files}.backup")

    def backup(self):
        path = self.backup_path()
        outcome = self.lantoa("backup", path)
        self.assertEqual(outcome.code, 0, outcome)
        return path

    def restore(self, backup, province=None):
        conf = (province or self.province).conf
        return rig.run([f"{rig.BUILD}/aggregator/lantoa-aggregator", "--config", conf,
                        "--restore", backup])

    def assert_refused(self, outcome, sentence):
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn(sentence, outcome.err)

    def new_machine(self):
        """An empty state folder, reached where the old one was."""
        self.n_machines += 1
        machine = rig.Province(os.path.join(self.folder, f"machine{self.n_machines}"))
        machine.endpoint = self.province.endpoint
        machine.write_conf()
        return machine

    def come_back(self, backup):
        machine = self.new_machine()
        outcome = self.restore(backup, machine)
        self.assertEqual(outcome.code, 0, outcome)
        self.province = self.real.province = machine
        machine.start()
        return outcome

    # tests

    def test_a_province_that_died_ends_exact(self):
        self.enrol("28001", "28002", "28003")
        self.record_some(["28001", "28002"], range(1, 10), 12)
        self.record("28001", "visits", "A", 30, 17)
        self.assert_same()
        path = self.backup_path()
        backup = rig.Process([f"{rig.BUILD}/aggregator/lantoa", "--api",
                              f"unix:{self.province.socket}", "backup", path],
                             f"{self.folder}/backup.log", stdin=subprocess.DEVNULL)
        self.record_some(["28001", "28002"], range(1, 20), 6)  # as it works
        self.assertEqual(backup.child.wait(rig.PATIENCE_S), 0, backup.log())
        self.record_some(["28001", "28002"], range(1, 30), 8)  # corrections among them
        self.record("28001", "visits", "A", 30, 71)
        self.record("28003", "visits", "A", 5, 3)  # its spool's first word
        self.assert_same()  # so everything is acked
        self.province.process.kill()
        self.record_some(["28002", "28003"], range(1, 30), 4)
        outcome = self.come_back(path)
        self.assertIn("offices enrolled: 3", outcome.out)
        self.assert_same()
        corrected = ("visits", "28001", "2025-06-30")
        for world in (self.real, self.twin):
            self.assertEqual(world.figures(["revisions"])[corrected], [1])
        self.record_some(["28001", "28002", "28003"], range(1, 30), 4)
        self.assert_same()
        self.assertEqual(self.province.counter("intake", "duplicates"), 0)
        self.assert_whole()

    def test_an_office_that_does_not_keep_all_of_it_sends_what_it_has(self):
        self.enrol("28001")
        self.record_some(["28001"], range(1, 4), 4)
        self.assert_same()
        path = self.backup()
        self.record_some(["28001"], range(4, 30), 8)
        self.assert_same()
        agent = self.real.agents["28001"]
        agent.process.stop()
        with sqlite3.connect(f"{agent.folder}/spool.db") as spool:  # as if long ago
            spool.execute("DELETE FROM batch WHERE seq < (SELECT max(seq) FROM batch)")
        spool.close()
        self.province.process.kill()
        agent.start()
        self.come_back(path)
        self.assert_same()
        self.record_some(["28001"], range(1, 30), 4)
        self.assert_same()
        self.assert_whole()

    def test_what_operators_did_later_is_to_be_done_again(self):
        self.enrol("28001")
        path = self.backup()
        self.enrol("28002")
        self.province.process.kill()
        self.assertIn("must be done again: invitations and enrolments", self.come_back(path).out)
        self.record("28001", "visits", "A", 1, 1)
        self.assert_logged("gate: .*never invited")
        agent = self.real.agents["28002"]
        agent.process.stop()
        os.remove(f"{agent.folder}/agent.key")
        outcome = agent.command("enrol", self.province.invite("28002").line)
        self.assertEqual(outcome.code, 0, outcome)
        agent.start()
        self.record("28002", "visits", "A", 1, 1)
        self.assert_same()
        self.assert_whole()

    def test_figures_by_telephone_are_recorded_again(self):
        """As it advises: when the offices have sent theirs, for what comes last counts."""
        self.enrol("28001")
        path = self.backup()
        value = lambda: str(self.province.value("balance", **{"from": "2025-06-30", "to": "2025-06-30"}))
        order = ("record", "--office", "28001", "balance=13", "--period", "2025-06-30")
        self.assertEqual(self.real.agents["28001"].record("balance=12", "--period", "2025-06-30").code, 0)
        rig.wait_for(lambda: value() == "12", "the office's figure")
        self.assertEqual(self.lantoa(*order).code, 0)
        self.province.process.kill()
        self.assertIn("when the offices have sent theirs, the figures that were recorded", self.come_back(path).out)
        rig.wait_for(lambda: value() == "12", "the office's figure again")
        self.assertEqual(self.lantoa(*order).code, 0)
        self.assertEqual(value(), "13")
        self.assert_whole()

    def test_a_restore_that_must_not_be(self):
        self.enrol("28001")
        self.record_some(["28001"], range(1, 30), 6)
        self.assert_same()
        path = self.backup()
        self.assert_refused(self.restore(path), "stop that one first")
        self.province.process.stop()
        self.assert_refused(self.restore(path), "is there already")
        machine = self.new_machine()
        self.assert_refused(self.restore(f"{self.province.folder}/lantoa.db", machine),
                            "is not a backup")
        self.assert_refused(self.restore(f"{self.province.folder}/server.key", machine),
                            "is not a database")
        with open(path, "rb") as whole, open(f"{path}.bad", "wb") as damaged:
            content = whole.read()
            payload = sqlite3.connect(path).execute("SELECT payload FROM journal").fetchone()[0]
            at = content.index(payload) + len(payload) // 2
            damaged.write(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
        self.assert_refused(self.restore(f"{path}.bad", machine), "damaged at journal entry")
        self.assertEqual(sorted(os.listdir(machine.folder)),
                         ["aggregator.conf", "lantoa.db.lock"])
        self.come_back(path)
        self.assert_whole()

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_only_root_and_the_daemons_user_get_the_key(self):
        os.chmod(self.folder, 0o755)
        public = os.path.join(self.folder, "public")
        os.makedirs(public)
        os.chmod(public, 0o777)
        outcome = rig.Outcome(subprocess.run(
            [f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", "backup",
             f"{public}/mine"], user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True,
            text=True, timeout=60, check=False))
        self.assert_refused(outcome, "only root and the aggregator's own user")
        self.assertEqual(os.listdir(public), [])
        self.backup()
        self.assert_whole()

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_root_restores_for_the_daemons_user(self):
        path = self.backup()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        machine = self.new_machine()
        os.chmod(self.folder, 0o755)
        os.chown(machine.folder, NOBODY, NOBODY)
        outcome = self.restore(path, machine)
        self.assertEqual(outcome.code, 0, outcome)
        for name in ("lantoa.db", "server.key"):
            status = os.stat(os.path.join(machine.folder, name))
            self.assertEqual((status.st_uid, stat.S_IMODE(status.st_mode)), (NOBODY, 0o600))
        self.assert_whole()

    def test_a_daemon_that_is_killed_meanwhile_has_a_good_store_and_nothing_stale(self):
        self.enrol("28001")
        self.record_some(["28001"], range(1, 30), 6)
        self.assert_same()
        caught = 0
        for _ in range(60):
            child = rig.Process([f"{rig.BUILD}/aggregator/lantoa", "--api",
                                 f"unix:{self.province.socket}", "backup", self.backup_path()],
                                f"{self.folder}/backup.log", stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL)
            copy = os.path.join(self.province.folder, "lantoa.db.copy")
            until = time.monotonic() + 2
            while not os.path.exists(copy) and time.monotonic() < until and child.alive():
                pass
            time.sleep(self.dice.uniform(0, 0.003))
            self.province.process.kill()
            caught += os.path.exists(copy)
            child.child.wait(rig.PATIENCE_S)
            self.province.start()
            self.assertFalse([name for name in os.listdir(self.province.folder)
                              if ".copy" in name])
            if caught == 3:
                break
        self.assertGreater(caught, 0, "no kill came while the copy was there")
        self.assert_same()
        self.backup()
        self.assert_whole()

    def test_a_stop_does_not_wait_for_a_backup(self):
        child = rig.Process([f"{rig.BUILD}/aggregator/lantoa", "--api",
                             f"unix:{self.province.socket}", "backup", self.backup_path()],
                            f"{self.folder}/backup.log", stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL)
        time.sleep(self.dice.uniform(0, 0.05))
        self.province.process.child.send_signal(signal.SIGTERM)
        self.province.process.stop()
        child.child.wait(rig.PATIENCE_S)
        self.assertFalse([name for name in os.listdir(self.province.folder) if ".copy" in name])


if __name__ == "__main__":
    unittest.main()

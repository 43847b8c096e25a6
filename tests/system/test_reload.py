"""SIGHUP: checked first, told, coalesced, and nothing is lost by it."""

import json
import os
import random
import re
import signal
import socket
import time
import unittest

import rig

DAY = {"from": "2025-06-30", "to": "2025-06-30"}
GOOD = ["[log]\nlevel = debug\n", "[log]\nlevel = info\n", "[spool]\nbytes_max = 8M\n"]
BAD = ["[uplink]\npush = 1\n", "[spool]\nbytes_max = some\n", "nonsense\n", "[upplink]\n"]


class Systemd:
    """What systemd would hear."""

    def __init__(self, folder):
        self.path = f"{folder}/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(rig.PATIENCE_S)
        self.heard = []

    def hear(self, pattern):
        """The next message that matches."""
        while True:
            text = self.socket.recv(4096).decode()
            self.heard.append(text)
            found = re.search(pattern, text)
            if found:
                return found

    def close(self):
        self.socket.close()
        for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
            os.environ.pop(name, None)


class Reload(rig.Rig):
    offices = rig.COMMUNES[:1]

    def setUp(self):
        super().setUp()
        self.office = self.agent("28001")

    def conf(self, more):
        """As a whole, in place of the old one, as an editor does."""
        path = self.office.conf
        self.office.conf = path + ".new"
        self.office.write_conf(more)
        self.office.conf = path
        os.rename(path + ".new", path)

    def hup(self, times=1):
        for _ in range(times):
            self.office.process.child.send_signal(signal.SIGHUP)

    def status(self):
        return rig.http_call(f"{self.office.folder}/agent.sock", "GET", "/v1/status")

    def reload(self, more, ok):
        """Hand in this configuration; the outcome once it is told."""
        self.conf(more)
        before = len(re.findall("agent: configuration ", self.office.process.log()))
        self.hup()
        rig.wait_for(lambda: len(re.findall("agent: configuration ", self.office.process.log()))
                     > before, "the outcome")
        outcome = self.status()["reload"]
        self.assertEqual(outcome["ok"], ok, outcome)
        return outcome

    def test_a_wrong_file_is_told_by_line_and_changes_nothing(self):
        self.office.start()
        rig.wait_for(lambda: self.status()["ledger"], "the ledger's head, which is kept")
        rig.wait_for(lambda: self.status().get("standing"), "what the province tells of the office, likewise")
        before = os.stat(f"{self.office.folder}/spool.db").st_mtime_ns
        outcome = self.reload("[log]\nlevel = debug\n[uplink]\npush = 1\n", ok=False)
        line = self.line_of("push = 1")
        self.assertIn(f"agent.conf:{line}: ", outcome["error"])
        self.assertEqual(os.stat(f"{self.office.folder}/spool.db").st_mtime_ns, before)
        told = self.office.command("status")
        self.assertEqual(told.code, 1, told)
        self.assertIn(f"agent.conf:{line}: ", told.out)
        self.assertIn("the agent goes on with the settings from before", told.out)
        self.assertEqual(self.status()["conditions"][0]["name"], "config_wrong")
        self.reload("", ok=True)
        rig.wait_for(lambda: self.office.command("status").code == 0, "all to be well again")
        self.office.process.stop()

    def line_of(self, text):
        with open(self.office.conf, encoding="utf-8") as conf:
            return conf.read().split("\n").index(text) + 1

    def test_a_burst_of_signals_is_one_or_two_readings(self):
        self.office.start()
        self.hup(10)
        self.office.process.logged("configuration read again")
        time.sleep(0.5)
        self.assertLessEqual(len(re.findall("configuration read again",
                                            self.office.process.log())), 2)
        self.office.process.stop()

    def test_systemd_hears_it_begin_and_end(self):
        systemd = Systemd(self.folder)
        self.addCleanup(systemd.close)
        os.environ["NOTIFY_SOCKET"] = systemd.path
        self.office.start()
        systemd.hear("^STATUS=28001: connected: the province has every figure$")
        begun = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.conf("[upplink]\n")
        self.hup()
        at = int(systemd.hear(r"^RELOADING=1\nMONOTONIC_USEC=(\d+)$").group(1))
        self.assertLessEqual(begun, at)
        systemd.hear("^STATUS=28001: the configuration file is wrong")
        systemd.hear("^READY=1")
        self.conf("")
        self.hup()
        systemd.hear("^RELOADING=1")
        systemd.hear("^STATUS=28001: connected")
        systemd.hear("^READY=1")
        self.province.process.kill()
        systemd.hear("^STATUS=28001: the province cannot be reached")
        self.office.process.stop()
        systemd.hear("^STOPPING=1")

    def test_systemd_hears_of_a_message_until_it_is_read(self):
        systemd = Systemd(self.folder)
        self.addCleanup(systemd.close)
        os.environ.update(NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC="1000000")
        self.assertEqual(self.lantoa("office", "tell", "28001", "please call").code, 0)
        self.office.start()
        systemd.hear("^STATUS=28001: the province wrote to this office")
        self.assertEqual(self.office.command("message", "read", "all").code, 0)
        systemd.hear("^STATUS=28001: connected: the province has every figure$")
        self.office.process.stop()

    def test_what_can_change_changes_at_once(self):
        # hours wait for the push interval; none has the patience of an hour
        self.office.write_conf()
        self.patient(3600)
        self.office.start()
        rig.wait_for(lambda: self.office.command("status").code == 0, "the line")
        self.assertEqual(self.office.record("hours=2", "--period", "2025-06-30T08").code, 0)
        time.sleep(1.5)
        self.assertEqual(self.status()["spool"]["unsealed"], 1)
        self.patient(1)
        self.hup()
        rig.wait_for(lambda: self.status()["spool"]["acked"] == 1, "the figure to be sent")
        self.reload("[agent]\n", ok=True)
        outcome = self.reload("[spool]\nbytes_max = 1M\n", ok=True)
        self.assertEqual(outcome["needs_restart"], "")
        self.assertEqual(self.status()["spool"]["bytes_max"], 1 << 20)
        self.office.process.stop()

    def patient(self, seconds):
        with open(self.office.conf, encoding="utf-8") as conf:
            text = re.sub("push_interval = .*", f"push_interval = {seconds}s",
                          conf.read())
        with open(self.office.conf, "w", encoding="utf-8") as conf:
            conf.write(text)

    def test_what_cannot_change_is_named_until_the_restart(self):
        self.office.start()
        with open(self.office.conf, encoding="utf-8") as conf:
            text = conf.read().replace("[agent]\n", "[agent]\nzone = UTC\n")
        with open(self.office.conf, "w", encoding="utf-8") as conf:
            conf.write(text)
        self.hup()
        self.office.process.logged(r'read again changed="" needs_restart="\[agent\] zone"')
        self.assertIn("with the next restart: [agent] zone", self.office.command("status").out)
        self.office.process.stop()
        self.office.start()
        self.assertNotIn("restart", self.office.command("status").out)
        self.office.process.stop()

    def test_an_input_follows_its_settings(self):
        """StatsD for one: off, on, elsewhere, off; what was counted before the change counts."""
        self.office.start()
        rig.wait_for(lambda: self.office.command("status").code == 0, "the line")
        where = f"{self.office.folder}/statsd.1", f"{self.office.folder}/statsd.2"
        client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        for n, path in enumerate(where, 1):
            self.reload(f"[statsd]\nsocket = {path}\n", ok=True)
            rig.wait_for(lambda: [i["state"] for i in self.status()["inputs"]] == ["listening"],
                         "the input to listen")
            client.sendto(b"visits:%d|c|#desk:A" % n, path)
        self.assertFalse(os.path.exists(where[0]))
        self.reload("", ok=True)
        rig.wait_for(lambda: self.status()["inputs"] == [], "the input to be gone")
        today = self.office.command("spool", "export").out
        self.assertRegex(today, r"visits,\d{4}-\d\d-\d\d,3,desk=A")
        self.office.process.stop()

    def test_a_storm_of_good_and_bad_files_loses_nothing(self):
        dice = random.Random(rig.seed())
        self.office.start()
        rig.wait_for(lambda: self.office.command("status").code == 0, "the line")
        accepted = 0
        for n in range(60):
            self.conf(dice.choice(GOOD + BAD))
            self.hup(dice.randrange(1, 4))
            if dice.random() < 0.1:
                self.office.process.kill()
                self.conf(dice.choice(GOOD))  # it does not start with a bad one
                self.office.start()
            try:
                rig.http_call(f"{self.office.folder}/agent.sock", "POST", "/v1/observations",
                              json.dumps({"observations": [
                                  {"metric": "visits", "value": "1", "period": "2025-06-30",
                                   "labels": {"desk": f"D{n}"}}]}), "application/json")
                accepted += 1
            except rig.Refusal as refusal:
                self.fail(f"refused: {refusal}")
        self.reload("", ok=True)
        rig.wait_for(lambda: self.province.value("visits", area="82", **DAY) == accepted,
                     "all that was accepted")
        self.assertEqual(self.office.command("spool", "verify").code, 0)
        self.office.process.stop()
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

"""What the province alerts of, as real processes see it: alerts fire after their grace and end, survive kill -9 at any time
without being told twice, are followed over HTTP, and told to a hook that fails, floods, does not read, or gives up."""

import http.server
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import threading
import time
import unittest
import unittest.mock

import rig

SOURCE = pathlib.Path(__file__).resolve().parents[2]
QUICK = """
[alerts]
every = 1s
silent = 2s
quarantine = 1s
quarantine_hours = 0
over = 1s
off = quality, late
"""

HOOK = """#!/bin/sh
cat > {folder}/line
[ ! -e {folder}/flood ] || head -c 3000000 /dev/zero | tr '\\0' x
[ ! -e {folder}/fail ] || {{ echo "nobody answers"; exit 7; }}
cat {folder}/line >> {folder}/told
"""


class Watched(rig.Rig):
    def setUp(self):
        super().setUp()
        self.plain_conf = self.province.write_conf
        self.configure(QUICK)
        self.province.process.stop()
        self.province.start()

    def configure(self, text):
        self.province.write_conf = lambda more="": self.plain_conf(text + more)

    def alerts(self, **arguments):
        return self.province.get("/v1/alerts", **arguments)

    def firing(self):
        return {(row["kind"], row["subject"]) for row in self.alerts()["rows"]}

    def told(self, after=0):
        return [(row["alert"], row["state"], row["kind"], row["subject"])
                for row in self.alerts(after=after, most=10000)["rows"]]

    def wait_firing(self, *wanted):
        rig.wait_for(lambda: self.firing() == set(wanted), f"{wanted} fires, it is {self.firing()}", 40)

    def heard_before(self, hours, *codes):
        """As if the offices had been heard last so long ago; the province is down meanwhile."""
        with sqlite3.connect(f"{self.province.folder}/lantoa.db") as database:
            for code in codes:
                database.execute("UPDATE contact SET at_us = ? WHERE office = (SELECT id FROM office WHERE code = ?)",
                                 (int((time.time() - hours * 3600) * 1000000), code))
        database.close()

    def enrolled(self, *codes):
        for code in codes:
            self.agent(code).start()
        rig.wait_for(lambda: sum(bool(row["last_contact"]) for row in self.province.status()["rows"]) == len(codes),
                     "all are heard", 40)

    def silence(self, *codes):
        """Their agents are gone, since long ago."""
        for code in codes:
            self.agents[code].process.kill()
        self.province.process.stop()
        self.heard_before(100, *codes)
        self.province.start()

    def hold_back(self, code):
        """Figures of a closed period wait in quarantine."""
        self.province.post("/v1/closed", period="2025-05")
        self.agents[code].record("visits=1", "--period", "2025-05-03")


class Alerts(Watched):
    def test_most_of_them_are_one_alert_that_a_kill_does_not_repeat(self):
        self.enrolled(*rig.COMMUNES)
        self.silence(*rig.COMMUNES[:3])
        self.wait_firing(("silent", "*"))
        for _ in range(3):
            self.province.process.kill()
            self.province.start()
            time.sleep(1.5)
        self.assertEqual(self.told(), [(1, "firing", "silent", "*")])
        row = self.alerts()["rows"][0]
        self.assertEqual(row["gravity"], "ill")
        self.assertIn("3 of 4", row["what"])
        self.assertIn("lantoa office list --silent", row["advice"])
        status = self.province.status()
        self.assertIn("1", status["note"]["alerts_fire"])
        for code in rig.COMMUNES[:2]:
            self.agents[code].start()
        rig.wait_for(lambda: ("silent", "28003") in self.firing(), "who stays away is told alone", 40)
        self.assertEqual(self.told(), [(1, "firing", "silent", "*"), (2, "resolved", "silent", "*"),
                                       (3, "firing", "silent", "28003")])
        self.agents["28003"].start()
        self.wait_firing()
        self.assertEqual(self.told(after=3), [(4, "resolved", "silent", "28003")])
        self.assert_whole()

    def test_who_is_revoked_is_missed_by_nobody(self):
        self.enrolled("28001", "28002")
        self.silence("28001")
        self.wait_firing(("silent", "28001"))
        self.province.post("/v1/offices/revoke", code="28001")
        self.wait_firing()

    def test_what_is_told_can_be_waited_for_and_begun_anew(self):
        self.enrolled("28001")
        head = self.alerts()["alerts"]
        self.assertEqual(head["last"], 0)
        found = []
        waiting = threading.Thread(target=lambda: found.append(self.alerts(after=0, wait=40, epoch=head["epoch"])))
        waiting.start()
        self.hold_back("28001")
        waiting.join(40)
        self.assertEqual([(row["state"], row["kind"], row["office"], row["name"]) for row in found[0]["rows"]],
                         [("firing", "quarantine", "28001", "Office 28001")])
        begun = time.monotonic()
        self.assertEqual(self.alerts(after=1, wait=2)["rows"], [])
        self.assertGreater(time.monotonic() - begun, 1.5)
        self.assertEqual(self.alerts(kind="silent")["rows"], [])
        self.assertEqual(len(self.alerts(office="28001")["rows"]), 1)
        for wrong in ({"after": 2}, {"after": 0, "epoch": 5}):
            with self.assertRaises(rig.Refusal) as refused:
                self.alerts(**wrong)
            self.assertIn("Start again", str(refused.exception))
            self.assertIn('"last": 1', str(refused.exception))
        with self.assertRaisesRegex(rig.Refusal, "there is no .*nothing"):
            self.alerts(kind="nothing")
        self.province.post("/v1/quarantine/release", all="yes", closed="yes")
        rig.wait_for(lambda: len(self.told()) == 2, "it ends")
        everything = self.alerts(all=1, kind="quarantine")["rows"]
        self.assertEqual([row["state"] for row in everything], ["resolved"])

    def test_people_and_prometheus_see_the_same(self):
        self.enrolled("28001")
        self.hold_back("28001")
        self.wait_firing(("quarantine", "28001"))
        table = self.lantoa("alerts")
        self.assertEqual(table.code, 0, table)
        self.assertIn("figures of office 28001 (Office 28001) wait in quarantine", " ".join(table.out.split()))
        with unittest.mock.patch.dict(os.environ, LC_ALL="vi_VN.UTF-8", LANGUAGE="vi"):
            vietnamese = self.lantoa("alerts").out
        self.assertNotIn("quarantine for too long", vietnamese)
        connection = rig.UnixConnection(self.province.socket)
        connection.request("GET", "/v1/metrics")
        metrics = connection.getresponse().read().decode()
        connection.close()
        self.assertIn('lantoa_alerts{kind="quarantine",state="firing"} 1\n', metrics)
        self.assertIn('lantoa_alerts{kind="silent",state="pending"} 0\n', metrics)
        manual = (SOURCE / "aggregator/lantoa-aggregator.8").read_text()
        for name in re.findall(r"lantoa_[a-z_]+", (SOURCE / "aggregator/prometheus/lantoa.rules.yml").read_text()):
            self.assertIn(f".It Li {name.removesuffix('_bucket')}\n", manual)
        if shutil.which("promtool"):
            checked = subprocess.run(["promtool", "check", "metrics"], input=metrics, text=True, capture_output=True, check=False)
            self.assertEqual((checked.returncode, checked.stderr), (0, ""))

    def test_an_empty_list_of_a_province_that_did_not_look_yet_is_no_all_clear(self):
        class Province(http.server.BaseHTTPRequestHandler):
            looked = None

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/csv")
                self.send_header("Lantoa-Head", json.dumps({"alerts": {"last": 0, "looked": self.looked}}))
                self.end_headers()
                self.wfile.write(b"alert,state,since,what,advice\n")

            def log_message(self, *words):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Province) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            command = [f"{rig.BUILD}/aggregator/lantoa", "--api", f"http://127.0.0.1:{server.server_port}", "alerts"]
            self.assertEqual(rig.run(command).out, "Not known yet: the province looks as soon as it is up.\n")
            Province.looked = "2026-01-01T00:00:00Z"
            self.assertEqual(rig.run(command).out, "The list is empty.\n")
            server.shutdown()

    def test_each_advice_is_a_command_that_works(self):
        self.enrolled("28001")
        self.province.process.stop()
        kinds = "fault disk clock checkpoint backup double silent late quarantine quality".split()
        offices = kinds[5:] + ["clock"]
        with sqlite3.connect(f"{self.province.folder}/lantoa.db") as database:
            for number, (kind, subject) in enumerate([(kind, "") for kind in kinds[1:5]] + [("fault", "door_shut")] +
                                                     [(kind, subject) for kind in offices for subject in ("28001", "*")]):
                database.execute("INSERT INTO alert VALUES(?, ?, 1, 1, 3, 4, ?)", (kind, subject, number + 1))
        database.close()
        self.configure("[alerts]\nevery = 150s\noff = late\n")  # nobody looks meanwhile
        self.province.start()
        rows = self.alerts()["rows"]
        self.assertEqual(len(rows), 5 + 2 * len(offices))
        self.assertEqual([row["gravity"] for row in rows], sorted(row["gravity"] for row in rows))
        ran = set()
        for row in rows:
            self.assertNotIn("%", row["what"] + row["advice"])
            for words in re.findall(r": (lantoa [^;.,?]*)", row["advice"]):
                words = words.replace("FILE", os.path.join(self.folder, "backup.db")).split()[1:]
                if tuple(words) in ran:
                    continue
                ran.add(tuple(words))
                done = self.lantoa(*words)
                self.assertIn(done.code, (0, 1) if words[0] == "status" else (0,), (words, done))
        self.assertGreater(len(ran), 7)

    def test_a_kill_at_any_time_leaves_one_story(self):
        dice = random.Random(rig.seed())
        self.enrolled("28001", "28002", "28003", "28004")
        for _ in range(6):
            coming = dice.choice(["28001", "28002"])
            agent = self.agents[coming]
            if agent.process.alive():
                self.silence(coming)
            else:
                agent.start()
            time.sleep(dice.uniform(0, 4))
            self.province.process.kill()
            self.province.start()
        for code in ("28001", "28002"):
            if not self.agents[code].process.alive():
                self.agents[code].start()
        self.wait_firing()
        story, fires = self.told(), set()
        self.assertEqual([row[0] for row in story], list(range(1, len(story) + 1)))
        for _, state, kind, subject in story:
            self.assertEqual((kind, subject) in fires, state == "resolved", story)
            (fires.add if state == "firing" else fires.discard)((kind, subject))
        self.assertEqual(fires, set())
        self.assert_whole()


class Hook(Watched):
    def setUp(self):
        super().setUp()
        self.hook = os.path.join(self.folder, "hook")
        self.into = os.path.join(self.folder, "into")
        os.makedirs(self.into)
        with open(self.hook, "w", encoding="utf-8") as script:
            script.write(HOOK.format(folder=self.folder))
        os.chmod(self.hook, 0o755)
        self.follower = None
        self.addCleanup(self.unfollow)

    def follow(self, wait="3600"):
        self.follower = rig.Process(
            [f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", "alerts", "follow", "--hook",
             self.hook, "--into", self.into, "--wait", wait],
            os.path.join(self.folder, "follow.log"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def unfollow(self):
        if self.follower:
            self.follower.kill()

    def flag(self, name, on):
        path = os.path.join(self.folder, name)
        if on:
            open(path, "w", encoding="utf-8").close()
        elif os.path.exists(path):
            os.unlink(path)

    def lines(self, name="told"):
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as told:
            return [json.loads(line) for line in told]

    def wait_told(self, *wanted, name="told"):
        def look():
            return [(line["state"], line["kind"], line["subject"]) for line in self.lines(name)] == list(wanted)
        rig.wait_for(look, f"{wanted} told, it is {self.lines(name)}", 40)

    def test_each_change_is_told_in_order_whoever_is_killed(self):
        self.enrolled("28001")
        self.flag("flood", True)
        self.hold_back("28001")
        self.wait_firing(("quarantine", "28001"))
        self.follow()
        self.wait_told(("firing", "quarantine", "28001"))
        self.assertEqual(self.lines()[0]["alert"], 1)
        self.assertIn("lantoa quarantine", self.lines()[0]["advice"])
        self.flag("flood", False)
        self.flag("fail", True)
        self.province.post("/v1/quarantine/release", all="yes", closed="yes")
        self.follower.logged("the hook failed attempt=2 .*status 7: nobody answers")
        self.follower.kill()
        self.province.process.kill()
        self.follow()  # the province is away
        self.follower.logged("the province does not answer")
        self.province.start()
        self.flag("fail", False)
        self.wait_told(("firing", "quarantine", "28001"), ("resolved", "quarantine", "28001"))
        rig.wait_for(lambda: pathlib.Path(self.into, "position").read_text(encoding="utf-8").split()[1] == "2",
                     "its position is written behind the hook")
        self.follower.kill()
        self.follow()  # nothing is told again
        time.sleep(2)
        self.assertEqual(len(self.lines()), 2)

    def test_a_hook_that_is_out_loses_nothing_and_holds_up_nothing(self):
        self.enrolled("28001")
        self.flag("fail", True)
        self.follow(wait="2")
        rig.wait_for(lambda: os.path.exists(os.path.join(self.into, "position")), "it has begun")
        self.hold_back("28001")
        self.wait_told(("firing", "quarantine", "28001"), name="into/undelivered.jsonl")
        begun = time.monotonic()
        self.province.post("/v1/quarantine/release", all="yes", closed="yes")
        self.wait_told(("firing", "quarantine", "28001"), ("resolved", "quarantine", "28001"),
                       name="into/undelivered.jsonl")
        self.flag("fail", False)
        self.agents["28001"].record("visits=2", "--period", "2025-05-04")
        self.wait_told(("firing", "quarantine", "28001"))
        self.assertEqual(self.lines()[0]["alert"], 3)
        self.assertLess(time.monotonic() - begun, 60)

    def test_what_cannot_be_followed_is_said(self):
        nowhere = self.lantoa("alerts", "follow", "--hook", os.path.join(self.folder, "none"), "--into", self.into)
        self.assertEqual(nowhere.code, 1, nowhere)
        self.assertIn("none", nowhere.err)
        half = self.lantoa("alerts", "follow", "--hook", self.hook)
        self.assertEqual(half.code, 2, half)
        position = os.path.join(self.into, "position")
        with open(position, "w", encoding="utf-8") as damaged:
            damaged.write("seven\n")
        os.chmod(position, 0o600)
        damaged = self.lantoa("alerts", "follow", "--hook", self.hook, "--into", self.into)
        self.assertEqual(damaged.code, 1, damaged)
        self.assertIn("remove it to start again", damaged.err)
        os.unlink(position)
        self.follow()
        rig.wait_for(lambda: os.path.exists(position), "it begins anew")


if __name__ == "__main__":
    unittest.main()

"""What Prometheus is told: its own checker finds nothing, the manual names every family and no other, and a real Prometheus
scrapes the province and sees a silent office."""

import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess
import unittest
import urllib.parse

import rig
import web

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FORMAT = "text/plain; version=0.0.4; charset=utf-8"

INDICATORS = """name,label_vi,label_en,formula,unit,target_year,target_value
growth,x,x,teams / 2,"tổ ""mới"" \\%",,
none,x,x,teams / visits.b,%,,
"""


def set_back(province, code, hours):
    """As if the office had been heard last so long ago; the province is down meanwhile."""
    with sqlite3.connect(f"{province.folder}/lantoa.db") as database:
        database.execute("UPDATE contact SET at_us = at_us - ? WHERE office = (SELECT id FROM office WHERE code = ?)",
                         (hours * 3600 * 1000000, code))
    database.close()


class Metrics(rig.Rig):
    offices = rig.COMMUNES

    def answer(self, path="/v1/metrics"):
        connection = rig.UnixConnection(self.province.socket)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer, body

    def scrape(self):
        """{name and labels as written: value}."""
        answer, text = self.answer()
        self.assertEqual(answer.status, 200, text)
        self.assertEqual(answer.headers["Content-Type"], FORMAT)
        found = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                sample, value = line.rsplit(" ", 1)
                self.assertNotIn(sample, found)
                found[sample] = float(value)
        return found

    def once_late_is_told(self):
        """A scrape has it looked for; a later one tells."""
        return rig.wait_for(lambda: (lambda found: found if "lantoa_offices_late" in found else None)(self.scrape()),
                            "the late offices")

    def indicators(self):
        """A closed month of which one office reported."""
        self.province.put_csv("/v1/indicators", INDICATORS)
        agent = self.agents["28001"]
        self.assertEqual(agent.record("teams=9", "--period", "2025-05").code, 0)
        rig.wait_for(lambda: self.province.counter("intake", "batches") == 1, "the batch")
        self.assertEqual(self.lantoa("close", "2025-05").code, 0)
        self.province.process.stop()
        self.province.write_conf = lambda: rig.Province.write_conf(self.province, "[metrics]\nindicators = yes\n")
        self.province.start()

    def test_what_is_told_is_so(self):
        self.agent("28001").start()
        probe = self.enrolled_probe("28002")
        probe.ask("hello", 7, 0, 3, 3, hear="welcome")
        self.province.invite("28003")
        rig.wait_for(lambda: self.scrape()["lantoa_offices_connected"] == 2, "both to be connected")
        found = self.once_late_is_told()
        self.assertEqual([found[f'lantoa_offices{{state="{state}"}}'] for state in ("active", "invited", "none")], [2, 1, 1])
        self.assertEqual(found["lantoa_offices_silent"], 2)
        self.assertEqual(found["lantoa_offices_late"], 4)
        self.assertEqual(found['lantoa_office_last_contact_timestamp_seconds{office="28004"}'], 0)
        self.assertEqual(found['lantoa_condition{name="store_failing",gravity="ill"}'], 0)
        self.assertEqual(found["lantoa_commit_duration_seconds_count"], 0)
        self.assertNotIn("lantoa_last_commit_timestamp_seconds", found)
        self.assertNotIn("lantoa_backup_timestamp_seconds", found)
        self.assertNotIn("lantoa_indicator_value", str(found))  # nobody switched them on

        # figures, one that waits in quarantine, and a backup
        agent = self.agents["28001"]
        for period in ("2025-06-30", "2019-06-30"):
            self.assertEqual(agent.record("visits=5", "--period", period).code, 0)
        rig.wait_for(lambda: self.scrape()["lantoa_quarantine_observations"] == 1, "the figures")
        self.assertEqual(self.lantoa("backup", f"{self.folder}/copy").code, 0)
        found = self.scrape()
        self.assertEqual(found["lantoa_observations_total"], 2)
        self.assertEqual(found["lantoa_batches_total"], found['lantoa_ack_delay_seconds_bucket{le="+Inf"}'])
        self.assertEqual(found["lantoa_commits_total"], found["lantoa_commit_duration_seconds_count"])
        self.assertGreater(found["lantoa_commit_duration_seconds_sum"], 0)
        self.assertGreaterEqual(found["lantoa_ack_delay_seconds_sum"], found["lantoa_commit_duration_seconds_sum"])
        for name in ("lantoa_backup", "lantoa_last_commit", 'lantoa_office_last_contact_timestamp_seconds{office="28001"}'):
            name = name if "{" in name else name + "_timestamp_seconds"
            self.assertLess(abs(found[name] - found["lantoa_start_time_seconds"]), 120, name)
        position = self.province.get("/v1/changes", most=1)
        self.assertGreater(found["lantoa_ledger_position"], position["items"][0].get("position", 0))
        self.assert_whole()

    def test_nobody_is_said_not_to_be_late_before_that_is_known(self):
        self.province.process.stop()
        furnished, self.province = self.province, rig.Province(os.path.join(self.folder, "fresh"))
        self.province.start()
        found = rig.wait_for(lambda: (lambda found: found if 'lantoa_alerts{kind="silent",state="pending"}' in found else None)(
            self.scrape()), "the first look")
        self.assertNotIn("lantoa_offices_late", found)
        self.assertNotIn('lantoa_alerts{kind="late",state="pending"}', found)
        self.assertRegex(self.lantoa("top", "--once").out, r"0 connected, 0 silent, - late")
        head = self.province.get("/v1/alerts")["alerts"]
        self.assertIn("late", head["not_known"])
        self.assertIsNotNone(head["looked"])

        # It is as soon as there is somebody who could be, and one look later it is an alert.
        self.province.furnish()
        found = self.once_late_is_told()
        self.assertEqual(found["lantoa_offices_late"], 4)
        rig.wait_for(lambda: self.scrape().get('lantoa_alerts{kind="late",state="pending"}'), "the next look")
        self.assertNotIn("late", self.province.get("/v1/alerts")["alerts"]["not_known"] or "")
        self.assert_whole()
        self.province = furnished
        self.province.start()

    def test_indicators_are_told_of_the_closed_period_and_never_as_zero(self):
        self.agent("28001").start()
        self.indicators()
        found = self.once_late_is_told()
        told = {key: value for key, value in found.items() if key.startswith("lantoa_indicator")}
        self.assertEqual(told, {
            'lantoa_indicator_value{indicator="growth",period="2025-05",unit="tổ \\"mới\\" \\\\%"}': 4.5,
            'lantoa_indicator_complete_ratio{indicator="growth",period="2025-05"}': 0.25,
            # of this one nobody reported a part: it has no value, and how much was reported is told
            'lantoa_indicator_complete_ratio{indicator="none",period="2025-05"}':
                told['lantoa_indicator_complete_ratio{indicator="none",period="2025-05"}'],
        })
        self.assertLess(told['lantoa_indicator_complete_ratio{indicator="none",period="2025-05"}'], 0.05)

    def test_its_checker_and_the_manual_agree(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool is not installed")
        self.agent("28001").start()
        self.indicators()
        self.assertEqual(self.agents["28001"].record("visits=5", "--period", "2025-06-30").code, 0)
        self.assertEqual(self.lantoa("backup", f"{self.folder}/copy").code, 0)
        rig.wait_for(lambda: self.scrape()["lantoa_batches_total"] >= 1, "a batch")
        self.province.process.stop()  # so that its log was copied once
        self.province.start()
        self.once_late_is_told()
        self.assertEqual(self.agents["28001"].record("visits=6", "--period", "2025-06-30").code, 0)
        rig.wait_for(lambda: self.scrape()["lantoa_batches_total"] >= 1, "another")
        rig.wait_for(lambda: "lantoa_alerts{" in self.answer()[1], "the first look for alerts")
        text = self.answer()[1]
        check = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False)
        self.assertEqual((check.returncode, check.stdout, check.stderr), (0, "", ""))
        told = set(re.findall(r"^# TYPE (\S+)", text, re.M))
        told |= {"lantoa_checkpoint_timestamp_seconds"}  # once all of the log was copied, which takes its time
        manual = (SOURCE / "aggregator/lantoa-aggregator.8").read_text(encoding="utf-8")
        named = set(re.findall(r"^\.It Li (lantoa_\w+)", manual, re.M))
        self.assertEqual(told, named)
        for line in text.splitlines():
            self.assertRegex(line, r"^# (HELP|TYPE) lantoa_|^lantoa_[a-z_]+(\{.*\})? -?[0-9.e+-]+$")


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Scraped(web.WebRig):
    """As it stands at a province: Prometheus shows a viewer's token to lantoa-web, over TLS."""

    offices = rig.COMMUNES
    roles = ("viewer", "clerk")

    def token(self, name, role, **more):
        return super().token(name, role, **({"office": "28001"} if role == "clerk" else more))

    def prometheus(self, port):
        folder = os.path.join(self.folder, "prometheus")
        os.makedirs(folder)
        with open(f"{folder}/token", "w", encoding="utf-8") as token:
            token.write(self.tokens["viewer"])
        with open(f"{folder}/prometheus.yml", "w", encoding="utf-8") as conf:
            conf.write("global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
                       "scrape_configs:\n  - job_name: lantoa\n    metrics_path: /metrics\n    scheme: https\n"
                       f"    tls_config: {{ca_file: {self.web.chain}, server_name: {web.NAME}}}\n"
                       f"    authorization: {{credentials_file: {folder}/token}}\n"
                       f"    static_configs: [{{targets: ['127.0.0.1:{self.web.port}']}}]\n")
        return rig.Process(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                            f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"], f"{folder}/log",
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def ask(self, port, question):
        """[(labels, value)]; nothing while it does not answer yet."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", "/api/v1/query?" + urllib.parse.urlencode({"query": question}))
            answer = connection.getresponse()
            body = answer.read()
        except OSError:
            return []
        finally:
            connection.close()
        if answer.status == 503:  # it is starting
            return []
        self.assertEqual(answer.status, 200, body)
        return [(row["metric"], float(row["value"][1])) for row in json.loads(body)["data"]["result"]]

    def test_a_token_that_may_read_is_wanted(self):
        good = self.web.ask("GET", "/metrics", self.tokens["viewer"])
        self.assertEqual((good.status, good.headers["Content-Type"]), (200, FORMAT))
        self.assertIn("\nlantoa_offices{", good.text)
        packed = self.web.ask("GET", "/metrics", self.tokens["viewer"], accept_encoding="gzip")
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertIn(b"\nlantoa_offices{", gzip.decompress(packed.body))
        self.assertEqual(self.web.ask("GET", "/metrics").status, 401)
        self.assertEqual(self.web.ask("GET", "/metrics", "no-such-token").status, 401)
        self.assertEqual(self.web.ask("GET", "/metrics", self.tokens["clerk"]).status, 403)
        for method, target in (("POST", "/metrics"), ("GET", "/metrics?a=1"), ("GET", "/metrics/"), ("GET", "/metrics/x")):
            self.assertIn(self.web.ask(method, target, self.tokens["viewer"]).status, (400, 404, 405), (method, target))
        self.assert_well()

    def test_a_real_prometheus_sees_a_silent_office(self):
        if not shutil.which("prometheus"):
            self.skipTest("prometheus is not installed")
        self.web.process.stop()
        self.web.write_conf()
        with open(self.web.conf, encoding="utf-8") as conf:
            text = conf.read().replace(f"names = {web.NAME}\n", "")  # Prometheus asks for 127.0.0.1
        with open(self.web.conf, "w", encoding="utf-8") as conf:
            conf.write(text)
        self.web.start()
        self.agent("28001").start()
        for code in self.offices[1:]:
            self.enrolled_probe(code).ask("hello", 7, 0, 3, 3, hear="welcome")
        rig.wait_for(lambda: "\nlantoa_offices_connected 4\n" in self.web.ask("GET", "/metrics", self.tokens["viewer"],
                                                                                    host="127.0.0.1").text,
                     "all to be connected")
        self.province.process.stop()
        for code in self.offices[1:]:
            set_back(self.province, code, {"28002": 50, "28003": 1, "28004": 47}[code])
        for probe in self.probes:
            probe.close()
        self.province.start()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        prometheus = self.prometheus(port)
        self.addCleanup(prometheus.kill)
        silent = "time() - lantoa_office_last_contact_timestamp_seconds > 48 * 3600"
        seen = rig.wait_for(lambda: self.ask(port, silent), f"a silent office: {prometheus.log()}", 60)
        self.assertEqual([labels["office"] for labels, _ in seen], ["28002"])
        self.assertLess(abs(seen[0][1] - 50 * 3600), 600)
        self.assertEqual([value for _, value in self.ask(port, 'up{job="lantoa"}')], [1])
        self.assertEqual([value for _, value in self.ask(port, "lantoa_offices_silent")], [2])
        self.assertEqual([value for _, value in self.ask(port, "count(lantoa_condition == 1)")], [1])

        # it comes again, and is silent no more
        again = self.probe(self.probes[1].server_key, self.probes[1].secret_key)
        again.ask("hello", 7, 0, 3, 3, hear="welcome")
        rig.wait_for(lambda: not self.ask(port, silent), "nobody to be silent so long", 60)


if __name__ == "__main__":
    unittest.main()

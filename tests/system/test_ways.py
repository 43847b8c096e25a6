"""Every way for figures to come in, by a real agent: what adds up wrongly at the source never gets to the province.

A total of 10, "land" 4, "Đất đai" 6 and "đất đai" 6 of one day are never 26; and a figure that breaks a rule of the province
is refused with the words of the rule and the numbers, by whichever way it comes.
"""

import contextlib
import datetime
import html
import http.client
import json
import os
import re
import socket
import sqlite3
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import rig
import workbooks
from test_sources import Sources, today

CATALOGUE = rig.CATALOGUE + """\
received,Hồ sơ tiếp nhận,Dossiers received,dossier,flow,sum,sum,day,sector,0,0,commune,1,0,
online,Hồ sơ trực tuyến,Dossiers online,dossier,flow,sum,sum,day,sector,0,0,commune,1,0,
"""
LISTS = """dimension,code,label_vi,label_en,valid_from,valid_to
sector,land,Đất đai,Land,,
sector,tax,Thuế,Tax,,
"""
RULES = """name,left,op,right,severity,label_vi,label_en,from
among,online,<=,received,refuse,Hồ sơ trực tuyến không nhiều hơn hồ sơ tiếp nhận,Online dossiers are among those received,
"""
BOTH = (("received", "", 10), ("received", "land", 4), ("received", "Đất đai", 6), ("received", "đất đai", 6))
BROKEN = (("received", "land", 10), ("online", "land", 12))
FINE = (("received", "land", 10), ("online", "land", 9))
WORDS = {"en": "Online dossiers are among those received", "vi": "Hồ sơ trực tuyến không nhiều hơn hồ sơ tiếp nhận"}


class Ways(Sources):
    def setUp(self):
        super().setUp()
        self.province.put_csv("/v1/catalogue", CATALOGUE)
        self.province.put_csv("/v1/dimensions", LISTS)
        self.province.put_csv("/v1/rules", RULES)
        self.inbox = f"{self.folder}/inbox"
        os.mkdir(self.inbox)

    def prepare(self, conf="", page=""):
        agent = self.agent("28001")
        agent.start()
        rig.wait_for(lambda: agent.command("catalogue").out.count("received"), "the catalogue")

        def stopped_with_rules():  # they come behind the catalogue, in the edition; its spool is its own while it runs
            agent.process.stop()
            with contextlib.closing(sqlite3.connect(f"{agent.folder}/spool.db")) as spool:
                if spool.execute("SELECT 1 FROM fact WHERE name = 'edition'").fetchone():
                    return True
            agent.start()
            time.sleep(0.5)
            return False

        rig.wait_for(stopped_with_rules, "the rules")
        agent.write_conf(conf, page=page)
        return agent.start()

    def speak(self, language):
        os.environ["LC_ALL"] = "vi_VN.UTF-8" if language == "vi" else "C.UTF-8"
        self.addCleanup(os.environ.__setitem__, "LC_ALL", "C.UTF-8")

    def settle(self, agent):
        """All that was recorded has arrived."""
        def look():
            language, os.environ["LC_ALL"] = os.environ["LC_ALL"], "C.UTF-8"
            said = agent.command("status").out
            os.environ["LC_ALL"] = language
            return "0 figures in 0 batches, 0 not sealed yet" in said
        rig.wait_for(look, "all to arrive")

    def table(self, figures, day):
        return "period,metric,sector,value\n" + "".join(f"{day},{name},{sector},{value}\n" for name, sector, value in figures)

    def large(self, day):
        """What a rule compares stands on the first line and on the last, and a thousand days between."""
        first = datetime.date(2010, 1, 1)
        days = [first + datetime.timedelta(days=nth) for nth in range(4500)]
        between = "".join(f"{one},received,land,1\n{one},received,tax,1\n" for one in days)
        return f"period,metric,sector,value\n{day},online,land,12\n{between}{day},received,land,10\n"

    def observations(self, figures, day):
        return json.dumps({"observations": [{"metric": name, "value": value, "period": day,
                                             "labels": {"sector": sector} if sector else {}}
                                            for name, sector, value in figures]})

    def check(self, agent, day, said, language, figures):
        """None of the figures is at the province, and whoever handed them in knows why."""
        print(f"{language}: {said.strip()}\n", flush=True)
        self.settle(agent)
        self.assertIsNone(self.value("received", day), said)
        self.assertIsNone(self.value("online", day), said)
        if figures is BROKEN:
            self.assertIn(WORDS[language], said)
            self.assertRegex(said, "12.*10")
        else:
            self.assertRegex(said, "another value|giá trị khác|has no label|không có nhãn|chưa có nhãn|khác cho cùng")


class Commands(Ways):
    def test_import_of_csv_running_and_not(self):
        agent = self.prepare()
        days = iter(range(1, 29))
        for language in ("en", "vi"):
            self.speak(language)
            for figures in (BOTH, BROKEN):
                day = f"2025-06-{next(days):02}"
                outcome = agent.command("import", "-", stdin=self.table(figures, day))
                self.assertEqual(outcome.code, 1, outcome)
                self.check(agent, day, outcome.err, language, figures)
        self.speak("en")
        agent.process.stop()
        outcome = agent.command("import", "-", stdin=self.table(BROKEN, "2025-06-20"))
        self.assertIn(WORDS["en"], outcome.err)
        self.assertEqual(agent.command("import", "-", stdin=self.table(FINE, "2025-06-21")).code, 0)
        agent.start()
        self.settle(agent)
        self.assertIsNone(self.value("received", "2025-06-20"))
        self.assertEqual(self.value("online", "2025-06-21"), 9)
        self.assert_whole()

    def test_a_large_table_is_judged_as_a_whole(self):
        agent = self.prepare()
        for nth in range(2):
            if nth > 0:
                agent.process.stop()
            day = f"2025-06-{nth + 1:02}"
            outcome = agent.command("import", "-", stdin=self.large(day))
            self.assertEqual(outcome.code, 1, outcome)
            self.assertIn("-: 9000 figures recorded, 2 rejected", outcome.out)
            told = outcome.err.splitlines()
            self.assertEqual(len(told), 1, outcome.err)
            self.assertTrue(told[0].startswith("-:2"), told)
            self.assertIn(WORDS["en"], told[0])
        kept = agent.command("spool", "export").out
        self.assertIn("2010-01-02", kept)
        self.assertNotIn("online", kept)
        self.assertNotIn("2025-06-0", kept)

    def test_a_workbook_is_judged_as_a_whole(self):
        agent = self.prepare()
        path, head = f"{self.folder}/two.xlsx", ["period", "metric", "sector", "value"]
        with open(path, "wb") as file:
            file.write(workbooks.workbook({"A": workbooks.table(head, ["2025-06-01", "online", "land", 12]),
                                           "B": workbooks.table(head, ["2025-06-01", "received", "land", 10])}))
        outcome = agent.command("import", path)
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn("0 figures recorded, 2 rejected", outcome.out)
        told = outcome.err.splitlines()
        self.assertEqual(len(told), 1, outcome.err)
        self.assertIn("A!D2", told[0])

    def test_record(self):
        agent = self.prepare()
        for language in ("en", "vi"):
            self.speak(language)
            day = "2025-06-01" if language == "en" else "2025-06-02"
            outcome = agent.record("received=10", "online=12", "--label", "sector=land", "--period", day)
            self.assertEqual(outcome.code, 1, outcome)
            self.check(agent, day, outcome.err, language, BROKEN)
            # One by one, as it is typed: the total stands, and its parts are refused.
            day = "2025-06-03" if language == "en" else "2025-06-04"
            self.assertEqual(agent.record("received=10", "--period", day).code, 0)
            for sector, value in (("land", 4), ("Đất đai", 6), ("đất đai", 6)):
                outcome = agent.record(f"received={value}", "--label", f"sector={sector}", "--period", day)
                self.assertEqual(outcome.code, 1, outcome)
            print(f"{language}: {outcome.err}", flush=True)
            self.settle(agent)
            self.assertEqual(self.value("received", day), 10)
        self.assertEqual(agent.record("received=10", "online=9", "--label", "sector=land", "--period", "2025-06-05").code, 0)
        self.assertEqual(agent.record("online=11", "--label", "sector=land", "--period", "2025-06-05").code, 1)
        self.settle(agent)
        self.assertEqual(self.value("online", "2025-06-05"), 9)

    def test_what_is_far_is_held_when_that_is_wanted(self):
        agent = self.prepare()
        for day in range(1, 9):
            self.assertEqual(agent.record("received=9", "--label", "sector=tax", "--period", f"2025-06-{day:02}").code, 0)
        far = self.table([("received", "tax", 9000)], "2025-06-10")
        outcome = agent.command("import", "--strict", "-", stdin=far)
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn("9000 is far from what was reported before, so it is not recorded", outcome.err)
        outcome = agent.record("received=9000", "--label", "sector=tax", "--period", "2025-06-10", "--strict")
        self.assertEqual(outcome.code, 1, outcome)
        self.settle(agent)
        self.assertIsNone(self.value("received", "2025-06-10"))
        outcome = agent.command("import", "-", stdin=far)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("9000 is recorded, but it is far from", outcome.err)
        self.settle(agent)
        self.assertEqual(self.value("received", "2025-06-10"), 9000)


class Inbox(Ways):
    def drop(self, name, data):
        with open(f"{self.inbox}/.{name}", "wb") as file:
            file.write(data)
        os.rename(f"{self.inbox}/.{name}", f"{self.inbox}/{name}")

    def told(self, name):
        path = f"{self.inbox}/{name}"
        rig.wait_for(lambda: os.path.exists(path) and os.path.getsize(path) > 0, name)
        with open(path, encoding="utf-8-sig") as file:
            return file.read()

    def test_tables(self):
        for language in ("en", "vi"):
            if self.agents.get("28001"):
                self.agents["28001"].process.stop()
                agent = self.agents["28001"]
                agent.write_conf(f"[inbox]\nfolder = {self.inbox}\nsettle_s = 1\nlanguage = {language}\n")
                agent.start()
            else:
                agent = self.prepare(f"[inbox]\nfolder = {self.inbox}\nsettle_s = 1\nlanguage = {language}\n")
            for nth, figures in enumerate((BOTH, BROKEN)):
                day = f"2025-0{7 if language == 'vi' else 6}-0{nth + 1}"
                self.drop(f"{language}{nth}.csv", self.table(figures, day).encode())
                self.check(agent, day, self.told(f"{language}{nth}.csv.errors.csv"), language, figures)

    def test_a_large_table_is_judged_as_a_whole(self):
        agent = self.prepare(f"[inbox]\nfolder = {self.inbox}\nsettle_s = 1\nlanguage = en\n")
        self.drop("large.csv", self.large("2025-06-01").encode())
        told = [line for line in self.told("large.csv.errors.csv").splitlines() if WORDS["en"] in line]
        self.assertEqual(len(told), 1, told)
        self.assertTrue(told[0].startswith('"2"'), told)
        kept = agent.command("spool", "export").out
        self.assertIn("2010-01-02", kept)
        self.assertNotIn("online", kept)
        self.assertNotIn("2025-06-0", kept)

    def test_9_that_becomes_9000_is_told_or_held(self):
        agent = self.prepare(f"[inbox]\nfolder = {self.inbox}\nsettle_s = 1\nlanguage = en\n")
        for day in range(1, 9):
            self.assertEqual(agent.record("received=9", "--label", "sector=tax", "--period", f"2025-06-{day:02}").code, 0)
        self.drop("far.csv", self.table([("received", "tax", 9000)], "2025-06-10").encode())
        self.assertIn("9000 is recorded, but it is far from", self.told("far.csv.errors.csv"))
        agent.process.stop()
        agent.write_conf(f"[inbox]\nfolder = {self.inbox}\nsettle_s = 1\nlanguage = en\nstrict = yes\n")
        agent.start()
        self.drop("held.csv", self.table([("received", "tax", 9000), ("received", "land", 9)], "2025-06-11").encode())
        said = self.told("held.csv.errors.csv")
        self.assertIn("9000 is far from what was reported before, so it is not recorded", said)
        self.settle(agent)
        self.assertEqual(self.value("received", "2025-06-10"), 9000)
        self.assertEqual(self.value("received", "2025-06-11"), 9)  # the other line

    def test_a_workbook(self):
        agent = self.prepare(f"[inbox]\nfolder = {self.inbox}\nsettle_s = 1\nlanguage = en\n")
        for nth, figures in enumerate((BOTH, BROKEN)):
            day = f"2025-06-0{nth + 1}"
            rows = [[day, name, sector, value] for name, sector, value in figures]
            path = f"{self.folder}/{nth}.xlsx"
            with open(path, "wb") as file:
                file.write(workbooks.workbook({"Tháng 6": workbooks.table(["period", "metric", "sector", "value"], *rows)}))
            outcome = agent.command("import", path)
            self.assertEqual(outcome.code, 1, outcome)
            self.check(agent, day, outcome.err, "en", figures)


class Programs(Ways):
    def test_http(self):
        agent = self.prepare("[http]\nlisten = 127.0.0.1:0\n")
        port = int(agent.process.logged(r"api: listening address=127.0.0.1:(\d+)").group(1))
        token = agent.command("token").out.strip()
        for language in ("en", "vi"):
            for nth, figures in enumerate((BOTH, BROKEN)):
                day = f"2025-0{7 if language == 'vi' else 6}-0{nth + 1}"
                asked = http.client.HTTPConnection("127.0.0.1", port, timeout=rig.PATIENCE_S)
                asked.request("POST", "/v1/observations", self.observations(figures, day),
                              {"Authorization": f"Bearer {token}", "Accept-Language": language})
                answer = asked.getresponse()
                said = json.loads(answer.read())["error"]
                asked.close()
                self.assertEqual(answer.status, 400, said)
                self.check(agent, day, said, language, figures)
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=rig.PATIENCE_S)
        others = BROKEN[:1] + (("online", "land", 20), ("teams", "", 7))
        asked.request("POST", "/v1/observations?each=1", self.observations(others, "2025-08-01").replace(
            '"metric": "teams", "value": 7, "period": "2025-08-01"', '"metric": "teams", "value": 7, "period": "2025-08"'),
                      {"Authorization": f"Bearer {token}"})
        answer = asked.getresponse()
        said = json.loads(answer.read())
        asked.close()
        self.assertEqual((answer.status, said["recorded"]), (200, 1), said)
        self.assertEqual([one["observation"] for one in said["refused"]], [1, 2])
        self.settle(agent)
        self.assertIsNone(self.value("received", "2025-08-01"))
        self.assertEqual(self.province.value("teams", area="28001", **{"from": "2025-08", "to": "2025-08"}), 7)

    def test_programs_and_files(self):
        path = f"{self.folder}/office.db"
        with sqlite3.connect(path) as office:
            office.execute("CREATE TABLE f(metric, value, period, sector)")
            office.executemany("INSERT INTO f VALUES(?, ?, '2025-06-01', nullif(?, ''))",
                               [(name, value, sector) for name, sector, value in BOTH])
            office.execute("CREATE TABLE b(metric, value, period, sector)")
            office.executemany("INSERT INTO b VALUES(?, ?, '2025-06-02', ?)",
                               [(name, value, sector) for name, sector, value in BROKEN])
        script = f"{self.folder}/tell"
        with open(script, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\ncat $1\n")
        os.chmod(script, 0o755)
        for name, figures, day in (("both", BOTH, "2025-06-03"), ("broken", BROKEN, "2025-06-04")):
            with open(f"{self.folder}/{name}", "w", encoding="utf-8") as file:
                file.writelines(f"{metric}={value} period={day}" + (f' "sector={sector}"' if sector else "") + "\n"
                                for metric, sector, value in figures)
        agent = self.prepare(
            f"[sql both]\nfile = {path}\nquery = SELECT metric, value, period, sector FROM f\n"
            f"[sql broken]\nfile = {path}\nquery = SELECT metric, value, period, sector FROM b\n"
            f"[exec both]\ncommand = {script} {self.folder}/both\n"
            f"[exec broken]\ncommand = {script} {self.folder}/broken\n")
        for kind in ("sql", "exec"):
            self.wait_for_error(agent, kind, "it has no label, while observation 2")
            self.wait_for_error(agent, kind, WORDS["en"])
        self.settle(agent)
        for day in range(1, 5):
            self.assertIsNone(self.value("received", f"2025-06-0{day}"))
            self.assertIsNone(self.value("online", f"2025-06-0{day}"))

    def test_statsd(self):
        agent = self.prepare(f"[statsd]\nsocket = {self.folder}/statsd\n")
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sender.close)
        sender.connect(f"{self.folder}/statsd")
        day = today()
        sender.send("online:12|g|#sector:tax\nreceived:10|g|#sector:tax".encode())
        self.wait_for_error(agent, "statsd", WORDS["en"])
        sender.send("received:10|g\nreceived:4|g|#sector:land\nreceived:6|g|#sector:Đất đai\n"
                    "received:6|g|#sector:đất đai".encode())
        self.wait_for_error(agent, "statsd", "would count")
        print(self.input_of(agent, "statsd")["error"], flush=True)
        self.settle(agent)
        self.assertIn(self.value("received", day), (6, 10))  # the one or the other, never both
        self.assertIsNone(self.value("online", day))


class Province(Ways):
    def test_what_came_before_the_rules_is_listed(self):
        self.province.put_csv("/v1/rules", RULES.splitlines()[0] + "\n")
        agent = self.prepare()
        for day, online in (("2025-06-01", 9), ("2025-06-02", 12)):
            outcome = agent.record("received=10", f"online={online}", "--label", "sector=land", "--period", day)
            self.assertEqual(outcome.code, 0, outcome)
        self.settle(agent)
        asked = ("quality", "--area", "815", "--from", "2025-06", "--to", "2025-06", "--format", "csv")
        self.assertEqual(len(self.lantoa(*asked).out.splitlines()), 1)
        pages = self.value("online", "2025-06-02")
        self.province.put_csv("/v1/rules", RULES)
        self.assertEqual(self.value("online", "2025-06-02"), pages)  # no total knows of it
        rows = self.lantoa(*asked).out.splitlines()
        self.assertEqual(rows[1:], [
            '2025-06-02,28001,Phường Một,28001,Office 28001,rule,online,,,'
            '"Online dossiers are among those received: Dossiers online 12, Dossiers received 10",Dossiers online'])
        wrong = self.lantoa("quality", "--metric", "onlin")
        self.assertEqual(wrong.code, 1, wrong)
        self.assertIn("did you mean 'online' (Dossiers online)?", wrong.err)
        self.assert_whole()


class Page(Ways):
    def test_page(self):
        agent = self.prepare(page="127.0.0.1:0")
        port = int(agent.process.logged(r"page: serving address=http://127.0.0.1:(\d+)").group(1))
        address = f"http://127.0.0.1:{port}/form"
        for language in ("en", "vi"):
            for nth, figures in enumerate((BOTH, BROKEN)):
                day = f"2025-0{7 if language == 'vi' else 6}-0{nth + 1}"
                with urllib.request.urlopen(urllib.request.Request(f"{address}?period={day}",
                                                                   headers={"Accept-Language": language})) as answer:
                    token = re.search(r'name="token" value="([^"]+)"', answer.read().decode()).group(1)
                fields = {"token": token, "period": day, "lang": language}
                for at, (name, sector, value) in enumerate(figures):
                    plain = sector in ("", "land")
                    fields[f"v:{name}:" + (f"sector={sector}" if sector else "") if plain else f"v:{name}:+{at}"] = str(value)
                    if not plain:
                        fields[f"d:{name}:+{at}:sector"] = sector
                try:
                    with urllib.request.urlopen(urllib.request.Request(
                            address, urllib.parse.urlencode(fields).encode(), {"Accept-Language": language})) as answer:
                        self.fail(answer.read().decode())
                except urllib.error.HTTPError as error:
                    self.assertEqual(error.code, 422)
                    said = html.unescape(error.read().decode())
                self.settle(agent)
                self.assertIsNone(self.value("received", day))
                self.assertIsNone(self.value("online", day))
                if figures is BROKEN:
                    self.assertIn(WORDS[language], said)
                print(language, re.findall(r'class="(?:message|error)[^>]*>([^<]+)', said), flush=True)


if __name__ == "__main__":
    unittest.main()

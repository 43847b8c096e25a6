"""Figures from the office's software, by a real agent: StatsD, programs, an SQLite file, the machine."""

import csv
import datetime
import http.client
import json
import os
import random
import socket
import sqlite3
import stat
import time
import unittest

import rig

ZONE = datetime.timezone(datetime.timedelta(hours=7))  # Asia/Ho_Chi_Minh


def today():
    """Today; not in its last minute, so that a test has one day."""
    while True:
        now = datetime.datetime.now(ZONE)
        if (now.hour, now.minute) != (23, 59):
            return now.date().isoformat()
        time.sleep(1)


class Sources(rig.Rig):
    offices = ["28001"]

    def office(self, conf):
        """Its agent, which has had the catalogue before."""
        agent = self.agent("28001")
        agent.start()
        rig.wait_for(lambda: json.loads(agent.command("status", "--json").out)["metrics"] > 0,
                     "the catalogue")
        agent.process.stop()
        agent.write_conf(conf)
        return agent.start()

    def input_of(self, agent, name):
        outcome = agent.command("status", "--json")
        return next(line for line in json.loads(outcome.out)["inputs"] if line["name"] == name)

    def wait_for_error(self, agent, name, words, patience_s=rig.PATIENCE_S):
        def look():
            error = self.input_of(agent, name)["error"]
            return words in error
        return rig.wait_for(look, f"'{words}' of {name}: {self.input_of(agent, name)}", patience_s)

    def value(self, name, day, **more):
        return self.province.value(name, area="28001", **{"from": day, "to": day}, **more)

    def wait_for_value(self, expected, name, day, **more):
        rig.wait_for(lambda: self.value(name, day, **more) == expected,
                     f"{name} to be {expected}, not {self.value(name, day, **more)}")


class Statsd(Sources):
    def socket(self, family):
        made = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(made.close)
        return made

    def unix_sender(self, path):
        sender = self.socket(socket.AF_UNIX)
        sender.connect(path)
        return sender

    def test_datagrams_come_by_both_ways_and_what_is_refused_is_told(self):
        agent = self.office(f"[statsd]\nlisten = 127.0.0.1:0\nsocket = {self.folder}/statsd\n")
        port = int(agent.process.logged(r"statsd: listening address=127.0.0.1:(\d+)").group(1))
        day = today()
        udp = self.socket(socket.AF_INET)
        unix = self.unix_sender(f"{self.folder}/statsd")
        for _ in range(20):
            udp.sendto(b"visits:2|c|#desk:a\nvisits:1|c|#desk:c\nnonsense\n", ("127.0.0.1", port))
            unix.send(b"visits:1|c|@0.5|#desk:b\nvisits:9|ms")
        self.wait_for_error(agent, "statsd", "40 refused; the last: ")
        self.wait_for_value(100, "visits", day)
        self.assertEqual(self.value("visits", day, labels="desk=a"), 40)
        self.assertIn("statsd: refused figures=", agent.process.log())
        agent.process.stop()
        self.assert_whole()

    def test_restarts_lose_nothing_that_a_unix_socket_took(self):
        dice = random.Random(rig.seed())
        path = f"{self.folder}/statsd"
        agent = self.office(f"[statsd]\nsocket = {path}\n")
        day, total = today(), 0
        for _ in range(6):
            sender = self.unix_sender(path)
            for _ in range(dice.randrange(1, 400)):
                value = dice.randrange(1, 100)
                sender.send(b"visits:%d|c" % value)
                total += value
            agent.process.stop()
            with self.assertRaises(OSError):
                sender.send(b"visits:1|c")
            agent.start()
        self.wait_for_value(total, "visits", day)
        agent.process.stop()
        self.assert_whole()

    def test_a_kill_loses_the_last_seconds_alone(self):
        path = f"{self.folder}/statsd"
        agent = self.office(f"[statsd]\nsocket = {path}\n")
        day = today()
        self.unix_sender(path).send(b"visits:7|c")
        self.wait_for_value(7, "visits", day)
        self.unix_sender(path).send(b"visits:5|c")
        agent.process.kill()
        agent.start()  # the socket that was left is replaced
        self.unix_sender(path).send(b"visits:1|c")
        agent.process.stop()
        agent.start()
        self.wait_for_value(8, "visits", day)
        agent.process.stop()
        self.assert_whole()

    def test_a_flood_is_bounded_and_keeps_nobody_out(self):
        agent = self.office("[statsd]\nlisten = 127.0.0.1:0\n")
        port = int(agent.process.logged(r"statsd: listening address=127.0.0.1:(\d+)").group(1))
        day, sent, slowest = today(), 0, 0.0
        flood = self.socket(socket.AF_INET)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            for desk in range(3000):
                flood.sendto(b"visits:1|c|#desk:%d" % desk, ("127.0.0.1", port))
                sent += 1
            before = time.monotonic()
            self.assertEqual(agent.record("teams=7", "--period", "2025-06").code, 0)
            slowest = max(slowest, time.monotonic() - before)
        print(f"{sent} datagrams; a record took at most {slowest:.2f} s", flush=True)
        self.assertLess(slowest, 10)  # a generous bound: machines are shared
        self.wait_for_error(agent, "statsd", "refused")
        agent.process.stop()
        agent.start()
        rig.wait_for(lambda: self.value("visits", day), "what was not refused")
        rows = agent.command("spool", "export").out.splitlines()
        visits = [row for row in rows if row.startswith("visits,")]
        self.assertGreater(len(visits), 0)
        self.assertLessEqual(len(visits), 3000)
        agent.process.stop()
        self.assert_whole()


class Programs(Sources):
    def script(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, stat.S_IRWXU)
        return path

    def test_good_programs_count_and_bad_ones_are_told_and_harm_nobody(self):
        good = self.script("good", 'echo visits=12 period=2025-06-30 "\\"desk=$1\\""')
        other = self.script("other", "printf 'metric,value,period\\nteams,7,2025-06\\n'")
        hang = self.script("hang", "sleep 1000 & echo visits=1 period=2025-06-29; sleep 1000")
        flood = self.script("flood", "echo visits=1 period=2025-06-29; yes")
        bad = self.script("bad", "echo visits=1 period=2025-06-29; echo visit=1")
        agent = self.office(
            f"[exec good]\ncommand = {good} 'quầy 1'\n[exec other]\ncommand = {other}\n"
            f"[exec hang]\ncommand = {hang}\ntimeout_s = 1\n"
            f"[exec flood]\ncommand = {flood}\n[exec bad]\ncommand = {bad}\n")
        self.wait_for_value(12, "visits", "2025-06-30", labels="desk=quầy 1")
        rig.wait_for(lambda: self.province.value("teams", area="28001",
                                                 **{"from": "2025-06", "to": "2025-06"}) == 7,
                     "the figures as CSV")
        for cause in (r'exec: failed name=hang cause="took longer than 1 s',
                      r'exec: failed name=flood cause="printed more than 65536',
                      r'''exec: failed name=bad cause=.*visit'''):
            agent.process.logged(cause)
        self.wait_for_error(agent, "exec", ": ")
        self.assertIsNone(self.value("visits", "2025-06-29"))
        agent.process.stop()
        self.assert_whole()

    def test_what_a_program_complains_of_reaches_status_log_and_terminal_as_text(self):
        raw = self.script("raw", r"printf '\033]0;x\007 \377 T\341\273\225 \342\200\256 \341\273' >&2; exit 3")
        agent = self.office(f"[exec raw]\ncommand = {raw}\n")
        self.wait_for_error(agent, "exec", "raw: ended with status 3: ?]0;x? ? Tổ ? ??")
        screen = agent.command("status")
        self.assertIn("?]0;x? ? Tổ ? ??", screen.out)
        self.assertNotIn("\x1b", screen.out)
        log = agent.process.logged("exec: failed name=raw.*").group(0)
        self.assertIn("?]0;x? ? Tổ ? ??", log)

    def test_a_stop_does_not_wait_for_a_program_and_leaves_none_behind(self):
        pid_file = f"{self.folder}/pid"
        hang = self.script("hang", f"echo $$ > {pid_file}; exec sleep 1000")
        agent = self.office(f"[exec hang]\ncommand = {hang}\ntimeout_s = 1000\n")
        rig.wait_for(lambda: os.path.exists(pid_file) and os.path.getsize(pid_file) > 0, "its start")
        with open(pid_file, encoding="utf-8") as file:
            pid = int(file.read())
        before = time.monotonic()
        agent.process.stop()
        self.assertLess(time.monotonic() - before, 10)
        with self.assertRaises(ProcessLookupError):
            for _ in range(500):
                os.kill(pid, 0)
                time.sleep(0.01)

    def test_a_wrong_command_is_refused_with_its_section(self):
        agent = self.agent("28001")
        for text, words in (("[exec a]\ncommand = count", "[exec a] command: must begin with"),
                            ("[exec a]", "[exec a] command"), ("[exec]", "[exec NAME]"),
                            ("[sql a]\nfile = x.db", "[sql a] file"),
                            ("[statsd]\nlisten = 0.0.0.0:8125", "[statsd] listen")):
            agent.write_conf(text + "\n")
            outcome = agent.command("run")
            self.assertEqual(outcome.code, 1, outcome)
            self.assertIn(words, outcome.err)


class Http(Sources):
    BODY = json.dumps({"observations": [{"metric": "visits", "value": 4, "period": "2025-06-30"}]})

    def ask(self, port, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=rig.PATIENCE_S)
        try:
            connection.request("POST" if body else "GET", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def test_who_shows_the_token_hands_in_figures_and_nobody_else(self):
        agent = self.office("[http]\nlisten = 127.0.0.1:0\n")
        port = int(agent.process.logged(r"api: listening address=127.0.0.1:(\d+)").group(1))
        status, headers, text = self.ask(port, "/v1/observations", self.BODY)
        self.assertEqual((status, headers["WWW-Authenticate"]), (401, "Bearer"))
        self.assertIn("lantoa-agent token", json.loads(text)["error"])
        status, _, text = self.ask(port, "/v1/catalogue", Authorization="Bearer ")
        self.assertEqual(status, 401)
        self.assertIn("no token yet", json.loads(text)["error"])
        token = agent.command("token").out.strip()
        self.assertEqual(agent.command("token").out.strip(), token)
        self.assertEqual(os.stat(f"{agent.folder}/api.token").st_mode & 0o777, 0o600)
        for wrong in ("Bearer ", f"Bearer {token[:-1]}", f"Bearer {token}0", token,
                      f"Basic {token}", f"Bearer {token[:-1]}g"):
            self.assertEqual(self.ask(port, "/v1/observations", self.BODY, Authorization=wrong)[0],
                             401, wrong)
        right = {"Authorization": f"Bearer {token}"}
        self.assertEqual(self.ask(port, "/v1/observations", self.BODY, **right)[0], 200)
        self.assertEqual(self.ask(port, "/v1/catalogue", **right)[0], 200)
        self.assertEqual(self.ask(port, "/v1/catalogue", Authorization=f"bearer {token}")[0], 200)
        for more in ("/v1/status", "/v1/spool", "/v1/spool/export"):
            self.assertEqual(self.ask(port, more, **right)[0], 404)
        two = json.loads(self.BODY)["observations"] * 3
        two[1] = two[0] | {"metric": "teams", "period": "2025-06"}
        two[2] = two[0] | {"value": 5}
        status, _, text = self.ask(port, "/v1/observations", json.dumps({"observations": two}),
                                   **right)
        self.assertEqual(status, 400)
        self.assertIn("observation 1: observation 3 gives another value",
                      json.loads(text)["error"])
        self.assertNotIn("teams", agent.command("spool", "export").out)
        self.assertEqual(self.ask(port, "/v1/catalogue", Host="evil.example", **right)[0], 403)
        self.wait_for_value(4, "visits", "2025-06-30")
        self.assertNotEqual(agent.command("token", "--new").out.strip(), token)
        self.assertEqual(self.ask(port, "/v1/catalogue", **right)[0], 401)
        self.assertEqual(self.input_of(agent, "http")["state"], "listening")
        agent.process.stop()
        self.assert_whole()


class Export(Sources):
    def test_what_was_exported_is_imported_as_it_was_what_was_withdrawn_too(self):
        agent = self.office("")
        for figure in ("visits=4", "visits=5", "visits=-"):
            self.assertEqual(agent.record(figure, "--period", "2025-06-29").code, 0)
        self.assertEqual(agent.record("visits=6", "--period", "2025-06-30").code, 0)
        before = agent.command("spool", "export").out
        self.assertIn(",withdraw,", before)
        path = os.path.join(self.folder, "export.csv")
        with open(path, "w", encoding="utf-8") as table:
            table.write(before)
        for day in ("2025-06-29", "2025-06-30"):  # the table is to set both right again
            self.assertEqual(agent.record("visits=9", "--period", day).code, 0)
        self.wait_for_value(9, "visits", "2025-06-30")
        outcome = agent.command("import", path)
        self.assertEqual(outcome.code, 0, outcome)
        self.wait_for_value(6, "visits", "2025-06-30")
        self.wait_for_value(None, "visits", "2025-06-29")
        after = agent.command("spool", "export").out
        figures = [[{key: row[key] for key in ("metric", "labels", "period", "value")}
                    for row in csv.DictReader(text.splitlines())] for text in (before, after)]
        self.assertEqual(*figures)
        agent.process.stop()
        self.assert_whole()


class Sql(Sources):
    def test_a_file_is_asked_and_a_writer_that_holds_it_holds_up_nobody(self):
        path = os.path.join(self.folder, "office.db")
        office = sqlite3.connect(path, isolation_level=None)
        office.execute("CREATE TABLE dossiers (day TEXT, desk TEXT)")
        office.executemany("INSERT INTO dossiers VALUES (?, ?)",
                           [("2025-06-30", "a")] * 3 + [("2025-06-30", "đất đai")] * 2)
        query = ("SELECT 'visits' AS metric, count(*) AS value, day AS period, desk "
                 "FROM dossiers GROUP BY day, desk")
        conf = f"[sql dossiers]\nfile = {path}\nquery = {query}\ntimeout_s = %d\n"
        office.execute("BEGIN EXCLUSIVE")
        agent = self.office(conf % 2)
        slowest = 0.0
        while "took longer than 2 s" not in self.input_of(agent, "sql")["error"]:
            before = time.monotonic()
            self.assertEqual(agent.record("teams=7", "--period", "2025-06").code, 0)
            slowest = max(slowest, time.monotonic() - before)
        print(f"a record took at most {slowest:.2f} s", flush=True)
        self.assertLess(slowest, 10)  # a generous bound: machines are shared
        self.assertIsNone(self.value("visits", "2025-06-30"))
        office.execute("COMMIT")
        agent.write_conf(conf % 20)
        agent.process.child.send_signal(1)  # SIGHUP: its settings changed, so it starts anew
        self.wait_for_value(5, "visits", "2025-06-30")
        self.assertEqual(self.value("visits", "2025-06-30", labels="desk=đất đai"), 2)
        self.assertEqual(self.input_of(agent, "sql")["error"], "")
        agent.process.stop()
        self.assertFalse(os.path.exists(path + "-wal"))
        self.assert_whole()

    def test_wrong_columns_are_told(self):
        path = os.path.join(self.folder, "office.db")
        sqlite3.connect(path).execute("CREATE TABLE t (a)")
        agent = self.office(f"[sql one]\nfile = {path}\nquery = SELECT 1 AS metric\n"
                            f"[sql two]\nfile = {path}\nquery = SELECT 1 AS nobody\n"
                            f"[sql three]\nfile = {path}\nquery = DELETE FROM t\n"
                            f"[sql four]\nfile = {self.folder}/none.db\nquery = SELECT 1 AS a\n")
        for cause in (r"name=one cause=.*columns metric and value", r"name=two cause=.*'nobody'",
                      r"name=three cause=.*only read", r"name=four cause=.*none.db"):
            agent.process.logged(cause)
        told = self.input_of(agent, "sql")["error"]
        for name in ("one", "two", "three", "four"):  # whoever mends one knows of the others
            self.assertIn(f"{name}: ", told)
        self.addCleanup(os.environ.update, LC_ALL="C.UTF-8")
        os.environ["LC_ALL"] = "vi_VN.UTF-8"
        told = agent.command("status").out
        for because in ("câu truy vấn cần có cột metric và value", "'nobody' không có", "chỉ được đọc các bảng",
                        "none.db: đọc: không có tệp"):
            self.assertIn(because, told)  # not the first alone
        os.environ["LC_ALL"] = "C.UTF-8"
        self.assertFalse(os.path.exists(f"{self.folder}/none.db"))
        agent.process.stop()

    def test_a_question_is_judged_before_it_is_configured(self):
        path = os.path.join(self.folder, "office.db")
        sqlite3.connect(path).execute("CREATE TABLE t (a)")
        agent = self.office("")
        for query, code, said in (
                ("SELECT 7 AS teams, '2025-06' AS period", 0, ""),
                ("SELECT 7 AS nobody", 1, "'nobody' is not in the catalogue"),
                ("SELECT 'x' AS teams, '2025-06' AS period", 1, "'x' is not a number"),
                ("SELECT 7 AS teams, '2025-06-30' AS period", 1, "is a day"),
                ("SELECT 'teams' AS metric, '2025-06' AS period, a AS value FROM"
                 " (SELECT 7 AS a UNION SELECT 8)", 1, "another value")):
            outcome = agent.command("sql", path, query)
            self.assertEqual(outcome.code, code, (query, outcome))
            self.assertIn(said, outcome.err)
            self.assertIn("=", outcome.out)
        agent.process.stop()


if __name__ == "__main__":
    unittest.main()

"""A terminal of 80 columns: every command of lantoa and lantoa-agent, in both languages, on a small province.

No line is wider than the terminal, no word is broken, a column that is left out is named; without a terminal there is
no escape sequence, and every column is there.
"""

import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata
import unittest

import rig

COLUMNS, ROWS = 80, 24
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[@-~]")
GONE = {"vi": "Không đủ chỗ nên bỏ bớt các cột:", "en": "Columns left out for want of room:"}
LOCALES = {"en": "C.UTF-8", "vi": "vi_VN.UTF-8"}


def cells(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class Terminal:
    """@args on a terminal of its own, to their end: what came, with its escape sequences, and the exit status."""

    def __init__(self, args, language="en", columns=COLUMNS, rows=ROWS, keys=b"", **environment):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        known = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "xterm", "LC_ALL": LOCALES[language],
                 "LANTOA_PAGER": "cat"}
        self.before = termios.tcgetattr(slave)
        self.child = subprocess.Popen(args, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                      env={**known, **environment},
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.raw = b""
        if keys:
            os.write(self.master, keys)

    def read_until(self, condition, patience_s=rig.PATIENCE_S):
        until = time.monotonic() + patience_s
        while not condition(self.raw):
            if time.monotonic() > until:
                raise AssertionError(f"waited {patience_s} s; it printed {self.raw!r}")
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    piece = os.read(self.master, 65536)
                except OSError as error:
                    if error.errno != errno.EIO:
                        raise
                    piece = b""
                if not piece:
                    return self
                self.raw += piece
        return self

    def type(self, keys):
        os.write(self.master, keys)

    def end(self, patience_s=180):
        self.read_until(lambda raw: False, patience_s)
        self.code = self.child.wait(patience_s)
        os.close(self.master)
        self.text = self.raw.decode().replace("\r\n", "\n")
        return self

    def lines(self):
        return [ESCAPE.sub("", line).split("\r")[-1] for line in self.text.split("\n")]  # a bar is written over


# What is run, in this order; every command of `lantoa --help` must be among it. {folder} is a new one for each run.
ORDERS = [
    "setup", "top --once", "units export --format table", "successors export --format table",
    "catalogue export --format table", "indicators export --format table", "dimensions export --format table",
    "rules export --format table", "calendar export --format table", "units import {folder}/units.csv --dry-run",
    "units import {folder}/units.csv", "successors import {folder}/successors.csv", "catalogue import {folder}/catalogue.csv",
    "indicators import {folder}/indicators.csv", "dimensions import {folder}/dimensions.csv", "rules import {folder}/rules.csv",
    "calendar import {folder}/calendar.csv", "catalogue import {folder}/catalogue.csv --dry-run",
    "office add {code} --name Văn-phòng-một-cửa --unit 28001", "office import {folder}/offices.csv", "office list", "office list --heard",
    "office list --late", "office show 28001", "office heads", "office heads --all --days 3",
    "office move {code} --unit 28002 --dry-run", "office move {code} --unit 28002", "office rename {code} Văn-phòng --dry-run",
    "office end {code} --on 2030-01-01 --dry-run", "office follow --on 2030-01-01 --dry-run",
    "office rename {code} Văn-phòng --dry-run", "office rename {code} Văn-phòng", "office invite {code}", "office tell 28001 Kiểm-tra-lại", "office messages 28001",
    "office messages nowhere", "office revoke {code}", "record --office 28002 visits=7 --period {day} --note theo-điện-thoại",
    "query visits --by office --from {day} --to {day}", "query visits --by commune --from {day} --to {day} --versus period --total",
    "query visits,teams --by commune --per month --total", "query visits --revisions --from {day} --to {day}", "query nowhere",
    "query share --by district --per month", "labels visits", "completeness visits --from {day} --to {day}", "completeness",
    "completeness visits --by commune --from {day} --to {day}", "quality", "status", "quarantine list", "quarantine release --all --dry-run",
    "quarantine release --all", "close 2025-01 --dry-run", "close 2025-01 --dry-run", "close 2025-01", "closed", "reopen 2025-01 --dry-run", "reopen 2025-01 --dry-run", "reopen 2025-01", "reopen 2025-01",
    "excuse add --office 28003 --metric visits --period {day} --reason Nghỉ-lễ", "excuse add --office 28003 --metric visits --period {day} --reason Nghỉ-lễ --dry-run", "excuse list", "excuse end 1 --dry-run", "excuse end 1", "change show",
    "change cancel", "explain visits --area 28001 --period {day}", "alerts", "map list", "report {folder}/page.pdf --browser /nowhere", "verify", "backup {folder}/backup.db", "changes --most 3", "audit", "audit --most 3", "history 28001",
    "publish {publication} 2025-06", "publications", "token add {publication} --role viewer", "token list", "token revoke {publication}",
    "account name unix:uid=0 Nguyễn-Văn-An", "account list", "export sqlite {folder}/figures.db --metric visits",
    "status --per day", "office add", "query",
]
AGENT_ORDERS = [
    "record visits=1249 --period {day}", "record visits=7.5 --period {day}", "record nowhere=1", "import {folder}/figures.csv",
    "template 2025-06 {folder}/form.xlsx", "status", "status --json", "spool list", "spool unsent", "spool verify", "spool export",
    "spool repair", "token", "clock", "clock list", "message", "message list", "message read all", "catalogue",
    "sql {folder}/nothing.db SELECT", "enrol {folder}/nothing", "nonsense", "record",
]
DAY = "2025-06-30"


class Screens(rig.Rig):
    offices = rig.COMMUNES[:3]

    def setUp(self):
        super().setUp()
        self.province.put_csv("/v1/indicators", "name,label_vi,label_en,formula,unit,target_year,target_value\n"
                              "share,Tỷ lệ lượt B trên tổng số lượt,Share of visits B,100 * visits.b / visits,%,2025,15\n"
                              "share,Tỷ lệ lượt B trên tổng số lượt,Share of visits B,100 * visits.b / visits,%,2030,25\n")
        agent = self.agent("28001").start()
        self.assertEqual(agent.record("visits=1249", "visits.b=60", "--period", DAY).code, 0)
        self.assertEqual(agent.record("visits=1", "--period", "2019-06-30").code, 0)  # nobody was there then: held
        rig.wait_for(lambda: self.province.status()["rows"][0]["held"], "the figures")

    def folder_of(self, name):
        folder = os.path.join(self.folder, name)
        os.makedirs(folder)
        api = f"unix:{self.province.socket}"
        for table in ("units", "successors", "catalogue", "indicators", "dimensions", "rules", "calendar"):
            with open(f"{folder}/{table}.csv", "wb") as file:
                file.write(subprocess.run([f"{rig.BUILD}/aggregator/lantoa", "--api", api, table, "export"],
                                          capture_output=True, check=True).stdout)
        with open(f"{folder}/offices.csv", "w", encoding="utf-8") as file:
            file.write(f"code,name,unit,from\n{name}-2,Ủy ban nhân dân Phường Bốn thuộc thị xã Gò Công,28004,2024-01-01\n")
        with open(f"{folder}/figures.csv", "w", encoding="utf-8") as file:
            file.write(f"metric,period,value\nvisits,{DAY},1249\nteams,2025-06,x\n")
        return folder

    def assert_fits(self, words, screen, language, piped):
        """@piped: what the same prints without a terminal; None: it cannot be asked twice."""
        for line in screen.lines():
            if cells(line) > COLUMNS and " " in line.strip() and not re.match(r' *["{]', line):  # JSON is for programs
                self.fail(f"{words}: {cells(line)} cells: {line!r}")
        if piped is None:
            return
        gone = next((i for i, line in enumerate(screen.lines()) if line.startswith(GONE[language])), None)
        shown = "\n".join(line for i, line in enumerate(screen.lines()) if gone is None or i < gone)
        whole = set(piped.split())
        for word in shown.split():
            if word not in whole and not word.endswith("…") and not re.fullmatch(r"[\d.,:%-]+", word):
                self.fail(f"{words}: the word {word!r} is in no line of:\n{piped}")

    def run_all(self, program, orders, asking, language, **words):
        outcomes = {}
        for order in orders:
            args = [*program, *(word.format(**words) for word in order.split())]
            again = any(order.startswith(start) for start in asking)
            screen = Terminal(args, language).end()
            piped = None
            if again:
                done = subprocess.run(args, capture_output=True, text=True, check=False,
                                      env={**os.environ, "LC_ALL": LOCALES[language]})
                self.assertNotIn("\x1b", done.stdout + done.stderr, order)
                self.assertEqual(done.returncode, screen.code, (order, screen.text))
                piped = done.stdout + done.stderr
            with self.subTest(order=order, language=language):
                self.assertIn(screen.code, (0, 1, 2), (order, screen.text))
                self.assertNotIn("Sanitizer", screen.text)
                self.assert_fits(order, screen, language, piped)
                self.assertNotRegex("\n".join(screen.lines()), r"(?m)^[a-z]+(_[a-z]+)+: ", order)  # a counter without words
            outcomes[order] = screen
            if os.environ.get("LANTOA_SHOW"):
                print(f"\n$ {order}   ({language})\n{screen.text}", flush=True)
        return outcomes

    def test_every_command_of_the_operator_fits(self):
        lantoa = [f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}"]
        for language in LOCALES:
            outcomes = self.run_all(lantoa, ORDERS, ASKING, language, folder=self.folder_of(language), day=DAY, code=f"moi-{language}",
                                    publication=f"so-lieu-{language}")
            grouped = "1.249" if language == "vi" else "1,249"
            self.assertIn(grouped, outcomes["query visits --by office --from {day} --to {day}"].text)
            explained = outcomes["explain visits --area 28001 --period {day}"].text
            self.assertRegex(explained, rf": {re.escape(grouped)} ")
            self.assertRegex(explained, r" \d{4}-\d\d-\d\d \d\d:\d\d\b")
            self.assertNotRegex(explained, r"\dT\d\d:\d\d:")
            self.assertTrue(any(GONE[language] in outcome.text for outcome in outcomes.values()))
        help_text = subprocess.run([*lantoa, "--help"], capture_output=True, text=True, check=True).stdout
        commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)", help_text, re.MULTILINE)
        self.assertGreater(len(commands), 30)
        untried = [command for command in commands if not any(f"{order} ".startswith(f"{command.split(' ')[0]} ") for order in ORDERS)]
        self.assertEqual(untried, [])
        for language in LOCALES:
            for words in ([], ["query"], ["office", "heads"], ["export", "sqlite"]):  # the first has all of them
                args = [*lantoa, *words, "--help"]
                screen = Terminal(args, language).end()
                self.assertEqual(screen.code, 0)
                self.assert_fits(args, screen, language, subprocess.run(
                    args, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": LOCALES[language]}).stdout)

    def test_every_command_of_the_office_fits(self):
        agent = self.agents["28001"]
        for language in LOCALES:
            self.run_all(agent.args(), AGENT_ORDERS, ("spool list", "message list"), language, folder=self.folder_of(language), day=DAY)

    def test_colour_is_for_terminals_and_for_those_who_want_it(self):
        lantoa = [f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}"]
        status = [*lantoa, "status"]
        self.assertIn("\x1b[", Terminal(status).end().text)
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\x1b", Terminal(status, **environment).end().text, environment)
        self.assertNotIn("\x1b", Terminal([*status, "--color", "never"]).end().text)
        self.assertIn("\x1b[", rig.run([*status, "--color", "always"]).out)
        self.assertNotIn("\x1b", rig.run(status).out)
        refused = rig.run([*status, "--color", "green"])
        self.assertEqual((refused.code, refused.out), (2, ""))

    def test_what_is_long_goes_to_a_pager_and_nothing_else_does(self):
        lantoa = [f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}"]
        paged = {"LANTOA_PAGER": "sed 's/^/paged: /'"}
        self.assertIn("paged: ", Terminal([*lantoa, "--help"], **paged).end().text)
        self.assertNotIn("paged: ", Terminal([*lantoa, "closed"], **paged).end().text)  # short
        self.assertIn("paged: ", Terminal([*lantoa, "status"], rows=3, **paged).end().text)
        self.assertNotIn("paged: ", Terminal([*lantoa, "office", "invite", "28002"], rows=1, **paged).end().text)  # a secret
        self.assertNotIn("paged: ", rig.run(["env", "LANTOA_PAGER=sed s/^/paged:/", *lantoa, "--help"]).out)
        plain = Terminal([*lantoa, "--help"]).end().text
        self.assertEqual(Terminal([*lantoa, "--help"], LANTOA_PAGER="nobody-has-this").end().lines()[-20:], plain.split("\n")[-20:])
        # whoever reads no further, and a pager that fails, change no exit status
        self.assertEqual(Terminal([*lantoa, "--help"], LANTOA_PAGER="true").end().code, 0)
        self.assertEqual(Terminal([*lantoa, "--help"], LANTOA_PAGER="false").end().code, 0)
        self.assertEqual(Terminal([*lantoa, "--help"], LANTOA_PAGER="head -n 1").end().code, 0)

    def test_top_restores_the_terminal_however_it_ends(self):
        top = [f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", "top"]
        into, out_of = b"\x1b[?1049h", b"\x1b[?1049l"
        for how, code in ((b"q", 0), (b"\x03", 0), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)):
            terminal = Terminal(top)
            terminal.read_until(lambda raw: raw.count(b"\x1b[H") >= 2)  # two pictures
            self.assertNotEqual(termios.tcgetattr(terminal.master)[3], terminal.before[3])
            if isinstance(how, bytes):
                terminal.type(how)
            else:
                terminal.child.send_signal(how)
            terminal.read_until(lambda raw: out_of in raw)
            self.assertEqual(termios.tcgetattr(terminal.master)[3], terminal.before[3])
            self.assertEqual(terminal.end().code, code, how)
            self.assertLess(terminal.raw.index(into), terminal.raw.index(out_of))
            self.assertIn("connected", terminal.text)
        terminal = Terminal(top)  # Ctrl-Z, and on again
        terminal.read_until(lambda raw: b"\x1b[H" in raw)
        terminal.child.send_signal(signal.SIGTSTP)
        terminal.read_until(lambda raw: out_of in raw)

        def is_stopped():
            with open(f"/proc/{terminal.child.pid}/status", encoding="utf-8") as status:
                return "State:\tT" in status.read()

        rig.wait_for(is_stopped, "it to be stopped")
        terminal.child.send_signal(signal.SIGCONT)
        terminal.read_until(lambda raw: raw.count(into) == 2)
        terminal.type(b"q")
        self.assertEqual(terminal.end().code, 0)
        once = rig.run([*top, "--once"])
        self.assertEqual((once.code, "\x1b" in once.out), (0, False), once)
        self.assertRegex(once.out, r"(?m)^offices: +1 connected, ")
        self.assertEqual(rig.run(top).code, 1)  # without a terminal

    def test_the_width_is_what_the_terminal_has(self):
        status = [f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", "status"]
        for columns in (40, 60, 100, 200):
            for line in Terminal(status, columns=columns).end().lines():
                self.assertLessEqual(cells(line), columns, line)
        self.assertLessEqual(max(map(cells, Terminal(status, columns=200, COLUMNS="60").end().lines())), 60)
        self.assertLessEqual(max(map(cells, Terminal(status, columns=0, rows=0).end().lines())), 80)
        self.assertNotIn(GONE["en"], Terminal(status, columns=400).end().text)


# What may be asked twice, with the same answer.
ASKING = ("setup", "top --once", "units export", "successors export", "catalogue export", "indicators export", "dimensions export", "rules export",
          "calendar export", "office show", "office messages", "query", "labels", "completeness", "quality", "quarantine list", "closed",
          "excuse list", "audit", "history", "publications", "account list", "spool list", "catalogue", "message list", "change show")

if __name__ == "__main__":
    unittest.main()

"""lantoa export sqlite: what the file says is what lantoa query says, and it is there whole or not at all."""

import csv
import io
import os
import signal
import sqlite3
import socket
import subprocess
import threading
import unittest
from decimal import Decimal

import rig

INDICATORS = "name,label_vi,label_en,formula,unit,target_year,target_value\nhalf,x,x,visits / 2,%,2025,8\nhalf,x,x,visits / 2,%,2030,9\n"
COUNTS = ("due", "reported", "on_time", "carried", "missing", "excused", "waiting", "extra", "offices_due", "offices_reported",
          "observations", "revisions")
SAID = ("observations", "revisions", "waiting")
KEYS = {"valid_from": "valid_from", "period": "period", "under_way_until": "until", "value_exact": "value", "reason": "reason"}


class Gate:
    """A socket before the province's, which holds the first question that has @words until it is opened, or does
    @instead before each of them."""

    def __init__(self, test, words, instead=None):
        self.path = os.path.join(test.folder, "gate.sock")
        self.target, self.words, self.instead = test.province.socket, words.encode(), instead
        self.reached, self.opened = threading.Event(), threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()
        test.addCleanup(self.listener.close)
        test.addCleanup(self.opened.set)

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, socket.socket(socket.AF_UNIX) as province:
                province.connect(self.target)
                request = client.recv(65536)
                if self.words in request and self.instead:
                    self.instead()
                elif self.words in request and not self.reached.is_set():
                    self.reached.set()
                    self.opened.wait()
                try:
                    province.sendall(request)
                    self.answer(client, province)
                except OSError:  # it was killed meanwhile
                    pass

    @staticmethod
    def answer(client, province):
        """Each connection asks once: what comes is passed on until whoever asked has enough."""
        client.setblocking(False)
        while True:
            province.settimeout(0.02)
            try:
                data = province.recv(65536)
                client.setblocking(True)
                client.sendall(data)
                client.setblocking(False)
                if not data:
                    return
            except socket.timeout:
                pass
            try:
                if not client.recv(1):
                    return
            except BlockingIOError:
                pass


class ExportSqlite(rig.Rig):
    def setUp(self):
        super().setUp()
        self.file = os.path.join(self.folder, "figures.sqlite")
        self.province.put_csv("/v1/indicators", INDICATORS)
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "visits" in agent.command("catalogue").out, "the catalogue")
        for words in (["visits=12", "--label", "desk=front", "--period", "2025-06-30"], ["visits=0", "--period", "2025-05-02"],
                      ["balance=-1.250", "--period", "2025-06-30"], ["hours=7.5", "--period", "2025-06-29T14"],
                      ["balance=9007199254740.993", "--period", "2025-05-30"], ["teams=3", "--period", "2025-04"]):
            outcome = agent.record(*words)
            self.assertEqual(outcome.code, 0, outcome)
        for name, period in (("visits", "2025-06-30"), ("visits", "2025-05-02"), ("balance", "2025-06-30"), ("balance", "2025-05-30"),
                             ("hours", "2025-06-29T14"), ("teams", "2025-04")):  # each day is a batch of its own
            rig.wait_for(lambda name=name, period=period: self.province.value(name, **{"from": period}) is not None, name)

    def export(self, *words):
        outcome = self.lantoa("export", "sqlite", self.file, *words)
        self.assertEqual(outcome.code, 0, outcome)
        db = sqlite3.connect(self.file)
        db.row_factory = sqlite3.Row
        self.addCleanup(db.close)
        return db

    def rows(self, *words):
        outcome = self.lantoa("query", *words, "--format", "csv")
        self.assertEqual(outcome.code, 0, outcome)
        return list(csv.DictReader(io.StringIO(outcome.out)))

    def same(self, found, row, by):
        """A row of the file, and of a question."""
        place = "office" if by == "office" else "unit"
        expected = {f"{place}_code": row["area"], f"{place}_name": row["name"], **{name: row[of] for name, of in KEYS.items()}}
        self.assertEqual({name: found[name] for name in expected}, {name: text or None for name, text in expected.items()})
        self.assertEqual([found[name] for name in COUNTS], [int(row[name]) for name in COUNTS])
        self.assertEqual(found["label"], row.get("label") or None)
        self.assertEqual(found["row"], "part" if row["area"] else "rest")
        self.assertEqual(found["complete"], int(row["due"] == row["reported"] and not row["until"]))
        if row["value"]:
            self.assertEqual(found["value"], float(row["value"]))
            self.assertEqual(Decimal(found["value_e"]).scaleb(-found["decimals"]), Decimal(row["value"]))
        else:  # and never 0
            self.assertEqual((found["value"], found["value_e"], found["decimals"]), (None, None, None))

    def every_figure(self, db, names, dates, more=(), per="month"):
        n = 0
        for name, dimensions in names.items():
            for by in ("province", "district", "commune", "office"):
                for dimension in [None, *dimensions]:
                    expected = self.rows(name, "--by", by, "--per", per, *dates, *more,
                                         *(["--by-label", dimension] if dimension else []))
                    if dimension:
                        expected = [row for row in expected if row["value"] or any(int(row[name]) for name in SAID)]
                    found = db.execute("SELECT * FROM figures WHERE metric = ? AND level = ? AND dimension IS ? AND grain = ? "
                                       "ORDER BY rowid", (name, by, dimension, per)).fetchall()
                    self.assertEqual(len(found), len(expected), (name, by, dimension))
                    for one, row in zip(found, expected):
                        self.same(one, row, by)
                    n += len(found)
        return n

    def test_every_figure_is_what_query_says(self):
        dates = ["--from", "2025-04", "--to", "2025-06"]
        db = self.export(*dates)
        names = {"visits": ["desk"], "visits.b": ["desk"], "hours": [], "teams": [], "balance": [], "half": []}
        n = self.every_figure(db, names, dates)
        about = dict(db.execute("SELECT key, value FROM about").fetchall())
        self.assertEqual(int(about["figures"]), n)
        self.assertEqual(n, db.execute("SELECT count(*) FROM figures").fetchone()[0])
        self.assertEqual(about["ledger_head"], self.province.get("/v1/query", name="teams")["ledger"]["head"])
        self.assertGreater(db.execute("SELECT count(*) FROM figures WHERE value IS NULL").fetchone()[0], 100)
        self.assertEqual(db.execute("SELECT count(*) FROM figures WHERE value = 0 AND observations = 0 AND metric != 'half'").fetchone()[0], 0)
        exact = db.execute("SELECT value_exact, value_e FROM by_commune_month JOIN figures USING (unit_code, metric, period, value_exact) "
                           "WHERE metric = 'balance' AND period = '2025-05' AND level = 'commune' AND unit_code = '28001'").fetchone()
        self.assertEqual(tuple(exact), ("9007199254740.993", 9007199254740993))
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")

    def test_reference_data_and_views(self):
        db = self.export("--from", "2025-06", "--to", "2025-06", "--metric", "teams,half")
        units = db.execute("SELECT code, level, parent FROM units ORDER BY code").fetchall()
        self.assertEqual([tuple(unit) for unit in units if unit["code"] in ("82", "28001")],
                         [("28001", "commune", "815"), ("82", "province", None)])
        self.assertEqual(db.execute("SELECT count(*) FROM offices WHERE unit IS NOT NULL").fetchone()[0], 4)
        self.assertEqual(db.execute("SELECT unit FROM metrics WHERE name = 'teams'").fetchone()[0], "team")
        self.assertEqual(db.execute("SELECT formula FROM indicators").fetchone()[0], "visits / 2")
        names = [row[0] for row in db.execute("SELECT DISTINCT metric FROM figures ORDER BY metric")]
        self.assertEqual(names, ["half", "teams"])
        carried = db.execute("SELECT value, complete, due FROM by_commune_month WHERE unit_code = '28001' AND metric = 'teams'")
        self.assertEqual(tuple(carried.fetchone()), (3.0, 0, 1))  # of April: carried, not reported
        period = db.execute("SELECT DISTINCT period, period_start, period_end FROM by_office_month").fetchall()
        self.assertEqual([tuple(row) for row in period], [("2025-06", "2025-06-01", "2025-06-30")])

    def test_options(self):
        dates = ["--from", "2025-06-29", "--to", "2025-06-30"]
        db = self.export(*dates, "--per", "day", "--area", "815", "--metric", "visits")
        self.every_figure(db, {"visits": ["desk"]}, dates, ["--area", "815"], per="day")
        for words, code, said in ((["--metric", "teems"], 1, "did you mean"), (["--from", "June"], 1, "is not a period"),
                                  (["--area", "999"], 1, "no unit ever had the code"), (["--per", "moon"], 1, "moon"),
                                  (["--rank"], 2, "--rank"), (["--from", "2026", "--to", "2025"], 1, "before it begins")):
            outcome = self.lantoa("export", "sqlite", self.file + "2", *words)
            self.assertEqual(outcome.code, code, outcome)
            self.assertIn(said, outcome.err)
        self.assertEqual(self.lantoa("export", "sqlite").code, 2)
        self.assertEqual([name for name in os.listdir(self.folder) if "sqlite2" in name], [])

    def test_a_file_that_is_there_stays_unless_that_is_said(self):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("mine")
        words = ["--from", "2025-06", "--metric", "teams"]
        outcome = self.lantoa("export", "sqlite", self.file, *words)
        self.assertEqual((outcome.code, outcome.err),
                         (1, f"lantoa: {self.file} is there already; give another name, or --force to overwrite it\n"))
        with open(self.file, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")
        outcome = self.lantoa("export", "sqlite", self.file + "b", *words)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertRegex(outcome.out, r"^[\d]+ figures were exported\.$")
        db = self.export(*words, "--force")
        self.assertGreater(db.execute("SELECT count(*) FROM figures").fetchone()[0], 0)

    def begin(self, *words):
        """An export that has begun, and is held at a question about communes."""
        gate = Gate(self, "by=commune")
        export = subprocess.Popen([f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{gate.path}", "export", "sqlite", self.file,
                                   "--from", "2025-06", "--to", "2025-06", *words], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.assertTrue(gate.reached.wait(rig.PATIENCE_S))
        return gate, export

    def result(self, sql):
        db = sqlite3.connect(self.file)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def test_all_is_as_known_at_one_moment(self):
        """What comes while it is exported is not in it, though it is in answers to what is asked later."""
        gate, export = self.begin("--per", "day", "--metric", "balance,visits")
        self.assertEqual(self.agents["28001"].record("balance=77", "visits=5", "--period", "2025-06-28").code, 0)
        rig.wait_for(lambda: self.province.value("balance", **{"from": "2025-06-28"}) == 77, "the figure")
        gate.opened.set()
        self.assertEqual(export.wait(300), 0)
        self.assertEqual(self.result("SELECT DISTINCT value FROM figures WHERE period = '2025-06-28'"), [(None,)])
        known = self.result("SELECT value FROM about WHERE key = 'known'")[0][0]
        self.assertEqual(self.rows("balance", "--from", "2025-06-28", "--known", known)[0]["value"], "")
        self.assertEqual(self.rows("balance", "--from", "2025-06-28")[0]["value"], "77")

    def test_while_figures_come_without_end(self):
        """A moment ago is asked about: what is being committed meanwhile is of none of it."""
        over = threading.Event()

        def figures_come():
            value = 0
            while not over.is_set():
                value += 1
                self.province.post("/v1/figures", office="28003", figures=f"visits={value}", period="2025-04-01")

        thread = threading.Thread(target=figures_come)
        thread.start()
        try:
            for _ in range(4):
                self.export("--force", "--from", "2025-06", "--to", "2025-06")
        finally:
            over.set()
            thread.join()

    def test_where_units_or_offices_are_changed_meanwhile_it_begins_anew(self):
        gate, export = self.begin("--metric", "balance")
        self.assertEqual(self.lantoa("office", "rename", "28004", "Phường Mới").code, 0)
        gate.opened.set()
        self.assertEqual(export.wait(300), 0)
        self.assertEqual(self.result("SELECT name FROM offices WHERE code = '28004'"), [("Phường Mới",)])
        self.assertEqual(self.result("SELECT DISTINCT office_name FROM figures WHERE office_code = '28004'"), [("Phường Mới",)])

    def test_where_they_are_changed_all_the_while_it_gives_up(self):
        names = iter("ABCDEFGHIJ")
        gate = Gate(self, "by=commune", lambda: self.lantoa("office", "rename", "28004", next(names)))
        words = ["export", "sqlite", self.file, "--from", "2025-06", "--to", "2025-06", "--metric", "teams"]
        outcome = rig.run([f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{gate.path}", *words])
        self.assertEqual((outcome.code, outcome.err),
                         (1, "lantoa: units, catalogue or figures were changed while they were exported; try again when nobody "
                             "imports\n"))
        self.assertEqual(next(names), "D")  # it tried three times
        self.assertEqual(self.lantoa(*words).code, 0)

    def test_a_kill_leaves_no_file(self):
        for how in (signal.SIGKILL, signal.SIGTERM):
            gate, export = self.begin()
            export.send_signal(how)
            self.assertEqual(export.wait(), -how)
            self.assertTrue(os.path.exists(self.file + ".partial"))
            self.assertFalse(os.path.exists(self.file))
            gate.opened.set()
            os.unlink(gate.path)
        self.export("--from", "2025-06", "--metric", "teams")  # what stayed is no obstacle
        self.assertFalse(os.path.exists(self.file + ".partial"))

    def test_a_province_that_goes_away_leaves_no_file(self):
        gate, export = self.begin()
        self.province.process.kill()
        gate.opened.set()
        self.assertEqual(export.wait(60), 1)
        self.assertEqual([name for name in os.listdir(self.folder) if "sqlite" in name], [])


if __name__ == "__main__":
    unittest.main()

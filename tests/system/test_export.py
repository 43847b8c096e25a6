"""Answers for spreadsheets and statistics, read back by other programs: python3-openpyxl and gnumeric's ssconvert."""

import csv
import http.server
import io
import json
import os
import random
import socketserver
import subprocess
import threading
import unittest
from decimal import Decimal

import rig

try:
    import openpyxl
except ImportError:
    openpyxl = None

EXPORTER = f"{rig.BUILD}/tests/exporter"
HEAD = json.dumps({"query": {"name": "visits", "title": "Lượt \"khách\"", "unit": "lượt", "per": "month",
                             "calendar": "civil", "structure": None, "known": None, "decimals": "2"},
                   "ledger": {"head": "17:0123abcd"}})
NASTY = ["=1+1", "+84 273", "-x", "@cmd", "Đất đai", "a\nb", "a\tb", "\"", "00123", "1E5", "'", "<&>", "𝔸", " blank ",
         "http://example.org/", "x" * 300, "_x0041_", "\x01bell"]


def exported(rows, form, head=HEAD, language="C.UTF-8", wrong=None):
    """What the exporter makes of rows (lists; None is null), the first of which has the columns."""
    quote = lambda cell: "" if cell is None else '"' + cell.replace('"', '""') + '"'
    text = "".join(",".join(map(quote, row)) + "\n" for row in rows)
    done = subprocess.run([EXPORTER, form, head], input=text.encode(), capture_output=True, timeout=120, check=False,
                          env={**os.environ, "LC_ALL": language, "LANGUAGE": ""})
    if wrong is None and done.returncode != 0:
        raise AssertionError(done.stderr.decode())
    return done.stderr.decode() if wrong else done.stdout


READABLE = unittest.skipUnless(openpyxl, "there is no openpyxl")


@READABLE
class Workbooks(unittest.TestCase):
    def setUp(self):
        self.folder = rig.tempfile.mkdtemp(prefix="lantoa-export-")
        self.addCleanup(rig.shutil.rmtree, self.folder)

    def book(self, rows, **how):
        self.path = os.path.join(self.folder, "answer.xlsx")
        with open(self.path, "wb") as file:
            file.write(exported(rows, "xlsx", **how))
        return openpyxl.load_workbook(self.path)

    def sheet_by_gnumeric(self, number):
        """Its cells as gnumeric reads and writes them."""
        out = os.path.join(self.folder, "sheet.csv")
        subprocess.run(["ssconvert", "-O", f"sheet='{openpyxl.load_workbook(self.path).sheetnames[number]}' "
                        "separator=, format=raw", "-T", "Gnumeric_stf:stf_assistant", self.path, out],
                       check=True, capture_output=True, timeout=120, env={**os.environ, "HOME": self.folder})
        with open(out, encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    def test_figures_lie_side_by_side_and_what_is_missing_is_no_zero(self):
        columns = ["area", "name", "valid_from", "period", "value", "reason", "due", "reported", "missing", "state"]
        rows = [columns]
        for period, figures in (("2025-05", [("28300", "1234.5", "complete"), ("28301", None, "silent"),
                                             ("08", "0", "complete"), (None, "3", "complete")]),
                                ("2025-06", [("28300", "7", "partial"), ("28301", None, "not_due"),
                                             ("08", None, "not_derivable")])):
            for area, value, state in figures:
                rows.append([area, area and f"Xã {area}", area and "2020-01-01", period, value,
                             None if value else "vì thế", "2", "1", "1", state])
        book = self.book(rows)
        self.assertEqual(book.sheetnames, ["Figures", "All rows", "Notes"])
        figures = book["Figures"]
        self.assertEqual([[cell.value for cell in row] for row in figures.iter_rows()], [
            ["Code", "In force from", "Name", "2025-05", "2025-06"],
            ["08", "2020-01-01", "Xã 08", 0, "x"],
            ["28300", "2020-01-01", "Xã 28300", 1234.5, 7],
            ["28301", "2020-01-01", "Xã 28301", "…", None],
            [None, None, "in none of the units shown", 3, None]])
        self.assertEqual(figures["D3"].number_format, "#,##0.00")
        self.assertTrue(figures["E3"].font.italic)  # somebody is missing
        self.assertFalse(figures["D3"].font.italic)
        self.assertEqual(figures["A2"].data_type, "s")
        self.assertEqual(figures.freeze_panes, "D2")
        self.assertEqual(figures.auto_filter.ref, "A1:E5")
        long = book["All rows"]
        self.assertEqual(long.max_row, len(rows))
        self.assertEqual(long.freeze_panes, "A2")
        self.assertEqual(long["E3"].value, None)
        self.assertEqual(long["J3"].value, "due, but nobody reported")
        for sheet in book:
            self.assertEqual(list(sheet.merged_cells.ranges), [])
        notes = dict((row[0].value, row[1].value) for row in book["Notes"].iter_rows())
        self.assertEqual(notes["Title"], 'Lượt "khách"')
        self.assertEqual(notes["Head of the ledger"], "17:0123abcd")
        self.assertEqual(notes["Borders of the day"], "as they were in each period")
        self.assertEqual((notes["Reports due"], notes["of these, reported"], notes["of these, missing"]), ("14", "7", "7"))
        self.assertEqual(notes["Reason (rows: 3)"], "vì thế")
        self.assertRegex(notes["As known on"], r"^20\d\d-\d\d-\d\d")
        book = self.book(rows, language="vi_VN.UTF-8")
        self.assertEqual(book.sheetnames, ["Số liệu", "Tất cả các dòng", "Ghi chú"])

    def test_a_report_that_stands_in_several_rows_is_due_once(self):
        columns = ["row", "area", "name", "period", "value", "due", "reported", "missing", "before_period", "before_due"]
        part = [["part", code, f"Xã {code}", "2025-06", "7", "2", "1", "1", "2024-06", "2"] for code in ("08", "09")]
        total = [["total", "82", "Tỉnh", "2025-06", "14", "4", "2", "2", "2024-06", "4"],
                 ["total_rest", None, None, "2025-06", "1", "1", "1", "0", "2024-06", "1"]]

        def noted(rows):
            book = self.book(rows)
            notes = dict((row[0].value, row[1].value) for row in book["Notes"].iter_rows())
            return tuple(notes.get(key) for key in ("Reports due", "of these, reported", "of these, missing"))

        self.assertEqual(noted([columns] + part), ("4", "2", "2"))
        self.assertEqual(noted([columns] + part + total), ("5", "3", "2"))
        by_label = [columns + ["label"]] + [row + [label] for row in part for label in ("a", "b")]
        self.assertEqual(noted(by_label), (None, None, None))  # each label's row has all who are due
        self.assertEqual(noted(by_label + [row + [None] for row in total]), ("5", "3", "2"))
        sheet = self.book([columns] + part + total, language="vi_VN.UTF-8")["Tất cả các dòng"]
        self.assertEqual([sheet.cell(1, n).value for n in (1, 9, 10)], ["Dòng", "Kỳ so sánh", "Kỳ so sánh: phải nộp"])
        self.assertEqual([sheet.cell(n, 1).value for n in (2, 4)], ["thành phần", "tổng"])
        self.assertEqual((sheet["I2"].value, sheet["J2"].value), ("2024-06", 2))
        # Excel would make a day of a bare 2024-06.
        self.assertIn('"=""2024-06"""', exported([columns] + part, "csv-excel").decode())

    def test_every_digit_and_every_letter_comes_back(self):
        for seed in range(*([rig.seed(), rig.seed() + 1] if os.environ.get("LANTOA_SEED") else [12])):
            dice = random.Random(seed)
            rows = [["area", "name", "reason", "value", "due"]]
            for _ in range(dice.randrange(1, 60)):
                digits = "".join(dice.choice("0123456789") for _ in range(dice.randrange(1, 20)))
                digits = digits.lstrip("0") or "0"
                point = dice.randrange(0, 7)
                value = digits if point == 0 else f"{dice.randrange(10)}.{digits[:point]}"
                rows.append([dice.choice(["28300", "00008", None, "1E5"]), dice.choice(NASTY),
                             dice.choice(NASTY + [None]), dice.choice([value, "-" + value, None]),
                             str(dice.randrange(10 ** dice.randrange(1, 19)))])
            book = self.book(rows)
            sheet = book["All rows"]
            cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
            raw = self.sheet_by_gnumeric(0)
            self.assertEqual(len(cells), len(rows), seed)
            many = 0
            for number, wanted in enumerate(rows[1:], 1):
                for column, text in enumerate(wanted):
                    with self.subTest(seed=seed, row=number, column=column, wanted=text):
                        got = cells[number][column]
                        if column >= 3 and text is not None:
                            significant = text.lstrip("-").replace(".", "").strip("0")
                            if len(significant) > 15:
                                self.assertEqual(got, text)  # as text: a double would round it
                                many += 1
                            else:
                                self.assertNotIsInstance(got, str)
                                self.assertEqual(Decimal(f"{got:.15g}"), Decimal(text))
                                self.assertEqual(Decimal(f"{float(raw[number][column]):.15g}"), Decimal(text))
                        elif column == 0:
                            self.assertEqual(got, text)
                            self.assertEqual(raw[number][column], text or "")
                        else:
                            self.assertEqual(unescaped(got), text)
                        self.assertNotEqual(sheet.cell(number + 1, column + 1).data_type, "f")
            notes = [row[0].value for row in book["Notes"].iter_rows() if "over 15" in str(row[0].value)]
            self.assertEqual(len(notes), 1 if many else 0)

    def test_rows_that_are_no_figures_have_no_sheet_of_figures(self):
        book = self.book([["office", "name", "due"], ["o-1", "Văn phòng", "3"]])
        self.assertEqual(book.sheetnames, ["All rows", "Notes"])

    def test_rows_by_label_and_metric(self):
        rows = [["area", "name", "valid_from", "period", "metric", "label", "label_name", "value", "state"],
                ["b", "B", "2020-01-01", "2025-06", "visits", "land", "Đất đai", "1", "complete"],
                ["a", "A", "2020-01-01", "2025-06", "visits", "land", "Đất đai", "2", "complete"],
                ["a", "A", "2020-01-01", "2025-06", "visits", None, "not classified", "3", "complete"],
                ["a", "A", "2020-01-01", "2025-06", "hours", "land", "Đất đai", "4", "complete"]]
        cells = [[cell.value for cell in row] for row in self.book(rows)["Figures"].iter_rows()]
        self.assertEqual(cells, [
            ["Code", "In force from", "Name", "Label", "Label's name", "visits 2025-06", "hours 2025-06"],
            ["a", "2020-01-01", "A", "land", "Đất đai", 2, 4],
            ["b", "2020-01-01", "B", "land", "Đất đai", 1, None],
            ["a", "2020-01-01", "A", None, "not classified", 3, None]])

    def test_totals_stand_behind_what_they_are_of(self):
        rows = [["area", "name", "valid_from", "period", "label", "label_name", "value", "state", "row"],
                ["a", "A", "2020-01-01", "2025-06", "land", "Đất đai", "1", "complete", "part"],
                ["a", "A", "2020-01-01", "2025-06", None, "not classified", "2", "complete", "part"],
                ["a", "A", "2020-01-01", "2025-06", None, None, "3", "complete", "total"]]
        cells = [[cell.value for cell in row][3:] for row in self.book(rows)["Figures"].iter_rows()]
        self.assertEqual(cells[1:], [["land", "Đất đai", 1], [None, "not classified", 2], [None, "Total", 3]])

    def test_what_a_cell_cannot_hold_is_an_error_and_no_cut(self):
        told = exported([["name"], ["x" * 40000]], "xlsx", wrong=True)
        self.assertIn("longer than a cell of a workbook takes; choose csv", told)
        self.assertIn(b"x" * 40000, exported([["name"], ["x" * 40000]], "csv-excel"))

    def test_what_a_sheet_cannot_hold_is_an_error_and_no_cut(self):
        rows = [["area", "period", "value"]] + [["a", str(n), "1"] for n in range(16385)]
        self.assertIn("more periods than a sheet of a workbook has columns; ask for less, or choose csv",
                      exported(rows, "xlsx", wrong=True))
        self.assertEqual(exported(rows, "csv-excel").count(b"\r\n"), 16386)
        self.assertEqual(self.book(rows[:16380])["Figures"].max_column, 16382)  # less
        rows = [["due"]] + [["1"]] * 1048576
        self.assertIn("more rows than a sheet of a workbook takes; ask for less, or choose csv",
                      exported(rows, "xlsx", wrong=True))
        self.assertEqual(exported(rows, "csv-excel").count(b"\r\n"), 1048577)


def unescaped(text):
    """libxlsxwriter escapes what XML cannot hold, as Excel does."""
    return None if text is None else openpyxl.utils.escape.unescape(text).replace("\r\n", "\n")


class Cut(socketserver.ThreadingUnixStreamServer):
    """An aggregator whose answers break off, or are another's."""

    daemon_threads = True


class Breaking(unittest.TestCase):
    def setUp(self):
        self.folder = rig.tempfile.mkdtemp(prefix="lantoa-export-")
        self.addCleanup(rig.shutil.rmtree, self.folder)

    def serve(self, body, length, kind="text/csv"):
        class Handler(http.server.BaseHTTPRequestHandler):
            def address_string(self):
                return "unix"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

        path = os.path.join(self.folder, "socket")
        server = Cut(path, Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(os.unlink, path)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return path

    def lantoa(self, path, *words):
        return rig.run([f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{path}", "query", "visits", *words])

    BODY = "area,name,valid_from,period,value,reason,state\na,Xã A,2020-01-01,2025-06,1,,complete\n".encode()

    def test_an_answer_that_breaks_off_leaves_no_file(self):
        path = self.serve(self.BODY, len(self.BODY) + 10)
        for form in ("csv", "csv-excel", "xlsx"):
            file = os.path.join(self.folder, f"answer.{form}")
            outcome = self.lantoa(path, "--format", form, "--output", file)
            self.assertEqual(outcome.code, 1, outcome)
            self.assertIn("broke off", outcome.err)
            self.assertEqual(sorted(os.listdir(self.folder)), ["socket"])
        outcome = self.lantoa(path, "--format", "csv-excel")
        self.assertEqual(outcome.code, 1, outcome)

    def test_a_cut_row_is_told(self):
        path = self.serve(self.BODY[:-3], len(self.BODY) - 3)
        outcome = self.lantoa(path, "--format", "csv-excel", "--output", os.path.join(self.folder, "a.csv"))
        self.assertEqual((outcome.code, os.listdir(self.folder)), (1, ["socket"]), outcome)

    def test_what_another_server_answers_is_no_table(self):
        page = b"<html>hello</html>\n"
        path = self.serve(page, len(page), kind="text/html")
        outcome = self.lantoa(path, "--format", "csv-excel")
        self.assertEqual((outcome.code, outcome.out), (1, ""), outcome)
        self.assertIn("not what an aggregator answers", outcome.err)


@READABLE
class Commands(rig.Rig):
    def setUp(self):
        super().setUp()
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "visits" in agent.command("catalogue").out, "the catalogue")
        agent.record("visits=12", "--period", "2025-06-30")
        agent.record("balance=-1234567890123.456", "--period", "2025-06-30")
        rig.wait_for(lambda: self.province.value("balance", **{"from": "2025-06-30", "to": "2025-06-30"}), "the figures")

    ASKED = ("--by", "commune", "--from", "2025-06-30", "--to", "2025-06-30")

    def file(self, form, *words, code=0):
        path = os.path.join(self.folder, f"answer.{len(os.listdir(self.folder))}.{form}")
        outcome = self.lantoa(*words, "--format", form, "--output", path)
        self.assertEqual(outcome.code, code, outcome)
        return path

    def test_all_forms_of_one_answer_say_the_same(self):
        plain = list(csv.DictReader(io.StringIO(self.lantoa("query", "visits", *self.ASKED, "--format", "csv").out)))
        self.assertEqual([(row["area"], row["value"], row["state"]) for row in plain],
                         [("28001", "12", "complete"), ("28002", "", "silent"), ("28003", "", "silent"), ("28004", "", "silent")])
        with open(self.file("csv", "query", "visits", *self.ASKED), encoding="utf-8", newline="") as file:
            self.assertEqual(list(csv.DictReader(file)), plain)
        with open(self.file("json", "query", "visits", *self.ASKED), encoding="utf-8") as file:
            self.assertEqual([row["value"] for row in json.load(file)["rows"]], [12, None, None, None])
        with open(self.file("sdmx-csv", "query", "visits", *self.ASKED), encoding="utf-8", newline="") as file:
            told = list(csv.DictReader(file))
        self.assertEqual([(row["STRUCTURE_ID"], row["FREQ"], row["REF_AREA"], row["INDICATOR"], row["DESK"], row["TIME_PERIOD"],
                           row["OBS_VALUE"], row["OBS_STATUS"], row["ACTION"]) for row in told],
                         [("LANTOA:FIGURES(1.0.0)", "D", f"2800{n}@1976-01-01", "visits", "_T", "2025-06-30",
                           "12" if n == 1 else "NaN", "A" if n == 1 else "O", "R") for n in range(1, 5)])
        with open(self.file("csv-excel", "query", "visits", *self.ASKED), encoding="utf-8", newline="") as file:
            text = file.read()
        self.assertTrue(text.startswith("\ufeffCode,"))
        rows = list(csv.reader(io.StringIO(text[1:])))
        self.assertEqual([row[:2] for row in rows[1:]], [[f'="2800{n}"', f"Phường {w}"]
                                                         for n, w in enumerate(("Một", "Hai", "Ba", "Bốn"), 1)])
        book = openpyxl.load_workbook(self.file("xlsx", "query", "balance", *self.ASKED))
        self.assertEqual([[cell.value for cell in row] for row in book["Figures"].iter_rows()][1],
                         ["28001", "1976-01-01", "Phường Một", "-1234567890123.456", ][:4])
        notes = dict((row[0].value, row[1].value) for row in book["Notes"].iter_rows())
        head = self.province.get("/v1/query", name="visits")["ledger"]["head"]
        self.assertEqual(notes["Head of the ledger"], head)
        self.assertEqual(notes["Title"], "Balance")
        self.assertEqual((notes["Reports due"], notes["of these, missing"]), ("4", "3"))

    def test_lists_have_forms_too_and_what_has_none_says_so(self):
        book = openpyxl.load_workbook(self.file("xlsx", "completeness", "visits", *self.ASKED))
        self.assertEqual(book.sheetnames, ["All rows", "Notes"])
        self.file("csv-excel", "office", "list")
        outcome = self.lantoa("status", "--format", "xlsx")
        self.assertEqual((outcome.code, outcome.err), (2, "lantoa: 'status' has no format 'xlsx'; there are: table csv json\n"))
        outcome = self.lantoa("completeness", "--format", "sdmx-csv")
        self.assertEqual(outcome.code, 2)
        self.assertIn("there are: table csv json csv-excel xlsx", outcome.err)
        outcome = self.lantoa("query", "visits", "--revisions", "--format", "sdmx-csv")
        self.assertEqual(outcome.code, 2)
        self.assertIn("leave --revisions out", outcome.err)
        self.file("csv-excel", "query", "visits", "--revisions", *self.ASKED[2:])  # as it advises
        outcome = self.lantoa("query", "visits", "--output", "/tmp/x")
        self.assertEqual(outcome.code, 2)
        self.assertIn("say with --format", outcome.err)
        outcome = self.lantoa("status", "--format", "csv", "--output", "/tmp/x")
        self.assertEqual((outcome.code, outcome.err), (2, "lantoa: 'status' does not take the option --output; see "
                                                       "lantoa status --help\n"))
        there = self.file("csv", "query", "visits", *self.ASKED)
        outcome = self.lantoa("query", "visits", "--format", "xlsx", "--output", there)
        self.assertEqual(outcome.code, 1)
        self.assertIn("is there already and is not overwritten", outcome.err)

    def test_a_workbook_does_not_go_to_a_terminal(self):
        words = [f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", "query", "visits", "--format", "xlsx"]
        outcome = rig.run(["script", "-qec", " ".join(words), "/dev/null"])
        self.assertEqual(outcome.code, 2, outcome)
        self.assertIn("give a file with --output", outcome.out)
        self.file("xlsx", "query", "visits")  # as it advises

    def test_a_disk_that_is_full_leaves_nothing(self):
        outcome = self.lantoa("query", "visits", "--format", "xlsx", "--output", "/dev/full/x")
        self.assertEqual(outcome.code, 1)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", "query", "visits",
                                   "--format", "csv-excel"], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()

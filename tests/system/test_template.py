"""The Excel form of a period, written by the agent, filled in and handed in again: every figure comes back as it was typed."""

import csv
import io
import os
import re
import shutil
import subprocess
import unittest
import zipfile
from xml.etree import ElementTree

import rig

try:
    import openpyxl
except ImportError:
    openpyxl = None

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "aggregator", "data", "tien-giang")
PERIODS = {"hour": "2025-06-30T14", "day": "2025-06-30", "month": "2025-06", "quarter": "2025-Q2", "year": "2025"}
BEFORE = {"hour": "2025-06-30T13", "day": "2025-06-29", "month": "2025-05", "quarter": "2025-Q1", "year": "2024"}
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

# Two dimensions, one of them free text; more codes than a form lists; decimals, what is not classified, a report calendar.
STRANGE = """\
name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,due_days,min,max,undivided,calendar
teams,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,,,
two,Hai chiều,Two,visit,flow,sum,sum,month,topic;desk,3,0,commune,2,,,,
many,Nhiều mã,Many,visit,flow,sum,sum,month,street,0,0,commune,2,0,,refused,
rest,Còn lại,Rest,visit,flow,sum,sum,month,topic,2,0,commune,2,-5,5,rest,
reported,Kỳ báo cáo,Reported,visit,flow,sum,sum,month,,0,0,commune,2,0,,,report
"""
LISTS = "dimension,code,label_vi,label_en,valid_from,valid_to\ntopic,land,Đất đai,Land,,\ntopic,tax,Thuế,Tax,,\n" + "".join(
    f'street,s{i},"Đường số {i}, phố",Street {i},,\n' for i in range(70))


def published(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as file:
        return file.read()


class Book:
    """The first sheet of a workbook as its file has it: what is filled in goes into the cells that wait for it."""

    def __init__(self, path):
        self.path = path
        with zipfile.ZipFile(path) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}
        shared = ElementTree.fromstring(self.parts["xl/sharedStrings.xml"])
        self.texts = ["".join(text.text or "" for text in item.iter(MAIN + "t")) for item in shared]
        self.sheet = self.parts["xl/worksheets/sheet1.xml"].decode()
        self.rows = {}
        for cell in ElementTree.fromstring(self.sheet).iter(MAIN + "c"):
            column, row = re.fullmatch(r"([A-Z]+)(\d+)", cell.get("r")).groups()
            value = cell.findtext(MAIN + "v")
            if value is not None and cell.get("t") == "s":
                value = self.texts[int(value)]
            self.rows.setdefault(int(row), {})[column] = value
        self.keys = next(row for row, cells in self.rows.items() if cells.get("A") == "lantoa-form" and "note" in cells.values())
        self.columns = {}
        for column, key in self.rows[self.keys].items():
            self.columns.setdefault(key, []).append(column)
        self.value = self.columns["value"][0]

    def figures(self):
        """Row: {key: cell} of those that can be filled in."""
        return {row: {key: cells.get(columns[0]) for key, columns in self.columns.items()}
                for row, cells in self.rows.items() if row > self.keys and cells.get("A")}

    def fill(self, row, column, value):
        text = f"<v>{value}</v>" if not isinstance(value, str) else f"<is><t>{value}</t></is>"
        kind = "" if not isinstance(value, str) else ' t="inlineStr"'
        self.sheet, n = re.subn(rf'<c r="{column}{row}"( s="\d+")/>', rf'<c r="{column}{row}"\1{kind}>{text}</c>', self.sheet)
        assert n == 1, f"{column}{row} is not empty"

    def save(self, path):
        self.parts["xl/worksheets/sheet1.xml"] = self.sheet.encode()
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in self.parts.items():
                archive.writestr(name, data)


class Template(rig.Rig):
    offices = ["28001", "28002"]

    def open_office(self, catalogue, dimensions, metric):
        self.province.put_csv("/v1/catalogue?yes=1", catalogue)
        self.province.put_csv("/v1/dimensions", dimensions)
        self.office = self.agent("28001")
        self.office.start()
        rig.wait_for(lambda: metric in self.office.command("catalogue").out, "the catalogue")
        self.catalogue = {row["name"]: row for row in csv.DictReader(io.StringIO(catalogue))}

    def template(self, period, *words):
        path = f"{self.folder}/{period}.xlsx"
        if os.path.exists(path):
            os.unlink(path)
        done = self.office.command("template", period, path, *words)
        self.assertEqual((done.code, done.out, done.err), (0, path + "\n", ""), done)
        return Book(path)

    def recorded(self, period):
        rows = csv.DictReader(io.StringIO(self.office.command("spool", "export").out))
        return {(row["metric"], row["labels"]): row["value"] for row in rows if row["period"] == period}

    def value_of(self, metric, at):
        decimals = int(self.catalogue[metric]["decimals"])
        limit = 5 if self.catalogue[metric]["max"] else 1000000
        return f"{at * 7 % limit}" + (f".{at % 10 ** decimals:0{decimals}}" if decimals else "")

    def fill_parts(self, book):
        """All but the wholes, which do not stand beside parts."""
        wanted = {}
        for at, (row, keys) in enumerate(book.figures().items()):
            metric = keys["lantoa-form"]
            whole = self.catalogue[metric]["dimensions"] and not keys.get("labels")
            if whole and self.catalogue[metric].get("undivided") != "rest":
                continue
            value = self.value_of(metric, at + 1)
            book.fill(row, book.value, float(value) if "." in value else int(value))
            wanted[metric, keys.get("labels") or ""] = value
        return wanted

    def hand_in(self, book, n, untouched=0):
        path = f"{self.folder}/filled.xlsx"
        book.save(path)
        done = self.office.command("import", path)
        left = f"{path}: {untouched} figures of the form were left as they are: what stands there was recorded when it was made\n"
        self.assertEqual((done.code, done.out, done.err),
                         (0, f"{path}: {n} figures recorded, 0 rejected\n" + (left if untouched else ""), ""), done)

    def assert_same(self, found, wanted):
        self.assertEqual({key: float(value) for key, value in found.items()},
                         {key: float(value) for key, value in wanted.items()})

    def test_every_period_of_the_catalogue_comes_back(self):
        self.open_office(published("catalogue.csv"), published("dimensions.csv"), "team.sessions")
        for grain, period in PERIODS.items():
            with self.subTest(grain):
                before = self.template(BEFORE[grain])
                earlier = self.fill_parts(before)
                self.hand_in(before, len(earlier))
                book = self.template(period)
                due = {name for name, row in self.catalogue.items() if row["period"] == grain and row["level"] == "commune"}
                self.assertEqual({keys["lantoa-form"] for keys in book.figures().values()}, due)
                shown = {(cells["A"], cells.get("B") or ""): cells[book.columns["note"][-1]]
                         for row, cells in book.rows.items() if row > book.keys and cells.get(book.columns["note"][-1])}
                self.assert_same(shown, earlier)  # last period's values stand beside
                wanted = self.fill_parts(book)
                self.hand_in(book, len(wanted))
                self.assert_same(self.recorded(period), wanted)
                again = self.template(period)  # what is recorded stands in it, and says the same once more
                self.hand_in(again, 0, len(wanted))
                self.assert_same(self.recorded(period), wanted)
        self.assert_whole()

    def test_the_form_of_another_office_or_period_is_none_of_this_one(self):
        self.open_office(published("catalogue.csv"), published("dimensions.csv"), "team.sessions")
        book = self.template("2025-06")
        wanted = self.fill_parts(book)
        self.hand_in(book, len(wanted))
        filled = self.template("2025-06")  # with all its figures
        path = f"{self.folder}/28002_2025-06.xlsx"
        filled.save(path)
        mine, other = self.office, self.agent("28002")
        other.start()
        rig.wait_for(lambda: "team.sessions" in other.command("catalogue").out, "the catalogue")
        for running in (True, False):
            if not running:
                other.process.stop()
            done = other.command("import", path)
            self.assertEqual((done.code, done.out), (1, f"{path}: 0 figures recorded, 0 rejected\n"), done)
            self.assertIn("this is the form of office 28001, and this machine is that of office 28002", done.err)
        self.assertEqual(other.command("spool", "export").out.count("\n"), 1)
        # A figure was mended on the page after the form was made: what nobody touched does not undo that.
        metric = next(name for name, labels in wanted if not labels and self.catalogue[name]["decimals"] == "0")
        self.assertEqual(mine.command("record", f"{metric}=3", "--period", "2025-06").code, 0)
        self.hand_in(filled, 0, len(wanted))
        self.assertEqual(float(self.recorded("2025-06")[metric, ""]), 3)
        renamed = f"{self.folder}/28001_2025-07.xlsx"
        filled.save(renamed)
        done = mine.command("import", renamed)
        self.assertEqual(done.code, 1, done)
        self.assertIn("this form was made for 2025-06, and '28001_2025-07.xlsx' says another period", done.err)
        os.rename(renamed, renamed.replace("-07", "-06"))
        self.assertEqual(mine.command("import", renamed.replace("-07", "-06")).code, 0)
        self.office = other  # its own form
        own = self.template("2025-06")
        wanted = self.fill_parts(own)
        self.hand_in(own, len(wanted))
        self.assert_same(self.recorded("2025-06"), wanted)

    def test_without_a_running_agent_and_what_is_refused(self):
        self.open_office(published("catalogue.csv"), published("dimensions.csv"), "team.sessions")
        self.office.process.stop()
        book = self.template("2025-06")
        wanted = self.fill_parts(book)
        self.hand_in(book, len(wanted))
        self.assert_same(self.recorded("2025-06"), wanted)
        path = f"{self.folder}/2025-06.xlsx"
        done = self.office.command("template", "2025-06", path)  # nobody's file is written over
        self.assertEqual(done.code, 1, done)
        for words in (["2025-13", "x.xlsx"], ["2025-W01", "x.xlsx"]):
            done = self.office.command("template", words[0], f"{self.folder}/{words[1]}")
            self.assertEqual(done.code, 1, done)
            self.assertFalse(os.path.exists(f"{self.folder}/{words[1]}"))
        self.assertEqual(self.office.command("template").code, 2)
        self.assertEqual(self.office.command("template", "2025-06", f"{self.folder}/other.xlsx").code, 0)  # as it says

    def test_chosen_parts_and_a_report_calendar(self):
        self.open_office(STRANGE, LISTS, "rest")
        book = self.template("2025-06")
        rows = book.figures()
        parts = [row for row, keys in rows.items() if keys["lantoa-form"] == "many"]
        two = [row for row, keys in rows.items() if keys["lantoa-form"] == "two"]
        self.assertEqual([keys["labels"] for keys in rows.values() if keys["lantoa-form"] == "rest"],
                         ["topic=land", "topic=tax", None])
        self.assertEqual(len(parts), 5)
        # Both lists lie in a hidden sheet, and the cells choose from them.
        self.assertIn("lists!$A$1:$A$2", book.sheet)
        self.assertRegex(book.sheet, r"lists!\$[AB]\$1:\$[AB]\$70")
        book.fill(parts[0], book.columns["street"][0], "Đường số 7, phố")
        book.fill(parts[0], book.value, 3)
        book.fill(two[1], book.columns["topic"][0], "Đất đai")
        book.fill(two[1], book.columns["desk"][0], "Quầy 1")
        book.fill(two[1], book.value, 1.125)
        self.hand_in(book, 2)
        self.assertEqual(self.recorded("2025-06"), {("many", "street=s7"): "3", ("two", "desk=Quầy 1;topic=land"): "1.125"})
        book = self.template("2025-06", "--calendar", "report")
        self.assertEqual([keys["lantoa-form"] for keys in book.figures().values()], ["reported"])

    def test_what_is_wrong_in_it_is_named(self):
        self.open_office(published("catalogue.csv"), published("dimensions.csv"), "team.sessions")
        book = self.template("2025-06")
        row = next(iter(book.figures()))
        book.fill(row, book.value, 7.5)
        path = f"{self.folder}/filled.xlsx"
        book.save(path)
        done = self.office.command("import", path)
        self.assertEqual((done.code, done.out), (1, f"{path}: 0 figures recorded, 1 rejected\n"), done)
        self.assertIn(f"!{book.value}{row}", done.err)

    def others(self, change):
        """Filled in by another program, which writes the whole workbook anew."""
        self.open_office(published("catalogue.csv"), published("dimensions.csv"), "team.sessions")
        book = self.template("2025-06")
        wanted = self.fill_parts(book)
        book.save(f"{self.folder}/a.xlsx")
        path = change(f"{self.folder}/a.xlsx")
        done = self.office.command("import", path)
        self.assertEqual((done.code, done.err), (0, ""), done)
        self.assert_same(self.recorded("2025-06"), wanted)

    def test_of_openpyxl(self):
        if not openpyxl:
            self.skipTest("there is no openpyxl")

        def change(path):
            book = openpyxl.load_workbook(path)
            self.assertTrue(book.worksheets[0].protection.sheet)
            book.save(f"{self.folder}/b.xlsx")
            return f"{self.folder}/b.xlsx"
        self.others(change)

    def test_of_libreoffice(self):
        if not shutil.which("soffice"):
            self.skipTest("there is no LibreOffice")

        def change(path):
            subprocess.run(["soffice", "--headless", "--convert-to", "xls", "--outdir", f"{self.folder}/out", path],
                           env={**os.environ, "HOME": self.folder}, capture_output=True, check=True, timeout=120)
            return f"{self.folder}/out/a.xls"
        self.others(change)


if __name__ == "__main__":
    unittest.main()

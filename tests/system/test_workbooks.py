"""Workbooks handed to a real agent: their figures reach the province, and what is wrong with one costs that one alone."""

import datetime
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import zipfile

import rig
import workbooks

try:
    import openpyxl
except ImportError:
    openpyxl = None

READER = f"{rig.BUILD}/libexec/lantoa/lantoa-excel"
MONTH = {"area": "28001", "per": "month", "from": "2025-06", "to": "2025-06"}
DAY = 45838  # 30/06/2025


def figures(*rows):
    return workbooks.table(["Kỳ", "Lượt"], *([[day, 2], value] for day, value in rows))


class Workbooks(rig.Rig):
    offices = ["28001"]

    def setUp(self):
        super().setUp()
        self.inbox = f"{self.folder}/inbox"
        os.mkdir(self.inbox)
        self.office = self.agent("28001")
        self.office.write_conf(f"[inbox]\nfolder = {self.inbox}\nsettle_s = 1\n")
        self.office.start()

    def put(self, name, data, folder=None):
        path = f"{folder or self.folder}/{name}"
        with open(path + ".part", "wb") as file:
            file.write(data)
        os.rename(path + ".part", path)
        return path

    def wait_total(self, total):
        rig.wait_for(lambda: self.province.value("visits", **MONTH) == total, f"{total} at the province")

    def test_by_command_and_by_inbox(self):
        book = self.put("a.xlsx", workbooks.workbook({"Tháng 6": figures((DAY, 8), (DAY - 1, 7)), "Bìa": workbooks.table(["x"])}))
        done = self.office.command("import", book)
        self.assertEqual((done.code, done.out), (0, f"{book}: 2 figures recorded, 0 rejected\n"), done)
        self.assertEqual(done.err, f"{book}: Bìa: the sheet is passed over: no line of it names columns of figures\n")
        self.wait_total(15)
        with open(book, "rb") as file:
            done = subprocess.run(self.office.args("import", "-"), stdin=file, capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout, "-: 2 figures recorded, 0 rejected\n", done)
        self.put("b.xlsx", workbooks.workbook({"Tháng 6": figures((DAY, 9), (DAY - 2, 1))}), self.inbox)
        self.wait_total(17)
        rig.wait_for(lambda: not os.path.exists(f"{self.inbox}/b.xlsx"), "the workbook to be taken")
        self.assertEqual([name for name in os.listdir(self.inbox) if name[0] != "."], ["done"])
        bad = workbooks.workbook({"Tháng 6": figures((DAY, 10), (DAY - 3, ("f", "1/0", "e", "#DIV/0!")))})
        done = self.office.command("import", self.put("bad.xlsx", bad))
        self.assertEqual(done.code, 1)
        self.assertIn("bad.xlsx: 'Tháng 6'!B3: Lượt: ", done.err)
        self.office.process.stop()
        self.assert_whole()

    def cells_of(self, path):
        """Of a workbook that libxlsxwriter wrote: what stands in cells, which of them are filled, and the comments."""
        with zipfile.ZipFile(path) as file:
            parts = {name: file.read(name).decode() for name in file.namelist()}
        strings = re.findall("<si><t[^>]*>(.*?)</t></si>", parts["xl/sharedStrings.xml"])
        values, filled = {}, []
        for at, style, kind, value in re.findall(r'<c r="(\w+)"(?: s="(\d+)")?(?: t="(\w+)")?(?:/>|><v>(.*?)</v></c>)',
                                                 parts["xl/worksheets/sheet1.xml"]):
            values[at] = strings[int(value)] if kind == "s" else value
            if style:
                filled.append(at)
        comments = re.findall(r'<comment ref="(\w+)".*?</rPr><t[^>]*>(.*?)</t>', parts["xl/comments1.xml"], re.S)
        return values, filled, dict(comments)

    def test_what_is_wrong_is_marked_in_a_copy(self):
        bad = {"Tháng 6": workbooks.sheet({
            1: ["BÁO CÁO"], 3: ["Kỳ", "Lượt"], 4: [[DAY, 2], 8], 5: [[DAY - 1, 2], ("f", "1/0", "e", "#DIV/0!")],
            6: ["31/06/2025", "=1+1"], 7: ["Tổng cộng", 16], 8: [[DAY - 2, 2], 0.5]}, merged=("A1:B1",))}
        # The writer has something to do when the reader has ended, and is waited for.
        long = workbooks.sheet({row: [f"{row} {i}" for i in range(8)] for row in range(1, 5000)})
        self.put("c.xlsx", workbooks.workbook({**bad, "Phụ lục": long}), self.inbox)
        copy = f"{self.inbox}/c.xlsx.errors.xlsx"
        rig.wait_for(lambda: os.path.exists(copy), "the copy")
        self.assertEqual(sorted(name for name in os.listdir(self.inbox) if name[0] != "."), ["c.xlsx", "c.xlsx.errors.xlsx"])
        self.wait_total(8)
        rig.wait_for(lambda: "see c.xlsx.errors.xlsx" in self.office.command("status").out, "status to tell")
        values, filled, comments = self.cells_of(copy)
        self.assertEqual({at: values[at] for at in ("A1", "A3", "B4", "B5", "B6")},
                         {"A1": "BÁO CÁO", "A3": "Kỳ", "B4": "8", "B5": "#DIV/0!", "B6": "=1+1"})
        self.assertEqual(filled, ["B5", "A6", "B6", "A7", "B7", "B8"])
        self.assertEqual(sorted(comments), ["A6", "A7", "B5", "B6", "B8"])
        self.assertIn("lỗi của bảng tính", comments["B5"])
        self.assertIn("không phải là kỳ", comments["A6"])
        # It is no table of its own, and it goes when all is well.
        good = {"Tháng 6": figures((DAY, 9), (DAY - 1, 7))}
        self.put("c.xlsx", workbooks.workbook(good), self.inbox)
        self.wait_total(16)
        rig.wait_for(lambda: not os.path.exists(f"{self.inbox}/c.xlsx"), "the workbook to be taken")
        self.assertFalse(os.path.exists(copy))

    def test_more_than_a_copy_can_say_is_a_sheet(self):
        rows = ((DAY - i % 25, ("f", "1/0", "e", "#DIV/0!")) for i in range(1100))
        self.put("d.xlsx", workbooks.workbook({"A": figures((DAY, 9), *rows)}), self.inbox)
        rig.wait_for(lambda: os.path.exists(f"{self.inbox}/d.xlsx.errors.csv"), "the sheet")
        with open(f"{self.inbox}/d.xlsx.errors.csv", encoding="utf-8-sig") as file:
            lines = file.read().split("\n")
        self.assertTrue(lines[1].startswith('"A!B3";"Lượt";"#DIV/0!";'), lines[1])
        self.assertEqual(len(lines), 1 + 1000 + 1 + 1)
        self.assertFalse(os.path.exists(f"{self.inbox}/d.xlsx.errors.xlsx"))

    def test_none_of_what_takes_workbooks_apart_is_in_the_daemon(self):
        with open(f"/proc/{self.office.process.child.pid}/maps", encoding="utf-8") as maps:
            mapped = maps.read()
        for library in ("libzip", "libexpat", "libseccomp", "libxlsxwriter"):
            self.assertNotIn(library, mapped)

    def broken(self, script):
        """What an agent says whose reader is @script; None: it has none."""
        home = f"{self.folder}/home"
        shutil.rmtree(home, ignore_errors=True)
        os.makedirs(f"{home}/bin")
        os.makedirs(f"{home}/libexec/lantoa")
        shutil.copy(f"{rig.BUILD}/agent/lantoa-agent", f"{home}/bin")
        if script is not None:
            reader = f"{home}/libexec/lantoa/lantoa-excel"
            with open(reader, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n" + script)
            os.chmod(reader, 0o755)
        book = self.put("a.xlsx", workbooks.workbook({"A": figures((DAY, 8))}))
        done = rig.run([f"{home}/bin/lantoa-agent", "--config", self.office.conf, "import", book])
        self.assertEqual(done.code, 1)
        return done.err

    def test_a_reader_that_fails_costs_its_workbook(self):
        failed = "this workbook cannot be read: the program that reads it failed"
        begin = "printf 'lantoa-cells 1\\nS\\t-\\tA\\nR\\t1\\t-\\n'\n"
        self.assertIn("workbooks cannot be read on this machine, where lantoa-excel is missing", self.broken(None))
        self.assertIn(failed, self.broken("exit 3"))
        self.assertIn(failed, self.broken(begin + "kill -SEGV $$"))
        self.assertIn("takes too long to read", self.broken(begin + "kill -XCPU $$"))
        self.assertIn("takes too long to read", self.broken(begin + "exec sleep 300"))
        self.assertIn("gave an answer that cannot be right", self.broken("echo hello"))
        self.assertIn("gave an answer that cannot be right", self.broken(begin))
        self.assertIn("gave an answer that cannot be right", self.broken("head -c 1000000 /dev/zero"))
        # figures that it makes up are judged like all others, and nothing of it reaches a shell or a path
        self.assertIn("is neither period", self.broken(begin + "printf 'C\\t1\\tt\\tKỳ\\nC\\t2\\tt\\t$(id)\\nE\\n'"))
        done = self.office.command("import", self.put("b.csv", b"K\xe1\xbb\xb3;L\xc6\xb0\xe1\xbb\xa3t\n30/06/2025;8\n"))
        self.assertEqual(done.code, 0, done)
        self.wait_total(8)


class Bombs(unittest.TestCase):
    """Small files that are huge inside: they end, soon, in a sentence."""

    def read(self, data):
        with subprocess.Popen([READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
            out = reader.communicate(data, timeout=150)[0].decode()
        return out[-40:]

    def test_a_sheet_of_blanks(self):
        self.assertIn("\nX\t8\t> 256 MiB", self.read(workbooks.zip_bomb(300)))

    def test_a_sheet_that_is_longer_than_the_archive_says(self):
        self.assertRegex(self.read(workbooks.zip_bomb(20, shown=1000)), r"\n(X\t1\t|E)\n")

    def test_more_text_than_there_is_room_for(self):
        text = "<si><t>" + "x" * (40 << 20) + "</t></si>"
        self.assertIn("\nX\t8\t> 32 MiB of text", self.read(workbooks.workbook({"A": workbooks.table()}, strings=text)))

    def test_more_cells_than_anybody_has(self):
        rows = "".join(f'<row r="{i}">{"<c><v>1</v></c>" * 2100}</row>' for i in range(1, 1001))
        sheet = f"<worksheet {workbooks.MAIN}><sheetData>{rows}</sheetData></worksheet>"
        self.assertIn("\nX\t8\t> 2,000,000 cells", self.read(workbooks.workbook({"A": sheet})))

    def test_one_name_of_many_megabytes(self):
        sheet = f'<worksheet {workbooks.MAIN} {"x" * (100 << 20)}="1"/>'
        self.assertRegex(self.read(workbooks.workbook({"A": sheet})), r"\n(X\t(8|10)\t.*|E)\n|^$")

    def test_sheets_within_each_other(self):
        sheet = "<worksheet>" + "<a>" * 5_000_000
        self.assertRegex(self.read(workbooks.workbook({"A": sheet})), r"\nX\t(1|10)\t\n|^$")

    def test_a_file_that_is_too_large(self):
        self.assertIn("\nX\t8\t> 32 MiB", self.read(b"PK\x03\x04" + bytes(33 << 20)))


class Spreadsheets(unittest.TestCase):
    """What other programs write: openpyxl, and LibreOffice where there is one."""

    CELLS = """\
S - Tháng 6
H 2 2
R 1 -
C 1 t BÁO CÁO
R 3 -
C 1 t Kỳ
C 2 t Lĩnh vực
C 3 t Số hồ sơ
C 4 t Số văn bản
R 4 -
C 1 d 2025-06-30
C 2 t Đất đai
C 3 n 3
C 4 n 7
R 5 -
C 1 m 2025-06-30
C 2 t Hộ tịch
C 3 n 4
R 6 h
C 1 d 2025-06-29
C 2 t Đất đai
C 3 n 8.592
C 4 e #DIV/0!
R 7 -
C 1 d 2025-05
C 2 t Hộ tịch
C 3 p 0.45
R 8 -
C 1 d 2025-05-01 14:30
C 2 t Hộ tịch
C 3 n 1234567.891
C 4 t TRUE
R 9 -
C 1 t Tháng 5
C 2 t x y
C 3 t 12,5
C 4 t Tháng 6
S h Ẩn
R 1 -
C 1 t ẩn
"""

    def setUp(self):
        if not openpyxl:
            self.skipTest("there is no openpyxl")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        book = openpyxl.Workbook()
        page = book.active
        page.title = "Tháng 6"
        for row in ([["BÁO CÁO"], [], ["Kỳ", "Lĩnh vực", "Số hồ sơ", "Số văn bản"],
                     [datetime.date(2025, 6, 30), "Đất đai", 3, "=C4+C5"], [None, "Hộ tịch", 4],
                     [datetime.date(2025, 6, 29), "Đất đai", 8.592, "=1/0"],
                     [datetime.date(2025, 5, 1), "Hộ tịch", 0.45, '=IF(1,"","")'],
                     [datetime.datetime(2025, 5, 1, 14, 30), "Hộ tịch", 1234567.891, True],
                     ["Tháng 5", "x\ny", "12,5", '="Tháng "&6']]):
            page.append(row)
        page.merge_cells("A1:D1")
        page.merge_cells("A4:A5")
        for at, code in {"A4": "dd/mm/yyyy", "A6": "dd/mm/yyyy", "A7": "mmm-yy", "C7": "0%",
                         "A8": "dd/mm/yyyy hh:mm"}.items():
            page[at].number_format = code
        page.row_dimensions[6].hidden = True
        page.column_dimensions["B"].hidden = True
        other = book.create_sheet("Ẩn")
        other["A1"] = "ẩn"
        other.sheet_state = "hidden"
        book.save(f"{self.folder}/a.xlsx")

    def read(self, path):
        with open(path, "rb") as book:
            out = subprocess.run([READER], stdin=book, capture_output=True, check=True).stdout.decode()
        return out.replace("\t", " ")

    def test_of_openpyxl(self):
        """It computes no formula, and what one comes to is not in the file."""
        wanted = self.CELLS.replace("C 4 n 7", "C 4 f =C4+C5").replace("C 4 e #DIV/0!", "C 4 f =1/0")
        wanted = wanted.replace("C 3 p 0.45\n", 'C 3 p 0.45\nC 4 f =IF(1,"","")\n').replace(
            "C 3 t 12,5\nC 4 t Tháng 6\n", 'C 3 t 12,5\nC 4 f ="Tháng "&6\n')
        self.assertEqual(self.read(f"{self.folder}/a.xlsx"), "lantoa-cells 1\n" + wanted + "E\n")

    def test_of_libreoffice(self):
        """The same in both kinds of workbook."""
        if not shutil.which("soffice"):
            self.skipTest("there is no LibreOffice")
        for kind in ("xlsx", "xls", "ods"):
            subprocess.run(["soffice", "--headless", "--convert-to", kind, "--outdir", f"{self.folder}/out", f"{self.folder}/a.xlsx"],
                           env={**os.environ, "HOME": self.folder}, capture_output=True, check=True, timeout=120)
        for kind in ("xlsx", "xls"):
            self.assertEqual(self.read(f"{self.folder}/out/a.{kind}"), "lantoa-cells 1\n" + self.CELLS + "E\n", kind)
        self.assertEqual(self.read(f"{self.folder}/out/a.ods"), "lantoa-cells 1\nX 5 \n")


class Sandbox(unittest.TestCase):
    def test_the_reader_can_do_nothing_but_read_and_write(self):
        if "libasan" in subprocess.run(["ldd", READER], capture_output=True, text=True, check=True).stdout:
            self.skipTest("a sanitizer needs more than the reader may have")
        rows = {i: list(range(20)) for i in range(1, 5000)}
        with tempfile.TemporaryFile() as book:
            book.write(workbooks.workbook({"A": workbooks.sheet(rows)}))
            book.flush()
            with subprocess.Popen([READER], stdin=book, stdout=subprocess.PIPE) as reader:
                self.assertEqual(reader.stdout.read(13), b"lantoa-cells ")  # and then its pipe is full
                with open(f"/proc/{reader.pid}/status", encoding="utf-8") as status:
                    told = status.read()
                with open(f"/proc/{reader.pid}/limits", encoding="utf-8") as limits:
                    limited = limits.read()
                reader.kill()
        self.assertIn("Seccomp:\t2\n", told)
        self.assertRegex(limited, r"Max address space +100663296 ")
        self.assertRegex(limited, r"Max cpu time +20 ")


if __name__ == "__main__":
    unittest.main()

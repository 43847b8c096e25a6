"""What lantoa-web answers in other forms: to spreadsheets and statistics, over the network."""

import csv
import io
import os
import unittest

import rig
import web

try:
    import openpyxl
except ImportError:
    openpyxl = None

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SDMX = "application/vnd.sdmx.data+csv"
MANY = 20000  # units
DAY = "name=visits&by=commune&from=2025-06-30&to=2025-06-30"


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Forms(web.WebRig):
    tls = False

    def setUp(self):
        super().setUp()
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "visits" in agent.command("catalogue").out, "the catalogue")
        agent.record("visits=12", "--period", "2025-06-30")
        rig.wait_for(lambda: self.province.value("visits", **{"from": "2025-06-30", "to": "2025-06-30"}), "the figure")

    def get(self, target, **headers):
        return self.web.ask("GET", f"/api/v1/{target}", self.tokens["viewer"], **headers)

    def test_the_same_figures_in_every_form(self):
        plain = self.get(f"query?{DAY}", accept="text/csv")
        self.assertEqual(self.get(f"query?format=csv&{DAY}").text, plain.text)
        self.assertEqual(self.get(f"query?{DAY}&format=json").headers["Content-Type"], "application/json")
        for answer in (self.get(f"query?{DAY}&format=sdmx-csv"), self.get(f"query?{DAY}", accept=f"{SDMX};version=2.0.0")):
            self.assertEqual(answer.status, 200, answer)
            self.assertTrue(answer.headers["Content-Type"].startswith(SDMX), answer)
            self.assertEqual(answer.headers["Content-Disposition"], 'attachment; filename="lantoa-sdmx.csv"')
            self.assertEqual([(row["REF_AREA"], row["OBS_VALUE"], row["OBS_STATUS"])
                              for row in csv.DictReader(io.StringIO(answer.text))],
                             [("28001@1976-01-01", "12", "A"), *((f"2800{n}@1976-01-01", "NaN", "O") for n in (2, 3, 4))])
        answer = self.get(f"query?{DAY}", accept=f"{SDMX};version=2.1.0;labels=both;keys=obs", accept_language="vi")
        row = next(csv.DictReader(io.StringIO(answer.text)))
        self.assertEqual(row["REF_AREA: Địa bàn"], "28001@1976-01-01: Phường Một")
        self.assertEqual(row["OBS_KEY"], "D.28001@1976-01-01.visits._T.2025-06-30")
        answer = self.get(f"query?{DAY}&format=csv-excel", accept_language="vi")
        self.assertTrue(answer.text.startswith("\ufeffMã;Tên;"), answer)
        self.assertIn("phải nộp nhưng chưa báo cáo", answer.text)
        head = self.web.ask("HEAD", f"/api/v1/query?{DAY}&format=xlsx", self.tokens["viewer"])
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertNotIn("ETag", answer.headers)  # it is not the one of the aggregator's CSV

    @unittest.skipUnless(openpyxl, "there is no openpyxl")
    def test_a_workbook(self):
        for answer in (self.get(f"query?{DAY}&format=xlsx"), self.get(f"query?{DAY}", accept=XLSX)):
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, XLSX), answer)
            self.assertEqual(answer.headers["Content-Disposition"], 'attachment; filename="lantoa.xlsx"')
            book = openpyxl.load_workbook(io.BytesIO(answer.body))
            self.assertEqual([[cell.value for cell in row][3] for row in book["Figures"].iter_rows()],
                             ["2025-06-30", 12, "…", "…", "…"])
            notes = dict((row[0].value, row[1].value) for row in book["Notes"].iter_rows())
            self.assertRegex(notes["Head of the ledger"], r"^\d+:")
        answer = self.get("completeness?name=visits&from=2025-06-30&to=2025-06-30&format=xlsx", accept_language="vi")
        self.assertEqual(openpyxl.load_workbook(io.BytesIO(answer.body)).sheetnames, ["Tất cả các dòng", "Ghi chú"])

    def test_what_is_not_there_is_told(self):
        answer = self.get(f"query?{DAY}&format=pdf")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (400, "application/problem+json"), answer)
        self.assertIn("there are csv, json, csv-excel, xlsx and sdmx-csv", answer.text)
        self.assertEqual(self.get(f"query?{DAY}&format=xlsx").status, 200)  # as it advises
        for wrong in ("version=1.0.0", "version=2.0.0;labels=all", "version=2.0.0;keys=x", "timeFormat=normalized"):
            answer = self.get(f"query?{DAY}", accept=f"{SDMX};{wrong}")
            self.assertEqual(answer.status, 406, answer)
            self.assertIn('"title": "Not Acceptable"', answer.text)
        answer = self.get("completeness?name=visits&format=sdmx-csv")
        self.assertEqual(answer.status, 400, answer)
        self.assertIn("sdmx-csv is for figures", answer.text)
        answer = self.get("query?name=visitz&format=xlsx")  # the aggregator's own words, and no workbook of them
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (400, "application/problem+json"), answer)
        self.assertIn("visits", answer.text)
        answer = self.web.ask("GET", f"/api/v1/query?{DAY}&format=xlsx", "A" * 43)
        self.assertEqual(answer.status, 401)

    def test_long_answers_are_whole(self):
        more = "".join(f"{n},N{n},commune,815,1976-01-01,\n" for n in range(100000, 100000 + MANY))
        self.province.put_csv("/v1/units", rig.UNITS + more)
        rig.wait_for(lambda: len(self.province.get("/v1/units")["rows"]) > MANY, "the units")
        answer = self.get(f"query?{DAY}&format=csv-excel")
        self.assertEqual(answer.text.count("\r\n"), MANY + 5)
        answer = self.get(f"query?{DAY}&format=sdmx-csv")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        self.assertEqual([len(rows), {row["OBS_STATUS"] for row in rows}], [MANY + 4, {"A", "O", "M"}])
        before = self.web.memory_kib()
        answers = [self.get(f"query?{DAY}&format=csv-excel") for _ in range(5)]
        self.assertLess(self.web.memory_kib() - before, 20000)
        self.assertEqual(len({answer.body for answer in answers}), 1)
        answer = self.get(f"query?{DAY}&format=xlsx")
        if openpyxl:
            book = openpyxl.load_workbook(io.BytesIO(answer.body), read_only=True)
            self.assertEqual([sheet.max_row for sheet in book][:2], [MANY + 5, MANY + 5])

    def test_the_aggregator_breaks_off(self):
        self.province.process.kill()
        for form in ("xlsx", "csv-excel"):
            answer = self.get(f"query?{DAY}&format={form}")
            self.assertEqual(answer.status, 503, answer)


if __name__ == "__main__":
    unittest.main()

"""The clerk's desk by the catalogue and the code lists of Tiền Giang: grids of parts, columns pasted, files handed in."""

import csv
import io
import os
import re
import unittest
import urllib.request
import zipfile

import rig
import workbooks
from page_rig import PageRig, month, today
from webdriver import CONTROL, ENTER, SPACE, TAB

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "aggregator", "data", "tien-giang")
SESSIONS = "team.sessions"
RECEIVED = "service.dossiers_received"


def published(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as file:
        return file.read()


def field(metric, part=""):
    return f"input[name='v:{metric}:{part}']"


def book(rows):
    return workbooks.workbook({"Sheet1": workbooks.table(*rows)})


def odf():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    return out.getvalue()


class Desk(PageRig):
    metric = SESSIONS
    offices = ["28001"]

    def open_province(self):
        super().open_province()
        self.province.put_csv("/v1/catalogue?yes=1", published("catalogue.csv"))
        self.province.put_csv("/v1/dimensions", published("dimensions.csv"))

    def shots(self, browser, name):
        """The page as it is, and as it is printed."""
        self.shot(browser, name)
        for media in ("print", ""):
            browser.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"media": media}})
            if media:
                self.shot(browser, f"{name}-print")

    def remember(self, metric, periods, *labels):
        for at, period in enumerate(periods):
            self.assertEqual(self.office.record(f"{metric}={6 + at % 4}", "--period", period, *labels).code, 0)

    def remember_months(self):
        months = [month(back) for back in range(6, 0, -1)]
        self.remember("team.count", months)
        self.remember("team.members", months)
        for topic in ("online_services", "cashless", "digital_skills"):
            self.remember(SESSIONS, months, "--label", f"topic={topic}")
        self.remember("payment.cashless_points", months, "--label", "sector=trade")

    def name(self, browser):
        return browser.focused().attribute("name")

    # --- the grid ---

    def test_a_month_by_keyboard_alone(self):
        self.remember_months()
        browser = self.browser(language="vi")
        browser.open(self.base + "/")
        for _ in range(60):
            browser.press(TAB)
            if f"period={month(0)}&" in (browser.focused().attribute("href") or ""):
                break
        browser.press(ENTER)
        browser.see("Số liệu tháng")
        browser.see("đã xong 0 trên")
        for _ in range(30):
            browser.press(TAB)
            if self.name(browser) == "v:team.count:":
                break
        browser.press("8", ENTER, "9", ENTER)  # down, as in a spreadsheet
        browser.see("đã xong 2 trên")
        self.assertEqual(self.name(browser), f"v:{SESSIONS}:")  # the undivided figure: it is left empty
        browser.press(ENTER)
        topics = [row["code"] for row in csv.DictReader(io.StringIO(published("dimensions.csv")))
                  if row["dimension"] == "topic"]
        seen, values = [], {}
        while (self.name(browser) or "").startswith(f"v:{SESSIONS}:"):
            topic = self.name(browser).split("=")[1]
            seen.append(topic)
            values[topic] = 5 + len(seen) % 4
            browser.press(str(values[topic]), ENTER)
        self.assertEqual(sorted(seen), sorted(topics))
        total = browser.find(f"[data-total='{SESSIONS}']")
        rig.wait_for(lambda: total.text() == str(sum(values.values())), "the running total")
        self.shots(browser, "grid-vi")
        browser.press(ENTER, held=CONTROL)
        browser.see("Đã lưu trên máy này")
        for topic, value in values.items():
            self.at_province(SESSIONS, str(value), labels=f"topic={topic}", per="month",
                             **{"from": month(0), "to": month(0)})
        browser.open(f"{self.base}/form?period={month(0)}&lang=en")
        browser.see("Cashless payment")
        self.shots(browser, "grid-en")
        self.assert_whole()

    def test_a_whole_or_its_parts(self):
        browser = self.browser()
        self.form(browser, month(0))
        browser.see("Write one undivided figure or its parts, never both")
        browser.find(field(SESSIONS)).write("5" + TAB)
        browser.find(field(SESSIONS, "topic=cashless")).write("2" + TAB)
        browser.see("write either this one figure or its parts, never both")
        browser.find("#sheet button").click()
        browser.see("Nothing was saved yet")
        self.shot(browser, "either")
        browser.find(field(SESSIONS)).write("" + TAB)
        browser.find("#sheet button").click()
        browser.see("Saved on this machine")
        browser.see("Reported in parts")
        self.assertEqual(browser.find_all(field(SESSIONS)), [])

    def is_open(self, browser, css):
        browser.find(css)
        return browser.find_all(f"details:not([open]) {css}") == []

    def test_many_sectors_are_folded(self):
        self.remember(RECEIVED, [today().replace(day=1).isoformat()], "--label", "sector=land")
        for script, sector in ((True, "sector=tax"), (False, "sector=water")):
            browser = self.browser(script=script)
            self.form(browser, today().isoformat())
            self.assertTrue(self.is_open(browser, field(RECEIVED, "sector=land")))
            self.assertFalse(self.is_open(browser, field(RECEIVED, sector)))
            self.shots(browser, "sectors")
            browser.find(f"fieldset:has([data-total='{RECEIVED}']) details.more > summary").click()
            browser.find(field(RECEIVED, sector)).write("3")
            browser.find("#sheet button").click()
            browser.see("Saved on this machine")
            self.assertTrue(self.is_open(browser, field(RECEIVED, sector)))  # it is in use now

    def test_small_and_accessible(self):
        source = self.axe()
        self.remember_months()
        for language in ("vi", "en"):
            browser = self.browser(language=language, size=(500, 900))
            browser.ask("POST", "/goog/cdp/execute", {"cmd": "Page.setBypassCSP", "params": {"enabled": True}})
            for what, period in (("month", month(0)), ("day", today().isoformat())):
                self.form(browser, period)
                wide = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                self.assertLessEqual(wide, 0, what)
                self.assert_accessible(browser, source, f"{what} in {language}")
                self.shot(browser, f"small-{what}-{language}")

    # --- a column of a spreadsheet ---

    def paste(self, browser, text):
        browser.run("const data = new DataTransfer(); data.setData('text', arguments[0]);"
                    "document.activeElement.dispatchEvent(new ClipboardEvent('paste',"
                    " {clipboardData: data, bubbles: true, cancelable: true}))", text)

    def test_a_column_is_pasted_downward(self):
        browser = self.browser(language="vi")
        self.form(browser, month(0))
        browser.find("input[name='v:team.count:']").click()
        self.paste(browser, "8\r\n\r\n1.234\r\nx\r\n")  # a blank is skipped, and what is wrong is said
        browser.see("Số ô đã dán xuống dưới: 3")
        browser.see("'x' không phải là số")
        self.assertEqual(browser.find("input[name='v:team.count:']").property("value"), "8")
        self.assertEqual(browser.find("input[name='v:team.members:']").property("value"), "")
        self.assertEqual(browser.find(field(SESSIONS)).property("value"), "1.234")
        browser.find("input[name='v:team.count:']").click()
        self.paste(browser, "1\t2\r\n3\t4\r\n")
        browser.see("chỉ chép một cột")
        self.assertEqual(browser.find("input[name='v:team.count:']").property("value"), "8")
        browser.run("const seen = [...document.querySelectorAll(\"input[name^='v:']\")].filter(f => !f.closest('details:not([open])'));"
                    "seen[seen.length - 2].focus()")
        self.paste(browser, "1\r\n2\r\n3\r\n4,5\r\n")
        browser.see("không dán: 3; 4,5")


    # --- files ---

    def ask_bytes(self, url):
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer, answer.read()

    def hand_in(self, browser, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        browser.find("#file").ask("POST", "/value", {"text": path})
        browser.find("#upload button").click()

    def test_a_workbook_its_errors_and_the_second_one(self):
        source = self.axe()
        browser = self.browser(language="vi")
        browser.ask("POST", "/goog/cdp/execute", {"cmd": "Page.setBypassCSP", "params": {"enabled": True}})
        browser.open(f"{self.base}/files")
        browser.see("Chưa có")
        head = ["Kỳ", "Số tổ công nghệ số cộng đồng", "Số văn bản đi"]
        self.hand_in(browser, "Báo cáo.xlsx", book([head, [month(1), 8, 40], [month(2), "tám", 41.5], [month(3), 7, 39]]))
        browser.see("Báo cáo.xlsx: 4 số đã ghi, 2 không nhận")
        browser.see("B3.*tám.*không phải là số")
        browser.see("C3.*41,5.*Số văn bản đi: '41,5' phải là số nguyên")
        self.shots(browser, "upload-vi")
        self.assert_accessible(browser, source, "an upload")
        self.at_province("team.count", "8", per="month", **{"from": month(1), "to": month(1)})
        link = browser.link("Tải bản sao").property("href")
        answer, copy = self.ask_bytes(link)
        self.assertEqual(answer.status, 200)
        self.assertIn("spreadsheetml", answer.getheader("Content-Type"))
        with zipfile.ZipFile(io.BytesIO(copy)) as archive:  # the marks are comments of its cells
            self.assertIn("xl/comments1.xml", archive.namelist())
        self.hand_in(browser, "Báo cáo.xlsx", book([head, [month(1), 8, 40], [month(2), 8, 41], [month(3), 7, 39]]))
        browser.see("Báo cáo.xlsx: 6 số đã ghi")
        self.at_province("office.documents_issued", "41", per="month", **{"from": month(2), "to": month(2)})
        self.hand_in(browser, "Tháng.ods", odf())
        browser.see("Tháng.ods: không ghi số nào, 1 không nhận")
        self.assertNotIn("Tải bản sao", browser.text())  # of which no place can be marked
        browser.see("OpenDocument|LibreOffice|ods")
        browser.open(f"{self.base}/files?lang=en")
        browser.see("6 recorded")
        self.shots(browser, "files-en")
        self.assert_accessible(browser, source, "files")
        self.assert_whole()

    def test_the_excel_form_of_a_period(self):
        browser = self.browser(language="vi")
        self.form(browser, month(1))
        answer, form = self.ask_bytes(browser.link("Biểu Excel của kỳ này").property("href"))
        self.assertIn(f"28001_{month(1)}.xlsx", answer.getheader("Content-Disposition"))
        with zipfile.ZipFile(io.BytesIO(form)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        sheet = parts["xl/worksheets/sheet1.xml"].decode()
        first = re.search(r'<c r="H6"( s="\d+")/>', sheet)
        parts["xl/worksheets/sheet1.xml"] = sheet.replace(first.group(0), f'<c r="H6"{first.group(1)}><v>8</v></c>').encode()
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in parts.items():
                archive.writestr(name, data)
        browser.open(f"{self.base}/files")
        self.hand_in(browser, "biểu.xlsx", out.getvalue())
        browser.see("biểu.xlsx: 1 số đã ghi")
        self.at_province("team.count", "8", per="month", **{"from": month(1), "to": month(1)})

    def test_a_file_without_a_script_and_one_that_is_too_large(self):
        browser = self.browser(script=False)
        browser.open(f"{self.base}/files")
        self.hand_in(browser, "a.csv", "Kỳ;Số tổ công nghệ số cộng đồng\r\n2025-06;8\r\n".encode())
        browser.see("a.csv: 1 recorded")
        browser = self.browser()
        browser.open(f"{self.base}/files")
        self.hand_in(browser, "b.csv", b"x" * (5 << 20))
        browser.see("This file is over 4 MB")
        small = self.browser(language="vi", size=(500, 900))
        small.open(f"{self.base}/files")
        self.shot(small, "small-files")


    # --- what goes wrong ---

    def test_a_machine_that_is_let_in_no_more_is_told_in_words(self):
        self.assertEqual(self.lantoa("office", "revoke", "28001").code, 0)
        browser = self.browser()
        browser.open(self.base + "/")
        browser.see("the province does not let this machine in any more", reload=True)
        self.shot(browser, "revoked")
        browser.open(self.base + "/?lang=vi")
        browser.see("tỉnh không còn cho máy này kết nối")


if __name__ == "__main__":
    unittest.main()

"""The way from the province's figure down to a single report in a real Chromium, through a real lantoa-web: on a province like
that of the demo, with its reform of 1 July 2025, gaps, levels that are carried, revisions and targets.

Screenshots go to BUILD_DIR/tests/browser for people to look at."""

import csv
import os
import random
import unittest
import urllib.parse

import province_rig
import rig

DISTRICTS = ("815", "819")  # Mỹ Tho and Cái Bè: their communes report
MONTHS = [f"2024-{n:02d}" for n in range(7, 13)] + [f"2025-{n:02d}" for n in range(1, 7)]
NUMBERS = """return Array.from(document.querySelectorAll('table[data-q] data, section[data-q] data, li[data-q] data'))
    .map(d => [d.closest('[data-q]').dataset.q, d.value])"""


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Figures(province_rig.ProvinceRig):
    shots = "figures"

    def setUp(self):
        super().setUp()
        self.furnish()

    def furnish(self):
        self.put_reference()
        units = [row for row in csv.DictReader(province_rig.read("units.csv").splitlines())
                 if row["valid_from"] <= "2025-06-30" and (not row["valid_to"] or "2025-06-30" < row["valid_to"])]
        self.communes = [row for row in units if row["parent"] in DISTRICTS]
        for row in [next(row for row in units if row["code"] == "82")] + self.communes:
            self.province.post("/v1/offices", code=row["code"], name="Văn phòng " + row["name"], unit=row["code"],
                               **{"from": "2020-01-01" if row["code"] == "82" else row["valid_from"]})
        dice = random.Random(1249)
        for n, row in enumerate(self.communes):
            size = dice.randint(3, 14)
            for at, month in enumerate(MONTHS):
                if n == 3 and month > "2025-02" or n == 5:  # one is carried and falls silent, one never reports
                    continue
                self.record(row["code"], f"team.count={size + at // 4}", month)
        self.corrected = self.communes[0]
        self.record(self.corrected["code"], "team.count=21", "2025-06", note="chị Hoa gọi lại")
        for year, added, grdp in (("2021", 8619, 100314), ("2022", 9900, 110021), ("2023", 12345, 121500)):
            self.record("82", f"economy.digital_value_added={added};economy.grdp={grdp}", year)

    def record(self, office, figures, period, **more):
        self.province.post("/v1/figures", office=office, figures=figures, period=period, **more)

    def go(self, browser, target):
        browser.open(f"https://{self.host}{target}")

    # --- what is shown is what was answered ---

    def assert_answered(self, browser):
        """Every number of a table is in the province's answer to the question that the table names."""
        answers = {}
        found = browser.run(NUMBERS)
        for target, value in found:
            self.assertTrue(target.startswith("/api/v1/"), target)
            if target not in answers:
                answers[target] = self.numbers(self.province.call("GET", target[len("/api"):]))
            self.assertIn(value, answers[target], target)
        return len(found)

    def numbers(self, answer):
        if isinstance(answer, dict):
            return set().union(*map(self.numbers, answer.values())) if answer else set()
        if isinstance(answer, list):
            return set().union(*map(self.numbers, answer)) if answer else set()
        return {str(answer)}

    def test_from_the_province_down_to_the_report_and_back(self):
        browser = self.reader()
        self.go(browser, "/figure?name=team.count&known=2100-01-01")
        browser.see("Community digital technology teams · Tỉnh Tiền Giang")
        browser.see("changed after")
        self.assertGreater(self.assert_answered(browser), 40)
        self.shot(browser, "province-en")
        browser.link("Huyện Cái Bè").click()
        browser.see("Community digital technology teams · Huyện Cái Bè")
        self.assertIn("known=2100-01-01", browser.url())
        self.assertIn("area=819", browser.url())
        self.assert_answered(browser)
        browser.link("Tỉnh Đồng Tháp").click()  # the way back, with all of the view
        browser.see("Tỉnh Tiền Giang")
        self.assertIn("known=2100-01-01", browser.url())
        browser.link("Thành phố Mỹ Tho").click()
        browser.link(self.corrected["name"]).click()
        browser.see("Văn phòng " + self.corrected["name"])
        cell = browser.find_all(".heat tbody tr:first-child td:last-child a")[0]
        cell.click()
        browser.see("What came, one by one")
        browser.see("chị Hoa gọi lại")
        self.assertIn("known=2100-01-01", browser.url())
        self.assertIn(f"office={self.corrected['code']}", browser.url())
        self.assert_answered(browser)
        self.shot(browser, "report-en")
        browser.link("All figures of this office").click()
        browser.see("What it owes")
        self.assert_answered(browser)
        self.shot(browser, "office-en")

    def test_a_target_and_its_path(self):
        browser = self.reader(language="vi")
        self.go(browser, "/figure?name=economy.digital_share")
        browser.see("Tỷ trọng kinh tế số trong GRDP")
        browser.see("15% vào năm 2025")
        self.assertEqual(len(browser.find_all(".chart path.mark.target")), 2)
        self.assertEqual(len(browser.find_all(".chart path.line.target")), 1)
        self.assert_answered(browser)
        self.shot(browser, "target-vi")

    def test_other_borders_and_another_state_of_knowledge(self):
        """The form is the address: what it does not ask is kept."""
        browser = self.reader()
        self.go(browser, "/figure?name=team.count&period=2025-05")
        browser.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
        browser.run("document.querySelector('#structure').value = '2025-07-15'")
        browser.find_all(".switches form button")[0].click()
        rig.wait_for(lambda: "structure=2025-07-15" in browser.url(), "the other borders")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(browser.url()).query)
        self.assertEqual((query["name"], query["period"]), (["team.count"], ["2025-05"]))
        browser.see("Borders of 2025-07-15")
        self.assert_answered(browser)
        self.shot(browser, "borders-en")

    def test_on_a_phone_in_vietnamese_and_without_script(self):
        browser = self.reader(language="vi", size=(360, 800), script=False)
        self.go(browser, "/figure?name=team.count")
        browser.see("Số tổ công nghệ số cộng đồng")
        browser.see("còn thiếu")
        self.shot(browser, "phone-vi")

    def test_axe_core(self):
        source = self.axe()
        browser = self.reader()
        for target in ("/figure", "/figure?name=team.count", "/figure?name=economy.digital_share",
                       f"/figure?name=team.count&area={self.corrected['code']}",
                       f"/offices/{self.corrected['code']}",
                       f"/report?name=team.count&office={self.corrected['code']}&period=2025-06"):
            self.go(browser, target)
            browser.see("Lan Tỏa")
            browser.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
            self.assert_accessible(browser, source, target)


if __name__ == "__main__":
    unittest.main()

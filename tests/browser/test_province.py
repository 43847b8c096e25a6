"""The province's page in a real Chromium, over TLS, with a viewer's token: in both languages, on a telephone, on a wall, on paper,
without script, by keyboard alone; and axe-core has nothing to say.

Screenshots and the printed pages go to BUILD_DIR/tests/browser for people to look at."""

import base64
import os
import shutil
import subprocess
import unittest

import province_rig
import rig
from page_rig import SHOTS
from webdriver import ENTER, TAB

OFFICES = ["82", "28249", "28261", "28270", "28273"]  # in force before and after July 2025
SHARES = {"2021": ("8619", "100314"), "2022": ("9711.5", "106800"), "2023": ("11804.25", "113350"), "2025": ("14110", "121150")}


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Page(province_rig.ProvinceRig):
    def furnish(self):
        """Tiền Giang, with a few offices and the figures of its digital economy."""
        self.put_reference()
        for code in OFFICES:
            self.province.post("/v1/offices", code=code, name=f"Văn phòng {code}", unit=code, **{"from": "2020-01-01"})
        for period, (digital, whole) in SHARES.items():
            done = self.lantoa("record", "--office", "82", f"economy.digital_value_added={digital}", f"economy.grdp={whole}",
                               "--period", period)
            self.assertEqual(done.code, 0, done)

    def test_before_anything_is_there_it_says_what_to_do(self):
        browser = self.reader()
        self.shot(browser, "empty-en")
        browser.see("What to do next")
        browser.see("lantoa setup")
        for name in ("units", "successors", "catalogue", "indicators"):
            self.province.put_csv(f"/v1/{name}", province_rig.read(f"{name}.csv"))
        browser.open(f"https://{self.host}/")
        browser.see("No office reports to this province yet")
        browser.see("lantoa office import offices.csv --invite FOLDER")
        browser.see("25 % by 2030")
        self.shot(browser, "no-office-en")

    def test_the_overview_in_both_languages(self):
        self.furnish()
        source = self.axe()
        browser = self.reader(language="vi")
        for words in ("Tỷ trọng kinh tế số trong GRDP", "15% vào năm 2025", "25% vào năm 2030", "11,65%", "năm 2025",
                      "Hôm nay cần gọi cho ai", "Văn phòng 28249", "chưa liên lạc lần nào"):
            browser.see(words)
        self.assertEqual(browser.find("[data-q*='economy.digital_share'] .value data").attribute("value"),
                         str(self.province.query("economy.digital_share", **{"from": "2025", "to": "2025"})[0]["value"]))
        self.shot(browser, "overview-vi")
        self.assert_accessible(browser, source, "the overview")
        browser.link("English").click()
        browser.see("Digital economy share of GRDP")
        browser.see("11.65 %")
        self.assertEqual(browser.url(), f"https://{self.host}/")
        self.assertEqual(browser.find("html").attribute("lang"), "en")
        self.shot(browser, "overview-en")
        browser.link("Offices").click()
        browser.see("5 offices")
        self.shot(browser, "offices-en")
        self.assert_accessible(browser, source, "the offices")
        browser.open(f"https://{self.host}/offices?late=1&silent=2d&known=2025-12-31")
        browser.see("Offices that need a call")
        browser.link("Overview").click()  # what is asked of time stays
        self.assertTrue(browser.url().endswith("/?known=2025-12-31"), browser.url())
        self.assertEqual(browser.run("return document.querySelectorAll('h1').length"), 1)

    def test_on_a_telephone_and_on_a_wall(self):
        self.furnish()
        for width in (390, 320):
            browser = self.reader()
            browser.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
                "width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}})  # no window is so narrow
            self.assertEqual(browser.run("return innerWidth"), width)
            wide = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            self.shot(browser, f"phone-{width}")
            self.assertLessEqual(wide, 0, f"it must be moved sideways at {width} px")
            small = browser.run(
                "return [...document.querySelectorAll('a, button, summary, input')].filter(e => e.offsetParent"
                " && e.getBoundingClientRect().height < 24 && !e.closest('.skip')).map(e => e.outerHTML)")
            self.assertEqual(small, [], "targets of less than 24 px")
        browser = self.reader(path="/?wall=1", size=(1920, 1080), language="vi")
        self.shot(browser, "wall")
        self.assertLessEqual(browser.run("return document.documentElement.scrollHeight"), 1080)
        self.assertEqual(browser.find_all("nav.screens"), [])

    def test_without_script_and_by_keyboard(self):
        self.furnish()
        browser = self.reader(script=False)
        browser.see("Digital economy share of GRDP")
        self.assertEqual(len(browser.find_all("a[href='/offices']")), 1)
        browser.press(TAB)
        self.assertEqual(browser.focused().text(), "Skip to the content")
        for _ in range(12):
            browser.press(TAB)
            if browser.focused().text() == "Offices":
                break
        browser.press(ENTER)
        browser.see("5 offices")
        self.assertTrue(browser.url().endswith("/offices"))

    def tab_to(self, browser, words):
        """By the key alone, to what is called so: the name that a reader hears."""
        for _ in range(120):
            browser.press(TAB)
            if browser.run("const at = document.activeElement; return (at.labels && at.labels.length &&"
                           " at.labels[0].innerText) || at.innerText || ''").startswith(words):
                return
        self.fail(f"no key leads to '{words}':\n{browser.text()}")

    def type(self, browser, words, text):
        self.tab_to(browser, words)
        browser.press(*text)

    def test_an_operator_acts_by_keyboard_and_without_script(self):
        self.furnish()
        browser = self.reader("/offices/28249", "operator", script=False)
        self.tab_to(browser, "Excuse it")
        browser.press(ENTER)
        browser.see("neither late nor missing")
        self.tab_to(browser, "From all that is reported")
        browser.press(*"by the m")
        self.type(browser, "Period", "2025-06")
        self.type(browser, "Why", "Bão & <lũ>")
        browser.press(ENTER)
        browser.see("What it will do")
        browser.see("Văn phòng 28249")
        browser.see("Bão & <lũ>")
        self.assertEqual(self.province.get("/v1/excuses")["rows"], [])
        self.tab_to(browser, "Excuse it")
        browser.press(ENTER)
        browser.see("Office 28249 is excused")
        self.assertEqual(browser.url(), f"https://{self.host}/offices/28249")
        excuse = self.province.get("/v1/excuses")["rows"][0]
        self.assertEqual((excuse["office"], excuse["form"], excuse["reason"], excuse["who"]),
                         ("28249", "month", "Bão & <lũ>", "token:t-operator"))

    def test_acts_in_both_languages_and_narrow(self):
        self.furnish()
        source = self.axe()
        self.province.post("/v1/closed", period="2025-01")
        units = os.path.join(self.folder, "units.csv")
        with open(units, "w", encoding="utf-8") as file:
            file.write(province_rig.read("units.csv").replace("Mỹ Tho", "Mỹ Tho mới"))
        for language in ("vi", "en"):
            browser = self.reader("/closed", "admin", language=language)
            browser.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
                "width": 320, "height": 844, "deviceScaleFactor": 1, "mobile": False}})
            pages = (("/act/move?office=28249&unit=28270&day=2025-06-01", "move"), ("/act/excuse?office=28249", "excuse"),
                     ("/act/close?period=2025-01", "refused"), ("/act/close?period=2025-06", "close"),
                     ("/act/release?all=yes", "release"), ("/act/invite?office=28249", "invite"), ("/act/import-units", "import"),
                     ("/closed", "closed"), ("/tables", "tables"), ("/offices/28249", "office"), ("/change", "change"))
            for path, name in pages[:None if language == "vi" else 3]:  # its words are the longer ones
                browser.open(f"https://{self.host}{path}")
                if name == "import":
                    browser.find("input[type='file']").ask("POST", "/value", {"text": units})
                    browser.find("form.order button").click()
                    browser.see("Mỹ Tho mới")
                wide = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                self.shot(browser, f"act-{name}-{language}")
                self.assertLessEqual(wide, 0, f"{path} must be moved sideways")
                self.assert_accessible(browser, source, path)

    def test_what_is_wrong_in_a_link_is_said(self):
        self.furnish()
        browser = self.reader()
        browser.open(f"https://{self.host}/offices?latee=1")
        browser.see("'latee', which no page knows; did you mean 'late'")
        browser.open(f"https://{self.host}/?structure=2025-01-01&known=2025-12-31")
        browser.see("Borders of 2025-01-01")
        browser.open(f"https://{self.host}/?area=99999")  # the aggregator refuses, and the page says why
        browser.see("99999")
        browser.link("To the overview").click()

    def test_an_unchanged_page_costs_no_bytes(self):
        self.furnish()
        answer = self.web.ask("GET", "/", self.tokens["viewer"], accept="text/html")
        self.assertEqual(answer.status, 200, answer)
        self.assertLess(len(answer.body), 100_000)
        self.assertEqual(answer.headers["Cache-Control"], "private, no-cache")
        tag = answer.headers["ETag"]
        again = self.web.ask("GET", "/", self.tokens["viewer"], accept="text/html", if_none_match=tag)
        self.assertEqual((again.status, again.body, again.headers["ETag"]), (304, b"", tag))
        other = self.web.ask("GET", "/", self.tokens["viewer"], accept_language="vi", if_none_match=tag)
        self.assertEqual(other.status, 200)
        self.assertIn('lang="vi"', other.text)
        done = self.lantoa("record", "--office", "82", "economy.digital_value_added=15000", "economy.grdp=121150", "--period", "2025")
        self.assertEqual(done.code, 0, done)
        fresh = self.web.ask("GET", "/", self.tokens["viewer"], accept="text/html", if_none_match=tag)
        self.assertEqual(fresh.status, 200)
        self.assertIn('data value="12.38', fresh.text)

    def test_one_comes_back_to_the_link_that_one_followed_and_to_no_other_site(self):
        self.furnish()
        browser = self.reader(path="/offices?late=1&known=2025-12-31")
        browser.see("Offices that need a call")
        for back in ("https://evil.example/", "//evil.example/", "/\\evil.example", "/a//b", "evil"):
            answer = self.web.ask("POST", f"/login?back={rig.urllib.parse.quote(back, safe='')}", None, f"token={self.tokens['viewer']}",
                                  content_type="application/x-www-form-urlencoded", accept="text/html")
            self.assertEqual((answer.status, answer.headers["Location"]), (303, "/"), back)

    def test_printed_it_is_a_report(self):
        self.furnish()
        browser = self.reader(language="vi")
        pdf = base64.b64decode(browser.ask("POST", "/print", {"pageSize": {"width": 21.0, "height": 29.7}, "shrinkToFit": False}))
        path = os.path.join(SHOTS, "province-print.pdf")
        with open(path, "wb") as file:
            file.write(pdf)
        if not shutil.which("pdftotext"):
            self.skipTest("pdftotext is not installed, so nobody read the printed page")
        text = subprocess.run(["pdftotext", path, "-"], check=True, capture_output=True, text=True).stdout
        text = " ".join(text.split())
        for words in ("Tỷ trọng kinh tế số trong GRDP", "11,65%", "Theo những gì đã biết đến", "Sổ cái"):
            self.assertIn(words, text)
        self.assertNotRegex(text, r"Đăng xuất|Xem theo địa giới khác")
        subprocess.run(["pdftoppm", "-r", "60", "-png", path, path.removesuffix(".pdf")], check=True)


if __name__ == "__main__":
    unittest.main()

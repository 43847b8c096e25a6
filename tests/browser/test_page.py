"""The clerk's page in a real Chromium, with a real agent and a real province.

Screenshots go to BUILD_DIR/tests/browser for people to look at; what a test holds is in its assertions. axe-core comes from
the npm registry as package-lock.json names it; where npm is not installed, that one test says so and is skipped."""

import http.client
import unittest
import urllib.parse

import rig
from page_rig import PageRig, month, today
from webdriver import CONTROL, ENTER, SHIFT, SPACE, TAB


class Page(PageRig):
    # --- what a clerk does ---

    def test_fill_in_and_correct(self):
        period = month(1)
        browser = self.browser()
        browser.open(self.base + "/")
        self.assertIn("Office 28001", browser.text())
        self.shot(browser, "home")
        browser.find(f"a[href*='period={period}&']").click()
        field = browser.find("input[name='v:teams:']")
        field.write("8")
        browser.find("#sheet button").click()
        browser.see("(?s)Saved on this machine at .*Teams: 8")
        self.teams_are("8", period)
        browser.see("received by the province")  # it looks again by itself
        self.assertEqual(browser.find("input[name='v:teams:']").property("value"), "8")
        browser.find("input[name='v:teams:']").write("9")
        browser.find("#sheet button").click()
        browser.see(r"Teams: 9 \(before: 8\)")
        self.shot(browser, "corrected")
        self.teams_are("9", period)
        browser.find("input[name='w:teams:']").click()
        browser.find("#sheet button").click()
        browser.see("withdrawn")
        rig.wait_for(lambda: self.province.value("teams", per="month", **{"from": period, "to": period}) is None,
                     "the withdrawal at the province")
        browser.open(self.base + "/sent")
        browser.see("Received by the province")
        self.shot(browser, "sent")
        self.assert_whole()

    def test_new_labels_and_decimals(self):
        day = today().isoformat()
        browser = self.browser(language="vi")
        self.form(browser, day)
        browser.find("input[name='d:visits:+0:desk']").write("Hộ tịch")
        browser.find("input[name='v:visits:+0']").write("12")
        browser.find("input[name='v:balance:']").write("-1.234,5")
        browser.find("#sheet button").click()
        browser.see("(?s)Đã lưu trên máy này lúc .*Lượt, Hộ tịch: 12")
        self.at_province("visits", "12", labels="desk=Hộ tịch", per="day", **{"from": day, "to": day})
        self.at_province("balance", "-1234.5", per="day", **{"from": day, "to": day})
        self.assertEqual(browser.find("input[name='v:balance:']").property("value"), "-1234,500")
        self.assertEqual(browser.find("input[name='v:visits:desk=Hộ tịch']").property("value"), "12")

    def test_checked_at_once(self):
        browser = self.browser(language="vi")
        self.form(browser, month(0))
        field = browser.find("input[name='v:teams:']")
        field.write("tám" + TAB)
        browser.see("'tám' không phải là số")
        self.assertEqual(field.attribute("aria-invalid"), "true")
        field.write("-3" + TAB)
        browser.see("-3 nhỏ hơn")
        field.write("3" + TAB)
        browser.see("chưa lưu")
        self.assertEqual(field.attribute("aria-invalid"), "false")

    def remember_months(self):
        for back in range(1, 7):
            self.assertEqual(self.office.record("teams=8", "--period", month(back)).code, 0)

    def test_far_from_history_is_asked_back(self):
        self.remember_months()
        browser = self.browser()
        self.form(browser, month(0))
        browser.see("Previous period: 8")
        browser.find("input[name='v:teams:']").write("80" + TAB)
        browser.see(r"80 is far from what was reported before \(3 to 13\)")
        self.shot(browser, "warning")
        browser.find("#sheet button").click()
        browser.see("Nothing was saved yet")
        browser.find("input[name='y:teams:']").click()
        browser.find("#sheet button").click()
        browser.see("Saved on this machine")
        self.teams_are("80", month(0))

    def test_without_a_connection(self):
        self.province.process.stop()
        browser = self.browser()
        self.form(browser, month(1))
        browser.see("Not connected to the province", reload=True)
        browser.find("input[name='v:teams:']").write("5")
        browser.find("#sheet button").click()
        browser.see("sent to the province as soon as there is a connection")
        browser.see("saved here, waits")
        self.shot(browser, "offline")
        self.office.process.kill()  # saved is saved
        self.province.start()
        self.start_office()
        self.teams_are("5", month(1))
        self.form(browser, month(1))
        browser.see("received by the province", reload=True)

    def test_refused_by_the_province(self):
        period = month(2)
        self.assertEqual(self.lantoa("close", period).code, 0)
        browser = self.browser()
        self.form(browser, period)
        browser.find("input[name='v:teams:']").write("6")
        browser.find("#sheet button").click()
        browser.see("Saved on this machine")  # a reload before that would undo the click
        browser.see("held back by the province: .*closed", reload=True)
        browser.open(self.base + "/sent")
        browser.see("(?s)Held back by the province.*Teams.*closed")
        self.shot(browser, "refused")
        browser.open(f"{self.base}/sent?lang=vi")
        browser.see("(?s)Tỉnh tạm giữ.*Tổ.*khóa")

    # --- what is to be said of it ---

    def test_a_note_with_the_keyboard(self):
        period = month(1)
        browser = self.browser()
        self.form(browser, period)
        self.assertFalse(browser.find("input[name='n:teams:']").shown())  # it is folded away
        browser.find("input[name='v:teams:']").write("8" + TAB)
        browser.see("not saved yet")
        browser.press(SPACE)  # on the word that unfolds it
        browser.press(*"two since May")
        browser.press(ENTER)  # to the next field, which is none: to Save
        browser.press(ENTER)
        browser.see("(?s)Saved on this machine at .*Teams: 8")
        self.assertEqual(browser.find("input[name='n:teams:']").property("value"), "two since May")
        self.assertIsNotNone(browser.find("details.note").attribute("open"))
        self.teams_are("8", period)
        self.shot(browser, "note")

    def test_a_report_that_is_finished(self):
        period = month(1)
        browser = self.browser(language="vi")
        self.form(browser, period)
        browser.find("input[name='v:teams:']").write("0")
        browser.find("#sheet button").click()
        browser.see("Đã lưu trên máy này")
        browser.find(".finish button").click()
        browser.see("Báo cáo này đã xong: báo lúc")
        self.shot(browser, "finished-vi")
        browser.open(f"{self.base}/?lang=en")
        browser.see("(?s)finished.*This report is finished: that was said at")
        self.shot(browser, "home-finished")
        self.form(browser, period)
        browser.find(".finish button").click()
        browser.see("Is everything here that you have to report")

    # --- who the clerk is ---

    def test_both_languages(self):
        browser = self.browser(language="vi")
        browser.open(self.base + "/")
        browser.see("Số liệu đơn vị phải báo cáo")
        self.assertEqual(browser.find("html").attribute("lang"), "vi")
        self.shot(browser, "home-vi")
        browser.link("English").click()
        browser.see("What this office reports")
        self.assertEqual(browser.find("html").attribute("lang"), "en")
        self.form(browser, month(0))  # and it is remembered
        browser.see("Figures for [A-Z]")
        browser.link("Tiếng Việt").click()
        browser.see("Số liệu tháng")

    def test_keyboard_alone(self):
        browser = self.browser()
        browser.open(self.base + "/")
        browser.press(TAB)
        self.assertEqual(browser.focused().text(), "Skip to the content")
        browser.press(ENTER)
        for _ in range(40):
            browser.press(TAB)
            if f"period={month(0)}&" in (browser.focused().attribute("href") or ""):
                break
        browser.press(ENTER)
        browser.see("Figures for [A-Z]")
        for _ in range(40):
            browser.press(TAB)
            if browser.focused().attribute("name") == "v:teams:":
                break
        self.assertNotEqual(browser.run("return getComputedStyle(document.activeElement).outlineStyle"), "none")
        browser.press("-", "1")
        browser.press(ENTER, held=CONTROL)
        browser.see("Nothing was saved yet")
        self.assertEqual(browser.focused().attribute("id"), "summary")  # read out, and its links are next
        browser.press(TAB)
        browser.press(ENTER)
        self.assertEqual(browser.focused().attribute("name"), "v:teams:")
        browser.press("a", held=CONTROL)
        browser.press("7", ENTER)  # to the next field, which is none: to Save
        browser.press(ENTER)
        browser.see("Saved on this machine")
        browser.press(TAB, held=SHIFT)  # nothing traps the focus
        self.teams_are("7", month(0))

    def test_without_scripts(self):
        self.remember_months()
        browser = self.browser(script=False)
        self.form(browser, month(0))
        browser.find("input[name='v:teams:']").write("x")
        browser.find("#sheet button").click()
        browser.see("(?s)Nothing was saved yet.*Teams: 'x' is not a number")
        self.shot(browser, "errors")
        field = browser.find("input[name='v:teams:']")
        self.assertEqual(field.property("value"), "x")
        self.assertEqual(field.attribute("aria-invalid"), "true")
        field.write("80")
        browser.find("#sheet button").click()
        browser.see("80 is far from")
        browser.find("input[name='y:teams:']").click()
        browser.find("#sheet button").click()
        browser.see("Saved on this machine")
        self.teams_are("80", month(0))

    def test_small_screen(self):
        browser = self.browser(language="vi", size=(500, 900))
        for path in ("/", f"/form?period={month(0)}", "/sent"):
            browser.open(self.base + path)
            wide = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            self.assertLessEqual(wide, 0, path)
            self.shot(browser, f"small-{path.strip('/').split('?')[0] or 'home'}")

    # --- what goes wrong ---

    def test_agent_started_anew_under_the_form(self):
        browser = self.browser()
        port = urllib.parse.urlsplit(self.base).port
        self.form(browser, month(0))
        self.office.process.stop()
        browser.find("input[name='v:teams:']").write("4" + TAB)
        browser.see("The agent on this machine does not answer")
        self.office.write_conf(page=f"127.0.0.1:{port}")
        self.start_office()
        browser.find("#sheet button").click()
        browser.see("restarted since this page was opened")
        self.assertEqual(browser.find("input[name='v:teams:']").property("value"), "4")
        browser.find("#sheet button").click()
        browser.see("Saved on this machine")

    def test_a_port_that_is_taken_keeps_the_rest_going(self):
        other = self.agent("28002")
        other.write_conf(page=urllib.parse.urlsplit(self.base).netloc)
        other.start()
        other.process.logged("input=page cause=.*another program has this port")
        self.assertEqual(other.record("teams=3", "--period", month(1)).code, 0)

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.base).netloc, timeout=10)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text

    def test_others_get_nothing_done(self):
        body = urllib.parse.urlencode({"period": month(0), "v:teams:": "66"})
        self.assertEqual(self.ask("GET", "/", Host="evil.example")[0].status, 403)
        self.assertEqual(self.ask("POST", "/form", body, Origin="http://evil.example")[0].status, 403)
        self.assertEqual(self.ask("POST", "/form", body, **{"Sec-Fetch-Site": "cross-site"})[0].status, 403)
        answer, text = self.ask("POST", "/form", body)  # no token
        self.assertEqual(answer.status, 422)
        self.assertIn('value="66"', text)
        self.assertNotIn("66", self.office.command("spool", "export").out)
        policy = self.ask("GET", "/")[0].getheader("Content-Security-Policy")
        self.assertIn("default-src 'self'", policy)
        self.assertNotIn("unsafe", policy)

    def test_nonsense_is_answered(self):
        for path, status in (("/form", 400), ("/form?period=x", 400), ("/form?period=2025-W01", 404),
                             ("/form?period=2025-06&calendar=moon", 400), ("/nowhere", 404)):
            self.assertEqual(self.ask("GET", path)[0].status, status, path)
        self.assertEqual(self.ask("POST", "/form", "a=%zz")[0].status, 400)
        self.assertEqual(self.ask("POST", "/form", "a=" + "x" * (2 << 20))[0].status, 413)
        self.office.process.stop()

    # --- axe-core ---

    def test_axe_finds_nothing(self):
        source = self.axe()
        self.remember_months()
        self.assertEqual(self.lantoa("close", month(2)).code, 0)
        self.assertEqual(self.office.record("teams=9", "--period", month(2)).code, 0)
        browser = self.browser(language="vi")
        # The page forbids what axe does to get in; Chromium can be told to let a test pass.
        browser.ask("POST", "/goog/cdp/execute", {"cmd": "Page.setBypassCSP", "params": {"enabled": True}})
        for path in ("/", f"/form?period={month(0)}", f"/form?period={month(2)}",
                     f"/form?period={today().isoformat()}", "/sent", "/form?period=x"):
            for language in ("vi", "en"):
                browser.open(f"{self.base}{path}{'&' if '?' in path else '?'}lang={language}")
                self.assert_accessible(browser, source, f"{path} in {language}")
        self.form(browser, month(0))
        browser.find("input[name='v:teams:']").write("80" + TAB)
        browser.see("80 is far from")
        self.assert_accessible(browser, source, "a warning")
        browser.find("#sheet button").click()
        browser.see("Nothing was saved yet")
        self.assert_accessible(browser, source, "a summary")
        browser.find("input[name='y:teams:']").click()
        browser.press(SPACE, SPACE)
        browser.find("#sheet button").click()
        browser.see("Saved on this machine")
        self.assert_accessible(browser, source, "a result")


if __name__ == "__main__":
    unittest.main()

"""A clerk of a hosted office in a real Chromium, through a real lantoa-web: from the token to the figure.

Screenshots go to BUILD_DIR/tests/browser for people to look at."""

import os
import unittest

import rig
import web
from page_rig import SHOTS, PageRig, month
from test_proxy import Hosted, free_port
from webdriver import TAB


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Desk(PageRig, web.WebRig):
    offices = rig.COMMUNES[:2]

    def setUp(self):
        web.WebRig.setUp(self)
        os.makedirs(SHOTS, exist_ok=True)
        self.browsers = []
        self.addCleanup(self.close_browsers)
        self.web.process.stop()
        self.web.port = free_port()
        self.host = f"localhost:{self.web.port}"
        pages = os.path.join(self.folder, "pages", "28001")
        os.makedirs(pages)
        os.chown(pages, 0, web.USER)
        os.chmod(pages, 0o2710)
        self.web.write_conf(web=f"names = {self.host} {web.NAME}\n",
                            sessions=f"[offices]\npages = {self.folder}/pages/CODE/page.sock\n")
        with open(self.web.conf, "r+", encoding="utf-8") as conf:
            text = conf.read().replace(f"names = {web.NAME}\n", "", 1)
            conf.seek(0)
            conf.truncate()
            conf.write(text)
        self.web.start()
        self.office = self.agents["28001"] = Hosted(self, "28001")
        self.assertEqual(self.office.command("enrol", self.province.invite("28001").line).code, 0)
        self.office.write_conf(page=f"\nsocket = {pages}/page.sock\nhost = {self.host}\nauthor_header = X-Remote-User")
        self.office.start()
        rig.wait_for(lambda: self.metric in self.office.command("catalogue").out, "the catalogue")

    def test_from_the_token_to_the_figure(self):
        period = month(1)
        token = self.token("chi.hoa", "clerk", office="28001")
        browser = self.browser(language="vi", more=["--ignore-certificate-errors"])
        browser.open(f"https://{self.host}/office/28001/")  # as it was bookmarked: he logs in first
        browser.find("input[name='token']").write(token)
        browser.screenshot(os.path.join(SHOTS, "hosted-login-vi.png"))
        browser.find("button").click()
        browser.see("chi.hoa")
        browser.screenshot(os.path.join(SHOTS, "hosted-in-vi.png"))
        browser.find("a[href='/office/28001/']").click()
        browser.see("Người nhập: chi.hoa")
        self.assertEqual(browser.url(), f"https://{self.host}/office/28001/")
        self.shot(browser, "hosted-home-vi")
        browser.find(f"a[href*='period={period}&']").click()
        field = browser.find("input[name='v:teams:']")
        field.write("-3" + TAB)
        rig.wait_for(lambda: field.attribute("aria-invalid") == "true", "the check by script")
        field.write("8")
        browser.find("#sheet button").click()
        browser.see("Tổ: 8")
        self.shot(browser, "hosted-saved-vi")
        self.teams_are("8", period)
        rows = self.province.query("teams", area="28001", per="month", revisions="1", **{"from": period, "to": period})
        self.assertEqual([(str(row["became"]), row["author"]) for row in rows], [("8", "chi.hoa")])
        browser.link("English").click()
        browser.see("Typed by chi.hoa")
        for where in ("Spreadsheets", "Sent and held back", "To report"):
            browser.link(where).click()
            browser.see("Typed by chi.hoa")
            self.assertTrue(browser.url().startswith(f"https://{self.host}/office/28001/"), browser.url())
        # What the province recorded meanwhile, on the telephone say, stands beside the figure.
        recorded = self.lantoa("record", "--office", "28001", "teams=9", "--period", period, "--note", "chị Hoa gọi")
        self.assertEqual(recorded.code, 0, recorded)
        rig.wait_for(lambda: "The province recorded 9" in self.office.command("status").out, "the message", 120)
        browser.open(f"https://{self.host}/office/28001/form?period={period}&calendar=civil")
        browser.see("The province recorded 9 for this figure")
        self.shot(browser, "hosted-told-en")
        # The token ends, and with it the page.
        self.province.post("/v1/tokens/revoke", name="chi.hoa")

        def ended():
            browser.open(f"https://{self.host}/office/28001/")
            return browser.url().endswith("/login")
        rig.wait_for(ended, "the end", 10)
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

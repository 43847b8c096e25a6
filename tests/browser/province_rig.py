"""The rig of tests of the province's page: a lantoa-web on TCP with a certificate, and browsers that come to it over TLS."""

import os

import page_rig
import rig
import test_proxy
import web

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "aggregator", "data", "tien-giang")
NO_DOUBT = "--ignore-certificate-errors"  # its certificate vouches for itself


def read(name):
    """A file of Tiền Giang's data."""
    with open(os.path.join(DATA, name), encoding="utf-8") as file:
        return file.read()


class ProvinceRig(web.WebRig):
    furnished = False
    limits = ""  # of web.conf, beside the defaults
    shots = "province"  # how the names of screenshots begin

    def setUp(self):
        super().setUp()
        os.makedirs(page_rig.SHOTS, exist_ok=True)
        self.browsers = []
        self.addCleanup(self.close_browsers)
        self.web.process.stop()
        self.web.port = test_proxy.free_port()
        self.host = f"localhost:{self.web.port}"
        self.web.write_conf(limits=self.limits)
        with open(self.web.conf, "r+", encoding="utf-8") as conf:
            text = conf.read().replace(f"names = {web.NAME}\n", f"names = {self.host} {web.NAME}\n", 1)
            conf.seek(0)
            conf.truncate()
            conf.write(text)
        self.web.start()

    # Browsers and axe-core are those of the clerk's page.
    browser = page_rig.PageRig.browser
    close_browsers = page_rig.PageRig.close_browsers
    axe = page_rig.PageRig.axe
    assert_accessible = page_rig.PageRig.assert_accessible

    def put_reference(self):
        """Units, catalogue and what belongs to them, of Tiền Giang."""
        for name in ("units", "successors", "catalogue", "indicators", "dimensions"):
            self.province.put_csv(f"/v1/{name}", read(f"{name}.csv"))

    def log_in(self, browser, path="/", role="viewer"):
        browser.open(f"https://{self.host}{path}")
        self.assertIn("/login", browser.url())
        browser.find("input[name='token']").write(self.tokens[role])
        browser.find("main button").click()
        rig.wait_for(lambda: browser.url() == f"https://{self.host}{path}", f"{path} again; it is at {browser.url()}")

    def reader(self, path="/", role="viewer", **arguments):
        browser = self.browser(more=[NO_DOUBT], **arguments)
        self.log_in(browser, path, role)
        return browser

    def shot(self, browser, name):
        browser.screenshot(os.path.join(page_rig.SHOTS, f"{self.shots}-{name}.png"))

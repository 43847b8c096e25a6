"""The rig of tests of the clerk's page: a province, an office with its agent, browsers."""

import datetime
import os
import shutil

import rig
import webdriver

HERE = os.path.dirname(os.path.abspath(__file__))
SHOTS = os.path.join(rig.BUILD, "tests", "browser")
TOMORROW = datetime.timedelta(days=1)


def today():
    return datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))).date()


def month(back):
    """The SDMX name of the month that was @back months ago."""
    day = today().replace(day=1)
    for _ in range(back):
        day = (day - TOMORROW).replace(day=1)
    return day.strftime("%Y-%m")


class PageRig(rig.Rig):
    metric = "teams"  # of the catalogue that is waited for

    def setUp(self):
        super().setUp()
        os.makedirs(SHOTS, exist_ok=True)
        self.browsers = []
        self.addCleanup(self.close_browsers)
        self.office = self.agent("28001")
        self.office.write_conf(page="127.0.0.1:0")
        self.start_office()
        rig.wait_for(lambda: self.metric in self.office.command("catalogue").out, "the catalogue")

    def start_office(self):
        self.office.start()
        self.base = self.office.process.logged(r"page: serving address=(http://\S+)/").group(1)

    def close_browsers(self):
        for browser in self.browsers:
            browser.close()

    def browser(self, **arguments):
        browser = webdriver.Browser(self.folder, **arguments)
        self.browsers.append(browser)
        return browser

    def form(self, browser, period):
        browser.open(f"{self.base}/form?period={period}")

    def shot(self, browser, name):
        """Of a page for clerks, who run no commands."""
        self.assertNotRegex(browser.text(), r"lantoa(-agent)? [a-z]|--[a-z]")
        browser.screenshot(os.path.join(SHOTS, f"{name}.png"))

    def at_province(self, name, value, **arguments):
        rig.wait_for(lambda: self.found(name, **arguments) == value, f"{name} {value} at the province")

    def found(self, name, **arguments):
        return str(self.province.value(name, **arguments))

    def teams_are(self, value, period):
        self.at_province("teams", value, per="month", **{"from": period, "to": period})

    # --- axe-core ---

    def axe(self):
        """Its source, fetched once for a build."""
        if not shutil.which("npm"):
            self.skipTest("npm is not installed, so axe-core did not look at the page")
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(HERE, name), SHOTS)
        script = os.path.join(SHOTS, "node_modules", "axe-core", "axe.min.js")
        if not os.path.exists(script):
            done = rig.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", SHOTS])
            if done.code and not os.environ.get("CI"):
                self.skipTest(f"npm cannot get axe-core, so it did not look at the page: {done}")
            self.assertEqual(done.code, 0, done)
        with open(script, encoding="utf-8") as source:
            return source.read()

    def assert_accessible(self, browser, source, what):
        found = browser.run_async(
            "const [source, done] = arguments; new Function(source).call(window);"
            "axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations.map(v =>"
            " v.id + ': ' + v.help + ' at ' + v.nodes.map(n => n.target + ' (' + n.failureSummary + ')')))"
            ", e => done([String(e)]))", source)
        self.assertEqual(found, [], what)

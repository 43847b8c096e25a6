"""A tour of the province's page in a real Chromium over TLS, on a province like the demo's: with a viewer's token down from the
province to a single report and back, with every filter kept; every screen, also an operator's, in both languages, on a telephone,
on a wall and on paper; by keyboard alone; without script. axe-core has nothing to say of any.

One province and three browsers are started for all of it. Screenshots and printed pages go to BUILD_DIR/tests/browser for people
to look at."""

import base64
import csv
import datetime
import json
import os
import random
import re
import unittest
import urllib.parse

import province_rig
import rig
from page_rig import SHOTS
from webdriver import ENTER, SPACE, TAB

BORDERS = "2025-06-30"  # the last day with districts
KNOWN = "2100-01-01"
MONTH = "2025-06"
MONTHS = [f"2025-{n:02d}" for n in range(1, 7)]
ALERTS = "[alerts]\nevery = 1s\nquarantine = 1s\nquarantine_hours = 0\nover = 1s\noff = quality, late\n"
A4_PT = (595, 842)
NARROW, PHONE, WALL = (320, 700), (390, 844), (1920, 1080)
# Of a screen that is as high as its content has to be, all of what is cut off or laid over.
SIDEWAYS = """return [document.documentElement.scrollWidth - document.documentElement.clientWidth,
    ...Array.from(document.querySelectorAll('main *, header *, footer *')).filter(e => !e.closest('.scroll, .wide, .unseen, .skip')
        && e.getClientRects().length && getComputedStyle(e).position !== 'absolute'
        && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.outerHTML.slice(0, 120))]"""
SMALL = """return Array.from(document.querySelectorAll('a, button, summary, input, select')).filter(e => e.offsetParent
    && e.getBoundingClientRect().height < 24 && !e.closest('.skip')).map(e => e.outerHTML.slice(0, 120))"""
ON_WALL = """return Array.from(document.querySelectorAll('table')).filter(t => t.getClientRects().length
    && t.parentElement.scrollWidth > t.parentElement.clientWidth + 1).map(t => t.className + ' ' + t.textContent.slice(0, 80))"""


def months_since(month):
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))).date()
    return (today.year - int(month[:4])) * 12 + today.month - int(month[5:7])


class Place(province_rig.ProvinceRig):
    """What all of the tour's tests see, and none changes."""

    limits = "requests = 100000\n"  # it asks more often than people do

    def open_province(self):
        start = self.province.write_conf
        self.province.write_conf = lambda more="": start(more + ALERTS)
        super().open_province()

    def furnish(self):
        self.put_reference()
        units = [row for row in csv.DictReader(province_rig.read("units.csv").splitlines())
                 if row["valid_from"] <= BORDERS and (not row["valid_to"] or BORDERS < row["valid_to"])]
        districts = [row["code"] for row in units if row["parent"] == "82"]
        self.communes = sorted((row for row in units if row["parent"] in districts), key=lambda row: row["code"])
        offices = [row for row in units if row["code"] == "82"] + self.communes
        path = os.path.join(self.folder, "offices.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(("code", "name", "unit", "from"))
            table.writerows((row["code"], "Văn phòng " + row["name"], row["code"], row["valid_from"]) for row in offices)
        self.done("office", "import", path)
        dice = random.Random(1249)
        gone = "gone,Số lượt cũ,A figure that is no more,visit,flow,sum,sum,month,,0,0,commune,1,0,,,,,,,,\n"
        self.province.put_csv("/v1/catalogue", province_rig.read("catalogue.csv") + gone)
        for n, row in enumerate(self.communes):
            if n == 5:  # one never reports
                continue
            teams = dice.randint(3, 14)
            self.record(row["code"], f"team.count={teams};team.members={teams * 6 + n % 5}", MONTH)
            if n < 12:
                for month in MONTHS[:-1]:
                    self.record(row["code"], f"team.count={teams - 1}", month)
        self.first = self.communes[0]
        self.record(self.first["code"], "gone=3", MONTH)
        self.record(self.first["code"], "team.count=21", MONTH, note="chị Hoa gọi lại")
        self.record(self.first["code"], "service.dossiers_received=12", f"{MONTH}-03", labels="sector=land")
        for year, added, grdp in (("2021", 8619, 100314), ("2022", 9900, 110021), ("2025", 14110, 121150)):
            self.record("82", f"economy.digital_value_added={added};economy.grdp={grdp}", year)
        self.province.put_csv("/v1/catalogue?yes=1", province_rig.read("catalogue.csv"))  # what "gone" had waits
        self.province.post("/v1/publications", name="Quý 2", period=MONTH)
        self.province.put_csv("/v1/maps", province_rig.read("tilegrid.csv"))
        for what, there in (("quarantine", lambda: self.province.get("/v1/quarantine")["rows"]),
                            ("alerts", lambda: self.province.get("/v1/alerts")["rows"])):
            rig.wait_for(there, what)

    def record(self, office, figures, period, **more):
        self.province.post("/v1/figures", office=office, figures=figures, period=period, **more)

    def done(self, *words):
        done = self.lantoa(*words)
        self.assertEqual(done.code, 0, done)

    def put_borders(self):
        """Of squares, where the tiles stand; neighbours share their corners."""
        features = []
        for row in csv.DictReader(province_rig.read("tilegrid.csv").splitlines()):
            left, top = 106 + int(row["col"]) * .02, 10.6 - int(row["row"]) * .02
            ring = [[left, top], [left, top - .02], [left + .02, top - .02], [left + .02, top], [left, top]]
            features.append({"type": "Feature", "id": row["code"], "properties": {}, "geometry": {
                "type": "Polygon", "coordinates": [[[round(x, 4), round(y, 4)] for x, y in ring]]}})
        self.province.call("PUT", "/v1/maps", json.dumps({"type": "FeatureCollection", "features": features}).encode(),
                           "application/geo+json")


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Tour(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.place = place = Place("setUp")
        cls.addClassCleanup(place.doCleanups)
        place.setUp()
        place.furnish()
        cls.viewer = place.reader(language="en", size=(1200, 1000))

    def kept(self):
        return {"structure": BORDERS, "known": KNOWN, "last": str(months_since(MONTH) + len(MONTHS) - 1)}

    def address(self, path, **fields):
        return path + ("?" + urllib.parse.urlencode(fields) if fields else "")

    def screens(self):
        """Every screen, each in a state in which it shows something."""
        office, figure = self.place.first["code"], {"name": "team.count", "structure": BORDERS, "period": MONTH}
        return {
            "overview": self.address("/"),
            "figures": self.address("/figure"),
            "figure": self.address("/figure", name="economy.digital_share"),
            "tiles": self.address("/figure", **figure),
            "offices": self.address("/offices"),
            "calls": self.address("/offices", late="1"),
            "office": self.address(f"/offices/{office}", to=MONTH, **{"from": MONTHS[0]}),
            "report": self.address("/report", name="team.count", office=office, period=MONTH),
            "explain": self.address("/explain", name="team.count", area=self.place.first["parent"], period=MONTH),
            "alerts": self.address("/alerts"),
            "pivot": self.address("/pivot", name="team.count,team.members", by="district", structure=BORDERS, to=MONTH,
                                  **{"from": MONTHS[0]}),
            "pivot-empty": self.address("/pivot"),
            "quality": self.address("/quality"),
            "quarantine": self.address("/quarantine"),
            "closed": self.address("/closed"),
            "publications": self.address("/publications"),
            "account": self.address("/account"),
        }

    # --- what a reader does ---

    def go(self, browser, target):
        browser.open(f"https://{self.place.host}{target}")
        self.assertEqual(browser.url(), f"https://{self.place.host}{target}")
        self.assertEqual(browser.run("return document.querySelectorAll('h1').length"), 1, target)

    def as_wide_as(self, browser, size):
        """No window is as narrow as a telephone. None: the window's own size."""
        command = {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}} if size else {
            "cmd": "Emulation.clearDeviceMetricsOverride", "params": {}}
        browser.ask("POST", "/goog/cdp/execute", command)

    def shot(self, browser, name, size):
        """At this width, all of its height."""
        if os.environ.get("LANTOA_SHOTS") == "0":
            return
        high = browser.run("return document.documentElement.scrollHeight")
        self.as_wide_as(browser, (size[0], min(max(high, size[1]), 4000)))
        with open(os.path.join(SHOTS, f"tour-{name}.png"), "wb") as file:
            file.write(base64.b64decode(browser.ask("GET", "/screenshot")))

    def speak(self, browser, language):
        browser.open(f"https://{self.place.host}/language?to={language}&back=/")
        self.assertEqual(browser.find("html").attribute("lang"), language)

    def fits(self, browser, size, what):
        self.as_wide_as(browser, size)
        wide, *over = browser.run(SIDEWAYS)
        self.assertEqual((max(wide, 0), over), (0, []), f"{what} must be moved sideways at {size[0]} px")

    def query(self, browser):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(browser.url()).query))

    def assert_kept(self, browser, **more):
        have = self.query(browser)
        for field, value in {**self.kept(), **more}.items():
            self.assertEqual(have.get(field), value, browser.url())

    # --- the tour ---

    def test_down_to_a_report_and_back_with_every_filter_kept(self):
        browser, first = self.viewer, self.place.first
        self.speak(browser, "vi")
        district = next(row["name"] for row in csv.DictReader(province_rig.read("units.csv").splitlines())
                        if row["code"] == first["parent"])
        self.go(browser, self.address("/figure", name="team.count", period=MONTH, **self.kept()))
        way = []

        def step(click, *seen, **kept):
            way.append((browser.url(), browser.find("h1").text()))
            click.click()
            rig.wait_for(lambda: browser.url() != way[-1][0], "another page")
            for words in seen:
                browser.see(words)
            self.assert_kept(browser, **kept)

        step(browser.link(district), district, area=first["parent"])
        step(browser.link(first["name"]), first["name"], area=first["code"])
        step(browser.find_all(".heat tbody tr:first-child td.chosen a")[0], "chị Hoa gọi lại", office=first["code"], period=MONTH)
        step(browser.find("a[href^='/explain']"), "21", name="team.count", period=MONTH)
        browser.ask("POST", "/back", {})
        step(browser.find(f"main a[href^='/offices/{first['code']}']"), "Văn phòng " + first["name"])
        step(browser.link("Đơn vị"), "165 đơn vị")
        while way:
            url, title = way.pop()
            if "/report" in url and len(way) == 3:
                continue  # where one came back to before
            browser.ask("POST", "/back", {})
            self.assertEqual((browser.url(), browser.find("h1").text()), (url, title))
            self.assertEqual(browser.find("html").attribute("lang"), "vi")
            self.assert_kept(browser)

    def test_every_screen_in_both_languages_and_at_every_width(self):
        source, browser = self.place.axe(), self.viewer
        self.go(browser, "/")
        known = {urllib.parse.urlsplit(target).path for target in self.screens().values()}
        for link in browser.find_all("nav.screens a"):
            self.assertIn(urllib.parse.urlsplit(link.attribute("href")).path, known)
        self.every_screen(browser, self.screens(), source, "")
        self.place.put_borders()
        shapes = self.address("/figure", name="team.count", structure="2025-07-15", period=MONTH)  # the map's own borders
        self.every_screen(browser, {"shapes": shapes}, source, "")
        self.assertGreater(len(browser.find_all("svg.shapes path[d^='M']")), 100)

    def test_an_operators_screens(self):
        source = self.place.axe()
        browser = self.place.reader(role="operator")
        some = {name: target for name, target in self.screens().items()
                if name in ("overview", "office", "report", "alerts", "quarantine", "closed")}  # where there are acts
        self.every_screen(browser, some, source, "operator-", languages=["en"])

    def every_screen(self, browser, screens, source, prefix, languages=("en", "vi")):
        for language in languages:
            self.speak(browser, language)
            for name, target in screens.items():
                with self.subTest(screen=prefix + name, language=language):
                    self.as_wide_as(browser, None)
                    self.go(browser, target)
                    self.assertEqual(browser.find("html").attribute("lang"), language)
                    self.shot(browser, f"{prefix}{name}-{language}", (1200, 900))
                    if language == languages[-1]:
                        self.shot(browser, f"{prefix}{name}-phone-{language}", PHONE)
                        for size in (WALL, NARROW, PHONE):
                            self.fits(browser, size, name)
                        self.assertEqual(browser.run(SMALL), [], "targets of less than 24 px")
                    if language == languages[0] and name != "calls":  # the same as all offices
                        self.as_wide_as(browser, None)
                        browser.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
                        self.place.assert_accessible(browser, source, target)
        self.as_wide_as(browser, None)

    def test_on_a_wall_nothing_is_cut(self):
        browser = self.viewer
        self.speak(browser, "vi")
        for name, target in self.screens().items():
            if name in ("account", "pivot-empty", "figures"):  # what nobody hangs there
                continue
            with self.subTest(screen=name):
                self.as_wide_as(browser, WALL)
                self.go(browser, target + ("&" if "?" in target else "?") + "wall=1")
                self.shot(browser, f"{name}-wall", WALL)
                self.fits(browser, WALL, name)
                self.assertEqual(browser.run(ON_WALL), [], "tables that must be moved sideways")
                self.assertEqual(browser.find_all("nav.screens"), [])
                if name == "overview":
                    self.assertLessEqual(browser.run("return document.documentElement.scrollHeight"), WALL[1])
        self.as_wide_as(browser, None)

    def test_printed_each_is_a_4_and_not_empty(self):
        browser = self.viewer
        self.speak(browser, "vi")
        for name, target in self.screens().items():
            if name in ("account", "pivot-empty", "figures", "calls", "offices"):  # what nobody prints, or as another is
                continue
            with self.subTest(screen=name):
                self.go(browser, target)
                title = browser.find("h1").text()
                printed = browser.ask("POST", "/goog/cdp/execute", {"cmd": "Page.printToPDF", "params": {
                    "preferCSSPageSize": True, "printBackground": False}})
                pdf = base64.b64decode(printed["data"])
                path = os.path.join(SHOTS, f"tour-{name}.pdf")
                with open(path, "wb") as file:
                    file.write(pdf)
                boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf)
                self.assertGreater(len(boxes), 0)
                for box in boxes:
                    self.assertEqual(tuple(round(float(side)) for side in box), A4_PT)
                text = rig.run(["pdftotext", path, "-"])
                self.assertEqual(text.code, 0, text)
                words = " ".join(text.out.split())
                self.assertIn(" ".join(title.split()), words)
                self.assertGreater(len(words), 150)
                self.assertNotRegex(words, "Đăng xuất|Xem theo địa giới khác")

    # --- by keyboard alone ---

    def tab_to(self, browser, *words, most=250):
        """The Tab key until the link or button that begins so has the focus, which one sees."""
        for _ in range(most):
            browser.press(TAB)
            found = browser.run("const a = document.activeElement; return [a.textContent.trim(), a.tagName,"
                                " getComputedStyle(a).outlineStyle !== 'none' || getComputedStyle(a).boxShadow !== 'none'"
                                " || a.type === 'date']")  # of which the browser shows the part that has it
            self.assertTrue(found[2] or found[1] in ("BODY", "HTML"), f"one does not see where one is: {found}")
            if found[0].startswith(words) and found[1] in ("A", "BUTTON", "SUMMARY"):
                return
        raise AssertionError(f"no way to {words} by Tab at {browser.url()}")

    def test_by_keyboard_alone_down_to_a_report(self):
        browser, first = self.viewer, self.place.first
        self.speak(browser, "en")
        self.go(browser, self.address("/", **self.kept()))
        browser.press(TAB)
        self.assertEqual(browser.focused().text(), "Skip to the content")
        browser.press(ENTER)
        browser.press(TAB)
        self.assertTrue(browser.run("return !!document.activeElement.closest('main')"), "the navigation was not skipped")
        self.go(browser, self.address("/", **self.kept()))

        def enter(words, there):
            before = browser.url()
            self.tab_to(browser, words)
            browser.press(ENTER)
            rig.wait_for(lambda: browser.url() != before, f"what '{words}' leads to")
            browser.see(there)
            self.assert_kept(browser)

        enter("Figures", "Which figure")
        enter("Community digital technology teams", "By area")
        self.go(browser, self.address("/figure", name="team.count", period=MONTH, **self.kept()))
        enter(next(row["name"] for row in csv.DictReader(province_rig.read("units.csv").splitlines())
                   if row["code"] == first["parent"]), "By area")
        enter(first["name"], "Văn phòng " + first["name"])
        # A form: another day's borders, as they are.
        self.tab_to(browser, "Other borders, or an earlier state of knowledge")
        browser.press(SPACE)
        self.tab_to(browser, "Show")
        browser.press(ENTER)
        browser.see("Văn phòng " + first["name"])
        self.assert_kept(browser)
        enter("21", "chị Hoa gọi lại")

    # --- without script ---

    def test_without_script_every_screen_answers_and_every_form_works(self):
        browser = self.place.reader(script=False)
        forms = 0
        for name, target in self.screens().items():
            with self.subTest(screen=name):
                self.go(browser, target)
                self.assertEqual(browser.find_all("script:not([src='/page.js'])"), [])
                browser.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
                for at in range(len(browser.find_all("main form[action]:not([method='post'])"))):
                    self.go(browser, target)
                    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
                    form = browser.find_all("main form[action]:not([method='post'])")[at]
                    action, before = form.attribute("action"), self.query(browser)
                    if action.startswith("/api/"):  # a download
                        continue
                    for field in form.find_all("input:required"):
                        if not field.property("value"):
                            field.write("team.count")
                    form.find_all("button")[0].click()
                    rig.wait_for(lambda: browser.find_all("h1"), "a page")
                    self.assertEqual(browser.find_all("[role='alert']"), [], browser.url())
                    self.assertEqual(urllib.parse.urlsplit(browser.url()).path, action)
                    for field in ("structure", "known", "from", "to"):
                        self.assertEqual(self.query(browser).get(field) or None, before.get(field), browser.url())
                    forms += 1
        self.assertGreater(forms, 10)


if __name__ == "__main__":
    unittest.main()

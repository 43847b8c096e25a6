"""The law of every view: a number on a page is one of the answer that the page names, and a link goes on from there with
all that was chosen kept. Random states of every screen, and a walk over every link."""

import collections
import datetime
import gzip
import html.parser
import json
import os
import random
import re
import signal
import unittest
import urllib.parse

import rig
import web

CATALOGUE = rig.CATALOGUE + "gone,Bỏ,Gone,visit,flow,sum,sum,day,,0,0,commune,1,0,\n"
INDICATORS = """name,label_vi,label_en,formula,unit,target_year,target_value
visits.per_team,Lượt mỗi tổ,Visits per team,visits / teams,visit,2025,15
visits.per_team,Lượt mỗi tổ,Visits per team,visits / teams,visit,2030,25
"""
OFFICES = ["28001", "28002", "28003", "28004"]
SILENT = "28004"
KEPT = ("structure", "known", "calendar", "wall")  # whatever a link is about
VIEWS_PER_SCREEN = 12
CRAWLED_MOST = 120


class Page(html.parser.HTMLParser):
    """Its links, and of each row of figures the numbers and the question that they answer."""

    ROWS = ("tr", "li", "g", "figure", "section", "p", "dd")

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.links, self.figures, self.heads, self.ids = [], [], 0, []
        self.open, self.questions, self.rows = [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    VOID = {"meta", "link", "input", "br", "img", "hr", "col", "path", "line", "rect", "circle", "use", "polyline", "polygon",
            "ellipse", "wbr", "source"}

    def handle_startendtag(self, tag, attrs):
        self.note(dict(attrs))

    def note(self, attrs):
        if attrs.get("href", "").startswith("/"):
            self.links.append(attrs["href"])
        if "id" in attrs:
            self.ids.append(attrs["id"])

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.note(attrs)
        self.heads += tag == "h1"
        if tag in self.VOID:
            return
        self.open.append(tag)
        self.questions.append(attrs.get("data-q") or (self.questions[-1] if self.questions else None))
        if tag == "tr":
            self.rows.append({"question": self.questions[-1], "values": [], "words": ""})
        if tag == "data":
            question = self.questions[-1]
            row = self.rows[-1] if self.rows else None
            if row:
                row["values"].append(attrs["value"])
            elif question:
                self.figures.append({"question": question, "values": [attrs["value"]], "words": ""})

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()
        self.questions.pop()
        if tag == "tr":
            row = self.rows.pop()
            if row["question"] and row["values"]:
                self.figures.append(row)

    def handle_data(self, data):
        if self.rows:
            self.rows[-1]["words"] += data


def texts(row):
    """What a row of an answer has, as texts; of objects their members."""
    for value in row.values():
        if isinstance(value, dict):
            yield from texts(value)
        elif value is not None:
            yield str(value)


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Views(web.WebRig):
    tls = False

    # --- a province with everything in it ---

    def setUp(self):
        super().setUp()
        self.web.process.stop()  # it asks more often than people do
        self.web.write_conf(limits="requests = 100000\n")
        self.web.start()
        self.random = random.Random(rig.seed())
        self.furnish_more()
        self.cookies = {role: self.log_in(role) for role in ("viewer", "operator")}
        self.answers = {}

    def furnish_more(self):
        province, day = self.province, datetime.date.today()
        province.put_csv("/v1/catalogue", CATALOGUE)
        province.put_csv("/v1/indicators", INDICATORS)
        months = [(day.replace(day=1) - datetime.timedelta(days=31 * n)).strftime("%Y-%m") for n in range(1, 8)]
        days = [(day - datetime.timedelta(days=n)).isoformat() for n in range(1, 40)]
        for office in OFFICES:
            if office == SILENT:
                continue
            for month in self.random.sample(months, 5):  # a gap is carried for three months
                self.record(office, month, teams=self.random.randrange(0, 9))
            for one in self.random.sample(days, 20):
                self.record(office, one, "desk=A", visits=self.random.randrange(0, 2000))
                if self.random.random() < .5:
                    self.record(office, one, "desk=B & C", visits=self.random.randrange(0, 99))
                if self.random.random() < .3:
                    self.record(office, one, "desk=A", visits=self.random.randrange(0, 2000))  # a revision
                self.record(office, one, balance=f"{self.random.randrange(-10**6, 10**6) / 1000:.3f}", gone=1)
        self.reformed = (day - datetime.timedelta(days=20)).isoformat()
        province.put_csv("/v1/units?yes=1", rig.UNITS.replace("28003,Phường Ba,commune,816,1976-01-01,",
                                                        f"28003,Phường Ba,commune,816,1976-01-01,{self.reformed}") +
                         f"28009,Phường <Mới> & Chín,commune,816,{self.reformed},\n")
        province.put_csv("/v1/successors", f"effective_on,old_code,new_code,share\n{self.reformed},28003,28009,1\n")
        self.months, self.days = months, days
        published = months[2]
        province.post("/v1/publications", name="bản 1", period=published)
        province.put_csv("/v1/catalogue?yes=1", rig.CATALOGUE)  # what "gone" had waits
        rig.wait_for(lambda: province.get("/v1/quarantine")["rows"], "the quarantine")

    def record(self, office, period, labels=None, **figures):
        fields = {"office": office, "period": period, "figures": ";".join(f"{k}={v}" for k, v in figures.items())}
        self.province.post("/v1/figures", **fields, **({"labels": labels} if labels else {}))

    def log_in(self, role):
        answer = self.web.ask("POST", "/login", None, f"token={self.tokens[role]}",
                              content_type="application/x-www-form-urlencoded", accept="text/html")
        return re.match(r"([\w-]+=[\w-]*)", answer.headers["Set-Cookie"]).group(1)

    # --- pages ---

    def get(self, target, role="viewer", language="en"):
        return self.web.ask("GET", target, cookie=self.cookies[role], accept="text/html", accept_language=language)

    def page(self, target, **how):
        answer = self.get(target, **how)
        self.assertEqual(answer.status, 200, f"{target}: {answer}")
        page = Page(answer.text)
        self.assertEqual(page.heads, 1, target)
        twice = [one for one, n in collections.Counter(page.ids).items() if n > 1]
        self.assertEqual(twice, [], target)
        return page

    def answer(self, target):
        """What the aggregator says to the same question."""
        if target not in self.answers:
            answer = self.web.ask("GET", target, self.tokens["viewer"], accept="application/json")
            self.assertEqual(answer.status, 200, f"{target}: {answer}")
            self.answers[target] = json.loads(answer.text, parse_float=str, parse_int=str)
        return self.answers[target]

    def hold(self, target, page):
        """Every number of a row is in one row of the answer, or in those of one place or of one period."""
        for figure in page.figures:
            rows = self.answer(figure["question"])["rows"]
            sets = [set(texts(row)) for row in rows]
            for key in ("area", "office", "period", "name", "metric"):
                groups = collections.defaultdict(set)
                for row in rows:
                    groups[row.get(key)].update(texts(row))
                sets += groups.values()
            wanted = set(figure["values"])
            self.assertTrue(any(wanted <= one for one in sets),
                            f"{target}: {figure['values']} of '{figure['words'].strip()[:60]}' are in no row of {figure['question']}")
        self.met["numbers"] += sum(len(figure["values"]) for figure in page.figures)

    # --- states ---

    def some(self, *of):
        return self.random.choice(of)

    def state(self):
        """Some of everything that a view can have."""
        wishes = {
            "area": lambda: self.some("82", "815", "816"), "by": lambda: self.some("district", "commune", "office", "province"),
            "per": lambda: self.some("month", "day", "quarter", "year"), "last": lambda: str(self.random.randrange(1, 8)),
            "structure": lambda: self.some(self.reformed, "2020-01-01"), "known": lambda: self.some(*self.days),
            "calendar": lambda: self.some("civil", "report"), "wall": lambda: "1", "total": lambda: "1",
            "versus": lambda: self.some("year", "period"), "top": lambda: str(self.random.randrange(1, 5)),
            "sort": lambda: self.some("value", "-value", "name", "change:desc", "value:desc"),
            "by_label": lambda: "desk", "labels": lambda: self.some("desk=A", "desk=B & C"),
            "office": lambda: self.some(*OFFICES), "metric": lambda: self.some("visits", "teams"),
            "period": lambda: self.some(*self.months)}
        names = ["visits", "teams", "balance", "visits.b", "visits.per_team"]
        chosen = self.random.sample(list(wishes), self.random.randrange(0, 6))
        state = {"name": ",".join(self.random.sample(names, self.random.randrange(1, 4)))}
        state.update((one, wishes[one]()) for one in chosen)
        return state

    def sentence(self, answer):
        """Of a page about what went wrong."""
        found = re.search(r'role="alert">([^<]+)<', answer.text)
        return found and found.group(1)

    def ask_until_it_is_one(self, path, state, role, language):
        """A screen says which field it has no use for, and the province what cannot be asked: without that it is asked
        again. Whatever is refused is told in a sentence."""
        state = dict(state)
        while True:
            target = path + ("?" + urllib.parse.urlencode(state) if state else "")
            answer = self.get(target, role, language)
            if answer.status == 200:
                return target, state
            self.assertIn(answer.status, (400, 404), f"{target}: {answer}")  # 404: such a thing is not there
            sentence = self.sentence(answer)
            self.assertTrue(sentence, f"{target}: {answer.text}")
            named = [one for one in state if re.search(rf"(?:&#39;|'){one}(?:&#39;|')|\b{one}:", sentence)]
            del state[self.random.choice(named or list(state))]
            self.met["refused"] += 1

    # --- laws ---

    def screens(self):
        """All that a viewer or operator can come to, as the navigation has them, and those behind links."""
        paths = {urllib.parse.urlsplit(link).path for role in ("viewer", "operator") for link in self.page("/", role=role).links}
        paths |= {f"/offices/{OFFICES[0]}", "/report", "/explain", "/figure", "/pivot", "/quality", "/quarantine", "/publications",
                  "/alerts", "/map"}
        return sorted(path for path in paths if path not in ("/account", "/language", "/logout", "/page.css", "/page.js")
                      and not path.startswith(("/api/", "/office/", "/act")) and self.get(path).status in (200, 400))

    def test_every_number_on_every_view_is_one_of_its_answer(self):
        self.met = collections.Counter()
        screens = self.screens()
        self.assertIn("/pivot", screens)
        for path in screens:
            for _ in range(VIEWS_PER_SCREEN):
                role, language = self.some("viewer", "operator"), self.some("vi", "en")
                target, state = self.ask_until_it_is_one(path, self.state(), role, language)
                with self.subTest(target=target):
                    self.hold(target, self.page(target, role=role, language=language))
                self.met["views"] += 1
        print(f"met: {dict(self.met)} on {len(screens)} screens", flush=True)
        self.assertGreater(self.met["numbers"], 500)
        self.assertGreater(self.met["refused"], 10)

    def test_a_pivot_has_every_row_of_its_answer_in_its_place(self):
        self.met = collections.Counter()
        for _ in range(3 * VIEWS_PER_SCREEN):
            state = {key: value for key, value in self.state().items() if key not in ("office", "metric", "period")}
            target, state = self.ask_until_it_is_one("/pivot", state, "viewer", "en")
            page = self.page(target)
            if not page.figures:
                continue
            answer = self.answer(page.figures[0]["question"])
            expected = [str(row[column]) for row in answer["rows"] for column in ("value", "change", "change_percent")
                        if row.get(column) is not None]
            found = [value for figure in page.figures for value in figure["values"]]
            self.assertEqual(collections.Counter(found), collections.Counter(expected), target)
            if "sort" in answer["query"]:
                self.in_order(target, page, answer)
            self.met["pivots"] += 1
        self.assertGreater(self.met["pivots"], 10)

    def in_order(self, target, page, answer):
        """Places stand as the newest period of the answer has them."""
        newest = answer["rows"][-1]["period"]
        first = answer["rows"][0].get("metric")
        codes = [row["area"] for row in answer["rows"] if row["period"] == newest and row.get("metric") == first and
                 row["area"] and row.get("row", "part") == "part"]
        shown = [code for figure in page.figures for code in codes if re.search(rf"\D{code}\D", " " + figure["words"] + " ")]
        kept = [code for code in dict.fromkeys(codes) if code in shown]
        self.assertEqual(list(dict.fromkeys(shown))[:len(kept)], kept, target)

    def test_every_link_leads_on_and_keeps_what_was_chosen(self):
        self.met = collections.Counter()
        screens = self.screens()
        begin = [self.ask_until_it_is_one(path, {**self.state(), "known": self.days[3], "structure": self.reformed}, "operator", "en")[0]
                 for path in screens]
        waiting, seen, shapes, origin = collections.deque(begin), set(begin), collections.Counter(), {}
        while waiting and len(seen) < 3000 and self.met["pages"] < CRAWLED_MOST:
            target = waiting.popleft()
            answer = self.get(target, "operator")
            # What a reader chose is kept; where another metric has no such periods or labels, that is told and not passed over.
            if answer.status == 400 and re.search("does not add up to a|is not divided by", self.sentence(answer)):
                self.met["told"] += 1
                continue
            self.assertEqual(answer.status, 200, f"{origin.get(target)} leads to {target}: {answer.status} {self.sentence(answer)}")
            self.met["pages"] += 1
            page = Page(answer.text)
            have = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
            for link in page.links:
                parts = urllib.parse.urlsplit(link)
                goes = dict(urllib.parse.parse_qsl(parts.query))
                if parts.path not in screens and not re.match(r"/(offices|report|explain|act)(/|$)", parts.path):
                    continue
                if "publication" not in goes and parts.path != "/" and parts.query:
                    for field in KEPT:
                        if field in have:
                            self.assertEqual(goes.get(field), have[field], f"{target} links to {link}")
                # Of each kind of link some, so that a long table does not keep others from being followed.
                shape = (urllib.parse.urlsplit(target).path, parts.path, tuple(sorted(goes)))
                shapes[shape] += 1
                if link not in seen and shapes[shape] <= 2:
                    seen.add(link)
                    waiting.append(link)
                    origin[link] = target
        print(f"met: {dict(self.met)}, {len(seen)} addresses", flush=True)
        self.assertGreater(self.met["pages"], 30)
        self.assertLess(self.met["told"], self.met["pages"])

    def test_what_can_be_downloaded_is_the_same_question(self):
        page = self.page("/pivot?name=visits,teams&by=commune&per=month&last=3&total=1&sort=-value")
        question = page.figures[0]["question"]
        forms = [link for link in page.links if link.startswith(question)]
        self.assertEqual(sorted(link.rsplit("=", 1)[1] for link in forms), ["csv-excel", "sdmx-csv", "xlsx"])
        for link in forms:
            answer = self.get(link)
            self.assertEqual(answer.status, 200, answer)
            self.assertIn("attachment", answer.headers["Content-Disposition"])

    # --- how pages travel ---

    def raw(self, target, role="viewer", **headers):
        return self.web.ask("GET", target, cookie=self.cookies[role], accept="text/html", accept_language="en", **headers)

    def act(self):
        """A page with a form that changes something."""
        return f"/act/move?office={OFFICES[0]}&unit={OFFICES[1]}&day={self.months[0]}-01"

    def test_a_page_is_packed_for_who_takes_that(self):
        for target in ("/", "/offices", "/figure?name=teams", "/page.css"):
            plain, packed = self.raw(target), self.raw(target, accept_encoding="br, gzip;q=0.5")
            self.assertEqual((plain.status, plain.headers["Content-Encoding"]), (200, None), target)
            self.assertEqual((packed.status, packed.headers["Content-Encoding"]), (200, "gzip"), target)
            self.assertEqual(gzip.decompress(packed.body), plain.body, target)
            self.assertLess(len(packed.body) * 2, len(plain.body), target)
            for answer in (plain, packed):
                self.assertIn("Accept-Encoding", answer.headers["Vary"], target)
            self.assertIsNone(self.raw(target, accept_encoding="br, gzip;q=0").headers["Content-Encoding"], target)
            if target == "/page.css":
                continue
            # A tag is of what was sent, packed or not.
            self.assertNotEqual(plain.headers["ETag"], packed.headers["ETag"], target)
            for had, how, status in ((plain, {}, 304), (packed, {}, 200), (packed, {"accept_encoding": "gzip"}, 304),
                                     (plain, {"accept_encoding": "gzip"}, 200)):
                answer = self.raw(target, if_none_match=had.headers["ETag"], **how)
                self.assertEqual(answer.status, status, target)
                self.assertTrue(status == 200 or not answer.body, target)

    def test_no_page_that_holds_a_reader_s_word_is_packed(self):
        for target in (self.act(), "/account"):
            answer = self.raw(target, "operator", accept_encoding="gzip")
            self.assertEqual((answer.status, answer.headers["Content-Encoding"]), (200, None), target)
            self.assertIn('name="change"', answer.text)
            self.assertGreater(len(answer.body), 1400, target)

    def test_a_browser_may_end_while_a_page_is_written_for_it(self):
        word = re.search(r'name="change" value="([^"]+)"', self.raw("/account", "operator").text).group(1)
        asking, aggregator = self.web.connection(), self.province.process.child.pid
        os.kill(aggregator, signal.SIGSTOP)
        try:
            asking.request("GET", self.act(), headers={"Host": self.web.host, "Cookie": self.cookies["operator"], "Accept": "text/html"})
            self.assertEqual(self.web.ask("GET", "/healthz").status, 200)  # it has read what came before
            out = self.web.ask("POST", "/logout", None, f"change={word}", cookie=self.cookies["operator"],
                               content_type="application/x-www-form-urlencoded", accept="text/html")
            self.assertEqual(out.status, 303, out)
        finally:
            os.kill(aggregator, signal.SIGCONT)
        answer = web.Answer(asking.getresponse())
        asking.close()
        self.assertIn(word, answer.text)
        self.assert_well()


if __name__ == "__main__":
    unittest.main()

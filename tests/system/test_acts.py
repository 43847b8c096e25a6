"""What an operator does from the province's page: shown first, then done, by whom it may, and only as it was seen."""

import concurrent.futures
import datetime
import html.parser
import json
import os
import re
import unittest
import urllib.parse

import payloads
import rig
import web

FORM = "application/x-www-form-urlencoded"
OFFICE = "28001"
ACTS = ("close", "reopen", "release", "excuse", "unexcuse", "move", "rename", "end", "follow", "cancel")
FEWER = "\n".join(line for line in rig.CATALOGUE.splitlines() if not line.startswith("teams,")) + "\n"
TABLES = ("units", "successors", "catalogue", "indicators", "dimensions", "rules", "calendar", "offices")


class Forms(html.parser.HTMLParser):
    """The forms of a page, each with its fields, and its links."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.forms, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append({"method": "get", **attrs, "fields": {}, "boxes": set()})
        elif tag == "a" and "href" in attrs:
            self.links.append(attrs["href"])
        elif tag == "input" and "name" in attrs and self.forms:
            form = self.forms[-1]
            if attrs.get("type") == "checkbox":
                form["boxes"].add(attrs["name"])
            elif attrs.get("type") != "file":
                form["fields"][attrs["name"]] = attrs.get("value", "")


def multipart(fields):
    """What a browser sends of a form with a file; it ends lines by CR LF."""
    parts = "".join(f'--limit\r\nContent-Disposition: form-data; name="{name}"' +
                    ('; filename="a.csv"\r\nContent-Type: text/csv' if name == "table" else "") + f"\r\n\r\n{value}\r\n"
                    for name, value in fields.items())
    return (parts + "--limit--\r\n").encode(), "multipart/form-data; boundary=limit"


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Acts(web.WebRig):
    tls = False

    def setUp(self):
        super().setUp()
        self.web.process.stop()
        self.web.write_conf(limits="requests = 100000\n")
        self.web.start()
        self.addCleanup(lambda: self.web.process.alive() and self.assert_well())
        self.cookies = {role: self.log_in(role) for role in self.roles}
        day = datetime.date.today().replace(day=1) - datetime.timedelta(days=40)
        self.month = day.strftime("%Y-%m")

    def log_in(self, role):
        answer = self.web.ask("POST", "/login", None, f"token={self.tokens[role]}", content_type=FORM, accept="text/html")
        return re.match(r"([\w-]+=[\w-]*)", answer.headers["Set-Cookie"]).group(1)

    def get(self, target, role="operator", language="en"):
        return self.web.ask("GET", target, cookie=self.cookies[role], accept="text/html", accept_language=language)

    def send(self, target, fields, role="operator", table=False, **headers):
        body, kind = multipart(fields) if table else (urllib.parse.urlencode(fields), FORM)
        return self.web.ask("POST", target, None, body, cookie=self.cookies[role], accept="text/html", accept_language="en",
                            content_type=kind, **{"sec_fetch_site": "same-origin", **headers})

    def shown(self, target, role="operator"):
        """The form that agrees to what the page at @target shows."""
        answer = self.get(target, role)
        self.assertEqual(answer.status, 200, f"{target}: {answer}")
        return answer, self.agreeing(answer)

    def agreeing(self, answer):
        forms = [form for form in Forms(answer.text).forms if "seen" in form["fields"]]
        self.assertEqual(len(forms), 1, answer.text)
        return forms[0]

    def do(self, name, role="operator", says=None, **fields):
        """Look, agree, and see that it is told where one came from."""
        fields = {"back": "/closed", **fields}
        target = f"/act/{name}?{urllib.parse.urlencode(fields)}"
        looked, form = self.shown(target, role)
        self.assertEqual(form["method"], "post")
        before = self.events()
        done = self.send(form["action"], form["fields"], role)
        self.assertEqual((done.status, done.headers["Location"]), (303, fields["back"]), done)
        self.assertEqual(self.events(), before + 1)
        told = self.get(fields["back"], role)
        said = re.search(r'role="status">([^<]+)<', told.text)
        self.assertTrue(said, told)
        self.assertNotIn('role="status"', self.get(fields["back"], role).text, "it is told once")
        if says:
            self.assertRegex(looked.text, says)
        return said.group(1)

    def events(self):
        """How many acts the audit has; a trial is none."""
        return len(self.province.get("/v1/audit", most="1000")["rows"])

    def last(self):
        return self.province.get("/v1/audit", most="1")["rows"][0]

    def record(self, **figures):
        self.province.post("/v1/figures", office=OFFICE, period=self.month,
                           figures=";".join(f"{k}={v}" for k, v in figures.items()))

    def held(self):
        return sum(int(row["observations"]) for row in self.province.get("/v1/quarantine")["rows"])

    # --- one after the other ---

    def test_every_act_is_shown_and_then_done(self):
        month = self.month
        self.assertIn("is closed now", self.do("close", says="not reported all of it yet: 4 of 4", period=month))
        closed = self.province.get("/v1/closed")["rows"]
        self.assertEqual([(row["period"], row["who"]) for row in closed], [(month, "token:t-operator")])
        self.assertEqual((self.last()["what"], self.last()["who"]), ("close", "token:t-operator"))

        self.assertIn("is open again", self.do("reopen", period=month))
        self.assertEqual(self.province.get("/v1/closed")["rows"], [])

        self.record(teams=8)
        for catalogue in (FEWER, rig.CATALOGUE):
            self.province.put_csv("/v1/catalogue?yes=1", catalogue)
        self.assertEqual(self.held(), 1)
        self.assertIn("1 figure was released", self.do("release", says="1 figure counts", office=OFFICE))
        self.assertEqual(self.held(), 0)

        self.assertIn("is excused", self.do("excuse", says="Bão &lt;8&gt; &amp; mất điện", office="Office 28002", form="month",
                                            period=month, reason="Bão <8> & mất điện", back="/offices/28002"))
        excuse = self.province.get("/v1/excuses")["rows"][0]
        self.assertEqual((excuse["office"], excuse["reason"], excuse["who"]), ("28002", "Bão <8> & mất điện", "token:t-operator"))
        page = self.get("/offices/28002")
        self.assertIn("Bão &lt;8&gt;", page.text)
        back = [link for link in Forms(page.text).links if link.startswith("/act/unexcuse?")]
        self.assertEqual(len(back), 1, page.text)
        self.assertIn("taken back", self.do("unexcuse", excuse=excuse["excuse"]))
        self.assertEqual(self.province.get("/v1/excuses")["rows"], [])

        self.assertIn("is called", self.do("rename", says="Văn phòng &lt;1&gt;", office=OFFICE, called="Văn phòng <1>"))
        self.assertEqual(self.province.get("/v1/offices", code=OFFICE)["rows"][0]["name"], "Văn phòng <1>")
        first = f"{month}-01"
        self.assertIn("is moved", self.do("move", says="1 figure goes along", office=OFFICE, unit="28002", day=first))
        self.assertEqual(self.province.get("/v1/offices", code=OFFICE)["rows"][-1]["unit"], "28002")
        self.assertEqual(self.province.value("teams", area="28002", per="month", **{"from": month, "to": month}), 8)
        self.assertIn("ends on", self.do("end", office="28003", day=first))
        self.assertEqual(self.province.get("/v1/offices", code="28003")["rows"][-1]["state"], "ended")

    def test_offices_follow_their_units(self):
        day = f"{self.month}-01"
        self.province.put_csv("/v1/units?yes=1", rig.UNITS.replace("28003,Phường Ba,commune,816,1976-01-01,",
                                                                   f"28003,Phường Ba,commune,816,1976-01-01,{day}") +
                              f"28009,Phường Chín,commune,816,{day},\n")
        self.province.put_csv("/v1/successors", f"effective_on,old_code,new_code,share\n{day},28003,28009,1\n")
        self.assertIn("1 office moves with its unit.", self.get(f"/act/follow?day={day}").text)
        self.assertIn("1 office followed", self.do("follow", says="Phường Chín", day=day))
        self.assertEqual(self.province.get("/v1/offices", code="28003")["rows"][-1]["unit"], "28009")

    def test_what_goes_by_steps_is_followed(self):
        days = 550  # more than is done at once
        first = (datetime.date(2020, 1, 1) - datetime.date(1970, 1, 1)).days
        path = payloads.write(os.path.join(self.folder, "days"), [
            payloads.payload(first + i, [(0, [(0, i % 50)])], [("visits", "desk=1", "day")] if i == 0 else [])
            for i in range(days)])
        for probe in [self.enrolled_probe(code) for code in rig.COMMUNES[:2]]:
            probe.ask("hello", 7, days, hear="welcome upto=0")
            probe.say("push", 1000 * days, 7, path, days)
            probe.hear(f"pushed .*upto={days} refused=0", 60 + days)
        narrow = rig.CATALOGUE.splitlines()
        column = narrow[0].split(",").index("max")
        narrow = [",".join(cells[:column] + ["39"] + cells[column + 1:]) if cells[0] == "visits" else ",".join(cells)
                  for cells in (line.split(",") for line in narrow)]
        upload = Forms(self.get("/act/import-catalogue", "admin").text).forms[0]
        looked = self.send("/act/import-catalogue", {**upload["fields"], "table": "\n".join(narrow) + "\n"}, "admin", table=True)
        form = self.agreeing(looked)
        done = self.send(form["action"], {**form["fields"], "yes": "1"}, "admin", table=True)
        self.assertEqual((done.status, done.headers["Location"]), (303, "/change"), done.text)
        told = self.get("/change", "admin").text
        refused = self.get(f"/act/move?office=28001&unit=28002&day={self.month}-01")  # while it goes on
        if "<progress" in self.get("/change").text:
            self.assertEqual((refused.status, 'href="/change"' in refused.text), (409, True), refused.text)
        self.assertIn("goes on by steps", told)
        self.assertIn("token:t-admin", told)
        rig.wait_for(lambda: "in force" in self.get("/change").text.split("<main")[1] and "<progress" not in self.get("/change").text,
                     "the change")
        self.assertEqual(self.get("/act/cancel").text.count('name="seen"'), 0)
        self.assertGreater(self.held(), 100)

    def test_an_invitation_is_told_and_not_made(self):
        answer = self.get("/act/invite?office=28001")
        self.assertIn("<pre>lantoa office invite 28001</pre>", answer.text)
        self.assertNotIn("lantoa://", answer.text)
        self.assertEqual([form for form in Forms(answer.text).forms if form["method"] == "post"], [])
        self.assertEqual(self.province.get("/v1/offices", code="28001")["rows"][0]["invited_until"], None)

    def test_a_table_is_looked_at_and_taken_over(self):
        target, first = "/act/import-units?back=%2Ftables", self.get("/act/import-units?back=%2Ftables", "admin")
        upload = [form for form in Forms(first.text).forms if form.get("enctype")][0]
        renamed = rig.UNITS.replace("Phường Ba", '"Phường ""3"" & <b>"')
        table = renamed.replace("\n", "\r\n")
        looked = self.send(upload["action"], {**upload["fields"], "table": "\ufeff" + table}, "admin", table=True)
        self.assertEqual(looked.status, 200, looked.text)
        self.assertIn("1 difference", looked.text)
        self.assertIn("&lt;b&gt;", looked.text)
        form = self.agreeing(looked)
        self.assertEqual(form["fields"]["table"], renamed)
        done = self.send(form["action"], {**form["fields"], "table": form["fields"]["table"].replace("\n", "\r\n")}, "admin",
                         table=True)
        self.assertEqual((done.status, done.headers["Location"]), (303, "/tables"), done)
        self.assertIn("Phường \"3\" & <b>", [row["name"] for row in self.province.get("/v1/units")["rows"]])
        self.assertEqual((self.last()["what"], self.last()["who"]), ("units import", "token:t-admin"))
        self.assertIn("is in force", self.get("/tables", "admin").text)

        # The map is one of them; no figure goes by it.
        tiles = {**upload["fields"], "table": "code,col,row\n28001,0,0\n28002,1,0\n28003,0,1\n28004,1,1\n"}
        looked = self.send("/act/import-map", tiles, "admin", table=True)
        self.assertIn("4 differences", looked.text)
        form = self.agreeing(looked)
        self.assertEqual(self.province.get("/v1/maps")["rows"], [])
        done = self.send(form["action"], form["fields"], "admin", table=True)
        self.assertEqual((done.status, done.headers["Location"]), (303, "/tables"), done)
        self.assertEqual([row["units"] for row in self.province.get("/v1/maps")["rows"]], [4])
        self.assertIn("changed: 4", self.get("/tables", "admin").text)

        # What takes something away is done only if that is meant.
        self.record(teams=8)
        before = self.events()
        looked = self.send("/act/import-catalogue", {**upload["fields"], "table": FEWER}, "admin", table=True)
        self.assertIn("1 figure would not count", looked.text)
        form = self.agreeing(looked)
        self.assertEqual(form["boxes"], {"yes"})
        again = self.send(form["action"], form["fields"], "admin", table=True)
        self.assertEqual(again.status, 409, again)
        self.assertIn("it takes something away", again.text)
        self.assertEqual(self.events(), before)
        done = self.send(form["action"], {**self.agreeing(again)["fields"], "yes": "1"}, "admin", table=True)
        self.assertEqual((done.status, done.headers["Location"]), (303, "/tables"), done)
        self.assertEqual(self.held(), 1)

        for name in TABLES:
            self.assertEqual(self.get(f"/act/import-{name}", "admin").status, 200, name)
            refused = self.send(f"/act/import-{name}", {**upload["fields"], "table": "nonsense\n1\n"}, "admin", table=True)
            self.assertEqual((refused.status, 'role="alert"' in refused.text), (400, True), f"{name}: {refused}")
        # A wrong file may be as large as it likes: a person reads why it is not taken.
        for language, words in (("en", "larger than this site takes"), ("vi", "lớn hơn")):
            self.cookies["admin"] += f"; lantoa-language={language}" if language == "vi" else ""
            refused = self.send(target, {**upload["fields"], "table": "x" * (6 * 2**20)}, "admin", table=True)
            self.assertEqual((refused.status, refused.headers["Content-Type"]), (413, "text/html; charset=utf-8"), refused)
            self.assertRegex(refused.text, f'role="alert">[^<]*{words}')
        self.cookies["admin"] = self.cookies["admin"].partition(";")[0]
        for text, status, words in (("", 400, "it is empty|this one is empty"), ("a\0b", 400, "no text in UTF-8"),
                                    ("x" * (2 * 2**20 + 1), 413, "larger than 2 MiB")):
            refused = self.send(target, {**upload["fields"], "table": text}, "admin", table=True)
            self.assertEqual(refused.status, status, refused)
            self.assertRegex(refused.text, words)

    def test_a_trial_leaves_no_trace(self):
        """Nor does it make anybody ask again who kept an answer."""
        self.record(teams=8)
        first, token = f"{self.month}-01", self.tokens["admin"]
        asked = ("/api/v1/closed", "/api/v1/audit", f"/api/v1/query?name=teams&from={self.month}&to={self.month}", "/api/v1/units")
        kept = {path: self.web.ask("GET", path, token).headers["ETag"] for path in asked}
        ledger = self.province.get("/v1/ledger")
        for method, path, body in (
                ("POST", "closed", {"period": self.month}),
                ("POST", "offices/rename", {"code": OFFICE, "name": "Another"}),
                ("POST", "offices/move", {"code": OFFICE, "unit": "28002", "from": first}),
                ("POST", "offices/end", {"code": OFFICE, "on": first}),
                ("POST", "offices/follow", {"on": first}),
                ("POST", "excuses", {"office": OFFICE, "form": "month", "period": self.month, "reason": "Flood"}),
                ("POST", "quarantine/release", {"all": "yes"}),
                ("POST", "figures", {"office": OFFICE, "figures": "teams=9", "period": self.month}),
                ("PUT", "units", rig.UNITS.replace("Phường Ba", "Phường Bốn")),
                ("PUT", "catalogue", FEWER),
                ("POST", "offices", "code,name,unit,from\n28777,New,28002,2025-01-01\n")):
            kind = "text/csv" if isinstance(body, str) else "application/json"
            tried = self.web.ask(method, f"/api/v1/{path}?dry_run=1", token, (body if kind == "text/csv" else json.dumps(body)).encode(),
                                 content_type=kind, if_match="*")
            self.assertEqual(tried.status, 200, f"{path}: {tried}")
            for had, tag in kept.items():
                self.assertEqual(self.web.ask("GET", had, token, if_none_match=tag).status, 304, f"{path}: {had}")
        self.assertEqual(self.province.get("/v1/ledger"), ledger)

    def test_what_stands_so_already_is_no_act(self):
        first = f"{self.month}-01"
        for name, fields in (("rename", {"called": "Another"}), ("move", {"unit": "28002", "day": first}), ("end", {"day": first})):
            target = f"/act/{name}?{urllib.parse.urlencode({'office': OFFICE, **fields})}"
            form = self.shown(target)[1]
            done = self.send(form["action"], form["fields"])
            self.assertEqual((done.status, done.headers["Location"]), (303, f"/offices/{OFFICE}"), done)
            before = self.events()
            looked = self.get(target)
            self.assertIn("It stands so already", looked.text)
            self.assertFalse([form for form in Forms(looked.text).forms if "seen" in form["fields"]], name)
            again = self.send(form["action"], form["fields"])
            self.assertEqual((again.status, self.events()), (409, before), again)
            self.assertIn("there is nothing left to do", again.text)

    def test_one_goes_on_to_the_office_however_it_was_named(self):
        called = "Ủy ban nhân dân phường " + "ệ" * 50
        for name, new in ((f"Office {OFFICE}", called), (called, "Văn phòng")):
            form = self.shown(f"/act/rename?{urllib.parse.urlencode({'office': name, 'called': new})}")[1]
            done = self.send(form["action"], form["fields"])
            self.assertEqual((done.status, done.headers["Location"]), (303, f"/offices/{OFFICE}"), done)
            told = self.get(done.headers["Location"])
            self.assertIn(f"Office {OFFICE} is called {new} now.", told.text)

    def test_of_two_tables_at_once_one_is_taken_over(self):
        """Each was compared with what stood before the other: whoever comes second looks again."""
        upload = Forms(self.get("/act/import-units", "admin").text).forms[0]
        for nth in range(4):
            forms = []
            for name in ("Ba", "Hai"):
                table = rig.UNITS.replace(f"Phường {name}", f"Phường {name} {nth}")
                looked = self.send("/act/import-units", {**upload["fields"], "table": table}, "admin", table=True)
                forms.append(self.agreeing(looked))
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                done = list(pool.map(lambda form: self.send(form["action"], form["fields"], "admin", table=True), forms))
            statuses = sorted(answer.status for answer in done)
            self.assertEqual(statuses[0], 303, done)
            self.assertIn(statuses[1], (409, 412), done)

    # --- who, and from where ---

    def test_a_viewer_sees_no_form_and_gets_in_nowhere(self):
        self.province.post("/v1/closed", period=self.month)
        for path in ("/", "/closed", "/offices", f"/offices/{OFFICE}", "/quarantine", "/change"):
            answer = self.get(path, "viewer")
            self.assertEqual([link for link in Forms(answer.text).links if "/act/" in link], [], path)
            self.assertEqual([form for form in Forms(answer.text).forms if form["method"] != "get"], [], path)
        for path in ("/closed", f"/offices/{OFFICE}"):
            self.assertTrue([link for link in Forms(self.get(path).text).links if "/act/" in link], path)
        before = self.events()
        for name in ACTS + ("invite",):
            self.assertEqual(self.get(f"/act/{name}", "viewer").status, 403, name)
            self.assertEqual(self.get(f"/act/{name}").status, 200, name)
        for name in TABLES:
            for role in ("viewer", "operator"):
                self.assertEqual(self.get(f"/act/import-{name}", role).status, 403, name)
        self.assertEqual(self.get("/tables").status, 403)
        # With the word of his own pages, and the digest of an operator's.
        word = re.search(r'name="change" value="([^"]+)"', self.get("/account", "viewer").text).group(1)
        form = self.shown(f"/act/reopen?period={self.month}")[1]
        answer = self.send(form["action"], {**form["fields"], "change": word}, "viewer")
        self.assertEqual(answer.status, 403, answer)
        self.assertEqual(self.events(), before)
        self.assertEqual(self.get("/act/nothing").status, 404)

    def test_only_a_form_of_this_site_counts(self):
        target = f"/act/close?period={self.month}"
        form = self.shown(target)[1]
        before = self.events()
        without = {key: value for key, value in form["fields"].items() if key != "change"}
        for fields, headers in ((without, {}), ({**form["fields"], "change": "guessed"}, {}),
                                (form["fields"], {"sec_fetch_site": "cross-site"}),
                                (form["fields"], {"origin": "https://evil.example"})):
            answer = self.send(form["action"], fields, **headers)
            self.assertEqual(answer.status, 403, f"{headers}: {answer}")
        stranger = self.web.ask("POST", form["action"], None, urllib.parse.urlencode(form["fields"]), content_type=FORM,
                                accept="text/html")
        self.assertEqual(stranger.status, 403, stranger)
        by_token = self.web.ask("POST", form["action"], self.tokens["operator"], urllib.parse.urlencode(form["fields"]),
                                content_type=FORM)
        self.assertEqual(by_token.status, 403, by_token)
        agreed = {key: form["fields"][key] for key in ("period", "seen")}  # by a link, which no form is
        answer = self.get(f"{form['action']}?{urllib.parse.urlencode(agreed)}")
        self.assertEqual(answer.status, 400, answer)
        answer = self.send(f"{form['action']}?{urllib.parse.urlencode(agreed)}", {"change": form["fields"]["change"]})
        self.assertEqual(answer.status, 400, answer)
        other = self.log_in("operator")  # the same person at another browser has another word
        answer = self.web.ask("POST", form["action"], None, urllib.parse.urlencode(form["fields"]), cookie=other,
                              content_type=FORM, accept="text/html")
        self.assertEqual(answer.status, 403, answer)
        self.assertEqual(self.events(), before)
        self.assertEqual(self.send(form["action"], form["fields"]).status, 303)

    def test_what_changed_since_is_shown_again_and_not_done(self):
        self.record(teams=8)
        target = f"/act/move?office={OFFICE}&unit=28002&day={self.month}-01&back=/offices"
        form = self.shown(target)[1]
        self.province.post("/v1/offices/rename", code=OFFICE, name="Another")
        before = self.events()
        answer = self.send(form["action"], form["fields"])
        self.assertEqual(answer.status, 409, answer)
        self.assertIn("has changed since you looked", answer.text)
        self.assertEqual(self.events(), before)
        # Neither is what somebody agrees to whose fields are others.
        form = self.agreeing(answer)
        other = self.send(form["action"], {**form["fields"], "unit": "28003"})
        self.assertEqual((other.status, self.events()), (409, before), other)
        done = self.send(form["action"], form["fields"])
        self.assertEqual((done.status, done.headers["Location"]), (303, "/offices"), done)
        # Twice is once: what it would do the second time is another.
        again = self.send(form["action"], form["fields"])
        self.assertEqual(again.status, 409, again)

    def test_what_is_refused_is_told_beside_the_form(self):
        month = self.month
        future = (datetime.date.today() + datetime.timedelta(days=70)).strftime("%Y-%m")
        for target, status, words in ((f"/act/close?period={future}", 400, "is not over"),
                                      ("/act/close?period=summer", 400, "summer"),
                                      (f"/act/close?period={month}&metric=team", 400, "did you mean &#39;teams&#39;|teams"),
                                      (f"/act/reopen?period={month}", 404, "is not closed"),
                                      ("/act/move?office=28001&unit=99999&day=2025-01-01", 400, "99999"),
                                      ("/act/rename?office=nobody&called=x", 404, "nobody")):
            answer = self.get(target)
            self.assertEqual(answer.status, status, f"{target}: {answer}")
            self.assertRegex(answer.text, f'role="alert"[^>]*>[^<]*({words})')
            page = Forms(answer.text)
            self.assertFalse([form for form in page.forms if "seen" in form["fields"]], target)
            self.assertTrue([form for form in page.forms if form["action"].startswith("/act/")], target)
        for target in ("/act/close?spam=1", "/act/close?cal=moon", f"/act/close?period={month}&period={month}"):
            self.assertEqual(self.get(target).status, 400, target)
        vi = self.get(f"/act/close?period={future}", language="vi")
        self.assertRegex(vi.text, 'role="alert"[^>]*>[^<]*chưa')

    def test_one_goes_on_only_within_this_site(self):
        for back in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
            answer, form = self.shown(f"/act/close?period={self.month}&back={urllib.parse.quote(back)}")
            self.assertNotIn("evil.example", answer.text)
            self.assertNotIn("javascript:", answer.text)
            done = self.send(form["action"], {**form["fields"], "back": back})
            self.assertEqual((done.status, done.headers["Location"]), (303, "/closed"), back)
            self.do("reopen", period=self.month)

    def test_the_view_is_kept_and_so_is_the_other_language(self):
        answer = self.get(f"/act/move?office={OFFICE}&unit=28002&day=2025-07-01&structure=2025-06-30")
        links = Forms(answer.text).links
        other = urllib.parse.parse_qs(urllib.parse.urlsplit([one for one in links if one.startswith("/language")][0]).query)
        self.assertEqual(other["back"], [f"/act/move?office={OFFICE}&unit=28002&day=2025-07-01&structure=2025-06-30"])
        self.assertIn("/closed?structure=2025-06-30", links)
        vi = self.get(other["back"][0], language="vi")
        self.assertIn("Chuyển", vi.text)


if __name__ == "__main__":
    unittest.main()

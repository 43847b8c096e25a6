"""Pages of offices that the province's machine holds, through a real lantoa-web: for each office's clerks alone."""

import contextlib
import os
import re
import socket
import threading
import unittest
import urllib.parse

import rig
import web

FORM = "application/x-www-form-urlencoded"
PERIOD = "2025-06"
KNOWN_S = 5  # for which lantoa-web believes what the aggregator said of a token


class Hosted(rig.Agent):
    """By its code, and by places that a test may write."""

    def args(self, *words):
        command, *rest = super().args(*words)
        return [command, "--office", self.code, *rest]


class FakePage(threading.Thread):
    """Whatever is asked of it, and one answer; or none until @gate is set."""

    def __init__(self, path, gate=None):
        super().__init__(daemon=True)
        self.asked, self.gate = [], gate
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(path)
        os.chmod(path, 0o660)
        self.door.listen()
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.door.accept()
            except OSError:
                return
            self.asked.append(peer.recv(65536).decode())
            if self.gate and not self.gate.is_set():
                threading.Thread(target=lambda p=peer: (self.gate.wait(60), self.answer(p)), daemon=True).start()
            else:
                self.answer(peer)

    def answer(self, peer):
        with contextlib.suppress(OSError):
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/html\r\n"
                         b"Set-Cookie: __Host-lantoa=stolen; Path=/; Secure\r\nSet-Cookie: lantoa-lang=vi\r\n"
                         b"Connection: close\r\n\r\nok")
        peer.close()


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Pages(web.WebRig):
    offices = rig.COMMUNES[:3]

    def setUp(self):
        super().setUp()
        self.desks = {code: self.token(f"desk-{code}", "clerk", office=code) for code in self.offices}
        self.web.process.stop()
        pages = os.path.join(self.folder, "pages")
        for code in self.offices:  # as lantoa-office@.service makes it
            os.makedirs(os.path.join(pages, code))
            os.chown(os.path.join(pages, code), 0, web.USER)
            os.chmod(os.path.join(pages, code), 0o2710)
        self.web.write_conf(limits="requests = 1000\n", sessions=f"[offices]\npages = {pages}/CODE/page.sock\n")
        self.web.start()
        self.pages = pages

    def hold(self, code):
        office = self.agents[code] = Hosted(self, code)
        self.assertEqual(office.command("enrol", self.province.invite(code).line).code, 0)
        office.write_conf(page=f"\nsocket = {self.pages}/{code}/page.sock\nhost = {self.web.host}\n"
                               "author_header = X-Remote-User")
        office.start()
        office.process.logged("page: serving socket=")
        rig.wait_for(lambda: "teams" in office.command("catalogue").out, "the catalogue")
        return office

    def log_in(self, token):
        answer = self.web.ask("POST", "/login", None, f"token={token}", content_type=FORM, accept="text/html")
        self.assertEqual(answer.status, 303, answer)
        return re.match(r"([\w-]+=[\w-]*)", answer.headers["Set-Cookie"]).group(1)

    def page(self, path, cookie=None, **headers):
        if cookie:
            headers["cookie"] = cookie
        return self.web.ask("GET", path, accept="text/html", **headers)

    def type_teams(self, code, cookie, value, **headers):
        form = self.page(f"/office/{code}/form?period={PERIOD}&calendar=civil", cookie)
        self.assertEqual(form.status, 200, form)
        word = re.search(r'name="token" value="([0-9a-f]+)"', form.text).group(1)
        body = urllib.parse.urlencode({"period": PERIOD, "calendar": "civil", "token": word, "v:teams:": value})
        return self.web.ask("POST", f"/office/{code}/form", None, body, content_type=FORM, cookie=cookie,
                            accept="text/html", **headers)

    def test_a_clerk_types_at_the_page_of_his_office(self):
        self.hold("28001")
        clerk = self.log_in(self.desks["28001"])
        home = self.page("/", clerk)  # the province's figures are not a clerk's
        self.assertEqual((home.status, home.headers["Location"]), (303, "/account"))
        home = self.page("/account", clerk)
        self.assertIn('<a href="/office/28001/">', home.text)
        moved = self.page("/office/28001", clerk)
        self.assertEqual((moved.status, moved.headers["Location"]), (308, "/office/28001/"))
        shown = self.page("/office/28001/", clerk, accept_language="en")
        self.assertEqual(shown.status, 200, shown)
        self.assertIn("<strong>desk-28001</strong>", shown.text)
        for where in re.findall(r'(?:href|src|action)="([^"]*)"', shown.text):
            self.assertNotRegex(where, r"^(/|https?:)", shown.text)  # all of it is below the prefix
        for part in ("page.css", "page.js", "icon.svg", "sent", "files", f"template?period={PERIOD}&calendar=civil"):
            self.assertEqual(self.page(f"/office/28001/{part}", clerk).status, 200, part)
        saved = self.type_teams("28001", clerk, "8", origin=f"https://{self.web.host}")
        self.assertEqual(saved.status, 303, saved)
        self.assertTrue(saved.headers["Location"].startswith(f"form?period={PERIOD}"), saved)
        rig.wait_for(lambda: str(self.province.value("teams", **{"from": PERIOD, "to": PERIOD})) == "8", "the figure")
        [row] = self.province.query("teams", revisions=1, **{"from": PERIOD, "to": PERIOD})
        self.assertEqual((row["author"], row["from_province"]), ("desk-28001", False))
        # A language that was chosen is kept, for that page, and never sent without TLS.
        chosen = self.page("/office/28001/?lang=vi", clerk)
        self.assertRegex(chosen.headers["Set-Cookie"], "^lantoa-lang=vi; .*Secure$")
        self.assertIn('lang="vi"', self.page("/office/28001/", f"{clerk}; lantoa-lang=vi", accept_language="en").text)
        # A table, larger than anything else here.
        table = b"metric,period,value\r\n" + b"".join(b"teams,2024-%02d,%d\r\n" % (i, i) for i in range(1, 13)) + b"\r\n" * 1000000
        word = re.search(r'name="token" value="([0-9a-f]+)"', self.page("/office/28001/files", clerk).text).group(1)
        parts = (f'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n{word}\r\n--x\r\n'
                 'Content-Disposition: form-data; name="file"; filename="t.csv"\r\nContent-Type: text/csv\r\n\r\n').encode()
        sent = self.web.ask("POST", "/office/28001/files", None, parts + table + b"\r\n--x--\r\n", cookie=clerk,
                            content_type="multipart/form-data; boundary=x", accept="text/html")
        self.assertEqual(sent.status, 303, sent)
        rig.wait_for(lambda: str(self.province.value("teams", **{"from": "2024-12", "to": "2024-12"})) == "12", "the table")
        self.assert_well()
        self.assert_whole()

    def test_nobody_else_has_it(self):
        self.hold("28001")
        self.hold("28002")
        clerk, other = self.log_in(self.desks["28001"]), self.log_in(self.desks["28002"])
        self.assertEqual(self.page("/office/28002/", clerk).status, 403)
        self.assertEqual(self.page("/office/28001/", other).status, 403)
        for path in ("/office/28001/", "/office/28001/form?period=2025-06", "/office/28009/", "/office/28001/page.js"):
            for role in self.roles:
                self.assertEqual(self.page(path, self.log_in(self.tokens[role])).status, 403, (path, role))
            stranger = self.page(path)
            self.assertEqual((stranger.status, stranger.headers["Location"]), (303, "/login"), path)
            self.assertEqual(self.web.ask("GET", path, self.desks["28001"]).status, 303, "a token is for programs")
            self.assertEqual(self.web.ask("POST", path, self.desks["28001"], "x=1", content_type=FORM).status, 403, path)
        for path in ("/office/28001/../28002/", "/office/28001/%2e%2e/28002/", "/office/28001/..%2f28002/", "/office/%32%38001/",
                     "/%6fffice/28001/", "/office/28001//form", "/office/28001/v1/status", "/office/28001/form/x", "/office/",
                     "/office", "/office/.../", "/office/28001%00/", "/office/28001;/", "/office/../28001/", "/office/28001/%66orm",
                     "/office/28001/form%0d%0aX-Remote-User:%20lan", "/office/2800100000000000000/", "/office/28001.page.sock/"):
            self.assertEqual(self.page(path, clerk).status, 404, path)
        for origin, site, status in ((f"https://{self.web.host}", "same-origin", 303), ("https://evil.example", "cross-site", 403),
                                     (f"http://{self.web.host}", "same-origin", 403), (f"https://{self.web.host}", "same-site", 403)):
            answer = self.type_teams("28001", clerk, "7", origin=origin, sec_fetch_site=site)
            self.assertEqual(answer.status, status, (origin, site, answer))
        named = self.page("/office/28001/", clerk, x_remote_user="boss", x_forwarded_for="boss")
        self.assertIn("<strong>desk-28001</strong>", named.text)
        self.assertNotIn("boss", named.text)
        for method in ("PUT", "DELETE", "HEAD", "OPTIONS"):
            answer = self.web.ask(method, "/office/28001/", cookie=clerk)
            self.assertIn(answer.status, (403, 405), (method, answer))
        self.assert_well()

    def test_what_the_page_is_told_and_what_it_may_say(self):
        fake = FakePage(f"{self.pages}/28003/page.sock")
        os.chown(f"{self.pages}/28003/page.sock", 0, web.USER)
        clerk = self.log_in(self.desks["28003"])
        answer = self.page("/office/28003/form?a=%20b&c=/../d", f"{clerk}; lantoa-lang=en; other=1", x_remote_user="boss",
                           forwarded="for=boss", origin=f"https://{self.web.host}")
        self.assertEqual((answer.status, answer.text), (200, "ok"), answer)
        lines = fake.asked[0].split("\r\n")
        self.assertEqual(lines[0], "GET /form?a=%20b&c=/../d HTTP/1.1")
        told = sorted(line for line in lines[1:] if line)
        self.assertEqual(told, sorted(["Accept: text/html", "Cookie: lantoa-lang=en", f"Host: {self.web.host}",
                                       "X-Remote-User: desk-28003"]), fake.asked)
        self.assertEqual(answer.headers.get_all("Set-Cookie"), ["lantoa-lang=vi"])
        self.assertIn("frame-ancestors 'none'", answer.headers["Content-Security-Policy"])
        fake.door.close()
        self.assert_well()

    def test_a_token_that_ends_ends_there(self):
        self.hold("28001")
        clerk = self.log_in(self.desks["28001"])
        self.assertEqual(self.page("/office/28001/", clerk).status, 200)
        self.province.post("/v1/tokens/revoke", name="desk-28001")
        rig.wait_for(lambda: self.page("/office/28001/", clerk).status != 200, "its end", KNOWN_S + 2)
        answer = self.page("/office/28001/", clerk)
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/login"))
        self.assertEqual(self.web.ask("POST", "/office/28001/form", None, "x=1", content_type=FORM, cookie=clerk).status, 403)
        anew = self.log_in(self.token("desk-new", "clerk", office="28001"))  # as it was advised
        self.assertEqual(self.type_teams("28001", anew, "6").status, 303)
        self.assert_well()

    def test_what_is_away_is_told_and_comes_back(self):
        office = self.hold("28001")
        self.hold("28002")
        clerk, other = self.log_in(self.desks["28001"]), self.log_in(self.desks["28002"])
        office.process.stop()
        answer = self.page("/office/28001/", clerk)
        self.assertEqual(answer.status, 502, answer)
        self.assertIn("the page of this office does not answer just now", answer.text)
        self.assertEqual(self.page("/office/28002/", other).status, 200)
        office.start()
        rig.wait_for(lambda: self.page("/office/28001/", clerk).status == 200, "its page")
        self.assertEqual(self.page("/office/28003/", self.log_in(self.desks["28003"])).status, 502)  # never was held
        self.province.process.stop()
        rig.wait_for(lambda: self.page("/office/28001/", clerk).status == 503, "that nobody vouches any more", KNOWN_S + 2)
        self.province.start()
        rig.wait_for(lambda: self.page("/office/28001/", clerk).status == 200, "the aggregator")
        self.assert_well()

    def test_one_that_hangs_costs_only_its_own(self):
        self.hold("28001")
        gate = threading.Event()
        fake = FakePage(f"{self.pages}/28003/page.sock", gate)
        os.chown(f"{self.pages}/28003/page.sock", 0, web.USER)
        clerk, other = self.log_in(self.desks["28003"]), self.log_in(self.desks["28001"])
        answers = []
        asking = [threading.Thread(target=lambda: answers.append(self.page("/office/28003/", clerk).status)) for _ in range(16)]
        for thread in asking:
            thread.start()
        rig.wait_for(lambda: len(fake.asked) == 16, "all of them")
        another = self.log_in(self.token("desk-b", "clerk", office="28003"))
        refused = self.page("/office/28003/", another)
        self.assertEqual(refused.status, 429, refused)
        self.assertIn("wait until they are answered", refused.text)
        for _ in range(3):
            self.assertEqual(self.page("/office/28001/", other).status, 200)
            self.assertEqual(self.web.ask("GET", "/api/v1/offices", self.tokens["viewer"]).status, 200)
        gate.set()
        for thread in asking:
            thread.join()
        self.assertEqual(answers, [200] * 16)
        self.assertEqual(self.page("/office/28003/", another).status, 200)  # as it was advised
        fake.door.close()
        self.assert_well()

    def test_without_pages_there_are_none(self):
        clerk = self.log_in(self.desks["28001"])
        self.web.write_conf(sessions="[offices]\npages =\n")
        self.web.reload()
        self.assertEqual(self.page("/office/28001/", clerk).status, 404)
        for wrong, says in (("page.sock", "whole path"), ("/run/pages/page.sock", "CODE"), ("/CODE/CODE/page.sock", "CODE")):
            self.web.write_conf(sessions=f"[offices]\npages = {wrong}\n")
            checked = rig.run([f"{rig.BUILD}/aggregator/lantoa-web", "--config", self.web.conf, "--check"])
            self.assertNotEqual(checked.code, 0)
            self.assertIn(says, checked.err)
        self.assert_well()


if __name__ == "__main__":
    unittest.main()

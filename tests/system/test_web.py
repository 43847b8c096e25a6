"""lantoa-web: what people and programs reach over the network, with a real aggregator behind it."""

import html
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import time
import unittest
from pathlib import Path

import rig
import web

CSRF = "X-Lantoa-Change"
MANY = 20000  # units, which make an answer of 2.5 MB


def many_units():
    return (rig.UNITS + "".join(f"{n},N{n},commune,815,1976-01-01,\n" for n in range(100000, 100000 + MANY))).encode()


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Door(web.WebRig):
    """Over TLS."""

    def cookie_of(self, answer):
        return re.match(r"([\w-]+=[\w-]*)", answer.headers["Set-Cookie"]).group(1)

    def log_in(self, role, **headers):
        answer = self.web.ask("POST", "/login", None, f"token={self.tokens[role]}",
                              content_type="application/x-www-form-urlencoded", accept="text/html", **headers)
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/"), answer)
        return self.cookie_of(answer)

    def change_word(self, cookie):
        page = self.web.ask("GET", "/account", cookie=cookie, accept="text/html")
        self.assertEqual(page.status, 200, page)
        return re.search(r'name="change" value="([\w-]{43})"', page.text).group(1)

    def test_the_aggregator_alone_judges_each_role(self):
        law = [("GET", "/api/v1/whoami", 0), ("GET", "/api/v1/status", 1), ("GET", "/api/v1/offices", 1),
               ("GET", "/api/v1/query?name=visits&from=2025-06", 1), ("POST", "/api/v1/closed", 2),
               ("POST", "/api/v1/offices/move", 2), ("PUT", "/api/v1/units", 3), ("PUT", "/api/v1/catalogue", 3),
               ("POST", "/api/v1/backup", 4), ("GET", "/api/v1/tokens", 4), ("POST", "/api/v1/offices/invite", 4),
               ("GET", "/api/v1/backup/file", 4)]
        tokens = [(None, -1), ("A" * 43, -1), (self.token("gone", "admin"), -1),
                  (self.token("c", "clerk", office="28001"), 0),
                  *((self.tokens[role], rank) for rank, role in enumerate(self.roles, 1))]
        self.province.post("/v1/tokens/revoke", name="gone")
        for token, rank in tokens:
            for method, target, needed in law:
                with self.subTest(rank=rank, route=f"{method} {target}"):
                    answer = self.web.ask(method, target, token, b"" if method != "GET" else None)
                    if rank < 0:
                        self.assertEqual(answer.status, 401, answer)
                        self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
                    elif rank < needed:
                        self.assertEqual(answer.status, 403, answer)
                    else:  # with nothing in its body a change is refused for that
                        self.assertIn(answer.status, (200, 400, 428) if method != "GET" else (200,), answer)
                    if answer.status >= 400:
                        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertEqual(self.province.get("/v1/units")["rows"][0]["code"], "28001")
        self.assert_well()

    def test_a_token_ends_while_it_is_used(self):
        self.assertEqual(self.web.ask("GET", "/api/v1/status", self.tokens["viewer"]).status, 200)
        cookie = self.log_in("viewer")
        self.province.process.stop()
        db = sqlite3.connect(os.path.join(self.province.folder, "lantoa.db"))
        db.execute("UPDATE token SET expires_us = 1 WHERE name = 't-viewer'")
        db.commit()
        db.close()
        self.province.start()
        answer = self.web.ask("GET", "/api/v1/status", self.tokens["viewer"])
        self.assertEqual(answer.status, 401)
        self.assertIn("expired at 1970", answer.text)
        # A browser is sent to the door again, and its cookie opens nothing any more.
        answer = self.web.ask("GET", "/", cookie=cookie, accept="text/html")
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/login"))
        answer = self.web.ask("GET", "/api/v1/status", cookie=cookie)
        self.assertIn("for those who show a token", answer.text)

    def test_a_change_goes_through_whole_and_so_does_a_long_answer(self):
        put = lambda **headers: self.web.ask("PUT", "/api/v1/units", self.tokens["admin"], many_units(),
                                             content_type="text/csv", **headers)
        self.assertEqual(put().status, 428)
        tag = self.web.ask("GET", "/api/v1/units", self.tokens["admin"]).headers["ETag"]
        self.assertEqual(self.web.ask("GET", "/api/v1/units", self.tokens["viewer"], if_none_match=tag).status, 304)
        self.assertEqual(put(if_match='"another"').status, 412)
        answer = put(if_match=tag)
        self.assertIn(answer.status, (200, 202), answer)
        direct = rig.wait_for(lambda: (rows := self.province.get("/v1/units")["rows"])
                              and len(rows) > MANY and rows, "the units")
        answer = self.web.ask("GET", "/api/v1/units", self.tokens["viewer"])
        self.assertEqual(json.loads(answer.text)["rows"], direct)
        csv = self.web.ask("GET", "/api/v1/units", self.tokens["viewer"], accept="text/csv")
        self.assertTrue(csv.headers["Content-Type"].startswith("text/csv"), csv)
        self.assertEqual(csv.text.count("\n"), len(direct) + 1)
        head = self.web.ask("HEAD", "/api/v1/units", self.tokens["viewer"])
        self.assertEqual((head.status, head.body), (200, b""))
        self.assert_well()

    def test_every_answer_keeps_a_browser_within_bounds(self):
        for method, target, token in [("GET", "/login", None), ("GET", "/nowhere", None), ("GET", "/api/v1/x", None),
                                      ("GET", "/api/v1/status", self.tokens["viewer"]), ("GET", "/a/../b", None)]:
            answer = self.web.ask(method, target, token)
            self.assertIn("frame-ancestors 'none'", answer.headers["Content-Security-Policy"], answer)
            self.assertIn("default-src 'self'", answer.headers["Content-Security-Policy"])
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertIn("max-age", answer.headers["Strict-Transport-Security"])
            self.assertIsNone(answer.headers["Server"])
        page = self.web.ask("GET", "/login", accept="text/html").text
        self.assertNotRegex(page, r"https?://|<script|style=|onclick")

    def test_pages_speak_two_languages_and_need_no_script(self):
        page = self.web.ask("GET", "/login", accept="text/html", accept_language="vi-VN,vi;q=0.9").text
        self.assertIn('<html lang="vi">', page)
        self.assertIn("Đăng nhập", page)
        self.assertIn("Log in", self.web.ask("GET", "/login", accept="text/html", accept_language="en").text)
        self.assertIn("không có đường dẫn này",
                      self.web.ask("GET", "/nix", accept="text/html", accept_language="vi").text)

    def test_a_browser_logs_in_reads_and_changes_what_it_means(self):
        cookie = self.log_in("operator")
        answer = self.web.ask("POST", "/login", None, f"token={self.tokens['operator']}",
                              content_type="application/x-www-form-urlencoded")
        for manner in ("__Host-lantoa=", "HttpOnly", "SameSite=Strict", "Secure", "Path=/"):
            self.assertIn(manner, answer.headers["Set-Cookie"])
        self.assertNotIn(self.tokens["operator"], str(answer.headers) + answer.text)
        page = self.web.ask("GET", "/", cookie=cookie, accept="text/html")
        self.assertIn("t-operator", page.text)
        self.assertIn("operator", page.text)
        self.assertNotIn(self.tokens["operator"], page.text)
        own = self.web.ask("GET", "/account", cookie=cookie, accept="text/html")
        self.assertIn("t-operator", own.text)
        for target in re.findall(r'href="(/[^"]*)"', page.text + own.text):
            answer = self.web.ask("GET", html.unescape(target), cookie=cookie)
            self.assertIn(answer.status, (303,) if target.startswith("/language?") else (200,), target)
        word = self.change_word(cookie)
        origin = f"https://{self.web.host}"
        body = b'{"period": "2025-05"}'
        close = lambda **headers: self.web.ask("POST", "/api/v1/closed", None, body, cookie=cookie,
                                               content_type="application/json", **headers).status
        self.assertEqual(close(), 403)
        self.assertEqual(close(**{CSRF: word[:-1] + ("A" if word[-1] != "A" else "B")}), 403)
        self.assertEqual(close(**{CSRF: word}, origin="https://evil.example"), 403)
        self.assertEqual(close(**{CSRF: word}, sec_fetch_site="cross-site"), 403)
        self.assertEqual(self.province.get("/v1/closed")["rows"], [])
        self.assertEqual(close(**{CSRF: word}, origin=origin, sec_fetch_site="same-origin"), 200)
        self.assertEqual(len(self.province.get("/v1/closed")["rows"]), 1)
        self.assertIn("token:t-operator", json.dumps(self.province.get("/v1/audit")))
        # Out: by its word alone.
        leave = lambda change: self.web.ask("POST", "/logout", None, f"change={change}", cookie=cookie,
                                            content_type="application/x-www-form-urlencoded")
        self.assertEqual(leave("x" * 43).status, 403)
        answer = leave(word)
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/login"))
        self.assertIn("Max-Age=0", answer.headers["Set-Cookie"])
        self.assertEqual(self.web.ask("GET", "/api/v1/status", cookie=cookie).status, 401)
        self.assert_well()

    def test_nobody_chooses_a_browser_s_cookie_for_it(self):
        planted = "__Host-lantoa=" + "A" * 43
        cookie = self.log_in("viewer", cookie=planted)
        self.assertNotEqual(cookie, planted)
        self.assertEqual(self.web.ask("GET", "/api/v1/status", cookie=planted).status, 401)
        self.assertEqual(self.web.ask("GET", "/api/v1/status", cookie=cookie).status, 200)
        self.assertEqual(self.web.ask("GET", "/api/v1/status", cookie=f"{cookie}; {planted}").status, 401)
        # Another login gets another cookie, and the one before is over.
        again = self.log_in("viewer", cookie=cookie)
        self.assertNotEqual(again, cookie)
        self.assertEqual(self.web.ask("GET", "/api/v1/status", cookie=cookie).status, 401)
        self.assertEqual(self.web.ask("GET", "/api/v1/status", cookie=again).status, 200)

    def test_a_person_reads_pages_where_a_program_reads_problems(self):
        cookie = self.log_in("viewer")

        def see(target, **headers):
            return self.web.ask("GET", target, cookie=cookie, accept="text/html,*/*;q=0.8", **headers)

        home = see("/account", accept_language="vi").text
        self.assertIn("viewer: được xem", home)
        self.assertRegex(home, r"<dd>\d\d:\d\d ngày \d\d/\d\d/20\d\d</dd>")
        self.assertRegex(see("/account", accept_language="en").text, r"<dd>20\d\d-\d\d-\d\d \d\d:\d\d</dd>")
        # What its form sends: fields that nobody filled in are not asked.
        self.assertIn('<form class="fields" action="/api/v1/query">', home)
        answer = see("/api/v1/query?name=visits&from=2025-06-30&to=2025-06-30&by=&format=csv-excel")
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.text.startswith("\ufeff"), answer)
        self.assertEqual(see("/api/v1/query?by=&name=visits&from=&to=&format=xlsx").status, 200)
        # A program's empty argument is a mistake, as ever.
        self.assertEqual(self.web.ask("GET", "/api/v1/query?name=visits&by=", self.tokens["viewer"]).status, 400)
        for target, status, words in (("query?name=visitz&by=&format=xlsx", 400, "visits"), ("query?name=visitz", 400, "visits"),
                                      ("query?name=visits&format=pdf", 400, "csv-excel"), ("nix", 404, "there is no such path"),
                                      ("tokens", 403, "sudo")):
            page = see(f"/api/v1/{target}", accept_language="en")
            self.assertEqual((page.status, page.headers["Content-Type"]), (status, "text/html; charset=utf-8"), page)
            self.assertRegex(page.text, f'role="alert">[^<]*{words}')
            problem = self.web.ask("GET", f"/api/v1/{target}", cookie=cookie, accept="*/*", accept_language="en")
            self.assertEqual((problem.status, problem.headers["Content-Type"]), (status, "application/problem+json"), problem)
        self.assertEqual(see("/api/v1/status").headers["Content-Type"], "application/json")
        # At the door, too, in the language that was chosen.
        for target, host, status, words in (("/act/excuse?reason=" + "%E1%BB%87" * 1000, web.NAME, 414, "quá dài"),
                                            ("/quarantine", "evil.example", 421, "địa chỉ")):
            answer = self.web.ask("GET", target, cookie=f"{cookie}; lantoa-language=vi", accept="text/html", host=host)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (status, "text/html; charset=utf-8"), answer)
            self.assertRegex(answer.text, f'role="alert">[^<]*{words}')
            problem = self.web.ask("GET", target, cookie=cookie, accept="*/*", host=host)
            self.assertEqual((problem.status, problem.headers["Content-Type"].split(";")[0]), (status, "application/json"), problem)
        self.assert_well()

    def test_a_login_that_is_none_opens_nothing(self):
        post = lambda body, **headers: self.web.ask("POST", "/login", None, body, accept="text/html", **{
            "content_type": "application/x-www-form-urlencoded", **headers})
        self.assertEqual(self.web.ask("GET", "/api/v1/status", self.tokens["viewer"]).status, 200)
        self.assertIn("copy the whole line", post("token=").text)
        self.assertIn("copy the whole line", post("token=a%0d%0aX: y").text)
        self.assertIn("copy the whole line", post("nothing").text)
        self.assertIn("copy the whole line", post("token=x", content_type="text/plain").text)
        self.assertIn("it was mistyped, has expired or was revoked; copy the whole line", post("token=" + "A" * 43).text)
        answer = post(f"token={self.tokens['viewer']}", origin="https://evil.example")
        self.assertEqual((answer.status, answer.headers["Set-Cookie"]), (403, None))
        self.assertIn("log in here", answer.text)
        for _ in range(30):
            answer = post("token=" + "A" * 43)
            if answer.status == 429:
                break
        self.assertEqual(answer.status, 429)
        self.assertIn("you try too often; wait a moment", answer.text)
        # Who was let in before is not held to what others at his address do.
        self.assertEqual(self.web.ask("GET", "/api/v1/status", self.tokens["viewer"]).status, 200)
        time.sleep(int(answer.headers["Retry-After"]))
        self.log_in("viewer")

    def test_tricks_with_paths_reach_nothing(self):
        token = self.tokens["viewer"]
        status = lambda target: int(self.web.say(
            f"GET {target} HTTP/1.1\r\nHost: {self.web.host}\r\nAuthorization: Bearer {token}\r\n"
            "Connection: close\r\n\r\n".encode())[9:12])
        self.assertEqual(status("/api/v1/whoami"), 200)
        for target in ("/api/v1/../v1/whoami", "/api/v1/%2e%2e/whoami", "/api/v1/.%2E/whoami", "/api/v1/x/..",
                       "//api/v1/whoami", "/api//v1/whoami", "/api/v1//whoami", "/api%2fv1/whoami", "/%61pi/v1/whoami",
                       "/api/v1/whoami%00", "/api/v1/whoami%0d%0aX:y", "/v1/whoami", "/v1/status", "/api/v1",
                       "/api/v1/%5cwhoami", "/run/lantoa/aggregator.sock", "/../../etc/passwd"):
            self.assertEqual(status(target), 404, target)
        for target in (f"https://{self.web.host}/api/v1/whoami", "http://localhost/v1/tokens", "*", "/api/v1/who%zz",
                       "/a\\b"):
            self.assertIn(status(target), (400, 404), target)
        self.assertEqual(status("/" + "a" * 9000), 414)
        for host in ("evil.example", "localhost", f"{self.web.host}.evil.example", "127.0.0.1"):
            self.assertEqual(self.web.ask("GET", "/api/v1/whoami", token, host=host).status, 421, host)
        two = self.web.say(f"GET / HTTP/1.1\r\nHost: {self.web.host}\r\nHost: evil\r\n\r\n".encode())
        self.assertEqual(two[9:12], b"400")
        # A smuggled second request, and a hop-by-hop header, do not reach the aggregator.
        answer = self.web.say(f"POST /api/v1/closed HTTP/1.1\r\nHost: {self.web.host}\r\nContent-Length: 5\r\n"
                              "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/tokens HTTP/1.1\r\n\r\n".encode())
        self.assertEqual(answer[9:12], b"400")
        answer = self.web.ask("GET", "/api/v1/whoami", token, connection="upgrade", upgrade="x", transfer="y")
        self.assertEqual(answer.status, 200)
        self.assert_well()

    def test_floods_and_dawdlers_are_answered_within_limits(self):
        self.web.process.stop()
        self.web.write_conf(limits="idle_s = 2\nbody = 64K\nrequests = 1\nat_once = 3\n")
        self.web.start()
        token, host = self.tokens["admin"], self.web.host
        head = f"Host: {host}\r\nAuthorization: Bearer {token}\r\n"
        answer = self.web.say(f"PUT /api/v1/units HTTP/1.1\r\n{head}Content-Length: 1000\r\n\r\ncode,".encode())
        self.assertEqual(answer[9:12], b"408", answer)
        answer = self.web.ask("PUT", "/api/v1/units", token, b"x" * 70000)
        self.assertEqual(answer.status, 413)
        flood = "".join(f"X-{n}: {'y' * 100}\r\n" for n in range(1000))
        answer = self.web.say(f"GET / HTTP/1.1\r\n{head}{flood}\r\n".encode())
        self.assertIn(answer[9:12], (b"431", b"413", b"414", b""), answer[:200])
        # Nobody's body is kept who shows no token, nor one whose length is over the limit.
        answer = self.web.say(f"PUT /api/v1/units HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nExpect: "
                              "100-continue\r\n\r\n".encode())
        self.assertEqual(answer[9:12], b"401")
        time.sleep(6)  # its address may ask again
        self.assertEqual(self.web.ask("GET", "/api/v1/whoami", token).status, 200)
        late = self.hurry(token, 60)
        self.assertTrue(late)
        self.assertIn("you ask too often; wait a moment", late[0].text)
        time.sleep(int(late[0].headers["Retry-After"]))
        self.assertEqual(self.web.ask("GET", "/api/v1/whoami", token).status, 200)
        # Another token is another guest, from the same address: its first request is paid for by the address, and
        # those after it by itself.
        self.assertEqual({self.web.ask("GET", "/api/v1/whoami", self.tokens["viewer"]).status for _ in range(5)}, {200})
        self.assert_well()

    def hurry(self, token, n):
        """The answers 429 to that many questions on one connection."""
        connection, late = self.web.connection(), []
        for _ in range(n):
            connection.request("GET", "/api/v1/whoami", headers={
                "Host": self.web.host, "Authorization": f"Bearer {token}"})
            answer = web.Answer(connection.getresponse())
            late += [answer] if answer.status == 429 else []
        connection.close()
        return late

    def test_who_says_nothing_keeps_nobody_out(self):
        self.web.process.stop()
        self.web.write_conf(limits="connections = 8\naddress_connections = 0\n")
        self.web.start()
        silent = [socket.create_connection(("127.0.0.1", self.web.port)) for _ in range(60)]
        half = []
        for _ in range(30):
            door = self.web.socket()
            door.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost:")
            half.append(door)
        self.assertEqual(self.web.ask("GET", "/api/v1/status", self.tokens["viewer"]).status, 200)
        for door in silent + half:
            door.close()
        self.assertEqual(self.web.ask("GET", "/api/v1/status", self.tokens["viewer"]).status, 200)
        self.assert_well()

    def test_the_command_asks_over_the_network(self):
        """What it refuses says what to do, and that is done."""
        self.web.chain, self.web.key = web.make_certificate(self.web.folder, 5, name="localhost")
        with open(self.web.conf, "r+", encoding="utf-8") as conf:
            text = conf.read().replace(f"names = {web.NAME}", f"names = localhost:{self.web.port}")
            conf.seek(0)
            conf.truncate()
            conf.write(text)
        self.web.reload()
        tokens = {}
        for role in ("viewer", "admin"):
            tokens[role] = os.path.join(self.folder, f"{role}.token")
            with open(os.open(tokens[role], os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
                file.write(self.tokens[role] + "\n")

        def lantoa(role, *words, **more):
            done = subprocess.run([f"{rig.BUILD}/aggregator/lantoa", "--api", f"https://localhost:{self.web.port}",
                                   "--token-file", tokens[role], *words], capture_output=True, text=True, check=False,
                                  env={**os.environ, **more})
            return rig.Outcome(done)

        told = lantoa("viewer", "status")
        self.assertEqual(told.code, 1, told)
        self.assertIn("SSL_CERT_FILE=FILE", told.err)
        trusted = {"SSL_CERT_FILE": self.web.chain}
        self.assertEqual(lantoa("viewer", "status", **trusted).code, 0)
        told = lantoa("viewer", "query", "visitz", **trusted)
        self.assertEqual(told.code, 1, told)
        self.assertIn("did you mean 'visits'", told.err)
        units = os.path.join(self.folder, "units.csv")
        with open(units, "w", encoding="utf-8") as file:
            file.write(rig.UNITS.replace("Phường Một", "Phường Một Mới"))
        told = lantoa("viewer", "units", "import", units, **trusted)
        self.assertEqual(told.code, 1, told)
        self.assertIn("this needs admin", told.err)
        told = lantoa("admin", "units", "import", units, **trusted)
        self.assertEqual(told.code, 0, told)
        self.assertIn("Phường Một Mới", lantoa("viewer", "units", "export", **trusted).out)

    def serial(self):
        context = ssl.create_default_context(cafile=self.web.chain)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with self.web.socket(context) as door:
            der = door.getpeercert(True)
        return ssl.DER_cert_to_PEM_cert(der)

    def test_a_certificate_is_renewed_without_dropping_anybody(self):
        token = self.tokens["viewer"]
        kept = self.web.connection()
        ask = lambda: (kept.request("GET", "/api/v1/whoami", headers={
            "Host": self.web.host, "Authorization": f"Bearer {token}"}), kept.getresponse().read())[1]
        self.assertIn(b"t-viewer", ask())
        first = self.serial()
        web.make_certificate(self.web.folder, 2)
        self.web.reload()
        second = self.serial()
        self.assertNotEqual(first, second)
        self.assertIn(b"t-viewer", ask())  # the same connection
        # A bad one is refused with words, and the one before stays.
        good = Path(self.web.key).read_bytes()
        check = [f"{rig.BUILD}/aggregator/lantoa-web", "--config", self.web.conf, "--check"]
        checked = lambda: subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((checked().returncode, checked().stdout), (0, "the configuration is right\n"))
        for bad, says in [(b"no key", "holds no key in PEM"), (b"", "holds no key in PEM")]:
            with open(self.web.key, "wb") as key:
                key.write(bad)
            self.assertEqual((checked().returncode, checked().stdout), (1, ""))
            self.assertIn(says, checked().stderr)
            self.web.reload()
            self.web.process.logged(f"certificate unchanged, the new one is wrong.*{says}")
            self.assertEqual(self.serial(), second)
        with open(self.web.key, "wb") as key:
            key.write(good)
        os.chmod(self.web.key, 0o644)
        self.web.reload()
        self.web.process.logged("every user of this machine can read; take that away: chmod o=")
        os.chmod(self.web.key, 0o640)
        self.web.reload()
        self.assertEqual(self.web.process.log().count("certificate subject="), 3)
        other = os.path.join(self.folder, "other")
        os.makedirs(other)
        web.make_certificate(other, 9)
        os.rename(os.path.join(other, "key.pem"), self.web.key)
        self.web.reload()
        self.web.process.logged("is not that of the certificate")
        self.assertEqual(self.serial(), second)
        # It notices a new one by itself.
        web.make_certificate(self.web.folder, 3)
        rig.wait_for(lambda: self.serial() not in (first, second), "the third certificate")
        self.assertIn(b"t-viewer", ask())
        kept.close()
        self.assert_well()

    def test_the_aggregator_may_stop_and_come_back(self):
        token = self.tokens["viewer"]
        cookie = self.log_in("viewer")
        self.province.process.kill()
        answer = self.web.ask("GET", "/api/v1/status", token)
        self.assertEqual(answer.status, 503, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertGreater(int(answer.headers["Retry-After"]), 0)
        self.assertIn("nothing was lost", answer.text)
        page = self.web.ask("GET", "/", cookie=cookie, accept="text/html", accept_language="vi")
        self.assertEqual((page.status, page.headers["Content-Type"]), (503, "text/html; charset=utf-8"), page)
        self.assertIn("chưa trả lời", page.text)
        self.assertIn("does not answer", self.web.ask("GET", "/healthz").text)
        self.province.start()
        self.assertEqual(self.web.ask("GET", "/api/v1/status", token).status, 200)
        self.assertEqual(self.web.ask("GET", "/", cookie=cookie, accept="text/html").status, 200)
        # Started before it, and killed beside it.
        self.web.process.kill()
        self.province.process.stop()
        self.web.start()
        self.assertEqual(self.web.ask("GET", "/api/v1/status", token).status, 503)
        self.province.start()
        self.assertEqual(self.web.ask("GET", "/api/v1/status", token).status, 200)
        self.assert_well()
        self.assert_whole()

    def test_an_aggregator_that_hangs_is_told(self):
        self.web.process.stop()
        self.web.write_conf(limits="answer_s = 2\nupstream = 1\nwaiting = 1\n")
        self.web.start()
        os.kill(self.province.process.child.pid, signal.SIGSTOP)
        try:
            doors = []
            for _ in range(4):
                connection = self.web.connection()
                connection.request("GET", "/api/v1/status", headers={
                    "Host": self.web.host, "Authorization": f"Bearer {self.tokens['viewer']}"})
                doors.append(connection)
                time.sleep(0.2)
            answers = sorted((web.Answer(connection.getresponse()) for connection in doors), key=lambda a: a.status)
            self.assertEqual([answer.status for answer in answers[:2]], [503, 503])
            self.assertIn("too many questions wait", answers[0].text)
            self.assertEqual(answers[3].status, 504)
        finally:
            os.kill(self.province.process.child.pid, signal.SIGCONT)
        rig.wait_for(lambda: self.web.ask("GET", "/api/v1/status", self.tokens["viewer"]).status == 200, "an answer")
        self.assert_well()

    def begin(self, method, target, token, body=None):
        """A question whose answer is not waited for."""
        connection = self.web.connection()
        connection.request(method, target, body, {"Host": self.web.host, "Authorization": f"Bearer {token}"})
        return connection

    def test_a_guest_has_so_many_under_way(self):
        self.web.process.stop()
        self.web.write_conf(limits="at_once = 1\n")
        self.web.start()
        token = self.tokens["viewer"]
        self.assertEqual(self.web.ask("GET", "/api/v1/status", token).status, 200)
        os.kill(self.province.process.child.pid, signal.SIGSTOP)
        first = self.begin("GET", "/api/v1/status", token)
        rig.wait_for(lambda: '"under_way": 1' in self.web.ask("GET", "/healthz").text, "the first")
        answer = self.web.ask("GET", "/api/v1/status", token)
        self.assertEqual((answer.status, answer.headers["Retry-After"]), (429, "1"))
        self.assertIn("wait until they are answered", answer.text)
        os.kill(self.province.process.child.pid, signal.SIGCONT)
        self.assertEqual(web.Answer(first.getresponse()).status, 200)
        first.close()
        self.assertEqual(self.web.ask("GET", "/api/v1/status", token).status, 200)
        self.assert_well()

    def test_a_change_whose_answer_is_lost_is_not_sent_twice(self):
        token, body = self.tokens["operator"], b'{"period": "2025-05"}'
        os.kill(self.province.process.child.pid, signal.SIGSTOP)
        change = self.begin("POST", "/api/v1/closed", token, body)
        rig.wait_for(lambda: '"under_way": 1' in self.web.ask("GET", "/healthz").text, "the change")
        time.sleep(0.3)  # it lies in the aggregator's socket
        self.province.process.kill()
        answer = web.Answer(change.getresponse())
        change.close()
        self.assertEqual((answer.status, answer.headers["Retry-After"]), (502, None), answer)
        self.assertIn("look whether it was done before you send it again", answer.text)
        self.province.start()
        self.assertEqual(json.loads(self.web.ask("GET", "/api/v1/closed", token).text)["rows"], [])
        self.assertEqual(self.web.ask("POST", "/api/v1/closed", token, body).status, 200)
        self.assertEqual(len(self.province.get("/v1/closed")["rows"]), 1)
        self.assert_well()

    def test_systemd_s_port_is_taken_over_and_beyond_this_machine_with_a_certificate_alone(self):
        self.web.process.stop()
        port = socket.create_server(("0.0.0.0", 0))
        args = ["sh", "-c", 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&%d' % port.fileno(), "sh",
                f"{rig.BUILD}/aggregator/lantoa-web", "--config", self.web.conf]
        start = lambda: rig.Process(args, os.path.join(self.web.folder, "web.log"), stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, user=web.USER, group=web.USER, extra_groups=[],
                                    pass_fds=[port.fileno()])
        Path(self.web.conf).write_text(f"[web]\naggregator = {self.province.socket}\n", encoding="utf-8")
        refused = start()
        self.assertEqual(refused.child.wait(rig.PATIENCE_S), 1)
        self.assertIn("name a certificate and its key in web.conf", refused.log())
        self.web.write_conf()
        self.web.process = start()
        self.web.process.logged("web: listening at=systemd's encrypted=yes")
        self.web.process.logged("web: ready")
        self.web.port = port.getsockname()[1]
        self.assertEqual(self.web.ask("GET", "/api/v1/status", self.tokens["viewer"]).status, 200)
        self.assert_well()
        port.close()


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Slow(web.WebRig):
    """On a unix socket, where the kernel keeps little of an answer."""

    tls = False

    def slow_readers(self, n):
        """Who ask for 2.5 MB each and take none of it."""
        doors = []
        for _ in range(n):
            door = self.web.socket()
            door.sendall(f"GET /api/v1/units HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                         f"{self.tokens['viewer']}\r\n\r\n".encode())
            doors.append(door)
        return doors

    def fill(self):
        self.province.call("PUT", "/v1/units", many_units(), "text/csv")
        rig.wait_for(lambda: len(self.province.get("/v1/units")["rows"]) > MANY, "the units")

    def test_a_cut_answer_is_seen_as_one(self):
        self.fill()
        door, = self.slow_readers(1)
        answer = http.client.HTTPResponse(door)
        answer.begin()
        self.assertEqual(answer.status, 200)
        rig.wait_for(lambda: json.loads(self.web.ask("GET", "/healthz").text)["under_way"] == 1,
                     "the question under way")
        self.province.process.kill()
        with self.assertRaises((http.client.IncompleteRead, ConnectionResetError)):
            answer.read()
        self.province.start()
        self.assert_well()

    def test_slow_readers_cost_the_province_nothing(self):
        self.fill()
        self.web.process.stop()
        self.web.write_conf(limits="buffer = 64K\nat_once = 1000\nrequests = 1000\nupstream = 8\nwaiting = 1000\n")
        self.web.start()
        probe = self.enrolled_probe("28001")
        before = self.web.memory_kib()
        doors = self.slow_readers(250)
        # Acks go on, and operators on the province's machine are answered.
        probe.ask("hello", 7, 0, hear="welcome")
        for n in range(1, 21):  # as it goes
            probe.ask("batch", 7, n, "2025-06-10", 0, "visits" if n == 1 else "-", "desk=a", "day", 0, f"0:{n}",
                      hear=f"ack .*upto={n} ")
        self.assertEqual(self.province.counter("intake", "batches"), 20)
        grown = self.web.memory_kib() - before
        self.assertLess(grown, 250 * 400, "KiB")  # of 250 x 2.5 MB; ASan's share is the most of it
        # Whoever reads is served, though others hold every place: the stillest is cut.
        answer = self.web.ask("GET", "/api/v1/whoami", self.tokens["operator"])
        self.assertEqual(answer.status, 200)
        for door in doors:
            door.close()
        self.assertEqual(self.web.ask("GET", "/api/v1/whoami", self.tokens["operator"]).status, 200)
        self.assert_well()


NGINX = """user root;
pid {folder}/nginx.pid;
events {{ }}
http {{
access_log off;
client_body_temp_path {folder}/body; proxy_temp_path {folder}/temp; fastcgi_temp_path {folder}/f;
uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{server}
}}
"""


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("nginx"), "needs root and nginx-light")
class Behind(web.WebRig):
    """Behind a real nginx, set up by the lines of lantoa-web(8)."""

    tls = False

    def setUp(self):
        super().setUp()
        chain, key = web.make_certificate(self.folder, 1)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        manual = (Path(__file__).parents[2] / "aggregator/web/lantoa-web.8").read_text(encoding="utf-8")
        server = re.search(r"^\.Bd[^\n]*\n(server \{.*?)^\.Ed", manual, re.S | re.M)[1]
        for there, here in {"listen 443 ssl": f"listen 127.0.0.1:{port} ssl", "/etc/ssl/certs/lantoa.pem": chain,
                            "/etc/ssl/private/lantoa.key": key, "lantoa.example.vn": web.NAME,
                            "http://127.0.0.1:5580": f"http://unix:{self.web.path}"}.items():
            self.assertEqual(server.count(there), 1, there)
            server = server.replace(there, here)
        conf = os.path.join(self.folder, "nginx.conf")
        Path(conf).write_text(NGINX.format(folder=self.folder, server=server), encoding="utf-8")
        self.nginx = rig.Process(["nginx", "-p", self.folder, "-c", conf, "-e", f"{self.folder}/nginx.log", "-g", "daemon off;"],
                                 os.path.join(self.folder, "nginx.err"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.addCleanup(self.nginx.stop)
        self.web.process.stop()
        self.web.write_conf(web=f"names = {web.NAME}:{port}\nproxy = yes\n", limits="requests = 2\n")
        self.web.start()
        # From here on clients ask nginx.
        self.direct, self.through = self.web, web.Web.__new__(web.Web)
        self.through.__dict__.update(self.web.__dict__, tls=True, port=port, host=f"{web.NAME}:{port}", chain=chain)
        rig.wait_for(self.listens, "nginx")

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.through.port)) == 0

    def test_all_goes_through_the_proxy(self):
        ask, token = self.through.ask, self.tokens["viewer"]
        self.assertEqual(ask("GET", "/api/v1/whoami", token).status, 200)
        self.assertEqual(json.loads(ask("GET", "/api/v1/units", token).text), self.province.get("/v1/units"))
        answer = ask("POST", "/login", None, f"token={token}", content_type="application/x-www-form-urlencoded",
                     origin=f"https://{self.through.host}")
        self.assertEqual(answer.status, 303, answer)
        self.assertIn("__Host-lantoa=", answer.headers["Set-Cookie"])
        self.assertIn("Secure", answer.headers["Set-Cookie"])
        self.assertEqual(ask("GET", "/", host="evil.example").status, 421)

    def test_whoever_asks_is_the_proxy_s_word_and_not_his_own(self):
        statuses = [self.through.ask("GET", "/healthz", x_forwarded_for=f"10.0.0.{n}").status for n in range(60)]
        self.assertIn(429, statuses)


if __name__ == "__main__":
    unittest.main()

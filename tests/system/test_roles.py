"""Who may do what at the province: every route of its tables, asked by real peers of every kind."""

import base64
import contextlib
import http.server
import json
import os
import re
import sqlite3
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

import rig

SOURCES = Path(__file__).resolve().parents[2]
VIEWERS, OPERATORS, OTHERS, WEB, NOBODY = 54101, 54102, 54103, 54104, 65534
RANKS = ["none", "clerk", "viewer", "operator", "admin", "local"]

# The law, written anew beside the tables: (method, path, arguments, who may at least).
LAW = [
    ("GET", "/v1/query", "name=visits", "viewer"),
    ("GET", "/v1/completeness", "name=visits", "viewer"),
    ("GET", "/v1/quality", "", "viewer"),
    ("GET", "/v1/labels", "name=visits", "viewer"),
    ("GET", "/v1/explain", "name=visits", "viewer"),
    ("GET", "/v1/publications", "", "viewer"),
    ("POST", "/v1/publications", "", "operator"),
    ("GET", "/v1/status", "", "viewer"),
    ("GET", "/v1/quarantine", "", "viewer"),
    ("GET", "/v1/audit", "", "viewer"),
    ("GET", "/v1/history", "name=28001", "viewer"),
    ("GET", "/v1/accounts", "", "viewer"),
    ("POST", "/v1/accounts", "", "admin"),
    ("POST", "/v1/quarantine/release", "", "operator"),
    ("GET", "/v1/quarantine/release", "all=yes", "viewer"),
    ("GET", "/v1/closed", "", "viewer"),
    ("POST", "/v1/closed", "", "operator"),
    ("POST", "/v1/closed/reopen", "", "operator"),
    ("GET", "/v1/excuses", "", "viewer"),
    ("POST", "/v1/excuses", "", "operator"),
    ("POST", "/v1/excuses/end", "", "operator"),
    ("GET", "/v1/map", "", "viewer"),
    ("GET", "/v1/maps/file", "kind=tiles&valid_from=2025-07-01", "viewer"),
    ("POST", "/v1/maps/remove", "", "admin"),
    ("POST", "/v1/messages", "", "operator"),
    ("POST", "/v1/figures", "", "operator"),
    ("GET", "/v1/messages", "code=28001", "viewer"),
    ("GET", "/v1/offices", "", "viewer"),
    ("POST", "/v1/offices", "", "admin"),
    ("POST", "/v1/offices", "invite=1", "local"),
    ("POST", "/v1/offices/move", "", "operator"),
    ("POST", "/v1/offices/rename", "", "operator"),
    ("POST", "/v1/offices/end", "", "operator"),
    ("POST", "/v1/offices/follow", "", "operator"),
    ("POST", "/v1/offices/invite", "", "local"),
    ("POST", "/v1/offices/revoke", "", "local"),
    ("GET", "/v1/offices/heads", "", "viewer"),
    ("GET", "/v1/offices/heard", "", "viewer"),
    ("GET", "/v1/metrics", "", "viewer"),
    ("GET", "/v1/alerts", "", "viewer"),
    ("GET", "/v1/change", "", "viewer"),
    ("POST", "/v1/change/cancel", "", "operator"),
    ("GET", "/v1/changes", "", "viewer"),
    ("POST", "/v1/verify", "", "viewer"),
    ("POST", "/v1/verify", "repair=1", "local"),
    ("GET", "/v1/verify", "", "viewer"),
    ("GET", "/v1/ledger", "", "viewer"),
    ("POST", "/v1/backup", "", "local"),
    ("GET", "/v1/backup", "", "local"),
    ("GET", "/v1/backup/file", "", "local"),
    ("GET", "/v1/whoami", "", "clerk"),
    ("GET", "/v1/tokens", "", "local"),
    ("POST", "/v1/tokens", "", "local"),
    ("POST", "/v1/tokens/revoke", "", "local"),
    ("GET", "/v1/openapi.json", "", "viewer"),
] + [(method, f"/v1/{what}", "", role)
     for what in ("units", "successors", "catalogue", "indicators", "dimensions", "rules", "calendar", "maps")
     for method, role in (("GET", "viewer"), ("PUT", "admin"))] + [  # whoever may do it may try it, and nobody else
    ("POST", f"/v1/{path}", "dry_run=1", "operator")
    for path in ("quarantine/release", "closed", "closed/reopen", "excuses", "excuses/end", "offices/move", "offices/rename",
                 "offices/end", "offices/follow", "figures")]

ROW = re.compile(r'^\t\{ ROLE_([A-Z]+), "([A-Z]+)", "([^"]+)"', re.M)


@contextlib.contextmanager
def being(user, group, groups):
    """Who connects meanwhile is, to the kernel, of that user and groups."""
    mine = os.getgroups()
    os.setgroups(groups)
    os.setegid(group)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(mine)


def tables():
    """{(method, path): role} of all routes, and how many rows there are."""
    rows = [row for path in sorted((SOURCES / "aggregator/api").glob("*_routes.c"))
            for row in ROW.findall(path.read_text(encoding="utf-8"))]
    return {(method, path): role.lower() for role, method, path in rows}, len(rows)


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be others")
class Roles(rig.Rig):
    def open_province(self):
        write = self.province.write_conf
        self.province.write_conf = lambda more="": write(
            f"viewers = {VIEWERS}\noperators = {OPERATORS}\nweb = {WEB}\n{more}")
        os.chmod(self.folder, 0o755)  # as /run/lantoa is
        super().open_province()

    def ask_as(self, questions, user=NOBODY, group=OTHERS, groups=(), body=b""):
        """[(status, body)] of [(method, url, headers)], asked by somebody of that user and groups."""
        answers = []
        for method, url, headers in questions:
            connection = rig.UnixConnection(self.province.socket)
            with being(user, group, list(groups)):
                connection.connect()
            connection.request(method, url, None if method == "GET" else body, headers)
            answer = connection.getresponse()
            answers.append((answer.status, answer.read().decode("utf-8", "replace")))
            connection.close()
        return answers

    def lantoa_as(self, *words, user=NOBODY, group=OTHERS, groups=(), language="C.UTF-8", **variables):
        return rig.Outcome(subprocess.run(
            [f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", *words],
            user=user, group=group, extra_groups=list(groups), capture_output=True, text=True,
            timeout=120, check=False, cwd="/", env={**os.environ, "LC_ALL": language, **variables}))

    def assert_has(self, role, what, refusals=(403,), **peer):
        """A peer gets past the role of exactly the routes that the law opens to @role."""
        questions = [(method, path + (f"?{arguments}" if arguments else ""), peer.get("headers", {}))
                     for method, path, arguments, _ in LAW]
        peer.pop("headers", None)
        answers = self.ask_as(questions, **peer)
        for (method, path, arguments, needed), (status, body) in zip(LAW, answers):
            may = RANKS.index(role) >= RANKS.index(needed)
            asked = f"{what}: {method} {path}?{arguments} -> {status} {body[:200]}"
            self.assertNotIn("there is no such path", body, asked)
            self.assertNotEqual(status, 405, asked)
            self.assertEqual(status not in (401, 403), may, asked)
            if not may:
                self.assertIn(status, refusals, asked)
                self.assertRegex(json.loads(body)["error"], r"\w+ \w+", asked)

    def test_the_law_has_every_route_of_the_tables(self):
        routes, n = tables()
        self.assertEqual(len(routes), n)
        sources = "".join(path.read_text(encoding="utf-8")
                          for path in (SOURCES / "aggregator/api").glob("*_routes.c"))
        self.assertEqual(len(re.findall(r'"[A-Z]+", "/v1/', sources)), n, "a row that ROW does not see")
        law = {}
        for method, path, _, role in LAW:  # the least that any request of it needs
            law[method, path] = min(role, law.get((method, path), role), key=RANKS.index)
        self.assertEqual(routes, law)

    def test_every_route_by_every_group(self):
        self.assert_has("none", "a stranger")
        self.assert_has("viewer", "a viewer by one of his groups", groups=[OTHERS, VIEWERS])
        self.assert_has("viewer", "a viewer by his first group", group=VIEWERS)
        self.assert_has("operator", "an operator by one of his groups", groups=[OPERATORS])
        self.assert_has("operator", "an operator by his first group", group=OPERATORS)
        self.assert_has("operator", "one who is both", groups=[VIEWERS, OPERATORS])
        self.assert_has("local", "root", user=0, group=0)

    def test_the_user_of_the_daemon_is_local_and_no_other_of_its_group(self):
        self.province.process.stop()
        for name in ["", *os.listdir(self.province.folder)]:
            os.chown(os.path.join(self.province.folder, name), 4711, OTHERS)
        self.province.process = rig.Process(
            ["setpriv", "--reuid=4711", f"--regid={OTHERS}", "--clear-groups",
             f"{rig.BUILD}/aggregator/lantoa-aggregator", "--config", self.province.conf],
            os.path.join(self.province.folder, "aggregator.log"), stdin=subprocess.DEVNULL,
            env={**os.environ})
        self.province.process.logged("server: ready")
        self.assert_has("local", "the daemon's user", user=4711, group=OTHERS)
        self.assert_has("none", "another of its group", user=4712, group=OTHERS)
        self.assert_has("local", "root", user=0, group=0)

    def test_one_of_many_groups(self):
        many = list(range(60000, 60400))
        self.assert_has("viewer", "the last of many", groups=[*many, VIEWERS])
        self.assert_has("none", "none of many", groups=many)

    def test_whoever_may_not_is_told_which_group_to_join(self):
        """The advice is followed: with the group that it names it goes well."""
        told = self.lantoa_as("status")
        self.assertEqual(told.code, 1, told)
        self.assertIn(f"usermod -aG {VIEWERS} YOUR-NAME", told.err)
        self.assertIn(f"or {OPERATORS} to operate", told.err)
        self.assertEqual(self.lantoa_as("status", groups=[VIEWERS]).code, 0)
        told = self.lantoa_as("close", "2025-01", groups=[VIEWERS])
        self.assertIn(f"usermod -aG {OPERATORS} YOUR-NAME", told.err)
        self.assertEqual(self.lantoa_as("close", "2025-01", groups=[OPERATORS]).code, 0)
        told = self.lantoa_as("office", "revoke", "28001", groups=[OPERATORS])
        self.assertIn("run it with sudo", told.err)
        self.assertEqual(self.lantoa_as("office", "revoke", "28001", user=0, group=0).code, 0)
        self.assertIn("hãy nhờ", self.lantoa_as("status", language="vi_VN.UTF-8").err)

    def test_who_may_not_is_told_before_any_of_the_body_is_taken(self):
        connection = rig.UnixConnection(self.province.socket)
        with being(NOBODY, VIEWERS, []):
            connection.connect()
        connection.putrequest("PUT", "/v1/units")
        connection.putheader("Content-Length", str(3 << 20))
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 403)
        connection.close()

    def test_who_acted_is_shown_by_login_name(self):
        self.assertEqual(self.lantoa_as("close", "2025-01", groups=[OPERATORS]).code, 0)
        row = self.province.get("/v1/audit", most=1)["rows"][0]
        self.assertEqual((row["what"], row["who"], row["shown_name"]),
                         ("close", f"unix:uid={NOBODY}", "nobody"))
        # what somebody is called is no part of the ledger, and may be changed
        self.province.post("/v1/accounts", account=f"unix:uid={NOBODY}", shown="Lê Thị Hương")
        self.assertEqual(self.lantoa_as("reopen", "2025-01", groups=[OPERATORS]).code, 0)
        row = self.province.get("/v1/audit", most=1)["rows"][0]
        self.assertEqual(row["shown_name"], "Lê Thị Hương")
        # who has no login name has none to show
        self.assertEqual(self.lantoa_as("close", "2025-01", user=4711, groups=[OPERATORS]).code, 0)
        row = self.province.get("/v1/audit", most=1)["rows"][0]
        self.assertEqual((row["who"], row["shown_name"]), ("unix:uid=4711", None))
        self.assertEqual(self.province.verify(), [])

    def test_the_groups_are_those_of_the_configuration_and_change_with_a_reload(self):
        self.assert_has("none", "others", group=OTHERS)
        with open(self.province.conf, encoding="utf-8") as conf:
            text = conf.read()
        with open(self.province.conf, "w", encoding="utf-8") as conf:
            conf.write(text.replace(f"viewers = {VIEWERS}", f"viewers = {OTHERS}"))
        self.province.process.child.send_signal(1)
        self.province.process.logged("configuration read again")
        self.assert_has("viewer", "others", group=OTHERS)
        self.assert_has("none", "those of before", group=VIEWERS)


    # --- tokens ---

    def token(self, name, *words, role="viewer"):
        made = self.lantoa_as("token", "add", name, "--role", role, *words, user=0, group=0)
        self.assertEqual(made.code, 0, made)
        self.assertIn("not shown again", made.err)
        self.assertRegex(made.out, r"^[A-Za-z0-9_-]{43}\n$")
        return made.out.strip()

    def assert_token_has(self, role, what, token, refusals=(403,), **peer):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.assert_has(role, what, refusals, headers=headers, **{"user": WEB, **peer})

    def test_every_route_by_every_token(self):
        tokens = {role: self.token(f"t-{role}", role=role) for role in ("viewer", "operator", "admin")}
        tokens["clerk"] = self.token("t-clerk", "--office", "28001", role="clerk")
        for role, token in tokens.items():
            self.assert_token_has(role, f"the token of a {role}", token)
        self.assertEqual(self.ask_as([("GET", "/v1/ledger", {"Authorization": f"bEARER {tokens['viewer']}"})],
                                     user=WEB)[0][0], 200)
        for name in ("t-admin", "t-viewer"):
            self.assertEqual(self.lantoa_as("token", "revoke", name, user=0, group=0).code, 0)
        self.assert_token_has("none", "no token", None, refusals=(401,))
        self.assert_token_has("none", "an empty token", "", refusals=(401,))
        self.assert_token_has("none", "a wrong token", "x" * 43, refusals=(401,))
        self.assert_token_has("none", "a revoked token", tokens["admin"], refusals=(401,))
        self.assert_token_has("operator", "one that was not revoked", tokens["operator"])
        # What is kept of a token is no token.
        self.province.process.stop()
        with contextlib.closing(sqlite3.connect(f"{self.province.folder}/lantoa.db")) as db:
            kept = db.execute("SELECT hash FROM token WHERE name = 't-operator'").fetchone()[0]
            db.execute("UPDATE token SET expires_us = 1 WHERE name = 't-clerk'")
            db.commit()
        self.province.start()
        for text in (kept.hex(), base64.urlsafe_b64encode(kept).decode().rstrip("=")):
            self.assert_token_has("none", "the hash of a token", text, refusals=(401,))
        # After a start they are what they were.
        self.assert_token_has("none", "an expired token", tokens["clerk"], refusals=(401,))
        ask = ("GET", "/v1/ledger", {"Authorization": f"Bearer {tokens['clerk']}"})
        self.assertIn("the token 't-clerk' expired at 1970", self.ask_as([ask], user=WEB)[0][1])
        another = self.token("t-another")
        ask[2]["Authorization"] = f"Bearer {another}"
        self.assertEqual(self.ask_as([ask], user=WEB)[0][0], 200)
        self.assert_token_has("none", "a revoked token, later", tokens["viewer"], refusals=(401,))
        self.assert_token_has("operator", "one that was not revoked, later", tokens["operator"])

    def test_the_author_of_what_an_operator_recorded_is_the_operator(self):
        token = self.token("phone", role="operator")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = b'{"office": "28001", "figures": "visits=7", "period": "2025-06-02"}'
        [done] = self.ask_as([("POST", "/v1/figures", headers)], user=WEB, body=body)
        self.assertEqual(done[0], 200, done)
        done = self.lantoa_as("record", "--office", "28001", "visits=8", "--period", "2025-06-02", groups=[OPERATORS])
        self.assertEqual(done.code, 0, done)
        rows = self.province.query("visits", revisions=1, **{"from": "2025-06-02", "to": "2025-06-02"})
        self.assertEqual([(row["author"], row["author_name"]) for row in rows],
                         [("token:phone", None), (f"unix:uid={NOBODY}", "nobody")])
        self.assertEqual(self.province.verify(), [])

    def test_who_asks_for_others_has_no_rights_of_his_own_and_no_one_elses_token_counts(self):
        admin = self.token("boss", role="admin")
        self.assert_token_has("none", "the web's user, in every group", None, refusals=(401,),
                              group=OPERATORS, groups=[VIEWERS, OPERATORS])
        for role, peer in (("none", {}), ("viewer", {"group": VIEWERS}),
                           ("operator", {"groups": [OPERATORS]})):
            self.assert_token_has(role, f"a {role} with an admin's token", admin,
                                  **{"user": NOBODY, **peer})

    def test_a_token_is_an_act_that_the_ledger_knows(self):
        token = self.token("monthly.report", "--expires", "90d", role="operator")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        done = self.ask_as([("POST", "/v1/closed", headers)], user=WEB, body=b'{"period": "2025-01"}')
        self.assertEqual(done[0][0], 200, done)
        rows = self.province.get("/v1/audit", most=2)["rows"]
        self.assertEqual([(row["what"], row["who"]) for row in rows],
                         [("close", "token:monthly.report"), ("token add", "unix:uid=0")])
        self.assertRegex(rows[1]["detail"], "token=monthly.report role=operator office=- expires=20")
        listed = self.lantoa_as("--format", "json", "token", "list", user=0, group=0)
        row = json.loads(listed.out)["rows"][0]
        self.assertEqual((row["name"], row["role"], row["state"]), ("monthly.report", "operator", "good"))
        self.assertTrue(row["last_used"], row)
        self.assertNotIn(token, listed.out)
        with open(self.province.process.log_path, encoding="utf-8") as log:
            self.assertNotIn(token, log.read())
        self.lantoa_as("token", "revoke", "monthly.report", user=0, group=0)
        self.assertEqual(self.province.verify(), [])
        self.province.process.stop()  # the last use is written down by now
        with open(f"{self.province.folder}/lantoa.db", "rb") as database:
            self.assertNotIn(token.encode(), database.read())
        self.province.start()
        row = self.province.get("/v1/tokens")["rows"][0]
        self.assertEqual((row["state"], bool(row["last_used"])), ("revoked", True))

    def test_a_repair_ends_what_was_revoked_before(self):
        token = self.token("boss", role="admin")
        ask = [("GET", "/v1/ledger", {"Authorization": f"Bearer {token}"})]
        self.lantoa_as("token", "revoke", "boss", user=0, group=0)
        self.province.process.stop()
        with contextlib.closing(sqlite3.connect(f"{self.province.folder}/lantoa.db")) as db:
            db.execute("UPDATE token SET revoked_us = NULL")
            db.commit()
        self.province.start()
        self.assertEqual(self.ask_as(ask, user=WEB)[0][0], 200)  # whoever can write the database can
        told = self.lantoa_as("verify", user=0, group=0)
        self.assertEqual(told.code, 1, told)
        self.assertIn("token", told.out)
        self.lantoa_as("verify", "--repair", user=0, group=0)
        self.assertEqual(self.province.verify(), [])
        self.assertEqual(self.ask_as(ask, user=WEB)[0][0], 401)

    def test_the_command_shows_the_token_of_a_file_that_nobody_else_reads(self):
        """What it refuses says what to do, and that is done."""
        path = f"{self.folder}/token"
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.token("desk") + "\n")
        os.chown(path, WEB, WEB)
        os.chmod(path, 0o640)
        web = {"user": WEB, "group": WEB}
        told = self.lantoa_as("status", **web)
        self.assertEqual(told.code, 1, told)
        self.assertIn("--token-file FILE", told.err)
        told = self.lantoa_as("--token-file", path, "status", **web)
        self.assertIn("run 'chmod 600' on it", told.err)
        os.chmod(path, 0o600)
        self.assertEqual(self.lantoa_as("--token-file", path, "status", **web).code, 0)
        self.assertEqual(self.lantoa_as("status", **web, LANTOA_TOKEN_FILE=path).code, 0)
        told = self.lantoa_as("--token-file", path, "close", "2025-01", **web)
        self.assertIn("the token 'desk' is for viewer, and this needs operator", told.err)
        told = self.lantoa_as("--token-file", path, "office", "revoke", "28002", **web)
        self.assertIn("no token may do this", told.err)
        self.assertEqual(self.lantoa_as("office", "revoke", "28002", user=0, group=0).code, 0)
        self.lantoa_as("token", "revoke", "desk", user=0, group=0)
        told = self.lantoa_as("--token-file", path, "status", **web)
        self.assertIn("the token 'desk' was revoked", told.err)
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.token("desk.2") + "\n")  # another, as it says
        self.assertEqual(self.lantoa_as("--token-file", path, "status", **web).code, 0)
        with open(path, "w", encoding="utf-8") as file:
            file.write("a b\n")
        told = self.lantoa_as("--token-file", path, "status", **web)
        self.assertIn("holds no token", told.err)
        told = self.lantoa_as("--token-file", f"{self.folder}/none", "status", **web)
        self.assertIn("No such file", told.err)

    def test_a_token_goes_over_a_network_encrypted_alone(self):
        heard = []

        class Ear(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                heard.append(self.headers["Authorization"])
                self.send_response(403)
                self.end_headers()

            def log_message(self, *words):
                pass

        path = f"{self.folder}/token"
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{'x' * 43}\n")
        with http.server.HTTPServer(("127.0.0.1", 0), Ear) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            here = f"http://127.0.0.1:{server.server_port}"
            command = [f"{rig.BUILD}/aggregator/lantoa", "--token-file", path, "status", "--api"]
            # nothing of it goes to a proxy, either
            rig.Outcome(subprocess.run([*command, here], capture_output=True, text=True, check=False,
                                       env={**os.environ, "http_proxy": "http://127.0.0.1:9"}))
            self.assertEqual(heard, [f"Bearer {'x' * 43}"])
            for away in (f"http://127.0.0.1.example:{server.server_port}", "http://192.0.2.1", "http://u@localhost.vn",
                         f"http://localhost:9@127.0.0.2:{server.server_port}", "http://127.0.0.1:9@192.0.2.1"):
                told = rig.run([*command, away])
                self.assertEqual(told.code, 1, told)
                self.assertIn("is not sent unencrypted to another machine", told.err)
                self.assertIn("https://HOST:PORT", told.err)
            self.assertIn("no aggregator answers", rig.run([*command, "https://127.0.0.1:9"]).err)
            self.assertEqual(len(heard), 1)
            server.shutdown()

    def test_what_is_no_token_is_refused_with_what_there_is(self):
        def add(*words):
            return self.lantoa_as("token", "add", *words, user=0, group=0)

        self.assertIn("--role viewer, operator, admin or clerk", add("a").err)
        self.assertIn("there are viewer, operator, admin and clerk", add("a", "--role", "local").err)
        self.assertIn("add --office CODE", add("a", "--role", "clerk").err)
        self.assertEqual(add("a", "--role", "clerk", "--office", "28001").code, 0)
        self.assertIn("leave --office out", add("b", "--role", "viewer", "--office", "28001").err)
        self.assertEqual(add("b", "--role", "viewer").code, 0)
        self.assertIn("choose another name", add("b", "--role", "viewer").err)
        self.assertEqual(add("b2", "--role", "viewer").code, 0)
        self.assertIn("write a day, 2027-06-30", add("c", "--role", "viewer", "--expires", "soon").err)
        self.assertEqual(add("c", "--role", "viewer", "--expires", "2099-06-30").code, 0)
        self.assertIn("give a later day", add("d", "--role", "viewer", "--expires", "2020-01-01").err)
        self.assertIn("use 1 to 32 letters", add("đ", "--role", "viewer").err)
        for words in (("list",), ("revoke", "b")):
            self.assertIn("run it with sudo", self.lantoa_as("token", *words, groups=[OPERATORS]).err)


class Rows(unittest.TestCase):
    """A route that does not say who may is no route."""

    ROW = """#include "api/call.h"
const struct action some_actions[] = {{ {{ {0} }} }};
"""

    def compiles(self, row):
        flags = self.flags()
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "some_routes.c")
            with open(source, "w", encoding="utf-8") as out:
                out.write(self.ROW.format(row))
            done = subprocess.run([*flags, "-fsyntax-only", source], capture_output=True, text=True,
                                  check=False, cwd=rig.BUILD)
        return done.returncode == 0, done.stderr

    @staticmethod
    def flags():
        """As a file of routes is compiled, but for warnings: they must not be what holds."""
        with open(os.path.join(rig.BUILD, "compile_commands.json"), encoding="utf-8") as commands:
            command = next(entry["command"] for entry in json.load(commands)
                           if entry["file"].endswith("api/query_routes.c"))
        words = command.split()
        start = next(i for i, word in enumerate(words) if re.search(r"(?:gcc|cc|clang)(?:-\d+)?$", word))
        return [words[start], *(word for word in words[start + 1:words.index("-o")]
                                if word.startswith(("-I", "-D", "-std", "/")) or word == "-isystem")]

    def test_a_row_without_a_role_does_not_compile(self):
        rest = '"GET", "/v1/some", NULL, NULL, CALL_READ, NULL, NULL, NULL'
        fine, why = self.compiles(f"ROLE_VIEWER, {rest}")
        self.assertTrue(fine, why)
        fine, why = self.compiles(rest)
        self.assertFalse(fine, why)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        unittest.main()

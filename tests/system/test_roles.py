"""Who may do what at the province: every route of its tables, asked by real peers of every kind."""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import rig

SOURCES = Path(__file__).resolve().parents[2]
VIEWERS, OPERATORS, OTHERS, NOBODY = 54101, 54102, 54103, 65534
RANKS = ["none", "viewer", "operator", "admin", "local"]

# The law, written anew beside the tables: (method, path, arguments, who may at least).
LAW = [
    ("GET", "/v1/query", "name=visits", "viewer"),
    ("GET", "/v1/completeness", "name=visits", "viewer"),
    ("GET", "/v1/quality", "", "viewer"),
    ("GET", "/v1/labels", "name=visits", "viewer"),
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
    ("POST", "/v1/messages", "", "operator"),
    ("GET", "/v1/messages", "code=28001", "viewer"),
    ("GET", "/v1/offices", "", "viewer"),
    ("POST", "/v1/offices", "", "admin"),
    ("POST", "/v1/offices", "invite=1", "local"),
    ("POST", "/v1/offices/move", "", "operator"),
    ("POST", "/v1/offices/rename", "", "operator"),
    ("POST", "/v1/offices/invite", "", "local"),
    ("POST", "/v1/offices/revoke", "", "local"),
    ("GET", "/v1/offices/heads", "", "viewer"),
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
] + [(method, f"/v1/{what}", "", role)
     for what in ("units", "successors", "catalogue", "indicators", "dimensions", "rules")
     for method, role in (("GET", "viewer"), ("PUT", "admin"))]

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
            f"viewers = {VIEWERS}\noperators = {OPERATORS}\n{more}")
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

    def lantoa_as(self, *words, user=NOBODY, group=OTHERS, groups=(), language="C.UTF-8"):
        return rig.Outcome(subprocess.run(
            [f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", *words],
            user=user, group=group, extra_groups=list(groups), capture_output=True, text=True,
            timeout=120, check=False, cwd="/", env={**os.environ, "LC_ALL": language}))

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

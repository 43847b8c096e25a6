"""The province's HTTP interface as programs see it: /api/v1."""

import json
import unittest

import rig
from test_roles import LAW, tables

CHANGES_BY_ITSELF = {"/v1/status", "/v1/backup/file"}  # counters; there is no backup


class Routes(rig.Rig):
    def ask(self, method, url, body=None, **headers):
        connection = rig.UnixConnection(self.province.socket)
        try:
            connection.request(method, url, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def test_every_route_is_beside_v1_and_under_api_v1(self):
        """And answers the same, where it asks."""
        for method, path, arguments, _ in LAW:
            url = path + (f"?{arguments}" if arguments else "")
            asked = f"{method} {url}"
            if method != "GET":
                url = f"{path}?no_such_argument=1"
                status, _, answer = self.ask(method, "/api" + url)
                self.assertEqual(status, 400, asked)
                self.assertIn(b"no_such_argument", answer, asked)
            elif path not in CHANGES_BY_ITSELF:
                before, after = self.ask(method, url), self.ask(method, "/api" + url)
                self.assertEqual(before[0], after[0], asked)
                if before[0] == 200:
                    self.assertEqual(before[2], after[2], asked)
        self.assertEqual({(method, path) for method, path, *_ in LAW}, set(tables()[0]))

    def test_nothing_else_is_under_api(self):
        for path in ("/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/query", "/api/api/v1/query", "/api/v1/query/"):
            self.assertEqual(self.ask("GET", path)[0], 404, path)


class Problems(rig.Rig):
    """RFC 9457, in the reader's language; beside /v1, which keeps its {"error": ...}."""

    ask = Routes.ask

    def problem(self, method, url, body=None, status=400, **headers):
        got, fields, answer = self.ask(method, url, body, **headers)
        asked = f"{method} {url} {body} -> {got} {fields} {answer}"
        self.assertEqual(got, status, asked)
        self.assertEqual(fields["Content-Type"], "application/problem+json", asked)
        problem = json.loads(answer)
        self.assertEqual(problem["status"], status, asked)
        self.assertRegex(problem["detail"], r"\w+ \w+", asked)
        self.assertTrue(problem["title"], asked)
        if "errors" in problem:
            self.assertTrue(problem["type"].endswith("#/components/schemas/ArgumentProblem"), asked)
            for error in problem["errors"]:
                self.assertEqual(set(error) - {"parameter", "pointer"}, {"detail"}, asked)
                self.assertEqual(len(error), 2, asked)
        else:
            self.assertEqual(problem["type"], "about:blank", asked)
        return problem

    def where(self, *question, **more):
        [error] = self.problem(*question, **more)["errors"]
        return error.get("parameter") or error["pointer"]

    def test_whoever_refuses(self):
        self.problem("GET", "/api/v1/nothing", status=404)
        self.problem("DELETE", "/api/v1/query", status=405)
        self.assertEqual(self.ask("DELETE", "/api/v1/units")[1]["Allow"], "GET, PUT")
        self.problem("PUT", "/api/v1/units", b"x" * (5 << 20), status=413)
        self.problem("GET", "/api/v1/query?" + "&".join(f"a{i}=1" for i in range(80)), status=414)
        self.problem("GET", "/api/v1/query?name=%ff")
        self.problem("GET", "/api/v1/offices?code=99999", status=404)
        self.problem("GET", "/api/v1/query?name=nothing", status=400)
        problem = self.problem("GET", "/api/v1/changes?after=1000000", status=409)
        self.assertEqual(sorted(problem), ["detail", "epoch", "position", "status", "title", "type"])
        status, fields, answer = self.ask("GET", "/v1/changes?after=1000000")
        self.assertEqual((status, fields["Content-Type"]), (409, "application/json"))
        self.assertEqual(sorted(json.loads(answer)), ["epoch", "error", "position"])

    def test_what_is_wrong_is_named(self):
        self.assertEqual(self.where("GET", "/api/v1/query?nmae=visits"), "nmae")
        self.assertEqual(self.where("GET", "/api/v1/query?name=visits&name=visits"), "name")
        self.assertEqual(self.where("GET", "/api/v1/query"), "name")
        self.assertEqual(self.where("GET", "/api/v1/query?name=visits&from=2025-13"), "from")
        self.assertEqual(self.where("GET", "/api/v1/query?name=visits&from="), "from")
        for advised in ("", "&from=2025-01"):  # left out, or given a value
            self.assertEqual(self.ask("GET", f"/api/v1/query?name=visits{advised}")[0], 200)
        self.assertEqual(self.where("GET", "/api/v1/query?name=visits&per=fortnight"), "per")
        self.assertEqual(self.where("GET", "/api/v1/query?name=visits&known=yesterday"), "known")
        self.assertEqual(self.where("GET", "/api/v1/query?name=visits&structure=2025-06"), "structure")
        self.assertEqual(self.where("GET", "/api/v1/audit?most=1000000"), "most")
        self.assertEqual(self.where("GET", f"/api/v1/query?name={'x' * 65}"), "name")
        self.assertEqual(self.where("POST", "/api/v1/offices/move", '{"code": 1}'), "#/code")
        self.assertEqual(self.where("POST", "/api/v1/offices/move", '{"unit": "1"}'), "#/code")
        self.assertEqual(self.where("POST", "/api/v1/offices/move", '{"a/b": "1"}'), "#/a~1b")
        self.assertEqual(self.where("POST", "/api/v1/offices/move",
                                    '{"code": "28001", "unit": "-", "from": "soon"}'), "#/from")
        self.assertEqual(self.where("POST", "/api/v1/closed", '{"period": ""}'), "#/period")

    def test_in_the_language_of_the_reader(self):
        english = self.problem("GET", "/api/v1/query?name=visits&per=fortnight")
        vietnamese = self.problem("GET", "/api/v1/query?name=visits&per=fortnight", **{"Accept-Language": "vi"})
        self.assertEqual(english["title"], "Bad Request")
        for key in ("title", "detail"):
            self.assertNotEqual(english[key], vietnamese[key])
        self.assertEqual(vietnamese["errors"][0]["detail"], vietnamese["detail"])
        self.assertEqual(vietnamese["errors"][0]["parameter"], "per")
        for method, url in (("GET", "/api/v1/nothing"), ("DELETE", "/api/v1/query"), ("GET", "/api/v1/query?x=1")):
            self.assertRegex(self.ask(method, url, **{"Accept-Language": "vi"})[2].decode(), "[ăâđêôơư]")


if __name__ == "__main__":
    unittest.main()

"""The province's HTTP interface as programs see it: /api/v1."""

import collections
import contextlib
import gzip
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
import unittest
import urllib.parse
from unittest import mock

import rig
from test_roles import LAW, tables

CHANGES_BY_ITSELF = {"/v1/status", "/v1/metrics"}  # its counters


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

    def test_csv_is_for_who_wants_it(self):
        for accept, csv in (("text/csv", True), ("TEXT/CSV", True), ("application/json, text/csv", True), ("*/*", False),
                            ("text/csv;q=0, application/json", False), ("application/json, text/csv;q=0.1", False),
                            ("text/csv; q=0.5, application/json;q=0.25", True), ("text/csv;q=0.000", False),
                            ("text/csvx", False), ("application/json;q=0, text/csv;q=0.001", True), (",,", False)):
            told = self.ask("GET", "/api/v1/units", Accept=accept)[1]["Content-Type"]
            self.assertEqual(told.startswith("text/csv"), csv, accept)


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
        self.assertEqual(self.where("GET", f"/api/v1/query?name={'x' * 1200}"), "name")
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


try:
    import jsonschema
except ImportError:
    jsonschema = None


class Filled(rig.Rig):
    """A province in which something of everything happened, and its document."""

    ask = Routes.ask

    def open_province(self):
        super().open_province()
        self.document = json.loads(self.ask("GET", "/api/v1/openapi.json")[2])

    def fill(self):
        province = self.province
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "visits" in agent.command("catalogue").out, "the catalogue")
        agent.record("visits=12", "--period", "2025-06-30")
        agent.record("visits=3", "--period", "2025-06-29", "--label", "desk=A")
        rig.wait_for(lambda: len(province.query("visits", by="office", **{"from": "2025-06"})) > 0 and
                     province.value("visits", **{"from": "2025-06-30"}) == 12, "figures")
        agent.record("visits=13", "--period", "2025-06-30")
        rig.wait_for(lambda: province.value("visits", **{"from": "2025-06-30"}) == 13, "a revision")
        province.put_csv("/v1/dimensions", "dimension,code,label_vi,label_en,valid_from,valid_to\n"
                         "desk,A,Bàn A,Desk A,2020-01-01,\n")
        province.put_csv("/v1/indicators", "name,label_vi,label_en,formula,unit,target_year,target_value\n"
                         "half,Nửa,Half,visits / 2,visit,2025,10\n")
        province.put_csv("/v1/rules", "name,left,op,right,severity,label_vi,label_en,from\n"
                         "b,visits.b,<=,visits,warn,B không hơn A,B is not over A,\n")
        province.post("/v1/publications", name="June", period="2025-06")
        province.post("/v1/closed", period="2025-05")
        agent.record("visits=1", "--period", "2025-05-30")
        rig.wait_for(lambda: province.get("/v1/quarantine")["rows"], "what is held")
        province.post("/v1/messages", code="28001", text="Vui lòng kiểm tra lại số liệu tháng 6.", metric="visits",
                      period="2025-06-30")
        province.post("/v1/accounts", account="unix:uid=0", shown="Lê Thị Hương")
        province.post("/v1/offices/move", code="28004", unit="-", **{"from": "2025-01-01"})
        province.post("/v1/tokens", name="reader", role="viewer")
        self.assertEqual(province.verify(), [])

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def schema(self, ref):
        return {"$ref": ref, "components": self.document["components"]}


# --- the document by itself ---

class Document(Filled):
    def test_it_has_every_route_and_every_path_of_it_is_routed(self):
        told = {(method, path): operation["x-role"] for method, path, operation in self.operations()}
        self.assertEqual(told, {(method, "/api" + path): role for (method, path), role in tables()[0].items()})
        for method, path, operation in self.operations():
            status, _, answer = self.ask(method, path + "?no_such_argument=1")
            self.assertEqual(status, 400, (method, path, answer))  # 404, 405 where it is not routed

    def refs(self, node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "$ref":
                    yield value
                else:
                    yield from self.refs(value)
        elif isinstance(node, list):
            for value in node:
                yield from self.refs(value)

    def test_its_structure(self):
        """What a linter would say."""
        document = self.document
        self.assertEqual(document["openapi"], "3.1.0")
        self.assertTrue(document["info"]["title"] and document["info"]["description"] and document["info"]["version"])
        names = [operation["operationId"] for _, _, operation in self.operations()]
        self.assertEqual(len(names), len(set(names)))
        for ref in set(self.refs(document)):
            node = document
            self.assertTrue(ref.startswith("#/"), ref)
            for part in ref[2:].split("/"):
                self.assertIn(part, node, ref)
                node = node[part]
        used = set(self.refs(document)) | {"#/components/schemas/Words"}
        for kind in ("schemas", "responses", "parameters", "headers"):
            for name in document["components"][kind]:
                self.assertIn(f"#/components/{kind}/{name}", used, "nothing refers to it")
        for method, path, operation in self.operations():
            where = f"{method} {path}"
            self.assertRegex(operation["summary"], r"^[A-Z].*[.]$", where)
            self.assertIn(operation["x-role"], ("clerk", "viewer", "operator", "admin", "local"), where)
            self.assertEqual(operation["x-role"] == "local", operation.get("x-socket-only", False), where)
            self.assertTrue(operation["security"], where)
            for parameter in operation["parameters"]:
                if "$ref" in parameter:
                    parameter = document["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]
                    self.assertEqual(parameter["in"], "header")
                    self.assertTrue(parameter["description"] and parameter["schema"], parameter)
                else:
                    self.assertTrue(parameter["description"], (where, parameter))
                    self.assert_bounded(parameter["schema"], (where, parameter["name"]))
            for status, response in operation["responses"].items():
                while "$ref" in response:
                    response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
                self.assertTrue(response["description"], (where, status))
                for media in response.get("content", {}).values():
                    self.assertTrue(media["schema"], (where, status))
                self.assertTrue("content" in response or status == "304", (where, status))
            for media in operation.get("requestBody", {}).get("content", {}).values():
                for field in media["schema"].get("properties", {}).values():
                    self.assertTrue(field["description"], (where, field))
                    self.assert_bounded(field, where)
            self.assertIn("400", operation["responses"], where)
            self.assertIn("default", operation["responses"], where)

    def assert_bounded(self, schema, where):
        """A wrong value of it can be thought of: the next test sends one."""
        self.assertTrue("enum" in schema or "maxLength" in schema or "maximum" in schema, (where, schema))
        for example in schema["examples"]:
            self.assertTrue(example or example == 0, where)
            if jsonschema:
                jsonschema.Draft202012Validator(schema).validate(example)

    @unittest.skipUnless(jsonschema, "python3-jsonschema is not installed: nobody looked at the schemas")
    def test_its_schemas_are_schemas(self):
        for name, schema in self.document["components"]["schemas"].items():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_a_linter_has_nothing_to_say(self):
        linter = next((name for name in ("vacuum", "spectral") if shutil.which(name)), None)
        if not linter:
            self.skipTest("neither vacuum nor spectral is installed: no linter looked at the document")
        path = os.path.join(self.folder, "openapi.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.document, file)
        outcome = subprocess.run([linter, "lint", "--fail-severity", "error", path], capture_output=True, text=True,
                                 check=False)
        self.assertEqual(outcome.returncode, 0, outcome)


# --- what it says is so ---

# Real questions besides LAW's, of a filled province.
QUESTIONS = [
    "/v1/query?name=visits&from=2025-06&by=district", "/v1/query?name=visits&from=2025-06&by=office&rank=1",
    "/v1/query?name=visits&from=2025-06&revisions=1", "/v1/query?name=visits&from=2025-06&by_label=desk",
    "/v1/query?name=half&from=2025-06", "/v1/query?name=visits,half&from=2025-06&by=district&total=1&versus=period", "/v1/query?name=visits&publication=June",
    "/v1/query?name=visits&from=2025-06&known=2025-07-01&structure=2025-06-01",
    "/v1/completeness?name=visits&from=2025-06&by=district", "/v1/completeness?from=2025-06",
    "/v1/completeness?from=2025-06&by=office", "/v1/completeness?from=2025-06&form=day", "/v1/excuses", "/v1/explain?name=visits&period=2025-06", "/v1/explain?name=half&period=2025-06&office=28001", "/v1/quality?from=2025-05&to=2025-06", "/v1/offices?code=28001",
    "/v1/history?name=28001", "/v1/history?name=visits", "/v1/messages?code=28001", "/v1/changes?figures=1",
    "/v1/ledger?head=1:" + 64 * "0", "/v1/offices/heads?all=1&days=2", "/v1/change",
]

# An order for each route that is no question: what it is sent, in turn.
ORDERS = [
    ("POST", "/v1/publications", {"name": "Q2", "period": "2025-Q2"}),
    ("POST", "/v1/accounts", {"account": "unix:uid=0", "shown": "Hương"}),
    ("POST", "/v1/quarantine/release", {"all": "yes"}),
    ("POST", "/v1/quarantine/release?dry_run=1", {"all": "yes"}), ("POST", "/v1/closed?dry_run=1", {"period": "2025-04"}),
    ("POST", "/v1/closed", {"period": "2025-04"}), ("POST", "/v1/closed/reopen?dry_run=1", {"period": "2025-04"}),
    ("POST", "/v1/closed/reopen", {"period": "2025-04"}),
    ("POST", "/v1/excuses?dry_run=1", {"office": "28003", "form": "month", "period": "2025-06", "reason": "Mất điện do bão"}),
    ("POST", "/v1/excuses", {"office": "28003", "form": "month", "period": "2025-06", "reason": "Mất điện do bão"}),
    ("POST", "/v1/excuses/end?dry_run=1", {"excuse": "1"}), ("POST", "/v1/excuses/end", {"excuse": "1"}),
    ("POST", "/v1/messages", {"all": "yes", "text": "Xin chào."}),
    ("POST", "/v1/offices", {"code": "28101", "name": "Office", "unit": "28003", "from": "2025-01-01"}),
    ("POST", "/v1/offices/move?dry_run=1", {"code": "28101", "unit": "28004", "from": "2025-02-01"}),
    ("POST", "/v1/offices/move", {"code": "28101", "unit": "28004", "from": "2025-02-01"}),
    ("POST", "/v1/offices/rename?dry_run=1", {"code": "28101", "name": "Another"}),
    ("POST", "/v1/offices/rename", {"code": "28101", "name": "Another"}),
    ("POST", "/v1/offices/end?dry_run=1", {"code": "28101", "on": "2026-01-01"}),
    ("POST", "/v1/offices/end", {"code": "28101", "on": "2026-01-01"}),
    ("POST", "/v1/offices/follow?dry_run=1", {"on": "2025-07-01"}), ("POST", "/v1/offices/follow", {"on": "2025-07-01"}),
    ("POST", "/v1/offices/invite", {"code": "28101"}), ("POST", "/v1/offices/revoke", {"code": "28101"}),
    ("POST", "/v1/tokens", {"name": "t", "role": "operator"}), ("POST", "/v1/tokens/revoke", {"name": "t"}),
    ("POST", "/v1/excuses", {"office": "28002", "metric": "visits", "period": "2025-06-03", "reason": "storm"}),
    ("GET", "/v1/excuses", None), ("POST", "/v1/excuses/end", {"excuse": "1"}),
    ("POST", "/v1/figures?dry_run=1", {"office": "28003", "figures": "visits=7", "period": "2025-06-02"}),
    ("POST", "/v1/figures", {"office": "28003", "figures": "visits=7", "period": "2025-06-02", "note": "by telephone"}),
    ("POST", "/v1/verify", None), ("POST", "/v1/backup", None), ("GET", "/v1/backup", None),
    ("GET", "/v1/backup/file", None),
    ("PUT", "/v1/units", rig.UNITS), ("PUT", "/v1/units?dry_run=1", rig.UNITS.replace("Phường Ba", "Phường 3")),
    ("PUT", "/v1/successors", "effective_on,old_code,new_code,share\n"),
    ("PUT", "/v1/catalogue", rig.CATALOGUE), ("PUT", "/v1/indicators?yes=1", "name,label_vi,label_en,formula,unit,target_year,target_value\n"),
    ("PUT", "/v1/calendar?yes=1", "from,to,kind,name_vi,name_en\n2025-06-30,,off,Nghỉ,Off\n"),
    ("PUT", "/v1/maps?dry_run=1", "code,col,row\n28001,0,0\n"),
    ("PUT", "/v1/maps?structure=2025-06-01", "code,col,row\n28001,0,0\n28002,1,0\n"),
    ("GET", "/v1/map", None), ("GET", "/v1/maps", None), ("GET", "/v1/maps/file?kind=tiles&valid_from=1976-01-01", None),
    ("POST", "/v1/maps/remove", {"kind": "tiles", "valid_from": "1976-01-01"}),
    ("PUT", "/v1/dimensions?yes=1", "dimension,code,label_vi,label_en,valid_from,valid_to\n"),
    ("PUT", "/v1/rules?yes=1", "name,left,op,right,severity,label_vi,label_en,from\n"),
]
MAY_BE_REFUSED = {("POST", "/v1/change/cancel")}  # nothing is under way


@unittest.skipUnless(jsonschema, "python3-jsonschema is not installed: no answer was held against its schema")
class Answers(Filled):
    def validate(self, method, url, status, fields, answer):
        path = url.split("?")[0]
        response = self.document["paths"][path][method.lower()]["responses"].get(str(status))
        asked = f"{method} {url} -> {status} {answer[:600]}"
        self.assertIsNotNone(response, asked)
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
        media = fields["Content-Type"].split(";")[0]
        self.assertIn(media, response["content"], asked)
        schema = response["content"][media]["schema"]
        if media.endswith("json"):
            validator = jsonschema.Draft202012Validator({**schema, "components": self.document["components"]})
            if error := jsonschema.exceptions.best_match(validator.iter_errors(json.loads(answer))):
                near = [f"{list(other.absolute_path)}: {other.message[:300]}" for other in error.context or [error]]
                with self.subTest(asked[:120]):
                    self.fail("\n".join([error.message[-200:], *near]))

    def test_real_answers_are_as_it_says(self):
        self.fill()
        seen = set()
        asked = [("GET", url, None) for url in QUESTIONS]
        asked += [("GET", path + (f"?{arguments}" if arguments else ""), None)
                  for method, path, arguments, _ in LAW if method == "GET"]
        for method, url, body in asked + ORDERS:
            sent = json.dumps(body) if isinstance(body, dict) else body and body.encode()
            headers = {"Content-Type": "text/csv", "If-Match": "*"} if isinstance(body, str) else {}
            status, fields, answer = self.ask(method, "/api" + url, sent, **headers)
            if url == "/v1/backup" and method == "GET" and status == 200:
                while b"progress" in answer:
                    status, fields, answer = self.ask("GET", "/api/v1/backup")
            if status in (200, 202):
                seen.add((method, url.split("?")[0]))
            else:
                self.assertIn(status, (400, 404, 409), (method, url, answer))
            self.validate(method, "/api" + url, status if status in (200, 202) else "default", fields, answer)
        lacking = {(method, path) for method, path, *_ in LAW} - seen - MAY_BE_REFUSED
        self.assertEqual(lacking, set(), "no real answer of these was seen: add one to ORDERS or QUESTIONS")

    def test_what_has_rows_can_be_had_as_csv(self):
        self.fill()
        for url in QUESTIONS:
            path = "/api" + url.split("?")[0]
            told = "text/csv" in self.document["paths"][path]["get"]["responses"]["200"]["content"]
            status, fields, answer = self.ask("GET", "/api" + url, Accept="text/csv")
            self.assertEqual(status, 200, (url, answer))
            self.assertEqual(fields["Content-Type"].startswith("text/csv"), told, url)


# --- lists that go on ---

class Maps(rig.Rig):
    def test_a_map_is_exported_and_is_the_same_when_it_is_imported(self):
        def square(west):
            return [[[west, 10], [west + 0.1, 10], [west + 0.1, 10.1], [west, 10.1], [west, 10]]]

        tiles = f"{self.folder}/tiles.csv"
        with open(tiles, "w", encoding="utf-8") as file:
            file.write("code,col,row\n28002,1,0\n28001,0,3\n28003,2,0\n28004,3,0\n")
        borders = f"{self.folder}/borders.json"
        with open(borders, "w", encoding="utf-8") as file:
            json.dump({"type": "FeatureCollection", "features": [
                {"type": "Feature", "id": code, "geometry": {"type": "Polygon", "coordinates": square(106 + n / 10)}}
                for n, code in enumerate(rig.COMMUNES)]}, file)
        for kind, path in (("tiles", tiles), ("borders", borders)):
            self.assertEqual(self.lantoa("map", "import", path).out, "4 units were placed on the map.\n")
            listed = self.lantoa("map", "list", "--format", "csv").out
            told = self.lantoa("map", "export", kind, "1976-01-01")
            self.assertEqual(told.code, 0, told)
            with open(path, "w", encoding="utf-8") as file:
                file.write(told.out)
            self.assertEqual(self.lantoa("map", "import", path, "--structure", "1976-01-01").out,
                             "0 units were placed on the map.\n")
            self.assertEqual(self.lantoa("map", "list", "--format", "csv").out, listed)
        self.assertEqual({feature["properties"]["name"] for feature in json.loads(told.out)["features"]},
                         {"Phường Một", "Phường Hai", "Phường Ba", "Phường Bốn"})
        for words, said in ((("tiles", "1975-01-01"), "there is no map of tiles that stands from 1975-01-01 on"),
                            (("hills", "1976-01-01"), "a map is of tiles or borders, not 'hills'"),
                            (("tiles", "1976-01-01", "--format", "csv"), "leave --format out")):
            refused = self.lantoa("map", "export", *words)
            self.assertEqual((refused.code, refused.out), (1, ""), refused)
            self.assertIn(said, refused.err)


class Pages(Filled):
    def walk(self, url, key):
        """All rows, two at a time, by the header alone; and by the answer."""
        rows, at, n = [], f"/api{url}{'&' if '?' in url else '?'}most=2", 0
        while at:
            n += 1
            status, fields, body = self.ask("GET", at)
            self.assertEqual(status, 200, body)
            answer = json.loads(body)
            self.assertLessEqual(len(answer["rows"]), 2)
            rows += answer["rows"]
            link = re.fullmatch(r'<(/api/v1/\S+)>; rel="next"', fields.get("Link", ""))
            told = answer.get(key, {}).get("next")
            self.assertEqual(bool(link), bool(told), (at, fields, answer))
            _, csv, _ = self.ask("GET", at, Accept="text/csv")
            self.assertEqual(csv.get("Link"), fields.get("Link"))
            at = link and link[1]
            self.assertEqual(at and urllib.parse.parse_qs(urllib.parse.urlparse(at).query)["before"], told and [told])
        self.assertGreater(n, 1)
        return rows

    def test_each_list_can_be_walked_to_its_end(self):
        self.fill()
        agent = self.agents["28001"]
        for day in range(1, 6):
            agent.record(f"visits={day}", "--period", f"2025-05-{day:02}")
            self.province.post("/v1/messages", code="28001", text=f"Tin {day}.")
        rig.wait_for(lambda: len(self.province.get("/v1/quarantine")["rows"]) == 6, "what is held")
        for url, key in (("/v1/audit", "list"), ("/v1/quarantine", "list"), ("/v1/messages?code=28001", "list"),
                         ("/v1/history?name=28001", "history")):
            whole = json.loads(self.ask("GET", "/api" + url)[2])
            self.assertNotIn("next", whole.get(key, {}))
            if key == "list":
                self.assertEqual(self.walk(url, key), whole["rows"])
        self.assertIn("There is more", self.lantoa("audit", "--most", "2").out)
        more = self.lantoa("quarantine", "list", "--most", "2")
        [at] = re.findall(r"go on with --before:? +(\S+)", more.out)
        self.assertNotEqual(self.lantoa("quarantine", "list", "--most", "2", "--before", at).out, more.out)
        self.assertNotIn("There is more", self.lantoa("office", "messages", "28001").out)
        self.assertEqual(self.ask("GET", "/v1/quarantine?before=1:2")[0], 400)


# --- long answers ---

class Long(rig.Rig):
    """Rows without end: no memory, no reader that is held up, and a client that sees whether it has all."""

    ask = Routes.ask
    long = "/api/v1/query?name=hours&per=hour&by=commune&from=2025-01&to=2025-05"

    def open_province(self):
        """Sanitizers keep what is freed for a while; that is not what is measured here."""
        with mock.patch.dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"):
            super().open_province()

    def spilled(self):
        """Files without a name that the daemon has open."""
        folder = f"/proc/{self.province.process.child.pid}/fd"
        names = []
        for fd in os.listdir(folder):
            with contextlib.suppress(OSError):
                names.append(os.readlink(os.path.join(folder, fd)))
        return [name for name in names if name.startswith(self.province.folder) and name.endswith("(deleted)")]

    def memory_kib(self):
        with open(f"/proc/{self.province.process.child.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    def test_it_is_whole_in_each_form_and_coding(self):
        status, fields, plain = self.ask("GET", self.long)
        self.assertEqual(status, 200, plain[:500])
        rows = json.loads(plain)["rows"]
        self.assertEqual(len(rows), 151 * 24 * 4)
        self.assertEqual(int(fields["Content-Length"]), len(plain))
        self.assertGreater(len(plain), 4 << 20)  # it was in a file
        self.assertNotIn("Content-Encoding", fields)
        status, packed_fields, packed = self.ask("GET", self.long, **{"Accept-Encoding": "br, gzip;q=0.5"})
        self.assertEqual((status, packed_fields["Content-Encoding"]), (200, "gzip"))
        self.assertLess(len(packed), len(plain) / 8)
        self.assertEqual(gzip.decompress(packed), plain)
        self.assertEqual(packed_fields["ETag"], fields["ETag"][:-1] + '-gz"')
        for tag in (fields["ETag"], packed_fields["ETag"]):
            self.assertEqual(self.ask("GET", self.long, **{"If-None-Match": tag, "Accept-Encoding": "gzip"})[0], 304)
        _, _, csv = self.ask("GET", self.long, Accept="text/csv")
        self.assertEqual(csv.count(b"\n"), len(rows) + 1)
        short = "/api/v1/query?name=hours&per=hour&by=commune&from=2025-01-01"
        self.assertEqual(json.loads(self.ask("GET", short)[2])["rows"], rows[:96])
        for coding in ("gzip;q=0", "identity", "deflate"):
            self.assertNotIn("Content-Encoding", self.ask("GET", short, **{"Accept-Encoding": coding})[1])
        self.assertEqual(self.ask("GET", "/api/v1/status", **{"Accept-Encoding": "gzip"})[0], 200)
        self.assertEqual(self.spilled(), [])

    def test_who_takes_it_slowly_holds_up_nobody(self):
        connection = rig.UnixConnection(self.province.socket)
        self.addCleanup(connection.close)
        connection.connect()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.request("GET", self.long)
        answer = connection.getresponse()
        begin = answer.read(1000)
        rig.wait_for(lambda: self.province.status()["disk"]["oldest_read_s"] == 0, "the reader is free")
        self.assertEqual(len(self.spilled()), 1)
        before = self.memory_kib()
        others = [rig.UnixConnection(self.province.socket) for _ in range(4)]
        for other in others:
            self.addCleanup(other.close)
            other.request("GET", self.long)
            self.assertEqual(other.getresponse().status, 200)
        self.assertEqual(len(self.spilled()), 5)
        self.assertLess(self.memory_kib() - before, 30 << 10)  # of answers of some 40 MB together
        for other in others:
            other.close()
        self.province.post("/v1/closed", period="2024-01")  # and the ledger goes on
        rest = answer.read()
        self.assertEqual(json.loads(begin + rest)["rows"][-1]["period"], "2025-05-31T23")
        connection.close()
        rig.wait_for(lambda: self.spilled() == [], "the disk's room is given back")

    def test_an_answer_that_is_cut_is_seen_to_be(self):
        connection = rig.UnixConnection(self.province.socket)
        connection.request("GET", self.long)
        answer = connection.getresponse()
        begin = answer.read(1000)
        self.province.process.kill()
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            rest = answer.read()
            self.fail(len(begin + rest))
        connection.close()


# --- tags ---

class Tags(Filled):
    """As long as a tag is the same, so is the answer."""

    asked = [(url, form, language)
             for url in QUESTIONS + ["/v1/units", "/v1/catalogue", "/v1/indicators", "/v1/dimensions", "/v1/rules", "/v1/calendar",
                                     "/v1/map", "/v1/map?structure=2025-06-01", "/v1/map?kind=borders", "/v1/maps",
                                     "/v1/successors", "/v1/audit", "/v1/audit?most=2", "/v1/accounts", "/v1/closed",
                                     "/v1/publications", "/v1/labels?name=visits", "/v1/quarantine", "/v1/ledger", "/v1/excuses",
                                     "/v1/query?name=visits&by=office", "/v1/openapi.json"]
             for form in ("application/json", "text/csv") for language in ("en", "vi")]

    def question(self, url, form, language, tag=None):
        headers = {"Accept": form, "Accept-Language": language}
        status, fields, body = self.ask("GET", "/api" + url, **headers, **({"If-None-Match": tag} if tag else {}))
        if tag and status == 304:
            self.assertEqual(body, b"")
            self.assertNotIn("Content-Type", fields)
            self.assertIn(fields["ETag"], tag)
        if "ETag" in fields:
            self.assertEqual(fields["Cache-Control"], "private, no-cache")
            self.assertIn("Accept-Language", fields["Vary"])
        else:
            self.assertEqual(fields["Cache-Control"], "no-store")
        return status, fields.get("ETag"), body

    def acts(self, chance, agent):
        province = self.province
        day = f"2025-06-{chance.randint(1, 30):02}"
        unit = chance.choice(["28001", "28002", "28003", "-"])
        name = f"n{chance.randint(0, 10**9)}"
        return {
            "record": lambda: agent.record(f"visits={chance.randint(0, 99)}", "--period", day),
            "same": lambda: None,
            "move": lambda: province.post("/v1/offices/move", code="28004", unit=unit, **{"from": day}),
            "rename": lambda: province.post("/v1/offices/rename", code="28003", name=name),
            "add": lambda: province.post("/v1/offices", code=name, name=name, unit="28002", **{"from": day}),
            "units": lambda: province.put_csv("/v1/units", rig.UNITS.replace("Phường Ba", f"Phường {name}")),
            "catalogue": lambda: province.put_csv("/v1/catalogue", rig.CATALOGUE.replace("Visits,", f"Visits {name},")),
            "close": lambda: province.post("/v1/closed", period=f"2024-{chance.randint(1, 12):02}"),
            "release": lambda: province.post("/v1/quarantine/release", all="yes", closed="yes"),
            "publish": lambda: province.post("/v1/publications", name=name, period="2025-06"),
            "message": lambda: province.post("/v1/messages", code="28001", text=name),
            "account": lambda: province.post("/v1/accounts", account="unix:uid=0", shown=name),
            "token": lambda: province.post("/v1/tokens", name=name, role="viewer"),
            "telephone": lambda: province.post("/v1/figures", office="28003", figures="visits=1", period=day),
            "excuse": lambda: province.post("/v1/excuses", office="28002", metric="visits", period=day, reason=name),
            "invite": lambda: province.post("/v1/offices/invite", code="28002"),
            "excuse": lambda: province.post("/v1/excuses", office="28002", metric="visits", period=day, reason=name),
            "excuse taken back": lambda: province.post("/v1/excuses/end", excuse=str(chance.randint(1, 3))),
            "by telephone": lambda: province.post("/v1/figures", office=chance.choice(["28001", "28002"]), period=day,
                                                  figures=f"visits={chance.randint(0, 99)}", note=name),
            "by telephone, withdrawn": lambda: province.post("/v1/figures", office="28001", period=day, figures="visits=-"),
            "tried": lambda: province.call("POST", "/v1/figures?dry_run=1", json.dumps(
                {"office": "28001", "period": day, "figures": "visits=7"}), "application/json"),
            "reopen": lambda: province.post("/v1/closed/reopen", period="2025-05"),
            "token revoked": lambda: province.post("/v1/tokens/revoke", name="reader"),
            "codes": lambda: province.put_csv("/v1/dimensions", "dimension,code,label_vi,label_en,valid_from,valid_to\n"
                                              f"desk,A,Bàn {name},Desk {name},2020-01-01,\n"),
            "rules": lambda: province.put_csv("/v1/rules", "name,left,op,right,severity,label_vi,label_en,from\n"
                                              f"b,visits.b,<=,visits,warn,B {name},B {name},\n"),
            "map": lambda: province.put_csv("/v1/maps", f"code,col,row\n28001,{chance.randint(0, 9)},0\n"),
            "indicators": lambda: province.put_csv(
                "/v1/indicators", "name,label_vi,label_en,formula,unit,target_year,target_value\n"
                f"half,Nửa,Half,visits / {chance.randint(2, 9)},visit,2025,10\n"),
            "grain": lambda: province.put_csv("/v1/catalogue?yes=1", rig.CATALOGUE + chance.choice(
                ["", "n1,N,N,x,flow,sum,sum,minute,,0,0,commune,1,0,\n"])),
            "verify": province.verify,
        }

    def test_whatever_happens(self):
        chance = random.Random(rig.seed())
        self.fill()
        agent = self.agents["28001"]
        known, last, counts = {}, {}, collections.Counter()
        for step in range(16):
            acts = self.acts(chance, agent)
            what = chance.choice(sorted(acts))
            with contextlib.suppress(rig.Refusal):  # it was so already
                acts[what]()
            for question in chance.sample(self.asked, len(self.asked) // 2):
                status, tag, body = self.question(*question, last.get(question))
                self.assertIn(status, (200, 304), (question, body))
                counts[status] += 1
                if status == 304:  # it would have been the same, unless something came meanwhile
                    _, tag, body = self.question(*question)
                    counts["checked"] += tag == last[question]
                if tag:
                    of, was = known.setdefault(tag, (question, body))
                    self.assertEqual(was, body, (step, what, question, of))
                    last[question] = tag
        self.assertGreater(counts[200], 100)
        self.assertGreater(counts[304], 20, counts)
        self.assertGreater(counts["checked"], 20, counts)
        tagged = {url.split("?")[0] for url, _, _ in last}
        told = {path.removeprefix("/api") for method, path, operation in self.operations()
                if method == "GET" and "304" in operation["responses"]}
        self.assertEqual(tagged, told)

    def test_one_for_each_language_form_and_question_and_role(self):
        self.fill()
        tags = [self.question(*question)[1] for question in self.asked if question[0].startswith("/v1/query")]
        self.assertEqual(len(tags), len(set(tags)))
        tag = self.question("/v1/query?name=visits&from=2025-06", "application/json", "en")[1]
        self.assertEqual(self.question("/v1/query?from=2025-06&name=visits", "application/json", "en", tag)[0], 304)
        self.assertEqual(self.question("/v1/query?name=visits&from=2025-06", "application/json", "en",
                                       f'"x", W/"y", {tag}')[0:2], (304, tag))

    def test_an_import_names_the_edition_that_it_changes(self):
        document = "/api/v1/dimensions"
        first = "dimension,code,label_vi,label_en,valid_from,valid_to\ndesk,A,Bàn A,Desk A,2020-01-01,\n"
        second = first.replace("Desk A", "Desk Alpha")
        send = lambda text, **headers: self.ask("PUT", document, text.encode(), **{"Content-Type": "text/csv", **headers})
        status, fields, answer = send(first)
        self.assertEqual((status, fields["Content-Type"]), (428, "application/problem+json"), answer)
        self.assertIn("If-Match", json.loads(answer)["detail"])
        tags = [self.ask("GET", document, Accept=form)[1]["ETag"] for form in ("text/csv", "application/json")]
        self.assertNotEqual(*tags)
        status, fields, answer = send(first, **{"If-Match": tags[0]})
        self.assertEqual(status, 200, answer)
        for tag in tags:
            status, fields, answer = send(second, **{"If-Match": tag})
            self.assertEqual((status, json.loads(answer)["status"]), (412, 412))
        self.province.post("/v1/closed", period="2024-01")  # what else happens is no change of the document
        tag = self.ask("GET", document)[1]["ETag"]
        self.assertEqual(send(second, **{"If-Match": f'"no", {tag}'})[0], 200)
        self.assertEqual(send(second, **{"If-Match": "*"})[0], 200)
        self.assertEqual(self.ask("PUT", document + "?dry_run=1", first.encode())[0], 200)
        self.assertEqual(self.ask("PUT", "/v1/dimensions", first.encode())[0], 200)  # the command's
        self.assertEqual(self.lantoa("dimensions", "export").out, first)

    def test_no_document_is_replaced_unread(self):
        documents = [path for method, path, operation in self.operations() if method == "PUT"]
        self.assertIn("/api/v1/calendar", documents)
        for path in documents:
            with self.subTest(path=path):
                self.assertIn("ETag", self.ask("GET", path)[1])
                self.assertEqual(self.ask("PUT", path, b"x", **{"Content-Type": "text/csv"})[0], 428)


def wrong_values(schema):
    """(what is wrong with it, a value) for a schema."""
    if schema["type"] == "integer":
        yield "no number", "x"
        yield "too large", str(schema["maximum"] + 1)
        if schema["minimum"] > 0:
            yield "too small", str(schema["minimum"] - 1)
        yield "a fraction", "1.5"
    if "enum" in schema:
        yield "an unknown word", "fortnight"
        yield "two words", " ".join(schema["enum"][:2]) if len(schema["enum"]) > 1 else "x y"
    if "pattern" in schema:
        yield "another form", "2025-6-1?"
        yield "another word", "yesterday"
    if "maxLength" in schema:
        yield "too long", "1" * (schema["maxLength"] + 1)
    yield "empty", ""


class WrongArguments(Filled):
    """Each argument and field of the document, with each wrong value that its schema tells."""

    problem = Problems.problem

    def test_in_the_address(self):
        n = 0
        for method, path, operation in self.operations():
            given = {p["name"]: str(p["schema"]["examples"][0]) for p in operation["parameters"]
                     if "name" in p and p["required"]}
            for parameter in operation["parameters"]:
                if "name" not in parameter:
                    continue
                name = parameter["name"]
                for what, value in wrong_values(parameter["schema"]):
                    n += 1
                    url = f"{path}?{urllib.parse.urlencode({**given, name: value})}"
                    problem = self.problem(method, url)
                    self.assertEqual([error.get("parameter") for error in problem["errors"]], [name], (what, url, problem))
                url = f"{path}?{urllib.parse.urlencode({**given, name: 'x'})}&{name}=x"
                self.assertEqual(self.problem(method, url)["errors"][0]["parameter"], name)
                if parameter["required"]:
                    others = {key: value for key, value in given.items() if key != name}
                    url = f"{path}?{urllib.parse.urlencode(others)}"
                    self.assertEqual(self.problem(method, url)["errors"][0]["parameter"], name)
            self.assertEqual(self.problem(method, f"{path}?nmae=1")["errors"][0]["parameter"], "nmae")
        self.assertGreater(n, 200)

    def test_in_the_body(self):
        n = 0
        for method, path, operation in self.operations():
            fields = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if not fields:
                continue
            given = {name: fields["properties"][name]["examples"][0] for name in fields["required"]}
            for name, schema in fields["properties"].items():
                wrong = [*wrong_values(schema), ("a number", 1), ("an object", {})]
                for what, value in wrong:
                    n += 1
                    problem = self.problem(method, path, json.dumps({**given, name: value}))
                    self.assertEqual([error.get("pointer") for error in problem["errors"]], [f"#/{name}"],
                                     (what, method, path, name, value, problem))
            for name in given:
                body = {key: value for key, value in given.items() if key != name}
                self.assertEqual(self.problem(method, path, json.dumps(body))["errors"][0]["pointer"], f"#/{name}")
            self.assertEqual(self.problem(method, path, '{"nmae": "1"}')["errors"][0]["pointer"], "#/nmae")
        self.assertGreater(n, 100)


if __name__ == "__main__":
    unittest.main()

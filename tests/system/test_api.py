"""The province's HTTP interface as programs see it: /api/v1."""

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


if __name__ == "__main__":
    unittest.main()

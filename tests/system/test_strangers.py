"""Programs of the same machine that know no manners, at each port that speaks HTTP: the clerk's page, the
agent's port with the token, its socket, the province's socket. Whoever asks beside them is answered, and
memory stays within what is said. Nothing is asserted by the clock: who is kept out waits for a minute,
and nobody here is that patient."""

import http.client
import json
import os
import re
import resource
import socket
import threading
import unittest

import rig

PATIENCE_S = 40  # less than the minute that a silent connection may take
FIGURES = "/v1/observations"
BODY_MAX = 4 * 1024 * 1024


class Strangers(rig.Rig):
    offices = ["28001"]

    def open_province(self):
        os.environ["ASAN_OPTIONS"] = "quarantine_size_mb=4"  # or what was freed stays counted
        self.addCleanup(os.environ.pop, "ASAN_OPTIONS")
        files = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, files[1]), files[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, files)
        super().open_province()
        self.office = self.agent("28001")
        self.office.write_conf("[http]\nlisten = 127.0.0.1:0\n", page="127.0.0.1:0")
        self.office.start()
        rig.wait_for(lambda: json.loads(self.office.command("status", "--json").out)["metrics"] > 0,
                     "the catalogue")
        log = self.office.process.logged
        page = int(log(r"page: serving address=http://127.0.0.1:(\d+)/").group(1))
        port = int(log(r"api: listening address=127.0.0.1:(\d+)").group(1))
        self.token = self.office.command("token").out.strip()
        self.open = []
        self.addCleanup(self.let_go)
        self.socket = f"{self.office.folder}/agent.sock"
        self.doors = {"page": (("127.0.0.1", page), "/", 200), "port": (("127.0.0.1", port), "/", 404),
                      "socket": (self.socket, "/v1/status", 200),
                      "province": (self.province.socket, "/v1/status", 200)}

    def let_go(self):
        for there in self.open:
            there.close()
        self.open = []

    def connect(self, address):
        made = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.open.append(made)
        made.connect(address)  # with a timeout it would not wait for a place in the kernel's queue
        made.settimeout(PATIENCE_S)
        return made

    def ask(self, address, path, method="GET", body=None, **headers):
        connection = http.client.HTTPConnection("localhost", timeout=PATIENCE_S)
        connection.sock = self.connect(address)
        connection.request(method, path, body, {"Connection": "close", **headers})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.sock = None
        self.open.pop().close()
        return answer.status, text

    def assert_open(self):
        for name, (address, path, status) in self.doors.items():
            with self.subTest(door=name):
                self.assertEqual(self.ask(address, path)[0], status)

    def memory_mib(self, process, what):
        with open(f"/proc/{process.child.pid}/status", encoding="ascii") as status:
            return int(re.search(rf"{what}:\s+(\d+) kB", status.read()).group(1)) / 1024

    def grown_mib(self, process, act):
        """By how much the most that @process ever took rises while @act()."""
        with open(f"/proc/{process.child.pid}/clear_refs", "w", encoding="ascii") as clear:
            clear.write("5")  # the peak begins anew
        before = self.memory_mib(process, "VmRSS")
        act()
        grown = self.memory_mib(process, "VmHWM") - before
        print(f"{self.id()}: {grown:.0f} MiB more", flush=True)
        return grown

    # who is there and says nothing

    def test_silent_connections_keep_nobody_out(self):
        for address, _, _ in self.doors.values():
            for n in range(1000):
                self.connect(address)
                if n in (16, 200):
                    self.assert_open()
            self.assert_open()
            self.let_go()

    def test_half_requests_that_hang_up_leave_every_port_open(self):
        for address, path, _ in self.doors.values():
            half = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Le".encode()
            for _ in range(200):
                self.connect(address).sendall(half)
            self.let_go()
        self.assert_open()

    def test_bodies_that_trickle_keep_nobody_out(self):
        head = "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
        token = f"Authorization: Bearer {self.token}\r\n"
        for name, path in (("page", "/form"), ("port", FIGURES), ("socket", FIGURES),
                           ("province", "/v1/closed")):
            for _ in range(160 if name == "province" else 24):
                stranger = self.connect(self.doors[name][0])
                stranger.sendall((head % path + token + "\r\n{").encode())
        self.assert_open()

    # what bodies may cost

    def test_json_costs_what_is_said(self):
        """Under sanitizers, with the dearest shapes that jansson took 323 and 1,266 MiB for."""
        def dear(shape, most):
            return '{"observations":[' + ",".join([shape] * ((most - 20) // (len(shape) + 1))) + "]}"
        strangers = [dear(shape, BODY_MAX) for shape in ("[]", "{}", '{"a":{}}', "1")]

        def all_at_once():
            said = []
            threads = [threading.Thread(target=lambda body=body: said.append(self.ask_alone(body)))
                       for body in strangers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for status, text in said:
                self.assertIn(status, (413, 503))
                self.assertIn("in parts" if status == 413 else "try again", json.loads(text)["error"])
        self.assertLess(self.grown_mib(self.office.process, all_at_once), 80)

        def province():
            for path, most in (("/v1/closed", 400000), ("/v1/offices", 3 * BODY_MAX // 4),
                               ("/v1/offices", 4 * BODY_MAX)):
                status, text = self.ask(self.province.socket, path, "POST", dear("[]", most))
                self.assertEqual(status, 413, text)
        self.assertLess(self.grown_mib(self.province.process, province), 40)

    def ask_alone(self, body):
        connection = rig.UnixConnection(self.socket)
        try:
            connection.request("POST", FIGURES, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def test_who_has_no_token_is_refused_before_his_body(self):
        address = self.doors["port"][0]

        def knock():
            for _ in range(4):
                status, text = self.ask(address, FIGURES, "POST", "x" * BODY_MAX,
                                        Authorization="Bearer wrong")
                self.assertEqual(status, 401, text)
        self.assertLess(self.grown_mib(self.office.process, knock), 6)
        # and hears so before he sends it, if he asks
        there = self.connect(address)
        there.sendall(f"POST {FIGURES} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
                      "Expect: 100-continue\r\n\r\n".encode())
        self.assertIn(b" 401 ", there.recv(4096).split(b"\r\n")[0])

    # what is said

    def figures(self, value, more=""):
        return ('{"observations": [{"metric": "visits", "period": "2025-06-30", "value": %s%s}]}'
                % (value, more))

    def test_a_figure_is_taken_as_it_is_written_or_refused(self):
        for value, more in (("1.00000000000000001", ""), ("1e400", ""), ("9223372036854775808", ""),
                            ("1", ', "labels": {"desk": "a\\u0000b"}'), ("1", ', "value": 2'),
                            ("1", ', "labels": {"desk": "a", "desk": "b"}'),
                            ('"1\\u0000"', "")):
            status, text = self.ask(self.socket, FIGURES, "POST", self.figures(value, more))
            self.assertEqual(status, 400, (value, more, text))
        for value in ("8.0", "8", "0.8e1"):
            status, text = self.ask(self.socket, FIGURES, "POST", self.figures(value))
            self.assertEqual(status, 200, text)
        self.assertIn("8", self.office.command("spool", "export").out)

    def test_what_does_not_fit_is_its_senders_and_tells_no_path(self):
        address = self.doors["port"][0]
        token = {"Authorization": f"bearer {self.token}"}
        status, text = self.ask(address, FIGURES, "POST", self.figures(2 ** 63 - 1), **token)
        self.assertEqual(status, 200, text)
        status, text = self.ask(address, FIGURES, "POST", self.figures(1, ', "add": true'), **token)
        self.assertEqual(status, 400, text)
        self.assertNotIn(self.folder, text)
        self.assertIn("64 bit", text)

    def test_an_address_means_what_it_says(self):
        self.assertEqual(self.ask(self.socket, "/v1/status%00x")[0], 404)
        self.assertEqual(self.ask(self.province.socket, "/v1/query?name=%FF")[0], 400)
        status, text = self.ask(self.province.socket, "/v1/query?name=visits%00x")
        self.assertEqual(status, 400, text)
        self.assertIn("visits%00x", text)
        for name, path in (("page", "/form?period=2025-06&calender=report"), ("page", "/?form=2025-06"),
                           ("socket", "/v1/status?json=1"), ("province", "/v1/units?code=82"),
                           ("province", "/v1/query?name=visits&form=2025-06"),
                           ("province", "/v1/query?name=visits&from=2025-06&from=2025-07")):
            status, text = self.ask(self.doors[name][0], path)
            self.assertEqual(status, 400, (path, text))
            self.assertIn("argument", json.loads(text)["error"])
        for name, path, order in (("socket", "/v1/clock", {"start": 1, "started": "2025-06-30", "drpo": True}),
                                  ("socket", "/v1/clock", {"start": 1, "started": "2025-06-30", "drop": True}),
                                  ("province", "/v1/offices/move", {"code": "28001", "unit": "28002", "fron": "2025"}),
                                  ("province", "/v1/verify", {"repair": "1"})):
            status, text = self.ask(self.doors[name][0], path, "POST", json.dumps(order))
            self.assertEqual(status, 400, (path, text))

    def test_another_server_is_no_province(self):
        """What it answers is neither an empty table nor for the terminal."""
        path = f"{self.folder}/another.sock"
        listening = socket.socket(socket.AF_UNIX)
        self.open.append(listening)
        listening.bind(path)
        listening.listen()

        def serve(kind, body):
            there = listening.accept()[0]
            there.recv(4096)
            there.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
                          .encode() + body)
            there.close()
        for words in (("office", "list"), ("units", "export"), ("query", "visits", "--format", "json")):
            for kind, body in (("text/html", b"<p>hello</p>"), ("text/csv", b"code\n\x1b[2J\n"),
                               ("text/csv", b"code\n\xff\n"), ("text/csv", b"code\n\xe1\xbb"), ("application/json", b'{"rows": []}\0')):
                server = threading.Thread(target=serve, args=(kind, body))
                server.start()
                done = rig.run([f"{rig.BUILD}/aggregator/lantoa", "--api", f"unix:{path}", *words])
                server.join()
                self.assertEqual((done.code, done.out), (1, ""), (words, kind, body))
                self.assertIn("is not what an aggregator answers", done.err)


if __name__ == "__main__":
    unittest.main()

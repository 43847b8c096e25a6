"""Two hosted offices behind a real nginx, set up by the lines of lantoa-agent(8): a clerk of each in a real Chromium.

Screenshots go to BUILD_DIR/tests/browser for people to look at."""

import base64
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import unittest

import rig
from page_rig import SHOTS, PageRig, month
from webdriver import TAB

MANUAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../agent/lantoa-agent.8")
CLERKS = {"28001": ("Nguyễn Thị Hoa", "chim-én"), "28002": ("lan", "mưa rào")}
AROUND = """{user}
pid {folder}/nginx.pid;
events {{ }}
http {{
access_log off;
client_body_temp_path {folder}/body; proxy_temp_path {folder}/temp; fastcgi_temp_path {folder}/f;
uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{server}
}}
"""


class Hosted(rig.Agent):
    """By its code, and by places that a test may write."""

    def args(self, *words):
        command, *rest = super().args(*words)
        return [command, "--office", self.code, *rest]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@unittest.skipUnless(shutil.which("nginx") and shutil.which("openssl"), "nginx-light and openssl are not installed")
class Proxy(PageRig):
    def setUp(self):
        rig.Rig.setUp(self)
        os.makedirs(SHOTS, exist_ok=True)
        self.browsers = []
        self.addCleanup(self.close_browsers)
        self.port = free_port()
        self.host = f"localhost:{self.port}"
        self.passwords = os.path.join(self.folder, "passwords")
        os.makedirs(self.passwords)
        for code, (name, password) in CLERKS.items():
            office = self.agents[code] = Hosted(self, code)
            self.assertEqual(office.command("enrol", self.province.invite(code).line).code, 0)
            office.write_conf(page=f"\nsocket = {office.folder}/page.sock\nhost = {self.host}\nauthor_header = X-Remote-User")
            office.start()
            office.process.logged("page: serving socket=")
            rig.wait_for(lambda o=office: self.metric in o.command("catalogue").out, "the catalogue")
            done = subprocess.run(["openssl", "passwd", "-6", password], check=True, capture_output=True, text=True)
            with open(os.path.join(self.passwords, code), "w", encoding="utf-8") as file:
                file.write(f"{name}:{done.stdout}")
        self.start_nginx()

    def start_nginx(self):
        """The manual's server, but for where things are."""
        with open(MANUAL, encoding="utf-8") as manual:
            server = re.search(r"^\.Bd[^\n]*\n(server \{.*?)^\.Ed", manual.read(), re.S | re.M)[1]
        places = {"listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
                  "/etc/ssl/certs/figures.pem": f"{self.folder}/figures.pem",
                  "/etc/ssl/private/figures.key": f"{self.folder}/figures.key",
                  "/etc/nginx/lantoa/$office": f"{self.passwords}/$office",
                  "/run/lantoa-pages/$office/page.sock": f"{self.folder}/agent-$office/page.sock"}
        for there, here in places.items():
            self.assertEqual(server.count(there), 1, there)
            server = server.replace(there, here)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-keyout", f"{self.folder}/figures.key", "-out", f"{self.folder}/figures.pem"],
                       check=True, capture_output=True)
        conf = os.path.join(self.folder, "nginx.conf")
        with open(conf, "w", encoding="utf-8") as file:  # its workers must reach what the test made
            file.write(AROUND.format(user="user root;" if os.geteuid() == 0 else "", folder=self.folder, server=server))
        self.nginx = rig.Process(["nginx", "-p", self.folder, "-c", conf, "-e", f"{self.folder}/nginx.log", "-g", "daemon off;"],
                                 os.path.join(self.folder, "nginx.err"), stdin=subprocess.DEVNULL)
        self.addCleanup(self.nginx.stop)
        rig.wait_for(lambda: self.listens() or not self.nginx.alive(), "nginx")
        self.assertTrue(self.nginx.alive(), self.nginx.log())

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def clerk(self, code, language):
        """A browser in which the clerk of @code has logged in."""
        name, password = (re.sub(r"[^a-z-]", lambda one: "".join(f"%{byte:02X}" for byte in one[0].encode()), text)
                          for text in CLERKS[code])
        browser = self.browser(language=language, more=["--ignore-certificate-errors"])
        browser.open(f"https://{name}:{password}@{self.host}/{code}/")
        browser.see(code)
        browser.open(f"https://{self.host}/{code}")  # it remembers, as after its own dialogue
        browser.see(code)
        return browser

    def ask(self, method, path, clerk=None, body=None, **headers):
        if clerk:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(CLERKS[clerk]).encode()).decode()
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=rig.PATIENCE_S,
                                                 context=ssl._create_unverified_context())  # ours, made above
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    def test_two_clerks_of_two_offices(self):
        period = month(1)
        hoa, lan = self.clerk("28001", "vi"), self.clerk("28002", "en")
        self.assertEqual(hoa.url(), f"https://{self.host}/28001/")
        hoa.see("Người nhập: Nguyễn Thị Hoa")
        lan.see("Typed by lan")
        self.assertNotIn("Not you", lan.text())
        self.shot(hoa, "proxy-home-vi")
        self.shot(lan, "proxy-home-en")
        for browser, value, saved in ((hoa, "8", "Tổ: 8"), (lan, "5", "Teams: 5")):
            browser.find(f"a[href*='period={period}&']").click()
            field = browser.find("input[name='v:teams:']")
            field.write("-3" + TAB)
            rig.wait_for(lambda f=field: f.attribute("aria-invalid") == "true", "the check by script")
            field.write(value)
            browser.find("#sheet button").click()
            browser.see(saved)
        self.shot(hoa, "proxy-saved-vi")
        self.shot(lan, "proxy-saved-en")
        self.teams_are("13", period)
        for code, value in (("28001", "8"), ("28002", "5")):
            rows = self.province.query("teams", area=code, per="month", revisions="1", **{"from": period, "to": period})
            self.assertEqual([(str(row["became"]), row["author"]) for row in rows], [(value, CLERKS[code][0])])
        hoa.link("English").click()
        hoa.see("Typed by Nguyễn Thị Hoa")
        self.assertTrue(hoa.url().startswith(f"https://{self.host}/28001/form?"), hoa.url())
        for where in ("Spreadsheets", "Sent and held back", "To report"):
            hoa.link(where).click()
            hoa.see("Typed by Nguyễn Thị Hoa")
        self.assert_whole()

    def test_a_clerk_is_let_in_at_his_own_office_alone(self):
        for path, clerk, status in (("/28001/", None, 401), ("/28001/", "28001", 200), ("/28001/", "28002", 401),
                                    ("/28002/form?period=2025-06", "28001", 401), ("/28003/", "28001", 403),
                                    ("/28001", "28001", 302), ("/28001/../28002/", "28001", 401),
                                    ("/28001/%2e%2e/28002/", "28001", 401), ("/28001/v1/status", "28001", 404),
                                    ("/28001/form%0d%0aX-Remote-User:%20lan", "28001", 404), ("/", "28001", 404),
                                    ("/28001/template?period=2025-06", "28001", 200)):
            answer, text = self.ask("GET", path, clerk)
            self.assertEqual(answer.status, status, (path, clerk, text))

    def test_nobody_else_says_who_types(self):
        answer, text = self.ask("GET", "/28001/", "28001", **{"X-Remote-User": "lan", "Cookie": "lantoa-typist=lan"})
        self.assertEqual(answer.status, 200)
        self.assertIn("<strong>Nguyễn Thị Hoa</strong>", text)
        self.assertNotIn("lan</strong>", text)
        body = "period=2025-06&calendar=civil&v:teams:=7"
        for headers, status in (({"Origin": "https://evil.example"}, 403), ({"Origin": f"http://{self.host}"}, 403),
                                ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Host": "evil.example"}, 403),
                                ({"Origin": f"https://{self.host}"}, 422)):  # it brings no token
            answer, text = self.ask("POST", "/28001/form", "28001", body, **headers)
            self.assertEqual(answer.status, status, (headers, text))

    def test_an_office_that_is_away_harms_no_other(self):
        hoa = self.clerk("28001", "en")
        hoa.open(f"https://{self.host}/28001/form?period={month(1)}")
        self.agents["28001"].process.stop()
        hoa.find("input[name='v:teams:']").write("8" + TAB)
        hoa.see("The office's server does not answer")
        self.assertEqual(self.ask("GET", "/28001/", "28001")[0].status, 502)
        self.assertEqual(self.ask("GET", "/28002/", "28002")[0].status, 200)
        self.agents["28001"].start()
        rig.wait_for(lambda: self.ask("GET", "/28001/", "28001")[0].status == 200, "its page")
        hoa.find("#sheet button").click()  # as it said
        hoa.see("The agent was restarted")
        hoa.find("#sheet button").click()
        hoa.see("Saved on the office's server")
        self.teams_are("8", month(1))


if __name__ == "__main__":
    unittest.main()

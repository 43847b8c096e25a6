"""A lantoa-web before a province, as a user of its own, and clients of it."""

import http.client
import os
import re
import socket
import ssl
import subprocess

import rig

USER = 54104  # whom the aggregator knows as the one that asks for others
NAME = "lantoa.test"


def make_certificate(folder, serial, name=NAME, days=30):
    """A certificate that vouches for itself, and its key, as lantoa-web may read them. Returns their paths."""
    chain, key = (os.path.join(folder, f) for f in ("certificate.pem", "key.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", str(days), "-set_serial", str(serial), "-subj", f"/CN={name}", "-addext",
                    f"subjectAltName=DNS:{name}", "-keyout", key + ".new", "-out", chain + ".new"],
                   check=True, capture_output=True)
    os.chmod(key + ".new", 0o640)
    os.chown(key + ".new", 0, USER)
    os.rename(key + ".new", key)
    os.rename(chain + ".new", chain)
    return chain, key


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def __repr__(self):
        return f"{self.status}\n{self.headers}{self.text[:600]}"


class Web:
    """A real lantoa-web, on TCP with a certificate, or plain on a unix socket, which keeps little in the kernel."""

    def __init__(self, folder, aggregator, tls=True):
        self.folder = os.path.join(folder, "web")
        os.makedirs(self.folder)
        os.chmod(self.folder, 0o755)
        os.chown(self.folder, USER, USER)
        self.path = os.path.join(self.folder, "web.sock")
        self.aggregator, self.tls, self.port, self.process = aggregator, tls, 0, None
        self.host = "localhost"
        self.conf = os.path.join(self.folder, "web.conf")
        if tls:
            self.chain, self.key = make_certificate(self.folder, 1)
            self.host = NAME

    def write_conf(self, web="", limits="", sessions=""):
        where = f"127.0.0.1:{self.port}" if self.tls else f"unix:{self.path}"
        lines = f"[web]\nlisten = {where}\naggregator = {self.aggregator}\n"
        if self.tls:
            lines += f"certificate = {self.chain}\nkey = {self.key}\nnames = {NAME}\n"
        with open(self.conf, "w", encoding="utf-8") as conf:
            conf.write(f"{lines}{web}[limits]\n{limits}[sessions]\n{sessions}[log]\nlevel = info\n")

    def start(self):
        self.process = rig.Process([f"{rig.BUILD}/aggregator/lantoa-web", "--config", self.conf],
                                   os.path.join(self.folder, "web.log"), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, user=USER, group=USER, extra_groups=[])
        where = self.process.logged(r"web: listening at=(?:127\.0\.0\.1:(\d+)|unix:)")
        self.port = int(where.group(1) or 0)
        self.process.logged("web: ready")
        return self

    def reload(self):
        n = self.process.log().count("configuration")
        os.kill(self.process.child.pid, 1)
        rig.wait_for(lambda: self.process.log().count("configuration") > n, "the reload")

    def memory_kib(self):
        with open(f"/proc/{self.process.child.pid}/status", encoding="utf-8") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))

    def socket(self, context=None):
        if self.tls:
            return self.wrap(socket.create_connection(("127.0.0.1", self.port), timeout=rig.PATIENCE_S), context)
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(rig.PATIENCE_S)
        plain.connect(self.path)
        return plain

    def wrap(self, plain, context=None):
        if not context:
            context = ssl.create_default_context(cafile=self.chain)
        return context.wrap_socket(plain, server_hostname=NAME)

    def connection(self):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=rig.PATIENCE_S)
        connection.sock = self.socket()
        return connection

    def ask(self, method, target, token=None, body=None, **headers):
        """Headers as keywords: content_type="text/csv"."""
        headers = {name.replace("_", "-").title(): value for name, value in headers.items()}
        headers.setdefault("Host", self.host)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection = self.connection()
        try:
            connection.request(method, target, body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def say(self, data, context=None):
        """Everything that comes to these bytes until it hangs up."""
        heard = b""
        with self.socket(context) as door:
            door.sendall(data)
            try:
                while piece := door.recv(65536):
                    heard += piece
            except (ConnectionResetError, ssl.SSLEOFError):
                pass
        return heard


class WebRig(rig.Rig):
    """A furnished province with a lantoa-web before it, and a token for each role."""

    tls = True
    roles = ("viewer", "operator", "admin")

    def open_province(self):
        write = self.province.write_conf
        self.province.write_conf = lambda more="": write(f"web = {USER}\n{more}")
        os.chmod(self.folder, 0o755)  # as /run/lantoa is
        super().open_province()
        self.tokens = {role: self.token(f"t-{role}", role) for role in self.roles}
        self.web = Web(self.folder, self.province.socket, self.tls)
        self.web.write_conf()
        self.web.start()

    def token(self, name, role, **more):
        return self.province.post("/v1/tokens", name=name, role=role, **more)["token"]

    def clear(self):
        if self.web.process:
            self.web.process.kill()
        super().clear()

    def assert_well(self):
        """It answers, and can stop without leaving anything open."""
        self.assertEqual(self.web.ask("GET", "/healthz").status, 200)
        self.web.process.stop()

"""A province and its offices as real processes, for tests of the whole.

Every process is a child that this module started, is stopped by its pid, and dies with the test
(PR_SET_PDEATHSIG), however the test ends; every file lies under one temporary folder. Ports are
chosen by the daemon and read from its "ready" line.

Run by ctest as: python3 test_x.py BUILD_DIR. LANTOA_SEED=N reruns what was random; LANTOA_KEEP=1
leaves the folder, with all logs, behind.
"""

import ctypes
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

BUILD = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "build/dev"
PATIENCE_S = 20.0  # for anything that happens at once on an idle machine

os.environ["LC_ALL"] = "C.UTF-8"  # programs speak the language of their environment
os.environ.pop("LANGUAGE", None)

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1

UNITS = """code,name,level,parent,valid_from,valid_to
82,Tiền Giang,province,,1976-01-01,
815,Mỹ Tho,district,82,1976-01-01,
816,Gò Công,district,82,1976-01-01,
28001,Phường Một,commune,815,1976-01-01,
28002,Phường Hai,commune,815,1976-01-01,
28003,Phường Ba,commune,816,1976-01-01,
28004,Phường Bốn,commune,816,1976-01-01,
"""

CATALOGUE = """\
name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,due_days,min,max
visits,Lượt,Visits,visit,flow,sum,sum,day,desk,0,0,commune,1,0,
visits.b,Lượt B,Visits B,visit,flow,sum,sum,day,desk,0,0,commune,1,0,
hours,Giờ,Hours,hour,flow,sum,sum,hour,,2,0,commune,1,0,1000
teams,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,
balance,Số dư,Balance,đồng,flow,sum,sum,day,,3,0,commune,1,,
"""

COMMUNES = ["28001", "28002", "28003", "28004"]


def seed():
    """LANTOA_SEED, or a fresh one; printed, so that a failure can be rerun."""
    value = int(os.environ.get("LANTOA_SEED") or random.SystemRandom().randrange(1, 1 << 32))
    print(f"LANTOA_SEED={value} reruns this", flush=True)
    return value


def wait_for(condition, what, patience_s=PATIENCE_S):
    """What @condition returns, once that is true."""
    until = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited {patience_s} s for {what}")
        time.sleep(0.01)


class Process:
    """One program of ours, its stderr in a file."""

    def __init__(self, args, log, **pipes):
        self.log_path = log
        self.name = os.path.basename(log)
        with open(log, "ab") as errors:
            self.from_byte = errors.tell()
            self.child = subprocess.Popen(
                args, stderr=errors, preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
                **pipes)

    def log(self):
        """What this process (not an earlier one with the same file) has logged."""
        with open(self.log_path, "rb") as errors:
            errors.seek(self.from_byte)
            return errors.read().decode("utf-8", "replace")

    def logged(self, pattern, patience_s=PATIENCE_S):
        """The match of @pattern in the log, once it is there."""
        def look():
            found = re.search(pattern, self.log())
            if not found and self.child.poll() is not None:
                found = re.search(pattern, self.log())
                if not found:
                    raise AssertionError(f"{self.name} ended {self.child.returncode} before it "
                                         f"logged '{pattern}':\n{self.log()}")
            return found
        return wait_for(look, f"'{pattern}' in the log of {self.name}:\n{self.log()}", patience_s)

    def alive(self):
        return self.child.poll() is None

    def kill(self):
        """Power cut, as far as a process can tell."""
        if self.alive():
            self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self):
        """As systemd does. It must end well: the sanitizers' complaints are a failed exit."""
        if self.alive():
            self.child.send_signal(signal.SIGTERM)
        if self.child.wait(PATIENCE_S) != 0:
            raise AssertionError(f"{self.name} ended {self.child.returncode}:\n{self.log()}")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Refusal(Exception):
    """An answer that is not 200; args: status and the province's sentence."""


def http_call(path, method, url, body=None, content_type=None):
    connection = UnixConnection(path)
    try:
        headers = {"Content-Type": content_type} if content_type else {}
        connection.request(method, url, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status not in (200, 202):
        raise Refusal(answer.status, text)
    # decimal digits as they were written
    return json.loads(text, parse_float=str) if text else None


class Invitation:
    def __init__(self, line):
        self.line = line
        found = re.fullmatch(r"lantoa://([^/]+)/([^#]+)#([^.]+)\.(.+)", line)
        self.address, self.office, self.server_key, self.secret_key = found.groups()


class Province:
    """A real lantoa-aggregator. Started anew, it listens where it did before."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "province")
        os.makedirs(self.folder)
        self.socket = os.path.join(self.folder, "api.sock")
        self.conf = os.path.join(self.folder, "aggregator.conf")
        self.endpoint = "tcp://127.0.0.1:0"
        self.process = None
        self.environment = {}  # of the daemon, beside ours

    def write_conf(self, more=""):
        with open(self.conf, "w", encoding="utf-8") as conf:
            conf.write(f"[aggregator]\nstate_dir = {self.folder}\n[gate]\nlisten = {self.endpoint}\n"
                       f"[api]\nsocket = {self.socket}\n{more}")

    def start(self):
        self.write_conf()
        for _ in range(50):  # between a kill and this, somebody's outgoing connection may take the port
            self.process = Process(
                [f"{BUILD}/aggregator/lantoa-aggregator", "--config", self.conf],
                os.path.join(self.folder, "aggregator.log"), stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment})
            try:
                self.endpoint = self.process.logged(r"server: ready endpoint=(\S+)").group(1)
                return self
            except AssertionError:
                if self.process.alive() or "in use" not in self.process.log():
                    raise
                time.sleep(0.1)
        raise AssertionError(f"{self.endpoint} stays in use")

    def call(self, method, path, body=None, content_type=None, **arguments):
        url = path + ("?" + urllib.parse.urlencode(arguments) if arguments else "")
        return http_call(self.socket, method, url, body, content_type)

    def get(self, path, **arguments):
        return self.call("GET", path, **arguments)

    def post(self, path, **fields):
        return self.call("POST", path, json.dumps(fields), "application/json")

    def put_csv(self, path, text):
        return self.call("PUT", path, text.encode(), "text/csv")

    def furnish(self, offices=COMMUNES):
        """Units, catalogue, and one office per commune, of the same code, since 2020."""
        self.put_csv("/v1/units", UNITS)
        self.put_csv("/v1/catalogue", CATALOGUE)
        for code in offices:
            self.post("/v1/offices", code=code, name=f"Office {code}", unit=code,
                      **{"from": "2020-01-01"})

    def invite(self, code):
        return Invitation(self.post("/v1/offices/invite", code=code)["invitation"])

    def status(self):
        return self.get("/v1/status")

    def counter(self, group, name):
        return int(self.status()[group][name])

    def verify(self):
        """The rows of difference; none when all is well."""
        run = self.call("POST", "/v1/verify")["run"]
        while True:
            answer = self.get("/v1/verify", run=run)
            if "progress" not in answer:
                return answer["rows"]
            time.sleep(0.02)

    def query(self, name, **arguments):
        return self.get("/v1/query", name=name, **arguments)["rows"]

    def value(self, name, **arguments):
        rows = self.query(name, **arguments)
        if len(rows) != 1:
            raise AssertionError(f"one row of {name} is wanted: {rows}")
        return rows[0]["value"]


class Probe:
    """tests/system/probe.c: an office made of raw ZeroMQ."""

    def __init__(self, rig, province, server_key, secret_key):
        rig.n_probes += 1
        self.out = os.path.join(rig.folder, f"probe-{rig.n_probes}.out")
        with open(self.out, "wb") as out:
            self.process = Process(
                [f"{BUILD}/tests/probe", province.endpoint, server_key, secret_key],
                os.path.join(rig.folder, f"probe-{rig.n_probes}.log"), stdin=subprocess.PIPE,
                stdout=out)
        self.read = 0

    def say(self, *words):
        self.process.child.stdin.write((" ".join(str(word) for word in words) + "\n").encode())
        self.process.child.stdin.flush()

    def hear(self, pattern, patience_s=PATIENCE_S):
        """The next line that matches @pattern; lines before it are passed over."""
        def look():
            with open(self.out, encoding="utf-8") as out:
                lines = out.read().split("\n")[:-1]
            for index in range(self.read, len(lines)):
                found = re.match(pattern, lines[index])
                if found:
                    self.read = index + 1
                    return found
            if not self.process.alive():
                raise AssertionError(f"the probe ended: {self.process.log()}")
            return None
        return wait_for(look, f"'{pattern}' from the province", patience_s)

    def heard(self):
        """Every line so far that hear() has not passed."""
        with open(self.out, encoding="utf-8") as out:
            return out.read().split("\n")[self.read:-1]

    def ask(self, *words, hear):
        self.say(*words)
        return self.hear(hear)

    def close(self):
        """Its office has gone home."""
        self.process.child.stdin.close()
        if self.process.child.wait(PATIENCE_S) != 0:
            raise AssertionError(f"the probe failed: {self.process.log()}")


def fresh_key():
    return subprocess.run([f"{BUILD}/tests/probe", "key"], check=True, capture_output=True,
                          text=True).stdout.strip()


class Outcome:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return f"exit {self.code}\n{self.out}{self.err}"


def run(args, stdin=None, timeout=180):
    """A command to its end."""
    return Outcome(subprocess.run(args, capture_output=True, text=True, timeout=timeout, input=stdin,
                                  check=False))


class Agent:
    """A real lantoa-agent with its state folder."""

    def __init__(self, rig, code):
        self.code = code
        self.folder = os.path.join(rig.folder, f"agent-{code}")
        os.makedirs(self.folder)
        self.conf = os.path.join(self.folder, "agent.conf")
        self.process = None
        self.write_conf()

    def write_conf(self, more="", page=""):
        """Impatient: what takes an office minutes is a test's moment. No page: one port has one."""
        with open(self.conf, "w", encoding="utf-8") as conf:
            conf.write(f"[agent]\nstate_dir = {self.folder}\n"
                       f"api_socket = {self.folder}/agent.sock\n"
                       "[uplink]\npush_interval = 1s\nreconnect_min_ms = 20\n"
                       "reconnect_max_ms = 100\nenrol_timeout_s = 5\n"
                       f"[page]\nlisten = {page}\n"
                       f"[spool]\nkeep_acked_days = 3650\n{more}")

    def args(self, *words):
        return [f"{BUILD}/agent/lantoa-agent", "--config", self.conf, *words]

    def command(self, *words, stdin=None):
        return run(self.args(*words), stdin)

    def start_command(self, *words):
        """A command that may be killed halfway."""
        return Process(self.args(*words), os.path.join(self.folder, "command.log"),
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def start(self, wait=True):
        self.process = Process(self.args("run"), os.path.join(self.folder, "agent.log"),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if wait:
            self.process.logged("agent: running")
        return self

    def record(self, *words):
        return self.command("record", *words)


class Rig(unittest.TestCase):
    """A folder, a province, furnished or empty, and the promise that nothing is left behind."""

    offices = COMMUNES
    furnished = True

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lantoa-rig-")
        self.n_probes = 0
        self.probes, self.agents = [], {}
        self.province = Province(self.folder)
        self.addCleanup(self.clear)
        self.open_province()

    def open_province(self):
        self.province.start()
        if self.furnished:
            self.province.furnish(self.offices)

    def clear(self):
        processes = [probe.process for probe in self.probes]
        processes += [agent.process for agent in self.agents.values()]
        processes.append(self.province.process)
        for process in processes:
            if process:
                process.kill()
        for probe in self.probes:
            probe.process.child.stdin.close()
        if os.environ.get("LANTOA_KEEP"):
            print(f"kept: {self.folder}", flush=True)
        else:
            shutil.rmtree(self.folder)

    def probe(self, server_key, secret_key):
        probe = Probe(self, self.province, server_key, secret_key)
        self.probes.append(probe)
        return probe

    def enrolled_probe(self, code):
        """A probe with the key that @code was just enrolled with."""
        invitation = self.province.invite(code)
        key = fresh_key()
        door = self.probe(invitation.server_key, invitation.secret_key)
        door.ask("enrol", key, hear=f"enrolled office={code}")
        door.close()
        probe = self.probe(invitation.server_key, key)
        probe.hear("connected")
        probe.server_key, probe.secret_key, probe.invitation = (
            invitation.server_key, key, invitation)
        return probe

    def agent(self, code, enrol=True):
        agent = self.agents[code] = Agent(self, code)
        if enrol:
            outcome = agent.command("enrol", self.province.invite(code).line)
            self.assertEqual(outcome.code, 0, outcome)
        return agent

    def lantoa(self, *words):
        """The operators' command."""
        return run([f"{BUILD}/aggregator/lantoa", "--api", f"unix:{self.province.socket}", *words])

    def assert_logged(self, pattern):
        self.province.process.logged(pattern, 5)

    def assert_whole(self):
        """The store is right, and the daemon can stop."""
        self.assertEqual(self.province.verify(), [])
        self.province.process.stop()

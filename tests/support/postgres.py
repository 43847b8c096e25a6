"""A real PostgreSQL in a folder of its own, on a unix socket alone, and a relay before it."""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import rig


class Postgres:
    """Debian's, as a user of its own when we are root. fsync=False is for tests that cut no power."""

    def __init__(self, fsync=False):
        self.bin = max(glob.glob("/usr/lib/postgresql/*/bin"), default="/usr/bin")
        self.folder = tempfile.mkdtemp(prefix="lantoa-pg-")
        self.user = {}
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self.fsync = fsync
        self.process = None
        self.run("initdb", "-D", f"{self.folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                 "-N", "--no-instructions")
        self.start()
        self.run("createdb", "-h", self.folder, "-U", "postgres", "lantoa")

    def run(self, program, *words):
        done = subprocess.run([f"{self.bin}/{program}", *words], capture_output=True, text=True, check=False, cwd=self.folder,
                              **self.user)
        if done.returncode:
            raise AssertionError(f"{program}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        self.process = rig.Process(
            [f"{self.bin}/postgres", "-D", f"{self.folder}/data", "-k", self.folder, "-c", "listen_addresses=",
             "-c", f"fsync={'on' if self.fsync else 'off'}", "-c", "max_wal_size=4GB", "-c", "jit=off", "-c", "recovery_init_sync_method=syncfs",
             "-c", "log_min_messages=fatal"],
            os.path.join(self.folder, "postgres.log"), cwd=self.folder, stdout=subprocess.DEVNULL, **self.user)
        self.wait()

    def answers(self):
        return subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", self.folder], check=False).returncode == 0

    def wait(self):
        rig.wait_for(self.answers, "PostgreSQL", 60)

    def children(self):
        """Its sessions and helpers."""
        found = []
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="utf-8", errors="replace") as stat:
                    pid, rest = stat.read().split(" ", 1)
            except OSError:
                continue  # it ended
            if int(rest.rsplit(")", 1)[1].split()[1]) == self.process.child.pid:
                found.append(int(pid))
        return found

    def kill(self):
        """All of it at once, as a machine that dies takes all along."""
        self.process.child.send_signal(signal.SIGSTOP)  # it starts no others meanwhile
        children = self.children()
        self.process.child.send_signal(signal.SIGKILL)
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it saw that the first was gone
        self.process.child.wait()
        rig.wait_for(lambda: not any(map(self.lives, children)), "the end of its sessions")

    @staticmethod
    def lives(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] != "Z"  # nobody may have asked how it ended
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.alive():
            self.process.child.send_signal(signal.SIGINT)
            self.process.child.wait(60)

    def clear(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def database(self):
        return f"host={self.folder} user=postgres dbname=lantoa"

    def sql(self, text, database="lantoa"):
        """Rows of a question, as lists of texts; "" is null."""
        out = self.run("psql", "-h", self.folder, "-U", "postgres", "-d", database, "-XqAt", "-F", "|", "-v", "ON_ERROR_STOP=1",
                       "-c", text)
        return [line.split("|") for line in out.splitlines()]


class Relay:
    """Between the mirror and PostgreSQL. While cutting, it forwards a COMMIT and cuts before its answer comes back."""

    def __init__(self, postgres):
        self.folder = tempfile.mkdtemp(prefix="lantoa-relay-")
        self.target = f"{postgres.folder}/.s.PGSQL.5432"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.folder}/.s.PGSQL.5432")
        self.listener.listen()
        self.cuts, self.to_cut = 0, 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            cut = threading.Event()
            threading.Thread(target=self.forward, args=(client, server, cut, True), daemon=True).start()
            threading.Thread(target=self.forward, args=(server, client, cut, False), daemon=True).start()

    def forward(self, source, target, cut, watched):
        try:
            while data := source.recv(1 << 16):
                if cut.is_set() and not watched:
                    continue  # PostgreSQL has said that it is done, and nobody hears
                if watched and self.to_cut > 0 and b"COMMIT\0" in data:
                    self.to_cut -= 1
                    self.cuts += 1
                    cut.set()
                    target.sendall(data)
                    threading.Event().wait(0.05)  # it commits
                    break
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

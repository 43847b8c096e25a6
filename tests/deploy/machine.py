"""Debian machines with a real systemd, for tests of what is deployed: one tree made by debootstrap, a
copy of it for each machine, booted by systemd-nspawn in a network namespace of our own, whose loopback
they share and beyond which they reach nothing.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
NEEDED = ["debootstrap", "systemd-nspawn", "ip", "nsenter", "dpkg-deb", "lintian"]
BOOT_S = 60


def lacking():
    """Why no machine can be made here; '' when one can."""
    if os.geteuid() != 0:
        return "root is needed to make machines"
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    return f"not installed: {' '.join(missing)}" if missing else ""


def run(args, **more):
    done = subprocess.run(args, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(args)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def depends(deb):
    """The names in its Depends:, of alternatives the first."""
    listed = run(["dpkg-deb", "-f", deb, "Depends"])
    return [entry.split("|")[0].split("(")[0].strip() for entry in listed.split(",")]


def make_tree(folder, debs):
    """A minimal Debian with what @debs depend on, since no machine reaches an archive. One that was made
    earlier with the same packages is taken as it is."""
    names = {name for deb in debs for name in depends(deb)} - {"lantoa"}
    include = ",".join(sorted(names | {"systemd-sysv", "dbus", "bash-completion", "procps", "python3-minimal"}))
    tree, made_of = os.path.join(folder, "tree"), os.path.join(folder, "made-of")
    if os.path.exists(made_of):
        with open(made_of, encoding="ascii") as file:
            if file.read() == include:
                return tree
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    run(["debootstrap", "--variant=minbase", f"--include={include}", "bookworm", tree])
    with open(made_of, "w", encoding="ascii") as file:
        file.write(include)
    return tree


def older(deb, version, folder):
    """@deb again as @version: an earlier package, as far as dpkg and maintainer scripts can tell."""
    tree = os.path.join(folder, "repack")
    run(["dpkg-deb", "-R", deb, tree])
    control = os.path.join(tree, "DEBIAN", "control")
    with open(control, encoding="utf-8") as file:
        text = file.read()
    here = run(["dpkg-deb", "-f", deb, "Version"]).strip()
    with open(control, "w", encoding="utf-8") as file:
        file.write(text.replace(here, version))
    path = os.path.join(folder, os.path.basename(deb).replace(here, version))
    run(["dpkg-deb", "-b", tree, path])
    shutil.rmtree(tree)
    return path


class WatchLimit:
    """Each systemd takes a dozen inotify instances, and all machines share what the kernel grants root."""

    PATH = "/proc/sys/fs/inotify/max_user_instances"
    WANTED = 1024

    def __init__(self):
        with open(self.PATH, encoding="ascii") as file:
            self.before = int(file.read())
        self.set(max(self.before, self.WANTED))

    def set(self, instances):
        with open(self.PATH, "w", encoding="ascii") as file:
            file.write(f"{instances}\n")

    def close(self):
        self.set(self.before)


class Network:
    """A network namespace with a loopback."""

    def __init__(self, name):
        self.name = name
        run(["ip", "netns", "add", name])
        run(["ip", "-n", name, "link", "set", "lo", "up"])

    def close(self):
        run(["ip", "netns", "delete", self.name])


class Machine:
    """Booted when made; power() and off() switch it, close() ends it."""

    def __init__(self, name, tree, folder, network):
        self.name = name
        self.network = network
        self.root = os.path.join(folder, name)
        run(["cp", "-a", "--reflink=auto", tree, self.root])
        for path, text in (("etc/hostname", name + "\n"), ("etc/machine-id", "")):
            with open(os.path.join(self.root, path), "w", encoding="ascii") as file:
                file.write(text)
        self.nspawn = None
        self.leader = None
        self.power()

    def path(self, inside):
        return os.path.join(self.root, inside.lstrip("/"))

    def power(self):
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--boot", f"--directory={self.root}", f"--machine={self.name}",
             "--register=no", "--keep-unit", "--console=pipe",
             f"--network-namespace-path=/run/netns/{self.network.name}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
            preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM))  # upon which it powers off
        self.wait_for(self.is_up, "the machine to boot", BOOT_S)

    def is_up(self):
        if self.nspawn.poll() is not None:
            raise AssertionError(f"{self.name}: systemd-nspawn ended {self.nspawn.returncode}")
        try:
            with open(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children", encoding="ascii") as file:
                self.leader = file.read().split()[0]
        except (OSError, IndexError):
            return False
        state = self.sh("systemctl is-system-running", check=False).out.strip()
        return state in ("running", "degraded")

    def off(self):
        """Power off as an administrator does."""
        self.sh("systemctl poweroff", check=False)
        try:
            self.nspawn.wait(BOOT_S)
        except subprocess.TimeoutExpired:
            self.pull_the_plug()

    def pull_the_plug(self):
        if self.leader:
            os.kill(int(self.leader), signal.SIGKILL)  # its first process; the kernel kills the rest
        else:
            self.nspawn.kill()
        self.nspawn.wait()

    def close(self):
        if self.nspawn.poll() is None:
            self.pull_the_plug()
        shutil.rmtree(self.root, ignore_errors=True)

    def sh(self, script, check=True, user=None, **environment):
        """@script in the machine, as root or as @user; its outcome (code, out, err)."""
        settings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
                    "DEBIAN_FRONTEND": "noninteractive", **environment}
        shell = ["runuser", "-u", user, "--", "sh", "-c"] if user else ["sh", "-c"]
        done = subprocess.run(
            ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd",
             "env", "-i", *[f"{name}={value}" for name, value in settings.items()], *shell, script],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300)
        if check and done.returncode != 0:
            raise AssertionError(f"{self.name}: {script}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return Outcome(done)

    def write(self, inside, text, mode=0o644):
        with open(self.path(inside), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(inside), mode)

    def bring(self, *files):
        """Files of ours into the machine's /root; what they are called there."""
        for file in files:
            shutil.copy(file, self.path("/root"))
        return " ".join("/root/" + os.path.basename(file) for file in files)

    def install(self, *debs):
        # Every dependency is there; apt is asked to see that itself.
        return self.sh(f"apt-get install -y -o Dpkg::Use-Pty=0 {self.bring(*debs)}")

    def wait_for(self, condition, what, patience_s=30):
        until = time.monotonic() + patience_s
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > until:
                said = self.sh("journalctl --no-pager -n 40", check=False).out if self.leader else ""
                raise AssertionError(f"{self.name}: waited {patience_s} s for {what}\n{said}")
            time.sleep(0.1)

    def show(self, unit, name):
        return self.sh(f"systemctl show -P {name} {unit}").out.strip()

    def wait_active(self, unit, patience_s=30):
        self.wait_for(lambda: self.show(unit, "ActiveState") == "active", f"{unit} to be active", patience_s)

    def pid(self, unit):
        return int(self.show(unit, "MainPID"))

    def journal(self, unit):
        return self.sh(f"journalctl --no-pager -o cat -u {unit}").out


class Outcome:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return f"exit {self.code}\n{self.out}{self.err}"


def say(text):
    print(f"deploy: {text}", file=sys.stderr, flush=True)

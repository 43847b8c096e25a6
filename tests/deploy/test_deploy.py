"""What an administrator does, on booted machines: install, set up, invite, enrol, record, and then all
that goes wrong. One story, told in order; each step holds the figures at the province to what was
recorded. Run by ctest as: python3 test_deploy.py FOLDER_OF_THE_PACKAGES. Exits 77 where machines cannot
be made."""

import glob
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

from machine import Machine, Network, WatchLimit, lacking, make_tree, older, run, say

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import workbooks  # of tests/support

PACKAGES = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "build/release/packages"
EARLIER = "0.0.1-1"
PORT = 5570
VINTAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../upgrade/province1-office1")
VINTAGE_PORT = 5575  # all machines share a loopback
WATCHDOG_S = 3
STATE = "/var/lib/lantoa"
OFFICE_STATE = "/var/lib/lantoa-agent"

OFFICES = """code,name,unit,from
28249,Văn phòng phường 1,28249,2020-01-01
28252,Văn phòng phường 2,28252,2020-01-01
28255,Văn phòng phường 3,28255,2020-01-01
"""

# The page is on a port of its own, for the same reason.
WAYS_IN = """
[page]
listen = 127.0.0.1:5581
[inbox]
folder = /srv/inbox
settle_s = 1
[exec signatures]
command = /usr/local/bin/signatures
[exec members]
command = /usr/local/bin/members
[sql ratings]
file = /srv/one-stop/desk.db
query = SELECT 'service.rating_points' AS metric, sum(points) AS value, '2025-06' AS period FROM rating
"""


def newest(name):
    found = glob.glob(os.path.join(PACKAGES, f"{name}_*.deb"))
    if len(found) != 1:
        raise AssertionError(f"one package {name} is wanted in {PACKAGES}: {found}; run cpack")
    return found[0]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def loop_of_the_manual():
    """How the manual brings in offices of which each has a file in this folder."""
    manual = read(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../agent/lantoa-agent.8"))
    return re.search(r"^\.Bd[^\n]*\n(for [^\n]*invitation.*?)^\.Ed", manual, re.S | re.M)[1].replace("\\e", "\\")


class Story(unittest.TestCase):
    """Steps share what they built; after a failed one, the rest is not tried."""

    failed = False

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="lantoa-deploy-")
        cls.machines = []
        cls.debs = [newest(name) for name in ("lantoa-agent", "lantoa-aggregator", "lantoa")]
        cls.agent_deb, cls.aggregator_deb, cls.command_deb = cls.debs
        cls.web_deb = newest("lantoa-web")
        cls.earlier = [older(deb, EARLIER, cls.folder) for deb in cls.debs]
        say("a tree by debootstrap")
        cls.tree = make_tree(os.path.join(os.path.dirname(PACKAGES), "deploy"), [*cls.debs, cls.web_deb])
        cls.network = Network(f"lantoa-{os.getpid()}")
        cls.watches = WatchLimit()

    @classmethod
    def tearDownClass(cls):
        for machine in cls.machines:
            machine.close()
        cls.network.close()
        cls.watches.close()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self):
        if type(self).failed:
            self.skipTest("an earlier step failed")
        say(self.id().rsplit(".", 1)[-1])

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        type(self).failed = type(self).failed or len(result.failures) + len(result.errors) > before

    @classmethod
    def machine(cls, name):
        machine = Machine(name, cls.tree, cls.folder, cls.network)
        cls.machines.append(machine)
        return machine

    # --- what is asked again and again ---

    def teams(self, province):
        return self.told(province, "team.count")

    def told(self, province, metric):
        """(sum, offices reported) of @metric in June 2025."""
        answer = province.sh(f"lantoa --format json query {metric} --area 82 --from 2025-06", check=False)
        if answer.code != 0:
            return None
        row = json.loads(answer.out)["rows"][0]
        return (int(row["value"] or 0), int(row["offices_reported"]))

    def assert_figures(self, province, total, offices, patience_s=90):
        province.wait_for(lambda: self.teams(province) == (total, offices),
                          f"the province to say {total} of {offices} offices", patience_s)
        self.assertIn("verify: ok", province.sh("lantoa verify").out)

    def record(self, office, teams, **more):
        office.sh(f"lantoa-agent record team.count={teams} --period 2025-06", **more)

    def install_agent(self, machine):
        """The earlier package, and less patience with a lost line than in production."""
        machine.install(self.earlier[0])
        with open(machine.path("/etc/lantoa/agent.conf"), "a", encoding="utf-8") as conf:
            conf.write("\n[uplink]\nreconnect_min_ms = 200\nreconnect_max_ms = 1000\n")

    def wait_running_anew(self, machine, unit, pid):
        machine.wait_for(lambda: machine.show(unit, "ActiveState") == "active" and machine.pid(unit) not in (0, pid),
                         f"{unit} to be started anew", 60)


class Deploy(Story):
    """A province, and offices on machines of their own."""

    def test_01_packages_are_clean(self):
        said = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", *self.debs, self.web_deb, newest("lantoa-mirror")],
                              capture_output=True, text=True, check=False)
        self.assertEqual((said.returncode, said.stdout), (0, ""), said.stderr)

    def test_02_two_files_make_a_running_province(self):
        province = Deploy.province = self.machine("province")
        province.install(*self.earlier[1:])
        province.wait_active("lantoa-aggregator.service", 5)
        for unit in ("lantoa-aggregator.service", "lantoa-aggregator.socket", "lantoa-backup.timer"):
            self.assertEqual(province.sh(f"systemctl is-enabled {unit}").out.strip(), "enabled", unit)
        self.assertEqual(province.sh(f"stat -c '%U %a' {STATE}").out, "lantoa 700\n")
        self.assertIn("taking figures", province.show("lantoa-aggregator.service", "StatusText"))
        for unit in ("lantoa-aggregator.service", "lantoa-backup.service"):
            province.sh(f"systemd-analyze security --no-pager --threshold=15 {unit}")

    def test_03_operators_are_the_members_of_a_group(self):
        province = self.province
        province.sh("useradd --groups lantoa huong && useradd --groups lantoa-viewer minh && useradd stranger")
        self.assertEqual(province.sh("lantoa status", user="huong").code, 0)
        self.assertEqual(province.sh("lantoa status", user="minh").code, 0)
        for words, user, why in (("lantoa status", "stranger", "usermod -aG lantoa-viewer YOUR-NAME"),
                                 ("lantoa close 2025-01", "minh", "usermod -aG lantoa YOUR-NAME"),
                                 ("lantoa setup tien-giang", "huong", "run it with sudo")):
            shut_out = province.sh(words, user=user, check=False)
            self.assertEqual(shut_out.code, 1, words)
            self.assertIn(why, shut_out.err)

    def test_04_every_program_speaks_vietnamese(self):
        for program in ("lantoa --help", "lantoa-aggregator --help"):
            here = self.province.sh(program, LC_ALL="", LANG="vi_VN.UTF-8")
            self.assertRegex(here.out, "cách dùng|Cách dùng", program)

    def test_05_a_reload_is_validated_first(self):
        province = self.province
        unit, conf = "lantoa-aggregator.service", "/etc/lantoa/aggregator.conf"
        pid = province.pid(unit)
        packaged = read(province.path(conf))
        province.write(conf, packaged + f"\n[gate]\naddress = 127.0.0.1:{PORT}\nlissten = tcp://127.0.0.1:1\n")
        lines = packaged.count("\n") + 4
        province.sh(f"systemctl reload {unit}")
        province.wait_for(lambda: f"{conf}:{lines}" in province.journal(unit), "what is wrong, in the journal")
        self.assertIn(f"{conf}:{lines}", province.show(unit, "StatusText"))
        self.assertEqual(province.sh("lantoa-aggregator --check", check=False).code, 1)
        province.write(conf, packaged + f"\n[gate]\naddress = 127.0.0.1:{PORT}\n")
        province.sh(f"systemctl reload {unit}")
        self.assertNotIn(conf, province.show(unit, "StatusText"))
        self.assertEqual(province.pid(unit), pid)

    def test_06_one_command_sets_the_province_up(self):
        province = self.province
        province.sh("lantoa setup tien-giang")
        province.write("/root/offices.csv", OFFICES)
        province.sh("lantoa office import /root/offices.csv --invite /root/invitations")
        self.assertEqual(sorted(os.listdir(province.path("/root/invitations"))),
                         ["28249.invitation", "28252.invitation", "28255.invitation"])
        self.assertEqual(province.sh("stat -c %a /root/invitations/28249.invitation").out, "600\n")

    def invitation(self, code):
        return read(self.province.path(f"/root/invitations/{code}.invitation")).strip()

    def test_07_an_agent_waits_for_its_key_and_then_starts_by_itself(self):
        office = Deploy.office = self.machine("office")
        self.install_agent(office)
        self.assertEqual(office.show("lantoa-agent.service", "ActiveState"), "inactive")
        self.assertEqual(office.show("lantoa-agent.service", "NRestarts"), "0")
        self.assertEqual(office.show("lantoa-agent.path", "ActiveState"), "active", office.journal("lantoa-agent.path"))
        office.sh(f"lantoa-agent enrol '{self.invitation('28249')}'")
        office.wait_active("lantoa-agent.service", 10)
        self.assertEqual(office.sh(f"stat -c '%U %a' {OFFICE_STATE}/agent.key").out, "lantoa-agent 600\n")
        office.sh("systemd-analyze security --no-pager --threshold=15 lantoa-agent.service")
        office.sh("useradd --groups lantoa-agent clerk")
        self.record(office, 8, user="clerk")
        self.assert_figures(self.province, 8, 1)
        # who stops it wants it to stay stopped
        office.sh("systemctl stop lantoa-agent.service; sleep 1")
        self.assertEqual(office.show("lantoa-agent.service", "ActiveState"), "inactive")
        office.sh("systemctl start lantoa-agent.service")

    def test_08_an_invitation_laid_down_as_a_credential_is_enough(self):
        second = Deploy.second = self.machine("second")
        second.sh("install -d -m 700 /etc/credstore")
        self.install_agent(second)
        second.write("/etc/credstore/lantoa.invitation", self.invitation("28252") + "\n", 0o600)
        second.wait_active("lantoa-agent.service", 10)
        second.wait_for(lambda: os.path.exists(second.path(f"{OFFICE_STATE}/agent.key")), "the office to be enrolled")
        second.wait_for(lambda: second.sh("lantoa-agent record team.count=5 --period 2025-06", check=False).code == 0,
                        "a figure to be taken")
        self.assert_figures(self.province, 13, 2)

    def test_09_killed_it_comes_back_and_has_lost_nothing(self):
        for machine, unit in ((self.office, "lantoa-agent.service"), (self.province, "lantoa-aggregator.service")):
            pid = machine.pid(unit)
            self.record(self.office, 9)
            machine.sh(f"kill -KILL {pid}")
            self.wait_running_anew(machine, unit, pid)
        self.assert_figures(self.province, 14, 2)

    def test_10_hung_it_is_killed_by_the_watchdog(self):
        for machine, unit in ((self.office, "lantoa-agent.service"), (self.province, "lantoa-aggregator.service")):
            machine.sh(f"mkdir -p /etc/systemd/system/{unit}.d")
            machine.write(f"/etc/systemd/system/{unit}.d/quick.conf", f"[Service]\nWatchdogSec={WATCHDOG_S}\n")
            machine.sh(f"systemctl daemon-reload; systemctl restart {unit}")
            pid = machine.pid(unit)
            machine.sh(f"sleep {2 * WATCHDOG_S}")
            self.assertEqual(machine.pid(unit), pid, "a healthy one is left alone")
            machine.sh(f"kill -STOP {pid}")
            self.wait_running_anew(machine, unit, pid)
            self.assertIn("watchdog", machine.journal(unit).lower())
            machine.sh(f"rm -r /etc/systemd/system/{unit}.d; systemctl daemon-reload; systemctl restart {unit}")
        self.record(self.office, 10)
        self.assert_figures(self.province, 15, 2)

    def test_11_a_question_during_a_restart_waits_and_is_answered(self):
        self.province.sh("systemctl stop lantoa-aggregator.service")
        self.assertEqual(self.teams(self.province), (15, 2))
        self.assertEqual(self.province.show("lantoa-aggregator.service", "ActiveState"), "active")

    def test_12_an_agent_reloads_what_is_right_and_keeps_on_otherwise(self):
        office, unit, conf = self.office, "lantoa-agent.service", "/etc/lantoa/agent.conf"
        pid = office.pid(unit)
        packaged = read(office.path(conf))
        office.write(conf, packaged + "\n[log]\nlevel = loud\n")
        office.sh(f"systemctl reload {unit}")
        office.wait_for(lambda: "loud" in office.journal(unit), "what is wrong, in the journal")  # which may be behind
        office.write(conf, packaged + "\n[log]\nlevel = debug\n")
        office.sh(f"systemctl reload {unit}")
        office.write(conf, packaged)
        office.sh(f"systemctl reload {unit}")
        self.assertEqual(office.pid(unit), pid)
        self.record(office, 11)
        self.assert_figures(self.province, 16, 2)

    def test_13_every_way_in_works_within_the_sandbox(self):
        office, unit, conf = self.office, "lantoa-agent.service", "/etc/lantoa/agent.conf"
        packaged = read(office.path(conf))
        office.sh("install -d -o lantoa-agent -g lantoa-agent -m 2770 /srv/inbox && install -d /srv/one-stop")
        # It notes how many filters of calls the reader of workbooks has, and the service itself.
        office.write("/usr/local/bin/signatures", "#!/bin/sh\necho signature.personal=12 period=2025-06 | cat\n"
                     "/usr/libexec/lantoa/lantoa-excel </srv/one-stop/big.xlsx | { sleep 1; cd /proc; for p in [0-9]*; do\n"
                     "echo $(cat $p/comm) $(grep Seccomp_filters $p/status); done >/srv/inbox/.filters; cat >/dev/null; }\n", 0o755)
        with open(office.path("/srv/one-stop/big.xlsx"), "wb") as file:
            file.write(workbooks.workbook({"A": workbooks.sheet({i: list(range(20)) for i in range(1, 5000)})}))
        office.write("/usr/local/bin/members", "#!/usr/bin/python3\nimport threading\n"
                     "thread = threading.Thread(target=print, args=('team.members=45 period=2025-06',))\n"
                     "thread.start()\nthread.join()\n", 0o755)
        with sqlite3.connect(office.path("/srv/one-stop/desk.db")) as desk:
            desk.executescript("CREATE TABLE rating(points); INSERT INTO rating VALUES(4), (5)")
        office.write(conf, packaged + WAYS_IN)
        office.sh(f"mkdir -p /etc/systemd/system/{unit}.d")
        office.write(f"/etc/systemd/system/{unit}.d/inbox.conf", "[Service]\nReadWritePaths=/srv/inbox\n")
        office.sh(f"systemctl daemon-reload; systemctl restart {unit}")
        office.write("/srv/inbox/june.csv", "Chỉ tiêu;Giá trị;Kỳ\nSố lượt hộ gia đình được hướng dẫn;6;06/2025\n")
        book = {"A": workbooks.table(["Kỳ", workbooks.VB, workbooks.SO], [[45809, 3], 40, ("e", "#N/A")])}
        with open(office.path("/srv/inbox/june.xlsx"), "wb") as file:
            file.write(workbooks.workbook(book))
        office.sh("chown lantoa-agent /srv/inbox/june.csv /srv/inbox/june.xlsx")
        for metric, value in (("office.documents_issued", 40), ("signature.personal", 12), ("team.members", 45), ("service.rating_points", 9), ("team.household_visits", 6)):
            self.province.wait_for(lambda asked=metric: self.told(self.province, asked)[0], f"{metric} to come in")
            self.assertEqual(self.told(self.province, metric), (value, 1))
        self.assertEqual(len(os.listdir(office.path("/srv/inbox/done"))), 1)
        office.wait_for(lambda: os.path.exists(office.path("/srv/inbox/june.xlsx.errors.xlsx")), "the copy with marks")
        filters = dict(re.findall(r"(\S+) Seccomp_filters: (\d+)", read(office.path("/srv/inbox/.filters"))))
        self.assertEqual(int(filters["lantoa-excel"]), int(filters["lantoa-agent"]) + 1, filters)
        page = office.sh("bash -c 'exec 3<>/dev/tcp/127.0.0.1/5581; printf \"GET / HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\n\\r\\n\" >&3; cat <&3'")
        self.assertIn("Văn phòng phường 1", page.out)
        office.write(conf, packaged)
        office.sh(f"rm -r /etc/systemd/system/{unit}.d; systemctl daemon-reload; systemctl restart {unit}")

    def on_small_disk(self, machine, unit, state, size):
        """The state of @unit moves to a file system of @size."""
        machine.sh(f"systemctl stop lantoa-aggregator.socket {unit} 2>/dev/null; mv {state} {state}.big && mkdir {state} && "
                   f"mount -t tmpfs -o size={size},mode=700 tmpfs {state} && cp -a {state}.big/. {state}/ && "
                   f"chown --reference={state}.big {state} && systemctl start {unit}")
        machine.wait_active(unit)

    def off_small_disk(self, machine, unit, state):
        machine.sh(f"systemctl stop lantoa-aggregator.socket {unit} 2>/dev/null; cp -a {state}/. {state}.big/ && umount {state} && "
                   f"rmdir {state} && mv {state}.big {state} && systemctl start {unit}")
        machine.wait_active(unit)

    def hooked(self, province, kind):
        """What the hook of lantoa-alerts.service was told of @kind."""
        told = province.sh("cat /var/lib/lantoa-alerts/told", check=False).out
        return [line["state"] for line in map(json.loads, told.splitlines()) if line["kind"] == kind]

    def fill(self, machine, state):
        machine.sh(f"dd if=/dev/zero of={state}/ballast bs=4k 2>/dev/null", check=False)

    def test_14_a_full_disk_at_the_province_is_said_and_mended(self):
        province, unit = self.province, "lantoa-aggregator.service"
        # the reserve as it is would be more than the whole of this disk
        province.sh("printf '[store]\\nreserve = 4M\\n[alerts]\\ndisk = 1s\\nover = 1s\\nevery = 1s\\n' >> /etc/lantoa/aggregator.conf")
        self.assertEqual(province.show("lantoa-alerts.service", "ActiveState"), "inactive", "nobody has a hook")
        province.write("/etc/lantoa/alert-hook", "#!/bin/sh\ncat >> /var/lib/lantoa-alerts/told\n", 0o755)
        self.on_small_disk(province, unit, STATE, "32M")
        province.sh("systemctl restart lantoa-alerts.service")
        province.wait_active("lantoa-alerts.service", 10)
        province.sh("systemd-analyze security --no-pager --threshold=15 lantoa-alerts.service")
        # less than twice the reserve is left: there is room to keep what is told
        province.sh(f"fallocate -l $(($(df --output=avail -B1 {STATE} | tail -1) - 6 * 1024 * 1024)) {STATE}/weight")
        province.wait_for(lambda: self.hooked(province, "disk"), "the hook to be told of the disk", 30)
        self.fill(province, STATE)
        self.record(self.office, 12)
        province.wait_for(lambda: "NOT TAKING FIGURES" in province.show(unit, "StatusText"), "the status to say so", 60)
        self.assertEqual(self.teams(province), (16, 2), "questions are answered meanwhile")
        province.sh(f"rm {STATE}/ballast {STATE}/weight")
        self.assert_figures(province, 17, 2, 90)  # what was put off is sent again after a minute
        province.wait_for(lambda: "NOT TAKING" not in province.show(unit, "StatusText"), "the status to be well again", 30)
        province.wait_for(lambda: self.hooked(province, "disk")[1:], "the hook to be told that it is over", 30)
        self.assertEqual(self.hooked(province, "disk"), ["firing", "resolved"])
        province.sh("systemctl stop lantoa-alerts.service && rm /etc/lantoa/alert-hook")
        self.off_small_disk(province, unit, STATE)
        self.assert_figures(province, 17, 2)

    def test_15_a_full_disk_at_the_office_refuses_and_loses_nothing(self):
        office, unit = self.office, "lantoa-agent.service"
        self.on_small_disk(office, unit, OFFICE_STATE, "96M")
        self.fill(office, OFFICE_STATE)
        refused = office.sh("lantoa-agent record team.count=99 --period 2025-06", check=False)
        self.assertEqual(refused.code, 1)
        self.assertRegex(refused.err, "disk|full|free|space")
        self.assertEqual(self.teams(self.province), (17, 2))
        office.sh(f"rm {OFFICE_STATE}/ballast")
        office.wait_for(lambda: office.sh("lantoa-agent record team.count=13 --period 2025-06", check=False).code == 0,
                        "figures to be taken again")
        self.assert_figures(self.province, 18, 2)
        self.off_small_disk(office, unit, OFFICE_STATE)
        self.assert_figures(self.province, 18, 2)

    def test_16_an_upgrade_restarts_and_respects_what_the_administrator_did(self):
        province, office = self.province, self.office
        province.sh("systemctl disable --now lantoa-backup.timer")
        mine = read(province.path("/etc/lantoa/aggregator.conf"))
        before = {machine: machine.pid(unit) for machine, unit in
                  ((province, "lantoa-aggregator.service"), (office, "lantoa-agent.service"))}
        province.install(self.aggregator_deb, self.command_deb)
        office.install(self.agent_deb)
        self.second.install(self.agent_deb)
        self.wait_running_anew(province, "lantoa-aggregator.service", before[province])
        self.wait_running_anew(office, "lantoa-agent.service", before[office])
        self.assertEqual(read(province.path("/etc/lantoa/aggregator.conf")), mine)
        self.assertEqual(province.sh("systemctl is-enabled lantoa-backup.timer", check=False).out, "disabled\n")
        province.sh("systemctl enable --now lantoa-backup.timer")
        self.record(office, 14)
        self.assert_figures(province, 19, 2)

    def test_17_a_backup_is_made_by_the_timer_and_by_hand(self):
        province = self.province
        province.sh("systemctl start lantoa-backup.service")
        made = os.listdir(province.path("/var/backups/lantoa"))
        self.assertEqual(len(made), 1, made)
        self.assertEqual(province.sh(f"stat -c '%U %a' /var/backups/lantoa/{made[0]}").out, "lantoa 600\n")
        refused = province.sh("lantoa backup /tmp/x.backup", user="huong", check=False)
        self.assertEqual(refused.code, 1, "the file holds the province's key")
        province.sh("lantoa backup /root/province.backup")
        Deploy.backup = os.path.join(self.folder, "province.backup")
        shutil.copy(province.path("/root/province.backup"), self.backup)
        self.record(self.office, 20)  # what the backup lacks
        self.record(self.second, 6)
        self.assert_figures(province, 26, 2)

    def test_18_restored_on_another_machine_its_offices_come_back_by_themselves(self):
        self.province.pull_the_plug()
        agents = {machine: machine.pid("lantoa-agent.service") for machine in (self.office, self.second)}
        self.record(self.second, 7)  # while there is no province
        heir = Deploy.province = self.machine("heir")
        heir.install(self.aggregator_deb, self.command_deb)
        heir.sh("systemctl stop lantoa-aggregator.socket lantoa-aggregator")
        self.assertNotEqual(heir.sh("systemctl start lantoa-backup.service", check=False).code, 0)
        self.assertEqual(heir.show("lantoa-aggregator.service", "ActiveState"), "inactive", "a backup starts nothing")
        file = heir.bring(self.backup)
        over_it = heir.sh(f"lantoa-aggregator --restore {file}", check=False)
        self.assertEqual(over_it.code, 1, "a store that is there is not overwritten")
        heir.sh(f"cd {STATE} && mkdir -p old && mv lantoa.db* server.key old")  # as the manual says
        heir.write("/etc/lantoa/aggregator.conf", f"[gate]\naddress = 127.0.0.1:{PORT}\n")
        heir.sh(f"lantoa-aggregator --restore {file}")
        started = heir.sh("systemctl start lantoa-aggregator", check=False)
        self.assertEqual(started.code, 0, heir.journal("lantoa-aggregator.service"))
        self.assert_figures(heir, 27, 2)
        for machine, pid in agents.items():
            self.assertEqual(machine.pid("lantoa-agent.service"), pid, "agents are left untouched")

    def test_19_a_purge_keeps_what_would_be_lost(self):
        heir, office = self.province, self.office
        heir.sh("systemctl stop lantoa-aggregator.socket lantoa-aggregator.service")
        self.record(office, 21)  # stays unsent
        said = office.sh("apt-get purge -y lantoa-agent")
        self.assertIn(f"rm -r {OFFICE_STATE}", said.err + said.out)
        self.assertTrue(os.path.exists(office.path(f"{OFFICE_STATE}/spool.db")))
        office.install(self.agent_deb)
        office.wait_active("lantoa-agent.service")
        heir.sh("systemctl start lantoa-aggregator.socket lantoa-aggregator.service")
        self.assert_figures(heir, 28, 2)
        office.wait_for(lambda: office.sh("lantoa-agent spool unsent").out == "0\n", "the ack")
        set_aside = f"{OFFICE_STATE}/spool.db.corrupt-2025-06-30"
        office.sh(f"touch {set_aside} && apt-get purge -y lantoa-agent && rm {set_aside}")
        office.install(self.agent_deb)
        office.sh("apt-get purge -y lantoa-agent")
        self.assertFalse(os.path.exists(office.path(OFFICE_STATE)))
        self.assertFalse(os.path.exists(office.path("/etc/lantoa/agent.conf")))

    def test_20_so_does_a_purge_at_the_province(self):
        heir = self.province
        heir.sh("mount -t tmpfs -o size=16k tmpfs /var/backups/lantoa")  # no room for a backup
        said = heir.sh("apt-get purge -y lantoa-aggregator")
        self.assertIn(f"rm -r {STATE}", said.err + said.out)
        self.assertTrue(os.path.exists(heir.path(f"{STATE}/lantoa.db")))
        heir.sh("umount /var/backups/lantoa")
        heir.install(self.aggregator_deb)
        heir.wait_active("lantoa-aggregator.service")
        self.assert_figures(heir, 28, 2)
        heir.sh("apt-get purge -y lantoa-aggregator")
        self.assertFalse(os.path.exists(heir.path(STATE)))
        self.assertEqual(len(os.listdir(heir.path("/var/backups/lantoa"))), 1, "the last one was made, and stays")

    def test_21_told_in_so_many_words_it_deletes(self):
        second = self.second
        self.record(second, 9)
        second.sh("apt-get purge -y lantoa-agent", LANTOA_PURGE="figures")
        self.assertFalse(os.path.exists(second.path(OFFICE_STATE)))

    def test_22_disks_of_the_first_version_live_on_under_an_upgrade(self):
        machine = self.machine("vintage")
        machine.install(*self.earlier[1:])
        self.install_agent(machine)
        machine.sh(f"systemctl stop lantoa-aggregator.socket lantoa-aggregator.service && rm {STATE}/*")
        machine.write("/etc/lantoa/aggregator.conf", f"[gate]\nlisten = tcp://127.0.0.1:{VINTAGE_PORT}\n")
        office_key = re.sub(r"address \S+", f"address 127.0.0.1:{VINTAGE_PORT}", read(os.path.join(VINTAGE, "agent.key")))
        for state, dump, database, name, key in (
                (STATE, "province.sql", "lantoa.db", "server.key", read(os.path.join(VINTAGE, "server.key"))),
                (OFFICE_STATE, "office.sql", "spool.db", "agent.key", office_key)):
            with sqlite3.connect(machine.path(f"{state}/{database}")) as disk:
                disk.executescript(read(os.path.join(VINTAGE, dump)))
            machine.write(f"{state}/{name}", key, 0o600)
            machine.sh(f"chmod 600 {state}/* && chown --reference={state} {state}/*")
        machine.install(*self.debs)
        for unit in ("lantoa-aggregator.service", "lantoa-agent.service"):
            machine.wait_active(unit)
        machine.wait_for(lambda: machine.sh("lantoa-agent spool unsent").out == "0\n", "what waited to be sent")
        days = json.loads(machine.sh("lantoa --format json query visits --area 28002 --per day --label desk=A "
                                     "--from 2025-06-03 --to 2025-06-05").out)["rows"]
        self.assertEqual([str(day["value"]) for day in days], ["28032", "400", "500"])
        self.assertIn("verify: ok", machine.sh("lantoa verify").out)


# What a proxy does, without one: a request over the page's socket, in the name of who logged in.
ASK = """import socket, sys
path, name, line = sys.argv[1:4]
page = socket.socket(socket.AF_UNIX)
page.connect(path)
page.sendall(f"{line} HTTP/1.0\\r\\nHost: figures.example.vn\\r\\n{name}\\r\\n\\r\\n".encode())
while data := page.recv(65536):
    sys.stdout.buffer.write(data)
"""
HOSTED_STATE = "/var/lib/lantoa-offices"


class Hosted(Story):
    """A server of the province that holds offices for desks which cannot run an agent."""

    def ask(self, code, name="X-Remote-User: hoa", line="GET /", user="gateway", check=True):
        return self.server.sh(f"python3 /usr/local/bin/ask /run/lantoa-pages/{code}/page.sock '{name}' '{line}'",
                              user=user, check=check)

    def hosted(self, code, words, **more):
        return self.server.sh(f"lantoa-agent --office {code} {words}", **more)

    def test_01_a_loop_over_the_invitations_is_all(self):
        server = Hosted.server = self.machine("server")
        server.install(*self.earlier)
        server.write("/etc/lantoa/aggregator.conf", f"[gate]\naddress = 127.0.0.1:{PORT}\n")
        server.sh("systemctl reload lantoa-aggregator && lantoa setup tien-giang")
        server.write("/root/offices.csv", OFFICES)
        server.sh("lantoa office import /root/offices.csv --invite /root/invitations && rm /root/invitations/28255.invitation")
        server.write("/etc/lantoa/agent@.conf", "[page]\nhost = figures.example.vn\n"
                     "[uplink]\nreconnect_min_ms = 200\nreconnect_max_ms = 1000\n")
        server.write("/root/hold", loop_of_the_manual())
        server.sh("cd /root/invitations && sh -e /root/hold")
        for code in ("28249", "28252"):
            server.wait_active(f"lantoa-agent@{code}.service")
            server.wait_for(lambda c=code: self.hosted(c, "status", check=False).code == 0, f"{code} to be well")
            self.assertEqual(server.sh(f"stat -c '%U %a' {HOSTED_STATE}/{code}/agent.key {HOSTED_STATE}/{code}").out,
                             f"lantoa-office-{code} 600\nlantoa-office-{code} 700\n")
            self.assertIn(code, server.show(f"lantoa-agent@{code}.service", "StatusText"))
            server.sh(f"systemd-analyze security --no-pager --threshold=15 lantoa-agent@{code}.service")
        self.assertEqual(server.show("lantoa-agent.service", "ActiveState"), "inactive", "the machine is no office itself")
        self.hosted("28249", "record team.count=8 --period 2025-06")
        self.hosted("28252", "record team.count=5 --period 2025-06")
        self.assert_figures(server, 13, 2)

    def test_02_the_pages_are_for_the_proxy_alone(self):
        server = self.server
        server.write("/usr/local/bin/ask", ASK)
        server.sh("useradd --groups lantoa-pages gateway && useradd stranger")
        for code, name in (("28249", "Văn phòng phường 1"), ("28252", "Văn phòng phường 2")):
            page = self.ask(code)
            self.assertIn("200 OK", page.out)
            self.assertIn(name, page.out)
            self.assertIn("<strong>hoa</strong>", page.out)
        self.assertIn("403 Forbidden", self.ask("28249", name="X-Other: hoa").out)
        self.assertIn("the proxy does not say who types", server.journal("lantoa-agent@28249.service"))
        for user in ("stranger", "lantoa-office-28252"):
            self.assertIn("PermissionError", self.ask("28249", user=user, check=False).err, user)
        self.assertEqual(server.sh("stat -c '%U %G %a' /run/lantoa-pages/28249 /run/lantoa-pages/28249/page.sock").out,
                         "lantoa-office-28249 lantoa-pages 2710\nlantoa-office-28249 lantoa-pages 660\n")

    def test_03_no_office_reaches_anothers(self):
        for user in ("gateway", "lantoa-office-28252", "lantoa-agent"):
            for tried in (f"cat {HOSTED_STATE}/28249/agent.key", f"ls {HOSTED_STATE}/28249", "ls /run/lantoa-offices/28249",
                          "lantoa-agent --office 28249 record team.count=99 --period 2025-06"):
                outcome = self.server.sh(tried, user=user, check=False)
                self.assertNotEqual(outcome.code, 0, (user, tried, outcome))
        self.assert_figures(self.server, 13, 2)

    def test_04_an_invitation_in_anothers_place_is_refused(self):
        server = self.server
        line = server.sh("lantoa office invite 28255").out
        server.write("/etc/credstore/lantoa.28301.invitation", re.search(r"lantoa://\S+", line)[0] + "\n", 0o600)
        self.assertIn("lantoa-agent@28255", self.hosted("28255", "enrol x", check=False).err)
        server.sh("systemctl start lantoa-agent@28301")
        server.wait_for(lambda: "the invitation is for office 28255" in server.show("lantoa-agent@28301.service", "StatusText"),
                        "the status to say so")
        # as it says
        server.sh("systemctl stop lantoa-agent@28301; cd /etc/credstore; mv lantoa.28301.invitation lantoa.28255.invitation;"
                  f"rm -r {HOSTED_STATE}/28301; systemctl enable --now lantoa-agent@28255")
        server.wait_for(lambda: self.hosted("28255", "status", check=False).code == 0, "28255 to be well")

    def test_05_status_says_which_service(self):
        server, unit = self.server, "lantoa-agent@28255"
        server.sh(f"systemctl stop {unit}")
        said = self.hosted("28255", "status", check=False)
        self.assertIn("'systemctl start lantoa-agent@CODE'", said.out)
        server.sh(f"systemctl start {unit}")
        server.write("/etc/lantoa/agent@28255.conf", "[agent]\nzone = Asia/Tokyo\n[page]\nhost =\n")
        server.sh(f"systemctl reload {unit}")
        said = server.wait_for(lambda: "systemctl restart lantoa-agent@CODE" in self.hosted("28255", "status", check=False).out,
                               "the status to say so")
        server.sh(f"systemctl restart {unit}")
        said = server.wait_for(lambda: self.hosted("28255", "status", check=False), "an answer").out
        self.assertNotIn("restart", said)
        self.assertIn("[page] host is not set", said)  # its own file has the last word
        server.sh(f"rm /etc/lantoa/agent@28255.conf; systemctl reload {unit}")
        server.wait_for(lambda: self.hosted("28255", "status", check=False).code == 0, "28255 to be well")

    def test_06_an_upgrade_restarts_each(self):
        server, units = self.server, [f"lantoa-agent@{code}.service" for code in ("28249", "28252", "28255")]
        server.sh("systemctl stop lantoa-agent@28255")
        pids = {unit: server.pid(unit) for unit in units}
        server.install(*self.debs)
        for unit in units:
            self.wait_running_anew(server, unit, pids[unit])
        self.assertIn("200 OK", self.ask("28252").out)
        self.hosted("28252", "record team.count=6 --period 2025-06")
        self.assert_figures(server, 14, 2)

    def test_07_they_come_back_with_the_machine(self):
        server = self.server
        server.off()
        server.power()
        for code in ("28249", "28252", "28255"):
            server.wait_active(f"lantoa-agent@{code}.service")
        self.assertIn("200 OK", server.wait_for(lambda: self.ask("28249", check=False), "the page").out)
        self.assert_figures(server, 14, 2)

    def test_08_a_purge_keeps_what_would_be_lost_of_each(self):
        server = self.server
        server.sh("systemctl stop lantoa-aggregator.socket lantoa-aggregator.service")
        self.hosted("28249", "record team.count=9 --period 2025-06")  # stays unsent
        said = server.sh("apt-get purge -y lantoa-agent")
        self.assertIn(f"rm -r {HOSTED_STATE}/28249", said.err + said.out)
        self.assertEqual(os.listdir(server.path(HOSTED_STATE)), ["28249"])
        self.assertEqual(glob.glob(server.path("/etc/systemd/system/*.wants/lantoa-agent@*")), [])
        self.assertEqual(glob.glob(server.path("/etc/lantoa/agent*")), [])
        server.sh("systemctl start lantoa-aggregator.socket lantoa-aggregator.service")
        server.install(self.agent_deb)
        server.sh("systemctl enable --now lantoa-agent@28249")
        self.assert_figures(server, 15, 2)
        server.wait_for(lambda: self.hosted("28249", "spool unsent").out == "0\n", "the ack")
        server.sh("apt-get purge -y lantoa-agent")
        self.assertFalse(os.path.exists(server.path(HOSTED_STATE)))


NAME = "lantoa.example.vn"
ADDRESS, NEIGHBOUR = "10.99.0.1", "10.99.0.2"


class Web(Story):
    """The province opened to the network, as lantoa-web(8) says, and asked from another one."""

    def certificate(self, serial):
        """Where a fresh one and its key lie on this side."""
        chain, key = (os.path.join(self.folder, name) for name in ("fullchain.pem", "privkey.pem"))
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90",
             "-set_serial", str(serial), "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", key,
             "-out", chain])
        return chain, key

    def put_certificate(self, serial):
        self.server.bring(*self.certificate(serial))
        self.server.sh("cd /root && install -o root -g lantoa-web -m 640 privkey.pem fullchain.pem /etc/lantoa/web")

    def curl(self, path, *more, network=None, plain=False):
        """(status, body) as somebody in that network, the neighbour's unless told, is answered."""
        url = f"http://127.0.0.1:5580{path}" if plain else f"https://{NAME}{path}"
        done = subprocess.run(
            ["ip", "netns", "exec", network or self.neighbour.name, "curl", "-s", "--max-time", "20", "--cacert",
             os.path.join(self.folder, "fullchain.pem"), "--resolve", f"{NAME}:443:{ADDRESS}", "-w", "\n%{http_code}",
             *more, url], capture_output=True, text=True, check=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body

    def with_token(self, path, token=None, **more):
        return self.curl(path, "-H", f"Authorization: Bearer {token or self.token}", **more)

    def serial(self):
        shown = subprocess.run(
            ["ip", "netns", "exec", self.neighbour.name, "sh", "-c", f"openssl s_client -connect {ADDRESS}:443 -servername {NAME} "
             "</dev/null 2>/dev/null | openssl x509 -noout -serial"], capture_output=True, text=True, check=False).stdout
        return shown.strip().removeprefix("serial=").lstrip("0")

    def test_01_installed_it_is_there_for_this_machine_alone(self):
        server = Web.server = self.machine("door")
        server.install(self.aggregator_deb, self.command_deb, self.web_deb)
        server.write("/etc/lantoa/aggregator.conf", f"[gate]\naddress = 127.0.0.1:{PORT}\n")
        server.sh("systemctl reload lantoa-aggregator && lantoa setup tien-giang")
        server.wait_active("lantoa-web.service")
        for unit in ("lantoa-web.service", "lantoa-web.socket"):
            self.assertEqual(server.sh(f"systemctl is-enabled {unit}").out.strip(), "enabled", unit)
        server.sh("systemd-analyze security --no-pager --threshold=12 lantoa-web.service")
        Web.neighbour = Network(f"lantoa-n-{os.getpid()}")
        self.addClassCleanup(self.neighbour.close)
        run(["ip", "link", "add", "door", "netns", self.network.name, "type", "veth", "peer", "name", "door", "netns",
             self.neighbour.name])
        for network, address in ((self.network, ADDRESS), (self.neighbour, NEIGHBOUR)):
            run(["ip", "-n", network.name, "address", "add", f"{address}/24", "dev", "door"])
            run(["ip", "-n", network.name, "link", "set", "door", "up"])
        self.assertEqual(self.curl("/healthz", plain=True, network=self.network.name)[0], 200)
        self.assertEqual(self.curl("/healthz")[0], 0)

    def test_02_with_a_certificate_and_a_token_others_read(self):
        server = self.server
        Web.token = re.search(r"[\w-]{40,}", server.sh("lantoa token add lan --role viewer").out)[0]
        self.put_certificate(1)
        server.write("/etc/lantoa/web.conf", f"[web]\nnames = {NAME}\ncertificate = /etc/lantoa/web/fullchain.pem\n"
                     "key = /etc/lantoa/web/privkey.pem\n")
        server.sh("mkdir /etc/systemd/system/lantoa-web.socket.d")
        server.write("/etc/systemd/system/lantoa-web.socket.d/port.conf", "[Socket]\nListenStream=\nListenStream=443\n")
        server.sh("systemctl daemon-reload && systemctl restart lantoa-web.socket lantoa-web.service")
        status, body = self.with_token("/api/v1/whoami")
        self.assertEqual((status, json.loads(body)["name"]), (200, "lan"))
        self.assertGreater(len(json.loads(self.with_token("/api/v1/units")[1])["rows"]), 100)
        self.assertEqual(self.curl("/api/v1/units")[0], 401)
        self.assertEqual(self.with_token("/api/v1/units", "A" * 43)[0], 401)
        self.assertEqual(self.with_token("/api/v1/tokens")[0], 403)
        self.assertEqual(self.curl("/login")[0], 200)

    def test_03_a_renewed_certificate_is_taken_up(self):
        server, pid = self.server, self.server.pid("lantoa-web.service")
        self.assertEqual(self.serial(), "1")
        self.put_certificate(2)
        server.sh("systemctl reload lantoa-web")
        self.assertEqual(self.serial(), "2")
        self.put_certificate(3)
        server.wait_for(lambda: self.serial() == "3", "the new one to be noticed")
        server.sh("install -o root -g lantoa-web -m 640 /dev/null /etc/lantoa/web/privkey.pem && systemctl reload lantoa-web")
        self.assertIn("CERTIFICATE NOT TAKEN", server.show("lantoa-web.service", "StatusText"))
        self.assertEqual(self.serial(), "3")
        self.assertEqual(server.pid("lantoa-web.service"), pid)
        self.assertEqual(self.with_token("/api/v1/whoami")[0], 200)

    def test_04_it_reaches_nothing_but_the_aggregator(self):
        server = self.server
        refused = server.sh("lantoa status", user="lantoa-web", check=False)
        self.assertEqual(refused.code, 1)
        self.assertIn("token", refused.err)
        for tried in (f"cat {STATE}/lantoa.db", f"ls {STATE}", "ls /var/backups/lantoa"):
            self.assertNotEqual(server.sh(tried, user="lantoa-web", check=False).code, 0, tried)
        inside = f"nsenter --mount --net --target {server.pid('lantoa-web.service')} "
        self.assertEqual(server.sh(inside + f"ls {STATE}").out, "")  # root, with its eyes
        self.assertNotIn("door", server.sh(inside + "cat /proc/self/net/dev").out)

    def test_05_killed_and_without_its_aggregator_it_comes_back(self):
        server, pid = self.server, self.server.pid("lantoa-web.service")
        self.put_certificate(4)
        server.sh(f"kill -9 {pid}")
        self.assertEqual(self.with_token("/api/v1/whoami")[0], 200)  # it waited in the socket
        self.wait_running_anew(server, "lantoa-web.service", pid)
        server.sh("systemctl stop lantoa-aggregator.socket lantoa-aggregator.service")
        status, body = self.with_token("/api/v1/whoami")
        self.assertEqual((status, json.loads(body)["status"]), (503, 503))
        server.sh("systemctl start lantoa-aggregator.socket lantoa-aggregator.service")
        self.assertEqual(self.with_token("/api/v1/whoami")[0], 200)

    def test_06_a_purge_leaves_nothing(self):
        server = self.server
        server.sh("apt-get purge -y lantoa-web")
        self.assertEqual(self.curl("/healthz")[0], 0)
        self.assertFalse(os.path.exists(server.path("/etc/lantoa/web.conf")))
        self.assertIn("verify: ok", server.sh("lantoa verify").out)


if __name__ == "__main__":
    WHY_NOT = lacking()
    if WHY_NOT:
        print(f"SKIPPED: nothing that is deployed was tested: {WHY_NOT}", flush=True)
        sys.exit(77)
    unittest.main(verbosity=2)

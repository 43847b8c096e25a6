"""From nothing to figures, as an administrator does it: setup, a list of offices with an invitation file for each,
and offices that enrol by that file, at the keyboard or because it was laid ready for their service."""

import csv
import os
import re
import signal
import socket
import stat
import subprocess
import time
import unittest

import rig

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
UNITS = f"{SOURCE}/aggregator/data/tien-giang/units.csv"
COMPLETION = f"{SOURCE}/aggregator/cli/lantoa.bash-completion"


def communes():
    """Codes of communes in force on 2025-06-30."""
    with open(UNITS, encoding="utf-8") as file:
        return [row["code"] for row in csv.DictReader(file) if row["level"] == "commune" and
                row["valid_from"] <= "2025-06-30" and (not row["valid_to"] or row["valid_to"] > "2025-06-30")]


class FirstRun(rig.Rig):
    furnished = False

    def setUp(self):
        super().setUp()
        self.invitations = os.path.join(self.folder, "invitations")
        self.codes = communes()

    def done(self, *words):
        outcome = self.lantoa(*words)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertNotIn("lantoa://", outcome.out + outcome.err)
        return outcome.out

    def import_offices(self, n):
        """The first @n communes have an office; what the command printed."""
        path = os.path.join(self.folder, "offices.csv")
        with open(path, "w", encoding="utf-8") as offices:
            offices.write("code,name,unit,from\n")
            offices.writelines(f"{code},Văn phòng {code},{code},2025-01-01\n" for code in self.codes[:n])
        return self.done("office", "import", path, "--invite", self.invitations)

    def invitation(self, code):
        return os.path.join(self.invitations, f"{code}.invitation")

    def read_invitations(self):
        found = {}
        for name in os.listdir(self.invitations):
            path = os.path.join(self.invitations, name)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            with open(path, encoding="utf-8") as file:
                found[name.removesuffix(".invitation")] = file.read()
        return found

    def fresh_agent(self, code):
        agent = self.agent(code, enrol=False)
        with open(agent.conf, encoding="utf-8") as conf:
            text = conf.read()
        with open(agent.conf, "w", encoding="utf-8") as conf:
            conf.write(text.replace("enrol_timeout_s = 5", "enrol_timeout_s = 2"))
        return agent

    def records(self, code, value):
        outcome = self.agents[code].record(f"team.count={value}", "--period", "2025-06")
        self.assertEqual(outcome.code, 0, outcome)
        rig.wait_for(lambda: self.province.value("team.count", area=code, **{"from": "2025-06", "to": "2025-06"}) ==
                     value, f"the figure of {code}")

    # --- by hand ---

    def test_an_empty_province_has_nothing_to_make_anew(self):
        self.assertNotIn("rollups", self.province.process.log())
        self.province.process.stop()
        self.province.start()
        self.assertNotIn("rollups", self.province.process.log())

    def test_five_offices_then_eight(self):
        self.assertIn("units.csv: 456 rows changed", self.done("setup", "tien-giang"))
        first, second, third = self.codes[:3]
        self.assertRegex(self.import_offices(5), "Offices added: 5; invitations written to .*: 5;")
        lines = self.read_invitations()
        self.assertEqual(set(lines), set(self.codes[:5]))

        outcome = self.fresh_agent(first).command("enrol", self.invitation(first))
        self.assertEqual(outcome.code, 0, outcome)
        self.assertRegex(outcome.out, f"office {first} is enrolled with 127.0.0.1:.*\n"
                                      "start the agent: lantoa-agent --config .*agent.conf run\n")
        outcome = self.fresh_agent(second).command("enrol", "-", stdin=lines[second])
        self.assertEqual(outcome.code, 0, outcome)
        self.agents[first].start()
        self.records(first, 7)

        self.assertRegex(self.import_offices(8), "Offices added: 3; invitations written to .*: 3; left as they were: "
                                                 "2 enrolled, 3 invited before, 0 revoked")
        now = self.read_invitations()
        self.assertEqual(len(now), 8)
        self.assertEqual({code: now[code] for code in lines}, lines, "those on their way are as they were")
        self.records(first, 8)  # its key is good still
        outcome = self.fresh_agent(third).command("enrol", self.invitation(third))
        self.assertEqual(outcome.code, 0, outcome)
        self.agents[third].start()
        self.records(third, 3)

        outcome = self.fresh_agent(self.codes[7]).command("enrol", self.invitation(first))
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn("it was used, replaced or revoked", outcome.err)
        self.assertNotIn("lantoa://", self.province.process.log())
        for code in (first, third):
            self.agents[code].process.stop()
        self.assert_whole()

    @unittest.skipUnless(os.getuid() == 0, "only root can become somebody else")
    def test_root_enrols_for_the_agents_user(self):
        """As after apt install: the folder is the agent's, and the invitation root's."""
        nobody = 65534
        agent, _ = self.invited_office()
        os.chmod(self.folder, 0o711)
        os.chown(agent.folder, nobody, nobody)
        outcome = agent.command("enrol", self.invitation(agent.code))
        self.assertEqual(outcome.code, 0, outcome)
        for name in ("agent.key", "spool.db"):
            self.assertEqual(os.stat(os.path.join(agent.folder, name)).st_uid, nobody, name)

    # --- names while typing ---

    def completed(self, line):
        """What bash offers an operator who has typed @line."""
        done = subprocess.run(
            ["bash", "--norc", "-c", 'compopt() { :; }; source "$1"; COMP_LINE=$2 COMP_POINT=${#2}; _lantoa;'
             ' printf "%s\\n" "${COMPREPLY[@]}"', "bash", COMPLETION,
             f"{rig.BUILD}/aggregator/lantoa --api unix:{self.province.socket} {line}"],
            capture_output=True, text=True, check=True)
        return done.stdout.split()

    def test_names_that_the_province_knows_are_completed(self):
        self.done("setup", "tien-giang")
        self.import_offices(3)
        self.assertEqual(self.completed("office show "), self.codes[:3])
        self.assertEqual(self.completed("quarantine release --office "), self.codes[:3])
        self.assertEqual(self.completed("query team.cou"), ["team.count"])
        self.assertEqual(self.completed("query economy.digital_s"), ["economy.digital_share"])
        self.assertIn("28249", self.completed("query team.count --area 2824"))

    # --- what goes wrong ---

    def test_what_is_no_invitation(self):
        agent = self.fresh_agent("28249")
        path = os.path.join(self.folder, "offices.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("good morning\n")
        for given, told in (("/nowhere/x", "/nowhere/x"), (path, path), ("lantoa//h:1/c#secret", "lantoa://"),
                            (self.folder, self.folder)):
            outcome = agent.command("enrol", given)
            self.assertEqual(outcome.code, 1, outcome)
            self.assertIn(told, outcome.err)
            self.assertNotIn("secret", outcome.err)
        self.assertEqual(agent.command("enrol").code, 2)
        outcome = agent.command("run")
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn("this office is not enrolled", outcome.err)

    # --- by credential ---

    def listen(self):
        """What systemd would hear."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.bind(os.path.join(self.folder, "notify"))
        listener.settimeout(rig.PATIENCE_S)
        self.heard = ""
        return listener

    def hear(self, listener, what):
        while what not in self.heard:
            self.heard += listener.recv(4096).decode() + "\n"

    def start_with(self, agent, invitation, **more):
        """Its service, with a credential."""
        folder = os.path.join(agent.folder, "credentials")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "invitation")
        with open(path, "w", encoding="utf-8") as file:
            file.write(invitation)
        os.chmod(path, 0o440)  # as systemd leaves it
        agent.process = rig.Process(agent.args("run"), os.path.join(agent.folder, "agent.log"),
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    env={**os.environ, "CREDENTIALS_DIRECTORY": folder, **more})
        return agent.process

    def invited_office(self):
        """The first commune's office, and its line."""
        self.done("setup", "tien-giang")
        self.import_offices(1)
        code = self.codes[0]
        return self.fresh_agent(code), self.read_invitations()[code]

    def test_a_service_enrols_itself_when_the_province_comes_up(self):
        agent, line = self.invited_office()
        self.province.process.stop()
        listener = self.listen()
        process = self.start_with(agent, line, NOTIFY_SOCKET=os.path.join(self.folder, "notify"),
                                  WATCHDOG_USEC="1000000")
        self.hear(listener, "READY=1")
        self.hear(listener, "STATUS=not enrolled: the province does not answer")
        self.hear(listener, "WATCHDOG=1\nWATCHDOG=1")
        process.child.send_signal(signal.SIGHUP)  # nothing to reload yet
        process.logged("goes on trying .* cause=\"the province does not answer")
        self.province.start()
        process.logged("agent: running")
        self.hear(listener, f"STATUS={agent.code}: ")
        self.records(agent.code, 7)
        self.assertEqual(process.log().count("goes on trying"), 1, f"not a line per attempt:\n{process.log()}")
        self.assertNotIn(line.split(".")[-1].strip(), process.log() + self.province.process.log())
        process.stop()
        self.start_with(agent, "no invitation at all\n").logged("agent: running")
        self.assertNotIn("enrol", agent.process.log(), "it is not looked at any more")
        self.records(agent.code, 8)
        agent.process.stop()
        self.assert_whole()

    def test_a_spent_invitation_is_told_once_and_nobody_is_hurried(self):
        agent, line = self.invited_office()
        outcome = agent.command("enrol", line)
        self.assertEqual(outcome.code, 0, outcome)
        other = self.fresh_agent(self.codes[1])
        process = self.start_with(other, line)
        process.logged("goes on trying .* cause=\"the province refuses the invitation")
        before = self.province.counter("gate", "refused_handshakes")
        time.sleep(3)  # pauses are up to a second here
        self.assertLessEqual(self.province.counter("gate", "refused_handshakes") - before, 14)
        self.assertEqual(process.log().count("goes on trying"), 1)
        self.assertEqual(len(re.findall("cause=", process.log())), 1)
        process.child.send_signal(signal.SIGTERM)
        self.assertEqual(process.child.wait(rig.PATIENCE_S), -signal.SIGTERM)

    def test_a_blank_credential_is_none_and_a_bad_one_is_told(self):
        agent = self.fresh_agent("28249")
        self.start_with(agent, "\n")
        self.assertEqual(agent.process.child.wait(rig.PATIENCE_S), 1)
        self.assertIn("this office is not enrolled", agent.process.log())
        self.start_with(agent, "good morning\n").logged("goes on trying .* cause=\".*lantoa://")
        self.assertTrue(agent.process.alive())

    def test_by_hand_while_the_service_enrols(self):
        agent, line = self.invited_office()
        self.province.process.stop()
        agent.write_conf()  # five seconds for an attempt
        self.start_with(agent, line)
        rig.wait_for(lambda: os.path.exists(f"{agent.folder}/agent.key.pending"), "the attempt")
        outcome = agent.command("enrol", self.invitation(agent.code))
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn("systemctl stop lantoa-agent", outcome.err)
        agent.process.kill()
        self.province.start()
        outcome = agent.command("enrol", self.invitation(agent.code))
        self.assertEqual(outcome.code, 0, outcome)


if __name__ == "__main__":
    unittest.main()

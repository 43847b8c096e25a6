"""Nobody who was not invited gets past the handshake, and nobody writes for another office (I7)."""

import datetime
import json
import sqlite3
import subprocess
import unittest

import rig


class Identity(rig.Rig):
    def values(self):
        return self.province.value("visits", area="82", **{"from": "2025-06-30", "to": "2025-06-30"})

    def batch(self, probe, spool, seq, value, hear, metric="visits"):
        return probe.ask("batch", spool, seq, "2025-06-30", 0, metric, "-", "day", 0, f"0:{value}",
                         hear=hear)

    def refused_at_the_door(self, server_key, secret_key, because):
        """A connection with this key is refused, counted, and named in the log."""
        before = self.province.counter("gate", "refused_handshakes")
        probe = self.probe(server_key, secret_key)
        probe.hear("refused the key")
        probe.close()
        self.assertEqual(self.province.counter("gate", "refused_handshakes"), before + 1)
        self.assert_logged(because)

    def test_a_key_that_was_never_invited(self):
        invitation = self.province.invite("28001")
        self.refused_at_the_door(invitation.server_key, rig.fresh_key(),
                                 'gate: .*never invited.*address=127.0.0.1')
        self.assert_whole()

    def test_a_revoked_key_live_and_when_it_comes_back(self):
        probe = self.enrolled_probe("28002")
        self.batch(probe, 7, 1, 5, "ack spool=7 upto=1 held=0")
        self.province.post("/v1/offices/revoke", code="28002")
        probe.hear("disconnected")  # by itself, as soon as that is done
        probe.hear("refused the key")
        self.assertEqual(self.province.counter("gate", "cut_revoked"), 1)
        self.assert_logged('gate: .*a connection whose key was revoked.*office=28002')
        probe.say("batch", 7, 2, "2025-06-30", 0, "visits", "-", "day", 0, "0:6")
        self.refused_at_the_door(probe.server_key, probe.secret_key,
                                 'gate: .*handshake with a revoked key.*office=28002')
        self.assertEqual(self.values(), 5)
        self.assert_whole()

    def test_each_kind_of_refusal_is_named_even_right_after_another(self):
        invitation = self.province.invite("28001")
        probe = self.enrolled_probe("28002")
        self.province.post("/v1/offices/revoke", code="28002")
        self.refused_at_the_door(invitation.server_key, rig.fresh_key(), "never invited")
        self.refused_at_the_door(probe.server_key, probe.secret_key, "with a revoked key")
        self.refused_at_the_door(probe.server_key, probe.invitation.secret_key,
                                 "with a spent invitation")
        self.assert_whole()

    def test_a_spent_invitation_with_another_key(self):
        probe = self.enrolled_probe("28001")
        self.refused_at_the_door(probe.server_key, probe.invitation.secret_key,
                                 'spent invitation.*office=28001')
        probe.ask("ping", hear="pong")  # the office itself is not touched
        self.assert_whole()

    def test_an_invitation_that_is_spent_while_another_holds_it_open(self):
        """Two connections with one invitation: the second Enrol comes to nothing."""
        invitation = self.province.invite("28001")
        first = self.probe(invitation.server_key, invitation.secret_key)
        second = self.probe(invitation.server_key, invitation.secret_key)
        second.hear("connected")
        first.ask("enrol", rig.fresh_key(), hear="enrolled office=28001")
        before = self.province.counter("gate", "frames_revoked")
        second.say("enrol", rig.fresh_key())
        rig.wait_for(lambda: self.province.counter("gate", "frames_revoked") == before + 1,
                     "the second enrolment to be dropped and counted")
        self.assert_logged("revoked key or spent invitation")
        self.assertEqual(self.province.counter("intake", "enrolled"), 1)
        self.assert_whole()

    def test_an_invitation_that_is_too_old(self):
        """Its office is told so, the operator sees it, and a new one works."""
        told = self.lantoa("--format", "json", "office", "invite", "28001", "--days", "3")
        self.assertEqual(told.code, 0, told)
        until = json.loads(told.out)["until"]
        expected = datetime.datetime.now() + datetime.timedelta(days=3)
        self.assertLess(abs(datetime.datetime.fromisoformat(until).timestamp()
                            - expected.timestamp()), 3600)
        self.assertNotEqual(self.lantoa("office", "invite", "28001", "--days", "367").code, 0)
        invitation = self.province.invite("28001")
        self.assertIn('"key": "invited"', json.dumps(self.province.status()))
        self.province.process.stop()
        with sqlite3.connect(f"{self.province.folder}/lantoa.db") as database:
            database.execute("UPDATE office_key SET expires_us = 1 WHERE state = 1")
        self.province.start()
        self.refused_at_the_door(invitation.server_key, invitation.secret_key,
                                 "gate: .*expired invitation.*office=28001")
        status = self.lantoa("status")
        self.assertIn("expired", status.out)
        self.assertIn("invitations that were not used in time: 1", status.out)
        agent = self.agent("28001", enrol=False)
        outcome = agent.command("enrol", invitation.line)
        self.assertNotEqual(outcome.code, 0)
        self.assertIn("too old; ask the province for a new one", outcome.err)
        outcome = agent.command("enrol", self.province.invite("28001").line)
        self.assertEqual(outcome.code, 0, outcome)
        self.assert_whole()

    def test_an_invitation_that_says_more_than_enrol(self):
        invitation = self.province.invite("28001")
        probe = self.probe(invitation.server_key, invitation.secret_key)
        probe.hear("connected")
        before = self.province.counter("intake", "misplaced")
        self.batch(probe, 7, 1, 5, "refused spool=.* code=INVITATION")
        probe.ask("hello", 7, 0, hear="refused .* code=INVITATION")
        self.assertEqual(self.province.counter("intake", "misplaced"), before + 2)
        self.assert_logged('intake: .*office=28001 .*an invitation may enrol')
        self.assertEqual(self.province.status()["store"]["entries"], 0)
        probe.ask("enrol", rig.fresh_key(), hear="enrolled office=28001")  # it still can
        self.assert_whole()

    def test_an_enrolled_key_that_enrols_again(self):
        probe = self.enrolled_probe("28001")
        before = self.province.counter("intake", "misplaced")
        probe.ask("enrol", rig.fresh_key(), hear="refused .* code=INVITATION")
        self.assertEqual(self.province.counter("intake", "misplaced"), before + 1)
        self.assert_logged('intake: .*office=28001 .*enrolled already')
        probe.ask("ping", hear="pong")
        self.assert_whole()

    def test_an_enrolment_with_a_key_that_is_known(self):
        """Of its own office or of another: one key is one office's, for ever."""
        other = self.enrolled_probe("28002")
        invitation = self.province.invite("28001")
        door = self.probe(invitation.server_key, invitation.secret_key)
        door.ask("enrol", other.secret_key, hear="refused .* code=INVITATION")
        self.assertEqual(self.province.counter("intake", "refused_enrolments"), 1)
        self.assert_logged("enrolment refused office=")
        door.ask("enrol", rig.fresh_key(), hear="enrolled office=28001")
        other.ask("hello", 7, 0, hear="welcome .* office=28002 level=commune ")
        self.assert_whole()

    def test_an_invitation_that_was_replaced(self):
        first = self.province.invite("28001")
        second = self.province.invite("28001")
        self.refused_at_the_door(first.server_key, first.secret_key, "gate: .*revoked")
        probe = self.probe(second.server_key, second.secret_key)
        probe.ask("enrol", rig.fresh_key(), hear="enrolled office=28001")
        self.assert_whole()

    def test_the_same_key_connects_again_and_goes_on(self):
        probe = self.enrolled_probe("28001")
        self.batch(probe, 7, 1, 5, "ack spool=7 upto=1")
        again = self.probe(probe.server_key, probe.secret_key)
        again.ask("hello", 7, 1, hear="welcome upto=1 series=1 credit=\\d+ office=28001")
        self.batch(again, 7, 2, 6, "ack spool=7 upto=2")
        self.batch(probe, 7, 2, 6, "ack spool=7 upto=2")  # the older connection works, too
        self.assertEqual(self.values(), 6)
        self.assertEqual(self.province.counter("intake", "duplicates"), 1)
        self.assert_whole()

    def test_a_new_enrolment_of_an_office_ends_its_old_key(self):
        old = self.enrolled_probe("28001")
        self.batch(old, 7, 1, 5, "ack spool=7 upto=1")
        new = self.enrolled_probe("28001")
        self.refused_at_the_door(old.server_key, old.secret_key, "revoked key")
        new.ask("hello", 7, 1, hear="welcome upto=1 .* office=28001")
        self.assert_whole()

    def test_an_agent_that_claims_another_office(self):
        """A spool number is no identity, nor is what the handshake's metadata says."""
        mine, theirs = self.enrolled_probe("28001"), self.enrolled_probe("28002")
        self.batch(theirs, 7, 1, 10, "ack spool=7 upto=1")
        self.batch(mine, 7, 1, 1, "ack spool=7 upto=1")  # their spool's number, my books
        theirs.ask("hello", 7, 1, hear="welcome upto=1 series=1 credit=\\d+ office=28002")
        day = {"from": "2025-06-30", "to": "2025-06-30"}
        self.assertEqual(self.province.value("visits", area="28001", **day), 1)
        self.assertEqual(self.province.value("visits", area="28002", **day), 10)
        for key_id in range(0, 9):  # whichever number is theirs
            subprocess.run([f"{rig.BUILD}/tests/probe", "claim", self.province.endpoint,
                            mine.server_key, mine.secret_key, "User-Id", str(key_id)], check=True,
                           capture_output=True)
        rig.wait_for(lambda: self.province.counter("intake", "malformed") == 9, "nine claims")
        self.assert_logged('intake: frame refused office=28001 ')
        self.assertEqual(self.province.counter("gate", "frames_without_user"), 0)
        self.assert_whole()

    def test_a_client_that_picks_its_routing_id_gets_one_of_ours(self):
        """It could take another's answers; and a number that is the next one's aborted libzmq."""
        probe = self.enrolled_probe("28001")
        subprocess.run([f"{rig.BUILD}/tests/probe", "claim", self.province.endpoint,
                        probe.server_key, probe.secret_key, "Identity", "28002"], check=True,
                       capture_output=True)
        rig.wait_for(lambda: self.province.counter("intake", "malformed") == 1, "the claim")
        self.assert_logged('intake: frame refused office=28001 ')
        self.assertEqual(self.province.counter("gate", "frames_malformed"), 0)
        self.assert_whole()

    def test_metadata_as_long_as_a_handshake_holds_is_heard(self):
        probe = self.enrolled_probe("28001")

        def claim(value):
            return subprocess.run([f"{rig.BUILD}/tests/probe", "claim", self.province.endpoint, probe.server_key,
                                   probe.secret_key, "X-Long", value], capture_output=True, text=True)
        self.assertEqual(claim("x" * 400).stdout, "said\n")
        rig.wait_for(lambda: self.province.counter("intake", "malformed") == 1, "the claim")
        refused = claim("x" * 600)
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertIn("too long for one handshake", refused.stderr)
        self.assert_whole()

    def test_who_may_do_what_survives_a_restart(self):
        revoked, kept = self.enrolled_probe("28001"), self.enrolled_probe("28002")
        self.province.post("/v1/offices/revoke", code="28001")
        open_invitation = self.province.invite("28003")
        revoked.close()  # or it would come back by itself
        kept.close()
        self.province.process.kill()
        self.province.start()
        self.refused_at_the_door(revoked.server_key, revoked.secret_key, "revoked key")
        self.refused_at_the_door(kept.server_key, kept.invitation.secret_key, "spent invitation")
        again = self.probe(kept.server_key, kept.secret_key)
        again.ask("hello", 7, 0, hear="welcome .* office=28002")
        door = self.probe(open_invitation.server_key, open_invitation.secret_key)
        door.ask("enrol", rig.fresh_key(), hear="enrolled office=28003")
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()

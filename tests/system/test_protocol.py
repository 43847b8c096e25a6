"""Protocol 3 over real sockets, beside offices that speak an earlier one."""

import json
import os
import sqlite3
import threading
import unittest

import rig

ROW = "extra.m{},Số thứ {},Number {},item,stock,last,sum,month,,0,3,commune,2,0,\n"


class Protocol(rig.Rig):
    def catalogue(self, metrics):
        """One that has so many metrics more; of 3900 it fits no frame."""
        header = rig.CATALOGUE.splitlines()[0]
        columns = header.count(",") + 1
        rows = "".join(",".join((ROW.format(n, n, n).strip().split(",") + [""] * columns)[:columns])
                       + "\n" for n in range(metrics))
        return rig.CATALOGUE + rows

    def knows(self, agent, metric):
        return metric in agent.command("catalogue").out

    def test_a_catalogue_that_fits_no_frame_reaches_offices_in_pieces(self):
        agent = self.agent("28001").start()
        rig.wait_for(lambda: self.knows(agent, "teams"), "the catalogue")
        long = self.catalogue(3900)
        self.assertGreater(len(long.encode()), 256 * 1024)
        self.province.put_csv("/v1/catalogue", long)
        agent.process.stop()
        agent.start()
        rig.wait_for(lambda: self.knows(agent, "extra.m3899"), "the long catalogue")
        agent.record("extra.m3899=7", "--period", "2025-06")
        rig.wait_for(lambda: self.province.value("extra.m3899", **{"from": "2025-06", "to": "2025-06"})
                     == 7, "its figure")
        # one that comes to the office now has it with its first contact
        late = self.agent("28003").start()
        rig.wait_for(lambda: self.knows(late, "extra.m3899"), "the long catalogue")

    def test_an_older_agent_keeps_what_it_has_and_is_named(self):
        old = self.enrolled_probe("28001")
        old.ask("hello", 7, 0, 1, 2, hear="welcome .* protocol=2 edition=0 ")
        old.hear("catalogue bytes=")
        self.province.put_csv("/v1/catalogue", self.catalogue(3900))
        old.ask("hello", 7, 0, 1, 2, hear="welcome .* protocol=2 edition=0 ")
        old.ask("ping", hear="pong catalogue=0")  # and no Catalogue came before it
        self.assertIn("28001", json.dumps(self.province.status()["ill"]["catalogue_too_long"]))
        shown = self.province.get("/v1/offices", code="28001")
        self.assertIn("protocol 2", shown["agent"]["version"])
        self.assertNotIn("waiting", shown["agent"])
        # upgraded, it asks for the edition
        welcome = old.ask("hello", 7, 0, 1, 3, hear="welcome .* protocol=3 edition=([1-9]\\d*) ")
        edition = welcome.group(1)
        piece = old.ask("edition", edition, 0, hear=f"piece edition={edition} from=0 len=(\\d+) "
                        "bytes=([1-9]\\d*)")
        self.assertLessEqual(int(piece.group(2)), 192 * 1024)
        old.ask("edition", edition, piece.group(1), hear="refused .*code=MALFORMED")
        self.assertNotIn("catalogue_too_long", json.dumps(self.province.status()))

    def test_the_province_shows_what_an_agent_says_of_itself(self):
        agent = self.agent("28002").start()
        agent.record("teams=4", "--period", "2025-06")
        rig.wait_for(lambda: self.province.value("teams", **{"from": "2025-06", "to": "2025-06"}) == 4,
                     "the figure")
        shown = self.province.get("/v1/offices", code="28002")["agent"]
        self.assertIn("protocol 3", shown["version"])
        self.assertIn(" figures, as of ", shown["waiting"])
        self.assertRegex(shown["spool"], r"\d+\.\d % of what it may hold")
        self.assertEqual(shown["push"], "every 1 s")
        self.assertIn(shown["clock"], ("kernel", "province", "battery", "no one"))
        row = [row for row in self.province.status()["rows"] if row["office"] == "28002"][0]
        self.assertEqual(row["unsent"], 0)
        self.assertRegex(row["agent"], r"\d+\.\d+\.\d+")

    def test_an_older_agent_that_sends_names_for_codes_is_told(self):
        day = {"from": "2025-06-30", "to": "2025-06-30"}
        old = self.enrolled_probe("28001")
        old.ask("hello", 7, 0, 1, 2, hear="welcome .* protocol=2 edition=0 ")
        old.ask("batch", 7, 1, "2025-06-30", 0, "visits", "desk=Một-cửa", "day", 0, "0:5",
                hear="ack .*upto=1 held=0 ")
        self.province.put_csv("/v1/dimensions", "dimension,code,label_vi,label_en,valid_from,"
                              "valid_to\ndesk,counter,Một-cửa,Counter,,\n")
        # what stands counts, and what comes waits
        self.assertEqual(self.province.value("visits", **day), 5)
        old.ask("batch", 7, 2, "2025-06-30", 0, "-", "-", "day", 0, "0:6",
                hear="ack .*upto=2 held=1 reason=its label is not a code of the province's list")
        old.ask("batch", 7, 3, "2025-06-30", 1, "visits", "desk=window", "day", 0, "0:7",
                hear="ack .*upto=3 held=1 reason=its label is not a code of the province's list")
        self.assertEqual(self.province.value("visits", **day), 5)
        rows = self.province.get("/v1/quarantine")["rows"]
        self.assertEqual([row["labels"] for row in rows], ["desk=window", "desk=Một-cửa"])
        self.assertEqual(rows[0]["reason"], "desk 'window' is not in the province's list; choose "
                         "one of it: Counter")
        self.assertIn("'Một-cửa' is a name, and the province takes the code, 'counter'",
                      rows[1]["reason"])
        # the list is mended: it counts as if it always had
        self.province.put_csv("/v1/dimensions", "dimension,code,label_vi,label_en,valid_from,"
                              "valid_to\ndesk,counter,Một-cửa,Counter,,\ndesk,window,,,,\n")
        self.assertEqual(self.province.value("visits", **day), 5)
        self.province.post("/v1/quarantine/release", all="yes")
        self.assertEqual(self.province.value("visits", **day), 12)
        self.assertEqual(self.province.verify(), [])

    def link(self, position):
        """The ledger's link there, as the province's own rows have it."""
        db = sqlite3.connect(f"file:{self.province.folder}/lantoa.db?mode=ro", uri=True)
        events = db.execute("SELECT after_journal + id, id, chain FROM event WHERE"
                            " after_journal + id <= ? ORDER BY id DESC LIMIT 1",
                            (position,)).fetchone() or (0, 0, None)
        entry = db.execute("SELECT chain FROM journal WHERE id = ?",
                           (position - events[1],)).fetchone()
        db.close()
        return (events[2] if events[0] == position else entry[0]).hex()

    def test_offices_keep_the_ledgers_head(self):
        agent = self.agent("28001").start()
        agent.record("teams=4", "--period", "2025-06")
        head = rig.wait_for(lambda: (json.loads(agent.command("status", "--json").out)["ledger"]
                                     or {}).get("head"), "a head")
        position, chain = head.split(":")
        self.assertGreater(int(position), 0)
        self.assertEqual(chain, self.link(int(position)))
        agent.record("teams=5", "--period", "2025-06")
        told = rig.wait_for(lambda: (now := json.loads(agent.command(
            "status", "--json").out)["ledger"]["head"]) != head and now, "the next head")
        position, chain = told.split(":")
        self.assertEqual(chain, self.link(int(position)))
        agent.process.stop()
        self.assertIn("the head of 1 day is kept", agent.command("status").out)
        # it tells it when it comes again, and this ledger has it
        agent.start()
        heads = lambda: self.province.get("/v1/offices/heads", code="28001")["rows"]
        row = rig.wait_for(lambda: [row for row in heads() if row["head"] == told], "its head")[0]
        self.assertEqual((row["ledger"], row["odd"]), ("agrees", None))
        self.assertNotIn("head_differs", json.dumps(self.province.status()))
        agent.process.stop()
        # a province whose link there was changed: what the office kept shows it
        self.province.process.stop()
        db = sqlite3.connect(f"{self.province.folder}/lantoa.db")
        with db:
            db.execute("UPDATE journal SET chain = randomblob(32)")
            db.execute("UPDATE event SET chain = randomblob(32)")
        db.close()
        self.province.start()
        agent.start()
        rig.wait_for(lambda: "28001" in json.dumps(self.province.status().get("ill", {}).get(
            "head_differs")), "the head that differs")
        self.assertEqual(heads()[0]["odd"], int(position))
        self.assertEqual(json.loads(self.lantoa("office", "heads", "28001", "--days", "1",
                                                "--format", "json").out)["rows"][-1]["ledger"],
                         "agrees")  # what it is told now
        # older agents are told none
        old = self.enrolled_probe("28003")
        old.ask("hello", 7, 0, 1, 2, hear="welcome .* head=0")
        old.ask("hello", 7, 0, 1, 3, hear="welcome .* head=[1-9]")

    def head_of_a_day(self, agent, value):
        """The office hears the head behind this figure: the last of its day."""
        agent.record(f"teams={value}", "--period", "2025-06")
        rig.wait_for(lambda: [row["value"] for row in self.province.query(
            "teams", **{"from": "2025-06", "to": "2025-06"})] == [value], "the figure")
        newest = self.province.get("/v1/changes", after=0, most=1)["head"]
        return rig.wait_for(lambda: (json.loads(agent.command("status", "--json").out)["ledger"]
                                     or {}).get("head") == newest and newest, "its head")

    def a_day_later(self, agent):
        """What the office kept today, it kept yesterday."""
        agent.process.stop()
        with sqlite3.connect(f"{agent.folder}/spool.db") as spool:
            spool.execute("UPDATE head SET day = day - 1")
        spool.close()
        agent.start()

    def test_an_offices_older_heads_tell_since_when_histories_part(self):
        agent = self.agent("28001").start()
        kept = [self.head_of_a_day(agent, 1)]
        backup = f"{self.folder}/old.backup"
        self.assertEqual(self.lantoa("backup", backup).code, 0)
        for value in (2, 3):
            self.a_day_later(agent)
            kept.append(self.head_of_a_day(agent, value))
        agreed = self.lantoa("office", "heads", "28001", "--days", "3")
        self.assertRegex(agreed.out, r"28001: agrees from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d")
        for head in kept:
            self.assertIn(head, agreed.out)
        self.assertNotIn("head_differs", json.dumps(self.province.status()))
        # the backup of the first day comes back
        self.province.process.kill()
        machine = rig.Province(os.path.join(self.folder, "machine"))
        machine.endpoint = self.province.endpoint
        machine.write_conf()
        restored = rig.run([f"{rig.BUILD}/aggregator/lantoa-aggregator", "--config", machine.conf,
                            "--restore", backup])
        self.assertEqual(restored.code, 0, restored)
        self.province = machine
        machine.start()
        rig.wait_for(lambda: self.province.value("teams", **{"from": "2025-06", "to": "2025-06"})
                     == 3, "what came after the backup")
        self.head_of_a_day(agent, 4)
        answer = self.province.get("/v1/offices/heads", code="28001", days=3)
        verdicts = [row["ledger"] for row in answer["rows"]]
        self.assertEqual([row["head"] for row in answer["rows"]][:3], kept)
        self.assertEqual((verdicts[0], verdicts[-1], len(verdicts)), ("agrees", "agrees", 4))
        self.assertNotIn("agrees", verdicts[1:3])
        days = [row["heard_on"] for row in answer["rows"]]
        self.assertEqual(days[2], days[3])  # both sides of the break
        self.assertEqual(answer["offices"], {"28001": f"agrees up to {days[0]}, differs from "
                                             f"{days[1]} on, agrees again from {days[3]} on"})
        self.assertIn("28001", json.dumps(self.province.status()["ill"]["head_differs"]))
        # events may have been cut off: a repair would undo them in the tables
        refused = self.lantoa("verify", "--repair")
        self.assertEqual(refused.code, 1, refused)
        self.assertIn("1 offices keep a head that this ledger does not have", refused.err)
        self.assertEqual(self.lantoa("verify", "--repair", "--yes").code, 0)
        # since a day: those before it are not shown
        since = self.lantoa("office", "heads", "28001", "--since", days[1], "--format", "csv")
        self.assertNotIn(kept[0], since.out)
        self.assertIn(kept[1], since.out)
        self.assertEqual(self.lantoa("verify", "--head", kept[0]).code, 0)
        self.assertEqual(self.lantoa("verify", "--head", kept[2]).code, 1)

    def test_who_cannot_tell_older_heads_is_named_and_who_tells_what_nobody_asked_is_refused(self):
        old = self.enrolled_probe("28001")
        old.ask("hello", 7, 0, 1, 2, hear="welcome .* protocol=2")
        probe = self.enrolled_probe("28003")
        probe.ask("hello", 7, 0, 1, 3, hear="welcome .* protocol=3")
        probe.ask("heads", 1, 1, hear="refused .*code=MALFORMED reason=nobody asked")
        asked = []
        def ask():
            asked.append(self.province.get("/v1/offices/heads", all=1, days=2))
        thread = threading.Thread(target=ask)
        thread.start()
        number = probe.hear(r"heads_ask number=(\d+) most=18").group(1)
        probe.ask("heads", number, 19, hear="refused .*code=MALFORMED reason=tells more heads")
        thread.join()  # it is waited for in vain
        told = asked[0]["offices"]
        self.assertIn("speaks protocol 2", told["28001"])
        self.assertEqual(told["28002"], "not connected")
        self.assertEqual(told["28003"], "did not answer in time")
        self.assertEqual({row["office"]: row["ledger"] for row in asked[0]["rows"]}, told)
        thread = threading.Thread(target=ask)
        thread.start()
        number = probe.hear(r"heads_ask number=(\d+) most=18").group(1)
        probe.say("heads", number, 1)
        thread.join()
        self.assertIn("differs from", asked[1]["offices"]["28003"])
        self.assertIn("28003", json.dumps(self.province.status()["ill"]["head_differs"]))
        probe.ask("heads", number, 1, hear="refused .*code=MALFORMED reason=nobody asked")
        # its agent is upgraded, as is said
        old.ask("hello", 7, 0, 1, 3, hear="welcome .* protocol=3")
        thread = threading.Thread(target=ask)
        thread.start()
        for office in (old, probe):
            office.say("heads", office.hear(r"heads_ask number=(\d+) ").group(1), 0)
        thread.join()
        self.assertEqual(asked[2]["offices"]["28001"], "keeps no head of these days")
        probe.close()
        rig.wait_for(lambda: self.province.get("/v1/offices/heads", code="28003", days=2)[
            "offices"]["28003"] == "not connected", "that it is gone")
        for code, words in ((2, ["--days", "2"]), (2, ["--all"]), (2, ["28001", "--all", "--days", "2"]),
                            (1, ["28001", "--days", "0"]), (2, ["28001", "--days", "2", "--since", "2025-01-01"]),
                            (1, ["28001", "--since", "2099-01-01"]), (1, ["99999", "--days", "2"])):
            with self.subTest(words=words):
                self.assertEqual(self.lantoa("office", "heads", *words).code, code)


if __name__ == "__main__":
    unittest.main()

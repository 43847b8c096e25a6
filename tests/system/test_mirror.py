"""A province's figures in a real PostgreSQL, exactly once: whatever is killed when, whichever answer is lost, whichever side
goes back to an older copy. And what its views say is what the province answers, to the last digit."""

import datetime
import decimal
import glob
import os
import random
import shutil
import subprocess
import threading
import time
import unittest

import postgres
import rig

FIRST, LAST = datetime.date(2025, 4, 1), datetime.date(2025, 6, 30)
DAYS = [FIRST + datetime.timedelta(days=n) for n in range(91)]
RANGE = {"from": str(FIRST), "to": str(LAST)}
# What adds up in each way.
MORE = """depth,Sâu,Depth,m,ratio,mean,mean,day,desk,2,0,commune,1,,,
peak,Đỉnh,Peak,m,ratio,max,max,day,desk,1,0,commune,1,,,
low,Đáy,Low,m,ratio,min,min,day,,1,0,commune,1,,,
stock,Kho,Stock,item,stock,last,sum,week,desk,0,2,commune,1,,,
share,Phần,Share,%,ratio,last,mean,month,,2,1,commune,1,,,
turn,Vòng,Turn,visit,flow,sum,sum,month,,0,0,commune,2,0,,report
"""
CATALOGUE = "".join(line + (",calendar" if line.startswith("name,") else ",") + "\n" for line in rig.CATALOGUE.splitlines()) + MORE
# "mọi" in the middle of the year: what was in two districts is in one.
REFORM = rig.UNITS.replace("28003,Phường Ba,commune,816,1976-01-01,", "28003,Phường Ba,commune,816,1976-01-01,2025-05-16\n"
                           "28003,Phường Ba mới,commune,815,2025-05-16,")
SEEN = {"visits": "A B", "depth": "A B", "peak": "A", "stock": "A B"}


def setUpModule():
    if not glob.glob("/usr/lib/postgresql/*/bin/initdb"):
        raise unittest.SkipTest("there is no PostgreSQL on this machine (.ci/packages)")


class Mirrored(rig.Rig):
    fsync = False

    def setUp(self):
        super().setUp()
        self.dice = random.Random(rig.seed())
        self.province.put_csv("/v1/catalogue", CATALOGUE)
        self.postgres = postgres.Postgres(self.fsync)
        self.addCleanup(self.postgres.clear)
        self.mirror = None
        self.addCleanup(lambda: self.mirror and self.mirror.kill())
        self.conf = self.configure()

    def configure(self, name="mirror", database=None, province="82"):
        conf = os.path.join(self.folder, f"{name}.conf")
        with open(conf, "w", encoding="utf-8") as out:
            out.write(f"[mirror]\nprovince = {province}\naggregator = unix:{self.province.socket}\n"
                      f"database = {database or self.postgres.database}\n")
        return conf

    def args(self, *words, conf=None):
        return [f"{rig.BUILD}/aggregator/lantoa-mirror", "--config", conf or self.conf, *words]

    def command(self, *words, conf=None):
        return rig.run(self.args(*words, conf=conf))

    def start(self, conf=None):
        self.mirror = rig.Process(self.args(conf=conf), os.path.join(self.folder, "mirror.log"), stdin=subprocess.DEVNULL)
        return self.mirror

    def head(self):
        return self.province.get("/v1/changes", after=0, most=1)["head"]

    def settle(self):
        """What a change holds comes in events of its own, a little later."""
        last = None
        while last != self.head():
            last = self.head()
            time.sleep(0.7)
        self.once()

    def once(self, conf=None):
        outcome = self.command("--once", conf=conf)
        self.assertEqual(outcome.code, 0, outcome)

    def assert_same(self, least=1):
        """By lantoa-mirror verify: nothing lost, nothing doubled."""
        outcome = self.command("verify")
        self.assertEqual(outcome.code, 0, outcome)
        self.assertGreaterEqual(int(outcome.out.split()[2]), least, outcome)

    def post(self, code, metric, value, period, labels=None):
        self.province.post("/v1/figures", office=code, figures=f"{metric}={value}", period=str(period),
                           **({"labels": labels} if labels else {}))

    def post_some(self, n, dice=None):
        dice = dice or self.dice
        for _ in range(n):
            code, day = dice.choice(rig.COMMUNES), dice.choice(DAYS[::3])
            metric, value, period = dice.choice((
                ("visits", dice.randrange(10**6), day), ("balance", f"{dice.randrange(-10**9, 10**9)}.{dice.randrange(1000):03}", day),
                ("depth", f"{dice.randrange(100)}.{dice.randrange(100):02}", day), ("peak", f"{dice.randrange(-99, 99)}.5", day),
                ("low", f"-{dice.randrange(99)}.{dice.randrange(10)}", day), ("hours", f"{dice.randrange(24)}.25", f"{day}T0{dice.randrange(9)}"),
                ("stock", dice.randrange(100), f"2025-W{dice.randrange(14, 27)}"),
                ("teams", dice.randrange(100), f"2025-0{dice.randrange(3, 7)}"),
                ("share", f"{dice.randrange(100)}.{dice.randrange(100):02}", f"2025-0{dice.randrange(3, 7)}"),
                ("turn", dice.randrange(1000), f"2025-0{dice.randrange(4, 7)}")))
            if dice.random() < 0.1:
                value = "-"
            label = dice.choice(["", *SEEN.get(metric, "").split()])
            try:
                self.post(code, metric, value, period, f"desk={label}" if label else None)
            except rig.Refusal as refusal:
                self.assertIn(refusal.args[0], (400, 404, 409, 422), refusal)  # no unit then, closed, nothing to withdraw, a whole and its parts


class Views(Mirrored):
    """The figures that people read."""

    def close_and_release(self):
        day = LAST - datetime.timedelta(days=self.dice.randrange(10))
        outcome = self.lantoa("close", str(day))
        self.assertEqual(outcome.code, 0, outcome)
        agent = self.agents["28001"]
        for value in self.dice.sample(range(1000), 3):
            self.assertEqual(agent.record(f"visits={value}", "--period", str(day), "--label", "desk=A").code, 0)
        self.assertEqual(agent.record("balance=5", "--period", str(FIRST)).code, 0)
        rig.wait_for(lambda: self.province.get("/v1/quarantine")["rows"], "held figures")
        self.settle()
        if self.dice.random() < 0.7:
            self.release()

    def release(self):
        outcome = self.lantoa("quarantine", "release", "--all", "--closed")
        self.assertEqual(outcome.code, 0, outcome)

    def hold_by_catalogue(self):
        """What is over the new maximum waits, and comes back."""
        row = "visits,Lượt,Visits,visit,flow,sum,sum,day,desk,0,0,commune,1,0,"
        self.province.call("PUT", "/v1/catalogue", CATALOGUE.replace(row, row + "500000").encode(), "text/csv", yes=1)
        self.settle()
        self.assert_same()
        self.post_some(5)
        self.province.put_csv("/v1/catalogue", CATALOGUE)
        if self.dice.random() < 0.7:
            self.release()

    def reform(self):
        self.province.call("PUT", "/v1/units", REFORM.encode(), "text/csv", yes=1)

    def move(self):
        outcome = self.lantoa("office", "move", "28002", "--unit", self.dice.choice(rig.COMMUNES), "--from",
                              str(self.dice.choice(DAYS)))
        self.assertEqual(outcome.code, 0, outcome)

    def theirs(self, metric, per, level, **more):
        rows = self.province.query(metric, per=per, **RANGE, **({"by": level} if level else {}), **more)
        return {(row["period"], (row.get("area") or "") if level else "", str((row.get("valid_from") or "") if level not in ("", "office") else "")):
                decimal.Decimal(str(row["value"])) for row in rows if row["value"] is not None}

    def ours(self, metric, per, level, known="NULL"):
        rows = self.postgres.sql(f"SELECT period, area, valid_from, value FROM lantoa.figures('82', '{metric}', '{per}', '{FIRST}', "
                                 f"'{LAST}', NULLIF('{level}', ''), {known})")
        return {(period, area, first): decimal.Decimal(value) for period, area, first, value in rows}

    def assert_views(self, known=None, **more):
        compared = 0
        for metric, grains in (("visits", "day month"), ("balance", "month quarter"), ("depth", "day month"), ("peak", "month year"),
                               ("low", "month"), ("hours", "hour day"), ("stock", "week"), ("teams", "month quarter"),
                               ("share", "month semester"), ("turn", "month")):
            for per in grains.split():
                for level in ("office", "commune", "district", "province", ""):
                    ours, theirs = self.ours(metric, per, level, known or "NULL"), self.theirs(metric, per, level, **more)
                    self.assertEqual(ours, theirs, f"{metric} {per} {level}")
                    compared += len(ours)
        return compared

    def test_views_say_what_the_province_answers(self):
        self.agent("28001").start()
        self.post_some(120)
        steps = [self.close_and_release, self.hold_by_catalogue, self.reform, self.move]
        self.dice.shuffle(steps)
        for step in steps[:2]:
            step()
            self.post_some(15)
        self.settle()
        position = self.postgres.sql("SELECT position FROM lantoa.watermark")[0][0]
        time.sleep(1.1)
        instant = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        before = self.theirs("visits", "month", "district")
        time.sleep(1.1)
        for step in steps[2:]:
            step()
            self.post_some(15)
        self.settle()
        self.assert_same(100)
        self.assertGreater(self.assert_views(), 500)
        # As known at a position, and which position an instant was.
        self.assertEqual(self.ours("visits", "month", "district", position), before)
        self.assertEqual(self.postgres.sql(f"SELECT lantoa.position_at('82', '{instant}')"), [[position]])
        for metric in ("visits", "depth", "stock"):
            self.assertEqual(self.ours(metric, "month", "district", position) if metric != "stock" else
                             self.ours(metric, "week", "district", position),
                             self.theirs(metric, "week" if metric == "stock" else "month", "district", known=instant), metric)
        for metric in ("visits", "teams"):
            theirs = {row["period"]: [int(row["due"]), int(row["reported"]), int(row["due"]) - int(row["reported"]), int(row["extra"])]
                      for row in self.province.query(metric, per="month", **RANGE)}
            ours = {period: [int(number) for number in numbers] for period, *numbers in self.postgres.sql(
                f"SELECT * FROM lantoa.completeness('82', '{metric}', 'month', '{FIRST}', '{LAST}')")}
            self.assertEqual(ours, theirs)
        # Whoever only reads can read, and nothing else.
        self.postgres.sql("CREATE ROLE analyst LOGIN IN ROLE lantoa_reader")
        self.assertTrue(self.postgres.sql("SET ROLE analyst; SELECT * FROM lantoa.figure_now"))
        with self.assertRaisesRegex(AssertionError, "permission denied"):
            self.postgres.sql("SET ROLE analyst; DELETE FROM lantoa.figure")
        # A row that somebody changed by hand is found.
        self.postgres.sql("UPDATE lantoa.figure SET value = value + 0.001 WHERE metric = 'balance' AND known_to IS NULL "
                          "AND value IS NOT NULL AND period = (SELECT max(period) FROM lantoa.figure_now WHERE metric = 'balance')")
        outcome = self.command("verify")
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn("the province has", outcome.out)

    def test_a_first_fill_has_once_what_was_held_released_and_corrected(self):
        agent, day = self.agent("28001").start(), str(LAST)
        self.assertEqual(self.lantoa("close", day).code, 0)
        self.assertEqual(agent.record("visits=5", "--period", day, "--label", "desk=A").code, 0)
        rig.wait_for(lambda: self.province.get("/v1/quarantine")["rows"], "held figures")
        self.release()
        self.assertEqual(self.lantoa("reopen", day).code, 0)
        self.post("28001", "visits", 7, day, "desk=A")
        self.once()
        self.assertEqual(self.postgres.sql("SELECT value FROM lantoa.figure_now WHERE metric = 'visits'"), [["7"]])
        self.assert_same()


class Kills(Mirrored):
    fsync = True
    seconds = 15

    def write_on(self, stop):
        dice = random.Random(self.dice.random())
        while not stop.is_set():
            self.post_some(1, dice)

    def test_nothing_is_lost_or_doubled_whatever_is_killed_when(self):
        stop = threading.Event()
        writers = [threading.Thread(target=self.write_on, args=(stop,)) for _ in range(2)]
        for writer in writers:
            writer.start()
        kills, until = {"mirror": 0, "postgres": 0}, time.monotonic() + self.seconds
        self.start()
        try:
            while time.monotonic() < until:
                time.sleep(self.dice.random() / 2)
                if self.dice.random() < 0.7:
                    self.mirror.kill()
                    self.start()
                    kills["mirror"] += 1
                else:
                    self.postgres.kill()
                    self.postgres.start()
                    kills["postgres"] += 1
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        print(f"killed: {kills}", flush=True)
        self.assertGreater(min(kills.values()), 2)
        self.mirror.logged("connected", 60)  # it hears that it is to end
        self.mirror.stop()
        self.once()
        self.assert_same(100)

    def test_an_answer_to_commit_that_is_lost_doubles_nothing(self):
        relay = postgres.Relay(self.postgres)
        self.addCleanup(relay.close)
        self.once()
        conf = self.configure("relayed", self.postgres.database.replace(self.postgres.folder, relay.folder))
        self.start(conf)
        for _ in range(15):
            before = relay.cuts
            relay.to_cut = 1
            self.post_some(2)
            self.province.post("/v1/offices/rename", code="28004", name=f"Office {self.dice.random()}")
            rig.wait_for(lambda: relay.cuts > before, "a cut")
        self.mirror.stop()
        self.assertEqual(relay.cuts, 15)
        self.once()
        self.assert_same()

    def test_two_mirrors_at_once(self):
        self.post_some(50)
        self.start()
        other = rig.Process(self.args(), os.path.join(self.folder, "other.log"), stdin=subprocess.DEVNULL)
        try:
            self.post_some(150)
        finally:
            other.stop()
        self.mirror.stop()
        self.once()
        self.assert_same()


class GoneBack(Mirrored):
    def restore_older(self, file):
        self.province.process.stop()
        for name in ("lantoa.db", "lantoa.db-wal", "lantoa.db-shm", "server.key"):
            path = os.path.join(self.province.folder, name)
            if os.path.exists(path):
                os.remove(path)
        outcome = rig.run([f"{rig.BUILD}/aggregator/lantoa-aggregator", "--config", self.province.conf, "--restore", file])
        self.assertEqual(outcome.code, 0, outcome)
        self.province.start()

    def test_a_province_that_was_restored_stops_the_mirror(self):
        self.post_some(20)
        file = os.path.join(self.folder, "backup")
        self.assertEqual(self.lantoa("backup", file).code, 0)
        self.post_some(20)
        self.start()
        rig.wait_for(lambda: self.command("status").code == 0, "the mirror")
        rows = self.postgres.sql("SELECT count(*) FROM lantoa.figure")
        self.restore_older(file)
        self.mirror.logged("restored from an older backup", 30)
        self.assertEqual(self.mirror.child.wait(rig.PATIENCE_S), 3)
        os.environ["LC_ALL"] = "vi_VN.UTF-8"
        try:
            outcome = self.command("--once")
        finally:
            os.environ["LC_ALL"] = "C.UTF-8"
        self.assertEqual(outcome.code, 1)
        self.assertIn("đã được khôi phục từ một bản sao lưu cũ hơn", outcome.err)
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM lantoa.figure"), rows)  # it touched nothing
        self.assertEqual(self.command("--begin-anew").code, 0)
        self.once()
        self.assert_same()
        # And the one before the restore, which somebody switches on again.
        self.postgres.sql("UPDATE lantoa.watermark SET epoch = epoch + 1000000")
        outcome = self.command("--once")
        self.assertIn("this is the old machine", outcome.err)

    def test_a_database_that_went_back_gets_what_it_lost(self):
        self.post_some(30)
        self.once()
        self.postgres.stop()
        kept = f"{self.postgres.folder}/kept"
        shutil.copytree(f"{self.postgres.folder}/data", kept, copy_function=shutil.copy2)
        subprocess.run(["chown", "-R", "--reference", f"{self.postgres.folder}/data", kept], check=True)
        self.postgres.start()
        self.start()
        self.post_some(40)
        rig.wait_for(lambda: self.command("status").out.splitlines()[0].endswith(" 0 behind"), "the mirror")
        self.postgres.stop()
        shutil.rmtree(f"{self.postgres.folder}/data")
        os.rename(kept, f"{self.postgres.folder}/data")
        self.postgres.start()
        self.post_some(10)
        self.assert_same()
        self.mirror.stop()

    def refused(self, conf, sentence):
        outcome = self.command("--once", conf=conf)
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn(sentence, outcome.err)

    def test_who_is_not_let_in_is_told_what_to_do(self):
        """And goes on when it is done."""
        database = self.postgres.database
        self.refused(self.configure("away", database.replace(self.postgres.folder, "/nowhere")), "is it running")
        conf = self.configure("other", database.replace("dbname=lantoa", "dbname=other"))
        self.refused(conf, "make it: createdb")
        self.postgres.run("createdb", "-h", self.postgres.folder, "-U", "postgres", "other")
        self.assertIn("start lantoa-mirror, which makes them", self.command("status", conf=conf).err)
        self.once(conf)
        self.assertEqual(self.command("status", conf=conf).code, 0)
        conf = self.configure("role", database.replace("user=postgres", "user=lantoa-mirror"))
        self.refused(conf, "make its role: createuser lantoa-mirror")
        self.postgres.run("createuser", "-h", self.postgres.folder, "-U", "postgres", "lantoa-mirror")
        self.refused(conf, "make it the owner of the database")
        self.postgres.sql('ALTER DATABASE lantoa OWNER TO "lantoa-mirror"')
        self.once(conf)
        self.province.post("/v1/offices/rename", code="28004", name="Another")
        self.refused(self.configure("copy", database + " options='-c default_transaction_read_only=on'"), "name the one that does")
        # A password.
        self.postgres.sql("ALTER ROLE \"lantoa-mirror\" PASSWORD 'geheim'")
        hba = f"{self.postgres.folder}/data/pg_hba.conf"
        with open(hba, encoding="utf-8") as old:
            rules = old.read()
        with open(hba, "w", encoding="utf-8") as new:
            new.write("local all lantoa-mirror scram-sha-256\n" + rules)
        self.postgres.sql("SELECT pg_reload_conf()")
        rig.wait_for(lambda: "see user, passfile and pg_hba.conf" in self.command("--once", conf=conf).err, "the new rule")
        with open(os.open(f"{self.folder}/pass", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as out:
            out.write("*:*:*:lantoa-mirror:geheim\n")
        self.once(self.configure("role", database.replace("user=postgres", f"user=lantoa-mirror passfile={self.folder}/pass")))

    def test_what_is_wrong_with_the_tables_is_told(self):
        self.once()
        # A disk that is full.
        self.postgres.sql("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
                          "$$ BEGIN RAISE EXCEPTION 'No space left' USING ERRCODE = '53100'; END $$; "
                          "CREATE TRIGGER full_disk BEFORE INSERT ON lantoa.event EXECUTE FUNCTION full_disk()")
        self.province.post("/v1/offices/rename", code="28004", name="One")
        self.refused(self.conf, "make room there")
        mirror = self.start()
        mirror.logged("make room there")
        self.postgres.sql("DROP TRIGGER full_disk ON lantoa.event")
        rig.wait_for(lambda: self.command("status").out.splitlines()[0].endswith(" 0 behind"), "the mirror")
        mirror.stop()
        nobody = self.command("status", conf=self.configure("nobody", province="99"))
        self.assertEqual(nobody.code, 1, nobody)
        self.assertIn("PostgreSQL has nothing of province 99", nobody.out)
        # The tables of a later version.
        self.postgres.sql("UPDATE lantoa.version SET tables = 99")
        self.refused(self.conf, "install that one")
        self.assertEqual(self.start().child.wait(rig.PATIENCE_S), 3)
        self.postgres.sql("UPDATE lantoa.version SET tables = 1")
        self.once()
        # Somebody took a row away.
        self.postgres.sql("DELETE FROM lantoa.office WHERE code = '28004'")
        self.province.post("/v1/offices/rename", code="28004", name="Another")
        self.refused(self.conf, "begin anew: lantoa-mirror --begin-anew")
        self.assertEqual(self.start().child.wait(rig.PATIENCE_S), 3)
        self.assertEqual(self.command("--begin-anew").code, 0)
        self.once()
        # Another province under the same code.
        self.postgres.sql("UPDATE lantoa.watermark SET beginning = 'x', epoch = 1")
        self.refused(self.conf, "see province and database in mirror.conf")
        self.once(self.configure("other", province="83"))
        with open(self.conf, "w", encoding="utf-8") as conf:
            conf.write("[mirror]\n")
        outcome = self.command("status")
        self.assertEqual(outcome.code, 3)
        self.assertIn("give the code of the province", outcome.err)


if __name__ == "__main__":
    unittest.main()

"""Files that a disk damaged, under the real programs: no crash, no abort, no hang. They start or say why not, and
answer or say what is damaged. What both do in process with thousands: test_damaged_store, test_damaged_spool."""

import contextlib
import os
import random
import re
import shutil
import sqlite3
import unittest

import rig

PAGE = 4096
FILES = 10  # of each side; LANTOA_SEEDS for more
DEATHS = re.compile(r"AddressSanitizer|runtime error|Assertion|LeakSanitizer|a handle was left open")


def damage(dice, path):
    """Some bytes of some pages, as disks do it; never the first, without which it is not a database."""
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        for _ in range(dice.randrange(1, 12)):
            at = dice.randrange(PAGE, len(data))
            how = dice.randrange(3)
            if how == 0:
                data[at] ^= 1 << dice.randrange(8)
            elif how == 1:
                at -= at % 512
                data[at:at + 512] = bytes(512)
            else:
                data[at:at + 8] = dice.randbytes(8)
        file.seek(0)
        file.write(data)


def settle(path):
    """All of it in the one file."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


class Damage(rig.Rig):
    offices = rig.COMMUNES[:1]

    def setUp(self):
        super().setUp()
        self.dice = random.Random(rig.seed())
        self.office = self.agent("28001")
        for day in range(1, 8):
            outcome = self.office.record("visits=5", "--period", f"2025-06-{day:02d}")
            self.assertEqual(outcome.code, 0, outcome)
        self.office.start()
        rig.wait_for(lambda: self.province.counter("intake", "batches") >= 7, "seven days at the province")
        self.office.process.stop()

    def damaged(self, path):
        """Again and again, another way each time."""
        settle(path)
        shutil.copy(path, f"{self.folder}/good")
        for nth in range(int(os.environ.get("LANTOA_SEEDS", FILES))):
            for end in ("-wal", "-shm", "-journal"):
                if os.path.exists(path + end):
                    os.unlink(path + end)
            shutil.copy(f"{self.folder}/good", path)
            damage(self.dice, path)
            yield nth

    def end(self, process):
        """It ends when it is told to, if it has not given up before; and not by a signal or a sanitizer."""
        try:
            process.stop()
        except AssertionError:
            pass
        self.assertIsNone(DEATHS.search(process.log()), process.log()[-4000:])
        self.assertGreaterEqual(process.child.returncode, 0, process.log()[-4000:])

    def answered(self, outcome):
        self.assertIn(outcome.code, (0, 1, 2, 3), outcome)
        self.assertIsNone(DEATHS.search(outcome.err), outcome)
        self.assertTrue(outcome.code == 0 or outcome.out or outcome.err, outcome)

    def test_a_table_of_the_province_that_cannot_be_read_is_told(self):
        """Whichever it is: each is read by another part of the start, and what began before has to end."""
        self.province.process.stop()
        path = f"{self.province.folder}/lantoa.db"
        settle(path)
        shutil.copy(path, f"{self.folder}/good")
        with contextlib.closing(sqlite3.connect(path)) as db:
            tables = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        self.assertGreater(len(tables), 15)
        refused = 0
        for table in tables:
            shutil.copy(f"{self.folder}/good", path)
            with contextlib.closing(sqlite3.connect(path)) as db:
                db.execute(f"ALTER TABLE {table} RENAME TO gone")
            with self.subTest(table):
                try:
                    self.province.start()
                except AssertionError:
                    refused += 1
                    self.assertFalse(self.province.process.alive())
                    self.assertIn("not started cause=", self.province.process.log())
                self.end(self.province.process)
        self.assertGreater(refused, 5)

    def test_the_province(self):
        self.province.process.stop()
        for nth in self.damaged(f"{self.province.folder}/lantoa.db"):
            try:
                self.province.start()
            except AssertionError:
                self.assertFalse(self.province.process.alive())  # it said why not
                self.end(self.province.process)
                continue
            self.office.record(f"visits={nth + 6}", "--period", "2025-06-03")
            self.office.start()
            for words in (["status"], ["query", "visits", "--per", "day", "--from", "2025-06-01", "--to", "2025-06-07"],
                          ["quarantine", "list"], ["audit"], ["verify"], ["backup", f"{self.folder}/{nth}.backup"]):
                self.answered(self.lantoa(*words))
            self.assertTrue(self.province.process.alive(), self.province.process.log()[-4000:])
            self.office.process.stop()
            self.end(self.province.process)

    def test_status_answers_when_the_catalogue_cannot_be_read(self):
        """And says what is wrong; a figure waits at its office."""
        self.province.process.stop()
        db = sqlite3.connect(f"{self.province.folder}/lantoa.db")
        db.execute("UPDATE catalogue SET csv = x'ff00ff'")
        db.commit()
        db.close()
        self.province.start()
        self.office.record("visits=7", "--period", "2025-06-03")
        self.office.start()
        status = rig.wait_for(lambda: self.told("reference_unread"), "what is wrong")
        self.assertIn("load the catalogue", status["ill"]["reference_unread"])
        outcome = self.lantoa("status")
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn("load the catalogue", outcome.out)
        self.office.process.stop()
        self.end(self.province.process)

    def told(self, name):
        status = self.province.status()
        return status if name in status.get("ill", {}) else None

    def test_the_office(self):
        for nth in self.damaged(f"{self.office.folder}/spool.db"):
            for word in ("status", "catalogue"):
                self.answered(self.office.command(word))
            self.answered(self.office.command("spool", "verify"))
            try:
                self.office.start()
            except AssertionError:
                self.assertFalse(self.office.process.alive())  # it said why not
            self.answered(self.office.record(f"visits={nth + 6}", "--period", "2025-06-09"))
            self.answered(self.office.command("status"))
            self.end(self.office.process)


if __name__ == "__main__":
    unittest.main()

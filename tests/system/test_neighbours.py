"""What one hostile office does beside three good ones: support/neighbours.py says what is asserted."""

import contextlib
import ctypes
import datetime
import glob
import itertools
import socket
import sqlite3
import subprocess
import threading
import time
import unittest

import neighbours
import payloads
import rig


class AtTheDoor(neighbours.Neighbours):
    """Who has no right to say anything."""

    def test_keys_that_were_never_invited(self):
        server_key = self.server_key()

        def knock():
            probe = self.probe(server_key, rig.fresh_key())
            probe.hear("refused the key")
            probe.process.kill()
        self.withstands(knock, memory_mib=80, log_lines=3, status='"refused_handshakes": [1-9]',
                        log="gate: .*never invited.*address=127.0.0.1")

    def test_connections_that_greet_and_say_nothing(self):
        """All from one address, which may have a half of the room for handshakes."""
        self.raw(b"", count=300)
        self.withstands(lambda: None, memory_mib=160, log_lines=3,
                        status='"stranger_cut": ".*127.0.0.1',
                        log="gate: .*from an address that has many under way.*address=127.0.0.1")

    def test_an_invitation_that_says_more_than_enrol(self):
        hostile = self.invited()
        self.withstands(lambda: hostile.flood("hello", "#", 0), memory_mib=80, log_lines=4,
                        status=f"(?=.*{OverLimits.AT_LIMIT})" '.*"misplaced": [1-9]',
                        log=f"intake: .*office={neighbours.HOSTILE} ")


class ByNumber(neighbours.Neighbours):
    """A ROUTER of libzmq aborts when it is about to give a number that a peer has claimed."""

    PRELOADED = f"{rig.BUILD}/tests/unseeded.so"
    COUNT = 24  # some fewer than one key's handshakes of a minute

    @staticmethod
    def first():
        """Where the counter of the second socket begins (the first one is ZAP's): each takes two
        numbers of a rand() that nobody has seeded."""
        libc = ctypes.CDLL(None)
        libc.srand(1)
        numbers = [libc.rand() for _ in range(4)]
        return (numbers[3] << 31 | numbers[2]) & 0xFFFFFFFF

    def test_routing_ids_that_are_the_next_ones(self):
        """Claimed by an invitation that nobody has used; then others come."""
        self.assertEqual(self.first(), 0xE43C9869)
        stolen, other = self.province.invite(neighbours.HOSTILE), self.province.invite("28003")
        squatters = self.hold(neighbours.Crowd(
            "squat", self.province.endpoint, stolen.server_key, stolen.secret_key,
            str(self.first()), str(self.COUNT)))
        self.assertEqual(squatters.told, f"squat n={self.COUNT}")

        def come_in():
            subprocess.run([f"{rig.BUILD}/tests/probe", "claim", self.province.endpoint,
                            other.server_key, other.secret_key, "Resource", "x"], check=False,
                           capture_output=True)
        self.withstands(come_in, memory_mib=80, log_lines=5, status='"malformed": [1-9]')


class BeforeTheHandshake(neighbours.Neighbours):
    """Nobody knows who they are."""

    FILES = 8192

    def test_handshakes_that_stay_half(self):
        crowd = self.half(300)
        self.assertEqual(crowd.told, "half n=300")
        self.withstands(lambda: None, memory_mib=160, log_lines=3)

    def test_commands_that_never_end(self):
        """1,500 of 256 KiB each, from twenty addresses."""
        half_a_command = b"\x06" + (256 * 1024).to_bytes(8, "big") + bytes(192 * 1024)
        self.raw(half_a_command, count=1500, hosts=20)

        def attack():
            self.raw(half_a_command)
            time.sleep(0.01)
        self.withstands(attack, memory_mib=250, log_lines=10,
                        status='"stranger_cut": "', log="gate: .*sends much and shakes no hands")


class WithoutEnd(neighbours.Neighbours):
    """Messages of several frames, of which libzmq hands out nothing before the last is there."""

    MIB = 1024

    def never_ends(self, server_key, secret_key, first):
        def attack():
            for part in (0, 65536):  # memory is most for each byte sent, and most bytes are sent
                sent = self.endless(server_key, secret_key, first, part, self.MIB)
                self.assertLess(sent, self.MIB)
        return attack

    def test_a_message_of_a_known_key(self):
        probe = self.enrolled_probe(neighbours.HOSTILE)
        attack = self.never_ends(probe.server_key, probe.secret_key, "ping")
        self.withstands(attack, memory_mib=300, log_lines=5,
                        status=f'"office_cut": "office {neighbours.HOSTILE} ',
                        log=f"gate: .*a message that does not end.* office={neighbours.HOSTILE} ")

    def test_a_message_by_an_invitation(self):
        """Whose it is cannot be told: it says nothing else. The address can."""
        stolen = self.province.invite(neighbours.HOSTILE)
        attack = self.never_ends(stolen.server_key, stolen.secret_key, "-")
        self.withstands(attack, memory_mib=160, log_lines=5, status='"stranger_cut": ".*127.0.0.1',
                        log="gate: .*a message that does not end.* address=127.0.0.1")


class OnTheWire(neighbours.Neighbours):
    """An enrolled office that breaks the rules of frames and batches."""

    def test_frames_that_are_none(self):
        hostile = self.hostile()
        self.withstands(lambda: hostile.flood("frame", "ff" * 64), memory_mib=80, log_lines=4,
                        status=f"(?=.*{OverLimits.AT_LIMIT})" '.*"malformed": [1-9]',
                        log=f"frame refused office={neighbours.HOSTILE}")
        self.assert_logged(f"dropped office={neighbours.HOSTILE} .*limit of refused")

    def test_frames_of_no_byte(self):
        """They use up no bytes, and each would be answered."""
        hostile = self.hostile()
        self.withstands(lambda: hostile.flood("frame", "@/dev/null"), memory_mib=80, log_lines=4,
                        status=OverLimits.AT_LIMIT,
                        log=f"dropped office={neighbours.HOSTILE} .*limit of refused")

    def test_frames_that_are_too_big(self):
        """Each costs its connection."""
        hostile = self.hostile()
        self.withstands(lambda: hostile.flood("big", 256 * 1024 + 65, count=4), memory_mib=160,
                        log_lines=10)

    def test_the_biggest_frames_that_are_read(self):
        hostile = self.hostile()
        self.withstands(lambda: hostile.flood("big", 256 * 1024), memory_mib=160, log_lines=3,
                        status='"malformed": [1-9]')

    def test_messages_of_two_frames(self):
        hostile = self.hostile()
        self.withstands(lambda: hostile.flood("two", "00", "00"), memory_mib=80, log_lines=3,
                        status='"frames_malformed": [1-9]', log="gate: .*more than one frame")

    def test_payloads_that_are_none(self):
        hostile = self.hostile()
        self.withstands(lambda: hostile.flood("payload", 7, 1, "00ff"), memory_mib=80, log_lines=3,
                        status='"bad_batches": [1-9]',
                        log=f"batch refused office={neighbours.HOSTILE} seq=1")


class InTheBooks(neighbours.Neighbours):
    """An enrolled office whose batches are batches."""

    BATCH = ("2025-06-30", 0, "visits", "-", "day", 0, "0:5")

    def test_one_batch_for_ever(self):
        hostile = self.hostile()
        self.withstands(lambda: hostile.flood("batch", 7, 1, *self.BATCH), memory_mib=80,
                        log_lines=3, status='"duplicates": [1-9]')

    def test_batches_that_leave_a_gap(self):
        hostile = self.hostile()
        self.withstands(lambda: hostile.flood("batch", 7, 3, *self.BATCH), memory_mib=80,
                        log_lines=3, status='"gaps": [1-9]')

    def test_hellos_without_end(self):
        hostile = self.hostile()
        self.withstands(lambda: hostile.flood("hello", 7, 0), memory_mib=80, log_lines=3)


class OverLimits(neighbours.Neighbours):
    """An enrolled office that takes more than its share; aggregator/registry/office_limits.h."""

    AT_LIMIT = f'"office_at_limit": "office {neighbours.HOSTILE} '

    def test_spools_that_are_made_up(self):
        """Each refused, as their batch 3 is none that follows."""
        hostile, told = self.hostile(), []

        def attack():
            hostile.flood("batch", "#", 3, *InTheBooks.BATCH)
            told.append(self.lantoa("office", "show", neighbours.HOSTILE).out)
        self.withstands(attack, memory_mib=60, log_lines=4, status=self.AT_LIMIT,
                        log=f"dropped office={neighbours.HOSTILE} .*limit of (refused|waiting)")
        self.assertRegex(told[-1], r"at the limit [1-9]\d* times since the start")
        self.assertIn("Spools: 0 of 256\n", told[-1])
        self.assertIn("Connections: 1 of 8\n", told[-1])
        self.assertRegex(told[-1], r"Handshakes: \d+ of 30\n")

    def test_questions_without_end(self):
        hostile = self.hostile()
        self.withstands(lambda: hostile.flood("ping"), memory_mib=70, log_lines=4,
                        status=self.AT_LIMIT,
                        log=f"dropped office={neighbours.HOSTILE} .*limit of questions")

    def test_bytes_without_end(self):
        hostile = self.hostile()
        self.withstands(lambda: hostile.flood("big", 256 * 1024), memory_mib=160, log_lines=4,
                        status=self.AT_LIMIT, log=f"dropped office={neighbours.HOSTILE} ")


class Operators(threading.Thread):
    """Asks the same thing again and again, until it is closed."""

    def __init__(self, ask):
        super().__init__()
        self.ask, self.asked, self.failure = ask, 0, None
        self.done = threading.Event()
        self.start()

    def run(self):
        try:
            while not self.done.is_set():
                self.ask()
                self.asked += 1
        except Exception as failure:  # pylint: disable=broad-except  # told by close()
            self.failure = failure

    def close(self):
        self.done.set()
        self.join()
        if self.failure or not self.asked:
            raise AssertionError(f"asked {self.asked} times") from self.failure


class BesideQuestions(neighbours.Neighbours):
    """More operators than there are readers, and a log that their reading keeps from being copied."""

    ROWS = 12 * 60

    def greet(self, hostile):
        """An office that connects waits for its Welcome before it may send."""
        hostile.probe.ask("hello", 7, 0, hear="welcome")
        hostile.sent += 1
        time.sleep(0.5)  # it may ask 120 times a minute

    def ask_all_the_while(self, ask, operators=4):
        for _ in range(operators):
            self.hold(Operators(ask))

    def test_a_big_quarantine_is_listed(self):
        """Every other hour of 60 days is over its maximum."""
        hostile = self.hostile()
        hours = [f"{hour}:{200000 if hour % 2 else 100}" for hour in range(24)]
        for n in range(60):
            day = (neighbours.FIRST_DAY + datetime.timedelta(n)).isoformat()
            series = ("hours", "-") if n == 0 else ("-", "-")
            hostile.probe.ask("batch", 7, n + 1, day, 0, *series, "hour", 2, *hours,
                              hear=f"ack .*upto={n + 1} ")

        def listed():
            rows = self.province.get("/v1/quarantine", most=100000)["rows"]
            self.assertEqual(len(rows), self.ROWS)
        self.ask_all_the_while(listed)
        self.withstands(lambda: self.greet(hostile), memory_mib=160, log_lines=3)

    def test_verifications_without_end(self):
        hostile = self.hostile()
        self.ask_all_the_while(lambda: self.assertEqual(self.province.verify(), []), operators=1)
        self.ask_all_the_while(lambda: self.province.query("visits", area="82", per="day",
                                                           **{"from": "2022-01", "to": "2022-12"}))
        self.withstands(lambda: self.greet(hostile), memory_mib=160, log_lines=1000)


class CostlyBatches(neighbours.Neighbours):
    """An enrolled office whose few bytes are much work; aggregator/ledger/ledger.h."""

    DAY = (datetime.date(2025, 6, 30) - datetime.date(1970, 1, 1)).days
    MINUTES = rig.CATALOGUE + ("ticks,Nhịp,Ticks,tick,flow,sum,sum,minute,desk,0,0,commune,1,0,"
                               "1000\n")

    def open_province(self):
        super().open_province()
        self.province.put_csv("/v1/catalogue", self.MINUTES)

    def file(self, name, batches):
        return payloads.write(f"{self.folder}/{name}", batches)

    def push(self, hostile, spool, path, *most):
        """How many batches of the spool are acked."""
        told = hostile.probe.ask("push", neighbours.FLOOD_MS, spool, path, *most,
                                 hear=r"pushed sent=(\d+) bytes=\d+ upto=(\d+) refused=\d+")
        hostile.sent += int(told.group(1))
        return int(told.group(2))

    def push_all(self, hostile, spool, path, n):
        until = time.monotonic() + neighbours.PATIENCE_S
        while self.push(hostile, spool, path, n) < n:
            self.assertLess(time.monotonic(), until, "its batches are not acked")

    def declarations(self, n, number_of):
        """Batches that declare @n series, with a figure each; the spool's number i is desk
        number_of(i)."""
        step = 4096
        return [payloads.payload(
            self.DAY, [(i, [(0, 1)]) for i in range(first, first + step)], first_declared=first,
            declared=[("ticks", f"desk=d{number_of(i)}", "minute")
                      for i in range(first, first + step)]) for first in range(0, n, step)]

    def test_a_day_that_is_corrected_for_ever(self):
        """100 bytes are 131,040 figures, and all that came before is played again."""
        def day(value, **more):
            return payloads.payload(self.DAY, [(series, [(nth, value) for nth in range(1440)])
                                               for series in range(91)], **more)
        first = day(1, declared=[("ticks", f"desk=d{i}", "minute") for i in range(91)])
        path = self.file("day", [first] + [day(2 + nth % 2) for nth in range(40)])
        hostile = self.hostile()
        self.withstands(lambda: self.push(hostile, 7, path), memory_mib=160, log_lines=5,
                        status=f'"office_at_limit": "office {neighbours.HOSTILE} is at its limit '
                               'of observations for one day')

    def test_three_spools_full_of_series(self):
        """As many as one office may have, with long labels, each with a figure for one day: pages of
        200,000 entries, of which each commit changes eight."""
        hostile = self.hostile()
        for spool in (7, 8, 9):
            path = self.file("series", self.declarations(
                65536, lambda i, spool=spool: "x" * 50 + f"{spool}-{i}"))
            self.push_all(hostile, spool, path, 16)
        more = self.file("more", self.declarations(4096, lambda i: f"more{i}"))
        self.withstands(lambda: self.push(hostile, 10, more), memory_mib=320, log_lines=5,
                        status=f'"office_at_limit": "office {neighbours.HOSTILE} is at its limit of '
                               'series')

    def test_figures_of_which_every_other_one_is_held(self):
        """Each of those would be a row of quarantine, and all of them are few bytes on the wire."""
        hostile = self.hostile()
        told = []

        def attack():
            self.push(hostile, 7, path)
            told.append(self.lantoa("office", "show", neighbours.HOSTILE).out)
        minutes = [(nth, 1 + 2000 * (nth % 2)) for nth in range(1440)]
        path = self.file("held", [payloads.payload(
            self.DAY - day, [(series, minutes) for series in range(91)],
            declared=[] if day else [("ticks", f"desk=d{i}", "minute") for i in range(91)])
            for day in range(8)])
        self.withstands(attack, memory_mib=120, log_lines=5,
                        status=f'"office_at_limit": "office {neighbours.HOSTILE} is at its limit of '
                               'rows in quarantine')
        self.assertIn("In quarantine: 196560 of 250000; at the limit ", told[-1])

    def test_many_series_on_many_days_numbered_the_other_way_round(self):
        """Each batch makes 8,192 entries in eight pages."""
        n = 8192
        hostile = self.hostile()
        forth = self.file("forth", self.declarations(n, lambda i: i))
        back = self.file("back", self.declarations(n, lambda i: n - 1 - i))
        self.push_all(hostile, 7, forth, n // 4096)
        self.push_all(hostile, 8, back, n // 4096)
        days = self.file("days", [payloads.payload(self.DAY - 400 + nth,
                                                   [(series, [(780, 1)]) for series in range(n)])
                                  for nth in range(24)])
        self.withstands(lambda: self.push(hostile, 8, days), memory_mib=300, log_lines=5,
                        status=f'"office_at_limit": "office {neighbours.HOSTILE} ')


class BesideDamage(neighbours.Neighbours):
    """What the disk did to one office's day, which is corrected all the while."""

    DAY = "2025-06-30"

    def open_province(self):
        super().open_province()
        hostile = self.hostile()
        hostile.probe.ask("batch", 7, 1, self.DAY, 0, "visits", "-", "day", 0, "0:5",
                          hear="ack .*upto=1 ")
        hostile.probe.ask("batch", 7, 2, "2025-06-29", 0, "-", "-", "day", 0, "0:6",
                          hear="ack .*upto=2 ")
        self.seq = 2

    def change(self, sql, *values):
        """As another program would."""
        with contextlib.closing(sqlite3.connect(f"{self.province.folder}/lantoa.db")) as db:
            changed = db.execute(sql, values).rowcount
            db.commit()
        self.assertEqual(changed, 1)

    def damage(self, sql):
        self.province.process.stop()
        self.change(sql)
        self.province.start()
        return self.hostile()

    def correct(self, hostile):
        self.seq += 1
        hostile.probe.ask("batch", 7, self.seq, self.DAY, 0, "-", "-", "day", 0, f"0:{self.seq}",
                          hear=f"ack .*upto={self.seq} ")
        hostile.sent += 1

    def test_a_page_that_a_disk_damaged(self):
        hostile = self.damage("UPDATE rollup SET page = x'ff' WHERE grain = 2 AND node = (SELECT id"
                              f" FROM office WHERE code = '{neighbours.HOSTILE}') AND bucket ="
                              " (SELECT day FROM journal WHERE id = 1)")
        self.withstands(lambda: self.correct(hostile), memory_mib=80, log_lines=10,
                        status=rf'"pages_mended": "[^"]*\({neighbours.HOSTILE}, {self.DAY}\)',
                        log=rf'damaged rollup pages, .*last="{neighbours.HOSTILE}, {self.DAY}"')
        self.assertEqual(self.seq, int(self.mended_value))

    def test_a_journal_entry_that_a_disk_damaged(self):
        """A correction, an import and a release meet it; all else is done."""
        with contextlib.closing(sqlite3.connect(f"{self.province.folder}/lantoa.db")) as db:
            self.payload = db.execute("SELECT payload FROM journal WHERE id = 1").fetchone()[0]
        hostile = self.damage("UPDATE journal SET payload = x'00ff' WHERE id = 1")
        catalogue = f"{self.folder}/catalogue.csv"
        limits, told = itertools.count(10**9, -1), []  # less each time: all is judged
        left_out = f"office {neighbours.HOSTILE} for {self.DAY} cannot be read (journal entry 1: "

        def attack():
            self.correct(hostile)
            with open(catalogue, "w", encoding="utf-8") as out:
                out.write(rig.CATALOGUE.replace("commune,1,0,\n", f"commune,1,0,{next(limits)}\n",
                                                1))
            told.append(self.lantoa("catalogue", "import", catalogue, "--yes"))
            told.append(self.lantoa("quarantine", "release", "--all"))
        self.withstands(attack, memory_mib=100, log_lines=1000,
                        status=f'"day_damaged": "[^"]*office {neighbours.HOSTILE} for {self.DAY} ',
                        log=f"figures held, .*office={neighbours.HOSTILE} ")
        for outcome in told:
            self.assertEqual(outcome.code, 0, outcome)
            self.assertIn(left_out, outcome.out + outcome.err)
        self.assertEqual(self.seq, int(self.mended_value))

    def test_a_row_of_units_that_a_disk_damaged(self):
        """The hostile office's: where it belongs cannot be known."""
        hostile = self.damage("UPDATE unit SET valid_from = valid_from + 999999 WHERE code ="
                              f" '{neighbours.HOSTILE}'")
        self.row_of = neighbours.HOSTILE
        units = f"{self.folder}/units.csv"
        with open(units, "w", encoding="utf-8") as out:
            out.write(rig.UNITS)
        self.withstands(lambda: self.correct(hostile), memory_mib=80, log_lines=10,
                        status='"register_damaged": "[^"]*\'valid_from\' of a row of \'unit\'',
                        log="rows of the register are left out .*'valid_from'")
        self.assertIn("'valid_from' of a row of 'unit'", self.refused.err)

    payload = row_of = None

    def assert_whole(self):
        """Once the entry is mended, what waited counts."""
        if self.payload:
            self.assertIn("office 28004 for 2025-06-30", self.lantoa("status").out)
            self.change("UPDATE journal SET payload = ? WHERE id = 1", self.payload)
            self.assertEqual(self.lantoa("quarantine", "release", "--all").code, 0)
        if self.row_of:
            status = self.lantoa("status")
            self.assertEqual(status.code, 1, status)
            self.assertIn("valid_from 1976-01-01", str(self.province.verify()))  # by the ledger
            self.refused = self.lantoa("units", "import", f"{self.folder}/units.csv")
            self.assertEqual(self.refused.code, 1, self.refused)
            self.change("UPDATE unit SET valid_from = valid_from - 999999 WHERE code = ?",
                        self.row_of)
            self.change("UPDATE fact SET value = value + 1 WHERE name = 'reference_version'")
            self.assertEqual(self.lantoa("quarantine", "release", "--all").code, 0)
        self.mended_value = self.province.value("visits", area=neighbours.HOSTILE, per="day",
                                                **{"from": self.DAY, "to": self.DAY})
        super().assert_whole()


class AsOnceTried(neighbours.Neighbours):
    """What once stopped a whole province, or slowed it down for all, by one of those beside it."""

    REFUSED = f'"batches_refused": "office {neighbours.HOSTILE} '

    def test_a_hundred_bytes_that_unpack_to_millions(self):
        """Half a million declared metrics without a name."""
        hostile = self.hostile()
        bomb = b"\x01" + neighbours.zstd(b"\x4a\x00" * 500000)
        self.assertLess(len(bomb), 200)
        self.withstands(lambda: hostile.flood("payload", 7, 1, bomb.hex()), memory_mib=80,
                        log_lines=5, status=self.REFUSED,
                        log=f"batch refused office={neighbours.HOSTILE} seq=1")

    def test_payloads_that_say_nothing(self):
        """No bytes at all; a zstd frame to be skipped; a day without a figure."""
        hostile = self.hostile()
        skipped = "01" + "502a4d18" + "00000000"

        def attack():
            for payload in ("@/dev/null", skipped, "00" + "08d4bc02"):
                hostile.flood("payload", 7, 1, payload, count=10)
        none_taken = f'"office": "{neighbours.HOSTILE}",[^}}]*"batches": 0,'
        self.withstands(attack, memory_mib=80, log_lines=5,
                        status=f"(?=.*{self.REFUSED}).*{none_taken}",
                        log=f"batch refused office={neighbours.HOSTILE} seq=1")

    def test_one_series_under_two_numbers(self):
        """Declared by one batch, or each by one and then used by one."""
        hostile, day = self.hostile(), CostlyBatches.DAY
        visits = ("visits", "", "day")
        both = payloads.payload(day, [(0, [(0, 1)]), (1, [(0, 2)])], declared=[visits, visits])
        for n in range(2):
            one = payloads.payload(day, [(n, [(0, 1)])], declared=[visits], first_declared=n)
            hostile.probe.ask("payload", 8, n + 1, one.hex(), hear=f"ack .*upto={n + 1} ")
        used = payloads.payload(day, [(0, [(0, 1)]), (1, [(0, 2)])])

        def attack():
            hostile.flood("payload", 7, 1, both.hex(), count=10)
            hostile.flood("payload", 8, 3, used.hex(), count=10)
        self.withstands(attack, memory_mib=80, log_lines=5,
                        status=f"(?=.*{self.REFUSED}).*the numbers 0 and 1 stand for one series",
                        log=f"batch refused office={neighbours.HOSTILE} seq=1")

    def test_more_connections_than_files_may_be_open(self):
        self.limit_files(40)
        self.raw(b"", count=100)

        def attack():
            self.raw(b"", count=5)
            while len(self.held) > 500:  # those that were reset take a file of this process, too
                self.held.pop(0).close()
            time.sleep(0.01)
        self.withstands(attack, memory_mib=80, log_lines=10, status='"door_shut": [1-9]')

    def test_many_connections_with_one_invitation(self):
        """One of them is left, or a few."""
        invitation = self.province.invite(neighbours.HOSTILE)
        self.many(invitation.server_key, invitation.secret_key, 300)
        self.withstands(lambda: None, memory_mib=80, log_lines=10)

    def test_a_reader_that_stays(self):
        """Somebody looks at the database's files, and forgets it."""
        path = next(iter(glob.glob(f"{self.province.folder}/*.db")))
        reader = self.hold(sqlite3.connect(f"file:{path}?mode=ro", uri=True))
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM journal").fetchone()
        self.withstands(lambda: time.sleep(0.1), memory_mib=80, log_lines=5)

    def test_half_a_request_again_and_again(self):
        """To the operators' socket, which answers all the while."""
        def attack():
            for _ in range(40):
                with socket.socket(socket.AF_UNIX) as line:
                    line.connect(self.province.socket)
                    line.sendall(b"GET /v1/status HTTP/1.1\r\nHo")
            self.province.status()
        self.withstands(attack, memory_mib=80, log_lines=5)

    def test_imports_that_change_a_label(self):
        """Each tells the log what it cost."""
        editions = itertools.cycle(["Visits B", "Visits C"])

        def attack():
            self.province.put_csv("/v1/catalogue",
                                  rig.CATALOGUE.replace("Visits B", next(editions)))
            time.sleep(0.1)
        self.withstands(attack, memory_mib=80, log_lines=1000)


if __name__ == "__main__":
    unittest.main()

"""The inbox of a real agent: tables dropped into a folder reach the province, each figure once."""

import csv
import fcntl
import html
import json
import os
import random
import re
import signal
import time
import unittest
import urllib.request

import rig

HEADER = "Kỳ;Lượt\n"
MONTH = {"area": "28001", "per": "month", "from": "2025-06", "to": "2025-06"}


class Inbox(rig.Rig):
    offices = ["28001"]

    def setUp(self):
        super().setUp()
        self.inbox = f"{self.folder}/hộp thư"
        os.mkdir(self.inbox)
        self.office = self.agent("28001")
        self.configure()
        self.office.start()

    def configure(self, more=""):
        self.office.write_conf(f"[inbox]\nfolder = {self.inbox}\nsettle_s = 1\n{more}",
                               page="127.0.0.1:0")

    def drop(self, name, text, encoding="utf-8"):
        """As a program that cares does: whole, by renaming."""
        hidden = f"{self.inbox}/.{name}"
        with open(hidden, "w", encoding=encoding, newline="") as table:
            table.write(text)
        os.rename(hidden, f"{self.inbox}/{name}")

    def lying(self):
        return sorted(name for name in os.listdir(self.inbox) if name[0] != "." and name != "done")

    def done(self):
        return sorted(os.listdir(f"{self.inbox}/done"))

    def wait_empty(self, patience_s=rig.PATIENCE_S):
        rig.wait_for(lambda: not self.lying(), "the inbox to be empty", patience_s)

    def wait_taken(self):
        """All but sheets about figures to look at again, which stay."""
        rig.wait_for(lambda: all(name.endswith(".errors.csv") and name[:-11] not in self.lying()
                                 for name in self.lying()), "the tables to be taken")

    def wait_total(self, total):
        rig.wait_for(lambda: self.total() == total, f"{total} at the province")

    def total(self):
        return self.province.value("visits", **MONTH)

    def errors_of(self, name):
        path = f"{self.inbox}/{name}.errors.csv"
        rig.wait_for(lambda: os.path.exists(path), f"errors of {name}")
        with open(path, encoding="utf-8-sig", newline="") as table:
            return list(csv.reader(table, delimiter=";"))

    def looks(self):
        """Its line of status."""
        status = json.loads(self.office.command("status", "--json").out)
        return next((line for line in status["inputs"] if line["name"] == "inbox"), None)

    def page(self):
        """The clerk's first page, as text."""
        address = re.search(r"page: serving address=(\S+)", self.office.process.log()).group(1)
        asked = urllib.request.Request(address, headers={"Accept-Language": "vi"})
        with urllib.request.urlopen(asked, timeout=rig.PATIENCE_S) as answer:
            return html.unescape(answer.read().decode())

    def end(self):
        self.office.process.stop()
        self.assertTrue(self.office.process.log().isascii(), self.office.process.log())
        self.assert_whole()


class Tables(Inbox):
    def test_a_table_as_a_spreadsheet_saves_it(self):
        self.drop("tháng 6.csv", "BÁO CÁO;\r\nKỲ;LƯỢT\r\n30/06/2025;1.000\r\n29/06/2025;7\r\n;\r\n",
                  "utf-16")
        self.wait_taken()
        self.wait_total(1007)
        self.assertRegex(self.done()[0], r"^\d{4}-\d\d-\d\d_\d{6}_tháng 6\.csv$")
        self.office.process.stop()
        self.assertIn("new=2 changed=0 same=0 rejected=0", self.office.process.log())
        self.assert_whole()

    def test_what_is_written_after_the_move_is_read(self):
        self.drop("a.csv", HEADER + "30/06/2025;8\n")
        self.wait_total(8)
        self.wait_empty()
        with open(f"{self.inbox}/done/{self.done()[0]}", "a", encoding="utf-8") as late:
            late.write("29/06/2025;7\n")
        self.drop("b.csv", HEADER + "28/06/2025;1\n")  # it is looked at then, as each half minute
        self.wait_total(16)
        self.wait_empty()
        self.office.process.logged("written to after they were taken")
        self.assertEqual(len(self.done()), 2)

    def test_what_is_written_after_the_move_is_read_over_a_restart(self):
        self.drop("a.csv", HEADER + "30/06/2025;8\n")
        self.wait_total(8)
        self.wait_empty()
        self.office.process.stop()
        with open(f"{self.inbox}/done/{self.done()[0]}", "a", encoding="utf-8") as late:
            late.write("29/06/2025;7\n")
        self.office.start()
        self.wait_total(15)
        self.wait_empty()
        self.office.process.logged("written to after they were taken")
        self.assertEqual(len(self.done()), 1)

    def test_a_figure_far_from_those_before_is_taken_and_told(self):
        self.drop("june.csv", HEADER + "28/06/2025;100\n29/06/2025;110\n30/06/2025;9000\n")
        rows = self.errors_of("june.csv")
        self.assertEqual([row[:3] for row in rows[1:]], [["4", "Lượt", "9000"]])
        self.assertIn("khác xa số liệu các kỳ trước: kỳ gần nhất trước đó là 110 (2025-06-29), "
                      "thông thường từ 10 đến 1000", rows[1][3])
        self.wait_taken()
        self.wait_total(9210)
        self.assertEqual(len(self.done()), 1)
        self.assertEqual(self.lying(), ["june.csv.errors.csv"])
        rig.wait_for(lambda: "june.csv.errors.csv" in self.looks()["error"], "status to tell")
        self.assertIn("look at again", self.looks()["error"])
        self.drop("june.csv", HEADER + "28/06/2025;100\n29/06/2025;110\n30/06/2025;90\n")
        self.wait_empty()
        self.wait_total(300)
        self.assertEqual(self.looks()["error"], "")
        self.drop("right.csv", HEADER + "26/06/2025;2000\n27/06/2025;1\n")
        self.errors_of("right.csv")  # it is right as it stands
        self.wait_taken()
        rig.wait_for(lambda: "right.csv.errors.csv" in self.looks()["error"], "status to tell")
        os.unlink(f"{self.inbox}/right.csv.errors.csv")
        self.drop("more.csv", HEADER + "01/06/2025;8\n")  # it looks again then, as each half minute
        self.wait_empty()
        rig.wait_for(lambda: self.looks()["error"] == "", "status to be quiet")
        self.end()

    def test_a_slow_writer_is_waited_for(self):
        """It closes the file between its writes, so only rest tells."""
        text = HEADER + "".join(f"{day:02}/06/2025;{day}\n" for day in range(1, 31))
        for at in range(0, len(text), 40):
            with open(f"{self.inbox}/slow.csv", "a", encoding="utf-8") as table:
                table.write(text[at:at + 40])
            time.sleep(0.3)
        self.wait_empty()
        self.wait_total(sum(range(1, 31)))
        self.assertEqual(len(self.done()), 1)
        self.end()

    def test_what_a_program_has_open_or_locked_waits_and_is_told(self):
        """An office program keeps what it shows locked; of whom it is does not matter to that."""
        with open(f"{self.inbox}/a.csv", "w+", encoding="utf-8") as table:
            table.write(HEADER + "30/06/2025;5\n")
            table.flush()
            os.chown(table.name, 4711, -1)  # no lease tells then, but of who may take any
            fcntl.lockf(table, fcntl.LOCK_EX)
            rig.wait_for(lambda: "a.csv" in self.looks()["error"], "status to tell")
            self.assertIn("open for writing", self.looks()["error"])
            self.assertIn("mở để ghi", self.page())
            self.assertEqual(self.lying(), ["a.csv"])
        self.wait_empty()
        self.wait_total(5)
        self.assertEqual(self.looks()["error"], "")
        self.assertEqual(self.office.process.log().count("inbox: waits"), 1)
        self.assertNotIn("a.csv", self.page())
        self.end()

    def test_the_clerks_page_tells_what_lies_there_and_is_not_taken(self):
        """A name that is no text, a workbook: who put it there seldom asks for the agent's status."""
        with open(f"{self.inbox}/".encode() + b"Th\xe1ng <6>.csv", "wb") as table:
            table.write(HEADER.encode())
        rig.wait_for(lambda: "Th?ng <6>.csv" in self.page(), "the page to tell of the name")
        self.drop("book.xlsx", "PK\x03\x04...")
        rig.wait_for(lambda: "xem book.xlsx.errors.csv" in self.page(), "the page to tell of the book")
        self.assertIn("Th?ng <6>.csv", self.page())
        os.remove(f"{self.inbox}/".encode() + b"Th\xe1ng <6>.csv")
        os.remove(f"{self.inbox}/book.xlsx")
        rig.wait_for(lambda: self.looks()["error"] == "", "status to see them gone")
        self.assertNotIn("book.xlsx", self.page())
        self.end()

    def test_bad_lines_are_told_in_the_offices_language_and_corrected_in_place(self):
        self.drop("a.csv", HEADER + "30/06/2025;5\n31/06/2025;6\n29/06/2025;bảy\n")
        rows = self.errors_of("a.csv")
        self.assertEqual([row[:3] for row in rows],
                         [["dòng", "cột", "giá trị"], ["3", "Kỳ", "31/06/2025"], ["4", "Lượt", "bảy"]])
        self.assertIn("không phải là kỳ", rows[1][3])
        self.wait_total(5)
        self.assertIn("a.csv.errors.csv", self.looks()["error"])
        self.assertEqual(self.lying(), ["a.csv", "a.csv.errors.csv"])
        with open(f"{self.inbox}/a.csv", "w", encoding="utf-8") as table:
            table.write(HEADER + "30/06/2025;5\n28/06/2025;6\n29/06/2025;7\n")
        self.wait_empty()
        self.wait_total(18)
        self.assertEqual(self.looks()["error"], "")
        self.end()

    def test_the_same_file_twice_changes_nothing_and_a_corrected_one_revises(self):
        text = HEADER + "30/06/2025;5\n29/06/2025;6\n"
        for _ in range(2):
            self.drop("a.csv", text)
            self.wait_empty()
        self.wait_total(11)
        self.office.process.logged("same=2 rejected=0, nothing changes")
        row = self.province.query("visits", **MONTH)[0]
        self.assertEqual(row["revisions"], 0)
        self.drop("b.csv", text.replace(";5", ";9"))
        self.wait_empty()
        self.wait_total(15)
        row = self.province.query("visits", **MONTH)[0]
        self.assertEqual(row["revisions"], 1)
        self.end()

    def test_what_cannot_be_read_is_refused_whole(self):
        key = f"{self.office.folder}/agent.key"
        os.symlink(key, f"{self.inbox}/key.csv")
        self.drop("book.xlsx", "PK\x03\x04...")
        self.drop("half.csv", HEADER + '30/06/2025;5\n"29/06/2025;6\n')
        self.drop("other.csv", "Kỳ;Lượt;Lạ\n30/06/2025;5;1\n")
        os.mkdir(f"{self.inbox}/folder.csv")
        with open(key, encoding="utf-8") as key_file:
            secret = re.search(r"^secret (\S+)$", key_file.read(), re.M).group(1)
        for name, because in (("key.csv", "không phải là tệp thường"), ("book.xlsx", "bảng tính"),
                              ("half.csv", "dòng 3"), ("other.csv", "Lạ")):
            told = str(self.errors_of(name))
            self.assertIn(because, told)
            self.assertNotIn(secret, told)
        time.sleep(2)  # nothing is taken again and again
        self.assertEqual(len(re.findall("inbox: has lines", self.office.process.log())), 4)
        self.assertEqual(self.province.query("visits", **MONTH)[0]["value"], None)
        self.end()

    def test_two_hundred_files_at_once_while_the_province_is_away(self):
        self.province.process.kill()
        for n in range(200):
            self.drop(f"{n}.csv", f"period,desk,visits\n2025-06-{n % 30 + 1:02},D{n},{n}\n")
        self.wait_empty(60)
        self.assertEqual(len(self.done()), 200)
        self.province.start()
        self.wait_total(sum(range(200)))
        self.end()

    def test_what_was_corrected_elsewhere_is_not_set_back_by_a_restart(self):
        """A file with a bad line lies there still; its good ones were taken once."""
        self.drop("a.csv", HEADER + "30/06/2025;5\n29/06/2025;x\n")
        self.errors_of("a.csv")
        self.wait_total(5)
        for _ in range(2):
            self.assertEqual(self.office.record("visits=7", "--period", "2025-06-30").code, 0)
            self.office.process.kill()
            self.office.start()
        rig.wait_for(lambda: "a.csv.errors.csv" in self.looks()["error"], "status to tell")
        self.assertIn("files that were not taken whole: 1", self.office.command("status").out)
        time.sleep(2)  # a file settles in one
        self.wait_total(7)
        os.utime(f"{self.inbox}/a.csv")  # somebody saves it again
        self.wait_total(5)
        self.drop("a.csv", "Lượt\n5\n")  # of when?
        rig.wait_for(lambda: "Kỳ" in str(self.errors_of("a.csv")), "the new errors")
        self.end()

    def test_a_folder_that_is_not_there_is_told_and_waited_for(self):
        self.office.process.stop()
        os.rmdir(self.inbox)
        self.office.start()
        rig.wait_for(lambda: self.inbox in self.looks()["error"], "status to tell")
        self.assertEqual(self.looks()["state"], "failing")
        told = self.office.command("status")  # nothing can come in: that is ill, as no disk is
        self.assertEqual(told.code, 1, told)
        self.assertIn("No such file or directory", told.out)  # who asks has a language, not the inbox
        self.addCleanup(os.environ.update, LC_ALL="C.UTF-8")
        os.environ["LC_ALL"] = "vi_VN.UTF-8"
        self.assertIn("không có tệp hoặc thư mục này", self.office.command("status").out)
        os.environ["LC_ALL"] = "C.UTF-8"
        os.mkdir(self.inbox)
        self.drop("a.csv", HEADER + "30/06/2025;5\n")
        self.wait_empty(60)
        self.wait_total(5)
        self.end()

    def test_a_reload_moves_it_to_another_folder_and_switches_it_off(self):
        first, self.inbox = self.inbox, f"{self.folder}/other"
        os.mkdir(self.inbox)
        self.configure()
        self.office.process.child.send_signal(signal.SIGHUP)
        self.drop("a.csv", HEADER + "30/06/2025;5\n")
        self.wait_empty()
        self.assertEqual(os.listdir(first), [])
        self.office.write_conf()
        self.office.process.child.send_signal(signal.SIGHUP)
        rig.wait_for(lambda: not self.looks(), "it to be off")
        self.wait_total(5)
        self.end()

    def test_a_wrong_setting_is_an_error(self):
        self.office.process.stop()
        for wrong, because in (("[inbox]\nfolder = here\n", "[inbox] folder"),
                               ("[inbox]\nlanguage = fr\n", "[inbox] language")):
            self.office.write_conf(wrong)
            outcome = self.office.command("status")
            self.assertEqual(outcome.code, 1, outcome)
            self.assertIn(because, outcome.err)


class Kill(Inbox):
    def test_power_cuts_while_files_come_and_are_corrected(self):
        """At the end each day has the value of the last table that had it."""
        dice = random.Random(rig.seed())
        truth = {}
        for version in range(15):
            values = {day: dice.randrange(1, 10**6)
                      for day in dice.sample(range(1, 31), dice.randrange(1, 8))}
            truth.update(values)
            self.drop(f"table {version}.csv" if dice.random() < 0.5 else "table.csv",
                      HEADER + "".join(f"{day:02}/06/2025;{value}\n"
                                       for day, value in values.items()))
            time.sleep(dice.uniform(0, 2))  # a file settles in one
            if dice.random() < 0.7:
                self.office.process.kill()
                self.office.start()
            self.wait_taken()  # some are far from those before them
        self.wait_total(sum(truth.values()))
        for day, value in truth.items():
            on = f"2025-06-{day:02}"
            self.assertEqual(self.province.value("visits", area="28001", **{"from": on, "to": on}),
                             value)
        self.assertEqual(self.office.command("spool", "verify").code, 0)
        self.end()

    def test_power_cuts_within_a_large_file(self):
        """It is recorded in many steps; until the last one it lies in the inbox."""
        dice = random.Random(rig.seed())
        lines = 15000
        self.drop("large.csv", "Kỳ;desk;Lượt\n" + "".join(
            f"{n % 30 + 1:02}/06/2025;D{n // 30};{n}\n" for n in range(lines)))
        cuts = 0
        while self.lying() and cuts < 4:
            time.sleep(1 + dice.uniform(0, 0.8))  # it settles in one
            self.office.process.kill()
            self.office.start()
            cuts += 1
        self.wait_empty(90)
        self.assertEqual(len(self.done()), 1)
        rig.wait_for(lambda: self.total() == sum(range(lines)), "all of it at the province", 60)
        self.end()


if __name__ == "__main__":
    unittest.main()

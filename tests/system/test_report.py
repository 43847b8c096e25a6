"""lantoa report: a view of the province's page as a PDF, by a browser of this machine."""

import datetime
import os
import re
import shutil
import subprocess
import unittest
import zoneinfo

import rig
import web

INDICATORS = """name,label_vi,label_en,formula,unit,target_year,target_value
team.size,Lượt một tổ,Visits per team,visits / teams,visit/team,2030,25
"""


def text_of(pdf):
    return subprocess.run(["pdftotext", pdf, "-"], check=True, capture_output=True, text=True).stdout


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Report(web.WebRig):
    def setUp(self):
        super().setUp()
        self.province.put_csv("/v1/indicators", INDICATORS)
        self.pdf = os.path.join(self.folder, "report.pdf")

    def report(self, *words, **environment):
        return subprocess.run([f"{rig.BUILD}/aggregator/lantoa", *words], capture_output=True, text=True, timeout=180,
                              env={**os.environ, "LANTOA_API": f"unix:{self.province.socket}", **environment}, check=False)

    def assert_nothing_left(self):
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("lantoa-report") or "partial" in name], [])

    def test_without_a_browser_it_says_so(self):
        done = self.report("report", self.pdf, PATH=self.folder, TMPDIR=self.folder)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("there is no browser on this machine that could print; install chromium", done.stderr)
        done = self.report("report", self.pdf, "--browser", "nothing-of-that-name", TMPDIR=self.folder)
        self.assertIn("there is no browser 'nothing-of-that-name' on this machine", done.stderr)
        done = self.report("report", self.pdf, "--browser", "true", TMPDIR=self.folder)
        self.assertIn("the browser made no PDF of the page", done.stderr)
        done = self.report("report", self.pdf, "--browser", "false", TMPDIR=self.folder)
        self.assertIn("'false' ended with status 1, and printed nothing", done.stderr)
        self.assertFalse(os.path.exists(self.pdf))
        self.assert_nothing_left()

    def test_what_is_wrong_is_said_before_a_browser_starts(self):
        for words, says in ((["--view", "/nowhere"], "--view: the province's page has no '/nowhere'"),
                            (["--view", "/offices?latee=1"], "did you mean 'late'?"),
                            (["--lang", "fr"], "--lang: there are vi and en")):
            done = self.report("report", self.pdf, *words, "--browser", "false")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(says, done.stderr)
        with open(self.pdf, "w", encoding="utf-8") as file:
            file.write("mine")
        done = self.report("report", self.pdf, "--browser", "false")
        self.assertIn("is there already; give another name, or --force to overwrite it", done.stderr)
        with open(self.pdf, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")

    def test_the_browser_gets_the_page_alone_and_no_token(self):
        spy = os.path.join(self.folder, "spy")
        with open(spy, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nfor at; do :; done\ncp \"${{at#file://}}\" {self.folder}/seen.html\nenv >{self.folder}/env\n"
                       f"echo \"$@\" >{self.folder}/args\nexit 3\n")
        os.chmod(spy, 0o755)
        token_file = os.path.join(self.folder, "token")
        with open(token_file, "w", encoding="utf-8") as file:
            file.write(self.tokens["viewer"])
        os.chmod(token_file, 0o600)
        done = self.report("report", self.pdf, "--browser", spy, "--lang", "vi", "--token-file", token_file, "--view",
                           "https://lantoa.test/offices?late=1")
        self.assertEqual(done.returncode, 1, done)
        with open(f"{self.folder}/seen.html", encoding="utf-8") as file:
            seen = file.read()
        self.assertIn('<html lang="vi">', seen)
        self.assertIn("Các đơn vị cần gọi điện", seen)
        self.assertIn("<style>", seen)
        self.assertNotRegex(seen, r"<script|href=|src=")
        for name in ("seen.html", "env", "args"):
            with open(f"{self.folder}/{name}", encoding="utf-8") as file:
                self.assertNotIn(self.tokens["viewer"], file.read())

    def test_days_are_the_provinces_wherever_it_is_printed(self):
        spy = os.path.join(self.folder, "spy")
        with open(spy, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nfor at; do :; done\ncp \"${{at#file://}}\" {self.folder}/seen.html\nexit 3\n")
        os.chmod(spy, 0o755)
        there, here = "Pacific/Kiritimati", "Pacific/Pago_Pago"  # 25 hours apart: never of one day
        self.province.process.stop()
        write = self.province.write_conf
        self.province.write_conf = lambda more="": write(f"[aggregator]\nzone = {there}\n{more}")
        self.province.start()
        day = datetime.datetime.now(zoneinfo.ZoneInfo(there))
        self.report("report", self.pdf, "--browser", spy, "--lang", "vi", TZ=here)
        if datetime.datetime.now(zoneinfo.ZoneInfo(there)).day != day.day:
            self.skipTest("it is midnight there")
        with open(f"{self.folder}/seen.html", encoding="utf-8") as file:
            seen = file.read()
        self.assertIn(f"{day.day}/{day.month}/{day.year}", re.sub(r"\b0(\d)", r"\1", seen))

    @unittest.skipUnless(shutil.which("chromium") and shutil.which("pdftotext"), "needs chromium and pdftotext")
    def test_a_report_as_pages(self):
        done = self.report("report", self.pdf, "--lang", "vi", TMPDIR=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        text = text_of(self.pdf)
        for words in ("Lượt một tổ", "25", "28001 · Phường Một", "Sổ cái"):
            self.assertIn(words, " ".join(text.split()))
        self.assertTrue(re.search(r"^ *Lan Tỏa · Tiền Giang", text, re.M), text)
        self.assert_nothing_left()
        done = self.report("report", self.pdf, "--lang", "en", "--force", "--view", "/offices?late=1&silent=1")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("Offices that need a call", text_of(self.pdf))


if __name__ == "__main__":
    unittest.main()

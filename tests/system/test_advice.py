"""What the programs, the README and the quick start tell an operator to run can be run: every `lantoa ...` in the
catalogue of messages, in English and in Vietnamese, and on these pages, against a real province."""

import contextlib
import os
import re
import shlex
import unittest

import rig

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What stands for a value, in both languages.
PLACEHOLDERS = {"MÃ": "CODE", "TỆP": "FILE", "THƯ_MỤC": "FOLDER", "./THƯ_MỤC": "FOLDER/", "SỐ": "NUMBER", "ĐƠN_VỊ": "UNIT",
                "./FOLDER": "FOLDER/", "MÃ_MỚI": "CODE_NEW", "TÊN": "NAME"}
PAGES = ["README.md", "aggregator/cli/quickstart.vi.md"]


def sentences():
    """(msgid, msgstr) of common/po/vi.po."""
    with open(os.path.join(SOURCE, "common/po/vi.po"), encoding="utf-8") as po:
        for block in po.read().split("\n\n"):
            found = re.search(r"^msgid (.*?)^msgstr (.*)\Z", block, re.S | re.M)
            if found:
                yield tuple("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).replace("\\n", "\n")
                            for text in found.groups())


def commands_in(text):
    """Those that are quoted, stand behind a colon, or on a line of their own; not names of programs or manuals."""
    found = re.findall(r"[`']lantoa ([a-z][^`']*)[`']|(?:: |^ +(?:sudo )?)lantoa ([a-z].*?)(?=;|\.?$|, )", text, re.M)
    return [quoted or other for quoted, other in found if "%s %s" not in other and "%s --help" not in quoted + other]


def plain(command):
    return " ".join(PLACEHOLDERS.get(word, word) for word in command.split())


class Advice(rig.Rig):
    def run_as_told(self, command):
        """Its placeholders get values of this province; its order is done on the reference as it is."""
        folder = os.path.join(self.folder, "given")
        os.makedirs(folder, exist_ok=True)
        values = {"CODE": "28001", "%s": "28001", "xa-28249": "28002", "2025-Q1": "2025-Q1", "NAME": "visits", "team.count": "visits",
                  "team.sessions": "visits", "topic": "desk",  # what this catalogue divides, and by what
                  "UNIT": "28001", "CODE_NEW": "new-office",
                  "FOLDER/": folder + "/", "FOLDER": folder, "DIR": folder,
                  "FILE": os.path.join(folder, "new"), "offices.csv": os.path.join(folder, "offices.csv"),
                  "tien-giang": os.path.join(folder, "")}
        words = [word for word in shlex.split(command, comments=True) if not word.startswith(">")]
        for what in ("units", "catalogue", "successors", "indicators"):
            with open(os.path.join(folder, f"{what}.csv"), "w", encoding="utf-8") as file:
                file.write(self.lantoa(what, "export").out)
        with open(os.path.join(folder, "offices.csv"), "w", encoding="utf-8") as file:
            file.write("code,name,unit,from\nnew,New,28001,2025-01-01\n")
        if words[1:2] == ["import"]:
            values["FILE"] = os.path.join(folder, ("offices" if words[0] == "office" else words[0]) + ".csv")
            values["danh-muc.csv"] = values["FILE"]  # as the Vietnamese quick start calls it
        if words[0] == "reopen":
            self.lantoa("close", words[1])
        if words[:2] == ["office", "tell"]:
            values["2025-06"] = "2025-06-30"  # visits are counted by the day
        given = [values.get(word, word) for word in words]
        for i, option in enumerate(words[:-1]):
            if option in ("--from", "--on") and words[i + 1] == "%s":  # the day that the sentence names
                given[i + 1] = "2025-07-01"
        outcome = self.lantoa(*given)
        if words == ["change", "cancel"]:  # test_change.py has one to take back
            self.assertIn("no change is under way", outcome.err)
            return
        self.assertEqual(outcome.code, 0, f"lantoa {command}: {outcome}")
        if words[:2] == ["backup", "FILE"]:
            os.remove(values["FILE"])
        if words[0] == "close":
            self.lantoa("reopen", words[1])

    def test_every_command_that_is_advised_can_be_run(self):
        self.province.write_conf()
        self.enterContext(contextlib.chdir(self.folder))  # invitations are written where one stands
        told = set()
        for english, vietnamese in sentences():
            commands = [plain(command) for command in commands_in(english)]
            self.assertEqual(commands, [plain(command) for command in commands_in(vietnamese)], vietnamese)
            told.update(commands)
        for name in PAGES:
            with open(os.path.join(SOURCE, name), encoding="utf-8") as page:
                told.update(plain(command) for command in commands_in(page.read()) if "tests/" not in command)
        self.assertGreater(len(told), 20, told)
        for command in sorted(told):
            with self.subTest(command):
                self.run_as_told(command)


if __name__ == "__main__":
    unittest.main()

"""What the commands advise on the command line is followed, in the sentence's own words, in both languages.

A row: a command that is refused, the sentence as common/po/vi.po has it, and the same command as that sentence advises
($1 is what the sentence's first conversion came to), which must be done. tests/docs/check_advice reads the sentences.
"""

import os
import re
import sqlite3
import unittest

import rig
from test_advice import sentences

TRANSLATED = dict(sentences())
CONVERSION = re.compile(r"%[-+ #0-9.*]*(?:hh?|ll?|z|j)?[a-zA-Z]")
TABLE = "metric,period,value\nteams,2025-06,7\n"
BIG = "period,teams\n2025-06," + "7" * 70000 + "\n"

OF_PROVINCE = [
    (["frobnicate"], "there is no command '%s%s%s'; see lantoa --help", ["--help"]),
    (["verifi"], "there is no command '%s%s%s'; did you mean %s?", ["verify"]),
    (["status", "--zzz"], "there is no option '%s'; see %s --help", ["--help"]),
    (["status", "--per", "day"], "'%s' does not take the option --%s; see lantoa %s --help", ["$3", "--help"]),
    (["backup"], "give a file, or a folder with --into; one of the two", ["backup", "--into", "{folder}"]),
    (["backup", "{there}"], "%s is there already and is not overwritten; give another name", ["backup", "{fresh}"]),
    (["office", "add", "{fresh_code}"], "give the office's name and unit: --name and --unit",
     ["office", "add", "{fresh_code}", "--name", "Mới", "--unit", "28001"]),
    (["office", "add", "28001", "--name", "A", "--unit", "28001"], "there is an office '%s' already; choose another code",
     ["office", "add", "{fresh_code}b", "--name", "A", "--unit", "28001"]),
    (["office", "move", "28004"], "give the unit it moves to, or - for none: --unit CODE", ["office", "move", "28004", "--unit", "28003"]),
    (["office", "move", "28004"], "give the unit it moves to, or - for none: --unit CODE", ["office", "move", "28004", "--unit", "-"]),
    (["office", "follow"], "say on which day: --on DAY", ["office", "follow", "--on", "2025-07-01"]),
    (["office", "messages", "280011"], "there is no office '%s'; did you mean '%s' (%s)?", ["office", "messages", "$2"]),
    (["query", "halv"], "there is no metric or indicator '%s'; did you mean '%s' (%s)?", ["query", "$2"]),
    (["query", "team"], "there is no metric or indicator '%s'; did you mean %s?", ["query", "teams"]),
    (["close", "2025-06-30T14"], "'%s' is shorter than a day; close the day, or longer", ["close", "2025-06-30"]),
    (["quarantine", "release"], "say what to release: that of an entry, an office or a metric, or else all",
     ["quarantine", "release", "--all"]),
    (["quarantine", "release"], "say what to release: that of an entry, an office or a metric, or else all",
     ["quarantine", "release", "--office", "28001"]),
    (["query", "hours", "--per", "minute"], "minutes are not rolled up; ask per hour or coarser", ["query", "hours", "--per", "hour"]),
    (["query", "hours", "--per", "hour", "--from", "1990", "--to", "2020"],
     "the range has more than %u periods; ask for a shorter one or coarser periods",
     ["query", "hours", "--per", "year", "--from", "1990", "--to", "2020"]),
    (["query", "hours", "--per", "hour", "--from", "1990", "--to", "2020"],
     "the range has more than %u periods; ask for a shorter one or coarser periods",
     ["query", "hours", "--per", "hour", "--from", "2020-01-01", "--to", "2020-01-02"]),
    (["query", "visits", "--label", "desk"], "labels: '%s' is not KEY=VALUE; write --label KEY=VALUE for each (over HTTP separated by ';')",
     ["query", "visits", "--label", "desk=front"]),
    (["query", "visits", *["--label", "desk=front"] * 9], "labels: more than %u; leave some out",
     ["query", "visits", "--label", "desk=front"]),
    (["query", "visits", "--by-label", "desk", "--label", "desk=front"],
     "--by-label %s has rows for each %s: leave --label %s=%.*s out, or --by-label", ["query", "visits", "--by-label", "desk"]),
    (["query", "visits", "--by-label", "desk", "--revisions"],
     "--revisions lists each figure with its labels: leave --by-label out", ["query", "visits", "--revisions"]),
    (["query", "visits", "--versus", "year", "--revisions"],
     "--revisions lists what became of figures: leave --versus and --total out", ["query", "visits", "--revisions"]),
    (["query", "visits", "--top", "3", "--revisions"],
     "--revisions lists what came in the order in which it came: leave --sort and --top out", ["query", "visits", "--revisions"]),
    (["query", "visits", "--last", "3", "--from", "2025-06-01"],
     "the last periods are a range already: leave --from and --to out, or --last", ["query", "visits", "--last", "3"]),
    (["query", "visits", "--last", "3", "--from", "2025-06-01"],
     "the last periods are a range already: leave --from and --to out, or --last", ["query", "visits", "--from", "2025-06-01"]),
    (["query", "visits", "--sort", "valeu"], "sort: the answer has no column '%s'; did you mean '%s'?",
     ["query", "visits", "--sort", "$2"]),
    (["query", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"],
     "more than %u metrics and indicators are asked for at once; ask in several questions", ["query", "teams"]),
    (["completeness", "visits", "--form", "day"],
     "a form is all that is reported per month, day and so on: leave the metric out, or --form",
     ["completeness", "--form", "day"]),
    (["completeness", "half"], "'%s' is an indicator; ask who is missing for one of its metrics, such as '%s'",
     ["completeness", "$2"]),
    (["query", "teams", "--known", "yesterday"],
     "'%s' is not a time; write 2025-06-30, 2025-06-30T14:05:09 or 2025-06-30T14:05:09+07:00",
     ["query", "teams", "--known", "2025-06-30T14:05:09+07:00"]),
    (["query", "teams", "--known", "yesterday"],
     "'%s' is not a time; write 2025-06-30, 2025-06-30T14:05:09 or 2025-06-30T14:05:09+07:00",
     ["query", "teams", "--known", "2025-06-30"]),
    (["query", "teams", "--known", "1959-12-31T23:30:00"],
     "%s: the clocks skipped that time; write it with an offset, such as +07:00",
     ["query", "teams", "--known", "1959-12-31T23:30:00+07:00"]),
    (["catalogue", "import", "{fewer}"],
     "nothing was changed. This would remove or change what figures count by: %zu in all, %s. Figures that would "
     "not count any more, or mean something else: %llu%s; offices that reported them: %llu. --dry-run lists it all; if it is "
     "meant, add --yes (over HTTP: dry_run=1, yes=1)", ["catalogue", "import", "{fewer}", "--dry-run"]),
    (["indicators", "import", "{none}"],
     "nothing was changed. This would remove %zu that are there: %s. The figures stay, but questions about these would not be "
     "answered any more, or differently. --dry-run lists it all; if it is meant, add --yes (over HTTP: dry_run=1, yes=1)",
     ["indicators", "import", "{none}", "--yes"]),
    (["catalogue", "import", "{workbook}"], "this is a workbook, not CSV; save it as 'CSV UTF-8 (comma delimited)'",
     ["catalogue", "import", "{catalogue}"]),
    (["catalogue", "import", "{page}"],
     "this is a web page (HTML or XML), whatever its name says; open it in the spreadsheet program and save it as 'CSV UTF-8 "
     "(comma delimited)'", ["catalogue", "import", "{catalogue}"]),
    (["catalogue", "import", "{invisible}"], "a character that nobody can see (U+%04X) stands behind '%s'; take it out",
     ["catalogue", "import", "{catalogue}"]),
]

OF_AGENT = [
    (["frob"], "there is no command '%s'; see lantoa-agent --help", ["--help"]),
    (["statsu"], "there is no command '%s'; did you mean %s?", ["status"]),
    ([], "say what to do; 'lantoa-agent --help' lists the commands", ["--help"]),
    (["record", "teams=7", "--zzz"], "there is no option '%s'; see %s --help", ["--help"]),
    (["record"], "give a figure, like team.count=7", ["record", "team.count=7"]),
    (["record", "team.count"], "a figure is written METRIC=VALUE, like team.count=7", ["record", "team.count=7"]),
    (["record", *[f"visits={n}" for n in range(2000)]], "too many figures for one command; use import", ["import", "{table}"]),
    (["record", "teams=7", "--period", "2025-06-30"], "period '%s' is a %s, but it is counted per %s; write it like %s",
     ["record", "teams=7", "--period", "$4"]),
    (["record", "teams=7", "--period", "2025-06", "--period", "2025-05"], "--period is given twice",
     ["record", "teams=7", "--period", "2025-06"]),
    (["record", "people=7"], "'%s' is not in the catalogue; 'lantoa-agent catalogue' lists what is", ["catalogue"]),
    (["import"], "give one file: lantoa-agent import FILE (- for stdin)", ["import", "{table}"]),
    (["import", "{latin}"], "this is not UTF-8, and no Vietnamese column name tells what else it is; save the table as 'CSV UTF-8 "
     "(comma delimited)'", ["import", "{table}"]),
    (["import", "{big}"], "a field is longer than 65536 bytes; shorten it", ["import", "{table}"]),
    (["sql"], "give an SQLite file and a query", ["sql", "{office}", "SELECT 'teams' AS metric, 7 AS value"]),
    (["sql", "{office}", "SELECT 'teams' AS metric, 7"], "the query needs columns metric and value, or a column per metric; name them with AS",
     ["sql", "{office}", "SELECT 'teams' AS metric, 7 AS value"]),
    (["spool"], "say spool list, spool unsent, spool verify, spool export or spool repair", ["spool", "list"]),
    (["spool"], "say spool list, spool unsent, spool verify, spool export or spool repair", ["spool", "unsent"]),
    (["spool"], "say spool list, spool unsent, spool verify, spool export or spool repair", ["spool", "export"]),
    (["clock", "who"], "say clock, clock assign START DATE-TIME or clock drop START", ["clock"]),
    (["enrol"], "give the invitation, the file that holds it, or - for standard input: lantoa-agent enrol FILE", None),
    (["spool", "repair", "a", "b"], "say spool repair [FILE] [--yes]", None),
]


def pattern(sentence):
    """What is said where @sentence is, line's end and all."""
    pieces, at = [], 0
    text = sentence.strip("\n")
    for conversion in CONVERSION.finditer(text):
        pieces += [re.escape(text[at:conversion.start()]), "(.*?)"]
        at = conversion.end()
    return re.compile("".join([*pieces, re.escape(text[at:])]) + "$", re.M)


class AdviceOfCommands(rig.Rig):
    def setUp(self):
        super().setUp()
        self.addCleanup(os.environ.update, LC_ALL="C.UTF-8")
        self.catalogue = rig.CATALOGUE + "team.count,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,\n"
        self.indicators = "name,label_vi,label_en,formula,unit,target_year,target_value\nhalf,Nửa,Half,visits / 2,visit,,\n"
        self.province.put_csv("/v1/catalogue", self.catalogue)
        reference = os.path.join(self.folder, "reference")
        os.makedirs(reference)
        self.files = {"folder": os.path.join(self.folder, "backups"), "reference": reference}
        os.makedirs(self.files["folder"])
        header = self.catalogue.splitlines()[0]
        for name, text in {
                "there": "", "fewer": self.catalogue.replace(self.catalogue.splitlines(True)[3], ""), "none": self.indicators.splitlines()[0] + "\n",
                "workbook": "PK\x03\x04", "page": "<html><table>", "catalogue": self.catalogue,
                "invisible": header.replace("label_en", "label_en\u200b") + "\n", "table": TABLE, "big": BIG}.items():
            self.files[name] = os.path.join(self.folder, name + ".csv")
            with open(self.files[name], "w", encoding="utf-8") as file:
                file.write(text)
        for what in ("units", "successors", "catalogue", "indicators"):
            with open(os.path.join(reference, what + ".csv"), "w", encoding="utf-8") as file:
                file.write(self.lantoa(what, "export").out)
        self.files["latin"] = os.path.join(self.folder, "latin.csv")
        with open(self.files["latin"], "wb") as file:
            file.write(b"p\xe9riode,\xe9quipes\n2025-06,7\n")
        self.files["office"] = os.path.join(self.folder, "office.db")
        sqlite3.connect(self.files["office"]).execute("VACUUM")

    def say(self, run, words, sentence):
        """What is said about it, taken apart."""
        outcome = run(*words)
        self.assertNotEqual(outcome.code, 0, outcome)
        found = pattern(sentence).search(outcome.err)
        self.assertTrue(found, f"'{sentence}' is not said: {outcome}")
        return found

    def follow(self, run, words, sentence, mended):
        given = {**self.files, "fresh": os.path.join(self.folder, f"fresh-{self.n}"), "fresh_code": f"new-{self.n}"}
        self.n += 1
        words = [word.format(**given) for word in words]
        os.environ["LC_ALL"] = "vi_VN.UTF-8"
        vietnamese = self.say(run, words, TRANSLATED[sentence])
        os.environ["LC_ALL"] = "C.UTF-8"
        english = self.say(run, words, sentence)
        if mended is None:
            return
        both = [[re.sub(r"^\$(\d)$", lambda m: found[int(m[1])], word).format(**given) for word in mended]
                for found in (english, vietnamese)]
        for advised in both[:1 if both[0] == both[1] else 2]:
            outcome = run(*advised)
            self.assertEqual(outcome.code, 0, f"{advised}, as advised by: {english[0]}\n{outcome}")

    def follow_all(self, run, rows):
        for words, sentence, mended in rows:
            with self.subTest(words=words[:3]):
                self.follow(run, words, sentence, mended)

    def test_of_the_province(self):
        self.n = 0
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "team.count" in agent.command("catalogue").out, "the catalogue")
        for figure in (["teams=7", "--period", "2025-06"], ["visits=3", "--period", "2025-06-30", "--label", "desk=front"],
                       ["hours=1", "--period", "2025-06-30T08"]):
            self.assertEqual(agent.record(*figure).code, 0)
        rig.wait_for(lambda: self.province.value("hours", per="day", **{"from": "2025-06-30", "to": "2025-06-30"}), "the figures")

        self.province.put_csv("/v1/indicators", self.indicators)
        self.follow_all(self.lantoa, OF_PROVINCE)

    def test_of_the_agent(self):
        self.n = 0
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "team.count" in agent.command("catalogue").out, "the catalogue")
        self.follow_all(agent.command, OF_AGENT)
        os.environ["LC_ALL"] = "C.UTF-8"
        agent.process.stop()
        self.follow_all(agent.command, [(["spool"], "say spool list, spool unsent, spool verify, spool export or spool repair",
                                         ["spool", "verify"])])


    def refused(self, agent, words, sentence):
        """In both languages; what the Vietnamese one says, taken apart."""
        os.environ["LC_ALL"] = "C.UTF-8"
        self.say(agent.command, words, sentence)
        os.environ["LC_ALL"] = "vi_VN.UTF-8"
        return self.say(agent.command, words, TRANSLATED[sentence])

    def done(self, outcome):
        self.assertEqual(outcome.code, 0, outcome)
        return outcome.out

    def test_of_an_agent_on_its_way(self):
        agent = self.agent("28001", enrol=False)
        self.refused(agent, ["catalogue"], "there is no catalogue yet: enrol this office with 'lantoa-agent enrol', and connect once")
        self.say(agent.command, ["run"],  # a daemon's log is English
                 "this office is not enrolled (no '%s'): ask the province for an invitation and run 'lantoa-agent enrol FILE'")
        self.done(agent.command("enrol", self.province.invite("28001").line))
        agent.start()
        rig.wait_for(lambda: "teams" in agent.command("catalogue").out, "the catalogue")
        self.done(agent.record("teams=7", "--period", "2025-06"))

        with open(agent.conf, encoding="utf-8") as conf:
            right = conf.read()
#a spool to repair
        self.refused(agent, ["spool", "repair"], "the agent is running; stop it (systemctl stop %s), run this command again, and start it")
        agent.process.stop()
        self.refused(agent, ["spool", "repair"], "no damaged spool was set aside in '%s'; name a file to repair from")
        damaged = os.path.join(self.folder, "damaged.db")
        with open(os.path.join(agent.folder, "spool.db"), "rb") as spool, open(damaged, "wb") as copy:
            copy.write(spool.read())
        said = self.done(agent.command("spool", "repair", damaged))
        advice = TRANSLATED["nothing was changed; this takes them over: lantoa-agent%s spool repair --yes %s\n"]
        advised = pattern(advice).search(said)[0].partition("lantoa-agent ")[2].split()
        self.done(rig.run([agent.args()[0], *advised]))

#a path that is too long for a socket
        with open(agent.conf, "w", encoding="utf-8") as conf:
            conf.write(right.replace("agent.sock", "a" * 100))
        self.say(agent.command, ["run"], "socket '%s': the path is longer than the %zu bytes a socket's may have; choose a shorter one")
        with open(agent.conf, "w", encoding="utf-8") as conf:
            conf.write(right.replace("agent.sock", "a"))
        agent.start()
        large = os.path.join(self.folder, "large.csv")
        with open(large, "wb") as file:
            file.truncate(257 << 20)
        self.refused(agent, ["import", large], "%s: is over 256 MiB; split it")


if __name__ == "__main__":
    unittest.main()

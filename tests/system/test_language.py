"""Vietnamese for people, English in the logs, whatever language a daemon's machine is set to."""

import json
import os
import pwd
import re
import unittest

import rig

CATALOGUE_OF_ERRORS = """\
name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,due_days,min,max
visits,Lượt,Visits,visit,flux,sum,sum,day,desk,0,0,commune,1,0,
"""


class Language(rig.Rig):
    def setUp(self):
        os.environ["LC_ALL"] = "vi_VN.UTF-8"  # need not be generated
        self.addCleanup(os.environ.update, LC_ALL="C.UTF-8")
        super().setUp()

    def assert_refused(self, outcome, *sentences):
        self.assertEqual(outcome.code, 1, outcome)
        for sentence in sentences:
            self.assertIn(sentence, outcome.err)

    def assert_english(self, process):
        self.assertTrue(process.log())
        self.assertTrue(process.log().isascii(), process.log())

    def test_province_and_operator(self):
        self.assert_refused(self.lantoa("query", "visits", "--from", "2025-13"),
                            "'2025-13' không phải là kỳ; hãy ghi 2025 (năm)")
        path = f"{self.folder}/catalogue.csv"
        with open(path, "w", encoding="utf-8") as catalogue:
            catalogue.write(CATALOGUE_OF_ERRORS)
        self.assert_refused(self.lantoa("catalogue", "import", path),
                            "dòng 2: kind: 'flux' không phải loại chỉ tiêu")
        with self.assertRaises(rig.Refusal) as refused:  # who names no language
            self.province.query("visits", **{"from": "2025-13"})
        self.assertIn("is not a period; write 2025 (year)", str(refused.exception))
        os.environ["LC_ALL"] = "C.UTF-8"
        self.assert_refused(self.lantoa("query", "visits", "--from", "2025-13"),
                            "'2025-13' is not a period")
        self.assert_whole()
        self.assert_english(self.province.process)

    def refuse_figures(self, agent):
        self.assert_refused(agent.record("hours=1.234", "--period", "2025-06-30T08"),
                            "'1.234' có hơn 2 chữ số sau dấu chấm")
        self.assert_refused(agent.record("visits=1", "--period", "2025-06"),
                            "kỳ '2025-06' là tháng nhưng chỉ tiêu tính theo ngày")
        outcome = agent.command("import", "-", stdin="metric,period,value\nhours,2025-13,1\n")
        self.assertIn("-:2: period: hours: '2025-13' không phải là kỳ", outcome.err)

    def test_agent_and_office(self):
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "hours" in agent.command("catalogue").out, "the catalogue")
        self.assertIn("visits\tngày\tlượt\tLượt\tdesk\n", agent.command("catalogue").out)
        self.refuse_figures(agent)  # the agent refuses, and the command tells
        os.environ["LC_ALL"] = "C.UTF-8"
        self.assert_refused(agent.record("hours=1.234", "--period", "2025-06-30T08"),
                            "'1.234' has more than 2 digits after the point")
        self.assertIn("visits\tday\tvisit\tVisits\tdesk\n", agent.command("catalogue").out)
        os.environ["LC_ALL"] = "vi_VN.UTF-8"
        agent.process.stop()
        self.assert_english(agent.process)
        self.refuse_figures(agent)  # the command by itself
        agent.write_conf("[uplink]\npush = 1\n")
        self.assert_refused(agent.command("status"), "không có khóa 'push' trong [uplink]")


    # --- what is shown to people holds no name that programs go by ---

    OURS = {"visits", "visit", "hours", "teams", "balance", "desk", "front", "unix", "office", "x", "lantoa", "agent",
            pwd.getpwuid(os.getuid()).pw_name}  # who recorded

    def programs_words(self, value):
        """Names and words of @value, an answer in JSON: what a person is to read in his own language."""
        if isinstance(value, dict):
            return set().union(value, *map(self.programs_words, value.values()))
        if isinstance(value, list):
            return set().union(*map(self.programs_words, value))
        return {value} if isinstance(value, str) and re.fullmatch("[a-z][a-z_ ]*", value) else set()

    def assert_for_people(self, shown, answer):
        words = {word for name in self.programs_words(answer) for word in [name, *name.split(".")]}
        self.assertGreater(len(words), 3, words)
        leaked = {word for word in words - self.OURS if re.search(rf"(?<![\w./-]){re.escape(word)}(?![\w./-])", shown)}
        self.assertEqual(leaked, set(), shown)
        self.assertNotRegex(shown, r"\b[a-z]+_[a-z]+\b")

    def test_what_people_read_has_no_programs_words(self):
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "hours" in agent.command("catalogue").out, "the catalogue")
        self.lantoa("close", "2025-06-29")
        agent.record("visits=3", "--period", "2025-06-29", "--label", "desk=front")
        agent.record("visits=3", "--period", "2025-06-30", "--label", "desk=front")
        rig.wait_for(lambda: "tạm giữ: 1" in " ".join(agent.command("status").out.split()) or
                     "bị tạm giữ:    1" in agent.command("status").out, "what waits")
        self.province.invite("28002")
        days = ["--from", "2025-06-29", "--to", "2025-06-30"]
        for words in (["status"], ["quarantine", "list"], ["office", "list"], ["office", "show", "28001"], ["closed"],
                      ["query", "visits", *days, "--by", "commune"], ["query", "visits", *days, "--by", "office"],
                      ["query", "visits", "--revisions", *days], ["completeness", "visits", *days],
                      ["completeness", "--by", "commune", *days], ["verify"]):
            with self.subTest(words):
                self.assert_for_people(self.lantoa(*words).out, json.loads(self.lantoa("--format", "json", *words).out))
        with self.subTest("the office's status"):
            self.assert_for_people(agent.command("status").out, json.loads(agent.command("status", "--json").out))


if __name__ == "__main__":
    unittest.main()

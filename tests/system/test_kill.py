"""kill -9, fifty seeded rounds: no figure that was accepted is lost, none counts twice (I1, I2, I3).

The oracle is a dictionary of what was handed in. A command that ended with 0 is in it for certain;
one that was killed, or that failed, may have been taken or not, but each handful of figures only
whole: both states stay possible until the figures are next read back. At the end everything is
acked, and the province's figures must equal one possible state of each office, to the last digit.
"""

import csv
import random
import time
import unittest

import rig

ROUNDS = 50
DAYS = [f"2025-06-{day:02}" for day in range(1, 11)]
RANGE = {"from": "2025-06-01", "to": "2025-06-30"}
DESKS = ["A", "B", "C"]


class Oracle:
    """The possible states of one office: {(metric, desk, day): mantissa} each."""

    POSSIBLE_MAX = 1 << 12

    def __init__(self):
        self.states = [{}]

    @staticmethod
    def after(state, changes, add):
        state = dict(state)
        for key, value in changes:
            if value is None:
                state.pop(key, None)
            elif add:
                state[key] = state.get(key, 0) + value
            else:
                state[key] = value
        return state

    def certain(self, changes, add):
        self.states = [self.after(state, changes, add) for state in self.states]

    def perhaps(self, changes, add):
        self.states += [self.after(state, changes, add) for state in self.states]

    def settle(self, seen):
        """The office has been asked: one of the possible states must be what it has."""
        if seen not in self.states:
            nearest = min((dict(set(state.items()) ^ set(seen.items())) for state in self.states),
                          key=len)
            raise AssertionError(f"what the office has is none of {len(self.states)} possible "
                                 f"states; nearest differs in {nearest}")
        self.states = [seen]


class Kill(rig.Rig):
    offices = rig.COMMUNES[:4]

    def setUp(self):
        super().setUp()
        self.dice = random.Random(rig.seed())
        self.oracles = {code: Oracle() for code in self.offices}
        self.running = []  # commands under way: (process, code, changes, add)
        for code in self.offices:
            self.agent(code).start()

    # what an office does

    def figure(self):
        metric = self.dice.choice(["visits", "visits", "balance"])
        desk = self.dice.choice(DESKS) if metric == "visits" else ""
        low = 0 if metric == "visits" else -10**12
        return (metric, desk, self.dice.choice(DAYS)), self.dice.randrange(low, 10**12)

    @staticmethod
    def text(metric, value):
        if value is None:
            return "-"
        if metric == "visits":
            return str(value)
        sign = "-" if value < 0 else ""
        return f"{sign}{abs(value) // 1000}.{abs(value) % 1000:03}"

    def record_words(self):
        """One to three figures of one series each, at one time: set, added or withdrawn."""
        (metric, desk, day), value = self.figure()
        add = self.dice.random() < 0.4
        if not add and self.dice.random() < 0.2:
            value = None
        words = ["record", f"{metric}={self.text(metric, value)}", "--period", day]
        changes = [((metric, desk, day), value)]
        if metric == "visits":
            words += ["--label", f"desk={desk}"]
            if self.dice.random() < 0.5:  # two figures in one command: both or none
                words.insert(2, "visits.b=" + self.text("visits", value))
                changes.append((("visits.b", desk, day), value))
        return words + (["--add"] if add else []), changes, add

    def import_words(self, name):
        keys = {}
        for _ in range(self.dice.randrange(1, 200)):
            key, value = self.figure()
            keys[key] = value
        path = f"{self.folder}/{name}.csv"
        with open(path, "w", encoding="utf-8") as out:
            out.write("metric,period,desk,value\n")
            for (metric, desk, day), value in keys.items():
                out.write(f"{metric},{day},{desk},{self.text(metric, value)}\n")
        return ["import", path], list(keys.items()), False

    def hand_in(self, code, name):
        """Start a command; at most one per office, so that the order is known."""
        if self.dice.random() < 0.25:
            words, changes, add = self.import_words(name)
        else:
            words, changes, add = self.record_words()
        process = self.agents[code].start_command(*words)
        self.running.append((process, code, changes, add))

    def reap(self):
        for process, code, changes, add in self.running:
            if process.child.wait(rig.PATIENCE_S) == 0:
                self.oracles[code].certain(changes, add)
            else:
                self.oracles[code].perhaps(changes, add)
            if len(self.oracles[code].states) > Oracle.POSSIBLE_MAX // 2:
                self.oracles[code].settle(self.exported(code))
        self.running = []

    # what may happen to it

    def strike(self):
        """kill -9 of somebody, then up again."""
        whom = self.dice.choice(["province", "office", "office", "command", "both"])
        code = self.dice.choice(self.offices)
        if whom in ("office", "both"):
            self.agents[code].process.kill()
        if whom in ("province", "both"):
            self.province.process.kill()
        if whom == "command" and self.running:
            self.dice.choice(self.running)[0].kill()
        if self.dice.random() < 0.5:
            self.hand_in_where_free(f"dark-{self.dice.random()}")  # the spool itself, or an office alone
        if whom in ("province", "both"):
            self.province.start()
        if whom in ("office", "both"):
            self.agents[code].start(wait=False)

    def hand_in_where_free(self, name):
        busy = {code for _, code, _, _ in self.running}
        for code in self.offices:
            if code not in busy and self.dice.random() < 0.7:
                self.hand_in(code, f"{name}-{code}")

    # what came of it

    def exported(self, code):
        """An office's own figures."""
        outcome = self.agents[code].command("spool", "export")
        self.assertEqual(outcome.code, 0, outcome)
        state = {}
        for row in csv.DictReader(outcome.out.splitlines()):
            if row["value"] == "withdraw":
                continue
            desk = row["labels"].removeprefix("desk=")
            state[row["metric"], desk, row["period"]] = self.mantissa(row["metric"], row["value"])
        return state

    @staticmethod
    def mantissa(metric, text):
        if metric != "balance":
            return int(text)
        whole, _, fraction = str(text).partition(".")
        value = abs(int(whole)) * 1000 + int((fraction + "000")[:3])
        return -value if whole.startswith("-") else value

    def all_acked(self):
        for code in self.offices:
            outcome = self.agents[code].command("status")
            if "to be sent:    0 figures in 0 batches, 0 not sealed yet" not in outcome.out:
                return False
        return True

    def province_has(self, metric, desk, code):
        arguments = {"labels": f"desk={desk}"} if desk else {}
        rows = self.province.query(metric, area=code, per="day", **RANGE, **arguments)
        return {(metric, desk, row["period"]): self.mantissa(metric, row["value"])
                for row in rows if row["value"] is not None}

    def test_fifty_rounds(self):
        for round_ in range(ROUNDS):
            for code in self.offices:
                if self.agents[code].process.child.poll() is not None:
                    self.fail(f"{code} ended by itself: {self.agents[code].process.log()}")
            self.hand_in_where_free(f"round-{round_}")
            time.sleep(self.dice.uniform(0, 0.15))
            self.strike()
            self.reap()
        rig.wait_for(self.all_acked, "all to be acked", 30)
        journal = 0
        for code in self.offices:
            seen = self.exported(code)
            self.oracles[code].settle(seen)
            there = {}
            for metric, desks in (("visits", DESKS), ("visits.b", DESKS), ("balance", [""])):
                for desk in desks:
                    there.update(self.province_has(metric, desk, code))
            self.assertEqual(there, seen, f"office {code}")
            outcome = self.agents[code].command("spool", "verify")
            self.assertEqual(outcome.code, 0, outcome)
            journal += len(seen)
        for metric in ("visits", "visits.b", "balance"):  # the province's total, by an own sum
            expected = sum(value for oracle in self.oracles.values()
                           for (name, _, _), value in oracle.states[0].items() if name == metric)
            total = self.province.value(metric, area="82", per="month", **{"from": "2025-06",
                                                                           "to": "2025-06"})
            self.assertEqual(self.mantissa(metric, total), expected, metric)
        verified = self.lantoa("verify")
        self.assertEqual(verified.code, 0, verified)
        self.journal_has_no_duplicates()
        for code in self.offices:
            self.agents[code].process.stop()
        self.assert_whole()
        print(f"{journal} figures hold", flush=True)

    def journal_has_no_duplicates(self):
        """Entries are seq 1, 2, 3, ... of each spool, and one spool per office: none was renewed."""
        status = self.province.status()
        self.assertEqual(int(status["store"]["spools"]), len(self.offices), status)
        self.assertEqual(int(status["store"]["entries"]),
                         sum(row["batches"] for row in status["rows"]), status)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Holds the demo's answers (CSV files in DIRECTORY) against what was recorded. usage: demo_check.py DIRECTORY"""
import csv
import json
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

here = Path(sys.argv[1])
expected = json.loads((here / "expected.json").read_text())
wrong = []


def rows(name):
    with open(here / (name + ".csv"), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def hold(what, found, wanted):
    if found != wanted:
        wrong.append(f"{what}: {found!r} instead of {wanted!r}")


def rounded(fraction):
    scaled = fraction * 10**6
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2):
        whole += 1
    return Decimal(whole).scaleb(-6)


teams, members = rows("teams")[0], rows("members")[0]
for name, row, value in (("teams", teams, "1249"), ("members", members, "8007")):
    hold(name, row["value"], value)
    hold(name + " due", row["due"], "164")
    hold(name + " reported", row["reported"], "163")
    hold(name + " missing", row["missing"], "1")
hold("the silent office", [row["office"] for row in rows("missing")], [(here / "silent").read_text().strip()])
share = rows("share")[0]
hold("digital share", Decimal(share["value"]), rounded(Fraction(100 * 8619, 100314)))
hold("targets", share["targets"], "2025=15;2030=25")
hold("index gap", Decimal(rows("gap")[0]["value"]), Decimal("0.0758"))
received = {row["area"]: int(row["value"]) for row in rows("received") if row["area"]}
hold("dossiers by district", received, expected["received"])
rates = {row["area"]: Decimal(row["value"]) for row in rows("rate") if row["area"]}
hold("online rate by district", rates,
     {d: rounded(Fraction(100 * expected["online"][d], n)) for d, n in expected["received"].items()})
for line in wrong:
    print("demo:", line, file=sys.stderr)
sys.exit(bool(wrong))

#!/usr/bin/env python3
"""Made-up figures for the demo, seeded, so that every run prints the same.

usage: made_up.py UNITS.csv DIRECTORY

The offices are real: one per unit of Tiền Giang in force on 2025-06-30 (164 communes, 11 districts, the province). So are the totals
of teams (1249) and members (8007), and the province's figures of 2021, as published. How teams and members are spread over the communes,
and every dossier, is invented here.

Writes into DIRECTORY: offices.csv (code,name,unit,from), codes (one per line), reporting (the communes that report), silent (the one that does not),
CODE.record (arguments of `lantoa-agent record`, one set per line) and CODE.csv (a month of daily dossiers), and expected.json.
"""
import csv
import json
import random
import sys
from datetime import date, timedelta
from pathlib import Path

DAY = "2025-06-30"
TEAMS, MEMBERS = 1249, 8007
PROVINCE = "82"


def in_force(row):
    return row["valid_from"] <= DAY and (not row["valid_to"] or DAY < row["valid_to"])


def spread(total, weights):
    """Whole numbers in proportion to weights that add up to total (largest remainders), each at least 1."""
    free = total - len(weights)
    exact = [free * w / sum(weights) for w in weights]
    shares = [int(x) for x in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: exact[i] - shares[i], reverse=True)
    for i in by_remainder[: free - sum(shares)]:
        shares[i] += 1
    return [s + 1 for s in shares]


def main(units_path, directory):
    out = Path(directory)
    dice = random.Random(1249)
    with open(units_path, encoding="utf-8") as file:
        units = [row for row in csv.DictReader(file) if in_force(row)]
    province = next(u for u in units if u["code"] == PROVINCE)
    districts = [u for u in units if u["parent"] == PROVINCE]
    inside = {u["code"] for u in districts}
    communes = sorted((u for u in units if u["parent"] in inside), key=lambda u: u["code"])
    silent, reporting = communes[-1], communes[:-1]

    with open(out / "offices.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["code", "name", "unit", "from"])
        for unit in [province, *districts, *communes]:
            table.writerow([unit["code"], "Văn phòng " + unit["name"], unit["code"], unit["valid_from"]])
    (out / "codes").write_text("".join(u["code"] + "\n" for u in [province, *districts, *communes]))
    (out / "reporting").write_text("".join(u["code"] + "\n" for u in reporting))
    (out / "silent").write_text(silent["code"] + "\n")

    teams = spread(TEAMS, [dice.uniform(0.5, 2) for _ in reporting])
    members = spread(MEMBERS, [t * dice.uniform(0.9, 1.1) for t in teams])
    expected = {"teams": sum(teams), "members": sum(members), "received": {}, "online": {}}
    for unit, team, member in zip(reporting, teams, members):
        (out / (unit["code"] + ".record")).write_text(
            f"team.count={team} team.members={member} --period 2025-06\n")
        with open(out / (unit["code"] + ".csv"), "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["period", "sector", "service.dossiers_received", "service.dossiers_online"])
            for n in range(30):
                day = date(2025, 6, 1) + timedelta(days=n)
                for sector in ("land", "civil_status"):
                    received = 0 if day.weekday() >= 5 else dice.randint(5, 60)
                    online = sum(dice.random() < 0.6 for _ in range(received))
                    table.writerow([day.isoformat(), sector, received, online])
                    for name, figure in (("received", received), ("online", online)):
                        total = expected[name]
                        total[unit["parent"]] = total.get(unit["parent"], 0) + figure
    (out / (PROVINCE + ".record")).write_text(
        "economy.digital_value_added=8619 economy.grdp=100314 dti.economy_index=0.4856 dti.economy_index_mean=0.4098"
        " --period 2021\n")
    (out / "expected.json").write_text(json.dumps(expected))


main(*sys.argv[1:])

"""The dashboards name what there is: every metric of the one is scraped, and reads as PromQL; every address of the other is
answered by a real province, with the columns that its panels name."""

import json
import pathlib
import re
import shutil
import subprocess
import unittest
import urllib.parse

import rig

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "aggregator/grafana"
RANGE = {"__from:date:YYYY-MM": "2025-03", "__to:date:YYYY-MM": "2025-05"}


def board(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def filled(dashboard, text):
    """@text with the dashboard's variables as they are when it is opened; in an address they are quoted."""
    values = {each["name"]: each["current"].get("value", "") for each in dashboard["templating"]["list"]}

    def value(match):
        name = match[1] or match[2]
        if name in RANGE:
            return RANGE[name]
        name, _, form = name.partition(":")
        return urllib.parse.quote(values[name]) if form == "percentencode" else values[name]
    return re.sub(r"\$\{([^}]+)\}|\$(\w+)", value, text)


class Dashboards(rig.Rig):
    furnished = False

    def open_province(self):
        """Tiền Giang's own catalogue, as the dashboards' first values are of it."""
        super().open_province()
        for words in (("setup", "tien-giang"), ("office", "add", "28249", "--name", "Mỹ Tho", "--unit", "28249",
                                                "--from", "2025-01-01")):
            outcome = self.lantoa(*words)
            self.assertEqual(outcome.code, 0, outcome)

    def scraped(self):
        connection = rig.UnixConnection(self.province.socket)
        connection.request("GET", "/v1/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def test_each_has_what_grafana_wants(self):
        for name, kind, uid in (("operations.json", "prometheus", "lantoa-operations"),
                                ("figures.json", "yesoreyeram-infinity-datasource", "lantoa-figures")):
            dashboard = board(name)
            self.assertEqual(dashboard["uid"], uid)
            sources = [each for each in dashboard["templating"]["list"] if each["type"] == "datasource"]
            self.assertEqual([each["query"] for each in sources], [kind])
            ids, places = set(), set()
            for panel in dashboard["panels"]:
                self.assertNotIn(panel["id"], ids)
                ids.add(panel["id"])
                spot = panel["gridPos"]
                self.assertLessEqual(spot["x"] + spot["w"], 24, panel["title"])
                cells = {(x, y) for x in range(spot["x"], spot["x"] + spot["w"]) for y in range(spot["y"], spot["y"] + spot["h"])}
                self.assertFalse(cells & places, panel["title"])
                places |= cells
            for panel in panels(dashboard):
                self.assertEqual(panel["datasource"], {"type": kind, "uid": "${%s}" % sources[0]["name"]})
                self.assertGreater(len(panel["description"]), 20, panel["title"])
                self.assertTrue(panel["targets"], panel["title"])
                for target in panel["targets"]:
                    self.assertEqual(target["datasource"], panel["datasource"])

    def expressions(self):
        dashboard = board("operations.json")
        return [filled(dashboard, target["expr"]) for panel in panels(dashboard) for target in panel["targets"]]

    def test_every_metric_that_is_named_is_scraped(self):
        text = rig.wait_for(lambda: (lambda text: text if "lantoa_offices_late" in text else None)(self.scraped()),
                            "a whole scrape")
        families = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        # of what is not there before it happened, the manual has the names (test_metrics.py)
        manual = (FOLDER.parent / "lantoa-aggregator.8").read_text(encoding="utf-8")
        known = set(families) | set(re.findall(r"^\.It Li (lantoa_\w+)", manual, re.M))
        named = set()
        for expression in self.expressions():
            for name in re.findall(r"\blantoa_\w+", expression):
                base = re.sub(r"_bucket$", "", name)
                self.assertIn(base, known, expression)
                self.assertEqual(name != base, families.get(base) == "histogram", expression)
                # a counter is asked for its rate, and nothing else is
                rated = re.search(rf"rate\({name}\b", expression) is not None
                self.assertEqual(rated, name.endswith("_total") or name != base, expression)
                named.add(base)
            for label in re.findall(r"\{(\w+)=", expression):
                self.assertRegex(text, rf"[{{,]{label}=\"", expression)
        self.assertGreater(len(named), 25)

    def test_every_expression_is_read_by_prometheus(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool is not installed")
        rules = {"groups": [{"name": "panels", "rules": [{"record": f"panel:number{i}", "expr": expression}
                                                         for i, expression in enumerate(self.expressions())]}]}
        path = pathlib.Path(self.folder) / "rules.yml"
        path.write_text(json.dumps(rules), encoding="utf-8")  # which is YAML, too
        check = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def test_every_address_is_answered_with_the_columns_that_are_named(self):
        agent = self.agent("28249").start()
        for month in ("2025-03", "2025-04", "2025-05"):
            self.assertEqual(agent.record("team.count=8", "--period", month).code, 0)
        rig.wait_for(lambda: self.province.counter("intake", "observations") == 3, "the figures")
        dashboard = board("figures.json")
        asked = set()
        for panel in panels(dashboard):
            for target in panel["targets"]:
                self.assertEqual((target["type"], target["source"], target["parser"], target["root_selector"]),
                                 ("json", "url", "backend", "rows"))
                address = filled(dashboard, target["url"])
                self.assertTrue(address.startswith("/api/v1/"), address)
                rows = self.province.call("GET", address)["rows"]
                self.assertTrue(rows, address)
                asked.add(address)
                for column in target["columns"]:
                    self.assertIn(column["selector"], rows[0], f"{panel['title']}: {address}")
                    kinds = {type(row[column["selector"]]) for row in rows} - {type(None)}
                    self.assertLessEqual(kinds, {str} if column["type"] == "string" else {int, float}, column)
                axis = panel["options"].get("xField")
                if axis:  # a bar for each period, and no second one beside it
                    periods = [row[target["columns"][0]["selector"]] for row in rows]
                    self.assertEqual(len(periods), len(set(periods)), address)
                self.assertIn(axis, {None} | {column["text"] for column in target["columns"]})
        self.assertGreater(len(asked), 5)
        # and the figures are there
        teams = self.province.call("GET", "/api/v1/query?name=team.count&per=month&from=2025-03&to=2025-05")["rows"]
        self.assertEqual([row["value"] for row in teams], [8, 8, 8])


if __name__ == "__main__":
    unittest.main()

"""Figures, and what they are made of, as a statistical office asks lantoa-web for them: /sdmx/v2/."""

import csv
import http.client
import io
import json
import os
import unittest

import rig
import web

MANY = 20000  # units
SDMX = "application/vnd.sdmx.data+csv"
FLOW = "/sdmx/v2/data/dataflow/LANTOA/FIGURES/1.0.0"
DAYS = "c[TIME_PERIOD]=ge:2025-06-29+le:2025-06-30"
DAY = "c[TIME_PERIOD]=eq:2025-06-30"
UNITS = rig.UNITS.replace("28004,Phường Bốn,commune,816,1976-01-01,",
                          "28004,Phường Bốn,commune,816,1976-01-01,2025-07-01\n"
                          "28004,Phường Bốn mới,commune,816,2025-07-01,")
CATALOGUE = rig.CATALOGUE + "pupils,Học sinh,Pupils,person,flow,sum,sum,month,desk app,0,0,commune,1,0,\n"
INDICATORS = ("name,label_vi,label_en,formula,unit,target_year,target_value\n"
              "share,Phần,Share,visits / balance,%,,\n")
BETWEEN = "c[TIME_PERIOD]=ge:2025-06+le:2025-07"


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
class Rest(web.WebRig):
    tls = False

    def setUp(self):
        super().setUp()
        self.province.put_csv("/v1/units", UNITS)
        self.province.put_csv("/v1/catalogue", CATALOGUE)
        agent = self.agent("28001").start()
        rig.wait_for(lambda: "pupils" in agent.command("catalogue").out, "the catalogue")
        agent.record("visits=12", "--period", "2025-06-30", "--label", "desk=A1")
        agent.record("visits=3", "--period", "2025-06-30", "--label", "desk=B2")
        agent.record("visits=0", "--period", "2025-06-29")
        agent.record("teams=4", "--period", "2025-06")
        rig.wait_for(lambda: self.province.value("teams", **{"from": "2025-06", "to": "2025-06"}), "the figures")
        rig.wait_for(lambda: self.province.value("visits", per="month", **{"from": "2025-06", "to": "2025-06"}) == 15, "all of them")

    def ask(self, target, method="GET", **headers):
        return self.web.ask(method, target, self.tokens["viewer"], **headers)

    def rows(self, target, **headers):
        answer = self.ask(target, **headers)
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.headers["Content-Type"].startswith(SDMX), answer)
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        self.assertTrue(rows, answer)
        names = next(csv.reader(io.StringIO(answer.text)))
        of = [name.partition(":")[0] for name in names]
        keys = names[of.index("FREQ"):of.index("OBS_VALUE")]
        seen = [tuple(row[key] for key in keys) for row in rows]
        self.assertEqual(len(seen), len(set(seen)), "a key twice")
        return rows

    def values(self, target, *columns):
        return [tuple(row[c] for c in columns or ("REF_AREA", "OBS_VALUE", "OBS_STATUS")) for row in self.rows(target)]

    def refused(self, target, status, *words, **headers):
        answer = self.ask(target, **headers)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (status, "application/problem+json"), answer)
        problem = json.loads(answer.text)
        self.assertEqual(problem["status"], status)
        for word in words:
            self.assertIn(word, problem["detail"])

    def test_keys(self):
        one = f"{FLOW}/D.28001@1976-01-01.visits._T._T?{DAY}"
        self.assertEqual(self.values(one), [("28001@1976-01-01", "15", "A")])
        # As /api/v1/query has it in that form, but for the order of columns nothing differs.
        direct = self.web.ask("GET", "/api/v1/query?name=visits&per=day&area=28001&from=2025-06-30&to=2025-06-30"
                              "&format=sdmx-csv", self.tokens["viewer"])
        self.assertEqual(self.ask(one).text, direct.text)
        # Labels: one, all of them beside the total, several by c[].
        self.assertEqual(self.values(f"{FLOW}/D.28001@1976-01-01.visits._T.A1?{DAY}", "DESK", "OBS_VALUE"),
                         [("A1", "12")])
        self.assertEqual(sorted(self.values(f"{FLOW}/D.28001@1976-01-01.visits..?{DAY}", "DESK", "OBS_VALUE")),
                         [("A1", "12"), ("B2", "3"), ("_T", "15")])
        self.assertEqual(self.values(f"{FLOW}/D.28001@1976-01-01.visits.*.*?{DAY}&c[DESK]=A1", "DESK", "APP"),
                         [("A1", "_T")])
        # Several keys, and the same one twice.
        keys = "D.28001@1976-01-01.visits._T._T,M.28001@1976-01-01.teams._T._T,D.28001@1976-01-01.visits._T._T"
        self.assertEqual(self.values(f"{FLOW}/{keys}?{DAY}", "FREQ", "INDICATOR", "OBS_VALUE"),
                         [("D", "visits", "15"), ("M", "teams", "4")])
        # A name with a point has none in a key.
        self.assertEqual(self.values(f"{FLOW}/D.28001@1976-01-01.visits-b._T._T?{DAY}", "INDICATOR", "OBS_VALUE"),
                         [("visits-b", "NaN")])

    def test_wildcards(self):
        rows = self.rows(f"{FLOW}/D..visits._T._T?{DAY}")
        got = {row["REF_AREA"]: (row["OBS_VALUE"], row["OBS_STATUS"]) for row in rows}
        self.assertEqual(got["28001@1976-01-01"], ("15", "A"))
        self.assertEqual(got["82@1976-01-01"], ("15", "P"))
        for silent in ("28002@1976-01-01", "28003@1976-01-01", "816@1976-01-01"):
            self.assertEqual(got[silent], ("NaN", "O"))  # and no zero
        self.assertEqual(len(got), 7)
        self.assertEqual(got, {row["REF_AREA"]: (row["OBS_VALUE"], row["OBS_STATUS"])
                               for row in self.rows(f"{FLOW}/D.*.visits.*.*?{DAY}&c[DESK]=_T")})
        # All frequencies that visits add up to; of teams, by the month, others.
        self.assertEqual(self.values(f"{FLOW}/.28001@1976-01-01.visits._T._T?{DAY}", "FREQ"),
                         [(freq,) for freq in "ASQMWD"])
        self.assertEqual(self.values(f"{FLOW}/.28001@1976-01-01.teams..?{DAY}", "FREQ"),
                         [(freq,) for freq in "ASQM"])
        # All names: those that are told by the day.
        self.assertEqual([row["INDICATOR"] for row in self.rows(f"{FLOW}/D.28001@1976-01-01.*._T._T?{DAY}")],
                         ["visits", "visits-b", "hours", "balance"])
        # Two dimensions at once cannot be told, and that is said.
        self.refused(f"{FLOW}/M.28001@1976-01-01.pupils..?{DAY}", 501, "pupils", "app", "desk")
        self.assertIn("_T", {row["APP"] for row in self.rows(f"{FLOW}/M.28001@1976-01-01.pupils.._T?{DAY}")})
        self.refused(f"{FLOW}/D.*.visits._T._T,D.28001@1976-01-01.visits._T._T?{DAY}", 501, "each names one series")

    def test_indicators_have_the_dimensions_of_what_they_are_made_of(self):
        self.province.put_csv("/v1/indicators", INDICATORS)
        self.assertEqual([row["DESK"] for row in self.rows(f"{FLOW}/D.28001@1976-01-01.share..?{DAY}")], ["_T"])
        self.assertEqual(self.ask(f"{FLOW}/H.28001@1976-01-01.share..?{DAY}").status, 204)

    def test_one_code_of_two_structures(self):
        self.assertEqual(self.values(f"{FLOW}/M.28004@1976-01-01.teams._T._T?{BETWEEN}", "REF_AREA", "TIME_PERIOD"),
                         [("28004@1976-01-01", "2025-06")])
        self.assertEqual(self.values(f"{FLOW}/M.28004@2025-07-01.teams._T._T?{BETWEEN}", "REF_AREA", "TIME_PERIOD"),
                         [("28004@2025-07-01", "2025-07")])
        self.assertEqual(self.ask(f"{FLOW}/M.28004@2025-07-01.teams._T._T?{DAY}").status, 204)
        self.refused(f"{FLOW}/M.28004@2020-01-01.teams._T._T?{BETWEEN}", 404, "28004@2020-01-01", "CODE@DAY")

    def test_time(self):
        key = "D.28001@1976-01-01.visits._T._T"
        both = [("2025-06-29", "0"), ("2025-06-30", "15")]
        self.assertEqual(self.values(f"{FLOW}/{key}?{DAYS}", "TIME_PERIOD", "OBS_VALUE"), both)
        self.assertEqual(self.values(f"{FLOW}/{key}?c%5BTIME_PERIOD%5D=ge%3A2025-06-29%2Ble%3A2025-06-30",
                                     "TIME_PERIOD", "OBS_VALUE"), both)
        self.assertEqual(len(self.rows(f"{FLOW}/{key}?c[TIME_PERIOD]=2025-06")), 30)
        self.assertGreater(len(self.rows(f"{FLOW}/{key}?c[TIME_PERIOD]=ge:2025-06")), 30)  # until today
        self.refused(f"{FLOW}/{key}", 413, "c[TIME_PERIOD]=ge:")
        self.refused(f"{FLOW}/{key}?c[TIME_PERIOD]=gt:2025-06", 501, "ge:PERIOD+le:PERIOD")
        self.refused(f"{FLOW}/{key}?c[TIME_PERIOD]=ge:2025-13", 400, "2025-13")
        # A period of the report calendar.
        self.assertEqual(self.values(f"{FLOW}/M.28001@1976-01-01.visits._T._T?c[TIME_PERIOD]=2025-06-15/P1M",
                                     "TIME_PERIOD", "OBS_VALUE"), [("2025-06-15/P1M", "15")])

    def test_as_of(self):
        key = f"{FLOW}/D.28001@1976-01-01.visits._T._T?{DAY}"
        self.assertEqual(self.values(f"{key}&asOf=2025-07-01T00:00:00Z"), [("28001@1976-01-01", "NaN", "O")])
        then = self.rows(key)
        self.assertEqual(then, self.rows(f"{key}&asOf=2100-01-01"))
        self.refused(f"{key}&asOf=yesterday", 400, "yesterday")

    def test_offset_and_limit(self):
        target = f"{FLOW}/D..visits._T._T?{DAYS}"
        whole = self.rows(target)
        self.assertEqual(self.rows(f"{target}&offset=2&limit=5"), whole[2:7])
        parts = sum((self.rows(f"{target}&offset={at}&limit=3") for at in range(0, len(whole), 3)), [])
        self.assertEqual(parts, whole)
        self.assertEqual(self.ask(f"{target}&offset={len(whole)}").status, 204)
        self.refused(f"{target}&limit=-1", 400, "limit")

    def test_the_old_form(self):
        new = self.ask(f"{FLOW}/D.28001@1976-01-01.visits._T._T?{DAYS}").text
        for flow in ("FIGURES", "LANTOA,FIGURES", "LANTOA,FIGURES,1.0.0", "LANTOA,FIGURES,latest"):
            answer = self.ask(f"/sdmx/v2/data/{flow}/D.28001@1976-01-01.visits._T._T"
                              "?startPeriod=2025-06-29&endPeriod=2025-06-30")
            self.assertEqual((answer.status, answer.text), (200, new), flow)
        for version in ("*", "+", "~", "1.0+"):
            self.assertEqual(self.ask(f"{FLOW[:-5]}{version}/D.28001@1976-01-01.visits._T._T?{DAYS}").text, new)
        self.refused("/sdmx/v2/data/OTHER/D.x?startPeriod=2025", 404, "LANTOA:FIGURES(1.0.0)")

    def test_nothing_is_204(self):
        answer = self.ask(f"{FLOW}/D.28001@1976-01-01.teams._T._T?{DAY}")  # it is told by the month
        self.assertEqual((answer.status, answer.body), (204, b""), answer)
        self.assertEqual(self.ask(f"{FLOW}/M.28001@1976-01-01.teams._T.A1?{DAY}").status, 204)
        self.assertEqual(self.ask(f"{FLOW}/D.28001@1976-01-01.visits._T.A1?{DAY}&c[DESK]=B").status, 204)

    def structure(self, target, **headers):
        answer = self.ask(f"/sdmx/v2/structure/{target}", **headers)
        self.assertEqual((answer.status, answer.headers["Content-Type"]),
                         (200, "application/vnd.sdmx.structure+json;version=2.0.0"), answer)
        return json.loads(answer.text)["data"]

    def test_structures_declare_what_files_have(self):
        data = self.structure("dataflow/LANTOA/FIGURES/1.0.0?references=all")
        parts = data["dataStructures"][0]["dataStructureComponents"]
        dimensions = parts["dimensionList"]["dimensions"]
        time = parts["dimensionList"]["timeDimension"]
        others = parts["measureList"]["measures"] + parts["attributeList"]["attributes"]
        rows = self.rows(f"{FLOW}/.*.visits._T.*?{DAY}") + self.rows(f"{FLOW}/M.*.teams._T._T?{BETWEEN}")
        # The columns of a file are those that are declared, in that order.
        self.assertEqual(list(rows[0])[3:], [one["id"] for one in dimensions + [time] + others])
        self.assertEqual([one["position"] for one in dimensions], list(range(len(dimensions))))
        self.assertEqual([one["id"] for one in dimensions], ["FREQ", "REF_AREA", "INDICATOR", "APP", "DESK"])
        # Each is a concept, and each code that occurs is in its list.
        concepts = {f"{one['id']}" for one in data["conceptSchemes"][0]["concepts"]}
        lists = {one["id"]: {code["id"] for code in one["codes"]} for one in data["codelists"]}
        for one in data["codelists"]:
            self.assertEqual(len(one["codes"]), len(lists[one["id"]]), "a code twice")
        coded = 0
        for one in dimensions + [time] + others:
            self.assertIn(one["id"], concepts)
            self.assertTrue(one["conceptIdentity"].endswith(f"CS_FIGURES(1.0.0).{one['id']}"))
            urn = one.get("localRepresentation", {}).get("enumeration")
            if urn:
                codes = lists[urn.partition("LANTOA:")[2].partition("(")[0]]
                self.assertLessEqual({row[one["id"]] for row in rows}, codes)
                coded += 1
        self.assertEqual(coded, 6)
        self.assertEqual(coded, len(lists))
        self.assertLessEqual({"28004@1976-01-01", "28004@2025-07-01"}, lists["CL_REF_AREA"])
        self.assertLessEqual({"A1", "B2", "_T", "_U"}, lists["CL_DESK"])
        self.assertIn("visits-b", lists["CL_INDICATOR"])
        self.assertLessEqual({row["OBS_STATUS"] for row in rows}, lists["CL_OBS_STATUS"])
        self.assertEqual(data["dataflows"][0]["structure"],
                         "urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=LANTOA:FIGURES(1.0.0)")

    def test_one_structure_at_a_time(self):
        kinds = {"dataflows", "dataStructures", "codelists", "conceptSchemes"}
        for target, kind in (("dataflow/LANTOA/FIGURES/1.0.0", "dataflows"), ("dataflow", "dataflows"),
                             ("datastructure/LANTOA/FIGURES/+", "dataStructures"), ("codelist/*/CL_FREQ", "codelists"),
                             ("conceptscheme/LANTOA/CS_FIGURES/*?references=none", "conceptSchemes")):
            data = self.structure(target)
            self.assertEqual([len(data[one]) for one in sorted(kinds)], [int(one == kind) for one in sorted(kinds)])
        self.assertEqual({one["id"] for one in self.structure("codelist/LANTOA/*/1.0.0")["codelists"]},
                         {"CL_FREQ", "CL_REF_AREA", "CL_INDICATOR", "CL_OBS_STATUS", "CL_APP", "CL_DESK"})
        areas = self.structure("codelist/LANTOA/CL_REF_AREA/1.0.0", accept_language="vi")["codelists"][0]
        self.assertEqual(areas["name"], "Địa bàn")
        self.assertIn({"id": "28004@2025-07-01", "name": "Phường Bốn mới", "names": {"vi": "Phường Bốn mới"}}, areas["codes"])
        self.assertEqual([one["id"] for one in self.structure("codelist/LANTOA/CL_DESK/1.0.0")["codelists"][0]["codes"]],
                         ["_T", "_U", "A1", "B2"])

    def test_structures_that_are_not_there(self):
        self.refused("/sdmx/v2/structure/hierarchy/LANTOA/X", 501, "codelist", "hierarchy")
        self.refused("/sdmx/v2/structure/codelist/LANTOA/CL_COLOUR/1.0.0", 404, "CL_COLOUR", "CL_DESK", "CL_FREQ")
        self.refused("/sdmx/v2/structure/dataflow/LANTOA/OTHER/1.0.0", 404, "OTHER", "FIGURES")
        self.refused("/sdmx/v2/structure/dataflow/WHO/FIGURES/1.0.0", 404, "WHO", "LANTOA")
        self.refused("/sdmx/v2/structure/dataflow/LANTOA/FIGURES/7.0.0", 404, "7.0.0", "1.0.0")
        self.refused("/sdmx/v2/structure/dataflow?references=parents", 400, "parents", "children")
        self.refused("/sdmx/v2/structure/dataflow?limit=1", 400, "limit")
        for accept in ("application/vnd.sdmx.structure+xml;version=3.0.0", "text/csv",
                       "application/vnd.sdmx.structure+json;version=1.0.0"):
            self.refused("/sdmx/v2/structure/dataflow", 406, "2.0.0", accept=accept)
        self.structure("dataflow", accept="application/vnd.sdmx.structure+json;version=2.0.0, */*;q=0.1")
        self.assertEqual(self.web.ask("GET", "/sdmx/v2/structure/dataflow").status, 401)
        self.assertEqual(self.web.ask("GET", "/sdmx/v2/structure/dataflow", "A" * 43).status, 401)

    def test_what_is_not_there(self):
        key = "D.28001@1976-01-01.visits._T._T"
        self.refused(f"{FLOW}/D.28001@1976-01-01.visits?{DAY}", 400, "FREQ.REF_AREA.INDICATOR.APP.DESK")
        self.refused(f"{FLOW}/X.28001@1976-01-01.visits._T._T?{DAY}", 404, "A, S, Q, M, W, D and H")
        self.refused(f"{FLOW}/D.28009@1976-01-01.visits._T._T?{DAY}", 404, "28009@1976-01-01")
        self.refused(f"{FLOW}/D.28001@1976-01-01.visitz._T._T?{DAY}", 404, "visitz", "/api/v1/catalogue", "did you mean 'visits'?")
        self.refused(f"{FLOW}/D.@28001.visits._T._T?{DAY}", 501, "format=sdmx-csv")
        self.refused(f"{FLOW}/D.28001@1976-01-01.visits._T._U?{DAY}", 501, "desk")
        self.refused(f"{FLOW}/{key}?{DAY}&c[COLOUR]=red", 400, "COLOUR", "DESK")
        self.refused(f"{FLOW}/{key}?{DAY}&c[DESKS]=red", 400, "did you mean 'DESK'?")
        self.refused(f"{FLOW}/{key}?{DAY}&endPeriode=2025", 400, "did you mean 'endPeriod'?")
        for wrong, status in (("includeHistory=true", 501), ("updatedAfter=2025-01-01", 501), ("colour=red", 400),
                              ("limit=1&limit=2", 400), ("lastNObservations=1", 501), ("offset=", 400)):
            self.refused(f"{FLOW}/{key}?{DAY}&{wrong}", status, wrong.split("=")[0])
        self.assertEqual(self.ask(f"{FLOW}/{key}?{DAY}&includeHistory=false&attributes=dsd").status, 200)
        self.refused(f"{FLOW[:-5]}2.0.0/{key}?{DAY}", 404, "LANTOA:FIGURES(1.0.0)")
        self.refused(f"/sdmx/v2/data/datastructure/LANTOA/FIGURES/1.0.0/{key}", 404, "dataflow")
        self.refused("/sdmx/v2/availability/dataflow/LANTOA/FIGURES/1.0.0", 501, "availability")
        self.refused("/sdmx/v2/colour", 404, "colour")
        self.refused(f"{FLOW}/{key}?{DAY}", 406, "2.1.0", accept="application/vnd.sdmx.data+json;version=2.0.0")
        self.refused(f"{FLOW}/{key}?{DAY}", 406, "labels", accept=f"{SDMX};version=2.0.0;labels=all")
        self.refused(f"{FLOW}/?c[TIME_PERIOD]=ge:2025", 413, "128")  # everything

    def test_too_much_is_told(self):
        more = "".join(f"m{n},M{n},M{n},visit,flow,sum,sum,day,,0,0,commune,1,0,\n" for n in range(140))
        self.province.put_csv("/v1/catalogue", CATALOGUE + more)
        self.refused(f"{FLOW}/D.28001@1976-01-01...?{DAY}", 413, "128")
        self.assertEqual(len(self.rows(f"{FLOW}/D.28001@1976-01-01...?{DAY}&c[INDICATOR]=m7,m9")), 2)

    def test_accept_and_head(self):
        target = f"{FLOW}/D.28001@1976-01-01.visits._T._T?{DAY}"
        row = self.rows(target, accept=f"{SDMX};version=2.1.0;labels=both;keys=obs", accept_language="vi")[0]
        self.assertEqual(row["REF_AREA: Địa bàn"], "28001@1976-01-01: Phường Một")
        self.assertEqual(row["OBS_KEY"], "D.28001@1976-01-01.visits._T._T.2025-06-30")
        for accept in ("*/*", "text/csv"):
            self.assertEqual(self.ask(target, accept=accept).status, 200)
        head = self.ask(target, method="HEAD")
        self.assertEqual((head.status, head.body), (200, b""), head)
        self.assertEqual(self.ask(target, method="POST").status, 404)

    def test_long_answers_are_whole_or_seen_to_be_cut(self):
        more = "".join(f"{n},N{n},commune,815,1976-01-01,\n" for n in range(100000, 100000 + MANY))
        self.province.put_csv("/v1/units", UNITS + more)
        target = f"{FLOW}/D..visits._T._T?c[TIME_PERIOD]=ge:2025-06-26+le:2025-06-30"
        areas = self.structure("codelist/LANTOA/CL_REF_AREA/1.0.0")["codelists"][0]["codes"]
        self.assertEqual(len(areas), MANY + 8 + 1)
        rows = self.rows(target)
        self.assertEqual(len(rows), 5 * (MANY + 7))
        self.assertLessEqual({row["REF_AREA"] for row in rows}, {code["id"] for code in areas})
        self.assertEqual({row["OBS_VALUE"] for row in rows if row["REF_AREA"] > "28002"} - {"15", "0"}, {"NaN"})
        # Its first rows were read when the province goes: the end is missing, and that is seen.
        connection = self.web.connection()
        self.addCleanup(connection.close)
        connection.request("GET", target, headers={"Host": self.web.host,
                                                   "Authorization": f"Bearer {self.tokens['viewer']}"})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.read(1000).startswith(b"STRUCTURE,"))
        self.province.process.kill()
        with self.assertRaises(http.client.IncompleteRead):
            answer.read()
        self.assert_well()  # and what it held is given back

    def test_who_may(self):
        target = f"{FLOW}/D.28001@1976-01-01.visits._T._T?{DAY}"
        self.assertEqual(self.web.ask("GET", target).status, 401)
        answer = self.web.ask("GET", target, "A" * 43)
        self.assertEqual((answer.status, answer.headers["WWW-Authenticate"]), (401, "Bearer"), answer)
        self.assertNotIn("OBS_VALUE", answer.text)
        self.province.process.kill()
        answer = self.ask(target)
        self.assertEqual(answer.status, 503, answer)
        self.assertTrue(answer.headers["Retry-After"])
        self.assert_well()


if __name__ == "__main__":
    unittest.main()

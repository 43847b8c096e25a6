/* What the province advises about its configuration and its reference data, followed
 * (tests/support/advice.h). */
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "registry/office_register.h"
#include "registry/reference.h"
#include "registry/successors.h"
#include "registry/units_import.h"
#include "server/config.h"
#include "support/advice.h"
#include "support/province.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(rows)    (sizeof(rows) / sizeof((rows)[0]))

#define UNITS      "code,name,level,parent,valid_from,valid_to\n"
#define PROVINCE   "82,P,province,,2020-01-01,\n"
#define PARTS      "1,A,commune,82,2020-01-01,2025-07-01\n2,B,commune,82,2020-01-01,2025-07-01\n"
#define WHOLE      "3,C,commune,82,2025-07-01,\n4,D,commune,82,2025-07-01,\n"
#define SUCCESSORS "effective_on,old_code,new_code,share\n"
#define OFFICES    "code,name,unit,from\n"
#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"
#define TEAMS      "team.count,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000\n"
#define INDICATORS "name,label_vi,label_en,formula,unit,target_year,target_value\n"

static int set_up(void **state)
{
	struct err err;
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &err), 0);
	return province_setup(state);
}

static void say(struct blob *said, const char *text)
{
	assert_int_equal(blob_append(said, text, strlen(text)), 0);
	assert_int_equal(blob_append(said, "\n", 1), 0);
}

/* --- aggregator.conf --- */

static void try_conf(void *context, const char *text, struct blob *said, struct blob *outcome)
{
	struct province *p = context;
	struct config config;
	char path[96];
	(void)outcome;
	(void)snprintf(path, sizeof(path), "%s/aggregator.conf", p->folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	if (config_read(path, &config, &p->err) == 0) {
		if (config_apply(&config, &p->err) != 0)
			say(said, p->err.text);
		config_free(&config);
	} else {
		say(said, p->err.text);
	}
	(void)unlink(path);
}

static const struct advice of_conf[] = {
	{ "[log]\nlevel = @\n", "loud",
	  "[log] level: there is no '%s'; use error, warning, info or debug", "warning", NULL },
	{ "[store]\nreserve = @\n", "9T", "%s: '%s' is not a size from %s to %s; write it like %s",
	  "$5", NULL },
	{ "[store]\n@ = 1G\n", "reserves", "there is no key '%s' in [%s]; did you mean '%s'?", "$3",
	  NULL },
	{ "[@]\n", "gates", "there is no section [%s]; did you mean [%s]?", "$2", NULL },
	{ "[aggregator]\nzone = @\n", "Hanoi",
	  "'%s' is not in the zone database; write a name such as Asia/Ho_Chi_Minh, and see that "
	  "tzdata is installed",
	  "Asia/Ho_Chi_Minh", NULL },
};

/* --- reference data: a table of one kind in a province that has the others --- */

static void import(struct province *p, const char *what, const char *csv, struct err *err, int *rc)
{
	size_t n = 0;
	bool changed;
	if (strcmp(what, "units") == 0)
		*rc = units_import(p->db, csv, strlen(csv), &n, err);
	else if (strcmp(what, "successors") == 0)
		*rc = successors_import(p->db, csv, strlen(csv), &n, err);
	else if (strcmp(what, "offices") == 0)
		*rc = offices_import(p->db, csv, strlen(csv), "console", &n, err);
	else if (strcmp(what, "catalogue") == 0)
		*rc = catalogue_import(p->db, csv, strlen(csv), &changed, err);
	else if (strcmp(what, "dimensions") == 0)
		*rc = dimensions_import(p->db, csv, strlen(csv), &changed, err);
	else if (strcmp(what, "rules") == 0)
		*rc = rules_import(p->db, csv, strlen(csv), &changed, err);
	else
		*rc = indicators_import(p->db, csv, strlen(csv), &changed, err);
}

/* @text: tables one below the other, each below a line "= WHAT". */
static void try_import(void *context, const char *text, struct blob *said, struct blob *outcome)
{
	struct province *p = context;
	char *copy = strdup(text), *table = copy;
	int rc = 0;
	(void)outcome;
	assert_non_null(copy);
	assert_int_equal(db_begin(p->db, &p->err), 0);
	while (rc == 0 && table && *table) {
		char *what = table + 2, *next = strstr(table + 2, "\n= ");
		char *csv = strchr(what, '\n');
		if (next)
			*next++ = '\0';
		*csv++ = '\0';
		/* as a file ends */
		char ended[2048];
		(void)snprintf(ended, sizeof(ended), "%s\n", csv);
		import(p, what, ended, &p->err, &rc);
		table = next;
	}
	if (rc != 0)
		say(said, p->err.text);
	db_rollback(p->db);
	free(copy);
}

#define GIVEN_UNITS     "= units\n" UNITS PROVINCE PARTS WHOLE
#define GIVEN_CATALOGUE "= catalogue\n" CATALOGUE TEAMS
#define A_METRIC(cells) "= catalogue\n" CATALOGUE "x,Tổ,Teams,team," cells ",0,0,commune,2,,"
#define OF_SUCCESSORS   GIVEN_UNITS "= successors\n" SUCCESSORS
#define OF_OFFICES      GIVEN_UNITS "= offices\n" OFFICES
#define VISITS          "visits,Lượt,Visits,visit,flow,sum,sum,month,topic,0,0,commune,2,0,\n"
#define OF_DIMENSIONS                                                                              \
	"= catalogue\n" CATALOGUE VISITS                                                           \
	"= dimensions\ndimension,code,label_vi,label_en,valid_from,valid_to\n"
#define OF_RULES                                                                                   \
	"= catalogue\n" CATALOGUE VISITS TEAMS                                                     \
	"= rules\nname,left,op,right,severity,label_vi,label_en,from\n"
#define OF_INDICATORS GIVEN_CATALOGUE "= indicators\n" INDICATORS

static const struct advice of_imports[] = {
	/* units */
	{ "= units\n" UNITS PROVINCE "1,A,commune,82,2020-01-01,2025-07-01\n1,B,commune,82,@,",
	  "2025-01-01", "'%s' is two units on %s, with line %u; mend the dates of one",
	  "2025-07-01", NULL },
	{ "= units\n" UNITS PROVINCE "1,A,commune,@,2020-01-01,", "83",
	  "parent '%s' is not in force on %s; import its row or mend the dates", "82", NULL },
	{ "= units\n" UNITS "@1,A,commune,82,2020-01-01,", "",
	  "parent '%s' is not in force on %s; import its row or mend the dates",
	  "$1,P,province,,$2,\n", NULL },
	{ "= units\n" UNITS "82,P,province,@,2020-01-01,", "82",
	  "'%s' lies in itself on %s, by its parent '%s'; give one of them another parent", "",
	  NULL },
	{ "= units\n" UNITS "82,P,@,,2020-01-01,", "office",
	  "level: 'office' is what queries call the reporting sites; give the level another name",
	  "province", NULL },
	{ "= units\n" UNITS "82,P,province,,@,", "01/01/2020",
	  "'%s' is not a day; write 2025-06-30, from 1900 to 2100", "2025-06-30", NULL },
	{ "= units\n" UNITS "82,@,province,,2020-01-01,", "",
	  "%s: '%s' is not valid; it must be 1 to %zu bytes of text", "P", NULL },
	{ "= units\n" UNITS "@,P,province,,2020-01-01,", "8 2",
	  "%s: '%s' is not valid; it must be 1 to 32 of A-Z a-z 0-9 . _ -", "82", NULL },
	{ "= "
	  "catalogue\nname,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,"
	  "decimals,"
	  "carry,@due_days,min,max\n",
	  "", "the column '%s' is missing; add it", "$1,", NULL },
	{ "= units\n" UNITS "82,P,province,,2020-01-01,\n@", "82,\"P,province,,2020-01-01,",
	  "a quote is opened here and never closed; close it", "", NULL },
	/* successors */
	{ OF_SUCCESSORS "2025-07-01,1,3,@", "",
	  "'%s' is divided but has one part; add the others, or share 1", "1", NULL },
	{ OF_SUCCESSORS "2025-07-01,1,3,@", "",
	  "'%s' is divided but has one part; add the others, or share 1", "\n2025-07-01,$1,4,",
	  NULL },
	{ OF_SUCCESSORS "2025-07-01,1,3,1@", "\n2025-07-01,1,3,1",
	  "the same successor as in line %u; remove one", "", NULL },
	{ OF_SUCCESSORS "2025-07-01,1,3,\n2025-07-01,1,4,@", "1",
	  "'%s' has %zu successors that day, so none took it whole; leave the shares empty", "",
	  NULL },
	{ OF_SUCCESSORS "2025-07-01,1,@,1", "5",
	  "%s '%s' %s %s; import its unit first or mend the row", "3", NULL },
	/* offices */
	{ OF_OFFICES "a,A,@,2025-01-01", "3",
	  "unit '%s' is not in force on %s; import the units or mend code and day", "1", NULL },
	{ OF_OFFICES "a,A,3,@", "2025-01-01",
	  "unit '%s' is not in force on %s; import the units or mend code and day", "2025-07-01",
	  NULL },
	{ OF_OFFICES "a,A,1,2025-01-01\n@,B,1,2025-01-01", "a",
	  "code: '%s' is that of line %u too; give it another", "b", NULL },
	{ OF_OFFICES "a,A,1,2025-01-01\n= offices\n" OFFICES "a,@,1,2025-01-01", "B",
	  "name: there is an office '%s' already, called '%s'; write its name so, or give this one "
	  "another code",
	  "$2", NULL },
	{ OF_OFFICES "a,A,1,2025-01-01\n= offices\n" OFFICES "@,B,1,2025-01-01", "a",
	  "name: there is an office '%s' already, called '%s'; write its name so, or give this one "
	  "another code",
	  "b", NULL },
	/* the catalogue */
	{ A_METRIC("@,last,sum,month,"), "level", "'%s' is not a kind; use flow, stock or ratio",
	  "stock", NULL },
	{ A_METRIC("stock,@,sum,month,"), "average",
	  "'%s' does not add figures over time; use sum, last, mean, min or max", "mean", NULL },
	{ A_METRIC("stock,last,@,month,"), "last",
	  "'%s' does not add figures over an area; use sum, mean, min or max", "sum", NULL },
	{ A_METRIC("stock,last,sum,@,"), "monthly",
	  "'%s' is not a period; use minute, hour, day, week, month, quarter, semester or year",
	  "month", NULL },
	{ A_METRIC("stock,last,sum,month,@"), "a;a", "'%s' is given twice; give it once", "a",
	  NULL },
	{ A_METRIC("stock,last,sum,month,@"), "a;b;c;d;e;f;g;h;i;j",
	  "there are more than %u dimensions; take some out", "a;b", NULL },
	{ A_METRIC("@,sum,sum,month,"), "ratio",
	  "time_agg: a ratio does not add up; use last, mean, min or max", "flow", NULL },
	{ A_METRIC("ratio,@,mean,month,"), "sum",
	  "time_agg: a ratio does not add up; use last, mean, min or max", "last", NULL },
	{ A_METRIC("ratio,last,@,month,"), "sum",
	  "area_agg: a ratio does not add up; use mean, min or max", "mean", NULL },
	{ "= catalogue\n" CATALOGUE "@,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,",
	  "Team count",
	  "'%s' is not a name; write at most %u of a-z, 0-9, _ and '.', each part beginning with a "
	  "letter",
	  "team.count", NULL },
	{ "= catalogue\n" CATALOGUE "x,Tổ,Teams,team,stock,last,sum,month,,0,3,@,2,0,", "",
	  "it is empty; fill it in", "commune", NULL },
	{ "= catalogue\n" CATALOGUE "x,@,Teams,team,stock,last,sum,month,,0,3,commune,2,0,",
	  "\"Tổ\nhai\"", "there is a line break or another control character; take it out",
	  "Tổ hai", NULL },
	{ "= catalogue\n" CATALOGUE "x,Tổ,Teams,team,flow,sum,sum,month,,0,@,commune,2,0,", "3",
	  "carry: only figures with time_agg last are carried; write 0", "0", NULL },
	{ "= catalogue\n" CATALOGUE "x,Tổ,Teams,team,stock,last,sum,minute,,0,@,commune,2,0,", "3",
	  "carry: figures of a minute are not carried; write 0, or report hours", "0", NULL },
	{ "= catalogue\n" CATALOGUE "x,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,@,",
	  "none", "'%s' is not a number; write digits, with '.' before the decimals", "0", NULL },
	{ "= catalogue\n" CATALOGUE TEAMS "@", TEAMS,
	  "name: '%s' is on line %u already; take one out", "", NULL },
	{ "= "
	  "catalogue\nname,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,"
	  "decimals,"
	  "carry,level,due_days,min,max@\n",
	  ",max", "the column '%s' is there twice; take one out", "", NULL },
	{ "= "
	  "catalogue\nname,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,"
	  "decimals,"
	  "carry,level,due_days,min,max,calendar\nx,Tổ,Teams,team,stock,last,sum,month,,0,3,"
	  "commune,2,0,,@",
	  "lunar", "'%s' is not a calendar; use civil or report", "report", NULL },
	{ "= catalogue\n"
	  "name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
	  "carry,level,due_days,min,max,dimensions_vi\nx,Tổ,Teams,team,stock,last,sum,month,a;b,0,"
	  "3,commune,2,0,,@",
	  "một",
	  "names: %zu, dimensions: %zu; write a name for each, with ';' between them, or none",
	  "một;hai", NULL },
	{ "= catalogue\n"
	  "name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
	  "carry,level,due_days,min,max,undivided\nx,Tổ,Teams,team,stock,last,sum,month,a,0,"
	  "3,commune,2,0,,@",
	  "whole",
	  "'%s' does not say what a figure without labels is; use either (the whole, beside which "
	  "no part may stand), rest (the part that is not classified) or refused",
	  "either", NULL },
	/* code lists */
	{ OF_DIMENSIONS "topic,@,Trực tuyến,Online,,", "trực tuyến",
	  "code: '%s' is not valid; it must be 1 to %u of A-Z a-z 0-9 . _ -, and its name goes "
	  "into label_vi and label_en",
	  "online", NULL },
	{ OF_DIMENSIONS "@,online,Trực tuyến,Online,,", "Chủ đề",
	  "dimension: '%s' is not valid; write it as the catalogue's column 'dimensions' does",
	  "topic", NULL },
	{ OF_DIMENSIONS "topic,online,@,Online,,", "a=b",
	  "%s: '%s' is not valid; at most %u bytes without ';' and '='", "Trực tuyến", NULL },
	{ OF_DIMENSIONS "topic,online,Trực tuyến,Online,2025-01-01,@", "2025-01-01",
	  "valid_to must be after valid_from: it is the first day on which the code may no longer "
	  "be used",
	  "2025-01-02", NULL },
	{ OF_DIMENSIONS "topic,online,Trực tuyến,Online,,\ntopic,web,@,Web,,", "TRỰC TUYẾN",
	  "'%s' and '%s' (line %u) can be written in the same way; give one of them another name",
	  "Trên mạng", NULL },
	{ OF_DIMENSIONS "topic,online,Trực tuyến,Online,,@\ntopic,online,Mạng,Net,2025-01-01,", "",
	  "code: '%s' is in force on line %u at the same time; end one row before the other begins",
	  "2025-01-01", NULL },
	{ OF_DIMENSIONS "@,online,Trực tuyến,Online,,", "topics",
	  "no metric of the catalogue has the dimension '%s'; did you mean '%s'?", "$2", NULL },
	{ "= catalogue\n" CATALOGUE TEAMS "@= dimensions\n"
	  "dimension,code,label_vi,label_en,valid_from,valid_to\n"
	  "topic,online,Trực tuyến,Online,,",
	  "",
	  "no metric of the catalogue has the dimension '%s'; import a catalogue with it first, or "
	  "leave the list out",
	  VISITS, NULL },
	/* rules */
	{ OF_RULES "x,visits,@,5,warn,,,", "==", "op: '%s' is unknown; write < <= = >= or >",
	  "<=", NULL },
	{ OF_RULES "x,visits,<,5,@,,,", "error", "severity: '%s' is unknown; write warn or refuse",
	  "warn", NULL },
	{ OF_RULES "x,visits,<,5,warn,,,\n@,visits,<,6,warn,,,", "x",
	  "name: '%s' is that of line %u; give one of them another", "y", NULL },
	{ OF_RULES "x,@,<,5,warn,,,", "visits visits",
	  "'%s' makes no sense there; write metrics and numbers with + or - between them, like "
	  "a + 2 * b - 1",
	  "visits + 2 * visits - 1", NULL },
	{ OF_RULES "x,@,<,5,warn,,,", "visits +",
	  "something is missing at the end; write metrics and numbers with + or - between them, "
	  "like a + 2 * b - 1",
	  "visits + 2 * visits - 1", NULL },
	{ OF_RULES "x,@,<,5,warn,,,", "3", "left: there is no metric on either side; name one",
	  "visits", NULL },
	{ OF_RULES "@", "x,1+1+1+1+1+1+1+1+visits,<,1+1+1+1+1+1+1+visits+visits,warn,,,",
	  "there are more than %u metrics and numbers on both sides; make two rules of it",
	  "x,8+visits,<,7+visits,warn,,,\ny,visits,>=,0,warn,,,", NULL },
	{ OF_RULES "x,@,<,5,warn,,,", "visit",
	  "%s: the catalogue has no metric '%s'; did you mean '%s'?", "$3", NULL },
	{ "= catalogue\n" CATALOGUE VISITS "y,Y,Y,y,flow,sum,sum,@,,0,0,commune,2,0,\n"
	  "= rules\nname,left,op,right,severity,label_vi,label_en,from\nx,visits,<,y,warn,,,",
	  "day",
	  "%s: '%s' is counted per %s (%s calendar), but '%s' per %s (%s calendar); compare "
	  "figures "
	  "of one period",
	  "month", NULL },
	{ OF_RULES "@x,visits,<,5,warn,,,", "y,other,<,5,warn,,,\n",
	  "%s: the catalogue has no metric '%s'; import a catalogue with it first, or leave the "
	  "rule "
	  "out",
	  "", NULL },
	{ GIVEN_CATALOGUE "= indicators\n" INDICATORS
			  "y,Y,Y,team.count / 2,team,,\n= catalogue\n" CATALOGUE
			  "@x,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,",
	  "",
	  "indicator '%s' needs the metric '%s'; keep it, or import indicators without it first",
	  TEAMS, NULL },
	{ GIVEN_CATALOGUE "= indicators\n" INDICATORS
			  "y,Y,Y,team.count / 2,team,,\n= catalogue\n" CATALOGUE TEAMS
			  "@,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,",
	  "y",
	  "'%s' is the name of an indicator; choose another, or import indicators without it first",
	  "z", NULL },
	/* indicators */
	{ OF_INDICATORS "@,Y,Y,team.count / 2,team,,", "team.count",
	  "'%s' is a metric of the catalogue; give the indicator another name", "team.half", NULL },
	{ OF_INDICATORS "@,Y,Y,team.count / 2,team,,", "Half",
	  "name: '%s' is not valid; write it like economy.digital_share", "economy.digital_share",
	  NULL },
	{ OF_INDICATORS "y,Y,Y,team.count / 2,team,@,", "soon",
	  "target_year: '%s' is not a year; leave year and value empty for none", "", NULL },
};

static void advice_that_is_followed_leads_to_what_is_right(void **state)
{
	advice_follow(of_conf, N(of_conf), try_conf, *state);
	advice_follow(of_imports, N(of_imports), try_import, *state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(advice_that_is_followed_leads_to_what_is_right,
						set_up, province_teardown),
	};
	i18n_serve(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

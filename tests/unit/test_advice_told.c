/* What the agent advises about its configuration, its clerk's page, JSON, StatsD and invitations,
 * followed (tests/support/advice.h). */
#include "api/observations.h"
#include "clerk/sheet_rows.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/model/hand_in.h"
#include "common/model/invitation.h"
#include "office/settings.h"
#include "sources/statsd_line.h"
#include "support/advice.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US  (INT64_C(20300) * 86400000000) /* 2025-07-31 */
#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"teams,Số tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000\n"
	"sales,Doanh số,Sales,billion VND,flow,sum,sum,month,,3,0,commune,2,,\n"
	"dossiers,Hồ sơ,Dossiers,dossier,flow,sum,sum,month,sector,0,0,commune,2,0,\n";

struct fixture {
	struct catalogue *catalogue;
	char folder[SCRATCH_MAX];
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	assert_int_equal(
		catalogue_read(catalogue_csv, strlen(catalogue_csv), &f->catalogue, &f->err), 0);
	scratch_make(true, f->folder);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	catalogue_close(f->catalogue);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static void add(struct blob *out, const char *text)
{
	assert_int_equal(blob_append(out, text, strlen(text)), 0);
}

static void say(struct blob *said, const char *text)
{
	add(said, text);
	add(said, "\n");
}

static void tell(const struct entry entries[], size_t n, struct blob *out)
{
	for (size_t i = 0; i < n; i++) {
		char text[256];
		const char *labels = entries[i].labels;
		(void)snprintf(text, sizeof(text), "%s%s%s%s=%s;", entries[i].metric,
			       *labels ? "{" : "", labels, *labels ? "}" : "",
			       entries[i].value ? entries[i].value : "none");
		add(out, text);
	}
}

/* --- agent.conf --- */

static void try_conf(void *context, const char *text, struct blob *said, struct blob *outcome)
{
	struct fixture *f = context;
	struct settings settings;
	char path[SCRATCH_MAX + 16];
	(void)outcome;
	(void)snprintf(path, sizeof(path), "%s/agent.conf", f->folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	const struct settings_source source = { .path = path };
	if (settings_read(&source, &settings, &f->err) == 0)
		settings_free(&settings);
	else
		say(said, f->err.text);
}

#define SQL "[sql a]\nfile = /var/lib/office.db\nquery = SELECT 1\n"

static const struct advice of_conf[] = {
	{ "[uplink]\npush_interval = @\n", "soon",
	  "%s: '%s' is not a time from %s to %s minutes; write 15 for minutes, or 90s for seconds",
	  "15", NULL },
	{ "[uplink]\npush_interval = @\n", "0",
	  "%s: '%s' is not a time from %s to %s minutes; write 15 for minutes, or 90s for seconds",
	  "90s", NULL },
	{ "[uplink]\npush_interval = @\n", "1d",
	  "%s: '%s' is not a time from %s to %s minutes; write 15 for minutes, or 90s for seconds",
	  "$4", NULL },
	{ "[spool]\nbytes_max = @\n", "512",
	  "%s: '%s' is not a size from %s to %s; write it like %s", "$5", NULL },
	{ "[spool]\nbytes_max = @\n", "9T",
	  "%s: '%s' is not a size from %s to %s; write it like %s", "$3", NULL },
	{ "[spool]\nreserve = @\n", "much",
	  "%s: '%s' is not a size from %s to %s; write it like %s", "$4", NULL },
	{ "[exec a]\ncommand = /bin/true\noutput_max = @\n", "16M",
	  "%s: '%s' is not a size from %s to %s; write it like %s", "$5", NULL },
	{ "[spool]\nkeep_acked_days = @\n", "0", "%s: '%s' is not a whole number from %llu to %llu",
	  "$3", NULL },
	{ "[spool]\n@\n", "sundays = 3", "there is no key '%s' in [%s]; take it out", "", NULL },
	{ "@\n", "[mirror]", "there is no section [%s]; take it out", "", NULL },
	{ "@\nreserve = 1M\n", "[spol]", "there is no section [%s]; did you mean [%s]?", "[$2]",
	  NULL },
	{ "[spool]\n@ = 1M\n", "reserved", "there is no key '%s' in [%s]; did you mean '%s'?", "$3",
	  NULL },
	{ "[spool]\nreserve = 1M\n@\n", "reserve = 2M",
	  "'%s' is given on line %u already; take one out", "", NULL },
	{ "[agent]\nzone = @\n", "a\tb\x01",
	  "%s is not UTF-8 text; write it without control characters", "Asia/Ho_Chi_Minh", NULL },
	{ "[uplink]\nkilobytes_per_hour = @\n", "15",
	  "[uplink] kilobytes_per_hour %u: give at least %u, as a connection alone takes 3; or 0 "
	  "for no limit",
	  "$2", NULL },
	{ "[uplink]\nkilobytes_per_hour = @\n", "15",
	  "[uplink] kilobytes_per_hour %u: give at least %u, as a connection alone takes 3; or 0 "
	  "for no limit",
	  "0", NULL },
	{ "[uplink]\n@\n", "reconnect_min_ms = 9000\nreconnect_max_ms = 7000",
	  "[uplink] reconnect_min_ms is above reconnect_max_ms; swap them",
	  "reconnect_min_ms = 7000\nreconnect_max_ms = 9000", NULL },
	{ "[inbox]\nfolder = @\n", "Documents", "[inbox] folder '%s': give the whole path, from /",
	  "/home/clerk/Documents", NULL },
	{ "[inbox]\nlanguage = @\n", "fr", "[inbox] language '%s': must be vi or en", "vi", NULL },
	{ "[log]\nlevel = @\n", "loud", "[log] level '%s': must be error, warning, info or debug",
	  "warning", NULL },
	{ "[page]\nlisten = @\n", "0.0.0.0:5571",
	  "'%s' is not an address of this machine alone; write it like 127.0.0.1:5571 or "
	  "[::1]:5571",
	  "127.0.0.1:5571", NULL },
	{ "[page]\nsocket = @\n", "page.sock", "[page] socket '%s': give the whole path, from /",
	  "/run/lantoa-pages/28249/page.sock", NULL },
	{ "[page]\nhost = @\n", "https://figures.example.vn/28249/",
	  "[page] host '%s': give the name alone, as it stands between https:// and the next / of "
	  "the browsers' address, like figures.example.vn",
	  "figures.example.vn", NULL },
	{ "[page]\nauthor_header = @\n", "X-Remote-User: $remote_user",
	  "[page] author_header '%s': give the name of a header, like X-Remote-User",
	  "X-Remote-User", NULL },
	{ "[http]\nlisten = @\n", "localhost",
	  "'%s' is not an address of this machine alone; write it like 127.0.0.1:5571 or "
	  "[::1]:5571",
	  "[::1]:5571", NULL },
	{ SQL "[sql @]\nfile = /var/lib/b.db\nquery = SELECT 1\n", "a",
	  "there is a section [%s] already; give it another name", "b", NULL },
	{ "[sql a]\nfile = @\nquery = SELECT 1\n", "office.db",
	  "[sql %s] file: give the absolute path of the SQLite file", "/var/lib/office.db", NULL },
	{ "[sql a]\nfile = /var/lib/office.db\n@\n", "", "[sql %s] query: give a SELECT",
	  "query = SELECT 1", NULL },
};

/* --- the clerk's page: a field a line --- */

static void try_page(void *context, const char *text, struct blob *said, struct blob *outcome)
{
	struct fixture *f = context;
	struct sheet sheet;
	struct period period;
	struct field fields[8];
	struct entry *entries;
	size_t n = 0, n_entries;
	static struct value before;
	struct values values = { .list = &before, .n = 1, .level = "commune" };
	char *copy = strdup(text), *rest = copy;

	assert_non_null(copy);
	assert_int_equal(period_parse("2025-06", CALENDAR_CIVIL, &period, &f->err), 0);
	before = (struct value){ .metric = catalogue_find(f->catalogue, "teams"),
				 .labels = "",
				 .period = period,
				 .value_e = 7,
				 .seq = 3 };
	for (char *line; (line = strsep(&rest, "\n")) && *line;) {
		assert_true(n < N(fields));
		fields[n].name = strsep(&line, "=");
		fields[n++].value = line;
	}
	if (sheet_open(f->catalogue, &values, period, &sheet, &f->err) < 0 ||
	    sheet_take(&sheet, fields, n, &f->err) < 0 ||
	    sheet_judge(&sheet, NOW_US, &f->err) < 0 ||
	    sheet_entries(&sheet, "2025-06", "hoa", &entries, &n_entries, &f->err) < 0)
		fail_msg("%s", f->err.text);
	for (size_t i = 0; i < sheet.n; i++)
		if (sheet.rows[i].message)
			say(said, sheet.rows[i].message);
	for (size_t i = 0; i < sheet.n_strange; i++)
		say(said, sheet.strange[i]);
	tell(entries, n_entries, outcome);
	free(entries);
	sheet_close(&sheet);
	free(copy);
}

#define TWO_WAYS                                                                                   \
	"'%s' can be read in two ways; write thousands without a mark, and decimals with '%c'"

static const struct advice of_page[] = {
	{ "v:teams:=@\n", "eight",
	  "'%s' is not a number; write digits alone, without a unit, like 12", "12", "teams=12;" },
	{ "v:sales:=@\n", "two",
	  "'%s' is not a number; write digits alone, without a unit, like 12 or 12%c5", "12$25",
	  "sales=12.5;" },
	{ "v:sales:=@\n", "1.234,5.6",
	  "'%s' is not a number; write digits alone, without a unit, like 12 or 12%c5", "12",
	  "sales=12;" },
	{ "d:dossiers:+0:sector=@\nv:dossiers:+0=3\n", "", "say which %s it is", "land",
	  "dossiers{sector=land}=3;" },
	{ "d:dossiers:+0:sector=land\nv:dossiers:+0=@\n", "", "write its value", "3",
	  "dossiers{sector=land}=3;" },
	{ "d:dossiers:+0:sector=land\nv:dossiers:+0=3\n@\n",
	  "d:dossiers:+1:sector=land\nv:dossiers:+1=4",
	  "it has a row of its own already; write it there", "", "dossiers{sector=land}=3;" },
	{ "o:teams:=7\nv:teams:=\n@\n", "",
	  "it was %s; to take that back, tick 'withdraw', and for none write 0", "w:teams:=1",
	  "teams=none;" },
};

static const struct advice of_page_english[] = {
	{ "v:sales:=@\n", "1,234", TWO_WAYS, "1234", "sales=1234;" },
	{ "v:sales:=@\n", "1,234", TWO_WAYS, "1$2234", "sales=1.234;" },
};
static const struct advice of_page_vietnamese[] = {
	{ "v:sales:=@\n", "1.234", TWO_WAYS, "1234", "sales=1234;" },
	{ "v:sales:=@\n", "1.234", TWO_WAYS, "1$2234", "sales=1.234;" },
};

/* --- programs: JSON, StatsD --- */

static void try_json(void *context, const char *text, struct blob *said, struct blob *outcome)
{
	struct fixture *f = context;
	struct observations *parsed;
	struct observation list[8];
	static char labels[8][LABELS_TEXT_MAX];
	size_t n;
	if (observations_parse(text, strlen(text), &parsed, &f->err) != 0) {
		say(said, f->err.text);
		return;
	}
	const struct entry *entries = observations_entries(parsed, &n);
	int rc = 0;
	assert_true(n <= N(list));
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = entry_judge(f->catalogue, &entries[i], NOW_US, labels[i], &list[i], &f->err);
	if (rc == 0)
		rc = hand_in_check(list, n, &f->err);
	if (rc < 0)
		say(said, f->err.text);
	else
		tell(entries, n, outcome);
	observations_close(parsed);
}

#define JSON(inside) "{\"observations\": [{" inside "}]}"
#define TEAMS        "\"metric\": \"teams\", \"value\": \"7\""
#define DOSSIERS     "\"metric\": \"dossiers\", \"value\": \"7\""

#define TWO_NUMBERS                                                                                \
	"'%s' can be read as %.*s or as %.*s%.3s; write the one that is meant, without a mark "    \
	"for thousands"

static const struct advice of_json[] = {
	{ JSON("\"metric\": \"sales\", \"value\": \"@\""), "12 tỷ",
	  "'%s' is not a number; write digits, with '.' before the decimals", "12.5",
	  "sales=12.5;" },
	{ JSON("\"metric\": \"sales\", \"value\": \"@\""), "1,234",
	  "'%s' can be read as %s or as %s; write it as one of these", "$2", "sales=1.234;" },
	{ JSON("\"metric\": \"sales\", \"value\": \"@\""), "1,234",
	  "'%s' can be read as %s or as %s; write it as one of these", "$3", "sales=1234;" },
	{ JSON("\"metric\": \"teams\", \"value\": \"@\""), "7.000", TWO_NUMBERS, "$2", "teams=7;" },
	{ JSON("\"metric\": \"dossiers\", \"value\": \"@\""), "7.000", TWO_NUMBERS, "$3$4",
	  "dossiers=7000;" },
	{ JSON(TEAMS ", \"period\": \"@\""), "2025-Q2",
	  "period '%s' is a %s, but it is counted per %s; write it like %s", "$4", "teams=7;" },
	{ JSON(TEAMS ", \"period\": \"@\""), "June",
	  "'%s' is not a period; write 2025 (year), 2025-S1 (semester), 2025-Q2 (quarter), 2025-06 "
	  "(month), 2025-W26 (week), 2025-06-30 (day), 2025-06-30T14 (hour) or 2025-06-30T14:05 "
	  "(minute), from 1900 to 2100",
	  "2025-06", "teams=7;" },
	{ JSON(TEAMS ", \"period\": \"@\""), "2026-01",
	  "period '%s' has not begun; correct it, or this machine's clock", "2025-06", "teams=7;" },
	{ JSON(TEAMS "@"), ", \"labels\": {\"sector\": \"land\"}",
	  "it takes no labels, but has '%s'; leave them out", "", "teams=7;" },
	{ JSON(TEAMS "@"), ", \"Value\": 3",
	  "'%s' is unknown or of the wrong type; there are metric, value, period, labels, add, "
	  "author and note",
	  "", "teams=7;" },
	{ JSON(TEAMS ", \"note\": \"@\""), "in May\\nmore",
	  "its note holds a line's end or another sign that cannot be shown; write it in one line",
	  "in May, more", "teams=7;" },
	{ JSON(TEAMS "@"), ", \"value\": 3", "'%s' is there twice in one object; leave one out", "",
	  "teams=7;" },
	{ JSON("\"metric\": \"@\", \"value\": 7"), "people",
	  "'%s' is not in the catalogue; 'lantoa-agent catalogue' lists what is", "teams",
	  "teams=7;" },
	{ JSON("@" DOSSIERS ", \"labels\": {\"sector\": \"land\"}"), DOSSIERS "}, {",
	  "it has no label, while observation %u is a part of the same figure, and the two would "
	  "be added up; leave it out if it is the total, label it if it is a part of its own",
	  "", "dossiers{sector=land}=7;" },
	{ JSON(TEAMS "}@"), ", {\"metric\": \"teams\", \"value\": 8",
	  "observation %u gives another value for the same figure; send the right one alone",
	  ", {" TEAMS, "teams=7;teams=7;" },
};

static void try_statsd(void *context, const char *text, struct blob *said, struct blob *outcome)
{
	struct fixture *f = context;
	struct statsd_line line;
	if (statsd_line_parse(text, strlen(text), &line, &f->err) != 0) {
		say(said, f->err.text);
		return;
	}
	struct entry entry = statsd_line_entry(&line);
	tell(&entry, 1, outcome);
}

static const struct advice of_statsd[] = {
	{ "dossiers:@|c|@0.1", "12,x",
	  "'%s' is not a number; write it with '.' before decimals, like 12.5", "12.5",
	  "dossiers=125;" },
	{ "@", "teams=7", "'%s' is not a StatsD line; write name:value|c or name:value|g",
	  "teams:7|g", "teams=7;" },
	{ "@", "teams", "'%s' is not a StatsD line; write name:value|c or name:value|g",
	  "dossiers:7|c", "dossiers=7;" },
	{ "teams:7|@", "ms",
	  "timers and histograms (|%s) are not taken; send a counter (|c) or a gauge (|g)", "g",
	  "teams=7;" },
	{ "teams:7|@", "s", "sets (|s) are not taken; count in your program and send a gauge (|g)",
	  "g", "teams=7;" },
	{ "teams:7|@", "k", "type '%s' is not taken; send a counter (|c) or a gauge (|g)", "c",
	  "teams=7;" },
	{ "teams:7|g@", "|@0.1", "a gauge takes no sample rate; leave it out", "", "teams=7;" },
	{ "dossiers:1|c|@", "@0.3",
	  "%s at a sample rate of %s is not an exact number; send all, or a rate like 0.1", "@0.1",
	  "dossiers=10;" },
	{ "dossiers:1|c|#@", "sector", "tag '%s' has no value; write name:value", "sector:land",
	  "dossiers{sector=land}=1;" },
	{ "teams:7|g@", "|T1656581400",
	  "timestamps (|T) are not taken; use 'lantoa-agent record' with --period", "",
	  "teams=7;" },
};

/* --- invitations --- */

static void try_invitation(void *context, const char *text, struct blob *said, struct blob *outcome)
{
	struct fixture *f = context;
	struct invitation invitation;
	if (invitation_parse(text, &invitation, &f->err) != 0)
		say(said, f->err.text);
	else
		add(outcome, invitation.office);
}

#define KEY   "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define WHOLE "lantoa://tinh.gov.vn:5570/xa-28249#" KEY "." KEY

static const struct advice of_invitations[] = {
	{ "@", "xa-28249#" KEY,
	  "an invitation starts with %s; use the line that 'lantoa office invite CODE' printed",
	  WHOLE, "xa-28249" },
	{ "@", "lantoa://tinh.gov.vn:5570/xa-28249",
	  "the invitation is cut short; it must read lantoa://HOST:PORT/CODE#KEY.KEY, so copy the "
	  "whole line",
	  WHOLE, "xa-28249" },
	{ "@", "lantoa://tinh.gov.vn/xa-28249#" KEY "." KEY,
	  "'%s' is not a HOST:PORT; copy the whole line", WHOLE, "xa-28249" },
	{ "@", "lantoa://tinh.gov.vn:5570/xa 28249#" KEY "." KEY,
	  "'%s' is not an office code; copy the whole line", WHOLE, "xa-28249" },
	{ "@", "lantoa://tinh.gov.vn:5570/xa-28249#AAAA." KEY,
	  "the province's key (after '#') is damaged; copy the whole line", WHOLE, "xa-28249" },
	{ "@", "lantoa://tinh.gov.vn:5570/xa-28249#" KEY ".AAAA",
	  "the one-time key (after the '.') is damaged; copy the whole line", WHOLE, "xa-28249" },
	{ "@" WHOLE, WHOLE WHOLE WHOLE WHOLE, "the invitation is too long; copy the line alone", "",
	  "xa-28249" },
};

static void advice_that_is_followed_leads_to_what_is_right(void **state)
{
	advice_follow(of_conf, N(of_conf), try_conf, *state);
	advice_follow(of_page, N(of_page), try_page, *state);
	advice_follow_in(LANGUAGE_ENGLISH, of_page_english, N(of_page_english), try_page, *state);
	advice_follow_in(LANGUAGE_VIETNAMESE, of_page_vietnamese, N(of_page_vietnamese), try_page,
			 *state);
	advice_follow(of_json, N(of_json), try_json, *state);
	advice_follow(of_statsd, N(of_statsd), try_statsd, *state);
	advice_follow(of_invitations, N(of_invitations), try_invitation, *state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(advice_that_is_followed_leads_to_what_is_right,
						set_up, tear_down),
	};
	i18n_serve(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

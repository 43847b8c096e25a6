#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/status.h"
#include "common/model/civil.h"
#include "common/net/wire.h"
#include "registry/code.h"
#include "registry/delivery.h"
#include "registry/office_register.h"
#include "registry/reference.h"
#include "registry/successors.h"
#include "registry/units_import.h"
#include "schema/event.h"
#include "schema/reference_version.h"
#include "support/fault.h"
#include "support/province.h"

#include <errno.h>

#define DATA SOURCE_DIR "/aggregator/data/tien-giang/"
#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"
#define COUNT      "team.count,Số tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,\n"
#define MEMBERS    "team.members,Thành viên,Members,person,stock,last,sum,month,,0,3,commune,2,0,\n"
#define VISITS     "team.visits,Lượt,Visits,visit,flow,sum,sum,month,topic,0,0,commune,2,0,\n"
#define INDICATORS "name,label_vi,label_en,formula,unit,target_year,target_value\n"
#define PER_TEAM   "team.size,Bình quân,Per team,team.members / team.count,person,,\n"

typedef int importer(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err);

static int import(struct province *p, importer *how, const char *csv, bool *ret_changed)
{
	p->err = (struct err){ 0 };
	assert_int_equal(db_begin(p->db, &p->err), 0);
	return province_end(p, how(p->db, csv, strlen(csv), ret_changed, &p->err));
}

static struct reference *reference(struct province *p)
{
	struct reference *loaded = NULL;
	assert_int_equal(reference_load(p->db, &loaded, &p->err), 0);
	return loaded;
}

static void a_new_province_knows_nothing_and_says_so(void **state)
{
	struct reference *empty = reference(*state);
	assert_int_equal(empty->units->n, 0);
	assert_int_equal(empty->offices->n, 0);
	assert_int_equal(empty->catalogue->n, 0);
	assert_int_equal(empty->indicators->n, 0);
	assert_null(units_find(empty->units, "82", 0));
	assert_null(units_by_id(empty->units, 1));
	assert_null(offices_by_id(empty->offices, 1));
	assert_null(offices_by_code(empty->offices, "82"));
	assert_null(catalogue_find(empty->catalogue, "team.count"));
	assert_null(indicators_find(empty->indicators, "team.size"));
	reference_close(empty);
}

static void the_real_files_go_in_whole(void **state)
{
	struct province *p = *state;
	bool changed = false;
	size_t len = 0;
	char *catalogue = file_text(DATA "catalogue.csv", &len);
	char *indicators = file_text(DATA "indicators.csv", &len);
	assert_int_equal(import(p, catalogue_import, catalogue, &changed), 0);
	assert_true(changed);
	assert_int_equal(import(p, indicators_import, indicators, &changed), 0);
	assert_true(changed);
	char *dimensions = file_text(DATA "dimensions.csv", &len);
	assert_int_equal(import(p, dimensions_import, dimensions, &changed), 0);
	assert_true(changed);
	assert_int_equal(import(p, dimensions_import, dimensions, &changed), 0);
	assert_false(changed);
	free(dimensions);
	char *rules = file_text(DATA "rules.csv", &len);
	assert_int_equal(import(p, rules_import, rules, &changed), 0);
	assert_true(changed);
	assert_int_equal(import(p, rules_import, rules, &changed), 0);
	assert_false(changed);
	free(rules);
	struct reference *loaded = reference(p);
	assert_int_equal(loaded->catalogue->n, 46);
	assert_int_equal(loaded->catalogue->rules->n, 13);
	assert_int_equal(loaded->catalogue->dimensions->n, 4);
	assert_int_equal(loaded->indicators->n, 23);
	reference_close(loaded);
	assert_int_equal(import(p, catalogue_import, catalogue, &changed), 0);
	assert_false(changed);
	assert_int_equal(import(p, indicators_import, indicators, &changed), 0);
	assert_false(changed);
	free(catalogue);
	free(indicators);
}

static void the_last_edition_is_in_force(void **state)
{
	struct province *p = *state;
	bool changed = false;
	assert_int_equal(import(p, catalogue_import, CATALOGUE COUNT, &changed), 0);
	assert_int_equal(import(p, catalogue_import, CATALOGUE MEMBERS, &changed), 0);
	struct reference *loaded = reference(p);
	assert_null(catalogue_find(loaded->catalogue, "team.count"));
	assert_non_null(catalogue_find(loaded->catalogue, "team.members"));
	int64_t version = loaded->version;
	assert_int_equal(import(p, catalogue_import, CATALOGUE COUNT, &changed), 0);
	assert_true(changed); /* back to the first: an edition all the same */
	assert_int_equal(reference_refresh(p->db, &loaded, &p->err), 0);
	assert_int_equal(loaded->version, version + 1);
	assert_non_null(catalogue_find(loaded->catalogue, "team.count"));
	reference_close(loaded);
}

/* Whatever the clock says: the ledger's time never runs backward. */
static void an_edition_came_when_its_event_did(void **state)
{
	struct province *p = *state;
	bool changed = false;
	int64_t in_order = 0;
	const struct event_form ahead = { .who = "test",
					  .kind = "test",
					  .at_us = civil_now_us() + INT64_C(86400000000),
					  .note = true },
				act = { .who = "test", .kind = "catalogue import" };
	assert_int_equal(event_append(p->db, &ahead, NULL, &p->err), 0);
	assert_int_equal(import(p, catalogue_import, CATALOGUE COUNT, &changed), 0);
	assert_int_equal(event_append(p->db, &act, NULL, &p->err), 0);
	assert_int_equal(db_number(p->db,
				   "SELECT imported_us > (SELECT at_us FROM event WHERE kind ="
				   " 'test') AND imported_us <= (SELECT max(at_us) FROM event)"
				   " FROM catalogue ORDER BY id DESC LIMIT 1",
				   &in_order, &p->err),
			 0);
	assert_int_equal(in_order, 1);
}

static void indicators_and_catalogue_must_suit_each_other(void **state)
{
	struct province *p = *state;
	bool changed = false;
	assert_int_equal(import(p, catalogue_import, CATALOGUE COUNT, &changed), 0);
	assert_int_equal(import(p, indicators_import, INDICATORS PER_TEAM, &changed), -EINVAL);
	assert_string_equal(
		p->err.text,
		"line 2: formula, column 1: the catalogue has no metric 'team.members'");
	assert_int_equal(import(p, catalogue_import, CATALOGUE COUNT MEMBERS, &changed), 0);
	assert_int_equal(import(p, indicators_import, INDICATORS PER_TEAM, &changed), 0);
	assert_int_equal(import(p, catalogue_import, CATALOGUE MEMBERS, &changed), -EINVAL);
	assert_string_equal(p->err.text,
			    "indicator 'team.size' needs the metric 'team.count'; keep "
			    "it, or import indicators without it first");
	assert_int_equal(import(p, indicators_import, INDICATORS, &changed), 0);
	assert_int_equal(import(p, catalogue_import, CATALOGUE MEMBERS, &changed), 0);
}

static void a_catalogue_keeps_the_names_of_indicators_free(void **state)
{
	struct province *p = *state;
	bool changed = false;
	assert_int_equal(import(p, catalogue_import, CATALOGUE COUNT MEMBERS, &changed), 0);
	assert_int_equal(import(p, indicators_import, INDICATORS PER_TEAM, &changed), 0);
	assert_int_equal(import(p, catalogue_import,
				CATALOGUE COUNT MEMBERS
				"team.size,a,b,u,stock,last,sum,month,,0,3,commune,2,0,\n",
				&changed),
			 -EINVAL);
	assert_string_equal(p->err.text,
			    "'team.size' is the name of an indicator; choose another, or "
			    "import indicators without it first");
}

/* A catalogue of just @len bytes: notes take what its rows leave. The caller frees. */
static char *catalogue_of(size_t len)
{
	static const char head[] = "name,label_vi,label_en,unit,kind,time_agg,area_agg,period,"
				   "dimensions,decimals,carry,level,due_days,min,max,note\n";
	const size_t row = 1100; /* at 4 MiB fewer than CATALOGUE_METRICS_MAX */
	char *csv = malloc(len + 1);
	assert_non_null(csv);
	memset(csv, 'x', len);
	memcpy(csv, head, sizeof(head) - 1);
	for (size_t at = sizeof(head) - 1, end; at < len; at = end) {
		end = len - at < 2 * row ? len : at + row;
		int written = snprintf(csv + at, row,
				       "m.at%zu,a,b,u,stock,last,sum,month,,0,3,commune,2,0,,", at);
		csv[at + (size_t)written] = 'x';
		csv[end - 1] = '\n';
	}
	csv[len] = '\0';
	return csv;
}

/* The longest catalogue beside texts as long as they may be: a frame that agents of the release
 * before take too, and that can be read. */
static void catalogue_travels(char *csv, size_t len, struct err *err)
{
	char text[WIRE_TEXT_MAX + 1], code[CODE_LEN_MAX + 1];
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT, *unpacked = NULL;
	Lantoa__V1__Enrolled enrolled = LANTOA__V1__ENROLLED__INIT;
	Lantoa__V1__Catalogue catalogue = LANTOA__V1__CATALOGUE__INIT;
	struct blob packed = { 0 };
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	assert_non_null(arena);
	memset(text, 't', sizeof(text));
	memset(code, 'c', sizeof(code));
	text[WIRE_TEXT_MAX] = code[CODE_LEN_MAX] = '\0';
	enrolled.office = code;
	enrolled.office_name = enrolled.zone = enrolled.level = text;
	catalogue.version = UINT64_MAX;
	catalogue.csv.data = (uint8_t *)csv;
	catalogue.csv.len = len;
	enrolled.catalogue = &catalogue;
	frame.kind_case = LANTOA__V1__FRAME__KIND_ENROLLED;
	frame.enrolled = &enrolled;
	assert_int_equal(wire_frame_pack(&frame, &packed, err), 0);
	assert_int_equal(packed.len + WIRE_BOXED_MAX - WIRE_FRAME_MAX, WIRE_FRAME_MAX);
	assert_int_equal(wire_frame_unpack(arena, packed.data, packed.len, &unpacked, err), 0);
	assert_int_equal(unpacked->enrolled->catalogue->csv.len, len);
	arena_close(arena);
	blob_free(&packed);
}

/* Since protocol 3 it is sent in pieces. Agents of before keep what they have. */
static void a_catalogue_that_fits_no_frame_is_taken_and_sent_in_pieces(void **state)
{
	struct province *p = *state;
	size_t max = delivery_max();
	char *most = catalogue_of(max), *more = catalogue_of(3 * max);
	struct edition edition;
	Lantoa__V1__Files *files = NULL;
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	bool changed = false;
	assert_int_equal(import(p, catalogue_import, most, &changed), 0);
	assert_true(changed);
	struct reference *loaded = reference(p);
	assert_int_equal(loaded->catalogue->csv_len, max);
	assert_true(delivery_version(loaded->catalogue) == loaded->catalogue->version);
	reference_close(loaded);
	catalogue_travels(most, max, &p->err);
	assert_int_equal(import(p, catalogue_import, more, &changed), 0);
	loaded = reference(p);
	assert_true(delivery_version(loaded->catalogue) == 0);
	assert_int_equal(edition_make(loaded->catalogue, &edition, &p->err), 0);
	assert_true(edition.version != 0 && edition.stamp == catalogue_stamp(loaded->catalogue));
	assert_int_equal(wire_edition_unpack(arena, edition.packed.data, edition.packed.len, &files,
					     &p->err),
			 0);
	assert_int_equal(files->n_file, 1);
	assert_string_equal(files->file[0]->name, "catalogue.csv");
	assert_int_equal(files->file[0]->data.len, 3 * max);
	assert_memory_equal(files->file[0]->data.data, more, 3 * max);
	edition_free(&edition);
	arena_close(arena);
	reference_close(loaded);
	free(most);
	free(more);
}

/* The edition is another one when its lists are, and the catalogue goes without any. */
static void code_lists_travel_beside_the_catalogue(void **state)
{
	static const char lists[] = "dimension,code,label_vi,label_en,valid_from,valid_to\n"
				    "topic,online,Trực tuyến,Online,,\n";
	struct province *p = *state;
	struct edition edition;
	Lantoa__V1__Files *files = NULL;
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	bool changed = false;
	assert_int_equal(import(p, dimensions_import, lists, &changed), -EINVAL);
	assert_string_equal(p->err.text,
			    "no metric of the catalogue has the dimension 'topic'; import a "
			    "catalogue with it first, or leave the list out");
	assert_int_equal(import(p, catalogue_import, CATALOGUE VISITS, &changed), 0);
	struct reference *loaded = reference(p);
	uint64_t before = catalogue_stamp(loaded->catalogue);
	assert_int_equal(loaded->catalogue->dimensions->n, 0);
	reference_close(loaded);
	assert_int_equal(import(p, dimensions_import, lists, &changed), 0);
	assert_true(changed);
	loaded = reference(p);
	assert_true(catalogue_stamp(loaded->catalogue) != before);
	assert_non_null(dimensions_list(loaded->catalogue->dimensions, "topic", 5));
	assert_int_equal(edition_make(loaded->catalogue, &edition, &p->err), 0);
	assert_int_equal(wire_edition_unpack(arena, edition.packed.data, edition.packed.len, &files,
					     &p->err),
			 0);
	assert_int_equal(files->n_file, 2);
	assert_string_equal(files->file[1]->name, "dimensions.csv");
	assert_int_equal(files->file[1]->data.len, strlen(lists));
	assert_memory_equal(files->file[1]->data.data, lists, strlen(lists));
	edition_free(&edition);
	arena_close(arena);
	reference_close(loaded);
	assert_int_equal(import(p, dimensions_import,
				"dimension,code,label_vi,label_en,valid_from,"
				"valid_to\ntopics,x,,,,\n",
				&changed),
			 -EINVAL);
	assert_string_equal(p->err.text, "no metric of the catalogue has the dimension 'topics'; "
					 "did you mean 'topic'?");
	/* A catalogue that is imported later keeps them. */
	assert_int_equal(import(p, catalogue_import, CATALOGUE VISITS COUNT, &changed), 0);
	loaded = reference(p);
	assert_int_equal(loaded->catalogue->dimensions->n, 1);
	reference_close(loaded);
}

static void rules_travel_beside_the_catalogue_and_keep_their_metrics(void **state)
{
	static const char rules[] = "name,left,op,right,severity,label_vi,label_en,from\n"
				    "r,team.count,<=,2 * team.count,warn,,,\n";
	struct province *p = *state;
	struct edition edition;
	Lantoa__V1__Files *files = NULL;
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	bool changed = false;
	assert_int_equal(import(p, rules_import, rules, &changed), -EINVAL);
	assert_string_equal(p->err.text, "line 2: left: the catalogue has no metric 'team.count'; "
					 "import a catalogue with it first, or leave the rule out");
	assert_int_equal(import(p, catalogue_import, CATALOGUE VISITS COUNT, &changed), 0);
	struct reference *loaded = reference(p);
	uint64_t before = catalogue_stamp(loaded->catalogue);
	assert_int_equal(loaded->catalogue->rules->n, 0);
	reference_close(loaded);
	assert_int_equal(import(p, rules_import, rules, &changed), 0);
	assert_true(changed);
	loaded = reference(p);
	assert_true(catalogue_stamp(loaded->catalogue) != before);
	assert_int_equal(edition_make(loaded->catalogue, &edition, &p->err), 0);
	assert_int_equal(wire_edition_unpack(arena, edition.packed.data, edition.packed.len, &files,
					     &p->err),
			 0);
	assert_int_equal(files->n_file, 2);
	assert_string_equal(files->file[1]->name, "rules.csv");
	assert_int_equal(files->file[1]->data.len, strlen(rules));
	assert_memory_equal(files->file[1]->data.data, rules, strlen(rules));
	edition_free(&edition);
	arena_close(arena);
	reference_close(loaded);
	assert_int_equal(import(p, catalogue_import, CATALOGUE VISITS, &changed), -EINVAL);
	assert_string_equal(p->err.text,
			    "the rules in force (lantoa rules export): line 2: left: the catalogue "
			    "has no metric 'team.count'; import a catalogue with it first, or "
			    "leave the rule out");
}

static void a_catalogue_that_cannot_be_sent_is_refused(void **state)
{
	struct province *p = *state;
	char *more = catalogue_of(WIRE_FILES_LEN_MAX + 1);
	bool changed = false;
	assert_int_equal(import(p, catalogue_import, more, &changed), -EFBIG);
	assert_non_null(strstr(p->err.text, "shorten their labels"));
	free(more);
}

/* It reaches offices, but for those whose agent is older: status names one of them. */
static void a_catalogue_that_does_not_reach_older_agents_is_named_where_there_are_some(void **state)
{
	struct province *p = *state;
	size_t len = delivery_max() + 1;
	char *csv = catalogue_of(len);
	struct agent_list agents = { 0 };
	Lantoa__V1__Hello hello = LANTOA__V1__HELLO__INIT;
	const struct gate_peer peer = { .key_id = 1 };
	struct condition_facts facts = { .agents = &agents };
	struct table *table = NULL;
	struct blob json = { 0 };
	static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
				    "1,A,province,,2020-01-01,\n";
	size_t changed;
	int64_t added;
	assert_int_equal(db_begin(p->db, &p->err), 0);
	assert_int_equal(units_import(p->db, units, strlen(units), &changed, &p->err), 0);
	assert_int_equal(office_add(p->db, "o", "O", "1", 18262, "me", &added, &p->err), 0);
	assert_int_equal(db_commit(p->db, &p->err), 0);
	char *insert = sqlite3_mprintf("INSERT INTO catalogue(imported_us, csv) VALUES(1,"
				       " CAST('%q' AS BLOB))",
				       csv);
	assert_int_equal(db_exec(p->db, insert, &p->err), 0);
	sqlite3_free(insert);
	struct reference *loaded = reference(p);
	assert_int_equal(loaded->catalogue->csv_len, len);
	assert_true(delivery_version(loaded->catalogue) == 0);
	int64_t office = loaded->offices->list[0].id;
	for (uint32_t protocol = 3; protocol >= 2; protocol--) {
		agents_hello(&agents, office, &peer, protocol, &hello);
		struct condition_facts seen = facts;
		assert_int_equal(status_run(p->db, loaded, &seen, &table, &p->err), 0);
		json.len = 0;
		assert_int_equal(table_json(table, &json), 0);
		assert_int_equal(blob_append(&json, "", 1), 0);
		bool named = strstr((const char *)json.data, "catalogue_too_long") != NULL;
		assert_true(named == (protocol == 2));
		if (protocol == 3)
			table_close(table);
	}
	agent_list_free(&agents);
	blob_free(&json);
	table_close(table);
	reference_close(loaded);
	free(csv);
}

static void a_broken_file_changes_nothing(void **state)
{
	struct province *p = *state;
	bool changed = true;
	assert_int_equal(import(p, catalogue_import, CATALOGUE COUNT, &changed), 0);
	changed = true;
	assert_int_equal(import(p, catalogue_import, CATALOGUE COUNT COUNT, &changed), -EINVAL);
	assert_int_equal(import(p, indicators_import, "what,is,this\n", &changed), -EINVAL);
	assert_int_equal(import(p, indicators_import, "", &changed), -EINVAL);
	struct reference *loaded = reference(p);
	assert_int_equal(loaded->catalogue->n, 1);
	reference_close(loaded);
}

static void refreshing_goes_whole_or_not_at_all(void **state)
{
	struct province *p = *state;
	bool changed = false;
	assert_int_equal(import(p, catalogue_import, CATALOGUE COUNT MEMBERS, &changed), 0);
	assert_int_equal(import(p, indicators_import, INDICATORS PER_TEAM, &changed), 0);
	for (unsigned after = 0;; after++) {
		struct reference *loaded = reference(p), *before = loaded;
		assert_int_equal(reference_changed(p->db, &p->err), 0);
		fault_arm_at(FAULT_MEMORY, after);
		int rc = reference_refresh(p->db, &loaded, &p->err);
		bool fired = fault_disarm();
		if (rc < 0) {
			assert_true(fired);
			assert_int_equal(rc, -ENOMEM);
			assert_ptr_equal(loaded, before);
		}
		assert_non_null(indicators_find(loaded->indicators, "team.size"));
		reference_close(loaded);
		if (!fired)
			return;
	}
}

static void importing_is_all_or_nothing_whatever_is_refused(void **state)
{
	static const unsigned doors[] = { FAULT_DISK, FAULT_FULL, FAULT_MEMORY };
	struct province *p = *state;
	for (size_t i = 0; i < 3; i++) {
		bool fired = true, changed = false;
		for (unsigned after = 0; fired; after++) {
			assert_int_equal(import(p, catalogue_import, CATALOGUE COUNT, &changed), 0);
			fault_arm_at(doors[i], after);
			int rc = db_begin(p->db, &p->err);
			if (rc == 0)
				rc = catalogue_import(p->db, CATALOGUE MEMBERS,
						      strlen(CATALOGUE MEMBERS), &changed, &p->err);
			rc = province_end(p, rc);
			fired = fault_disarm();
			assert_true(fired || rc == 0);
			struct reference *loaded = reference(p);
			assert_int_equal(loaded->catalogue->n, 1);
			assert_true((rc == 0) ==
				    (catalogue_find(loaded->catalogue, "team.members") != NULL));
			reference_close(loaded);
		}
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, province_setup, province_teardown)

/* A name that turns the screen round, or looks like another one, is told when it comes in. */
static void no_table_brings_in_what_nobody_can_see(void **state)
{
	struct province *p = *state;
	static const char words[] = "line 2: a character that nobody can see (U+202E)";
	static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
				    "82,T\xe2\x80\xaei\xe1\xbb\x81n,province,,2025-01-01,\n";
	static const char successors[] = "effective_on,old_code,new_code,share\n"
					 "2025-01-01,8\xe2\x80\xae,9,\n";
	static const char offices[] = "code,name,unit,from\n1,A\xe2\x80\xae,82,2025-01-01\n";
	bool changed = false;
	size_t n = 0;
	assert_int_equal(import(p, catalogue_import,
				CATALOGUE "a,\xe2\x80\xae,A,u,flow,sum,sum,"
					  "month,,0,0,commune,2,0,\n",
				&changed),
			 -EINVAL);
	assert_memory_equal(p->err.text, words, strlen(words));
	assert_int_equal(
		import(p, indicators_import, INDICATORS "x,\xe2\x80\xae,A,1,,,\n", &changed),
		-EINVAL);
	assert_memory_equal(p->err.text, words, strlen(words));
	assert_int_equal(units_import(p->db, units, strlen(units), &n, &p->err), -EINVAL);
	assert_memory_equal(p->err.text, words, strlen(words));
	assert_int_equal(successors_import(p->db, successors, strlen(successors), &n, &p->err),
			 -EINVAL);
	assert_memory_equal(p->err.text, words, strlen(words));
	assert_int_equal(offices_import(p->db, offices, strlen(offices), "test", &n, &p->err),
			 -EINVAL);
	assert_memory_equal(p->err.text, words, strlen(words));
	assert_false(changed);
}

int main(void)
{
	fault_install();
	const struct CMUnitTest tests[] = {
		test(a_new_province_knows_nothing_and_says_so),
		test(the_real_files_go_in_whole),
		test(the_last_edition_is_in_force),
		test(an_edition_came_when_its_event_did),
		test(indicators_and_catalogue_must_suit_each_other),
		test(a_catalogue_keeps_the_names_of_indicators_free),
		test(a_catalogue_that_cannot_be_sent_is_refused),
		test(a_catalogue_that_does_not_reach_older_agents_is_named_where_there_are_some),
		test(a_catalogue_that_fits_no_frame_is_taken_and_sent_in_pieces),
		test(code_lists_travel_beside_the_catalogue),
		test(rules_travel_beside_the_catalogue_and_keep_their_metrics),
		test(a_broken_file_changes_nothing),
		test(no_table_brings_in_what_nobody_can_see),
		test(refreshing_goes_whole_or_not_at_all),
		test(importing_is_all_or_nothing_whatever_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

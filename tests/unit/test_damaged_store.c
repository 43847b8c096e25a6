/* The province over databases that a disk damaged: never a crash, a hang or a leak; an answer, or
 * an error that says what is the matter. A thousand files of each kind take half an hour of CPU:
 *
 *     LANTOA_SEEDS=1000 build/dev/tests/test_damaged_store
 *
 * Its cousin of the agent's side, test_damaged_spool, takes some minutes for as many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/status.h"
#include "backup/backup_file.h"
#include "common/model/civil.h"
#include "journal/quarantine.h"
#include "ledger/change.h"
#include "ledger/follow.h"
#include "query/query.h"
#include "registry/key_list.h"
#include "registry/office_keys.h"
#include "schema/audit.h"
#include "schema/event.h"
#include "schema/schema.h"
#include "support/damage.h"
#include "support/history.h"
#include "verify/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES   25 /* of each kind: a case asks much */
#define BATCHES 60
#define LATER   6 /* that come to the damaged file */

struct fixture {
	struct history history;
	struct dice dice;
	char path[96], folder[SCRATCH_MAX];
	uint8_t *good; /* owned [len] */
	size_t len;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct testbed testbed;
	struct listed_key key;
	uint8_t secret[KEY_LEN];
	if (!f)
		return -1;
	f->dice = dice_seeded(7);
	history_make(&f->history, &f->dice, BATCHES + LATER);
	history_make_acts(&f->history, 8);
	history_open(&f->history, &testbed);
	history_post_part(&f->history, &testbed, 0, BATCHES);
	assert_int_equal(office_invite(testbed.db, "o1", 7, "test", &key, secret, &testbed.err), 0);
	assert_int_equal(office_invite(testbed.db, "o2", 7, "test", &key, secret, &testbed.err), 0);
	assert_int_equal(office_enrol(testbed.db, key.id, secret, &key, &testbed.err), 0);
	testbed_exec(&testbed, "PRAGMA wal_checkpoint(TRUNCATE)");
	f->good = damage_read(testbed.path, &f->len);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/province.db", f->folder);
	testbed_close(&testbed);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	scratch_remove(f->folder);
	history_free(&f->history);
	free(f->good);
	free(f);
	return 0;
}

static void clear(const struct fixture *f)
{
	char command[160];
	(void)snprintf(command, sizeof(command), "rm -f %s/*", f->folder);
	assert_int_equal(system(command), 0);
}

static void by_bytes(struct dice *dice, void *context)
{
	struct fixture *f = context;
	uint8_t *data = malloc(f->len);
	assert_non_null(data);
	memcpy(data, f->good, f->len);
	damage_bytes(dice, data, f->len);
	clear(f);
	damage_write(f->path, data, f->len);
	free(data);
}

static void by_cells(struct dice *dice, void *context)
{
	struct fixture *f = context;
	clear(f);
	damage_write(f->path, f->good, f->len);
	damage_cells(dice, f->path);
}

/* Of units, which come to lie in one another, and of offices and metrics that are there twice. */
static void by_words(struct dice *dice, void *context)
{
	static const char *const units[] = { "D1", "D2", "D3", "C1", "C2", "C3", "C4", "C5" },
				 *const offices[] = { "o0", "o1", "o2", "o3", "o4", "o5" };
	struct fixture *f = context;
	uint8_t *data = malloc(f->len);
	assert_non_null(data);
	memcpy(data, f->good, f->len);
	for (size_t n = dice_below(dice, 12) + 1; n > 0; n--)
		damage_words(dice, data, f->len, units, sizeof(units) / sizeof(units[0]));
	damage_words(dice, data, f->len, offices, sizeof(offices) / sizeof(offices[0]));
	clear(f);
	damage_write(f->path, data, f->len);
	free(data);
}

/* An error tells what is the matter. */
static void judge(int rc, struct err *err)
{
	if (rc < 0 && (err->code != rc || *err->text == '\0')) {
		print_message("error %d without a sentence: %d '%s'\n", rc, err->code, err->text);
		abort();
	}
	*err = (struct err){ 0 };
}

/* A table's every cell can be told. */
static void told(int rc, struct table **table, struct err *err)
{
	struct blob json = { 0 };
	judge(rc, err);
	if (rc < 0)
		return;
	assert_int_equal(table_json(*table, &json), 0);
	blob_free(&json);
	table_close(*table);
}

static void on_held(void *context, uint32_t series, uint32_t observations, enum verdict verdict)
{
	(void)context;
	(void)series;
	(void)observations;
	(void)verdict;
}

static void post(const struct fixture *f, sqlite3 *db, const struct reference *reference,
		 struct err *err)
{
	struct ledger *ledger = ledger_open(db, err);
	judge(ledger ? 0 : err->code, err);
	for (size_t i = BATCHES; ledger && i < BATCHES + LATER; i++) {
		const struct testbed_batch *batch = &f->history.batches[i];
		const struct entry_form form = { .office = batch->office,
						 .spool_id = batch->spool_id,
						 .seq = batch->seq,
						 .payload = batch->payload.data,
						 .len = batch->payload.len,
						 .received_us = batch->received_us };
		enum posting posting;
		uint64_t upto;
		int rc = db_begin(db, err);
		if (rc == 0) {
			ledger_begin(ledger, reference);
			rc = ledger_post(ledger, &form, on_held, NULL, &posting, &upto, err);
			if (rc == 0)
				*err = (struct err){ 0 }; /* a bad batch's */
			if (rc == 0)
				rc = ledger_finish(ledger, err);
		}
		judge(rc, err);
		if (rc == 0)
			rc = db_commit(db, err);
		else
			db_rollback(db);
		if (rc < 0)
			ledger_forget(ledger);
	}
	ledger_close(ledger);
}

static void ask(struct dice *dice, sqlite3 *db, const struct reference *reference, int32_t base,
		struct err *err)
{
	char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
	(void)day_format(base, from);
	(void)day_format(base + HISTORY_DAYS, to);
	for (size_t i = dice_below(dice, 4); i < reference->catalogue->n; i += 4) {
		struct query query = { .name = reference->catalogue->metrics[i].name,
				       .from = from,
				       .to = to,
				       .per = "year" };
		struct table *table = NULL;
		told(query_run(db, reference, &query, &table, err), &table, err);
		query.by = "commune";
		query.structure = to;
		told(query_run(db, reference, &query, &table, err), &table, err);
		query.by = "office";
		query.structure = NULL;
		told(query_run(db, reference, &query, &table, err), &table, err);
		query.known = to;
		told(query_run(db, reference, &query, &table, err), &table, err);
		query.known = NULL;
		told(completeness_run(db, reference, &query, &table, err), &table, err);
		query.by = query.per = NULL;
		told(revisions_run(db, reference, &query, &table, err), &table, err);
	}
}

static void work(sqlite3 *db, struct reference *reference, struct err *err)
{
	struct table *table = NULL;
	struct key_list *key_list = key_list_open();
	struct listed_key key;
	struct ledger_head head;
	struct verify_counts counts;
	uint8_t secret[KEY_LEN];
	size_t revoked, damaged;
	struct condition_facts facts = { 0 };
	assert_non_null(key_list);
	judge(offices_fill_key_list(db, key_list, &damaged, err), err);
	key_list_close(key_list);
	told(status_run(db, reference, &facts, &table, err), &table, err);
	told(quarantine_list(db, reference, 100, NULL, &table, err), &table, err);
	told(audit_list(db, &(struct audit_form){ .most = 100 }, &table, err), &table, err);
	told(closings_list(reference->closings, &table, err), &table, err);
	judge(ledger_head(db, &head, err), err);
	told(verify_run(db, reference, &counts, &table, err), &table, err);
	judge(office_invite(db, "o3", 7, "test", &key, secret, err), err);
	judge(office_enrol(db, 1, secret, &key, err), err);
	judge(office_revoke(db, "o1", "test", &revoked, err), err);
	const struct release_form form = { .who = "test", .at_us = civil_now_us() };
	judge(db_begin(db, err), err);
	told(quarantine_release(db, reference, &form, &table, err), &table, err);
	db_rollback(db);
	judge(db_begin(db, err), err);
	const struct change_form move = {
		.kind = CHANGE_MOVE, .who = "test", .office = "o4", .from = -40000 + 50000
	};
	char detail[CHANGE_DETAIL_MAX];
	size_t n = 0;
	int rc = change_act(db, &move, &n, detail, err);
	struct reference *after = NULL;
	struct followed followed;
	int64_t at_us = 0;
	if (rc == 0)
		rc = event_time(db, 0, &at_us, err);
	if (rc == 0)
		rc = reference_load(db, &after, err);
	if (rc == 0)
		rc = ledger_follow(db, reference, after, at_us, &followed, err);
	if (rc == 0)
		rc = change_note(db, &move, detail, at_us, err);
	judge(rc, err);
	if (rc == 0)
		judge(ledger_follow_whole(db, after, at_us, &followed, err), err);
	reference_close(after);
	db_rollback(db);
}

/* What `verify --repair` does, and then a backup. */
static void repair(sqlite3 *db, const struct reference *reference, struct err *err)
{
	struct verify *verify = verify_open("test", err);
	struct table *table = NULL;
	int rc = 1;
	assert_non_null(verify);
	while (rc == 1) {
		bool writes = verify_writes(verify);
		rc = writes ? db_begin(db, err) : db_exec(db, "BEGIN", err);
		if (rc == 0)
			rc = verify_step(verify, db, reference, err);
		if (rc < 0)
			db_rollback(db);
		else if (db_commit(db, err) < 0)
			rc = err->code;
	}
	if (rc == 0)
		table = verify_table_take(verify);
	told(rc, &table, err);
	verify_close(verify);
}

/* Its label is put into the file itself: it is the last that happens to it. */
static void back_up(sqlite3 *db, struct err *err)
{
	struct backup_label label = { .made_us = civil_now_us(), .version = "test" };
	int rc = ledger_head(db, &label.head, err);
	if (rc == 0)
		rc = backup_file_seal(db, &label, err);
	if (rc == 0)
		rc = backup_file_check(db, NULL, err);
	judge(rc, err);
}

static void use(struct dice *dice, void *context)
{
	const struct fixture *f = context;
	struct reference *reference = NULL;
	struct err err = { 0 };
	sqlite3 *db = NULL;
	int rc = schema_open(f->path, false, &db, &err);
	judge(rc, &err);
	if (rc < 0)
		return;
	(void)sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL); /* or slower */
	rc = reference_load(db, &reference, &err);
	judge(rc, &err);
	if (rc == 0) {
		ask(dice, db, reference, f->history.base, &err);
		work(db, reference, &err);
		post(f, db, reference, &err);
		repair(db, reference, &err);
		ask(dice, db, reference, f->history.base, &err);
		back_up(db, &err);
		reference_close(reference);
	}
	db_close(db);
}

static void rows_that_contradict_each_other_harm_no_province(void **state)
{
	damage_try(FILES, by_words, use, *state);
}

static void bytes_that_a_disk_changed_harm_no_province(void **state)
{
	damage_try(FILES, by_bytes, use, *state);
}

static void cells_that_hold_anything_harm_no_province(void **state)
{
	damage_try(FILES, by_cells, use, *state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_that_a_disk_changed_harm_no_province, setup,
						teardown),
		cmocka_unit_test_setup_teardown(rows_that_contradict_each_other_harm_no_province,
						setup, teardown),
		cmocka_unit_test_setup_teardown(cells_that_hold_anything_harm_no_province, setup,
						teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* I3, I9: whatever is changed behind the province's back is named by `verify`. Each column of each
 * table that the schema has, today or later, is changed in some rows, one at a time; rows are
 * deleted, added and exchanged; the ledger's tail is cut; and its whole chain is reckoned anew,
 * which whoever kept an old head sees. What derives from the ledger is then repaired, and stands as
 * before. */
#include "common/base/names.h"
#include "common/sys/db.h"
#include "ledger/change.h"
#include "registry/reference.h"
#include "schema/chain.h"
#include "schema/effects.h"
#include "schema/event.h"
#include "support/eventful.h"
#include "support/tampering.h"
#include "verify/verify.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ANY NULL
/* What no ledger can prove, and why. */
static const struct unproven {
	const char *table, *row, *column; /* row: of that key */
	enum { ALWAYS, DERIVING, UPGRADED } when;
	const char *reason;
} unproven[] = {
	{ "contact", ANY, ANY, ALWAYS, "when an office was heard last: no figure, kept at times" },
	{ "alert", ANY, ANY, ALWAYS, "what somebody should act on: looked for anew each minute" },
	{ "alert_change", ANY, ANY, ALWAYS, "and who was told of it" },
	{ "account", ANY, ANY, ALWAYS,
	  "which person it is: personal data, in no chain on purpose" },
	{ "token_use", ANY, ANY, ALWAYS, "when a token was last used: kept at times" },
	{ "message_read", ANY, ANY, ALWAYS, "what an office's agent said that somebody read" },
	{ "change_under_way", ANY, ANY, ALWAYS, "how far a change is, and the last one's outcome" },
	{ "release_entry", ANY, ANY, ALWAYS, "what a release in steps has still to look at" },
	{ "release_count", ANY, ANY, ALWAYS, "and what it came to so far, to be told" },
	{ "fact", "written_by", ANY, ALWAYS, "which program wrote the schema: a note for people" },
	{ "fact", "epoch", ANY, ALWAYS, "drawn at random when the store was made or restored" },
	{ "fact", "reference_version", ANY, ALWAYS, "counts, so that the reference is read anew" },
	/* Nothing answers by what is to be. When it does, pages are held against the ledger
	 * (what_is_to_be_is_told_once_it_is()), and the event of the change says the rest. */
	{ "rollup_next", ANY, ANY, DERIVING, "pages that are to be" },
	/* And until its rows are in the ledger, moments later, what they do to figures is. */
	{ "quarantine_next", ANY, ANY, ALWAYS, "what is to be held" },
	{ "stale", ANY, ANY, DERIVING, "what is still to be done" },
	{ "change_day", ANY, ANY, DERIVING, "which days were touched so far" },
	{ "fact", "rollup_next", ANY, DERIVING, "up to where pages are made" },
	/* Of entries that are older than the events; others are tried where there are none such. */
	{ "journal", ANY, "received_us", UPGRADED, "no link covered when an entry came" },
	{ "journal", ANY, "back", UPGRADED, "the first entries of old stores are in no list" },
};

/* As what verify names damage of a table, where that is not by its own name. */
static const struct {
	const char *table, *words;
} named_as[] = {
	{ "journal", "chain sequence journal strand" },
	{ "event", "chain event" },
	{ "spool", "spool sequence chain" }, /* whose batches those of an entry are, links cover */
	{ "rollup", "rollup page" },
	{ "rollup_next", "rollup page" },
	{ "series", "series declared" },
	{ "fact", "rollup page fact" }, /* which pages, and since when what is held, are in force
					   while a change settles */
};

/* What is the ledger itself: nothing can make it anew, but for these columns. */
static const struct {
	const char *table, *columns;
} ledger_parts[] = {
	{ "journal", "day back" },
	{ "event", "" },
	/* the name of a spool, and how far it came: no entry says so */
	{ "spool", "office last_received_us upto_digest from_spool from_seq set_back" },
};

struct fixture {
	struct testbed testbed;
	enum eventful_stage stage;
	struct tampering whole;  /* the tables as they are */
	struct ledger_head head; /* likewise */
	unsigned told, untold;   /* cases */
};

/* --- verify --- */

/* Made once: the empty tables that a verification fills cost more than all that it does here. */
static unsigned char *made;
static sqlite3_int64 made_len;
int __real_schema_open_scratch(sqlite3 **ret_db, struct err *err);
int __wrap_schema_open_scratch(sqlite3 **ret_db, struct err *err);
int __wrap_schema_open_scratch(sqlite3 **ret_db, struct err *err)
{
	if (!made) {
		int rc = __real_schema_open_scratch(ret_db, err);
		if (rc == 0)
			made = sqlite3_serialize(*ret_db, "main", &made_len, 0);
		return rc;
	}
	int rc = db_open_scratch(ret_db, err);
	unsigned char *copy = sqlite3_malloc64((sqlite3_uint64)made_len);
	if (rc < 0 || !copy)
		fail_msg("no room for a copy");
	memcpy(copy, made, (size_t)made_len);
	assert_int_equal(
		sqlite3_deserialize(*ret_db, "main", copy, made_len, made_len,
				    SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE),
		SQLITE_OK);
	return 0;
}

struct outcome {
	int rc; /* negative: it did not come to its end */
	struct verify_counts counts;
	bool named;      /* as one of the words that were asked for */
	char first[200]; /* what it names first */
};

static bool is_among(const char *words, const char *word)
{
	return names_find(words, word, strlen(word)) >= 0;
}

static void outcome_read(const struct table *table, const char *words, struct outcome *outcome)
{
	if (table_rows(table) > 0)
		(void)snprintf(outcome->first, sizeof(outcome->first), "%.20s: %.150s",
			       testbed_cell(table, 0, "what"), testbed_cell(table, 0, "where"));
	for (size_t i = 0; i < table_rows(table); i++)
		outcome->named |= !words || is_among(words, testbed_cell(table, i, "what"));
}

/* As the aggregator has it: the reference of the transaction, read anew where a step mended it.
 * @words: NULL: any. */
static struct outcome verified(struct fixture *f, const char *repairer, const char *words)
{
	struct testbed *testbed = &f->testbed;
	struct reference *reference = NULL;
	struct outcome outcome = { 0 };
	struct verify *verify = verify_open(repairer, &testbed->err);
	assert_non_null(verify);
	int rc = 1;
	while (rc == 1) {
		bool stale = reference_refresh(testbed->db, &reference, &testbed->err) < 0;
		rc = verify_step(verify, testbed->db, stale ? NULL : reference, &testbed->err);
	}
	outcome.rc = rc;
	if (rc == 0) {
		outcome.counts = verify_progress(verify).counts;
		struct table *table = verify_table_take(verify);
		outcome_read(table, words, &outcome);
		table_close(table);
	} else {
		(void)snprintf(outcome.first, sizeof(outcome.first), "%.190s", testbed->err.text);
	}
	verify_close(verify);
	reference_close(reference);
	return outcome;
}

static enum link_verdict judged(struct testbed *testbed, const struct ledger_head *head)
{
	enum link_verdict verdict = LINK_UNKNOWN;
	if (ledger_link_judge(testbed->db, ledger_position(head), head->chain, &verdict,
			      &testbed->err) < 0)
		verdict = LINK_UNKNOWN; /* a link that cannot be read agrees with nobody */
	return verdict;
}

/* --- named --- */

static bool is_unproven(struct fixture *f, const struct tamper_case *tampered)
{
	char key[TAMPERED_KEY_MAX];
	for (size_t i = 0; i < sizeof(unproven) / sizeof(unproven[0]); i++) {
		const struct unproven *one = &unproven[i];
		if (strcmp(one->table, tampered->table->name) == 0 &&
		    (one->when != DERIVING || f->stage == EVENTFUL_DERIVING) &&
		    (one->when != UPGRADED || f->stage == EVENTFUL_UPGRADED) &&
		    (!one->column ||
		     (tampered->column && strcmp(one->column, tampered->column) == 0)) &&
		    (!one->row || strcmp(one->row, tampered_key(&f->testbed, tampered, key)) == 0))
			return true;
	}
	return false;
}

static void case_tell(struct fixture *f, const struct tamper_case *tampered, const char *what,
		      const struct outcome *outcome)
{
	char key[TAMPERED_KEY_MAX] = "";
	if (tampered->table)
		tampered_key(&f->testbed, tampered, key);
	print_message(
		"%s: %s%s%s row %lld (%s) %s: %d, %llu differences, %llu repaired, %llu beyond;"
		" %s\n",
		what, tampered->table ? tampered->table->name : tampered->sql,
		tampered->column ? "." : "", tampered->column ? tampered->column : "",
		(long long)tampered->row, key, tampered->how, outcome->rc,
		(unsigned long long)outcome->counts.differences,
		(unsigned long long)outcome->counts.repaired,
		(unsigned long long)outcome->counts.beyond_repair, outcome->first);
}

/* While a change settles a page may lie under another, and one may say what that below it says. */
static bool answers_nobody(struct fixture *f, const struct tamper_case *tampered,
			   const struct blob *in_force)
{
	struct blob now = { 0 };
	if (!is_among("rollup rollup_next fact", tampered->table->name))
		return false;
	testbed_rollups(&f->testbed, &now);
	bool same = now.len == in_force->len && memcmp(now.data, in_force->data, now.len) == 0;
	blob_free(&now);
	return same;
}

/* The last event is gone: where it changed no row, whoever kept a head alone knows of it. */
static bool is_tail(const struct tamper_case *tampered)
{
	return strcmp(tampered->table->name, "event") == 0 && !tampered->column &&
	       strcmp(tampered->how, "deleted") == 0 && tampered->row == tampered->table->rows - 1;
}

static bool is_named(void *context, const struct tamper_case *tampered)
{
	struct fixture *f = context;
	struct blob in_force = { 0 };
	if (is_unproven(f, tampered))
		return true;
	testbed_rollups(&f->testbed, &in_force);
	bool taken = tamper_begin(&f->testbed, tampered->sql);
	bool seen = taken && !answers_nobody(f, tampered, &in_force);
	blob_free(&in_force);
	const char *words = tampered->table->name;
	bool tail = is_tail(tampered);
	for (size_t i = 0; i < sizeof(named_as) / sizeof(named_as[0]); i++)
		if (strcmp(named_as[i].table, tampered->table->name) == 0)
			words = named_as[i].words;
	struct outcome outcome =
		seen ? verified(f, NULL, tail ? NULL : words) : (struct outcome){ 0 };
	bool beyond = seen && tail && judged(&f->testbed, &f->head) == LINK_BEYOND;
	if (taken)
		tamper_end(&f->testbed);
	if (!seen)
		return taken;
	if (outcome.rc == 0 && ((outcome.counts.differences > 0 && outcome.named) || beyond)) {
		f->told++;
		return true;
	}
	f->untold++;
	case_tell(f, tampered, "not told", &outcome);
	return true;
}

static void each_change_of_a_table_is_named(void **state)
{
	struct fixture *f = *state;
	f->told = f->untold = 0;
	for (size_t i = 0; i < f->whole.n; i++)
		each_tamper_case(&f->whole.tables[i], is_named, f);
	print_message("%u told, %u not\n", f->told, f->untold);
	assert_int_equal(f->untold, 0);
}

/* --- named: what somebody would try --- */

static const struct attempt {
	const char *what, *sql;
} attempts[] = {
	{ "releases are shifted by an hour", "UPDATE quarantine SET released_us = released_us +"
					     " 3600000000 WHERE released_us IS NOT NULL" },
	{ "a receipt moves within its day",
	  "UPDATE journal SET received_us = received_us + 3600000000 WHERE id = 3" },
	{ "eleven rows of the audit go", "DELETE FROM event WHERE id BETWEEN 12 AND 22" },
	{ "the audit is emptied", "DELETE FROM event" },
	{ "somebody else did it", "UPDATE event SET who = 'unix:uid=0'" },
	{ "the last batch goes", "DELETE FROM journal WHERE id = (SELECT max(id) FROM journal)" },
	{ "the last five batches go",
	  "DELETE FROM journal WHERE id > (SELECT max(id) - 5 FROM journal)" },
	{ "the last batch goes, and its spool says so",
	  "DELETE FROM journal WHERE id = (SELECT max(id) FROM journal);"
	  "UPDATE spool SET upto = (SELECT max(seq) FROM journal WHERE spool = spool.id)" },
	{ "both tails go", "DELETE FROM event WHERE after_journal > 15;"
			   "DELETE FROM journal WHERE id > 15" },
	{ "another limit, by a digit", "UPDATE catalogue SET csv = CAST(replace(CAST(csv AS TEXT),"
				       " ',1000', ',1001') AS BLOB)" },
	{ "another formula", "UPDATE indicators SET csv = CAST(replace(CAST(csv AS TEXT),"
			     " 'd / l', 'l / d') AS BLOB)" },
	{ "all that waits counts", "DELETE FROM quarantine WHERE released_us IS NULL" },
	{ "all that waits was let in",
	  "UPDATE quarantine SET released_us = 1751000000000000 WHERE released_us IS NULL" },
	{ "nothing is closed", "DELETE FROM closing" },
	{ "nothing was published", "DELETE FROM publication" },
	{ "a revoked key is good again", "UPDATE office_key SET state = 2 WHERE office = 2" },
	{ "a key of nobody's is good",
	  "INSERT INTO office_key(office, public_key, state, created_us, changed_us)"
	  " VALUES(1, randomblob(32), 2, 1751000000000000, 1751000000000000)" },
	{ "an office reports for another unit",
	  "UPDATE assignment SET unit_code = 'C1' WHERE office = 2" },
	{ "no pages", "DELETE FROM rollup" },
	{ "pages above those in force",
	  "INSERT INTO fact VALUES('rollup_next', 'settling');"
	  "INSERT INTO rollup_next SELECT grain, bucket, node, max(page) OVER () FROM rollup"
	  " WHERE grain = 2 AND node > 0" },
};

static void each_attempt_is_named(void **state)
{
	struct fixture *f = *state;
	f->told = f->untold = 0;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		struct tamper_case tampered = { .how = attempts[i].what, .sql = attempts[i].sql };
		if (!tamper_begin(&f->testbed, tampered.sql))
			fail_msg("nothing was changed: %s", tampered.sql);
		struct outcome outcome = verified(f, NULL, NULL);
		tamper_end(&f->testbed);
		if (outcome.rc == 0 && outcome.counts.differences > 0) {
			f->told++;
			continue;
		}
		f->untold++;
		case_tell(f, &tampered, "not told", &outcome);
	}
	assert_int_equal(f->untold, 0);
}

/* --- with an old head in hand --- */

/* The ledger was changed and its chain reckoned anew. What the links do not cover, verify holds
 * against what they do. */
static bool is_another_history(void *context, const struct tamper_case *tampered)
{
	struct fixture *f = context;
	if (tampered->column && strcmp(tampered->column, "chain") == 0)
		return true; /* that is reckoned anew, and as it was */
	if (!tamper_begin(&f->testbed, tampered->sql))
		return false;
	ledger_relink(&f->testbed, 0);
	enum link_verdict verdict = judged(&f->testbed, &f->head);
	struct outcome outcome = { 0 };
	bool told = verdict == LINK_DIFFERS || verdict == LINK_BEYOND;
	if (!told) {
		outcome = verified(f, NULL, NULL);
		told = outcome.rc == 0 && outcome.counts.differences > 0;
	}
	tamper_end(&f->testbed);
	f->told += told;
	f->untold += !told;
	if (!told)
		case_tell(f, tampered, "not told, with a head in hand", &outcome);
	return true;
}

static void a_chain_that_was_reckoned_anew_is_another_history(void **state)
{
	struct fixture *f = *state;
	f->told = f->untold = 0;
	for (size_t i = 0; i < f->whole.n; i++)
		if (strcmp(f->whole.tables[i].name, "journal") == 0 ||
		    strcmp(f->whole.tables[i].name, "event") == 0)
			each_tamper_case(&f->whole.tables[i], is_another_history, f);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		struct tamper_case tampered = { .how = attempts[i].what, .sql = attempts[i].sql };
		(void)is_another_history(f, &tampered);
	}
	print_message("%u told, %u not\n", f->told, f->untold);
	assert_true(f->told > 50);
	assert_int_equal(f->untold, 0);
}

/* What a store alone cannot know: that it is the one of yesterday. */
static void a_tail_that_was_cut_whole_is_told_by_a_head_alone(void **state)
{
	struct fixture *f = *state;
	struct testbed cut;
	char path[96];
	(void)snprintf(path, sizeof(path), "%.60s/cut.db", f->testbed.folder);
	char *sql = sqlite3_mprintf("VACUUM INTO %Q", path);
	testbed_exec(&f->testbed, sql); /* as it is; then it goes on */
	sqlite3_free(sql);
	assert_true(testbed_order_rename(&f->testbed, "a", "later"));
	struct ledger_head later;
	assert_int_equal(ledger_head(f->testbed.db, &later, &f->testbed.err), 0);
	assert_true(ledger_position(&later) > ledger_position(&f->head));
	assert_int_equal(judged(&f->testbed, &f->head), LINK_AGREES);
	testbed_open_at(&cut, path);
	struct table *table;
	assert_int_equal(testbed_verify(&cut, &table), 0);
	table_close(table);
	assert_int_equal(judged(&cut, &f->head), LINK_AGREES);
	assert_int_equal(judged(&cut, &later), LINK_BEYOND);
	assert_true(testbed_order_rename(&cut, "a", "otherwise")); /* and it grows again */
	assert_int_equal(judged(&cut, &later), LINK_DIFFERS);
	assert_int_equal(testbed_verify(&cut, &table), 0);
	table_close(table);
	testbed_release(&cut);
}

/* Nor that its past is another one: the act, what stands, and all links were written anew. */
static void a_forged_act_is_told_by_a_head_alone(void **state)
{
	struct fixture *f = *state;
	assert_true(tamper_begin(&f->testbed, "UPDATE office SET name = 'a 0' WHERE name = 'a 9';"
					      "UPDATE event SET body = replace(body, 'a 9', 'a 0'),"
					      " detail = replace(detail, 'a 9', 'a 0')"));
	ledger_relink(&f->testbed, 0);
	struct outcome outcome = verified(f, NULL, NULL);
	enum link_verdict verdict = judged(&f->testbed, &f->head);
	tamper_end(&f->testbed);
	if (outcome.rc < 0 || outcome.counts.differences > 0)
		fail_msg("%s", outcome.first);
	assert_int_equal(verdict, LINK_DIFFERS);
}

/* --- repaired --- */

static bool derives(const struct tamper_case *tampered)
{
	for (size_t i = 0; i < sizeof(ledger_parts) / sizeof(ledger_parts[0]); i++)
		if (strcmp(ledger_parts[i].table, tampered->table->name) == 0)
			return tampered->column &&
			       is_among(ledger_parts[i].columns, tampered->column);
	return true;
}

/* NULL: all tables are as they were; but the ledger, where @repaired, which tells of it. */
static const char *table_that_differs(struct fixture *f, bool repaired)
{
	uint8_t now[CHAIN_LEN];
	for (size_t i = 0; i < f->whole.n; i++) {
		tampered_content(&f->testbed, &f->whole.tables[i], now);
		if ((!repaired || strcmp(f->whole.tables[i].name, "event") != 0) &&
		    memcmp(now, f->whole.tables[i].content, CHAIN_LEN) != 0)
			return f->whole.tables[i].name;
	}
	return NULL;
}

static bool is_repaired(void *context, const struct tamper_case *tampered)
{
	struct fixture *f = context;
	if (!derives(tampered) || is_unproven(f, tampered))
		return true;
	if (!tamper_begin(&f->testbed, tampered->sql))
		return false;
	struct outcome outcome = verified(f, "test", NULL);
	const char *differs = table_that_differs(f, true);
	if (f->stage == EVENTFUL_UPGRADED && strcmp(tampered->table->name, "series") == 0)
		differs = NULL; /* programs of before numbered them: any numbers do */
	/* of a store that is the same it says the same; of each table it is asked once more */
	bool again = differs || tampered->row == tampered->table->rows - 1;
	struct outcome second = again ? verified(f, NULL, NULL) : (struct outcome){ 0 };
	tamper_end(&f->testbed);
	bool good = outcome.rc == 0 && outcome.counts.differences > 0 &&
		    outcome.counts.differences == outcome.counts.repaired && second.rc == 0 &&
		    second.counts.differences == 0 && !differs;
	f->told += good;
	f->untold += !good;
	if (good)
		return true;
	case_tell(f, tampered, "not repaired", &outcome);
	case_tell(f, tampered, "  afterwards", &second);
	if (differs)
		print_message("  %s differs\n", differs);
	return true;
}

static void what_derives_is_repaired(void **state)
{
	struct fixture *f = *state;
	f->told = f->untold = 0;
	for (size_t i = 0; i < f->whole.n; i++)
		each_tamper_case(&f->whole.tables[i], is_repaired, f);
	print_message("%u repaired, %u not\n", f->told, f->untold);
	assert_int_equal(f->untold, 0);
}

static bool is_left(void *context, const struct tamper_case *tampered)
{
	struct fixture *f = context;
	if (derives(tampered) || is_tail(tampered) || is_unproven(f, tampered))
		return true;
	if (!tamper_begin(&f->testbed, tampered->sql))
		return false;
	uint8_t before[TAMPERING_TABLES_MAX][CHAIN_LEN], after[CHAIN_LEN];
	for (size_t i = 0; i < f->whole.n; i++)
		tampered_content(&f->testbed, &f->whole.tables[i], before[i]);
	struct outcome outcome = verified(f, "test", NULL);
	const char *differs = NULL;
	for (size_t i = 0; i < f->whole.n && !differs; i++) {
		tampered_content(&f->testbed, &f->whole.tables[i], after);
		if (memcmp(before[i], after, CHAIN_LEN) != 0)
			differs = f->whole.tables[i].name;
	}
	tamper_end(&f->testbed);
	bool good = outcome.rc == 0 && outcome.counts.beyond_repair > 0 &&
		    outcome.counts.repaired == 0 && !differs;
	f->told += good;
	f->untold += !good;
	if (!good) {
		case_tell(f, tampered, "not left", &outcome);
		print_message("  %s differs\n", differs ? differs : "nothing");
	}
	return true;
}

static void what_nothing_can_make_anew_is_left(void **state)
{
	struct fixture *f = *state;
	f->told = f->untold = 0;
	for (size_t i = 0; i < f->whole.n; i++)
		each_tamper_case(&f->whole.tables[i], is_left, f);
	print_message("%u left, %u not\n", f->told, f->untold);
	assert_int_equal(f->untold, 0);
}

/* --- what is to be --- */

#define TIME_OF_IMPORT                                                                             \
	"UPDATE catalogue SET imported_us = 0" /* of the step that puts it in force */

/* The change that is under way goes on to its end. 0, or why it cannot. */
static int change_to_its_end(struct fixture *f)
{
	struct testbed *testbed = &f->testbed;
	struct reference *reference = NULL;
	struct change *change = change_open();
	int rc = change ? 1 : -ENOMEM;
	for (unsigned n = 0; rc == 1 && n < 10000; n++) {
		rc = reference_refresh(testbed->db, &reference, &testbed->err);
		rc = rc < 0 ? rc
			    : change_step(change, testbed->db, reference, 1000, 0, &testbed->err);
	}
	change_close(change);
	reference_close(reference);
	return rc;
}

/* It comes to what it would have come to, or to what is told, or to its end before. */
static bool comes_to_no_lie(void *context, const struct tamper_case *tampered)
{
	struct fixture *f = context;
	if (!tamper_begin(&f->testbed, tampered->sql))
		return false;
	struct outcome outcome = { 0 };
	const char *differs = NULL;
	bool told = change_to_its_end(f) < 0;
	if (!told) {
		outcome = verified(f, NULL, NULL);
		testbed_exec(&f->testbed, TIME_OF_IMPORT);
		differs = table_that_differs(f, true);
		told = outcome.rc == 0 && outcome.counts.differences > 0;
	}
	tamper_end(&f->testbed);
	f->told += told;
	f->untold += !told && differs;
	if (!told && differs) {
		case_tell(f, tampered, "not told when it is", &outcome);
		print_message("  %s differs\n", differs);
	}
	return true;
}

static void what_is_to_be_is_told_once_it_is(void **state)
{
	static const char *const tables[] = { "rollup_next", "stale" };
	struct fixture *f = *state;
	testbed_exec(&f->testbed, "SAVEPOINT end");
	assert_int_equal(change_to_its_end(f), 0);
	struct outcome outcome = verified(f, NULL, NULL);
	testbed_exec(&f->testbed, TIME_OF_IMPORT);
	for (size_t i = 0; i < f->whole.n; i++)
		tampered_content(&f->testbed, &f->whole.tables[i], f->whole.tables[i].content);
	if (outcome.rc < 0 || outcome.counts.differences > 0)
		fail_msg("%s", outcome.first);
	testbed_exec(&f->testbed, "ROLLBACK TO end; RELEASE end");
	f->told = f->untold = 0;
	for (size_t i = 0; i < f->whole.n; i++)
		for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++)
			if (strcmp(f->whole.tables[i].name, tables[k]) == 0)
				each_tamper_case(&f->whole.tables[i], comes_to_no_lie, f);
	print_message("%u told, %u not\n", f->told, f->untold);
	assert_true(f->told > 10);
	assert_int_equal(f->untold, 0);
}

/* The same while a change is under way, of the tables that then say more. */
static void each_change_beside_a_change_is_named(void **state)
{
	static const char tables[] =
		"rollup rollup_next quarantine quarantine_past held arrival"
		" quarantine_next stale change_day change_under_way release_entry"
		" release_count fact";
	struct fixture *f = *state;
	f->told = f->untold = 0;
	for (size_t i = 0; i < f->whole.n; i++)
		if (is_among(tables, f->whole.tables[i].name))
			each_tamper_case(&f->whole.tables[i], is_named, f);
	print_message("%u told, %u not\n", f->told, f->untold);
	assert_true(f->told > 50);
	assert_int_equal(f->untold, 0);
}

/* Else a column would be passed over in silence. */
static void the_store_is_whole_and_full(void **state)
{
	static const char empty[] = "rollup_next quarantine_next stale change_day" /* see below */
				    " release_entry release_count";
	struct fixture *f = *state;
	struct outcome outcome = verified(f, NULL, NULL);
	if (outcome.rc < 0 || outcome.counts.differences > 0)
		fail_msg("%s", outcome.first);
	for (size_t i = 0; i < f->whole.n; i++)
		if (f->whole.tables[i].rows == 0 && !is_among(empty, f->whole.tables[i].name))
			fail_msg("nothing is in table %s: have something happen in eventful.c",
				 f->whole.tables[i].name);
}

static void a_change_under_way_has_all_its_tables(void **state)
{
	struct fixture *f = *state;
	const char *empty = f->stage == EVENTFUL_RELEASING
				    ? "rollup_next quarantine_next stale change_day"
				    : "release_entry release_count";
	struct outcome outcome = verified(f, NULL, NULL);
	if (outcome.rc < 0 || outcome.counts.differences > 0)
		fail_msg("%s", outcome.first);
	for (size_t i = 0; i < f->whole.n; i++)
		if (f->whole.tables[i].rows == 0 && !is_among(empty, f->whole.tables[i].name))
			fail_msg("nothing is in table %s: have something happen in eventful.c",
				 f->whole.tables[i].name);
}

static int setup_at(void **state, enum eventful_stage stage)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f)
		return -1;
	eventful_open(&f->testbed, stage);
	f->stage = stage;
	tampering_open(&f->whole, &f->testbed);
	if (ledger_head(f->testbed.db, &f->head, &f->testbed.err) < 0)
		return -1;
	*state = f;
	return 0;
}

static int setup(void **state)
{
	return setup_at(state, EVENTFUL_QUIET);
}

static int setup_deriving(void **state)
{
	return setup_at(state, EVENTFUL_DERIVING);
}

static int setup_settling(void **state)
{
	return setup_at(state, EVENTFUL_SETTLING);
}

static int setup_releasing(void **state)
{
	return setup_at(state, EVENTFUL_RELEASING);
}

static int setup_upgraded(void **state)
{
	return setup_at(state, EVENTFUL_UPGRADED);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	tampering_close(&f->whole);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sqlite3_free(made);
	return 0;
}

#define WHOLE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WHOLE(the_store_is_whole_and_full),
		WHOLE(each_change_of_a_table_is_named),
		WHOLE(each_attempt_is_named),
		WHOLE(a_chain_that_was_reckoned_anew_is_another_history),
		WHOLE(what_derives_is_repaired),
		WHOLE(what_nothing_can_make_anew_is_left),
		WHOLE(a_tail_that_was_cut_whole_is_told_by_a_head_alone),
		WHOLE(a_forged_act_is_told_by_a_head_alone),
		cmocka_unit_test_setup_teardown(a_change_under_way_has_all_its_tables,
						setup_deriving, teardown),
		cmocka_unit_test_setup_teardown(each_change_beside_a_change_is_named,
						setup_deriving, teardown),
		cmocka_unit_test_setup_teardown(each_change_beside_a_change_is_named,
						setup_settling, teardown),
		cmocka_unit_test_setup_teardown(a_change_under_way_has_all_its_tables,
						setup_releasing, teardown),
		cmocka_unit_test_setup_teardown(each_change_beside_a_change_is_named,
						setup_releasing, teardown),
		cmocka_unit_test_setup_teardown(the_store_is_whole_and_full, setup_upgraded,
						teardown),
		cmocka_unit_test_setup_teardown(what_derives_is_repaired, setup_upgraded, teardown),
		cmocka_unit_test_setup_teardown(what_nothing_can_make_anew_is_left, setup_upgraded,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_to_be_is_told_once_it_is, setup_deriving,
						teardown),
	};
	return cmocka_run_group_tests_name("tampering", tests, NULL, end);
}

#include "bench/yardsticks.h"

#include "bench/measure.h"
#include "bench/reference_data.h"
#include "common/model/catalogue.h"
#include "ledger/ledger.h"
#include "registry/office_register.h"
#include "registry/units_import.h"
#include "schema/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECKPOINT_PAGES 2048 /* as the province's store */
#define MINUTES_PER_DAY  1440u

struct scratch { /* a database in a folder of its own */
	char folder[64], path[96];
	sqlite3 *db;
};

static int scratch_make(struct scratch *scratch, struct err *err)
{
	*scratch = (struct scratch){ .folder = "/tmp/lantoa-bench-XXXXXX" };
	if (!mkdtemp(scratch->folder)) {
		scratch->folder[0] = '\0';
		return err_system(err, -errno, "make a folder");
	}
	(void)snprintf(scratch->path, sizeof(scratch->path), "%s/bench.db",
		       scratch->folder); /* fits */
	return 0;
}

/* Closing copies the log into the database. */
static uint64_t scratch_remove(struct scratch *scratch)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	struct stat file = { 0 };
	db_close(scratch->db);
	(void)stat(scratch->path, &file); /* 0 bytes when it is not there */
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char path[128];
		(void)snprintf(path, sizeof(path), "%s%s", scratch->path, ends[i]); /* fits */
		(void)unlink(path); /* not all are there */
	}
	if (scratch->folder[0])
		(void)rmdir(scratch->folder); /* what stays behind lies in /tmp */
	return (uint64_t)file.st_size;
}

/* Every batch in the order of the load, @group of them to a transaction; @begin and @end around. */
struct poster {
	sqlite3 *db;
	void *context;
	int (*begin)(void *context, struct err *err); /* may be NULL */
	int (*post)(void *context, unsigned step, unsigned office, struct err *err);
	int (*end)(void *context, struct err *err); /* may be NULL */
};

static int post_group(const struct poster *poster, const struct load *load, size_t from, size_t to,
		      struct err *err)
{
	unsigned n = load->shape.offices;
	int rc = db_begin(poster->db, err);
	if (rc == 0 && poster->begin)
		rc = poster->begin(poster->context, err);
	for (size_t i = from; i < to && rc == 0; i++)
		rc = poster->post(poster->context, (unsigned)(i / n), (unsigned)(i % n), err);
	if (rc == 0 && poster->end)
		rc = poster->end(poster->context, err);
	return rc < 0 ? rc : db_commit(poster->db, err);
}

static int post_range(const struct poster *poster, const struct yardstick_input *input, size_t from,
		      size_t end, struct err *err)
{
	int rc = 0;
	for (size_t to; from < end && rc == 0; from = to) {
		to = from + input->group < end ? from + input->group : end;
		rc = post_group(poster, input->load, from, to, err);
	}
	return rc;
}

static int post_all(const struct poster *poster, const struct yardstick_input *input,
		    struct yardstick_result *result, struct err *err)
{
	size_t n = load_batches(input->load), before = n - load_measured(input->load);
	(void)sqlite3_wal_autocheckpoint(poster->db, CHECKPOINT_PAGES); /* always 0 */
	int rc = post_range(poster, input, 0, before, err);
	uint64_t began_us = now_us(), cpu_us = measure_cpu_us();
	if (rc == 0)
		rc = post_range(poster, input, before, n, err);
	result->elapsed_us = now_us() - began_us;
	result->cpu_us = measure_cpu_us() - cpu_us;
	return rc;
}

/* --- rows --- */

struct rows {
	const struct load *load;
	sqlite3_stmt *insert;
	unsigned office; /* of the batch at hand */
	struct err *err;
};

static int rows_add(void *context, unsigned series, unsigned minute, int64_t value_e)
{
	struct rows *rows = context;
	sqlite3_bind_int64(rows->insert, 1, rows->office);
	sqlite3_bind_int64(rows->insert, 2, series);
	sqlite3_bind_int64(rows->insert, 3,
			   (int64_t)rows->load->first_day * MINUTES_PER_DAY + minute);
	sqlite3_bind_int64(rows->insert, 4, value_e);
	int rc = db_step(rows->insert, rows->err);
	sqlite3_reset(rows->insert);
	return rc;
}

static int rows_post(void *context, unsigned step, unsigned office, struct err *err)
{
	struct rows *rows = context;
	rows->office = office;
	rows->err = err;
	return load_each(rows->load, step, office, rows_add, rows);
}

int yardstick_rows(const void *input, void *ret_result, struct err *err)
{
	const struct yardstick_input *yardstick = input;
	struct yardstick_result *result = ret_result;
	struct rows rows = { .load = yardstick->load };
	static const struct db_schema none = { 0 };
	struct scratch scratch;
	int rc = scratch_make(&scratch, err);
	if (rc == 0)
		rc = db_open(scratch.path, DB_WRITER_WAL, &none, &scratch.db, err);
	if (rc == 0)
		rc = db_exec(scratch.db,
			     "CREATE TABLE observation(office INTEGER, series INTEGER,"
			     " minute INTEGER, value INTEGER)",
			     err);
	if (rc == 0)
		rc = db_prepare(scratch.db, "INSERT INTO observation VALUES(?, ?, ?, ?)",
				&rows.insert, err);
	struct poster poster = { .db = scratch.db, .context = &rows, .post = rows_post };
	if (rc == 0)
		rc = post_all(&poster, yardstick, result, err);
	sqlite3_finalize(rows.insert);
	result->disk_bytes = scratch_remove(&scratch);
	return rc;
}

/* --- the ledger --- */

struct lantoa {
	const struct load *load;
	struct ledger *ledger;
	struct reference *reference;
	int64_t received_us;
	int64_t *offices; /* owned [load's]: ids */
	uint64_t held;
};

static int lantoa_import(sqlite3 *db, const struct load *load, struct err *err)
{
	struct blob units = { 0 }, offices = { 0 };
	size_t n;
	bool changed;
	int rc = db_begin(db, err);
	if (rc == 0)
		rc = reference_file("units.csv", &units, err);
	if (rc == 0)
		rc = units_import(db, (const char *)units.data, units.len, &n, err);
	if (rc == 0)
		rc = catalogue_import(db, (const char *)load->catalogue.data, load->catalogue.len,
				      &changed, err);
	if (rc == 0)
		rc = reference_offices(load, &offices, err);
	if (rc == 0)
		rc = offices_import(db, (const char *)offices.data, offices.len, "bench", &n, err);
	blob_free(&units);
	blob_free(&offices);
	return rc < 0 ? rc : db_commit(db, err);
}

static int lantoa_open(struct lantoa *lantoa, sqlite3 *db, struct err *err)
{
	int rc = lantoa_import(db, lantoa->load, err);
	if (rc == 0)
		rc = reference_load(db, &lantoa->reference, err);
	if (rc == 0 && !(lantoa->ledger = ledger_open(db, err)))
		rc = err->code;
	lantoa->offices = calloc(lantoa->load->shape.offices, sizeof(*lantoa->offices));
	if (rc == 0 && !lantoa->offices)
		rc = err_memory(err);
	for (unsigned i = 0; i < lantoa->load->shape.offices && rc == 0; i++) {
		char code[LOAD_NAME_MAX];
		lantoa->offices[i] =
			offices_by_code(lantoa->reference->offices, reference_office(i, code))
				->id; /* just imported */
	}
	return rc;
}

static void lantoa_close(struct lantoa *lantoa)
{
	ledger_close(lantoa->ledger);
	reference_close(lantoa->reference);
	free(lantoa->offices);
}

static int lantoa_begin(void *context, struct err *err)
{
	struct lantoa *lantoa = context;
	(void)err;
	ledger_begin(lantoa->ledger, lantoa->reference);
	return 0;
}

static void on_held(void *context, uint32_t series, uint32_t observations, enum verdict verdict)
{
	struct lantoa *lantoa = context;
	(void)series;
	(void)verdict;
	lantoa->held += observations;
}

static int lantoa_post(void *context, unsigned step, unsigned office, struct err *err)
{
	struct lantoa *lantoa = context;
	const struct sealed *sealed = load_batch(lantoa->load, step, office);
	struct entry_form form = { .office = lantoa->offices[office],
				   .spool_id = load_spool_id(office),
				   .seq = step + 1,
				   .payload = sealed_payload(sealed),
				   .len = sealed->payload_len,
				   .received_us = lantoa->received_us };
	enum posting posting;
	uint64_t upto;
	int rc = ledger_post(lantoa->ledger, &form, on_held, lantoa, &posting, &upto, err);
	if (rc < 0 || posting == POSTED)
		return rc;
	return posting == POSTING_BAD ? err->code : err_set(err, -EPROTO, "not posted");
}

static int lantoa_end(void *context, struct err *err)
{
	struct lantoa *lantoa = context;
	if (lantoa->held > 0)
		return err_set(err, -EPROTO, "figures went into quarantine");
	return ledger_finish(lantoa->ledger, err);
}

int yardstick_ledger(const void *input, void *ret_result, struct err *err)
{
	const struct yardstick_input *yardstick = input;
	struct yardstick_result *result = ret_result;
	struct lantoa lantoa = { .load = yardstick->load,
				 .received_us = INT64_C(1767225600000000) };
	struct scratch scratch;
	int rc = scratch_make(&scratch, err);
	if (rc == 0)
		rc = schema_open(scratch.path, false, &scratch.db, err);
	if (rc == 0)
		rc = lantoa_open(&lantoa, scratch.db, err);
	struct poster poster = { .db = scratch.db,
				 .context = &lantoa,
				 .begin = lantoa_begin,
				 .post = lantoa_post,
				 .end = lantoa_end };
	if (rc == 0)
		rc = post_all(&poster, yardstick, result, err);
	lantoa_close(&lantoa);
	result->disk_bytes = scratch_remove(&scratch);
	return rc;
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/filling.h"
#include "bench/measure.h"
#include "common/model/civil.h"
#include "registry/office_keys.h"
#include "registry/office_register.h"
#include "registry/units_import.h"
#include "rollup/rebuild.h"
#include "support/province.h"
#include "support/testbed.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define METRICS   46
#define FIRST_DAY "2020-01-01" /* from here to there most communes stay as they are */
#define END_DAY   "2025-06-01"

static struct testbed testbed;
static struct testbed_spool spools[FILLING_OFFICES_MAX];
static char names[METRICS][16];

static void must(int rc)
{
	if (rc < 0) {
		(void)fprintf(stderr, "filling: %s\n", testbed.err.text);
		exit(1);
	}
}

static int32_t day(const char *text)
{
	int32_t number = 0;
	must(day_parse(text, &number, &testbed.err));
	return number;
}

static char *data_file(const char *name)
{
	char path[PATH_MAX];
	size_t len;
	(void)snprintf(path, sizeof(path), "%s/aggregator/data/tien-giang/%s", SOURCE_DIR, name);
	char *text = file_text(path, &len);
	assert_non_null(text);
	return text;
}

static char *make_catalogue(const struct filling *filling)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	fprintf(out, "name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,"
		     "decimals,carry,level,due_days,min,max\n");
	for (int i = 0; i < METRICS; i++)
		fprintf(out, "%s,x,x,x,%s,sum,%s,,0,0,commune,1,,\n", names[i],
			i == 1 ? "stock,max" : "flow,sum", filling->monthly ? "month" : "day");
	(void)fclose(out); /* memory */
	return text;
}

static void import_reference(const struct filling *filling)
{
	char *units = data_file("units.csv"), *catalogue = make_catalogue(filling);
	size_t rows;
	bool changed;
	must(db_begin(testbed.db, &testbed.err));
	must(units_import(testbed.db, units, strlen(units), &rows, &testbed.err));
	must(catalogue_import(testbed.db, catalogue, strlen(catalogue), &changed, &testbed.err));
	must(db_commit(testbed.db, &testbed.err));
	testbed_refresh(&testbed);
	free(units);
	free(catalogue);
}

static void give_key(const char *code)
{
	struct listed_key key;
	uint8_t secret[KEY_LEN], public_key[KEY_LEN];
	must(office_invite(testbed.db, code, 7, "bench", &key, secret, &testbed.err));
	randombytes_buf(public_key, sizeof(public_key));
	must(office_enrol(testbed.db, key.id, public_key, &key, &testbed.err));
}

/* The next commune that is in force all the time. */
static const char *next_unit(size_t *at)
{
	const struct units *units = testbed.reference->units;
	for (;; (*at)++) {
		const struct unit *unit = &units->list[*at % units->n];
		if (strcmp(unit->level, "commune") == 0 && unit->valid_from <= day(FIRST_DAY) &&
		    unit->valid_to >= day(END_DAY))
			return units->list[(*at)++ % units->n].code;
	}
}

static void add_offices(const struct filling *filling)
{
	size_t at = 0, len = 0, added;
	char *csv = NULL;
	FILE *out = open_memstream(&csv, &len);
	assert_non_null(out);
	fprintf(out, "code,name,unit,from\n");
	for (unsigned i = 0; i < filling->offices; i++)
		fprintf(out, "o%u,o%u,%s," FIRST_DAY "\n", i, i, next_unit(&at));
	(void)fclose(out); /* memory */
	must(db_begin(testbed.db, &testbed.err));
	must(offices_import(testbed.db, csv, len, "bench", &added, &testbed.err));
	for (unsigned i = 0; i < filling->offices && filling->keys; i++) {
		char code[32];
		(void)snprintf(code, sizeof(code), "o%u", i); /* fits */
		give_key(code);
	}
	must(db_commit(testbed.db, &testbed.err));
	testbed_refresh(&testbed);
	free(csv);
}

/* Each child's are new ones: it does not know what the one before had numbered. */
static void open_spools(const struct filling *filling, int32_t from)
{
	for (unsigned i = 0; i < filling->offices; i++) {
		char code[32];
		(void)snprintf(code, sizeof(code), "o%u", i); /* fits */
		spools[i] = (struct testbed_spool){
			.office = offices_by_code(testbed.reference->offices, code)->id,
			.id = (uint64_t)from * FILLING_OFFICES_MAX + i + 1,
		};
	}
}

/* Of up to a million, as money is: it compresses badly. */
static int64_t amount(uint64_t nth)
{
	return (int64_t)((nth * UINT64_C(0x9e3779b97f4a7c15) >> 40) % 1000000);
}

static uint64_t post_day(const struct filling *filling, int32_t of)
{
	static struct testbed_batch batches[FILLING_OFFICES_MAX];
	struct testbed_figure figures[METRICS];
	if (of >= day(END_DAY)) {
		(void)fprintf(stderr, "filling: from " FIRST_DAY " to " END_DAY " is too short\n");
		exit(1);
	}
	for (unsigned i = 0; i < filling->offices; i++) {
		for (int k = 0; k < METRICS; k++)
			figures[k] = (struct testbed_figure){
				.metric = names[k],
				.labels = "",
				.grain = filling->monthly ? GRAIN_MONTH : GRAIN_DAY,
				.value_e =
					amount(((uint64_t)of * FILLING_OFFICES_MAX + i) * METRICS +
					       (uint64_t)k),
			};
		testbed_seal(&spools[i], of, figures, METRICS,
			     civil_day_start_us(of + (filling->monthly ? 31 : 1)), &batches[i]);
	}
	testbed_commit(&testbed, batches, filling->offices);
	for (unsigned i = 0; i < filling->offices; i++)
		blob_free(&batches[i].payload);
	return (uint64_t)filling->offices * METRICS;
}

/* On which the next periods begin. */
static int32_t next_day(const struct filling *filling, int32_t of)
{
	struct period month = period_of_day(CALENDAR_CIVIL, GRAIN_MONTH, of);
	return filling->monthly ? period_end_day(month) : of + 1;
}

uint64_t filling_bytes(const char *path, const char *end)
{
	char name[PATH_MAX];
	struct stat info;
	(void)snprintf(name, sizeof(name), "%s%s", path, end); /* short ones */
	return stat(name, &info) == 0 ? (uint64_t)info.st_size : 0;
}

static void copy_log(void)
{
	must(sqlite3_wal_checkpoint_v2(testbed.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
			     SQLITE_OK
		     ? 0
		     : -1);
}

static bool full(const struct filling *filling, uint64_t observations)
{
	if (filling->observations)
		return observations >= filling->observations;
	if (filling->log_pages)
		return filling_bytes(filling->path, "-wal") >=
		       (uint64_t)filling->log_pages * FILLING_PAGE_BYTES;
	return filling_bytes(filling->path, "") >= filling->megabytes * UINT64_C(1000000);
}

int filling_fill(const void *input, void *ret_result, struct err *err)
{
	const struct filling *filling = input;
	struct filled *filled = ret_result;
	uint64_t began_us = now_us();
	(void)err; /* what fails here ends the child */
	must(civil_set_zone("Asia/Ho_Chi_Minh", &testbed.err));
	for (int i = 0; i < METRICS; i++)
		(void)snprintf(names[i], sizeof(names[i]), "m%d", i); /* fits */
	testbed_open_at(&testbed, filling->path);
	filled->first_day = day(FIRST_DAY);
	filled->next_day = filling->log_pages ? filling->next_day : filled->first_day;
	if (!filling->log_pages) {
		must(rebuild_store(testbed.db, &testbed.err)); /* as a new one's: not due later */
		import_reference(filling);
		add_offices(filling);
	}
	open_spools(filling, filled->next_day);
	while (!full(filling, filled->observations)) {
		filled->observations += post_day(filling, filled->next_day);
		filled->next_day = next_day(filling, filled->next_day);
		if (!filling->log_pages)
			copy_log();
	}
	filled->log_bytes = filling_bytes(filling->path, "-wal");
	filled->took_us = now_us() - began_us;
	if (!filling->log_pages) {
		testbed_acts_at(civil_now_us()); /* the aggregator's clock is not ahead of it */
		(void)testbed_order_rename(&testbed, "o0", "filled");
		testbed_release(&testbed);
	}
	return 0; /* else: it ends without closing */
}

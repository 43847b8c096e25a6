#include "common/base/log.h"
#include "common/model/civil.h"
#include "common/net/wire.h"
#include "office/facts.h"
#include "support/fake_aggregator.h"
#include "support/fault.h"
#include "support/scratch.h"
#include "uplink/dealer.h"
#include "uplink/enrol.h"
#include "uplink/uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#define DAY        20000
#define LOOK_MS    5     /* how often a test looks whether what it waits for is there */
#define PATIENCE   4000u /* looks; after them the test has failed */
#define CSV_HEADER "name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
#define CATALOGUE                                                                                  \
	CSV_HEADER "carry,level,due_days,min,max\n"                                                \
		   "team.count,To,Teams,team,stock,last,sum,day,,0,3,commune,2,0,\n"

struct fixture {
	char folder[SCRATCH_MAX], path[PATH_MAX];
	uv_loop_t loop;
	uv_timer_t look;
	void *zmq_context;
	struct fake_aggregator *fake;
	struct spool *spool;
	struct worker *worker;
	struct uplink *uplink;
	struct identity identity;
	struct protocol_timing timing;
	struct settings settings;
	struct err err;
	unsigned catalogues;
	uint64_t edition_version; /* that the next start knows */
	unsigned looks;
	bool (*until)(struct fixture *f);
	bool came;
};

/* --- the fixture --- */

static void open_spool(struct fixture *f)
{
	struct spool_limits limits = { .bytes_max = 8 << 20, .keep_days = 35 };
	if (spool_open(f->path, &limits, &f->spool, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct invitation invitation = { .office = "28249" };
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/spool.db", f->folder);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	(void)uv_timer_init(&f->loop, &f->look);
	f->look.data = f;
	f->zmq_context = dealer_context();
	f->fake = fake_aggregator_open(f->zmq_context);
	f->worker = worker_open(&f->loop);
	open_spool(f);
	(void)snprintf(invitation.address, sizeof(invitation.address), "%s",
		       fake_aggregator_address(f->fake));
	memcpy(invitation.server_key, fake_aggregator_key(f->fake), 32);
	identity_make(&invitation, &f->identity);
	f->timing = protocol_timing(20, 50);
	f->settings = (struct settings){ .state_dir = f->folder, .enrol_timeout_s = 2 };
	*state = f;
	return 0;
}

static void on_catalogue(void *context, struct catalogue *catalogue)
{
	struct fixture *f = context;
	assert_int_equal(catalogue->csv_len, strlen(CATALOGUE));
	assert_string_equal(catalogue->csv, CATALOGUE);
	catalogue_close(catalogue);
	f->catalogues++;
}

static void start(struct fixture *f)
{
	struct uplink_config config = { .identity = &f->identity,
					.spool = f->spool,
					.worker = f->worker,
					.zmq_context = f->zmq_context,
					.push_interval_s = 1,
					.seal_soon_ms = 1,
					.reconnect_min_ms = 10,
					.reconnect_max_ms = 20,
					.edition_version = f->edition_version,
					.timing = &f->timing,
					.on_catalogue = on_catalogue,
					.context = f };
	assert_int_equal(uplink_start(&f->loop, &config, &f->uplink, &f->err), 0);
}

/* Nothing of the uplink is left in the loop afterwards. */
static void stop(struct fixture *f)
{
	if (!f->uplink)
		return;
	uplink_stop(f->uplink, NULL, NULL);
	f->uplink = NULL;
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	stop(f);
	worker_close(f->worker);
	uv_close((uv_handle_t *)&f->look, NULL);
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	fake_aggregator_close(f->fake);
	assert_int_equal(zmq_ctx_term(f->zmq_context), 0);
	spool_close(f->spool);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static void on_look(uv_timer_t *timer)
{
	struct fixture *f = timer->data;
	f->came = f->until(f);
	if (f->came || ++f->looks >= PATIENCE)
		uv_stop(&f->loop);
}

/* Run the loop until it is so. */
static void wait_until(struct fixture *f, bool (*until)(struct fixture *f))
{
	f->until = until;
	f->came = false;
	f->looks = 0;
	(void)uv_timer_start(&f->look, on_look, 0, LOOK_MS);
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	(void)uv_timer_stop(&f->look);
	if (!f->came) {
		struct uplink_look look;
		uplink_look(f->uplink, &look);
		fail_msg("waited in vain: %s %s", look.state, look.trouble);
	}
}

static void record(struct fixture *f, int32_t day, int64_t value_e)
{
	struct observation obs = { .metric = "team.count",
				   .labels = "",
				   .period = { .grain = GRAIN_DAY, .number = day },
				   .value_e = value_e };
	while (worker_waiting(f->worker) > 0) /* the spool is the worker's as long */
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	if (spool_record(f->spool, &obs, 1, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
	if (f->uplink)
		uplink_recorded(f->uplink, true);
}

/* False while the spool is the worker's: its connection is one thread's at a time. */
static bool spool_looked(struct fixture *f, struct spool_status *ret)
{
	if (worker_waiting(f->worker) > 0)
		return false;
	assert_int_equal(spool_status(f->spool, ret, &f->err), 0);
	return true;
}

static bool released(struct fixture *f)
{
	struct spool_status status;
	return spool_looked(f, &status) && status.unsealed == 0 &&
	       status.acked_seq == status.last_seq && status.last_seq > 0;
}

static struct uplink_look looked(struct fixture *f)
{
	struct uplink_look look;
	uplink_look(f->uplink, &look);
	return look;
}

static bool key_refused(struct fixture *f)
{
	return strstr(looked(f).trouble, "key") != NULL;
}

static bool connected(struct fixture *f)
{
	return strcmp(looked(f).state, "connected") == 0;
}

/* --- the uplink --- */

static void recorded_figures_arrive_and_are_released(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	record(f, DAY, 5); /* before it starts, and after */
	start(f);
	wait_until(f, released);
	for (int32_t i = 1; i <= 40; i++)
		record(f, DAY + i, i);
	wait_until(f, released);
	struct fake_counts counts = fake_aggregator_counts(f->fake);
	assert_int_equal(counts.observations, 41);
	assert_int_equal(counts.sum, 5 + 40 * 41 / 2);
	assert_int_equal(counts.duplicates, 0);
}

/* What the log has of it when its level is @level. */
static void trace_of_a_connection(struct fixture *f, enum log_level level, char ret_log[8192])
{
	char path[SCRATCH_MAX + 8];
	(void)snprintf(path, sizeof(path), "%s/log", f->folder); /* fits */
	int log = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), before = dup(2);
	assert_true(log >= 0 && before >= 0);
	(void)fflush(stderr);
	assert_true(dup2(log, 2) >= 0);
	log_set_level(level);
	start(f);
	wait_until(f, connected);
	stop(f);
	log_set_level(LOG_LEVEL_INFO);
	assert_true(dup2(before, 2) >= 0);
	(void)close(before);
	ssize_t n = pread(log, ret_log, 8191, 0);
	(void)close(log);
	assert_true(n >= 0);
	ret_log[n] = '\0';
}

static void decisions_are_traced_at_the_level_debug_alone(void **state)
{
	struct fixture *f = *state;
	char log[8192];
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	trace_of_a_connection(f, LOG_LEVEL_DEBUG, log);
	assert_non_null(strstr(log, "uplink: stopped + start -> connecting open wait_ms="));
	assert_non_null(strstr(log, "uplink: connecting + connected -> greeting send_hello"));
	assert_non_null(strstr(log, "uplink: greeting + welcomed credit="));
	assert_non_null(strstr(log, "uplink: welcome + stop -> stopped close\n"));
	trace_of_a_connection(f, LOG_LEVEL_INFO, log);
	assert_null(strstr(log, " -> "));
}

static bool lost(struct fixture *f)
{
	return !looked(f).connected;
}

static bool blocked_second(struct fixture *f)
{
	return looked(f).blocked_seq == 2;
}

static bool sealed_third(struct fixture *f)
{
	struct spool_status status;
	return spool_looked(f, &status) && status.last_seq == 3;
}

/* Since when it is connected or not, and since when nothing moves. */
static void it_knows_since_when(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	int64_t before_us = civil_boot_us();
	start(f);
	assert_false(looked(f).connected);
	assert_true(looked(f).since_us >= before_us);
	wait_until(f, connected);
	int64_t connected_us = looked(f).since_us;
	assert_true(connected_us > before_us);
	assert_true(looked(f).connected);
	record(f, DAY, 5);
	wait_until(f, released);
	assert_int_equal(looked(f).since_us, connected_us); /* figures do not change it */
	fake_aggregator_restart(f->fake);
	wait_until(f, lost);
	assert_true(looked(f).since_us > connected_us);
	wait_until(f, connected);
	int64_t moved_us = looked(f).moved_us;
	assert_true(moved_us > connected_us);
	fake_aggregator_refuse(f->fake, 2, LANTOA__V1__REFUSED__CODE__MALFORMED);
	record(f, DAY + 1, 5);
	wait_until(f, blocked_second);
	moved_us = looked(f).moved_us;
	record(f, DAY + 2, 5);
	wait_until(f, sealed_third);
	assert_int_equal(looked(f).moved_us, moved_us);
}

static void figures_survive_a_province_that_restarts(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	start(f);
	for (int32_t round = 0; round < 5; round++) {
		wait_until(f, connected);
		for (int32_t i = 0; i < 10; i++)
			record(f, DAY + round * 10 + i, 1);
		fake_aggregator_restart(f->fake);
		wait_until(f, released);
	}
	assert_int_equal(fake_aggregator_counts(f->fake).observations, 50);
}

static void refused_key_is_told_and_works_once_it_is_allowed(void **state)
{
	struct fixture *f = *state;
	record(f, DAY, 5);
	start(f);
	wait_until(f, key_refused);
	assert_int_equal(fake_aggregator_counts(f->fake).hellos, 0);
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	wait_until(f, released);
	assert_string_equal(looked(f).trouble, "");
}

static bool blocked(struct fixture *f)
{
	struct uplink_look look = looked(f);
	return look.blocked_seq == 1 && strcmp(look.refusal, "refused by the test") == 0;
}

static void refused_batch_is_kept_shown_and_tried_again(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_refuse(f->fake, 1, LANTOA__V1__REFUSED__CODE__MALFORMED);
	f->timing.refused_ms = 50;
	record(f, DAY, 5);
	start(f);
	wait_until(f, blocked);
	fake_aggregator_refuse(f->fake, 0, 0);
	wait_until(f, released);
	assert_int_equal(fake_aggregator_counts(f->fake).sum, 5);
}

static bool catalogue_came(struct fixture *f)
{
	return f->catalogues == 1 && worker_waiting(f->worker) == 0;
}

static void catalogue_is_kept_and_handed_on(void **state)
{
	struct fixture *f = *state;
	struct facts facts;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_catalogue(f->fake, 7, CATALOGUE);
	start(f);
	wait_until(f, catalogue_came);
	assert_int_equal(facts_read(f->spool, &facts, &f->err), 0);
	assert_string_equal(facts.office_name, "An office");
	assert_string_equal(facts.level, "commune");
	assert_non_null(catalogue_find(facts.catalogue, "team.count"));
	facts_free(&facts);
}

static bool next_catalogue_came(struct fixture *f)
{
	return f->catalogues == 2 && worker_waiting(f->worker) == 0;
}

static void changed_catalogue_comes_over_a_connection_that_stands(void **state)
{
	struct fixture *f = *state;
	f->timing.refresh_ms = f->timing.ping_ms = 20;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_catalogue(f->fake, 7, CATALOGUE);
	start(f);
	wait_until(f, catalogue_came);
	fake_aggregator_catalogue(f->fake, 8, CATALOGUE);
	wait_until(f, next_catalogue_came); /* by a Pong */
	assert_int_equal(fake_aggregator_counts(f->fake).hellos, 1);
}

static void changed_catalogue_comes_from_a_province_of_before_by_another_hello(void **state)
{
	struct fixture *f = *state;
	f->timing.refresh_ms = f->timing.ping_ms = 20;
	fake_aggregator_speak(f->fake, 1, 2);
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_catalogue(f->fake, 7, CATALOGUE);
	start(f);
	wait_until(f, catalogue_came);
	fake_aggregator_catalogue(f->fake, 8, CATALOGUE);
	wait_until(f, next_catalogue_came);
	assert_int_equal(fake_aggregator_counts(f->fake).hellos, 2);
}

static void changed_catalogue_comes_with_an_ack_too(void **state)
{
	struct fixture *f = *state;
	f->timing.refresh_ms = 20;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_catalogue(f->fake, 7, CATALOGUE);
	start(f);
	wait_until(f, catalogue_came);
	fake_aggregator_catalogue(f->fake, 8, CATALOGUE);
	record(f, DAY, 1);
	wait_until(f, next_catalogue_came);
	assert_int_equal(fake_aggregator_counts(f->fake).hellos, 1);
}

static bool keeping_failed(struct fixture *f)
{
	return fault_happened() && worker_waiting(f->worker) == 0;
}

static void catalogue_that_the_disk_did_not_take_comes_again(void **state)
{
	struct fixture *f = *state;
	f->timing.refresh_ms = f->timing.ping_ms = 20;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	start(f);
	wait_until(f, connected);
	fault_arm_at(FAULT_DISK | FAULT_STAYS, 0);
	fake_aggregator_catalogue(f->fake, 7, CATALOGUE);
	wait_until(f, keeping_failed);
	assert_true(fault_disarm());
	assert_int_equal(f->catalogues, 0);
	wait_until(f, catalogue_came);
}

static bool one_quarantined(struct fixture *f)
{
	struct spool_status status;
	return spool_looked(f, &status) && status.quarantined == 1 &&
	       status.acked_seq == status.last_seq;
}

static void quarantined_figures_are_noted(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_quarantine(f->fake, "no unit in force");
	record(f, DAY, 5);
	start(f);
	wait_until(f, one_quarantined);
}

static bool all_released(struct fixture *f)
{
	struct spool_status status;
	return spool_looked(f, &status) && status.quarantined == 1 && status.held == 0;
}

static void what_was_released_is_heard_on_a_line_that_stands(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_hold(f->fake, 0);
	fake_aggregator_quarantine(f->fake, "no unit in force");
	f->timing.refresh_ms = f->timing.ping_ms = f->timing.held_ms = 20;
	record(f, DAY, 5);
	start(f);
	wait_until(f, all_released);
	stop(f);
	assert_true(fake_aggregator_counts(f->fake).hellos > 1);
}

static bool all_again(struct fixture *f)
{
	struct fake_counts counts = fake_aggregator_counts(f->fake);
	return counts.observations == 5 && released(f);
}

static void restored_province_gets_again_what_it_lost(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	start(f);
	for (int32_t i = 0; i < 3; i++) { /* a batch each: they are of different days */
		record(f, DAY + i, 1);
		wait_until(f, released);
	}
	fake_aggregator_roll_back(f->fake, 1);
	fake_aggregator_restart(f->fake);
	wait_until(f, all_again); /* two of the three came a second time */
}

static bool renewed(struct fixture *f)
{
	return fake_aggregator_counts(f->fake).sum == 7 && released(f);
}

static void spool_that_was_rolled_back_goes_on_under_a_fresh_id(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	start(f);
	wait_until(f, connected);
	uint64_t id = spool_id(f->spool);
	fake_aggregator_roll_back(f->fake, 9); /* it knows nine batches, we sealed none */
	record(f, DAY, 7);
	fake_aggregator_restart(f->fake);
	wait_until(f, renewed);
	assert_true(spool_id(f->spool) != id);
}

static void copy(const char *from, const char *to)
{
	char bytes[1 << 17];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	assert_true(in && out);
	size_t n = fread(bytes, 1, sizeof(bytes), in);
	assert_true(n > 0 && n < sizeof(bytes) && fwrite(bytes, 1, n, out) == n);
	assert_int_equal(fclose(in) | fclose(out), 0);
}

static void spool_from_an_old_copy_whose_numbers_were_given_again_loses_nothing(void **state)
{
	struct fixture *f = *state;
	char old[PATH_MAX + 8];
	uint64_t id = spool_id(f->spool), last;
	bool more;
	(void)snprintf(old, sizeof(old), "%s.old", f->path);
	spool_close(f->spool);
	copy(f->path, old);
	open_spool(f);
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	start(f);
	record(f, DAY, 3);
	wait_until(f, released);
	stop(f);
	spool_close(f->spool);
	copy(old, f->path);
	open_spool(f);
	assert_true(spool_id(f->spool) == id);
	record(f, DAY, 4); /* sealed as batch 1 a second time, before the province is heard */
	assert_int_equal(spool_seal(f->spool, 1, &last, &more, &f->err), 0);
	assert_int_equal(last, 1);
	start(f);
	wait_until(f, renewed); /* 3 and 4 arrived */
	assert_true(spool_id(f->spool) != id);
}

static bool greeted_twice(struct fixture *f)
{
	return fake_aggregator_counts(f->fake).hellos == 2 && connected(f);
}

static bool all_renewed(struct fixture *f)
{
	return fake_aggregator_counts(f->fake).sum == 8 && released(f);
}

static void each_batch_tells_the_one_before_and_a_parted_life_goes_on_under_a_fresh_id(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	start(f);
	for (int32_t i = 0; i < 3; i++) {
		record(f, DAY + i, 1);
		wait_until(f, released);
	}
	uint64_t id = spool_id(f->spool);
	assert_int_equal(fake_aggregator_counts(f->fake).chained, 2);
	fake_aggregator_restart(f->fake); /* the first after a Welcome tells it, too */
	wait_until(f, greeted_twice);
	record(f, DAY + 3, 1);
	wait_until(f, released);
	assert_int_equal(fake_aggregator_counts(f->fake).chained, 3);
	fake_aggregator_part(f->fake); /* nothing on the line says so */
	record(f, DAY + 4, 0);
	wait_until(f, all_renewed); /* 4, and these again */
	assert_true(spool_id(f->spool) != id);
}

static void province_of_the_version_before_gets_what_it_knows(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_speak(f->fake, 1, 1);
	start(f);
	for (int32_t i = 0; i < 3; i++) {
		record(f, DAY + i, 1);
		wait_until(f, released);
	}
	assert_int_equal(fake_aggregator_counts(f->fake).batches, 3);
	assert_int_equal(fake_aggregator_counts(f->fake).chained, 0);
	fake_aggregator_speak(f->fake, 2, 2); /* it is upgraded */
	fake_aggregator_restart(f->fake);
	wait_until(f, greeted_twice);
	record(f, DAY + 3, 1);
	wait_until(f, released);
	assert_int_equal(fake_aggregator_counts(f->fake).chained, 1);
	assert_int_equal(fake_aggregator_counts(f->fake).sum, 4);
}

/* --- protocol 3, and provinces that do not speak it --- */

static void edition_is_kept_whole_and_not_asked_for_again(void **state)
{
	struct fixture *f = *state;
	struct facts facts;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_catalogue(f->fake, 7, CATALOGUE);
	start(f);
	wait_until(f, catalogue_came);
	uint64_t pieces = fake_aggregator_counts(f->fake).pieces;
	assert_true(pieces >= 2);
	stop(f);
	assert_int_equal(facts_read(f->spool, &facts, &f->err), 0);
	assert_true(facts.edition_version != 0);
	f->edition_version = facts.edition_version;
	facts_free(&facts);
	start(f); /* the next run has it */
	record(f, DAY, 1);
	wait_until(f, released);
	assert_int_equal(f->catalogues, 1);
	assert_int_equal(fake_aggregator_counts(f->fake).pieces, pieces);
	/* a program of before kept another catalogue meanwhile: the edition is asked for again */
	stop(f);
	assert_int_equal(
		facts_keep_catalogue(f->spool, CATALOGUE " ", strlen(CATALOGUE), NULL, &f->err), 0);
	assert_int_equal(facts_read(f->spool, &facts, &f->err), 0);
	assert_true(facts.edition_version == f->edition_version);
	facts_free(&facts);
	assert_int_equal(facts_keep_catalogue(f->spool, CSV_HEADER "carry,level,due_days,min,max\n",
					      strlen(CSV_HEADER) + 29, NULL, &f->err),
			 0);
	assert_int_equal(facts_read(f->spool, &facts, &f->err), 0);
	assert_true(facts.edition_version == 0);
	facts_free(&facts);
}

static bool asked_again(struct fixture *f)
{
	return fake_aggregator_counts(f->fake).hellos >= 2 && worker_waiting(f->worker) == 0;
}

static void province_that_is_set_back_to_an_older_program_sends_its_catalogue(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_catalogue(f->fake, 7, CATALOGUE);
	start(f);
	wait_until(f, catalogue_came);
	fake_aggregator_speak(f->fake, 1, 2);
	fake_aggregator_restart(f->fake);
	wait_until(f, asked_again);
	wait_until(f, next_catalogue_came);
	uint64_t pieces = fake_aggregator_counts(f->fake).pieces;
	record(f, DAY, 1);
	wait_until(f, released);
	assert_int_equal(fake_aggregator_counts(f->fake).pieces, pieces);
	assert_int_equal(f->catalogues, 2);
}

struct kept {
	uint64_t n, position;
};

static int on_head(void *context, const struct spool_head *head)
{
	struct kept *kept = context;
	kept->n++;
	kept->position = head->position;
	for (size_t i = 0; i < sizeof(head->chain); i++)
		assert_int_equal(head->chain[i], head->position & 0xff);
	return 0;
}

static bool heads_told(struct fixture *f)
{
	return fake_aggregator_counts(f->fake).heads_told == 1;
}

static void the_ledgers_head_is_kept_told_and_asked_for(void **state)
{
	struct fixture *f = *state;
	struct kept kept = { 0 };
	struct spool_status status;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_head(f->fake, 40);
	start(f);
	record(f, DAY, 1);
	wait_until(f, released);
	assert_int_equal(fake_aggregator_counts(f->fake).hello_head, 0);
	fake_aggregator_head(f->fake, 41);
	record(f, DAY, 2);
	wait_until(f, released);
	fake_aggregator_ask_heads(f->fake);
	wait_until(f, heads_told);
	assert_int_equal(fake_aggregator_counts(f->fake).heads, 1); /* one a day */
	assert_int_equal(fake_aggregator_counts(f->fake).heads_number, 5);
	assert_int_equal(fake_aggregator_counts(f->fake).newest, 41);
	stop(f);
	/* what an ack brought is in the file with it */
	spool_close(f->spool);
	open_spool(f);
	assert_int_equal(spool_each_head(f->spool, 400, on_head, &kept, &f->err), 0);
	assert_int_equal(kept.n, 1);
	assert_int_equal(kept.position, 41);
	assert_int_equal(spool_status(f->spool, &status, &f->err), 0);
	assert_int_equal(status.heads, 1);
	assert_int_equal(status.head.position, 41);
	start(f);
	record(f, DAY, 3);
	wait_until(f, released);
	assert_int_equal(fake_aggregator_counts(f->fake).hello_head, 41);
}

static bool pinged(struct fixture *f)
{
	return fake_aggregator_counts(f->fake).conditions >= 3;
}

static void the_province_is_told_how_the_office_is(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	record(f, DAY, 5);
	f->timing.ping_ms = 50;
	fake_aggregator_refuse(f->fake, 1, LANTOA__V1__REFUSED__CODE__MALFORMED);
	start(f);
	wait_until(f, pinged);
	struct fake_counts counts = fake_aggregator_counts(f->fake);
	assert_int_equal(counts.backlog, 1);
	assert_int_equal(counts.push_interval_s, 1);
	assert_int_equal(counts.clock, LANTOA__V1__CONDITION__CLOCK_TRUST__CLOCK_NOT_TOLD);
}

/* Whoever does not speak 3 gets nothing of it; the fake asserts that no new frame and no condition
 * in a Ping comes. */
static void old_provinces_are_served_as_before(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_catalogue(f->fake, 7, CATALOGUE);
	fake_aggregator_head(f->fake, 40);
	f->timing.ping_ms = 20;
	for (uint32_t protocol = 1; protocol <= 2; protocol++) {
		struct kept kept = { 0 };
		fake_aggregator_speak(f->fake, protocol, protocol);
		fake_aggregator_catalogue(f->fake, 7 + protocol, CATALOGUE);
		start(f);
		record(f, DAY, protocol);
		wait_until(f, protocol == 1 ? catalogue_came : next_catalogue_came);
		wait_until(f, released);
		fake_aggregator_ask_heads(f->fake); /* out of turn: it is not answered */
		for (int i = 0; i < 20; i++)
			(void)uv_run(&f->loop, UV_RUN_ONCE);
		stop(f);
		assert_int_equal(spool_each_head(f->spool, 400, on_head, &kept, &f->err), 0);
		assert_int_equal(kept.n, 0);
		assert_int_equal(fake_aggregator_counts(f->fake).heads_told, 0);
		assert_int_equal(fake_aggregator_counts(f->fake).pieces, 0);
	}
}

static bool no_protocol(struct fixture *f)
{
	return strstr(looked(f).trouble, "protocol") != NULL;
}

static void province_without_a_common_protocol_is_told_and_works_once_it_has_one(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	fake_aggregator_speak(f->fake, WIRE_PROTOCOL_MAX + 1, WIRE_PROTOCOL_MAX + 1);
	f->timing.refused_ms = 50;
	record(f, DAY, 5);
	start(f);
	wait_until(f, no_protocol);
	assert_string_equal(looked(f).refusal, "refused by the test");
	fake_aggregator_speak(f->fake, 2, WIRE_PROTOCOL_MAX + 1);
	wait_until(f, released);
	assert_string_equal(looked(f).trouble, "");
	assert_string_equal(looked(f).refusal, "");
}

static void stopping_in_the_middle_leaves_nothing_open(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	for (int turns = 0; turns < 40; turns++) {
		start(f);
		record(f, DAY, turns);
		for (int i = 0; i < turns; i++)
			(void)uv_run(&f->loop, UV_RUN_NOWAIT);
		stop(f);
	}
	start(f);
	wait_until(f, released);
}

/* --- enrolment --- */

static struct invitation invite(struct fixture *f)
{
	struct invitation invitation = { .office = "28249" };
	uint8_t public_key[32];
	(void)snprintf(invitation.address, sizeof(invitation.address), "%s",
		       fake_aggregator_address(f->fake));
	memcpy(invitation.server_key, fake_aggregator_key(f->fake), 32);
	memcpy(invitation.secret_key, f->identity.secret_key, 32); /* any fresh key will do */
	identity_public(invitation.secret_key, public_key);
	fake_aggregator_allow(f->fake, public_key, FAKE_KEY_INVITED);
	return invitation;
}

static void read_identity(struct fixture *f)
{
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/%s", f->folder, IDENTITY_FILE);
	if (identity_read(path, &f->identity, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static void invited_office_enrols_and_can_send(void **state)
{
	struct fixture *f = *state;
	struct facts facts;
	struct invitation invitation = invite(f);
	fake_aggregator_catalogue(f->fake, 7, CATALOGUE);
	if (enrol(&f->settings, f->spool, &invitation, &f->err) != 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(facts_read(f->spool, &facts, &f->err), 0);
	assert_string_equal(facts.zone, "Asia/Ho_Chi_Minh");
	assert_string_equal(facts.level, "commune");
	assert_non_null(facts.catalogue);
	facts_free(&facts);
	read_identity(f);
	record(f, DAY, 5);
	start(f);
	wait_until(f, released);
}

static void enrolment_cut_off_after_the_commit_is_mended_by_running_it_again(void **state)
{
	struct fixture *f = *state;
	struct invitation invitation = invite(f);
	f->settings.enrol_timeout_s = 1;
	fake_aggregator_swallow_enrolled(f->fake);
	/* the answer is lost; the pending key says Hello and learns that it was taken */
	if (enrol(&f->settings, f->spool, &invitation, &f->err) != 0)
		fail_msg("%s", f->err.text);
	read_identity(f);
	/* the same line again: the present key stands */
	uint8_t before[32];
	memcpy(before, f->identity.public_key, 32);
	assert_int_equal(enrol(&f->settings, f->spool, &invitation, &f->err), 0);
	read_identity(f);
	assert_memory_equal(before, f->identity.public_key, 32);
}

static void invitation_that_is_not_known_is_refused(void **state)
{
	struct fixture *f = *state;
	struct invitation invitation = invite(f);
	char path[PATH_MAX];
	invitation.secret_key[5] ^= 1;
	assert_int_equal(enrol(&f->settings, f->spool, &invitation, &f->err), -EACCES);
	assert_non_null(strstr(f->err.text, "new one"));
	(void)snprintf(path, sizeof(path), "%s/%s", f->folder, IDENTITY_FILE);
	assert_int_equal(access(path, F_OK), -1);
}

static void invitation_that_is_used_too_often_is_told_to_wait(void **state)
{
	struct fixture *f = *state;
	struct invitation invitation = invite(f);
	uint8_t public_key[INVITATION_KEY_LEN];
	identity_public(invitation.secret_key, public_key);
	fake_aggregator_allow(f->fake, public_key, FAKE_KEY_HASTY);
	assert_int_equal(enrol(&f->settings, f->spool, &invitation, &f->err), -EAGAIN);
	assert_non_null(strstr(f->err.text, "again"));
}

static bool told_to_wait(struct fixture *f)
{
	struct uplink_look look;
	uplink_look(f->uplink, &look);
	return strstr(look.trouble, "asks this office to wait") != NULL;
}

static bool came_in(struct fixture *f)
{
	struct uplink_look look;
	uplink_look(f->uplink, &look);
	return look.connected && !*look.trouble;
}

static void key_that_was_used_too_often_says_so_and_comes_in_later(void **state)
{
	struct fixture *f = *state;
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_HASTY);
	start(f);
	wait_until(f, told_to_wait);
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	wait_until(f, came_in);
}

static void province_that_is_not_there_is_told(void **state)
{
	struct fixture *f = *state;
	struct invitation invitation = invite(f);
	f->settings.enrol_timeout_s = 1;
	(void)snprintf(invitation.address, sizeof(invitation.address), "127.0.0.1:1");
	assert_int_equal(enrol(&f->settings, f->spool, &invitation, &f->err), -ETIMEDOUT);
	assert_non_null(strstr(f->err.text, "127.0.0.1:1"));
}

static void identity_that_others_can_read_is_refused(void **state)
{
	struct fixture *f = *state;
	struct identity read;
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/%s", f->folder, IDENTITY_FILE);
	assert_int_equal(identity_read(path, &read, &f->err), -ENOENT);
	assert_int_equal(identity_write(path, &f->identity, &f->err), 0);
	assert_int_equal(identity_read(path, &read, &f->err), 0);
	assert_memory_equal(&read, &f->identity, sizeof(read));
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(identity_read(path, &read, &f->err), -EACCES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* --- the socket --- */

/* ZMQ_MAXMSGSIZE is of what CURVE made of a frame. */
static void a_frame_of_the_largest_size_reaches_the_office(void **state)
{
	struct fixture *f = *state;
	uint8_t public_key[32], secret_key[32];
	char endpoint[64] = "";
	size_t len = sizeof(endpoint);
	int yes = 1, no = 0, wait_ms = 20000;
	static uint8_t frame[WIRE_FRAME_MAX];
	crypto_box_keypair(public_key, secret_key);
	fake_aggregator_allow(f->fake, f->identity.public_key, FAKE_KEY_ACTIVE);
	void *router = zmq_socket(f->zmq_context, ZMQ_ROUTER);
	(void)zmq_setsockopt(router, ZMQ_CURVE_SERVER, &yes, sizeof(yes));
	(void)zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, secret_key, sizeof(secret_key));
	(void)zmq_setsockopt(router, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms));
	(void)zmq_setsockopt(router, ZMQ_LINGER, &no, sizeof(no));
	assert_int_equal(zmq_bind(router, "tcp://127.0.0.1:*"), 0);
	assert_int_equal(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &len), 0);

	struct dealer dealer;
	struct dealer_config config = { .address = endpoint + strlen("tcp://"),
					.server_key = public_key,
					.secret_key = f->identity.secret_key,
					.reconnect_ms = 10,
					.reconnect_max_ms = 20 };
	assert_int_equal(dealer_open(f->zmq_context, &config, &dealer, &f->err), 0);
	(void)zmq_setsockopt(dealer.socket, ZMQ_SNDTIMEO, &wait_ms, sizeof(wait_ms));
	(void)zmq_setsockopt(dealer.socket, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms));
	assert_int_equal(zmq_send(dealer.socket, "?", 1, 0), 1);
	uint8_t id[8], question[8];
	assert_int_equal(zmq_recv(router, id, sizeof(id), 0), 5);
	assert_int_equal(zmq_recv(router, question, sizeof(question), 0), 1);
	assert_int_equal(zmq_send(router, id, 5, ZMQ_SNDMORE), 5);
	assert_int_equal(zmq_send(router, frame, sizeof(frame), 0), sizeof(frame));
	int received = zmq_recv(dealer.socket, frame, sizeof(frame), 0);
	dealer_close(&dealer);
	(void)zmq_close(router);
	assert_int_equal(received, sizeof(frame));
}

int main(void)
{
	fault_install();
	const struct CMUnitTest tests[] = {
		TEST(recorded_figures_arrive_and_are_released),
		TEST(decisions_are_traced_at_the_level_debug_alone),
		TEST(it_knows_since_when),
		TEST(a_frame_of_the_largest_size_reaches_the_office),
		TEST(figures_survive_a_province_that_restarts),
		TEST(refused_key_is_told_and_works_once_it_is_allowed),
		TEST(refused_batch_is_kept_shown_and_tried_again),
		TEST(catalogue_is_kept_and_handed_on),
		TEST(edition_is_kept_whole_and_not_asked_for_again),
		TEST(province_that_is_set_back_to_an_older_program_sends_its_catalogue),
		TEST(the_ledgers_head_is_kept_told_and_asked_for),
		TEST(the_province_is_told_how_the_office_is),
		TEST(old_provinces_are_served_as_before),
		TEST(changed_catalogue_comes_over_a_connection_that_stands),
		TEST(changed_catalogue_comes_with_an_ack_too),
		TEST(changed_catalogue_comes_from_a_province_of_before_by_another_hello),
		TEST(catalogue_that_the_disk_did_not_take_comes_again),
		TEST(quarantined_figures_are_noted),
		TEST(what_was_released_is_heard_on_a_line_that_stands),
		TEST(restored_province_gets_again_what_it_lost),
		TEST(spool_that_was_rolled_back_goes_on_under_a_fresh_id),
		TEST(spool_from_an_old_copy_whose_numbers_were_given_again_loses_nothing),
		TEST(each_batch_tells_the_one_before_and_a_parted_life_goes_on_under_a_fresh_id),
		TEST(province_of_the_version_before_gets_what_it_knows),
		TEST(province_without_a_common_protocol_is_told_and_works_once_it_has_one),
		TEST(stopping_in_the_middle_leaves_nothing_open),
		TEST(invited_office_enrols_and_can_send),
		TEST(enrolment_cut_off_after_the_commit_is_mended_by_running_it_again),
		TEST(invitation_that_is_not_known_is_refused),
		TEST(invitation_that_is_used_too_often_is_told_to_wait),
		TEST(key_that_was_used_too_often_says_so_and_comes_in_later),
		TEST(province_that_is_not_there_is_told),
		TEST(identity_that_others_can_read_is_refused),
	};
	return cmocka_run_group_tests_name("uplink", tests, NULL, NULL);
}

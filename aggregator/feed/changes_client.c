#include "feed/changes_client.h"

#include "common/base/backoff.h"
#include "common/base/i18n.h"
#include "feed/client.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#define RETRY_MIN_MS 200u   /* a daemon that is started anew answers within a second */
#define RETRY_MAX_MS 30000u /* and a machine that is, within minutes */
#define SLICE_MS     100u   /* between looks whether it is over */
#define SLACK_S      30u    /* a page's work and its way, beyond the waiting */

struct changes_client {
	struct changes_client_config config;
};

int changes_client_open(const struct changes_client_config *config,
			struct changes_client **ret_client, struct err *err)
{
	struct changes_client *client = calloc(1, sizeof(*client));
	if (!client)
		return err_memory(err);
	client->config = *config;
	*ret_client = client;
	return 0;
}

void changes_client_close(struct changes_client *client)
{
	free(client);
}

/* --- what a page says, judged: a server may be of another version, or none of ours --- */

static int unfit(struct err *err, const char *what)
{
	return err_set(
		err, -EBADMSG,
		"what came is not a page of changes (%s); is the aggregator of another version?",
		what);
}

static bool integer_of(const json_t *object, const char *name, int64_t low, int64_t *ret)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_integer(value) || json_integer_value(value) < low)
		return false;
	*ret = json_integer_value(value);
	return true;
}

static bool text_of(const json_t *object, const char *name, const char **ret)
{
	*ret = json_string_value(json_object_get(object, name));
	return *ret != NULL;
}

static int page_judge(json_t *answer, int64_t after, struct changes_page *ret_page, struct err *err)
{
	struct changes_page page = { .answer = answer };
	json_t *items = json_object_get(answer, "items");
	char *end = NULL;
	if (!integer_of(answer, "epoch", 1, &page.epoch) ||
	    !integer_of(answer, "position", after, &page.position) ||
	    !text_of(answer, "head", &page.head_text) || !json_is_array(items))
		return unfit(err, "epoch, position, head, items");
	page.head = strtoll(page.head_text, &end, 10);
	page.n = json_array_size(items);
	/* Positions are without gaps: what is missing would be missing for ever. */
	if (*end != ':' || page.head < page.position || (uint64_t)(page.position - after) != page.n)
		return unfit(err, "position");
	*ret_page = page;
	return 0;
}

int changes_page_read(const void *text, size_t len, int64_t after, struct changes_page *ret_page,
		      struct err *err)
{
	json_t *answer = json_loadb(text, len, 0, NULL);
	int rc = answer ? page_judge(answer, after, ret_page, err) : unfit(err, "JSON");
	if (rc < 0)
		json_decref(answer);
	return rc;
}

static bool batch_read(const json_t *batch, struct changes_item *change)
{
	const char *spool = NULL;
	char *end = NULL;
	if (!integer_of(batch, "entry", 1, &change->batch.entry) ||
	    !integer_of(batch, "office_id", 1, &change->batch.office_id) ||
	    !integer_of(batch, "seq", 1, &change->batch.seq) ||
	    !text_of(batch, "office", &change->batch.office) ||
	    !text_of(batch, "day", &change->batch.day) || !text_of(batch, "spool", &spool))
		return false;
	errno = 0;
	change->batch.spool = strtoull(spool, &end, 10);
	/* As it is stored, or as figures: of the other way nothing is told. */
	const json_t *figures = json_object_get(batch, "figures"),
		     *holds = json_object_get(batch, "holds");
	bool raw = text_of(batch, "payload", &change->batch.payload) &&
		   text_of(batch, "held", &change->batch.held);
	if (!raw) {
		change->batch.payload = change->batch.held = NULL;
		change->batch.figures = figures;
		change->batch.holds = holds;
	}
	return *spool >= '0' && *spool <= '9' && *end == '\0' && errno == 0 &&
	       (raw || (json_is_array(figures) && json_is_array(holds)));
}

static bool event_read(const json_t *event, struct changes_item *change)
{
	const json_t *body = json_object_get(event, "body");
	change->event.text = json_string_value(body);
	change->event.body = json_is_object(body) ? body : NULL;
	return integer_of(event, "id", 1, &change->event.id) &&
	       integer_of(event, "after_entry", 0, &change->event.after_entry) &&
	       integer_of(event, "moves", 0, &change->event.moves) &&
	       text_of(event, "kind", &change->event.name) &&
	       text_of(event, "who", &change->event.who) &&
	       text_of(event, "detail", &change->event.detail) &&
	       (change->event.text || change->event.body);
}

int changes_item_read(const struct changes_page *page, size_t i, struct changes_item *ret_item,
		      struct err *err)
{
	const json_t *item = json_array_get(json_object_get(page->answer, "items"), i);
	const json_t *batch = json_object_get(item, "batch"),
		     *event = json_object_get(item, "event"),
		     *damaged = json_object_get(item, "damaged");
	struct changes_item change = { .kind = batch   ? CHANGES_BATCH
					       : event ? CHANGES_EVENT
						       : CHANGES_DAMAGED };
	bool fits = integer_of(item, "position", 1, &change.position) &&
		    change.position == page->position - (int64_t)(page->n - i) + 1;
	if (batch || event)
		fits = fits && integer_of(item, "at_us", INT64_MIN, &change.at_us) &&
		       text_of(item, "link", &change.link) &&
		       (batch ? batch_read(batch, &change) : event_read(event, &change));
	else
		fits = fits && text_of(damaged, "why", &change.why);
	if (!fits)
		return unfit(err, "an item");
	*ret_item = change;
	return 0;
}

int changes_bytes(const char *base64, struct blob *out, struct err *err)
{
	size_t len = strlen(base64), got = 0;
	if (blob_reserve(out, len / 4 * 3 + 3) < 0)
		return err_memory(err);
	if (sodium_base642bin(out->data + out->len, len / 4 * 3 + 3, base64, len, NULL, &got, NULL,
			      sodium_base64_VARIANT_ORIGINAL) < 0)
		return unfit(err, "base64");
	out->len += got;
	return 0;
}

int changes_figure_next(const struct changes_item *change, struct changes_figure *figure,
			struct err *err)
{
	struct changes_figure next = { .begun = true,
				       .run = figure->run,
				       .point = figure->begun ? figure->point + 1 : 0 };
	const json_t *runs = change->batch.figures, *run = json_array_get(runs, next.run);
	while (run && next.point >= json_array_size(json_object_get(run, "values"))) {
		run = json_array_get(runs, ++next.run);
		next.point = 0;
	}
	if (!run)
		return 0;
	const json_t *values = json_array_get(json_object_get(run, "values"), next.point);
	const json_t *value = json_array_get(values, 1);
	next.period = json_string_value(json_array_get(values, 0));
	next.value = json_string_value(value);
	next.held = json_string_value(json_array_get(values, 2));
	if (!text_of(run, "metric", &next.metric) || !text_of(run, "labels", &next.labels) ||
	    !text_of(run, "calendar", &next.calendar) || !next.period ||
	    !(next.value || json_is_null(value)) || json_array_size(values) != (next.held ? 3 : 2))
		return unfit(err, "a figure");
	*figure = next;
	return 1;
}

void changes_page_free(struct changes_page *page)
{
	json_decref(page->answer);
	*page = (struct changes_page){ 0 };
}

/* --- asking --- */

static int ask(const struct changes_client *client, int64_t after, int64_t epoch,
	       struct changes_page *ret_page, unsigned *ret_status, struct err *err)
{
	char texts[4][24];
	const struct changes_client_config *config = &client->config;
	(void)snprintf(texts[0], sizeof(texts[0]), "%" PRId64, after); /* these fit */
	(void)snprintf(texts[1], sizeof(texts[1]), "%" PRId64, epoch);
	(void)snprintf(texts[2], sizeof(texts[2]), "%u", config->wait_s);
	(void)snprintf(texts[3], sizeof(texts[3]), "%u", config->most);
	const struct argument arguments[] = { { "after", texts[0] },
					      { "epoch", epoch ? texts[1] : NULL },
					      { "wait", texts[2] },
					      { "most", config->most ? texts[3] : NULL },
					      { "figures", config->figures ? "1" : NULL } };
	const struct request request = { .method = "GET",
					 .path = "/v1/changes",
					 .arguments = arguments,
					 .n_arguments = sizeof(arguments) / sizeof(arguments[0]),
					 .accept = "application/json",
					 .limit_s = config->wait_s + SLACK_S,
					 .ret_status = ret_status };
	struct blob answer = { 0 };
	int rc = client_ask(config->api, &request, &answer, err);
	if (rc == -EREMOTEIO && *ret_status == 409)
		rc = err->code = -ESTALE;
	if (rc == 0)
		rc = changes_page_read(answer.data, answer.len, after, ret_page, err);
	blob_free(&answer);
	return rc;
}

/* Can it be otherwise a little later? */
static bool passes(int rc, unsigned status)
{
	return rc == -ECONNREFUSED || rc == -EIO || (rc == -EREMOTEIO && status >= 500);
}

/* False: it is over. */
static bool pause_for(const struct changes_client *client, uint64_t ms)
{
	const struct changes_client_config *config = &client->config;
	while (ms > 0 && !(config->is_over && config->is_over(config->context))) {
		uint64_t slice = ms < SLICE_MS ? ms : SLICE_MS;
		struct timespec time = { .tv_nsec = (long)slice * 1000000 };
		(void)nanosleep(&time, NULL); /* cut short by a signal: it looks earlier */
		ms -= slice;
	}
	return ms == 0;
}

int changes_next(struct changes_client *client, int64_t after, int64_t epoch,
		 struct changes_page *ret_page, struct err *err)
{
	const struct changes_client_config *config = &client->config;
	uint64_t began_ns = uv_hrtime(), patience_ns = config->patience_s * UINT64_C(1000000000);
	for (uint32_t attempt = 0;; attempt++) {
		unsigned status = 0;
		if (config->is_over && config->is_over(config->context))
			return err_set(err, -ECANCELED, "following the changes was ended");
		int rc = ask(client, after, epoch, ret_page, &status, err);
		uint64_t wait_ms = backoff_ms(RETRY_MIN_MS, RETRY_MAX_MS,
					      attempt < 16 ? attempt : 16, randombytes_random());
		if (rc == 0 || !passes(rc, status))
			return rc;
		if (uv_hrtime() - began_ns + wait_ms * 1000000 > patience_ns)
			return rc;
		if (!pause_for(client, wait_ms))
			return err_set(err, -ECANCELED, "following the changes was ended");
	}
}

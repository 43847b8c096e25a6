#include "api/clock_report.h"

#include "api/report.h"
#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/base/names.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/json_item.h"
#include "common/text/near_name.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define US_PER_S  1000000
#define ORDER_MAX 16u /* values in the JSON of an order */

json_t *clock_json(enum clock_witness witness, int64_t ahead_us)
{
	return json_pack("{s:s, s:s, s:I}", "witness", clock_witness_name(witness), "words",
			 _(clock_witness_words(witness)), "ahead_s",
			 (json_int_t)(ahead_us / US_PER_S));
}

static int add_start(void *context, const struct spool_start *start)
{
	json_t *row = json_pack(
		"{s:I, s:o, s:b, s:I, s:I, s:I, s:o, s:o}", "start", (json_int_t)start->number,
		"boot", report_text(start->boot), "running", (int)start->is_this_one, "figures",
		(json_int_t)start->figures, "first_s", (json_int_t)(start->first_us / US_PER_S),
		"last_s", (json_int_t)(start->last_us / US_PER_S), "metrics",
		report_text(start->metrics), "reason",
		start->reason ? report_told(start->reason) : json_null());
	return json_array_append_new(context, row) < 0 ? -ENOMEM : 0;
}

int clock_report(struct spool *spool, struct blob *out, struct err *err)
{
	struct clock *clock = spool_clock(spool);
	struct moment now = clock_now(clock);
	char text[INSTANT_TEXT_MAX];
	json_t *starts = json_array();
	int rc = starts ? spool_each_start(spool, add_start, starts, err) : err_memory(err);
	if (rc < 0) {
		json_decref(starts);
		return rc == -ENOMEM ? err_memory(err) : rc;
	}
	json_t *root = clock_json(clock_anchor(clock).witness, clock_ahead_us(clock));
	json_t *rest =
		json_pack("{s:b, s:s?, s:o}", "known", (int)now.known, "now",
			  now.known ? civil_format(now.at_us, text) : NULL, "starts", starts);
	if (!root || !rest || json_object_update(root, rest) < 0) {
		json_decref(root);
		root = NULL; /* report_dump() says so */
	}
	json_decref(rest);
	return report_dump(root, out, err);
}

/* @started is an instant or a day, which means its beginning. */
static int assign(struct spool *spool, int64_t number, const char *started,
		  struct spool_assigned *ret_assigned, struct err *err)
{
	int32_t day;
	int64_t start_us = 0;
	int rc = 0;
	struct err ignored; /* then it is an instant */
	if (day_parse(started, &day, &ignored) == 0)
		start_us = civil_day_start_us(day);
	else
		rc = civil_parse(started, &start_us, err);
	return rc < 0 ? rc : spool_assign(spool, number, start_us, ret_assigned, err);
}

/* 0: none. */
static int64_t start_number(const struct json_item *item)
{
	struct err ignored; /* the sentence below says what is wanted */
	int64_t number;
	if (!item || item->kind != ITEM_NUMBER ||
	    decimal_parse(item->text, strlen(item->text), 0, &number, &ignored) < 0)
		return 0;
	return number;
}

static int check_order(const struct json_item *order, struct err *err)
{
	static const char known[] = "start started drop";
	char shown[EXCERPT_MAX];
	/* I13: a name that is not known is an error that says what there is. */
	for (const struct json_item *field = order->first; field; field = field->next)
		if (order->kind == ITEM_OBJECT &&
		    names_find(known, field->name, strlen(field->name)) < 0) {
			(void)err_set(err, -EINVAL, "there is no field \"%s\" here; there are: %s",
				      utf8_excerpt(field->name, strlen(field->name), shown), known);
			return near_words_hint(err, known, field->name);
		}
	if (json_item_member(order, "started") && json_item_member(order, "drop"))
		return err_set(err, -EINVAL, "say when it started, or drop, and not both");
	return 0;
}

int clock_carry_out(struct spool *spool, const void *request, size_t len, struct blob *out,
		    struct err *err)
{
	struct spool_assigned assigned = { 0 };
	uint64_t dropped = 0;
	struct arena *arena = arena_open(json_item_room(len, ORDER_MAX));
	struct json_item *root = NULL;
	int64_t number = 0;
	int rc = arena ? json_item_read(request, len, ORDER_MAX, arena, &root, err)
		       : err_memory(err);
	if (rc == 0)
		rc = check_order(root, err);
	const struct json_item *started = rc == 0 ? json_item_member(root, "started") : NULL;
	const struct json_item *drop = rc == 0 ? json_item_member(root, "drop") : NULL;
	if (rc == 0)
		number = start_number(json_item_member(root, "start"));
	if (rc == 0 && number > 0 && started && started->kind == ITEM_TEXT)
		rc = assign(spool, number, started->text, &assigned, err);
	else if (rc == 0 && number > 0 && drop && drop->kind == ITEM_TRUE)
		rc = spool_drop_start(spool, number, &dropped, err);
	else if (rc == 0)
		rc = err_set(err, -EINVAL, "say {\"start\": N, \"started\": DATE-TIME}, or drop");
	arena_close(arena);
	if (rc < 0)
		return rc;
	return report_dump(json_pack("{s:I, s:I, s:I, s:I}", "dated", (json_int_t)assigned.dated,
				     "superseded", (json_int_t)assigned.superseded, "left",
				     (json_int_t)assigned.left, "dropped", (json_int_t)dropped),
			   out, err);
}

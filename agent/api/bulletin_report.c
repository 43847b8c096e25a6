#include "api/bulletin_report.h"

#include "api/report.h"
#include "common/base/names.h"
#include "common/base/utf8.h"
#include "common/model/period.h"
#include "common/text/json_item.h"
#include "common/text/near_name.h"

#include <errno.h>
#include <string.h>

static json_t *closed_json(const Lantoa__V1__Standing *standing)
{
	json_t *array = json_array();
	for (size_t i = standing->n_closing; i > 0; i--) {
		const Lantoa__V1__Closing *closing = standing->closing[i - 1];
		json_t *row = json_pack(
			"{s:o, s:s, s:o, s:o}", "period", report_text(closing->period), "calendar",
			calendar_name(closing->calendar ? CALENDAR_REPORT : CALENDAR_CIVIL),
			"metric", *closing->metric ? report_text(closing->metric) : json_null(),
			"since", report_instant(closing->closed_us));
		if (json_array_append_new(array, row) < 0) {
			json_decref(array);
			return NULL; /* as when memory ran out above: json_pack() fails by it */
		}
	}
	return array;
}

static json_t *released_json(const Lantoa__V1__Standing *standing)
{
	json_t *array = json_array();
	uint64_t figures;
	for (size_t i = 0, next; i < standing->n_released; i = next) {
		const Lantoa__V1__Waiting *first = standing->released[i];
		next = bulletin_let_in(standing, i, &figures);
		json_t *row = json_pack("{s:I, s:o, s:o}", "figures", (json_int_t)figures, "at",
					report_instant(first->at_us), "reason",
					report_told(first->reason));
		if (json_array_append_new(array, row) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *messages_json(const struct bulletin *told)
{
	const Lantoa__V1__Standing *standing = told->standing;
	json_t *array = json_array();
	for (size_t i = standing->n_message; i > 0; i--) {
		const Lantoa__V1__Message *message = standing->message[i - 1];
		json_t *row = json_pack(
			"{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "message",
			(json_int_t)message->id, "at", report_instant(message->at_us), "who",
			report_text(message->who), "text", report_text(message->text), "metric",
			report_text(message->metric), "labels", report_text(message->labels),
			"period", report_text(message->period), "news",
			(int)bulletin_is_news(told, message));
		if (json_array_append_new(array, row) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *bulletin_json(const struct bulletin *told)
{
	const Lantoa__V1__Standing *standing = told ? told->standing : NULL;
	if (!standing)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "unit", report_text(standing->unit),
			 "unit_name", report_text(standing->unit_name), "level",
			 report_text(standing->level), "closed", closed_json(standing),
			 "waiting_more", (json_int_t)standing->waiting_more, "released",
			 released_json(standing), "messages", messages_json(told));
}

/* --- read --- */

#define ORDER_MAX 4u /* values in the order */

/* -EINVAL: it is neither. @ret_id 0: all. */
static int order_read(const void *request, size_t len, uint64_t *ret_id, struct err *err)
{
	struct arena *arena = arena_open(json_item_room(len, ORDER_MAX));
	struct json_item *root = NULL;
	uint64_t id = 0;
	int rc = arena ? json_item_read(request, len, ORDER_MAX, arena, &root, err)
		       : err_memory(err);
	const struct json_item *number = NULL, *all = NULL;
	static const char known[] = "message all";
	char shown[EXCERPT_MAX];
	/* I13: a name that is not known is an error that says what there is. */
	for (const struct json_item *field = rc == 0 ? root->first : NULL; field && rc == 0;
	     field = field->next)
		if (root->kind == ITEM_OBJECT &&
		    names_find(known, field->name, strlen(field->name)) < 0) {
			(void)err_set(err, -EINVAL, "there is no field \"%s\" here; there are: %s",
				      utf8_excerpt(field->name, strlen(field->name), shown), known);
			rc = near_words_hint(err, known, field->name);
		}
	if (rc == 0 && root->kind == ITEM_OBJECT) {
		number = json_item_member(root, "message");
		all = json_item_member(root, "all");
	}
	if (number && number->kind == ITEM_NUMBER && strlen(number->text) < 19 &&
	    strspn(number->text, "0123456789") == strlen(number->text))
		for (const char *at = number->text; *at; at++)
			id = id * 10 + (uint64_t)(*at - '0');
	if (rc == 0 && (number != NULL) == (all != NULL))
		rc = -EINVAL;
	if (rc == 0 && (number ? id == 0 : all->kind != ITEM_TRUE))
		rc = -EINVAL;
	if (rc == -EINVAL && err->code == 0)
		(void)err_set(err, rc, "say {\"message\": N}, or {\"all\": true}");
	arena_close(arena);
	*ret_id = id;
	return rc;
}

int bulletin_carry_out(struct spool *spool, const void *request, size_t len, struct blob *out,
		       struct err *err)
{
	uint64_t id;
	size_t n = 0;
	int rc = order_read(request, len, &id, err);
	if (rc == 0)
		rc = bulletin_mark_read(spool, id, &n, err);
	return rc < 0 ? rc : report_dump(json_pack("{s:I}", "read", (json_int_t)n), out, err);
}

#include "dashboard/order.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "dashboard/frame.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void order_init(struct order *order, const struct act *act)
{
	*order = (struct order){ .act = act };
}

void order_deinit(struct order *order)
{
	for (size_t i = 0; i < ACT_FIELDS_MAX; i++)
		free(order->values[i]);
	free(order->back);
	free(order->trouble);
	blob_free(&order->table);
	blob_free(&order->body);
	*order = (struct order){ 0 };
}

/* --- what it says --- */

static bool is_in(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; at && (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

static int text_take(char **ret_text, const char *value, struct err *err)
{
	char *copy = strdup(value);

	if (!copy)
		return err_memory(err);
	free(*ret_text);
	*ret_text = copy;
	return 0;
}

/* What has no value is not given: a form sends what nobody filled in. */
static int field_take(struct order *order, const char *name, const char *value, struct err *err)
{
	const struct act_field *field = act_field(order->act, name);
	char **at;

	if (strcmp(name, "back") == 0)
		return text_take(&order->back, value, err);
	if (!field)
		return err_set(err, -EINVAL, "this page has no use for '%s'; leave it out", name);
	at = &order->values[field - order->act->fields];
	if (*at)
		return err_set(err, -EINVAL, "'%s' is given twice; give it once", name);
	if (!*value)
		return 0;
	if (strlen(value) >= ORDER_VALUE_MAX)
		return err_set(err, -EINVAL, "'%s' is too long", name);
	if (field->kind == ACT_WORD && !is_in(field->words, value))
		return err_set(err, -EINVAL, "'%s' can be: %s", name, field->words);
	return text_take(at, value, err);
}

int order_take(struct order *order, const char *name, const char *value, struct err *err)
{
	if (strcmp(name, "seen") == 0)
		(void)snprintf(order->seen, sizeof(order->seen), "%s", value); /* cut: no digest */
	else if (strcmp(name, "yes") == 0)
		order->meant = *value != '\0';
	else
		return field_take(order, name, value, err);
	return 0;
}

static int too_large(struct err *err)
{
	return err_set(err, -E2BIG,
		       "this table is larger than 2 MiB, which is the most that this page takes; "
		       "on the province's machine lantoa imports larger ones");
}

/* A browser sends lines ended by "\r\n", whatever the file had: what counts is what is kept, or a
 * table that was shown could be too large to be agreed to. */
int order_take_table(struct order *order, const char *text, size_t len, struct err *err)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t n = 0;

	blob_free(&order->table);
	if (len >= 3 && memcmp(text, mark, 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (len == 0)
		return err_set(err, -EINVAL, "choose a file; this one is empty");
	if (len > 2 * (size_t)ORDER_TABLE_MAX)
		return too_large(err);
	if (memchr(text, '\0', len) || !utf8_valid(text, len))
		return err_set(err, -EINVAL,
			       "this file is no text in UTF-8; in a spreadsheet, save it as "
			       "CSV UTF-8");
	for (size_t i = 0; i < len; i = n) {
		size_t end;

		n = i;
		while (n < len && text[n] != '\r')
			n++;
		end = n;
		if (n < len && ++n < len && text[n] == '\n')
			n++;
		if (blob_append(&order->table, text + i, end - i) < 0 ||
		    (n > end && blob_append(&order->table, "\n", 1) < 0))
			return err_memory(err);
	}
	if (order->table.len <= ORDER_TABLE_MAX)
		return 0;
	blob_free(&order->table);
	return too_large(err);
}

/* "/act/close?period=2025-06&structure=2025-07-01&back=/closed": what views keep makes the view. */
int order_read(const struct act *act, const char *target, struct view *ret_view,
	       struct order *ret_order, struct err *err)
{
	size_t len = strcspn(target, "?"), n = 0;
	char path[VIEW_PATH_MAX], *query, *kept;
	struct field *fields = NULL;
	int rc;

	(void)snprintf(path, sizeof(path), ACT_PATH "%s", act->name); /* fits: names of ours */
	order_init(ret_order, act);
	query = strdup(target[len] ? target + len + 1 : "");
	kept = malloc(VIEW_PATH_MAX + 3 * strlen(target) + 1);
	if (!query || !kept) {
		free(query);
		free(kept);
		return err_memory(err);
	}
	rc = urlencoded_parse(query, strlen(query), &fields, &n, err);
	strcpy(kept, path);
	for (size_t i = 0, at = strlen(path); i < n && rc == 0; i++) {
		if (!view_is_kept(fields[i].name)) {
			rc = field_take(ret_order, fields[i].name, fields[i].value, err);
			continue;
		}
		at += (size_t)sprintf(kept + at, "%c%s=", strchr(kept, '?') ? '&' : '?',
				      fields[i].name); /* it has the room, as below */
		(void)urlencoded_write(fields[i].value, kept + at, 3 * strlen(fields[i].value) + 1);
		at += strlen(kept + at);
	}
	if (rc == 0)
		rc = view_read(kept, ret_view, err);
	free(fields);
	free(query);
	free(kept);
	return rc;
}

const char *order_value(const struct order *order, const char *name)
{
	const struct act_field *field = act_field(order->act, name);
	const char *value = field ? order->values[field - order->act->fields] : NULL;

	return value ? value : "";
}

const char *order_address(const struct order *order, const struct view *view,
			  char text[QUESTION_MAX])
{
	struct question address;
	const char *kept, *value;
	size_t at = 0;

	question_begin(&address, view->path);
	for (const struct act_field *field = order->act->fields; field->name; field++)
		question_add(&address, field->name, order_value(order, field->name));
	while (view_next(view, &at, &kept, &value))
		question_add(&address, kept, value);
	question_add(&address, "back", order->back);
	(void)snprintf(text, QUESTION_MAX, "%s",
		       address.cut ? view->path : address.target); /* as long */
	return text;
}

bool order_is_whole(const struct order *order)
{
	const struct act *act = order->act;
	bool any = !act->any_of;

	for (const struct act_field *field = act->fields; field->name; field++) {
		bool given = order->values[field - act->fields];

		if (field->needed && !given)
			return false;
		any = any || (given && is_in(act->any_of, field->name));
	}
	return any && (!act->table || order->table.len > 0);
}

bool order_is_agreed(const struct order *order)
{
	return order->act->path && *order->seen && strcmp(order->seen, order->digest) == 0 &&
	       (order->meant || !order->needs_yes) && !order->nothing && !order->trouble;
}

unsigned order_status(const struct order *order)
{
	if (order->trouble)
		return order->status;
	return *order->seen ? 409 : 200; /* it was not done */
}

void order_trouble(struct order *order, unsigned status, const char *sentence)
{
	/* What a command lists, this page has links to. */
	const char *command = strstr(sentence, "; `lantoa ");
	bool last = command && !strchr(command + 1, ';');
	char *copy = last ? strndup(sentence, (size_t)(command - sentence)) : strdup(sentence);

	free(order->trouble);
	order->trouble = copy ? copy : strdup("");
	order->status = status;
}

const char *order_home(const struct order *order, char text[ORDER_HOME_MAX])
{
	const char *home = order->act->home;
	size_t len = strlen(home);

	if (order->back && *order->back)
		return order->back;
	if (len > 1 && home[len - 1] == '/' && !*order->office)
		len--;
	(void)snprintf(text, ORDER_HOME_MAX, "%.*s%s", (int)len, home,
		       len > 1 && home[len - 1] == '/' ? order->office : ""); /* fits */
	return text;
}

/* --- what is sent --- */

static int body_make(struct order *order, struct err *err)
{
	json_t *object = json_object();
	char *text;
	int rc = object ? 0 : -ENOMEM;

	for (const struct act_field *field = order->act->fields; field->name && rc == 0; field++) {
		const char *value = order->values[field - order->act->fields];

		if (value)
			rc = json_object_set_new(
				object, field->key,
				json_string(field->kind == ACT_YES ? "yes" : value));
	}
	text = rc == 0 ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	blob_free(&order->body);
	rc = text ? blob_append(&order->body, text, strlen(text)) : -ENOMEM;
	free(text);
	return rc < 0 ? err_memory(err) : 0;
}

int order_sending(struct order *order, bool trial, struct sending *ret_sending, struct err *err)
{
	const struct act *act = order->act;
	char *target = trial ? order->trial : order->target;
	int rc = act->table ? 0 : body_make(order, err);

	if (rc < 0)
		return rc;
	(void)snprintf(target, ORDER_TARGET_MAX, "%s%s", act->path,
		       trial                        ? "?dry_run=1"
		       : act->table && order->meant ? "?yes=1"
						    : ""); /* fits: paths of ours */
	*ret_sending = (struct sending){
		.method = act->method,
		.target = target,
		.type = act->table ? "text/csv" : "application/json",
		.body = (const char *)(act->table ? order->table.data : order->body.data),
		.len = act->table ? order->table.len : order->body.len,
		/* Another's import may come between the trial and this. */
		.match = !trial && *order->replaced ? order->replaced : NULL,
	};
	return 0;
}

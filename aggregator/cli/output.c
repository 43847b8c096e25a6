#include "cli/output.h"

#include "cli/args.h"
#include "cli/caption.h"
#include "cli/draw.h"
#include "cli/wide.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"
#include "common/text/csv_table.h"
#include "export/head.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *output_type(enum format format)
{
	return format == FORMAT_JSON ? "application/json" : "text/csv";
}

static int put(const void *text, size_t len, struct err *err)
{
	if (fwrite(text, 1, len, stdout) != len)
		return err_set(err, -EIO, "cannot write the answer: %s", err_strerror(-errno));
	return 0;
}

/* A file or a program gets every byte as it came; a terminal gets nothing that it would obey. */
static int print(const void *text, size_t len, struct err *err)
{
	char *shown;
	int rc;

	if (isatty(STDOUT_FILENO) != 1)
		return put(text, len, err);
	shown = strndup(len ? text : "", len);
	if (!shown)
		return err_memory(err);
	rc = put(shown, utf8_clean(shown, "\n\t"), err);
	free(shown);
	return rc;
}

int output_bytes(const void *text, size_t len, struct err *err)
{
	return print(text, len, err);
}

int output_strange(struct err *err)
{
	return err_set(err, -EIO,
		       "the answer is not what an aggregator says; are lantoa and "
		       "lantoa-aggregator of one version?");
}

struct drawn_room output_room(const struct order *order)
{
	order->screen->page = true;
	return (struct drawn_room){ order->screen->columns, order->screen->colour, "--format csv" };
}

/* The answer about several names has the metric in front (query.h). */
static int draw(const struct order *order, const struct table *table, struct err *err)
{
	const char *path = order->args->command->path;

	const struct drawn_room room = output_room(order);

	if (path && strcmp(path, "/v1/query") == 0 && strcmp(table_column(table, 0), "metric") == 0)
		return wide_draw(
			table, args_option(order->args, "sort") || args_option(order->args, "top"),
			&room, stdout, err);
	return draw_table(table, order->args->command->show, &room, stdout, err);
}

/* Nobody looked yet: that there is nothing is not known. */
static bool is_not_known(const char *text)
{
	struct head *told = NULL;
	struct err unread;
	bool known = head_read(text, &told, &unread) < 0 || !head_text(told, "alerts", "last") ||
		     head_text(told, "alerts", "looked");

	head_close(told);
	return !known;
}

static int say_it_is_not_known(struct err *err)
{
	const char *text = _("Not known yet: the province looks as soon as it is up.");
	int rc = print(text, strlen(text), err);

	return rc == 0 ? print("\n", 1, err) : rc;
}

static int say_there_are_none(const struct order *order, struct err *err)
{
	const char *empty = order->args->command->empty;
	const char *none = empty ? _(empty) : _("The list is empty.\n");

	return print(none, strlen(none), err);
}

int output_left_out(const char *head, FILE *out, struct err *err)
{
	struct head *told = NULL;
	const char *rows, *shown, *all;
	int rc = head_read(head, &told, err);

	if (rc < 0)
		return rc;
	rows = head_text(told, "query", "left_out_rows");
	shown = head_text(told, "query", "top");
	all = head_text(told, "query", "top_of");
	unsigned long n = rows ? strtoul(rows, NULL, 10) : 0;
	if (n > 0 && shown && all)
		fprintf(out,
			ngettext("--top %s of %s: %lu row is left out\n",
				 "--top %s of %s: %lu rows are left out\n", n),
			shown, all, n);
	head_close(told);
	return 0;
}

int output_rows(const struct order *order, const struct blob *answer, const char *head,
		struct err *err)
{
	struct table *table = NULL;
	struct err why;
	int rc;

	if (order->format != FORMAT_TABLE) {
		rc = print(answer->data, answer->len, err);
		return rc == 0 ? output_left_out(head, stderr, err) : rc;
	}
	if (csv_table((const char *)answer->data, answer->len, &table, &why) < 0)
		return output_strange(err);
	rc = caption_write(head, stdout, err);
	if (rc == 0)
		rc = table_rows(table) > 0 ? draw(order, table, err)
		     : is_not_known(head)  ? say_it_is_not_known(err)
					   : say_there_are_none(order, err);
	if (rc == 0)
		rc = output_left_out(head, stdout, err);
	table_close(table);
	return rc;
}

/* Texts and whole numbers, which is all that such an object holds; "" for the rest. */
static const char *value_text(const json_t *value, char number[24])
{
	if (json_is_integer(value)) {
		(void)snprintf(number, 24, "%lld", (long long)json_integer_value(value));
		return number;
	}
	return json_is_string(value) ? json_string_value(value) : "";
}

static json_t *read_object(const struct blob *answer)
{
	json_t *json = answer_read(answer->data, answer->len);

	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

/* The one place where a format is no literal: the sentence comes from the table of commands or
 * from its translation, which msgfmt --check holds to the same conversions. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void print_sentence(const char *sentence, const char *value)
{
	printf(_(sentence), value);
}
#pragma GCC diagnostic pop

static void print_done(const struct command *command, const char *value)
{
	if (command->one && strcmp(value, "1") == 0)
		printf("%s", _(command->one));
	else if (command->none && strcmp(value, "0") == 0)
		printf("%s", _(command->none));
	else
		print_sentence(command->done, value);
}

void output_warn(const char *text)
{
	char *shown = strdup(text);

	if (!shown)
		return; /* what was done is told, and the log has the rest */
	(void)utf8_clean(shown, "");
	screen_complain("lantoa: ", shown);
	free(shown);
}

int output_value(const struct order *order, const struct blob *answer, struct err *err)
{
	json_t *json;
	char number[24];
	const char *name, *text;

	if (order->format == FORMAT_JSON)
		return print(answer->data, answer->len, err);
	json = answer->len ? read_object(answer) : NULL;
	if (!json_object_iter(json)) {
		json_decref(json);
		return output_strange(err);
	}
	name = json_object_iter_key(json_object_iter(json));
	text = value_text(json_object_iter_value(json_object_iter(json)), number);
	if (order->format == FORMAT_CSV)
		printf("%s\n%s\n", name, text);
	else
		print_done(order->args->command, text);
	if (json_is_string(json_object_get(json, "warning")))
		output_warn(json_string_value(json_object_get(json, "warning")));
	json_decref(json);
	return 0;
}

/* Columns by the first row's keys: the aggregator gives each row the same. NULL: out of memory. */
static struct table *table_of_rows(const json_t *rows)
{
	const char *names[64];
	size_t n = 0;
	struct table *table;
	json_t *first = json_array_get(rows, 0);

	for (void *at = json_object_iter(first); at && n < 64;
	     at = json_object_iter_next(first, at))
		names[n++] = json_object_iter_key(at);
	table = n > 0 ? table_open(names, n) : NULL;
	for (size_t row = 0; table && row < json_array_size(rows); row++) {
		table_row(table);
		for (size_t i = 0; i < n; i++) {
			char number[24];
			const json_t *cell = json_object_get(json_array_get(rows, row), names[i]);

			table_text(table, json_is_null(cell) ? NULL : value_text(cell, number));
		}
	}
	if (table && table_failed(table)) {
		table_close(table);
		return NULL;
	}
	return table;
}

static const char ill[] = "ill";

static enum gravity gravity_of(const char *object)
{
	return strcmp(object, ill) == 0      ? GRAVITY_BAD
	       : strcmp(object, "note") == 0 ? GRAVITY_WARNING
	       : strcmp(object, "well") == 0 ? GRAVITY_GOOD
					     : GRAVITY_NONE;
}

static void print_heads(json_t *json, bool colour)
{
	for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at)) {
		json_t *object = json_object_iter_value(at);

		for (void *in = json_object_iter(object); in;
		     in = json_object_iter_next(object, in)) {
			char number[24];

			const char *text = value_text(json_object_iter_value(in), number);

			enum gravity gravity = gravity_of(json_object_iter_key(at));

			if (gravity != GRAVITY_NONE)
				printf("%s%s%s\n", colour ? drawn_colour(gravity) : "", text,
				       colour ? DRAWN_PLAIN : "");
			else
				draw_head(json_object_iter_key(at), json_object_iter_key(in), text,
					  stdout);
		}
	}
}

static int print_report(const struct order *order, json_t *json, struct err *err)
{
	const json_t *rows = json_object_get(json, "rows");
	const struct drawn_room room = output_room(order);
	struct table *table;
	int rc;

	if (order->format == FORMAT_TABLE)
		print_heads(json, room.colour);
	if (json_array_size(rows) == 0)
		return order->format == FORMAT_TABLE && json_object_size(json) == 1
			       ? say_there_are_none(order, err)
			       : 0;
	table = table_of_rows(rows);
	if (!table)
		return err_set(err, -ENOMEM, "out of memory");
	if (order->format == FORMAT_TABLE) {
		printf("\n");
		rc = draw_table(table, order->args->command->show, &room, stdout, err);
	} else {
		rc = output_table(order, table, err);
	}
	table_close(table);
	return rc;
}

int output_report(const struct order *order, const struct blob *answer, struct err *err)
{
	json_t *json = answer->len ? read_object(answer) : NULL;
	int rc;

	if (!json || !json_is_array(json_object_get(json, "rows"))) {
		json_decref(json);
		return output_strange(err);
	}
	rc = order->format == FORMAT_JSON ? print(answer->data, answer->len, err)
					  : print_report(order, json, err);
	json_decref(json);
	return rc;
}

bool output_is_ill(const struct blob *answer)
{
	json_t *json = answer->len ? read_object(answer) : NULL;
	bool is_ill = json_object_get(json, ill);

	json_decref(json);
	return is_ill;
}

int output_table(const struct order *order, const struct table *table, struct err *err)
{
	struct blob text = { 0 };
	int rc = table_failed(table)            ? -ENOMEM
		 : order->format == FORMAT_JSON ? table_json(table, &text)
						: table_csv(table, &text);

	rc = rc < 0 ? err_memory(err) : print(text.data, text.len, err);
	blob_free(&text);
	return rc;
}

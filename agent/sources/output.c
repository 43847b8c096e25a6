#include "sources/output.h"

#include "common/base/arena.h"
#include "common/base/blob.h"
#include "common/base/utf8.h"
#include "common/model/labels.h"
#include "import/import.h"
#include "office/commandline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX (16u * 1024 * 1024)
#define LINE_LEN  1024u

struct output {
	struct blob entries; /* owned; struct entry each */
	struct arena *texts; /* owned */
	char error[512];     /* the first */
	unsigned error_line;
};

static const char *keep(struct output *output, const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = arena_alloc_raw(output->texts, len);
	return copy ? memcpy(copy, text, len) : NULL;
}

static int add(struct output *output, const struct entry *entry, struct err *err)
{
	struct entry kept = { .metric = keep(output, entry->metric),
			      .value = entry->value ? keep(output, entry->value) : NULL,
			      .period = entry->period ? keep(output, entry->period) : NULL,
			      .labels = keep(output, entry->labels) };
	if (output->entries.len / sizeof(kept) >= OUTPUT_FIGURES_MAX)
		return err_set(err, -E2BIG, "more than %u figures at once", OUTPUT_FIGURES_MAX);
	if (!kept.metric || !kept.labels || (entry->value && !kept.value) ||
	    (entry->period && !kept.period) ||
	    blob_append(&output->entries, &kept, sizeof(kept)) < 0)
		return err_memory(err);
	return 0;
}

/* --- lines --- */

/* "name=value" into two texts. */
static int split(char *word, const char **ret_value, struct err *err)
{
	char shown[EXCERPT_MAX];
	*ret_value = commandline_value(word);
	return *ret_value ? 0
			  : err_set(err, -EINVAL,
				    "'%s' is not NAME=VALUE; a line is METRIC=VALUE, then period=P "
				    "and labels",
				    utf8_excerpt(word, strlen(word), shown));
}

static int take_words(struct output *output, char *const words[], size_t n, struct err *err)
{
	struct label list[LABELS_MAX + 1];
	char labels[LABELS_TEXT_MAX];
	size_t n_labels = 0;
	struct entry entry = { .metric = words[0], .labels = labels };
	int rc = split(words[0], &entry.value, err);
	for (size_t i = 1; i < n && rc == 0; i++) {
		const char *value = "";
		rc = split(words[i], &value, err);
		if (rc == 0 && strcmp(words[i], "period") == 0)
			entry.period = value;
		else if (rc == 0 && n_labels <= LABELS_MAX)
			list[n_labels++] = (struct label){ words[i], value };
	}
	if (rc == 0)
		rc = labels_canonical(list, n_labels, labels, err);
	if (rc < 0)
		return rc;
	if (strcmp(entry.value, "-") == 0)
		entry.value = NULL;
	return add(output, &entry, err);
}

static int take_line(struct output *output, const char *text, size_t len, struct err *err)
{
	char line[LINE_LEN], *words[COMMANDLINE_WORDS + 1];
	size_t n;
	if (len >= sizeof(line) || memchr(text, '\0', len))
		return err_set(err, -EINVAL, "the line is too long or holds a NUL byte");
	memcpy(line, text, len);
	line[len] = '\0';
	line[strcspn(line, "\r")] = '\0';
	int rc = commandline_split(line, words, &n, err);
	if (rc < 0 || n == 0 || words[0][0] == '#')
		return rc;
	return take_words(output, words, n, err);
}

static int read_lines(struct output *output, const char *text, size_t len, struct err *err)
{
	const char *end = text + len;
	for (size_t number = 1; text < end; number++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((stop ? stop : end) - text);
		int rc = take_line(output, text, line, err);
		if (rc < 0)
			return err_wrap(err, "line %zu", number);
		text += line + 1;
	}
	return 0;
}

/* --- CSV --- */

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	(void)judged;    /* the recorder judges them with others */
	(void)ret_found; /* nobody sits there to be asked */
	int rc = 0;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add(context, &entries[i], err);
	return rc;
}

static void on_error(void *context, const struct import_diagnostic *error)
{
	struct output *output = context;
	char column[EXCERPT_MAX];
	if (!*output->error)
		(void)utf8_print(output->error, sizeof(output->error), "%s%s%s",
				 utf8_excerpt(error->column, strlen(error->column), column),
				 *error->column ? ": " : "", error->why); /* cut is fine */
	if (output->error_line == 0)
		output->error_line = error->line;
}

static int read_csv(struct output *output, const char *text, size_t len,
		    const struct catalogue *catalogue, int64_t now_us, struct err *err)
{
	struct import_result result;
	struct import_config config = { .catalogue = catalogue,
					.now_us = now_us,
					.on_entries = on_entries,
					.on_error = on_error,
					.context = output };
	int rc = import_csv(&config, "output", text, len, &result, err);
	if (rc == 0 && result.rejected > 0)
		return err_set(err, -EINVAL, "line %u: %s", output->error_line, output->error);
	return rc;
}

/* --- either --- */

/* Is the first line that says something a figure? CSV's is a header. */
static bool is_lines(const char *text, size_t len)
{
	const char *end = text + len;
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((stop ? stop : end) - text), blanks = 0;
		while (blanks < line && strchr(" \t\r", text[blanks]))
			blanks++;
		if (blanks < line && text[blanks] != '#')
			return memchr(text, '=', line) != NULL;
		text += line + 1;
	}
	return true; /* there is nothing */
}

int output_read(const char *text, size_t len, const struct catalogue *catalogue, int64_t now_us,
		struct output **ret_output, struct err *err)
{
	struct output *output = calloc(1, sizeof(*output));
	if (output)
		output->texts = arena_open(TEXTS_MAX);
	int rc = 0;
	if (!output || !output->texts)
		rc = err_memory(err);
	else if (is_lines(text, len))
		rc = read_lines(output, text, len, err);
	else
		rc = read_csv(output, text, len, catalogue, now_us, err);
	if (rc < 0)
		output_close(output);
	else
		*ret_output = output;
	return rc;
}

const struct entry *output_entries(const struct output *output, size_t *ret_n)
{
	*ret_n = output->entries.len / sizeof(struct entry);
	return (const struct entry *)(const void *)output->entries.data;
}

void output_close(struct output *output)
{
	if (!output)
		return;
	blob_free(&output->entries);
	arena_close(output->texts);
	free(output);
}

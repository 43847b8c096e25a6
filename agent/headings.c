#include "headings.h"

#include "viet.h"

#include <stdlib.h>
#include <string.h>

struct name {
	char *key; /* owned */
	struct heading heading;
};

struct headings {
	struct name *names; /* owned [n], sorted by key, each key once */
	size_t n, room;
};

static const struct {
	const char *text;
	enum role role;
	bool plain;
} words[] = {
	{ "period", ROLE_PERIOD, true },
	{ "kỳ", ROLE_PERIOD, false },
	{ "kỳ báo cáo", ROLE_PERIOD, false },
	{ "kỳ số liệu", ROLE_PERIOD, false },
	{ "metric", ROLE_METRIC, true },
	{ "chỉ tiêu", ROLE_METRIC, false },
	{ "tên chỉ tiêu", ROLE_METRIC, false },
	{ "value", ROLE_VALUE, true },
	{ "giá trị", ROLE_VALUE, false },
	{ "số liệu", ROLE_VALUE, false },
	{ "labels", ROLE_LABELS, true },
	{ "nhãn", ROLE_LABELS, false },
	{ "stt", ROLE_NOTE, false },
	{ "tt", ROLE_NOTE, false },
	{ "số tt", ROLE_NOTE, false },
	{ "no.", ROLE_NOTE, false },
	{ "ghi chú", ROLE_NOTE, false },
	{ "note", ROLE_NOTE, false },
	{ "notes", ROLE_NOTE, false },
	{ "đơn vị tính", ROLE_NOTE, false },
	{ "đvt", ROLE_NOTE, false },
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

static int add(struct headings *headings, const char *text, struct heading heading, struct err *err)
{
	char key[VIET_KEY_MAX];
	if (!text || !*text || !viet_key(text, key))
		return 0; /* nobody can write that */
	if (headings->n == headings->room) {
		size_t room = headings->room ? headings->room * 2 : 64;
		struct name *names = realloc(headings->names, room * sizeof(*names));
		if (!names)
			return err_memory(err);
		headings->names = names;
		headings->room = room;
	}
	char *copy = strdup(key);
	if (!copy)
		return err_memory(err);
	headings->names[headings->n++] = (struct name){ copy, heading };
	return 0;
}

static int add_metric(struct headings *headings, const struct metric *metric, struct err *err)
{
	struct heading heading = { .role = ROLE_FIGURES, .plain = true, .metric = metric };
	int rc = add(headings, metric->name, heading, err);
	for (size_t i = 0; i < metric->n_dimensions && rc == 0; i++)
		rc = add(headings, metric->dimensions[i],
			 (struct heading){ .role = ROLE_DIMENSION,
					   .plain = true,
					   .dimension = metric->dimensions[i] },
			 err);
	heading.plain = false;
	if (rc == 0)
		rc = add(headings, metric->label_vi, heading, err);
	return rc == 0 ? add(headings, metric->label_en, heading, err) : rc;
}

static int by_key(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	return strcmp(x->key, y->key);
}

/* Which of two that are called the same is meant? A metric by its name before everything; then our
 * own words; then dimensions; then labels, and two metrics of one label are told apart by nobody.
 */
static unsigned rank(const struct heading *heading)
{
	if (heading->metric)
		return heading->plain ? 0 : 3;
	return heading->role == ROLE_DIMENSION ? 2 : 1;
}

static void merge(struct heading *kept, const struct heading *other)
{
	unsigned a = rank(kept), b = rank(other);
	if (b < a)
		*kept = *other;
	else if (a == 3 && b == 3 && kept->metric != other->metric)
		kept->role = ROLE_AMBIGUOUS;
}

static void sort(struct headings *headings)
{
	size_t kept = 0;
	qsort(headings->names, headings->n, sizeof(*headings->names), by_key);
	for (size_t i = 1; i < headings->n; i++) {
		struct name *last = &headings->names[kept], *name = &headings->names[i];
		if (strcmp(last->key, name->key) == 0) {
			merge(&last->heading, &name->heading);
			free(name->key);
		} else {
			headings->names[++kept] = *name;
		}
	}
	headings->n = kept + 1;
}

int headings_open(const struct catalogue *catalogue, struct headings **ret_headings,
		  struct err *err)
{
	struct headings *headings = calloc(1, sizeof(*headings));
	int rc = headings ? 0 : err_memory(err);
	for (size_t i = 0; i < N_WORDS && rc == 0; i++)
		rc = add(headings, words[i].text,
			 (struct heading){ .role = words[i].role, .plain = words[i].plain }, err);
	for (size_t i = 0; i < catalogue->n && rc == 0; i++)
		rc = add_metric(headings, &catalogue->metrics[i], err);
	if (rc < 0) {
		headings_close(headings);
		return rc;
	}
	sort(headings);
	*ret_headings = headings;
	return 0;
}

void headings_close(struct headings *headings)
{
	if (!headings)
		return;
	for (size_t i = 0; i < headings->n; i++)
		free(headings->names[i].key);
	free(headings->names);
	free(headings);
}

const struct heading *headings_find(const struct headings *headings, const char *text)
{
	char key[VIET_KEY_MAX];
	if (!viet_key(text, key))
		return NULL;
	const struct name wanted = { .key = key };
	const struct name *name =
		bsearch(&wanted, headings->names, headings->n, sizeof(*headings->names), by_key);
	return name ? &name->heading : NULL;
}

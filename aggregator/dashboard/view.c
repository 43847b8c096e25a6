#include "dashboard/view.h"

#include "common/base/near.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/model/period.h"
#include "common/text/urlencoded.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
	TEXT,
	FLAG,   /* given bare or as 1; 0 is not given */
	NUMBER, /* from 1 */
	DAY,
	INSTANT,
	PERIOD,
	GRAIN,
	WORD, /* one of words */
};

/* In the order in which an address has them. */
static const struct field_kind {
	const char *name;
	size_t offset, size;
	enum kind kind;
	bool kept;
	const char *words;
} fields[] = {
#define FIELD(member, kind, ...)                                                                   \
	{                                                                                          \
#member, offsetof(struct view, member), sizeof(((struct view *)0)->member), kind,  \
			__VA_ARGS__                                                                \
	}
	FIELD(name, TEXT, false, NULL),       FIELD(area, TEXT, true, NULL),
	FIELD(by, TEXT, true, NULL),          FIELD(per, GRAIN, true, NULL),
	FIELD(from, PERIOD, true, NULL),      FIELD(to, PERIOD, true, NULL),
	FIELD(last, NUMBER, true, NULL),      FIELD(labels, TEXT, true, NULL),
	FIELD(by_label, TEXT, false, NULL),   FIELD(versus, WORD, false, "year period"),
	FIELD(total, FLAG, false, NULL),      FIELD(office, TEXT, false, NULL),
	FIELD(metric, TEXT, false, NULL),     FIELD(period, PERIOD, false, NULL),
	FIELD(label, TEXT, false, NULL),      FIELD(entry, TEXT, false, NULL),
	FIELD(state, TEXT, false, NULL),      FIELD(silent, TEXT, false, NULL),
	FIELD(late, FLAG, false, NULL),       FIELD(behind, TEXT, false, NULL),
	FIELD(heard, FLAG, false, NULL),      FIELD(sort, TEXT, false, NULL),
	FIELD(top, NUMBER, false, NULL),      FIELD(before, TEXT, false, NULL),
	FIELD(after, TEXT, false, NULL),      FIELD(calendar, WORD, true, "civil report"),
	FIELD(structure, DAY, true, NULL),    FIELD(known, INSTANT, true, NULL),
	FIELD(publication, TEXT, true, NULL), FIELD(wall, FLAG, true, NULL),
#undef FIELD
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static const struct field_kind *field_find(const char *name)
{
	for (size_t i = 0; i < N_FIELDS; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static char *at(struct view *view, const struct field_kind *field)
{
	return (char *)view + field->offset;
}

static const char *seen_at(const struct view *view, const struct field_kind *field)
{
	return (const char *)view + field->offset;
}

/* --- one value --- */

static bool is_word_of(const char *words, const char *value)
{
	size_t len = strlen(value);

	for (const char *word = words; *word; word += strspn(word, " ")) {
		size_t n = strcspn(word, " ");

		if (n == len && strncmp(word, value, n) == 0)
			return true;
		word += n;
	}
	return false;
}

static int judge(const struct field_kind *field, const char *value, struct err *err)
{
	char shown[EXCERPT_MAX];
	struct period period;
	enum grain grain;
	int32_t day;
	int64_t at_us;
	int rc = 0;

	switch (field->kind) {
	case TEXT:
		if (utf8_plain(value, strlen(value)) < strlen(value))
			rc = err_set(err, -EINVAL, "it has a character that nobody can see");
		break;
	case FLAG:
		if (strcmp(value, "1") != 0)
			rc = err_set(err, -EINVAL, "write 1, or leave it out");
		break;
	case NUMBER:
		if (strspn(value, "0123456789") < strlen(value) || *value == '0' ||
		    strlen(value) > 4)
			rc = err_set(err, -EINVAL, "write a number from 1 to 9999");
		break;
	case DAY:
		rc = day_parse(value, &day, err);
		break;
	case INSTANT:
		rc = civil_parse(value, &at_us, err);
		break;
	case PERIOD:
		rc = period_parse(value, CALENDAR_CIVIL, &period, err);
		break;
	case GRAIN:
		rc = grain_from_name(value, &grain, err);
		break;
	case WORD:
		if (!is_word_of(field->words, value))
			rc = err_set(err, -EINVAL, "'%s' is none of: %s",
				     utf8_excerpt(value, strlen(value), shown), field->words);
		break;
	}
	return rc < 0 ? err_wrap(err, "%s", field->name) : 0;
}

static int unknown(const char *name, struct err *err)
{
	const struct field_kind *found = NULL;
	size_t least = near_limit(name);
	char shown[EXCERPT_MAX];

	for (size_t i = 0; i < N_FIELDS; i++) {
		size_t far = near_distance(name, fields[i].name);

		if (far < least) {
			least = far;
			found = &fields[i];
		}
	}
	(void)utf8_excerpt(name, strlen(name), shown);
	if (found)
		return err_set(err, -EINVAL,
			       "this address has '%s', which no page knows; did you mean '%s'?",
			       shown, found->name);
	return err_set(err, -EINVAL, "this address has '%s', which no page knows", shown);
}

static int take(struct view *view, const char *name, const char *value, struct err *err)
{
	const struct field_kind *field = field_find(name);
	char shown[EXCERPT_MAX];

	if (!field)
		return unknown(name, err);
	if (field->kind == FLAG && !*value)
		value = "1";
	if (!*value || (field->kind == FLAG && strcmp(value, "0") == 0))
		return 0;
	if (*seen_at(view, field))
		return err_set(err, -EINVAL, "%s: it is given twice", field->name);
	if (strlen(value) >= field->size)
		return err_set(err, -EINVAL, "%s: '%s' is too long", field->name,
			       utf8_excerpt(value, strlen(value), shown));
	if (judge(field, value, err) < 0)
		return err->code;
	strcpy(at(view, field), value); /* it fits */
	return 0;
}

/* --- whole addresses --- */

static int agree(const struct view *view, struct err *err)
{
	if (*view->last && (*view->from || *view->to))
		return err_set(err, -EINVAL,
			       "last: it cannot stand beside from or to; one of the two will do");
	if (*view->publication && (*view->from || *view->to || *view->last || *view->calendar ||
				   *view->structure || *view->known))
		return err_set(err, -EINVAL,
			       "publication: it has its period, calendar, borders and time; leave "
			       "out from, to, last, calendar, structure and known");
	return 0;
}

static int path_read(const char *target, size_t len, struct view *view, struct err *err)
{
	char *text = malloc(len + 1);
	struct field *parts = NULL;
	size_t n = 0;
	int rc;

	if (!text)
		return err_memory(err);
	memcpy(text, target, len);
	text[len] = '\0';
	/* The path's escapes are those of a form's name, but for '+', which is itself. */
	rc = strpbrk(text, "+&=") ? -EINVAL : urlencoded_parse(text, len, &parts, &n, err);
	if (rc == 0 && n == 1 && strlen(parts[0].name) < sizeof(view->path))
		strcpy(view->path, parts[0].name);
	else if (rc != -ENOMEM)
		rc = err_set(err, -EINVAL, "there is no such page");
	free(parts);
	free(text);
	return rc;
}

int view_read(const char *target, struct view *ret_view, struct err *err)
{
	struct view view = { 0 };
	size_t path_len = strcspn(target, "?");
	const char *query = target[path_len] ? target + path_len + 1 : "";
	char *text = strdup(query);
	struct field *parts = NULL;
	size_t n = 0;
	int rc = text ? path_read(target, path_len, &view, err) : err_memory(err);

	if (rc == 0)
		rc = urlencoded_parse(text, strlen(query), &parts, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = take(&view, parts[i].name, parts[i].value, err);
	if (rc == 0)
		rc = agree(&view, err);
	if (rc == 0)
		*ret_view = view;
	free(parts);
	free(text);
	return rc;
}

/* Slashes of a path stay. */
static size_t path_write(const char *path, char *text)
{
	size_t len = 0;

	while (*path) {
		char part[VIEW_PATH_MAX];
		size_t n = strcspn(path, "/");

		memcpy(part, path, n);
		part[n] = '\0';
		(void)urlencoded_write(part, text + len, VIEW_ADDRESS_MAX - len);
		len += strlen(text + len);
		path += n;
		if (*path) {
			text[len++] = *path++;
			text[len] = '\0';
		}
	}
	return len;
}

const char *view_address(const struct view *view, char text[VIEW_ADDRESS_MAX])
{
	size_t i = 0, len = path_write(view->path, text);
	const char *name, *value;
	char mark = '?';

	while (view_next(view, &i, &name, &value)) {
		len += (size_t)snprintf(text + len, VIEW_ADDRESS_MAX - len, "%c%s=", mark,
					name); /* it fits: see the sizes */
		(void)urlencoded_write(value, text + len, VIEW_ADDRESS_MAX - len);
		len += strlen(text + len);
		mark = '&';
	}
	return text;
}

struct view view_with(const struct view *view, const char *name, const char *value)
{
	const struct field_kind *field = field_find(name);
	struct view changed = *view;

	assert(field); /* the names are ours */
	memset(at(&changed, field), 0, field->size);
	(void)utf8_print(at(&changed, field), field->size, "%s", value ? value : "");
	return changed;
}

struct view view_at(const struct view *view, const char *path)
{
	struct view there = { 0 };

	(void)utf8_print(there.path, sizeof(there.path), "%s", path);
	for (size_t i = 0; i < N_FIELDS; i++)
		if (fields[i].kept)
			memcpy(at(&there, &fields[i]), seen_at(view, &fields[i]), fields[i].size);
	return there;
}

const char *view_value(const struct view *view, const char *name)
{
	const struct field_kind *field = field_find(name);

	return field ? seen_at(view, field) : NULL;
}

const char *view_behind(const struct view *view, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(view->path, prefix, len) == 0 && view->path[len] ? view->path + len : NULL;
}

bool view_next(const struct view *view, size_t *from, const char **ret_name, const char **ret_value)
{
	while (*from < N_FIELDS) {
		const struct field_kind *field = &fields[(*from)++];

		if (!*seen_at(view, field))
			continue;
		*ret_name = field->name;
		*ret_value = seen_at(view, field);
		return true;
	}
	return false;
}

bool view_is_kept(const char *name)
{
	const struct field_kind *field = field_find(name);

	return field && field->kept;
}

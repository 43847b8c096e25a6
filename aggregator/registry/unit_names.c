#include "registry/unit_names.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/near_name.h"
#include "common/text/viet.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NAMED_SHOWN    10u   /* units of a sentence */
#define NAMED_TEXT_MAX 2048u /* what a sentence says of them */

/* How well a name fits, the best first. */
enum fit { FIT_WHOLE, FIT_PART, FIT_BARE, FIT_BARE_PART, FIT_NOT };

struct wanted {
	char key[VIET_KEY_MAX], bare[VIET_KEY_MAX];
	bool marks; /* there are some: then a name has just these */
};

/* Behind what it is ("huyện "), of a text that is a key with marks, or without. */
static const char *behind_kind(const char *text, bool bare)
{
	static const char *const kinds[] = { "Tỉnh",   "Thành phố", "Quận",   "Huyện",
					     "Thị xã", "Thị trấn",  "Phường", "Xã" };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char kind[VIET_KEY_MAX];
		bool fits = bare ? viet_bare(kinds[i], kind) : viet_key(kinds[i], kind);
		size_t len = strlen(kind);
		if (fits && strncmp(text, kind, len) == 0 && text[len] == ' ')
			return text + len + 1;
	}
	return text;
}

/* "1" is rather a code that was mistyped than Phường 1. */
static bool is_number(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

static enum fit fit_of(const struct wanted *wanted, const char *name)
{
	char own[VIET_KEY_MAX];
	if (!viet_key(name, own))
		return FIT_NOT;
	if (strcmp(own, wanted->key) == 0)
		return FIT_WHOLE;
	if (is_number(wanted->key))
		return FIT_NOT;
	if (strcmp(behind_kind(own, false), wanted->key) == 0)
		return FIT_PART;
	if (wanted->marks || !viet_bare(name, own))
		return FIT_NOT;
	if (strcmp(own, wanted->bare) == 0)
		return FIT_BARE;
	return strcmp(behind_kind(own, true), wanted->bare) == 0 ? FIT_BARE_PART : FIT_NOT;
}

struct named { /* the units that fit best */
	enum fit fit;
	const struct unit *one; /* the first of them, in force in that time or else at any */
	bool in_force, several; /* several: of more than one code */
	char said[NAMED_TEXT_MAX];
	size_t len, n;
};

static void named_say(struct named *named, const struct unit *unit)
{
	char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX] = "";
	if (named->n++ == NAMED_SHOWN) /* the rest is cut here */
		named->len +=
			utf8_print(named->said + named->len, NAMED_TEXT_MAX - named->len, "; ...");
	if (named->n > NAMED_SHOWN)
		return;
	(void)day_format(unit->valid_from, from);
	if (unit->valid_to != UNIT_OPEN)
		(void)day_format(unit->valid_to - 1, to);
	named->len += utf8_print(named->said + named->len, NAMED_TEXT_MAX - named->len,
				 "%s%s %s (%s%s%s, %s..%s)", named->n > 1 ? "; " : "", unit->code,
				 unit->name, unit->level, unit->parent ? " < " : "",
				 unit->parent ? unit->parent : "", from, to);
}

/* Those that fit best among the ones in force from @first to @end - 1 (@any: at any time). */
static void named_find(const struct units *units, const struct wanted *wanted, int32_t first,
		       int32_t end, bool any, struct named *named)
{
	*named = (struct named){ .fit = FIT_NOT, .in_force = !any };
	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit = &units->list[i];
		enum fit fit = any || (unit->valid_from < end && unit->valid_to > first)
				       ? fit_of(wanted, unit->name)
				       : FIT_NOT;
		if (fit == FIT_NOT || fit > named->fit)
			continue;
		if (fit < named->fit)
			*named = (struct named){ .fit = fit, .one = unit, .in_force = !any };
		named->several |= strcmp(named->one->code, unit->code) != 0;
		named_say(named, unit);
	}
}

int units_hint(const struct units *units, const char *text, struct err *err)
{
	const struct unit *best = NULL;
	struct near_name near;
	size_t len = strlen(err->text);
	near_name_begin(&near, text);
	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit = &units->list[i];
		char key[VIET_KEY_MAX];
		const char *part = viet_key(unit->name, key) ? behind_kind(key, false) : NULL;
		if (near_name_try(&near, unit->code) || near_name_try(&near, unit->name) ||
		    near_name_try(&near, part))
			best = unit;
	}
	if (best) /* cut is fine */
		(void)utf8_print(err->text + len, sizeof(err->text) - len,
				 _("; did you mean '%s' (%s)?"), best->code, best->name);
	return err->code;
}

static int refuse_unknown(const struct units *units, const char *text, struct err *err)
{
	char shown[EXCERPT_MAX];
	(void)err_set(
		err, -ENOENT,
		"no unit ever had the code or the name '%s'; `lantoa units export` has them all",
		utf8_excerpt(text, strlen(text), shown));
	return units_hint(units, text, err);
}

/* Nobody's code: a name. */
static int name_resolve(const struct units *units, const char *text, int32_t first, int32_t end,
			const char **ret_code, struct err *err)
{
	char shown[EXCERPT_MAX], from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
	struct wanted wanted;
	struct named named;
	if (!viet_key(text, wanted.key) || !viet_bare(text, wanted.bare) || !*wanted.key)
		return refuse_unknown(units, text, err);
	wanted.marks = strcmp(wanted.key, wanted.bare) != 0;
	(void)utf8_excerpt(text, strlen(text), shown);
	named_find(units, &wanted, first, end, false, &named);
	if (named.one && !named.several) {
		*ret_code = named.one->code;
		return 0;
	}
	if (named.one)
		return err_set(err, -EINVAL,
			       "'%s' may be any of these units; give the code of the one that is "
			       "meant: %s",
			       shown, named.said);
	named_find(units, &wanted, first, end, true, &named);
	if (!named.one)
		return refuse_unknown(units, text, err);
	return err_set(err, -EINVAL,
		       "no unit is called '%s' from %s to %s; at another time there are: %s", shown,
		       day_format(first, from), day_format(end - 1, to), named.said);
}

int units_named(const struct units *units, const char *text, int32_t first, int32_t end,
		const char **ret_code, struct err *err)
{
	size_t at, behind;
	units_range(units, text, &at, &behind);
	if (at == behind)
		return name_resolve(units, text, first, end, ret_code, err);
	*ret_code = text;
	return 0;
}

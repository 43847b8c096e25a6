#include "common/sys/conf_internal.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum conf_type conf_value_type(const struct conf_key *key)
{
	return key->type & ~(unsigned)CONF_RESTART;
}

void *conf_value_field(const struct conf_key *key, void *base)
{
	return (char *)base + key->offset;
}

static int set_text(const struct conf_key *key, const char *value, void *conf, struct err *err)
{
	if (!utf8_printable(value, strlen(value)))
		return err_set(err, -EINVAL,
			       "%s is not UTF-8 text; write it without control "
			       "characters",
			       key->name);
	char *copy = strdup(value), **field = conf_value_field(key, conf);
	if (!copy)
		return err_memory(err);
	free(*field);
	*field = copy;
	return 0;
}

static int set_bool(const struct conf_key *key, const char *value, void *conf, struct err *err)
{
	static const char *const words[] = { "no", "yes", "false", "true", "0", "1" };
	char shown[EXCERPT_MAX];
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(value, words[i]) == 0) {
			*(bool *)conf_value_field(key, conf) = i % 2 == 1;
			return 0;
		}
	return err_set(err, -EINVAL, "%s: '%s' is neither yes nor no", key->name,
		       utf8_excerpt(value, strlen(value), shown));
}

/* Digits alone; moves @text over them. */
static bool take_number(const char **text, uint64_t *ret_number)
{
	uint64_t number = 0;
	const char *t = *text;
	for (; *t >= '0' && *t <= '9'; t++)
		if (__builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*t - '0'), &number))
			return false;
	bool some = t != *text;
	*text = t;
	*ret_number = number;
	return some;
}

static uint64_t max_of(const struct conf_key *key)
{
	uint64_t widest = conf_value_type(key) == CONF_BYTES ? UINT64_MAX : UINT32_MAX;
	return key->max && key->max < widest ? key->max : widest;
}

static bool in_range(const struct conf_key *key, uint64_t number)
{
	return number >= key->min && number <= max_of(key);
}

static int set_uint(const struct conf_key *key, const char *value, void *conf, struct err *err)
{
	char shown[EXCERPT_MAX];
	const char *rest = value;
	uint64_t number;
	if (!take_number(&rest, &number) || *rest != '\0' || !in_range(key, number))
		return err_set(err, -EINVAL, "%s: '%s' is not a whole number from %llu to %llu",
			       key->name, utf8_excerpt(value, strlen(value), shown),
			       (unsigned long long)key->min, (unsigned long long)max_of(key));
	*(uint32_t *)conf_value_field(key, conf) = (uint32_t)number;
	return 0;
}

static const char bytes_units[] = "KMG"; /* 1024 of the one before */

/* "64K", as whoever writes a file would say it. */
static const char *bytes_text(uint64_t bytes, char text[32])
{
	size_t unit = 0;
	while (unit < 3 && bytes > 0 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	(void)snprintf(text, 32, "%llu%.*s", (unsigned long long)bytes, unit ? 1 : 0,
		       unit ? &bytes_units[unit - 1] : ""); /* it fits */
	return text;
}

static bool bytes_read(const char *text, uint64_t *ret_bytes)
{
	uint64_t bytes;
	if (!take_number(&text, &bytes))
		return false;
	const char *unit = *text ? strchr(bytes_units, *text) : NULL;
	for (const char *u = bytes_units; unit && u <= unit; u++)
		if (__builtin_mul_overflow(bytes, 1024u, &bytes))
			return false;
	*ret_bytes = bytes;
	return text[unit ? 1 : 0] == '\0';
}

static int set_bytes(const struct conf_key *key, const char *value, void *conf, struct err *err)
{
	char shown[EXCERPT_MAX], least[32], most[32];
	uint64_t bytes;
	if (!bytes_read(value, &bytes) || !in_range(key, bytes))
		return err_set(
			err, -EINVAL, "%s: '%s' is not a size from %s to %s; write it like %s",
			key->name, utf8_excerpt(value, strlen(value), shown),
			bytes_text(key->min, least), bytes_text(max_of(key), most), key->fallback);
	*(uint64_t *)conf_value_field(key, conf) = bytes;
	return 0;
}

/* "15", or "90s" when it is no whole minute. */
static const char *minutes_text(uint64_t seconds, char text[32])
{
	bool whole = seconds % 60 == 0;
	(void)snprintf(text, 32, "%llu%s", (unsigned long long)(whole ? seconds / 60 : seconds),
		       whole ? "" : "s"); /* it fits */
	return text;
}

static bool minutes_read(const char *text, uint64_t *ret_seconds)
{
	uint64_t number;
	if (!take_number(&text, &number))
		return false;
	bool seconds = *text == 's';
	*ret_seconds = number;
	return text[seconds ? 1 : 0] == '\0' &&
	       (seconds || !__builtin_mul_overflow(number, 60u, ret_seconds));
}

static int set_minutes(const struct conf_key *key, const char *value, void *conf, struct err *err)
{
	char shown[EXCERPT_MAX], least[32], most[32];
	uint64_t seconds;
	if (!minutes_read(value, &seconds) || !in_range(key, seconds))
		return err_set(err, -EINVAL,
			       "%s: '%s' is not a time from %s to %s minutes; write 15 for "
			       "minutes, or 90s for seconds",
			       key->name, utf8_excerpt(value, strlen(value), shown),
			       minutes_text(key->min, least), minutes_text(max_of(key), most));
	*(uint32_t *)conf_value_field(key, conf) = (uint32_t)seconds;
	return 0;
}

int conf_value_set(const struct conf_key *key, const char *text, void *base, struct err *err)
{
	static int (*const setters[])(const struct conf_key *, const char *, void *,
				      struct err *) = { [CONF_TEXT] = set_text,
							[CONF_UINT] = set_uint,
							[CONF_BOOL] = set_bool,
							[CONF_BYTES] = set_bytes,
							[CONF_MINUTES] = set_minutes };
	return setters[conf_value_type(key)](key, text, base, err);
}

size_t conf_value_size(const struct conf_key *key)
{
	static const size_t sizes[] = {
		[CONF_TEXT] = sizeof(char *),      [CONF_UINT] = sizeof(uint32_t),
		[CONF_BOOL] = sizeof(bool),        [CONF_BYTES] = sizeof(uint64_t),
		[CONF_MINUTES] = sizeof(uint32_t), [CONF_ITEMS] = sizeof(struct conf_items)
	};
	return sizes[conf_value_type(key)];
}

bool conf_value_differs(const struct conf_key *key, const void *a, const void *b)
{
	const char *in_a = (const char *)a + key->offset, *in_b = (const char *)b + key->offset;
	if (conf_value_type(key) != CONF_TEXT)
		return memcmp(in_a, in_b, conf_value_size(key)) != 0;
	const char *text_a = *(char *const *)(const void *)in_a;
	const char *text_b = *(char *const *)(const void *)in_b;
	return text_a && text_b ? strcmp(text_a, text_b) != 0 : text_a != text_b;
}

void conf_value_free(const struct conf_key *key, void *base)
{
	if (conf_value_type(key) != CONF_TEXT)
		return;
	char **text = conf_value_field(key, base);
	free(*text);
	*text = NULL;
}

void conf_value_document_range(const struct conf_key *key, FILE *out)
{
	char least[32], most[32];
	if (conf_value_type(key) == CONF_BOOL)
		fprintf(out, "%s", _(" (yes or no)"));
	if (conf_value_type(key) == CONF_UINT)
		fprintf(out, _(" (%llu to %llu)"), (unsigned long long)key->min,
			(unsigned long long)max_of(key));
	if (conf_value_type(key) == CONF_MINUTES)
		fprintf(out, _(" (%s to %s)"), minutes_text(key->min, least),
			minutes_text(max_of(key), most));
	if (conf_value_type(key) == CONF_BYTES && key->max)
		fprintf(out, _(" (%s to %s)"), bytes_text(key->min, least),
			bytes_text(key->max, most));
}

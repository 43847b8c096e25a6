#include "alert/alert_settings.h"

#include <errno.h>
#include <string.h>

/* The next word of *@cursor, of *@ret_len bytes; NULL: there are no more. */
static const char *word_next(const char **cursor, size_t *ret_len)
{
	const char *word = *cursor + strspn(*cursor, " ,");
	*ret_len = strcspn(word, " ,");
	*cursor = word + *ret_len;
	return *ret_len ? word : NULL;
}

static enum alert_kind kind_of(const char *word, size_t len)
{
	char text[16] = "";
	if (len < sizeof(text))
		memcpy(text, word, len);
	return alert_kind_find(text);
}

int alert_settings_check(const struct alert_settings *settings, struct err *err)
{
	const char *cursor = settings->off, *word;
	size_t len;
	while ((word = word_next(&cursor, &len)))
		if (kind_of(word, len) == ALERT_KINDS)
			return err_set(
				err, -EINVAL,
				"[alerts] off: there is no kind '%.*s'; there are: fault disk "
				"clock checkpoint backup double silent late quarantine quality",
				(int)len, word);
	return 0;
}

/* What comes and goes must be over for a while before that is told. */
static bool flaps(enum alert_kind kind)
{
	static const bool over[] = {
#define ALERT_FLAPS(kind, word, grace, over, help) [kind] = (over) > 0,
		ALERT_KIND_LIST(ALERT_FLAPS)
#undef ALERT_FLAPS
	};
	return over[kind];
}

void alert_settings_rules(const struct alert_settings *settings, struct alert_rules *ret_rules)
{
	const char *cursor = settings->off, *word;
	size_t len;
	for (enum alert_kind kind = 0; kind < ALERT_KINDS; kind++)
		ret_rules->of[kind] = (struct alert_rule){
			.on = true,
			.grace_us = settings->grace_s[kind] * INT64_C(1000000),
			.well_us = flaps(kind) ? settings->over_s * INT64_C(1000000) : 0,
		};
	while ((word = word_next(&cursor, &len)))
		if (kind_of(word, len) < ALERT_KINDS) /* was checked */
			ret_rules->of[kind_of(word, len)].on = false;
}

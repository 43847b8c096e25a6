#include "alert/alert_kinds.h"

#include <string.h>

const char *alert_kind_word(enum alert_kind kind)
{
	static const char *const words[] = {
#define ALERT_KIND_WORD(kind, word, grace, over, help) [kind] = #word,
		ALERT_KIND_LIST(ALERT_KIND_WORD)
#undef ALERT_KIND_WORD
	};
	return words[kind];
}

enum alert_kind alert_kind_find(const char *word)
{
	enum alert_kind kind = 0;
	while (kind < ALERT_KINDS && strcmp(alert_kind_word(kind), word) != 0)
		kind++;
	return kind;
}

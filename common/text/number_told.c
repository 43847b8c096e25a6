#include "common/text/number_told.h"

#include "common/base/i18n.h"

#include <errno.h>
#include <string.h>

static const char digits[] = "0123456789";

bool number_is_plain(const char *text)
{
	const char *at = text + (*text == '-');
	size_t whole = strspn(at, digits);

	at += whole;
	if (*at == '.' && at[1])
		at += 1 + strspn(at + 1, digits);
	return whole > 0 && *at == '\0';
}

size_t number_print(const char *exact, const char *minus, char *shown)
{
	const bool vietnamese = strcmp(language_tag(), "vi") == 0;
	const char group = vietnamese ? '.' : ',', point = vietnamese ? ',' : '.';
	const bool below = *exact == '-';
	char *at = below ? stpcpy(shown, minus) : shown;

	exact += below;
	for (size_t left = strspn(exact, digits); left > 0; left--) {
		*at++ = *exact++;
		if (left > 1 && left % 3 == 1)
			*at++ = group;
	}
	if (*exact) {
		*at++ = point;
		at = stpcpy(at, exact + 1);
	}
	*at = '\0';
	return (size_t)(at - shown);
}

int number_told(const char *exact, struct blob *out)
{
	size_t len = strlen(exact);

	if (!number_is_plain(exact))
		return blob_append(out, exact, len);
	if (blob_reserve(out, NUMBER_ROOM(len)) < 0)
		return -ENOMEM;
	out->len += number_print(exact, "-", (char *)out->data + out->len);
	return 0;
}

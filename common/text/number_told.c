#include "common/text/number_told.h"

#include "common/base/i18n.h"

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

int number_told(const char *exact, struct blob *out)
{
	bool vietnamese = strcmp(language_tag(), "vi") == 0;
	const char *group = vietnamese ? "." : ",", *point = vietnamese ? "," : ".";
	size_t sign = *exact == '-', whole = strspn(exact + sign, digits);
	int rc;

	if (!number_is_plain(exact))
		return blob_append(out, exact, strlen(exact));
	rc = blob_append(out, exact, sign);
	exact += sign;
	for (size_t i = 0; i < whole && rc == 0; i++) {
		if (i > 0 && (whole - i) % 3 == 0)
			rc = blob_append(out, group, 1);
		if (rc == 0)
			rc = blob_append(out, exact + i, 1);
	}
	if (rc == 0 && exact[whole]) {
		rc = blob_append(out, point, 1);
		if (rc == 0)
			rc = blob_append(out, exact + whole + 1, strlen(exact + whole + 1));
	}
	return rc;
}

#include "i18n.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOMAIN  "lantoa"
#define NEUTRAL "C.UTF-8" /* part of Debian's libc-bin: there without any locale generated */

static bool wants_vietnamese(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strncmp(value, "vi", 2) == 0 &&
			       (value[2] == '\0' || strchr("_.@", value[2]));
	}
	return false;
}

/* "<folder of the program>/../share/locale" when our catalogue is there. */
static bool dir_beside_program(char ret_dir[PATH_MAX])
{
	char program[PATH_MAX], catalogue[PATH_MAX + 64];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (len <= 0)
		return false;
	program[len] = '\0';
	char *slash = strrchr(program, '/');
	if (!slash)
		return false;
	*slash = '\0';
	int n = snprintf(ret_dir, PATH_MAX, "%s/../share/locale", program);
	if (n < 0 || n >= PATH_MAX)
		return false;
	(void)snprintf(catalogue, sizeof(catalogue), "%s/vi/LC_MESSAGES/" DOMAIN ".mo", ret_dir);
	return access(catalogue, R_OK) == 0;
}

void i18n_init(const char *dir)
{
	char beside[PATH_MAX];

	/* gettext looks at LANGUAGE only outside the C locale; C.UTF-8 is outside it. */
	if (!setlocale(LC_MESSAGES, ""))
		(void)setlocale(LC_MESSAGES, NEUTRAL);
	if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		(void)setlocale(LC_CTYPE, NEUTRAL); /* widths of Vietnamese letters */
	const char *language = getenv("LANGUAGE");
	if (wants_vietnamese() && (!language || !*language))
		(void)setenv("LANGUAGE", "vi", 1); /* out of memory: English */
	if (!dir)
		dir = dir_beside_program(beside) ? beside : LANTOA_LOCALEDIR;
	(void)bindtextdomain(DOMAIN, dir);
	(void)bind_textdomain_codeset(DOMAIN, "UTF-8");
	(void)textdomain(DOMAIN);
}

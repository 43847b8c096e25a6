#include "common/base/log.h"

#include "common/base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static enum log_level threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_shows(enum log_level level)
{
	return level <= threshold;
}

int log_level_from_name(const char *name, enum log_level *ret_level)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = { { "error", LOG_LEVEL_ERROR },
		       { "warning", LOG_LEVEL_WARN },
		       { "info", LOG_LEVEL_INFO },
		       { "debug", LOG_LEVEL_DEBUG } };
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(levels[i].name, name) == 0) {
			*ret_level = levels[i].level;
			return 0;
		}
	}
	return -EINVAL;
}

void log_line(enum log_level level, const char *format, ...)
{
	if (!log_shows(level))
		return;
	char line[LINE_MAX_BYTES];
	size_t at = 0;
	if (getenv("JOURNAL_STREAM")) /* set by systemd when stderr is the journal */
		at = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
	va_list args;
	va_start(args, format);
	(void)utf8_vprint(line + at, sizeof(line) - at - 1, format, args); /* cut is fine */
	va_end(args);
	/* Each module makes printable what comes to it; here is the last door. One event stays one
	 * line, and whoever reads the log in a terminal reads text. */
	at += utf8_clean(line + at, "");
	line[at++] = '\n';
	/* one write, so that lines of two threads do not mix; nobody to tell when it fails */
	ssize_t ignored = write(STDERR_FILENO, line, at);
	(void)ignored;
}

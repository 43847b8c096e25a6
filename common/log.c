#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static enum log_level threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_line(enum log_level level, const char *format, ...)
{
	if (level > threshold)
		return;
	char line[LINE_MAX_BYTES];
	size_t at = 0;
	if (getenv("JOURNAL_STREAM")) /* set by systemd when stderr is the journal */
		at = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line + at, sizeof(line) - at - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	at += (size_t)n < sizeof(line) - at - 1 ? (size_t)n : sizeof(line) - at - 2;
	line[at++] = '\n';
	/* one write, so that lines of two threads do not mix; nobody to tell when it fails */
	ssize_t ignored = write(STDERR_FILENO, line, at);
	(void)ignored;
}

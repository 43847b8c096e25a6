/* One line per event on stderr, with the priority prefix that journald reads when it listens. */
#pragma once

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/** Lines above @level are not written. Default: INFO. Call before threads start. */
void log_set_level(enum log_level level);
/** Are lines of @level written? Ask before a line is put together that would cost something. */
bool log_shows(enum log_level level);
/** error, warning, info or debug. -EINVAL when it is none of them. */
int log_level_from_name(const char *name, enum log_level *ret_level);

/** "area: event key=value ..."; never a secret, never a line per message. What is not printable in
 * it becomes '?', a line break a blank; what is longer than 2 KiB is cut. Thread-safe. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Where a command's output goes: to a person's terminal, or to a file or program.
 *
 * On a terminal what a command prints on stdout is held until the command is done, and shown then:
 * lines that are too wide are wrapped between words, and what is longer than the screen goes to a
 * pager, where the command asked for one. Anything else gets every byte as it is printed, and no
 * escape sequence unless colour was asked for with "always". */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct screen {
	size_t columns, rows; /* of stdout's terminal; 0: it is none */
	bool colour;
	bool page;    /* set by the command: what it prints may go to a pager. No secret may. */
	bool as_is;   /* set by the command: what it prints is for programs, and not wrapped */
	int terminal; /* while stdout is held, the terminal; -1: it is not held */
};

/**
 * Look at stdout. @colour: "auto", "always", "never", or NULL for auto, which is on a terminal that
 * is not dumb, unless NO_COLOR is set (no-color.org). The width is COLUMNS, else what the terminal
 * says, else 80. -EINVAL: @colour is none of these.
 */
int screen_look(const char *colour, struct screen *ret_screen, struct err *err);

/** From here on stdout is held, if it is a terminal. When it cannot be, all is printed at once. */
void screen_hold(struct screen *screen);

/**
 * Show what was held, and let stdout go. With @screen->page what has more lines than the screen
 * goes to LANTOA_PAGER, else PAGER, else less; this waits until the pager ends. An empty one or
 * "cat", a dumb terminal, and a pager that cannot be started: it is written as it is. -EIO.
 */
int screen_release(struct screen *screen, struct err *err);

/** Like fprintf(stderr), wrapped where that is a terminal. */
void screen_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Write @before and @text and a newline to stderr, wrapped where that is a terminal. */
void screen_complain(const char *before, const char *text);

/* The inbox: a folder in which people put tables of figures, from their spreadsheet or over the
 * office's network. agent/import/import.h says what a table may be like, inbox_file.h how one is
 * taken.
 *
 * It is off until [inbox] folder names one. Looked into at every change and each half minute; a
 * folder that is not there yet (a stick that is not plugged in) is waited for. */
#pragma once

#include "record/input.h"

/* A row of input_kinds[]. */
bool inbox_wanted(const struct settings *settings);
int inbox_start(const struct input_host *host, const struct settings *settings, void **ret_input,
		struct err *err);
void inbox_stop(void *input, void (*on_stopped)(void *context), void *context);
void inbox_look(const void *input, struct input_look *ret_look);

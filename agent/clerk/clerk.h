/* The clerk's page, in Vietnamese and English: http://127.0.0.1:5571 for the browser of this
 * machine
 * ([page] listen), a unix socket for a proxy that lets browsers elsewhere in ([page] socket), or
 * both. What is due, a form for each period, what became of the figures. An input of the agent
 * (record/input.h).
 *
 *   GET  /       what is due
 *   GET  /form   ?period=2025-06&calendar=civil: the form of a period
 *   POST /form   record it: 303 back to it when it is durable, 422 with what is wrong
 *   POST /check  the same fields, judged and not recorded: JSON, see sheet_json()
 *   GET  /template ?period=2025-06&calendar=civil: the same form as a workbook
 *   GET  /sent   what was refused, waits, was received
 *   GET  /files  which files were handed in, here or by the inbox, and how it went
 *   POST /files  hand one in: 303 to what became of it
 *   GET  /typist who types (clerk/typist.h)
 *   POST /typist another name: 303 to what is due
 *   GET  /errors ?file=NAME: the copy of such a file in which its errors are marked
 *
 * Who may ask at all is http_guard's matter. What changes something must bring back the token of
 * the form as well, which is another one at each start. */
#pragma once

#include "record/input.h"

bool clerk_wanted(const struct settings *settings);
int clerk_start(const struct input_host *host, const struct settings *settings, void **ret_clerk,
		struct err *err);
void clerk_stop(void *clerk, void (*on_stopped)(void *context), void *context);
void clerk_look(const void *clerk, struct input_look *ret_look);

/* An alert in words, in the language of the thread: what it is, and what to do about it. */
#pragma once

#include "alert/alert_core.h"

#include <stdbool.h>
#include <stddef.h>

#define ALERT_SENTENCE_MAX 512u /* what is longer is cut */

enum alert_gravity { ALERT_NOTE, ALERT_ILL };

/** Ill: figures are not taken, or may be lost, or most offices are concerned. */
enum alert_gravity alert_gravity(enum alert_kind kind, const char *subject);
/** "ill", "note": stable. */
const char *alert_gravity_word(enum alert_gravity gravity);
/** Is the subject an office? */
bool alert_is_of_office(enum alert_kind kind, const char *subject);

/** "office 28249 is not heard"; @name of the office, or NULL. Within the calendar of the thread's
 * zone. */
void alert_tell(const struct alert *alert, const char *name, char text[ALERT_SENTENCE_MAX]);
/** "ask there whether machine and line are on: ..." */
void alert_advise(const struct alert *alert, char text[ALERT_SENTENCE_MAX]);

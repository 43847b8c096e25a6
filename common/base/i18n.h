/* Vietnamese and English for everything a person reads. English is the language of the source; the
 * catalogue is common/po/vi.po. Daemon logs are not translated: they are for whoever mends the
 * program.
 *
 * A command has the language of its user's environment. A daemon has English, and a thread of it
 * takes a reader's language only while it works for that reader: common/http around a handler,
 * common/worker around a job that names a language. err_set() and its like look their sentence up
 * when they are called, so an err made meanwhile is in that language; such an err goes into the
 * answer, never into the log. */
#pragma once

#include <libintl.h>
#include <stddef.h>

enum language { LANGUAGE_ENGLISH, LANGUAGE_VIETNAMESE };

#define _(text)  gettext(text)
#define N_(text) text /* marks a text in a table; translate it with _() where it is shown */

/**
 * Choose the language of this process: Vietnamese when LC_ALL, LC_MESSAGES or LANG (the first that
 * is set) begins with "vi", whether or not that locale is generated on this machine; LANGUAGE is
 * heard as gettext documents it; else English. Text is UTF-8 always; numbers keep the C form.
 *
 * @dir  where catalogues lie: DIR/vi/LC_MESSAGES/PROGRAM.mo as packages bring it, or lantoa.mo.
 * NULL: ../share/locale as seen from the program, which is right for an installed program and for
 * the build tree; if there is none, where it was configured to be installed.
 *
 * Call first in main(), before threads. Cannot fail: at worst text is English.
 */
void i18n_init(const char *dir);

/**
 * For a daemon, which serves readers of both languages and logs for whoever mends it: from here on
 * every thread speaks English, whatever the environment says, until language_use() tells it
 * otherwise. @dir as above. Before threads, after i18n_init() if that is called too. Cannot fail:
 * at worst all text is English.
 */
void i18n_serve(const char *dir);

/** Make @language the one of this thread, and return the one before, to go back to. Does nothing
 * in a process that does not serve. */
enum language language_use(enum language language);

/** The language that an Accept-Language header (RFC 9110, 12.5.4; may be NULL) likes best among
 * ours; English when it names none of them. */
enum language language_accepted(const char *header);

/** Sentence @i of the Vietnamese catalogue, from 0, as it stands in the source, and its
 * translation, whatever this thread speaks; NULL: there are no more, or no catalogue. Valid for
 * ever. */
const char *i18n_message(size_t i, const char **ret_told);

/** What this thread speaks, as a value for Accept-Language: "vi" or "en". */
const char *language_tag(void);

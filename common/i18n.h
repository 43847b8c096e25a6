/* Vietnamese and English for everything a person reads. English is the language of the source; the
 * catalogue is common/po/vi.po. Daemon logs are not translated: they are for whoever mends the
 * program. */
#pragma once

#include <libintl.h>

#define _(text)  gettext(text)
#define N_(text) text /* marks a text in a table; translate it with _() where it is shown */

/**
 * Choose the language of this process: Vietnamese when LC_ALL, LC_MESSAGES or LANG (the first that
 * is set) begins with "vi", whether or not that locale is generated on this machine; LANGUAGE is
 * heard as gettext documents it; else English. Text is UTF-8 always; numbers keep the C form.
 *
 * @dir  where catalogues lie (DIR/vi/LC_MESSAGES/lantoa.mo). NULL: ../share/locale as seen from
 *       the program, which is right for an installed program and for the build tree; if there is
 *       none, where it was configured to be installed.
 *
 * Call first in main(), before threads. Cannot fail: at worst text is English.
 */
void i18n_init(const char *dir);

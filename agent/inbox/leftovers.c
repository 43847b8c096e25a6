#include "inbox/leftovers.h"

#include "common/base/i18n.h"
#include "inbox/done_folder.h"
#include "inbox/errors_sheet.h"

#include <string.h>

void leftovers_note(struct leftovers *leftovers, const struct inbox_core *core,
		    const struct inbox_folder *folder)
{
	const char *first = "";
	leftovers->n_held = inbox_core_count_held(core, &first);
	(void)utf8_print(leftovers->held, sizeof(leftovers->held), "%s", first); /* names fit */
	leftovers->n_stuck = inbox_core_count(core, INBOX_ALL, &first);
	(void)utf8_print(leftovers->stuck, sizeof(leftovers->stuck), "%s", first);
	leftovers->n_faulty = inbox_core_count(core, INBOX_SOME, &first) +
			      inbox_core_count(core, INBOX_NONE, &first);
	(void)utf8_print(leftovers->faulty, sizeof(leftovers->faulty), "%s%s", first,
			 errors_sheet_ending(folder->fd, first));
	leftovers->n_sheets = folder->sheets;
	memcpy(leftovers->sheet, folder->sheet, sizeof(leftovers->sheet));
	leftovers->n_told = folder->told;
	memcpy(leftovers->told, folder->like, sizeof(leftovers->told));
}

void leftovers_say(const struct leftovers *leftovers, char text[ERR_TEXT_MAX])
{
	size_t len = 0;
	text[0] = '\0';
	if (leftovers->n_faulty > 0)
		len = utf8_print(text, ERR_TEXT_MAX, /* fits */
				 _("files that were not taken whole: %zu; see %s"),
				 leftovers->n_faulty, leftovers->faulty);
	else if (leftovers->n_stuck > 0)
		len = utf8_print(
			text, ERR_TEXT_MAX, /* fits */
			_("files that were taken and cannot be moved to '%s': %zu, like %s; "
			  "let the agent write there"),
			DONE_FOLDER, leftovers->n_stuck, leftovers->stuck);
	if (leftovers->n_sheets > 0)
		len += utf8_print(text + len, ERR_TEXT_MAX - len, /* fits */
				  _("%ssheets with figures to look at again: %zu, like %s; remove "
				    "each when that is done"),
				  len > 0 ? "; " : "", leftovers->n_sheets, leftovers->sheet);
	if (leftovers->n_told > 0)
		len += utf8_print(
			text + len, ERR_TEXT_MAX - len, /* fits */
			_("%sfiles that are not looked at for their names: %zu, like %s; give "
			  "them names of letters that do not begin with a dot"),
			len > 0 ? "; " : "", leftovers->n_told, leftovers->told);
	if (leftovers->n_held > 0)
		(void)utf8_print(
			text + len, ERR_TEXT_MAX - len, /* fits */
			_("%sfiles that wait, since a program still has them open for writing: "
			  "%zu, like %s; close them there"),
			len > 0 ? "; " : "", leftovers->n_held, leftovers->held);
}

#include "dashboard/act.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "dashboard/words.h"

#include <string.h>

const struct act_field *act_field(const struct act *act, const char *name)
{
	for (const struct act_field *field = act->fields; field->name; field++)
		if (strcmp(field->name, name) == 0)
			return field;
	return NULL;
}

const char *act_word(const char *word)
{
	static const struct {
		const char *word, *words;
	} known[] = { { "civil", N_("civil") }, { "report", N_("of reports") } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].word, word) == 0)
			return _(known[i].words);
	return words_often(word);
}

const char *act_form(const char *form, char text[ACT_FORM_MAX])
{
	/* TRANSLATORS: "All that is reported by the month" */
	(void)utf8_print(text, ACT_FORM_MAX, _("All that is reported %s"), words_often(form));
	return text;
}

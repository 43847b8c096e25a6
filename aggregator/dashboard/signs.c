#include "dashboard/signs.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"

#include <stdio.h>

static const struct {
	enum sign sign;
	const char *text, *words;
} signs[] = {
	{ SIGN_MISSING, "–", N_("due, but not reported") },
	{ SIGN_PARTIAL, "*", N_("not final: somebody who was due is missing") },
	{ SIGN_OPEN, "…", N_("not final: the period is not over") },
	{ SIGN_CARRIED, "○", N_("carried from an earlier period") },
	{ SIGN_CARRIED_SOME, "◐", N_("some of it is carried from an earlier period") },
	{ SIGN_REVISED, "r", N_("changed after it was first reported") },
	{ SIGN_WAITING, "?", N_("more of it waits in quarantine") },
	{ SIGN_EXTRA, "+", N_("with reports that were not due") },
	{ SIGN_EXCUSED, "e", N_("somebody was excused from reporting") },
};
#define N_SIGNS (sizeof(signs) / sizeof(signs[0]))

void signs_write(struct html *html, unsigned set)
{
	for (size_t i = 0; i < N_SIGNS; i++)
		if (set & signs[i].sign)
			html_add(html,
				 "<span class=\"sign\" title=\"%s\"><span aria-hidden=\"true\">%s"
				 "</span><span class=\"unseen\"> (%s)</span></span>",
				 _(signs[i].words), signs[i].text, _(signs[i].words));
}

const char *signs_text(unsigned set, char text[SIGNS_TEXT_MAX])
{
	size_t len = 0;

	*text = '\0';
	for (size_t i = 0; i < N_SIGNS; i++)
		if (set & signs[i].sign)
			len += utf8_print(text + len, SIGNS_TEXT_MAX - len, "%s", signs[i].text);
	return text;
}

const char *signs_words(unsigned set, char text[SIGNS_WORDS_MAX])
{
	size_t len = 0;

	*text = '\0';
	for (size_t i = 0; i < N_SIGNS; i++)
		if (set & signs[i].sign)
			len += utf8_print(text + len, SIGNS_WORDS_MAX - len, "%s%s",
					  len > 0 ? "; " : "", _(signs[i].words));
	return text;
}

void signs_legend(struct html *html, unsigned set)
{
	if (set == 0)
		return;
	html_add(html, "<ul class=\"signs\">");
	for (size_t i = 0; i < N_SIGNS; i++)
		if (set & signs[i].sign)
			html_add(html, "<li><span class=\"sign\">%s</span> %s</li>", signs[i].text,
				 _(signs[i].words));
	html_add(html, "</ul>\n");
}

unsigned signs_of(const json_t *row)
{
	const json_t *value = json_object_get(row, "value");
	bool none = !value || json_is_null(value), carried = answer_number(row, "carried") > 0;
	unsigned set = 0;

	if (answer_number(row, "missing") > 0)
		set |= SIGN_PARTIAL;
	if (*answer_text(row, "until"))
		set |= SIGN_OPEN;
	if (carried)
		set |= answer_number(row, "reported") + answer_number(row, "extra") > 0
			       ? SIGN_CARRIED_SOME
			       : SIGN_CARRIED;
	if (answer_number(row, "revisions") > 0)
		set |= SIGN_REVISED;
	if (answer_number(row, "waiting") > 0)
		set |= SIGN_WAITING;
	if (answer_number(row, "extra") > 0)
		set |= SIGN_EXTRA;
	if (answer_number(row, "excused") > 0)
		set |= SIGN_EXCUSED;
	if (none) /* of what is not there nothing else is to be said than whether it was due */
		set = (set & (SIGN_WAITING | SIGN_REVISED)) |
		      (answer_number(row, "due") > 0 ? SIGN_MISSING : 0u);
	return set;
}

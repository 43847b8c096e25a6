#include "clerk/frame.h"

#include "clerk/wording.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"

#include <string.h>

static void head(struct html *html, const struct frame *frame)
{
	html_add(html,
		 "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<title>%s – Lan Tỏa</title>\n"
		 "<link rel=\"icon\" href=\"icon.svg\" type=\"image/svg+xml\">\n"
		 "<link rel=\"stylesheet\" href=\"page.css\">\n"
		 "<script src=\"page.js\" defer></script>\n</head>\n",
		 language_tag(), frame->title);
}

static void place(struct html *html, const struct frame *frame, enum frame_place at,
		  const char *path, const char *name)
{
	html_add(html,
		 frame->place == at ? "<a href=\"%s\" aria-current=\"page\">%s</a>\n"
				    : "<a href=\"%s\">%s</a>\n",
		 path, name);
}

/* To this page in the other language; its name is written in that one. */
static void other_language(struct html *html, const struct frame *frame)
{
	bool vietnamese = strcmp(language_tag(), "vi") == 0;
	html_add(html,
		 "<a class=\"language\" href=\"%slang=%s\" lang=\"%s\" "
		 "hreflang=\"%s\">%s</a>\n",
		 frame->path, vietnamese ? "en" : "vi", vietnamese ? "en" : "vi",
		 vietnamese ? "en" : "vi", vietnamese ? "English" : "Tiếng Việt");
}

static void line(struct html *html, const struct frame *frame)
{
	const struct uplink_look *look = frame->look;
	char since[WORDING_MAX];
	/* The boot's clock goes on when somebody sets the wall's. */
	int64_t since_us = frame->now_us - (civil_boot_us() - look->since_us);
	(void)wording_instant(since_us, frame->now_us, since);
	html_add(html,
		 "<p class=\"line %s\" data-live=\"line\"><span class=\"dot\" "
		 "aria-hidden=\"true\"></span>",
		 look->connected ? "up" : "down");
	if (look->connected)
		html_say(html, _("Connected to the province since %s."), since);
	else
		html_say(html,
			 _("Not connected to the province since %s. Go on: what you save here is "
			   "kept, and is sent when there is a connection again."),
			 since);
	if (look->desk && *look->desk)
		html_add(html, " <span class=\"trouble\">%s</span>", look->desk);
	html_add(html, "</p>\n");
}

static void typist(struct html *html, const struct frame *frame)
{
	if (*frame->typist) {
		html_add(html, "<p class=\"typist\">%s <strong>%s</strong>", _("Typed by"),
			 frame->typist);
		if (frame->typist_asked)
			html_add(html, " <a href=\"typist\">%s</a>", _("Not you?"));
		html_add(html, "</p>\n");
	} else if (frame->typist_asked && frame->place != PLACE_DUE) { /* which asks itself */
		html_add(html, "<p class=\"typist\"><a href=\"typist\">%s</a></p>\n",
			 _("Say who is typing"));
	}
}

void typist_ask(struct html *html, const struct frame *frame, const char *token,
		const char *trouble)
{
	html_add(html,
		 "<form class=\"group\" id=\"typist\" method=\"post\" action=\"typist\">\n"
		 "<input type=\"hidden\" name=\"token\" value=\"%s\">\n"
		 "<label for=\"name\">%s</label>\n"
		 "<input id=\"name\" name=\"name\" value=\"%s\" maxlength=\"64\" "
		 "autocomplete=\"name\" aria-describedby=\"why\">\n"
		 "<button type=\"submit\">%s</button>\n",
		 token, _("Your name"), frame->typist, _("Keep"));
	html_add(
		html, "<p id=\"why\" class=\"hint\">%s</p>\n",
		_("It goes with the figures that you save, so that the province knows whom to ask. "
		  "This browser keeps it; an empty field forgets it."));
	if (trouble)
		html_add(html, "<p class=\"message error\" role=\"alert\">%s</p>\n", trouble);
	html_add(html, "</form>\n");
}

void frame_begin(struct html *html, const struct frame *frame)
{
	head(html, frame);
	html_add(html, "<body>\n<a class=\"skip\" href=\"#main\">%s</a>\n<header>\n",
		 _("Skip to the content"));
	html_add(html, "<p class=\"office\"><strong>%s</strong> <span>%s</span></p>\n",
		 frame->office_name ? frame->office_name : frame->office, frame->office);
	html_add(html, "<nav aria-label=\"%s\">\n", _("Pages"));
	place(html, frame, PLACE_DUE, ".", _("To report"));
	place(html, frame, PLACE_FILES, "files", _("Spreadsheets"));
	place(html, frame, PLACE_SENT, "sent", _("Sent and held back"));
	other_language(html, frame);
	html_add(html, "</nav>\n");
	typist(html, frame);
	line(html, frame);
	html_add(html, "</header>\n<main id=\"main\" tabindex=\"-1\">\n");
}

void frame_end(struct html *html)
{
	html_add(html, "</main>\n<footer><p>Lan Tỏa %s</p></footer>\n</body>\n</html>\n",
		 LANTOA_VERSION);
}

void frame_error(struct html *html, const struct frame *frame, const char *sentence)
{
	frame_begin(html, frame);
	html_add(html,
		 "<h1>%s</h1>\n<p class=\"error\" role=\"alert\">%s</p>\n"
		 "<p><a href=\".\">%s</a></p>\n",
		 frame->title, sentence, _("Back to what is to be reported"));
	frame_end(html);
}

/* The screen of an order: what it is, what would come of it, the form to agree to that, and the
 * form that asks for its fields. */
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/model/period_told.h"
#include "common/text/answer.h"
#include "dashboard/frame.h"
#include "dashboard/metrics_list.h"
#include "dashboard/order.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the digest of what was told --- */

static void digest(struct order *order, const struct html *told, const json_t *trial)
{
	unsigned char hash[24];
	crypto_generichash_state state;
	/* Of a table the page tells the first rows alone. */
	char *rows = order->act->table ? json_dumps(answer_rows(trial), JSON_COMPACT) : NULL;

	(void)crypto_generichash_init(&state, NULL, 0, sizeof(hash)); /* sizes are right */
	(void)crypto_generichash_update(&state, told->out.data, told->out.len);
	(void)crypto_generichash_update(&state, order->body.data, order->body.len);
	(void)crypto_generichash_update(&state, order->table.data, order->table.len);
	if (rows)
		(void)crypto_generichash_update(&state, (const unsigned char *)rows, strlen(rows));
	(void)crypto_generichash_final(&state, hash, sizeof(hash));
	(void)sodium_bin2base64(order->digest, sizeof(order->digest), hash, sizeof(hash),
				sodium_base64_VARIANT_URLSAFE_NO_PADDING); /* it has the room */
	free(rows);
}

/* --- forms --- */

static void hidden(struct html *html, const char *name, const char *value)
{
	if (*value)
		html_add(html, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n", name, value);
}

/* --- what a field offers: whoever knows better types it --- */

#define UNITS_OFFERED 1000u /* a page has its limits */

static void offer(struct html *html, const char *value, const char *words)
{
	html_add(html, "<option value=\"%s\">%s</option>", value, words);
}

static void offer_metrics(struct visit *visit, struct html *html)
{
	struct listed listed;
	size_t nth = 0;

	while (listed_next(visit, &nth, &listed))
		if (!listed.indicator)
			offer(html, listed.name, listed.label);
}

static void offer_units(struct visit *visit, struct html *html)
{
	const json_t *rows = answer_rows(ask(visit->asking, FRAME_UNITS));

	for (size_t i = 0, n = 0; i < json_array_size(rows) && n < UNITS_OFFERED; i++) {
		const json_t *row = json_array_get(rows, i);

		if (*answer_text(row, "valid_to"))
			continue;
		offer(html, answer_text(row, "code"), answer_text(row, "name"));
		n++;
	}
}

/* The last that are over, of each length that reports have. */
static void offer_periods(const struct visit *visit, struct html *html)
{
	static const struct {
		enum grain grain;
		int back;
	} offered[] = {
		{ GRAIN_MONTH, 6 }, { GRAIN_QUARTER, 4 }, { GRAIN_SEMESTER, 2 }, { GRAIN_YEAR, 2 }
	};
	char label[PERIOD_TEXT_MAX], words[PERIOD_TOLD_MAX];

	for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++)
		for (int back = 1; back <= offered[i].back; back++) {
			struct period period =
				civil_period(CALENDAR_CIVIL, offered[i].grain, visit->now_us);

			period.number -= back;
			offer(html, period_format(period, label), period_told(period, words));
		}
}

static bool offers(const struct act_field *field)
{
	return field->kind == ACT_METRIC || field->kind == ACT_UNIT || field->kind == ACT_PERIOD;
}

static void offers_write(struct visit *visit, struct html *html, const struct act_field *field)
{
	if (!offers(field))
		return;
	html_add(html, "<datalist id=\"%s-list\">", field->name);
	if (field->kind == ACT_METRIC)
		offer_metrics(visit, html);
	else if (field->kind == ACT_UNIT)
		offer_units(visit, html);
	else
		offer_periods(visit, html);
	html_add(html, "</datalist>");
}

/* --- fields --- */

static void input(struct html *html, const struct act_field *field, const char *value)
{
	const char *words = field->words;

	if (field->kind == ACT_YES) {
		html_add(html, *value ? " type=\"checkbox\" value=\"yes\" checked>"
				      : " type=\"checkbox\" value=\"yes\">");
		return;
	}
	if (field->kind == ACT_WORD) {
		html_add(html, "><option value=\"\">%s</option>", _("(not chosen)"));
		while (words && *words) {
			size_t len = strcspn(words, " ");
			char word[32];

			(void)snprintf(word, sizeof(word), "%.*s", (int)len, words); /* fits */
			html_add(html,
				 strcmp(word, value) == 0
					 ? "<option value=\"%s\" selected>%s</option>"
					 : "<option value=\"%s\">%s</option>",
				 word, act_word(word));
			words += len + strspn(words + len, " ");
		}
		html_add(html, "</select>");
		return;
	}
	html_add(html, field->kind == ACT_DAY ? " type=\"date\" value=\"%s\"" : " value=\"%s\"",
		 value);
	if (offers(field))
		html_add(html, " list=\"%s-list\"", field->name);
	html_add(html, field->needed ? " required>" : ">");
}

/* With what is wrong in it, where that is known. */
static void field_write(struct visit *visit, struct html *html, const struct act_field *field,
			const char *value, const char *wrong)
{
	bool box = field->kind == ACT_YES, bad = *wrong && strcmp(field->key, wrong) == 0;

	html_add(html, box ? "<div class=\"box\">" : "<div>");
	if (!box)
		html_add(html, "<label for=\"%s\">%s</label>\n", field->name, _(field->label));
	html_add(html, field->kind == ACT_WORD ? "<select" : "<input");
	html_add(html, " id=\"%s\" name=\"%s\" class=\"%s\"", field->name, field->name,
		 field->kind == ACT_LONG ? "long" : "short");
	if (bad)
		html_add(html, " aria-invalid=\"true\"");
	if (bad || field->hint)
		html_add(html, " aria-describedby=\"%s%s\"", bad ? "wrong" : field->name,
			 bad ? "" : "-hint");
	input(html, field, value);
	offers_write(visit, html, field);
	if (box)
		html_add(html, " <label for=\"%s\">%s</label>", field->name, _(field->label));
	if (field->hint)
		html_add(html, "<small id=\"%s-hint\">%s</small>", field->name, _(field->hint));
	html_add(html, "</div>\n");
}

static void table_form(struct visit *visit, struct html *html, const char *address)
{
	const struct order *order = visit->order;

	html_add(html,
		 "<form class=\"order\" method=\"post\" action=\"%s\" "
		 "enctype=\"multipart/form-data\">\n",
		 address);
	hidden(html, "change", visit->reader.change);
	hidden(html, "back", order->back ? order->back : "");
	html_add(html,
		 "<div><label for=\"table\">%s</label>\n<input id=\"table\" name=\"table\" "
		 "type=\"file\" accept=\".csv,text/csv,.geojson\" required "
		 "aria-describedby=\"table-hint\">"
		 "<small id=\"table-hint\">%s</small></div>\n",
		 _("The file (CSV)"),
		 _("The whole table, with its head, as it is to be afterwards; 2 MiB at most."));
	html_add(html, "<button>%s</button>\n</form>\n", _("Show what it would change"));
}

static void fields_form(struct visit *visit, struct html *html, const char *wrong)
{
	const struct order *order = visit->order;

	html_add(html, "<form class=\"order\" action=\"%s\">\n", visit->view.path);
	frame_keep(html, &visit->view, "");
	hidden(html, "back", order->back ? order->back : "");
	for (const struct act_field *field = order->act->fields; field->name; field++)
		field_write(visit, html, field, order_value(order, field->name), wrong);
	html_add(html, "<button>%s</button>\n</form>\n", _("Show what it will do"));
}

static void agree_form(struct visit *visit, struct html *html, const char *address)
{
	const struct order *order = visit->order;
	const struct act *act = order->act;
	char home[ORDER_HOME_MAX];

	html_add(html,
		 act->table ? "<form class=\"agree\" method=\"post\" action=\"%s\" "
			      "enctype=\"multipart/form-data\">\n"
			    : "<form class=\"agree\" method=\"post\" action=\"%s\">\n",
		 address);
	hidden(html, "change", visit->reader.change);
	hidden(html, "seen", order->digest);
	hidden(html, "back", order->back ? order->back : "");
	for (const struct act_field *field = act->fields; field->name; field++)
		hidden(html, field->name, order_value(order, field->name));
	if (act->table) {
		struct blob text = { 0 };

		if (blob_append(&text, order->table.data, order->table.len) < 0 ||
		    blob_append(&text, "", 1) < 0)
			html->failed = true;
		else
			hidden(html, "table", (const char *)text.data);
		blob_free(&text);
	}
	if (order->needs_yes)
		html_add(html,
			 "<p class=\"box\"><input id=\"yes\" name=\"yes\" type=\"checkbox\" "
			 "value=\"1\" required> <label for=\"yes\">%s</label></p>\n",
			 _("It takes something away, and that is meant"));
	html_add(html, "<button>%s</button> <a href=\"", _(act->button));
	html_add(html, "%s\">%s</a>\n</form>\n", order_home(order, home), _("Leave it as it is"));
}

/* --- all of it --- */

/* Asks what would come of it, and tells that; *@ret_refusal is why not. False: it is not known. */
static bool told(struct visit *visit, struct html *html, struct refusal *ret_refusal)
{
	struct order *order = visit->order;
	const struct act *act = order->act;
	const json_t *trial;
	struct html words = { 0 };
	struct err err;

	*ret_refusal = (struct refusal){ 0, "", "", "" };
	order->digest[0] = order->office[0] = '\0';
	order->nothing = false;
	if (!order_is_whole(order))
		return false;
	if (!order->sending.target && act->path &&
	    order_sending(order, true, &order->sending, &err) < 0) {
		html->failed = true;
		return false;
	}
	trial = act->looks || !act->path ? ask(visit->asking, act->looks ? act->looks : FRAME_UNITS)
					 : ask_trial(visit->asking, &order->sending, ret_refusal);
	if (!trial)
		return false;
	(void)snprintf(order->replaced, sizeof(order->replaced), "%s",
		       answer_head(trial, "would", "replaced")); /* fits, or matches nothing */
	order->needs_yes = strcmp(answer_head(trial, "would", "needs_yes"), "yes") == 0;
	if (act_field(act, "office")) /* cut: no office's */
		(void)snprintf(order->office, sizeof(order->office), "%s",
			       answer_text(json_array_get(answer_rows(trial), 0), "office"));
	act->tell(visit, &words, trial);
	digest(order, &words, trial);
	html_add(html, "<section aria-labelledby=\"will\"><h2 id=\"will\">%s</h2>\n",
		 act->path ? _("What it will do") : _("What is to be done"));
	if (words.failed || blob_append(&html->out, words.out.data, words.out.len) < 0)
		html->failed = true;
	blob_free(&words.out);
	if (act->note && !order->nothing)
		act->note(visit, html, trial);
	return true;
}

static void trouble(const struct order *order, struct html *html)
{
	if (order->trouble)
		html_add(html, "<p class=\"bad\" role=\"alert\" id=\"wrong\">%s</p>\n",
			 order->trouble);
	else if (*order->seen && order->nothing)
		html_add(html, "<p class=\"bad\" role=\"alert\">%s</p>\n",
			 _("Nothing was done now: there is nothing left to do. This is how it "
			   "stands."));
	else if (*order->seen && order->needs_yes && strcmp(order->seen, order->digest) == 0)
		html_add(html, "<p class=\"bad\" role=\"alert\">%s</p>\n",
			 _("Nothing was done yet: it takes something away. Say below that this is "
			   "meant."));
	else if (*order->seen && *order->digest)
		html_add(html, "<p class=\"bad\" role=\"alert\">%s</p>\n",
			 _("Nothing was done yet: what it would do has changed since you looked. "
			   "This is how it stands now."));
}

/* While a change goes on by steps, most acts are refused: there is a page that tells how far it is.
 */
static void under_way(struct visit *visit, struct html *html)
{
	const json_t *change = ask_if_there(visit->asking, "/api/v1/change");
	struct view there = view_at(&visit->view, "/change");

	if (!json_object_get(change, "progress"))
		return;
	html_add(html, "<p>");
	frame_link(html, &there, _("What is under way, and how far it is"), false);
	html_add(html, "</p>\n");
}

void order_write(struct visit *visit, struct html *html)
{
	struct order *order = visit->order;
	const struct act *act = order->act;
	struct html will = { 0 };
	struct refusal refusal;
	char address[VIEW_ADDRESS_MAX];
	bool known;

	visit->address = order_address(order, &visit->view, order->address);
	visit->every_s = -1; /* somebody reads, and the answer to a form is no page to ask for */
	frame_title(visit, html, _(act->title));
	html_add(html, "<p class=\"lead\">%s</p>\n", _(act->what));
	if (!*visit->reader.name || visit->reader.role < act->role)
		return; /* not known yet, or refused */
	(void)view_address(&visit->view, address);
	known = told(visit, &will, &refusal);
	if (refusal.status && !order->trouble)
		order_trouble(order, refusal.status, refusal.detail);
	trouble(order, html);
	if (refusal.status == 409)
		under_way(visit, html);
	if (known) {
		if (will.failed || blob_append(&html->out, will.out.data, will.out.len) < 0)
			html->failed = true;
		if (act->path && !order->nothing)
			agree_form(visit, html, address);
		html_add(html, "</section>\n");
	}
	blob_free(&will.out);
	if (known)
		html_add(html, "<details><summary>%s</summary>\n",
			 act->table ? _("Another file") : _("Change what is asked for"));
	if (act->table)
		table_form(visit, html, address);
	else
		fields_form(visit, html, refusal.field ? refusal.field : "");
	if (known)
		html_add(html, "</details>\n");
}

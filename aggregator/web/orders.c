/* What changes something, from the province's page: GET /act/NAME shows what would come of it, and
 * POST does it (dashboard/order.h has the whole story). A form counts only from a browser that is
 * logged in, sent by a page of ours (door.c), and with the word that this browser's pages have. The
 * aggregator judges by the token who may do what. */
#include "web/web_internal.h"

#include "common/base/i18n.h"
#include "common/text/multipart.h"
#include "common/text/urlencoded.h"
#include "dashboard/acts.h"
#include "dashboard/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHANGE "change" /* the field with the word */
#define TABLE  "table"

static void show(struct web *web, struct http_request *request, const struct credentials *shown,
		 const struct view *view, struct order *order)
{
	const struct screen screen = {
		.path = ACT_PATH, .role = order->act->role, .takes = "", .write = order_write
	};

	if (order->back && !views_is_own_path(order->back))
		*order->back = '\0';
	views_show(web, request, shown, view, &screen, order);
}

static void drop(struct order *order)
{
	order_deinit(order);
	free(order);
}

/* What an address asks for, as the caller's; NULL: it was answered that there is none. */
static struct order *order_new(struct web *web, struct http_request *request, struct view *ret_view)
{
	const char *target = http_target(request);
	const struct act *act = act_find(target);
	struct order *order = act ? calloc(1, sizeof(*order)) : NULL;
	struct err err;

	if (!act) {
		pages_on_nothing(web, request);
	} else if (!order) {
		(void)err_memory(&err);
		http_answer_err(request, &err);
	} else if (order_read(act, target, ret_view, order, &err) < 0) {
		drop(order);
		pages_refuse(web, request, http_status_of(err.code), err.text, 0);
		return NULL;
	}
	return order;
}

void orders_on_look(void *context, struct http_request *request)
{
	struct web *web = context;
	struct credentials shown = door_credentials(web, request);
	enum language before = language_use(views_language(request));
	struct view view;
	struct order *order = order_new(web, request, &view);

	if (order && *shown.token) {
		show(web, request, &shown, &view, order);
	} else if (order) {
		drop(order);
		views_log_in(web, request);
	}
	explicit_bzero(shown.token, sizeof(shown.token));
	(void)language_use(before);
}

/* --- forms --- */

struct sent { /* what a form brings */
	struct order *order;
	char change[BROWSER_WORD_MAX];
};

static int field_take(struct sent *sent, const char *name, const char *value, struct err *err)
{
	if (strcmp(name, CHANGE) != 0)
		return order_take(sent->order, name, value, err);
	(void)snprintf(sent->change, sizeof(sent->change), "%s", value); /* cut: not the word */
	return 0;
}

static int fields_take(struct sent *sent, const char *body, size_t len, struct err *err)
{
	struct field *fields = NULL;
	size_t n = 0;
	char *text = malloc(len + 1);
	int rc;

	if (!text)
		return err_memory(err);
	memcpy(text, body, len);
	rc = urlencoded_parse(text, len, &fields, &n, err);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = field_take(sent, fields[i].name, fields[i].value, err);
	free(fields);
	explicit_bzero(text, len);
	free(text);
	return rc;
}

/* A file that is no table is told beside the form. */
static int table_take(struct order *order, const struct part *part, struct err *err)
{
	int rc = order_take_table(order, part->data, part->len, err);

	if (rc == -EINVAL || rc == -E2BIG) {
		order_trouble(order, rc == -E2BIG ? 413 : 400, err->text);
		rc = 0;
	}
	return rc;
}

static int parts_take(struct sent *sent, const char *type, const char *body, size_t len,
		      struct err *err)
{
	struct part parts[MULTIPART_PARTS_MAX];
	size_t n = 0;
	int rc = multipart_parse(type, body, len, parts, &n, err);

	for (size_t i = 0; i < n && rc == 0; i++) {
		char *value;

		if (strcmp(parts[i].name, TABLE) == 0) {
			rc = table_take(sent->order, &parts[i], err);
			continue;
		}
		value = strndup(parts[i].data, parts[i].len);
		rc = value ? field_take(sent, parts[i].name, value, err) : err_memory(err);
		free(value);
	}
	return rc;
}

static int form_take(const struct http_request *request, struct sent *sent, struct err *err)
{
	size_t len;
	const char *body = http_body(request, &len);

	return sent->order->act->table
		       ? parts_take(sent, http_header_single(request, "Content-Type"), body, len,
				    err)
		       : fields_take(sent, body, len, err);
}

void orders_on_sent(void *context, struct http_request *request)
{
	struct web *web = context;
	struct credentials shown = door_credentials(web, request);
	enum language before = language_use(views_language(request));
	struct view view;
	struct sent sent = { .order = order_new(web, request, &view) };
	struct err err;
	int rc = sent.order ? form_take(request, &sent, &err) : 0;

	/* He may have been logged out since the head came, which had to be his. */
	bool means =
		rc == 0 && sent.order && shown.browser && browser_means(shown.browser, sent.change);
	if (means) {
		show(web, request, &shown, &view, sent.order);
	} else if (sent.order) {
		drop(sent.order);
		if (rc < 0)
			pages_refuse(web, request, http_status_of(rc), err.text, 0);
		else
			pages_refuse(web, request, 403,
				     _("a browser changes nothing here unless a page of this site "
				       "asks for it"),
				     0);
	}
	explicit_bzero(sent.change, sizeof(sent.change));
	explicit_bzero(shown.token, sizeof(shown.token));
	(void)language_use(before);
}

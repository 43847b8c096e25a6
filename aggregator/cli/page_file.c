/* The page that lantoa-web would show, written here: the same screens, asked of the same
 * aggregator. So nothing else needs to run, and no browser ever holds a token. */
#include "cli/page_file.h"

#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "dashboard/assets.h"
#include "dashboard/frame.h"
#include "dashboard/screens.h"
#include "feed/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TURNS_MAX 8u
#define API       "/api"

/* What the province answers, also where it refuses. */
static int ask_one(const char *api, struct asking *asking, const char *target, struct err *err)
{
	unsigned status = 0;
	const struct request request = { .method = "GET",
					 .path = target + strlen(API),
					 .accept = "application/json",
					 .ret_status = &status };
	struct blob answer = { 0 };
	int rc = client_ask(api, &request, &answer, err);

	if (rc == 0) {
		rc = asking_tell(asking, target, 200, answer.data, answer.len);
	} else if (rc == -EREMOTEIO && status >= 400) { /* a page may do without */
		json_t *said = json_pack("{s: s}", "detail", err->text);
		char *text = said ? json_dumps(said, 0) : NULL;

		rc = text ? asking_tell(asking, target, status, text, strlen(text)) : -ENOMEM;
		free(text);
		json_decref(said);
	}
	blob_free(&answer);
	return rc == -ENOMEM ? err_memory(err) : rc;
}

/* The page of @visit, whole. */
static int page_make(const char *api, struct visit *visit, struct html *html, struct err *err)
{
	struct refusal refusal;
	bool over = false;
	int rc = 0;

	for (unsigned turns = 0; rc == 0 && !over && turns < TURNS_MAX; turns++) {
		const char *target;
		size_t at = 0;

		blob_free(&html->out);
		html->failed = false;
		frame_page(visit, html);
		over = asking_is_over(visit->asking);
		while (rc == 0 && (target = asking_next(visit->asking, &at)))
			rc = ask_one(api, visit->asking, target, err);
	}
	if (rc < 0)
		return rc;
	if (asking_refusal(visit->asking, &refusal))
		return *refusal.detail ? err_set(err, -EREMOTEIO, "%s", refusal.detail)
				       : err_set(err, -EIO,
						 "the answer is not what an aggregator says; are "
						 "lantoa and lantoa-aggregator of one version?");
	return html->failed ? err_memory(err) : 0;
}

/* --- a file that needs nothing else --- */

static bool begins(const struct blob *page, size_t i, const char *with)
{
	size_t len = strlen(with);

	return page->len - i >= len && memcmp(page->data + i, with, len) == 0;
}

/* From @i up to behind the next @mark. */
static size_t behind(const struct blob *page, size_t i, char mark)
{
	const uint8_t *found = memchr(page->data + i, mark, page->len - i);

	return found ? (size_t)(found - page->data) + 1 : page->len;
}

/* On every sheet what the page's foot says, beside the number that the style puts there. */
static int paper_foot(const struct visit *visit, struct blob *ret)
{
	static const char before[] =
		"@page{@bottom-left{width:85%;font:8pt sans-serif;color:#51626b;"
		"content:\"",
			  after[] = "\"}}\n";
	char text[FRAME_ABOUT_MAX];
	int rc = blob_append(ret, before, strlen(before));

	for (const char *at = frame_about(visit, text); *at && rc == 0; at++)
		if (!strchr("\"\\<>\n", *at)) /* none of our words has one */
			rc = blob_append(ret, at, 1);
	return rc == 0 ? blob_append(ret, after, strlen(after)) : rc;
}

/* The style in the page's head instead of a link to it, no script, and no links: a paper has none,
 * and in a file they would lead nowhere. */
static int page_alone(const struct visit *visit, const struct blob *page, struct blob *ret)
{
	static const char link[] = "<link rel=\"stylesheet\"",
			  script[] = "<script src=", href[] = " href=\"";
	const struct asset *css = assets_find("/page.css");
	int rc = 0;
	size_t i = 0;

	while (i < page->len && rc == 0) {
		if (begins(page, i, link)) {
			i = behind(page, i, '>');
			rc = blob_append(ret, "<style>", 7);
			if (rc == 0)
				rc = blob_append(ret, css->data, (size_t)(css->end - css->data));
			if (rc == 0)
				rc = paper_foot(visit, ret);
			if (rc == 0)
				rc = blob_append(ret, "</style>", 8);
		} else if (begins(page, i, script)) {
			i = behind(page, behind(page, i, '>'), '>'); /* and its end */
		} else if (begins(page, i, href)) {
			i = behind(page, i + strlen(href), '"');
		} else {
			rc = blob_append(ret, page->data + i++, 1);
		}
	}
	return rc;
}

/* --- one page --- */

/* A link as a browser shows it, with or without its site. */
static const char *target_of(const char *link)
{
	const char *site = strstr(link, "://"), *path = site ? strchr(site + 3, '/') : link;

	return !path || !*path ? "/" : path;
}

static int view_choose(const char *link, struct visit *visit, struct err *err)
{
	int rc = screens_read(target_of(link), &visit->view, &visit->screen, err);

	if (rc == -ENOENT)
		return err_set(err, -EINVAL, "--view: the province's page has no '%s'", link);
	return rc < 0 ? err_wrap(err, "--view") : 0;
}

/* Days and instants of a page are told as the province tells them, wherever it is printed. One of
 * an earlier version does not say how: then it is as this machine has it. */
static int zone_take(const char *api, struct err *err)
{
	const struct request request = { .method = "GET",
					 .path = "/v1/ledger",
					 .accept = "application/json" };
	struct blob answer = { 0 };
	int rc = client_ask(api, &request, &answer, err);
	json_t *told = rc == 0 ? json_loadb((const char *)answer.data, answer.len, 0, NULL) : NULL;
	const char *zone = json_string_value(json_object_get(told, "zone"));

	if (zone && *zone)
		rc = civil_set_zone(zone, err);
	json_decref(told);
	blob_free(&answer);
	return rc;
}

int page_file_make(const char *api, const char *link, struct blob *ret_page, struct err *err)
{
	struct visit visit = { .screens = screens,
			       .n_screens = n_screens,
			       .reader = { READER_ADMIN, "", "", "", "" },
			       .now_us = civil_now_us() };
	struct html html = { 0 };
	int rc;

	visit.asking = asking_open();
	rc = visit.asking ? view_choose(link, &visit, err) : err_memory(err);
	if (rc == 0)
		rc = zone_take(api, err);
	if (rc == 0)
		rc = page_make(api, &visit, &html, err);
	if (rc == 0 && page_alone(&visit, &html.out, ret_page) < 0)
		rc = err_memory(err);
	blob_free(&html.out);
	asking_close(visit.asking);
	return rc;
}

/* A page of /v1/changes as whoever answers may send it: refused, or one whose items, figures and
 * bytes can be walked to their end, in the order of their positions, and that the mirror makes
 * statements of or refuses. The input is the position that
 * was asked for, a line of its own, and the answer. */
#include "feed/changes_client.h"
#include "fuzz/fuzz.h"
#include "mirror/change_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void check_bytes(const char *base64)
{
	struct blob out = { 0 };
	struct err err = { 0 };
	int rc = changes_bytes(base64, &out, &err);
	require(rc == 0 || (rc == -EBADMSG && *err.text));
	require(out.len <= strlen(base64) / 4 * 3 + 3);
	blob_free(&out);
}

/* Each but the last has another place than the one before, in rising order. */
static void check_figures(const struct changes_item *item)
{
	struct changes_figure figure = { 0 };
	struct err err = { 0 };
	size_t run = 0, next_point = 0;
	int rc;
	while ((rc = changes_figure_next(item, &figure, &err)) == 1) {
		require(figure.run > run || (figure.run == run && figure.point >= next_point));
		require(figure.metric && figure.labels && figure.calendar && figure.period);
		run = figure.run;
		next_point = figure.point + 1;
	}
	require(rc == 0 || (rc == -EBADMSG && *err.text));
}

static void check_item(const struct changes_page *page, size_t i)
{
	struct changes_item item;
	struct err err = { 0 };
	int rc = changes_item_read(page, i, &item, &err);
	require(rc == 0 || (rc == -EBADMSG && *err.text));
	if (rc < 0)
		return;
	require(item.position == page->position - (int64_t)(page->n - 1 - i));
	if (item.kind == CHANGES_DAMAGED) {
		require(item.why);
		return;
	}
	require(item.link);
	if (item.kind == CHANGES_EVENT) {
		require(item.event.name && item.event.who && item.event.detail);
		require(!item.event.text != !item.event.body);
	} else if (item.batch.payload) {
		require(item.batch.held && item.batch.office && item.batch.day);
		check_bytes(item.batch.payload);
		check_bytes(item.batch.held);
	} else {
		require(json_is_array(item.batch.figures) && json_is_array(item.batch.holds));
		check_figures(&item);
	}
}

/* Whole steps, or none. */
static void check_rows(const struct changes_page *page)
{
	static struct change_rows *rows; /* kept, as the mirror keeps it */
	struct err err = { 0 };
	if (!rows && change_rows_open("82", &rows, &err) < 0)
		abort();
	int rc = change_rows_take(rows, page, &err);
	require(rc == 0 || ((rc == -EBADMSG || rc == -EINVAL) && *err.text));
	require(rc == 0 || change_rows_n(rows) == 0);
	for (size_t i = 0; i < change_rows_n(rows); i++) {
		const struct row_step *step = change_rows_step(rows, i);
		require(step->sql && step->params[0] && step->n_params <= ROW_PARAMS_MAX);
		require(!step->is_copy || strlen(step->params[0]) == step->copy_len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct changes_page page = { 0 };
	struct err err = { 0 };
	char line[24] = "";
	const uint8_t *end = len ? memchr(data, '\n', len) : NULL;
	size_t first = end ? (size_t)(end - data) : 0;
	if (!end || first >= sizeof(line))
		return 0;
	memcpy(line, data, first);
	int64_t after = strtoll(line, NULL, 10);
	if (after < 0)
		return 0;
	int rc = changes_page_read(end + 1, len - first - 1, after, &page, &err);
	require(rc == 0 || (rc == -EBADMSG && *err.text && !page.answer));
	if (rc < 0)
		return 0;
	require(page.position - after == (int64_t)page.n);
	for (size_t i = 0; i < page.n; i++)
		check_item(&page, i);
	check_rows(&page);
	changes_page_free(&page);
	return 0;
}

#include "web/conversion.h"

#include "common/base/i18n.h"
#include "common/text/near_name.h"
#include "export/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct conversion {
	uv_loop_t *loop; /* outlives us */
	struct export_choice choice;
	enum language language;
	const struct conversion_calls *calls;
	void *context;
	struct export *export; /* owned */
	FILE *file;            /* owned: of a workbook; NULL: bytes go out as they come */
	uv_work_t work;
	bool working, closed; /* closed while it was: the end frees */
	int rc;
	struct err err;
};

/* --- what is wanted --- */

static bool has_forms(const char *target)
{
	static const char *const paths[] = { "/api/v1/query", "/api/v1/completeness" };
	size_t len = strcspn(target, "?");

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strlen(paths[i]) == len && strncmp(target, paths[i], len) == 0)
			return true;
	return false;
}

/* @target without its argument "format=...", which is ours, and without those that are empty: a
 * form of a page sends the fields that nobody filled in, too. */
static void without_format(const char *target, char out[TARGET_MAX])
{
	const char *query = strchr(target, '?');
	size_t len = query ? (size_t)(query - target) : strlen(target);
	char mark = '?';

	memcpy(out, target, len); /* a target is that short */
	while (query) {
		const char *pair = query + 1, *end = pair + strcspn(pair, "&");

		size_t name = strcspn(pair, "=&");

		if (strncmp(pair, "format=", 7) != 0 && pair + name + 1 != end) {
			out[len++] = mark;
			memcpy(out + len, pair, (size_t)(end - pair));
			len += (size_t)(end - pair);
			mark = '&';
		}
		query = *end ? end : NULL;
	}
	out[len] = '\0';
}

/* The value of parameter @name of the media type that begins at @type; NULL: it has none. */
static const char *parameter(const char *type, const char *name, char value[32])
{
	size_t end = strcspn(type, ","), len = strlen(name);

	for (const char *at = memchr(type, ';', end); at;
	     at = memchr(at, ';', end - (size_t)(at - type))) {
		at++;
		at += strspn(at, " ");
		if (strncmp(at, name, len) == 0 && at[len] == '=') {
			(void)snprintf(value, 32, "%.*s", (int)strcspn(at + len + 1, ";, "),
				       at + len + 1);
			return value;
		}
	}
	return NULL;
}

static int word_of(const char *value, const char *const words[], size_t n)
{
	for (size_t i = 0; value && i < n; i++)
		if (strcmp(words[i], value) == 0)
			return (int)i;
	return value ? -1 : 0;
}

/* What stands behind the type of SDMX-CSV. */
static unsigned read_sdmx(const char *type, struct export_choice *choice, struct err *err)
{
	static const char *const versions[] = { "2.0.0", "2.1.0", "2.0", "2.1" };
	static const char *const labels[] = { "id", "name", "both" };
	static const char *const keys[] = { "none", "series", "obs", "both" };
	static const char *const times[] = { "original" };
	char value[32];
	int label = word_of(parameter(type, "labels", value), labels, 3);
	int key = word_of(parameter(type, "keys", value), keys, 4);

	if (word_of(parameter(type, "version", value), versions, 4) < 0 || label < 0 || key < 0 ||
	    word_of(parameter(type, "timeFormat", value), times, 1) < 0) {
		(void)err_set(err, -EINVAL,
			      "SDMX-CSV comes in versions 2.0.0 and 2.1.0, with labels=id, name or "
			      "both, keys=none, obs, series or both, and timeFormat=original");
		return 406;
	}
	choice->form = EXPORT_SDMX_CSV;
	choice->labels = (enum export_labels)label;
	choice->keys = (unsigned)key;
	return 0;
}

unsigned conversion_read_sdmx(const char *accept, bool *ret_named, struct export_choice *choice,
			      struct err *err)
{
	static const char sdmx[] = "application/vnd.sdmx.data+csv";
	const char *type = accept ? strstr(accept, sdmx) : NULL;

	*ret_named = type;
	return type ? read_sdmx(type + strlen(sdmx), choice, err) : 0;
}

static unsigned read_accept(const char *accept, struct conversion_wish *wish, struct err *err)
{
	unsigned status = conversion_read_sdmx(accept, &wish->wanted, &wish->choice, err);

	if (wish->wanted)
		return status;
	if (accept && strstr(accept, export_type(EXPORT_XLSX))) {
		wish->wanted = true;
		wish->choice.form = EXPORT_XLSX;
	}
	return 0;
}

unsigned conversion_read(const struct http_request *request, struct conversion_wish *ret_wish,
			 struct err *err)
{
	const char *target = http_target(request), *format;
	struct conversion_wish *wish = ret_wish;
	unsigned status = 0;

	*wish = (struct conversion_wish){ 0 };
	if (!has_forms(target) || strlen(target) >= TARGET_MAX)
		return 0;
	format = http_arg(request, "format");
	if (!format)
		status = read_accept(http_header(request, "Accept"), wish, err);
	else if (strcmp(format, "csv") == 0)
		wish->accept = "text/csv";
	else if (strcmp(format, "json") == 0)
		wish->accept = "application/json";
	else if (export_find(format, &wish->choice.form))
		wish->wanted = true;
	else {
		(void)err_set(err, -EINVAL,
			      "format: there is none of that name; there are csv, json, csv-excel, "
			      "xlsx and sdmx-csv");
		(void)near_words_hint(err, "csv json csv-excel xlsx sdmx-csv", format);
		status = 400;
	}
	if (wish->wanted)
		wish->accept = "text/csv";
	if (format)
		without_format(target, wish->target);
	return status;
}

/* --- one on its way --- */

static int put(void *context, const void *data, size_t len, struct err *err)
{
	struct conversion *conversion = context;
	int rc;

	if (conversion->file)
		return fwrite(data, 1, len, conversion->file) == len
			       ? 0
			       : err_set(err, -errno, "a temporary file: %s", err_strerror(-errno));
	rc = conversion->calls->on_bytes(conversion->context, data, len);
	return rc < 0 ? err_memory(err) : 0;
}

int conversion_open(uv_loop_t *loop, const struct conversion_wish *wish, enum language language,
		    const struct conversion_calls *calls, void *context,
		    struct conversion **ret_conversion, struct err *err)
{
	struct conversion *conversion = calloc(1, sizeof(*conversion));
	const struct export_sink sink = { put, conversion };
	int rc = conversion ? 0 : err_memory(err);

	if (rc < 0)
		return rc;
	conversion->loop = loop;
	conversion->choice = wish->choice;
	conversion->language = language;
	conversion->calls = calls;
	conversion->context = context;
	if (wish->choice.form == EXPORT_XLSX && !(conversion->file = tmpfile()))
		rc = err_set(err, -errno, "a temporary file: %s", err_strerror(-errno));
	if (rc == 0)
		rc = export_open(&wish->choice, &sink, &conversion->export, err);
	if (rc < 0) {
		conversion_close(conversion);
		return rc;
	}
	*ret_conversion = conversion;
	return 0;
}

int conversion_head(struct conversion *conversion, const char *field, struct err *err)
{
	return export_head(conversion->export, field, err);
}

int conversion_feed(struct conversion *conversion, const void *data, size_t len, struct err *err)
{
	enum language before = language_use(conversion->language);
	int rc = export_feed(conversion->export, data, len, err);

	(void)language_use(before);
	return rc;
}

static int end(struct conversion *conversion)
{
	enum language before = language_use(conversion->language);
	int rc = export_finish(conversion->export, &conversion->err);

	if (rc == 0 && conversion->file && fflush(conversion->file) != 0)
		rc = err_set(&conversion->err, -errno, "a temporary file: %s",
			     err_strerror(-errno));
	(void)language_use(before);
	return rc;
}

static void on_work(uv_work_t *work)
{
	struct conversion *conversion = work->data;

	conversion->rc = end(conversion);
}

/* The file goes to who is told. */
static void tell(struct conversion *conversion)
{
	uint64_t len = 0;
	int fd = -1;

	if (conversion->rc == 0 && conversion->file) {
		len = (uint64_t)ftello(conversion->file);
		fd = fcntl(fileno(conversion->file), F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			conversion->rc = err_set(&conversion->err, -errno, "a temporary file: %s",
						 err_strerror(-errno));
	}
	conversion->calls->on_finish(conversion->context, conversion->rc, fd, len,
				     &conversion->err);
}

static void on_worked(uv_work_t *work, int status)
{
	struct conversion *conversion = work->data;

	conversion->working = false;
	if (conversion->closed) {
		conversion_close(conversion);
		return;
	}
	if (status < 0)
		conversion->rc = err_set(&conversion->err, status, "%s", err_strerror(status));
	tell(conversion);
}

void conversion_finish(struct conversion *conversion)
{
	conversion->work.data = conversion;
	conversion->working = conversion->file && uv_queue_work(conversion->loop, &conversion->work,
								on_work, on_worked) == 0;
	if (conversion->working)
		return;
	conversion->rc = end(conversion);
	tell(conversion);
}

void conversion_close(struct conversion *conversion)
{
	if (!conversion)
		return;
	conversion->closed = true;
	if (conversion->working)
		return; /* on_worked() comes here again */
	export_close(conversion->export);
	if (conversion->file)
		(void)fclose(conversion->file); /* who wants it has a descriptor of his own */
	free(conversion);
}

size_t conversion_fields(const struct conversion *conversion, char name[128],
			 struct http_field fields[CONVERSION_FIELDS])
{
	enum export_form form = conversion->choice.form;

	(void)snprintf(name, 128, "attachment; filename=\"lantoa%s%s\"",
		       form == EXPORT_SDMX_CSV ? "-sdmx" : "", export_suffix(form)); /* fits */
	fields[0] = (struct http_field){ "Content-Type", export_type(form) };
	fields[1] = (struct http_field){ "Content-Disposition", name };
	fields[2] = (struct http_field){ "Cache-Control", "no-store" };
	return CONVERSION_FIELDS;
}

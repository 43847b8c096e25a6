#include "api/reply.h"

#include "api/etag.h"
#include "api/parameters.h"
#include "api/problem.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELDS_MOST 8u

void reply_begin(struct call *call)
{
	spill_deinit(&call->spill);
	spill_init(&call->spill, api_spills(call->api), http_takes_gzip(call->request));
	call->stream = (struct table_stream){ .csv = call->wants_csv,
					      .take = spill_take,
					      .context = &call->spill };
	call->packed = call->tables = false;
}

int reply_end(struct call *call, struct table *table)
{
	struct blob before = { 0 }, behind = { 0 };
	int rc = table_stream_end(table, &before, &behind);

	if (rc == 0)
		rc = spill_end(&call->spill, &before, &behind, &call->answer);
	blob_free(&before);
	blob_free(&behind);
	if (rc < 0)
		return rc;
	call->tables = true;
	call->packed = call->spill.gzip;
	if (call->spill.fd >= 0)
		call->file = spill_release(&call->spill, &call->file_len);
	return 0;
}

int reply_pack(struct call *call, struct err *err)
{
	struct blob packed = { 0 };
	const struct blob none = { 0 };

	if (call->tables || call->file >= 0 || !call->spill.gzip || call->answer.len < SPILL_PACKED)
		return 0;
	int rc = spill_end(&call->spill, &call->answer, &none, &packed);
	if (rc < 0) {
		blob_free(&packed);
		return err_set(err, rc, "%s", call->spill.why.text);
	}
	blob_free(&call->answer);
	call->answer = packed;
	call->packed = true;
	return 0;
}

void reply_note_next(struct call *call, const struct table *table)
{
	const char *next = table_head_value(table, "list", "next");

	if (!next)
		next = table_head_value(table, "history", "next");
	(void)snprintf(call->next, sizeof(call->next), "%s", next ? next : ""); /* it fits */
}

static int add_escaped(struct blob *out, const char *text)
{
	char code[4];
	int rc = 0;

	for (; *text && rc == 0; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text)) {
			rc = blob_append(out, text, 1);
		} else {
			(void)snprintf(code, sizeof(code), "%%%02X", (unsigned char)*text);
			rc = blob_append(out, code, 3);
		}
	}
	return rc;
}

static int add_argument(struct blob *out, char before, const char *name, const char *value)
{
	int rc = blob_append(out, &before, 1);

	if (rc == 0)
		rc = add_escaped(out, name);
	if (rc == 0)
		rc = blob_append(out, "=", 1);
	return rc == 0 ? add_escaped(out, value) : rc;
}

/* RFC 8288: the same question with another before. Without memory there is none; the answer itself
 * says it as well. */
static const char *link_to_next(const struct call *call, struct blob *link)
{
	const char *cursor = call->action->arguments, *path = http_matched(call->request)->path;
	char name[PARAMETER_NAME_MAX];
	int rc = *call->next ? blob_append(link, "<", 1) : -ENOENT;

	if (rc == 0)
		rc = blob_append(link, path, strlen(path));
	if (rc == 0)
		rc = add_argument(link, '?', "before", call->next);
	while (rc == 0 && parameters_next(&cursor, name)) {
		const char *value = http_arg(call->request, name);

		if (value && strcmp(name, "before") != 0)
			rc = add_argument(link, '&', name, value);
	}
	if (rc == 0)
		rc = blob_append(link, ">; rel=\"next\"", sizeof(">; rel=\"next\""));
	return rc == 0 ? (const char *)link->data : NULL;
}

/* Of each coding there is one: "...-gz". */
static void tag_of_packed(char tag[TAG_ROOM])
{
	strcpy(tag + strlen(tag) - 1, "-gz\""); /* TAG_ROOM has it */
}

void reply_drop(struct call *call)
{
	if (call->file >= 0)
		(void)close(call->file); /* it was only read */
	if (call->file >= 0 && call->tables)
		spill_give_back(call->spill.room, call->file_len);
	call->file = -1;
	spill_deinit(&call->spill);
}

/* A long answer on its way. */
struct sending {
	struct spill_room *room; /* outlives us */
	uint64_t len;
};

static void on_gone(void *context)
{
	struct sending *sending = context;

	spill_give_back(sending->room, sending->len);
	free(sending);
}

/* From here on its file is the server's. */
static void send_long(struct call *call, const struct http_field fields[], size_t n)
{
	struct http_long body = { .first = call->answer.data ? (const void *)call->answer.data : "",
				  .first_len = call->answer.len,
				  .fd = call->file,
				  .len = call->file_len };
	struct sending *sending = call->tables ? malloc(sizeof(*sending)) : NULL;
	struct err err;

	if (call->tables && !sending) {
		reply_drop(call);
		(void)err_memory(&err);
		problem_answer(call, &err);
		return;
	}
	if (sending) {
		*sending = (struct sending){ call->spill.room, call->file_len };
		body.on_gone = on_gone;
		body.context = sending;
	}
	call->file = -1;
	http_answer_long(call->request, 200, fields, n, &body);
}

struct head { /* of an answer */
	struct http_field fields[FIELDS_MOST];
	size_t n;
};

static void add(struct head *head, const char *name, const char *value)
{
	head->fields[head->n++] = (struct http_field){ name, value };
}

/* Who kept an answer asks each time whether it is still so; one without a tag is not kept, as there
 * may be a secret in it. */
static void add_tag(struct head *head, const char *tag)
{
	if (*tag) {
		add(head, "ETag", tag);
		add(head, "Vary", "Accept, Accept-Encoding, Accept-Language");
	}
	add(head, "Cache-Control", *tag ? "private, no-cache" : "no-store");
}

static void send_unchanged(struct call *call, const char *tag)
{
	struct head head = { 0 };

	add_tag(&head, tag);
	http_answer_fields(call->request, 304, head.fields, head.n, "", 0);
}

bool reply_unchanged(struct call *call)
{
	char tag[TAG_ROOM];

	if (!tag_is_had(api_tags(call->api), call, tag))
		return false;
	send_unchanged(call, tag);
	return true;
}

void reply_send(struct call *call, int rc, const struct err *err)
{
	struct head head = { 0 };
	struct blob link = { 0 };
	char tag[TAG_ROOM];
	struct err late;

	if (rc == -EINTR)
		err = (err_set(&late, rc,
			       "this takes too long; ask for less: a smaller area, a shorter time "
			       "or a "
			       "coarser grain"),
		       &late);
	if (rc < 0) {
		problem_answer(call, err);
		return;
	}
	if (call->file < 0 && tag_is_listed(call, tag)) {
		send_unchanged(call, tag);
		return;
	}
	if (call->packed && *call->tag)
		tag_of_packed(call->tag);
	add(&head, "Content-Type",
	    call->answer_type ? call->answer_type : "application/octet-stream");
	add_tag(&head, call->tag);
	if (call->head.len > 0)
		add(&head, CALL_HEAD, (const char *)call->head.data);
	if (call->packed)
		add(&head, "Content-Encoding", "gzip");
	const char *next = link_to_next(call, &link);
	if (next)
		add(&head, "Link", next);
	if (call->file >= 0) {
		send_long(call, head.fields, head.n);
		blob_free(&link);
		return;
	}
	http_answer_fields(call->request, call->under_way ? 202 : 200, head.fields, head.n,
			   (const char *)call->answer.data, call->answer.len);
	blob_free(&link);
}

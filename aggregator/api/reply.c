#include "api/reply.h"

#include "api/etag.h"
#include "api/problem.h"

#include <errno.h>

#define FIELDS_MOST 8u

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
	if (call->file >= 0) {
		http_answer_file(call->request, "application/octet-stream", call->file,
				 call->file_len);
		return;
	}
	if (tag_is_listed(call, tag)) {
		send_unchanged(call, tag);
		return;
	}
	add(&head, "Content-Type", call->answer_type);
	add_tag(&head, call->tag);
	http_answer_fields(call->request, call->under_way ? 202 : 200, head.fields, head.n,
			   (const char *)call->answer.data, call->answer.len);
}

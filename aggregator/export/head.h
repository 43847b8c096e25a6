/* What an answer says before its rows: the query as understood, the ledger's head, what it is
 * called. As JSON, {"query": {"name": "...", ...}, "ledger": {...}}, from the field Lantoa-Head of
 * an answer in CSV. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>

#define HEAD_FIELD "Lantoa-Head"

struct head;

/** @json NULL: there is none, and nothing is found. -EBADMSG: it is no object of objects of
 * texts and whole numbers, which are texts here.
 */
int head_read(const char *json, struct head **ret_head, struct err *err);
void head_close(struct head *head); /* NULL is fine */
/** The text of @key in @object; NULL: there is none. Valid as long as the head. */
const char *head_text(const struct head *head, const char *object, const char *key);
/** The @nth pair, in the answer's order; NULL: there are no more. */
const char *head_pair(const struct head *head, size_t nth, const char **ret_object,
		      const char **ret_key);

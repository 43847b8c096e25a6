#include "dashboard/asking.h"

#include "common/base/array.h"
#include "common/base/blob.h"
#include "common/text/answer.h"
#include "common/text/urlencoded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct asked {
	char *target;                  /* owned */
	json_t *json;                  /* owned; NULL: not yet, or no JSON */
	unsigned status;               /* 0: not yet */
	bool needed;                   /* a page cannot do without */
	const struct sending *sending; /* outlives it; NULL: it is a question */
};

struct asking {
	struct asked list[ASKED_MAX];
	size_t n;
	bool too_many, failed;
};

struct asking *asking_open(void)
{
	return calloc(1, sizeof(struct asking));
}

void asking_close(struct asking *asking)
{
	if (!asking)
		return;
	for (size_t i = 0; i < asking->n; i++) {
		free(asking->list[i].target);
		json_decref(asking->list[i].json);
	}
	free(asking);
}

static struct asked *find(const struct asking *asking, const char *target)
{
	for (size_t i = 0; i < asking->n; i++)
		if (strcmp(asking->list[i].target, target) == 0)
			return (struct asked *)(uintptr_t)&asking->list[i];
	return NULL;
}

static struct asked *add(struct asking *asking, const char *target)
{
	struct asked *asked = &asking->list[asking->n];
	char *copy;

	if (asking->n == ASKED_MAX || strlen(target) >= QUESTION_MAX) {
		asking->too_many = true;
		return NULL;
	}
	copy = strdup(target);
	if (!copy) {
		asking->failed = true;
		return NULL;
	}
	*asked = (struct asked){ .target = copy };
	asking->n++;
	return asked;
}

static const json_t *ask_for(struct asking *asking, const char *target, bool needed)
{
	struct asked *asked = find(asking, target);

	if (!asked)
		asked = add(asking, target);
	if (!asked)
		return NULL;
	asked->needed = asked->needed || needed;
	return asked->status == 200 ? asked->json : NULL;
}

const json_t *ask(struct asking *asking, const char *target)
{
	return ask_for(asking, target, true);
}

const json_t *ask_if_there(struct asking *asking, const char *target)
{
	return ask_for(asking, target, false);
}

static struct refusal refusal_of(const struct asked *asked)
{
	const json_t *wrong = json_array_get(json_object_get(asked->json, "errors"), 0);
	const char *pointer = answer_text(wrong, "pointer");

	return (struct refusal){ asked->status,
				 asked->json ? answer_text(asked->json, "detail") : "",
				 asked->target, strncmp(pointer, "#/", 2) == 0 ? pointer + 2 : "" };
}

const json_t *ask_trial(struct asking *asking, const struct sending *sending,
			struct refusal *ret_refusal)
{
	const json_t *answer = ask_for(asking, sending->target, false);
	struct asked *asked = find(asking, sending->target);

	*ret_refusal = (struct refusal){ 0, "", "", "" };
	if (asked)
		asked->sending = sending;
	if (asked && asked->status != 0 && asked->status != 200)
		*ret_refusal = refusal_of(asked);
	return answer;
}

const struct sending *asking_sending(const struct asking *asking, const char *target)
{
	const struct asked *asked = find(asking, target);

	return asked ? asked->sending : NULL;
}

const char *asking_next(const struct asking *asking, size_t *at)
{
	while (*at < asking->n) {
		const struct asked *asked = &asking->list[(*at)++];

		if (asked->status == 0)
			return asked->target;
	}
	return NULL;
}

int asking_tell(struct asking *asking, const char *target, unsigned status, const void *text,
		size_t len)
{
	struct asked *asked = find(asking, target);

	if (!asked)
		asked = add(asking, target);
	if (!asked)
		return -ENOMEM;
	json_decref(asked->json);
	asked->json = exact_read(text, len);
	asked->status = status == 200 && !asked->json ? 502 : status;
	return 0;
}

bool asking_is_over(const struct asking *asking)
{
	size_t at = 0;

	return !asking_next(asking, &at);
}

bool asking_refusal(const struct asking *asking, struct refusal *ret_refusal)
{
	for (size_t i = 0; i < asking->n; i++) {
		const struct asked *asked = &asking->list[i];

		if (!asked->needed || asked->status == 0 || asked->status == 200)
			continue;
		*ret_refusal = refusal_of(asked);
		return true;
	}
	*ret_refusal = (struct refusal){ 500, "", "", "" };
	return asking->too_many || asking->failed;
}

const char *asking_question(const struct asking *asking, size_t i, const json_t **ret_answer)
{
	if (i >= asking->n)
		return NULL;
	*ret_answer = asking->list[i].status == 200 ? asking->list[i].json : NULL;
	return asking->list[i].target;
}

/* --- questions --- */

void question_begin(struct question *question, const char *path)
{
	int len = snprintf(question->target, sizeof(question->target), "%s", path);

	question->len = (size_t)len;
	question->cut = question->len >= sizeof(question->target);
}

void question_add(struct question *question, const char *name, const char *value)
{
	char *at = question->target + question->len;
	size_t room = sizeof(question->target) - question->len;
	int len;

	if (!value || !*value || question->cut)
		return;
	if (room < strlen(name) + 3 * strlen(value) + 8) {
		question->cut = true;
		return;
	}
	len = snprintf(at, room, "%c%s=", strchr(question->target, '?') ? '&' : '?', name);
	(void)urlencoded_write(value, at + len, room - (size_t)len);
	question->len += strlen(at);
}

/* --- exact numbers --- */

#define INTEGER_DIGITS 18u /* so many fit into 64 bits, whatever they are */

static bool is_plain_integer(const char *text, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '-' && i == 0)
			continue;
		if (text[i] < '0' || text[i] > '9')
			return false;
		digits++;
	}
	return digits <= INTEGER_DIGITS;
}

/* @text[@len] with its inexact numbers as texts. Outside of texts a digit or '-' begins a number,
 * and nothing else does. */
static int numbers_kept(const char *text, size_t len, struct blob *out)
{
	int rc = 0;
	size_t i = 0;

	while (i < len && rc == 0) {
		size_t from = i;

		if (text[i] == '"') {
			for (i++; i < len && text[i] != '"'; i++)
				i += text[i] == '\\';
			i = i < len ? i + 1 : len;
			rc = blob_append(out, text + from, i - from);
		} else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
			while (i < len && strchr("+-.eE0123456789", text[i]) && text[i])
				i++;
			bool plain = is_plain_integer(text + from, i - from);

			if (!plain)
				rc = blob_append(out, "\"", 1);
			if (rc == 0)
				rc = blob_append(out, text + from, i - from);
			if (!plain && rc == 0)
				rc = blob_append(out, "\"", 1);
		} else {
			while (i < len && text[i] != '"' && text[i] != '-' &&
			       (text[i] < '0' || text[i] > '9'))
				i++;
			rc = blob_append(out, text + from, i - from);
		}
	}
	return rc;
}

json_t *exact_read(const void *text, size_t len)
{
	struct blob kept = { 0 };
	json_t *json = NULL;

	if (len > 0 && numbers_kept(text, len, &kept) == 0)
		json = answer_read(kept.data, kept.len);
	blob_free(&kept);
	return json;
}

const char *exact_text(const json_t *row, const char *key, char room[EXACT_MAX])
{
	const json_t *value = json_object_get(row, key);

	if (json_is_string(value))
		return json_string_value(value);
	if (!json_is_integer(value))
		return NULL;
	(void)snprintf(room, EXACT_MAX, "%lld", (long long)json_integer_value(value)); /* fits */
	return room;
}

const char *exact_head(const json_t *answer, const char *object, const char *key,
		       char room[EXACT_MAX])
{
	const char *text = exact_text(json_object_get(answer, object), key, room);

	return text ? text : "";
}

const json_t *answer_rows(const json_t *answer)
{
	return json_object_get(answer, "rows");
}

const char *answer_head(const json_t *answer, const char *object, const char *key)
{
	return answer_text(json_object_get(answer, object), key);
}

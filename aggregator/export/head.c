#include "export/head.h"

#include "common/base/array.h"
#include "common/text/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pair {
	const char *object, *key, *text; /* lent by json */
};

struct head {
	json_t *json;      /* owned; NULL: there is none */
	struct pair *list; /* owned [n] */
	size_t n;
};

/* @members: whose @key it is. */
static int add(struct head *head, const char *object, json_t *members, const char *key,
	       struct err *err)
{
	json_t *value = json_object_get(members, key);
	struct pair *list = array_room(head->list, head->n, sizeof(*head->list));

	if (!list)
		return err_memory(err);
	head->list = list;
	if (json_is_integer(value)) {
		value = json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
		if (!value || json_object_set_new(members, key, value) < 0)
			return err_memory(err);
	}
	if (json_is_string(value))
		list[head->n++] = (struct pair){ object, key, json_string_value(value) };
	return json_is_string(value) || json_is_null(value)
		       ? 0
		       : err_set(err, -EBADMSG,
				 "the head of the answer is not one that an aggregator writes");
}

static int read(struct head *head, struct err *err)
{
	const char *object, *key;
	json_t *members, *value;
	int rc = json_is_object(head->json) ? 0 : -EBADMSG;

	json_object_foreach(head->json, object, members) {
		rc = rc == 0 && !json_is_object(members) ? -EBADMSG : rc;
		json_object_foreach(members, key, value)
			rc = rc == 0 ? add(head, object, members, key, err) : rc;
	}
	return rc == -EBADMSG
		       ? err_set(err, -EBADMSG,
				 "the head of the answer is not one that an aggregator writes")
		       : rc;
}

int head_read(const char *json, struct head **ret_head, struct err *err)
{
	struct head *head = calloc(1, sizeof(*head));
	int rc = head ? 0 : err_memory(err);

	if (rc == 0 && json) {
		head->json = answer_read(json, strlen(json));
		rc = read(head, err);
	}
	if (rc == 0)
		*ret_head = head;
	else
		head_close(head);
	return rc;
}

void head_close(struct head *head)
{
	if (!head)
		return;
	json_decref(head->json);
	free(head->list);
	free(head);
}

const char *head_text(const struct head *head, const char *object, const char *key)
{
	for (size_t i = 0; i < head->n; i++)
		if (strcmp(head->list[i].object, object) == 0 &&
		    strcmp(head->list[i].key, key) == 0)
			return head->list[i].text;
	return NULL;
}

const char *head_pair(const struct head *head, size_t nth, const char **ret_object,
		      const char **ret_key)
{
	if (nth >= head->n)
		return NULL;
	*ret_object = head->list[nth].object;
	*ret_key = head->list[nth].key;
	return head->list[nth].text;
}

#include "common/text/answer.h"

#include "common/base/utf8.h"

#include <stdlib.h>
#include <string.h>

static char *cleaned(const char *text)
{
	char *copy = strdup(text);
	if (copy)
		(void)utf8_clean(copy, "\n"); /* its length */
	return copy;
}

static json_t *clean(json_t *json);

static json_t *clean_text(const json_t *text)
{
	char *copy = cleaned(json_string_value(text));
	json_t *fresh = copy ? json_string(copy) : NULL;
	free(copy);
	return fresh;
}

static json_t *clean_object(json_t *object)
{
	json_t *fresh = json_object(), *value;
	const char *key;
	json_object_foreach(object, key, value) {
		char *name = cleaned(key);
		/* a NULL of any of these is seen by the setter */
		int rc = name ? json_object_set_new(fresh, name, clean(value)) : -1;
		free(name);
		if (rc < 0) {
			json_decref(fresh);
			return NULL;
		}
	}
	return fresh;
}

static json_t *clean_array(json_t *array)
{
	json_t *fresh = json_array(), *value;
	size_t i;
	json_array_foreach(array, i, value)
		if (json_array_append_new(fresh, clean(value)) < 0) {
			json_decref(fresh);
			return NULL;
		}
	return fresh;
}

/* As deep as jansson reads. NULL: out of memory. */
static json_t *clean(json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_STRING:
		return clean_text(json);
	case JSON_OBJECT:
		return clean_object(json);
	case JSON_ARRAY:
		return clean_array(json);
	default:
		return json_copy(json);
	}
}

json_t *answer_read(const void *text, size_t len)
{
	json_t *json = len ? json_loadb(text, len, 0, NULL) : NULL;
	json_t *fresh = json ? clean(json) : NULL;
	json_decref(json);
	return fresh;
}

const char *answer_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

long long answer_number(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

#include "cli/upload.h"

#include "cli/output.h"
#include "cli/watch.h"
#include "common/text/answer.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX (4u * 1024 * 1024) /* as the aggregator takes (ROUTES_TABLE_MAX) */

static int stream_read(FILE *file, struct blob *out, struct err *err)
{
	size_t n;

	do {
		if (blob_reserve(out, 65536) < 0)
			return err_memory(err);
		n = fread(out->data + out->len, 1, out->room - out->len, file);
		out->len += n;
		if (out->len > FILE_BYTES_MAX)
			return err_set(err, -E2BIG, "the file is over %u bytes", FILE_BYTES_MAX);
	} while (n > 0);
	return ferror(file) ? err_set(err, -EIO, "%s", err_strerror(-errno)) : 0;
}

int upload_read(const char *path, struct blob *out, struct err *err)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	int rc;

	if (!file)
		return err_set(err, -errno, "cannot open '%s': %s", path, err_strerror(-errno));
	rc = stream_read(file, out, err);
	if (file != stdin)
		(void)fclose(file); /* it was only read */
	return rc < 0 ? err_wrap(err, "%s", path) : 0;
}

static int number_read(const struct blob *answer, uint64_t *ret_number, struct err *err)
{
	json_t *json = answer_read(answer->data, answer->len);
	const json_t *value = json_object_iter_value(json_object_iter(json));
	int rc = 0;

	if (json_is_integer(value))
		*ret_number = (uint64_t)json_integer_value(value);
	else
		rc = output_strange(err);
	if (rc == 0 && json_is_string(json_object_get(json, "warning")))
		output_warn(json_string_value(json_object_get(json, "warning")));
	json_decref(json);
	return rc;
}

int upload_send(const char *api, struct request request, const struct blob *csv,
		uint64_t *ret_number, struct err *err)
{
	struct blob answer = { 0 };
	int rc;

	request.accept = "application/json";
	request.type = "text/csv";
	request.body = csv->data;
	request.body_len = csv->len;
	rc = client_ask(api, &request, &answer, err);
	if (rc == 0)
		rc = watch_change(api, &answer, err);
	if (rc == 0)
		rc = number_read(&answer, ret_number, err);
	blob_free(&answer);
	return rc;
}

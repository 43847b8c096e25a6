/* An answer that is none, in every form: an error with a sentence, or a file that has as many rows
 * as came. The first line is the head, the rest the answer. */
#include "common/base/blob.h"
#include "common/text/csv_table.h"
#include "export/export.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>

static int gather(void *context, const void *data, size_t len, struct err *err)
{
	(void)err;
	return blob_append(context, data, len);
}

static int export_all(const struct export_choice *choice, const char *head, const char *csv,
		      size_t len, struct blob *out, struct err *err)
{
	const struct export_sink sink = { gather, out };
	struct export *exp = NULL;
	require(export_open(choice, &sink, &exp, err) == 0);
	int rc = *head ? export_head(exp, head, err) : 0;
	for (size_t at = 0; at < len && rc == 0; at += 7)
		rc = export_feed(exp, csv + at, len - at < 7 ? len - at : 7, err);
	if (rc == 0)
		rc = export_finish(exp, err);
	export_close(exp);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *end = len ? memchr(data, '\n', len) : NULL;
	char *head = end ? strndup((const char *)data, (size_t)(end - data)) : NULL;
	if (!head)
		return 0;
	for (unsigned form = 0; form < EXPORT_FORMS; form++) {
		const struct export_choice choice = { .form = (enum export_form)form,
						      .labels = len % 3,
						      .keys = len % 4 };
		struct blob out = { 0 };
		struct err err = { 0 };
		int rc = export_all(&choice, head, (const char *)end + 1,
				    len - (size_t)(end + 1 - data), &out, &err);
		require(rc == 0 ||
			((rc == -EBADMSG || rc == -EINVAL || rc == -E2BIG) && *err.text));
		require(rc < 0 || out.len > 0);
		blob_free(&out);
	}
	free(head);
	return 0;
}

/* Forms with a file: what is found lies within the body, and never overlaps. */
#include "common/text/multipart.h"
#include "fuzz/fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct part parts[MULTIPART_PARTS_MAX];
	struct err err = { 0 };
	const char *body = (const char *)data, *last = body;
	size_t n;
	int rc = multipart_parse("multipart/form-data; boundary=x", body, len, parts, &n, &err);
	require(rc == 0 || ((rc == -EINVAL || rc == -E2BIG) && *err.text));
	for (size_t i = 0; rc == 0 && i < n; i++) {
		require(parts[i].data >= last && parts[i].data + parts[i].len <= body + len);
		require(*parts[i].name && multipart_find(parts, n, parts[i].name));
		last = parts[i].data + parts[i].len;
	}
	return 0;
}

/* A file's bytes to UTF-8: cut anywhere they come to the same, and what was decoded is text. */
#include "common/base/utf8.h"
#include "common/text/charset.h"
#include "fuzz/fuzz.h"

#include <errno.h>

#define HEAD 512u

/* Fed in pieces of @step bytes. */
static int decode(enum charset charset, const uint8_t *data, size_t len, size_t step,
		  struct blob *out)
{
	struct decoder *decoder = NULL;
	struct err err = { 0 };
	require(decoder_open(charset, &decoder, &err) == 0);
	int rc = 0;
	for (size_t at = 0; at < len && rc == 0; at += step)
		rc = decoder_feed(decoder, data + at, len - at < step ? len - at : step, out, &err);
	if (rc == 0)
		rc = decoder_end(decoder, out, &err);
	require(rc == 0 || (rc == -EINVAL && *err.text));
	decoder_close(decoder);
	return rc;
}

static void try_charset(enum charset charset, const uint8_t *data, size_t len)
{
	struct blob whole = { 0 };
	int rc = decode(charset, data, len, len + 1, &whole);
	require(charset == CHARSET_UTF_8 || rc < 0 ||
		utf8_valid((const char *)whole.data, whole.len));
	for (size_t step = 1; step <= 5; step += 2) {
		struct blob pieces = { 0 };
		require(decode(charset, data, len, step, &pieces) == rc);
		require(rc < 0 ||
			(pieces.len == whole.len &&
			 (whole.len == 0 || memcmp(pieces.data, whole.data, whole.len) == 0)));
		blob_free(&pieces);
	}
	blob_free(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum charset guess;
	struct err err = { 0 };
	int rc = charset_guess(data, len < HEAD ? len : HEAD, &guess, &err);
	require(rc == 0 || (rc == -EINVAL && *err.text));
	if (rc == 0)
		require(*charset_name(guess));
	for (enum charset charset = CHARSET_UTF_8; charset <= CHARSET_WINDOWS_1258; charset++)
		try_charset(charset, data, len);
	return 0;
}

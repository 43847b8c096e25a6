#include "common/text/charset.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REST_MAX 8u   /* bytes of a character that is cut */
#define OUT_MIN  512u /* room that iconv gets at least */

static const struct {
	const char *name, *mark;
} charsets[] = {
	[CHARSET_UTF_8] = { "UTF-8", "\xef\xbb\xbf" },
	[CHARSET_UTF_16LE] = { "UTF-16LE", "\xff\xfe" },
	[CHARSET_UTF_16BE] = { "UTF-16BE", "\xfe\xff" },
	[CHARSET_WINDOWS_1258] = { "CP1258", "" },
};

const char *charset_name(enum charset charset)
{
	return charsets[charset].name;
}

/* --- guessing --- */

static bool begins(const void *head, size_t len, const char *with, size_t with_len)
{
	return len >= with_len && memcmp(head, with, with_len) == 0;
}

/* Of CSV in UTF-16, digits and separators have a zero byte at one side; at the other hardly any
 * letter has (the grave accent U+0300 does). */
static bool zeros_alternate(const uint8_t *head, size_t len, size_t side)
{
	size_t zeros[2] = { 0 };
	for (size_t i = 0; i < len; i++)
		zeros[i % 2] += head[i] == 0;
	return zeros[side] > 0 && zeros[side] >= len / 8 && zeros[1 - side] <= zeros[side] / 4;
}

static bool is_utf_8(const char *head, size_t len)
{
	for (size_t cut = 0; cut < 4 && cut <= len; cut++)
		if (utf8_valid(head, len - cut))
			return true;
	return false;
}

int charset_guess(const void *head, size_t len, enum charset *ret_charset, struct err *err)
{
	enum charset charset = CHARSET_WINDOWS_1258;
	if (begins(head, len, "PK\x03\x04", 4) || begins(head, len, "\xd0\xcf\x11\xe0", 4))
		return err_set(err, -EINVAL,
			       "this is a workbook, not CSV; save it as 'CSV UTF-8 (comma "
			       "delimited)'");
	for (unsigned c = CHARSET_UTF_8; c <= CHARSET_UTF_16BE; c++)
		if (begins(head, len, charsets[c].mark, strlen(charsets[c].mark))) {
			*ret_charset = (enum charset)c;
			return 0;
		}
	if (zeros_alternate(head, len, 1))
		charset = CHARSET_UTF_16LE;
	else if (zeros_alternate(head, len, 0))
		charset = CHARSET_UTF_16BE;
	else if (len > 0 && memchr(head, 0, len))
		return err_set(err, -EINVAL,
			       "this is not text; save the table as 'CSV UTF-8 (comma "
			       "delimited)'");
	else if (is_utf_8(head, len))
		charset = CHARSET_UTF_8;
	*ret_charset = charset;
	return 0;
}

static bool begins_with_tag(const char *text, size_t len)
{
	static const char *const tags[] = { "<html", "<!doctype", "<table", "<?xml",  "<head",
					    "<body", "<meta",     "<style", "<!--",   "<div",
					    "<xml",  "<tr",       "<td",    "<center" };
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (len >= strlen(tags[i]) && strncasecmp(text, tags[i], strlen(tags[i])) == 0)
			return true;
	return false;
}

int charset_refuse_markup(const char *text, size_t len, struct err *err)
{
	static const char archive[] = "MIME-Version:";
	if (len == 0)
		return 0; /* @text may be NULL */
	size_t at = begins(text, len, charsets[CHARSET_UTF_8].mark, 3) ? 3 : 0;
	while (at < len && memchr(" \t\r\n", text[at], 4))
		at++;
	if (begins_with_tag(text + at, len - at) ||
	    begins(text + at, len - at, archive, strlen(archive)))
		return err_set(err, -EINVAL,
			       "this is a web page (HTML or XML), whatever its name says; open it "
			       "in the spreadsheet program and save it as 'CSV UTF-8 (comma "
			       "delimited)'");
	return 0;
}

/* --- decoding --- */

struct decoder {
	enum charset charset;
	iconv_t iconv;  /* (iconv_t)-1 for UTF-8 */
	struct blob in; /* owned: what iconv reads next */
	char rest[REST_MAX];
	size_t n_rest;
	bool begun; /* text has come out: a mark is passed over only before it */
};

int decoder_open(enum charset charset, struct decoder **ret_decoder, struct err *err)
{
	struct decoder *decoder = calloc(1, sizeof(*decoder));
	if (!decoder)
		return err_memory(err);
	decoder->charset = charset;
	decoder->iconv = (iconv_t)-1;
	if (charset != CHARSET_UTF_8) {
		decoder->iconv = iconv_open("UTF-8", charset_name(charset));
		if (decoder->iconv == (iconv_t)-1) {
			int rc = errno == ENOMEM ? err_memory(err)
						 : err_set(err, -ENOSYS,
							   "this machine cannot read %s; save the "
							   "table as CSV in UTF-8",
							   charset_name(charset));
			free(decoder);
			return rc;
		}
	}
	*ret_decoder = decoder;
	return 0;
}

void decoder_close(struct decoder *decoder)
{
	if (!decoder)
		return;
	if (decoder->iconv != (iconv_t)-1)
		(void)iconv_close(decoder->iconv); /* only of a bad descriptor */
	blob_free(&decoder->in);
	free(decoder);
}

static int broken(const struct decoder *decoder, struct err *err)
{
	return err_set(err, -EINVAL, "the text is damaged: it is not %s throughout; save it again",
		       charset_name(decoder->charset));
}

/* All of @in that is whole; @ret_rest bytes of a cut character are left. */
static int convert(struct decoder *decoder, char *in, size_t len, struct blob *out,
		   size_t *ret_rest, struct err *err)
{
	while (len > 0) {
		if (blob_reserve(out, len * 2 + OUT_MIN) < 0)
			return err_memory(err);
		char *to = (char *)out->data + out->len;
		size_t room = out->room - out->len, had = room;
		size_t rc = iconv(decoder->iconv, &in, &len, &to, &room);
		int why = errno;
		out->len += had - room;
		if (rc == (size_t)-1 && why == EINVAL)
			break;
		if (rc == (size_t)-1 && why != E2BIG)
			return broken(decoder, err);
	}
	*ret_rest = len;
	return 0;
}

/* The mark is not text: out of what came out first. */
static void drop_mark(struct decoder *decoder, struct blob *out, size_t from)
{
	const char *mark = charsets[CHARSET_UTF_8].mark;
	if (!decoder->begun && begins(out->data + from, out->len - from, mark, 3)) {
		memmove(out->data + from, out->data + from + 3, out->len - from - 3);
		out->len -= 3;
	}
	decoder->begun = true;
}

static int feed_iconv(struct decoder *decoder, const void *bytes, size_t len, struct blob *out,
		      struct err *err)
{
	struct blob *in = &decoder->in;
	size_t from = out->len, rest = 0;
	in->len = 0;
	if (blob_append(in, decoder->rest, decoder->n_rest) < 0 || blob_append(in, bytes, len) < 0)
		return err_memory(err);
	int rc = convert(decoder, (char *)in->data, in->len, out, &rest, err);
	if (rc == 0 && rest > REST_MAX)
		rc = broken(decoder, err);
	if (rc < 0)
		return rc;
	memcpy(decoder->rest, in->data + in->len - rest, rest);
	decoder->n_rest = rest;
	if (out->len > from)
		drop_mark(decoder, out, from);
	return 0;
}

/* The first three bytes may be a mark, and may come one by one. */
static int feed_utf_8(struct decoder *decoder, const void *bytes, size_t len, struct blob *out,
		      struct err *err)
{
	size_t from = out->len;
	if (blob_append(out, decoder->rest, decoder->n_rest) < 0 ||
	    blob_append(out, bytes, len) < 0) {
		out->len = from;
		return err_memory(err);
	}
	decoder->n_rest = 0;
	if (decoder->begun)
		return 0;
	size_t got = out->len - from;
	if (got < 3 && memcmp(out->data + from, charsets[CHARSET_UTF_8].mark, got) == 0) {
		memcpy(decoder->rest, out->data + from, got);
		decoder->n_rest = got;
		out->len = from;
	} else {
		drop_mark(decoder, out, from);
	}
	return 0;
}

int decoder_feed(struct decoder *decoder, const void *bytes, size_t len, struct blob *out,
		 struct err *err)
{
	if (len == 0)
		return 0;
	return decoder->charset == CHARSET_UTF_8 ? feed_utf_8(decoder, bytes, len, out, err)
						 : feed_iconv(decoder, bytes, len, out, err);
}

/* Windows-1258 keeps a letter back, in case a mark follows. */
static int flush(struct decoder *decoder, struct blob *out, struct err *err)
{
	if (blob_reserve(out, OUT_MIN) < 0)
		return err_memory(err);
	char *to = (char *)out->data + out->len;
	size_t room = out->room - out->len, had = room;
	size_t rc = iconv(decoder->iconv, NULL, NULL, &to, &room);
	out->len += had - room;
	return rc == (size_t)-1 ? broken(decoder, err) : 0;
}

int decoder_end(struct decoder *decoder, struct blob *out, struct err *err)
{
	if (decoder->charset == CHARSET_UTF_8)
		return blob_append(out, decoder->rest, decoder->n_rest) < 0 ? err_memory(err) : 0;
	return decoder->n_rest > 0 ? broken(decoder, err) : flush(decoder, out, err);
}

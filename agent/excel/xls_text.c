/* BIFF 8 writes texts as UTF-16 or, where all fit, with one byte a character; a long one goes on in
 * CONTINUE records, which begin with a byte that says which of both from there on. BIFF 5 writes
 * bytes of a code page. */
#include "excel/little_endian.h"
#include "excel/xls_internal.h"

#include <iconv.h>

#include <string.h>

#define PIECE 128u /* characters that are converted at once */

static struct {
	unsigned codepage;
	const char *name;
	iconv_t iconv;
} pages[] = { { 1258, "CP1258", NULL }, { 1252, "CP1252", NULL } };
#define N_PAGES (sizeof(pages) / sizeof(pages[0]))

void xls_prepare(void)
{
	for (size_t i = 0; i < N_PAGES; i++)
		if (!pages[i].iconv)
			pages[i].iconv = iconv_open("UTF-8", pages[i].name);
}

/* --- where it is read --- */

struct cursor {
	const struct xls *xls;
	const uint8_t *at; /* [left] */
	size_t left, next;
};

/* On to the CONTINUE record behind; false: there is none. */
static bool go_on(struct cursor *cursor)
{
	struct record record;
	if (!xls_record(cursor->xls, cursor->next, &record) || record.id != RECORD_CONTINUE)
		return false;
	cursor->at = record.data;
	cursor->left = record.len;
	cursor->next = record.next;
	return true;
}

/* @n bytes of numbers; false: they are not there. */
static bool take(struct cursor *cursor, uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		while (cursor->left == 0)
			if (!go_on(cursor))
				return false;
		to[i] = *cursor->at++;
		cursor->left--;
	}
	return true;
}

static bool skip(struct cursor *cursor, size_t n)
{
	while (n > 0) {
		if (cursor->left == 0 && !go_on(cursor))
			return false;
		size_t step = cursor->left < n ? cursor->left : n;
		cursor->at += step;
		cursor->left -= step;
		n -= step;
	}
	return true;
}

/* --- UTF-16 --- */

static size_t put_utf_8(char *to, uint32_t code)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, code >>= 6)
		to[i] = (char)(0x80 | (code & 0x3f));
	to[0] = (char)((0xf00u >> n & 0xf0u) | code);
	return n;
}

/* @n characters, of which the first ones are wide or not; a half of a pair alone is a '?'. */
static int take_chars(struct cursor *cursor, size_t n, bool wide, struct string_list *list,
		      struct fault *fault)
{
	char text[4 * PIECE];
	size_t len = 0;
	uint32_t high = 0;
	for (; n > 0; n--) {
		if (cursor->left == 0) {
			uint8_t flags;
			if (!take(cursor, &flags, 1))
				return fault_set(fault, FAULT_DAMAGED, NULL);
			wide = flags & 1;
		}
		if (cursor->left < 1 + (size_t)wide)
			return fault_set(fault, FAULT_DAMAGED, NULL);
		uint32_t code = wide ? le16(cursor->at) : *cursor->at;
		cursor->at += 1 + wide;
		cursor->left -= 1 + (size_t)wide;
		bool low = (code & 0xfc00) == 0xdc00;
		if (high)
			len += put_utf_8(text + len,
					 low ? 0x10000 + ((high & 0x3ff) << 10) + (code & 0x3ff)
					     : '?');
		if (!(high && low) && (code & 0xfc00) != 0xd800)
			len += put_utf_8(text + len, low || code == 0 ? '?' : code);
		high = (code & 0xfc00) == 0xd800 ? code : 0;
		if (len > sizeof(text) - 8) {
			if (string_list_append(list, text, len, fault) < 0)
				return -1;
			len = 0;
		}
	}
	if (high)
		text[len++] = '?';
	return len > 0 ? string_list_append(list, text, len, fault) : 0;
}

/* Its length was read. */
static int take_text(struct cursor *cursor, size_t n, struct string_list *list, struct fault *fault)
{
	uint8_t flags, number[4];
	size_t runs = 0, more = 0;
	if (!take(cursor, &flags, 1))
		return fault_set(fault, FAULT_DAMAGED, NULL);
	if (flags & 8) { /* formats of parts of it */
		if (!take(cursor, number, 2))
			return fault_set(fault, FAULT_DAMAGED, NULL);
		runs = le16(number);
	}
	if (flags & 4) { /* how it is pronounced */
		if (!take(cursor, number, 4))
			return fault_set(fault, FAULT_DAMAGED, NULL);
		more = le32(number);
	}
	if (take_chars(cursor, n, flags & 1, list, fault) < 0)
		return -1;
	if (!skip(cursor, 4 * runs) || !skip(cursor, more))
		return fault_set(fault, FAULT_DAMAGED, NULL);
	return string_list_end(list, false, fault);
}

/* --- code pages --- */

static int take_bytes(const struct xls *xls, const uint8_t *bytes, size_t n,
		      struct string_list *list, struct fault *fault)
{
	char text[4 * PIECE], *in = (char *)(uintptr_t)bytes; /* iconv() only reads it */
	size_t ascii = 0, page = 0;
	while (ascii < n && bytes[ascii] < 0x80 && bytes[ascii])
		ascii++;
	if (ascii == n)
		return string_list_append(list, in, n, fault) < 0
			       ? -1
			       : string_list_end(list, false, fault);
	while (page < N_PAGES && pages[page].codepage != xls->codepage)
		page++;
	if (page == N_PAGES || !pages[page].iconv || pages[page].iconv == (iconv_t)-1)
		return fault_set(fault, FAULT_CODEPAGE, NULL);
	(void)iconv(pages[page].iconv, NULL, NULL, NULL, NULL); /* as at the beginning */
	for (bool flushed = false; !flushed;) {
		char *out = text;
		size_t room = sizeof(text);
		flushed = n == 0;
		size_t rc = iconv(pages[page].iconv, flushed ? NULL : &in, &n, &out, &room);
		if (string_list_append(list, text, sizeof(text) - room, fault) < 0)
			return -1;
		if (rc != (size_t)-1 || room < sizeof(text) - 8)
			continue;
		if (string_list_append(list, "?", 1, fault) < 0) /* no character of the page */
			return -1;
		in += n > 0;
		n -= n > 0;
	}
	return string_list_end(list, false, fault);
}

/* --- texts of records --- */

int xls_shared_read(struct xls *xls, const struct record *record, struct fault *fault)
{
	struct cursor cursor = { xls, record->data, record->len, record->next };
	uint8_t number[4];
	if (!take(&cursor, number, 4) || !take(&cursor, number, 4))
		return fault_set(fault, FAULT_DAMAGED, NULL);
	for (uint32_t n = le32(number); n > 0; n--) {
		if (!take(&cursor, number, 2))
			return fault_set(fault, FAULT_DAMAGED, NULL);
		if (take_text(&cursor, le16(number), &xls->strings, fault) < 0)
			return -1;
	}
	return 0;
}

int xls_text_read(struct xls *xls, const struct record *record, size_t offset, size_t length_bytes,
		  struct string_list *list, struct fault *fault)
{
	if (record->len < offset + length_bytes)
		return fault_set(fault, FAULT_DAMAGED, NULL);
	const uint8_t *at = record->data + offset;
	size_t n = length_bytes == 1 ? *at : le16(at), left = record->len - offset - length_bytes;
	struct cursor cursor = { xls, at + length_bytes, left, record->next };
	if (xls->biff8)
		return take_text(&cursor, n, list, fault);
	return n > left ? fault_set(fault, FAULT_DAMAGED, NULL)
			: take_bytes(xls, at + length_bytes, n, list, fault);
}

const char *xls_text(struct xls *xls, const struct record *record, size_t offset,
		     size_t length_bytes, size_t *ret_len, struct fault *fault)
{
	xls->single.texts.len = xls->single.ends.len = 0;
	return xls_text_read(xls, record, offset, length_bytes, &xls->single, fault) < 0
		       ? NULL
		       : string_list_get(&xls->single, 0, ret_len);
}

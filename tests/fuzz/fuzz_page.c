/* A page as a disk gives it back: refused, or one that is encoded to the same bytes; and what is
 * picked from it is what stands in it. */
#include "fuzz/fuzz.h"
#include "rollup/page.h"

#include <errno.h>

/* @n entries of every @step, and as many series that are not there. */
static void check_pick(const uint8_t *data, size_t len, const struct page *page, size_t step)
{
	struct page picked = { 0 };
	struct err err = { 0 };
	uint32_t *wanted = calloc(2 * page->n + 1, sizeof(*wanted));
	size_t n = 0, found = 0;
	require(wanted);
	for (size_t i = 0; i < page->n; i += step) {
		wanted[n++] = page->entries[i].series;
		uint32_t after = page->entries[i].series + 1;
		if (after != 0 && (i + 1 == page->n || page->entries[i + 1].series > after))
			wanted[n++] = after;
	}
	require(page_pick(data, len, wanted, n, &picked, &err) == 0);
	for (size_t i = 0; i < n; i++) {
		const struct entry *there = page_find(page, wanted[i]);
		const struct entry *got = page_find(&picked, wanted[i]);
		require(!there == !got && (!there || acc_equal(&there->acc, &got->acc)));
		found += got != NULL;
	}
	require(found == picked.n);
	page_free(&picked);
	free(wanted);
}

static void check_whole(const uint8_t *data, size_t len, const struct page *page)
{
	struct blob out = { 0 };
	for (size_t i = 1; i < page->n; i++)
		require(page->entries[i - 1].series < page->entries[i].series);
	require(page_encode(page, &out) == 0);
	require(out.len == len && (len == 0 || memcmp(out.data, data, len) == 0));
	blob_free(&out);
	for (size_t step = 1; step <= 3; step++)
		check_pick(data, len, page, step);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint32_t some[] = { 0, 1, 2, 5, 127, 128, 70000, UINT32_MAX };
	struct page page = { 0 }, picked = { 0 };
	struct err err = { 0 };
	int rc = page_decode(data, len, &page, &err);
	require(rc == 0 || (rc == -EUCLEAN && page.n == 0 && *err.text));
	if (rc == 0)
		check_whole(data, len, &page);
	page_free(&page);
	rc = page_pick(data, len, some, sizeof(some) / sizeof(some[0]), &picked, &err);
	require(rc == 0 || rc == -EUCLEAN);
	page_free(&picked);
	return 0;
}

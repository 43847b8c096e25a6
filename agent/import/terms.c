#include "import/terms.h"

#include "common/base/i18n.h"
#include "common/text/viet.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word, *vietnamese;
} reference[] = {
	{ "team", "tổ" },
	{ "person", "người" },
	{ "hamlet", "ấp, khu phố" },
	{ "session", "buổi" },
	{ "visit", "lượt" },
	{ "hour", "giờ" },
	{ "installation", "lượt cài đặt" },
	{ "dossier", "hồ sơ" },
	{ "point", "điểm" },
	{ "rating", "lượt đánh giá" },
	{ "minute", "phút" },
	{ "document", "văn bản" },
	{ "household", "hộ" },
	{ "account", "tài khoản" },
	{ "VND", "đồng" },
	{ "enterprise", "doanh nghiệp" },
	{ "billion VND", "tỷ đồng" },
	{ "index", "chỉ số" },
	{ "person-time", "lượt người" },
	{ "topic", "chủ đề" },
	{ "app", "ứng dụng" },
	{ "sector", "lĩnh vực" },
	{ "platform", "nền tảng" },
	{ "desk", "quầy" },
};

static const char *of_reference(const char *word)
{
	for (size_t i = 0; i < sizeof(reference) / sizeof(reference[0]); i++)
		if (strcmp(reference[i].word, word) == 0)
			return reference[i].vietnamese;
	return NULL;
}

const char *terms_unit(const struct metric *metric)
{
	return metric->unit_vi ? metric->unit_vi : of_reference(metric->unit);
}

const char *terms_dimension(const struct metric *metric, const char *dimension)
{
	for (size_t i = 0; i < metric->n_dimensions; i++)
		if (metric->dimensions_vi[i] && strcmp(metric->dimensions[i], dimension) == 0)
			return metric->dimensions_vi[i];
	return of_reference(dimension);
}

const char *terms_shown(const char *word, const char *vietnamese)
{
	return language_tag()[0] == 'v' && vietnamese ? vietnamese : word;
}

/* --- the units that are known --- */

struct terms {
	char **keys; /* owned [n], sorted */
	size_t n;
};

static int by_key(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int terms_open(const struct catalogue *catalogue, struct terms **ret_terms, struct err *err)
{
	struct terms *terms = calloc(1, sizeof(*terms));
	int rc = 0;
	if (terms)
		terms->keys = calloc(2 * catalogue->n + 1, sizeof(*terms->keys));
	if (!terms || !terms->keys)
		rc = err_memory(err);
	for (size_t i = 0; i < 2 * catalogue->n && rc == 0; i++) {
		const struct metric *metric = &catalogue->metrics[i / 2];
		char key[VIET_KEY_MAX];
		if (!metric->unit_vi || !viet_key(i % 2 ? metric->unit_vi : metric->unit, key))
			continue;
		terms->keys[terms->n] = strdup(key);
		rc = terms->keys[terms->n] ? 0 : err_memory(err);
		terms->n += rc == 0;
	}
	if (rc < 0) {
		terms_close(terms);
		return rc;
	}
	qsort(terms->keys, terms->n, sizeof(*terms->keys), by_key);
	*ret_terms = terms;
	return 0;
}

void terms_close(struct terms *terms)
{
	for (size_t i = 0; terms && i < terms->n; i++)
		free(terms->keys[i]);
	if (terms)
		free(terms->keys);
	free(terms);
}

bool terms_known(const struct terms *terms, const char *key)
{
	static char keys[sizeof(reference) / sizeof(reference[0])][2][VIET_WORD_MAX];
	for (size_t i = 0; i < sizeof(reference) / sizeof(reference[0]); i++)
		if (strcmp(key, viet_word(reference[i].word, keys[i][0])) == 0 ||
		    strcmp(key, viet_word(reference[i].vietnamese, keys[i][1])) == 0)
			return true;
	return terms && bsearch(&key, terms->keys, terms->n, sizeof(*terms->keys), by_key);
}

#include "import/terms.h"

#include "common/base/i18n.h"
#include "common/text/viet.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *word, *vietnamese;
} terms[] = {
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

const char *terms_vietnamese(const char *word)
{
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
		if (strcmp(terms[i].word, word) == 0)
			return terms[i].vietnamese;
	return NULL;
}

const char *terms_shown(const char *word)
{
	const char *vietnamese = terms_vietnamese(word);
	return language_tag()[0] == 'v' && vietnamese ? vietnamese : word;
}

bool terms_known(const char *key)
{
	static char keys[sizeof(terms) / sizeof(terms[0])][2][VIET_WORD_MAX];
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
		if (strcmp(key, viet_word(terms[i].word, keys[i][0])) == 0 ||
		    strcmp(key, viet_word(terms[i].vietnamese, keys[i][1])) == 0)
			return true;
	return false;
}

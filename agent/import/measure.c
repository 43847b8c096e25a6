#include "import/measure.h"

#include "common/base/utf8.h"
#include "common/text/viet.h"

#include <stdio.h>
#include <string.h>

struct measure {
	unsigned scale;          /* power of ten */
	char base[VIET_KEY_MAX]; /* what is counted; "" when a scale stands alone */
};

#define MONEY "vnd"

static const struct {
	const char *text;
	unsigned scale;
	const char *base; /* what the same word counts as well; NULL: nothing */
} scales[] = {
	{ "chục", 1, NULL },      { "trăm", 2, NULL },    { "hundred", 2, NULL },
	{ "nghìn", 3, NULL },     { "ngàn", 3, NULL },    { "thousand", 3, NULL },
	{ "thousands", 3, NULL }, { "1000", 3, NULL },    { "1.000", 3, NULL },
	{ "1,000", 3, NULL },     { "triệu", 6, NULL },   { "tr.", 6, NULL },
	{ "tr", 6, NULL },        { "million", 6, NULL }, { "millions", 6, NULL },
	{ "mn", 6, NULL },        { "trđ", 6, MONEY },    { "tr.đ", 6, MONEY },
	{ "tr.đồng", 6, MONEY },  { "1.000đ", 3, MONEY }, { "1000đ", 3, MONEY },
	{ "tỷ", 9, NULL },        { "tỉ", 9, NULL },      { "billion", 9, NULL },
	{ "billions", 9, NULL },  { "bn", 9, NULL },
};

static const struct {
	const char *text, *base;
} spellings[] = {
	{ "đồng", MONEY },          { "đ", MONEY },
	{ "vnđ", MONEY },           { "đồng việt nam", MONEY },
	{ "việt nam đồng", MONEY }, { "dong", MONEY },
	{ "people", "person" },     { "persons", "person" },
};

#define N_OF(list) (sizeof(list) / sizeof((list)[0]))

static char scale_keys[N_OF(scales)][VIET_WORD_MAX], spelling_keys[N_OF(spellings)][VIET_WORD_MAX];

/* @word is a key already. */
static void add_word(struct measure *measure, const char *word)
{
	size_t len = strlen(measure->base);
	for (size_t i = 0; i < N_OF(scales); i++)
		if (strcmp(word, viet_word(scales[i].text, scale_keys[i])) == 0) {
			measure->scale += scales[i].scale;
			word = scales[i].base;
			break;
		}
	if (word && strcmp(word, "of") != 0 && strcmp(word, "in") != 0)
		(void)snprintf(measure->base + len, sizeof(measure->base) - len, "%s%s",
			       len > 0 ? " " : "", word); /* no longer than its text */
}

static bool measure_read(const char *text, struct measure *ret_measure)
{
	char key[VIET_KEY_MAX], *rest;
	*ret_measure = (struct measure){ 0 };
	if (!viet_key(text, key))
		return false;
	for (char *word = strtok_r(key, " ()[]*", &rest); word;
	     word = strtok_r(NULL, " ()[]*", &rest))
		add_word(ret_measure, word);
	for (size_t i = 0; i < N_OF(spellings); i++)
		if (strcmp(ret_measure->base, viet_word(spellings[i].text, spelling_keys[i])) == 0)
			(void)snprintf(ret_measure->base, sizeof(ret_measure->base), "%s",
				       spellings[i].base); /* fits */
	return *ret_measure->base || ret_measure->scale > 0;
}

static bool is_same(const struct measure *said, const char *unit)
{
	struct measure own;
	if (!unit || !measure_read(unit, &own) || said->scale != own.scale)
		return false;
	/* In English also when there are several of them. */
	size_t len = strlen(own.base);
	bool several = len > 0 && strncmp(said->base, own.base, len) == 0 &&
		       strcmp(said->base + len, "s") == 0;
	return several || strcmp(said->base, own.base) == 0 || (!*said->base && said->scale > 0);
}

/* Is @text what @label counts: "tổ", "tổ công nghệ" of "Số tổ công nghệ số cộng đồng"? Not any word
 * of it: "đồng" would be one. */
static bool counts(const char *label, const char *text)
{
	static const char *const words[] = { "tổng số ", "số ", "number of " };
	static char keys[N_OF(words)][VIET_WORD_MAX];
	char whole[VIET_KEY_MAX], part[VIET_KEY_MAX];
	const char *counted = whole;
	if (!label || !viet_key(label, whole) || !viet_key(text, part) || !*part)
		return false;
	for (size_t i = 0; i < N_OF(words) && counted == whole; i++) {
		size_t len = strlen(viet_word(words[i], keys[i]));
		if (strncmp(whole, keys[i], len) == 0 && whole[len] == ' ')
			counted += len + 1;
	}
	size_t len = strlen(part);
	return strncmp(counted, part, len) == 0 && (!counted[len] || strchr(" ,;(", counted[len]));
}

static bool fits_one(const struct metric *metric, const char *text)
{
	struct measure said;
	if (!measure_read(text, &said))
		return false;
	if (is_same(&said, metric->unit) || is_same(&said, terms_unit(metric)))
		return true;
	return said.scale == 0 && strcmp(said.base, MONEY) != 0 &&
	       (counts(metric->label_vi, text) || counts(metric->label_en, text));
}

const char *measure_shown(const struct metric *metric)
{
	return terms_shown(metric->unit, terms_unit(metric));
}

/* What says that a unit follows. */
static const struct {
	const char *text;
	bool sure; /* else it may also be an office: "Đơn vị: UBND xã" */
} prefixes[] = {
	{ "đơn vị tính", true }, { "đvt", true },        { "unit of measure", true },
	{ "đv tính", true },     { "đơn vị", false },    { "units", false },
	{ "unit", false },       { "tính bằng", false },
};

static char prefix_keys[N_OF(prefixes)][VIET_WORD_MAX];

/* Behind the longest of them at the beginning of @text; @text where there is none. */
static const char *behind_prefix(const char *text, bool *ret_sure)
{
	char head[64], key[VIET_KEY_MAX];
	const char *behind = text;
	if (!*text || !strchr("\xc4uUtT", *text)) /* as all of them begin */
		return text;
	for (size_t len = 1; len < sizeof(head) && text[len - 1]; len++) {
		if (text[len] && !strchr(" :-=(", text[len]))
			continue;
		(void)snprintf(head, sizeof(head), "%.*s", (int)len, text); /* fits */
		(void)viet_key(head, key);                                  /* it is shorter */
		for (size_t i = 0; i < N_OF(prefixes); i++)
			if (strcmp(key, viet_word(prefixes[i].text, prefix_keys[i])) == 0) {
				behind = text + len + strspn(text + len, " :-=(");
				*ret_sure = prefixes[i].sure;
			}
	}
	return behind;
}

bool measure_fits(const struct metric *metric, const char *text)
{
	char list[MEASURE_MAX], *rest;
	bool sure;
	const char *units = behind_prefix(text, &sure);
	if (strlen(units) >= sizeof(list))
		return false;
	memcpy(list, units, strlen(units) + 1);
	bool fits = fits_one(metric, list);
	for (char *unit = strtok_r(list, ",;", &rest); unit && !fits;
	     unit = strtok_r(NULL, ",;", &rest))
		fits = fits_one(metric, unit);
	return fits;
}

bool measure_is_scaled(const char *text)
{
	struct measure said;
	return measure_read(text, &said) && (said.scale > 0 || strcmp(said.base, MONEY) == 0);
}

bool measure_is_known(const struct terms *terms, const char *text)
{
	struct measure said;
	return measure_read(text, &said) &&
	       (said.scale > 0 || strcmp(said.base, MONEY) == 0 || strcmp(said.base, "%") == 0 ||
		terms_known(terms, said.base));
}

bool measure_said(const struct terms *terms, const char *text, const char *next,
		  char ret_unit[MEASURE_MAX])
{
	bool sure = false;
	for (const char *at = text; *at; at += strcspn(at, " \n")) {
		at += strspn(at, " \n(-*+[");
		const char *unit = behind_prefix(at, &sure);
		if (unit == at)
			continue;
		bool beside = !*unit;
		(void)utf8_print(ret_unit, MEASURE_MAX, "%s", beside ? next : unit);
		if (!beside)
			ret_unit[strcspn(ret_unit, ")]\r\n")] = '\0';
		if ((sure && !beside && *ret_unit) || measure_is_known(terms, ret_unit))
			return true;
	}

	/* What stands in brackets at its end, when figures may be wrong by it. */
	const char *open = strrchr(text, '('), *close = open ? strchr(open, ')') : NULL;
	if (close && !close[1 + strspn(close + 1, " \t\r\n")]) {
		(void)utf8_print(ret_unit, MEASURE_MAX, "%.*s", (int)(close - open - 1), open + 1);
		if (measure_is_scaled(ret_unit))
			return true;
	}
	(void)utf8_print(ret_unit, MEASURE_MAX, "%s", text); /* "Triệu đồng", alone; not 1000 */
	return text[strspn(text, "0123456789., ")] && measure_is_scaled(ret_unit);
}

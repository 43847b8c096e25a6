#include "common/model/rules.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/search.h"
#include "common/base/utf8.h"
#include "common/model/document.h"
#include "common/text/import_sheet.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN  64u
#define LABEL_MAX_LEN 256u
#define SIDE_MAX      1024u

enum column { NAME, LEFT, OP, RIGHT, SEVERITY, LABEL_VI, LABEL_EN, FROM, COLUMNS };
static const char *const columns[COLUMNS] = { "name",     "left",     "op",       "right",
					      "severity", "label_vi", "label_en", "from" };

static const char *const ops[] = { [RULE_BELOW] = "<",
				   [RULE_AT_MOST] = "<=",
				   [RULE_EQUAL] = "=",
				   [RULE_AT_LEAST] = ">=",
				   [RULE_ABOVE] = ">" };
#define N_OPS (sizeof(ops) / sizeof(ops[0]))

/* --- a side --- */

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " ");
}

struct side { /* while it is read */
	struct rule *rule;
	bool right;
	size_t n;        /* terms of both sides so far */
	char what[256u]; /* is wrong, translated; "": nothing */
};

static int wrong(struct side *side, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(struct side *side, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)utf8_vprint(side->what, sizeof(side->what), format, args); /* cut is fine */
	va_end(args);
	return -EINVAL;
}

static int wrong_at(struct side *side, const char *at)
{
	char shown[EXCERPT_MAX];
	if (!*at)
		return wrong(side, _("something is missing at the end; write metrics and numbers "
				     "with + or - between them, like a + 2 * b - 1"));
	return wrong(side,
		     _("'%s' makes no sense there; write metrics and numbers with + or - between "
		       "them, like a + 2 * b - 1"),
		     utf8_excerpt(at, strlen(at), shown));
}

/* @times of the metric @name[@len], less those of before. */
static int term_add(struct side *side, const char *name, size_t len, int64_t times, struct err *err)
{
	struct rule *rule = side->rule;
	if (len >= METRIC_NAME_MAX)
		return wrong_at(side, name);
	for (size_t i = 0; i < rule->n; i++)
		if (strlen(rule->terms[i].metric) == len &&
		    memcmp(rule->terms[i].metric, name, len) == 0) {
			rule->terms[i].times += side->right ? -times : times;
			return 0;
		}
	char *metric = strndup(name, len);
	if (!metric)
		return err_memory(err);
	rule->terms[rule->n++] =
		(struct rule_term){ metric, side->right ? -times : times, side->right };
	return 0;
}

/* Behind its sign: a metric, a number, or a whole number times a metric. *@at goes behind it. */
static int term_read(struct side *side, bool minus, const char **at, struct err *err)
{
	const char *text = *at, *end = text;
	int64_t number = 1, times;
	struct err why;
	if (side->n++ == RULE_TERMS_MAX)
		return wrong(side,
			     _("there are more than %u metrics and numbers on both sides; make two "
			       "rules of it"),
			     RULE_TERMS_MAX);
	bool counted = is_digit(*text);
	while (counted && (is_digit(*end) || *end == '.'))
		end++;
	const char *star = skip_blanks(end);
	if (counted && *star != '*') {
		if (end - text > 16 ||
		    decimal_parse(text, (size_t)(end - text), DECIMALS_MAX, &number, &why) < 0)
			return wrong_at(side, text);
		int128 constant = (int128)number * 10000; /* the four digits of a mean */
		side->rule->constant += minus != side->right ? -constant : constant;
		*at = end;
		return 0;
	}
	if (counted) {
		if (end - text > 4 ||
		    decimal_parse(text, (size_t)(end - text), 0, &number, &why) < 0 ||
		    number > RULE_TIMES_MAX)
			return wrong(side,
				     _("a metric may be multiplied by a whole number up to %u"),
				     RULE_TIMES_MAX);
		end = text = skip_blanks(star + 1);
	}
	if (!is_letter(*text))
		return wrong_at(side, text);
	while (is_letter(*end) || is_digit(*end) || *end == '_' || *end == '.')
		end++;
	*at = end;
	times = minus ? -number : number;
	return term_add(side, text, (size_t)(end - text), times, err);
}

/* -EINVAL: side->what says why. */
static int side_read(struct side *side, const char *text, struct err *err)
{
	bool minus = false;
	if (strlen(text) > SIDE_MAX)
		return wrong(side, _("it is over %u bytes; make two rules of it"), SIDE_MAX);
	text = skip_blanks(text);
	if (*text == '-' || *text == '+')
		minus = *text++ == '-';
	for (;;) {
		text = skip_blanks(text);
		int rc = term_read(side, minus, &text, err);
		if (rc < 0)
			return rc;
		text = skip_blanks(text);
		if (!*text)
			return 0;
		if (*text != '+' && *text != '-')
			return wrong_at(side, text);
		minus = *text++ == '-';
	}
}

/* --- rows --- */

static void rule_free(struct rule *rule)
{
	free(rule->name);
	free(rule->left);
	free(rule->right);
	free(rule->label_vi);
	free(rule->label_en);
	for (size_t i = 0; i < rule->n; i++)
		free(rule->terms[i].metric);
}

static void name_check(struct import_sheet *sheet, const struct rules *rules)
{
	char shown[EXCERPT_MAX];
	const char *name = import_sheet_field(sheet, NAME);
	bool good = is_letter(*name) && strlen(name) <= NAME_MAX_LEN;
	for (const char *at = name; *at && good; at++)
		good = is_letter(*at) || is_digit(*at) || strchr("_.-", *at);
	if (!good)
		import_sheet_diagnose(sheet,
				      "name: '%s' is not valid; it must be 1 to %u of a-z 0-9 . _ "
				      "-, the first a letter",
				      utf8_excerpt(name, strlen(name), shown), NAME_MAX_LEN);
	for (size_t i = 0; i < rules->n; i++)
		if (strcmp(rules->list[i].name, name) == 0)
			import_sheet_diagnose(sheet,
					      "name: '%s' is that of line %u; give one of them "
					      "another",
					      utf8_excerpt(name, strlen(name), shown),
					      rules->list[i].line);
}

static void label_check(struct import_sheet *sheet, enum column column)
{
	char shown[EXCERPT_MAX];
	const char *text = import_sheet_field(sheet, column);
	size_t len = strlen(text);
	if (len > LABEL_MAX_LEN || utf8_plain(text, len) < len)
		import_sheet_diagnose(sheet, "%s: '%s' is not valid; at most %u bytes of text",
				      columns[column], utf8_excerpt(text, len, shown),
				      LABEL_MAX_LEN);
}

static void words_read(struct import_sheet *sheet, struct rule *rule)
{
	char shown[EXCERPT_MAX];
	struct err why = { 0 };
	const char *op = import_sheet_field(sheet, OP), *from = import_sheet_field(sheet, FROM),
		   *severity = import_sheet_field(sheet, SEVERITY);
	size_t i = 0;
	while (i < N_OPS && strcmp(ops[i], op) != 0)
		i++;
	if (i == N_OPS)
		import_sheet_diagnose(sheet, "op: '%s' is unknown; write < <= = >= or >",
				      utf8_excerpt(op, strlen(op), shown));
	rule->op = (enum rule_op)(i % N_OPS);
	rule->refuse = strcmp(severity, "refuse") == 0;
	if (!rule->refuse && strcmp(severity, "warn") != 0)
		import_sheet_diagnose(sheet, "severity: '%s' is unknown; write warn or refuse",
				      utf8_excerpt(severity, strlen(severity), shown));
	rule->from = DAY_MIN;
	if (*from && day_parse(from, &rule->from, &why) < 0)
		import_sheet_diagnose(sheet, "from: %s", why.text);
}

static int sides_read(struct import_sheet *sheet, struct rule *rule, struct err *err)
{
	static const enum column of[] = { LEFT, RIGHT };
	struct side side = { .rule = rule };
	bool good = true;
	for (size_t i = 0; i < 2; i++) {
		side.right = of[i] == RIGHT;
		int rc = side_read(&side, import_sheet_field(sheet, of[i]), err);
		if (rc == -ENOMEM)
			return rc;
		if (rc < 0)
			import_sheet_diagnose(sheet, "%s: %s", columns[of[i]], side.what);
		good = good && rc == 0;
	}
	if (good && rule->n == 0)
		import_sheet_diagnose(sheet, "left: there is no metric on either side; name one");
	return 0;
}

static int texts_keep(struct import_sheet *sheet, struct rule *rule, struct err *err)
{
	rule->name = strdup(import_sheet_field(sheet, NAME));
	rule->left = strdup(import_sheet_field(sheet, LEFT));
	rule->right = strdup(import_sheet_field(sheet, RIGHT));
	rule->label_vi = strdup(import_sheet_field(sheet, LABEL_VI));
	rule->label_en = strdup(import_sheet_field(sheet, LABEL_EN));
	return rule->name && rule->left && rule->right && rule->label_vi && rule->label_en
		       ? 0
		       : err_memory(err);
}

static int on_row(struct import_sheet *sheet, struct err *err)
{
	struct rules *rules = sheet->context;
	struct rule *list, rule = { .line = sheet->row->line };
	size_t before = sheet->diagnostics.n;
	if (rules->n == RULES_MAX)
		return err_set(err, -EINVAL, "line %u: there are more than %u rules; take some out",
			       sheet->row->line, RULES_MAX);
	name_check(sheet, rules);
	label_check(sheet, LABEL_VI);
	label_check(sheet, LABEL_EN);
	words_read(sheet, &rule);
	int rc = sides_read(sheet, &rule, err);
	if (rc == 0 && sheet->diagnostics.n == before)
		rc = texts_keep(sheet, &rule, err);
	if (rc < 0 || sheet->diagnostics.n > before) {
		rule_free(&rule);
		return rc;
	}
	list = array_room(rules->list, rules->n, sizeof(*list));
	if (!list) {
		rule_free(&rule);
		return err_memory(err);
	}
	rules->list = list;
	list[rules->n++] = rule;
	return 0;
}

/* --- the whole --- */

static int by_metric(const void *a, const void *b)
{
	const struct rule_use *x = a, *y = b;
	int order = strcmp(x->metric, y->metric);
	return order ? order : (x->rule > y->rule) - (x->rule < y->rule);
}

static int uses_list(struct rules *rules, struct err *err)
{
	for (size_t i = 0; i < rules->n; i++)
		rules->n_uses += rules->list[i].n;
	rules->uses = calloc(rules->n_uses + 1, sizeof(*rules->uses));
	if (!rules->uses)
		return err_memory(err);
	struct rule_use *use = rules->uses;
	for (size_t i = 0; i < rules->n; i++)
		for (size_t k = 0; k < rules->list[i].n; k++)
			*use++ = (struct rule_use){ rules->list[i].terms[k].metric,
						    &rules->list[i] };
	qsort(rules->uses, rules->n_uses, sizeof(*rules->uses), by_metric);
	return 0;
}

static int read_all(struct rules *rules, const char *csv, size_t len, struct err *err)
{
	struct import_sheet sheet = {
		.columns = columns, .n_columns = COLUMNS, .on_row = on_row, .context = rules
	};
	int rc = import_sheet_read(&sheet, csv, len, err);
	if (rc == 0)
		rc = diagnostics_tell(&sheet.diagnostics, err);
	if (rc == 0)
		rc = uses_list(rules, err);
	rules->csv_len = len;
	return rc < 0 ? rc : document_keep(csv, len, &rules->csv, &rules->version, err);
}

int rules_read(const char *csv, size_t len, struct rules **ret_rules, struct err *err)
{
	struct rules *rules = calloc(1, sizeof(*rules));
	if (!rules)
		return err_memory(err);
	int rc = read_all(rules, csv, len, err);
	if (rc < 0) {
		rules_close(rules);
		return rc;
	}
	*ret_rules = rules;
	return 0;
}

void rules_close(struct rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->n; i++)
		rule_free(&rules->list[i]);
	free(rules->list);
	free(rules->uses);
	free(rules->csv);
	free(rules);
}

/* --- asked --- */

const struct rule_use *rules_of(const struct rules *rules, const char *metric, size_t *ret_n)
{
	*ret_n = 0;
	if (!rules || rules->n_uses == 0)
		return NULL;
	size_t at = search_first(i, rules->n_uses, strcmp(rules->uses[i].metric, metric) < 0);
	while (at + *ret_n < rules->n_uses && strcmp(rules->uses[at + *ret_n].metric, metric) == 0)
		++*ret_n;
	return *ret_n > 0 ? &rules->uses[at] : NULL;
}

/* --- judging --- */

static int128 power(unsigned decimals)
{
	int128 power = 1;
	while (decimals-- > 0)
		power *= 10;
	return power;
}

void operand_add(struct operand_sum *sum, int64_t value_e, unsigned decimals)
{
	int128 value = value_e * power(DECIMALS_MAX - decimals);
	sum->min = sum->n == 0 || value < sum->min ? value : sum->min;
	sum->max = sum->n == 0 || value > sum->max ? value : sum->max;
	sum->sum += value;
	sum->n++;
}

/* @value / @n, to @decimals of OPERAND_DECIMALS, half to even (rule 8). */
static int128 mean_of(int128 value, size_t n, unsigned decimals)
{
	int128 unit = power(OPERAND_DECIMALS - decimals);
	int128 above = value * 10000, below = (int128)n * unit;
	bool minus = above < 0;
	above = minus ? -above : above;
	int128 whole = above / below, rest = above % below;
	whole += 2 * rest > below || (2 * rest == below && whole % 2 != 0);
	return (minus ? -whole : whole) * unit;
}

struct operand operand_of(const struct operand_sum *sum, const struct metric *metric)
{
	static const int64_t most = INT64_C(1000000000000000000); /* 10^18, of 10^-6: see below */
	int128 value = metric->area_agg == AGG_MIN   ? sum->min
		       : metric->area_agg == AGG_MAX ? sum->max
						     : sum->sum;
	int128 size = value < 0 ? -value : value;
	/* What is judged is below 10^24: times 10^10 for its digits, 1000, and 16 terms, that is
	 * within an int128. */
	bool fits = size / 1000000 < (int128)most * 1000000;
	if (sum->n == 0 || !fits)
		return (struct operand){ .known = false };
	if (metric->area_agg == AGG_MEAN)
		value = mean_of(value, sum->n, metric->decimals + 4);
	else
		value *= 10000;
	return (struct operand){ .known = true, .value = value };
}

enum rule_verdict rule_judge(const struct rule *rule, const struct operand operands[])
{
	int128 difference = rule->constant; /* left - right */
	for (size_t i = 0; i < rule->n; i++) {
		if (!operands[i].known)
			return RULE_SILENT;
		difference += operands[i].value * rule->terms[i].times;
	}
	bool holds = rule->op == RULE_BELOW      ? difference < 0
		     : rule->op == RULE_AT_MOST  ? difference <= 0
		     : rule->op == RULE_EQUAL    ? difference == 0
		     : rule->op == RULE_AT_LEAST ? difference >= 0
						 : difference > 0;
	return holds ? RULE_HOLDS : RULE_BROKEN;
}

bool rule_judges(const struct rule *rule, struct period period)
{
	return period_first_day(period) >= rule->from;
}

/* --- told --- */

static bool vietnamese(void)
{
	return strcmp(language_tag(), "vi") == 0;
}

const char *rule_words(const struct rule *rule, char text[RULE_TEXT_MAX])
{
	const char *own = vietnamese() ? rule->label_vi : rule->label_en;
	const char *other = vietnamese() ? rule->label_en : rule->label_vi;
	if (*own || *other)
		return *own ? own : other;
	(void)utf8_print(text, RULE_TEXT_MAX, "%s %s %s", rule->left, /* cut is fine */
			 ops[rule->op], rule->right);
	return text;
}

/* What figures of one office and period must be to each other: rules.csv. "service.dossiers_online
 * <= service.dossiers_received". One reader and one judge for office and province, as of the
 * catalogue. Immutable once read.
 *
 * Both sides of a rule are sums of metrics, times whole numbers, and of numbers, whose metrics have
 * one period and calendar. What is compared are an office's own figures of one period, those of a
 * metric's parts added by its area_agg (rule 3 of the figures), exactly. Where one of them was not
 * reported there is no verdict. */
#pragma once

#include "common/base/decimal.h"
#include "common/base/err.h"
#include "common/model/metric.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULES_MAX      256u
#define RULE_TERMS_MAX 16u   /* of both sides: metrics and numbers */
#define RULE_TIMES_MAX 1000u /* what a metric may be multiplied by */

enum rule_op { RULE_BELOW, RULE_AT_MOST, RULE_EQUAL, RULE_AT_LEAST, RULE_ABOVE };

struct rule {
	char *name, *left, *right; /* owned, as the file has them */
	char *label_vi, *label_en; /* owned; "": none */
	enum rule_op op;
	bool refuse;  /* at the office; else the rule only warns there */
	int32_t from; /* the first day whose period it judges; DAY_MIN: every one */
	unsigned line;
	struct rule_term {
		char *metric;  /* owned; each once */
		int64_t times; /* on the left, less what it is on the right */
		bool right;    /* where it was met first */
	} terms[RULE_TERMS_MAX];
	size_t n;        /* of terms: 1 or more */
	int128 constant; /* likewise, of 10^-OPERAND_DECIMALS */
};

struct rule_use { /* @rule names @metric */
	const char *metric;
	const struct rule *rule;
};

struct rules {
	struct rule *list; /* owned [n], in the file's order */
	size_t n;
	struct rule_use *uses; /* owned [n_uses], by metric, then as the list has them */
	size_t n_uses;
	char *csv; /* owned: the text it was read from */
	size_t csv_len;
	uint64_t version; /* document_keep() */
};

/**
 * Read from CSV: name, left, op (< <= = >= >), right, severity (warn, refuse), label_vi, label_en,
 * from (a day; empty: always).
 *
 * All or nothing, with every bad row named. 0; -EINVAL; -ENOMEM. The caller closes.
 */
int rules_read(const char *csv, size_t len, struct rules **ret_rules, struct err *err);
void rules_close(struct rules *rules); /* NULL is fine */

/** The rules that name @metric: [*@ret_n], in the file's order. @rules NULL: none. */
const struct rule_use *rules_of(const struct rules *rules, const char *metric, size_t *ret_n);

/* --- judging --- */

/* As many as a figure has, and four more for a mean (rule 8). */
#define OPERAND_DECIMALS (DECIMALS_MAX + 4u)

struct operand_sum { /* the figures of one metric, office and period; zeroed to begin with */
	size_t n;
	int128 sum, min, max; /* of 10^-DECIMALS_MAX */
};
void operand_add(struct operand_sum *sum, int64_t value_e, unsigned decimals);

struct operand {
	bool known;   /* something was reported, and it is none that nobody counts (10^24) */
	int128 value; /* of 10^-OPERAND_DECIMALS */
};
struct operand operand_of(const struct operand_sum *sum, const struct metric *metric);

enum rule_verdict { RULE_SILENT, RULE_HOLDS, RULE_BROKEN };
/** @operands [rule->n]: of its terms. Nothing is rounded, but a mean as it is shown. */
enum rule_verdict rule_judge(const struct rule *rule, const struct operand operands[]);

/** Does it judge figures of @period? */
bool rule_judges(const struct rule *rule, struct period period);

/** What the rule says, for people: its label in the thread's language or, without one, both sides.
 * Valid as long as the rule; @text is where it is made. */
#define RULE_TEXT_MAX 512u
const char *rule_words(const struct rule *rule, char text[RULE_TEXT_MAX]);

#include "common/base/utf8.h"
#include "common/model/catalogue.h"
#include "common/model/rule_metrics.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rules *rules = NULL;
	struct err err = { 0 };
	int rc = rules_read((const char *)data, len, &rules, &err);
	require(rc == 0 || rc == -EINVAL);
	require(rc == 0 || utf8_valid(err.text, strlen(err.text))); /* errors travel as JSON */
	if (rc != 0)
		return 0;
	require(rules->version != 0 && rules->n <= RULES_MAX);
	require(rules->csv_len == len && memcmp(rules->csv, data, len) == 0);
	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *rule = &rules->list[i];
		struct operand operands[RULE_TERMS_MAX];
		struct metric metric = { .area_agg = (enum agg[]){ AGG_SUM, AGG_MEAN, AGG_MIN,
								   AGG_MAX }[i % 4] };
		require(rule->n >= 1 && rule->n <= RULE_TERMS_MAX);
		for (size_t k = 0; k < rule->n; k++) {
			struct operand_sum sum = { 0 };
			size_t n;
			operand_add(&sum, k % 2 ? INT64_MIN : INT64_MAX, 0);
			operands[k] = operand_of(&sum, &metric);
			require(operands[k].known);
			require(rules_of(rules, rule->terms[k].metric, &n) && n >= 1);
		}
		require(rule_judge(rule, operands) != RULE_SILENT); /* and nothing overflows */
	}
	struct catalogue none = { .n = 0 };
	require(rules->n == 0 || rules_suit(rules, &none, &err) == -EINVAL);
	rules_close(rules);
	return 0;
}

#include "import/title_plan.h"

#include "import/title_words.h"

/* How many words from @i on say that what follows is planned, as the line's first ones or behind a
 * mark; 0: they don't. "Kế hoạch số 12" is a document. */
static size_t plan_at(const struct title_words *words, size_t i)
{
	static const char *const pairs[] = { "ke hoach", "du kien", "du bao", "du toan" };
	static const char *const marks[] = { ".", ":", "-", "|", "(" };
	size_t n = words_are(words, i, "chi tieu") ? 4 : 2;
	bool begins = i == 0 || WORDS_ARE_ONE_OF(words, i - 1, marks);
	return begins && WORDS_ARE_ONE_OF(words, i + n - 2, pairs) && !words_are(words, i + n, "so")
		       ? n
		       : 0;
}

void title_plan_read(struct title_plan *plan, const struct title_words *words, size_t behind)
{
	static const char *const done[] = { "ket qua", "thuc hien", "bao cao", "tinh hinh" };
	for (size_t i = 0; i < words->n; i++) {
		size_t n = plan_at(words, i);
		plan->done |= WORDS_ARE_ONE_OF(words, i, done);
		if (n > 0 && !*plan->said && (behind > 0 || words->n == n))
			words_quote(words, i, behind > i + n ? behind : i + n, plan->said);
	}
}

const char *title_plan_said(const struct title_plan *plan)
{
	return plan->done ? "" : plan->said;
}

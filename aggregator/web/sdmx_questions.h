/* What SDMX asks for as questions to the aggregator, which knows one name, one grain and one place
 * or level at a time: each is asked in its turn, and their rows are one file. Pure. */
#pragma once

#include "web/sdmx_reference.h"
#include "web/sdmx_request.h"

#define SDMX_QUESTIONS_MAX 128u

struct sdmx_question {
	char *target; /* owned: "/api/v1/query?..." */
	char *area;   /* owned: REF_AREA that its rows must have; NULL: any unit's */
};

struct sdmx_questions {
	struct sdmx_question *list; /* owned [n] */
	size_t n;
};

/**
 * @today: a day as text, where the time asked about ends when @request says no end. No question:
 * nothing of that is there. The caller frees.
 *
 * Returns 0, or the status of a refusal, which @err words: 400 for a key that is none, 404 for what
 * it names and is not there, 413 for more than SDMX_QUESTIONS_MAX or for a time without a
 * beginning, 501 for what cannot be asked of the aggregator; 503 without memory.
 */
unsigned sdmx_questions_make(struct sdmx_request *request, const struct sdmx_reference *reference,
			     const char *today, struct sdmx_questions *ret_questions,
			     struct err *err);
void sdmx_questions_free(struct sdmx_questions *questions);

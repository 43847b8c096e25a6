/* What a page asks the province, and what it was told. A page asks for an address of the aggregator
 * ("/api/v1/query?name=team.count"); what was answered already it gets at once, and what was not is
 * noted, so that whoever has the line asks it and the page is written anew with more answers. */
#pragma once

#include "common/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define QUESTION_MAX 4096u /* bytes of an address */
#define ASKED_MAX    24u   /* questions of one page; one more is not asked, and the page says so */

struct asking;

struct asking *asking_open(void); /* NULL: out of memory */
void asking_close(struct asking *asking);

/**
 * The answer to @target; NULL: it is not there (yet), and then it is asked. What the province
 * refuses makes the whole page a page about that, see asking_refusal().
 */
const json_t *ask(struct asking *asking, const char *target);
/** The same of a question whose refusal is no harm: a page does without its answer. */
const json_t *ask_if_there(struct asking *asking, const char *target);

struct sending { /* an order, for the aggregator: texts borrowed */
	const char *method, *target, *type, *body;
	size_t len;        /* of the body */
	const char *match; /* the edition that it is meant for, as If-Match; NULL: any */
};
struct refusal;
/** What would come of an order: it is only tried. @sending outlives @asking. Its refusal is no harm
 * either: the page tells @ret_refusal, whose status is 0 where there is none. */
const json_t *ask_trial(struct asking *asking, const struct sending *sending,
			struct refusal *ret_refusal);

/* --- for whoever has the line --- */

/** The next question that was not answered, from *@at on, which begins at 0; NULL: no more. */
const char *asking_next(const struct asking *asking, size_t *at);
/** How @target is asked; NULL: by GET. */
const struct sending *asking_sending(const struct asking *asking, const char *target);
/** What came: @text[@len], JSON, with the status of HTTP. -ENOMEM. */
int asking_tell(struct asking *asking, const char *target, unsigned status, const void *text,
		size_t len);
/** Did all that was asked arrive, so that what was written is whole? */
bool asking_is_over(const struct asking *asking);

struct refusal {
	unsigned status;    /* of HTTP; 502: what came was no JSON; 500: too much was asked */
	const char *detail; /* the province's sentence; "" */
	const char *target; /* the question */
	const char *field;  /* of the body, that is wrong; "": none is known */
};
/** Was anything refused that a page cannot do without? */
bool asking_refusal(const struct asking *asking, struct refusal *ret_refusal);

/** The @i-th question that was asked at all, and its answer (NULL: none); NULL: no more. For tests
 * and caches. */
const char *asking_question(const struct asking *asking, size_t i, const json_t **ret_answer);

/* --- writing a question --- */

struct question {
	char target[QUESTION_MAX];
	size_t len;
	bool cut; /* it did not fit, and is wrong */
};

void question_begin(struct question *question, const char *path);
/** Nothing when @value is NULL or "". */
void question_add(struct question *question, const char *name, const char *value);

/**
 * JSON @text[@len] with numbers kept to the digit: a whole number of up to 18 digits is an integer,
 * every other number a text as it was written. NULL: no JSON, or out of memory.
 */
json_t *exact_read(const void *text, size_t len);
#define EXACT_MAX 64u
/** A number or text in member @key of @row as text; NULL: null, or nothing. @room is for numbers.
 */
const char *exact_text(const json_t *row, const char *key, char room[EXACT_MAX]);
/** The same of member @key of the object @object before the rows of an answer; "" for nothing. */
const char *exact_head(const json_t *answer, const char *object, const char *key,
		       char room[EXACT_MAX]);
/** The rows of an answer that is a table; an empty one where there are none. */
const json_t *answer_rows(const json_t *answer);
/** The text @key of the object @object of an answer; "" */
const char *answer_head(const json_t *answer, const char *object, const char *key);

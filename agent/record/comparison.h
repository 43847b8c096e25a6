/* What was found about figures that are handed in: which of them are far from what was reported
 * before, which are of a period that the province has closed, and which break rules
 * (agent/record/validation.h). Those that are not refused are recorded; whoever hands them in is
 * told, and may correct them. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/outlier.h"
#include "spool/spool.h"

#include <jansson.h>
#include <stddef.h>

struct comparison_far { /* one that is far, or of a closed period */
	size_t nth;     /* in the list that was compared */
	/* Since when its period is closed; 0: it is far, as what follows says. */
	int64_t closed_us;
	unsigned decimals;
	int64_t value_e;
	struct history_range usual;
	struct period before; /* the newest of its past, and */
	int64_t before_e;     /* its value */
};

struct comparison_breach { /* of a rule */
	size_t nth;
	bool refused; /* else it is recorded all the same */
	char *text;   /* owned: the sentence */
};

struct comparison {
	struct comparison_far *list; /* owned [n], by nth; one may be both */
	size_t n;
	struct comparison_breach *breaches; /* owned [n_breaches], by nth */
	size_t n_breaches;
	bool *refused; /* owned [as many as were handed in]; NULL: none is */
	size_t n_refused;
};

/**
 * Compare @list[@n] before it is recorded. The past of a figure is that of common/model/outlier.h:
 * values of its series for earlier periods, from the spool and from the list itself, which counts
 * where both have one. Not compared are what is added, withdrawn or of "now", and what is counted
 * more often than by the hour, which nobody types. (Of what is added or withdrawn it is told all
 * the same that its period is closed.)
 *
 * @ret_comparison  the caller frees; as it was on error
 *
 * Returns 0; -ENOMEM; as the spool does when it cannot be read. Blocks on disk: for the worker.
 */
int comparison_make(struct spool *spool, const struct catalogue *catalogue,
		    const struct observation list[], size_t n, struct comparison *ret_comparison,
		    struct err *err);
void comparison_free(struct comparison *comparison); /* zeroed is fine */

/** The sentence about @far, in the language of the thread; @point stands before decimals, '\0':
 * '.'. */
const char *comparison_say(const struct comparison_far *far, char point, char text[ERR_TEXT_MAX]);

/** The same for one that is not recorded because of it. */
const char *comparison_say_held(const struct comparison_far *far, char point,
				char text[ERR_TEXT_MAX]);

/** @text is copied. -ENOMEM. */
int comparison_breach_add(struct comparison *comparison, size_t nth, bool refused, const char *text,
			  struct err *err);
/** Room to refuse each of @n. -ENOMEM. */
int comparison_room(struct comparison *comparison, size_t n, struct err *err);
/** There is room. */
void comparison_refuse(struct comparison *comparison, size_t nth);
/** One sentence about what is refused, and nothing else; all in order. */
void comparison_tidy(struct comparison *comparison);
/** Of those that are refused the first; NULL: none is. */
const struct comparison_breach *comparison_first_refused(const struct comparison *comparison);

/* As the API answers: [{"observation": 2, "value": "800", "before": {"period": "2025-05", "value":
 * "78"}, "usual": ["39", "117"], "warning": sentence}, {"observation": 3, "closed": instant,
 * "warning": sentence}, and of a rule {"observation": 4, "warning": sentence}]; observations count
 * from 1. */
json_t *comparison_json(const struct comparison *comparison); /* NULL: out of memory */
/* [{"observation": 3, "error": sentence}] */
json_t *comparison_refused_json(const struct comparison *comparison); /* NULL: out of memory */
/** Read them again, both; @n were handed in. What is no such thing, of an agent of another version,
 * is passed over. -ENOMEM. */
int comparison_read(const json_t *warnings, const json_t *refused, size_t n,
		    struct comparison *ret_comparison, struct err *err);

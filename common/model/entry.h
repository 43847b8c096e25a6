/* A figure as people and programs give it, in words, on its way to an observation. The one place
 * that judges them by the catalogue: at an office for record, import and the API alike, at the
 * province for what its operators record. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/labels.h"
#include "common/model/observation.h"

#include <stdbool.h>
#include <stdint.h>

struct entry { /* all texts borrowed */
	const char *metric;
	const char *value;  /* a decimal; NULL withdraws what was reported */
	const char *period; /* NULL: the current one of the metric's grain */
	const char *labels; /* canonical (common/model/labels.h); "" for none */
	bool add;
	const char
		*author;  /* who typed or handed it in: an account; NULL or "": nobody was asked */
	const char *note; /* what a person says about the value; see struct observation */
	/* For sentences about a value that a person wrote in another notation than ours: */
	const char *typed; /* as it was written; NULL: as value has it */
	char point;        /* what stands before decimals there; '\0': '.' */
};

/**
 * @ret_obs borrows the entry's metric, labels, author and note; but where the labels were written
 * in another way than as the codes of the province's lists (common/model/dimensions.h), those are
 * in @ret_labels, and it borrows them. -EINVAL with a sentence that says what to do: unknown
 * metric, a period of another grain or in the future, wrong labels, no number, too many decimals,
 * out of range, a note or an author that is too long, or not of one line. What is withdrawn may
 * have any labels: it stands under them. @now_us tells the current period; CLOCK_UNKNOWN_US: nobody
 * knows it, so nothing lies in the future, and what has no period is of "now".
 */
int entry_judge(const struct catalogue *catalogue, const struct entry *entry, int64_t now_us,
		char ret_labels[LABELS_TEXT_MAX], struct observation *ret_obs, struct err *err);

enum entry_part { ENTRY_PERIOD, ENTRY_LABELS, ENTRY_VALUE, ENTRY_REMARK };

/** The same for a metric of the catalogue that was found, whose name the sentence then leaves out;
 * entry->metric may be any text. @ret_part: what of the entry the sentence is about. */
int entry_judge_as(const struct catalogue *catalogue, const struct metric *metric,
		   const struct entry *entry, int64_t now_us, char ret_labels[LABELS_TEXT_MAX],
		   struct observation *ret_obs, enum entry_part *ret_part, struct err *err);

/** Is a figure of this period sealed at once (a day or coarser)? */
bool entry_coarse(const struct observation *obs);

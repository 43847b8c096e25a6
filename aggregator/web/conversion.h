/* An answer of the aggregator that its asker wants in another form (export/export.h): a workbook,
 * CSV for Excel, SDMX-CSV. The aggregator is asked for CSV, and what comes is written anew as it
 * comes; a workbook, which takes its time, on a thread beside the loop, into a temporary file.
 *
 * An error before the first byte went out is answered in words; after it, the answer breaks off, so
 * that nobody takes a part for the whole. */
#pragma once

#include "common/base/err.h"
#include "common/net/http.h"
#include "export/choice.h"
#include "web/target.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct conversion;

struct conversion_wish {
	bool wanted;
	const char *accept;      /* for the aggregator instead of what was asked; NULL: that */
	char target[TARGET_MAX]; /* the address without what is ours; "": as it came */
	struct export_choice choice;
};

/**
 * What does @request want? The argument format (csv, json, csv-excel, xlsx, sdmx-csv) of
 * /api/v1/query and /api/v1/completeness says so, or else the media type in Accept:
 * application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, or
 * application/vnd.sdmx.data+csv with parameters version (2.0.0, 2.1.0), labels (id, name, both)
 * and keys (none, obs, series, both). Returns 0, or the status of a refusal: 400, 406.
 * Beside the argument format, arguments that are empty are taken as not given: a browser sends
 * those of a form that nobody filled in.
 */
unsigned conversion_read(const struct http_request *request, struct conversion_wish *ret_wish,
			 struct err *err);

/** The same of SDMX-CSV alone, from the header Accept; *@ret_named: it is among what is taken. */
unsigned conversion_read_sdmx(const char *accept, bool *ret_named, struct export_choice *choice,
			      struct err *err);

struct conversion_calls {
	/** Bytes of the answer, from within conversion_feed() and conversion_finish(); the first of
	 * them begin it. -errno ends it. */
	int (*on_bytes)(void *context, const void *data, size_t len);
	/**
	 * The end of what conversion_finish() began. @rc 0: @fd, which goes to the callee, is a
	 * file of @len bytes and the whole answer; or -1: all went to on_bytes. Else @err says why.
	 */
	void (*on_finish)(void *context, int rc, int fd, uint64_t len, const struct err *err);
};

/** @wish wanted; the words are in @language. -ENOMEM. */
int conversion_open(uv_loop_t *loop, const struct conversion_wish *wish, enum language language,
		    const struct conversion_calls *calls, void *context,
		    struct conversion **ret_conversion, struct err *err);
/** @field: the value of Lantoa-Head in the aggregator's answer; NULL: it has none. */
int conversion_head(struct conversion *conversion, const char *field, struct err *err);
/** Errors are those of export_feed(), and that of on_bytes. */
int conversion_feed(struct conversion *conversion, const void *data, size_t len, struct err *err);
/** All of it came. on_finish follows, from within this call or later from the loop. */
void conversion_finish(struct conversion *conversion);
/** Not wanted any more: none of the calls comes. From within on_finish, too. NULL is fine. */
void conversion_close(struct conversion *conversion);

/** The fields of an answer in that form, with a name for its file; @name has room for the second.
 * Returns how many. */
#define CONVERSION_FIELDS 3u
size_t conversion_fields(const struct conversion *conversion, char name[128],
			 struct http_field fields[CONVERSION_FIELDS]);

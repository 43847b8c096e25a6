/* An order on its way: one request to the aggregator, and its answer shown as asked for. Errors are
 * those of client_ask() and of output.h. */
#pragma once

#include "cli/command.h"
#include "feed/client.h"

/** The request that the order's command is, for JSON; its arguments and body are the caller's to
 * fill in. */
struct request order_request(const struct order *order);
/** The answer is one value: the command's sentence about it (output_value). */
int order_ask_value(const struct order *order, const struct request *request, struct err *err);
/** The answer is objects and rows (output_report). */
int order_ask_report(const struct order *order, const struct request *request, struct err *err);
/** The answer is rows (output_rows); @arguments [n] go into the address. */
/** Send @file of the media type @type to the command's path: an edition that is taken over; with
 * --dry-run, which goes along, what would come of it is told. */
int order_import(const struct order *order, const struct blob *file, const char *type,
		 const struct argument *argument, struct err *err);
int order_ask_rows(const struct order *order, const struct argument arguments[], size_t n,
		   struct err *err);
/** The same of another path than the command's. */
int order_ask_rows_at(const struct order *order, const char *path,
		      const struct argument arguments[], size_t n, struct err *err);
/** {"code": "...", ...} into @body: @fields[n] without those that have no value. -ENOMEM. */
int order_body(const struct argument fields[], size_t n, struct blob *body, struct err *err);
/** Send @fields [n], less those that have no value, as an object of texts; the answer is one value,
 * or with --dry-run objects and rows. */
int order_post(const struct order *order, const struct argument fields[], size_t n,
	       struct err *err);
/** Likewise; the answer is objects and rows. */
int order_post_for_report(const struct order *order, const struct argument fields[], size_t n,
			  struct err *err);

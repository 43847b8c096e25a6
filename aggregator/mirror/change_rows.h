/* What a page of the province's ledger (feed/changes_client.h) changes in the tables of mirror.sql,
 * as statements with their parameters, in the order in which they are to run: the pure part of the
 * mirror. It asks nobody and remembers nothing between pages.
 *
 * Figures of batches that follow each other become one statement, however many they are: which of
 * them another one of the same page replaces is settled here, and what stood before the page is
 * closed by the statement. An event that holds or releases figures comes between: what stands of
 * the figures that it names is then looked up anew. */
#pragma once

#include "common/base/err.h"
#include "feed/changes_client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROW_PARAMS_MAX 14u

struct row_step {
	const char *sql;                    /* a literal, or owned by the rows */
	const char *params[ROW_PARAMS_MAX]; /* [n_params] texts; NULL: null. Owned by the rows */
	size_t n_params;
	bool is_copy; /* sql is COPY ... FROM STDIN, and params[0] what it reads; copy_len bytes */
	size_t copy_len;
	int64_t expect;    /* rows that it must change; -1: any number */
	const char *table; /* which that is about; NULL: none */
};

struct change_rows;

/** @province: as tables have it, copied. */
int change_rows_open(const char *province, struct change_rows **ret_rows, struct err *err);
void change_rows_close(struct change_rows *rows); /* NULL is fine */

/**
 * The steps of @page in place of those before. -EBADMSG: it is none, or an event of it has what no
 * event can; -ENOMEM. On error there are no steps.
 */
int change_rows_take(struct change_rows *rows, const struct changes_page *page, struct err *err);

/**
 * The tables hold no figure of the province but those of the pages that are taken from now on (the
 * first fill): most of them then close none, which need not be looked for. @fresh false: they may.
 * Pages must be taken in their order, each whose transaction failed again before the next.
 */
void change_rows_fresh(struct change_rows *rows, bool fresh);

size_t change_rows_n(const struct change_rows *rows);
/** Valid until the rows take another page. */
const struct row_step *change_rows_step(const struct change_rows *rows, size_t i);
/** Of the page: figures in it, and items that a disk of the province damaged. */
uint64_t change_rows_figures(const struct change_rows *rows);
uint64_t change_rows_damaged(const struct change_rows *rows);

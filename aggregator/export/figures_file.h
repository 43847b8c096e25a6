/* A SQLite file of figures, for DuckDB, R, pandas and whatever else reads flat tables.
 *
 * Table `figures` has one row for each figure, table `about` says what the file holds and does not
 * hold, and reference tables are what was given. A value that is missing is NULL and never 0
 * (rule 5.4); one that is there stands three times: exact as text, as an integer beside its
 * decimals, and as a double for who reckons on. Figures of several levels, or of a whole and its
 * labels, stand in one table and must not be added up with each other; the views have one kind
 * each.
 *
 * The file is there whole or not at all: it grows as FILE.partial, without a journal, and gets its
 * name when it is on the disk. Memory is bounded by SQLite's page cache, whatever comes. */
#pragma once

#include "common/base/err.h"
#include "common/model/period.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct figures_file;

/** Begin one that will be called @path. -EEXIST: there is such a file, and @overwrite is not said;
 * -EBUSY: somebody writes it just now; else what the system says of its folder. A FILE.partial that
 * somebody left goes. */
int figures_file_open(const char *path, bool overwrite, struct figures_file **ret_file,
		      struct err *err);
/** Without finish: nothing stays. NULL is fine. */
void figures_file_close(struct figures_file *file);

/** A row of table `about`: one of each @key. */
int figures_file_about(struct figures_file *file, const char *key, const char *value,
		       struct err *err);

/** What follows, up to figures_file_end(), is CSV with a header line, and becomes table @name; of
 * @columns (parted by blanks; NULL: all), those that are there. All are texts. */
int figures_file_table(struct figures_file *file, const char *name, const char *columns,
		       struct err *err);

struct figures_of { /* what an answer is about; texts are lent until figures_file_end() */
	const char *metric, *measure;
	const char *level;     /* of the units that it has rows of, or "office" */
	const char *dimension; /* its rows are by these labels; NULL: all labels, added up */
	enum grain grain;
	enum calendar calendar;
};

/** What follows is the answer, as CSV, to a question about one name (aggregator/query/query.h). Of
 * a dimension, rows of which nothing was ever reported are left out. */
int figures_file_answer(struct figures_file *file, const struct figures_of *of, struct err *err);

/** More of what follows, cut anywhere. -EBADMSG: it is no such table; -ENOSPC and what else a disk
 * says; -ENOMEM. After an error only close is left. */
int figures_file_feed(struct figures_file *file, const void *data, size_t len, struct err *err);
/** It is whole. */
int figures_file_end(struct figures_file *file, struct err *err);

/** Rows of table `figures` so far. */
uint64_t figures_file_rows(const struct figures_file *file);
/** Views and indexes, then to the disk, and the file has its name. Errors as above. */
int figures_file_finish(struct figures_file *file, struct err *err);

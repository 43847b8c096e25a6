/* A command of lantoa, and an order: a command as it was given. */
#pragma once

#include "common/base/err.h"
#include "common/sys/screen.h"

#include <stddef.h>

struct args;

/* Behind the third, those of export/export.h in its order. */
enum format {
	FORMAT_TABLE,
	FORMAT_CSV,
	FORMAT_JSON,
	FORMAT_CSV_EXCEL,
	FORMAT_XLSX,
	FORMAT_SDMX_CSV,
	FORMATS
};

struct order { /* a command as it was given */
	const struct args *args;
	const char *api; /* see client.h */
	enum format format;
	struct screen *screen; /* what tables are drawn for */
};

struct command {
	const char *words;   /* "office add" */
	const char *usage;   /* what follows them; the same in every language */
	const char *help;    /* N_(): what it does */
	const char *options; /* names of those it takes, parted by blanks; NULL: none of its own */
	size_t n_words;      /* words that must follow */
	size_t n_more;       /* words that may follow them */
	/* What else must be there, or must not (cli/usage.h); NULL: nothing */
	int (*check)(const struct args *args, struct err *err);
	/* 0; 1 when it ran well and the news is bad (verify, status); negative: it failed */
	int (*run)(const struct order *order, struct err *err);
	const char *method, *path; /* of the api */
	const char *show; /* columns to draw, parted by blanks; NULL: all that say anything */
	/* N_(): the sentence after it is done, with one %s; where that counts something, others for
	 * one of it and for none, without %s */
	const char *done, *one, *none;
	const char *empty; /* N_(): the sentence where there are no rows; NULL: a general one */
	enum format usual; /* when no --format is given */
	const char *forms; /* formats it has beside table, csv and json, parted by blanks; NULL:
			      none. With any, it heeds --output. */
};

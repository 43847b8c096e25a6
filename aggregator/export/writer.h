/* A form that an answer is written in. Private to export/: export.h has the door. */
#pragma once

#include "export/choice.h"
#include "export/columns.h"
#include "export/head.h"

struct writer {
	const struct writer_kind *kind;
	const struct export_choice *choice; /* lent */
	const struct head *head;            /* lent */
	const struct columns *columns;      /* lent */
	struct sink *sink;                  /* lent */
};

/* Each call returns 0, or a negative errno, which ends it. */
struct writer_kind {
	size_t size; /* of the struct that begins with the writer; zeroed */
	int (*begin)(struct writer *writer, struct err *err);
	/* @cells [columns->n] */
	int (*row)(struct writer *writer, const char *const cells[], struct err *err);
	int (*finish)(struct writer *writer, struct err *err);
	void (*close)(struct writer *writer); /* what it owns; copes with any state; may be NULL */
};

extern const struct writer_kind writer_csv_excel, writer_sdmx_csv, writer_xlsx;

/* Bytes on their way out, gathered so that a row costs no call. */
struct sink {
	const struct export_sink *to; /* lent */
	size_t len;
	char bytes[32768];
};

int sink_put(struct sink *sink, const void *data, size_t len, struct err *err);
int sink_text(struct sink *sink, const char *text, struct err *err);
int sink_flush(struct sink *sink, struct err *err);
/** A field of CSV (RFC 4180), in quotes where @separator, quotes, blanks at an end or line ends ask
 * for it. NULL: nothing. */
int sink_field(struct sink *sink, const char *text, char separator, struct err *err);
/** One in quotes: @before, @text and @behind. */
int sink_quoted(struct sink *sink, const char *before, const char *text, const char *behind,
		struct err *err);

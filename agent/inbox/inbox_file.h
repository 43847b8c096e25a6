/* One file of the inbox, taken step by step: how it is written is detected, its figures are
 * recorded, then it is moved to done/; or, when lines of it are wrong, left where it is with
 * NAME.errors.csv, or of a workbook a copy with marks, beside it. That stays behind, too, when
 * figures are far from what was reported before. Blocks on disk: for the worker. A step is short
 * (it reads one piece and records what was in it; of a workbook the last one records all that its
 * sheets held back), so that others get their turn on the disk between steps. Of a large file
 * memory holds what import_internal.h bounds.
 *
 * A file of up to 8000 figures is recorded in one transaction, a larger one by about so many each,
 * so that what rules compare goes together. Until the file was moved nothing says that it was
 * taken: after a power cut it is taken again, which changes nothing of what was recorded already.
 */
#pragma once

#include "common/base/err.h"
#include "common/base/i18n.h"
#include "common/model/catalogue.h"
#include "import/import.h"
#include "inbox/done_folder.h"
#include "inbox/inbox_core.h"
#include "spool/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INBOX_BYTES_MAX (256u * 1024 * 1024)

struct inbox_file_config { /* all outlive the file */
	int folder_fd;
	struct spool *spool;
	const struct catalogue *catalogue;
	const char *office;       /* as import_config has it */
	const char *author;       /* likewise; NULL: nobody was asked */
	int64_t now_us;           /* as entry_judge() has it */
	struct done_watch *watch; /* NULL: what was moved is not looked at */
	uint64_t tick_ms;         /* of a clock that never steps, for the watch */
	enum language language;   /* of the errors file */
	bool uploaded;            /* nobody sees the folder: it is not spoken of */
	/** What is told of it, as it comes; @is_error: not taken, else to be looked at again. May
	 * be NULL. */
	void (*on_told)(void *context, bool is_error, const struct import_diagnostic *told);
	void *context;
	bool strict; /* what is far from what was reported before is refused */
};

enum inbox_outcome {
	INBOX_TAKEN,    /* and moved to done/ */
	INBOX_STUCK,    /* taken, but it cannot be moved; err says why */
	INBOX_FAULTY,   /* the good lines are recorded, the others are in the errors file */
	INBOX_UNTOLD,   /* the same, but the errors file cannot be written; err says why */
	INBOX_CHANGING, /* it is another one than was listed, or becomes one: look again */
	INBOX_HELD,     /* a program has it open for writing, or locked: look again */
};

struct inbox_result {
	enum inbox_outcome outcome;
	struct inbox_stamp stamp;    /* of the file as it was read */
	size_t fresh, changed, same; /* figures: new, with another value, as they were */
	size_t rejected;             /* figures or lines */
	size_t passed;               /* lines that were passed over */
	size_t warned;               /* figures to be looked at again */
	bool coarse;                 /* one of them is of a day or coarser */
};

struct inbox_file;

/** The file as it was @listed: when it is another by now, it is INBOX_CHANGING. -ENOMEM. What is
 * wrong with the file itself is told by its steps. */
int inbox_file_open(const struct inbox_file_config *config, const struct inbox_listed *listed,
		    struct inbox_file **ret_file, struct err *err);
/**
 * Go one step. Returns 1 when there are more; 0 when it is done with, and @ret_result tells how;
 * a negative errno when it could not be taken for a reason that is not the file's: the spool or the
 * disk is full or fails, out of memory. Then figures before may be recorded (they are in
 * @ret_result, as after 0), the file stays, and it can be taken again later.
 */
int inbox_file_step(struct inbox_file *file, struct inbox_result *ret_result, struct err *err);
void inbox_file_close(struct inbox_file *file); /* NULL is fine */

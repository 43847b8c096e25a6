/* 1. Open it, and see that it is a plain file, not too large, and not being written to.
 * 2. Detect how it is written, a piece a step. What cannot be read is one error of the whole.
 * 3. Read it again, a piece a step, and note its figures, to know of those with two values.
 * 4. Read it once more; figures are compared and recorded.
 *    A workbook goes the same three times through a reader in a process of its own, and what that
 *    writes comes piece by piece.
 * 5. See that it is still what was opened. Then move it to done/, or write the errors file. */
#include "inbox/inbox_file.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "import/detect.h"
#include "import/import.h"
#include "import/tables.h"
#include "inbox/errors_sheet.h"
#include "record/validation.h"
#include "workbook/marking.h"
#include "workbook/workbook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DETECT_PIECE 65536u
#define WORKBOOK_MS  50     /* that others wait for a reader which has nothing yet */
#define IMPORT_PIECE 16384u /* holds at most some thousand figures: a few transactions a step */

enum phase {
	PHASE_OPEN,
	PHASE_DETECT,
	PHASE_NOTE,
	PHASE_IMPORT,
	PHASE_WORKBOOK,
	PHASE_COPY,
	PHASE_END
};

struct inbox_file {
	struct inbox_file_config config;
	struct inbox_listed listed;
	enum phase phase;
	int fd;           /* -1: not open */
	struct stat stat; /* when it was opened */
	struct headings *headings;
	struct detect *detect;
	struct dialect dialect;
	struct hand_in *hand_in;
	struct import_config import_config;
	struct import *import;
	struct tables *tables;            /* of a workbook, as the next two */
	struct workbook_reader *workbook; /* NULL: a pass is to begin */
	enum tables_pass pass;
	struct marking *marking; /* NULL: no copy is being made */
	int copy_fd;             /* of the copy with marks; -1: none */
	bool copy_tried;
	struct errors_sheet *errors;
	struct inbox_result result;
	char piece[DETECT_PIECE];
};

int inbox_file_open(const struct inbox_file_config *config, const struct inbox_listed *listed,
		    struct inbox_file **ret_file, struct err *err)
{
	struct inbox_file *file = calloc(1, sizeof(*file));
	if (!file)
		return err_memory(err);
	file->config = *config;
	file->fd = file->copy_fd = -1;
	file->listed = *listed;
	file->errors = errors_sheet_open(config->language);
	int rc = file->errors ? headings_open(config->catalogue, &file->headings, err)
			      : err_memory(err);
	if (rc == 0)
		rc = detect_open(file->headings, &file->detect, err);
	if (rc < 0)
		inbox_file_close(file);
	else
		*ret_file = file;
	return rc;
}

void inbox_file_close(struct inbox_file *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		(void)close(file->fd); /* opened for reading */
	detect_close(file->detect);
	import_close(file->import);
	workbook_reader_close(file->workbook);
	tables_close(file->tables);
	marking_close(file->marking);
	errors_copy_drop(file->config.folder_fd, file->copy_fd);
	hand_in_close(file->hand_in);
	headings_close(file->headings);
	errors_sheet_close(file->errors);
	free(file);
}

/* --- what is wrong with it --- */

/* Its reader is a clerk, who does not know the codes of metrics: "team.count: ..." is told by the
 * metric's name. */
static struct import_diagnostic in_words(const struct inbox_file *file,
					 const struct import_diagnostic *told,
					 char text[ERR_TEXT_MAX])
{
	struct import_diagnostic own = *told;
	char name[METRIC_NAME_MAX];
	size_t len = strcspn(told->why, ": ");
	(void)snprintf(name, sizeof(name), "%.*s", (int)len, told->why); /* cut is none */
	const struct metric *metric = told->why[len] == ':' && len < sizeof(name)
					      ? catalogue_find(file->config.catalogue, name)
					      : NULL;
	if (!metric)
		return own;
	const char *label =
		file->config.language == LANGUAGE_VIETNAMESE ? metric->label_vi : metric->label_en;
	(void)utf8_print(text, ERR_TEXT_MAX, "%s%s", *label ? label : name, told->why + len);
	own.why = text;
	return own;
}

static void add_error(struct inbox_file *file, const struct import_diagnostic *error)
{
	char text[ERR_TEXT_MAX];
	struct import_diagnostic told = in_words(file, error, text);
	errors_sheet_add(file->errors, &told);
	file->result.rejected += 1 + error->more;
	if (file->config.on_told)
		file->config.on_told(file->config.context, true, &told);
}

/* It is refused as a whole: 1, as a step returns. What is mended under another name, as a workbook
 * that is saved as CSV, leaves this one lying here with its errors. */
static int refuse(struct inbox_file *file, const struct err *why)
{
	struct import_diagnostic error = { .column = "", .value = "", .why = why->text };
	add_error(file, &error);
	error.why = _("when it is saved under another name, take this file away from here");
	if (!file->config.uploaded)
		errors_sheet_add(file->errors, &error);
	file->phase = PHASE_END;
	return 1;
}

/* The file's own faults have these codes; all others are the machine's. */
static int refuse_or_fail(struct inbox_file *file, int rc, struct err *err)
{
	return rc == -EINVAL || rc == -EACCES || rc == -EFBIG ? refuse(file, err) : rc;
}

/* --- opening --- */

/* The kernel gives a read lease on a file that nobody has open for writing; to its owner alone and
 * to who has CAP_LEASE, so else about other people's files it says nothing. Held for no longer than
 * the question takes. A lock against readers, as office programs and servers of shares set one, is
 * told to everybody. */
static bool is_being_written(int fd)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		return true;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
		return fcntl(fd, F_SETLEASE, F_UNLCK) < 0;
	return errno == EAGAIN;
}

static int check_kind(const struct inbox_file *file, struct err *err)
{
	if (!S_ISREG(file->stat.st_mode))
		return err_set(
			err, -EINVAL,
			"this is not a plain file; put the file itself here, not a link to it");
	if (file->stat.st_size > INBOX_BYTES_MAX) /* I10 */
		return err_set(err, -EFBIG, "is over 256 MiB; split it");
	return 0;
}

static int step_open(struct inbox_file *file, struct err *err)
{
	file->fd = openat(file->config.folder_fd, file->listed.name,
			  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc = file->fd < 0 ? -errno : 0;
	if (rc == -ENOENT) {
		file->result.outcome = INBOX_CHANGING;
		return 0;
	}
	if (rc == -EAGAIN) { /* somebody has a lease on it for writing */
		file->result.outcome = INBOX_HELD;
		return 0;
	}
	if (rc == -ELOOP || rc == -ENXIO) { /* a link; a socket */
		rc = 0;
		file->stat.st_mode = 0;
		(void)fstatat(file->config.folder_fd, file->listed.name, &file->stat,
			      AT_SYMLINK_NOFOLLOW); /* else it has no kind */
	} else if (rc < 0) {
		err_set(err, rc, "it cannot be read (%s); let the agent read it", err_strerror(rc));
	} else if (fstat(file->fd, &file->stat) < 0) {
		rc = err_system(err, -errno, file->listed.name);
	}
	file->result.stamp = file->listed.stamp;
	if (rc == 0)
		rc = check_kind(file, err);
	struct inbox_stamp now = inbox_stamp_of(&file->stat);
	bool same = inbox_stamp_same(&now, &file->listed.stamp);
	if (rc == 0 && (!same || is_being_written(file->fd))) {
		file->result.outcome = same ? INBOX_HELD : INBOX_CHANGING;
		return 0;
	}
	char head[WORKBOOK_HEAD];
	ssize_t n = rc == 0 ? pread(file->fd, head, sizeof(head), 0) : 0;
	bool workbook =
		n > 0 && workbook_is(head, (size_t)n); /* what cannot be read is told below */
	file->phase = workbook ? PHASE_WORKBOOK : PHASE_DETECT;
	return rc < 0 ? refuse_or_fail(file, rc, err) : 1;
}

/* --- reading --- */

/* Bytes read; 0 at the end. */
static ssize_t read_piece(struct inbox_file *file, size_t size, struct err *err)
{
	ssize_t n;
	do
		n = read(file->fd, file->piece, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_system(err, -errno, file->listed.name) : n;
}

static void on_error(void *context, const struct import_diagnostic *error)
{
	add_error(context, error);
}

static void on_note(void *context, const struct import_diagnostic *note)
{
	struct inbox_file *file = context;
	char text[ERR_TEXT_MAX];
	struct import_diagnostic told = in_words(file, note, text);
	errors_sheet_note(file->errors, &told);
	file->result.passed++;
}

/* What will recording it change? */
static int compare(struct inbox_file *file, const struct observation *obs, struct err *err)
{
	int64_t value_e, scaled;
	unsigned decimals;
	bool withdrawn;
	struct inbox_result *result = &file->result;
	int rc = spool_current(file->config.spool, obs->metric, obs->labels, obs->period, &value_e,
			       &decimals, &withdrawn, err);
	if (rc == -ENOENT) {
		result->fresh++;
		return 0;
	}
	if (rc < 0)
		return rc;
	bool equal =
		withdrawn == obs->withdrawn &&
		(withdrawn || (decimal_rescale(value_e, decimals, obs->decimals, &scaled) == 0 &&
			       scaled == obs->value_e));
	*(equal ? &result->same : &result->changed) += 1;
	return 0;
}

static void on_warning(void *context, const struct import_diagnostic *warning)
{
	struct inbox_file *file = context;
	char text[ERR_TEXT_MAX];
	struct import_diagnostic told = in_words(file, warning, text);
	errors_sheet_warn(file->errors, &told);
	file->result.warned += 1 + warning->more;
	if (file->config.on_told)
		file->config.on_told(file->config.context, false, &told);
}

/* They were judged by this file's catalogue and time while they were read. */
static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	struct inbox_file *file = context;
	struct inbox_result before = file->result;
	struct comparison found = { 0 };
	int rc = validation_make(file->config.spool, file->config.catalogue, judged, n,
				 file->config.strict ? PAST_STRICT : PAST_TOLD,
				 n > 0 ? entries[0].point : 0, &found, err);
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (found.refused && found.refused[i])
			continue;
		rc = compare(file, &judged[i], err);
		file->result.coarse |= entry_coarse(&judged[i]);
	}
	if (rc == 0)
		rc = validation_record(file->config.spool, judged, n, &found, err); /* I1 */
	if (rc < 0) {
		comparison_free(&found);
		file->result = before;
	} else {
		*ret_found = found;
	}
	return rc;
}

static void set_config(struct inbox_file *file, bool noting)
{
	file->import_config = (struct import_config){ .catalogue = file->config.catalogue,
						      .headings = file->headings,
						      .now_us = file->config.now_us,
						      .periods_needed = true,
						      .file = file->listed.name,
						      .office = file->config.office,
						      .hand_in = file->hand_in,
						      .author = file->config.author,
						      .noting = noting,
						      .on_entries = on_entries,
						      .on_error = on_error,
						      .on_note = on_note,
						      .on_warning = on_warning,
						      .context = file };
}

/* Read it from its start: to note, or to record. */
static int begin_reading(struct inbox_file *file, bool noting, struct err *err)
{
	if (lseek(file->fd, 0, SEEK_SET) < 0)
		return err_system(err, -errno, file->listed.name);
	import_close(file->import);
	file->import = NULL;
	set_config(file, noting);
	int rc = import_open(&file->import_config, &file->dialect, &file->import, err);
	file->phase = noting ? PHASE_NOTE : PHASE_IMPORT;
	return rc < 0 ? rc : 1;
}

static int end_detect(struct inbox_file *file, struct err *err)
{
	int rc = detect_end(file->detect, &file->dialect, err);
	detect_close(file->detect);
	file->detect = NULL;
	if (rc < 0)
		return refuse_or_fail(file, rc, err);
	errors_sheet_separator(file->errors, file->dialect.separator);
	file->hand_in = hand_in_open();
	return file->hand_in ? begin_reading(file, true, err) : err_memory(err);
}

static int step_detect(struct inbox_file *file, struct err *err)
{
	ssize_t n = read_piece(file, DETECT_PIECE, err);
	if (n < 0)
		return (int)n;
	if (n == 0)
		return end_detect(file, err);
	int rc = detect_feed(file->detect, file->piece, (size_t)n, err);
	return rc < 0 ? refuse_or_fail(file, rc, err) : 1;
}

static int check_figures(const struct inbox_file *file, size_t recorded, struct err *err)
{
	if (file->result.rejected + recorded > 0 || file->result.same > 0)
		return 0;
	if (file->config.uploaded)
		return err_set(err, -EINVAL,
			       "there is no figure in it, only the names of columns; fill it in");
	return err_set(
		err, -EINVAL,
		"there is no figure in it, only the names of columns; fill it in, or take it "
		"away from here");
}

/* What nobody touched in a form stays as it is. */
static int end_import(struct inbox_file *file, struct import_result result, struct err *err)
{
	file->result.same += result.untouched;
	return check_figures(file, result.figures, err);
}

/* -EINVAL comes of a header without a period, or of a file that was written to meanwhile. */
static int step_import(struct inbox_file *file, struct err *err)
{
	ssize_t n = read_piece(file, IMPORT_PIECE, err);
	if (n < 0)
		return (int)n;
	int rc = n > 0 ? import_feed(file->import, file->piece, (size_t)n, err)
		       : import_end(file->import, err);
	if (rc > 0) /* there are more pieces: the file stays at its end */
		return 1;
	if (n == 0 && rc == 0 && file->phase == PHASE_NOTE)
		return begin_reading(file, false, err);
	if (n == 0)
		file->phase = PHASE_END;
	if (n == 0 && rc == 0)
		rc = end_import(file, import_result(file->import), err);
	return rc < 0 ? refuse_or_fail(file, rc, err) : 1;
}

/* --- a workbook --- */

static int begin_pass(struct inbox_file *file, struct err *err)
{
	int rc = file->tables ? 0 : tables_open(file->headings, &file->tables, err);
	if (file->pass == TABLES_NOTE) {
		hand_in_close(file->hand_in);
		file->hand_in = hand_in_open();
		if (!file->hand_in)
			return err_memory(err);
	}
	set_config(file, file->pass == TABLES_NOTE);
	if (rc == 0)
		rc = tables_begin(file->tables, file->pass, &file->import_config, err);
	return rc == 0 ? workbook_reader_open(file->fd, &file->workbook, err) : rc;
}

static int end_pass(struct inbox_file *file, struct err *err)
{
	workbook_reader_close(file->workbook);
	file->workbook = NULL;
	int rc = tables_end(file->tables, err);
	if (rc == 0 && file->pass == TABLES_RECORD) {
		file->phase = PHASE_END;
		return end_import(file, tables_result(file->tables), err);
	}
	if (rc == 0)
		file->pass++;
	return rc < 0 ? rc : 0;
}

static int step_workbook(struct inbox_file *file, struct err *err)
{
	int rc = file->workbook ? 0 : begin_pass(file, err);
	ssize_t n = rc < 0 ? rc
			   : workbook_reader_read(file->workbook, file->piece, IMPORT_PIECE,
						  WORKBOOK_MS, err);
	if (n == -EAGAIN)
		return 1;
	rc = n < 0   ? (int)n
	     : n > 0 ? tables_feed(file->tables, file->piece, (size_t)n, err)
		     : end_pass(file, err);
	return rc < 0 ? refuse_or_fail(file, rc, err) : 1;
}

/* --- the end --- */

/* What was passed over is told beside the file, where whoever looks for it finds both. That it
 * cannot be told there takes nothing from what was recorded; the log has how many there are. */
static void leave_notes(struct inbox_file *file, const char *moved)
{
	struct err ignored;
	int done_fd = openat(file->config.folder_fd, DONE_FOLDER, O_DIRECTORY | O_CLOEXEC);
	if (done_fd < 0)
		return;
	(void)errors_sheet_write_notes(file->errors, done_fd, moved, &ignored);
	(void)close(done_fd); /* a folder */
}

/* Of a workbook a copy is tried first; where none can be made, the sheet tells the same. */
static int step_copy(struct inbox_file *file, struct err *err)
{
	struct err ignored;
	const struct blob *marks = errors_sheet_marks(file->errors);
	int rc = -EINVAL;
	(void)err;
	file->copy_tried = true;
	if (file->marking) {
		rc = marking_wait(file->marking, WORKBOOK_MS, &ignored);
	} else if (marks && (file->copy_fd = errors_copy_open(file->config.folder_fd)) >= 0) {
		rc = marking_open(file->fd, marks, file->copy_fd, &file->marking, &ignored);
		rc = rc == 0 ? -EAGAIN : rc;
	}
	if (rc == -EAGAIN)
		return 1;
	marking_close(file->marking);
	file->marking = NULL;
	if (rc < 0) {
		errors_copy_drop(file->config.folder_fd, file->copy_fd);
		file->copy_fd = -1;
	}
	file->phase = PHASE_END;
	return 1;
}

static int write_errors(struct inbox_file *file, struct err *err)
{
	int fd = file->copy_fd;
	file->copy_fd = -1;
	if (fd >= 0 && errors_copy_keep(file->config.folder_fd, fd, file->listed.name, err) == 0)
		return 0;
	return errors_sheet_write(file->errors, file->config.folder_fd, file->listed.name, err);
}

static int step_end(struct inbox_file *file, struct err *err)
{
	char moved[NAME_MAX + 1];
	struct inbox_result *result = &file->result;
	struct stat now = { 0 };
	bool changed = file->fd >= 0 && fstat(file->fd, &now) < 0;
	struct inbox_stamp stamp = inbox_stamp_of(&now);
	changed |= file->fd >= 0 && (stamp.size != result->stamp.size ||
				     stamp.modified_ns != result->stamp.modified_ns);
	if (changed) {
		result->outcome = INBOX_CHANGING;
		return 0;
	}
	if (file->tables && !file->copy_tried && result->rejected + result->warned > 0) {
		file->phase = PHASE_COPY;
		return 1;
	}
	if (result->rejected > 0) {
		int rc = write_errors(file, err);
		result->outcome = rc == 0 ? INBOX_FAULTY : INBOX_UNTOLD;
		return rc == -ENOMEM || rc == -ENOSPC ? rc : 0;
	}
	int64_t at_us = file->config.now_us; /* a name for the folder: any clock will do */
	int rc = result->warned > 0
			 ? write_errors(file, err)
			 : errors_sheet_remove(file->config.folder_fd, file->listed.name, err);
	if (rc == -ENOMEM || rc == -ENOSPC)
		return rc;
	if (rc == 0)
		rc = done_folder_take(file->config.folder_fd, file->listed.name, &file->stat,
				      at_us == CLOCK_UNKNOWN_US ? civil_now_us() : at_us,
				      file->config.watch, file->config.tick_ms, moved, err);
	if (rc == 0 && result->passed > 0 && result->warned == 0)
		leave_notes(file, moved);
	result->outcome = rc == 0 ? INBOX_TAKEN : rc == -ESTALE ? INBOX_CHANGING : INBOX_STUCK;
	return 0;
}

int inbox_file_step(struct inbox_file *file, struct inbox_result *ret_result, struct err *err)
{
	static int (*const steps[])(struct inbox_file *, struct err *) = {
		[PHASE_OPEN] = step_open,         [PHASE_DETECT] = step_detect,
		[PHASE_NOTE] = step_import,       [PHASE_IMPORT] = step_import,
		[PHASE_WORKBOOK] = step_workbook, [PHASE_COPY] = step_copy,
		[PHASE_END] = step_end,
	};
	bool ends = file->phase >= PHASE_COPY; /* what fails there is told by status */
	enum language before = language_use(ends ? LANGUAGE_ENGLISH : file->config.language);
	int rc = steps[file->phase](file, err);
	(void)language_use(before);
	*ret_result = file->result;
	return rc;
}

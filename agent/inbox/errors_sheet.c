#include "inbox/errors_sheet.h"

#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/text/numeral.h"
#include "workbook/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY ".lantoa-errors.tmp" /* one file is taken at a time */
#define MODE      0664                 /* the clerk, whose group the folder's is, may remove it */

struct part { /* what is told of one kind */
	struct blob rows;
	size_t n; /* of which ERRORS_ROWS_MAX have a row */
};

struct errors_sheet {
	struct part errors, warnings, notes;
	struct blob marks; /* of cells */
	size_t whole;      /* told of the file as a whole */
	char separator;
	enum language language;
	bool failed; /* out of memory */
};

struct errors_sheet *errors_sheet_open(enum language language)
{
	struct errors_sheet *sheet = calloc(1, sizeof(*sheet));
	if (!sheet)
		return NULL;
	sheet->separator = ';';
	sheet->language = language;
	return sheet;
}

void errors_sheet_close(struct errors_sheet *sheet)
{
	if (!sheet)
		return;
	blob_free(&sheet->errors.rows);
	blob_free(&sheet->warnings.rows);
	blob_free(&sheet->notes.rows);
	blob_free(&sheet->marks);
	free(sheet);
}

void errors_sheet_separator(struct errors_sheet *sheet, char separator)
{
	sheet->separator = separator == ',' ? ',' : ';';
}

/* --- rows --- */

static int append(struct blob *out, const char *text)
{
	return blob_append(out, text, strlen(text));
}

static int append_quoted(struct blob *out, const char *text)
{
	/* A spreadsheet runs what begins so, quoted or not: of a cell that somebody else wrote as
	 * well. An apostrophe before it makes it text; a number with a sign is one. */
	bool formula = *text && strchr("=+-@\t\r", *text) && strcmp(text, "-") != 0 &&
		       numeral_look(text) == NUMERAL_NONE;
	int rc = append(out, formula ? "\"'" : "\"");
	for (; *text && rc == 0; text++) {
		rc = blob_append(out, text, 1);
		if (*text == '"' && rc == 0)
			rc = append(out, "\"");
	}
	return rc == 0 ? append(out, "\"") : rc;
}

static int append_row(struct blob *out, char separator, const char *const cells[4])
{
	int rc = 0;
	for (size_t i = 0; i < 4 && rc == 0; i++) {
		if (i > 0)
			rc = blob_append(out, &separator, 1);
		if (rc == 0)
			rc = append_quoted(out, cells[i]);
	}
	return rc == 0 ? append(out, "\r\n") : rc;
}

static void tell(struct errors_sheet *sheet, struct part *part, enum mark_kind kind,
		 const struct import_diagnostic *error)
{
	struct mark mark = { kind, error->line, error->nth, error->sheet, error->why };
	char where[IMPORT_WHERE_MAX];
	const char *cells[] = { import_where(error, where), error->column, error->value,
				error->why };
	sheet->whole += !error->sheet;
	if (part->n++ >= ERRORS_ROWS_MAX)
		return;
	if (append_row(&part->rows, sheet->separator, cells) < 0 ||
	    (error->sheet && marks_append(&sheet->marks, &mark) < 0))
		sheet->failed = true;
}

void errors_sheet_add(struct errors_sheet *sheet, const struct import_diagnostic *error)
{
	tell(sheet, &sheet->errors, MARK_ERROR, error);
}

void errors_sheet_warn(struct errors_sheet *sheet, const struct import_diagnostic *warning)
{
	tell(sheet, &sheet->warnings, MARK_WARNING, warning);
}

void errors_sheet_note(struct errors_sheet *sheet, const struct import_diagnostic *note)
{
	tell(sheet, &sheet->notes, MARK_NOTE, note);
}

static size_t left_out(const struct part *part)
{
	return part->n > ERRORS_ROWS_MAX ? part->n - ERRORS_ROWS_MAX : 0;
}

/* @more tells of those that have no row. */
static int append_part(const struct errors_sheet *sheet, const struct part *part, struct blob *out,
		       const char *more)
{
	int rc = blob_append(out, part->rows.data, part->rows.len);
	if (rc < 0 || left_out(part) == 0)
		return rc;
	return append_row(out, sheet->separator, (const char *[]){ "", "", "", more });
}

static int put_together(struct errors_sheet *sheet, struct blob *out, struct err *err)
{
	char more[128];
	enum language before = language_use(sheet->language);
	const char *header[] = { _("line"), _("column"), _("value"),
				 _("what is wrong, and what to do") };
	int rc = sheet->failed ? -ENOMEM : append(out, "\xef\xbb\xbf");
	if (rc == 0)
		rc = append_row(out, sheet->separator, header);
	(void)snprintf(more, sizeof(more), _("and %zu more; mend these first"),
		       left_out(&sheet->errors)); /* cut is fine */
	if (rc == 0)
		rc = append_part(sheet, &sheet->errors, out, more);
	(void)snprintf(more, sizeof(more), /* likewise */
		       _("and %zu more to look at again; look at these first"),
		       left_out(&sheet->warnings));
	if (rc == 0)
		rc = append_part(sheet, &sheet->warnings, out, more);
	if (rc == 0)
		rc = blob_append(out, sheet->notes.rows.data, sheet->notes.rows.len);
	(void)language_use(before);
	return rc < 0 ? err_memory(err) : 0;
}

/* --- the file --- */

static int name_of(const char *name, const char *ending, char *ret_name, size_t room,
		   struct err *err)
{
	if (snprintf(ret_name, room, "%s%s", name, ending) >= (int)room)
		return err_set(err, -ENAMETOOLONG, "'%s': the name is too long; shorten it", name);
	return 0;
}

static int write_all(int fd, const struct blob *text)
{
	for (size_t at = 0; at < text->len;) {
		ssize_t n = write(fd, text->data + at, text->len - at);
		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	(void)fchmod(fd, MODE); /* a file system without modes takes it otherwise */
	return fsync(fd) < 0 ? -errno : 0;
}

static int replace(int folder_fd, const char *name, const struct blob *text)
{
	(void)unlinkat(folder_fd, TEMPORARY, 0); /* of a power cut; if it stays, open says so */
	int fd = openat(folder_fd, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			MODE);
	if (fd < 0)
		return -errno;
	int rc = write_all(fd, text);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && renameat(folder_fd, TEMPORARY, folder_fd, name) < 0)
		rc = -errno;
	if (rc < 0)
		(void)unlinkat(folder_fd, TEMPORARY, 0); /* what counts is told already */
	return rc;
}

static void remove_beside(int folder_fd, const char *name, const char *ending)
{
	char other[NAME_MAX + 1];
	struct err ignored; /* a name too long for one never had one */
	if (name_of(name, ending, other, sizeof(other), &ignored) == 0)
		(void)unlinkat(folder_fd, other, 0); /* what counts is written */
}

static int write_beside(struct errors_sheet *sheet, int folder_fd, const char *name,
			const char *ending, struct err *err)
{
	char sheet_name[NAME_MAX + 1];
	struct blob text = { 0 };
	int rc = name_of(name, ending, sheet_name, sizeof(sheet_name), err);
	if (rc == 0)
		rc = put_together(sheet, &text, err);
	if (rc == 0 && (rc = replace(folder_fd, sheet_name, &text)) < 0)
		err_system(err, rc, sheet_name);
	blob_free(&text);
	return rc;
}

int errors_sheet_write(struct errors_sheet *sheet, int folder_fd, const char *name, struct err *err)
{
	int rc = write_beside(sheet, folder_fd, name, ERRORS_ENDING, err);
	if (rc == 0)
		remove_beside(folder_fd, name, COPY_ENDING);
	return rc;
}

int errors_sheet_write_notes(struct errors_sheet *sheet, int folder_fd, const char *name,
			     struct err *err)
{
	return write_beside(sheet, folder_fd, name, NOTES_ENDING, err);
}

/* --- the copy of a workbook --- */

const struct blob *errors_sheet_marks(struct errors_sheet *sheet)
{
	bool all = left_out(&sheet->errors) + left_out(&sheet->warnings) == 0;
	return all && sheet->whole == 0 && sheet->marks.len > 0 && !sheet->failed ? &sheet->marks
										  : NULL;
}

int errors_copy_open(int folder_fd)
{
	(void)unlinkat(folder_fd, TEMPORARY, 0); /* of a power cut; if it stays, open says so */
	int fd = openat(folder_fd, TEMPORARY, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			MODE);
	return fd < 0 ? -errno : fd;
}

void errors_copy_drop(int folder_fd, int fd)
{
	if (fd < 0)
		return;
	(void)close(fd); /* not wanted */
	(void)unlinkat(folder_fd, TEMPORARY, 0);
}

int errors_copy_keep(int folder_fd, int fd, const char *name, struct err *err)
{
	char copy_name[NAME_MAX + 1];
	int rc = name_of(name, COPY_ENDING, copy_name, sizeof(copy_name), err);
	(void)fchmod(fd, MODE); /* a file system without modes takes it otherwise */
	if (rc == 0 && (fsync(fd) < 0 || renameat(folder_fd, TEMPORARY, folder_fd, copy_name) < 0))
		rc = err_system(err, -errno, copy_name);
	if (rc < 0) {
		errors_copy_drop(folder_fd, fd);
		return rc;
	}
	(void)close(fd); /* synced */
	remove_beside(folder_fd, name, ERRORS_ENDING);
	return 0;
}

/* --- those that are there --- */

bool errors_sheet_left(int folder_fd, const char *name, char ret_file[NAME_MAX + 1])
{
	static const char *const endings[] = { ERRORS_ENDING, COPY_ENDING };
	size_t len = strlen(name), i = 0, ending = 0;
	for (; i < 2; i++) {
		ending = strlen(endings[i]);
		if (len > ending && len <= NAME_MAX && strcmp(name + len - ending, endings[i]) == 0)
			break;
	}
	if (i == 2)
		return false;
	(void)snprintf(ret_file, NAME_MAX + 1, "%.*s", (int)(len - ending), name); /* fits */
	return faccessat(folder_fd, ret_file, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

const char *errors_sheet_ending(int folder_fd, const char *name)
{
	char copy_name[NAME_MAX + 1];
	struct err ignored; /* then there is no copy */
	bool copied = name_of(name, COPY_ENDING, copy_name, sizeof(copy_name), &ignored) == 0 &&
		      faccessat(folder_fd, copy_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return copied ? COPY_ENDING : ERRORS_ENDING;
}

int errors_sheet_remove(int folder_fd, const char *name, struct err *err)
{
	char errors_name[NAME_MAX + 1];
	struct err ignored; /* a name too long for one never had one */
	remove_beside(folder_fd, name, COPY_ENDING);
	if (name_of(name, ERRORS_ENDING, errors_name, sizeof(errors_name), &ignored) < 0)
		return 0;
	if (unlinkat(folder_fd, errors_name, 0) < 0 && errno != ENOENT)
		return err_system(err, -errno, errors_name);
	return 0;
}

#include "errors_sheet.h"

#include "blob.h"
#include "i18n.h"
#include "numeral.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING    ".errors.csv"
#define TEMPORARY ".lantoa-errors.tmp" /* one file is taken at a time */
#define MODE      0664                 /* the clerk, whose group the folder's is, may remove it */

struct errors_sheet {
	struct blob rows; /* without the header */
	struct blob notes;
	size_t n_notes;
	char separator;
	size_t n;
	bool failed; /* out of memory */
};

struct errors_sheet *errors_sheet_open(void)
{
	struct errors_sheet *sheet = calloc(1, sizeof(*sheet));
	if (sheet)
		sheet->separator = ';';
	return sheet;
}

void errors_sheet_close(struct errors_sheet *sheet)
{
	if (!sheet)
		return;
	blob_free(&sheet->rows);
	blob_free(&sheet->notes);
	free(sheet);
}

void errors_sheet_separator(struct errors_sheet *sheet, char separator)
{
	sheet->separator = separator == ',' ? ',' : ';';
}

size_t errors_sheet_count(const struct errors_sheet *sheet)
{
	return sheet->n;
}

/* --- rows --- */

static int append(struct blob *out, const char *text)
{
	return blob_append(out, text, strlen(text));
}

/* A spreadsheet runs what begins so, quoted or not: of a cell that somebody else wrote as well. An
 * apostrophe before it makes it text; a number with a sign is one. */
static bool is_formula(const char *text)
{
	if (!*text || !strchr("=+-@\t\r", *text))
		return false;
	return numeral_look(text) == NUMERAL_NONE && strcmp(text, "-") != 0;
}

static int append_quoted(struct blob *out, const char *text)
{
	int rc = append(out, is_formula(text) ? "\"'" : "\"");
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

static int append_told(struct errors_sheet *sheet, struct blob *out,
		       const struct import_complaint *complaint)
{
	char line[16] = "";
	if (complaint->line > 0)
		(void)snprintf(line, sizeof(line), "%u", complaint->line); /* fits */
	const char *cells[] = { line, complaint->column, complaint->value, complaint->why };
	return append_row(out, sheet->separator, cells);
}

void errors_sheet_add(struct errors_sheet *sheet, const struct import_complaint *complaint)
{
	if (sheet->n++ < ERRORS_ROWS_MAX && append_told(sheet, &sheet->rows, complaint) < 0)
		sheet->failed = true;
}

void errors_sheet_note(struct errors_sheet *sheet, const struct import_complaint *note)
{
	if (sheet->n_notes++ < ERRORS_ROWS_MAX && append_told(sheet, &sheet->notes, note) < 0)
		sheet->failed = true;
}

static int append_more(struct errors_sheet *sheet, struct blob *out)
{
	char more[128];
	if (sheet->n <= ERRORS_ROWS_MAX)
		return 0;
	(void)snprintf(more, sizeof(more), _("and %zu more; mend these first"), /* cut is fine */
		       sheet->n - ERRORS_ROWS_MAX);
	return append_row(out, sheet->separator, (const char *[]){ "", "", "", more });
}

static int put_together(struct errors_sheet *sheet, struct blob *out, struct err *err)
{
	const char *header[] = { _("line"), _("column"), _("value"),
				 _("what is wrong, and what to do") };
	int rc = sheet->failed ? -ENOMEM : append(out, "\xef\xbb\xbf");
	if (rc == 0)
		rc = append_row(out, sheet->separator, header);
	if (rc == 0)
		rc = blob_append(out, sheet->rows.data, sheet->rows.len);
	if (rc == 0)
		rc = append_more(sheet, out);
	if (rc == 0)
		rc = blob_append(out, sheet->notes.data, sheet->notes.len);
	return rc < 0 ? err_memory(err) : 0;
}

/* --- the file --- */

static int name_of(const char *name, char *ret_name, size_t room, struct err *err)
{
	if (snprintf(ret_name, room, "%s" ENDING, name) >= (int)room)
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

int errors_sheet_write(struct errors_sheet *sheet, int folder_fd, const char *name, struct err *err)
{
	char errors_name[NAME_MAX + 1];
	struct blob text = { 0 };
	int rc = name_of(name, errors_name, sizeof(errors_name), err);
	if (rc == 0)
		rc = put_together(sheet, &text, err);
	if (rc == 0 && (rc = replace(folder_fd, errors_name, &text)) < 0)
		err_system(err, rc, errors_name);
	blob_free(&text);
	return rc;
}

int errors_sheet_remove(int folder_fd, const char *name, struct err *err)
{
	char errors_name[NAME_MAX + 1];
	struct err ignored; /* a name too long for one never had one */
	if (name_of(name, errors_name, sizeof(errors_name), &ignored) < 0)
		return 0;
	if (unlinkat(folder_fd, errors_name, 0) < 0 && errno != ENOENT)
		return err_system(err, -errno, errors_name);
	return 0;
}

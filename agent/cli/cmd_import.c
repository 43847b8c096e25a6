/* lantoa-agent import: figures of a table. */
#include "cli/agent_commands.h"
#include "cli/login.h"
#include "cli/session.h"
#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/sys/options.h"
#include "import/import.h"
#include "import/tables.h"
#include "workbook/workbook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define IMPORT_FILE_MAX (256u * 1024 * 1024)

static int read_file(const char *path, struct blob *out, struct err *err)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	int rc = 0;
	if (fd < 0)
		return err_system(err, -errno, path);
	do {
		if (out->len > IMPORT_FILE_MAX)
			rc = err_set(err, -EFBIG, "%s: is over 256 MiB; split it", path);
		else if (blob_reserve(out, 65536) < 0)
			rc = err_memory(err);
		else if ((n = read(fd, out->data + out->len, 65536)) < 0)
			rc = err_system(err, -errno, path);
		else
			out->len += (size_t)n;
	} while (rc == 0 && n > 0);
	if (fd != STDIN_FILENO)
		(void)close(fd); /* opened for reading */
	return rc;
}

struct import_target {
	struct session *session;
	const char *path;
	bool strict;
};

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	const struct import_target *target = context;
	return session_record(target->session, entries, judged, n, target->strict, ret_found, err);
}

/* Of what is refused, and of what is to be looked at again. */
static void on_error(void *context, const struct import_diagnostic *error)
{
	const struct import_target *target = context;
	char column[EXCERPT_MAX], where[IMPORT_WHERE_MAX];
	screen_tell("%s:%s%s: %s%s%s\n", target->path, error->sheet ? " " : "",
		    import_where(error, where),
		    utf8_excerpt(error->column, strlen(error->column), column),
		    *error->column ? ": " : "", error->why);
}

static void on_note(void *context, const struct import_diagnostic *told)
{
	const struct import_target *target = context;
	char where[IMPORT_WHERE_MAX];
	screen_tell("%s:%s%s: %s\n", target->path, told->sheet ? " " : "",
		    import_where(told, where), told->why);
}

/* Its reader wants a file that it can look at anywhere. */
static int import_book(const struct import_config *config, const char *path,
		       const struct blob *file, struct import_result *ret_result, struct err *err)
{
	int fd = memfd_create("workbook", MFD_CLOEXEC), rc = 0;
	if (fd < 0)
		return err_system(err, -errno, path);
	for (size_t at = 0; at < file->len && rc == 0;) {
		ssize_t n = write(fd, file->data + at, file->len - at);
		if (n < 0 && errno != EINTR)
			rc = err_system(err, -errno, path);
		at += n > 0 ? (size_t)n : 0;
	}
	if (rc == 0)
		rc = import_workbook(config, path, fd, ret_result, err);
	(void)close(fd); /* memory */
	return rc;
}

static int import_text(struct session *session, const char *path, const char *author, bool strict,
		       const struct blob *csv, struct err *err)
{
	struct import_result result = { 0 };
	char office[OFFICE_CODE_MAX];
	struct import_target target = { session, path, strict };
	struct import_config config = { .file = path,
					.office = office,
					.author = author,
					.on_entries = on_entries,
					.on_error = on_error,
					.on_note = on_note,
					.on_warning = on_error,
					.context = &target };
	int rc = session_catalogue(session, &config.catalogue, err);
	if (rc == 0) {
		config.now_us = session_latest_us(session);
		session_office(session, office);
		rc = workbook_is(csv->data, csv->len)
			     ? import_book(&config, path, csv, &result, err)
			     : import_csv(&config, path, (const char *)csv->data, csv->len, &result,
					  err);
		if (result.warned == 0)
			printf(result.figures == 1 ? _("%s: %zu figure recorded, %zu rejected\n")
						   : _("%s: %zu figures recorded, %zu rejected\n"),
			       path, result.figures, result.rejected);
		else
			printf(result.figures == 1 ? _("%s: %zu figure recorded, %zu rejected, %zu "
						       "to look at again\n")
						   : _("%s: %zu figures recorded, %zu rejected, "
						       "%zu to look at again\n"),
			       path, result.figures, result.rejected, result.warned);
	}
	if (result.untouched > 0)
		printf(result.untouched == 1
			       ? _("%s: %zu figure of the form was left as it is: what stands "
				   "there was recorded when it was made\n")
			       : _("%s: %zu figures of the form were left as they are: what stands "
				   "there was "
				   "recorded when it was made\n"),
		       path, result.untouched);
	if (rc == 0 && result.figures + result.rejected + result.untouched == 0)
		rc = err_set(err, -ENODATA, "%s: there is no figure in it", path);
	return rc < 0 || result.rejected > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_import(struct command_context *context, int argc, char *argv[], struct err *err)
{
	static const struct option_row known[] = { { .name = "strict" },
						   { .name = "author", .value = "NAME" },
						   { 0 } };
	struct session *session;
	struct options options;
	struct blob csv = { 0 };
	char login[LOGIN_MAX];
	int status = EXIT_FAILURE;
	if (options_take(argc, argv, known, OPTIONS_ANYWHERE, &options, err) < 0)
		return EXIT_USAGE;
	if (options.n_operands != 1)
		return command_usage(err,
				     _("give one file: lantoa-agent import FILE (- for stdin)"));
	/* read first: opening the session may give up root's right to */
	const char *path = options.operands[0], *author = options_value(&options, "author");
	if (!author)
		author = login_name(login);
	if (read_file(path, &csv, err) == 0 &&
	    session_open(&context->settings, &session, err) == 0) {
		status = import_text(session, path, author, options_value(&options, "strict"), &csv,
				     err);
		session_close(session);
	}
	blob_free(&csv);
	return status;
}

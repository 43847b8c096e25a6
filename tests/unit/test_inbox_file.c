#include "common/model/civil.h"
#include "inbox/done_folder.h"
#include "inbox/errors_sheet.h"
#include "inbox/inbox_file.h"
#include "inbox/inbox_folder.h"
#include "support/fault.h"
#include "support/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_US (INT64_C(20300) * 86400000000) /* 2025-07-31T07:00+07:00 */

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"visits,Số lượt,Visits,visit,flow,sum,sum,day,,0,0,commune,1,0,\n"
	"score,Điểm,Score,point,ratio,last,mean,day,,2,0,commune,1,,\n";

struct fixture {
	char folder[SCRATCH_MAX];
	int fd;
	struct spool *spool;
	struct catalogue *catalogue;
	struct inbox_result result;
	struct done_watch watch;
	struct err err;
};

static int set_up(void **state)
{
	struct spool_limits limits = { .bytes_max = 8 << 20, .keep_days = 35 };
	char path[PATH_MAX];
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	scratch_make(true, f->folder);
	f->fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "%s/.spool.db", f->folder);
	if (spool_open(path, &limits, &f->spool, NULL, &f->err) != 0 ||
	    catalogue_read(catalogue_csv, strlen(catalogue_csv), &f->catalogue, &f->err) != 0)
		fail_msg("%s", f->err.text);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	spool_close(f->spool);
	catalogue_close(f->catalogue);
	(void)close(f->fd); /* a folder */
	scratch_remove(f->folder);
	free(f);
	return 0;
}

/* --- files --- */

static void put(struct fixture *f, const char *name, const char *text)
{
	int fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static bool is_there(struct fixture *f, const char *name)
{
	return faccessat(f->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static size_t count_done(struct fixture *f)
{
	size_t n = 0;
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/" DONE_FOLDER, f->folder);
	DIR *dir = opendir(path);
	for (const struct dirent *entry; dir && (entry = readdir(dir));)
		n += entry->d_name[0] != '.';
	if (dir)
		(void)closedir(dir); /* only read */
	return n;
}

static void read_text(struct fixture *f, const char *name, char *text, size_t room)
{
	int fd = openat(f->fd, name, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t n = read(fd, text, room - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	(void)close(fd); /* only read */
}

/* --- taking --- */

static struct inbox_file *begin(struct fixture *f, const char *name)
{
	struct inbox_file_config config = {
		.folder_fd = f->fd,
		.spool = f->spool,
		.catalogue = f->catalogue,
		.now_us = NOW_US,
		.watch = &f->watch,
		.tick_ms = 1,
	};
	struct inbox_listed listed = { .name = "" };
	struct inbox_file *file = NULL;
	struct stat stat = { .st_mode = 0 };
	(void)snprintf(listed.name, sizeof(listed.name), "%s", name);
	(void)fstatat(f->fd, name, &stat, AT_SYMLINK_NOFOLLOW); /* it may be gone: a test of that */
	listed.stamp = inbox_stamp_of(&stat);
	return inbox_file_open(&config, &listed, &file, &f->err) == 0 ? file : NULL;
}

static int take(struct fixture *f, const char *name)
{
	struct inbox_file *file = begin(f, name);
	int rc = file ? 1 : -ENOMEM;
	f->result = (struct inbox_result){ 0 };
	while (rc > 0)
		rc = inbox_file_step(file, &f->result, &f->err);
	inbox_file_close(file);
	return rc;
}

static void taken(struct fixture *f, const char *name, enum inbox_outcome outcome)
{
	if (take(f, name) != 0)
		fail_msg("%s", f->err.text);
	if (f->result.outcome != outcome)
		fail_msg("outcome %d instead of %d", f->result.outcome, outcome);
}

static int64_t visits_on(struct fixture *f, int mday)
{
	int64_t value_e = -1;
	unsigned decimals;
	bool withdrawn;
	struct period period = { .grain = GRAIN_DAY, .number = day_from_civil(2025, 6, mday) };
	struct err ignored;
	(void)spool_current(f->spool, "visits", "", period, &value_e, &decimals, &withdrawn,
			    &ignored); /* -1 when there is none */
	return value_e;
}

static void a_good_file_is_recorded_and_moved(void **state)
{
	struct fixture *f = *state;
	put(f, "a.csv", "Kỳ;Số lượt;Điểm\n30/06/2025;7;1,5\n29/06/2025;6;\n");
	taken(f, "a.csv", INBOX_TAKEN);
	assert_int_equal(f->result.fresh, 3);
	assert_int_equal(f->result.changed + f->result.same + f->result.rejected, 0);
	assert_true(f->result.coarse);
	assert_int_equal(visits_on(f, 30), 7);
	assert_false(is_there(f, "a.csv"));
	assert_true(is_there(f, DONE_FOLDER "/2025-07-31_070000_a.csv"));
}

static void the_same_file_again_changes_nothing_and_a_corrected_one_revises(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 3; i++) {
		put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;7\n29/06/2025;6\n");
		taken(f, "a.csv", INBOX_TAKEN);
		assert_int_equal(f->result.fresh, i == 0 ? 2 : 0);
		assert_int_equal(f->result.same, i == 0 ? 0 : 2);
	}
	assert_int_equal(count_done(f), 3);
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;8\n29/06/2025;6\n");
	taken(f, "a.csv", INBOX_TAKEN);
	assert_int_equal(f->result.changed, 1);
	assert_int_equal(f->result.same, 1);
	assert_int_equal(visits_on(f, 30), 8);
}

static void what_is_far_from_before_is_taken_and_told_beside(void **state)
{
	struct fixture *f = *state;
	struct inbox_folder folder = { .fd = -1 };
	struct inbox_core *core = inbox_core_open();
	char text[4096];
	assert_non_null(core);
	put(f, "a.csv", "Kỳ;Số lượt;Điểm\n30/06/2025;7;5,5\n29/06/2025;6;\n28/06/2025;5;5,1\n");
	taken(f, "a.csv", INBOX_TAKEN);
	assert_int_equal(f->result.warned, 0);
	assert_int_equal(inbox_folder_look(&folder, f->folder, core, &f->err), 0);
	assert_int_equal(folder.sheets, 0);
	put(f, "b.csv", "Kỳ;Số lượt;Điểm\n01/07/2025;8.000;99,5\n02/07/2025;9;5,2\n");
	assert_int_equal(inbox_folder_look(&folder, f->folder, core, &f->err), 0);
	assert_int_equal(inbox_core_look(core, folder.list, folder.n, 1, &f->err), 0);
	taken(f, "b.csv", INBOX_TAKEN);
	assert_int_equal(f->result.warned, 2);
	assert_int_equal(f->result.fresh, 4);
	assert_false(is_there(f, "b.csv"));
	read_text(f, "b.csv.errors.csv", text, sizeof(text));
	assert_non_null(strstr(text, "\r\n\"2\";\"Số lượt\";\"8.000\";\"Visits: 8000 is recorded, "
				     "but it is far from what was reported before: 7 for "
				     "2025-06-30, and 0 to 60 would be usual; "));
	assert_non_null(strstr(text, "\r\n\"2\";\"Điểm\";\"99,5\";\"Score: 99,50 is recorded"));
	assert_null(strstr(text, "\"3\";"));
	assert_int_equal(inbox_folder_look(&folder, f->folder, core, &f->err), 0);
	assert_int_equal(folder.sheets, 0); /* of a faulty file that was taken away, say */
	inbox_core_done(core, "b.csv", &f->result.stamp, INBOX_LOOK);
	assert_int_equal(inbox_folder_look(&folder, f->folder, core, &f->err), 0);
	assert_int_equal(folder.sheets, 1);
	assert_string_equal(folder.sheet, "b.csv.errors.csv");
	/* with lines that are wrong it says both */
	put(f, "b.csv", "Kỳ;Số lượt\n01/07/2025;8.000\n02/07/2025;x\n");
	taken(f, "b.csv", INBOX_FAULTY);
	read_text(f, "b.csv.errors.csv", text, sizeof(text));
	const char *wrong = strstr(text, "\"3\";"), *far = strstr(text, "\"2\";");
	assert_true(wrong && far && wrong < far);
	assert_int_equal(inbox_folder_look(&folder, f->folder, core, &f->err), 0);
	assert_int_equal(folder.sheets, 0); /* the file lies beside it */
	put(f, "b.csv", "Kỳ;Số lượt\n01/07/2025;8\n02/07/2025;9\n");
	taken(f, "b.csv", INBOX_TAKEN);
	assert_false(is_there(f, "b.csv.errors.csv"));
	inbox_folder_free(&folder);
	inbox_core_close(core);
}

static void many_warnings_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct errors_sheet *sheet = errors_sheet_open(LANGUAGE_ENGLISH);
	char *text = calloc(1, 1 << 20);
	assert_true(sheet && text);
	for (unsigned i = 0; i < ERRORS_ROWS_MAX + 3; i++) {
		struct import_diagnostic warning = {
			.line = i + 2, .column = "Số lượt", .value = "9000", .why = "far"
		};
		errors_sheet_warn(sheet, &warning);
	}
	assert_int_equal(errors_sheet_write(sheet, f->fd, "a.csv", &f->err), 0);
	read_text(f, "a.csv.errors.csv", text, 1 << 20);
	assert_non_null(strstr(text, "\r\n\"1001\";"));
	assert_null(strstr(text, "\r\n\"1002\";"));
	assert_non_null(strstr(text, "and 3 more to look at again; look at these first"));
	errors_sheet_close(sheet);
	free(text);
}

static void bad_lines_are_named_beside_and_go_when_they_are_corrected(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;7\n29/06/2025;\"sáu \"\"6\"\"\"\n");
	taken(f, "a.csv", INBOX_FAULTY);
	assert_int_equal(f->result.fresh, 1);
	assert_int_equal(f->result.rejected, 1);
	assert_int_equal(visits_on(f, 30), 7);
	assert_true(is_there(f, "a.csv"));
	read_text(f, "a.csv.errors.csv", text, sizeof(text));
	assert_non_null(strstr(text, "\xef\xbb\xbf\"line\";\"column\";\"value\";"));
	assert_non_null(strstr(text, "\r\n\"3\";\"Số lượt\";\"sáu \"\"6\"\"\";\"Visits: "));
	/* a spreadsheet shows these, and runs none of them */
	put(f, "a.csv",
	    "Kỳ;Số lượt\n30/06/2025;=1+cmd|' /C calc'!A0\n29/06/2025;@SUM(1)\n"
	    "28/06/2025;+x\n27/06/2025;-7\n");
	taken(f, "a.csv", INBOX_FAULTY);
	read_text(f, "a.csv.errors.csv", text, sizeof(text));
	assert_non_null(strstr(text, "\"'=1+cmd|' /C calc'!A0\""));
	assert_non_null(strstr(text, "\"'@SUM(1)\""));
	assert_non_null(strstr(text, "\"'+x\""));
	assert_non_null(strstr(text, ";\"-7\";"));
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;7\n29/06/2025;6\n");
	taken(f, "a.csv", INBOX_TAKEN);
	assert_false(is_there(f, "a.csv.errors.csv"));
	assert_int_equal(visits_on(f, 29), 6);
}

static void lines_that_were_passed_over_are_told_behind_the_errors(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	put(f, "a.csv", "Kỳ;Số lượt\n(1);(2)\n30/06/2025;7\n29/06/2025;sáu\nNgười lập biểu;\n");
	taken(f, "a.csv", INBOX_FAULTY);
	assert_int_equal(f->result.rejected, 1);
	assert_int_equal(f->result.passed, 2);
	read_text(f, "a.csv.errors.csv", text, sizeof(text));
	const char *error = strstr(text, "\r\n\"4\";\"Số lượt\";\"sáu\";");
	const char *first = strstr(text, "\r\n\"2\";\"\";\"(1)\";\"passed over: ");
	const char *second = strstr(text, "\r\n\"5\";\"\";\"Người lập biểu\";\"passed over: ");
	assert_true(error && first && second && error < first && first < second);
	put(f, "a.csv", "Kỳ;Số lượt\n(1);(2)\n30/06/2025;7\n"); /* alone they are no error */
	taken(f, "a.csv", INBOX_TAKEN);
	assert_int_equal(f->result.passed, 1);
	assert_false(is_there(f, "a.csv.errors.csv"));
	read_text(f, DONE_FOLDER "/2025-07-31_070000_a.csv" NOTES_ENDING, text, sizeof(text));
	assert_non_null(strstr(text, "\r\n\"2\";\"\";\"(1)\";\"passed over: "));
	put(f, "b.csv", "Kỳ;Số lượt\n30/06/2025;7\n"); /* nothing to tell */
	taken(f, "b.csv", INBOX_TAKEN);
	assert_true(is_there(f, DONE_FOLDER "/2025-07-31_070000_b.csv"));
	assert_false(is_there(f, DONE_FOLDER "/2025-07-31_070000_b.csv" NOTES_ENDING));
}

static void a_file_that_cannot_be_read_is_refused_whole(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;7\n\"29/06/2025;6\n");
	taken(f, "a.csv", INBOX_FAULTY);
	assert_int_equal(f->result.fresh, 0);
	assert_int_equal(visits_on(f, 30), -1);
	read_text(f, "a.csv.errors.csv", text, sizeof(text));
	assert_non_null(strstr(text, "line 3: a quote is opened here and never closed"));
	put(f, "b.xlsx", "PK\x03\x04");
	taken(f, "b.xlsx", INBOX_FAULTY);
	assert_true(is_there(f, "b.xlsx.errors.csv"));
	put(f, "empty.csv", "");
	taken(f, "empty.csv", INBOX_FAULTY);
	put(f, "when.csv", "Số lượt\n7\n"); /* "the current period" may be over by now */
	taken(f, "when.csv", INBOX_FAULTY);
	assert_int_equal(f->result.fresh, 0);
}

static void what_is_no_plain_file_is_not_followed(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	put(f, ".secret", "Kỳ;Số lượt\n30/06/2025;hush\n");
	assert_int_equal(symlinkat(".secret", f->fd, "link.csv"), 0);
	taken(f, "link.csv", INBOX_FAULTY);
	read_text(f, "link.csv.errors.csv", text, sizeof(text));
	assert_null(strstr(text, "hush"));
	assert_non_null(strstr(text, "this is not a plain file"));
	assert_int_equal(mkfifoat(f->fd, "pipe.csv", 0644), 0);
	taken(f, "pipe.csv", INBOX_FAULTY);
	/* nor what lies where the errors file is made */
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;x\n");
	assert_int_equal(symlinkat(".secret", f->fd, ".lantoa-errors.tmp"), 0);
	taken(f, "a.csv", INBOX_FAULTY);
	read_text(f, ".secret", text, sizeof(text));
	assert_non_null(strstr(text, "hush"));
}

static void a_file_that_is_being_written_waits(void **state)
{
	struct fixture *f = *state;
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;7\n");
	int writer = openat(f->fd, "a.csv", O_WRONLY | O_APPEND | O_CLOEXEC);
	taken(f, "a.csv", INBOX_HELD);
	assert_int_equal(visits_on(f, 30), -1);
	assert_int_equal(close(writer), 0);
	writer = openat(f->fd, "a.csv", O_WRONLY | O_CLOEXEC);
	assert_true(signal(SIGIO, SIG_IGN) != SIG_ERR); /* it asks for the lease back */
	assert_int_equal(fcntl(writer, F_SETLEASE, F_WRLCK), 0);
	taken(f, "a.csv", INBOX_HELD);
	assert_int_equal(close(writer), 0);
	taken(f, "a.csv", INBOX_TAKEN);
	taken(f, "a.csv", INBOX_CHANGING); /* it is gone */
}

/* The kernel gives no lease on another user's file without CAP_LEASE, and then says nothing of who
 * writes to it; a lock is told to everybody. */
static void of_another_users_file_a_lock_is_seen(void **state)
{
	struct fixture *f = *state;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	if (geteuid() != 0)
		skip(); /* it takes root to give a file away */
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;7\n");
	int writer = openat(f->fd, "a.csv", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(fchown(writer, 4711, (gid_t)-1), 0);
	assert_int_equal(fchmod(f->fd, 0777), 0);
	for (int locked = 0; locked < 2; locked++) {
		if (locked)
			assert_int_equal(fcntl(writer, F_OFD_SETLK, &lock), 0);
		struct inbox_file *file = begin(f, "a.csv");
		assert_int_equal(seteuid(4712), 0);
		int rc = inbox_file_step(file, &f->result, &f->err);
		assert_int_equal(seteuid(0), 0);
		inbox_file_close(file);
		assert_int_equal(rc, locked ? 0 : 1);
		if (locked)
			assert_int_equal(f->result.outcome, INBOX_HELD);
	}
	assert_int_equal(close(writer), 0);
}

static void what_comes_while_it_is_read_is_not_moved_away(void **state)
{
	struct fixture *f = *state;
	static const char version[] = "Kỳ;Số lượt\n30/06/2025;%d\n";
	char text[64];
	for (int step = 1; step <= 4; step++) {
		(void)snprintf(text, sizeof(text), version, step);
		put(f, "a.csv", text);
		struct inbox_file *file = begin(f, "a.csv");
		for (int i = 0; i < step; i++)
			assert_int_equal(inbox_file_step(file, &f->result, &f->err), 1);
		put(f, "b.csv", "Kỳ;Số lượt\n30/06/2025;99\n");
		assert_int_equal(renameat(f->fd, "b.csv", f->fd, "a.csv"), 0);
		int rc;
		while ((rc = inbox_file_step(file, &f->result, &f->err)) > 0)
			;
		inbox_file_close(file);
		assert_int_equal(rc, 0);
		assert_int_equal(f->result.outcome, INBOX_CHANGING);
		taken(f, "a.csv", INBOX_TAKEN);
		assert_int_equal(visits_on(f, 30), 99);
	}
}

static void what_is_written_to_while_it_is_read_is_looked_at_again(void **state)
{
	struct fixture *f = *state;
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;x\n");
	struct inbox_file *file = begin(f, "a.csv");
	assert_int_equal(inbox_file_step(file, &f->result, &f->err), 1);
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;x\n29/06/2025;6\n");
	int rc;
	while ((rc = inbox_file_step(file, &f->result, &f->err)) > 0)
		;
	inbox_file_close(file);
	assert_int_equal(rc, 0);
	assert_int_equal(f->result.outcome, INBOX_CHANGING);
	assert_false(is_there(f, "a.csv.errors.csv"));
}

/* It stays with both lines named, and the rest is recorded; mended, it goes. */
static void a_figure_with_two_values_keeps_its_file_here(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;8\n29/06/2025;7\n30/06/2025;9\n");
	taken(f, "a.csv", INBOX_FAULTY);
	assert_int_equal(f->result.fresh, 1);
	assert_int_equal(f->result.rejected, 2);
	read_text(f, "a.csv.errors.csv", text, sizeof(text));
	assert_non_null(strstr(text, "\"2\";\"Số lượt\";\"8\""));
	assert_non_null(strstr(text, "line 4 gives another value"));
	assert_non_null(strstr(text, "line 2 gives another value"));
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;9\n29/06/2025;7\n30/06/2025;9\n");
	taken(f, "a.csv", INBOX_TAKEN);
	assert_int_equal(f->result.fresh, 1);
	assert_int_equal(f->result.same, 1);
}

static void a_table_without_a_figure_is_told(void **state)
{
	struct fixture *f = *state;
	char text[1024];
	put(f, "a.csv", "Kỳ;Số lượt\n");
	taken(f, "a.csv", INBOX_FAULTY);
	read_text(f, "a.csv.errors.csv", text, sizeof(text));
	assert_non_null(strstr(text, "there is no figure in it"));
	put(f, "b.csv", "Kỳ;Số lượt;Điểm\n30/06/2025;;\n");
	taken(f, "b.csv", INBOX_FAULTY);
	assert_false(is_there(f, "done"));
}

static void a_workbook_is_told_to_be_taken_away(void **state)
{
	struct fixture *f = *state;
	char text[1024];
	put(f, "a.xlsx", "PK\x03\x04 and so on"); /* half of one */
	taken(f, "a.xlsx", INBOX_FAULTY);
	assert_int_equal(f->result.rejected, 1);
	read_text(f, "a.xlsx.errors.csv", text, sizeof(text));
	assert_non_null(strstr(text, "this workbook is damaged"));
	assert_non_null(strstr(text, "take this file away from here"));
}

/* Another user's program pauses for longer than a file needs to settle, and no lease tells of it.
 */
static void what_is_written_to_after_it_was_taken_is_read_again(void **state)
{
	struct fixture *f = *state;
	static const char more[] = "0\n29/06/2025;7\n";
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;8");
	taken(f, "a.csv", INBOX_TAKEN);
	assert_int_equal(done_folder_look(f->fd, &f->watch, 2), 0);
	char path[NAME_MAX + 16];
	(void)snprintf(path, sizeof(path), DONE_FOLDER "/%s", f->watch.list[0].moved);
	int fd = openat(f->fd, path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, more, strlen(more)), strlen(more));
	assert_int_equal(close(fd), 0);
	put(f, "a.csv", "another one of this name, which is not to be lost");
	assert_int_equal(done_folder_look(f->fd, &f->watch, 2), 0);
	assert_int_equal(unlinkat(f->fd, "a.csv", 0), 0);
	assert_int_equal(done_folder_look(f->fd, &f->watch, 2), 1);
	assert_int_equal(done_folder_look(f->fd, &f->watch, 2), 0);
	taken(f, "a.csv", INBOX_TAKEN);
	assert_int_equal(visits_on(f, 30), 80);
	assert_int_equal(visits_on(f, 29), 7);
	assert_int_equal(done_folder_look(f->fd, &f->watch, 3 + DONE_WATCHED_MS), 0);
	assert_int_equal(f->watch.list[1].until_ms, 0);
}

/* The writer does not know that the agent was started anew meanwhile. */
static void what_was_moved_is_watched_over_a_restart(void **state)
{
	struct fixture *f = *state;
	struct blob kept = { 0 };
	static const char strange[] = "1 2 3 a.csv\nmoved 1 2 3 a.csv/../../etc/x\n"
				      "moved 1 2 3 ../a.csv/2025-07-31_070000_a.csv\n"
				      "moved 1 2 3 a.csv/b.csv\nmoved 1 2 a.csv\nmoved";
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;8");
	put(f, "b b.csv", "Kỳ;Số lượt\n28/06/2025;5\n");
	taken(f, "a.csv", INBOX_TAKEN);
	taken(f, "b b.csv", INBOX_TAKEN);
	assert_int_equal(blob_append(&kept, strange, strlen(strange)), 0);
	assert_int_equal(blob_append(&kept, "\n", 1), 0);
	assert_int_equal(done_watch_remember(&f->watch, &kept), 0);
	put(f, DONE_FOLDER "/2025-07-31_070000_a.csv", "Kỳ;Số lượt\n30/06/2025;80\n");
	memset(&f->watch, 0, sizeof(f->watch));
	done_watch_recall(&f->watch, (const char *)kept.data, kept.len, 5);
	assert_int_equal(f->watch.next, 2);
	assert_int_equal(done_folder_look(f->fd, &f->watch, 6), 1);
	assert_false(is_there(f, "b b.csv"));
	taken(f, "a.csv", INBOX_TAKEN);
	assert_int_equal(visits_on(f, 30), 80);
	put(f, DONE_FOLDER "/2025-07-31_070000_b b.csv", "Kỳ;Số lượt\n28/06/2025;50\n");
	assert_int_equal(done_folder_look(f->fd, &f->watch, 6 + DONE_WATCHED_MS), 0);
	kept.len = 0;
	assert_int_equal(done_watch_remember(&f->watch, &kept), 0);
	assert_int_equal(kept.len, 0); /* what is over is forgotten */
	blob_free(&kept);
}

static void large_files_go_in_steps_and_many_errors_are_bounded(void **state)
{
	struct fixture *f = *state;
	enum { LINES = 5000 };
	char *text = malloc(LINES * 24 + 64), *errors = malloc(1 << 20);
	assert_true(text && errors);
	size_t len = (size_t)sprintf(text, "Kỳ;Số lượt\n");
	for (int i = 0; i < LINES; i++)
		len += (size_t)sprintf(text + len, "%02d/%02d/%d;%s%d\n", i % 28 + 1,
				       i / 28 % 12 + 1, 2010 + i / 336, i % 3 ? "" : "x", i);
	put(f, "a.csv", text);
	taken(f, "a.csv", INBOX_FAULTY);
	assert_int_equal(f->result.fresh + f->result.changed + f->result.same, LINES - 1667);
	assert_int_equal(f->result.rejected, 1667);
	read_text(f, "a.csv.errors.csv", errors, 1 << 20);
	assert_non_null(strstr(errors, "and 667 more"));
	free(text);
	free(errors);
}

static void done_files_are_bounded(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(mkdirat(f->fd, DONE_FOLDER, 0755), 0);
	put(f, DONE_FOLDER "/mine.csv", "x"); /* not ours to remove */
	for (unsigned i = 0; i < DONE_FILES_MAX + 5; i++) {
		char name[64];
		(void)snprintf(name, sizeof(name), DONE_FOLDER "/2024-01-01_%06u_x.csv", i);
		put(f, name, "x");
	}
	put(f, "a.csv", "Kỳ;Số lượt\n30/06/2025;7\n");
	taken(f, "a.csv", INBOX_TAKEN);
	assert_int_equal(count_done(f), DONE_FILES_MAX + 1);
	assert_true(is_there(f, DONE_FOLDER "/mine.csv"));
	assert_true(is_there(f, DONE_FOLDER "/2025-07-31_070000_a.csv"));
	assert_false(is_there(f, DONE_FOLDER "/2024-01-01_000005_x.csv"));
	assert_true(is_there(f, DONE_FOLDER "/2024-01-01_000006_x.csv"));
}

/* Fail the first operation, then the second, ...: the file stays until all of it is recorded, and
 * taking it again comes to the same. */
static void fail_everywhere(struct fixture *f, unsigned door)
{
	for (unsigned after = 0;; after++) {
		char text[128];
		int value = (int)(door * 1000 + after);
		(void)snprintf(text, sizeof(text), "Kỳ;Số lượt\n30/06/2025;%d\n29/06/2025;%dx\n",
			       value, value);
		put(f, "a.csv", text);
		fault_arm_at(door, after);
		int rc = take(f, "a.csv");
		bool fired = fault_disarm();
		assert_true(rc <= 0);
		assert_true(is_there(f, "a.csv"));
		if (rc == 0 && f->result.outcome == INBOX_FAULTY)
			assert_int_equal(visits_on(f, 30), value);
		size_t counted = f->result.fresh + f->result.changed + f->result.same;
		assert_true(counted == 0 || visits_on(f, 30) == value);
		taken(f, "a.csv", INBOX_FAULTY);
		assert_int_equal(visits_on(f, 30), value);
		if (!fired)
			return;
	}
}

static void whatever_fails_the_file_can_be_taken_again(void **state)
{
	fail_everywhere(*state, FAULT_DISK);
	fail_everywhere(*state, FAULT_FULL);
	fail_everywhere(*state, FAULT_MEMORY);
}

static void make_files(struct fixture *f, const char *format, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		char name[64];
		(void)snprintf(name, sizeof(name), "%s%zu.csv", format, i);
		put(f, name, "x");
	}
}

static size_t listed_like(const struct inbox_folder *folder, const char *begin)
{
	size_t n = 0;
	for (size_t i = 0; i < folder->n; i++)
		n += strncmp(folder->list[i].name, begin, strlen(begin)) == 0;
	return n;
}

/* As many as are looked at together are faulty, and stay; the good ones came before them. */
static void files_that_stay_hide_no_other(void **state)
{
	struct fixture *f = *state;
	struct inbox_core *core = inbox_core_open();
	struct inbox_folder folder = { .fd = -1 };
	struct inbox_listed *list = malloc(INBOX_FILES_MAX * sizeof(*list));
	assert_non_null(core);
	assert_non_null(list);
	make_files(f, "good", 0, 3);
	make_files(f, "bad", 0, INBOX_FILES_MAX);
	assert_int_equal(inbox_folder_look(&folder, f->folder, core, &f->err), 0);
	assert_int_equal(folder.n, INBOX_FILES_MAX);
	memcpy(list, folder.list, folder.n * sizeof(*list));
	assert_int_equal(inbox_core_look(core, list, folder.n, 0, &f->err), 0);
	for (size_t i = 0; i < folder.n; i++)
		inbox_core_done(core, list[i].name, &list[i].stamp, INBOX_NONE);
	assert_int_equal(inbox_folder_look(&folder, f->folder, core, &f->err), 0);
	assert_int_equal(folder.n, INBOX_FILES_MAX);
	assert_int_equal(listed_like(&folder, "good"), 3);
	inbox_folder_free(&folder);
	inbox_core_close(core);
	free(list);
}

static void names_that_are_no_text_are_counted_with_one_of_them(void **state)
{
	struct fixture *f = *state;
	struct inbox_core *core = inbox_core_open();
	struct inbox_folder folder = { .fd = -1 };
	put(f, "a.csv", "x");
	put(f, "Th\xe1ng 6.csv", "x");
	put(f, "b.csv.part", "x");
	put(f, ".c.csv", "x"); /* it may be about to get its name */
	assert_int_equal(inbox_folder_look(&folder, f->folder, core, &f->err), 0);
	assert_int_equal(folder.n, 1);
	assert_int_equal(folder.told, 1);
	assert_string_equal(folder.like, "Th?ng 6.csv");
	inbox_folder_free(&folder);
	inbox_core_close(core);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	fault_install();
	const struct CMUnitTest tests[] = {
		TEST(a_good_file_is_recorded_and_moved),
		TEST(the_same_file_again_changes_nothing_and_a_corrected_one_revises),
		TEST(what_is_far_from_before_is_taken_and_told_beside),
		TEST(many_warnings_are_bounded),
		TEST(bad_lines_are_named_beside_and_go_when_they_are_corrected),
		TEST(lines_that_were_passed_over_are_told_behind_the_errors),
		TEST(a_file_that_cannot_be_read_is_refused_whole),
		TEST(what_is_no_plain_file_is_not_followed),
		TEST(files_that_stay_hide_no_other),
		TEST(names_that_are_no_text_are_counted_with_one_of_them),
		TEST(a_file_that_is_being_written_waits),
		TEST(of_another_users_file_a_lock_is_seen),
		TEST(what_comes_while_it_is_read_is_not_moved_away),
		TEST(what_is_written_to_while_it_is_read_is_looked_at_again),
		TEST(large_files_go_in_steps_and_many_errors_are_bounded),
		TEST(done_files_are_bounded),
		TEST(whatever_fails_the_file_can_be_taken_again),
		cmocka_unit_test_setup_teardown(a_figure_with_two_values_keeps_its_file_here,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_table_without_a_figure_is_told, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_workbook_is_told_to_be_taken_away, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_written_to_after_it_was_taken_is_read_again,
						set_up, tear_down),
		TEST(what_was_moved_is_watched_over_a_restart),
	};
	return cmocka_run_group_tests_name("inbox_file", tests, NULL, NULL);
}

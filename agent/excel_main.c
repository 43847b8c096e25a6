/* lantoa-excel: the cells of a workbook, as text, within limits of its own. The agent runs it for
 * each workbook, so that the libraries that take these apart are no part of the daemon. */
#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "excel/blank_form.h"
#include "excel/limits.h"
#include "excel/marked_copy.h"
#include "excel/reader.h"
#include "workbook/excel_process.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stdin has: a file is looked at where it lies, all else is read. */
static int take_input(struct blob *out, bool *ret_mapped)
{
	struct stat stat;
	ssize_t n = 1;
	if (fstat(STDIN_FILENO, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size > 0 &&
	    stat.st_size <= READER_BYTES_MAX) {
		void *map =
			mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
		if (map != MAP_FAILED) {
			*out = (struct blob){ map, (size_t)stat.st_size, (size_t)stat.st_size };
			*ret_mapped = true;
			return 0;
		}
	}
	*ret_mapped = false;
	while (n != 0 && out->len <= READER_BYTES_MAX) {
		if (blob_reserve(out, 65536) < 0)
			return -ENOMEM;
		n = read(STDIN_FILENO, out->data + out->len, 65536);
		if (n < 0 && errno != EINTR)
			return -errno;
		out->len += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int main(int argc, char *argv[])
{
	static char buffer[65536]; /* of ours: stdio would ask what kind of file it is */
	struct blob file = { 0 };
	bool mapped;
	bool mark = argc == 2 && strcmp(argv[1], EXCEL_MARK) == 0;
	bool blank = argc == 2 && strcmp(argv[1], EXCEL_BLANK) == 0;
	if (argc != 1 && !mark && !blank) {
		(void)fputs(_("lantoa-excel: cells of the workbook on stdin; lantoa-agent(8) runs "
			      "it\n"),
			    stderr);
		return EXIT_FAILURE;
	}
	limits_take();
	if (blank)
		_exit(blank_form(stdin, stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE); /* likewise */
	if (mark) {
		FILE *marks = fdopen(STDERR_FILENO + 1, "r"); /* open till the end */
		int rc = marks ? marked_copy(stdin, marks, stdout) : -1;
		_exit(rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE); /* the library drops what failed */
	}
	(void)setvbuf(stdout, buffer, _IOFBF, sizeof(buffer)); /* at worst it is smaller */
	if (take_input(&file, &mapped) < 0)                    /* the agent tells that it ended */
		return EXIT_FAILURE;
	reader_prepare();
	limits_lock();
	reader_run(file.data, file.len, stdout);
	int status = fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (!mapped)
		blob_free(&file);
	return status;
}

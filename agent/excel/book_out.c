#include "excel/book_out.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

int book_out_open(struct book_out *book)
{
	char path[64];
	*book = (struct book_out){ .fd = memfd_create("book", MFD_CLOEXEC) };
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", book->fd); /* fits */
	book->workbook = book->fd < 0 ? NULL : workbook_new(path);
	return book->workbook ? 0 : -1;
}

static int pass_on(int fd, FILE *out)
{
	char bytes[16384];
	ssize_t n;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		if (fwrite(bytes, 1, (size_t)n, out) != (size_t)n)
			return -EIO;
	return n < 0 || fflush(out) != 0 ? -EIO : 0;
}

int book_out_close(struct book_out *book, bool drop, FILE *out)
{
	int rc = drop ? -1 : 0;
	if (book->workbook && workbook_close(book->workbook) != LXW_NO_ERROR)
		rc = -1;
	if (rc == 0)
		rc = pass_on(book->fd, out);
	if (book->fd >= 0)
		(void)close(book->fd); /* memory */
	return rc < 0 ? -1 : 0;
}

int book_in_read(FILE *file, size_t max, struct blob *out)
{
	size_t n = 1;
	while (n > 0 && out->len <= max) {
		if (blob_reserve(out, 65536) < 0)
			return -ENOMEM;
		n = fread(out->data + out->len, 1, 65536, file);
		out->len += n;
	}
	return ferror(file) ? -EIO : 0;
}

#include "cli/download.h"

#include "common/sys/partial_file.h"
#include "common/sys/secret_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DIGEST_LEN 32u

static int not_there(const char *path, struct err *err)
{
	if (access(path, F_OK) == 0)
		return err_set(err, -EEXIST,
			       "%s is there already and is not overwritten; give another name",
			       path);
	return errno == ENOENT ? 0 : err_system(err, -errno, path);
}

int download_open(const char *path, struct download *ret_download, struct err *err)
{
	struct download *d = ret_download;
	d->fd = -1;
	d->len = 0;
	if (snprintf(d->path, sizeof(d->path), "%s", path) >= PATH_MAX ||
	    snprintf(d->partial, sizeof(d->partial), "%s.partial", path) >= PATH_MAX)
		return err_system(err, -ENAMETOOLONG, path);
	int rc = not_there(path, err);
	if (rc < 0)
		return rc;
	if (partial_file_open(d->partial, path, 0600, &d->fd, err) < 0) {
		*d->partial = '\0';
		return err->code;
	}
	(void)crypto_generichash_init(&d->digest, NULL, 0, DIGEST_LEN); /* cannot fail */
	return 0;
}

int download_piece(void *context, const void *data, size_t len, struct err *err)
{
	struct download *d = context;
	const uint8_t *at = data;
	(void)crypto_generichash_update(&d->digest, at, len); /* cannot fail */
	d->len += len;
	while (len > 0) {
		ssize_t n = write(d->fd, at, len);
		if (n <= 0)
			return err_system(err, n < 0 ? -errno : -ENOSPC, d->partial);
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int whole(struct download *d, uint64_t len, const char *wanted, struct err *err)
{
	uint8_t digest[DIGEST_LEN];
	char text[2 * DIGEST_LEN + 1];
	(void)crypto_generichash_final(&d->digest, digest, DIGEST_LEN); /* cannot fail */
	(void)sodium_bin2hex(text, sizeof(text), digest, DIGEST_LEN);
	if (d->len == len && strcmp(text, wanted) == 0)
		return 0;
	return err_set(err, -EBADMSG, "%s did not arrive as it was sent; try again", d->path);
}

int download_finish(struct download *download, uint64_t len, const char *digest, struct err *err)
{
	int rc = whole(download, len, digest, err);
	return rc < 0 ? rc : download_keep(download, err);
}

int download_keep(struct download *download, struct err *err)
{
	struct download *d = download;
	int rc;
	if (fsync(d->fd) < 0)
		return err_system(err, -errno, d->partial);
	if ((rc = not_there(d->path, err)) < 0)
		return rc;
	if (rename(d->partial, d->path) < 0)
		return err_system(err, -errno, d->path);
	*d->partial = '\0';
	(void)close(d->fd); /* it is on the disk; until here it was locked */
	d->fd = -1;
	return secret_file_sync_folder(d->path, err);
}

void download_close(struct download *download)
{
	if (*download->partial)
		(void)unlink(download->partial); /* the next one of this name removes it */
	if (download->fd >= 0)
		(void)close(download->fd); /* what was written is thrown away */
}

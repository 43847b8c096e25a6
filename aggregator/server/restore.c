/* 1. Open the file while we may still be root, then become the owner of the state folder;
 * 2. lock the folder, and refuse when a province lives there;
 * 3. copy the file to lantoa.db.copy, and check that;
 * 4. write server.key, take the label off the copy, and give it its name.
 * Whatever fails on the way removes the copy. A crash can leave it, or the key: neither is in the
 * way of the next try, nor does the aggregator start with half of the two and accept figures. */
#include "server/restore.h"

#include "backup/backup_file.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/sys/owner.h"
#include "common/sys/secret_file.h"
#include "schema/schema.h"
#include "server/server_key.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536u

struct restore {
	const char *file;
	const char *folder;
	char database[PATH_MAX], copy[PATH_MAX], key[PATH_MAX];
	int in, lock; /* owned; -1: not open */
	bool copied;  /* what lies beside the copy, at least, is ours to remove */
	struct backup_label label;
	int64_t enrolled; /* offices */
};

/* --- is there a province already? --- */

static int nothing_there(const struct restore *r, struct err *err)
{
	static const char *const endings[] = { "", "-wal", "-journal" };
	char path[PATH_MAX + 16];
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", r->database, endings[i]); /* fits */
		if (access(path, F_OK) == 0)
			return err_set(err, -EEXIST,
				       "%s is there already: a province lives in this folder. Move "
				       "lantoa.db, lantoa.db-wal and server.key to another folder, "
				       "and restore again",
				       path);
		if (errno != ENOENT)
			return err_system(err, -errno, path);
	}
	return 0;
}

/* Its own key may be there: of a restore that was cut short, or put there by hand. */
static int key_fits(const struct restore *r, struct err *err)
{
	struct server_key key;
	bool made, same;
	int rc = server_key_load(r->key, false, &key, &made, err);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	same = sodium_memcmp(key.secret_key, r->label.secret_key, KEY_LEN) == 0;
	sodium_memzero(&key, sizeof(key));
	return same ? 0
		    : err_set(err, -EEXIST,
			      "%s is there already, and is not the key of the backup; move it to "
			      "another folder, and restore again",
			      r->key);
}

/* --- the copy --- */

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int copy_pieces(const struct restore *r, int out, struct err *err)
{
	char piece[PIECE];
	for (;;) {
		ssize_t n = read(r->in, piece, sizeof(piece));
		if (n < 0)
			return err_system(err, -errno, r->file);
		if (n == 0)
			return 0;
		int rc = write_all(out, piece, (size_t)n);
		if (rc < 0)
			return err_system(err, rc, r->copy);
	}
}

static int copy_make(struct restore *r, struct err *err)
{
	backup_file_remove(r->copy); /* of a restore or a backup that was cut short */
	int out = open(r->copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return err_system(err, -errno, r->copy);
	r->copied = true;
	int rc = copy_pieces(r, out, err);
	if (close(out) < 0 && rc == 0)
		rc = err_system(err, -errno, r->copy);
	return rc;
}

/* --- from backup to province --- */

static int enrolled_count(struct restore *r, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT count(DISTINCT office) FROM office_key WHERE state = ?",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int(stmt, 1, KEY_ACTIVE);
		rc = db_step(stmt, err);
	}
	if (rc == 1)
		r->enrolled = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc < 0 ? rc : 0;
}

/* The unsealing commit syncs all of the copy. */
static int province_make(struct restore *r, sqlite3 *db, struct err *err)
{
	int rc = backup_file_check(db, &r->label, err);
	if (rc < 0)
		return err_wrap(err, "%s", r->file);
	rc = enrolled_count(r, db, err);
	if (rc == 0)
		rc = key_fits(r, err);
	if (rc == 0)
		rc = server_key_save(r->key, r->label.secret_key, err);
	return rc == 0 ? backup_file_unseal(db, err) : rc;
}

static int copy_into_place(struct restore *r, struct err *err)
{
	sqlite3 *db;
	int rc = copy_make(r, err);
	if (rc < 0)
		return rc;
	rc = schema_open_copy(r->copy, &db, err);
	if (rc < 0)
		return err_wrap(err, "%s", r->file);
	rc = province_make(r, db, err);
	db_close(db);
	if (rc < 0)
		return rc;
	if (rename(r->copy, r->database) < 0)
		return err_system(err, -errno, r->database);
	return secret_file_sync_folder(r->database, err);
}

static int put_back(struct restore *r, struct err *err)
{
	r->in = open(r->file, O_RDONLY | O_CLOEXEC);
	if (r->in < 0)
		return err_system(err, -errno, r->file);
	int rc = owner_become(r->folder, err);
	if (rc == 0)
		rc = store_lock(r->database, &r->lock, err);
	if (rc == 0)
		rc = nothing_there(r, err);
	return rc == 0 ? copy_into_place(r, err) : rc;
}

static void tell(const struct restore *r, FILE *out)
{
	char made[INSTANT_TEXT_MAX];
	(void)fprintf(out, _("restored: %s, made %s by version %s\n"), r->file,
		      civil_format(r->label.made_us, made), r->label.version);
	(void)fprintf(out, _("journal entries: %lld; offices enrolled: %lld\n"),
		      (long long)r->label.head.entry, (long long)r->enrolled);
	(void)fputs(_("Start the aggregator now. The offices connect by themselves and send again "
		      "what came after the backup.\n"
		      "What operators changed after it is not in it and must be done again: "
		      "invitations and enrolments, revocations, imports, moves, closed periods, "
		      "excuses, publications, releases from quarantine; and, when the offices have "
		      "sent theirs, the figures that were recorded for them.\n"
		      "'lantoa audit' shows what was done last, 'lantoa verify' that the figures "
		      "are right.\n"),
		    out);
}

int restore_run(const struct config *config, const char *file, FILE *out, struct err *err)
{
	struct restore r = { .file = file, .folder = config->state_dir, .in = -1, .lock = -1 };
	int rc = sodium_init() < 0 ? err_set(err, -EIO, "libsodium found no source of randomness")
				   : config_path(config, "lantoa.db", r.database, err);
	if (rc == 0)
		rc = config_path(config, "lantoa.db.copy", r.copy, err);
	if (rc == 0)
		rc = config_path(config, "server.key", r.key, err);
	if (rc == 0)
		rc = put_back(&r, err);
	if (r.copied)
		backup_file_remove(r.copy);
	if (r.in >= 0)
		(void)close(r.in); /* it was only read */
	if (r.lock >= 0)
		(void)close(r.lock); /* nothing was written to it */
	explicit_bzero(r.label.secret_key, KEY_LEN);
	if (rc == 0)
		tell(&r, out);
	return rc;
}

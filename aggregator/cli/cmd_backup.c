/* 1. See that the file can be written, before anybody works for it;
 * 2. POST, and GET until the aggregator has a copy that it has checked;
 * 3. fetch that into FILE.partial, compare length and digest, sync, rename;
 * 4. with --into, only then remove what is too old. */
#include "cli/cmd_backup.h"

#include "cli/args.h"
#include "cli/download.h"
#include "cli/output.h"
#include "cli/rotation.h"
#include "common/base/i18n.h"
#include "common/text/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_MAX 10000u

/* What a backup goes through, as the aggregator names it. */
static const char *const stages[]
	__attribute__((unused)) = { N_("copy"), N_("check"), N_("digest") };

struct cmd_backup {
	const struct order *order;
	const char *folder; /* of --into; NULL: there is none */
	unsigned keep;      /* 0: all */
	char path[PATH_MAX], name[ROTATION_NAME_MAX];
	struct download download;
};

void cmd_backup_line(const char *stage, uint64_t done, uint64_t all, char ret_line[WATCH_LINE_MAX])
{
	char bar[WATCH_BAR_MAX];

	/* TRANSLATORS: a progress bar; at most 79 columns */
	(void)snprintf(ret_line, WATCH_LINE_MAX, _("%s [%s] %llu of %llu pages"), _(stage),
		       watch_bar(done, all, bar), (unsigned long long)done,
		       (unsigned long long)all);
}

static void on_progress(const json_t *answer, char ret_line[WATCH_LINE_MAX])
{
	cmd_backup_line(watch_stage(answer), watch_number(answer, "progress", "done"),
			watch_number(answer, "progress", "all"), ret_line);
}

/* --- where to --- */

static int keep_read(const char *text, unsigned *ret_keep, struct err *err)
{
	char *end = NULL;
	unsigned long keep = text ? strtoul(text, &end, 10) : 0;

	if (text && (*text < '1' || *text > '9' || *end || keep > KEEP_MAX))
		return err_set(err, -EINVAL, "--keep: must be a number from 1 to %u", KEEP_MAX);
	*ret_keep = (unsigned)keep;
	return 0;
}

static int target_choose(struct cmd_backup *b, struct err *err)
{
	const struct args *args = b->order->args;
	const char *keep = args_option(args, "keep");
	int len;

	b->folder = args_option(args, "into");
	if (b->folder)
		len = snprintf(b->path, PATH_MAX, "%s/%s", b->folder,
			       rotation_name(time(NULL), b->name));
	else
		len = snprintf(b->path, PATH_MAX, "%s", args->words[0]);
	if (len >= PATH_MAX)
		return err_system(err, -ENAMETOOLONG, b->folder ? b->folder : args->words[0]);
	return keep_read(keep, &b->keep, err);
}

/* --- the file --- */

static int fetch(struct cmd_backup *b, const json_t *made, struct err *err)
{
	const struct request request = { .method = "GET",
					 .path = "/v1/backup/file",
					 .accept = "application/octet-stream",
					 .on_piece = download_piece,
					 .context = &b->download };
	const char *digest =
		json_string_value(json_object_get(json_object_get(made, "backup"), "digest"));
	struct blob refusal = { 0 };
	int rc = client_ask(b->order->api, &request, &refusal, err);

	blob_free(&refusal);
	if (rc < 0)
		return rc;
	return download_finish(&b->download, watch_number(made, "backup", "bytes"),
			       digest ? digest : "", err);
}

static int make(struct cmd_backup *b, json_t **ret_made, struct err *err)
{
	struct blob answer = { 0 };
	json_t *made = NULL;
	int rc = watch_run(b->order, NULL, 0, on_progress, &answer, &made, err);

	blob_free(&answer);
	if (rc < 0)
		return rc;
	rc = fetch(b, made, err);
	if (rc < 0)
		json_decref(made);
	else
		*ret_made = made;
	return rc;
}

/* --- the end --- */

static int print_row(const struct cmd_backup *b, const json_t *backup, struct err *err)
{
	static const char *const columns[] = { "file", "made", "entries", "bytes", "digest" };
	struct table *table = table_open(columns, 5);
	int rc;

	if (!table)
		return err_set(err, -ENOMEM, "out of memory");
	table_row(table);
	table_text(table, b->path);
	table_text(table, json_string_value(json_object_get(backup, "made")));
	table_int(table, json_integer_value(json_object_get(backup, "entries")));
	table_int(table, json_integer_value(json_object_get(backup, "bytes")));
	table_text(table, json_string_value(json_object_get(backup, "digest")));
	rc = table_failed(table) ? err_set(err, -ENOMEM, "out of memory")
				 : output_table(b->order, table, err);
	table_close(table);
	return rc;
}

static int conclude(const struct cmd_backup *b, const json_t *made, struct err *err)
{
	int rc = 0;

	if (b->order->format == FORMAT_TABLE)
		printf(_("backup: %s holds %llu journal entries in %llu bytes. It contains the "
			 "province's secret key; keep it like a password\n"),
		       b->path, (unsigned long long)watch_number(made, "backup", "entries"),
		       (unsigned long long)watch_number(made, "backup", "bytes"));
	else
		rc = print_row(b, json_object_get(made, "backup"), err);
	if (rc == 0 && b->keep > 0) {
		rc = rotation_trim(b->folder, b->name, b->keep, err);
		if (rc < 0)
			return err_wrap(err, "the backup is whole, but an old one stays");
	}
	return rc;
}

int cmd_backup_run(const struct order *order, struct err *err)
{
	struct cmd_backup b = { .order = order };
	json_t *made = NULL;
	int rc = sodium_init() < 0 ? err_set(err, -EIO, "libsodium cannot start")
				   : target_choose(&b, err);

	if (rc < 0)
		return rc;
	rc = download_open(b.path, &b.download, err);
	if (rc < 0)
		return rc;
	rc = make(&b, &made, err);
	download_close(&b.download);
	if (rc == 0)
		rc = conclude(&b, made, err);
	json_decref(made);
	return rc;
}

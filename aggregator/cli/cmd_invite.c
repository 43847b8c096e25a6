/* 1. The folder is made, and a file in it tried: when it cannot be written, nothing is imported.
 * 2. The offices are imported. The aggregator refuses when it could not invite them afterwards.
 * 3. Its status tells which of them were never invited, or not in time. Each of these is invited,
 * and its file is on disk before the next one's turn. Interrupted in 3, the command goes on where
 * it was when it is given again. The one office that was invited and got no file is then named. */
#include "cli/cmd_invite.h"

#include "cli/args.h"
#include "cli/output.h"
#include "cli/upload.h"
#include "common/base/i18n.h"
#include "common/base/search.h"
#include "common/base/utf8.h"
#include "common/sys/secret_file.h"
#include "common/text/answer.h"
#include "common/text/csv_commas.h"
#include "common/text/csv_table.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNTIL_MAX 64 /* an instant as the aggregator writes it */

enum key { NONE, EXPIRED, INVITED, ACTIVE, REVOKED, KEYS };
static const char *const key_words[KEYS] = { "none", "expired", "invited", "active", "revoked" };

struct invitations {
	const struct order *order;
	const char *folder;
	struct blob csv;
	struct table *offices; /* the file's */
	struct table *status;  /* the aggregator's: one row per office, sorted by code */
	uint64_t added, invited, left[KEYS];
	struct blob lost; /* " CODE" for each that was invited before and has no file */
};

/* --- the folder --- */

static int path_make(const char *folder, const char *name, const char *end, char ret_path[PATH_MAX],
		     struct err *err)
{
	if (snprintf(ret_path, PATH_MAX, "%s/%s%s", folder, name, end) >= PATH_MAX)
		return err_system(err, -ENAMETOOLONG, folder);
	return 0;
}

static int folder_prepare(const char *folder, struct err *err)
{
	char path[PATH_MAX];
	int rc;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return err_system(err, -errno, folder);
	rc = path_make(folder, ".lantoa-may-write", "", path, err);
	if (rc == 0)
		rc = secret_file_write(path, "\n", err);
	if (rc == 0)
		(void)unlink(path); /* an empty file that is left harms nobody */
	return rc;
}

/* --- one office --- */

static int line_ask(const char *api, const char *code, const char *days, struct blob *answer,
		    struct err *err)
{
	char shown[EXCERPT_MAX];

	if (!utf8_valid(code, strlen(code))) /* JSON is, and would have no memory for it */
		return err_set(err, -EINVAL, "'%s' is not an office code",
			       utf8_excerpt(code, strlen(code), shown));

	json_t *json = json_pack("{s:s, s:s*}", "code", code, "days", days);
	char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
	const struct request request = { .method = "POST",
					 .path = "/v1/offices/invite",
					 .accept = "application/json",
					 .type = "application/json",
					 .body = body,
					 .body_len = body ? strlen(body) : 0 };
	int rc = body ? client_ask(api, &request, answer, err) : err_memory(err);

	free(body);
	json_decref(json);
	return rc;
}

static int line_write(const char *folder, const char *code, const char *line, struct err *err)
{
	char path[PATH_MAX], text[SECRET_FILE_MAX];
	int rc = path_make(folder, code, ".invitation", path, err);

	(void)snprintf(text, sizeof(text), "%s\n", line); /* INVITATION_TEXT_MAX is less */
	if (rc == 0)
		rc = secret_file_write(path, text, err);
	explicit_bzero(text, sizeof(text));
	return rc;
}

/* @days: for which it is good; NULL: as configured. @ret_until may be NULL. */
static int invite(const char *api, const char *code, const char *days, const char *folder,
		  char ret_until[UNTIL_MAX], struct err *err)
{
	struct blob answer = { 0 };
	int rc = line_ask(api, code, days, &answer, err);
	json_t *json = rc == 0 && answer.len ? answer_read(answer.data, answer.len) : NULL;
	const char *line = json_string_value(json_object_get(json, "invitation"));
	const char *until = json_string_value(json_object_get(json, "until"));

	if (rc == 0)
		rc = line && until ? line_write(folder, code, line, err) : output_strange(err);
	if (rc == 0 && ret_until)
		(void)snprintf(ret_until, UNTIL_MAX, "%s", until); /* an instant: fits */
	json_decref(json);
	if (answer.data)
		explicit_bzero(answer.data, answer.room);
	blob_free(&answer);
	return rc;
}

int cmd_invite_one(const struct order *order, struct err *err)
{
	const char *code = order->args->words[0], *folder = args_option(order->args, "into");
	char until[UNTIL_MAX];
	int rc = folder_prepare(folder, err);

	if (rc == 0)
		rc = invite(order->api, code, args_option(order->args, "days"), folder, until, err);
	if (rc == 0)
		printf(_("The invitation is in %s/%s.invitation, valid until %s; hand it over like "
			 "a password\n"),
		       folder, code, until);
	return rc;
}

/* --- many --- */

static int import(struct invitations *invitations, struct err *err)
{
	const struct argument argument = { "invite", "1" };
	const struct request request = {
		.method = "POST", .path = "/v1/offices", .arguments = &argument, .n_arguments = 1
	};
	struct blob csv = { 0 };
	int rc = upload_read(invitations->order->args->words[0], &invitations->csv, err);

	if (rc == 0)
		rc = folder_prepare(invitations->folder, err);
	if (rc == 0)
		rc = upload_send(invitations->order->api, request, &invitations->csv,
				 &invitations->added, err);
	if (rc == 0)
		rc = csv_commas((const char *)invitations->csv.data, invitations->csv.len, &csv,
				err);
	if (rc == 0)
		rc = csv_table((const char *)csv.data, csv.len, &invitations->offices, err);
	blob_free(&csv);
	return rc;
}

static int status_ask(struct invitations *invitations, struct err *err)
{
	const struct request request = { .method = "GET",
					 .path = "/v1/status",
					 .accept = "text/csv" };
	struct blob answer = { 0 };
	int rc = client_ask(invitations->order->api, &request, &answer, err);

	if (rc == 0 &&
	    (csv_table((const char *)answer.data, answer.len, &invitations->status, err) < 0))
		rc = output_strange(err);
	blob_free(&answer);
	return rc;
}

/* The key of office @code; KEYS when the status does not tell. */
static enum key key_of(const struct invitations *invitations, const char *code)
{
	const struct table *status = invitations->status;
	size_t office = table_find(status, "office"), column = table_find(status, "key");
	enum key key = NONE;
	const char *word;

	size_t from = search_first(i, table_rows(status),
				   strcmp(table_cell(status, i, office), code) < 0);
	if (from == table_rows(status) || strcmp(table_cell(status, from, office), code) != 0)
		return KEYS;
	word = table_cell(status, from, column);
	while (key < KEYS && (!word || strcmp(word, key_words[key]) != 0))
		key++;
	return key;
}

/* It was invited before: is the file where it would be? */
static int file_look_for(struct invitations *invitations, const char *code, struct err *err)
{
	char path[PATH_MAX];
	int rc = path_make(invitations->folder, code, ".invitation", path, err);

	if (rc < 0 || access(path, F_OK) == 0)
		return rc;
	rc = blob_append(&invitations->lost, " ", 1);
	if (rc == 0)
		rc = blob_append(&invitations->lost, code, strlen(code));
	return rc < 0 ? err_memory(err) : 0;
}

static int invite_each(struct invitations *invitations, struct err *err)
{
	size_t column = table_find(invitations->offices, "code");
	int rc = 0;

	for (size_t row = 0; row < table_rows(invitations->offices) && rc == 0; row++) {
		const char *code = table_cell(invitations->offices, row, column);
		enum key key = key_of(invitations, code);

		if (key == KEYS)
			return output_strange(err);
		if (key == INVITED)
			rc = file_look_for(invitations, code, err);
		if (key == NONE || key == EXPIRED)
			rc = invite(invitations->order->api, code, NULL, invitations->folder, NULL,
				    err);
		if (rc < 0)
			return err_wrap(err,
					"%s: not invited, after %llu invitations in %s. Mend the "
					"cause and run the same command again for the rest",
					code, (unsigned long long)invitations->invited,
					invitations->folder);
		*(key == NONE || key == EXPIRED ? &invitations->invited
						: &invitations->left[key]) += 1;
	}
	return rc;
}

static int tell_programs(const struct invitations *invitations, struct err *err)
{
	static const char *const columns[] = { "added", "invitations", "enrolled", "invited_before",
					       "revoked" };
	const uint64_t numbers[] = { invitations->added, invitations->invited,
				     invitations->left[ACTIVE], invitations->left[INVITED],
				     invitations->left[REVOKED] };
	struct table *table = table_open(columns, 5);
	int rc;

	if (!table)
		return err_memory(err);
	table_row(table);
	for (size_t i = 0; i < 5; i++)
		table_int(table, (int64_t)numbers[i]);
	rc = output_table(invitations->order, table, err);
	table_close(table);
	return rc;
}

static int tell(struct invitations *invitations, struct err *err)
{
	if (invitations->order->format != FORMAT_TABLE)
		return tell_programs(invitations, err);
	if (invitations->lost.len > 0) {
		if (blob_append(&invitations->lost, "", 1) < 0)
			return err_memory(err);
		printf(_("Invited before, but not in %s:%s\n"
			 "(`lantoa office invite CODE --into %s` makes a new invitation in place "
			 "of "
			 "one that was lost)\n"),
		       invitations->folder, (const char *)invitations->lost.data,
		       invitations->folder);
	}
	printf(_("Offices added: %llu; invitations written to %s: %llu; left as they were: %llu "
		 "enrolled, %llu invited before, %llu revoked\n"),
	       (unsigned long long)invitations->added, invitations->folder,
	       (unsigned long long)invitations->invited,
	       (unsigned long long)invitations->left[ACTIVE],
	       (unsigned long long)invitations->left[INVITED],
	       (unsigned long long)invitations->left[REVOKED]);
	return 0;
}

int cmd_invite_import(const struct order *order, struct err *err)
{
	struct invitations invitations = { .order = order,
					   .folder = args_option(order->args, "invite") };
	int rc = import(&invitations, err);

	if (rc == 0)
		rc = status_ask(&invitations, err);
	if (rc == 0)
		rc = invite_each(&invitations, err);
	if (rc == 0)
		rc = tell(&invitations, err);
	blob_free(&invitations.csv);
	blob_free(&invitations.lost);
	table_close(invitations.offices);
	table_close(invitations.status);
	return rc;
}

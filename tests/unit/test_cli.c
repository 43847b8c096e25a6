/* The program lantoa against a real store and api, over a unix socket. */
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backup/backup_file.h"
#include "cli/args.h"
#include "cli/cmd_backup.h"
#include "cli/cmd_verify.h"
#include "cli/commands.h"
#include "common/base/blob.h"
#include "common/base/names.h"
#include "common/model/invitation.h"
#include "schema/chain.h"
#include "schema/event.h"
#include "schema/event_kinds.h"
#include "schema/schema.h"
#include "unit/api_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#define DATA(name) SOURCE_DIR "/aggregator/data/tien-giang/" name

struct fixture {
	struct api_fixture *api;
	char address[80];
	const char *language; /* of the next run */
	int64_t status;
	bool running;
	uv_process_t process;
	int terminal;    /* its standard error; -1: a file */
	char *out, *err; /* owned: what the last run printed */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->api = api_fixture_open();
	(void)snprintf(f->address, sizeof(f->address), "unix:%s", f->api->socket);
	f->language = "C.UTF-8";
	f->terminal = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	api_fixture_close(f->api);
	free(f->out);
	free(f->err);
	free(f);
	return 0;
}

static char *file_text(const char *path)
{
	struct blob text = { 0 };
	char piece[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		assert_int_equal(blob_append(&text, piece, (size_t)n), 0);
	close(fd);
	assert_int_equal(blob_append(&text, "", 1), 0);
	return (char *)text.data;
}

static void on_exit_of_program(uv_process_t *process, int64_t status, int signal)
{
	struct fixture *f = process->data;

	f->status = signal ? 128 + signal : status;
	f->running = false;
	uv_close((uv_handle_t *)process, NULL);
}

static int output(const struct fixture *f, const char *name)
{
	char path[96];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", f->api->dir, name);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	assert_true(fd >= 0);
	return fd;
}

static char *output_text(const struct fixture *f, const char *name)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/%s", f->api->dir, name);
	return file_text(path);
}

static void begin(struct fixture *f, char **argv)
{
	char language[64], api[96], *environment[] = { language, api, NULL };
	uv_stdio_container_t stdio[3] = { { .flags = UV_IGNORE } };
	const uv_process_options_t options = { .exit_cb = on_exit_of_program,
					       .file = LANTOA_PROGRAM,
					       .args = argv,
					       .env = environment,
					       .stdio = stdio,
					       .stdio_count = 3 };
	int out = output(f, "out"), err = output(f, "err");

	(void)snprintf(language, sizeof(language), "LANG=%s", f->language);
	(void)snprintf(api, sizeof(api), "LANTOA_API=%s", f->address);
	stdio[1] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = out };
	stdio[2] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD,
					   .data.fd = f->terminal < 0 ? err : f->terminal };
	f->running = true;
	f->process.data = f;
	assert_int_equal(uv_spawn(&f->api->loop, &f->process, &options), 0);
	close(out);
	close(err);
}

static void run_to_end(struct fixture *f, char **argv)
{
	begin(f, argv);
	while (f->running)
		uv_run(&f->api->loop, UV_RUN_ONCE);
	uv_run(&f->api->loop, UV_RUN_NOWAIT); /* the handle's close */
}

/* Run lantoa with these words, NULL at the end. Returns its exit status. */
static int64_t lantoa(struct fixture *f, ...)
{
	char *argv[32] = { (char *)(uintptr_t) "lantoa" };
	size_t n = 1;
	va_list words;

	va_start(words, f);
	while ((argv[n] = va_arg(words, char *)))
		n++;
	va_end(words);
	free(f->out);
	free(f->err);
	run_to_end(f, argv);
	f->out = output_text(f, "out");
	f->err = output_text(f, "err");
	return f->status;
}

#define assert_done(...)    assert_run(0, lantoa(__VA_ARGS__, NULL), *state)
#define assert_failed(...)  assert_run(1, lantoa(__VA_ARGS__, NULL), *state)
#define assert_misused(...) assert_run(2, lantoa(__VA_ARGS__, NULL), *state)

static void assert_run(int64_t expected, int64_t status, const struct fixture *f)
{
	if (status != expected)
		fail_msg("exit status %d: %s%s", (int)status, f->out, f->err);
}

static void assert_says(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("'%s' is not in: %s", what, text);
}

static void import_everything(void **state)
{
	struct fixture *f = *state;

	assert_done(f, "units", "import", DATA("units.csv"));
	assert_done(f, "successors", "import", DATA("successors.csv"));
	assert_done(f, "catalogue", "import", DATA("catalogue.csv"));
	assert_done(f, "indicators", "import", DATA("indicators.csv"));
}

static char *import_text(struct fixture *f, const char *what, const char *text)
{
	static char path[96];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/file", f->api->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	(void)lantoa(f, what, "import", path, NULL);
	return path;
}

static void what_was_imported_is_exported(void **state)
{
	struct fixture *f = *state;
	char *catalogue = file_text(DATA("catalogue.csv"));
	char *indicators = file_text(DATA("indicators.csv"));

	import_everything(state);
	assert_done(f, "catalogue", "export");
	assert_string_equal(f->out, catalogue);
	assert_done(f, "indicators", "export");
	assert_string_equal(f->out, indicators);
	assert_done(f, "units", "export");
	assert_says(f->out, "code,name,level,parent,valid_from,valid_to\n");
	assert_says(f->out, "\n815,Thành phố Mỹ Tho,district,82,2020-01-01,2025-07-01\n");
	assert_done(f, "successors", "export");
	assert_says(f->out, "\n2020-02-01,28351,28321,1\n");
	free(catalogue);
	free(indicators);
}

static void an_import_says_how_much_changed(void **state)
{
	struct fixture *f = *state;

	assert_done(f, "units", "import", DATA("units.csv"));
	assert_string_equal(f->out, "456 rows were changed.\n");
	assert_done(f, "units", "import", DATA("units.csv"));
	assert_string_equal(f->out, "Nothing was changed: it was so already.\n");
	assert_done(f, "units", "import", DATA("units.csv"), "--format", "json");
	assert_string_equal(f->out, "{\"changed\": 0}\n");
	assert_done(f, "--format=csv", "units", "import", DATA("units.csv"));
	assert_string_equal(f->out, "changed\n0\n");
}

static void what_units_export_prints_can_be_imported(void **state)
{
	struct fixture *f = *state;
	char *units;

	import_everything(state);
	assert_done(f, "units", "export");
	units = strdup(f->out);
	assert_non_null(units);
	import_text(f, "units", units);
	assert_string_equal(f->out, "Nothing was changed: it was so already.\n");
	free(units);
}

static void a_bad_file_is_refused_with_every_bad_row_named(void **state)
{
	struct fixture *f = *state;

	import_text(f, "units",
		    "code,name,level,parent,valid_from,valid_to\n"
		    "1,A,province,,2025-13-01,\n"
		    "2,B,province,,2025-01-01,\n"
		    "3,C,province,,tomorrow,\n");
	assert_int_equal(f->status, 1);
	assert_string_equal(f->out, "");
	assert_says(f->err, "lantoa: ");
	assert_says(f->err, "line 2");
	assert_says(f->err, "line 4");
	assert_done(f, "units", "export");
	assert_string_equal(f->out, "code,name,level,parent,valid_from,valid_to\n");
	assert_failed(f, "units", "import", "/nowhere/units.csv");
	assert_says(f->err, "/nowhere/units.csv");
}

static void add_office(void **state)
{
	struct fixture *f = *state;

	import_everything(state);
	assert_done(f, "office", "add", "xa-28249", "--name", "UBND Phường 5", "--unit", "28249",
		    "--from", "2021-01-01");
}

/* The head of the ledger, behind so many acts, each with one event. */
static void head_behind(struct fixture *f, int64_t acts, char text[HEAD_TEXT_MAX])
{
	struct ledger_head head;

	assert_int_equal(ledger_head(store_writer(f->api->store), &head, &f->api->err), 0);
	assert_int_equal(ledger_position(&head), f->api->began + acts);
	(void)ledger_head_text(&head, text);
}

static void an_office_is_added_listed_and_shown(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_string_equal(f->out, "1 office was added.\n");
	assert_done(f, "office", "list", "--format", "csv");
	assert_says(f->out,
		    "code,name,unit,unit_name,from,invited_until,last_contact,state\nxa-28249,"
		    "UBND Phường 5,28249,");
	assert_done(f, "office", "show", "xa-28249");
	assert_says(f->out, "2021-01-01");
	assert_failed(f, "office", "show", "nobody");
	assert_says(f->err, "there is no office 'nobody'");
	assert_failed(f, "office", "add", "xa-28249", "--name", "Again", "--unit", "28249",
		      "--from", "2021-01-01");
	assert_says(f->err, "xa-28249");
	import_text(f, "office", "code,name,unit,from\nx,Văn phòng,82,2021-01-01\n");
	assert_string_equal(f->out, "1 office was added.\n");
}

static void all_offices_are_asked_for_the_heads_of_days(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_done(f, "office", "heads", "--all", "--days", "2");
	assert_says(f->out, "xa-28249");
	assert_misused(f, "office", "heads", "--all");
	assert_says(f->err, "of which days?");
	assert_misused(f, "office", "heads", "xa-28249", "--all", "--days", "2");
	assert_says(f->err, "give one of the two");
}

static void an_office_moves(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_done(f, "office", "move", "xa-28249", "--unit", "82", "--from", "2025-07-01");
	assert_string_equal(f->out, "The office was moved.\n");
	assert_done(f, "office", "move", "xa-28249", "--unit", "-", "--from", "2025-09-01");
	assert_done(f, "office", "show", "xa-28249", "--format", "csv");
	assert_says(f->out, ",82,");
	assert_says(f->out, ",2025-07-01,,,\nxa-28249,UBND Phường 5,,,2025-09-01,,,ended\n");
	assert_failed(f, "office", "move", "nobody", "--unit", "82");
	assert_says(f->err, "there is no office 'nobody'");
	assert_failed(f, "office", "move", "xa-28249", "--unit", "1", "--from", "2025-07-01");
	assert_says(f->err, "unit '1' is not in force on 2025-07-01");
	assert_misused(f, "office", "move", "xa-28249");
	assert_says(f->err, "--unit");
}

static void a_period_is_closed_listed_and_opened_again(void **state)
{
	struct fixture *f = *state;

	import_everything(state);
	assert_done(f, "closed");
	assert_string_equal(f->out, "No period is closed.\n");
	assert_done(f, "close", "2025-Q1", "--metric", "team.count");
	assert_string_equal(f->out, "2025-Q1 is closed.\n");
	assert_done(f, "close", "2024", "--calendar", "report");
	assert_done(f, "closed", "--format", "csv");
	assert_says(f->out, "period,calendar,metric,at,who\n2024,report,,20");
	assert_says(f->out, "\n2025-Q1,civil,team.count,20");
	assert_failed(f, "close", "2099");
	assert_says(f->err, "2099 is not over: its last day is 2099-12-31");
	assert_failed(f, "reopen", "2025-Q1");
	assert_says(f->err, "2025-Q1 is not closed like that");
	char now[INSTANT_TEXT_MAX];
	(void)civil_format(civil_now_us() + 1000000, now); /* whole seconds can be said */
	(void)sleep(2);
	assert_done(f, "reopen", "2025-Q1", "--metric", "team.count");
	assert_string_equal(f->out, "2025-Q1 is open again.\n");
	assert_done(f, "closed", "--format", "csv");
	assert_null(strstr(f->out, "team.count"));
	assert_done(f, "closed", "--known", now, "--format", "csv");
	assert_says(f->out, "\n2025-Q1,civil,team.count,20");
	assert_done(f, "audit", "--format", "csv", "--most", "1");
	assert_says(f->out, ",reopen,period=2025-Q1 calendar=civil metric=team.count\n");
}

static void a_release_says_what_passed_and_what_stays(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_done(f, "quarantine", "release", "--all");
	assert_says(f->out, "Released: 0\nStill in quarantine: 0\n");
	assert_done(f, "quarantine", "release", "--office", "xa-28249", "--metric", "team.count",
		    "--closed", "--format", "json");
	assert_says(f->out, "\"released\"");
	assert_misused(f, "quarantine", "release");
	assert_says(f->err, "say what to release");
	assert_misused(f, "quarantine", "release", "--all", "--entry", "4");
	assert_says(f->err, "say what to release");
	assert_misused(f, "quarantine", "release", "--entry", "first");
	assert_says(f->err, "must be a whole number");
	assert_failed(f, "quarantine", "release", "--office", "nobody");
	assert_says(f->err, "there is no office 'nobody'");
}

static size_t keys_in_state(const struct fixture *f, enum key_state state)
{
	size_t n = 0;

	for (int64_t id = 1; id < 16; id++) {
		const struct listed_key *key = key_list_by_id(f->api->key_list, id);

		n += key && key->state == state;
	}
	return n;
}

static void an_invitation_is_one_line_and_its_key_listed(void **state)
{
	struct fixture *f = *state;
	struct invitation invitation;

	add_office(state);
	assert_done(f, "office", "invite", "xa-28249");
	assert_int_equal(invitation_parse(f->out, &invitation, &f->api->err), 0);
	assert_string_equal(invitation.office, "xa-28249");
	assert_string_equal(invitation.address, "province.example:5670");
	assert_memory_equal(invitation.server_key, fixture_server_key, KEY_LEN);
	assert_int_equal(keys_in_state(f, KEY_INVITED), 1);
	assert_done(f, "office", "invite", "xa-28249");
	assert_int_equal(keys_in_state(f, KEY_INVITED), 1);
	assert_int_equal(keys_in_state(f, KEY_REVOKED), 1);
	assert_failed(f, "office", "invite", "nobody");
}

/* --- offices with invitations --- */

static char *in_folder(const struct fixture *f, const char *name)
{
	static char path[320];

	(void)snprintf(path, sizeof(path), "%s/in%s%s", f->api->dir, *name ? "/" : "", name);
	return path;
}

static char *offices_file(const struct fixture *f, const char *rows)
{
	static char path[96];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/offices", f->api->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "code,name,unit,from\n%s", rows);
	fclose(file);
	return path;
}

#define ROWS_2 "a,A,28249,2021-01-01\nb,B,82,2021-01-01\n"

/* How many files the folder of invitations has; each is for its owner's eyes, and the line of its
 * name's office. */
static size_t invitations_check(struct fixture *f)
{
	DIR *folder = opendir(in_folder(f, ""));
	struct dirent *entry;
	struct stat info;
	size_t n = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		struct invitation invitation;
		char name[64], *text;

		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(stat(in_folder(f, entry->d_name), &info), 0);
		assert_int_equal(info.st_mode & 0777, 0600);
		text = file_text(in_folder(f, entry->d_name));
		assert_int_equal(strcspn(text, "\n"), strlen(text) - 1);
		assert_int_equal(invitation_parse(text, &invitation, &f->api->err), 0);
		(void)snprintf(name, sizeof(name), "%s.invitation", invitation.office);
		assert_string_equal(name, entry->d_name);
		free(text);
		n++;
	}
	closedir(folder);
	return n;
}

static void invitations_clear(const struct fixture *f)
{
	folder_empty(in_folder(f, ""));
	assert_int_equal(rmdir(in_folder(f, "")), 0);
}

static void offices_are_imported_with_an_invitation_each(void **state)
{
	struct fixture *f = *state;
	struct stat info;

	import_everything(state);
	assert_done(f, "office", "import", offices_file(f, ROWS_2), "--invite", in_folder(f, ""));
	assert_says(f->out, "Offices added: 2; invitations written to ");
	assert_says(f->out, "/in: 2; left as they were: 0 enrolled, 0 invited before, 0 revoked\n");
	assert_null(strstr(f->out, "lantoa://"));
	assert_int_equal(stat(in_folder(f, ""), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	assert_int_equal(invitations_check(f), 2);
	assert_int_equal(keys_in_state(f, KEY_INVITED), 2);
	invitations_clear(f);
}

/* As Excel saves it where ',' stands before decimals; the row of a name with a comma is one. */
static void offices_are_imported_as_a_spreadsheet_saves_them(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX];
	static const char text[] =
		"\xef\xbb\xbf"
		"code;name;unit;from;;\r\na;UBND xã A, huyện B;82;2020-01-01;;\r\n"
		"b;B;82;2021-01-01\r\n";

	import_everything(state);
	(void)snprintf(path, sizeof(path), "%s", offices_file(f, ROWS_2));
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_done(f, "office", "import", path, "--invite", in_folder(f, ""));
	assert_says(f->out, "Offices added: 2; invitations written to ");
	assert_int_equal(invitations_check(f), 2);
	assert_done(f, "office", "list", "--format", "csv");
	assert_says(f->out, "\"UBND xã A, huyện B\"");
	invitations_clear(f);
}

static void offices_imported_again_keep_their_invitations(void **state)
{
	struct fixture *f = *state;
	char *first, *now;

	import_everything(state);
	assert_done(f, "office", "import", offices_file(f, ROWS_2), "--invite", in_folder(f, ""));
	first = file_text(in_folder(f, "a.invitation"));
	assert_int_equal(unlink(in_folder(f, "b.invitation")), 0);
	assert_done(f, "office", "import", offices_file(f, ROWS_2 "c,C,82,2021-01-01\n"),
		    "--invite", in_folder(f, ""));
	assert_says(f->out, "Invited before, but not in ");
	assert_says(f->out, "/in: b\n");
	assert_says(f->out, "Offices added: 1; ");
	assert_says(f->out, ": 1; left as they were: 0 enrolled, 2 invited before, 0 revoked\n");
	now = file_text(in_folder(f, "a.invitation"));
	assert_string_equal(now, first);
	assert_int_equal(invitations_check(f), 2);
	assert_done(f, "office", "invite", "b", "--into", in_folder(f, ""));
	assert_null(strstr(f->out, "lantoa://"));
	assert_int_equal(invitations_check(f), 3);
	assert_done(f, "office", "revoke", "a");
	assert_done(f, "office", "import", offices_file(f, ROWS_2), "--invite", in_folder(f, ""),
		    "--format", "json");
	assert_says(f->out, "\"added\": 0, \"invitations\": 0, \"enrolled\": 0, "
			    "\"invited_before\": 1, \"revoked\": 1");
	free(first);
	free(now);
	invitations_clear(f);
}

static void without_a_folder_or_an_address_no_office_is_imported(void **state)
{
	struct fixture *f = *state;

	import_everything(state);
	assert_failed(f, "office", "import", offices_file(f, ROWS_2), "--invite", "/proc/in");
	assert_says(f->err, "/proc/in");
	assert_failed(f, "office", "import", offices_file(f, ROWS_2), "--invite",
		      offices_file(f, ROWS_2)); /* a file, no folder */
	*f->api->address = '\0';
	assert_failed(f, "office", "import", offices_file(f, ROWS_2), "--invite", in_folder(f, ""));
	assert_says(f->err, "set [gate] address");
	assert_done(f, "office", "list");
	assert_string_equal(f->out, "There is no such office.\n");
	assert_done(f, "office", "import", offices_file(f, ROWS_2));
	assert_string_equal(f->out, "2 offices were added.\n");
	invitations_clear(f);
}

/* The file system has room for one invitation; with more room the same command does the rest. */
static void an_import_that_broke_off_is_finished_by_the_same_command(void **state)
{
	struct fixture *f = *state;

	import_everything(state);
	assert_int_equal(mkdir(in_folder(f, ""), 0700), 0);
	assert_int_equal(mkdir(in_folder(f, "b.invitation"), 0700), 0); /* in the way */
	assert_failed(f, "office", "import", offices_file(f, ROWS_2 "c,C,82,2021-01-01\n"),
		      "--invite", in_folder(f, ""));
	assert_says(f->err, "b: not invited, after 1 invitations in ");
	assert_int_equal(rmdir(in_folder(f, "b.invitation")), 0);
	assert_done(f, "office", "import", offices_file(f, ROWS_2 "c,C,82,2021-01-01\n"),
		    "--invite", in_folder(f, ""));
	assert_says(f->out, "/in: b\n"); /* its first line never reached the disk */
	assert_says(f->out, ": 1; left as they were: 0 enrolled, 2 invited before, 0 revoked\n");
	assert_int_equal(invitations_check(f), 2);
	invitations_clear(f);
}

/* --- setup --- */

static void setup_takes_over_a_province_and_changes_nothing_twice(void **state)
{
	struct fixture *f = *state;
	char *catalogue = file_text(DATA("catalogue.csv"));

	assert_done(f, "setup", "tien-giang");
	assert_says(f->out, "units.csv: 456 rows changed\nsuccessors.csv: 333 rows changed\n"
			    "catalogue.csv: imported\nindicators.csv: imported\n"
			    "dimensions.csv: imported\nrules.csv: imported\n"
			    "calendar.csv: imported\ntilegrid.csv: 102 rows changed\nNext: ");
	assert_done(f, "setup", "tien-giang");
	assert_says(f->out, "units.csv: nothing to change\nsuccessors.csv: nothing to change\n"
			    "catalogue.csv: nothing to change\nindicators.csv: nothing to change\n"
			    "dimensions.csv: nothing to change\nrules.csv: nothing to change\n"
			    "calendar.csv: nothing to change\ntilegrid.csv: nothing to change\n");
	assert_done(f, "setup", DATA(""), "--format", "csv");
	assert_string_equal(f->out,
			    "file,changed\nunits.csv,0\nsuccessors.csv,0\n"
			    "catalogue.csv,0\nindicators.csv,0\ndimensions.csv,0\nrules.csv,0\n"
			    "calendar.csv,0\ntilegrid.csv,0\n");
	assert_done(f, "catalogue", "export");
	assert_string_equal(f->out, catalogue);
	free(catalogue);
}

static void setup_lists_what_is_there(void **state)
{
	struct fixture *f = *state;

	assert_done(f, "setup");
	assert_string_equal(f->out, "Reference data are there for: tien-giang\n");
	assert_failed(f, "setup", "ca-mau");
	assert_says(f->err, "there are: tien-giang");
	assert_failed(f, "setup", "./ca-mau");
	assert_says(f->err, "nothing was changed: cannot open './ca-mau/units.csv'");
}

static void copy(const struct fixture *f, const char *name, const char *text)
{
	FILE *file = fopen(in_folder(f, name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void setup_that_stops_half_way_says_what_is_in(void **state)
{
	struct fixture *f = *state;
	char *units = file_text(DATA("units.csv")), *successors = file_text(DATA("successors.csv"));
	char *catalogue = file_text(DATA("catalogue.csv"));

	assert_int_equal(mkdir(in_folder(f, ""), 0700), 0);
	copy(f, "units.csv", units);
	copy(f, "successors.csv", successors);
	copy(f, "catalogue.csv", "name\nx\n");
	assert_failed(f, "setup", in_folder(f, ""));
	assert_says(f->err, "nothing was changed: cannot open");
	copy(f, "indicators.csv", "");
	assert_failed(f, "setup", in_folder(f, ""));
	assert_says(f->err, "catalogue.csv was not taken, while units.csv, successors.csv are in.");
	copy(f, "catalogue.csv", catalogue);
	copy(f, "units.csv", "code\n");
	assert_failed(f, "setup", in_folder(f, ""));
	assert_says(f->err, "units.csv was not taken, and nothing was changed: ");
	free(units);
	free(successors);
	free(catalogue);
	invitations_clear(f);
}

static void revoking_takes_the_keys_off_the_list_at_once(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_done(f, "office", "invite", "xa-28249");
	assert_done(f, "office", "revoke", "xa-28249");
	assert_string_equal(f->out, "1 key or invitation was revoked.\n");
	assert_int_equal(keys_in_state(f, KEY_INVITED), 0);
	assert_int_equal(keys_in_state(f, KEY_REVOKED), 1);
}

static void every_change_is_in_the_audit(void **state)
{
	struct fixture *f = *state;
	char who[40];

	add_office(state);
	assert_done(f, "office", "invite", "xa-28249");
	assert_done(f, "audit", "--format", "csv");
	(void)snprintf(who, sizeof(who), ",unix:uid=%u,", (unsigned)getuid());
	assert_says(f->out, who);
	assert_says(f->out, ",office invite,");
	assert_says(f->out, ",units import,");
	assert_says(f->out, ",catalogue import,");
	assert_done(f, "audit", "--format", "csv", "--most", "1");
	assert_null(strstr(f->out, "units import"));
}

static void a_query_prints_a_table_with_letters_aligned(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_done(f, "query", "team.count", "--area", "28249", "--from", "2021-02", "--to",
		    "2021-02");
	assert_says(f->out, "Area");
	assert_says(f->out, "2021-02");
	assert_done(f, "query", "team.count", "--area", "28249", "--from", "2021-02", "--to",
		    "2021-02", "--format", "json");
	assert_says(f->out, "\"rows\": [");
	assert_says(f->out, "\"due\": 1");
	assert_done(f, "query", "team.count", "--from", "2021-02", "--rank", "--format", "csv");
	assert_says(f->out, ",rank,of\n");
	assert_done(f, "query", "team.count", "--from", "2021-02", "--revisions");
	assert_says(f->out, "February 2021");
	assert_says(f->out, "\n\nThere are no figures for this question.\n");
	assert_failed(f, "query", "no.such");
	assert_failed(f, "query", "team.count", "--label", "nothing");
	assert_says(f->err, "labels");
}

static void completeness_names_who_is_missing(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_done(f, "completeness", "team.count", "--from", "2021-02", "--to", "2021-02");
	assert_says(f->out, "UBND Phường 5");
	assert_done(f, "completeness", "--by", "commune", "--area", "28249", "--from", "2021-02");
	assert_says(f->out, "Percent of reports");
}

static void status_shows_counters_and_offices(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_done(f, "status");
	assert_says(f->out, "Handshakes: 176\n");
	assert_says(f->out, "xa-28249");
	assert_done(f, "status", "--format", "csv");
	assert_says(f->out, "office,name,unit,key");
	assert_done(f, "status", "--format", "json");
	assert_says(f->out, "\"handshakes\": 176");
	assert_says(f->out, "{\"well\": {\"well\": ");
}

static void status_tells_by_its_exit_status(void **state)
{
	struct fixture *f = *state;

	f->api->intake.batches.failing = -ENOSPC;
	assert_failed(f, "status");
	assert_int_equal(strncmp(f->out, "NOT TAKING FIGURES", 18), 0);
	assert_failed(f, "status", "--format", "json");
	assert_says(f->out, "{\"ill\": {\"store_failing\": ");
	f->api->intake.batches.failing = 0;
	assert_done(f, "status");
}

static void spoil(struct fixture *f, const char *sql)
{
	assert_int_equal(db_exec(store_writer(f->api->store), sql, &f->api->err), 0);
}

static void verify_tells_by_its_exit_status(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_done(f, "verify");
	assert_says(f->out, "verify: ok");
	assert_string_equal(f->err, ""); /* no terminal, no bar */
	spoil(f, "INSERT INTO rollup VALUES(2, 20000, 1, x'00')");
	assert_failed(f, "verify");
	assert_says(f->out, "differ");
	assert_says(f->out, "lantoa verify --repair");
	assert_failed(f, "verify", "--format", "json");
	assert_says(f->out, "\"differences\": 1");
	assert_failed(f, "verify", "--format", "csv");
}

static void verify_repairs_when_told_to(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	spoil(f, "INSERT INTO rollup VALUES(2, 20000, 1, x'00')");
	assert_done(f, "verify", "--repair");
	assert_says(f->out, "repaired");
	assert_says(f->out, "rebuilt there");
	assert_done(f, "verify");
	assert_says(f->out, "verify: ok");
	assert_done(f, "audit");
	assert_says(f->out, "repaired from the ledger");
	assert_says(f->out, "stray_pages=1");
}

/* All links anew, of a province that has no figures: who changes the past takes care of that. */
static void relink(sqlite3 *db, struct err *err)
{
	uint8_t chain[CHAIN_LEN] = { 0 };
	sqlite3_stmt *events = NULL, *put = NULL;

	assert_int_equal(
		db_prepare(db, "SELECT " EVENT_COLUMNS " FROM event ORDER BY id", &events, err), 0);
	assert_int_equal(db_prepare(db, "UPDATE event SET chain = ? WHERE id = ?", &put, err), 0);
	while (db_step(events, err) == 1) {
		struct event event;

		assert_int_equal(event_read(events, &event, err), 0);
		chain_event(chain, &(struct chain_event){ event.id, event.after_journal,
							  event.at_us, event.moves, event.kind,
							  event.who, event.detail, event.body });
		sqlite3_bind_blob(put, 1, chain, CHAIN_LEN, SQLITE_TRANSIENT);
		sqlite3_bind_int64(put, 2, event.id);
		assert_int_equal(db_run(put, err), 0);
	}
	sqlite3_finalize(events);
	sqlite3_finalize(put);
}

static void a_head_that_was_kept_proves_what_was(void **state)
{
	struct fixture *f = *state;
	char kept[HEAD_TEXT_MAX], beyond[HEAD_TEXT_MAX + 8];

	add_office(state);
	head_behind(f, 5, kept);
	assert_done(f, "verify");
	assert_says(f->out, kept);
	assert_done(f, "office", "rename", "xa-28249", "Another");
	assert_done(f, "verify", "--head", kept);
	assert_says(f->out, "up to");
	assert_says(f->out, "the ledger is as it was");
	assert_failed(f, "verify", "--head", "12:00");
	assert_says(f->err, "not a head of a ledger");
	(void)snprintf(beyond, sizeof(beyond), "9%s", kept);
	assert_failed(f, "verify", "--head", beyond);
	assert_says(f->out, "the ledger ends before");
	assert_failed(f, "verify", "--head", beyond, "--format", "csv");
	spoil(f, "UPDATE event SET who = 'somebody else' WHERE id = 1");
	assert_failed(f, "verify");
	assert_says(f->out, "another hash");
	relink(store_writer(f->api->store), &f->api->err);
	assert_done(f, "verify");                   /* nothing can be seen of it, */
	assert_failed(f, "verify", "--head", kept); /* but by who kept a head */
	assert_says(f->out, "another history");
}

static void verify_says_what_no_repair_can_mend(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	spoil(f, "INSERT INTO rollup VALUES(2, 20000, 1, x'00')");
	spoil(f, "INSERT INTO spool(office, spool_id, upto, last_received_us) VALUES(1, 5, 3, 0)");
	assert_failed(f, "verify", "--repair");
	assert_says(f->out, "damaged in 1 places");
	assert_says(f->out, "nothing was rebuilt");
	assert_says(f->out, "left");
	assert_failed(f, "verify");
	assert_says(f->out, "restore a backup");
}

/* Everything that comes to @master until the other end is closed, the readers let go with the first
 * of it. */
static void terminal_read(struct fixture *f, int master, struct plugs *plugs, struct blob *heard)
{
	char piece[1024];

	while (f->running || plugs) {
		ssize_t n = read(master, piece, sizeof(piece));

		if (n > 0)
			assert_int_equal(blob_append(heard, piece, (size_t)n), 0);
		if (n > 0 && plugs) {
			readers_unplug(plugs);
			plugs = NULL;
		}
		uv_run(&f->api->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(blob_append(heard, "", 1), 0);
}

static void on_a_terminal_verify_shows_how_far_it_is(void **state)
{
	struct fixture *f = *state;
	struct plugs plugs;
	struct blob heard = { 0 };
	char *argv[] = { (char *)(uintptr_t) "lantoa", (char *)(uintptr_t) "verify", NULL };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	f->terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(f->terminal >= 0);
	readers_plug(f->api, &plugs);
	begin(f, argv);
	terminal_read(f, master, &plugs, &heard);
	uv_run(&f->api->loop, UV_RUN_NOWAIT); /* the handle's close */
	assert_int_equal(f->status, 0);
	assert_says((const char *)heard.data, "\rjournal [....................] 0 of 0, 0 ");
	assert_says((const char *)heard.data, "\r\033[K"); /* and goes when it is over */
	uv_sem_destroy(&plugs.free_to_go);
	close(f->terminal);
	f->terminal = -1;
	close(master);
	blob_free(&heard);
}

static void a_bar_grows_to_its_end_and_fits_a_screen(void **state)
{
	char line[WATCH_LINE_MAX];

	(void)state;
	cmd_verify_line("days", 6, 12, 3, line);
	assert_string_equal(line, "days [##########..........] 6 of 12, 3 differences");
	cmd_verify_line("days", 12, 12, 3, line);
	assert_says(line, "[####################] 12 of 12");
	cmd_verify_line("journal", UINT32_MAX, UINT32_MAX, 99999999, line);
	assert_true(strlen(line) < 80);
	cmd_verify_line("pages", 2, 1, 0, line); /* of another version, perhaps */
	assert_says(line, "[####################]");
}

/* --- backup --- */

static char *path_of(const struct fixture *f, const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", f->api->dir, name);
	return path;
}

static bool is_there(const struct fixture *f, const char *name)
{
	return access(path_of(f, name), F_OK) == 0;
}

static void put(const struct fixture *f, const char *name)
{
	int fd = open(path_of(f, name), O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* How many files there have names that end so. */
static unsigned files(const struct fixture *f, const char *ending)
{
	DIR *folder = opendir(f->api->dir);
	unsigned n = 0;

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));) {
		size_t len = strlen(entry->d_name);

		n += len > strlen(ending) &&
		     strcmp(entry->d_name + len - strlen(ending), ending) == 0;
	}
	closedir(folder);
	return n;
}

static void a_backup_is_one_private_file_that_says_what_it_is(void **state)
{
	struct fixture *f = *state;
	struct backup_label label;
	struct stat info;
	struct err err;
	sqlite3 *db;

	import_everything(state);
	assert_done(f, "backup", path_of(f, "one"));
	assert_says(f->out, "one holds 0 journal entries in ");
	assert_says(f->out, "keep it like a password");
	assert_int_equal(stat(path_of(f, "one"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(files(f, ".partial") + files(f, ".copy"), 0);
	assert_int_equal(schema_open_copy(path_of(f, "one"), &db, &err), 0);
	assert_int_equal(backup_file_check(db, &label, &err), 0);
	db_close(db);
	assert_memory_equal(label.secret_key, fixture_secret_key, KEY_LEN);
	assert_done(f, "audit");
	assert_says(f->out, "backup");
}

static void a_backup_overwrites_nothing(void **state)
{
	struct fixture *f = *state;

	put(f, "mine");
	assert_failed(f, "backup", path_of(f, "mine"));
	assert_says(f->err, "is there already");
	assert_failed(f, "backup", path_of(f, "no/folder"));
	assert_says(f->err, "no/folder");
	assert_done(f, "audit");
	assert_null(strstr(f->out, "backup")); /* nobody was put to work for it */
}

static void old_backups_go_once_the_new_one_is_whole(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {
		"lantoa-20240101T000000Z.backup",     "lantoa-20250101T000000Z.backup",
		"lantoa-20230101T000000Z.backup",     "lantoa-20230101T000000Z.backup.partial",
		"lantoa-20230101T000000Z.backup.old", "other.backup"
	};
	char folder[32];

	strcpy(folder, f->api->dir);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(f, names[i]);
	assert_failed(f, "backup", "--into", folder, "--keep", "2", "--api", "unix:/nowhere");
	assert_true(is_there(f, names[2])); /* and nothing was removed */
	assert_done(f, "backup", "--into", folder, "--keep", "2", "--format", "csv");
	assert_says(f->out, "file,made,entries,bytes,digest\n");
	assert_true(is_there(f, names[1]));
	assert_false(is_there(f, names[0]) || is_there(f, names[2]) || is_there(f, names[3]));
	assert_true(is_there(f, names[4]) && is_there(f, names[5]));
	assert_int_equal(files(f, "Z.backup"), 2);
}

static void a_backup_needs_to_know_where_to(void **state)
{
	struct fixture *f = *state;

	assert_misused(f, "backup");
	assert_says(f->err, "give a file, or a folder");
	assert_misused(f, "backup", "one", "--into", ".");
	assert_says(f->err, "one of the two");
	assert_misused(f, "backup", path_of(f, "one"), "--keep", "3");
	assert_says(f->err, "--keep goes with --into");
	assert_failed(f, "backup", "--into", ".", "--keep", "0");
	assert_says(f->err, "a number from 1");
}

static void a_backups_bar_fits_a_screen(void **state)
{
	char line[WATCH_LINE_MAX];

	(void)state;
	cmd_backup_line("copy", 6, 12, line);
	assert_string_equal(line, "copy [##########..........] 6 of 12 pages");
	cmd_backup_line("digest", UINT32_MAX, UINT32_MAX, line);
	assert_true(strlen(line) < 80);
}

static void nothing_to_show_is_said(void **state)
{
	struct fixture *f = *state;

	assert_done(f, "quarantine", "list");
	assert_string_equal(f->out, "Nothing waits in quarantine.\n");
	assert_done(f, "quarantine", "list", "--format", "csv");
	assert_says(f->out, "entry,office,");
	assert_done(f, "quarantine", "list", "--format", "csv-excel");
	assert_true(strncmp(f->out, "\xef\xbb\xbf", 3) == 0);
}

static void wrong_usage_is_2(void **state)
{
	struct fixture *f = *state;
	const char *const cases[][5] = {
		{ "brew", "coffee" },
		{ "query" },
		{ "query", "a", "b" },
		{ "query", "a", "--area" },
		{ "query", "a", "--colour", "red" },
		{ "office", "list", "--area", "82" },
		{ "status", "--format", "pdf" },
		{ "status", "--help=yes" },
		{ "office", "add", "a", "--name", "A" },
		{ "office", "add", "a", "--unit", "82" },
		{ "office", "move", "a" },
		{ "office", "tell", "28249" },
		{ "office", "tell", "--all" },
		{ "office", "tell", "28249", "text", "--all" },
		{ "office", "tell", "28249", "text", "--metric=m" },
		{ "office", "tell", "28249", "text", "--period=2025-06" },
		{ "office", "tell", "text", "--all", "--label=a=b" },
		{ "office", "heads", "28249", "--all", "--days=3" },
		{ "office", "heads", "28249", "--days=3", "--since=2025-06-30" },
		{ "office", "heads", "--all" },
		{ "office", "heads", "--days=3" },
		{ "office", "heads", "28249", "--days=three" },
		{ "query", "a", "--publication=p", "--from=2025" },
		{ "query", "a", "--revisions", "--by-label=sector" },
		{ "quarantine", "release" },
		{ "quarantine", "release", "--dry-run" },
		{ "quarantine", "release", "--all", "--office=28249" },
		{ "quarantine", "release", "--entry=first" },
		{ "verify", "--yes" },
		{ "backup" },
		{ "backup", "file", "--into=folder" },
		{ "backup", "file", "--keep=3" },
		{ "backup", "--into=folder", "--keep=some" },
		{ "token", "add", "a" },
		{ "token", "add", "a", "--role=clerk" },
		{ "changes", "--format=table" },
		{ "changes", "--after=-1" },
		{ NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_run(2,
			   lantoa(f, cases[i][0], cases[i][1], cases[i][2], cases[i][3],
				  cases[i][4], NULL),
			   f);
		assert_string_equal(f->out, "");
		assert_says(f->err, "lantoa: ");
	}
}

static void assert_usage(size_t n, char *words[], bool wrong)
{
	char *argv[16] = { (char *)(uintptr_t) "lantoa" };
	struct args args;
	struct err err = { 0 };

	for (size_t i = 0; i < n; i++)
		argv[1 + i] = words[i]; /* args_parse() moves them */
	int rc = args_parse((int)n + 1, argv, commands, n_commands, &args, &err);
	if (rc != (wrong ? -EINVAL : 0))
		fail_msg("'%s %s': %d %s", words[0], n > 1 ? words[1] : "", rc, err.text);
	assert_true(!wrong || *err.text);
}

/* Of every command: words too few and too many, an option that none has and each that it does not
 * take, a number that is none; before anything is asked of the province. */
static void wrong_usage_of_any_command_is_told_before_it_runs(void **state)
{
	static char a[] = "82", colour[] = "--colour", help[] = "--help", x[] = "x";
	static const char *const others[] = { "--area=82", "--keep=1", "--invite=d", "--wait=1" };
	static const char *const numbers[] = { "days",  "keep",  "most",  "before",
					       "entry", "after", "epoch", "wait" };

	(void)state;
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *command = &commands[i];
		char words[64], option[32], *argv[16], *rest = words;
		size_t n = 0;

		(void)snprintf(words, sizeof(words), "%s", command->words);
		while (rest)
			argv[n++] = strsep(&rest, " ");
		argv[n] = help;
		assert_usage(n + 1, argv, false);
		argv[n] = colour;
		assert_usage(n + 1, argv, true);
		if (command->n_words > 0)
			assert_usage(n, argv, true);
		if (command->n_more < 8) { /* else its own check says how many */
			for (size_t k = 0; k <= command->n_words + command->n_more; k++)
				argv[n + k] = a;
			assert_usage(n + command->n_words + command->n_more + 1, argv, true);
		}
		for (size_t k = 0; k < command->n_words; k++)
			argv[n + k] = a;
		n += command->n_words;
		for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
			size_t len = strcspn(others[k] + 2, "=");

			(void)snprintf(option, sizeof(option), "%s", others[k]);
			argv[n] = option;
			if (names_find(command->options, others[k] + 2, len) < 0)
				assert_usage(n + 1, argv, true);
		}
		for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
			(void)snprintf(option, sizeof(option), "--%s", numbers[k]);
			argv[n] = option;
			argv[n + 1] = x;
			assert_usage(n + 2, argv, true);
		}
	}
}

static void assert_meant(size_t n, char *words[], const char *meant)
{
	char *argv[16] = { (char *)(uintptr_t) "lantoa" };
	struct args args;
	struct err err = { 0 };

	for (size_t i = 0; i < n; i++)
		argv[1 + i] = words[i];
	assert_int_equal(args_parse((int)n + 1, argv, commands, n_commands, &args, &err), -EINVAL);
	if (!strstr(err.text, meant))
		fail_msg("'%s %s' is not asked for: %s", words[0], n > 1 ? words[1] : "", err.text);
}

/* Each command and each option, with two letters swapped, is asked for. */
static void what_is_misspelt_once_is_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_commands; i++) {
		const char *options = commands[i].options ? commands[i].options : "";
		char words[64], meant[96], option[40], *argv[16], *rest = words, letter;
		size_t n = 0;

		(void)snprintf(words, sizeof(words), "%s", commands[i].words);
		size_t k = words[1] == words[2] ? 2 : 1; /* of two letters that differ */
		letter = words[k], words[k] = words[k + 1], words[k + 1] = letter;
		while (rest)
			argv[n++] = strsep(&rest, " ");
		(void)snprintf(meant, sizeof(meant), "'%s'", commands[i].words);
		assert_meant(n, argv, meant);
		letter = words[k], words[k] = words[k + 1], words[k + 1] = letter;
		for (; *options; options += strcspn(options, " "), options += *options == ' ') {
			int len = (int)strcspn(options, " ");

			if (len < 3 || options[0] == options[1])
				continue; /* "by": another letter is another word */
			(void)snprintf(option, sizeof(option), "--%c%c%.*s=1", options[1],
				       options[0], len - 2, options + 2);
			(void)snprintf(meant, sizeof(meant), "'--%.*s'", len, options);
			argv[n] = option;
			assert_meant(n + 1, argv, meant);
		}
	}
}

static void the_first_word_alone_lists_what_may_follow(void **state)
{
	struct fixture *f = *state;
	char *office[] = { (char *)(uintptr_t) "lantoa", (char *)(uintptr_t) "office", NULL };
	struct args args;
	struct err err = { 0 };
	size_t room = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &room);

	(void)f;
	assert_int_equal(args_parse(2, office, commands, n_commands, &args, &err), 0);
	assert_null(args.command);
	assert_string_equal(args.group, "office");
	args_help_group(commands, n_commands, args.group, out);
	(void)fclose(out);
	assert_non_null(strstr(text, "\n  move           Move an office to another unit"));
	assert_null(strstr(text, "revoke an"));
	assert_null(strstr(text, "excuse"));
	free(text);
}

/* What an option means to others is no help. */
static void help_speaks_of_its_own_command(void **state)
{
	struct fixture *f = *state;

	assert_done(f, "office", "tell", "--help");
	assert_null(strstr(f->out, "only this metric"));
	assert_null(strstr(f->out, "only figures with this label"));
	assert_null(strstr(f->out, "everything"));
	assert_done(f, "office", "heads", "--help");
	assert_null(strstr(f->out, "invitation"));
	assert_done(f, "backup", "--help");
	assert_null(strstr(f->out, "invitation"));
	assert_done(f, "office", "invite", "--help");
	assert_null(strstr(f->out, "heads"));
	assert_null(strstr(f->out, "backup"));
}

static void an_aggregator_that_is_not_there_is_1(void **state)
{
	struct fixture *f = *state;

	assert_failed(f, "status", "--api", "unix:/nowhere/s");
	assert_says(f->err, "is lantoa-aggregator running there");
	assert_failed(f, "status", "--api", "carrier-pigeon:1");
	assert_says(f->err, "carrier-pigeon:1");
}

static void help_is_there_for_every_command(void **state)
{
	struct fixture *f = *state;

	assert_done(f, "--help");
	assert_says(f->out, "office invite CODE");
	assert_done(f, "query", "--help");
	assert_says(f->out, "--calendar civil|report");
	assert_done(f, "--version");
	assert_string_equal(f->out, "lantoa " LANTOA_VERSION "\n");
}

/* Every command and each of its options stands in the manual page. */
/* The name must end there: --for is not told by --force. */
static void assert_option(const char *page, const char *option)
{
	for (const char *at = page; (at = strstr(at, option)); at++)
		if (strchr(" \n", at[strlen(option)]))
			return;
	fail_msg("'%s' is not in the manual", option);
}

static void the_manual_knows_every_command(void **state)
{
	char *page = file_text(SOURCE_DIR "/aggregator/cli/lantoa.1");

	(void)state;
	for (size_t i = 0; i < n_commands; i++) {
		char line[64];

		(void)snprintf(line, sizeof(line), "\n.It Ic %s", commands[i].words);
		assert_says(page, line);
		for (const char *at = commands[i].options; at && *at; at += strspn(at, " ")) {
			size_t n = strcspn(at, " ");

			(void)snprintf(line, sizeof(line), "Fl Fl %.*s", (int)n, at);
			assert_option(page, line);
			at += n;
		}
	}
	free(page);
}

static void people_are_spoken_to_in_vietnamese(void **state)
{
	struct fixture *f = *state;

	f->language = "vi_VN.UTF-8";
	add_office(state);
	assert_string_equal(f->out, "Đã thêm 1 đơn vị.\n");
	assert_done(f, "office", "list");
	assert_says(f->out, "Đơn vị hành chính");
	assert_done(f, "query", "--help");
	assert_says(f->out, "Cách dùng: lantoa query");
	(void)lantoa(f, "brew", NULL);
	assert_says(f->err, "không có lệnh");
}

/* A counter that was given no title would be shown under its name for programs. */
static void status_speaks_in_words(void **state)
{
	static const char *const languages[] = { "C.UTF-8", "vi_VN.UTF-8" };
	struct fixture *f = *state;

	add_office(state);
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		f->language = languages[i];
		assert_done(f, "status");
		size_t n = 0;
		for (const char *line = f->out; *line; line += strcspn(line, "\n") + 1) {
			size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
			if (len > 0 && line[len] == ':')
				fail_msg("%.40s", line);
			n++;
		}
		assert_true(n > 40);
	}
	assert_says(f->out, "\nGhi vào đĩa: bình thường\n");
	assert_done(f, "status", "--format", "json");
	assert_says(f->out, "\"store\": \"well\"");
}

/* What came to be held since the start is another number than what waits now. */
static void status_names_two_numbers_by_two_names(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_done(f, "status");
	assert_says(f->out, "\nFigures put into quarantine since the start: 0\n");
	assert_says(f->out, " Key  In quarantine Batches\n");
	assert_null(strstr(f->out, "\nIn quarantine:"));
}

static void a_trial_import_speaks_in_words(void **state)
{
	struct fixture *f = *state;
	char *path = import_text(f, "catalogue", "name\n");

	import_everything(state);
	assert_done(f, "catalogue", "import", DATA("catalogue.csv"), "--dry-run");
	assert_says(f->out,
		    "Rows that would change: 0\nFigures that would no longer count: 0"
		    "\nOffices that sent them: 0\nDays of offices that would be computed again: 0"
		    "\nObservations of those days: 0\nTakes about (s): 0"
		    "\nNeeds --yes: no\n");
	(void)lantoa(f, "units", "import", path, "--dry-run", NULL);
	assert_int_equal(f->status, 1);
	f->language = "vi_VN.UTF-8";
	import_text(f, "indicators",
		    "name,label_vi,label_en,formula,unit,target_year,target_value\n");
	assert_says(f->err, "chưa thay đổi gì");
	assert_done(f, "indicators", "import", path, "--dry-run");
	assert_says(f->out, "Phải có --yes: có\n");
	assert_says(f->out, "\nbị bỏ ");
}

static void the_provinces_refusals_come_in_vietnamese_too(void **state)
{
	struct fixture *f = *state;

	assert_done(f, "catalogue", "import", DATA("catalogue.csv"));
	f->language = "vi_VN.UTF-8";
	(void)lantoa(f, "query", "team.count", "--from", "2025-13", NULL);
	assert_says(f->err, "'2025-13' không phải là kỳ; hãy ghi 2025 (năm)");
	(void)lantoa(f, "query", "team.count", "--per", "day", NULL);
	assert_says(f->err, "team.count tính theo tháng (lịch dương), không cộng được thành ngày");
	f->language = "C.UTF-8";
	(void)lantoa(f, "query", "team.count", "--from", "2025-13", NULL);
	assert_says(f->err, "'2025-13' is not a period");
}

/* --- who, when and what --- */

static void acts_are_told_in_the_readers_words(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_done(f, "audit");
	assert_says(f->out, "office added");
	f->language = "vi_VN.UTF-8";
	assert_done(f, "audit");
	assert_says(f->out, "thêm đơn vị");
	assert_null(strstr(f->out, "office added"));
	f->language = "C.UTF-8";
	/* a later version's kind is shown as it is */
	spoil(f, "UPDATE event SET kind = 'moon landing' WHERE kind = 'office add'");
	assert_done(f, "audit");
	assert_says(f->out, "moon landing");
	assert_done(f, "history", "xa-28249");
	assert_says(f->out, "moon landing");
}

static void an_account_has_a_shown_name_that_no_event_knows(void **state)
{
	struct fixture *f = *state;
	char account[32], row[96];
	const struct passwd *user = getpwuid(getuid());

	add_office(state);
	(void)snprintf(account, sizeof(account), "unix:uid=%u", (unsigned)getuid());
	assert_done(f, "account", "list", "--format", "csv");
	(void)snprintf(row, sizeof(row), "\n%s,%s,5,2", account, user ? user->pw_name : "");
	assert_says(f->out, row); /* by login name, until somebody names it */
	assert_done(f, "account", "name", account, "Nguyễn Văn A");
	assert_done(f, "account", "list", "--format", "csv");
	(void)snprintf(row, sizeof(row), "\n%s,Nguyễn Văn A,5,2", account);
	assert_says(f->out, row); /* and it is no act */
	assert_done(f, "publish", "r", "2021");
	(void)snprintf(row, sizeof(row), ",%s,Nguyễn Văn A,", account);
	static const char *const lists[][2] = { { "audit", NULL },
						{ "publications", NULL },
						{ "history", "xa-28249" } };
	for (size_t i = 0; i < 3; i++) {
		if (lists[i][1])
			assert_done(f, lists[i][0], lists[i][1], "--format", "csv");
		else
			assert_done(f, lists[i][0], "--format", "csv");
		assert_says(f->out, row);
	}
	assert_done(f, "account", "name", account, "");
	assert_done(f, "audit", "--format", "csv");
	assert_null(strstr(f->out, "Nguyễn"));
	assert_failed(f, "account", "name", "nobody", "A");
	assert_says(f->err, "no account 'nobody' did anything");
	assert_failed(f, "account", "name", account, "A\nB");
	assert_says(f->err, "one line of text");
}

static void a_publication_is_a_name_for_ever(void **state)
{
	struct fixture *f = *state;
	char head[HEAD_TEXT_MAX], later[HEAD_TEXT_MAX], words[HEAD_TEXT_MAX + 32];

	add_office(state);
	head_behind(f, 5, head);
	assert_done(f, "publish", "Báo cáo quý I", "2021-Q1", "--structure", "2021-03-31");
	(void)snprintf(words, sizeof(words), "Published, at position %s", head);
	assert_says(f->out, words);
	assert_done(f, "publications", "--format", "csv");
	assert_says(f->out, "\nBáo cáo quý I,2021-Q1,civil,2021-03-31,2");
	assert_says(f->out, head);
	assert_failed(f, "publish", "Báo cáo quý I", "2021-Q2");
	assert_says(f->err, "is published already");
	assert_failed(f, "publish", " x", "2021-Q2");
	assert_says(f->err, "one line of text");
	assert_failed(f, "publish", "x", "2099");
	assert_says(f->err, "2099 has not begun");
	assert_failed(f, "publish", "x", "2021-13");
	/* what came later was not known, and the answer says what it is an answer to */
	assert_done(f, "office", "add", "later", "--name", "L", "--unit", "28249", "--from",
		    "2021-01-01");
	head_behind(f, 7, later);
	assert_done(f, "query", "team.count", "--publication", "Báo cáo quý I", "--format", "json");
	assert_says(f->out, "\"publication\": {");
	assert_says(f->out, head);
	(void)snprintf(words, sizeof(words), "\"head\": \"%s\"", later);
	assert_says(f->out, words);
	assert_says(f->out, "\"structure\": \"2021-03-31\"");
	assert_says(f->out, "\"period\": \"2021-02\"");
	assert_done(f, "completeness", "team.count", "--by", "province", "--publication",
		    "Báo cáo quý I", "--format", "json");
	assert_says(f->out, "\"publication\": {");
	assert_says(f->out, "\"period\": \"2021-03\"");
	assert_misused(f, "query", "team.count", "--publication", "Báo cáo quý I", "--from",
		       "2021");
	assert_says(f->err, "leave out --from, --to, --last, --calendar, --structure and --known");
	assert_misused(f, "explain", "team.count", "--publication", "Báo cáo quý I", "--period",
		       "2021-Q1");
	assert_says(f->err, "leave out --period, --calendar, --structure and --known");
	assert_done(f, "explain", "team.count", "--publication", "Báo cáo quý I");
	assert_says(f->out, "team.count, 2021-Q1");
	assert_failed(f, "query", "team.count", "--publication", "none such");
	assert_says(f->err, "nothing was published as 'none such'");
}

static void history_tells_what_was_changed_of_a_name(void **state)
{
	struct fixture *f = *state;

	add_office(state);
	assert_done(f, "office", "move", "xa-28249", "--unit", "28252", "--from", "2022-01-01");
	assert_done(f, "office", "invite", "xa-28249");
	assert_done(f, "close", "2021-02", "--metric", "team.count");
	assert_done(f, "history", "xa-28249", "--format", "csv");
	assert_says(f->out, "event,at,who,shown_name,act,what,record,row,column,was,became,detail");
	assert_says(f->out,
		    ",office moved,office move,assignment,xa-28249 2022-01-01,unit_code,,28252,\n");
	assert_says(f->out, ",office added,office add,office,xa-28249,name,,UBND Phường 5,\n");
	assert_says(f->out, ",office invite,key,xa-28249 #1,state,,invited,\n");
	assert_says(f->out, ",office invite,key,xa-28249 #1,public_key,,");
	/* newest first */
	assert_true(strstr(f->out, ",office moved,") < strstr(f->out, ",office added,"));
	assert_done(f, "history", "28249", "--format", "csv");
	assert_says(f->out, ",units import,unit,28249 ");
	assert_says(f->out, ",assignment,xa-28249 2021-01-01,unit_code,,28249,\n");
	assert_done(f, "history", "team.count", "--format", "csv");
	assert_says(f->out, ",close,closing,2021-02 civil,closed_us,,2");
	assert_says(
		f->out,
		",catalogue import,catalogue,team.count,label_vi,,Số tổ công nghệ số cộng đồng,");
	assert_done(f, "history", "economy.digital_share", "--format", "csv");
	assert_says(f->out, ",indicators,economy.digital_share 2025,target_value,,15,");
	assert_failed(f, "history", "no.such");
	assert_says(f->err, "there is no unit, office, metric or indicator 'no.such'");
}

/* Page after page is the same as all at once. */
static void history_goes_on_where_it_left_off(void **state)
{
	struct fixture *f = *state;
	char before[64] = "";
	size_t pages = 0;

	add_office(state);
	assert_done(f, "office", "move", "xa-28249", "--unit", "28252", "--from", "2022-01-01");
	assert_done(f, "office", "move", "xa-28249", "--unit", "28249", "--from", "2023-01-01");
	for (const char *next = "9999"; next; pages++) {
		(void)snprintf(before, sizeof(before), "%s", next);
		assert_done(f, "history", "xa-28249", "--most", "1", "--before", before, "--format",
			    "json");
		next = strstr(f->out, "\"next\": \"");
		if (next) {
			next += strlen("\"next\": \"");
			*strchr(next, '"') = '\0';
		}
	}
	assert_int_equal(pages, 3);
	assert_done(f, "history", "xa-28249", "--most", "1");
	(void)snprintf(before, sizeof(before), "There is more; go on with --before: %" PRId64 "\n",
		       f->api->began + 7);
	assert_says(f->out, before);
}

/* A metric whose unit of measure became another: both are told, and nothing else of it. */
static void history_compares_catalogues(void **state)
{
	struct fixture *f = *state;
	const char *path;

	add_office(state);
	char *text = file_text(DATA("catalogue.csv"));
	char *at = strstr(text, "Community digital technology teams");
	assert_non_null(at);
	at[0] = 'T';
	path = path_of(f, "changed.csv");
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	free(text);
	assert_done(f, "catalogue", "import", path);
	assert_done(f, "history", "team.count", "--most", "1", "--format", "csv");
	assert_says(f->out, ",catalogue,team.count,label_en,Community digital technology teams,"
			    "Tommunity digital technology teams,\n");
	size_t lines = 0;
	for (const char *line = f->out; (line = strchr(line, '\n')); line++)
		lines++;
	assert_int_equal(lines, 2);
}

/* Whatever an act may change is in the table of kinds, and every act has its words. */
static void events_carry_what_their_kind_may(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	struct err err;
	size_t n = 0;

	add_office(state);
	assert_done(f, "office", "move", "xa-28249", "--unit", "28252", "--from", "2022-01-01");
	assert_done(f, "office", "invite", "xa-28249");
	assert_done(f, "office", "revoke", "xa-28249");
	assert_done(f, "close", "2021-02", "--metric", "team.count");
	assert_done(f, "reopen", "2021-02", "--metric", "team.count");
	assert_done(f, "quarantine", "release", "--all");
	assert_done(f, "publish", "r", "2021");
	assert_int_equal(schema_open(f->api->database, true, &db, &err), 0);
	assert_int_equal(
		db_prepare(db, "SELECT kind, key FROM event LEFT JOIN json_each(body, '$.rows')",
			   &stmt, &err),
		0);
	for (; db_step(stmt, &err) == 1; n++) {
		const char *kind = (const char *)sqlite3_column_text(stmt, 0),
			   *table = (const char *)sqlite3_column_text(stmt, 1);
		assert_non_null(event_kind_find(kind));
		if (table && !event_kind_carries(kind, table))
			fail_msg("an event '%s' has rows of %s", kind, table);
	}
	assert_true(n >= 10);
	sqlite3_finalize(stmt);
	db_close(db);
	assert_true(event_kind_carries("moon landing", "unit"));
	assert_false(event_kind_carries("close", "unit"));
	assert_string_equal(event_kind_words("moon landing"), "moon landing");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	i18n_serve(NULL);
	const struct CMUnitTest tests[] = {
		TEST(what_was_imported_is_exported),
		TEST(an_import_says_how_much_changed),
		TEST(what_units_export_prints_can_be_imported),
		TEST(a_bad_file_is_refused_with_every_bad_row_named),
		TEST(an_office_is_added_listed_and_shown),
		TEST(all_offices_are_asked_for_the_heads_of_days),
		TEST(an_office_moves),
		TEST(a_period_is_closed_listed_and_opened_again),
		TEST(a_release_says_what_passed_and_what_stays),
		TEST(an_invitation_is_one_line_and_its_key_listed),
		TEST(offices_are_imported_with_an_invitation_each),
		TEST(offices_are_imported_as_a_spreadsheet_saves_them),
		TEST(offices_imported_again_keep_their_invitations),
		TEST(without_a_folder_or_an_address_no_office_is_imported),
		TEST(an_import_that_broke_off_is_finished_by_the_same_command),
		TEST(setup_takes_over_a_province_and_changes_nothing_twice),
		TEST(setup_lists_what_is_there),
		TEST(setup_that_stops_half_way_says_what_is_in),
		TEST(revoking_takes_the_keys_off_the_list_at_once),
		TEST(every_change_is_in_the_audit),
		TEST(acts_are_told_in_the_readers_words),
		TEST(an_account_has_a_shown_name_that_no_event_knows),
		TEST(a_publication_is_a_name_for_ever),
		TEST(history_tells_what_was_changed_of_a_name),
		TEST(history_goes_on_where_it_left_off),
		TEST(history_compares_catalogues),
		TEST(events_carry_what_their_kind_may),
		TEST(a_query_prints_a_table_with_letters_aligned),
		TEST(completeness_names_who_is_missing),
		TEST(status_shows_counters_and_offices),
		TEST(status_tells_by_its_exit_status),
		TEST(verify_tells_by_its_exit_status),
		TEST(verify_repairs_when_told_to),
		TEST(a_head_that_was_kept_proves_what_was),
		TEST(verify_says_what_no_repair_can_mend),
		TEST(on_a_terminal_verify_shows_how_far_it_is),
		TEST(a_backup_is_one_private_file_that_says_what_it_is),
		TEST(a_backup_overwrites_nothing),
		TEST(old_backups_go_once_the_new_one_is_whole),
		TEST(a_backup_needs_to_know_where_to),
		cmocka_unit_test(a_backups_bar_fits_a_screen),
		TEST(a_bar_grows_to_its_end_and_fits_a_screen),
		TEST(nothing_to_show_is_said),
		TEST(wrong_usage_is_2),
		cmocka_unit_test(wrong_usage_of_any_command_is_told_before_it_runs),
		cmocka_unit_test(what_is_misspelt_once_is_asked_for),
		TEST(the_first_word_alone_lists_what_may_follow),
		TEST(help_speaks_of_its_own_command),
		TEST(an_aggregator_that_is_not_there_is_1),
		TEST(help_is_there_for_every_command),
		cmocka_unit_test(the_manual_knows_every_command),
		TEST(people_are_spoken_to_in_vietnamese),
		TEST(status_speaks_in_words),
		TEST(status_names_two_numbers_by_two_names),
		TEST(a_trial_import_speaks_in_words),
		TEST(the_provinces_refusals_come_in_vietnamese_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

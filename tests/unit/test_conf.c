#include "common/sys/conf.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct job {
	char *name, *command;
	uint32_t every;
	bool loud;
};

struct settings {
	char *zone, *note;
	struct conf_items jobs;
	uint32_t port, any;
	bool loud;
	uint64_t room;
	uint32_t pause;
};

static const struct conf_key keys[] = {
	{ "place", "zone", CONF_TEXT, offsetof(struct settings, zone), "Asia/Ho_Chi_Minh", 0, 0,
	  "civil time zone" },
	{ "net", "port", CONF_UINT, offsetof(struct settings, port), "5555", 1, 65535, "TCP port" },
	{ "place", "note", CONF_TEXT, offsetof(struct settings, note), NULL, 0, 0, "free text" },
	{ "net", "loud", CONF_BOOL, offsetof(struct settings, loud), "no", 0, 0, "log more" },
	{ "net", "any", CONF_UINT, offsetof(struct settings, any), NULL, 0, 0, "any number" },
	{ "store", "room", CONF_BYTES, offsetof(struct settings, room), "64M", 1024, 1ull << 40,
	  "bytes kept free" },
	{ "job NAME", "", CONF_ITEMS, offsetof(struct settings, jobs), NULL, sizeof(struct job), 3,
	  "what is done now and then" },
	{ "job NAME", "command", CONF_TEXT, offsetof(struct job, command), "", 0, 0, "what to do" },
	{ "job NAME", "every", CONF_UINT, offsetof(struct job, every), "60", 1, 1440, "minutes" },
	{ "job NAME", "loud", CONF_BOOL, offsetof(struct job, loud), NULL, 0, 0, "tell more" },
	{ "net", "pause", CONF_MINUTES, offsetof(struct settings, pause), "1", 1, 86400, "rest" },
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

struct fixture {
	char path[64];
	struct settings settings;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	strcpy(f->path, "/tmp/lantoa-conf-XXXXXX");
	int fd = mkstemp(f->path);
	assert_true(fd >= 0);
	close(fd);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	conf_free(keys, N_KEYS, &f->settings);
	unlink(f->path);
	free(f);
	return 0;
}

static int read_bytes(struct fixture *f, const char *text, size_t len)
{
	FILE *file = fopen(f->path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
	conf_free(keys, N_KEYS, &f->settings);
	f->settings = (struct settings){ 0 };
	f->err = (struct err){ 0 };
	return conf_read(f->path, keys, N_KEYS, &f->settings, &f->err);
}

static void read_good(struct fixture *f, const char *text)
{
	if (read_bytes(f, text, strlen(text)) != 0)
		fail_msg("%s", f->err.text);
}

/* The sentence after the file's name. */
static void assert_refused(struct fixture *f, const char *text, const char *says)
{
	if (read_bytes(f, text, strlen(text)) != -EINVAL)
		fail_msg("taken: %s", text);
	assert_memory_equal(f->err.text, f->path, strlen(f->path));
	assert_string_equal(f->err.text + strlen(f->path), says);
	assert_null(f->settings.zone);
	assert_null(f->settings.note);
}

static void without_a_file_the_defaults_hold(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(conf_read(NULL, keys, N_KEYS, &f->settings, &f->err), 0);
	assert_string_equal(f->settings.zone, "Asia/Ho_Chi_Minh");
	assert_null(f->settings.note);
	assert_int_equal(f->settings.port, 5555);
	assert_false(f->settings.loud);
	assert_true(f->settings.room == 64 << 20);
}

static void the_file_wins_over_the_defaults(void **state)
{
	struct fixture *f = *state;
	read_good(f, "# comment\n"
		     "; another\n"
		     "\n"
		     "[place]\n"
		     "zone = Europe/Berlin ; inline\n"
		     "  note=Số tổ = 5 # kept\n"
		     "[net]\r\n"
		     "port: 1\r\n"
		     "\tloud = true\r\n"
		     "[store]\n"
		     "room = 2G");
	assert_string_equal(f->settings.zone, "Europe/Berlin");
	assert_string_equal(f->settings.note, "Số tổ = 5 # kept");
	assert_int_equal(f->settings.port, 1);
	assert_true(f->settings.loud);
	assert_true(f->settings.room == 2ull << 30);
	read_good(f, "\xef\xbb\xbf[place]\nzone = UTC\nnote =\n[place]\n");
	assert_string_equal(f->settings.note, "");
	read_good(f, "");
	assert_int_equal(f->settings.port, 5555);
}

static void unknown_words_are_refused_with_the_nearest_one(void **state)
{
	struct fixture *f = *state;
	assert_refused(f, "\n[net]\nprot = 1\n",
		       ":3: there is no key 'prot' in [net]; did you mean 'port'?");
	assert_refused(f, "[net]\nelephant = 1\n",
		       ":2: there is no key 'elephant' in [net]; take it out");
	assert_refused(f, "[nett]\n", ":1: there is no section [nett]; did you mean [net]?");
	assert_refused(f, "[zoological]\nport = 1\n",
		       ":1: there is no section [zoological]; take it out");
	assert_refused(f, "[place]\nport = 1\n",
		       ":2: 'port' belongs in section [net], not in [place]");
	assert_refused(f, "port = 1\n", ":1: 'port' stands before the first [section]");
}

static void a_key_given_twice_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_refused(f, "[net]\nport = 1\n[place]\n[net]\nport = 1\n",
		       ":5: 'port' is given on line 2 already; take one out");
	assert_refused(f, "[place]\nnote = a\n  note = b\n",
		       ":3: 'note' is given on line 2 already; take one out");
}

static void bad_values_are_refused_with_what_would_do(void **state)
{
	struct fixture *f = *state;
	assert_refused(f, "[net]\nport = 0\n",
		       ":2: port: '0' is not a whole number from 1 to 65535");
	assert_refused(f, "[net]\nport = 65536\n",
		       ":2: port: '65536' is not a whole number from 1 to 65535");
	assert_refused(f, "[net]\nport = -1\n",
		       ":2: port: '-1' is not a whole number from 1 to 65535");
	assert_refused(f, "[net]\nport =\n", ":2: port: '' is not a whole number from 1 to 65535");
	assert_refused(f, "[net]\nport = 0x10\n",
		       ":2: port: '0x10' is not a whole number from 1 to 65535");
	assert_refused(f, "[net]\nany = 4294967296\n",
		       ":2: any: '4294967296' is not a whole number from 0 to 4294967295");
	assert_refused(f, "[net]\nany = 99999999999999999999999\n",
		       ":2: any: '99999999999999999999999' is not a whole number from 0 to "
		       "4294967295");
	assert_refused(f, "[net]\nloud = maybe\n", ":2: loud: 'maybe' is neither yes nor no");
	assert_refused(f, "[place]\nnote = a\xff\n",
		       ":2: note is not UTF-8 text; write it without control characters");
}

static void sizes_are_read_in_bytes_and_their_multiples(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = { { "1024", 1024 },    { "1K", 1024 },       { "64K", 65536 },
		     { "16M", 16 << 20 }, { "2G", 2ull << 30 }, { "1024G", 1ull << 40 } };
	static const char *const bad[] = { "1023", "1025G", "K",
					   "1KB",  "1k",    "1.5M",
					   "-1M",  "1 M",   "18446744073709551615G",
					   "0" };
	char text[128];
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(text, sizeof(text), "[store]\nroom = %s\n", good[i].text);
		read_good(f, text);
		assert_true(f->settings.room == good[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char says[256];
		(void)snprintf(text, sizeof(text), "[store]\nroom = %s\n", bad[i]);
		(void)snprintf(says, sizeof(says),
			       ":2: room: '%s' is not a size from 1K to 1024G; write it like 64M",
			       bad[i]);
		assert_refused(f, text, says);
	}
}

static void minutes_may_be_told_in_seconds(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text;
		uint32_t seconds;
	} good[] = { { "1", 60 }, { "1440", 86400 }, { "1s", 1 }, { "90s", 90 } };
	static const char *const bad[] = { "0",      "0s", "1441",
					   "86401s", "1m", "-1",
					   "1.5",    "s",  "99999999999999999999" };
	char text[64];
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(text, sizeof(text), "[net]\npause = %s\n", good[i].text);
		read_good(f, text);
		assert_int_equal(f->settings.pause, good[i].seconds);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char says[256];
		(void)snprintf(text, sizeof(text), "[net]\npause = %s\n", bad[i]);
		(void)snprintf(
			says, sizeof(says),
			":2: pause: '%s' is not a time from 1s to 1440 minutes; write 15 for "
			"minutes, or 90s for seconds",
			bad[i]);
		assert_refused(f, text, says);
	}
}

static void lines_that_are_nothing_are_refused(void **state)
{
	struct fixture *f = *state;
	static const char says[] = "this is no 'key = value', [section] or # comment";
	char expected[128];
	(void)snprintf(expected, sizeof(expected), ":2: %s", says);
	assert_refused(f, "[net]\nport\n", expected);
	assert_refused(f, "\n[net\nport = 1\n", expected);
	assert_refused(f, "[net]\njunk\nport = 0\n", expected); /* the first, not the last */
	(void)snprintf(expected, sizeof(expected),
		       ":3: port: '0' is not a whole number from 1 to "
		       "65535");
	assert_refused(f, "[net]\n\nport = 0\njunk\n", expected);
}

static void long_lines_are_taken_up_to_the_limit(void **state)
{
	struct fixture *f = *state;
	char text[5000] = "[place]\nnote = ";
	size_t head = strlen(text), value = 4096 - strlen("note = ");
	memset(text + head, 'x', value);
	strcpy(text + head + value, "\n[net]\n");
	read_good(f, text);
	assert_int_equal(strlen(f->settings.note), value);
	memset(text + head, 'x', value + 10);
	strcpy(text + head + value + 10, "\n[net]\n");
	assert_refused(f, text, ":2: the line is too long or holds a NUL byte; shorten it");
	assert_int_equal(read_bytes(f, "[net]\nport\0 = 1\n", 16), -EINVAL);
	assert_non_null(strstr(f->err.text, ":2: the line is too long or holds a NUL byte"));
}

static void a_file_that_is_not_there_or_no_file_is_said(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(conf_read("/nonexistent/x.conf", keys, N_KEYS, &f->settings, &f->err),
			 -ENOENT);
	assert_string_equal(f->err.text, "/nonexistent/x.conf: No such file or directory");
	assert_null(f->settings.zone);
	assert_int_equal(conf_read("/tmp", keys, N_KEYS, &f->settings, &f->err), -EIO);
	assert_null(f->settings.zone);
}

static char *document(void)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	conf_document(keys, N_KEYS, out);
	fclose(out);
	return text;
}

/* What is said of one goes over what is said of all. */
static void a_further_file_has_the_last_word(void **state)
{
	struct fixture *f = *state;
	static const char all[] = "[net]\nport = 7\nany = 3\n[place]\nzone = UTC\n";
	static const char one[] = "[net]\nport = 8\n";
	assert_int_equal(read_bytes(f, all, strlen(all)), 0);
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	assert_true(fputs(one, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(conf_read_over(f->path, keys, N_KEYS, &f->settings, &f->err), 0);
	assert_int_equal(f->settings.port, 8);
	assert_int_equal(f->settings.any, 3);
	assert_string_equal(f->settings.zone, "UTC");
	assert_int_equal(conf_read_over("/nowhere", keys, N_KEYS, &f->settings, &f->err), -ENOENT);
}

/* For a look beside a broken file: every good line counts, whatever stands around it. */
static void what_is_good_of_a_wrong_file_can_be_had(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "nonsense\n[net]\nport = 7\nport = 8\nloud = perhaps\nany = 3\n"
				   "[nowhere]\nx = 1\n[place]\nzone = UTC\n";
	assert_int_equal(read_bytes(f, text, strlen(text)), -EINVAL);
	memset(&f->settings, 0, sizeof(f->settings));
	assert_int_equal(conf_read_good(f->path, keys, N_KEYS, &f->settings, &f->err), 0);
	assert_int_equal(f->settings.port, 7);
	assert_int_equal(f->settings.any, 3);
	assert_false(f->settings.loud);
	assert_string_equal(f->settings.zone, "UTC");
	conf_free(keys, N_KEYS, &f->settings);
	memset(&f->settings, 0, sizeof(f->settings));
	assert_int_equal(conf_read_good("/nowhere", keys, N_KEYS, &f->settings, &f->err), 0);
	assert_int_equal(f->settings.port, 5555);
}

/* A key of each type: what differs is found, and swapping moves it and nothing else. */
static void what_differs_is_found_and_can_be_swapped(void **state)
{
	struct fixture *f = *state;
	struct settings other = { 0 };
	read_good(f, "[place]\nzone = UTC\n[net]\nloud = yes\nport = 7\npause = 7\n[store]\nroom = "
		     "2K\n");
	assert_int_equal(conf_read(NULL, keys, N_KEYS, &other, &f->err), 0);
	for (size_t i = 0; i < N_KEYS; i++) {
		const char *name = keys[i].name;
		bool same = strcmp(name, "note") == 0 || strcmp(name, "any") == 0 ||
			    strcmp(keys[i].section, "job NAME") == 0;
		assert_int_equal(conf_differs(&keys[i], &f->settings, &other), !same);
		assert_false(conf_differs(&keys[i], &other, &other));
	}
	conf_swap(&keys[0], &f->settings, &other);
	assert_string_equal(other.zone, "UTC");
	assert_string_equal(f->settings.zone, "Asia/Ho_Chi_Minh");
	assert_true(conf_differs(&keys[1], &f->settings, &other));
	for (size_t i = 1; i < N_KEYS; i++)
		conf_swap(&keys[i], &f->settings, &other);
	assert_int_equal(other.port, 7);
	assert_true(other.loud);
	assert_int_equal(other.room, 2048);
	assert_int_equal(f->settings.port, 5555);
	conf_free(keys, N_KEYS, &other);
}

static const struct job *job_at(const struct settings *settings, size_t i)
{
	return &((const struct job *)settings->jobs.items)[i];
}

static void sections_with_names_are_items_with_defaults_of_their_own(void **state)
{
	struct fixture *f = *state;
	read_good(f, "[job backup]\ncommand = a b\nevery = 5\n[net]\nport = 7\n"
		     "[job count-2.x] ; hourly\nloud = yes\n");
	assert_int_equal(f->settings.jobs.n, 2);
	assert_string_equal(job_at(&f->settings, 0)->name, "backup");
	assert_string_equal(job_at(&f->settings, 0)->command, "a b");
	assert_int_equal(job_at(&f->settings, 0)->every, 5);
	assert_false(job_at(&f->settings, 0)->loud);
	assert_string_equal(job_at(&f->settings, 1)->name, "count-2.x");
	assert_string_equal(job_at(&f->settings, 1)->command, "");
	assert_int_equal(job_at(&f->settings, 1)->every, 60);
	assert_true(job_at(&f->settings, 1)->loud);
	assert_int_equal(f->settings.port, 7);
	read_good(f, "");
	assert_int_equal(f->settings.jobs.n, 0);
}

static void items_are_checked_like_the_rest(void **state)
{
	struct fixture *f = *state;
	assert_refused(f, "[job]\n", ":1: there is no section [job]; did you mean [job NAME]?");
	assert_refused(f, "[job ]\n", ":1: there is no section [job ]; take it out");
	assert_refused(f, "\v[job \xff]\n",
		       ":1: [job ?]: a name is a-z, A-Z, 0-9, '.', '_' and '-', and has at most "
		       "32 of them");
	assert_refused(f, "\xef\xbb\xbf[job \xff]\nroom = 1\n",
		       ":2: 'room' belongs in section [store], not in [job ?]");
	assert_refused(f, "[job a b]\n",
		       ":1: [job a b]: a name is a-z, A-Z, 0-9, '.', '_' and '-', and has at most "
		       "32 of them");
	assert_refused(f, "[job a]\n[net]\n[job a]\n",
		       ":3: there is a section [job a] already; give it another name");
	assert_refused(f, "[job a]\n[job b]\n[job c]\n[job d]\n",
		       ":4: there are more than 3 sections [job NAME]; take some out");
	assert_refused(f, "[job a]\nevery = 0\n",
		       ":2: every: '0' is not a whole number from 1 to 1440");
	assert_refused(f, "[job a]\nevery = 1\n[job b]\nevery = 2\nevery = 3\n",
		       ":5: 'every' is given on line 4 already; take one out");
	assert_refused(f, "[job a]\nevry = 1\n",
		       ":2: there is no key 'evry' in [job a]; did you mean 'every'?");
	assert_refused(f, "[job a]\nNAME = 1\n",
		       ":2: there is no key 'NAME' in [job a]; take it out");
	assert_refused(f, "[net]\nevery = 1\n",
		       ":2: 'every' belongs in section [job NAME], not in [net]");
}

static void a_changed_item_is_a_difference_and_can_be_swapped(void **state)
{
	static const char *const others[] = { "", "[job a]\nevery = 6\n", "[job b]\nevery = 5\n",
					      "[job a]\nevery = 5\ncommand = x\n",
					      "[job a]\nevery = 5\n[job b]\n" };
	struct fixture *f = *state;
	const struct conf_key *jobs = &keys[6];
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		read_good(f, "[job a]\nevery = 5\n");
		struct settings other = f->settings;
		assert_false(conf_differs(jobs, &f->settings, &other));
		f->settings = (struct settings){ 0 };
		read_good(f, others[i]);
		assert_true(conf_differs(jobs, &f->settings, &other));
		for (size_t k = 0; k < N_KEYS; k++)
			conf_swap(&keys[k], &f->settings, &other);
		assert_int_equal(job_at(&f->settings, 0)->every, 5);
		assert_false(conf_differs(&keys[8], &f->settings, &other)); /* of an item */
		conf_free(keys, N_KEYS, &other);
	}
}

static void the_table_documents_itself(void **state)
{
	(void)state;
	char *text = document();
	assert_string_equal(text, "[place]\n"
				  "# civil time zone\n"
				  "#zone = Asia/Ho_Chi_Minh\n"
				  "# free text\n"
				  "#note =\n"
				  "\n"
				  "[net]\n"
				  "# TCP port (1 to 65535)\n"
				  "#port = 5555\n"
				  "# log more (yes or no)\n"
				  "#loud = no\n"
				  "# any number (0 to 4294967295)\n"
				  "#any =\n"
				  "# rest (1s to 1440)\n"
				  "#pause = 1\n"
				  "\n"
				  "[store]\n"
				  "# bytes kept free (1K to 1024G)\n"
				  "#room = 64M\n"
				  "\n"
				  "#[job NAME]\n"
				  "# what is done now and then (up to 3 such sections)\n"
				  "# what to do\n"
				  "#command = \n"
				  "# minutes (1 to 1440)\n"
				  "#every = 60\n"
				  "# tell more (yes or no)\n"
				  "#loud =\n");
	free(text);
}

static void what_it_documents_reads_back_as_the_defaults(void **state)
{
	struct fixture *f = *state;
	char *text = document();
	read_good(f, text);
	for (char *at = text; (at = strstr(at, "\n#")); at++) /* switch on what has a default */
		if (at[2] != ' ' && strncmp(at + 2, "any", 3) != 0 &&
		    strncmp(at + 2, "loud =\n", 7) != 0) /* of [job NAME] */
			at[1] = ' ';
	read_good(f, text);
	assert_string_equal(f->settings.zone, "Asia/Ho_Chi_Minh");
	assert_int_equal(f->settings.port, 5555);
	assert_true(f->settings.room == 64 << 20);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_a_file_the_defaults_hold, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_file_wins_over_the_defaults, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unknown_words_are_refused_with_the_nearest_one,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_key_given_twice_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_values_are_refused_with_what_would_do, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(sizes_are_read_in_bytes_and_their_multiples, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(minutes_may_be_told_in_seconds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lines_that_are_nothing_are_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(long_lines_are_taken_up_to_the_limit, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_is_not_there_or_no_file_is_said, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_further_file_has_the_last_word, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_good_of_a_wrong_file_can_be_had, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_differs_is_found_and_can_be_swapped, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			sections_with_names_are_items_with_defaults_of_their_own, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(items_are_checked_like_the_rest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_changed_item_is_a_difference_and_can_be_swapped,
						set_up, tear_down),
		cmocka_unit_test(the_table_documents_itself),
		cmocka_unit_test_setup_teardown(what_it_documents_reads_back_as_the_defaults,
						set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

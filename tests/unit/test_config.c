#include "common/model/civil.h"
#include "server/config.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char path[64];
	struct config config;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	strcpy(f->path, "/tmp/lantoa-config-XXXXXX");
	int fd = mkstemp(f->path);
	assert_true(fd >= 0);
	close(fd);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	config_free(&f->config);
	unlink(f->path);
	free(f);
	return 0;
}

static void rewrite(struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static int read_text(struct fixture *f, const char *text)
{
	rewrite(f, text);
	config_free(&f->config);
	f->config = (struct config){ 0 };
	f->err = (struct err){ 0 };
	return config_read(f->path, &f->config, &f->err);
}

static void assert_read(struct fixture *f, const char *text)
{
	if (read_text(f, text) != 0)
		fail_msg("%s", f->err.text);
}

/* @says is what follows the file's name. */
static void assert_refused(struct fixture *f, const char *text, const char *says)
{
	if (read_text(f, text) != -EINVAL)
		fail_msg("taken: %s", text);
	assert_memory_equal(f->err.text, f->path, strlen(f->path));
	assert_string_equal(f->err.text + strlen(f->path), says);
	assert_null(f->config.state_dir); /* nothing is left to free */
}

static void assert_defaults(const struct config *config)
{
	assert_string_equal(config->state_dir, "/var/lib/lantoa");
	assert_string_equal(config->zone, "Asia/Ho_Chi_Minh");
	assert_string_equal(config->listen, "tcp://0.0.0.0:5570");
	assert_string_equal(config->address, "");
	assert_string_equal(config->api_socket, "/run/lantoa/aggregator.sock");
	assert_int_equal(config->readers, 2);
	struct limits limits = limits_default();
	assert_memory_equal(&config->limits, &limits, sizeof(limits));
	assert_string_equal(config->level, "info");
}

static void what_a_file_does_not_give_has_its_default(void **state)
{
	struct fixture *f = *state;
	assert_read(f, "");
	assert_defaults(&f->config);
	assert_read(f, "[store]\nreaders = 8\n");
	assert_int_equal(f->config.readers, 8);
	assert_string_equal(f->config.state_dir, "/var/lib/lantoa");
}

static void a_machine_without_the_file_has_the_defaults(void **state)
{
	struct fixture *f = *state;
	if (access(CONFIG_PATH, F_OK) == 0)
		skip(); /* this machine has one */
	assert_int_equal(config_read(NULL, &f->config, &f->err), 0);
	assert_defaults(&f->config);
}

static void a_file_that_was_named_must_be_there(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(config_read("/nonexistent/aggregator.conf", &f->config, &f->err), -ENOENT);
	assert_string_equal(f->err.text, "/nonexistent/aggregator.conf: No such file or directory");
}

static void what_it_documents_reads_back_as_the_defaults(void **state)
{
	struct fixture *f = *state;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	config_document(out);
	fclose(out);
	assert_read(f, text);
	assert_defaults(&f->config);
	for (char *at = text; (at = strstr(at, "\n#")); at++) /* switch every key on */
		if (at[2] != ' ')
			at[1] = ' ';
	assert_read(f, text);
	assert_defaults(&f->config);
	free(text);
}

static void the_zone_becomes_that_of_the_process(void **state)
{
	struct fixture *f = *state;
	assert_read(f, "[aggregator]\nzone = Asia/Ho_Chi_Minh\n");
	assert_int_equal(config_apply(&f->config, &f->err), 0);
	int64_t hanoi = civil_minute(0);
	assert_read(f, "[aggregator]\nzone = UTC\n");
	assert_int_equal(hanoi - civil_minute(0), 0); /* reading changes nothing */
	assert_int_equal(config_apply(&f->config, &f->err), 0);
	assert_int_equal(hanoi - civil_minute(0), 8 * 60); /* +08:00 in 1970 */
}

static void a_reload_takes_what_needs_no_restart_and_names_the_rest(void **state)
{
	struct fixture *f = *state;
	struct conf_change change;
	assert_read(f, "[gate]\naddress = a:1\n");
	rewrite(f, "[gate]\naddress = b:2\nlisten = tcp://127.0.0.1:7\n[log]\nlevel = debug\n");
	assert_int_equal(config_reload(f->path, &f->config, &change, &f->err), 0);
	assert_string_equal(f->config.address, "b:2");
	assert_string_equal(f->config.level, "debug");
	assert_string_equal(f->config.listen, "tcp://0.0.0.0:5570");
	assert_string_equal(change.live, "[gate] address, [log] level");
	assert_string_equal(change.restart, "[gate] listen");
}

static void a_reload_of_a_bad_file_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct conf_change change;
	assert_read(f, "[gate]\naddress = a:1\n");
	rewrite(f, "[gate]\naddress = b:2\n[aggregator]\nzone = Asia/Hanoi\n");
	assert_int_equal(config_reload(f->path, &f->config, &change, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.text, "Asia/Hanoi"));
	assert_string_equal(f->config.address, "a:1");
}

static void values_that_cannot_work_are_refused_with_what_would_do(void **state)
{
	struct fixture *f = *state;
	assert_refused(f, "[store]\nreaders = 0\n",
		       ":2: readers: '0' is not a whole number from 1 to 8");
	assert_refused(f, "[store]\nreaders = 9\n",
		       ":2: readers: '9' is not a whole number from 1 to 8");
	assert_refused(f, "[gate]\nlisten_on = x\n",
		       ":2: there is no key 'listen_on' in [gate]; did you mean 'listen'?");
	assert_refused(f, "[log]\nlevel = loud\n",
		       ": [log] level: there is no 'loud'; use error, warning, info or debug");
	assert_int_equal(read_text(f, "[aggregator]\nzone = Asia/Hanoi\n"), -EINVAL);
	assert_non_null(strstr(f->err.text, "Asia/Hanoi"));
}

static void addresses_that_nobody_could_use_are_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const good[] = { "tcp://0.0.0.0:5570", "tcp://*:5570",
					    "tcp://127.0.0.1:0", "tcp://eth0:5570" };
	char text[128];
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(text, sizeof(text), "[gate]\nlisten = %s\n", good[i]);
		assert_read(f, text);
	}
	assert_refused(f, "[gate]\nlisten = 0.0.0.0:5570\n",
		       ": [gate] listen: '0.0.0.0:5570' must be tcp://ADDRESS:PORT");
	assert_refused(f, "[gate]\nlisten = tcp://0.0.0.0\n",
		       ": [gate] listen: 'tcp://0.0.0.0' must be tcp://ADDRESS:PORT");
	assert_refused(f, "[gate]\nlisten =\n", ": [gate] listen: '' must be tcp://ADDRESS:PORT");
	assert_read(f, "[gate]\naddress = figures.example.vn:5570\n");
	assert_read(f, "[gate]\naddress = [2001:db8::1]:5570\n");
	assert_refused(f, "[gate]\naddress = figures.example.vn\n",
		       ": [gate] address: 'figures.example.vn' must be HOST:PORT");
	assert_refused(f, "[gate]\naddress = tcp://figures.example.vn:5570\n",
		       ": [gate] address: 'tcp://figures.example.vn:5570' must be HOST:PORT");
}

static void paths_lie_in_the_state_folder_or_are_refused(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX], text[4096] = "[aggregator]\nstate_dir = ";
	assert_read(f, "[aggregator]\nstate_dir = /srv/lantoa\n");
	assert_int_equal(config_path(&f->config, "lantoa.db", path, &f->err), 0);
	assert_string_equal(path, "/srv/lantoa/lantoa.db");
	size_t head = strlen(text);
	memset(text + head, 'x', sizeof(text) - 1 - head);
	assert_read(f, text);
	assert_int_equal(config_path(&f->config, "a name that is too much, given all of that", path,
				     &f->err),
			 -ENAMETOOLONG);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_a_file_does_not_give_has_its_default),
		TEST(a_machine_without_the_file_has_the_defaults),
		TEST(a_file_that_was_named_must_be_there),
		TEST(what_it_documents_reads_back_as_the_defaults),
		TEST(the_zone_becomes_that_of_the_process),
		TEST(a_reload_takes_what_needs_no_restart_and_names_the_rest),
		TEST(a_reload_of_a_bad_file_changes_nothing),
		TEST(values_that_cannot_work_are_refused_with_what_would_do),
		TEST(addresses_that_nobody_could_use_are_refused),
		TEST(paths_lie_in_the_state_folder_or_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Offices that one machine holds for others: where each has what is its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "office/settings.h"
#include "office/state.h"
#include "support/scratch.h"
#include "uplink/admission.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fixture {
	char folder[SCRATCH_MAX], path[SCRATCH_MAX + 32];
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/agent.conf", f->folder);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static void write_conf(struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void each_has_places_of_its_own_by_its_code(void **state)
{
	struct fixture *f = *state;
	const struct settings_source source = { .office = "28249" };
	struct settings settings;
	char text[SETTINGS_OPTIONS_MAX];
	assert_int_equal(settings_read(&source, &settings, &f->err), 0);
	assert_string_equal(settings.office, "28249");
	assert_string_equal(settings.state_dir, "/var/lib/lantoa-offices/28249");
	assert_string_equal(settings.api_socket, "/run/lantoa-offices/28249/agent.sock");
	assert_string_equal(settings.page_socket, "/run/lantoa-pages/28249/page.sock");
	assert_string_equal(settings.page_author_header, "X-Remote-User");
	assert_string_equal(settings.page_listen, ""); /* a port that all would want */
	assert_string_equal(settings_unit(&settings, text), "lantoa-agent@28249");
	assert_string_equal(settings_options(&source, text), " --office 28249");
	settings_free(&settings);
	assert_int_equal(settings_read_good(&source, &settings, &f->err), 0);
	assert_string_equal(settings.api_socket, "/run/lantoa-offices/28249/agent.sock");
	settings_free(&settings);
}

/* What a file says comes before what follows from the code. */
static void a_file_has_the_last_word(void **state)
{
	struct fixture *f = *state;
	const struct settings_source source = { .path = f->path, .office = "28249" };
	struct settings settings;
	write_conf(f, "[page]\nhost = figures.example.vn:8443\nlisten = 127.0.0.1:0\n"
		      "[exec a]\ncommand = /bin/true\n[log]\nlevel = debug\n");
	assert_int_equal(settings_read(&source, &settings, &f->err), 0);
	assert_string_equal(settings.page_host, "figures.example.vn:8443");
	assert_string_equal(settings.page_listen, "127.0.0.1:0");
	assert_string_equal(settings.page_socket, "/run/lantoa-pages/28249/page.sock");
	assert_int_equal(settings.execs.n, 1);
	settings_free(&settings);
	write_conf(f, "[page]\nhost = https://figures.example.vn/\n");
	assert_int_equal(settings_read(&source, &settings, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.text, f->path));
	(void)remove(f->path);
	assert_int_equal(settings_read(&source, &settings, &f->err), -ENOENT);
}

static void a_code_is_what_a_user_can_be_named_by(void **state)
{
	static const char *const bad[] = {
		"",       ".",
		"..",     "../28249",
		"a/b",    "28249.invitation",
		"phường", "a b",
		"a%i",    "1234567890123456789",
	};
	struct fixture *f = *state;
	struct settings settings;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct settings_source source = { .office = bad[i] };
		assert_int_equal(settings_read(&source, &settings, &f->err), -EINVAL);
		assert_non_null(strstr(f->err.text, "1 to 17 letters"));
		assert_int_equal(settings_read_good(&source, &settings, &f->err), -EINVAL);
	}
}

/* I7: an invitation or a key that was laid into the wrong place would report for another. */
static void a_place_is_no_other_offices(void **state)
{
	struct fixture *f = *state;
	struct settings settings = { .office = "28249", .state_dir = f->folder };
	struct invitation invitation = { .address = "127.0.0.1:1", .office = "28252" };
	struct identity identity;
	struct state here = { 0 };
	char path[SCRATCH_MAX + 32];
	assert_int_equal(admission_once(&settings, &invitation, &f->err), -EINVAL);
	assert_non_null(
		strstr(f->err.text, "is for office 28252, and this place is for office 28249"));
	(void)snprintf(path, sizeof(path), "%s/spool.db", f->folder);
	struct stat info;
	assert_int_equal(stat(path, &info), -1); /* nothing was begun */
	identity_public((const uint8_t[INVITATION_KEY_LEN]){ 8 }, invitation.server_key);
	identity_make(&invitation, &identity);
	(void)snprintf(path, sizeof(path), "%s/" IDENTITY_FILE, f->folder);
	assert_int_equal(identity_write(path, &identity, &f->err), 0);
	assert_int_equal(state_init(&here, &settings, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.text, "the key of office 28252"));
	state_deinit(&here);
	/* As both say. Nobody listens there. */
	here = (struct state){ 0 };
	memcpy(settings.office, "28252", sizeof("28252"));
	settings.zone = (char[]){ "Asia/Ho_Chi_Minh" };
	settings.bytes_max = 8 << 20;
	settings.keep_acked_days = 35;
	assert_int_equal(state_init(&here, &settings, &f->err), 0);
	state_deinit(&here);
	assert_int_equal(admission_once(&settings, &invitation, &f->err), -ETIMEDOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_has_places_of_its_own_by_its_code, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_has_the_last_word, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_code_is_what_a_user_can_be_named_by, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_place_is_no_other_offices, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

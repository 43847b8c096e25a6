/* The page's server with a real spool, in one process, and a disk that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clerk/clerk.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "inbox/outcomes.h"
#include "office/facts.h"
#include "support/fault.h"
#include "support/scratch.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"team.count,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,\n"
#define PROXY      "figures.example.vn"
#define TOKEN_MARK "name=\"token\" value=\""

struct fixture {
	char folder[SCRATCH_MAX], path[PATH_MAX];
	uv_loop_t loop;
	struct worker *worker;
	struct spool *spool;
	struct recorder *recorder;
	void *clerk;
	struct sockaddr_in address;
	struct sockaddr_un socket; /* for a proxy */
	const char *proxy_host;
	char answer[1 << 17], token[64];
	bool stopped;
	struct err err;
};

static struct catalogue *a_catalogue(void)
{
	struct catalogue *catalogue;
	struct err err;
	assert_int_equal(catalogue_read(CATALOGUE, strlen(CATALOGUE), &catalogue, &err), 0);
	return catalogue;
}

/* A port that was free a moment ago. */
static void choose_port(struct fixture *f)
{
	socklen_t len = sizeof(f->address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	f->address = (struct sockaddr_in){ .sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)&f->address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&f->address, &len), 0);
	close(fd);
}

static const char *no_trouble(const struct inputs *inputs, const char *name)
{
	(void)inputs;
	(void)name;
	return "";
}

static void start_page(struct fixture *f)
{
	char listen[32];
	char host_name[64], header[] = "X-Remote-User";
	struct settings settings = { .page_listen = listen,
				     .page_socket = f->socket.sun_path,
				     .page_host = host_name,
				     .page_author_header = header,
				     .state_dir = f->folder };
	struct input_host host = { .loop = &f->loop,
				   .recorder = f->recorder,
				   .office = "28001",
				   .trouble_of = no_trouble };
	choose_port(f);
	(void)snprintf(host_name, sizeof(host_name), "%s", f->proxy_host);
	(void)snprintf(f->socket.sun_path, sizeof(f->socket.sun_path), "%s/page.sock", f->folder);
	f->socket.sun_family = AF_UNIX;
	(void)snprintf(listen, sizeof(listen), "127.0.0.1:%u", ntohs(f->address.sin_port));
	if (clerk_start(&host, &settings, &f->clerk, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static int set_up(void **state)
{
	struct spool_limits limits = { .bytes_max = 8 << 20, .keep_days = 35 };
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	scratch_make(true, f->folder);
	f->proxy_host = PROXY;
	(void)snprintf(f->path, sizeof(f->path), "%s/spool.db", f->folder);
	assert_int_equal(spool_open(f->path, &limits, &f->spool, NULL, &f->err), 0);
	assert_int_equal(facts_keep_office(f->spool, "Phường <Một>", "", "commune", &f->err), 0);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->worker = worker_open(&f->loop);
	struct recorder_config config = { .spool = f->spool, .worker = f->worker };
	f->recorder = recorder_open(&config);
	assert_non_null(f->recorder);
	recorder_catalogue_take(f->recorder, a_catalogue());
	start_page(f);
	*state = f;
	return 0;
}

static void on_stopped(void *context)
{
	((struct fixture *)context)->stopped = true;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	clerk_stop(f->clerk, on_stopped, f);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_true(f->stopped);
	recorder_close(f->recorder);
	worker_close(f->worker);
	spool_close(f->spool);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static int begin_at(struct fixture *f, const void *address, socklen_t len, const char *request)
{
	int fd = socket(((const struct sockaddr *)address)->sa_family, SOCK_STREAM | SOCK_NONBLOCK,
			0);
	(void)connect(fd, address, len); /* in progress */
	while (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	return fd;
}

static int begin(struct fixture *f, const char *request)
{
	return begin_at(f, &f->address, sizeof(f->address), request);
}

/* The status; the whole answer is in f->answer. */
static int hear(struct fixture *f, int fd)
{
	size_t len = 0;
	for (;;) {
		ssize_t n = recv(fd, f->answer + len, sizeof(f->answer) - 1 - len, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		if (n > 0)
			len += (size_t)n;
		else
			uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	f->answer[len] = '\0';
	close(fd);
	return len > 12 ? atoi(f->answer + 9) : 0;
}

static int get(struct fixture *f, const char *path)
{
	char request[512];
	(void)snprintf(request, sizeof(request),
		       "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path);
	return hear(f, begin(f, request));
}

static int post(struct fixture *f, const char *path, const char *fields)
{
	char request[2048], body[1024];
	int len = snprintf(body, sizeof(body), "token=%s&period=2025-06&calendar=civil&%s",
			   f->token, fields);
	(void)snprintf(request, sizeof(request),
		       "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n"
		       "Connection: close\r\n\r\n%s",
		       path, len, body);
	return hear(f, begin(f, request));
}

static void learn_token(struct fixture *f)
{
	assert_int_equal(get(f, "/form?period=2025-06"), 200);
	const char *token = strstr(f->answer, TOKEN_MARK);
	assert_non_null(token);
	token += strlen(TOKEN_MARK);
	(void)snprintf(f->token, sizeof(f->token), "%.*s", (int)strcspn(token, "\""), token);
}

/* INT64_MIN: there is none. */
static int64_t recorded(struct fixture *f)
{
	struct period period;
	int64_t value_e = INT64_MIN;
	struct err err;
	assert_int_equal(period_parse("2025-06", CALENDAR_CIVIL, &period, &err), 0);
	(void)spool_current(f->spool, "team.count", "", period, &value_e, &(unsigned){ 0 },
			    &(bool){ false }, &err); /* -ENOENT: as set above */
	return value_e;
}

static void assert_shown(const struct fixture *f, const char *text)
{
	if (!strstr(f->answer, text))
		fail_msg("no '%s' in:\n%s", text, f->answer);
}

static void what_is_saved_is_shown_where_it_was_typed(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(get(f, "/"), 200);
	assert_shown(f, "Phường &lt;Một&gt;");
	learn_token(f);
	assert_int_equal(post(f, "/form", "v:team.count:=8&o:team.count:="), 303);
	assert_shown(f, "Location: form?period=2025-06&calendar=civil&saved=1\r\n");
	assert_int_equal(recorded(f), 8);
	assert_int_equal(get(f, "/form?period=2025-06&calendar=civil&saved=1"), 200);
	assert_shown(f, "Saved on this machine at");
	assert_shown(f, "<li>Teams: 8</li>");
	assert_shown(f, "value=\"8\"");
	/* Another's number, or an old one, says nothing. */
	assert_int_equal(get(f, "/form?period=2025-06&calendar=civil&saved=2"), 200);
	assert_null(strstr(f->answer, "Saved on this machine"));
	assert_int_equal(get(f, "/sent"), 200);
	assert_shown(f, "8 team");
}

/* Somebody says that all is there, is shown to have said so, and takes it back. */
static void a_report_is_finished_when_somebody_says_so(void **state)
{
	struct fixture *f = *state;
	const char *finish = "finished=yes";
	assert_int_equal(get(f, "/form?period=2025-06&calendar=civil"), 200);
	learn_token(f);
	assert_null(strstr(f->answer, "action=\"finished\"")); /* there is nothing to say it of */
	assert_int_equal(post(f, "/finished", finish), 400);
	assert_shown(f,
		     "there is no figure of this period here yet. Write what there is first; for "
		     "none at all, write 0");
	assert_int_equal(post(f, "/form", "v:team.count:=0&n:team.count:=m%E1%BB%9Bi"), 303);
	assert_int_equal(get(f, "/form?period=2025-06&calendar=civil"), 200);
	assert_shown(f, "<details class=\"note\" open>");
	assert_shown(f, "value=\"mới\"");
	assert_shown(f, "This report is finished</button>");
	assert_int_equal(post(f, "/finished", finish), 303);
	assert_shown(f, "Location: form?period=2025-06&calendar=civil\r\n");
	assert_int_equal(get(f, "/form?period=2025-06&calendar=civil"), 200);
	assert_shown(f, "This report is finished: that was said at ");
	assert_shown(f, "It is not finished after all</button>");
	assert_shown(f, "<span class=\"badge done\">finished</span>");
	assert_int_equal(post(f, "/finished", "finished=no"), 303);
	assert_int_equal(get(f, "/form?period=2025-06&calendar=civil"), 200);
	assert_null(strstr(f->answer, "that was said at"));
	char body[256], named[1024];
	int len = snprintf(body, sizeof(body),
			   "token=%s&period=2025-06&calendar=civil&finished=yes", f->token);
	(void)snprintf(named, sizeof(named),
		       "POST /finished HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n"
		       "Cookie: lantoa-typist=Hoa\r\nConnection: close\r\n\r\n%s",
		       len, body);
	assert_int_equal(hear(f, begin(f, named)), 303);
	assert_int_equal(get(f, "/form?period=2025-06&calendar=civil"), 200);
	assert_shown(f, "This report is finished: Hoa said so, at ");
	f->token[0] = f->token[0] == 'a' ? 'b' : 'a';
	assert_int_equal(post(f, "/finished", finish), 400);
	assert_shown(f, "open that page again, and press the button there");
	assert_int_equal(get(f, "/form?period=2025-06&calendar=civil"), 200);
	learn_token(f);
	assert_int_equal(post(f, "/finished", "finished=no"), 303);
}

/* A program that fills in the form may: the whole form is refused, and both values are told. */
static void a_field_that_was_sent_twice_records_nothing(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(get(f, "/"), 200);
	learn_token(f);
	assert_int_equal(post(f, "/form", "v:team.count:=8&o:team.count:=&v:team.count:=9"), 422);
	assert_shown(f, "Teams was sent twice, as &#39;8&#39; and as &#39;9&#39;");
	assert_int_equal(recorded(f), INT64_MIN);
	assert_int_equal(post(f, "/form", "v:team.count:=8&v:team.count:=8"), 303);
	assert_int_equal(recorded(f), 8);
}

/* Nothing of it is in the program: the catalogue alone has the words. */
static void a_new_unit_and_dimension_are_called_as_the_catalogue_says(void **state)
{
	static const char csv[] =
		"name,label_vi,label_en,unit,unit_vi,kind,time_agg,area_agg,period,dimensions,"
		"dimensions_vi,decimals,carry,level,due_days,min,max\n"
		"ferry.trips,Chuyến đò,Ferry trips,crossing,chuyến,flow,sum,sum,month,pier;boat,"
		"bến đò; loại đò,0,0,commune,2,0,\n";
	struct fixture *f = *state;
	struct catalogue *catalogue;
	assert_int_equal(catalogue_read(csv, strlen(csv), &catalogue, &f->err), 0);
	recorder_catalogue_take(f->recorder, catalogue);
	assert_int_equal(get(f, "/form?period=2025-06&lang=vi"), 200);
	assert_shown(f, ">chuyến</span>");
	assert_shown(f, ">bến đò</label>");
	assert_shown(f, ">loại đò</label>");
	assert_int_equal(get(f, "/form?period=2025-06&lang=en"), 200);
	assert_shown(f, ">crossing</span>");
	assert_shown(f, ">pier</label>");
	learn_token(f);
	assert_int_equal(post(f, "/form",
			      "lang=vi&v:ferry.trips:%2B0=40&d:ferry.trips:%2B0:pier=Rạch+Miễu&"
			      "d:ferry.trips:%2B0:boat=phà"),
			 303);
	assert_int_equal(get(f, "/sent?lang=vi"), 200);
	assert_shown(f, "loại đò: phà, bến đò: Rạch Miễu");
	assert_shown(f, "40 chuyến");
}

static void the_language_is_chosen_and_remembered(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(get(f, "/?lang=vi"), 200);
	assert_shown(f, "Set-Cookie: lantoa-lang=vi; SameSite=Strict");
	assert_null(strstr(f->answer, "Secure")); /* this machine's own page has no TLS */
	assert_int_equal(get(f, "/"), 200);
	assert_null(strstr(f->answer, "Set-Cookie"));
}

static void a_form_of_another_start_records_nothing(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(post(f, "/form", "v:team.count:=8"), 422);
	assert_shown(f, "was restarted");
	assert_shown(f, "value=\"8\"");
	learn_token(f);
	f->token[0] = f->token[0] == 'a' ? 'b' : 'a';
	assert_int_equal(post(f, "/form", "v:team.count:=8"), 422);
	assert_int_equal(recorded(f), INT64_MIN);
	assert_int_equal(post(f, "/check", "v:team.count:=-8"), 200); /* reads only */
	assert_shown(f, "{\"fields\": {\"v:team.count:\": {\"kind\": \"error\"");
}

/* --- who types --- */

/* By the proxy's socket, with these lines in the head. */
static int by_proxy(struct fixture *f, const char *method, const char *path, const char *lines,
		    const char *body)
{
	char request[4096];
	(void)snprintf(request, sizeof(request),
		       "%s %s HTTP/1.1\r\nHost: " PROXY "\r\n%sConnection: close\r\n"
		       "Content-Length: %zu\r\n\r\n%s",
		       method, path, lines, strlen(body), body);
	return hear(f, begin_at(f, &f->socket, sizeof(f->socket), request));
}

#define LONG_NAME                                                                                  \
	"X-Remote-User: 01234567890123456789012345678901234567890123456789012345678901234\r\n"
#define HOA "X-Remote-User: Nguyễn Thị Hoa\r\n"
#define TWO "x-remote-user: lan\r\n" HOA

static void whom_the_proxy_names_is_who_types(void **state)
{
	struct fixture *f = *state;
	char body[256];
	assert_int_equal(by_proxy(f, "GET", "/", HOA, ""), 200);
	assert_shown(f, "<strong>Nguyễn Thị Hoa</strong>");
	assert_null(strstr(f->answer, "Not you?"));
	learn_token(f);
	(void)snprintf(
		body, sizeof(body),
		"token=%s&period=2025-06&calendar=civil&v:team.count:=8&o:team.count:=", f->token);
	assert_int_equal(by_proxy(f, "POST", "/form", HOA "Origin: https://" PROXY "\r\n", body),
			 303);
	assert_shown(f, "Location: form?period=2025-06");
	assert_int_equal(recorded(f), 8);
	/* Nor is this machine the reader's. */
	assert_int_equal(by_proxy(f, "GET", "/form?period=2025-06&calendar=civil&saved=1", HOA, ""),
			 200);
	assert_shown(f, "Saved on the office&#39;s server at");
	assert_null(strstr(f->answer, "this machine"));
	assert_int_equal(by_proxy(f, "GET", "/sent", HOA, ""), 200);
	assert_null(strstr(f->answer, "this machine"));
	assert_int_equal(by_proxy(f, "GET", "/files", HOA, ""), 200);
	assert_null(strstr(f->answer, "this machine"));
	/* Its browsers see https: what they keep never goes without. */
	assert_int_equal(by_proxy(f, "GET", "/?lang=vi", HOA, ""), 200);
	assert_shown(f, "Set-Cookie: lantoa-lang=vi; SameSite=Strict; Max-Age=31536000; HttpOnly; "
			"Secure");
	/* A name cannot be chosen there, and a cookie says nothing. */
	assert_int_equal(by_proxy(f, "GET", "/typist", HOA "Cookie: lantoa-typist=lan\r\n", ""),
			 200);
	assert_shown(f, "The server that you signed in at says who you are.");
	assert_null(strstr(f->answer, "lan</strong>"));
	(void)snprintf(body, sizeof(body), "token=%s&name=lan", f->token);
	assert_int_equal(by_proxy(f, "POST", "/typist", HOA, body), 403);
	assert_null(strstr(f->answer, "Set-Cookie"));
}

/* I13: who is not named is not nobody. */
static void a_proxy_that_names_nobody_is_refused(void **state)
{
	static const char *const lines[] = { "",
					     "X-Remote-User:\r\n",
					     TWO,
					     "X-Remote-User: \xff\r\n",
					     "X-Remote-User: a\tb\r\n",
					     LONG_NAME,
					     "Cookie: lantoa-typist=hoa\r\n" };
	static const char *const paths[] = { "/", "/form?period=2025-06", "/sent", "/files",
					     "/typist" };
	struct fixture *f = *state;
	char body[256];
	learn_token(f);
	(void)snprintf(
		body, sizeof(body),
		"token=%s&period=2025-06&calendar=civil&v:team.count:=8&o:team.count:=", f->token);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		for (size_t j = 0; j < sizeof(paths) / sizeof(paths[0]); j++) {
			assert_int_equal(by_proxy(f, "GET", paths[j], lines[i], ""), 403);
			assert_shown(f, "it must set the header X-Remote-User");
		}
		assert_int_equal(by_proxy(f, "POST", "/form", lines[i], body), 403);
	}
	assert_int_equal(recorded(f), INT64_MIN);
	assert_int_equal(by_proxy(f, "POST", "/form", HOA, body), 303); /* as it says */
	assert_int_equal(by_proxy(f, "GET", "/page.css", "", ""), 200); /* says nothing */
}

static void the_proxys_socket_is_guarded_by_its_name(void **state)
{
	struct fixture *f = *state;
	char request[256];
	(void)snprintf(request, sizeof(request),
		       "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" HOA "Connection: close\r\n\r\n");
	assert_int_equal(hear(f, begin_at(f, &f->socket, sizeof(f->socket), request)), 403);
	assert_shown(f, "open it by the address that you were given");
	assert_int_equal(by_proxy(f, "GET", "/", HOA, ""), 200); /* as it says */
	assert_int_equal(by_proxy(f, "POST", "/form", HOA "Origin: https://evil.example\r\n", ""),
			 403);
	assert_int_equal(by_proxy(f, "POST", "/form", HOA "Origin: http://" PROXY "\r\n", ""), 403);
	/* And the port of this machine by names of this machine, as ever. */
	assert_int_equal(hear(f, begin(f, "GET / HTTP/1.1\r\nHost: " PROXY "\r\n"
					  "Connection: close\r\n\r\n")),
			 403);
}

/* Whoever can start a program on this machine can send that header. */
static void a_header_on_loopback_names_nobody(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(hear(f, begin(f, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" HOA
					  "Connection: close\r\n\r\n")),
			 200);
	assert_null(strstr(f->answer, "Hoa"));
	assert_shown(f, "action=\"typist\""); /* it asks */
	assert_int_equal(get(f, "/sent"), 200);
	assert_shown(f, "<a href=\"typist\">Say who is typing</a>");
}

static int post_name(struct fixture *f, const char *token, const char *name)
{
	char request[1024], body[512];
	int len = snprintf(body, sizeof(body), "token=%s&name=%s", token, name);
	(void)snprintf(request, sizeof(request),
		       "POST /typist HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n"
		       "Connection: close\r\n\r\n%s",
		       len, body);
	return hear(f, begin(f, request));
}

static void on_loopback_a_name_is_asked_once_and_kept(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(get(f, "/"), 200);
	assert_shown(f, "action=\"typist\"");
	learn_token(f);
	assert_int_equal(post_name(f, f->token, "Nguy%E1%BB%85n+Hoa"), 303);
	assert_shown(f, "Location: .\r\n");
	assert_shown(f,
		     "Set-Cookie: lantoa-typist=Nguy%E1%BB%85n%20Hoa; SameSite=Strict; HttpOnly");
	assert_int_equal(hear(f, begin(f, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: "
					  "lantoa-typist=Nguy%E1%BB%85n%20Hoa\r\n"
					  "Connection: close\r\n\r\n")),
			 200);
	assert_shown(f, "<strong>Nguyễn Hoa</strong> <a href=\"typist\">Not you?</a>");
	assert_null(strstr(f->answer, "action=\"typist\""));
	/* It is taken back with an empty field. */
	assert_int_equal(post_name(f, f->token, ""), 303);
	assert_shown(f, "Set-Cookie: lantoa-typist=; SameSite=Strict; HttpOnly; Max-Age=0");
	assert_int_equal(post_name(f, f->token, "a%00b"), 400);
	assert_int_equal(post_name(f, f->token, "a%0Ab"), 400);
	assert_shown(f, "write a shorter one");
	assert_null(strstr(f->answer, "Set-Cookie"));
	assert_int_equal(post_name(f, "nonsense", "Hoa"), 409);
	assert_shown(f, "Write your name once more.");
	assert_null(strstr(f->answer, "Set-Cookie"));
	assert_int_equal(post_name(f, f->token, "Hoa"), 303); /* as both say */
}

/* The page stands below any folder of a proxy: none of its addresses begins at the root. */
static void no_address_leaves_the_folder_of_the_page(void **state)
{
	static const char *const paths[] = { "/",
					     "/form?period=2025-06",
					     "/form?period=2025-99",
					     "/sent",
					     "/files",
					     "/typist",
					     "/page.js",
					     "/page.css" };
	static const char *const roots[] = { "href=\"/", "src=\"/",     "action=\"/", "fetch(\"/",
					     "url(/",    "Location: /", "Path=" };
	struct fixture *f = *state;
	learn_token(f);
	assert_int_equal(post(f, "/form", "v:team.count:=8&o:team.count:="), 303);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		(void)get(f, paths[i]);
		for (size_t j = 0; j < sizeof(roots) / sizeof(roots[0]); j++)
			if (strstr(f->answer, roots[j]))
				fail_msg("%s has %s", paths[i], roots[j]);
	}
}

/* Nor does one that no test follows: the table of routes and the files alone name them from there.
 */
static void no_source_names_an_address_at_the_root(void **state)
{
	static char text[1 << 17];
	glob_t found = { 0 };
	(void)state;
	assert_int_equal(glob(SOURCE_DIR "/agent/clerk/*.c", 0, NULL, &found), 0);
	assert_true(found.gl_pathc > 20);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i], *name = strrchr(path, '/') + 1;
		FILE *file = fopen(path, "r");
		assert_non_null(file);
		size_t len = fread(text, 1, sizeof(text) - 1, file);
		assert_int_equal(fclose(file), 0);
		assert_true(len < sizeof(text) - 1);
		text[len] = '\0';
		if (strcmp(name, "clerk.c") == 0 || strcmp(name, "assets.c") == 0)
			continue;
		for (const char *at = text; (at = strstr(at, "\"/")); at++)
			if (at[2] != '>') /* the end of an element */
				fail_msg("%s: %.60s", path, at);
	}
	globfree(&found);
}

static void a_socket_without_the_proxys_name_is_not_opened(void **state)
{
	struct fixture *f = *state;
	struct settings settings = { .state_dir = f->folder };
	char none[] = "", path[PATH_MAX], header[] = "X-Remote-User";
	struct input_host host = { .loop = &f->loop,
				   .recorder = f->recorder,
				   .office = "28001",
				   .trouble_of = no_trouble };
	void *second;
	(void)snprintf(path, sizeof(path), "%s/other.sock", f->folder);
	settings.page_listen = settings.page_host = none;
	settings.page_socket = path;
	settings.page_author_header = header;
	assert_true(clerk_wanted(&settings));
	assert_int_equal(clerk_start(&host, &settings, &second, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.text, "[page] host is not set"));
	/* Beside a port that was opened already, which is closed again. */
	settings.page_listen = (char[]){ "127.0.0.1:0" };
	assert_int_equal(clerk_start(&host, &settings, &second, &f->err), -EINVAL);
	assert_int_equal(access(path, F_OK), -1);
	settings.page_host = (char[]){ PROXY };
	assert_int_equal(clerk_start(&host, &settings, &second, &f->err), 0); /* as it says */
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0660);
	clerk_stop(second, on_stopped, f);
	while (!f->stopped)
		uv_run(&f->loop, UV_RUN_ONCE);
	f->stopped = false;
}

/* Fail the first operation of the disk, then the second, ...: either all is well, or the form is
 * shown again with what was typed, and nothing was recorded. */
static void a_disk_that_is_full_loses_nothing_that_was_typed(void **state)
{
	struct fixture *f = *state;
	char fields[64];
	unsigned refused = 0;
	learn_token(f);
	for (unsigned after = 0;; after++) {
		int64_t before = recorded(f);
		(void)snprintf(fields, sizeof(fields), "v:team.count:=%u&y:team.count:=%u",
			       after + 10, after + 10);
		fault_arm_at(FAULT_FULL, after);
		int status = post(f, "/form", fields);
		if (!fault_disarm()) {
			assert_int_equal(status, 303);
			assert_int_equal(recorded(f), after + 10);
			assert_true(refused > 0);
			return;
		}
		if (status == 303) { /* it was one that SQLite can do without */
			assert_int_equal(recorded(f), after + 10);
			continue;
		}
		assert_int_equal(status, 507);
		refused++;
		(void)snprintf(fields, sizeof(fields), "value=\"%u\"", after + 10);
		assert_shown(f, fields);
		assert_shown(f, "Nothing was saved yet");
		assert_int_equal(recorded(f), before);
	}
}

static void a_stop_waits_for_what_is_in_work(void **state)
{
	struct fixture *f = *state;
	int fd = begin(f, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	while (worker_waiting(f->worker) == 0)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	clerk_stop(f->clerk, on_stopped, f);
	assert_int_equal(hear(f, fd), 200);
	while (!f->stopped)
		uv_run(&f->loop, UV_RUN_ONCE);
	f->stopped = false;
	start_page(f); /* for tear_down() */
}

static void without_a_catalogue_a_page_says_so(void **state)
{
	struct fixture *f = *state;
	struct recorder *full = f->recorder;
	struct recorder_config config = { .spool = f->spool, .worker = f->worker };
	clerk_stop(f->clerk, on_stopped, f);
	while (!f->stopped)
		uv_run(&f->loop, UV_RUN_ONCE);
	f->stopped = false;
	f->recorder = recorder_open(&config);
	start_page(f);
	assert_int_equal(get(f, "/"), 503);
	assert_shown(f, "has not told yet what is to be reported");
	recorder_close(full);
}

/* --- files --- */

#define BOUNDARY "------x"

static int upload(struct fixture *f, const char *token, const char *name, const char *text)
{
	char request[8192], body[6144];
	int len = snprintf(
		body, sizeof(body),
		"--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n%s"
		"\r\n--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"file\"; "
		"filename=\"%s\"\r\nContent-Type: text/csv\r\n\r\n%s\r\n--" BOUNDARY "--\r\n",
		token, name, text);
	(void)snprintf(request, sizeof(request),
		       "POST /files HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n"
		       "Content-Type: multipart/form-data; boundary=" BOUNDARY
		       "\r\nConnection: close\r\n\r\n%s",
		       len, body);
	return hear(f, begin(f, request));
}

static void a_file_is_judged_as_the_inbox_does_and_its_errors_can_be_had(void **state)
{
	static const char wrong[] = "Kỳ;Tổ\r\n2025-06;8\r\n2025-05;tám\r\n";
	static const char right[] = "Kỳ;Tổ\r\n2025-06;9\r\n2025-05;8\r\n";
	struct fixture *f = *state;
	learn_token(f);
	assert_int_equal(upload(f, f->token, "../Báo cáo.csv", wrong), 303);
	assert_shown(f, "Location: files?taken=1\r\n");
	assert_int_equal(recorded(f), 8);
	assert_int_equal(get(f, "/files?taken=1"), 200);
	assert_shown(f, "<strong>Báo cáo.csv</strong>: 1 recorded, 1 not taken");
	assert_shown(f, "tám");
	assert_shown(f, "is not a number");
	assert_shown(f, "file=B%C3%A1o%20c%C3%A1o.csv.errors.csv");
	assert_int_equal(get(f, "/errors?file=B%C3%A1o%20c%C3%A1o.csv.errors.csv"), 200);
	assert_shown(f, "Content-Disposition: attachment; "
			"filename*=UTF-8''B%C3%A1o%20c%C3%A1o.csv.errors.csv");
	assert_shown(f, "\"3\";\"Tổ\";\"tám\"");
	/* The corrected one, of the same name: nothing of the first is left but what it recorded.
	 */
	assert_int_equal(upload(f, f->token, "C:\\Báo cáo.csv", right), 303);
	assert_int_equal(recorded(f), 9);
	assert_int_equal(get(f, "/files?taken=2"), 200);
	assert_shown(f, "<strong>Báo cáo.csv</strong>: 2 recorded. ");
	assert_null(strstr(f->answer, "not taken"));
	assert_int_equal(get(f, "/errors?file=B%C3%A1o%20c%C3%A1o.csv.errors.csv"), 404);
	/* As that says: */
	assert_int_equal(upload(f, f->token, "Báo cáo.csv", wrong), 303);
	assert_int_equal(get(f, "/errors?file=B%C3%A1o%20c%C3%A1o.csv.errors.csv"), 200);
	assert_int_equal(get(f, "/files?taken=1"), 200); /* it is told by the list alone */
	assert_null(strstr(f->answer, "<strong>Báo"));
}

static void a_file_of_another_start_or_none_is_not_taken(void **state)
{
	static const char good[] = "Kỳ;Tổ\r\n2025-06;8\r\n";
	struct fixture *f = *state;
	learn_token(f);
	assert_int_equal(upload(f, "nonsense", "a.csv", good), 409);
	assert_shown(f, "restarted since this page was opened");
	assert_int_equal(upload(f, f->token, "", good), 400);
	assert_shown(f, "Choose a file first.");
	assert_int_equal(recorded(f), INT64_MIN);
	assert_int_equal(upload(f, f->token, "empty.csv", ""), 303);
	assert_int_equal(get(f, "/files?taken=1"), 200);
	assert_shown(f, "nothing recorded, 1 not taken");
	assert_null(strstr(f->answer, "take it away"));
	assert_int_equal(upload(f, f->token, "a.csv", "Kỳ;Tổ\r\n"), 303);
	assert_int_equal(get(f, "/files?taken=2"), 200);
	assert_shown(f, "there is no figure in it, only the names of columns; fill it in");
	assert_null(strstr(f->answer, "take it away"));
	assert_int_equal(upload(f, f->token, "a.csv", good), 303); /* as all of these say */
	assert_int_equal(recorded(f), 8);
}

static void one_file_is_taken_at_a_time(void **state)
{
	struct fixture *f = *state;
	char requests[2][1024];
	int status[2], fds[2];
	learn_token(f);
	for (size_t i = 0; i < 2; i++) {
		char body[768];
		int len = snprintf(
			body, sizeof(body),
			"--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n%s"
			"\r\n--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"file\"; "
			"filename=\"%zu.csv\"\r\n\r\nKỳ;Tổ\r\n2025-06;8\r\n\r\n--" BOUNDARY
			"--\r\n",
			f->token, i);
		(void)snprintf(requests[i], sizeof(requests[i]),
			       "POST /files HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n"
			       "Content-Type: multipart/form-data; boundary=" BOUNDARY
			       "\r\nConnection: close\r\n\r\n%s",
			       len, body);
	}
	for (size_t i = 0; i < 2; i++)
		fds[i] = begin(f, requests[i]);
	for (size_t i = 2; i-- > 0;)
		status[i] = hear(f, fds[i]);
	assert_int_equal(status[0] + status[1], 303 + 503);
	assert_int_equal(hear(f, begin(f, requests[status[0] == 303])), 303); /* as it says */
	assert_int_equal(recorded(f), 8);
}

static void no_other_file_can_be_had(void **state)
{
	static const char *const paths[] = { "/errors?file=spool.db",
					     "/errors?file=..%2Fown.errors.csv",
					     "/errors?file=.errors.csv",
					     "/errors?file=a.csv.errors.csv", "/errors?file=done" };
	struct fixture *f = *state;
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/own.errors.csv", f->folder); /* fits */
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	learn_token(f);
	assert_int_equal(upload(f, f->token, "a.csv", "Kỳ;Tổ\r\n2025-06;8\r\n"), 303);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(get(f, paths[i]), 404);
	assert_int_equal(get(f, "/errors"), 400); /* say which: as above */
}

static void what_became_of_files_is_told_after_a_restart(void **state)
{
	struct fixture *f = *state;
	char name[32], text[64];
	learn_token(f);
	for (unsigned i = 0; i < OUTCOMES_MAX + 3; i++) {
		(void)snprintf(name, sizeof(name), "t%u.csv", i);
		(void)snprintf(text, sizeof(text), "Kỳ;Tổ\r\n2025-06;%u\r\n", i + 1);
		assert_int_equal(upload(f, f->token, name, text), 303);
	}
	struct outcome list[OUTCOMES_MAX];
	size_t n;
	assert_int_equal(outcomes_read(f->spool, list, &n, &f->err), 0);
	assert_int_equal(n, OUTCOMES_MAX);
	assert_string_equal(list[0].name, "t22.csv");
	assert_int_equal(list[0].recorded, 1);
	clerk_stop(f->clerk, on_stopped, f);
	while (!f->stopped)
		uv_run(&f->loop, UV_RUN_ONCE);
	f->stopped = false;
	start_page(f);
	assert_int_equal(get(f, "/files"), 200);
	assert_shown(f, ">t22.csv</th>");
	assert_null(strstr(f->answer, ">t2.csv</th>"));
}

/* Whatever the disk refuses: it is said, and the file can be handed in again. */
static void a_full_disk_is_told_and_the_file_taken_later(void **state)
{
	static const char good[] = "Kỳ;Tổ\r\n2025-06;8\r\n";
	struct fixture *f = *state;
	learn_token(f);
	for (unsigned after = 0; after < 40; after += 3) {
		fault_arm_at(FAULT_DISK, after);
		int status = upload(f, f->token, "a.csv", good);
		bool fired = fault_disarm();
		assert_true(fired ? status >= 303 : status == 303);
		if (!fired)
			break;
	}
	assert_int_equal(upload(f, f->token, "a.csv", good), 303);
	assert_int_equal(recorded(f), 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_saved_is_shown_where_it_was_typed),
		TEST(a_report_is_finished_when_somebody_says_so),
		TEST(a_field_that_was_sent_twice_records_nothing),
		TEST(a_new_unit_and_dimension_are_called_as_the_catalogue_says),
		TEST(a_file_is_judged_as_the_inbox_does_and_its_errors_can_be_had),
		TEST(a_file_of_another_start_or_none_is_not_taken),
		TEST(one_file_is_taken_at_a_time),
		TEST(no_other_file_can_be_had),
		TEST(what_became_of_files_is_told_after_a_restart),
		TEST(a_full_disk_is_told_and_the_file_taken_later),
		TEST(the_language_is_chosen_and_remembered),
		TEST(a_form_of_another_start_records_nothing),
		TEST(a_disk_that_is_full_loses_nothing_that_was_typed),
		TEST(whom_the_proxy_names_is_who_types),
		TEST(a_proxy_that_names_nobody_is_refused),
		TEST(the_proxys_socket_is_guarded_by_its_name),
		TEST(a_header_on_loopback_names_nobody),
		TEST(on_loopback_a_name_is_asked_once_and_kept),
		TEST(no_address_leaves_the_folder_of_the_page),
		TEST(no_source_names_an_address_at_the_root),
		TEST(a_socket_without_the_proxys_name_is_not_opened),
		TEST(a_stop_waits_for_what_is_in_work),
		TEST(without_a_catalogue_a_page_says_so),
	};
	struct err err;
	i18n_serve(NULL);
	fault_install();
	if (civil_set_zone("Asia/Ho_Chi_Minh", &err) < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

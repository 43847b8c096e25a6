#include "cli/cmd_top.h"

#include "cli/args.h"
#include "cli/output.h"
#include "cli/top_screen.h"
#include "common/base/i18n.h"
#include "common/text/csv_table.h"
#include "feed/client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_LIMIT_S 5u /* a frame waits no longer for an answer */
#define OFFICES_S      10 /* how old the list of offices may be */
#define INTERVAL_MAX_S 3600u

struct top {
	const struct order *order;
	unsigned every_s;
	struct blob now, before; /* what /v1/metrics answered */
	int64_t now_us, before_us, offices_us;
	struct table *offices; /* owned */
	struct err trouble;    /* code 0: there is none */
	bool on_screen;
	struct termios as_it_was;
	int signals; /* signalfd */
};

static int64_t clock_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- asking --- */

static int ask_metrics(struct top *top, struct err *err)
{
	const struct request request = { .method = "GET",
					 .path = "/v1/metrics",
					 .accept = "text/plain",
					 .limit_s = ANSWER_LIMIT_S };
	struct blob answer = { 0 };
	int rc = client_ask(top->order->api, &request, &answer, err);

	if (rc == 0 && blob_append(&answer, "", 1) < 0)
		rc = err_memory(err);
	if (rc < 0) {
		blob_free(&answer);
		return rc;
	}
	blob_free(&top->before);
	top->before = top->now;
	top->before_us = top->now_us;
	top->now = answer;
	top->now_us = clock_us();
	return 0;
}

static int ask_offices(struct top *top, struct err *err)
{
	const struct argument arguments[] = { { "silent", "1" }, { "late", "1" } };
	const struct request request = { .method = "GET",
					 .path = "/v1/offices/heard",
					 .arguments = arguments,
					 .n_arguments = 2,
					 .accept = "text/csv",
					 .limit_s = ANSWER_LIMIT_S };
	struct blob answer = { 0 };
	struct table *table = NULL;
	struct err why;
	int rc = client_ask(top->order->api, &request, &answer, err);

	if (rc == 0 && csv_table((const char *)answer.data, answer.len, &table, &why) < 0)
		rc = output_strange(err);
	blob_free(&answer);
	if (rc < 0)
		return rc;
	table_close(top->offices);
	top->offices = table;
	top->offices_us = clock_us();
	return 0;
}

static int ask(struct top *top, struct err *err)
{
	int rc = ask_metrics(top, err);

	if (rc == 0 && (!top->offices || clock_us() - top->offices_us >= OFFICES_S * 1000000))
		rc = ask_offices(top, err);
	return rc;
}

/* --- drawing --- */

static int frame(const struct top *top, const struct drawn_room *room, size_t rows, FILE *out,
		 struct err *err)
{
	char clock[32] = "";
	time_t now = time(NULL);
	struct tm local;

	if (localtime_r(&now, &local))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &local); /* fits */
	const struct top_facts facts = { .now = (const char *)top->now.data,
					 .before = (const char *)top->before.data,
					 .between_us = top->now_us - top->before_us,
					 .offices = top->offices,
					 .trouble = top->trouble.code ? top->trouble.text : NULL,
					 .clock = clock,
					 .every_s = top->every_s,
					 .keys = top->on_screen ? _("q quits") : NULL };

	return top_screen(&facts, room, rows, out, err);
}

/* In one piece, so that nothing flickers: each line up to its end, and what is below them. */
static int draw(const struct top *top, struct err *err)
{
	struct screen screen = *top->order->screen, now;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return err_memory(err);
	if (screen_look("never", &now, err) == 0) { /* it may have another size by now */
		screen.columns = now.columns;
		screen.rows = now.rows;
	}
	const struct drawn_room room = { screen.columns, screen.colour, NULL };
	int rc = frame(top, &room, screen.rows > 1 ? screen.rows - 1 : 1, out, err);

	if (fclose(out) != 0 && rc == 0)
		rc = err_memory(err);
	if (rc == 0) {
		fputs("\x1b[H", stdout);
		for (const char *at = text; *at;) {
			size_t line = strcspn(at, "\n");

			printf("%.*s\x1b[K\n", (int)line, at);
			at += line + (at[line] == '\n');
		}
		fputs("\x1b[J", stdout);
		if (fflush(stdout) != 0)
			rc = err_set(err, -EIO, "cannot write the answer: %s",
				     err_strerror(-errno));
	}
	free(text);
	return rc;
}

/* --- the terminal --- */

static void enter(struct top *top)
{
	struct termios quiet;

	if (tcgetattr(STDIN_FILENO, &top->as_it_was) == 0) {
		quiet = top->as_it_was;
		quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		quiet.c_cc[VMIN] = 0;
		quiet.c_cc[VTIME] = 0;
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &quiet); /* keys are echoed at worst */
	}
	fputs("\x1b[?1049h\x1b[?25l", stdout); /* the other screen, without a cursor */
	top->on_screen = true;
}

static void leave(struct top *top)
{
	if (!top->on_screen)
		return;
	/* First: who sees the screen of before may type. */
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &top->as_it_was);
	fputs("\x1b[?25h\x1b[?1049l", stdout);
	(void)fflush(stdout); /* whoever closed the terminal needs nothing of it */
	top->on_screen = false;
}

static int signals_open(struct top *top, struct err *err)
{
	static const int heeded[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH
	};
	sigset_t set;

	(void)sigemptyset(&set); /* these cannot fail for them */
	for (size_t i = 0; i < sizeof(heeded) / sizeof(heeded[0]); i++)
		(void)sigaddset(&set, heeded[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	top->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return top->signals < 0 ? err_system(err, -errno, "signalfd") : 0;
}

/* Who waits for this process is told by which signal it ended. */
static void end_by(struct top *top, int signal)
{
	sigset_t set;

	leave(top);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, signal);
	(void)kill(getpid(), signal); /* it is blocked until the next line */
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* False: it is to end. */
static bool obey(struct top *top)
{
	struct signalfd_siginfo info;

	while (read(top->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTSTP:
			leave(top);
			(void)kill(getpid(), SIGSTOP);
			enter(top);
			break;
		case SIGCONT:
		case SIGWINCH:
			break; /* the next frame comes now */
		case SIGINT:
			return false;
		default:
			end_by(top, (int)info.ssi_signo);
			return false;
		}
	}
	return true;
}

/* @ret_more false: q was typed. */
static void read_keys(bool *ret_more)
{
	char keys[16];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	for (ssize_t i = 0; i < n; i++)
		if (keys[i] == 'q' || keys[i] == 'Q' || keys[i] == '\x03')
			*ret_more = false;
	if (n == 0 && isatty(STDIN_FILENO) != 1)
		*ret_more = false; /* nobody is there */
}

/* Until @due_us, or a key or signal; @ret_due: no signal asked for a frame before that. */
static bool wait_until(struct top *top, int64_t due_us, bool *ret_due)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = top->signals, .events = POLLIN } };

	for (bool more = true;;) {
		int64_t left_us = due_us - clock_us();

		*ret_due = left_us <= 0;
		if (*ret_due)
			return true;
		if (poll(fds, 2, (int)(left_us / 1000) + 1) < 0 && errno != EINTR)
			return true;
		if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			return false; /* the terminal is gone */
		if (fds[0].revents & POLLIN)
			read_keys(&more);
		if (!more)
			return false;
		if (fds[1].revents & POLLIN)
			return obey(top);
	}
}

static int watch(struct top *top, struct err *err)
{
	int rc = signals_open(top, err);
	int64_t due_us = clock_us();
	bool due = true;

	if (rc < 0)
		return rc;
	enter(top);
	do {
		if (due) {
			struct err failed = { 0 };

			top->trouble.code = 0;
			if (ask(top, &failed) < 0)
				top->trouble = failed;
			due_us = clock_us() + (int64_t)top->every_s * 1000000;
		}
		rc = draw(top, err);
	} while (rc == 0 && wait_until(top, due_us, &due));
	leave(top);
	(void)close(top->signals); /* a signalfd */
	return rc;
}

/* For scripts: two looks, an interval apart, and one frame. */
static int once(struct top *top, struct err *err)
{
	struct drawn_room room = output_room(top->order);
	struct timespec wait = { .tv_sec = top->every_s };
	int rc;

	room.whole = NULL; /* top has no other format */
	while (nanosleep(&wait, &wait) < 0 && errno == EINTR)
		continue;
	rc = ask(top, err);
	return rc == 0 ? frame(top, &room, 0, stdout, err) : rc;
}

int cmd_top_run(const struct order *order, struct err *err)
{
	const char *interval = args_option(order->args, "interval");
	unsigned long every = interval ? strtoul(interval, NULL, 10) : 1;
	struct top top = { .order = order, .every_s = (unsigned)every, .signals = -1 };
	bool one = args_option(order->args, "once");
	int rc;

	if (every < 1 || every > INTERVAL_MAX_S)
		return err_set(err, -EINVAL, "--interval is 1 to %u seconds", INTERVAL_MAX_S);
	if (!one && (!order->screen->columns || isatty(STDIN_FILENO) != 1))
		return err_set(err, -EINVAL,
			       "top is for a terminal; for a script there is one picture with "
			       "--once");
	if (!one)
		(void)screen_release(order->screen, err); /* nothing was printed yet */
	rc = ask(&top, err);
	if (rc == 0)
		rc = one ? once(&top, err) : watch(&top, err);
	blob_free(&top.now);
	blob_free(&top.before);
	table_close(top.offices);
	return rc;
}

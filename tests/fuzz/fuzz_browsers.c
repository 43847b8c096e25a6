/* Browsers that log in. The first line of the input is a Cookie header, read beside a plainer
 * reader of it; the bytes behind it are what browsers do and how time goes on, beside a list of who
 * should be logged in. */
#include "fuzz/fuzz.h"
#include "web/browsers.h"

#include <sodium.h>
#include <stdbool.h>

#define NAME   "lantoa"
#define STEPS  400u
#define MOST   5u
#define IDLE_S 60u
#define END_S  240u

/* --- the header --- */

/* How often is the cookie there? Its last value, up to the semicolon, from @ret_at. */
static unsigned occurrences(const char *header, const char **ret_at, size_t *ret_len)
{
	unsigned n = 0;

	for (const char *at = header;; at++) {
		const char *end = strchr(at, ';');
		size_t len = end ? (size_t)(end - at) : strlen(at);
		while (len > 0 && (*at == ' ' || *at == '\t')) {
			at++;
			len--;
		}
		if (len > sizeof(NAME) - 1 && memcmp(at, NAME "=", sizeof(NAME)) == 0) {
			n++;
			*ret_at = at + sizeof(NAME);
			*ret_len = len - sizeof(NAME);
		}
		if (!end)
			return n;
		at = end;
	}
}

static void try_header(const char *header)
{
	char value[BROWSER_WORD_MAX];
	const char *at = NULL;
	size_t len = 0;
	unsigned n = occurrences(header, &at, &len);

	memset(value, 'x', sizeof(value));
	if (!cookie_value(header, NAME, value)) {
		/* A long one before another is refused for being long. */
		require(n != 1 || len >= BROWSER_WORD_MAX);
		return;
	}
	require(n == 1 && len < BROWSER_WORD_MAX);
	require(strlen(value) == len && memcmp(value, at, len) == 0);
}

/* --- the list --- */

struct known {
	char cookie[BROWSER_WORD_MAX], change[BROWSER_WORD_MAX], token[24];
	uint64_t began_s, seen_s;
	bool is_in;
};

struct list {
	struct known known[STEPS];
	size_t n, most;
	uint64_t now_s;
};

static size_t count_in(const struct list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += list->known[i].is_in;
	return n;
}

static void end_those_over(struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->now_s >= list->known[i].seen_s + IDLE_S ||
		    list->now_s >= list->known[i].began_s + END_S)
			list->known[i].is_in = false;
}

/* Whoever was still for longest makes room, and of several whoever began first. */
static void make_room(struct list *list, size_t most)
{
	while (count_in(list) > most) {
		struct known *least = NULL;

		for (size_t i = 0; i < list->n; i++)
			if (list->known[i].is_in &&
			    (!least || list->known[i].seen_s < least->seen_s))
				least = &list->known[i];
		least->is_in = false;
	}
}

static void log_in(struct list *list, struct browsers *browsers)
{
	struct known *one = &list->known[list->n];

	(void)snprintf(one->token, sizeof(one->token), "token %zu", list->n); /* fits */
	end_those_over(list);
	make_room(list, list->most - 1);
	const struct browser *browser =
		browser_begin(browsers, one->token, list->now_s, one->cookie);
	require(browser && strcmp(browser->token, one->token) == 0);
	require(strlen(one->cookie) == BROWSER_WORD_MAX - 1);
	require(strlen(browser->change) == BROWSER_WORD_MAX - 1);
	strcpy(one->change, browser->change); /* as long */
	for (size_t i = 0; i < list->n; i++)
		require(strcmp(list->known[i].cookie, one->cookie) != 0 &&
			strcmp(list->known[i].change, one->change) != 0 &&
			strcmp(list->known[i].change, one->cookie) != 0);
	one->began_s = one->seen_s = list->now_s;
	one->is_in = true;
	list->n++;
}

static struct browser *look(struct list *list, struct browsers *browsers, struct known *one)
{
	struct browser *browser = browser_find(browsers, one->cookie, list->now_s);

	end_those_over(list);
	require(!browser == !one->is_in);
	if (!browser)
		return NULL;
	one->seen_s = list->now_s;
	require(strcmp(browser->token, one->token) == 0);
	for (size_t i = 0; i < list->n; i++)
		require(browser_means(browser, list->known[i].change) == (&list->known[i] == one));
	require(!browser_means(browser, one->cookie) && !browser_means(browser, NULL));
	require(!browser_means(browser, ""));
	return browser;
}

static void step(struct list *list, struct browsers *browsers, uint8_t what)
{
	struct browser_limits limits = { .idle_s = IDLE_S, .end_s = END_S };
	unsigned which = what >> 3;
	struct known *one = list->n ? &list->known[list->n - 1 - which % list->n] : NULL;
	struct browser *browser;

	switch (what & 7) {
	case 0:
	case 1:
		log_in(list, browsers);
		break;
	case 2:
	case 3:
		if (one)
			(void)look(list, browsers, one);
		break;
	case 4:
		if (one && (browser = look(list, browsers, one))) {
			browser_end(browsers, browser);
			one->is_in = false;
		}
		break;
	case 5:
		list->most = 1 + which % MOST;
		limits.most = (unsigned)list->most;
		browsers_limit(browsers, &limits);
		make_room(list, list->most);
		break;
	default:
		list->now_s += (what & 7) == 6 ? which : IDLE_S - 16 + which;
		break;
	}
	end_those_over(list);
	require(count_in(list) <= browsers_count(browsers)); /* who is over ends when one looks */
	require(browsers_count(browsers) <= list->most);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct list list;
	const struct browser_limits limits = { .most = MOST, .idle_s = IDLE_S, .end_s = END_S };
	const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
	size_t line = end ? (size_t)(end - data) : len;
	struct browsers *browsers = browsers_open(&limits);
	char *header = malloc(line + 1);

	require(sodium_init() >= 0 && browsers && header);
	if (line > 0)
		memcpy(header, data, line);
	header[line] = '\0';
	try_header(header);
	require(!cookie_value(NULL, NAME, (char[BROWSER_WORD_MAX]){ "" }));
	free(header);

	list = (struct list){ .most = MOST, .now_s = 1000 };
	for (size_t i = line + 1; i < len && i - line <= STEPS; i++)
		step(&list, browsers, data[i]);
	browsers_close(browsers);
	return 0;
}

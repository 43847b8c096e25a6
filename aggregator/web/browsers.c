#include "web/browsers.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct browsers {
	struct browser_limits limits;
	struct browser *first; /* owned */
	size_t n;
};

struct browsers *browsers_open(const struct browser_limits *limits)
{
	struct browsers *browsers = calloc(1, sizeof(*browsers));

	if (browsers)
		browsers->limits = *limits;
	return browsers;
}

static void browser_free(struct browser *browser)
{
	sodium_memzero(browser->token, strlen(browser->token));
	free(browser->token);
	sodium_memzero(browser, sizeof(*browser));
	free(browser);
}

void browser_end(struct browsers *browsers, struct browser *browser)
{
	struct browser **at = &browsers->first;

	while (*at != browser)
		at = &(*at)->next;
	*at = browser->next;
	browsers->n--;
	browser_free(browser);
}

static struct browser *seen_least_lately(const struct browsers *browsers)
{
	struct browser *found = browsers->first;

	for (struct browser *browser = found; browser; browser = browser->next)
		if (browser->seen_s <= found->seen_s)
			found = browser;
	return found;
}

void browsers_limit(struct browsers *browsers, const struct browser_limits *limits)
{
	browsers->limits = *limits;
	while (browsers->n > limits->most)
		browser_end(browsers, seen_least_lately(browsers));
}

void browsers_close(struct browsers *browsers)
{
	if (!browsers)
		return;
	while (browsers->first)
		browser_end(browsers, browsers->first);
	free(browsers);
}

static void hash_of(const char *cookie, unsigned char ret_hash[32])
{
	(void)crypto_generichash(ret_hash, 32, (const unsigned char *)cookie, strlen(cookie), NULL,
				 0); /* sizes are right */
}

static void word_make(char ret_word[BROWSER_WORD_MAX])
{
	unsigned char bits[32];

	randombytes_buf(bits, sizeof(bits));
	(void)sodium_bin2base64(ret_word, BROWSER_WORD_MAX, bits, sizeof(bits),
				sodium_base64_VARIANT_URLSAFE_NO_PADDING); /* it has the room */
	sodium_memzero(bits, sizeof(bits));
}

static bool is_over(const struct browsers *browsers, const struct browser *browser, uint64_t now_s)
{
	return now_s - browser->seen_s >= browsers->limits.idle_s ||
	       now_s - browser->began_s >= browsers->limits.end_s;
}

static void end_those_over(struct browsers *browsers, uint64_t now_s)
{
	for (struct browser *browser = browsers->first, *next; browser; browser = next) {
		next = browser->next;
		if (is_over(browsers, browser, now_s))
			browser_end(browsers, browser);
	}
}

struct browser *browser_begin(struct browsers *browsers, const char *token, uint64_t now_s,
			      char ret_cookie[BROWSER_WORD_MAX])
{
	struct browser *browser = calloc(1, sizeof(*browser));

	if (browser && !(browser->token = strdup(token))) {
		free(browser);
		browser = NULL;
	}
	if (!browser)
		return NULL;
	end_those_over(browsers, now_s);
	while (browsers->n >= browsers->limits.most)
		browser_end(browsers, seen_least_lately(browsers));
	word_make(ret_cookie);
	hash_of(ret_cookie, browser->cookie);
	word_make(browser->change);
	browser->began_s = browser->seen_s = now_s;
	browser->next = browsers->first;
	browsers->first = browser;
	browsers->n++;
	return browser;
}

struct browser *browser_find(struct browsers *browsers, const char *cookie, uint64_t now_s)
{
	unsigned char hash[32];
	struct browser *found = NULL;

	end_those_over(browsers, now_s);
	hash_of(cookie, hash);
	for (struct browser *browser = browsers->first; browser; browser = browser->next)
		if (sodium_memcmp(browser->cookie, hash, sizeof(hash)) == 0)
			found = browser;
	if (found)
		found->seen_s = now_s;
	return found;
}

bool browser_means(const struct browser *browser, const char *word)
{
	return word && strlen(word) == BROWSER_WORD_MAX - 1 &&
	       sodium_memcmp(word, browser->change, BROWSER_WORD_MAX - 1) == 0;
}

size_t browsers_count(const struct browsers *browsers)
{
	return browsers->n;
}

bool cookie_value(const char *header, const char *name, char ret_value[BROWSER_WORD_MAX])
{
	size_t name_len = strlen(name);
	unsigned times = 0;
	size_t len = 0;

	for (const char *at = header; at && *at;) {
		at += strspn(at, "; \t");
		size_t pair_len = strcspn(at, ";");

		if (pair_len > name_len && at[name_len] == '=' &&
		    strncmp(at, name, name_len) == 0) {
			len = pair_len - name_len - 1;
			if (++times > 1 || len >= BROWSER_WORD_MAX)
				return false;
			memcpy(ret_value, at + name_len + 1, len);
			ret_value[len] = '\0';
		}
		at += pair_len;
	}
	return times == 1;
}

/* Browsers that are logged in. Each shows a cookie of 256 random bits; the token that its user
 * typed stays here, in memory, and so does the word without which no change is taken from it. All
 * are gone when this process ends. Pure but for randomness: times are told, on a clock that never
 * goes back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BROWSER_NAME_MAX 33u /* of a token, and an office's code; with NUL */
#define BROWSER_WORD_MAX 44u /* 256 bits as letters, NUL included */
#define BROWSER_SAID_MAX 640u

struct browser_limits {
	unsigned most;
	unsigned idle_s; /* without a request, */
	unsigned end_s;  /* and in any case */
};

struct browser {
	struct browser *next;
	unsigned char cookie[32];      /* its hash: what was stolen from here opens nothing */
	char change[BROWSER_WORD_MAX]; /* that a change shows: in field or header */
	char *token;                   /* owned */
	uint64_t began_s, seen_s;
	struct browser_known { /* what the aggregator last said of its token */
		bool clerk;
		char name[BROWSER_NAME_MAX], office[BROWSER_NAME_MAX]; /* "": of none */
		uint64_t until_ms; /* it is to be asked again after this; 0: it was not */
	} known;
	char said[BROWSER_SAID_MAX]; /* what was just done here, for the next page to tell; "" */
};

struct browsers;

struct browsers *browsers_open(const struct browser_limits *limits); /* NULL: out of memory */
void browsers_limit(struct browsers *browsers, const struct browser_limits *limits);
void browsers_close(struct browsers *browsers); /* NULL is fine */

/** A new one, with a cookie that nobody has seen. Over the limit the one that was seen least lately
 * ends. NULL: out of memory. */
struct browser *browser_begin(struct browsers *browsers, const char *token, uint64_t now_s,
			      char ret_cookie[BROWSER_WORD_MAX]);
/** Whose cookie is it? NULL: nobody's, or his time is over. Valid until one begins or ends. */
struct browser *browser_find(struct browsers *browsers, const char *cookie, uint64_t now_s);
void browser_end(struct browsers *browsers, struct browser *browser);
/** Does he who shows @word mean what he asks for? NULL: he shows none. */
bool browser_means(const struct browser *browser, const char *word);
size_t browsers_count(const struct browsers *browsers);

/** The value of cookie @name in a Cookie header (RFC 6265; NULL: there is none) into @ret_value.
 * False when it is not there, there twice, or longer than a word. */
bool cookie_value(const char *header, const char *name, char ret_value[BROWSER_WORD_MAX]);

/* One request to the aggregator, over libcurl. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"

#include <stddef.h>

#define CLIENT_ANSWER_MAX (256u * 1024 * 1024) /* bytes; a larger answer is refused */

struct argument {
	const char *name, *value; /* not escaped */
};

struct request {
	const char *method, *path;        /* "GET", "/v1/query" */
	const struct argument *arguments; /* [n_arguments]; those without value are left out */
	size_t n_arguments;
	const char *accept; /* a media type */
	const char *type;   /* of the body; NULL: there is none */
	const void *body;   /* [body_len] */
	size_t body_len;
	unsigned limit_s; /* for the whole exchange; 0: as long as it takes */
	/* What comes goes there instead of into the answer, piece by piece and of any size, unless
	 * it is a refusal. Not 0: stop, err says why. NULL: none of this. What comes must be of the
	 * type @accept, and what of another came is refused: -EREMOTEIO. */
	int (*on_piece)(void *context, const void *data, size_t len, struct err *err);
	void *context;
	/* A field of the answer's head: its value goes, before the first piece, to
	 * on_field; none is NULL. Without on_piece it is not asked for. */
	const char *field;
	int (*on_field)(void *context, const char *value, struct err *err);
	unsigned *ret_status; /* of HTTP, also of a refusal; 0: there was none. NULL: not wanted */
};

/* In the environment: the file with the token that is shown with each request (registry/tokens.h of
 * the province), read anew each time. Never the token itself: others see the environment of a
 * process, or its command line. */
#define CLIENT_TOKEN_FILE "LANTOA_TOKEN_FILE"

/**
 * Ask @api ("unix:PATH", "http://HOST:PORT", "https://HOST:PORT") and append what it answers to
 * @answer. -EINVAL: @api is none of these. -EACCES: the token's file is one that others can read,
 * or the token would go over a network unencrypted. -ECONNREFUSED: nobody is there. -EREMOTEIO: it
 * refused, in its words. -E2BIG: over CLIENT_ANSWER_MAX. -EIO: anything else. Sentences are
 * translated, but for the aggregator's own.
 */
int client_ask(const char *api, const struct request *request, struct blob *answer,
	       struct err *err);

/* Tokens: what programs and browsers show that ask over the network, where no kernel tells who they
 * are. One is 256 random bits under a name, with a role and an end. It is told once; what is kept,
 * in the ledger too, is its BLAKE2b-256, from which nobody finds it. Names are never given again:
 * "token:NAME" is who acted, in the audit and for ever.
 *
 * Making and revoking one are acts of the ledger. When it was last used is in no chain (table
 * token_use), and is written down now and then only. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/code.h"
#include "registry/offices.h"
#include "registry/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKEN_HASH_LEN   32u
#define TOKEN_TEXT_MAX   44u   /* 32 bytes in base64, as addresses take it, and NUL */
#define TOKENS_MAX       1000u /* good at a time */
#define TOKEN_DAYS_USUAL 366u  /* for which one is good when nothing else is said */

struct token {
	int64_t id;
	char name[CODE_LEN_MAX + 1];
	enum role role;
	int64_t office;                     /* of a clerk; 0 */
	char office_code[CODE_LEN_MAX + 1]; /* likewise: an office keeps it; "" */
	uint8_t hash[TOKEN_HASH_LEN];
	int64_t created_us, expires_us; /* 0: it does not */
	bool revoked;
	int64_t used_us; /* last; 0: never */
	int64_t kept_us; /* of that, what is written down */
};

struct token_list {         /* in the order of their ids */
	struct token *list; /* owned [n] */
	size_t n;
};
/** All that there ever were. I11: one that a disk damaged is passed over, and so nobody's.
 * @ret_damaged: how many those were; err tells of the last. */
int tokens_read(sqlite3 *db, struct token_list *ret_tokens, size_t *ret_damaged, struct err *err);
/** -ENOMEM. */
int token_list_copy(const struct token_list *tokens, struct token_list *ret_copy);
void token_list_free(struct token_list *tokens);
/** @fresh, read after a commit, takes the place of @tokens, which keep only when each was last
 * used; @fresh is empty then. */
void token_list_replace(struct token_list *tokens, struct token_list *fresh);

enum token_verdict { TOKEN_GOOD, TOKEN_UNKNOWN, TOKEN_EXPIRED, TOKEN_REVOKED };
/** Which token is @text? @ret_token: valid until the list changes; NULL when it is unknown. */
enum token_verdict token_list_judge(const struct token_list *tokens, const char *text,
				    int64_t now_us, const struct token **ret_token);
/** It was used just now. */
void token_list_use(struct token_list *tokens, int64_t id, int64_t now_us);
/** What @copy of them says of when each was used is written down. */
void token_list_kept(struct token_list *tokens, const struct token_list *copy);

struct token_form {
	const char *name;    /* code_valid() */
	const char *role;    /* role_word() */
	const char *office;  /* its code, of a clerk; else NULL */
	const char *expires; /* a day, of which it is the end; an instant; "90d", "12h"; "never";
				NULL: TOKEN_DAYS_USUAL */
	const char *who;
};
/** Make one, in the caller's transaction. @ret_text: the token, which the caller wipes; @ret_us:
 * when it ends, 0: never. -EINVAL with what is wrong; -EEXIST: the name was given before; -ENOENT:
 * no such office; -E2BIG: there are TOKENS_MAX. */
int token_add(sqlite3 *db, const struct offices *offices, const struct token_form *form,
	      int64_t now_us, char ret_text[TOKEN_TEXT_MAX], int64_t *ret_us, struct err *err);
/** It is good no more. -ENOENT: there is none; -EEXIST: it was revoked before. */
int token_revoke(sqlite3 *db, const char *name, const char *who, struct err *err);

/** name, role, office, state (good, expired, revoked), created, expires, last_used. */
int tokens_table(const struct token_list *tokens, const struct offices *offices, int64_t now_us,
		 struct table **ret_table, struct err *err);

/** Write down when they were last used, in a transaction of the caller. */
int tokens_keep(sqlite3 *db, const struct token_list *tokens, struct err *err);

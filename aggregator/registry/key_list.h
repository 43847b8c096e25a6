/* Who may speak: the keys of offices and of invitations, in memory, on the loop thread. The store
 * is the truth; the key list follows it after each commit that changes a key. */
#pragma once

#include "common/base/err.h"
#include "registry/code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_LEN 32u

enum key_state {
	KEY_INVITED = 1, /* a one-time key: may enrol, nothing else */
	KEY_ACTIVE = 2,
	KEY_SPENT = 3, /* an invitation that was used */
	KEY_REVOKED = 4,
};

struct listed_key {
	int64_t id; /* of office_key; also the ZAP User-Id, in decimal */
	int64_t office;
	char code[CODE_LEN_MAX + 1]; /* the office's */
	enum key_state state;
	uint8_t public_key[KEY_LEN];
	int64_t expires_us; /* of an invitation; 0: never */
};

/** An invitation that nobody used in time. */
bool listed_key_expired(const struct listed_key *key, int64_t now_us);

/** Does it pass the handshake, but for its age? */
bool listed_key_may_enter(const struct listed_key *key);

struct key_list;
struct key_list *key_list_open(void); /* NULL: out of memory */
void key_list_close(struct key_list *key_list);
/** Add the key, or replace what is known of key->id. -ENOMEM. */
int key_list_put(struct key_list *key_list, const struct listed_key *key);
/** Whenever a key that might enter is revoked @on_revoked runs, so that whoever holds the
 * connections ends what that key has open; the key may be looked up. One may watch; NULL: nobody
 * any more. */
void key_list_watch(struct key_list *key_list, void (*on_revoked)(void *context, int64_t id),
		    void *context);
/** NULL when unknown. Valid until the next put. */
const struct listed_key *key_list_by_key(const struct key_list *key_list,
					 const uint8_t key[KEY_LEN]);
const struct listed_key *key_list_by_id(const struct key_list *key_list, int64_t id);
/** The active key of an office; looks through all. NULL: it has none. */
const struct listed_key *key_list_of_office(const struct key_list *key_list, int64_t office);
const struct listed_key *key_list_of_code(const struct key_list *key_list, const char *code);
size_t key_list_count(const struct key_list *key_list);
size_t key_list_active(const struct key_list *key_list); /* of them KEY_ACTIVE: one for an office */

/* Who may speak: the keys of offices and of invitations, in memory, on the loop thread. The store
 * is the truth; the roster follows it after each commit that changes a key. */
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

struct roster_key {
	int64_t id; /* of office_key; also the ZAP User-Id, in decimal */
	int64_t office;
	char code[CODE_LEN_MAX + 1]; /* the office's */
	enum key_state state;
	uint8_t public_key[KEY_LEN];
	int64_t expires_us; /* of an invitation; 0: never */
};

/** An invitation that nobody used in time. */
bool roster_key_expired(const struct roster_key *key, int64_t now_us);

/** Does it pass the handshake, but for its age? */
bool roster_key_may_enter(const struct roster_key *key);

struct roster;
struct roster *roster_open(void); /* NULL: out of memory */
void roster_close(struct roster *roster);
/** Add the key, or replace what is known of key->id. -ENOMEM. */
int roster_put(struct roster *roster, const struct roster_key *key);
/** Whenever a key that might enter is revoked @on_revoked runs, so that whoever holds the door ends
 * what that key has open; the key may be looked up. One may watch; NULL: nobody any more. */
void roster_watch(struct roster *roster, void (*on_revoked)(void *context, int64_t id),
		  void *context);
/** NULL when unknown. Valid until the next put. */
const struct roster_key *roster_by_key(const struct roster *roster, const uint8_t key[KEY_LEN]);
const struct roster_key *roster_by_id(const struct roster *roster, int64_t id);
/** The active key of an office; looks through all. NULL: it has none. */
const struct roster_key *roster_of_office(const struct roster *roster, int64_t office);
const struct roster_key *roster_of_code(const struct roster *roster, const char *code);
size_t roster_count(const struct roster *roster);
size_t roster_active(const struct roster *roster); /* of them KEY_ACTIVE: one for an office */

/* Who this office is: its key pair, and whom it talks to. One file, STATE/agent.key (0600), so that
 * it is there whole or not at all:
 *
 *   lantoa-identity 1
 *   address HOST:PORT
 *   office CODE
 *   server KEY
 *   secret KEY
 *
 * Keys are base64url (common/model/invitation.h). While an enrolment is under way the file is
 * agent.key.pending: its key is durable before it is ever sent, and a power cut between the
 * province's commit and ours is mended by running the same command again. */
#pragma once

#include "common/base/err.h"
#include "common/model/invitation.h"

#include <stdint.h>

struct identity {
	char address[INVITATION_ADDRESS_MAX];
	char office[OFFICE_CODE_MAX];
	uint8_t server_key[INVITATION_KEY_LEN];
	uint8_t secret_key[INVITATION_KEY_LEN];
	uint8_t public_key[INVITATION_KEY_LEN]; /* derived from secret_key */
};

#define IDENTITY_FILE         "agent.key"
#define IDENTITY_PENDING_FILE "agent.key.pending"

/** The public half of a CURVE secret key. */
void identity_public(const uint8_t secret_key[INVITATION_KEY_LEN],
		     uint8_t ret_public_key[INVITATION_KEY_LEN]);
/** A fresh key pair for the invitation's office, talking to the invitation's province. */
void identity_make(const struct invitation *invitation, struct identity *ret_identity);

/** -ENOENT when there is none; -EACCES when others can read it; -EINVAL when it is damaged. */
int identity_read(const char *path, struct identity *ret_identity, struct err *err);
/** Write, fsync, rename, fsync the folder: after 0 it survives a power cut. */
int identity_write(const char *path, const struct identity *identity, struct err *err);
/** The pending identity becomes the office's. Durable when it returns 0. */
int identity_settle(const char *pending_path, const char *path, struct err *err);

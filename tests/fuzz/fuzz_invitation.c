/* Invitations as people paste them: written again they are the same, and no complaint repeats what
 * is secret. */
#include "common/model/invitation.h"
#include "fuzz/fuzz.h"

#include <errno.h>

#define TELLING   12u /* bytes of a secret that a sentence must not have */
#define KEY_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

/* Other characters are passed over: no key has them, and the sentence has some of its own, '?' for
 * what cannot be printed and "..." for what is long. */
static void check_secrecy(const char *text, const struct err *err)
{
	const char *keys = strchr(text, '#');
	char part[TELLING + 1];
	for (size_t at = 0; keys && strlen(keys + at) > TELLING; at++) {
		memcpy(part, keys + 1 + at, TELLING);
		part[TELLING] = '\0';
		if (strspn(part, KEY_CHARS) < TELLING)
			continue;
		char *head = strndup(text, (size_t)(keys - text));
		require(head && (strstr(head, part) || !strstr(err->text, part)));
		free(head);
	}
}

static void try_line(const char *text)
{
	struct invitation invitation, again;
	struct err err = { 0 };
	char line[INVITATION_TEXT_MAX];
	int rc = invitation_parse(text, &invitation, &err);
	require(rc == 0 || (rc == -EINVAL && *err.text));
	if (rc < 0) {
		/* Our own sentences have words of that length, the key's alphabet has them, too. */
		if (!strstr(text, "copy") && !strstr(text, "invit"))
			check_secrecy(text, &err);
		return;
	}
	require(invitation_address_valid(invitation.address));
	require(invitation_format(&invitation, line, &err) == 0);
	require(strncmp(text + strspn(text, " \t\r\n"), line, strlen(line)) == 0);
	require(invitation_parse(line, &again, &err) == 0);
	require(strcmp(again.address, invitation.address) == 0);
	require(strcmp(again.office, invitation.office) == 0);
	require(memcmp(again.server_key, invitation.server_key, INVITATION_KEY_LEN) == 0);
	require(memcmp(again.secret_key, invitation.secret_key, INVITATION_KEY_LEN) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_lines(data, len, try_line);
	return 0;
}

#include "common/model/invitation.h"

#include "common/base/utf8.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME       "lantoa://"
#define OFFICE_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define KEY_CHARS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
#define HOST_CHARS   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
#define IPV6_CHARS   "0123456789abcdefABCDEF:."
#define BLANKS       " \t\r\n"

void key_format(const uint8_t key[INVITATION_KEY_LEN], char ret_text[KEY_TEXT_MAX])
{
	sodium_bin2base64(ret_text, KEY_TEXT_MAX, key, INVITATION_KEY_LEN,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

int key_parse(const char *text, uint8_t ret_key[INVITATION_KEY_LEN])
{
	uint8_t key[INVITATION_KEY_LEN];
	size_t len = 0;
	/* libsodium 1.0.18 takes some bytes above 127 for letters: this looks first. */
	if (strlen(text) != KEY_TEXT_MAX - 1 || strspn(text, KEY_CHARS) != KEY_TEXT_MAX - 1 ||
	    sodium_base642bin(key, sizeof(key), text, KEY_TEXT_MAX - 1, NULL, &len, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    len != sizeof(key))
		return -EINVAL;
	memcpy(ret_key, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
	return 0;
}

bool key_is_public(const uint8_t key[INVITATION_KEY_LEN])
{
	/* Any secret will do: each is a multiple of 8, which all orders that are low divide. */
	static const uint8_t secret[INVITATION_KEY_LEN] = { 8 };
	uint8_t shared[INVITATION_KEY_LEN];

	return crypto_scalarmult_curve25519(shared, secret, key) == 0;
}

bool invitation_address_valid(const char *address)
{
	const char *colon = strrchr(address, ':'), *port = colon ? colon + 1 : "";
	size_t len = strlen(port);
	if (len < 1 || len > 5 || strspn(port, "0123456789") != len)
		return false;
	long number = strtol(port, NULL, 10);
	if (number < 1 || number > 65535)
		return false;

	/* The host, an IPv6 address in brackets. */
	len = (size_t)(colon - address);
	if (len > 2 && address[0] == '[')
		return address[len - 1] == ']' && strspn(address + 1, IPV6_CHARS) == len - 2;
	return len >= 1 && len <= 255 && strspn(address, HOST_CHARS) >= len;
}

static bool office_valid(const char *office)
{
	size_t len = strlen(office);
	return len >= 1 && len < OFFICE_CODE_MAX && strspn(office, OFFICE_CHARS) == len;
}

int invitation_format(const struct invitation *invitation, char ret_text[INVITATION_TEXT_MAX],
		      struct err *err)
{
	if (!invitation_address_valid(invitation->address))
		return err_set(err, -EINVAL, "address '%s' must be HOST:PORT", invitation->address);
	if (!office_valid(invitation->office))
		return err_set(err, -EINVAL,
			       "office code '%s' must be 1 to 32 letters, digits, '.', '_' or '-'",
			       invitation->office);
	char server[KEY_TEXT_MAX], secret[KEY_TEXT_MAX];
	key_format(invitation->server_key, server);
	key_format(invitation->secret_key, secret);
	(void)snprintf(ret_text, INVITATION_TEXT_MAX, SCHEME "%s/%s#%s.%s", invitation->address,
		       invitation->office, server, secret); /* fits: every part was checked */
	sodium_memzero(secret, sizeof(secret));
	return 0;
}

/* Ends the text at the first @mark and returns what follows it; NULL when there is none. */
static char *cut(char *text, char mark)
{
	char *at = strchr(text, mark);
	if (at)
		*at++ = '\0';
	return at;
}

static int parse_parts(char *text, struct invitation *invitation, struct err *err)
{
	char *office = cut(text, '/');
	char *server = office ? cut(office, '#') : NULL;
	char *secret = server ? cut(server, '.') : NULL;
	char shown[EXCERPT_MAX];
	if (!secret)
		return err_set(err, -EINVAL,
			       "the invitation is cut short; it must read "
			       "lantoa://HOST:PORT/CODE#KEY.KEY, so copy the whole line");
	if (strlen(text) >= sizeof(invitation->address) || !invitation_address_valid(text))
		return err_set(err, -EINVAL, "'%s' is not a HOST:PORT; copy the whole line",
			       utf8_excerpt(text, strcspn(text, "#"), shown)); /* not the keys */
	if (!office_valid(office))
		return err_set(err, -EINVAL, "'%s' is not an office code; copy the whole line",
			       utf8_excerpt(office, strlen(office), shown));
	if (key_parse(server, invitation->server_key) < 0 || !key_is_public(invitation->server_key))
		return err_set(err, -EINVAL,
			       "the province's key (after '#') is damaged; copy the whole line");
	if (key_parse(secret, invitation->secret_key) < 0)
		return err_set(err, -EINVAL,
			       "the one-time key (after the '.') is damaged; copy the whole line");
	memcpy(invitation->address, text, strlen(text) + 1);
	memcpy(invitation->office, office, strlen(office) + 1);
	return 0;
}

int invitation_parse(const char *text, struct invitation *ret_invitation, struct err *err)
{
	text += strspn(text, BLANKS);
	size_t len = strlen(text);
	while (len > 0 && strchr(BLANKS, text[len - 1]))
		len--;
	if (len < strlen(SCHEME) || strncmp(text, SCHEME, strlen(SCHEME)) != 0)
		return err_set(err, -EINVAL,
			       "an invitation starts with %s; use the line that 'lantoa office "
			       "invite CODE' printed",
			       SCHEME);
	if (len >= INVITATION_TEXT_MAX)
		return err_set(err, -EINVAL, "the invitation is too long; copy the line alone");
	char copy[INVITATION_TEXT_MAX];
	memcpy(copy, text + strlen(SCHEME), len - strlen(SCHEME));
	copy[len - strlen(SCHEME)] = '\0';
	struct invitation found = { 0 };
	int rc = parse_parts(copy, &found, err);
	if (rc == 0)
		*ret_invitation = found;
	sodium_memzero(copy, sizeof(copy));
	sodium_memzero(&found, sizeof(found));
	return rc;
}

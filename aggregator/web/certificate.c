/* libmicrohttpd's callback has no context, so that the pair in force is this process's one.
 *
 * GnuTLS borrows what it is handed for the length of a handshake. A pair that was replaced is
 * therefore kept for a while, and freed when another is loaded later, or at the end. */
#include "web/certificate.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHAIN_MAX   16u
#define HANDSHAKE_S 120 /* no handshake takes longer: seats are left after 10 s without a head */

struct pair {
	struct pair *before;              /* replaced by this one */
	time_t replaced_s;                /* of the monotonic clock */
	gnutls_pcert_st chain[CHAIN_MAX]; /* owned [n] */
	unsigned n;
	gnutls_privkey_t key; /* owned */
};

struct seen { /* of a file, when it was read last */
	struct timespec changed;
	ino_t inode;
	off_t size;
};

static struct {
	struct pair *pair; /* in force, and those before it */
	struct seen chain, key;
} in_force;

static struct seen look(const char *path)
{
	struct stat stat_of;
	struct seen seen = { 0 };

	if (stat(path, &stat_of) == 0)
		seen = (struct seen){ stat_of.st_mtim, stat_of.st_ino, stat_of.st_size };
	return seen;
}

static bool same(const struct seen *a, const struct seen *b)
{
	return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec &&
	       a->inode == b->inode && a->size == b->size;
}

static time_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* there is one */
	return now.tv_sec;
}

static void pair_free(struct pair *pair)
{
	for (unsigned i = 0; i < pair->n; i++)
		gnutls_pcert_deinit(&pair->chain[i]);
	if (pair->key)
		gnutls_privkey_deinit(pair->key);
	free(pair);
}

/* Those before @pair that no handshake can have any more. */
static void drop_old(struct pair *pair)
{
	struct pair *old = pair->before;

	while (old && now_s() - old->replaced_s < HANDSHAKE_S) {
		pair = old;
		old = pair->before;
	}
	pair->before = NULL;
	while (old) {
		struct pair *next = old->before;

		pair_free(old);
		old = next;
	}
}

/* --- files --- */

/* The caller wipes and frees @ret_text. */
static int text_read(const char *path, bool secret, gnutls_datum_t *ret_text, struct err *err)
{
	struct stat stat_of;
	char *text = NULL;
	size_t len = 0;
	int rc = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_system(err, -errno, path);
	if (fstat(fd, &stat_of) < 0)
		rc = err_system(err, -errno, path);
	else if (secret && (stat_of.st_mode & S_IRWXO))
		rc = err_set(err, -EACCES,
			     "'%s' is a secret that every user of this machine can read; take that "
			     "away: chmod o= %s",
			     path, path);
	else if (!(text = malloc(CERTIFICATE_FILE_MAX + 1)))
		rc = err_memory(err);
	while (rc == 0 && len <= CERTIFICATE_FILE_MAX) {
		ssize_t n = read(fd, text + len, CERTIFICATE_FILE_MAX + 1 - len);

		if (n < 0 && errno != EINTR)
			rc = err_system(err, -errno, path);
		if (n == 0)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	(void)close(fd); /* it was only read */
	if (rc == 0 && len > CERTIFICATE_FILE_MAX)
		rc = err_set(err, -EINVAL, "'%s' is not a certificate or key: it is over %u bytes",
			     path, CERTIFICATE_FILE_MAX);
	if (rc < 0) {
		if (text)
			explicit_bzero(text, CERTIFICATE_FILE_MAX + 1);
		free(text);
		return rc;
	}
	*ret_text = (gnutls_datum_t){ .data = (unsigned char *)text, .size = (unsigned)len };
	return 0;
}

static void text_free(gnutls_datum_t *text)
{
	if (text->data)
		explicit_bzero(text->data, text->size);
	free(text->data);
}

static int chain_read(const char *path, struct pair *pair, struct err *err)
{
	gnutls_datum_t text = { 0 };
	unsigned n = CHAIN_MAX;
	int rc = text_read(path, false, &text, err);

	if (rc < 0)
		return rc;
	rc = gnutls_pcert_list_import_x509_raw(pair->chain, &n, &text, GNUTLS_X509_FMT_PEM, 0);
	text_free(&text);
	if (rc < 0)
		return err_set(err, -EINVAL,
			       "'%s' holds no certificates in PEM, the server's own first: %s",
			       path, gnutls_strerror(rc));
	pair->n = n;
	return 0;
}

static int key_read(const char *path, struct pair *pair, struct err *err)
{
	gnutls_datum_t text = { 0 };
	int rc = text_read(path, true, &text, err);

	if (rc < 0)
		return rc;
	rc = gnutls_privkey_init(&pair->key);
	if (rc == 0)
		rc = gnutls_privkey_import_x509_raw(pair->key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
	text_free(&text);
	return rc < 0 ? err_set(err, -EINVAL, "'%s' holds no key in PEM, without a password: %s",
				path, gnutls_strerror(rc))
		      : 0;
}

static bool belong_together(const struct pair *pair)
{
	unsigned char of_key[64], of_chain[64];
	size_t key_len = sizeof(of_key), chain_len = sizeof(of_chain);
	gnutls_pubkey_t public_key = NULL;
	bool same_id = false;

	if (gnutls_pubkey_init(&public_key) == 0 &&
	    gnutls_pubkey_import_privkey(public_key, pair->key, 0, 0) == 0 &&
	    gnutls_pubkey_get_key_id(public_key, 0, of_key, &key_len) == 0 &&
	    gnutls_pubkey_get_key_id(pair->chain[0].pubkey, 0, of_chain, &chain_len) == 0)
		same_id = key_len == chain_len && memcmp(of_key, of_chain, key_len) == 0;
	if (public_key)
		gnutls_pubkey_deinit(public_key);
	return same_id;
}

static void tell_about(const struct pair *pair, const char *name, struct certificate_about *about)
{
	gnutls_x509_crt_t own = NULL;
	size_t len = sizeof(about->subject);

	*about = (struct certificate_about){ 0 };
	if (gnutls_x509_crt_init(&own) < 0)
		return; /* out of memory: nothing is known about it */
	if (gnutls_x509_crt_import(own, &pair->chain[0].cert, GNUTLS_X509_FMT_DER) == 0) {
		if (gnutls_x509_crt_get_dn(own, about->subject, &len) < 0)
			about->subject[0] = '\0';
		about->expires_s = gnutls_x509_crt_get_expiration_time(own);
		about->named = !*name || gnutls_x509_crt_check_hostname(own, name);
	}
	gnutls_x509_crt_deinit(own);
}

int certificate_load(const char *chain_path, const char *key_path, const char *name,
		     struct certificate_about *ret_about, struct err *err)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int rc;

	/* Looked at before they are read: what changes meanwhile is seen the next time. */
	in_force.chain = look(chain_path);
	in_force.key = look(key_path);
	if (!pair)
		return err_memory(err);
	rc = chain_read(chain_path, pair, err);
	if (rc == 0)
		rc = key_read(key_path, pair, err);
	if (rc == 0 && !belong_together(pair))
		rc = err_set(err, -EINVAL,
			     "the key of '%s' is not that of the certificate of '%s'; give the two "
			     "that were made together",
			     key_path, chain_path);
	if (rc < 0) {
		pair_free(pair);
		return rc;
	}
	tell_about(pair, name, ret_about);
	if (in_force.pair)
		in_force.pair->replaced_s = now_s();
	pair->before = in_force.pair;
	in_force.pair = pair;
	drop_old(pair);
	return 0;
}

bool certificate_changed(const char *chain_path, const char *key_path)
{
	struct seen chain = look(chain_path), key = look(key_path);

	return !same(&chain, &in_force.chain) || !same(&key, &in_force.key);
}

/* --- what libmicrohttpd and GnuTLS call --- */

static int on_handshake(gnutls_session_t session, const gnutls_datum_t *issuers, int n_issuers,
			const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
			gnutls_pcert_st **ret_chain, unsigned *ret_n, gnutls_privkey_t *ret_key)
{
	(void)session, (void)issuers, (void)n_issuers, (void)algorithms, (void)n_algorithms;
	*ret_chain = in_force.pair->chain;
	*ret_n = in_force.pair->n;
	*ret_key = in_force.pair->key;
	return 0;
}

static ssize_t on_send(void *session, const void *data, size_t len)
{
	return gnutls_record_send(session, data, len);
}

const struct http_tls *certificate_tls(void)
{
	static const struct http_tls tls = {
		.on_certificate = (void (*)(void))on_handshake,
		/* What GnuTLS calls normal, without what browsers have given up. */
		.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE",
		.send = on_send,
	};

	assert(in_force.pair);
	return &tls;
}

void certificate_free(void)
{
	while (in_force.pair) {
		struct pair *before = in_force.pair->before;

		pair_free(in_force.pair);
		in_force.pair = before;
	}
}

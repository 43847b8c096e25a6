#include "feed/client.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/sys/secret_file.h"
#include "common/text/answer.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_MAX_S 10L

struct exchange {
	CURL *curl;
	struct blob url;
	struct curl_slist *headers;
	const struct request *request;
	struct blob *answer;
	struct err *err;
	char cut[4]; /* a character of which a piece had only the beginning */
	size_t n_cut;
	bool too_large, no_memory, stopped, begun, no_text;
};

static void text_add(struct exchange *exchange, const char *text)
{
	if (blob_append(&exchange->url, text, strlen(text)) < 0)
		exchange->no_memory = true;
}

static void header_add(struct exchange *exchange, const char *name, const char *value)
{
	struct blob text = { 0 };
	struct curl_slist *headers = NULL;

	if (blob_append(&text, name, strlen(name)) == 0 && blob_append(&text, ": ", 2) == 0 &&
	    blob_append(&text, value, strlen(value) + 1) == 0)
		headers = curl_slist_append(exchange->headers, (const char *)text.data);
	if (headers)
		exchange->headers = headers;
	else
		exchange->no_memory = true;
	blob_free(&text);
}

/* http:// to a name of this machine's loopback: what goes there, no network sees. */
static bool stays_here(const char *api)
{
	static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };
	const char *host = strchr(api, ':') + strlen("://");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncasecmp(host, names[i], len) != 0)
			continue;
		if (host[len] == ':') /* a port, and not a password before another name */
			len += 1 + strspn(host + len + 1, "0123456789");
		if (!host[len] || host[len] == '/')
			return true;
	}
	return false;
}

/* Shown to whoever answers, where a token's file is named. */
static int token_show(struct exchange *exchange, const char *api, struct err *err)
{
	const char *path = getenv(CLIENT_TOKEN_FILE);
	char token[SECRET_FILE_MAX], value[SECRET_FILE_MAX + 8];
	bool plain = strncmp(api, "http://", strlen("http://")) == 0;

	if (!path || !*path)
		return 0;
	if (plain && !stays_here(api))
		return err_set(
			err, -EACCES,
			"a token is not sent unencrypted to another machine; give the address "
			"as https://HOST:PORT instead of %s",
			api);
	if (plain) /* nor to a proxy, which may be another machine */
		(void)curl_easy_setopt(exchange->curl, CURLOPT_PROXY, "");
	int rc = secret_file_read(path, token, err);
	if (rc < 0)
		return err_wrap(err, "the token's file");
	token[strcspn(token, "\r\n")] = '\0';
	(void)snprintf(value, sizeof(value), "Bearer %s", token); /* fits */
	if (!*token || !utf8_printable(token, strlen(token)) || strchr(token, ' '))
		rc = err_set(
			err, -EINVAL,
			"the token's file '%s' holds no token: one line of letters and digits, "
			"as it was printed when it was made",
			path);
	else
		header_add(exchange, "Authorization", value);
	explicit_bzero(token, sizeof(token));
	explicit_bzero(value, sizeof(value));
	return rc;
}

static void url_build(struct exchange *exchange, const char *base, const struct request *request)
{
	char separator[] = "?";

	text_add(exchange, base);
	text_add(exchange, request->path);
	for (size_t i = 0; i < request->n_arguments; i++) {
		const struct argument *argument = &request->arguments[i];
		char *escaped;

		if (!argument->value)
			continue;
		escaped = curl_easy_escape(exchange->curl, argument->value, 0);
		text_add(exchange, separator);
		text_add(exchange, argument->name);
		text_add(exchange, "=");
		text_add(exchange, escaped ? escaped : "");
		exchange->no_memory = exchange->no_memory || !escaped;
		curl_free(escaped);
		separator[0] = '&';
	}
	if (blob_append(&exchange->url, "", 1) < 0)
		exchange->no_memory = true;
}

static bool granted(const struct exchange *exchange)
{
	long status = 0;

	(void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status); /* cannot fail */
	return status / 100 == 2;
}

/* Is the answer of the type that was asked for? */
static bool is_of_type(const struct exchange *exchange)
{
	const char *accept = exchange->request->accept;
	char *type = NULL;

	(void)curl_easy_getinfo(exchange->curl, CURLINFO_CONTENT_TYPE, &type); /* cannot fail */
	return type && strncmp(type, accept, strlen(accept)) == 0;
}

static int tell_field(const struct exchange *exchange)
{
	const struct request *request = exchange->request;
	struct curl_header *field = NULL;

	if (!request->field)
		return 0;
	if (curl_easy_header(exchange->curl, request->field, 0, CURLH_HEADER, -1, &field) !=
	    CURLHE_OK)
		field = NULL;
	return request->on_field(request->context, field ? field->value : NULL, exchange->err);
}

static bool is_shown(const char *at, size_t n)
{
	return *at != '\0' && (utf8_printable(at, n) || strchr("\n\r\t", *at));
}

/* What goes to a terminal or into a file: characters, and of the controls those of lines. The
 * beginning of one that @data[@len] ends in is kept for the next piece. */
static bool is_text(struct exchange *exchange, const char *data, size_t len)
{
	size_t n;

	while (exchange->n_cut > 0 && len > 0) {
		exchange->cut[exchange->n_cut++] = *data++;
		len--;
		n = utf8_char(exchange->cut, exchange->n_cut);
		if (n > 0 ? !is_shown(exchange->cut, n) : exchange->n_cut == sizeof(exchange->cut))
			return false;
		if (n > 0)
			exchange->n_cut = 0;
	}
	for (; len > 0; data += n, len -= n) {
		n = utf8_char(data, len);
		if (n > 0 ? !is_shown(data, n) : len >= sizeof(exchange->cut))
			return false;
		if (n == 0) {
			exchange->n_cut = len;
			memcpy(exchange->cut, data, len);
			return true;
		}
	}
	return true;
}

static bool is_binary(const struct request *request)
{
	return strcmp(request->accept, "application/octet-stream") == 0;
}

/* @data[@len] to who wants it in pieces. Not 0: stop. */
static int on_some(struct exchange *exchange, const char *data, size_t len)
{
	const struct request *request = exchange->request;
	int rc = 0;

	if (!exchange->begun && !is_of_type(exchange))
		return 1; /* answer_check() says so */
	if (!exchange->begun)
		rc = tell_field(exchange);
	exchange->begun = true;
	exchange->no_text = !is_binary(request) && !is_text(exchange, data, len);
	if (exchange->no_text)
		return 1;
	if (rc == 0)
		rc = request->on_piece(request->context, data, len, exchange->err);
	exchange->stopped = rc != 0;
	return rc;
}

static size_t on_data(char *data, size_t size, size_t n, void *context)
{
	struct exchange *exchange = context;
	const struct request *request = exchange->request;
	size_t len = size * n;

	if (request->on_piece && granted(exchange))
		return on_some(exchange, data, len) == 0 ? len : 0;
	exchange->too_large = exchange->answer->len + len > CLIENT_ANSWER_MAX;
	if (exchange->too_large)
		return 0;
	if (blob_append(exchange->answer, data, len) < 0) {
		exchange->no_memory = true;
		return 0;
	}
	return len;
}

/* Where to: a socket and a made-up host, or the base of the URL. */
static int address_set(struct exchange *exchange, const char *api, const struct request *request,
		       struct err *err)
{
	if (strncmp(api, "unix:", 5) == 0) {
		(void)curl_easy_setopt(exchange->curl, CURLOPT_UNIX_SOCKET_PATH, api + 5);
		(void)curl_easy_setopt(exchange->curl, CURLOPT_PROXY, "");
		url_build(exchange, "http://localhost", request);
		return 0;
	}
	if (strncmp(api, "http://", 7) == 0 || strncmp(api, "https://", 8) == 0) {
		/* Over the network stands lantoa-web, where all of it is below /api. */
		bool bare = !strchr(strstr(api, "://") + 3, '/');

		if (bare)
			text_add(exchange, api);
		url_build(exchange, bare ? "/api" : api, request);
		if (strcmp(request->method, "PUT") == 0)
			header_add(exchange, "If-Match", "*"); /* as on the socket */
		return 0;
	}
	return err_set(err, -EINVAL,
		       "the address '%s' is neither unix:PATH nor http://HOST:PORT nor "
		       "https://HOST:PORT",
		       api);
}

/* Setting fails for want of memory alone, or for an option that this libcurl does not know. */
static bool request_set(struct exchange *exchange, const struct request *request)
{
	CURL *curl = exchange->curl;
	bool ok = true;

	header_add(exchange, "Accept", request->accept);
	header_add(exchange, "Accept-Language", language_tag());
	if (request->type)
		header_add(exchange, "Content-Type", request->type);
	if (getenv("SSL_CERT_FILE")) /* as OpenSSL has it; this libcurl is GnuTLS' */
		ok = curl_easy_setopt(curl, CURLOPT_CAINFO, getenv("SSL_CERT_FILE")) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_URL, exchange->url.data) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_MAX_S) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)request->limit_s) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange) == CURLE_OK;
	if (request->type) {
		ok = ok && curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
					    (curl_off_t)request->body_len) == CURLE_OK;
		ok = ok && curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
					    request->body ? request->body : "") == CURLE_OK;
	}
	return ok && !exchange->no_memory;
}

static int failure(const struct exchange *exchange, const char *api, CURLcode code, struct err *err)
{
	if (exchange->stopped)
		return err->code;
	if (exchange->no_memory || code == CURLE_OUT_OF_MEMORY)
		return err_set(err, -ENOMEM, "out of memory");
	if (exchange->too_large)
		return err_set(err, -E2BIG,
			       "the answer is too large; ask for less: a smaller area, a shorter "
			       "time or a coarser grain");
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		return err_set(err, -ECONNREFUSED,
			       "no aggregator answers at %s; is lantoa-aggregator running there, "
			       "and may you open its socket?",
			       api);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return err_set(
			err, -EIO,
			"nobody whom this machine trusts vouches for the certificate of %s, or "
			"it is for another name; if it is the right one, name the file of the "
			"certificate that vouches for it: SSL_CERT_FILE=FILE",
			api);
	return err_set(err, -EIO, "the exchange with %s broke off: %s", api,
		       curl_easy_strerror(code));
}

/* The server's own words, {"error": "..."} or those of RFC 9457, or at least its status. */
static int refusal(const struct blob *answer, long status, struct err *err)
{
	json_t *json = answer_read(answer->data, answer->len);
	const char *text = json_string_value(json_object_get(json, "error"));
	text = text ? text : json_string_value(json_object_get(json, "detail"));
	int rc = text ? err_set(err, -EREMOTEIO, "%s", text)
		      : err_set(err, -EREMOTEIO,
				"the server answered with HTTP status %ld; is it an aggregator?",
				status);

	json_decref(json);
	return rc;
}

/* Another server's page, taken for a table, would say that there is nothing. */
static int answer_check(struct exchange *exchange, const char *api, struct err *err)
{
	const struct blob *whole = exchange->answer; /* what did not go on in pieces */

	if (is_of_type(exchange) && !exchange->no_text &&
	    is_text(exchange, (const char *)whole->data, whole->len) && exchange->n_cut == 0)
		return 0;
	return err_set(err, -EREMOTEIO,
		       "what %s answers is not what an aggregator answers; is one running there?",
		       api);
}

static int perform(struct exchange *exchange, const char *api, const struct request *request,
		   struct err *err)
{
	long status = 0;
	CURLcode code;
	int rc = address_set(exchange, api, request, err);

	if (rc == 0)
		rc = token_show(exchange, api, err);
	if (rc < 0)
		return rc;
	code = request_set(exchange, request) ? curl_easy_perform(exchange->curl)
					      : CURLE_OUT_OF_MEMORY;
	if (code == CURLE_WRITE_ERROR && request->on_piece && granted(exchange) &&
	    (!exchange->begun || exchange->no_text))
		return answer_check(exchange, api, err);
	if (code != CURLE_OK)
		return failure(exchange, api, code, err);
	(void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status); /* cannot fail */
	if (request->ret_status)
		*request->ret_status = (unsigned)status;
	return granted(exchange) ? answer_check(exchange, api, err)
				 : refusal(exchange->answer, status, err);
}

int client_ask(const char *api, const struct request *request, struct blob *answer, struct err *err)
{
	if (request->ret_status)
		*request->ret_status = 0;
	struct exchange exchange = {
		.curl = curl_easy_init(), .request = request, .answer = answer, .err = err
	};
	int rc = exchange.curl ? perform(&exchange, api, request, err)
			       : err_set(err, -ENOMEM, "out of memory");

	curl_easy_cleanup(exchange.curl);
	curl_slist_free_all(exchange.headers);
	blob_free(&exchange.url);
	return rc;
}

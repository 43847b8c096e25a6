#include "bench/api_client.h"

#include "common/base/blob.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_TEXT_MAX 512u

struct api_client {
	CURL *curl;         /* owned */
	struct blob answer; /* of the question at hand */
};

static size_t on_data(char *data, size_t size, size_t n, void *context)
{
	struct blob *answer = context;
	return blob_append(answer, data, size * n) < 0 ? 0 : size * n;
}

int api_client_open(const char *socket, struct api_client **ret_client, struct err *err)
{
	struct api_client *client = calloc(1, sizeof(*client));
	if (!client || !(client->curl = curl_easy_init())) {
		free(client);
		return err_memory(err);
	}
	/* these fail only for options that libcurl was built without, and then asking fails */
	(void)curl_easy_setopt(client->curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	(void)curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, on_data);
	(void)curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &client->answer);
	*ret_client = client;
	return 0;
}

void api_client_close(struct api_client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	blob_free(&client->answer);
	free(client);
}

static int perform(struct api_client *client, const char *path, struct err *err)
{
	long status = 0;
	CURLcode code = curl_easy_perform(client->curl);
	if (code != CURLE_OK)
		return err_set(err, -EPROTO, "%s: %s", path, curl_easy_strerror(code));
	(void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status); /* a number */
	if (status / 100 != 2)
		return err_set(err, -EPROTO, "%s: status %ld: %.*s", path, status,
			       (int)client->answer.len, (const char *)client->answer.data);
	return 0;
}

int api_client_ask(struct api_client *client, const char *method, const char *path,
		   const char *type, const char *body, json_t **ret_answer, struct err *err)
{
	char url[PATH_TEXT_MAX], header[64];
	struct curl_slist *headers = NULL;
	json_error_t fault = { 0 };
	(void)snprintf(url, sizeof(url), "http://aggregator%s", path); /* ours are short */
	(void)snprintf(header, sizeof(header), "Content-Type: %s", type ? type : "");
	headers = curl_slist_append(NULL, header);
	client->answer.len = 0;
	(void)curl_easy_setopt(client->curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
	(void)curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
	if (!body)
		(void)curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
	int rc = perform(client, path, err);
	curl_slist_free_all(headers);
	if (rc < 0)
		return rc;
	json_t *answer =
		json_loadb((const char *)client->answer.data, client->answer.len, 0, &fault);
	if (!answer)
		return err_set(err, -EPROTO, "%s: the answer is no JSON: %s", path, fault.text);
	*ret_answer = answer;
	return 0;
}

/* A consumer as a process: consumer FILE API [--once]. It follows the province's changes into FILE
 * (support/consumer.h) until it is told to end (SIGTERM), or with --once until there is no more,
 * and says what it did, a line each: "at POSITION epoch EPOCH", "anew". May be killed at any
 * moment. */
#include "support/consumer.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static bool is_over(void *context)
{
	(void)context;
	return ended;
}

static void tell(const char *what, const struct consumer *consumer)
{
	printf("%s %lld epoch %lld\n", what, (long long)consumer->position,
	       (long long)consumer->epoch);
	(void)fflush(stdout); /* nobody may be reading any more */
}

static int follow(struct changes_client *client, struct consumer *consumer, bool once,
		  struct err *err)
{
	for (;;) {
		struct changes_page page;
		int rc = changes_next(client, consumer->position, consumer->epoch, &page, err);
		if (rc == -ESTALE) {
			rc = consumer_begin_anew(consumer, err);
			if (rc < 0)
				return rc;
			tell("anew", consumer);
			continue;
		}
		if (rc < 0)
			return rc;
		size_t n = page.n;
		rc = consumer_take(consumer, &page, err);
		changes_page_free(&page);
		if (rc < 0)
			return rc;
		tell("at", consumer);
		if (once && n == 0)
			return 0;
	}
}

int main(int argc, char *argv[])
{
	bool once = argc == 4 && strcmp(argv[3], "--once") == 0;
	struct consumer consumer = { 0 };
	struct changes_client *client = NULL;
	struct err err = { 0 };
	if (argc < 3)
		return 2;
	(void)signal(SIGTERM, on_signal);
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	const struct changes_client_config config = { .api = argv[2],
						      .figures = true,
						      .wait_s = once ? 0 : 1,
						      .most = 7,
						      .patience_s = 60,
						      .is_over = is_over };
	int rc = consumer_open(argv[1], &consumer, &err);
	if (rc == 0)
		rc = changes_client_open(&config, &client, &err);
	if (rc == 0)
		rc = follow(client, &consumer, once, &err);
	if (rc < 0 && rc != -ECANCELED)
		fprintf(stderr, "consumer: %s\n", err.text);
	changes_client_close(client);
	consumer_close(&consumer);
	curl_global_cleanup();
	return rc < 0 && rc != -ECANCELED;
}

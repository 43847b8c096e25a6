#include "cli/cmd_changes.h"

#include "cli/args.h"
#include "common/base/i18n.h"
#include "feed/changes_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WAIT_MAX_S 60u /* as CHANGES.md has it */
#define MOST_MAX   10000u

static int number(const struct args *args, const char *option, int64_t high, int64_t *ret_number,
		  struct err *err)
{
	const char *text = args_option(args, option);
	char *end = NULL;
	errno = 0;
	long long value = text && *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : -1;
	if (!text) {
		*ret_number = 0;
		return 0;
	}
	if (!end || *end || errno == ERANGE || value > high)
		return err_set(err, -EINVAL, "--%s: must be a number up to %lld", option,
			       (long long)high);
	*ret_number = value;
	return 0;
}

/* The item as it came, and the epoch with it: whoever keeps the last line can go on from it. */
static int line_print(const struct changes_page *page, size_t i, struct err *err)
{
	json_t *item = json_array_get(json_object_get(page->answer, "items"), i);
	int rc = json_object_set_new(item, "epoch", json_integer(page->epoch));
	if (rc < 0)
		return err_memory(err);
	if (json_dumpf(item, stdout, JSON_COMPACT) < 0 || putchar('\n') == EOF)
		return err_set(err, -EIO, "cannot write the answer: %s", err_strerror(-errno));
	return 0;
}

static int lines_print(const struct changes_page *page, struct err *err)
{
	struct changes_item change;
	int rc = 0;
	for (size_t i = 0; i < page->n && rc == 0; i++) {
		rc = changes_item_read(page, i, &change, err);
		if (rc == 0)
			rc = line_print(page, i, err);
	}
	if (rc == 0 && fflush(stdout) != 0) /* whoever reads it has what there is */
		rc = err_set(err, -EIO, "cannot write the answer: %s", err_strerror(-errno));
	return rc;
}

int cmd_changes_run(const struct order *order, struct err *err)
{
	int64_t after = 0, epoch = 0, wait_s = 0, most = 0;
	if (number(order->args, "after", INT64_MAX, &after, err) < 0 ||
	    number(order->args, "epoch", INT64_MAX, &epoch, err) < 0 ||
	    number(order->args, "wait", WAIT_MAX_S, &wait_s, err) < 0 ||
	    number(order->args, "most", MOST_MAX, &most, err) < 0)
		return err->code;
	const struct changes_client_config config = { .api = order->api,
						      .figures =
							      args_option(order->args, "figures"),
						      .wait_s = (unsigned)wait_s,
						      .most = (unsigned)most,
						      .patience_s = (unsigned)wait_s };
	struct changes_client *client = NULL;
	int rc = changes_client_open(&config, &client, err);
	for (size_t n = 1; rc == 0 && n > 0;) {
		struct changes_page page;
		rc = changes_next(client, after, epoch, &page, err);
		if (rc < 0)
			break;
		rc = lines_print(&page, err);
		after = page.position;
		epoch = page.epoch;
		n = wait_s == 0 && after == page.head ? 0 : page.n;
		changes_page_free(&page);
	}
	changes_client_close(client);
	return rc;
}

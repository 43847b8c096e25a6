#include "cli/cmd_verify.h"

#include "cli/args.h"
#include "cli/output.h"
#include "common/base/i18n.h"
#include "common/text/answer.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What a verification goes through, as the aggregator names it. */
static const char *const stages[]
	__attribute__((unused)) = { N_("journal"), N_("days"), N_("pages") };

struct cmd_verify {
	const struct order *order;
	bool repairs;
	const char *asked; /* --head; NULL: none */
};

/* --- the bar --- */

void cmd_verify_line(const char *stage, uint64_t done, uint64_t all, uint64_t differences,
		     char ret_line[WATCH_LINE_MAX])
{
	char bar[WATCH_BAR_MAX];

	/* TRANSLATORS: a progress bar; at most 79 columns */
	(void)snprintf(ret_line, WATCH_LINE_MAX, _("%s [%s] %llu of %llu, %llu differences"),
		       _(stage), watch_bar(done, all, bar), (unsigned long long)done,
		       (unsigned long long)all, (unsigned long long)differences);
}

static void on_progress(const json_t *answer, char ret_line[WATCH_LINE_MAX])
{
	cmd_verify_line(watch_stage(answer), watch_number(answer, "progress", "done"),
			watch_number(answer, "progress", "all"),
			watch_number(answer, "counts", "differences"), ret_line);
}

/* --- the head that somebody kept --- */

/* The ledger's head, and what it says of the one that is asked about. It is asked first: a head
 * that is none shall not cost a verification. */
static int ledger_ask(const struct cmd_verify *verify, json_t **ret_ledger, struct err *err)
{
	const struct argument head = { "head", verify->asked };
	const struct request request = { .method = "GET",
					 .path = "/v1/ledger",
					 .arguments = &head,
					 .n_arguments = 1,
					 .accept = "application/json" };
	struct blob answer = { 0 };
	int rc = client_ask(verify->order->api, &request, &answer, err);

	if (rc == 0 && !(*ret_ledger = answer_read(answer.data, answer.len)))
		rc = output_strange(err);
	blob_free(&answer);
	return rc;
}

static const char *text_of(const json_t *ledger, const char *name)
{
	const char *text = json_string_value(json_object_get(ledger, name));

	return text ? text : "";
}

/* @whole: the links were walked, and each is the hash of what stands there. */
static bool head_conclude(const struct cmd_verify *verify, const json_t *ledger, bool whole)
{
	const char *verdict = text_of(ledger, "verdict");
	bool agrees = strcmp(verdict, "agrees") == 0,
	     prints = verify->order->format == FORMAT_TABLE;

	if (prints)
		printf(_("verify: the ledger's head was %s\n"), text_of(ledger, "head"));
	if (!verify->asked)
		return true;
	if (!prints)
		return agrees && whole;
	if (agrees && whole)
		printf(_("verify: up to %s the ledger is as it was\n"), verify->asked);
	else if (agrees)
		printf(_("verify: the ledger has the link %s, but not all that led to it\n"),
		       verify->asked);
	else if (strcmp(verdict, "beyond") == 0)
		printf(_("verify: the ledger ends before %s: an older backup was restored, or its "
			 "end "
			 "was cut off\n"),
		       verify->asked);
	else
		printf(_("verify: the ledger has another history than %s: what came up to there "
			 "was "
			 "changed since, or this is the ledger of another province\n"),
		       verify->asked);
	return agrees && whole;
}

/* --- the end --- */

static void conclude(const struct cmd_verify *verify, uint64_t differences, uint64_t beyond,
		     uint64_t repaired)
{
	if (differences == 0)
		printf(_("verify: ok, all tables and totals are what the ledger says\n"));
	if (repaired > 0)
		printf(_("verify: what stood differed from the ledger in %llu places and was "
			 "rebuilt there\n"),
		       (unsigned long long)repaired);
	if (differences > beyond + repaired)
		printf(_("verify: what stands differs from the ledger in %llu places\n"),
		       (unsigned long long)(differences - beyond - repaired));
	if (beyond > 0 && verify->repairs)
		printf(_("verify: the ledger itself is damaged in %llu "
			 "places. No repair can mend that, and nothing was rebuilt from it; "
			 "restore a backup\n"),
		       (unsigned long long)beyond);
	else if (beyond > 0)
		printf(_("verify: the ledger itself is damaged in %llu "
			 "places. No repair can mend that; restore a backup\n"),
		       (unsigned long long)beyond);
	else if (differences > repaired)
		printf(_("verify: `lantoa verify --repair` rebuilds that from the ledger\n"));
}

static int show(const struct cmd_verify *verify, const struct blob *answer, const json_t *json,
		const json_t *ledger, struct err *err)
{
	uint64_t differences = watch_number(json, "counts", "differences"),
		 repaired = watch_number(json, "counts", "repaired");
	int rc = output_report(verify->order, answer, err);

	if (rc < 0)
		return rc;
	if (verify->order->format == FORMAT_TABLE)
		conclude(verify, differences, watch_number(json, "counts", "beyond_repair"),
			 repaired);
	uint64_t beyond = watch_number(json, "counts", "beyond_repair");
	return !head_conclude(verify, ledger, beyond == 0) || differences > repaired;
}

int cmd_verify_run(const struct order *order, struct err *err)
{
	const struct cmd_verify verify = { .order = order,
					   .repairs = args_option(order->args, "repair"),
					   .asked = args_option(order->args, "head") };
	const struct argument arguments[] = {
		{ "repair", verify.repairs ? "1" : NULL },
		{ "yes", args_option(order->args, "yes") ? "1" : NULL },
	};
	struct blob answer = { 0 };
	json_t *json = NULL, *ledger = NULL;
	int rc = ledger_ask(&verify, &ledger, err);

	if (rc == 0)
		rc = watch_run(order, arguments, 2, on_progress, &answer, &json, err);
	if (rc == 0) {
		rc = show(&verify, &answer, json, ledger, err);
		json_decref(json);
	}
	json_decref(ledger);
	blob_free(&answer);
	return rc;
}

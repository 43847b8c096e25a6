#include "cli/cmd_verify.h"

#include "cli/args.h"
#include "cli/output.h"
#include "common/base/i18n.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* What a verification goes through, as the aggregator names it. */
static const char *const stages[]
	__attribute__((unused)) = { N_("journal"), N_("days"), N_("pages") };

struct cmd_verify {
	const struct order *order;
	bool repairs;
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

/* --- the end --- */

static void conclude(const struct cmd_verify *verify, uint64_t differences, uint64_t beyond,
		     uint64_t repaired)
{
	if (differences == 0)
		printf(_("verify: ok, the rollups equal the journal\n"));
	if (repaired > 0)
		printf(_("verify: the rollups differed from the journal in %llu places and were "
			 "made "
			 "anew there\n"),
		       (unsigned long long)repaired);
	if (differences > beyond + repaired)
		printf(_("verify: the rollups differ from the journal in %llu places\n"),
		       (unsigned long long)(differences - beyond - repaired));
	if (beyond > 0 && verify->repairs)
		printf(_("verify: the journal itself, or what stands beside it, is damaged in %llu "
			 "places. No repair can mend that, and nothing was rebuilt from it; "
			 "restore a backup\n"),
		       (unsigned long long)beyond);
	else if (beyond > 0)
		printf(_("verify: the journal itself, or what stands beside it, is damaged in %llu "
			 "places. No repair can mend that; restore a backup\n"),
		       (unsigned long long)beyond);
	else if (differences > repaired)
		printf(_("verify: `lantoa verify --repair` makes them anew from the journal\n"));
}

static int show(const struct cmd_verify *verify, const struct blob *answer, const json_t *json,
		struct err *err)
{
	uint64_t differences = watch_number(json, "counts", "differences"),
		 repaired = watch_number(json, "counts", "repaired");
	int rc = output_report(verify->order, answer, err);

	if (rc < 0)
		return rc;
	if (verify->order->format == FORMAT_TABLE)
		conclude(verify, differences, watch_number(json, "counts", "beyond_repair"),
			 repaired);
	return differences > repaired;
}

int cmd_verify_run(const struct order *order, struct err *err)
{
	const struct cmd_verify verify = { .order = order,
					   .repairs = args_option(order->args, "repair") };
	const struct argument repair = { "repair", verify.repairs ? "1" : NULL };
	struct blob answer = { 0 };
	json_t *json = NULL;
	int rc = watch_run(order, &repair, on_progress, &answer, &json, err);

	if (rc == 0) {
		rc = show(&verify, &answer, json, err);
		json_decref(json);
	}
	blob_free(&answer);
	return rc;
}

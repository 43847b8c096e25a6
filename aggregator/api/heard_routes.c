/* /v1/offices/heard?silent=&late=&behind=&all=: whom one hears of (heard.h). silent: a time such as
 * 2d, 12h, 30m or 90s; 1 for three push intervals of each; late and all: 0 or 1; behind: a version.
 * Without any of them, all. */
#include "api/call.h"
#include "api/heard.h"
#include "common/model/civil.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SILENT_DAYS_MAX 36600u /* a century */

/* "2d", "12h", "30m", "90s". */
static int time_parse(const char *text, int64_t *ret_us, struct err *err)
{
	static const struct {
		const char *unit;
		uint64_t seconds;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "m", 60 }, { "s", 1 } };
	char *end = NULL;
	uint64_t n = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;

	for (size_t i = 0; n > 0 && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0 &&
		    n <= SILENT_DAYS_MAX * UINT64_C(86400) / units[i].seconds) {
			*ret_us = (int64_t)(n * units[i].seconds) * 1000000;
			return 0;
		}
	return err_set(err, -EINVAL,
		       "silent: write for how long, such as 2d, 12h, 30m or 90s; or nothing, for "
		       "three push intervals of each office");
}

static int heard_prepare(struct call *call, struct err *err)
{
	const struct api_config *config = api_config_of(call->api);
	struct heard_form *form = &call->heard;
	const char *silent = http_arg(call->request, "silent");
	int rc = call_flag(call, "late", &form->late, err);

	if (rc == 0)
		rc = call_flag(call, "all", &form->all, err);
	form->behind = http_arg(call->request, "behind");
	form->silent = silent && strcmp(silent, "0") != 0;
	if (rc == 0 && form->silent && strcmp(silent, "1") != 0)
		rc = time_parse(silent, &form->silent_us, err);
	form->all = form->all || (!form->silent && !form->late && !form->behind);
	return rc < 0 ? rc
		      : heard_contacts(config->contacts, config->key_meters, &call->contacts, err);
}

static int heard_get(struct call *call, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	struct table *table = NULL;

	call->heard.now_us = civil_now_us();
	int rc = heard_run(db, reference, &call->contacts, &call->heard, &table, err);
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

const struct action heard_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/offices/heard", "silent late behind all", NULL, CALL_READ,
	  heard_prepare, heard_get, NULL, "Whom one hears of, and who needs a call.",
	  "office! name! unit unit_name key! last_contact version protocol backlog oldest "
	  "spool_percent clock push_interval connections! silent_since missing:i late_since "
	  "overdue "
	  "why",
	  NULL },
};
const size_t n_heard_actions = sizeof(heard_actions) / sizeof(heard_actions[0]);

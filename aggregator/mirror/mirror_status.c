#include "mirror/mirror_status.h"

#include "common/base/i18n.h"
#include "feed/changes_client.h"
#include "mirror/postgres.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct standing {
	const char *province;
	char moved[64], figures[32], size[32];
};

static int on_row(void *context, const char *const cells[], size_t n, struct err *err)
{
	struct standing *s = context;
	(void)n;
	(void)err;
	(void)snprintf(s->moved, sizeof(s->moved), "%s", cells[0] ? cells[0] : "-");
	(void)snprintf(s->figures, sizeof(s->figures), "%s", cells[1] ? cells[1] : "-");
	(void)snprintf(s->size, sizeof(s->size), "%s", cells[2] ? cells[2] : "-");
	return 0;
}

int mirror_status(const struct mirror_config *config, long long lag_max, bool *ret_well,
		  struct err *err)
{
	struct standing standing = { .province = config->province };
	const struct changes_client_config form = { .api = config->aggregator, .most = 1 };
	struct postgres *pg = NULL;
	struct changes_client *client = NULL;
	struct changes_page page = { 0 };
	struct mark mark = { 0 };
	const char *params[] = { config->province };
	int rc = postgres_open(config->database, &pg, err);
	if (rc == 0)
		rc = postgres_look(pg, err);
	if (rc == 0)
		rc = postgres_mark(pg, config->province, &mark, err);
	if (rc == 0)
		rc = postgres_ask(
			pg,
			"SELECT (SELECT to_char(moved AT TIME ZONE 'UTC',"
			" 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM lantoa.watermark WHERE province ="
			" $1), (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid ="
			" 'lantoa.figure'::regclass),"
			" pg_size_pretty(pg_database_size(current_database()))",
			params, 1, on_row, &standing, err);
	postgres_close(pg);
	if (rc == 0)
		rc = changes_client_open(&form, &client, err);
	if (rc == 0)
		rc = changes_next(client, mark.position, mark.epoch, &page, err);
	changes_client_close(client);
	if (rc < 0)
		return rc;
	long long lag = (long long)(page.head - mark.position);
	printf(_("province %s: position %lld of %lld, %lld behind\n"), config->province,
	       (long long)mark.position, (long long)page.head, lag);
	printf(_("last written: %s\n"), standing.moved);
	printf(_("figures in PostgreSQL: about %s; the database takes %s\n"), standing.figures,
	       standing.size);
	if (mark.position == 0 && lag > 0)
		printf(_("PostgreSQL has nothing of province %s: is that the code in mirror.conf, "
			 "and "
			 "does lantoa-mirror run?\n"),
		       config->province);
	if (mark.damaged > 0)
		printf(_("%lld items of the ledger were damaged at the province, and are not "
			 "here\n"),
		       (long long)mark.damaged);
	changes_page_free(&page);
	*ret_well = lag <= lag_max && mark.damaged == 0 && (mark.position > 0 || lag == 0);
	return 0;
}

#include "sources/sql.h"

#include "sources/programs.h"

#include <errno.h>

#define OUTPUT_MAX (4u * 1024 * 1024)
#define SELF       "/proc/self/exe" /* of the child: it is us, whatever was installed meanwhile */

static const struct settings_sql *sql_at(const struct settings *settings, size_t i)
{
	return &((const struct settings_sql *)settings->sqls.items)[i];
}

int sql_check(const struct settings *settings, struct err *err)
{
	for (size_t i = 0; i < settings->sqls.n; i++) {
		const struct settings_sql *sql = sql_at(settings, i);
		if (sql->file[0] != '/')
			return err_set(err, -EINVAL,
				       "[sql %s] file: give the absolute path of the SQLite file",
				       sql->name);
		if (!*sql->query)
			return err_set(err, -EINVAL, "[sql %s] query: give a SELECT", sql->name);
	}
	return 0;
}

bool sql_wanted(const struct settings *settings)
{
	return settings->sqls.n > 0;
}

static int add(struct programs *programs, const struct settings_sql *sql, struct err *err)
{
	const char *const words[] = { SELF, "sql-lines", sql->file, sql->query, NULL };
	struct program_config config = { .kind = "sql",
					 .name = sql->name,
					 .argv = words,
					 .every_minutes = sql->every_minutes,
					 .timeout_s = sql->timeout_s,
					 .output_max = OUTPUT_MAX };
	return programs_add(programs, &config, err);
}

int sql_start(const struct input_host *host, const struct settings *settings, void **ret_input,
	      struct err *err)
{
	struct programs *programs = programs_open(host);
	int rc = programs ? 0 : err_memory(err);
	for (size_t i = 0; i < settings->sqls.n && rc == 0; i++)
		rc = add(programs, sql_at(settings, i), err);
	return programs_begin(programs, rc, ret_input);
}

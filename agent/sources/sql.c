#include "sources/sql.h"

#include "sources/programs.h"

#define OUTPUT_MAX (4u * 1024 * 1024)
#define SELF       "/proc/self/exe" /* of the child: it is us, whatever was installed meanwhile */

bool sql_wanted(const struct settings *settings)
{
	return settings->sqls.n > 0;
}

static int add(struct programs *programs, const struct sql_section *sql, struct err *err)
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
	const struct sql_section *sections = settings->sqls.items;
	struct programs *programs = programs_open(host);
	int rc = programs ? 0 : err_memory(err);
	for (size_t i = 0; i < settings->sqls.n && rc == 0; i++)
		rc = add(programs, &sections[i], err);
	return programs_begin(programs, rc, ret_input);
}

/* Which words and options of a command go together, where its row does not tell by their number.
 * What a value may be, the province says; that it is missing is wrong usage, and found here. */
#pragma once

#include "cli/args.h"

/** The check of a command's row: -EINVAL, with a translated sentence. */
typedef int usage_check(const struct args *args, struct err *err);

usage_check usage_explain;
usage_check usage_office_add, usage_office_move, usage_office_heads, usage_office_tell;
usage_check usage_query, usage_excuse, usage_release, usage_verify, usage_backup, usage_changes,
	usage_token_add;
usage_check usage_office_list, usage_record, usage_top, usage_alerts_follow, usage_report;
usage_check usage_office_on;

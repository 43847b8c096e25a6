#include "cli/cmd_report.h"

#include "cli/args.h"
#include "cli/page_file.h"
#include "cli/printing.h"
#include "common/base/i18n.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int cmd_report_run(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const char *link = args_option(args, "view"), *language = args_option(args, "lang");
	const char *file = args->words[0];
	struct blob page = { 0 };
	int rc;

	if (language) { /* not that of the environment */
		i18n_serve(NULL);
		(void)language_use(strcmp(language, "vi") == 0 ? LANGUAGE_VIETNAMESE
							       : LANGUAGE_ENGLISH);
	}
	if (!args_option(args, "force") && access(file, F_OK) == 0)
		return err_set(err, -EEXIST,
			       "%s is there already; give another name, or --force to overwrite it",
			       file);
	rc = page_file_make(order->api, link ? link : "/", &page, err);
	if (rc == 0)
		rc = printing_run(args_option(args, "browser"), page.data, page.len, file, err);
	if (rc == 0)
		printf(_("Printed: %s\n"), file);
	blob_free(&page);
	return rc;
}

/* An answer of the aggregator in another form: exporter FORM [HEAD] [LABELS KEYS] <answer.csv
 * >file, in the language of the environment. What `lantoa --format` does, of any answer. */
#include "common/base/i18n.h"
#include "export/export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int put(void *context, const void *data, size_t len, struct err *err)
{
	return fwrite(data, 1, len, context) == len ? 0 : err_system(err, -errno, "output");
}

static int run(struct export *exp, const char *head, struct err *err)
{
	char piece[4096];
	size_t n;
	int rc = head && *head ? export_head(exp, head, err) : 0;

	while (rc == 0 && (n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		rc = export_feed(exp, piece, n, err);
	return rc == 0 ? export_finish(exp, err) : rc;
}

int main(int argc, char *argv[])
{
	struct export_choice choice = { 0 };
	const struct export_sink sink = { put, stdout };
	struct export *exp = NULL;
	struct err err = { 0 };

	i18n_init(NULL);
	if (argc < 2 || !export_find(argv[1], &choice.form)) {
		fprintf(stderr, "usage: exporter csv-excel|xlsx|sdmx-csv [HEAD [LABELS KEYS]]\n");
		return 2;
	}
	if (argc > 4) {
		choice.labels = (enum export_labels)atoi(argv[3]);
		choice.keys = (unsigned)atoi(argv[4]);
	}
	if (export_open(&choice, &sink, &exp, &err) < 0 ||
	    run(exp, argc > 2 ? argv[2] : NULL, &err) < 0 || fflush(stdout) != 0) {
		fprintf(stderr, "exporter: %s\n", err.text);
		export_close(exp);
		return 1;
	}
	export_close(exp);
	return 0;
}

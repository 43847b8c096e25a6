#include "inbox/outcomes.h"

#include "common/base/blob.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "inbox/errors_sheet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FACT "outcomes" /* of the spool; a line each: numbers, then the names, parted by tabs */

bool outcome_of(const struct inbox_result *result, enum outcome_way way, int folder_fd,
		const char *name, struct outcome *ret_outcome)
{
	if (result->outcome == INBOX_CHANGING || result->outcome == INBOX_HELD)
		return false;
	*ret_outcome = (struct outcome){ .at_us = civil_now_us(),
					 .way = way,
					 .recorded = result->fresh + result->changed + result->same,
					 .rejected = result->rejected,
					 .warned = result->warned };
	/* A name with a tab or worse, of a folder that others write to, is shown as far as it is a
	 * text. */
	(void)snprintf(ret_outcome->name, sizeof(ret_outcome->name), "%.*s",
		       (int)utf8_plain(name, strlen(name)), name); /* fits */
	if (result->outcome != INBOX_UNTOLD && result->rejected + result->warned > 0)
		(void)utf8_print(ret_outcome->errors, sizeof(ret_outcome->errors), "%s%s",
				 ret_outcome->name, errors_sheet_ending(folder_fd, name));
	return true;
}

static bool read_line(char *line, struct outcome *ret_outcome)
{
	struct outcome outcome = { 0 };
	unsigned way;
	int at = 0;
	if (sscanf(line, "%" SCNd64 "\t%u\t%zu\t%zu\t%zu\t%n", &outcome.at_us, &way,
		   &outcome.recorded, &outcome.rejected, &outcome.warned, &at) != 5 ||
	    at == 0 || way > OUTCOME_PAGE)
		return false;
	outcome.way = (enum outcome_way)way;
	char *name = line + at, *tab = strchr(name, '\t');
	if (!tab || tab == name || tab - name > NAME_MAX || strlen(tab + 1) > NAME_MAX ||
	    !utf8_printable(line + at, (size_t)(tab - name)) ||
	    !utf8_printable(tab + 1, strlen(tab + 1)))
		return false;
	(void)snprintf(outcome.name, sizeof(outcome.name), "%.*s", (int)(tab - name), name);
	(void)snprintf(outcome.errors, sizeof(outcome.errors), "%s", tab + 1); /* both fit */
	*ret_outcome = outcome;
	return true;
}

int outcomes_read(struct spool *spool, struct outcome ret_list[OUTCOMES_MAX], size_t *ret_n,
		  struct err *err)
{
	struct blob text = { 0 };
	size_t n = 0;
	int rc = spool_fact_get(spool, FACT, &text, err);
	if (rc == 0)
		rc = blob_append(&text, "", 1) < 0 ? err_memory(err) : 0;
	char *rest = rc == 0 ? (char *)text.data : NULL;
	for (char *line; n < OUTCOMES_MAX && (line = strsep(&rest, "\n"));)
		n += read_line(line, &ret_list[n]);
	blob_free(&text);
	*ret_n = n;
	return rc == -ENOENT ? 0 : rc;
}

static int append(struct blob *out, const struct outcome *outcome)
{
	char line[2 * NAME_MAX + 160];
	int len = snprintf(line, sizeof(line), "%" PRId64 "\t%u\t%zu\t%zu\t%zu\t%s\t%s\n",
			   outcome->at_us, (unsigned)outcome->way, outcome->recorded,
			   outcome->rejected, outcome->warned, outcome->name, outcome->errors);
	return blob_append(out, line, (size_t)len);
}

int outcomes_add(struct spool *spool, const struct outcome *outcome, struct err *err)
{
	struct outcome list[OUTCOMES_MAX];
	struct blob text = { 0 };
	size_t n;
	int rc = outcomes_read(spool, list, &n, err);
	if (rc == 0 && append(&text, outcome) < 0)
		rc = err_memory(err);
	for (size_t i = 0; i < n && rc == 0; i++) { /* one too many is not read */
		if (list[i].way == outcome->way && strcmp(list[i].name, outcome->name) == 0)
			continue;
		rc = append(&text, &list[i]) < 0 ? err_memory(err) : 0;
	}
	if (rc == 0)
		rc = spool_fact_set(spool, FACT, text.data, text.len, err);
	blob_free(&text);
	return rc;
}

#include "office/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OFFICE_NAME "office_name"
#define ZONE        "zone"
#define LEVEL       "level"
#define CATALOGUE   "catalogue"

int facts_keep_office(struct spool *spool, const char *office_name, const char *zone,
		      const char *level, struct err *err)
{
	int rc = spool_fact_set(spool, OFFICE_NAME, office_name, strlen(office_name), err);
	if (rc == 0 && *zone)
		rc = spool_fact_set(spool, ZONE, zone, strlen(zone), err);
	if (rc == 0)
		rc = spool_fact_set(spool, LEVEL, level, strlen(level), err);
	return rc;
}

int facts_keep_catalogue(struct spool *spool, const void *csv, size_t len, struct err *err)
{
	struct catalogue *catalogue;
	int rc = catalogue_read(csv, len, &catalogue, err);
	if (rc < 0)
		return err_wrap(err, "the province's catalogue");
	catalogue_close(catalogue);
	return spool_fact_set(spool, CATALOGUE, csv, len, err);
}

/* NULL stays when it was never set. */
static int read_text(struct spool *spool, const char *name, char **ret_text, struct err *err)
{
	struct blob text = { 0 };
	int rc = spool_fact_get(spool, name, &text, err);
	if (rc == 0 && blob_append(&text, "", 1) < 0)
		rc = err_memory(err);
	if (rc < 0)
		blob_free(&text);
	else
		*ret_text = (char *)text.data;
	return rc == -ENOENT ? 0 : rc;
}

int facts_read_office(struct spool *spool, struct facts *ret_facts, struct err *err)
{
	struct facts facts = { 0 };
	int rc = read_text(spool, OFFICE_NAME, &facts.office_name, err);
	if (rc == 0)
		rc = read_text(spool, ZONE, &facts.zone, err);
	if (rc == 0)
		rc = read_text(spool, LEVEL, &facts.level, err);
	if (rc < 0)
		facts_free(&facts);
	else
		*ret_facts = facts;
	return rc;
}

int facts_read(struct spool *spool, struct facts *ret_facts, struct err *err)
{
	struct facts facts = { 0 };
	struct blob csv = { 0 };
	int rc = facts_read_office(spool, &facts, err);
	if (rc == 0)
		rc = spool_fact_get(spool, CATALOGUE, &csv, err);
	if (rc == 0)
		rc = catalogue_read((const char *)csv.data, csv.len, &facts.catalogue, err);
	else if (rc == -ENOENT)
		rc = 0;
	blob_free(&csv);
	if (rc < 0)
		facts_free(&facts);
	else
		*ret_facts = facts;
	return rc;
}

void facts_free(struct facts *facts)
{
	free(facts->office_name);
	free(facts->zone);
	free(facts->level);
	catalogue_close(facts->catalogue);
	*facts = (struct facts){ 0 };
}

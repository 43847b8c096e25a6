#include "office/facts.h"

#include "common/net/wire.h"
#include "office/bulletin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OFFICE_NAME "office_name"
#define ZONE        "zone"
#define LEVEL       "level"
#define CATALOGUE   "catalogue"
#define EDITION     "edition"

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

int facts_keep_catalogue(struct spool *spool, const void *csv, size_t len,
			 struct catalogue **ret_catalogue, struct err *err)
{
	struct catalogue *catalogue;
	int rc = catalogue_read(csv, len, &catalogue, err);
	if (rc < 0)
		return err_wrap(err, "the province's catalogue");
	rc = spool_fact_set(spool, CATALOGUE, csv, len, err);
	if (rc == 0 && ret_catalogue)
		*ret_catalogue = catalogue;
	else
		catalogue_close(catalogue);
	return rc;
}

/* What is in the edition of @name; NULL: there is no such file. Valid until the arena's end. */
static const Lantoa__V1__File *file_find(const Lantoa__V1__Files *files, const char *name)
{
	for (size_t i = 0; i < files->n_file; i++)
		if (strcmp(files->file[i]->name, name) == 0)
			return files->file[i];
	return NULL;
}

/* What it has of @files; NULL: no catalogue. */
static int files_read(const Lantoa__V1__Files *files, struct catalogue **ret_catalogue,
		      struct err *err)
{
	const Lantoa__V1__File *own = file_find(files, "catalogue.csv"),
			       *lists = file_find(files, "dimensions.csv"),
			       *held = file_find(files, "rules.csv"),
			       *off = file_find(files, "days_off.csv");
	struct catalogue *catalogue = NULL;
	struct dimensions *dimensions = NULL;
	struct rules *rules = NULL;
	struct days_off *days_off = NULL;
	*ret_catalogue = NULL;
	if (!own)
		return 0;
	int rc = catalogue_read((const char *)own->data.data, own->data.len, &catalogue, err);
	if (rc < 0)
		return err_wrap(err, "the province's catalogue");
	if (lists)
		rc = dimensions_read((const char *)lists->data.data, lists->data.len, &dimensions,
				     err);
	if (rc < 0)
		err_wrap(err, "the province's code lists");
	catalogue_use_dimensions(catalogue, dimensions);
	if (rc == 0 && held) {
		rc = rules_read((const char *)held->data.data, held->data.len, &rules, err);
		if (rc < 0)
			err_wrap(err, "the province's rules");
	}
	if (rc == 0)
		catalogue_use_rules(catalogue, rules);
	if (rc == 0 && off) {
		rc = days_off_read((const char *)off->data.data, off->data.len, &days_off, err);
		if (rc < 0)
			err_wrap(err, "the province's days off");
	}
	if (rc < 0) {
		catalogue_close(catalogue);
		return rc;
	}
	catalogue_use_days_off(catalogue, days_off);
	*ret_catalogue = catalogue;
	return 0;
}

static int edition_read(const void *packed, size_t len, struct catalogue **ret_catalogue,
			struct err *err)
{
	Lantoa__V1__Files *files;
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	if (!arena)
		return err_memory(err);
	int rc = wire_edition_unpack(arena, packed, len, &files, err);
	if (rc == -EBADMSG)
		(void)err_set(err, -EINVAL, "the province's edition cannot be read");
	if (rc == 0)
		rc = files_read(files, ret_catalogue, err);
	arena_close(arena);
	return rc < 0 ? err->code : 0;
}

int facts_keep_edition(struct spool *spool, const void *packed, size_t len,
		       struct catalogue **ret_catalogue, struct err *err)
{
	struct catalogue *catalogue = NULL;
	int rc = edition_read(packed, len, &catalogue, err);
	if (rc == 0 && catalogue)
		rc = spool_fact_set(spool, CATALOGUE, catalogue->csv, catalogue->csv_len, err);
	/* Last: an edition is there whole, or its catalogue is not the one that is kept. */
	if (rc == 0)
		rc = spool_fact_set(spool, EDITION, packed, len, err);
	if (rc < 0)
		catalogue_close(catalogue);
	else
		*ret_catalogue = catalogue;
	return rc;
}

/* The catalogue of the edition that is kept, with its code lists; nothing when there is none, or a
 * program of before kept another catalogue, @csv, since. */
static int read_edition(struct spool *spool, const struct blob *csv, struct facts *facts,
			struct err *err)
{
	struct blob packed = { 0 };
	struct catalogue *catalogue = NULL;
	uint8_t digest[WIRE_EDITION_DIGEST];
	int rc = spool_fact_get(spool, EDITION, &packed, err);
	if (rc == 0)
		rc = edition_read(packed.data, packed.len, &catalogue, err);
	size_t len = catalogue ? catalogue->csv_len : 0;
	if (rc == 0 && len == csv->len &&
	    (len == 0 || memcmp(catalogue->csv, csv->data, len) == 0)) {
		facts->edition_version = wire_edition_version(packed.data, packed.len, digest);
		facts->catalogue = catalogue;
	} else {
		catalogue_close(catalogue);
	}
	blob_free(&packed);
	return rc == -ENOENT || rc == -EINVAL ? 0 : rc;
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
	struct bulletin told = { 0 };
	struct blob csv = { 0 };
	int rc = facts_read_office(spool, &facts, err);
	if (rc == 0)
		rc = bulletin_read(spool, &told, err);
	facts.standing_version = told.standing ? told.standing->version : 0;
	bulletin_free(&told);
	if (rc == 0)
		rc = spool_fact_get(spool, CATALOGUE, &csv, err);
	bool has_csv = rc == 0;
	if (rc == 0 || rc == -ENOENT)
		rc = read_edition(spool, &csv, &facts, err);
	if (rc == 0 && has_csv && !facts.catalogue)
		rc = catalogue_read((const char *)csv.data, csv.len, &facts.catalogue, err);
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

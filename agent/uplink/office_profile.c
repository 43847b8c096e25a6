#include "uplink/office_profile.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "office/bulletin.h"
#include "office/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int work(struct task *task)
{
	struct office_profile *profile = container_of(task, struct office_profile, task);
	int rc = facts_keep_office(profile->spool, profile->office_name, profile->zone,
				   profile->level, &task->err);
	if (rc == 0 && profile->keeping.len > 0)
		rc = facts_keep_catalogue(profile->spool, profile->keeping.data,
					  profile->keeping.len, &profile->kept, &task->err);
	if (rc == 0 && profile->keeping_edition.len > 0) {
		catalogue_close(profile->kept); /* the edition's is newer */
		profile->kept = NULL;
		rc = facts_keep_edition(profile->spool, profile->keeping_edition.data,
					profile->keeping_edition.len, &profile->kept, &task->err);
	}
	if (rc == 0 && profile->keeping_standing.len > 0)
		rc = bulletin_keep(profile->spool, profile->keeping_standing.data,
				   profile->keeping_standing.len, profile->keeping_upto,
				   &task->err);
	return rc;
}

static void flush(struct office_profile *profile);

static void done(struct task *task)
{
	struct office_profile *profile = container_of(task, struct office_profile, task);
	profile->lost = task->rc < 0 && task->rc != -EINVAL; /* which comes again as it is */
	if (task->rc < 0)
		log_error("uplink: cannot keep what the province told cause=\"%s\"",
			  task->err.text);
	if (task->rc == 0 && profile->kept && profile->on_catalogue) {
		profile->on_catalogue(profile->context, profile->kept);
		profile->kept = NULL;
	}
	catalogue_close(profile->kept);
	profile->kept = NULL;
	blob_free(&profile->keeping);
	blob_free(&profile->keeping_edition);
	blob_free(&profile->keeping_standing);
	if (task->rc == 0 && profile->on_kept)
		profile->on_kept(profile->context);
	flush(profile);
}

static void flush(struct office_profile *profile)
{
	if (profile->task.busy || !profile->office_name ||
	    (!profile->office_due && profile->catalogue.len == 0 && profile->edition.len == 0 &&
	     profile->standing.len == 0))
		return;
	profile->office_due = false;
	profile->keeping = profile->catalogue;
	profile->catalogue = (struct blob){ 0 };
	profile->keeping_edition = profile->edition;
	profile->edition = (struct blob){ 0 };
	profile->keeping_standing = profile->standing;
	profile->keeping_upto = profile->standing_upto;
	profile->standing = (struct blob){ 0 };
	task_start(&profile->task, profile->group, work, done);
}

static void forget_office(struct office_profile *profile)
{
	free(profile->office_name);
	free(profile->zone);
	free(profile->level);
}

void office_profile_set(struct office_profile *profile, const char *office_name, const char *zone,
			const char *level)
{
	bool known = !profile->lost && profile->office_name &&
		     strcmp(profile->office_name, office_name) == 0 &&
		     strcmp(profile->zone, zone) == 0 && strcmp(profile->level, level) == 0;
	if (known || profile->task.busy)
		return;
	char *own_name = strdup(office_name), *own_zone = strdup(zone), *own_level = strdup(level);
	if (!own_name || !own_zone || !own_level) {
		free(own_name);
		free(own_zone);
		free(own_level);
		return;
	}
	forget_office(profile);
	profile->office_name = own_name;
	profile->zone = own_zone;
	profile->level = own_level;
	profile->office_due = true;
	flush(profile);
}

int office_profile_set_catalogue(struct office_profile *profile, const void *csv, size_t len)
{
	profile->catalogue.len = 0;
	int rc = blob_append(&profile->catalogue, csv, len);
	flush(profile);
	return rc;
}

void office_profile_set_edition(struct office_profile *profile, struct blob *edition)
{
	blob_free(&profile->edition);
	profile->edition = *edition;
	*edition = (struct blob){ 0 };
	flush(profile);
}

void office_profile_set_standing(struct office_profile *profile, struct blob *standing,
				 uint64_t upto)
{
	blob_free(&profile->standing);
	profile->standing = *standing;
	profile->standing_upto = upto;
	*standing = (struct blob){ 0 };
	flush(profile);
}

void office_profile_free(struct office_profile *profile)
{
	forget_office(profile);
	blob_free(&profile->catalogue);
	blob_free(&profile->keeping);
	blob_free(&profile->edition);
	blob_free(&profile->keeping_edition);
	blob_free(&profile->standing);
	blob_free(&profile->keeping_standing);
	catalogue_close(profile->kept);
}

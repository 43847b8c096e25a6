#include "uplink/office_profile.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "office/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int work(struct task *task)
{
	struct keeper *keeper = container_of(task, struct keeper, task);
	int rc = facts_keep_office(keeper->spool, keeper->office_name, keeper->zone, keeper->level,
				   &task->err);
	if (rc == 0 && keeper->keeping.len > 0)
		rc = facts_keep_catalogue(keeper->spool, keeper->keeping.data, keeper->keeping.len,
					  &task->err);
	return rc;
}

static void flush(struct keeper *keeper);

static void done(struct task *task)
{
	struct keeper *keeper = container_of(task, struct keeper, task);
	const struct blob *kept = &keeper->keeping;
	keeper->lost = task->rc < 0 && task->rc != -EINVAL; /* which comes again as it is */
	if (task->rc < 0)
		log_error("uplink: cannot keep what the province told cause=\"%s\"",
			  task->err.text);
	else if (kept->len > 0 && keeper->on_catalogue)
		keeper->on_catalogue(keeper->context, kept->data, kept->len);
	blob_free(&keeper->keeping);
	flush(keeper);
}

static void flush(struct keeper *keeper)
{
	if (keeper->task.busy || (!keeper->office_due && keeper->catalogue.len == 0) ||
	    !keeper->office_name)
		return;
	keeper->office_due = false;
	keeper->keeping = keeper->catalogue;
	keeper->catalogue = (struct blob){ 0 };
	task_start(&keeper->task, keeper->group, work, done);
}

static bool knows(const struct keeper *keeper, const char *office_name, const char *zone,
		  const char *level)
{
	return !keeper->lost && keeper->office_name &&
	       strcmp(keeper->office_name, office_name) == 0 && strcmp(keeper->zone, zone) == 0 &&
	       strcmp(keeper->level, level) == 0;
}

static void forget_office(struct keeper *keeper)
{
	free(keeper->office_name);
	free(keeper->zone);
	free(keeper->level);
}

void keeper_office(struct keeper *keeper, const char *office_name, const char *zone,
		   const char *level)
{
	if (keeper->task.busy || knows(keeper, office_name, zone, level))
		return;
	char *own_name = strdup(office_name), *own_zone = strdup(zone), *own_level = strdup(level);
	if (!own_name || !own_zone || !own_level) {
		free(own_name);
		free(own_zone);
		free(own_level);
		return;
	}
	forget_office(keeper);
	keeper->office_name = own_name;
	keeper->zone = own_zone;
	keeper->level = own_level;
	keeper->office_due = true;
	flush(keeper);
}

int keeper_catalogue(struct keeper *keeper, const void *csv, size_t len)
{
	keeper->catalogue.len = 0;
	int rc = blob_append(&keeper->catalogue, csv, len);
	flush(keeper);
	return rc;
}

void keeper_free(struct keeper *keeper)
{
	forget_office(keeper);
	blob_free(&keeper->catalogue);
	blob_free(&keeper->keeping);
}

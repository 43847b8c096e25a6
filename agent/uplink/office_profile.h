/* What the province tells about itself and the office, kept in the spool: the office's name, the
 * zone, its unit's level, the catalogue or the edition, and its standing. */
#pragma once

#include "common/base/blob.h"
#include "common/model/catalogue.h"
#include "spool/spool.h"
#include "uplink/task.h"

#include <stdbool.h>
#include <stddef.h>

struct office_profile {
	struct task_group *group; /* outlives it, as the spool */
	struct spool *spool;
	void (*on_kept)(void *context); /* something is; may be NULL, as the next */
	/* A catalogue is durable in the spool; it is taken over. */
	void (*on_catalogue)(void *context, struct catalogue *catalogue);
	void *context;
	/* its own: */
	char *office_name, *zone, *level; /* owned; NULL: not told yet */
	struct task task;
	struct blob catalogue, keeping; /* waiting; being kept */
	struct blob edition, keeping_edition;
	struct blob standing, keeping_standing;
	uint64_t standing_upto, keeping_upto;
	struct catalogue *kept; /* owned: what was kept, on its way to on_catalogue */
	bool office_due;
	bool lost; /* what was told last is not kept, for the disk failed: it is to be told again */
};

/** Texts are copied; while the disk is busy they are passed over, the next Welcome tells them
 * again. */
void office_profile_set(struct office_profile *profile, const char *office_name, const char *zone,
			const char *level);
/** A newer catalogue replaces one that waits. -ENOMEM. */
int office_profile_set_catalogue(struct office_profile *profile, const void *csv, size_t len);
/** The same of an edition, packed, which is taken over. */
void office_profile_set_edition(struct office_profile *profile, struct blob *edition);
/** A frame with a Standing, packed, which is taken over: bulletin_keep(). */
void office_profile_set_standing(struct office_profile *profile, struct blob *standing,
				 uint64_t upto);
void office_profile_free(struct office_profile *profile); /* what it owns; the task is not busy */

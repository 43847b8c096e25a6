/* What the province told this office: its name, the zone, its unit's level, the catalogue. It is
 * kept in the spool, so that the agent knows it before it is connected. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "spool/spool.h"

struct facts {
	char *office_name, *zone;    /* owned; NULL: not told yet */
	char *level;                 /* owned; "": its unit has none; NULL: not told yet */
	struct catalogue *catalogue; /* owned, with its code lists and rules; NULL: not told yet */
	uint64_t edition_version;    /* that the catalogue is of; 0: none is kept whole */
	uint64_t
		standing_version; /* of what was told of this office (bulletin.h); 0: nothing was */
};

/** @level: of the unit that the office reports for; "" for none, or not told. */
int facts_keep_office(struct spool *spool, const char *office_name, const char *zone,
		      const char *level, struct err *err);
/** Of a province that speaks no editions: there are no code lists. @ret_catalogue: the caller's;
 * may be NULL. -EINVAL when @csv is no catalogue; then nothing is kept. */
int facts_keep_catalogue(struct spool *spool, const void *csv, size_t len,
			 struct catalogue **ret_catalogue, struct err *err);
/** An edition, packed (common/net/wire.h). Its catalogue is kept as that, too, for programs that
 * know nothing of editions; the files that are not known here are kept for those that will know
 * them. @ret_catalogue: with its code lists, the caller's; NULL: the edition has none. -EINVAL when
 * it is no edition, or a file of it cannot be read; then nothing is kept. */
int facts_keep_edition(struct spool *spool, const void *packed, size_t len,
		       struct catalogue **ret_catalogue, struct err *err);
/** All but the catalogue and the edition. */
int facts_read_office(struct spool *spool, struct facts *ret_facts, struct err *err);
int facts_read(struct spool *spool, struct facts *ret_facts, struct err *err);
void facts_free(struct facts *facts);

/* What stands of an office's figures of one metric and period, as the journal has it: each series
 * with its value, and who said so last. So whoever records for the office knows what was there. */
#pragma once

#include "common/base/arena.h"
#include "common/model/labels.h"
#include "common/model/period.h"
#include "common/net/wire.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hand_stand {                   /* of one series */
	char labels[LABELS_TEXT_MAX]; /* as it was spelt first */
	bool withdrawn;               /* it was reported, and no more is */
	int64_t value_e;              /* with the catalogue's decimals */
	int64_t entry, run, point;    /* of the journal, which said so, */
	int64_t received_us;          /* and when that came */
};

struct hand_stands {
	struct hand_stand *list; /* owned [n]; no figure that only waits in quarantine */
	size_t n;
};

/** -EUCLEAN: what the journal has of that day cannot be read. */
int hand_stands_read(sqlite3 *db, const struct reference *reference, int64_t office,
		     const struct metric *metric, struct period period,
		     struct hand_stands *ret_stands, struct err *err);
void hand_stands_free(struct hand_stands *stands);
/** The one whose labels mean what @labels do; NULL: there is none. */
const struct hand_stand *hand_stands_find(const struct hand_stands *stands, const char *labels);

struct hand_sayer {                           /* who said so */
	bool province;                        /* an operator, else the office */
	char author[WIRE_AUTHOR_LEN_MAX + 1]; /* "": nobody was asked */
};
/** I11: of an entry that cannot be read nobody is the author. */
int hand_sayer_read(sqlite3 *db, const struct hand_stand *stand, struct hand_sayer *ret_sayer,
		    struct err *err);

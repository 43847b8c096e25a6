/* GET /v1/metrics: how the province is, for Prometheus, in its text format (exposition.h). Names
 * and labels are stable; what cannot be told is left out, and never 0. */
#pragma once

#include "api/alert_watch.h"
#include "api/condition.h"
#include "api/metric_watch.h"
#include "common/base/blob.h"
#include "common/sys/db.h"
#include "ingest/contacts.h"
#include "ingest/gate.h"
#include "ingest/intake.h"
#include "registry/reference.h"
#include "store/store.h"

struct metrics_facts {                        /* copied on the loop thread */
	int64_t now_us, began_us;             /* the daemon's */
	const struct gate_counters *gate;     /* NULL: not known; lent, as all here */
	const struct intake_counters *intake; /* likewise */
	const struct contact_list *contacts;
	const struct metric_answers *answers; /* what took questions to know; may be old or empty */
	struct condition_facts conditions;
	struct alert_counts alerts;
};

/** All of it, behind what is in @out. @reference may be NULL: what needs it is left out. Inside a
 * read transaction. -ENOMEM, or the database's. */
int metrics_write(sqlite3 *db, const struct reference *reference, struct metrics_facts *facts,
		  struct blob *out, struct err *err);

/* One request on its way through the store, and the table of what can be asked. Private to api/.
 *
 * 1. on the loop: prepare() takes what it needs from the request;
 * 2. on the pool, in a transaction: run() does the work and writes the answer;
 * 3. on the loop, once committed: commit() lets the rest of the process know; the answer goes out.
 * When a step fails, the later ones are left out and the client gets its sentence. */
#pragma once

#include "api/api_internal.h"
#include "api/caller.h"
#include "api/changing.h"
#include "api/followers.h"
#include "api/heard.h"
#include "api/metric_watch.h"
#include "api/spill.h"
#include "common/base/blob.h"
#include "common/model/invitation.h"
#include "common/model/labels.h"
#include "common/net/http.h"
#include "common/text/json_item.h"
#include "common/text/table.h"
#include "ingest/committer.h"
#include "ingest/key_feed.h"
#include "journal/changes_page.h"
#include "journal/damaged_days.h"
#include "query/query.h"
#include "registry/tokens.h"

#include <stdbool.h>

enum call_way {
	CALL_READ,
	CALL_GLANCE, /* a read that is answered while questions take all readers */
	CALL_WRITE,
	CALL_POST, /* a write that posts batches: run() finds the ledger in the call */
	CALL_HERE, /* prepare() answers from what the loop knows; run is NULL */
};

struct call;

/* What stands before the rows of an answer in JSON, an object in ASCII: the field of HTTP's head in
 * which an answer in CSV has it, of 8 KiB at most (table_heads_ascii()). */
#define CALL_HEAD     "Lantoa-Head"
#define CALL_HEAD_MAX 8192u

/* PUT takes a table. What else a request may give stands here, names parted by blanks, and any
 * other is refused: a name that was misspelt would mean that nothing was said.
 *
 * The role comes first, so that a row which forgets it has a text in its place and does not
 * compile; one that says ROLE_NONE, or names its fields and not this one, ends the first start. */
struct action {
	enum role role; /* that it needs at least */
	const char *method, *path;
	const char *arguments; /* in the address; NULL: none */
	const char *fields;    /* of the object in the body; NULL: no body */
	enum call_way way;
	int (*prepare)(struct call *call, struct err *err); /* may be NULL */
	int (*run)(struct call *call, sqlite3 *db, const struct reference *reference,
		   struct err *err);
	int (*commit)(struct call *call, struct err *err); /* may be NULL */
	/* for the document (openapi.h): what it does, in a sentence; what it answers, as answers.h
	 * writes it; and, parted by blanks, the arguments and fields without which it is refused;
	 * NULL: none. */
	const char *summary, *answer, *needed;
};

#define CALL_WARNING_MAX 1024u

#define TAG_ROOM         48u /* of an entity tag, with its quotes and NUL */

struct tag_moment { /* see etag.h */
	enum grain finest;
	int32_t periods[2];
};

struct call {
	struct store_job job;
	struct committer_act act; /* instead of the job, of CALL_POST, and */
	struct ledger *ledger;    /* lent, during its run() */
	struct api *api;
	struct http_request *request;
	const struct action *action;
	struct caller caller;
	bool wants_csv, body_is_csv, body_is_json;
	const char *body; /* the request's, valid until answered; of a table: that of @table */
	size_t body_len;
	struct blob table; /* the body parted by commas */
	struct blob answer;
	const char *answer_type;
	struct blob head;   /* of an answer in CSV, which has rows alone: CALL_HEAD; "": none */
	unsigned status;    /* of a refusal, where its err does not say it; 0: that says it */
	char tag[TAG_ROOM]; /* of the answer; "": it has none */
	enum grain finest;  /* of the periods that it may tell of: see etag.h */
	struct spill spill; /* where a long answer is made, */
	struct table_stream stream; /* and what brings rows there */
	bool packed;                /* the answer is gzip */
	char next[80];              /* the list goes on before this; "": it is over */
	bool tables;                /* it was made there, and is complete */
	int file; /* owned: the answer goes on there, behind the blob; -1: there is none */
	uint64_t file_len;
	/* what some kinds of call need besides */
	struct arena *arena;                /* owned, with */
	struct json_item *fields;           /* the body as JSON */
	struct query query;                 /* its texts are the request's */
	char trouble[CHANGING_TROUBLE_MAX]; /* that a change meets: changing_trouble() */
	struct page_damage damage;      /* that the query met; of status: that queries met lately */
	bool revisions;                 /* wanted instead of figures */
	bool yes, dry_run;              /* of an import: see importing.h */
	bool reads;                     /* what would write only looks, this time: by a reader */
	char warning[CALL_WARNING_MAX]; /* likewise: what import() met; "": nothing */
	bool under_way;                 /* what was ordered goes on by steps: 202 */
	bool refused;                   /* answer has what its refusal tells besides, as a text */
	bool strict;                    /* it came under /api: see parameters.h */
	const char *wrong;              /* the field that a failure is about; NULL: none is known */
	char labels[LABELS_TEXT_MAX];
	unsigned most;                        /* rows asked for, */
	int64_t before;                       /* of events before this one; 0: of all */
	const char *code;                     /* the request's */
	char address[INVITATION_ADDRESS_MAX]; /* that an invitation carries: a reload may change it
					       */
	uint32_t invitation_days;             /* likewise */
	struct key_feed feed;
	struct token_list tokens; /* owned */
	struct gate_counters gate;
	struct intake_counters intake;
	struct contact_list contacts; /* owned */
	struct agent_list agents;     /* owned */
	struct heard_form heard;
	struct metric_answers metric_answers; /* owned */
	struct changes_form changes;
	struct alerts_form {
		enum alert_kind kind; /* ALERT_KINDS: of any */
		const char *office;   /* NULL: of all */
		int64_t after, epoch; /* -1: no changes are asked for; 0: of any */
		int64_t seen;         /* the last change when it looked */
		unsigned most;
		bool all;
	} alerts;
	struct alert_list alert_list; /* owned */
	struct alert_counts alert_counts;
	bool for_alerts;             /* it waits for these, and not for the ledger */
	bool waits;                  /* it found nothing, and may wait for more to come */
	struct follower follower;    /* until_ms 0: it does not wait */
	bool asks;                   /* offices: run() waits for what they answer */
	struct heads_question heads; /* owned, and */
	int32_t since;               /* the day from which on they are shown */
	bool metered;                /* these two are of the office asked about */
	struct limits limits;
	struct meter_reading readings[LIMIT_COUNT];
};

/** May who sends @request do @action? Answers, if not. */
bool call_allowed(struct api *api, struct http_request *request, const struct action *action,
		  struct caller *ret_caller);
/** Begin with @request, matched to @action. */
void call_start(struct api *api, struct http_request *request, const struct action *action);

/** For what a few requests of an action need beyond its role. -EACCES. */
int call_needs(const struct call *call, enum role role, struct err *err);

/** Argument @name of the address, 0 or 1; 0 when it is not there. -EINVAL. */
int call_flag(const struct call *call, const char *name, bool *ret_flag, struct err *err);
/** The number in argument @name, from @low to @high; @usual where it is not there. -EINVAL. */
int call_number(const struct call *call, const char *name, int64_t low, int64_t high, int64_t usual,
		int64_t *ret_number, struct err *err);
/** Argument "run", as POST gave it; 0 when it is not there. -EINVAL. */
int call_run(const struct call *call, uint64_t *ret_run, struct err *err);

/* For run(), or prepare() of CALL_HERE: what the answer is. Each returns 0 or -ENOMEM. */
int call_answer_table(struct call *call, struct table *table, struct err *err); /* takes @table */
void call_answer_csv(struct call *call, struct blob *csv); /* takes what @csv holds */
/** The type of rows as the client wants them. */
const char *call_rows_type(const struct call *call);
int call_answer_number(struct call *call, const char *name, uint64_t number, struct err *err);
/** The same with a warning, where the order left out what could not be read. */
int call_answer_damaged(struct call *call, const char *name, uint64_t number,
			const struct damaged_days *damaged, struct err *err);
/** The same with a sentence that somebody should read; "": without. */
int call_answer_warned(struct call *call, const char *name, uint64_t number, const char *warning,
		       struct err *err);
int call_answer_text(struct call *call, const char *name, const char *text, struct err *err);
/** An object of @n texts: their names and they, in turn. */
int call_answer_texts(struct call *call, const char *const texts[], size_t n, struct err *err);

/** What was ordered is made in steps, as change @id: the answer says so, and change_committed() is
 * the action's commit(). */
int call_answer_under_way(struct call *call, int64_t id, struct err *err);
int change_committed(struct call *call, struct err *err);

/** Refuse with @err and, beside its sentence, two numbers for programs: "figures" and "offices".
 * Returns err's code. */
int call_refuse(struct call *call, struct err *err, uint64_t figures, uint64_t offices);
/** The same with other members: @more, each behind a comma: ", \"epoch\": 3". */
int call_refuse_with(struct call *call, struct err *err, const char *more);

/** For prepare(): if run() finds nothing (call->waits), it is run again when the ledger has grown,
 * for so long. 0: it is not. */
void call_wait(struct call *call, uint64_t wait_ms);

/** The same until something is told: call->alerts.seen is what it knew. */
void call_wait_for_alerts(struct call *call, uint64_t wait_ms);

/** For prepare(): run() is to wait until the offices that @office (0: all) stands for have told
 * which heads they keep, the newest call->heads.most, or their time is over. -EAGAIN, -EINVAL. */
int call_ask_heads(struct call *call, int64_t office, struct err *err);

/** The text of field @name of a body that is a JSON object; NULL when it is not there. -EINVAL when
 * the body is no object, has a field that the action does not name, or this one is no text. */
int call_field(struct call *call, const char *name, const char **ret_text, struct err *err);
/** As above; -EINVAL when it is not there. */
int call_field_needed(struct call *call, const char *name, const char **ret_text, struct err *err);
/** The office that *@code means, by its code or its name (offices_expect()): its own code takes the
 * place of that. NULL stays. -ENOENT. */
int call_office(const struct reference *reference, const char **code, struct err *err);
/** The same of the unit that *@code means on @day (units_named()); what none was ever called stays,
 * for whoever goes on to refuse. -EINVAL. */
int call_unit(const struct reference *reference, int32_t day, const char **code, struct err *err);
/** "k=v;k=v" in any order into call->labels, canonical. */
int call_labels(struct call *call, const char *text, struct err *err);

extern const struct action reference_actions[], office_actions[], query_actions[], verify_actions[],
	health_actions[], held_actions[], backup_actions[], change_actions[], changes_actions[],
	heads_actions[], message_actions[], token_actions[], openapi_actions[], excuse_actions[],
	heard_actions[], figure_actions[], metrics_actions[], alert_actions[], map_actions[],
	follow_actions[];
extern const size_t n_reference_actions, n_office_actions, n_query_actions, n_verify_actions,
	n_health_actions, n_held_actions, n_backup_actions, n_change_actions, n_changes_actions,
	n_heads_actions, n_message_actions, n_token_actions, n_openapi_actions, n_excuse_actions,
	n_heard_actions, n_figure_actions, n_metrics_actions, n_alert_actions, n_map_actions,
	n_follow_actions;

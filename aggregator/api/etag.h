/* Which answer it is (RFC 9110, 8.8.3): as long as the tag is the same, so is the answer, and who
 * has it is told so without a question to the database. Private to api/.
 *
 * Of a question the tag is a hash of what its answer depends on: the version of the database
 * (store.h: the ledger's position, and what moves none), the route and its arguments, the role, the
 * language and the form that are wanted, and the clock. The clock moves an answer in one way: a
 * period begins or is over. All of them begin on a minute, hour or day of civil time, and none that
 * is finer than the finest of the catalogue or, where hours are asked for, than these; so do "the
 * last 12 months" move. A tag says in which of these it was made (and, as plan.c has it, in which
 * the next microsecond lies).
 *
 * Of a document, which is imported whole, it is a hash of the document: it stays the same while
 * figures come, and an import can name the edition that it changes (If-Match). */
#pragma once

#include "api/api_internal.h"
#include "api/call.h"

struct tags;

/** NULL: out of memory. */
struct tags *tags_open(void);
void tags_close(struct tags *tags);

/** Do answers of @action have tags? Is it imported whole, so that tags are of its document? */
bool tag_is_given(const struct action *action);
bool tag_is_of_document(const struct action *action);
/** Has @call's client the answer that it asks for? From what the loop knows; @ret_tag is the tag of
 * his. */
bool tag_is_had(const struct tags *tags, const struct call *call, char ret_tag[TAG_ROOM]);
/** The same of an answer that was made, and has call->tag. */
bool tag_is_listed(const struct call *call, char ret_tag[TAG_ROOM]);
/** The tag of @data[@len], which is nothing but itself. */
void tag_of_bytes(const void *data, size_t len, char ret_tag[TAG_ROOM]);
/** What an answer that is begun now may depend on. On the pool, before run(). */
struct tag_moment tag_moment_now(const struct call *call, const struct reference *reference);
/** Behind run(): the tag of its answer into call->tag, which stays empty where there is none. */
void tag_make(struct call *call, const struct tag_moment *begun, const struct tags *tags,
	      const struct reference *reference);
/** On the loop: what tag_is_had() knows from then on. */
void tags_learn(struct tags *tags, const struct call *call);

/** Is the document that @call replaces still the one that its client has read? On the pool.
 * -ESTALE, with call->status: it is not, or he does not say what he has read. */
int tag_check_match(struct call *call, sqlite3 *db, const struct reference *reference,
		    struct err *err);

/** The tag of the document that @call would replace, as it is in @db now; "": it replaces none. On
 * the pool. */
int tag_of_replaced(const struct call *call, sqlite3 *db, const struct reference *reference,
		    char ret_tag[TAG_ROOM], struct err *err);

/* The province's HTTP/JSON interface, for operators and other software: questions and orders become
 * jobs of the store, and their outcome an answer.
 *
 * An answer is JSON; one that has rows is CSV when the client sends "Accept: text/csv". Who asks is
 * told by the kernel (caller.h); what he may do stands beside each route (registry/role.h), and who
 * did what in the audit.
 *
 * A body may be as long as its route needs (413): tables ROUTES_TABLE_MAX, any other order
 * HTTP_BODY_SMALL. */
#pragma once

#include "alert/alert_settings.h"
#include "api/caller.h"
#include "common/base/err.h"
#include "ingest/gate.h"
#include "ingest/intake.h"
#include "registry/key_list.h"
#include "store/store.h"

#include <uv.h>

#define API_WORKING_MAX     64u /* requests in the store's hands; one more is answered 503 */
#define API_BODIES_MAX      (16u * 1024 * 1024) /* of all bodies in work; over it 503 */
#define API_CONNECTIONS_MAX 128u
#define API_IDLE_MAX_S      60u

struct api;

struct api_config { /* all of it outlives the api */
	struct store *store;
	const struct role_groups *groups; /* may change on the loop */
	struct token_list *tokens;        /* follows the store; NULL: there are none */
	struct key_list *key_list;
	const uint8_t *server_key;       /* public, 32 bytes: goes into invitations */
	const uint8_t *secret_key;       /* its other half: goes into backups */
	const char *address;             /* HOST:PORT at which offices reach the gate: likewise;
					    "": not known, and nobody can be invited. May change on
					    the loop */
	const char *folder;              /* for answers too long for memory; NULL: /tmp */
	const uint64_t *reserve;         /* of the disk: [store] reserve; NULL: none. Likewise */
	const uint32_t *invitation_days; /* for which one is good; may change on the loop */
	const struct alert_settings *alerts; /* NULL: nobody is alerted. Likewise */
	const bool *indicators;              /* [metrics] indicators; NULL: no. Likewise */
	const struct gate_counters *gate;    /* may be NULL, as the next one */
	const struct intake_counters *intake;
	struct intake *poster;           /* through which figures are recorded; NULL: none can be */
	const struct contacts *contacts; /* likewise */
	const struct agent_list *agents; /* likewise; NULL: nobody's are known */
	struct heads_survey *heads_survey; /* likewise; NULL: no office can be asked */
	const struct meters *meters;       /* of offices; NULL: what they use is not told */
	const struct meters *key_meters;   /* of keys: gate_meters(); NULL with the former */
};

/** Serve on @listen_fd (http_listen_unix), which the api takes over: on error it is closed. */
int api_start(uv_loop_t *loop, int listen_fd, const struct api_config *config, struct api **ret_api,
	      struct err *err);
/** Refuse new requests, answer those in the store's hands, close; then @on_closed (may be NULL)
 * runs from the loop and the api is freed. Before store_close(). */
void api_stop(struct api *api, void (*on_closed)(void *context), void *context);

/* What /etc/lantoa/web.conf says. */
#pragma once

#include "common/base/err.h"
#include "common/net/http.h"
#include "common/sys/conf.h"
#include "web/forward.h"
#include "web/guests.h"

#include <stdbool.h>
#include <stdint.h>

#define WEB_PAGES_CODE "CODE" /* in [offices] pages, for an office's code */

struct web_config {
	char *listen, *names, *certificate, *key, *aggregator, *pages, *level, *zone; /* owned */
	bool proxy;
	uint32_t connections, address_connections, idle_s, answer_s, upstream, waiting;
	uint32_t requests, at_once;           /* of a guest: a second; under way */
	uint64_t body, bodies, buffer, bytes; /* bytes: of a guest, a minute */
	uint32_t sessions, session_idle_s, session_s;
};

#define WEB_CONFIG_PATH LANTOA_SYSCONFDIR "/web.conf"

/** Read and check @path; NULL reads WEB_CONFIG_PATH, or takes the defaults when that is not there.
 */
int web_config_read(const char *path, struct web_config *ret_config, struct err *err);
/** Read and check @path again. When it is good, @in_force takes over what needs no restart, and the
 * log level changes; otherwise nothing does. */
int web_config_reload(const char *path, struct web_config *in_force, struct conf_change *ret_change,
		      struct err *err);
/** Once, before threads: the zone of this process, and the log level. */
int web_config_begin(const struct web_config *config, struct err *err);
void web_config_apply(const struct web_config *config); /* the log level */
void web_config_free(struct web_config *config);
/** Every key with its help, range and default, as a commented file. */
void web_config_document(FILE *out);

/** The parts of [limits] as those who hold them want them. */
struct forward_limits web_config_forward(const struct web_config *config);
struct guest_limits web_config_guests(const struct web_config *config);
/** Is @host, as a browser gives it (NULL: it gave none, or two), one of those under which this is
 * reached? Without names: one of this machine's loopback. */
bool web_config_named(const struct web_config *config, const char *host);

/* Who may speak to an HTTP port of this machine. Every page that a browser of this machine has open
 * can send requests to it: under a name of that page's own site that was made to mean 127.0.0.1
 * (DNS rebinding), or as another site's page (CSRF). Browsers say both in headers that a page
 * cannot change: Host, Origin (RFC 6454) and Sec-Fetch-Site (W3C Fetch Metadata). Programs send
 * neither of the latter two.
 *
 * A proxy before a unix socket has one name for all who come, which is configured: what goes by
 * another name was not meant for it. */
#pragma once

#include <stdbool.h>

struct http_guarded { /* of a request; NULL: it has none */
	const char *method, *host, *origin, *fetch_site;
};

/** Host must be a loopback name (127.0.0.1, localhost or [::1], with any port), or where @host is
 * given, that of a proxy which passes it on, @host itself. What is not GET or HEAD must come from a
 * page of the same host and port, over TLS where @host is given, or from no page. */
bool http_guard_passes(const struct http_guarded *asked, const char *host);

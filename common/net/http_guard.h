/* Who may speak to an HTTP port of this machine. Every page that a browser of this machine has open
 * can send requests to it: under a name of that page's own site that was made to mean 127.0.0.1
 * (DNS rebinding), or as another site's page (CSRF). Browsers say both in headers that a page
 * cannot change: Host, Origin (RFC 6454) and Sec-Fetch-Site (W3C Fetch Metadata). Programs send
 * neither of the latter two. */
#pragma once

#include <stdbool.h>

struct http_guarded { /* of a request; NULL: it has none */
	const char *method, *host, *origin, *fetch_site;
};

/** Host must be a loopback name (127.0.0.1, localhost or [::1], with any port). What is not GET or
 * HEAD must come from a page of the same host and port, or from no page. */
bool http_guard_passes(const struct http_guarded *asked);

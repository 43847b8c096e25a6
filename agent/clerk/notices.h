/* What the province told this office, on its pages. */
#pragma once

#include "clerk/values.h"
#include "common/text/html.h"

#include <stdint.h>

/** Above the form of @period: is it closed, for every metric of @catalogue that is counted so, or
 * for which? */
void notice_closed(struct html *html, const struct catalogue *catalogue,
		   const struct values *values, struct period period);
/** On each page, at its top: what people at the province wrote and nobody read, with a button each.
 * @token: the server's, that the form is to show. */
void notice_messages(struct html *html, const struct catalogue *catalogue,
		     const struct values *values, const char *token, int64_t now_us);
/** At a figure: "please look again", where somebody wrote so. */
void notice_about(struct html *html, const struct values *values, const struct metric *metric,
		  const char *labels, struct period period);
/** On the page of what was sent: what was let in of late. */
void notice_let_in(struct html *html, const struct values *values, int64_t now_us);
/** "Finished: told by hoa at 8:12", of a report that is. */
void finished_say(struct html *html, const struct spool_finished *finished, int64_t now_us);

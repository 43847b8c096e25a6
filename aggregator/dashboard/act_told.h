/* What would come of each act, by the aggregator's trial of it, in words; and that it was done. As
 * act.h has them. */
#pragma once

#include "dashboard/order.h"

void told_close(struct visit *visit, struct html *html, const json_t *trial);
/** How complete what is to be closed is. */
void told_complete(struct visit *visit, struct html *html, const json_t *trial);
void told_reopen(struct visit *visit, struct html *html, const json_t *trial);
void told_release(struct visit *visit, struct html *html, const json_t *trial);
void told_excuse(struct visit *visit, struct html *html, const json_t *trial);
void told_unexcuse(struct visit *visit, struct html *html, const json_t *trial);
void told_move(struct visit *visit, struct html *html, const json_t *trial);
/** How many figures go along. */
void told_figures(struct visit *visit, struct html *html, const json_t *trial);
void told_rename(struct visit *visit, struct html *html, const json_t *trial);
void told_end(struct visit *visit, struct html *html, const json_t *trial);
void told_follow(struct visit *visit, struct html *html, const json_t *trial);
void told_invite(struct visit *visit, struct html *html, const json_t *trial);
void told_cancel(struct visit *visit, struct html *html, const json_t *trial);
void told_table(struct visit *visit, struct html *html, const json_t *trial);
/** How long it takes. */
void told_seconds(struct visit *visit, struct html *html, const json_t *trial);

void done_close(const struct order *order, const json_t *answer, char *text, size_t room);
void done_reopen(const struct order *order, const json_t *answer, char *text, size_t room);
void done_release(const struct order *order, const json_t *answer, char *text, size_t room);
void done_excuse(const struct order *order, const json_t *answer, char *text, size_t room);
void done_unexcuse(const struct order *order, const json_t *answer, char *text, size_t room);
void done_move(const struct order *order, const json_t *answer, char *text, size_t room);
void done_rename(const struct order *order, const json_t *answer, char *text, size_t room);
void done_end(const struct order *order, const json_t *answer, char *text, size_t room);
void done_follow(const struct order *order, const json_t *answer, char *text, size_t room);
void done_cancel(const struct order *order, const json_t *answer, char *text, size_t room);
void done_table(const struct order *order, const json_t *answer, char *text, size_t room);

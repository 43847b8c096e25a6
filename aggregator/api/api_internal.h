/* What requests on their way (call.h) share with the api that they came to. */
#pragma once

#include "api/alert_watch.h"
#include "api/api.h"
#include "api/followers.h"
#include "api/metric_watch.h"
#include "backup/backup.h"
#include "common/base/blob.h"
#include "query/plan.h"
#include "verify/verification.h"

#include <stdbool.h>

struct tags;
struct spill_room;

const struct api_config *api_config_of(const struct api *api);
/** A question met damage: it is logged, once a minute, and told by api_damage() for ten minutes. */
void api_note_damage(struct api *api, const struct page_damage *damage);
struct page_damage api_damage(const struct api *api);
/** Of this api; while one runs it has a place among API_WORKING_MAX. */
struct verification *api_verification(struct api *api);
struct tags *api_tags(struct api *api);
struct spill_room *api_spills(struct api *api);
/** The document of the interface (openapi.h), made when it is first asked for; NULL: @err. */
const struct blob *api_document(struct api *api, struct err *err);
struct backup *api_backup(struct api *api); /* likewise */
/** A change may have begun, or stand still: go on with it. */
void api_change(struct api *api, enum language language);
/** It was ordered, or taken back: the same, without waiting after a step that failed. */
void api_change_now(struct api *api, enum language language);
/** changing_trouble() of it. */
const char *api_change_trouble(const struct api *api);
/** Who waits for the ledger to grow; none of them has a place among API_WORKING_MAX. */
struct followers *api_followers(struct api *api);
/** Who waits for alerts, likewise; the number of the last change, -1: not known; and what there is.
 */
struct followers *api_alert_followers(struct api *api);
int64_t api_alert_last(const struct api *api);
struct alert_counts api_alert_counts(const struct api *api);
int api_alerts_copy(const struct api *api, struct alert_list *ret_list, struct err *err);
uint64_t api_now_ms(const struct api *api); /* the loop's */
/** Token @id was used, by a request that came in. */
void api_token_used(struct api *api, int64_t id);
int64_t api_began_us(const struct api *api); /* the clock when it was started */
/** What the metrics tell that takes questions; @api looks for it anew when that is due. */
const struct metric_answers *api_metric_answers(struct api *api);
/** A place among API_WORKING_MAX; false: there is none, or the api is stopping. */
bool api_enter(struct api *api);
void api_leave(struct api *api);

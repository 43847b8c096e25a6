/* lantoa alerts follow: each change of an alert is told to a program.
 *
 * - Changes come in the order of their numbers, each at least once: what was told last stands in
 *   FOLDER/position, which is written (and synced) when the hook has ended well. Who is killed
 *   between tells that one again.
 * - A hook that fails, or takes over HOOK_LIMIT_S, is tried again with the same change, 1 s later,
 *   then 2, 4 ... up to 300 s, for as long as --wait says: an hour. Then the change goes into
 *   FOLDER/undelivered.jsonl, and the next ones are tried once each, until one goes through: so
 *   nothing is lost, and nothing stands in the way for ever. Over UNDELIVERED_MAX that file is put
 *   aside as undelivered.1.jsonl, and what was put aside before goes.
 * - The first time, and behind a restore (another epoch), what fires is told, as state "firing",
 *   and from there on what changes. */
#pragma once

#include "cli/command.h"
#include "common/base/err.h"

/** Until it is killed; returns when it cannot go on: the folder cannot be written, or whoever
 * answers is no province or refuses. */
int cmd_alerts_follow(const struct order *order, struct err *err);

#include "ingest/room.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "common/model/civil.h"

#include <inttypes.h>
#include <sys/statvfs.h>

#define LOOK_MS 1000u
#define LOOK_BUSY_MS                                                                               \
	100u /* two microseconds each; as much as a disk takes in that time is little */

bool room_judge(bool was, uint64_t free, uint64_t reserve)
{
	return free < (was ? reserve + reserve / 8 : reserve);
}

static void say(struct room *room)
{
	const struct room_look *look = &room->look;
	uint64_t not_logged;
	if (!look->is_short)
		log_info("room: taking figures again free=%" PRIu64, look->free);
	else if (log_limit_pass(&room->said, room->looked_ms, &not_logged))
		log_error("room: the disk is down to its reserve, taking no figures free=%" PRIu64
			  " reserve=%" PRIu64 " not_logged=%" PRIu64,
			  look->free, look->reserve, not_logged);
}

/* A disk that does not tell is as it was. */
static void look(struct room *room, uint64_t now_ms)
{
	struct room_look *look = &room->look;
	struct statvfs disk;
	const char *path = sqlite3_db_filename(store_writer(room->store), "main");
	room->looked_ms = now_ms;
	look->reserve = *room->reserve;
	look->log = store_log(room->store);
	if (statvfs(path, &disk) == 0)
		look->free = (uint64_t)disk.f_bavail * disk.f_frsize;
	bool is_short = room_judge(look->is_short, look->free, look->reserve);
	if (is_short == look->is_short)
		return;
	look->is_short = is_short;
	look->since_us = is_short ? civil_now_us() : 0;
	say(room);
}

static void on_timer(uv_timer_t *timer)
{
	struct room *room = container_of(timer, struct room, timer);
	look(room, uv_now(timer->loop));
	if (room->look.is_short)
		store_shrink_log(room->store);
	room->on_change(room->context);
}

void room_start(uv_loop_t *loop, struct room *room)
{
	(void)uv_timer_init(loop, &room->timer); /* cannot fail, as a start that has a callback */
	room->open = true;
	look(room, uv_now(loop));
	(void)uv_timer_start(&room->timer, on_timer, LOOK_MS, LOOK_MS);
}

bool room_is_short(struct room *room)
{
	uint64_t now_ms = uv_now(room->timer.loop);
	if (now_ms >= room->looked_ms + LOOK_BUSY_MS)
		look(room, now_ms);
	return room->look.is_short;
}

static void on_closed(uv_handle_t *handle)
{
	struct room *room = container_of((uv_timer_t *)handle, struct room, timer);
	room->open = false;
	room->on_change(room->context);
}

void room_stop(struct room *room)
{
	if (room->open)
		uv_close((uv_handle_t *)&room->timer, on_closed);
}

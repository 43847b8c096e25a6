#include "sources/minute.h"

#include "common/base/container.h"
#include "common/model/civil.h"

#define MINUTE_MS 60000
#define FIRST_MS  1000u
#define AFTER_MS  10 /* timers may come a little early, by another clock */

static void on_timer(uv_timer_t *timer)
{
	struct minute *minute = container_of(timer, struct minute, timer);
	int64_t into_ms = civil_now_us() / 1000 % MINUTE_MS;
	(void)uv_timer_start(timer, on_timer, (uint64_t)(MINUTE_MS - into_ms + AFTER_MS),
			     0); /* not closing */
	minute->on_minute(minute->context);
}

void minute_start(uv_loop_t *loop, struct minute *minute)
{
	(void)uv_timer_init(loop, &minute->timer);                   /* cannot fail */
	(void)uv_timer_start(&minute->timer, on_timer, FIRST_MS, 0); /* not closing */
}

static void on_closed(uv_handle_t *handle)
{
	struct minute *minute = container_of((uv_timer_t *)handle, struct minute, timer);
	minute->on_closed(minute->context);
}

void minute_close(struct minute *minute)
{
	uv_close((uv_handle_t *)&minute->timer, on_closed);
}

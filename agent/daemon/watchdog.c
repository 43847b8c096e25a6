#include "daemon/watchdog.h"

#include "common/base/container.h"
#include "common/sys/notify.h"

static void work_beat(struct job *job)
{
	struct watchdog *watchdog = container_of(job, struct watchdog, job);
	watchdog->look(watchdog->context);
}

static void done_beat(struct job *job)
{
	struct watchdog *watchdog = container_of(job, struct watchdog, job);
	watchdog->beating = false;
	notify("WATCHDOG=1");
	if (!uv_is_closing((uv_handle_t *)&watchdog->timer))
		watchdog->tell(watchdog->context);
}

static void on_timer(uv_timer_t *timer)
{
	struct watchdog *watchdog = container_of(timer, struct watchdog, timer);
	if (watchdog->beating)
		return; /* the worker is stuck, and systemd shall know */
	watchdog->beating = true;
	watchdog->job = (struct job){ .work = work_beat, .done = done_beat };
	worker_submit(watchdog->worker, &watchdog->job);
}

void watchdog_start(struct watchdog *watchdog, uv_loop_t *loop)
{
	uint64_t every_ms = notify_watchdog_ms();
	(void)uv_timer_init(loop, &watchdog->timer); /* cannot fail */
	if (every_ms > 0)
		(void)uv_timer_start(&watchdog->timer, on_timer, 0, every_ms); /* not closing */
}

void watchdog_stop(struct watchdog *watchdog)
{
	uv_close((uv_handle_t *)&watchdog->timer, NULL);
}

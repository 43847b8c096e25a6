/* A call just after each full minute of the wall clock, whenever that is set meanwhile. */
#pragma once

#include <stdint.h>
#include <uv.h>

struct minute { /* embed it; must stay in place until on_closed */
	uv_timer_t timer;
	void (*on_minute)(void *context);
	void (*on_closed)(void *context); /* of minute_close() */
	void *context;
};

/** The first call comes a second later, when what is more urgent at a start is done. */
void minute_start(uv_loop_t *loop, struct minute *minute);
void minute_close(struct minute *minute);

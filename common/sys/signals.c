#include "common/sys/signals.h"

#include <signal.h>

static void on_caught(uv_signal_t *handle, int number)
{
	struct signals *signals = handle->data;

	signals->on_signal(signals->context, number);
}

int signals_watch(struct signals *signals, uv_loop_t *loop,
		  void (*on_signal)(void *context, int number), void *context)
{
	static const int numbers[SIGNALS] = { SIGTERM, SIGINT, SIGHUP };
	int rc = 0;

	signals->on_signal = on_signal;
	signals->context = context;
	for (signals->n = 0; signals->n < SIGNALS && rc == 0;) {
		uv_signal_t *handle = &signals->handles[signals->n];

		rc = uv_signal_init(loop, handle);
		if (rc < 0)
			break;
		handle->data = signals;
		rc = uv_signal_start(handle, on_caught, numbers[signals->n++]);
	}
	return rc;
}

void signals_unref(struct signals *signals)
{
	for (size_t i = 0; i < signals->n; i++)
		uv_unref((uv_handle_t *)&signals->handles[i]);
}

void signals_close(struct signals *signals)
{
	for (size_t i = 0; i < signals->n; i++)
		uv_close((uv_handle_t *)&signals->handles[i], NULL);
	signals->n = 0;
}

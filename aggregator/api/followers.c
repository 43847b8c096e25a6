#include "api/followers.h"

#include <assert.h>
#include <stdlib.h>

struct followers {
	uv_timer_t timer;
	struct follower *list[FOLLOWERS_MAX]; /* [n]; lent */
	unsigned n;
	bool ended;
};

int followers_open(uv_loop_t *loop, struct followers **ret_followers, struct err *err)
{
	struct followers *followers = calloc(1, sizeof(*followers));
	if (!followers)
		return err_memory(err);
	(void)uv_timer_init(loop, &followers->timer); /* cannot fail */
	followers->timer.data = followers;
	*ret_followers = followers;
	return 0;
}

static void on_timer_closed(uv_handle_t *timer)
{
	free(timer->data);
}

void followers_close(struct followers *followers)
{
	if (!followers)
		return;
	assert(followers->n == 0);
	uv_close((uv_handle_t *)&followers->timer, on_timer_closed);
}

unsigned followers_count(const struct followers *followers)
{
	return followers->n;
}

static void on_time(uv_timer_t *timer);

static void timer_set(struct followers *followers)
{
	uint64_t now_ms = uv_now(followers->timer.loop), next_ms = UINT64_MAX;
	for (unsigned i = 0; i < followers->n; i++)
		if (followers->list[i]->until_ms < next_ms)
			next_ms = followers->list[i]->until_ms;
	if (followers->n == 0) {
		(void)uv_timer_stop(&followers->timer); /* cannot fail */
		return;
	}
	int rc = uv_timer_start(&followers->timer, on_time, next_ms > now_ms ? next_ms - now_ms : 0,
				0);
	assert(rc == 0); /* fails for a closing handle or without callback */
	(void)rc;
}

/* Each is taken out before it is told: being told, it may come back. */
static void tell_all(struct followers *followers, uint64_t until_ms, bool grown)
{
	struct follower *due[FOLLOWERS_MAX];
	unsigned n_due = 0, left = 0;
	for (unsigned i = 0; i < followers->n; i++) {
		struct follower *follower = followers->list[i];
		if (follower->until_ms <= until_ms)
			due[n_due++] = follower;
		else
			followers->list[left++] = follower;
	}
	followers->n = left;
	for (unsigned i = 0; i < n_due; i++)
		(grown ? due[i]->again : due[i]->finish)(due[i]);
	timer_set(followers);
}

static void on_time(uv_timer_t *timer)
{
	tell_all(timer->data, uv_now(timer->loop), false);
}

bool followers_keep(struct followers *followers, struct follower *follower)
{
	if (followers->ended || followers->n == FOLLOWERS_MAX)
		return false;
	followers->list[followers->n++] = follower;
	timer_set(followers);
	return true;
}

void followers_wake(struct followers *followers)
{
	tell_all(followers, UINT64_MAX, true);
}

void followers_end(struct followers *followers)
{
	followers->ended = true;
	tell_all(followers, UINT64_MAX, false);
}

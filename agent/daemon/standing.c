#include "daemon/standing.h"

#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/sys/notify.h"
#include "office/bulletin.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

void standing_status(const struct standing *standing, struct agent_status *status,
		     struct uplink_look *look)
{
	const struct catalogue *catalogue = recorder_catalogue(standing->recorder);
	uplink_look(standing->uplink, look);
	status->look = look;
	status->office = standing->identity->office;
	status->office_name = *look->office_name ? look->office_name : standing->facts->office_name;
	status->address = standing->identity->address;
	status->hosted = standing->hosted;
	status->since_us = standing->since_us;
	status->catalogue_version = catalogue ? catalogue->version : 0;
	status->metrics = catalogue ? catalogue->n : 0;
	if (standing->reload)
		status->reload = reload_outcome(standing->reload);
	if (standing->inputs)
		status->n_inputs = inputs_look(standing->inputs, status->inputs);
}

void standing_announce(struct standing *standing)
{
	struct uplink_look look;
	struct agent_status status = { .spool = standing->room, .news = standing->news };
	char text[sizeof(standing->told)];
	if (!standing->inputs)
		return;
	standing_status(standing, &status, &look);
	struct health health = agent_status_health(&status);
	const struct health_condition *headline = &health.list[0];
	if (headline->name != standing->headline)
		log_debug("health: %s -> %s conditions=%zu",
			  standing->headline ? standing->headline : "start", headline->name,
			  health.n);
	standing->headline = headline->name;
	(void)utf8_print(text, sizeof(text), "STATUS=%s: %s", standing->identity->office,
			 headline->sentence); /* cut is fine */
	(void)utf8_clean(text, "");           /* another line would be another word to systemd */
	if (strcmp(text, standing->told) == 0)
		return;
	memcpy(standing->told, text, strlen(text) + 1);
	notify(text);
}

static void look_around(void *context)
{
	struct standing *standing = context;
	struct err ignored; /* a disk that cannot be asked shows when it is written to */
	(void)spool_room(standing->spool, &standing->room_seen, &ignored);
	struct bulletin told;
	if (bulletin_read(standing->spool, &told, &ignored) == 0) {
		standing->news_seen = bulletin_has_news(&told);
		bulletin_free(&told);
	}
	spool_rest(standing->spool);
}

static void on_looked_around(void *context)
{
	struct standing *standing = context;
	standing->room = standing->room_seen;
	standing->news = standing->news_seen;
	standing_announce(standing);
	(void)malloc_trim(0); /* whatever was done since the last beat */
}

void standing_start(struct standing *standing, uv_loop_t *loop, struct worker *worker)
{
	standing->watchdog = (struct watchdog){
		.worker = worker, .look = look_around, .tell = on_looked_around, .context = standing
	};
	watchdog_start(&standing->watchdog, loop);
}

void standing_stop(struct standing *standing)
{
	standing->inputs = NULL;
	standing->reload = NULL;
	watchdog_stop(&standing->watchdog);
}

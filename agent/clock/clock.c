#include "clock/clock.h"

#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/model/civil.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BOOT_ID          "/proc/sys/kernel/random/boot_id"
#define BATTERY          "/sys/class/rtc/rtc0/since_epoch" /* UTC, wherever /etc/adjtime says so */
#define BATTERY_EVERY_US INT64_C(10000000)                 /* an answer may take a millisecond */
#define TRACED_MS        1000

struct clock {
	struct clock_source source;
	pthread_mutex_t lock;
	struct clock_core core; /* under the lock, as the next */
	int64_t asked_us;       /* the hardware clock, last */
	char boot[CLOCK_BOOT_MAX];
};

/* --- the machine --- */

/* A line of a file of the kernel's, without its end. */
static int line_read(const char *path, char *ret_line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, ret_line, size - 1);
	int rc = n <= 0 ? -EIO : 0;
	(void)close(fd); /* opened for reading */
	if (rc == 0) {
		ret_line[n] = '\0';
		ret_line[strcspn(ret_line, "\n")] = '\0';
	}
	return rc;
}

static int64_t clock_us(clockid_t id)
{
	struct timespec at = { 0 };
	(void)clock_gettime(id, &at); /* both clocks exist */
	return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static void machine_read(void *context, struct clock_reading *ret_reading)
{
	(void)context;
	*ret_reading = (struct clock_reading){ .wall_us = clock_us(CLOCK_REALTIME),
					       .boot_us = clock_us(CLOCK_BOOTTIME),
					       .synchronised = civil_vouched() };
}

static int64_t machine_battery(void *context)
{
	char text[32];
	(void)context;
	return line_read(BATTERY, text, sizeof(text)) < 0 ? 0 : strtoll(text, NULL, 10) * 1000000;
}

/* --- life --- */

int clock_open(const struct clock_source *source, struct clock **ret_clock, struct err *err)
{
	static const struct clock_source machine = { .read = machine_read,
						     .battery = machine_battery };
	struct clock *clock = calloc(1, sizeof(*clock));
	if (!clock)
		return err_memory(err);
	clock->source = source ? *source : machine;
	clock->core.floor_us = CLOCK_FLOOR_US;
	clock->asked_us = -BATTERY_EVERY_US;
	int rc = 0;
	if (clock->source.boot)
		strncpy(clock->boot, clock->source.boot, sizeof(clock->boot) - 1);
	else
		rc = line_read(BOOT_ID, clock->boot, sizeof(clock->boot));
	if (rc < 0 || (rc = -pthread_mutex_init(&clock->lock, NULL)) < 0) {
		free(clock);
		return err_system(err, rc, BOOT_ID);
	}
	*ret_clock = clock;
	return 0;
}

void clock_close(struct clock *clock)
{
	if (!clock)
		return;
	(void)pthread_mutex_destroy(&clock->lock); /* nobody holds it */
	free(clock);
}

const char *clock_boot(const struct clock *clock)
{
	return clock->boot;
}

/* --- asking and telling --- */

static int64_t battery(struct clock *clock, int64_t boot_us)
{
	if (boot_us - clock->asked_us < BATTERY_EVERY_US)
		return 0;
	clock->asked_us = boot_us;
	return clock->source.battery(clock->source.context);
}

/* Only what moves the anchor leaves a trace: the wall clock drifts by microseconds all the time. */
static void adopt(struct clock *clock, struct clock_core core, const char *event)
{
	int64_t moved_ms = (core.start_us - clock->core.start_us) / 1000;
	if (core.witness != clock->core.witness || moved_ms >= TRACED_MS || moved_ms <= -TRACED_MS)
		log_debug("clock: %s + %s -> %s moved_ms=%lld",
			  clock_witness_name(clock->core.witness), event,
			  clock_witness_name(core.witness), (long long)moved_ms);
	clock->core = core;
}

static struct clock_reading lock_and_look(struct clock *clock)
{
	struct clock_reading reading = { 0 };
	(void)pthread_mutex_lock(&clock->lock); /* cannot fail: not recursive, initialised */
	clock->source.read(clock->source.context, &reading);
	if (!reading.synchronised && clock_wants_battery(&clock->core, &reading))
		reading.battery_us = battery(clock, reading.boot_us);
	adopt(clock, clock_step(clock->core, &reading), "look");
	return reading;
}

static void unlock(struct clock *clock)
{
	(void)pthread_mutex_unlock(&clock->lock); /* we hold it */
}

struct moment clock_now(struct clock *clock)
{
	if (!clock)
		return (struct moment){ .known = true, .at_us = civil_now_us() };
	struct clock_reading reading = lock_and_look(clock);
	struct clock_core core = clock->core;
	unlock(clock);
	bool known = core.witness != CLOCK_NOBODY;
	return (struct moment){ .known = known,
				.at_us = known ? core.start_us + reading.boot_us : reading.wall_us,
				.boot_us = reading.boot_us };
}

int64_t clock_latest_us(struct clock *clock)
{
	struct moment now = clock_now(clock);
	return now.known ? now.at_us : CLOCK_UNKNOWN_US;
}

void clock_hear(struct clock *clock, int64_t province_us)
{
	struct clock_reading reading = lock_and_look(clock);
	adopt(clock, clock_step_told(clock->core, &reading, province_us), "province");
	unlock(clock);
}

void clock_hear_floor(struct clock *clock, int64_t floor_us)
{
	(void)pthread_mutex_lock(&clock->lock); /* as above */
	if (floor_us > clock->core.floor_us && clock_possible(floor_us))
		clock->core.floor_us = floor_us;
	unlock(clock);
}

struct clock_core clock_anchor(struct clock *clock)
{
	(void)lock_and_look(clock);
	struct clock_core core = clock->core;
	unlock(clock);
	return core;
}

void clock_recall(struct clock *clock, enum clock_witness witness, int64_t start_us)
{
	(void)pthread_mutex_lock(&clock->lock); /* as above */
	if (witness > clock->core.witness && clock_possible(start_us)) {
		struct clock_core core = clock->core;
		core.witness = witness;
		core.start_us = start_us;
		adopt(clock, core, "recall");
	}
	unlock(clock);
}

int64_t clock_ahead_us(struct clock *clock)
{
	struct clock_reading reading = lock_and_look(clock);
	struct clock_core core = clock->core;
	unlock(clock);
	return core.witness == CLOCK_NOBODY ? 0 : reading.wall_us - reading.boot_us - core.start_us;
}

const char *clock_witness_name(enum clock_witness witness)
{
	static const char *const names[] = { [CLOCK_NOBODY] = "nobody",
					     [CLOCK_BATTERY] = "battery",
					     [CLOCK_PROVINCE] = "province",
					     [CLOCK_KERNEL] = "kernel" };
	return names[witness];
}

const char *clock_witness_words(enum clock_witness witness)
{
	static const char *const words[] = {
		[CLOCK_NOBODY] = N_("not known: nobody vouches for this machine's clock"),
		[CLOCK_BATTERY] = N_("kept by a battery"),
		[CLOCK_PROVINCE] = N_("told by the province"),
		[CLOCK_KERNEL] = N_("synchronised"),
	};
	return words[witness];
}

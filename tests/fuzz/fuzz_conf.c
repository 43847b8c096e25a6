#include "common/base/utf8.h"
#include "common/sys/conf.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct job {
	char *name, *command;
};

struct settings {
	struct conf_items jobs;
	char *zone;
	uint32_t port;
	bool loud;
	uint64_t room;
};

static const struct conf_key keys[] = {
	{ "place", "zone", CONF_TEXT, offsetof(struct settings, zone), "UTC", 0, 0, "zone" },
	{ "net", "port", CONF_UINT, offsetof(struct settings, port), "5555", 1, 65535, "port" },
	{ "net", "loud", CONF_BOOL, offsetof(struct settings, loud), "no", 0, 0, "log more" },
	{ "store", "room", CONF_BYTES, offsetof(struct settings, room), "64M", 1024, 0, "room" },
	{ "job NAME", "", CONF_ITEMS, offsetof(struct settings, jobs), NULL, sizeof(struct job), 3,
	  "jobs" },
	{ "job NAME", "command", CONF_TEXT, offsetof(struct job, command), "", 0, 0, "command" },
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct settings settings = { 0 };
	struct err err = { 0 };
	char path[64];
	int fd = memfd_create("conf", MFD_CLOEXEC);
	require(fd >= 0);
	require(write(fd, data, len) == (ssize_t)len);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int rc = conf_read(path, keys, N_KEYS, &settings, &err);
	(void)close(fd); /* memory alone */
	require(rc == 0 || rc == -EINVAL);
	if (rc == 0)
		require(settings.zone && settings.port >= 1 && settings.room >= 1024);
	else
		require(!settings.zone && utf8_valid(err.text, strlen(err.text)));
	conf_free(keys, N_KEYS, &settings);
	return 0;
}

#include "sources/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FILE_MAX    8192 /* /proc/meminfo has 1.5 KB */
#define LOAD_PLACES 2u   /* of /proc/loadavg */
#define KIB_PER_MIB 1024
#define MIB         (1024 * 1024)

/* Digits at @text, up to what follows them. */
static bool number_at(const char *text, int64_t *ret_number, const char **ret_end)
{
	int64_t number = 0;
	const char *t = text;
	for (; *t >= '0' && *t <= '9'; t++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *t - '0', &number))
			return false;
	*ret_number = number;
	*ret_end = t;
	return t != text;
}

/* "350735.47 234388.90": seconds since the start, and idle ones. */
static int read_uptime(const char *text, struct probe_value *ret_value)
{
	int64_t seconds;
	const char *end;
	if (!number_at(text, &seconds, &end) || *end != '.')
		return -EINVAL;
	*ret_value = (struct probe_value){ .value_e = seconds / 60 };
	return 0;
}

/* "0.42 0.36 0.30 1/123 4567" */
static int read_load(const char *text, struct probe_value *ret_value)
{
	int64_t whole, part;
	const char *end, *more;
	if (!number_at(text, &whole, &end) || *end != '.' || !number_at(end + 1, &part, &more) ||
	    more - end - 1 != LOAD_PLACES || __builtin_mul_overflow(whole, 100, &whole) ||
	    __builtin_add_overflow(whole, part, &whole))
		return -EINVAL;
	*ret_value = (struct probe_value){ .value_e = whole, .decimals = LOAD_PLACES };
	return 0;
}

/* A line "MemAvailable:    1234567 kB". */
static int read_memory(const char *text, struct probe_value *ret_value)
{
	static const char name[] = "\nMemAvailable:";
	const char *line = strstr(text, name), *end;
	int64_t kib;
	if (!line)
		return -EINVAL;
	line += strlen(name);
	line += strspn(line, " ");
	if (!number_at(line, &kib, &end) || strncmp(end, " kB", 3) != 0)
		return -EINVAL;
	*ret_value = (struct probe_value){ .value_e = kib / KIB_PER_MIB };
	return 0;
}

const struct probe probes[] = {
	{ "office.uptime_minutes", "/proc/uptime", read_uptime },
	{ "office.disk_free_mib", NULL, NULL },
	{ "office.memory_free_mib", "/proc/meminfo", read_memory },
	{ "office.load", "/proc/loadavg", read_load },
	{ 0 },
};

static int read_file(const char *path, char text[FILE_MAX], struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, FILE_MAX - 1); /* the kernel gives all at once */
	int code = -errno;
	if (fd >= 0)
		(void)close(fd); /* only read */
	if (n < 0)
		return err_system(err, code, path);
	text[n] = '\0';
	return 0;
}

static int disk_free(const char *folder, struct probe_value *ret_value, struct err *err)
{
	struct statvfs disk;
	if (statvfs(folder, &disk) < 0)
		return err_system(err, -errno, folder);
	*ret_value = (struct probe_value){ .value_e = (int64_t)((uint64_t)disk.f_bavail *
								disk.f_frsize / MIB) };
	return 0;
}

int probe_now(const struct probe *probe, const char *folder, struct probe_value *ret_value,
	      struct err *err)
{
	char text[FILE_MAX];
	if (!probe->file)
		return disk_free(folder, ret_value, err);
	int rc = read_file(probe->file, text, err);
	if (rc == 0 && probe->read(text, ret_value) < 0)
		rc = err_set(err, -EINVAL, "%s is not as expected", probe->file);
	return rc;
}

void probe_format(const struct probe_value *value, unsigned decimals, char text[DECIMAL_TEXT_MAX])
{
	int64_t value_e = value->value_e;
	unsigned has = value->decimals;
	for (; has > decimals; has--)
		value_e /= 10;
	(void)decimal_format(value_e, has, text); /* its length */
}

/* What /etc/lantoa/agent.conf says, or for an office among several on this machine, what
 * /etc/lantoa/agent@.conf and agent@CODE.conf do. */
#pragma once

#include "common/base/err.h"
#include "common/sys/conf.h"
#include "office/hosted.h"
#include "office/sections.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings {
	char office[HOSTED_CODE_MAX]; /* one of several on this machine; "": the machine's own */
	char *state_dir;              /* owned, as all texts here */
	char *api_socket;
	char *zone;
	uint32_t push_interval_s, kilobytes_per_hour, reconnect_min_ms, reconnect_max_ms,
		enrol_timeout_s;
	uint64_t bytes_max, reserve;
	uint32_t keep_acked_days;
	char *inbox_folder, *inbox_language;
	uint32_t inbox_settle_s;
	bool inbox_strict;
	char *statsd_listen, *statsd_socket;
	char *page_listen, *page_socket, *page_host, *page_author_header;
	struct conf_items execs; /* of struct exec_section */
	struct conf_items sqls;  /* of struct sql_section */
	char *http_listen;
	bool host_probes;
	char *level;
};

struct reload_outcome {      /* how it went when they were last read again, by a running agent */
	int64_t at_us;       /* on civil_boot_us()'s clock; 0: not asked for since the start */
	bool failed;         /* the file was wrong */
	char *text;          /* owned; what is wrong with it, or NULL */
	char *needs_restart; /* owned; the keys that wait for one, "[agent] zone", or NULL */
};

#define SETTINGS_PATH LANTOA_SYSCONFDIR "/agent.conf"

struct settings_source { /* texts borrowed */
	/* --config; NULL: SETTINGS_PATH, or the defaults when that is not there. */
	const char *path;
	/* --office: the defaults are that one's (office/hosted.h), and so are its two files, as far
	 * as they are there, where path is NULL. NULL: the machine's own office. */
	const char *office;
};

/** -EINVAL: the file is wrong, or the office's code; -ENOENT: path is not there. */
int settings_read(const struct settings_source *source, struct settings *ret_settings,
		  struct err *err);
/** What of the file is good, and defaults for the rest, for --office these alone: for a look at an
 * agent whose configuration was broken after its start. -ENOMEM; -EINVAL: no such code. */
int settings_read_good(const struct settings_source *source, struct settings *ret_settings,
		       struct err *err);
/** "lantoa-agent" or "lantoa-agent@CODE": as systemctl calls the service. Returns @text. */
#define SETTINGS_UNIT_MAX (HOSTED_CODE_MAX + 16u)
const char *settings_unit(const struct settings *settings, char text[SETTINGS_UNIT_MAX]);
/** " --config FILE", " --office CODE", both or "": for a command that a person is told to type.
 * Returns @text. */
#define SETTINGS_OPTIONS_MAX (PATH_MAX + 64u)
const char *settings_options(const struct settings_source *source, char text[SETTINGS_OPTIONS_MAX]);
void settings_free(struct settings *settings);
/** The table itself, for --help and the manual page. */
const struct conf_key *settings_keys(size_t *ret_n);
/** Is any key of [@section] another in the two? */
bool settings_section_differs(const char *section, const struct settings *a,
			      const struct settings *b);
/** conf_adopt() of the table. */
void settings_adopt(struct settings *in_force, struct settings *fresh,
		    struct conf_change *ret_change);
/** Make the log level current; settings_read() has checked it. */
void settings_apply_level(const struct settings *settings);
/** STATE_DIR/@name into @ret_path (PATH_MAX). -ENAMETOOLONG. */
int settings_path(const struct settings *settings, const char *name, char *ret_path,
		  struct err *err);

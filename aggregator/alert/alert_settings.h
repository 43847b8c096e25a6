/* [alerts] of aggregator.conf: when what is told. */
#pragma once

#include "alert/alert_core.h"

#include <stdint.h>

struct alert_settings {
	uint32_t grace_s[ALERT_KINDS], over_s;   /* see struct alert_rule */
	uint32_t quarantine_hours, backup_hours; /* from when on these are told */
	uint32_t every_s;                        /* looked so often */
	char *off;                               /* owned: words of kinds, parted by blanks */
};

/** -EINVAL: off names what is no kind. */
int alert_settings_check(const struct alert_settings *settings, struct err *err);
void alert_settings_rules(const struct alert_settings *settings, struct alert_rules *ret_rules);

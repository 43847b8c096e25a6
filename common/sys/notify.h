/* What systemd is told: one datagram to $NOTIFY_SOCKET (sd_notify(3) describes it). libsystemd
 * would do it, at the price of the libraries it loads along. */
#pragma once

#include <stdint.h>

/** @text: lines like "READY=1". Nothing happens when systemd does not listen. */
void notify(const char *text);
/** RELOADING=1 with its time stamp. */
void notify_reloading(void);
/** How often systemd wants WATCHDOG=1, halved to be safe; 0: not at all. */
uint64_t notify_watchdog_ms(void);

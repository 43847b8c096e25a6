/* What the province alerts of. A kind's word is kept in the database and told to programs: never
 * change one. A subject is an office's code, "" for the province itself, the name of a condition
 * (of faults, and of some clocks), or ALERT_GROUP for most of the offices at once. */
#pragma once

#include <stddef.h>

#define ALERT_SUBJECT_MAX 64u
#define ALERT_GROUP       "*"

/* Kind, word, minutes that it must hold before it is told and that it must be over before that is
 * (usually: [alerts] of aggregator.conf), and what it is about. Lateness is over at once: a report
 * that came, or was excused, does not flap. What is measured in hours anyway (backup, quarantine)
 * waits no longer for a grace. */
#define ALERT_KIND_LIST(X)                                                                         \
	X(ALERT_FAULT, fault, 2, 5, N_("what status calls ill, where no other kind fits"))         \
	X(ALERT_DISK, disk, 2, 5, N_("the disk is nearly full"))                                   \
	X(ALERT_CLOCK, clock, 10, 5, N_("a clock that nobody vouches for, here or at an office"))  \
	X(ALERT_CHECKPOINT, checkpoint, 10, 5, N_("the store's log does not become small again"))  \
	X(ALERT_BACKUP, backup, 1, 0, N_("no backup for too long"))                                \
	X(ALERT_DOUBLE, double, 1, 5, N_("two machines use one key"))                              \
	X(ALERT_SILENT, silent, 5, 5, N_("an office is silent for three push intervals"))          \
	X(ALERT_LATE, late, 60, 0, N_("an office misses reports whose due day is over"))           \
	X(ALERT_QUARANTINE, quarantine, 1, 5, N_("figures wait in quarantine for too long"))       \
	X(ALERT_QUALITY, quality, 1, 0, N_("an office's figures are worth a look"))

enum alert_kind {
#define ALERT_KIND_NAME(kind, word, grace, over, help) kind,
	ALERT_KIND_LIST(ALERT_KIND_NAME)
#undef ALERT_KIND_NAME
		ALERT_KINDS
};

/** "silent": stable. */
const char *alert_kind_word(enum alert_kind kind);
/** ALERT_KINDS: no kind is called so. */
enum alert_kind alert_kind_find(const char *word);

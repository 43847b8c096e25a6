/* How the agent is. A pure function takes what is true of it, and gives the conditions that follow,
 * each with a sentence for people, the gravest first. That first sentence heads 'lantoa-agent
 * status', its JSON, and systemd's STATUS=. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_STALLED_S 300u /* connected and nothing confirmed for so long is no hiccup */

struct health_facts {
	bool running, enrolled, catalogue;         /* there is one */
	bool hosted;                               /* one of several on its machine */
	bool connected, at_rest, resting, blocked; /* as in struct uplink_look */
	const char *trouble;   /* the uplink's sentence in English, "" or NULL when it has none */
	uint64_t waiting;      /* figures or batches that the province has not confirmed */
	uint64_t stuck_s;      /* since an ack moved, or since nothing waited */
	int refused_rc;        /* why the newest figures were not taken: 0, -ENOSPC, ... */
	bool disk_full;        /* then: because of the disk rather than of the spool's bound */
	int disk_rc;           /* of the newest sealing or noting of an ack */
	bool set_aside;        /* a damaged spool waits to be looked at */
	bool held, held_older; /* the province holds figures back; because this is an older copy */
	bool message;          /* of the province, that nobody read */
	bool undated, undated_here;        /* figures wait for people, or for the clock */
	bool config_wrong, restart_due;    /* as the last reload left it */
	bool input_failing, input_trouble; /* one does not work; one has something to say */
};

enum health_severity {
	HEALTH_WELL,
	HEALTH_NOTE, /* figures are taken and move; still, people should know */
	HEALTH_ILL,  /* figures are not taken, do not move, or somebody must act */
};

struct health_condition {
	const char *name; /* a stable word for programs */
	enum health_severity severity;
	const char *sentence; /* English, marked for translation: show it by _() */
};

#define HEALTH_MAX 24u
struct health {
	size_t n;                                 /* one at least */
	struct health_condition list[HEALTH_MAX]; /* the gravest first: the headline */
};

/** Texts of the result are constants, or facts->trouble. */
struct health health_judge(const struct health_facts *facts);
/** No condition is HEALTH_ILL. */
bool health_is_well(const struct health *health);

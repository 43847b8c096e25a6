/* What uplink.c, frames.c and uplink_state.c share, and nobody else includes. */
#pragma once

#include "uplink/ack_log.h"
#include "uplink/batch_sender.h"
#include "uplink/batcher.h"
#include "uplink/edition.h"
#include "uplink/link.h"
#include "uplink/office_profile.h"
#include "uplink/resume_check.h"
#include "uplink/uplink.h"

struct heads_answer { /* to a HeadsAsk */
	struct task task;
	unsigned most, number;
	struct spool_head *list; /* owned [n]; while it is busy */
	size_t n;
};

struct uplink {
	struct uplink_config config;
	uv_loop_t *loop;
	struct protocol core;
	struct link *link; /* NULL: no socket */
	unsigned links;    /* this one and those closing */
	uv_timer_t tick;
	unsigned handles;
	struct spool_life life;     /* that frames are about */
	int64_t province_offset_us; /* province's clock minus our monotonic one */
	bool province_clock_known;
	uint32_t protocol; /* as the last Welcome said; 0: none yet */
	struct edition_fetch edition;
	struct {                   /* of this office, being asked for */
		uint64_t told;     /* the version that the province told last; 0: it tells none */
		uint64_t asked_ms; /* 0: it was not */
		uint64_t upto;     /* acked then */
		bool read;         /* somebody may have read a message that it is to hear of */
	} standing;
	struct task asking; /* which those are */
	uint64_t read[WIRE_MESSAGES_MAX];
	size_t n_read;
	struct spool_head head;       /* of the ledger, as told last; */
	bool has_head;                /* without it none */
	struct spool_status measured; /* for the province, as of the last look; likewise below */
	bool tells_held, holds; /* what a Welcome told, or an Ack since; not on every version's */
	uint64_t held_told_ms;
	bool connected, at_rest; /* as struct uplink_look says, also the next three */
	int64_t since_us, moved_us;
	uint64_t acked_seen;
	char *refusal; /* owned; NULL: none yet */

	struct task_group group; /* of those of its parts: */
	struct resume_check resume_check;
	struct batcher batcher;
	struct batch_sender batch_sender;
	struct ack_log ack_log;
	struct office_profile office_profile;
	struct task renew;
	struct task measure;
	struct spool_status measuring;
	struct heads_answer heads_answer;

	bool stopping;
	void (*on_closed)(void *context);
	void *closed_context;
};

/** Tell the core, and perform what it decides. */
void uplink_tell(struct uplink *uplink, struct protocol_event event);

/** Look how much waits, for the next Hello or Ping. */
void uplink_measure(struct uplink *uplink);
/** The province's wall clock, as far as it is known. */
int64_t uplink_province_now_us(const struct uplink *uplink);

/** The core's trouble has changed: log it. */
void uplink_say(const struct uplink *uplink);

/* Frames to the province; what cannot be sent is lost, and the core says it again. */
void uplink_send_hello(struct uplink *uplink);
void uplink_send_ping(struct uplink *uplink);
/** When a piece of the edition is to be asked for; and ask, when that has come. */
uint64_t uplink_edition_next_ms(const struct uplink *uplink);
void uplink_mind_edition(struct uplink *uplink);
/** A frame from the province, to whom it concerns. */
void uplink_take_frame(struct uplink *uplink, const uint8_t *data, size_t len);

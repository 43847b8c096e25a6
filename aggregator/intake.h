/* The office's side of the province: frames from the gate, into the books, and back.
 *
 * 1. Batches wait in a queue. When no commit is in flight, all of them become the next one (natural
 * group commit).
 * 2. The commit runs on the writer: each batch is posted to the ledger; then journal, quarantine
 * and rollups are durable together.
 * 3. After it, each (office, spool) gets one Ack, which stands for every batch up to it.
 * A duplicate is acked; after a gap nothing is taken and the office is told; a batch that breaks
 * the format is refused by name. When the disk is full or fails, the same batches are tried again
 * every RETRY_MS, and the gate is closed meanwhile: nothing is acked that is not on disk, nothing
 * more is taken, and it goes on by itself. The queue is bounded in bytes and batches; at the bound
 * the gate is closed. */
#pragma once

#include "err.h"
#include "gate.h"
#include "roster.h"
#include "store.h"

#include <stdint.h>
#include <uv.h>

#define INTAKE_BYTES_MAX   (64u * 1024 * 1024)
#define INTAKE_BATCHES_MAX 65536u
#define INTAKE_CREDIT      16u /* batches an agent may have unacknowledged; also the gate's RCVHWM */

struct intake;

struct intake_counters {
	uint64_t batches, observations, duplicates, gaps, malformed,
		held; /* batches and observations: committed */
	uint64_t commits, failed_commits;
	uint64_t enrolled, refused_enrolments;
	int64_t last_commit_us; /* 0: none yet */
};

struct intake_config {
	struct store *store;   /* outlives the intake */
	struct roster *roster; /* likewise */
	const char *zone;      /* civil time zone, told to the agents */
};

int intake_open(uv_loop_t *loop, const struct intake_config *config, struct intake **ret_intake,
		struct err *err);
/** The gate's callback; @context is the intake. The gate must be given by intake_serve() before the
 * first frame. */
void intake_on_frame(void *context, const struct gate_peer *peer, const uint8_t *data, size_t len);
void intake_serve(struct intake *intake, struct gate *gate);
const struct intake_counters *intake_counters(const struct intake *intake);
/** Take nothing more; @on_idle runs from the loop once no job of ours is in flight. Batches not
 * committed are dropped: nobody was told that they are safe. Then intake_close(). */
void intake_stop(struct intake *intake, void (*on_idle)(void *context), void *context);
void intake_close(struct intake *intake); /* NULL is fine */

#include "ingest/acks.h"

#include "common/base/i18n.h"

#include <stdlib.h>
#include <string.h>

static int by_peer_and_spool(const void *a, const void *b)
{
	const struct pending *x = *(struct pending *const *)a, *y = *(struct pending *const *)b;
	if (x->peer.key_id != y->peer.key_id)
		return x->peer.key_id < y->peer.key_id ? -1 : 1;
	if (x->form.spool_id != y->form.spool_id)
		return x->form.spool_id < y->form.spool_id ? -1 : 1;
	return x < y ? -1 : x > y; /* as they came */
}

void acks_refuse(struct gate *gate, const struct gate_peer *peer, uint64_t spool_id, uint64_t seq,
		 Lantoa__V1__Refused__Code code, const char *reason)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Refused refused = LANTOA__V1__REFUSED__INIT;
	refused.spool_id = spool_id;
	refused.seq = seq;
	refused.code = code;
	refused.reason = (char *)(uintptr_t)reason;
	frame.kind_case = LANTOA__V1__FRAME__KIND_REFUSED;
	frame.refused = &refused;
	gate_answer(gate, peer, &frame);
}

void acks_put_off(struct gate *gate, const struct gate_peer *peer, uint64_t spool_id,
		  uint32_t wait_ms)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Ack ack = LANTOA__V1__ACK__INIT;
	ack.spool_id = spool_id;
	ack.slow_down_ms = wait_ms;
	frame.kind_case = LANTOA__V1__FRAME__KIND_ACK;
	frame.ack = &ack;
	gate_answer(gate, peer, &frame);
}

struct ack { /* of one peer and spool, being gathered */
	Lantoa__V1__Ack message;
	Lantoa__V1__Quarantined held[WIRE_HELD_MAX];
	Lantoa__V1__Quarantined *pointers[WIRE_HELD_MAX];
};

/* I5: what is held is named to its office, or at least counted. */
static void ack_add(struct ack *ack, const struct held all[], const struct pending *pending)
{
	for (size_t i = 0; i < pending->n_held; i++) {
		const struct held *held = &all[pending->first_held + i];
		if (ack->message.n_quarantined == WIRE_HELD_MAX) {
			ack->message.quarantined_more += held->observations;
			continue;
		}
		Lantoa__V1__Quarantined *entry = &ack->held[ack->message.n_quarantined];
		lantoa__v1__quarantined__init(entry);
		entry->seq = pending->form.seq;
		entry->series = held->series;
		entry->observations = held->observations;
		entry->reason = (char *)(uintptr_t)verdict_text(held->verdict);
		ack->pointers[ack->message.n_quarantined++] = entry;
	}
	ack->message.quarantined_more += pending->held_more;
	ack->message.upto = pending->upto;
}

/* What posting told of one that was undone is not so: it is in no journal, nor held. */
static bool is_told(const struct pending *pending)
{
	return pending->posting != POSTING_LATER;
}

static void refuse(struct gate *gate, const struct pending *wrong)
{
	Lantoa__V1__Refused__Code code = LANTOA__V1__REFUSED__CODE__GAP;
	const char *reason = N_("a batch before this one is missing");
	if (wrong->posting == POSTING_BAD) {
		code = LANTOA__V1__REFUSED__CODE__MALFORMED;
		reason = wrong->refusal;
	} else if (wrong->posting == POSTING_LATER || wrong->posting == POSTING_OVER) {
		code = LANTOA__V1__REFUSED__CODE__LATER;
		reason = wrong->refusal;
	} else if (wrong->posting == POSTING_PARTED) {
		reason =
			N_("the batch before this one is another here: the spool came back from an "
			   "older copy");
	}
	acks_refuse(gate, &wrong->peer, wrong->form.spool_id, wrong->form.seq, code, reason);
}

/* Answer the batches of one peer and spool; @group is in the order they came. */
static void answer_group(struct gate *gate, struct pending *const group[], size_t n,
			 const struct held held[], const struct ack_news *news)
{
	struct ack ack = { .message = LANTOA__V1__ACK__INIT };
	const struct pending *last = group[n - 1], *wrong = NULL;
	bool parted = false, told = false;
	ack.message.spool_id = last->form.spool_id;
	ack.message.quarantined = ack.pointers;
	ack.message.slow_down_ms =
		news->slow_down_ms > last->slow_down_ms ? news->slow_down_ms : last->slow_down_ms;
	ack.message.catalogue_version = news->catalogue_version;
	Lantoa__V1__Head head;
	if (last->speaks_editions) {
		ack.message.edition_version = news->edition_version;
		ack.message.head = told_head_fill(news->head, &head);
	}
	for (size_t i = 0; i < n; i++) {
		const struct pending *pending = group[i];
		if (is_told(pending))
			ack_add(&ack, held, pending);
		told |= is_told(pending);
		bool right = pending->posting == POSTED || pending->posting == POSTED_BEFORE ||
			     pending->posting == POSTING_NEXT;
		if (!wrong && !right)
			wrong = pending; /* what follows it is a gap because of it */
		parted |= pending->posting == POSTING_PARTED;
	}
	if (ack.message.quarantined_more > 0) /* it is told the rest, too */
		standing_watch_stale(news->standing_watch, last->form.office);
	if (last->speaks_editions)
		ack.message.standing_version =
			standing_watch_version(news->standing_watch, last->form.office);
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	frame.kind_case = LANTOA__V1__FRAME__KIND_ACK;
	frame.ack = &ack.message;
	if (told && !parted) /* otherwise the numbers mean other batches there */
		gate_answer(gate, &last->peer, &frame);
	if (wrong)
		refuse(gate, wrong);
}

void acks_send(struct gate *gate, struct batch_queue *queue, const struct held held[],
	       const struct ack_news *news)
{
	struct pending **order = queue->order;
	for (size_t i = 0; i < queue->n; i++)
		order[i] = &queue->list[i];
	qsort(order, queue->n, sizeof(struct pending *), by_peer_and_spool);
	for (size_t from = 0, to; from < queue->n; from = to) {
		for (to = from + 1;
		     to < queue->n && order[to]->peer.key_id == order[from]->peer.key_id &&
		     order[to]->form.spool_id == order[from]->form.spool_id;
		     to++)
			;
		answer_group(gate, &order[from], to - from, held, news);
	}
}

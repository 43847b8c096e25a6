/* One batch into journal, quarantine and rollups. ledger_post() calls one function for each stage,
 * in this order:
 *
 *   place    by its number and its spool: what is no next batch ends here, before it is decoded
 *   decode   its bytes become runs of points
 *   declare  its spool and its series get their numbers; all that can show it to be bad shows here
 *   judge    which of its figures count, and which are to be held, and why; nothing is written
 *   append   the batch to the journal, as it came, what is held to quarantine, and what people say
 *            in it to where questions find it
 *   fold     what counts into the rollup pages
 *
 * A batch that declare or judge refuse leaves no trace: what was declared for it is undone. */

#include "ledger/ledger_internal.h"

#include "common/base/array.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "journal/judge.h"
#include "journal/usage.h"

#include "schema/effects.h"

#include <errno.h>
#include <inttypes.h>

struct post { /* what posting one batch needs at hand */
	struct ledger *ledger;
	const struct entry_form *form;
	ledger_on_held *on_held;
	void *context;
	/* of place: */
	int64_t received_us;
	const struct office *office;
	struct journal_spool *spool;
	/* of decode: */
	struct batch batch;
	/* of declare: */
	bool fresh;     /* the spool is new, */
	bool savepoint; /* or its series are: what can be undone */
	const struct declared *declared;
	size_t n_declared;
	struct older_copy *older; /* lent; NULL: its machine was not set back */
	/* of append: */
	int64_t entry;
};

/* --- place --- */

static uint64_t *work_of(struct ledger *ledger, int64_t office)
{
	struct office_account *account = journal_account(ledger->journal, office);
	if (!account)
		return NULL;
	if (account->work_turn != ledger->turn)
		account->work = 0;
	account->work_turn = ledger->turn;
	return &account->work;
}

/* I2: where a batch belongs by its number and by what is known of the one before. POSTED: it is
 * the next one. */
static enum posting place_of(const struct journal_spool *spool, const struct entry_form *form)
{
	uint8_t digest[WIRE_DIGEST_LEN];
	if (form->hand != spool->hand) /* I7: the machine goes on under another id */
		return POSTING_PARTED;
	if (form->seq > spool->upto + 1)
		return POSTING_GAP;
	if (form->seq == spool->upto + 1)
		return !form->before_told || journal_is_last(spool, form->before) ? POSTED
										  : POSTING_PARTED;
	if (form->seq < spool->upto)
		return POSTED_BEFORE;
	wire_digest(form->payload, form->len, digest);
	return journal_is_last(spool, digest) ? POSTED_BEFORE : POSTING_PARTED;
}

/* Finds office and spool. @ret_posting: POSTED when the batch is to be taken; else what it is, and
 * nothing more is to be done. -ENOENT: the office is not in the register. */
static int place(struct post *post, enum posting *ret_posting, struct err *err)
{
	struct ledger *ledger = post->ledger;
	const struct entry_form *form = post->form;
	post->office = offices_by_id(ledger->reference->offices, form->office);
	if (!post->office)
		return err_set(err, -ENOENT, "office %lld has a key, but is not in the store",
			       (long long)form->office);
	int rc = journal_time(ledger->journal, form->received_us, &post->received_us, err);
	if (rc == 0)
		rc = journal_spool(ledger->journal, form->office, form->spool_id, &post->spool,
				   err);
	if (rc == 0 && post->spool->set_back) {
		/* what came before is looked for in the tables */
		rc = journal_flush(ledger->journal, err);
		if (rc == 0)
			rc = journal_spool(ledger->journal, form->office, form->spool_id,
					   &post->spool, err);
	}
	if (rc < 0)
		return rc;
	enum posting posting = place_of(post->spool, form);
	if (posting != POSTED_BEFORE) { /* has the office had its share of this transaction? */
		const uint64_t *work = work_of(ledger, form->office);
		if (work && *work >= LEDGER_SHARE)
			posting = POSTING_NEXT;
	}
	*ret_posting = posting;
	return 0;
}

/* --- decode --- */

/* -EBADMSG: it is no batch, or holds nothing. */
static int decode(struct post *post, struct err *err)
{
	struct ledger *ledger = post->ledger;
	arena_reset(ledger->arena);
	int rc = wire_batch_decode(ledger->arena, post->form->payload, post->form->len,
				   &post->batch, err);
	if (rc == 0 && post->batch.n_runs == 0)
		rc = err_set(err, -EBADMSG, "batch: holds no figure");
	if (rc == 0 && post->batch.nul)
		rc = err_set(err, -EBADMSG, "batch: a name or label holds a NUL");
	return rc;
}

/* --- declare --- */

static int over(struct ledger *ledger, enum limit limit, struct err *err)
{
	ledger->over = limit;
	return limits_refuse(&ledger->limits, limit, err);
}

/* May the office begin this spool, if it is new, and declare what the batch declares? */
static int check_declaring(const struct post *post, struct err *err)
{
	struct ledger *ledger = post->ledger;
	size_t known = 0, end = post->batch.first_declared + post->batch.n_declared;
	const struct declared *list;
	struct usage usage = { 0 };
	int rc = post->fresh ? 0
			     : declarations_of(ledger->declarations, post->spool->row, &list,
					       &known, err);
	if (rc < 0 || (!post->fresh && end <= known))
		return rc;
	rc = usage_read(ledger->usage, post->office->id, &usage, err);
	if (rc == 0 && post->fresh && usage.spools >= ledger->limits.most[LIMIT_SPOOLS])
		rc = over(ledger, LIMIT_SPOOLS, err);
	if (rc == 0 && end > known &&
	    usage.series + (end - known) > ledger->limits.most[LIMIT_SERIES])
		rc = over(ledger, LIMIT_SERIES, err);
	return rc;
}

/* A new spool gets its row. Whether its machine was set back is found now, once and for all. */
static int spool_begin(struct post *post, struct err *err)
{
	struct ledger *ledger = post->ledger;
	struct journal_spool *spool = post->spool;
	int rc = journal_make(ledger->journal, spool, err);
	if (rc == 0 && spool->from_spool != 0)
		rc = older_copy_is(ledger->older, spool->office, spool->row, &spool->set_back, err);
	if (rc == 0 && spool->set_back)
		rc = journal_set_back(ledger->journal, spool, err);
	return rc;
}

/* Periods must exist on the batch's day, and coarse ones begin on it: what decoding could not know
 * of series declared before. */
static int check_runs(const struct post *post, struct err *err)
{
	for (size_t i = 0; i < post->batch.n_runs; i++) {
		const struct run *run = &post->batch.runs[i];
		if (run->series >= post->n_declared)
			return err_set(err, -EBADMSG, "series %u was never declared", run->series);
		const struct declared *declared = &post->declared[run->series];
		if (post->batch.points[run->first + run->n - 1].nth >=
		    grain_per_day(declared->grain))
			return err_set(err, -EBADMSG,
				       "series %u: a period that does not lie in the day",
				       run->series);
		if (declared->grain >= GRAIN_WEEK &&
		    period_first_day(period_of_day(declared->calendar, declared->grain,
						   post->batch.day)) != post->batch.day)
			return err_set(err, -EBADMSG, "series %u: no %s begins on the batch's day",
				       run->series, grain_name(declared->grain));
	}
	return 0;
}

/* -EBADMSG: what it declares, or a run, is not possible. -EDQUOT: its office may declare no more.
 * What is written until declare_end() can be undone. */
static int declare(struct post *post, struct err *err)
{
	struct ledger *ledger = post->ledger;
	struct journal_spool *spool = post->spool;
	post->fresh = spool->row == 0;
	bool news = post->fresh || post->batch.n_declared > 0;
	int rc = news ? check_declaring(post, err) : 0;
	if (post->fresh) {
		spool->from_spool = post->batch.from_spool;
		spool->from_seq = post->batch.from_seq;
		spool->set_back = false;
	}
	/* Before what can be undone: what is written counts as written. */
	if (rc == 0 && post->fresh && spool->from_spool != 0)
		rc = journal_flush(ledger->journal, err);
	if (rc == 0 && news)
		rc = db_exec(ledger->db, "SAVEPOINT declare", err);
	if (rc < 0)
		return rc;
	post->savepoint = news;
	if (post->fresh)
		rc = spool_begin(post, err);
	post->older = spool->set_back ? ledger->older : NULL;
	if (rc == 0)
		rc = declarations_add(ledger->declarations, spool->row, &post->batch, err);
	if (rc == 0)
		rc = declarations_of(ledger->declarations, spool->row, &post->declared,
				     &post->n_declared, err);
	if (rc == 0)
		rc = check_runs(post, err);
	if (rc == 0 && post->older)
		rc = older_copy_gather(post->older, spool->office, spool->row, INT64_MAX,
				       &post->batch, post->declared, post->n_declared, err);
	return rc < 0 ? rc : run_order_find(&ledger->order, &post->batch, post->declared, err);
}

/* A batch that is not taken leaves no declaration behind, and no spool that it would have begun.
 * @rc is what declare and judge came to; returns it, or why neither keeping nor undoing went. */
static int declare_end(struct post *post, int rc, struct err *err)
{
	struct ledger *ledger = post->ledger;
	struct err undone = { 0 };
	if (!post->savepoint)
		return rc;
	if (rc == 0)
		return db_exec(ledger->db, "RELEASE declare", err);
	if (rc != -EBADMSG && rc != -EDQUOT)
		return rc; /* the whole transaction is rolled back */
	declarations_forget(ledger->declarations, ledger->reference->catalogue);
	if (post->fresh)
		post->spool->row = 0;
	if (db_exec(ledger->db, "ROLLBACK TO declare; RELEASE declare", &undone) < 0)
		return err_set(err, undone.code, "%s", undone.text);
	return rc;
}

/* --- judge --- */

/* A day is played again as a whole when something of it is corrected: how much may that be? */
static int check_day(const struct post *post, struct err *err)
{
	struct ledger *ledger = post->ledger;
	uint64_t observations = 0;
	int rc = journal_weigh(ledger->journal, post->office->id, post->batch.day, &observations,
			       err);
	if (rc == 0 && observations + post->batch.n_points > ledger->limits.most[LIMIT_DAY])
		rc = over(ledger, LIMIT_DAY, err);
	return rc;
}

/* May the office have held what of the batch would be? Most have nothing held. */
static int check_held(const struct post *post, struct err *err)
{
	struct ledger *ledger = post->ledger;
	uint64_t most = ledger->limits.most[LIMIT_HELD];
	struct office_account *account = journal_account(ledger->journal, post->office->id);
	struct usage usage = { 0 };
	if (ledger->n_holds == 0 ||
	    (account && account->held >= 0 && (uint64_t)account->held + ledger->n_holds <= most))
		return 0;
	int rc = usage_read(ledger->usage, post->office->id, &usage, err);
	if (rc < 0)
		return rc;
	if (account)
		account->held = (int64_t)usage.held;
	return usage.held + ledger->n_holds > most ? over(ledger, LIMIT_HELD, err) : 0;
}

static int hold(struct ledger *ledger, size_t run, int64_t point, size_t n, enum verdict verdict,
		struct err *err)
{
	struct hold *holds = array_room(ledger->holds, ledger->n_holds, sizeof(*holds));
	if (!holds)
		return err_memory(err);
	ledger->holds = holds;
	holds[ledger->n_holds++] = (struct hold){ run, point, n, verdict };
	return 0;
}

/* Rescale the run's values to the catalogue's decimals, hold those that cannot count (those that
 * follow one another for one reason as one), close the gaps. */
static int judge_points(struct post *post, struct series_turn *turn,
			const struct declared *declared, const struct doubts *doubts,
			struct err *err)
{
	const struct run *run = &post->batch.runs[turn->index];
	struct point *points = &post->batch.points[run->first];
	enum verdict reason = VERDICT_OK;
	uint32_t i = 0, from = 0; /* points[from] ... points[i - 1] are held, for @reason */
	while (i < run->n && judge_point(declared, doubts, &points[i], &points[i].value_e) ==
				     VERDICT_OK) /* as a rule: all */
		i++;
	turn->n = i;
	for (; i < run->n; i++) {
		enum verdict verdict =
			judge_point(declared, doubts, &points[i], &points[i].value_e);
		if (verdict != reason) {
			int rc = reason == VERDICT_OK ? 0
						      : hold(post->ledger, turn->index, from,
							     i - from, reason, err);
			if (rc < 0)
				return rc;
			from = i;
			reason = verdict;
		}
		if (verdict == VERDICT_OK)
			points[turn->n++] = points[i];
	}
	return reason == VERDICT_OK
		       ? 0
		       : hold(post->ledger, turn->index, from, run->n - from, reason, err);
}

static int judge_counting(struct post *post, struct series_turn *turn,
			  const struct declared *declared, struct err *err)
{
	bool listed = true;
	int rc = declarations_listed(post->ledger->declarations, declared, post->batch.day, &listed,
				     err);
	const struct doubts doubts = { .older = post->older, .unlisted = !listed };
	return rc < 0 ? rc
		      : judge_points(post, turn, declared, post->older || !listed ? &doubts : NULL,
				     err);
}

/* I5: each figure counts or is held for a reason. In the order of the fold, ledger->order says how
 * many of a run count (they are its first points then), ledger->holds what is held. -EDQUOT: its
 * office may not have so much for the day, or in quarantine. */
static int judge(struct post *post, struct err *err)
{
	struct ledger *ledger = post->ledger;
	const struct judge judge = judge_of(ledger->reference, post->office, post->batch.day,
					    civil_day(post->form->received_us));
	int rc = check_day(post, err);
	ledger->n_holds = 0;
	for (size_t i = 0; i < ledger->order.n && rc == 0; i++) {
		struct series_turn *turn = &ledger->order.turns[i];
		const struct run *run = &post->batch.runs[turn->index];
		const struct declared *declared = &post->declared[run->series];
		enum verdict verdict = judge_run(&judge, declared);
		if (verdict == VERDICT_OK)
			verdict = post->form->hold;
		turn->n = 0;
		rc = verdict == VERDICT_OK ? judge_counting(post, turn, declared, err)
					   : hold(ledger, turn->index, QUARANTINE_WHOLE_RUN, run->n,
						  verdict, err);
	}
	return rc < 0 ? rc : check_held(post, err);
}

/* --- append --- */

/* I5: what is held, beside the entry: in quarantine as it stands from now on (the entry itself
 * tells of it, so no event does), and to whoever sent it. */
static int append_holds(struct post *post, struct err *err)
{
	struct ledger *ledger = post->ledger;
	struct office_account *account = journal_account(ledger->journal, post->office->id);
	int rc = 0;
	effects_pause(ledger->effects, true);
	for (size_t i = 0; i < ledger->n_holds && rc == 0; i++) {
		const struct hold *held = &ledger->holds[i];
		if (account && account->held >= 0)
			account->held++;
		post->on_held(post->context, post->batch.runs[held->run].series, (uint32_t)held->n,
			      held->verdict);
		rc = quarantine_hold(ledger->quarantine, post->entry, held->run, held->point,
				     held->verdict, held->n, 0, err);
	}
	effects_pause(ledger->effects, false);
	return rc;
}

/* I1, I4, I9: the payload as it came and what of it is held, chained to the entry before. */
static int append(struct post *post, struct err *err)
{
	struct ledger *ledger = post->ledger;
	const struct entry_form *form = post->form;
	ledger->held_list.len = 0;
	for (size_t i = 0; i < ledger->n_holds; i++)
		if (held_list_add(&ledger->held_list, &ledger->holds[i]) < 0)
			return err_memory(err);
	const struct journal_form entry = { .seq = form->seq,
					    .day = post->batch.day,
					    .received_us = post->received_us,
					    .payload = form->payload,
					    .len = form->len,
					    .observations = post->batch.n_points,
					    .held = ledger->held_list.data,
					    .held_len = ledger->held_list.len };
	int rc = journal_append(ledger->journal, post->spool, &entry, &post->entry, err);
	if (rc == 0)
		rc = said_put(&ledger->said, form->office, post->entry, &post->batch, err);
	return rc < 0 || ledger->n_holds == 0 ? rc : append_holds(post, err);
}

/* --- fold --- */

#define ENTRY_WORK 128u /* of a page that is not at hand, and of the units above: 9 us */
#define SLOTS_WORK 2u   /* slots of a series that is played again, as one observation */

/* @n_stale of its series are to be played again because of it. */
static int reckon_work(struct post *post, size_t n_stale, struct err *err)
{
	struct ledger *ledger = post->ledger;
	const struct batch *batch = &post->batch;
	uint64_t day = 0;
	ledger->work = batch->n_points;
	for (size_t i = 0; i < batch->n_runs; i++) {
		const struct run *run = &batch->runs[i];
		uint64_t hours = post->declared[run->series].grain < GRAIN_DAY
					 ? (run->n < 24 ? run->n : 24)
					 : 0;
		ledger->work += ENTRY_WORK * (1 + hours);
	}
	int rc = n_stale > 0 || post->older
			 ? journal_weigh(ledger->journal, post->office->id, batch->day, &day, err)
			 : 0;
	if (post->older)
		ledger->work += day;
	if (n_stale > 0)
		ledger->work += day * (1 + (n_stale - 1) / REPLAY_SERIES_MAX) +
				n_stale * (RUN_POINTS_MAX / SLOTS_WORK);
	uint64_t *work = work_of(ledger, post->office->id);
	if (work)
		*work += ledger->work;
	return rc;
}

/* I3: the pages get what counts, or are marked to be played again from the journal. */
static int fold(struct post *post, struct err *err)
{
	struct ledger *ledger = post->ledger;
	const int32_t received_day = civil_day(post->received_us);
	size_t n_stale = fold_n_stale(ledger->fold);
	int rc = 0;
	fold_entries_from(ledger->fold, post->entry);
	for (size_t i = 0; i < ledger->order.n && rc == 0; i++) {
		const struct series_turn *turn = &ledger->order.turns[i];
		const struct run *run = &post->batch.runs[turn->index];
		if (turn->n > 0)
			rc = fold_run(ledger->fold, post->office, post->batch.day,
				      &post->declared[run->series], &post->batch.points[run->first],
				      turn->n, received_day, err);
	}
	return rc < 0 ? rc : reckon_work(post, fold_n_stale(ledger->fold) - n_stale, err);
}

/* --- all stages --- */

/* What became of a batch; @why it was refused, if it was. */
static void trace(const struct post *post, enum posting posting, const char *why)
{
	static const char *const words[] = {
		[POSTED] = "posted",         [POSTED_BEFORE] = "duplicate", [POSTING_GAP] = "gap",
		[POSTING_PARTED] = "parted", [POSTING_BAD] = "refused",     [POSTING_OVER] = "over",
		[POSTING_NEXT] = "next"
	};
	const struct entry_form *form = post->form;
	if (posting == POSTED)
		log_debug("ledger: office=%s spool=%016" PRIx64 " seq=%" PRIu64
			  " posted entry=%" PRId64
			  " observations=%zu held=%zu hold=%s work=%" PRIu64,
			  post->office->code, form->spool_id, form->seq, post->entry,
			  post->batch.n_points, post->ledger->n_holds, verdict_word(form->hold),
			  post->ledger->work);
	else
		log_debug("ledger: office=%s spool=%016" PRIx64 " seq=%" PRIu64 " %s upto=%" PRIu64
			  " cause=\"%s\"",
			  post->office->code, form->spool_id, form->seq, words[posting],
			  post->spool->upto, why);
}

int ledger_post(struct ledger *ledger, const struct entry_form *form, ledger_on_held *on_held,
		void *context, enum posting *ret_posting, uint64_t *ret_upto, struct err *err)
{
	struct post post = {
		.ledger = ledger, .form = form, .on_held = on_held, .context = context
	};
	enum posting posting = POSTED;
	ledger->work = 0;
	int rc = place(&post, &posting, err);
	if (rc == 0 && posting == POSTED) {
		rc = decode(&post, err);
		if (rc == 0)
			rc = declare(&post, err);
		if (rc == 0)
			rc = judge(&post, err);
		rc = declare_end(&post, rc, err);
		posting = rc == -EBADMSG ? POSTING_BAD : rc == -EDQUOT ? POSTING_OVER : POSTED;
	}
	if (rc < 0 && posting == POSTED)
		return rc;
	if (posting != POSTED) {
		trace(&post, posting, rc < 0 ? err->text : "");
		*ret_posting = posting;
		*ret_upto = post.spool->upto;
		return 0;
	}
	rc = append(&post, err);
	if (rc == 0)
		rc = fold(&post, err);
	if (rc < 0)
		return rc;
	ledger->uncommitted += post.batch.n_points;
	trace(&post, POSTED, "");
	*ret_posting = POSTED;
	*ret_upto = form->seq;
	return 0;
}

uint64_t ledger_work(const struct ledger *ledger)
{
	return ledger->work;
}

#include "ledger.h"
#include "civil.h"
#include "declarations.h"
#include "fold.h"
#include "journal.h"
#include "judge.h"
#include "quarantine.h"

#include <errno.h>
#include <stdlib.h>

struct ledger {
	sqlite3 *db; /* outlives us */
	struct declarations *declarations;
	struct journal *journal;
	struct quarantine *quarantine;
	struct fold *fold;
	struct arena *arena;
	const struct reference *reference;  /* lent */
	int64_t reference_version;          /* that declarations were judged by; 0: none */
	uint64_t observations, uncommitted; /* posted: before this transaction, and in it */
	uint64_t uncommitted_before;        /* the part at hand began */
};

struct ledger *ledger_open(sqlite3 *db, struct err *err)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	if (!ledger || !(ledger->arena = arena_open(WIRE_ARENA_MAX))) {
		free(ledger);
		(void)err_memory(err);
		return NULL;
	}
	ledger->db = db;
	if (!(ledger->declarations = declarations_open(db, err)) ||
	    !(ledger->journal = journal_open(db, err)) ||
	    !(ledger->quarantine = quarantine_open(db, err)) ||
	    !(ledger->fold = fold_open(db, ledger->declarations, err))) {
		ledger_close(ledger);
		return NULL;
	}
	return ledger;
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	fold_close(ledger->fold);
	quarantine_close(ledger->quarantine);
	journal_close(ledger->journal);
	declarations_close(ledger->declarations);
	arena_close(ledger->arena);
	free(ledger);
}

void ledger_begin(struct ledger *ledger, const struct reference *reference)
{
	if (ledger->reference_version != reference->version || ledger->reference != reference)
		declarations_forget(ledger->declarations, reference->catalogue);
	ledger->reference = reference;
	ledger->reference_version = reference->version;
	ledger->observations += ledger->uncommitted;
	ledger->uncommitted = 0;
	fold_begin(ledger->fold, reference);
}

void ledger_forget(struct ledger *ledger)
{
	ledger->reference_version = 0;
	ledger->uncommitted = 0;
	journal_forget(ledger->journal);
	fold_forget(ledger->fold);
}

uint64_t ledger_observations(const struct ledger *ledger)
{
	return ledger->observations + ledger->uncommitted;
}

/* --- one batch --- */

struct post { /* what posting one batch needs at hand */
	struct ledger *ledger;
	const struct entry_form *form;
	const struct office *office;
	struct batch batch;
	const struct declared *declared;
	size_t n_declared;
	int64_t entry;        /* of the journal */
	int32_t received_day; /* local */
	struct judge judge;
	ledger_on_held *on_held;
	void *context;
};

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
			return err_set(err, -EBADMSG, "series %u: a period that the day has not",
				       run->series);
		if (declared->grain >= GRAIN_WEEK &&
		    period_first_day(period_of_day(declared->calendar, declared->grain,
						   post->batch.day)) != post->batch.day)
			return err_set(err, -EBADMSG, "series %u: no %s begins on the batch's day",
				       run->series, grain_name(declared->grain));
	}
	return 0;
}

static int hold(const struct post *post, size_t run, int64_t point, size_t n, enum verdict verdict,
		struct err *err)
{
	post->on_held(post->context, post->batch.runs[run].series, (uint32_t)n, verdict);
	return quarantine_hold(post->ledger->quarantine, post->entry, run, point, verdict, n, err);
}

/* Rescale the run's values in place to the catalogue's decimals, hold those that cannot count,
 * close the gaps. */
static int sift(struct post *post, size_t index, const struct declared *declared, size_t *ret_n,
		struct err *err)
{
	const struct run *run = &post->batch.runs[index];
	struct point *points = &post->batch.points[run->first];
	size_t kept = 0;
	for (uint32_t i = 0; i < run->n; i++) {
		enum verdict verdict = VERDICT_OK;
		if (!points[i].withdrawn)
			verdict = metric_judge_value(declared->metric, points[i].value_e,
						     declared->decimals, &points[i].value_e);
		if (verdict == VERDICT_OK) {
			points[kept++] = points[i];
			continue;
		}
		int rc = hold(post, index, (int64_t)i, 1, verdict, err);
		if (rc < 0)
			return rc;
	}
	*ret_n = kept;
	return 0;
}

static int post_run(struct post *post, size_t index, struct err *err)
{
	const struct run *run = &post->batch.runs[index];
	const struct declared *declared = &post->declared[run->series];
	enum verdict verdict = judge_run(&post->judge, declared);
	if (verdict == VERDICT_OK)
		verdict = post->form->hold;
	if (verdict != VERDICT_OK)
		return hold(post, index, QUARANTINE_WHOLE_RUN, run->n, verdict, err);
	size_t n = 0;
	int rc = sift(post, index, declared, &n, err);
	if (rc < 0 || n == 0)
		return rc;
	return fold_run(post->ledger->fold, post->office, post->batch.day, declared,
			&post->batch.points[run->first], n, post->received_day, err);
}

static int declare_all(struct post *post, struct journal_spool *spool, struct err *err)
{
	struct declarations *declarations = post->ledger->declarations;
	int rc = spool->row ? 0 : journal_make(post->ledger->journal, spool, err);
	if (rc == 0)
		rc = declarations_add(declarations, spool->row, &post->batch, err);
	if (rc == 0)
		rc = declarations_of(declarations, spool->row, &post->declared, &post->n_declared,
				     err);
	return rc < 0 ? rc : check_runs(post, err);
}

/* A bad batch leaves no declaration behind, and no spool that it would have begun. */
static int declare(struct post *post, struct journal_spool *spool, struct err *err)
{
	struct ledger *ledger = post->ledger;
	bool fresh = spool->row == 0, news = fresh || post->batch.n_declared > 0;
	int rc = news ? db_exec(ledger->db, "SAVEPOINT declare", err) : 0;
	if (rc == 0)
		rc = declare_all(post, spool, err);
	if (news && rc == -EBADMSG) {
		struct err undone = { 0 };
		declarations_forget(ledger->declarations, ledger->reference->catalogue);
		if (fresh)
			spool->row = 0;
		if (db_exec(ledger->db, "ROLLBACK TO declare; RELEASE declare", &undone) < 0)
			return err_set(err, undone.code, "%s", undone.text);
	} else if (news && rc == 0) {
		rc = db_exec(ledger->db, "RELEASE declare", err);
	}
	return rc;
}

/* Everything that can show the batch to be bad, before anything is written but its declarations. */
static int admit(struct post *post, struct journal_spool *spool, struct err *err)
{
	struct ledger *ledger = post->ledger;
	arena_reset(ledger->arena);
	int rc = wire_batch_decode(ledger->arena, post->form->payload, post->form->len,
				   &post->batch, err);
	if (rc == 0 && post->batch.n_runs == 0)
		rc = err_set(err, -EBADMSG, "batch: holds no figure");
	if (rc == 0)
		rc = declare(post, spool, err);
	post->received_day = civil_day(post->form->received_us);
	post->judge =
		judge_of(ledger->reference, post->office, post->batch.day, post->received_day);
	return rc;
}

/* Where a batch belongs by its number and by what is known of the one before; POSTED: next. */
static enum posting place(const struct journal_spool *spool, const struct entry_form *form)
{
	uint8_t digest[WIRE_DIGEST_LEN];
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

int ledger_post(struct ledger *ledger, const struct entry_form *form, ledger_on_held *on_held,
		void *context, enum posting *ret_posting, uint64_t *ret_upto, struct err *err)
{
	struct journal_spool *spool;
	struct post post = {
		.ledger = ledger, .form = form, .on_held = on_held, .context = context
	};
	post.office = offices_by_id(ledger->reference->offices, form->office);
	if (!post.office)
		return err_set(err, -ENOENT, "office %lld is on the roster, but not in the store",
			       (long long)form->office);
	int rc = journal_spool(ledger->journal, form->office, form->spool_id, &spool, err);
	if (rc < 0)
		return rc;
	*ret_upto = spool->upto;
	enum posting posting = place(spool, form);
	if (posting != POSTED) {
		*ret_posting = posting;
		return 0;
	}
	rc = admit(&post, spool, err);
	if (rc == -EBADMSG) {
		*ret_posting = POSTING_BAD;
		return 0;
	}
	if (rc == 0)
		rc = journal_append(ledger->journal, spool, form->seq, post.batch.day,
				    form->received_us, form->payload, form->len, &post.entry, err);
	for (size_t i = 0; i < post.batch.n_runs && rc == 0; i++)
		rc = post_run(&post, i, err);
	if (rc < 0)
		return rc;
	ledger->uncommitted += post.batch.n_points;
	*ret_posting = POSTED;
	*ret_upto = form->seq;
	return 0;
}

int ledger_finish(struct ledger *ledger, struct err *err)
{
	int rc = journal_flush(ledger->journal, err); /* first: days are played again from it */
	return rc < 0 ? rc : fold_finish(ledger->fold, err);
}

/* --- parts --- */

int ledger_part_begin(struct ledger *ledger, struct err *err)
{
	ledger->uncommitted_before = ledger->uncommitted;
	return db_exec(ledger->db, "SAVEPOINT part", err);
}

int ledger_part_keep(struct ledger *ledger, struct err *err)
{
	int rc = ledger_finish(ledger, err);
	if (rc == 0)
		rc = db_exec(ledger->db, "RELEASE part", err);
	if (rc == 0)
		fold_begin(ledger->fold, ledger->reference);
	return rc;
}

int ledger_part_undo(struct ledger *ledger, struct err *err)
{
	int rc = db_exec(ledger->db, "ROLLBACK TO part; RELEASE part", err);
	declarations_forget(ledger->declarations, ledger->reference->catalogue);
	journal_forget(ledger->journal);
	fold_forget(ledger->fold);
	fold_begin(ledger->fold, ledger->reference);
	ledger->uncommitted = ledger->uncommitted_before;
	return rc;
}

#include "ledger/ledger.h"
#include "common/model/civil.h"
#include "journal/declarations.h"
#include "journal/journal.h"
#include "journal/judge.h"
#include "journal/older_copy.h"
#include "journal/quarantine.h"
#include "journal/usage.h"
#include "ledger/run_order.h"
#include "rollup/fold.h"

#include <errno.h>
#include <stdlib.h>

struct ledger {
	sqlite3 *db; /* outlives us */
	struct declarations *declarations;
	struct journal *journal;
	struct quarantine *quarantine;
	struct fold *fold;
	struct older_copy *older;
	sqlite3_stmt *usage; /* owned: usage_prepare() */
	struct arena *arena;
	const struct reference *reference;  /* lent */
	int64_t reference_version;          /* that declarations were judged by; 0: none */
	uint64_t observations, uncommitted; /* posted: before this transaction, and in it */
	struct mended mended;               /* in this transaction */
	uint64_t uncommitted_before;        /* the part at hand began, */
	struct mended mended_before;        /* likewise */
	struct limits limits;
	enum limit over;        /* of the last POSTING_OVER */
	uint64_t work;          /* of the batch posted last */
	uint64_t turn;          /* transactions begun */
	struct run_order order; /* of the batch at hand */
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
	ledger->limits = limits_default();
	if (!(ledger->declarations = declarations_open(db, err)) ||
	    !(ledger->journal = journal_open(db, err)) ||
	    !(ledger->quarantine = quarantine_open(db, err)) ||
	    !(ledger->fold = fold_open(db, ledger->declarations, err)) ||
	    !(ledger->older = older_copy_open(db, err)) ||
	    usage_prepare(db, &ledger->usage, err) < 0) {
		ledger_close(ledger);
		return NULL;
	}
	return ledger;
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	sqlite3_finalize(ledger->usage);
	older_copy_close(ledger->older);
	fold_close(ledger->fold);
	quarantine_close(ledger->quarantine);
	journal_close(ledger->journal);
	declarations_close(ledger->declarations);
	arena_close(ledger->arena);
	run_order_free(&ledger->order);
	free(ledger);
}

void ledger_limit(struct ledger *ledger, const struct limits *limits)
{
	ledger->limits = *limits;
}

enum limit ledger_over(const struct ledger *ledger)
{
	return ledger->over;
}

void ledger_begin(struct ledger *ledger, const struct reference *reference)
{
	if (ledger->reference_version != reference->version || ledger->reference != reference)
		declarations_forget(ledger->declarations, reference->catalogue);
	ledger->reference = reference;
	ledger->reference_version = reference->version;
	ledger->observations += ledger->uncommitted;
	ledger->uncommitted = 0;
	ledger->mended = (struct mended){ 0 };
	ledger->turn++;
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
	struct older_copy *older; /* lent; NULL: its machine was not set back */
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

/* --- limits: -EDQUOT, with what to do --- */

static int over(struct ledger *ledger, enum limit limit, struct err *err)
{
	ledger->over = limit;
	switch (limit) {
	case LIMIT_SPOOLS:
		return err_set(
			err, -EDQUOT,
			"this office has begun %u spools, as many as it may: find out why its "
			"spool begins anew again and again; then the province may raise "
			"[limits] spools",
			ledger->limits.most[limit]);
	case LIMIT_SERIES:
		return err_set(
			err, -EDQUOT,
			"this office would declare more than %u series, as many as it may: use "
			"fewer different label values; or the province may raise [limits] series",
			ledger->limits.most[limit]);
	case LIMIT_DAY:
		return err_set(
			err, -EDQUOT,
			"this office has sent more than %u observations for one day, corrections "
			"included: find out why that day is sent again and again; then the "
			"province may raise [limits] day",
			ledger->limits.most[limit]);
	default:
		return err_set(
			err, -EDQUOT,
			"more than %u rows of this office would wait in quarantine: the province "
			"mends their cause and runs `lantoa quarantine release --all`, or raises "
			"[limits] held; until then this waits at the office",
			ledger->limits.most[limit]);
	}
}

/* May the office begin this spool, if it is new, and declare what the batch declares? */
static int check_declaring(const struct post *post, const struct journal_spool *spool,
			   struct err *err)
{
	struct ledger *ledger = post->ledger;
	size_t known = 0, end = post->batch.first_declared + post->batch.n_declared;
	const struct declared *list;
	struct usage usage = { 0 };
	int rc = spool->row ? declarations_of(ledger->declarations, spool->row, &list, &known, err)
			    : 0;
	if (rc < 0 || (spool->row && end <= known))
		return rc;
	rc = usage_read(ledger->usage, spool->office, &usage, err);
	if (rc == 0 && !spool->row && usage.spools >= ledger->limits.most[LIMIT_SPOOLS])
		rc = over(ledger, LIMIT_SPOOLS, err);
	if (rc == 0 && end > known &&
	    usage.series + (end - known) > ledger->limits.most[LIMIT_SERIES])
		rc = over(ledger, LIMIT_SERIES, err);
	return rc;
}

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

/* As many rows as sift() would make of the run. */
static size_t rows_of(const struct post *post, size_t index)
{
	const struct run *run = &post->batch.runs[index];
	const struct declared *declared = &post->declared[run->series];
	enum verdict before = VERDICT_OK;
	size_t rows = 0;
	if (judge_run(&post->judge, declared) != VERDICT_OK || post->form->hold != VERDICT_OK)
		return 1;
	for (uint32_t i = 0; i < run->n; i++) {
		int64_t value_e;
		enum verdict verdict = judge_point(declared, post->older,
						   &post->batch.points[run->first + i], &value_e);
		rows += verdict != VERDICT_OK && verdict != before;
		before = verdict;
	}
	return rows;
}

/* May the office have held what of the batch would be? Most have little, and then it is not even
 * looked at. */
static int check_held(const struct post *post, struct err *err)
{
	struct ledger *ledger = post->ledger;
	uint64_t most = ledger->limits.most[LIMIT_HELD];
	struct office_account *account = journal_account(ledger->journal, post->office->id);
	struct usage usage = { 0 };
	if (account && account->held >= 0 && (uint64_t)account->held + post->batch.n_points <= most)
		return 0;
	int rc = usage_read(ledger->usage, post->office->id, &usage, err);
	if (rc < 0)
		return rc;
	if (account)
		account->held = (int64_t)usage.held;
	if (usage.held + post->batch.n_points <= most)
		return 0;
	size_t rows = 0;
	for (size_t i = 0; i < post->batch.n_runs; i++)
		rows += rows_of(post, i);
	return rows > 0 && usage.held + rows > most ? over(ledger, LIMIT_HELD, err) : 0;
}

static int hold(const struct post *post, size_t run, int64_t point, size_t n, enum verdict verdict,
		struct err *err)
{
	struct office_account *account = journal_account(post->ledger->journal, post->office->id);
	if (account && account->held >= 0)
		account->held++;
	post->on_held(post->context, post->batch.runs[run].series, (uint32_t)n, verdict);
	return quarantine_hold(post->ledger->quarantine, post->entry, run, point, verdict, n, 0,
			       err);
}

/* In place, to the catalogue's decimals. One that cannot count stays as it is. */
static enum verdict sift_one(const struct post *post, const struct declared *declared,
			     struct point *point)
{
	return judge_point(declared, post->older, point, &point->value_e);
}

/* Rescale the run's values, hold those that cannot count (those that follow one another for one
 * reason as one), close the gaps. */
static int sift(struct post *post, size_t index, const struct declared *declared, size_t *ret_n,
		struct err *err)
{
	const struct run *run = &post->batch.runs[index];
	struct point *points = &post->batch.points[run->first];
	enum verdict reason = VERDICT_OK;
	uint32_t i = 0, from = 0; /* points[from] ... points[i - 1] are held, for @reason */
	while (i < run->n &&
	       sift_one(post, declared, &points[i]) == VERDICT_OK) /* as a rule: all */
		i++;
	size_t kept = i;
	for (; i < run->n; i++) {
		enum verdict verdict = sift_one(post, declared, &points[i]);
		if (verdict != reason) {
			int rc = reason == VERDICT_OK
					 ? 0
					 : hold(post, index, from, i - from, reason, err);
			if (rc < 0)
				return rc;
			from = i;
			reason = verdict;
		}
		if (verdict == VERDICT_OK)
			points[kept++] = points[i];
	}
	*ret_n = kept;
	return reason == VERDICT_OK ? 0 : hold(post, index, from, run->n - from, reason, err);
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
	bool fresh = spool->row == 0;
	int rc = fresh ? journal_make(post->ledger->journal, spool, err) : 0;
	if (rc == 0 && fresh && spool->from_spool != 0)
		rc = older_copy_is(post->ledger->older, spool->office, spool->row, &spool->set_back,
				   err);
	if (rc == 0 && fresh && spool->set_back)
		rc = journal_set_back(post->ledger->journal, spool, err);
	post->older = spool->set_back ? post->ledger->older : NULL;
	if (rc == 0)
		rc = declarations_add(declarations, spool->row, &post->batch, err);
	if (rc == 0)
		rc = declarations_of(declarations, spool->row, &post->declared, &post->n_declared,
				     err);
	if (rc == 0)
		rc = check_runs(post, err);
	if (rc == 0 && post->older)
		rc = older_copy_gather(post->older, spool->office, spool->row, INT64_MAX,
				       &post->batch, post->declared, post->n_declared, err);
	return rc < 0 ? rc
		      : run_order_find(&post->ledger->order, &post->batch, post->declared, err);
}

/* A batch that is not taken leaves no declaration behind, and no spool that it would have begun. */
static int declare(struct post *post, struct journal_spool *spool, struct err *err)
{
	struct ledger *ledger = post->ledger;
	bool fresh = spool->row == 0, news = fresh || post->batch.n_declared > 0;
	int rc = news ? check_declaring(post, spool, err) : 0;
	if (fresh) {
		spool->from_spool = post->batch.from_spool;
		spool->from_seq = post->batch.from_seq;
		spool->set_back = false;
	}
	/* Before what can be undone: what is written counts as written. */
	if (rc == 0 && fresh && spool->from_spool != 0)
		rc = journal_flush(ledger->journal, err);
	if (rc < 0)
		return rc;
	if (news)
		rc = db_exec(ledger->db, "SAVEPOINT declare", err);
	if (rc == 0)
		rc = declare_all(post, spool, err);
	post->received_day = civil_day(post->form->received_us);
	post->judge =
		judge_of(ledger->reference, post->office, post->batch.day, post->received_day);
	if (rc == 0)
		rc = check_day(post, err);
	if (rc == 0)
		rc = check_held(post, err);
	if (news && (rc == -EBADMSG || rc == -EDQUOT)) {
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
	if (rc == 0 && post->batch.nul)
		rc = err_set(err, -EBADMSG, "batch: a name or label holds a NUL");
	if (rc == 0)
		rc = declare(post, spool, err);
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

static int post_runs(struct post *post, struct err *err)
{
	const struct run_order *order = &post->ledger->order;
	int rc = 0;
	for (size_t i = 0; i < order->n && rc == 0; i++)
		rc = post_run(post, order->turns[i].index, err);
	return rc;
}

/* --- work --- */

#define ENTRY_WORK 128u /* of a page that is not at hand, and of the units above: 9 us */
#define SLOTS_WORK 2u   /* slots of a series that is played again, as one observation */

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

static bool has_had_its_share(struct ledger *ledger, int64_t office)
{
	const uint64_t *work = work_of(ledger, office);
	return work && *work >= LEDGER_SHARE;
}

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

uint64_t ledger_work(const struct ledger *ledger)
{
	return ledger->work;
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
	if (spool->set_back) { /* what came before is looked for in the tables */
		rc = journal_flush(ledger->journal, err);
		if (rc == 0)
			rc = journal_spool(ledger->journal, form->office, form->spool_id, &spool,
					   err);
		if (rc < 0)
			return rc;
	}
	*ret_upto = spool->upto;
	ledger->work = 0;
	enum posting posting = place(spool, form);
	if (posting != POSTED_BEFORE && has_had_its_share(ledger, form->office))
		posting = POSTING_NEXT;
	if (posting != POSTED) {
		*ret_posting = posting;
		return 0;
	}
	rc = admit(&post, spool, err);
	if (rc == -EBADMSG || rc == -EDQUOT) {
		*ret_posting = rc == -EBADMSG ? POSTING_BAD : POSTING_OVER;
		return 0;
	}
	if (rc == 0)
		rc = journal_append(ledger->journal, spool, form->seq, post.batch.day,
				    form->received_us, form->payload, form->len,
				    post.batch.n_points, &post.entry, err);
	if (rc == 0)
		fold_entries_from(ledger->fold, post.entry);
	size_t n_stale = fold_n_stale(ledger->fold);
	rc = rc < 0 ? rc : post_runs(&post, err);
	if (rc == 0)
		rc = reckon_work(&post, fold_n_stale(ledger->fold) - n_stale, err);
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
	if (rc == 0)
		rc = fold_finish(ledger->fold, err);
	const struct mended *mended = fold_mended(ledger->fold);
	if (rc == 0 && mended->n > 0) {
		uint64_t before = ledger->mended.n;
		ledger->mended = *mended;
		ledger->mended.n += before;
	}
	return rc;
}

const struct mended *ledger_mended(const struct ledger *ledger)
{
	return &ledger->mended;
}

/* --- parts --- */

int ledger_part_begin(struct ledger *ledger, struct err *err)
{
	ledger->uncommitted_before = ledger->uncommitted;
	ledger->mended_before = ledger->mended;
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
	ledger->mended = ledger->mended_before;
	return rc;
}

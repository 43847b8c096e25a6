/* What happens when the series numbers run out: the spool goes on in another life.
 *
 * A batch names its series by numbers. A spool id has 65,536 of them, and none is ever given to
 * another series. They run out when thousands of different labels were imported by mistake, or
 * after years of new ones. If series wait by then that have no number, the spool goes on under
 * another id, and numbers are given anew to those series that have something to say:
 *
 * 1. Sealing finds no number for a series. The series that have one are sealed still, and the last
 *    batch is noted as the last of this life. When nothing is left to seal, some acked value is
 *    sealed once more. It serves to find out copies: a copy of this file that was made before lacks
 *    a batch that the province has, and so the province notices when the copy is brought back.
 * 2. When the last batch is acked, the next sealing begins the next life in its own transaction.
 *    Current values stay as they are, acked, so that "add" goes on from them and nothing is sent
 *    twice (I2). All batches are acked; they are dropped, because their numbers mean other series
 *    from now on. Series without a value are forgotten at this moment. Those without a number are
 *    forgotten also when values are trimmed.
 * 3. The next id is computed from the one before. A copy that was made between 1 and 2 arrives at
 *    the same id, and the province's Welcome shows that it is a copy.
 *
 * Until the first batch of a life is committed, the province does not know its id, whether or not
 * it still has all that went before. So it is asked about the life before, too (protocol.h). If it
 * was restored and lacks some of that, spool_renew() sends all current values again. */
#include "spool/spool_internal.h"

#include <errno.h>
#include <string.h>

struct spool_life spool_life(const struct spool *spool)
{
	struct spool_life life = spool->life;
	spool_life_origin(spool, &life);
	return life;
}

void spool_life_origin(const struct spool *spool, struct spool_life *life)
{
	bool is_first = life->begin == 0;
	life->from_id = is_first ? spool->renewed_from : life->before_id;
	life->from_seq = is_first ? spool->renewed_seq : life->begin - life->before_begin;
}

int spool_renewed_from(struct spool *spool, uint64_t id, uint64_t *ret_from, uint64_t *ret_seq,
		       struct err *err)
{
	struct spool_meta meta;
	int rc = spool_meta(spool, &meta, err);
	if (rc < 0)
		return rc;
	spool_life_origin(spool, &meta.life);
	/* The province may never have heard of this id. Then the id stands for the one that it went
	 * on from. */
	bool unheard = meta.acked_seq <= meta.life.begin && meta.life.from_id != 0;
	uint64_t fact[] = { id, unheard ? meta.life.from_id : meta.life.id,
			    unheard                            ? meta.life.from_seq
			    : meta.acked_seq > meta.life.begin ? meta.acked_seq - meta.life.begin
							       : 0 };
	rc = spool_fact_set(spool, FROM_FACT, fact, sizeof(fact), err);
	*ret_from = fact[1];
	*ret_seq = fact[2];
	return rc;
}

int spool_read_renewed_from(struct spool *spool, struct err *err)
{
	struct blob data = { 0 };
	uint64_t fact[3];
	int rc = spool_fact_get(spool, FROM_FACT, &data, err);
	if (rc == 0 && data.len == sizeof(fact)) {
		memcpy(fact, data.data, sizeof(fact));
		if (fact[0] == spool->life.id) {
			spool->renewed_from = fact[1];
			spool->renewed_seq = fact[2];
		}
	}
	blob_free(&data);
	return rc == -ENOENT ? 0 : rc;
}

uint32_t spool_numbers(const struct spool *spool)
{
	return spool->limits.numbers_max ? spool->limits.numbers_max : WIRE_SERIES_MAX;
}

int spool_life_end(struct spool *spool, struct spool_meta *meta, struct err *err)
{
	meta->end_seq = meta->last_seq;
	return spool_run(spool, SQL_META_END, 1, (int64_t[]){ (int64_t)meta->end_seq }, err);
}

int spool_forget_idle(struct spool *spool, int64_t most, bool *ret_all, struct err *err)
{
	chunk_cache_forget(spool); /* nothing of it changed, and its series may go */
	int rc = spool_run(spool, SQL_SERIES_DROP_IDLE, 1, &most, err);
	if (rc == 0)
		*ret_all = most < 0 || sqlite3_changes(spool->db) < most;
	return rc;
}

static uint64_t id_after(uint64_t id)
{
	uint8_t bytes[sizeof(id)], digest[WIRE_DIGEST_LEN];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(id >> 8 * i);
	wire_digest(bytes, sizeof(bytes), digest);
	uint64_t next = 0;
	for (size_t i = 0; i < sizeof(next); i++)
		next = next << 8 | digest[i];
	return next ? next : 1;
}

int spool_life_next(struct spool *spool, struct spool_meta *meta, struct err *err)
{
	static const enum spool_statement parts[] = { SQL_BATCH_DROP_ALL, SQL_SERIES_FORGET };
	const struct spool_life next = { .id = id_after(meta->life.id),
					 .begin = meta->last_seq,
					 .before_id = meta->life.id,
					 .before_begin = meta->life.begin };
	bool all;
	int rc = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == 0; i++)
		rc = spool_run(spool, parts[i], 0, NULL, err);
	if (rc == 0)
		rc = spool_forget_idle(spool, -1, &all, err);
	if (rc == 0)
		rc = spool_run(spool, SQL_META_LIFE, 4,
			       (int64_t[]){ (int64_t)next.id, (int64_t)next.begin,
					    (int64_t)next.before_id, (int64_t)next.before_begin },
			       err);
	if (rc < 0)
		return rc;
	meta->life = next;
	meta->end_seq = 0;
	return 0;
}

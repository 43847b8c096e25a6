/* What people say about the figures of a batch: who typed them, notes, and that a report is
 * finished. Batches of machines have none of it, and cost nothing for it. */
#include "common/net/wire_internal.h"

#include "common/base/utf8.h"
#include "common/model/shape.h"

#include <string.h>

/* ---- batch to bytes ---- */

static bool author_is_good(const char *author)
{
	size_t len = strnlen(author, WIRE_AUTHOR_LEN_MAX + 1);
	return len >= 1 && len <= WIRE_AUTHOR_LEN_MAX && utf8_printable(author, len);
}

static bool note_is_good(const char *text)
{
	size_t len = strnlen(text, WIRE_TEXT_MAX + 1);
	return len >= 1 && len <= WIRE_TEXT_MAX && utf8_printable(text, len);
}

static bool authors_keep_rules(const struct batch *batch)
{
	if (batch->n_authors > WIRE_AUTHORS_MAX)
		return false;
	for (size_t i = 0; i < batch->n_authors; i++)
		if (!author_is_good(batch->authors[i]))
			return false;
	for (size_t i = 0; i < batch->n_points; i++)
		if (batch->points[i].author > batch->n_authors)
			return false;
	return true;
}

static bool finished_keeps_rules(const struct batch *batch)
{
	if (batch->n_finished > WIRE_FINISHED_MAX)
		return false;
	for (size_t i = 0; i < batch->n_finished; i++) {
		const struct finishing *finishing = &batch->finished[i];
		if (finishing->grain < GRAIN_DAY || finishing->author > batch->n_authors)
			return false;
	}
	return true;
}

bool remarks_keep_rules(const struct batch *batch)
{
	if (batch->n_remarks > WIRE_NOTES_MAX)
		return false;
	for (size_t i = 0; i < batch->n_remarks; i++) {
		const struct remark *remark = &batch->remarks[i];
		if (remark->point >= batch->n_points ||
		    (i > 0 && remark->point <= remark[-1].point) || !note_is_good(remark->text))
			return false;
	}
	return authors_keep_rules(batch) && finished_keeps_rules(batch);
}

static bool authors_fill(struct arena *arena, const struct batch *batch,
			 Lantoa__V1__Columns *columns)
{
	if (batch->n_authors == 0)
		return true;
	if (!ARRAY(arena, batch->n_authors, columns->author) ||
	    !ARRAY(arena, batch->n_points, columns->authors))
		return false;
	for (size_t i = 0; i < batch->n_authors; i++)
		columns->author[i] = (char *)(uintptr_t)batch->authors[i]; /* only read */
	for (size_t i = 0; i < batch->n_points; i++)
		columns->authors[i] = batch->points[i].author;
	columns->n_author = batch->n_authors;
	columns->n_authors = batch->n_points;
	return true;
}

static bool notes_fill(struct arena *arena, const struct batch *batch, Lantoa__V1__Columns *columns)
{
	if (!ARRAY(arena, batch->n_remarks, columns->noted) ||
	    !ARRAY(arena, batch->n_remarks, columns->note))
		return false;
	for (size_t i = 0; i < batch->n_remarks; i++) {
		columns->noted[i] = batch->remarks[i].point;
		columns->note[i] = (char *)(uintptr_t)batch->remarks[i].text; /* only read */
	}
	columns->n_noted = columns->n_note = batch->n_remarks;
	return true;
}

bool remarks_fill(struct arena *arena, const struct batch *batch, Lantoa__V1__Columns *columns)
{
	size_t n = batch->n_finished;
	if (!authors_fill(arena, batch, columns) || !notes_fill(arena, batch, columns) ||
	    !ARRAY(arena, n, columns->finished) || !ARRAY(arena, n, columns->finished_by) ||
	    !ARRAY(arena, n, columns->finished_us) || !ARRAY(arena, n, columns->finished_undone))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct finishing *finishing = &batch->finished[i];
		columns->finished[i] =
			(uint32_t)shape_pack(finishing->calendar, finishing->grain, 0);
		columns->finished_by[i] = finishing->author;
		columns->finished_us[i] = finishing->at_us;
		if (finishing->undone)
			columns->finished_undone[columns->n_finished_undone++] = i;
	}
	columns->n_finished = columns->n_finished_by = columns->n_finished_us = n;
	return true;
}

/* ---- bytes to batch ---- */

static int authors_decode(const Lantoa__V1__Columns *columns, struct batch *batch, struct err *err)
{
	size_t n = columns->n_author;
	if (columns->n_authors != 0 && columns->n_authors != batch->n_points)
		return wire_malformed(err, "authors and values differ in length");
	for (size_t i = 0; i < n; i++)
		if (!author_is_good(columns->author[i]))
			return wire_malformed(err, "an author with a bad name");
	for (size_t i = 0; i < columns->n_authors; i++) {
		if (columns->authors[i] > n)
			return wire_malformed(err, "a value of an author that it does not name");
		batch->points[i].author = (uint16_t)columns->authors[i];
	}
	batch->authors = (const char **)(void *)columns->author;
	batch->n_authors = n;
	return 0;
}

static int notes_decode(struct arena *arena, const Lantoa__V1__Columns *columns,
			struct batch *batch, struct err *err)
{
	size_t n = columns->n_noted;
	if (n != columns->n_note)
		return wire_malformed(err, "columns of notes differ in length");
	if (n > 0 && !ARRAY(arena, n, batch->remarks))
		return wire_no_room(arena, err);
	for (size_t i = 0, least = 0; i < n; i++) {
		if (columns->noted[i] < least || columns->noted[i] >= batch->n_points ||
		    !note_is_good(columns->note[i]))
			return wire_malformed(err,
					      "a note that is not valid, or belongs to no value");
		batch->remarks[i] = (struct remark){ columns->noted[i], columns->note[i] };
		least = columns->noted[i] + (size_t)1;
	}
	batch->n_remarks = n;
	return 0;
}

static int finished_decode(struct arena *arena, const Lantoa__V1__Columns *columns,
			   struct batch *batch, struct err *err)
{
	size_t n = columns->n_finished, least = 0;
	if (n != columns->n_finished_by || n != columns->n_finished_us)
		return wire_malformed(err, "columns of what is finished differ in length");
	if (n > 0 && !ARRAY(arena, n, batch->finished))
		return wire_no_room(arena, err);
	for (size_t i = 0; i < n; i++) {
		uint32_t shape = columns->finished[i], author = columns->finished_by[i];
		if (!shape_is_sane(shape) || shape_grain(shape) < GRAIN_DAY ||
		    shape_decimals(shape) != 0 || author > batch->n_authors)
			return wire_malformed(err, "finishes no period, or for nobody it names");
		batch->finished[i] = (struct finishing){ .grain = shape_grain(shape),
							 .calendar = shape_calendar(shape),
							 .author = (uint16_t)author,
							 .at_us = columns->finished_us[i] };
	}
	for (size_t i = 0; i < columns->n_finished_undone; i++) {
		size_t at = columns->finished_undone[i];
		if (at < least || at >= n)
			return wire_malformed(err, "takes back what it does not finish");
		batch->finished[at].undone = true;
		least = at + 1;
	}
	batch->n_finished = n;
	return 0;
}

int remarks_decode(struct arena *arena, const Lantoa__V1__Columns *columns, struct batch *batch,
		   struct err *err)
{
	int rc = authors_decode(columns, batch, err);
	if (rc == 0)
		rc = notes_decode(arena, columns, batch, err);
	return rc < 0 ? rc : finished_decode(arena, columns, batch, err);
}

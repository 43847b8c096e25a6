/* Questions to the rollups: a metric or an indicator, by place and period, each figure with what is
 * missing beside it; who is missing; what was changed. What can be asked is struct query (plan.h).
 * Runs on a read-only connection, off the loop. */
#pragma once

#include "common/sys/db.h"
#include "query/plan.h"

#define QUERY_ROWS_MAX  500000u /* of one answer that is kept, or one period of a streamed one */
#define QUERY_NAMES_MAX 16u     /* of one question */

/**
 * Answer as a table with head object "query" (the query as understood) and columns area, name,
 * valid_from, period, until (its last day, while it is not over), value, reason, observations, due,
 * reported, on_time, carried, excused, missing, waiting (observations that are in quarantine, where
 * they would count; of an office without a unit, where its last one lies), extra, offices_due,
 * offices_reported, revisions, percent (of the reports that were due, how many were reported; null
 * where none was), state (in one word, for programs: state.h); for an indicator also operands and
 * targets, both objects of numbers, and its counts are the sums over its operands; and target,
 * target_year: that of the bucket's year or, if it has none, of the next one that has; distance:
 * value - target, rounded to 6 digits as the value is, but not twice; path: what the value would be
 * on the straight line from the row's first value in the range asked to the target (target.h). With
 * @rank also rank and of: 1 is the highest among the rows of that level and period, equal values
 * share a rank, a row without a value has none, and of is how many have one.
 *
 * Told under the borders of a day (@structure), rows are the units in force then. A row that would
 * need an unknown part of a divided unit has no value and says which unit is the cause; what
 * belongs to it is in the last row.
 *
 * Rows come by period, then by area. What lies in the asked area but in none of the rows comes last
 * in its period, area null, so that the rows of a sum add up to the total. By office, area and name
 * are the office's. Where an office that would be due stands on a unit which ended, the last row's
 * reason names it, though the row may count nothing.
 *
 * By label (@by_label), each place has in each period a row for each code of the dimension's list
 * that may be used in it, then for each other label and at last for what has none, where they were
 * reported: columns label (the code, or the label as it was spelt first; null: it has none) and
 * label_name (what the reader's language calls the code; "not classified"). A row is what the
 * question with that label as its filter gives, counts as well: reported are those who reported
 * with it. So the rows of a sum add up to the total. Rows come by period, by label, then by area;
 * an indicator's have no target, which is of the whole, and ranks are among those of one label.
 *
 * As known at an earlier instant, units, offices, catalogue and indicators are those of then
 * (known.h); @now are the present ones.
 *
 * Of several names (A,B,C) the answer has the rows of each in turn, just as the question for that
 * name alone, per the same periods, has them; in front stands a column metric, and an indicator's
 * columns are null for a metric. Without @per it is told per the longest period that is anyone's
 * own. The head has no unit, but an object "units": of each name, its unit of measure.
 *
 * With @total there is a column row behind these: part, rest (the last row, as above), total. In
 * each period, behind its other rows, stand those of the question without @by (or, where the rows
 * are by label alone, without @by_label), marked total; its own last row, if it has one, is a
 * total_rest. Their reason begins with whether the other rows add up to them.
 *
 * With @versus the columns of comparison.h come last: what the row would have shown in the period
 * before or a year before, how complete that was, and the change since.
 *
 * Runs inside the caller's read transaction. -EINVAL: one sentence on what is wrong with the
 * question; -E2BIG: too many rows; -EINTR: took too long; -EUCLEAN: a page and the journal behind
 * it, or the ledger, are damaged.
 */
int query_run(sqlite3 *db, const struct reference *now, const struct query *query,
	      struct table **ret_answer, struct err *err);

/**
 * Who was due, and who is missing. Name must be a metric; without one it is about forms (forms.h):
 * those whose periods add up to the buckets (by default months; the head names the metrics of the
 * others as left_out), or the one of @form. Then rows have columns form (its grain), level,
 * parts_due, parts_reported and parts_missing (the reports of its metrics, one by one), and waiting
 * and revised are of all of them; units that have nothing of a form are left out where others have.
 *
 * Without @by, a row for each office that misses something, of which something waits in quarantine,
 * or that stands on a unit which ended: period, area, area_name (the unit that it reported for on
 * the first day of the periods missed, as with @by, or else its last; an office that moved may have
 * several), office, name, due, reported, carried, excused, missing, percent, waiting, reason (where
 * it stands on such a unit). With @by, a row for each unit or office: period, until (as above),
 * area, name, valid_from, due, reported, on_time, late (reported, but after it was due, and not
 * excused), carried, excused, missing, waiting, extra, revised, offices_due, offices_reported,
 * offices_finished (how many said that their report of this very period is finished), finished and
 * finished_by (of a row that is one office: when, and who), percent (of what was due, how much was
 * reported; null when nothing was due), reason (of the last row, where it names an office as
 * above). A reported zero is reported; a figure that was withdrawn is missing, and counts as
 * revised.
 */
int completeness_run(sqlite3 *db, const struct reference *now, const struct query *query,
		     struct table **ret_answer, struct err *err);

#define REVISIONS_MAX 100000u

/**
 * All that came of figures in the area, range and labels asked for, in the ledger's order: rows of
 * received, metric, office, name (of the office), labels, period, was, became (null: withdrawn),
 * change (first, corrected, withdrawn, or held: it waits in quarantine and changed nothing), late
 * (it came after the figure was due), entry (of the journal), spool and batch (which brought it),
 * author (null where its office does not say), author_name (as that account is shown), note,
 * from_province (an operator recorded it, and not the office), reason
 * (why it waits or, where it was released, waited), and the event that released it or, after it had
 * counted, held it: event (its number), act (in the reader's language), event_at, who, shown_name.
 * What was released before events began has event_at alone; what is held since it came has no
 * event. What was held, released and held again has, before its row, a row for each of these:
 * change released, or held again, with the event that did; and what a release left held for another
 * reason a row, change held, for each reason before.
 *
 * Rows that are corrected or withdrawn are those that the column `revisions` of a query counts: the
 * first report of a period is none, nor is the first after a withdrawal (rule 5.4). What came again
 * as it was is not told. Same arguments but @by and @per; for an indicator, its operands'.
 * Respects @known and @structure. -E2BIG over REVISIONS_MAX rows.
 */
int revisions_run(sqlite3 *db, const struct reference *now, const struct query *query,
		  struct table **ret_answer, struct err *err);

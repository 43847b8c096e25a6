#include "registry/strays.h"
#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"

/* The days of assignment @i: it begins on assignments[i].from_day, and ends before this one. */
static int32_t assignment_end(const struct office *office, size_t i)
{
	return i + 1 < office->n_assignments ? office->assignments[i + 1].from_day : UNIT_OPEN;
}

static int stray_add(struct strays *strays, const struct office *office, const struct unit *unit,
		     int32_t from, int32_t to)
{
	struct stray *list = array_room(strays->list, strays->n, sizeof(*list));
	if (!list)
		return -1;
	strays->list = list;
	list[strays->n++] = (struct stray){ office, unit, from, to };
	return 0;
}

/* The days of an assignment that no unit of its code has. */
static int find_gaps(const struct office *office, size_t i, const struct units *units,
		     struct strays *strays)
{
	const struct assignment *assignment = &office->assignments[i];
	int32_t day = assignment->from_day, end = assignment_end(office, i);
	const struct unit *last = NULL;
	for (size_t k = assignment->units_first; k < assignment->units_end && day < end; k++) {
		const struct unit *unit = &units->list[k];
		if (unit->valid_to <= day) {
			last = unit;
			continue;
		}
		int32_t until = unit->valid_from < end ? unit->valid_from : end;
		if (until > day && stray_add(strays, office, last ? last : unit, day, until) < 0)
			return -1;
		last = unit;
		day = unit->valid_to;
	}
	return last && day < end ? stray_add(strays, office, last, day, end) : 0;
}

int strays_find(const struct offices *offices, const struct units *units, struct strays *ret,
		struct err *err)
{
	*ret = (struct strays){ 0 };
	for (size_t i = 0; i < offices->n; i++)
		for (size_t k = 0; k < offices->list[i].n_assignments; k++)
			if (offices->list[i].assignments[k].unit_code &&
			    find_gaps(&offices->list[i], k, units, ret) < 0) {
				free(ret->list);
				*ret = (struct strays){ 0 };
				return err_memory(err);
			}
	return 0;
}

void stray_tell(const struct stray *stray, size_t n, char sentence[STRAY_SENTENCE_MAX])
{
	const struct unit *unit = stray->unit;
	const char *code = stray->office->code;
	char day[DAY_TEXT_MAX], from[DAY_TEXT_MAX];
	bool ended = unit->valid_to <= stray->from;
	if (ended && n > 1) {
		(void)utf8_print(sentence, STRAY_SENTENCE_MAX,
				 _("offices assigned to a unit that is no longer in force: %zu "
				   "(such as %s, to %s %s, which ended on %s): nothing is due from "
				   "them, and what they report waits in quarantine; let them "
				   "follow their units: lantoa office follow --on %s --dry-run"),
				 n, code, unit->code, unit->name, day_format(unit->valid_to, day),
				 day);
		return;
	}
	(void)utf8_print(
		sentence, STRAY_SENTENCE_MAX,
		ended ? _("office %s is assigned to %s %s, which ended on %s: nothing is due from "
			  "it, and what it reports waits in quarantine (offices in that state: "
			  "%zu); give it a unit: lantoa office move %s --unit CODE --from %s, then "
			  "lantoa quarantine release --office %s")
		      : _("office %s is assigned to %s %s, which begins on %s: nothing is due from "
			  "it before, and what it reports waits in quarantine (offices in that "
			  "state: %zu); give it a unit: lantoa office move %s --unit CODE --from "
			  "%s, then lantoa quarantine release --office %s"),
		code, unit->code, unit->name,
		day_format(ended ? unit->valid_to : unit->valid_from, day), n, code,
		day_format(stray->from, from), code);
}

int strays_tell(const struct offices *offices, const struct units *units, int32_t today,
		size_t *ret_n, char sentence[STRAY_SENTENCE_MAX], struct err *err)
{
	const struct stray *first = NULL;
	struct strays strays;
	size_t n = 0;
	int rc = strays_find(offices, units, &strays, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < strays.n; i++) {
		const struct stray *stray = &strays.list[i];
		if (today < stray->from || today >= stray->to)
			continue;
		first = first ? first : stray;
		n++;
	}
	sentence[0] = '\0';
	if (first)
		stray_tell(first, n, sentence);
	free(strays.list);
	*ret_n = n;
	return 0;
}

/* The last day up to @day on which assignment @i gives the office a unit. */
static const struct unit *last_before(const struct office *office, size_t i,
				      const struct units *units, int32_t day, int32_t *ret_day)
{
	const struct assignment *assignment = &office->assignments[i];
	int32_t last = assignment_end(office, i) - 1;
	last = last < day ? last : day;
	for (size_t k = assignment->units_end; k-- > assignment->units_first;) {
		const struct unit *unit = &units->list[k];
		*ret_day = unit->valid_to - 1 < last ? unit->valid_to - 1 : last;
		if (unit->valid_from <= *ret_day && *ret_day >= assignment->from_day)
			return unit;
	}
	return NULL;
}

/* The first day after @day on which it does. */
static const struct unit *first_after(const struct office *office, size_t i,
				      const struct units *units, int32_t day, int32_t *ret_day)
{
	const struct assignment *assignment = &office->assignments[i];
	int32_t first = assignment->from_day > day ? assignment->from_day : day + 1;
	for (size_t k = assignment->units_first; k < assignment->units_end; k++) {
		const struct unit *unit = &units->list[k];
		*ret_day = unit->valid_from > first ? unit->valid_from : first;
		if (*ret_day < unit->valid_to && *ret_day < assignment_end(office, i))
			return unit;
	}
	return NULL;
}

const struct unit *office_last_unit(const struct office *office, const struct units *units,
				    int32_t day, int32_t *ret_day)
{
	const struct unit *unit = NULL;
	for (size_t i = office->n_assignments; i-- > 0 && !unit;)
		if (office->assignments[i].unit_code && office->assignments[i].from_day <= day)
			unit = last_before(office, i, units, day, ret_day);
	for (size_t i = 0; i < office->n_assignments && !unit; i++)
		if (office->assignments[i].unit_code)
			unit = first_after(office, i, units, day, ret_day);
	return unit;
}

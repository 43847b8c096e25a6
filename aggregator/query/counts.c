#include "query/counts.h"

void counts_add(struct counts *to, const struct counts *from)
{
	to->observations += from->observations;
	to->due += from->due;
	to->reported += from->reported;
	to->on_time += from->on_time;
	to->carried += from->carried;
	to->extra += from->extra;
	to->revisions += from->revisions;
	to->excused += from->excused;
	to->forgiven += from->forgiven;
	to->waiting += from->waiting;
}

int64_t counts_missing(const struct counts *counts)
{
	return counts->due - counts->reported - counts->carried - counts->excused;
}

int64_t counts_late(const struct counts *counts)
{
	return counts->reported - counts->on_time - counts->forgiven;
}

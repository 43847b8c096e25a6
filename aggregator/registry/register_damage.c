#include "registry/register_damage.h"

#include <errno.h>
#include <stdio.h>

void register_damage_note(struct register_damage *damage, const char *why)
{
	if (damage->n < REGISTER_NOTES_MAX)
		(void)snprintf(damage->notes[damage->n], sizeof(damage->notes[0]), "%.255s", why);
	damage->n++;
}

int register_damage_refuse(const struct register_damage *damage, struct err *err)
{
	return damage->n == 0 ? 0
			      : err_set(err, -EUCLEAN,
					"%s; look at the disk and restore a backup, until then "
					"nothing of the register can be changed",
					damage->notes[0]);
}

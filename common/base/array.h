/* Arrays that grow by one: room is doubled whenever the length reaches a power of two, so that no
 * capacity needs to be kept beside it. */
#pragma once

#include <stdint.h>
#include <stdlib.h>

/** @list with room for element @n (its length so far), perhaps moved. NULL: out of memory, and the
 * old one is untouched. */
static inline void *array_room(void *list, size_t n, size_t size)
{
	if (n != 0 && (n & (n - 1)) != 0)
		return list;
	size_t room = n ? n * 2 : 1;
	return room > SIZE_MAX / size ? NULL : realloc(list, room * size);
}

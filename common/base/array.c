#include "common/base/array.h"

#include <errno.h>
#include <string.h>

#define ROOM_FIRST 16u /* elements */

int array_grow(void *list_at, size_t *room, size_t n, size_t size)
{
	size_t more = *room > SIZE_MAX / 2 ? n : *room * 2;
	void *list;
	if (more < ROOM_FIRST)
		more = ROOM_FIRST;
	if (more < n)
		more = n;
	if (more > SIZE_MAX / size)
		return -ENOMEM;
	memcpy(&list, list_at, sizeof(list)); /* of whatever type the pointer is */
	list = realloc(list, more * size);
	if (!list)
		return -ENOMEM;
	memcpy(list_at, &list, sizeof(list));
	*room = more;
	return 0;
}

/* Lists that grow, doubling, so that n elements cost about n steps in all. A list that is filled
 * once needs no capacity beside its length: array_room(). One that is emptied and filled again, or
 * grows by several elements at once, keeps its capacity: ARRAY_RESERVE(). */
#pragma once

#include <stdint.h>
#include <stdlib.h>

/** @list with room for element @n (its length so far), perhaps moved. There is room up to the next
 * power of two. NULL: out of memory, and the old one is untouched. */
static inline void *array_room(void *list, size_t n, size_t size)
{
	if (n != 0 && (n & (n - 1)) != 0)
		return list;
	size_t room = n ? n * 2 : 1;
	return room > SIZE_MAX / size ? NULL : realloc(list, room * size);
}

/** What array_reserve() does when there is no room yet. */
int array_grow(void *list_at, size_t *room, size_t n, size_t size);

/** Room for @n elements of @size in the list whose pointer is at @list_at, and which has room for
 * *@room of them. Returns 0; -ENOMEM, and list and *@room are as they were. */
static inline int array_reserve(void *list_at, size_t *room, size_t n, size_t size)
{
	return n <= *room ? 0 : array_grow(list_at, room, n, size);
}

/** The same of a pointer @list and a size_t @room, both of which may move. */
#define ARRAY_RESERVE(list, room, n) array_reserve(&(list), &(room), (n), sizeof(*(list)))

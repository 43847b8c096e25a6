#include "journal/held_list.h"

#include "common/base/varint.h"

#include <errno.h>

int held_list_add(struct blob *list, const struct hold *hold)
{
	if (blob_reserve(list, (size_t)4 * VARINT_MAX) < 0)
		return -ENOMEM;
	uint8_t *to = list->data + list->len;
	to = varint_put(to, hold->run);
	to = varint_put(to, (uint64_t)(hold->point + 1));
	to = varint_put(to, hold->n);
	to = varint_put(to, (uint64_t)hold->verdict);
	list->len = (size_t)(to - list->data);
	return 0;
}

int held_list_next(const uint8_t *list, size_t len, size_t *at, struct hold *ret_hold)
{
	uint64_t numbers[4];
	if (*at >= len) /* also of a list that is NULL */
		return 0;
	const uint8_t *from = list + *at, *end = list + len;
	for (size_t i = 0; i < 4; i++)
		if (!varint_get(&from, end, &numbers[i]))
			return -EBADMSG;
	if (numbers[1] > INT64_MAX || numbers[3] == VERDICT_OK || numbers[3] >= VERDICT_COUNT)
		return -EBADMSG;
	*at = (size_t)(from - list);
	*ret_hold = (struct hold){ .run = numbers[0],
				   .point = (int64_t)numbers[1] - 1,
				   .n = numbers[2],
				   .verdict = (enum verdict)numbers[3] };
	return 1;
}

#include "common/base/blob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int blob_reserve(struct blob *blob, size_t more)
{
	if (more > SIZE_MAX / 4 - blob->len)
		return -ENOMEM;
	size_t need = blob->len + more;
	if (need <= blob->room)
		return 0;
	size_t room = blob->room ? blob->room : 256;
	while (room < need)
		room *= 2;
	uint8_t *data = realloc(blob->data, room);
	if (!data)
		return -ENOMEM;
	blob->data = data;
	blob->room = room;
	return 0;
}

int blob_append(struct blob *blob, const void *data, size_t len)
{
	if (len == 0)
		return 0;
	int rc = blob_reserve(blob, len);
	if (rc < 0)
		return rc;
	memcpy(blob->data + blob->len, data, len);
	blob->len += len;
	return 0;
}

void blob_free(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){ 0 };
}

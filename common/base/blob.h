/* A growing run of bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct blob {
	uint8_t *data; /* owned */
	size_t len, room;
};

/** Room for @more bytes after len. -ENOMEM leaves the blob as it was. */
int blob_reserve(struct blob *blob, size_t more);
int blob_append(struct blob *blob, const void *data, size_t len);
void blob_free(struct blob *blob); /* and is an empty blob again */

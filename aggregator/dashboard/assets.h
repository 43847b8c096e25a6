/* The files of web/, as they are, in the program. */
#pragma once

struct asset {
	const char *path, *type; /* as browsers ask for it; its media type */
	const char *data, *end;  /* of its bytes */
};

/** NULL when there is none of that path. */
const struct asset *assets_find(const char *path);

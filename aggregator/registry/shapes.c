#include "registry/shapes.h"

#include "common/base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int shapes_add(struct shapes *shapes, const char *code)
{
	if (ARRAY_RESERVE(shapes->list, shapes->room, shapes->n + 1) < 0)
		return -ENOMEM;
	char *copy = strdup(code);
	if (!copy)
		return -ENOMEM;
	shapes->list[shapes->n++] = (struct shape){ .code = copy, .first = shapes->n_rings };
	return 0;
}

int shapes_add_ring(struct shapes *shapes, bool hole)
{
	if (ARRAY_RESERVE(shapes->rings, shapes->rings_room, shapes->n_rings + 1) < 0)
		return -ENOMEM;
	shapes->rings[shapes->n_rings++] = (struct ring){ .first = shapes->n_spots, .hole = hole };
	shapes->list[shapes->n - 1].n++;
	return 0;
}

int shapes_add_spot(struct shapes *shapes, struct spot spot)
{
	if (ARRAY_RESERVE(shapes->spots, shapes->spots_room, shapes->n_spots + 1) < 0)
		return -ENOMEM;
	shapes->spots[shapes->n_spots++] = spot;
	shapes->rings[shapes->n_rings - 1].n++;
	return 0;
}

void shapes_free(struct shapes *shapes)
{
	for (size_t i = 0; i < shapes->n; i++)
		free(shapes->list[i].code);
	free(shapes->list);
	free(shapes->rings);
	free(shapes->spots);
	*shapes = (struct shapes){ 0 };
}

int64_t spots_area2(const struct spot spots[], size_t n)
{
	int64_t area2 = 0;

	for (size_t i = 0; i < n; i++) {
		const struct spot a = spots[i], b = spots[i + 1 < n ? i + 1 : 0];

		area2 += (int64_t)a.x * b.y - (int64_t)b.x * a.y;
	}
	return area2;
}

/* The shape of a series: its grain, calendar and decimals in one number, grain | decimals << 4 |
 * calendar << 8. So it stands in Columns.declared_shape (proto/lantoa.proto), and in the tables of
 * spool and province. */
#pragma once

#include "common/base/decimal.h"
#include "common/model/period.h"

#include <stdbool.h>
#include <stdint.h>

#define SHAPE_END 512 /* every shape is below */

/** Without its decimals: of all series that differ in nothing else. It is plain enough for SQL, of
 * a column. */
#define SHAPE_WITHOUT_DECIMALS(shape) (0x10f & (shape))

static inline int64_t shape_pack(enum calendar calendar, enum grain grain, unsigned decimals)
{
	return (int64_t)grain | (int64_t)decimals << 4 | (int64_t)calendar << 8;
}

/** These three of any number, sane or not; what they give of one that is not may be none. */
static inline enum grain shape_grain(int64_t shape)
{
	return (enum grain)(shape & 15);
}

static inline enum calendar shape_calendar(int64_t shape)
{
	return (enum calendar)(shape >> 8 & 1);
}

static inline unsigned shape_decimals(int64_t shape)
{
	return (unsigned)(shape >> 4 & 15);
}

/** Can @shape, as a disk or a peer gave it, be one? */
static inline bool shape_is_sane(int64_t shape)
{
	return shape >= 0 && shape < SHAPE_END && shape_grain(shape) < GRAIN_COUNT &&
	       shape_decimals(shape) <= DECIMALS_MAX;
}

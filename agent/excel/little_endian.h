/* Numbers as old Office files have them. */
#pragma once

#include <stdint.h>
#include <string.h>

static inline uint16_t le16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t le32(const uint8_t *at)
{
	return le16(at) | (uint32_t)le16(at + 2) << 16;
}

static inline double le_double(const uint8_t *at)
{
	uint64_t bits = le32(at) | (uint64_t)le32(at + 4) << 32;
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

#include "common/base/near.h"

#include <stdint.h>
#include <string.h>

size_t near_distance(const char *a, const char *b)
{
	size_t row[NEAR_WORD_MAX + 1], n = strlen(b);
	if (n > NEAR_WORD_MAX || strlen(a) > NEAR_WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]);
			corner = row[j];
			size_t shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			row[j] = shift < change ? shift : change;
		}
	}
	return row[n];
}

size_t near_limit(const char *word)
{
	return strlen(word) / 3 + 2;
}

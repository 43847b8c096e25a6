#include "common/base/near.h"

#include <stdint.h>
#include <string.h>

size_t near_distance(const char *a, const char *b)
{
	size_t rows[3][NEAR_WORD_MAX + 1], n = strlen(b), m = strlen(a);
	if (n > NEAR_WORD_MAX || m > NEAR_WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= m; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
			size_t shift = (row[j - 1] < above[j] ? row[j - 1] : above[j]) + 1;
			row[j] = shift < change ? shift : change;
			/* two neighbours, swapped: as if both had been right two rows up, and one
			 */
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    rows[(i - 2) % 3][j - 2] + 1 < row[j])
				row[j] = rows[(i - 2) % 3][j - 2] + 1;
		}
	}
	return rows[m % 3][n];
}

size_t near_limit(const char *word)
{
	return strlen(word) / 3 + 2;
}

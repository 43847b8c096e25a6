#include "common/base/version.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool version_valid(const char *text)
{
	static const char may[] = "0123456789.~+-"
				  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	return is_digit(*text) && text[strspn(text, may)] == '\0';
}

/* Where a character comes: '~' before the end, the end and '.' before letters. */
static int rank(char c)
{
	return c == '~' ? -1 : c == '\0' || c == '.' ? 0 : (int)(unsigned char)c;
}

/* The number at *@at, of any length: its digits without zeros in front. */
static size_t number(const char **at, const char **ret_digits)
{
	while (**at == '0')
		(*at)++;
	*ret_digits = *at;
	while (is_digit(**at))
		(*at)++;
	return (size_t)(*at - *ret_digits);
}

int version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		const char *x, *y;
		if (!is_digit(*a) && !is_digit(*b)) {
			int order = rank(*a) - rank(*b);
			if (order != 0)
				return order;
			a += *a != '\0'; /* "2.1" goes on as "2.1.0" does */
			b += *b != '\0';
			continue;
		}
		/* A number beside letters or the end is one beside 0. */
		if (!is_digit(*a) && rank(*a) != 0)
			return rank(*a);
		if (!is_digit(*b) && rank(*b) != 0)
			return -rank(*b);
		size_t n = number(&a, &x), m = number(&b, &y);
		int order = n != m ? (n > m) - (n < m) : strncmp(x, y, n);
		if (order != 0)
			return order;
	}
	return 0;
}

#include "registry/rational.h"

#include <stdlib.h>
#include <string.h>

/* Rule 5.8: q = value * 10^decimals, rounded half to even: floor, then up when the rest is more
 * than half, or just half and the floor is odd. */
static void scale_and_round(mpz_t ret_q, const mpq_t value, unsigned decimals)
{
	mpz_t scaled, rest;
	mpz_inits(scaled, rest, NULL);
	mpz_ui_pow_ui(scaled, 10, decimals);
	mpz_mul(scaled, scaled, mpq_numref(value));
	mpz_fdiv_qr(ret_q, rest, scaled, mpq_denref(value));
	mpz_mul_2exp(rest, rest, 1);
	int half = mpz_cmp(rest, mpq_denref(value));
	if (half > 0 || (half == 0 && mpz_odd_p(ret_q)))
		mpz_add_ui(ret_q, ret_q, 1);
	mpz_clears(scaled, rest, NULL);
}

/* Digits of |q|, with zeros before them so that at least one stands before the point. */
static char *digits_text(const mpz_t q, unsigned decimals)
{
	size_t room = mpz_sizeinbase(q, 10) + decimals + 4; /* sign, point, a zero, NUL */
	char *text = malloc(room), *digits = malloc(room);
	if (!text || !digits) {
		free(text);
		free(digits);
		return NULL;
	}
	(void)mpz_get_str(digits, 10, q);
	char *first = digits + (*digits == '-'), *out = text;
	size_t len = strlen(first), padding = len > decimals ? 0 : decimals + 1 - len;
	memmove(first + padding, first, len + 1);
	memset(first, '0', padding);
	size_t whole = len + padding - decimals;
	if (*digits == '-')
		*out++ = '-';
	memcpy(out, first, whole);
	out[whole] = '.';
	memcpy(out + whole + 1, first + whole, decimals + 1u);
	free(digits);
	return text;
}

char *rational_text(const mpq_t value, unsigned decimals)
{
	mpz_t q;
	mpz_init(q);
	scale_and_round(q, value, decimals);
	char *text = digits_text(q, decimals);
	mpz_clear(q);
	if (!text)
		return NULL;
	char *end = text + strlen(text);
	while (end[-1] == '0') /* stops at the point at the latest */
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
	return text;
}

void rational_round(mpq_t ret, const mpq_t value, unsigned decimals)
{
	mpz_t q;
	mpz_init(q);
	scale_and_round(q, value, decimals);
	mpz_set(mpq_numref(ret), q);
	mpz_ui_pow_ui(mpq_denref(ret), 10, decimals);
	mpq_canonicalize(ret);
	mpz_clear(q);
}

void rational_set(mpq_t ret, int128 mantissa, unsigned decimals)
{
	uint128 size = mantissa < 0 ? -(uint128)mantissa : (uint128)mantissa;
	mpz_import(mpq_numref(ret), 1, 1, sizeof(size), 0, 0, &size);
	if (mantissa < 0)
		mpz_neg(mpq_numref(ret), mpq_numref(ret));
	mpz_ui_pow_ui(mpq_denref(ret), 10, decimals);
	mpq_canonicalize(ret);
}

bool rational_read(mpq_t ret, const char *text)
{
	const char *point = strchr(text, '.');
	char *digits = strdup(text);
	if (!digits)
		return false;
	if (point)
		memmove(digits + (point - text), point + 1, strlen(point));
	bool is_number = mpz_set_str(mpq_numref(ret), digits, 10) == 0;
	mpz_ui_pow_ui(mpq_denref(ret), 10, point ? strlen(point + 1) : 0);
	mpq_canonicalize(ret);
	free(digits);
	return is_number;
}

/* The agent never speaks TLS: its line to the province is CURVE, its HTTP stays on this machine.
 * Yet libmicrohttpd brings libgnutls, which readies itself as it is loaded: 100 KB of private
 * memory and 0.9 MB resident in each of thousands of offices. These stand in front of its own ways
 * to begin (gnutls.h documents the second), so it never does. Linked into the program alone. */

int gnutls_global_init(void);
int _gnutls_global_init_skip(void);

int gnutls_global_init(void)
{
	return 0;
}

int _gnutls_global_init_skip(void)
{
	return 1;
}

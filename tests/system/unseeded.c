/* In place of the C library's srand(): whoever seeds rand() does not, so that a test knows the
 * numbers. For LD_PRELOAD. */
void srand(unsigned seed);

void srand(unsigned seed)
{
	(void)seed;
}

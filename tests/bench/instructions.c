/* A fixed load through the province's ledger: what instructions.py counts instructions of.
 *
 *   instructions [corrected] */
#include "bench/load.h"
#include "bench/yardsticks.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct load_shape shape = { .offices = 10,
				    .series = 10,
				    .days = 1,
				    .minutes = 60,
				    .corrected = argc > 1 && strcmp(argv[1], "corrected") == 0 };
	struct yardstick_input input = { .group = 40 };
	struct yardstick_result result = { 0 };
	struct load *load = NULL;
	struct err err = { 0 };
	int rc = load_open(&shape, &load, &err);
	input.load = load;
	if (rc == 0)
		rc = yardstick_ledger(&input, &result, &err);
	if (rc < 0)
		(void)fprintf(stderr, "instructions: %s\n", err.text);
	load_close(load);
	return rc < 0;
}

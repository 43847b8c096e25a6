/* In builds without libFuzzer: run the target over each file of a corpus folder, and over seeded
 * mutations of it. LANTOA_SEED and LANTOA_SEEDS work as in every test. */
#include "fuzz.h"
#include "seeds.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#define INPUT_MAX (1u << 20) /* bytes */
#define MUTANTS   400u       /* of each file: a second or so under the sanitizers */
#define GROWTH    64u        /* bytes a mutation may add */

static const char *replaying; /* the file, for whoever reads of the failure */

/* The sanitizers end in abort(), too, so that on_abort() always has the last word. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "abort_on_error=1";
}

const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

/* Not what a signal handler may do, but the process is lost, and exit() prints the seed. */
static void on_abort(int signal_number)
{
	(void)signal_number;
	fprintf(stderr, "while replaying %s\n", replaying);
	exit(1);
}

struct input {
	uint8_t *data; /* owned [INPUT_MAX + GROWTH] */
	size_t len;
};

static void run(const uint8_t *data, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1); /* so that one byte too far is seen */
	require(exact);
	if (len > 0)
		memcpy(exact, data, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

/* Each in place; input->len stays within the room. */

static void flip(struct dice *dice, struct input *input)
{
	if (input->len > 0)
		input->data[dice_below(dice, input->len)] ^= (uint8_t)(1u << dice_below(dice, 8));
}

static void overwrite(struct dice *dice, struct input *input)
{
	static const uint8_t telling[] = { 0,   1,   0x7f, 0x80, 0xff, '\n', '\r', '"',
					   ',', '=', '[',  ';',  ' ',  '-',  '.',  '9' };
	if (input->len > 0)
		input->data[dice_below(dice, input->len)] =
			telling[dice_below(dice, sizeof(telling))];
}

static void cut(struct dice *dice, struct input *input)
{
	size_t at = dice_below(dice, input->len + 1);
	size_t n = dice_below(dice, input->len - at + 1);
	memmove(input->data + at, input->data + at + n, input->len - at - n);
	input->len -= n;
}

static void repeat(struct dice *dice, struct input *input)
{
	size_t at = dice_below(dice, input->len + 1), rest = input->len - at;
	size_t n = dice_below(dice, (rest < GROWTH ? rest : GROWTH) + 1);
	if (input->len + n > INPUT_MAX)
		return;
	memmove(input->data + at + n, input->data + at, rest);
	input->len += n;
}

static void mutate(struct dice *dice, void *context)
{
	static void (*const ways[])(struct dice *, struct input *) = { flip, overwrite, cut,
								       repeat };
	const struct input *original = context;
	struct input input = { malloc(INPUT_MAX + GROWTH), original->len };
	require(input.data);
	memcpy(input.data, original->data, original->len);
	for (uint64_t n = 1 + dice_below(dice, 6); n > 0; n--)
		ways[dice_below(dice, sizeof(ways) / sizeof(ways[0]))](dice, &input);
	run(input.data, input.len);
	free(input.data);
}

static void replay(const char *path)
{
	struct input input = { malloc(INPUT_MAX + GROWTH), 0 };
	FILE *file = fopen(path, "re");
	require(input.data && file);
	replaying = path;
	input.len = fread(input.data, 1, INPUT_MAX, file);
	(void)fclose(file); /* only read */
	run(input.data, input.len);
	for_all_seeds(MUTANTS, mutate, &input);
	free(input.data);
}

int main(int argc, char **argv)
{
	unsigned files = 0;
	(void)signal(SIGABRT, on_abort);
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	if (!dir) {
		fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
		return 2;
	}
	for (const struct dirent *entry; (entry = readdir(dir));) {
		char path[PATH_MAX];
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		replay(path);
		files++;
	}
	(void)closedir(dir);
	printf("%u files and %u mutations of each\n", files, MUTANTS);
	return files > 0 ? 0 : 1; /* a corpus that got lost tests nothing */
}

/* In builds without libFuzzer: run the target over each file of a corpus folder, and over seeded
 * mutations of them, until there were enough or their share of CPU time is spent: all targets
 * together take some two minutes of it, whatever one input costs. LANTOA_SEED and LANTOA_SEEDS
 * work as in every test, and then without that limit. */
#include "fuzz/fuzz.h"
#include "support/seeds.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define INPUT_MAX (1u << 20) /* bytes */
#define MUTANTS   400u       /* of each file */
#define FILES_MAX 256u
#define SHARE_S   4   /* of CPU for mutations */
#define GROWTH    64u /* bytes a mutation may add */

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

struct corpus {
	struct file {
		char path[PATH_MAX];
		struct input input; /* of len bytes */
	} * files;                  /* owned [FILES_MAX] */
	size_t n;
	uint64_t mutants;
	bool limited;
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

static void mutate(struct dice *dice, const struct file *file)
{
	static void (*const ways[])(struct dice *, struct input *) = { flip, overwrite, cut,
								       repeat };
	struct input input = { malloc(INPUT_MAX + GROWTH), file->input.len };
	require(input.data);
	memcpy(input.data, file->input.data, input.len);
	for (uint64_t n = 1 + dice_below(dice, 6); n > 0; n--)
		ways[dice_below(dice, sizeof(ways) / sizeof(ways[0]))](dice, &input);
	replaying = file->path;
	run(input.data, input.len);
	free(input.data);
}

/* One of each file: a seed means the same for it, however many others there are. */
static void mutate_each(struct dice *dice, void *context)
{
	struct corpus *corpus = context;
	for (size_t i = 0; i < corpus->n; i++) {
		struct dice own = *dice;
		if (corpus->limited && clock() > (clock_t)SHARE_S * CLOCKS_PER_SEC)
			return;
		mutate(&own, &corpus->files[i]);
		corpus->mutants++;
	}
}

static void file_read(struct file *file, const char *folder, const char *name)
{
	(void)snprintf(file->path, sizeof(file->path), "%s/%s", folder, name);
	FILE *stream = fopen(file->path, "re");
	file->input.data = malloc(INPUT_MAX);
	require(file->input.data && stream);
	file->input.len = fread(file->input.data, 1, INPUT_MAX, stream);
	(void)fclose(stream); /* only read */
}

static void corpus_read(struct corpus *corpus, const char *folder)
{
	DIR *dir = opendir(folder);
	corpus->files = calloc(FILES_MAX, sizeof(*corpus->files));
	require(dir && corpus->files);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		require(corpus->n < FILES_MAX);
		file_read(&corpus->files[corpus->n++], folder, entry->d_name);
	}
	(void)closedir(dir);
}

static void corpus_free(struct corpus *corpus)
{
	for (size_t i = 0; i < corpus->n; i++)
		free(corpus->files[i].input.data);
	free(corpus->files);
}

int main(int argc, char **argv)
{
	struct corpus corpus = { .limited = !seeds_given() };
	(void)signal(SIGABRT, on_abort);
	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
		return 2;
	}
	corpus_read(&corpus, argv[1]);
	require(corpus.n > 0); /* a corpus that got lost tests nothing */
	for (size_t i = 0; i < corpus.n; i++) {
		replaying = corpus.files[i].path;
		run(corpus.files[i].input.data, corpus.files[i].input.len);
	}
	for_all_seeds(MUTANTS, mutate_each, &corpus);
	printf("%zu files and %llu mutations in %.1f s of CPU\n", corpus.n,
	       (unsigned long long)corpus.mutants, (double)clock() / CLOCKS_PER_SEC);
	corpus_free(&corpus);
	return 0;
}

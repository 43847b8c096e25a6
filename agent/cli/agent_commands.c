#include "cli/agent_commands.h"

#include "common/base/names.h"
#include "common/text/near_name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int command_usage(struct err *err, const char *sentence)
{
	err_set(err, -EINVAL, "%s", sentence);
	return EXIT_USAGE;
}

int command_usage_word(struct err *err, const char *sentence, const char *words, const char *word)
{
	(void)err_set(err, -EINVAL, "%s", sentence);
	if (names_find(words, word, strlen(word)) < 0)
		(void)near_words_hint(err, words, word);
	return EXIT_USAGE;
}

int command_exit(int rc)
{
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

#include "office/commandline.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* One word from @from, without its quotes, to @to, which never overtakes it. Moves both behind it;
 * false: a quote is not closed. */
static bool take_word(char **from, char **to)
{
	char quote = '\0';
	for (; **from; (*from)++) {
		char c = **from;
		if (c == '\\' && quote != '\'' && (*from)[1])
			*(*to)++ = *++*from;
		else if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? '\0' : c;
		else if (!quote && (c == ' ' || c == '\t'))
			break;
		else
			*(*to)++ = c;
	}
	return quote == '\0';
}

int commandline_split(char *line, char *ret_words[COMMANDLINE_WORDS + 1], size_t *ret_n,
		      struct err *err)
{
	size_t n = 0;
	for (char *from = line, *to;;) {
		while (*from == ' ' || *from == '\t')
			from++;
		if (*from == '\0')
			break;
		if (n == COMMANDLINE_WORDS)
			return err_set(err, -E2BIG, "there are more than %u words",
				       COMMANDLINE_WORDS);
		ret_words[n++] = to = from;
		if (!take_word(&from, &to))
			return err_set(err, -EINVAL, "a quotation mark is not closed");
		if (*from)
			from++;
		*to = '\0';
	}
	ret_words[n] = NULL;
	*ret_n = n;
	return 0;
}

char *commandline_value(char *word)
{
	char *equals = strchr(word, '=');
	if (!equals || equals == word)
		return NULL;
	*equals = '\0';
	return equals + 1;
}

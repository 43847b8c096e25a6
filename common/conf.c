/* inih splits lines into sections, keys and values; our reader hands it the lines. As Debian builds
 * it, its callback is not told the line, so the reader counts, and refuses what inih would take in
 * silence: a section that is not in the table, a line too long for its buffer. */
#include "conf.h"
#include "i18n.h"
#include "utf8.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 4096 /* bytes; a path is at most as long */
#define WORD_MAX     64u  /* bytes of names we look for a near one of */

struct reading {
	const char *path;
	FILE *file;
	unsigned line;
	const struct conf_key *keys;
	size_t n_keys;
	unsigned *set_at; /* owned [n_keys]: the line that set the key, 0: none did */
	void *conf;
	struct err *err;
	bool go_on; /* what is wrong is passed over */
	int rc;     /* the first failure; unless we go on, nothing after it counts */
};

/* Values. Each reader sets its part of the struct, or says in @err what would do. */

static enum conf_type type_of(const struct conf_key *key)
{
	return key->type & ~(unsigned)CONF_RESTART;
}

static void *field_of(const struct conf_key *key, void *conf)
{
	return (char *)conf + key->offset;
}

static int set_text(const struct conf_key *key, const char *value, void *conf, struct err *err)
{
	if (!utf8_printable(value, strlen(value)))
		return err_set(err, -EINVAL,
			       "%s is not UTF-8 text; write it without control "
			       "characters",
			       key->name);
	char *copy = strdup(value), **field = field_of(key, conf);
	if (!copy)
		return err_memory(err);
	free(*field);
	*field = copy;
	return 0;
}

static int set_bool(const struct conf_key *key, const char *value, void *conf, struct err *err)
{
	static const char *const words[] = { "no", "yes", "false", "true", "0", "1" };
	char shown[EXCERPT_MAX];
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(value, words[i]) == 0) {
			*(bool *)field_of(key, conf) = i % 2 == 1;
			return 0;
		}
	return err_set(err, -EINVAL, "%s: '%s' is neither yes nor no", key->name,
		       utf8_excerpt(value, strlen(value), shown));
}

/* Digits alone; moves @text over them. */
static bool take_number(const char **text, uint64_t *ret_number)
{
	uint64_t number = 0;
	const char *t = *text;
	for (; *t >= '0' && *t <= '9'; t++)
		if (__builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*t - '0'), &number))
			return false;
	bool some = t != *text;
	*text = t;
	*ret_number = number;
	return some;
}

static uint64_t max_of(const struct conf_key *key)
{
	uint64_t widest = type_of(key) == CONF_UINT ? UINT32_MAX : UINT64_MAX;
	return key->max && key->max < widest ? key->max : widest;
}

static bool in_range(const struct conf_key *key, uint64_t number)
{
	return number >= key->min && number <= max_of(key);
}

static int set_uint(const struct conf_key *key, const char *value, void *conf, struct err *err)
{
	char shown[EXCERPT_MAX];
	const char *rest = value;
	uint64_t number;
	if (!take_number(&rest, &number) || *rest != '\0' || !in_range(key, number))
		return err_set(err, -EINVAL, "%s: '%s' is not a whole number from %llu to %llu",
			       key->name, utf8_excerpt(value, strlen(value), shown),
			       (unsigned long long)key->min, (unsigned long long)max_of(key));
	*(uint32_t *)field_of(key, conf) = (uint32_t)number;
	return 0;
}

static const char bytes_units[] = "KMG"; /* 1024 of the one before */

/* "64K", as whoever writes a file would say it. */
static const char *bytes_text(uint64_t bytes, char text[32])
{
	size_t unit = 0;
	while (unit < 3 && bytes > 0 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	(void)snprintf(text, 32, "%llu%.*s", (unsigned long long)bytes, unit ? 1 : 0,
		       unit ? &bytes_units[unit - 1] : ""); /* it fits */
	return text;
}

static bool bytes_read(const char *text, uint64_t *ret_bytes)
{
	uint64_t bytes;
	if (!take_number(&text, &bytes))
		return false;
	const char *unit = *text ? strchr(bytes_units, *text) : NULL;
	for (const char *u = bytes_units; unit && u <= unit; u++)
		if (__builtin_mul_overflow(bytes, 1024u, &bytes))
			return false;
	*ret_bytes = bytes;
	return text[unit ? 1 : 0] == '\0';
}

static int set_bytes(const struct conf_key *key, const char *value, void *conf, struct err *err)
{
	char shown[EXCERPT_MAX], least[32], most[32];
	uint64_t bytes;
	if (!bytes_read(value, &bytes) || !in_range(key, bytes))
		return err_set(err, -EINVAL,
			       "%s: '%s' is not a size from %s to %s; write 512, 64K, 16M or 2G",
			       key->name, utf8_excerpt(value, strlen(value), shown),
			       bytes_text(key->min, least), bytes_text(max_of(key), most));
	*(uint64_t *)field_of(key, conf) = bytes;
	return 0;
}

static int set_value(const struct conf_key *key, const char *value, void *conf, struct err *err)
{
	static int (*const setters[])(const struct conf_key *, const char *, void *,
				      struct err *) = { [CONF_TEXT] = set_text,
							[CONF_UINT] = set_uint,
							[CONF_BOOL] = set_bool,
							[CONF_BYTES] = set_bytes };
	return setters[type_of(key)](key, value, conf, err);
}

/* Near names, for the hint. */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;
	return least < c ? least : c;
}

/* Letters to insert, drop or change until @a is @b (Levenshtein 1966); large for long words. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], n = strlen(b);
	if (n > WORD_MAX || strlen(a) > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]);
			corner = row[j];
			row[j] = min3(row[j] + 1, row[j - 1] + 1, change);
		}
	}
	return row[n];
}

/* The nearest key of @section (NULL: the nearest section's first key); NULL when none is near. */
static const struct conf_key *nearest(const struct reading *r, const char *section,
				      const char *word)
{
	const struct conf_key *best = NULL;
	size_t least = strlen(word) / 3 + 2; /* more letters than that are another word */
	for (size_t i = 0; i < r->n_keys; i++) {
		const struct conf_key *key = &r->keys[i];
		if (section && strcmp(section, key->section) != 0)
			continue;
		size_t d = distance(word, section ? key->name : key->section);
		if (d < least) {
			least = d;
			best = key;
		}
	}
	return best;
}

/* The file. */

static int broken(struct reading *r, int code, const char *what)
{
	if (r->rc == 0)
		r->rc = err_set(r->err, code, "%s:%u: %s", r->path, r->line, what);
	return r->rc;
}

static bool is_section(const struct reading *r, const char *section)
{
	for (size_t i = 0; i < r->n_keys; i++)
		if (strcmp(r->keys[i].section, section) == 0)
			return true;
	return false;
}

static void unknown_section(struct reading *r, const char *section)
{
	char what[384], shown[EXCERPT_MAX];
	const struct conf_key *near = nearest(r, NULL, section);
	utf8_excerpt(section, strlen(section), shown);
	if (near)
		(void)snprintf(what, sizeof(what),
			       _("there is no section [%s]; did you mean [%s]?"), shown,
			       near->section);
	else
		(void)snprintf(what, sizeof(what), _("there is no section [%s]; take it out"),
			       shown);
	(void)broken(r, -EINVAL, what);
}

static void unknown_key(struct reading *r, const char *section, const char *name)
{
	char what[384], shown[EXCERPT_MAX];
	const struct conf_key *near = nearest(r, section, name), *elsewhere = NULL;
	for (size_t i = 0; i < r->n_keys && !elsewhere; i++)
		if (strcmp(r->keys[i].name, name) == 0)
			elsewhere = &r->keys[i];
	utf8_excerpt(name, strlen(name), shown);
	if (*section == '\0')
		(void)snprintf(what, sizeof(what), _("'%s' stands before the first [section]"),
			       shown);
	else if (elsewhere)
		(void)snprintf(what, sizeof(what), _("'%s' belongs in section [%s], not in [%s]"),
			       shown, elsewhere->section, section);
	else if (near)
		(void)snprintf(what, sizeof(what),
			       _("there is no key '%s' in [%s]; did you mean '%s'?"), shown,
			       section, near->name);
	else
		(void)snprintf(what, sizeof(what), _("there is no key '%s' in [%s]; take it out"),
			       shown, section);
	(void)broken(r, -EINVAL, what);
}

static void take_value(struct reading *r, size_t k, const char *value)
{
	char what[256];
	struct err why = { 0 };
	if (r->set_at[k]) {
		(void)snprintf(what, sizeof(what),
			       _("'%s' is given on line %u already; take one out"), r->keys[k].name,
			       r->set_at[k]);
		(void)broken(r, -EINVAL, what);
		return;
	}
	r->set_at[k] = r->line;
	int rc = set_value(&r->keys[k], value, r->conf, &why);
	if (rc != 0)
		(void)broken(r, rc, why.text);
}

/* inih's callback: 1 to go on, which keeps its own error for lines that are no 'key = value'. */
static int on_value(void *context, const char *section, const char *name, const char *value)
{
	struct reading *r = context;
	if (r->rc != 0 && !r->go_on)
		return 1;
	for (size_t k = 0; k < r->n_keys; k++)
		if (strcmp(r->keys[k].section, section) == 0 &&
		    strcmp(r->keys[k].name, name) == 0) {
			take_value(r, k, value);
			return 1;
		}
	if (*section == '\0' || is_section(r, section))
		unknown_key(r, section, name);
	else /* a line that inih alone takes for a section, such as one after a byte order mark */
		unknown_section(r, section);
	return 1;
}

static void check_section_line(struct reading *r, const char *line)
{
	char section[WORD_MAX + 1];
	size_t len = strcspn(line + 1, "]");
	if (line[1 + len] != ']')
		return; /* inih complains */
	if (len > WORD_MAX)
		len = WORD_MAX;
	memcpy(section, line + 1, len);
	section[len] = '\0';
	if (!is_section(r, section))
		unknown_section(r, section);
}

/* inih's source of lines: fgets() that counts. Blanks before a line mean nothing; left in place,
 * inih would take the line for more of the value above. */
static char *next_line(char *line, int room, void *context)
{
	struct reading *r = context;
	if ((r->rc != 0 && !r->go_on) || !fgets(line, room, r->file))
		return NULL;
	r->line++;
	size_t len = strlen(line);
	if ((len == 0 || line[len - 1] != '\n') && !feof(r->file)) {
		(void)broken(r, -EINVAL, "the line is too long or holds a NUL byte; shorten it");
		return NULL;
	}
	size_t blanks = strspn(line, " \t");
	memmove(line, line + blanks, len - blanks + 1);
	if (line[0] == '[')
		check_section_line(r, line);
	return line;
}

static int read_lines(struct reading *r)
{
	ini_max_line = LINE_MAX_LEN + 3; /* with line end and NUL; nobody else here uses inih */
	int bad_line = ini_parse_stream(next_line, r, on_value, r);
	if (bad_line > 0 && (r->rc == 0 || (unsigned)bad_line < r->line)) {
		r->rc = 0; /* it came before what ended the reading */
		r->line = (unsigned)bad_line;
		return broken(r, -EINVAL, _("this is no 'key = value', [section] or # comment"));
	}
	if (bad_line < 0 && r->rc == 0)
		return r->rc = err_memory(r->err);
	if (r->rc == 0 && ferror(r->file))
		r->rc = err_system(r->err, -EIO, r->path);
	return r->rc;
}

static int read_file(struct reading *r)
{
	r->file = fopen(r->path, "re");
	if (!r->file)
		return err_system(r->err, -errno, r->path);
	r->set_at = calloc(r->n_keys + 1, sizeof(*r->set_at));
	int rc = r->set_at ? read_lines(r) : err_memory(r->err);
	free(r->set_at);
	(void)fclose(r->file); /* only read */
	return rc;
}

static int set_defaults(const struct conf_key keys[], size_t n_keys, void *conf, struct err *err)
{
	for (size_t i = 0; i < n_keys; i++) {
		if (!keys[i].fallback)
			continue;
		int rc = set_value(&keys[i], keys[i].fallback, conf, err);
		assert(rc == 0 || rc == -ENOMEM); /* a default out of range is our mistake */
		if (rc != 0)
			return rc;
	}
	return 0;
}

int conf_read(const char *path, const struct conf_key keys[], size_t n_keys, void *conf,
	      struct err *err)
{
	struct reading r = {
		.path = path, .keys = keys, .n_keys = n_keys, .conf = conf, .err = err
	};
	int rc = set_defaults(keys, n_keys, conf, err);
	if (rc == 0 && path)
		rc = read_file(&r);
	if (rc != 0)
		conf_free(keys, n_keys, conf);
	return rc;
}

int conf_read_good(const char *path, const struct conf_key keys[], size_t n_keys, void *conf,
		   struct err *err)
{
	struct reading r = { .path = path,
			     .keys = keys,
			     .n_keys = n_keys,
			     .conf = conf,
			     .err = err,
			     .go_on = true };
	int rc = set_defaults(keys, n_keys, conf, err);
	if (rc == 0 && read_file(&r) == -ENOMEM)
		rc = -ENOMEM;
	if (rc != 0)
		conf_free(keys, n_keys, conf);
	return rc;
}

void conf_free(const struct conf_key keys[], size_t n_keys, void *conf)
{
	for (size_t i = 0; i < n_keys; i++)
		if (type_of(&keys[i]) == CONF_TEXT) {
			char **text = field_of(&keys[i], conf);
			free(*text);
			*text = NULL;
		}
}

/* Two structs that were read. */

static size_t size_of(const struct conf_key *key)
{
	static const size_t sizes[] = { [CONF_TEXT] = sizeof(char *),
					[CONF_UINT] = sizeof(uint32_t),
					[CONF_BOOL] = sizeof(bool),
					[CONF_BYTES] = sizeof(uint64_t) };
	return sizes[type_of(key)];
}

bool conf_differs(const struct conf_key *key, const void *a, const void *b)
{
	const char *in_a = (const char *)a + key->offset, *in_b = (const char *)b + key->offset;
	if (type_of(key) != CONF_TEXT)
		return memcmp(in_a, in_b, size_of(key)) != 0;
	const char *text_a = *(char *const *)(const void *)in_a;
	const char *text_b = *(char *const *)(const void *)in_b;
	return text_a && text_b ? strcmp(text_a, text_b) != 0 : text_a != text_b;
}

void conf_swap(const struct conf_key *key, void *a, void *b)
{
	char kept[sizeof(uint64_t)];
	memcpy(kept, field_of(key, a), size_of(key));
	memcpy(field_of(key, a), field_of(key, b), size_of(key));
	memcpy(field_of(key, b), kept, size_of(key));
}

/* The table as a file. */

static void document_range(const struct conf_key *key, FILE *out)
{
	char least[32], most[32];
	if (type_of(key) == CONF_BOOL)
		fprintf(out, "%s", _(" (yes or no)"));
	if (type_of(key) == CONF_UINT)
		fprintf(out, _(" (%llu to %llu)"), (unsigned long long)key->min,
			(unsigned long long)max_of(key));
	if (type_of(key) == CONF_BYTES && key->max)
		fprintf(out, _(" (%s to %s)"), bytes_text(key->min, least),
			bytes_text(key->max, most));
}

static void document_key(const struct conf_key *key, FILE *out)
{
	fprintf(out, "# %s", _(key->help));
	document_range(key, out);
	if (key->type & CONF_RESTART)
		fprintf(out, "%s", _("; a change needs a restart"));
	fprintf(out, "\n#%s =%s%s\n", key->name, key->fallback ? " " : "",
		key->fallback ? key->fallback : "");
}

static bool section_was_before(const struct conf_key keys[], size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(keys[i].section, keys[at].section) == 0)
			return true;
	return false;
}

void conf_document(const struct conf_key keys[], size_t n_keys, FILE *out)
{
	for (size_t first = 0; first < n_keys; first++) {
		if (section_was_before(keys, first))
			continue;
		fprintf(out, "%s[%s]\n", first ? "\n" : "", keys[first].section);
		for (size_t i = first; i < n_keys; i++)
			if (strcmp(keys[i].section, keys[first].section) == 0)
				document_key(&keys[i], out);
	}
}

/* inih splits lines into sections, keys and values; our reader hands it the lines. As Debian builds
 * it, its callback is not told the line, so the reader counts, and refuses what inih would take in
 * silence: a section that is not in the table, a line too long for its buffer. */
#include "common/base/i18n.h"
#include "common/base/near.h"
#include "common/base/utf8.h"
#include "common/sys/conf_internal.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 4096 /* bytes; a path is at most as long */

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

/* Near names, for the hint. */

/* The nearest key of @section (NULL: the nearest section's first key); NULL when none is near. */
static const struct conf_key *nearest(const struct reading *r, const char *section,
				      const char *word)
{
	const struct conf_key *best = NULL;
	size_t least = near_limit(word);
	for (size_t i = 0; i < r->n_keys; i++) {
		const struct conf_key *key = &r->keys[i];
		bool items = conf_value_type(key) == CONF_ITEMS;
		if (section && (items || !conf_section_is(key, section)))
			continue;
		if (!section && items && conf_lacks_name(key, word))
			return key;
		size_t d = near_distance(word, section ? key->name : key->section);
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
		if (conf_section_is(&r->keys[i], section))
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
	char what[384], shown[EXCERPT_MAX], where[EXCERPT_MAX];
	const struct conf_key *near = nearest(r, section, name), *elsewhere = NULL;
	for (size_t i = 0; i < r->n_keys && !elsewhere; i++)
		if (strcmp(r->keys[i].name, name) == 0)
			elsewhere = &r->keys[i];
	utf8_excerpt(name, strlen(name), shown);
	utf8_excerpt(section, strlen(section), where);
	if (*section == '\0')
		(void)snprintf(what, sizeof(what), _("'%s' stands before the first [section]"),
			       shown);
	else if (elsewhere)
		(void)snprintf(what, sizeof(what), _("'%s' belongs in section [%s], not in [%s]"),
			       shown, elsewhere->section, where);
	else if (near)
		(void)snprintf(what, sizeof(what),
			       _("there is no key '%s' in [%s]; did you mean '%s'?"), shown, where,
			       near->name);
	else
		(void)snprintf(what, sizeof(what), _("there is no key '%s' in [%s]; take it out"),
			       shown, where);
	(void)broken(r, -EINVAL, what);
}

static void take_value(struct reading *r, size_t k, const char *value, void *base)
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
	int rc = conf_value_set(&r->keys[k], value, base, &why);
	if (rc != 0)
		(void)broken(r, rc, why.text);
}

static struct conf_items *items_of(const struct reading *r, const struct conf_key *key)
{
	size_t i = 0;
	while (conf_value_type(&r->keys[i]) != CONF_ITEMS ||
	       strcmp(r->keys[i].section, key->section) != 0)
		i++; /* the table has it */
	return conf_value_field(&r->keys[i], r->conf);
}

/* inih's callback: 1 to go on, which keeps its own error for lines that are no 'key = value'. */
static int on_value(void *context, const char *section, const char *name, const char *value)
{
	struct reading *r = context;
	if (r->rc != 0 && !r->go_on)
		return 1;
	for (size_t k = 0; k < r->n_keys; k++) {
		void *base = r->conf;
		if (conf_value_type(&r->keys[k]) == CONF_ITEMS ||
		    !conf_section_is(&r->keys[k], section) || strcmp(r->keys[k].name, name) != 0)
			continue;
		if (conf_of_item(&r->keys[k]))
			base = conf_items_find(items_of(r, &r->keys[k]), section);
		if (base)
			take_value(r, k, value, base);
		else
			unknown_section(r, section);
		return 1;
	}
	if (*section == '\0' || is_section(r, section))
		unknown_key(r, section, name);
	else /* a line that inih alone takes for a section, such as one after a byte order mark, as
		above */
		unknown_section(r, section);
	return 1;
}

/* Is it a section of which there may be several, then here is another one. */
static void begin_item(struct reading *r, const char *section)
{
	struct err why = { 0 };
	for (size_t i = 0; i < r->n_keys; i++) {
		if (!conf_section_is(&r->keys[i], section) || !conf_in_items(&r->keys[i]))
			continue;
		r->set_at[i] = 0;
		if (conf_value_type(&r->keys[i]) == CONF_ITEMS &&
		    conf_items_add(conf_value_field(&r->keys[i], r->conf), section, &why) < 0)
			(void)broken(r, why.code, why.text);
	}
}

static void check_section_line(struct reading *r, const char *line)
{
	char section[NEAR_WORD_MAX + 1];
	size_t len = strcspn(line + 1, "]");
	if (line[1 + len] != ']')
		return; /* inih complains */
	if (len > NEAR_WORD_MAX)
		len = NEAR_WORD_MAX;
	memcpy(section, line + 1, len);
	section[len] = '\0';
	if (!is_section(r, section))
		unknown_section(r, section);
	else
		begin_item(r, section);
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
		(void)broken(r, -EINVAL, _("the line is too long or holds a NUL byte; shorten it"));
		return NULL;
	}
	size_t blanks = strspn(line, " \t\v\f\r"); /* isspace(), as inih has it */
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
	int rc = 0;
	for (size_t i = 0; i < n_keys && rc == 0; i++) {
		if (conf_value_type(&keys[i]) == CONF_ITEMS)
			*(struct conf_items *)conf_value_field(&keys[i], conf) =
				(struct conf_items){ .keys = keys,
						     .n_keys = n_keys,
						     .row = &keys[i] };
		else if (keys[i].fallback && !conf_of_item(&keys[i]))
			rc = conf_value_set(&keys[i], keys[i].fallback, conf, err);
		assert(rc == 0 || rc == -ENOMEM); /* a default out of range is our mistake */
	}
	return rc;
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

int conf_read_over(const char *path, const struct conf_key keys[], size_t n_keys, void *conf,
		   struct err *err)
{
	struct reading r = {
		.path = path, .keys = keys, .n_keys = n_keys, .conf = conf, .err = err
	};
	int rc = read_file(&r);
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

void conf_adopt(const struct conf_key keys[], size_t n_keys, void *in_force, void *fresh,
		struct conf_change *ret_change)
{
	*ret_change = (struct conf_change){ 0 };
	for (size_t i = 0; i < n_keys; i++) {
		bool live = !(keys[i].type & CONF_RESTART);
		if (!conf_differs(&keys[i], in_force, fresh))
			continue;
		char *list = live ? ret_change->live : ret_change->restart;
		size_t len = strlen(list);
		(void)snprintf(list + len, sizeof(ret_change->live) - len, "%s[%s] %s",
			       len ? ", " : "", keys[i].section, keys[i].name); /* cut is fine */
		if (live)
			conf_swap(&keys[i], in_force, fresh);
	}
}

void conf_free(const struct conf_key keys[], size_t n_keys, void *conf)
{
	for (size_t i = 0; i < n_keys; i++)
		if (conf_value_type(&keys[i]) == CONF_ITEMS)
			conf_items_free(conf_value_field(&keys[i], conf));
		else if (!conf_of_item(&keys[i]))
			conf_value_free(&keys[i], conf);
}

bool conf_differs(const struct conf_key *key, const void *a, const void *b)
{
	const char *in_a = (const char *)a + key->offset, *in_b = (const char *)b + key->offset;
	if (conf_of_item(key))
		return false;
	if (conf_value_type(key) == CONF_ITEMS)
		return conf_items_differ((const void *)in_a, (const void *)in_b);
	return conf_value_differs(key, a, b);
}

void conf_swap(const struct conf_key *key, void *a, void *b)
{
	char kept[sizeof(struct conf_items)];
	size_t size = conf_value_size(key);
	if (conf_of_item(key))
		return;
	memcpy(kept, conf_value_field(key, a), size);
	memcpy(conf_value_field(key, a), conf_value_field(key, b), size);
	memcpy(conf_value_field(key, b), kept, size);
}

/* The table as a file. */

static void document_key(const struct conf_key *key, FILE *out)
{
	fprintf(out, "# %s", _(key->help));
	if (conf_value_type(key) == CONF_ITEMS) {
		fprintf(out, _(" (up to %llu such sections)\n"), (unsigned long long)key->max);
		return;
	}
	conf_value_document_range(key, out);
	if (key->type & CONF_RESTART)
		fprintf(out, "%s", _("; a change needs a restart"));
	fprintf(out, "\n#%s =%s%s\n", key->name, key->fallback ? " " : "",
		key->fallback ? key->fallback : "");
}

void conf_document(const struct conf_key keys[], size_t n_keys, FILE *out)
{
	for (size_t first = 0; first < n_keys; first++) {
		size_t before = 0;
		while (strcmp(keys[before].section, keys[first].section) != 0)
			before++;
		if (before < first)
			continue; /* its section is written */
		fprintf(out, "%s%s[%s]\n", first ? "\n" : "",
			conf_in_items(&keys[first]) ? "#" : "", keys[first].section);
		for (size_t i = first; i < n_keys; i++)
			if (strcmp(keys[i].section, keys[first].section) == 0)
				document_key(&keys[i], out);
	}
}

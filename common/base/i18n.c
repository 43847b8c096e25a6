#include "common/base/i18n.h"

#include "common/base/installed.h"

#include <errno.h> /* program_invocation_short_name */
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOMAIN  "lantoa"  /* of the build tree, where one catalogue serves every program */
#define NEUTRAL "C.UTF-8" /* part of Debian's libc-bin: there without any locale generated */

/* What a thread of a daemon speaks is its locale: glibc looks messages up in the locale of the
 * thread, and heeds LANGUAGE in every one but "C". So one process with LANGUAGE=vi has English in
 * "C" and Vietnamese in NEUTRAL, and needs no generated locale for either. */
static locale_t vietnamese;

/* A language range "vi" or "vi-VN", or such a locale's name. */
static bool is_vietnamese(const char *name)
{
	return strncasecmp(name, "vi", 2) == 0 && (name[2] == '\0' || strchr("-_.@;, \t", name[2]));
}

static bool wants_vietnamese(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return is_vietnamese(value);
	}
	return false;
}

static bool has_catalogue(const char *dir, const char *domain)
{
	char catalogue[PATH_MAX + 128];

	(void)snprintf(catalogue, sizeof(catalogue), "%s/vi/LC_MESSAGES/%.64s.mo", dir,
		       domain); /* a name that is cut is not there */
	return access(catalogue, R_OK) == 0;
}

/* Two packages cannot bring the same file, so each brings the catalogue under its program's name.
 */
static const char *domain_in(const char *dir)
{
	const char *program = program_invocation_short_name;

	return has_catalogue(dir, program) ? program : DOMAIN;
}

/* The catalogue's file as gettext's manual describes it (The Format of GNU MO Files), for those who
 * look for a sentence by its translation's original; NULL: there is none. Never given back. */
static const struct {
	uint32_t magic, revision, n, originals, translations;
} * catalogue;
static size_t catalogue_len;

#define MO_MAGIC 0x950412deu /* written on a machine of this byte order */

static void catalogue_map(const char *dir, const char *domain)
{
	char path[PATH_MAX + 128];
	struct stat file;

	(void)snprintf(path, sizeof(path), "%s/vi/LC_MESSAGES/%.64s.mo", dir, domain);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || catalogue)
		goto out;
	if (fstat(fd, &file) == 0 && (size_t)file.st_size >= sizeof(*catalogue)) {
		void *map = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		catalogue_len = (size_t)file.st_size;
		catalogue = map == MAP_FAILED ? NULL : map;
	}
out:
	if (fd >= 0)
		(void)close(fd); /* it was only read */
}

/* Text @i of the table at @table; NULL: the file is not as it should be. */
static const char *catalogue_text(uint32_t table, size_t i)
{
	struct {
		uint32_t len, offset;
	} place;
	const char *bytes = (const char *)catalogue;
	size_t at = table + i * sizeof(place);

	if (at + sizeof(place) > catalogue_len)
		return NULL;
	memcpy(&place, bytes + at, sizeof(place));
	if ((uint64_t)place.offset + place.len >= catalogue_len ||
	    bytes[place.offset + place.len] != '\0')
		return NULL;
	return bytes + place.offset;
}

const char *i18n_message(size_t i, const char **ret_told)
{
	if (!catalogue || catalogue->magic != MO_MAGIC || i >= catalogue->n)
		return NULL;
	*ret_told = catalogue_text(catalogue->translations, i);
	return *ret_told ? catalogue_text(catalogue->originals, i) : NULL;
}

static void catalogue_bind(const char *dir)
{
	char beside[PATH_MAX];

	if (!dir && installed_share("locale", beside) && has_catalogue(beside, domain_in(beside)))
		dir = beside;
	else if (!dir)
		dir = LANTOA_LOCALEDIR;
	const char *domain = domain_in(dir);
	(void)bindtextdomain(domain, dir);
	(void)bind_textdomain_codeset(domain, "UTF-8");
	(void)textdomain(domain);
	catalogue_map(dir, domain);
}

void i18n_init(const char *dir)
{
	/* gettext looks at LANGUAGE only outside the C locale; C.UTF-8 is outside it. */
	if (!setlocale(LC_MESSAGES, ""))
		(void)setlocale(LC_MESSAGES, NEUTRAL);
	if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		(void)setlocale(LC_CTYPE, NEUTRAL); /* widths of Vietnamese letters */
	const char *language = getenv("LANGUAGE");
	if (wants_vietnamese() && (!language || !*language))
		(void)setenv("LANGUAGE", "vi", 1); /* out of memory: English */
	catalogue_bind(dir);
}

void i18n_serve(const char *dir)
{
	(void)setenv("LANGUAGE", "vi", 1); /* out of memory, here and below: English */
	(void)setlocale(LC_MESSAGES, "C");
	catalogue_bind(dir);
	if (!vietnamese)
		vietnamese = newlocale(LC_MESSAGES_MASK | LC_CTYPE_MASK, NEUTRAL, (locale_t)0);
}

enum language language_use(enum language language)
{
	if (!vietnamese)
		return LANGUAGE_ENGLISH;
	locale_t before =
		uselocale(language == LANGUAGE_VIETNAMESE ? vietnamese : LC_GLOBAL_LOCALE);
	return before == vietnamese ? LANGUAGE_VIETNAMESE : LANGUAGE_ENGLISH;
}

/* "; q=0.8" after a range, in thousandths; 1000 when there is none. */
static unsigned weight(const char *range)
{
	const char *end = strchr(range, ','), *q = strchr(range, ';');
	unsigned thousandths = 0;

	if (!q || (end && q > end))
		return 1000;
	q += 1 + strspn(q + 1, " \t");
	if (strncasecmp(q, "q=", 2) != 0)
		return 1000;
	if (q[2] == '1')
		return 1000;
	q += strncmp(q + 2, "0.", 2) == 0 ? 4 : 2;
	for (unsigned unit = 100; unit > 0 && *q >= '0' && *q <= '9'; unit /= 10, q++)
		thousandths += unit * (unsigned)(*q - '0');
	return thousandths;
}

/* The weight of the first range of @header that is Vietnamese, or that is English. */
static unsigned weight_of(const char *header, bool (*is_range)(const char *range),
			  const char **ret_range)
{
	for (const char *range = header; range; range = strchr(range, ',')) {
		range += strspn(range, ", \t");
		if (is_range(range)) {
			*ret_range = range;
			return weight(range);
		}
	}
	return 0;
}

static bool is_english(const char *range)
{
	return strncasecmp(range, "en", 2) == 0 && (range[2] == '\0' || strchr("-;, \t", range[2]));
}

enum language language_accepted(const char *header)
{
	const char *vi_at = NULL, *en_at = NULL;
	unsigned vi = weight_of(header, is_vietnamese, &vi_at);
	unsigned en = weight_of(header, is_english, &en_at);
	bool liked = vi > en || (vi > 0 && vi == en && vi_at < en_at);

	return liked ? LANGUAGE_VIETNAMESE : LANGUAGE_ENGLISH;
}

const char *language_tag(void)
{
	/* TRANSLATORS: this language's tag, as in Accept-Language. */
	return _("en");
}

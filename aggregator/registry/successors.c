#include "registry/successors.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/import_sheet.h"
#include "registry/units.h"
#include "schema/reference_version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum column { EFFECTIVE_ON, OLD_CODE, NEW_CODE, SHARE, COLUMNS };
static const char *const columns[COLUMNS] = { "effective_on", "old_code", "new_code", "share" };

struct part { /* one row: what of an old unit went where */
	unsigned line;
	struct successor successor;
};

struct successors_import {
	const struct units *units; /* as stored */
	struct part *parts;        /* owned [n] */
	size_t n;
};

/* --- rows --- */

static void code_diagnose(struct import_sheet *sheet, enum column column, int32_t day,
			  const char *what)
{
	const char *code = import_sheet_field(sheet, column);
	char text[DAY_TEXT_MAX], excerpt[EXCERPT_MAX];
	import_sheet_diagnose(sheet, "%s '%s' %s %s; import its unit first or mend the row",
			      columns[column], utf8_excerpt(code, strlen(code), excerpt), _(what),
			      day_format(day, text));
}

static bool units_meet(struct import_sheet *sheet, int32_t day, bool whole)
{
	const struct successors_import *import = sheet->context;
	const struct unit *old =
		units_find(import->units, import_sheet_field(sheet, OLD_CODE), day - 1);
	const struct unit *new =
		units_find(import->units, import_sheet_field(sheet, NEW_CODE), day);
	if (!old)
		code_diagnose(sheet, OLD_CODE, day - 1, "is not in force on");
	else if (whole && old->valid_to != day)
		code_diagnose(sheet, OLD_CODE, day, "went whole to another and yet is in force on");
	if (!new)
		code_diagnose(sheet, NEW_CODE, day, "is not in force on");
	return old && new && (!whole || old->valid_to == day);
}

static bool row_check(struct import_sheet *sheet, int32_t *ret_day)
{
	const char *share = import_sheet_field(sheet, SHARE);
	char excerpt[EXCERPT_MAX];
	struct err why = { 0 };
	bool whole = strcmp(share, "1") == 0, good = whole || *share == '\0';
	if (!good)
		import_sheet_diagnose(
			sheet, "share: '%s' is neither 1 (went there whole) nor empty (divided)",
			utf8_excerpt(share, strlen(share), excerpt));
	if (day_parse(import_sheet_field(sheet, EFFECTIVE_ON), ret_day, &why) < 0) {
		import_sheet_diagnose(sheet, "effective_on: %s", why.text);
		return false;
	}
	return units_meet(sheet, *ret_day, whole) && good;
}

static int on_row(struct import_sheet *sheet, struct err *err)
{
	struct successors_import *import = sheet->context;
	struct part part = { .line = sheet->row->line };
	if (!row_check(sheet, &part.successor.effective_on))
		return 0;
	struct part *parts = array_room(import->parts, import->n, sizeof(*parts));
	if (!parts)
		return err_memory(err);
	import->parts = parts;
	const char *share = import_sheet_field(sheet, SHARE);
	part.successor.old_code = strdup(import_sheet_field(sheet, OLD_CODE));
	part.successor.new_code = strdup(import_sheet_field(sheet, NEW_CODE));
	part.successor.share = *share ? strdup(share) : NULL;
	parts[import->n++] = part; /* owned from here on, whatever is missing */
	bool made = part.successor.old_code && part.successor.new_code;
	return made && (part.successor.share || !*share) ? 0 : err_memory(err);
}

/* --- the whole --- */

static int key_order(const struct successor *left, const struct successor *right)
{
	if (left->effective_on != right->effective_on)
		return left->effective_on < right->effective_on ? -1 : 1;
	int order = strcmp(left->old_code, right->old_code);
	return order ? order : strcmp(left->new_code, right->new_code);
}

static int part_order(const void *a, const void *b)
{
	const struct part *left = a, *right = b;
	int order = key_order(&left->successor, &right->successor);
	return order ? order : (left->line > right->line) - (left->line < right->line);
}

static bool is_twin(const struct part *parts, size_t i)
{
	return i > 0 && strcmp(parts[i - 1].successor.new_code, parts[i].successor.new_code) == 0;
}

/* parts[0 ... n - 1]: all there is of one old unit, twins side by side. */
static void parts_check(const struct part *parts, size_t n, struct diagnostics *diagnostics)
{
	size_t different = 0;
	for (size_t i = 0; i < n; i++)
		different += !is_twin(parts, i);
	if (different == 1 && !parts[0].successor.share)
		diagnostics_add(diagnostics, parts[0].line,
				"'%s' is divided but has one part; add the others, or share 1",
				parts[0].successor.old_code);
	for (size_t i = 0; i < n; i++) {
		if (is_twin(parts, i))
			diagnostics_add(diagnostics, parts[i].line,
					"the same successor as in line %u; remove one",
					parts[i - 1].line);
		else if (different > 1 && parts[i].successor.share)
			diagnostics_add(diagnostics, parts[i].line,
					"'%s' has %zu successors that day, so none took it whole; "
					"leave the shares empty",
					parts[i].successor.old_code, different);
	}
}

static void whole_check(struct successors_import *import, struct diagnostics *diagnostics)
{
	if (import->n > 0) /* none: NULL, which qsort does not take */
		qsort(import->parts, import->n, sizeof(*import->parts), part_order);
	for (size_t i = 0, end = 0; i < import->n; i = end) {
		const struct successor *first = &import->parts[i].successor;
		for (end = i + 1; end < import->n; end++) {
			const struct successor *next = &import->parts[end].successor;
			if (next->effective_on != first->effective_on ||
			    strcmp(next->old_code, first->old_code) != 0)
				break;
		}
		parts_check(&import->parts[i], end - i, diagnostics);
	}
}

static int import_read(struct successors_import *import, const char *csv, size_t len,
		       struct err *err)
{
	struct import_sheet sheet = {
		.columns = columns, .n_columns = COLUMNS, .on_row = on_row, .context = import
	};
	int rc = import_sheet_read(&sheet, csv, len, err);
	if (rc < 0)
		return rc;
	/* When rows are missing, what is left of a division would only mislead. */
	if (sheet.diagnostics.n == 0)
		whole_check(import, &sheet.diagnostics);
	return diagnostics_tell(&sheet.diagnostics, err);
}

/* --- into the table --- */

struct writer {
	sqlite3_stmt *put, *remove;
	size_t changed;
};

static int writer_open(struct writer *writer, sqlite3 *db, struct err *err)
{
	int rc = db_prepare(db,
			    "INSERT INTO successor(effective_on, old_code, new_code, share)"
			    " VALUES(?, ?, ?, ?)"
			    " ON CONFLICT DO UPDATE SET share = excluded.share",
			    &writer->put, err);
	if (rc == 0)
		rc = db_prepare(db,
				"DELETE FROM successor WHERE effective_on = ? AND old_code = ? "
				"AND new_code = ?",
				&writer->remove, err);
	return rc;
}

static int key_run(struct writer *writer, sqlite3_stmt *stmt, const struct successor *successor,
		   struct err *err)
{
	sqlite3_bind_int(stmt, 1, successor->effective_on);
	sqlite3_bind_text(stmt, 2, successor->old_code, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, successor->new_code, -1, SQLITE_STATIC);
	writer->changed++;
	return db_run(stmt, err);
}

/* Both are sorted by their key: walk them side by side. */
static int tables_merge(struct writer *writer, const struct successors_import *import,
			struct err *err)
{
	const struct successor *old = import->units->successors;
	size_t n_old = import->units->n_successors;
	int rc = 0;
	for (size_t i = 0, k = 0; (i < n_old || k < import->n) && rc == 0;) {
		const struct successor *new = k < import->n ? &import->parts[k].successor : NULL;
		int order = i == n_old ? 1 : !new ? -1 : key_order(&old[i], new);
		if (order < 0) {
			rc = key_run(writer, writer->remove, &old[i], err);
		} else if (order > 0 || !old[i].share != !new->share) {
			sqlite3_bind_text(writer->put, 4, new->share, -1, SQLITE_STATIC);
			rc = key_run(writer, writer->put, new, err);
		}
		i += order <= 0;
		k += order >= 0;
	}
	return rc;
}

static int import_write(const struct successors_import *import, sqlite3 *db, size_t *ret_changed,
			struct err *err)
{
	struct writer writer = { 0 };
	int rc = writer_open(&writer, db, err);
	if (rc == 0)
		rc = tables_merge(&writer, import, err);
	(void)sqlite3_finalize(writer.put); /* these repeat an error told before */
	(void)sqlite3_finalize(writer.remove);
	if (rc == 0 && writer.changed > 0)
		rc = reference_changed(db, err);
	if (rc == 0)
		*ret_changed = writer.changed;
	return rc;
}

static void import_free(struct successors_import *import)
{
	for (size_t i = 0; i < import->n; i++) {
		free(import->parts[i].successor.old_code);
		free(import->parts[i].successor.new_code);
		free(import->parts[i].successor.share);
	}
	free(import->parts);
}

int successors_import(sqlite3 *db, const char *csv, size_t len, size_t *ret_changed,
		      struct err *err)
{
	struct units *units = NULL;
	int rc = csv_plain(csv, len, err);
	if (rc == 0)
		rc = units_load(db, &units, err);
	if (rc == 0)
		rc = register_damage_refuse(&units->damage, err);
	if (rc < 0) {
		units_close(units);
		return rc;
	}
	struct successors_import import = { .units = units };
	rc = import_read(&import, csv, len, err);
	if (rc == 0)
		rc = import_write(&import, db, ret_changed, err);
	import_free(&import);
	units_close(units);
	return rc;
}

/* The tables of a workbook: each sheet is read as agent/import/import.h reads a file of CSV, by the
 * same rules. What comes in are its cells as lantoa-excel writes them (agent/workbook/cells.h),
 * once for each pass, in order:
 *
 *   TABLES_DETECT   which sheets hold figures, and how each writes its own?
 *   TABLES_NOTE     config.noting: figures with two values, on one sheet or on several
 *   TABLES_RECORD   they are recorded
 *
 * A sheet without any name of a column is passed over, and so is a hidden one; both are noted when
 * other sheets hold figures. One that looks like a table and cannot be read is an error, told with
 * its sheet, and the others are taken. Hidden rows and columns are read, which is noted as well. */
#pragma once

#include "common/base/err.h"
#include "import/headings.h"
#include "import/import.h"

#include <stddef.h>

enum tables_pass { TABLES_DETECT, TABLES_NOTE, TABLES_RECORD };

struct tables;

/** @headings outlive it. -ENOMEM. */
int tables_open(const struct headings *headings, struct tables **ret_tables, struct err *err);
void tables_close(struct tables *tables); /* NULL is fine */

/** Begin a pass. @config (of TABLES_NOTE and TABLES_RECORD; its headings, noting and sheets are not
 * used) outlives it. -ENOMEM. */
int tables_begin(struct tables *tables, enum tables_pass pass, const struct import_config *config,
		 struct err *err);
/** More of the cells, cut anywhere. Returns 0; -EINVAL: the workbook as a whole is refused;
 * -ENOMEM; or what on_entries returned. After an error only close is left. */
int tables_feed(struct tables *tables, const char *cells, size_t len, struct err *err);
/**
 * That was all of the pass. Returns as feed; 1 after TABLES_NOTE: one more sheet is refused, so
 * that pass is to be made again, with another hand_in.
 */
int tables_end(struct tables *tables, struct err *err);
/** All passes of the workbook @fd, a seekable file, of the name @name, as import_csv() does it. For
 * a thread that may block. */
int import_workbook(const struct import_config *config, const char *name, int fd,
		    struct import_result *ret_result, struct err *err);
/** Of TABLES_RECORD. */
struct import_result tables_result(const struct tables *tables);

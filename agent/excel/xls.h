/* A workbook of Excel 5 to 2003 (.xls; BIFF 5 and 8, [MS-XLS]) as cells, by the same rules as
 * xlsx.h. FreeXL, which Debian has for this, leaves out what formulas come to, without a word, and
 * knows no merged cells, hidden rows, percentages and errors; so the records are read here. */
#pragma once

#include "excel/fault.h"

#include <stddef.h>
#include <stdio.h>

/** Old workbooks have texts in code pages, whose tables are files: before those are out of reach.
 */
void xls_prepare(void);
/** Write the cells of @bytes[@len], a whole compound file, to @out, without beginning and end. -1:
 * it cannot be read (any further). */
int xls_read(const void *bytes, size_t len, FILE *out, struct fault *fault);

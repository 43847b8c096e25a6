/* A workbook of Office Open XML (.xlsx, .xlsm; ECMA-376 part 1, 18) as cells: its sheets in their
 * order, with what stands in their cells, never as a format shows it. */
#pragma once

#include "excel/fault.h"

#include <stddef.h>
#include <stdio.h>

/** Write the cells of @bytes[@len], a whole file, to @out, without beginning and end. -1: it cannot
 * be read (any further). */
int xlsx_read(const void *bytes, size_t len, FILE *out, struct fault *fault);

/* A copy of a workbook whose cells are marked, with a comment each: what `lantoa-excel mark` makes.
 * It knows the workbook by its cells alone (workbook/cells.h), so the copy has its values, on
 * sheets of the same names, and none of its looks. */
#pragma once

#include <stdio.h>

/** Read cells from @cells and marks (workbook/marks.h) from @marks, and write an .xlsx to @out. 0;
 * -1: it cannot be made. */
int marked_copy(FILE *cells, FILE *marks, FILE *out);

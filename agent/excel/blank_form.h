/* An empty form for people to fill in, made of its text. */
#pragma once

#include <stdio.h>

/** @text as workbook/blank.h has it; the workbook goes to @out. -1: it cannot be made. */
int blank_form(FILE *text, FILE *out);

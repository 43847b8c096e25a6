/* The time below a chart and above a table: short labels of periods, and the year where it begins,
 * in the language of the thread. */
#pragma once

#include "common/model/period.h"

#include <stddef.h>

#define AXIS_LABEL_MAX 32u

/** "T6", "Q2", "30/6", "14:00"; "Jun", "Q2", "30 Jun". Of a year it is the year. Returns @text. */
const char *axis_label(struct period period, char text[AXIS_LABEL_MAX]);
/** What stands below the first one and wherever it changes: the year; of an hour its day; "" below
 * years. Returns @text. */
const char *axis_above(struct period period, char text[AXIS_LABEL_MAX]);
/** Of @n periods one after the other, every how many-th is labelled where @most fit; those whose
 * number it divides are, so that they are the first months of quarters, and so on. */
unsigned axis_every(enum grain grain, size_t n, size_t most);

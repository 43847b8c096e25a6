/* Within the chart. */
#pragma once

#include "dashboard/chart.h"

/** All signs of its points. */
unsigned chart_signs(const struct chart *chart);
/** Its table, in a <details>. */
void chart_table(struct html *html, const struct chart *chart);

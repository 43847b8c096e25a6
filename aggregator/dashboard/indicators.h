/* Indicators that have targets, each as a card: its newest value, the change since the period
 * before, and where it stands on its way to the target; below them, but on no wall, the names of
 * the others. */
#pragma once

#include "dashboard/visit.h"

#define INDICATORS_CARDS_MAX 12u

/** @answer: that to /api/v1/indicators; NULL: not there yet. */
void indicators_cards(struct visit *visit, struct html *html, const json_t *answer);

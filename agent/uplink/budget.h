/* I10: what a metered link may carry in an hour, both ways, with what the network adds. It
 * remembers the minutes of the last hour, so that no hour, whenever it is taken to begin, goes
 * over. (A bucket of tokens would let twice its size through in the hour in which it is full.)
 * Pure: the clock comes with each call, and never goes back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUDGET_MINUTES 61u /* an hour touches so many */

struct budget {
	uint32_t per_hour; /* bytes; 0: no limit. May be set at any time */
	/* its own: */
	uint32_t spent[BUDGET_MINUTES]; /* by minute, modulo */
	uint64_t minute;                /* the last one written to */
};

/* Estimates, with the answers, of what the wire carries, IP and TCP headers and acknowledgements
 * included; measured beside them by tests/bench/traffic. */
#define BUDGET_HANDSHAKE 1800u /* TCP's beginning and end, CURVE's five messages */
#define BUDGET_GREETING  840u  /* Hello and Welcome */
#define BUDGET_PING      500u  /* Ping and Pong */
/** A frame of @len bytes, either way. */
size_t budget_frame(size_t len);

void budget_spend(struct budget *budget, uint64_t now_ms, size_t bytes);
/** When @bytes may go: @now_ms, or later. More than an hour's worth counts as an hour's worth less
 * what must stay for greeting, so that a batch which is larger than the budget goes at last. */
uint64_t budget_when(const struct budget *budget, uint64_t now_ms, size_t bytes);

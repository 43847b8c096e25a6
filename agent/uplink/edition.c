#include "uplink/edition.h"

#include <string.h>

void edition_forget(struct edition_fetch *fetch)
{
	blob_free(&fetch->have);
	*fetch = (struct edition_fetch){ 0 };
}

static enum edition_step ask(struct edition_fetch *fetch, uint64_t now_ms)
{
	fetch->asked_ms = now_ms ? now_ms : 1;
	return EDITION_ASK;
}

enum edition_step edition_heard(struct edition_fetch *fetch, uint64_t own, uint64_t version,
				uint64_t now_ms, uint64_t delay_ms)
{
	if (version == 0 || version == own) {
		edition_forget(fetch);
		return EDITION_NOTHING;
	}
	if (fetch->wanted != version) {
		/* one that is waited for is not waited for longer because there is a newer one */
		uint64_t start_ms = fetch->wanted ? fetch->start_ms : UINT64_MAX;
		edition_forget(fetch);
		fetch->wanted = version;
		fetch->start_ms = start_ms < now_ms + delay_ms ? start_ms : now_ms + delay_ms;
	}
	return edition_tick(fetch, now_ms);
}

uint64_t edition_next_ms(const struct edition_fetch *fetch)
{
	if (fetch->wanted == 0)
		return UINT64_MAX;
	return fetch->asked_ms ? fetch->asked_ms + EDITION_AGAIN_MS : fetch->start_ms;
}

enum edition_step edition_tick(struct edition_fetch *fetch, uint64_t now_ms)
{
	return now_ms >= edition_next_ms(fetch) ? ask(fetch, now_ms) : EDITION_NOTHING;
}

/* I10: lengths are looked at before anything is kept. */
static bool is_possible(const Lantoa__V1__EditionPiece *piece)
{
	return piece->version != 0 && piece->digest.len == WIRE_EDITION_DIGEST && piece->len > 0 &&
	       piece->len <= WIRE_EDITION_MAX && piece->from < piece->len && piece->data.len > 0 &&
	       piece->data.len <= piece->len - piece->from;
}

static bool is_next(const struct edition_fetch *fetch, const Lantoa__V1__EditionPiece *piece)
{
	return piece->version == fetch->wanted && piece->len == fetch->len &&
	       piece->from == fetch->have.len &&
	       memcmp(piece->digest.data, fetch->digest, WIRE_EDITION_DIGEST) == 0;
}

/* The province may have a newer one by now than it told. */
static void begin(struct edition_fetch *fetch, const Lantoa__V1__EditionPiece *piece)
{
	blob_free(&fetch->have);
	fetch->wanted = piece->version;
	fetch->len = piece->len;
	memcpy(fetch->digest, piece->digest.data, WIRE_EDITION_DIGEST);
}

/* It is not asked for at once: what is wrong may stay so. */
static enum edition_step wrong(struct edition_fetch *fetch)
{
	blob_free(&fetch->have);
	fetch->len = 0;
	return EDITION_WRONG;
}

enum edition_step edition_take(struct edition_fetch *fetch, const Lantoa__V1__EditionPiece *piece,
			       uint64_t now_ms)
{
	uint8_t digest[WIRE_EDITION_DIGEST];
	if (fetch->asked_ms == 0)
		return EDITION_NOTHING;
	if (!is_possible(piece))
		return piece->version == 0 ? EDITION_NOTHING : wrong(fetch);
	if (piece->from == 0 && (fetch->len == 0 || piece->version != fetch->wanted))
		begin(fetch, piece);
	if (fetch->len == 0 || !is_next(fetch, piece))
		return EDITION_NOTHING;
	if (blob_append(&fetch->have, piece->data.data, piece->data.len) < 0)
		return wrong(fetch);
	if (fetch->have.len < fetch->len)
		return ask(fetch, now_ms);
	if (wire_edition_version(fetch->have.data, fetch->have.len, digest) != fetch->wanted ||
	    memcmp(digest, fetch->digest, WIRE_EDITION_DIGEST) != 0)
		return wrong(fetch);
	return EDITION_WHOLE;
}

/* An edition arrives whole, whatever the line does to its pieces, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/seeds.h"
#include "uplink/edition.h"

#include <stdlib.h>
#include <string.h>

#define PIECE 1000u /* a province of our own may cut smaller ones */
#define PATH  64u   /* frames under way */

struct province {
	uint8_t bytes[40 * PIECE];
	size_t len;
	uint64_t version;
	uint8_t digest[WIRE_EDITION_DIGEST];
};

static void province_roll(struct province *province, struct dice *dice)
{
	province->len = 1 + dice_below(dice, sizeof(province->bytes));
	for (size_t i = 0; i < province->len; i++)
		province->bytes[i] = (uint8_t)dice_next(dice);
	province->version = wire_edition_version(province->bytes, province->len, province->digest);
}

static Lantoa__V1__EditionPiece piece_of(struct province *province, uint64_t version, uint64_t from)
{
	Lantoa__V1__EditionPiece piece = LANTOA__V1__EDITION_PIECE__INIT;
	piece.from = version == province->version ? from : 0;
	size_t left = province->len - (size_t)piece.from;
	piece.version = province->version;
	piece.len = province->len;
	piece.digest = (ProtobufCBinaryData){ sizeof(province->digest), province->digest };
	piece.data =
		(ProtobufCBinaryData){ left < PIECE ? left : PIECE, province->bytes + piece.from };
	return piece;
}

/* Questions and pieces are lost, repeated and overtake each other; now and then the province
 * imports, and a piece of another edition, or of none, comes along. */
static void a_bad_line(struct dice *dice, void *context)
{
	static struct province province;
	struct edition_fetch fetch = { 0 };
	struct {
		uint64_t version, from;
	} path[PATH];
	size_t n = 0;
	uint64_t now_ms = dice_below(dice, 5), own = 0, imports = 0;
	bool came = false;
	(void)context;
	province_roll(&province, dice);
	for (unsigned turn = 0; turn < 100000 && !came; turn++) {
		enum edition_step step = EDITION_NOTHING;
		now_ms += dice_below(dice, 3000);
		if (imports < 3 && dice_below(dice, 200) == 0) {
			province_roll(&province, dice);
			imports++;
		}
		if (dice_below(dice, 4) == 0)
			step = edition_heard(&fetch, own, province.version, now_ms,
					     dice_below(dice, 60000));
		else if (n > 0) {
			size_t at = dice_below(dice, n);
			bool late = path[at].version != province.version && path[at].from > 0;
			Lantoa__V1__EditionPiece piece =
				piece_of(&province, path[at].version, path[at].from);
			uint64_t had = fetch.have.len;
			if (!late && dice_below(dice, 4) > 0)
				step = edition_take(&fetch, &piece, now_ms);
			assert_true(fetch.have.len <= province.len || fetch.have.len == had);
			if (dice_below(dice, 3) > 0)
				path[at] = path[--n];
		}
		if (step == EDITION_ASK && n < PATH && dice_below(dice, 5) > 0) {
			path[n].version = fetch.wanted;
			path[n++].from = fetch.have.len;
		}
		assert_int_not_equal(step, EDITION_WRONG);
		came = step == EDITION_WHOLE;
	}
	assert_true(came);
	assert_int_equal(fetch.wanted, province.version);
	assert_int_equal(fetch.have.len, province.len);
	assert_memory_equal(fetch.have.data, province.bytes, province.len);
	own = fetch.wanted;
	assert_int_equal(edition_heard(&fetch, own, own, now_ms, 0), EDITION_NOTHING);
	assert_int_equal(fetch.have.len, 0);
	assert_null(fetch.have.data);
}

static void whatever_the_line_does_it_arrives_whole(void **state)
{
	for_all_seeds(200, a_bad_line, *state);
}

static void what_was_not_asked_for_is_passed_over(void **state)
{
	static struct province province;
	struct edition_fetch fetch = { 0 };
	struct dice dice = dice_seeded(3);
	(void)state;
	province_roll(&province, &dice);
	Lantoa__V1__EditionPiece piece = piece_of(&province, 0, 0);
	assert_int_equal(edition_take(&fetch, &piece, 1), EDITION_NOTHING);
	assert_null(fetch.have.data);
	/* nor before its time */
	assert_int_equal(edition_heard(&fetch, 7, province.version, 1000, 500), EDITION_NOTHING);
	assert_int_equal(edition_take(&fetch, &piece, 1001), EDITION_NOTHING);
	assert_null(fetch.have.data);
	assert_int_equal(edition_heard(&fetch, 7, province.version, 1499, 500), EDITION_NOTHING);
	assert_int_equal(edition_heard(&fetch, 7, province.version, 1500, 500), EDITION_ASK);
	/* and once, until no answer comes */
	assert_int_equal(edition_heard(&fetch, 7, province.version, 1501, 0), EDITION_NOTHING);
	assert_int_equal(edition_heard(&fetch, 7, province.version, 1500 + EDITION_AGAIN_MS, 0),
			 EDITION_ASK);
	/* a newer one does not put it off */
	fetch.asked_ms = 0;
	fetch.start_ms = 9000;
	assert_int_equal(edition_heard(&fetch, 7, 99, 8000, 5000), EDITION_NOTHING);
	assert_int_equal(fetch.start_ms, 9000);
	edition_forget(&fetch);
}

struct lie {
	const char *what;
	void (*tell)(Lantoa__V1__EditionPiece *piece);
	enum edition_step step;
};

#define LIE(name, statement)                                                                       \
	static void lie_##name(Lantoa__V1__EditionPiece *piece)                                    \
	{                                                                                          \
		statement;                                                                         \
	}
LIE(none, piece->version = 0)
LIE(huge, piece->len = WIRE_EDITION_MAX + 1)
LIE(endless, piece->len = UINT64_MAX)
LIE(empty, piece->len = 0)
LIE(behind, piece->from = piece->len)
LIE(far, piece->from = UINT64_MAX)
LIE(beyond, piece->len = piece->data.len - 1)
LIE(no_data, piece->data.len = 0)
LIE(digest_short, piece->digest.len = 31)
LIE(digest_none, piece->digest.len = 0)

static void a_hostile_province_gets_no_memory_and_no_edition_in(void **state)
{
	static struct province province;
	static const struct lie lies[] = {
		{ "none", lie_none, EDITION_NOTHING },
		{ "huge", lie_huge, EDITION_WRONG },
		{ "endless", lie_endless, EDITION_WRONG },
		{ "empty", lie_empty, EDITION_WRONG },
		{ "behind", lie_behind, EDITION_WRONG },
		{ "far", lie_far, EDITION_WRONG },
		{ "beyond", lie_beyond, EDITION_WRONG },
		{ "no data", lie_no_data, EDITION_WRONG },
		{ "digest short", lie_digest_short, EDITION_WRONG },
		{ "no digest", lie_digest_none, EDITION_WRONG },
	};
	struct dice dice = dice_seeded(5);
	(void)state;
	province_roll(&province, &dice);
	province.len = 3 * PIECE;
	province.version = wire_edition_version(province.bytes, province.len, province.digest);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct edition_fetch fetch = { 0 };
		assert_int_equal(edition_heard(&fetch, 0, province.version, 5, 0), EDITION_ASK);
		Lantoa__V1__EditionPiece piece = piece_of(&province, province.version, 0);
		lies[i].tell(&piece);
		enum edition_step step = edition_take(&fetch, &piece, 6);
		if (step != lies[i].step || fetch.have.len > 0)
			fail_msg("%s: %d, %zu bytes kept", lies[i].what, step, fetch.have.len);
		edition_forget(&fetch);
	}
	/* the right length, other bytes; and another length or digest half way */
	for (int i = 0; i < 3; i++) {
		struct edition_fetch fetch = { 0 };
		enum edition_step step = edition_heard(&fetch, 0, province.version, 5, 0);
		for (uint64_t n = 0; step == EDITION_ASK; n++) {
			Lantoa__V1__EditionPiece piece =
				piece_of(&province, fetch.wanted, fetch.have.len);
			uint8_t digest[WIRE_EDITION_DIGEST];
			memcpy(digest, province.digest, sizeof(digest));
			digest[5] ^= (uint8_t)(i == 1 && n == 1);
			piece.digest.data = digest;
			piece.len += (uint64_t)(i == 2 && n == 1);
			province.bytes[2 * PIECE] ^= (uint8_t)(i == 0 && n == 2);
			step = edition_take(&fetch, &piece, 6 + n);
			province.bytes[2 * PIECE] ^= (uint8_t)(i == 0 && n == 2);
		}
		assert_int_equal(step, i == 0 ? EDITION_WRONG : EDITION_NOTHING);
		/* it is asked for again, after a while */
		assert_int_equal(edition_heard(&fetch, 0, province.version, 20, 0),
				 EDITION_NOTHING);
		assert_int_equal(
			edition_heard(&fetch, 0, province.version, 20 + EDITION_AGAIN_MS, 0),
			EDITION_ASK);
		edition_forget(&fetch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_the_line_does_it_arrives_whole),
		cmocka_unit_test(what_was_not_asked_for_is_passed_over),
		cmocka_unit_test(a_hostile_province_gets_no_memory_and_no_edition_in),
	};
	return cmocka_run_group_tests_name("edition", tests, NULL, NULL);
}

/* A table of open addressing, half full at most. A figure has a slot by its name; the parts of a
 * total have one together, by the total's name and a mark. */
#include "record/hand_in.h"

#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 256u /* a power of two */

struct slot {
	uint64_t name[2];
	int64_t value_e;
	unsigned place; /* 0: the slot is free */
	unsigned other; /* that gives another value; 0: none */
	bool withdrawn, asked;
};

struct hand_in {
	struct slot *slots; /* owned [room] */
	size_t n, room;
};

struct hand_in *hand_in_open(void)
{
	struct hand_in *hand_in = calloc(1, sizeof(*hand_in));
	if (hand_in)
		hand_in->slots = calloc(ROOM_FIRST, sizeof(*hand_in->slots));
	if (!hand_in || !hand_in->slots) {
		free(hand_in);
		return NULL;
	}
	hand_in->room = ROOM_FIRST;
	return hand_in;
}

void hand_in_close(struct hand_in *hand_in)
{
	if (!hand_in)
		return;
	free(hand_in->slots);
	free(hand_in);
}

/* --- names --- */

static void add_text(crypto_generichash_state *state, const char *text)
{
	(void)crypto_generichash_update(state, (const uint8_t *)text, strlen(text) + 1);
}

/* Of the figure, or of the parts that make up a total. Sodium's calls only fail of wrong sizes. */
static struct slot name_of(const struct observation *obs, bool parts)
{
	struct slot slot = { .value_e = obs->value_e, .withdrawn = obs->withdrawn };
	crypto_generichash_state state;
	int64_t period[] = { obs->period.calendar, obs->period.grain,
			     obs->now ? INT64_MAX : obs->period.number, parts };
	(void)crypto_generichash_init(&state, NULL, 0, sizeof(slot.name));
	add_text(&state, obs->metric);
	add_text(&state, parts ? "" : obs->labels);
	(void)crypto_generichash_update(&state, (const uint8_t *)period, sizeof(period));
	(void)crypto_generichash_final(&state, (uint8_t *)slot.name, sizeof(slot.name));
	return slot;
}

/* Its slot, or the free one where it would be. */
static struct slot *find(const struct hand_in *hand_in, const struct slot *named)
{
	size_t at = named->name[0] & (hand_in->room - 1);
	while (hand_in->slots[at].place > 0 &&
	       memcmp(hand_in->slots[at].name, named->name, sizeof(named->name)) != 0)
		at = (at + 1) & (hand_in->room - 1);
	return &hand_in->slots[at];
}

static int grow(struct hand_in *hand_in, struct err *err)
{
	struct hand_in more = { .n = hand_in->n, .room = hand_in->room * 2 };
	more.slots = calloc(more.room, sizeof(*more.slots));
	if (!more.slots)
		return err_memory(err);
	for (size_t i = 0; i < hand_in->room; i++)
		if (hand_in->slots[i].place > 0)
			*find(&more, &hand_in->slots[i]) = hand_in->slots[i];
	free(hand_in->slots);
	*hand_in = more;
	return 0;
}

/* The slot of @named, made if need be. */
static int note(struct hand_in *hand_in, struct slot named, unsigned place, struct err *err)
{
	struct slot *slot = find(hand_in, &named);
	if (slot->place > 0) {
		bool same = slot->withdrawn == named.withdrawn &&
			    (named.withdrawn || slot->value_e == named.value_e);
		if (!same && slot->other == 0)
			slot->other = place;
		return 0;
	}
	if (hand_in->n == HAND_IN_MAX) /* I10 */
		return err_set(err, -EFBIG, "more than %u figures at once; hand them in in parts",
			       HAND_IN_MAX);
	named.place = place;
	*slot = named;
	return ++hand_in->n * 2 > hand_in->room ? grow(hand_in, err) : 0;
}

int hand_in_note(struct hand_in *hand_in, const struct observation *obs, unsigned place,
		 struct err *err)
{
	int rc = obs->add ? 0 : note(hand_in, name_of(obs, false), place, err);
	if (rc < 0 || obs->add || obs->withdrawn || !*obs->labels)
		return rc;
	struct slot parts = name_of(obs, true);
	parts.value_e = 0; /* of whatever value */
	return note(hand_in, parts, place, err);
}

enum hand_in_verdict hand_in_ask(struct hand_in *hand_in, const struct observation *obs,
				 unsigned place, unsigned *ret_other)
{
	struct slot figure = name_of(obs, false), parts = name_of(obs, true);
	struct slot *slot = find(hand_in, &figure);
	const struct slot *part = find(hand_in, &parts);
	bool again = slot->asked;
	if (obs->add || slot->place == 0)
		return HAND_IN_FINE;
	slot->asked = true;
	*ret_other = slot->place == place ? slot->other : slot->place;
	/* I13: a figure has one value, and a total and its parts never add up by accident. */
	if (slot->other > 0)
		return HAND_IN_DIFFERS;
	if (part->place > 0 && !*obs->labels && !obs->withdrawn) {
		*ret_other = part->place;
		return HAND_IN_TOTAL;
	}
	return again ? HAND_IN_AGAIN : HAND_IN_FINE;
}

int hand_in_refuse(enum hand_in_verdict verdict, bool lines, unsigned other, struct err *err)
{
	if (verdict == HAND_IN_DIFFERS && lines)
		return err_set(
			err, -EINVAL,
			"line %u gives another value for the same figure; keep the right one "
			"and remove the other",
			other);
	if (verdict == HAND_IN_DIFFERS)
		return err_set(err, -EINVAL,
			       "observation %u gives another value for the same figure; send the "
			       "right one alone",
			       other);
	if (lines)
		return err_set(err, -EINVAL,
			       "it has no label, while line %u has a part of the same figure, and "
			       "the two would be added up; remove it if it is the total, label it "
			       "if it is a part of its own",
			       other);
	return err_set(
		err, -EINVAL,
		"it has no label, while observation %u is a part of the same figure, and the "
		"two would be added up; leave it out if it is the total, label it if it is a "
		"part of its own",
		other);
}

int hand_in_check(const struct observation list[], size_t n, struct err *err)
{
	unsigned other = 0;
	struct hand_in *hand_in = hand_in_open();
	int rc = hand_in ? 0 : err_memory(err);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = hand_in_note(hand_in, &list[i], (unsigned)i + 1, err);
	for (size_t i = 0; i < n && rc == 0; i++) {
		enum hand_in_verdict verdict =
			hand_in_ask(hand_in, &list[i], (unsigned)i + 1, &other);
		if (verdict == HAND_IN_DIFFERS || verdict == HAND_IN_TOTAL) {
			rc = hand_in_refuse(verdict, false, other, err);
			err_wrap(err, "observation %zu", i + 1);
		}
	}
	hand_in_close(hand_in);
	return rc;
}

int hand_in_judge(const struct catalogue *catalogue, const struct entry entries[], size_t n,
		  int64_t now_us, struct observation ret_list[], size_t *ret_nth, struct err *err)
{
	int rc = 0;
	*ret_nth = 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = entry_judge(catalogue, &entries[i], now_us, &ret_list[i], err);
		*ret_nth = rc < 0 ? i + 1 : 0;
	}
	return rc < 0 || n < 2 ? rc : hand_in_check(ret_list, n, err);
}

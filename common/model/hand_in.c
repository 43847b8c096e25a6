/* A figure is found by its name; the parts of a total are one figure together, by the total's name
 * and a mark. */
#include "common/model/hand_in.h"

#include "common/base/arena.h"
#include "common/base/array.h"
#include "common/base/hash.h"

#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 128u

struct figure {
	uint64_t name[2];
	int64_t value_e;
	unsigned place;
	unsigned other; /* that gives another value; 0: none */
	bool withdrawn, asked;
};

struct hand_in {
	struct figure *list; /* owned [n] */
	size_t n, room;
	struct hash_index index; /* of the names; has room for one more, always */
};

struct hand_in *hand_in_open(void)
{
	struct hand_in *hand_in = calloc(1, sizeof(*hand_in));
	if (!hand_in || hash_index_make(&hand_in->index, ROOM_FIRST) < 0) {
		free(hand_in);
		return NULL;
	}
	return hand_in;
}

void hand_in_close(struct hand_in *hand_in)
{
	if (!hand_in)
		return;
	hash_index_deinit(&hand_in->index);
	free(hand_in->list);
	free(hand_in);
}

/* --- names --- */

static void add_text(crypto_generichash_state *state, const char *text)
{
	(void)crypto_generichash_update(state, (const uint8_t *)text, strlen(text) + 1);
}

/* Of the figure, or of the parts that make up a total. Sodium's calls only fail of wrong sizes. */
static struct figure name_of(const struct observation *obs, bool parts)
{
	struct figure figure = { .value_e = obs->value_e, .withdrawn = obs->withdrawn };
	char labels[LABELS_KEY_MAX] = ""; /* "Đất đai" and "đất đai" are one */
	if (!parts)
		labels_key(obs->labels, labels);
	crypto_generichash_state state;
	int64_t period[] = { obs->period.calendar, obs->period.grain,
			     obs->now ? INT64_MAX : obs->period.number, parts };
	(void)crypto_generichash_init(&state, NULL, 0, sizeof(figure.name));
	add_text(&state, obs->metric);
	add_text(&state, labels);
	(void)crypto_generichash_update(&state, (const uint8_t *)period, sizeof(period));
	(void)crypto_generichash_final(&state, (uint8_t *)figure.name, sizeof(figure.name));
	return figure;
}

/* Where @named is in the index, or would go. */
static uint32_t *index_at(const struct hand_in *hand_in, const struct figure *named)
{
	uint32_t *slot = hash_slot(&hand_in->index, named->name[0]);
	while (*slot &&
	       memcmp(hand_in->list[*slot - 1].name, named->name, sizeof(named->name)) != 0)
		slot = hash_slot_next(&hand_in->index, slot);
	return slot;
}

/* NULL: it was not noted. */
static struct figure *find(const struct hand_in *hand_in, const struct figure *named)
{
	uint32_t at = *index_at(hand_in, named);
	return at > 0 ? &hand_in->list[at - 1] : NULL;
}

/* @named is in the list, if need be as a new one. */
static int note(struct hand_in *hand_in, struct figure named, unsigned place, struct err *err)
{
	struct figure *figure = find(hand_in, &named);
	if (figure) {
		bool same = figure->withdrawn == named.withdrawn &&
			    (named.withdrawn || figure->value_e == named.value_e);
		if (!same && figure->other == 0)
			figure->other = place;
		return 0;
	}
	if (hand_in->n == HAND_IN_MAX) /* I10 */
		return err_set(err, -EFBIG, "more than %u figures at once; hand them in in parts",
			       HAND_IN_MAX);
	if (ARRAY_RESERVE(hand_in->list, hand_in->room, hand_in->n + 1) < 0)
		return err_memory(err);
	named.place = place;
	hand_in->list[hand_in->n++] = named;
	*index_at(hand_in, &named) = (uint32_t)hand_in->n;
	if (hand_in->n < hash_index_room(&hand_in->index))
		return 0;
	if (hash_index_make(&hand_in->index, 2 * hand_in->n) < 0)
		return err_memory(err);
	for (size_t i = 0; i < hand_in->n; i++)
		*index_at(hand_in, &hand_in->list[i]) = (uint32_t)i + 1;
	return 0;
}

int hand_in_note(struct hand_in *hand_in, const struct observation *obs, unsigned place,
		 struct err *err)
{
	int rc = obs->add ? 0 : note(hand_in, name_of(obs, false), place, err);
	if (rc < 0 || obs->add || obs->withdrawn || !obs->one_kind || !*obs->labels)
		return rc;
	struct figure parts = name_of(obs, true);
	parts.value_e = 0; /* of whatever value */
	return note(hand_in, parts, place, err);
}

enum hand_in_verdict hand_in_ask(struct hand_in *hand_in, const struct observation *obs,
				 unsigned place, unsigned *ret_other)
{
	const struct figure named = name_of(obs, false), parts = name_of(obs, true);
	struct figure *figure = find(hand_in, &named);
	const struct figure *part = find(hand_in, &parts);
	if (obs->add || !figure)
		return HAND_IN_FINE;
	bool again = figure->asked;
	figure->asked = true;
	*ret_other = figure->place == place ? figure->other : figure->place;
	/* I13: a figure has one value, and a total and its parts never add up by accident. */
	if (figure->other > 0)
		return HAND_IN_DIFFERS;
	if (part && obs->one_kind && !*obs->labels && !obs->withdrawn) {
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
		  int64_t now_us, struct arena *texts, struct observation ret_list[],
		  size_t *ret_nth, struct err *err)
{
	char labels[LABELS_TEXT_MAX];
	*ret_nth = 0;
	for (size_t i = 0; i < n; i++) {
		int rc = entry_judge(catalogue, &entries[i], now_us, labels, &ret_list[i], err);
		if (rc < 0) {
			*ret_nth = i + 1;
			return rc;
		}
		if (ret_list[i].labels == labels &&
		    !(ret_list[i].labels = arena_text(texts, labels)))
			return err_memory(err);
	}
	return n < 2 ? 0 : hand_in_check(ret_list, n, err);
}

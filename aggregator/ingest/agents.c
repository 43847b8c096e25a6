#include "ingest/agents.h"

#include "common/base/array.h"
#include "common/base/search.h"
#include "common/model/civil.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct agent_note *find(const struct agent_list *agents, int64_t office, size_t *ret_place)
{
	size_t place = search_first(i, agents->n, agents->list[i].office < office);
	*ret_place = place;
	return place < agents->n && agents->list[place].office == office ? &agents->list[place]
									 : NULL;
}

const struct agent_note *agent_list_find(const struct agent_list *agents, int64_t office)
{
	size_t place;
	return find(agents, office, &place);
}

struct agent_note *agent_list_note(struct agent_list *agents, int64_t office)
{
	size_t place;
	return find(agents, office, &place);
}

int agent_list_copy(const struct agent_list *agents, struct agent_list *ret_copy)
{
	size_t size = agents->n * sizeof(*agents->list);
	struct agent_note *list = malloc(size ? size : 1);
	if (!list)
		return -ENOMEM;
	if (size)
		memcpy(list, agents->list, size);
	*ret_copy = (struct agent_list){ list, agents->n };
	return 0;
}

void agent_list_free(struct agent_list *agents)
{
	free(agents->list);
	*agents = (struct agent_list){ 0 };
}

static struct agent_note *enter(struct agent_list *agents, int64_t office)
{
	size_t place;
	struct agent_note *note = find(agents, office, &place);
	if (note)
		return note;
	struct agent_note *list = array_room(agents->list, agents->n, sizeof(*list));
	if (!list)
		return NULL;
	agents->list = list;
	memmove(&list[place + 1], &list[place], (agents->n - place) * sizeof(*list));
	agents->n++;
	list[place] = (struct agent_note){ .office = office };
	return &list[place];
}

static void take_head(struct agent_note *note, const Lantoa__V1__Head *head)
{
	bool good = head && head->position > 0 && head->position <= INT64_MAX &&
		    head->chain.len == CHAIN_LEN;
	note->position = good ? (int64_t)head->position : 0;
	if (good)
		memcpy(note->chain, head->chain.data, CHAIN_LEN);
}

void agents_hello(struct agent_list *agents, int64_t office, const struct gate_peer *peer,
		  uint32_t protocol, const Lantoa__V1__Hello *hello)
{
	struct agent_note *note = enter(agents, office);
	if (!note)
		return;
	note->hello_us = civil_now_us();
	note->protocol = protocol;
	note->peer = *peer;
	take_head(note, hello->head);
}

void agents_judged(struct agent_list *agents, int64_t office, int64_t position,
		   enum link_verdict verdict)
{
	size_t place;
	struct agent_note *note = find(agents, office, &place);
	if (!note || (verdict != LINK_DIFFERS && verdict != LINK_BEYOND))
		return;
	note->odd = verdict;
	note->odd_position = position;
}

bool agents_speak(const struct agent_list *agents, int64_t office, uint32_t least)
{
	const struct agent_note *note = agent_list_find(agents, office);
	return note && note->protocol >= least;
}

#include "ingest/told_head.h"

#include "schema/epoch.h"

#include <string.h>

void told_head_read(sqlite3 *db, struct ledger_head *ret_head)
{
	struct err ignored;
	*ret_head = (struct ledger_head){ 0 };
	(void)ledger_head(db, ret_head, &ignored); /* on error as it was: none */
}

void told_head_open(struct told_head *told, sqlite3 *db)
{
	struct err ignored;
	struct ledger_head head;
	*told = (struct told_head){ 0 };
	(void)epoch_read(db, &told->epoch, &ignored); /* likewise */
	told_head_read(db, &head);
	told_head_raise(told, &head);
}

void told_head_raise(struct told_head *told, const struct ledger_head *head)
{
	static const uint8_t damaged[CHAIN_LEN]; /* as ledger_head() tells of a link that is */
	if (ledger_position(head) > ledger_position(&told->newest) &&
	    memcmp(head->chain, damaged, CHAIN_LEN) != 0)
		told->newest = *head;
}

Lantoa__V1__Head *told_head_fill(const struct told_head *told, Lantoa__V1__Head *message)
{
	const struct ledger_head *head = &told->newest;
	if (ledger_position(head) < 1)
		return NULL;
	lantoa__v1__head__init(message);
	message->position = (uint64_t)ledger_position(head);
	message->chain = (ProtobufCBinaryData){ CHAIN_LEN,
						(uint8_t *)(uintptr_t)head->chain }; /* only read */
	message->epoch = (uint64_t)told->epoch;
	return message;
}

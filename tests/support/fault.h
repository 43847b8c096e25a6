/* One countdown, several doors: the operation at which it ends fails, as a disk or an allocator
 * may. A test arms it with 0, 1, 2, ... until what it tests runs to its end. Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum fault_door {
	FAULT_DISK = 1u << 0,   /* open, write, sync, truncate, delete fail with an I/O error */
	FAULT_FULL = 1u << 1,   /* open and write fail because the disk is full */
	FAULT_GROW = 1u << 3,   /* the disk is full: files cannot be made, nor grow; what they have
				   can be written */
	FAULT_MEMORY = 1u << 2, /* malloc, calloc, realloc of our code return NULL */
	FAULT_STAYS = 1u << 8,  /* with a door: all later operations fail too, until disarmed; what
				   is on the disk then is what a crash would leave */
};

/** Put a shim before SQLite's default VFS. Once per process, before the database is opened. It
 * syncs nothing: a sync may fail, and is otherwise taken for done. */
void fault_install(void);

/** Let @after operations of the disk pass and fail the next one. */
void fault_arm(unsigned after);
/** The same for other @doors. */
void fault_arm_at(unsigned doors, unsigned after);
/** Has the fault happened, since it was armed? */
bool fault_happened(void);
/** Everything works again. Did the fault happen? */
bool fault_disarm(void);
/** How often SQLite asked for a sync so far. */
uint64_t fault_syncs(void);

/* A disk that fails under what we write without SQLite: the linker sends our objects' open, write,
 * fsync, close and rename here, in tests that are on_failing_disk() in tests/CMakeLists.txt. (For
 * SQLite's disk see fault.h.) */
#pragma once

#include <stdbool.h>

/** Let @after operations pass (below 0: all) and fail the next one: a write writes half. With
 * @for_good later ones fail, too, as if the power had gone. */
void failing_disk_arm(int after, bool for_good);
/** Everything works again. Did something fail? */
bool failing_disk_disarm(void);
/** What was done since it was armed, a letter each: "owscr", c for close. */
const char *failing_disk_trace(void);

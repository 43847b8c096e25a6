/* Memory that was freed and still counts as this process's. malloc gives back what lies at the end
 * of its heap alone; when 11,000 offices are cut off, all that served them lies between pieces that
 * others use, and those who come back next touch other pages of it than those before. */
#pragma once

#include <stddef.h>
#include <uv.h>

/** Let all threads share two of malloc's heaps; before the first is started. By default each of up
 * to eight per processor gets one of its own, and what one thread freed no other can have: commits
 * go from thread to thread of libuv's pool, and their memory lies in each (live figures of 200
 * offices: 83 MiB, so 59). Where somebody set MALLOC_ARENA_MAX it is as they wished. */
void memory_share(void);
/** Let a thread of libuv's pool give back the whole pages of what is free, when that is more than
 * 64 MiB; for a timer to call. The loop lives until it has. Out of memory, nothing happens. */
void memory_give_back(uv_loop_t *loop);
/** Bytes of the process that lie in memory, by /proc/self/statm; 0 when that cannot be read. Takes
 * some microseconds. */
size_t memory_resident(void);

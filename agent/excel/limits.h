/* What this process may take of the machine: it reads bytes that anybody may have made, with
 * libraries that had holes before. */
#pragma once

/** Memory, time and files for itself; no core, no new file, no process. Before anything is read. */
void limits_take(void);
/** From here on it reads, writes, asks for memory and ends, and nothing else: no file, no socket,
 * no process. Where the kernel has no such filter, limits_take() and the service's sandbox stand
 * alone. */
void limits_lock(void);

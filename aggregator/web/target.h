/* What a request line may ask for. A path that two readers could read in two ways, one of them
 * behind the other's rules, is refused and not mended: what passes goes on as it came. */
#pragma once

#define TARGET_MAX 8192u /* bytes */

/**
 * Is @target, as it was sent, "/PATH" or "/PATH?QUERY" in printable ASCII, without "//", without
 * segments "." and "..", plain or escaped, and without an escaped slash, backslash, percent sign or
 * control character in the path?
 *
 * Returns the status of the refusal, 400, 404 or 414; 0: it passes. A path is 404 when nobody could
 * have it; what is no target at all ("http://host/", "*", an escape that is none) 400.
 */
unsigned target_judge(const char *target);

/* Where a program finds what was installed with it. */
#pragma once

#include <limits.h>
#include <stdbool.h>

/** "<folder of the program>/../share/@name", which is right for an installed program, wherever that
 * was moved, and for the build tree. false: there is no such folder. */
bool installed_share(const char *name, char ret_path[PATH_MAX]);
/** "<folder of the program>/../libexec/lantoa/@name", likewise: a program that only programs run.
 * false: there is none. */
bool installed_program(const char *name, char ret_path[PATH_MAX]);

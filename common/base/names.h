/* A list of names in one text, parted by blanks: what a table says may be given. */
#pragma once

#include <stddef.h>

/** Which of @list's names is @name[@len], from 0; -1: none. @list may be NULL: it has none. */
int names_find(const char *list, const char *name, size_t len);

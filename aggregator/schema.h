/* The province's database: its tables, step by step from the first version. What each table means
 * stands in the module that owns it; here they are together, because one transaction spans them. */
#pragma once

#include "db.h"

#define SCHEMA_APPLICATION_ID 0x4c544f41 /* "LTOA" */

/** Open @path for writing, or for reading when @readonly, with the schema of this version. */
int schema_open(const char *path, bool readonly, sqlite3 **ret_db, struct err *err);

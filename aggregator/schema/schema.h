/* The province's database: its tables, step by step from the first version. What each table means
 * stands in the module that owns it; here they are together, because one transaction spans them. */
#pragma once

#include "common/sys/db.h"

#define SCHEMA_APPLICATION_ID 0x4c544f41 /* "LTOA" */

/** Open @path for writing, or for reading when @readonly, with the schema of this version. */
int schema_open(const char *path, bool readonly, sqlite3 **ret_db, struct err *err);
/** Open @path, a copy of such a database (or an empty file that is to become one), as a private
 * file: DB_WRITER_ROLLBACK. Its schema stays as it is. */
int schema_open_copy(const char *path, sqlite3 **ret_db, struct err *err);
/** An empty database with the same tables, that is nobody else's and goes when it is closed: in
 * memory and, if it grows, in a temporary file. Nothing is taken down as an event's, and rows may
 * name others that are not there. */
int schema_open_scratch(sqlite3 **ret_db, struct err *err);

/* A workbook of Office Open XML: parts, which are XML, in a zip archive (ECMA-376 part 2), read
 * within limits. What no spreadsheet program writes (a document type, and so any entity) is
 * refused, not understood. */
#pragma once

#include "excel/fault.h"

#include <stdbool.h>
#include <stddef.h>

#define PACKAGE_ENTRIES_MAX 10000u
#define PACKAGE_BYTES_MAX   (256u * 1024 * 1024) /* of all that is read, without compression */

struct package;

/** @bytes outlive it. Returns 0; -1: it is no archive, or too large. */
int package_open(const void *bytes, size_t len, struct package **ret_package, struct fault *fault);
void package_close(struct package *package); /* NULL is fine */
bool package_has(const struct package *package, const char *part);
/** Is it an OpenDocument file? */
bool package_is_open_document(struct package *package);

struct xml_events { /* names are without their prefix; each returns 0, or -1 and has set @fault */
	int (*on_start)(void *context, const char *name, const char *const *attributes,
			struct fault *fault);
	int (*on_end)(void *context, const char *name, struct fault *fault);
	int (*on_text)(void *context, const char *text, size_t len, struct fault *fault);
	void *context;
};

/** The value of attribute @name, whatever its prefix; NULL: it is not there. */
const char *xml_attribute(const char *const *attributes, const char *name);

/** Read @part to its end. -1: it is not there, damaged, strange or too large; or as an event says.
 */
int package_parse(struct package *package, const char *part, const struct xml_events *events,
		  struct fault *fault);

#include "excel/package.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#define PIECE 65536

struct package {
	zip_t *zip;
	size_t bytes; /* read so far, of all parts */
};

int package_open(const void *bytes, size_t len, struct package **ret_package, struct fault *fault)
{
	struct package *package = calloc(1, sizeof(*package));
	zip_source_t *source = package ? zip_source_buffer_create(bytes, len, 0, NULL) : NULL;
	if (!source) {
		free(package);
		return fault_set(fault, FAULT_MEMORY, NULL);
	}
	package->zip = zip_open_from_source(source, ZIP_RDONLY, NULL);
	if (!package->zip) {
		zip_source_free(source);
		free(package);
		return fault_set(fault, FAULT_DAMAGED, NULL);
	}
	if (zip_get_num_entries(package->zip, 0) > PACKAGE_ENTRIES_MAX) { /* I10 */
		package_close(package);
		return fault_set(fault, FAULT_STRANGE, NULL);
	}
	*ret_package = package;
	return 0;
}

void package_close(struct package *package)
{
	if (!package)
		return;
	zip_discard(package->zip);
	free(package);
}

/* Some programs write other capitals into the archive than into what names its parts. */
static zip_int64_t locate(const struct package *package, const char *part)
{
	zip_int64_t at = zip_name_locate(package->zip, part, 0);
	return at >= 0 ? at : zip_name_locate(package->zip, part, ZIP_FL_NOCASE);
}

bool package_has(const struct package *package, const char *part)
{
	return locate(package, part) >= 0;
}

bool package_is_open_document(struct package *package)
{
	static const char begins[] = "application/vnd.oasis.opendocument";
	char type[sizeof(begins)] = "";
	zip_int64_t at = locate(package, "mimetype");
	zip_file_t *file = at < 0 ? NULL : zip_fopen_index(package->zip, (zip_uint64_t)at, 0);
	if (!file)
		return false;
	zip_int64_t n = zip_fread(file, type, sizeof(begins) - 1);
	(void)zip_fclose(file); /* only read */
	return n == (zip_int64_t)sizeof(begins) - 1 && strcmp(type, begins) == 0;
}

/* --- XML --- */

struct parse {
	XML_Parser parser;
	const struct xml_events *events;
	struct fault *fault;
};

static const char *local(const char *name)
{
	const char *colon = strrchr(name, ':');
	return colon ? colon + 1 : name;
}

const char *xml_attribute(const char *const *attributes, const char *name)
{
	for (size_t i = 0; attributes[i]; i += 2)
		if (strcmp(local(attributes[i]), name) == 0)
			return attributes[i + 1];
	return NULL;
}

static void stop_if(struct parse *parse, int rc)
{
	if (rc < 0)
		(void)XML_StopParser(parse->parser, XML_FALSE); /* it runs */
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct parse *parse = context;
	if (parse->events->on_start && parse->fault->fault == 0)
		stop_if(parse,
			parse->events->on_start(parse->events->context, local(name),
						(const char *const *)attributes, parse->fault));
}

static void on_end(void *context, const XML_Char *name)
{
	struct parse *parse = context;
	if (parse->events->on_end && parse->fault->fault == 0)
		stop_if(parse,
			parse->events->on_end(parse->events->context, local(name), parse->fault));
}

static void on_text(void *context, const XML_Char *text, int len)
{
	struct parse *parse = context;
	if (parse->events->on_text && parse->fault->fault == 0)
		stop_if(parse, parse->events->on_text(parse->events->context, text, (size_t)len,
						      parse->fault));
}

/* Entities need a document type, and Excel's own files have none: XML bombs end here. */
static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
		       const XML_Char *public_id, int internal)
{
	struct parse *parse = context;
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	stop_if(parse, fault_set(parse->fault, FAULT_STRANGE, NULL));
}

static int parse_piece(struct parse *parse, int len, bool last)
{
	if (XML_ParseBuffer(parse->parser, len, last) == XML_STATUS_OK)
		return 0;
	enum XML_Error error = XML_GetErrorCode(parse->parser); /* of a stop: the fault is set */
	return fault_set(parse->fault, error == XML_ERROR_NO_MEMORY ? FAULT_MEMORY : FAULT_DAMAGED,
			 NULL);
}

/* An entry's size in the archive's list may be made up: what comes out of it is counted. */
static int parse_file(struct package *package, zip_file_t *file, struct parse *parse)
{
	int rc = 0;
	zip_int64_t n = 1;
	while (rc == 0 && n > 0) {
		void *buffer = XML_GetBuffer(parse->parser, PIECE);
		if (!buffer)
			return fault_set(parse->fault, FAULT_MEMORY, NULL);
		n = zip_fread(file, buffer, PIECE);
		if (n < 0)
			return fault_set(parse->fault, FAULT_DAMAGED, NULL);
		package->bytes += (size_t)n;
		if (package->bytes > PACKAGE_BYTES_MAX) /* I10 */
			return fault_set(parse->fault, FAULT_LARGE, "> 256 MiB");
		rc = parse_piece(parse, (int)n, n == 0);
	}
	return rc;
}

int package_parse(struct package *package, const char *part, const struct xml_events *events,
		  struct fault *fault)
{
	struct parse parse = { .events = events, .fault = fault };
	zip_int64_t at = locate(package, part);
	zip_file_t *file = at < 0 ? NULL : zip_fopen_index(package->zip, (zip_uint64_t)at, 0);
	if (!file)
		return fault_set(fault, FAULT_DAMAGED, NULL);
	parse.parser = XML_ParserCreate(NULL);
	int rc = parse.parser ? 0 : fault_set(fault, FAULT_MEMORY, NULL);
	if (rc == 0) {
		XML_SetUserData(parse.parser, &parse);
		XML_SetElementHandler(parse.parser, on_start, on_end);
		XML_SetCharacterDataHandler(parse.parser, on_text);
		XML_SetStartDoctypeDeclHandler(parse.parser, on_doctype);
		rc = parse_file(package, file, &parse);
		XML_ParserFree(parse.parser);
	}
	(void)zip_fclose(file); /* only read */
	return rc;
}

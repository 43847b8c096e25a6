#include "web/sdmx_structure.h"

#include "common/base/i18n.h"
#include "common/text/near_name.h"
#include "export/sdmx_columns.h"
#include "export/states.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA                                                                                     \
	"https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/structure-message/tools/"     \
	"schemas/2.0.0/sdmx-json-structure-schema.json"
#define CONCEPTS "CS_FIGURES"
#define URN      "urn:sdmx:org.sdmx.infomodel."
#define ID_MAX   (SDMX_ID_MAX + 8u)

/* --- pieces --- */

static json_t *named(const char *id, const char *name)
{
	return json_pack("{s:s, s:s, s:{s:s}}", "id", id, "name", name, "names", language_tag(),
			 name);
}

/* What has an agency and a version. */
static json_t *artefact(const char *id, const char *name)
{
	json_t *one = named(id, name);

	(void)json_object_set_new(one, "agencyID", json_string(SDMX_AGENCY));
	(void)json_object_set_new(one, "version", json_string(SDMX_VERSION));
	return one;
}

static json_t *urn(const char *what, const char *id, const char *item)
{
	return json_sprintf(URN "%s=" SDMX_AGENCY ":%s(" SDMX_VERSION ")%s%s", what, id,
			    item ? "." : "", item ? item : "");
}

static const char *codelist_of(const char *dimension, char id[ID_MAX])
{
	(void)snprintf(id, ID_MAX, "CL_%s", dimension);
	return id;
}

static json_t *component(const char *id, const char *codelist)
{
	json_t *one = json_pack("{s:s, s:o}", "id", id, "conceptIdentity",
				urn("conceptscheme.Concept", CONCEPTS, id));

	if (codelist)
		(void)json_object_set_new(one, "localRepresentation",
					  json_pack("{s:o}", "enumeration",
						    urn("codelist.Codelist", codelist, NULL)));
	return one;
}

/* What dimension @key is called: as its metrics say. */
static const char *dimension_called(const struct catalogue *catalogue, const char *key)
{
	for (size_t i = 0; i < catalogue->n && strcmp(language_tag(), "vi") == 0; i++)
		for (size_t k = 0; k < catalogue->metrics[i].n_dimensions; k++)
			if (strcmp(catalogue->metrics[i].dimensions[k], key) == 0 &&
			    catalogue->metrics[i].dimensions_vi[k])
				return catalogue->metrics[i].dimensions_vi[k];
	return key;
}

/* --- structure, concepts --- */

static void add_dimension(json_t *list, const char *id, const char *codelist)
{
	json_t *one = component(id, codelist);

	(void)json_object_set_new(one, "position", json_integer((json_int_t)json_array_size(list)));
	(void)json_array_append_new(list, one);
}

static json_t *make_structure(const struct sdmx_reference *reference)
{
	json_t *dimensions = json_array(), *measures = json_array(), *attributes = json_array(),
	       *time = NULL, *one = artefact(SDMX_FLOW, _("Activity figures"));
	char id[SDMX_ID_MAX], codelist[ID_MAX];
	bool added = false;

	for (size_t i = 0; i < n_sdmx_columns; i++) {
		const struct sdmx_column *column = &sdmx_columns[i];

		for (size_t k = 0;
		     column->role != SDMX_DIMENSION && !added && k < reference->n_dimensions; k++) {
			const char *key = reference->dimensions[k];

			(void)sdmx_dimension(key, strlen(key), id);
			add_dimension(dimensions, id, codelist_of(id, codelist));
		}
		added = added || column->role != SDMX_DIMENSION;
		if (column->role == SDMX_DIMENSION) {
			add_dimension(dimensions, column->id, column->codelist);
		} else if (column->role == SDMX_TIME) {
			time = component(column->id, NULL);
			(void)json_object_set_new(time, "localRepresentation",
						  json_pack("{s:{s:s}}", "format", "dataType",
							    "ObservationalTimePeriod"));
		} else {
			json_t *it = component(column->id, column->codelist);

			if (column->role == SDMX_ATTRIBUTE)
				(void)json_object_set_new(it, "attributeRelationship",
							  json_pack("{s:{}}", "observation"));
			(void)json_array_append_new(
				column->role == SDMX_MEASURE ? measures : attributes, it);
		}
	}
	(void)json_object_set_new(
		one, "dataStructureComponents",
		json_pack("{s:{s:s, s:o, s:o}, s:{s:s, s:o}, s:{s:s, s:o}}", "dimensionList", "id",
			  "DimensionDescriptor", "dimensions", dimensions, "timeDimension", time,
			  "measureList", "id", "MeasureDescriptor", "measures", measures,
			  "attributeList", "id", "AttributeDescriptor", "attributes", attributes));
	return one;
}

static json_t *make_flow(void)
{
	json_t *one = artefact(SDMX_FLOW, _("Activity figures"));

	(void)json_object_set_new(one, "structure",
				  urn("datastructure.DataStructure", SDMX_FLOW, NULL));
	return one;
}

static json_t *make_concepts(const struct sdmx_reference *reference)
{
	json_t *one = artefact(CONCEPTS, _("Activity figures")), *list = json_array();
	char id[SDMX_ID_MAX];

	for (size_t i = 0; i < n_sdmx_columns; i++)
		(void)json_array_append_new(list,
					    named(sdmx_columns[i].id, _(sdmx_columns[i].called)));
	for (size_t i = 0; i < reference->n_dimensions; i++) {
		const char *key = reference->dimensions[i];

		(void)json_array_append_new(list,
					    named(sdmx_dimension(key, strlen(key), id),
						  dimension_called(reference->catalogue, key)));
	}
	(void)json_object_set_new(one, "concepts", list);
	return one;
}

/* --- codes --- */

struct codes {
	json_t *list, *seen; /* an object, whose keys are the codes that are in the list */
};

static void add_code(struct codes *codes, const char *id, const char *name)
{
	if (json_object_get(codes->seen, id))
		return;
	(void)json_object_set_new(codes->seen, id, json_true());
	(void)json_array_append_new(codes->list, named(id, name));
}

static void add_freqs(struct codes *codes)
{
	for (const char *freq = SDMX_FREQS; *freq; freq++) {
		const char id[2] = { *freq, '\0' };

		add_code(codes, id, sdmx_freq_called(*freq));
	}
}

static void add_areas(struct codes *codes, const struct table *units)
{
	char id[SDMX_ID_MAX];

	for (size_t i = 0; i < table_rows(units); i++)
		add_code(codes,
			 sdmx_area(sdmx_cell(units, i, "code"), sdmx_cell(units, i, "valid_from"),
				   id),
			 sdmx_cell(units, i, "name"));
	add_code(codes, SDMX_UNKNOWN, _("in none of the units shown"));
}

static void add_names(struct codes *codes, const struct sdmx_reference *reference)
{
	const struct table *indicators = reference->indicators;
	const char *label = strcmp(language_tag(), "vi") == 0 ? "label_vi" : "label_en";
	char id[SDMX_ID_MAX];

	for (size_t i = 0; i < reference->catalogue->n; i++) {
		const struct metric *metric = &reference->catalogue->metrics[i];

		add_code(codes, sdmx_indicator(metric->name, id), metric_called(metric));
	}
	for (size_t i = 0; i < table_rows(indicators); i++) {
		const char *name = sdmx_cell(indicators, i, "name");
		const char *called = sdmx_cell(indicators, i, label);

		add_code(codes, sdmx_indicator(name, id), *called ? called : name);
	}
}

/* A status has one code, though several states of ours are called so. */
static void add_states(struct codes *codes)
{
	const struct state_words *words;

	for (unsigned i = 0; (words = state_words_nth(i)); i++) {
		const char id[2] = { words->obs_status, '\0' };

		add_code(codes, id, _(words->called));
	}
}

static void add_labels(struct codes *codes, const struct sdmx_reference *reference, const char *key)
{
	char id[SDMX_ID_MAX];

	add_code(codes, SDMX_TOTAL, _("Total"));
	add_code(codes, SDMX_UNKNOWN, _("not classified"));
	for (size_t i = 0; i < reference->n_labels; i++) {
		const struct table *labels = reference->labels[i];

		for (size_t row = 0; row < table_rows(labels); row++) {
			const char *label = sdmx_cell(labels, row, "label");
			const char *name = sdmx_cell(labels, row, "name");

			if (*label && strcmp(sdmx_cell(labels, row, "dimension"), key) == 0)
				add_code(codes, sdmx_id(label, id), *name ? name : label);
		}
	}
}

static json_t *codelist(const char *id, const char *name, struct codes *codes)
{
	json_t *one = artefact(id, name);

	(void)json_object_set_new(one, "codes", codes->list);
	json_decref(codes->seen);
	return one;
}

static json_t *make_codes(const char *id, const struct sdmx_reference *reference)
{
	struct codes codes = { json_array(), json_object() };

	if (strcmp(id, "CL_FREQ") == 0)
		add_freqs(&codes);
	else if (strcmp(id, "CL_REF_AREA") == 0)
		add_areas(&codes, reference->units);
	else if (strcmp(id, "CL_INDICATOR") == 0)
		add_names(&codes, reference);
	else
		add_states(&codes);
	for (size_t i = 0; i < n_sdmx_columns; i++)
		if (sdmx_columns[i].codelist && strcmp(sdmx_columns[i].codelist, id) == 0)
			return codelist(id, _(sdmx_columns[i].called), &codes);
	return codelist(id, id, &codes); /* it was one of them */
}

static bool wants(const struct sdmx_request *request, enum sdmx_kind kind, const char *id)
{
	return request->references ||
	       (request->kind == kind && (!*request->id || strcmp(request->id, id) == 0));
}

static json_t *make_codelists(const struct sdmx_request *request,
			      const struct sdmx_reference *reference)
{
	json_t *list = json_array();
	char id[SDMX_ID_MAX], name[ID_MAX];

	for (size_t i = 0; i < n_sdmx_columns; i++)
		if (sdmx_columns[i].codelist &&
		    wants(request, SDMX_CODELIST, sdmx_columns[i].codelist))
			(void)json_array_append_new(
				list, make_codes(sdmx_columns[i].codelist, reference));
	for (size_t i = 0; i < reference->n_dimensions; i++) {
		const char *key = reference->dimensions[i];
		struct codes codes = { NULL, NULL };

		(void)codelist_of(sdmx_dimension(key, strlen(key), id), name);
		if (!wants(request, SDMX_CODELIST, name))
			continue;
		codes = (struct codes){ json_array(), json_object() };
		add_labels(&codes, reference, key);
		(void)json_array_append_new(
			list, codelist(name, dimension_called(reference->catalogue, key), &codes));
	}
	return list;
}

/* --- the message --- */

bool sdmx_structure_has_labels(const struct sdmx_request *request)
{
	bool listed = false;

	for (size_t i = 0; i < n_sdmx_columns; i++)
		listed = listed || (sdmx_columns[i].codelist &&
				    strcmp(sdmx_columns[i].codelist, request->id) == 0);
	return request->references || (request->kind == SDMX_CODELIST && !listed);
}

static unsigned none(const struct sdmx_request *request, const struct sdmx_reference *reference,
		     struct err *err)
{
	char said[1024] = SDMX_FLOW, id[SDMX_ID_MAX];
	size_t at = 0;

	if (request->kind == SDMX_CONCEPTSCHEME)
		(void)snprintf(said, sizeof(said), CONCEPTS);
	for (size_t i = 0; i < n_sdmx_columns && request->kind == SDMX_CODELIST; i++)
		if (sdmx_columns[i].codelist)
			at += (size_t)snprintf(said + at, sizeof(said) - at, "%s%s", at ? ", " : "",
					       sdmx_columns[i].codelist); /* fits */
	for (size_t i = 0; i < reference->n_dimensions && request->kind == SDMX_CODELIST; i++)
		if (at < sizeof(said)) /* cut is fine */
			at += (size_t)snprintf(said + at, sizeof(said) - at, ", CL_%s",
					       sdmx_dimension(reference->dimensions[i],
							      strlen(reference->dimensions[i]),
							      id));
	(void)err_set(err, -ENOENT, "there is no '%.64s' here; there is %s", request->id, said);
	(void)near_words_hint(err, said, request->id);
	return 404;
}

unsigned sdmx_structure_make(const struct sdmx_request *request,
			     const struct sdmx_reference *reference, const char *prepared,
			     json_t **ret_message, struct err *err)
{
	json_t *flows = json_array(), *structures = json_array(), *schemes = json_array(),
	       *codelists = make_codelists(request, reference), *message;
	bool found;

	if (wants(request, SDMX_DATAFLOW, SDMX_FLOW))
		(void)json_array_append_new(flows, make_flow());
	if (wants(request, SDMX_DATASTRUCTURE, SDMX_FLOW))
		(void)json_array_append_new(structures, make_structure(reference));
	if (wants(request, SDMX_CONCEPTSCHEME, CONCEPTS))
		(void)json_array_append_new(schemes, make_concepts(reference));
	found = json_array_size(flows) + json_array_size(structures) + json_array_size(schemes) +
			json_array_size(codelists) >
		0;
	message = json_pack("{s:{s:s, s:s, s:s, s:b, s:[s], s:{s:s}}, s:{s:o, s:o, s:o, s:o}}",
			    "meta", "schema", SCHEMA, "id", SDMX_FLOW, "prepared", prepared, "test",
			    0, "contentLanguages", language_tag(), "sender", "id", SDMX_AGENCY,
			    "data", "dataflows", flows, "dataStructures", structures, "codelists",
			    codelists, "conceptSchemes", schemes);
	if (!message) {
		(void)err_memory(err);
		return 503;
	}
	if (found) {
		*ret_message = message;
		return 0;
	}
	json_decref(message);
	return none(request, reference, err);
}

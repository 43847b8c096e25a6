/* A workbook, whatever it is: the reader says what its cells are or why it cannot be read, in text
 * that the agent's side takes, and the agent's side takes or refuses the tables. In one process.
 * XML is tried as the sheet of a good package, and records as the stream of a good compound file:
 * what is wrong in a package's bytes seldom gets behind its checksums. */
#include "common/model/civil.h"
#include "excel/reader.h"
#include "fuzz/fuzz.h"
#include "import/tables.h"

#include <errno.h>
#include <zip.h>

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"team.count,Số tổ công nghệ số cộng "
	"đồng,Teams,team,stock,last,sum,month,,0,3,commune,2,0,\n"
	"dossiers,Số hồ sơ thủ tục hành chính tiếp "
	"nhận,Dossiers,dossier,flow,sum,sum,day,sector,0,0,"
	"commune,1,0,\n";

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	size_t *figures = context;
	(void)entries;
	(void)judged;
	(void)ret_found;
	(void)err;
	*figures += n;
	return 0;
}

static void on_told(void *context, const struct import_diagnostic *told)
{
	char where[IMPORT_WHERE_MAX];
	(void)context;
	require(told->sheet && *told->why && strlen(import_where(told, where)) < sizeof(where));
}

static int make_pass(struct tables *tables, enum tables_pass pass,
		     const struct import_config *config, const char *cells, size_t len)
{
	struct err err = { 0 };
	require(tables_begin(tables, pass, config, &err) == 0);
	int rc = 0;
	size_t piece = 1 + len % 97;
	for (size_t at = 0; at < len && rc == 0; at += piece)
		rc = tables_feed(tables, cells + at, len - at < piece ? len - at : piece, &err);
	rc = rc == 0 ? tables_end(tables, &err) : rc;
	require(rc >= 0 || (rc == -EINVAL && *err.text));
	require(strcmp(err.text,
		       "the program that reads workbooks gave an answer that cannot be right") !=
		0);
	return rc;
}

/* --- wrapping --- */

static void add_part(zip_t *zip, const char *name, const void *data, size_t len)
{
	zip_source_t *source = zip_source_buffer(zip, data, len, 0);
	require(source);
	zip_int64_t at = zip_file_add(zip, name, source, 0);
	require(at >= 0);
	require(zip_set_file_compression(zip, (zip_uint64_t)at, ZIP_CM_STORE, 0) == 0);
}

static uint8_t *package_of(const uint8_t *sheet, size_t sheet_len, size_t *ret_len)
{
#define RELATION(id, type, target)                                                                 \
	"<Relationships><Relationship Id='" id "' Type='/" type "' Target='" target "'/>"
	static const char root[] = RELATION("a", "officeDocument", "w.xml") "</Relationships>";
	static const char of_book[] = RELATION(
		"b", "worksheet",
		"s.xml") "<Relationship Id='c' Type='/styles' Target='t.xml'/></Relationships>";
	static const char book[] =
		"<workbook><sheets><sheet name='A' r:id='b'/></sheets></workbook>";
	static const char styles[] = "<styleSheet><cellXfs><xf numFmtId='0'/><xf numFmtId='9'/><xf "
				     "numFmtId='14'/><xf numFmtId='17'/></cellXfs></styleSheet>";
	zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, NULL);
	zip_t *zip = source ? zip_open_from_source(source, ZIP_TRUNCATE, NULL) : NULL;
	zip_stat_t stat;
	require(zip);
	zip_source_keep(source);
	add_part(zip, "_rels/.rels", root, sizeof(root) - 1);
	add_part(zip, "w.xml", book, sizeof(book) - 1);
	add_part(zip, "_rels/w.xml.rels", of_book, sizeof(of_book) - 1);
	add_part(zip, "t.xml", styles, sizeof(styles) - 1);
	add_part(zip, "s.xml", sheet, sheet_len);
	require(zip_close(zip) == 0);
	require(zip_source_stat(source, &stat) == 0);
	uint8_t *data = malloc(stat.size);
	require(data && zip_source_open(source) == 0);
	require(zip_source_read(source, data, stat.size) == (zip_int64_t)stat.size);
	(void)zip_source_close(source); /* only read */
	zip_source_free(source);
	*ret_len = stat.size;
	return data;
}

static void put32(uint8_t *at, uint32_t n)
{
	for (size_t i = 0; i < 4; i++)
		at[i] = (uint8_t)(n >> 8 * i);
}

/* Header, a table of sectors, a directory, and the stream, of up to 126 sectors. */
static uint8_t *compound_of(const uint8_t *stream, size_t stream_len, size_t *ret_len)
{
	static const char name[] = "Workbook";
	size_t n = (stream_len + 511) / 512;
	n = n < 8 ? 8 : n > 126 ? 126 : n; /* at least 4096 bytes */
	uint8_t *data = calloc(n + 3, 512), *table = data + 512, *entry = data + 1024;
	require(data);
	memcpy(data, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
	data[30] = 9;
	put32(data + 48, 1);       /* the directory */
	put32(data + 56, 4096);    /* what is shorter is small */
	put32(data + 60, ~0u);     /* no small ones */
	put32(data + 68, ~0u - 1); /* nor more of the table */
	memset(data + 80, 0xff, 432);
	for (size_t i = 0; i < 128; i++)
		put32(table + 4 * i, i >= 2 && i < n + 1 ? (uint32_t)i + 1 : ~0u - 1);
	for (size_t i = 0; i < sizeof(name); i++)
		entry[2 * i] = (uint8_t)name[i];
	entry[64] = 2 * sizeof(name);
	entry[66] = 2;
	put32(entry + 116, 2);
	put32(entry + 120, (uint32_t)n * 512);
	memcpy(data + 1536, stream, stream_len < n * 512 ? stream_len : n * 512);
	*ret_len = (n + 3) * 512;
	return data;
}

static void try(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *wrapped = NULL;
	if (len > 0 && *data == '<')
		wrapped = package_of(data, len, &len);
	else if (len > 1 && data[0] == 0x09 && data[1] == 0x08)
		wrapped = compound_of(data, len, &len);
	try(wrapped ? wrapped : data, len);
	free(wrapped);
	return 0;
}

static void try(const uint8_t *data, size_t len)
{
	static struct headings *headings;
	static struct catalogue *catalogue;
	struct err err = { 0 };
	if (!headings) {
		require(civil_set_zone("Asia/Ho_Chi_Minh", &err) == 0);
		require(catalogue_read(catalogue_csv, strlen(catalogue_csv), &catalogue, &err) ==
			0);
		require(headings_open(catalogue, &headings, &err) == 0);
		reader_prepare();
	}
	char *cells = NULL;
	size_t cells_len = 0, figures = 0;
	FILE *out = open_memstream(&cells, &cells_len);
	require(out);
	reader_run(data, len, out);
	require(fclose(out) == 0);
	struct tables *tables;
	struct import_config config = { .catalogue = catalogue,
					.now_us = INT64_C(20300) * 86400000000,
					.hand_in = hand_in_open(),
					.on_entries = on_entries,
					.on_error = on_told,
					.on_note = on_told,
					.on_warning = on_told,
					.context = &figures };
	require(config.hand_in && tables_open(headings, &tables, &err) == 0);
	if (make_pass(tables, TABLES_DETECT, NULL, cells, cells_len) == 0 &&
	    make_pass(tables, TABLES_NOTE, &config, cells, cells_len) == 0) {
		require(make_pass(tables, TABLES_RECORD, &config, cells, cells_len) == 0);
		require(tables_result(tables).figures == figures);
	}
	tables_close(tables);
	hand_in_close(config.hand_in);
	free(cells);
}

/* A workbook, whatever it is: the reader says what its cells are or why it cannot be read, in text
 * that the agent's side takes, and the agent's side takes or refuses the tables. In one process. */
#include "common/model/civil.h"
#include "excel/reader.h"
#include "fuzz/fuzz.h"
#include "import/tables.h"

#include <errno.h>

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
	require(!strstr(err.text, "says what is no workbook"));
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
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
	return 0;
}

/* What operators' programs send the province: each route with any body and any arguments, over the
 * real socket, answered by the real store. Input: "METHOD TARGET TYPE", a line; then the body.
 *
 * Every answer is one of the codes that api.h and http.h tell, is JSON or CSV, and says why when it
 * is a refusal; nothing that a client sends is our failure (500). */
#include "api/api.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/net/http.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REUSED         500u /* inputs that share a province: they may build on one another */
#define LINE_MAX_BYTES 512u
#define BODY_MAX       8192u /* one more is no other rule */

static struct {
	char folder[64], socket[80], database[80], address[64];
	uv_loop_t loop;
	struct store *store;
	struct key_list *key_list;
	struct api *api;
	struct gate_counters gate;
	struct intake_counters intake;
	unsigned inputs;
	bool busy; /* with an input: it can't be closed */
} province;

static const uint8_t server_key[KEY_LEN] = { 1 }, secret_key[KEY_LEN] = { 2 };

/* --- the province --- */

static void files_remove(void)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-lock" };
	char path[128];
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", province.database, ends[i]); /* fits */
		(void)unlink(path); /* some were never there */
	}
	(void)unlink(province.socket);
}

static void province_close(void)
{
	if (!province.api)
		return;
	api_stop(province.api, NULL, NULL);
	require(uv_run(&province.loop, UV_RUN_DEFAULT) == 0);
	store_close(province.store);
	require(uv_run(&province.loop, UV_RUN_DEFAULT) == 0);
	key_list_close(province.key_list);
	province.api = NULL;
}

static void leave(void)
{
	if (!province.busy)
		province_close();
	files_remove();
	(void)rmdir(province.folder);
}

static void prepare(void)
{
	struct err err = { 0 };
	log_set_level(LOG_LEVEL_ERROR);
	require(civil_set_zone("Asia/Ho_Chi_Minh", &err) == 0);
	(void)snprintf(province.folder, sizeof(province.folder), "%s/lantoa-fuzz-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* fits */
	require(mkdtemp(province.folder));
	(void)snprintf(province.socket, sizeof(province.socket), "%s/s", province.folder);
	(void)snprintf(province.database, sizeof(province.database), "%s/db", province.folder);
	require(uv_loop_init(&province.loop) == 0);
	strcpy(province.address, "province.example:5670");
	(void)atexit(leave);
}

static void province_open(void)
{
	struct err err = { 0 };
	int fd = -1;
	files_remove();
	province.key_list = key_list_open();
	require(province.key_list);
	require(store_open(&province.loop, province.database, 1, &province.store, &err) == 0);
	static const uint32_t invitation_days = 7;
	static const struct role_groups groups = { "lantoa-viewer", "lantoa", "lantoa-web",
						   NO_ID,           NO_ID,    NO_ID };
	const struct api_config config = { .store = province.store,
					   .groups = &groups,
					   .invitation_days = &invitation_days,
					   .key_list = province.key_list,
					   .server_key = server_key,
					   .secret_key = secret_key,
					   .address = province.address,
					   .gate = &province.gate,
					   .intake = &province.intake };
	require(http_listen_unix(province.socket, 0600, &fd, &err) == 0);
	require(api_start(&province.loop, fd, &config, &province.api, &err) == 0);
}

/* --- one request --- */

static int connected(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	require(fd >= 0);
	strcpy(address.sun_path, province.socket); /* fits */
	require(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

/* All that is said until it hangs up, ended by NUL. */
static char *heard(int fd, struct blob *answer)
{
	static char piece[65536];
	for (;;) {
		ssize_t n = recv(fd, piece, sizeof(piece), 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		if (n > 0)
			require(blob_append(answer, piece, (size_t)n) == 0);
		else
			(void)uv_run(&province.loop, UV_RUN_NOWAIT);
	}
	(void)close(fd);
	require(blob_append(answer, "", 1) == 0);
	return (char *)answer->data;
}

static void check_body(int status, const char *headers, const char *body, size_t len)
{
	json_error_t why;
	require(utf8_valid(body, len));
	if (status == 200 && !strcasestr(headers, "application/json"))
		return; /* CSV */
	json_t *root = json_loadb(body, len, 0, &why);
	require(root);
	const char *error = json_string_value(json_object_get(root, "error")),
		   *detail = json_string_value(json_object_get(root, "detail"));
	if (strcasestr(headers, "application/problem+json")) /* below /api/v1: RFC 9457 */
		require(json_integer_value(json_object_get(root, "status")) == status && detail &&
			*detail && !error);
	else
		require(status == 200 || (error && *error));
	json_decref(root);
}

/* Returns the status. */
static int ask(const char *line, const char *type, const char *body, size_t len)
{
	static const int fine[] = { 200, 400, 403, 404, 405, 409, 413, 503, 507 };
	struct blob request = { 0 }, answer = { 0 };
	char head[2 * LINE_MAX_BYTES];
	int fd = connected(), status = 0, n;
	n = snprintf(head, sizeof(head),
		     "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: %s\r\n"
		     "Content-Length: %zu\r\n\r\n",
		     line, type, len);
	require(blob_append(&request, head, (size_t)n) == 0);
	require(blob_append(&request, body, len) == 0);
	require(send(fd, request.data, request.len, MSG_NOSIGNAL) == (ssize_t)request.len);
	char *text = heard(fd, &answer), *end = strstr(text, "\r\n\r\n");
	require(end && sscanf(text, "HTTP/1.1 %d", &status) == 1);
	size_t i = 0;
	while (i < sizeof(fine) / sizeof(fine[0]) && fine[i] != status)
		i++;
	if (i == sizeof(fine) / sizeof(fine[0]))
		fprintf(stderr, "%s: %s\n", line, text);
	require(i < sizeof(fine) / sizeof(fine[0]));
	*end = '\0';
	if (strncmp(line, "HEAD ", 5) != 0)
		check_body(status, text, end + 4, answer.len - 1 - (size_t)(end + 4 - text));
	blob_free(&answer);
	blob_free(&request);
	return status;
}

/* What most requests are about. */
static void furnish(void)
{
	static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
				    "82,Tiền Giang,province,,1976-01-01,\n"
				    "815,Mỹ Tho,district,82,1976-01-01,\n"
				    "28001,Phường Một,commune,815,1976-01-01,\n";
	static const char catalogue[] =
		"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
		"carry,level,due_days,min,max\n"
		"visits,Lượt,Visits,visit,flow,sum,sum,day,desk,0,0,commune,1,0,\n";
	static const char office[] = "{\"code\": \"1\", \"name\": \"UBND\", \"unit\": \"28001\", "
				     "\"from\": \"2020-01-01\"}";
	require(ask("PUT /v1/units", "text/csv", units, strlen(units)) == 200);
	require(ask("PUT /v1/catalogue", "text/csv", catalogue, strlen(catalogue)) == 200);
	require(ask("POST /v1/offices", "application/json", office, strlen(office)) == 200);
}

/* Characters that would end the request's line or head are for libmicrohttpd's own tests. */
static bool is_line(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || (unsigned char)line[i] == 0x7f)
			return false;
	return len > 0;
}

/* It writes a file where the client says. */
static bool is_backup(const char *line)
{
	return strstr(line, "backup") != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const methods[] = { "GET /", "PUT /", "POST /", "HEAD /", "DELETE /" };
	char line[LINE_MAX_BYTES], *type;
	const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
	size_t line_len = end ? (size_t)(end - data) : len, i = 0;
	if (line_len >= sizeof(line) || len > BODY_MAX || !is_line((const char *)data, line_len))
		return 0;
	memcpy(line, data, line_len);
	line[line_len] = '\0';
	while (i < 5 && strncmp(line, methods[i], strlen(methods[i])) != 0)
		i++;
	if (i == 5 || is_backup(line))
		return 0;
	type = strchr(strchr(line, ' ') + 1, ' ');
	if (type)
		*type++ = '\0';
	if (!*province.folder)
		prepare();
	province.busy = true;
	if (province.inputs++ % REUSED == 0) {
		province_close();
		province_open();
		furnish();
	}
	(void)ask(line, type ? type : "application/json", end ? (const char *)end + 1 : "",
		  end ? len - line_len - 1 : 0);
	province.busy = false;
	return 0;
}

/* What an agent takes from the province: frames of any kind and order, over a line that was just
 * connected. Input: frames one after the other, each behind its length (2 bytes, least first).
 *
 * Whatever they say, the spool stays whole, no batch is acked that was never sealed, what people
 * are told is text, and the uplink can stop. */
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "fuzz/fuzz.h"
#include "uplink/dealer.h"
#include "uplink/uplink_internal.h" /* a frame must get in without a province that sends it */

#include <limits.h>
#include <unistd.h>
#include <zmq.h>

#define FRAMES_MAX 16u
#define REUSED     200u /* inputs that share a spool: making one takes longer than to try one */
#define DAY        20000
#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\nteam.count,To,Teams,team,stock,last,sum,day,,0,3,commune,2,0,\n"

static struct {
	char folder[64], path[PATH_MAX];
	uv_loop_t loop;
	void *zmq_context;
	struct worker *worker;
	struct spool *spool;
	struct identity identity;
	unsigned inputs;
} office;

static void spool_remove(void)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	char path[PATH_MAX + 16];
	spool_close(office.spool);
	office.spool = NULL;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", office.path, ends[i]); /* fits */
		(void)unlink(path); /* some were never there */
	}
}

static void leave(void)
{
	spool_remove();
	(void)rmdir(office.folder);
}

static void prepare(void)
{
	struct invitation invitation = { .address = "127.0.0.1:9", .office = "28249" };
	struct err err = { 0 };
	log_set_level(LOG_LEVEL_ERROR);
	require(civil_set_zone("Asia/Ho_Chi_Minh", &err) == 0);
	(void)snprintf(office.folder, sizeof(office.folder), "%s/lantoa-fuzz-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* fits */
	require(mkdtemp(office.folder));
	(void)snprintf(office.path, sizeof(office.path), "%s/spool.db", office.folder); /* fits */
	require(uv_loop_init(&office.loop) == 0);
	office.zmq_context = dealer_context();
	office.worker = worker_open(&office.loop);
	require(office.zmq_context && office.worker);
	memset(invitation.server_key, 9, sizeof(invitation.server_key));
	identity_make(&invitation, &office.identity);
	(void)atexit(leave);
}

/* Two figures that are sealed, and one that is not. */
static void furnish(void)
{
	struct spool_limits limits = { .bytes_max = 8 << 20, .keep_days = 35 };
	struct err err = { 0 };
	uint64_t last;
	bool more;
	if (office.spool && office.inputs++ % REUSED == 0)
		spool_remove();
	if (!office.spool)
		require(spool_open(office.path, &limits, &office.spool, NULL, &err) == 0);
	for (int32_t i = 0; i < 3; i++) {
		struct observation obs = { .metric = "team.count",
					   .labels = "",
					   .period = { .grain = GRAIN_DAY, .number = DAY + i },
					   .value_e = (int64_t)office.inputs };
		require(spool_record(office.spool, &obs, 1, NULL, &err) == 0);
		if (i < 2)
			require(spool_seal(office.spool, civil_now_us(), &last, &more, &err) == 0);
	}
}

static void settle(void)
{
	for (unsigned calm = 0; calm < 3;) { /* one job's end may begin the next */
		(void)uv_run(&office.loop, UV_RUN_NOWAIT);
		calm = worker_waiting(office.worker) > 0 ? 0 : calm + 1;
	}
}

static void check(const struct uplink *uplink)
{
	struct uplink_look look;
	struct spool_status status;
	struct err err = { 0 };
	uplink_look(uplink, &look);
	const char *const told[] = { look.state, look.trouble, look.refusal, look.office_name,
				     look.zone };
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		require(told[i] && utf8_printable(told[i], strlen(told[i])));
	require(spool_status(office.spool, &status, &err) == 0);
	require(status.acked_seq <= status.last_seq);
	require(spool_verify(office.spool, &err) == 0);
}

static void on_catalogue(void *context, struct catalogue *catalogue)
{
	(void)context;
	require(catalogue && catalogue->csv_len > 0);
	catalogue_close(catalogue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct protocol_timing timing = { 60000, 60000, 60000, 60000, 60000, 60000,
						       60000, 60000, 60000, 60000, 60000, 60000 };
	struct uplink_config config = { .zmq_context = NULL,
					.push_interval_s = 3600,
					.seal_soon_ms = 3600000,
					.reconnect_min_ms = 60000,
					.reconnect_max_ms = 60000,
					.timing = &timing,
					.on_catalogue = on_catalogue };
	struct uplink *uplink;
	struct err err = { 0 };
	if (!office.worker)
		prepare();
	furnish();
	config.identity = &office.identity;
	config.spool = office.spool;
	config.worker = office.worker;
	config.zmq_context = office.zmq_context;
	require(uplink_start(&office.loop, &config, &uplink, &err) == 0);
	uplink_tell(uplink, (struct protocol_event){ .type = PROTOCOL_CONNECTED });
	for (unsigned n = 0; n < FRAMES_MAX && len >= 2; n++) {
		size_t frame_len = (size_t)data[0] | (size_t)data[1] << 8;
		data += 2;
		len -= 2;
		frame_len = frame_len < len ? frame_len : len;
		uplink_take_frame(uplink, data, frame_len);
		settle();
		data += frame_len;
		len -= frame_len;
	}
	check(uplink);
	uplink_stop(uplink, NULL, NULL);
	require(uv_run(&office.loop, UV_RUN_DEFAULT) == 0);
	return 0;
}

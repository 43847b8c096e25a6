/* lantoa-aggregator [--config FILE] [--check | --restore FILE]: the province's daemon, in the
 * foreground. */
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/sys/options.h"
#include "common/sys/signals.h"
#include "server/config.h"
#include "server/restore.h"
#include "server/server.h"
#include "store/store.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define THREADS_BESIDE 2u /* the store: backups, and memory that is given back */

struct process {
	uv_loop_t loop;
	struct signals signals;
	struct server *server;
	const char *config_path;
	bool stopping;
};

/* The signals stay watched to the end, but hold the loop no longer. */
static void stop(struct process *process)
{
	process->stopping = true;
	signals_unref(&process->signals);
	server_stop(process->server);
}

static void on_signal(void *context, int number)
{
	struct process *process = context;
	if (process->stopping)
		return;
	if (number == SIGHUP) {
		server_reload(process->server, process->config_path);
		return;
	}
	log_info("server: stopping signal=%d", number);
	stop(process);
}

static int serve(struct process *process, struct config *config, struct err *err)
{
	int rc = server_start(&process->loop, config, &process->server, err);
	if (rc == 0 &&
	    (rc = signals_watch(&process->signals, &process->loop, on_signal, process)) < 0) {
		err_system(err, rc, "watch for signals");
		stop(process);
	}
	if (rc < 0)
		log_error("server: not started cause=\"%s\"", err->text);
	else
		server_tell_ready(process->server);
	(void)uv_run(&process->loop,
		     UV_RUN_DEFAULT); /* also closes what a failed start had opened */
	signals_close(&process->signals);
	(void)uv_run(&process->loop, UV_RUN_DEFAULT); /* until those are closed, too */
	return rc;
}

/* libuv's pool has four unless it is told before it first works: eight readers that answer long
 * questions would leave none to commit with. Whoever set the variable wanted it so. */
static void threads_ask_for(const struct config *config)
{
	char n[16];
	(void)snprintf(n, sizeof(n), "%u",
		       store_threads(config->readers) + THREADS_BESIDE); /* fits */
	(void)setenv("UV_THREADPOOL_SIZE", n, 0); /* without memory it has four */
}

static int run(struct config *config, const char *config_path)
{
	i18n_serve(NULL);
	(void)signal(SIGHUP,
		     SIG_IGN); /* until it is watched: so early there is nothing newer to read */
	threads_ask_for(config);
	memory_share();
	struct process process = { .config_path = config_path };
	struct err err = { 0 };
	int rc = uv_loop_init(&process.loop);
	if (rc < 0) {
		err_system(&err, rc, "make an event loop");
		log_error("server: not started cause=\"%s\"", err.text);
		return 1;
	}
	rc = serve(&process, config, &err);
	if (uv_loop_close(&process.loop) < 0) {
		log_error("server: a handle was left open");
		return 1;
	}
	return rc < 0 ? 1 : 0;
}

static int restore(const struct config *config, const char *backup)
{
	struct err err = { 0 };
	if (restore_run(config, backup, stdout, &err) == 0)
		return 0;
	fprintf(stderr, "lantoa-aggregator: %s\n", err.text);
	return 1;
}

static void usage(FILE *out)
{
	fprintf(out,
		_("usage: lantoa-aggregator [--config FILE] [--check | --restore FILE]\n"
		  "  --config FILE  configuration (%s)\n"
		  "  --check        read the configuration, say whether it is right, and end\n"
		  "  --restore FILE put the province back from a backup, and end\n"
		  "  --document     print every key of the configuration, and end\n"
		  "  --version      print the version, and end\n"),
		CONFIG_PATH);
}

int main(int argc, char **argv)
{
	static const struct option_row known[] = {
		{ .name = "config", .value = "FILE" },
		{ .name = "check" },
		{ .name = "restore", .value = "FILE" },
		{ .name = "document" },
		{ .name = "version" },
		{ .name = "help" },
		{ 0 },
	};
	struct options options;
	struct err err = { 0 };
	i18n_init(NULL);
	if (options_take(argc, argv, known, OPTIONS_ANYWHERE, &options, &err) < 0)
		return fprintf(stderr, "lantoa-aggregator: %s\n", err.text), usage(stderr), 2;
	if (options_value(&options, "document"))
		return config_document(stdout), 0;
	if (options_value(&options, "version"))
		return puts("lantoa-aggregator " LANTOA_VERSION), 0;
	if (options_value(&options, "help"))
		return usage(stdout), 0;
	if (options.n_operands > 0)
		return usage(stderr), 2;
	const char *path = options_value(&options, "config");
	const char *backup = options_value(&options, "restore");
	struct config config;
	if (config_read(path, &config, &err) < 0 || config_apply(&config, &err) < 0) {
		fprintf(stderr, "lantoa-aggregator: %s\n", err.text);
		return 1;
	}
	int rc = options_value(&options, "check") ? (puts(_("the configuration is right")), 0)
		 : backup                         ? restore(&config, backup)
						  : run(&config, path);
	config_free(&config);
	return rc;
}

/* lantoa-web [--config FILE] [--check]: what people and programs reach of a province over the
 * network, in the foreground. */
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/sys/options.h"
#include "common/sys/signals.h"
#include "web/web_config.h"
#include "web/web_server.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <uv.h>

struct process {
	uv_loop_t loop;
	struct signals signals;
	struct web *web;
	const char *config_path;
	bool stopping;
};

static void stop(struct process *process)
{
	process->stopping = true;
	signals_unref(&process->signals);
	web_stop(process->web);
}

static void on_signal(void *context, int number)
{
	struct process *process = context;

	if (process->stopping)
		return;
	if (number == SIGHUP) {
		web_reload(process->web, process->config_path);
		return;
	}
	log_info("web: stopping signal=%d", number);
	stop(process);
}

static int serve(struct process *process, struct web_config *config, struct err *err)
{
	int rc = web_start(&process->loop, config, &process->web, err);

	if (rc == 0 &&
	    (rc = signals_watch(&process->signals, &process->loop, on_signal, process)) < 0) {
		(void)err_system(err, rc, "watch for signals");
		stop(process);
	}
	if (rc < 0)
		log_error("web: not started cause=\"%s\"", err->text);
	else
		web_tell_ready(process->web);
	(void)uv_run(&process->loop, UV_RUN_DEFAULT); /* also closes what a failed start opened */
	signals_close(&process->signals);
	(void)uv_run(&process->loop, UV_RUN_DEFAULT); /* until those are closed, too */
	return rc;
}

static int run(struct web_config *config, const char *config_path)
{
	struct process process = { .config_path = config_path };
	struct err err = { 0 };
	int rc = uv_loop_init(&process.loop);

	i18n_serve(NULL);
	(void)signal(SIGHUP, SIG_IGN);  /* until it is watched */
	(void)signal(SIGPIPE, SIG_IGN); /* TLS writes to whoever hung up */
	if (rc < 0) {
		(void)err_system(&err, rc, "make an event loop");
		log_error("web: not started cause=\"%s\"", err.text);
		return 1;
	}
	rc = serve(&process, config, &err);
	if (uv_loop_close(&process.loop) < 0) {
		log_error("web: a handle was left open");
		return 1;
	}
	return rc < 0 ? 1 : 0;
}

static int check(const struct web_config *config)
{
	struct err err;

	if (web_check(config, &err) < 0)
		return fprintf(stderr, "lantoa-web: %s\n", err.text), 1;
	puts(_("the configuration is right"));
	return 0;
}

static void usage(FILE *out)
{
	fprintf(out,
		_("usage: lantoa-web [--config FILE] [--check]\n"
		  "  --config FILE  configuration (%s)\n"
		  "  --check        read the configuration, say whether it is right, and end\n"
		  "  --document     print every key of the configuration, and end\n"
		  "  --version      print the version, and end\n"),
		WEB_CONFIG_PATH);
}

int main(int argc, char **argv)
{
	static const struct option_row known[] = {
		{ .name = "config", .value = "FILE" },
		{ .name = "check" },
		{ .name = "document" },
		{ .name = "version" },
		{ .name = "help" },
		{ 0 },
	};
	struct web_config config;
	struct options options;
	struct err err = { 0 };

	i18n_init(NULL);
	if (options_take(argc, argv, known, OPTIONS_ANYWHERE, &options, &err) < 0)
		return fprintf(stderr, "lantoa-web: %s\n", err.text), usage(stderr), 2;
	if (options_value(&options, "document"))
		return web_config_document(stdout), 0;
	if (options_value(&options, "version"))
		return puts("lantoa-web " LANTOA_VERSION), 0;
	if (options_value(&options, "help"))
		return usage(stdout), 0;
	if (options.n_operands > 0)
		return usage(stderr), 2;
	const char *path = options_value(&options, "config");
	if (web_config_read(path, &config, &err) < 0) {
		fprintf(stderr, "lantoa-web: %s\n", err.text);
		return 1;
	}
	if (web_config_begin(&config, &err) < 0) {
		fprintf(stderr, "lantoa-web: %s\n", err.text);
		web_config_free(&config);
		return 1;
	}
	int rc = options_value(&options, "check") ? check(&config) : run(&config, path);
	web_config_free(&config);
	return rc;
}

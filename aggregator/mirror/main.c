/* lantoa-mirror [--config FILE] [status | verify]: a province's figures in PostgreSQL. Without a
 * word it follows the province, in the foreground. */
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/sys/options.h"
#include "mirror/mirror_config.h"
#include "mirror/mirror_follow.h"
#include "mirror/mirror_status.h"
#include "mirror/mirror_verify.h"
#include "mirror/postgres.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define LAG_MAX 1000 /* positions: more is not well */
/* What no restart mends: the unit does not restart it then. */
#define STATUS_FOR_A_PERSON 3

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static bool is_over(void *no)
{
	(void)no;
	return ended;
}

static int complain(const struct err *err, int status)
{
	fprintf(stderr, "lantoa-mirror: %s\n", err->text);
	return status;
}

static int follow(const struct mirror_config *config, bool once)
{
	const struct mirror_follow_form form = { config, once, is_over };
	struct err err = { 0 };
	struct sigaction action = { .sa_handler = on_signal };
	(void)sigaction(SIGTERM, &action, NULL); /* these cannot fail */
	(void)sigaction(SIGINT, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (!once)
		i18n_serve(NULL);
	int rc = mirror_follow(&form, &err);
	if (rc == 0)
		return 0;
	if (once)
		return complain(&err, 1);
	log_error("mirror: stopped cause=\"%s\"", err.text);
	return rc == -ESTALE || rc == -EPROTO || rc == -EUCLEAN ? STATUS_FOR_A_PERSON : 1;
}

static int status(const struct mirror_config *config)
{
	struct err err = { 0 };
	bool well = false;
	if (mirror_status(config, LAG_MAX, &well, &err) < 0)
		return complain(&err, 1);
	return well ? 0 : 1;
}

static int verify(const struct mirror_config *config)
{
	struct mirror_verified verified = { 0 };
	struct err err = { 0 };
	if (mirror_verify(config, &verified, &err) < 0)
		return complain(&err, 1);
	if (verified.differences > 0)
		printf(_("%lld differences\n"), (long long)verified.differences);
	else
		printf(_("position %lld: %lld figures by office and period, the same on both "
			 "sides\n"),
		       (long long)verified.position, (long long)verified.figures);
	return verified.differences > 0 ? 1 : 0;
}

static int begin_anew(const struct mirror_config *config)
{
	struct err err = { 0 };
	struct postgres *pg = NULL;
	int rc = postgres_open(config->database, &pg, &err);
	if (rc == 0)
		rc = postgres_look(pg, &err);
	if (rc == 0)
		rc = postgres_forget(pg, config->province, &err);
	postgres_close(pg);
	if (rc < 0)
		return complain(&err, 1);
	printf(_("what PostgreSQL had of province %s is gone; lantoa-mirror fills it anew\n"),
	       config->province);
	return 0;
}

static void usage(FILE *out)
{
	fprintf(out,
		_("usage: lantoa-mirror [--config FILE] [--once|--begin-anew|--citus|--document] "
		  "[COMMAND]\n"
		  "Without a command it follows the province, and goes on.\n"
		  "  status\n"
		  "      print how far PostgreSQL is; ends with 1 when that is not well\n"
		  "  verify\n"
		  "      compare both sides to the last digit; ends with 1 when they differ\n"
		  "\n"
		  "  --config FILE  configuration (%s)\n"
		  "  --once         end when all of the ledger is in PostgreSQL\n"
		  "  --begin-anew   take away what PostgreSQL has of this province, and end\n"
		  "  --citus        print what distributes the tables over a Citus cluster, and "
		  "end\n"
		  "  --document     print every key of the configuration, and end\n"
		  "  --version      print the version, and end\n"),
		MIRROR_CONFIG_PATH);
}

static int run(const struct options *options, const struct mirror_config *config)
{
	const char *word = options->n_operands == 1 ? options->operands[0] : "";
	int rc;
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	if (options_value(options, "begin-anew"))
		rc = begin_anew(config);
	else if (strcmp(word, "status") == 0)
		rc = status(config);
	else if (strcmp(word, "verify") == 0)
		rc = verify(config);
	else
		rc = follow(config, options_value(options, "once") != NULL);
	curl_global_cleanup();
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option_row known[] = {
		{ .name = "config", .value = "FILE" },
		{ .name = "once" },
		{ .name = "begin-anew" },
		{ .name = "citus" },
		{ .name = "document" },
		{ .name = "version" },
		{ .name = "help" },
		{ 0 },
	};
	struct mirror_config config;
	struct options options;
	struct err err = { 0 };

	i18n_init(NULL);
	if (options_take(argc, argv, known, OPTIONS_ANYWHERE, &options, &err) < 0)
		return complain(&err, 2), usage(stderr), 2;
	if (options_value(&options, "document"))
		return mirror_config_document(stdout), 0;
	if (options_value(&options, "version"))
		return puts("lantoa-mirror " LANTOA_VERSION), 0;
	if (options_value(&options, "help"))
		return usage(stdout), 0;
	if (options_value(&options, "citus"))
		return fputs(postgres_citus, stdout), 0;
	const char *word = options.n_operands > 0 ? options.operands[0] : "status";
	if (options.n_operands > 1 || (strcmp(word, "status") != 0 && strcmp(word, "verify") != 0))
		return usage(stderr), 2;
	if (mirror_config_read(options_value(&options, "config"), &config, &err) < 0)
		return complain(&err, STATUS_FOR_A_PERSON);
	int rc = run(&options, &config);
	mirror_config_free(&config);
	return rc;
}

#include "cli/cmd_setup.h"

#include "cli/args.h"
#include "cli/output.h"
#include "cli/upload.h"
#include "common/base/i18n.h"
#include "common/base/installed.h"
#include "common/text/near_name.h"
#include "feed/client.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Each needs those before it. */
static const struct part {
	const char *file, *path;
	bool counted;  /* the answer is how many rows changed, not only whether any did */
	bool optional; /* a folder may lack it; what is in force stays then */
} parts[] = {
	{ "units.csv", "/v1/units", true, false },
	{ "successors.csv", "/v1/successors", true, false },
	{ "catalogue.csv", "/v1/catalogue", false, false },
	{ "indicators.csv", "/v1/indicators", false, false },
	{ "dimensions.csv", "/v1/dimensions", false, true },
	{ "rules.csv", "/v1/rules", false, true },
	{ "calendar.csv", "/v1/calendar", false, true },
	{ "tilegrid.csv", "/v1/maps", true, true },
};
#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

struct setup {
	const struct order *order;
	char folder[PATH_MAX];
	struct blob files[N_PARTS];
	bool there[N_PARTS];
	struct table *table; /* of what changed, for other programs */
};

/* --- which folder --- */

static bool has_units(const char *folder, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s/units.csv", folder, name) < PATH_MAX &&
	       access(path, F_OK) == 0;
}

/* The names of all provinces, each after a blank; "" when there is none. */
static void names_list(const char *share, char *ret_names, size_t room)
{
	DIR *folder = opendir(share);
	const struct dirent *entry;
	size_t len = 0;

	*ret_names = '\0';
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.' && has_units(share, entry->d_name) && len < room)
			len += (size_t)snprintf(ret_names + len, room - len, " %s", entry->d_name);
	if (folder)
		(void)closedir(folder); /* it was only read */
}

static int list(const char *share, struct err *err)
{
	char names[1024];

	names_list(share, names, sizeof(names));
	if (!*names)
		return err_set(err, -ENOENT,
			       "no reference data are installed in %s; give a folder that holds "
			       "units.csv, successors.csv, catalogue.csv and indicators.csv: "
			       "lantoa setup ./FOLDER",
			       share);
	printf(_("Reference data are there for:%s\n"), names);
	return 0;
}

static int folder_find(struct setup *setup, const char *name, const char *share, struct err *err)
{
	char names[1024];

	if (strchr(name, '/')) {
		(void)snprintf(setup->folder, PATH_MAX, "%s", name);
		return 0;
	}
	if (snprintf(setup->folder, PATH_MAX, "%s/%s", share, name) < PATH_MAX &&
	    has_units(share, name))
		return 0;
	names_list(share, names, sizeof(names));
	(void)err_set(err, -ENOENT,
		      "there are no reference data '%s' in %s; there are:%s. A folder of yours is "
		      "given with a slash: ./%s",
		      name, share, *names ? names : " -", name);
	return near_words_hint(err, names, name);
}

/* --- what is in it --- */

static int files_read(struct setup *setup, struct err *err)
{
	char path[PATH_MAX + 16];
	int rc = 0;

	for (size_t i = 0; i < N_PARTS && rc == 0; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", setup->folder, parts[i].file);
		setup->there[i] = !parts[i].optional || access(path, F_OK) == 0;
		rc = setup->there[i] ? upload_read(path, &setup->files[i], err) : 0;
	}
	return rc < 0 ? err_wrap(err, "nothing was changed") : 0;
}

/* parts[@n] was not taken. */
static int stopped_at(size_t n, struct err *err)
{
	char done[128] = "";
	size_t len = 0;

	if (n == 0)
		return err_wrap(err, "%s was not taken, and nothing was changed", parts[0].file);
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(done + len, sizeof(done) - len, "%s%s", i ? ", " : "",
					parts[i].file); /* fits */
	return err_wrap(err,
			"%s was not taken, while %s are in. Mend the cause and run the same "
			"command again, which changes nothing twice",
			parts[n].file, done);
}

static void tell(const struct setup *setup, const struct part *part, uint64_t changed)
{
	table_row(setup->table);
	table_text(setup->table, part->file);
	table_int(setup->table, (int64_t)changed);
	if (setup->order->format != FORMAT_TABLE)
		return;
	if (changed == 0)
		printf(_("%s: nothing to change\n"), part->file);
	else if (part->counted)
		printf(_("%s: %llu rows changed\n"), part->file, (unsigned long long)changed);
	else
		printf(_("%s: imported\n"), part->file);
}

static int take_all(const struct setup *setup, struct err *err)
{
	for (size_t i = 0; i < N_PARTS; i++) {
		uint64_t changed = 0;
		if (!setup->there[i])
			continue;
		const struct argument yes = { "yes",
					      args_option(setup->order->args, "yes") ? "1" : NULL };
		int rc = upload_send(setup->order->api,
				     (struct request){ .method = "PUT",
						       .path = parts[i].path,
						       .arguments = &yes,
						       .n_arguments = 1 },
				     &setup->files[i], &changed, err);

		if (rc < 0)
			return stopped_at(i, err);
		tell(setup, &parts[i], changed);
	}
	return 0;
}

/* What each would change, as the province is now: a part that needs one before it, which is not in,
 * cannot be told. */
static int try_all(const struct setup *setup, struct err *err)
{
	static const struct argument trial = { "dry_run", "1" };
	int rc = 0;

	for (size_t i = 0; i < N_PARTS && rc == 0; i++) {
		const struct request request = { .method = "PUT",
						 .path = parts[i].path,
						 .arguments = &trial,
						 .n_arguments = 1,
						 .accept = "application/json",
						 .type = "text/csv",
						 .body = setup->files[i].data,
						 .body_len = setup->files[i].len };
		struct blob answer = { 0 };

		if (!setup->there[i])
			continue;
		rc = client_ask(setup->order->api, &request, &answer, err);
		if (rc < 0 && i > 0)
			(void)err_wrap(err, "%s may need what comes before it to be imported",
				       parts[i].file);
		if (rc == 0 && setup->order->format == FORMAT_TABLE)
			printf("%s%s:\n", i ? "\n" : "", parts[i].file);
		if (rc == 0)
			rc = output_report(setup->order, &answer, err);
		blob_free(&answer);
	}
	return rc;
}

static int conclude(const struct setup *setup, struct err *err)
{
	if (setup->order->format != FORMAT_TABLE)
		return output_table(setup->order, setup->table, err);
	printf(_(
		"Next: set [gate] address in aggregator.conf, the name or address by which offices "
		"reach this machine, then\n"
		"  systemctl reload lantoa-aggregator\n"
		"  lantoa office import offices.csv --invite FOLDER\n"));
	return 0;
}

static int take_folder(struct setup *setup, struct err *err)
{
	static const char *const columns[] = { "file", "changed" };
	bool trial = args_option(setup->order->args, "dry-run");
	int rc = files_read(setup, err);

	setup->table = table_open(columns, 2);
	if (rc == 0 && !setup->table)
		rc = err_memory(err);
	if (rc == 0)
		rc = trial ? try_all(setup, err) : take_all(setup, err);
	if (rc == 0 && !trial)
		rc = conclude(setup, err);
	table_close(setup->table);
	for (size_t i = 0; i < N_PARTS; i++)
		blob_free(&setup->files[i]);
	return rc;
}

int cmd_setup_run(const struct order *order, struct err *err)
{
	struct setup setup = { .order = order };
	char share[PATH_MAX];
	int rc;

	if (!installed_share("lantoa", share))
		(void)snprintf(share, sizeof(share), "%s", LANTOA_DATADIR);
	if (order->args->n_words == 0)
		return list(share, err);
	rc = folder_find(&setup, order->args->words[0], share, err);
	return rc == 0 ? take_folder(&setup, err) : rc;
}

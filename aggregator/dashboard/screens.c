#include "dashboard/screens.h"

#include "common/base/i18n.h"
#include "dashboard/alert_rows.h"
#include "dashboard/calls.h"
#include "dashboard/change_screen.h"
#include "dashboard/closed_screen.h"
#include "dashboard/explained.h"
#include "dashboard/figure.h"
#include "dashboard/office.h"
#include "dashboard/overview.h"
#include "dashboard/pivot_screen.h"
#include "dashboard/publications_screen.h"
#include "dashboard/quality_screen.h"
#include "dashboard/quarantine_screen.h"
#include "dashboard/report.h"
#include "dashboard/tables_screen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* In the order of the navigation. */
const struct screen screens[] = {
	{ "/", N_("Overview"), READER_VIEWER, "", overview_write },
	{ "/figure", N_("Figures"), READER_VIEWER, "name by_label versus sort top period",
	  figure_write },
	{ "/offices", N_("Offices"), READER_VIEWER, "silent late behind heard", calls_write },
	{ "/offices/", NULL, READER_VIEWER, "", office_write },
	{ "/report", NULL, READER_VIEWER, "name office period", report_write },
	{ "/explain", NULL, READER_VIEWER, "name office period after", explained_write },
	{ "/alerts", N_("Alerts"), READER_VIEWER, "state office", alerts_write },
	{ "/pivot", N_("Side by side"), READER_VIEWER, "name by_label versus total sort top metric",
	  pivot_write },
	{ "/quality", N_("Quality"), READER_VIEWER, "office metric top", quality_write },
	{ "/quarantine", N_("Quarantine"), READER_VIEWER, "before", quarantine_write },
	{ "/closed", N_("Closed periods"), READER_VIEWER, "", closed_write },
	{ "/publications", N_("Publications"), READER_VIEWER, "", publications_write },
	{ "/change", NULL, READER_VIEWER, "", change_write },
	{ "/tables", N_("Tables"), READER_ADMIN, "", tables_write },
};
const size_t n_screens = sizeof(screens) / sizeof(screens[0]);

const struct screen *screens_find(const char *path)
{
	return screen_find(screens, n_screens, path);
}

static bool takes(const struct screen *screen, const char *name)
{
	char word[80], words[1024];

	(void)snprintf(word, sizeof(word), " %s ", name); /* fits, as below: words of ours */
	(void)snprintf(words, sizeof(words), " %s ", screen->takes);
	return view_is_kept(name) || strstr(words, word);
}

int screens_read(const char *target, struct view *ret_view, const struct screen **ret_screen,
		 struct err *err)
{
	size_t len = strcspn(target, "?"), at = 0;
	const struct screen *screen = NULL;
	const char *name, *value;
	char path[VIEW_PATH_MAX];
	struct view view;

	/* No page is there, whatever is asked of it. */
	if (len < sizeof(path)) {
		memcpy(path, target, len);
		path[len] = '\0';
		screen = screens_find(path);
	}
	if (!screen)
		return err_set(err, -ENOENT, "there is no such path");
	if (view_read(target, &view, err) < 0)
		return err->code;
	while (view_next(&view, &at, &name, &value))
		if (!takes(screen, name))
			return err_set(err, -EINVAL, "this page has no use for '%s'; leave it out",
				       name);
	*ret_view = view;
	*ret_screen = screen;
	return 0;
}

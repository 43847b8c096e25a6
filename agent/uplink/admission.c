/* The daemon's way:
 * 1. There is a key, or no credential: nothing to do.
 * 2. systemd hears READY=1. A loop begins that has one job at a time on the worker, the attempt,
 * and two timers: the watchdog's, and the pause between attempts.
 * 3. The attempt opens the spool, enrols and closes it, so that between attempts commands have
 * their turn; one of them may enrol by hand meanwhile, which the next attempt finds done.
 * 4. Enrolled: the handles close and the loop ends. Otherwise the cause is logged when it is
 * another than before, systemd is told, and after a pause comes the next attempt. */
#include "uplink/admission.h"

#include "common/base/backoff.h"
#include "common/base/container.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/sys/notify.h"
#include "common/sys/worker.h"
#include "office/identity.h"
#include "office/state.h"
#include "uplink/enrol.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONGEST 10u /* times reconnect_max_ms, as for a lost connection */

/* --- reading --- */

static int fd_read(int fd, const char *name, char text[INVITATION_TEXT_MAX], struct err *err)
{
	size_t len = 0;
	ssize_t n;
	while ((n = read(fd, text + len, INVITATION_TEXT_MAX - len)) > 0)
		if ((len += (size_t)n) == INVITATION_TEXT_MAX)
			return err_set(err, -EINVAL, "%s: is too long for an invitation", name);
	if (n < 0)
		return err_system(err, -errno, name);
	text[len] = '\0';
	return 0;
}

/* Its mode is not looked at: systemd's credentials and USB sticks have modes of their own. */
static int text_read(const char *path, char text[INVITATION_TEXT_MAX], struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_system(err, -errno, path);
	int rc = fd_read(fd, path, text, err);
	(void)close(fd); /* opened for reading */
	return rc;
}

int admission_read(const char *source, struct invitation *ret_invitation, struct err *err)
{
	char text[INVITATION_TEXT_MAX];
	if (strstr(source, "://") || strchr(source, '#')) /* misspelt, it is still no file's name */
		return invitation_parse(source, ret_invitation, err);
	int rc = strcmp(source, "-") == 0 ? fd_read(STDIN_FILENO, source, text, err)
					  : text_read(source, text, err);
	if (rc == 0 && (rc = invitation_parse(text, ret_invitation, err)) < 0)
		rc = err_wrap(err, "%s", source);
	explicit_bzero(text, sizeof(text));
	return rc;
}

/* --- enrolling --- */

int admission_once(const struct settings *settings, const struct invitation *invitation,
		   struct err *err)
{
	struct spool *spool;
	char unit[SETTINGS_UNIT_MAX];
	if (*settings->office && strcmp(settings->office, invitation->office) != 0)
		return err_set(err, -EINVAL,
			       "the invitation is for office %s, and this place is for office %s; "
			       "give it the invitation of its own office",
			       invitation->office, settings->office);
	int rc = state_spool_open(settings, &spool, NULL, err);
	if (rc == -EBUSY)
		return err_set(
			err, rc,
			"the agent is running, or enrols just now by an invitation that was "
			"laid ready for it; stop it (systemctl stop %s), run this command again, "
			"and start it",
			settings_unit(settings, unit));
	if (rc < 0)
		return rc;
	rc = enrol(settings, spool, invitation, err);
	spool_close(spool);
	return rc;
}

uint64_t admission_pause_ms(const struct settings *settings, unsigned attempt, bool hopeless,
			    uint64_t dice)
{
	uint64_t longest = (uint64_t)LONGEST * settings->reconnect_max_ms;
	return backoff_ms(hopeless ? longest : settings->reconnect_min_ms, longest, attempt, dice);
}

/* --- the daemon's way --- */

struct admission {
	const struct settings *settings;
	char text[INVITATION_TEXT_MAX];
	uv_loop_t loop;
	struct worker *worker;
	uv_timer_t watchdog, pause;
	struct job attempt;
	struct err err;    /* of the last attempt; code 0: enrolled */
	unsigned failures; /* so far */
	int told;          /* the code that was logged last */
};

static bool has_key(const struct settings *settings)
{
	char path[PATH_MAX];
	struct err ignored; /* who reads the key will tell */
	return settings_path(settings, IDENTITY_FILE, path, &ignored) == 0 &&
	       access(path, F_OK) == 0;
}

static void work_attempt(struct job *job)
{
	struct admission *admission = container_of(job, struct admission, attempt);
	struct invitation invitation;
	admission->err = (struct err){ 0 };
	if (has_key(admission->settings))
		return;
	if (invitation_parse(admission->text, &invitation, &admission->err) == 0)
		(void)admission_once(admission->settings, &invitation,
				     &admission->err); /* err has its code */
	explicit_bzero(&invitation, sizeof(invitation));
}

/* What the person who looks after the machine is told; enrol() speaks to one at the keyboard. */
static const char *cause(const struct err *err)
{
	switch (err->code) {
	case -ETIMEDOUT:
		return "the province does not answer; check the network, the invitation's address "
		       "and the firewall";
	case -EACCES:
		return "the province refuses the invitation: it was used, replaced or revoked; ask "
		       "for a new one, lay it in its place and restart the agent";
	case -EBUSY:
		return "a command holds the spool";
	default:
		return err->text;
	}
}

static void tell_failure(struct admission *admission, uint64_t pause_ms)
{
	char status[512];
	const char *text = cause(&admission->err);
	(void)utf8_print(status, sizeof(status), "STATUS=not enrolled: %s", text); /* cut is fine */
	(void)utf8_clean(status, ""); /* another line would be another word to systemd */
	notify(status);
	if (admission->err.code != admission->told)
		log_warn("agent: not enrolled, goes on trying next_ms=%llu cause=\"%s\"",
			 (unsigned long long)pause_ms, text);
	admission->told = admission->err.code;
}

static void on_pause_over(uv_timer_t *timer)
{
	struct admission *admission = timer->data;
	worker_submit(admission->worker, &admission->attempt);
}

static void done_attempt(struct job *job)
{
	struct admission *admission = container_of(job, struct admission, attempt);
	int code = admission->err.code;
	if (code == 0) {
		log_debug("admission: asking + enrolled -> over failures=%u", admission->failures);
		uv_close((uv_handle_t *)&admission->pause, NULL);
		uv_close((uv_handle_t *)&admission->watchdog, NULL);
		return;
	}
	uint64_t dice;
	randombytes_buf(&dice, sizeof(dice));
	uint64_t pause_ms = admission_pause_ms(admission->settings, admission->failures++,
					       code == -EACCES || code == -EINVAL, dice);
	log_debug("admission: asking + failed -> pausing wait_ms=%llu failures=%u code=%d",
		  (unsigned long long)pause_ms, admission->failures, code);
	tell_failure(admission, pause_ms);
	(void)uv_timer_start(&admission->pause, on_pause_over, pause_ms, 0); /* not closing */
}

/* That the loop turns is all it says: an attempt may wait for the network for minutes. */
static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	notify("WATCHDOG=1");
}

static void start_handles(struct admission *admission)
{
	uint64_t every_ms = notify_watchdog_ms();
	(void)uv_timer_init(&admission->loop, &admission->pause);    /* cannot fail */
	(void)uv_timer_init(&admission->loop, &admission->watchdog); /* nor this */
	admission->pause.data = admission;
	if (every_ms > 0)
		(void)uv_timer_start(&admission->watchdog, on_watchdog, 0,
				     every_ms); /* not closing */
}

static int serve(struct admission *admission, struct err *err)
{
	int rc = uv_loop_init(&admission->loop);
	if (rc < 0)
		return err_set(err, rc, "event loop: %s", uv_strerror(rc));
	admission->worker = worker_open(&admission->loop);
	if (admission->worker) {
		start_handles(admission);
		(void)signal(SIGHUP, SIG_IGN); /* the agent's own handler comes later */
		log_info("agent: enrolling with the invitation that was laid ready");
		notify("READY=1\nSTATUS=not enrolled: asking the province");
		worker_submit(admission->worker, &admission->attempt);
	} else {
		rc = err_memory(err);
	}
	(void)uv_run(&admission->loop, UV_RUN_DEFAULT); /* 0: nothing is left */
	worker_close(admission->worker);
	int closed = uv_loop_close(&admission->loop);
	assert(closed == 0);
	(void)closed; /* without assertions */
	return rc;
}

/* 1: there is one. 0: none. */
static int credential_read(char text[INVITATION_TEXT_MAX], struct err *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];
	if (!folder || snprintf(path, sizeof(path), "%s/invitation", folder) >= PATH_MAX)
		return 0;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	int rc = text_read(path, text, err);
	return rc < 0 ? rc : text[strspn(text, " \t\r\n")] != '\0';
}

int admission_serve(const struct settings *settings, struct err *err)
{
	struct admission admission = { .settings = settings,
				       .attempt = { .work = work_attempt, .done = done_attempt } };
	if (has_key(settings))
		return 0;
	int rc = credential_read(admission.text, err);
	if (rc == 1)
		rc = serve(&admission, err);
	explicit_bzero(admission.text, sizeof(admission.text));
	return rc;
}

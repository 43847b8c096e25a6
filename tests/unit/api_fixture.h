/* A store and its api on a unix socket in a folder of their own, with the reference data of the
 * repository to import. One thread: whoever waits for an answer turns the loop. */
#pragma once

#include "api/api.h"
#include "common/model/civil.h"
#include "common/net/http.h"
#include "schema/chain.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct api_fixture {
	uv_loop_t loop;
	struct store *store;
	struct key_list *key_list;
	struct api *api;
	struct gate_counters gate;
	struct intake_counters intake;
	char dir[32], socket[64], database[64];
	char address[64]; /* that invitations carry; a test may empty it */
	int64_t began;    /* the ledger's position while nobody has done anything */
	struct err err;
};

static const uint8_t fixture_server_key[KEY_LEN] = { 1, 2, 3 },
		     fixture_secret_key[KEY_LEN] = { 4, 5, 6 };

static struct api_fixture *api_fixture_open(void)
{
	struct api_fixture *f = calloc(1, sizeof(*f));
	int fd = -1;

	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	strcpy(f->dir, "/tmp/lantoa-api-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->socket, sizeof(f->socket), "%s/s", f->dir);
	(void)snprintf(f->database, sizeof(f->database), "%s/db", f->dir);
	f->key_list = key_list_open();
	assert_non_null(f->key_list);
	if (store_open(&f->loop, f->database, 2, &f->store, &f->err) < 0)
		fail_msg("%s", f->err.text);
	struct ledger_head head;
	assert_int_equal(ledger_head(store_writer(f->store), &head, &f->err), 0);
	f->began = ledger_position(&head);
	f->gate.handshakes = 176;
	strcpy(f->address, "province.example:5670");
	static const uint32_t invitation_days = 7;
	static const struct role_groups groups = { "lantoa-viewer", "lantoa", "lantoa-web",
						   NO_ID,           NO_ID,    NO_ID };
	const struct api_config config = { .store = f->store,
					   .groups = &groups,
					   .invitation_days = &invitation_days,
					   .key_list = f->key_list,
					   .server_key = fixture_server_key,
					   .secret_key = fixture_secret_key,
					   .address = f->address,
					   .gate = &f->gate,
					   .intake = &f->intake };
	assert_int_equal(http_listen_unix(f->socket, 0600, &fd, &f->err), 0);
	assert_int_equal(api_start(&f->loop, fd, &config, &f->api, &f->err), 0);
	while (store_waiting(f->store) > 0) /* it looks whether a change is under way */
		uv_run(&f->loop, UV_RUN_ONCE);
	return f;
}

/* The store's files and whatever a test has put beside them. */
static void folder_empty(const char *dir)
{
	DIR *folder = opendir(dir);
	struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(folder), entry->d_name, 0), 0);
	closedir(folder);
}

static void api_fixture_close(struct api_fixture *f)
{
	api_stop(f->api, NULL, NULL);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	store_close(f->store);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&f->loop), 0); /* -EBUSY when a handle were open */
	key_list_close(f->key_list);
	folder_empty(f->dir);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
}

/* Two jobs that keep both readers busy until they are let go. */
struct plugs {
	struct plug {
		struct store_job job; /* first */
		uv_sem_t *free_to_go;
	} list[2];
	uv_sem_t free_to_go;
};

static inline int plug_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
			   struct err *err)
{
	(void)db, (void)reference, (void)err;
	uv_sem_wait(((struct plug *)job)->free_to_go);
	return 0;
}

static inline void plug_done(struct store_job *job, int rc, const struct err *err)
{
	(void)job, (void)err;
	assert_int_equal(rc, 0);
}

/* @plugs stays in place until they are out; then destroy its free_to_go. */
static inline void readers_plug(struct api_fixture *f, struct plugs *plugs)
{
	assert_int_equal(uv_sem_init(&plugs->free_to_go, 0), 0);
	for (int i = 0; i < 2; i++) {
		plugs->list[i] = (struct plug){ .job = { .run = plug_run, .done = plug_done },
						.free_to_go = &plugs->free_to_go };
		store_read(f->store, &plugs->list[i].job);
	}
}

static inline void readers_unplug(struct plugs *plugs)
{
	uv_sem_post(&plugs->free_to_go);
	uv_sem_post(&plugs->free_to_go);
}

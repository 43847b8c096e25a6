#include "bench/enrolment.h"

#include "bench/reference_data.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

struct clerk {                  /* who enrols one office after the other */
	struct api_client *api; /* outlives it, as the enrolment does */
	struct enrolment *enrolment;
	void *zmq;           /* owned */
	struct arena *arena; /* owned */
};

static int invite(struct clerk *clerk, unsigned office, struct err *err)
{
	char code[LOAD_NAME_MAX], body[64];
	json_t *answer;
	(void)snprintf(body, sizeof(body), "{\"code\":\"%s\"}",
		       reference_office(office, code)); /* fits */
	int rc = api_client_ask(clerk->api, "POST", "/v1/offices/invite", "application/json", body,
				&answer, err);
	if (rc < 0)
		return rc;
	const char *text = json_string_value(json_object_get(answer, "invitation"));
	rc = text ? invitation_parse(text, &clerk->enrolment->province, err)
		  : err_set(err, -EPROTO, "the answer holds no invitation");
	json_decref(answer);
	return rc;
}

static int enrol_over(struct clerk *clerk, void *socket, struct office_keys *keys, struct err *err)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT, *answer;
	Lantoa__V1__Enrol enrol = LANTOA__V1__ENROL__INIT;
	enrol.public_key.data = keys->public_key;
	enrol.public_key.len = sizeof(keys->public_key);
	enrol.version = (char *)(uintptr_t) "bench";
	frame.kind_case = LANTOA__V1__FRAME__KIND_ENROL;
	frame.enrol = &enrol;
	int rc = office_line_send(socket, &frame, err);
	if (rc == 0)
		rc = office_line_wait(socket, err);
	if (rc == 0)
		rc = office_line_take(socket, clerk->arena, &answer, err);
	if (rc < 0)
		return rc;
	if (rc == 0 || answer->kind_case != LANTOA__V1__FRAME__KIND_ENROLLED)
		return err_set(err, -EPROTO, "Enrol was not answered by Enrolled");
	clerk->enrolment->catalogue_version = answer->enrolled->catalogue->version;
	return 0;
}

static int enrol(struct clerk *clerk, unsigned office, struct err *err)
{
	const struct invitation *province = &clerk->enrolment->province;
	struct office_keys *keys = &clerk->enrolment->keys[office], one_time;
	void *socket = NULL;
	int rc = invite(clerk, office, err);
	if (rc < 0)
		return rc;
	memcpy(one_time.secret_key, province->secret_key, sizeof(one_time.secret_key));
	(void)crypto_scalarmult_base(one_time.public_key, one_time.secret_key); /* always 0 */
	(void)crypto_box_keypair(keys->public_key, keys->secret_key);           /* always 0 */
	rc = office_line_open(clerk->zmq, province, &one_time, &socket, err);
	if (rc == 0)
		rc = enrol_over(clerk, socket, keys, err);
	if (socket)
		(void)zmq_close(socket); /* it is one */
	return rc;
}

int enrolment_run(const struct load *load, struct api_client *api, struct enrolment *ret_enrolment,
		  struct err *err)
{
	struct clerk clerk = { api, ret_enrolment, zmq_ctx_new(), arena_open(WIRE_ARENA_MAX) };
	*ret_enrolment = (struct enrolment){
		.keys = calloc(load->shape.offices, sizeof(struct office_keys)),
	};
	int rc = clerk.zmq && clerk.arena && ret_enrolment->keys ? 0 : err_memory(err);
	for (unsigned i = 0; i < load->shape.offices && rc == 0; i++)
		rc = enrol(&clerk, i, err);
	if (clerk.zmq)
		(void)zmq_ctx_term(clerk.zmq); /* no socket is open any more */
	arena_close(clerk.arena);
	return rc;
}

void enrolment_free(struct enrolment *enrolment)
{
	free(enrolment->keys);
	*enrolment = (struct enrolment){ 0 };
}

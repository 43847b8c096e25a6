/* 'lantoa-agent status' for people: one screen that can be read out over the phone. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/** @root: the JSON of agent_status.h. In the language of the process. @colour: how it is stands in
 * the colour of its gravity. */
void status_screen(const json_t *root, bool colour, FILE *out);
/** A message of the province on a line: a row of "messages" in that JSON's "standing". */
void status_message(const json_t *row, FILE *out);

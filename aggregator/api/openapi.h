/* The interface as OpenAPI 3.1 has it, written from the tables of routes, parameters and answers,
 * so that it says what they do. Private to api/. */
#pragma once

#include "api/api_internal.h"
#include "common/base/blob.h"

/** Append the document. -EINVAL, naming a route and what its row, or another table, lacks: a test
 * writes it. -ENOMEM. */
int openapi_write(struct blob *out, struct err *err);

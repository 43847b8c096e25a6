/* A view of the province's page as a file that needs nothing else: the style in it, no script, no
 * links. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"

/**
 * The page of @link ("/figure?name=team.count", with or without its site before it), asked of @api
 * (feed/client.h), in the language of the thread. Appended to @ret_page.
 *
 * -EINVAL: there is no such page, or its address has what no page knows; -EREMOTEIO: the province
 * refused; else as client_ask().
 */
int page_file_make(const char *api, const char *link, struct blob *ret_page, struct err *err);

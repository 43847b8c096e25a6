/* Who runs this command, as the credentials that the kernel knows tell it: the agent's socket shows
 * the same to the other side. */
#pragma once

#define LOGIN_MAX 65u /* of an author, SPOOL_AUTHOR_MAX, and a NUL */

/** The login name: of who became root by sudo, that person's. "": it has none, or a longer one. */
const char *login_name(char ret_name[LOGIN_MAX]);

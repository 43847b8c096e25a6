#include "office/hosted.h"

#include "common/base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CODE_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

int hosted_init(struct hosted *hosted, const char *code, struct err *err)
{
	size_t len = strlen(code);
	char shown[EXCERPT_MAX];
	if (len < 1 || len >= sizeof(hosted->code) || strspn(code, CODE_CHARS) != len)
		return err_set(err, -EINVAL,
			       "--office '%s': the code of an office on this machine has 1 to %u "
			       "letters, digits, '_' or '-'",
			       utf8_excerpt(code, len, shown), HOSTED_CODE_MAX - 1);
	*hosted = (struct hosted){ 0 };
	memcpy(hosted->code, code, len + 1);
	/* all fit: the code is short, and the folders are chosen when it is built */
	(void)snprintf(hosted->state_dir, sizeof(hosted->state_dir), HOSTED_STATE_DIR "/%s", code);
	(void)snprintf(hosted->api_socket, sizeof(hosted->api_socket),
		       HOSTED_RUN_DIR "/%s/agent.sock", code);
	(void)snprintf(hosted->page_socket, sizeof(hosted->page_socket),
		       HOSTED_PAGE_DIR "/%s/page.sock", code);
	(void)snprintf(hosted->shared_conf, sizeof(hosted->shared_conf),
		       LANTOA_SYSCONFDIR "/agent@.conf");
	(void)snprintf(hosted->conf, sizeof(hosted->conf), LANTOA_SYSCONFDIR "/agent@%s.conf",
		       code);
	return 0;
}

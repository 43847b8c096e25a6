#include "excel/limits.h"

#include <seccomp.h>
#include <stddef.h>
#include <sys/resource.h>

#define MEMORY_MAX  (96u * 1024 * 1024) /* addresses; the agent's unit has 128 MB for all of it */
#define SECONDS_MAX 20u                 /* of CPU */

/* A sanitizer maps terabytes, and counts of coverage are written to a file at the end. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define WATCHED 1
#endif
#endif
#if !defined(WATCHED) && !defined(LANTOA_COVERAGE)
#define WATCHED 0
#elif !defined(WATCHED)
#define WATCHED 1
#endif

static void limit(__rlimit_resource_t what, rlim_t max)
{
	struct rlimit limit = { max, max };
	(void)setrlimit(what,
			&limit); /* a lower one is never refused; a limit that stands is fine */
}

void limits_take(void)
{
	if (!WATCHED)
		limit(RLIMIT_AS, MEMORY_MAX);
	limit(RLIMIT_CPU, SECONDS_MAX);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, 16);
}

void limits_lock(void)
{
	static const int calls[] = {
		SCMP_SYS(read),         SCMP_SYS(write),        SCMP_SYS(writev),
		SCMP_SYS(lseek),        SCMP_SYS(fstat),        SCMP_SYS(newfstatat),
		SCMP_SYS(brk),          SCMP_SYS(munmap),       SCMP_SYS(mremap),
		SCMP_SYS(madvise),      SCMP_SYS(exit),         SCMP_SYS(exit_group),
		SCMP_SYS(futex),        SCMP_SYS(rt_sigreturn), SCMP_SYS(getrandom),
		SCMP_SYS(gettimeofday), SCMP_SYS(getpid),       SCMP_SYS(clock_gettime),
		SCMP_SYS(time)
	};
	scmp_filter_ctx filter = WATCHED ? NULL : seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = filter ? 0 : -1;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	/* Memory that is written is never run. */
	for (unsigned i = 0; i < 2 && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
				      i == 0 ? SCMP_SYS(mmap) : SCMP_SYS(mprotect), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, 4 /* PROT_EXEC */, 0));
	if (rc == 0)
		(void)seccomp_load(filter); /* as the header says */
	if (filter)
		seccomp_release(filter);
}

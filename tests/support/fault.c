#include "support/fault.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

/* ---- the countdown ---- */

static atomic_uint armed_doors; /* 0: disarmed */
static atomic_long countdown;   /* operations that may still pass; below 0: it has ended */

void fault_arm_at(unsigned doors, unsigned after)
{
	atomic_store(&countdown, after);
	atomic_store(&armed_doors, doors);
}

void fault_arm(unsigned after)
{
	fault_arm_at(FAULT_DISK, after);
}

bool fault_happened(void)
{
	return atomic_load(&countdown) < 0;
}

bool fault_disarm(void)
{
	atomic_store(&armed_doors, 0);
	return fault_happened();
}

/* Count an operation at @doors; true when it has to fail. */
static bool fails(unsigned doors)
{
	unsigned armed = atomic_load(&armed_doors);
	if (!(armed & doors))
		return false;
	long left = atomic_fetch_sub(&countdown, 1);
	return left == 0 || (left < 0 && (armed & FAULT_STAYS));
}

static int disk(int io_error)
{
	return fails(FAULT_DISK) ? io_error : SQLITE_OK;
}

static int disk_or_space(int io_error, int full_error)
{
	unsigned armed = atomic_load(&armed_doors);
	if (!fails(FAULT_DISK | FAULT_FULL | FAULT_GROW))
		return SQLITE_OK;
	return armed & (FAULT_FULL | FAULT_GROW) ? full_error : io_error;
}

/* ---- the disk: an SQLite VFS before the real one ---- */

struct file { /* what SQLite sees; the real file lies behind it in the same memory */
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_file *real(sqlite3_file *file)
{
	return ((struct file *)file)->real;
}

static sqlite3_vfs *real_vfs(sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

static int file_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int file_read(sqlite3_file *file, void *data, int n, sqlite3_int64 at)
{
	return real(file)->pMethods->xRead(real(file), data, n, at);
}

/* Does a write at @at of @n bytes need space that the file does not have? */
static bool needs_space(sqlite3_file *file, int n, sqlite3_int64 at)
{
	sqlite3_int64 size = 0;
	return !(atomic_load(&armed_doors) & FAULT_GROW) ||
	       real(file)->pMethods->xFileSize(real(file), &size) != SQLITE_OK || at + n > size;
}

static int file_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
	int rc = needs_space(file, n, at) ? disk_or_space(SQLITE_IOERR_WRITE, SQLITE_FULL)
					  : SQLITE_OK;
	return rc ? rc : real(file)->pMethods->xWrite(real(file), data, n, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int rc = disk(SQLITE_IOERR_TRUNCATE);
	return rc ? rc : real(file)->pMethods->xTruncate(real(file), size);
}

static atomic_ullong syncs;

uint64_t fault_syncs(void)
{
	return atomic_load(&syncs);
}

static int file_sync(sqlite3_file *file, int flags)
{
	atomic_fetch_add(&syncs, 1);
	(void)file; /* No test here cuts the power, and real syncs cost minutes on a busy disk. */
	(void)flags;
	return disk(SQLITE_IOERR_FSYNC);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	return real(file)->pMethods->xFileSize(real(file), ret_size);
}

static int file_lock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int file_check_reserved_lock(sqlite3_file *file, int *ret_locked)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), ret_locked);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
	return real(file)->pMethods->xFileControl(real(file), op, arg);
}

static int file_sector_size(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int file_device(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
	return real(file)->pMethods->xShmMap(real(file), page, size, extend, ret);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete)
{
	return real(file)->pMethods->xShmUnmap(real(file), delete);
}

/* Version 2: with shared memory for WAL, without mmap, which nobody here uses. */
static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_reserved_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_device,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		    int *ret_flags)
{
	struct file *shim = (struct file *)file;
	shim->base.pMethods = NULL; /* SQLite will not close it */
	shim->real = (sqlite3_file *)(shim + 1);
	bool made = !name || access(name, F_OK) < 0;
	int rc = made || !(atomic_load(&armed_doors) & FAULT_GROW)
			 ? disk_or_space(SQLITE_CANTOPEN, SQLITE_FULL)
			 : SQLITE_OK;
	if (rc == SQLITE_OK)
		rc = real_vfs(vfs)->xOpen(real_vfs(vfs), name, shim->real, flags, ret_flags);
	if (rc == SQLITE_OK)
		shim->base.pMethods = &methods;
	return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	int rc = disk(SQLITE_IOERR_DELETE);
	(void)sync_folder; /* as file_sync */
	return rc ? rc : real_vfs(vfs)->xDelete(real_vfs(vfs), name, 0);
}

void fault_install(void)
{
	static sqlite3_vfs shim;
	if (shim.zName)
		return;
	sqlite3_vfs *below = sqlite3_vfs_find(NULL);
	assert(below);
	shim = *below; /* what is not replaced works on names alone, whoever's VFS it is */
	shim.pNext = NULL;
	shim.zName = "fault";
	shim.pAppData = below;
	shim.szOsFile = (int)sizeof(struct file) + below->szOsFile;
	shim.xOpen = vfs_open;
	shim.xDelete = vfs_delete;
	int rc = sqlite3_vfs_register(&shim, 1);
	assert(rc == SQLITE_OK);
	(void)rc;
}

/* ---- memory: the linker sends our objects' calls here (--wrap) ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	return fails(FAULT_MEMORY) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails(FAULT_MEMORY) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails(FAULT_MEMORY) ? NULL : __real_realloc(old, size);
}

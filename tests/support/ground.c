/*
 * The ground under a program, made to give way: loaded before the C library into the real binary (LD_PRELOAD), it moves
 * the system's clock, fills or stops the disk, and provokes real panics: a clock that fails, a write that claims more
 * than it was given; or it stops the line that announces a call, so that something can happen between the last look and
 * the call. What it does at a moment is in a file that a test changes while the program runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The same order as `Place` in trouble.rs. */
struct trouble {
    volatile int64_t clock_moved_s;
    volatile int64_t disk;
    volatile int64_t sync_fails;
    volatile int64_t breaks;
    volatile int64_t intents;
};

enum { DISK_FULL = 1, DISK_NEARLY_FULL = 2, DISK_HANGS = 3 };
/* Set by the test: the next line that announces a call waits. Set here: it waits. */
enum { INTENTS_WAIT = 1, INTENT_IS_WAITING = 2 };
enum { BREAK_LOOP = 1, BREAK_TASK = 2, BREAK_SCRIBE = 3, BREAK_PAINTER = 4 };

static const char intent[] = "\"kind\":\"intent\"";
static struct trouble none;
static struct trouble *trouble = &none;
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
    real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    real_write = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    const char *path = getenv("BLACKSTART_TEST_GROUND");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *mapped = mmap(NULL, sizeof *trouble, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (mapped != MAP_FAILED)
            trouble = mapped;
        close(file);
    }
}

/* Whether this thread is the one to break, once. */
static int breaks(int64_t how, const char *thread) {
    char name[16] = "";
    if (trouble->breaks != how || prctl(PR_GET_NAME, name) != 0 || strcmp(name, thread) != 0)
        return 0;
    trouble->breaks = 0;
    return 1;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    if (!real_clock_gettime)
        begin();
    if ((clock == CLOCK_REALTIME && (breaks(BREAK_LOOP, "blackstart") || breaks(BREAK_TASK, "tokio-rt-worker"))) ||
        (clock == CLOCK_MONOTONIC && breaks(BREAK_SCRIBE, "scribe"))) {
        errno = EINVAL;
        return -1;
    }
    int result = real_clock_gettime(clock, at);
    if (result == 0 && clock == CLOCK_REALTIME)
        at->tv_sec += trouble->clock_moved_s;
    return result;
}

static int is_on_disk(int file) {
    struct stat meta;
    return fstat(file, &meta) == 0 && S_ISREG(meta.st_mode);
}

ssize_t write(int file, const void *bytes, size_t length) {
    if (breaks(BREAK_PAINTER, "painter"))
        return (ssize_t)length + 1;
    if (trouble->intents == INTENTS_WAIT && is_on_disk(file) && memmem(bytes, length, intent, sizeof intent - 1)) {
        trouble->intents = INTENT_IS_WAITING;
        while (trouble->intents == INTENT_IS_WAITING)
            usleep(5000);
    }
    while (trouble->disk == DISK_HANGS && is_on_disk(file))
        usleep(5000);
    if (trouble->disk != 0 && is_on_disk(file)) {
        if (trouble->disk == DISK_NEARLY_FULL) {
            trouble->disk = DISK_FULL;
            return real_write(file, bytes, length / 2);
        }
        errno = ENOSPC;
        return -1;
    }
    return real_write(file, bytes, length);
}

int fsync(int file) {
    if (trouble->sync_fails && is_on_disk(file)) {
        errno = EIO;
        return -1;
    }
    return real_fsync(file);
}

int fdatasync(int file) {
    if (trouble->sync_fails && is_on_disk(file)) {
        errno = EIO;
        return -1;
    }
    return real_fdatasync(file);
}

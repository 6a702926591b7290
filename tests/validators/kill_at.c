/* Preloaded into a program, kills it at a chosen step of its writing, or fills its disk.
   TESTAMUR_FAULT=kill:N ends it before the N-th call that changes a file; full:N lets that call and all later ones that
   need room fail; rename:TEXT kills it before it renames a file to a name with TEXT; count:PATH writes the number of calls to PATH when the program exits. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long calls;

static int step(int needs_room) {
    const char *fault = getenv("TESTAMUR_FAULT");
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (fault && strncmp(fault, "kill:", 5) == 0 && call == atol(fault + 5)) kill(getpid(), SIGKILL);
    if (fault && strncmp(fault, "full:", 5) == 0 && call >= atol(fault + 5) && needs_room) {
        errno = ENOSPC;
        return -1;
    }
    return 0;
}

__attribute__((destructor)) static void count(void) {
    const char *fault = getenv("TESTAMUR_FAULT");
    if (!fault || strncmp(fault, "count:", 6) != 0) return;
    FILE *file = fopen(fault + 6, "w");
    if (file) fprintf(file, "%ld", atomic_load(&calls)), fclose(file);
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t size) {
    if (fd > 2 && step(1)) return -1;
    return REAL(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return step(1) ? -1 : REAL(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    return step(1) ? -1 : REAL(pwrite64)(fd, bytes, size, at);
}
int ftruncate(int fd, off_t size) { return step(1) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return step(1) ? -1 : REAL(ftruncate64)(fd, size); }
int fsync(int fd) { return step(0) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return step(0) ? -1 : REAL(fdatasync)(fd); }
int rename(const char *from, const char *to) {
    const char *fault = getenv("TESTAMUR_FAULT");
    if (fault && strncmp(fault, "rename:", 7) == 0 && strstr(to, fault + 7)) kill(getpid(), SIGKILL);
    return step(0) ? -1 : REAL(rename)(from, to);
}
int unlink(const char *path) { return step(0) ? -1 : REAL(unlink)(path); }

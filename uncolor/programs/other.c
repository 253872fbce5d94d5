/* Another library that defines a function of libc's. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rem) {
    return syscall(SYS_clock_nanosleep, clock, flags, time, rem);
}

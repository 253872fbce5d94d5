/* A library that waits. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <poll.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int waits_sleep(long nanoseconds) {
    struct timespec time = {0, nanoseconds};
    return nanosleep(&time, 0);
}

long waits_wait(const uint32_t *word) {
    return syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, 0, 0, FUTEX_BITSET_MATCH_ANY);
}

/* Reads one byte. */
int waits_read(int fd) {
    char byte;
    return read(fd, &byte, 1);
}

/* Waits until there is something to be read. */
int waits_poll(int fd) {
    struct pollfd asked = {fd, POLLIN, 0};
    return poll(&asked, 1, -1);
}

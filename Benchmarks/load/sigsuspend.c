/* Lets valgrind run a Swift program: loaded into it with LD_PRELOAD.
 *
 * Up to 3.19 at least, valgrind writes to the mask that a program gives to sigsuspend, and
 * libdispatch's lies in memory that cannot be written. This gives it a copy.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int sigsuspend(const sigset_t *mask) {
    sigset_t copy = *mask;
    /* The kernel's set has one bit for each of 64 signals. */
    return (int)syscall(SYS_rt_sigsuspend, &copy, 8);
}

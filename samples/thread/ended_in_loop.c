// Shows threads that another's exit_group ends in loops, each behind lines of the same straight-line code.
// build: cc -g -O0 -pthread
// build optimised: cc -g -O2 -pthread
// build clang: clang -g -O2 -pthread
// process main: exit 3
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static volatile int sums[4];
static atomic_int started;

static void *loops(void *argument) {
    volatile int *sum = argument;
    *sum += 1;                                          // hit
    *sum += 2;                                          // hit
    started += 1;                                       // hit
    while (*sum)                                        // hit
        *sum |= 4;                                      // hit
    return NULL;                                        // miss
}

int main(void) {
    pthread_t thread;
    for (int i = 0; i < 4; i++)
        pthread_create(&thread, NULL, loops, (void *)&sums[i]); // hit
    while (started < 4 || !(sums[0] & sums[1] & sums[2] & sums[3] & 4)) // hit
        ;
    dprintf(1, "all loop\n");                           // hit
    _exit(3);                                           // hit
}

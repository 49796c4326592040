// Shows timers that interrupt a computation again and again, and one that interrupts a blocking read.
// build: cc -g -O0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t ticks;

static void tick(int number) {                      // hit
    (void)number;
    ticks += 1;                                     // hit
}                                                   // hit

static void every(int first, int interval) {        // hit
    struct itimerval timer = {{0, interval}, {0, first}}; // hit
    setitimer(ITIMER_REAL, &timer, NULL);           // hit
}                                                   // hit

int main(void) {                                    // hit
    struct sigaction action = {.sa_handler = tick}; // hit
    int ends[2];
    char byte;
    sigaction(SIGALRM, &action, NULL);              // hit
    every(1000, 1000);                              // hit
    unsigned long turns = 0;                        // hit
    while (ticks < 20)                              // hit
        turns += 1;                                 // hit
    every(0, 0);                                    // hit
    if (pipe(ends) != 0)                            // hit
        return 1;                                   // miss
    every(10000, 10000);                            // hit
    ssize_t got = read(ends[0], &byte, 1);          // hit
    int error = errno;                              // hit
    every(0, 0);                                    // hit
    printf("turned %d, read %zd: %s\n", turns > 0, got, strerror(error)); // hit
    return 0;                                       // hit
}

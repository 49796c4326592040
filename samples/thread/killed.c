// Shows SIGSEGV in one thread while others run: the whole process dies of it.
// build: cc -g -O0 -pthread
// process main: signal 11
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int started;
static int *volatile nowhere;

static void *busy(void *argument) {                 // hit
    (void)argument;
    for (started += 1;;)                            // hit
        atomic_load(&started);
}

static void *faults(void *argument) {               // hit
    (void)argument;
    while (started < 3)                             // hit
        ;
    dprintf(1, "now\n");                            // hit
    *nowhere = 1;                                   // hit
    return NULL;                                    // miss
}

int main(void) {                                    // hit
    pthread_t thread;
    for (int i = 0; i < 3; i++)                     // hit
        pthread_create(&thread, NULL, busy, NULL);  // hit
    pthread_create(&thread, NULL, faults, NULL);    // hit
    pthread_join(thread, NULL);
    return 1;                                       // miss
}

// Shows exit_group by a thread that is not the leader, while the leader waits and others run.
// build: cc -g -O0 -pthread
// process main: exit 3
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int started;

static void *busy(void *argument) {                 // hit
    (void)argument;
    for (started += 1;;)                            // hit
        atomic_load(&started);
}

static void *ends_all(void *argument) {             // hit
    (void)argument;
    while (started < 4)                             // hit
        ;
    dprintf(1, "all end\n");                        // hit
    _exit(3);                                       // hit
}

int main(void) {                                    // hit
    pthread_t thread;
    for (int i = 0; i < 4; i++)                     // hit
        pthread_create(&thread, NULL, busy, NULL);  // hit
    pthread_create(&thread, NULL, ends_all, NULL);  // hit
    pthread_join(thread, NULL);
    return 1;                                       // miss
}

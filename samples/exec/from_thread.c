// Shows an exec by a thread that is not the leader, while others wait and run: all but the new image is gone.
// build: cc -g -O0 -pthread
// process main: exit 5
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int started;

static void *busy(void *argument) {                 // hit
    (void)argument;
    atomic_fetch_add(&started, 1);                  // hit
    for (;;)
        atomic_load(&started);
}

static void *asleep(void *argument) {               // hit
    (void)argument;
    atomic_fetch_add(&started, 1);                  // hit
    for (;;)
        pause();
}

static void *executes(void *argument) {             // hit
    char **argv = argument;                         // hit
    while (atomic_load(&started) < 2)               // hit
        ;
    execl(argv[0], argv[0], "again", (char *)NULL); // hit
    return NULL;                                    // miss
}

int main(int argc, char **argv) {                   // hit
    pthread_t thread;
    if (argc > 1) {                                 // hit
        printf("pid is tid: %d\n", getpid() == gettid()); // hit
        return 5;                                   // hit
    }
    pthread_create(&thread, NULL, busy, NULL);      // hit
    pthread_create(&thread, NULL, asleep, NULL);    // hit
    pthread_create(&thread, NULL, executes, argv);  // hit
    pthread_join(thread, NULL);
    return 1;                                       // miss
}

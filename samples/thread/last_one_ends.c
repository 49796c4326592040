// Shows a process that ends because its last thread returns, long after its leader.
// build: cc -g -O0 -pthread
// process main: exit 0
#include <pthread.h>
#include <stdio.h>

static void *run(void *argument) {                  // hit
    pthread_join(*(pthread_t *)argument, NULL);     // hit
    puts("ends last");                              // hit
    return NULL;                                    // hit
}

int main(void) {                                    // hit
    static pthread_t leader;
    pthread_t thread;
    leader = pthread_self();                        // hit
    pthread_create(&thread, NULL, run, &leader);    // hit
    pthread_exit(NULL);                             // hit
}

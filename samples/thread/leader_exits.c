// Shows a leader that ends before its threads: the process lives on, and its status is that of the last exit.
// build: cc -g -O0 -pthread
// process main: exit 7
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_t leader;

static void later(void) {                   // hit
    puts("the leader has gone");            // hit
}

static void *survivor(void *argument) {     // hit
    (void)argument;
    pthread_join(leader, NULL);             // hit
    later();                                // hit
    exit(7);                                // hit
}

int main(void) {                            // hit
    pthread_t thread;
    leader = pthread_self();                // hit
    pthread_create(&thread, NULL, survivor, NULL); // hit
    pthread_exit(NULL);                     // hit
}

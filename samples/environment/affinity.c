// Shows that a thread always sees its own CPUs, above all right after a line that runs for the first time.
// build: cc -g -O0 -pthread
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

static cpu_set_t own;

static int changed(void) {
    cpu_set_t now;
    sched_getaffinity(0, sizeof now, &now);
    return !CPU_EQUAL(&own, &now);
}

static void *fresh_lines(void *argument) {
    int *count = argument;
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    *count += changed(); // hit
    return NULL;         // hit
}

int main(void) {
    pthread_t thread;
    int in_thread = 0, in_leader = 0;
    sched_getaffinity(0, sizeof own, &own);
    pthread_create(&thread, NULL, fresh_lines, &in_thread);
    pthread_join(thread, NULL);
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    in_leader += changed(); // hit
    printf("changed %d times, in the thread %d times\n", in_leader, in_thread); // hit
    return 0;
}

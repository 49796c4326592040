// Shows threads whose masks come from their maker or from an attribute, behind many that had none: all stay what they are.
// build: cc -g -O0 -pthread
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

static int blocks_trap(void) {                  // hit
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);   // hit
    return sigismember(&now, SIGTRAP);          // hit
}

static void *plain(void *argument) {            // hit
    *(int *)argument += blocks_trap();          // hit
    return argument;                            // hit
}

static void *inherits(void *argument) {         // hit
    int fresh = 1;                              // hit
    *(int *)argument += fresh;                  // hit
    *(int *)argument += blocks_trap();          // hit
    return argument;                            // hit
}

static void *starts_with(void *argument) {      // hit
    int fresh = 2;                              // hit
    *(int *)argument += fresh;                  // hit
    *(int *)argument += blocks_trap();          // hit
    return argument;                            // hit
}

static int result_of(void *(*run)(void *), pthread_attr_t *attributes) { // hit
    pthread_t thread;
    int result = 0;                             // hit
    pthread_create(&thread, attributes, run, &result); // hit
    pthread_join(thread, NULL);                 // hit
    return result;                              // hit
}

int main(void) {                                // hit
    sigset_t trap, before;
    sigemptyset(&trap);                         // hit
    sigaddset(&trap, SIGTRAP);                  // hit
    int blocked = 0;                            // hit
    for (int i = 0; i < 20; i++)                // hit
        blocked += result_of(plain, NULL);      // hit
    printf("plain %d\n", blocked);              // hit
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);             // hit
    pthread_attr_setsigmask_np(&attributes, &trap); // hit
    printf("by attribute %d\n", result_of(starts_with, &attributes)); // hit
    pthread_sigmask(SIG_BLOCK, &trap, &before); // hit
    printf("of its maker %d\n", result_of(inherits, NULL)); // hit
    printf("here %d\n", blocks_trap());         // hit
    pthread_sigmask(SIG_SETMASK, &before, NULL); // hit
    printf("plain %d\n", result_of(plain, NULL)); // hit
    printf("here %d\n", blocks_trap());         // hit
    return 0;                                   // hit
}

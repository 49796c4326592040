// Shows threads that execute int3s of their own all the time, before, while and after one attaches.
// build: cc -g -O0 -pthread
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { THREADS = 3 };

static volatile int calls, rare, stop;

static void handler(int number) {                               // hit
    (void)number;
    int before = __atomic_fetch_add(&calls, 1, __ATOMIC_SEQ_CST); // hit
    if (before % 16 == 7)                                       // hit
        rare += 1;                                              // hit
}                                                               // hit

static void *trapping(void *argument) {                         // miss
    while (!stop) {                                             // hit
        __asm__ volatile("int3");
        for (volatile int i = 0; i < 2000; i++)                 // hit
            ;
    }
    return argument;                                            // miss
}

int main(void) {                                                // miss
    char letter;
    pthread_t threads[THREADS];
    signal(SIGTRAP, handler);                                   // miss
    for (int i = 0; i < THREADS; i++)                           // miss
        pthread_create(&threads[i], NULL, trapping, NULL);      // miss
    dprintf(1, "ready\n");                                      // miss
    while (read(0, &letter, 1) == 1) {                          // hit
        int before = calls;                                     // hit
        while (calls - before < 15)                             // hit
            usleep(1000);                                       // hit
        struct sigaction now;
        sigaction(SIGTRAP, NULL, &now);                         // hit
        dprintf(1, "handler as before: %d\n", now.sa_handler == handler); // hit
    }
    stop = 1;                                                   // miss
    for (int i = 0; i < THREADS; i++)                           // miss
        pthread_join(threads[i], NULL);                         // miss
    return 0;                                                   // miss
}

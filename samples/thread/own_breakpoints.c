// Shows threads that execute int3s of their own at the same time: each gets into the handler, whose lines are fresh, and
// their SIGTRAPs never find the handler reset.
// build: cc -g -O0 -pthread
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

enum { THREADS = 3, TRAPS = 3 };

static pthread_barrier_t barrier;
static volatile sig_atomic_t calls[TRAPS];

static void handler(int number) {               // hit
    static volatile sig_atomic_t all;
    (void)number;
    int before = __atomic_fetch_add(&all, 1, __ATOMIC_SEQ_CST); // hit
    calls[before % TRAPS] = 1;                  // hit
    if (before >= THREADS)                      // hit
        calls[0] = 2;                           // hit
    if (before >= 2 * THREADS)                  // hit
        calls[1] = 2;                           // hit
}                                               // hit

static void *trapping(void *argument) {         // hit
    for (int i = 0; i < TRAPS; i++) {           // hit
        pthread_barrier_wait(&barrier);         // hit
        __asm__ volatile("int3");
    }
    return argument;                            // hit
}

int main(void) {                                // hit
    pthread_t threads[THREADS];
    struct sigaction action = {.sa_handler = handler}; // hit
    sigaction(SIGTRAP, &action, NULL);          // hit
    pthread_barrier_init(&barrier, NULL, THREADS); // hit
    for (int i = 0; i < THREADS; i++)           // hit
        pthread_create(&threads[i], NULL, trapping, NULL); // hit
    for (int i = 0; i < THREADS; i++)           // hit
        pthread_join(threads[i], NULL);         // hit
    struct sigaction now;
    sigaction(SIGTRAP, NULL, &now);             // hit
    printf("handler as before: %d\n", now.sa_handler == handler); // hit
    return 0;                                   // hit
}

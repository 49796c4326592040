// Shows threads that have every signal blocked and reach fresh lines: their masks stay what they are.
// build: cc -g -O0 -pthread
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int fresh(int a) {                       // hit
    a += 1;                                     // hit
    a *= 2;                                     // hit
    return a;                                   // hit
}

static void *run(void *argument) {              // hit
    sigset_t all, now;
    sigfillset(&all);                           // hit
    pthread_sigmask(SIG_SETMASK, &all, NULL);   // hit
    *(int *)argument = fresh(1);                // hit
    pthread_sigmask(SIG_SETMASK, NULL, &now);   // hit
    int blocked = 0;                            // hit
    for (int number = 1; number < 65; number++) // hit
        blocked += sigismember(&now, number) == 1; // hit
    return (void *)(long)blocked;               // hit
}

int main(void) {                                // hit
    pthread_t thread;
    int result = 0;                             // hit
    void *blocked;
    pthread_create(&thread, NULL, run, &result); // hit
    pthread_join(thread, &blocked);             // hit
    printf("result %d, %ld blocked\n", result, (long)blocked); // hit
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);   // hit
    printf("here SIGTRAP is blocked: %d\n", sigismember(&now, SIGTRAP)); // hit
    return 0;                                   // hit
}

// Shows 200 threads alive at once, and 100 more one after the other.
// build: cc -g -O0 -pthread
#include <pthread.h>
#include <stdio.h>

enum { TOGETHER = 200, IN_TURN = 100 };

static pthread_barrier_t barrier;

static void *together(void *argument) {     // hit
    pthread_barrier_wait(&barrier);         // hit
    return argument;                        // hit
}

static void *in_turn(void *argument) {      // hit
    return argument;                        // hit
}

int main(void) {                            // hit
    pthread_t threads[TOGETHER], thread;
    void *result;
    long sum = 0;                           // hit
    pthread_attr_t small;
    pthread_attr_init(&small);              // hit
    pthread_attr_setstacksize(&small, 65536); // hit
    pthread_barrier_init(&barrier, NULL, TOGETHER); // hit
    for (long i = 0; i < TOGETHER; i++)     // hit
        if (pthread_create(&threads[i], &small, together, (void *)i) != 0) // hit
            return 1;                       // miss
    for (int i = 0; i < TOGETHER; i++) {    // hit
        pthread_join(threads[i], &result);  // hit
        sum += (long)result;                // hit
    }
    for (long i = 0; i < IN_TURN; i++) {    // hit
        pthread_create(&thread, &small, in_turn, (void *)i); // hit
        pthread_join(thread, &result);      // hit
        sum += (long)result;                // hit
    }
    printf("%ld\n", sum);                   // hit
    return 0;                               // hit
}

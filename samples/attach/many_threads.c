// Shows a process with 500 threads that sleep until all of them are woken.
// build: cc -g -O0 -pthread
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { THREADS = 500 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER, changed = PTHREAD_COND_INITIALIZER;
static int round_number, asleep, worked;

static void work(void) {                // hit
    if (++worked == THREADS)            // hit
        pthread_cond_signal(&changed);  // hit
}                                       // hit

static void *thread(void *argument) {   // miss
    int seen = 0;                       // miss
    pthread_mutex_lock(&lock);          // miss
    if (++asleep == THREADS)            // miss
        pthread_cond_signal(&changed);  // miss
    while (round_number >= 0) {         // hit
        while (round_number == seen)    // hit
            pthread_cond_wait(&woken, &lock); // hit
        seen = round_number;            // hit
        work();                         // hit
    }
    pthread_mutex_unlock(&lock);        // miss
    return argument;                    // miss
}

static void until(int *all) {           // hit
    while (*all < THREADS)              // hit
        pthread_cond_wait(&changed, &lock); // hit
}                                       // hit

static void wake_all(void) {            // hit
    pthread_mutex_lock(&lock);          // hit
    worked = 0;                         // hit
    round_number++;                     // hit
    pthread_cond_broadcast(&woken);     // hit
    until(&worked);                     // hit
    dprintf(1, "%d\n", worked);         // hit
    pthread_mutex_unlock(&lock);        // hit
}                                       // hit

int main(void) {                        // miss
    char letter;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);     // miss
    pthread_attr_setstacksize(&attributes, 64 << 10); // miss
    for (int i = 0; i < THREADS; i++) { // miss
        pthread_t id;
        if (pthread_create(&id, &attributes, thread, NULL) != 0) // miss
            return 1;
    }
    pthread_mutex_lock(&lock);          // miss
    until(&asleep);                     // miss
    pthread_mutex_unlock(&lock);        // miss
    dprintf(1, "ready\n");              // miss
    while (read(0, &letter, 1) == 1)    // hit
        wake_all();                     // hit
    return 0;                           // hit
}

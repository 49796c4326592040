// Shows thread-local data with destructors, and cancellation with clean-up handlers.
// build: cc -g -O0 -pthread
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static pthread_key_t key;
static _Thread_local int calls;

static void destroy(void *data) {                   // hit
    printf("destroyed %s\n", (const char *)data);   // hit
}

static void clean_up(void *data) {                  // hit
    printf("cleaned up %s, %d\n", (const char *)data, calls); // hit
}

static void *run(void *argument) {                  // hit
    pthread_setspecific(key, "data");               // hit
    calls += 1;                                     // hit
    pthread_cleanup_push(clean_up, "after cancel"); // hit
    for (;;)
        if (write(*(int *)argument, "x", 1) != 1 || pause()) // hit
            break;
    pthread_cleanup_pop(0);                         // miss
    return NULL;                                    // miss
}

int main(void) {                                    // hit
    pthread_t thread;
    void *result;
    int ends[2];
    char byte;
    pthread_key_create(&key, destroy);              // hit
    if (pipe(ends) != 0)                            // hit
        return 1;                                   // miss
    pthread_create(&thread, NULL, run, &ends[1]);   // hit
    if (read(ends[0], &byte, 1) != 1)               // hit
        return 1;                                   // miss
    pthread_cancel(thread);                         // hit
    pthread_join(thread, &result);                  // hit
    printf("cancelled %d, calls here %d\n", result == PTHREAD_CANCELED, calls); // hit
    return 0;                                       // hit
}

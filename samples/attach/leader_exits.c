// Shows a process whose first thread has ended: what is left of that is a zombie that no one can attach to.
// build: cc -g -O0 -pthread
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void work(void) {                // hit
    dprintf(1, "worked\n");             // hit
}                                       // hit

static char leader_state(void) {        // miss
    char path[64], text[512], name[256], state = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid()); // miss
    FILE *file = fopen(path, "r");      // miss
    if (fgets(text, sizeof text, file) != NULL) // miss
        sscanf(text, "%*d %s %c", name, &state); // miss
    fclose(file);                       // miss
    return state;                       // miss
}

static void *worker(void *argument) {   // miss
    char letter;
    (void)argument;
    while (leader_state() != 'Z')       // miss
        usleep(100);
    dprintf(1, "%d\n", gettid());       // miss
    while (read(0, &letter, 1) == 1)    // hit
        work();                         // hit
    exit(0);                            // miss
}

int main(void) {                        // miss
    pthread_t id;
    pthread_create(&id, NULL, worker, NULL); // miss
    pthread_exit(NULL);                 // miss
}

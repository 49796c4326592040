// Shows a process whose threads create threads and end all the time.
// build: cc -g -O0 -pthread
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int is_over, begun, ended;

static void *short_lived(void *argument) { // hit
    ended++;                            // hit
    return argument;                    // hit
}

static void *maker(void *argument) {    // miss
    while (!is_over) {                  // hit
        pthread_t id[3];
        for (int i = 0; i < 3; i++) {   // hit
            if (pthread_create(&id[i], NULL, short_lived, NULL) != 0) // hit
                return argument;        // miss
            begun++;                    // hit
        }
        for (int i = 0; i < 3; i++)     // hit
            pthread_join(id[i], NULL);  // hit
    }
    return argument;                    // miss
}

int main(void) {                        // miss
    char letter;
    pthread_t id[2];
    for (int i = 0; i < 2; i++)         // miss
        pthread_create(&id[i], NULL, maker, NULL); // miss
    dprintf(1, "ready\n");              // miss
    while (read(0, &letter, 1) == 1) {  // hit
        int goal = begun + 100;         // hit
        while (begun < goal)            // hit
            usleep(100);                // hit
        dprintf(1, "%c\n", letter);     // hit
    }
    is_over = 1;                        // miss
    for (int i = 0; i < 2; i++)         // miss
        pthread_join(id[i], NULL);      // miss
    dprintf(1, "%s\n", begun == ended ? "all ended" : "some are lost"); // miss
    return 0;                           // miss
}

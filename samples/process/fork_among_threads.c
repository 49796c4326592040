// Shows forks by one thread while others begin and end all the time: each child is recorded once.
// build: cc -g -O0 -pthread
// process main: exit 0
// process child of main: exit 3, 200 times
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int stop;

static void *short_lived(void *argument) {              // hit @main
    return argument;                                    // hit @main
}                                                       // hit @main

static void *churns(void *argument) {                   // hit @main
    while (!stop) {                                     // hit @main
        pthread_t thread;                               // none
        pthread_create(&thread, 0, short_lived, 0);     // hit @main
        pthread_join(thread, 0);                        // hit @main
    }                                                   // none
    return argument;                                    // hit @main
}                                                       // hit @main

int main(void) {                                        // hit @main
    pthread_t churning[4];                              // none
    for (int i = 0; i < 4; i++)                         // hit @main
        pthread_create(&churning[i], 0, churns, 0);     // hit @main
    int good = 0;                                       // hit @main
    for (int i = 0; i < 200; i++) {                     // hit @main
        pid_t pid = fork();                             // hit
        if (pid == 0)                                   // hit
            _exit(3);                                   // hit @child
        int status = 0;                                 // hit @main
        waitpid(pid, &status, 0);                       // hit @main
        good += WIFEXITED(status) && WEXITSTATUS(status) == 3; // hit @main
    }                                                   // none
    stop = 1;                                           // hit @main
    for (int i = 0; i < 4; i++)                         // hit @main
        pthread_join(churning[i], 0);                   // hit @main
    printf("%d\n", good);                               // hit @main
    return 0;                                           // hit @main
}                                                       // hit @main

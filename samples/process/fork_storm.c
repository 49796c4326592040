// Shows 1,000 children, four at a time: each forks, execs, vforks or starts a thread.
// build: cc -g -O0 -pthread
// process parent: exit 0
// process forked of parent: exit 10, 250 times
// process executed of parent: exit 11, 250 times
// process vforked of parent: exit 12, 250 times
// process threaded of parent: exit 13, 250 times
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 1000, TOGETHER = 4 };

static int plain(void) {                    // hit @forked
    return 10;                              // hit @forked
}

static int after_exec(void) {               // hit @executed
    return 11;                              // hit @executed
}

static void *in_thread(void *argument) {    // hit @threaded
    *(int *)argument = 13;                  // hit @threaded
    return NULL;                            // hit @threaded
}

static int threaded(void) {                 // hit @threaded
    int status = 0;                         // hit @threaded
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, &status); // hit @threaded
    pthread_join(thread, NULL);             // hit @threaded
    return status;                          // hit @threaded
}

static void start(int kind, char *self) {
    if (kind == 2) {                        // hit
        if (vfork() == 0)                   // hit
            _exit(12);                      // hit @vforked
        return;                             // hit @parent
    }
    if (fork() != 0)                        // hit
        return;                             // hit @parent
    if (kind == 1) {                        // hit @forked @executed @threaded
        execl(self, self, "again", (char *)NULL); // hit @executed
        _exit(1);                           // miss
    }
    _exit(kind == 0 ? plain() : threaded()); // hit @forked @threaded
}

static int reap(int *of_kind) {             // hit @parent
    int status = 0;                         // hit @parent
    wait(&status);                          // hit @parent
    of_kind[(WEXITSTATUS(status) - 10) & 3] += 1; // hit @parent
    return 1;                               // hit @parent
}

int main(int argc, char **argv) {           // hit @parent @executed
    if (argc > 1 && strcmp(argv[1], "again") == 0) // hit @parent @executed
        return after_exec();                // hit @executed
    int of_kind[4] = {0}, running = 0;      // hit @parent
    for (int i = 0; i < CHILDREN; i++) {    // hit @parent
        if (running == TOGETHER)            // hit @parent
            running -= reap(of_kind);       // hit @parent
        start(i % 4, argv[0]);              // hit @parent
        running += 1;                       // hit @parent
    }
    while (running > 0)                     // hit @parent
        running -= reap(of_kind);           // hit @parent
    for (int kind = 0; kind < 4; kind++)    // hit @parent
        printf("%d\n", of_kind[kind]);      // hit @parent
    return 0;                               // hit @parent
}

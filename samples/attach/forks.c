// Shows children that are born before and while one is attached: only the latter are measured, each on its own.
// build: cc -g -O0
// process main: exit 0
// process child of main: exit 7, 2 times
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void child(void) {               // hit @child
    dprintf(1, "child\n");              // hit @child
    _exit(7);                           // hit @child
}

static void parent(pid_t pid) {         // hit @main
    int status;
    waitpid(pid, &status, 0);           // hit @main
    dprintf(1, "%d\n", WEXITSTATUS(status)); // hit @main
}                                       // hit @main

int main(void) {                        // miss
    char letter;
    dprintf(1, "ready\n");              // miss
    while (read(0, &letter, 1) == 1) {  // hit @main
        pid_t pid = fork();             // hit @main
        if (pid == 0)                   // hit @main @child
            child();                    // hit @child
        parent(pid);                    // hit @main
    }
    return 0;                           // hit @main
}

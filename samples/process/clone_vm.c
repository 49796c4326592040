// Shows clone(CLONE_VM) without CLONE_THREAD: two processes in one address space, at work together.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 8
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[65536] __attribute__((aligned(16)));
static int to_child[2], to_parent[2];
static int steps;

static void step(void) {                        // hit
    steps += 1;                                 // hit
}                                               // hit

static int child(void *argument) {              // hit @child
    (void)argument;
    char byte;
    for (int i = 0; i < 10; i++) {              // hit @child
        if (read(to_child[0], &byte, 1) != 1)   // hit @child
            return 1;                           // miss
        step();                                 // hit @child
        if (write(to_parent[1], "x", 1) != 1)   // hit @child
            return 1;                           // miss
    }
    return 8;                                   // hit @child
}

int main(void) {                                // hit @parent
    char byte;
    if (pipe(to_child) != 0 || pipe(to_parent) != 0) // hit @parent
        return 1;                               // miss
    pid_t pid = clone(child, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL); // hit @parent
    for (int i = 0; i < 10; i++) {              // hit @parent
        if (write(to_child[1], "x", 1) != 1)    // hit @parent
            return 1;                           // miss
        if (read(to_parent[0], &byte, 1) != 1)  // hit @parent
            return 1;                           // miss
        step();                                 // hit @parent
    }
    int status = 0;                             // hit @parent
    waitpid(pid, &status, 0);                   // hit @parent
    printf("%d steps, status %d\n", steps, WEXITSTATUS(status)); // hit @parent
    return 0;                                   // hit @parent
}                                               // hit @parent

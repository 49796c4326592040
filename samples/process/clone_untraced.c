// Shows CLONE_UNTRACED: such a child must not die of what was planted, and is measured like any other.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 5
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static char stack[65536] __attribute__((aligned(16)));

static int child(void *argument) {                      // hit @child
    dprintf(1, "untraced\n");                           // hit @child
    return *(int *)argument;                            // hit @child
}                                                       // hit @child

int main(void) {                                        // hit @parent
    int wanted = 5, status = 0;                         // hit @parent
    pid_t pid = clone(child, stack + sizeof stack, CLONE_UNTRACED | SIGCHLD, &wanted); // hit @parent
    waitpid(pid, &status, 0);                           // hit @parent
    dprintf(1, "exit %d, signal %d\n", WEXITSTATUS(status), WTERMSIG(status)); // hit @parent
    return 0;                                           // hit @parent
}

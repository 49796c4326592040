// Shows CLONE_UNTRACED: the tracer hears nothing of such a child, which must not die of what was planted.
// build: cc -g -O0
// process parent: exit 0
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static char stack[65536] __attribute__((aligned(16)));

static int child(void *argument) {
    dprintf(1, "untraced\n");
    return *(int *)argument;
}

int main(void) {                                        // hit
    int wanted = 5, status = 0;                         // hit
    pid_t pid = clone(child, stack + sizeof stack, CLONE_UNTRACED | SIGCHLD, &wanted); // hit
    waitpid(pid, &status, 0);                           // hit
    dprintf(1, "exit %d, signal %d\n", WEXITSTATUS(status), WTERMSIG(status)); // hit
    return 0;                                           // hit
}

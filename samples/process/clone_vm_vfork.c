// Shows clone(CLONE_VM | CLONE_VFORK) with a stack of its own, as posix_spawn uses it.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 8
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[65536] __attribute__((aligned(16)));
static int seen;

static void shared(void) {                          // hit @parent @child
    seen += 1;                                      // hit @parent @child
}                                                   // hit @parent @child

static int child(void *argument) {                  // hit @child
    shared();                                       // hit @child
    return *(int *)argument;                        // hit @child
}                                                   // hit @child

int main(void) {                                    // hit @parent
    int wanted = 8;                                 // hit @parent
    shared();                                       // hit @parent
    pid_t pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &wanted); // hit @parent
    shared();                                       // hit @parent
    int status = 0;                                 // hit @parent
    waitpid(pid, &status, 0);                       // hit @parent
    printf("%d calls, status %d\n", seen, WEXITSTATUS(status)); // hit @parent
    return 0;                                       // hit @parent
}                                                   // hit @parent
